"""Drawings as SVG at real size: millimetres outside, micrometres inside, bytes that never vary."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from engrave.layout.engraving import Engraving
from engrave.layout.polygons import Layout
from engrave.report.drawing import INK, PAPER, Areas, Drawing, Lines, Picture, Shape, Stroke, Words, fitted
from engrave.report.markup import Markup, element, empty, joined
from engrave.report.view import layout_view, pin_view

# Width of an average character over the height of its type, on the safe side for common sans-serif faces.
ADVANCE = 0.58
# The frames have y up, SVG has it down.
_UP = "scale(1 -1)"


def layout_svg(layout: Layout, *, title: str) -> bytes:
    """The layout as it reads in the primer: reading frame, real size, scale bar, coordinates in um to 3 decimals."""
    return svg_of(layout_view(layout, title=title))


def pin_svg(engraving: Engraving, *, title: str, boundary: Polygon) -> bytes:
    """The pin as it is cut, seen from in front of the tip: mirrored, with its field and the tip's boundary."""
    return svg_of(pin_view(engraving, title=title, boundary=boundary))


def svg_of(drawing: Drawing, *, width_mm: float | None = None) -> bytes:
    """The whole document; at real size where no width is given."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg_element(drawing, width_mm=width_mm).text}\n'.encode()


def svg_element(drawing: Drawing, *, width_mm: float | None = None, prefix: str = "") -> Markup:
    """The drawing as an element; ``prefix`` goes before every id, for a page that holds several.

    Paths keep the frame's own numbers, y up; each is turned the way SVG counts y.
    """
    mm_per_um = 1e-3 if width_mm is None else width_mm / drawing.width_um
    place = _rectangle(drawing.left_um, drawing.top_um, drawing.width_um, drawing.height_um)
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "xmlns:xlink": "http://www.w3.org/1999/xlink",
        "width": f"{drawing.width_um * mm_per_um:.6f}mm",
        "height": f"{drawing.height_um * mm_per_um:.6f}mm",
        "viewBox": " ".join(place.values()),
        "role": "img",
    }
    parts = (
        Markup(""),
        element("title", None, drawing.title),
        element("desc", None, "; ".join(drawing.notes)),
        empty("rect", place | {"fill": PAPER}),
        *_shapes(drawing.shapes, prefix),
        Markup(""),
    )
    return element("svg", root, joined(parts))


def _shapes(shapes: Iterable[Shape], prefix: str) -> Iterator[Markup]:
    """Each by its name; where several have one name, it is numbered from the second on."""
    seen: Counter[str] = Counter()
    for shape in shapes:
        if isinstance(shape, Words):
            yield _words(shape)
            continue
        seen[shape.name] += 1
        number = f"-{seen[shape.name]}" if seen[shape.name] > 1 else ""
        yield _shape(shape, f"{prefix}{shape.name}{number}")


def _shape(shape: Areas | Lines | Picture, name: str) -> Markup:
    if isinstance(shape, Lines):
        return _lines(shape, name)
    if isinstance(shape, Picture):
        return _picture(shape, name)
    return _bars(shape, name) if shape.crisp else _areas(shape, name)


def _bars(areas: Areas, name: str) -> Markup:
    look = {"fill": areas.fill or "none", "shape-rendering": "crispEdges"}
    bounds = [part.outline.bounds for part in areas.parts]
    bars = [_rectangle(left, high, right - left, high - low) for left, low, right, high in bounds]
    return joined(empty("rect", {"id": name, **bar, **look}) for bar in bars)


def _areas(areas: Areas, name: str) -> Markup:
    look = {
        "id": name,
        "transform": _UP,
        "fill": areas.fill or "none",
        "fill-rule": "evenodd",
        **_stroke(areas.stroke),
    }
    paths = (
        element("path", {"d": " ".join(_rings(part.outline))}, *_hint(part.hint))
        for part in areas.parts
        if not part.outline.is_empty
    )
    return element("g", look, joined((Markup(""), *paths, Markup(""))))


def _rings(outline: BaseGeometry) -> Iterator[str]:
    """Every ring as a closed subpath; holes are told by the even-odd rule."""
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        points = np.round(shapely.get_coordinates(ring)[:-1], 3) + 0.0  # no negative zero
        yield "M" + " ".join(["%.3f,%.3f"] * len(points)) % tuple(points.ravel()) + "Z"


def _lines(lines: Lines, name: str) -> Markup:
    """All of them as one path."""
    points = np.round(lines.points, 3) + 0.0
    begins = np.zeros(len(points), dtype=bool)
    begins[lines.starts[:-1]] = True
    template = " ".join(["M%.3f,%.3f" if begin else "%.3f,%.3f" for begin in begins.tolist()])
    look = {
        "id": name,
        "d": template % tuple(points.ravel().tolist()),
        "transform": _UP,
        "fill": "none",
        **_stroke(lines.stroke),
    }
    return element("path", look, *_hint(lines.hint))


def _stroke(stroke: Stroke | None) -> dict[str, str]:
    if stroke is None:
        return {}
    dashes = {"stroke-dasharray": " ".join(map(_fixed, stroke.dashes_um))} if stroke.dashes_um else {}
    return {"stroke": stroke.colour, "stroke-width": _fixed(stroke.width_um), **dashes}


def _picture(picture: Picture, name: str) -> Markup:
    from engrave.report.png import encoded  # noqa: PLC0415 - Pillow, which no other drawing needs

    place = _rectangle(picture.left_um, picture.low_um + picture.height_um, picture.width_um, picture.height_um)
    source = f"data:image/png;base64,{b64encode(encoded(picture.pixels)).decode('ascii')}"
    look = {"id": name, **place, "preserveAspectRatio": "none", "xlink:href": source}
    return element("image", look, *_hint(picture.hint))


def _words(words: Words) -> Markup:
    """A line of type; where it had to be cut, the drawing's own ``<title>`` and ``<desc>`` have it whole."""
    shown, size_um = fitted(
        words.text, size=words.size_um, room=words.room_um, width_of=lambda text, size: ADVANCE * size * len(text)
    )
    look = {
        "x": _fixed(words.x_um),
        "y": _fixed(-words.y_um),
        "font-size": _fixed(size_um),
        "font-family": "sans-serif",
        "text-anchor": words.anchor,
        "fill": INK,
    }
    return element("text", look, shown)


def _hint(hint: str) -> tuple[Markup, ...]:
    return (element("title", None, hint),) if hint else ()


def _rectangle(left_um: float, top_um: float, width_um: float, height_um: float) -> dict[str, str]:
    """Attributes of what is told by its upper left corner, y up, and its sides."""
    return {"x": _fixed(left_um), "y": _fixed(-top_um), "width": _fixed(width_um), "height": _fixed(height_um)}


def _fixed(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"
