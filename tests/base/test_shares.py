"""Wilson's interval against published ones, and its own symmetry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.shares import wilson


@pytest.mark.parametrize(
    ("count", "trials", "least", "most"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, the score method without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_intervals(count: int, trials: int, least: float, most: float) -> None:
    assert wilson(count, trials) == pytest.approx((least, most), abs=5e-5)


counts = st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@settings(deadline=None, max_examples=60)
@given(counts)
def test_failures_are_successes_seen_from_the_other_side(counted: tuple[int, int]) -> None:
    count, trials = counted
    least, most = wilson(count, trials)
    assert wilson(trials - count, trials) == pytest.approx((1.0 - most, 1.0 - least), abs=1e-12)
    assert 0.0 <= least <= count / trials <= most + 1e-12
    assert most <= 1.0


def test_the_ends_are_reached_and_not_passed() -> None:
    assert wilson(0, 7)[0] == pytest.approx(0.0, abs=1e-15)
    assert wilson(7, 7)[1] == pytest.approx(1.0, abs=1e-15)
    assert wilson(0, 7)[0] >= 0.0
    assert wilson(7, 7)[1] <= 1.0
