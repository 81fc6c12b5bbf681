"""A batch whose processes are killed two hundred times: what stands in the end is as if nothing had happened.

The batch is made by the command, with a registry, in a session of its own. Each kill (SIGKILL) waits until a seeded
number of pins is there, then for a seeded moment, and takes the run or any other process of its session; so some
fall upon the start and the allocation, and a tenth of them upon what comes after the last pin: report, manifest,
registry, and a run that finds all done. Whenever a run has ended, the same command is begun again. Then every file of
the folder is held against those of a run that nothing disturbed, and the registry is audited and asked by plain SQL.
Usage: python benchmarks/proof_batch.py SCALE
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Last, so that an installed pin-engrave is proved rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.postgres_server import programs, throwaway
from benchmarks.proved_batch import batch_input, differences, hashes_of, recorded_faults, registry_at
from benchmarks.watched import begun, session
from engrave.base.files import TEMPORARY_PREFIX
from engrave.batch.folder import MANIFEST, file_sha256

if TYPE_CHECKING:
    import subprocess

SEED = 20_261_123
PINS = 500
KILLS = 200
_WORKERS = 2
# A tenth of the kills come when every pin is there.
_LATE_SHARE = 0.1
# A start takes two seconds or so, what comes after the last pin some more: a kill waits as long at most.
_MOMENT_S = 3.0
_PAUSE_S = 0.01
_STALLED_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many pins, and at how many of them each kill falls due."""

    pins: int
    due: tuple[int, ...]


def planned(scale: float) -> Plan:
    """The share ``scale`` of the full proof."""
    pins, kills = max(3, round(PINS * scale)), max(2, round(KILLS * scale))
    late = max(1, round(kills * _LATE_SHARE))
    early = kills - late
    return Plan(pins=pins, due=(*(number * pins // early for number in range(early)), *[pins] * late))


def prove_batch(scale: float) -> dict[str, Any]:
    """The proof on both databases."""
    plan = planned(scale)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = [*batch_input(folder, plan.pins), "--workers", f"{_WORKERS}", "--quiet"]
        undisturbed = hashes_of(_undisturbed(folder, arguments))
        results = {"sqlite": _prove(folder / "sqlite", str(folder / "registry.db"), arguments, plan, undisturbed)}
        binaries = programs()
        if binaries is None:
            return {**results, "postgresql": {"holds": False, "reason": "PostgreSQL is not installed"}}
        with throwaway(binaries, durable=True) as server:
            address = server.url("postgres")
            results["postgresql"] = _prove(folder / "postgresql", address, arguments, plan, undisturbed)
    return results


def _undisturbed(folder: Path, arguments: list[str]) -> Path:
    address, out = str(folder / "undisturbed.db"), folder / "undisturbed"
    registry_at(address)
    run = _Run(arguments=arguments, address=address, out=out)
    run.start()
    if run.ended() != 0:
        raise RuntimeError("the undisturbed run failed")
    return out


@dataclass(slots=True, kw_only=True)
class _Run:
    """The command, begun as often as it takes."""

    arguments: list[str]
    address: str
    out: Path
    starts: int = 0
    exits: dict[str, int] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Begin it, in a session of its own."""
        self.starts += 1
        given = ("--out", str(self.out), "--registry", self.address, "--actor", "proof")
        self._process = begun(["batch", *self.arguments, *given])

    @property
    def pid(self) -> int:
        """Of the run itself."""
        return self._begun.pid

    @property
    def _begun(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("nothing was begun")
        return self._process

    def is_over(self) -> bool:
        """Whether it has ended by now."""
        return self._begun.poll() is not None

    def ended(self) -> int:
        """Wait for its end, and for the end of all that it began: its exit code."""
        code = self._begun.wait(timeout=_STALLED_S * 10)
        deadline = time.monotonic() + _STALLED_S
        while list(session(self.pid)):
            if time.monotonic() > deadline:
                raise RuntimeError("processes of a run that has ended are still there")
            time.sleep(_PAUSE_S)
        self.exits[str(code)] = self.exits.get(str(code), 0) + 1
        return code

    def processes(self) -> list[int]:
        """The run and all that it began."""
        return sorted(process for process, _ in session(self.pid))


def _prove(out: Path, address: str, arguments: list[str], plan: Plan, undisturbed: dict[str, str]) -> dict[str, Any]:
    """Make the batch amid kills, and judge what is there."""
    registry_at(address)
    run, begin = _Run(arguments=arguments, address=address, out=out), time.perf_counter()
    kills = _disturbed(run, plan)
    # Whatever the last kill left, once or twice more, and once when nothing is left to do.
    codes = [_again(run) for _ in range(2)]
    faults = {
        **differences(hashes_of(out), undisturbed),
        **recorded_faults(address, plan.pins, file_sha256(out / MANIFEST) if (out / MANIFEST).is_file() else ""),
    }
    planned_kills = len(plan.due)
    return {
        "pins": plan.pins,
        "kills": sum(kills.values()),
        "kills_of": kills,
        "starts": run.starts,
        "exits": run.exits,
        "seconds": round(time.perf_counter() - begin, 1),
        **faults,
        "holds": not any(faults.values()) and codes == [0, 0] and sum(kills.values()) == planned_kills,
    }


def _again(run: _Run) -> int:
    run.start()
    return run.ended()


def _disturbed(run: _Run, plan: Plan) -> dict[str, int]:
    """Run amid kills: how many fell upon the run itself, and upon others of its processes."""
    generator = random.Random(SEED)  # noqa: S311 - seeded
    kills = {"the run": 0, "another process": 0}
    run.start()
    for due in plan.due:
        moment_s, upon_run = generator.uniform(0, _MOMENT_S), generator.random() < 0.5  # noqa: PLR2004 - a coin
        _until(run, due)
        time.sleep(moment_s)
        while not _kill(run, generator, kills, upon_run=upon_run):
            # It was done before its moment came: then a run that finds nothing left to do is the one to be killed.
            run.ended()
            run.start()
            moment_s /= 2
            time.sleep(moment_s)
        if run.is_over():
            run.start()
    run.ended()
    return kills


def _kill(run: _Run, generator: random.Random, kills: dict[str, int], *, upon_run: bool) -> bool:
    """Kill the run or another of its processes; False where it has ended."""
    others = [process for process in run.processes() if process != run.pid]
    if run.is_over():
        return False
    target = run.pid if upon_run or not others else generator.choice(others)
    try:
        os.kill(target, signal.SIGKILL)
    except ProcessLookupError:
        return False
    kills["the run" if target == run.pid else "another process"] += 1
    if target == run.pid:
        run.ended()
    return True


def _until(run: _Run, pins: int) -> None:
    """Wait until so many pins are there; a run that a kill of one of its processes has ended is begun again."""
    deadline = time.monotonic() + _STALLED_S
    while _made(run.out) < pins:
        if run.is_over():
            if run.ended() == 0:
                return
            run.start()
        if time.monotonic() > deadline:
            raise RuntimeError(f"no further than {_made(run.out)} pins")
        time.sleep(_PAUSE_S)


def _made(out: Path) -> int:
    """Pins that are there."""
    try:
        return sum(not path.name.startswith(TEMPORARY_PREFIX) for path in (out / "pins").iterdir())
    except FileNotFoundError:
        return 0


def main() -> int:
    """The proof alone."""
    results = prove_batch(float(sys.argv[1]))
    print(json.dumps(results, indent=2))
    return 0 if all(result["holds"] for result in results.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
