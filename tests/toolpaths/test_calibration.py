"""Measured craters to figures: formulas written out here, another solver, and planted figures under noise."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.stats import t

from benchmarks.proof_calibration import FIGURES, Planted, calibrated, example_coupon, measured
from toolpaths.errors import ToolpathError
from toolpaths.laser.calibration import Craters, fit_widths
from toolpaths.laser.calibration_depths import Squares, fit_depths

Floats = NDArray[np.float64]

STEEL = Planted(spot_um=6.0, threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)
NO_SQUARES = Squares(
    names=(),
    pulse_energy_j=np.empty(0),
    passes=np.empty(0),
    pitch_um=np.empty(0),
    hatch_um=np.empty(0),
    depth_um=np.empty(0),
)


def table(
    energies_uj: list[float], pulses: list[int], *, truth: Planted = STEEL, errors: Floats | None = None
) -> Craters:
    """Every energy with every number of pulses, the diameters by Liu's formula."""
    energy = np.repeat(energies_uj, len(pulses)) * 1e-6
    number = np.tile(np.array(pulses, dtype=float), len(energies_uj))
    threshold_j = np.pi * truth.spot_um**2 * 1e-8 / 2 * truth.threshold_j_cm2 * number ** (truth.incubation - 1)
    diameter = truth.spot_um * np.sqrt(2 * np.log(np.maximum(energy / threshold_j, 1)))
    return Craters(
        names=tuple(f"c{index}" for index in range(len(energy))),
        pulse_energy_j=energy,
        pulses=number,
        diameter_um=diameter * (1 if errors is None else 1 + errors),
        depth_um=np.full(len(energy), np.nan),
    )


def test_a_worked_example_by_hand() -> None:
    """w0 = 10 um and 1 J/cm2: one pulse needs pi / 2 uJ, and e times that makes D = w0 sqrt(2) = 14.1421 um."""
    threshold_uj = np.pi / 2
    energies = [threshold_uj * np.exp(power) for power in (0.5, 1.0, 2.0, 4.5)]
    craters = Craters(
        names=tuple("abcdefgh"),
        pulse_energy_j=np.array(energies * 2) * 1e-6,
        # With S = 0.5 and N = e^2 the threshold falls by e: as if the energy were e times as high.
        pulses=np.array([1.0] * 4 + [np.e**2] * 4),
        diameter_um=np.array([10.0, 14.142136, 20.0, 30.0, 17.320508, 20.0, 24.494897, 33.166248]),
        depth_um=np.full(8, np.nan),
    )
    widths = fit_widths(craters)
    assert widths.spot_radius_um.value == pytest.approx(10, rel=1e-6)
    assert widths.threshold_j_cm2.value == pytest.approx(1, rel=1e-6)
    assert widths.incubation.value == pytest.approx(0.5, rel=1e-6)
    assert widths.degrees_of_freedom == 5
    assert fit_depths(craters, NO_SQUARES, widths) is None


@settings(deadline=None, max_examples=40)
@given(
    st.floats(2, 40),
    st.floats(0.02, 5),
    st.floats(0.5, 1.0),
    st.floats(0.002, 0.5),
    st.lists(st.floats(1.2, 30), min_size=4, max_size=9),
)
def test_without_noise_the_planted_figures_come_back(
    spot: float, threshold: float, incubation: float, penetration: float, shares: list[float]
) -> None:
    truth = Planted(spot_um=spot, threshold_j_cm2=threshold, incubation=incubation, penetration_um=penetration)
    single_uj = np.pi / 2 * spot**2 * threshold * 1e-2
    energies = [single_uj * share * 1.3**place for place, share in enumerate(sorted(shares))]
    craters = table(energies, [1, 3, 20], truth=truth)
    craters = replace(craters, depth_um=craters.pulses * penetration * (craters.diameter_um / spot) ** 2 / 2)
    widths = fit_widths(craters)
    found = (widths.spot_radius_um.value, widths.threshold_j_cm2.value, widths.incubation.value)
    assert found == pytest.approx((spot, threshold, incubation), rel=1e-5)
    depths = fit_depths(craters, NO_SQUARES, widths)
    if depths is not None:
        assert depths.penetration_um.value == pytest.approx(penetration, rel=1e-5)


