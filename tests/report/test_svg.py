"""The SVGs, read by svgelements, which knows units, transforms and paths, and by the standard library's XML parser."""

import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from engrave.layout import Engraving, Land, Layout, engraving_of
from engrave.report import layout_svg, pin_svg
from engrave.tips import FlatTip
from toolpaths.surface import disc

SVG = "{http://www.w3.org/2000/svg}"
EDGE_RADIUS_UM = 900.0
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "]]>&amp;<!--",
    "\x00\x1b[31m\u202egnp.exe",
    "\ud800\ufffe",
    "a\nb",
    "",
    "W" * 5000,
)


def _tree(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314 - our own bytes, and that they parse is the claim


def _lands(data: bytes, parser: Any) -> BaseGeometry:  # noqa: ANN401 - svgelements has no types
    """Everything dark, um, y up, as svgelements sees it at one pixel a micrometre; holes by the even-odd rule."""
    drawing = parser.SVG.parse(BytesIO(data), ppi=25400)
    view = [float(number) for number in _tree(data).attrib["viewBox"].split()]
    offset = np.array([view[0], view[1]])
    lands: BaseGeometry = shapely.MultiPolygon()
    for path in drawing.get_element_by_id("lands").select(lambda element: isinstance(element, parser.Path)):
        for subpath in path.as_subpaths():
            ends = np.array([(s.end.x, s.end.y) for s in parser.Path(subpath) if s.end is not None])
            lands = lands.symmetric_difference(shapely.Polygon((ends + offset) * [1.0, -1.0]))
    return lands


@pytest.fixture(scope="module")
def svgelements(require_module: Any) -> Any:  # noqa: ANN401
    return require_module("svgelements")


def test_the_layout_comes_back_from_its_svg(layout: Layout, svgelements: Any) -> None:  # noqa: ANN401
    expected = shapely.union_all([land.outline for land in layout.lands])
    found = _lands(layout_svg(layout, title="x"), svgelements)
    # Coordinates are rounded to 1 nm: along the whole outline that is at most this area.
    assert found.symmetric_difference(expected).area < 0.0005 * 2 * expected.length
    assert found.area == pytest.approx(expected.area, rel=1e-5)


def test_a_counter_is_open_and_an_island_in_it_is_land(layout: Layout, svgelements: Any) -> None:  # noqa: ANN401
    found = _lands(layout_svg(layout, title="x"), svgelements)
    assert found.covers(shapely.Point(110.0, -100.0))
    assert not found.covers(shapely.Point(140.0, -100.0))
    assert found.covers(shapely.Point(170.0, -100.0))
    group = _tree(layout_svg(layout, title="x")).find(f"{SVG}g[@id='lands']")
    assert group is not None
    assert group.attrib["fill-rule"] == "evenodd"


def test_the_stem_of_f_has_the_lesser_x_as_it_reads_and_the_greater_as_it_is_cut(
    layout: Layout,
    engraving: Engraving,
    svgelements: Any,  # noqa: ANN401
) -> None:
    stem, bar_end = shapely.Point(-290.0, 60.0), shapely.Point(-210.0, 185.0)
    reads = _lands(layout_svg(layout, title="x"), svgelements)
    cut = _lands(pin_svg(engraving, title="x", boundary=disc(EDGE_RADIUS_UM)), svgelements)
    assert reads.covers(stem)
    assert reads.covers(bar_end)
    assert cut.covers(shapely.Point(290.0, 60.0))
    assert cut.covers(shapely.Point(210.0, 185.0))
    assert not cut.intersects(stem.buffer(5.0))
    # svgelements takes a millimetre as 0.0393701 in: a drawing of 2 mm comes out 1 nm too large.
    mirrored = shapely.transform(cut, lambda xy: xy * [-1.0, 1.0])
    assert mirrored.symmetric_difference(reads).area < 0.001 * reads.length


def test_a_drawing_has_its_real_size(layout: Layout, engraving: Engraving) -> None:
    for data, least_um in (
        (layout_svg(layout, title="x"), 1200.0),
        (pin_svg(engraving, title="x", boundary=disc(EDGE_RADIUS_UM)), 1800.0),
    ):
        root = _tree(data)
        _, _, width_um, height_um = (float(number) for number in root.attrib["viewBox"].split())
        for name, um in (("width", width_um), ("height", height_um)):
            assert root.attrib[name].endswith("mm")
            assert float(root.attrib[name].removesuffix("mm")) * 1000.0 == pytest.approx(um, abs=1e-3)
        assert least_um < width_um < 1.2 * least_um


def test_the_scale_bar_is_200_um(layout: Layout) -> None:
    root = _tree(layout_svg(layout, title="x"))
    bar = root.find(f"{SVG}rect[@id='scale-bar']")
    assert bar is not None
    assert bar.attrib["width"] == "200.000"
    assert "200 um" in [text.text for text in root.iter(f"{SVG}text")]


def test_a_background_covers_the_whole_drawing(layout: Layout) -> None:
    root = _tree(layout_svg(layout, title="x"))
    ground = root.find(f"{SVG}rect")
    assert ground is not None
    assert [ground.attrib[key] for key in ("x", "y", "width", "height")] == root.attrib["viewBox"].split()
    assert ground.attrib["fill"] == "#ffffff"


def test_the_drawings_say_in_words_how_they_are_turned(layout: Layout, engraving: Engraving) -> None:
    reads = layout_svg(layout, title="x").decode()
    cut = pin_svg(engraving, title="x", boundary=disc(EDGE_RADIUS_UM)).decode()
    assert "as it reads in the primer" in reads
    assert "mirrored" not in reads
    assert "as it is cut, seen from in front of the tip (mirrored)" in cut


@pytest.mark.parametrize(
    ("patch_um", "circles"),
    [
        (560.0, {"tip edge": 900.0, "end of taper": 760.0, "field": 660.0}),
        (699.0, {"tip edge": 900.0, "end of taper": 899.0, "field": 799.0}),
        (700.0, {"tip edge and field": 900.0}),
    ],
)
def test_the_pin_shows_its_edge_and_its_field(layout: Layout, patch_um: float, circles: dict[str, float]) -> None:
    engraving = engraving_of(
        layout, relief_um=25.0, tip=FlatTip(edge_radius_um=EDGE_RADIUS_UM), largest_patch_um=patch_um
    )
    root = _tree(pin_svg(engraving, title="x", boundary=disc(EDGE_RADIUS_UM)))
    outlines = {
        path.findtext(f"{SVG}title"): np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", path.attrib["d"]), dtype=float)
        for path in root.iter(f"{SVG}path")
    }
    # Circles are drawn with straight sides within 0.05 um of them, their corners on them to a nanometre.
    for name, radius_um in circles.items():
        assert np.hypot(*outlines[name].T) == pytest.approx(radius_um, abs=0.001), name
    assert not {"tip edge", "end of taper", "field", "tip edge and field"} & set(outlines) - set(circles)
    assert [name for name in outlines if name in circles] == list(circles)


@pytest.mark.parametrize("title", [title for title in HOSTILE if title])
def test_a_hostile_title_stays_text(layout: Layout, title: str) -> None:
    root, plain = _tree(layout_svg(layout, title=title)), _tree(layout_svg(layout, title="375-76834"))
    assert [element.tag for element in root.iter()] == [element.tag for element in plain.iter()]
    shown = root.findtext(f"{SVG}title") or ""
    if title.isascii() and title.isprintable():
        assert shown == title
    assert len(shown) == len(title)
    assert not set(shown) & set("\x00\x1b\u202e\ud800\ufffe\n")


def test_a_drawing_without_a_title_keeps_no_room_for_one(layout: Layout) -> None:
    root, titled = _tree(layout_svg(layout, title="")), _tree(layout_svg(layout, title="x"))
    assert root.findtext(f"{SVG}title") == ""
    assert float(root.attrib["height"].removesuffix("mm")) < float(titled.attrib["height"].removesuffix("mm"))


@settings(max_examples=40)
@given(title=st.text(max_size=60))
def test_any_title_gives_valid_xml(layout: Layout, title: str) -> None:
    assert _tree(layout_svg(layout, title=title)).tag == f"{SVG}svg"


def test_coordinates_have_three_decimals_and_no_negative_zero(layout: Layout) -> None:
    beside_zero = Land(place="x", shows="F", outline=shapely.box(-0.0004, -0.0, 5.12349, 7.0))
    root = _tree(layout_svg(Layout(places=layout.places, characters=(beside_zero,), teeth=layout.teeth), title="x"))
    paths = [path.attrib["d"] for path in root.findall(f"{SVG}g[@id='lands']/{SVG}path")]
    assert len(paths) == 5
    numbers = [number for path in paths for number in re.findall(r"[^MZ, ]+", path)]
    assert all(re.fullmatch(r"-?\d+\.\d{3}", number) for number in numbers)
    assert set(re.findall(r"[^MZ, ]+", paths[0])) == {"0.000", "5.123", "7.000"}


def test_a_layout_without_lands_is_still_a_drawing(layout: Layout) -> None:
    root = _tree(layout_svg(Layout(places=layout.places, characters=(), teeth=()), title="x"))
    assert root.find(f"{SVG}g[@id='lands']") is not None
    assert not root.findall(f"{SVG}g[@id='lands']/{SVG}path")
