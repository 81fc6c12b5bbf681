"""A thousand held-out impressions of fifty pins, read blind; and what the reader says of its own certainty.

Pins are cut by the toolpath that their job plans, struck under draws that no reader was tuned on, turned and moved
anyhow, and read from the height map alone. Every pin is a task of its own, so that the figures do not depend on the
number of processes.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from math import pi
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.impressions import cut_pin, random_mark
from engrave.base.shares import wilson
from engrave.code.alphabet import symbol_of
from engrave.code.mark import Mark
from engrave.job.resolve import load_job
from engrave.job.setup import prepare
from engrave.reading import Reading
from engrave.strike import CONDITIONS, ENSEMBLES, Condition, Part, drawn, strike
from engrave.tips import PINS
from engrave.verify import Checker, checker_for
from engrave.verify.trials import JOINTLY, Trial, carriers_of, told

IMPRESSIONS = 1_000
DRAWS = 20
OFFSET_UM = 150.0
LEAST_NOMINAL = 0.99
MOST_ERROR = 0.05
LEAST_IMPRESSIONS = 500
"""Below this many impressions, whose symbols are right and wrong together, a calibration error is mostly chance."""
BINS = 15
"""Bins of equal width of the confidence in the likeliest symbol."""
KRIVOSTA = (54, 100)
"""All eight characters readable: ten .45 pistols of ten rounds each (G. Krivosta, AFTE Journal 38(1), 2006). A sanity
target for the ensemble of such a pistol, not a calibration."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which strikes: of an ensemble's held-out part, or the nominal one where none is named; on which tip."""

    name: str
    ensemble: str | None
    tip: str = "sphere-1.0"


