"""Path data, point lists and transforms of SVG 1.1, as far as they are straight.

https://www.w3.org/TR/SVG11/paths.html and .../coords.html: M, L, H, V and Z, absolute and relative, numbers that may
stand without a space between them; matrix, translate, scale and rotate.
"""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from toolpaths.readers.drawn import UnreadableError, error

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# a, b, c, d, e, f: x' = a x + c y + e, y' = b x + d y + f.
Affine = tuple[float, float, float, float, float, float]
Subpath = list[tuple[float, float]]

IDENTITY: Affine = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# In units of the drawing, and a factor: no pin comes near, and products of a few stay finite.
_MOST = 1e9
# In one list: ten times those of a pin's whole job.
MOST_NUMBERS = 1_000_000

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBERS_ONLY = re.compile(r"[0-9+\-.eE, \t\r\n\f]*")
_STRAIGHT_ONLY = re.compile(r"[0-9+\-.eE, \t\r\n\fMmLlHhVvZz]*")
_CURVE = re.compile(r"[CcSsQqTtAa]")
_COMMAND = re.compile(r"([MmLlHhVvZz])")
_TRANSFORM = re.compile(r"\s*([A-Za-z]+)\s*\(([^()]*)\)\s*,?")
_MOST_TRANSFORMS = 100
_ARGUMENTS = {"matrix": {6}, "translate": {1, 2}, "scale": {1, 2}, "rotate": {1, 3}}


def numbers(text: str, *, place: str) -> list[float]:
    """All numbers of a list. Raises UnreadableError where something else stands among them."""
    if _NUMBERS_ONLY.fullmatch(text):
        plain = text.replace(",", " ")
        try:
            return list(map(float, _counted(plain.split(), place)))
        except ValueError as fault:
            if isinstance(fault, UnreadableError):
                raise
            if not _NUMBER.sub("", plain).strip():
                return list(map(float, _counted(_NUMBER.findall(plain), place)))
    raise UnreadableError(error("M330", f"numbers should stand here, not {text[:30]!r}", place=place))


def _counted(words: list[str], place: str) -> list[str]:
    if len(words) > MOST_NUMBERS:
        message = f"{len(words)} numbers in one list; at most {MOST_NUMBERS} are read"
        raise UnreadableError(error("M321", message, place=place, remedy="one pin a file"))
    return words


def pairs(text: str, *, place: str) -> Subpath:
    """A list of points. Raises UnreadableError where it is no list of numbers, or one is left over."""
    return _pairs(numbers(text, place=place), place)


def _pairs(values: Sequence[float], place: str) -> Subpath:
    if len(values) % 2:
        raise UnreadableError(error("M330", "a point has an x and no y", place=place))
    return list(zip(values[0::2], values[1::2], strict=True))


def subpaths(text: str, *, place: str) -> list[Subpath]:
    """The lines of path data, closed ones with their first point again; lone moves are none.

    Raises UnreadableError for curves and for what is no path data.
    """
    if not _STRAIGHT_ONLY.fullmatch(text):
        if _CURVE.search(text):
            remedy = "turn curves into lines before the export (flatten)"
            raise UnreadableError(error("M329", "a curve: only straight pieces are read", place=place, remedy=remedy))
        raise UnreadableError(error("M330", f"this is no path data: {text[:30]!r}", place=place))
    before, *pieces = _COMMAND.split(text)
    if before.strip() or (pieces and pieces[0] not in "Mm"):
        raise UnreadableError(error("M330", "path data must begin with M", place=place))
    pen = _Pen(place)
    for command, arguments in zip(pieces[0::2], pieces[1::2], strict=True):
        pen.obey(command, arguments)
    return [path for path in pen.paths if len(path) > 1]


