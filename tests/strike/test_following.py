"""What metal can follow, against parabolas by hand, SciPy's opening, and what an opening is."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from engrave.base.errors import InputError
from engrave.strike.following import followed

FloatArray = NDArray[np.float64]

# The parabola falls by shift^2 / 4 um: (2 um * shift)^2 / (2 * 8 um).
RADIUS_UM, PIXEL_UM = 8.0, 2.0


def rounded(surface_um: FloatArray, *, most_um: float = 30.0) -> FloatArray:
    found = followed(surface_um, radius_um=RADIUS_UM, pixel_um=PIXEL_UM, most_um=most_um)
    assert found.dtype == np.float32
    return found.astype(np.float64)


def random_map(seed: int, shape: tuple[int, int] = (19, 24)) -> FloatArray:
    return np.random.default_rng(seed).uniform(0.0, 12.0, shape)


def ridge(height_um: float, *, half: int, samples: int = 41) -> tuple[FloatArray, FloatArray]:
    """Shifts from the middle, and metal that stands in a slot of 2 half + 1 samples, its walls at half + 1."""
    shift = np.abs(np.arange(samples, dtype=np.float64) - samples // 2)
    return shift, np.where(shift <= half, height_um, 0.0)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("half", [0, 1, 2, 5])
def test_in_a_narrow_slot_metal_stops_under_a_parabola(half: int, axis: int) -> None:
    # Walls at a = half + 1: the parabola through both feet has its top at w^2 / (8 R) with w = 2 a, and no other that
    # fits between them reaches above it: (a - c)^2 - (x - c)^2 = a^2 - x^2 - 2 c (a - x) is greatest for c = 0.
    shift, section = ridge(25.0, half=half)
    expected = np.maximum((half + 1) ** 2 - shift**2, 0.0) / 4.0
    assert expected.max() == (2 * (half + 1) * PIXEL_UM) ** 2 / (8 * RADIUS_UM)
    surface = np.broadcast_to(section, (30, section.size))
    found = rounded(surface if axis == 1 else surface.T)
    assert (found if axis == 1 else found.T) == pytest.approx(np.broadcast_to(expected, surface.shape), abs=1e-5)


@pytest.mark.parametrize(("half", "flat"), [(3, 0), (4, 1), (9, 6)])
def test_in_a_wide_slot_metal_fills_all_but_the_corners(half: int, flat: int) -> None:
    # 4 um of fall are 4 samples: from the walls at half + 1 to the last sample of the flat top.
    shift, section = ridge(4.0, half=half)
    expected = np.clip(4.0 - np.maximum(shift - flat, 0.0) ** 2 / 4.0, 0.0, None)
    found = rounded(np.broadcast_to(section, (30, section.size)), most_um=4.0)
    assert found == pytest.approx(np.broadcast_to(expected, found.shape), abs=1e-5)
    assert np.count_nonzero(found[0] == 4.0) == 2 * flat + 1


def test_in_a_round_pit_metal_stops_under_a_paraboloid() -> None:
    axis = np.arange(-40.0, 41.0) * 0.5
    radius_um = np.hypot(*np.meshgrid(axis, axis))
    found = followed(np.where(radius_um < 12.0, 50.0, 0.0), radius_um=10.0, pixel_um=0.5, most_um=50.0)
    expected = np.maximum(12.0**2 - radius_um**2, 0.0) / 20.0
    # The wall is a staircase of 0.5 um, and the paraboloid falls by 1.2 um in a um there.
    assert found == pytest.approx(expected, abs=0.6)
    assert found[40, 40] == pytest.approx(7.2, abs=1e-5)


def test_what_bends_gently_and_what_stands_out_downwards_stays() -> None:
    x_um, y_um = np.meshgrid(*(np.arange(-20.0, 21.0) * PIXEL_UM,) * 2)
    for gentle in (-(x_um**2 + y_um**2) / (2 * RADIUS_UM), (x_um**2 + y_um**2) / 10.0, 0.7 * x_um - 0.2 * y_um):
        assert rounded(gentle)[12:-12, 12:-12] == pytest.approx(gentle[12:-12, 12:-12], abs=1e-4)
    # A bowl and a plane as far as the edge: beyond it nothing holds the metal down.
    assert rounded(0.7 * x_um - 0.2 * y_um) == pytest.approx(0.7 * x_um - 0.2 * y_um, abs=1e-4)
    # A groove that a raised stroke has pressed in is printed whole.
    groove = np.where(np.abs(x_um) < 3.0, -20.0, 0.0)
    assert rounded(groove)[:, 20] == pytest.approx(-20.0)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), most_um=st.floats(0.3, 40.0))
def test_it_is_scipys_opening(seed: int, most_um: float) -> None:
    surface = random_map(seed)
    reach = math.floor(math.sqrt(2 * RADIUS_UM * most_um) / PIXEL_UM)
    fall = np.arange(-reach, reach + 1) ** 2 / 4.0
    # Beyond the edge, far above everything, for paraboloids with their tops out there.
    room = 2 * reach + 1
    spacious = np.pad(surface, room, constant_values=1e6)
    # Its stubs know whole numbers only here.
    structure: Any = -(fall[:, np.newaxis] + fall[np.newaxis, :])
    opened = grey_opening(spacious, structure=structure)
    expected = opened[room:-room, room:-room]
    assert rounded(surface, most_um=most_um) == pytest.approx(expected, abs=1e-5)


def test_a_farther_reach_than_the_highest_step_changes_nothing() -> None:
    surface = random_map(1)
    step_um = float(surface.max() - surface.min())
    found = rounded(surface, most_um=step_um)
    assert rounded(surface, most_um=4.0 * step_um) == pytest.approx(found, abs=1e-5)
    # A nearer one does.
    assert np.abs(rounded(surface, most_um=0.1 * step_um) - found).max() > 1.0


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), gaps=st.booleans())
def test_it_is_an_opening(seed: int, *, gaps: bool) -> None:
    surface = random_map(seed)
    if gaps:
        surface[np.random.default_rng(seed + 1).random(surface.shape) < 0.3] = np.nan
    there = np.isfinite(surface)
    found = rounded(surface)
    assert np.array_equal(np.isfinite(found), there)
    assert np.all(found[there] <= surface.astype(np.float32)[there])
    assert rounded(found)[there] == pytest.approx(found[there], abs=1e-5)
    # Higher metal stays higher.
    higher = rounded(surface + random_map(seed + 2) / 4.0)
    assert np.all(higher[there] >= found[there] - 1e-5)
    assert rounded(surface + 3.0)[there] == pytest.approx(found[there] + 3.0, abs=1e-5)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), down=st.integers(0, 40), right=st.integers(0, 40))
def test_empty_surroundings_change_nothing(seed: int, down: int, right: int) -> None:
    surface = random_map(seed)
    moved = np.pad(surface, ((down, 40 - down), (right, 40 - right)), constant_values=np.nan)
    rows, columns = surface.shape
    assert np.array_equal(rounded(moved)[down : down + rows, right : right + columns], rounded(surface))


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_mirrored_and_turned_it_is_the_same(seed: int) -> None:
    surface = random_map(seed)
    found = rounded(surface)
    assert np.array_equal(rounded(np.fliplr(surface)), np.fliplr(found))
    assert np.array_equal(rounded(np.flipud(surface)), np.flipud(found))
    assert rounded(surface.T) == pytest.approx(found.T, abs=1e-5)


def test_bands_leave_no_seam() -> None:
    # Wide enough for several bands of rows: every row and every column the same ridge.
    shift, section = ridge(25.0, half=2, samples=2001)
    expected = np.maximum(9.0 - shift**2, 0.0) / 4.0
    assert rounded(np.broadcast_to(section, (100, 2001))) == pytest.approx(
        np.broadcast_to(expected, (100, 2001)), abs=1e-5
    )
    assert rounded(np.broadcast_to(section, (100, 2001)).T) == pytest.approx(
        np.broadcast_to(expected, (100, 2001)).T, abs=1e-5
    )


def test_what_lies_within_a_pixel_is_left_alone_and_nothing_stays_nothing() -> None:
    surface = random_map(4)
    # 2 um of reach are one sample; a little less are none.
    assert np.array_equal(rounded(surface, most_um=0.2499), surface.astype(np.float32))
    assert not np.array_equal(rounded(surface, most_um=0.2501), surface.astype(np.float32))
    assert np.isnan(rounded(np.full((5, 6), np.nan))).all()
    assert surface.dtype == np.float64


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_wrong_figures_are_all_named(wrong: float) -> None:
    with pytest.raises(InputError) as caught:
        followed(np.zeros((4, 4)), radius_um=wrong, pixel_um=wrong, most_um=wrong)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["radius", "pixel", "most"]
