"""Time: by hand, by sums over what LinuxCNC says it would do, and by PySLM's count."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolpaths.duration import estimate
from toolpaths.errors import ToolpathError
from toolpaths.machine import Machine
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]
DELAYS = Delays(laser_on_s=5e-5, laser_off_s=8e-5, jump_s=3e-4, mark_s=2e-4, polygon_s=5e-5, jump_um_s=2e6)


def operation(*lines: list[tuple[float, float]], feed_um_s: float = 1e5, delays: Delays | None = None) -> Operation:
    points = np.concatenate([np.column_stack([np.array(path), np.zeros(len(path))]) for path in lines])
    process = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=feed_um_s, delays=delays)
    starts = np.cumsum([0, *(len(path) for path in lines)])
    return Operation(name="rough", process=process, paths=Polylines(points=points, starts=starts))


def once(*operations: Operation, repeats: int = 1) -> Toolpath:
    return Toolpath(blocks=(Block(repeats=repeats, operations=operations),))


# --- a stage ----------------------------------------------------------------------------------------------------------


@pytest.fixture(name="stage")
def fixture_stage(machine: Machine) -> Machine:
    """1 m/s2, 100 mm/s at most."""
    return replace(machine, acceleration_um_s2=1e6, max_feed_um_s=1e5)


def test_a_trapezoid_a_triangle_and_the_length_between(stage: Machine) -> None:
    """At 1 m/s2 and 100 mm/s: 0.1 s and 5 mm to speed. 20 mm: 0.2 + 10 / 100 = 0.3 s; 10 mm: 0.2 s; 2.5 mm: 0.1 s."""
    for length_um, seconds in ((20_000, 0.3), (10_000, 0.2), (2_500, 0.1)):
        found = estimate(once(operation([(0, 0), (length_um, 0)])), stage)
        assert found.total_s == pytest.approx(seconds, rel=1e-12)


def test_corners_stop_a_stage_and_bends_do_not(stage: Machine) -> None:
    """Two sides of 2.5 mm: 0.2 s round a right angle, sqrt 2 x 0.1 s nearly straight on."""
    corner = estimate(once(operation([(0, 0), (2500, 0), (2500, 2500)])), stage)
    assert corner.total_s == pytest.approx(0.2)
    for turn_deg, seconds in ((4.9, 0.1 * math.sqrt(2)), (5.1, 0.2)):
        turn = math.radians(turn_deg)
        path = [(0.0, 0.0), (2500.0, 0.0), (2500 * (1 + math.cos(turn)), 2500 * math.sin(turn))]
        assert estimate(once(operation(path)), stage).total_s == pytest.approx(seconds)


def test_jumps_and_the_way_back_of_every_round(stage: Machine) -> None:
    """Lines of 10 mm 2.5 mm apart, to and fro: a round marks 0.4 s and jumps 0.1 s; 0.1 s back before two of them."""
    lines = operation([(0, 0), (10_000, 0)], [(10_000, 2500), (0, 2500)])
    found = estimate(once(lines, repeats=3), stage)
    (entry,) = found.operations
    assert entry.mark_s == pytest.approx(1.2)
    assert entry.jump_s == pytest.approx(0.5)
    assert entry.wait_s == 0.0
    assert (entry.paths, entry.lit_um, entry.travel_um) == (6, 60_000.0, 12_500.0)
    assert found.total_s == pytest.approx(1.7)


def test_operations_and_blocks_follow_one_another(stage: Machine) -> None:
    a, b = operation([(0, 0), (10_000, 0)]), operation([(10_000, 2500), (0, 2500)])
    written_out = Toolpath(blocks=tuple(Block(repeats=1, operations=(part,)) for part in (a, b, a, b, b)))
    looped = Toolpath(blocks=(Block(repeats=2, operations=(a, b)), Block(repeats=1, operations=(b,))))
    assert estimate(looped, stage).total_s == pytest.approx(estimate(written_out, stage).total_s, rel=1e-12)


def canonical_seconds(calls: list[tuple[str, str]], *, rapid_um_s: float, acceleration_um_s2: float) -> float:
    """Sum over LinuxCNC's moves from the first feed's begin to the last one's end, every run from rest to rest."""
    place: FloatArray | None = None
    feed_um_s, changed = math.nan, True
    # Length, speed and direction of each run.
    runs: list[tuple[float, float, FloatArray]] = []
    last_lit = 0
    for name, text in calls:
        if name == "SET_FEED_RATE":
            feed_um_s = float(text) * 1000 / 60
        changed |= "OUTPUT_BIT" in name
        if name not in ("STRAIGHT_FEED", "STRAIGHT_TRAVERSE"):
            continue
        target = 1000 * np.array([float(number) for number in text.split(",")[:3]])
        step = target - (target if place is None else place)
        first, place = place is None, target
        length = float(np.sqrt(step @ step))
        if first or length == 0:
            continue
        speed = feed_um_s if name == "STRAIGHT_FEED" else rapid_um_s
        straight = runs and float(step @ runs[-1][2]) / length > math.cos(math.radians(5))
        if straight and not changed and speed == runs[-1][1]:
            runs[-1] = (runs[-1][0] + length, speed, step / length)
        else:
            runs.append((length, speed, step / length))
        changed = False
        last_lit = len(runs) if name == "STRAIGHT_FEED" else last_lit
    seconds = 0.0
    for length, speed, _ in runs[:last_lit]:
        peak = min(speed, math.sqrt(acceleration_um_s2 * length))
        seconds += 2 * peak / acceleration_um_s2 + (length - peak**2 / acceleration_um_s2) / peak
    return seconds


Judge = Callable[[Toolpath, Machine], float]


