"""Where the beam may go: the part of a field that a cut as wide as the kerf clears without touching the land."""

import math
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Hatch segments and contours no longer than this are left out: a crater is many times as wide.
LEAST_LENGTH_UM = 1.0
# Outlines of fields and faces have straight sides that lie within 0.05 um of them: two may lie this far apart.
DRAWN_UM = 0.1
# A face's outline may be overstepped by this much, as its heights may.
_ROUNDING_UM = 1e-3
# Uncut slivers narrower than this come from drawing round with straight lines; they are no gaps.
_SLIVER_UM = 0.15
_QUARTER_SEGMENTS = 8
_SIMPLIFY_UM = 0.05
_MOST_NAMED = 3


def lit_region(*, land: MultiPolygon, field: Polygon, kerf_um: float) -> MultiPolygon:
    """Where the middle of a cut may go: at least half the kerf from the land and inside the field by as much.

    Parts with a boundary of ``LEAST_LENGTH_UM`` or less are left out.
    """
    keep_out = shapely.buffer(land, kerf_um / 2, quad_segs=_QUARTER_SEGMENTS)
    inside = shapely.difference(shapely.buffer(field, -kerf_um / 2, quad_segs=_QUARTER_SEGMENTS), keep_out)
    return _polygons(shapely.simplify(inside, _SIMPLIFY_UM), least_boundary_um=LEAST_LENGTH_UM)


def uncut_gaps(*, land: MultiPolygon, field: Polygon, kerf_um: float, least_um2: float | None = None) -> MultiPolygon:
    """Parts of the floor that stay because the kerf does not fit into them.

    Left out are parts smaller than ``least_um2``, if it is not given half a square of the kerf: what any round tool
    leaves in a corner of 35 degrees or more.
    """
    smallest_um2 = kerf_um**2 / 2 if least_um2 is None else least_um2
    region = lit_region(land=land, field=field, kerf_um=kerf_um)
    reached = shapely.buffer(region, kerf_um / 2 + _SLIVER_UM, quad_segs=_QUARTER_SEGMENTS)
    left = _polygons(shapely.difference(shapely.difference(field, land), reached))
    return MultiPolygon([part for part in left.geoms if part.area >= smallest_um2])


def faults_of(
    *,
    land: MultiPolygon,
    field: Polygon,
    taper_to: Polygon | None,
    surface: Surface,
    relief_um: float,
    kerf_um: float,
    floor_xy_um: FloatArray,
) -> Iterator[str]:
    """Every fault of what ``plan`` was given."""
    if not 0 < relief_um < math.inf:
        yield f"the relief, {relief_um!r} um, must be a finite number above 0"
    outlines = [("field", field)] if taper_to is None else [("field", field), ("taper", taper_to)]
    broken = [(name, outline) for name, outline in outlines if outline.is_empty or not outline.is_valid]
    if broken:
        yield from (f"the {name} is no valid polygon" for name, _ in broken)
        return
    for name, outline in outlines:
        over_um = beyond_um(outline, surface.boundary)
        if over_um > _ROUNDING_UM:
            yield f"the {name} reaches {over_um:.3g} um beyond the tip's boundary"
    if floor_xy_um.ndim != 2 or len(floor_xy_um) == 0:  # noqa: PLR2004 - a list of points
        yield "the mark has no outline: give the places where the floor must reach the relief"
    elif (off_um := float(np.max(shapely.distance(field, shapely.points(floor_xy_um))))) > DRAWN_UM:
        yield f"the mark reaches {off_um:.3g} um beyond the field"
    if taper_to is not None and beyond_um(taper_to, field) < DRAWN_UM:
        yield "the taper ends within the field; it must go on beyond it"
    if not shapely.is_valid(land):
        yield f"the land is no valid set of polygons: {shapely.is_valid_reason(land)}"
    elif not land.is_empty:
        yield from _land_faults(land=land, field=field, taper_to=taper_to, kerf_um=kerf_um)


def _land_faults(*, land: MultiPolygon, field: Polygon, taper_to: Polygon | None, kerf_um: float) -> Iterator[str]:
    over_um = beyond_um(land, field)
    if over_um > DRAWN_UM:
        yield f"the land reaches {over_um:.3g} um beyond the field"
    if taper_to is not None:
        # The taper's first curve runs a hatch pitch outside the field's boundary, half a kerf inside the field.
        away_um = shapely.distance(land, shapely.difference(taper_to, shapely.buffer(field, 1.0))) - 1.0
        if away_um < kerf_um - DRAWN_UM:
            yield f"the land comes within {max(away_um, 0.0):.3g} um of the taper, less than the kerf, {kerf_um:g} um"


def beyond_um(part: shapely.Geometry, whole: Polygon) -> float:
    """How far a geometry reaches beyond a convex outline: at one of its corners the furthest."""
    corners = shapely.get_coordinates(part)
    shapely.prepare(whole)
    outside = corners[~shapely.contains_xy(whole, *corners.T)]
    return float(np.max(shapely.distance(whole, shapely.points(outside)), initial=0.0))


def require_cut(region: MultiPolygon, *, land: MultiPolygon, field: Polygon, kerf_um: float) -> None:
    """Raise ToolpathError where the kerf fits nowhere, or misses a groove altogether."""
    if region.is_empty:
        raise ToolpathError(
            f"plan: the kerf, {kerf_um:g} um, fits nowhere between the land and the field's border; widen the gaps "
            "or take a finer spot"
        )
    if not shapely.covers(shapely.buffer(land, DRAWN_UM), field.exterior):
        return
    grooves = _polygons(shapely.difference(field, land), least_boundary_um=LEAST_LENGTH_UM)
    missed = [groove for groove in grooves.geoms if not shapely.intersects(groove, region)]
    if missed:
        places = ", ".join(f"({groove.centroid.x:.0f}, {groove.centroid.y:.0f})" for groove in missed[:_MOST_NAMED])
        more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
        raise ToolpathError(
            f"plan: the kerf, {kerf_um:g} um, does not fit into the groove{'s' if len(missed) > 1 else ''} about "
            f"{places}{more} um; widen the strokes or take a finer spot"
        )


def _polygons(geometry: shapely.Geometry, *, least_boundary_um: float = 0.0) -> MultiPolygon:
    parts = shapely.get_parts(geometry)
    return MultiPolygon(
        [part for part in parts if isinstance(part, Polygon) and part.exterior.length > least_boundary_um]
    )
