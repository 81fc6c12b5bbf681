"""Gauge studies: published ones, a table by hand, and how often the intervals hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2

from engrave.base.errors import InputError
from engrave.base.gauge import Gauge, gauge_study, modified_large_sample

Floats = NDArray[np.float64]

# AIAG, Measurement Systems Analysis, 4th ed. (2010): 10 parts a line, 3 operators by 3 trials; also gageaiag.mtw.
AIAG = """
 0.29  0.41  0.64  0.08  0.25  0.07  0.04 -0.11 -0.15
-0.56 -0.68 -0.58 -0.47 -1.22 -0.68 -1.38 -1.13 -0.96
 1.34  1.17  1.27  1.19  0.94  1.34  0.88  1.09  0.67
 0.47  0.50  0.64  0.01  1.03  0.20  0.14  0.20  0.11
-0.80 -0.92 -0.84 -0.56 -1.20 -1.28 -1.46 -1.07 -1.45
 0.02 -0.11 -0.21 -0.20  0.22  0.06 -0.29 -0.67 -0.49
 0.59  0.75  0.66  0.47  0.55  0.83  0.02  0.01  0.21
-0.31 -0.20 -0.17 -0.63  0.08 -0.34 -0.46 -0.56 -0.49
 2.26  1.99  2.01  1.80  2.12  2.19  1.77  1.45  1.87
-1.36 -1.25 -1.31 -1.68 -1.62 -1.50 -1.49 -1.77 -2.16
"""

# R. E. Houf and D. B. Burman, IEEE Trans. Components, Hybrids and Manufacturing Technology 11 (1988) 516; also the
# example of SAS/STAT, PROC VARCOMP, METHOD=GRR. Its interaction counts.
HOUF = """
37 38 37 41 41 40 41 42 41
42 41 43 42 42 42 43 42 43
30 31 31 31 31 31 29 30 28
42 43 42 43 43 43 42 42 42
28 30 29 29 30 29 31 29 29
42 42 43 45 45 45 44 46 45
25 26 27 28 28 30 29 27 27
40 40 40 43 42 42 43 43 41
25 25 25 27 29 28 26 26 26
35 34 34 35 35 34 35 34 35
"""


def study(text: str) -> Gauge:
    return gauge_study(np.array([line.split() for line in text.strip().splitlines()], dtype=float).reshape(10, 3, 3))


def test_the_analysis_of_variance_of_the_aiag_study() -> None:
    """Minitab's table of gageaiag.mtw: sums of squares, and F and p of the interaction; the pooled error."""
    table = {source.name: source for source in study(AIAG).sources}
    assert table["part"].sum_of_squares == pytest.approx(88.3619, abs=5e-5)
    assert table["operator"].sum_of_squares == pytest.approx(3.1673, abs=5e-5)
    assert table["part x operator"].sum_of_squares == pytest.approx(0.3590, abs=5e-5)
    assert table["repeatability"].sum_of_squares == pytest.approx(3.1179, abs=5e-5)
    assert [table[name].degrees_of_freedom for name in table] == [9, 2, 18, 78]
    assert table["part x operator"].f == pytest.approx(0.434, abs=5e-4)
    assert table["part x operator"].p == pytest.approx(0.974, abs=5e-4)
    assert table["repeatability"].mean_square == pytest.approx(0.03997, abs=5e-6)


def test_the_components_of_the_aiag_study() -> None:
    """The manual's table: EV 0.199933, AV 0.226838, GRR 0.302373, PV 1.042327; 18.4, 20.9, 27.9 and 96.0 %; ndc 4."""
    told = study(AIAG)
    parts = {component.name: component for component in told.components}
    assert told.pooled
    printed = {"repeatability": 0.199933, "operators": 0.226838, "gauge": 0.302373, "part": 1.042327}
    for name, sigma in printed.items():
        assert parts[name].sigma[0] == pytest.approx(sigma, abs=2e-6)
    assert parts["total"].sigma[0] == pytest.approx(1.085, abs=5e-4)
    shares = {"repeatability": 18.42, "reproducibility": 20.90, "gauge": 27.86, "part": 96.04}
    for name, share in shares.items():
        assert 100 * parts[name].study_share == pytest.approx(share, abs=5e-3)
    contributions = {"repeatability": 3.39, "reproducibility": 4.37, "gauge": 7.76, "part": 92.24}
    for name, share in contributions.items():
        assert 100 * parts[name].contribution == pytest.approx(share, abs=5e-3)
    assert told.distinct == 4
    assert told.categories == pytest.approx(4.861, abs=1e-3)
    assert 100 * told.grr_share == pytest.approx(27.86, abs=5e-3)


def test_the_interval_of_the_aiag_share_is_that_of_another_program() -> None:
    """14.9 to 81.7 % by generalised pivots, 14.7 to 81.4 % by large samples, of a web page's program in JavaScript."""
    low, high = study(AIAG).grr_share_within
    assert 100 * low == pytest.approx(14.9, abs=0.6)
    assert 100 * high == pytest.approx(81.7, abs=0.6)


