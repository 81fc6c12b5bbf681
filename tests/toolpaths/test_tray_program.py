"""A tray's program: in LinuxCNC's interpreter and in our reader, from its start and from any nest, in little memory."""

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from toolpaths.errors import ToolpathError
from toolpaths.fixture import Fiducial, Fixture, Nest
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.tray import nest_program, tray_parts, write_restart
from toolpaths.tray import difference_um, placement_of, taken_back
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.tray import NestWork, write_tray

SIDE = 10


@pytest.fixture(scope="module")
def wide(machine: Machine) -> Machine:
    return replace(
        machine,
        envelope_x_max_um=115_000.0,
        envelope_y_max_um=115_000.0,
        envelope_z_min_um=-2000.0,
        envelope_z_max_um=12_000.0,
    )


@pytest.fixture(scope="module")
def fixture() -> Fixture:
    """Ten by ten nests, each somewhere else, tilted and clocked."""
    generator = np.random.default_rng(6)

    def found(nest: int) -> Nest:
        dx, dy, dz = generator.uniform(-200, 200, 3).tolist()
        tilt_x, tilt_y = generator.uniform(-0.006, 0.006, 2).tolist()
        clocking = float(generator.uniform(-3, 3))
        return Nest(
            nest=nest, dx_um=dx, dy_um=dy, dz_um=dz, tilt_x_rad=tilt_x, tilt_y_rad=tilt_y, clocking_rad=clocking
        )

    return Fixture(
        name="hundred",
        rows=SIDE,
        columns=SIDE,
        column_pitch_um=10_000.0,
        row_pitch_um=10_000.0,
        first_x_um=10_000.0,
        first_y_um=10_000.0,
        tip_height_um=3000.0,
        safe_height_um=8000.0,
        max_offset_um=300.0,
        max_tilt_rad=0.01,
        max_clocking_rad=3.1,
        fiducials=(Fiducial(name="A", x_um=0.0, y_um=0.0), Fiducial(name="B", x_um=110_000.0, y_um=0.0)),
        nests=tuple(found(nest) for nest in range(1, SIDE * SIDE + 1)),
    )


def pin(seed: int) -> Toolpath:
    """A small toolpath as a file would hold it, whole nanometres: a hatch run several times and a contour run once."""
    generator = np.random.default_rng(seed)
    strong = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=200e3, feed_um_s=20_000.0)
    weak = Process(pulse_energy_j=0.25e-6, repetition_rate_hz=100e3, feed_um_s=12_000.0)

    def lines(count: int) -> Polylines:
        points = np.rint(generator.uniform(-700_000, 700_000, (2 * count, 3))) / 1000
        points[:, 2] = np.rint(-(points[:, 2] ** 2) / 2) / 1000
        return Polylines(points=points, starts=np.arange(0, 2 * count + 1, 2))

    hatch = Operation(name="HATCH", process=strong, paths=lines(3))
    contour = Operation(name="CONTOUR", process=weak, paths=lines(1))
    return Toolpath(
        blocks=(Block(repeats=2 + seed % 3, operations=(hatch, contour)), Block(repeats=1, operations=(contour,)))
    )


def works(fixture: Fixture) -> Iterator[NestWork]:
    for nest in fixture.travel():
        yield NestWork(nest=nest, title=f"{nest:04d} 0000", toolpath=pin(nest))


@pytest.fixture(scope="module")
def tray(fixture: Fixture, wide: Machine) -> bytes:
    out = io.BytesIO()
    write_tray(out, works(fixture), fixture, wide, header=["tray 1 of 1", "map 1: 0001 0000 AAA0001"])
    return out.getvalue()


def lit_of(fixture: Fixture, nests: tuple[int, ...]) -> Any:  # noqa: ANN401 - arrays
    """Every lit straight piece by the plan: begin and end (m, 3), energies, as the placement has them."""
    begins, ends, energies = [], [], []
    for nest in nests:
        placement = placement_of(fixture, nest)
        for block in pin(nest).blocks:
            for operation in block.operations * block.repeats:
                begin, end = operation.paths.segments()
                begins.append(placement.to_tray(begin))
                ends.append(placement.to_tray(end))
                energies += [operation.process.pulse_energy_j] * len(begin)
    return np.concatenate(begins), np.concatenate(ends), np.array(energies)


def test_the_controller_lights_every_pin_where_it_stands(
    linuxcnc_beam_moves: Callable[..., Any], rs274_canon: ModuleType, tray: bytes, fixture: Fixture
) -> None:
    moves = linuxcnc_beam_moves(tray)
    begin, end, energy_j = lit_of(fixture, fixture.travel())
    np.testing.assert_allclose(moves.begin_um, begin, atol=rs274_canon.PRINT_TOLERANCE_UM, rtol=0)
    np.testing.assert_allclose(moves.end_um, end, atol=rs274_canon.PRINT_TOLERANCE_UM, rtol=0)
    np.testing.assert_allclose(moves.outputs[:, 0], energy_j * 1e6, atol=1e-6)
    assert not moves.rapid.any()
    assert not moves.lit_at_end
    assert len(moves.begin_um) > 100 * 9


