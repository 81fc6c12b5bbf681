"""The headline: serials go in, and the files that come out, read back by others and by us, give the serials again."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from engrave import api
from engrave.api import BatchOutcome
from engrave.batch import plan_pin
from engrave.code.mark import Mark
from engrave.job.setup import Setup, prepare
from engrave.layout import lay_out

FloatArray = NDArray[np.float64]

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent.parent.parent
EXAMPLES = PROJECT / "examples"
PINS = range(24)

# The physics' crater, from the job's figures by hand: F0 = 2 E / (pi w^2) = 2 0.35e-6 J / (pi (6e-4 cm)^2) = 0.6189
# J/cm2; N = (12 um / 1 um)(12 um / 4 um) = 36; Fth(36) = 0.16 36^(0.81 - 1) = 0.08099 J/cm2;
# D^2 = 2 w^2 ln(F0 / Fth) = 72 um2 x 2.0336 = 146.42 um2.
CRATER_UM = 12.100


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(api.load_job(EXAMPLES / "job.toml"))


def _land(mark: Mark, setup: Setup) -> BaseGeometry:
    """The layout's land, mirrored here by hand: x to -x."""
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    land = shapely.union_all([land.outline for land in layout.lands])
    return shapely.transform(land, lambda xy: np.column_stack([-xy[:, 0], xy[:, 1]]))


def _folder(demo: BatchOutcome, index: int) -> Path:
    return demo.folder / "pins" / demo.pins[index].mark.characters


def test_every_pin_of_the_demo_passes_and_reads_as_its_own_serial(demo: BatchOutcome) -> None:
    with (EXAMPLES / "serials.csv").open(newline="") as file:
        wanted = [(row["serial"], row["maker"], row["model"]) for row in csv.DictReader(file)]
    read = []
    for pin in demo.pins:
        check = json.loads((demo.folder / "pins" / pin.mark.characters / "check.json").read_text())
        assert check["verdict"] == "pass", check["findings"]
        assert check["reading"]["characters"] == pin.mark.characters
        read.append((check["reading"]["serial"], check["reading"]["maker"], check["reading"]["model"]))
    assert read == wanted
    assert len(wanted) == len(PINS)
    assert len({pin.mark.characters for pin in demo.pins}) == len(PINS)
    assert "375-76834" in {serial for serial, _, _ in wanted}
    assert len({maker for _, maker, _ in wanted}) == 3
    assert len({entry.template for entry in api.load_job(EXAMPLES / "job.toml").ranges}) >= 5


def test_no_character_of_the_alphabet_goes_untried(demo: BatchOutcome) -> None:
    """24 pins have 192 characters; by chance all but a few of the 32 glyphs stand among them."""
    assert len({character for pin in demo.pins for character in pin.mark.characters}) >= 28


# Painting takes ten seconds a pin: one of each maker's models, and the last; the others with the long proofs.
PAINTED = (0, 5, 10, 15, 19, 23)


@pytest.mark.parametrize(
    "index", [index if index in PAINTED else pytest.param(index, marks=pytest.mark.exhaustive) for index in PINS]
)
def test_linuxcnc_paints_the_intended_floor(
    demo: BatchOutcome, setup: Setup, linuxcnc_beam_moves: Callable[..., Any], index: int
) -> None:
    """The beam-on moves that LinuxCNC reports, as wide as the physics' crater, are the field less the land."""
    moves = linuxcnc_beam_moves((_folder(demo, index) / "job.ngc").read_bytes())
    assert not moves.lit_at_end
    assert not moves.rapid.any()
    painted = shapely.union_all(shapely.buffer(_lines(moves.begin_um, moves.end_um), CRATER_UM / 2, quad_segs=16))
    land = _land(demo.pins[index].mark, setup)
    intended = Point(0, 0).buffer(setup.tip.edge_radius_um, quad_segs=256).difference(land)
    assert painted.symmetric_difference(intended).area < 0.02 * land.area


def _lines(begin_um: FloatArray, end_um: FloatArray) -> NDArray[np.object_]:
    """The moves joined to polylines, seen from above, each once however often it is run."""
    breaks = np.flatnonzero(np.any(begin_um[1:] != end_um[:-1], axis=1)) + 1
    starts = np.concatenate([[0], breaks])
    ends = np.concatenate([breaks, [len(begin_um)]])
    lines: dict[bytes, FloatArray] = {}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        points = np.concatenate([begin_um[start : start + 1, :2], end_um[start:end, :2]])
        lines.setdefault(points.tobytes(), points)
    return np.array([LineString(points) for points in lines.values()])


@pytest.mark.parametrize("index", PINS)
def test_gdal_reads_outline_dxf_as_the_layout(
    demo: BatchOutcome, setup: Setup, require_module: Callable[[str], Any], index: int
) -> None:
    _, geometries, _ = _read_dxf(require_module, _folder(demo, index) / "outline.dxf")
    rings = [Polygon(shapely.get_coordinates(geometry) * 1000.0) for geometry in geometries]
    # A closed polyline is an outline or a counter: even-odd makes the land of both.
    found: BaseGeometry = Polygon()
    for ring in rings:
        found = found.symmetric_difference(ring)
    land = _land(demo.pins[index].mark, setup)
    nanometre_um = 1e-3
    assert found.symmetric_difference(land).area < nanometre_um * land.length


