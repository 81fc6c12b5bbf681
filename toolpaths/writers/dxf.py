"""DXF in millimetres, R2000 (AC1015) or R12 (AC1009): lines and polylines only, the same bytes from the same input.

ezdxf writes the document around the entities. The thousands of lines of a job are formatted here, in one go, after the
DXF reference for LINE, POLYLINE, VERTEX and SEQEND: entity objects would take a hundred times as long.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Literal

import numpy as np
from shapely import Polygon, get_coordinates

from toolpaths.errors import ToolpathError
from toolpaths.model import Operation, Process, Toolpath
from toolpaths.writers.import_notes import extent_text, step_table, wrapped
from toolpaths.writers.nanometres import NM_PER_UM, IntArray, NmPolylines, blocks_in_nanometres, millimetres

if TYPE_CHECKING:
    from ezdxf.document import Drawing

Version = Literal["R2000", "R12"]

CALIBRATION_LAYER = "CALIBRATION"
LAND_LAYER = "LAND"

_CALIBRATION_HALF_MM = 0.5
_MILLIMETRES, _METRIC = 4, 1  # $INSUNITS, $MEASUREMENT
_COLOURS = ("red", "yellow", "green", "cyan", "blue", "magenta")  # ACI 1 to 6
_WHITE = 7
# R12 allows 31 characters, R2000 255. The name's part of 60 leaves room for number and repeats.
_LONGEST_LAYER_NAME = {"R12": 31, "R2000": 255}
_LONGEST_NAME = 60
_NOT_IN_A_LAYER_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_APART = "_NEXT"


def write_job_dxf(toolpath: Toolpath, *, version: Version = "R2000") -> bytes:
    """Each operation of the toolpath once, on a layer of its own, z included.

    A layer is named ``OP01_HATCH-000_X27``: place in the order, name of the operation, how often its block is run (the
    runs of a block interleave its operations). The first layer of a block that is run as often as the block before it
    ends with ``_NEXT``, so that the two are not taken for one. Operations of one process and one number of runs share a
    colour from 1 to 6, since shops hang parameters on colours; a seventh kind begins again with 1, and only the layer
    tells them apart (``import_note`` says so). Two-point paths are LINEs, longer ones 3-D POLYLINEs. Layer CALIBRATION
    holds a square of 1.000 mm about the origin, to measure the import by; it is set not to plot and must not be marked.
    R12 has no place for the unit, and layer names of 31 capital letters. Raises ToolpathError.
    """
    steps = _steps(toolpath, version)
    doc = _document(version)
    for step in steps:
        doc.layers.add(step.layer, color=step.colour)
    _add_calibration_square(doc)
    _set_extents(doc, [step.paths.points for step in steps])
    return _bytes(doc, steps)


def write_outline_dxf(polygons: Sequence[Polygon], *, version: Version = "R2000") -> bytes:
    """One closed polyline for each outline and each counter (hole) of ``polygons``, um, on layer LAND; nothing else.

    LWPOLYLINE, in R12 a 2-D POLYLINE. For shops whose own software does the hatching. There is no calibration square:
    every line in the file is an edge of land. Raises ToolpathError where there is no polygon or a coordinate is not
    finite.
    """
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    if not rings or any(ring.is_empty for ring in rings):
        raise ToolpathError("the outline holds no polygon, or an empty one: nothing would be marked")
    points_um = [get_coordinates(ring)[:-1] for ring in rings]
    if not all(np.all(np.isfinite(points)) for points in points_um):
        raise ToolpathError("a coordinate of the outline is not finite")
    points_nm = [np.rint(points * NM_PER_UM).astype(np.int64) for points in points_um]
    doc = _document(version)
    doc.layers.add(LAND_LAYER, color=1)
    for points in points_nm:
        _add_ring(doc, millimetres(points).tolist(), layer=LAND_LAYER)
    _set_extents(doc, points_nm)
    return _bytes(doc, ())


def import_note(toolpath: Toolpath, *, version: Version = "R2000") -> str:
    """For the operator, beside ``job.dxf``: how to load it, what to set by hand, what not to mark, how to measure it.

    Raises ToolpathError.
    """
    steps = _steps(toolpath, version)
    table = step_table(toolpath, heads=[f"{step.layer}  {_COLOURS[step.colour - 1]}" for step in steps])
    loading = [
        f"1. {_UNIT_NOTES[version]} Scale 1, no rotation, no mirroring: the mark is mirrored already, for the tip.",
        *_LOADING_NOTES,
        f"4. Measure: {_MEASURE_NOTE} {extent_text(toolpath)}",
        "5. The file holds no figure of the process. Set by hand, layer by layer in the order of their numbers:",
    ]
    lines = [f"DXF {version}: how to load job.dxf", ""]
    lines += [line for paragraph in loading for line in wrapped(paragraph)]
    lines += ["", *table, ""]
    lines += [line for paragraph in (*_RUNNING_NOTES, *_colour_notes(steps)) for line in wrapped(paragraph)]
    return "\n".join(lines) + "\n"


_UNIT_NOTES = {
    "R2000": "The unit is the millimetre and stands in the file ($INSUNITS 4). If the import asks, answer millimetres.",
    "R12": "This DXF is R12, which cannot state its unit. Tell the import that one drawing unit is one MILLIMETRE.",
}
_LOADING_NOTES = (
    (
        "2. Turn OFF whatever joins, closes, smooths, simplifies or sorts lines on import. Programs that join ends "
        "within 25 um of each other weld this hatch, whose lines lie closer. Where joining cannot be turned off, load "
        f"the outline file instead (layer {LAND_LAYER}: the edges of what stays) and let the machine hatch around it."
    ),
    (
        f"3. Keep the coordinates: 0,0 is the tip's apex. Layer {CALIBRATION_LAYER} must not be marked: delete it or "
        "turn its output off once it has been measured, whatever else has its colour (white)."
    ),
)
_MEASURE_NOTE = (
    f"the square on layer {CALIBRATION_LAYER} is 1.000 mm wide and high. 25.400 mm means that inches were taken, "
    "anything else another unit or a scale; remove everything and import anew rather than scale by hand."
)
_RUNNING_NOTES = (
    (
        "Neighbouring layers with the same X are run in turn, each once, and that as often as X says; a name that ends "
        "with _NEXT begins a new such group. Delays of the scanner are not in this file."
    ),
    "Heights (z) are in the file. A program that works in the plane drops them: focus then by hand, on the z above.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An operation as it stands in the drawing; ``kind`` counts processes and runs, ``colour`` is an ACI number."""

    layer: str
    kind: int
    paths: NmPolylines

    @property
    def colour(self) -> int:
        return 1 + self.kind % len(_COLOURS)


