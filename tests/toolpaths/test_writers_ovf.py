"""The Open Vector Format writer: bytes by hand, what it refuses, its note, and the way back through the reader."""

import math
import struct
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import SAYABLE
from toolpaths.readers.ovf import read_ovf
from toolpaths.writers.ovf import import_note, write_ovf

DELAYS = Delays(laser_on_s=-5e-6, laser_off_s=1e-5, jump_s=2e-4, mark_s=1e-4, polygon_s=0.0, jump_um_s=2e6)
FULL = Process(
    pulse_energy_j=0.7e-6,
    repetition_rate_hz=2e5,
    feed_um_s=2e4,
    pulse_width_s=250e-15,
    spot_radius_um=6.0,
    wavelength_um=1.03,
    delays=DELAYS,
)
BARE = Process(pulse_energy_j=0.7e-6, repetition_rate_hz=2e5, feed_um_s=2e4)
LINE = ((0.0, 0.0, 0.0), (1000.0, 0.0, 0.0))


def toolpath(
    *paths: tuple[tuple[float, float, float], ...], process: Process = FULL, repeats: int = 1, name: str = "HATCH"
) -> Toolpath:
    polylines = Polylines(
        points=np.array([point for path in paths for point in path]),
        starts=np.cumsum([0, *(len(path) for path in paths)]),
    )
    return Toolpath(
        blocks=(Block(repeats=repeats, operations=(Operation(name=name, process=process, paths=polylines),)),)
    )


def same(found: Toolpath, wanted: Toolpath, *, atol_um: float = 6e-4) -> None:
    """Everything equal: points but for the rounding to nanometres and floats, figures but for that to floats."""
    assert [block.repeats for block in found.blocks] == [block.repeats for block in wanted.blocks]
    assert [len(block.operations) for block in found.blocks] == [len(block.operations) for block in wanted.blocks]
    for (_, one), (_, other) in zip(found.operations(), wanted.operations(), strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.paths.starts, other.paths.starts)
        np.testing.assert_allclose(one.paths.points, other.paths.points, rtol=0, atol=atol_um)
        np.testing.assert_allclose(flat(one.process), flat(other.process), rtol=1.2e-7)
        assert (one.process.delays is None) == (other.process.delays is None)


def flat(process: Process) -> list[float]:
    """Figures in one row, NaN for what is not said."""
    delays = process.delays
    rows = [
        process.pulse_energy_j,
        process.repetition_rate_hz,
        process.feed_um_s,
        process.pulse_width_s,
        process.spot_radius_um,
        process.wavelength_um,
    ]
    if delays is not None:
        rows += [delays.laser_on_s, delays.laser_off_s, delays.jump_s, delays.mark_s, delays.polygon_s]
        rows += [delays.jump_um_s, delays.sky_writing]
    return [math.nan if row is None else row for row in rows]


def test_bytes_by_hand() -> None:
    data = write_ovf(toolpath(LINE), name="p")
    # Hatches (field 2) with four floats 0, 0, 1, 0; key 1 (50); part 1 and contour -1 (100); micro-structuring (102).
    block = bytes.fromhex("2a12120a10 00000000 00000000 0000803f 00000000900301a2060d1801 28ffffffffffffffffff01b20600")
    # One block, no repeats, number 0; bounds from (0, 0) to (1, 0).
    shell = bytes.fromhex("1e 4001 4800 5000 6a16 3a14 0d00000000 1500000000 1d0000803f 2500000000")
    # Shell at 12 + 8 + 43, one block at 20.
    table = bytes.fromhex("05 083f 120114")
    assert data[:4] == b"LVF!"
    assert struct.unpack_from("<q", data, 12) == (63 + len(shell),)
    assert data[20:] == block + shell + table + data[63 + len(shell) + len(table) :]
    (table_at,) = struct.unpack_from("<q", data, 4)
    job_at = 63 + len(shell) + len(table)
    assert data[table_at:] == bytes([5, 0x08, job_at, 0x12, 1, 12])


def test_same_bytes_twice() -> None:
    assert write_ovf(toolpath(LINE), name="x") == write_ovf(toolpath(LINE), name="x")


