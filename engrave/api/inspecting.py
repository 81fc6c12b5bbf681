"""Measured pins: scans of one pin, or of a batch's, against their designs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engrave.api.folders import job_at, job_path, load_mark
from engrave.base.config import parse_json
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text
from engrave.base.units import DIMENSIONS
from engrave.code.mark import Mark
from engrave.inspect import (
    NOT_GIVEN,
    Given,
    Inspected,
    Limits,
    Scan,
    Uncertainty,
    given_uncertainty,
    inspect_scan,
    inspection_to_json,
    inspector_for,
    load_pin_scan,
)
from engrave.inspect.judging import COVERAGE
from engrave.inspect.scan import SCAN_SUFFIXES
from engrave.job import Job, load_job
from engrave.job.setup import prepare
from engrave.report.inspection import inspection_html
from engrave.verify import Checker, checker_for

INSPECTIONS_SCHEMA = "pin-engrave/inspections/1"
GAUGE_SCHEMA = "pin-engrave/gauge/1"
_MOST_GAUGE_BYTES = 10_000_000
_REPEAT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What is said of every scan: how the file is meant, the limits, and what the gauge is worth.

    uncertainty_um : expanded (k = 2), of depths, heights and widths. gauge : a document ``pin-engrave/gauge/1``, whose
    repeatability and reproducibility tell it instead.
    """

    given: Given = field(default_factory=Given)
    limits: Limits = field(default_factory=Limits)
    uncertainty_um: float | None = None
    gauge: Path | None = None


def scan_given(
    *,
    spacing_um: float | None = None,
    unit: str | None = None,
    towards: str | None = None,
    top_first: bool = False,
) -> Given:
    """What is said of scans beside their files: as ``engrave.inspect.Given``."""
    return Given(spacing_um=spacing_um, unit=unit, towards=towards, top_first=top_first)


def limits_of(
    *, depth_share: float | None = None, width_um: float | None = None, burr_um: float | None = None
) -> Limits:
    """The limits, the shipped ones where none is said. Raises InputError with every one that is none."""
    shipped = Limits()
    return Limits(
        depth_share=shipped.depth_share if depth_share is None else depth_share,
        width_um=shipped.width_um if width_um is None else width_um,
        burr_um=shipped.burr_um if burr_um is None else burr_um,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The outcome for one pin: its verdict, the JSON object ``pin-engrave/inspection/1``, and the page as HTML."""

    passed: bool
    document: dict[str, Any]
    page: bytes


def inspect(
    scan: Path,
    *,
    mark: Path,
    job: Path | None = None,
    repeats: Sequence[Path] = (),
    measuring: Measuring | None = None,
) -> Inspection:
    """Inspect a pin by a scan of it: X3P, SDF, STL, PLY, CSV or NPY.

    mark : its ``mark.json``. job : a job file or ``job.json``; without it the ``job.json`` beside the mark or two
    folders up. repeats : further scans of the same pin, which tell the uncertainty. Raises InputError with every fault
    of all files and figures.
    """
    measuring = measuring or Measuring()
    faults: list[str] = []
    uncertainty = _uncertainty(measuring, faults, repeated=bool(repeats))
    loaded: Mark | None = None
    with Collecting(faults):
        loaded = load_mark(mark)
    checker = _checker(job, mark.parent, faults)
    scans = _scans([scan, *repeats], measuring.given, faults)
    if loaded is None or checker is None or faults:
        raise InputError(list(dict.fromkeys(faults)))
    return _inspected(loaded, checker, scans, measuring, uncertainty)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchInspection:
    """The outcomes by their scans' names, and the JSON object ``pin-engrave/inspections/1``."""

    passed: bool
    pins: tuple[tuple[str, Inspection], ...]
    document: dict[str, Any]


def inspect_batch(scans: Path, batch: Path, *, measuring: Measuring | None = None) -> BatchInspection:
    """Inspect a folder of scans named by characters, ``J9BRCRXD.x3p``, against the finished pins of a batch's folder.

    ``J9BRCRXD-2.x3p`` is a repeat of it. Pins without a scan are told. Raises InputError with every fault, scans of no
    pin of the batch among them.
    """
    measuring = measuring or Measuring()
    faults: list[str] = []
    files = _named(scans, faults)
    there = _pins(batch, faults)
    unknown = [f"{paths[0]}: {batch} has no pin {name}; name scans by characters" for name, paths in files.items()
               if there and name not in there]  # fmt: skip
    faults += unknown
    uncertainty = _uncertainty(measuring, faults, repeated=any(len(paths) > 1 for paths in files.values()))
    checker = _checker(None, batch / "pins" / "any", faults, missing=f"{batch}: no job.json; name a batch's folder")
    marks: dict[str, Mark] = {}
    for name in files:
        if name in there:
            with Collecting(faults):
                marks[name] = load_mark(there[name] / "mark.json")
    if checker is None or faults:
        raise InputError(list(dict.fromkeys(faults)))
    outcomes = []
    for name, paths in files.items():
        loaded = _scans(paths, measuring.given, faults)
        if not faults:
            outcomes.append((paths[0].name, _inspected(marks[name], checker, loaded, measuring, uncertainty)))
    raise_faults(faults)
    document = {
        "schema": INSPECTIONS_SCHEMA,
        "verdict": _worst([outcome.document["verdict"] for _, outcome in outcomes]),
        "pins": [{"scan": name, "inspection": outcome.document} for name, outcome in outcomes],
        "not_scanned": sorted(set(there) - set(files)),
    }
    return BatchInspection(
        passed=all(outcome.passed for _, outcome in outcomes), pins=tuple(outcomes), document=document
    )


def _worst(verdicts: Sequence[str]) -> str:
    return next((verdict for verdict in ("fail", "undecided") if verdict in verdicts), "pass")


def _named(folder: Path, faults: list[str]) -> dict[str, list[Path]]:
    """Scans of a folder by the characters that they are named by, the first of each pin first."""
    if not folder.is_dir():
        faults.append(f"{folder}: is no folder; with --batch give the folder of the scans")
        return {}
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: (len(path.stem), path.name)):
        if path.is_file() and path.suffix.lower() in SCAN_SUFFIXES:
            found.setdefault(path.stem.split(_REPEAT)[0].upper(), []).append(path)
    if not found:
        faults.append(f"{folder}: holds no scans; those that are read end in {', '.join(SCAN_SUFFIXES)}")
    return dict(sorted(found.items()))


