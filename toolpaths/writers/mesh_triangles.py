"""Triangles over a grid of heights: small where the surface bends, large where it does not, without a gap between.

Right triangles halved at the middle of their longest side, over and over, as in the networks of Evans, Kirkpatrick
and Townsend (Right-Triangulated Irregular Networks, Algorithmica 30, 2001). A sample may be a corner only when the
two triangles that it halves are there, so that every triangle meets its neighbours side to side.

On a grid in steps of s, cells alternate in their diagonal, which joins a corner of two odd numbers to one of two even
ones. The middle of a cell halves the two triangles along its diagonal; the middle of a cell's side, then, the two
triangles on both sides of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# The largest triangles have legs of so many samples, a power of two.
_LARGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heights:
    """Heights (rows, columns) up to whole cells of the largest size, NaN where there are none; where they end."""

    z_um: FloatArray
    rim: BoolArray


def triangles_over(z_um: FloatArray, *, tolerance_um: float) -> IntArray:
    """Triangles (m, 3) by place in the flattened grid, anticlockwise with columns to the right and rows upwards.

    z_um : (rows, columns), NaN where there is no surface. No sample lies further than the tolerance from its triangle;
    along the rim every sample is a corner. Between four samples of which three are known lies one triangle.
    """
    heights = _padded(z_um)
    corner = _corners_needed(heights, tolerance_um)
    found = np.concatenate([*_leaves(heights, corner), *_halved_cells(np.isfinite(heights.z_um))])
    row, column = found // heights.z_um.shape[1], found % heights.z_um.shape[1]
    places: IntArray = row * z_um.shape[1] + column
    return places


def _padded(z_um: FloatArray) -> _Heights:
    from scipy.ndimage import maximum_filter, minimum_filter

    rows, columns = z_um.shape
    larger = np.full([-(-count // _LARGEST) * _LARGEST + 1 for count in (rows, columns)], np.nan)
    larger[:rows, :columns] = z_um
    known = np.isfinite(larger)
    rim = maximum_filter(known, 3, mode="constant") & ~minimum_filter(known, 3, mode="constant")
    return _Heights(z_um=larger, rim=rim)


def _corners_needed(heights: _Heights, tolerance_um: float) -> BoolArray:
    """Which samples must be corners.

    A sample left out is interpolated between two others, which may be left out too: its error is at most the sum
    along the way. So each sample bears, beside its own error, the greatest of those that rest on it.
    """
    error_um = np.zeros_like(heights.z_um)
    step = 2
    while step <= _LARGEST:
        half = step // 2
        middle, right, upper = (slice(half, None, step), slice(None, None, step), slice(step, None, step))
        first = slice(None, -1, step)
        # Middles of sides first: they rest on the middles of cells.
        for rows, columns, one, other in (
            (right, middle, (right, first), (right, upper)),
            (middle, right, (first, right), (upper, right)),
        ):
            borne = _greatest_around(error_um, rows, columns, half // 2)
            error_um[rows, columns] = borne + _own_error_um(heights, (rows, columns), one, other)
        sides = [error_um[first, middle], error_um[upper, middle], error_um[middle, first], error_um[middle, upper]]
        rising = _rising(error_um[middle, middle].shape)
        lower_left, upper_right = (first, first), (upper, upper)
        lower_right, upper_left = (first, upper), (upper, first)
        own = np.where(
            rising,
            _own_error_um(heights, (middle, middle), lower_left, upper_right),
            _own_error_um(heights, (middle, middle), lower_right, upper_left),
        )
        error_um[middle, middle] = np.maximum.reduce(sides) + own
        step *= 2
    return error_um > tolerance_um


def _rising(shape: tuple[int, ...]) -> BoolArray:
    """Which cells have their diagonal from the lower left to the upper right."""
    row, column = np.indices(shape)
    rising: BoolArray = (row + column) % 2 == 0
    return rising


def _own_error_um(
    heights: _Heights, place: tuple[slice, slice], one: tuple[slice, slice], other: tuple[slice, slice]
) -> FloatArray:
    """How far samples lie off the middle between two others; endless at the rim, so that it is kept as it is."""
    z_um = heights.z_um
    off = np.abs(z_um[place] - (z_um[one] + z_um[other]) / 2)
    unknown = heights.rim[place] | (np.isfinite(z_um[place]) & ~np.isfinite(off))
    return np.where(unknown, np.inf, np.nan_to_num(off, nan=0.0))


def _greatest_around(error_um: FloatArray, rows: slice, columns: slice, reach: int) -> FloatArray:
    """The greatest error at the four middles of smaller cells about each sample, 0 where cells have no middle."""
    if reach == 0:
        return np.zeros_like(error_um[rows, columns])
    row = np.arange(error_um.shape[0])[rows][:, None]
    column = np.arange(error_um.shape[1])[columns]
    greatest = np.zeros((row.size, column.size))
    for up in (-reach, reach):
        for right in (-reach, reach):
            # Beyond the grid the sample itself stands in, whose error is still 0.
            inside = (row + up >= 0) & (row + up < error_um.shape[0])
            inside = inside & (column + right >= 0) & (column + right < error_um.shape[1])
            there = error_um[np.where(inside, row + up, row), np.where(inside, column + right, column)]
            greatest = np.maximum(greatest, there)
    return greatest


def _leaves(heights: _Heights, corner: BoolArray) -> Iterator[IntArray]:
    """The triangles that are halved no more and have three known corners, size by size."""
    columns = corner.shape[1]
    number = np.arange(corner.size, dtype=np.int64).reshape(corner.shape)
    flat = corner.ravel()
    known = np.isfinite(heights.z_um).ravel()
    step = _LARGEST
    while step >= 1:
        a, b, d, e = _cell_corners(number, step)
        rising = _rising(a.shape)
        middle = a + (step // 2) * (columns + 1)
        ends = np.where(rising, a, b), np.where(rising, d, e)
        halves = (np.where(rising, b, d), *ends[::1]), (np.where(rising, e, a), *ends[::1])
        whole = ~flat[middle] if step > 1 else np.ones_like(rising)
        found = []
        for right_angle, one, other in halves:
            there = whole if step == _LARGEST else whole & flat[right_angle]
            found.append(_anticlockwise(one, other, right_angle, there, columns))
        for one, other in ((a, b), (b, d), (d, e), (e, a)) if step > 1 else ():
            found.append(_anticlockwise(one, other, middle, ~whole & ~flat[(one + other) // 2], columns))
        for triangles in found:
            yield triangles[known[triangles].all(axis=1)]
        step //= 2


def _cell_corners(number: IntArray, step: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Places of each cell's corners: lower left, lower right, upper right, upper left."""
    lattice = number[::step, ::step]
    return lattice[:-1, :-1], lattice[:-1, 1:], lattice[1:, 1:], lattice[1:, :-1]


def _anticlockwise(one: IntArray, other: IntArray, third: IntArray, there: BoolArray, columns: int) -> IntArray:
    triangles = np.stack([one[there], other[there], third[there]], axis=1)
    row, column = triangles // columns, triangles % columns
    turn = (column[:, 1] - column[:, 0]) * (row[:, 2] - row[:, 0])
    turn -= (row[:, 1] - row[:, 0]) * (column[:, 2] - column[:, 0])
    triangles[turn < 0] = triangles[turn < 0][:, [0, 2, 1]]
    return triangles


def _halved_cells(known: BoolArray) -> Iterator[IntArray]:
    """The one triangle in cells of three known samples whose diagonal ends at the fourth."""
    number = np.arange(known.size, dtype=np.int64).reshape(known.shape)
    corners = _cell_corners(number, 1)
    rising = _rising(corners[0].shape)
    has = [known.ravel()[corner] for corner in corners]
    for missing, on_diagonal in enumerate((rising, ~rising, rising, ~rising)):
        three = [(missing + turn) % 4 for turn in (1, 2, 3)]
        there = on_diagonal & ~has[missing] & np.logical_and.reduce([has[corner] for corner in three])
        yield np.stack([corners[corner][there] for corner in three], axis=1)
