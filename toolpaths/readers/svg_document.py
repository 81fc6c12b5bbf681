"""An SVG as groups of lines in micrometres: the XML followed element by element, nothing expanded and nothing opened.

Entities are declared in a document type and nowhere else. Expat calls us where one begins, and we refuse the document
there and then.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.readers.drawn import UnreadableError, error, note
from toolpaths.readers.svg_paths import (
    IDENTITY,
    Affine,
    Subpath,
    checked,
    numbers,
    pairs,
    placed,
    product,
    subpaths,
    transform_of,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A pin's job of 45,000 points has 1 MB; eight times that is more than any pin needs.
MOST_BYTES = 8_000_000
# Letters of path data: that job has 45,000, of 20 bytes with their numbers.
MOST_COMMANDS = 600_000
_COMMANDS = (b"M", b"m", b"L", b"l", b"H", b"h", b"V", b"v", b"Z", b"z")
# The same job with each of its 6,000 lines as an element of its own; eight times that.
MOST_ELEMENTS = 50_000
# Groups in groups: drawing programs nest layers a few deep.
MOST_DEPTH = 32
_ENCODINGS = {"utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
_NAMESPACE = "http://www.w3.org/2000/svg"
_UM_PER_MM = 1_000.0
_MOST_SCALE = 1e6

_MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96, "": 25.4 / 96}
_LENGTH = re.compile(r"\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*([a-z]*)\s*")
# What is defined here is drawn by reference only, and references are not read.
_UNDRAWN = {
    "title", "desc", "metadata", "defs", "symbol", "clipPath", "mask", "marker", "pattern", "filter", "style",
    "linearGradient", "radialGradient",
}  # fmt: skip
_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b")
_MOVES = re.compile(r"(?:^|;)\s*(?:transform|translate|rotate|scale|zoom|clip-path|mask|d)\s*:")
_MOST_KINDS = 20


@dataclass(slots=True, kw_only=True)
class Group:
    """A group: its attributes, and the points (n, 2) of its lines, um, y up, in pieces, with the size of each path."""

    attributes: Mapping[str, str]
    place: str
    points: list[FloatArray] = field(default_factory=list)
    sizes: list[IntArray] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What an open element hands down: the transform to um, and the group its lines belong to; None where hidden."""

    transform: Affine
    group: Group | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The groups in the document's order, those that draw nothing as well, and what is to be said."""

    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]


