"""SVG of straight lines, read back by code that shares nothing with the writer: our own in full, others as geometry.

Findings: M321 file too large; M322 no well-formed XML, or its encoding; M323 document type; M324 too many elements or
too deep; M325 no SVG; M326 size of the page; M327 unit other than the millimetre; M328 element that is not read; M329
curve; M330 path data, points or numbers; M331 transform; M332 coordinate or transform out of measure; M333 figure of a
job; M334 groups of a job missing or out of order; M335 groups of a job and other lines; M336 nothing drawn; M337 hidden
parts left out; M338 lines of no length; M339 style sheet; M340 proportions of the page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers import drawn
from toolpaths.readers.drawn import UNSAID, Drawn, UnreadableError, error, note
from toolpaths.readers.svg_document import Document, Group, document_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# As in G-code: no pin needs more runs, and a wrong figure here would keep a simulation busy for days.
MOST_REPEATS = 10_000
# Steps, angles and zones of one pin are tens.
MOST_OPERATIONS = 1_000
_MOST_UM = 1e6  # a metre from the apex is no pin
_MOST_FINDINGS = 20

_FIGURE = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?(?:[eE][+-]?[0-9]{1,2})?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_OPERATION_ID = re.compile(r"operation-([0-9]{1,6})")


def read_svg(data: bytes) -> Drawn:
    """The lines of a drawing, y up, and every fault found. Never raises; time grows with the size.

    The apex is taken to be at 0,0 of the drawing's own coordinates; heights are 0, an SVG has none. Groups with
    ``data-repeats`` (see the writer) are the operations of a job, with their blocks, runs and process. Any other
    drawing is one block, run once, an operation for each group with lines of its own.
    """
    try:
        return _drawn(document_of(data))
    except UnreadableError as refused:
        return Drawn.refused(refused.finding)


def _drawn(document: Document) -> Drawn:
    findings = list(document.findings)
    read = [step for group in document.groups if (step := _step(group, findings)) is not None]
    if not read:
        findings.append(error("M336", "no line is drawn", remedy="turn objects into paths before the export"))
    findings += _order_faults(read)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Drawn.refused(*findings)
    job = read[0].job
    says = _says(read) if job is not None else frozenset()
    return Drawn(toolpath=Toolpath(blocks=_blocks(read)), says=says, findings=tuple(findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a group of a job says of itself: its number in the order, its block, how often that is run."""

    number: int | None
    block: str
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A group with lines as an operation; ``job`` is None for a group that is none of a job's."""

    operation: Operation
    job: _Job | None
    place: str


def _step(group: Group, findings: list[Finding]) -> _Step | None:
    """The group's lines as an operation; None where it has none. Faults are added to ``findings``."""
    paths = _polylines(group, findings)
    if paths is None:
        return None
    attributes = group.attributes
    name = attributes.get("data-name", attributes.get("id", "drawing"))[:255]
    if "data-repeats" not in attributes:
        return _Step(operation=Operation(name=name, process=UNSAID, paths=paths), job=None, place=group.place)
    try:
        process, job = _process(attributes, group.place), _job(attributes, group.place)
    except UnreadableError as fault:
        if len(findings) < _MOST_FINDINGS:
            findings.append(fault.finding)
        return None
    return _Step(operation=Operation(name=name, process=process, paths=paths), job=job, place=group.place)


def _polylines(group: Group, findings: list[Finding]) -> Polylines | None:
    """A group's lines, those of no length left out with a word."""
    if not group.points:
        return None
    points, sizes = np.concatenate(group.points), np.concatenate(group.sizes)
    if not len(sizes):
        return None
    if not np.all(np.abs(points) <= _MOST_UM):
        message = f"a coordinate lies further than {_MOST_UM / 1e3:.0f} mm from the origin"
        raise UnreadableError(error("M332", message, place=group.place, remedy="export in millimetres"))
    starts = np.cumsum(sizes) - sizes
    away = np.any(points != np.repeat(points[starts], sizes, axis=0), axis=1)
    goes = np.logical_or.reduceat(away, starts)
    if not goes.all() and len(findings) < _MOST_FINDINGS:
        findings.append(note("M338", f"{int((~goes).sum())} lines of no length are left out", place=group.place))
    if not goes.any():
        return None
    kept = points[np.repeat(goes, sizes)]
    solid = np.column_stack([kept, np.zeros(len(kept))])
    return Polylines(points=solid, starts=np.concatenate([[0], np.cumsum(sizes[goes])]))


