"""What a picture of a mark shows, before it takes a format: lands, circles, words and sizes, um."""

from dataclasses import dataclass

import numpy as np
import shapely

from engrave.layout.engraving import Engraving
from engrave.layout.polygons import Land, Layout

SCALE_BAR_UM = 200.0
SCALE_BAR_LABEL = f"{SCALE_BAR_UM:g} um"

# Shades of grey, 0 black to 255 white: they need no colour vision and survive a black-and-white printer.
PAPER, INK, LAND = 255, 17, 17
_UNCUT, _TAPER, _FIELD = 198, 222, 242

# Sizes of words and lines: the text as a share of the picture's width, the rest as shares of the text's height.
TEXT_SHARE, TITLE_SHARE, LINE_SHARE, BAR_SHARE = 1 / 34, 1.2, 1.5, 0.4
# A text that is too long is made smaller, down to this share, and then cut.
LEAST_TEXT_SHARE = 0.5
# Circles: the width of their line as a share of the picture's width.
OUTLINE_SHARE = 1 / 400

# Room around the outermost feature, as a share of its radius.
_MARGIN = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A disc about the origin, drawn with an outline."""

    name: str
    radius_um: float
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A square picture about the origin, ``half_width_um`` to each side; discs are given largest first."""

    title: str
    notes: tuple[str, ...]
    lands: tuple[Land, ...]
    discs: tuple[Disc, ...]
    half_width_um: float


def layout_view(layout: Layout, *, title: str) -> View:
    """A layout in the reading frame; every mark of a batch is shown at one scale."""
    return View(
        title=title,
        notes=("as it reads in the primer", "dark: land, raised on the pin"),
        lands=layout.lands,
        discs=(),
        half_width_um=_half_width(layout.lands, layout.places.outer_radius_um),
    )


def pin_view(engraving: Engraving, *, title: str, edge_radius_um: float) -> View:
    """An engraving in the pin frame, with its tip's edge and the field that is cleared."""
    discs = _discs(engraving, edge_radius_um)
    circles = ", ".join(f"{disc.name} {disc.radius_um:.0f}" for disc in discs)
    return View(
        title=title,
        notes=(
            "as it is cut, seen from in front of the tip (mirrored)",
            f"dark: land, {engraving.relief_um:g} um above the field",
            f"radii in um: {circles}",
        ),
        lands=engraving.lands,
        discs=discs,
        half_width_um=_half_width(engraving.lands, edge_radius_um),
    )


def _discs(engraving: Engraving, edge_radius_um: float) -> tuple[Disc, ...]:
    if engraving.taper_to_radius_um is None:
        return (Disc(name="tip edge and field", radius_um=edge_radius_um, shade=_FIELD),)
    return (
        Disc(name="tip edge", radius_um=edge_radius_um, shade=_UNCUT),
        Disc(name="end of taper", radius_um=engraving.taper_to_radius_um, shade=_TAPER),
        Disc(name="field", radius_um=engraving.field_radius_um, shade=_FIELD),
    )


def _half_width(lands: tuple[Land, ...], radius_um: float) -> float:
    """Enough for the radius and for every land, should one lie beyond it."""
    bounds = shapely.bounds([land.outline for land in lands]) if lands else np.zeros((1, 4))
    return (1.0 + _MARGIN) * max(radius_um, float(np.nanmax(np.abs(bounds), initial=0.0)))
