"""Figures against limits with the uncertainty of measuring (ISO 14253-1), and what there is to say of a measured pin.

I601 depth; I602 a land is missing; I603 material stands up; I604 width; I605 a land is broken; I606 material is
missing; I607 within the uncertainty, not decided; I608 too little measured; I609 another pin; I610 no pin can be named;
I611 the scan does not lie on the design; I612 no uncertainty given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import raise_faults
from engrave.inspect.measure import Measured, Patch
from toolpaths.findings import Finding, Severity

FloatArray = NDArray[np.float64]

COVERAGE = 2.0
"""k of the expanded uncertainty: about 95 % of a normal distribution."""
MISSING_SHARE = 0.3
"""A land of less than this share of its designed depth is missing."""
LEAST_SEEN_SHARE = 0.3
"""A land of whose crest less than this was measured is not judged."""
UNREAD = frozenset({"R405", "R407", "R411"})
"""What cannot be read in a scan may lie in a hole of it: that alone decides nothing."""
_DECIMALS = 3
# Of patches of one kind so many are told singly.
_MOST_TOLD = 20


class Verdict(StrEnum):
    """PASS: within the limits, the uncertainty taken off; FAIL: beyond them, the uncertainty added; else UNDECIDED."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a measured pin is held against; all of it is a prior until a maker says otherwise.

    depth_share : how far a depth may lie off its design, as a share of it. width_um : how much wider or narrower a land
    may be on each side. burr_um : how far material may stand up, or be missing. standing_share : how much of a land's
    crest must stand.
    """

    depth_share: float = 0.10
    width_um: float = 2.0
    burr_um: float = 3.0
    standing_share: float = 0.90

    def __post_init__(self) -> None:
        """Raise InputError with every limit that is none."""
        faults = []
        if not 0 < self.depth_share < 1 - MISSING_SHARE:
            most = f"{1 - MISSING_SHARE:.0%}"
            faults.append(f"--depth-tolerance: {self.depth_share:.4g}: give a share above 0 and below {most}, as 10%")
        for name, value in (("width", self.width_um), ("burr", self.burr_um)):
            if not (isfinite(value) and value > 0):
                faults.append(f"--{name}-tolerance: {value:g} um must be positive")
        if not 0 < self.standing_share <= 1:
            faults.append(f"standing share: {self.standing_share:g} must be above 0 and 1 at most")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Expanded uncertainty (k = 2) of depths and heights, and of widths; None where none is known. how : in words."""

    depth_um: float | None
    width_um: float | None
    how: str


NOT_GIVEN = Uncertainty(
    depth_um=None,
    width_um=None,
    how="none was given: the verdict takes every figure as exact; repeat the scan, or say what the gauge is worth",
)


def given_uncertainty(expanded_um: float) -> Uncertainty:
    """As somebody said."""
    return Uncertainty(depth_um=expanded_um, width_um=expanded_um, how="given, for depths, heights and widths alike")


def repeated_uncertainty(repeats: Sequence[Sequence[Measured]]) -> Uncertainty:
    """From scans of one pin, two at least, each with its lands: k times the spread of one scan, over all lands pooled.

    It is repeatability alone: what scans have in common, such as the scale of the instrument, is not in it.
    """
    depth_um, off_um = (
        _pooled(np.array([[getattr(land, name) for land in scan] for scan in repeats]))
        for name in ("depth_um", "off_um")
    )
    how = f"k = {COVERAGE:g} times the spread of {len(repeats)} scans, pooled over the lands: repeatability alone"
    return Uncertainty(depth_um=COVERAGE * depth_um, width_um=COVERAGE * off_um, how=how)


def _pooled(values: FloatArray) -> float:
    """Pooled standard deviation of (scans, lands), of the lands that every scan has."""
    known = values[:, np.isfinite(values).all(axis=0)]
    return float(np.sqrt(known.var(axis=0, ddof=1).mean())) if known.size else 0.0


def judged(value: float, low: float, high: float, uncertainty: float | None) -> Verdict:
    """A figure against limits by ISO 14253-1: proved within, proved beyond, or neither; without a figure neither."""
    give = uncertainty or 0.0
    if low + give <= value <= high - give:
        return Verdict.PASS
    return Verdict.FAIL if value < low - give or value > high + give else Verdict.UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLand:
    """A land with its limits and verdicts."""

    measured: Measured
    depth_limits_um: tuple[float, float]
    depth: Verdict
    width: Verdict

    @property
    def is_missing(self) -> bool:
        """There is next to no depth."""
        return self.measured.depth_um < MISSING_SHARE * self.measured.designed_depth_um


def judged_lands(lands: Sequence[Measured], limits: Limits, uncertainty: Uncertainty) -> tuple[JudgedLand, ...]:
    """Every land."""
    found = []
    for land in lands:
        low_um, high_um = ((1 + sign * limits.depth_share) * land.designed_depth_um for sign in (-1, 1))
        seen = land.seen_share >= LEAST_SEEN_SHARE
        width = judged(land.off_um, -limits.width_um, limits.width_um, uncertainty.width_um)
        depth = judged(land.depth_um, low_um, high_um, uncertainty.depth_um)
        found.append(
            JudgedLand(
                measured=land,
                depth_limits_um=(low_um, high_um),
                depth=depth if seen else Verdict.UNDECIDED,
                width=width if seen else Verdict.UNDECIDED,
            )
        )
    return tuple(found)


