"""Six kinds of malformed files to every reader: an error in bounded time and memory, and never a traceback.

The files are good ones of the project's writers with one thing changed, so that nothing else is wrong with them. What
does not apply is left out: DXF, OVF, STL, GLB and G-code hold no XML, a mesh is run by nobody, and an SVG and a program
state no number of entities; there it is a list or a loop that grows.
"""

import io
import json
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from toolpaths.findings import Finding, has_errors
from toolpaths.machine import Machine
from toolpaths.model import Toolpath
from toolpaths.readers.dxf import read_dxf
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.lbrn2 import read_lbrn2
from toolpaths.readers.mesh import read_mesh
from toolpaths.readers.ovf import read_ovf
from toolpaths.readers.svg import read_svg
from toolpaths.surface import HeightMap
from toolpaths.writers.dxf import write_job_dxf
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.lbrn2 import write_lbrn2
from toolpaths.writers.mesh import write_3mf, write_glb, write_stl
from toolpaths.writers.ovf import write_ovf
from toolpaths.writers.svg import write_toolpath_svg

Read = Callable[[bytes], tuple[Finding, ...]]
Change = Callable[[bytes], bytes]

MOST_CPU_S = 5.0
# Beside the file itself: a tenth of what a billion bytes, the least that a billion of anything takes, would need.
MOST_MEMORY = 100e6
BILLION = 10**9
MOST_ENERGY_J = 20e-6
KINDS = ("dxf", "svg", "lbrn2", "ovf", "stl", "3mf", "glb", "gcode")


@pytest.fixture(scope="module")
def good(toolpath: Toolpath, machine: Machine) -> dict[str, bytes]:
    """A small file of each kind."""
    axis_um = np.arange(-20.0, 21.0) * 20
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    z_um = np.where(np.hypot(x_um, y_um) <= 400, -(x_um**2 + y_um**2) / 2000, np.nan)
    tip = HeightMap(z_um=z_um, pixel_um=20.0, x0_um=-400.0, y0_um=-400.0, frame="pin")
    return {
        "dxf": write_job_dxf(toolpath),
        "svg": write_toolpath_svg(toolpath, title="pin"),
        "lbrn2": write_lbrn2(toolpath, title="pin", most_pulse_energy_j=MOST_ENERGY_J),
        "ovf": write_ovf(toolpath, name="pin"),
        "stl": write_stl(tip),
        "3mf": write_3mf(tip),
        "glb": write_glb(tip),
        "gcode": write_gcode(toolpath, machine, header=()),
    }


@pytest.fixture(scope="module")
def readers(machine: Machine) -> dict[str, Read]:
    """What each reader finds."""
    return {
        "dxf": lambda data: read_dxf(data).findings,
        "svg": lambda data: read_svg(data).findings,
        "lbrn2": lambda data: read_lbrn2(data, most_pulse_energy_j=MOST_ENERGY_J).findings,
        "ovf": lambda data: read_ovf(data).findings,
        "stl": lambda data: read_mesh(data, "stl", pixel_um=20.0).findings,
        "3mf": lambda data: read_mesh(data, "3mf", pixel_um=20.0).findings,
        "glb": lambda data: read_mesh(data, "glb", pixel_um=20.0).findings,
        "gcode": lambda data: read_gcode(data, machine).findings,
    }


def put(old: str, new: str) -> Change:
    """Another text in the place of one that must be there."""

    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    return change


def put_bytes(old: bytes, new: bytes) -> Change:
    """Other bytes, as many, in the place of some that must be there."""

    def change(data: bytes) -> bytes:
        assert old in data
        assert len(old) == len(new)
        return data.replace(old, new, 1)

    return change


def number_at(place: int, layout: str, value: float) -> Change:
    """Another binary number."""

    def change(data: bytes) -> bytes:
        packed = struct.pack(layout, value)
        return data[:place] + packed + data[place + len(packed) :]

    return change


def in_model(change: Change) -> Change:
    """The same in a 3MF's model."""

    def changed(data: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, change(content) if name.endswith(".model") else content)
        return made.getvalue()

    return changed


