"""The lands of one mark as polygons in the reading frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from shapely.affinity import rotate, translate
from shapely.geometry.base import BaseGeometry

from engrave.code.shapes import SHAPE_NAMES
from engrave.layout.places import Places
from fonts.typeface import Typeface

TOOTH = "tooth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """One feature: its cell's name, what it shows (a character, a shape, ``tooth``), its outline at the crest."""

    place: str
    shows: str
    outline: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class LandShapes:
    """Every outline that a batch can need, made once: glyphs about their own centre, teeth and shapes where they stand.

    shapes : for each place of one, its outlines by name.
    """

    glyphs: Mapping[str, BaseGeometry]
    teeth: tuple[BaseGeometry, ...]
    shapes: tuple[Mapping[str, BaseGeometry], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The lands of one mark, reading frame, um: characters in reading order, teeth by track and sector, shapes."""

    places: Places
    characters: tuple[Land, ...]
    teeth: tuple[Land, ...]
    shapes: tuple[Land, ...] = ()

    @property
    def lands(self) -> tuple[Land, ...]:
        """Every land."""
        return self.characters + self.teeth + self.shapes


def land_shapes(places: Places, typeface: Typeface) -> LandShapes:
    """Outlines at the crest of every glyph of the face, of every tooth of the ring, of every shape at its places."""
    settings = places.settings
    glyphs = {
        character: typeface.outline(character, height_um=settings.height_um, stroke_um=settings.stroke_um)
        for character in typeface.glyphs
    }
    return LandShapes(glyphs=MappingProxyType(glyphs), teeth=_teeth(places, typeface), shapes=_shapes(places, typeface))


def lay_out(
    places: Places, outlines: LandShapes, *, characters: str, ring: Sequence[str], shapes: Sequence[str] = ()
) -> Layout:
    """The lands of one mark: its characters, a tooth wherever its ring has a ``1`` and a place for it, its shapes.

    ring : one string of 0 and 1 a track, innermost first. shapes : their names, clockwise from twelve o'clock.
    """
    glyphs = tuple(
        Land(
            place=place.name,
            shows=character,
            outline=translate(outlines.glyphs[character], place.x_um, place.y_um),
        )
        for place, character in zip(places.characters, characters, strict=True)
    )
    teeth = tuple(
        Land(place=place.name, shows=TOOTH, outline=outline)
        for place, outline in zip(places.teeth, outlines.teeth, strict=True)
        if ring[place.track][place.sector] == "1"
    )
    round_about = tuple(
        Land(place=place.name, shows=name, outline=images[name])
        for place, images, name in zip(places.shapes, outlines.shapes, shapes, strict=True)
    )
    return Layout(places=places, characters=glyphs, teeth=teeth, shapes=round_about)


def _teeth(places: Places, typeface: Typeface) -> tuple[BaseGeometry, ...]:
    """The face's tooth at every place of one, foot to the centre, from one radius of its track to the other."""
    settings = places.settings
    outwards = []
    for track in settings.tracks:
        upright = typeface.tooth_outline(depth_um=track.outer_um - track.inner_um, width_um=settings.tooth_um or 0.0)
        outwards.append(translate(upright, yoff=(track.inner_um + track.outer_um) / 2))
    return tuple(
        rotate(outwards[place.track], place.angle_rad - np.pi / 2, origin=(0.0, 0.0), use_radians=True)
        for place in places.teeth
    )


def _shapes(places: Places, typeface: Typeface) -> tuple[Mapping[str, BaseGeometry], ...]:
    """Every shape in its four turns at every place, foot to the centre (``docs/code-spec.md``, clause 8)."""
    circle = places.settings.shapes
    if circle is None:
        return ()
    sizes = {"height_um": circle.height_um, "stroke_um": places.settings.stroke_um}
    upright = {letter: typeface.shape(letter).outline(**sizes) for letter in sorted({name[0] for name in SHAPE_NAMES})}
    turned = {name: rotate(upright[name[0]], -90 * int(name[1]), origin=(0.0, 0.0)) for name in SHAPE_NAMES}
    outwards = {name: translate(outline, yoff=circle.radius_um) for name, outline in turned.items()}
    return tuple(
        MappingProxyType(
            {
                name: rotate(outline, place.angle_rad - np.pi / 2, origin=(0.0, 0.0), use_radians=True)
                for name, outline in outwards.items()
            }
        )
        for place in places.shapes
    )