def test_figures_and_intervals_agree_with_another_solver() -> None:
    """``curve_fit`` in D itself, each weighed by its fitted size, in parameters of its own: w0, threshold energy, S."""
    rng = np.random.default_rng(5)
    craters = table([0.08, 0.12, 0.2, 0.35, 0.6, 0.9], [1, 4, 16, 64], errors=0.02 * rng.standard_normal(24))
    craters = replace(craters, diameter_um=np.where(craters.diameter_um > 4, craters.diameter_um, np.nan))
    widths = fit_widths(craters)
    used = craters.diameter_um > 4

    def diameter(x: Floats, spot: float, energy_uj: float, incubation: float) -> Floats:
        return np.asarray(spot * np.sqrt(2 * np.log(x[0] / (energy_uj * x[1] ** (incubation - 1)))))

    x = np.stack([craters.pulse_energy_j[used] * 1e6, craters.pulses[used]])
    found = np.array([6.0, 0.09, 0.81])
    for _ in range(6):
        found, covariance = curve_fit(
            diameter, x, craters.diameter_um[used], p0=found, sigma=diameter(x, *found.tolist()), absolute_sigma=False
        )
    spot, energy_uj, incubation = found.tolist()
    assert widths.spot_radius_um.value == pytest.approx(spot, rel=5e-4)
    assert widths.incubation.value == pytest.approx(incubation, rel=5e-4)
    assert widths.threshold_j_cm2.value == pytest.approx(2 * energy_uj * 1e2 / (np.pi * spot**2), rel=1e-3)
    assert widths.degrees_of_freedom == np.count_nonzero(used) - 3
    reach = t.ppf(0.975, widths.degrees_of_freedom) * np.sqrt(np.diag(covariance))
    assert widths.spot_radius_um.half_width == pytest.approx(reach[0] / spot, rel=0.01)
    assert widths.incubation.half_width == pytest.approx(reach[2] / incubation, rel=0.01)
    # ln Fth = ln E - 2 ln w0 + constant: the variance of the sum by hand.
    by_hand = np.array([-2 / spot, 1 / energy_uj, 0])
    half = t.ppf(0.975, widths.degrees_of_freedom) * np.sqrt(by_hand @ covariance @ by_hand)
    assert widths.threshold_j_cm2.half_width == pytest.approx(half, rel=0.01)


def test_planted_figures_lie_in_their_intervals_as_often_as_promised() -> None:
    """A hundredth of the long proof, whose thousand runs must hold 930 to 970."""
    told = calibrated(10, seed=0)
    assert told["holds"]
    assert set(told["figures"]) == set(FIGURES)
    assert all(0.001 < figure["mean_half_width"] < 0.05 for figure in told["figures"].values())


def test_the_proof_fails_where_intervals_are_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolpaths.laser.calibration.CONFIDENCE", 0.5)
    monkeypatch.setattr("toolpaths.laser.calibration_depths.CONFIDENCE", 0.5)
    assert not calibrated(40, seed=0)["holds"]


def test_depths_of_squares_alone_give_the_penetration() -> None:
    """By hand: 0.6189 J/cm2 over 0.0810 is e^2.0337; pi/4 36 um2 13.5 nm 2.0337^2 on 4 um2 is 0.3947 um a pass."""
    craters = table([0.08, 0.12, 0.2, 0.35, 0.6, 0.9], [1, 4, 16])
    log = np.log(2 * 0.35e-6 / (np.pi * 36e-8) / (0.16 * 36**-0.19))
    a_pass_um = np.pi / 4 * 36 * 0.0135 * log**2 / 4
    assert a_pass_um == pytest.approx(0.3947, abs=1e-4)
    squares = Squares(
        names=("q1", "q2", "q3", "q4"),
        pulse_energy_j=np.full(4, 0.35e-6),
        passes=np.array([5.0, 10, 20, 40]),
        pitch_um=np.full(4, 1.0),
        hatch_um=np.full(4, 4.0),
        depth_um=a_pass_um * np.array([5.0, 10, 20, 40]),
    )
    depths = fit_depths(craters, squares, fit_widths(craters))
    assert depths is not None
    assert depths.penetration_um.value == pytest.approx(0.0135, rel=1e-5)
    few = replace(squares, depth_um=np.array([np.nan, *squares.depth_um[1:]]))
    assert fit_depths(craters, few, fit_widths(craters)) is None


