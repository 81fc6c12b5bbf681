"""From what shall stay to what the beam does: contours, hatches and passes over a curved tip.

The floor, a disc about the axis less the land, is cut by a tool as wide as the recipe's kerf. Its middle may go
wherever it touches neither the land nor the outside: the lit region. A pass follows the boundary of that region and
then hatches it. The contour belongs to every pass, not to every cycle: a hatch that ends at the boundary reaches half
its depth there, and one contour a pass adds about the other half, so the wall stands where it was drawn, and a gap
that is hardly wider than the kerf comes out as deep as the open floor.
"""

import math

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
# Circles are drawn with straight sides that lie within this of them.
_ROUNDING_UM = 0.05
# Uncut slivers narrower than this come from drawing round with straight lines; they are no gaps.
_SLIVER_UM = 0.15
_QUARTER_SEGMENTS = 8
_SIMPLIFY_UM = 0.05
_NEAR_DUPLICATE_UM = 0.05
_MOST_CYCLES = 10_000
_MOST_TAPER_STEPS = 8


def plan(
    *,
    land: MultiPolygon,
    field_radius_um: float,
    taper_to_radius_um: float | None,
    surface: Surface,
    relief_um: float,
    recipe: Recipe,
    floor_radius_um: float,
) -> Toolpath:
    """Clear a disc about the axis, but for the land, to a relief below the surface.

    The first block holds one cycle, ``contour-A`` and ``hatch-A`` for each hatch angle A in degrees, and is repeated
    as often as ``cycles_needed`` says. Where ``taper_to_radius_um`` is given, rings about the field follow, block
    ``taper-1`` first, each with fewer passes than the one inside it, so that the floor rises to the surface in steps.
    Paths lie ``focus_offset_um(relief_um)`` from the surface, in straight pieces no further from it than the recipe's
    chord tolerance; points are rounded to whole nanometres.

    land : pin frame, um; its outline is the edge of what stays, at the surface.
    floor_radius_um : radius of the outermost part of the mark, where the slope costs most depth.
    Raises ToolpathError with every fault of the input, and where the beam would cut nothing at ``floor_radius_um``.
    """
    _check(
        land=land,
        field_radius_um=field_radius_um,
        taper_to_radius_um=taper_to_radius_um,
        surface=surface,
        relief_um=relief_um,
        kerf_um=recipe.kerf_um,
        floor_radius_um=floor_radius_um,
    )
    region = lit_region(land=land, field_radius_um=field_radius_um, kerf_um=recipe.kerf_um)
    if region.is_empty:
        raise ToolpathError(
            f"plan: the kerf, {recipe.kerf_um:g} um, fits nowhere between the land and the field of "
            f"{field_radius_um:g} um; widen the gaps or take a finer spot"
        )
    cycles = cycles_needed(surface=surface, relief_um=relief_um, recipe=recipe, floor_radius_um=floor_radius_um)
    blocks = [(cycles, _cycle(region, recipe))]
    if taper_to_radius_um is not None:
        passes = cycles * len(recipe.angles_rad)
        blocks += _taper(from_um=field_radius_um, to_um=taper_to_radius_um, passes=passes, recipe=recipe)
    return Toolpath(
        blocks=tuple(
            _block(repeats, steps, surface=surface, offset_um=focus_offset_um(relief_um), recipe=recipe)
            for repeats, steps in blocks
        )
    )


def focus_offset_um(relief_um: float) -> float:
    """Height of the focus over the uncut surface: in the middle of the relief, so below it."""
    return -relief_um / 2


def lit_region(*, land: MultiPolygon, field_radius_um: float, kerf_um: float) -> MultiPolygon:
    """Where the middle of a cut may go: at least half the kerf from the land and inside the field by as much.

    Parts with a boundary of ``LEAST_LENGTH_UM`` or less are left out.
    """
    if field_radius_um <= kerf_um / 2:
        return MultiPolygon()
    keep_out = shapely.buffer(land, kerf_um / 2, quad_segs=_QUARTER_SEGMENTS)
    inside = shapely.difference(_disc(field_radius_um - kerf_um / 2), keep_out)
    return _polygons(shapely.simplify(inside, _SIMPLIFY_UM), least_boundary_um=LEAST_LENGTH_UM)


