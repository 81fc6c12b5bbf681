"""Plane paths onto a face: in straight pieces that follow it, at a height over it."""

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Paths = tuple[FloatArray, ...]

# Parts of a straight piece at whose ends its slope is looked at.
_SLOPE_PARTS = 4


def lifted(paths: Paths, *, surface: Surface, offset_um: float, tolerance_um: float) -> Polylines:
    """Plane paths at a height over the surface, in pieces that follow it within the tolerance.

    Raises ToolpathError where the surface has no height.
    """
    xy_um, starts = _subdivided(paths, surface=surface, tolerance_um=tolerance_um)
    z_um = surface.height_um(xy_um[:, 0], xy_um[:, 1]) + offset_um
    _require_face(xy_um, z_um)
    points = np.empty((len(z_um), 3))
    np.round(np.column_stack([xy_um, z_um]), 3, out=points)
    points += 0.0  # no negative zeros in files
    return Polylines(points=points, starts=starts)


def _subdivided(paths: Paths, *, surface: Surface, tolerance_um: float) -> tuple[FloatArray, IntArray]:
    """Points (n, 2) and starts of the paths, every straight piece in equal parts short enough for the tolerance.

    Over a length L a chord sags by L^2 / 8 times the surface's second derivative along it, which is at most
    1 / (R cos^3) for a least radius of curvature R, at the steepest place of the piece.
    """
    points = np.concatenate(paths)
    last = np.cumsum([len(path) for path in paths]) - 1
    steps = np.diff(points, axis=0, append=points[-1:])
    steps[last] = 0
    along = points + np.linspace(0, 1, _SLOPE_PARTS + 1)[:, None, None] * steps
    steepest = np.min(surface.normal_cosine(along[..., 0], along[..., 1]), axis=0)
    _require_face(points, steepest)
    longest_um = np.sqrt(8 * tolerance_um * surface.nose_radius_um * steepest**3)
    count = np.maximum(1, np.ceil(np.hypot(*steps.T) / longest_um)).astype(np.int64)
    count[last] = 1
    owner = np.repeat(np.arange(len(points)), count)
    begins = np.cumsum(count) - count
    share = (np.arange(owner.size) - begins[owner]) / count[owner]
    ends = begins[last] + 1
    return points[owner] + share[:, None] * steps[owner], np.append(0, ends).astype(np.int64)


def _require_face(xy_um: FloatArray, values: FloatArray) -> None:
    """Raise ToolpathError where the surface has no value at a place."""
    nowhere = np.flatnonzero(~np.isfinite(values))
    if nowhere.size:
        x_um, y_um = xy_um[nowhere[0]].tolist()
        raise ToolpathError(
            f"plan: the tip has no height at or after ({x_um:.1f}, {y_um:.1f}) um, where its boundary says there is "
            f"face ({nowhere.size} points of the paths); correct the tip's boundary"
        )
