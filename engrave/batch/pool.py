"""Worker processes for tasks of seconds: few in flight, none left behind, none that outlives an interrupt."""

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import TypeVar

from engrave.base.errors import UnfinishedError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Tasks handed to the pool ahead of each worker.
_WINDOW = 2

# What linear algebra takes its number of threads from, once, when numpy is imported: OpenMP, OpenBLAS, MKL, BLIS,
# Accelerate.
_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def pooled(function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: int) -> Generator[Result, None, None]:
    """Results of a function over tasks, as they come, from as many worker processes.

    A worker computes in one thread, so that workers do not crowd one another out, unless the environment says how many.

    Raises UnfinishedError where a worker died, and whatever the function raised; workers are then stopped at once, in
    the middle of what they do. Close the iterator where it is not run to its end.
    """
    not_ours = set(active_children())
    _start_server()
    # Forkserver: a worker begins clean of the parent's threads and locks.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("forkserver"), initializer=_begin)
    whole = False
    try:
        yield from _in_window(pool, function, iter(tasks), window=workers * _WINDOW)
        whole = True
    except BrokenProcessPool as error:
        raise UnfinishedError(
            "a worker process died (out of memory, or killed); repeat the command to go on from what is whole"
        ) from error
    finally:
        if not whole:
            _stop(set(active_children()) - not_ours)
        pool.shutdown(wait=True, cancel_futures=True)


def _start_server() -> None:
    """Start the process that workers are forked from, if it is not there yet, with one thread for linear algebra.

    It keeps the environment that it starts with and hands it on; the parent's own is as before. Where any of the counts
    is set already somebody has chosen, and none is set here.
    """
    ours = () if any(name in os.environ for name in _THREAD_COUNTS) else _THREAD_COUNTS
    os.environ.update(dict.fromkeys(ours, "1"))
    try:
        ensure_running()
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _in_window(
    pool: ProcessPoolExecutor, function: Callable[[Task], Result], tasks: Iterator[Task], *, window: int
) -> Iterator[Result]:
    def submitted(count: int) -> set[Future[Result]]:
        return {pool.submit(function, task) for task in islice(tasks, count)}

    waiting = submitted(window)
    while waiting:
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= submitted(len(finished))
        for future in finished:
            yield future.result()


def _stop(workers: set[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()


def _begin() -> None:
    """In a worker: an interrupt from the keyboard is the parent's to answer, and without a parent there is no work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
