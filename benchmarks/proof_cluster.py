"""A batch made by a Dask cluster of three workers, one of which is killed in mid-run: the same bytes as made here.

The registry is on PostgreSQL. Scheduler and workers are processes on loopback, each worker with one thread and without
a nanny, so that a killed one does not come back. In each trial a seeded worker is killed (SIGKILL) when a seeded number
of pins is there, after a seeded moment; the run must end well by itself. Then every file is held against those of a
local run that nothing disturbed, and the registry is audited and asked by plain SQL.
Usage: python benchmarks/proof_cluster.py SCALE
"""

import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Last, so that an installed pin-engrave is proved rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

import psycopg

from benchmarks.dask_cluster import dask_cluster
from benchmarks.postgres_server import programs, throwaway
from benchmarks.proved_batch import batch_input, differences, hashes_of, recorded_faults, registry_at
from benchmarks.watched import begun
from engrave.base.files import TEMPORARY_PREFIX
from engrave.batch.folder import MANIFEST, file_sha256

if TYPE_CHECKING:
    import subprocess

SEED = 20_261_124
TRIALS = 10
PINS = 60
WORKERS = 3
_LEAST_PINS = 5
# A pin takes about a second: a kill falls anywhere in one.
_MOMENT_S = 1.5
_PAUSE_S = 0.02
_STALLED_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many pins a trial has, and of every trial which worker is killed, at how many pins, how much later."""

    pins: int
    kills: tuple[tuple[int, int, float], ...]


def planned(scale: float) -> Plan:
    """The share ``scale`` of the full proof: fewer trials, and fewer pins where there is one trial alone."""
    generator = random.Random(SEED)  # noqa: S311 - seeded
    trials = max(1, round(TRIALS * scale))
    pins = max(_LEAST_PINS, min(PINS, round(PINS * TRIALS * scale)))
    kills = [
        (generator.randrange(WORKERS), generator.randrange(1, pins // 2), generator.uniform(0, _MOMENT_S))
        for _ in range(trials)
    ]
    return Plan(pins=pins, kills=tuple(kills))


def prove_cluster(scale: float) -> dict[str, Any]:
    """The proof, and what every trial came to."""
    binaries, plan = programs(), planned(scale)
    if binaries is None:
        return {"killed worker": {"holds": False, "reason": "PostgreSQL is not installed"}}
    with tempfile.TemporaryDirectory() as name, throwaway(binaries, durable=True) as server:
        folder = Path(name)
        arguments = batch_input(folder, plan.pins)
        code = _made(folder / "local", [*arguments, "--workers", "2"], str(folder / "local.db"))
        undisturbed = hashes_of(folder / "local")
        trials = []
        for number, kill in enumerate(plan.kills):
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE trial_{number}")  # type: ignore[arg-type,unused-ignore]
            address = server.url(f"trial_{number}")
            trials.append(
                _trial(folder / f"{number}", arguments, address=address, pins=plan.pins, kill=kill, local=undisturbed)
            )
    holds = code == 0 and all(trial["holds"] for trial in trials)
    result = {
        "pins": plan.pins,
        "trials": len(trials),
        "workers": WORKERS,
        "kills_in_mid_run": sum(trial["killed_with_work_left"] for trial in trials),
        "each": trials,
        "holds": holds,
    }
    return {"killed worker": result}


def _made(out: Path, arguments: list[str], address: str) -> int:
    registry_at(address)
    return _run(out, arguments, address).wait(timeout=_STALLED_S * 10)


def _run(out: Path, arguments: list[str], address: str) -> "subprocess.Popen[bytes]":
    given = ("--out", str(out), "--registry", address, "--actor", "proof", "--quiet")
    return begun(["batch", *arguments, *given])


def _trial(
    out: Path, arguments: list[str], *, address: str, pins: int, kill: tuple[int, int, float], local: dict[str, str]
) -> dict[str, Any]:
    """One batch by a cluster of its own, held against what was made here."""
    worker, due, moment_s = kill
    registry_at(address)
    begin = time.perf_counter()
    with dask_cluster(WORKERS) as cluster:
        run = _run(out, [*arguments, "--scheduler", cluster.address], address)
        deadline = time.monotonic() + _STALLED_S
        while _there(out) < due and run.poll() is None and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
        time.sleep(moment_s)
        there, working = _there(out), run.poll() is None
        cluster.kill(worker)
        code = run.wait(timeout=_STALLED_S)
    manifest = file_sha256(out / MANIFEST) if (out / MANIFEST).is_file() else ""
    faults = {**differences(hashes_of(out), local), **recorded_faults(address, pins, manifest)}
    left = working and there < pins
    return {
        "worker_killed": worker,
        "pins_there_then": there,
        "killed_with_work_left": left,
        "exit_code": code,
        "seconds": round(time.perf_counter() - begin, 1),
        **faults,
        "holds": code == 0 and left and not any(faults.values()),
    }


def _there(out: Path) -> int:
    """Pins that are there."""
    try:
        return sum(not path.name.startswith(TEMPORARY_PREFIX) for path in (out / "pins").iterdir())
    except FileNotFoundError:
        return 0


def main() -> int:
    """The proof alone."""
    results = prove_cluster(float(sys.argv[1]))
    print(json.dumps(results, indent=2))
    return 0 if all(result["holds"] for result in results.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
