"""The public Python surface: what the command line is made of, and what a production system calls.

Every function takes plain values and answers with frozen ones or with the JSON objects that ``docs/schemas`` describes.
Errors are ``engrave.base.errors.EngraveError``: each lists all its faults and knows its exit code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engrave.base.config import json_bytes, parse_json, to_jsonable
from engrave.base.errors import InputError, UnknownNameError
from engrave.base.files import read_bytes, read_text, sha256_hex, write_atomic
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch import (
    BatchOutcome,
    Order,
    Orders,
    ordered_marks,
    plan_pin,
    read_serials,
    run_batch,
    simulated_impression,
    workshop_for,
)
from engrave.batch.orders import MOST_CSV_BYTES
from engrave.batch.run import Progress
from engrave.code.decode import Candidate, Decoding, decode_options
from engrave.code.mark import Mark, make_mark, mark_from_json, mark_to_json
from engrave.code.profiles import PROFILES
from engrave.code.ranges import RangeTable
from engrave.code.reading_text import parse_reading
from engrave.job import SHELVES, Job, example_job_text, job_from_json, job_to_json, load_job, require_formats
from engrave.job.resolve import JOB_SCHEMA
from engrave.job.setup import prepare
from engrave.report import impression_png, layout_png, layout_svg, pin_png, pin_svg
from engrave.verify import Checked, check_pin, check_to_json, checker_for
from engrave.verify.document import finding_to_json
from fonts.typeface import shipped_typeface, shipped_typefaces

_MOST_PROGRAM_BYTES = 500_000_000
_MOST_MARK_BYTES = 1_000_000
_MOST_JOB_BYTES = 100_000_000
VIEWS = ("layout", "pin", "impression")


def _silent(_done: int, _total: int, _characters: str) -> None:
    """No progress."""


# --- making -----------------------------------------------------------------------------------------------------------


def with_formats(job: Job, formats: Sequence[str]) -> Job:
    """The job with other machine files. Raises InputError where its machine does not take one of them."""
    require_formats(job, tuple(formats), origin="--formats")
    return replace(job, formats=tuple(formats))


def plan(serials: Path, job: Job) -> Orders:
    """Every row of a CSV file with its mark, and the rows that cannot be made; nothing is written.

    Raises InputError where the file as a whole, or the job, cannot be used.
    """
    setup = prepare(job)
    setup.require_sound()
    return read_serials(_csv_text(serials), job=job, ranges=setup.ranges, origin=serials.name)


def batch(
    serials: Path, out: Path, job: Job, *, workers: int = 1, skip_bad: bool = False, progress: Progress = _silent
) -> BatchOutcome:
    """Make every pin of a CSV file into a folder; called again, it resumes.

    Raises InputError with every bad row (unless ``skip_bad``), OccupiedError, UnfinishedError.
    """
    text = _csv_text(serials)
    workshop = workshop_for(job)
    orders = read_serials(text, job=job, ranges=workshop.setup.ranges, origin=serials.name)
    if not skip_bad:
        orders.require_all()
    if not orders.good:
        raise InputError([fault for _, fault in orders.bad] or f"{serials.name}: no rows")
    return run_batch(orders, workshop, out, input_sha256=sha256_hex(text.encode()), workers=workers, progress=progress)


def make(serial: str, *, maker: str, model: str, out: Path, job: Job) -> BatchOutcome:
    """Make one pin into a folder laid out as a batch's. Raises as ``batch``."""
    workshop = workshop_for(job)
    order = Order(line=0, serial=serial, maker=maker, model=model, lot="")
    good, bad = ordered_marks([order], ranges=workshop.setup.ranges, origin="serial")
    orders = Orders(good=good, bad=bad)
    orders.require_all()
    mark = orders.good[0][1]
    named = f"{mark.serial}\n{mark.maker}\n{mark.model}"
    return run_batch(orders, workshop, out, input_sha256=sha256_hex(named.encode()), workers=1, progress=_silent)


def _csv_text(path: Path) -> str:
    return read_text(path, most=MOST_CSV_BYTES)


# --- codes ------------------------------------------------------------------------------------------------------------


def encode(serial: str, *, maker: str, model: str, job: Job) -> Mark:
    """The mark of a serial. Raises InputError."""
    return make_mark(serial=serial, maker=maker, model=model, ranges=RangeTable(job.ranges))


