"""Previews of a real pin, held against its design, its machine files, and programs nobody here wrote."""

import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import ezdxf.filemanagement
import numpy as np
import pytest
import shapely
import trimesh
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from engrave import api
from engrave.base.errors import InputError
from engrave.batch.erosion_files import plan_erosion
from engrave.batch.machine_files import machine_files
from engrave.batch.pin import drawn_pin, plan_pin
from engrave.code.mark import Mark, make_mark
from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.layout import Engraving, Layout
from toolpaths.readers.gcode import read_gcode
from toolpaths.writers.edm_gcode import write_edm_gcode

FloatArray = NDArray[np.float64]
SVG = "{http://www.w3.org/2000/svg}"
SERIAL = "375-76834"


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(load_job(None))


@pytest.fixture(scope="module")
def mark(setup: Setup) -> Mark:
    return make_mark(serial=SERIAL, maker="Borealis", model="Compact", ranges=setup.ranges)


@pytest.fixture(scope="module")
def drawn(setup: Setup, mark: Mark) -> tuple[Layout, Engraving]:
    return drawn_pin(setup, mark)


@pytest.fixture(scope="module")
def folder(setup: Setup, mark: Mark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished pin's folder as far as previews look at it, with its batch's job."""
    batch = tmp_path_factory.mktemp("batch")
    pin = batch / "pins" / mark.characters
    pin.mkdir(parents=True)
    (batch / "job.json").write_bytes(api.json_bytes(api.job_to_json(setup.job)))
    (pin / "mark.json").write_bytes(api.json_bytes(api.mark_to_json(mark)))
    planned = plan_pin(setup, mark)
    outlines = [part for land in planned.engraving.lands for part in shapely.get_parts(land.outline).tolist()]
    # A scanner's files too, which this job's machine does not ask for.
    job = replace(setup.job, formats=("ngc", "dxf", "svg", "lbrn2", "ovf"))
    for name, data in machine_files(planned.toolpath, outlines, job, title="t", header=()).items():
        (pin / name).write_bytes(data)
    return pin


def view_of(folder: Path, view: str, suffix: str = ".svg", **options: Any) -> bytes:  # noqa: ANN401 - as preview's
    return api.preview(folder, None, view=view, suffix=suffix, **options)


def points_of(data: str) -> list[FloatArray]:
    return [np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", part), dtype=float) for part in data.split("M")[1:]]


def lands_of(data: bytes) -> BaseGeometry:
    """What the drawing's group of lands covers, by the even-odd rule, um."""
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    rings = [ring for path in root.findall(f"{SVG}g[@id='lands']/{SVG}path") for ring in points_of(path.attrib["d"])]
    covered: BaseGeometry = shapely.MultiPolygon()
    for ring in rings:
        covered = covered.symmetric_difference(shapely.Polygon(ring))
    return covered


def apart_um(one: BaseGeometry, other: BaseGeometry) -> float:
    """How wide what only one of two covers is, on the average along their outlines."""
    return float(one.symmetric_difference(other).area / other.length)


@pytest.mark.parametrize("view", ["layout", "pin", "tip"])
def test_a_preview_shows_the_lands_of_the_design(view: str, folder: Path, drawn: tuple[Layout, Engraving]) -> None:
    lands = drawn[0].lands if view == "layout" else drawn[1].lands
    design = shapely.union_all([land.outline for land in lands])
    # Coordinates are rounded to a nanometre: at most half of it to either side.
    assert apart_um(lands_of(view_of(folder, view)), design) < 0.0005


def test_a_preview_shows_the_outlines_of_the_machine_file(folder: Path) -> None:
    """The outlines in the DXF, as ezdxf reads them, in millimetres."""
    modelspace: Any = ezdxf.filemanagement.readfile(folder / "outline.dxf").modelspace()
    rings = [1000 * np.array(line.get_points("xy")) for line in modelspace]
    covered: BaseGeometry = shapely.MultiPolygon()
    for ring in rings:
        covered = covered.symmetric_difference(shapely.Polygon(ring))
    assert len(rings) > 30
    assert apart_um(lands_of(view_of(folder, "pin")), covered) < 0.1


def test_the_beams_contours_run_half_a_kerf_outside_of_the_lands_shown(folder: Path, setup: Setup) -> None:
    program = read_gcode((folder / "job.ngc").read_bytes(), setup.job.machine.value)
    (_, operation), *_ = program.toolpath().operations()
    closed = [path[:, :2] for path in operation.paths if len(path) > 2 and np.array_equal(path[0], path[-1])]
    cut = shapely.union_all([shapely.Polygon(ring) for ring in closed if np.abs(ring).max() < 700.0])
    lands = lands_of(view_of(folder, "pin"))
    kerf_um = setup.job.laser.value.kerf_um
    grown = shapely.buffer(
        shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(lands)]),
        kerf_um / 2,
        quad_segs=32,
    )
    assert apart_um(cut, shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(grown)])) < 0.1


