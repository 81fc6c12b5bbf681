"""Two hundred sound pins scanned and inspected, in which nothing may be found; and pins with known faults, which must.

Pins of random ids are cut in simulation by the toolpath that the example job plans. They are scanned as they may lie:
at any turn, tilted by up to 3 degrees, up to 50 um off, the mark up to 50 um beside the middle of the form; with noise,
with a tenth of the samples missing, and with spikes. What is true of a fault is taken from the cut itself, with a
ruler of its own; nothing of the inspection's design has a part in it. Every pin is a task of its own.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.impressions import cut_pin, example_setup, random_mark
from benchmarks.inspected_scans import Lie, beside_form, disturbed, drawn_lie, scanned
from engrave.base.shares import wilson
from engrave.batch.pin import drawn_pin
from engrave.inspect import Inspected, Inspector, Scan, Verdict, inspect_scan, inspector_for
from engrave.layout import Land
from engrave.layout.polygons import TOOTH
from engrave.strike import Part
from engrave.verify import checker_for
from toolpaths.surface import HeightMap

RUNS = 200
SOUND_A_PIN, FAULTS_A_PIN = 20, 8
FAULTS_RUNS = 80
MOST_OFF_UM = 1.0
"""A fault that is found must be measured as well as this."""
SPACINGS_UM = (1.0, 1.5, 2.0)
TILT_DEG, OFF_UM, BESIDE_UM = 3.0, 50.0, 50.0
NOISE_UM, HOLES, SPIKES = 0.5, 0.10, 2e-4
FAULTS = ("shallow", "missing", "burr on a land", "burr on the floor")
_SHARE = 0.70
_HALF_UM = 720.0
# With a ruler: a land's core, and the floor beside it clear of every wall.
_CORE_UM, _CLEAR_UM, _BESIDE_UM = 3.0, 15.0, 32.0
_SHA = "0" * 64

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A pin as it was cut: its heights and those of its tip before, its lands in the pin frame, and its inspector."""

    inspector: Inspector
    tip: HeightMap
    face_um: Floats
    lands: tuple[Land, ...]

    @property
    def depth_um(self) -> Floats:
        """How deep it is cut."""
        return self.face_um - self.tip.z_um

    def with_depth(self, depth_um: Floats) -> HeightMap:
        """The tip, cut otherwise."""
        return replace(self.tip, z_um=self.face_um - depth_um)

    def within(self, outline: shapely.Geometry) -> Bools:
        """Samples inside an outline."""
        x_um, y_um = np.meshgrid(self.tip.x_um(), self.tip.y_um())
        shapely.prepare(outline)
        return np.asarray(shapely.contains_xy(outline, x_um, y_um))


def cut_for(number: int, *, seed: int) -> Pin:
    """One pin of the example job."""
    setup = example_setup()
    mark = random_mark(Part.HELD_OUT, number, seed=seed)
    tip = cut_pin(setup, mark)
    _, engraving = drawn_pin(setup, mark)
    face_um = setup.tip.height_um(*np.meshgrid(tip.x_um(), tip.y_um()))
    inspector = inspector_for(mark, checker_for(setup))
    return Pin(inspector=inspector, tip=tip, face_um=face_um, lands=engraving.lands)


