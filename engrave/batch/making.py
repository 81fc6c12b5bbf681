"""Pins and trays made: here, by worker processes that write into the folder, or by a cluster that sends them back."""

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from engrave.base.config import parse_json
from engrave.base.errors import UnfinishedError
from engrave.base.files import read_bytes, remove_leftovers, sha256_hex, write_folder_atomic
from engrave.base.version import tool_version
from engrave.batch.folder import CHECK, JOB, PINS, hash_of
from engrave.batch.pin import Workshop, make_pin, workshop_for
from engrave.batch.remote import RemoteTask, make_remotely
from engrave.batch.trays import Tray, make_tray
from engrave.batch.workers import LocalCrew, pooled
from engrave.batch.workers.cluster import Cluster
from engrave.code.mark import Mark
from engrave.job import job_from_json
from engrave.job.resolve import JOB_SCHEMA

Task = TypeVar("Task")
Result = TypeVar("Result")

_MOST_JOB_BYTES = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A pin for a worker, which reads the job from the folder: the document is more than all the rest."""

    folder: str
    job_sha256: str
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A pin that is whole in the folder. sha256 : ``hash_of`` its files, as they were made."""

    characters: str
    passed: bool
    sha256: str


def pins_made(marks: Sequence[Mark], workshop: Workshop, folder: Path, *, workers: int) -> Generator[Made, None, None]:
    """Make pins, here or by worker processes; each as it is done."""
    if workers == 1 or not marks:
        for mark in marks:
            yield _make_one(workshop, mark, folder)
        return
    job_sha256 = workshop.job_sha256
    tasks = (_Task(folder=str(folder), job_sha256=job_sha256, mark=mark) for mark in marks)
    crew = LocalCrew(workers=min(workers, len(marks)))
    with closing(_pooled_here(_make_task, tasks, folder, crew, name=lambda task: _pin_name(task.mark))) as finished:
        yield from finished


def pins_sent(
    marks: Sequence[Mark], workshop: Workshop, folder: Path, *, cluster: Cluster
) -> Generator[Made, None, None]:
    """Have pins made by a cluster, and write each here."""
    if not marks:
        return
    job, version = cluster.hand_out(workshop.job_document), tool_version()
    tasks = (RemoteTask(job=job, version=version, mark=mark) for mark in marks)
    with closing(pooled(make_remotely, tasks, crew=cluster.crew(), name=lambda task: _pin_name(task.mark))) as finished:
        for pin in finished:
            yield _write_pin(folder, pin.mark, pin.files)


def _pooled_here(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    folder: Path,
    crew: LocalCrew,
    *,
    name: Callable[[Task], str],
) -> Generator[Result, None, None]:
    """Results from workers that write into the folder: what one that died was writing is removed."""
    return pooled(function, tasks, crew=crew, name=name, after_loss=lambda: remove_leftovers(folder))


def _pin_name(mark: Mark) -> str:
    return f"pin {mark.characters}, serial {mark.serial} ({mark.maker}, {mark.model})"


def _make_task(task: _Task) -> Made:
    return _make_one(_workshop(task.folder, task.job_sha256), task.mark, Path(task.folder))


@lru_cache(maxsize=1)
def _workshop(folder: str, job_sha256: str) -> Workshop:
    """A worker's own workshop, made once a job: it costs more to send than to make."""
    document = read_bytes(Path(folder) / JOB, most=_MOST_JOB_BYTES)
    if sha256_hex(document) != job_sha256:
        raise UnfinishedError(f"{folder}/{JOB}: has been changed while the batch was made; repeat the command")
    return workshop_for(job_from_json(parse_json(document.decode(), origin=JOB, schema=JOB_SCHEMA), origin=JOB))


def _make_one(workshop: Workshop, mark: Mark, folder: Path) -> Made:
    files, _ = make_pin(workshop, mark)
    return _write_pin(folder, mark, files)


def _write_pin(folder: Path, mark: Mark, files: Mapping[str, bytes]) -> Made:
    """Put a pin into the batch's folder.

    Raises UnfinishedError, also where the folder is gone: one made anew would be bound to nothing, and refused as
    somebody else's when the command is repeated.
    """
    # Before it is written, so that a pin that is there is soon told of.
    made = Made(
        characters=mark.characters,
        passed=json.loads(files[CHECK])["verdict"] == "pass",
        sha256=hash_of({name: sha256_hex(data) for name, data in files.items()}),
    )
    write_folder_atomic(folder / PINS / mark.characters, files, parents=False)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrayTask:
    """A tray for a worker, which reads the job from the folder."""

    folder: str
    job_sha256: str
    tray: Tray


def make_trays(trays: Sequence[Tray], workshop: Workshop, folder: Path, *, workers: int) -> None:
    """Make each tray's files, here or by worker processes; those that are whole are left alone."""
    if workers == 1 or len(trays) <= 1:
        for tray in trays:
            make_tray(workshop, tray, folder)
        return
    job_sha256 = workshop.job_sha256
    tasks = (_TrayTask(folder=str(folder), job_sha256=job_sha256, tray=tray) for tray in trays)
    crew = LocalCrew(workers=min(workers, len(trays)))
    with closing(_pooled_here(_make_tray_task, tasks, folder, crew, name=lambda task: task.tray.name)) as finished:
        for _ in finished:
            pass


def _make_tray_task(task: _TrayTask) -> None:
    make_tray(_workshop(task.folder, task.job_sha256), task.tray, Path(task.folder))