def drawn_moves(data: bytes) -> tuple[list[FloatArray], str]:
    """The paths of every pass of a toolpath's drawing, in the pin frame, and all words in it."""
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    frames = [group for group in root.iter(f"{SVG}g") if group.attrib["id"].startswith("frame")]
    middles = [points_of(group[0].attrib["d"])[0].mean(axis=0) for group in frames]
    paths = {path.attrib["id"]: path.attrib["d"] for path in root.iter(f"{SVG}path") if "id" in path.attrib}
    numbers = range(1, 1 + sum(bool(re.fullmatch(r"pass-\d+", name)) for name in paths))
    moves = [path - middles[number - 1] for number in numbers for path in points_of(paths[f"pass-{number}"])]
    return moves, " ".join(text.text or "" for text in root.iter(f"{SVG}text"))


def moves_in(program: bytes, setup: Setup) -> list[FloatArray]:
    toolpath = read_gcode(program, setup.job.machine.value).toolpath()
    return [path[:, :2] for _, operation in toolpath.operations() for path in operation.paths]


def test_the_toolpath_shown_is_the_machine_files(folder: Path, setup: Setup) -> None:
    drawn, words = drawn_moves(view_of(folder, "toolpath"))
    held = moves_in((folder / "job.ngc").read_bytes(), setup)
    assert len(drawn) == len(held) == 5687
    assert [len(path) for path in drawn] == [len(path) for path in held]
    assert np.abs(np.concatenate(drawn) - np.concatenate(held)).max() < 0.0021
    assert "read back from job.ngc" in words
    assert "mirrored" in words


