"""A dent pressed again or scraped: pits whose grooves are known, shares of 0 and 1."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.strike import Drag
from engrave.strike.aftermath import dragged, moved, pressed_again

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

PIXEL_UM = 2.0
NOSE_UM, PIT_UM = 200.0, 10.0
AXIS_UM = PIXEL_UM * np.arange(-80, 81)
X_UM, Y_UM = np.meshgrid(AXIS_UM, AXIS_UM)


def pit(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """A paraboloid 10 um deep."""
    depth: FloatArray = (np.square(x_um) + np.square(y_um)) / (2 * NOSE_UM) - PIT_UM
    return depth


def groove(*, along_um: FloatArray, across_um: FloatArray, length_um: float, rise_um: float) -> FloatArray:
    """The lowest of all pits on a way that rises evenly: the pit whose slope here is the way's, or an end's."""
    way_um = np.clip(along_um - NOSE_UM * rise_um / length_um, 0.0, length_um)
    return np.minimum(pit(along_um - way_um, across_um) + rise_um * way_um / length_um, 0.0)


@pytest.mark.parametrize("rise_um", [0.0, 4.0, 15.0])
@pytest.mark.parametrize("towards_deg", [0, 45, 90, 135, 180, -90, -135])
def test_a_pit_is_dragged_into_a_groove(towards_deg: int, rise_um: float) -> None:
    towards_rad = math.radians(towards_deg)
    skin = pit(X_UM, Y_UM).astype(np.float32)
    drag = Drag(length_um=60.0, towards_rad=towards_rad, rise_um=rise_um)
    found = dragged(np.minimum(skin, np.float32(0.0)), skin, drag, pixel_um=PIXEL_UM)
    along_um = math.cos(towards_rad) * X_UM + math.sin(towards_rad) * Y_UM
    across_um = math.cos(towards_rad) * Y_UM - math.sin(towards_rad) * X_UM
    expected = groove(along_um=along_um, across_um=across_um, length_um=60.0, rise_um=rise_um)
    # Whole samples: half a step of the way between two pits, and its end by as much.
    assert np.abs(found - expected).max() < 0.35
    assert np.abs(found - expected).mean() < 0.02


def test_a_way_between_the_samples_is_followed_within_a_sample() -> None:
    skin = pit(X_UM, Y_UM).astype(np.float32)
    drag = Drag(length_um=60.0, towards_rad=math.radians(25), rise_um=5.0)
    found = dragged(np.minimum(skin, np.float32(0.0)), skin, drag, pixel_um=PIXEL_UM)
    cosine, sine = math.cos(drag.towards_rad), math.sin(drag.towards_rad)
    along_um, across_um = cosine * X_UM + sine * Y_UM, cosine * Y_UM - sine * X_UM
    expected = groove(along_um=along_um, across_um=across_um, length_um=60.0, rise_um=5.0)
    # The pit's wall slopes by 0.32 at its rim.
    assert np.abs(found - expected).max() < 0.32 * PIXEL_UM


def test_where_no_tip_is_nothing_is_scraped() -> None:
    skin = np.full((9, 9), np.nan, dtype=np.float32)
    metal = np.zeros((9, 9), dtype=np.float32)
    skin[4, 4] = -1.0
    drag = Drag(length_um=2.0, towards_rad=0.0, rise_um=0.0)
    expected = metal.copy()
    expected[4, 5:7] = -1.0
    assert np.array_equal(dragged(metal, skin, drag, pixel_um=1.0), expected)


def test_a_drag_never_raises_metal_and_a_skin_above_it_scrapes_nothing() -> None:
    rng = np.random.default_rng(1)
    metal, skin = rng.normal(size=(2, 40, 40)).astype(np.float32)
    drag = Drag(length_um=10.0, towards_rad=1.0, rise_um=1.0)
    assert np.all(dragged(metal, skin, drag, pixel_um=1.0) <= metal)
    assert np.array_equal(dragged(metal, skin + np.float32(100.0), drag, pixel_um=1.0), metal)


def test_a_drag_longer_than_the_map_leaves_it() -> None:
    skin = pit(X_UM, Y_UM).astype(np.float32)
    drag = Drag(length_um=1000.0, towards_rad=0.0, rise_um=0.0)
    found = dragged(np.zeros_like(skin), skin, drag, pixel_um=PIXEL_UM)
    # The deepest line of the skin lies all along the way, from the second sample on.
    assert found[80, 81:] == pytest.approx(-PIT_UM, abs=1e-4)


@given(rows=st.integers(-12, 12), columns=st.integers(-12, 12))
@settings(max_examples=40, deadline=None)
def test_moved_there_and_back_is_the_same_where_it_stayed_on_the_grid(rows: int, columns: int) -> None:
    heights = np.arange(80, dtype=np.float32).reshape(8, 10)
    there = moved(heights, rows=rows, columns=columns)
    kept = max(8 - abs(rows), 0) * max(10 - abs(columns), 0)
    assert np.count_nonzero(np.isfinite(there)) == kept
    if kept:
        row, column = max(rows, 0), max(columns, 0)
        assert there[row, column] == heights[row - rows, column - columns]
    back = moved(there, rows=-rows, columns=-columns)
    same = np.isfinite(back)
    assert np.count_nonzero(same) == kept
    assert np.array_equal(back[same], heights[same])


def test_pressed_by_a_share_of_nothing_and_of_all() -> None:
    metal = np.array([[0.0, 1.0, 2.0, 3.0]], dtype=np.float32)
    skin = np.array([[1.0, 1.0, -2.0, np.nan]], dtype=np.float32)
    for share, expected in ((0.0, [0.0, 1.0, 2.0, 3.0]), (1.0, [0.0, 1.0, -2.0, 3.0]), (0.25, [0.0, 1.0, 1.0, 3.0])):
        found = pressed_again(metal, skin, np.full_like(metal, share))
        assert found.tolist() == [expected]
