"""Layouts, pins and impressions as PNG: drawn by Pillow, greys only, with a scale bar, bytes that never vary."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont
from shapely import Polygon

from engrave.layout.engraving import Engraving
from engrave.layout.polygons import Layout
from engrave.report.markup import legible
from engrave.report.shading import shaded
from engrave.report.view import (
    BAR_SHARE,
    INK,
    LAND,
    LEAST_TEXT_SHARE,
    LINE_SHARE,
    OUTLINE_SHARE,
    PAPER,
    SCALE_BAR_UM,
    TEXT_SHARE,
    TITLE_SHARE,
    Region,
    View,
    layout_view,
    pin_view,
)
from toolpaths.surface import HeightMap

WIDTH_PX = 640
THUMBNAIL_PX = 220

# Polygons are drawn on so many pixels at the least, then averaged down: Pillow fills every pixel that an edge touches,
# and on this many that is 3 % of the area of a stroke of 14 um.
_DRAWN_PX = 2560
# Smaller letters cannot be read.
LEAST_TEXT_PX = 10
_LEAST_WIDTH_PX = 64
# Level 6 takes two and a half times as long as 4 on an impression, and 9 ten times as long again, for a saving of a few
# per cent.
_COMPRESSION = 4

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def layout_png(layout: Layout, *, title: str, width_px: int = WIDTH_PX) -> bytes:
    """The layout as it reads in the primer. Raises ValueError where the picture would be too narrow for its words."""
    return _drawing(layout_view(layout, title=title), width_px)


def pin_png(engraving: Engraving, *, title: str, boundary: Polygon, width_px: int = WIDTH_PX) -> bytes:
    """The pin as it is cut, seen from in front of the tip (mirrored), with the field and the tip's boundary.

    Raises ValueError where the picture would be too narrow for its words.
    """
    return _drawing(pin_view(engraving, title=title, boundary=boundary), width_px)


def impression_png(surface: HeightMap, *, title: str, width_px: int = WIDTH_PX) -> bytes:
    """An impression under a light from the upper left, the dent's form mostly taken out, so that the mark is seen.

    surface : reading frame; NaN is shown white. Raises ValueError for a map in the pin frame, for one that does not
    reach the middle of the dent, and where the picture would be too narrow for its words.
    """
    if surface.frame != "reading":
        raise ValueError(f"impression: give it in the reading frame, not the {surface.frame} frame")
    check_width(width_px)
    picture, scale_px_um = shaded(surface, width_px=width_px)
    notes = ["as it reads; simulated, light from the upper left"]
    if not np.isfinite(surface.z_um).all():
        notes.append("white: no surface")
    return sheet(picture, title=title, notes=notes, scale_px_um=scale_px_um)


def thumbnail_png(picture: bytes, *, width_px: int = THUMBNAIL_PX) -> bytes:
    """A grey copy of a PNG, ``width_px`` wide; one that is narrow enough already is returned as it is."""
    with Image.open(BytesIO(picture), formats=("PNG",)) as image:
        if image.width <= width_px:
            return picture
        size = (width_px, max(1, round(image.height * width_px / image.width)))
        return _encoded(image.convert("L").resize(size, Image.Resampling.LANCZOS))


def _drawing(view: View, width_px: int) -> bytes:
    check_width(width_px)
    scale_px_um = width_px / (2 * view.half_width_um)
    picture = Image.new("L", (width_px, width_px), PAPER)
    for region in view.regions:
        _paint_region(picture, region, scale_px_um)
    _paint_lands(picture, view, scale_px_um)
    return sheet(picture, title=view.title, notes=view.notes, scale_px_um=scale_px_um)


def _paint_lands(picture: Image.Image, view: View, scale_px_um: float) -> None:
    """Outer rings filled, counters emptied, largest polygon first: an island inside a counter is drawn after it."""
    mask, times = _large_mask(picture)
    draw = ImageDraw.Draw(mask)
    polygons = shapely.get_parts([land.outline for land in view.lands])
    for polygon in polygons[np.argsort(-shapely.area(polygons), kind="stable")]:
        for index, ring in enumerate(shapely.get_rings(polygon)):
            draw.polygon(_points(ring, mask, scale_px_um * times), fill=0 if index else 255)
    picture.paste(LAND, mask=mask.reduce(times))


def _points(ring: shapely.Geometry, mask: Image.Image, scale: float) -> list[float]:
    """The corners of a ring about the picture's middle, in its pixels; Pillow counts from the middle of a pixel."""
    middle = np.array([mask.width, mask.height]) / 2 - 0.5
    points: list[float] = (shapely.get_coordinates(ring) * np.array([scale, -scale]) + middle).ravel().tolist()
    return points


