"""Probabilities in documents: never told as more than they are, and never as certain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.code.told import told_chance, told_posterior


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, 0.0),
        (9.9e-7, 0.0),
        (1e-6, 1e-6),
        (0.8970326767, 0.897032),
        (0.9998999999, 0.9999),
        (0.999899996, 0.999899),
        (0.9999, 0.9999),
        (0.9999999, 0.999999),
        (1.0, 0.999999),
    ],
)
def test_a_posterior_is_rounded_down(value: float, told: float) -> None:
    assert told_posterior(value) == told


@pytest.mark.parametrize(("value", "told"), [(0.0, 1e-6), (4e-7, 1e-6), (0.1029674, 0.102967), (1.0, 1.0)])
def test_the_chance_of_something_else_is_never_nought(value: float, told: float) -> None:
    assert told_chance(value) == told


@settings(deadline=None, max_examples=100)
@given(value=st.floats(0, 1))
def test_both_are_near_the_truth(value: float) -> None:
    assert value - 1.001e-6 <= told_posterior(value) <= value + 1e-8
    assert abs(told_chance(value) - value) <= 1e-6
