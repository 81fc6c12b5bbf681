"""How long a machine takes over a toolpath: marking, jumps and waiting, operation by operation.

A stage starts every straight run and every jump from rest and ends it at rest (``toolpaths.kinematics``). A scanner
marks and jumps at constant speed, since its mirrors follow a ramp with a constant lag, and waits as its delays say.
Delays of opening and closing the beam shift the light along a line and take no time of their own. Of sky-writing the
manuals of SCANLAB's RTC 5 and RTC 6 say (chapter "Sky Writing"): mark and polygon delays do not apply; in mode 1 every
mark command takes 2 (Nprev + Npost) clocks longer and jump delays stay as they are; in modes 2 and 3 it takes
Nprev + Npost clocks longer, and jump delays shrink by up to Nprev; in mode 3 corners below a limit only wait the
polygon delay. Unless they are set, Nprev and Npost are 1.5 and 1.0 times the tracking lag.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.kinematics import straight_runs, trapezoid_s, turn_cosine
from toolpaths.machine import Machine, Scanner, Stage
from toolpaths.model import Delays, Operation, Polylines, Toolpath

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Of the tracking lag, when the card finds them by itself: RTC 5 manual, set_sky_writing.
_RUN_IN_LAGS, _RUN_OUT_LAGS = 1.5, 1.0
_EVERY_VECTOR, _CORNERS = 1, 3
# In mode 3 sharper corners are run out of and into again. Assumed; the card's limit is set by hand.
_SKY_WRITING_TURN_COSINE = math.cos(math.radians(5.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTime:
    """Time of one operation over all rounds of its block, s, and what it is made of.

    ``mark_s`` with the beam on, ``jump_s`` on the way to its paths, ``wait_s`` for mirrors (delays and sky-writing).
    ``paths`` counts paths, ``lit_um`` and ``travel_um`` are lengths with the beam on and off, over all rounds too.
    """

    name: str
    repeats: int
    mark_s: float
    jump_s: float
    wait_s: float
    paths: int
    lit_um: float
    travel_um: float

    @property
    def total_s(self) -> float:
        """All of it, s."""
        return self.mark_s + self.jump_s + self.wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Times of a toolpath's operations, in their order."""

    operations: tuple[OperationTime, ...]

    @property
    def total_s(self) -> float:
        """All operations, s."""
        return math.fsum(operation.total_s for operation in self.operations)

    @property
    def mark_s(self) -> float:
        """With the beam on, s."""
        return math.fsum(operation.mark_s for operation in self.operations)


def estimate(toolpath: Toolpath, machine: Machine) -> Estimate:
    """How long the machine takes, from the first path's begin to the last one's end.

    A stage jumps at the machine's greatest feed, a scanner at the jump speed of the operation's delays. Raises
    ToolpathError with every operation whose feed is not known or, on a scanner, whose delays are not.
    """
    faults = [fault for _, operation in toolpath.operations() for fault in _faults(operation, machine)]
    if faults:
        raise ToolpathError("estimate: " + "; ".join(faults))
    walk = tuple(_walk(toolpath))
    return Estimate(operations=tuple(_time(entry, machine) for entry in walk))


def _faults(operation: Operation, machine: Machine) -> Iterator[str]:
    feed_um_s, delays = operation.process.feed_um_s, operation.process.delays
    if not 0 < feed_um_s < math.inf:
        yield f"operation {operation.name!r}: its feed, {feed_um_s!r} um/s, must be a finite number above 0"
    if machine.is_galvo and delays is None:
        yield f"operation {operation.name!r}: no delays; state them in the recipe"
    elif machine.is_galvo and delays is not None and not 0 < delays.jump_um_s < math.inf:
        yield f"operation {operation.name!r}: its jump speed, {delays.jump_um_s!r} um/s, must be above 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An operation, how often it is run, and the lengths of the jumps that lead to its paths, each with its count."""

    operation: Operation
    repeats: int
    jump_um: FloatArray
    jump_times: FloatArray


