"""What a caller gives, a job above all, and as much as can be told of it where it has faults.

A file with one fault is read on for the others: serials are held against its ranges, and its pin against the design
rules, wherever the parts of the file that these rest on are sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from engrave.base.config import MOST_CONFIG_BYTES, build, key_of, parse_toml
from engrave.base.errors import Collecting, InputError
from engrave.base.files import read_text
from engrave.base.units import dimension_of
from engrave.code.mark import Mark, make_mark
from engrave.code.profiles import PROFILE_A, PROFILES, Profile
from engrave.code.ranges import Range, RangeTable, normalised_pin
from engrave.job import SHELVES, Job, formats_of, load_job, require_formats
from engrave.job.bench import fit_job
from engrave.job.faces import face_text, known_faces
from engrave.job.model import AXIAL
from engrave.job.setup import Setup, prepare
from engrave.job.shelves import load_process
from engrave.layout import LayoutSettings
from engrave.layout.fitting import Fit
from engrave.layout.places import ShapeCircle, Track

JobGiven = Job | Path | None
"""A job, the path of a job file, or None for the shipped example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinName:
    """What a pin is named by."""

    serial: str
    maker: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a job that was given: both are None where its faults leave nothing."""

    job: Job | None
    ranges: RangeTable | None

    @property
    def profile(self) -> Profile:
        """The profile that its marks have; the default one where the job's faults leave it open."""
        return PROFILE_A if self.job is None else PROFILES[self.job.layout.profile]


def known_of(given: JobGiven, faults: list[str], *, formats: Sequence[str] | None = None) -> Known:
    """The job, with other formats where some are given; its faults go on the list."""
    if not isinstance(given, Job):
        with Collecting(faults):
            given = load_job(given)
    if not isinstance(given, Job):
        return Known(job=None, ranges=_ranges_of(given))
    ranges = RangeTable(given.ranges)
    if formats is not None:
        with Collecting(faults):
            given = with_formats(given, formats)
    return Known(job=given, ranges=ranges)


def with_formats(job: Job, formats: Sequence[str]) -> Job:
    """The job with other machine files, in its machine's order. Raises InputError where its machine takes not all."""
    require_formats(job, tuple(formats), origin="--formats")
    return replace(
        job, formats=tuple(name for name in formats_of(job.machine.value, job.process.value) if name in formats)
    )


def setup_of(given: JobGiven, known: Known, faults: list[str]) -> Setup | None:
    """The job made ready, None where that cannot be; what the design rules forbid goes on the list."""
    setup: Setup | None = None
    # What keeps a job from being judged has been told by ``known_of``, unless it loaded.
    with Collecting(faults if known.job is not None else []):
        setup = prepare(known.job if known.job is not None else _judged(given, faults))
    if setup is not None:
        with Collecting(faults):
            setup.require_sound()
    return setup


def mark_of(pin: PinName, known: Known, faults: list[str]) -> Mark | None:
    """The mark of a pin in its job's profile, as far as the job is known; faults go on the list."""
    with Collecting(faults):
        if known.ranges is not None:
            names = {"serial": pin.serial, "maker": pin.maker, "model": pin.model}
            return make_mark(**names, ranges=known.ranges, profile=known.profile)
        normalised_pin(pin.maker, pin.model, pin.serial)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranged:
    """The part of a job file that serials are held against."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """The part of a job file that the design rules judge."""

    name: str
    pin: str
    process: str
    primer: str
    conditions: tuple[str, ...]
    relief_um: float
    machine: str | None = None
    layout: LayoutSettings | None = None
    fit: Fit | None = None
    relief_along: str = AXIAL
    library: str | None = None


def _ranges_of(given: JobGiven) -> RangeTable | None:
    with Collecting([]):
        ranges = build(_Ranged, _part(_Ranged, _table(given)), origin="").ranges
        return RangeTable(ranges) if ranges else None
    return None


def _judged(given: JobGiven, faults: list[str]) -> Job:
    """The example job with those parts of a file that the rules judge; where no layout fits goes on the list.

    Raises InputError where one of the parts is at fault.
    """
    judged = _readable(given)
    library = given.parent / judged.library if isinstance(given, Path) and judged.library is not None else None
    face = (judged.layout or judged.fit or Fit()).face
    if face not in known_faces(library):
        raise InputError(f"layout.face: {face!r} is not known")
    example = load_job(None)
    job = replace(
        example,
        name=judged.name,
        pin=SHELVES["pins"].load(judged.pin, library),
        process=load_process(judged.process, library),
        machine=example.machine,
        primer=SHELVES["primers"].load(judged.primer, library),
        conditions=tuple(SHELVES["conditions"].load(name, library) for name in judged.conditions),
        relief_um=judged.relief_um,
        relief_along=judged.relief_along,
        face_text=face_text(face, library),
    )
    with Collecting([]):  # without its machine a job is judged by the example's
        job = replace(job, machine=SHELVES["machines"].load(judged.machine or "", library))
    layout = judged.layout or _found(
        job, judged.fit or Fit(), faults, origin=given.name if isinstance(given, Path) else ""
    )
    return replace(job, layout=layout)


def _readable(given: JobGiven) -> _Judged:
    """What of a job file can be judged, bare numbers with the unit that they lack. Raises InputError."""
    table = _with_units(_Judged, _part(_Judged, _table(given)))
    for key, cls in (("layout", LayoutSettings), ("fit", Fit)):
        if isinstance(table.get(key), dict):
            table[key] = _with_units(cls, _part(cls, table[key]))
    layout = table.get("layout", {})
    if isinstance(layout, dict):
        if isinstance(layout.get("shapes"), dict):
            layout["shapes"] = _with_units(ShapeCircle, _part(ShapeCircle, layout["shapes"]))
        if isinstance(layout.get("tracks"), list):
            layout["tracks"] = [
                _with_units(Track, _part(Track, track)) if isinstance(track, dict) else track
                for track in layout["tracks"]
            ]
    return build(_Judged, table, origin="")


def _found(job: Job, fit: Fit, faults: list[str], *, origin: str) -> LayoutSettings:
    """The layout that suits a job's pin best. Raises InputError where none fits, which goes on the list, too."""
    told: list[str] = []
    with Collecting(told, prefix=f"{origin}: fit: "):
        return fit_job(job, fit)[0].settings
    # Where nothing else was at fault the job was searched for when it was loaded, and this stands there.
    faults += [fault for fault in told if fault not in faults]
    raise InputError(told)


def _table(given: JobGiven) -> dict[str, Any]:
    """A job file's table. Raises InputError."""
    if not isinstance(given, Path):
        return {}
    return parse_toml(read_text(given, most=MOST_CONFIG_BYTES), origin=given.name)


def _with_units(cls: type, table: dict[str, Any]) -> dict[str, Any]:
    """The table with the unit that its fault's own message suggests behind every bare number.

    The fault has been told; this only lets the rest of the job be judged beside it.
    """
    dimensions = {key_of(field.name): dimension_of(field.name) for field in fields(cls)}
    return {
        key: f"{value}{dimension.example}"
        if (dimension := dimensions[key]) is not None
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
        else value
        for key, value in table.items()
    }


def _part(cls: type, table: dict[str, Any]) -> dict[str, Any]:
    """Those keys of a table that a dataclass has."""
    keys = {key_of(field.name) for field in fields(cls)}
    return {key: value for key, value in table.items() if key in keys}
