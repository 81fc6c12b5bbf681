"""Job files to jobs, and jobs to ``job.json`` and back."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from engrave.base.config import MOST_CONFIG_BYTES, build, from_jsonable, parse_toml, to_jsonable
from engrave.base.errors import EngraveError, InputError
from engrave.base.files import read_text
from engrave.base.shelf import Shelf, Sourced
from engrave.code.profiles import PROFILES
from engrave.code.ranges import RangeTable
from engrave.job.model import Job, Ordered
from engrave.job.shelves import MACHINES, PROCESSES
from engrave.strike import CONDITIONS, PRIMERS
from engrave.tips import PINS
from fonts.typeface import shipped_typefaces

JOB_SCHEMA = "pin-engrave/job/1"


def example_job_text() -> str:
    """The commented job that is shipped, TOML."""
    return files("engrave.job").joinpath("example.toml").read_text(encoding="utf-8")


def load_job(path: Path | None) -> Job:
    """The job in a file, or the shipped example. Raises InputError with every fault."""
    text = example_job_text() if path is None else read_text(path, most=MOST_CONFIG_BYTES)
    origin = "the example job" if path is None else path.name
    ordered = build(Ordered, parse_toml(text, origin=origin), origin=origin)
    library = path.parent / ordered.library if path is not None and ordered.library is not None else None
    return _resolved(ordered, library, origin=origin)


def _resolved(ordered: Ordered, library: Path | None, *, origin: str) -> Job:
    faults = [f"{origin}: {fault}" for fault in _own_faults(ordered, library)]
    found: dict[str, list[Sourced[Any]]] = {}
    for key, shelf, names in _named(ordered):
        for name in names:
            try:
                found.setdefault(key, []).append(shelf.load(name, library))
            except EngraveError as error:
                faults.extend(f"{origin}: {key}: {fault}" for fault in error.faults)
    try:
        RangeTable(ordered.ranges)
    except EngraveError as error:
        faults.extend(f"{origin}: {fault}" for fault in error.faults)
    if faults:
        raise InputError(faults)
    job = Job(
        name=ordered.name,
        pin=found["pin"][0],
        process=found["process"][0],
        machine=found["machine"][0],
        primer=found["primer"][0],
        conditions=tuple(found["conditions"]),
        formats=ordered.formats,
        relief_um=ordered.relief_um,
        pixel_um=ordered.pixel_um,
        layout=ordered.layout,
        limits=ordered.limits,
        ranges=ordered.ranges,
    )
    require_formats(job, job.formats, origin=f"{origin}: formats")
    return job


def require_formats(job: Job, formats: tuple[str, ...], *, origin: str) -> None:
    """Raise InputError unless the job's machine takes every one of these formats."""
    if not formats:
        raise InputError(f"{origin}: names none; choose from {', '.join(job.machine.value.formats)}")
    if "ngc" not in formats:
        raise InputError(f"{origin}: 'ngc' is not among them, and it is the file that every check reads; add it")
    unknown = [name for name in formats if name not in job.machine.value.formats]
    if unknown:
        raise InputError(
            f"{origin}: {', '.join(map(repr, unknown))}: machine {job.machine.name!r} takes "
            f"{', '.join(job.machine.value.formats)}"
        )


def _named(ordered: Ordered) -> Iterator[tuple[str, Shelf[Any], tuple[str, ...]]]:
    yield "pin", PINS, (ordered.pin,)
    yield "process", PROCESSES, (ordered.process,)
    yield "machine", MACHINES, (ordered.machine,)
    yield "primer", PRIMERS, (ordered.primer,)
    yield "conditions", CONDITIONS, ordered.conditions


def _own_faults(ordered: Ordered, library: Path | None) -> Iterator[str]:
    if ordered.layout.profile not in PROFILES:
        yield f"layout.profile: {ordered.layout.profile!r} is not known; use one of {', '.join(PROFILES)}"
    elif len(ordered.layout.tracks) != PROFILES[ordered.layout.profile].tracks:
        wanted = PROFILES[ordered.layout.profile].tracks
        yield f"layout.tracks: profile {ordered.layout.profile} has {wanted}, not {len(ordered.layout.tracks)}"
    if ordered.layout.face not in shipped_typefaces():
        yield f"layout.face: {ordered.layout.face!r} is not known; use one of {', '.join(shipped_typefaces())}"
    if library is not None and not library.is_dir():
        yield f"library: {ordered.library!r} is not a folder beside the job file"


def job_to_json(job: Job) -> dict[str, Any]:
    """The document ``job.json``: every value under its full name, with sources and priors."""
    return {"schema": JOB_SCHEMA, **to_jsonable(job)}


def job_from_json(document: dict[str, Any], *, origin: str) -> Job:
    """The job of such a document. Raises InputError with every fault."""
    job = from_jsonable(Job, {key: value for key, value in document.items() if key != "schema"}, origin=origin)
    RangeTable(job.ranges)
    return job


def prior_notes(job: Job) -> tuple[tuple[str, str], ...]:
    """Name and source of every prior that the job's results rest on."""
    shelved: tuple[Sourced[Any], ...] = (job.pin, job.process, job.machine, job.primer, *job.conditions)
    return tuple(
        (f"{entry.name}: {key}", source.text)
        for entry in shelved
        for key, source in entry.sources.items()
        if source.prior
    )
