"""Running a batch: the parent allocates every code in the file's order, workers make pins, the manifest comes last."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from engrave.base.config import json_bytes, parse_json
from engrave.base.durations import Duration
from engrave.base.errors import UnfinishedError
from engrave.base.files import read_bytes, sha256_hex, whole_file, write_folder_atomic
from engrave.batch.folder import (
    CHECK,
    INDEX,
    JOB,
    LOCK,
    MANIFEST,
    PINS,
    RUN,
    Binding,
    binding_of,
    claimed,
    hashes_in,
    load_check,
    manifest_bytes,
    recorded_files,
    require_ours,
    write_if_changed,
)
from engrave.batch.index import Recorded, time_in, write_index
from engrave.batch.orders import Order, Orders
from engrave.batch.pin import Workshop, file_names, job_document, make_pin, simulated_of, workshop_for
from engrave.batch.pool import pooled
from engrave.batch.record import Record
from engrave.batch.trays import Tray, make_tray, trays_of
from engrave.code.mark import Mark, mark_to_json
from engrave.job import Job, job_from_json
from engrave.job.resolve import JOB_SCHEMA

Progress = Callable[[int, int, str], None]
"""Called with how many pins are done, how many there are, and the characters of the one just done."""

_MOST_JOB_BYTES = 100_000_000
_MOST_MANIFEST_BYTES = 1_000_000_000


def silent(_done: int, _total: int, _name: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOutcome:
    """One pin of a finished batch; ``files`` are the hashes by name.

    findings, time : those of its ``check.json``; None where how long the pin takes is not known.
    """

    order: Order
    mark: Mark
    passed: bool
    findings: tuple[dict[str, Any], ...]
    time: Duration | None
    files: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """A finished batch."""

    folder: Path
    pins: tuple[PinOutcome, ...]
    skipped: tuple[tuple[int, str], ...]
    made: int

    @property
    def good(self) -> bool:
        """Every row was made and every pin passed."""
        return not self.skipped and all(pin.passed for pin in self.pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is to be made, from what, and where."""

    orders: Orders
    workshop: Workshop
    folder: Path
    binding: Binding

    def pin(self, mark: Mark) -> Path:
        """The folder of one pin."""
        return self.folder / PINS / mark.characters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A pin for a worker, which reads the job from the folder: the document is more than all the rest."""

    folder: str
    job_sha256: str
    mark: Mark


def run_batch(
    orders: Orders,
    workshop: Workshop,
    folder: Path,
    *,
    input_sha256: str,
    workers: int,
    progress: Progress,
    record: Record | None = None,
) -> BatchOutcome:
    """Make what is not there yet, then the report and the manifest; called again, it resumes.

    With ``record``, codes are given out by the registry before work begins, and it learns what came of it. A folder in
    which nothing is left to do is not touched. Raises InputError where the registry refuses a pin, OccupiedError where
    the folder belongs to another input or job, UnfinishedError where another run is at work, a file cannot be written
    or a worker died: what is there then is whole, and the same call goes on from it.
    """
    binding = binding_of(input_sha256=input_sha256, job_sha256=workshop.job_sha256)
    batch = _Batch(orders=orders, workshop=workshop, folder=folder, binding=binding)
    require_ours(folder, binding)
    standing = _standing(batch)
    if standing is not None:
        _report(standing, batch, record)
        return standing
    with claimed(folder, binding) as name:
        if record is not None:
            allocated = record.allocate(orders, workshop.setup.job, folder, binding, name=name)
            batch = replace(batch, orders=allocated)
        write_if_changed(folder / JOB, workshop.job_document)
        made = _make_missing(batch, workers=workers, progress=progress)
        outcome = _outcome(batch, made=made)
        _make_trays(_trays(outcome, batch), batch, workers=workers)
        _write_report(outcome, batch)
        write_if_changed(folder / MANIFEST, _manifest(outcome, batch))
        _report(outcome, batch, record)
    return outcome


def _write_report(outcome: BatchOutcome, batch: _Batch) -> None:
    """The page over what stands in the folder, from what the manifest is going to say of it."""
    recorded = Recorded(
        pins=[_row(pin) for pin in outcome.pins],
        files=hashes_in(batch.folder, (JOB, *_tray_files(outcome, batch))),
        skipped=_skipped(outcome),
    )
    with whole_file(batch.folder / INDEX, replace=True) as path, path.open("wb") as file:
        write_index(file, batch.folder, recorded, batch.workshop.setup)


def _report(outcome: BatchOutcome, batch: _Batch, record: Record | None) -> None:
    if record is not None:
        manifest_sha256 = sha256_hex(read_bytes(batch.folder / MANIFEST, most=_MOST_MANIFEST_BYTES))
        record.report([(pin.mark, pin.passed) for pin in outcome.pins], manifest_sha256=manifest_sha256)


def require_free(folder: Path, job: Job, *, input_sha256: str) -> None:
    """Raise OccupiedError where ``run_batch`` would, since the folder belongs to something else; nothing is touched."""
    require_ours(folder, binding_for(job, input_sha256=input_sha256))


def binding_for(job: Job, *, input_sha256: str) -> Binding:
    """What binds a folder to this job and input."""
    return binding_of(input_sha256=input_sha256, job_sha256=sha256_hex(job_document(job)))


def _standing(batch: _Batch) -> BatchOutcome | None:
    """The outcome of a folder that is finished and unchanged, or None."""
    unfinished = any((batch.folder / name).exists() for name in (RUN, LOCK))
    if unfinished or not (batch.folder / MANIFEST).is_file() or _missing(batch):
        return None
    outcome = _outcome(batch, made=0)
    recorded = (batch.folder / MANIFEST).read_bytes()
    named = (INDEX, *_tray_files(outcome, batch))
    whole = len(hashes_in(batch.folder, named)) == len(named)
    return outcome if whole and recorded == _manifest(outcome, batch) else None


def _missing(batch: _Batch) -> list[Mark]:
    recorded = recorded_files(batch.folder)
    return [mark for _, mark in batch.orders.good if not _is_whole(batch, mark, recorded=recorded.get(mark.characters))]


def _is_whole(batch: _Batch, mark: Mark, *, recorded: dict[str, str] | None) -> bool:
    """Whether a pin's folder is as the manifest records it or, before there is one, has every file of this mark."""
    folder, names = batch.pin(mark), file_names(batch.workshop.setup.job)
    if load_check(folder) is None:
        return False
    if recorded is not None:
        return hashes_in(folder, names) == recorded
    shown = simulated_of(batch.workshop.setup.job)
    present = all((folder / name).is_file() for name in names if name not in shown)
    # A pin that could not be simulated has none of them, any other pin has all.
    present = present and len({(folder / name).is_file() for name in shown}) == 1
    return present and (folder / "mark.json").read_bytes() == json_bytes(mark_to_json(mark))


