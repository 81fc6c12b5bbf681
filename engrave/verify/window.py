"""The part of a height map that a bounding box covers."""

import numpy as np

from toolpaths.surface import HeightMap


def window_of(height_map: HeightMap, bounds_um: tuple[float, float, float, float]) -> tuple[slice, slice]:
    """Rows and columns that cover a box of left, low, right and high, um."""
    left, low, right, high = bounds_um
    rows, columns = height_map.z_um.shape
    return (
        _span(low, high, height_map.y0_um, height_map.pixel_um, rows),
        _span(left, right, height_map.x0_um, height_map.pixel_um, columns),
    )


def _span(low_um: float, high_um: float, origin_um: float, pixel_um: float, count: int) -> slice:
    first = int(np.clip(np.floor((low_um - origin_um) / pixel_um), 0, count))
    last = int(np.clip(np.ceil((high_um - origin_um) / pixel_um) + 1, 0, count))
    return slice(first, last)
