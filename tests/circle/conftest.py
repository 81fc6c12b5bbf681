"""The demo's batch, made once for every worker of a test run, and the polylines that LinuxCNC reports."""

import fcntl
import os
from pathlib import Path

import pytest

from engrave import api
from engrave.api import BatchOutcome

PROJECT = Path(__file__).parent.parent.parent
EXAMPLES = PROJECT / "examples"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> BatchOutcome:
    """The 24 pins of ``make demo``: made by whichever test worker comes first, found whole by the others."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return api.batch(
            EXAMPLES / "serials.csv", shared / "demo", api.load_job(EXAMPLES / "job.toml"), workers=api_workers()
        )


def api_workers() -> int:
    """One worker a processor: the other test workers wait for the demo meanwhile."""
    return os.cpu_count() or 1
