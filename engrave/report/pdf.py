"""Drawings as a PDF: A4, a page each, to a whole scale that is told, vectors as vectors; bytes that never vary."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import shapely

from engrave.base.errors import InputError
from engrave.report.drawing import INK, MIDDLE, START, Areas, Drawing, Lines, Picture, Shape, Stroke, Words, fitted
from engrave.report.frame import SCALE_BAR_UM
from engrave.report.markup import legible

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_POINTS_PER_UM = 72.0 / 25_400.0
_PAGE_UM = (210_000.0, 297_000.0)
_MARGIN_UM, _FOOT_UM, _FOOT_SIZE_UM = 12_000.0, 12_000.0, 3_200.0
# How many times as large as the pin it is drawn: the greatest that fits the page.
_SCALES = (500, 400, 300, 250, 200, 150, 120, 100, 80, 75, 60, 50, 40, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4, 3, 2, 1)
# Bitstream Vera, which reportlab carries: the same letters on every machine, and in the file.
_FACE, _FACE_FILE = "Vera", "Vera.ttf"
_EVEN_ODD = 0


def pdf_of(drawings: Sequence[Drawing], *, title: str) -> bytes:
    """The file. Raises InputError where reportlab is not installed."""
    canvas_of = _canvas_of()
    out = BytesIO()
    canvas = canvas_of(out, pagesize=_page_size(), invariant=1, pageCompression=1)
    canvas.setTitle(legible(title))
    canvas.setCreator("pin-engrave")
    for number, drawing in enumerate(drawings, start=1):
        _page(canvas, drawing, f"page {number} of {len(drawings)}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _canvas_of() -> "type[Canvas]":
    try:
        from reportlab.pdfbase.pdfmetrics import registerFont
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise InputError(
            "a PDF needs reportlab, which is not installed; run: pip install 'pin-engrave[pdf]', or ask for .svg"
        ) from error
    registerFont(TTFont(_FACE, _FACE_FILE))
    return Canvas


def _page_size() -> tuple[float, float]:
    return _PAGE_UM[0] * _POINTS_PER_UM, _PAGE_UM[1] * _POINTS_PER_UM


def scale_of(drawing: Drawing) -> int:
    """How many times as large as the pin it is drawn."""
    room = (_PAGE_UM[0] - 2 * _MARGIN_UM, _PAGE_UM[1] - 2 * _MARGIN_UM - _FOOT_UM)
    fits = min(room[0] / drawing.width_um, room[1] / drawing.height_um)
    return next((scale for scale in _SCALES if scale <= fits), _SCALES[-1])


def _page(canvas: "Canvas", drawing: Drawing, numbered: str) -> None:
    """The drawing at the top of the page, the scale in words at its foot."""
    scale = scale_of(drawing)
    canvas.saveState()
    points = scale * _POINTS_PER_UM
    left = (_PAGE_UM[0] - scale * drawing.width_um) / 2 * _POINTS_PER_UM
    top = (_PAGE_UM[1] - _MARGIN_UM) * _POINTS_PER_UM
    pen = _Pen(canvas, origin=(left - drawing.left_um * points, top - drawing.top_um * points), points=points)
    for shape in drawing.shapes:
        pen.put(shape)
    canvas.restoreState()
    told = (
        f"Drawn {scale} : 1. Print at 100 %, without fitting to the page: then {SCALE_BAR_UM:g} um measure"
        f" {scale * SCALE_BAR_UM / 1000:g} mm on paper; {numbered}."
    )
    foot = _Pen(canvas, origin=(0.0, 0.0), points=_POINTS_PER_UM)
    room_um = _PAGE_UM[0] - 2 * _MARGIN_UM
    foot.put(Words(text=told, x_um=_MARGIN_UM, y_um=_MARGIN_UM, size_um=_FOOT_SIZE_UM, room_um=room_um))


class _Pen:
    """Shapes onto a page: where the frame's origin lies on it, and how many points a micrometre takes."""

    def __init__(self, canvas: "Canvas", *, origin: tuple[float, float], points: float) -> None:
        self._canvas, self._origin, self._points = canvas, origin, points

    def put(self, shape: Shape) -> None:
        """Put a shape over what is there."""
        if isinstance(shape, Words):
            self._words(shape)
        elif isinstance(shape, Picture):
            self._picture(shape)
        elif isinstance(shape, Lines):
            self._lines(shape)
        else:
            self._areas(shape)

    def _to_page(self, points_um: Any) -> list[list[float]]:  # noqa: ANN401 - shapely's arrays
        found: list[list[float]] = (points_um * self._points + self._origin).tolist()
        return found

    def _words(self, words: Words) -> None:
        from reportlab.pdfbase.pdfmetrics import stringWidth

        text, size = fitted(
            words.text,
            size=words.size_um * self._points,
            room=words.room_um * self._points,
            width_of=lambda part, size: float(stringWidth(part, _FACE, size)),
            dots="...",
        )
        ((x, y),) = self._to_page(_point(words.x_um, words.y_um))
        put = {START: self._canvas.drawString, MIDDLE: self._canvas.drawCentredString}
        self._canvas.setFillColor(INK)
        self._canvas.setFont(_FACE, size)
        put.get(words.anchor, self._canvas.drawRightString)(x, y, text)

    def _areas(self, areas: Areas) -> None:
        path = self._canvas.beginPath()
        for part in areas.parts:
            for ring in shapely.get_rings(shapely.get_parts(part.outline)):
                self._walk(path, shapely.get_coordinates(ring)[:-1])
                path.close()
        if areas.stroke is not None:
            self._look(areas.stroke)
        if areas.fill is not None:
            self._canvas.setFillColor(areas.fill)
        self._canvas.drawPath(
            path, stroke=int(areas.stroke is not None), fill=int(areas.fill is not None), fillMode=_EVEN_ODD
        )

    def _lines(self, lines: Lines) -> None:
        path = self._canvas.beginPath()
        for first, last in zip(lines.starts[:-1].tolist(), lines.starts[1:].tolist(), strict=True):
            self._walk(path, lines.points[first:last])
        self._look(lines.stroke)
        self._canvas.drawPath(path, stroke=1, fill=0)

    def _walk(self, path: Any, points_um: Any) -> None:  # noqa: ANN401 - reportlab has no types
        (x, y), *others = self._to_page(points_um)
        path.moveTo(x, y)
        for x, y in others:
            path.lineTo(x, y)

    def _look(self, stroke: Stroke) -> None:
        self._canvas.setStrokeColor(stroke.colour)
        self._canvas.setLineWidth(stroke.width_um * self._points)
        self._canvas.setDash([dash * self._points for dash in stroke.dashes_um])

    def _picture(self, picture: Picture) -> None:
        from PIL import Image  # noqa: PLC0415 - start-up
        from reportlab.lib.utils import ImageReader

        ((x, y),) = self._to_page(_point(picture.left_um, picture.low_um))
        size = (picture.width_um * self._points, picture.height_um * self._points)
        self._canvas.drawImage(ImageReader(Image.fromarray(picture.pixels)), x, y, *size)


def _point(x_um: float, y_um: float) -> Any:  # noqa: ANN401 - an array of one point
    return shapely.get_coordinates(shapely.Point(x_um, y_um))
