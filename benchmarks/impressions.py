"""Impressions to tune a reader on, and others to judge it by: pins of the example job, cut and struck in simulation.

Each pin bears the mark of a random id. It is cut by the toolpath that the job plans for it and struck under draws of an
ensemble (``engrave.strike.ensemble``). Pins and draws of the two parts have nothing in common: draws by the ensemble's
own rule, pins by their seeds.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from engrave.batch.pin import plan_pin
from engrave.code.mark import Mark, mark_with_id
from engrave.job.resolve import load_job
from engrave.job.setup import Setup, prepare
from engrave.strike import ENSEMBLES, Condition, Part, drawn, strike
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

_IDS = 2**30
# Seeds of pins, by part, so that no pin is in both.
_PIN_SEEDS = {Part.TUNING: 1, Part.HELD_OUT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One impression, what it is of, and how it was struck. ``index`` : of the draw."""

    surface: HeightMap
    mark: Mark
    condition: Condition
    index: int


@cache
def example_setup() -> Setup:
    """The example job made ready."""
    return prepare(load_job(None))


def cut_pin(setup: Setup, mark: Mark) -> HeightMap:
    """The tip as the planned toolpath cuts it."""
    return cut(
        plan_pin(setup, mark).toolpath,
        surface=setup.tip,
        beam_for=setup.job.laser.value.beam_for,
        half_width_um=setup.tip.edge_radius_um,
        pixel_um=setup.job.pixel_um,
    )


def random_mark(part: Part, number: int, *, seed: int) -> Mark:
    """The mark of one pin of a part."""
    identifier = int(np.random.default_rng([seed, _PIN_SEEDS[part], number]).integers(_IDS))
    return mark_with_id(identifier=identifier, serial=f"{part.value} {number}", maker="Acme", model="P9")


def samples(
    part: Part, *, pins: int, draws: int, seed: int, ensemble: str = "field", setup: Setup | None = None
) -> Iterator[Sample]:
    """``pins`` pins struck ``draws`` times each, every strike a draw of its own."""
    ready = setup or example_setup()
    primer = ready.job.primer.value
    conditions = drawn(ENSEMBLES.load(ensemble).value, primer=primer, samples=pins * draws, seed=seed, part=part)
    for number in range(pins):
        mark = random_mark(part, number, seed=seed)
        tip = cut_pin(ready, mark)
        for _ in range(draws):
            index, condition = next(conditions)
            impression = strike(tip, form=ready.tip, primer=primer, condition=condition)
            yield Sample(surface=impression.surface, mark=mark, condition=condition, index=index)
