"""What a picture of a mark shows: lands, the tip's regions, rulers, and words on how it is turned."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from engrave.layout.engraving import Engraving
from engrave.layout.places import RAISED, RECESSED
from engrave.layout.polygons import Land, Layout
from engrave.report.drawing import INK, Areas, Drawing, Part, Stroke
from engrave.report.frame import SCALE_BAR_LABEL, TEXT_SHARE, framed, square

__all__ = ["LAND", "SCALE_BAR_LABEL", "clocking_mark", "lands_of", "layout_view", "pin_view"]

LAND = INK
_UNCUT, _TAPER, _FIELD = "#c6c6c6", "#dedede", "#f2f2f2"
# The outline of a region, as a share of the picture's width.
_OUTLINE_SHARE = 1 / 400

# Room around the outermost feature, as a share of its radius; the mark of the clock's twelve takes so much of it.
_MARGIN = 0.06
_CLOCKING_SHARE = 0.7
# Points of a circle lie on it to rounding.
_ROUND_UM = 1e-6


def layout_view(layout: Layout, *, title: str, ruled: bool = True, text_share: float = TEXT_SHARE) -> Drawing:
    """A layout in the reading frame; every mark of a batch is shown at one scale."""
    half_um = _half_width(layout.lands, layout.places.outer_radius_um)
    notes = [
        "as it reads in the primer",
        "dark: land, raised on the pin"
        if layout.places.settings.polarity == RAISED
        else "dark: cut into the pin, so that it stands up in the primer",
    ]
    if ruled:
        notes.append("triangle: the top of the mark; rulers from the pin's axis")
    shapes = (lands_of(layout.lands), *([clocking_mark(half_um, margin_um=_margin(half_um))] if ruled else ()))
    return framed(shapes, square(half_um), title=title, notes=notes, ruled=ruled, text_share=text_share)


def pin_view(engraving: Engraving, *, title: str, boundary: Polygon) -> Drawing:
    """An engraving in the pin frame, with its tip's boundary and the field that is cleared."""
    half_um = _half_width(engraving.lands, float(np.abs(boundary.bounds).max()))
    regions = tuple(_regions(engraving, boundary))
    recessed = engraving.polarity == RECESSED
    notes = (
        "as it is cut, seen from in front of the tip (mirrored)",
        f"dark: cut {engraving.relief_um:g} um into the face"
        if recessed
        else f"dark: land, {engraving.relief_um:g} um above the field",
        f"um: {', '.join(_size(region) for region in regions)}",
        "triangle: the top of the mark; rulers from the pin's axis",
    )
    stroke = Stroke(colour=INK, width_um=2 * half_um * _OUTLINE_SHARE)
    areas = (
        Areas(name=part.hint.replace(" ", "-"), parts=(part,), fill=shade, stroke=stroke)
        for part, shade in zip(regions, _shades(regions), strict=True)
    )
    shapes = (*areas, lands_of(engraving.lands), clocking_mark(half_um, margin_um=_margin(half_um)))
    return framed(shapes, square(half_um), title=title, notes=notes, ruled=True)


def lands_of(lands: tuple[Land, ...]) -> Areas:
    """Lands, each with what it shows."""
    parts = tuple(Part(outline=land.outline, hint=f"{land.place}: {land.shows}") for land in lands)
    return Areas(name="lands", parts=parts, fill=LAND)


def clocking_mark(top_um: float, *, margin_um: float) -> Areas:
    """A triangle over the mark, in the margin below the height ``top_um``, that points to the mark's top."""
    high_um = _CLOCKING_SHARE * margin_um
    base_um = top_um - (1 - _CLOCKING_SHARE) / 2 * margin_um
    triangle = Polygon([(-high_um / 2, base_um), (0.0, base_um - high_um), (high_um / 2, base_um)])
    return Areas(name="clocking", parts=(Part(outline=triangle, hint="top of the mark"),), fill=INK)


def _regions(engraving: Engraving, boundary: Polygon) -> Iterator[Part]:
    """Parts of the face, largest first."""
    if engraving.polarity == RECESSED:
        yield Part(hint="tip edge", outline=boundary)
    elif engraving.taper_to is None:
        yield Part(hint="tip edge and field", outline=boundary)
    else:
        yield Part(hint="tip edge", outline=boundary)
        yield Part(hint="end of taper", outline=engraving.taper_to)
        yield Part(hint="field", outline=engraving.field)


def _shades(regions: tuple[Part, ...]) -> tuple[str, ...]:
    """The greys of one or of three regions."""
    return (_FIELD,) if len(regions) == 1 else (_UNCUT, _TAPER, _FIELD)


def _size(region: Part) -> str:
    """Its name and how large it is: the radius of a disc about the origin, else its sides."""
    radii_um = np.hypot(*shapely.get_coordinates(region.outline).T)
    if np.ptp(radii_um) < _ROUND_UM:
        return f"{region.hint} r {radii_um.max():.0f}"
    left, low, right, high = _bounds(region.outline)
    return f"{region.hint} {right - left:.0f} x {high - low:.0f}"


def _bounds(outline: BaseGeometry) -> tuple[float, ...]:
    bounds: tuple[float, ...] = outline.bounds
    return bounds


def _margin(half_um: float) -> float:
    """The room around the outermost feature in a picture so wide to each side."""
    return half_um * _MARGIN / (1 + _MARGIN)


def _half_width(lands: tuple[Land, ...], radius_um: float) -> float:
    """Enough for the radius and for every land, should one lie beyond it."""
    bounds = shapely.bounds([land.outline for land in lands]) if lands else np.zeros((1, 4))
    return (1.0 + _MARGIN) * max(radius_um, float(np.nanmax(np.abs(bounds), initial=0.0)))