def in_glb(change: Callable[[dict[str, list[dict[str, object]]]], None]) -> Change:
    """A change of the JSON in a GLB."""

    def changed(data: bytes) -> bytes:
        (length,) = struct.unpack_from("<I", data, 12)
        document = json.loads(data[20 : 20 + length])
        change(document)
        text = json.dumps(document).encode()
        text += b" " * (-len(text) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text + data[20 + length :]
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body

    return changed


def in_glb_numbers(value: float) -> Change:
    """Another first coordinate in a GLB's binary part."""

    def changed(data: bytes) -> bytes:
        (length,) = struct.unpack_from("<I", data, 12)
        return number_at(20 + length + 8, "<f", value)(data)

    return changed


def scaled_stl(factor: float) -> Change:
    """A binary STL in another unit."""

    def changed(data: bytes) -> bytes:
        facets = np.frombuffer(data[84:], dtype=np.dtype([("normal", "<f4", 3), ("corners", "<f4", 9), ("end", "<u2")]))
        facets = facets.copy()
        facets["corners"] *= factor
        return data[:84] + facets.tobytes()

    return changed


def claimed(document: dict[str, list[dict[str, object]]]) -> None:
    document["accessors"][0]["count"] = BILLION


def crowded(document: dict[str, list[dict[str, object]]]) -> None:
    """Each of thirty nodes holds the next one twice: a billion of the mesh."""
    chain: list[dict[str, object]] = [{"children": [place + 1, place + 1]} for place in range(30)]
    document["nodes"] = [*chain, {"mesh": 0}]


def in_millimetres(document: dict[str, list[dict[str, object]]]) -> None:
    for node in document["nodes"]:
        node["scale"] = [1000, 1000, 1000]


LAUGHS = "".join(f'<!ENTITY l{place} "{f"&l{place - 1};" * 10 if place else "lol"}">' for place in range(10))


def with_laughs(root: str) -> Change:
    """Ten entities, each ten of the one before it, before the root and in it: a billion words."""

    def changed(data: bytes) -> bytes:
        begin = data.index(f"<{root}".encode())
        inside = data.index(b">", begin) + 1
        doctype = f"<!DOCTYPE {root} [{LAUGHS}]>".encode()
        return data[:begin] + doctype + data[begin:inside] + b"&l9;" + data[inside:]

    return changed


def claims_to_unpack_to_a_billion(data: bytes) -> bytes:
    """The size of the model in a 3MF's directory."""
    model = data.rindex(b"3D/3dmodel.model")
    return number_at(data.rindex(b"PK\x01\x02", 0, model) + 24, "<I", BILLION)(data)


def of_itself_twice(model: bytes) -> bytes:
    """Thirty objects, each two of the one before it: a billion of the mesh."""
    one = '<component objectid="{}"/>'
    doubled = "".join(
        f'<object id="{place}"><components>{2 * one.format(place - 1)}</components></object>' for place in range(2, 32)
    )
    changed = put("</resources>", f"{doubled}</resources>")(model)
    return put('<item objectid="1"', '<item objectid="31"')(changed)


# A whole number of five bytes, as Open Vector Format writes it: four billion bytes are a billion floats.
FOUR_BILLION = b"\x80\xd0\xac\xf3\x0e"
TENTH_MM = struct.pack("<f", -0.1)

NANS: dict[str, tuple[str, Change]] = {
    "dxf": ("M305", put("\n-0.100000\n", "\nnan\n")),
    "svg": ("M329", put("M-0.100000", "Mnan")),
    "lbrn2": ("M345", put("V-0.100000", "Vnan")),
    "ovf": ("M370", put_bytes(TENTH_MM, struct.pack("<f", np.nan))),
    "stl": ("M386", number_at(96, "<f", np.nan)),
    "3mf": ("M386", in_model(put('x="0.000000"', 'x="nan"'))),
    "glb": ("M386", in_glb_numbers(np.nan)),
    "gcode": ("M105", put("X-0.100000", "Xnan")),
}
BILLIONS: dict[str, tuple[str, Change]] = {
    "dxf": (
        "M310",
        put("ENTITIES\n", f"ENTITIES\n0\nLWPOLYLINE\n8\nOP01_A_X1\n90\n{BILLION}\n10\n0\n20\n0\n10\n1\n20\n1\n"),
    ),
    "svg": ("M321", put('d="M', f'd="M0 0{"h1" * 700_000}M')),
    "lbrn2": ("M345", put("L0 1", f"L0 {BILLION}")),
    "ovf": ("M365", put_bytes(b"\n0" + TENTH_MM, b"\n" + FOUR_BILLION)),
    "stl": ("M382", number_at(80, "<I", BILLION)),
    "3mf": ("M383", claims_to_unpack_to_a_billion),
    "glb": ("M383", in_glb(claimed)),
    "gcode": ("M101", put("M2\n", "X0\n" * 1_000_001 + "M2\n")),
}
BOMBS: dict[str, tuple[str, Change]] = {
    "svg": ("M323", with_laughs("svg")),
    "lbrn2": ("M342", with_laughs("LightBurnProject")),
    "3mf": ("M384", in_model(with_laughs("model"))),
}
UNITS: dict[str, tuple[str, Change]] = {
    "dxf": ("M307", put("$INSUNITS\n 70\n4\n", "$INSUNITS\n 70\n1\n")),
    "svg": ("M326", put('width="0.520000mm"', 'width="0.520000mil"')),
    # Neither format states a unit. In nanometres, read as millimetres, a tip is as large as a town.
    "lbrn2": ("M350", put("V-0.100000", "V-100000")),
    "ovf": ("M370", put_bytes(TENTH_MM, struct.pack("<f", -1e5))),
    "stl": ("M388", scaled_stl(1e3)),
    "3mf": ("M381", in_model(put('unit="millimeter"', 'unit="furlong"'))),
    "glb": ("M388", in_glb(in_millimetres)),
    "gcode": ("M108", put("G21", "G20")),
}
REPEATS: dict[str, tuple[str, Change]] = {
    "dxf": ("M316", lambda data: data.replace(b"_X27\n", f"_X{BILLION - 1}\n".encode())),
    "svg": ("M333", put('data-repeats="27"', f'data-repeats="{BILLION}"')),
    "lbrn2": ("M348", put('numPasses Value="27"', f'numPasses Value="{BILLION}"')),
    "3mf": ("M392", in_model(of_itself_twice)),
    "glb": ("M383", in_glb(crowded)),
    "gcode": ("M112", put("repeat [27]", f"repeat [{BILLION}]")),
}


def refused(data: bytes, read: Read) -> list[str]:
    """Numbers of what is found, an error among it, within bounds."""
    tracemalloc.start()
    begin = time.process_time()
    findings = read(data)
    taken_s = time.process_time() - begin
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert has_errors(findings)
    assert all(finding.number and finding.message for finding in findings)
    assert taken_s < MOST_CPU_S
    assert most_bytes < MOST_MEMORY
    return [finding.number for finding in findings]


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_good_before(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    assert not has_errors(readers[kind](good[kind]))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("kind", KINDS)
def test_truncated(kind: str, share: float, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    refused(good[kind][: int(share * len(good[kind]))], readers[kind])


@pytest.mark.parametrize("kind", NANS)
def test_no_number(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    number, change = NANS[kind]
    assert number in refused(change(good[kind]), readers[kind])


@pytest.mark.parametrize("kind", BILLIONS)
def test_a_billion_claimed(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    number, change = BILLIONS[kind]
    assert number in refused(change(good[kind]), readers[kind])


@pytest.mark.parametrize("kind", BOMBS)
def test_xml_bombs(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    number, change = BOMBS[kind]
    assert number in refused(change(good[kind]), readers[kind])


@pytest.mark.parametrize("kind", UNITS)
def test_foreign_units(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    number, change = UNITS[kind]
    assert number in refused(change(good[kind]), readers[kind])


@pytest.mark.parametrize("kind", REPEATS)
def test_huge_repeats(kind: str, good: dict[str, bytes], readers: dict[str, Read]) -> None:
    number, change = REPEATS[kind]
    assert number in refused(change(good[kind]), readers[kind])


def test_huge_repeats_in_open_vector_format(toolpath: Toolpath, readers: dict[str, Read]) -> None:
    """Its numbers are as long as they are large, and places are counted in bytes: written anew."""
    block = replace(toolpath.blocks[0], repeats=BILLION)
    assert refused(write_ovf(Toolpath(blocks=(block,)), name="pin"), readers["ovf"]) == ["M373"]
