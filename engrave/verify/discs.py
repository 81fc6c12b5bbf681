"""Least and greatest values of a map under a disc, and its closing by one: row by row, so that a wide disc is quick."""

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def greatest(values: FloatArray, *, radius_um: float, pixel_um: float) -> FloatArray:
    """The greatest value within the radius of each sample, (rows, columns); outside the map there is none."""
    from scipy.ndimage import maximum_filter1d

    rows = values.shape[0]
    steps = int(radius_um / pixel_um)
    result = np.full_like(values, -np.inf)
    for down in range(-steps, steps + 1):
        aside = int(math.sqrt(max(radius_um**2 - (down * pixel_um) ** 2, 0.0)) / pixel_um)
        row = maximum_filter1d(values, 2 * aside + 1, axis=1, mode="constant", cval=-np.inf)
        here, there = slice(max(down, 0), rows + min(down, 0)), slice(max(-down, 0), rows + min(-down, 0))
        np.maximum(result[here], row[there], out=result[here])
    return result


def least(values: FloatArray, *, radius_um: float, pixel_um: float) -> FloatArray:
    """The least value within the radius of each sample, (rows, columns); outside the map there is none."""
    return -greatest(-values, radius_um=radius_um, pixel_um=pixel_um)


def closed(heights_um: FloatArray, *, radius_um: float, pixel_um: float) -> FloatArray:
    """What a level disc leaves of everything above a map of heights, without going below it: (rows, columns).

    The disc may stand beside the map and over samples that are NaN, where nothing holds it; these stay NaN.
    """
    margin = int(radius_um / pixel_um) + 1
    padded = np.pad(np.where(np.isnan(heights_um), -np.inf, heights_um), margin, constant_values=-np.inf)
    left = least(greatest(padded, radius_um=radius_um, pixel_um=pixel_um), radius_um=radius_um, pixel_um=pixel_um)[
        margin:-margin, margin:-margin
    ]
    return np.where(np.isnan(heights_um), np.nan, left)