def _steps(toolpath: Toolpath, version: Version) -> tuple[_Step, ...]:
    kinds: dict[tuple[Process, int], int] = {}
    steps: list[_Step] = []
    repeats_before = 1
    for block in blocks_in_nanometres(toolpath):
        # Blocks run once need no mark: one after the other is what they are anyway.
        apart = _APART if block.repeats == repeats_before > 1 else ""
        for operation, paths in block.operations:
            kind = kinds.setdefault((operation.process, block.repeats), len(kinds))
            tail = f"_X{block.repeats}{apart}"
            layer = _layer_name(operation, head=f"OP{len(steps) + 1:02d}_", tail=tail, version=version)
            steps.append(_Step(layer=layer, kind=kind, paths=paths))
            apart = ""
        repeats_before = block.repeats
    return tuple(steps)


def _layer_name(operation: Operation, *, head: str, tail: str, version: Version) -> str:
    room = min(_LONGEST_NAME, _LONGEST_LAYER_NAME[version] - len(head) - len(tail))
    plain = _NOT_IN_A_LAYER_NAME.sub("-", operation.name).strip("-")[:room] or "OPERATION"
    name = f"{head}{plain}{tail}"
    return name.upper() if version == "R12" else name


def _colour_notes(steps: Sequence[_Step]) -> list[str]:
    """Where colours had to be given twice: which layers a program that goes by colours would take for one."""
    shared = [
        f"{name}: {', '.join(step.layer for step in steps if step.colour == colour)}"
        for colour, name in enumerate(_COLOURS, start=1)
        if len({step.kind for step in steps if step.colour == colour}) > 1
    ]
    if not shared:
        return []
    return [
        (
            "ATTENTION: there are more kinds of steps than colours. A program that goes by colours alone gives one "
            f"setting to different layers ({'; '.join(shared)}): load these one layer at a time."
        )
    ]


def _document(version: Version) -> "Drawing":
    from ezdxf.document import Drawing  # 300 ms that other formats need not pay

    with fixed_meta_data():
        doc = Drawing.new(version)
    if version == "R2000":
        doc.header["$INSUNITS"] = _MILLIMETRES
        doc.header["$MEASUREMENT"] = _METRIC
    return doc


