"""The toolpath drawn: every move of it and no other, passes told apart as an operator tells them."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from engrave.job.shelves import MACHINES, load_process
from engrave.report.drawing import Drawing
from engrave.report.passes import MOST_PASSES, Pass, passes_of, passes_of_erosion
from engrave.report.png import png_of
from engrave.report.svg import svg_of
from engrave.report.toolpath_view import COLOURS, PATTERNS, toolpath_view
from toolpaths.edm.model import Change, Dress, Erode, Erosion
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.surface import disc
from toolpaths.writers.gcode import write_gcode

FloatArray = NDArray[np.float64]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    process = load_process("fs-steel", None).value
    assert isinstance(process, Recipe)
    return process


def _square(half_um: float) -> list[tuple[float, float, float]]:
    corners = [(-half_um, -half_um), (half_um, -half_um), (half_um, half_um), (-half_um, half_um)]
    return [(x, y, -1.0) for x, y in (*corners, corners[0])]


def _lines(*ends: tuple[float, float, float, float]) -> list[list[tuple[float, float, float]]]:
    return [[(x0, y0, -2.0), (x1, y1, -3.0)] for x0, y0, x1, y1 in ends]


def _polylines(paths: list[list[tuple[float, float, float]]]) -> Polylines:
    points = np.array([point for path in paths for point in path])
    return Polylines(points=points, starts=np.cumsum([0, *map(len, paths)]))


LEVEL = ((-100.0, -20.0, 100.0, -20.0), (100.0, 0.0, -100.0, 0.0), (-100.0, 20.0, 100.0, 20.0))
UPRIGHT = ((-20.0, -90.0, -20.0, 90.0), (20.0, 90.0, 20.0, -90.0))


@pytest.fixture(scope="module")
def toolpath(recipe: Recipe) -> Toolpath:
    """A square, three level lines and two upright ones, nine times; then an open arc, once."""
    process = recipe.process_of(recipe.rough)
    turn = np.linspace(0.0, 2.0, 20)
    arc = [(150.0 * x, 150.0 * y, 0.0) for x, y in zip(np.cos(turn), np.sin(turn), strict=True)]

    def operation(name: str, paths: list[list[tuple[float, float, float]]]) -> Operation:
        return Operation(name=name, process=process, paths=_polylines(paths))

    cross = (operation("a", [_square(110.0)]), operation("b", _lines(*LEVEL)), operation("c", _lines(*UPRIGHT)))
    return Toolpath(blocks=(Block(repeats=9, operations=cross), Block(repeats=1, operations=(operation("d", [arc]),))))


def _view(passes: tuple[Pass, ...], title: str = "t") -> Drawing:
    return toolpath_view(passes, title=title, source="s", boundary=disc(200.0))


def _paths(drawing: Drawing) -> dict[str, list[FloatArray]]:
    """The polylines of every path of the drawing's SVG, by its id."""
    root = ET.fromstring(svg_of(drawing))  # noqa: S314 - our own bytes
    return {
        path.attrib["id"]: [
            np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", part), dtype=float)
            for part in path.attrib["d"].split("M")[1:]
        ]
        for path in root.iter(f"{SVG}path")
        if "id" in path.attrib
    }


def _frames(drawing: Drawing) -> list[FloatArray]:
    """The middle of every panel."""
    root = ET.fromstring(svg_of(drawing))  # noqa: S314 - our own bytes
    groups = [group for group in root.iter(f"{SVG}g") if group.attrib["id"].startswith("frame")]
    corners = [re.findall(r"(-?[\d.]+),(-?[\d.]+)", group[0].attrib["d"]) for group in groups]
    return [np.array(points, dtype=float).mean(axis=0) for points in corners]


def test_passes_are_told_by_how_their_paths_lie(toolpath: Toolpath, recipe: Recipe) -> None:
    passes = passes_of(toolpath, recipe)
    assert [(each.kind, each.times, len(each)) for each in passes] == [
        ("contours", (9, 9), 1),
        ("hatch at 0 degrees", (9, 9), 3),
        ("hatch at 90 degrees", (9, 9), 2),
        ("curves", (1, 1), 1),
    ]
    assert passes[0].lit_um == pytest.approx(880.0)
    assert passes[1].lit_um == pytest.approx(3 * np.hypot(200.0, 1.0))
    # Into the first line from the square's corner, 10 across and 90 up; then 20 up twice.
    assert passes[1].jumps_um == pytest.approx(np.hypot(10.0, 90.0) + 40.0)
    # The square is reached again from the last upright line.
    assert passes[0].jumps[0].tolist() == [[20.0, -90.0]]


