"""From what shall stay to what the beam does: contours, hatches and passes over a curved tip.

The floor, a field of the face less the land, is cut by a tool as wide as the recipe's kerf. Its middle may go
wherever it touches neither the land nor the outside: the lit region. A pass follows the boundary of that region and
then hatches it. The contour belongs to every pass, not to every cycle: a hatch that ends at the boundary reaches half
its depth there, and one contour a pass adds about the other half, so the wall stands where it was drawn, and a gap
that is hardly wider than the kerf comes out as deep as the open floor, or deeper.

Nothing here knows of a polarity: lands that stand in a cleared field, and a face that stands about grooves, are both
land.
"""

import math
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError
from toolpaths.fill import hatch
from toolpaths.laser.ablation import pass_depth_um
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Block, Operation, Polylines, Toolpath
from toolpaths.order import chained, serpentine
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_Paths = tuple[FloatArray, ...]
_Step = tuple[str, _Paths]

# Hatch segments and contours no longer than this are left out: a crater is many times as wide.
LEAST_LENGTH_UM = 1.0
# Outlines of fields and faces have straight sides that lie within 0.05 um of them: two may lie this far apart.
_DRAWN_UM = 0.1
# A face's outline may be overstepped by this much, as its heights may.
_ROUNDING_UM = 1e-3
# Uncut slivers narrower than this come from drawing round with straight lines; they are no gaps.
_SLIVER_UM = 0.15
_QUARTER_SEGMENTS = 8
_SIMPLIFY_UM = 0.05
_NEAR_DUPLICATE_UM = 0.05
_MOST_CYCLES = 10_000
_MOST_TAPER_STEPS = 8
_MOST_NAMED = 3
# Parts of a straight piece at whose ends its slope is looked at.
_SLOPE_PARTS = 4


def plan(
    *,
    land: MultiPolygon,
    field: Polygon,
    taper_to: Polygon | None,
    surface: Surface,
    relief_um: float,
    recipe: Recipe,
    floor_xy_um: FloatArray,
) -> Toolpath:
    """Clear a field of the face, but for the land, to a relief below the surface.

    The first block holds one cycle, ``contour-A`` and ``hatch-A`` for each hatch angle A in degrees, and is repeated
    as often as ``cycles_needed`` says. Where ``taper_to`` is given, curves about the field follow, as far as that and
    only where there is face, block ``taper-1`` first, each with fewer passes than the one inside it, so that the floor
    rises to the surface in steps. Paths lie ``focus_offset_um(relief_um)`` from the surface, in straight pieces no
    further from it than the recipe's chord tolerance; points are rounded to whole nanometres.

    land : pin frame, um; its outline is the edge of what stays, at the surface. Land that covers the field's own border
    has grooves in it, which are all that is cut.
    floor_xy_um : (n, 2), places within the field where the floor must still reach the relief: the outline of the mark.
    Raises ToolpathError with every fault of the input, and where the beam would cut nothing at one of these places.
    """
    faults = list(
        _faults(
            land=land,
            field=field,
            taper_to=taper_to,
            surface=surface,
            relief_um=relief_um,
            kerf_um=recipe.kerf_um,
            floor_xy_um=floor_xy_um,
        )
    )
    if faults:
        raise ToolpathError("plan: " + "; ".join(faults))
    region = lit_region(land=land, field=field, kerf_um=recipe.kerf_um)
    _require_cut(region, land=land, field=field, kerf_um=recipe.kerf_um)
    cycles = cycles_needed(surface=surface, relief_um=relief_um, recipe=recipe, floor_xy_um=floor_xy_um)
    blocks = [(cycles, _cycle(region, recipe))]
    if taper_to is not None:
        blocks += _taper(field=field, taper_to=taper_to, passes=cycles * len(recipe.angles_rad), recipe=recipe)
    return Toolpath(
        blocks=tuple(
            _block(repeats, steps, surface=surface, offset_um=focus_offset_um(relief_um), recipe=recipe)
            for repeats, steps in blocks
        )
    )


def focus_offset_um(relief_um: float) -> float:
    """Height of the focus over the uncut surface: in the middle of the relief, so below it."""
    return -relief_um / 2


def lit_region(*, land: MultiPolygon, field: Polygon, kerf_um: float) -> MultiPolygon:
    """Where the middle of a cut may go: at least half the kerf from the land and inside the field by as much.

    Parts with a boundary of ``LEAST_LENGTH_UM`` or less are left out.
    """
    keep_out = shapely.buffer(land, kerf_um / 2, quad_segs=_QUARTER_SEGMENTS)
    inside = shapely.difference(shapely.buffer(field, -kerf_um / 2, quad_segs=_QUARTER_SEGMENTS), keep_out)
    return _polygons(shapely.simplify(inside, _SIMPLIFY_UM), least_boundary_um=LEAST_LENGTH_UM)


