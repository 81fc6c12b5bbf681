"""Pictures of a mark, and the circle from machine files to a verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engrave.api import previewed
from engrave.api.folders import PinFolder, job_at, job_path, load_mark, machine_file, pins_in
from engrave.api.given import JobGiven, Known, PinName, known_of, mark_of, setup_of
from engrave.api.previewed import Previewed
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import write_atomic
from engrave.code.mark import Mark
from engrave.job.setup import prepare
from engrave.report.drawing import Drawing

if TYPE_CHECKING:
    from engrave.batch import Progress
    from engrave.verify import Checker

VIEWS = tuple(previewed.VIEWS)
# Formats that hold one view, and the one that holds a body.
_SINGLE, _MESH = frozenset({".svg", ".png"}), ".glb"
# A picture of what is simulated has its own width; a toolpath has many panels.
_WIDTH_PX, _WIDTHS_PX = 960, MappingProxyType({"toolpath": 1920})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome for one pin's folder: its name, the verdict, and the JSON object ``pin-engrave/check/1``."""

    folder: str
    passed: bool
    document: dict[str, Any]


def check(path: Path, *, progress: "Progress | None" = None) -> tuple[Check, ...]:
    """Check a pin's folder, or every pin of a batch's folder, from machine file, mark.json and job.json alone.

    Or one file: any machine file or mesh of a pin, by its ending, with mark.json beside it. job.json stands beside the
    machine file or two folders up. Raises InputError with every file that is missing or damaged or has an ending that
    is not known; a pin that the batch's manifest names and that is not there is such a fault.
    """
    from engrave.verify import checker_for  # noqa: PLC0415 - start-up: previews need none of it

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
            progress(len(outcomes), len(pins), pin.mark.characters, outcomes[-1].passed)
    return tuple(outcomes)


def checks_to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Outcomes as the JSON object ``pin-engrave/checks/1``."""
    return {
        "schema": "pin-engrave/checks/1",
        "verdict": "pass" if all(outcome.passed for outcome in checks) else "fail",
        "pins": [{"folder": outcome.folder, "check": outcome.document} for outcome in checks],
    }


def _checked(pin: PinFolder, checker: "Checker") -> Check:
    from engrave.verify import check_pin, check_to_json, electrode_files  # noqa: PLC0415 - start-up

    checked = check_pin(
        pin.program(), pin.mark, checker, name=pin.file.name, electrodes=pin.files(electrode_files(checker.setup.job))
    )
    document = check_to_json(checked, checker.setup)
    return Check(folder=pin.folder.resolve().name, passed=checked.passed, document=document)


def preview(
    of: Mark | PinName | Path | None,
    job: JobGiven,
    *,
    view: str | Sequence[str] = (),
    suffix: str,
    folder: Path | None = None,
    program: Path | None = None,
) -> bytes:
    """Pictures of a pin: of a mark, of a named pin's mark, of a ``mark.json``, or of a finished pin's folder.

    ``view`` is one of ``VIEWS`` or several of them, which ``.pdf`` and ``.html`` hold; without one, they hold all, and
    a format that holds a single one has its first. ``suffix`` is the format's. What is cut is what a machine file says:
    ``program``, else the one that lies beside ``mark.json``; it is planned where there is none. Where no job is given,
    it is the ``job.json`` beside the machine file or two folders up, else the shipped example. ``folder`` is where the
    caller will put the picture, told here so that it is looked for before anything is drawn.

    Raises InputError with every fault: a view or a format that is not drawn, no such folder or file, those of the pin
    and of the job, each design rule that forbids the job, and a machine file that cannot be drawn.
    """
    faults: list[str] = []
    views: tuple[str, ...] = ()
    with Collecting(faults):
        views = _views((view,) if isinstance(view, str) else tuple(view), suffix)
    if folder is not None and not folder.is_dir():
        faults.append(f"--output: {folder} is no folder; make it, or name another file")
    place = _place(of, program, faults)
    if job is None and place.job is not None:
        with Collecting(faults):
            job = job_at(place.job)
    known = known_of(job, faults)
    setup = setup_of(job, known, faults)
    mark = _mark(of, place, known, faults)
    if setup is None or mark is None or faults:
        raise InputError(faults)
    pin = Previewed(setup, mark, place.program)
    if suffix == _MESH:
        return _glb(pin)
    return _FORMATS[suffix]({name: pin.view(name) for name in views}, pin.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where on disk the parts of a pin are; None for what is not there or is not asked for."""

    mark: Path | None = None
    program: Path | None = None
    job: Path | None = None