def _make_missing(batch: _Batch, *, workers: int, progress: Progress) -> int:
    missing = _missing(batch)
    total = len(batch.orders.good)
    done = total - len(missing)
    with closing(_made(missing, batch, workers=workers)) as finished:
        for characters in finished:
            done += 1
            progress(done, total, characters)
    return len(missing)


def _made(marks: Sequence[Mark], batch: _Batch, *, workers: int) -> Generator[str, None, None]:
    """Make pins, here or by worker processes, and name each as it is done."""
    if workers == 1 or len(marks) <= 1:
        for mark in marks:
            _make_one(batch.workshop, mark, batch.folder)
            yield mark.characters
        return
    folder, job_sha256 = str(batch.folder), batch.workshop.job_sha256
    tasks = (_Task(folder=folder, job_sha256=job_sha256, mark=mark) for mark in marks)
    with closing(pooled(_make_task, tasks, workers=min(workers, len(marks)))) as finished:
        yield from finished


def _make_task(task: _Task) -> str:
    _make_one(_workshop(task.folder, task.job_sha256), task.mark, Path(task.folder))
    return task.mark.characters


@lru_cache(maxsize=1)
def _workshop(folder: str, job_sha256: str) -> Workshop:
    """A worker's own workshop, made once a job: it costs more to send than to make."""
    document = read_bytes(Path(folder) / JOB, most=_MOST_JOB_BYTES)
    if sha256_hex(document) != job_sha256:
        raise UnfinishedError(f"{folder}/{JOB}: has been changed while the batch was made; repeat the command")
    return workshop_for(job_from_json(parse_json(document.decode(), origin=JOB, schema=JOB_SCHEMA), origin=JOB))


