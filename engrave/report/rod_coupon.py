"""The map of a rod's coupon: which slot is where, where the rod touches, where depths are measured."""

from collections.abc import Iterator
from itertools import groupby

import shapely

from engrave.report.drawing import END, INK, MIDDLE, Part, Shape, Stroke, box
from engrave.report.frame import Extent
from engrave.report.plan_parts import PALE, area, sheet, words
from toolpaths.edm.coupon import RodCoupon, Slot
from toolpaths.edm.model import TouchOff

_BARS_UM = (50.0, 100.0, 200.0, 500.0, 1000.0)
_BAR_SHARE = 0.1
# Heights of type: the names' in rooms between slots, the legend's in micrometres over the coupon's width.
_NAME_TO_ROOM, _LEGEND_TO_WIDTH = 0.3, 1 / 75
# Where depths are measured, in the slot's half-width: from its start, and before its far rim.
_END_BEFORE_RIM = 0.2
_TOLD = (
    "from above, x to the right, y up: the shortest slots lie at the left, the deepest in the lowest row",
    "rings: the rod touches the face here; dots: measure depths here, widths midway between them",
    "lengths are ways of the axis; a slot is longer by its width",
)


def rod_coupon_svg(coupon: RodCoupon, *, width_um: float, title: str) -> bytes:
    """The coupon as the rod meets it, x right and y up; ``width_um`` is how wide slots are expected to be."""
    touches = tuple(event for event in coupon.erosion.events if isinstance(event, TouchOff))
    left = min(touch.x_um for touch in touches) - coupon.rod_um
    right = max(slot.x_um + slot.length_um for slot in coupon.slots) + width_um / 2
    top, low = (pick(slot.y_um for slot in coupon.slots) for pick in (max, min))
    type_um = (right - left) * _LEGEND_TO_WIDTH
    margin_um = 8 * type_um
    height_um = top - low + width_um + 18 * type_um
    extent = Extent(
        left_um=left - margin_um,
        low_um=top + margin_um - height_um,
        width_um=right - left + margin_um + 2 * type_um,
        height_um=height_um,
    )
    shapes = (
        words(title, left - margin_um + type_um, extent.top_um - 2 * type_um, 1.3 * type_um),
        *(_touch(touch, coupon.rod_um) for touch in touches),
        *(part for slot in coupon.slots for part in _slot(slot, width_um, _NAME_TO_ROOM * coupon.room_um)),
        *_rows(coupon, left, type_um),
        *_columns(coupon, top + width_um / 2 + 2 * type_um, type_um),
        *_legend(left - margin_um + type_um, right - left, low - width_um / 2 - 4 * type_um, type_um),
    )
    return sheet(shapes, extent, title=title, notes=_TOLD)


def _slot(slot: Slot, width_um: float, name_um: float) -> Iterator[Shape]:
    half_um = width_um / 2
    ends = (slot.x_um, slot.x_um + slot.length_um)
    told = f"{slot.name}: {slot.length_um:g} um long, sent {slot.sent_um:g} um"
    outline = shapely.LineString([(x_um, slot.y_um) for x_um in ends]).buffer(half_um)
    stroke = Stroke(colour=INK, width_um=width_um / 20)
    yield area(Part(outline=outline, hint=told), name="slot", fill=PALE, stroke=stroke)
    for x_um in (ends[0], ends[1] + (1 - _END_BEFORE_RIM) * half_um):
        dot = shapely.Point(x_um, slot.y_um).buffer(width_um / 10)
        yield area(Part(outline=dot), name="depth-place", fill=INK)
    middle_um = slot.x_um + slot.length_um / 2
    yield words(slot.name, middle_um, slot.y_um - half_um - 1.2 * name_um, name_um, anchor=MIDDLE)


def _touch(touch: TouchOff, rod_um: float) -> Shape:
    ring = shapely.Point(touch.x_um, touch.y_um).buffer(rod_um / 2)
    return area(Part(outline=ring), name="touch", stroke=Stroke(colour=INK, width_um=rod_um / 10))


def _rows(coupon: RodCoupon, left_um: float, type_um: float) -> Iterator[Shape]:
    """How deep the rod is sent, at the left of each row."""
    for y_um, slots in groupby(coupon.slots, key=lambda slot: slot.y_um):
        text = f"sent {next(slots).sent_um:g} um"
        yield words(text, left_um - type_um / 2, y_um - 0.35 * type_um, type_um, anchor=END)


def _columns(coupon: RodCoupon, line_um: float, type_um: float) -> Iterator[Shape]:
    """The length over each column."""
    for slot in coupon.slots:
        if slot.y_um == coupon.slots[0].y_um:
            middle_um = slot.x_um + slot.length_um / 2
            yield words(f"{slot.length_um:g} um", middle_um, line_um, type_um, anchor=MIDDLE)


def _legend(left_um: float, width_um: float, top_um: float, type_um: float) -> Iterator[Shape]:
    bar_um = max(length for length in _BARS_UM if length <= max(_BAR_SHARE * width_um, _BARS_UM[0]))
    yield area(Part(outline=box(left_um, top_um, bar_um, 0.4 * type_um)), name="scale-bar", fill=INK)
    yield words(f"{bar_um:g} um", left_um + bar_um + 0.6 * type_um, top_um, type_um)
    for place, line in enumerate(_TOLD):
        yield words(line, left_um, top_um - (2 + 1.5 * place) * type_um, type_um)
