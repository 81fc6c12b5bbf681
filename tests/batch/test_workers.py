"""Worker processes: how many threads each computes in, and what becomes of tasks when workers die.

The cases about threads have a process of their own, since the server that workers are forked from lives as long as its
process. Tasks are expressions, since a worker cannot import a test.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from multiprocessing import active_children
from pathlib import Path

import pytest

import engrave
from engrave.base.errors import UnfinishedError
from engrave.batch.workers import LocalCrew, Loss, pooled, running

HOME = str(Path(str(engrave.__file__)).parent.parent)
COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PROGRAM = """
import json, os, sys
from engrave.batch.workers import LocalCrew, pooled

before = dict(os.environ)
one = {"crew": LocalCrew(workers=1), "name": str}
[seen] = pooled(eval, ["dict(__import__('os').environ)"], **one)
[threads] = pooled(os.listdir, ["/proc/self/task"], **one) if sys.platform == "linux" else [[]]
print(json.dumps({"worker": seen, "kept": dict(os.environ) == before, "threads": len(threads)}))
"""


def worker_of(**counts: str) -> dict[str, object]:
    """What a worker of a fresh process sees of these counts, and whether the process kept its own environment."""
    clean = {name: value for name, value in os.environ.items() if name not in COUNTS}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={**clean, "PYTHONPATH": HOME, **counts},
        capture_output=True,
        check=True,
        timeout=60,
    )
    told = json.loads(ran.stdout)
    assert told["kept"]
    return {"counts": {name: told["worker"].get(name) for name in COUNTS}, "threads": told["threads"]}


def test_a_worker_computes_in_one_thread() -> None:
    worker = worker_of()
    assert worker["counts"] == dict.fromkeys(COUNTS, "1")
    # Its own, and the one that watches the parent.
    assert worker["threads"] == (2 if sys.platform == "linux" else 0)


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"])
def test_who_has_set_any_count_has_chosen(name: str) -> None:
    assert worker_of(**{name: "3"})["counts"] == {**dict.fromkeys(COUNTS), name: "3"}


KILL = "__import__('os').kill(__import__('os').getpid(), 9)"


def done_by_two(tasks: Sequence[str], losses: list[None] | None = None) -> tuple[list[int], tuple[str, ...]]:
    """What came of expressions on two workers, sorted, and the faults at the end."""
    lost = [] if losses is None else losses
    results: list[int] = []
    crew = LocalCrew(workers=2)
    try:
        for result in pooled(eval, tasks, crew=crew, name=lambda task: task[-8:], after_loss=lambda: lost.append(None)):
            results.append(result)  # noqa: PERF402 - what came before an error counts, too
    except UnfinishedError as error:
        return sorted(results), error.faults
    return sorted(results), ()


def test_a_task_that_kills_its_worker_is_set_aside_and_the_others_are_done() -> None:
    losses: list[None] = []
    results, faults = done_by_two(["0", "1", f"{KILL} or 'poison'", *map(str, range(2, 8))], losses)
    assert results == list(range(8))
    # Once among others, where nobody knows who did it, and twice by itself.
    assert len(losses) == 3
    assert len(faults) == 2
    assert faults[0] == (
        "'poison': set aside, since 2 workers died while they made it and nothing else; "
        "the last one was killed by SIGKILL"
    )
    assert faults[1].startswith("everything else is made")
    assert not [child for child in active_children() if child.is_alive()]


def test_a_worker_that_is_killed_once_loses_nothing(tmp_path: Path) -> None:
    flag = str(tmp_path / "flag")
    once = f"7 if __import__('os').path.exists({flag!r}) else (open({flag!r}, 'x').close(), {KILL})"
    losses: list[None] = []
    assert done_by_two(["0", "1", once, "2", "3"], losses) == ([0, 1, 2, 3, 7], ())
    assert len(losses) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes under /proc")
def test_the_server_of_the_workers_is_killed() -> None:
    """Its workers live on, and nobody can tell them to end."""
    told = "(__import__('time').sleep(0.2), __import__('os').getppid(), __import__('os').getpid(), {})[1:]"
    found = pooled(eval, [told.format(task) for task in range(12)], crew=LocalCrew(workers=2), name=str)
    first = next(found)
    os.kill(first[0], signal.SIGKILL)
    results = [first, *found]
    assert sorted(task for _, _, task in results) == list(range(12))
    assert len({server for server, _, _ in results}) == 2
    assert not [worker for _, worker, _ in results if Path(f"/proc/{worker}/cmdline").exists()]


def test_workers_that_always_die_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_MOST_LOSSES", 3)
    results, faults = done_by_two([KILL] * 1000)
    assert results == []
    assert "workers died 4 times while 0 tasks were done, the last one was killed by SIGKILL" in faults[-1]


def test_an_error_of_a_task_ends_the_others_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        list(pooled(eval, ["1", "1 / 0", *["__import__('time').sleep(60)"] * 4], crew=LocalCrew(workers=2), name=str))
    assert not [child for child in active_children() if child.is_alive()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes under /proc")
def test_workers_end_at_once_where_the_run_ignores_the_signal_that_tells_them_to() -> None:
    """Who starts a run may ignore SIGTERM, and whoever is started so ignores it, too."""
    program = """
