"""Programs that erode: read back as written, and run by LinuxCNC at full precision."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.job.shelves import MACHINES
from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, Setting, TouchOff
from toolpaths.errors import ToolpathError
from toolpaths.findings import Severity
from toolpaths.model import Polylines
from toolpaths.readers.edm_gcode import MOST_FINDINGS, ErosionRead, read_edm_gcode
from toolpaths.writers.edm_gcode import APPROACH_UM, PROBE_BELOW_UM, write_edm_gcode

MACHINE = MACHINES.load("edm-stage").value
SETTINGS = (
    Setting(name="open voltage", output=0, value=80.0, unit="V"),
    Setting(name="gain", output=3, value=0.25, unit=""),
)
NAN = float("nan")


def erode(*paths: list[tuple[float, float, float]], name: str = "rod 1 layer 1", tool: int = 0) -> Erode:
    points = np.array([point for path in paths for point in path], dtype=np.float64).reshape(-1, 3)
    starts = np.cumsum([0, *(len(path) for path in paths)])
    lines = Polylines(points=points, starts=starts)
    return Erode(name=name, tool=tool, feed_um_s=50.0, generator=SETTINGS, paths=lines)


PROGRAM = Erosion(
    events=(
        Change(tool=0),
        TouchOff(tool=0, x_um=810.0, y_um=-20.5, z_um=-412.25),
        erode([(0, 0, 7.4), (0, 0, -2.125), (100, 0, -2.625), (100, 50, -2.875)], [(0, 9, 7), (0, 9, -1), (5, 9, -1)]),
        Dress(tool=0),
        TouchOff(tool=0, x_um=-810.0, y_um=20.5, z_um=-412.25),
        erode([(0, 0, 1), (0, 0, -4)], name="rod 1 layer 2"),
        Change(tool=1),
        TouchOff(tool=1, x_um=0.0, y_um=820.0, z_um=-420.0),
        erode([(1, 2, 3), (4, 5, -6.789)], name="rod 2 layer 1", tool=1),
    ),
    safe_z_um=120.0,
)


def written(erosion: Erosion = PROGRAM, *header: str) -> bytes:
    return write_edm_gcode(erosion, MACHINE, header=header)


def read(data: bytes) -> ErosionRead:
    return read_edm_gcode(data, MACHINE)


def same(one: Erosion, other: Erosion) -> None:
    """Equal to half a nanometre, everything else exactly."""
    assert one.safe_z_um == pytest.approx(other.safe_z_um, abs=6e-4)
    assert [type(event) for event in one.events] == [type(event) for event in other.events]
    for left, right in zip(one.events, other.events, strict=True):
        assert left.tool == right.tool
        if isinstance(left, Erode) and isinstance(right, Erode):
            assert (left.name, left.generator) == (right.name, right.generator)
            assert left.feed_um_s == pytest.approx(right.feed_um_s, abs=1e-5)
            np.testing.assert_array_equal(left.paths.starts, right.paths.starts)
            np.testing.assert_allclose(left.paths.points, right.paths.points, atol=6e-4)
        elif isinstance(left, TouchOff) and isinstance(right, TouchOff):
            there, here = (np.array([touch.x_um, touch.y_um, touch.z_um]) for touch in (left, right))
            np.testing.assert_allclose(there, here, atol=6e-4)


def test_what_is_written_is_read() -> None:
    found = read(written(PROGRAM, "pin-engrave", "not calibrated"))
    assert found.findings == ()
    assert (found.untouched, found.spark_at_rest, found.spark_at_end) == ((), (), False)
    same(found.erosion, PROGRAM)


_coordinate = st.floats(-900, 900).map(lambda value: round(value, 3))
_path = st.lists(
    st.tuples(_coordinate, _coordinate, st.floats(-300, 60).map(lambda value: round(value, 3))),
    min_size=2,
    max_size=6,
    unique=True,
)
_name = st.text("abcXYZ 0123456789-_", min_size=1, max_size=30).map(str.strip).filter(bool)


@st.composite
def erosions(draw: st.DrawFn) -> Erosion:
    events: list[Event] = []
    for tool in range(draw(st.integers(1, 3))):
        events.append(Change(tool=tool))
        for _ in range(draw(st.integers(1, 2))):
            place = draw(st.tuples(_coordinate, _coordinate, _coordinate))
            events += [TouchOff(tool=tool, x_um=place[0], y_um=place[1], z_um=place[2])] * draw(st.integers(0, 1))
            paths = draw(st.lists(_path, min_size=1, max_size=3))
            events += [erode(*paths, name=draw(_name), tool=tool), Dress(tool=tool)]
    return Erosion(events=tuple(events), safe_z_um=150.0)


@settings(deadline=None, max_examples=60)
@given(erosion=erosions())
def test_any_program_is_read_as_it_was_written(erosion: Erosion) -> None:
    data = write_edm_gcode(erosion, MACHINE, header=())
    found = read(data)
    assert found.findings == ()
    same(found.erosion, erosion)
    assert write_edm_gcode(found.erosion, MACHINE, header=()) == data


def test_the_way_to_a_path_is_up_across_down_and_fed_without_spark() -> None:
    text = written(Erosion(events=(Change(tool=0), erode([(1, 2, 3), (4, 2, -5)])), safe_z_um=120.0)).decode()
    body = text[text.index("F3\n") :].splitlines()
    assert body[1:8] == [
        "G0 X0.001000 Y0.002000",
        f"G0 Z{(3 + APPROACH_UM) / 1000:.6f}",
        "G1 Z0.003000",
        "M64 P0",
        "G1 X0.004000 Z-0.005000",
        "M65 P0",
        "G0 Z0.120000",
    ]


def test_a_touch_goes_down_by_the_probe_and_sets_the_offset_to_what_was_touched() -> None:
    text = written().decode().splitlines()
    begin = text.index("(touch off electrode 1)")
    assert text[begin + 1 : begin + 6] == [
        "G0 X0.810000 Y-0.020500",
        f"G0 Z{(-412.25 + APPROACH_UM) / 1000:.6f}",
        f"G38.2 Z{(-412.25 - PROBE_BELOW_UM) / 1000:.6f} F1.2",
        "G10 L20 P1 Z-0.412250",
        "G0 Z0.120000",
    ]


def test_the_spark_is_off_first_and_last_and_the_generator_is_told_nothing_more() -> None:
    text = written().decode().splitlines()
    assert text[1] == "M65 P0"
    assert text[-5:] == ["M67 E0 Q0", "M67 E3 Q0", "G0 Z0.121000", "M65 P0", "M2"]
    assert "(open voltage in V)" in text
    assert "(gain)" in text


@pytest.mark.parametrize(
    ("erosion", "message"),
    [
        (Erosion(events=(), safe_z_um=100.0), "no path"),
        (Erosion(events=(erode([(0, 0, 0), (1, 0, 200)]),), safe_z_um=100.0), "above the safe height"),
        (Erosion(events=(erode([(0, 0, 0), (NAN, 0, 0)]),), safe_z_um=100.0), "not finite"),
        (Erosion(events=(replace(erode([(0, 0, 0), (1, 0, 0)]), feed_um_s=0.0),), safe_z_um=100.0), "feed"),
        (Erosion(events=(erode([(0, 0, 0), (1, 0, 0)]),), safe_z_um=NAN), "safe height is no number"),
    ],
)
def test_what_no_file_can_say_is_refused(erosion: Erosion, message: str) -> None:
    with pytest.raises(ToolpathError, match=message):
        written(erosion)


def test_a_laser_runs_no_such_program() -> None:
    stage = MACHINES.load("stage").value
    with pytest.raises(ToolpathError, match="erodes"):
        write_edm_gcode(PROGRAM, stage, header=())
    with pytest.raises(ToolpathError, match="erodes"):
        read_edm_gcode(b"", stage)


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        (b"M64 P0", b"M64 P1", "M472"),
        (b"M64 P0", b"M62 P0", "M472"),
        (b"G1 Z", b"G2 Z", "M472"),
        (b"G90", b"G91", "M472"),
        (b"G21 ", b"", "M474"),
        (b"M2\n", b"", "M478"),
        (b"M2\n", b"M2\nG0 Z1\n", "M474"),
        (b"F3\n", b"", "M475"),
        (b"(put in electrode 1)", b"(put in a rod)", None),
        (b"X0.100000", b"X1e5", "M472"),
        (b"X0.100000", b"X-1000.5", "M473"),
        (b"X0.100000", b"X\xc3\xa9", "M471"),
        (b"X0.100000", b"X0.1" + b"0" * 300, "M471"),
        (b"X0.100000", b"Xnan", "M472"),
    ],
)
def test_what_is_not_known_is_a_finding(old: bytes, new: bytes, number: str | None) -> None:
    data = written()
    assert old in data
    found = read(data.replace(old, new))
    numbers = {finding.number for finding in found.findings}
    if number is None:
        assert found.readable
        return
    assert number in numbers
    assert not found.readable
    assert found.erosion.events == ()


def test_a_path_of_nobody_is_a_finding() -> None:
    modes = b"G21 G90 G17 G94 G40 G49 G54 G61\n"
    found = read(modes + b"F3\nG0 X0 Y0\nG0 Z0.1\nM64 P0\nG1 Z0\nM65 P0\nM2\n")
    assert [finding.number for finding in found.findings] == ["M477"]
    blind = read(modes + b"(electrode 1: a)\nF3\nM64 P0\nG1 Z0\nM65 P0\nM2\n")
    assert "M476" in {finding.number for finding in blind.findings}


@pytest.mark.parametrize(
    "between", ["(put in electrode 1)", "(electrode 1: again)", "M67 E0 Q9", "G10 L20 P1 Z0.000000"]
)
def test_a_spark_that_stays_on_between_two_runs_is_a_fault(between: str) -> None:
    lines = written().decode().splitlines()
    lit = next(number for number, line in enumerate(lines) if line.startswith("M64")) + 2
    found = read("\n".join([*lines[:lit], between, *lines[lit:]]).encode())
    assert "M476" in {finding.number for finding in found.findings}
    assert not found.readable


def test_no_more_is_told_than_anybody_reads() -> None:
    found = read(b"G2\n" * 1000)
    assert len(found.findings) == MOST_FINDINGS + 1
    assert found.findings[-1].number == "M479"
    assert all(finding.severity is Severity.ERROR for finding in found.findings)


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=200))
def test_nothing_that_is_read_raises(data: bytes) -> None:
    assert not read(data).readable
    read(written()[:300] + data)


def test_linuxcnc_runs_it_to_the_last_nanometre(linuxcnc_exactly: Callable[[bytes], list[list[Any]]]) -> None:
    """Every canonical move of the controller's own interpreter, in mm, against the program's points."""
    calls = linuxcnc_exactly(written())
    place = [call[1:4] for call in calls if call[0] == "feed"]
    wanted: list[list[float]] = []
    for event in PROGRAM.eroding():
        for path in event.paths:
            wanted += (path / 1000.0).tolist()
    # Each path's first point is fed without the spark, from above.
    np.testing.assert_allclose(place, wanted, atol=1e-6, rtol=0)
    np.testing.assert_allclose([call[4] for call in calls if call[0] == "feed"], 3.0)
    probes = [call[1:4] for call in calls if call[0] == "probe"]
    touches = [event for event in PROGRAM.events if isinstance(event, TouchOff)]
    wanted_probes = [[t.x_um / 1000, t.y_um / 1000, (t.z_um - PROBE_BELOW_UM) / 1000] for t in touches]
    np.testing.assert_allclose(probes, wanted_probes, atol=1e-6, rtol=0)


def test_linuxcnc_takes_the_place_of_the_touch_for_the_face(
    linuxcnc_exactly: Callable[[bytes], list[list[Any]]],
) -> None:
    """Nothing stops the interpreter's probe, so that each time the offset goes down by what it was sent too far."""
    calls = linuxcnc_exactly(written())
    offsets = [call[3] for call in calls if call[0] == "offset" and call[3] != 0.0]
    np.testing.assert_allclose(offsets[:3], [-0.1, -0.2, -0.3], atol=1e-9)


def test_linuxcnc_keeps_the_slopes(linuxcnc_exactly: Callable[[bytes], list[list[Any]]]) -> None:
    """A slope of 3.3 nm to a micrometre, as wear asks for, over points a few micrometres apart."""
    way_um = np.cumsum(np.tile([3.0, 4.0, 5.0], 200))
    points = np.column_stack([way_um, np.zeros_like(way_um), -2.0 - 0.0033 * way_um])
    path = [tuple(point) for point in points.tolist()]
    calls = linuxcnc_exactly(written(Erosion(events=(Change(tool=0), erode(path)), safe_z_um=120.0)))
    moves = np.array([call[1:4] for call in calls if call[0] == "feed"])
    np.testing.assert_allclose(moves, points / 1000.0, atol=1e-6, rtol=0)
    slope = np.polyfit(moves[:, 0], moves[:, 2], 1)[0]
    assert slope == pytest.approx(-0.0033, rel=1e-4)
