"""From what shall stay to what the beam does: the steps of a recipe laid over a curved tip.

The floor, a field of the face less the land, is cut by a tool as wide as the recipe's kerf. Its middle may go
wherever it touches neither the land nor the outside: the lit region. A pass of a rough step follows the boundary of
that region and then hatches it. The contour belongs to every pass, not to every cycle: a hatch that ends at the
boundary reaches half its depth there, and one contour a pass adds about the other half, so the wall stands where it
was drawn, and a gap that is hardly wider than the kerf comes out as deep as the open floor, or deeper.

Nothing here knows of a polarity: lands that stand in a cleared field, and a face that stands about grooves, are both
land.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError
from toolpaths.laser.laying import Laid, Round, contour_of, labels, taper
from toolpaths.laser.lifting import lifted
from toolpaths.laser.passes import Counts, Zone, counted, fixed_depth_um, focus_offset_um, focus_runs, step_pass_um
from toolpaths.laser.recipe import Recipe, Step
from toolpaths.laser.region import faults_of, lit_region, require_cut
from toolpaths.model import Block, Operation, Toolpath
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What every block of a plan is made from."""

    surface: Surface
    relief_um: float
    recipe: Recipe

    def block(self, repeats: int, laid: list[Laid], *, step: Step, offset_um: float) -> list[Block]:
        """The block of paths run with one step; none where there is no path."""
        tolerance_um, process = self.recipe.chord_tolerance_um, self.recipe.process_of(step)
        operations = tuple(
            Operation(
                name=name,
                process=process,
                paths=lifted(paths, surface=self.surface, offset_um=offset_um, tolerance_um=tolerance_um),
            )
            for name, paths in laid
            if paths
        )
        return [Block(repeats=repeats, operations=operations)] if operations else []


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

    Steps follow each other as in the recipe. A block holds one round of a step, ``contour-A`` and ``hatch-A`` for each
    hatch angle A in degrees, and is repeated: as often as the recipe says, or, for the rough step that takes the rest,
    as ``counted`` says, first over all of the region and then over its zones. Operations of other steps have the
    step's kind before their name. Where ``taper_to`` is given, curves about the field follow, as far as that and only
    where there is face, block ``taper-1`` first, each with fewer passes than the one inside it, so that the floor rises
    to the surface in steps. Paths lie as far from the surface as ``focus_runs`` says, in straight pieces no further
    from there than the recipe's chord tolerance; points are rounded to whole nanometres.

    land : pin frame, um; its outline is the edge of what stays, at the surface. Land that covers the field's own border
    has grooves in it, which are all that is cut.
    floor_xy_um : (n, 2), places within the field where the floor must still reach the relief: the outline of the mark.
    Raises ToolpathError with every fault of the input, and where the beam would cut nothing at one of these places.
    """
    faults = list(
        faults_of(
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
    require_cut(region, land=land, field=field, kerf_um=recipe.kerf_um)
    counts = counted(surface=surface, relief_um=relief_um, recipe=recipe, floor_xy_um=floor_xy_um, field=field)
    work = _Work(surface=surface, relief_um=relief_um, recipe=recipe)
    blocks = list(_steps(work, counts, region))
    if taper_to is not None:
        passes = counts.passes + round(_fixed_um(work, counts) / _rough_pass_um(work, counts))
        for repeats, laid in taper(field=field, taper_to=taper_to, passes=passes, recipe=recipe):
            blocks += work.block(repeats, laid, step=recipe.rough, offset_um=focus_offset_um(relief_um))
    return Toolpath(blocks=tuple(blocks))


def _fixed_um(work: _Work, counts: Counts) -> float:
    return float(fixed_depth_um(work.recipe, relief_um=work.relief_um, cosine=counts.cosine))


def _rough_pass_um(work: _Work, counts: Counts) -> float:
    return float(step_pass_um(work.recipe, work.recipe.rough, relief_um=work.relief_um, cosine=counts.cosine))


def _steps(work: _Work, counts: Counts, region: MultiPolygon) -> Iterator[Block]:
    """The blocks of all steps, in order; a focus that follows the floor follows it from step to step."""
    recipe, relief_um, floor_um = work.recipe, work.relief_um, 0.0
    contour = contour_of(region)
    for step, label in zip(recipe.steps, labels(recipe), strict=True):
        paths = Round.of(region, contour=contour, step=step, label=label)
        one_um = float(step_pass_um(recipe, step, relief_um=relief_um, cosine=counts.cosine))
        begin_um = floor_um
        floor_um += one_um * (counts.passes if step.passes == 0 else step.passes * step.rounds)
        all_over = counts.cycles if step.passes == 0 else step.passes
        end_um = begin_um + one_um * all_over * step.rounds
        focus = {"step_um": step.focus_step_um, "relief_um": relief_um}
        for repeats, offset_um in focus_runs(all_over, begin_um=begin_um, end_um=end_um, **focus):
            yield from work.block(repeats, paths.all(), step=step, offset_um=offset_um)
        for zone in counts.zones if step.passes == 0 else ():
            yield from _zone(work, paths, zone, focus_um=(end_um + floor_um) / 2)


def _zone(work: _Work, paths: Round, zone: Zone, *, focus_um: float) -> Iterator[Block]:
    """Blocks of one zone's passes: whole rounds, and then those of the angles that are left; they take turns."""
    step, least_um = paths.step, work.recipe.kerf_um
    steep = paths.where_steep(surface=work.surface, cosine=zone.cosine, least_um=least_um)
    ((_, offset_um),) = focus_runs(
        1, begin_um=focus_um, end_um=focus_um, step_um=step.focus_step_um, relief_um=work.relief_um
    )
    rounds, rest = divmod(zone.passes, step.rounds)
    if rounds:
        yield from work.block(rounds, steep.all(), step=step, offset_um=offset_um)
    if rest:
        begin = (zone.first + rounds * step.rounds) % step.rounds
        angles = [(begin + number) % step.rounds for number in range(rest)]
        yield from work.block(1, steep.of_angles(angles), step=step, offset_um=offset_um)
