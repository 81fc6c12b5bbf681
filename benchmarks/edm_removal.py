"""Milliseconds of CPU that it takes to mill and to sink a whole tip on a grid of 1025 samples a side.

Rods of 80 and 20 um clear a field of 1.4 mm about a block of lands, layer after layer, with the wear made up, on a
sphere; an electrode of rough and one of fine undersize sink the same. Run it with nothing else on the machine.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import shapely
from shapely import MultiPolygon

from engrave.base.shelf import Shelf
from engrave.tips import PINS, tip_of
from toolpaths.edm.electrode import electrodes_for, end_face
from toolpaths.edm.milling import milling_plan
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Erosion
from toolpaths.edm.removal import milled, sunk
from toolpaths.edm.sinking import plan_sinking
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.surface import HeightMap, disc

_FIELD_UM, _RELIEF_UM, _HALF_WIDTH_UM, _SAMPLES = 700.0, 40.0, 900.0, 1024
_PIXEL_UM = 2 * _HALF_WIDTH_UM / _SAMPLES
_TIP = "sphere-1.0"


def lands() -> MultiPolygon:
    """Eight frames of 100 by 140 um with strokes of 30 um, 60 um apart, and a ring about them."""
    frames = []
    for column in (-240.0, -80.0, 80.0, 240.0):
        for row in (-100.0, 100.0):
            outer = shapely.box(column - 50, row - 70, column + 50, row + 70)
            frames.append(outer.difference(shapely.buffer(outer, -30.0, join_style="mitre")))
    ring = shapely.difference(disc(550.0), disc(480.0))
    whole = shapely.union_all([*frames, ring])
    return MultiPolygon([part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"])


def length_mm(erosion: Erosion) -> float:
    """Of all paths, in the plane."""
    ends = [event.paths.segments() for event in erosion.eroding()]
    return sum(float(np.hypot(*(end - begin)[:, :2].T).sum()) for begin, end in ends) / 1e3


def timed(work: Callable[[], HeightMap], *, runs: int) -> tuple[float, HeightMap]:
    """The least CPU time of some runs, ms, and what came out."""
    times = []
    for _ in range(runs):
        begin = time.process_time()
        found = work()
        times.append((time.process_time() - begin) * 1e3)
    return min(times), found


def main() -> None:
    """Print both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    tip, land, field = tip_of(PINS.load(_TIP).value), lands(), disc(_FIELD_UM)
    milling = Shelf(kind="millings", package="toolpaths.edm", folder="millings", cls=Milling).load("wc-20").value
    plan = milling_plan(land=land, field=field, taper_to=None, surface=tip, relief_um=_RELIEF_UM, milling=milling)
    erosion = plan.erosion
    taken_ms, found = timed(
        lambda: milled(erosion, milling=milling, surface=tip, half_width_um=_HALF_WIDTH_UM, pixel_um=_PIXEL_UM),
        runs=runs,
    )
    layers = sum(1 for _ in erosion.eroding())
    print(f"milled: {taken_ms:.0f} ms CPU, {found.z_um.shape} samples, {layers} runs, {length_mm(erosion):.0f} mm")
    sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
    electrodes = electrodes_for(land=land, field=field, surface=tip, relief_um=_RELIEF_UM, sinking=sinking)
    sink = plan_sinking(electrodes, surface=tip, relief_um=_RELIEF_UM, sinking=sinking)
    faces = [end_face(electrode, _PIXEL_UM) for electrode in electrodes]
    taken_ms, found = timed(
        lambda: sunk(sink, faces=faces, sinking=sinking, surface=tip, half_width_um=_HALF_WIDTH_UM, pixel_um=_PIXEL_UM),
        runs=runs,
    )
    print(f"sunk: {taken_ms:.0f} ms CPU, {found.z_um.shape} samples, {len(electrodes)} electrodes")


if __name__ == "__main__":
    main()
