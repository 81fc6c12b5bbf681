"""Eight processes issue codes from one pool into one registry, and are killed at random: nothing may be lost or double.

Every worker issues serials of its own and some that all of them want, each time as many as a seeded generator says,
and writes what was acknowledged to a file of its own, synced, after ``issue`` returned. Workers are killed (SIGKILL)
when the work has come to seeded places, and started again; a restarted worker goes on from what its file acknowledges.
The PostgreSQL server itself is crashed as well, whole and one backend at a time. The record is then judged by plain
SQL against the files, and audited. Usage: python benchmarks/proof_registry.py SCALE
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

# Last, so that an installed pin-engrave is proved rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.postgres_server import Server, programs, throwaway
from benchmarks.raw_registry import raw_registry
from engrave.base.errors import UnfinishedError
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

SEED = 20_261_122
CODES = 100_000
WORKERS = 8
# Of a full proof; a smaller one has fewer, but each kind once.
KILLS = 96
CRASHES = 4
COMMON_SHARE = 0.02
MOST_AT_ONCE = 500
FIRST_ID = 7_000
MODEL = ("Acme", "P-1")
_COMMON = "ALL-"
_PAUSE_S = 0.02
_STALLED_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything."""

    codes: int
    kills: int
    crashes: int
    at_once: int

    @property
    def common(self) -> int:
        """Serials that every worker wants."""
        own = (self.codes - round(self.codes * COMMON_SHARE)) // WORKERS
        return self.codes - WORKERS * own


