"""The long proofs: damaged words, readings and input by the million, with evidence that says what was run.

Usage: python benchmarks/prove.py --scale 1 --evidence DIR [--only NAME]

At scale 1 a million words have their erasures filled, a million for each kind of misreading are compared with the
closed form, a million damaged readings are decoded softly and three times a hundred thousand that may name nobody, a
million inputs are fuzzed, fifty pins are struck sixty times each and read, ten thousand random jobs are laid out, and
a hundred random layouts on each of six pins are held against the one that the search finds, a thousand coupons are
measured and fitted, two hundred sound pins and eighty faults are scanned and inspected, a batch of five hundred pins
is killed two hundred times, on SQLite and on PostgreSQL, ten batches are made by a Dask cluster of three workers of
which one is killed, and ten thousand pins are made at a stretch. The exit code is 3 where a proof fails.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is proved rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, sources_sha256, write_json
from benchmarks.guided_fuzz import guided
from benchmarks.proof_batch import prove_batch
from benchmarks.proof_calibration import RUNS, calibrated
from benchmarks.proof_cluster import prove_cluster
from benchmarks.proof_code import erasures, identifications, misreadings
from benchmarks.proof_fuzz import fuzz
from benchmarks.proof_inspection import FAULTS_RUNS, inspected
from benchmarks.proof_inspection import RUNS as INSPECTED
from benchmarks.proof_layout import JOBS, MARKS, RIVALS, TIPS, WAYS, identified, placed
from benchmarks.proof_reading import proved
from benchmarks.proof_registry import prove_registry
from benchmarks.proof_rods import calibrated_rods
from benchmarks.proof_scale import prove_scale
from benchmarks.proof_strike import DRAWS, IMPRESSIONS, struck_and_read

SCHEMA = "pin-engrave/evidence/1"
SEED = 20_260_722
WORDS = 1_000_000
DECODED = 100_000
READINGS = {"damaged": 1_000_000, "foreign": 100_000, "noise": 100_000, "overlaid": 100_000}
# A million cases in all. A job takes some milliseconds to load, a program half of one, so that they have fewer.
FUZZED = {
    "gcode": 140_000,
    "edm_gcode": 40_000,
    "csv": 130_000,
    "job_toml": 30_000,
    "job_json": 20_000,
    "mark_json": 110_000,
    "reading": 170_000,
    "registry_csv": 10_000,
    "registry_json": 10_000,
    "registry_toml": 20_000,
    "registry_index": 20_000,
    "manifest": 20_000,
    "run_json": 10_000,
    "registry_url": 30_000,
    "x3p": 30_000,
    "dxf": 50_000,
    "svg": 50_000,
    "lbrn2": 50_000,
    "ovf": 30_000,
    "mesh_stl": 10_000,
    "mesh_3mf": 10_000,
    "mesh_glb": 10_000,
}
# The same readers again, under a fuzzer that watches which branches are taken.
GUIDED = {name: cases // 5 for name, cases in FUZZED.items()}
LIBRARIES = ("atheris", "distributed", "numpy", "pin-engrave", "psycopg", "pydantic", "scipy", "shapely", "sqlalchemy")


def scaled(count: int, scale: float) -> int:
    """That share of a count, and one at least."""
    return max(1, round(count * scale))


def prove_code(scale: float) -> dict[str, Any]:
    """Every proof of the code, one after the other."""
    return {
        "erasures": erasures(words=scaled(WORDS, scale), seed=SEED),
        "identifications": identifications(words=scaled(DECODED, scale), seed=SEED),
        "misreadings": misreadings(words=scaled(WORDS, scale), seed=SEED),
    }


def prove_reading(scale: float) -> dict[str, Any]:
    """Soft decoding of damaged readings, and of what is no mark of ours, or two."""
    return proved({kind: scaled(count, scale) for kind, count in READINGS.items()}, seed=SEED)


def prove_input(scale: float) -> dict[str, Any]:
    """Every target fuzzed, each in a process of its own where there are processors to spare."""
    workers = min(len(FUZZED), os.cpu_count() or 1)
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        tasks = {name: pool.submit(fuzz, name, cases=scaled(cases, scale), seed=SEED) for name, cases in FUZZED.items()}
        guides = {
            f"{name}, guided": pool.submit(guided, name, runs=scaled(runs, scale), seed=SEED)
            for name, runs in GUIDED.items()
        }
        return {name: task.result() for name, task in {**tasks, **guides}.items()}


def prove_strike(scale: float) -> dict[str, Any]:
    """Held-out impressions read blind, and how far the reader's likelihoods can be believed."""
    impressions = scaled(IMPRESSIONS, scale)
    pins = max(1, impressions // DRAWS)
    return struck_and_read(pins, draws=impressions // pins, seed=SEED)


def prove_layout(scale: float) -> dict[str, Any]:
    """Random jobs laid out, and layouts held against the full simulation."""
    return {
        "placement": placed(scaled(JOBS, scale), seed=SEED),
        **identified(
            scaled(RIVALS, scale),
            ways=scaled(WAYS, scale),
            marks=scaled(MARKS, scale),
            seed=SEED,
            tips=TIPS[: scaled(len(TIPS), scale)],
        ),
    }


def prove_calibration(scale: float) -> dict[str, Any]:
    """Planted figures of a laser and of a rod, found again from measured coupons; how often intervals hold them."""
    return {"coupons": calibrated(scaled(RUNS, scale), seed=0), "rods": calibrated_rods(scaled(RUNS, scale), seed=0)}


def prove_inspection(scale: float) -> dict[str, Any]:
    """Scans of pins in which nothing is wrong, and of pins with known faults."""
    return {"scans": inspected(scaled(INSPECTED, scale), faults=scaled(FAULTS_RUNS, scale), seed=SEED)}


PROOFS: dict[str, Callable[[float], dict[str, Any]]] = {
    "code": prove_code,
    "reading": prove_reading,
    "input": prove_input,
    "registry": prove_registry,
    "strike": prove_strike,
    "layout": prove_layout,
    "calibration": prove_calibration,
    "inspection": prove_inspection,
    "batch": prove_batch,
    "cluster": prove_cluster,
    "scale": prove_scale,
}


def main() -> int:
    """Run them, print what came of it, and write one file of evidence each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, required=True, help="1 for the whole, 0.001 for a try")
    parser.add_argument("--evidence", type=Path, required=True, help="the folder for the evidence")
    parser.add_argument("--only", choices=sorted(PROOFS), help="one proof instead of all")
    options = parser.parse_args()
    if not 0 < options.scale <= 1:
        parser.error("--scale must be above 0 and at most 1")
    sound, stamp = True, commit()
    for name in [options.only] if options.only else PROOFS:
        begin = time.perf_counter()
        results = PROOFS[name](options.scale)
        holds = all(result["holds"] for result in results.values())
        write_json(
            options.evidence / f"{name}.json",
            {
                "schema": SCHEMA,
                "proof": name,
                **stamp,
                "sources_same_at_end": sources_sha256() == stamp["sources_sha256"],
                "scale": options.scale,
                "seed": SEED,
                "machine": machine(LIBRARIES),
                "clock_s": round(time.perf_counter() - begin, 1),
                "holds": holds,
                "results": results,
            },
        )
        for part, result in results.items():
            print(f"{name}, {part}: {'holds' if result['holds'] else 'FAILS'}")
        sound = sound and holds
    return 0 if sound else 3


if __name__ == "__main__":
    sys.exit(main())
