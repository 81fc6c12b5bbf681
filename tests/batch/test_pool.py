"""How many threads a worker computes in: one, unless the environment says otherwise.

Each case has a process of its own, since the server that workers are forked from lives as long as its process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import engrave

HOME = str(Path(str(engrave.__file__)).parent.parent)
COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PROGRAM = """
import json, os, sys
from engrave.batch.pool import pooled

before = dict(os.environ)
[seen] = pooled(eval, ["dict(__import__('os').environ)"], workers=1)
[threads] = pooled(os.listdir, ["/proc/self/task"], workers=1) if sys.platform == "linux" else [[]]
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