def _place(of: Mark | PinName | Path | None, program: Path | None, faults: list[str]) -> _Place:
    """The files of what is asked for; those that must be there and are not go on the list."""
    if program is None and not isinstance(of, Path):
        if of is None:
            faults.append("name a serial, a mark.json or a pin's folder, or a machine file with --from")
        return _Place()
    if isinstance(of, Path) and of.is_dir() and not (of / "mark.json").is_file():
        faults.append(f"{of}: no mark.json; name the folder of one pin, such as {of / 'pins' / '...'}")
        return _Place()
    beside = _beside(of) if isinstance(of, Path) else None
    file = program or (machine_file(beside) if beside is not None else None)
    if program is not None and not program.is_file():
        faults.append(f"--from: {program} is no file; name a machine file or a mesh of the pin")
    elif program is not None:
        from engrave.verify.formats import kind_of  # noqa: PLC0415 - start-up

        with Collecting(faults):
            kind_of(program.name)
    found: Path | None = None
    with Collecting([]):  # without it a job is given, or is the example
        found = job_path(beside if program is None and beside is not None else (program or Path()).parent)
    mark = of if isinstance(of, Path) and not of.is_dir() else None
    if mark is None and not isinstance(of, Mark | PinName):
        mark = (beside if beside is not None else (program or Path()).parent) / "mark.json"
    return _Place(mark=mark, program=file if file is not None and file.is_file() else None, job=found)


def _beside(of: Path) -> Path:
    return of if of.is_dir() else of.parent


def _mark(of: Mark | PinName | Path | None, place: _Place, known: Known, faults: list[str]) -> Mark | None:
    if isinstance(of, PinName):
        return mark_of(of, known, faults)
    mark = of if isinstance(of, Mark) else None
    if place.mark is not None:
        with Collecting(faults):
            mark = load_mark(place.mark)
    if mark is not None and known.job is not None and mark.profile != known.profile.name:
        faults.append(f"mark.json: profile {mark.profile!r} is not the job's, {known.profile.name!r}")
    return mark


def _views(asked: tuple[str, ...], suffix: str) -> tuple[str, ...]:
    """The views that a format is to hold. Raises InputError with every one that it cannot."""
    known = (*_FORMATS, _MESH)
    faults = [f"--view: {name!r} is not among {', '.join(VIEWS)}" for name in asked if name not in VIEWS]
    if suffix not in known:
        faults.append(f"--output: {suffix or 'no ending'!r}: a preview is drawn as {', '.join(known)}")
    elif suffix == _MESH and set(asked) - {"tip"}:
        faults.append(f"--output: {suffix}: holds the engraved tip; leave out --view, or name another file")
    elif suffix in _SINGLE and len(asked) > 1:
        faults.append(f"--output: {suffix}: holds one view, and {len(asked)} are asked for; take .pdf or .html")
    raise_faults(faults)
    return asked or (VIEWS[:1] if suffix in _SINGLE else VIEWS)


def _glb(pin: Previewed) -> bytes:
    """The engraved tip. Raises InputError where it is none that can be closed."""
    from toolpaths.errors import ToolpathError  # noqa: PLC0415 - only the format that is asked for
    from toolpaths.writers.mesh import write_glb  # noqa: PLC0415 - the same

    try:
        return write_glb(pin.cut_tip)
    except ToolpathError as error:
        raise InputError(f"{_MESH}: {error}") from error


def _svg(drawings: Mapping[str, Drawing], _title: str) -> bytes:
    from engrave.report.svg import svg_of  # noqa: PLC0415 - only the format that is asked for

    return svg_of(next(iter(drawings.values())))


def _png(drawings: Mapping[str, Drawing], _title: str) -> bytes:
    from engrave.report.pictures import own_width_px  # noqa: PLC0415 - only the format that is asked for
    from engrave.report.png import png_of  # noqa: PLC0415 - the same

    ((name, drawing),) = drawings.items()
    return png_of(drawing, width_px=own_width_px(drawing) or _WIDTHS_PX.get(name, _WIDTH_PX))


def _pdf(drawings: Mapping[str, Drawing], title: str) -> bytes:
    from engrave.report.pdf import pdf_of  # noqa: PLC0415 - an extra

    return pdf_of(tuple(drawings.values()), title=title)


def _html(drawings: Mapping[str, Drawing], title: str) -> bytes:
    from engrave.report.page_html import page_of  # noqa: PLC0415 - only the format that is asked for

    return page_of(drawings, title=title)


_FORMATS: Mapping[str, Callable[[Mapping[str, Drawing], str], bytes]] = MappingProxyType(
    {".svg": _svg, ".png": _png, ".pdf": _pdf, ".html": _html}
)


def write_file(path: Path, data: bytes) -> None:
    """Put a file on disk, whole or not at all. Raises UnfinishedError."""
    write_atomic(path, data)
