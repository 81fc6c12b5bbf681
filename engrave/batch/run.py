"""Running a batch: the parent allocates every code in the file's order, workers make pins, the manifest comes last."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

from engrave.base.config import json_bytes
from engrave.base.durations import Duration
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.base.files import sha256_hex, whole_file, writing
from engrave.base.rows import Rows, rows_file
from engrave.batch.folder import (
    CHECK,
    INDEX,
    JOB,
    LOCK,
    MANIFEST,
    PINS,
    RUN,
    SIGNATURE,
    Binding,
    binding_of,
    claimed,
    file_sha256,
    hash_of,
    hashes_in,
    load_check,
    manifest_pieces,
    recorded_files,
    require_ours,
    tells_priors,
    write_if_changed,
)
from engrave.batch.index import Recorded, priors_in, time_in, write_index
from engrave.batch.journal import journal, noted
from engrave.batch.making import make_trays, pins_made, pins_sent
from engrave.batch.orders import Order, Orders
from engrave.batch.pin import Workshop, file_names, job_document, simulated_of
from engrave.batch.progress import Progress, stopped
from engrave.batch.record import Record
from engrave.batch.trays import Tray, trays_of
from engrave.batch.workers.cluster import Cluster, joined
from engrave.code.mark import Mark, mark_to_json
from engrave.job import Job
from engrave.provenance import PrivateKey, Signature, is_good, key_id, read_signature, signature_of

_CHANGED = "has been changed while the batch was made; repeat the command"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOutcome:
    """One pin of a finished batch.

    findings, time, priors : those of its ``check.json``; None where how long the pin takes is not known.
    """

    order: Order
    mark: Mark
    passed: bool
    findings: tuple[dict[str, Any], ...]
    time: Duration | None
    priors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Sequence[PinOutcome]):
    """The pins of a finished batch, each read from its folder when it is asked for: they may be many.

    Raises UnfinishedError for one that was changed since.
    """

    folder: Path
    orders: tuple[tuple[Order, Mark], ...]

    def __len__(self) -> int:
        return len(self.orders)

    @overload
    def __getitem__(self, place: int) -> PinOutcome: ...
    @overload
    def __getitem__(self, place: slice) -> list[PinOutcome]: ...
    def __getitem__(self, place: int | slice) -> PinOutcome | list[PinOutcome]:
        if isinstance(place, slice):
            return [_finished(*each, self.folder) for each in self.orders[place]]
        return _finished(*self.orders[place], self.folder)


def _finished(order: Order, mark: Mark, batch: Path) -> PinOutcome:
    folder = batch / PINS / mark.characters
    check = load_check(folder)
    if check is None:
        raise UnfinishedError(f"{folder / CHECK}: {_CHANGED}")
    return PinOutcome(
        order=order,
        mark=mark,
        passed=check["verdict"] == "pass",
        findings=tuple(check["findings"]),
        time=time_in(check),
        priors=priors_in(check),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """A finished batch. passed : how many pins did. time : of those together; None where it is not known of all."""

    folder: Path
    pins: Finished
    passed: int
    time: Duration | None
    skipped: tuple[tuple[int, str], ...]
    made: int

    @property
    def good(self) -> bool:
        """Every row was made and every pin passed."""
        return not self.skipped and self.passed == len(self.pins)


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


def run_batch(
    orders: Orders,
    workshop: Workshop,
    folder: Path,
    *,
    input_sha256: str,
    workers: int,
    progress: Progress,
    record: Record | None = None,
    scheduler: str | None = None,
    key: PrivateKey | None = None,
) -> BatchOutcome:
    """Make what is not there yet, then the report and the manifest; called again, it resumes.

    With ``record``, codes are given out by the registry before work begins, and it learns what came of it. A folder in
    which nothing is left to do is not touched, but signed where ``key`` is given and it was not; a signature that is
    there must be good. With the address of a Dask ``scheduler`` its cluster makes the pins; trays are made here, by
    ``workers`` processes.

    Raises InputError where there are no ``workers``, the registry refuses a pin or contradicts the folder, or the
    cluster is not one for us; OccupiedError where the folder belongs to another input or job, is signed by another key,
    was altered since it was signed, or is signed and has work left and there is no key; UnfinishedError where another
    run is at work, a file cannot be written, a pin was set aside since workers died of it, or workers die over and
    over; KeyboardInterrupt, which says how many pins there are. What is there then is whole, and the same call goes on
    from it.
    """
    if workers < 1:
        raise InputError(f"workers: {workers} can make nothing; give 1 or more")
    binding = binding_of(input_sha256=input_sha256, job_sha256=workshop.job_sha256)
    batch = _Batch(orders=orders, workshop=workshop, folder=folder, binding=binding)
    require_ours(folder, binding)
    signature = _signature(folder)
    if key is not None and signature is not None:
        _require_own(signature, folder, key)
    standing = _standing(batch)
    if standing is not None:
        _report(standing, batch, record)
        _sign(folder, key)
        return standing
    if key is None and signature is not None:
        raise OccupiedError(
            f"{folder}: is signed, and something in it is to be made anew; repeat with key {signature.key_id}"
        )
    with joined(scheduler) as cluster, claimed(folder, binding) as name:
        if record is not None:
            allocated = record.allocate(orders, workshop.setup.job, folder, binding, name=name)
            batch = replace(batch, orders=allocated)
        # A signature is of the manifest that stands beside it, and that may now be replaced.
        with writing(folder):
            (folder / SIGNATURE).unlink(missing_ok=True)
        write_if_changed(folder / JOB, workshop.job_document)
        made = _make_missing(batch, workers=workers, cluster=cluster, progress=progress)
        outcome = _finish(batch, made=made, workers=workers)
        _report(outcome, batch, record)
        _sign(folder, key)
    return outcome


def _signature(folder: Path) -> Signature | None:
    """The signature of a folder. Raises InputError where it is damaged."""
    path = folder / SIGNATURE
    return read_signature(path) if path.exists() else None


def _require_own(signature: Signature, folder: Path, key: PrivateKey) -> None:
    """Raise OccupiedError unless it is this key's and of the manifest as it stands: no alteration is signed anew."""
    if signature.key_id != key_id(key.public_key()):
        raise OccupiedError(
            f"{folder}: is signed by key {signature.key_id}; sign with that one, or name another folder"
        )
    if signature.manifest_sha256 != file_sha256(folder / MANIFEST) or not is_good(signature, key.public_key()):
        raise OccupiedError(
            f"{folder / MANIFEST}: is not the one that was signed; put it back as it was made, or name another folder"
        )


