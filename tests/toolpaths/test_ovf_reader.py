"""The Open Vector Format reader on files made here byte by byte, whole and broken; nothing of the writer is used."""

import math
import struct
import time
import tracemalloc
from itertools import chain, permutations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolpaths.findings import Severity
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.ovf import MOST_BYTES, MOST_RUNS, read_ovf
from toolpaths.readers.ovf_job import MOST_PLANES, MOST_VECTOR_BLOCKS
from toolpaths.readers.ovf_wire import MOST_FIELDS


def varint(value: int) -> bytes:
    pieces = bytearray()
    value &= 2**64 - 1
    while value > 127:
        pieces.append(value & 127 | 128)
        value >>= 7
    return bytes([*pieces, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def real(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def part_of(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def hatches(*values: float, key: int = 0) -> bytes:
    return part_of(2, part_of(1, floats(*values))) + number(50, key)


def sequence(*values: float, key: int = 0) -> bytes:
    return part_of(1, part_of(1, floats(*values))) + number(50, key)


def delimited(message: bytes) -> bytes:
    return varint(len(message)) + message


POWER = real(1, 0.5) + real(2, 20.0) + number(7, 100_000)
LINE = hatches(0, 0, 1, 0)


def job(
    *planes: tuple[bytes, list[bytes]], marking: bytes = POWER, count: int | None = None, shell: bytes = b""
) -> bytes:
    """A file of planes, each a shell without its number of blocks, and its blocks; marking parameters for key 0."""
    data = bytearray(b"LVF!" + bytes(8))
    at = []
    for plane, blocks in planes:
        at.append(len(data))
        data += bytes(8)
        places = []
        for block in blocks:
            places.append(len(data))
            data += delimited(block)
        shell_at = len(data)
        data += delimited(plane + number(8, len(blocks)))
        data[at[-1] : at[-1] + 8] = struct.pack("<q", len(data))
        data += delimited(number(1, shell_at) + part_of(2, b"".join(map(varint, places))))
    shell_at = len(data)
    shell += part_of(3, part_of(2, marking)) + number(6, len(planes) if count is None else count)
    data += delimited(shell)
    data[4:12] = struct.pack("<q", len(data))
    data += delimited(number(1, shell_at) + part_of(2, b"".join(map(varint, at))))
    return bytes(data)


def with_table(table: bytes) -> bytes:
    """A file of nothing but the job's table at its end."""
    return b"LVF!" + struct.pack("<q", 13) + b"\x00" + delimited(table)


def numbers(drawn: Drawn) -> list[str]:
    return [finding.number for finding in drawn.findings]


def refused(data: bytes, *wanted: str) -> Drawn:
    drawn = read_ovf(data)
    assert numbers(drawn) == list(wanted)
    assert not drawn.toolpath.blocks
    assert not drawn.says
    assert not drawn.readable
    assert all(finding.place and finding.message and finding.remedy for finding in drawn.findings)
    return drawn


def test_a_small_job_by_hand() -> None:
    drawn = read_ovf(job((b"", [LINE, sequence(0, 0, 0, 2, 3, 2)])))
    assert not drawn.findings
    assert drawn.says == {"repeats", "order", "pulse_energy", "repetition_rate", "feed"}
    ((times, operation),) = drawn.toolpath.operations()
    assert (times, operation.name) == (1, "parameters 0")
    # 0.5 W over 100 kHz is 5 uJ; 20 mm/s.
    assert operation.process.pulse_energy_j == pytest.approx(5e-6, rel=1e-12)
    assert operation.process.feed_um_s == 20_000.0
    assert [path.tolist() for path in operation.paths] == [
        [[0, 0, 0], [1000, 0, 0]],
        [[0, 0, 0], [0, 2000, 0], [3000, 2000, 0]],
    ]


def test_heights_of_plane_points_and_focus_shift_add_up() -> None:
    line_3d = part_of(7, part_of(1, floats(0, 0, 0.5, 1, 0, 0.25)))
    drawn = read_ovf(job((real(2, 10.0) + real(4, 1.0), [line_3d]), marking=POWER + real(3, -0.125)))
    ((_, operation),) = drawn.toolpath.operations()
    assert operation.paths.points.tolist() == [[10_000, 0, 1375], [11_000, 0, 1125]]
    assert "z" in drawn.says


def test_delays_beside_their_defaults() -> None:
    """A writer of version 3 leaves zeros out: a delay not there is 0, a jump speed not there is not known."""
    ((_, operation),) = read_ovf(job((b"", [LINE]), marking=POWER + number(10, 3))).toolpath.operations()
    assert operation.process.delays is not None
    assert (operation.process.delays.sky_writing, operation.process.delays.mark_s) == (3, 0.0)
    assert np.isnan(operation.process.delays.jump_um_s)
    drawn = read_ovf(job((b"", [LINE]), marking=POWER + real(5, 2000.0) + real(14, 100.0)))
    ((_, operation),) = drawn.toolpath.operations()
    assert operation.process.delays is not None
    assert (operation.process.delays.jump_um_s, operation.process.delays.mark_s) == (2e6, 1e-4)
    assert "delays" in drawn.says


def test_continuous_wave_has_no_pulse() -> None:
    drawn = read_ovf(job((b"", [LINE]), marking=real(1, 330.0)))
    ((_, operation),) = drawn.toolpath.operations()
    figures = (operation.process.pulse_energy_j, operation.process.repetition_rate_hz, operation.process.feed_um_s)
    assert np.all(np.isnan(figures))
    assert drawn.says == {"repeats", "order"}


def test_lists_one_by_one_and_in_pieces() -> None:
    """Readers of protocol buffers take a packed list in pieces, and one number to a field."""
    points = part_of(1, floats(0, 0)) + real(1, 1) + real(1, 0) + part_of(1, floats(1, 1))
    drawn = read_ovf(job((b"", [part_of(1, points[:15]) + part_of(1, points[15:])])))
    ((_, operation),) = drawn.toolpath.operations()
    assert operation.paths.points[:, :2].tolist() == [[0, 0], [1000, 0], [1000, 1000]]


def test_repeats_of_planes_and_of_blocks() -> None:
    twice = number(54, 1)
    plane = read_ovf(job((number(9, 26), [LINE])))
    assert [block.repeats for block in plane.toolpath.blocks] == [27]
    both = read_ovf(job((number(9, 2), [LINE + twice])))
    assert [block.repeats for block in both.toolpath.blocks] == [6]
    # A once, B twice, C twice, D once: each of B and C by itself, and all that three times over.
    mixed = read_ovf(job((number(9, 2), [LINE, LINE + twice, LINE + twice, LINE])))
    assert [block.repeats for block in mixed.toolpath.blocks] == [1, 2, 2, 1] * 3
    assert not mixed.findings


def test_blocks_of_one_key_are_one_operation_in_order() -> None:
    marking = part_of(3, number(1, 7) + part_of(2, POWER + part_of(26, b"other")))
    drawn = read_ovf(job((b"", [LINE, LINE, hatches(0, 0, 1, 1, key=7), LINE]), shell=marking))
    named = [(operation.name, len(operation.paths)) for _, operation in drawn.toolpath.operations()]
    assert named == [("parameters 0", 2), ("other", 1), ("parameters 0", 1)]


def test_fields_of_a_block_in_any_order() -> None:
    extra = part_of(1, b"spot_radius_in_um") + varint(2 << 3 | 1) + struct.pack("<d", 6.0)
    shell = part_of(4, number(1, 5) + part_of(2, part_of(4, part_of(100, extra))))
    shell += part_of(3, number(1, 2) + part_of(2, POWER + part_of(26, b"two")))
    meta, vectors, key = part_of(100, number(3, 5)), part_of(2, part_of(1, floats(0, 0, 1, 0))), number(50, 2)
    for fields in permutations((meta, vectors, key, number(54, 1))):
        drawn = read_ovf(job((b"", [b"".join(fields)]), shell=shell))
        ((times, operation),) = drawn.toolpath.operations()
        assert (times, operation.name, operation.process.spot_radius_um) == (2, "two", 6.0)


def test_unknown_fields_are_passed_over() -> None:
    deep = b""
    for _ in range(200):
        deep = part_of(99, deep)
    strange = deep + number(90, 5) + real(91, 1.0) + varint(92 << 3 | 1) + bytes(8)
    plain = job((b"", [LINE]))
    padded = job((strange, [strange + LINE + strange]), marking=POWER + strange, shell=strange)
    for drawn in (read_ovf(plain), read_ovf(padded)):
        assert not drawn.findings
    assert numbers(read_ovf(padded)) == numbers(read_ovf(plain))


WHOLE = job((number(9, 2), [LINE, sequence(0, 0, 0, 2)]), (real(4, -0.5), [hatches(1, 1, 2, 2)]))


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_a_file_cut_anywhere_is_refused(end: int) -> None:
    drawn = read_ovf(WHOLE[:end])
    assert drawn.findings[0].number in {"M362", "M363", "M365"}
    assert not drawn.toolpath.blocks


def test_the_whole_file_is_not() -> None:
    assert not read_ovf(WHOLE).findings


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", "M362"),
        (b"PK\x03\x04" + WHOLE[4:], "M362"),
        (b"LVF!" + bytes(8) + WHOLE[12:], "M362"),
        (b"LVF!" + struct.pack("<q", -1) + WHOLE[12:], "M363"),
        (b"LVF!" + struct.pack("<q", len(WHOLE)) + WHOLE[12:], "M363"),
        (b"LVF!" + struct.pack("<q", 2**62) + WHOLE[12:], "M363"),
        (with_table(number(1, -5)), "M363"),
        (with_table(number(1, 10**12)), "M363"),
        (with_table(number(1, 12) + part_of(2, varint(-8 & (2**64 - 1)))), "M367"),
    ],
)
def test_wrong_head_or_position(data: bytes, finding: str) -> None:
    refused(data, finding)


def test_positions_in_a_circle() -> None:
    """A thousand planes that are all one plane, whose table lies where the job's table does."""
    at = 13 + len(delimited(number(6, 1000)))
    table = number(1, 13) + part_of(2, varint(4) * 1000)
    refused(b"LVF!" + struct.pack("<q", at) + b"\x00" + delimited(number(6, 1000)) + delimited(table), "M364")


def test_one_large_block_named_many_times() -> None:
    """Half a million coordinates, named by ten thousand entries: 40 GB if it were believed."""
    block = delimited(part_of(2, part_of(1, bytes(2_000_000))))
    data = bytearray(b"LVF!" + bytes(16) + block)
    shell_at = len(data)
    data += delimited(number(8, 10_000))
    data[12:20] = struct.pack("<q", len(data))
    data += delimited(number(1, shell_at) + part_of(2, varint(20) * 10_000))
    job_at = len(data)
    data += delimited(number(6, 1))
    data[4:12] = struct.pack("<q", len(data))
    data += delimited(number(1, job_at) + part_of(2, varint(12)))
    assert bounded(bytes(data), most_bytes=20e6).findings[0].number == "M364"


def bounded(data: bytes, *, most_bytes: float = math.inf) -> Drawn:
    """Read in less than ten seconds of CPU and, where it is asked for, so much memory (which takes its time)."""
    if most_bytes < math.inf:
        tracemalloc.start()
    begun = time.process_time()
    drawn = read_ovf(data)
    assert time.process_time() - begun < 10.0
    if most_bytes < math.inf:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < most_bytes
    return drawn


@pytest.mark.parametrize("size", [2**31, 10**9 * 16, 2**63, 2**64 - 1])
def test_huge_lengths(size: int) -> None:
    """A billion vectors claimed in a few bytes, by a message, a field and a list within it."""
    huge = varint(2 << 3 | 2) + varint(size)
    refused(job((b"", [huge])), "M365")
    refused(job((b"", [part_of(2, varint(1 << 3 | 2) + varint(size))])), "M365")
    refused(b"LVF!" + struct.pack("<q", 12) + varint(size), "M365")


def test_a_number_that_does_not_end() -> None:
    refused(job((b"", [b"\xff" * 11])), "M365")
    refused(with_table(number(1, 12) + part_of(2, b"\x80" * 20)), "M365")


def test_counts_that_disagree() -> None:
    refused(job((b"", [LINE]), count=2), "M367")
    refused(job((b"", [LINE]), count=-1), "M367")
    refused(job((number(10, 5), [LINE])), "M367")
    # A plane of two blocks that lists one.
    refused(job((b"", [LINE])).replace(b"\x02" + number(8, 1), b"\x02" + number(8, 2)), "M367")


def test_too_much_of_anything() -> None:
    assert numbers(bounded(bytes(MOST_BYTES + 1), most_bytes=1e6)) == ["M361"]
    planes = with_table(number(1, 12) + part_of(2, b"\x0c" * (MOST_PLANES + 1)))
    assert numbers(bounded(planes, most_bytes=1e6)) == ["M368"]
    table = number(1, 12) + part_of(2, b"\x0c" * (MOST_VECTOR_BLOCKS + 1))
    shell = number(6, 1)
    head = b"LVF!" + struct.pack("<q", 21 + len(shell)) + struct.pack("<q", 40) + delimited(shell)
    data = (head + delimited(number(1, 20) + part_of(2, b"\x0c"))).ljust(40, b"\x00") + delimited(table)
    assert numbers(bounded(data, most_bytes=1e6)) == ["M368"]


def test_a_field_to_each_number_has_an_end() -> None:
    """A million floats, each in a field of its own: more fields than are taken apart."""
    points = real(1, 0.0) * (MOST_FIELDS + 10)
    assert numbers(bounded(job((b"", [part_of(2, points)])))) == ["M368"]


def test_as_many_blocks_as_are_read() -> None:
    drawn = bounded(job((b"", [b""] * (MOST_VECTOR_BLOCKS - 1) + [LINE])))
    assert not drawn.findings
    ((_, operation),) = drawn.toolpath.operations()
    assert len(operation.paths) == 1


@pytest.mark.parametrize(
    "block",
    [
        number(2, 5),  # hatches as a number
        part_of(2, number(1, 5)),  # points as a varint
        part_of(2, varint(1 << 3 | 1) + bytes(8)),  # points as a double
        LINE + real(50, 1.0),  # the key as a float
        b"\x0b\x0c",  # a group, which version 3 does not have
        b"\x0e",  # a wire type that does not exist
        LINE + part_of(1, part_of(1, floats(0, 0, 1, 1))),  # hatches and a line sequence
    ],
)
def test_wrong_wire_types(block: bytes) -> None:
    refused(job((b"", [block])), "M366")


def test_field_number_zero_is_no_field() -> None:
    refused(job((b"", [number(0, 1)])), "M365")


@pytest.mark.parametrize(
    "block",
    [
        hatches(0, 0, 1),
        hatches(0, 0),
        sequence(0, 0, 1),
        sequence(0, 0),
        part_of(6, part_of(1, floats(0, 0, 0))),
        part_of(7, part_of(1, floats(0, 0, 0, 1))),
    ],
)
def test_coordinates_that_make_no_line(block: bytes) -> None:
    refused(job((b"", [block])), "M371")


def test_floats_cut_in_two() -> None:
    refused(job((b"", [part_of(2, part_of(1, bytes(15)))])), "M365")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1000.1, -1e30])
