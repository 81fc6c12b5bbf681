"""What the job's process should give, reckoned for the check: from the closed forms and the job, not from the planner.

The rule that a relief is made of whole cycles, counted at the mark's outermost radius, is the job's own; the planner
follows the same rule in code of its own.
"""

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point

from engrave.base.errors import InputError
from engrave.job import Job
from toolpaths.laser.ablation import log_fluence, pass_depth_um
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Surface lowered by less than this still belongs to the crest.
CREST_LEVEL_UM = 1.0
# How far about a land its crest is looked for.
SEARCH_UM = 8.0


def expected_cycles(job: Job, *, tip: Surface) -> int:
    """Whole cycles of all hatch angles that the job's relief takes at the outermost radius of the mark.

    Raises InputError where the beam removes nothing.
    """
    recipe = job.process.value
    outer_um = np.array(job.layout.tracks[-1].outer_um)
    cosine = tip.normal_cosine(outer_um, np.array(0.0))
    one_um = float(pass_depth_um(recipe.process, recipe.beam, cosine=cosine, defocus_um=job.relief_um / 2))
    if one_um <= 0:
        raise InputError(
            f"job {job.name!r}: process {job.process.name!r}: the beam removes nothing {float(outer_um):g} um from the "
            "axis: its fluence there is below the threshold; raise the pulse energy or choose another process"
        )
    return int(np.ceil(job.relief_um / (one_um * len(recipe.angles_rad))))


def cycle_depth_um(job: Job, cosine: FloatArray) -> FloatArray:
    """Depth of one cycle in the open floor where the surface's normal has this cosine to the axis.

    A feed kept in space lingers on lines that rise: over all directions by a quarter of the squared slope.
    """
    recipe = job.process.value
    lingering = 1.0 + (1.0 / np.square(cosine) - 1.0) / 4.0
    one_um = pass_depth_um(recipe.process, recipe.beam, cosine=cosine, defocus_um=job.relief_um / 2)
    depth_um: FloatArray = len(recipe.angles_rad) * lingering * one_um
    return depth_um


def crater_radius_at(job: Job, *, cosine: float) -> float:
    """Radius of the crater of one pulse on a slope, um."""
    recipe = job.process.value
    level = float(log_fluence(recipe.process, recipe.beam, cosine=cosine))
    return recipe.spot_radius_um * float(np.sqrt(max(level, 0.0) / 2.0))


def rise_um(job: Job, place: Point, *, tip: Surface) -> float:
    """How far outside the edge of the cut its depth is still below the crest's level: the wall begins gently.

    One line cuts (8 d / (3 s w^2)) (r^2 - y^2)^(3/2) at a distance y from its middle, s between pulses, r its crater's
    radius; the contours of all passes lie on one line.
    """
    recipe = job.process.value
    passes = expected_cycles(job, tip=tip) * len(recipe.angles_rad)
    from_axis_um = np.array(np.hypot(place.x, place.y))
    radius_um = crater_radius_at(job, cosine=float(tip.normal_cosine(from_axis_um, np.array(0.0))))
    spacing_um = recipe.feed_um_s / recipe.repetition_rate_hz
    line = 8.0 * recipe.ablation.penetration_um / (3.0 * spacing_um * recipe.spot_radius_um**2)
    square = (CREST_LEVEL_UM / (passes * line)) ** (2.0 / 3.0)
    return radius_um - float(np.sqrt(max(radius_um**2 - square, 0.0)))
