"""The parts that every drawing is put together from: dashes along lines, and words that keep to their room."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.report.drawing import MIDDLE, Lines, Words, dashed, fitted
from engrave.report.frame import Extent, framed, rulers, step_for


def _one(dashes: list[float], points: list[tuple[float, float]]) -> list[tuple[float, ...]]:
    begin, end = dashed(np.array(points), np.array([0, len(points)]), dashes)
    return sorted(tuple(map(float, (*one, *other))) for one, other in zip(begin, end, strict=True))


def test_dashes_of_a_straight_line_lie_where_counting_puts_them() -> None:
    assert _one([3.0, 1.0], [(0.0, 0.0), (10.0, 0.0)]) == [(0, 0, 3, 0), (4, 0, 7, 0), (8, 0, 10, 0)]
    assert _one([2.0, 1.0, 1.0, 1.0], [(0.0, 5.0), (0.0, 11.0)]) == [(0, 5, 0, 7), (0, 8, 0, 9), (0, 10, 0, 11)]


def test_a_dash_goes_on_round_a_corner_and_begins_anew_at_another_line() -> None:
    assert _one([4.0, 2.0], [(0.0, 0.0), (3.0, 0.0), (3.0, 5.0)]) == [(0, 0, 3, 0), (3, 0, 3, 1), (3, 3, 3, 5)]
    points, starts = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 1.0], [5.0, 1.0]]), np.array([0, 2, 4])
    begin, end = dashed(points, starts, [4.0, 2.0])
    assert begin.tolist() == [[0, 0], [0, 1]]
    assert end.tolist() == [[4, 0], [4, 1]]


@settings(max_examples=30)
@given(
    corners=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=8, unique=True),
    dash=st.floats(0.5, 20),
    gap=st.floats(0.5, 20),
)
def test_dashes_lie_on_their_line_and_have_their_length(
    corners: list[tuple[float, float]], dash: float, gap: float
) -> None:
    """Shapely's own measure of a line is the judge: whole periods hold a dash each, the rest up to one."""
    line = shapely.LineString(corners)
    begin, end = dashed(np.array(corners), np.array([0, len(corners)]), [dash, gap])
    whole, rest = divmod(line.length, dash + gap)
    assert np.hypot(*(end - begin).T).sum() == pytest.approx(whole * dash + min(rest, dash), abs=1e-6)
    assert shapely.distance(shapely.points((begin + end) / 2), line).max() < 1e-6


def _width_of(text: str, size: float) -> float:
    return size * len(text)


@pytest.mark.parametrize(
    ("text", "room", "shown", "size"),
    [
        ("abcd", 8.0, "abcd", 2.0),
        ("abcd", 6.0, "abcd", 1.5),
        ("abcd", 4.0, "abcd", 1.0),
        ("abcdefgh", 4.0, "abc*", 1.0),
        ("", 4.0, "", 2.0),
        ("a\nb", 8.0, "a b", 2.0),
    ],
)
def test_words_become_smaller_by_half_and_are_cut_then(text: str, room: float, shown: str, size: float) -> None:
    assert fitted(text, size=2.0, room=room, width_of=_width_of, dots="*") == (shown, size)


@pytest.mark.parametrize(("length_um", "step_um"), [(1272.0, 200.0), (1999.0, 200.0), (2001.0, 500.0), (9.0, 1.0)])
def test_a_ruler_has_at_most_ten_figures(length_um: float, step_um: float) -> None:
    assert step_for(length_um, most=10) == step_um


def test_ticks_stand_at_whole_steps_from_the_origin_and_figures_say_so() -> None:
    extent = Extent(left_um=950.0, low_um=-500.0, width_um=1000.0, height_um=1000.0)
    shapes = list(rulers(extent, 20.0, origin_um=(1450.0, 0.0)))
    level = {shape.text: shape.x_um for shape in shapes if isinstance(shape, Words) and shape.anchor == MIDDLE}
    assert level == {f"{figure}": 1450.0 + figure for figure in range(-500, 600, 100)}
    assert "um" in [shape.text for shape in shapes if isinstance(shape, Words)]
    (ticks,) = (shape for shape in shapes if isinstance(shape, Lines))
    ends = ticks.points.reshape(-1, 2, 2)
    below = ends[ends[:, 0, 1] == -500.0]
    assert sorted(below[below[:, 1, 0] == below[:, 0, 0]][:, 0, 0].tolist()) == list(range(950, 1970, 20))
    beside = ends[(ends[:, 0, 0] == 950.0) & (ends[:, 1, 0] < 950.0)]
    assert sorted(beside[:, 0, 1].tolist()) == list(range(-500, 520, 20))


def test_a_drawing_holds_its_picture_and_all_its_words() -> None:
    extent = Extent(left_um=-100.0, low_um=-50.0, width_um=200.0, height_um=100.0)
    drawing = framed((), extent, title="a", notes=("b", "c"), ruled=True)
    assert drawing.left_um < -100.0
    assert drawing.top_um > 50.0
    for shape in drawing.shapes:
        if isinstance(shape, Words):
            assert drawing.low_um < shape.y_um < drawing.top_um - 0.5 * shape.size_um
            assert drawing.left_um <= shape.x_um <= drawing.left_um + drawing.width_um
