"""Hatching against shapely's intersection and against hand-drawn cases."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.errors import ToolpathError
from toolpaths.fill import Hatch, hatch

FloatArray = NDArray[np.float64]

SQUARE = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])


def lengths_um(lines: Hatch) -> FloatArray:
    return np.array(shapely.length(shapely.linestrings(lines.segments_um)), dtype=np.float64)


def oracle(region: MultiPolygon, *, pitch_um: float, angle_rad: float, phase_um: float) -> dict[int, float]:
    """Length inside the region of every line that meets it, by shapely, one line after the other."""
    direction = np.array([math.cos(angle_rad), math.sin(angle_rad)])
    left = np.array([-direction[1], direction[0]])
    found = {}
    for row in range(-400, 401):
        foot = (phase_um + row * pitch_um) * left
        line = shapely.LineString([foot - 1e3 * direction, foot + 1e3 * direction])
        length = shapely.intersection(line, region).length
        if length > 1e-6:
            found[row] = length
    return found


@st.composite
def regions(draw: st.DrawFn) -> MultiPolygon:
    """Up to four stars, side by side, each perhaps with a hole."""
    parts = []
    for index in range(draw(st.integers(1, 4))):
        corners = draw(st.integers(3, 12))
        turn = 2 * np.pi * np.arange(corners) / corners + draw(st.floats(0, 6))
        radii = np.array(draw(st.lists(st.floats(10, 30), min_size=corners, max_size=corners)))
        ring = np.stack([70 * index + radii * np.cos(turn), radii * np.sin(turn)], axis=1)
        middle = np.array([70 * index, 0.0])
        holes = [middle + 0.4 * (ring - middle)] if draw(st.booleans()) else []
        parts.append(Polygon(ring, holes))
    return MultiPolygon(parts)


@settings(deadline=None, max_examples=40)
@given(
    region=regions(),
    pitch_um=st.floats(1.5, 40),
    angle_rad=st.floats(-7, 7),
    phase_um=st.floats(-10, 10),
)
def test_every_line_has_the_length_that_shapely_finds(
    region: MultiPolygon, pitch_um: float, angle_rad: float, phase_um: float
) -> None:
    lines = hatch(region, pitch_um=pitch_um, angle_rad=angle_rad, phase_um=phase_um)
    found = dict.fromkeys(lines.rows.tolist(), 0.0)
    for row, length in zip(lines.rows.tolist(), lengths_um(lines).tolist(), strict=True):
        found[row] += length
    expected = oracle(region, pitch_um=pitch_um, angle_rad=angle_rad, phase_um=phase_um)
    rows = {row for row in found if found[row] > 1e-6} | set(expected)
    assert all(found.get(row, 0) == pytest.approx(expected.get(row, 0), abs=1e-6) for row in rows)
    assert np.all(np.diff(lines.rows) >= 0)
    outside = shapely.difference(shapely.linestrings(lines.segments_um), shapely.buffer(region, 1e-6))
    assert shapely.length(outside).sum() == 0


def test_a_line_along_the_lower_edge_is_inside_and_one_along_the_upper_edge_is_not() -> None:
    lines = hatch(SQUARE, pitch_um=5, angle_rad=0)
    assert lines.rows.tolist() == [0, 1]
    assert lengths_um(lines) == pytest.approx([10, 10])


def test_segments_run_along_the_direction_and_rows_lie_to_its_left() -> None:
    lines = hatch(SQUARE, pitch_um=4, angle_rad=np.pi / 2, phase_um=-1)
    # Along y; to the left of it is -x, so rows rise towards smaller x.
    assert lines.rows.tolist() == [-2, -1, 0]
    expected = [[[9, 0], [9, 10]], [[5, 0], [5, 10]], [[1, 0], [1, 10]]]
    assert lines.segments_um == pytest.approx(np.array(expected, dtype=float), abs=1e-9)


@pytest.mark.parametrize("angle_deg", [0, 45, 90, 135])
def test_lines_through_corners_are_neither_lost_nor_doubled(angle_deg: float) -> None:
    diamond = Polygon([(0, -8), (8, 0), (0, 8), (-8, 0)])
    lines = hatch(diamond, pitch_um=np.sqrt(8), angle_rad=np.radians(angle_deg))
    assert lengths_um(lines).sum() * np.sqrt(8) == pytest.approx(diamond.area, rel=0.35)
    assert lines.rows.tolist() == sorted(set(lines.rows.tolist()))


def test_a_line_through_an_inner_corner_is_not_broken_the_wrong_way() -> None:
    notched = Polygon([(0, 0), (10, 0), (10, 10), (5, 4), (0, 10)])
    at_notch = hatch(notched, pitch_um=100, angle_rad=0, phase_um=4)
    assert lengths_um(at_notch).sum() == pytest.approx(10)
    above = hatch(notched, pitch_um=100, angle_rad=0, phase_um=7)
    assert lengths_um(above) == pytest.approx([2.5, 2.5])


def test_edges_that_all_but_follow_a_line_are_cut_where_they_are() -> None:
    wedge = Polygon([(0, 50), (1e3, 50 + 1e-9), (1e3, 60), (0, 60)])
    lines = hatch(wedge, pitch_um=50 + 0.5e-9, angle_rad=0)
    assert lengths_um(lines) == pytest.approx([500], abs=0.1)


def test_a_hole_splits_a_row_in_two() -> None:
    frame = Polygon(SQUARE.exterior, [[(4, 4), (6, 4), (6, 6), (4, 6)]])
    lines = hatch(frame, pitch_um=100, angle_rad=0, phase_um=5)
    assert lines.segments_um[:, :, 0].tolist() == [[0, 4], [6, 10]]


def test_touching_squares_share_no_line() -> None:
    upper = Polygon([(0, 10), (10, 10), (10, 20), (0, 20)])
    both = [hatch(square, pitch_um=2.5, angle_rad=0).rows.tolist() for square in (SQUARE, upper)]
    assert both == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("region", [Polygon(), MultiPolygon(), SQUARE])
def test_nothing_to_fill(region: Polygon | MultiPolygon) -> None:
    lines = hatch(region, pitch_um=1000, angle_rad=0.3, phase_um=500)
    assert lines.segments_um.shape == (0, 2, 2)
    assert lines.rows.shape == (0,)


def test_short_segments_are_left_out() -> None:
    corner = Polygon([(0, 0), (10, 0), (0, 10)])
    lines = hatch(corner, pitch_um=1, angle_rad=0, phase_um=0.5, least_length_um=1.0)
    assert lengths_um(lines).min() == pytest.approx(1.5)
    assert len(hatch(corner, pitch_um=1, angle_rad=0, phase_um=0.5).rows) == len(lines.rows) + 1


@pytest.mark.parametrize("pitch_um", [0.0, -4.0, math.nan, math.inf])
def test_an_impossible_pitch_is_refused(pitch_um: float) -> None:
    with pytest.raises(ToolpathError, match="pitch"):
        hatch(SQUARE, pitch_um=pitch_um, angle_rad=0)


def test_too_fine_a_pitch_is_refused() -> None:
    with pytest.raises(ToolpathError, match="wider than 1e-07 um"):
        hatch(SQUARE, pitch_um=1e-7, angle_rad=0)