@pytest.mark.parametrize("index", PINS)
def test_gdal_reads_job_dxf_as_the_toolpath(
    demo: BatchOutcome, setup: Setup, require_module: Callable[[str], Any], index: int
) -> None:
    layers, geometries, points = _read_dxf(require_module, _folder(demo, index) / "job.dxf")
    toolpath = plan_pin(setup, demo.pins[index].mark).toolpath
    operations = [operation for _, operation in toolpath.operations()]
    names = [name for name in dict.fromkeys(layers) if name != "CALIBRATION"]
    assert len(names) == len(operations)
    for name, operation in zip(sorted(names), operations, strict=True):
        chosen = [points[place] for place in np.flatnonzero(np.array(layers) == name)]
        assert len(chosen) == len(operation.paths)
        found, wanted = np.concatenate(chosen) * 1000.0, operation.paths.points
        np.testing.assert_allclose(found, wanted, atol=1e-3, rtol=0)
    assert len(geometries) == sum(len(operation.paths) for operation in operations) + layers.count("CALIBRATION")


def _read_dxf(need: Callable[[str], Any], path: Path) -> tuple[list[str], list[BaseGeometry], list[FloatArray]]:
    """Layer, geometry and points (n, 3), mm, of every entity, in the file's order."""
    pyogrio = need("pyogrio")
    meta, _, binary, fields = pyogrio.raw.read(path)
    layers = [str(layer) for layer in fields[list(meta["fields"]).index("Layer")]]
    geometries = list(shapely.from_wkb(binary))
    return layers, geometries, [shapely.get_coordinates(geometry, include_z=True) for geometry in geometries]


@pytest.mark.parametrize("index", PINS)
def test_klayout_reads_both_drawings(
    demo: BatchOutcome, require_module: Callable[[str], ModuleType], setup: Setup, index: int
) -> None:
    folder = _folder(demo, index)
    outline = _klayout_lines(require_module, folder / "outline.dxf")
    assert list(outline) == ["LAND"]
    land = _land(demo.pins[index].mark, setup)
    found: BaseGeometry = Polygon()
    for ring in outline["LAND"]:
        found = found.symmetric_difference(Polygon(ring * 1000.0))
    assert found.symmetric_difference(land).area < 1e-3 * land.length
    operations = [operation for _, operation in plan_pin(setup, demo.pins[index].mark).toolpath.operations()]
    job = _klayout_lines(require_module, folder / "job.dxf")
    job.pop("CALIBRATION")
    for name, operation in zip(sorted(job), operations, strict=True):
        lines = MultiLineString([line * 1000.0 for line in job[name]])
        wanted = MultiLineString([path[:, :2] for path in operation.paths])
        assert len(lines.geoms) == len(wanted.geoms)
        assert lines.length == pytest.approx(wanted.length, abs=1e-3 * len(operation.paths.points))
        assert np.allclose(lines.bounds, wanted.bounds, atol=1e-3)


def _klayout_lines(need: Callable[[str], Any], path: Path) -> dict[str, list[FloatArray]]:
    database = need("klayout.db")
    options = database.LoadLayoutOptions()
    options.dxf_dbu = 1e-4  # um
    options.dxf_unit = 1000.0  # a drawing unit is a millimetre
    options.dxf_polyline_mode = 2  # closed polylines become polygons, open ones lines
    layout = database.Layout()
    layout.read(str(path), options)
    found: dict[str, list[FloatArray]] = {}
    for layer in layout.layer_indexes():
        for shape in layout.top_cell().shapes(layer).each():
            points = list(shape.path.each_point() if shape.is_path() else shape.simple_polygon.each_point())
            closed = points if shape.is_path() else [*points, points[0]]
            line = np.array([(point.x, point.y) for point in closed]) * layout.dbu / 1000.0
            found.setdefault(layout.get_info(layer).name, []).append(line)
    return found


def test_the_same_job_at_three_micrometres_fails_with_its_glyphs_named(tmp_path: Path) -> None:
    serials = tmp_path / "serials.csv"
    serials.write_text("serial,maker,model\n375-76834,Borealis,Compact\n")
    job = replace(api.load_job(EXAMPLES / "job.toml"), relief_um=3.0)
    outcome = api.batch(serials, tmp_path / "out", job)
    assert not outcome.good
    mark = outcome.pins[0].mark
    check = json.loads((outcome.folder / "pins" / mark.characters / "check.json").read_text())
    assert check["verdict"] == "fail"
    named = [finding["message"] for finding in check["findings"] if finding["number"] == "S501"]
    assert all(any(f"'{character}'" in message for message in named) for character in mark.characters)


def test_the_job_on_the_small_tip_is_refused_for_its_outer_track(tmp_path: Path) -> None:
    job = api.load_job(EXAMPLES / "job-small-tip.toml")
    with pytest.raises(ValueError, match=r"L108 ring track 2 \(525 to 600 um\)"):
        api.batch(EXAMPLES / "serials.csv", tmp_path / "out", job)
    assert not (tmp_path / "out").exists()
