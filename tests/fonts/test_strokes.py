"""Skeletons and ink against plane geometry done by hand."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts.errors import FontError
from fonts.pathtext import parse_stroke
from fonts.strokes import CHORD_TOLERANCE_UM, Arc, Line, Stroke, ink
from fonts.typeface import Glyph


def stroke(text: str, *, advance: float = 1.0) -> Stroke:
    parsed, faults = parse_stroke(text, advance=advance)
    assert parsed is not None, faults
    return parsed


def glyph(*texts: str, advance: float = 1.0) -> Glyph:
    return Glyph(character="x", advance=advance, strokes=tuple(stroke(text, advance=advance) for text in texts))


def test_rounded_square_corner_is_line_quarter_circle_line() -> None:
    first, arc, last = stroke("0,0 0,1~0.25 1,1").pieces()
    assert isinstance(first, Line)
    assert isinstance(arc, Arc)
    assert isinstance(last, Line)
    assert (first.start, first.end) == ((0.0, 0.0), (0.0, 0.75))
    assert arc.centre == pytest.approx((0.25, 0.75))
    assert arc.radius == 0.25
    assert arc.start_rad == pytest.approx(math.pi)
    assert arc.sweep_rad == pytest.approx(-math.pi / 2)  # clockwise: up, then right
    assert last.start == pytest.approx((0.25, 1.0))
    assert last.end == (1.0, 1.0)


def test_rounded_corner_of_60_degrees_touches_where_trigonometry_says() -> None:
    # Legs of an equilateral triangle: the turn is 120 degrees, the tangent length r tan 60.
    first, arc, _ = stroke(f"0,0 0.5,{math.sqrt(0.75)}~0.1 1,0").pieces()
    assert isinstance(first, Line)
    assert isinstance(arc, Arc)
    assert math.dist(first.end, (0.5, math.sqrt(0.75))) == pytest.approx(0.1 * math.sqrt(3))
    assert arc.centre == pytest.approx((0.5, math.sqrt(0.75) - 0.2))  # on the bisector, r / sin 30 below the corner
    assert arc.sweep_rad == pytest.approx(-2 * math.pi / 3)


def test_arcs_that_share_a_leg_meet_without_a_line() -> None:
    pieces = stroke("0,0 0,1~0.5 1,1~0.5 1,0").pieces()
    assert [type(piece) for piece in pieces] == [Line, Arc, Arc, Line]


@settings(deadline=None, max_examples=60)
@given(
    radius=st.floats(0.01, 0.3),
    x=st.floats(0.0, 1.0),
    y=st.floats(0.0, 1.0),
    scale_um=st.floats(20.0, 1000.0),
)
def test_flattened_arc_stays_within_tolerance_of_the_circle(radius: float, x: float, y: float, scale_um: float) -> None:
    text = f"0,0.5 {0.5:.6f},{0.5:.6f}~{radius:.6f} {x:.6f},{y:.6f}"
    parsed, _ = parse_stroke(text, advance=1.0)
    arcs = [piece for piece in parsed.pieces() if isinstance(piece, Arc)] if parsed is not None else []
    if parsed is None or not arcs:
        return
    (arc,) = arcs
    line = parsed.polyline(scale_um=scale_um)[1:-1]  # without the outer ends of the two legs
    centre = np.array(arc.centre) * scale_um
    middles = (line[1:] + line[:-1]) / 2
    assert np.hypot(*(line - centre).T) == pytest.approx(arc.radius * scale_um, abs=1e-6)
    sagitta = arc.radius * scale_um - np.hypot(*(middles - centre).T)
    assert sagitta.max() <= CHORD_TOLERANCE_UM * (1 + 1e-6)


def test_arc_keeps_its_extreme_points() -> None:
    # A full ring of radius 1/2: its four extremes must survive the flattening whatever the chords are.
    line = stroke("0.5,0 1,0~0.5 1,1~0.5 0,1~0.5 0,0~0.5 0.5,0").polyline(scale_um=137.0)
    assert line.min(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert line.max(axis=0) == pytest.approx([137.0, 137.0], abs=1e-9)
    assert np.hypot(*np.diff(line, axis=0).T).sum() == pytest.approx(math.pi * 137.0, rel=1e-3)


@pytest.mark.parametrize("scale_um", [61.0, 137.0, 155.0])
def test_arc_that_passes_over_its_top_keeps_it(scale_um: float) -> None:
    skew = stroke("0.1,0 0.6,1~0.2 1,0.4")
    (arc,) = (piece for piece in skew.pieces() if isinstance(piece, Arc))
    top = (arc.centre[0] * scale_um, (arc.centre[1] + arc.radius) * scale_um)
    line = skew.polyline(scale_um=scale_um)
    assert line[line[:, 1].argmax()] == pytest.approx(top, abs=1e-9)


@pytest.mark.parametrize(("height_um", "stroke_um"), [(175.0, 20.0), (150.0, 12.0), (200.0, 33.3), (100.0, 99.0)])
@pytest.mark.parametrize("text", ["0.5,0 0.5,1", "0,0.5 1,0.5", "0,0 1,1", "0,0 0.37,0.81"])
def test_straight_stroke_covers_a_stadium(text: str, height_um: float, stroke_um: float) -> None:
    outline = glyph(text).outline(height_um=height_um, stroke_um=stroke_um)
    start, end = (np.array([float(part) for part in word.split(",")]) for word in text.split())
    length_um = math.dist(start, end) * (height_um - stroke_um)
    area = stroke_um * length_um + math.pi * stroke_um**2 / 4
    perimeter = 2 * length_um + math.pi * stroke_um
    assert area - CHORD_TOLERANCE_UM * perimeter <= outline.area <= area * (1 + 1e-12)


def test_ring_covers_an_annulus() -> None:
    outline = glyph("0.5,0 1,0~0.5 1,1~0.5 0,1~0.5 0,0~0.5 0.5,0").outline(height_um=175.0, stroke_um=20.0)
    (polygon,) = outline.geoms
    (hole,) = polygon.interiors
    # Radii 87.5 and 67.5 um; skeleton and pen are each short by at most the tolerance.
    assert outline.area == pytest.approx(math.pi * (87.5**2 - 67.5**2), abs=2 * math.pi * 155 * 2 * CHORD_TOLERANCE_UM)
    assert polygon.exterior.is_ccw
    assert not hole.is_ccw
    radii = np.hypot(*shapely.get_coordinates(polygon.exterior).T)
    assert radii.max() == pytest.approx(87.5, abs=1e-9)
    assert radii.min() >= 87.5 - 2 * CHORD_TOLERANCE_UM


def test_crossing_strokes_count_their_overlap_once() -> None:
    outline = glyph("0.5,0 0.5,1", "0,0.5 1,0.5").outline(height_um=175.0, stroke_um=20.0)
    assert len(outline.geoms) == 1
    assert outline.area == pytest.approx(2 * (20 * 155 + math.pi * 100) - 400, abs=CHORD_TOLERANCE_UM * 2 * 373)


@settings(deadline=None, max_examples=40)
@given(
    points=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=6),
    stroke_um=st.floats(5.0, 60.0),
)
def test_ink_is_all_within_half_a_stroke_of_the_skeleton(points: list[tuple[int, int]], stroke_um: float) -> None:
    line = np.array(points, dtype=np.float64) * 8.0
    if np.any(np.all(np.diff(line, axis=0) == 0.0, axis=1)):
        return
    outline = ink((line,), stroke_um=stroke_um)
    assert outline.is_valid
    # GEOS's own buffer, an algorithm of its own, with 64 chords a quarter, as the judge.
    judge = shapely.LineString(line).buffer(stroke_um / 2, quad_segs=64)
    assert outline.symmetric_difference(judge).area <= 1.5 * CHORD_TOLERANCE_UM * judge.length


@pytest.mark.parametrize(("height_um", "stroke_um"), [(20.0, 20.0), (175.0, 0.0), (175.0, -1.0), (0.0, 0.0)])
def test_stroke_must_lie_between_nothing_and_the_height(height_um: float, stroke_um: float) -> None:
    with pytest.raises(FontError, match="stroke must be more than 0 and less than the height"):
        glyph("0,0 0,1").outline(height_um=height_um, stroke_um=stroke_um)


@pytest.mark.parametrize(("height_um", "stroke_um"), [(math.nan, 20.0), (175.0, math.nan), (math.inf, 20.0)])
def test_lengths_must_be_finite(height_um: float, stroke_um: float) -> None:
    with pytest.raises(FontError):
        glyph("0,0 0,1").skeleton(height_um=height_um, stroke_um=stroke_um)


def test_cell_is_centred_and_as_wide_as_said() -> None:
    # Advance 0.6 at 175 / 20 um: 0.6 x 155 + 20 = 113 um.
    narrow = glyph("0,0 0,1 0.6,1", advance=0.6)
    assert narrow.cell_width_um(height_um=175.0, stroke_um=20.0) == pytest.approx(113.0)
    assert narrow.outline(height_um=175.0, stroke_um=20.0).bounds == pytest.approx((-56.5, -87.5, 56.5, 87.5))
    (line,) = narrow.skeleton(height_um=175.0, stroke_um=20.0)
    assert line == pytest.approx(np.array([[-46.5, -77.5], [-46.5, 77.5], [46.5, 77.5]]))


def test_a_polyline_of_one_point_is_a_disc_of_the_pen() -> None:
    outline = ink((np.array([[3.0, 4.0]]), np.array([[40.0, 4.0]])), stroke_um=20.0)
    assert len(outline.geoms) == 2
    assert outline.bounds == pytest.approx((-7.0, -6.0, 50.0, 14.0))
    assert outline.area == pytest.approx(2 * math.pi * 100.0, rel=0.004)
    touching = ink((np.array([[0.0, 0.0]]), np.array([[0.0, -30.0], [0.0, 30.0]])), stroke_um=20.0)
    assert touching.equals(ink((np.array([[0.0, -30.0], [0.0, 30.0]]),), stroke_um=20.0))
