"""The lands of one mark as polygons in the reading frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.affinity import translate
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from engrave.layout.places import Places, Track
from fonts.typeface import Typeface

# Round ends of teeth are drawn with this many chords a quarter turn: the sagitta on 10 um is 0.013 um.
_QUARTER_CHORDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """One raised feature: its cell's name, what it shows (a character, or ``tooth``) and its outline at the crest."""

    place: str
    shows: str
    outline: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class LandShapes:
    """Every outline that a batch can need, made once: glyphs about their own centre, teeth where they stand."""

    glyphs: Mapping[str, BaseGeometry]
    teeth: tuple[BaseGeometry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The lands of one mark, reading frame, um: characters in reading order, then teeth by track and sector."""

    places: Places
    characters: tuple[Land, ...]
    teeth: tuple[Land, ...]

    @property
    def lands(self) -> tuple[Land, ...]:
        """Every land."""
        return self.characters + self.teeth


def land_shapes(places: Places, typeface: Typeface) -> LandShapes:
    """Outlines at the crest of every glyph of the face and of every tooth of the ring."""
    settings = places.settings
    glyphs = {
        character: typeface.outline(character, height_um=settings.height_um, stroke_um=settings.stroke_um)
        for character in typeface.glyphs
    }
    teeth = tuple(
        _tooth(place.angle_rad, settings.tracks[place.track], width_um=settings.tooth_um) for place in places.teeth
    )
    return LandShapes(glyphs=glyphs, teeth=teeth)


def lay_out(places: Places, shapes: LandShapes, *, characters: str, ring: Sequence[str]) -> Layout:
    """The lands of one mark: its characters, and a tooth wherever the ring has a ``1``.

    ring : one string of 0 and 1 a track, innermost first.
    """
    glyphs = tuple(
        Land(
            place=place.name,
            shows=character,
            outline=translate(shapes.glyphs[character], place.x_um, place.y_um),
        )
        for place, character in zip(places.characters, characters, strict=True)
    )
    teeth = tuple(
        Land(place=place.name, shows="tooth", outline=outline)
        for place, outline in zip(places.teeth, shapes.teeth, strict=True)
        if ring[place.track][place.sector] == "1"
    )
    return Layout(places=places, characters=glyphs, teeth=teeth)


def _tooth(angle_rad: float, track: Track, *, width_um: float) -> BaseGeometry:
    """A radial stroke with round ends that reaches exactly from one radius to the other."""
    direction = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    ends = np.outer([track.inner_um + width_um / 2, track.outer_um - width_um / 2], direction)
    return LineString(ends).buffer(width_um / 2, quad_segs=_QUARTER_CHORDS)
