"""Paths of a rod in short steps, and in straight runs between them, in the order in which they are walked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.model import Polylines

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A curve is cut into runs that turn by no more than this, and none lies further from its chord than so many steps.
_TURN_RAD = 0.4
_AWAY_STEPS = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """All the paths of one run of a rod.

    Pieces, (n,): each ends at one of the paths' points, the first of each path in going straight down there.
    ``begin_um``, ``end_um`` (n, 3); ``length_um`` in the plane; ``way_um`` (n + 1,) the way walked before each piece,
    to which those straight down add a micrometre; ``bounds_um`` (n, 2) the way at the begin and the end of the part
    about each piece that turns little.
    Runs, (m,): pieces that go on in nearly one direction; ``first`` (m + 1,) the first piece of each; ``nodes``
    (m + 1,) how many nodes of the walk lie before each: nodes lie at equal distances, and one at the end of each run.
    """

    begin_um: FloatArray
    end_um: FloatArray
    length_um: FloatArray
    way_um: FloatArray
    bounds_um: FloatArray
    first: IntArray
    nodes: IntArray

    @classmethod
    def of(cls, paths: Polylines, *, step_um: float) -> "Walk":
        """Walk paths in nodes no further apart than ``step_um``."""
        end_um = paths.points
        before = np.arange(len(end_um)) - 1
        before[paths.starts[:-1]] += 1
        begin_um = end_um[before]
        along = (end_um - begin_um)[:, :2]
        length_um = np.hypot(along[:, 0], along[:, 1])
        breaks = _breaks(along, length_um, away_um=_AWAY_STEPS * step_um)
        first = np.append(np.flatnonzero(breaks), len(end_um))
        way_um = np.append(0.0, np.cumsum(np.where(length_um > 0, length_um, 1.0)))
        lengths = np.add.reduceat(length_um, first[:-1])
        count = np.maximum(1, np.ceil(lengths / step_um)).astype(np.int64)
        return cls(
            begin_um=begin_um,
            end_um=end_um,
            length_um=length_um,
            way_um=way_um,
            bounds_um=_bounds_um(_breaks(along, length_um, away_um=np.inf), way_um),
            first=first,
            nodes=np.append(0, np.cumsum(count)),
        )

    @property
    def down(self) -> NDArray[np.bool_]:
        """Runs that go straight down, (m,)."""
        still: NDArray[np.bool_] = self.length_um[self.first[:-1]] == 0
        return still

    def node_ways_um(self) -> FloatArray:
        """The way to the walk's beginning and to every node after it, (nodes + 1,)."""
        count = np.diff(self.nodes)
        owner = np.repeat(np.arange(len(count)), count)
        begin, end = self.way_um[self.first[:-1]], self.way_um[self.first[1:]]
        share = (np.arange(len(owner)) - self.nodes[owner] + 1) / count[owner]
        ways: FloatArray = np.append(0.0, begin[owner] + share * (end - begin)[owner])
        return ways

    def heights_um(self, way_um: FloatArray) -> FloatArray:
        """Height of the unworn end at places of the way."""
        corners_um = np.append(self.begin_um[0, 2], self.end_um[:, 2])
        heights: FloatArray = np.interp(way_um, self.way_um, corners_um).astype(np.float64)
        return heights


def _bounds_um(breaks: NDArray[np.bool_], way_um: FloatArray) -> FloatArray:
    """The way at the begin and the end of the part that each piece is in, (n, 2)."""
    ends = np.append(np.flatnonzero(breaks), len(breaks))
    part = np.cumsum(breaks)
    return np.column_stack([way_um[ends[part - 1]], way_um[ends[part]]])


def _breaks(along: FloatArray, length_um: FloatArray, *, away_um: float) -> NDArray[np.bool_]:
    """Pieces that begin a run: those straight down, those after one, and wherever the path has turned enough."""
    still = length_um == 0
    heading = np.arctan2(along[:, 1], along[:, 0])
    turn = np.abs(np.angle(np.exp(1j * np.diff(heading, prepend=heading[:1]))))
    turn[still | np.roll(still, 1)] = 0.0
    # An arc of length L that turns by t lies L t / 8 from its chord.
    bent = np.sqrt(turn * np.minimum(length_um, np.roll(length_um, 1)) / (8 * away_um))
    bends = np.floor(np.cumsum(np.maximum(bent, turn / _TURN_RAD)))
    breaks: NDArray[np.bool_] = still | np.roll(still, 1) | (np.diff(bends, prepend=0.0) > 0)
    breaks[0] = True
    return breaks