def scan_of(tip: HeightMap, pin: Pin, rng: np.random.Generator) -> tuple[Scan, Lie]:
    """A scan of a tip that lies anyhow, and how it lies."""
    lie = drawn_lie(rng, tilt_deg=TILT_DEG, off_um=OFF_UM)
    away_um, aside = BESIDE_UM * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
    moved = beside_form(tip, pin.face_um, x_um=float(away_um * np.cos(aside)), y_um=float(away_um * np.sin(aside)))
    pixel_um = float(rng.choice(SPACINGS_UM))
    z_um = disturbed(
        scanned(moved, lie, half_um=_HALF_UM, pixel_um=pixel_um),
        rng,
        pixel_um=pixel_um,
        noise_um=float(rng.uniform(0, NOISE_UM)),
        holes=float(rng.uniform(0, HOLES)),
        spikes=float(rng.uniform(0, SPIKES)),
    )
    first_um = -pixel_um * (len(z_um) - 1) / 2
    surface = HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=first_um, y0_um=first_um, frame="pin")
    return Scan(name="scan", sha256=_SHA, kind="npy", surface=surface), lie


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that was planted: the tip with it, which finding must tell of it, where, and what it must measure."""

    name: str
    tip: HeightMap
    number: str
    places: tuple[str, ...]
    true_um: tuple[float, ...]


def planted(name: str, pin: Pin, rng: np.random.Generator) -> Fault:
    """One fault, at a place of its own."""
    glyphs = [land for land in pin.lands if land.shows != TOOTH]
    land = glyphs[int(rng.integers(len(glyphs)))]
    if name == "shallow":
        tip = pin.with_depth(_SHARE * pin.depth_um)
        true_um = tuple(_SHARE * ruled_um(pin, each) for each in glyphs)
        return Fault(name=name, tip=tip, number="I601", places=tuple(each.place for each in glyphs), true_um=true_um)
    if name == "missing":
        around = pin.within(land.outline.buffer(_CLEAR_UM))
        depth_um = pin.depth_um.copy()
        depth_um[around] = np.median(pin.depth_um[_floor_beside(pin, land)])
        return Fault(name=name, tip=pin.with_depth(depth_um), number="I602", places=(land.place,), true_um=(0.0,))
    height_um, radius_um = float(rng.uniform(5, 20)), float(rng.uniform(8, 20))
    grounds = pin.within(land.outline.buffer(-_CORE_UM)) if name == "burr on a land" else _floor_beside(pin, land)
    rows, columns = np.nonzero(grounds)
    place = int(rng.integers(len(rows)))
    x_um, y_um = pin.tip.x_um()[columns[place]], pin.tip.y_um()[rows[place]]
    disc = np.hypot(*np.meshgrid(pin.tip.x_um() - x_um, pin.tip.y_um() - y_um)) <= radius_um
    # A burr has one height over its ground: over a wall it follows the wall.
    tip = pin.with_depth(pin.depth_um - np.where(disc, height_um, 0.0))
    return Fault(name=name, tip=tip, number="I603", places=(land.place,), true_um=(height_um,))


def ruled_um(pin: Pin, land: Land) -> float:
    """How far the floor beside a land lies below its crest, of the cut itself."""
    crest = pin.within(land.outline.buffer(-_CORE_UM))
    return float(np.median(pin.depth_um[_floor_beside(pin, land)]) - np.median(pin.depth_um[crest]))


def _floor_beside(pin: Pin, land: Land) -> Bools:
    walls = shapely.union_all([each.outline.buffer(_CLEAR_UM) for each in pin.lands])
    return pin.within(shapely.difference(land.outline.buffer(_BESIDE_UM), walls))


def _sound(number: int, runs: int, seed: int) -> list[dict[str, Any]]:
    """So many scans of one sound pin: what was found, and how well it was laid on the design."""
    pin = cut_for(number, seed=seed)
    glyphs = [land for land in pin.lands if land.shows != TOOTH]
    true_um = np.array([ruled_um(pin, land) for land in glyphs])
    told = []
    for run in range(runs):
        scan, lie = scan_of(pin.tip, pin, np.random.default_rng([seed, number, run]))
        outcome = inspect_scan(scan, pin.inspector)
        depths_um = _depths(outcome, [land.place for land in glyphs])
        lies = outcome.laid.lies
        told.append(
            {
                "found": sorted({finding.number for finding in outcome.findings} - {"I612"}),
                "passed": outcome.verdict is Verdict.PASS,
                "depth_off_um": float(np.max(np.abs(depths_um - true_um))),
                "place_off_um": float("nan")
                if lies is None
                else float(np.hypot(*(lies.centre_um - np.array(lie.off_um)))),
            }
        )
    return told


def _depths(outcome: Inspected, places: Sequence[str]) -> Floats:
    found = {land.measured.place: land.measured.depth_um for land in outcome.lands}
    return np.array([found.get(place, np.nan) for place in places])


def _faulty(number: int, runs: int, seed: int) -> list[dict[str, Any]]:
    """So many scans of one pin with faults, one each."""
    pin = cut_for(number, seed=seed)
    told = []
    for run in range(runs):
        rng = np.random.default_rng([seed, number, run, 1])
        fault = planted(FAULTS[run % len(FAULTS)], pin, rng)
        scan, _ = scan_of(fault.tip, pin, rng)
        outcome = inspect_scan(scan, pin.inspector)
        mine = [finding for finding in outcome.findings if finding.number == fault.number]
        told.append(
            {
                "fault": fault.name,
                "found": bool(mine) and outcome.verdict is Verdict.FAIL,
                "off_um": _off_um(outcome, fault),
                "beside": sorted({finding.number for finding in outcome.findings} - {"I612", fault.number}),
            }
        )
    return told


def _off_um(outcome: Inspected, fault: Fault) -> float:
    """How far the figure that tells of a fault lies off the truth, at the most."""
    if fault.number == "I603":
        heights = [finding.value for finding in outcome.findings if finding.number == "I603"]
        return abs(float(max(value or 0.0 for value in heights)) - fault.true_um[0]) if heights else float("inf")
    off_um = np.abs(_depths(outcome, fault.places) - np.array(fault.true_um))
    return float(np.max(off_um)) if np.isfinite(off_um).all() else float("inf")


def inspected(runs: int, *, faults: int, seed: int) -> dict[str, Any]:
    """So many sound pins and so many faults, by pins of ``SOUND_A_PIN`` and ``FAULTS_A_PIN`` scans each."""
    tasks = [(_sound, number, size) for number, size in enumerate(_shared(runs, SOUND_A_PIN))]
    tasks += [(_faulty, number, size) for number, size in enumerate(_shared(faults, FAULTS_A_PIN))]
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        done = [(task, pool.submit(task, number, size, seed)) for task, number, size in tasks]
        sound = [told for task, future in done if task is _sound for told in future.result()]
        faulty = [told for task, future in done if task is _faulty for told in future.result()]
    nothing, something = sound_told(sound), {name: fault_told(name, faulty) for name in FAULTS}
    present = [told for told in something.values() if told["runs"]]
    return {
        "holds": nothing["holds"] and all(told["holds"] for told in present),
        "seed": seed,
        "scans": {
            "spacings_um": list(SPACINGS_UM),
            "most_tilt_deg": TILT_DEG,
            "most_off_um": OFF_UM,
            "most_beside_form_um": BESIDE_UM,
            "most_noise_um": NOISE_UM,
            "most_holes": HOLES,
            "most_spikes": SPIKES,
        },
        "sound": nothing,
        "faults": something,
    }


def _shared(count: int, most: int) -> list[int]:
    """A count in parts of this size, and what is left."""
    whole, left = divmod(count, most)
    return [most] * whole + [left] * bool(left)


def sound_told(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How often something was found where nothing is wrong, and how far depths and places were off."""
    alarms = sum(not run["passed"] or bool(run["found"]) for run in runs)
    low, high = wilson(alarms, len(runs))
    depth_um, place_um = (max(run[name] for run in runs) for name in ("depth_off_um", "place_off_um"))
    return {
        "holds": alarms == 0 and depth_um <= MOST_OFF_UM,
        "runs": len(runs),
        "something_found": alarms,
        "share_95": [round(low, 4), round(high, 4)],
        "found": sorted({number for run in runs for number in run["found"]}),
        "most_depth_off_um": round(depth_um, 3),
        "most_place_off_um": round(place_um, 3),
    }


def fault_told(name: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How often one kind of fault was found, and how well it was measured."""
    mine = [run for run in runs if run["fault"] == name]
    found = sum(run["found"] for run in mine)
    off_um = max((run["off_um"] for run in mine), default=0.0)
    return {
        "holds": found == len(mine) and off_um <= MOST_OFF_UM,
        "runs": len(mine),
        "found": found,
        "most_off_um": round(off_um, 3) if np.isfinite(off_um) else None,
        "beside": sorted({number for run in mine for number in run["beside"]}),
    }
