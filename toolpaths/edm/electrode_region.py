"""What an electrode's outline must be, seen along the axis, so that gap and orbit cut what is meant; and the reverse.

All regions are in the pin frame, um. A circular orbit of radius R with a gap g takes everything within R + g of the
electrode; a square one of half side R everything within g of the electrode moved about in that square.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryCollection, MultiPolygon, Polygon

from toolpaths.edm.sinking_recipe import SQUARE, Stage

FloatArray = NDArray[np.float64]

# Round corners are drawn with straight sides: of a radius of 30 um within 0.04 um, of 7 um within 0.01 um.
QUARTER_SEGMENTS = 16
# Outlines of fields and lands are drawn with straight sides that lie within this of them, or of each other.
DRAWN_UM = 0.1
# No neck or sliver of a region is narrower than twice this.
_CRUMB_UM = 0.1
_SIMPLIFY_UM = 0.005


def cut_of(*, land: MultiPolygon, field: Polygon) -> MultiPolygon:
    """The region to be cut: the field less the land; of land that covers the field's border, its grooves."""
    return polygons(shapely.difference(field, land))


def is_recessed(*, land: MultiPolygon, field: Polygon) -> bool:
    """Whether the land covers the field's border, so that the mark is grooves in it."""
    return bool(shapely.covers(shapely.buffer(land, DRAWN_UM), field.exterior))


def electrode_region(cut: MultiPolygon, stage: Stage) -> MultiPolygon:
    """The outline of an electrode: the region to be cut, eroded by the undersize, or by gap and square.

    Slivers narrower than 0.2 um are left out, so that no two parts touch in a point.
    """
    if stage.orbit == SQUARE:
        within = shapely.buffer(cut, -stage.gap_um, quad_segs=QUARTER_SEGMENTS)
        inside = polygons(shapely.difference(within, _edges_swept(within, stage.orbit_um)))
    else:
        inside = polygons(shapely.buffer(cut, -stage.undersize_um, quad_segs=QUARTER_SEGMENTS))
    return polygons(shapely.simplify(opened(inside, _CRUMB_UM), _SIMPLIFY_UM))


def burnt_region(electrode: MultiPolygon, stage: Stage) -> MultiPolygon:
    """What an electrode takes away with its gap and orbit, seen along the axis."""
    if stage.orbit == SQUARE:
        electrode = polygons(shapely.union(electrode, _edges_swept(electrode, stage.orbit_um)))
    else:
        electrode = polygons(shapely.buffer(electrode, stage.orbit_um, quad_segs=QUARTER_SEGMENTS))
    return polygons(shapely.buffer(electrode, stage.gap_um, quad_segs=QUARTER_SEGMENTS))


def plunged_region(electrode: MultiPolygon, stage: Stage) -> MultiPolygon:
    """What an electrode takes away with its gap before it orbits."""
    return polygons(shapely.buffer(electrode, stage.gap_um, quad_segs=QUARTER_SEGMENTS))


def opened(region: shapely.Geometry, radius_um: float) -> shapely.Geometry:
    """The part of a region that a disc of the radius can reach without leaving it."""
    inside = shapely.buffer(region, -radius_um, quad_segs=QUARTER_SEGMENTS)
    return shapely.buffer(inside, radius_um, quad_segs=QUARTER_SEGMENTS)


def _edges_swept(region: shapely.Geometry, half_um: float) -> shapely.Geometry:
    """What the region's boundary covers when it is moved about in a square: of each edge a convex hull."""
    lines = shapely.get_parts(shapely.boundary(region))
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    edge = np.flatnonzero(line[:-1] == line[1:])
    corners = half_um * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    ends = np.stack([coordinates[edge], coordinates[edge + 1]], axis=1)
    points = (ends[:, :, None, :] + corners).reshape(-1, 2)
    hulls = shapely.convex_hull(shapely.multipoints(points, indices=np.repeat(np.arange(len(edge)), 2 * len(corners))))
    return shapely.union_all(hulls)


def polygons(geometry: shapely.Geometry) -> MultiPolygon:
    """The polygons of a geometry, lines and points left out."""
    parts = shapely.get_parts(geometry)
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])


def enclosed(edges_um: FloatArray) -> MultiPolygon:
    """What straight edges, (k, 2, 2), enclose when they are joined to rings; a ring within a ring is a hole."""
    lines = np.asarray(shapely.linestrings(edges_um), dtype=np.object_)
    return polygons(shapely.build_area(GeometryCollection(lines.tolist())))


def inside_grid(region: MultiPolygon, *, x0_um: float, y0_um: float, pixel_um: float, size: int) -> NDArray[np.bool_]:
    """Which places of a square grid lie in a region, (size, size) bool, rows by y: by counting outlines to the left."""
    coordinates, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(region)), return_index=True)
    edge = np.flatnonzero(ring[:-1] == ring[1:])
    begin, end = (np.array([x0_um, y0_um]) - coordinates[edge + k] for k in (0, 1))
    begin, end = -begin / pixel_um, -end / pixel_um
    # A row on a vertex belongs to the edge above it.
    first = np.clip(np.ceil(np.minimum(begin[:, 1], end[:, 1])), 0, size).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(begin[:, 1], end[:, 1])), 0, size).astype(np.int64)
    count = last - first
    which = np.repeat(np.arange(len(edge)), count)
    row = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    share = (row - begin[which, 1]) / (end[which, 1] - begin[which, 1])
    column = np.clip(np.ceil(begin[which, 0] + share * (end - begin)[which, 0]), 0, size).astype(np.int64)
    crossings = np.bincount(row * (size + 1) + column, minlength=size * (size + 1)).reshape(size, size + 1)
    inside: NDArray[np.bool_] = np.cumsum(crossings, axis=1)[:, :size] % 2 == 1
    return inside
