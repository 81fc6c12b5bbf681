"""LinuxCNC's own interpreter runs what we write, and lights what the toolpath asks for."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.writers.gcode import write_gcode

Moves = Callable[..., Any]


def agree(moves: Any, lit: Any, tolerance_um: float) -> None:  # noqa: ANN401 - dataclasses of modules loaded by path
    """The controller's beam-on moves equal the wanted ones, one by one and in order."""
    np.testing.assert_allclose(moves.begin_um, lit.begin_um, atol=tolerance_um, rtol=0)
    np.testing.assert_allclose(moves.end_um, lit.end_um, atol=tolerance_um, rtol=0)
    np.testing.assert_allclose(moves.outputs[:, 0], lit.process[:, 0] * 1e6, atol=1e-6)
    np.testing.assert_allclose(moves.outputs[:, 1], lit.process[:, 1] * 1e-3, atol=1e-6)
    # Feeds are printed with four decimals of mm/min.
    np.testing.assert_allclose(moves.feed_um_s, lit.process[:, 2], atol=1e-3)
    assert not moves.rapid.any()
    assert not moves.lit_at_end


def test_lights_what_the_toolpath_asks_for(
    linuxcnc_beam_moves: Moves,
    rs274_canon: ModuleType,
    machine: Machine,
    toolpath: Toolpath,
    expanded: Callable[..., Any],
) -> None:
    moves = linuxcnc_beam_moves(write_gcode(toolpath, machine, header=["a (header)", "MSG, no message"]))
    agree(moves, expanded(toolpath), rs274_canon.PRINT_TOLERANCE_UM)
    assert len(moves.begin_um) == 27 * (2 + 4) + 3


def test_agrees_on_many_random_paths(
    linuxcnc_beam_moves: Moves, rs274_canon: ModuleType, machine: Machine, expanded: Callable[..., Any]
) -> None:
    generator = np.random.default_rng(20)
    blocks = []
    for repeats in (3, 1, 2):
        operations = []
        for energy_j in (1e-6, 0.123456e-6):
            starts = np.concatenate([[0], np.cumsum(generator.integers(2, 6, 400))])
            points = generator.uniform(-900, 900, (starts[-1], 3))
            # Axes that stay where they are, and paths that begin where the last one ended.
            points[::3, 2] = -5.0
            points[starts[5:50]] = points[starts[5:50] - 1]
            process = Process(pulse_energy_j=energy_j, repetition_rate_hz=150e3, feed_um_s=12_345.6)
            operations.append(Operation(name="R", process=process, paths=Polylines(points=points, starts=starts)))
        blocks.append(Block(repeats=repeats, operations=tuple(operations)))
    path = Toolpath(blocks=tuple(blocks))
    agree(linuxcnc_beam_moves(write_gcode(path, machine, header=[])), expanded(path), rs274_canon.PRINT_TOLERANCE_UM)


def test_our_reader_agrees_with_the_controller(
    linuxcnc_beam_moves: Moves, rs274_canon: ModuleType, machine: Machine, expanded: Callable[..., Any]
) -> None:
    """A program that no writer of ours would write: other spellings, loops, and gate commands in odd places."""
    program = b"""
; by hand
g21 G17 g90
G94 G40 G49 G54
G61
m65 p0
F300
M67 E0 Q1.5
M67 E1 Q50
G0 X0 Y0 Z0
o101 repeat [4]
M62 P0
g01 x.25 (note)
M63 P0
X0.5 Y-.25
M62 P0
G1 X0 Y0 F450
M67 E0 Q2
Z0.1
M63 P0
g0z0
M67 E0 Q1.5
F300
o101 endrepeat
M64 P0
G1 X1 Y1 Z-.125
M65 P0
G0 X0
M2
"""
    read = read_gcode(program, machine)
    assert read.findings == ()
    moves = linuxcnc_beam_moves(program)
    agree(moves, expanded(read.toolpath()), rs274_canon.PRINT_TOLERANCE_UM)
    assert len(moves.begin_um) == 4 * 3 + 1


def test_a_feed_on_the_line_of_its_unit_is_in_the_unit_before(linuxcnc_beam_moves: Moves, machine: Machine) -> None:
    """600 mm/min are 10 mm/s, and 600 in/min were 254 mm/s; the distance is an inch in both."""
    program = (
        b"G21 G90 G17 G94 G40 G49 G54 G61\nM67 E0 Q1\nM67 E1 Q1\nG0 X0 Y0 Z0\nM62 P0\nG20 F600\n"
        b"G1 X1\nM63 P0\nG0 X0\nM2\n"
    )
    moves, read = linuxcnc_beam_moves(program), read_gcode(program, machine)
    assert [finding.number for finding in read.findings] == ["M108"]
    for feed_um_s, end_um in ((moves.feed_um_s[0], moves.end_um[0]), (read.feed_um_s[1], read.end_um[1])):
        assert feed_um_s == pytest.approx(10_000.0)
        np.testing.assert_allclose(end_um, (25_400, 0, 0))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"G1 ", b"G1 Q"),
        (b"M2\n", b""),
        (b"F1200\n", b"F\n"),
        (b"G1 X", b"G1 Xnan X"),
        (b"endrepeat", b"endrepeated"),
        (b"M62 P0", b"M62"),
        (b"F1200\nM67", b"M67"),
    ],
)
def test_what_the_controller_refuses_so_do_we(
    linuxcnc_beam_moves: Moves, rs274_canon: ModuleType, machine: Machine, toolpath: Toolpath, *, old: bytes, new: bytes
) -> None:
    good = write_gcode(toolpath, machine, header=[])
    assert old in good
    bad = good.replace(old, new, 1)
    with pytest.raises(rs274_canon.RefusedError):
        linuxcnc_beam_moves(bad)
    program = read_gcode(bad, machine)
    assert not program.executable or np.isnan(program.feed_um_s).any()
