"""What drawings of coupons are made of: a sheet as wide as a page, rectangles and words, in micrometres."""

from collections.abc import Iterable

from engrave.report.markup import Markup, element, empty, joined

INK, PALE, PAPER = "#111111", "#c6c6c6", "#ffffff"
# A coupon is a few millimetres wide at most: its map is drawn as wide as a page.
_WIDTH_MM = 180


def sheet(parts: Iterable[Markup], *, box: tuple[float, float, float, float], title: str) -> bytes:
    """The file; ``box`` is the least x and y, width and height, y down."""
    root = element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{_WIDTH_MM}mm",
            "height": f"{_WIDTH_MM * box[3] / box[2]:.3f}mm",
            "viewBox": " ".join(map(fixed, box)),
            "role": "img",
        },
        joined(
            (
                Markup(""),
                element("title", None, title),
                empty("rect", rectangle(*box) | {"fill": PAPER}),
                *parts,
                Markup(""),
            )
        ),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root.text}\n'.encode()


def rectangle(x: float, y: float, width: float, height: float) -> dict[str, str]:
    """Attributes of a rectangle or of whatever else is told by its corner and its sides."""
    return {"x": fixed(x), "y": fixed(y), "width": fixed(width), "height": fixed(height)}


def words(text: str, x_um: float, y_um: float, size_um: float, *, anchor: str = "start") -> Markup:
    """A line of type at a place."""
    look = {
        "x": fixed(x_um),
        "y": fixed(y_um),
        "font-size": fixed(size_um),
        "font-family": "sans-serif",
        "text-anchor": anchor,
        "fill": INK,
    }
    return element("text", look, text)


def fixed(value: float) -> str:
    """Three decimals, and no negative zero."""
    return f"{round(value, 3) + 0.0:.3f}"
