"""Squares of samples over a grid: sums over them, and back to samples, linear between the squares' middles."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

SingleArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Box = tuple[slice, slice]
Number = TypeVar("Number", np.float32, np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares:
    """Squares of ``factor`` samples a side over a grid: how many, and those among which all the heights lie."""

    factor: int
    rows: int
    columns: int
    box: Box

    @property
    def fine(self) -> Box:
        """The samples of the squares in the box."""
        return samples_of(self.box, self.factor)


def squares_over(there: BoolArray, *, window: int) -> Squares:
    """The smallest squares of which so many are at least twice as long as the box of what is there."""
    ends = [(int(places[0]), int(places[-1]) + 1) for places in filled_lines(there)]
    factor = -(-2 * max(stop - start for start, stop in ends) // window)
    top, left = (slice(start // factor, -(-stop // factor)) for start, stop in ends)
    rows, columns = (-(-length // factor) for length in there.shape)
    return Squares(factor=factor, rows=rows, columns=columns, box=(top, left))


def filled_lines(chosen: BoolArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows, and the columns, of which any sample is chosen."""
    return np.flatnonzero(chosen.any(axis=1)), np.flatnonzero(chosen.any(axis=0))


def samples_of(box: Box, factor: int) -> Box:
    """The samples of a box of squares."""
    rows, columns = (slice(side.start * factor, side.stop * factor) for side in box)
    return rows, columns


def on_whole_squares(z_um: NDArray[np.floating], squares: Squares) -> SingleArray:
    """Heights in single precision on whole squares of samples: NaN below the last row and behind the last column."""
    rows, columns = z_um.shape
    whole = np.full((squares.rows * squares.factor, squares.columns * squares.factor), np.nan, dtype=np.float32)
    whole[:rows, :columns] = z_um
    return whole


def summed(values: NDArray[Any], factor: int, *, dtype: type[Number]) -> NDArray[Number]:
    """Sums over squares of samples; rows first, which lie together in memory."""
    rows, columns = values.shape
    by_row = values.reshape(rows // factor, factor, columns).sum(axis=1, dtype=dtype)
    sums: NDArray[Number] = by_row.reshape(rows // factor, columns // factor, factor).sum(axis=2, dtype=dtype)
    return sums


def box_about(chosen: BoolArray) -> Box:
    """What is chosen, and two squares about it."""
    rows, columns = (
        slice(max(int(places[0]) - 2, 0), min(int(places[-1]) + 3, size))
        for places, size in zip(filled_lines(chosen), chosen.shape, strict=True)
    )
    return rows, columns


def interpolated(coarse: SingleArray, factor: int) -> SingleArray:
    """Means over squares of samples as samples again, linear between the squares' middles, level beyond the last."""
    columns = np.ascontiguousarray(_stretched(coarse.T, factor).T)
    return _stretched(columns, factor)


def _stretched(coarse: SingleArray, factor: int) -> SingleArray:
    """Rows as ``factor`` rows each, linear between their middles."""
    rows, columns = coarse.shape
    level = np.pad(coarse, ((1, 1), (0, 0)), mode="edge")
    # From the middle of one row to the middle of the next; a middle is a sample where the factor is odd.
    shares = (np.arange(factor, dtype=np.float32) + np.float32(0.5 * (1 - factor % 2))) / np.float32(factor)
    between = np.empty((rows + 1, factor, columns), dtype=np.float32)
    np.multiply(np.diff(level, axis=0)[:, np.newaxis], shares[:, np.newaxis], out=between)
    between += level[:-1, np.newaxis]
    first = (factor + 1) // 2
    return between.reshape(-1, columns)[first : first + rows * factor]