def test_the_doubt_of_spot_and_threshold_goes_into_the_penetration() -> None:
    rng = np.random.default_rng(1)
    craters, squares = measured(example_coupon(), STEEL, rng, noise=0.0)
    craters = replace(craters, depth_um=np.full(len(craters.names), np.nan))
    # Of one energy, so that what the threshold does to them cannot be told from what the penetration does.
    squares = replace(squares, depth_um=np.where(squares.pulse_energy_j > 0.3e-6, squares.depth_um, np.nan))
    rough = replace(craters, diameter_um=craters.diameter_um * (1 + 0.05 * rng.standard_normal(len(craters.names))))
    exact, doubtful = (fit_depths(some, squares, fit_widths(some)) for some in (craters, rough))
    assert exact is not None
    assert doubtful is not None
    assert exact.penetration_um.half_width < 1e-5
    assert doubtful.penetration_um.half_width > 0.005


def test_deep_holes_are_left_out_of_the_penetration() -> None:
    craters, squares = measured(example_coupon(), STEEL, np.random.default_rng(0), noise=0.0)
    saturated = np.minimum(craters.depth_um, 0.9 * craters.diameter_um)
    depths = fit_depths(replace(craters, depth_um=saturated), squares, fit_widths(craters))
    assert depths is not None
    assert depths.penetration_um.value == pytest.approx(0.0135, rel=1e-6)
    assert "G12" in depths.steep
    assert not {"A12", "Q4"} & set(depths.steep)


def test_places_without_a_crater_change_nothing_unless_they_contradict() -> None:
    errors = 0.02 * np.random.default_rng(2).standard_normal(18)
    craters = table([0.05, 0.12, 0.2, 0.35, 0.6, 0.9], [1, 4, 16], errors=errors)
    widths = fit_widths(craters)
    assert widths.unseen == ("c0", "c1", "c2")
    seen = craters.diameter_um > 0
    without = Craters(
        names=tuple(np.array(craters.names)[seen]),
        pulse_energy_j=craters.pulse_energy_j[seen],
        pulses=craters.pulses[seen],
        diameter_um=craters.diameter_um[seen],
        depth_um=craters.depth_um[seen],
    )
    assert fit_widths(without).threshold_j_cm2 == widths.threshold_j_cm2
    assert widths.contradicting == ()
    missed = replace(craters, diameter_um=np.where(np.arange(18) == 12, 0.0, craters.diameter_um))
    assert fit_widths(missed).contradicting == ("c12",)


def test_craters_too_close_to_the_threshold_are_left_out_on_both_sides_of_the_limit() -> None:
    single_uj = np.pi / 2 * 36 * 0.16 * 1e-2
    for log, faint in ((0.099, ("c0",)), (0.101, ())):
        craters = table([single_uj * np.exp(log), 0.2, 0.35, 0.6, 0.9], [1, 4])
        assert fit_widths(craters).faint == faint


def test_a_threshold_that_stops_falling_is_noticed() -> None:
    """Beyond 50 pulses the threshold stays: N^(S - 1) does not hold, and the residuals say so."""
    errors = 0.01 * np.random.default_rng(3).standard_normal(36)
    energies, numbers = [0.12, 0.2, 0.3, 0.45, 0.65, 0.9], [1, 5, 20, 50, 500, 5000]
    assert (fit_widths(table(energies, numbers, errors=errors)).incubation_p or 0) > 0.01
    stopped = replace(table(energies, [min(n, 50) for n in numbers], errors=errors), pulses=np.tile(numbers, 6) * 1.0)
    assert (fit_widths(stopped).incubation_p or 1) < 1e-6


@pytest.mark.parametrize(
    ("energies", "pulses", "reason"),
    [
        ([0.2, 0.4, 0.6], [1, 4], "6 craters can be used"),
        ([0.2, 0.4], [1, 2, 4, 8], "energies are 2"),
        ([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [4], "same number of pulses"),
    ],
)
def test_too_little_is_refused(energies: list[float], pulses: list[int], reason: str) -> None:
    with pytest.raises(ToolpathError, match=reason):
        fit_widths(table(energies, pulses))


def test_just_enough_is_fitted_and_one_less_is_not() -> None:
    craters = table([0.2, 0.4, 0.8], [1, 4, 9])
    eight = replace(craters, diameter_um=np.where(np.arange(9) == 4, np.nan, craters.diameter_um))
    assert fit_widths(eight).degrees_of_freedom == 5
    seven = replace(eight, diameter_um=np.where(np.arange(9) == 0, np.nan, eight.diameter_um))
    with pytest.raises(ToolpathError, match="7 craters"):
        fit_widths(seven)


def test_craters_that_shrink_with_the_energy_are_refused() -> None:
    craters = table([0.2, 0.4, 0.8], [1, 4, 9])
    with pytest.raises(ToolpathError, match="grow with the pulse energy"):
        fit_widths(replace(craters, diameter_um=craters.diameter_um[::-1]))
