"""In which order, and from which end, paths are run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolpaths.fill import Hatch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Ends near each end that are looked at. A choice: more finds little and costs time in proportion.
_NEIGHBOURS = 10
_MANY_NEIGHBOURS = 100
_MOST_ROUNDS = 60
# Distances are reckoned in whole nanometres, so that no rounding of the input decides between two orders.
_NM_PER_UM = 1000.0
_LEAST_GAIN_NM = 0.5
# A search among what is left begins with this many ends, and takes four times as many until one of them is free.
_FIRST_LOOK = 16


def serpentine(hatch: Hatch) -> FloatArray:
    """Segments of a hatch with every second row run backwards: (n, 2, 2) float, um.

    Rows keep their order, so that heat moves over the work as one front.
    """
    if hatch.rows.size == 0:
        return hatch.segments_um
    starts = np.flatnonzero(np.diff(hatch.rows, prepend=hatch.rows[0] - 1))
    counts = np.diff(starts, append=hatch.rows.size)
    backwards = np.repeat(np.arange(starts.size) % 2 == 1, counts)
    mirrored = np.repeat(2 * starts + counts - 1, counts) - np.arange(hatch.rows.size)
    segments_um = hatch.segments_um[np.where(backwards, mirrored, np.arange(hatch.rows.size))]
    segments_um[backwards] = segments_um[backwards, ::-1]
    return segments_um


def chained(rings: Sequence[FloatArray], *, start_um: tuple[float, float] = (0.0, 0.0)) -> tuple[FloatArray, ...]:
    """Closed rings in the order of a walk that always takes the nearest ring next, entering it at its nearest point.

    rings : each (n, 2) float, um, the first point repeated at the end; so are the rings returned.
    Of equally near points the one given first is taken.
    """
    corners = [ring[:-1] for ring in rings]
    points_um = np.concatenate(corners) if corners else np.empty((0, 2))
    sizes = [len(ring) for ring in corners]
    owner = np.repeat(np.arange(len(corners)), sizes)
    first = np.cumsum([0, *sizes])
    open_points = np.ones(len(points_um), dtype=bool)
    here = np.array(start_um)
    walk: list[FloatArray] = []
    for _ in corners:
        nearest = int(np.argmin(np.where(open_points, np.hypot(*(points_um - here).T), np.inf)))
        ring = int(owner[nearest])
        open_points[owner == ring] = False
        here = points_um[nearest]
        rolled = np.roll(corners[ring], first[ring] - nearest, axis=0)
        walk.append(np.concatenate([rolled, rolled[:1]]))
    return tuple(walk)


def travel_um(begin_um: FloatArray, end_um: FloatArray) -> float:
    """Length of the moves between paths that begin and end at these points, (n, d) float, um each."""
    return float(np.sum(np.linalg.norm(begin_um[1:] - end_um[:-1], axis=-1)))


def shortest(segments_um: FloatArray) -> FloatArray:
    """Segments in an order, and each in a direction, with little travel between them: (n, 2, 2) float, um.

    segments_um : (n, 2, 2) float, um. The walk begins with the first of them, or with another one where that turns out
    shorter. The nearest end not yet visited comes next; then parts of the walk are reversed as long as that shortens
    it, where one of the new moves joins an end to one of the ten nearest to it, or to one of the hundred nearest where
    the move there is a long one. At most sixty rounds of that. The order of rows, and so the front of heat, is given
    up.
    """
    if len(segments_um) < 2:  # noqa: PLR2004 - nothing to order
        return segments_um
    flat = segments_um.reshape(-1, 2)
    neighbours = _Neighbours.of(np.rint(flat * _NM_PER_UM))
    heads = _two_opt(neighbours, _greedy(neighbours))
    return np.stack([flat[heads], flat[heads ^ 1]], axis=1)


# End 2 s is the begin of segment s and end 2 s + 1 its other end: ``end ^ 1`` is across the segment, ``end >> 1`` is
# the segment.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Neighbours:
    """Which ends lie near each end.

    near : (2 n, k) int, the nearest ends, the end itself among them: nearest first, of equally near ones the first.
    reach_nm : (2 n,) float, how far the last of them lies.
    """

    ends: FloatArray
    tree: Any
    near: IntArray
    reach_nm: FloatArray

    @classmethod
    def of(cls, ends: FloatArray) -> "_Neighbours":
        """The neighbours of all ends, (2 n, 2) float, nm."""
        from scipy.spatial import cKDTree

        tree: Any = cKDTree(ends)
        distance, index = tree.query(ends, k=np.arange(1, min(_NEIGHBOURS + 1, len(ends)) + 1))
        near = np.take_along_axis(index, np.lexsort((index, distance), axis=1), axis=1)
        return cls(ends=ends, tree=tree, near=near, reach_nm=distance[:, -1])

    def further(self, some: IntArray) -> IntArray:
        """As ``near``, for some ends, but many more, in no order that matters: (a, k) int."""
        _, index = self.tree.query(self.ends[some], k=np.arange(1, min(_MANY_NEIGHBOURS, len(self.ends)) + 1))
        found: IntArray = index
        return found


def _greedy(neighbours: _Neighbours) -> IntArray:
    """Ends at which segments are entered, (n,) int, in the order of the walk: always the nearest end that is left."""
    table = neighbours.near.tolist()
    left = _Left(neighbours.ends)
    free = left.free
    heads = [0]
    free[0] = 0
    for _ in range(len(neighbours.ends) // 2 - 1):
        here = heads[-1] ^ 1
        found = next((end for end in table[here] if free[end >> 1]), -1)
        if found < 0:
            found = left.nearest(here)
        heads.append(found)
        free[found >> 1] = 0
    return np.array(heads, dtype=np.int64)


class _Left:
    """The ends of segments not yet visited, for when all neighbours of an end have been."""

    def __init__(self, ends: FloatArray) -> None:
        """``free`` holds 1 for each segment that is left, for the walk to clear."""
        self.free = bytearray(b"\1" * (len(ends) // 2))
        self._ends = ends
        self._members = np.zeros(0, dtype=np.int64)
        self._tree: Any = None

    def nearest(self, here: int) -> int:
        """The nearest end of a free segment, which there must be; of equally near ones the first."""
        look = _FIRST_LOOK
        while True:
            if look > len(self._members) // 2:
                self._rebuild()
            count = min(look, len(self._members))
            distance, index = self._tree.query(self._ends[here], k=np.arange(1, count + 1))
            found = self._members[index]
            open_ends = np.flatnonzero(np.frombuffer(self.free, dtype=np.uint8)[found >> 1])
            if open_ends.size:
                tied = open_ends[distance[open_ends] == distance[open_ends[0]]]
                return int(found[tied].min())
            look *= 4

    def _rebuild(self) -> None:
        from scipy.spatial import cKDTree

        self._members = np.flatnonzero(np.repeat(np.frombuffer(self.free, dtype=np.uint8), 2))
        self._tree = cKDTree(self._ends[self._members])


def _two_opt(neighbours: _Neighbours, heads: IntArray) -> IntArray:
    """The walk after every reversal that shortens it and joins near ends, or after so many rounds.

    A reversal shortens the walk only where one of the two new moves is shorter than an old one at its end. So ten
    neighbours do but for ends that a long move leads to or from: they look further, once nothing else is left to do.
    """
    walk = _Walk(neighbours.ends, heads)
    everything = np.arange(len(neighbours.ends))
    active, near = everything, neighbours.near
    looks_far = False
    for _ in range(_MOST_ROUNDS):
        gain, one, other = walk.offers(active, near)
        order = np.lexsort((other, one, -gain))
        touched = [walk.reverse(*pair) for pair in zip(one[order].tolist(), other[order].tolist(), strict=True)]
        changed = [end for pair in touched for end in pair]
        if changed:
            # Only ends at moves that changed, and those near them, can have something new to offer.
            active = np.unique(neighbours.near[np.unique(changed)])
            near, looks_far = neighbours.near[active], False
        elif looks_far:
            break
        else:
            active = everything[walk.moves_nm() > neighbours.reach_nm]
            near, looks_far = neighbours.further(active), True
    return walk.heads


class _Walk:
    """A walk through all segments, open at both ends, that parts can be reversed of.

    heads : (n,) int, the end at which the segment in each place is entered.
    """

    def __init__(self, ends: FloatArray, heads: IntArray) -> None:
        self._ends = ends
        self._place = np.empty(len(heads), dtype=np.int64)
        self._place[heads >> 1] = np.arange(len(heads))
        self.heads = heads

    def offers(self, active: IntArray, near: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
        """Pairs of ends, both left or both entered, whose joining shortens the walk, with the gain in nm, (m,) each.

        active : (a,) int, ends to look from; near : (a, k) int, the ends to look at from each.
        """
        one, other = np.repeat(active, near.shape[1]), near.ravel()
        is_head = self._is_head()
        fit = (is_head[one] == is_head[other]) & (one >> 1 != other >> 1)
        one, other = one[fit], other[fit]
        now_one, now_other = self._partner(one, is_head[one]), self._partner(other, is_head[other])
        gain = self._away(one, now_one) + self._away(other, now_other)
        gain -= self._away(one, other) + self._away(now_one, now_other)
        better = gain > _LEAST_GAIN_NM
        return gain[better], one[better], other[better]

    def moves_nm(self) -> FloatArray:
        """Length of the move to or from each end, (2 n,) float."""
        ends = np.arange(len(self._ends))
        return self._away(ends, self._partner(ends, self._is_head()))

    def _is_head(self) -> NDArray[np.bool_]:
        """Whether each end is the one at which its segment is entered, (2 n,) bool."""
        entered = self.heads[self._place] == 2 * np.arange(len(self._place))
        return np.stack([entered, ~entered], axis=1).ravel()

    def _partner(self, end: IntArray, is_head: NDArray[np.bool_]) -> IntArray:
        """The end that the walk joins each end to, -1 where the walk begins or stops there."""
        place = self._place[end >> 1] + np.where(is_head, -1, 1)
        beside = self.heads[np.clip(place, 0, len(self.heads) - 1)]
        return np.where((place < 0) | (place >= len(self.heads)), -1, np.where(is_head, beside ^ 1, beside))

    def _away(self, one: IntArray, other: IntArray) -> FloatArray:
        """Distance of two ends, nm; 0 where there is no second one."""
        step = self._ends[one] - self._ends[other]
        away = np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1])
        return np.where((one < 0) | (other < 0), 0.0, away)

    def reverse(self, one: int, other: int) -> tuple[int, ...]:
        """Join two ends by reversing what lies between, if that still shortens the walk; the ends of changed moves."""
        heads = self.heads
        i, j = int(self._place[one >> 1]), int(self._place[other >> 1])
        is_head = heads[i] == one
        if is_head != (heads[j] == other):
            return ()
        low, high = (i, j) if i < j else (j, i)
        first, last = (low, high - 1) if is_head else (low + 1, high)
        before = int(heads[first - 1]) ^ 1 if first else -1
        after = int(heads[last + 1]) if last + 1 < len(heads) else -1
        entry, leave = int(heads[first]), int(heads[last]) ^ 1
        gain = self._apart(before, entry) + self._apart(leave, after)
        gain -= self._apart(before, leave) + self._apart(entry, after)
        if gain <= _LEAST_GAIN_NM:
            return ()
        turned = heads[first : last + 1][::-1] ^ 1
        heads[first : last + 1] = turned
        self._place[turned >> 1] = np.arange(first, last + 1)
        return tuple(end for end in (before, entry, leave, after) if end >= 0)

    def _apart(self, one: int, other: int) -> float:
        if one < 0 or other < 0:
            return 0.0
        dx, dy = (self._ends[one] - self._ends[other]).tolist()
        return float((dx * dx + dy * dy) ** 0.5)
