"""What the job's process should give, reckoned for the check: from the closed forms and the job, not from the planner.

The rules are the job's own, and the planner follows them in code of its own: a relief is made of what the steps with a
number of passes take off and of whole rounds of the rough step, counted where the mark's outline is steepest; with
zones, every place gets at least the rough passes that its own slope needs, and no more than the steps between zones.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.frames import mirrored_xy
from engrave.job import Job
from engrave.layout import Places
from toolpaths.laser.ablation import log_fluence, pass_depth_um
from toolpaths.laser.recipe import NONE, Step
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Surface lowered by less than this still belongs to the crest.
CREST_LEVEL_UM = 1.0
# How far about a land its crest is looked for.
SEARCH_UM = 8.0
# Halvings of a crater's radius until the rise of a wall is known to a nanometre.
_HALVINGS = 16
# Along a kerf the growth of passes may itself grow by this.
_GROWTH = 1.5


def expected_cycles(job: Job, *, tip: Surface, places: Places) -> int:
    """Whole rounds of the rough step that the job's relief takes where the mark's outline is steepest.

    Raises InputError where the mark goes beyond the tip, where the beam removes nothing, or where the other steps leave
    nothing to remove.
    """
    cosine, place_um = steepest(job, tip=tip, places=places)
    one_um = float(_pass_um(job, job.laser.value.rough, np.array(cosine)))
    if one_um <= 0:
        raise InputError(
            f"job {job.name!r}: process {job.process.name!r}: the beam removes nothing "
            f"{np.hypot(*place_um):.0f} um from the axis: its fluence there is below the threshold; raise "
            "the pulse energy or choose another process"
        )
    left_um = job.relief_um - float(_fixed_um(job, np.array(cosine)))
    if left_um <= 0:
        raise InputError(
            f"job {job.name!r}: process {job.process.name!r}: the steps with a number of passes leave nothing of the "
            f"relief, {job.relief_um:g} um, to the rough step; give them fewer passes"
        )
    return int(np.ceil(left_um / (one_um * job.laser.value.rough.rounds)))


def steepest(job: Job, *, tip: Surface, places: Places) -> tuple[float, FloatArray]:
    """The least cosine along the mark's outline, and where it is. Raises InputError beyond the tip."""
    outline_um = mirrored_xy(places.outline_um())
    # A point on the boundary itself is drawn in by a billionth, so that it has a slope.
    cosines = tip.normal_cosine(*(outline_um * (1 - 1e-9)).T)
    if not np.all(np.isfinite(cosines)):
        x_um, y_um = outline_um[np.flatnonzero(~np.isfinite(cosines))[0]].tolist()
        raise InputError(
            f"job {job.name!r}: the mark goes beyond the tip's boundary at ({x_um:.0f}, {y_um:.0f}) um of the pin frame"
        )
    index = int(np.argmin(cosines))
    return float(cosines[index]), outline_um[index]


def _pass_um(job: Job, step: Step, cosine: FloatArray) -> FloatArray:
    """Depth of one pass of a step in the open floor, for a feed that does not slow down on the slope."""
    recipe = job.laser.value
    if not step.angles_rad:
        return np.zeros_like(cosine)
    defocus_um = step.focus_step_um / 2 if step.focus_step_um else job.relief_um / 2
    return pass_depth_um(recipe.process_of(step), recipe.beam_of(step), cosine=cosine, defocus_um=defocus_um)


def _fixed_um(job: Job, cosine: FloatArray) -> FloatArray:
    """What the steps with a number of passes take off together."""
    depth_um: FloatArray = np.zeros_like(cosine)
    for step in job.laser.value.fixed:
        depth_um = depth_um + step.passes * len(step.angles_rad) * _pass_um(job, step, cosine)
    return depth_um


def _lingering(cosine: FloatArray) -> FloatArray:
    """A feed kept in space lingers on lines that rise: over all directions by a quarter of the squared slope."""
    longer: FloatArray = 1.0 + (1.0 / np.square(cosine) - 1.0) / 4.0
    return longer


def focus_band_um(job: Job) -> tuple[float, float]:
    """Height of the focus over the uncut tip, and how far it may lie from there: in the middle of the relief.

    Where it follows the floor, anywhere from the surface to one of its steps below the relief.
    """
    steps_um = [step.focus_step_um for step in job.laser.value.steps]
    follows_um = job.relief_um / 2 + max(steps_um) if max(steps_um) > 0 else 0.0
    return -job.relief_um / 2, job.limits.focus_um + follows_um


def cycle_depth_um(job: Job, cosine: FloatArray) -> FloatArray:
    """Depth of one round of the rough step in the open floor where the surface's normal has this cosine to the axis."""
    rough = job.laser.value.rough
    depth_um: FloatArray = rough.rounds * _lingering(cosine) * _pass_um(job, rough, cosine)
    return depth_um