def uncut_gaps(*, land: MultiPolygon, field: Polygon, kerf_um: float) -> MultiPolygon:
    """Parts of the floor that stay because the kerf does not fit into them.

    Left out are parts smaller than half a square of the kerf: what any round tool leaves in a corner of 35 degrees
    or more.
    """
    region = lit_region(land=land, field=field, kerf_um=kerf_um)
    reached = shapely.buffer(region, kerf_um / 2 + _SLIVER_UM, quad_segs=_QUARTER_SEGMENTS)
    left = _polygons(shapely.difference(shapely.difference(field, land), reached))
    return MultiPolygon([part for part in left.geoms if part.area >= kerf_um**2 / 2])


def cycles_needed(*, surface: Surface, relief_um: float, recipe: Recipe, floor_xy_um: FloatArray) -> int:
    """The least number of whole cycles of all hatch angles whose floor is nowhere shallower than the relief.

    Reckoned for the steepest of the places ``floor_xy_um``, (n, 2), with the spot at its largest over the relief, for a
    feed that does not slow down on the slope. Raises ToolpathError where that takes more than 10,000 cycles.
    """
    just_inside_um = floor_xy_um * (1 - 1e-9)
    cosines = surface.normal_cosine(just_inside_um[:, 0], just_inside_um[:, 1])
    steepest = int(np.argmin(cosines))
    depth_um = float(
        pass_depth_um(
            recipe.process,
            recipe.beam,
            cosine=cosines[steepest],
            defocus_um=focus_offset_um(relief_um),
        )
    )
    cycle_um = depth_um * len(recipe.angles_rad)
    if not cycle_um * _MOST_CYCLES >= relief_um:
        x_um, y_um = floor_xy_um[steepest].tolist()
        raise ToolpathError(
            f"plan: a cycle cuts {cycle_um:.3g} um at the slope of ({x_um:.0f}, {y_um:.0f}) um, so {relief_um:g} um "
            f"would take more than {_MOST_CYCLES} cycles; raise the pulse energy or keep the mark where the tip is "
            "less steep"
        )
    return math.ceil(relief_um / cycle_um)


