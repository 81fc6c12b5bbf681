"""Orders lose nothing, keep rows, and travel less."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, box

from toolpaths.fill import Hatch, hatch
from toolpaths.order import chained, serpentine, shortest, travel_um

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


# --- the shortest order -----------------------------------------------------------------------------------------------


def run_of(ordered: FloatArray) -> float:
    return travel_um(ordered[:, 0], ordered[:, 1])


def as_drawn(lines: FloatArray) -> list[list[list[float]]]:
    """Segments without their order and direction."""
    return sorted(sorted(line) for line in lines.tolist())


def nearest_by_hand(lines: FloatArray) -> float:
    """Travel of the walk from the first segment that always takes the nearest end: every distance looked at."""
    left = lines[1:].tolist()
    here, far = lines[0, 1].tolist(), 0.0
    while left:
        away = [(math.dist(here, line[end]), index, end) for index, line in enumerate(left) for end in (0, 1)]
        step, index, end = min(away)
        here = left.pop(index)[1 - end]
        far += step
    return far


def test_segments_of_one_line_are_run_from_end_to_end() -> None:
    """Forty segments 3 um long with gaps of 2 um, shuffled and turned: 39 gaps."""
    generator = np.random.default_rng(6)
    lines = np.array([[(5.0 * k, 0.0), (5.0 * k + 3, 0.0)] for k in range(40)])[generator.permutation(40)]
    turned = generator.random(40) < 0.5
    lines[turned] = lines[turned, ::-1]
    assert run_of(shortest(lines)) == pytest.approx(39 * 2.0)


def test_a_hatch_over_two_columns_is_run_one_column_after_the_other() -> None:
    """Rows as generated cross the gap every time: 2 x 25 lines, 4 um between rows, 30 um between the columns."""
    lines = np.array([[(x, 4.0 * row), (x + 20, 4.0 * row)] for row in range(25) for x in (0.0, 50.0)])
    assert run_of(shortest(lines)) == pytest.approx(2 * 24 * 4 + 30)


@given(
    ends=st.lists(st.tuples(*[st.integers(-200, 200)] * 4), min_size=0, max_size=40),
)
def test_the_shortest_order_keeps_every_segment_and_is_never_longer_than_the_greedy_one(
    ends: list[tuple[int, int, int, int]],
) -> None:
    lines = segments(*ends)
    ordered = shortest(lines)
    assert as_drawn(ordered) == as_drawn(lines)
    assert np.array_equal(shortest(lines), ordered)
    if len({point for x1, y1, x2, y2 in ends for point in ((x1, y1), (x2, y2))}) == 2 * len(ends) > 0:
        assert run_of(ordered) <= nearest_by_hand(lines) + 1e-6 or has_ties(lines)


def has_ties(lines: FloatArray) -> bool:
    """Whether two ends lie equally far from a third, so that there are several greedy walks."""
    points = lines.reshape(-1, 2)
    square = np.sort(np.sum((points[:, None] - points) ** 2, axis=-1), axis=1)[:, 1:]
    return bool(np.any(np.diff(square, axis=1) == 0))


@pytest.mark.parametrize("seed", range(5))
def test_two_opt_shortens_the_greedy_walk_over_scattered_segments(seed: int) -> None:
    generator = np.random.default_rng(seed)
    begin = generator.uniform(0, 1000, (300, 2))
    lines = np.stack([begin, begin + generator.uniform(-40, 40, (300, 2))], axis=1)
    assert run_of(shortest(lines)) < 0.97 * nearest_by_hand(lines)


def test_ten_ends_in_one_place_do_not_hide_those_further_off() -> None:
    """A star of 30 segments from one point, and 5 far away: found though all near ends are used up."""
    star = [(0.0, 0.0, math.cos(k), math.sin(k)) for k in range(30)]
    lines = segments(*star, *[(500.0 + k, 0.0, 500.0 + k, 5.0) for k in range(5)])
    ordered = shortest(lines)
    assert as_drawn(ordered) == as_drawn(lines)
    assert run_of(ordered) < 30 * 2 + 500 + 4


def test_nothing_to_order() -> None:
    nothing = np.empty((0, 2, 2))
    assert shortest(nothing).shape == (0, 2, 2)
    one = segments((0, 0, 1, 0))
    assert shortest(one).tolist() == one.tolist()