@pytest.fixture(name="linuxcnc_seconds")
def fixture_linuxcnc_seconds(require_program: Callable[[str], str], rs274_canon: ModuleType, tmp_path: Path) -> Judge:
    interpreter = require_program("rs274")

    def seconds(toolpath: Toolpath, stage: Machine) -> float:
        program = write_gcode(toolpath, stage, header=[])
        calls = rs274_canon.canonical_calls(program, interpreter=interpreter, folder=tmp_path)
        return canonical_seconds(
            calls, rapid_um_s=stage.max_feed_um_s, acceleration_um_s2=stage.stage.acceleration_um_s2
        )

    return seconds


@pytest.mark.parametrize("acceleration_um_s2", [1e6, 2e7, 2e9])
def test_linuxcncs_own_moves_take_as_long(
    machine: Machine, toolpath: Toolpath, linuxcnc_seconds: Judge, acceleration_um_s2: float
) -> None:
    stage = replace(machine, acceleration_um_s2=acceleration_um_s2)
    assert estimate(toolpath, stage).total_s == pytest.approx(linuxcnc_seconds(toolpath, stage), rel=0.005)


# --- a scanner --------------------------------------------------------------------------------------------------------

# The mirrors' lag of 100 us makes a run-in of 150 us and a run-out of 100 us.
# Two sides of 1 mm about a right angle, then a line of 2 mm in two pieces, 1 mm away: 4 mm at 100 mm/s are 40 ms, and
# the jump is 0.5 ms at 2 m/s.
PATHS = (
    [(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0)],
    [(1000.0, 2000.0), (2000.0, 2000.0), (3000.0, 2000.0)],
)


@pytest.mark.parametrize(
    ("mode", "wait_ms"),
    [
        # 2 paths x 0.2 mark + 2 corners x 0.05 polygon + 1 jump x 0.3.
        (0, 0.8),
        # 4 vectors x 2 (0.15 + 0.1) + 0.3.
        (1, 2.3),
        # 4 vectors x (0.15 + 0.1) + (0.3 - 0.15).
        (2, 1.15),
        # 2 paths and 1 sharp corner x (0.15 + 0.1) + 1 corner that is none x 0.05 + (0.3 - 0.15).
        (3, 0.95),
    ],
)
def test_a_scanner_by_hand(galvo: Machine, mode: int, wait_ms: float) -> None:
    found = estimate(once(operation(*PATHS, delays=replace(DELAYS, sky_writing=mode))), galvo)
    (entry,) = found.operations
    assert entry.mark_s == pytest.approx(40e-3)
    assert entry.jump_s == pytest.approx(0.5e-3)
    assert entry.wait_s == pytest.approx(wait_ms * 1e-3)
    assert found.mark_s == entry.mark_s
    assert found.total_s == pytest.approx(40.5e-3 + wait_ms * 1e-3)


def test_a_jump_delay_shorter_than_the_run_in_is_gone(galvo: Machine) -> None:
    delays = replace(DELAYS, sky_writing=2, jump_s=1e-4)
    assert estimate(once(operation(*PATHS, delays=delays)), galvo).operations[0].wait_s == pytest.approx(1e-3)


def test_rounds_of_a_scanner_jump_back(galvo: Machine) -> None:
    """Back from (3000, 2000) to the apex: 3605.55 um at 2 m/s and a delay, twice in three rounds."""
    single = estimate(once(operation(*PATHS, delays=DELAYS)), galvo).total_s
    thrice = estimate(once(operation(*PATHS, delays=DELAYS), repeats=3), galvo).total_s
    assert thrice == pytest.approx(3 * single + 2 * (3605.551275e-6 / 2 + 3e-4))


# PySLM imports names that newer libraries rename.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
def test_pyslm_counts_as_much_over_a_hatch(galvo: Machine, require_module: Callable[[str], Any]) -> None:
    geometry, analysis = require_module("pyslm.geometry"), require_module("pyslm.analysis")
    # Short lines, so that marking, jumps and delays each take a good part of the time.
    lines = [[(-10.0 + 0.1 * row, 4.0 * row), (10.0, 4.0 * row)] for row in range(80)]
    lines[1::2] = [path[::-1] for path in lines[1::2]]
    delays = Delays(laser_on_s=0, laser_off_s=0, jump_s=2e-4, mark_s=0, polygon_s=0, jump_um_s=2e4)
    style = geometry.BuildStyle()
    style.setStyle(bid=1, focus=0, power=1.0, pointExposureTime=0, pointExposureDistance=0, laserSpeed=100.0)
    style.jumpSpeed, style.jumpDelay = 20.0, 200.0
    model = geometry.Model(mid=1)
    model.buildStyles.append(style)
    hatched = geometry.HatchGeometry(mid=1, bid=1)
    hatched.coords = np.array(lines).reshape(-1, 2) / 1000
    judged_s = analysis.getLayerGeometryTime(hatched, [model], includeJumpTime=True)
    # It counts a jump to the first line too: 80, where there are 79 between the lines.
    assert estimate(once(operation(*lines, delays=delays)), galvo).total_s == pytest.approx(judged_s, rel=0.01)


# --- faults -----------------------------------------------------------------------------------------------------------


def test_what_cannot_be_reckoned_is_told_at_once(galvo: Machine) -> None:
    silent = operation(*PATHS, feed_um_s=math.nan)
    still = operation(*PATHS, delays=replace(DELAYS, jump_um_s=0.0))
    with pytest.raises(ToolpathError) as caught:
        estimate(once(silent, still), galvo)
    told = str(caught.value)
    assert "its feed, nan um/s" in told
    assert "no delays; state them in the recipe" in told
    assert "its jump speed, 0.0 um/s" in told


def test_nothing_takes_no_time(machine: Machine) -> None:
    assert estimate(Toolpath(blocks=()), machine).total_s == 0.0