def planned(scale: float) -> Plan:
    """The share ``scale`` of the full proof."""
    codes = max(WORKERS * 10, round(CODES * scale))
    return Plan(
        codes=codes,
        kills=max(WORKERS, round(KILLS * scale)),
        crashes=max(2, round(CRASHES * scale)),
        at_once=max(3, min(MOST_AT_ONCE, codes // 100)),
    )


def prove_registry(scale: float) -> dict[str, Any]:
    """The proof on both databases."""
    plan = planned(scale)
    with tempfile.TemporaryDirectory() as folder:
        results = {"sqlite": prove(str(Path(folder) / "registry.db"), plan, Path(folder), server=None)}
    binaries = programs()
    if binaries is None:
        return {**results, "postgresql": {"holds": False, "reason": "PostgreSQL is not installed"}}
    with tempfile.TemporaryDirectory() as folder, throwaway(binaries, durable=True) as server:
        results["postgresql"] = prove(server.url("postgres"), plan, Path(folder), server=server)
    return results


def prove(given: str, plan: Plan, folder: Path, *, server: Server | None) -> dict[str, Any]:
    """Issue all codes into a new registry at that address, amid kills; what came of it."""
    prepare(given, plan)
    crowd = _Crowd(given=given, plan=plan, folder=folder)
    begin = time.perf_counter()
    with crowd.at_work():
        _disturb(crowd, server)
        crowd.finish()
    seconds = time.perf_counter() - begin
    found = judged(given, plan, folder)
    holds = found["holds"] and crowd.disturbed() and not crowd.broken
    return {**found, **crowd.told(), "seconds": round(seconds, 1), "holds": holds}


def prepare(given: str, plan: Plan) -> None:
    """A registry with one pool that holds exactly as many ids as there are to be codes."""
    stamp = Stamp(actor="proof", time="2026-11-22T08:00:00Z", tool="proof")
    create_registry(given, identity="ab" * 16, stamp=stamp)
    last = FIRST_ID + plan.codes - 1
    with opened(given) as registry:
        add_issuer(registry, "Acme", [Block(first_id=FIRST_ID, last_id=last)], stamp)
        pool = Pool(maker=MODEL[0], model=MODEL[1], first_id=FIRST_ID, last_id=last)
        add_ranges(registry, "Acme", [], [pool], stamp)


def serials_of(worker: int, plan: Plan) -> list[str]:
    """What a worker issues: its own serials, and those that all want, scattered by seed."""
    own = (plan.codes - plan.common) // WORKERS
    found = [f"W{worker}-{place}" for place in range(own)] + [f"{_COMMON}{place}" for place in range(plan.common)]
    random.Random(f"{SEED} {worker}").shuffle(found)  # noqa: S311 - seeded
    return found


@dataclass(slots=True)
class _Crowd:
    """The workers, each a process that writes to a file of its own."""

    given: str
    plan: Plan
    folder: Path
    kills: int = 0
    crashes: int = 0
    backends_killed: int = 0
    broken: int = 0
    _lines: int = 0
    _offsets: dict[Path, int] = field(default_factory=dict)
    _starts: int = 0
    _running: "dict[int, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All workers running; none is left behind."""
        for worker in range(WORKERS):
            self._start(worker)
        try:
            yield
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def _start(self, worker: int) -> None:
        task = {"worker": worker, "start": self._starts, "given": self.given, **_fields(self.plan)}
        self._starts += 1
        path = self.folder / f"{worker}.acknowledged"
        self._running[worker] = subprocess.Popen(  # noqa: S603 - this file, with arguments made here
            [sys.executable, "-P", __file__, "--worker", json.dumps(task), str(path)], stdin=subprocess.DEVNULL
        )

    def done(self) -> int:
        """How many serials the workers have acknowledged."""
        for path in self.folder.glob("*.acknowledged"):
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                new = file.read()
            # Up to the last whole line: a restarted worker cuts off no more than what follows it.
            self._offsets[path] = self._offsets.get(path, 0) + new.rfind(b"\n") + 1
            self._lines += new.count(b"\n")
        return self._lines

    def kill(self, generator: random.Random) -> None:
        """Kill a worker that still works, and start it again."""
        alive = [worker for worker, process in self._running.items() if process.poll() is None]
        if alive:
            worker = generator.choice(alive)
            self._running[worker].send_signal(signal.SIGKILL)
            # One that had finished by then was not killed.
            self.kills += self._running[worker].wait() == -signal.SIGKILL
            self._start(worker)

    def restart(self, server: Server) -> None:
        """Crash the whole server, and start it again."""
        server.crash()
        server.start()
        self.crashes += 1

    def kill_backend(self, generator: random.Random) -> None:
        """Kill one of the server's own processes, upon which the server ends all of them and recovers."""
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        with psycopg.connect(self.given) as connection:
            backends = [pid for (pid,) in connection.execute(query).fetchall()]
        if backends:
            with suppress(ProcessLookupError):
                os.kill(generator.choice(backends), signal.SIGKILL)
                self.backends_killed += 1

    def working(self) -> bool:
        """Whether any worker is left; one that gave up is counted and ends the proof."""
        codes = [process.poll() for process in self._running.values()]
        self.broken = sum(code not in (None, 0) for code in codes)
        return not self.broken and None in codes

    def finish(self) -> None:
        """Wait for all of them."""
        while self.working():
            time.sleep(_PAUSE_S)

    def told(self) -> dict[str, Any]:
        """What was done to them."""
        return {
            "kills": self.kills,
            "server_crashes": self.crashes,
            "server_processes_killed": self.backends_killed,
            "starts": self._starts,
            "workers_that_gave_up": self.broken,
        }

    def disturbed(self) -> bool:
        """Whether about as much was done to them as was planned; a kill may come when its victim has just finished."""
        crashes = self.plan.crashes if "://" in self.given else 0
        return self.kills >= self.plan.kills * 0.9 and self.crashes + self.backends_killed >= crashes // 2


def _fields(plan: Plan) -> dict[str, int]:
    return {"codes": plan.codes, "kills": plan.kills, "crashes": plan.crashes, "at_once": plan.at_once}


def _disturb(crowd: _Crowd, server: Server | None) -> None:
    """Kill workers, and crash the server, whenever the work has come to places that the seed chose."""
    generator = random.Random(SEED)  # noqa: S311 - seeded
    wanted = crowd.plan.codes + (WORKERS - 1) * crowd.plan.common
    kinds: list[Callable[[], None]] = [lambda: crowd.kill(generator)] * crowd.plan.kills
    if server is not None:
        kinds += [lambda: crowd.restart(server), lambda: crowd.kill_backend(generator)] * (crowd.plan.crashes // 2)
    # In the last twentieth there might be nobody left to kill.
    places = sorted((generator.random() * 0.95 * wanted, number) for number in range(len(kinds)))
    last = time.monotonic()
    for place, number in places:
        while crowd.done() < place and crowd.working():
            time.sleep(_PAUSE_S)
            if time.monotonic() - last > _STALLED_S:
                raise TimeoutError("the workers do not come forward")
        last = time.monotonic()
        time.sleep(generator.random() * 0.03)
        kinds[number]()


def acknowledged(path: Path) -> list[tuple[str, int, int, int]]:
    """Serial, id, code and number of the worker's start, of every line that it wrote to its end."""
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    split = (line.split() for line in whole.splitlines())
    return [(serial, int(identifier), int(code), int(start)) for serial, identifier, code, start in split]


def judged(given: str, plan: Plan, folder: Path) -> dict[str, Any]:
    """What is on record beside what was acknowledged."""
    with raw_registry(given) as raw:
        rows = raw.rows("SELECT serial, id, code, codeword, actor FROM marks JOIN events ON seq = event")
        events = raw.one("SELECT count(*) FROM events WHERE kind = 'allocated'")
    with opened(given) as registry:
        found = audit(registry)
    known = {serial: (identifier, code) for serial, identifier, code, _, _ in rows}
    actors = {serial: actor for serial, _, _, _, actor in rows}
    written = {worker: acknowledged(folder / f"{worker}.acknowledged") for worker in range(WORKERS)}
    lines = [line for those in written.values() for line in those]
    missing = sum(
        len(set(serials_of(worker, plan)) - {serial for serial, _, _, _ in those}) for worker, those in written.items()
    )
    lost = sum(known.get(serial) != (identifier, code) for serial, identifier, code, _ in lines)
    # Committed by a worker that was killed before it could acknowledge; its successor asked again.
    recovered = sum(
        not serial.startswith(_COMMON) and actors.get(serial) != f"start {start}" for serial, _, _, start in lines
    )
    faults = {
        "serials_missing": missing,
        "acknowledged_but_lost_or_other": lost,
        "codes_twice": len(rows) - len({code for _, _, code, _, _ in rows}),
        "codewords_twice": len(rows) - len({word for _, _, _, word, _ in rows}),
        "serials_twice": len(rows) - len(known),
        "ids_skipped": len(
            set(range(FIRST_ID, FIRST_ID + plan.codes)) - {identifier for _, identifier, _, _, _ in rows}
        ),
        "audit_faults": len(found.faults),
    }
    return {
        "codes": len(rows),
        "acknowledgements": len(lines),
        "committed_and_killed_before_acknowledging": recovered,
        "transactions": events,
        "events_audited": found.events,
        **faults,
        "holds": not any(faults.values()) and len(rows) == plan.codes and found.marks == plan.codes,
    }


def work(task: dict[str, Any], path: Path) -> None:
    """A worker: issue what its file does not acknowledge yet, and write each answer to it."""
    plan = Plan(**{name: task[name] for name in ("codes", "kills", "crashes", "at_once")})
    lines = acknowledged(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    # A line that was cut off acknowledges nothing.
    os.truncate(descriptor, sum(len(_line(*line)) for line in lines))
    had = {serial for serial, _, _, _ in lines}
    left = [serial for serial in serials_of(task["worker"], plan) if serial not in had]
    generator = random.Random(f"{SEED} {task['start']}")  # noqa: S311 - seeded
    stamp = Stamp(actor=f"start {task['start']}", time="2026-11-22T08:00:00Z", tool="proof")
    while left:
        # The server may be down: whoever gets no answer asks again.
        with suppress(UnfinishedError), opened(task["given"]) as registry:
            while left:
                some = left[: generator.randint(1, plan.at_once)]
                answer = issue(registry, [(*MODEL, serial) for serial in some], stamp)
                written = "".join(_line(mark.serial, mark.id, mark.code, task["start"]) for mark in answer).encode()
                if os.write(descriptor, written) != len(written):
                    raise OSError("the file is not written whole")
                os.fsync(descriptor)
                left = left[len(some) :]


def _line(serial: str, identifier: int, code: int, start: int) -> str:
    return f"{serial} {identifier} {code} {start}\n"


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        work(json.loads(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(prove_registry(float(sys.argv[1])), indent=1))
