"""A drawing before it takes a format: areas, lines, words and pictures in micrometres, y up.

Everything that is drawn of a mark is put together from these by the views, and every format has one backend that knows
nothing but these: ``svg``, ``png``, ``pdf`` and ``page``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engrave.report.markup import legible

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Pixels = NDArray[np.uint8]

Colour = str
"""``#rrggbb``."""

# Greys need no colour vision and survive a black-and-white printer.
PAPER, INK, QUIET = "#ffffff", "#111111", "#777777"

START, MIDDLE, END = "start", "middle", "end"

# A text that is too long is made smaller, down to this share, and then cut.
LEAST_TEXT_SHARE = 0.5
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line's colour, width, and the lengths of its dashes and gaps in turn; none for a line without gaps."""

    colour: Colour
    width_um: float
    dashes_um: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One outline of some areas, and what is told of it where a format can: a polygon or several, with holes."""

    outline: BaseGeometry
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """Outlines filled, stroked or both, holes left open.

    crisp : they are level rectangles, filled alone, with their edges on whole pixels where there are some.
    """

    name: str
    parts: tuple[Part, ...]
    fill: Colour | None = None
    stroke: Stroke | None = None
    crisp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Polylines; line i is ``points[starts[i]:starts[i + 1]]``. points : (n, 2) float, um. starts : (k + 1,) int."""

    name: str
    points: FloatArray
    starts: IntArray
    stroke: Stroke
    hint: str = ""

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of type; ``x_um`` is its start, middle or end, ``y_um`` its base, ``room_um`` how long it may get."""

    text: str
    x_um: float
    y_um: float
    size_um: float
    room_um: float
    anchor: str = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Pixels, (rows, columns) grey or (rows, columns, 3) colours, row 0 on top, stretched over a rectangle."""

    name: str
    pixels: Pixels
    left_um: float
    low_um: float
    width_um: float
    height_um: float
    hint: str = ""


Shape = Areas | Lines | Words | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Shapes one over the other on white paper; ``notes`` says in words what is seen, and stands in it, too."""

    title: str
    notes: tuple[str, ...]
    left_um: float
    low_um: float
    width_um: float
    height_um: float
    shapes: tuple[Shape, ...]

    @property
    def top_um(self) -> float:
        """The greatest y."""
        return self.low_um + self.height_um


def fitted(
    text: str, *, size: float, room: float, width_of: Callable[[str, float], float], dots: str = _ELLIPSIS
) -> tuple[str, float]:
    """A text and the size at which it keeps to its room: smaller where it is long, cut where that is not enough.

    width_of : the width of a text at a size, which grows with both.
    """
    shown = legible(text)
    width = width_of(shown, size)
    if width <= room:
        return shown, size
    fitting = max(size * room / width, size * LEAST_TEXT_SHARE)
    if width_of(shown, fitting) <= room * (1 + 1e-9):
        return shown, fitting
    fits, too_long = 0, len(shown)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width_of(shown[:middle] + dots, fitting) <= room:
            fits = middle
        else:
            too_long = middle
    return shown[:fits] + dots, fitting


def box(left_um: float, low_um: float, width_um: float, height_um: float) -> shapely.Polygon:
    """A rectangle by its lower left corner and its sides."""
    return shapely.box(left_um, low_um, left_um + width_um, low_um + height_um)


def lines_of(paths: Iterable[FloatArray], *, name: str, stroke: Stroke, hint: str = "") -> Lines:
    """Polylines from one array of points, (n, 2) float, each."""
    each = [np.asarray(path, dtype=np.float64).reshape(-1, 2) for path in paths]
    starts = np.cumsum([0, *(len(path) for path in each)])
    points = np.concatenate(each) if each else np.zeros((0, 2))
    return Lines(name=name, points=points, starts=starts, stroke=stroke, hint=hint)


def segments_of(begin: FloatArray, end: FloatArray, *, name: str, stroke: Stroke, hint: str = "") -> Lines:
    """Straight pieces, from (k, 2) to (k, 2) float, um."""
    points = np.stack([begin, end], axis=1).reshape(-1, 2)
    return Lines(name=name, points=points, starts=2 * np.arange(len(begin) + 1), stroke=stroke, hint=hint)


def dashed(points: FloatArray, starts: IntArray, dashes: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """The straight pieces of what is drawn of dashed polylines: begins and ends, (m, 2) float each.

    dashes : lengths of dashes and gaps in turn, as many of the one as of the other, begun anew at every polyline.
    """
    inside = np.ones(len(points), dtype=bool)
    inside[starts[1:] - 1] = False
    first = np.flatnonzero(inside)
    begin, step = points[first], points[first + 1] - points[first]
    length = np.hypot(*step.T)
    line = np.searchsorted(starts, first, side="right") - 1
    gone = np.concatenate([[0.0], np.cumsum(length)])
    from_start = gone[:-1] - gone[np.searchsorted(first, starts[:-1])][line]
    period, offsets = float(np.sum(dashes)), np.concatenate([[0.0], np.cumsum(dashes)[:-1]])[::2]
    least, most = np.floor(from_start / period), np.floor((from_start + length) / period)
    count = (most - least).astype(np.intp) + 1
    piece = np.repeat(np.arange(len(first)), count)
    turn = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(least, count)
    found = []
    for offset, dash in zip(offsets, dashes[::2], strict=True):
        on = np.clip(turn * period + offset - from_start[piece], 0.0, length[piece])
        off = np.clip(turn * period + offset + dash - from_start[piece], 0.0, length[piece])
        kept = off > on
        chosen = piece[kept]
        along = step[chosen] / length[chosen, None]
        found.append((begin[chosen] + along * on[kept, None], begin[chosen] + along * off[kept, None]))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])
