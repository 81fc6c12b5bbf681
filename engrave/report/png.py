"""Drawings as PNG: drawn by Pillow, grey where nothing has a colour, bytes that never vary."""

from io import BytesIO
from itertools import pairwise

import numpy as np
import shapely
from PIL import Image, ImageColor, ImageDraw, ImageFont

from engrave.layout.polygons import Layout
from engrave.report.drawing import (
    INK,
    PAPER,
    START,
    Areas,
    Drawing,
    FloatArray,
    Lines,
    Picture,
    Pixels,
    Shape,
    Stroke,
    Words,
    dashed,
    fitted,
)
from engrave.report.frame import check_width, text_share
from engrave.report.pictures import WIDTH_PX, impression_view
from engrave.report.view import layout_view
from toolpaths.surface import HeightMap

THUMBNAIL_PX = 220

# Polygons are drawn on so many pixels at the least, then averaged down: Pillow fills every pixel that an edge touches,
# and on this many that is 3 % of the area of a stroke of 14 um.
_DRAWN_PX = 2560
# Level 6 takes two and a half times as long as 4 on an impression, and 9 ten times as long again, for a saving of a few
# per cent.
_COMPRESSION = 4
_ANCHORS = {START: "ls", "middle": "ms", "end": "rs"}

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def layout_png(layout: Layout, *, title: str, width_px: int = WIDTH_PX) -> bytes:
    """The layout as it reads in the primer, without rulers. Raises ValueError where it is too narrow for its words."""
    check_width(width_px)
    return png_of(layout_view(layout, title=title, ruled=False, text_share=text_share(width_px)), width_px=width_px)


def impression_png(surface: HeightMap, *, title: str, width_px: int = WIDTH_PX) -> bytes:
    """The drawing of ``impression_view`` as wide as this; raises as that does."""
    return png_of(impression_view(surface, title=title, width_px=width_px), width_px=width_px)


def thumbnail_png(picture: bytes, *, width_px: int = THUMBNAIL_PX) -> bytes:
    """A grey copy of a PNG, ``width_px`` wide; one that is narrow enough already is returned as it is."""
    with Image.open(BytesIO(picture), formats=("PNG",)) as image:
        if image.width <= width_px:
            return picture
        size = (width_px, max(1, round(image.height * width_px / image.width)))
        return _encoded(image.convert("L").resize(size, Image.Resampling.LANCZOS))


def encoded(pixels: Pixels) -> bytes:
    """Grey or coloured pixels as a PNG."""
    return _encoded(Image.fromarray(pixels))


def png_of(drawing: Drawing, *, width_px: int) -> bytes:
    """The drawing on so many pixels; grey where it has no colour. A picture of its own pixels' size is kept as it is.

    Raises ValueError where it would be too narrow for its words.
    """
    check_width(width_px)
    scale = width_px / drawing.width_um
    size = (width_px, round(drawing.height_um * scale))
    sheet = _Sheet(Image.new("L" if _is_grey(drawing) else "RGB", size, PAPER), drawing, scale)
    for shape in drawing.shapes:
        sheet.put(shape)
    return _encoded(sheet.page)


def _is_grey(drawing: Drawing) -> bool:
    return not any(_is_coloured(shape) for shape in drawing.shapes)


def _is_coloured(shape: Shape) -> bool:
    if isinstance(shape, Picture):
        return shape.pixels.ndim > 2  # noqa: PLR2004 - rows, columns, colours
    if isinstance(shape, Words):
        return False
    strokes = [shape.stroke.colour] if shape.stroke is not None else []
    fills = [shape.fill] if isinstance(shape, Areas) and shape.fill is not None else []
    return any(len(set(ImageColor.getrgb(colour))) > 1 for colour in (*strokes, *fills))


