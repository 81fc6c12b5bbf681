"""Orders lose nothing, keep rows, and travel less."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, box

from toolpaths.fill import Hatch, hatch
from toolpaths.order import chained, serpentine, travel_um

FloatArray = NDArray[np.float64]


def segments(*ends: tuple[float, float, float, float]) -> FloatArray:
    return np.array(ends, dtype=np.float64).reshape(-1, 2, 2)


def test_every_second_row_runs_backwards_and_rows_keep_their_order() -> None:
    lines = Hatch(
        segments_um=segments((0, 0, 1, 0), (2, 0, 3, 0), (0, 4, 1, 4), (2, 4, 3, 4), (0, 8, 3, 8)),
        rows=np.array([0, 0, 1, 1, 2]),
    )
    assert (
        serpentine(lines).tolist()
        == segments((0, 0, 1, 0), (2, 0, 3, 0), (3, 4, 2, 4), (1, 4, 0, 4), (0, 8, 3, 8)).tolist()
    )


def test_rows_without_a_segment_do_not_upset_the_turns() -> None:
    lines = Hatch(segments_um=segments((0, 0, 3, 0), (0, 8, 3, 8)), rows=np.array([-3, -1]))
    assert serpentine(lines).tolist() == segments((0, 0, 3, 0), (3, 8, 0, 8)).tolist()


def test_an_empty_hatch_stays_empty() -> None:
    assert serpentine(Hatch(segments_um=np.empty((0, 2, 2)), rows=np.empty(0, dtype=np.int64))).shape == (0, 2, 2)


@settings(deadline=None, max_examples=30)
@given(rows=st.lists(st.integers(-20, 20), min_size=1, max_size=40))
def test_a_serpentine_runs_the_same_segments_row_after_row(rows: list[int]) -> None:
    ordered = np.sort(np.array(rows))
    place = np.arange(ordered.size, dtype=np.float64)
    lines = Hatch(
        segments_um=np.stack([np.stack([place, ordered], 1), np.stack([place + 0.5, ordered], 1)], 1), rows=ordered
    )
    run = serpentine(lines)
    assert sorted(map(tuple, np.sort(run[:, :, 0], axis=1).tolist())) == sorted(
        map(tuple, lines.segments_um[:, :, 0].tolist())
    )
    assert run[:, 0, 1].tolist() == ordered.tolist()


def test_a_serpentine_travels_less_than_half_as_far_as_the_hatch_as_generated() -> None:
    region = MultiPolygon([box(60 * i, 90 * j, 60 * i + 40, 90 * j + 60) for i in range(4) for j in range(2)])
    lines = hatch(region, pitch_um=4, angle_rad=np.radians(15))
    before = travel_um(lines.segments_um[:, 0], lines.segments_um[:, 1])
    run = serpentine(lines)
    assert travel_um(run[:, 0], run[:, 1]) < 0.5 * before


def test_travel_is_the_sum_of_the_gaps() -> None:
    ends = segments((0, 0, 1, 0), (4, 4, 9, 9), (9, 10, 0, 0))
    assert travel_um(ends[:, 0], ends[:, 1]) == 6.0


def ring(x_um: float, y_um: float) -> FloatArray:
    return np.array(Point(x_um, y_um).buffer(5, quad_segs=2).exterior.coords)


def test_rings_are_taken_nearest_first_and_entered_at_their_nearest_point() -> None:
    walk = chained([ring(50, 0), ring(10, 0), ring(30, 0)])
    assert [tuple(np.round(path[:-1].mean(axis=0), 6)) for path in walk] == [(10, 0), (30, 0), (50, 0)]
    assert [tuple(np.round(path[0], 6)) for path in walk] == [(5, 0), (25, 0), (45, 0)]
    assert all(np.array_equal(path[0], path[-1]) for path in walk)


def test_a_chain_turns_rings_but_keeps_their_points_and_direction() -> None:
    given_ring = ring(-20, 7)
    (path,) = chained([given_ring])
    turned = [np.roll(given_ring[:-1], shift, axis=0).tolist() for shift in range(len(given_ring) - 1)]
    assert path[:-1].tolist() in turned


def test_no_rings_make_no_walk() -> None:
    assert chained([]) == ()
