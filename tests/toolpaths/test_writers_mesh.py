"""The engraved tip as STL, 3MF and GLB, as programs that nobody here wrote read them."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap
from toolpaths.writers.mesh import KINDS, import_note, write_3mf, write_glb, write_stl
from toolpaths.writers.mesh_solid import solid_of
from toolpaths.writers.mesh_triangles import triangles_over

FloatArray = NDArray[np.float64]
Need = Callable[[str], Any]
Write = Callable[..., bytes]

WRITERS: dict[str, Write] = {"stl": write_stl, "3mf": write_3mf, "glb": write_glb}
MM_PER_UNIT = {"stl": 1.0, "3mf": 1.0, "glb": 1000.0}


def tip_map(z_um: FloatArray, *, pixel_um: float = 10.0) -> HeightMap:
    """A map about the axis."""
    rows, columns = z_um.shape
    x0_um, y0_um = -pixel_um * (columns - 1) / 2, -pixel_um * (rows - 1) / 2
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=x0_um, y0_um=y0_um, frame="pin")


@pytest.fixture(scope="module")
def tip() -> HeightMap:
    """A dome of 1 mm, 0.9 mm across, with an F 20 um high on a floor; its stem to the right, as on a real tip."""
    axis_um = np.arange(-150, 151) * 3.0
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    letter = (np.abs(x_um - 60) <= 15) & (np.abs(y_um) <= 120)
    letter |= (np.abs(x_um + 15) <= 75) & ((np.abs(y_um - 105) <= 15) | (np.abs(y_um - 15) <= 15))
    dome_um = np.sqrt(1e6 - x_um**2 - y_um**2) - 1000.0
    z_um = np.where(np.hypot(x_um, y_um) <= 450.0, dome_um - np.where(letter, 0.0, 20.0), np.nan)
    return HeightMap(z_um=z_um, pixel_um=3.0, x0_um=-450.0, y0_um=-450.0, frame="pin")


def loaded(data: bytes, kind: str, need: Need) -> trimesh.Trimesh:
    """What trimesh makes of a file; it reads 3MF by lxml."""
    if kind == "3mf":
        need("lxml")
    return trimesh.load_mesh(io.BytesIO(data), file_type=kind)


def prisms_mm3(heights: HeightMap, *, base_um: float) -> float:
    """Volume between whole cells of a grid and a base below, by the mean height of a cell's two triangles."""
    z_um = heights.z_um - (np.nanmin(heights.z_um) - base_um)
    a, b, d, e = z_um[:-1, :-1], z_um[:-1, 1:], z_um[1:, 1:], z_um[1:, :-1]
    return float(np.nansum(2 * a + b + 2 * d + e) / 6 * heights.pixel_um**2 * 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_trimesh_finds_one_closed_body(tip: HeightMap, kind: str, require_module: Need) -> None:
    mesh = loaded(WRITERS[kind](tip), kind, require_module)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.is_volume
    assert mesh.body_count == 1
    assert mesh.volume > 0
    extents_mm = mesh.extents * MM_PER_UNIT[kind]
    # The rim of the dome lies 1000 - sqrt(1000^2 - 450^2) = 106.97 um down, the floor 20 more, the base 200 more.
    np.testing.assert_allclose(extents_mm, [0.9, 0.9, 0.10697 + 0.02 + 0.2], atol=1.1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_lies_where_a_judge_sees_it(tip: HeightMap, kind: str, require_module: Need) -> None:
    """Rays of trimesh from above hit the surface at each sample's height, to better than 0.1 um."""
    mesh = loaded(WRITERS[kind](tip, tolerance_um=0.05), kind, require_module)
    rows, columns = np.nonzero(np.isfinite(tip.z_um))
    chosen = np.random.default_rng(3).choice(rows.size, 300, replace=False)
    x_um, y_um = tip.x_um()[columns[chosen]], tip.y_um()[rows[chosen]]
    # A hair beside the sample, so that no ray runs along a facet's side.
    starts = np.stack([x_um + 1e-4, y_um + 2e-4, np.full(x_um.size, 50.0)], axis=1) / 1000.0 / MM_PER_UNIT[kind]
    places, rays, _ = mesh.ray.intersects_location(
        starts, np.tile([0.0, 0.0, -1.0], (x_um.size, 1)), multiple_hits=True
    )
    highest = np.full(x_um.size, -np.inf)
    np.maximum.at(highest, rays, places[:, 2] * 1000.0 * MM_PER_UNIT[kind])
    # Whoever stands at the foot or the edge of a wall sees a little of the wall.
    expected = tip.z_um[rows[chosen], columns[chosen]]
    inside = np.isfinite(highest)
    assert inside.mean() > 0.98
    assert np.abs(highest - expected)[inside].max() <= 0.06


@pytest.mark.parametrize("kind", KINDS)
def test_the_stem_of_f_has_the_greater_x(tip: HeightMap, kind: str, require_module: Need) -> None:
    """Nothing is mirrored or turned on the way: the letter's lower left is floor, its lower right is land."""
    vertices = loaded(WRITERS[kind](tip), kind, require_module).vertices * 1000.0 * MM_PER_UNIT[kind]
    dome_um = np.sqrt(1e6 - vertices[:, 0] ** 2 - vertices[:, 1] ** 2) - 1000.0
    land = np.abs(vertices[:, 2] - dome_um) < 1.0
    low = (vertices[:, 1] > -115) & (vertices[:, 1] < -30) & land & (np.hypot(*vertices.T[:2]) < 200)
    assert low.any()
    assert vertices[low, 0].min() >= 45 - 1e-3
    high = (vertices[:, 1] > 91) & (np.hypot(*vertices.T[:2]) < 200) & land
    assert vertices[high, 0].min() == pytest.approx(-90, abs=1e-3)


def test_volume_is_the_analytic_one(tip: HeightMap, require_module: Need) -> None:
    """With every cell cut in two, the volume of prisms; then that of a dome with a letter less its floor."""
    mesh = loaded(write_stl(tip, tolerance_um=0.01), "stl", require_module)
    # Cap of a sphere over a disc, R = 1000, r = 450, h = 106.97: pi h^2 (R - h / 3), plus the cylinder below it.
    drop = 1000 - np.sqrt(1e6 - 450.0**2)
    cap_mm3 = np.pi * drop**2 * (1000 - drop / 3) * 1e-9
    # Letter: stem 31.5 wide and 241.5 high as samples reach half a wall over, two arms beside it.
    letter_um2 = np.count_nonzero(_letter(tip)) * 9.0
    disc_um2 = np.pi * 450.0**2
    wanted = cap_mm3 + disc_um2 * 200.0 * 1e-9 + letter_um2 * 20.0 * 1e-9
    # The rim is a staircase of samples: up to half a pixel of its length is missing.
    assert mesh.volume == pytest.approx(wanted, abs=2 * np.pi * 450 * 1.5 * 220 * 1e-9)
    assert mesh.volume == pytest.approx(prisms_mm3(tip, base_um=200.0), rel=2e-3)


def _letter(tip: HeightMap) -> NDArray[np.bool_]:
    x_um, y_um = np.meshgrid(tip.x_um(), tip.y_um())
    return np.sqrt(np.maximum(1e6 - x_um**2 - y_um**2, 0)) - 1000.0 - tip.z_um < 10.0


def test_a_plate_has_its_exact_volume_and_few_facets() -> None:
    """100 by 60 samples 10 um apart: 0.99 x 0.59 x 0.05 mm; a level face needs no triangle inside."""
    solid = solid_of(tip_map(np.full((60, 100), -3.0)), base_um=50.0)
    corners = solid.vertices_nm[solid.triangles] / 1e6
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume == pytest.approx(0.99 * 0.59 * 0.05, rel=1e-12)
    assert solid.vertices_nm[:, 2].min() == -53_000
    rim = 2 * (99 + 59)
    assert len(solid.triangles) < 2 * rim + rim + 8 * rim


def test_numpy_stl_reads_the_same_body(tip: HeightMap, require_module: Need, tmp_path: Path) -> None:
    reader = require_module("stl.mesh")
    path = tmp_path / "pin.stl"
    path.write_bytes(write_stl(tip))
    mesh = reader.Mesh.from_file(str(path), calculate_normals=False)
    assert mesh.is_closed(exact=True)
    volume, _, _ = mesh.get_mass_properties()
    assert volume == pytest.approx(prisms_mm3(tip, base_um=200.0), rel=2e-3)
    # The normals that the file carries are those that its corners make.
    stored = mesh.normals.copy()
    mesh.update_normals()
    lengths = np.linalg.norm(mesh.normals, axis=1, keepdims=True)
    np.testing.assert_allclose(stored, mesh.normals / lengths, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(stored, axis=1), 1.0, atol=1e-6)


def test_lib3mf_finds_nothing_to_warn_of(tip: HeightMap, require_module: Need) -> None:
    """The consortium's own reader, strict; its unit 1 is the millimetre."""
    model = require_module("lib3mf").get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(StrictModeActive=True)
    reader.ReadFromBuffer(write_3mf(tip))
    assert reader.GetWarningCount() == 0
    assert int(model.GetUnit()) == 1
    assert model.GetBuildItems().Count() == 1
    meshes = model.GetMeshObjects()
    assert meshes.MoveNext()
    mesh = meshes.GetCurrentMeshObject()
    solid = solid_of(tip)
    assert mesh.IsManifoldAndOriented()
    assert (mesh.GetVertexCount(), mesh.GetTriangleCount()) == (len(solid.vertices_nm), len(solid.triangles))
    found = np.array([list(vertex.Coordinates) for vertex in mesh.GetVertices()])
    np.testing.assert_allclose(found, solid.vertices_nm / 1e6, atol=1e-7)


def test_pygltflib_reads_the_same_vertices(tip: HeightMap, require_module: Need) -> None:
    document = require_module("pygltflib").GLTF2.load_from_bytes(write_glb(tip))
    positions, indices = document.accessors
    blob = document.binary_blob()
    vertices = np.frombuffer(blob, "<f4", count=3 * positions.count).reshape(-1, 3)
    solid = solid_of(tip)
    np.testing.assert_allclose(vertices, solid.vertices_nm / 1e9, atol=1e-10)
    assert positions.min == vertices.min(axis=0).tolist()
    assert positions.max == vertices.max(axis=0).tolist()
    assert indices.count == solid.triangles.size


def test_khronos_validator_finds_nothing(tip: HeightMap, node_judge: Callable[[str, bytes], Any]) -> None:
    report = node_judge("gltf-validator", write_glb(tip))
    assert report["issues"]["messages"] == []
    assert report["info"]["totalTriangleCount"] == len(solid_of(tip).triangles)


@pytest.mark.parametrize("kind", KINDS)
def test_same_bytes(tip: HeightMap, kind: str) -> None:
    assert WRITERS[kind](tip) == WRITERS[kind](tip)


def test_forms_of_the_files(tip: HeightMap) -> None:
    stl = write_stl(tip)
    assert not stl.startswith(b"solid")
    assert b"millimetre" in stl[:80]
    assert len(stl) == 84 + 50 * struct.unpack_from("<I", stl, 80)[0]
    with zipfile.ZipFile(io.BytesIO(write_3mf(tip))) as archive:
        assert archive.namelist() == ["[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        model = archive.read("3D/3dmodel.model")
    assert b'<model unit="millimeter"' in model
    assert b"-0.000000" not in model
    glb = write_glb(tip)
    assert struct.unpack_from("<4sII", glb) == (b"glTF", 2, len(glb))
    assert len(glb) % 4 == 0


@pytest.mark.parametrize("kind", KINDS)
def test_notes_say_the_unit(kind: str) -> None:
    note = import_note(kind)
    assert "metre" in note
    assert "mirror" in note
    assert note.endswith("\n")


def test_unknown_note() -> None:
    with pytest.raises(ToolpathError, match="step"):
        import_note("step")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"frame": "reading"}, "pin frame"),
        ({"z_um": np.full((5, 5), np.nan)}, "no surface"),
        ({"z_um": np.zeros((1, 9))}, "no surface"),
        ({"z_um": np.full((5, 5), 9000.0)}, "9000"),
        ({"x0_um": 9000.0}, "9040"),
        ({"z_um": np.where(np.arange(40)[:, None] == 20, np.nan, np.zeros((40, 40)))}, "2 pieces"),
        ({"z_um": np.zeros((1500, 1500)), "pixel_um": 1.0}, "2250000 samples"),
    ],
)
def test_what_is_no_tip_is_refused(change: dict[str, Any], reason: str) -> None:
    given_map = {"z_um": np.zeros((5, 5)), "pixel_um": 10.0, "x0_um": 0.0, "y0_um": 0.0, "frame": "pin", **change}
    with pytest.raises(ToolpathError, match=reason):
        solid_of(HeightMap(**given_map))


