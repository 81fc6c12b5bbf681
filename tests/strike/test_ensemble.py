"""Drawn strikes: what a draw depends on, what it keeps within, and which draws a reader is tuned on."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import kstest

from engrave.strike import ENSEMBLES, PRIMERS, Condition, Ensemble, Part, drawn

FIELD = ENSEMBLES.load("field").value
CUP = PRIMERS.load("brass-cup").value
# Kolmogorov and Smirnov's statistic is above 1.63 / sqrt(n) in one case of a hundred.
KS = 1.63


def conditions(samples: int, *, seed: int = 1, part: Part = Part.ALL, ensemble: Ensemble = FIELD) -> list[Condition]:
    return [one for _, one in drawn(ensemble, primer=CUP, samples=samples, seed=seed, part=part)]


def test_a_draw_depends_on_its_seed_and_its_index_alone() -> None:
    few, many = conditions(5), conditions(40)
    assert few == many[:5]
    assert FIELD.draw(33, seed=1, primer=CUP) == many[33]
    assert conditions(5, seed=2) != few
    assert len({one.seed for one in many}) == 40


def test_parts_are_disjoint_and_whole_and_every_fifth_is_held_out() -> None:
    indices = {
        part: [index for index, _ in drawn(FIELD, primer=CUP, samples=samples, seed=1, part=part)]
        for part, samples in ((Part.TUNING, 80), (Part.HELD_OUT, 20), (Part.ALL, 100))
    }
    assert indices[Part.HELD_OUT] == list(range(4, 100, 5))
    assert sorted(indices[Part.TUNING] + indices[Part.HELD_OUT]) == indices[Part.ALL] == list(range(100))


def test_the_held_out_damage_is_not_tuned_on_and_nothing_else_differs() -> None:
    always = replace(FIELD, chips_chance=1.0)
    tuning = dict(drawn(always, primer=CUP, samples=40, seed=1, part=Part.TUNING))
    everything = dict(drawn(always, primer=CUP, samples=50, seed=1))
    assert all(one.chips is None for one in tuning.values())
    assert all(one.chips is not None for one in everything.values())
    assert all(replace(everything[index], chips=None) == one for index, one in tuning.items())
    assert all(one.chips is not None for one in conditions(10, part=Part.HELD_OUT, ensemble=always))


def test_a_chance_moves_no_other_figure() -> None:
    none = replace(FIELD, drag_chance=0.0, second_chance=0.0, fouling_chance=0.0, chips_chance=0.0)
    for one, bare in zip(conditions(60), conditions(60, ensemble=none), strict=True):
        assert replace(one, drag=None, second=None, fouling=None, chips=None) == bare


@pytest.mark.parametrize("name", ENSEMBLES.names())
def test_figures_stay_within_their_ranges(name: str) -> None:
    ensemble = ENSEMBLES.load(name).value
    found = conditions(300, ensemble=ensemble)
    parts = {"gas": "gas", "drag": "drag", "second": "second", "wear": "wear", "fouling": "fouling", "chips": "chips"}
    for item in fields(ensemble):
        ends = getattr(ensemble, item.name)
        if not isinstance(ends, tuple):
            continue
        head, _, rest = item.name.partition("_")
        owner, figure = {"rounds": ("wear", "rounds"), "grain_scatter": ("texture", "grain_scatter")}.get(
            item.name, (parts.get(head) or ("texture" if head == "texture" else ""), rest)
        )
        holders = [getattr(one, owner) if owner else one for one in found]
        values = [getattr(holder, figure if owner else item.name) for holder in holders if holder is not None]
        assert values
        assert ends[0] <= min(values) <= max(values) <= ends[1]
    assert max(math.hypot(one.offset_x_um, one.offset_y_um) for one in found) <= ensemble.offset_um


def statistic(values: list[float], distribution: str, *arguments: float) -> float:
    return float(kstest(values, distribution, args=arguments).statistic) * math.sqrt(len(values))


def test_draws_are_spread_as_they_are_said_to_be() -> None:
    found = conditions(600)
    wears = [one.wear for one in found if one.wear]
    decades = [math.log10(wear.coefficient) for wear in wears]
    assert statistic(decades, "uniform", -4.0, 2.0) < KS
    assert statistic([wear.coefficient for wear in wears], "uniform", 1e-4, 1e-2 - 1e-4) > 5 * KS
    assert statistic([one.dent_um or 0.0 for one in found], "uniform", 250.0, 200.0) < KS
    assert statistic([one.turn_rad for one in found], "uniform", -math.pi, 2 * math.pi) < KS
    # Even over a disc: its share within r grows with r^2.
    squares = [(one.offset_x_um**2 + one.offset_y_um**2) / 150.0**2 for one in found]
    assert statistic(squares, "uniform", 0.0, 1.0) < KS
    assert statistic([one.backing or 0.0 for one in found], "triang", 0.5, 0.0, 1.0) < KS


@pytest.mark.parametrize(
    ("chance", "name"), [(0.25, "drag"), (0.1, "second"), (0.5, "fouling"), (0.3, "chips"), (1.0, "gas"), (1.0, "wear")]
)
def test_damage_comes_as_often_as_its_chance(chance: float, name: str) -> None:
    there = np.array([getattr(one, name) is not None for one in conditions(600)])
    # Three standard deviations.
    assert there.mean() == pytest.approx(chance, abs=3 * math.sqrt(chance * (1 - chance) / 600) + 1e-12)


def test_a_primer_of_one_backing_keeps_it() -> None:
    sure = replace(CUP, backing=0.7, backing_least=0.7, backing_most=0.7)
    assert FIELD.draw(0, seed=1, primer=sure).backing == 0.7
