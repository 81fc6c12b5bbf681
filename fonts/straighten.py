"""Polylines made of few points: straight where the line is straight, sharp where two straight pieces meet."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from fonts.strokes import FloatArray

# Of the stroke's width. The medial axis cuts the corner of a right angle by .12; a curve is kept to a 60th.
_COARSE = 0.13
_FINE = 0.015
_STRAIGHT = 0.008
_LEAST_LENGTH = 2.2
_BENT_END = 0.6  # so near its ends a straight piece may be bent
_MOST_BEND = 3.0  # a bend no longer than this may be a corner that the axis cuts
_LEAST_TURN = 0.15  # rad: flatter than this, two pieces have no corner worth finding
_CLEAR = 0.4  # so far from a corner that is made sharp the ink must reach on every side
_SHARPNESS = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Points (n, 2) of a line between two stops; a place and a direction on it where it is straight."""

    points: FloatArray
    fit: tuple[FloatArray, FloatArray] | None


def straightened(line: FloatArray, *, width: float, ink: shapely.Polygon) -> FloatArray:
    """The line, (n, 2), with fewer points; ``width`` is that of the stroke it is the centre of, within ``ink``.

    Where two straight pieces meet in a corner that is only cut, the corner is made as sharp as the ink bears.
    """
    closed = np.array_equal(line[0], line[-1])
    if closed:
        # Begin where the middle is nearest: on a side, and not in a corner.
        ring = line[:-1]
        line = np.roll(ring, -int(np.hypot(*(ring - ring.mean(axis=0)).T).argmin()), axis=0)
        line = np.vstack([line, line[:1]])
    pieces = _pieces(line, width)
    points = [_on(pieces[0], line[0])]
    for number, piece in enumerate(pieces):
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        if piece.fit is None:
            before = pieces[number - 1] if number else None
            points += _bend(piece, before, after, width, ink)
        elif after is not None and after.fit is not None:
            points.append(_sharp(piece.points[-1], piece.fit, after.fit, width, ink))
        else:
            points.append(_on(piece, piece.points[-1]))
    if closed:
        points[-1] = points[0]
    return np.array(points)


def _pieces(line: FloatArray, width: float) -> list[_Piece]:
    """The line cut where it turns; neighbours that are both not straight are one piece."""
    stops = _kept(line, _COARSE * width)
    pieces: list[_Piece] = []
    for begin, end in pairwise(stops):
        points = line[begin : end + 1]
        fit = _fit(points, width)
        if fit is None and pieces and pieces[-1].fit is None:
            points = np.vstack([pieces.pop().points, points[1:]])
        pieces.append(_Piece(points=points, fit=fit))
    return pieces


def _bend(
    piece: _Piece, before: _Piece | None, after: _Piece | None, width: float, ink: shapely.Polygon
) -> list[FloatArray]:
    """Points of a piece that is not straight, without its first: one corner between straight pieces, or its curve."""
    last = piece.points[-1] if after is None else _on(after, piece.points[-1])
    curve = [*piece.points[_kept(piece.points, _FINE * width)[1:-1]], last]
    short = float(np.hypot(*np.diff(piece.points, axis=0).T).sum()) < _MOST_BEND * width
    if before is None or after is None or before.fit is None or after.fit is None or not short:
        return curve
    corner = _crossing(before.fit, after.fit)
    if corner is None:
        return curve
    middle = piece.points[np.hypot(*(piece.points - corner).T).argmin()]
    sharp = _sharp(middle, before.fit, after.fit, width, ink)
    return curve if np.array_equal(sharp, middle) else [sharp]


def _sharp(
    point: FloatArray,
    before: tuple[FloatArray, FloatArray],
    after: tuple[FloatArray, FloatArray],
    width: float,
    ink: shapely.Polygon,
) -> FloatArray:
    """The point moved towards where two straight pieces would meet, as far as the ink leaves a pen room."""
    corner = _crossing(before, after)
    if corner is None or np.hypot(*(corner - point)) > _MOST_BEND * width:
        return point
    for part in _SHARPNESS:
        moved: FloatArray = point + part * (corner - point)
        place = shapely.Point(moved)
        if ink.contains(place) and ink.boundary.distance(place) >= _CLEAR * width:
            return moved
    return point


def _crossing(before: tuple[FloatArray, FloatArray], after: tuple[FloatArray, FloatArray]) -> FloatArray | None:
    """Where two lines cross, or None where they hardly turn."""
    (one, direction), (other, turned) = before, after
    across = direction[0] * turned[1] - direction[1] * turned[0]
    if abs(across) < np.sin(_LEAST_TURN):
        return None
    offset = other - one
    crossing: FloatArray = one + direction * (offset[0] * turned[1] - offset[1] * turned[0]) / across
    return crossing


def _on(piece: _Piece, point: FloatArray) -> FloatArray:
    """The nearest point of a straight piece's line; the point itself where the piece is not straight."""
    if piece.fit is None:
        return point
    place, direction = piece.fit
    nearest: FloatArray = place + direction * ((point - place) @ direction)
    return nearest


def _kept(line: FloatArray, tolerance: float) -> list[int]:
    """Numbers of the points that the Douglas-Peucker rule keeps, of a closed line also the farthest from its ends."""
    if np.array_equal(line[0], line[-1]):
        far = int(np.hypot(*(line - line[0]).T).argmax())
        return [*_kept(line[: far + 1], tolerance)[:-1], *(far + stop for stop in _kept(line[far:], tolerance))]
    simple = shapely.get_coordinates(shapely.simplify(shapely.LineString(line), tolerance, preserve_topology=False))
    stops: list[int] = []
    for point in simple:
        begin = stops[-1] + 1 if stops else 0
        stops.append(begin + int((line[begin:] == point).all(axis=1).argmax()))
    return stops


def _fit(piece: FloatArray, width: float) -> tuple[FloatArray, FloatArray] | None:
    """A place and a direction of the straight line that the piece is, or None where it is none."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
    if along[-1] < _LEAST_LENGTH * width:
        return None
    # Evenly spaced, since the points themselves crowd where the axis bends.
    places = np.linspace(_BENT_END * width, along[-1] - _BENT_END * width, 64)
    middle = np.column_stack([np.interp(places, along, piece[:, axis]) for axis in (0, 1)])
    centre = middle.mean(axis=0)
    direction = np.linalg.svd(middle - centre)[2][0]
    offset = (middle - centre) @ np.array([-direction[1], direction[0]])
    return (centre, direction) if np.abs(offset).max() <= _STRAIGHT * width else None
