"""The lands of a mark: sizes by hand, and no overlap whatever the mark."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.layout import LandShapes, Layout, Places, lay_out

ALPHABET = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
TRACK = st.text(alphabet="01", min_size=48, max_size=48)


def test_a_tooth_is_a_stroke_with_round_ends_between_its_radii(places: Places, shapes: LandShapes) -> None:
    for place, outline in zip(places.teeth, shapes.teeth, strict=True):
        points = shapely.get_coordinates(outline)
        radius = np.hypot(*points.T)
        inner_um = (435.0, 525.0)[place.track]
        assert radius.min() == pytest.approx(inner_um, abs=1e-6)
        assert radius.max() == pytest.approx(inner_um + 75.0, abs=1e-6)
        across = points @ np.array([-math.sin(place.angle_rad), math.cos(place.angle_rad)])
        assert (across.min(), across.max()) == pytest.approx((-7.0, 7.0), abs=1e-6)
        along = points @ np.array([math.cos(place.angle_rad), math.sin(place.angle_rad)])
        assert along.min() > 0
        # 61 x 14 um and two half discs of 14 um, drawn with 64 chords a turn.
        assert outline.area == pytest.approx(61 * 14 + 7**2 * 32 * math.sin(2 * math.pi / 64), rel=1e-9)


def test_every_character_of_the_alphabet_has_a_shape_of_the_height_asked_for(shapes: LandShapes) -> None:
    assert set(ALPHABET) <= set(shapes.glyphs)
    for character in ALPHABET:
        _, low, _, high = shapes.glyphs[character].bounds
        assert (low, high) == pytest.approx((-87.5, 87.5), abs=1e-6)


def test_a_glyph_stands_at_its_place_and_a_tooth_where_the_ring_says(places: Places, shapes: LandShapes) -> None:
    ring = ("1" + "0" * 47, "0" * 47 + "1")
    layout = lay_out(places, shapes, characters="012345F7", ring=ring)
    assert [land.shows for land in layout.lands] == [*"012345F7", "tooth", "tooth"]
    assert [land.place for land in layout.teeth] == ["ring track 1, sector 0", "ring track 2, sector 47"]
    # Seventh character: third column, second row. Its F fills its cell, 0.78 x 161 + 14 um wide.
    assert layout.characters[6].outline.bounds == pytest.approx((87.5 - 69.79, -192.5, 87.5 + 69.79, -17.5), abs=1e-6)
    assert layout.teeth[0].outline.bounds == pytest.approx((-7.0, 435.0, 7.0, 510.0), abs=1e-6)


def test_a_word_of_another_length_and_a_character_without_a_shape_are_errors(
    places: Places, shapes: LandShapes
) -> None:
    with pytest.raises(ValueError, match="shorter"):
        lay_out(places, shapes, characters="0123456", ring=("0" * 48, "0" * 48))
    with pytest.raises(KeyError, match="8"):
        lay_out(places, shapes, characters="01234568", ring=("0" * 48, "0" * 48))


@settings(max_examples=20)
@given(characters=st.text(alphabet=ALPHABET, min_size=8, max_size=8), ring=st.tuples(TRACK, TRACK))
def test_no_two_lands_touch_and_all_stand_inside_the_ring(
    places: Places, shapes: LandShapes, characters: str, ring: tuple[str, str]
) -> None:
    layout = lay_out(places, shapes, characters=characters, ring=ring)
    outlines = [land.outline for land in layout.lands]
    assert len(layout.teeth) == ring[0].count("1") + ring[1].count("1")
    assert all(shapely.is_valid(outlines))
    # Swollen by half the least gap, 7 um, they are still apart.
    swollen = shapely.buffer(outlines, 7.0)
    assert shapely.union_all(swollen).area == pytest.approx(shapely.area(swollen).sum(), rel=1e-9)
    assert np.hypot(*shapely.get_coordinates(outlines).T).max() <= 600.0 + 1e-6
    assert _farthest_um(layout) < 435.0 - 25.0


def _farthest_um(layout: Layout) -> float:
    points = shapely.get_coordinates([land.outline for land in layout.characters])
    return float(np.hypot(*points.T).max())