def _sign(folder: Path, key: PrivateKey | None) -> None:
    if key is not None:
        write_if_changed(folder / SIGNATURE, signature_of(file_sha256(folder / MANIFEST), key))


def _finish(batch: _Batch, *, made: int, workers: int) -> BatchOutcome:
    """Make what follows from the pins: trays, report, and the manifest last."""
    tally = _Tally()
    with rows_file() as file:
        rows = Rows(file, _rows(batch, tally))
        trays = _trays(rows, batch)
        make_trays(trays, batch.workshop, batch.folder, workers=workers)
        _write_report(rows, trays, batch)
        priors = sorted(tally.priors) if tells_priors(batch.folder) else None
        if not _holds(batch.folder / MANIFEST, _manifest(rows, trays, batch, priors)):
            with whole_file(batch.folder / MANIFEST, replace=True) as path, path.open("wb") as out:
                out.writelines(_manifest(rows, trays, batch, priors))
    return _outcome(batch, tally, made=made)


@dataclass(slots=True)
class _Tally:
    """How many pins passed so far, what their checks rest on, and how long each takes that passed."""

    passed: int = 0
    priors: set[tuple[str, str]] = field(default_factory=set)
    times: list[Duration | None] = field(default_factory=list)


def _rows(batch: _Batch, tally: _Tally) -> Iterator[dict[str, Any]]:
    """What the manifest says of each pin, from what stands in the folder now."""
    names, made = file_names(batch.workshop.setup.job), noted(batch.folder)
    for pin in Finished(folder=batch.folder, orders=batch.orders.good):
        files = hashes_in(batch.pin(pin.mark), names)
        if made.get(pin.mark.characters) not in {None, hash_of(files)}:
            raise UnfinishedError(f"{batch.pin(pin.mark)}: {_CHANGED}")
        tally.priors.update(pin.priors)
        if pin.passed:
            tally.passed += 1
            tally.times.append(pin.time)
        yield _row(pin, files)


def _outcome(batch: _Batch, tally: _Tally, *, made: int) -> BatchOutcome:
    return BatchOutcome(
        folder=batch.folder,
        pins=Finished(folder=batch.folder, orders=batch.orders.good),
        passed=tally.passed,
        time=Duration.of_all(tally.times),
        skipped=batch.orders.bad,
        made=made,
    )


