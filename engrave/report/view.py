"""What a picture of a mark shows, before it takes a format: lands, circles, words and sizes, um."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from engrave.layout.engraving import Engraving
from engrave.layout.places import RAISED, RECESSED
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
# Points of a circle lie on it to rounding.
_ROUND_UM = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Part of the face, drawn with an outline."""

    name: str
    outline: Polygon
    shade: int

    @property
    def radius_um(self) -> float | None:
        """The radius where the region is a disc about the origin, else None."""
        radii_um = np.hypot(*shapely.get_coordinates(self.outline).T)
        return float(radii_um.max()) if np.ptp(radii_um) < _ROUND_UM else None

    @property
    def words(self) -> str:
        """Its name and how large it is."""
        left, low, right, high = self.outline.bounds
        size = f"{right - left:.0f} x {high - low:.0f}" if self.radius_um is None else f"r {self.radius_um:.0f}"
        return f"{self.name} {size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A square picture about the origin, ``half_width_um`` to each side; regions are given largest first."""

    title: str
    notes: tuple[str, ...]
    lands: tuple[Land, ...]
    regions: tuple[Region, ...]
    half_width_um: float


def layout_view(layout: Layout, *, title: str) -> View:
    """A layout in the reading frame; every mark of a batch is shown at one scale."""
    return View(
        title=title,
        notes=(
            "as it reads in the primer",
            "dark: land, raised on the pin"
            if layout.places.settings.polarity == RAISED
            else "dark: cut into the pin, so that it stands up in the primer",
        ),
        lands=layout.lands,
        regions=(),
        half_width_um=_half_width(layout.lands, layout.places.outer_radius_um),
    )


def pin_view(engraving: Engraving, *, title: str, boundary: Polygon) -> View:
    """An engraving in the pin frame, with its tip's boundary and the field that is cleared."""
    regions = _regions(engraving, boundary)
    recessed = engraving.polarity == RECESSED
    return View(
        title=title,
        notes=(
            "as it is cut, seen from in front of the tip (mirrored)",
            f"dark: cut {engraving.relief_um:g} um into the face"
            if recessed
            else f"dark: land, {engraving.relief_um:g} um above the field",
            f"um: {', '.join(region.words for region in regions)}",
        ),
        lands=engraving.lands,
        regions=regions,
        half_width_um=_half_width(engraving.lands, float(np.abs(boundary.bounds).max())),
    )


def _regions(engraving: Engraving, boundary: Polygon) -> tuple[Region, ...]:
    if engraving.polarity == RECESSED:
        return (Region(name="tip edge", outline=boundary, shade=_FIELD),)
    if engraving.taper_to is None:
        return (Region(name="tip edge and field", outline=boundary, shade=_FIELD),)
    return (
        Region(name="tip edge", outline=boundary, shade=_UNCUT),
        Region(name="end of taper", outline=engraving.taper_to, shade=_TAPER),
        Region(name="field", outline=engraving.field, shade=_FIELD),
    )


def _half_width(lands: tuple[Land, ...], radius_um: float) -> float:
    """Enough for the radius and for every land, should one lie beyond it."""
    bounds = shapely.bounds([land.outline for land in lands]) if lands else np.zeros((1, 4))
    return (1.0 + _MARGIN) * max(radius_um, float(np.nanmax(np.abs(bounds), initial=0.0)))
