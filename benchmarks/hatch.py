"""The scanline hatch beside Clipper2 (pyclipr) and GEOS (shapely), on the same glyphs in one run.

Usage: python benchmarks/hatch.py [--glyphs 1000] [--repeats 5] [--json FILE]

Ends with 1 where the three disagree, or ours is not so many times as fast as it should be.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyclipr
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, affinity

from toolpaths.fill import hatch

FloatArray = NDArray[np.float64]

PITCH_UM = 4.0
ANGLE_RAD = math.radians(15)
LARGEST_DISAGREEMENT = 1e-4
LEAST_RATIOS = {"pyclipr": 4.0, "shapely": 15.0}


def glyphs(count: int) -> MultiPolygon:
    """Strokes 25 um wide of letters 150 um high, in rows of 40; every second one has a counter."""
    letter = shapely.MultiLineString([[(0, 0), (0, 150)], [(0, 150), (90, 150)], [(0, 75), (70, 75)]]).buffer(12.5)
    loop = shapely.LineString([(0, 0), (90, 0), (90, 150), (0, 150), (0, 0)]).buffer(12.5)
    moved = [affinity.translate((letter, loop)[i % 2], 130 * (i % 40), 200 * (i // 40)) for i in range(count)]
    return MultiPolygon(moved)


def scan_lines(region: MultiPolygon) -> FloatArray:
    """Lines of the hatch over all of the region, (n, 2, 2)."""
    direction = np.array([math.cos(ANGLE_RAD), math.sin(ANGLE_RAD)])
    left = np.array([-direction[1], direction[0]])
    points = shapely.get_coordinates(region)
    heights, places = points @ left, points @ direction
    rows = PITCH_UM * np.arange(math.ceil(heights.min() / PITCH_UM), math.ceil(heights.max() / PITCH_UM))
    ends = np.array([places.min() - 1, places.max() + 1])
    lines: FloatArray = ends[:, None] * direction + rows[:, None, None] * left
    return lines


def by_scanline(region: MultiPolygon) -> tuple[int, float]:
    """Segments and their whole length, um: this project's hatch."""
    segments = hatch(region, pitch_um=PITCH_UM, angle_rad=ANGLE_RAD).segments_um
    return len(segments), float(np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1).sum())


def by_clipper(region: MultiPolygon) -> tuple[int, float]:
    """Segments and their whole length, um: open paths clipped by Clipper2."""
    clipper = pyclipr.Clipper()
    clipper.scaleFactor = 10_000
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(region))]
    clipper.addPaths(rings, pyclipr.Clip, False)  # noqa: FBT003 - pyclipr takes no keyword here
    clipper.addPaths(list(scan_lines(region)), pyclipr.Subject, True)  # noqa: FBT003 - pyclipr takes no keyword here
    _, pieces = clipper.execute(pyclipr.Intersection, pyclipr.FillRule.EvenOdd, returnOpenPaths=True)
    ends = np.array([(piece[0, :2], piece[-1, :2]) for piece in pieces])
    return len(pieces), float(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum())


def by_shapely(region: MultiPolygon) -> tuple[int, float]:
    """Segments and their whole length, um: for each glyph the lines that meet its box, in one vectorised call."""
    parts = shapely.get_parts(region)
    part, line = shapely.STRtree(shapely.get_parts(shapely.linestrings(scan_lines(region)))).query(
        parts, predicate="intersects"
    )
    boxes = shapely.bounds(parts)[part]
    middle, reach = (boxes[:, :2] + boxes[:, 2:]) / 2, np.linalg.norm(boxes[:, 2:] - boxes[:, :2], axis=1) / 2 + 1
    direction = np.array([math.cos(ANGLE_RAD), math.sin(ANGLE_RAD)])
    begin = scan_lines(region)[line, 0]
    foot = begin + np.sum((middle - begin) * direction, axis=1)[:, None] * direction
    ends = foot[:, None] + (np.array([-1.0, 1.0]) * reach[:, None])[:, :, None] * direction
    grouped = shapely.multilinestrings(shapely.linestrings(ends), indices=part)
    pieces = shapely.get_parts(shapely.intersection(grouped, parts))
    return len(pieces), float(shapely.length(pieces).sum())


def best_of(repeats: int, run: Callable[[], tuple[int, float]]) -> tuple[float, tuple[int, float]]:
    """CPU seconds of the fastest run, and what it gave."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        found = run()
        seconds.append(time.process_time() - start)
    return min(seconds), found


def main() -> int:
    """Time all three, check that they agree, print the ratios; 1 where they disagree or ours is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glyphs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    region = glyphs(options.glyphs)
    methods = {"scanline": by_scanline, "pyclipr": by_clipper, "shapely": by_shapely}
    results = {}
    for name, method in methods.items():
        seconds, (segments, length_um) = best_of(options.repeats, partial(method, region))
        results[name] = {"cpu_ms": round(seconds * 1e3, 2), "segments": segments, "length_um": round(length_um, 1)}
    ours = results["scanline"]
    for result in results.values():
        result["ratio"] = round(result["cpu_ms"] / ours["cpu_ms"], 2)
    for name, result in results.items():
        print(
            f"{name:9} {result['cpu_ms']:8.1f} ms CPU  x{result['ratio']:<6} "
            f"{result['segments']:7} segments  {result['length_um'] / 1e3:.3f} mm"
        )
    if options.json is not None:
        document = {"schema": "pin-engrave/benchmark-hatch/1", "glyphs": options.glyphs, "results": results}
        options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    off = max(abs(result["length_um"] / ours["length_um"] - 1) for result in results.values())
    if off > LARGEST_DISAGREEMENT:
        print(f"the three disagree by {off:.2g} of the length")
        return 1
    slow = [name for name, least in LEAST_RATIOS.items() if results[name]["ratio"] < least]
    for name in slow:
        print(f"{name} takes only {results[name]['ratio']} times as long as ours, not {LEAST_RATIOS[name]:g}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
