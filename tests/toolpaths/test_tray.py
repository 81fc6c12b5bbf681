"""A pin in its nest: the motion by hand, its inverse, and what machine and focus refuse."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.fixture import Fiducial, Fixture, Nest
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.tray import (
    Placement,
    difference_um,
    placed,
    placement_at,
    placement_of,
    rotation_of,
    sparse,
    taken_back,
    tray_faults,
)

PROCESS = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=1e4)
ANGLES = st.floats(-math.pi, math.pi)


def path_of(*polylines: Any) -> Toolpath:  # noqa: ANN401 - lists of points
    points = np.concatenate([np.array(line, dtype=np.float64) for line in polylines])
    starts = np.cumsum([0, *(len(line) for line in polylines)])
    operation = Operation(name="O", process=PROCESS, paths=Polylines(points=points, starts=starts))
    return Toolpath(blocks=(Block(repeats=3, operations=(operation,)),))


def points_of(toolpath: Toolpath) -> Any:  # noqa: ANN401 - an array
    return next(toolpath.operations())[1].paths.points


def fixture_of(**changes: object) -> Fixture:
    values: dict[str, object] = {
        "name": "four",
        "rows": 2,
        "columns": 2,
        "column_pitch_um": 10_000.0,
        "row_pitch_um": 10_000.0,
        "first_x_um": 10_000.0,
        "first_y_um": 20_000.0,
        "tip_height_um": 3000.0,
        "safe_height_um": 8000.0,
        "max_offset_um": 300.0,
        "max_tilt_rad": math.radians(2.0),
        "max_clocking_rad": math.pi,
        "fiducials": (Fiducial(name="A", x_um=0.0, y_um=0.0), Fiducial(name="B", x_um=9.0, y_um=0.0)),
    }
    return Fixture(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("angles_deg", "point", "expected"),
    [
        # Anticlockwise seen from the primer: x goes to y.
        ((0, 0, 90), (1, 0, 0), (0, 1, 0)),
        # About x: the side towards +y is lifted. About y: the side towards +x is lowered.
        ((90, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0, 90, 0), (1, 0, 0), (0, 0, -1)),
        # Clocking first, then about x, then about y: x -> y -> z -> x.
        ((90, 90, 90), (1, 0, 0), (1, 0, 0)),
        ((90, 0, 90), (1, 0, 0), (0, 0, 1)),
        # 700 um at half a degree: 700 sin 0.5 deg = 6.108575 um up, 700 cos 0.5 deg = 699.973346 um out.
        ((0.5, 0, 0), (0, 700, 0), (0, 699.973346, 6.108575)),
        ((0, 0.5, 0), (700, 0, 0), (699.973346, 0, -6.108575)),
        # A pin of 60 degrees: (cos 60, sin 60).
        ((0, 0, 60), (200, 0, 5), (100, 173.205081, 5)),
    ],
)
def test_turns_by_hand(angles_deg: tuple[float, ...], point: tuple[float, ...], expected: tuple[float, ...]) -> None:
    tilt_x, tilt_y, clocking = (math.radians(angle) for angle in angles_deg)
    rotation = rotation_of(tilt_x_rad=tilt_x, tilt_y_rad=tilt_y, clocking_rad=clocking)
    np.testing.assert_allclose(rotation @ np.array(point), expected, atol=5e-7)


def test_a_nest_by_hand() -> None:
    """Nest 4: second column, second row; clocked by a quarter turn and 12, -7, 30 um out of place."""
    nests = (
        *(Nest(nest=nest) for nest in (1, 2, 3)),
        Nest(nest=4, dx_um=12.0, dy_um=-7.0, dz_um=30.0, clocking_rad=math.pi / 2),
    )
    there = placed(path_of([(100, 20, -5), (0, 0, 0)]), placement_of(fixture_of(nests=nests), 4))
    expected = [(20_012 - 20, 29_993 + 100, 3030 - 5), (20_012, 29_993, 3030)]
    np.testing.assert_allclose(points_of(there), expected, atol=1e-9)


def test_a_nest_without_a_probe_table_shifts_and_no_more() -> None:
    there = placed(path_of([(100.123, 20.001, -5.5), (0, 0, 0)]), placement_of(fixture_of(), 1))
    np.testing.assert_allclose(points_of(there), [(10_100.123, 20_020.001, 2994.5), (10_000, 20_000, 3000)], atol=1e-9)


@given(tilt_x=ANGLES, tilt_y=ANGLES, clocking=ANGLES, seed=st.integers(0, 999))
def test_the_motion_is_rigid_and_has_an_inverse(tilt_x: float, tilt_y: float, clocking: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    found = Nest(nest=1, dx_um=3.0, dy_um=-4.0, dz_um=5.0, tilt_x_rad=tilt_x, tilt_y_rad=tilt_y, clocking_rad=clocking)
    placement = placement_at((100_000.0, 90_000.0, 3000.0), found)
    points = generator.uniform(-1000, 1000, (9, 3))
    there = placement.to_tray(points)
    np.testing.assert_allclose(placement.to_pin(there), points, atol=1e-9)
    lengths = np.linalg.norm(points[1:] - points[0], axis=1)
    np.testing.assert_allclose(np.linalg.norm(there[1:] - there[0], axis=1), lengths, atol=1e-9)
    assert np.linalg.det(placement.rotation) == pytest.approx(1.0)
    path = path_of(points)
    assert isinstance(difference := difference_um(path, taken_back(placed(path, placement), placement)), float)
    assert difference < 1e-9


def test_points_that_rounding_might_join_are_left_out() -> None:
    path = path_of(
        [(0, 0, 0), (0.001, 0.001, 0.001), (0.002, 0, 0), (5, 0, 0)],
        [(9, 0, 0), (9, 0.001, 0)],
        [(7, 0, 0), (7.002, 0, 0)],
    )
    paths = next(sparse(path).operations())[1].paths
    np.testing.assert_array_equal(paths.points, [(0, 0, 0), (0.002, 0, 0), (5, 0, 0), (7, 0, 0), (7.002, 0, 0)])
    np.testing.assert_array_equal(paths.starts, [0, 3, 5])


def test_a_chain_of_near_points_keeps_its_way() -> None:
    """A micrometre in steps of a nanometre: no point is more than two steps from one that stays."""
    chain = np.column_stack([np.arange(1001) * 1e-3, np.zeros(1001), np.zeros(1001)])
    points = points_of(sparse(path_of(chain)))
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert (steps.min(), steps.max()) == (pytest.approx(2e-3), pytest.approx(2e-3))
    assert points[-1][0] == pytest.approx(1.0)


@given(tilt=ANGLES, clocking=ANGLES, seed=st.integers(0, 999))
def test_no_sparse_path_loses_a_point_by_rounding(tilt: float, clocking: float, seed: int) -> None:
    walk = np.cumsum(np.random.default_rng(seed).integers(-2, 3, (40, 3)), axis=0) * 1e-3
    path = sparse(path_of(walk, [(0, 0, 0), (1, 0, 0)]))
    placement = placement_at((1e5, 1e5, 0.0), Nest(nest=1, tilt_x_rad=tilt, clocking_rad=clocking))
    paths = next(placed(path, placement).operations())[1].paths
    begin, end = paths.segments()
    assert np.all(np.any(np.rint(begin * 1000) != np.rint(end * 1000), axis=1))


def test_what_differs_is_told() -> None:
    path = path_of([(0, 0, 0), (5, 0, 0)], [(1, 1, 1), (2, 2, 2)])
    block = path.blocks[0]
    stronger = replace(block.operations[0], process=replace(PROCESS, pulse_energy_j=2e-6))
    assert difference_um(path, path) == 0.0
    assert difference_um(path, path_of([(0, 0, 0), (5, 3, 4)], [(1, 1, 1), (2, 2, 2)])) == 5.0
    assert (
        difference_um(path, path_of([(0, 0, 0), (5, 0, 0), (1, 1, 1), (2, 2, 2)]))
        == "the paths differ in number or in their points from O"
    )
    for other, word in (
        (Toolpath(blocks=(replace(block, repeats=4),)), "passes"),
        (Toolpath(blocks=(replace(block, operations=block.operations * 2),)), "operations"),
        (Toolpath(blocks=(replace(block, operations=(stronger,)),)), "energy"),
    ):
        assert word in str(difference_um(path, other))


@pytest.fixture
def wide(machine: Machine) -> Machine:
    return replace(
        machine,
        envelope_x_max_um=20_500.0,
        envelope_y_max_um=30_500.0,
        envelope_z_max_um=8000.0,
    )


def told(fixture: Fixture, machine: Machine, **changes: float) -> list[str]:
    return list(tray_faults(fixture, machine, **{"reach_um": 500.0, "focus_tolerance_um": 10.0, **changes}))


def test_the_envelope_must_hold_the_tray(wide: Machine, machine: Machine) -> None:
    assert told(fixture_of(), wide) == []
    assert [fault.split()[3] for fault in told(fixture_of(), wide, reach_um=500.1)] == ["x", "y"]
    assert "z 3 to 8.0001 mm" in told(fixture_of(safe_height_um=8000.1), wide)[0]
    assert [fault.split()[3] for fault in told(fixture_of(), machine)] == ["x", "y", "z"]
    assert told(fixture_of(blocked=(2, 3, 4)), replace(wide, envelope_x_max_um=10_500.0)) == []


def test_a_tilt_must_stay_within_the_focus_tolerance(wide: Machine) -> None:
    """1 mm at asin(0.01), 0.573 deg, rises 10 um."""
    for tilt_rad, count in ((math.asin(0.01) - 1e-9, 0), (math.asin(0.01) + 1e-9, 1)):
        nests = (*(Nest(nest=nest) for nest in (1, 3, 4)), Nest(nest=2, tilt_y_rad=-tilt_rad))
        faults = told(
            fixture_of(nests=nests), replace(wide, envelope_x_max_um=3e4, envelope_y_max_um=4e4), reach_um=1000.0
        )
        assert len(faults) == count
        assert all("nest 2: its tilt of 0.573 deg rises 10 um" in fault for fault in faults)


def test_a_scanner_runs_no_tray() -> None:
    scanner = Machine(
        name="mirrors",
        controller="galvo",
        formats=("ovf",),
        envelope_x_min_um=-5e4,
        envelope_x_max_um=5e4,
        envelope_y_min_um=-5e4,
        envelope_y_max_um=5e4,
        envelope_z_min_um=-1e4,
        envelope_z_max_um=1e4,
        max_feed_um_s=2e6,
        max_pulse_energy_j=20e-6,
        field_um=110_000.0,
        bits=20,
        focal_length_um=160_000.0,
        delay_step_s=1e-5,
        max_jump_um_s=8e6,
        tracking_lag_s=2e-4,
    )
    (fault,) = told(fixture_of(), scanner)
    assert "galvo scanner" in fault


def test_placements_are_read_only() -> None:
    placement = placement_of(fixture_of(), 1)
    assert isinstance(placement, Placement)
    with pytest.raises(ValueError, match="read-only"):
        placement.shift_um[0] = 1.0