def _walk(toolpath: Toolpath) -> Iterator[_Entry]:
    """Operations with the jumps before their paths; a block's first round is come to from another place than others."""
    here: FloatArray | None = None
    for block in toolpath.blocks:
        operations = [operation for operation in block.operations if len(operation.paths)]
        for index, operation in enumerate(operations):
            points, starts = operation.paths.points, operation.paths.starts
            first, last = points[starts[:-1]], points[starts[1:] - 1]
            within_um = np.linalg.norm(first[1:] - last[:-1], axis=1)
            again = operations[index - 1].paths.points[-1]
            entries = [] if here is None else [(float(np.linalg.norm(first[0] - here)), 1)]
            entries.append((float(np.linalg.norm(first[0] - again)), block.repeats - 1))
            here = last[-1]
            yield _Entry(
                operation=operation,
                repeats=block.repeats,
                jump_um=np.concatenate([within_um, [length for length, _ in entries]]),
                jump_times=np.concatenate(
                    [np.full(len(within_um), float(block.repeats)), [float(times) for _, times in entries]]
                ),
            )


def _time(entry: _Entry, machine: Machine) -> OperationTime:
    paths, feed_um_s = entry.operation.paths, entry.operation.process.feed_um_s
    begin, end = paths.segments()
    lit_um = float(np.linalg.norm(end - begin, axis=1).sum()) * entry.repeats
    delays = entry.operation.process.delays
    if machine.is_galvo and delays is not None:
        mark_s = lit_um / feed_um_s
        jump_s = float(entry.jump_um @ entry.jump_times) / delays.jump_um_s
        wait_s = _waiting_s(paths, delays, machine.scanner) * entry.repeats
        wait_s += _jump_delay_s(delays, machine.scanner) * float(entry.jump_times[entry.jump_um > 0].sum())
    else:
        mark_s = _stage_mark_s(paths, feed_um_s, machine.stage) * entry.repeats
        jumps_s = trapezoid_s(
            entry.jump_um, speed_um_s=machine.max_feed_um_s, acceleration_um_s2=machine.stage.acceleration_um_s2
        )
        jump_s, wait_s = float(jumps_s @ entry.jump_times), 0.0
    return OperationTime(
        name=entry.operation.name,
        repeats=entry.repeats,
        mark_s=mark_s,
        jump_s=jump_s,
        wait_s=wait_s,
        paths=len(paths) * entry.repeats,
        lit_um=lit_um,
        travel_um=float(entry.jump_um @ entry.jump_times),
    )


def _stage_mark_s(paths: Polylines, feed_um_s: float, stage: Stage) -> float:
    """Every straight run from rest to rest, s."""
    begin, end = paths.segments()
    runs = straight_runs(begin, end, breaks=_new_path(paths)[1:])
    length_um = np.add.reduceat(np.linalg.norm(end - begin, axis=1), runs)
    return float(trapezoid_s(length_um, speed_um_s=feed_um_s, acceleration_um_s2=stage.acceleration_um_s2).sum())


def _new_path(paths: Polylines) -> NDArray[np.bool_]:
    """Which of the straight pieces begins a path, (m,) bool."""
    pieces = np.diff(paths.starts) - 1
    new = np.zeros(int(pieces.sum()), dtype=bool)
    new[np.cumsum(pieces) - pieces] = True
    return new


def _waiting_s(paths: Polylines, delays: Delays, scanner: Scanner) -> float:
    """What the scanner waits along and after the paths of one round, s; jumps are counted elsewhere."""
    pieces = len(paths.points) - len(paths)
    corners = pieces - len(paths)
    run_in_out_s = (_RUN_IN_LAGS + _RUN_OUT_LAGS) * scanner.tracking_lag_s
    if not delays.sky_writing:
        return len(paths) * delays.mark_s + corners * delays.polygon_s
    if delays.sky_writing == _EVERY_VECTOR:
        return 2 * run_in_out_s * pieces
    if delays.sky_writing < _CORNERS:
        return run_in_out_s * pieces
    sharp = _sharp_corners(paths)
    return run_in_out_s * (len(paths) + sharp) + delays.polygon_s * (corners - sharp)


def _sharp_corners(paths: Polylines) -> int:
    begin, end = paths.segments()
    inside = ~_new_path(paths)[1:]
    return int(np.count_nonzero(inside & (turn_cosine(begin, end) < _SKY_WRITING_TURN_COSINE)))


def _jump_delay_s(delays: Delays, scanner: Scanner) -> float:
    """The wait after a jump, s."""
    if delays.sky_writing <= _EVERY_VECTOR:
        return delays.jump_s
    return max(delays.jump_s - _RUN_IN_LAGS * scanner.tracking_lag_s, 0.0)
