"""The neutral toolpath: operations, their process and their paths; the only thing that writers and simulators know."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How a scanner waits for its mirrors, as marking programs and Open Vector Format name it.

    ``laser_on_s`` and ``laser_off_s`` after the command to open or close the gate (either may be negative), ``jump_s``
    after a jump, ``mark_s`` after a path, ``polygon_s`` at each of its corners; ``jump_um_s`` is the speed of jumps.
    ``sky_writing`` is the mode, 0 for none: 1 runs in and out of every path, 2 keeps the pauses of 1 for jumps, 3
    leaves corners below a limit alone.
    """

    laser_on_s: float
    laser_off_s: float
    jump_s: float
    mark_s: float
    polygon_s: float
    jump_um_s: float
    sky_writing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What the beam does along a path: energy of a pulse, pulses a second, speed of the spot over the work.

    The others are None where a file does not say them: the length of a pulse, the 1/e^2 radius of the spot in focus,
    the wavelength, and a scanner's delays.
    """

    pulse_energy_j: float
    repetition_rate_hz: float
    feed_um_s: float
    pulse_width_s: float | None = None
    spot_radius_um: float | None = None
    wavelength_um: float | None = None
    delays: Delays | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Polylines:
    """Many open or closed polylines in one pair of arrays; a closed one repeats its first point at its end.

    points : (n, 3) float, um, pin frame (z towards the primer, origin at the tip's apex).
    starts : (k + 1,) int; polyline i is ``points[starts[i]:starts[i + 1]]`` and has at least two points.
    """

    points: FloatArray
    starts: IntArray

    def __post_init__(self) -> None:
        """Check the shapes and take private, read-only copies."""
        points = np.array(self.points, dtype=np.float64).reshape(-1, 3)
        starts = np.array(self.starts, dtype=np.int64)
        if starts.ndim != 1 or starts.size == 0 or starts[0] != 0 or starts[-1] != len(points):
            raise ToolpathError("polylines: starts must begin with 0 and end with the number of points")
        if np.any(np.diff(starts) < 2):  # noqa: PLR2004 - a line has two ends
            raise ToolpathError("polylines: every polyline needs at least two points")
        points.setflags(write=False)
        starts.setflags(write=False)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "starts", starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[FloatArray]:
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield self.points[start:end]

    def segments(self) -> tuple[FloatArray, FloatArray]:
        """Begin and end points of every straight piece: two (m, 3) float arrays, um."""
        inside = np.ones(len(self.points), dtype=bool)
        inside[self.starts[1:] - 1] = False
        begin = np.flatnonzero(inside)
        return self.points[begin], self.points[begin + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Paths run one after the other with one process, beam on along them and off between them."""

    name: str
    process: Process
    paths: Polylines


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Operations in order, the whole sequence run ``repeats`` times."""

    repeats: int
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolpath:
    """Everything the beam does to one pin, in order."""

    blocks: tuple[Block, ...]

    def operations(self) -> Iterator[tuple[int, Operation]]:
        """Each operation with the number of times it is run."""
        for block in self.blocks:
            for operation in block.operations:
                yield block.repeats, operation
