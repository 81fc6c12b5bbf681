"""Centre lines of ink that was made from known ones."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts.errors import FontError
from fonts.medial import centre_lines, stroke_width
from fonts.strokes import FloatArray

Lines = Sequence[Sequence[tuple[float, float]]]

WIDTH = 10.0
LETTERS: dict[str, Lines] = {
    "stem": [[(0, 0), (0, 70)]],
    "L": [[(0, 70), (0, 0), (50, 0)]],
    "T": [[(0, 70), (60, 70)], [(30, 70), (30, 0)]],
    "H": [[(0, 0), (0, 70)], [(50, 0), (50, 70)], [(0, 35), (50, 35)]],
    "X": [[(0, 0), (50, 70)], [(0, 70), (50, 0)]],
    "V": [[(0, 70), (25, 0), (50, 70)]],
    "E": [[(50, 70), (0, 70), (0, 0), (50, 0)], [(0, 35), (40, 35)]],
    "Z": [[(0, 70), (50, 70), (0, 0), (50, 0)]],
    "box": [[(0, 0), (50, 0), (50, 70), (0, 70), (0, 0)]],
    "two": [[(0, 0), (0, 70)], [(40, 0), (40, 70)]],
}


def ink_of(lines: Lines, *, width: float = WIDTH, square: bool = False) -> shapely.MultiPolygon:
    """GEOS's buffer, of round strokes or of square ones."""
    style = {"cap_style": "square", "join_style": "mitre"} if square else {"quad_segs": 16}
    ink = shapely.union_all([shapely.LineString(line).buffer(width / 2, **style) for line in lines])
    return shapely.MultiPolygon(list(shapely.get_parts(ink)))


def apart(found: Sequence[FloatArray], known: Lines) -> float:
    """Greatest distance from either set of lines to the other."""
    one, other = (shapely.MultiLineString([np.asarray(line).tolist() for line in lines]) for lines in (found, known))
    dense = [shapely.segmentize(lines, 0.5) for lines in (one, other)]
    return float(shapely.hausdorff_distance(dense[0], dense[1]))


@pytest.mark.parametrize("name", LETTERS)
def test_round_strokes_give_back_their_centre_lines(name: str) -> None:
    found = centre_lines(ink_of(LETTERS[name]))
    # Corners and meetings come back within a tenth of the width; the axis itself cuts a right angle's by a fifth.
    assert apart(found, LETTERS[name]) < 0.1 * WIDTH
    assert len(found) == len(LETTERS[name])
    again = ink_of([[(x, y) for x, y in line.tolist()] for line in found])
    original = ink_of(LETTERS[name])
    assert again.symmetric_difference(original).area < 0.02 * original.area


@pytest.mark.parametrize(
    "name", sorted(LETTERS.keys() - {"V"})
)  # whose mitred foot reaches 1.5 widths: a stroke of its own
def test_square_ends_and_corners_leave_no_spurs(name: str) -> None:
    found = centre_lines(ink_of(LETTERS[name], square=True))
    # The drawn ink ends half a width beyond the line; a round pen that ends where the line ends reaches as far.
    assert len(found) == len(LETTERS[name])
    assert apart(found, LETTERS[name]) < 0.15 * WIDTH


@pytest.mark.parametrize(("width", "radius"), [(10.0, 30.0), (6.0, 20.0)])
def test_a_ring_gives_back_its_circle_closed(width: float, radius: float) -> None:
    ring = shapely.Point(0, 0).buffer(radius + width / 2, quad_segs=64) - shapely.Point(0, 0).buffer(
        radius - width / 2, quad_segs=64
    )
    (line,) = centre_lines(shapely.MultiPolygon(list(shapely.get_parts(ring))))
    assert line[0].tolist() == line[-1].tolist()
    assert np.hypot(*line.T) == pytest.approx(radius, abs=0.02 * width)
    assert shapely.LineString(line).length == pytest.approx(2 * math.pi * radius, rel=0.01)


def test_a_spot_is_one_point() -> None:
    (line,) = centre_lines(shapely.MultiPolygon([shapely.Point(3, 4).buffer(5, quad_segs=16)]))
    assert line == pytest.approx(np.array([[3.0, 4.0]]), abs=0.05)


def test_no_ink_has_no_centre() -> None:
    with pytest.raises(FontError, match="no ink"):
        centre_lines(shapely.MultiPolygon())


@pytest.mark.parametrize(("long", "wide"), [(100.0, 10.0), (50.0, 8.0), (10.0, 10.0)])
def test_the_width_of_a_bar_is_its_lesser_side(long: float, wide: float) -> None:
    assert stroke_width(shapely.MultiPolygon([shapely.box(0, 0, long, wide)])) == pytest.approx(wide)


@settings(deadline=None, max_examples=25)
@given(
    angle=st.floats(0.0, 2 * math.pi),
    turn=st.floats(-2.2, 2.2),
    legs=st.tuples(st.floats(45.0, 90.0), st.floats(45.0, 90.0)),
)
def test_a_bent_stroke_comes_back_however_it_lies(angle: float, turn: float, legs: tuple[float, float]) -> None:
    middle = (legs[0] * math.cos(angle), legs[0] * math.sin(angle))
    end = (middle[0] + legs[1] * math.cos(angle + turn), middle[1] + legs[1] * math.sin(angle + turn))
    known: Lines = [[(0.0, 0.0), middle, end]]
    found = centre_lines(ink_of(known))
    assert len(found) == 1
    assert apart(found, known) < 0.15 * WIDTH
