"""The lowest value of a grid within a shape about every sample, the shape given as runs along the rows."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Number = TypeVar("Number", np.int32, np.float32, np.float64)


def disc_runs(radius: float) -> IntArray:
    """A disc about the middle of a sample, radius in samples: (n, 3) int, row, first and last column of every run."""
    reach = int(radius)
    rows = np.arange(-reach, reach + 1)
    half = np.sqrt(radius**2 - rows**2).astype(np.int64)
    return np.column_stack([rows, -half, half])


def mask_runs(mask: BoolArray) -> IntArray:
    """A shape drawn about the middle sample of a mask with odd sides: (n, 3) int as ``disc_runs`` gives it."""
    middle_row, middle_column = mask.shape[0] // 2, mask.shape[1] // 2
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, first = np.nonzero(edges == 1)
    _, behind = np.nonzero(edges == -1)
    return np.column_stack([rows - middle_row, first - middle_column, behind - 1 - middle_column])


def lowest_within(values: NDArray[Number], runs: IntArray, *, beyond: float) -> NDArray[Number]:
    """For every sample the least of the values at sample plus (row, first .. last column) over all runs.

    values : (rows, columns); ``beyond`` is what lies outside it. Windows along a row are the lesser of two windows
    whose width is a power of two (as in sparse tables: M. A. Bender and M. Farach-Colton, LATIN 2000, 88).
    """
    below, above = max(0, -int(runs[:, 0].min())), max(0, int(runs[:, 0].max()))
    left, right = max(0, -int(runs[:, 1].min())), max(0, int(runs[:, 2].max()))
    count, width = values.shape
    tables = [np.pad(values, ((below, above), (left, right)), constant_values=beyond)]
    widest = int((runs[:, 2] - runs[:, 1]).max()) + 1
    while 2 ** len(tables) <= widest:
        half = 2 ** (len(tables) - 1)
        tables.append(np.minimum(tables[-1][:, :-half], tables[-1][:, half:]))
    found = np.full(values.shape, beyond, dtype=values.dtype)
    for first, last in np.unique(runs[:, 1:], axis=0).tolist():
        level = (last - first + 1).bit_length() - 1
        table, end = tables[level], last + 1 - 2**level
        window = np.minimum(table[:, left + first : left + first + width], table[:, left + end : left + end + width])
        for row in runs[(runs[:, 1] == first) & (runs[:, 2] == last), 0].tolist():
            np.minimum(found, window[below + row : below + row + count], out=found)
    return found
