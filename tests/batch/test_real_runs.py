"""Real pins by real worker processes: the same bytes however they were made, and whatever befell the run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import engrave
from engrave import api

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds a run's workers under /proc"),
]

HOME = str(Path(str(engrave.__file__)).parent.parent)
SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "schemas"
# A shell that runs the tests in the background hands every process an ignored SIGINT; a person's terminal does not.
AS_FROM_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
PROGRAM = [sys.executable, "-P", "-c", f"{AS_FROM_A_TERMINAL}; from engrave.cli import main; main()", "batch"]
PINS = 4
# No step of these takes longer: a pin is made in some seconds, a run's end is seen at once.
PATIENCE_S = 240.0
Bytes = dict[str, bytes]


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four serials and a job with one condition and one format, which is quickest."""
    folder = tmp_path_factory.mktemp("input")
    text = (
        api.example_job_text().replace('["nominal", "weak"]', '["nominal"]').replace('["ngc", "dxf", "svg"]', '["ngc"]')
    )
    (folder / "job.toml").write_text(text)
    rows = "".join(f"AAA000{number},Acme,P9\n" for number in range(1, PINS + 1))
    (folder / "serials.csv").write_text(f"serial,maker,model\n{rows}")
    return [str(folder / "serials.csv"), "--job", str(folder / "job.toml")]


def _start(
    arguments: list[str], out: Path, *, workers: int, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*PROGRAM, *arguments, "--out", str(out), "--workers", str(workers), "--json"],
        env={**os.environ, "PYTHONPATH": HOME, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _run(arguments: list[str], out: Path, *, workers: int, environment: Mapping[str, str] | None = None) -> Bytes:
    process = _start(arguments, out, workers=workers, environment=environment)
    printed, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, told.decode()
    assert len(json.loads(printed)["pins"]) == PINS
    return _bytes(out)


def _bytes(out: Path) -> Bytes:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(arguments: list[str], tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    """One worker, in its own environment."""
    environment = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"}
    return _run(arguments, tmp_path_factory.mktemp("one") / "out", workers=1, environment=environment)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _first_pin(out: Path) -> bool:
    return any(path.name[0] != "." for path in out.glob("pins/*"))


def _workers(process: "subprocess.Popen[bytes]") -> list[int]:
    """Processes of the run's session that are not the run itself: workers, and what serves them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid and int(entry.name) != process.pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def test_two_workers_another_hash_seed_time_zone_and_locale(
    arguments: list[str], undisturbed: Bytes, tmp_path: Path
) -> None:
    environment = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "de_DE.UTF-8"}
    assert _run(arguments, tmp_path / "elsewhere", workers=2, environment=environment) == undisturbed


def test_an_interrupt_from_the_keyboard(arguments: list[str], undisturbed: Bytes, tmp_path: Path) -> None:
    """The terminal sends it to every process of the run."""
    out = tmp_path / "out"
    process = _start(arguments, out, workers=2)
    _wait(lambda: _first_pin(out))
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    printed, told = process.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - begun < 10, "workers are stopped, not waited for"
    assert process.returncode == 130
    assert json.loads(printed)["slug"] == "interrupted"
    [line] = told.decode().strip().splitlines()
    # The first pin is there a moment before it is counted.
    assert re.fullmatch(
        rf"pin-engrave: stopped after [0-{PINS}] of {PINS} pins; the same command goes on from there", line
    )
    assert not (out / "manifest.json").exists()
    document = json.loads((out / ".run.json").read_bytes())
    Draft202012Validator(json.loads((SCHEMAS / "run.schema.json").read_text())).validate(document)
    _wait(lambda: not _workers(process))
    assert _run(arguments, out, workers=2) == undisturbed


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_to_the_run_alone(arguments: list[str], tmp_path: Path, sent: signal.Signals) -> None:
    """Whoever supervises it sends the second."""
    out = tmp_path / "out"
    process = _start(arguments, out, workers=2)
    _wait(lambda: _first_pin(out))
    os.kill(process.pid, sent)
    _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"the same command goes on from there" in told
    assert b"Traceback" not in told
    assert not (out / ".run.lock").exists()
    _wait(lambda: not _workers(process))


def test_the_run_is_killed(arguments: list[str], undisturbed: Bytes, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = _start(arguments, out, workers=2)
    _wait(lambda: _first_pin(out))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    _wait(lambda: not _workers(process))
    assert _run(arguments, out, workers=1) == undisturbed


def test_a_worker_is_killed(arguments: list[str], undisturbed: Bytes, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = _start(arguments, out, workers=2)
    _wait(lambda: _first_pin(out))
    # The busiest of the run's processes is a worker in the middle of a pin.
    os.kill(max(_workers(process), key=_cpu_ticks), signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert b"Traceback" not in told
    _wait(lambda: not _workers(process))
    assert _bytes(out) == undisturbed


def test_a_second_run_on_the_folder_is_refused(arguments: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = _start(arguments, out, workers=2)
    _wait(lambda: _first_pin(out))
    refused = subprocess.run(
        [*PROGRAM, *arguments, "--out", str(out), "--json"],
        env={**os.environ, "PYTHONPATH": HOME},
        capture_output=True,
        check=False,
    )
    assert refused.returncode == 1
    assert b"another run is at work in it" in refused.stderr
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