@pytest.mark.parametrize(("base_um", "tolerance_um"), [(0.0, 0.1), (np.nan, 0.1), (9000.0, 0.1), (1.0, -0.1)])
def test_what_is_no_base_and_no_tolerance(base_um: float, tolerance_um: float) -> None:
    with pytest.raises(ToolpathError, match=r"below the surface|tolerance"):
        solid_of(tip_map(np.zeros((5, 5))), base_um=base_um, tolerance_um=tolerance_um)


@pytest.mark.parametrize("tolerance_um", [0.0, 0.05, 1.0, 30.0])
def test_no_sample_is_further_off_than_the_tolerance(tip: HeightMap, tolerance_um: float) -> None:
    """Against scipy's interpolation over the triangles' own planes, triangle by triangle."""
    triangles = triangles_over(tip.z_um, tolerance_um=tolerance_um)
    columns = tip.z_um.shape[1]
    reached = np.zeros(tip.z_um.shape, dtype=np.bool_)
    for triangle in triangles[:: max(1, len(triangles) // 4000)]:
        row, column = triangle // columns, triangle % columns
        rows, cols = (index.ravel() for index in np.mgrid[row.min() : row.max() + 1, column.min() : column.max() + 1])
        matrix = np.stack([column, row, np.ones(3)])
        shares = np.linalg.solve(matrix, np.stack([cols, rows, np.ones(len(rows))]))
        inside = (shares >= -1e-9).all(axis=0)
        plane = shares.T @ tip.z_um.ravel()[triangle]
        reached[rows[inside], cols[inside]] = True
        assert np.abs(plane - tip.z_um[rows, cols])[inside].max() <= tolerance_um + 1e-9
    assert reached.any()


def test_a_greater_tolerance_takes_fewer_triangles(tip: HeightMap) -> None:
    counts = [len(triangles_over(tip.z_um, tolerance_um=tolerance)) for tolerance in (0.0, 0.05, 1.0, 30.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[2]


@settings(max_examples=60)
@given(
    z_um=arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.integers(2, 12)),
        elements=st.one_of(st.just(np.nan), *[st.floats(-40.0, 0.0)] * 4),
    ),
    tolerance_um=st.sampled_from([0.0, 0.5, 20.0]),
)
def test_whatever_has_holes_is_closed_or_refused(z_um: FloatArray, tolerance_um: float) -> None:
    """Random heights with random holes: each edge has two facets that run along it in opposite directions."""
    try:
        solid = solid_of(tip_map(z_um), tolerance_um=tolerance_um)
    except ToolpathError as error:
        assert "no surface" in str(error) or "pieces" in str(error)  # noqa: PT017 - the only two reasons there may be
        return
    mesh = trimesh.Trimesh(solid.vertices_nm / 1e6, solid.triangles, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.body_count == 1
    assert mesh.volume > 0
    _, times = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    assert set(times.tolist()) == {2}
