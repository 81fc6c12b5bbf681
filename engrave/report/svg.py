"""Layouts and pins as SVG at real size: millimetres outside, micrometres inside, bytes that never vary."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from engrave.layout.engraving import Engraving
from engrave.layout.polygons import Land, Layout
from engrave.report.markup import Markup, element, empty, joined, legible
from engrave.report.view import (
    BAR_SHARE,
    INK,
    LAND,
    LEAST_TEXT_SHARE,
    LINE_SHARE,
    OUTLINE_SHARE,
    PAPER,
    SCALE_BAR_LABEL,
    SCALE_BAR_UM,
    TEXT_SHARE,
    TITLE_SHARE,
    Region,
    View,
    layout_view,
    pin_view,
)

# Width of an average character over the height of its type, on the safe side for common sans-serif faces.
_ADVANCE = 0.58


def layout_svg(layout: Layout, *, title: str) -> bytes:
    """The layout as it reads in the primer: reading frame, real size, scale bar, coordinates in um to 3 decimals."""
    return _svg(layout_view(layout, title=title))


def pin_svg(engraving: Engraving, *, title: str, boundary: Polygon) -> bytes:
    """The pin as it is cut, seen from in front of the tip: mirrored, with its field and the tip's boundary."""
    return _svg(pin_view(engraving, title=title, boundary=boundary))


def _svg(view: View) -> bytes:
    """The whole document. Paths keep the frame's own numbers, y up; one group turns them the way SVG counts y."""
    half_um, width_um = view.half_width_um, 2 * view.half_width_um
    text_um = width_um * TEXT_SHARE
    top_um = -half_um - 2 * LINE_SHARE * text_um
    height_um = half_um - top_um + (len(view.notes) + 2) * LINE_SHARE * text_um
    box = f"{_fixed(-half_um)} {_fixed(top_um)} {_fixed(width_um)} {_fixed(height_um)}"
    root = element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{width_um / 1000:.6f}mm",
            "height": f"{height_um / 1000:.6f}mm",
            "viewBox": box,
            "role": "img",
        },
        joined(
            (
                Markup(""),
                element("title", None, view.title),
                element("desc", None, "; ".join(view.notes)),
                empty(
                    "rect",
                    {
                        "x": _fixed(-half_um),
                        "y": _fixed(top_um),
                        "width": _fixed(width_um),
                        "height": _fixed(height_um),
                        "fill": _grey(PAPER),
                    },
                ),
                _title(view, text_um),
                *(_region(region, width_um) for region in view.regions),
                _lands(view.lands),
                _scale_bar(half_um, text_um),
                *_notes(view, text_um),
                Markup(""),
            )
        ),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root.text}\n'.encode()


def _lands(lands: tuple[Land, ...]) -> Markup:
    attributes = {"id": "lands", "transform": "scale(1 -1)", "fill": _grey(LAND), "fill-rule": "evenodd"}
    paths = (
        element("path", {"d": " ".join(_paths(land.outline))}, element("title", None, f"{land.place}: {land.shows}"))
        for land in lands
    )
    return element("g", attributes, joined((Markup(""), *paths, Markup(""))))


def _paths(outline: BaseGeometry) -> Iterator[str]:
    """Every ring as a closed subpath; counters are told by the even-odd rule."""
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        points = np.round(shapely.get_coordinates(ring)[:-1], 3) + 0.0  # no negative zero
        yield "M" + " ".join(["%.3f,%.3f"] * len(points)) % tuple(points.ravel()) + "Z"


def _region(region: Region, width_um: float) -> Markup:
    look = {
        "fill": _grey(region.shade),
        "stroke": _grey(INK),
        "stroke-width": _fixed(width_um * OUTLINE_SHARE),
    }
    title = element("title", None, region.name)
    if region.radius_um is not None:
        return element("circle", {"r": _fixed(region.radius_um), **look}, title)
    return element("path", {"d": " ".join(_paths(region.outline)), "transform": "scale(1 -1)", **look}, title)


def _title(view: View, text_um: float) -> Markup:
    """The title above the picture; where it had to be cut, ``<title>`` has it whole."""
    return _line(view, view.title, y_um=-view.half_width_um - text_um, size_um=TITLE_SHARE * text_um, margin_um=text_um)


def _notes(view: View, text_um: float) -> Iterator[Markup]:
    for line, note in enumerate(view.notes, start=2):
        y_um = view.half_width_um + line * LINE_SHARE * text_um
        yield _line(view, note, y_um=y_um, size_um=text_um, margin_um=text_um)


def _line(view: View, text: str, *, y_um: float, size_um: float, margin_um: float) -> Markup:
    """One line across the picture: smaller where it is long, cut where even that is not enough."""
    room = 2 * (view.half_width_um - margin_um) / _ADVANCE
    shown = legible(text)
    most = int(room / (size_um * LEAST_TEXT_SHARE))
    if len(shown) > most:
        shown = shown[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    fitting_um = min(size_um, room / max(len(shown), 1))
    return _text(shown, x_um=margin_um - view.half_width_um, y_um=y_um, size_um=fitting_um)


def _scale_bar(half_um: float, text_um: float) -> Markup:
    left_um, base_um = text_um - half_um, half_um + LINE_SHARE * text_um
    bar = empty(
        "rect",
        {
            "id": "scale-bar",
            "x": _fixed(left_um),
            "y": _fixed(base_um - 0.5 * text_um),
            "width": _fixed(SCALE_BAR_UM),
            "height": _fixed(BAR_SHARE * text_um),
            "fill": _grey(INK),
        },
    )
    label = _text(SCALE_BAR_LABEL, x_um=left_um + SCALE_BAR_UM + 0.5 * text_um, y_um=base_um, size_um=text_um)
    return joined((bar, label))


def _text(text: str, *, x_um: float, y_um: float, size_um: float) -> Markup:
    return element(
        "text",
        {
            "x": _fixed(x_um),
            "y": _fixed(y_um),
            "font-size": _fixed(size_um),
            "font-family": "sans-serif",
            "fill": _grey(INK),
        },
        text,
    )


def _fixed(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"


def _grey(shade: int) -> str:
    return f"#{shade:02x}{shade:02x}{shade:02x}"