def uncut_gaps(*, land: MultiPolygon, field_radius_um: float, kerf_um: float) -> MultiPolygon:
    """Parts of the floor that stay because the kerf does not fit into them.

    Left out are parts smaller than half a square of the kerf: what any round tool leaves in a corner of 35 degrees
    or more.
    """
    region = lit_region(land=land, field_radius_um=field_radius_um, kerf_um=kerf_um)
    reached = shapely.buffer(region, kerf_um / 2 + _SLIVER_UM, quad_segs=_QUARTER_SEGMENTS)
    left = _polygons(shapely.difference(shapely.difference(_disc(field_radius_um), land), reached))
    return MultiPolygon([part for part in left.geoms if part.area >= kerf_um**2 / 2])


def cycles_needed(*, surface: Surface, relief_um: float, recipe: Recipe, floor_radius_um: float) -> int:
    """The least number of whole cycles of all hatch angles whose floor is nowhere shallower than the relief.

    Reckoned for the steepest place at ``floor_radius_um``, with the spot at its largest over the relief, for a feed
    that does not slow down on the slope. Raises ToolpathError where that takes more than 10,000 cycles.
    """
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    just_inside_um = floor_radius_um * (1 - 1e-9)
    cosines = surface.normal_cosine(just_inside_um * np.cos(turn), just_inside_um * np.sin(turn))
    depth_um = float(
        pass_depth_um(
            recipe.process,
            recipe.beam,
            cosine=np.min(cosines),
            defocus_um=focus_offset_um(relief_um),
        )
    )
    cycle_um = depth_um * len(recipe.angles_rad)
    if not cycle_um * _MOST_CYCLES >= relief_um:
        raise ToolpathError(
            f"plan: a cycle cuts {cycle_um:.3g} um at the slope of r = {floor_radius_um:g} um, so {relief_um:g} um "
            f"would take more than {_MOST_CYCLES} cycles; raise the pulse energy or keep the mark nearer to the axis"
        )
    return math.ceil(relief_um / cycle_um)


def _check(
    *,
    land: MultiPolygon,
    field_radius_um: float,
    taper_to_radius_um: float | None,
    surface: Surface,
    relief_um: float,
    kerf_um: float,
    floor_radius_um: float,
) -> None:
    """Raise ToolpathError with every fault of what ``plan`` was given."""
    faults = []
    edge_um = surface.edge_radius_um
    if not 0 < relief_um < math.inf:
        faults.append(f"the relief, {relief_um!r} um, must be a finite number above 0")
    if not 0 < field_radius_um <= edge_um:
        faults.append(f"the field, {field_radius_um!r} um, must be above 0 and within the tip's edge, {edge_um:g} um")
    if not 0 < floor_radius_um <= field_radius_um:
        faults.append(f"the mark, {floor_radius_um!r} um, must be above 0 and within the field, {field_radius_um!r} um")
    if taper_to_radius_um is not None and not field_radius_um < taper_to_radius_um <= edge_um:
        faults.append(
            f"the taper, to {taper_to_radius_um!r} um, must end between the field, {field_radius_um!r} um, "
            f"and the tip's edge, {edge_um:g} um"
        )
    # The taper's first ring stands a hatch pitch outside the field's boundary, half a kerf inside the field.
    land_within_um = field_radius_um if taper_to_radius_um is None else field_radius_um - kerf_um
    if not shapely.is_valid(land):
        faults.append(f"the land is no valid set of polygons: {shapely.is_valid_reason(land)}")
    elif np.max(np.hypot(*shapely.get_coordinates(land).T), initial=0) > land_within_um:
        faults.append(f"the land reaches beyond r = {land_within_um:g} um, which this field and kerf leave for it")
    if faults:
        raise ToolpathError("plan: " + "; ".join(faults))


def _disc(radius_um: float) -> Polygon:
    return Polygon(_circle(radius_um))


