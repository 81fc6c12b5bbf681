"""A simulated tip against a design whose lands are cut into the face: the crest is everything but the grooves.

Judged are: how many cycles the grooves are deep, each groove's floor at every place, the face beside the grooves
(untouched), each groove's width and place, and the depth under each groove's contours.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Land
from engrave.verify.design import Design, Sampled, rounds_of
from engrave.verify.everywhere import BAND_UM, CORE_UM, patch
from engrave.verify.ideal import groove_depth_um
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM
from engrave.verify.window import covered_by
from toolpaths.findings import Finding, Severity
from toolpaths.laser.recipe import NONE

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# The floor of a groove may depart from its depth by this share at any one place: its hatch is a few short lines. Sound
# cuts of 14 um strokes by craters of 12.1 um stay within 0.22 of it, ...
_FLOOR_SHARE = 0.25
# ... and the median of one groove under its contours within 0.10, of 13 um strokes within 0.14. One contour of three
# makes a quarter of the depth.
_CONTOUR_SHARE = 0.15


def check_grooves(compared: Sampled, design: Design) -> Iterator[Finding]:
    """Every way in which the grooves of a simulated tip depart from the design."""
    expected_um = groove_depth_um(compared.cut, design)
    yield from _cycles(compared, expected_um, design)
    yield from _floors(compared, expected_um)
    yield from _face(compared)
    for land in design.engraving.lands:
        yield from _outline(compared, land, design)
    yield from _contours(compared, expected_um, design)


def _cycles(compared: Sampled, expected_um: FloatArray, design: Design) -> Iterator[Finding]:
    """How many cycles the grooves are deep, by the median of all their samples between the walls."""
    judged = (compared.inside_um > design.crater_um - BAND_UM) & (expected_um > CREST_LEVEL_UM)
    if not judged.any():
        yield Finding(
            number="C303",
            severity=Severity.WARNING,
            message="how deep the grooves are cannot be judged: the beam should cut into none of them",
            place="grooves",
            remedy="widen the strokes, or take a finer spot",
        )
        return
    depth_um = float(np.median(expected_um[judged]))
    share = float(np.median(compared.depth_um[judged] / expected_um[judged]))
    rounds = rounds_of(compared.cut, design)
    allowed = float(np.median((0.5 + rounds.give[judged]) / rounds.middle[judged]))
    if not abs(share - 1) <= allowed:
        yield Finding(
            number="C301",
            severity=Severity.ERROR,
            message=f"the grooves are {'deeper' if share > 1 else 'shallower'} than the job's passes should make them",
            place="grooves",
            value=round(share * depth_um, 3),
            limit=round(depth_um * (1 + float(np.copysign(allowed, share - 1))), 3),
            unit="um",
            remedy="look for a missing or repeated pass, and for another pulse energy, feed or focus than the job's",
        )


def _floors(compared: Sampled, expected_um: FloatArray) -> Iterator[Finding]:
    core = (compared.inside_um >= CORE_UM) & (expected_um > CREST_LEVEL_UM)
    share = np.where(core, compared.depth_um, 1.0) / np.where(core, expected_um, 1.0)
    for number, wrong, message in (
        ("C304", ~(share >= 1 - _FLOOR_SHARE), "floor of a groove stands too high"),
        ("C307", share > 1 + _FLOOR_SHARE, "floor of a groove is cut too deep"),
    ):
        yield from patch(compared, expected_um, core & wrong, number=number, message=message)


def _face(compared: Sampled) -> Iterator[Finding]:
    """The face beside the grooves, cut into."""
    cut_into = (compared.outside_um >= CORE_UM) & (compared.depth_um > CREST_LEVEL_UM)
    if not cut_into.any():
        return
    depths_um = compared.depth_um[cut_into]
    worst = int(np.argmax(depths_um))
    x_um, y_um = (values[cut_into][worst] for values in compared.xy_um())
    yield Finding(
        number="C305",
        severity=Severity.ERROR,
        message=f"the face beside the grooves is cut into, {len(depths_um)} samples of it",
        place=f"face at ({x_um:.0f}, {y_um:.0f}) um of the pin frame",
        value=round(float(depths_um[worst]), 3),
        limit=CREST_LEVEL_UM,
        unit="um",
        remedy="look for a lit move beside the grooves, and compare the program's mark with mark.json",
    )


def _outline(compared: Sampled, land: Land, design: Design) -> Iterator[Finding]:
    """A groove's width, and its place: both by area for each um of its outline."""
    limit_um = design.job.limits.crest_um
    rows, columns, near = covered_by(compared.cut, land.outline.buffer(SEARCH_UM))
    drawn = compared.inside_um[rows, columns] > 0
    groove = compared.depth_um[rows, columns] >= CREST_LEVEL_UM
    length_um, pixel_um2 = land.outline.length, compared.pixel_um**2
    begins_um = design.rise_um(land.outline.centroid)
    wide_um = (np.count_nonzero(near & groove) * pixel_um2 - land.outline.area) / length_um + begins_um
    if not abs(wide_um) <= limit_um:
        yield Finding(
            number="C302",
            severity=Severity.ERROR,
            message=f"the groove of {land.shows!r} is {'wide' if wide_um > 0 else 'narrow'} on each side",
            place=land.place,
            value=round(wide_um, 3),
            limit=float(np.copysign(limit_um, wide_um)),
            unit="um",
            remedy="compare the planner's kerf with the width the process cuts, and the program's mark with mark.json",
        )
    off_um = np.count_nonzero(near & (drawn != groove)) * pixel_um2 / length_um - begins_um
    if off_um > limit_um:
        yield Finding(
            number="C306",
            severity=Severity.ERROR,
            message=f"the groove of {land.shows!r} lies elsewhere than drawn",
            place=land.place,
            value=round(off_um, 3),
            limit=limit_um,
            unit="um",
            remedy="compare the program's mark with mark.json, and look for a shift, a turn or a change of scale",
        )


def _contours(compared: Sampled, expected_um: FloatArray, design: Design) -> Iterator[Finding]:
    """The depth under each groove's contours, one crater's radius inside its outline."""
    if all(step.contour == NONE for step in design.job.laser.value.steps):
        return
    band = (np.abs(compared.inside_um - design.crater_um) < BAND_UM) & (expected_um > CREST_LEVEL_UM)
    shares = compared.depth_um[band] / expected_um[band]
    owners = compared.owner[band]
    for index in np.unique(owners).tolist():
        land = design.engraving.lands[index]
        found = float(np.median(shares[owners == index]))
        if not abs(found - 1) <= _CONTOUR_SHARE:
            yield Finding(
                number="C308",
                severity=Severity.ERROR,
                message=f"the groove of {land.shows!r} is not as deep as hatch and contours make it together",
                place=land.place,
                value=round(found, 3),
                limit=round(1 + float(np.copysign(_CONTOUR_SHARE, found - 1)), 3),
                unit="of its depth",
                remedy="look for a contour that is missing or run too often",
            )
