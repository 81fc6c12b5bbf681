"""The tip as it meets the cup: turned, leaning, moved."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.strike import Condition
from engrave.strike.placing import Placed, placed, posed
from engrave.tips import FlatTip, SphericalTip
from toolpaths.surface import HeightMap, centred_grid

FloatArray = NDArray[np.float64]

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=400.0)
FLAT = FlatTip(edge_radius_um=400.0)
PIXEL_UM = 5.0
UPRIGHT = Condition(description="x", dent_um=100.0)


def bumps(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """A floor with one tall hill, smooth, of no symmetry about the axis."""
    hill: FloatArray = 20.0 - 20.0 * np.exp(-(np.square(x_um - 150.0) + np.square(y_um - 60.0)) / 80.0**2)
    return hill


def tip(form: SphericalTip | FlatTip = BALL) -> Placed:
    axis = centred_grid(half_width_um=form.edge_radius_um, pixel_um=PIXEL_UM)
    x_um, y_um = np.meshgrid(axis, axis)
    cut = HeightMap(
        z_um=form.height_um(x_um, y_um) - bumps(x_um, y_um),
        pixel_um=PIXEL_UM,
        x0_um=float(axis[0]),
        y0_um=float(axis[0]),
        frame="pin",
    )
    return placed(cut, form)


def coordinates(of: Placed) -> tuple[FloatArray, FloatArray]:
    x_um, y_um = np.meshgrid(of.x_um(), of.y_um())
    return x_um, y_um


def test_a_tip_is_its_form_and_what_was_cut() -> None:
    found = tip()
    x_um, y_um = coordinates(found)
    inside = np.isfinite(found.form_um)
    assert np.array_equal(inside, np.hypot(x_um, y_um) <= 400.001)
    assert np.abs(found.depth_um - bumps(x_um, y_um))[inside].max() < 1e-4
    assert np.all(found.depth_um[~inside] == 0)
    assert np.array_equal(found.form_map().z_um, found.form_um, equal_nan=True)


def test_what_stands_above_the_tips_own_surface_is_not_there() -> None:
    axis = centred_grid(half_width_um=100.0, pixel_um=PIXEL_UM)
    raised = HeightMap(
        z_um=np.full((axis.size, axis.size), 3.0), pixel_um=PIXEL_UM, x0_um=-100.0, y0_um=-100.0, frame="pin"
    )
    assert np.all(placed(raised, FLAT).depth_um == 0)


def test_an_upright_tip_in_the_middle_stays_as_it_is() -> None:
    found, before = posed(tip(), BALL, UPRIGHT), tip()
    assert np.array_equal(found.form_um, before.form_um, equal_nan=True)
    assert np.array_equal(found.depth_um, before.depth_um)


def test_an_offset_moves_the_coordinates_and_nothing_else() -> None:
    before = tip()
    found = posed(before, BALL, replace(UPRIGHT, offset_x_um=150.0, offset_y_um=-90.5))
    assert np.array_equal(found.depth_um, before.depth_um)
    assert np.array_equal(found.form_um, before.form_um, equal_nan=True)
    assert (found.x0_um - before.x0_um, found.y0_um - before.y0_um) == (150.0, -90.5)


@pytest.mark.parametrize("quarters", [-2, -1, 1, 2, 3])
def test_quarter_turns_are_exact(quarters: int) -> None:
    before = tip()
    found = posed(before, BALL, replace(UPRIGHT, turn_rad=quarters * math.pi / 2))
    # Rows run upwards, so that counter-clockwise here is clockwise for an array.
    assert np.abs(found.depth_um - np.rot90(before.depth_um, -quarters)).max() < 1e-3
    assert np.array_equal(np.isfinite(found.form_um), np.isfinite(before.form_um))


@pytest.mark.parametrize("turn_deg", [1.0, 30.0, -77.0])
def test_a_turn_carries_each_place_counter_clockwise(turn_deg: float) -> None:
    turn_rad = math.radians(turn_deg)
    found = posed(tip(), BALL, replace(UPRIGHT, turn_rad=turn_rad))
    x_um, y_um = coordinates(found)
    # What was at (150, 60) is at that place turned.
    at_x = 150.0 * math.cos(turn_rad) - 60.0 * math.sin(turn_rad)
    at_y = 150.0 * math.sin(turn_rad) + 60.0 * math.cos(turn_rad)
    expected = 20.0 - 20.0 * np.exp(-(np.square(x_um - at_x) + np.square(y_um - at_y)) / 80.0**2)
    inside = np.hypot(x_um, y_um) < 390.0
    # Linear between samples: an eighth of the curvature, 2 x 20 / 80^2, times the samples' distance squared, twice.
    assert np.abs(found.depth_um - expected)[inside].max() < 2 * 40 / 80**2 * PIXEL_UM**2 / 8


@given(tilt_deg=st.floats(0.0, 10.0), towards_rad=st.floats(-math.pi, math.pi))
@settings(max_examples=25, deadline=None)
def test_a_lean_is_a_plane_through_the_apex_deeper_on_its_side(tilt_deg: float, towards_rad: float) -> None:
    before = tip(FLAT)
    tilt_rad = math.radians(tilt_deg)
    found = posed(before, FLAT, replace(UPRIGHT, tilt_rad=tilt_rad, tilt_towards_rad=towards_rad))
    assert np.array_equal(found.depth_um, before.depth_um)
    x_um, y_um = coordinates(found)
    inside = np.isfinite(found.form_um)
    along_um = (math.cos(towards_rad) * x_um + math.sin(towards_rad) * y_um)[inside]
    assert np.abs(found.form_um[inside] - math.tan(tilt_rad) * along_um).max() < 1e-4


def test_a_lean_as_a_plane_is_the_turned_sphere_to_its_cosine() -> None:
    found = posed(tip(), BALL, replace(UPRIGHT, tilt_rad=math.radians(2.0)))
    x_um, y_um = coordinates(found)
    inside = np.isfinite(found.form_um)
    # A sphere of the same radius whose centre has moved by R sin, up to a height that no dent depends on.
    moved = np.sqrt(1000.0**2 - np.square(x_um - 1000.0 * math.sin(math.radians(2.0))) - np.square(y_um))
    off_um = (found.form_um - moved)[inside]
    near = np.hypot(x_um, y_um)[inside] < 200.0
    assert np.ptp(off_um[near]) < 0.5
