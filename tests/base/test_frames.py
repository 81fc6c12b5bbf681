"""The one mirror."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from engrave.base.frames import mirrored_map, mirrored_xy
from toolpaths.surface import HeightMap

FINITE = st.floats(min_value=-1e4, max_value=1e4)


def test_points_change_sides_and_keep_their_height() -> None:
    assert mirrored_xy(np.array([[3.0, 4.0], [-1.0, -2.0]])).tolist() == [[-3.0, 4.0], [1.0, -2.0]]


@given(points=hnp.arrays(np.float64, (5, 2), elements=FINITE))
def test_points_mirrored_twice_are_themselves(points: NDArray[np.float64]) -> None:
    assert np.array_equal(mirrored_xy(mirrored_xy(points)), points)


def test_a_map_by_hand() -> None:
    # Columns at x = 1, 3, 5: mirrored they stand at -5, -3, -1, in the other order.
    pin = HeightMap(
        z_um=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]]), pixel_um=2.0, x0_um=1.0, y0_um=7.0, frame="pin"
    )
    reading = mirrored_map(pin)
    assert reading.frame == "reading"
    assert reading.x_um().tolist() == [-5.0, -3.0, -1.0]
    assert reading.y_um().tolist() == [7.0, 9.0]
    assert np.array_equal(reading.z_um, [[3.0, 2.0, 1.0], [np.nan, 5.0, 4.0]], equal_nan=True)
    assert reading.provenance == ("mirrored",)


@given(
    heights=hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=FINITE),
    x0_um=st.integers(-500, 500),
    frame=st.sampled_from(["pin", "reading"]),
)
def test_a_map_mirrored_twice_is_itself(heights: NDArray[np.float64], x0_um: int, frame: str) -> None:
    first = HeightMap(z_um=heights, pixel_um=1.5, x0_um=float(x0_um), y0_um=-3.0, frame=frame)
    again = mirrored_map(mirrored_map(first))
    assert np.array_equal(again.z_um, heights)
    assert (again.x0_um, again.y0_um, again.pixel_um, again.frame) == (float(x0_um), -3.0, 1.5, frame)


def test_the_height_at_a_point_is_found_at_its_mirror_image() -> None:
    axis = np.arange(-4.0, 7.0, 0.5)
    x_um, y_um = np.meshgrid(axis, axis)
    pin = HeightMap(z_um=10 * x_um + y_um, pixel_um=0.5, x0_um=-4.0, y0_um=-4.0, frame="pin")
    reading = mirrored_map(pin)
    x_um, y_um = np.meshgrid(reading.x_um(), reading.y_um())
    assert reading.z_um == pytest.approx(-10 * x_um + y_um)
