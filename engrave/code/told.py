"""Probabilities as documents tell them: to six decimals, and none of them as certain."""

from math import floor

_STEP = 1e-6
_DECIMALS = 6


def told_posterior(value: float) -> float:
    """A posterior rounded down to six decimals, at most 0.999999: a document claims no more than was computed."""
    # A thousandth of a step more, so that what the rule takes for 0.9999 is told as that.
    steps = min(floor(value / _STEP + 1e-3), round(1 / _STEP) - 1)
    return round(steps * _STEP, _DECIMALS)


def told_chance(value: float) -> float:
    """The chance of something else, rounded to six decimals; at least 0.000001: it is never nought."""
    return max(round(value, _DECIMALS), _STEP)
