"""What a job's set-up costs, and a pin's layout, beside shapely glyph by glyph on the same marks in one run.

Usage: python benchmarks/layout_speed.py [--pins 200] [--json docs/evidence/layout-speed.json]

Set-up is reading a job, searching for its layout, places, outlines and design rules, on every shipped pin that carries
a mark. The other way to lay a mark out is to sweep a round pen along each glyph's skeleton, pin by pin, as shapely
does it: buffer and union.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, compared, machine, timed, write_json
from engrave.base.errors import InputError
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.job.bench import fit_job
from engrave.job.resolve import load_job
from engrave.job.setup import Setup, prepare
from engrave.layout import lay_out
from engrave.layout.fitting import Fit
from engrave.tips import PINS

SCHEMA = "pin-engrave/layout-speed/1"
REPEATS = 5
_CHORDS = 16


def main() -> None:
    """Measure, print, and write the figures where they are wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pins", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    setups = {name: _set_up(name) for name in PINS.names()}
    setup = prepare(load_job(None))
    marks = [_mark(number, setup) for number in range(options.pins)]
    ours, layouts = timed(lambda: [_laid_out(setup, mark) for mark in marks], repeats=REPEATS)
    other, drawn = timed(lambda: [_glyph_by_glyph(setup, mark) for mark in marks], repeats=REPEATS)
    apart_um2 = max(one.symmetric_difference(two).area for one, two in zip(layouts[:10], drawn[:10], strict=True))
    ways = compared({"ours": ours, "shapely, glyph by glyph": other}, ours="ours")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        **commit(),
        "machine": machine(("numpy", "shapely", "scipy")),
        "set_up_cpu_s": setups,
        "pins": options.pins,
        "ways": ways,
        "most_xor_um2": round(apart_um2, 3),
    }
    for name, parts in setups.items():
        print(name, "; ".join(f"{part} {told}" for part, told in parts.items()))
    for name, way in ways.items():
        print(f"{name}: {1000 * way['median_s'] / options.pins:.3f} ms of CPU a pin, {way['ratio']:g} times ours")
    if options.json is not None:
        write_json(options.json, document)


def _set_up(name: str) -> dict[str, Any]:
    """CPU seconds of each part of a job's set-up, on one pin; the second run, when all modules are there."""
    told: dict[str, Any] = {}
    for _ in range(2):
        begin = time.process_time()
        job = replace(load_job(None), pin=PINS.load(name))
        loaded = time.process_time()
        try:
            found = fit_job(job, Fit())
        except InputError as error:
            return {"refused": error.faults[0]}
        fitted = time.process_time()
        prepare(replace(job, layout=found[0].settings))
        end = time.process_time()
        told = {
            "load": round(loaded - begin, 3),
            "search": round(fitted - loaded, 3),
            "outlines and rules": round(end - fitted, 3),
            "all": round(end - begin, 3),
        }
    return told


def _mark(number: int, setup: Setup) -> Mark:
    identifier = int(np.random.default_rng(number).integers(2**30))
    profile = PROFILES[setup.job.layout.profile]
    return mark_with_id(identifier=identifier, serial=str(number), maker="a", model="b", profile=profile)


def _laid_out(setup: Setup, mark: Mark) -> BaseGeometry:
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    return shapely.union_all([land.outline for land in layout.lands])


def _glyph_by_glyph(setup: Setup, mark: Mark) -> BaseGeometry:
    """The same land, every glyph and tooth swept anew."""
    settings, face = setup.places.settings, setup.typeface
    lands = []
    for place, character in zip(setup.places.characters, mark.characters, strict=True):
        lines = face.skeleton(character, height_um=settings.height_um, stroke_um=settings.stroke_um)
        swept = shapely.buffer(shapely.MultiLineString(list(lines)), settings.stroke_um / 2, quad_segs=_CHORDS)
        lands.append(translate(swept, place.x_um, place.y_um))
    half_um = (settings.tooth_um or 0.0) / 2
    for tooth in setup.places.teeth:
        if mark.ring[tooth.track][tooth.sector] == "1":
            track = settings.tracks[tooth.track]
            out = np.array([np.cos(tooth.angle_rad), np.sin(tooth.angle_rad)])
            ends = np.outer([track.inner_um + half_um, track.outer_um - half_um], out)
            lands.append(shapely.buffer(shapely.LineString(ends), half_um, quad_segs=_CHORDS))
    return shapely.union_all(lands)


if __name__ == "__main__":
    main()
