"""What stands around every picture: title, rulers, scale bar, notes; sizes are shares of the picture's width."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.report.drawing import (
    END,
    INK,
    MIDDLE,
    Areas,
    Drawing,
    FloatArray,
    Part,
    Shape,
    Stroke,
    Words,
    box,
    segments_of,
)

SCALE_BAR_UM = 200.0
SCALE_BAR_LABEL = f"{SCALE_BAR_UM:g} um"
SCALE_BAR = "scale-bar"

# The text as a share of the picture's width, the rest as shares of the text's height.
TEXT_SHARE = 1 / 34
_TITLE, _LINE, _BAR = 1.2, 1.5, 0.4
# Smaller letters cannot be read.
_LEAST_TEXT_PX = 10
_LEAST_WIDTH_PX = 64
# Ticks of rulers, in lines of text: those with a figure and those without; their width as a share of the text.
_TICK, _SMALL_TICK, _TICK_WIDTH = 0.5, 0.25, 0.06
RULER_LEFT, RULER_BELOW = 3.4, 1.9
# Figures at the first of these steps that gives no more than so many of them; between two there are five steps.
_STEPS_UM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
_MOST_FIGURES, _BETWEEN = 10, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The rectangle that a picture takes, um."""

    left_um: float
    low_um: float
    width_um: float
    height_um: float

    @property
    def top_um(self) -> float:
        """The greatest y."""
        return self.low_um + self.height_um

    @property
    def right_um(self) -> float:
        """The greatest x."""
        return self.left_um + self.width_um


def square(half_um: float) -> Extent:
    """A square about the origin."""
    return Extent(left_um=-half_um, low_um=-half_um, width_um=2 * half_um, height_um=2 * half_um)


def framed(
    shapes: Sequence[Shape],
    extent: Extent,
    *,
    title: str,
    notes: Sequence[str],
    ruled: bool = False,
    text_share: float = TEXT_SHARE,
    bar_um: float = SCALE_BAR_UM,
    below_um: float = 0.0,
) -> Drawing:
    """A picture with its title over it, and a scale bar and its notes below it; no room is kept for an empty title.

    extent : of the picture. ruled : with ticks and figures in um along its left and its lower edge, counted from the
    frame's origin. below_um : what of the shapes lies below the extent.
    """
    text_um = extent.width_um * text_share
    line_um = _LINE * text_um
    left_um = extent.left_um - (RULER_LEFT * text_um if ruled else 0.0)
    width_um = extent.right_um - left_um + (text_um if ruled else 0.0)
    over_um = 1.3 * line_um if title else (text_um if ruled else 0.0)
    foot_um = below_um + (RULER_BELOW * text_um if ruled else 0.0)
    low_um = extent.low_um - foot_um - (len(notes) + 1.4) * line_um
    words_left_um, room_um = left_um + text_um / 2, width_um - text_um
    base_um = extent.low_um - foot_um - 0.75 * line_um

    def line(text: str, y_um: float, size_um: float) -> Words:
        return Words(text=text, x_um=words_left_um, y_um=y_um, size_um=size_um, room_um=room_um)

    return Drawing(
        title=title,
        notes=tuple(notes),
        left_um=left_um,
        low_um=low_um,
        width_um=width_um,
        height_um=extent.top_um + over_um - low_um,
        shapes=(
            *([line(title, extent.top_um + 0.45 * line_um, _TITLE * text_um)] if title else ()),
            *shapes,
            *(rulers(extent, text_um) if ruled else ()),
            *scale_bar(words_left_um, base_um, bar_um=bar_um, text_um=text_um, room_um=room_um),
            *(line(note, base_um - number * line_um - 0.35 * text_um, text_um) for number, note in enumerate(notes, 1)),
        ),
    )