def _set_extents(doc: "Drawing", points_nm: Sequence[IntArray]) -> None:
    """The box of everything drawn, by which an import zooms and places; the square stands about the origin."""
    points = np.concatenate(points_nm)
    low, high = np.zeros(3), np.zeros(3)
    low[: points.shape[1]] = millimetres(points.min(axis=0))
    high[: points.shape[1]] = millimetres(points.max(axis=0))
    if doc.layers.has_entry(CALIBRATION_LAYER):
        low[:2] = np.minimum(low[:2], -_CALIBRATION_HALF_MM)
        high[:2] = np.maximum(high[:2], _CALIBRATION_HALF_MM)
    doc.modelspace().reset_extents(low.tolist(), high.tolist())
    # The library copies these on writing, but not where a corner is the origin.
    doc.header["$EXTMIN"], doc.header["$EXTMAX"] = low.tolist(), high.tolist()


def _add_ring(doc: "Drawing", points_mm: Sequence[Sequence[float]], *, layer: str) -> None:
    """A closed polyline of the kind that the version has."""
    if doc.dxfversion == "AC1009":
        doc.modelspace().add_polyline2d(points_mm, close=True, dxfattribs={"layer": layer})
    else:
        doc.modelspace().add_lwpolyline(points_mm, close=True, dxfattribs={"layer": layer})


def _add_calibration_square(doc: "Drawing") -> None:
    layer = doc.layers.add(CALIBRATION_LAYER, color=_WHITE)
    if doc.dxfversion != "AC1009":
        layer.dxf.plot = 0
    half = _CALIBRATION_HALF_MM
    _add_ring(doc, [(-half, -half), (half, -half), (half, half), (-half, half)], layer=CALIBRATION_LAYER)


def _bytes(doc: "Drawing", steps: Sequence[_Step]) -> bytes:
    """The document with the steps' lines at the end of its entities."""
    first_handle = int(str(doc.entitydb.handles), 16)
    owner = doc.modelspace().layout_key
    pieces = []
    for step in steps:
        text, first_handle = _entities(step, None if doc.dxfversion == "AC1009" else owner, first_handle)
        pieces.append(text)
    doc.entitydb.handles.reset(f"{first_handle:X}")
    stream = StringIO()
    with fixed_meta_data():
        doc.write(stream)
    before, section, after = stream.getvalue().partition("  2\nENTITIES\n")
    own, end, rest = after.partition("  0\nENDSEC\n")
    return "".join([before, section, own, *pieces, end, rest]).encode("ascii")


@contextmanager
def fixed_meta_data() -> Iterator[None]:
    """No dates, identifiers or versions in the file; the library's switch is put back as it was."""
    import ezdxf

    options = ezdxf.options  # type: ignore[attr-defined] # documented, though not exported in so many words
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _entities(step: _Step, owner: str | None, first_handle: int) -> tuple[str, int]:
    """Text of all paths of a step, and the next free handle; R12 has neither owners (None) nor subclasses.

    A two-point path is one entity, a longer one its head, its vertices and its end: n + 2 handles.
    """
    paths = step.paths
    count = np.diff(paths.starts)
    is_line = count == 2  # noqa: PLR2004 - a line has two ends
    handles = np.where(is_line, 1, count + 2)
    head = first_handle + np.concatenate([[0], np.cumsum(handles)])
    line = f"{_opening('LINE', step, owner, 'AcDbLine')}{_point(10)}{_point(11)}"
    begin = f"{_opening('POLYLINE', step, owner, 'AcDb3dPolyline')} 66\n1\n 10\n0.0\n 20\n0.0\n 30\n0.0\n 70\n8\n"
    vertex = f"{_opening('VERTEX', step, owner, 'AcDbVertex', 'AcDb3dPolylineVertex')}{_point(10)} 70\n32\n"
    end = _opening("SEQEND", step, owner)
    points = millimetres(paths.points).tolist()
    pieces: list[str] = []
    for start, size, handle in zip(paths.starts.tolist(), count.tolist(), head.tolist(), strict=False):
        if size == 2:  # noqa: PLR2004 - a line has two ends
            pieces.append(line % (handle, *points[start], *points[start + 1]))
            continue
        pieces.append(begin % handle)
        pieces += [vertex % (handle + 1 + place, *points[start + place]) for place in range(size)]
        pieces.append(end % (handle + 1 + size))
    return "".join(pieces), int(head[-1])


def _opening(kind: str, step: _Step, owner: str | None, *subclasses: str) -> str:
    """An entity's tags up to its own data, with a place for the handle."""
    if owner is None:
        return f"  0\n{kind}\n  5\n%X\n  8\n{step.layer}\n"
    own = "".join(f"100\n{name}\n" for name in subclasses)
    return f"  0\n{kind}\n  5\n%X\n330\n{owner}\n100\nAcDbEntity\n  8\n{step.layer}\n{own}"


def _point(code: int) -> str:
    """Three coordinates under a group code and those ten and twenty above it."""
    return f"{code:3d}\n%.6f\n{code + 10:3d}\n%.6f\n{code + 20:3d}\n%.6f\n"
