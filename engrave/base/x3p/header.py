"""What main.xml says about the grid and its heights: records 1 and 3 of ISO 25178-72."""

from dataclasses import dataclass

import numpy as np

from engrave.base.x3p.archive import quoted
from engrave.base.x3p.fields import Fields, number_of
from engrave.base.x3p.model import LENGTH_LIMIT_UM, PIXEL_LIMITS_UM
from engrave.base.x3p.writer import NAMESPACE, REVISION

# 5,792 samples a side. As float64 so many take 256 MB, and the reader holds a few copies.
MOST_SAMPLES = 2**25
_AXES = "Record1/Axes"
_MATRIX = "Record3/MatrixDimension"
_LINK = "Record3/DataLink"
_INTEGERS = {"L", "I"}
_TYPES = {"D", "F", "L", "I"}
_IDENTITY_TOLERANCE = 1e-6
_MOST_NAMED = 8
_UM_PER_M = 1e6
# All that the public schemas name.
_SCHEMA = """
Record1: Revision FeatureType Axes
Record1/Axes: CX CY CZ Rotation
Record1/Axes/CX: AxisType DataType Increment Offset
Record1/Axes/CY: AxisType DataType Increment Offset
Record1/Axes/CZ: AxisType DataType Increment Offset
Record1/Axes/Rotation: r11 r12 r13 r21 r22 r23 r31 r32 r33
Record2: Date Creator Instrument CalibrationDate ProbingSystem Comment
Record2/Instrument: Manufacturer Model Serial Version
Record2/ProbingSystem: Type Identification
Record3: MatrixDimension ListDimension DataLink DataList
Record3/MatrixDimension: SizeX SizeY SizeZ
Record3/DataLink: PointDataLink MD5ChecksumPointData ValidPointsLink MD5ChecksumValidPoints
Record4: ChecksumFile
"""
_LINES = [line.partition(": ") for line in _SCHEMA.strip().splitlines()]
_CHILDREN = {parent: tuple(children.split()) for parent, _, children in _LINES}
_KNOWN = {"VendorSpecificID", *_CHILDREN, *(f"{parent}/{child}" for parent in _CHILDREN for child in _CHILDREN[parent])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An incremental axis: the distance between samples, its sign apart, and where the first sample lies."""

    pixel_um: float
    reversed: bool
    offset_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The grid and how its stored numbers become heights: ``offset_um + factor_um * number``."""

    rows: int
    columns: int
    x: Step
    y: Step
    data_type: str
    factor_um: float
    offset_um: float


def read_header(fields: Fields) -> Header | None:
    """The header; None where something needed is missing or wrong, which then stands among the faults."""
    _note_document(fields)
    _check_kind(fields)
    _check_rotation(fields)
    rows, columns = _size(fields)
    x, y = (_step(fields, axis) for axis in ("CX", "CY"))
    data_type = _data_type(fields)
    heights = _heights(fields, data_type)
    if fields.faults or x is None or y is None or heights is None:
        return None
    factor_um, offset_um = heights
    return Header(rows=rows, columns=columns, x=x, y=y, data_type=data_type, factor_um=factor_um, offset_um=offset_um)


def _note_document(fields: Fields) -> None:
    document = fields.document
    if document.root != "ISO5436_2" or document.namespace != NAMESPACE:
        fields.notes.append(
            f"main.xml: the root is {quoted(document.root)} in the namespace {quoted(document.namespace)}, "
            f"where it should be 'ISO5436_2' in '{NAMESPACE}'"
        )
    unknown = dict.fromkeys(path for path in document.texts if path not in _KNOWN)
    outermost = [path for path in unknown if path.rpartition("/")[0] not in unknown]
    for path in outermost[:_MOST_NAMED]:
        text = fields.text(path)
        says = f" ({quoted(text)})" if text else ""
        fields.notes.append(f"main.xml, {quoted(path)}: not of the format{says}; not read")
    if len(outermost) > _MOST_NAMED:
        fields.notes.append(f"main.xml: {len(outermost) - _MOST_NAMED} more elements that are not of the format")
    for path in document.repeated[:_MOST_NAMED]:
        if path in _KNOWN and path != "VendorSpecificID":
            fields.note(path, "more than once; the first is read")


def _check_kind(fields: Fields) -> None:
    revision, feature = fields.text("Record1/Revision"), fields.text("Record1/FeatureType")
    if revision != REVISION:
        fields.note("Record1/Revision", f"{quoted(revision)}; read as if it were {REVISION!r}")
    if feature == "PCL" or fields.has("Record3/ListDimension"):
        fields.fault("Record1/FeatureType", "a list of points, which is no grid; export the surface as SUR")
    elif feature != "SUR":
        fields.note("Record1/FeatureType", f"{quoted(feature)}; read as a surface, SUR")


def _check_rotation(fields: Fields) -> None:
    """A turned surface is read as it lies in the file; a mirrored one is not, since it would read wrongly."""
    path = f"{_AXES}/Rotation"
    if not fields.has(path):
        return
    numbers = [number_of(fields.text(f"{path}/{name}")) for name in _CHILDREN[path]]
    matrix = np.array([np.nan if number is None else number for number in numbers]).reshape(3, 3)
    if not np.all(np.abs(matrix) <= 1 + _IDENTITY_TOLERANCE):
        fields.note(path, "not nine numbers from -1 to 1; not applied")
    elif np.linalg.det(matrix) < 0:
        fields.fault(path, "mirrors the surface, which no rotation does; export it without")
    elif not np.allclose(matrix, np.eye(3), rtol=0, atol=_IDENTITY_TOLERANCE):
        fields.note(path, "the surface is to be turned in space; not applied: heights are as they lie in the file")


def _size(fields: Fields) -> tuple[int, int]:
    columns, rows = (fields.count(f"{_MATRIX}/{name}") for name in ("SizeX", "SizeY"))
    layers = fields.count(f"{_MATRIX}/SizeZ", absent=1)
    if layers > 1:
        fields.fault(f"{_MATRIX}/SizeZ", f"{layers} layers; export one of them alone")
    if columns * rows > MOST_SAMPLES:
        fields.fault(_MATRIX, f"{columns} x {rows} samples, where {MOST_SAMPLES} are the most; crop it or export fewer")
    return rows, columns


def _step(fields: Fields, axis: str) -> Step | None:
    path = f"{_AXES}/{axis}"
    kind = fields.text(f"{path}/AxisType")
    if kind == "A":
        fields.fault(
            f"{path}/AxisType", "A: every sample has a place of its own; resample the surface to a regular grid"
        )
    elif kind != "I":
        fields.note(f"{path}/AxisType", f"{quoted(kind)}; taken as I, a regular grid")
    least, most = PIXEL_LIMITS_UM
    pixel_um = fields.length_um(
        f"{path}/Increment",
        absent_m=None,
        allowed=lambda value: least <= abs(value) <= most,
        what="distance between samples; write metres, such as 1.5e-06",
    )
    offset_um = _offset_um(fields, f"{path}/Offset")
    if pixel_um is None or offset_um is None:
        return None
    if pixel_um < 0:
        fields.note(f"{path}/Increment", "negative: the samples were put in the order of rising coordinates")
    return Step(pixel_um=abs(pixel_um), reversed=pixel_um < 0, offset_um=offset_um)


def _offset_um(fields: Fields, path: str) -> float | None:
    return fields.length_um(
        path, absent_m="0", allowed=lambda value: abs(value) <= LENGTH_LIMIT_UM, what="place; write metres, such as 0"
    )


def _data_type(fields: Fields) -> str:
    path = f"{_AXES}/CZ"
    kind, data_type = fields.text(f"{path}/AxisType"), fields.text(f"{path}/DataType")
    if kind != "A":
        fields.note(f"{path}/AxisType", f"{quoted(kind)}; taken as A, absolute heights")
    if data_type in _TYPES:
        return data_type
    if fields.has("Record3/DataList") and not data_type:
        fields.note(f"{path}/DataType", "missing; taken as D, since the heights are text")
        return "D"
    fields.fault(f"{path}/DataType", f"{quoted(data_type)}; write D (float64), F (float32), L (int32) or I (int16)")
    return ""


def _heights(fields: Fields, data_type: str) -> tuple[float, float] | None:
    """Micrometres to one step of the stored numbers, and those at zero."""
    path = f"{_AXES}/CZ/Increment"
    factor_um = fields.length_um(
        path,
        absent_m=None if data_type in _INTEGERS else "1",
        allowed=lambda value: value != 0,
        what="scale of the heights; write metres to one step, such as 1 for heights that are metres",
    )
    offset_um = _offset_um(fields, f"{_AXES}/CZ/Offset")
    if factor_um is None or offset_um is None:
        return None
    if data_type not in _INTEGERS and factor_um != _UM_PER_M and path not in fields.document.units:
        fields.note(
            path,
            f"{quoted(fields.text(path))} beside heights that are no integers: they were multiplied by it, as the "
            "format has it; where they are too small, the heights were metres already, and this should be 1",
        )
    if factor_um < 0:
        fields.note(path, "negative: heights were turned over")
    return factor_um, offset_um