import os, signal, sys
from engrave.batch.workers import LocalCrew, pooled

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
tasks = ["__import__('os').getpid()", *["__import__('time').sleep(30)"] * 2]
found = pooled(eval, tasks, crew=LocalCrew(workers=2), name=str)
print(next(found), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
found.close()
"""
    for how, code in (("closed", 0), ("killed", -signal.SIGKILL)):
        ran = subprocess.run(
            [sys.executable, "-P", "-c", program, how],
            env={**os.environ, "PYTHONPATH": HOME}, capture_output=True, check=False, timeout=20,
        )  # fmt: skip
        assert ran.returncode == code, ran.stderr
        deadline = time.monotonic() + 10
        while Path(f"/proc/{int(ran.stdout)}").exists():
            assert time.monotonic() < deadline, "a worker outlives its run"
            time.sleep(0.05)


def test_a_run_that_is_stopped_leaves_the_workers_of_another_in_its_process_alone() -> None:
    sleep = "__import__('time').sleep"
    losses: list[None] = []
    # Begun before its neighbour's workers, and with tasks handed out after them.
    stopped = pooled(eval, [f"{sleep}(0.1)"] * 20, crew=LocalCrew(workers=2), name=str)
    next(stopped)
    crew = LocalCrew(workers=1)
    other = pooled(eval, ["0", f"{sleep}(1) or 1"], crew=crew, name=str, after_loss=lambda: losses.append(None))
    assert next(other) == 0
    next(stopped)
    stopped.close()
    assert list(other) == [1]
    assert losses == []


class _GaveUpError(Exception):
    """As a cluster raises it, whose executor lives on."""


class _Elsewhere:
    """A crew of threads, in which a task is given up by an error of its own."""

    def room(self) -> int:
        """Three."""
        return 3

    def begin(self) -> Executor:
        """Two threads."""
        return ThreadPoolExecutor(2)

    def end(self, executor: Executor, *, at_once: bool) -> None:
        """Shut them down."""
        executor.shutdown(cancel_futures=at_once)

    def loss(self, error: BaseException) -> Loss | None:
        """One worker a time."""
        return Loss(reason="had enough") if isinstance(error, _GaveUpError) else None

    def watch(self) -> None:
        """Somebody is always there."""


def test_any_executor_will_do_and_tasks_are_taken_as_there_is_room() -> None:
    taken: list[int] = []
    tried: list[int] = []

    def given() -> Iterator[int]:
        for task in range(30):
            taken.append(task)
            yield task

    def work(task: int) -> int:
        tried.append(task)
        if task == 5:
            raise _GaveUpError
        return task

    found = pooled(work, given(), crew=_Elsewhere(), name=lambda task: f"task {task}")
    first = next(found)
    assert len(taken) <= 2 * 3
    with pytest.raises(UnfinishedError, match=r"task 5: set aside, since 2 workers died .* the last one had enough"):
        list(found)
    assert first in range(6)
    assert sorted(tried) == sorted([*range(30), 5, 5])


def test_a_future_that_was_cancelled_is_an_error() -> None:
    class Cancelling(ThreadPoolExecutor):
        def submit(self, *_: object, **__: object) -> "Future[object]":  # type: ignore[override]
            future: Future[object] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    class Crew(_Elsewhere):
        def begin(self) -> Executor:
            return Cancelling()

    with pytest.raises(CancelledError):
        list(pooled(str, [1, 2], crew=Crew(), name=str))