def fixed_depth_um(job: Job, cosine: FloatArray) -> FloatArray:
    """Depth of all other steps there."""
    depth_um: FloatArray = _lingering(cosine) * _fixed_um(job, cosine)
    return depth_um


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Rounds of the rough step that places should get, about the middle of what the job allows: ``give`` either way."""

    middle: FloatArray
    give: FloatArray


def rounds_at(job: Job, *, cosine: FloatArray, steepest: float, cycles: int, pixel_um: float) -> Rounds:
    """Rounds of the rough step on the samples of a map, (rows, columns), of the cosines of its slope.

    Without zones all places get the same. With them a place gets the passes that its slope needs, up to as many more
    as lie between two borders of zones: those of one zone of as many as there may be, or of a zone a kerf wide. No
    place gets more than the steepest one of the mark.
    """
    recipe = job.laser.value
    if recipe.zones == 1:
        return Rounds(middle=np.full_like(cosine, cycles), give=np.zeros_like(cosine))
    level = np.maximum(cosine, steepest)
    pass_um = _lingering(level) * _pass_um(job, recipe.rough, level)
    needed = (job.relief_um - _lingering(level) * _fixed_um(job, level)) / pass_um
    least, most = float(np.nanmin(needed)), float(np.nanmax(needed))
    growing = np.nan_to_num(np.hypot(*np.gradient(needed, pixel_um))) * recipe.kerf_um * _GROWTH
    zone = np.maximum(growing, np.ceil((most - least) / (recipe.zones - 1))) + 1.0
    upper = np.minimum(needed + zone, np.ceil(most) + 1.0)
    return Rounds(middle=(upper + needed) / 2 / recipe.rough.rounds, give=(upper - needed) / 2 / recipe.rough.rounds)


def crater_radius_at(job: Job, *, cosine: float, step: Step | None = None) -> float:
    """Radius of the crater of one pulse on a slope, um: of a step, or of the rough one."""
    recipe = job.laser.value
    of = recipe.rough if step is None else step
    beam = recipe.beam_of(of)
    level = float(log_fluence(recipe.process_of(of), beam, cosine=cosine))
    return beam.spot_radius_um * math.sqrt(max(level, 0.0) / 2.0)


def _boundaries(job: Job, *, cycles: float) -> Iterator[tuple[Step, float]]:
    """Steps that follow the boundary, and how often; where none does, each as often as it ends a hatch there."""
    steps = job.laser.value.steps
    none = all(step.contour == NONE for step in steps)
    for step in steps:
        if none or step.contour != NONE:
            yield step, (cycles if step.passes == 0 else step.passes) * step.rounds


def _line(job: Job, step: Step) -> tuple[float, float]:
    """Of one line of a step: the factor of (r^2 - y^2)^(3/2) in its depth at a distance y, and r^2 on a level.

    One line cuts (8 d / (3 s w^2)) (r^2 - y^2)^(3/2), s between pulses, r its crater's radius.
    """
    recipe = job.laser.value
    spot_um, spacing_um = recipe.beam_of(step).spot_radius_um, step.feed_um_s / step.repetition_rate_hz
    factor = 8.0 * recipe.ablation.penetration_um / (3.0 * spacing_um * spot_um**2)
    return factor, crater_radius_at(job, cosine=1.0, step=step) ** 2


def contours_um(job: Job, *, cycles: float) -> float:
    """Depth of all contours together in their middle, on a level: they run on one line."""
    total_um = 0.0
    for step, times in _boundaries(job, cycles=cycles):
        if step.contour != NONE:
            factor, square = _line(job, step)
            total_um += times * factor * square**1.5
    return total_um


def rise_um(job: Job, *, cycles: float, cosine: float) -> float:
    """How far outside the edge of the cut its depth is still below the crest's level: the wall begins gently.

    The contours of all passes lie on one line; r is the crater's radius on the slope.
    """
    lines = [
        (times * _line(job, step)[0], crater_radius_at(job, cosine=cosine, step=step))
        for step, times in _boundaries(job, cycles=cycles)
    ]
    radius_um = max(edge_um for _, edge_um in lines)

    def depth_um(y_um: float) -> float:
        return math.fsum(factor * max(edge_um**2 - y_um**2, 0.0) ** 1.5 for factor, edge_um in lines)

    inner_um, outer_um = 0.0, radius_um
    for _ in range(_HALVINGS):
        middle_um = (inner_um + outer_um) / 2
        inner_um, outer_um = (middle_um, outer_um) if depth_um(middle_um) > CREST_LEVEL_UM else (inner_um, middle_um)
    return radius_um - (inner_um + outer_um) / 2
