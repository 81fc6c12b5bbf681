"""How a rod wears along its paths, from the volume that it takes off, followed on samples of the surface.

The rod passes over a sample while its axis is within reach: along a straight run from where it comes to where it
leaves. It takes off what stands above the lower of the two ends there, and of that at once, as it comes, what stands
above its end at that place, and the rest evenly while it goes further down. Along the walk the worn length W obeys
W' = k (m - W) + g, where k is the wear ratio times the area over which it takes something off, over the rod's section,
m how far the floor there stands above the end of the unworn rod, and g what is taken off by going down. Which samples
it takes something from depends on W: a few rounds settle that.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.removal_walk import Walk

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Samples lie on a square grid that is turned, by the golden angle's share of a right angle, so that no edge of a mark
# runs along its rows.
_TURN_RAD = 0.6
# The reach over the distance of the samples: at most, where there are few paths, and at least.
_FINEST, _COARSEST = 16.0, 3.0
# Passes of a rod over samples that all events together may be worth, when the distance is chosen.
_PASSES = 400_000
_STEPS_A_REACH = 6.0
_ROUNDS = 30
# Nodes of a walk whose wear is sought together.
_NODES_AT_ONCE = 1000
_SETTLED_UM = 0.02
# exp(-x) of more is too small to divide by.
_MOST_DECAY = 500.0


def distance_um(*, reach_um: float, path_um: float) -> float:
    """Distance of the samples for a rod whose paths have this length altogether."""
    wanted = math.sqrt(2 * reach_um * path_um / _PASSES)
    return min(max(wanted, reach_um / _FINEST), reach_um / _COARSEST)


def step_um(reach_um: float) -> float:
    """Distance of the nodes of a walk."""
    return reach_um / _STEPS_A_REACH


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Places on a turned square grid, row after row: ``floor_um`` (rows * columns,) their heights, changed in place."""

    distance_um: float
    low_um: float
    columns: int
    rows: int
    floor_um: FloatArray

    @classmethod
    def about(cls, *, half_width_um: float, distance_um: float) -> "Samples":
        """Samples, still without heights, over a square about the axis."""
        low_um = -half_width_um * (abs(np.cos(_TURN_RAD)) + abs(np.sin(_TURN_RAD)))
        count = int(np.ceil(-2 * low_um / distance_um)) + 1
        floor_um = np.full(count * count, np.nan)
        return cls(distance_um=distance_um, low_um=float(low_um), columns=count, rows=count, floor_um=floor_um)

    def places_um(self) -> tuple[FloatArray, FloatArray]:
        """Coordinates of the samples in the pin frame, (rows * columns,) each."""
        axis = self.low_um + self.distance_um * np.arange(self.columns)
        u, v = np.meshgrid(axis, axis)
        cosine, sine = np.cos(_TURN_RAD), np.sin(_TURN_RAD)
        return (cosine * u - sine * v).ravel(), (sine * u + cosine * v).ravel()


