"""Sizes: stroke, height, relief, and how they stand to one another."""

from collections.abc import Iterator
from math import atan, degrees

from engrave.layout.rules.gaps import Gap, gaps_of
from engrave.layout.rules.subject import AXIS, Subject
from toolpaths.findings import Finding, Severity

# Characters below this height were told apart too rarely under the damage model (.87 at 150 um, .70 at 125 um).
LEAST_HEIGHT_UM = 150.0
# Width of a stroke at half relief: thinner does not survive wear, thicker does not let the primer fill.
LEAST_STROKE_UM, MOST_STROKE_UM = 15.0, 25.0
# A stroke is at most this share of the height, else counters close.
MOST_STROKE_SHARE = 1.0 / 6.0
# Relief with enough contrast under stress (15), and the usual one (20).
LEAST_RELIEF_UM, USUAL_RELIEF_UM = 15.0, 20.0
# What stands is at most so many times as high as it is wide at half relief, else a drag breaks it (prior), ...
MOST_LAND_ASPECT = 1.5
# ... and what is cut at most so many times as deep as wide, else walls shade the beam or flushing fails, and metal does
# not follow (prior).
MOST_GAP_ASPECT = 2.0
# What an examiner's stereo microscope reaches at the least (California's legacy test), seen from the usual distance.
MAGNIFICATION, VIEWING_UM = 60.0, 250_000.0
# Characters seen under 20 to 22 minutes of arc are preferred for reading (NUREG-0700 rev. 2, 1.3.1-4; ISO 9241-3).
LEAST_ARCMIN = 20.0
_ARCMIN_A_DEGREE = 60.0


def _stroke(subject: Subject) -> Iterator[Finding]:
    for name, crest_um in subject.widths_um:
        half_um = subject.at_half_relief_um(crest_um)
        # A groove may be wide: the wider, the better metal flows into it.
        if half_um >= LEAST_STROKE_UM and (half_um <= MOST_STROKE_UM or subject.recessed):
            continue
        limit_um = LEAST_STROKE_UM if half_um < LEAST_STROKE_UM else MOST_STROKE_UM
        crest_wanted_um = limit_um + crest_um - half_um
        yield Finding(
            number="L101",
            severity=Severity.WARNING,
            message="the stroke at half relief is outside the range that prints and wears well",
            place=name,
            value=round(half_um, 3),
            limit=limit_um,
            unit="um",
            remedy=f"make the crest {crest_wanted_um:.1f} um wide"
            if crest_wanted_um > 0
            else f"use {subject.grounds.finer}",
        )


def _height(subject: Subject) -> Iterator[Finding]:
    for name, height_um, key in _heights_um(subject):
        if height_um < LEAST_HEIGHT_UM:
            yield Finding(
                number="L102",
                severity=Severity.ERROR,
                message=f"{name} are too low to be told apart when damaged",
                place=name,
                value=height_um,
                limit=LEAST_HEIGHT_UM,
                unit="um",
                remedy=f"raise {key}, and the pitches with it",
            )
        stroke_um = subject.places.settings.stroke_um
        wide_um = max(stroke_um, subject.at_half_relief_um(stroke_um))
        if wide_um > MOST_STROKE_SHARE * height_um:
            yield Finding(
                number="L103",
                severity=Severity.ERROR,
                message="the stroke at its widest above half relief is too wide for the height: counters close",
                place=name,
                value=round(wide_um, 3),
                limit=round(MOST_STROKE_SHARE * height_um, 3),
                unit="um",
                remedy=f"thin layout.stroke or raise {key}",
            )


def _heights_um(subject: Subject) -> Iterator[tuple[str, float, str]]:
    settings = subject.places.settings
    yield "characters", settings.height_um, "layout.height"
    if subject.circle is not None and settings.shapes is not None:
        yield "shapes", settings.shapes.height_um, "layout.shapes.height"


def _relief(subject: Subject) -> Iterator[Finding]:
    relief_um = subject.grounds.relief_um
    if relief_um < USUAL_RELIEF_UM:
        enough = relief_um >= LEAST_RELIEF_UM
        yield Finding(
            number="L109",
            severity=Severity.WARNING,
            message=f"the relief {_both_ways(subject)} is shallow: contrast is lost under stress and wear"
            if enough
            else f"the relief {_both_ways(subject)} is below the least that prints under stress",
            place="relief",
            value=relief_um,
            limit=USUAL_RELIEF_UM if enough else LEAST_RELIEF_UM,
            unit="um",
            remedy="raise relief to 20um or more",
        )


def _both_ways(subject: Subject) -> str:
    """What the relief is measured along, and what it comes to along the other where the mark is steepest."""
    grounds, cosine = subject.grounds, subject.steepest_cosine
    if grounds.relief_along == AXIS:
        return f"along the axis (along the normal {grounds.relief_um * cosine:.1f} um at the steepest place)"
    return f"along the normal (along the axis {grounds.relief_um / cosine:.1f} um at the steepest place)"


def _aspect(subject: Subject) -> Iterator[Finding]:
    """Lands must not be slender nor gaps deep; of a recessed mark ridges are the lands and strokes the gaps."""
    strokes = [(name, subject.at_half_relief_um(crest_um)) for name, crest_um in subject.widths_um]
    between: list[Gap] = list(gaps_of(subject))
    gaps = [(gap.name, gap.width_um) for gap in between]
    lands, cuts = (gaps, strokes) if subject.recessed else (strokes, gaps)
    hindered = "flushing fails" if subject.grounds.recipe is None else "walls shade the beam"
    for found, most, words in (
        (lands, MOST_LAND_ASPECT, "stands high for its width at half relief: a drag may break it"),
        (cuts, MOST_GAP_ASPECT, f"is deep for its width: {hindered} and metal does not follow"),
    ):
        name, width_um = min(found, key=lambda entry: entry[1], default=("", 0.0))
        # What has no width at all is told by the rules for gaps and strokes.
        if width_um > 0 and subject.axial_relief_um > most * width_um:
            yield Finding(
                number="L115",
                severity=Severity.WARNING,
                message=f"the relief {subject.along} over the least width: what is there {words}",
                place=name,
                value=round(subject.axial_relief_um / width_um, 3),
                limit=most,
                remedy=f"widen it to {subject.axial_relief_um / most:.1f} um or more, or lower relief",
            )


def _apparent(subject: Subject) -> Iterator[Finding]:
    for name, height_um, key in _heights_um(subject):
        arcmin = _ARCMIN_A_DEGREE * degrees(atan(MAGNIFICATION * height_um / VIEWING_UM))
        if arcmin < LEAST_ARCMIN:
            yield Finding(
                number="L121",
                severity=Severity.WARNING,
                message=f"under a stereo microscope of {MAGNIFICATION:g} times they look smaller than print to read",
                place=name,
                value=round(arcmin, 2),
                limit=LEAST_ARCMIN,
                unit="arcmin",
                remedy=f"raise {key}",
            )


RULES = (_stroke, _height, _relief, _aspect, _apparent)
