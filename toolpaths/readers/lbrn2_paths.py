"""LightBurn's lists of vertices and pieces, and its transforms: text to numbers, each with what is wrong with it."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# a, b, c, d, e, f of x' = a x + c y + e, y' = b x + d y + f.
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

# Possessive, so that a text that does not fit is given up at once.
_NUMBER = r"[-+]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][-+]?+\d{1,3}+)?+"
_PLAIN_NUMBER = re.compile(_NUMBER, re.ASCII)
# A vertex, then its handles or the marks that it has none (c0x1, c1x1), and the mark of a smooth one.
_VERTEX = re.compile(rf"\s*+V\s*+({_NUMBER})\s++({_NUMBER})(?:\s*+(?:c[01][xy]{_NUMBER}|S\d?+))*+\s*+", re.ASCII)
_PIECE = re.compile(r"\s*+([LB])(\d{1,9}+)\s++(\d{1,9}+)\s*+", re.ASCII)

_LARGEST = 1e9  # beyond any length in mm; products of a few stay finite
_NUMBERS_OF_A_MATRIX = 6
# Axes that a transform leaves closer than this to parallel, or to nothing, leave no drawing.
_LEAST_DETERMINANT_SHARE = 1e-9
_MOST_SHOWN = 40


class PathFaultError(ToolpathError):
    """A list or a transform that does not say where the beam goes."""


class CurveFaultError(PathFaultError):
    """A list that holds curves, which are not read."""


class TooLongFaultError(PathFaultError):
    """A list beyond what a pin can need."""


def number(text: str) -> float:
    """A plain decimal; raises PathFaultError for anything else, NaN and what is beyond any length among it."""
    value = float(text) if _PLAIN_NUMBER.fullmatch(text) else math.nan
    if not abs(value) <= _LARGEST:
        raise PathFaultError(f"{_shown(text)} is no plain decimal up to {_LARGEST:g}")
    return value


def matrix(text: str) -> Matrix:
    """The transform that six numbers say; raises PathFaultError where they are not six or leave nothing to draw."""
    words = text.split(maxsplit=_NUMBERS_OF_A_MATRIX)
    if len(words) != _NUMBERS_OF_A_MATRIX:
        raise PathFaultError(f"the transform {_shown(text)} is not six numbers")
    a, b, c, d, e, f = (number(word) for word in words)
    determinant = a * d - b * c
    if not abs(determinant) > _LEAST_DETERMINANT_SHARE * (a * a + b * b + c * c + d * d):
        raise PathFaultError(f"the transform {_shown(text)} leaves no area")
    return a, b, c, d, e, f


def after(outer: Matrix, inner: Matrix) -> Matrix:
    """The transform of ``inner`` first and ``outer`` then."""
    if inner == IDENTITY:
        return outer
    (a, b, c, d, e, f), (p, q, r, s, t, u) = outer, inner
    return (
        a * p + c * q,
        b * p + d * q,
        a * r + c * s,
        b * r + d * s,
        a * t + c * u + e,
        b * t + d * u + f,
    )


def moved(points: FloatArray, by: Matrix) -> FloatArray:
    """Points, (n, 2) float, under a transform; not finite where it leads beyond what a float can hold."""
    if by == IDENTITY:
        return points
    a, b, c, d, e, f = by
    with np.errstate(over="ignore", invalid="ignore"):
        x, y = points[:, 0], points[:, 1]
        return np.stack([a * x + c * y + e, b * x + d * y + f], axis=1)


def vertices(text: str, *, most: int) -> FloatArray:
    """The points of a vertex list, (n, 2) float, in the file's unit; PathFaultError, also for more than ``most``."""
    if text.count("V") > most:
        raise TooLongFaultError(f"a list of more than {most} vertices")
    found: list[tuple[float, float]] = []
    place = 0
    while place < len(text):
        match = _VERTEX.match(text, place)
        if match is None:
            raise PathFaultError(
                f"a vertex list that cannot be read at {_shown(text[place : place + 2 * _MOST_SHOWN])}"
            )
        found.append((number(match[1]), number(match[2])))
        place = match.end()
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def chains(text: str, count: int, *, most: int) -> tuple[IntArray, IntArray]:
    """Lists of pieces as runs of vertex numbers, each from 0 to below ``count``: all runs in one, and their starts.

    Run i is ``numbers[starts[i]:starts[i + 1]]``; a closed one ends with the number that it begins with. The word
    ``LineClosed``, and a list that says nothing, joins all vertices and the last to the first; ``LineOpen`` leaves
    that out. Raises PathFaultError, for runs of more than ``most`` numbers too.
    """
    word = text.strip()
    if word in ("LineClosed", "LineOpen", ""):
        numbers = np.arange(count) if word == "LineOpen" else np.append(np.arange(count), 0)
        starts = np.array([0, len(numbers)])
    else:
        begin, end = _pieces(text, most=most)
        if (highest := int(max(begin.max(), end.max()))) >= count:
            raise PathFaultError(f"a piece that names vertex {highest} of {count}")
        runs = np.concatenate([[0], np.flatnonzero(begin[1:] != end[:-1]) + 1])
        numbers = np.insert(end, runs, begin[runs])
        starts = np.append(runs, len(end)) + np.arange(len(runs) + 1)
    if len(numbers) > most:
        raise TooLongFaultError(f"paths of more than {most} points")
    if count < 2:  # noqa: PLR2004 - a line has two ends
        raise PathFaultError(f"a path of {count} vertices")
    return numbers, starts


def _pieces(text: str, *, most: int) -> tuple[IntArray, IntArray]:
    """Begin and end of every straight piece, (m,) int each, m at least 1."""
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None:
            raise PathFaultError(f"a list of pieces that cannot be read at {_shown(text[place : place + _MOST_SHOWN])}")
        if match[1] == "B":
            raise CurveFaultError("a Bezier curve")
        if len(found) >= most:
            raise TooLongFaultError(f"a list of more than {most} pieces")
        found.append((int(match[2]), int(match[3])))
        place = match.end()
    pieces = np.array(found, dtype=np.int64)
    return pieces[:, 0], pieces[:, 1]


def _shown(text: str) -> str:
    """The beginning of a text, as a literal."""
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "...")
