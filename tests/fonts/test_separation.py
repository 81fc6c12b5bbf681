"""The measures, on shapes whose answer can be counted by hand."""

import math

import numpy as np
import pytest
import shapely

from fonts.errors import FontError
from fonts.separation import (
    MaskArray,
    distance_um,
    land_fraction,
    rasterise,
    separation,
    separation_of,
    turned,
    uncovered,
)
from fonts.typeface import load_typeface


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


def test_distances_are_those_to_the_nearest_stroke() -> None:
    bar, dot = np.array([[-5.0, 0.0], [5.0, 0.0]]), np.array([[0.0, 10.0]])
    distances = distance_um((bar, dot), half_width_um=7.5, half_height_um=10.0)
    assert distances.shape == (9, 7)
    assert distances[4, 3] == 0.0  # the origin, on the bar
    assert distances[4, 6] == 2.5  # beyond the bar's end
    assert distances[3, 6] == pytest.approx(math.hypot(2.5, 2.5))
    assert distances[6, 3] == 5.0  # half-way between bar and dot
    assert distances[8, 4] == 2.5  # beside the dot


STEM_AND_CORNER = """
name = "two"
licence = "CC0-1.0"
source = "this test"
notes = "a stem, and the same stem with a foot"

[glyphs]
I = { advance = 0.6, strokes = ["0,1 0,0"] }
L = { advance = 0.6, strokes = ["0,1 0,0 0.6,0"] }
"""


def test_a_stem_is_a_subset_of_a_corner_and_not_the_other_way_round() -> None:
    face = load_typeface(STEM_AND_CORNER, origin="two.toml")
    apart = separation(face, "IL", height_um=120.0, stroke_um=20.0)
    assert apart.characters == ("I", "L")
    assert apart.subsets == (("I", "L"),)
    assert apart.worst == ("I", "L")
    assert apart.least == 0.0
    assert apart.equal[0, 1] == 0.0
    # By hand. An em is 100 um, so that the stem is 100 um long and the foot 60 um. Equal strokes of 20 um: all of the
    # foot beyond the stem's ink, a strip of 50 um and the half disc at its end.
    foot, corner = 50 * 20 + 50 * math.pi, 100 * 20 + 50 * 20 + 2 * 50 * math.pi + 50 * math.pi
    assert apart.equal[1, 0] == pytest.approx(foot / corner, abs=0.015)
    # L thinned to a pen of 12, I swollen to one of 30: a shift of 9 um keeps the thin stem in the swollen one and
    # brings the foot as far under it, so that it stands out beyond 15 + 9 um from the thin stem's axis.
    foot, corner = 36 * 12 + 18 * math.pi, 100 * 12 + 54 * 12 + 3 * 18 * math.pi
    assert apart.thin_in_swollen[1, 0] == pytest.approx(foot / corner, abs=0.015)
    assert np.isinf(np.diag(apart.equal)).all()
    assert np.isinf(np.diag(apart.thin_in_swollen)).all()


def test_the_closest_pairs_come_first_and_none_is_a_glyph_with_itself() -> None:
    long, short, bar = (
        (np.array([[-50.0, 0.0], [50.0, 0.0]]),),
        (np.array([[-40.0, 0.0], [40.0, 0.0]]),),
        (np.array([[0.0, -50.0], [0.0, 50.0]]),),
    )
    apart = separation_of([long, short, bar], ("long", "short", "bar"), height_um=120.0, stroke_um=10.0)
    closest = apart.closest(99)
    assert len(closest) == 6
    assert [pair[:2] for pair in closest[:2]] == [("short", "long"), ("long", "short")]
    assert [part for *_, part in closest] == sorted(part for *_, part in closest)
    assert apart.closest(1)[0] == ("short", "long", 0.0)


def test_one_glyph_alone_has_nothing_to_be_apart_from() -> None:
    face = load_typeface(STEM_AND_CORNER, origin="two.toml")
    with pytest.raises(FontError, match="two characters or more"):
        separation(face, "L", height_um=120.0, stroke_um=20.0)
    with pytest.raises(FontError, match="no glyph 'X'"):
        separation(face, "IX", height_um=120.0, stroke_um=20.0)
