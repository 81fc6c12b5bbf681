"""LightBurn projects (lbrn2): what the program would mark, as paths, and what its layers say of the process.

Nothing here comes from a writer. What the program would not mark as straight lines along the paths that stand in the
file is a finding, and the file is then refused. Findings are M341 to M360:

M341 file too large; M342 no XML, or XML that is not read; M343 no LightBurn project, or the old form of lbrn;
M344 shape that is no path of straight lines; M345 list of vertices or pieces; M346 transform; M347 layer that is not
there, or there twice; M348 figure of a layer; M349 layer or shape that is not marked as drawn; M350 place beyond reach;
M351 too many points; M352 left out, since it is not output; M353 mirrored origin; M354 nothing to mark;
M355 order left to the program; M360 further faults.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.model import Block, Operation, Polylines, Toolpath
from toolpaths.readers.drawn import ORDER, Drawn, error
from toolpaths.readers.lbrn2_document import MOST_BYTES, ROOT, Document, Setting, Shape, document
from toolpaths.readers.lbrn2_layers import Layer, alterations, is_layer_number, layer_of
from toolpaths.readers.lbrn2_paths import (
    IDENTITY,
    CurveFaultError,
    Matrix,
    PathFaultError,
    TooLongFaultError,
    after,
    chains,
    matrix,
    moved,
    number,
    vertices,
)
from toolpaths.readers.safe_xml import XmlRefusedError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A pin's plan has some ten thousand lines, each of two points.
MOST_POINTS = 1_000_000
MOST_FINDINGS = 20
_MOST_MM = 1000.0  # as far as any writer goes
_UM_PER_MM = 1000.0

# Preferences that let the program choose another order or direction than the file's.
_REORDERING = (
    "Optimize_WhichDirection",
    "Optimize_InnerToOuter",
    "Optimize_ByDirection",
    "Optimize_ReduceTravel",
    "Optimize_ReduceDirChanges",
    "Optimize_ChooseCorners",
    "Optimize_AllowReverse",
    "Optimize_RemoveOverlaps",
    "Optimize_OptimalEntryPoint",
)


def read_lbrn2(data: bytes, *, most_pulse_energy_j: float) -> Drawn:
    """What the project marks: a block a layer, in the order of priority, run as often as the layer has passes.

    A layer's power, in percent, is taken as that share of ``most_pulse_energy_j``. Groups and transforms are followed,
    rectangles with sharp corners are paths; layers that are not output are left out, with a finding. Whether passes
    run through the layer as a whole the file does not say; here they do. Raises ToolpathError where
    ``most_pulse_energy_j`` is not positive and finite, never for the file.
    """
    if not 0.0 < most_pulse_energy_j < math.inf:
        raise ToolpathError(f"the greatest pulse energy must be positive, not {most_pulse_energy_j}")
    if len(data) > MOST_BYTES:
        message = f"the file has {len(data)} bytes"
        return Drawn.refused(error("M341", message, remedy=f"at most {MOST_BYTES} bytes are read; split the file"))
    try:
        found = document(data)
    except XmlRefusedError as refused:
        place = f"line {refused.line}"
        return Drawn.refused(error("M342", refused.message, place=place, remedy=refused.remedy))
    if refusal := _no_project(found):
        return Drawn.refused(refusal)
    return _Reading(found, most_pulse_energy_j).drawn()


def _no_project(found: Document) -> Finding | None:
    version = found.attributes.get("FormatVersion", "")
    if found.root != ROOT:
        return error("M343", f"a file of {found.root[:40]!r}, no LightBurn project", remedy="give an lbrn2 file")
    if found.old or version == "0":
        return error("M343", "a project of the old form, lbrn", remedy="open it in LightBurn and save it as lbrn2")
    if version != "1":
        return error("M343", f"format version {version[:40]!r} is not known", remedy="save it as lbrn2, version 1")
    return None


class _Reading:
    """One file on its way from shapes to paths; collects findings, and gives up after ``MOST_FINDINGS`` errors."""

    def __init__(self, found: Document, most_pulse_energy_j: float) -> None:
        self._document = found
        self._most_pulse_energy_j = most_pulse_energy_j
        self._findings: list[Finding] = []
        self._errors = 0
        self._points = 0
        self._vertices = 0
        self._is_full = False
        self._left_out = 0
        self._settings: dict[str, list[Setting]] = {}
        for setting in found.settings:
            self._settings.setdefault(setting.values.get("index", ""), []).append(setting)
        self._layers: dict[str, Layer | None] = {}
        self._transforms: list[Matrix | None] = []
        self._shared_vertices: dict[str, FloatArray] = {}
        self._shared_pieces: dict[str, str] = {}
        self._last_pieces: tuple[str, int] = ("", 0)
        self._last_chains: tuple[IntArray, IntArray] = (np.zeros(0, np.int64), np.zeros(1, np.int64))
        self._paths: dict[str, list[tuple[FloatArray, IntArray]]] = {}

    def drawn(self) -> Drawn:
        """The paths, or the errors."""
        for shape in self._document.shapes:
            self._read(shape)
            if self._is_full:
                break
            if self._errors > MOST_FINDINGS:
                self._findings.pop()
                self._findings.append(error("M360", "further faults; mend those listed first"))
                break
        if not self._errors and not self._paths:
            self._fault("M354", "the file marks nothing", place="", remedy="give a file with paths on layers of lines")
        if has_errors(tuple(self._findings)):
            return Drawn.refused(*self._findings)
        self._remark()
        layers = {key: layer for key, layer in self._layers.items() if layer is not None and key in self._paths}
        keys = sorted(layers, key=lambda key: layers[key].order)
        blocks = tuple(_block(layers[key], self._paths[key]) for key in keys)
        says = frozenset.intersection(*(layers[key].says for key in keys))
        order = frozenset({ORDER}) if self._keeps_order() else frozenset()
        return Drawn(toolpath=Toolpath(blocks=blocks), says=says | order, findings=tuple(self._findings))

    def _fault(self, number_of: str, message: str, *, place: str, remedy: str) -> None:
        self._errors += 1
        self._findings.append(error(number_of, message, place=place, remedy=remedy))

    def _too_many(self, message: str, place: str) -> None:
        """A finding that ends the reading: every further path would be one too many."""
        self._is_full = True
        self._fault("M351", message, place=place, remedy=f"at most {MOST_POINTS} points are read; split the file")

    def _read(self, shape: Shape) -> None:
        """One shape: its transform, and its paths where its layer is marked."""
        place = f"line {shape.line}"
        self._transforms.append(self._transform(shape, place))
        if shape.kind == "Group":
            return
        if shape.kind == "Bitmap":
            # Its settings stand elsewhere, and nothing of it is a line.
            self._fault("M344", "a picture", place=place, remedy="take it out, or draw it as lines")
            return
        self._share(shape, place)
        key = shape.attributes.get("CutIndex", "")
        if key not in self._layers:
            self._layers[key] = self._layer(key, place)
        layer, transform = self._layers[key], self._transforms[-1]
        if layer is not None and transform is not None:
            self._mark(shape, layer, transform, place)

    def _mark(self, shape: Shape, layer: Layer, transform: Matrix, place: str) -> None:
        """Keep the shape's paths where its layer is marked."""
        if not layer.marks:
            self._left_out += 1
            return
        if shape.attributes.get("PowerScale", "100") != "100":
            self._fault("M349", "a shape with a power of its own", place=place, remedy="set its power scale to 100 %")
            return
        try:
            points, starts = self._outline(shape)
        except CurveFaultError as fault:
            self._fault("M344", f"{fault}", place=place, remedy="convert curves to lines before the export")
        except TooLongFaultError as fault:
            self._too_many(f"{fault}", place)
        except PathFaultError as fault:
            self._fault("M345", f"{fault}", place=place, remedy="export the file again")
        else:
            self._keep(shape.attributes["CutIndex"], moved(points, transform), starts, place)

    def _transform(self, shape: Shape, place: str) -> Matrix | None:
        """The shape's transform with those of its groups; None where there is none to be had."""
        outer: Matrix | None = IDENTITY
        if shape.parent >= 0:
            outer = self._transforms[shape.parent]
            if self._document.shapes[shape.parent].kind != "Group":
                self._fault("M344", "a shape within a shape that is no group", place=place, remedy="ungroup it")
                return None
        try:
            inner = matrix(shape.texts["XForm"]) if "XForm" in shape.texts else IDENTITY
        except PathFaultError as fault:
            self._fault("M346", f"{fault}", place=place, remedy="scale the drawing to its size in mm")
            return None
        return None if outer is None else after(outer, inner)

    def _share(self, shape: Shape, place: str) -> None:
        """Lists that later shapes name by number instead of repeating them."""
        texts, attributes = shape.texts, shape.attributes
        if "PrimID" in attributes and "PrimList" in texts:
            self._shared_pieces[attributes["PrimID"]] = texts["PrimList"]
        if "VertID" in attributes and "VertList" in texts:
            try:
                self._shared_vertices[attributes["VertID"]] = self._read_vertices(texts["VertList"])
            except TooLongFaultError as fault:
                self._too_many(f"{fault}", place)
            except PathFaultError as fault:
                self._fault("M345", f"{fault}", place=place, remedy="export the file again")

    def _outline(self, shape: Shape) -> tuple[FloatArray, IntArray]:
        """Points of the shape's paths one after the other, before its transform, and their starts; PathFaultError."""
        if shape.kind == "Rect":
            return _rectangle(shape.attributes)
        if shape.kind != "Path":
            raise CurveFaultError(f"a shape of type {shape.kind[:40]!r}")
        return self._path(shape)

    def _path(self, shape: Shape) -> tuple[FloatArray, IntArray]:
        if shape.torn:
            raise PathFaultError("a list that stands twice, or in pieces")
        name, pieces_name = shape.attributes.get("VertID"), shape.attributes.get("PrimID")
        if name is not None and name in self._shared_vertices:
            points = self._shared_vertices[name]
        elif "VertList" in shape.texts:
            points = self._read_vertices(shape.texts["VertList"])
        else:
            raise PathFaultError("a path without vertices")
        pieces = shape.texts.get("PrimList")
        if pieces is None and pieces_name is not None:
            pieces = self._shared_pieces.get(pieces_name)
        if pieces is None:
            raise PathFaultError("a path without a list of pieces")
        numbers, starts = self._chains(pieces, len(points))
        return points[numbers], starts

    def _chains(self, pieces: str, count: int) -> tuple[IntArray, IntArray]:
        """As `chains`; what the thousands of two-point paths of a hatch all say is worked out once."""
        if (pieces, count) == self._last_pieces:
            return self._last_chains
        found = chains(pieces, count, most=MOST_POINTS - self._points)
        self._last_pieces, self._last_chains = (pieces, count), found
        return found

    def _read_vertices(self, text: str) -> FloatArray:
        points = vertices(text, most=MOST_POINTS - self._vertices)
        self._vertices += len(points)
        return points

    def _keep(self, key: str, points: FloatArray, starts: IntArray, place: str) -> None:
        if not np.all(np.abs(points) <= _MOST_MM):  # False for NaN as well
            remedy = "a pin's paths lie within millimetres of the apex; is the file in another unit?"
            self._fault("M350", f"a place beyond {_MOST_MM:g} mm", place=place, remedy=remedy)
            return
        if self._points + len(points) > MOST_POINTS:
            self._too_many("paths of too many points", place)
            return
        self._points += len(points)
        self._paths.setdefault(key, []).append((points, starts))

    def _layer(self, key: str, place: str) -> Layer | None:
        """The layer of this number; None, with findings, where it cannot be used."""
        settings = self._settings.get(key, [])
        if not is_layer_number(key) or len(settings) != 1:
            what = "is not in the file" if not settings else "stands in the file twice or has no such number"
            self._fault("M347", f"layer {key[:40]!r} {what}", place=place, remedy="save the file in LightBurn again")
            return None
        (setting,) = settings
        place = f"layer {key}, line {setting.line}"
        try:
            layer = layer_of(setting, self._most_pulse_energy_j)
        except PathFaultError as fault:
            self._fault("M348", f"{fault}", place=place, remedy="correct the layer's settings")
            return None
        altered = alterations(setting)
        if layer.marks and altered:
            remedy = "make it a layer of plain lines"
            self._fault("M349", f"the layer is not marked as drawn: {', '.join(altered)}", place=place, remedy=remedy)
            return None
        return layer

    def _keeps_order(self) -> bool:
        preferences = self._document.preferences
        by_layer = preferences.get("Optimize_ByLayer", "") == "0"
        return by_layer and all(preferences.get(name, "") == "0" for name in _REORDERING)

    def _remark(self) -> None:
        """Findings that refuse nothing."""
        if self._left_out:
            message = f"{self._left_out} shapes on layers that are not output are left out"
            self._findings.append(Finding(number="M352", severity=Severity.INFO, message=message))
        mirrored = [name for name in ("MirrorX", "MirrorY") if self._document.attributes.get(name) == "True"]
        if mirrored:
            message = f"{' and '.join(mirrored)} set: saved for a machine whose origin lies at another corner"
            remedy = "places are read as they stand; see that the drawing is not turned over"
            self._findings.append(Finding(number="M353", severity=Severity.WARNING, message=message, remedy=remedy))
        if not self._keeps_order():
            message = "the file lets LightBurn choose the order or direction of paths"
            remedy = "turn Optimize Cut Path off, or its options"
            self._findings.append(Finding(number="M355", severity=Severity.WARNING, message=message, remedy=remedy))


def _rectangle(attributes: Mapping[str, str]) -> tuple[FloatArray, IntArray]:
    """The outline of a rectangle about its own origin; raises PathFaultError where its corners are round."""
    if number(attributes.get("Cr", "0")) != 0:
        raise CurveFaultError("a rectangle with round corners")
    x, y = number(attributes.get("W", "")) / 2, number(attributes.get("H", "")) / 2
    return np.array([(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]), np.array([0, 5])


def _block(layer: Layer, pieces: list[tuple[FloatArray, IntArray]]) -> Block:
    xy_um = np.concatenate([points for points, _ in pieces]) * _UM_PER_MM
    lengths = np.concatenate([np.diff(starts) for _, starts in pieces])
    paths = Polylines(
        points=np.column_stack([xy_um, np.zeros(len(xy_um))]), starts=np.concatenate([[0], np.cumsum(lengths)])
    )
    return Block(repeats=layer.repeats, operations=(Operation(name=layer.name, process=layer.process, paths=paths),))
