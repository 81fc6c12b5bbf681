"""All benchmarks in one run: ratios against other programs on the same input, and where a pin's time goes.

Usage: python benchmarks/run.py --json FILE [--quick]
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.codec import codec
from benchmarks.common import commit, compared, machine, print_compared, timed, write_json
from benchmarks.formats import dxf_writing, gcode_reading
from benchmarks.hatch import LARGEST_DISAGREEMENT, by_clipper, by_scanline, by_shapely, glyphs
from benchmarks.pins import batches, example_toolpath, stages, start_up
from benchmarks.tracing import measure as traces

SCHEMA = "pin-engrave/benchmarks/1"
LIBRARIES = ("ezdxf", "galois", "numpy", "pin-engrave", "pyclipr", "reedsolo", "scipy", "shapely")


def hatching(*, count: int, repeats: int) -> dict[str, Any]:
    """The scanline hatch beside Clipper2 and GEOS. Raises ValueError where they disagree."""
    region = glyphs(count)
    methods = {"pin-engrave": by_scanline, "pyclipr (Clipper2)": by_clipper, "shapely (GEOS)": by_shapely}
    runs = {name: timed(partial(method, region), repeats=repeats) for name, method in methods.items()}
    segments, length_um = runs["pin-engrave"][1]
    off = max(abs(theirs / length_um - 1) for _, (_, theirs) in runs.values())
    if off > LARGEST_DISAGREEMENT:
        raise ValueError(f"hatch: the three disagree by {off:.2g} of the length")
    return {
        "glyphs": count,
        "segments": segments,
        "times": compared({name: timing for name, (timing, _) in runs.items()}, ours="pin-engrave"),
    }


def measure(*, quick: bool) -> dict[str, Any]:
    """Every benchmark, printed as it is done."""
    repeats = 1 if quick else 7
    results: dict[str, Any] = {}
    results["start_up"] = start_up(runs=3 if quick else 11)
    for name, result in results["start_up"].items():
        print(f"{name:46} {result['median_s'] * 1e3:10.1f} ms CPU")
    results["hatch"] = hatching(count=100 if quick else 1000, repeats=repeats)
    print_compared(f"hatch of {results['hatch']['glyphs']} glyphs", results["hatch"]["times"])
    results["codec"] = codec(words=1_000 if quick else 100_000, slow_words=100 if quick else 1_000, repeats=repeats)
    for step in ("encode", "fill", "encode_eight_characters", "fill_two_characters"):
        print_compared(f"codec, {step} {results['codec']['words']} words", results["codec"][step])
    sizes = (10_000,) if quick else (1_000_000, 10_000_000)
    results["trace"] = [traces(marks, repeats=repeats) for marks in sizes]
    workshop, toolpath = example_toolpath()
    results["dxf_writing"] = dxf_writing(toolpath, repeats=repeats)
    print_compared(f"job.dxf, {results['dxf_writing']['bytes']} bytes", results["dxf_writing"]["times"])
    results["gcode_reading"] = gcode_reading(toolpath, workshop.setup.job.machine.value, repeats=repeats)
    for name, result in results["gcode_reading"].items():
        print_compared(f"job.ngc, {name}, {result['moves']} moves run", result["times"])
    results["stages"] = stages(pins=1 if quick else 7)
    print_stages(results["stages"])
    if not quick:
        results["batch"] = batches(workers=(1, 2))
        print_batches(results["batch"])
    return results


def print_stages(profile: dict[str, Any]) -> None:
    """Where one pin's time goes, as a table."""
    print(f"one pin, {profile['sum_of_medians_s'] * 1e3:.0f} ms CPU in stages, {profile['make_pin_s'] * 1e3:.0f} whole")
    for name, stage in profile["stages"].items():
        print(f"  {name:44} {stage['median_s'] * 1e3:10.2f} ms CPU  {stage['share']:6.1%}")


def print_batches(rows: dict[str, Any]) -> None:
    """Pins a second, with how busy the machine was before."""
    for workers, row in rows.items():
        cpu = "" if row["cpu_s"] is None else f", {row['cpu_s']:.0f} s CPU"
        print(
            f"{row['pins']} pins, {workers} workers: {row['pins_a_second']:.2f} pins a second by the clock "
            f"({row['clock_s']:.0f} s{cpu}, load {row['load_average_before']:.1f} before)"
        )


def main() -> int:
    """Run everything and write the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the document goes")
    parser.add_argument("--quick", action="store_true", help="small inputs and one run each: does it still work?")
    options = parser.parse_args()
    stamp = commit()
    results = measure(quick=options.quick)
    write_json(
        options.json,
        {"schema": SCHEMA, **stamp, "machine": machine(LIBRARIES), "quick": options.quick, "results": results},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
