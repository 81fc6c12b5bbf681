"""The measures, on shapes whose answer can be counted by hand."""

import math

import numpy as np
import pytest
import shapely

from fonts.errors import FontError
from fonts.separation import MaskArray, land_fraction, rasterise, turned, uncovered


def block(rows: slice, columns: slice) -> MaskArray:
    mask = np.zeros((20, 20), dtype=np.bool_)
    mask[rows, columns] = True
    return mask


def test_rasterised_rectangle_has_its_samples_where_it_lies() -> None:
    mask = rasterise(shapely.box(1.0, -6.0, 11.0, 4.0), half_width_um=12.5, half_height_um=10.0)
    assert mask.shape == (9, 11)
    # x = 2.5, 5, 7.5, 10 and y = -5, -2.5, 0, 2.5; row 0 is y = -10, column 0 is x = -12.5.
    assert np.argwhere(mask).min(axis=0).tolist() == [2, 6]
    assert np.argwhere(mask).max(axis=0).tolist() == [5, 9]
    assert mask.sum() == 16


def test_skeletons_turn_clockwise_after_they_are_mirrored() -> None:
    # From the origin up, then to the right: up-right becomes right-down, down-left, left-up.
    corner = (np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 2.0]]),)
    for quarter_turns, head, end in (
        (0, (0, 2), (1, 2)),
        (1, (2, 0), (2, -1)),
        (2, (0, -2), (-1, -2)),
        (7, (-2, 0), (-2, 1)),
    ):
        (line,) = turned(corner, quarter_turns)
        assert line.tolist() == [[0.0, 0.0], [*head], [*end]]
    (mirror,) = turned(corner, 0, mirrored=True)
    assert mirror.tolist() == [[0.0, 0.0], [0.0, 2.0], [-1.0, 2.0]]
    (both,) = turned(corner, 1, mirrored=True)
    assert both.tolist() == [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]


def test_a_shifted_copy_is_covered_just_within_the_shift() -> None:
    ink, copy = block(slice(2, 6), slice(3, 9)), block(slice(5, 9), slice(1, 7))  # 3 up, 2 left
    assert uncovered([ink], [copy], most_shift_px=3) == pytest.approx(0.0)
    # With 2 rows of the 3, one row of the four stays outside.
    assert uncovered([ink], [copy], most_shift_px=2) == pytest.approx(0.25)
    # Without a shift: 1 row of 4 and 4 columns of 6 are common.
    assert uncovered([ink], [copy], most_shift_px=0) == pytest.approx(1 - 4 / 24)


def test_the_measure_is_of_one_in_the_other() -> None:
    stem, corner = block(slice(4, 14), slice(5, 7)), block(slice(4, 14), slice(5, 7)) | block(slice(4, 6), slice(5, 15))
    inside = uncovered([stem, corner], [stem, corner], most_shift_px=1)
    assert inside == pytest.approx(np.array([[0.0, 0.0], [16 / 36, 0.0]]))


def test_a_shift_never_wraps_round_the_frame() -> None:
    assert uncovered([block(slice(0, 2), slice(0, 2))], [block(slice(18, 20), slice(18, 20))], most_shift_px=3) == 1.0


def test_masks_that_cannot_be_compared_are_refused() -> None:
    empty = np.zeros((20, 20), dtype=np.bool_)
    with pytest.raises(FontError, match="one shape"):
        uncovered([block(slice(0, 2), slice(0, 2))], [empty[1:]], most_shift_px=1)
    with pytest.raises(FontError, match="hold a sample"):
        uncovered([empty], [empty], most_shift_px=1)


def test_land_on_a_long_stroke_is_the_normal_integral_over_its_width() -> None:
    mask = rasterise(shapely.box(-10.0, -300.0, 10.0, 300.0), half_width_um=300.0, half_height_um=300.0, pixel_um=1.0)
    land = land_fraction(mask, sigma_um=30.0, pixel_um=1.0)
    # 19 samples of 1 um lie inside: a stroke of 19 um. P(|x| < 9.5) for sigma 30 is erf(9.5 / 30 / sqrt 2).
    assert land[300, 300] == pytest.approx(math.erf(9.5 / 30.0 / math.sqrt(2.0)), rel=2e-3)
    assert land.max() == pytest.approx(land[300, 300], rel=1e-6)
