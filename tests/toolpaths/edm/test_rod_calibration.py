"""A rod's gaps and wear from measured slots: cut by a balance of volumes that shares nothing with the fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.proof_rods import Rod, cut, example_coupon, measured
from engrave.base.config import build, parse_toml
from toolpaths.edm.calibration import LEAST_SLOTS, Slots, fit_slots
from toolpaths.edm.coupon import RodCoupon, decay_um, rod_coupon
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Change, TouchOff
from toolpaths.errors import ToolpathError

ROD = Rod(diameter_um=20.0, gap_side_um=6.5, gap_front_um=8.1, wear_ratio=0.034)

MILLING = """
name = "one"
gap_side = "7um"
gap_front = "7um"
wear_ratio = 0.03
compensation = "none"
touch_off_layers = 0
retract = "100um"
removal = "200um3/s"
chord_tolerance = "1um"
calibrated = false
generator = []

[[rods]]
diameter = "20um"
layer = "1um"
stepover = "14um"
feed = "100um/s"
budget = "300um"
"""


@pytest.fixture(name="coupon", scope="module")
def fixture_coupon() -> RodCoupon:
    return example_coupon()


def exact(coupon: RodCoupon, rod: Rod = ROD) -> Slots:
    return measured(coupon, rod, np.random.default_rng(0), noise=0.0)


def test_a_slot_decays_as_e_to_the_length_over_section_by_wear_and_width() -> None:
    """By hand: S / (nu w) = 314.16 / (0.034 x 33) = 280.0 um, so that 280 um leave 1 / e of the depth."""
    begin_um, end_um = cut(ROD, sent_um=3.0, length_um=280.0)
    assert begin_um == pytest.approx(11.1 / (1 + 0.034 * (33 / 20) ** 2), abs=0.003)
    assert end_um / begin_um == pytest.approx(np.exp(-1.0), rel=2e-3)


def test_what_was_planted_is_found_where_nothing_scatters(coupon: RodCoupon) -> None:
    fit = fit_slots(exact(coupon))
    assert fit.gap_side_um.value == pytest.approx(6.5, abs=1e-9)
    assert fit.gap_front_um.value == pytest.approx(8.1, rel=1e-3)
    assert fit.wear_ratio.value == pytest.approx(0.034, rel=1e-3)
    assert fit.width_noise == pytest.approx(0.0, abs=1e-9)
    assert fit.depth_noise < 1e-3


def test_intervals_hold_what_was_planted_about_as_often_as_they_say(coupon: RodCoupon) -> None:
    """`make prove` runs a thousand; of forty coupons 95 % leave 33 at least with a chance above 0.999 (binomial)."""
    inside = np.zeros(3)
    for seed in range(40):
        fit = fit_slots(measured(coupon, ROD, np.random.default_rng(seed), noise=0.03))
        estimates = zip((fit.gap_side_um, fit.gap_front_um, fit.wear_ratio), ROD.figures, strict=True)
        inside += [estimate.low <= value <= estimate.high for estimate, value in estimates]
    assert np.all(inside >= 33)


def test_an_interval_grows_with_the_noise(coupon: RodCoupon) -> None:
    quiet, loud = (fit_slots(measured(coupon, ROD, np.random.default_rng(7), noise=noise)) for noise in (0.01, 0.03))
    assert loud.wear_ratio.half_width == pytest.approx(3 * quiet.wear_ratio.half_width, rel=0.1)
    assert loud.gap_side_um.half_width == pytest.approx(3 * quiet.gap_side_um.half_width, rel=0.1)


def test_what_was_not_measured_is_left_out(coupon: RodCoupon) -> None:
    slots = exact(coupon)
    holes = replace(
        slots,
        width_um=np.where(np.arange(12) < LEAST_SLOTS, slots.width_um, np.nan),
        end_depth_um=np.where(np.arange(12) < LEAST_SLOTS, slots.end_depth_um, np.nan),
    )
    fit = fit_slots(holes)
    assert fit.wear_ratio.value == pytest.approx(0.034, rel=1e-3)
    assert fit.width_freedom == LEAST_SLOTS - 1
    assert fit.depth_freedom == 12 + LEAST_SLOTS - 2
    assert len(fit.names) == len(fit.residuals) == LEAST_SLOTS + 12 + LEAST_SLOTS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width_um": np.full(12, np.nan)}, "0 widths; measure 6"),
        ({"end_depth_um": np.full(12, np.nan)}, "0 slots with both depths"),
        ({"width_um": np.full(12, 20.0)}, "S1: no wider than the rod"),
        ({"start_depth_um": np.full(12, -1.0)}, "S1: depth at the start must be above 0"),
        ({"length_um": np.full(12, 100.0)}, "two lengths at least"),
    ],
)
def test_slots_that_tell_nothing_are_refused(coupon: RodCoupon, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolpathError, match=message):
        fit_slots(replace(exact(coupon), **change))


def test_one_slot_more_than_the_least_is_enough_and_one_fewer_is_not(coupon: RodCoupon) -> None:
    slots = exact(coupon)

    def first(count: int) -> Slots:
        return replace(slots, end_depth_um=np.where(np.arange(12) < count, slots.end_depth_um, np.nan))

    assert fit_slots(first(LEAST_SLOTS)).wear_ratio.value > 0
    with pytest.raises(ToolpathError, match=f"{LEAST_SLOTS - 1} slots with both depths"):
        fit_slots(first(LEAST_SLOTS - 1))


def test_the_coupon_touches_off_before_every_slot_and_beside_all_of_them(coupon: RodCoupon) -> None:
    events = coupon.erosion.events
    assert isinstance(events[0], Change)
    touches = [event for event in events if isinstance(event, TouchOff)]
    assert len(touches) == len(coupon.slots) == len(list(coupon.erosion.eroding()))
    reach_um = 0.5 * (20 + 2 * 7.4)
    for touch in touches:
        for slot in coupon.slots:
            beyond_um = max(slot.x_um - touch.x_um, touch.x_um - slot.x_um - slot.length_um, 0.0)
            assert np.hypot(beyond_um, touch.y_um - slot.y_um) > 2 * reach_um


def test_every_slot_goes_straight_down_and_straight_along(coupon: RodCoupon) -> None:
    for slot, erode in zip(coupon.slots, coupon.erosion.eroding(), strict=True):
        above, begin, end = erode.paths.points
        assert erode.name == slot.name
        assert above[2] > 0
        np.testing.assert_array_equal(above[:2], begin[:2])
        np.testing.assert_allclose(end - begin, [slot.length_um, 0.0, 0.0])
        assert begin[2] == end[2] == -slot.sent_um


def test_lengths_stay_on_the_bench_for_rods_that_hardly_wear() -> None:
    """By hand: S / (nu w) = 314.16 / (0.03 x 34) = 308 um; a quarter to all of twice that, or of what is allowed."""
    milling = build(Milling, parse_toml(MILLING, origin="one"), origin="one")
    assert decay_um(milling, rod=0) == pytest.approx(308.0, abs=0.1)
    assert [slot.length_um for slot in rod_coupon(milling, rod=0).slots[:4]] == [154.0, 308.0, 462.0, 616.0]
    for wear_ratio, lengths_um in ((0.0, [750, 1500, 2250, 3000]), (0.5, [100, 200, 300, 400])):
        other = replace(milling, wear_ratio=wear_ratio)
        assert [slot.length_um for slot in rod_coupon(other, rod=0).slots[4:8]] == lengths_um
