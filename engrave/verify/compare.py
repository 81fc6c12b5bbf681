"""The reading against the mark, and depths against the job's limits. This is the one place where the two meet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engrave.code.mark import Mark
from engrave.job import Job
from engrave.layout import Layout, Places
from engrave.layout.places import RAISED, RECESSED
from engrave.reading import LOST, LandDepth, Reading
from toolpaths.findings import Finding, Severity

# A reading turned by more than this against its drawn direction is a wrong rotation (sectors are 5.6 degrees or more).
_ROTATION_RAD = np.radians(2.0)
# So is a mark further than this from the axis; the reader finds a centre to 0.4 um.
_PLACE_UM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How one land that the design has has printed, and the depth that the job asks of it."""

    place: str
    shows: str
    depth_um: float
    contrast: float
    printed_share: float
    edge_width_um: float
    limit_um: float


def compare_reading(reading: Reading, mark: Mark, places: Places) -> tuple[Finding, ...]:
    """Every respect in which the primer does not say, hard and uncorrected, what was intended."""
    if not reading.found:
        return (_wrong("R401", "no mark is found in the simulated impression", place="impression", remedy=_LOOK),)
    return (
        *_pose(reading, places.settings.polarity),
        *_place(reading),
        *_characters(reading, mark, places),
        *_ring(reading, mark, places),
        *_shapes(reading, mark, places),
    )


_LOOK = "look at the machine file and at impression.png"


def _wrong(number: str, message: str, *, place: str, remedy: str) -> Finding:
    return Finding(number=number, severity=Severity.ERROR, message=message, place=place, remedy=remedy)


def _pose(reading: Reading, polarity: str) -> Iterator[Finding]:
    if reading.mirrored:
        yield _wrong(
            "R402", "the mark reads mirrored", place="mark", remedy="the program cuts a mirrored file; mirror once"
        )
    if reading.inverted != is_recessed(polarity):
        message, remedy = _INVERTED[polarity]
        yield _wrong("R403", message, place="mark", remedy=remedy)
    turned_rad = float(np.angle(np.exp(1j * reading.rotation_rad)))
    if abs(turned_rad) > _ROTATION_RAD:
        yield Finding(
            number="R404",
            severity=Severity.ERROR,
            message="the mark is turned about the axis",
            place="mark",
            value=round(float(np.degrees(turned_rad)), 2),
            limit=round(float(np.degrees(_ROTATION_RAD)), 2),
            unit="deg",
            remedy="the program is not the one the job makes; make it again",
        )


_INVERTED = {
    RAISED: (
        "the mark reads inverted: lands are recessed or floors raised",
        "the program clears the lands instead of the field; make it again from the job",
    ),
    RECESSED: (
        "the mark reads inverted: its lands are to be recessed and are raised",
        "the program clears the field instead of the lands; make it again from the job",
    ),
}


def is_recessed(polarity: str) -> bool:
    """Whether the lands of such a tip print as heaps, which a reading calls inverted."""
    return polarity == RECESSED


def _place(reading: Reading) -> Iterator[Finding]:
    off_um = float(np.hypot(reading.x_um, reading.y_um))
    if off_um > _PLACE_UM:
        yield Finding(
            number="R410",
            severity=Severity.ERROR,
            message="the mark is off the axis",
            place="mark",
            value=round(off_um, 2),
            limit=_PLACE_UM,
            unit="um",
            remedy="the program is not the one the job makes, or it is shifted; make it again",
        )


def _characters(reading: Reading, mark: Mark, places: Places) -> Iterator[Finding]:
    for place, read, intended in zip(places.characters, reading.characters, mark.characters, strict=True):
        if read.character is None:
            yield _wrong("R405", f"character {intended!r} cannot be read", place=place.name, remedy=_LOOK)
        elif read.character != intended:
            yield _wrong(
                "R406",
                f"character {intended!r} reads as {read.character!r}",
                place=place.name,
                remedy="the program cuts another character, or damages this one; make it again",
            )


