"""What use makes of a tip: worn, fouled, chipped."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.strike import Chips, Fouling, Wear
from engrave.strike.wear import chipped, fouled, worn, worn_depth_um

SingleArray = NDArray[np.float32]

PIXEL_UM = 4.0
RELIEF_UM = 25.0
# The hardness that an ordinary cup shows, about.
PRESSURE_PA = 0.81e9
TOOL_STEEL = Wear(rounds=1, coefficient=1.3e-4, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)
CHIPS = Chips(count=1, radius_um=40.0, within_um=100.0)
AXIS_UM = PIXEL_UM * np.arange(-100, 101)


def stripes() -> SingleArray:
    """Lands of 15 samples between floors of 25."""
    lands = np.arange(201) % 40 < 15
    return np.broadcast_to(np.where(lands, 0.0, RELIEF_UM), (201, 201)).astype(np.float32)


def after(wear: Wear, depth_um: SingleArray | None = None) -> SingleArray:
    tip_um = stripes() if depth_um is None else depth_um
    return worn(tip_um, wear, pressure_pa=PRESSURE_PA, relief_um=RELIEF_UM, pixel_um=PIXEL_UM)


@pytest.mark.parametrize(
    ("slip_um", "drag_um", "nanometres"), [(14.0, 50.0, 0.32), (14.0, 0.0, 0.07), (0.0, 50.0, 0.25)]
)
def test_archards_law_by_hand(slip_um: float, drag_um: float, nanometres: float) -> None:
    wear = replace(TOOL_STEEL, slip_um=slip_um, drag_um=drag_um)
    assert worn_depth_um(wear, pressure_pa=PRESSURE_PA) * 1000 == pytest.approx(nanometres, abs=0.005)
    many = replace(wear, rounds=2500, coefficient=1.3e-3)
    assert worn_depth_um(many, pressure_pa=PRESSURE_PA) == pytest.approx(25 * nanometres, rel=0.05)


@pytest.mark.parametrize(
    "wear",
    [
        replace(TOOL_STEEL, rounds=0),
        replace(TOOL_STEEL, rounds=10**6, coefficient=0.0),
        replace(TOOL_STEEL, rounds=10**6, slip_um=0.0, drag_um=0.0),
    ],
)
def test_no_rounds_no_wear(wear: Wear) -> None:
    assert np.array_equal(after(wear), stripes())


def test_lands_lose_archards_depth_and_their_edges_more() -> None:
    # 0.3209 nm a shot: 6.42 um after 20,000.
    found = after(replace(TOOL_STEEL, rounds=20_000))[100]
    land = slice(80, 95)
    assert found[land][7] == pytest.approx(6.42, abs=0.01)
    assert found[land][0] > found[land][1] > found[land][7] + 0.1
    assert found[land] == pytest.approx(found[land][::-1], abs=1e-4)
    assert found[95:120] == pytest.approx(RELIEF_UM, abs=1e-4)


def test_without_rounding_a_land_stays_flat() -> None:
    found = after(replace(TOOL_STEEL, rounds=20_000, rounding=0.0))[100, 80:95]
    assert found == pytest.approx(6.42, abs=0.01)


@given(rounds=st.integers(0, 10**9), further=st.integers(0, 10**6), rounding=st.floats(0.0, 3.0))
@settings(max_examples=30, deadline=None)
def test_lands_never_wear_below_their_floors_and_never_grow(rounds: int, further: int, rounding: float) -> None:
    less, more = (after(replace(TOOL_STEEL, rounds=number, rounding=rounding)) for number in (rounds, rounds + further))
    assert np.all(less >= stripes())
    assert less.max() <= RELIEF_UM + 1e-4
    assert np.all(more >= less - 1e-4)


def test_a_tip_without_relief_has_none_to_lose() -> None:
    blank = np.zeros((9, 9), dtype=np.float32)
    wear = replace(TOOL_STEEL, rounds=10**6)
    assert np.array_equal(worn(blank, wear, pressure_pa=PRESSURE_PA, relief_um=0.0, pixel_um=PIXEL_UM), blank)


def test_residue_fills_floors_by_its_mean_depth_and_never_lies_above_the_tip() -> None:
    fouling = Fouling(depth_um=5.0, correlation_um=20.0)
    before = stripes()
    found = fouled(before, fouling, pixel_um=PIXEL_UM, rng=np.random.default_rng(1))
    assert np.all((found >= 0) & (found <= before))
    assert np.all(found[before == 0] == 0)
    # A normal number of mean 5 and deviation 2.5, but never negative: 5 (0.97725 + 0.05399 / 2).
    assert (before - found)[before > 0].mean() == pytest.approx(5 * 1.00425, abs=0.15)


@given(depth_um=st.floats(0.1, 200.0), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_any_residue_keeps_within_the_floors(depth_um: float, seed: int) -> None:
    before = stripes()[:60, :60]
    fouling = Fouling(depth_um=depth_um, correlation_um=30.0)
    found = fouled(before, fouling, pixel_um=PIXEL_UM, rng=np.random.default_rng(seed))
    assert np.all((found >= 0) & (found <= before))


def broken(chips: Chips, *, seed: int = 1) -> SingleArray:
    return chipped(stripes(), chips, x_um=AXIS_UM, y_um=AXIS_UM, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_chip_is_a_disc_of_land_broken_out_to_the_floor(seed: int) -> None:
    lost = broken(CHIPS, seed=seed) > stripes()
    assert np.all(broken(CHIPS, seed=seed)[lost] == RELIEF_UM)
    rows, columns = np.nonzero(lost)
    assert rows.size > 0
    # Within 100 um about the axis, and half to one and a half of 40 um in radius.
    assert np.hypot(AXIS_UM[columns], AXIS_UM[rows]).max() < 160.0
    assert np.ptp(AXIS_UM[rows]) <= 120.0


def test_chips_take_land_only_and_as_much_as_their_discs() -> None:
    land = np.zeros((501, 501), dtype=np.float32)
    # A floor far away says how deep.
    land[0, 0] = RELIEF_UM
    axis_um = np.arange(-250.0, 251.0)
    areas = []
    for seed in range(40):
        found = chipped(
            land, replace(CHIPS, radius_um=30.0), x_um=axis_um, y_um=axis_um, rng=np.random.default_rng(seed)
        )
        areas.append(np.count_nonzero(found[1:]))
    # The mean of (1/2 + u)^2 over u from 0 to 1 is 13/12; of its fourth power 121/80, which makes its deviation 0.58.
    assert np.mean(areas) == pytest.approx(math.pi * 30.0**2 * 13 / 12, rel=3 * 0.58 * 12 / 13 / math.sqrt(40))
    assert math.pi * 14.0**2 < min(areas) < max(areas) < math.pi * 46.0**2


def test_chips_beyond_the_grid_are_not_there() -> None:
    far = replace(CHIPS, count=50, within_um=10_000.0)
    assert np.all(broken(far) >= stripes())