def _make_one(workshop: Workshop, mark: Mark, folder: Path) -> None:
    files, _ = make_pin(workshop, mark)
    write_folder_atomic(folder / PINS / mark.characters, files)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrayTask:
    """A tray for a worker, which reads the job from the folder."""

    folder: str
    job_sha256: str
    tray: Tray


def _make_trays(trays: Sequence[Tray], batch: _Batch, *, workers: int) -> None:
    """Make each tray's files, here or by worker processes; those that are whole are left alone."""
    if workers == 1 or len(trays) <= 1:
        for tray in trays:
            make_tray(batch.workshop, tray, batch.folder)
        return
    folder, job_sha256 = str(batch.folder), batch.workshop.job_sha256
    tasks = (_TrayTask(folder=folder, job_sha256=job_sha256, tray=tray) for tray in trays)
    with closing(pooled(_make_tray_task, tasks, workers=min(workers, len(trays)))) as finished:
        for _ in finished:
            pass


def _make_tray_task(task: _TrayTask) -> None:
    make_tray(_workshop(task.folder, task.job_sha256), task.tray, Path(task.folder))


def _trays(outcome: BatchOutcome, batch: _Batch) -> tuple[Tray, ...]:
    """The trays of the pins that passed, in the file's order: a pin that failed is not to be marked."""
    fixture = batch.workshop.setup.job.fixture
    if fixture is None:
        return ()
    return trays_of(fixture.value, [(pin.mark, pin.files) for pin in outcome.pins if pin.passed])


def _tray_files(outcome: BatchOutcome, batch: _Batch) -> tuple[str, ...]:
    return tuple(name for tray in _trays(outcome, batch) for name in tray.files)


def _outcome(batch: _Batch, *, made: int) -> BatchOutcome:
    """What stands in the folder."""
    pins = tuple(_finished(order, mark, batch) for order, mark in batch.orders.good)
    return BatchOutcome(folder=batch.folder, pins=pins, skipped=batch.orders.bad, made=made)


def _finished(order: Order, mark: Mark, batch: _Batch) -> PinOutcome:
    folder = batch.pin(mark)
    check = load_check(folder)
    if check is None:
        raise UnfinishedError(f"{folder / CHECK}: has been changed while the batch was made; repeat the command")
    return PinOutcome(
        order=order,
        mark=mark,
        passed=check["verdict"] == "pass",
        findings=tuple(check["findings"]),
        time=time_in(check),
        files=hashes_in(folder, file_names(batch.workshop.setup.job)),
    )


def _manifest(outcome: BatchOutcome, batch: _Batch) -> bytes:
    return manifest_bytes(
        batch.folder,
        batch.binding,
        job_name=batch.workshop.setup.job.name,
        pins=[_row(pin) for pin in outcome.pins],
        skipped=_skipped(outcome),
        trays=_tray_files(outcome, batch),
    )


def _skipped(outcome: BatchOutcome) -> list[dict[str, Any]]:
    return [{"line": line, "reason": reason} for line, reason in outcome.skipped]


def _row(pin: PinOutcome) -> dict[str, Any]:
    return {
        "line": pin.order.line,
        "serial": pin.mark.serial,
        "maker": pin.mark.maker,
        "model": pin.mark.model,
        "lot": pin.order.lot,
        "characters": pin.mark.characters,
        "id": pin.mark.id,
        "status": "made",
        "verdict": "pass" if pin.passed else "fail",
        "files": pin.files,
    }
