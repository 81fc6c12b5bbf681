"""A toolpath on a machine's own steps, and what that does to it.

M421 points outside the scanner's field; warnings: M422 points displaced, M423 hatch lines at another pitch than
planned, M424 pieces shorter than a step, which are not run.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Toolpath

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# As for a stage's axes (M218): a sixteenth of 4 um, a usual distance of hatch lines. A choice.
MOST_DISPLACEMENT_UM = 0.25
# Share of a hatch's pitch by which its lines may lie closer or further: as much changes what they cut. A choice.
MOST_PITCH_ERROR = 0.1
# Files hold whole nanometres: points of one straight line lie this far from it at most, and so do lines of one row.
_STRAIGHT_UM = 5e-3
# Rows further apart than this many pitches have none between them because there was nothing to cut.
_NEIGHBOURS = 1.5
_LEAST_ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HatchPitch:
    """How far apart the lines of one operation's hatch lie: as planned, and on the machine's steps, um.

    Distances are of the middles of rows that were planned next to each other. ``steps`` says how often they come out
    as how many steps, for a hatch along x or y; it is empty for one along neither.
    """

    operation: str
    planned_um: float
    least_um: float
    greatest_um: float
    steps: tuple[tuple[int, int], ...]

    @property
    def worst_share(self) -> float:
        """The greatest departure from the planned pitch, as a share of it."""
        return max(self.planned_um - self.least_um, self.greatest_um - self.planned_um, 0.0) / self.planned_um


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """A toolpath on a machine's steps, and the distortion that brings.

    ``step_um`` is the least step in the plane; ``worst_um`` and ``rms_um`` are how far points lie from where they were
    planned; ``vectors`` counts straight pieces, of which ``collapsed`` begin and end on one step and are left out;
    ``beyond_um`` is how far a point lies outside the scanner's field, 0 for none. Each operation is counted once,
    however often it is run.
    """

    toolpath: Toolpath
    step_um: float
    worst_um: float
    rms_um: float
    vectors: int
    collapsed: int
    beyond_um: float
    pitches: tuple[HatchPitch, ...]
    findings: tuple[Finding, ...]


def quantise(toolpath: Toolpath, machine: Machine) -> Quantised:
    """Move every point to the nearest of the machine's steps; of two that are equally near, to the even one.

    A stage has steps along x, y and z. A scanner has them along x and y, counted from the middle of its field, where
    the apex lies; its focus is left as it is. Pieces that lose their length are left out, and so are paths and
    operations of which nothing is left.
    """
    axes = 2 if machine.is_galvo else 3
    step_um = machine.step_um
    begun, moved = [], []
    vectors = collapsed = 0
    pitches: list[HatchPitch] = []
    blocks: list[Block] = []
    for block in toolpath.blocks:
        operations: list[Operation] = []
        for operation in block.operations:
            points = operation.paths.points.copy()
            points[:, :axes] = np.rint(points[:, :axes] / step_um) * step_um
            begun.append(operation.paths.points)
            moved.append(points)
            pitches.extend(_pitch(operation, points, step_um=step_um))
            paths, lost = _without_stops(points, operation.paths.starts)
            vectors += len(points) - len(operation.paths)
            collapsed += lost
            if len(paths):
                operations.append(replace(operation, paths=paths))
        if operations:
            blocks.append(replace(block, operations=tuple(operations)))
    planned_points, points = np.concatenate([np.empty((0, 3)), *begun]), np.concatenate([np.empty((0, 3)), *moved])
    off_um = np.linalg.norm(points - planned_points, axis=1)
    done = Quantised(
        toolpath=Toolpath(blocks=tuple(blocks)),
        step_um=step_um,
        worst_um=float(off_um.max(initial=0.0)),
        rms_um=float(np.sqrt(np.mean(np.square(off_um)))) if off_um.size else 0.0,
        vectors=vectors,
        collapsed=collapsed,
        beyond_um=_beyond_um(points, machine),
        pitches=tuple(pitches),
        findings=(),
    )
    return replace(done, findings=tuple(_findings(done, machine)))


def _beyond_um(points: FloatArray, machine: Machine) -> float:
    """How far points lie outside the scanner's field: steps are counted from -2^(bits - 1) to 2^(bits - 1) - 1."""
    if not machine.is_galvo:
        return 0.0
    half_um = machine.scanner.field_um / 2
    low, high = -half_um, half_um - machine.step_um
    return float(np.max(np.maximum(low - points[:, :2], points[:, :2] - high), initial=0.0))


