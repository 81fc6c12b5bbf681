"""What metal can follow: it fills a tip's pockets only as far as its surface need not bend too sharply.

Metal pressed into a pocket of a rigid tip rises under a rounded top. That is the grey opening, by a paraboloid of the
least radius that the metal takes, of the surface that would follow the tip everywhere: the highest surface, nowhere
above that one, that such paraboloids sweep. A paraboloid is the sum of two parabolas, so that columns and rows are
swept one after the other (R. van den Boomgaard, Mathematical Morphology: Extensions towards Computer Vision, thesis,
University of Amsterdam, 1992).
"""

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import raise_faults

SingleArray = NDArray[np.float32]

# Samples swept at a time: few enough to stay in a processor's cache.
_SAMPLES_AT_A_TIME = 65536


def followed(surface_um: NDArray[np.floating], *, radius_um: float, pixel_um: float, most_um: float) -> SingleArray:
    """The surface of metal that bends no more sharply than ``radius_um``, (rows, columns) float32, um.

    surface_um : (rows, columns) float, z up out of the primer: the metal, had it followed everything. NaN where there
    is no tip; it stays NaN, and there and beyond the grid nothing holds the metal down. most_um : the highest step that
    is to be rounded, the relief: paraboloids reach as far to each side as they fall by it, sqrt(2 radius_um most_um).
    Raises InputError where a figure is not positive and finite.
    """
    figures = {"radius": radius_um, "pixel": pixel_um, "most": most_um}
    raise_faults(
        [f"{name}: {value:g} um must be positive and finite" for name, value in figures.items() if not 0 < value < inf]
    )
    surface = surface_um.astype(np.float32)
    reach = int(sqrt(2.0 * radius_um * most_um) / pixel_um)
    if reach == 0:
        return surface
    falls_um = np.square(np.arange(reach + 1) * pixel_um) / (2.0 * radius_um)
    steps_um = np.diff(falls_um).astype(np.float32)
    # Twice the reach beyond the edge: a paraboloid that touches the metal there may have its top outside.
    rows, columns = surface.shape
    metal = np.full((rows + 4 * reach, columns + 4 * reach), np.inf, dtype=np.float32)
    np.fmin(surface, np.float32(inf), out=metal[2 * reach : -2 * reach, 2 * reach : -2 * reach])
    tops = _swept_along_rows(_swept_along_columns(metal, steps_um, np.minimum), steps_um, np.minimum)
    swept = _swept_along_rows(_swept_along_columns(tops, -steps_um, np.maximum), -steps_um, np.maximum)
    # Never above the metal, not by a rounding error either; and NaN where it was.
    return np.minimum(swept, surface, out=swept)


def _swept_along_columns(values: SingleArray, steps: SingleArray, extreme: np.ufunc) -> SingleArray:
    """The extreme over each column's shifts, each with its part of a parabola; the reach shorter at both ends."""
    reach = steps.size
    rows, columns = values.shape[0] - 2 * reach, values.shape[1]
    swept = np.empty((rows, columns), dtype=np.float32)
    for band in _bands(rows, columns):
        shifted = [values[band.start + shift : band.stop + shift] for shift in range(2 * reach + 1)]
        _gather(shifted, steps, extreme, out=swept[band])
    return swept


def _swept_along_rows(values: SingleArray, steps: SingleArray, extreme: np.ufunc) -> SingleArray:
    """As along columns; the samples of a row lie together in memory."""
    reach = steps.size
    rows, columns = values.shape[0], values.shape[1] - 2 * reach
    swept = np.empty((rows, columns), dtype=np.float32)
    for band in _bands(rows, columns):
        shifted = [values[band, shift : shift + columns] for shift in range(2 * reach + 1)]
        _gather(shifted, steps, extreme, out=swept[band])
    return swept


def _bands(rows: int, columns: int) -> list[slice]:
    """Rows, as many at a time as fit the cache."""
    height = max(_SAMPLES_AT_A_TIME // columns, 1)
    return [slice(start, min(start + height, rows)) for start in range(0, rows, height)]


def _gather(shifted: list[SingleArray], steps: SingleArray, extreme: np.ufunc, *, out: SingleArray) -> None:
    """The extreme of 2 n + 1 shifts, from the farthest pair inwards: each pair adds one step of the parabola to all."""
    extreme(shifted[0], shifted[-1], out=out)
    for place in range(1, steps.size):
        out += steps[-place]
        extreme(out, shifted[place], out=out)
        extreme(out, shifted[-1 - place], out=out)
    out += steps[0]
    extreme(out, shifted[steps.size], out=out)
