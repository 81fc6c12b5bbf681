"""Readers that share nothing with ezdxf or with us find the same geometry in the drawings, within a nanometre."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

from toolpaths.model import Toolpath
from toolpaths.readers.dxf import read_dxf
from toolpaths.writers.dxf import Version, write_job_dxf, write_outline_dxf
from toolpaths.writers.svg import write_toolpath_svg

FloatArray = NDArray[np.float64]
Need = Callable[[str], ModuleType]

NANOMETRE_MM = 1e-6
LAYERS = ("OP01_HATCH-000_X27", "OP02_CONTOUR_X27", "OP03_LAST-once_X1")

LAND = (
    Polygon([(-0.0004, 0), (100.12345, 0), (100, 150), (0, 150)], [[(20, 20), (80, 20), (80, 60.0006), (20, 60)]]),
    Polygon([(200, -100), (300, -100), (250, -33.3333333)]),
)


def by_layer(toolpath: Toolpath) -> dict[str, list[FloatArray]]:
    """Paths in millimetres, in order."""
    operations = [operation for _, operation in toolpath.operations()]
    return {
        layer: [path / 1000.0 for path in operation.paths] for layer, operation in zip(LAYERS, operations, strict=True)
    }


def same_lines(found: list[FloatArray], wanted: list[FloatArray]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=NANOMETRE_MM, rtol=0)


def same_rings(found: list[FloatArray], land: tuple[Polygon, ...]) -> None:
    """Every ring of the land once, whatever point it begins with."""
    wanted = [np.array(ring.coords) / 1000.0 for polygon in land for ring in (polygon.exterior, *polygon.interiors)]
    assert len(found) == len(wanted)
    for ring in found:
        distances = [
            shapely.hausdorff_distance(LineString(ring), LineString(other))
            for other in wanted
            if len(other) == len(ring)
        ]
        assert min(distances) <= NANOMETRE_MM


BOTH = pytest.mark.parametrize("version", ["R2000", "R12"])


def layer_of(name: str, version: Version) -> str:
    """R12 has capital letters only."""
    return name.upper() if version == "R12" else name


@BOTH
def test_gdal_reads_the_job(require_module: Need, toolpath: Toolpath, tmp_path: Path, version: Version) -> None:
    data = write_job_dxf(toolpath, version=version)
    found = gdal_lines(require_module, data, tmp_path)
    calibration = found.pop("CALIBRATION")
    assert set(found) == {layer_of(layer, version) for layer in LAYERS}
    for layer, wanted in by_layer(toolpath).items():
        same_lines(found[layer_of(layer, version)], wanted)
    for _, operation in read_dxf(data).toolpath.operations():
        same_lines([path / 1000.0 for path in operation.paths], found[operation.name])
    assert [line[:, :2].tolist() for line in calibration] == [
        [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]]
    ]


@BOTH
def test_gdal_reads_the_outline(require_module: Need, tmp_path: Path, version: Version) -> None:
    found = gdal_lines(require_module, write_outline_dxf(LAND, version=version), tmp_path)
    assert set(found) == {"LAND"}
    assert all(np.array_equal(ring[0, :2], ring[-1, :2]) for ring in found["LAND"])
    same_rings([ring[:, :2] for ring in found["LAND"]], LAND)


def gdal_lines(need: Need, data: bytes, folder: Path) -> dict[str, list[FloatArray]]:
    pyogrio = need("pyogrio")
    path = folder / "drawing.dxf"
    path.write_bytes(data)
    meta, _, geometries, fields = pyogrio.raw.read(path)
    layers = fields[list(meta["fields"]).index("Layer")]
    found: dict[str, list[FloatArray]] = {}
    for layer, geometry in zip(layers, shapely.from_wkb(geometries), strict=True):
        found.setdefault(str(layer), []).append(shapely.get_coordinates(geometry, include_z=True))
    return found


@BOTH
def test_klayout_reads_the_job(require_module: Need, toolpath: Toolpath, tmp_path: Path, version: Version) -> None:
    found = klayout_lines(require_module, write_job_dxf(toolpath, version=version), tmp_path)
    calibration = found.pop("CALIBRATION")
    assert set(found) == {layer_of(layer, version) for layer in LAYERS}
    for layer, wanted in by_layer(toolpath).items():
        lines_found = found[layer_of(layer, version)]
        one, other = ([LineString(line[:, :2]) for line in lines] for lines in (lines_found, wanted))
        assert len(one) == len(other)
        # klayout sorts a layer's shapes and may turn a ring round: match each with its nearest.
        for line in one:
            assert min(shapely.hausdorff_distance(line, candidate) for candidate in other) <= NANOMETRE_MM
    assert np.ptp(calibration[0], axis=0).tolist() == [1.0, 1.0]


@BOTH
def test_klayout_reads_the_outline(require_module: Need, tmp_path: Path, version: Version) -> None:
    found = klayout_lines(require_module, write_outline_dxf(LAND, version=version), tmp_path)
    assert set(found) == {"LAND"}
    same_rings(found["LAND"], LAND)


def klayout_lines(need: Need, data: bytes, folder: Path) -> dict[str, list[FloatArray]]:
    database = need("klayout.db")
    path = folder / "drawing.dxf"
    path.write_bytes(data)
    options = database.LoadLayoutOptions()
    options.dxf_dbu = 1e-4  # um: ten steps a nanometre
    options.dxf_unit = 1000.0  # a drawing unit is a millimetre
    options.dxf_polyline_mode = 2  # closed polylines become polygons, open ones lines
    layout = database.Layout()
    layout.read(str(path), options)
    found: dict[str, list[FloatArray]] = {}
    for index in layout.layer_indexes():
        for shape in layout.top_cell().shapes(index).each():
            points = list(shape.path.each_point() if shape.is_path() else shape.simple_polygon.each_point())
            closed = points if shape.is_path() else [*points, points[0]]
            line = np.array([(point.x, point.y) for point in closed]) * layout.dbu / 1000.0
            found.setdefault(layout.get_info(index).name, []).append(line)
    return found


def test_svgelements_reads_the_preview(require_module: Need, toolpath: Toolpath, tmp_path: Path) -> None:
    elements = require_module("svgelements")
    path = tmp_path / "job.svg"
    path.write_bytes(write_toolpath_svg(toolpath, title="A & B"))
    # One user unit is to be one millimetre: 25.4 to the inch.
    drawing = elements.SVG.parse(str(path), ppi=25.4)
    left, top = -0.25, -0.25
    found = []
    for shape in drawing.elements(lambda element: isinstance(element, elements.Path)):
        lines: list[list[tuple[float, float]]] = []
        for piece in shape:
            if isinstance(piece, elements.Move):
                lines.append([])
            lines[-1].append((piece.end.x + left, -(piece.end.y + top)))
        found.append([np.array(line) for line in lines])
    for lines_found, wanted in zip(found, by_layer(toolpath).values(), strict=True):
        same_lines(lines_found, [line[:, :2] for line in wanted])


@pytest.mark.parametrize("kind", ["dxf", "svg"])
def test_a_nanometre_is_not_lost(require_module: Need, toolpath: Toolpath, tmp_path: Path, kind: str) -> None:
    """The comparison above can fail: a path moved by two nanometres is seen."""
    if kind == "svg":
        assert b"0.200123" in write_toolpath_svg(toolpath, title="")
        return
    found = gdal_lines(require_module, write_job_dxf(toolpath), tmp_path)
    wanted = by_layer(toolpath)[LAYERS[1]]
    with pytest.raises(AssertionError):
        same_lines(found[LAYERS[1]], [line + 2e-6 for line in wanted])
