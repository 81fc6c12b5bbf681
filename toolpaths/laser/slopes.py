"""The parts of plane paths that lie where a face is steep."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from toolpaths.fill import Hatch
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# The slope is looked at this often along a path, and taken as even in between.
_SPACING_UM = 5.0


def steep_hatch(hatch: Hatch, *, surface: Surface, cosine: float, least_um: float) -> Hatch:
    """A hatch's lines where the cosine of the slope is below a limit: see ``steep_paths``; rows keep their numbers."""
    if not len(hatch.rows) or np.isinf(cosine):
        return hatch
    parts = _steep(list(hatch.segments_um), surface=surface, cosine=cosine, least_um=least_um)
    ends_um = np.stack([_at(parts.points_um, parts.begin), _at(parts.points_um, parts.end)], axis=1)
    return Hatch(segments_um=ends_um, rows=hatch.rows[parts.owner])


def steep_paths(
    paths: tuple[FloatArray, ...], *, surface: Surface, cosine: float, least_um: float
) -> tuple[FloatArray, ...]:
    """The parts of paths, (n, 2) each, where the cosine of the slope is below a limit.

    A gap shorter than ``least_um`` is closed, and a part as short left out.
    """
    if not paths or np.isinf(cosine):
        return paths
    parts = _steep(list(paths), surface=surface, cosine=cosine, least_um=least_um)
    points_um = parts.points_um
    firsts = (np.floor(parts.begin) + 1).astype(np.int64).tolist()
    lasts = np.ceil(parts.end).astype(np.int64).tolist()
    ends = zip(_at(points_um, parts.begin), firsts, lasts, _at(points_um, parts.end), strict=True)
    return tuple(np.vstack([begin, points_um[first:last], end]) for begin, first, last, end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Parts of paths, each from one place to another in fractions of a point, and which path it is of."""

    points_um: FloatArray
    begin: FloatArray
    end: FloatArray
    owner: IntArray


def _at(points_um: FloatArray, place: FloatArray) -> FloatArray:
    """Points at places in fractions of a point, (n, 2)."""
    lower = np.floor(place).astype(np.int64)
    upper = np.minimum(lower + 1, len(points_um) - 1)
    return points_um[lower] + (place - lower)[:, None] * (points_um[upper] - points_um[lower])


def _steep(paths: list[FloatArray], *, surface: Surface, cosine: float, least_um: float) -> _Parts:
    fine = shapely.segmentize(shapely.linestrings(np.concatenate(paths), indices=_owners(paths)), _SPACING_UM)
    points, owner = shapely.get_coordinates(fine, return_index=True)
    # A drawn outline may overstep the boundary by rounding.
    over = np.nan_to_num(surface.normal_cosine(*points.T), nan=cosine) - cosine
    along_um = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    new_path = np.diff(owner, prepend=-1) != 0
    last_of_path = np.append(new_path[1:], True)
    steep = over < 0
    first = np.flatnonzero(steep & (new_path | ~np.append(False, steep[:-1])))
    last = np.flatnonzero(steep & (last_of_path | ~np.append(steep[1:], False)))
    begin = np.where(new_path[first], first.astype(np.float64), _crossing(first - 1, over))
    end = np.where(last_of_path[last], last.astype(np.float64), _crossing(last, over))
    begin, end, owner = _closed(begin, end, owner[first], along_um=along_um, least_um=least_um)
    return _Parts(points_um=points, begin=begin, end=end, owner=owner)


def _crossing(index: IntArray, over: FloatArray) -> FloatArray:
    """Where, between a point and the next, in fractions of a point, a value is 0."""
    index = np.maximum(index, 0)
    following = np.minimum(index + 1, over.size - 1)
    difference = over[following] - over[index]
    share: FloatArray = np.clip(-over[index] / np.where(difference == 0, 1.0, difference), 0.0, 1.0)
    return index.astype(np.float64) + share


def _closed(
    begin: FloatArray, end: FloatArray, owner: IntArray, *, along_um: FloatArray, least_um: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Runs with short gaps between them closed, and those left out that are still short."""
    places = np.arange(along_um.size)
    begin_um, end_um = (np.interp(value, places, along_um) for value in (begin, end))
    joins = (owner[1:] == owner[:-1]) & (begin_um[1:] - end_um[:-1] < least_um)
    opens, closes = np.append(True, ~joins)[: begin.size], np.append(~joins, True)[: end.size]
    begin, end, begin_um, end_um, owner = begin[opens], end[closes], begin_um[opens], end_um[closes], owner[opens]
    kept = end_um - begin_um >= least_um
    return begin[kept], end[kept], owner[kept]


def _owners(paths: list[FloatArray]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(paths)), [len(path) for path in paths])
