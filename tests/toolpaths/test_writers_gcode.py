"""The G-code writer: its text, held against one written by hand, and what it refuses."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.errors import ToolpathError
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.writers.gcode import write_gcode

PROCESS = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=10_000.0)

# Written by hand: a closed triangle run three times, then one line. 10 mm/s is F600.
BY_HAND = """\
(batch 12)
G21 G90 G17 G94 G40 G49 G54 G61
M65 P0
o1 repeat [3]
(operation TRI)
F600
M67 E0 Q0.7
M67 E1 Q200
G0 X0.000000 Y0.000000 Z-0.001000
M62 P0
G1 X0.100000 Y0.000000 Z-0.001000
Y0.050000 Z-0.002000
X0.000000 Y0.000000 Z-0.001000
M63 P0
o1 endrepeat
(operation LINE)
F600
M67 E0 Q0.7
M67 E1 Q200
G0 X-0.000001 Y0.012346 Z0.000000
M62 P0
G1 X0.200000 Y0.012346 Z0.000000
M63 P0
M67 E0 Q0
M67 E1 Q0
G0 X0.000000 Y0.000000 Z-0.001000
M65 P0
M2
"""


def one(points: object, *, process: Process = PROCESS, repeats: int = 1, name: str = "A") -> Toolpath:
    array = np.array(points, dtype=np.float64)
    paths = Polylines(points=array, starts=np.array([0, len(array)]))
    return Toolpath(blocks=(Block(repeats=repeats, operations=(Operation(name=name, process=process, paths=paths),)),))


def test_text_as_written_by_hand(machine: Machine) -> None:
    triangle = one([(0, 0, -1), (100, 0, -1), (100, 50, -2), (0, 0, -1)], repeats=3, name="TRI")
    line = one([(-0.0006, 12.3456, 0.0), (200.0, 12.3456, -0.0004)], name="LINE")
    both = Toolpath(blocks=triangle.blocks + line.blocks)
    assert write_gcode(both, machine, header=["batch 12"]).decode() == BY_HAND


def test_outputs_come_from_the_profile(machine: Machine) -> None:
    from dataclasses import replace  # noqa: PLC0415 - used once

    other = replace(machine, gate_output=3, energy_output=5, rate_output=4)
    text = write_gcode(one([(0, 0, 0), (1, 0, 0)]), other, header=[]).decode()
    assert "M62 P3" in text
    assert "M67 E5 Q0.7" in text
    assert "M67 E4 Q200" in text
    assert "P0" not in text


def test_points_that_fall_together_are_written_once(machine: Machine) -> None:
    text = write_gcode(one([(0, 0, 0), (1, 0, 0), (1.0002, 0, 0), (2, 0, 0)]), machine, header=[]).decode()
    assert text.count("X0.001000") == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("plain text", "(plain text)"),
        ("a (nested) one", "(a [nested] one)"),
        ("two\nlines\tand \x07 bell", "(two lines and ? bell)"),
        ("50 µm", "(50 ?m)"),
        ("MSG, stop here", "(- MSG, stop here)"),
        ("logopen,/etc/passwd", "(- logopen,/etc/passwd)"),
        ("", None),
    ],
)
def test_header_becomes_harmless_comments(machine: Machine, header: str, expected: str | None) -> None:
    lines = write_gcode(one([(0, 0, 0), (1, 0, 0)]), machine, header=[header]).decode().split("\n")
    assert lines[0] == (expected or "G21 G90 G17 G94 G40 G49 G54 G61")


def test_long_header_and_name_are_wrapped(machine: Machine) -> None:
    data = write_gcode(one([(0, 0, 0), (1, 0, 0)], name="n" * 500), machine, header=["h" * 1000])
    assert max(len(line) for line in data.split(b"\n")) < 255
    assert data.count(b"h") == 1000


@given(
    st.lists(
        st.tuples(*[st.floats(-900.0, 900.0, allow_nan=False) for _ in range(3)]), min_size=2, max_size=6, unique=True
    )
)
def test_only_plain_decimals(machine: Machine, points: list[tuple[float, float, float]]) -> None:
    if len({tuple(np.rint(np.array(point) * 1000)) for point in points}) < 2:
        return
    text = write_gcode(one(points), machine, header=[]).decode("ascii")
    for line in text.splitlines()[2:]:
        words = re.findall(r"([A-Za-z])([^A-Za-z ]*)", line.partition("(")[0])
        assert all(re.fullmatch(r"-?\d+(\.\d+)?", number) for _, number in words)
    assert not re.search(r"-0\.000000(?!\d)", text)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e6])
def test_refuses_coordinates_that_are_none(machine: Machine, bad: float) -> None:
    with pytest.raises(ToolpathError, match="not finite"):
        write_gcode(one([(0, 0, 0), (bad, 0, 0)]), machine, header=[])


def test_refuses_all_faults_at_once(machine: Machine) -> None:
    lame = Process(pulse_energy_j=0.0, repetition_rate_hz=200e3, feed_um_s=np.nan)
    blocks = (
        *one([(0, 0, 0), (np.nan, 0, 0)], name="FIRST").blocks,
        *one([(0, 0, 0), (1, 0, 0)], name="SECOND", process=lame, repeats=0).blocks,
        *one([(0, 0, 0), (0.0001, 0, 0)], name="THIRD").blocks,
    )
    with pytest.raises(ToolpathError) as caught:
        write_gcode(Toolpath(blocks=blocks), machine, header=[])
    assert all(word in str(caught.value) for word in ("FIRST", "SECOND", "THIRD", "0 repeats"))


@pytest.mark.parametrize("blocks", [(), (Block(repeats=2, operations=()),)])
def test_refuses_to_write_nothing(machine: Machine, blocks: tuple[Block, ...]) -> None:
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        write_gcode(Toolpath(blocks=blocks), machine, header=[])


@pytest.mark.parametrize(("energy_j", "written"), [(0.6e-12, True), (0.4e-12, False)])
def test_refuses_what_six_decimals_cannot_hold(machine: Machine, energy_j: float, *, written: bool) -> None:
    path = one([(0, 0, 0), (1, 0, 0)], process=Process(pulse_energy_j=energy_j, repetition_rate_hz=1e5, feed_um_s=1e4))
    if written:
        assert b"M67 E0 Q0.000001" in write_gcode(path, machine, header=[])
    else:
        with pytest.raises(ToolpathError, match="below the least"):
            write_gcode(path, machine, header=[])


def test_machine_profile_reports_all_faults() -> None:
    with pytest.raises(ToolpathError) as caught:
        Machine(
            name="x",
            controller="grbl",
            formats=("ngc", "hpgl"),
            envelope_x_min_um=1.0,
            envelope_x_max_um=2.0,
            envelope_y_min_um=-1.0,
            envelope_y_max_um=1.0,
            envelope_z_min_um=-1.0,
            envelope_z_max_um=1.0,
            resolution_um=0.0,
            max_feed_um_s=float("nan"),
            acceleration_um_s2=-1.0,
            gate_latency_s=-1e-6,
            gate_jitter_s=0.0,
            max_pulse_energy_j=1e-6,
            gate_output=64,
            energy_output=2,
            rate_output=2,
        )
    for word in (
        "grbl",
        "hpgl",
        "envelope_x",
        "resolution",
        "max_feed",
        "acceleration",
        "latency",
        "64",
        "same analog",
    ):
        assert word in str(caught.value)
    assert "envelope_y" not in str(caught.value)