KINDS = (
    Kind(name="nominal", ensemble=None),
    Kind(name="field", ensemble="field"),
    Kind(name="tilting-barrel", ensemble="tilting-barrel", tip="sphere-1.2"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One pin of one kind."""

    kind: Kind
    number: int
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """The likeliest symbol at each place that was seen: how sure the reader is of it, and whether it is right."""

    confidence: Floats
    right: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one pin."""

    mark: Mark
    trials: tuple[Trial, ...]
    characters: Believed
    cells: Believed


def struck_and_read(pins: int, *, draws: int, seed: int) -> dict[str, Any]:
    """Every kind of strike, so many times on each of so many pins."""
    tasks = [Task(kind=kind, number=number, draws=draws, seed=seed) for kind in KINDS for number in range(pins)]
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        done = list(pool.map(run, tasks))
    return {
        kind.name: _result(kind, [one for one, task in zip(done, tasks, strict=True) if task.kind == kind])
        for kind in KINDS
    }


@cache
def _checker(tip: str) -> Checker:
    return checker_for(prepare(replace(load_job(None), pin=PINS.load(tip))))


def run(task: Task) -> Done:
    """Cut one pin, strike it under its draws, and read every impression."""
    checker = _checker(task.kind.tip)
    setup = checker.setup
    mark = random_mark(Part.HELD_OUT, task.number, seed=task.seed)
    tip = cut_pin(setup, mark)
    trials: list[Trial] = []
    read: list[Reading] = []
    for index, condition in _conditions(task, checker):
        impression = strike(tip, form=setup.tip, primer=setup.job.primer.value, condition=condition)
        read.append(checker.reader.read(impression.surface))
        trials.append(told(impression, read[-1], mark, setup.places, index=index, condition=condition))
    found = [reading for reading in read if reading.found]
    return Done(
        mark=mark,
        trials=tuple(trials),
        characters=believed_characters(found, mark),
        cells=believed_cells(found, mark),
    )


def _conditions(task: Task, checker: Checker) -> Sequence[tuple[int, Condition]]:
    """The draws of one pin: each of its own, so that no two pins are struck alike."""
    first = task.number * task.draws
    if task.kind.ensemble is None:
        return [(index, nominal(index, seed=task.seed)) for index in range(first, first + task.draws)]
    conditions = drawn(
        ENSEMBLES.load(task.kind.ensemble).value,
        primer=checker.setup.job.primer.value,
        samples=first + task.draws,
        seed=task.seed,
        part=Part.HELD_OUT,
    )
    return list(conditions)[first:]


def nominal(index: int, *, seed: int) -> Condition:
    """The nominal strike, turned and moved anyhow, on a cup as rough as the rough one."""
    rng = np.random.default_rng([seed, index])
    radius_um, angle = OFFSET_UM * np.sqrt(rng.random()), rng.uniform(0.0, 2.0 * pi)
    return replace(
        CONDITIONS.load("nominal").value,
        turn_rad=float(rng.uniform(-pi, pi)),
        offset_x_um=float(radius_um * np.cos(angle)),
        offset_y_um=float(radius_um * np.sin(angle)),
        texture=CONDITIONS.load("rough").value.texture,
        seed=int(rng.integers(2**31)),
    )


def believed_characters(readings: Sequence[Reading], mark: Mark) -> Believed:
    """The likeliest character at each place that was seen; every symbol is as likely beforehand."""
    intended = np.array([symbol_of(character) for character in mark.characters])
    logs = np.array([reading.character_log_likelihoods for reading in readings]).reshape(-1, len(intended), 32)
    seen = np.ptp(logs, axis=2) > 0
    shares = np.exp(logs - logs.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    return Believed(confidence=shares.max(axis=2)[seen], right=(shares.argmax(axis=2) == intended)[seen])


def believed_cells(readings: Sequence[Reading], mark: Mark) -> Believed:
    """The same of the ring's cells."""
    intended = np.array([[cell == "1" for cell in track] for track in mark.ring])
    ratios = np.array([reading.cell_log_ratios for reading in readings]).reshape(-1, *intended.shape)
    seen = ratios != 0
    confidence = 1.0 / (1.0 + np.exp(-np.abs(ratios)))
    return Believed(confidence=confidence[seen], right=((ratios > 0) == intended)[seen])


def calibration_error(believed: Sequence[Believed]) -> dict[str, Any]:
    """Expected calibration error over bins of equal width, and the bins.

    M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015: the mean over all symbols of how far the share that is right in a
    symbol's bin lies from the mean confidence in it.
    """
    confidence = np.concatenate([one.confidence for one in believed])
    right = np.concatenate([one.right for one in believed])
    place = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    bins = []
    error = 0.0
    for number in np.unique(place).tolist():
        own = place == number
        stated, true = float(confidence[own].mean()), float(right[own].mean())
        error += abs(stated - true) * float(own.sum()) / confidence.size
        bins.append({"count": int(own.sum()), "confidence": round(stated, 4), "right": round(true, 4)})
    return {"symbols": int(confidence.size), "error": round(error, 4), "bins": bins}


def _result(kind: Kind, done: Sequence[Done]) -> dict[str, Any]:
    trials = [(trial, one.mark) for one in done for trial in one.trials]
    profile = _checker(kind.tip).setup.profile
    count = len(trials)
    carriers = {}
    for place, carrier in enumerate(carriers_of(profile)):
        right = sum(trial.carriers[place].right for trial, _ in trials)
        named = [(trial.carriers[place].identified, mark.id) for trial, mark in trials]
        carriers[carrier] = {
            "right": _share(right, count),
            "identified": _share(sum(found == meant for found, meant in named), count),
            "wrong": _share(sum(found is not None and found != meant for found, meant in named), count),
        }
    errors = {
        "characters": calibration_error([one.characters for one in done]),
        "cells": calibration_error([one.cells for one in done]),
    }
    joint = carriers[JOINTLY]
    wrong = sum(entry["wrong"]["count"] for entry in carriers.values())
    calibrated = count < LEAST_IMPRESSIONS or all(entry["error"] <= MOST_ERROR for entry in errors.values())
    enough = kind.ensemble is not None or joint["identified"]["count"] >= LEAST_NOMINAL * count
    result = {
        "holds": wrong == 0 and calibrated and enough,
        "tip": kind.tip,
        "pins": len(done),
        "impressions": count,
        "carriers": carriers,
        "calibration": errors,
        "by_damage": _by_damage(trials),
        "by_rounds": _by_rounds(trials),
    }
    if kind.name == "tilting-barrel":
        result["krivosta_all_eight"] = _share(*KRIVOSTA)
    return result


def _share(count: int, of: int) -> dict[str, Any]:
    return {"count": count, "of": of, "wilson_95": [round(end, 4) for end in wilson(count, of)]}


def _by_damage(trials: Sequence[tuple[Trial, Mark]]) -> dict[str, Any]:
    """Identified jointly, by which damage is there."""
    found = {}
    for name in ("drag", "second", "fouling", "chips"):
        own = [entry for entry in trials if getattr(entry[0].condition, name) is not None]
        if own:
            found[name] = _joint(own)
    rest = [
        entry
        for entry in trials
        if all(getattr(entry[0].condition, name) is None for name in ("drag", "second", "fouling", "chips"))
    ]
    return {**found, **({"none of these": _joint(rest)} if rest else {})}


def _by_rounds(trials: Sequence[tuple[Trial, Mark]], *, step: int = 500) -> dict[str, Any]:
    """All characters, and identified jointly, by rounds fired."""
    worn = [(entry, entry[0].condition.wear) for entry in trials]
    classes = sorted({wear.rounds // step for _, wear in worn if wear is not None})
    found = {}
    for number in classes:
        own = [entry for entry, wear in worn if wear is not None and wear.rounds // step == number]
        eight = sum(trial.carriers[0].right for trial, _ in own)
        found[f"{number * step} to {(number + 1) * step - 1}"] = {
            "all characters": _share(eight, len(own)),
            "jointly": _joint(own),
        }
    return found


def _joint(trials: Sequence[tuple[Trial, Mark]]) -> dict[str, Any]:
    return _share(sum(trial.carriers[-1].identified == mark.id for trial, mark in trials), len(trials))
