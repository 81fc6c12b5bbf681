"""Hatching: the parts of parallel, equally spaced lines that lie inside a region."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# About 1 GB of working memory.
_MOST_CROSSINGS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hatch:
    """Segments of a hatch, row after row, and along the hatch's direction inside a row.

    segments_um : (n, 2, 2) float, um: segment, its begin and its end, x and y.
    rows : (n,) int, which line a segment lies on; never falling.
    """

    segments_um: FloatArray
    rows: IntArray


def hatch(
    region: Polygon | MultiPolygon,
    *,
    pitch_um: float,
    angle_rad: float,
    phase_um: float = 0.0,
    least_length_um: float = 0.0,
) -> Hatch:
    """Cut lines ``pitch_um`` apart, turned by ``angle_rad`` from the x axis, to a region with holes.

    Line k passes the origin at the distance ``phase_um + k pitch_um``, measured to the left of its direction.
    A place belongs to the region where an odd number of its rings surround it. A line along an edge counts as inside
    where the region lies to the left of that line, and as outside where it lies to the right, so touching regions
    never share a line. Segments of ``least_length_um`` or less are left out, those of no length always.
    Raises ToolpathError where the pitch or another number is not usable.

    All edges meet all lines at once: an edge between two heights crosses the lines from the first at or above its
    lower end up to the last below its upper end; sorted by line and place, crossings pair up into segments.
    """
    if not (math.isfinite(pitch_um) and pitch_um > 0 and math.isfinite(angle_rad) and math.isfinite(phase_um)):
        raise ToolpathError(
            f"hatch: pitch {pitch_um!r} um must be above 0, and angle {angle_rad!r} and phase {phase_um!r} finite"
        )
    direction = np.array([math.cos(angle_rad), math.sin(angle_rad)])
    left = np.array([-direction[1], direction[0]])
    rows, along_um = _crossings(region, direction=direction, left=left, pitch_um=pitch_um, phase_um=phase_um)
    begin_um, end_um, rows = along_um[0::2], along_um[1::2], rows[0::2]
    kept = end_um - begin_um > max(least_length_um, 0.0)
    across_um = phase_um + pitch_um * rows[kept]
    along = np.stack([begin_um[kept], end_um[kept]], axis=1)
    segments_um = along[:, :, None] * direction + across_um[:, None, None] * left
    return Hatch(segments_um=segments_um, rows=rows[kept])


def _crossings(
    region: Polygon | MultiPolygon, *, direction: FloatArray, left: FloatArray, pitch_um: float, phase_um: float
) -> tuple[IntArray, FloatArray]:
    """Line number and place along the line of every crossing, (n,) each, sorted by both; an even number a line."""
    points, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(region)), return_index=True)
    along_um = points[:, 0] * direction[0] + points[:, 1] * direction[1]
    # In units of the pitch, so that lines lie at whole numbers; a vertex shared by two edges has one value in both.
    height = (points[:, 0] * left[0] + points[:, 1] * left[1] - phase_um) / pitch_um
    step = np.ceil(height).astype(np.int64)
    edge = np.flatnonzero((ring[1:] == ring[:-1]) & (step[1:] != step[:-1]))
    first = np.minimum(step[edge], step[edge + 1])
    count = np.abs(step[edge + 1] - step[edge])
    if count.sum() > _MOST_CROSSINGS:
        raise ToolpathError(
            f"hatch: {count.sum()} crossings of lines and edges, more than {_MOST_CROSSINGS}; "
            f"use a pitch wider than {pitch_um:g} um or a smaller region"
        )
    slope_um = (along_um[edge + 1] - along_um[edge]) / (height[edge + 1] - height[edge])
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    rows = np.repeat(first, count) + offset
    # The difference comes before the product: exact enough for edges that all but follow a line.
    climb = rows - np.repeat(height[edge], count)
    return _sorted_by_row(rows, np.repeat(along_um[edge], count) + np.repeat(slope_um, count) * climb)


def _sorted_by_row(rows: IntArray, places_um: FloatArray) -> tuple[IntArray, FloatArray]:
    if rows.size == 0:
        return rows, places_um
    # One float key sorts several times faster than two keys; it may confuse places closer than a picometre.
    span_um = np.ptp(places_um) + 1.0
    order = np.argsort(rows * span_um + (places_um - places_um.min()))
    return rows[order], places_um[order]
