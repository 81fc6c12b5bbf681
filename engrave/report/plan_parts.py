"""What maps of coupons have in common: a sheet as wide as a page, whatever the coupon's size, and words on it."""

from collections.abc import Iterable

from engrave.report.drawing import START, Areas, Drawing, Part, Shape, Stroke, Words
from engrave.report.frame import Extent
from engrave.report.svg import svg_of

PALE = "#c6c6c6"
# A coupon is a few millimetres wide at most: its map is drawn as wide as a page.
_WIDTH_MM = 180.0
# Words may be this many times as long as they are high.
_LONGEST = 200.0


def sheet(shapes: Iterable[Shape], extent: Extent, *, title: str, notes: Iterable[str]) -> bytes:
    """The file; ``notes`` say in words what is seen, and stand among the shapes, too."""
    drawing = Drawing(
        title=title,
        notes=tuple(notes),
        left_um=extent.left_um,
        low_um=extent.low_um,
        width_um=extent.width_um,
        height_um=extent.height_um,
        shapes=tuple(shapes),
    )
    return svg_of(drawing, width_mm=_WIDTH_MM)


def words(text: str, x_um: float, y_um: float, size_um: float, *, anchor: str = START) -> Words:
    """A line of type at a place."""
    return Words(text=text, x_um=x_um, y_um=y_um, size_um=size_um, room_um=_LONGEST * size_um, anchor=anchor)


def area(outline: Part, *, name: str, fill: str | None = None, stroke: Stroke | None = None) -> Areas:
    """One outline by itself."""
    return Areas(name=name, parts=(outline,), fill=fill, stroke=stroke)
