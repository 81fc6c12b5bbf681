"""Where every land stands: places for a batch, polygons for a mark, the mirror image on the tip, the first rules."""

from engrave.layout.engraving import Engraving, engraving_of
from engrave.layout.places import CharacterPlace, LayoutSettings, Places, ToothPlace, Track, plan_places
from engrave.layout.polygons import Land, LandShapes, Layout, land_shapes, lay_out
from engrave.layout.rules import Grounds, check_layout

__all__ = [
    "CharacterPlace",
    "Engraving",
    "Grounds",
    "Land",
    "LandShapes",
    "Layout",
    "LayoutSettings",
    "Places",
    "ToothPlace",
    "Track",
    "check_layout",
    "engraving_of",
    "land_shapes",
    "lay_out",
    "plan_places",
]