def land_findings(lands: Sequence[JudgedLand], limits: Limits) -> Iterator[Finding]:
    """What there is to say of lands, each by name."""
    for land in lands:
        measured = land.measured
        if measured.seen_share < LEAST_SEEN_SHARE or not isfinite(measured.depth_um):
            yield _said(
                "I608",
                Severity.WARNING,
                f"too little of {measured.shows!r} was measured to judge it",
                measured.place,
                figures=(measured.seen_share, LEAST_SEEN_SHARE, "of its crest"),
                remedy="measure it again there: another light, a finer lens, a clean tip",
            )
            continue
        if land.is_missing:
            yield _said(
                "I602",
                Severity.ERROR,
                f"{measured.shows!r} is missing: next to nothing stands where it should",
                measured.place,
                figures=(measured.depth_um, land.depth_limits_um[0], "um"),
                remedy="look at the pin under a microscope: it was not cut, is broken off, or is of another mark",
            )
            continue
        yield from _depth(land)
        yield from _width(land, limits)
        if measured.standing_share < limits.standing_share:
            yield _said(
                "I605",
                Severity.ERROR,
                f"{measured.shows!r} is broken: part of it does not stand",
                measured.place,
                figures=(measured.standing_share, limits.standing_share, "of its crest"),
                remedy="look at the pin under a microscope for chipped or worn lands",
            )


def _depth(land: JudgedLand) -> Iterator[Finding]:
    low_um, high_um = land.depth_limits_um
    shallow = land.measured.depth_um < (low_um + high_um) / 2
    if land.depth is not Verdict.PASS:
        yield _beyond(
            "I601",
            land.depth,
            f"{land.measured.shows!r} is cut too {'shallow' if shallow else 'deep'}",
            land.measured.place,
            figures=(land.measured.depth_um, low_um if shallow else high_um, "um"),
            remedy="look for passes missing or repeated, for energy and focus, and for wear of the crest",
        )


def _width(land: JudgedLand, limits: Limits) -> Iterator[Finding]:
    if land.width is not Verdict.PASS:
        off_um = land.measured.off_um
        yield _beyond(
            "I604",
            land.width,
            f"{land.measured.shows!r} is too {'wide' if off_um > 0 else 'narrow'} on each side, at half depth",
            land.measured.place,
            figures=(off_um, float(np.copysign(limits.width_um, off_um)), "um"),
            remedy="hold the width that the process cuts against the planner's kerf, and look at the walls",
        )


def patch_findings(
    patches: Sequence[Patch], lands: Sequence[JudgedLand], limits: Limits, uncertainty: Uncertainty
) -> Iterator[Finding]:
    """What stands up and what is missing, but for lands that are missing altogether."""
    told = {1: 0, -1: 0}
    missing = {land.measured.place for land in lands if land.is_missing}
    for patch in patches:
        if patch.place in missing and patch.ground == "land":
            continue
        sign = 1 if patch.height_um > 0 else -1
        verdict = judged(abs(patch.height_um), -np.inf, limits.burr_um, uncertainty.depth_um)
        if verdict is Verdict.PASS or told[sign] >= _MOST_TOLD:
            continue
        told[sign] += 1
        where = f"at ({patch.x_um:.0f}, {patch.y_um:.0f}) um of the pin frame, nearest to {patch.place or 'nothing'}"
        number, words, remedy = _PATCHES[sign]
        ground = "the face beside a land" if patch.ground == "wall" else f"the {patch.ground}"
        yield _beyond(
            number,
            verdict,
            f"{words[0]}{ground}{words[1]}, {patch.area_um2:.0f} um2 of it",
            where,
            figures=(patch.height_um, sign * limits.burr_um, "um"),
            remedy=remedy,
        )


_PATCHES = {
    1: (
        "I603",
        ("material stands over ", ": a burr, or dirt"),
        "clean the tip and measure again; what stays is a burr: look at it under a microscope",
    ),
    -1: (
        "I606",
        ("material is missing from ", ""),
        "look at the pin under a microscope: chipped, scratched, or cut into",
    ),
}


def undecided(findings: Sequence[Finding]) -> bool:
    """Whether something could not be decided."""
    return any(finding.number in {"I607", "I608", *UNREAD} for finding in findings)


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Of the whole pin."""
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Verdict.FAIL
    return Verdict.UNDECIDED if undecided(findings) else Verdict.PASS


def said_uncertainty(uncertainty: Uncertainty) -> Iterator[Finding]:
    """That none was given, where none was."""
    if uncertainty.depth_um is None:
        yield _said(
            "I612",
            Severity.INFO,
            "no uncertainty was given: figures are held against their limits as if they were exact",
            "verdict",
            figures=None,
            remedy="scan the pin again and give the scans with --repeat, or the gauge's worth with --uncertainty",
        )


def _beyond(
    number: str,
    verdict: Verdict,
    message: str,
    place: str,
    *,
    figures: tuple[float, float, str],
    remedy: str,
) -> Finding:
    """A finding where the limit is proved exceeded; the like of it as not decided where it is not."""
    if verdict is Verdict.FAIL:
        return _said(number, Severity.ERROR, message, place, figures=figures, remedy=remedy)
    return _said(
        "I607",
        Severity.WARNING,
        f"not decided within the uncertainty ({number}): {message}",
        place,
        figures=figures,
        remedy="measure with less uncertainty: more scans, a finer lens",
    )


def _said(
    number: str, severity: Severity, message: str, place: str, *, figures: tuple[float, float, str] | None, remedy: str
) -> Finding:
    value, limit, unit = figures or (None, None, "")
    return Finding(
        number=number,
        severity=severity,
        message=message,
        place=place,
        value=None if value is None or not isfinite(value) else round(value, _DECIMALS),
        limit=None if limit is None else round(limit, _DECIMALS),
        unit=unit,
        remedy=remedy,
    )
