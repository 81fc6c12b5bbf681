"""A toolpath as it is run: a panel a pass, with its jumps, and a part of it enlarged with all passes together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from engrave.report.drawing import (
    INK,
    QUIET,
    Areas,
    Drawing,
    FloatArray,
    Lines,
    Part,
    Shape,
    Stroke,
    Words,
    box,
    lines_of,
    segments_of,
)
from engrave.report.frame import RULER_BELOW, RULER_LEFT, Extent, framed, rulers, scale_bar, square
from engrave.report.passes import Pass, often_told

# Okabe and Ito's colours (Color Universal Design, 2008) that stand out on white, each with a pattern of its own: a
# pass has both, so that neither colour vision nor a colour printer is needed. Lengths of dashes and gaps are relative.
# A pass that has a panel to itself is drawn without gaps: those of a dense hatch would look like metal left standing.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
PATTERNS: tuple[tuple[float, ...], ...] = ((), (3.0, 1.0), (1.0, 1.0), (5.0, 1.0, 1.0, 1.0), (6.0, 2.0), (2.0, 2.0))
_JUMPS = (0.25, 1.0)

_COLUMNS = 3
# Lengths are told in mm from here on.
_MM_FROM_UM = 1000.0
_MARGIN = 0.04
# The enlarged part is this share of a panel wide, with a bar of so many um.
_ENLARGED, _ENLARGED_BAR_UM = 1 / 20, 10.0
# As shares of a panel's width: type, lines, unit of the patterns; those of the enlarged part apart.
_TEXT, _LIT, _OFF, _UNIT = 1 / 30, 1 / 900, 1 / 1500, 1 / 60
_ENLARGED_LIT, _ENLARGED_OFF, _ENLARGED_UNIT = 1 / 220, 1 / 400, 1 / 50
_BOUNDARY = 1 / 500
# In lines of type: what stands under a panel, and the gap to the next one.
_CAPTION, _GAP, _SAMPLE = 4.7, 1.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """A square of the sheet: its place in frame coordinates is moved by ``offset_um``."""

    extent: Extent
    offset_um: FloatArray

    @property
    def text_um(self) -> float:
        return self.extent.width_um * _TEXT


def toolpath_view(
    passes: Sequence[Pass], *, title: str, source: str, boundary: Polygon, enlarge_um: tuple[float, float] = (0.0, 0.0)
) -> Drawing:
    """The sheet.

    source : where the paths are from, in words. boundary : the tip's, pin frame. enlarge_um : the middle of what is
    shown enlarged, pin frame; where no path comes near, it is the path that comes nearest.
    """
    half_um = (1 + _MARGIN) * max(
        float(np.abs(boundary.bounds).max()),
        max((float(np.abs(each.points[:, :2]).max(initial=0.0)) for each in passes), default=0.0),
    )
    panels = _panels(half_um, len(passes) + 1)
    shapes: list[Shape] = []
    for number, (panel, each) in enumerate(zip(panels, passes, strict=False), start=1):
        shapes += _pass(panel, each, number, boundary)
    shapes += _enlarged(panels[-1], passes, _about(np.array(enlarge_um), half_um, passes), boundary)
    notes = (
        "as it is cut, seen from in front of the tip (mirrored); lines are the middle of the cut, not its width",
        f"{source}; a panel a pass, in order; grey, dotted: jumps, beam or spark off",
        "each pass has its own colour, and where all are shown its own pattern, too; rulers from the pin's axis",
    )
    extent = _around(panels)
    return framed(shapes, extent, title=title, notes=notes, text_share=panels[0].text_um / extent.width_um)


def _about(middle_um: FloatArray, half_um: float, passes: Sequence[Pass]) -> FloatArray:
    """The middle of what is shown enlarged."""
    points = [each.points[:, :2] for each in passes]
    if not points:
        return middle_um
    away_um = np.abs(np.concatenate(points) - middle_um).max(axis=1)
    nearest = int(away_um.argmin())
    return middle_um if away_um[nearest] < _ENLARGED * half_um else np.concatenate(points)[nearest]


def _panels(half_um: float, count: int) -> list[_Panel]:
    """Squares in rows, the first about the frame's own origin."""
    columns = min(_COLUMNS, count)
    own = square(half_um)
    text_um = own.width_um * _TEXT
    across_um = own.width_um + (RULER_LEFT + _GAP) * text_um
    down_um = own.width_um + (RULER_BELOW + _CAPTION + _GAP) * text_um
    panels = []
    for index in range(count):
        offset_um = np.array([index % columns * across_um, -(index // columns) * down_um])
        left_um, low_um = (offset_um - half_um).tolist()
        extent = Extent(left_um=left_um, low_um=low_um, width_um=own.width_um, height_um=own.width_um)
        panels.append(_Panel(extent=extent, offset_um=offset_um))
    return panels


def _around(panels: Sequence[_Panel]) -> Extent:
    """What all panels take with their rulers and captions."""
    text_um = panels[0].text_um
    left_um = min(panel.extent.left_um for panel in panels) - RULER_LEFT * text_um
    low_um = min(panel.extent.low_um for panel in panels) - (RULER_BELOW + _CAPTION) * text_um
    return Extent(
        left_um=left_um,
        low_um=low_um,
        width_um=max(panel.extent.right_um for panel in panels) + text_um - left_um,
        height_um=max(panel.extent.top_um for panel in panels) + text_um - low_um,
    )


def _stroke(number: int, width_um: float, unit_um: float) -> Stroke:
    """The look of a pass among others, counted from 1."""
    pattern = PATTERNS[(number - 1) % len(PATTERNS)]
    return Stroke(colour=_colour(number), width_um=width_um, dashes_um=tuple(unit_um * length for length in pattern))


def _colour(number: int) -> str:
    return COLOURS[(number - 1) % len(COLOURS)]


def _dotted(width_um: float, unit_um: float) -> Stroke:
    return Stroke(colour=QUIET, width_um=width_um, dashes_um=tuple(unit_um * length for length in _JUMPS))


def _pass(panel: _Panel, each: Pass, number: int, boundary: Polygon) -> Iterator[Shape]:
    side_um = panel.extent.width_um
    begin, end = each.jumps
    told = f"{number}. {each.step}: {each.kind}"
    yield _outline(panel, boundary)
    if len(begin):
        yield segments_of(
            begin + panel.offset_um,
            end + panel.offset_um,
            name=f"jumps-{number}",
            stroke=_dotted(side_um * _OFF, side_um * _UNIT),
            hint=f"jumps of {told}",
        )
    yield Lines(
        name=f"pass-{number}",
        points=each.points[:, :2] + panel.offset_um,
        starts=each.starts,
        stroke=Stroke(colour=_colour(number), width_um=side_um * _LIT),
        hint=told,
    )
    yield from _ruled(panel, each, f"{told}, {_times(each)}", number)


def _ruled(panel: _Panel, each: Pass, told: str, number: int) -> Iterator[Shape]:
    """Rulers, and what the panel shows: a sample of the line, and words."""
    extent, text_um = panel.extent, panel.text_um
    yield from rulers(extent, text_um, origin_um=panel.offset_um)
    under_um = extent.low_um - (RULER_BELOW + 1.2) * text_um
    middle_um, right_um = under_um + 0.35 * text_um, extent.left_um + _SAMPLE * text_um
    sample = np.array([[extent.left_um, middle_um], [right_um, middle_um]])
    stroke = _stroke(number, extent.width_um * _ENLARGED_LIT, text_um / 3)
    yield lines_of([sample], name=f"sample-{number}", stroke=stroke)
    z_um = each.points[:, 2]
    figures = (
        f"{len(each)} paths, {_length(each.lit_um)}, at z {z_um.min():.0f} to {z_um.max():.0f} um",
        f"{len(each.jumps[0])} jumps, {_length(each.jumps_um)}",
    )
    for line, text in enumerate((told, *figures)):
        left_um = (_SAMPLE + 0.6) * text_um
        yield Words(
            text=text,
            x_um=extent.left_um + left_um,
            y_um=under_um - 1.3 * line * text_um,
            size_um=text_um,
            room_um=extent.width_um - left_um,
        )


def _length(length_um: float) -> str:
    return f"{length_um:.0f} um" if length_um < _MM_FROM_UM else f"{length_um / 1000:.1f} mm"


def _times(each: Pass) -> str:
    least, most = each.times
    return f"{least} to {most} times" if least != most else often_told(most)


def _outline(panel: _Panel, boundary: Polygon) -> Areas:
    moved = shapely.transform(boundary, lambda points: points + panel.offset_um)
    stroke = Stroke(colour=QUIET, width_um=panel.extent.width_um * _BOUNDARY)
    return Areas(name="tip-edge", parts=(Part(outline=moved, hint="tip edge"),), stroke=stroke)


def _enlarged(panel: _Panel, passes: Sequence[Pass], middle_um: FloatArray, boundary: Polygon) -> Iterator[Shape]:
    """Every pass where they lie close, enlarged, with its own bar."""
    side_um, text_um = panel.extent.width_um, panel.text_um
    times = round(1 / _ENLARGED)
    half_um = side_um / times / 2
    window = (*(middle_um - half_um).tolist(), *(middle_um + half_um).tolist())

    def put(points: FloatArray) -> FloatArray:
        return np.asarray((points - middle_um) * times + panel.offset_um, dtype=np.float64)

    def clipped(lines: NDArray[np.object_], name: str, stroke: Stroke) -> Lines:
        parts = shapely.get_parts(shapely.get_parts(shapely.clip_by_rect(lines, *window)))
        points, line = shapely.get_coordinates(parts, return_index=True)
        starts = np.append(np.flatnonzero(np.diff(line, prepend=-1)), len(points))
        return Lines(name=name, points=put(points), starts=starts, stroke=stroke)

    yield clipped(
        shapely.get_parts(boundary.exterior), "edge-enlarged", Stroke(colour=QUIET, width_um=side_um * _BOUNDARY)
    )
    for number, each in enumerate(passes, start=1):
        jumps = shapely.get_parts(shapely.linestrings(np.stack(each.jumps, axis=1)))
        stroke = _dotted(side_um * _ENLARGED_OFF, side_um * _ENLARGED_UNIT)
        yield clipped(jumps, f"jumps-{number}-enlarged", stroke)
    for number, each in enumerate(passes, start=1):
        path = np.repeat(np.arange(len(each)), np.diff(each.starts))
        lines = shapely.get_parts(shapely.linestrings(each.points[:, :2], indices=path))
        stroke = _stroke(number, side_um * _ENLARGED_LIT, side_um * _ENLARGED_UNIT)
        yield clipped(lines, f"pass-{number}-enlarged", stroke)
    extent = panel.extent
    frame = box(extent.left_um, extent.low_um, side_um, side_um)
    yield Areas(name="frame", parts=(Part(outline=frame),), stroke=Stroke(colour=INK, width_um=text_um / 16))
    under_um = extent.low_um - 1.2 * text_um
    yield from scale_bar(
        extent.left_um, under_um, bar_um=_ENLARGED_BAR_UM, text_um=text_um, room_um=side_um, times=times
    )
    x_um, y_um = middle_um.tolist()
    yield Words(
        text=f"enlarged {times} times: all passes about x {x_um:.0f}, y {y_um:.0f} um",
        x_um=extent.left_um,
        y_um=under_um - 1.8 * text_um,
        size_um=text_um,
        room_um=side_um,
    )