def test_what_was_changed_in_the_file_is_shown(folder: Path, setup: Setup, tmp_path: Path) -> None:
    """The file is drawn, and not what ought to stand in it: one move in the middle goes 50 um too far."""
    program = (folder / "job.ngc").read_text()
    lines = program.splitlines()
    at = next(n for n in range(len(lines) // 2, len(lines)) if re.match(r"G1 X|X-?\d", lines[n]) and "Y" in lines[n])
    changed = re.sub(r"X(-?[\d.]+)", lambda found: f"X{float(found[1]) + 0.05:.6f}", lines[at], count=1)
    lines[at] = changed
    target = tmp_path / "other.ngc"
    target.write_text("\n".join(lines) + "\n")
    drawn, words = drawn_moves(view_of(folder, "toolpath", program=target))
    before, _ = drawn_moves(view_of(folder, "toolpath"))
    held = moves_in(target.read_bytes(), setup)
    assert np.abs(np.concatenate(drawn) - np.concatenate(held)).max() < 0.0021
    off_um = np.abs(np.concatenate(drawn) - np.concatenate(before))
    assert off_um.max() == pytest.approx(50.0, abs=0.01)
    assert np.count_nonzero(off_um > 1.0) <= 2
    assert "read back from other.ngc" in words


@pytest.mark.parametrize("name", ["job.dxf", "job.svg", "job.lbrn2", "job.ovf"])
def test_every_format_of_a_pin_shows_the_same_paths(name: str, folder: Path) -> None:
    drawn, words = drawn_moves(view_of(folder, "toolpath", program=folder / name))
    expected, _ = drawn_moves(view_of(folder, "toolpath"))
    assert f"read back from {name}" in words
    assert len(drawn) == len(expected)
    assert np.abs(np.concatenate(drawn) - np.concatenate(expected)).max() < 0.01


def test_without_a_machine_file_the_plan_is_shown(folder: Path, mark: Mark, setup: Setup) -> None:
    drawn, words = drawn_moves(api.preview(mark, setup.job, view="toolpath", suffix=".svg"))
    held, _ = drawn_moves(view_of(folder, "toolpath"))
    assert "planned now, no machine file read" in words
    assert np.abs(np.concatenate(drawn) - np.concatenate(held)).max() < 0.0041


@pytest.mark.parametrize("view", ["layout", "pin", "tip", "toolpath"])
def test_inkscape_opens_it_at_its_size(
    view: str, folder: Path, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    inkscape, data = require_program("inkscape"), view_of(folder, view)
    path = tmp_path / f"{view}.svg"
    path.write_bytes(data)
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    width_um, height_um = (float(number) for number in root.attrib["viewBox"].split()[2:])
    picture = tmp_path / "out.png"
    dpi = 5080  # 5 um a pixel
    command = [inkscape, "--export-area-page", f"--export-dpi={dpi}", f"--export-filename={picture}", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(picture) as image:
        assert image.size == pytest.approx((width_um / 5, height_um / 5), abs=1.0)
    asked = subprocess.run(
        [inkscape, "--query-id=scale-bar", "--query-width", str(path)], check=True, capture_output=True, timeout=120
    )
    # In pixels of 1/96 in.
    assert float(asked.stdout) * 25_400 / 96 == pytest.approx(200.0, rel=1e-3)


@pytest.mark.parametrize("view", ["layout", "pin"])
def test_resvg_draws_it_at_its_size_with_its_land(
    view: str, folder: Path, drawn: tuple[Layout, Engraving], require_module: Callable[[str], Any]
) -> None:
    resvg, data = require_module("resvg_py"), view_of(folder, view)
    root = ET.fromstring(data)  # noqa: S314 - our own drawing
    left_um, top_um, width_um, height_um = (float(number) for number in root.attrib["viewBox"].split())
    # At so many dots an inch its millimetres are a thousand pixels each.
    picture = resvg.svg_to_bytes(svg_string=data.decode(), dpi=25_400.0, skip_system_fonts=True)
    with Image.open(io.BytesIO(bytes(picture))) as image:
        grey = np.asarray(image.convert("L"), dtype=float)
    assert grey.shape == pytest.approx((height_um, width_um), abs=1)
    lands = drawn[0].lands if view == "layout" else drawn[1].lands
    for land in lands:
        at = land.outline.representative_point()
        assert grey[int(-at.y - top_um), int(at.x - left_um)] < 60, land.place
    # As much ink as land, from the axis to just beyond the outermost tooth.
    rows, columns = np.indices(grey.shape) + 0.5
    about = np.hypot(columns + left_um, rows + top_um) < 603.0
    paper = np.median(grey[about])
    ink_um2 = ((paper - grey[about]) / (paper - 17.0)).sum()
    assert ink_um2 == pytest.approx(shapely.union_all([land.outline for land in lands]).area, rel=0.005)


@pytest.mark.slow
def test_the_engraved_tip_is_a_valid_glb_with_the_mark_upon_it(
    folder: Path, drawn: tuple[Layout, Engraving], node_judge: Callable[[str, bytes], Any]
) -> None:
    data = api.preview(folder, None, suffix=".glb")
    report = node_judge("gltf-validator", data)
    assert (report["issues"]["numErrors"], report["issues"]["numWarnings"]) == (0, 0)
    scene: Any = trimesh.load(io.BytesIO(data), file_type="glb")
    (body,) = scene.geometry.values()
    points_um = np.asarray(body.vertices) * 1e6
    assert np.ptp(points_um, axis=0)[:2] == pytest.approx([1800.0, 1800.0], abs=4.0)
    # Land stands where the ball was; 60 um from any land the field lies lower by the relief.
    lands = shapely.union_all([land.outline for land in drawn[1].lands])
    inner, far = shapely.buffer(lands, -4.0), shapely.buffer(lands, 60.0)
    near = np.hypot(*points_um[:, :2].T) < 500.0
    top = near & (points_um[:, 2] > -400.0)
    deep_um = 1000.0 - np.sqrt(1e6 - np.square(points_um[top, :2]).sum(axis=1)) + points_um[top, 2]
    there = shapely.points(points_um[top, :2])
    assert np.median(deep_um[shapely.contains(inner, there)]) == pytest.approx(0.0, abs=0.5)
    assert np.median(deep_um[~shapely.intersects(far, there)]) == pytest.approx(-28.0, abs=5.0)


@pytest.mark.slow
def test_a_page_of_all_views_and_a_pdf_of_them(folder: Path, require_module: Callable[[str], Any]) -> None:
    page = api.preview(folder, None, suffix=".html").decode()
    assert re.findall(r'<section id="([a-z]+)"', page) == list(api.VIEWS)
    # Four pictures, and the scales of two of them.
    assert page.count("data:image/png;base64,") == 6
    document = require_module("pypdfium2").PdfDocument(api.preview(folder, None, suffix=".pdf"))
    assert len(document) == len(api.VIEWS)
    for number in range(len(document)):
        words = document[number].get_textpage().get_text_bounded()
        assert SERIAL in words
        assert "as it reads" in words or "as it is cut" in words


def test_a_mesh_holds_no_toolpath_and_a_damaged_program_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pin.stl").write_bytes(b"solid\nendsolid\n")
    (tmp_path / "job.ngc").write_bytes(b"G21 G90 G17 G94\nG1 X1e999 F1\nM2\n")
    for name in ("pin.stl", "job.ngc"):
        with pytest.raises(InputError, match=f"{name}: holds no toolpath"):
            view_of(folder, "toolpath", program=tmp_path / name)
        # What is not cut does not ask the file.
        assert view_of(folder, "pin", program=tmp_path / name) == view_of(folder, "pin")


@pytest.mark.slow
def test_an_eroding_program_is_shown_as_it_was_planned(tmp_path: Path) -> None:
    setup = prepare(load_job(Path(__file__).parents[2] / "examples" / "job-edm.toml"))
    mark = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=setup.ranges, profile=setup.profile)
    planned = plan_erosion(setup, drawn_pin(setup, mark)[1]).erosion
    (tmp_path / "job.ngc").write_bytes(write_edm_gcode(planned, setup.job.machine.value, header=()))
    (tmp_path / "mark.json").write_bytes(api.json_bytes(api.mark_to_json(mark)))
    (tmp_path / "job.json").write_bytes(api.json_bytes(api.job_to_json(setup.job)))
    drawn, words = drawn_moves(view_of(tmp_path, "toolpath"))
    paths = [(event.tool, path[:, :2]) for event in planned.eroding() for path in event.paths]
    expected = [path for tool in (0, 1) for of, path in paths if of == tool]
    assert [len(path) for path in drawn] == [len(path) for path in expected]
    assert np.abs(np.concatenate(drawn) - np.concatenate(expected)).max() < 0.003
    assert "electrode 2, dressed 19 times: layers" in words
    assert "read back from job.ngc" in words
