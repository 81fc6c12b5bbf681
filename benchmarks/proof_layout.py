"""Layouts at random stand in their place; the layout found is read where others are not.

Placement: random tips of every form, random processes and sizes, a random mark of each; no two lands nearer than the
gap asked for, none beyond the part of the face that may be used. Identification: for six pins the layout that the
search finds, the example job's layout scaled to fit, and random ones that fit are cut, struck and read in full
simulation, under the same conditions met in the same ways; what the search predicts stands beside it.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np
import shapely
from shapely import STRtree

from benchmarks.impressions import random_mark
from engrave.base.errors import InputError
from engrave.base.shares import wilson
from engrave.batch.pin import plan_pin
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.job import Job
from engrave.job.bench import bench_of
from engrave.job.faces import typeface_of
from engrave.job.resolve import load_job
from engrave.job.setup import prepare
from engrave.layout import LayoutSettings, land_shapes, lay_out, plan_places
from engrave.layout.fitting import Fit, Found, drawn, fitted
from engrave.layout.prediction import predict
from engrave.layout.room import Bench
from engrave.strike import CONDITIONS, Part, strike
from engrave.strike.varied import varied
from engrave.tips import PINS, Pin
from engrave.verify import checker_for
from engrave.verify.weighed import weighed
from fonts.typeface import Typeface
from toolpaths.errors import ToolpathError
from toolpaths.removal import cut

JOBS = 10_000
RIVALS = 100
CONDITIONS_MET = ("nominal", "weak", "tilted", "dragged", "worn")
TIPS = ("sphere-0.8", "sphere-1.0", "sphere-1.2", "flat-1.8", "ellipse-1.6x0.9", "chisel-1.8x0.7")
PIXEL_UM = 2.5
"""Of the simulation, finer than a reader needs for strokes of 14 um at the crest: a quarter of their printed width."""
WAYS, MARKS = 6, 2
"""Ways in which each condition is met, and marks, for the layout found, the fixed one and the best of the random ones.

While all rivals are compared it is one way and one mark, and other ones.
"""
_FINALISTS = 3
_TOUCH_UM = 1e-6
_TRIES = 400


# --- placement --------------------------------------------------------------------------------------------------------


def placed(jobs: int, *, seed: int) -> dict[str, Any]:
    """So many random jobs laid out."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        found = list(pool.map(_laid_out, [(seed, number) for number in range(jobs)], chunksize=16))
    told = [fault for faults in found if faults is not None for fault in faults]
    made = sum(faults is not None for faults in found)
    return {
        "jobs": jobs,
        "laid_out": made,
        "nothing_fits": jobs - made,
        "overlapping_or_outside": sum(bool(faults) for faults in found if faults is not None),
        "first_faults": told[:5],
        "most_share_95": round(wilson(sum(bool(faults) for faults in found if faults), made)[1], 8),
        "holds": made > jobs // 2 and not told,
    }


def _laid_out(task: tuple[int, int]) -> tuple[str, ...] | None:
    """What is wrong with one random job's layout; None where nothing fits its tip."""
    seed, number = task
    rng = np.random.default_rng([seed, number])
    job, face = _example()
    recipe = replace(job.process.value, kerf_um=float(rng.uniform(8.0, 16.0)))
    try:
        bench = bench_of(
            pin=_random_pin(rng),
            recipe=recipe,
            primer=job.primer.value,
            conditions=job.conditions[:1],
            nominal=job.nominal,
            relief_um=float(rng.uniform(15.0, 30.0)),
            typeface=face,
        )
    except InputError:
        return None
    found = drawn(Fit(), bench, rng, tries=_TRIES)
    if found is None:
        return None
    mark = mark_with_id(
        identifier=int(rng.integers(2**30)), serial="A1", maker="a", model="b", profile=PROFILES[found.settings.profile]
    )
    return tuple(_misplaced(found, bench, mark, face))


@cache
def _example() -> tuple[Job, Typeface]:
    job = load_job(None)
    return job, typeface_of(job.layout.face, None)


