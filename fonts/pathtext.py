"""Glyphs as a type designer writes them, and written back.

A stroke is ``x,y`` for a point and ``x,y~r`` for a corner rounded by an arc of radius r; a contour is points ``x,y`` of
which the last joins the first; dots are rows of ``#`` and ``.``.
"""

import math
import re

import numpy as np
import shapely

from fonts.glyph import BLANK, DOT, Contour
from fonts.strokes import Corner, Stroke, tangent_length

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_CORNER = re.compile(rf"(?P<x>{_NUMBER}),(?P<y>{_NUMBER})(?:~(?P<radius>{_NUMBER}))?")
_POINT = re.compile(rf"(?P<x>{_NUMBER}),(?P<y>{_NUMBER})")
_SLACK = 1e-9  # em: two arcs may share the whole of a leg
_MOST_RADIUS = 1e3  # em: greater ones are straight, and their centres lose the digits
_FEWEST_ROWS = 2
_MOST_ROWS = 64  # and columns: a finer raster is no drawing for a drill


def parse_stroke(text: str, *, advance: float) -> tuple[Stroke | None, list[str]]:
    """The stroke, or None with everything that is wrong with it.

    A stroke stays within its cell: 0 <= x <= advance, 0 <= y <= 1, em units.
    """
    words = text.split()
    matches = [_CORNER.fullmatch(word) for word in words]
    faults = [
        f"{word!r} is no corner; write x,y or x,y~radius in em units, such as 0.78,1~0.3"
        for word, match in zip(words, matches, strict=True)
        if match is None
    ]
    if len(words) < 2:  # noqa: PLR2004 - a line has two ends
        faults.append("a stroke needs at least two points, separated by spaces")
    if faults:
        return None, faults
    corners = tuple(
        Corner(x=float(match["x"]), y=float(match["y"]), radius=float(match["radius"] or 0.0))
        for match in matches
        if match is not None
    )
    points = tuple((corner.x, corner.y) for corner in corners)
    faults = _cell_faults(words, points, advance) + _shape_faults(words, corners)
    return (None, faults) if faults else (Stroke(corners=corners), [])


def parse_contour(text: str, *, advance: float) -> tuple[Contour | None, list[str]]:
    """The contour, or None with everything that is wrong with it. It stays within its cell, as a stroke does."""
    words = text.split()
    matches = [_POINT.fullmatch(word) for word in words]
    faults = [
        f"{word!r} is no point; write x,y in em units, such as 0.78,1"
        for word, match in zip(words, matches, strict=True)
        if match is None
    ]
    if len(words) < 3:  # noqa: PLR2004 - a triangle is the least that has an inside
        faults.append("a contour needs at least three points, separated by spaces")
    if faults:
        return None, faults
    contour = tuple((float(match["x"]), float(match["y"])) for match in matches if match is not None)
    faults = _cell_faults(words, contour, advance)
    if not faults and not shapely.Polygon(contour).is_valid:
        faults.append(f"the contour crosses or touches itself: {shapely.is_valid_reason(shapely.Polygon(contour))}")
    return (None, faults) if faults else (contour, [])


def dots_faults(rows: list[str]) -> list[str]:
    """Everything that is wrong with rows of dots, each fault with the number of its row; the topmost is row 1."""
    faults = [
        f"row {number}: {row!r} may hold only {DOT} for a dot and {BLANK} for none"
        for number, row in enumerate(rows, start=1)
        if set(row) - {DOT, BLANK}
    ]
    faults += [
        f"row {number}: {row!r} is {len(row)} wide, and row 1 is {len(rows[0])}"
        for number, row in enumerate(rows, start=1)
        if len(row) != len(rows[0])
    ]
    if not _FEWEST_ROWS <= len(rows) <= _MOST_ROWS or not 1 <= len(rows[0]) <= _MOST_ROWS:
        faults.append(f"dots: {_FEWEST_ROWS} to {_MOST_ROWS} rows are needed, each 1 to {_MOST_ROWS} wide")
    if not any(DOT in row for row in rows):
        faults.append(f"dots: there is no {DOT}")
    return faults


def stroke_text(stroke: Stroke) -> str:
    """The text that ``parse_stroke`` reads back to the same stroke."""
    return " ".join(
        _point_text((corner.x, corner.y)) + (f"~{number_text(corner.radius)}" if corner.radius else "")
        for corner in stroke.corners
    )


def contour_text(contour: Contour) -> str:
    """The text that ``parse_contour`` reads back to the same contour."""
    return " ".join(map(_point_text, contour))


def number_text(number: float) -> str:
    """The shortest digits that read back as the same number, without an exponent."""
    return np.format_float_positional(number, trim="-")


def _point_text(point: tuple[float, float]) -> str:
    return f"{number_text(point[0])},{number_text(point[1])}"


def _cell_faults(words: list[str], points: tuple[tuple[float, float], ...], advance: float) -> list[str]:
    return [
        f"{word} lies outside the cell, which is {advance:g} wide and 1 high"
        for word, (x, y) in zip(words, points, strict=True)
        if x > advance or y > 1.0
    ]


def _shape_faults(words: list[str], corners: tuple[Corner, ...]) -> list[str]:
    faults = [
        f"{words[i]} is an end; only a corner between two points is rounded" for i in (0, -1) if corners[i].radius
    ]
    faults += [
        f"{word} has a radius above {_MOST_RADIUS:g}; leave the corner out, or make the radius smaller"
        for word, corner in zip(words, corners, strict=True)
        if corner.radius > _MOST_RADIUS
    ]
    points = np.array([(corner.x, corner.y) for corner in corners])
    legs = np.hypot(*np.diff(points, axis=0).T)
    faults += [f"{words[i]} is followed by the same point again" for i in np.flatnonzero(legs == 0.0)]
    if faults or not math.isfinite(legs.sum()):
        return faults
    taken = np.zeros(len(corners))
    for i in range(1, len(corners) - 1):
        if corners[i].radius:
            taken[i] = tangent_length(points[i - 1], points[i], points[i + 1], corners[i].radius)
    faults = [f"{words[i]} turns straight back, so it cannot be rounded" for i in np.flatnonzero(np.isinf(taken))]
    needed = np.where(np.isinf(taken), 0.0, taken)
    return faults + [
        f"{words[i]} {words[i + 1]}: the rounding needs {needed[i] + needed[i + 1]:.3f} of a leg {leg:.3f} long;"
        " make the radius smaller"
        for i, leg in enumerate(legs)
        if needed[i] + needed[i + 1] > leg + _SLACK
    ]
