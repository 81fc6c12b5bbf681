"""The specimen sheet, read back as the XML that it is."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely

from fonts.errors import FontError
from fonts.specimen import specimen_svg
from fonts.typeface import Typeface, load_typeface, shipped_typeface

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SVG = "{http://www.w3.org/2000/svg}"


def sheet(face: Typeface, **figures: str) -> ET.Element:
    return ET.fromstring(specimen_svg(face, height_um=150.0, stroke_um=18.0, figures=figures))  # noqa: S314 - our own


def texts(root: ET.Element) -> str:
    return "\n".join(element.text or "" for element in root.iter(f"{SVG}text"))


def areas_um2(root: ET.Element) -> list[float]:
    """Area of each path: outer rings less the rings that lie in them."""
    found = []
    for path in root.iter(f"{SVG}path"):
        rings = [
            shapely.Polygon(np.array([tuple(map(float, pair.split(","))) for pair in ring.split()]))
            for ring in re.findall("M([^Z]*)Z", path.attrib["d"])
        ]
        area: BaseGeometry = shapely.Polygon()
        for ring in rings:
            area = area.symmetric_difference(ring)
        found.append(area.area)
    return found


def test_every_glyph_and_shape_stands_there_three_times_and_the_tooth_once() -> None:
    face = shipped_typeface("anvil")
    areas = areas_um2(sheet(face))
    assert len(areas) == 3 * 32 + 3 * 8 + 1
    # Bands of 16 in the order nominal, thin, fat; an outline's own area is the judge.
    for number, character in enumerate("012345679ABCDEFH"):
        nominal, thin, fat = areas[number], areas[16 + number], areas[32 + number]
        assert nominal == pytest.approx(face.outline(character, height_um=150.0, stroke_um=18.0).area, rel=1e-3)
        assert 0.5 < thin / nominal < 0.7
        assert 1.3 < fat / nominal < 1.6
    assert areas[-1] == pytest.approx(face.tooth_outline(depth_um=150.0, width_um=18.0).area, rel=1e-3)


def test_it_names_face_licence_and_figures() -> None:
    face = shipped_typeface("rivet")
    root = sheet(face, closest="E in B, 7.3 %")
    assert root.find(f"{SVG}title") is not None
    for part in ("Rivet: 32 glyphs, 150 um high, stroke 18 um", "Licence: Apache-2.0", "closest: E in B, 7.3 %"):
        assert part in texts(root)
    assert len(areas_um2(root)) == 3 * 32 + 1


def test_everything_lies_on_the_sheet() -> None:
    root = sheet(shipped_typeface("anvil"))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for path in root.iter(f"{SVG}path"):
        points = np.array(
            [tuple(map(float, pair.split(","))) for pair in re.findall("[-0-9.]+,[-0-9.]+", path.attrib["d"])]
        )
        assert points.min() > 0.0
        assert points[:, 0].max() < width
        assert points[:, 1].max() < height


def test_equal_faces_give_equal_bytes() -> None:
    first, second = (specimen_svg(shipped_typeface("rivet"), height_um=150.0, stroke_um=18.0) for _ in range(2))
    assert first == second
    assert b"-0.00" not in first


def test_ink_without_a_pen_is_worn_at_its_edges() -> None:
    head = 'name = "T"\nlicence = "x"\nnotes = "x"\nsource = "x"\n'
    text = f'{head}[glyphs]\nA = {{ advance = 1, contours = ["0,0 1,0 1,1 0,1"] }}\n'
    nominal, thin, fat, _ = areas_um2(sheet(load_typeface(text, origin="t")))
    # 18 um of stroke: .6 takes 3.6 um from each side of the square, 1.5 adds 4.5 with round corners.
    assert nominal == pytest.approx(150.0**2, rel=1e-4)
    assert thin == pytest.approx((150.0 - 7.2) ** 2, rel=1e-4)
    assert fat == pytest.approx(150.0**2 + 4 * 150.0 * 4.5 + np.pi * 4.5**2, rel=1e-3)


def test_texts_cannot_break_the_sheet() -> None:
    face = replace(shipped_typeface("rivet"), name="<b>&\x00\x1b", licence="]]>\n" * 50)
    assert "<b>&" in texts(sheet(face))
    assert "[...]" in texts(sheet(replace(face, notes="word " * 1000)))


def test_a_stroke_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(FontError, match="less than the height"):
        specimen_svg(shipped_typeface("rivet"), height_um=18.0, stroke_um=18.0)
