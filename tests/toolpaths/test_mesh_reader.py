"""Meshes read back as heights: our own, those of other programs, and files that are broken or hostile."""

import io
import json
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.findings import Severity
from toolpaths.readers import mesh_3mf
from toolpaths.readers.mesh import Meshed, read_mesh
from toolpaths.surface import HeightMap
from toolpaths.writers.mesh import KINDS, write_3mf, write_glb, write_stl

FloatArray = NDArray[np.float64]

WRITERS: dict[str, Callable[..., bytes]] = {"stl": write_stl, "3mf": write_3mf, "glb": write_glb}
MM_PER_UNIT = {"stl": 1.0, "glb": 1000.0}


def dome(*, pixel_um: float = 5.0, radius_um: float = 400.0) -> HeightMap:
    """A dome of 1 mm with bars 15 um deep."""
    count = round(radius_um / pixel_um)
    axis_um = np.arange(-count, count + 1) * pixel_um
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    z_um = np.sqrt(1e6 - x_um**2 - y_um**2) - 1000.0 - 15.0 * (np.sin(x_um / 20.0) > 0.3)
    known = np.hypot(x_um, y_um) <= radius_um
    return HeightMap(
        z_um=np.where(known, z_um, np.nan), pixel_um=pixel_um, x0_um=-radius_um, y0_um=-radius_um, frame="pin"
    )


@pytest.fixture(scope="module")
def tip() -> HeightMap:
    return dome()


@pytest.fixture(scope="module")
def files(tip: HeightMap) -> dict[str, bytes]:
    return {kind: WRITERS[kind](tip) for kind in KINDS}


def numbers(meshed: Meshed) -> list[str]:
    return [finding.number for finding in meshed.findings]


def refused(data: bytes, kind: str, *wanted: str) -> None:
    """Refused with one of these findings, in a second or two."""
    begin = time.process_time()
    meshed = read_mesh(data, kind)
    assert time.process_time() - begin < 5.0
    assert meshed.heights is None
    assert len(meshed.findings) == 1
    finding = meshed.findings[0]
    assert finding.number in wanted, finding
    assert finding.severity is Severity.ERROR
    assert finding.message
    assert finding.remedy


def solid_bytes(mesh: trimesh.Trimesh, kind: str = "stl") -> bytes:
    """A body in millimetres, by trimesh."""
    made = trimesh.Trimesh(mesh.vertices / MM_PER_UNIT[kind], mesh.faces, process=False)
    exported = made.export(file_type=kind)
    assert isinstance(exported, bytes)
    return exported


@pytest.mark.parametrize("kind", KINDS)
def test_heights_come_back(tip: HeightMap, kind: str) -> None:
    """Exactly, but for the half nanometre of rounding, where the tolerance is none."""
    meshed = read_mesh(WRITERS[kind](tip, tolerance_um=0.0), kind, pixel_um=5.0)
    assert numbers(meshed) == (["M396"] if kind == "stl" else [])
    found = meshed.heights
    assert found is not None
    assert (found.frame, found.pixel_um, found.x0_um, found.y0_um) == ("pin", 5.0, -400.0, -400.0)
    np.testing.assert_array_equal(np.isnan(found.z_um), np.isnan(tip.z_um))
    assert np.nanmax(np.abs(found.z_um - tip.z_um)) <= 5.1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_heights_come_back_within_the_tolerance(tip: HeightMap, files: dict[str, bytes], kind: str) -> None:
    found = read_mesh(files[kind], kind, pixel_um=5.0).heights
    assert found is not None
    assert np.nanmax(np.abs(found.z_um - tip.z_um)) <= 0.2506
    assert np.sqrt(np.nanmean((found.z_um - tip.z_um) ** 2)) < 0.1


def test_the_three_say_the_same(files: dict[str, bytes]) -> None:
    stl, other, third = (read_mesh(files[kind], kind).heights for kind in KINDS)
    assert stl is not None
    assert other is not None
    assert third is not None
    np.testing.assert_array_equal(stl.z_um, other.z_um)
    np.testing.assert_array_equal(stl.z_um, third.z_um)


