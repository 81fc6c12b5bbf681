"""DXF of versions R12 and R2000 (and later ones saved as text), read back by code that shares nothing with the writer.

LINE, POLYLINE (2-D and 3-D) and LWPOLYLINE of straight pieces are paths; each layer is an operation. Findings:

M301 file or number of layers too large; M302 no text (binary DXF, DWG, UTF-16); M303 sections or the end mark
missing; M304 no group code; M305 no number; M306 coordinate not finite or too far; M307 another unit than the
millimetre; M308 R12, which states no unit; M309 a kind of entity that is not read; M310 entity incomplete, or
vertices without a polyline; M311 not straight or not in the plane of the drawing; M312 calibration square of another
size; M313 no calibration square; M314 layers of the job missing or there twice; M315 layers of a job and others; M316
number of runs; M317 nothing drawn; M318 paths of no length; M319 unknown version; M320 paper space left out.
"""

import re

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.model import Block, Operation, Polylines, Toolpath
from toolpaths.readers.drawn import ORDER, REPEATS, UNSAID, Drawn, UnreadableError, Z, error, note
from toolpaths.readers.dxf_paths import Paths, kind_faults, paths_of, shape_faults, without_length_zero
from toolpaths.readers.dxf_tags import Entities, entities_of, sections, tags_of, variables

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# As in G-code: no pin needs more runs, and a wrong figure here would keep a simulation busy for days.
MOST_REPEATS = 10_000
# Steps, angles and zones of one pin are tens; a layer for each line of a drawing is a mistake.
MOST_LAYERS = 1_000
_UM_PER_MM = 1_000.0
_CALIBRATION = "CALIBRATION"
_CALIBRATION_SIDE_MM = 1.0
_CALIBRATION_TOLERANCE_MM = 0.0005  # "1.000 mm"

_R12 = "AC1009"
_UNITLESS = {_R12, "AC1006"}  # R10 has the same tags as R12
_LATER = {"AC1015", "AC1018", "AC1021", "AC1024", "AC1027", "AC1032"}
_MILLIMETRES = "4"
_UNITS = {"0": "none", "1": "inches", "2": "feet", "5": "centimetres", "6": "metres", "13": "micrometres"}

_JOB_LAYER = re.compile(r"OP([0-9]{2,6})_.+_X([0-9]{1,9})(_NEXT)?", re.IGNORECASE)


def read_dxf(data: bytes) -> Drawn:
    """The paths of a drawing, heights included, and every fault found. Never raises; time grows with the size.

    Layers of a job (``OP01_HATCH-000_X27``, see the writer) give the order and the runs; operations of neighbouring
    layers with as many runs make one block, up to one whose name ends with ``_NEXT``. Any other drawing is one block,
    run once, its layers in the order in which they first appear. The layer CALIBRATION is measured and left out.
    """
    try:
        return _drawn(data)
    except UnreadableError as refused:
        return Drawn.refused(refused.finding)


def _drawn(data: bytes) -> Drawn:
    tags = tags_of(data)
    places = sections(tags)
    version, unit = _version_and_unit(variables(tags, ("$ACADVER", "$INSUNITS"), places.get("HEADER", (0, 0))))
    if "ENTITIES" not in places:
        raise UnreadableError(error("M317", "the file has no section ENTITIES: nothing is drawn"))
    entities = entities_of(tags, places["ENTITIES"])
    faults = [*kind_faults(entities), *shape_faults(entities)]
    if faults:
        return Drawn.refused(*faults)
    paths, notes = without_length_zero(paths_of(entities))
    square = np.array([name.upper() == _CALIBRATION for name in entities.layer_names])[paths.layer]
    findings = [
        *_paper_findings(entities),
        *notes,
        *_square_findings(paths, square),
        *_unit_findings(version, unit, measured=bool(square.any())),
    ]
    job, more = _toolpath(paths, entities.layer_names, ~square)
    findings += more
    if not square.any() and REPEATS in job.says:
        message = f"there is no square on layer {_CALIBRATION} to measure the file by"
        findings.append(note("M313", message, remedy="compare the size with the job's own"))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    return Drawn.refused(*findings) if errors else Drawn(toolpath=job.toolpath, says=job.says, findings=tuple(findings))


def _version_and_unit(header: dict[str, str]) -> tuple[str, str | None]:
    """Version, R12 where none is stated, and the unit. Raises UnreadableError for one that is not read."""
    version, unit = header.get("$ACADVER", _R12), header.get("$INSUNITS")
    if version not in _UNITLESS | _LATER:
        raise UnreadableError(error("M319", f"DXF of version {version!r} is not read", remedy="save as R2000 or R12"))
    if unit != _MILLIMETRES and not (version in _UNITLESS and unit in {None, "0"}):
        name = _UNITS.get(unit or "0", f"number {unit!r}")
        message = f"the unit of the drawing ($INSUNITS) is {name}, not millimetres"
        raise UnreadableError(error("M307", message, place="HEADER", remedy="export in millimetres; nothing is scaled"))
    return version, unit


