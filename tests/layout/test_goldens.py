"""Layouts held against kept drawings, by the area in which they differ; the drawings can be opened and looked at.

`python tests/layout/test_goldens.py` draws them anew: look at each before it is kept.
"""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from engrave.code.mark import mark_with_id
from engrave.code.profiles import PROFILES
from engrave.layout import Layout, LayoutSettings, Track, land_shapes, lay_out, plan_places
from engrave.layout.places import ShapeCircle
from engrave.report import layout_svg
from fonts.typeface import shipped_typeface

FOLDER = Path(__file__).parent / "goldens"
SVG = "{http://www.w3.org/2000/svg}"
# Drawings hold nanometres: over the outlines of a mark, some 30 mm long, that is far less than this.
MOST_XOR_UM2 = 25.0
SIZES: dict[str, Any] = {"height_um": 175.0, "stroke_um": 14.0, "column_pitch_um": 175.0, "row_pitch_um": 210.0}
RING: dict[str, Any] = {"tooth_um": 14.0, "tracks": (Track(inner_um=435.0, outer_um=510.0),)}
CASES = {
    "s-raised": LayoutSettings(profile="S", face="anvil", **SIZES, **RING),
    "s-rows-332-on-a-strip": LayoutSettings(
        profile="S", face="anvil", rows=(3, 3, 2), **(SIZES | {"height_um": 150.0, "row_pitch_um": 180.0}), **RING
    ),
    "g-shapes": LayoutSettings(
        profile="G", face="anvil", shapes=ShapeCircle(height_um=150.0, radius_um=510.0), **SIZES
    ),
    "s-dots": LayoutSettings(
        profile="S", face="rivet", rows=(2, 2, 2, 2), **(SIZES | {"column_pitch_um": 160.0, "row_pitch_um": 190.0}),
        tooth_um=14.0, tracks=(Track(inner_um=450.0, outer_um=520.0),),
    ),
}  # fmt: skip


def laid_out(name: str) -> Layout:
    settings = CASES[name]
    profile = PROFILES[settings.profile]
    strip = shapely.box(-900.0, -325.0, 900.0, 325.0) if name.endswith("strip") else None
    places = plan_places(profile, settings, within=strip)
    mark = mark_with_id(identifier=2_076_834, serial="375-76834", maker="a", model="b", profile=profile)
    outlines = land_shapes(places, shipped_typeface(settings.face))
    return lay_out(places, outlines, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)


def kept(name: str) -> dict[str, BaseGeometry]:
    """Lands of the kept drawing by what its titles say."""
    root = ET.fromstring((FOLDER / f"{name}.svg").read_bytes())  # noqa: S314 - our own drawing
    lands = {}
    for path in root.iter(f"{SVG}path"):
        rings = [
            shapely.Polygon([tuple(map(float, pair.split(","))) for pair in ring.split()])
            for ring in re.findall(r"M([^Z]*)Z", path.attrib["d"])
        ]
        area: BaseGeometry = shapely.Polygon()
        for ring in rings:
            area = area.symmetric_difference(ring)
        lands[path.findtext(f"{SVG}title") or ""] = area
    return lands


@pytest.mark.parametrize("name", CASES)
def test_a_layout_is_the_one_that_was_looked_at(name: str) -> None:
    drawn = {f"{land.place}: {land.shows}": land.outline for land in laid_out(name).lands}
    before = kept(name)
    assert list(drawn) == list(before)
    apart_um2 = sum(outline.symmetric_difference(before[place]).area for place, outline in drawn.items())
    assert apart_um2 < MOST_XOR_UM2


@pytest.mark.parametrize("name", ["s-raised"])
def test_a_tenth_of_a_micrometre_is_seen(name: str) -> None:
    moved = {f"{land.place}: {land.shows}": translate(land.outline, 0.1) for land in laid_out(name).lands}
    apart_um2 = sum(outline.symmetric_difference(kept(name)[place]).area for place, outline in moved.items())
    assert apart_um2 > 4 * MOST_XOR_UM2


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case}.svg").write_bytes(layout_svg(laid_out(case), title=case))