def test_every_move_is_drawn_and_no_other(toolpath: Toolpath, recipe: Recipe) -> None:
    drawing = _view(passes_of(toolpath, recipe))
    paths, middles = _paths(drawing), _frames(drawing)
    drawn = [path - middle for number, middle in enumerate(middles[:4], start=1) for path in paths[f"pass-{number}"]]
    expected = [path[:, :2] for _, operation in toolpath.operations() for path in operation.paths]
    assert len(drawn) == len(expected) == 7
    for one, other in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=0.0021)
    jumps = [jump - middles[number - 1] for number in range(1, 5) for jump in paths[f"jumps-{number}"]]
    ends = [path[-1] for path in expected]
    firsts = [path[0] for path in expected]
    before = [ends[5], *ends[:5], ends[5]]
    np.testing.assert_allclose(jumps, np.stack([before, firsts], axis=1), atol=0.0021)


def test_a_plan_and_its_machine_file_are_drawn_alike(toolpath: Toolpath, recipe: Recipe) -> None:
    machine = MACHINES.load("stage").value
    read = read_gcode(write_gcode(toolpath, machine, header=()), machine).toolpath()
    assert [operation.name for _, operation in read.operations()] != ["a", "b", "c", "d"]
    planned, found = passes_of(toolpath, recipe), passes_of(read, recipe)
    assert [(each.step, each.kind, each.times) for each in planned] == [
        (each.step, each.kind, each.times) for each in found
    ]
    one, other = _paths(_view(planned)), _paths(_view(found))
    assert list(one) == list(other)
    for name, paths in one.items():
        for path, same in zip(paths, other[name], strict=True):
            # A nanometre in the file, which the enlargement makes twenty of.
            np.testing.assert_allclose(path, same, atol=0.025 if name.endswith("enlarged") else 0.0021)


def test_linuxcnc_runs_what_is_drawn(
    toolpath: Toolpath, recipe: Recipe, linuxcnc_beam_moves: Callable[[bytes], Any]
) -> None:
    """The controller's own interpreter against the numbers of the drawing; it prints a tenth of a micrometre."""
    machine = MACHINES.load("stage").value
    program = write_gcode(toolpath, machine, header=())
    drawing = _view(passes_of(read_gcode(program, machine).toolpath(), recipe))
    paths, middles = _paths(drawing), _frames(drawing)
    drawn = [[path - middles[number - 1] for path in paths[f"pass-{number}"]] for number in range(1, 5)]
    rounds = [path for each in drawn[:3] for path in each] * 9 + drawn[3]
    segments = np.concatenate([np.stack([path[:-1], path[1:]], axis=1) for path in rounds])
    moves = linuxcnc_beam_moves(program)
    run = np.stack([moves.begin_um[:, :2], moves.end_um[:, :2]], axis=1)
    np.testing.assert_allclose(segments, run, atol=0.06)


def test_each_pass_has_its_own_colour_and_pattern(toolpath: Toolpath, recipe: Recipe) -> None:
    root = ET.fromstring(svg_of(_view(passes_of(toolpath, recipe))))  # noqa: S314 - our own bytes
    paths = {path.attrib["id"]: path.attrib for path in root.iter(f"{SVG}path") if "id" in path.attrib}
    looks = {
        (paths[f"pass-{number}-enlarged"]["stroke"], paths[f"pass-{number}-enlarged"].get("stroke-dasharray"))
        for number in range(1, 5)
    }
    assert len({colour for colour, _ in looks}) == len({dashes for _, dashes in looks}) == 4
    for number in range(1, 5):
        own, sample = paths[f"pass-{number}"]["stroke"], paths[f"sample-{number}"]
        assert own == sample["stroke"] == paths[f"pass-{number}-enlarged"]["stroke"]
        assert paths[f"jumps-{number}"]["stroke"] not in {own, "#ffffff"}
        assert paths[f"jumps-{number}"]["stroke-dasharray"]
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert any(re.search(r"1\. step 1 \(rough\): contours, 9 times", word) for word in words)
    assert any("grey, dotted: jumps" in word for word in words)
    assert any("mirrored" in word for word in words)


