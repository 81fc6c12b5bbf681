"""The calibration coupon: craters apart, as many pulses as the form says, and what a machine cannot do."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from toolpaths.errors import ToolpathError
from toolpaths.laser.coupon import PULSES, Coupon, coupon_for
from toolpaths.laser.recipe import Ablation
from toolpaths.machine import Machine
from toolpaths.readers.gcode import read_gcode
from toolpaths.safety import check_program
from toolpaths.writers.gcode import write_gcode

STEEL = Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)


@pytest.fixture(scope="module")
def coupon(machine: Machine) -> Coupon:
    return coupon_for(spot_radius_um=6.0, ablation=STEEL, machine=machine)


def test_every_crater_gets_its_pulses_on_a_fiftieth_of_the_spot(coupon: Coupon) -> None:
    cells = {cell.name: cell for cell in coupon.cells}
    for _, operation in coupon.toolpath.operations():
        cell = cells.get(operation.name)
        if cell is None or cell.pulses is None:
            continue
        ((begin, end),) = operation.paths
        process = operation.process
        length_um = float(np.linalg.norm(end - begin))
        assert length_um == pytest.approx(0.12)
        assert length_um / process.feed_um_s * process.repetition_rate_hz == pytest.approx(cell.pulses, rel=1e-9)
        assert process.pulse_energy_j == cell.pulse_energy_j
        np.testing.assert_allclose((begin + end) / 2, (cell.x_um, cell.y_um, 0), atol=1e-3)
    assert {cell.pulses for cell in coupon.cells if cell.pulses} == set(PULSES) == {1, 2, 5, 10, 50, 100, 500}


def test_nothing_overlaps_even_if_the_spot_is_twice_as_wide(coupon: Coupon) -> None:
    """The widest crater by hand: 6 um sqrt(2 (ln 10 + 0.19 ln 500)) = 15.84 um."""
    assert coupon.widest_um == pytest.approx(15.84, abs=0.01)
    holes = np.array([(cell.x_um, cell.y_um) for cell in coupon.cells if cell.pulses])
    apart = np.linalg.norm(holes[:, np.newaxis] - holes, axis=2) + 1e9 * np.eye(len(holes))
    assert apart.min() > 2 * 2 * coupon.widest_um * 0.7
    assert apart.min() == pytest.approx(50)
    for square in (cell for cell in coupon.cells if cell.side_um):
        off = np.abs(holes - (square.x_um, square.y_um)).max(axis=1) - (square.side_um or 0) / 2
        assert off.min() >= coupon.widest_um


def test_energies_reach_from_below_the_threshold_to_ten_times_it(coupon: Coupon) -> None:
    single_j = 0.16 * np.pi * 36e-8 / 2
    energies = sorted({cell.pulse_energy_j for cell in coupon.cells if cell.pulses})
    assert len(energies) == 12
    assert energies[0] == pytest.approx(0.4 * single_j, rel=5e-3)
    assert energies[-1] == pytest.approx(10 * single_j, rel=5e-3)


def test_squares_are_cleared_to_their_sides_as_often_as_told(coupon: Coupon) -> None:
    cells = {cell.name: cell for cell in coupon.cells}
    for repeats, operation in coupon.toolpath.operations():
        cell = cells.get(operation.name)
        if cell is None or cell.passes is None:
            continue
        assert repeats == cell.passes
        points = operation.paths.points[:, :2] - (cell.x_um, cell.y_um)
        np.testing.assert_allclose((points.min(axis=0), points.max(axis=0)), ((-48, -48), (48, 48)), atol=1e-9)
        begin, end = operation.paths.segments()
        assert set(np.round(np.diff(begin[:, 1]), 6)) == {cell.hatch_um} == {4.0}
        np.testing.assert_array_equal(begin[:, 1], end[:, 1])
        process = operation.process
        assert process.feed_um_s / process.repetition_rate_hz == pytest.approx(cell.pitch_um)


def test_the_program_is_read_back_and_safe_and_takes_as_long_as_told(
    coupon: Coupon, machine: Machine, ball: Callable[..., Any]
) -> None:
    program = read_gcode(write_gcode(coupon.toolpath, machine, header=[]), machine)
    assert program.findings == ()
    lit = program.lit
    lengths = np.linalg.norm(program.end_um - program.begin_um, axis=1)[lit]
    assert float(np.sum(program.times[lit] * lengths / program.feed_um_s[lit])) == pytest.approx(coupon.lit_s, rel=1e-4)
    flat = ball(radius_um=1e9, edge_radius_um=2000.0)
    found = check_program(program, machine, surface=flat, focus_offset_um=0.0, focus_tolerance_um=1.0)
    assert [finding.message for finding in found if finding.severity == "error"] == []


def test_linuxcnc_lights_every_path_of_the_coupon(
    linuxcnc_beam_moves: Callable[..., Any],
    rs274_canon: ModuleType,
    coupon: Coupon,
    machine: Machine,
    expanded: Callable[..., Any],
) -> None:
    moves = linuxcnc_beam_moves(write_gcode(coupon.toolpath, machine, header=[]))
    wanted = expanded(coupon.toolpath)
    np.testing.assert_allclose(moves.begin_um, wanted.begin_um, atol=rs274_canon.PRINT_TOLERANCE_UM, rtol=0)
    np.testing.assert_allclose(moves.outputs[:, 0], wanted.process[:, 0] * 1e6, atol=1e-6)
    np.testing.assert_allclose(moves.feed_um_s, wanted.process[:, 2], atol=2e-3)
    assert not moves.lit_at_end


@pytest.mark.parametrize(
    ("change", "rate_hz", "reason"),
    [
        ({"resolution_um": 0.151}, 1e3, "draw craters"),
        ({"max_pulse_energy_j": 0.9e-6}, 1e3, "the coupon goes to 0.905 uJ"),
        ({"max_feed_um_s": 999.0}, 1e3, "lower the rate"),
        ({"envelope_x_max_um": 270.0}, 1e3, "more than the envelope"),
        ({"gate_jitter_s": 101e-6}, 1e3, "uncertain by 0.1 pulses"),
        ({}, 0.0, "must be positive"),
        ({}, float("nan"), "must be positive"),
    ],
)
def test_what_a_machine_cannot_do_is_refused(
    machine: Machine, change: dict[str, float], rate_hz: float, reason: str
) -> None:
    with pytest.raises(ToolpathError, match=reason):
        coupon_for(spot_radius_um=6.0, ablation=STEEL, machine=replace(machine, **change), rate_hz=rate_hz)  # type: ignore[arg-type] # names of floats


@pytest.mark.parametrize(
    "change",
    [{"resolution_um": 0.149}, {"max_pulse_energy_j": 0.906e-6}, {"max_feed_um_s": 1000.0}, {"gate_jitter_s": 99e-6}],
)
def test_what_it_just_can_is_not(machine: Machine, change: dict[str, float]) -> None:
    made = coupon_for(spot_radius_um=6.0, ablation=STEEL, machine=replace(machine, **change))  # type: ignore[arg-type] # names of floats
    assert len(made.cells) == 92


def test_all_faults_are_told_at_once(machine: Machine) -> None:
    poor = replace(machine, resolution_um=1.0, max_pulse_energy_j=0.5e-6, max_feed_um_s=10.0)
    with pytest.raises(ToolpathError) as error:
        coupon_for(spot_radius_um=6.0, ablation=STEEL, machine=poor)
    assert len(str(error.value).splitlines()) == 3