def _ring(reading: Reading, mark: Mark, places: Places) -> Iterator[Finding]:
    """One finding a track and kind, so that a lost track is one sentence and not forty-eight.

    Cells that have no place on the tip were never to be read.
    """
    for index, (track, present) in enumerate(zip(mark.ring, places.present(), strict=True)):
        intended = np.array([cell == "1" for cell in track], dtype=np.int8)
        read = reading.cells[index]
        for number, wrong, words in (
            ("R407", np.flatnonzero(present & (read == LOST)), "cannot be read"),
            ("R408", np.flatnonzero((read != LOST) & (read != intended)), "read otherwise than intended"),
        ):
            if wrong.size:
                sectors = ", ".join(map(str, wrong[:_MOST_LISTED].tolist()))
                more = f" and {wrong.size - _MOST_LISTED} more" if wrong.size > _MOST_LISTED else ""
                yield Finding(
                    number=number,
                    severity=Severity.ERROR,
                    message=f"{wrong.size} cells {words}: sectors {sectors}{more}",
                    place=f"ring track {index + 1}",
                    value=float(wrong.size),
                    limit=0.0,
                    unit="cells",
                    remedy="look for a ring that is turned, lost or beyond the patch",
                )


_MOST_LISTED = 8


def _shapes(reading: Reading, mark: Mark, places: Places) -> Iterator[Finding]:
    for place, read, intended in zip(places.shapes, reading.shapes, mark.shapes, strict=True):
        if read.shape is None:
            yield _wrong("R411", f"shape {intended!r} cannot be read", place=place.name, remedy=_LOOK)
        elif read.shape != intended:
            yield _wrong(
                "R412",
                f"shape {intended!r} reads as {read.shape!r}",
                place=place.name,
                remedy="the program cuts another shape, or turns or damages this one; make it again",
            )


def measured_lands(depths: Sequence[LandDepth], layout: Layout, job: Job) -> tuple[Measured, ...]:
    """Depths beside the job's limits, in the layout's order; shapes must be as deep as characters."""
    limits = [
        *[job.limits.character_depth_um] * len(layout.characters),
        *[job.limits.tooth_depth_um] * len(layout.teeth),
        *[job.limits.character_depth_um] * len(layout.shapes),
    ]
    return tuple(
        Measured(
            place=land.place,
            shows=land.shows,
            depth_um=depth.depth_um,
            contrast=depth.contrast,
            printed_share=depth.printed_share,
            edge_width_um=depth.edge_width_um,
            limit_um=limit_um,
        )
        for land, depth, limit_um in zip(layout.lands, depths, limits, strict=True)
    )


def check_depths(measured: Sequence[Measured], job: Job) -> Iterator[Finding]:
    """Lands that print too shallow, too faint, in part or blurred, each by name. What cannot be measured fails."""
    limits = job.limits
    for land in measured:
        if not land.depth_um >= land.limit_um:
            yield _poor(
                "S501",
                f"{land.shows!r} prints too shallow",
                land=land,
                value=land.depth_um,
                limit=land.limit_um,
                unit="um",
                remedy="raise the relief, or look at the floor's depth and the patch",
            )
        if not land.contrast >= limits.contrast:
            yield _poor(
                "S502",
                f"{land.shows!r} does not stand out from its surroundings",
                land=land,
                value=land.contrast,
                limit=limits.contrast,
                remedy="raise the relief, or look for a floor left uncut",
            )
        if not land.printed_share >= limits.printed_share:
            yield _poor(
                "S503",
                f"{land.shows!r} prints in part: less of it than allowed lies below half the relief",
                land=land,
                value=land.printed_share,
                limit=limits.printed_share,
                remedy="look for a land that is lowered or broken, or beyond the patch; thin the strokes around it",
            )
        if land.edge_width_um > limits.edge_width_um:
            yield _poor(
                "S504",
                f"the edges of {land.shows!r} are blurred",
                land=land,
                value=land.edge_width_um,
                limit=limits.edge_width_um,
                unit="um",
                remedy="look at the walls of the cut: spot, focus and contour",
            )


def _poor(
    number: str, message: str, *, land: Measured, value: float, limit: float, remedy: str, unit: str = ""
) -> Finding:
    return Finding(
        number=number,
        severity=Severity.ERROR,
        message=message,
        place=land.place,
        value=round(value, 2),
        limit=limit,
        unit=unit,
        remedy=remedy,
    )
