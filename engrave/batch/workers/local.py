"""Worker processes of this machine: clean of the parent's threads, one thread each, none that outlives it."""

import os
import signal
import time
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from threading import Thread
from typing import TYPE_CHECKING, Any

from engrave.base.threads import choose_one_thread
from engrave.batch.workers.running import Loss

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess


# Tasks handed to the pool ahead of each worker.
_WINDOW = 2

# How often a worker looks whether its server is still there, and what multiprocessing takes for the exit code of one
# whose server has gone.
_LOOKING_S = 0.5
_UNKNOWN = 255


@dataclass(slots=True, kw_only=True)
class LocalCrew:
    """As many worker processes, each of which computes in one thread unless the environment says how many."""

    workers: int
    _reason: str = "died"

    def room(self) -> int:
        """Some more tasks than there are workers, so that none waits for the parent."""
        return self.workers * _WINDOW

    def begin(self) -> Executor:
        """A pool whose processes start with its first tasks."""
        return _Processes(self.workers)

    def end(self, executor: Executor, *, at_once: bool) -> None:
        """End a pool's processes, and wait until they have ended."""
        if isinstance(executor, _Processes):
            if at_once:
                executor.stop()
            executor.shutdown(wait=True, cancel_futures=True)
            self._reason = executor.reason()

    def loss(self, error: BaseException) -> Loss | None:
        """A worker that died breaks its pool."""
        return Loss(reason=self._reason) if isinstance(error, BrokenExecutor) else None

    def watch(self) -> None:
        """A process that dies is told of by its pool."""


class _Context(ForkServerContext):
    """Forkserver, so that a worker begins clean of the parent's threads and locks; its processes are kept.

    Children of this process may be another run's, too.
    """

    def __init__(self) -> None:
        self.made: list[BaseProcess] = []

    def Process(self, *given: Any, **named: Any) -> "BaseProcess":  # type: ignore[override] # noqa: ANN401, N802 - as its base
        """One more, which is not begun yet."""
        process = ForkServerProcess(*given, **named)
        self.made.append(process)
        return process


class _Processes(ProcessPoolExecutor):
    """A pool that knows its processes, to stop them and to say how they ended."""

    def __init__(self, workers: int) -> None:
        self._context = _Context()
        self._codes: set[int] = set()
        _start_server()
        super().__init__(workers, mp_context=self._context, initializer=_begin)

    def stop(self) -> None:
        """End every process in the middle of what it does."""
        processes = [process for process in self._context.made if process.pid is not None]
        self._codes = {process.exitcode or 0 for process in processes}
        for process in processes:
            # Whoever started the run may have had SIGTERM ignored, and workers ignore it then, too.
            process.kill()
        if any(process.exitcode == _UNKNOWN for process in processes):
            # The server was killed, and its workers cannot be told to end: they see to it themselves.
            time.sleep(2 * _LOOKING_S)

    def reason(self) -> str:
        """How a process ended that nobody here told to end: before ``stop``, and not as the pool ends the others."""
        codes = self._codes - {0}
        code = min(codes - {-signal.SIGTERM} or codes, default=None)
        if code is None:
            return "died"
        if code > 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"


def _start_server() -> None:
    """Start the process that workers are forked from, if it is not there yet, with one thread for linear algebra.

    It keeps the environment that it starts with and hands it on; the parent's own is as before.
    """
    ours = choose_one_thread(os.environ)
    try:
        ensure_running()
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _begin() -> None:
    """In a worker: an interrupt from the keyboard is the parent's to answer, and without a parent there is no work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End where the parent has ended, or the server that forked us: without that the parent believes us dead."""
    parent, server = parent_process(), os.getppid()
    if parent is not None:
        while os.getppid() == server and not wait([parent.sentinel], timeout=_LOOKING_S):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
