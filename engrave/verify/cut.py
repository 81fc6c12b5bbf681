"""Whether the tip is cut as the design asks: floors deep enough and no deeper, crests where they were drawn."""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from engrave.job import Job
from engrave.layout import Engraving, Land, Places
from engrave.layout.places import RECESSED
from engrave.verify.design import Design, Sampled, design_of, floor_of, sampled, samples_within
from engrave.verify.everywhere import compare_everywhere
from engrave.verify.grooves import check_grooves
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM
from engrave.verify.window import covered_by
from toolpaths.findings import Finding, Severity
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]

# The floor is judged near the axis, where the slope changes its depth least, ...
_FLOOR_RADIUS_UM = 300.0
# ... and this many crater diameters away from any land or the field's end, where no contour has passed.
_CLEARANCE_CRATERS = 1.05


def check_cut(cut: HeightMap, engraving: Engraving, job: Job, *, tip: Surface, places: Places) -> tuple[Finding, ...]:
    """Every way in which the simulated tip departs from the design. Raises InputError as ``design_of`` does."""
    design = design_of(engraving, job, tip=tip, places=places)
    compared = sampled(cut, engraving, tip=tip)
    if engraving.polarity == RECESSED:
        return tuple(check_grooves(compared, design))
    return (*_floor(compared, design), *_crests(compared, design), *compare_everywhere(compared, design))


def _floor(compared: Sampled, design: Design) -> Iterator[Finding]:
    open_floor = _open_floor(compared, design)
    if not open_floor.any():
        yield Finding(
            number="C303",
            severity=Severity.WARNING,
            message="how deep the floor is cannot be judged: no part of it near the axis is clear of the lands",
            place="floor between the characters",
            remedy="set the characters further apart, or measure the floor on a first pin",
        )
        return
    wanted = floor_of(compared, design)
    depth_um, wanted_um = compared.depth_um[open_floor], wanted.depth_um[open_floor]
    cycles = float(np.median((depth_um - wanted_um) / wanted.cycle_um[open_floor]))
    # Half a cycle: one too few or too many is beyond it. Zones are counted in passes.
    recipe = design.job.laser.value
    counted = 1 if recipe.zones == 1 else recipe.rough.rounds
    allowed = 0.5 / counted + float(np.median(wanted.rounds.give[open_floor]))
    if not abs(cycles) <= allowed:
        middle_um, cycle_um = float(np.median(wanted_um)), float(np.median(wanted.cycle_um[open_floor]))
        deeper = cycles > 0
        yield Finding(
            number="C301",
            severity=Severity.ERROR,
            message=f"the floor is {'deeper' if deeper else 'shallower'} than the job's passes should make it",
            place="floor between the characters",
            value=round(middle_um + cycles * cycle_um, 3),
            limit=round(middle_um + (allowed if deeper else -allowed) * cycle_um, 3),
            unit="um",
            remedy="look for a missing or repeated pass, and for another pulse energy, feed or focus than the job's",
        )


def _open_floor(compared: Sampled, design: Design) -> NDArray[np.bool_]:
    """Samples near the axis where nothing but hatches has passed."""
    clearance_um = _CLEARANCE_CRATERS * 2 * design.crater_um
    near = np.hypot(*compared.xy_um()) < _FLOOR_RADIUS_UM
    near &= samples_within(compared.cut, design.engraving.field.buffer(-clearance_um))
    kept_clear = design.engraving.land().buffer(clearance_um)
    shapely.prepare(kept_clear)
    x_um, y_um = (values[near] for values in compared.xy_um())
    near[near] = ~shapely.contains_xy(kept_clear, x_um, y_um)
    return near


def _crests(compared: Sampled, design: Design) -> Iterator[Finding]:
    """Mean distance of each crest's outline from the drawn one, outwards positive."""
    limit_um = design.job.limits.crest_um
    for land in design.engraving.lands:
        begins_um = design.rise_um(land.outline.centroid)
        offset_um = (_crest_area_um2(compared, land) - land.outline.area) / land.outline.length - begins_um
        if not abs(offset_um) <= limit_um:
            yield Finding(
                number="C302",
                severity=Severity.ERROR,
                message=f"the crest of {land.shows!r} is {'wide' if offset_um > 0 else 'narrow'} on each side",
                place=land.place,
                value=round(offset_um, 3),
                limit=float(np.copysign(limit_um, offset_um)),
                unit="um",
                remedy="compare the planner's kerf with the width the process cuts, and the program's mark with "
                "mark.json",
            )


def _crest_area_um2(compared: Sampled, land: Land) -> float:
    """Area of untouched surface about a land."""
    rows, columns, near = covered_by(compared.cut, land.outline.buffer(SEARCH_UM))
    return float(np.count_nonzero(near & (compared.depth_um[rows, columns] < CREST_LEVEL_UM))) * compared.pixel_um**2