def decode(characters: str, *, ring: str, job: Job) -> dict[str, Any]:
    """A typed reading to the pins it may be of, best first, as the JSON object ``pin-engrave/decoding/1``.

    Raises InputError with every fault of what was typed.
    """
    table = RangeTable(job.ranges)
    decoding = decode_options(parse_reading(characters, ring))
    candidates = [_candidate(candidate, table) for candidate in decoding.candidates]
    return {
        "schema": "pin-engrave/decoding/1",
        "identified": decoding.identified is not None,
        "contradictory": decoding.contradictory,
        "known_symbols": decoding.known_symbols,
        "missing_symbols": decoding.missing_symbols,
        "candidates": candidates,
    }


def _candidate(candidate: Candidate, table: RangeTable) -> dict[str, Any]:
    maker, model, serial = table.locate(candidate.id) or (None, None, None)
    return {
        "id": candidate.id,
        "characters": candidate.characters,
        "serial": serial,
        "maker": maker,
        "model": model,
        "identified": candidate.identified,
        "check_bits": candidate.check_bits,
        "used": list(candidate.used),
        "agreeing": list(candidate.agreeing),
        "overruled": list(candidate.overruled),
    }


# --- looking and checking ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one pin's folder: its name, the values, and the JSON object ``pin-engrave/check/1``."""

    folder: Path
    checked: Checked
    document: dict[str, Any]


def check(path: Path) -> tuple[Check, ...]:
    """Check a pin's folder, or every pin of a batch's folder, from job.ngc, mark.json and job.json alone.

    job.json stands beside the machine file or two folders up. Raises InputError where one is missing or damaged.
    """
    folders = _pin_folders(path)
    jobs = sorted({_job_path(folder) for folder in folders})
    checkers = {job_path: checker_for(prepare(_job_at(job_path))) for job_path in jobs}
    outcomes = []
    for folder in folders:
        checker = checkers[_job_path(folder)]
        program = read_bytes(folder / "job.ngc", most=_MOST_PROGRAM_BYTES)
        checked = check_pin(program, load_mark(folder / "mark.json"), checker)
        outcomes.append(Check(folder=folder, checked=checked, document=check_to_json(checked, checker.setup)))
    return tuple(outcomes)


def load_mark(path: Path) -> Mark:
    """The mark of a ``mark.json``. Raises InputError where it disagrees with itself."""
    schema = "pin-engrave/mark/1"
    document = parse_json(read_text(path, most=_MOST_MARK_BYTES), origin=str(path), schema=schema)
    return mark_from_json(document, origin=str(path))


def _pin_folders(path: Path) -> list[Path]:
    if (path / "job.ngc").is_file() or (path / "mark.json").is_file():
        return [path]
    if (path / "pins").is_dir():
        folders = sorted(entry for entry in (path / "pins").iterdir() if (entry / "mark.json").is_file())
        if folders:
            return folders
    raise InputError(f"{path}: holds neither job.ngc and mark.json of a pin nor pins/ of a batch; name one of the two")


def _job_path(folder: Path) -> Path:
    for candidate in (folder / "job.json", folder.resolve().parent.parent / "job.json"):
        if candidate.is_file():
            return candidate
    raise InputError(f"{folder}: no job.json beside the machine file or two folders up; put the batch's there")


def _job_at(path: Path) -> Job:
    document = parse_json(read_text(path, most=_MOST_JOB_BYTES), origin=str(path), schema=JOB_SCHEMA)
    return job_from_json(document, origin=str(path))


def preview(mark: Mark, job: Job, *, view: str, suffix: str) -> bytes:
    """A picture of a mark: ``view`` is one of ``VIEWS``, ``suffix`` is ``.svg`` or ``.png``.

    Raises InputError where that view is not drawn in that format, or a design rule forbids the job.
    """
    drawn = {"layout": (".svg", ".png"), "pin": (".svg", ".png"), "impression": (".png",)}
    if view not in drawn:
        raise UnknownNameError(f"--view: {view!r} is not among {', '.join(VIEWS)}")
    if suffix not in drawn[view]:
        raise InputError(f"--output: {suffix or 'no ending'!r}: the {view} is drawn as {' or '.join(drawn[view])}")
    setup = prepare(job)
    setup.require_sound()
    planned = plan_pin(setup, mark)
    title = f"{mark.characters[:4]} {mark.characters[4:]} - {mark.serial} ({mark.maker}, {mark.model})"
    if view == "layout":
        return layout_svg(planned.layout, title=title) if suffix == ".svg" else layout_png(planned.layout, title=title)
    if view == "pin":
        draw = pin_svg if suffix == ".svg" else pin_png
        return draw(planned.engraving, title=title, edge_radius_um=setup.tip.edge_radius_um)
    return impression_png(simulated_impression(setup, mark), title=title)


