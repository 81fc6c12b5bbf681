"""Job files to jobs, and jobs to ``job.json`` and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from engrave.base.config import MOST_CONFIG_BYTES, build, from_jsonable, key_of, parse_toml, to_jsonable
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text
from engrave.base.shelf import Shelf, Sourced
from engrave.code.profiles import PROFILES
from engrave.code.ranges import Range, RangeTable
from engrave.job.bench import fit_layout
from engrave.job.faces import face_text, known_faces, typeface_of
from engrave.job.fixtures import FIXTURES
from engrave.job.model import ELECTRODES, NOMINAL, PROCESS_WORDS, RECORDS, Figures, Job, Ordered
from engrave.job.shelves import MACHINES, load_process
from engrave.layout import LayoutSettings
from engrave.layout.fitting import Fit
from engrave.layout.packs import PACKS
from engrave.strike import CONDITIONS, PRIMERS
from engrave.tips import PINS, tip_of
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import EDM, GCODE, Machine
from toolpaths.tray import tray_faults

JOB_SCHEMA = "pin-engrave/job/1"
# What a check of a scanner's files reads, the format that says most first: a LightBurn project has no heights.
_READ_OF_GALVO = ("ovf", "lbrn2")
# What a check of a sunk pin reads beside its program.
_ELECTRODE_MESH = "electrode-stl"
_FIGURES = {key_of(field.name) for field in fields(Figures)}


def example_job_text() -> str:
    """The commented job that is shipped, TOML."""
    return files("engrave.job").joinpath("example.toml").read_text(encoding="utf-8")


def load_job(path: Path | None) -> Job:
    """The job in a file, or the shipped example.

    Raises InputError with every fault: of the file, of what it names in the library or among what is shipped, and of
    the ranges. (What the design rules say of a sound job is told by ``engrave.job.setup``.)
    """
    text = example_job_text() if path is None else read_text(path, most=MOST_CONFIG_BYTES)
    origin = "the example job" if path is None else path.name
    table = parse_toml(text, origin=origin)
    faults: list[str] = []
    ordered: Ordered | None = None
    with Collecting(faults):
        ordered = build(Ordered, table, origin=origin)
    with Collecting(faults):
        build(Figures, {key: value for key, value in table.items() if key in _FIGURES}, origin=origin)
    library = _library(table, path)
    found = _found(table, library, faults, origin=origin)
    faults += [f"{origin}: {fault}" for fault in (*_library_faults(table, library), *_layout_faults(table, library))]
    faults += [f"{origin}: formats: {fault}" for fault in _format_faults(table.get("formats"), found)]
    faults += [f"{origin}: machine: {fault}" for fault in _machine_faults(found)]
    with Collecting(faults, prefix=f"{origin}: "):
        RangeTable(_ranges(table))
    if ordered is None or faults:
        # Each fault once: what is checked for itself was found twice where the rest of the file is sound.
        raise InputError(tuple(dict.fromkeys(faults)))
    own_face = face_text(_face(table) or "", library)
    job: Job | None = None
    with Collecting(faults, prefix=f"{origin}: fit: "):
        layout = _layout(ordered, found, own_face)
        job = _resolved(ordered, found, layout=layout, own_face=own_face)
    faults += [f"{origin}: fixture: {fault}" for fault in (_fixture_faults(job) if job is not None else ())]
    if job is None or faults:
        raise InputError(faults)
    return job


def _layout(ordered: Ordered, found: Mapping[str, Sequence[Sourced[Any]]], own_face: str | None) -> LayoutSettings:
    """The layout that is given, or that suits the pin best. Raises InputError where none fits."""
    if ordered.layout is not None:
        return ordered.layout
    fit = ordered.fit or Fit()
    conditions = tuple(found["conditions"])
    best, *_ = fit_layout(
        fit,
        pin=found["pin"][0].value,
        recipe=found["process"][0].value,
        primer=found["primer"][0].value,
        conditions=conditions,
        nominal=next(entry.value for entry in conditions if entry.name == NOMINAL),
        relief_um=ordered.relief_um,
        relief_along=ordered.relief_along,
        typeface=typeface_of(fit.face, own_face),
    )
    return best.settings


def _resolved(
    ordered: Ordered, found: Mapping[str, Sequence[Sourced[Any]]], *, layout: LayoutSettings, own_face: str | None
) -> Job:
    return Job(
        name=ordered.name,
        pin=found["pin"][0],
        process=found["process"][0],
        machine=found["machine"][0],
        primer=found["primer"][0],
        conditions=tuple(found["conditions"]),
        formats=ordered.formats,
        relief_um=ordered.relief_um,
        pixel_um=ordered.pixel_um,
        layout=layout,
        limits=ordered.limits,
        ranges=ordered.ranges,
        fit=(ordered.fit or Fit()) if ordered.layout is None else None,
        relief_along=ordered.relief_along,
        rules=tuple(found.get("rules", ())),
        face_text=own_face,
        fixture=next(iter(found.get("fixture", ())), None),
    )


def require_formats(job: Job, formats: tuple[str, ...], *, origin: str) -> None:
    """Raise InputError, with every fault, unless the job's machine takes all of these formats and a check can read one.

    A check of a stage reads its G-code.
    """
    raise_faults([f"{origin}: {fault}" for fault in _format_faults(list(formats), _parts(job))])


def _parts(job: Job) -> dict[str, list[Sourced[Any]]]:
    """What decides over a job's formats, as ``_found`` gives it."""
    return {"machine": [job.machine], "process": [job.process]}