def _turned(xy_um: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Places of the pin frame in the samples' own."""
    cosine, sine = np.cos(_TURN_RAD), np.sin(_TURN_RAD)
    return cosine * xy_um[:, 0] + sine * xy_um[:, 1], cosine * xy_um[:, 1] - sine * xy_um[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows of samples that runs pass over, (k,) each: the run, the first sample, how many, and where the first lies.

    ``along`` and ``across`` of the first sample from the run's begin, um; ``ahead`` and ``aside`` what the next adds.
    """

    run: IntArray
    sample: IntArray
    count: IntArray
    along: FloatArray
    across: FloatArray
    ahead: FloatArray
    aside: FloatArray


def _rows(
    begin: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray], reach_um: float, grid: Samples
) -> _Rows:
    """The samples within reach of straight runs, row by row: between the ends of each row within the runs' outlines."""
    (u0, v0), (u1, v1) = begin, end
    length = np.hypot(u1 - u0, v1 - v0)
    divisor = np.where(length > 0, length, 1.0)
    ahead, aside = np.where(length > 0, (u1 - u0) / divisor, 1.0), (v1 - v0) / divisor
    low = np.clip(np.ceil((np.minimum(v0, v1) - reach_um - grid.low_um) / grid.distance_um), 0, grid.rows)
    high = np.clip(np.floor((np.maximum(v0, v1) + reach_um - grid.low_um) / grid.distance_um) + 1, low, grid.rows)
    count = (high - low).astype(np.int64)
    run = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count) + low.astype(np.int64)[run]
    v = grid.low_um + grid.distance_um * row
    left, right = _ends(v, (u0[run], v0[run]), (u1[run], v1[run]), (ahead[run], aside[run]), reach_um)
    first = np.clip(np.ceil((left - grid.low_um) / grid.distance_um), 0, grid.columns)
    behind = np.clip(np.floor((right - grid.low_um) / grid.distance_um) + 1, first, grid.columns)
    kept = np.flatnonzero(behind > first)
    run, row, v, column = run[kept], row[kept], v[kept], first[kept]
    du, dv = grid.low_um + grid.distance_um * column - u0[run], v - v0[run]
    return _Rows(
        run=run,
        sample=row * grid.columns + column.astype(np.int64),
        count=(behind[kept] - column).astype(np.int64),
        along=du * ahead[run] + dv * aside[run],
        across=dv * ahead[run] - du * aside[run],
        ahead=grid.distance_um * ahead[run],
        aside=-grid.distance_um * aside[run],
    )


def _ends(
    v: FloatArray,
    begin: tuple[FloatArray, FloatArray],
    end: tuple[FloatArray, FloatArray],
    heading: tuple[FloatArray, FloatArray],
    reach_um: float,
) -> tuple[FloatArray, FloatArray]:
    """Least and greatest u on lines of constant v of everything within reach of straight runs."""
    left, right = np.full(v.shape, np.inf), np.full(v.shape, -np.inf)
    for u_end, v_end in (begin, end):
        square = reach_um**2 - (v - v_end) ** 2
        half = np.where(square > 0, np.sqrt(np.maximum(square, 0.0)), -np.inf)
        left, right = np.minimum(left, u_end - half), np.maximum(right, u_end + half)
    rise = end[1] - begin[1]
    for side in (-reach_um, reach_um):
        share = (v - begin[1] - side * heading[0]) / np.where(rise == 0, 1.0, rise)
        u = begin[0] - side * heading[1] + share * (end[0] - begin[0])
        inside = (rise != 0) & (share >= 0) & (share <= 1)
        left, right = np.where(inside, np.minimum(left, u), left), np.where(inside, np.maximum(right, u), right)
    return left, right


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passes:
    """The rod over samples, sorted by sample and then by time, (p,) each.

    came, left : the nodes at which it comes within reach and leaves it. charged : the node that ends the piece in which
    it comes. z_came_um, z_left_um : the unworn end's heights. length_um : of the way between, in the plane.
    begins : true at the first pass of each sample; group : its number.
    """

    sample: IntArray
    came: IntArray
    left: IntArray
    charged: IntArray
    z_came_um: FloatArray
    z_left_um: FloatArray
    begins: BoolArray
    group: IntArray


def _passes(chunk: "_Chunk", *, reach_um: float, grid: Samples) -> _Passes:
    """Every pass that may take something off, whatever more the rod wears."""
    rows = _rows(chunk.begin, chunk.end, reach_um, grid)
    row = np.repeat(np.arange(len(rows.run)), rows.count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(rows.count) - rows.count, rows.count)
    sample, run = rows.sample[row] + place, rows.run[row]
    along, across = rows.along[row] + place * rows.ahead[row], rows.across[row] + place * rows.aside[row]
    half = np.sqrt(np.maximum(reach_um**2 - across * across, 0.0))
    length = np.hypot(chunk.end[0] - chunk.begin[0], chunk.end[1] - chunk.begin[1])
    # Places along a run in nodes after its begin.
    scale = (chunk.count / np.where(length > 0, length, np.inf))[run]
    came = np.where(scale > 0, np.maximum(along - half, 0.0) * scale, 1.0)
    left = np.where(scale > 0, np.minimum((along + half) * scale, chunk.count[run]), 1.0)
    base = chunk.base[run]
    z_came, z_left = (_at(chunk.heights_um, base, place) for place in (came, left))
    kept = np.flatnonzero((np.minimum(z_came, z_left) + chunk.start_um < grid.floor_um[sample]) & (came <= left))
    order = kept[np.argsort(sample[kept] * len(kept) + np.arange(len(kept)))]
    sample, base, came, left, run = sample[order], base[order], came[order], left[order], run[order]
    begins = np.diff(sample, prepend=-1) != 0
    return _Passes(
        sample=sample,
        came=base + np.rint(came).astype(np.int64),
        left=base + np.rint(left).astype(np.int64),
        charged=base + np.minimum(came.astype(np.int64) + 1, chunk.count[run]),
        z_came_um=z_came[order],
        z_left_um=z_left[order],
        begins=begins,
        group=np.cumsum(begins),
    )


def _at(heights_um: FloatArray, base: IntArray, place: FloatArray) -> FloatArray:
    """Between nodes, by straight lines."""
    whole = np.minimum(place.astype(np.int64), len(heights_um) - 2 - base)
    below = heights_um[base + whole]
    return below + (place - whole) * (heights_um[base + whole + 1] - below)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """A part of a walk, short enough for its wear to be nearly guessed before.

    Runs: ``begin`` and ``end`` in the samples' frame; ``base`` nodes before each, ``count`` nodes of each. Nodes, and
    one before them: ``heights_um`` of the end's reach, ``still`` (nodes,) straight down, ``guess_um`` the worn length.
    """

    begin: tuple[FloatArray, FloatArray]
    end: tuple[FloatArray, FloatArray]
    base: IntArray
    count: IntArray
    heights_um: FloatArray
    still: BoolArray
    guess_um: FloatArray

    @property
    def start_um(self) -> float:
        """Worn before it."""
        return float(self.guess_um[0])


def worn_um(
    walk: Walk, *, reach_um: float, gap_front_um: float, weight: float, grid: Samples, start_um: float
) -> FloatArray:
    """Length worn off the rod at the walk's beginning and at every node, (nodes + 1,) um; lowers the samples' floor.

    weight : wear ratio times a sample's area over the rod's section.
    """
    ways_um = walk.node_ways_um()
    heights_um = walk.heights_um(ways_um) - gap_front_um
    first, last = walk.first[:-1], walk.first[1:] - 1
    begin, end = _turned(walk.begin_um[first, :2]), _turned(walk.end_um[last, :2])
    count = np.diff(walk.nodes)
    still = np.repeat(walk.down, count)
    worn = np.full(len(heights_um), start_um)
    rate = 0.0
    cuts = np.searchsorted(walk.nodes, np.arange(0, walk.nodes[-1], _NODES_AT_ONCE))
    for low, high in pairwise([*np.unique(cuts).tolist(), len(count)]):
        nodes = slice(int(walk.nodes[low]), int(walk.nodes[high]) + 1)
        way = ways_um[nodes] - ways_um[nodes.start]
        chunk = _Chunk(
            begin=(begin[0][low:high], begin[1][low:high]),
            end=(end[0][low:high], end[1][low:high]),
            base=walk.nodes[low:high] - nodes.start,
            count=count[low:high],
            heights_um=heights_um[nodes],
            still=still[nodes.start : nodes.stop - 1],
            guess_um=worn[nodes.start] + rate * way,
        )
        worn[nodes] = _settled(chunk, reach_um=reach_um, weight=weight, grid=grid)
        rate = (worn[nodes.stop - 1] - worn[nodes.start]) / max(way[-1], 1.0)
    return worn


def _settled(chunk: _Chunk, *, reach_um: float, weight: float, grid: Samples) -> FloatArray:
    """Worn length before the chunk and at its nodes, (nodes + 1,) um; lowers the samples' floor."""
    passes = _passes(chunk, reach_um=reach_um, grid=grid)
    before_um = grid.floor_um[passes.sample]
    worn = chunk.guess_um
    if not len(before_um):
        return np.full(worn.shape, chunk.start_um)
    low_um = before_um
    for _ in range(_ROUNDS):
        settled, low_um = _round(passes, worn, before_um, weight=weight, still=chunk.still)
        change = float(np.max(np.abs(settled - worn)))
        worn = settled
        if change < _SETTLED_UM:
            break
    last = np.flatnonzero(np.append(passes.begins[1:], True))
    grid.floor_um[passes.sample[last]] = low_um[last]
    return worn


def _round(
    passes: _Passes, worn: FloatArray, before_um: FloatArray, *, weight: float, still: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Wear at the nodes from what is taken off if the wear is as given; the samples' floor after every pass."""
    came_um, left_um = passes.z_came_um + worn[passes.came], passes.z_left_um + worn[passes.left]
    least_um = np.minimum(came_um, left_um)
    top_um, after_um = _tops(passes, before_um, least_um)
    at_once = np.maximum(top_um - came_um, 0.0)
    further = np.maximum(np.minimum(top_um, came_um) - left_um, 0.0)
    dips = further > 0
    # It goes down evenly: what is taken off by that is so in the last part of the way, charged to its middle.
    steep = (came_um - left_um)[dips]
    share = 1 - further[dips] / (2 * steep)
    middle = np.rint(passes.came[dips] + share * (passes.left - passes.came)[dips]).astype(np.int64)
    middle = np.maximum(middle, passes.charged[dips])
    hits = np.flatnonzero(at_once > 0)
    first = passes.charged[hits]
    # The volume grows less by what the rod is more worn, but for that between two heights of the same rod.
    alone = at_once[dips] == 0
    place = np.concatenate([first, middle])
    loads = np.concatenate([np.ones(len(first)), alone])
    taken = np.concatenate([at_once[hits] + worn[first], further[dips] + alone * worn[middle]])
    settled = _recursion(
        weight * _summed(place, loads, len(worn)),
        weight * _summed(place, taken, len(worn)),
        float(worn[0]),
        still=still,
    )
    return settled, after_um


def _summed(place: IntArray, values: FloatArray, count: int) -> FloatArray:
    """Sums of values at the places 1 to count - 1."""
    return np.bincount(place, weights=values, minlength=count)[1:].astype(np.float64)


def _tops(passes: _Passes, before_um: FloatArray, least_um: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where the floor stands before and after each pass."""
    # Each sample's passes are moved below all those before, so that a running minimum begins anew with each.
    both = np.minimum(before_um, least_um)
    span = float(before_um.max() - both.min()) + 1.0
    drop = passes.group * span
    after_um = np.minimum.accumulate(both - drop) + drop
    top_um = np.roll(after_um, 1)
    return np.where(passes.begins, before_um, top_um), after_um


def _recursion(loads: FloatArray, gains: FloatArray, start: float, *, still: BoolArray) -> FloatArray:
    """Wear at the beginning and after each piece of the walk, from W' = gain - load W within it.

    Along a piece that is exact: W = W exp(-load) + gain (1 - exp(-load)) / load. Straight down the floor is level and
    all of its area is cut at once: W = (W + gain) / (1 + load).
    """
    decay = np.where(still, np.log1p(loads), loads)
    part = np.where(loads > 0, -np.expm1(-decay) / np.where(loads > 0, loads, 1.0), 1.0)
    total = np.cumsum(decay)
    found = np.empty(len(loads) + 1)
    found[0] = start
    cuts = np.append(np.flatnonzero(np.diff(np.floor(total / _MOST_DECAY), prepend=-1.0)), len(loads))
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        grown = np.exp(np.minimum(np.cumsum(decay[begin:end]), 600.0))
        found[begin + 1 : end + 1] = (found[begin] + np.cumsum(gains[begin:end] * part[begin:end] * grown)) / grown
    return found