@pytest.mark.parametrize("kind", ["stl", "glb"])
def test_a_foreign_ball_has_its_heights(kind: str) -> None:
    """An icosphere of 0.5 mm by trimesh, its top at the origin: z = sqrt(R^2 - r^2) - R within its facets' sag."""
    ball = trimesh.creation.icosphere(subdivisions=5, radius=0.5)
    ball.apply_translation([0, 0, -0.5])
    meshed = read_mesh(solid_bytes(ball, kind), kind, pixel_um=4.0)
    found = meshed.heights
    assert found is not None
    assert set(numbers(meshed)) <= {"M396"}
    radius_um = np.hypot(*np.meshgrid(found.x_um(), found.y_um()))
    inside = radius_um < 400
    off_um = found.z_um - (np.sqrt(np.maximum(500.0**2 - radius_um**2, 0)) - 500.0)
    # Sides of about 18 um on a ball of 500 um lie 0.08 um inside it; on the slope at r = 400 it is 1 / 0.6 of that.
    assert np.abs(off_um[inside]).max() < 0.3
    assert np.isnan(found.z_um[radius_um > 500]).all()


def test_text_stl_by_another_program() -> None:
    box = trimesh.creation.box(extents=[1.0, 0.5, 0.2])
    box.apply_translation([0, 0, -0.1])
    text = str(box.export(file_type="stl_ascii")).encode()
    meshed = read_mesh(text, "stl", pixel_um=10.0)
    assert meshed.heights is not None
    assert meshed.heights.z_um.shape == (51, 101)
    assert np.abs(meshed.heights.z_um).max() < 1e-9
    refused(text[:-30], "stl", "M382")
    refused(text.replace(b"vertex", b"vertexes", 1), "stl", "M381")
    refused(text.replace(b"vertex 0.5", b"vertex nan", 1), "stl", "M386")
    refused(text.replace(b"endfacet", b"", 1), "stl", "M382")


def glb_parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def glb_of(document: object, binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def test_nodes_move_a_mesh(tip: HeightMap, files: dict[str, bytes]) -> None:
    """A parent turns the tip by a quarter about x, and a child turns it back and shifts it."""
    document, binary = glb_parts(files["glb"])
    half = np.sqrt(0.5)
    document["nodes"] = [
        {"children": [1], "rotation": [half, 0, 0, half]},
        {"mesh": 0, "rotation": [-half, 0, 0, half], "translation": [20e-6, 0.0, -10e-6]},
    ]
    found = read_mesh(glb_of(document, binary), "glb", pixel_um=5.0).heights
    assert found is not None
    # The child's shift along its parent's -z is one along y there: (x, y, z) to (x, -z, y).
    assert found.x0_um == pytest.approx(-380.0)
    assert found.y0_um == pytest.approx(-390.0)
    assert np.nanmax(np.abs(found.z_um - tip.z_um)) < 0.26
    document["nodes"] = [{"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 5e-6, 1]}]
    found = read_mesh(glb_of(document, binary), "glb", pixel_um=5.0).heights
    assert found is not None
    assert np.nanmax(np.abs(found.z_um - 5.0 - tip.z_um)) < 0.26


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"buffers": [{"byteLength": 9, "uri": "http://127.0.0.1/x.bin"}]}, "M384"),
        ({"buffers": [{"byteLength": 9, "uri": "../../etc/passwd"}]}, "M384"),
        ({"extensionsRequired": ["KHR_draco_mesh_compression"]}, "M384"),
        ({"scenes": []}, "M381"),
        ({"scenes": [{"nodes": []}]}, "M385"),
        ({"nodes": [{"children": [0]}]}, "M383"),
        ({"nodes": [{"children": [0] * 900}]}, "M383"),
        ({"nodes": [{"mesh": 0, "children": [1]}, {"mesh": 0}]}, "M392"),
        ({"nodes": [{"mesh": 0, "scale": [1e300, 1e300, 1e300]}]}, "M388"),
        ({"nodes": [{"mesh": 0, "translation": [1e308, 0, 0], "scale": [1e308, 1, 1]}]}, "M386"),
        ({"nodes": [{"mesh": 0, "scale": [10**400, 1, 1]}]}, "M381"),
        ({"nodes": [{"mesh": 0, "scale": ["1", 1, 1]}]}, "M381"),
        ({"nodes": [{"mesh": True}]}, "M381"),
        ({"nodes": 7}, "M381"),
        ({"meshes": [{"primitives": []}]}, "M385"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "mode": 5}]}]}, "M381"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": -1}}]}]}, "M381"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 9}]}]}, "M381"),
    ],
)
def test_a_glb_that_asks_for_more(files: dict[str, bytes], change: dict[str, Any], wanted: str) -> None:
    document, binary = glb_parts(files["glb"])
    refused(glb_of({**document, **change}, binary), "glb", wanted)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("count", [10**9, 2**63, 10**30, 0, -1, 1.5, None])
