"""Pictures of a mark, and the circle from machine files to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.folders import PinFolder, job_at, load_mark, pins_in
from engrave.api.given import JobGiven, PinName, known_of, mark_of, setup_of
from engrave.base.errors import Collecting, InputError, UnknownNameError, raise_faults
from engrave.base.files import write_atomic
from engrave.batch import Progress, drawn_pin, simulated_impression
from engrave.code.mark import Mark
from engrave.job.setup import Setup, prepare
from engrave.report import impression_png, layout_png, layout_svg, pin_png, pin_svg
from engrave.verify import Checker, check_pin, check_to_json, checker_for, electrode_files

_DRAWN = {"layout": (".svg", ".png"), "pin": (".svg", ".png"), "impression": (".png",)}
VIEWS = tuple(_DRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one pin's folder: its name, the verdict, and the JSON object ``pin-engrave/check/1``."""

    folder: str
    passed: bool
    document: dict[str, Any]


def check(path: Path, *, progress: Progress | None = None) -> tuple[Check, ...]:
    """Check a pin's folder, or every pin of a batch's folder, from machine file, mark.json and job.json alone.

    Or one file: any machine file or mesh of a pin, by its ending, with mark.json beside it. job.json stands beside the
    machine file or two folders up. Raises InputError with every file that is missing or damaged or has an ending that
    is not known; a pin that the batch's manifest names and that is not there is such a fault.
    """
    faults: list[str] = []
    jobs: set[Path] = set()
    pins = list(pins_in(path, jobs, faults))
    checkers: dict[Path, Checker] = {}
    for job in sorted(jobs):
        with Collecting(faults):
            checkers[job] = checker_for(prepare(job_at(job)))
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


def _checked(pin: PinFolder, checker: Checker) -> Check:
    checked = check_pin(
        pin.program(), pin.mark, checker, name=pin.file.name, electrodes=pin.files(electrode_files(checker.setup.job))
    )
    document = check_to_json(checked, checker.setup)
    return Check(folder=pin.folder.resolve().name, passed=checked.passed, document=document)


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
    return draw(engraving, title=title, boundary=setup.tip.boundary)


def write_file(path: Path, data: bytes) -> None:
    """Put a file on disk, whole or not at all. Raises UnfinishedError."""
    write_atomic(path, data)
