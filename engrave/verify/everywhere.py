"""The simulated tip against the design, place by place: what a mean over a land or over the floor cannot see.

Judged apart: floor clear of the lands (deep enough everywhere, and not too deep), the cores of the lands (untouched),
the outlines of the lands (in their place, not only of the right size), and the foot of the walls (every contour run).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engrave.verify.design import Design, Floor, Sampled, floor_of, samples_within
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM, contours_um, cycle_depth_um, fixed_depth_um
from engrave.verify.window import covered_by
from toolpaths.findings import Finding, Severity
from toolpaths.laser.recipe import NONE

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Inside the mark floor may depart from its depth by this share at any one place: sound cuts stay within 0.036 of it,
# the ripple of their hatch, where the tip's cosine is 0.8 or more. Below it the closed form is more and more too deep,
# by 0.08 at 0.66 and 0.2 at 0.51 (a sphere of 0.8 mm), and as much more is allowed.
_MARK_SHARE = 0.06
_STEEP_COSINE, _SHARE_BY_COSINE = 0.8, 0.6
# Outside the mark it only has to stay well below the land.
_FIELD_SHARE = 0.40
# What departs is reported from this area on: a square of two pixels a side is noise of the sampling.
_LEAST_AREA_UM2 = 25.0
# The core of a land lies this far inside its outline, beyond what one pixel can blur.
CORE_UM = 3.0
# Floor begins this many crater radii from a land, where no contour has passed.
_CLEAR_RADII = 2.15
# The contours run one crater radius from the land; the floor there is judged in a band of this half width.
BAND_UM = 1.0
# Mean depth under the contours may depart from what hatch and contours give together by this share.
_WALL_SHARE = 0.10


def compare_everywhere(compared: Sampled, design: Design) -> Iterator[Finding]:
    """Every place where the cut departs from the design."""
    cosine = design.tip.normal_cosine(*compared.xy_um())
    wanted = floor_of(compared, design)
    yield from _floor(compared, wanted, cosine, design)
    yield from _cores(compared, design)
    yield from _outlines(compared, design)
    yield from _walls(compared, wanted, design)


def _floor(compared: Sampled, wanted: Floor, cosine: FloatArray, design: Design) -> Iterator[Finding]:
    expected_um = wanted.depth_um
    field = design.engraving.field.buffer(-2 * design.crater_um)
    clear = (compared.outside_um > _CLEAR_RADII * design.crater_um) & samples_within(compared.cut, field)
    share = compared.depth_um[clear] / expected_um[clear]
    in_mark = _MARK_SHARE + _SHARE_BY_COSINE * np.maximum(_STEEP_COSINE - cosine[clear], 0.0)
    within = samples_within(compared.cut, design.outline)[clear]
    allowed = np.where(within, np.minimum(in_mark, _FIELD_SHARE), _FIELD_SHARE)
    allowed = allowed + wanted.give_um[clear] / expected_um[clear]
    for number, wrong, message in (
        ("C304", ~(share >= 1 - allowed), "floor stands too high: part of the field is not cleared to its depth"),
        ("C307", share > 1 + allowed, "floor is cut too deep"),
    ):
        where = clear.copy()
        where[clear] = wrong
        yield from patch(compared, expected_um, where, number=number, message=message)


def patch(
    compared: Sampled, expected_um: FloatArray, wrong: BoolArray, *, number: str, message: str
) -> Iterator[Finding]:
    """One finding for all wrong floor: where it departs most, how much of it there is."""
    area_um2 = float(np.count_nonzero(wrong)) * compared.pixel_um**2
    if area_um2 < _LEAST_AREA_UM2:
        return
    radius_um = np.hypot(*compared.xy_um())[wrong]
    depth_um, wanted_um = compared.depth_um[wrong], expected_um[wrong]
    worst = int(np.argmax(np.abs(depth_um - wanted_um)))
    yield Finding(
        number=number,
        severity=Severity.ERROR,
        message=f"{message} ({area_um2:.0f} um2)",
        place=f"floor between r = {radius_um.min():.0f} and {radius_um.max():.0f} um",
        value=round(float(depth_um[worst]), 3),
        limit=round(float(wanted_um[worst]), 3),
        unit="um",
        remedy="look for a pass that is missing, cut short or repeated there, and for land that the mark does not have",
    )


def _cores(compared: Sampled, design: Design) -> Iterator[Finding]:
    """Lands that were cut into."""
    cut_into = (compared.inside_um >= CORE_UM) & ~(compared.depth_um <= CREST_LEVEL_UM)
    for index in np.unique(compared.owner[cut_into]).tolist():
        land = design.engraving.lands[index]
        depths_um = compared.depth_um[cut_into & (compared.owner == index)]
        yield Finding(
            number="C305",
            severity=Severity.ERROR,
            message=f"{land.shows!r} is cut into, {len(depths_um)} samples of its crest",
            place=land.place,
            value=round(float(np.max(depths_um)), 3),
            limit=CREST_LEVEL_UM,
            unit="um",
            remedy="look for a lit move over the land, and compare the program's mark with mark.json",
        )


def _outlines(compared: Sampled, design: Design) -> Iterator[Finding]:
    """Lands whose crest lies elsewhere than drawn: area in one of the two and not in both, for each um of outline."""
    limit_um = design.job.limits.crest_um
    for land in design.engraving.lands:
        rows, columns, near = covered_by(compared.cut, land.outline.buffer(SEARCH_UM))
        drawn = compared.inside_um[rows, columns] > 0
        crest = compared.depth_um[rows, columns] < CREST_LEVEL_UM
        apart_um2 = float(np.count_nonzero(near & (drawn != crest))) * compared.pixel_um**2
        off_um = apart_um2 / land.outline.length - design.rise_um(land.outline.centroid)
        if off_um > limit_um:
            yield Finding(
                number="C306",
                severity=Severity.ERROR,
                message=f"the crest of {land.shows!r} lies elsewhere than drawn",
                place=land.place,
                value=round(off_um, 3),
                limit=limit_um,
                unit="um",
                remedy="compare the program's mark with mark.json, and look for a shift, a turn or a change of scale",
            )


def _walls(compared: Sampled, wanted: Floor, design: Design) -> Iterator[Finding]:
    """The floor under the contours: half from the hatches that end there, the rest from the contours themselves."""
    recipe = design.job.laser.value
    if all(step.contour == NONE for step in recipe.steps):
        return
    band = (np.abs(compared.outside_um - design.crater_um) < BAND_UM) & (compared.owner < 0)
    if not band.any():
        return
    cycles = float(np.median(wanted.rounds.middle[band]))
    level = np.ones(1)
    floor_um = float((cycles * cycle_depth_um(design.job, level) + fixed_depth_um(design.job, level))[0])
    share = 0.5 + contours_um(design.job, cycles=cycles) / floor_um
    found = float(np.median(compared.depth_um[band] / wanted.depth_um[band]))
    if not abs(found / share - 1) <= _WALL_SHARE:
        yield Finding(
            number="C308",
            severity=Severity.ERROR,
            message="the foot of the walls is not as deep as hatch and contours make it together",
            place="along the outlines of the lands",
            value=round(found, 3),
            limit=round(share * (1 + float(np.copysign(_WALL_SHARE, found - share))), 3),
            unit="of the floor",
            remedy="look for a contour that is missing or run too often",
        )