def _circle(radius_um: float) -> FloatArray:
    """A closed ring of points on a circle about the axis, (n, 2), its sides within ``_ROUNDING_UM`` of it."""
    sides = max(16, math.ceil(math.pi / math.acos(1 - min(_ROUNDING_UM / radius_um, 1.0))))
    turn = 2 * np.pi / sides * (np.arange(sides + 1) % sides)
    return radius_um * np.stack([np.cos(turn), np.sin(turn)], axis=1)


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


def _taper(*, from_um: float, to_um: float, passes: int, recipe: Recipe) -> list[tuple[int, list[_Step]]]:
    """Passes and circles of each step of a taper, the innermost first.

    Circles go on from the field's boundary at the hatch pitch, to half a kerf inside the taper's end. A step is at
    least a kerf wide and falls by at least a pass.
    """
    reach_um = to_um - recipe.kerf_um / 2
    radii_um = np.arange(from_um - recipe.kerf_um / 2, reach_um + recipe.hatch_um * 1e-6, recipe.hatch_um)[1:]
    most = min(_MOST_TAPER_STEPS, int((to_um - from_um) / recipe.kerf_um), passes - 1, len(radii_um))
    if most < 1:
        raise ToolpathError(
            f"plan: a taper from {from_um:g} to {to_um:g} um leaves no room for a step of the kerf, "
            f"{recipe.kerf_um:g} um; end it further out, or let the field reach the tip's edge"
        )
    steps = np.array_split(radii_um, most)
    return [
        (round(passes * (1 - index / (most + 1))), [(f"taper-{index}", tuple(_circle(radius) for radius in step))])
        for index, step in enumerate(steps, start=1)
    ]


def _block(repeats: int, steps: list[_Step], *, surface: Surface, offset_um: float, recipe: Recipe) -> Block:
    operations = []
    for name, paths in steps:
        lifted = _lifted(paths, surface=surface, offset_um=offset_um, tolerance_um=recipe.chord_tolerance_um)
        operations.append(Operation(name=name, process=recipe.process, paths=lifted))
    return Block(repeats=repeats, operations=tuple(operations))


def _lifted(paths: _Paths, *, surface: Surface, offset_um: float, tolerance_um: float) -> Polylines:
    """Plane paths at a height over the surface, in pieces that follow it within the tolerance."""
    xy_um, starts = _subdivided(paths, surface=surface, tolerance_um=tolerance_um)
    z_um = surface.height_um(xy_um[:, 0], xy_um[:, 1]) + offset_um
    points = np.empty((len(z_um), 3))
    np.round(np.column_stack([xy_um, z_um]), 3, out=points)
    points += 0.0  # no negative zeros in files
    return Polylines(points=points, starts=starts)


def _subdivided(paths: _Paths, *, surface: Surface, tolerance_um: float) -> tuple[FloatArray, IntArray]:
    """Points (n, 2) and starts of the paths, every straight piece in equal parts short enough for the tolerance.

    Over a length L a chord sags by L^2 / 8 times the surface's second derivative along it, which is at most
    1 / (R cos^3) for a least radius of curvature R, at the steeper end of the piece.
    """
    points = np.concatenate(paths)
    last = np.cumsum([len(path) for path in paths]) - 1
    cosines = surface.normal_cosine(points[:, 0], points[:, 1])
    steps = np.diff(points, axis=0, append=points[-1:])
    steeper = np.minimum(cosines, np.append(cosines[1:], cosines[-1]))
    longest_um = np.sqrt(8 * tolerance_um * surface.nose_radius_um * steeper**3)
    count = np.maximum(1, np.ceil(np.hypot(*steps.T) / longest_um)).astype(np.int64)
    count[last] = 1
    owner = np.repeat(np.arange(len(points)), count)
    begins = np.cumsum(count) - count
    share = (np.arange(owner.size) - begins[owner]) / count[owner]
    steps[last] = 0
    ends = begins[last] + 1
    return points[owner] + share[:, None] * steps[owner], np.append(0, ends).astype(np.int64)
