"""The map of a calibration coupon: which cell is where, for the one who looks for it under a microscope."""

from collections.abc import Iterator

import numpy as np

from engrave.report.markup import Markup, element, empty, joined
from engrave.report.plan_parts import INK, PALE, fixed, rectangle, sheet, words
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
    box = (
        float(low[0]) - margin_um,
        -float(high[1]) - margin_um,
        width_um + margin_um + 2 * type_um,
        float(high[1] - low[1]) + 1.6 * margin_um,
    )
    parts = (
        words(title, float(low[0]), -float(high[1]) - margin_um + 2 * type_um, 1.2 * type_um),
        *_mark(coupon, type_um),
        *(_cell(cell, coupon) for cell in coupon.cells),
        *_rows(coupon, type_um),
        *_columns(coupon, type_um),
        *_legend(coupon, low, type_um),
    )
    return sheet(parts, box=box, title=title)


def _corners(coupon: Coupon) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    points = np.array([(cell.x_um, cell.y_um) for cell in coupon.cells])
    half = np.array([[(cell.side_um or coupon.crater_pitch_um) / 2] for cell in coupon.cells])
    mark = coupon.mark_um.reshape(-1, 2)
    return np.vstack([points - half, mark]).min(axis=0), np.vstack([points + half, mark]).max(axis=0)


def _cell(cell: Cell, coupon: Coupon) -> Markup:
    name_um = _NAME_TO_PITCH * coupon.crater_pitch_um
    if cell.side_um is None:
        told = f"{cell.name}: {cell.pulse_energy_j * 1e6:g} uJ, {cell.pulses} pulses"
        shape = element(
            "circle",
            {"cx": fixed(cell.x_um), "cy": fixed(-cell.y_um), "r": fixed(coupon.widest_um / 4), "fill": INK},
            element("title", None, told),
        )
        name = words(cell.name, cell.x_um, -cell.y_um + coupon.widest_um / 4 + 1.1 * name_um, name_um, anchor="middle")
        return joined((shape, name))
    told = f"{cell.name}: {cell.pulse_energy_j * 1e6:g} uJ, {cell.passes} passes"
    half_um = cell.side_um / 2
    sides = rectangle(cell.x_um - half_um, -cell.y_um - half_um, cell.side_um, cell.side_um)
    shape = element("rect", sides | {"fill": PALE, "stroke": INK}, element("title", None, told))
    lines = (cell.name, f"{cell.passes} passes", f"{cell.pulse_energy_j * 1e6:g} uJ")
    lines_of_type = [
        words(text, cell.x_um, -cell.y_um + (index - 0.7) * 1.4 * name_um, name_um, anchor="middle")
        for index, text in enumerate(lines)
    ]
    return joined((shape, *lines_of_type))


def _rows(coupon: Coupon, type_um: float) -> Iterator[Markup]:
    """How many pulses, at the left of each row of craters."""
    first = {cell.pulses: cell for cell in reversed(coupon.cells) if cell.pulses is not None}
    for pulses, cell in sorted(first.items()):
        left_um = cell.x_um - 0.5 * coupon.crater_pitch_um
        yield words(f"N = {pulses}", left_um, -cell.y_um + 0.35 * type_um, type_um, anchor="end")


def _columns(coupon: Coupon, type_um: float) -> Iterator[Markup]:
    """The pulse energy over each column."""
    top_um = max(cell.y_um for cell in coupon.cells)
    for cell in coupon.cells:
        if cell.pulses is not None and cell.y_um == top_um:
            yield words(
                f"{cell.pulse_energy_j * 1e6:g}",
                cell.x_um,
                -cell.y_um - 0.5 * coupon.crater_pitch_um,
                0.9 * type_um,
                anchor="middle",
            )
    first = next(cell for cell in coupon.cells if cell.y_um == top_um)
    left_um = first.x_um - 0.5 * coupon.crater_pitch_um
    yield words("uJ", left_um, -first.y_um - 0.5 * coupon.crater_pitch_um, 0.9 * type_um, anchor="end")


def _mark(coupon: Coupon, type_um: float) -> Iterator[Markup]:
    for begin, end in coupon.mark_um:
        yield empty(
            "line",
            {
                "x1": fixed(begin[0]),
                "y1": fixed(-begin[1]),
                "x2": fixed(end[0]),
                "y2": fixed(-end[1]),
                "stroke": INK,
                "stroke-width": fixed(0.4 * type_um),
            },
        )


def _legend(coupon: Coupon, low: np.ndarray[tuple[int], np.dtype[np.float64]], type_um: float) -> Iterator[Markup]:
    left_um, top_um = float(low[0]), -float(low[1]) + 1.5 * type_um
    # Away from the L, whose lower arm would pass for it.
    bar_um = left_um + 3 * _BAR_UM
    yield empty("rect", rectangle(bar_um, top_um - 2 * type_um, _BAR_UM, 0.4 * type_um) | {"fill": INK})
    yield words(f"{_BAR_UM:g} um", bar_um + _BAR_UM + 0.6 * type_um, top_um - 1.4 * type_um, type_um)
    told = (
        "from above, as the beam meets it; the L stands at the lower left; "
        f"craters {coupon.crater_pitch_um:g} um apart, drawn at one size; some will not show"
    )
    yield words(told, left_um, top_um + 1.2 * type_um, 0.9 * type_um)