# What follows looks into the table as it was written, so that a fault elsewhere in the file does not hide others. Parts
# of the wrong type are passed over: building ``Ordered`` has told of them.


def _found(
    table: Mapping[str, Any], library: Path | None, faults: list[str], *, origin: str
) -> dict[str, list[Sourced[Any]]]:
    """What the table names, by key, as far as it is there; faults are put on the list."""
    shelves: dict[str, Shelf[Any]] = {
        "pin": PINS,
        "machine": MACHINES,
        "primer": PRIMERS,
        "conditions": CONDITIONS,
        "rules": PACKS,
        "fixture": FIXTURES,
    }
    found: dict[str, list[Sourced[Any]]] = {}
    for key, shelf in shelves.items():
        for name in _texts(table.get(key)):
            with Collecting(faults, prefix=f"{origin}: {key}: "):
                found.setdefault(key, []).append(shelf.load(name, library))
    for name in _texts(table.get("process")):
        with Collecting(faults, prefix=f"{origin}: process: "):
            found["process"] = [load_process(name, library)]
    return found


def _machine_faults(found: Mapping[str, Sequence[Sourced[Any]]]) -> Iterator[str]:
    """A laser's process on a machine with a spark generator, or the other way about."""
    for process in found.get("process", ()):
        for machine in found.get("machine", ()):
            sparks = not isinstance(process.value, Recipe)
            if sparks != (machine.value.controller == EDM):
                wanted = f"a machine with a spark generator (controller {EDM!r})" if sparks else "a laser's machine"
                yield (
                    f"{machine.name!r} cannot run process {process.name!r}, which is "
                    f"{PROCESS_WORDS[type(process.value)]}; name {wanted}, or another process"
                )


