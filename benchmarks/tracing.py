"""Tracing: two lost characters by algebra beside SQLite's LIKE, all marks weighed, blind, and the memory of 10^7 marks.

Usage: python benchmarks/tracing.py [--marks 1000000 10000000] [--repeats 11] [--json FILE]

All in one run on the same random record. LIKE is given a text column with an index; where the first characters are
known it can use that, so both cases stand here. Memory is the peak resident set of another process that loads the
index and traces; pages of the mapped file count.
"""

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, compared, machine, print_compared, timed, write_json
from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods
from engrave.code.codeword import codeword_of, codewords_of
from engrave.code.decode import Options
from engrave.code.evidence import SoftReading, soft_reading
from engrave.code.permutation import ID_COUNT, unpermute
from engrave.code.priors import P_FALSE_TOOTH, P_MISSED_TOOTH, P_WRONG_CHARACTER
from engrave.code.profiles import PROFILE_A
from engrave.code.ring import ring_cells
from engrave.registry.algebra import fitting
from engrave.registry.index import CodeIndex, built_index, load_index, merged, save_index
from engrave.registry.ranking import trace_codes

SCHEMA = "pin-engrave/benchmark-trace/1"
REGISTRY = "benchmark"
SEED = 20_260_301
LOST = {"LIKE, first character lost": (0, 3), "LIKE, last two lost": (6, 7)}
UNKNOWN: Options = ((),) * PROFILE_A.carried
_BLOCK = 100_000
_MIB = 2**20