def test_a_glb_that_claims_any_count(files: dict[str, bytes], which: int, count: object) -> None:
    document, binary = glb_parts(files["glb"])
    document["accessors"][which]["count"] = count
    refused(glb_of(document, binary), "glb", "M381", "M382", "M383", "M385")


@pytest.mark.parametrize(
    ("key", "value"), [("byteOffset", 2**40), ("byteLength", 5), ("byteStride", 4), ("byteStride", 253), ("buffer", 1)]
)
def test_a_glb_whose_views_reach_beyond(files: dict[str, bytes], key: str, value: int) -> None:
    document, binary = glb_parts(files["glb"])
    document["bufferViews"][0][key] = value
    refused(glb_of(document, binary), "glb", "M381", "M382")


def test_a_glb_with_a_wrong_index(files: dict[str, bytes]) -> None:
    document, binary = glb_parts(files["glb"])
    refused(glb_of(document, binary[:-4] + b"\xff\xff\xff\xff"), "glb", "M387")


def test_a_glb_with_deep_json() -> None:
    text = b"[" * 200_000
    data = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text), len(text), 0x4E4F534A) + text
    refused(data, "glb", "M381")
    refused(glb_of({"extras": "x" * 2_000_000}, b""), "glb", "M383")


def model_of(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("3D/3dmodel.model").decode()


def zip_of(model: bytes | str, *, relations: str | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if relations is not None:
            archive.writestr("_rels/.rels", relations)
        archive.writestr("3D/3dmodel.model", model)
    return file.getvalue()


@pytest.mark.parametrize(
    ("unit", "factor"), [("micron", 1e3), ("centimeter", 0.1), ("inch", 1 / 25.4), ("foot", 1 / 304.8), ("meter", 1e-3)]
)
def test_units_of_3mf(files: dict[str, bytes], unit: str, factor: float) -> None:
    """The same body in another unit, by a build item that scales it: the factor is that of the specification."""
    model = model_of(files["3mf"]).replace('unit="millimeter"', f'unit="{unit}"')
    scale = f'transform="{factor!r} 0 0 0 {factor!r} 0 0 0 {factor!r} 0 0 0"'
    found = read_mesh(zip_of(model.replace('<item objectid="1"/>', f'<item objectid="1" {scale}/>')), "3mf").heights
    wanted = read_mesh(files["3mf"], "3mf").heights
    assert found is not None
    assert wanted is not None
    both = np.isfinite(found.z_um) & np.isfinite(wanted.z_um)
    assert np.abs(found.z_um - wanted.z_um)[both].max() < 0.3
    assert both.sum() > 0.99 * np.isfinite(wanted.z_um).sum()
    refused(zip_of(model), "3mf", "M388")


def test_3mf_by_another_program(tip: HeightMap, require_module: Callable[[str], Any]) -> None:
    """Written by the consortium's library as a component of an object, shifted by a build item."""
    library = require_module("lib3mf")
    model = library.get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.ReadFromBuffer(write_3mf(tip))
    meshes = model.GetMeshObjects()
    meshes.MoveNext()
    wrapper = library.get_wrapper()
    items = model.GetBuildItems()
    items.MoveNext()
    model.RemoveBuildItem(items.GetCurrent())
    group = model.AddComponentsObject()
    group.AddComponent(meshes.GetCurrentMeshObject(), wrapper.GetTranslationTransform(0.01, 0.0, 0.0))
    model.AddBuildItem(group, wrapper.GetTranslationTransform(0.0, 0.02, 0.005))
    found = read_mesh(bytes(model.QueryWriter("3mf").WriteToBuffer()), "3mf", pixel_um=5.0).heights
    assert found is not None
    assert (found.x0_um, found.y0_um) == (-390.0, -380.0)
    assert np.nanmax(np.abs(found.z_um - 5.0 - tip.z_um)) < 0.26


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('unit="millimeter"', 'unit="parsec"', "M381"),
        ('unit="millimeter"', 'unit="millimeter" requiredextensions="p"', "M384"),
        ("<model ", "<!DOCTYPE m [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><model ", "M384"),
        ("<model ", "<!DOCTYPE m SYSTEM 'http://127.0.0.1/x.dtd'><model ", "M384"),
        ('<item objectid="1"/>', "", "M385"),
        ('<item objectid="1"/>', '<item objectid="1"/><item objectid="1"/>', "M392"),
        ('<item objectid="1"/>', '<item objectid="2"/>', "M381"),
        ('<item objectid="1"/>', "<item/>", "M381"),
        ('<item objectid="1"/>', '<item objectid="1" transform="1 2 3"/>', "M381"),
        ('<item objectid="1"/>', '<item objectid="1" transform="a 0 0 0 1 0 0 0 1 0 0 0"/>', "M381"),
        ('<item objectid="1"/>', '<item objectid="1" transform="nan 0 0 0 1 0 0 0 1 0 0 0"/>', "M386"),
        ('<vertex x="', '<vertex x="nan" x2="', "M386"),
        ('<vertex x="', '<vertex x="1e999" x2="', "M386"),
        ('<vertex x="', '<vertex x="wide" x2="', "M381"),
        ('v1="', 'v1="99999999" v4="', "M387"),
        ('v1="', 'v1="-1" v4="', "M387"),
        ('v1="', 'v1="99999999999999999999" v4="', "M381"),
        ("</model>", "", "M381"),
    ],
)
def test_a_3mf_that_is_wrong(files: dict[str, bytes], old: str, new: str, wanted: str) -> None:
    model = model_of(files["3mf"])
    assert old in model
    refused(zip_of(model.replace(old, new, 1)), "3mf", wanted)


