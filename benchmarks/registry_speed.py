"""How fast marks are issued, one and a thousand a call, beside the same rows by sqlite3 and psycopg alone.

Usage: python benchmarks/registry_speed.py. Clock seconds, since most of it is waiting for the disk.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.postgres_server import programs, throwaway
from benchmarks.raw_registry import Raw, raw_registry
from engrave.code.ranges import Range
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import Block, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

SINGLE = 500
BATCHES = 20
A_BATCH = 1_000
SERIALS = 10_000_000
_STAMP = Stamp(actor="benchmark", time="2026-11-22T08:00:00Z", tool="benchmark")
_MARKS = "id, code, codeword, range, model, serial, issue, replaces, event"


def measured(given: str) -> dict[str, float]:
    """Marks a second, for each way to put them on record in a registry at that address, and to audit them."""
    create_registry(given, identity="ab" * 16, stamp=_STAMP)
    serials = Range(maker="Acme", model="P-1", template="9999999", base=0)
    with opened(given) as registry:
        add_issuer(registry, "Acme", [Block(first_id=0, last_id=SERIALS - 1)], _STAMP)
        add_ranges(registry, "Acme", [serials], [], _STAMP)

        def issued(start: int, count: int) -> None:
            issue(registry, [("Acme", "P-1", f"{number:07}") for number in range(start, start + count)], _STAMP)

        issued(0, 1)
        found = {
            "issue, 1 a call": _rate(issued, range(1, 1 + SINGLE), 1),
            "issue, 1,000 a call": _rate(issued, range(10_000, 10_000 + BATCHES * A_BATCH, A_BATCH), A_BATCH),
        }
        begin = time.perf_counter()
        report = audit(registry)
        found["audit"] = report.marks / (time.perf_counter() - begin)
        if not report.sound:
            raise RuntimeError(report.faults)
    with raw_registry(given) as raw:
        found |= _raw(raw)
    return found


def _raw(raw: Raw) -> dict[str, float]:
    """The rows of marks and steps into tables like ours without any guard, in transactions of the same sizes."""
    rows = raw.rows(f"SELECT {_MARKS} FROM marks ORDER BY id")  # noqa: S608 - columns of ours
    mark = "?" if raw.is_file else "%s"
    text, whole = ("TEXT", "INTEGER") if raw.is_file else ("text", "bigint")
    raw.run(
        f"CREATE TABLE bare (id {whole} PRIMARY KEY, code {whole} UNIQUE, codeword {text} UNIQUE, range {whole},"
        f" model {whole}, serial {text}, issue {whole}, replaces {whole}, event {whole}, UNIQUE (model, serial, issue))"
    )
    raw.run(f"CREATE TABLE bare_steps (mark {whole}, state {whole}, event {whole}, PRIMARY KEY (mark, state))")
    if raw.is_file:
        raw.run("PRAGMA synchronous = EXTRA")
    cursor = raw.connection.cursor()

    def inserted(start: int, count: int) -> None:
        some = rows[start : start + count]
        raw.run("BEGIN")
        cursor.executemany(f"INSERT INTO bare VALUES ({', '.join([mark] * 9)})", some)  # noqa: S608 - placeholders
        steps: Sequence[tuple[Any, ...]] = [(row[0], 1, row[-1]) for row in some]
        cursor.executemany(f"INSERT INTO bare_steps VALUES ({mark}, {mark}, {mark})", steps)  # noqa: S608 - as above
        raw.run("COMMIT")

    return {
        "driver alone, 1 a commit": _rate(inserted, range(SINGLE), 1),
        "driver alone, 1,000 a commit": _rate(inserted, range(SINGLE, len(rows) - A_BATCH, A_BATCH), A_BATCH),
    }


def _rate(run: Callable[[int, int], None], starts: range, count: int) -> float:
    begin = time.perf_counter()
    for start in starts:
        run(start, count)
    return len(starts) * count / (time.perf_counter() - begin)


def main() -> None:
    """Print a line for each way and database."""
    with tempfile.TemporaryDirectory() as folder:
        results = {"SQLite": measured(str(Path(folder) / "registry.db"))}
    binaries = programs()
    if binaries is not None:
        with throwaway(binaries, durable=True) as server:
            results["PostgreSQL"] = measured(server.url("postgres"))
    for database, rates in results.items():
        for way, rate in rates.items():
            print(f"{database:12} {way:32} {rate:10,.0f} marks/s")


if __name__ == "__main__":
    main()