def _faults(
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
        beyond_um = _beyond_um(outline, surface.boundary)
        if beyond_um > _ROUNDING_UM:
            yield f"the {name} reaches {beyond_um:.3g} um beyond the tip's boundary"
    if floor_xy_um.ndim != 2 or len(floor_xy_um) == 0:  # noqa: PLR2004 - a list of points
        yield "the mark has no outline: give the places where the floor must reach the relief"
    elif (off_um := float(np.max(shapely.distance(field, shapely.points(floor_xy_um))))) > _DRAWN_UM:
        yield f"the mark reaches {off_um:.3g} um beyond the field"
    if taper_to is not None and _beyond_um(taper_to, field) < _DRAWN_UM:
        yield "the taper ends within the field; it must go on beyond it"
    if not shapely.is_valid(land):
        yield f"the land is no valid set of polygons: {shapely.is_valid_reason(land)}"
    elif not land.is_empty:
        yield from _land_faults(land=land, field=field, taper_to=taper_to, kerf_um=kerf_um)


def _land_faults(*, land: MultiPolygon, field: Polygon, taper_to: Polygon | None, kerf_um: float) -> Iterator[str]:
    beyond_um = _beyond_um(land, field)
    if beyond_um > _DRAWN_UM:
        yield f"the land reaches {beyond_um:.3g} um beyond the field"
    if taper_to is not None:
        # The taper's first curve runs a hatch pitch outside the field's boundary, half a kerf inside the field.
        away_um = shapely.distance(land, shapely.difference(taper_to, shapely.buffer(field, 1.0))) - 1.0
        if away_um < kerf_um - _DRAWN_UM:
            yield f"the land comes within {max(away_um, 0.0):.3g} um of the taper, less than the kerf, {kerf_um:g} um"


def _beyond_um(part: shapely.Geometry, whole: Polygon) -> float:
    """How far a geometry reaches beyond a convex outline: at one of its corners the furthest."""
    corners = shapely.get_coordinates(part)
    shapely.prepare(whole)
    outside = corners[~shapely.contains_xy(whole, *corners.T)]
    return float(np.max(shapely.distance(whole, shapely.points(outside)), initial=0.0))


def _require_cut(region: MultiPolygon, *, land: MultiPolygon, field: Polygon, kerf_um: float) -> None:
    """Raise ToolpathError where the kerf fits nowhere, or misses a groove altogether."""
    if region.is_empty:
        raise ToolpathError(
            f"plan: the kerf, {kerf_um:g} um, fits nowhere between the land and the field's border; widen the gaps "
            "or take a finer spot"
        )
    if not shapely.covers(shapely.buffer(land, _DRAWN_UM), field.exterior):
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


def _cycle(region: MultiPolygon, recipe: Recipe) -> list[_Step]:
    """The steps of one cycle: for each hatch angle a contour and a hatch, those without a path left out."""
    contour = _contour(region) if recipe.contour else ()
    steps: list[_Step] = []
    for angle_rad in recipe.angles_rad:
        lines = hatch(region, pitch_um=recipe.hatch_um, angle_rad=angle_rad, least_length_um=LEAST_LENGTH_UM)
        degrees = f"{round(math.degrees(angle_rad)):03d}"
        steps += [(f"contour-{degrees}", contour), (f"hatch-{degrees}", tuple(serpentine(lines)))]
    return [step for step in steps if step[1]]


def _contour(region: MultiPolygon) -> tuple[FloatArray, ...]:
    """Boundary of the region as closed rings, near-duplicate points and the shortest rings left out, in order."""
    rings = []
    for ring in shapely.get_rings(shapely.get_parts(region)):
        points = shapely.get_coordinates(ring)
        steps = np.hypot(*np.diff(points, axis=0).T)
        corners = points[:-1][steps > _NEAR_DUPLICATE_UM]
        if len(corners) > 2 and steps.sum() > LEAST_LENGTH_UM:  # noqa: PLR2004 - a ring has three corners
            rings.append(np.concatenate([corners, corners[:1]]))
    return chained(rings)


def _taper(*, field: Polygon, taper_to: Polygon, passes: int, recipe: Recipe) -> list[tuple[int, list[_Step]]]:
    """Passes and curves of each step of a taper, the innermost first.

    Curves go on from the field's boundary at the hatch pitch, to half a kerf inside the taper's end, and leave out what
    lies outside it. A step is at least a kerf wide and falls by at least a pass.
    """
    width_um = _beyond_um(taper_to, field)
    end_um = width_um - recipe.kerf_um / 2
    outwards_um = np.arange(-recipe.kerf_um / 2, end_um + recipe.hatch_um * 1e-6, recipe.hatch_um)[1:]
    # A curve that runs along the end, drawn with other sides, is not to be cut into pieces by it.
    within = shapely.buffer(taper_to, _DRAWN_UM - recipe.kerf_um / 2)
    around = [_clipped(shapely.buffer(field, out_um, join_style="mitre"), within) for out_um in outwards_um]
    curves = [paths for paths in around if paths]
    most = min(_MOST_TAPER_STEPS, int(width_um / recipe.kerf_um), passes - 1, len(curves))
    if most < 1:
        raise ToolpathError(
            f"plan: a taper of {width_um:.3g} um leaves no room for a step of the kerf, {recipe.kerf_um:g} um; end it "
            "further out, or let the field reach the tip's edge"
        )
    ends = np.cumsum([len(part) for part in np.array_split(np.arange(len(curves)), most)])
    steps = [curves[begin:end] for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]
    return [
        (
            round(passes * (1 - index / (most + 1))),
            [(f"taper-{index}", tuple(path for paths in step for path in paths))],
        )
        for index, step in enumerate(steps, start=1)
    ]


def _clipped(area: Polygon, within: Polygon) -> _Paths:
    """The outline of an area, or what of it lies within another, in pieces above ``LEAST_LENGTH_UM``."""
    if shapely.covers(within, area):
        return (shapely.get_coordinates(area.exterior),)
    lines = shapely.get_parts(shapely.line_merge(shapely.intersection(area.exterior, within)))
    return tuple(shapely.get_coordinates(line) for line in lines if line.length > LEAST_LENGTH_UM)


def _block(repeats: int, steps: list[_Step], *, surface: Surface, offset_um: float, recipe: Recipe) -> Block:
    operations = []
    for name, paths in steps:
        lifted = _lifted(paths, surface=surface, offset_um=offset_um, tolerance_um=recipe.chord_tolerance_um)
        operations.append(Operation(name=name, process=recipe.process, paths=lifted))
    return Block(repeats=repeats, operations=tuple(operations))


def _lifted(paths: _Paths, *, surface: Surface, offset_um: float, tolerance_um: float) -> Polylines:
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


def _subdivided(paths: _Paths, *, surface: Surface, tolerance_um: float) -> tuple[FloatArray, IntArray]:
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
