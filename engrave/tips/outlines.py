"""What tips of every form share: nearness to an outline, mean curvature from it, the sharpest curvature on a face."""

from collections.abc import Callable
from math import acos, ceil, pi

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

FloatArray = NDArray[np.float64]
Lean = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""How steeply a surface falls along x and along y at points (micrometres), whether or not they lie on the face."""

TOLERANCE_UM = 1e-3
"""A point this far outside the edge still counts as on it: machine files are written to the nanometre."""

# Circles are drawn with straight sides that lie within this of them.
_ROUNDING_UM = 0.05
# Over this the lean is differenced: far above what doubles lose, far below any curvature of a pin.
_DIFFERENCE_UM = 0.01
_LEVEL_PER_UM = 1e-9


def square_um2(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """Squared distance from the axis, um2."""
    return np.asarray(np.square(x_um) + np.square(y_um))


def inside(square: FloatArray, edge_radius_um: float) -> NDArray[np.bool_]:
    """Within a round edge, by the squared distance from the axis."""
    return square <= (edge_radius_um + TOLERANCE_UM) ** 2


def cosine(falls_x: FloatArray, falls_y: FloatArray) -> FloatArray:
    """Cosine between the surface normal and the axis where the surface leans so."""
    return np.asarray(1.0 / np.sqrt(1.0 + np.square(falls_x) + np.square(falls_y)))


def sides_of(radius_um: float) -> int:
    """Sides of a full turn that keep a circle's chords within 0.05 um of it, a multiple of four."""
    return 4 * max(4, ceil(pi / acos(1.0 - min(_ROUNDING_UM / radius_um, 1.0)) / 4.0))


def mean_curvature_per_um(outline: Polygon, lean: Lean) -> float:
    """Mean of the two principal curvatures over the face within the outline, 1 / um, positive for a dome.

    The divergence of the horizontal part of the unit normal is the sum of the principal curvatures (Gauss), so that
    the integral over the face is one round its outline; taken at the middle of each side, exact for a sphere.
    """
    ring = np.asarray(outline.exterior.coords)[:, :2]
    middle, side = (ring[:-1] + ring[1:]) / 2.0, np.diff(ring, axis=0)
    falls_x, falls_y = lean(middle[:, 0], middle[:, 1])
    outward = (falls_x * side[:, 1] - falls_y * side[:, 0]) * cosine(falls_x, falls_y)
    way = 1.0 if outline.exterior.is_ccw else -1.0
    return float(way * outward.sum() / (2.0 * outline.area))


def least_radius_um(lean: Lean, x_um: FloatArray, y_um: FloatArray) -> float:
    """Least radius of curvature at the points, um; ``inf`` where all of them are level.

    Principal curvatures H +- sqrt(H^2 - K) of the surface (do Carmo, section 3-3), second derivatives by differences.
    """
    half = _DIFFERENCE_UM / 2.0
    falls_x, falls_y = lean(x_um, y_um)
    xx, yx = (np.stack(lean(x_um + half, y_um)) - np.stack(lean(x_um - half, y_um))) / _DIFFERENCE_UM
    xy, yy = (np.stack(lean(x_um, y_um + half)) - np.stack(lean(x_um, y_um - half))) / _DIFFERENCE_UM
    square = 1.0 + falls_x**2 + falls_y**2
    mean = ((1.0 + falls_y**2) * xx - falls_x * falls_y * (xy + yx) + (1.0 + falls_x**2) * yy) / (2.0 * square**1.5)
    gauss = (xx * yy - xy * yx) / square**2
    sharpest = float(np.max(np.abs(mean) + np.sqrt(np.maximum(mean**2 - gauss, 0.0))))
    return 1.0 / sharpest if sharpest > _LEVEL_PER_UM else float("inf")
