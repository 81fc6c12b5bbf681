"""The shortest order beside vpype's ``linesort``, greedy and with two-opt, on the same hatch in one run.

Usage: python benchmarks/travel.py [--glyphs 40] [--repeats 3] [--json FILE]

Ends with 1 where ours travels over a tenth further than vpype's two-opt, or takes over a third of its time.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import vpype
import vpype_cli
from numpy.typing import NDArray

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import compared, timed
from benchmarks.hatch import ANGLE_RAD, PITCH_UM, glyphs
from toolpaths.fill import hatch
from toolpaths.order import serpentine, shortest, travel_um

FloatArray = NDArray[np.float64]

SCHEMA = "pin-engrave/benchmark-travel/1"
PEER = "vpype linesort --two-opt"
MOST_TRAVEL = 1.1
MOST_TIME = 1 / 3


def by_vpype(segments_um: FloatArray, *, two_opt: bool) -> float:
    """Travel between the segments as vpype orders them, um."""
    lines = vpype.LineCollection(segments_um[:, :, 0] + 1j * segments_um[:, :, 1])
    document = vpype.Document()
    document.add(lines, 1)
    ordered = vpype_cli.execute(f"linesort{' --two-opt' if two_opt else ''}", document)
    return float(ordered.pen_up_length())


def by_shortest(segments_um: FloatArray) -> float:
    """Travel between the segments in our order, um."""
    ordered = shortest(segments_um)
    return travel_um(ordered[:, 0], ordered[:, 1])


def travelling(*, count: int, repeats: int) -> dict[str, Any]:
    """Travel and time of every way to order one hatch, with ratios to ours."""
    lines = hatch(glyphs(count), pitch_um=PITCH_UM, angle_rad=ANGLE_RAD)
    methods = {
        "pin-engrave": partial(by_shortest, lines.segments_um),
        "vpype linesort": partial(by_vpype, lines.segments_um, two_opt=False),
        PEER: partial(by_vpype, lines.segments_um, two_opt=True),
    }
    runs = {name: timed(method, repeats=repeats) for name, method in methods.items()}
    rows = serpentine(lines)
    return {
        "glyphs": count,
        "segments": len(lines.segments_um),
        "as_generated_um": travel_um(lines.segments_um[:, 0], lines.segments_um[:, 1]),
        "serpentine_um": travel_um(rows[:, 0], rows[:, 1]),
        "travel_um": {name: travelled for name, (_, travelled) in runs.items()},
        "times": compared({name: timing for name, (timing, _) in runs.items()}, ours="pin-engrave"),
    }


def faults(result: dict[str, Any]) -> list[str]:
    """Where ours does not keep to its bounds."""
    far = result["travel_um"]["pin-engrave"] / result["travel_um"][PEER]
    slow = result["times"]["pin-engrave"]["median_s"] / result["times"][PEER]["median_s"]
    return [
        *([f"ours travels {far:.3f} times as far as {PEER}"] if far > MOST_TRAVEL else []),
        *([f"ours takes {slow:.2f} of the time of {PEER}"] if slow > MOST_TIME else []),
    ]


def print_travel(result: dict[str, Any]) -> None:
    """Travel and time of each, with ratios to ours."""
    print(f"travel between {result['segments']} segments of {result['glyphs']} glyphs")
    for name in ("as_generated", "serpentine"):
        print(f"  {name:28} {result[f'{name}_um'] / 1e3:9.2f} mm")
    ours_um = result["travel_um"]["pin-engrave"]
    for name, timing in result["times"].items():
        far_um = result["travel_um"][name]
        print(
            f"  {name:28} {far_um / 1e3:9.2f} mm  x{far_um / ours_um:<6.3f} "
            f"{timing['median_s'] * 1e3:9.1f} ms CPU  x{timing['ratio']:g}"
        )


def main() -> int:
    """Order the hatch every way, print the ratios; 1 where ours is out of its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glyphs", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = travelling(count=options.glyphs, repeats=options.repeats)
    print_travel(result)
    if options.json is not None:
        options.json.write_text(json.dumps({"schema": SCHEMA, **result}, indent=2) + "\n", "utf-8")
    found = faults(result)
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
