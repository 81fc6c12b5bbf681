"""Many strikes of one pin, by as many workers as there are; the same trials in the same order on any number of them."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

from engrave.base.config import parse_json
from engrave.batch.pin import job_document
from engrave.batch.progress import Progress
from engrave.batch.workers import LocalCrew, pooled
from engrave.code.mark import Mark
from engrave.job import job_from_json
from engrave.job.resolve import JOB_SCHEMA
from engrave.job.setup import prepare
from engrave.strike import Condition
from engrave.verify import Checker, checker_for
from engrave.verify.trials import Trial, trial
from toolpaths.surface import HeightMap

# Strikes of a task: some ten seconds of work, beside which handing the tip over takes nothing.
_AT_ONCE = 16

Draws = Sequence[tuple[int, Condition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Some of the strikes of a pin; ``job`` is the bytes of a job.json."""

    tip: HeightMap
    mark: Mark
    job: bytes
    draws: Draws


def struck_often(
    tip: HeightMap, mark: Mark, checker: Checker, draws: Draws, *, workers: int, progress: Progress
) -> tuple[Trial, ...]:
    """A trial for every draw, by index. Raises UnfinishedError where a worker died, InputError as ``trial`` does."""
    trials: list[Trial] = []
    for some in _found(tip, mark, checker, draws, workers=workers):
        trials += some
        progress(len(trials), len(draws), "", None)
    return tuple(sorted(trials, key=lambda entry: entry.index))


def _found(
    tip: HeightMap, mark: Mark, checker: Checker, draws: Draws, *, workers: int
) -> Generator[list[Trial], None, None]:
    """The trials of some draws at a time, made here or by worker processes."""
    parts = [draws[first : first + _AT_ONCE] for first in range(0, len(draws), _AT_ONCE)]
    if workers == 1 or len(parts) <= 1:
        for part in parts:
            yield _trials(tip, mark, checker, part)
        return
    job = job_document(checker.setup.job)
    tasks = (_Task(tip=tip, mark=mark, job=job, draws=part) for part in parts)
    crew = LocalCrew(workers=min(workers, len(parts)))
    with closing(pooled(_task, tasks, crew=crew, name=_name)) as finished:
        yield from finished


def _name(task: _Task) -> str:
    return f"{task.mark.characters}: strikes {task.draws[0][0]} to {task.draws[-1][0]}"


def _task(task: _Task) -> list[Trial]:
    return _trials(task.tip, task.mark, _checker(task.job), task.draws)


@lru_cache(maxsize=1)
def _checker(job: bytes) -> Checker:
    """A worker's own checker, made once a job: it cannot be sent."""
    document = parse_json(job.decode(), origin="job.json", schema=JOB_SCHEMA)
    return checker_for(prepare(job_from_json(document, origin="job.json")))


def _trials(tip: HeightMap, mark: Mark, checker: Checker, draws: Draws) -> list[Trial]:
    return [trial(tip, mark, checker, index=index, condition=condition) for index, condition in draws]
