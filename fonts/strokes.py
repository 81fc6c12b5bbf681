"""Strokes: polylines with rounded corners, resolved into lines and arcs, flattened, and thickened into ink."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

FloatArray = NDArray[np.float64]

CHORD_TOLERANCE_UM = 0.02
"""Greatest distance between a true arc and the chords drawn for it; an outline has it twice: skeleton and pen."""

_SAME_POINT_UM = 1e-6
_ROUNDING = 1e-9  # em or rad: what decimal coordinates lose in binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """A point of a stroke; ``radius`` is that of the arc which rounds it, 0 for a plain corner or an end. Em units."""

    x: float
    y: float
    radius: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight piece of a skeleton, em units."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """A circular piece of a skeleton, em units; the sweep is positive anticlockwise."""

    centre: tuple[float, float]
    radius: float
    start_rad: float
    sweep_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """The path of a round pen through two or more corners."""

    corners: tuple[Corner, ...]

    def pieces(self) -> tuple[Line | Arc, ...]:
        """Lines and arcs in order, each beginning where the one before ends, every arc tangent to its neighbours."""
        points = [np.array((corner.x, corner.y)) for corner in self.corners]
        pieces: list[Line | Arc] = []
        here = points[0]
        for before, corner, point, after in zip(points[:-2], self.corners[1:-1], points[1:-1], points[2:], strict=True):
            if corner.radius == 0.0:
                touch, leave = point, point
            else:
                inward, outward = _unit(point - before), _unit(after - point)
                tangent = tangent_length(before, point, after, corner.radius)
                touch, leave = point - tangent * inward, point + tangent * outward
            pieces += _line(here, touch)
            if corner.radius > 0.0:
                pieces.append(_arc(touch, inward, outward, corner.radius))
            here = leave
        return (*pieces, *_line(here, points[-1]))

    def polyline(self, *, scale_um: float) -> FloatArray:
        """The flattened path, (n, 2) float, um, for an em of ``scale_um``.

        Chords stay within CHORD_TOLERANCE_UM of their arc, and every arc keeps its topmost, lowest, leftmost and
        rightmost points, so that flattening costs no height and no width.
        """
        first = self.corners[0]
        parts: list[FloatArray] = [np.array([[first.x, first.y]]) * scale_um]
        for piece in self.pieces():
            if isinstance(piece, Line):
                parts.append(np.array([piece.end]) * scale_um)
            else:
                angles = _arc_angles(piece, scale_um)[1:]
                circle = np.column_stack([np.cos(angles), np.sin(angles)])
                parts.append((np.array(piece.centre) + piece.radius * circle) * scale_um)
        return np.concatenate(parts)


def tangent_length(before: FloatArray, point: FloatArray, after: FloatArray, radius: float) -> float:
    """How much of either leg an arc of this radius takes when it rounds the corner at ``point``; ``inf`` for a U-turn.

    r tan(t / 2) for a turn of t.
    """
    inward, outward = _unit(point - before), _unit(after - point)
    cosine = float(inward @ outward)
    if cosine < -1.0 + _ROUNDING:
        return math.inf
    return radius * math.sqrt((1.0 - min(cosine, 1.0)) / (1.0 + cosine))


def ink(polylines: tuple[FloatArray, ...], *, stroke_um: float) -> shapely.MultiPolygon:
    """What a round pen of diameter ``stroke_um`` covers along the polylines, um; valid, outer rings anticlockwise.

    A polyline of one point is a dot of the pen. The Minkowski sum with a regular polygon inscribed in the pen that has
    a vertex in each direction of the axes: the ink is exactly a stroke wider and higher than the polylines, and nowhere
    short by more than CHORD_TOLERANCE_UM.
    """
    pen = _pen(stroke_um / 2)
    begin = np.concatenate([line[: max(1, len(line) - 1)] for line in polylines])
    end = np.concatenate([line[min(1, len(line) - 1) :] for line in polylines])
    swept = np.concatenate([begin[:, None] + pen, end[:, None] + pen], axis=1)
    return clean(shapely.union_all(shapely.convex_hull(shapely.linestrings(swept))))


def clean(area: BaseGeometry) -> shapely.MultiPolygon:
    """The same area in one order of parts and points: equal areas made alike are equal; outer rings anticlockwise."""
    # Where hulls cross, the union leaves pairs of points that differ in the last bit of their coordinates.
    normal = shapely.normalize(shapely.remove_repeated_points(area, _SAME_POINT_UM))
    polygons = [part for part in shapely.get_parts(normal) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon([orient(polygon) for polygon in polygons])


def _pen(radius_um: float) -> FloatArray:
    quarter = max(2, math.ceil(_chords(2 * math.pi, radius_um) / 4))
    angles = np.arange(4 * quarter) * (math.pi / 2 / quarter)
    return radius_um * np.column_stack([np.cos(angles), np.sin(angles)])


def _chords(sweep_rad: float, radius_um: float) -> int:
    """Chords needed for a sweep; the sagitta r (1 - cos(a / 2)) of each stays within the tolerance."""
    largest = 2 * math.acos(max(0.0, 1.0 - CHORD_TOLERANCE_UM / radius_um))
    return max(1, math.ceil(sweep_rad / largest))


def _arc_angles(arc: Arc, scale_um: float) -> FloatArray:
    low, high = sorted((arc.start_rad, arc.start_rad + arc.sweep_rad))
    quarters = np.arange(math.ceil(low / (math.pi / 2)), math.floor(high / (math.pi / 2)) + 1) * (math.pi / 2)
    inside = quarters[(quarters > low + _ROUNDING) & (quarters < high - _ROUNDING)]
    stops = np.concatenate([[low], inside, [high]])
    runs = [np.linspace(a, b, _chords(b - a, arc.radius * scale_um) + 1)[1:] for a, b in pairwise(stops)]
    angles = np.concatenate([[low], *runs])
    return angles if arc.sweep_rad > 0 else angles[::-1]


def _unit(vector: FloatArray) -> FloatArray:
    return vector / math.hypot(*vector)


def _line(start: FloatArray, end: FloatArray) -> list[Line | Arc]:
    if math.hypot(*(end - start)) < _ROUNDING:
        return []
    return [Line(start=(float(start[0]), float(start[1])), end=(float(end[0]), float(end[1])))]


def _arc(touch: FloatArray, inward: FloatArray, outward: FloatArray, radius: float) -> Arc:
    cross = float(inward[0] * outward[1] - inward[1] * outward[0])
    turn = math.atan2(cross, float(inward @ outward))
    side = math.copysign(1.0, turn)
    centre = touch + radius * side * np.array([-inward[1], inward[0]])
    start = touch - centre
    return Arc(
        centre=(float(centre[0]), float(centre[1])),
        radius=radius,
        start_rad=math.atan2(start[1], start[0]),
        sweep_rad=turn,
    )