def test_full_process_comes_back_whole() -> None:
    drawn = read_ovf(write_ovf(toolpath(LINE), name="x"))
    assert not drawn.findings
    assert drawn.says == SAYABLE
    ((_, operation),) = drawn.toolpath.operations()
    assert operation.process.pulse_energy_j == pytest.approx(0.7e-6, rel=1e-12)
    assert operation.process.delays == DELAYS


def test_what_is_not_said_stays_unsaid() -> None:
    drawn = read_ovf(write_ovf(toolpath(LINE, process=BARE), name="x"))
    assert drawn.says == {"z", "repeats", "order", "pulse_energy", "repetition_rate", "feed"}
    ((_, operation),) = drawn.toolpath.operations()
    process = operation.process
    assert (process.pulse_width_s, process.spot_radius_um, process.wavelength_um, process.delays) == (None,) * 4


def test_a_broken_rate_keeps_the_energy() -> None:
    process = replace(BARE, repetition_rate_hz=1000.4)
    ((_, operation),) = read_ovf(write_ovf(toolpath(LINE, process=process), name="x")).toolpath.operations()
    assert operation.process.repetition_rate_hz == 1000.0
    assert operation.process.pulse_energy_j == pytest.approx(0.7e-6, rel=1e-7)


@pytest.mark.parametrize("far_um", [16_000.0, 130_000.0, 999_999.9])
def test_rounding_stays_below_a_tenth_of_a_micrometre(far_um: float) -> None:
    """Half the distance of 32-bit floats: 0.5 nm at 16 mm and 31 nm at a metre."""
    path = tuple((far_um - 1.2345 * step, -far_um + 0.7 * step, 0.0) for step in range(200))
    ((_, operation),) = read_ovf(write_ovf(toolpath(path), name="x")).toolpath.operations()
    error_um = np.abs(operation.paths.points[:, :2] - np.array(path)[:, :2]).max()
    assert error_um <= np.spacing(np.float32(far_um / 1000)) / 2 * 1000 + 5.1e-4
    assert error_um < 0.1


def test_refuses_a_path_that_floats_cannot_tell() -> None:
    near, far = ((0.0, 0.0, 0.0), (0.001, 0.0, 0.0)), ((900_000.0, 0.0, 0.0), (900_000.001, 0.0, 0.0))
    assert not read_ovf(write_ovf(toolpath(near), name="x")).findings
    with pytest.raises(ToolpathError, match="too short"):
        write_ovf(toolpath(far), name="x")


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (replace(BARE, repetition_rate_hz=0.4), "must be 1 Hz or more"),
        (replace(BARE, pulse_energy_j=math.nan), "must be positive"),
        (replace(BARE, feed_um_s=1e60), "feed in mm/s is 1e"),
        (replace(BARE, pulse_energy_j=1e-60), "average power"),
        (replace(BARE, pulse_width_s=1e-16), "1 fs or more"),
        (replace(BARE, pulse_width_s=1.0), "below 1 s"),
        (replace(BARE, spot_radius_um=0.0), "spot radius"),
        (replace(BARE, wavelength_um=math.inf), "wavelength"),
        (replace(BARE, delays=replace(DELAYS, jump_um_s=0.0)), "jump speed"),
        (replace(BARE, delays=replace(DELAYS, jump_s=-1e-6)), "jump_s, -1e-06 s, must not be negative"),
        (replace(BARE, delays=replace(DELAYS, laser_on_s=math.nan)), "laser_on_s"),
        (replace(BARE, delays=replace(DELAYS, sky_writing=4)), "sky-writing mode, 4"),
    ],
)
def test_refuses_figures_that_the_format_cannot_hold(process: Process, message: str) -> None:
    for make in (lambda path: write_ovf(path, name="x"), import_note):
        with pytest.raises(ToolpathError, match=message):
            make(toolpath(LINE, process=process))


def test_refuses_every_fault_at_once() -> None:
    process = replace(BARE, spot_radius_um=-1.0, delays=replace(DELAYS, sky_writing=9))
    with pytest.raises(ToolpathError, match=r"(?s)spot radius.*sky-writing"):
        write_ovf(toolpath(LINE, process=process), name="x")