class _Sheet:
    """A page that shapes are put on: where um come to lie on it, in pixels."""

    def __init__(self, page: Image.Image, drawing: Drawing, scale: float) -> None:
        self.page = page
        self._draw = ImageDraw.Draw(page)
        self._corner = np.array([drawing.left_um, drawing.top_um])
        self._scale = scale

    def put(self, shape: Shape) -> None:
        """Put a shape over what is there."""
        if isinstance(shape, Words):
            self._words(shape)
        elif isinstance(shape, Picture):
            self._picture(shape)
        elif isinstance(shape, Lines):
            self._stroke(shape.points, shape.starts, shape.stroke)
        elif shape.crisp:
            self._crisp(shape)
        else:
            self._areas(shape)

    def _px(self, points_um: FloatArray) -> FloatArray:
        return np.asarray((points_um - self._corner) * np.array([self._scale, -self._scale]), dtype=np.float64)

    def _words(self, words: Words) -> None:
        """In the face that Pillow carries, so that no machine's fonts show in the bytes."""

        def width_of(text: str, size_px: float) -> float:
            return self._draw.textlength(text, font=_font_of(size_px))

        text, size_px = fitted(
            words.text,
            size=words.size_um * self._scale,
            room=words.room_um * self._scale,
            width_of=width_of,
            dots="...",
        )
        x_px, y_px = self._px(np.array([words.x_um, words.y_um])).tolist()
        self._draw.text((x_px, y_px), text, fill=INK, font=_font_of(size_px), anchor=_ANCHORS[words.anchor])

    def _picture(self, picture: Picture) -> None:
        image = Image.fromarray(picture.pixels)
        size = (round(picture.width_um * self._scale), round(picture.height_um * self._scale))
        if size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        left, top = self._px(np.array([picture.left_um, picture.low_um + picture.height_um])).tolist()
        self.page.paste(image.convert(self.page.mode), (round(left), round(top)))

    def _crisp(self, areas: Areas) -> None:
        """Rectangles of whole pixels, as long and as high as they ought to be to half a pixel."""
        for part in areas.parts:
            left, low, right, high = part.outline.bounds
            begin = np.round(self._px(np.array([left, high])))
            sides = np.maximum(1, np.round(np.array([right - left, high - low]) * self._scale))
            # Pillow's rectangle includes both its corners.
            self._draw.rectangle((*begin.tolist(), *(begin + sides - 1).tolist()), fill=areas.fill)

    def _areas(self, areas: Areas) -> None:
        """Outer rings filled, holes emptied, largest polygon first: an island inside a hole is drawn after it."""
        polygons = shapely.get_parts([part.outline for part in areas.parts])
        polygons = polygons[~shapely.is_empty(polygons)]
        if not len(polygons):
            return
        if areas.fill is not None:
            mask = self._mask(shapely.get_coordinates(polygons), margin_px=1.0)
            for polygon in polygons[np.argsort(-shapely.area(polygons), kind="stable")]:
                for index, ring in enumerate(shapely.get_rings(polygon)):
                    mask.draw.polygon(mask.points(shapely.get_coordinates(ring)), fill=0 if index else 255)
            mask.paste(areas.fill)
        if areas.stroke is not None:
            points, line = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
            starts = np.append(np.flatnonzero(np.diff(line, prepend=-1)), len(points))
            self._stroke(points, starts, areas.stroke)

    def _stroke(self, points: FloatArray, starts: np.ndarray, stroke: Stroke) -> None:
        if not len(points):
            return
        mask = self._mask(points, margin_px=1.0 + stroke.width_um * self._scale)
        width_px = max(1, round(stroke.width_um * self._scale * mask.times))
        if stroke.dashes_um:
            begin, end = dashed(points, starts, stroke.dashes_um)
            points, starts = np.stack([begin, end], axis=1).reshape(-1, 2), 2 * np.arange(len(begin) + 1)
        corners, ends = mask.points(points), (2 * starts).tolist()
        for first, last in pairwise(ends):
            mask.draw.line(corners[first:last], fill=255, width=width_px)
        mask.paste(stroke.colour)

    def _mask(self, points_um: FloatArray, *, margin_px: float) -> "_Mask":
        """An empty mask over these points, some whole number of times larger than the page is there."""
        places = self._px(points_um)
        low = np.maximum(np.floor(places.min(axis=0) - margin_px), 0).astype(int)
        high = np.minimum(np.ceil(places.max(axis=0) + margin_px), self.page.size).astype(int)
        return _Mask(self, low, np.maximum(high - low, 1))

    def place(self, points_um: FloatArray) -> FloatArray:
        """Where points come to lie, px from the upper left corner."""
        return self._px(points_um)


class _Mask:
    """Part of a page on finer pixels, averaged down when a colour is put through it."""

    def __init__(self, sheet: _Sheet, corner: np.ndarray, size: np.ndarray) -> None:
        self.times = max(1, -(-_DRAWN_PX // sheet.page.width))
        self._sheet, self._corner = sheet, corner
        self._mask = Image.new("L", tuple((size * self.times).tolist()), 0)
        self.draw = ImageDraw.Draw(self._mask)

    def points(self, points_um: FloatArray) -> list[float]:
        """Corners in its pixels; Pillow counts from the middle of a pixel."""
        found: list[float] = ((self._sheet.place(points_um) - self._corner) * self.times - 0.5).ravel().tolist()
        return found

    def paste(self, colour: str) -> None:
        """Put a colour on the page where something was drawn."""
        mask = self._mask.reduce(self.times)
        self._sheet.page.paste(colour, tuple(self._corner.tolist()), mask=mask)


def _font_of(size_px: float) -> _Font:
    return ImageFont.load_default(size=size_px)


def _encoded(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, format="PNG", compress_level=_COMPRESSION)
    return out.getvalue()
