"""A Dask cluster of one's own on loopback, each worker a process with one thread, for tests, benchmarks and proofs."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from benchmarks.postgres_server import with_its_parent

_STARTING_S = 60
_PAUSE_S = 0.05
_ROOT = Path(__file__).resolve().parent.parent
_QUIET = ("--no-dashboard",)


@dataclass(slots=True)
class DaskCluster:
    """A scheduler and its workers."""

    folder: Path
    host: str = "127.0.0.1"
    address: str = ""
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    _scheduler: "subprocess.Popen[bytes] | None" = None

    def start(self, workers: int) -> None:
        """Begin the scheduler on a free port, then its workers."""
        file = self.folder / "scheduler.json"
        local = ("--host", self.host, "--port", "0", "--scheduler-file", str(file))
        self._scheduler = self._begun("dask_scheduler", *local, *_QUIET)
        deadline = time.monotonic() + _STARTING_S
        while not self.address:
            if time.monotonic() > deadline or self._scheduler.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(_PAUSE_S)
            with suppress(OSError, ValueError):
                self.address = json.loads(file.read_text())["address"]
        for _ in range(workers):
            self.add()

    def add(self) -> None:
        """Begin one more worker; it joins when it is ready."""
        own = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        self.workers.append(self._begun("dask_worker", self.address, *own, *_QUIET))

    def await_workers(self, workers: int) -> None:
        """Wait until so many have joined."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_STARTING_S)

    def kill(self, worker: int) -> None:
        """Kill a worker (-9)."""
        self.workers[worker].send_signal(signal.SIGKILL)
        self.workers[worker].wait(timeout=_STARTING_S)

    def kill_scheduler(self) -> None:
        """Kill the scheduler (-9)."""
        if self._scheduler is not None:
            self._scheduler.send_signal(signal.SIGKILL)
            self._scheduler.wait(timeout=_STARTING_S)

    def stop(self) -> None:
        """End all of it."""
        for process in [*self.workers, self._scheduler]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(timeout=_STARTING_S)

    def _begun(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - Dask's own programs
                [sys.executable, "-P", "-m", f"distributed.cli.{program}", *arguments],
                env={**os.environ, **single, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=with_its_parent,  # noqa: PLW1509 - it makes one system call, and nothing is locked then
            )


@contextmanager
def dask_cluster(workers: int, *, host: str = "127.0.0.1") -> Iterator[DaskCluster]:
    """A cluster, gone at the end; ``tls://127.0.0.1`` is one with the certificates that the environment names."""
    with tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True) as folder:
        cluster = DaskCluster(folder=Path(folder), host=host)
        try:
            cluster.start(workers)
            yield cluster
        finally:
            cluster.stop()