def test_coordinates_from_elsewhere(bad: float) -> None:
    drawn = refused(job((b"", [LINE, hatches(0, 0, bad, 0), LINE])), "M370")
    assert drawn.findings[0].place == "work plane 0, block 1"
    refused(job((real(2, bad), [LINE])), "M370")


def test_the_furthest_coordinate() -> None:
    assert not read_ovf(job((b"", [hatches(-1000, 1000, 0, 0)]))).findings


def test_parameters_that_are_missing() -> None:
    refused(job((b"", [hatches(0, 0, 1, 0, key=3), hatches(0, 0, 1, 0, key=-3)])), "M369", "M369")


def test_kinds_that_are_not_followed() -> None:
    others = [part_of(kind, b"") for kind in (3, 4, 5, 8, 9, 11, 12)]
    refused(job((b"", others)), *["M372"] * 7)


def test_a_pause_is_only_told() -> None:
    drawn = read_ovf(job((b"", [LINE, part_of(10, number(1, 500)), LINE])))
    assert [(finding.number, finding.severity) for finding in drawn.findings] == [("M378", Severity.INFO)]
    ((_, operation),) = drawn.toolpath.operations()
    assert len(operation.paths) == 2


def test_repeats_at_the_limit_and_beyond() -> None:
    assert not read_ovf(job((number(9, MOST_RUNS - 1), [LINE]))).findings
    for repeats in (MOST_RUNS, 2**32 - 1, 2**64 - 1):
        refused(job((number(9, repeats), [LINE])), "M373")
        refused(job((b"", [LINE + number(54, repeats)])), "M373")
    refused(job((number(9, 999), [LINE + number(54, 999)])), "M373")


