"""Progress on standard error: a bar for people, events for a structured log, each with rate, time left and verdicts."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from engrave.cli.log import current_log

Progress = Callable[[int, int, str, bool | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """How fast, how much longer (None where there is no telling), and what came of it."""

    seconds: float
    rate: float
    left: float | None
    passed: int
    failed: int

    def told(self) -> str:
        """For people."""
        parts = [f"{self.rate:.3g}/s"]
        if self.left is not None:
            minutes, seconds = divmod(round(self.left), 60)
            parts.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left")
        if self.passed or self.failed:
            parts.append(f"{self.passed} pass, {self.failed} fail")
        return ", ".join(parts)


@dataclass(slots=True, kw_only=True)
class _Pace:
    """What is told of work under way: of what was done since it began, and not of what was there before."""

    begun: float
    before: int | None = None
    passed: int = 0
    failed: int = 0

    def step(self, done: int, total: int, passed: bool | None) -> _Figures:  # noqa: FBT001 - as Progress
        """One more is done."""
        if self.before is None:
            self.before = done - 1
        self.passed += passed is True
        self.failed += passed is False
        seconds = time.monotonic() - self.begun
        rate = (done - self.before) / seconds if seconds > 0 else 0.0
        return _Figures(
            seconds=round(seconds, 3),
            rate=round(rate, 3),
            left=round((total - done) / rate, 1) if rate > 0 else None,
            passed=self.passed,
            failed=self.failed,
        )


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Progress]:
    """A bar on standard error, or events of a structured log; silent if asked, or without either."""
    log, pace = current_log(), _Pace(begun=time.monotonic())
    if log.structured and not quiet:
        yield lambda done, total, name, passed: log.put(
            "progress", task=label, done=done, total=total, name=name, **asdict(pace.step(done, total, passed))
        )
        return
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total, _name, _passed: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        # Plain: a name is its user's own, and may have brackets.
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, told="")

        def step(done: int, total: int, name: str, passed: bool | None) -> None:  # noqa: FBT001 - called by place
            told = pace.step(done, total, passed).told()
            bar.update(task, completed=done, total=total, description=f"{label} {name}", told=told)

        yield step