def record(marks: int) -> CodeIndex:
    """Random permuted ids, in chunks as a registry would give them."""
    generator = np.random.default_rng(SEED)
    chunks = (generator.integers(0, ID_COUNT, _BLOCK) for _ in range(-(-marks // _BLOCK)))
    return built_index(chunks, REGISTRY, last_event=marks)


def reading_of(code: int, lost: tuple[int, ...], *, ring: bool) -> tuple[Options, SoftReading]:
    """What is left of a mark of profile A: characters, and the ring with every third sector lost, one tooth misread."""
    word = codeword_of(unpermute(code))
    options = tuple(() if place in lost else (symbol,) for place, symbol in enumerate(word[:8].tolist()))
    cells = ring_cells(word).astype(np.int8)
    cells[:, ::3] = -1
    cells[0, 4] ^= 1
    return (*options, *UNKNOWN[8:]), soft_reading(
        PROFILE_A,
        characters=choice_log_likelihoods(options, P_WRONG_CHARACTER),
        cells=cell_log_likelihoods(cells, P_FALSE_TOOTH, P_MISSED_TOOTH) if ring else None,
    )


def database(index: CodeIndex, path: Path) -> sqlite3.Connection:
    """The characters of every mark as text, indexed."""
    letters = np.array([ord(letter) for letter in ALPHABET], dtype=np.uint8)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("CREATE TABLE marks (code INTEGER PRIMARY KEY, characters TEXT NOT NULL)")
    for start in range(0, len(index.codes), _BLOCK):
        codes = index.codes[start : start + _BLOCK].astype(np.int64)
        texts = letters[codewords_of(codes)[:, :8]].view("S8")[:, 0].astype(str)
        connection.executemany("INSERT INTO marks VALUES (?, ?)", zip(codes.tolist(), texts.tolist(), strict=True))
    connection.execute("CREATE INDEX by_characters ON marks (characters)")
    connection.commit()
    return connection


def beside_like(index: CodeIndex, *, repeats: int) -> dict[str, Any]:
    """Two lost characters: marks that fit, by algebra and by LIKE. Raises ValueError where they differ."""
    code = int(index.codes[len(index.codes) // 3])
    results = {}
    with TemporaryDirectory() as folder:
        connection = database(index, Path(folder) / "marks.sqlite")
        for name, lost in LOST.items():
            options, reading = reading_of(code, lost, ring=False)
            pattern = "".join("_" if place in lost else characters_of(options[place]) for place in range(8))
            query = "SELECT code FROM marks WHERE characters LIKE ? ORDER BY code"
            by_like, rows = timed(partial(_rows, connection, query, pattern), repeats=3)
            look_up, found = timed(partial(fitting, index.codes, options, PROFILE_A), repeats=repeats)
            trace, ranked = timed(partial(trace_codes, index.codes, options, reading), repeats=repeats)
            if found is None or found.tolist() != rows or ranked.fitting != len(rows):
                raise ValueError("trace: LIKE and the algebra find different marks")
            results[name] = compared(
                {"trace, posteriors and all": trace, "fitting marks alone": look_up, name: by_like},
                ours="trace, posteriors and all",
            )
        connection.close()
    return results


def _rows(connection: sqlite3.Connection, query: str, pattern: str) -> list[int]:
    return [code for (code,) in connection.execute(query, (pattern,))]


def weighing(index: CodeIndex, *, repeats: int) -> dict[str, Any]:
    """All marks weighed: by eight characters, with the ring too, and blind. Raises ValueError where another is best."""
    code = int(index.codes[len(index.codes) // 3])
    _, characters = reading_of(code, (), ring=False)
    _, ring = reading_of(code, (0, 3), ring=True)
    runs = {
        "eight characters": partial(trace_codes, index.codes, UNKNOWN, characters),
        "six characters and the ring": partial(trace_codes, index.codes, UNKNOWN, ring),
        "six characters and the ring, blind": partial(trace_codes, index.codes, UNKNOWN, ring, blind=True),
    }
    timings = {}
    for name, run in runs.items():
        timings[name], ranked = timed(run, repeats=repeats)
        if ranked.marks[0].code != code or ranked.how != "ranking":
            raise ValueError(f"trace: {name}: another mark is best")
    return compared(timings, ours="eight characters")


def files(index: CodeIndex, *, repeats: int) -> dict[str, Any]:
    """The index's file written, loaded and grown, and the peak memory of a process that uses it."""
    more = np.random.default_rng(SEED + 1).integers(0, ID_COUNT, 1000)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "codes"
        save, _ = timed(partial(save_index, index, path), repeats=3)
        load, _ = timed(partial(load_index, path, REGISTRY), repeats=repeats)
        grow, _ = timed(partial(merged, index, more, index.last_event + 1), repeats=3)
        command = [sys.executable, str(Path(__file__).resolve()), "--peaks", str(path)]
        peaks = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    return {
        "times": compared({"load": load, "save": save, "1,000 marks more": grow}, ours="load"),
        "peak_mib": json.loads(peaks.stdout),
    }


def peaks(path: Path) -> dict[str, float]:
    """The peak memory of this process, MiB, after each step. Raises ValueError where there is no index at ``path``."""
    found = {"imports": _peak_mib()}
    index = load_index(path, REGISTRY)
    if index is None:
        raise ValueError(f"{path} is no index")
    found["index loaded"] = _peak_mib()
    code = int(index.codes[len(index.codes) // 3])
    trace_codes(index.codes, *reading_of(code, (0, 3), ring=False))
    found["two lost characters traced"] = _peak_mib()
    trace_codes(index.codes, UNKNOWN, reading_of(code, (0, 3), ring=True)[1])
    found["all marks weighed, ring too"] = _peak_mib()
    trace_codes(index.codes, UNKNOWN, reading_of(code, (0, 3), ring=True)[1], blind=True)
    found["the same blind"] = _peak_mib()
    record(len(index.codes))
    found["an index made from chunks beside it"] = _peak_mib()
    return found


def _peak_mib() -> float:
    """Where Linux tells it, the peak of this program alone: that of ``getrusage`` is no less than its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024, 1)
    # KiB but for macOS, where they are bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB, 1)


def measure(marks: int, *, repeats: int) -> dict[str, Any]:
    """Everything for one record, printed as it is done."""
    index = record(marks)
    print(f"{len(index.codes):,} marks on record")
    results: dict[str, Any] = {"marks": len(index.codes), "two lost characters": beside_like(index, repeats=repeats)}
    for name, result in results["two lost characters"].items():
        print_compared(f" two lost characters, {name}", result)
    results["all weighed"] = weighing(index, repeats=3)
    print_compared(" all marks weighed", results["all weighed"])
    results["file"] = files(index, repeats=repeats)
    print_compared(" the index's file", results["file"]["times"])
    for name, mib in results["file"]["peak_mib"].items():
        print(f"  peak memory, {name:40} {mib:8.1f} MiB")
    return results


def main() -> int:
    """Measure, print and, where asked, write the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=int, nargs="+", default=[10**6, 10**7], help="sizes of the record")
    parser.add_argument("--repeats", type=int, default=11, help="runs of what takes milliseconds")
    parser.add_argument("--json", type=Path, help="where the document goes")
    parser.add_argument("--peaks", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peaks is not None:
        print(json.dumps(peaks(options.peaks)))
        return 0
    if min(options.marks) < 1 or options.repeats < 1:
        parser.error("--marks and --repeats must be 1 or more")
    records = [measure(marks, repeats=options.repeats) for marks in options.marks]
    if options.json is not None:
        head = {"schema": SCHEMA, **commit(), "machine": machine(("numpy", "pin-engrave")), "seed": SEED}
        write_json(options.json, {**head, "sqlite": sqlite3.sqlite_version, "records": records})
    return 0


if __name__ == "__main__":
    sys.exit(main())
