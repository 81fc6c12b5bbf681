"""The part of a height map that a box or an outline covers."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from toolpaths.surface import HeightMap


def window_of(height_map: HeightMap, bounds_um: tuple[float, float, float, float]) -> tuple[slice, slice]:
    """Rows and columns that cover a box of left, low, right and high, um."""
    left, low, right, high = bounds_um
    rows, columns = height_map.z_um.shape
    return (
        _span(low, high, height_map.y0_um, height_map.pixel_um, rows),
        _span(left, right, height_map.x0_um, height_map.pixel_um, columns),
    )


def covered_by(height_map: HeightMap, outline: BaseGeometry) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Rows and columns about an outline, and which of their samples lie inside it."""
    rows, columns = window_of(height_map, outline.bounds)
    x_um, y_um = np.meshgrid(height_map.x_um()[columns], height_map.y_um()[rows])
    return rows, columns, shapely.contains_xy(outline, x_um, y_um)


def _span(low_um: float, high_um: float, origin_um: float, pixel_um: float, count: int) -> slice:
    first = int(np.clip(np.floor((low_um - origin_um) / pixel_um), 0, count))
    last = int(np.clip(np.ceil((high_um - origin_um) / pixel_um) + 1, 0, count))
    return slice(first, last)
