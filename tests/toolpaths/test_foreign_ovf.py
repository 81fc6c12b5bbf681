"""protoc, which knows nothing of our codec, finds in our files what was planned, and in foreign ones what we read."""

import os
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers.ovf import read_ovf
from toolpaths.readers.ovf_job import parse_job
from toolpaths.writers.ovf import write_ovf

FloatArray = NDArray[np.float64]
Text = dict[str, list[Any]]
PROTO = Path(__file__).parents[1] / "foreign" / "ovf_messages.proto"
TABLE, JOB, PLANE, BLOCK = 1, 2, 3, 4

STRONG = Process(
    pulse_energy_j=0.7e-6,
    repetition_rate_hz=200e3,
    feed_um_s=20_000.0,
    pulse_width_s=250e-15,
    spot_radius_um=6.0,
    wavelength_um=1.03,
    delays=Delays(
        laser_on_s=-5e-6,
        laser_off_s=10e-6,
        jump_s=200e-6,
        mark_s=100e-6,
        polygon_s=30e-6,
        jump_um_s=2e6,
        sky_writing=2,
    ),
)
WEAK = Process(pulse_energy_j=0.25e-6, repetition_rate_hz=100e3, feed_um_s=12_345.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A file as protoc sees it: the job's shell, each plane's shell and its blocks."""

    job: Text
    planes: list[tuple[Text, list[Text]]]


@pytest.fixture(scope="session")
def judge(require_program: Callable[[str], str]) -> Callable[[bytes], Judged]:
    protoc = require_program("protoc")

    def judged(data: bytes) -> Judged:
        assert data[:4] == b"LVF!"
        (table,) = decoded(protoc, [(TABLE, delimited(data, position(data, 4)))])["tables"]
        at = [position(data, place) for place in numbers(table["positions"])]
        plane_tables = decoded(protoc, [(TABLE, delimited(data, place)) for place in at]).get("tables", [])
        shells = decoded(
            protoc,
            [
                (JOB, delimited(data, int(table["shell"][0]))),
                *((PLANE, delimited(data, int(entry["shell"][0]))) for entry in plane_tables),
            ],
        )
        counts = [len(entry.get("positions", [])) for entry in plane_tables]
        places = [place for entry in plane_tables for place in numbers(entry.get("positions", []))]
        blocks = decoded(protoc, [(BLOCK, delimited(data, place)) for place in places]).get("blocks", [])
        ends = np.cumsum(counts).tolist()
        grouped = [blocks[end - count : end] for end, count in zip(ends, counts, strict=True)]
        return Judged(job=shells["jobs"][0], planes=list(zip(shells["planes"], grouped, strict=True)))

    return judged


def position(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<q", data, at)[0])


def delimited(data: bytes, at: int) -> bytes:
    size = shift = 0
    while True:
        byte = data[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return data[at : at + size]


def pile(messages: list[tuple[int, bytes]]) -> bytes:
    out = bytearray()
    for field, message in messages:
        out.append(field << 3 | 2)
        size = len(message)
        while size > 127:
            out.append(size & 127 | 128)
            size >>= 7
        out.append(size)
        out += message
    return bytes(out)


def decoded(protoc: str, messages: list[tuple[int, bytes]]) -> Text:
    command = [protoc, "--decode=ovf_judge.Pile", f"--proto_path={PROTO.parent}", PROTO.name]
    run = subprocess.run(command, input=pile(messages), capture_output=True, check=True)
    root: Text = {}
    open_messages = [root]
    for raw in run.stdout.decode().splitlines():
        line = raw.strip()
        if line.endswith("{"):
            inner: Text = {}
            open_messages[-1].setdefault(line[:-2], []).append(inner)
            open_messages.append(inner)
        elif line == "}":
            open_messages.pop()
        elif line:
            name, _, value = line.partition(": ")
            open_messages[-1].setdefault(name, []).append(value.strip('"'))
    return root


def numbers(values: list[Any]) -> list[int]:
    return [int(value) for value in values]


def figure(message: Text, name: str) -> float:
    return float(message.get(name, ["0"])[0])


def figures(message: Text, *names: str) -> list[float]:
    return [figure(message, name) for name in names]


def entries(values: list[Text]) -> dict[int, Text]:
    return {int(figure(entry, "key")): entry["value"][0] for entry in values}


def points_mm(block: Text) -> tuple[str, FloatArray]:
    """Kind of the block's data and its points, (n, 2) or (n, 3)."""
    (kind,) = block.keys() & {"lines", "hatches", "lines_3d", "hatches_3d"}
    values = np.array(block[kind][0]["points"], dtype=np.float64)
    return kind, values.reshape(-1, 3 if kind.endswith("3d") else 2)


def planned() -> Toolpath:
    """A flat hatch with a ring, run 27 times; then lines on a slope, straight and bent, run once."""
    hatch = np.array([(-100, 50, -12.5), (100, 50, -12.5), (100.0004, 54, -12.5), (-100, 54, -12.5)])
    ring = np.array([(200, 0, -12.5), (0, 200, -12.5), (-200, 0, -12.5), (0, -200.123, -12.5), (200, 0, -12.5)])
    slope = np.array(
        [(0, 0, 0), (10, 0, -0.05), (700, 0, -286.1), (710, 0, -295), (720, 0, -305), (0, 5, 0), (9, 5, 1)]
    )
    return Toolpath(
        blocks=(
            Block(
                repeats=27,
                operations=(
                    Operation(
                        name="hatch-000", process=STRONG, paths=Polylines(points=hatch, starts=np.array([0, 2, 4]))
                    ),
                    Operation(name="contour-000", process=WEAK, paths=Polylines(points=ring, starts=np.array([0, 5]))),
                ),
            ),
            Block(
                repeats=1,
                operations=(
                    Operation(
                        name="slope", process=STRONG, paths=Polylines(points=slope, starts=np.array([0, 2, 5, 7]))
                    ),
                ),
            ),
        )
    )


def test_protoc_finds_every_figure(judge: Callable[[bytes], Judged]) -> None:
    found = judge(write_ovf(planned(), name="375-76834"))
    assert found.job["planes"] == ["2"]
    assert found.job["meta"][0]["name"] == ["375-76834"]
    box = found.job["meta"][0]["bounds"][0]
    np.testing.assert_allclose(
        figures(box, "x_min", "y_min", "x_max", "y_max"), [-0.2, -0.200123, 0.72, 0.2], rtol=1e-7
    )
    markings = entries(found.job["markings"])
    hatch, contour, slope = (markings[key] for key in sorted(markings))
    assert [entry["name"] for entry in (hatch, contour, slope)] == [["hatch-000"], ["contour-000"], ["slope"]]
    # 0.7 uJ at 200 kHz; 20 mm/s; 2 m/s; 250 fs.
    names = ("power_w", "speed_mm_s", "focus_shift_mm", "jump_speed_mm_s", "rate_hz", "pulse_fs")
    np.testing.assert_allclose(figures(hatch, *names), [0.14, 20, -0.0125, 2000, 200_000, 250], rtol=1e-7)
    np.testing.assert_allclose(figures(slope, *names), [0.14, 20, 0, 2000, 200_000, 250], rtol=1e-7)
    np.testing.assert_allclose(figures(contour, *names), [0.025, 12.345, -0.0125, 0, 100_000, 0], rtol=1e-7)
    waits = ("jump_us", "laser_off_us", "laser_on_us", "mark_us", "polygon_us")
    np.testing.assert_allclose(figures(hatch, *waits), [200, 10, -5, 100, 30], rtol=1e-7)
    assert hatch["mode"] == ["SKY_2"]
    assert "mode" not in contour


def test_protoc_finds_planes_and_blocks(judge: Callable[[bytes], Judged]) -> None:
    (first, blocks), (second, others) = judge(write_ovf(planned(), name="x")).planes
    assert [figures(plane, "number", "repeats", "blocks", "z_mm") for plane in (first, second)] == [
        [0, 26, 2, 0],
        [1, 0, 3, 0],
    ]
    kinds = [points_mm(block)[0] for block in (*blocks, *others)]
    assert kinds == ["hatches", "lines", "hatches_3d", "lines_3d", "hatches_3d"]
    assert [figure(block, "marking") for block in (*blocks, *others)] == [1, 2, 3, 3, 3]
    assert [block["structuring"][0].get("area") for block in blocks] == [None, ["CONTOUR"]]
    assert {block["meta"][0]["contour"][0] for block in (*blocks, *others)} == {"-1"}


def test_protoc_finds_the_geometry_to_a_nanometre(judge: Callable[[bytes], Judged]) -> None:
    (_, (hatches, ring)), (_, slope) = judge(write_ovf(planned(), name="x")).planes
    np.testing.assert_allclose(
        points_mm(hatches)[1], [(-0.1, 0.05), (0.1, 0.05), (0.1, 0.054), (-0.1, 0.054)], rtol=0, atol=5e-7
    )
    np.testing.assert_allclose(points_mm(ring)[1][3:], [(0, -0.200123), (0.2, 0)], rtol=0, atol=5e-7)
    np.testing.assert_allclose(
        np.concatenate([points_mm(block)[1] for block in slope]) * 1000.0,
        [operation.paths.points for _, operation in planned().operations()][2],
        rtol=0,
        atol=5e-4,
    )


def test_protoc_finds_spot_and_wavelength_with_the_parts(judge: Callable[[bytes], Judged]) -> None:
    found = judge(write_ovf(planned(), name="pin"))
    parts = entries(found.job["parts"])
    assert [part["name"] for part in parts.values()] == [["pin"], ["pin"]]
    extras = parts[1]["strategy"][0]["extras"]
    assert [(extra["name"][0], figure(extra, "value")) for extra in extras] == [
        ("spot_radius_in_um", 6.0),
        ("wavelength_in_um", 1.03),
    ]
    assert "strategy" not in parts[2]
    keys = [figure(block["meta"][0], "part") for _, blocks in found.planes for block in blocks]
    assert keys == [1, 2, 1, 1, 1]


def test_field_numbers_without_any_description(require_program: Callable[[str], str]) -> None:
    """``--decode_raw`` knows no message: 0.14 W in field 1, 20 mm/s in 2, 200,000 Hz in 7, the name in 26."""
    data = write_ovf(planned(), name="x")
    table = delimited(data, position(data, 4))
    # The table begins with field 1, the position of the job's shell, which stands just before the table.
    size = position(data, 4) - delimited_varint(table, 1)
    shell = delimited(data, position(data, 4) - size)
    run = subprocess.run([require_program("protoc"), "--decode_raw"], input=shell, capture_output=True, check=True)
    lines = [line.strip() for line in run.stdout.decode().splitlines()]
    first = lines.index("3 {")
    assert lines[first : first + 12] == [
        "3 {",
        "1: 1",
        "2 {",
        "1: 0x3e0f5c29",
        "2: 0x41a00000",
        "3: 0xbc4ccccd",
        "5: 0x44fa0000",
        "7: 200000",
        "9: 250",
        "10: 2",
        "11: 0x43480000",
        "12: 0x41200000",
    ]
    assert '26: "hatch-000"' in lines
    assert lines[-1] == "6: 2"


def delimited_varint(data: bytes, at: int) -> int:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value


@pytest.mark.parametrize(("name", "planes", "markings"), [("bunny-support.ovf", 68, 2), ("empty.ovf", 1, 0)])
def test_foreign_jobs_as_protoc_reads_them(
    judge: Callable[[bytes], Judged], name: str, planes: int, markings: int
) -> None:
    data = foreign(name)
    seen, job, drawn = judge(data), parse_job(data), read_ovf(data)
    assert len(job.planes) == len(seen.planes) == planes
    assert len(job.markings) == len(seen.job.get("markings", [])) == markings
    assert [len(plane.blocks) for plane in job.planes] == [len(blocks) for _, blocks in seen.planes]
    assert all(finding.number == "M377" for finding in drawn.findings)
    if name == "empty.ovf":
        return
    wanted = []
    for shell, blocks in seen.planes:
        for block in blocks:
            _, flat = points_mm(block)
            wanted.append(np.column_stack([flat, np.full(len(flat), figure(shell, "z_mm"))]))
    paths = [path for _, operation in drawn.toolpath.operations() for path in operation.paths]
    assert len(paths) == len(wanted)
    np.testing.assert_allclose(np.concatenate(paths) / 1000.0, np.concatenate(wanted), rtol=0, atol=5e-6)
    speeds = {figure(marking, "speed_mm_s") for marking in entries(seen.job["markings"]).values()}
    assert {operation.process.feed_um_s / 1000.0 for _, operation in drawn.toolpath.operations()} <= speeds
    assert drawn.says == {"z", "repeats", "order", "feed"}


def foreign(name: str) -> bytes:
    path = Path(os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")) / "ovf" / name
    if not path.is_file():
        message = "PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads jobs"
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path.read_bytes()
