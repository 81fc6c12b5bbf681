"""A stroke as a type designer writes it: ``x,y`` for a point, ``x,y~r`` for a corner rounded by an arc of radius r."""

import re

import numpy as np

from fonts.strokes import Corner, Stroke, tangent_length

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_CORNER = re.compile(rf"(?P<x>{_NUMBER}),(?P<y>{_NUMBER})(?:~(?P<radius>{_NUMBER}))?")
_SLACK = 1e-9  # em: two arcs may share the whole of a leg


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
    faults = _cell_faults(words, corners, advance) + _shape_faults(words, corners)
    return (None, faults) if faults else (Stroke(corners=corners), [])


def _cell_faults(words: list[str], corners: tuple[Corner, ...], advance: float) -> list[str]:
    return [
        f"{word} lies outside the cell, which is {advance:g} wide and 1 high"
        for word, corner in zip(words, corners, strict=True)
        if corner.x > advance or corner.y > 1.0
    ]


def _shape_faults(words: list[str], corners: tuple[Corner, ...]) -> list[str]:
    faults = [
        f"{words[i]} is an end; only a corner between two points is rounded" for i in (0, -1) if corners[i].radius
    ]
    points = np.array([(corner.x, corner.y) for corner in corners])
    legs = np.hypot(*np.diff(points, axis=0).T)
    faults += [f"{words[i]} is followed by the same point again" for i in np.flatnonzero(legs == 0.0)]
    if faults:
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