def restarted(tray: bytes, nest: int, skip: tuple[int, ...] = ()) -> tuple[bytes, tuple[int, ...]]:
    out = io.BytesIO()
    nests = write_restart(io.BytesIO(tray), out, nest=nest, skip=skip)
    return out.getvalue(), nests


def test_resumed_at_nest_57_the_controller_does_the_same_from_there_on(
    linuxcnc_beam_moves: Callable[..., Any], tray: bytes, fixture: Fixture
) -> None:
    """Row 6 is run backwards: 60, 59, 58, 57, 56 to 51; then rows 7 to 10: 47 nests are left."""
    program, nests = restarted(tray, 57)
    assert nests[:8] == (57, 56, 55, 54, 53, 52, 51, 61)
    assert len(nests) == 47
    whole, rest = linuxcnc_beam_moves(tray), linuxcnc_beam_moves(program)
    count = len(lit_of(fixture, nests)[0])
    assert len(rest.begin_um) == count
    for name in ("begin_um", "end_um", "feed_um_s", "outputs"):
        np.testing.assert_array_equal(getattr(rest, name), getattr(whole, name)[-count:])


def test_resumed_at_nest_57_our_reader_finds_the_same_moves(tray: bytes, wide: Machine) -> None:
    program, _ = restarted(tray, 57)
    whole, rest = read_gcode(tray, wide), read_gcode(program, wide)
    assert (whole.findings, rest.findings) == ((), ())
    moves = len(rest)
    # The first travel comes from wherever the machine stood; from its end on all is the same.
    np.testing.assert_array_equal(rest.begin_um[1:], whole.begin_um[-moves + 1 :])
    for name in ("end_um", "lit", "rapid", "feed_um_s", "pulse_energy_j", "repetition_rate_hz", "times"):
        # What energy a travel carries is left from the nest before it: none is lit.
        start = 0 if name in {"end_um", "lit", "rapid", "times"} else 1
        np.testing.assert_array_equal(getattr(rest, name)[start:], getattr(whole, name)[-moves + start :], err_msg=name)
    assert not rest.lit[0]


def test_a_restart_of_a_restart_and_nests_left_out(tray: bytes) -> None:
    once, _ = restarted(tray, 57, (56, 61))
    twice, nests = restarted(once, 55, (100,))
    assert nests[:6] == (55, 54, 53, 52, 51, 62)
    assert (nests[-1], len(nests)) == (91, 47 - 4)
    assert tray.endswith(once[once.index(b"(nest 62:") :])
    assert re.findall(rb"^\(nest ([0-9]+):", twice, re.MULTILINE) == [b"%d" % nest for nest in nests]


def test_every_nest_taken_back_is_the_pins_own_program(tray: bytes, fixture: Fixture, wide: Machine) -> None:
    opening, *sections = tray_parts(io.BytesIO(tray))
    assert tuple(section.nest for section in sections) == fixture.travel()
    for section in sections[::9]:
        own = read_gcode(write_gcode(pin(section.nest), wide, header=[]), wide).toolpath()
        found = read_gcode(nest_program(opening, section), wide)
        assert found.findings == ()
        difference = difference_um(own, taken_back(found.toolpath(), placement_of(fixture, section.nest)))
        # Half the diagonal of a lattice of nanometres.
        assert isinstance(difference, float)
        assert 0.1e-3 < difference < 0.8661e-3


def test_travel_is_dark_and_at_the_safe_height(tray: bytes, fixture: Fixture, wide: Machine) -> None:
    program = read_gcode(tray, wide)
    far = np.linalg.norm(program.end_um[:, :2] - program.begin_um[:, :2], axis=1) > 2000.0
    assert far.sum() == SIDE * SIDE - 1
    assert not program.lit[far].any()
    np.testing.assert_array_equal(program.begin_um[far, 2], fixture.safe_height_um)
    np.testing.assert_array_equal(program.end_um[far, 2], fixture.safe_height_um)


def test_labels_stand_once(tray: bytes) -> None:
    labels = re.findall(rb"^o([0-9]+) repeat", tray, re.MULTILINE)
    assert len(labels) == len(set(labels)) == 100
    assert b"57001" in labels


def test_the_same_input_gives_the_same_bytes(tray: bytes, fixture: Fixture, wide: Machine) -> None:
    again = io.BytesIO()
    write_tray(again, works(fixture), fixture, wide, header=["tray 1 of 1", "map 1: 0001 0000 AAA0001"])
    assert again.getvalue() == tray


