"""Ink of contours by the rule of fonts: what they wind round, counted with their direction, is ink."""

from collections.abc import Sequence

import numpy as np
import shapely

from fonts.errors import FontError
from fonts.strokes import FloatArray, clean

MOST_CROSSINGS = 5_000


def filled(contours: Sequence[FloatArray]) -> shapely.MultiPolygon:
    """Where the winding number is not zero; contours are (n, 2), closed by their last point's way to the first.

    Contours may overlap and cross, themselves too. Raises FontError where they cross too often to be a glyph.
    """
    rings = [np.vstack([contour, contour[:1]]) for contour in contours]
    if not rings:
        return shapely.MultiPolygon()
    begin = np.concatenate([ring[:-1] for ring in rings])
    end = np.concatenate([ring[1:] for ring in rings])
    moved = np.any(begin != end, axis=1)
    begin, end = begin[moved], end[moved]
    segments = np.asarray(shapely.linestrings(np.stack([begin, end], axis=1)))
    if len(shapely.STRtree(segments).query(segments, predicate="crosses")[0]) > 2 * MOST_CROSSINGS:
        raise FontError(f"the contours of a glyph cross more than {MOST_CROSSINGS} times")
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(segments))))
    if not len(faces):
        return shapely.MultiPolygon()
    within = shapely.get_coordinates(shapely.point_on_surface(faces))
    return clean(shapely.union_all(faces[_windings(within, begin, end) != 0]))


def _windings(points: FloatArray, begin: FloatArray, end: FloatArray) -> FloatArray:
    """How often the segments go round each point: those that cross the ray to its right, upward less downward."""
    x, y = points[:, 0, None], points[:, 1, None]
    upward = (begin[:, 1] <= y) & (y < end[:, 1])
    downward = (end[:, 1] <= y) & (y < begin[:, 1])
    side = (end[:, 0] - begin[:, 0]) * (y - begin[:, 1]) - (x - begin[:, 0]) * (end[:, 1] - begin[:, 1])
    windings: FloatArray = (upward & (side > 0)).sum(axis=1, dtype=np.float64) - (downward & (side < 0)).sum(axis=1)
    return windings
