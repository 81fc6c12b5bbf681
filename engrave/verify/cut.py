"""Whether the tip is cut as the design asks: floors deep enough and no deeper, crests where they were drawn."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from engrave.job import Job
from engrave.layout import Engraving, Land
from engrave.verify.everywhere import compare_everywhere
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM, crater_radius_at, cycle_depth_um, expected_cycles, rise_um
from engrave.verify.window import covered_by
from toolpaths.findings import Finding, Severity
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]

# The floor is judged near the axis, where the slope changes its depth least, ...
_FLOOR_RADIUS_UM = 300.0
# ... and this many crater diameters away from any land, where no contour has passed.
_CLEARANCE_CRATERS = 1.05


def check_cut(cut: HeightMap, engraving: Engraving, job: Job, *, tip: Surface) -> tuple[Finding, ...]:
    """Every way in which the simulated tip departs from the design."""
    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    depth_um = tip.height_um(x_um, y_um) - cut.z_um
    return (
        *_floor(depth_um, x_um, y_um, engraving, job, tip=tip),
        *_crests(depth_um, cut, engraving.lands, job, tip=tip),
        *compare_everywhere(cut, depth_um, engraving, job, tip=tip),
    )


def _floor(
    depth_um: FloatArray, x_um: FloatArray, y_um: FloatArray, engraving: Engraving, job: Job, *, tip: Surface
) -> Iterator[Finding]:
    clearance_um = _CLEARANCE_CRATERS * 2 * crater_radius_at(job, cosine=1.0)
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
    cycle_um = cycle_depth_um(job, tip.normal_cosine(x_um[open_floor], y_um[open_floor]))
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
    off: list[tuple[float, Land]] = []
    for land in lands:
        begins_um = rise_um(job, land.outline.centroid, tip=tip)
        offset_um = (_crest_area_um2(depth_um, cut, land) - land.outline.area) / land.outline.length - begins_um
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


def _crest_area_um2(depth_um: FloatArray, cut: HeightMap, land: Land) -> float:
    """Area of untouched surface about a land."""
    rows, columns, near = covered_by(cut, land.outline.buffer(SEARCH_UM))
    return float(np.count_nonzero(near & (depth_um[rows, columns] < CREST_LEVEL_UM))) * cut.pixel_um**2
