"""Layouts at random stand in their place; the layout found is read where others are not.

Placement: random tips of every form, random processes and sizes, a random mark of each; no two lands nearer than the
gap asked for, none beyond the part of the face that may be used. Identification: for six pins the layout that the
search finds, the example job's layout scaled to fit, and random ones that fit are cut, struck and read in full
simulation; what the search predicts stands beside it.

Random ones are met in three rounds. All of them once under each of two conditions; the best three, with the layout
found and the fixed one, under every condition in several ways; and of these three the best one is held against the
layout found, as is the fixed one, by marks and ways that are new. There each layout meets its own worst condition, mark
by mark the same pin and the same cup, and an exact sign test (McNemar) on the marks that only one of the two was
identified by says whether the layout found beats the other, ties with it, or loses.
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

from benchmarks.layout_scores import BEATS, CONDITIONS_MET, LOSES, Scored, Task, held_against, job_of, score
from engrave.base.errors import InputError
from engrave.base.shares import wilson
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.job import Job
from engrave.job.bench import bench_of
from engrave.job.faces import typeface_of
from engrave.job.resolve import load_job
from engrave.layout import LayoutSettings, land_shapes, lay_out, plan_places
from engrave.layout.fitting import Fit, Found, drawn, fitted
from engrave.layout.prediction import predict
from engrave.layout.room import Bench
from engrave.tips import Pin
from fonts.typeface import Typeface

JOBS = 10_000
RIVALS = 100
TIPS = ("sphere-0.8", "sphere-1.0", "sphere-1.2", "flat-1.8", "ellipse-1.6x0.9", "chisel-1.8x0.7")
WAYS, MARKS = 6, 1
"""Ways in which each condition is met, and marks, to find each layout's worst condition and the best random one."""
PAIRS_A_WAY = 8
"""Marks, for each of these, by which two layouts are then compared, each mark struck once: 48 in all.

Where one layout identifies one mark in six that the other does not, and the other none, that shows 83 times of 100.
"""
KINDS = ("found", "fixed", "random")
_FIRST_MET = ("dragged", "weak")
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
    recipe = replace(job.laser.value, kerf_um=float(rng.uniform(8.0, 16.0)))
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