def _texts(value: object) -> list[str]:
    """The text, or the texts of a list."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str)]


def _library(table: Mapping[str, Any], path: Path | None) -> Path | None:
    name = table.get("library")
    return path.parent / name if path is not None and isinstance(name, str) else None


def _library_faults(table: Mapping[str, Any], library: Path | None) -> Iterator[str]:
    if library is not None and not library.is_dir():
        yield f"library: {table['library']!r} is not a folder beside the job file"


def _layout_faults(table: Mapping[str, Any], library: Path | None) -> Iterator[str]:
    layout, face = table.get("layout"), _face(table)
    if isinstance(layout, dict):
        profile, tracks = layout.get("profile"), layout.get("tracks", [])
        if isinstance(profile, str) and profile not in PROFILES:
            yield f"layout.profile: {profile!r} is not known; use one of {', '.join(PROFILES)}"
        elif isinstance(profile, str) and isinstance(tracks, list) and len(tracks) != PROFILES[profile].tracks:
            yield f"layout.tracks: profile {profile} has {PROFILES[profile].tracks}, not {len(tracks)}"
    if face is not None and face not in known_faces(library):
        where = "layout" if isinstance(layout, dict) else "fit"
        yield f"{where}.face: {face!r} is not known; use one of {', '.join(known_faces(library))}"


def _face(table: Mapping[str, Any]) -> str | None:
    """The name of the face that the mark is set in, as far as the table names one."""
    for part in (table.get("layout"), table.get("fit")):
        face = part.get("face") if isinstance(part, dict) else None
        if isinstance(face, str):
            return face
    return None


def formats_of(machine: Machine, process: object) -> tuple[str, ...]:
    """Everything that a job may ask for: the machine's own files, records, and what a sinker's electrodes are made by.

    process : the value of a job's process.
    """
    return (*machine.formats, *(ELECTRODES if isinstance(process, Sinking) else ()), *RECORDS)


def _format_faults(formats: object, found: Mapping[str, Sequence[Sourced[Any]]]) -> Iterator[str]:
    if not isinstance(formats, list):
        return
    machines, process = found.get("machine", ()), next((entry.value for entry in found.get("process", ())), None)
    if isinstance(process, Sinking) and _ELECTRODE_MESH not in formats:
        yield f"{_ELECTRODE_MESH!r} is not among them, and a sunk pin is checked by its electrodes; add it"
    if all(not machine.value.is_galvo for machine in machines) and GCODE not in formats:
        yield f"{GCODE!r} is not among them, and it is the file that every check reads; add it"
    for machine in machines:
        known = formats_of(machine.value, process)
        unknown = [name for name in formats if isinstance(name, str) and name not in known]
        if machine.value.is_galvo and GCODE in unknown:
            unknown.remove(GCODE)
            yield f"{GCODE!r}: machine {machine.name!r} is a galvo scanner and runs no G-code; remove it"
        if unknown:
            names = ", ".join(map(repr, unknown))
            yield f"{names}: machine {machine.name!r} takes {', '.join(known)}"
        if machine.value.is_galvo and checked_format(machine.value, formats) is None:
            readable = " or ".join(name for name in _READ_OF_GALVO if name in machine.value.formats)
            remedy = readable or "ovf or lbrn2, here and to the machine's formats"
            yield f"none of them is a file that a check of machine {machine.name!r} can read; add {remedy}"


def checked_format(machine: Machine, formats: Sequence[object]) -> str | None:
    """The format that a check reads, a stage's G-code or of a scanner's the one that says most; None without any."""
    readable = _READ_OF_GALVO if machine.is_galvo else (GCODE,)
    return next((name for name in readable if name in machine.formats and name in formats), None)


def _ranges(table: Mapping[str, Any]) -> tuple[Range, ...]:
    """The ranges, if each is sound by itself; else none, since their places in the file would be wrong."""
    entries = table.get("ranges")
    unsound: list[str] = []
    ranges: list[Range] = []
    for entry in entries if isinstance(entries, list) else []:
        with Collecting(unsound):
            ranges.append(build(Range, entry if isinstance(entry, dict) else {}, origin="ranges"))
    return () if unsound else tuple(ranges)


def job_to_json(job: Job) -> dict[str, Any]:
    """The document ``job.json``: every value under its full name, with sources and priors."""
    return {"schema": JOB_SCHEMA, **to_jsonable(job)}


def job_from_json(document: dict[str, Any], *, origin: str) -> Job:
    """The job of such a document. Raises InputError with every fault."""
    values = {key: value for key, value in document.items() if key != "schema"}
    job = from_jsonable(Job, values, origin=origin)
    formats = _format_faults(list(job.formats), _parts(job))
    own = None if job.face_text is None else job.layout.face
    faults = [
        f"{origin}: {fault}" for fault in _layout_faults(to_jsonable(job), None) if own is None or own not in fault
    ]
    faults += [f"{origin}: formats: {fault}" for fault in formats]
    faults += [f"{origin}: machine: {fault}" for fault in _machine_faults(_parts(job))]
    faults += [f"{origin}: fixture: {fault}" for fault in _fixture_faults(job)]
    with Collecting(faults, prefix=f"{origin}: "):
        RangeTable(job.ranges)
    raise_faults(faults)
    return job


def _fixture_faults(job: Job) -> Iterator[str]:
    """Why the job's machine, or its limit to the focus, cannot take its fixture."""
    if job.fixture is not None and job.is_erosion:
        yield f"process {job.process.name!r} erodes, and trays are for lasers alone; leave the fixture out"
    elif job.fixture is not None:
        yield from tray_faults(
            job.fixture.value,
            job.machine.value,
            reach_um=tip_of(job.pin.value).edge_radius_um,
            focus_tolerance_um=job.limits.focus_um,
        )


def prior_notes(job: Job) -> tuple[tuple[str, str], ...]:
    """Name and source of every prior that the job's results rest on."""
    shelved: tuple[Sourced[Any], ...] = (job.pin, job.process, job.machine, job.primer, *job.conditions)
    if job.fixture is not None:
        shelved = (*shelved, job.fixture)
    return tuple(
        (f"{entry.name}: {key}", source.text)
        for entry in shelved
        for key, source in entry.sources.items()
        if source.prior
    )
