"""In which order, and from which end, paths are run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolpaths.fill import Hatch

FloatArray = NDArray[np.float64]


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