def identified(rivals: int, *, ways: int, marks: int, seed: int, tips: Sequence[str]) -> dict[str, Any]:
    """The layout found against the fixed one and the best of so many random ones, for every tip."""
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1, mp_context=get_context("forkserver")) as pool:
        return {name: _compared(name, rivals, ways=ways, marks=marks, seed=seed, pool=pool) for name in tips}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A layout that is compared, what is predicted of it, and what became of it where all conditions were met."""

    kind: str
    settings: LayoutSettings
    chance: float
    margin: float
    met: Scored


def _compared(name: str, rivals: int, *, ways: int, marks: int, seed: int, pool: ProcessPoolExecutor) -> dict[str, Any]:
    _, bench = job_of(name)
    try:
        found = fitted(Fit(), bench)[0]
    except InputError as error:
        return {"refused": list(error.faults), "rank_correlation": None, "beats": False, "holds": True}
    rng = np.random.default_rng([seed, len(name), rivals])
    random = [one for one in (drawn(Fit(), bench, rng, tries=10 * _TRIES) for _ in range(rivals)) if one is not None]
    once = Task(tip=name, settings=found.settings, conditions=_FIRST_MET, ways=1, marks=1, round=0, seed=seed)
    first = list(pool.map(score, [replace(once, settings=one.settings) for one in random]))
    finalists = [random[at] for at in _best_first(random, first)[:_FINALISTS]]
    every = replace(once, conditions=CONDITIONS_MET, ways=ways, marks=marks, round=1)
    entrants = _entrants(found, finalists, every, bench, pool)
    paired = replace(once, ways=ways, marks=PAIRS_A_WAY * ways * marks, round=2, in_turn=True)
    chosen = _chosen(entrants)
    last = list(pool.map(score, [_at_worst(paired, one, chosen) for one in chosen]))
    worst = {id(one): scored for one, scored in zip(chosen, last, strict=True)}
    ours, others = last[0].identified[0], zip(chosen[1:], last[1:], strict=True)
    against = {one.kind: held_against(ours, scored.identified[0]) for one, scored in others}
    told = {kind: [_told(one, worst.get(id(one))) for one in entrants if one.kind == kind] for kind in KINDS}
    return {
        "found": told["found"][0],
        "fixed": next(iter(told["fixed"]), None),
        "best_of_random": told["random"],
        "against": against,
        "random": len(random),
        "rank_correlation": _correlated(random, first),
        "conditions": list(CONDITIONS_MET),
        "wrong": sum(scored.wrong for scored in (*first, *(one.met for one in entrants), *last)),
        "beats": all(one["verdict"] == BEATS for one in against.values()),
        "holds": all(one["verdict"] != LOSES for one in against.values()),
    }


def _entrants(
    found: Found, finalists: Sequence[Found], every: Task, bench: Bench, pool: ProcessPoolExecutor
) -> list[Entrant]:
    """The layout found, the fixed one, if it fits at all, and random ones, under every condition."""
    layouts = [("found", found.settings, found.prediction.chance, found.prediction.margin)]
    fixed = scaled_to_fit(load_job(None).layout, bench)
    if fixed is not None:
        layouts.append(("fixed", fixed, *_predicted(fixed, bench)))
    layouts += [("random", one.settings, one.prediction.chance, one.prediction.margin) for one in finalists]
    met = pool.map(score, [replace(every, settings=settings) for _, settings, _, _ in layouts])
    return [
        Entrant(kind=kind, settings=settings, chance=chance, margin=margin, met=scored)
        for (kind, settings, chance, margin), scored in zip(layouts, met, strict=True)
    ]


def _chosen(entrants: Sequence[Entrant]) -> list[Entrant]:
    """One of each kind: the best."""
    best = sorted(entrants, key=lambda one: (KINDS.index(one.kind), -one.met.worst, -sum(one.met.counts), -one.margin))
    return [one for at, one in enumerate(best) if at == 0 or one.kind != best[at - 1].kind]


def _at_worst(paired: Task, own: Entrant, compared: Sequence[Entrant]) -> Task:
    """What a layout meets in the end: the condition where it was identified least.

    Of several such the one where all that are compared were, and of these again the first by name.
    """
    together = np.sum([one.met.counts for one in compared], axis=0).tolist()
    worst = min(zip(own.met.counts, together, own.met.conditions, strict=True))[2]
    return replace(paired, settings=own.settings, conditions=(worst,))


def _best_first(random: Sequence[Found], scored: Sequence[Scored]) -> list[int]:
    """Numbers of the random layouts: by the least identified over conditions, by all, and then by what is predicted."""
    return sorted(
        range(len(random)),
        key=lambda at: (-scored[at].worst, -sum(scored[at].counts), -random[at].prediction.margin),
    )


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


def _told(one: Entrant, worst: Scored | None) -> dict[str, Any]:
    """A layout and what became of it; worst : of the marks by which layouts are compared, where it was."""
    told = {
        "profile": one.settings.profile,
        "rows": list(one.settings.rows),
        "height_um": round(one.settings.height_um, 1),
        "tracks_um": [[round(track.inner_um, 1), round(track.outer_um, 1)] for track in one.settings.tracks],
        "identified": dict(zip(one.met.conditions, one.met.counts, strict=True)),
        "of": one.met.trials,
        "predicted_chance": round(one.chance, 4),
        "predicted_margin": round(one.margin, 2),
    }
    if worst is None:
        return told
    return told | {
        "worst_condition": worst.conditions[0],
        "worst": worst.worst,
        "worst_of": worst.trials,
        "worst_wilson_95": [round(end, 4) for end in wilson(worst.worst, worst.trials)],
    }


def _correlated(random: Sequence[Found], scored: Sequence[Scored]) -> float | None:
    """Spearman's rank correlation of what was predicted with what was identified when each was first met.

    None where all are alike.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 - start-up

    seen = [sum(one.counts) for one in scored]
    if len(set(seen)) < 2:  # noqa: PLR2004 - there is no order then
        return None
    return round(float(spearmanr([one.prediction.margin for one in random], seen).statistic), 3)
