"""A million damaged readings, none of which may name a wrong pin; foreign marks, noise and overlays, which name none.

The readings are made by ``readings``, whose damage the decoder's likelihoods do not share. Beside what was identified
stands how far a posterior can be believed: the best candidates, sorted by the odds that they were given, and how many
of each class were right.

Chunks have seeds of their own, so that the figures do not depend on the number of processes.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from math import sqrt
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import readings
from engrave.base.shares import wilson
from engrave.code.evidence import Orientation, SoftReading, symbol_evidence
from engrave.code.judging import Prior, Verdicts, judge
from engrave.code.profiles import PROFILES, Profile

CHUNK = 2_048
BATCH = 64
UPRIGHT = (Orientation(),)
# Classes of posteriors, by the decimal logarithm of their odds: below -6, then decade by decade, and from 8 on.
DECADES = np.arange(-6, 9)
# From odds of 10^4 on a posterior is one that may identify.
SURE = 4
# An over-confident class is one whose wrong ones are beyond this many standard errors: of 60 classes none by chance.
OVERCONFIDENT_Z = 4.0

Counts = NDArray[np.int64]
Made = tuple[readings.Codes, list[SoftReading]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Counts of readings, each (classes,): by the class of the posterior of the best candidate.

    ``right``: the best is, or is one of, the marks that were there; ``identified`` and, of these, ``wrong``.
    ``expected_wrong`` : the sum of what the posteriors leave.
    """

    seen: Counts
    right: Counts
    identified: Counts
    wrong: Counts
    expected_wrong: NDArray[np.float64]

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A chunk of readings of one kind and one profile."""

    kind: str
    profile: str
    count: int
    seed: tuple[int, ...]


def _worn(profile: Profile, generator: np.random.Generator, count: int) -> Made:
    return readings.seen(readings.worn(profile, generator, count), profile, generator)


def _foreign(profile: Profile, generator: np.random.Generator, count: int) -> Made:
    return readings.seen(readings.foreign(profile, generator, count), profile, generator)


def _overlaid(profile: Profile, generator: np.random.Generator, count: int) -> Made:
    return readings.seen(readings.overlaid(profile, generator, count), profile, generator)


KINDS: dict[str, Callable[[Profile, np.random.Generator, int], Made]] = {
    "damaged": _worn,
    "foreign": _foreign,
    "noise": readings.noise,
    "overlaid": _overlaid,
}


def proved(counts: dict[str, int], *, seed: int, workers: int | None = None) -> dict[str, Any]:
    """So many readings of each kind, a quarter of them in each profile: what became of them."""
    tasks = list(_tasks(counts, seed))
    tallies: dict[tuple[str, str], Tally] = {}
    workers = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        for task, tally in zip(tasks, pool.map(tallied, tasks), strict=True):
            key = (task.kind, task.profile)
            tallies[key] = tallies[key] + tally if key in tallies else tally
    by_kind = {kind: {profile: tally for (of, profile), tally in tallies.items() if of == kind} for kind in counts}
    return {kind: outcome(kind, by_profile) for kind, by_profile in by_kind.items()}


def _tasks(counts: dict[str, int], seed: int) -> Iterator[Task]:
    for kind, count in counts.items():
        for number, profile in enumerate(PROFILES):
            # One at least, however small the scale.
            share = max(1, len(range(number, count, len(PROFILES))))
            for chunk, first in enumerate(range(0, share, CHUNK)):
                seeds = (seed, list(KINDS).index(kind), number, chunk)
                yield Task(kind=kind, profile=profile, count=min(CHUNK, share - first), seed=seeds)


def tallied(task: Task) -> Tally:
    """Make the readings of a chunk, decode them, and count."""
    generator, profile = np.random.default_rng(task.seed), PROFILES[task.profile]
    total: Tally | None = None
    for first in range(0, task.count, BATCH):
        codes, made = KINDS[task.kind](profile, generator, min(BATCH, task.count - first))
        evidence, marks = zip(*(symbol_evidence(reading, UPRIGHT) for reading in made), strict=True)
        tally = _counted(judge(np.concatenate(evidence), np.concatenate(marks), profile, Prior()), codes)
        total = tally if total is None else total + tally
    if total is None:
        raise ValueError("a task has no readings; give it one at least")
    return total


def _counted(verdicts: Verdicts, codes: readings.Codes) -> Tally:
    right = (codes == verdicts.codes[:, None]).any(axis=1)
    left = 1 - verdicts.posteriors
    with np.errstate(divide="ignore"):
        classes = np.digitize(np.log10(verdicts.posteriors) - np.log10(left), DECADES)

    def by_class(which: NDArray[np.bool_]) -> Counts:
        return np.bincount(classes[which], minlength=len(DECADES) + 1).astype(np.int64)

    return Tally(
        seen=by_class(np.ones_like(right)),
        right=by_class(right),
        identified=by_class(verdicts.identified),
        wrong=by_class(verdicts.identified & ~right),
        expected_wrong=np.bincount(classes, weights=left, minlength=len(DECADES) + 1).astype(np.float64),
    )


def outcome(kind: str, by_profile: dict[str, Tally]) -> dict[str, Any]:
    """What became of the readings of one kind, and whether that is as it must be."""
    return _damaged(by_profile) if kind == "damaged" else _refused(by_profile)


def _damaged(by_profile: dict[str, Tally]) -> dict[str, Any]:
    """Holds where no wrong pin was identified and no posterior promised too much."""
    every = _all(by_profile)
    curves = {"all": _curve(every)} | {name: _curve(tally) for name, tally in by_profile.items()}
    sure = int(DECADES.searchsorted(SURE)) + 1
    doubted = int((every.seen - every.right)[sure:].sum())
    overconfident = [f"{name} {row['odds']}" for name, rows in curves.items() for row in rows if row["overconfident"]]
    return {
        **_totals(every),
        "by_profile": {name: _totals(tally) for name, tally in by_profile.items()},
        "odds_from_10000": _share(doubted, int(every.seen[sure:].sum()), "wrong"),
        "reliability": curves,
        "overconfident": overconfident,
        "holds": not every.wrong.sum() and not overconfident,
    }


def _refused(by_profile: dict[str, Tally]) -> dict[str, Any]:
    """Holds where nothing was identified; of two marks, either would be one that was there."""
    every = _all(by_profile)
    return {
        **_totals(every),
        "by_profile": {name: _totals(tally) for name, tally in by_profile.items()},
        "accepted": _share(int(every.identified.sum()), int(every.seen.sum()), "accepted"),
        "holds": not every.identified.sum(),
    }


def _all(by_profile: dict[str, Tally]) -> Tally:
    first, *others = by_profile.values()
    return sum(others, start=first)


def _totals(tally: Tally) -> dict[str, Any]:
    """Readings, how many had a mark that was there for their best candidate, how many identified, how many wrongly."""
    count, identified, wrong = (int(part.sum()) for part in (tally.seen, tally.identified, tally.wrong))
    return {
        "readings": count,
        "best_is_right": int(tally.right.sum()),
        "identified": identified,
        "wrong": wrong,
        "wrong_of_readings_at_most": wilson(wrong, count)[1],
    }


def _share(number: int, count: int, name: str) -> dict[str, Any]:
    interval = list(wilson(number, count)) if count else [0.0, 1.0]
    return {"of": count, name: number, "wilson_95": interval}


def _curve(tally: Tally) -> list[dict[str, Any]]:
    """A class a row: readings, how many of the best were right, and whether fewer than the posteriors promised."""
    rows = []
    for number, (count, right, left) in enumerate(
        zip(tally.seen.tolist(), tally.right.tolist(), tally.expected_wrong.tolist(), strict=True)
    ):
        if not count:
            continue
        low, high = wilson(right, count)
        rows.append(
            {
                "odds": _class_name(number),
                "readings": count,
                "mean_posterior": 1 - left / count,
                "expected_wrong": float(f"{left:.6g}"),
                "right": right,
                "share": right / count,
                "wilson_95": [low, high],
                "overconfident": _lower(count - right, count) > left / count,
            }
        )
    return rows


def _class_name(number: int) -> str:
    """The decimal logarithms of the odds between which a class lies."""
    if number == 0:
        return f"below {DECADES[0]}"
    if number == len(DECADES):
        return f"from {DECADES[-1]}"
    return f"{DECADES[number - 1]} to {DECADES[number]}"


def _lower(successes: int, trials: int) -> float:
    """Wilson's lower bound with the greater z."""
    share, z2 = successes / trials, OVERCONFIDENT_Z**2
    reach = OVERCONFIDENT_Z * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, (share + z2 / (2 * trials) - reach) / (1 + z2 / trials))
