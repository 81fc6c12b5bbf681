"""The same batch on local processes and on a Dask cluster on loopback, with one worker and with two.

Prints seconds and pins a second of each, and how many times as fast it is as one local worker. Each figure is the least
of some runs, and counts from the first pin to the last, so that no start is in it: workers of either kind take seconds
to begin, which in a night do not matter. Usage: python benchmarks/cluster.py [--pins 24] [--runs 1] [--json FILE]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, write_json
from benchmarks.dask_cluster import dask_cluster
from benchmarks.proved_batch import batch_input, hashes_of
from engrave import api

SCHEMA = "pin-engrave/cluster-benchmark/1"
WORKERS = (1, 2)


def measured(*, pins: int, runs: int) -> dict[str, Any]:
    """Seconds of every way, and its speed as a multiple of one local worker's; whether all made the same bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        serials, _, job = batch_input(folder, pins)
        seconds: dict[str, float] = {}
        hashes = []
        for run in range(runs):
            for count in WORKERS:
                out = folder / f"local-{count}-{run}"
                _least(seconds, f"local, {count}", _seconds(Path(serials), out, Path(job), workers=count))
                hashes.append(hashes_of(out))
            for count in WORKERS:
                with dask_cluster(count) as cluster:
                    cluster.await_workers(count)
                    out = folder / f"dask-{count}-{run}"
                    taken = _seconds(Path(serials), out, Path(job), workers=1, scheduler=cluster.address)
                    _least(seconds, f"Dask, {count}", taken)
                    hashes.append(hashes_of(out))
    alone = seconds["local, 1"]
    ways = {
        name: {
            "seconds": round(taken, 3),
            "pins_a_second": round((pins - 1) / taken, 3),
            "ratio": round(alone / taken, 3),
        }
        for name, taken in seconds.items()
    }
    return {"pins": pins, "runs": runs, "ways": ways, "same_bytes": all(found == hashes[0] for found in hashes)}


def _least(seconds: dict[str, float], name: str, taken: float) -> None:
    seconds[name] = min(taken, seconds.get(name, taken))


def _seconds(serials: Path, out: Path, job: Path, *, workers: int, scheduler: str | None = None) -> float:
    """From the first pin to the last."""
    moments: list[float] = []
    api.batch(
        serials,
        out,
        job,
        workers=workers,
        scheduler=scheduler,
        progress=lambda *_step: moments.append(time.monotonic()),
    )
    return moments[-1] - moments[0]


def main() -> int:
    """Measure, print, and write what was asked for; 3 where the bytes differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pins", type=int, default=24)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="a file for the figures, with commit and machine")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    found = measured(pins=options.pins, runs=options.runs)
    for name, way in found["ways"].items():
        print(
            f"{name}: {way['seconds']} s, {way['pins_a_second']} pins a second, {way['ratio']} times one local worker"
        )
    print("same bytes" if found["same_bytes"] else "OTHER BYTES")
    if options.json is not None:
        libraries = ("dask", "distributed", "numpy", "pin-engrave", "scipy", "shapely")
        write_json(
            options.json,
            {"schema": SCHEMA, **commit(), "load_average_before": load, "machine": machine(libraries), **found},
        )
    return 0 if found["same_bytes"] else 3


if __name__ == "__main__":
    sys.exit(main())
