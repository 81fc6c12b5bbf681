"""Running a batch: the parent allocates every code in the file's order, workers make pins, the manifest comes last."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engrave.base.config import parse_json
from engrave.base.errors import UnfinishedError
from engrave.base.files import write_atomic, write_folder_atomic
from engrave.batch.folder import (
    INDEX,
    JOB,
    PINS,
    Binding,
    binding_of,
    claimed,
    hashes_in,
    is_whole,
    load_check,
    recorded_files,
    write_manifest,
)
from engrave.batch.index import index_page
from engrave.batch.orders import Order, Orders
from engrave.batch.pin import Workshop, make_pin, workshop_for
from engrave.code.mark import Mark
from engrave.job import job_from_json
from engrave.job.resolve import JOB_SCHEMA

Progress = Callable[[int, int, str], None]
"""Called with how many pins are done, how many there are, and the characters of the one just done."""

# Pins a task: enough to hide the cost of handing it over, few enough to end together.
_CHUNK = 2
# Tasks handed to the pool ahead of the workers.
_WINDOW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOutcome:
    """One pin of a finished batch."""

    order: Order
    mark: Mark
    passed: bool
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


def run_batch(
    orders: Orders, workshop: Workshop, folder: Path, *, input_sha256: str, workers: int, progress: Progress
) -> BatchOutcome:
    """Make what is not there yet, then the report and the manifest; called again, it resumes.

    Raises OccupiedError where the folder belongs to another input, job or run, UnfinishedError where a file cannot be
    written or a worker died: what is there then is whole, and the same call goes on from it.
    """
    binding = binding_of(input_sha256=input_sha256, job_sha256=workshop.job_sha256)
    with claimed(folder, binding):
        write_atomic(folder / JOB, workshop.job_document)
        made = _make_missing(orders, workshop, folder, workers=workers, progress=progress)
        outcome = BatchOutcome(
            folder=folder,
            pins=tuple(_finished(order, mark, folder) for order, mark in orders.good),
            skipped=orders.bad,
            made=made,
        )
        _finish(outcome, workshop, binding)
    return outcome


def _make_missing(orders: Orders, workshop: Workshop, folder: Path, *, workers: int, progress: Progress) -> int:
    recorded = recorded_files(folder)
    missing = [
        mark for _, mark in orders.good if not is_whole(folder / PINS / mark.characters, recorded.get(mark.characters))
    ]
    total = len(orders.good)
    done = total - len(missing)
    for characters in _made(missing, workshop, folder / PINS, workers=workers):
        done += 1
        progress(done, total, characters)
    return len(missing)


def _made(marks: Sequence[Mark], workshop: Workshop, pins: Path, *, workers: int) -> Iterator[str]:
    """Make pins, here or by worker processes, and name each as it is done."""
    if workers == 1 or len(marks) <= 1:
        for mark in marks:
            _make_one(workshop, mark, pins)
            yield mark.characters
        return
    chunks = (tuple(marks[start : start + _CHUNK]) for start in range(0, len(marks), _CHUNK))
    # Forkserver: a worker begins clean of the parent's threads and locks.
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        try:
            yield from _pooled(pool, chunks, workshop.job_document, pins, window=workers * _WINDOW)
        except BrokenProcessPool as error:
            raise UnfinishedError(
                "a worker process died (out of memory, or killed); repeat the command to go on from what is whole"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pooled(
    pool: ProcessPoolExecutor, chunks: Iterator[tuple[Mark, ...]], job_document: bytes, pins: Path, *, window: int
) -> Iterator[str]:
    """Keep a bounded window of tasks in flight."""

    def submitted(count: int) -> set[Future[list[str]]]:
        return {pool.submit(_make_chunk, job_document, chunk, str(pins)) for chunk in islice(chunks, count)}

    waiting = submitted(window)
    while waiting:
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= submitted(len(finished))
        for future in finished:
            yield from future.result()


def _make_chunk(job_document: bytes, marks: tuple[Mark, ...], pins: str) -> list[str]:
    workshop = _workshop(job_document)
    for mark in marks:
        _make_one(workshop, mark, Path(pins))
    return [mark.characters for mark in marks]


@lru_cache(maxsize=1)
def _workshop(job_document: bytes) -> Workshop:
    """A worker's own workshop, made once a job: it costs more to send than to make."""
    document = parse_json(job_document.decode(), origin=JOB, schema=JOB_SCHEMA)
    return workshop_for(job_from_json(document, origin=JOB))


def _make_one(workshop: Workshop, mark: Mark, pins: Path) -> None:
    files, _ = make_pin(workshop, mark)
    write_folder_atomic(pins / mark.characters, files)


def _finished(order: Order, mark: Mark, folder: Path) -> PinOutcome:
    pin = folder / PINS / mark.characters
    return PinOutcome(order=order, mark=mark, passed=load_check(pin)["verdict"] == "pass", files=hashes_in(pin))


def _finish(outcome: BatchOutcome, workshop: Workshop, binding: Binding) -> None:
    write_atomic(
        outcome.folder / INDEX, index_page(outcome.folder / PINS, [pin.mark for pin in outcome.pins], workshop)
    )
    write_manifest(
        outcome.folder,
        binding,
        job_name=workshop.setup.job.name,
        pins=[_row(pin) for pin in outcome.pins],
        skipped=[{"line": line, "reason": reason} for line, reason in outcome.skipped],
    )


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
