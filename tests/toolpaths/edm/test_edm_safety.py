"""Every invariant of a program that erodes: a sound program keeps it, a planted fault is found by its number."""

import numpy as np
import pytest

from engrave.job.shelves import MACHINES
from engrave.tips import FlatTip
from toolpaths.edm.model import Change, Erode, Erosion, TouchOff
from toolpaths.edm.safety import check_erosion
from toolpaths.findings import Finding, Severity
from toolpaths.model import Polylines
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.writers.edm_gcode import write_edm_gcode

MACHINE = MACHINES.load("edm-stage").value
TIP = FlatTip(edge_radius_um=500.0)
DEEPEST_UM = 40.0
REACH_UM = 15.0


def path(*points: tuple[float, float, float]) -> Erode:
    lines = Polylines(points=np.array(points, dtype=np.float64), starts=np.array([0, len(points)]))
    return Erode(name="layer 1", tool=0, feed_um_s=50.0, generator=(), paths=lines)


def program(*events: Erode) -> bytes:
    touch = TouchOff(tool=0, x_um=450.0, y_um=0.0, z_um=0.0)
    return write_edm_gcode(
        Erosion(events=(Change(tool=0), touch, *events), safe_z_um=100.0), MACHINE, header=("sound",)
    )


SOUND = program(path((0, 0, 5), (0, 0, -20), (100, 0, -20), (100, 80, -21)))


def found(data: bytes) -> dict[str, Finding]:
    read = read_edm_gcode(data, MACHINE)
    findings = check_erosion(read, MACHINE, surface=TIP, deepest_um=(DEEPEST_UM,), reach_um=(REACH_UM,))
    return {finding.number: finding for finding in findings}


def test_a_sound_program_has_no_finding() -> None:
    assert found(SOUND) == {}


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        (b"G1 X0.100000\n", b"G0 X0.100000\n", "M452"),
        (b"G0 Z0.055000\n", b"G0 Z-0.005000\n", "M453"),
        (b"M65 P0\nG0 Z0.100000\nG0 Z0.101", b"M65 P0\nG0 X0.2\nG0 Z0.101", "M454"),
        (b"Z-0.021000", b"Z-0.040100", "M455"),
        (b"M64 P0\nG1 Z-0.020000\n", b"M64 P0\nM65 P0\nM64 P0\nG1 Z-0.020000\n", "M456"),
        (b"X0.100000", b"X5.100000", "M457"),
        (b"F3\n", b"F3000\n", "M458"),
        (b"(electrode 1:", b"(electrode 2:", "M461"),
        (b"X0.100000", b"X0.516000", "M462"),
        (b"G1 X0.100000", b"G7 X0.100000", "M451"),
    ],
)
def test_each_fault_is_found_by_its_number(old: bytes, new: bytes, number: str) -> None:
    assert SOUND.count(old) == 1
    findings = found(SOUND.replace(old, new))
    assert number in findings
    assert findings[number].severity is Severity.ERROR
    assert findings[number].remedy


def test_a_spark_that_stays_on_is_found() -> None:
    begin, _, _ = SOUND.rpartition(b"M65 P0\nG0 Z0.100000\n")
    findings = found(begin + b"M2\n")
    assert "M460" in findings
    nothing = b"G21 G90 G17 G94 G40 G49 G54 G61\nG0 Z0.1\nM2\n"
    assert "never on" in found(nothing)["M456"].message


def test_an_electrode_that_has_not_touched_is_a_warning() -> None:
    begin = SOUND.index(b"(touch off")
    end = SOUND.index(b"(electrode 1:")
    findings = found(SOUND[:begin] + SOUND[end:])
    assert findings["M459"].severity is Severity.WARNING
    assert set(findings) == {"M459"}


@pytest.mark.parametrize(("z_um", "sound"), [(-39.999, True), (-40.0, True), (-40.001, True), (-40.002, False)])
def test_the_deepest_is_kept_to_a_rounding(z_um: float, *, sound: bool) -> None:
    """Files hold whole nanometres: one of them beyond is still on the limit."""
    assert ("M455" not in found(program(path((0, 0, 5), (0, 0, z_um), (9, 0, z_um))))) is sound


@pytest.mark.parametrize(("x_um", "sound"), [(500.0, True), (514.9, True), (516.0, False)])
def test_an_axis_may_go_as_far_beyond_the_face_as_its_electrode_reaches(x_um: float, *, sound: bool) -> None:
    data = program(path((x_um, 0, 5), (x_um, 0, -1), (490, 0, -1)))
    assert ("M462" not in found(data)) is sound


def test_the_worst_figure_is_told_with_its_line() -> None:
    data = SOUND.replace(b"Z-0.021000", b"Z-0.045000")
    finding = found(data)["M455"]
    assert finding.value == pytest.approx(5.0)
    assert finding.limit == 0.0
    line = data.splitlines().index(b"G1 Y0.080000 Z-0.045000") + 1
    assert finding.place == f"line {line}"