class _Pen:
    """Where the pen stands while path data are followed, and what it has drawn."""

    def __init__(self, place: str) -> None:
        self.paths: list[Subpath] = []
        self.place = place
        self.at = (0.0, 0.0)
        self.closed = False

    def obey(self, command: str, arguments: str) -> None:
        """Follow one command. Raises UnreadableError where its numbers are too few or too many."""
        values = numbers(arguments, place=self.place)
        name = command.upper()
        if bool(values) == (name == "Z"):
            raise UnreadableError(error("M330", f"{command} with {len(values)} numbers", place=self.place))
        if name == "Z":
            self._close()
            return
        points = list(self._points(name, values, relative=command.islower()))
        if name == "M" or self.closed:
            self.paths.append([points.pop(0) if name == "M" else self.at])
        self.closed = False
        self.paths[-1] += points
        self.at = self.paths[-1][-1]

    def _close(self) -> None:
        first = self.paths[-1][0]
        if self.paths[-1][-1] != first:
            self.paths[-1].append(first)
        self.at = first
        self.closed = True

    def _points(self, name: str, values: Sequence[float], *, relative: bool) -> Iterator[tuple[float, float]]:
        """The places that a command goes to."""
        x, y = self.at
        if name == "H":
            steps = [(value, 0.0 if relative else y) for value in values]
        elif name == "V":
            steps = [(0.0 if relative else x, value) for value in values]
        else:
            steps = _pairs(values, self.place)
        if not relative:
            yield from steps
            return
        for step_x, step_y in steps:
            x, y = x + step_x, y + step_y
            yield x, y


def product(outer: Affine, inner: Affine) -> Affine:
    """The transform that does ``inner`` first."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f)


def transform_of(text: str, *, place: str) -> Affine:
    """The transform that an attribute says. Raises UnreadableError for others than the four that are read."""
    whole = IDENTITY
    end = count = 0
    while match := _TRANSFORM.match(text, end):
        end, count = match.end(), count + 1
        name, values = match[1], numbers(match[2], place=place)
        wrong = len(values) not in _ARGUMENTS.get(name, ()) or not all(map(math.isfinite, values))
        if wrong or count > _MOST_TRANSFORMS:
            break
        whole = product(whole, _single(name, values))
    else:
        if not text[end:].strip():
            return checked(whole, place=place)
    message = f"this transform is not read: {text[:40]!r}"
    raise UnreadableError(error("M331", message, place=place, remedy="matrix, translate, scale and rotate are"))


def checked(transform: Affine, *, place: str) -> Affine:
    """The same. Raises UnreadableError where a figure of it is not finite or out of measure."""
    if not all(abs(value) <= _MOST for value in transform):
        raise UnreadableError(error("M332", "a transform is not finite or moves out of all measure", place=place))
    return transform


def _single(name: str, values: Sequence[float]) -> Affine:
    first = values[0]
    if name == "matrix":
        a, b, c, d, e, f = values
        return (a, b, c, d, e, f)
    if name == "translate":
        return (1.0, 0.0, 0.0, 1.0, first, values[1] if len(values) > 1 else 0.0)
    if name == "scale":
        return (first, 0.0, 0.0, values[-1], 0.0, 0.0)
    turn = math.radians(first)
    turned = (math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), 0.0, 0.0)
    if len(values) == 1:
        return turned
    x, y = values[1:]
    return product(product((1.0, 0.0, 0.0, 1.0, x, y), turned), (1.0, 0.0, 0.0, 1.0, -x, -y))


def placed(paths: Sequence[Subpath], transform: Affine, *, place: str) -> tuple[FloatArray, IntArray]:
    """Points (n, 2) float of all paths, transformed, and the size of each, (k,) int.

    Raises UnreadableError where a coordinate is not finite or out of measure.
    """
    xy = np.array([point for path in paths for point in path], dtype=np.float64).reshape(-1, 2)
    if not np.all(np.abs(xy) <= _MOST):
        raise UnreadableError(error("M332", "a coordinate is not finite or out of all measure", place=place))
    a, b, c, d, e, f = transform
    x, y = xy[:, 0], xy[:, 1]
    moved = np.stack([a * x + c * y + e, b * x + d * y + f], axis=1)
    return moved, np.array([len(path) for path in paths], dtype=np.int64)
