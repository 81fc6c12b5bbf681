"""Coordinates as whole nanometres: what every writer prints, so that files are equal on every machine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Operation, Polylines, Toolpath

IntArray = NDArray[np.int64]

NM_PER_UM = 1000.0
# A metre: beyond it the coordinate is a mistake, and below it every nanometre is exact in a float.
_MOST_UM = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class NmPolylines:
    """Polylines in whole nanometres: ``points`` (n, 3) int, ``starts`` (k + 1,) int, no point twice running in one."""

    points: IntArray
    starts: IntArray

    def first(self) -> NDArray[np.bool_]:
        """(n,) bool: the point begins a polyline."""
        mask = np.zeros(len(self.points), dtype=bool)
        mask[self.starts[:-1]] = True
        return mask

    def last(self) -> NDArray[np.bool_]:
        """(n,) bool: the point ends a polyline."""
        mask = np.zeros(len(self.points), dtype=bool)
        mask[self.starts[1:] - 1] = True
        return mask


def in_nanometres(polylines: Polylines) -> NmPolylines:
    """The polylines rounded to whole nanometres, points that fall on their predecessor dropped.

    Raises ToolpathError where a coordinate is not finite or further than a metre away, and where a whole polyline
    rounds to one point: a beam that stands still is no path.
    """
    if not np.all(np.abs(polylines.points) <= _MOST_UM):  # False for NaN as well
        raise ToolpathError("a coordinate is not finite or further than 1 m from the apex")
    points = np.rint(polylines.points * NM_PER_UM).astype(np.int64)
    keep = np.ones(len(points), dtype=bool)
    keep[1:] = np.any(points[1:] != points[:-1], axis=1)
    keep[polylines.starts[:-1]] = True
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    starts = kept_before[polylines.starts]
    if np.any(np.diff(starts) < 2):  # noqa: PLR2004 - a line has two ends
        raise ToolpathError("a path is shorter than a nanometre; leave it out of the plan")
    return NmPolylines(points=points[keep], starts=starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class NmBlock:
    """A block with its operations' paths in whole nanometres, operations without paths left out."""

    repeats: int
    operations: tuple[tuple[Operation, NmPolylines], ...]


def blocks_in_nanometres(toolpath: Toolpath) -> tuple[NmBlock, ...]:
    """Every block that does something, its paths in whole nanometres.

    Raises ToolpathError with every fault: coordinates, a process that is not finite and positive, a number of repeats
    below one, and a toolpath that does nothing.
    """
    faults: list[str] = []
    blocks = [_block(block, faults) for block in toolpath.blocks]
    if not faults and not any(block.operations for block in blocks):
        faults.append("the toolpath holds no path: nothing would be marked")
    if faults:
        raise ToolpathError("\n".join(faults))
    return tuple(block for block in blocks if block.operations)


def _block(block: Block, faults: list[str]) -> NmBlock:
    operations = []
    if block.repeats < 1:
        faults.append(f"a block has {block.repeats} repeats; it needs one or more")
    for operation in block.operations:
        process = operation.process
        figures = (process.pulse_energy_j, process.repetition_rate_hz, process.feed_um_s)
        if not all(0.0 < figure < float("inf") for figure in figures):
            faults.append(f"{operation.name}: energy, repetition rate and feed must be positive, not {figures}")
        if not len(operation.paths):
            continue
        try:
            operations.append((operation, in_nanometres(operation.paths)))
        except ToolpathError as error:
            faults.append(f"{operation.name}: {error}")
    return NmBlock(repeats=block.repeats, operations=tuple(operations))


def millimetres(points_nm: IntArray) -> NDArray[np.float64]:
    """Whole nanometres as millimetres; never a negative zero."""
    return points_nm / 1e6
