"""Trays after a batch: going on at a nest, placing pins anew by a probe table, holding a program against its pins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engrave.api.folders import job_at, load_mark
from engrave.base.config import to_jsonable
from engrave.base.errors import Collecting, InputError, OccupiedError, raise_faults
from engrave.base.files import read_bytes
from engrave.batch.folder import JOB, PINS
from engrave.batch.pin import Workshop, workshop_for
from engrave.batch.tray_check import TRAY_CHECK_SCHEMA, TrayChecked, check_tray
from engrave.batch.tray_restart import restart_tray
from engrave.batch.trays import TRAY_SCHEMA, Tray, TrayRow, fixture_of, load_map, make_tray
from engrave.job.fixtures import with_probe_table
from engrave.report.trays import TrayMap
from engrave.verify.document import finding_to_json
from toolpaths.fixture import READY
from toolpaths.tray import tray_faults

if TYPE_CHECKING:
    from engrave.job import Job

_MOST_JOB_BYTES = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayWritten:
    """A tray's program that was written, and its map, which lies beside it."""

    program: Path
    map: TrayMap


def tray_restart(program: Path, *, nest: int, out: Path, skip: Sequence[int] = ()) -> TrayWritten:
    """Write the program that goes on at a nest of a tray, byte for byte its sections from there on, and its map.

    Nests of ``skip`` are left out. The tray's own map lies beside its program. Raises InputError where the program is
    not the map's or has no such nest, OccupiedError where ``out`` is there already, UnfinishedError.
    """
    whole = load_map(_map_path(program))
    _require_vacant(out)
    return TrayWritten(program=out, map=restart_tray(program, whole, nest=nest, skip=skip, out=out))


def tray_place(program: Path, *, probe: Path, out: Path, batch: Path | None = None) -> TrayWritten:
    """Write a tray's program anew with its pins where a probe table has them: program, map and first-article sheet.

    Pins in nests that the table has as empty or blocked are left out. ``batch`` is the folder of the pins, where it is
    not the program's. Raises InputError with every fault of the table, of what machine and focus cannot take, and
    where no pin is left; OccupiedError, UnfinishedError.
    """
    shown, folder = load_map(_map_path(program)), batch or program.parent
    _require_vacant(out)
    workshop = _placed(folder, probe)
    ready = set(fixture_of(workshop.setup.job).in_state(READY))
    rows = tuple(
        TrayRow(nest=pin.nest, mark=load_mark(folder / PINS / pin.characters / "mark.json"), files=pin.files)
        for pin in shown.pins
        if pin.nest in ready
    )
    if not rows:
        raise InputError(f"{probe}: no nest of this tray is ready; nothing would be marked")
    left_out = {*shown.left_out, *(pin.nest for pin in shown.pins)} - {row.nest for row in rows}
    tray = Tray(name=out.stem, number=shown.tray, count=shown.trays, rows=rows, left_out=tuple(sorted(left_out)))
    make_tray(workshop, tray, folder, folder=out.parent)
    return TrayWritten(program=out, map=load_map(_map_path(out)))


def _placed(folder: Path, probe: Path) -> Workshop:
    """A batch's workshop with its fixture as a table has it. Raises InputError with every fault."""
    job = job_at(folder / JOB)
    if job.fixture is None:
        raise InputError(f"{folder / JOB}: the job has no fixture; a tray needs one")
    fixture = replace(job.fixture, value=with_probe_table(job.fixture.value, probe))
    workshop = workshop_for(replace(job, fixture=fixture))
    reach_um = workshop.setup.tip.edge_radius_um
    told = tray_faults(fixture.value, job.machine.value, reach_um=reach_um, focus_tolerance_um=job.limits.focus_um)
    raise_faults([f"{probe.name}: {fault}" for fault in told])
    # The document stays the batch's, by whose hash the tray is known.
    return replace(workshop, job_document=read_bytes(folder / JOB, most=_MOST_JOB_BYTES))


def tray_check(program: Path, *, batch: Path | None = None) -> TrayChecked:
    """Hold a tray's program against its map, which lies beside it, and against the pins' own programs.

    ``batch`` is the folder of the pins, where it is not the program's. Raises InputError where a file is missing or
    damaged.
    """
    faults: list[str] = []
    folder = batch or program.parent
    shown: TrayMap | None = None
    job: Job | None = None
    with Collecting(faults):
        shown = load_map(_map_path(program))
    with Collecting(faults):
        job = job_at(folder / JOB)
    if not program.is_file():
        faults.append(f"{program}: is not there; name a tray's program")
    if shown is None or job is None or faults:
        raise InputError(faults)
    return check_tray(program, shown, job.machine.value, batch=folder)


def tray_check_to_json(checked: TrayChecked) -> dict[str, Any]:
    """The outcome as the JSON object ``pin-engrave/tray-check/1``."""
    return {
        "schema": TRAY_CHECK_SCHEMA,
        "verdict": "pass" if checked.passed else "fail",
        "nests": list(checked.nests),
        "worst_um": checked.worst_um,
        "findings": [finding_to_json(finding) for finding in checked.findings],
    }


def tray_map(path: Path) -> TrayMap:
    """The map of a tray, named by its program or by itself. Raises InputError."""
    return load_map(_map_path(path))


def tray_map_to_json(shown: TrayMap) -> dict[str, Any]:
    """The map as the JSON object ``pin-engrave/tray-map/1``."""
    return {"schema": TRAY_SCHEMA, **to_jsonable(shown)}


def _map_path(program: Path) -> Path:
    return program.with_suffix(".json")


def _require_vacant(out: Path) -> None:
    """Raise InputError or OccupiedError unless a program and its map can be put there."""
    if out.suffix != ".ngc":
        raise InputError(f"--output: {out.name}: a tray's program is named .ngc")
    if not out.parent.is_dir():
        raise InputError(f"--output: {out.parent}: is no folder; make it first")
    taken = [path for path in (out, _map_path(out)) if path.exists() or path.is_symlink()]
    if taken:
        raise OccupiedError(f"{taken[0]}: is there already; name a new file")