def test_a_pin_that_leaves_the_envelope_is_named(fixture: Fixture, wide: Machine) -> None:
    narrow = replace(wide, envelope_x_max_um=50_500.0)
    with pytest.raises(ToolpathError, match=r"nest 5: .* leaves the envelope"):
        write_tray(io.BytesIO(), works(fixture), fixture, narrow, header=[])


def test_a_tray_without_pins_is_refused(fixture: Fixture, wide: Machine) -> None:
    with pytest.raises(ToolpathError, match="no pin"):
        write_tray(io.BytesIO(), iter(()), fixture, wide, header=[])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"M2\n", b"", "nothing follows after nest 91"),
        (b"M2\n", b"M2\nG0 X0\n", "text after M2"),
        (b"(end of nest 91)\n", b"", "nest 91 does not end"),
        (b"(end of nest 3)\n", b"(end of nest 4)\n", "another nest begins or ends inside it"),
        (
            b"(nest 3: 0003 0000)\n",
            b"G0 X0 Y0 Z0\n(nest 3: 0003 0000)\n",
            "neither a nest nor the end follows after nest 2",
        ),
        (b"(nest 3: 0003 0000)\n", b"(nest 2: 0003 0000)\n", "nest 2 stands there twice"),
        (b"(end of nest 3)\n", b"", "nest 3: another nest begins or ends inside it"),
    ],
)
def test_a_damaged_program_is_refused(tray: bytes, old: bytes, new: bytes, message: str) -> None:
    assert tray.count(old) == 1
    with pytest.raises(ToolpathError, match=message):
        list(tray_parts(io.BytesIO(tray.replace(old, new))))


@pytest.mark.parametrize("data", [b"", b"\x00" * 100_000, b"(nest 1: a)\n", b"(nest 1: a)\n" + b"x" * 40_000_000])
def test_what_is_no_tray_program_is_refused(data: bytes) -> None:
    with pytest.raises(ToolpathError, match="no tray program"):
        list(tray_parts(io.BytesIO(data)))


def test_a_nest_that_is_not_there_is_told_with_those_that_are(tray: bytes) -> None:
    with pytest.raises(ToolpathError, match=r"nest 101, 200: not in this program, which marks 1, 2, 3"):
        restarted(tray, 101, (200,))
    with pytest.raises(ToolpathError, match="nothing would be marked"):
        restarted(tray, 91, (91,))


_MEASURE = """
import io, resource, sys
import numpy as np
from toolpaths.fixture import Fiducial, Fixture
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.tray import write_restart
from toolpaths.writers.tray import NestWork, write_tray

class Sink(io.RawIOBase):
    size = 0
    def write(self, data):
        self.size += len(data)
        return len(data)

marks = (Fiducial(name="A", x_um=0.0, y_um=0.0), Fiducial(name="B", x_um=1.0, y_um=0.0))
fixture = Fixture(name="f", rows=10, columns=10, column_pitch_um=1e4, row_pitch_um=1e4, first_x_um=1e4, first_y_um=1e4,
    tip_height_um=3e3, safe_height_um=8e3, max_offset_um=300.0, max_tilt_rad=0.01, max_clocking_rad=1.0,
    fiducials=marks)
machine = Machine(name="m", controller="linuxcnc", formats=("ngc",), envelope_x_min_um=-1e6, envelope_x_max_um=1e6,
    envelope_y_min_um=-1e6, envelope_y_max_um=1e6, envelope_z_min_um=-1e5, envelope_z_max_um=1e5, resolution_um=0.05,
    max_feed_um_s=2e5, acceleration_um_s2=1e7, gate_latency_s=1e-6, gate_jitter_s=1e-6, max_pulse_energy_j=1e-5,
    gate_output=0, energy_output=0, rate_output=1)
process = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e5, feed_um_s=1e4)

def works(count):
    for nest in range(1, count + 1):
        points = np.random.default_rng(nest).uniform(-700, 700, (10_000, 3))
        paths = Polylines(points=points, starts=np.arange(0, 10_001, 2))
        operation = Operation(name="H", process=process, paths=paths)
        yield NestWork(nest=nest, title="t", toolpath=Toolpath(blocks=(Block(repeats=9, operations=(operation,)),)))

sink = Sink()
write_tray(sink, works(int(sys.argv[1])), fixture, machine, header=[])
print(sink.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_number_of_pins() -> None:
    def measured(count: int) -> tuple[int, int]:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(count)], capture_output=True, check=True, timeout=120
        )
        size, peak_kb = map(int, done.stdout.split())
        return size, peak_kb * (1 if sys.platform == "darwin" else 1024)

    (small, few_bytes), (large, many_bytes) = measured(2), measured(30)
    assert large > 14 * small
    assert large - small > 10_000_000
    assert many_bytes - few_bytes < 8_000_000
