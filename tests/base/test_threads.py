"""One thread for linear algebra, unless somebody has chosen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import engrave
from engrave.base.threads import THREAD_COUNTS, choose_one_thread

HOME = str(Path(str(engrave.__file__)).parent.parent)
PROGRAM = """
import os
from engrave.cli import main
try:
    main(["encode", "AAA0001", "--maker", "Acme", "--model", "P9"])
finally:
    import numpy
    numpy.ones((500, 500)) @ numpy.ones((500, 500))
    print(len(os.listdir("/proc/self/task")))
"""


def test_one_where_nobody_has_chosen() -> None:
    environment = {"LANG": "C"}
    assert choose_one_thread(environment) == THREAD_COUNTS
    assert environment == {"LANG": "C", **dict.fromkeys(THREAD_COUNTS, "1")}


@pytest.mark.parametrize("name", THREAD_COUNTS)
def test_who_has_set_any_count_has_chosen(name: str) -> None:
    environment = {name: "3"}
    assert choose_one_thread(environment) == ()
    assert environment == {name: "3"}


@pytest.mark.skipif(sys.platform != "linux" or os.cpu_count() == 1, reason="asks /proc, of two processors or more")
@pytest.mark.parametrize(("chosen", "threads"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, 2)])
def test_a_command_computes_in_one_thread(chosen: dict[str, str], threads: int) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in THREAD_COUNTS}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={**clean, "PYTHONPATH": HOME, **chosen},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout.split()[-1]) == threads
