"""Electrodes as STL, 3MF and DXF, as programs that nobody here wrote read them, in millimetres."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
import trimesh
from ezdxf.entities.lwpolyline import LWPolyline
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import scale

from engrave.base.shelf import Shelf
from toolpaths.edm.electrode import Electrode, electrode_for
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface
from toolpaths.writers.electrode import (
    MOST_LEVELS,
    layers,
    write_electrode_3mf,
    write_electrode_dxf,
    write_electrode_stl,
)
from toolpaths.writers.mesh_files import package_3mf, stl_bytes
from toolpaths.writers.mesh_solid import Solid

Ball = Callable[..., Surface]
Need = Callable[[str], Any]

FINE: Sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
FIELD = box(-200, -150, 200, 150)
# An L, so that no turn and no mirror keeps it.
MARK = polygons(box(-60, -70, -20, 70).union(box(-60, -70, 80, -30)))


def made(surface: Surface, land: MultiPolygon = MARK) -> Electrode:
    return electrode_for(land=land, field=FIELD, surface=surface, relief_um=40.0, sinking=FINE, stage=FINE.finest)


@pytest.fixture(scope="module")
def electrode(ball: Ball) -> Electrode:
    return made(ball(radius_um=800.0, edge_radius_um=500.0))


def test_numpy_stl_reads_a_closed_body_in_millimetres(
    electrode: Electrode, require_module: Need, tmp_path: Path
) -> None:
    path = tmp_path / "electrode.stl"
    path.write_bytes(write_electrode_stl(electrode))
    mesh = require_module("stl.mesh").Mesh.from_file(str(path), calculate_normals=False)
    assert mesh.is_closed(exact=True)
    volume, _, _ = mesh.get_mass_properties()
    assert volume == pytest.approx(electrode.body.volume_um3 * 1e-9, rel=1e-5)
    np.testing.assert_allclose(mesh.min_, [-0.4, -0.35, -(80 + 300) / 1000], atol=1e-6)
    np.testing.assert_allclose(mesh.max_, [0.4, 0.35, -electrode.lowest_um / 1000], atol=1e-6)
    stored = mesh.normals.copy()
    mesh.update_normals()
    lengths = np.linalg.norm(mesh.normals, axis=1, keepdims=True)
    large = lengths[:, 0] > 1e-7
    np.testing.assert_allclose(stored[large], (mesh.normals / np.maximum(lengths, 1e-30))[large], atol=1e-3)


def test_lib3mf_finds_nothing_to_warn_of(electrode: Electrode, require_module: Need) -> None:
    """The consortium's own reader, strict; its unit 1 is the millimetre."""
    model = require_module("lib3mf").get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(StrictModeActive=True)
    reader.ReadFromBuffer(write_electrode_3mf(electrode))
    assert reader.GetWarningCount() == 0
    assert int(model.GetUnit()) == 1
    meshes = model.GetMeshObjects()
    assert meshes.MoveNext()
    mesh = meshes.GetCurrentMeshObject()
    assert mesh.IsManifoldAndOriented()
    assert mesh.GetTriangleCount() == len(electrode.body.triangles)
    assert not meshes.MoveNext()
    box_mm = model.GetOutbox()
    assert box_mm.MaxCoordinate[0] - box_mm.MinCoordinate[0] == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("kind", ["stl", "3mf"])
def test_trimesh_finds_the_same_volume_in_either_pose(kind: str, electrode: Electrode) -> None:
    write = {"stl": write_electrode_stl, "3mf": write_electrode_3mf}[kind]
    milled, burning = (
        trimesh.load_mesh(io.BytesIO(write(electrode, pose=pose)), file_type=kind) for pose in ("milling", "burning")
    )
    for mesh in (milled, burning):
        assert mesh.is_volume
        assert mesh.body_count == 1
        assert mesh.volume == pytest.approx(electrode.body.volume_um3 * 1e-9, rel=1e-5)
    np.testing.assert_allclose(milled.bounds[1, 2], -burning.bounds[0, 2], atol=1e-6)
    np.testing.assert_allclose(milled.center_mass, burning.center_mass * [-1, 1, -1], atol=1e-6)


def test_files_are_equal_for_equal_electrodes(electrode: Electrode, ball: Ball) -> None:
    again = made(ball(radius_um=800.0, edge_radius_um=500.0))
    assert write_electrode_stl(electrode) == write_electrode_stl(again)
    assert write_electrode_3mf(electrode) == write_electrode_3mf(again)
    assert write_electrode_dxf(electrode, step_um=10.0) == write_electrode_dxf(again, step_um=10.0)


