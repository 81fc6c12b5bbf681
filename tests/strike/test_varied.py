"""The ways of meeting a condition: what it states stays, what it leaves open is spread evenly."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.strike import CONDITIONS, PRIMERS
from engrave.strike.varied import varied

PRIMER = PRIMERS.load("brass-cup").value
NOMINAL = CONDITIONS.load("nominal").value
TILTED = CONDITIONS.load("tilted").value


@given(count=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_what_a_condition_states_is_kept_and_the_same_seed_draws_the_same(count: int, seed: int) -> None:
    ways = varied(TILTED, PRIMER, count=count, seed=seed)
    assert len(ways) == count
    assert ways == varied(TILTED, PRIMER, count=count, seed=seed)
    for way in ways:
        assert (way.dent_um, way.tilt_rad, way.description) == (TILTED.dent_um, TILTED.tilt_rad, TILTED.description)
        assert way.backing is not None
        assert PRIMER.backing_least <= way.backing <= PRIMER.backing_most


def test_backings_follow_the_triangle_over_the_primers_range() -> None:
    # From 0 to 1 with the peak at 1/2: an eighth lies below 1/4 and half below 1/2 (areas of the triangle).
    assert (PRIMER.backing_least, PRIMER.backing, PRIMER.backing_most) == (0.0, 0.5, 1.0)
    backings = np.array([way.backing for way in varied(NOMINAL, PRIMER, count=800, seed=1)])
    assert np.mean(backings < 0.25) == pytest.approx(1 / 8, abs=2 / 800)
    assert np.mean(backings < 0.5) == pytest.approx(1 / 2, abs=2 / 800)
    # With its peak at the least end the share below x is 1 - (1 - x)^2.
    lopsided = replace(PRIMER, backing=0.0)
    backings = np.array([way.backing for way in varied(NOMINAL, lopsided, count=800, seed=1)])
    assert np.mean(backings < 0.5) == pytest.approx(3 / 4, abs=2 / 800)


def test_a_stated_backing_is_not_drawn() -> None:
    stated = replace(NOMINAL, backing=0.3)
    assert {way.backing for way in varied(stated, PRIMER, count=9, seed=0)} == {0.3}
    known = replace(PRIMER, backing_least=0.5, backing_most=0.5)
    assert {way.backing for way in varied(NOMINAL, known, count=9, seed=0)} == {0.5}


def test_leans_and_turns_go_all_round_each_by_itself() -> None:
    ways = varied(replace(TILTED, offset_x_um=30.0, offset_y_um=40.0), PRIMER, count=36, seed=5)
    for angles in ([way.tilt_towards_rad for way in ways], [way.turn_rad for way in ways]):
        apart = np.diff(np.sort(np.mod(angles, 2 * math.pi)))
        assert apart == pytest.approx([2 * math.pi / 36] * 35)
    assert {round(math.hypot(way.offset_x_um, way.offset_y_um), 9) for way in ways} == {50.0}
    assert len({way.seed for way in ways}) == 36
