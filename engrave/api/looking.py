"""Pictures of a mark, and the circle from machine files to a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, PinName, known_of, mark_of, setup_of
from engrave.base.config import parse_json
from engrave.base.errors import Collecting, InputError, UnknownNameError, raise_faults
from engrave.base.files import TEMPORARY_PREFIX, read_bytes, read_text, write_atomic
from engrave.batch import Progress, drawn_pin, recorded_files, simulated_impression
from engrave.code.mark import MARK_SCHEMA, Mark, mark_from_json
from engrave.job import Job, job_from_json
from engrave.job.resolve import JOB_SCHEMA
from engrave.job.setup import Setup, prepare
from engrave.report import impression_png, layout_png, layout_svg, pin_png, pin_svg
from engrave.verify import Checker, check_pin, check_to_json, checker_for

_MOST_PROGRAM_BYTES = 500_000_000
_MOST_MARK_BYTES = 1_000_000
_MOST_JOB_BYTES = 100_000_000

_DRAWN = {"layout": (".svg", ".png"), "pin": (".svg", ".png"), "impression": (".png",)}
VIEWS = tuple(_DRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one pin's folder: its name, the verdict, and the JSON object ``pin-engrave/check/1``."""

    folder: str
    passed: bool
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pin:
    """One pin to be checked."""

    folder: Path
    mark: Mark
    job: Path


def check(path: Path, *, progress: Progress | None = None) -> tuple[Check, ...]:
    """Check a pin's folder, or every pin of a batch's folder, from job.ngc, mark.json and job.json alone.

    job.json stands beside the machine file or two folders up. Raises InputError with every file that is missing or
    damaged; a pin that the batch's manifest names and that is not there is such a fault.
    """
    faults: list[str] = []
    jobs: set[Path] = set()
    pins = list(_pins(path, jobs, faults))
    checkers: dict[Path, Checker] = {}
    for job in sorted(jobs):
        with Collecting(faults):
            checkers[job] = checker_for(prepare(_job_at(job)))
    raise_faults(faults)
    outcomes: list[Check] = []
    for pin in pins:
        outcomes.append(_checked(pin, checkers[pin.job]))
        if progress is not None:
            progress(len(outcomes), len(pins), pin.mark.characters)
    return tuple(outcomes)


def checks_to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Outcomes as the JSON object ``pin-engrave/checks/1``."""
    return {
        "schema": "pin-engrave/checks/1",
        "verdict": "pass" if all(outcome.passed for outcome in checks) else "fail",
        "pins": [{"folder": outcome.folder, "check": outcome.document} for outcome in checks],
    }


def _checked(pin: _Pin, checker: Checker) -> Check:
    checked = check_pin(read_bytes(pin.folder / "job.ngc", most=_MOST_PROGRAM_BYTES), pin.mark, checker)
    document = check_to_json(checked, checker.setup)
    return Check(folder=pin.folder.resolve().name, passed=checked.passed, document=document)


def _pins(path: Path, jobs: set[Path], faults: list[str]) -> Iterator[_Pin]:
    """The pins that can be checked; every job that is asked for and every fault is put where it belongs."""
    for folder in _folders(path, faults):
        found: list[str] = []
        mark: Mark | None = None
        job: Path | None = None
        with Collecting(found):
            mark = load_mark(folder / "mark.json")
        with Collecting(found):
            job = _job_path(folder)
            jobs.add(job)
        if not (folder / "job.ngc").is_file():
            found.append(f"{folder}: no job.ngc; put the machine file there")
        faults.extend(found)
        if mark is not None and job is not None and not found:
            yield _Pin(folder=folder, mark=mark, job=job)


def _folders(path: Path, faults: list[str]) -> list[Path]:
    """The pin itself, or every pin of a batch, by name."""
    if (path / "job.ngc").is_file() or (path / "mark.json").is_file():
        return [path]
    found: set[str] = set()
    if (path / "pins").is_dir():
        found = {entry.name for entry in (path / "pins").iterdir() if entry.is_dir()}
    named: set[str] = set()
    with Collecting(faults):
        named = set(recorded_files(path))
    faults += [f"{path / 'pins' / name}: is not there, and manifest.json names it" for name in sorted(named - found)]
    if not found and not faults:
        what = "holds neither job.ngc and mark.json of a pin nor pins/ of a batch" if path.is_dir() else "is no folder"
        faults.append(f"{path}: {what}; name the folder of a pin or of a batch")
    return [path / "pins" / name for name in sorted(found) if not name.startswith(TEMPORARY_PREFIX)]


def load_mark(path: Path) -> Mark:
    """The mark of a ``mark.json``. Raises InputError where it disagrees with itself."""
    document = parse_json(read_text(path, most=_MOST_MARK_BYTES), origin=str(path), schema=MARK_SCHEMA)
    return mark_from_json(document, origin=str(path))


def _job_path(folder: Path) -> Path:
    for candidate in (folder / "job.json", folder.resolve().parent.parent / "job.json"):
        if candidate.is_file():
            return candidate
    raise InputError(f"{folder}: no job.json beside the machine file or two folders up; put the batch's there")


def _job_at(path: Path) -> Job:
    document = parse_json(read_text(path, most=_MOST_JOB_BYTES), origin=str(path), schema=JOB_SCHEMA)
    return job_from_json(document, origin=str(path))


def preview(of: Mark | PinName | Path, job: JobGiven, *, view: str, suffix: str, folder: Path | None = None) -> bytes:
    """A picture of a mark, of a named pin's mark or of a ``mark.json``.

    ``view`` is one of ``VIEWS``, ``suffix`` is ``.svg`` or ``.png``; ``folder`` is where the caller will put it, told
    here so that it is looked for before anything is drawn. Raises InputError with every fault: a view or a format that
    is not drawn, no such folder, those of the pin and of the job, and each design rule that forbids the job.
    """
    faults: list[str] = []
    with Collecting(faults):
        _require_drawn(view, suffix)
    if folder is not None and not folder.is_dir():
        faults.append(f"--output: {folder} is no folder; make it, or name another file")
    known = known_of(job, faults)
    setup = setup_of(job, known, faults)
    mark = of if isinstance(of, Mark) else None
    if isinstance(of, PinName):
        mark = mark_of(of, known, faults)
    elif isinstance(of, Path):
        with Collecting(faults):
            mark = load_mark(of)
    if setup is None or mark is None or faults:
        raise InputError(faults)
    return _picture(setup, mark, view=view, suffix=suffix)


def _require_drawn(view: str, suffix: str) -> None:
    if view not in _DRAWN:
        raise UnknownNameError(f"--view: {view!r} is not among {', '.join(VIEWS)}")
    if suffix not in _DRAWN[view]:
        raise InputError(f"--output: {suffix or 'no ending'!r}: the {view} is drawn as {' or '.join(_DRAWN[view])}")


def _picture(setup: Setup, mark: Mark, *, view: str, suffix: str) -> bytes:
    title = f"{mark.characters[:4]} {mark.characters[4:]} - {mark.serial} ({mark.maker}, {mark.model})"
    if view == "impression":
        return impression_png(simulated_impression(setup, mark), title=title)
    layout, engraving = drawn_pin(setup, mark)
    if view == "layout":
        return (layout_svg if suffix == ".svg" else layout_png)(layout, title=title)
    draw = pin_svg if suffix == ".svg" else pin_png
    return draw(engraving, title=title, edge_radius_um=setup.tip.edge_radius_um)


def write_file(path: Path, data: bytes) -> None:
    """Put a file on disk, whole or not at all. Raises UnfinishedError."""
    write_atomic(path, data)
