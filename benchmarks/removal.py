"""Milliseconds of CPU that it takes to cut the example pin in simulation on a grid of 1025 samples a side.

Usage: python benchmarks/removal.py [--runs 3] [--process fs-steel]

A pass is one operation run once, a step one operation with all its runs, each by itself from a new face. The whole is
the job as it is planned: its operations share the transforms of the grid. The tip is 1.8 mm wide, a pixel
1.76 um.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import timed
from benchmarks.pins import JOB, SERIALS
from engrave import api
from engrave.batch.pin import plan_pin, workshop_for
from engrave.job.setup import Setup
from toolpaths.model import Block, Toolpath
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

_PIXELS = 1024
_SERIAL = "375-76834"
_MOST_MS = 100.0
_SHIPPED = 'process = "fs-steel"'


def planned(process: str) -> tuple[Setup, Toolpath]:
    """The example job by a shipped process, and the toolpath of one of its serials."""
    text = JOB.read_text("utf-8")
    if text.count(_SHIPPED) != 1:
        raise SystemExit(f"{JOB.name} no longer says {_SHIPPED}; change this runner with it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / JOB.name
        path.write_text(text.replace(_SHIPPED, f'process = "{process}"'), "utf-8")
        (Path(folder) / "registry.toml").write_bytes((JOB.parent / "registry.toml").read_bytes())
        job = api.load_job(path)
        marks = (mark for _, mark in api.plan(SERIALS, job).good)
        workshop = workshop_for(job)
        toolpath = plan_pin(workshop.setup, next(mark for mark in marks if mark.serial == _SERIAL)).toolpath
    return workshop.setup, toolpath


def simulated(toolpath: Toolpath, setup: Setup) -> HeightMap:
    """What the toolpath leaves of the job's tip."""
    width_um = setup.tip.edge_radius_um
    beam_for = setup.job.laser.value.beam_for
    pixel_um = 2 * width_um / _PIXELS
    return cut(toolpath, surface=setup.tip, beam_for=beam_for, half_width_um=width_um, pixel_um=pixel_um)


def cpu_ms(toolpaths: Sequence[Toolpath], setup: Setup, *, runs: int) -> list[float]:
    """The median of each toolpath's runs."""
    return [timed(partial(simulated, path, setup), repeats=runs)[0].median_s * 1e3 for path in toolpaths]


def main() -> int:
    """Print the times; 1 where the whole takes longer than it should for each operation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--process", default="fs-steel")
    options = parser.parse_args()
    setup, toolpath = planned(options.process)
    laid = [(repeats, operation) for repeats, operation in toolpath.operations() if len(operation.paths)]
    passes = [Toolpath(blocks=(Block(repeats=1, operations=(operation,)),)) for _, operation in laid]
    steps = [Toolpath(blocks=(Block(repeats=repeats, operations=(operation,)),)) for repeats, operation in laid]
    points = sum(len(operation.paths.points) for _, operation in laid)
    print(f"{options.process}: {len(laid)} operations in {len(toolpath.blocks)} blocks, {points} points")
    for name, parts in (("a pass", passes), ("a step", steps)):
        times_ms = cpu_ms(parts, setup, runs=options.runs)
        print(f"{name:8} {fmean(times_ms):7.0f} ms CPU by itself, {min(times_ms):.0f} to {max(times_ms):.0f}")
    (whole_ms,) = cpu_ms([toolpath], setup, runs=options.runs)
    print(f"whole    {whole_ms:7.0f} ms CPU, {whole_ms / len(laid):.0f} an operation")
    return int(whole_ms / len(laid) > _MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