def test_no_two_passes_on_a_sheet_look_alike() -> None:
    looks = [(COLOURS[n % len(COLOURS)], PATTERNS[n % len(PATTERNS)]) for n in range(MOST_PASSES)]
    assert len(set(looks)) == MOST_PASSES


@pytest.mark.parametrize(
    "matrix",
    [
        # Machado, Oliveira and Fernandes (2009), severity 1: protanopia, deuteranopia, tritanopia, on linear light.
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ],
)
def test_colours_stay_apart_for_the_colour_blind(matrix: list[list[float]]) -> None:
    encoded = np.array([ImageColor.getrgb(colour) for colour in (*COLOURS, "#ffffff")]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(matrix).T, 0.0, 1.0)
    seen = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    # Blue and bluish green lie closest, to who sees no blue; patterns and numbers tell them, too.
    assert apart[~np.eye(len(seen), dtype=bool)].min() > 0.1


def test_many_passes_are_merged_by_step(recipe: Recipe) -> None:
    process = recipe.process_of(recipe.rough)
    other = Process(pulse_energy_j=1e-9, repetition_rate_hz=1.0, feed_um_s=1.0)
    blocks = [
        Block(
            repeats=number + 1,
            operations=(
                Operation(name="x", process=process, paths=_polylines([_square(10.0 + number)])),
                Operation(name="y", process=other, paths=_polylines(_lines(*LEVEL))),
            ),
        )
        for number in range(8)
    ]
    passes = passes_of(Toolpath(blocks=tuple(blocks)), recipe)
    assert [(each.step, each.kind, each.times, len(each)) for each in passes] == [
        ("step 1 (rough)", "contours", (1, 8), 8),
        ("of no known step", "hatch at 0 degrees", (1, 8), 24),
    ]
    assert passes[0].starts[-1] == len(passes[0].points) == 40
    # Into all squares but the very first.
    assert passes[0].jumps[1][:, 0].tolist() == [-10.0 - number for number in range(1, 8)]


def test_electrodes_are_passes_with_their_dressings() -> None:
    def run(tool: int, *ends: tuple[float, float, float, float]) -> Erode:
        return Erode(name="x", tool=tool, feed_um_s=1.0, generator=(), paths=_polylines(_lines(*ends)))

    events = (Change(tool=0), run(0, LEVEL[0]), Dress(tool=0), run(0, LEVEL[1]), Change(tool=1), run(1, *UPRIGHT))
    passes = passes_of_erosion(Erosion(events=events, safe_z_um=100.0))
    assert [(each.step, len(each)) for each in passes] == [("electrode 1, dressed once", 2), ("electrode 2", 2)]
    assert np.isnan(passes[0].came_from[0]).all()
    assert passes[1].came_from.tolist() == [[-100.0, 0.0], [-20.0, 90.0]]


def test_nothing_to_run_is_still_a_drawing(recipe: Recipe) -> None:
    assert b"<svg" in svg_of(_view(passes_of(Toolpath(blocks=()), recipe)))


def test_its_pixels_have_the_passes_colours(toolpath: Toolpath, recipe: Recipe) -> None:
    drawing = _view(passes_of(toolpath, recipe))
    with Image.open(BytesIO(png_of(drawing, width_px=2400))) as image:
        rgb = np.asarray(image.convert("RGB")).astype(int)
    scale = rgb.shape[1] / drawing.width_um
    middles = _frames(drawing)
    # On the lower side of the square, on a level line, on an upright one.
    for number, (x_um, y_um) in enumerate([(37.0, -110.0), (37.0, 20.0), (20.0, 45.0)], start=1):
        column = int((x_um + middles[number - 1][0] - drawing.left_um) * scale)
        row = int((drawing.top_um - y_um - middles[number - 1][1]) * scale)
        near = 255 - rgb[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3)
        ink = 255 - np.array(ImageColor.getrgb(COLOURS[number - 1]))
        darkest = near[near.sum(axis=1).argmax()]
        # A line is thinner than a pixel here: its colour mixed with the paper's.
        share = darkest @ ink / (ink @ ink)
        assert share > 0.3, number
        assert np.abs(darkest - share * ink).max() < 4, number
