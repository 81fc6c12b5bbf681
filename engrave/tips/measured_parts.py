"""A scan taken apart: its facets, where it points, its shank, its face, and the frame that forms are fitted in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.tips.measured_mesh import (
    BoolArray,
    Direction,
    Facets,
    direction_of,
    face_of,
    facets_of,
    vertices_of,
)
from engrave.tips.measured_scan import Scan
from engrave.tips.measured_shank import Shank, frame_about, shank_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts. frame : rows x, y, z of the fit's frame in the file's, z along the datum; origin_um is its origin."""

    scan: Scan
    facets: Facets
    direction: Direction
    shank: Shank | None
    face: BoolArray
    frame: FloatArray
    origin_um: FloatArray

    def local_um(self, points_um: FloatArray) -> FloatArray:
        """Points of the file, (n, 3), in the fit's frame."""
        return np.asarray((points_um - self.origin_um) @ self.frame.T)


def taken_apart(scan: Scan, *, towards: str | None, shank_radius_um: float | None) -> Parts:
    """The parts of a scan. Raises InputError where it has no face that a tip could have."""
    facets = facets_of(scan)
    direction = direction_of(scan, facets, towards=towards)
    shank = shank_of(scan, facets, direction, radius_um=shank_radius_um)
    axis = direction.vector if shank is None else shank.axis
    beside = None if shank is None else shank.distance_um(facets.middle_um) > 1.05 * shank.radius_um
    face = face_of(scan, facets, axis, beside_shank=beside)
    return Parts(
        scan=scan,
        facets=facets,
        direction=direction,
        shank=shank,
        face=face,
        frame=frame_about(axis),
        origin_um=vertices_of(scan, face).mean(axis=0),
    )
