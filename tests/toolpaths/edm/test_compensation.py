"""Closed forms of wear against hand calculation, and against a walk in small steps that knows the balance alone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.edm.compensation import (
    alternates,
    combined,
    decay_length_um,
    end_area_um2,
    layer_feed_um,
    linear,
    lowered_um,
    slope,
    uncompensated_depth_um,
    uncompensated_removal_um3,
    uniform,
    worn_um,
)
from toolpaths.errors import ToolpathError

LOST_UM = np.array([0.2, 0.0, 0.1, 0.3])


def test_by_hand() -> None:
    """A rod of 20 um: 314.16 um2. At 4 % and a cut 26 um wide it falls to 1 / e in 302 um."""
    assert end_area_um2(20.0) == pytest.approx(314.159, abs=1e-3)
    assert decay_length_um(wear_ratio=0.04, width_um=26.0, diameter_um=20.0) == pytest.approx(302.08, abs=0.01)
    assert slope(wear_ratio=0.04, width_um=26.0, layer_um=0.5, diameter_um=20.0) == pytest.approx(
        0.5 / 302.08, rel=1e-4
    )
    # 2,950 um of such a cut: 9.77 times the length over which it falls, so 0.5 um of work wears 4.88 um of rod.
    fed_um = layer_feed_um(wear_ratio=0.04, swept_um2=2950 * 26.0, layer_um=0.5, diameter_um=20.0)
    assert fed_um == pytest.approx(0.5 * (1 + 2950 / 302.08), rel=1e-4)
    assert worn_um(np.array(314.159), wear_ratio=0.04, diameter_um=20.0) == pytest.approx(0.04, rel=1e-5)


def test_a_rod_that_does_not_wear_never_falls() -> None:
    assert math.isinf(decay_length_um(wear_ratio=0.0, width_um=26.0, diameter_um=20.0))
    sizes = {"wear_ratio": 0.0, "layer_um": 2.0, "width_um": 26.0, "diameter_um": 20.0}
    assert uncompensated_removal_um3(100.0, **sizes) == 5200.0
    assert np.all(uncompensated_depth_um(np.array([0.0, 1e6]), **sizes) == 2.0)


@given(
    wear=st.floats(0.001, 0.2),
    width_um=st.floats(10.0, 100.0),
    layer_um=st.floats(0.1, 3.0),
    diameter_um=st.floats(10.0, 100.0),
)
def test_without_compensation_depth_and_volume_are_those_of_a_walk(
    wear: float, width_um: float, layer_um: float, diameter_um: float
) -> None:
    end_um2 = math.pi * (diameter_um / 2) ** 2
    path_um, steps = 2 * end_um2 / (wear * width_um), 2000
    depth_um, taken_um3 = layer_um, 0.0
    for _ in range(steps):
        taken = depth_um * width_um * path_um / steps
        taken_um3 += taken
        depth_um -= wear * taken / end_um2
    sizes = {"wear_ratio": wear, "layer_um": layer_um, "width_um": width_um, "diameter_um": diameter_um}
    assert uncompensated_depth_um(np.array([path_um]), **sizes)[0] == pytest.approx(depth_um, rel=0.01)
    assert uncompensated_removal_um3(path_um, **sizes) == pytest.approx(taken_um3, rel=0.01)


def test_uniform_lowers_all_at_once_and_linear_as_it_goes() -> None:
    assert uniform(LOST_UM) == pytest.approx([0.6, 0.6, 0.6, 0.6])
    assert linear(LOST_UM) == pytest.approx([0.2, 0.2, 0.3, 0.6])


def test_the_two_feeds_are_never_added() -> None:
    """Both make up the same loss: at the end of a layer each has lowered the rod by it, and combined by no more."""
    assert np.array_equal(combined(LOST_UM), linear(LOST_UM))
    assert uniform(LOST_UM)[-1] == pytest.approx(combined(LOST_UM)[-1])


@pytest.mark.parametrize(
    ("name", "lowered", "turns"),
    [
        ("none", [0.0, 0.0, 0.0, 0.0], False),
        ("uniform", [0.6, 0.6, 0.6, 0.6], True),
        ("linear", [0.2, 0.2, 0.3, 0.6], False),
        ("combined", [0.2, 0.2, 0.3, 0.6], True),
    ],
)
def test_each_by_its_name(name: str, lowered: list[float], turns: bool) -> None:  # noqa: FBT001 - a column
    assert lowered_um(LOST_UM, name) == pytest.approx(lowered)
    assert alternates(name) is turns


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ToolpathError, match="both"):
        lowered_um(LOST_UM, "both")