def _pins(batch: Path, faults: list[str]) -> dict[str, Path]:
    """Folders of a batch's pins by their characters."""
    pins = batch / "pins"
    found = {entry.name: entry for entry in pins.iterdir() if entry.is_dir()} if pins.is_dir() else {}
    if not found:
        faults.append(f"--batch: {batch} has no pins/; name the folder of a finished batch")
    return found


def _scans(paths: Sequence[Path], given: Given, faults: list[str]) -> tuple[Scan, ...]:
    loaded = []
    for path in paths:
        with Collecting(faults):
            loaded.append(load_pin_scan(path, given))
    return tuple(loaded)


def _checker(job: Path | None, beside: Path, faults: list[str], *, missing: str = "") -> Checker | None:
    """The job made ready; its faults go on the list."""
    found: Job | None = None
    told: list[str] = []
    with Collecting(told):
        if job is None:
            found = job_at(job_path(beside))
        else:
            found = job_at(job) if job.suffix.lower() == ".json" else load_job(job)
    faults += [missing] if told and missing and not (beside.parent.parent / "job.json").is_file() else told
    if found is not None:
        with Collecting(faults):
            return checker_for(prepare(found))
    return None


def _uncertainty(measuring: Measuring, faults: list[str], *, repeated: bool) -> Uncertainty:
    """What is said of the gauge; one way to say it is enough."""
    expanded_um = measuring.uncertainty_um
    ways = [
        name
        for name, said in (
            ("--uncertainty", expanded_um is not None),
            ("--gauge", measuring.gauge is not None),
            ("repeated scans", repeated),
        )
        if said
    ]
    if len(ways) > 1:
        faults.append(f"{' and '.join(ways)}: each tells the uncertainty; give one of them")
    if expanded_um is not None:
        if not expanded_um > 0:
            faults.append(f"--uncertainty: {expanded_um:g} um must be positive")
        return given_uncertainty(expanded_um)
    if measuring.gauge is not None:
        with Collecting(faults):
            return _gauge(measuring.gauge)
    return NOT_GIVEN


def _gauge(path: Path) -> Uncertainty:
    """So many times the gauge's standard deviation of a study of depths. Raises InputError."""
    document = parse_json(read_text(path, most=_MOST_GAUGE_BYTES), origin=str(path), schema=GAUGE_SCHEMA)
    units = {name.lower(): float(factor) for name, factor in _length().items()}
    unit, components = document.get("unit"), document.get("components")
    if not isinstance(unit, str) or unit.lower() not in units:
        raise InputError(f"{path}: unit {unit!r} is no length; head the study's values with one, such as value_um")
    sigmas = [
        entry.get("sigma")
        for entry in (components if isinstance(components, list) else [])
        if isinstance(entry, dict) and entry.get("name") == "gauge"
    ]
    if len(sigmas) != 1 or not isinstance(sigmas[0], int | float) or not sigmas[0] >= 0:
        raise InputError(f"{path}: tells no spread of the gauge; write it again with `pin-engrave calibrate gauge`")
    expanded_um = COVERAGE * sigmas[0] * units[unit.lower()]
    how = f"k = {COVERAGE:g} times the gauge's repeatability and reproducibility, from the study {path.name}"
    return Uncertainty(depth_um=expanded_um, width_um=expanded_um, how=how)


def _length() -> dict[str, str]:
    return dict(next(dimension.factors for dimension in DIMENSIONS if dimension.name == "length"))


def _inspected(
    mark: Mark, checker: Checker, scans: Sequence[Scan], measuring: Measuring, uncertainty: Uncertainty
) -> Inspection:
    """One pin, its first scan judged."""
    first, *repeats = scans
    inspected: Inspected = inspect_scan(
        first, inspector_for(mark, checker), limits=measuring.limits, uncertainty=uncertainty, repeats=repeats
    )
    document = inspection_to_json(inspected, checker.setup, repeats=repeats)
    return Inspection(
        passed=document["verdict"] == "pass",
        document=document,
        page=inspection_html(document, inspected.laid.deviations),
    )