def _without_stops(points: FloatArray, starts: IntArray) -> tuple[Polylines, int]:
    """The paths without pieces of no length, and how many those were."""
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    still = np.zeros(len(points), dtype=bool)
    still[1:] = np.all(points[1:] == points[:-1], axis=1) & (owner[1:] == owner[:-1])
    left = np.bincount(owner[~still], minlength=len(starts) - 1)
    kept = ~still & (left[owner] > 1)
    paths = Polylines(points=points[kept], starts=np.append(0, np.cumsum(left[left > 1])))
    return paths, int(np.count_nonzero(still))


def _pitch(operation: Operation, moved: FloatArray, *, step_um: float) -> Iterator[HatchPitch]:
    """The pitch of an operation whose paths are straight, seen from above, and parallel; nothing for any other."""
    points, starts = operation.paths.points[:, :2], operation.paths.starts
    if len(starts) <= _LEAST_ROWS:
        return
    left = _common_normal(points, starts)
    across_um = points @ left
    low, high = np.minimum.reduceat(across_um, starts[:-1]), np.maximum.reduceat(across_um, starts[:-1])
    if np.any(high - low > _STRAIGHT_UM):
        return
    first, last = moved[starts[:-1], :2], moved[starts[1:] - 1, :2]
    rows = _rows(across_um[starts[:-1]], (first + last) @ left / 2)
    gaps = np.diff(rows, axis=0)
    if not len(gaps):
        return
    planned_um = float(np.median(gaps[:, 0]))
    gaps = gaps[gaps[:, 0] < _NEIGHBOURS * planned_um]
    along_axis = bool(np.any(np.abs(left) > 1 - 1e-9))
    steps, times = np.unique(np.rint(gaps[:, 1] / step_um).astype(np.int64), return_counts=True)
    yield HatchPitch(
        operation=operation.name,
        planned_um=planned_um,
        least_um=float(gaps[:, 1].min()),
        greatest_um=float(gaps[:, 1].max()),
        steps=tuple(zip(steps.tolist(), times.tolist(), strict=True)) if along_axis else (),
    )


def _common_normal(points: FloatArray, starts: IntArray) -> FloatArray:
    """Unit vector across most of the paths' length, (2,): their directions doubled, added, and halved again."""
    chord = points[starts[1:] - 1] - points[starts[:-1]]
    doubled = np.sum((chord[:, 0] + 1j * chord[:, 1]) ** 2)
    angle = float(np.angle(doubled)) / 2 + math.pi / 2
    return np.array([math.cos(angle), math.sin(angle)])


def _rows(planned_um: FloatArray, moved_um: FloatArray) -> FloatArray:
    """Where rows lie, planned and moved, (r, 2): means over the lines that were planned on one row."""
    order = np.argsort(planned_um, kind="stable")
    begins = np.flatnonzero(np.diff(planned_um[order], prepend=-math.inf) > _STRAIGHT_UM)
    counts = np.diff(begins, append=len(order))
    both = np.stack([planned_um, moved_um], axis=1)[order]
    return np.add.reduceat(both, begins, axis=0) / counts[:, np.newaxis]


def _findings(done: Quantised, machine: Machine) -> Iterator[Finding]:
    step = f"the step of {done.step_um:.4g} um of machine {machine.name}"
    if done.beyond_um > 0:
        yield Finding(
            number="M421",
            severity=Severity.ERROR,
            message=f"points lie outside the field of machine {machine.name}; the value is how far",
            value=done.beyond_um,
            limit=0.0,
            unit="um",
            remedy="put the apex in the middle of the field, or use a wider one",
        )
    if done.worst_um > MOST_DISPLACEMENT_UM:
        yield Finding(
            number="M422",
            severity=Severity.WARNING,
            message=f"{step} moves points, by {done.rms_um:.2g} um rms",
            value=done.worst_um,
            limit=MOST_DISPLACEMENT_UM,
            unit="um",
            remedy="use more bits, or a lens with a smaller field",
        )
    worst = max(done.pitches, key=lambda pitch: pitch.worst_share, default=None)
    if worst is not None and worst.worst_share > MOST_PITCH_ERROR:
        yield Finding(
            number="M423",
            severity=Severity.WARNING,
            message=(
                f"{step} brings hatch lines {worst.least_um:.2f} to {worst.greatest_um:.2f} um apart, "
                f"not {worst.planned_um:.2f}; the value is a share of the pitch"
            ),
            place=worst.operation,
            value=worst.worst_share,
            limit=MOST_PITCH_ERROR,
            unit="1",
            remedy="choose a pitch of whole steps, use more bits, or a lens with a smaller field",
        )
    if done.collapsed:
        yield Finding(
            number="M424",
            severity=Severity.WARNING,
            message=f"{done.collapsed} of {done.vectors} pieces are shorter than {step} and are not run",
            value=float(done.collapsed),
            limit=0.0,
            unit="1",
            remedy="use a greater chord tolerance, more bits, or a lens with a smaller field",
        )
