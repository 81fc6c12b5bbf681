"""Whether the tip is cut as the design asks: floors deep enough and no deeper, crests where they were drawn."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.job import Job
from engrave.layout import Engraving, Land
from toolpaths.findings import Finding, Severity
from toolpaths.laser.ablation import log_fluence, pass_depth_um
from toolpaths.laser.recipe import Recipe
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]

# The floor is judged near the axis, where the slope changes its depth least, ...
_FLOOR_RADIUS_UM = 300.0
# ... and this many crater diameters away from any land, where no contour has passed.
_CLEARANCE_CRATERS = 1.05
# Surface lowered by less than this still belongs to the crest.
_CREST_LEVEL_UM = 1.0
# How far about a land its crest is looked for.
_SEARCH_UM = 8.0


def check_cut(cut: HeightMap, engraving: Engraving, job: Job, *, tip: Surface) -> tuple[Finding, ...]:
    """Every way in which the simulated tip departs from the design."""
    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    depth_um = tip.height_um(x_um, y_um) - cut.z_um
    return (
        *_floor(depth_um, x_um, y_um, engraving, job, tip=tip),
        *_crests(depth_um, cut, engraving.lands, job, tip=tip),
    )


def expected_cycles(job: Job, *, tip: Surface) -> int:
    """Whole cycles of all hatch angles that the job's relief takes at the outermost radius of the mark.

    Reckoned here from the physics and the job, whatever the planner did. Raises InputError where the beam removes
    nothing.
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


def _floor(
    depth_um: FloatArray, x_um: FloatArray, y_um: FloatArray, engraving: Engraving, job: Job, *, tip: Surface
) -> Iterator[Finding]:
    recipe = job.process.value
    clearance_um = _CLEARANCE_CRATERS * 2 * _crater_um(recipe, cosine=1.0)
    open_floor = (np.hypot(x_um, y_um) < _FLOOR_RADIUS_UM) & ~_covered(
        engraving.land().buffer(clearance_um), x_um, y_um
    )
    if not open_floor.any():
        yield Finding(
            number="C303",
            severity=Severity.WARNING,
            message="how deep the floor is cannot be judged: no part of it near the axis is clear of the lands",
            place="floor between the characters",
            remedy="set the characters further apart, or measure the floor on a first pin",
        )
        return
    cosine = tip.normal_cosine(x_um[open_floor], y_um[open_floor])
    # A feed kept in space lingers on lines that rise: over all directions by a quarter of the squared slope.
    lingering = 1.0 + (1.0 / np.square(cosine) - 1.0) / 4.0
    cycle_um = (
        len(recipe.angles_rad)
        * lingering
        * pass_depth_um(recipe.process, recipe.beam, cosine=cosine, defocus_um=job.relief_um / 2)
    )
    cycles = float(np.median(depth_um[open_floor] / cycle_um))
    wanted = expected_cycles(job, tip=tip)
    if not abs(cycles - wanted) <= 0.5:  # noqa: PLR2004 - half a cycle: one too few or too many is beyond it
        mean_um = float(np.median(cycle_um))
        deeper = cycles > wanted
        yield Finding(
            number="C301",
            severity=Severity.ERROR,
            message=f"the floor is {'deeper' if deeper else 'shallower'} than the job's passes should make it",
            place="floor between the characters",
            value=round(cycles * mean_um, 3),
            limit=round((wanted + (0.5 if deeper else -0.5)) * mean_um, 3),
            unit="um",
            remedy="look for a missing or repeated pass, and for another pulse energy, feed or focus than the job's",
        )


def _covered(geometry: shapely.Geometry, x_um: FloatArray, y_um: FloatArray) -> NDArray[np.bool_]:
    shapely.prepare(geometry)
    near = np.hypot(x_um, y_um) < _FLOOR_RADIUS_UM
    covered = np.zeros(x_um.shape, dtype=bool)
    covered[near] = shapely.contains_xy(geometry, x_um[near], y_um[near])
    return covered


def _crests(
    depth_um: FloatArray, cut: HeightMap, lands: Sequence[Land], job: Job, *, tip: Surface
) -> Iterator[Finding]:
    """Mean distance of each crest's outline from the drawn one, outwards positive."""
    passes = expected_cycles(job, tip=tip) * len(job.process.value.angles_rad)
    off: list[tuple[float, Land]] = []
    for land in lands:
        area_um2, radius_um = _crest_area(depth_um, cut, land)
        rise_um = _rise_um(job.process.value, passes, cosine=float(tip.normal_cosine(radius_um, np.array(0.0))))
        offset_um = (area_um2 - land.outline.area) / land.outline.length - rise_um
        if not abs(offset_um) <= job.limits.crest_um:
            off.append((offset_um, land))
    for offset_um, land in off:
        yield Finding(
            number="C302",
            severity=Severity.ERROR,
            message=f"the crest of {land.shows!r} is {'wide' if offset_um > 0 else 'narrow'} on each side",
            place=land.place,
            value=round(offset_um, 3),
            limit=float(np.copysign(job.limits.crest_um, offset_um)),
            unit="um",
            remedy="compare the planner's kerf with the width the process cuts, and the program's mark with mark.json",
        )


def _crest_area(depth_um: FloatArray, cut: HeightMap, land: Land) -> tuple[float, FloatArray]:
    """Area of untouched surface about a land, um2, and the land's distance from the axis."""
    searched = land.outline.buffer(_SEARCH_UM)
    left, low, right, high = searched.bounds
    columns = _window(left, right, cut.x0_um, cut.pixel_um, cut.z_um.shape[1])
    rows = _window(low, high, cut.y0_um, cut.pixel_um, cut.z_um.shape[0])
    x_um, y_um = np.meshgrid(cut.x_um()[columns], cut.y_um()[rows])
    crest = (depth_um[rows, columns] < _CREST_LEVEL_UM) & shapely.contains_xy(searched, x_um, y_um)
    centre = land.outline.centroid
    return float(crest.sum()) * cut.pixel_um**2, np.array(np.hypot(centre.x, centre.y))


def _window(low_um: float, high_um: float, origin_um: float, pixel_um: float, count: int) -> slice:
    first = int(np.clip(np.floor((low_um - origin_um) / pixel_um), 0, count))
    last = int(np.clip(np.ceil((high_um - origin_um) / pixel_um) + 1, 0, count))
    return slice(first, last)


def _crater_um(recipe: Recipe, *, cosine: float) -> float:
    level = float(log_fluence(recipe.process, recipe.beam, cosine=cosine))
    return recipe.spot_radius_um * float(np.sqrt(max(level, 0.0) / 2.0))


def _rise_um(recipe: Recipe, passes: int, *, cosine: float) -> float:
    """How far outside the edge of the cut its depth is still below the crest's level: the wall begins gently.

    One line cuts (8 d / (3 s w^2)) (r^2 - y^2)^(3/2) at a distance y from its middle, s between pulses, r its crater's
    radius; the contours of all passes lie on one line.
    """
    radius_um = _crater_um(recipe, cosine=cosine)
    spacing_um = recipe.feed_um_s / recipe.repetition_rate_hz
    line = 8.0 * recipe.ablation.penetration_um / (3.0 * spacing_um * recipe.spot_radius_um**2)
    square = (_CREST_LEVEL_UM / (passes * line)) ** (2.0 / 3.0)
    return radius_um - float(np.sqrt(max(radius_um**2 - square, 0.0)))
