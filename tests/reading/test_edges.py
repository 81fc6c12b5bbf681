"""How wide an edge is, and how much of a land has printed, on lands made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely.geometry import box

from engrave.reading import measure_lands
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
PIXEL_UM = 1.0
LANDS = [box(-300.0 + 150.0 * column, -60.0, -300.0 + 150.0 * column + 30.0, 60.0) for column in range(5)]


def primer(depth: FloatArray) -> HeightMap:
    return HeightMap(z_um=-depth, pixel_um=PIXEL_UM, x0_um=-400.0, y0_um=-400.0, frame="reading")


def pressed(*, wall_um: float, depth_um: float = 20.0) -> FloatArray:
    """Five pits whose walls fall in a straight line, half way down ``wall_um`` / 2 outside the crest."""
    y, x = np.mgrid[:801, :801] * PIXEL_UM - 400.0
    depth: FloatArray = np.zeros_like(x)
    for land in LANDS:
        left, low, right, high = land.bounds
        outside = np.maximum(np.maximum(left - x, x - right), np.maximum(low - y, y - high))
        depth = np.maximum(depth, depth_um * np.clip(1.0 - outside / wall_um, 0.0, 1.0))
    return depth


@pytest.mark.parametrize("wall_um", [4.0, 7.0, 10.0])
def test_an_edge_is_as_wide_as_its_wall_from_a_tenth_to_nine_tenths(wall_um: float) -> None:
    measured = measure_lands(primer(pressed(wall_um=wall_um)), [("", land) for land in LANDS], relief_um=20.0)
    for land in measured:
        # Four fifths of a straight wall, and the squares at its four corners, over an outline of 300 um. The reader
        # works on samples of 2 um: half of one to either side.
        corners_um = 4.0 * 0.8 * wall_um**2 / 300.0
        assert land.edge_width_um == pytest.approx(0.8 * wall_um + corners_um, abs=1.0)
        assert land.depth_um == pytest.approx(20.0, abs=0.25)
        assert land.printed_share == 1.0


def test_a_wider_wall_is_a_wider_edge() -> None:
    widths = [
        measure_lands(primer(pressed(wall_um=wall)), [("", LANDS[2])], relief_um=20.0)[0].edge_width_um
        for wall in (3.0, 5.0, 8.0, 11.0)
    ]
    assert widths == sorted(widths)


def test_of_a_land_that_is_half_lowered_half_has_printed() -> None:
    depth = pressed(wall_um=4.0)
    # The upper halves of all lands are 15 um less deep: above half the relief.
    depth[400:] = np.maximum(depth[400:] - 15.0, 0.0)
    for land in measure_lands(primer(depth), [("", land) for land in LANDS], relief_um=20.0):
        assert land.printed_share == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("depth_um", "share"), [(9.5, 0.0), (10.5, 1.0)])
def test_what_is_deeper_than_half_the_relief_has_printed(depth_um: float, share: float) -> None:
    depth = pressed(wall_um=4.0, depth_um=depth_um)
    for land in measure_lands(primer(depth), [("", land) for land in LANDS], relief_um=20.0):
        assert land.printed_share == pytest.approx(share, abs=0.02)


def test_where_nothing_stands_out_there_is_no_edge() -> None:
    heap = pressed(wall_um=4.0, depth_um=-20.0)
    for depth in (np.zeros((801, 801)), heap):
        for land in measure_lands(primer(depth), [("", land) for land in LANDS], relief_um=20.0):
            assert np.isnan(land.edge_width_um)
            assert land.printed_share == 0.0