def test_repeats_in_repeats_written_out_have_an_end() -> None:
    plane = (number(9, 999), [LINE, LINE + number(54, 1)])
    drawn = bounded(job(*[plane] * 5))
    assert len(drawn.toolpath.blocks) == 10_000
    refused(job(*[plane] * 6), "M373")


@pytest.mark.parametrize(
    "marking",
    [
        real(1, np.nan),
        real(1, -0.5),
        real(2, np.inf),
        real(5, -1.0),
        real(11, -1.0),
        real(13, np.inf),
        number(10, 4),
    ],
)
def test_figures_that_cannot_be(marking: bytes) -> None:
    refused(job((b"", [LINE]), marking=POWER + marking), "M374")


def test_a_focus_shift_from_elsewhere() -> None:
    refused(job((b"", [LINE]), marking=POWER + real(3, 1001.0)), "M370")
    # A delay of the laser may be negative.
    assert not read_ovf(job((b"", [LINE]), marking=POWER + real(13, -5.0))).findings


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_a_spot_that_cannot_be(bad: float) -> None:
    extra = part_of(1, b"spot_radius_in_um") + varint(2 << 3 | 1) + struct.pack("<d", bad)
    part = part_of(4, number(1, 0) + part_of(2, part_of(4, part_of(100, extra))))
    refused(job((b"", [LINE]), shell=part), "M374")


