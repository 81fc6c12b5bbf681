"""Centre lines of drawn ink: the medial axis by a Voronoi diagram, without spurs, joined through its junctions.

The edges of the Voronoi diagram of points on the boundary that lie within the ink approach the medial axis as the
points become dense (Brandt and Algazi, "Continuous skeleton computation by Voronoi diagram", 1992).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from fonts.errors import FontError
from fonts.straighten import straightened
from fonts.strokes import FloatArray

IntArray = NDArray[np.int64]
Links = dict[int, set[int]]

_SAMPLES_A_STROKE = 8  # points on the boundary in one width of the stroke
_MOST_SAMPLES = 6000
_MERGED = 1e-6  # of the stroke: vertices closer than this are one
# A square end has two spurs that reach .41 of a half width beyond the disc they start from, a corner of 45 degrees one
# that reaches 1.61; their discs shrink to nothing at the end. What ends in a disc as wide as a stroke is a stroke.
_SPUR_REACH = 1.65
_STUB_REACH = 1.1
_POINTED = 0.5  # radius at its end, half widths, under which a branch tapers into a corner
_JUNCTION_REACH = 1.5  # junctions whose discs overlap this much are one crossing, half widths
_BENT = 1.2  # so far from a junction the axis is bent by it, radii of the junction's disc
_DIRECTION = 1.5  # and on this much more of it the direction is taken
_THROUGH = -0.8  # cosine between two ends that go on into each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A piece of the axis between two nodes, each a junction, or None where the piece ends free; points (n, 2)."""

    points: FloatArray
    nodes: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Vertices (n, 2), the radius of the largest disc of ink round each, and which are linked."""

    points: FloatArray
    radii: FloatArray
    links: Links


def stroke_width(ink: shapely.MultiPolygon) -> float:
    """Width of the stroke that the ink would be if it were all one straight stroke with square ends.

    The lesser side w of the rectangle with the ink's area A and perimeter P: w^2 - (P / 2) w + A = 0.
    """
    half = ink.length / 2
    return float((half - np.sqrt(max(half**2 - 4.0 * ink.area, 0.0))) / 2)


def pen_width(inks: Sequence[shapely.MultiPolygon], lines: Sequence[Sequence[FloatArray]]) -> float:
    """Width of the one pen that comes nearest to having drawn these inks along their centre lines.

    Twice the median distance from the edge, of places evenly along all lines that are not spots; 0 if there are none.
    """
    halves = [
        shapely.distance(ink.boundary, shapely.points(shapely.get_coordinates(shapely.segmentize(path, step))))
        for ink, own in zip(inks, lines, strict=True)
        for step in (stroke_width(ink) / 4,)
        for path in (shapely.LineString(line) for line in own if len(line) > 1)
    ]
    return float(2.0 * np.median(np.concatenate(halves))) if halves else 0.0


def centre_lines(ink: shapely.MultiPolygon) -> tuple[FloatArray, ...]:
    """Polylines (n, 2) that a pen would follow to draw this ink; closed ones end where they begin; a spot is one point.

    Spurs shorter than about the stroke's width are taken away, strokes go straight through junctions, and corners
    between straight strokes are sharp. Raises FontError where the ink has no area.
    """
    if ink.is_empty or ink.area <= 0.0:
        raise FontError("the outline encloses no ink")
    width = stroke_width(ink)
    return tuple(line for part in ink.geoms for line in _part_lines(part, width))


def _part_lines(part: shapely.Polygon, width: float) -> list[FloatArray]:
    axis = _pruned(_axis(part, width), width / 2)
    branches = _crossings_merged(_branches(axis), axis, width / 2)
    if not branches:
        return [axis.points[[axis.radii.argmax()]]]  # a spot: the middle of the largest disc within it
    return [straightened(line, width=width, ink=part) for line in _joined(branches, axis)]


def _axis(part: shapely.Polygon, width: float) -> _Axis:
    from scipy.spatial import Voronoi

    step = max(width / _SAMPLES_A_STROKE, part.length / _MOST_SAMPLES)
    samples = np.concatenate([_sampled(ring, step) for ring in (part.exterior, *part.interiors)])
    samples = np.unique(np.round(samples, 9), axis=0)
    diagram = Voronoi(samples)
    vertices = diagram.vertices
    shapely.prepare(part)
    inside = shapely.contains_xy(part, vertices)
    ridges = np.array(diagram.ridge_vertices, dtype=np.int64)
    ridges = ridges[(ridges >= 0).all(axis=1)]
    ridges = ridges[inside[ridges].all(axis=1)]
    _, first, number = np.unique(np.round(vertices / (_MERGED * width)), axis=0, return_index=True, return_inverse=True)
    ridges = number.reshape(-1)[ridges]
    points = vertices[first]
    links: Links = defaultdict(set)
    for one, other in ridges[ridges[:, 0] != ridges[:, 1]].tolist():
        links[one].add(other)
        links[other].add(one)
    radii = np.where(inside[first], shapely.distance(part.boundary, shapely.points(points)), 0.0)
    return _Axis(points=points, radii=radii, links=dict(links))


def _sampled(ring: shapely.LinearRing, step: float) -> FloatArray:
    """Every corner of the ring and points between, evenly on each side, no more than a step apart."""
    return shapely.get_coordinates(shapely.segmentize(ring, step))[:-1]


def _walks(links: Links) -> Iterator[list[int]]:
    """Paths between vertices that do not have two links, and closed paths where all have two (first = last)."""
    ends = {vertex: None for vertex, linked in links.items() if len(linked) not in (0, 2)}
    seen: set[tuple[int, int]] = set()
    for begin in (*ends, *links):
        for step in sorted(links[begin]):
            if (begin, step) in seen or (begin not in ends and any((begin, other) in seen for other in links[begin])):
                continue
            path = [begin, step]
            while len(links[path[-1]]) == 2 and path[-1] != begin:  # noqa: PLR2004 - neither an end nor a junction
                path += links[path[-1]] - {path[-2]}
            seen |= set(pairwise(path)) | set(pairwise(path[::-1]))
            yield path


def _pruned(axis: _Axis, half_width: float) -> _Axis:
    """The axis without the branches that end free and hardly leave the disc of the junction they start from."""
    links = {vertex: set(linked) for vertex, linked in axis.links.items()}
    while True:
        spurs = [path for path in _walks(links) if _is_spur(path, axis, links, half_width)]
        if not spurs:
            return _Axis(points=axis.points, radii=axis.radii, links=links)
        for path in spurs:
            for one, other in pairwise(path):
                links[one].discard(other)
                links[other].discard(one)
        links = {vertex: linked for vertex, linked in links.items() if linked}


def _is_spur(path: list[int], axis: _Axis, links: Links, half_width: float) -> bool:
    junction, end = (path[0], path[-1]) if len(links[path[-1]]) == 1 else (path[-1], path[0])
    if len(links[end]) != 1 or len(links[junction]) == 1:
        return False
    reach = _length(axis.points[path]) + axis.radii[end] - axis.radii[junction]
    most = _SPUR_REACH if axis.radii[end] < _POINTED * half_width else _STUB_REACH
    return bool(reach < most * half_width)


def _branches(axis: _Axis) -> list[Branch]:
    junctions = {vertex for vertex, linked in axis.links.items() if len(linked) > 2}  # noqa: PLR2004 - a fork
    return [
        Branch(
            points=_trimmed(axis, path),
            nodes=(path[0] if path[0] in junctions else None, path[-1] if path[-1] in junctions else None),
        )
        for path in _walks(axis.links)
    ]


def _trimmed(axis: _Axis, path: list[int]) -> FloatArray:
    """Points of a path; at free ends no further than where a pen as wide as the path's own ink reaches the ink's end.

    The axis of a round end goes on past the end's centre, in discs that shrink.
    """
    points, radii = axis.points[path], axis.radii[path]
    for free in (len(axis.links[path[-1]]) == 1, len(axis.links[path[0]]) == 1):
        if free:
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
            stop = float(np.clip((along + radii).max() - np.median(radii), 0.3 * along[-1], along[-1]))
            place = [np.interp(stop, along, points[:, column]) for column in (0, 1)]
            kept = along < stop
            points, radii = np.vstack([points[kept], place]), np.append(radii[kept], np.interp(stop, along, radii))
        points, radii = points[::-1], radii[::-1]
    return points


def _crossings_merged(branches: list[Branch], axis: _Axis, half_width: float) -> list[Branch]:
    """Junctions that a short branch links become one: an oblique crossing has two, and so has a wide meeting."""
    names: dict[int, int] = {}
    short = [
        branch
        for branch in branches
        if None not in branch.nodes
        and branch.nodes[0] != branch.nodes[1]
        and _length(branch.points) < _JUNCTION_REACH * half_width
    ]
    for branch in short:
        first, second = (names.get(node, node) for node in branch.nodes if node is not None)
        # The greater disc stands for both.
        keep, drop = (first, second) if axis.radii[first] >= axis.radii[second] else (second, first)
        names |= {node: keep for node, name in names.items() if name == drop} | {drop: keep}
    kept = [branch for branch in branches if not any(branch is other for other in short)]
    renamed = [tuple(None if node is None else names.get(node, node) for node in branch.nodes) for branch in kept]
    return [
        Branch(points=branch.points, nodes=(begin, end)) for branch, (begin, end) in zip(kept, renamed, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """One end of a branch at a junction: where the axis is straight again, and its direction away from there."""

    branch: int
    side: int
    place: FloatArray
    away: FloatArray


def _joined(branches: list[Branch], axis: _Axis) -> list[FloatArray]:
    """Polylines from branches: those that go on into each other at a junction become one, the others end there."""
    at: dict[int, list[_End]] = defaultdict(list)
    trimmed = [branch.points for branch in branches]
    for number, branch in enumerate(branches):
        for side, node in enumerate(branch.nodes):
            if node is not None:
                end, trimmed[number] = _cut(trimmed[number], number, side, float(axis.radii[node]))
                at[node].append(end)
    mates: dict[tuple[int, int], tuple[int, int]] = {}
    reached: dict[tuple[int, int], FloatArray] = {}
    for node, ends in at.items():
        pairs = _pairs(ends)
        for one, other in pairs:
            mates[one.branch, one.side] = (other.branch, other.side)
            mates[other.branch, other.side] = (one.branch, one.side)
        for end in ends:
            if (end.branch, end.side) not in mates:
                reached[end.branch, end.side] = _meeting(end, pairs, axis.points[node], float(axis.radii[node]))
    return list(_chains(trimmed, mates, reached))


def _cut(points: FloatArray, number: int, side: int, radius: float) -> tuple[_End, FloatArray]:
    """The end of a branch without what its junction bends, and the rest of the branch in its own order."""
    outward = points if side == 0 else points[::-1]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(outward, axis=0).T))])
    begin = min(_BENT * radius, 0.4 * along[-1])
    stop = min(begin + _DIRECTION * radius, 0.9 * along[-1])
    place, further = (np.array([np.interp(s, along, outward[:, axis]) for axis in (0, 1)]) for s in (begin, stop))
    away = (further - place) / max(float(np.hypot(*(further - place))), np.finfo(np.float64).tiny)
    kept = np.vstack([place, outward[along > begin]])
    return _End(branch=number, side=side, place=place, away=away), kept if side == 0 else kept[::-1]


def _pairs(ends: list[_End]) -> list[tuple[_End, _End]]:
    """Ends that go on into each other, the straightest first, each in one pair at most."""
    candidates = sorted(
        (float(one.away @ other.away), first, second)
        for first, one in enumerate(ends)
        for second, other in enumerate(ends[:first])
        if one.away @ other.away < _THROUGH
    )
    taken: set[int] = set()
    pairs: list[tuple[_End, _End]] = []
    for _, first, second in candidates:
        if not {first, second} & taken:
            taken |= {first, second}
            pairs.append((ends[first], ends[second]))
    return pairs


def _meeting(end: _End, pairs: list[tuple[_End, _End]], node: FloatArray, radius: float) -> FloatArray:
    """Where the end meets a stroke that goes through the junction, or else the junction itself."""
    for one, other in pairs:
        through = other.place - one.place
        across = through[0] * end.away[1] - through[1] * end.away[0]
        if across == 0.0:
            continue
        offset = end.place - one.place
        part = (offset[0] * end.away[1] - offset[1] * end.away[0]) / across
        point: FloatArray = one.place + part * through
        if np.hypot(*(point - node)) < 2 * radius:
            return point
    return node


def _chains(
    lines: list[FloatArray],
    mates: dict[tuple[int, int], tuple[int, int]],
    reached: dict[tuple[int, int], FloatArray],
) -> Iterator[FloatArray]:
    """Lines with what they reach at their ends, strung together where ends are mates."""
    left = set(range(len(lines)))
    starts = [(number, side) for number in range(len(lines)) for side in (0, 1) if (number, side) not in mates]
    for number, side in (*starts, *((number, 0) for number in range(len(lines)))):
        if number not in left:
            continue
        parts = [np.atleast_2d(reached[number, side])] if (number, side) in reached else []
        here: tuple[int, int] | None = (number, side)
        last = here
        while here is not None and here[0] in left:
            left.discard(here[0])
            parts.append(lines[here[0]] if here[1] == 0 else lines[here[0]][::-1])
            last = (here[0], 1 - here[1])
            here = mates.get(last)
        closed = here == (number, side)
        if last in reached:
            parts.append(np.atleast_2d(reached[last]))
        yield np.concatenate([*parts, parts[0][:1]] if closed else parts)


def _length(points: FloatArray) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
