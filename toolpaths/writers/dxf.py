"""DXF R2000 (AC1015) in millimetres: lines and polylines only, the same bytes from the same input.

ezdxf writes the document around the entities. The thousands of lines of a job are formatted here, in one go, after the
DXF reference for LINE, POLYLINE, VERTEX and SEQEND: entity objects would take a hundred times as long.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
from shapely import Polygon, get_coordinates

from toolpaths.errors import ToolpathError
from toolpaths.model import Operation, Process, Toolpath
from toolpaths.writers.nanometres import NM_PER_UM, NmPolylines, blocks_in_nanometres, millimetres

if TYPE_CHECKING:
    from ezdxf.document import Drawing

CALIBRATION_LAYER = "CALIBRATION"
LAND_LAYER = "LAND"

_CALIBRATION_HALF_MM = 0.5
_MILLIMETRES, _METRIC = 4, 1  # $INSUNITS, $MEASUREMENT
_COLOURS = 6  # ACI 1-6: red, yellow, green, cyan, blue, magenta
_WHITE = 7
_LONGEST_LAYER_NAME = 60  # leaves room for number and repeats below the 255 of R2000
_NOT_IN_A_LAYER_NAME = re.compile(r"[^A-Za-z0-9_-]+")


def write_job_dxf(toolpath: Toolpath) -> bytes:
    """Each operation of the toolpath once, on a layer of its own, z included.

    A layer is named ``OP01_HATCH-000_X27``: place in the order, name of the operation, how often its block is run (the
    runs of a block interleave its operations). Operations of one process and one number of runs share a colour from 1
    to 6, since shops hang parameters on colours; a seventh kind begins again with 1, and only the layer tells them
    apart. Two-point paths are LINEs, longer ones 3-D POLYLINEs. Layer CALIBRATION holds a square of 1.000 mm about the
    origin, to measure the import by; it is set not to plot and must not be marked. Raises ToolpathError.
    """
    steps = _steps(toolpath)
    doc = _document()
    for step in steps:
        doc.layers.add(step.layer, color=step.colour)
    _add_calibration_square(doc)
    return _bytes(doc, steps)


def write_outline_dxf(polygons: Sequence[Polygon]) -> bytes:
    """One closed LWPOLYLINE for each outline and each counter (hole) of ``polygons``, um, on layer LAND; nothing else.

    For shops whose own software does the hatching. There is no calibration square: every line in the file is an edge
    of land. Raises ToolpathError where there is no polygon or a coordinate is not finite.
    """
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    if not rings or any(ring.is_empty for ring in rings):
        raise ToolpathError("the outline holds no polygon, or an empty one: nothing would be marked")
    doc = _document()
    doc.layers.add(LAND_LAYER, color=1)
    modelspace = doc.modelspace()
    for ring in rings:
        points_um = get_coordinates(ring)[:-1]
        if not np.all(np.isfinite(points_um)):
            raise ToolpathError("a coordinate of the outline is not finite")
        points_nm = np.rint(points_um * NM_PER_UM).astype(np.int64)
        modelspace.add_lwpolyline(millimetres(points_nm).tolist(), close=True, dxfattribs={"layer": LAND_LAYER})
    return _bytes(doc, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An operation as it stands in the drawing."""

    layer: str
    colour: int
    paths: NmPolylines


def _steps(toolpath: Toolpath) -> tuple[_Step, ...]:
    colours: dict[tuple[Process, int], int] = {}
    steps: list[_Step] = []
    for block in blocks_in_nanometres(toolpath):
        for operation, paths in block.operations:
            kind = (operation.process, block.repeats)
            colour = colours.setdefault(kind, 1 + len(colours) % _COLOURS)
            layer = _layer_name(operation, place=len(steps) + 1, repeats=block.repeats)
            steps.append(_Step(layer=layer, colour=colour, paths=paths))
    return tuple(steps)


def _layer_name(operation: Operation, *, place: int, repeats: int) -> str:
    plain = _NOT_IN_A_LAYER_NAME.sub("-", operation.name).strip("-")[:_LONGEST_LAYER_NAME]
    return f"OP{place:02d}_{plain or 'OPERATION'}_X{repeats}"


def _document() -> "Drawing":
    from ezdxf.filemanagement import new  # 300 ms that other formats need not pay

    with _fixed_meta_data():
        doc = new("R2000")
    doc.header["$INSUNITS"] = _MILLIMETRES
    doc.header["$MEASUREMENT"] = _METRIC
    return doc


def _add_calibration_square(doc: "Drawing") -> None:
    layer = doc.layers.add(CALIBRATION_LAYER, color=_WHITE)
    layer.dxf.plot = 0
    half = _CALIBRATION_HALF_MM
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    doc.modelspace().add_lwpolyline(corners, close=True, dxfattribs={"layer": CALIBRATION_LAYER})


def _bytes(doc: "Drawing", steps: Sequence[_Step]) -> bytes:
    """The document with the steps' lines at the end of its entities."""
    first_handle = int(str(doc.entitydb.handles), 16)
    owner = doc.modelspace().layout_key
    pieces = []
    for step in steps:
        text, first_handle = _entities(step, owner, first_handle)
        pieces.append(text)
    doc.entitydb.handles.reset(f"{first_handle:X}")
    stream = StringIO()
    with _fixed_meta_data():
        doc.write(stream)
    before, section, after = stream.getvalue().partition("  2\nENTITIES\n")
    own, end, rest = after.partition("  0\nENDSEC\n")
    return "".join([before, section, own, *pieces, end, rest]).encode("ascii")


@contextmanager
def _fixed_meta_data() -> Iterator[None]:
    """No dates, identifiers or versions in the file; the library's switch is put back as it was."""
    import ezdxf

    options = ezdxf.options  # type: ignore[attr-defined] # documented, though not exported in so many words
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _entities(step: _Step, owner: str, first_handle: int) -> tuple[str, int]:
    """Text of all paths of a step, and the next free handle.

    A two-point path is one entity, a longer one its head, its vertices and its end: n + 2 handles.
    """
    paths = step.paths
    count = np.diff(paths.starts)
    is_line = count == 2  # noqa: PLR2004 - a line has two ends
    handles = np.where(is_line, 1, count + 2)
    head = first_handle + np.concatenate([[0], np.cumsum(handles)])
    common = f"330\n{owner}\n100\nAcDbEntity\n  8\n{step.layer}\n100\n"
    line = f"  0\nLINE\n  5\n%X\n{common}AcDbLine\n{_point(10)}{_point(11)}"
    begin = f"  0\nPOLYLINE\n  5\n%X\n{common}AcDb3dPolyline\n 66\n1\n 10\n0.0\n 20\n0.0\n 30\n0.0\n 70\n8\n"
    vertex = f"  0\nVERTEX\n  5\n%X\n{common}AcDbVertex\n100\nAcDb3dPolylineVertex\n{_point(10)} 70\n32\n"
    end = f"  0\nSEQEND\n  5\n%X\n330\n{owner}\n100\nAcDbEntity\n  8\n{step.layer}\n"
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


def _point(code: int) -> str:
    """Three coordinates under a group code and those ten and twenty above it."""
    return f"{code:3d}\n%.6f\n{code + 10:3d}\n%.6f\n{code + 20:3d}\n%.6f\n"
