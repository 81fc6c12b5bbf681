"""The map of a calibration coupon: which cell is where, for the one who looks for it under a microscope."""

from collections.abc import Iterator

import numpy as np
import shapely

from engrave.report.drawing import END, INK, MIDDLE, FloatArray, Part, Shape, Stroke, box, segments_of
from engrave.report.frame import Extent
from engrave.report.plan_parts import PALE, area, sheet, words
from toolpaths.laser.coupon import Cell, Coupon

_BAR_UM = 100.0
# The height of the type: the first in rooms between craters, the second in micrometres over the coupon's width.
_NAME_TO_PITCH, _LEGEND_TO_WIDTH = 0.2, 1 / 60


def coupon_svg(coupon: Coupon, *, title: str) -> bytes:
    """The coupon as the beam meets it, x right and y up, craters as wide as they are expected to be."""
    low, high = _corners(coupon)
    width_um = float(high[0] - low[0])
    type_um = width_um * _LEGEND_TO_WIDTH
    margin_um = 6 * type_um
    top_um = float(high[1]) + margin_um
    height_um = float(high[1] - low[1]) + 1.6 * margin_um
    extent = Extent(
        left_um=float(low[0]) - margin_um,
        low_um=top_um - height_um,
        width_um=width_um + margin_um + 2 * type_um,
        height_um=height_um,
    )
    told = (
        "from above, as the beam meets it; the L stands at the lower left; "
        f"craters {coupon.crater_pitch_um:g} um apart, drawn at one size; some will not show"
    )
    shapes = (
        words(title, float(low[0]), top_um - 2 * type_um, 1.2 * type_um),
        segments_of(
            coupon.mark_um[:, 0, :2],
            coupon.mark_um[:, 1, :2],
            name="mark",
            stroke=Stroke(colour=INK, width_um=0.4 * type_um),
        ),
        *(part for cell in coupon.cells for part in _cell(cell, coupon)),
        *_rows(coupon, type_um),
        *_columns(coupon, type_um),
        *_legend(told, low, type_um),
    )
    return sheet(shapes, extent, title=title, notes=(told,))


def _corners(coupon: Coupon) -> tuple[FloatArray, FloatArray]:
    points = np.array([(cell.x_um, cell.y_um) for cell in coupon.cells])
    half = np.array([[(cell.side_um or coupon.crater_pitch_um) / 2] for cell in coupon.cells])
    mark = coupon.mark_um.reshape(-1, 2)
    return np.vstack([points - half, mark]).min(axis=0), np.vstack([points + half, mark]).max(axis=0)


def _cell(cell: Cell, coupon: Coupon) -> Iterator[Shape]:
    name_um = _NAME_TO_PITCH * coupon.crater_pitch_um
    if cell.side_um is None:
        told = f"{cell.name}: {cell.pulse_energy_j * 1e6:g} uJ, {cell.pulses} pulses"
        radius_um = coupon.widest_um / 4
        yield area(
            Part(outline=shapely.Point(cell.x_um, cell.y_um).buffer(radius_um), hint=told), name="crater", fill=INK
        )
        yield words(cell.name, cell.x_um, cell.y_um - radius_um - 1.1 * name_um, name_um, anchor=MIDDLE)
        return
    told = f"{cell.name}: {cell.pulse_energy_j * 1e6:g} uJ, {cell.passes} passes"
    half_um = cell.side_um / 2
    square = box(cell.x_um - half_um, cell.y_um - half_um, cell.side_um, cell.side_um)
    yield area(Part(outline=square, hint=told), name="pocket", fill=PALE, stroke=Stroke(colour=INK, width_um=1.0))
    lines = (cell.name, f"{cell.passes} passes", f"{cell.pulse_energy_j * 1e6:g} uJ")
    for index, text in enumerate(lines):
        yield words(text, cell.x_um, cell.y_um - (index - 0.7) * 1.4 * name_um, name_um, anchor=MIDDLE)


def _rows(coupon: Coupon, type_um: float) -> Iterator[Shape]:
    """How many pulses, at the left of each row of craters."""
    first = {cell.pulses: cell for cell in reversed(coupon.cells) if cell.pulses is not None}
    for pulses, cell in sorted(first.items()):
        left_um = cell.x_um - 0.5 * coupon.crater_pitch_um
        yield words(f"N = {pulses}", left_um, cell.y_um - 0.35 * type_um, type_um, anchor=END)


def _columns(coupon: Coupon, type_um: float) -> Iterator[Shape]:
    """The pulse energy over each column."""
    top_um = max(cell.y_um for cell in coupon.cells)
    for cell in coupon.cells:
        if cell.pulses is not None and cell.y_um == top_um:
            yield words(
                f"{cell.pulse_energy_j * 1e6:g}",
                cell.x_um,
                cell.y_um + 0.5 * coupon.crater_pitch_um,
                0.9 * type_um,
                anchor=MIDDLE,
            )
    first = next(cell for cell in coupon.cells if cell.y_um == top_um)
    left_um = first.x_um - 0.5 * coupon.crater_pitch_um
    yield words("uJ", left_um, first.y_um + 0.5 * coupon.crater_pitch_um, 0.9 * type_um, anchor=END)


def _legend(told: str, low: FloatArray, type_um: float) -> Iterator[Shape]:
    left_um, line_um = float(low[0]), float(low[1]) - 1.5 * type_um
    # Away from the L, whose lower arm would pass for it.
    bar_um = left_um + 3 * _BAR_UM
    bar = box(bar_um, line_um + 1.6 * type_um, _BAR_UM, 0.4 * type_um)
    yield area(Part(outline=bar), name="scale-bar", fill=INK)
    yield words(f"{_BAR_UM:g} um", bar_um + _BAR_UM + 0.6 * type_um, line_um + 1.4 * type_um, type_um)
    yield words(told, left_um, line_um - 1.2 * type_um, 0.9 * type_um)