def drawn(data: bytes) -> tuple[Any, dict[str, MultiPolygon]]:
    """The document, and of each layer what its closed polylines enclose, mm."""
    doc = ezdxf.read(io.StringIO(data.decode("ascii")))  # type: ignore[attr-defined] # documented
    found: dict[str, MultiPolygon] = {}
    for entity in doc.modelspace():
        assert isinstance(entity, LWPolyline)
        assert entity.closed
        ring = Polygon([(x, y) for x, y, *_ in entity.get_points()])
        before = found.get(entity.dxf.layer, MultiPolygon())
        found[entity.dxf.layer] = polygons(before.symmetric_difference(ring))
    return doc, found


def test_dxf_of_a_flat_has_the_end_face_and_the_base(ball: Ball) -> None:
    """In millimetres, as it is milled: the mark's mirror image."""
    doc, found = drawn(write_electrode_dxf(made(ball(radius_um=1e9)), step_um=10.0))
    assert doc.units == 4
    assert set(found) == {"DEPTH_0000P0UM", "BASE_DEPTH_0080P0UM"}
    face = scale(FIELD.difference(MARK), -1e-3, 1e-3, origin=(0, 0)).buffer(-0.006)
    assert found["DEPTH_0000P0UM"].symmetric_difference(face).area < 1e-5
    corner = Polygon([(-0.4, 0.35), (-0.2, 0.35), (-0.4, 0.25)])
    assert found["BASE_DEPTH_0080P0UM"].symmetric_difference(box(-0.4, -0.35, 0.4, 0.35).difference(corner)).area < 1e-9
    elevations = {entity.dxf.layer: entity.dxf.elevation for entity in doc.modelspace()}
    assert elevations["BASE_DEPTH_0080P0UM"] == -0.08
    auditor = doc.audit()
    assert not auditor.errors


def test_layers_of_a_sphere_are_its_circles(electrode: Electrode) -> None:
    """At a height h above the lowest place the end face is solid outside a circle of the sphere's radius there."""
    found = layers(electrode, step_um=7.0)
    depths = [layer.depth_um for layer in found[:-1]]
    assert depths[:3] == [7.0, 14.0, 21.0]
    assert np.diff(depths).max() <= 7.0 + 1e-9
    face = scale(electrode.region, -1, 1, origin=(0, 0))
    for layer in found[1:-2]:
        height_um = electrode.lowest_um + layer.depth_um
        radius_um = math.sqrt(800.0**2 - (800.0 + height_um) ** 2)
        expected = face.difference(shapely.Point(0, 0).buffer(radius_um, quad_segs=200))
        # The chord tolerance, 0.1 um, over the least slope, across the circle.
        slope = radius_um / 800
        near = shapely.Point(0, 0).buffer(radius_um).exterior.buffer(0.12 / slope + 0.1)
        assert layer.outline.symmetric_difference(expected).difference(near).area < 0.05
    assert found[-2].outline.symmetric_difference(face).area < 0.05
    assert found[-1].depth_um == pytest.approx(80 - electrode.lowest_um)


def test_steps_out_of_measure_are_refused(electrode: Electrode) -> None:
    for step_um in (0.0, math.nan, -1.0):
        with pytest.raises(ToolpathError, match="must be a finite number above 0"):
            layers(electrode, step_um=step_um)


def test_fine_steps_are_widened(electrode: Electrode) -> None:
    found = layers(electrode, step_um=0.01)
    assert len(found) <= MOST_LEVELS + 1
    steps = np.array([layer.depth_um for layer in found[:-2]]) / 0.01
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)


def test_names_that_would_break_a_file_are_refused() -> None:
    corners = np.array([(0, 0, 0), (1000, 0, 0), (0, 1000, 0), (0, 0, 1000)], dtype=np.int64)
    faces = np.array([(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)], dtype=np.int64)
    solid = Solid(vertices_nm=corners, triangles=faces)
    for header in ("x" * 81, "solid body", "\xe4"):
        with pytest.raises(ToolpathError, match="80 bytes of ASCII"):
            stl_bytes(solid, header=header)
    assert len(stl_bytes(solid, header="x" * 80)) == 84 + 4 * 50
    for name in ("a<b", 'a"b', "a\nb", "\xe4"):
        with pytest.raises(ToolpathError, match="plain ASCII"):
            package_3mf(solid, name=name)
