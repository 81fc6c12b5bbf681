"""Tasks over workers that may die: few in flight, whatever a death interrupted done again, none left behind.

Who works is a crew's matter: it makes executors, one after the other where one breaks, and says which errors mean that
a worker died. A task that was in flight then is a suspect. Suspects are done one at a time, so that a death tells of
whom it came; a task that kills two workers by itself is set aside, and the others go on.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, Protocol, TypeVar

from engrave.base.errors import UnfinishedError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Workers that a task may kill, by itself, before it is set aside.
_MOST_DEATHS = 2
# Losses of workers that a run bears, and one more for so many tasks done: a night's run outlives now and then a killer
# of processes, and workers that die as they begin are not started for ever.
_MOST_LOSSES = 12
_DONE_A_LOSS = 20
# How often a crew is asked, while nothing comes, whether anything can still come.
_WATCH_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Workers died over a task: how the last one ended, and how many they were at least."""

    reason: str
    deaths: int = 1


class Crew(Protocol):
    """Who works."""

    def room(self) -> int:
        """How many tasks to have in flight."""

    def begin(self) -> Executor:
        """An executor without tasks."""

    def end(self, executor: Executor, *, at_once: bool) -> None:
        """Let an executor's workers go, in the middle of what they do where it is to be at once."""

    def loss(self, error: BaseException) -> Loss | None:
        """What a task's error tells of workers that died; None where it is the task's own."""

    def watch(self) -> None:
        """Called while nothing comes. Raises UnfinishedError where nothing can come any more."""


def _nothing() -> None:
    """There is nothing to do after a loss."""


def pooled(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    crew: Crew,
    name: Callable[[Task], str],
    after_loss: Callable[[], None] = _nothing,
) -> Generator[Result, None, None]:
    """Results of a function over tasks, as they come, from a crew's workers.

    ``name`` is what people call a task; ``after_loss`` is called when workers were lost and none is at work. Raises
    UnfinishedError at the end, where everything else has been done, for tasks that were set aside; earlier, where
    workers die over and over. Raises whatever the function raised. Workers are then stopped at once, in the middle of
    what they do. Close the iterator where it is not run to its end.
    """
    run = _Run(function=function, tasks=map(_Entry, tasks), crew=crew, after_loss=after_loss, executor=crew.begin())
    whole = False
    try:
        yield from run.results(name)
        whole = True
    finally:
        crew.end(run.executor, at_once=not whole)
    if run.aside:
        raise UnfinishedError([*run.told_aside(name), "everything else is made; repeat the command to try them again"])


@dataclass(slots=True, eq=False)
class _Entry(Generic[Task]):
    """A task, how many workers it has killed by itself, and how the last one ended."""

    task: Task
    deaths: int = 0
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class _Run(Generic[Task, Result]):
    function: Callable[[Task], Result]
    tasks: Iterator[_Entry[Task]]
    crew: Crew
    after_loss: Callable[[], None]
    executor: Executor
    waiting: dict[Future[Result], _Entry[Task]] = field(default_factory=dict)
    suspects: deque[_Entry[Task]] = field(default_factory=deque)
    aside: list[_Entry[Task]] = field(default_factory=list)
    alone: bool = False
    done: int = 0
    losses: int = 0

    def results(self, name: Callable[[Task], str]) -> Iterator[Result]:
        """All results but of tasks that are set aside. Raises UnfinishedError where workers die over and over."""
        self._fill()
        while self.waiting:
            results = self._gathered(name)
            # Before whoever takes the results works with them: workers must not wait for that.
            self._fill()
            yield from results

    def told_aside(self, name: Callable[[Task], str]) -> list[str]:
        """Every task that was set aside, and why."""
        return [
            f"{name(entry.task)}: set aside, since {entry.deaths} workers died while they made it and nothing else; "
            f"the last one {entry.reason}"
            for entry in self.aside
        ]

    def _fill(self) -> None:
        if self.suspects:
            if not self.waiting:
                self.alone = True
                self._submit(self.suspects.popleft())
            return
        if self.alone and self.waiting:
            return
        self.alone = False
        for entry in islice(self.tasks, max(0, self.crew.room() - len(self.waiting))):
            self._submit(entry)

    def _submit(self, entry: _Entry[Task]) -> None:
        try:
            future = self.executor.submit(self.function, entry.task)
        except BrokenExecutor as error:
            # Workers died since the last result; this task was not begun, and those that were are told of it.
            future = Future()
            future.set_exception(_NotBegunError(*error.args))
        self.waiting[future] = entry

    def _gathered(self, name: Callable[[Task], str]) -> list[Result]:
        """What has come."""
        finished, _ = wait(self.waiting, timeout=_WATCH_S, return_when=FIRST_COMPLETED)
        if not finished:
            self.crew.watch()
        if any(isinstance(_error(future), BrokenExecutor) for future in finished):
            # Every future of a broken executor is done once it has ended.
            self.crew.end(self.executor, at_once=True)
            self.after_loss()
            self.executor = self.crew.begin()
            finished = set(self.waiting)
            self.losses += 1
        results, last = [], ""
        for future in finished:
            entry, error = self.waiting.pop(future), _error(future)
            if error is None:
                results.append(future.result())
                continue
            last = self._suspected(entry, error)
        self.done += len(results)
        if last:
            self._require_progress(last, name)
        return results

    def _suspected(self, entry: _Entry[Task], error: BaseException) -> str:
        """Do a task again by itself, or set it aside; how its worker ended. Raises the task's own error."""
        loss = self.crew.loss(error)
        if loss is None:
            raise error
        entry.reason = loss.reason
        if self.alone and not isinstance(error, _NotBegunError):
            entry.deaths += loss.deaths
        self.losses += not isinstance(error, BrokenExecutor)  # one that broke has been counted, once for all its tasks
        (self.aside if entry.deaths >= _MOST_DEATHS else self.suspects).append(entry)
        return loss.reason

    def _require_progress(self, reason: str, name: Callable[[Task], str]) -> None:
        if self.losses <= _MOST_LOSSES + self.done // _DONE_A_LOSS:
            return
        told = (
            f"workers died {self.losses} times while {self.done} tasks were done, the last one {reason}: too often to "
            "go on; free some memory or use fewer workers, and repeat the command to go on from what is whole"
        )
        raise UnfinishedError([*self.told_aside(name), told])


class _NotBegunError(BrokenExecutor):
    """The executor was broken before it took the task."""


def _error(future: Future[Result]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()