def scale_bar(
    left_um: float, middle_um: float, *, bar_um: float, text_um: float, room_um: float, times: float = 1.0
) -> Iterator[Shape]:
    """A bar as long as ``bar_um`` in what is drawn ``times`` as large as the rest, and what it measures beside it."""
    length_um, high_um = times * bar_um, _BAR * text_um
    bar = box(left_um, middle_um - high_um / 2, length_um, high_um)
    name = SCALE_BAR if times == 1.0 else f"{SCALE_BAR}-enlarged"
    yield Areas(name=name, parts=(Part(outline=bar),), fill=INK, crisp=True)
    yield Words(
        text=f"{bar_um:g} um",
        x_um=left_um + length_um + text_um / 2,
        y_um=middle_um - 0.35 * text_um,
        size_um=text_um,
        room_um=room_um - length_um - text_um / 2,
    )


def rulers(
    extent: Extent, text_um: float, *, origin_um: FloatArray | tuple[float, float] = (0.0, 0.0)
) -> Iterator[Shape]:
    """The frame, ticks outwards from its left and lower edge, figures in um from the origin, the unit at their end."""
    x0_um, y0_um = map(float, origin_um)
    step_um = step_for(max(extent.width_um, extent.height_um), most=_MOST_FIGURES)
    stroke = Stroke(colour=INK, width_um=_TICK_WIDTH * text_um)
    frame = box(extent.left_um, extent.low_um, extent.width_um, extent.height_um)
    yield Areas(name="frame", parts=(Part(outline=frame),), stroke=stroke)
    x_um, x_long = _ticks(extent.left_um, extent.right_um, step_um, x0_um)
    y_um, y_long = _ticks(extent.low_um, extent.top_um, step_um, y0_um)
    low, left = np.full_like(x_um, extent.low_um), np.full_like(y_um, extent.left_um)
    yield segments_of(
        np.concatenate([np.stack([x_um, low], axis=1), np.stack([left, y_um], axis=1)]),
        np.concatenate(
            [
                np.stack([x_um, low - np.where(x_long, _TICK, _SMALL_TICK) * text_um], axis=1),
                np.stack([left - np.where(y_long, _TICK, _SMALL_TICK) * text_um, y_um], axis=1),
            ]
        ),
        name="ticks",
        stroke=stroke,
    )
    size_um = 0.8 * text_um
    for at_um in x_um[x_long]:
        yield Words(
            text=f"{round(at_um - x0_um, 6) + 0.0:g}",
            x_um=at_um,
            y_um=extent.low_um - 1.4 * text_um,
            size_um=size_um,
            room_um=step_um,
            anchor=MIDDLE,
        )
    for at_um in y_um[y_long]:
        yield Words(
            text=f"{round(at_um - y0_um, 6) + 0.0:g}",
            x_um=extent.left_um - 0.7 * text_um,
            y_um=at_um - 0.3 * size_um,
            size_um=size_um,
            room_um=(RULER_LEFT - 0.8) * text_um,
            anchor=END,
        )
    # The unit stands in the corner that both rulers leave.
    yield Words(
        text="um",
        x_um=extent.left_um - 1.8 * text_um,
        y_um=extent.low_um - 1.4 * text_um,
        size_um=size_um,
        room_um=1.6 * text_um,
        anchor=END,
    )


def step_for(length_um: float, *, most: int) -> float:
    """The least step, 1, 2 or 5 times a power of ten, that goes into a length no more than so many times."""
    return next((step for step in _STEPS_UM if length_um / step <= most), _STEPS_UM[-1])


def _ticks(low_um: float, high_um: float, step_um: float, zero_um: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Where ticks stand, and which have a figure."""
    small_um = step_um / _BETWEEN
    number = np.arange(math.ceil((low_um - zero_um) / small_um), math.floor((high_um - zero_um) / small_um) + 1)
    return np.asarray(number * small_um + zero_um, dtype=np.float64), np.asarray(number % _BETWEEN == 0)


def text_share(width_px: int) -> float:
    """The height of the text over the picture's width at which it can be read on so many pixels."""
    return max(TEXT_SHARE, _LEAST_TEXT_PX / width_px)


def check_width(width_px: int) -> None:
    """Raise ValueError where a picture would be too narrow for its words."""
    if width_px < _LEAST_WIDTH_PX:
        raise ValueError(f"picture: {width_px} pixels are too few for its words; ask for {_LEAST_WIDTH_PX} or more")