def _process(attributes: Mapping[str, str], place: str) -> Process:
    energy_uj = _figure(attributes, "data-pulse-energy-uj", place)
    rate_khz = _figure(attributes, "data-repetition-rate-khz", place)
    feed_mm_s = _figure(attributes, "data-feed-mm-s", place)
    width_ps = _figure(attributes, "data-pulse-width-ps", place)
    # Divided, since a thousandth and a millionth are no binary fractions and would round twice.
    return Process(
        pulse_energy_j=UNSAID.pulse_energy_j if energy_uj is None else energy_uj / 1e6,
        repetition_rate_hz=UNSAID.repetition_rate_hz if rate_khz is None else rate_khz * 1e3,
        feed_um_s=UNSAID.feed_um_s if feed_mm_s is None else feed_mm_s * 1e3,
        pulse_width_s=None if width_ps is None else width_ps / 1e12,
        spot_radius_um=_figure(attributes, "data-spot-radius-um", place),
        wavelength_um=_figure(attributes, "data-wavelength-um", place),
    )


def _figure(attributes: Mapping[str, str], name: str, place: str) -> float | None:
    """A positive number, None where the group does not say it. Raises UnreadableError."""
    text = attributes.get(name)
    if text is None:
        return None
    value = float(text) if _FIGURE.fullmatch(text) else 0.0
    if not value > 0:
        message = f"{name} is {text[:30]!r}, and must be a positive number"
        raise UnreadableError(error("M333", message, place=place, remedy="correct it, or export the job anew"))
    return value


def _job(attributes: Mapping[str, str], place: str) -> _Job:
    text = attributes["data-repeats"]
    repeats = int(text) if _WHOLE.fullmatch(text) else 0
    if not 1 <= repeats <= MOST_REPEATS:
        message = f"data-repeats is {text[:30]!r}; from 1 to {MOST_REPEATS} runs are read"
        raise UnreadableError(error("M333", message, place=place, remedy="correct the plan"))
    number = _OPERATION_ID.fullmatch(attributes.get("id", ""))
    return _Job(number=int(number[1]) if number else None, block=attributes.get("data-block", ""), repeats=repeats)


def _order_faults(read: list[_Step]) -> list[Finding]:
    """Groups of a job among other lines, missing, or in another order than their numbers."""
    if len(read) > MOST_OPERATIONS:
        return [error("M321", f"{len(read)} groups with lines: a pin needs at most {MOST_OPERATIONS}")]
    jobs = [step.job for step in read if step.job is not None]
    if not jobs:
        return []
    if others := [step for step in read if step.job is None]:
        message = f"beside the job's groups there is {others[0].operation.name[:60]!r}"
        remedy = "delete it; what is marked must be the job alone"
        return [error("M335", message, place=others[0].place, remedy=remedy)]
    numbers = [job.number for job in jobs]
    if any(number is None for number in numbers):
        message = "groups of the job have lost their numbers (id): whether all are there in order is not known"
        return [note("M334", message, remedy="export the job anew")]
    if numbers != list(range(1, len(numbers) + 1)):
        message = f"the job's groups should be numbered 1 to {len(numbers)} in turn, and are not"
        return [error("M334", message, remedy="get the whole file, or export the job anew")]
    return []


def _says(read: list[_Step]) -> frozenset[str]:
    """What every one of the job's groups says."""
    processes = [step.operation.process for step in read]
    columns: dict[str, list[float | None]] = {
        drawn.PULSE_ENERGY: [process.pulse_energy_j for process in processes],
        drawn.REPETITION_RATE: [process.repetition_rate_hz for process in processes],
        drawn.FEED: [process.feed_um_s for process in processes],
        drawn.PULSE_WIDTH: [process.pulse_width_s for process in processes],
        drawn.SPOT_RADIUS: [process.spot_radius_um for process in processes],
        drawn.WAVELENGTH: [process.wavelength_um for process in processes],
    }
    said = {name for name, values in columns.items() if all(value is not None and value > 0 for value in values)}
    ordered = all(step.job is not None and step.job.number is not None for step in read)
    return frozenset({*said, drawn.REPEATS, *((drawn.ORDER,) if ordered else ())})


def _blocks(read: list[_Step]) -> tuple[Block, ...]:
    """Neighbours of one block and one number of runs together; a drawing that is no job is one block."""
    gathered: list[tuple[_Job | None, list[Operation]]] = []
    for step in read:
        last = gathered[-1][0] if gathered else None
        same = (
            last is not None
            and step.job is not None
            and (last.block, last.repeats) == (step.job.block, step.job.repeats)
        )
        if not gathered or not (same or step.job is None):
            gathered.append((step.job, []))
        gathered[-1][1].append(step.operation)
    return tuple(
        Block(repeats=1 if job is None else job.repeats, operations=tuple(operations)) for job, operations in gathered
    )