@pytest.mark.parametrize("marking", [number(24, 1), real(21, 50.0), number(8, 4), part_of(25, real(2, 1.0))], ids=str)
def test_what_is_not_followed_is_told(marking: bytes) -> None:
    drawn = read_ovf(job((b"", [LINE]), marking=POWER + marking))
    assert [(finding.number, finding.severity) for finding in drawn.findings] == [("M375", Severity.WARNING)]
    assert len(drawn.toolpath.blocks) == 1


@pytest.mark.parametrize(
    "shell",
    [
        real(7, 90.0),
        part_of(12, floats(0, 5)),
        part_of(13, part_of(3, number(1, 1) + part_of(2, real(2, 0.5)))),
    ],
)
def test_planes_that_stand_elsewhere(shell: bytes) -> None:
    refused(job((shell, [LINE])), "M376")


def test_nothing_to_be_marked() -> None:
    for data in (job(), job((b"", [])), job((b"", [hatches()]))):
        drawn = read_ovf(data)
        assert [(finding.number, finding.severity) for finding in drawn.findings] == [("M377", Severity.WARNING)]


def test_the_first_fifty_findings() -> None:
    drawn = read_ovf(job((b"", [part_of(4, b"")] * 80)))
    assert numbers(drawn) == ["M372"] * 50 + ["M380"]
    assert drawn.findings[-1].value == 30.0


@given(
    st.integers(0, len(WHOLE) - 1),
    st.binary(max_size=12),
    st.integers(0, 12),
)
@example(4, b"\x0c", 8)
def test_damaged_anywhere_it_never_raises(at: int, put: bytes, taken: int) -> None:
    drawn = read_ovf(WHOLE[:at] + put + WHOLE[at + taken :])
    for operation in chain.from_iterable(block.operations for block in drawn.toolpath.blocks):
        assert np.all(np.isfinite(operation.paths.points))
    assert drawn.toolpath.blocks or drawn.findings


@given(st.binary(max_size=300))
def test_anything_behind_the_head_never_raises(tail: bytes) -> None:
    assert read_ovf(b"LVF!" + struct.pack("<q", 12) + tail).findings