def _holds(path: Path, pieces: Iterable[bytes]) -> bool:
    """Whether a file is there and has these bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)


def _write_report(rows: Rows, trays: Sequence[Tray], batch: _Batch) -> None:
    """The page over what stands in the folder, from what the manifest is going to say of it."""
    recorded = Recorded(
        pins=rows, files=hashes_in(batch.folder, (JOB, *_files_of(trays))), skipped=_skipped(batch.orders)
    )
    with whole_file(batch.folder / INDEX, replace=True) as path, path.open("wb") as file:
        write_index(file, batch.folder, recorded, batch.workshop.setup)


def _report(outcome: BatchOutcome, batch: _Batch, record: Record | None) -> None:
    if record is not None:
        pins = [(pin.mark, pin.passed) for pin in outcome.pins]
        record.report(pins, manifest_sha256=file_sha256(batch.folder / MANIFEST))


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
    tally = _Tally()
    with rows_file() as file:
        rows = Rows(file, _rows(batch, tally))
        trays = _trays(rows, batch)
        named = (INDEX, *_files_of(trays))
        whole = len(hashes_in(batch.folder, named)) == len(named)
        priors = sorted(tally.priors) if tells_priors(batch.folder) else None
        same = whole and _holds(batch.folder / MANIFEST, _manifest(rows, trays, batch, priors))
    return _outcome(batch, tally, made=0) if same else None


def _missing(batch: _Batch) -> list[Mark]:
    recorded = noted(batch.folder) | recorded_files(batch.folder)
    return [mark for _, mark in batch.orders.good if not _is_whole(batch, mark, recorded=recorded.get(mark.characters))]


def _is_whole(batch: _Batch, mark: Mark, *, recorded: str | None) -> bool:
    """Whether a pin's folder is as it was recorded or, where it was not yet, has every file of this mark."""
    folder, names = batch.pin(mark), file_names(batch.workshop.setup.job)
    if load_check(folder) is None:
        return False
    if recorded is not None:
        return hash_of(hashes_in(folder, names)) == recorded
    shown = simulated_of(batch.workshop.setup.job)
    present = all((folder / name).is_file() for name in names if name not in shown)
    # A pin that could not be simulated has none of them, any other pin has all.
    present = present and len({(folder / name).is_file() for name in shown}) == 1
    return present and (folder / "mark.json").read_bytes() == json_bytes(mark_to_json(mark))


def _make_missing(batch: _Batch, *, workers: int, cluster: Cluster | None, progress: Progress) -> int:
    missing = _missing(batch)
    total = len(batch.orders.good)
    done = total - len(missing)
    # A lone pin is not worth a worker, unless it is what a run before left: one that killed its worker, perhaps.
    workers = 1 if total == 1 else workers
    place = (missing, batch.workshop, batch.folder)
    made = pins_made(*place, workers=workers) if cluster is None else pins_sent(*place, cluster=cluster)
    try:
        with journal(batch.folder) as note, closing(made) as finished:
            for pin in finished:
                done += 1
                note(pin.characters, pin.sha256)
                progress(done, total, pin.characters, pin.passed)
    except KeyboardInterrupt as error:
        raise stopped(done, total) from error
    return len(missing)


def _trays(rows: Rows, batch: _Batch) -> tuple[Tray, ...]:
    """The trays of the pins that passed, in the file's order: a pin that failed is not to be marked."""
    fixture = batch.workshop.setup.job.fixture
    if fixture is None:
        return ()
    made = zip(batch.orders.good, rows, strict=True)
    return trays_of(fixture.value, [(mark, row["files"]) for (_, mark), row in made if row["verdict"] == "pass"])


def _files_of(trays: Sequence[Tray]) -> tuple[str, ...]:
    return tuple(name for tray in trays for name in tray.files)


def _manifest(
    rows: Rows, trays: Sequence[Tray], batch: _Batch, priors: Sequence[tuple[str, str]] | None
) -> Iterator[bytes]:
    return manifest_pieces(
        batch.folder,
        batch.binding,
        job_name=batch.workshop.setup.job.name,
        priors=priors,
        pins=rows,
        skipped=_skipped(batch.orders),
        trays=_files_of(trays),
    )


def _skipped(orders: Orders) -> list[dict[str, Any]]:
    return [{"line": line, "reason": reason} for line, reason in orders.bad]


def _row(pin: PinOutcome, files: dict[str, str]) -> dict[str, Any]:
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
        "files": files,
    }