def write_file(path: Path, data: bytes) -> None:
    """Put a file on disk, whole or not at all. Raises UnfinishedError."""
    write_atomic(path, data)


# --- data and state ---------------------------------------------------------------------------------------------------


def kinds() -> tuple[str, ...]:
    """What can be listed and shown."""
    return (*sorted([*SHELVES, "faces"]), "formats", "profiles")


def names(kind: str, *, library: Path | None = None) -> tuple[str, ...]:
    """Names of a kind, shipped and the user's. Raises UnknownNameError."""
    if kind in SHELVES:
        return SHELVES[kind].names(library)
    if kind == "faces":
        return shipped_typefaces()
    if kind == "formats":
        return FORMATS
    if kind == "profiles":
        return tuple(PROFILES)
    raise UnknownNameError(f"{kind!r} is not a kind; known: {', '.join(kinds())}")


def show(kind: str, name: str, *, library: Path | None = None) -> dict[str, Any]:
    """One entry with its sources, as a JSON object. Raises UnknownNameError."""
    if name not in names(kind, library=library):
        raise UnknownNameError(f"{name!r} is not among the {kind}; known: {', '.join(names(kind, library=library))}")
    head = {"schema": "pin-engrave/entry/1", "kind": kind, "name": name}
    if kind in SHELVES:
        entry = SHELVES[kind].load(name, library)
        return {**head, "value": to_jsonable(entry.value), "sources": to_jsonable(entry.sources)}
    if kind == "faces":
        face = shipped_typeface(name)
        return {**head, "value": {"glyphs": "".join(sorted(face.glyphs)), "notes": face.notes, "licence": face.licence}}
    if kind == "formats":
        return {**head, "value": {"about": FORMAT_NOTES[name]}}
    return {**head, "value": to_jsonable(PROFILES[name])}


FORMAT_NOTES = {
    "ngc": "job.ngc: LinuxCNC program, gate by M62 and M63, pulse energy and rate by M67; what every check reads",
    "dxf": "job.dxf: every path, a layer a step, R2000, mm; outline.dxf: one closed polyline a land outline",
    "svg": "job.svg: every path, mm, one group a step",
}
FORMATS = tuple(FORMAT_NOTES)


def job_rules(job: Job) -> dict[str, Any]:
    """What the design rules say of a job, as the JSON object ``pin-engrave/rules/1``."""
    rules = prepare(job).rules
    verdict = "fail" if any(finding.severity.value == "error" for finding in rules) else "pass"
    return {
        "schema": "pin-engrave/rules/1",
        "job": job.name,
        "verdict": verdict,
        "findings": [finding_to_json(finding) for finding in rules],
    }


def doctor() -> dict[str, Any]:
    """What is installed, and whether our three import names are ours, as the JSON object ``pin-engrave/doctor/1``."""
    home = Path(__file__).resolve().parent.parent
    packages = []
    for name in ("engrave", "fonts", "toolpaths"):
        spec = find_spec(name)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
        packages.append({"name": name, "ours": places == [home / name]})
    libraries = [{"name": name, "version": _version(name)} for name in _LIBRARIES]
    sound = all(package["ours"] for package in packages) and all(library["version"] for library in libraries)
    return {
        "schema": "pin-engrave/doctor/1",
        "version": tool_version(),
        "sound": sound,
        "packages": packages,
        "libraries": libraries,
    }


_LIBRARIES = ("click", "ezdxf", "numpy", "pillow", "pydantic", "rich", "scipy", "shapely")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


__all__ = [
    "DISTRIBUTION",
    "FORMATS",
    "VIEWS",
    "BatchOutcome",
    "Check",
    "Decoding",
    "Job",
    "Mark",
    "Orders",
    "batch",
    "check",
    "decode",
    "doctor",
    "encode",
    "example_job_text",
    "job_rules",
    "job_to_json",
    "json_bytes",
    "kinds",
    "load_job",
    "load_mark",
    "make",
    "mark_to_json",
    "names",
    "plan",
    "preview",
    "show",
    "with_formats",
    "write_file",
]
