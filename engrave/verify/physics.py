"""What the job's process should give, reckoned for the check: from the closed forms and the job, not from the planner.

The rule that a relief is made of whole cycles, counted where the mark's outline is steepest, is the job's own; the
planner follows the same rule in code of its own.
"""

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.frames import mirrored_xy
from engrave.job import Job
from engrave.layout import Places
from toolpaths.laser.ablation import log_fluence, pass_depth_um
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Surface lowered by less than this still belongs to the crest.
CREST_LEVEL_UM = 1.0
# How far about a land its crest is looked for.
SEARCH_UM = 8.0


def expected_cycles(job: Job, *, tip: Surface, places: Places) -> int:
    """Whole cycles of all hatch angles that the job's relief takes where the mark's outline is steepest.

    Raises InputError where the mark goes beyond the tip, or where the beam removes nothing.
    """
    recipe = job.process.value
    outline_um = mirrored_xy(places.outline_um())
    # A point on the boundary itself is drawn in by a billionth, so that it has a slope.
    cosines = tip.normal_cosine(*(outline_um * (1 - 1e-9)).T)
    if not np.all(np.isfinite(cosines)):
        x_um, y_um = outline_um[np.flatnonzero(~np.isfinite(cosines))[0]].tolist()
        raise InputError(
            f"job {job.name!r}: the mark goes beyond the tip's boundary at ({x_um:.0f}, {y_um:.0f}) um of the pin frame"
        )
    steepest = int(np.argmin(cosines))
    one_um = float(pass_depth_um(recipe.process, recipe.beam, cosine=cosines[steepest], defocus_um=job.relief_um / 2))
    if one_um <= 0:
        raise InputError(
            f"job {job.name!r}: process {job.process.name!r}: the beam removes nothing "
            f"{np.hypot(*outline_um[steepest]):.0f} um from the axis: its fluence there is below the threshold; raise "
            "the pulse energy or choose another process"
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


def rise_um(job: Job, *, cycles: int, cosine: float) -> float:
    """How far outside the edge of the cut its depth is still below the crest's level: the wall begins gently.

    One line cuts (8 d / (3 s w^2)) (r^2 - y^2)^(3/2) at a distance y from its middle, s between pulses, r its crater's
    radius on the slope; the contours of all passes lie on one line.
    """
    recipe = job.process.value
    passes = cycles * len(recipe.angles_rad)
    radius_um = crater_radius_at(job, cosine=cosine)
    spacing_um = recipe.feed_um_s / recipe.repetition_rate_hz
    line = 8.0 * recipe.ablation.penetration_um / (3.0 * spacing_um * recipe.spot_radius_um**2)
    square = (CREST_LEVEL_UM / (passes * line)) ** (2.0 / 3.0)
    return radius_um - float(np.sqrt(max(radius_um**2 - square, 0.0)))