def _random_pin(rng: np.random.Generator) -> Pin:
    """A tip of any form, in sizes that a firing pin might have."""
    edge_um = float(rng.uniform(450.0, 1000.0))
    other_um = float(rng.uniform(350.0, edge_um))
    radius_um = edge_um * float(rng.uniform(1.05, 2.0))
    kind = ("sphere", "flat", "ellipse", "chisel", "cone")[int(rng.integers(5))]
    about: dict[str, Any] = {"description": "drawn", "shape": kind}
    if kind in ("sphere", "flat", "cone"):
        about["edge_radius_um"] = edge_um
    if kind == "sphere":
        about["radius_um"] = radius_um
    elif kind == "cone":
        about |= {"nose_radius_um": radius_um, "half_angle_rad": 1.0}
    elif kind == "ellipse":
        about |= {"radius_x_um": 2.5 * edge_um, "radius_y_um": 2.5 * edge_um}
        about |= {"edge_x_um": edge_um, "edge_y_um": other_um}
    elif kind == "chisel":
        about |= {"length_x_um": 2 * edge_um, "width_y_um": 2 * other_um, "edge_round_um": 50.0}
    return Pin(**about)


def _misplaced(found: Found, bench: Bench, mark: Mark, face: Typeface) -> list[str]:
    outlines = land_shapes(found.places, face)
    layout = lay_out(found.places, outlines, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    lands = np.array([land.outline for land in layout.lands], dtype=object)
    faults = [f"{layout.lands[index].place} leaves the face" for index in np.flatnonzero(_outside(lands, bench))]
    near = STRtree(lands).query(lands, predicate="dwithin", distance=bench.cuttable_um - _TOUCH_UM)
    pairs = near[:, near[0] < near[1]].T
    return faults + [f"{layout.lands[one].place} is near {layout.lands[other].place}" for one, other in pairs.tolist()]


def _outside(lands: np.ndarray[Any, np.dtype[np.object_]], bench: Bench) -> np.ndarray[Any, np.dtype[np.bool_]]:
    shapely.prepare(bench.usable)
    outside: np.ndarray[Any, np.dtype[np.bool_]] = ~shapely.covers(shapely.buffer(bench.usable, _TOUCH_UM), lands)
    return outside


# --- identification ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One layout on one pin, its marks and the ways in which every condition is met; ``first`` way and mark."""

    tip: str
    settings: LayoutSettings
    ways: int
    marks: int
    first: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How many marks were identified under each condition, of so many; and as wrong ones."""

    identified: tuple[int, ...]
    trials: int
    wrong: int

    @property
    def worst(self) -> int:
        """The least over the conditions."""
        return min(self.identified)


def identified(rivals: int, *, ways: int, marks: int, seed: int, tips: Sequence[str]) -> dict[str, Any]:
    """The layout found against the fixed one and the best of so many random ones, for every tip."""
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1, mp_context=get_context("forkserver")) as pool:
        return {name: _compared(name, rivals, ways=ways, marks=marks, seed=seed, pool=pool) for name in tips}


def _compared(name: str, rivals: int, *, ways: int, marks: int, seed: int, pool: ProcessPoolExecutor) -> dict[str, Any]:
    job, bench = _job(name)
    try:
        found = fitted(Fit(), bench)[0]
    except InputError as error:
        return {"refused": list(error.faults), "rank_correlation": None, "holds": True}
    rng = np.random.default_rng([seed, len(name), rivals])
    random = [one for one in (drawn(Fit(), bench, rng, tries=10 * _TRIES) for _ in range(rivals)) if one is not None]
    fixed = scaled_to_fit(job.layout, bench)
    first = list(
        pool.map(score, [Task(tip=name, settings=one.settings, ways=1, marks=1, first=0, seed=seed) for one in random])
    )
    order = sorted(
        range(len(random)),
        key=lambda at: (-first[at].worst, -sum(first[at].identified), -random[at].prediction.margin),
    )
    finalists = [random[at] for at in order[:_FINALISTS]]
    last = list(
        pool.map(
            score,
            [
                Task(tip=name, settings=one, ways=ways, marks=marks, first=1, seed=seed)
                for one in (found.settings, *([] if fixed is None else [fixed]), *(one.settings for one in finalists))
            ],
        )
    )
    ours, others = last[0], last[1:]
    return {
        "found": _told(found.settings, ours, found.prediction.chance, found.prediction.margin),
        "fixed": None if fixed is None else _told(fixed, others[0], *_predicted(fixed, bench)),
        "best_of_random": [
            _told(one.settings, scored, one.prediction.chance, one.prediction.margin)
            for one, scored in zip(finalists, others[-len(finalists) :], strict=True)
        ],
        "random": len(random),
        "rank_correlation": _correlated(random, first),
        "conditions": list(CONDITIONS_MET),
        "wrong": ours.wrong + sum(scored.wrong for scored in (*first, *others)),
        "holds": ours.worst >= max(scored.worst for scored in others),
    }


def _job(name: str) -> tuple[Job, Bench]:
    job = replace(
        load_job(None),
        pin=PINS.load(name),
        conditions=tuple(CONDITIONS.load(condition) for condition in CONDITIONS_MET),
    )
    bench = bench_of(
        pin=job.pin.value,
        recipe=job.process.value,
        primer=job.primer.value,
        conditions=job.conditions,
        nominal=job.nominal,
        relief_um=job.relief_um,
        typeface=typeface_of(job.layout.face, None),
    )
    return job, bench


def scaled_to_fit(settings: LayoutSettings, bench: Bench) -> LayoutSettings | None:
    """The layout made larger or smaller until it just fits, strokes and teeth as wide as before."""
    profile = PROFILES[settings.profile]
    for share in np.arange(1.5, 0.3, -0.01).tolist():
        sizes = {name: getattr(settings, name) * share for name in ("height_um", "column_pitch_um", "row_pitch_um")}
        tracks = tuple(
            replace(track, inner_um=track.inner_um * share, outer_um=track.outer_um * share)
            for track in settings.tracks
        )
        scaled = replace(settings, tracks=tracks, **sizes)
        places = plan_places(profile, scaled)
        outline = places.outline_um()
        inside = shapely.contains_xy(bench.usable, *outline.T).all()
        deepest_um = -float(np.min(bench.tip.height_um(-outline[:, 0], outline[:, 1]), initial=0.0)) if inside else 0.0
        if inside and deepest_um <= bench.formed_um:
            return scaled
    return None


def _predicted(settings: LayoutSettings, bench: Bench) -> tuple[float, float]:
    profile = PROFILES[settings.profile]
    places = plan_places(profile, settings)
    said = predict(places, profile, bench.tip, bench.ways, relief_um=bench.relief_um, wall_um=bench.wall_um)
    return said.chance, said.margin


def score(task: Task) -> Scored:
    """Cut, strike and read one layout; a layout that cannot be cut identifies nothing."""
    job, _ = _job(task.tip)
    setup = prepare(replace(job, layout=task.settings))
    checker = checker_for(setup)
    primer = job.primer.value
    counts, wrong = np.zeros(len(job.conditions), dtype=np.int64), 0
    for number in range(task.marks):
        mark = _mark(task, number)
        try:
            tip = cut(
                plan_pin(setup, mark).toolpath,
                surface=setup.tip,
                beam_for=job.process.value.beam_for,
                half_width_um=setup.tip.edge_radius_um,
                pixel_um=PIXEL_UM,
            )
        except (InputError, ToolpathError):
            continue
        for place, entry in enumerate(job.conditions):
            for condition in varied(entry.value, primer, count=task.ways, seed=task.seed + task.first + number):
                surface = strike(tip, form=setup.tip, primer=primer, condition=condition).surface
                said = weighed(checker.reader.read(surface), setup.profile).identified
                counts[place] += said is not None and said.id == mark.id
                wrong += said is not None and said.id != mark.id
    return Scored(identified=tuple(counts.tolist()), trials=task.marks * task.ways, wrong=int(wrong))


def _mark(task: Task, number: int) -> Mark:
    one = random_mark(Part.HELD_OUT, 1000 * task.first + number, seed=task.seed)
    return mark_with_id(
        identifier=one.id, serial=one.serial, maker=one.maker, model=one.model, profile=PROFILES[task.settings.profile]
    )


def _told(settings: LayoutSettings, scored: Scored, chance: float, margin: float) -> dict[str, Any]:
    return {
        "profile": settings.profile,
        "rows": list(settings.rows),
        "height_um": round(settings.height_um, 1),
        "tracks_um": [[round(track.inner_um, 1), round(track.outer_um, 1)] for track in settings.tracks],
        "identified": dict(zip(CONDITIONS_MET, scored.identified, strict=True)),
        "of": scored.trials,
        "worst": scored.worst,
        "worst_wilson_95": [round(end, 4) for end in wilson(scored.worst, scored.trials)],
        "predicted_chance": round(chance, 4),
        "predicted_margin": round(margin, 2),
    }


def _correlated(random: Sequence[Found], scored: Sequence[Scored]) -> float | None:
    """Spearman's rank correlation of what was predicted with what was identified over all conditions.

    None where all are alike.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 - start-up

    seen = [sum(one.identified) for one in scored]
    if len(set(seen)) < 2:  # noqa: PLR2004 - there is no order then
        return None
    return round(float(spearmanr([one.prediction.margin for one in random], seen).statistic), 3)