def test_3mf_objects_made_of_themselves() -> None:
    name = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
    model = (
        f'<model xmlns="{name}"><resources><object id="1"><components><component objectid="1"/></components></object>'
        '</resources><build><item objectid="1"/></build></model>'
    )
    refused(zip_of(model), "3mf", "M381")
    refused(zip_of("<a>" * 1_000_000), "3mf", "M381")


def test_3mf_of_too_many_elements(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    """Whatever they are called."""
    monkeypatch.setattr(mesh_3mf, "_MOST_ELEMENTS", 1000)
    refused(zip_of("<a>" + "<b/>" * 999 + "<c/></a>"), "3mf", "M383")
    refused(zip_of("<a>" + "<b/>" * 999 + "</a>"), "3mf", "M385")
    refused(files["3mf"], "3mf", "M383")


def test_zip_bombs(files: dict[str, bytes]) -> None:
    """Thirty megabytes that unpack to much more are not unpacked; a small lie about the size is found out."""
    refused(zip_of(b" " * 260_000_000), "3mf", "M383")
    data = bytearray(files["3mf"])
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 1000)
    refused(bytes(data), "3mf", "M381")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(300):
            archive.writestr(f"{index}.model", b"")
    refused(file.getvalue(), "3mf", "M383")


def test_a_3mf_whose_model_cannot_be_told(files: dict[str, bytes]) -> None:
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
        'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel" Target="{}"/></Relationships>'
    )
    assert read_mesh(zip_of(model_of(files["3mf"])), "3mf").heights is not None
    assert (
        read_mesh(zip_of(model_of(files["3mf"]), relations=relation.format("/3D/3dmodel.model")), "3mf").heights
        is not None
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.model", b"")
        archive.writestr("b.model", b"")
    refused(file.getvalue(), "3mf", "M385")


@pytest.mark.parametrize("count", [0, 10**9, 2**32 - 1])
def test_an_stl_that_claims_any_count(files: dict[str, bytes], count: int) -> None:
    data = bytearray(files["stl"])
    struct.pack_into("<I", data, 80, count)
    refused(bytes(data), "stl", "M382")


def test_an_stl_of_too_many_and_of_no_triangles() -> None:
    refused(b" " * 80 + struct.pack("<I", 2_500_001) + bytes(50 * 2_500_001), "stl", "M383")
    refused(b" " * 80 + struct.pack("<I", 0), "stl", "M385")
    refused(bytes(130_000_001), "stl", "M383")


def stl_corners(data: bytes) -> tuple[bytearray, NDArray[np.float32]]:
    kind = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    changed = bytearray(data)
    return changed, np.frombuffer(changed, dtype=kind, offset=84)["corners"]


@pytest.mark.parametrize(
    ("value", "wanted"), [(np.nan, "M386"), (np.inf, "M386"), (3e38, "M388"), (-3e38, "M388"), (1e5, "M388")]
)
def test_an_stl_with_a_bad_number(files: dict[str, bytes], value: float, wanted: str) -> None:
    data, corners = stl_corners(files["stl"])
    corners[7, 1, 2] = value
    refused(bytes(data), "stl", wanted)


@pytest.mark.parametrize(("factor", "guess"), [(1e3, "micrometres"), (1e-3, "metres"), (1 / 25.4, "inches")])
def test_an_stl_in_another_unit(files: dict[str, bytes], factor: float, guess: str) -> None:
    data, corners = stl_corners(files["stl"])
    corners *= np.float32(factor)
    refused(bytes(data), "stl", "M388")
    assert guess in read_mesh(bytes(data), "stl").findings[0].message


@pytest.mark.parametrize(("width_mm", "taken"), [(0.199, False), (0.201, True), (4.999, True), (5.001, False)])
def test_how_wide_a_tip_may_be(width_mm: float, *, taken: bool) -> None:
    box = trimesh.creation.box(extents=[width_mm, 0.1, 0.1])
    meshed = read_mesh(solid_bytes(box), "stl", pixel_um=5.0)
    assert (meshed.heights is not None) == taken
    assert ("M388" in numbers(meshed)) != taken


def test_bodies_that_are_not_one_closed_body(files: dict[str, bytes]) -> None:
    box = trimesh.creation.box(extents=[1.0, 1.0, 0.5])
    assert read_mesh(solid_bytes(box), "stl").heights is not None
    opened = trimesh.Trimesh(box.vertices, box.faces[1:])
    refused(solid_bytes(opened), "stl", "M390")
    one_turned = np.vstack([box.faces[:1, ::-1], box.faces[1:]])
    refused(solid_bytes(trimesh.Trimesh(box.vertices, one_turned, process=False)), "stl", "M391")
    refused(solid_bytes(trimesh.Trimesh(box.vertices, box.faces[:, ::-1], process=False)), "stl", "M391")
    vertices = np.vstack([box.vertices, box.vertices + np.array([1.5, 0.0, 0.0])])
    two = trimesh.Trimesh(vertices, np.vstack([box.faces, box.faces + len(box.vertices)]), process=False)
    refused(solid_bytes(two), "stl", "M392")
    data, corners = stl_corners(files["stl"])
    corners += np.random.default_rng(1).normal(scale=0.01, size=corners.shape).astype("<f4")
    refused(bytes(data), "stl", "M389")


def test_an_undercut_and_a_strange_frame_are_told() -> None:
    """A mushroom: a cap of 2 mm on a stem, cap and foot both look up."""
    stem = trimesh.creation.revolve(
        np.array([[0, -1], [1, -1], [1, -0.9], [0.2, -0.9], [0.2, -0.5], [0.8, -0.5], [0.8, 0], [0, 0.0]])
    )
    meshed = read_mesh(solid_bytes(stem), "stl", pixel_um=10.0)
    assert "M394" in numbers(meshed)
    assert meshed.heights is not None
    middle = meshed.heights.z_um[meshed.heights.z_um.shape[0] // 2]
    assert np.abs(middle[30:-30]).max() < 1e-6
    assert middle[5] == pytest.approx(-900.0)
    stem.apply_translation([0.5, 0, 1.0])
    assert numbers(read_mesh(solid_bytes(stem), "stl", pixel_um=10.0)).count("M395") == 2


def test_triangles_that_cover_each_other_too_often() -> None:
    """A closed fan of 30,000 long triangles, folded to and fro over one place: refused by count, not by patience."""
    count = 15_001
    place = np.arange(count)
    turn = np.where(place % 2, 0.5, 0.0)
    ring = np.stack([np.cos(turn), np.sin(turn), -place * 2e-5], axis=1)
    ring[-1] = (1.5, 0.3, 0.0)  # so that the body has a volume
    vertices = np.vstack([ring, [[-1.0, 0.0, 1.0], [-1.0, 0.0, -1.0]]])
    following = np.roll(place, -1)
    top = np.stack([place, following, np.full(count, count)], axis=1)
    bottom = np.stack([following, place, np.full(count, count + 1)], axis=1)
    mesh = trimesh.Trimesh(vertices, np.vstack([top, bottom]), process=False)
    if mesh.volume < 0:
        mesh = trimesh.Trimesh(vertices, mesh.faces[:, ::-1], process=False)
    refused(solid_bytes(mesh), "stl", "M393")


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short_anywhere(files: dict[str, bytes], kind: str) -> None:
    data = files[kind]
    for size in (0, 1, 5, 11, 13, 83, 84, 500, len(data) // 2, len(data) - 1):
        meshed = read_mesh(data[:size], kind)
        assert meshed.heights is None
        assert meshed.findings[0].number in {"M381", "M382", "M385"}


@settings(max_examples=150)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_damage_ends_in_findings(data: st.DataObject, kind: str) -> None:
    """Bytes changed anywhere: heights without an error, or one error and no heights; never another exception."""
    changed = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    meshed = read_mesh(bytes(changed), kind, pixel_um=50.0)
    wrong = [finding for finding in meshed.findings if finding.severity is Severity.ERROR]
    assert (meshed.heights is None) == bool(wrong)


SMALL = {kind: WRITERS[kind](dome(pixel_um=50.0, radius_um=200.0)) for kind in KINDS}


@settings(max_examples=30)
@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_random_bytes_are_no_mesh(data: bytes, kind: str) -> None:
    assert read_mesh(data, kind).heights is None


def test_wrong_use() -> None:
    with pytest.raises(ToolpathError, match="kind 'ply'"):
        read_mesh(b"", "ply")
    for pixel_um in (0.0, 0.4, np.nan, np.inf, 5001.0):
        with pytest.raises(ToolpathError, match="pixel"):
            read_mesh(b"", "stl", pixel_um=pixel_um)


@pytest.mark.parametrize(
    ("name", "wanted"), [("cylinder.stl", ["M396", "M395"]), ("pyramid.stl", ["M390"]), ("soup.stl", ["M389"])]
)
def test_foreign_files(name: str, wanted: list[str]) -> None:
    """A closed cylinder 2 mm wide and 8 high, its foot at the origin; an open pyramid; a hundred triangles."""
    folder = os.environ.get("PIN_ENGRAVE_FOREIGN_DATA")
    if folder is None:
        pytest.skip("PIN_ENGRAVE_FOREIGN_DATA does not name the foreign files")
    meshed = read_mesh((Path(folder) / "mesh" / name).read_bytes(), "stl", pixel_um=10.0)
    assert numbers(meshed) == wanted
    if meshed.heights is not None:
        covered = np.isfinite(meshed.heights.z_um)
        assert np.abs(meshed.heights.z_um[covered] - 8000.0).max() < 1e-6
        assert covered.sum() * 1e-4 == pytest.approx(np.pi, rel=0.01)
