"""The simulated tip against the design, place by place: what a mean over a land or over the floor cannot see.

Judged apart: floor clear of the lands (deep enough everywhere, and not too deep), the cores of the lands (untouched),
the outlines of the lands (in their place, not only of the right size), and the foot of the walls (every contour run).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.job import Job
from engrave.layout import Engraving
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM, crater_radius_at, cycle_depth_um, expected_cycles, rise_um
from engrave.verify.window import covered_by
from toolpaths.findings import Finding, Severity
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Inside the mark floor may depart from its depth by this share at any one place: sound cuts stay within 0.035 of it,
# the ripple of their hatch. Outside it only has to stay well below the land; on the steep flank the closed form is up
# to a quarter too deep.
_MARK_SHARE = 0.06
_FIELD_SHARE = 0.40
# What departs is reported from this area on: a square of two pixels a side is noise of the sampling.
_LEAST_AREA_UM2 = 25.0
# The core of a land lies this far inside its outline, beyond what one pixel can blur.
_CORE_UM = 3.0
# Floor begins this many crater radii from a land, where no contour has passed.
_CLEAR_RADII = 2.15
# The contours run one crater radius from the land; the floor there is judged in a band of this half width.
_BAND_UM = 1.0
# Mean depth under the contours may depart from what hatch and contours give together by this share.
_WALL_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Sampled tip and design on one grid. ``owner`` is the index of the land a sample belongs to, -1 for floor."""

    pixel_um: float
    depth_um: FloatArray
    radius_um: FloatArray
    expected_um: FloatArray
    owner: NDArray[np.int16]
    outside_um: FloatArray
    inside_um: FloatArray


def compare_everywhere(
    cut: HeightMap, depth_um: FloatArray, engraving: Engraving, job: Job, *, tip: Surface
) -> Iterator[Finding]:
    """Every place where the cut departs from the design.

    depth_um : (rows, columns) of the cut, how far each sample lies below the tip as it was.
    """
    compared = _compared(cut, depth_um, engraving, job, tip=tip)
    yield from _floor(compared, engraving, job)
    yield from _cores(compared, engraving)
    yield from _outlines(compared, cut, engraving, job, tip=tip)
    yield from _walls(compared, job)


def _compared(cut: HeightMap, depth_um: FloatArray, engraving: Engraving, job: Job, *, tip: Surface) -> Compared:
    from scipy.ndimage import distance_transform_edt

    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    owner = np.full(cut.z_um.shape, -1, dtype=np.int16)
    for index, land in enumerate(engraving.lands):
        rows, columns, inside = covered_by(cut, land.outline)
        owner[rows, columns][inside] = index
    land_mask = owner >= 0
    return Compared(
        pixel_um=cut.pixel_um,
        depth_um=depth_um,
        radius_um=np.hypot(x_um, y_um),
        expected_um=expected_cycles(job, tip=tip) * cycle_depth_um(job, tip.normal_cosine(x_um, y_um)),
        owner=owner,
        outside_um=distance_transform_edt(~land_mask) * cut.pixel_um,
        inside_um=distance_transform_edt(land_mask) * cut.pixel_um,
    )


def _floor(compared: Compared, engraving: Engraving, job: Job) -> Iterator[Finding]:
    crater_um = crater_radius_at(job, cosine=1.0)
    clear = (compared.outside_um > _CLEAR_RADII * crater_um) & (
        compared.radius_um < engraving.field_radius_um - 2 * crater_um
    )
    share = compared.depth_um[clear] / compared.expected_um[clear]
    in_mark = compared.radius_um[clear] <= job.layout.tracks[-1].outer_um
    allowed = np.where(in_mark, _MARK_SHARE, _FIELD_SHARE)
    for number, wrong, message in (
        ("C304", ~(share >= 1 - allowed), "floor stands too high: part of the field is not cleared to its depth"),
        ("C307", share > 1 + allowed, "floor is cut too deep"),
    ):
        yield from _patch(compared, clear, wrong, number=number, message=message)


def _patch(compared: Compared, clear: BoolArray, wrong: BoolArray, *, number: str, message: str) -> Iterator[Finding]:
    """One finding for all wrong floor: where it departs most, how much of it there is."""
    radius_um, depth_um, expected_um = (
        values[clear][wrong] for values in (compared.radius_um, compared.depth_um, compared.expected_um)
    )
    area_um2 = float(wrong.sum()) * compared.pixel_um**2
    if area_um2 < _LEAST_AREA_UM2:
        return
    worst = int(np.argmax(np.abs(depth_um - expected_um)))
    yield Finding(
        number=number,
        severity=Severity.ERROR,
        message=f"{message} ({area_um2:.0f} um2)",
        place=f"floor between r = {radius_um.min():.0f} and {radius_um.max():.0f} um",
        value=round(float(depth_um[worst]), 3),
        limit=round(float(expected_um[worst]), 3),
        unit="um",
        remedy="look for a pass that is missing, cut short or repeated there, and for land that the mark does not have",
    )


def _cores(compared: Compared, engraving: Engraving) -> Iterator[Finding]:
    """Lands that were cut into."""
    cut_into = (compared.inside_um >= _CORE_UM) & ~(compared.depth_um <= CREST_LEVEL_UM)
    for index in np.unique(compared.owner[cut_into]).tolist():
        land = engraving.lands[index]
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


def _outlines(compared: Compared, cut: HeightMap, engraving: Engraving, job: Job, *, tip: Surface) -> Iterator[Finding]:
    """Lands whose crest lies elsewhere than drawn: area in one of the two and not in both, for each um of outline."""
    for land in engraving.lands:
        searched = land.outline.buffer(SEARCH_UM)
        rows, columns, near = covered_by(cut, searched)
        drawn = compared.inside_um[rows, columns] > 0
        crest = compared.depth_um[rows, columns] < CREST_LEVEL_UM
        apart_um2 = float(np.count_nonzero(near & (drawn != crest))) * cut.pixel_um**2
        off_um = apart_um2 / land.outline.length - rise_um(job, land.outline.centroid, tip=tip)
        if off_um > job.limits.crest_um:
            yield Finding(
                number="C306",
                severity=Severity.ERROR,
                message=f"the crest of {land.shows!r} lies elsewhere than drawn",
                place=land.place,
                value=round(off_um, 3),
                limit=job.limits.crest_um,
                unit="um",
                remedy="compare the program's mark with mark.json, and look for a shift, a turn or a change of scale",
            )


def _walls(compared: Compared, job: Job) -> Iterator[Finding]:
    """The floor under the contours: half from the hatch that ends there, the rest from the contours themselves."""
    recipe = job.process.value
    if not recipe.contour:
        return
    crater_um = crater_radius_at(job, cosine=1.0)
    band = (np.abs(compared.outside_um - crater_um) < _BAND_UM) & (compared.owner < 0)
    if not band.any():
        return
    # A line's volume over its greatest depth is 3 pi / 8 of the crater's radius; lines lie a hatch pitch apart.
    wanted = 0.5 + recipe.hatch_um / (3.0 * np.pi / 8.0 * crater_um)
    found = float(np.median(compared.depth_um[band] / compared.expected_um[band]))
    if not abs(found / wanted - 1) <= _WALL_SHARE:
        yield Finding(
            number="C308",
            severity=Severity.ERROR,
            message="the foot of the walls is not as deep as hatch and contours make it together",
            place="along the outlines of the lands",
            value=round(found, 3),
            limit=round(wanted * (1 + float(np.copysign(_WALL_SHARE, found - wanted))), 3),
            unit="of the floor",
            remedy="look for a contour that is missing or run too often",
        )