def test_refuses_more_repeats_than_the_field_holds() -> None:
    write_ovf(toolpath(LINE, repeats=2**32), name="x")
    with pytest.raises(ToolpathError, match="repeats"):
        write_ovf(toolpath(LINE, repeats=2**32 + 1), name="x")


def test_note_says_what_the_file_does_not_set() -> None:
    slope = ((0.0, 0.0, 0.0), (250.0, 0.0, -1.0))
    note = import_note(toolpath(slope, repeats=27))
    for words in ("x 0.000000 to 0.250000 mm", "runs 27 times", "0.14 W", "200000 Hz", "20 mm/s", "spot radius"):
        assert words in note
    assert "Hatches3D" in note
    assert "sky-writing" not in note
    bare = import_note(toolpath(LINE, process=BARE))
    for words in ("focus shift 0.000000 mm", "sign of the focus shift", "pulse length", "jump speed", "wavelength"):
        assert words in bare


figures = st.floats(min_value=1e-3, max_value=1e3)
um = st.integers(min_value=-2_000_000, max_value=2_000_000).map(lambda nanometres: nanometres / 1000)
seconds = st.integers(min_value=-(10**6), max_value=10**6).map(lambda nanoseconds: nanoseconds / 1e9)
delays = st.builds(
    Delays,
    laser_on_s=seconds,
    laser_off_s=seconds,
    jump_s=seconds.map(abs),
    mark_s=seconds.map(abs),
    polygon_s=seconds.map(abs),
    jump_um_s=figures.map(lambda figure: figure * 1e4),
    sky_writing=st.integers(0, 3),
)
processes = st.builds(
    Process,
    pulse_energy_j=figures.map(lambda figure: figure * 1e-6),
    repetition_rate_hz=st.integers(1, 10**9).map(float),
    feed_um_s=figures.map(lambda figure: figure * 1e4),
    pulse_width_s=st.none() | st.integers(1, 10**9).map(lambda femtoseconds: femtoseconds / 1e15),
    spot_radius_um=st.none() | figures,
    wavelength_um=st.none() | figures,
    delays=st.none() | delays,
)


@st.composite
def polylines(draw: st.DrawFn) -> Polylines:
    """Paths of two and more points, all of one height or each of its own, some of them closed."""
    level = draw(st.none() | um)
    paths = draw(st.lists(st.lists(st.tuples(um, um, um), min_size=2, max_size=5, unique=True), min_size=1, max_size=6))
    if level is not None:
        paths = [[(x, y, level) for x, y, _ in path] for path in paths]
        paths = [path for path in paths if all(one != other for one, other in pairwise(path))]
    rings = [[*path, path[0]] if len(path) > 2 and draw(st.booleans()) else path for path in paths]
    rings = rings or [[(0.0, 0.0, 1.0), (0.0, 1.0, 1.0)]]
    return Polylines(
        points=np.array([point for path in rings for point in path]),
        starts=np.cumsum([0, *(len(path) for path in rings)]),
    )


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 10_000), st.lists(st.tuples(processes, polylines()), min_size=1, max_size=3)),
        min_size=1,
        max_size=3,
    )
)
def test_the_reader_gives_back_what_was_written(blocks: list[tuple[int, list[tuple[Process, Polylines]]]]) -> None:
    wanted = Toolpath(
        blocks=tuple(
            Block(
                repeats=repeats,
                operations=tuple(
                    Operation(name=f"step {number}", process=process, paths=paths)
                    for number, (process, paths) in enumerate(operations)
                ),
            )
            for repeats, operations in blocks
        )
    )
    drawn = read_ovf(write_ovf(wanted, name="pin"))
    assert not drawn.findings
    same(drawn.toolpath, wanted)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_gives_a_file(name: str, step: str) -> None:
    drawn = read_ovf(write_ovf(toolpath(LINE, name=step), name=name))
    ((_, operation),) = drawn.toolpath.operations()
    assert operation.name == ("".join(letter for letter in step if letter.isprintable()) or "parameters 1")
