"""Layouts cut, struck and read in full simulation, and two of them compared mark by mark."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.impressions import random_mark
from engrave.base.errors import InputError
from engrave.batch.pin import plan_pin
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.job import Job
from engrave.job.bench import bench_of
from engrave.job.faces import typeface_of
from engrave.job.resolve import load_job
from engrave.job.setup import Setup, prepare
from engrave.layout import LayoutSettings
from engrave.layout.room import Bench
from engrave.strike import CONDITIONS, Part, strike
from engrave.strike.varied import varied
from engrave.tips import PINS
from engrave.verify import checker_for
from engrave.verify.weighed import weighed
from toolpaths.errors import ToolpathError
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

CONDITIONS_MET = ("nominal", "weak", "tilted", "dragged", "worn")
PIXEL_UM = 2.5
"""Of the simulation, finer than a reader needs for strokes of 14 um at the crest: a quarter of their printed width."""
_ROUND_SEEDS = 1000
_SIGNIFICANT = 0.05
BEATS, TIES, LOSES = "beats", "ties within noise", "loses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One layout on one pin, the conditions that it meets, in how many ways each, and its marks.

    round : of the comparison; each has marks and ways of its own. in_turn : each mark is struck in one of the ways, one
    after the other, and not in all.
    """

    tip: str
    settings: LayoutSettings
    conditions: tuple[str, ...]
    ways: int
    marks: int
    round: int
    seed: int
    in_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Which strikes were identified under each condition, in the same order for every layout, and how many wrongly."""

    conditions: tuple[str, ...]
    identified: tuple[tuple[bool, ...], ...]
    wrong: int

    @property
    def counts(self) -> tuple[int, ...]:
        """How many were identified under each condition."""
        return tuple(map(sum, self.identified))

    @property
    def trials(self) -> int:
        """How many strikes there were under each."""
        return len(self.identified[0])

    @property
    def worst(self) -> int:
        """The least over the conditions."""
        return min(self.counts)


def job_of(name: str) -> tuple[Job, Bench]:
    """The example job on this pin, under all the conditions, and what its layouts are tried on."""
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


def held_against(ours: Sequence[bool], others: Sequence[bool]) -> dict[str, Any]:
    """Whether paired marks are identified more often by the one layout than by the other: McNemar's exact test.

    ours, others : whether each mark was identified. p_value : two-sided, of the marks that only one of the layouts was
    identified by: where the layouts are alike, that is either of them as often as the other.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - start-up

    only_ours = sum(one and not other for one, other in zip(ours, others, strict=True))
    only_others = sum(other and not one for one, other in zip(ours, others, strict=True))
    apart = only_ours + only_others
    p_value = float(binomtest(only_ours, apart).pvalue) if apart else 1.0
    verdict = TIES if p_value > _SIGNIFICANT else BEATS if only_ours > only_others else LOSES
    return {
        "verdict": verdict,
        "only_found": only_ours,
        "only_other": only_others,
        "of": len(ours),
        "p_value": round(p_value, 5),
    }


def score(task: Task) -> Scored:
    """Cut, strike and read one layout; a layout that cannot be cut identifies nothing."""
    job, _ = job_of(task.tip)
    setup = prepare(replace(job, layout=task.settings))
    checker = checker_for(setup)
    primer = job.primer.value
    hits: dict[str, list[bool]] = {name: [] for name in task.conditions}
    wrong = 0
    for number in range(task.marks):
        mark = _mark(task, number)
        tip = _cut(setup, mark)
        for name, own in hits.items():
            # In turn, each round of the ways is drawn anew; in all of them, every mark's ways are.
            drawn_anew = number // task.ways if task.in_turn else number
            seed = task.seed + _ROUND_SEEDS * task.round + drawn_anew
            met = varied(CONDITIONS.load(name).value, primer, count=task.ways, seed=seed)
            for condition in [met[number % task.ways]] if task.in_turn else met:
                if tip is None:
                    own.append(False)
                    continue
                surface = strike(tip, form=setup.tip, primer=primer, condition=condition).surface
                said = weighed(checker.reader.read(surface), setup.profile).identified
                own.append(said is not None and said.id == mark.id)
                wrong += said is not None and said.id != mark.id
    return Scored(conditions=task.conditions, identified=tuple(map(tuple, hits.values())), wrong=wrong)


def _cut(setup: Setup, mark: Mark) -> HeightMap | None:
    """The tip as its toolpath cuts it; None where that cannot be."""
    try:
        return cut(
            plan_pin(setup, mark).toolpath,
            surface=setup.tip,
            beam_for=setup.job.laser.value.beam_for,
            half_width_um=setup.tip.edge_radius_um,
            pixel_um=PIXEL_UM,
        )
    except (InputError, ToolpathError):
        return None


def _mark(task: Task, number: int) -> Mark:
    one = random_mark(Part.HELD_OUT, 1000 * task.round + number, seed=task.seed)
    return mark_with_id(
        identifier=one.id, serial=one.serial, maker=one.maker, model=one.model, profile=PROFILES[task.settings.profile]
    )