def test_a_study_whose_interaction_counts() -> None:
    """Houf and Burman's, as R. K. Burdick et al., J. Qual. Technol. 35 (2003) 342, work it out, intervals too."""
    told = study(HOUF)
    assert not told.pooled
    table = {source.name: source.mean_square for source in told.sources}
    assert table["part"] == pytest.approx(437.33, abs=5e-3)
    assert table["operator"] == pytest.approx(19.63, abs=5e-3)
    assert table["part x operator"] == pytest.approx(2.695, abs=5e-4)
    assert table["repeatability"] == pytest.approx(0.5111, abs=5e-5)
    parts = {component.name: component for component in told.components}
    assert parts["part"].variance == pytest.approx(48.29, abs=5e-3)
    assert (parts["part"].low, parts["part"].high) == pytest.approx((22.69, 161.64), abs=5e-3)
    assert parts["gauge"].high == pytest.approx(27.02, abs=5e-3)


def test_a_balanced_table_by_hand() -> None:
    """Two parts, two operators, two repeats: 1 3 | 2 4 and 9 11 | 10 16. Means 2, 3, 10, 13; of all 7.

    Parts 2.5 and 11.5: 4 (4.5^2 + 4.5^2) = 162. Operators 6 and 8: 4 (1 + 1) = 8. Cells off by 0.5: 2 x 4 x 0.25 = 2.
    Error: 2 + 2 + 2 + 18 = 24 with 4 degrees of freedom, 6; the interaction, 2, is less: pooled, 26 / 5 = 5.2.
    """
    told = gauge_study(np.array([[[1.0, 3.0], [2.0, 4.0]], [[9.0, 11.0], [10.0, 16.0]]]))
    table = {source.name: source for source in told.sources}
    assert [table[name].sum_of_squares for name in ("part", "operator", "part x operator")] == [162, 8, 2]
    assert told.pooled
    assert table["repeatability"].mean_square == pytest.approx(5.2)
    parts = {component.name: component.variance for component in told.components}
    assert parts["part"] == pytest.approx((162 - 5.2) / 4)
    assert parts["operators"] == pytest.approx((8 - 5.2) / 4)
    assert parts["gauge"] == pytest.approx(5.2 + 0.7)
    assert told.grr_share == pytest.approx((5.9 / (5.9 + 39.2)) ** 0.5)
    assert told.categories == pytest.approx(1.41 * (39.2 / 5.9) ** 0.5)
    assert told.distinct == 3


def test_a_mean_square_alone_has_the_exact_interval() -> None:
    low, high = modified_large_sample({"e": 1.0}, {"e": 2.0}, {"e": 12})
    assert (low, high) == pytest.approx((24 / chi2.ppf(0.975, 12), 24 / chi2.ppf(0.025, 12)))


@pytest.mark.parametrize(
    "weights",
    [
        {"p": 1 / 9, "x": -1 / 9},
        {"o": 1 / 30, "x": 0.3, "e": 2 / 3},
        {"o": 1 / 30, "x": 0.3, "e": -1 / 3},
    ],
)
def test_intervals_hold_as_often_as_promised(weights: dict[str, float]) -> None:
    """Mean squares drawn from their own distribution; large samples are somewhat on the safe side."""
    expected = {"p": 40.0, "o": 12.0, "x": 2.0, "e": 1.0}
    freedom = {"p": 9, "o": 2, "x": 18, "e": 60}
    truth = sum(weight * expected[name] for name, weight in weights.items())
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        drawn = {name: expected[name] * rng.chisquare(freedom[name]) / freedom[name] for name in expected}
        low, high = modified_large_sample(weights, drawn, freedom)
        inside += low <= truth <= high
    assert 370 <= inside <= 398


@settings(deadline=None, max_examples=10)
@given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e3))
def test_shares_do_not_depend_on_zero_and_unit(zero: float, unit: float) -> None:
    values = np.array([line.split() for line in AIAG.strip().splitlines()], dtype=float).reshape(10, 3, 3)
    moved = gauge_study(zero + unit * values)
    assert moved.grr_share == pytest.approx(study(AIAG).grr_share, rel=1e-6)
    assert moved.components[0].sigma[0] == pytest.approx(0.199933 * unit, rel=1e-4)


def test_what_is_no_study_is_refused_with_all_faults() -> None:
    with pytest.raises(InputError) as error:
        gauge_study(np.ones((1, 1, 3)))
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="too coarse"):
        gauge_study(np.arange(4.0).reshape(2, 2, 1).repeat(2, axis=2))


def test_parts_that_do_not_differ_leave_nothing_to_tell() -> None:
    values: Floats = np.random.default_rng(0).standard_normal((6, 3, 3))
    told = gauge_study(values - values.mean(axis=(1, 2), keepdims=True))
    assert (told.grr_share, told.distinct) == (1.0, 0)
