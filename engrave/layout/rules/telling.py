"""Telling: what whoever makes and reads the pin should know, and what the design rests on."""

from collections.abc import Iterator
from math import degrees

from engrave.layout.rules.subject import Subject
from toolpaths.findings import Finding, Severity

# Figures of how a pin sits in the machine, not of its form.
_SEAT = {"runout", "clocking_tolerance"}


def _unmeasured(subject: Subject) -> Iterator[Finding]:
    keys = sorted(set(subject.grounds.tip_priors) - _SEAT)
    if keys:
        are = "is a prior" if len(keys) == 1 else "are priors"
        yield Finding(
            number="L123",
            severity=Severity.WARNING,
            message=f"the tip was not measured: {', '.join(keys)} {are}",
            place="pin",
            value=float(len(keys)),
            limit=0.0,
            remedy="measure the pin, and state its figures with their source in a profile of your own",
        )


def _polarity(subject: Subject) -> Iterator[Finding]:
    standing, shown = ("sunk into the face", "raised") if subject.recessed else ("raised on the face", "sunk")
    yield Finding(
        number="L124",
        severity=Severity.INFO,
        message=f"the mark is {standing} and cut as a mirror image: seen from in front of the tip the rows run from "
        f"right to left; in the primer they stand {shown} and read from left to right. The relief, "
        f"{subject.grounds.relief_um:g} um, is measured {subject.along}",
        place="mark",
    )


def _clocking(subject: Subject) -> Iterator[Finding]:
    datum, tolerance_rad = subject.grounds.clocking_datum, subject.grounds.clocking_tolerance_rad
    if datum is None:
        told = (
            "the pin states no clocking datum: how the mark lies about the axis is free, on the pin and in the primer"
        )
    else:
        within = "" if tolerance_rad is None else f", within {degrees(tolerance_rad):.2g} degrees"
        told = f"the mark is clocked to the pin's datum, {datum}{within}"
    yield Finding(number="L126", severity=Severity.INFO, message=told, place="pin")


RULES = (_unmeasured, _polarity, _clocking)