def _unit_findings(version: str, unit: str | None, *, measured: bool) -> list[Finding]:
    if version not in _UNITLESS or unit == _MILLIMETRES:
        return []
    if measured:
        message = "the file states no unit (R12); its calibration square is one millimetre wide if a unit is"
        return [Finding(number="M308", severity=Severity.INFO, message=message)]
    message = "the file states no unit (R12), and has no calibration square; millimetres are taken"
    return [note("M308", message, remedy="measure the drawing, or use R2000")]


def _paper_findings(entities: Entities) -> list[Finding]:
    """Paper space holds the frame of its own view always; anything else there is left out with a word."""
    kinds = sorted(entities.on_paper - {"VIEWPORT"})[:10]
    message = f"paper space is left out ({', '.join(kinds)}); only model space is marked"
    return [note("M320", message)] if kinds else []


def _square_findings(paths: Paths, square: BoolArray) -> list[Finding]:
    """An error where what is drawn on the calibration layer is not a millimetre wide and high."""
    if not square.any():
        return []
    points = paths.chosen(np.flatnonzero(square)).points[:, :2]
    sides = np.ptp(points, axis=0)
    worst = float(sides[np.argmax(np.abs(sides - _CALIBRATION_SIDE_MM))])
    if abs(worst - _CALIBRATION_SIDE_MM) <= _CALIBRATION_TOLERANCE_MM:
        return []
    return [
        Finding(
            number="M312",
            severity=Severity.ERROR,
            message=f"the calibration square measures {sides[0]:.4f} x {sides[1]:.4f} mm: wrong unit or scale",
            place=_CALIBRATION,
            value=worst,
            limit=_CALIBRATION_SIDE_MM,
            unit="mm",
            remedy="export in millimetres at scale 1",
        )
    ]


def _toolpath(paths: Paths, names: tuple[str, ...], drawn: BoolArray) -> tuple[Drawn, list[Finding]]:
    """The operations of the drawn paths, and what is wrong with the layers; an empty toolpath where it is an error."""
    empty = Drawn(toolpath=Toolpath(blocks=()), says=frozenset(), findings=())
    rows = np.flatnonzero(drawn)
    if not rows.size:
        return empty, [error("M317", "no line and no polyline is drawn", remedy="export the job's layers")]
    layers, first = np.unique(paths.layer[rows], return_index=True)
    if len(layers) > MOST_LAYERS:
        return empty, [error("M301", f"{len(layers)} layers: a pin needs at most {MOST_LAYERS}")]
    job = {int(layer): match for layer in layers if (match := _JOB_LAYER.fullmatch(names[layer]))}
    if faults := _layer_faults(job, [names[layer] for layer in layers]):
        return empty, faults
    ranked = (
        sorted(layers.tolist(), key=lambda layer: int(job[layer][1])) if job else layers[np.argsort(first)].tolist()
    )
    operations = [_operation(paths, rows[paths.layer[rows] == layer], names[layer]) for layer in ranked]
    if not job:
        has_heights = any(np.any(operation.paths.points[:, 2] != 0) for operation in operations)
        says = frozenset({Z} if has_heights else ())
        block = Block(repeats=1, operations=tuple(operations))
        return Drawn(toolpath=Toolpath(blocks=(block,)), says=says, findings=()), []
    says = frozenset({ORDER, REPEATS, *((Z,) if paths.solid[rows].all() else ())})
    runs = [(int(job[layer][2]), job[layer][3] is not None) for layer in ranked]
    return Drawn(toolpath=Toolpath(blocks=_blocks(operations, runs)), says=says, findings=()), []


def _layer_faults(job: dict[int, re.Match[str]], names: list[str]) -> list[Finding]:
    if not job:
        return []
    faults = []
    if others := [name for name in names if not _JOB_LAYER.fullmatch(name)]:
        message = f"beside the job's layers there are {', '.join(others[:5])}"
        remedy = "delete them; what is marked must be the job alone"
        faults.append(error("M315", message, place=others[0], remedy=remedy))
    numbers = sorted(int(match[1]) for match in job.values())
    if numbers != list(range(1, len(numbers) + 1)):
        first = next(place for place, number in enumerate(numbers, start=1) if number != place)
        message = (
            f"the job's layers should be numbered from 01, each once; OP{first:02d} is missing, or the one before twice"
        )
        faults.append(error("M314", message, remedy="get the whole file"))
    for match in job.values():
        if not 1 <= int(match[2]) <= MOST_REPEATS:
            message = f"a layer is run {int(match[2])} times; from 1 to {MOST_REPEATS} are read"
            faults.append(error("M316", message, place=match[0][:80], remedy="correct the plan"))
    return faults[:20]


def _operation(paths: Paths, rows: IntArray, name: str) -> Operation:
    own = paths.chosen(rows)
    return Operation(name=name, process=UNSAID, paths=Polylines(points=own.points * _UM_PER_MM, starts=own.starts))


def _blocks(operations: list[Operation], runs: list[tuple[int, bool]]) -> tuple[Block, ...]:
    """Neighbours with as many runs together, up to a layer that begins anew."""
    gathered: list[tuple[int, list[Operation]]] = []
    for operation, (repeats, anew) in zip(operations, runs, strict=True):
        if not gathered or anew or gathered[-1][0] != repeats:
            gathered.append((repeats, []))
        gathered[-1][1].append(operation)
    return tuple(Block(repeats=repeats, operations=tuple(members)) for repeats, members in gathered)