def _paint_region(picture: Image.Image, region: Region, scale_px_um: float) -> None:
    line_px = picture.width * OUTLINE_SHARE
    for shade, grown_px in ((INK, line_px / 2), (region.shade, -line_px / 2)):
        mask, times = _large_mask(picture)
        outline = shapely.buffer(region.outline, grown_px / scale_px_um)
        for ring in shapely.get_exterior_ring(shapely.get_parts(outline)):
            ImageDraw.Draw(mask).polygon(_points(ring, mask, scale_px_um * times), fill=255)
        picture.paste(shade, mask=mask.reduce(times))


def _large_mask(picture: Image.Image) -> tuple[Image.Image, int]:
    """An empty mask some whole number of times larger than the picture, and that number."""
    times = max(1, -(-_DRAWN_PX // picture.width))
    return Image.new("L", (picture.width * times, picture.height * times), 0), times


def sheet(
    picture: Image.Image, *, title: str, notes: Sequence[str], scale_px_um: float, bar_um: float = SCALE_BAR_UM
) -> bytes:
    """A picture, grey or in colour, between its title and its scale bar of ``bar_um`` and notes, as a PNG."""
    text_px = max(picture.width * TEXT_SHARE, LEAST_TEXT_PX)
    line_px = LINE_SHARE * text_px
    top_px = round(1.3 * line_px) if title else 0
    foot_px = round((len(notes) + 1.4) * line_px)
    page = Image.new("L", (picture.width, top_px + picture.height + foot_px), PAPER)
    draw = ImageDraw.Draw(page)
    left_px, room_px = round(text_px / 2), picture.width - text_px
    write(draw, title, (left_px, 0.65 * line_px), size_px=TITLE_SHARE * text_px, room_px=room_px)
    base_px = top_px + picture.height + 0.75 * line_px
    _paint_scale_bar(draw, (left_px, base_px), text_px=text_px, bar_um=bar_um, scale_px_um=scale_px_um)
    for line, note in enumerate(notes, start=1):
        write(draw, note, (left_px, base_px + line * line_px), size_px=text_px, room_px=room_px)
    # The words are grey; only the picture may have colours.
    page = page.convert(picture.mode)
    page.paste(picture, (0, top_px))
    return _encoded(page)


def _paint_scale_bar(
    draw: ImageDraw.ImageDraw, left_middle: tuple[int, float], *, text_px: float, bar_um: float, scale_px_um: float
) -> None:
    left, middle = left_middle
    length_px = round(bar_um * scale_px_um)
    half_px = max(1, round(BAR_SHARE * text_px / 2))
    middle_px = round(middle)
    # Pillow's rectangle includes both its corners.
    draw.rectangle((left, middle_px - half_px, left + length_px - 1, middle_px + half_px - 1), fill=INK)
    label_left = left + length_px + text_px / 2
    write(draw, f"{bar_um:g} um", (label_left, middle), size_px=text_px, room_px=draw.im.size[0] - label_left)


def write(
    draw: ImageDraw.ImageDraw, text: str, left_middle: tuple[float, float], *, size_px: float, room_px: float
) -> None:
    """One line of text: smaller where it is long, cut where even that is not enough."""
    shown = legible(text)
    font = font_of(size_px)
    length_px = draw.textlength(shown, font=font)
    if length_px > room_px:
        font = font_of(max(size_px * room_px / length_px, size_px * LEAST_TEXT_SHARE))
        shown = _cut(draw, shown, font, room_px)
    draw.text(left_middle, shown, fill=INK, font=font, anchor="lm")


def _cut(draw: ImageDraw.ImageDraw, text: str, font: _Font, room_px: float) -> str:
    """The text, or as much of its beginning as there is room for, with three dots."""
    if draw.textlength(text, font=font) <= room_px:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if draw.textlength(text[:middle] + "...", font=font) <= room_px:
            fits = middle
        else:
            too_long = middle
    return text[:fits] + "..."


def font_of(size_px: float) -> _Font:
    """The face that Pillow carries, so that no machine's fonts show in the bytes."""
    return ImageFont.load_default(size=size_px)


def check_width(width_px: int) -> None:
    """Raise ValueError where a picture would be too narrow for its words."""
    if width_px < _LEAST_WIDTH_PX:
        raise ValueError(f"picture: {width_px} pixels are too few for its words; ask for {_LEAST_WIDTH_PX} or more")


def _encoded(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, format="PNG", compress_level=_COMPRESSION)
    return out.getvalue()