def document_of(data: bytes) -> Document:
    """The groups of an SVG. Raises UnreadableError; findings hold further errors."""
    if len(data) > MOST_BYTES or sum(map(data.count, _COMMANDS)) > MOST_COMMANDS:
        message = f"the file is longer than a pin needs: {MOST_BYTES} bytes and {MOST_COMMANDS} path commands are read"
        raise UnreadableError(error("M321", message, remedy="one pin a file"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise UnreadableError(error("M322", "the file is UTF-16 or no text", remedy="save it as UTF-8"))
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_type
    parser.EntityDeclHandler = _refuse_type
    parser.StartElementHandler = lambda name, attributes: builder.start(
        name, attributes, place=f"line {parser.CurrentLineNumber}"
    )
    parser.EndElementHandler = builder.end
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes it by position only
    except (expat.ExpatError, LookupError, ValueError) as fault:
        if isinstance(fault, UnreadableError):
            raise
        message = f"no well-formed XML ({str(fault)[:100]})"
        raise UnreadableError(error("M322", message, remedy="get the whole file, or export it anew")) from fault
    return Document(groups=tuple(builder.groups), findings=builder.told())


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    # Others would be looked up among Python's codecs by whatever name the file gives.
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise UnreadableError(error("M322", f"encoding {encoding[:30]!r} is not read", remedy="save it as UTF-8"))


def _refuse_type(*_declaration: object) -> None:
    message = "the file has a document type (<!DOCTYPE ...>), which could declare entities"
    raise UnreadableError(error("M323", message, remedy="remove that line"))


@dataclass(slots=True, kw_only=True)
class _Builder:
    """What expat's calls fill while one document is parsed."""

    groups: list[Group] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    notes: dict[str, Finding] = field(default_factory=dict)
    foreign: dict[str, Finding] = field(default_factory=dict)
    elements: int = 0

    def start(self, name: str, attributes: dict[str, str], *, place: str) -> None:
        """An element begins."""
        self.elements += 1
        if self.elements > MOST_ELEMENTS or len(self.frames) >= MOST_DEPTH:
            message = f"more than {MOST_ELEMENTS} elements, or more than {MOST_DEPTH} in one another"
            raise UnreadableError(error("M324", message, place=place, remedy="ungroup, and one pin a file"))
        namespace, _, local = name.rpartition(" ")
        if not self.frames:
            self._root(local if namespace in {"", _NAMESPACE} else name, attributes, place)
            return
        above = self.frames[-1]
        if above.group is None or not self._drawn(namespace, local, attributes, place):
            self.frames.append(_Frame(transform=IDENTITY, group=None))
            return
        own = transform_of(attributes.get("transform", ""), place=place)
        transform = checked(product(above.transform, own), place=place)
        group = above.group
        if local == "g":
            group = Group(attributes=attributes, place=place)
            self.groups.append(group)
        else:
            paths = _SHAPES[local](attributes, place)
            points, sizes = placed(paths, transform, place=place)
            group.points.append(points)
            group.sizes.append(sizes)
        self.frames.append(_Frame(transform=transform, group=group))

    def end(self, _name: str) -> None:
        """An element ends."""
        self.frames.pop()

    def told(self) -> tuple[Finding, ...]:
        """Everything that was found on the way."""
        return (*self.foreign.values(), *self.notes.values())

    def _root(self, name: str, attributes: dict[str, str], place: str) -> None:
        if name != "svg":
            raise UnreadableError(error("M325", f"the document is no SVG but {name[:60]!r}", place=place))
        if "transform" in attributes:
            raise UnreadableError(error("M331", "a transform of the whole page is not read", place=place))
        right, down, findings = _scale(attributes, place)
        self.notes |= {finding.number: finding for finding in findings}
        group = Group(attributes={}, place=place)
        self.groups.append(group)
        transform = (right * _UM_PER_MM, 0.0, 0.0, -down * _UM_PER_MM, 0.0, 0.0)
        self.frames.append(_Frame(transform=transform, group=group))

    def _drawn(self, namespace: str, local: str, attributes: Mapping[str, str], place: str) -> bool:
        """Whether an element is a group or a line that can be seen; what is neither is told once a kind."""
        if namespace not in {"", _NAMESPACE} or local in _UNDRAWN:
            if local == "style" and namespace in {"", _NAMESPACE}:
                self.notes.setdefault("M339", note("M339", "style sheets are not read", place=place))
            return False
        if local != "g" and local not in _SHAPES:
            if len(self.foreign) < _MOST_KINDS:
                message = f"{local[:30]!r} is not read: only g, path, line, polyline and polygon are"
                remedy = "turn objects and text into paths of straight pieces"
                self.foreign.setdefault(local, error("M328", message, place=place, remedy=remedy))
            return False
        style = attributes.get("style", "")
        if _MOVES.search(style) or not {"clip-path", "mask", "transform-origin"}.isdisjoint(attributes):
            message = "a style that moves, clips or masks is not read"
            self.foreign.setdefault("style", error("M331", message, place=place, remedy="apply it before the export"))
        seen = attributes.get("visibility") not in {"hidden", "collapse"} and attributes.get("display") != "none"
        if not seen or _HIDES.search(style):
            self.notes.setdefault("M337", note("M337", "hidden groups or lines are left out", place=place))
            return False
        return True


def _scale(attributes: Mapping[str, str], place: str) -> tuple[float, float, list[Finding]]:
    """Millimetres a unit of the drawing, to the right and down, and what has to be said about it."""
    if "viewBox" not in attributes:
        message = "the drawing has no view box: its unit is taken for a pixel of 1/96 inch"
        return _MM_PER_UNIT["px"], _MM_PER_UNIT["px"], [note("M327", message, place=place, remedy="export in mm")]
    box = numbers(attributes["viewBox"], place=place)
    width, unit = _length(attributes, "width", place)
    height, other = _length(attributes, "height", place)
    if len(box) != 4 or not all(0 < side <= _MOST_SCALE for side in (*box[2:], width, height)):  # noqa: PLR2004 - x y w h
        raise UnreadableError(error("M326", "page or view box have no size, or none of measure", place=place))
    right, down = width / box[2], height / box[3]
    findings = []
    if {unit, other} != {"mm"}:
        message = (
            f"the page is sized in {unit or 'px'} and {other or 'px'} (96 px an inch); it was scaled to millimetres"
        )
        severity = Severity.WARNING if {unit, other} & {"", "px"} else Severity.INFO
        findings.append(Finding(number="M327", severity=severity, message=message, place=place))
    fit = attributes.get("preserveAspectRatio", "")
    if "slice" in fit:
        raise UnreadableError(error("M326", "a page that cuts the drawing off (slice) is not read", place=place))
    if fit.strip() != "none" and not math.isclose(right, down, rel_tol=1e-9):
        message = (
            f"page and view box differ in their proportions ({right:.9g} and {down:.9g} mm a unit); the lesser counts"
        )
        findings.append(note("M340", message, place=place))
        right = down = min(right, down)
    if not 1 / _MOST_SCALE <= min(right, down) <= max(right, down) <= _MOST_SCALE:
        raise UnreadableError(error("M326", "the scale of the page is out of all measure", place=place))
    return right, down, findings


def _length(attributes: Mapping[str, str], name: str, place: str) -> tuple[float, str]:
    """A side of the page in millimetres, and the unit it is stated in."""
    text = attributes.get(name, "")
    match = _LENGTH.fullmatch(text)
    if match is None or match[2] not in _MM_PER_UNIT:
        message = f"the page's {name} is {text[:30]!r}: its size is not known" if text else f"the page has no {name}"
        raise UnreadableError(error("M326", message, place=place, remedy="export with width and height in mm"))
    figure = float(text.strip().removesuffix(match[2]))
    return figure * _MM_PER_UNIT[match[2]], match[2]


def _path(attributes: Mapping[str, str], place: str) -> list[Subpath]:
    return subpaths(attributes.get("d", ""), place=place)


def _line(attributes: Mapping[str, str], place: str) -> list[Subpath]:
    return [pairs(" ".join(attributes.get(name, "0") for name in ("x1", "y1", "x2", "y2")), place=place)]


def _polyline(attributes: Mapping[str, str], place: str) -> list[Subpath]:
    points = pairs(attributes.get("points", ""), place=place)
    return [points] if len(points) > 1 else []


def _polygon(attributes: Mapping[str, str], place: str) -> list[Subpath]:
    return [[*points, points[0]] if points[0] != points[-1] else points for points in _polyline(attributes, place)]


_SHAPES: Mapping[str, Callable[[Mapping[str, str], str], list[Subpath]]] = {
    "path": _path,
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
}
