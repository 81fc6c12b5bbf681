"""What a tip looks like to a planner, and what it looks like when it has been cut."""

from dataclasses import dataclass
from math import acos, ceil, pi
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

FloatArray = NDArray[np.float64]

# Circles are drawn with straight sides that lie within this of them.
_ROUNDING_UM = 0.05


class Surface(Protocol):
    """A tip seen from in front: x right, y up, z towards the primer, origin at the apex. Micrometres throughout.

    Every method takes coordinates of one shape and answers in that shape.
    """

    @property
    def edge_radius_um(self) -> float:
        """Radius of the least circle about the axis that holds the whole face."""

    @property
    def boundary(self) -> Polygon:
        """Outline of the face that may be engraved, seen along the axis."""

    @property
    def face_area_um2(self) -> float:
        """Area inside the boundary, um2."""

    @property
    def nose_radius_um(self) -> float:
        """Least radius of curvature inside the boundary; ``inf`` for a flat."""

    @property
    def mean_curvature_per_um(self) -> float:
        """Mean of the two principal curvatures, averaged over the face, 1 / um: 1 / R for a sphere, 0 for a flat."""

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area, seen along the axis, of the surface less than a depth below the apex, um2; grows with the depth.

        As if the surface went on beyond its boundary; ``inf`` for a flat.
        """

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth at which the section has an area: the inverse of ``section_um2``, ``inf`` where no depth has it."""

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z of the surface: 0 at the apex, negative away from it, NaN outside the boundary."""

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the angle between the surface normal and the axis: 1 at the apex, NaN outside the boundary."""


def _read_only(array: FloatArray) -> FloatArray:
    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightMap:
    """A sampled height field, either a tip (pin frame) or a primer (reading frame).

    z_um : (rows, columns) float, um; row 0 has the least y, x runs fastest; NaN where there is no surface.
    pixel_um : the distance between neighbouring samples, the same in x and y.
    x0_um, y0_um : coordinates of the sample z_um[0, 0].
    frame : ``"pin"`` or ``"reading"``.
    provenance : how it was made, one step a line, oldest first.
    """

    z_um: FloatArray
    pixel_um: float
    x0_um: float
    y0_um: float
    frame: str
    provenance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take a private, read-only copy of the samples."""
        object.__setattr__(self, "z_um", _read_only(self.z_um))

    def x_um(self) -> FloatArray:
        """Coordinates of the columns, (columns,) float, um."""
        return self.x0_um + self.pixel_um * np.arange(self.z_um.shape[1], dtype=np.float64)

    def y_um(self) -> FloatArray:
        """Coordinates of the rows, (rows,) float, um."""
        return self.y0_um + self.pixel_um * np.arange(self.z_um.shape[0], dtype=np.float64)


def centred_grid(*, half_width_um: float, pixel_um: float) -> FloatArray:
    """A symmetric axis, (2 n + 1,) float, um, with a sample at 0, reaching at least the half width."""
    count = int(np.ceil(half_width_um / pixel_um))
    return pixel_um * np.arange(-count, count + 1, dtype=np.float64)


def circle(radius_um: float) -> FloatArray:
    """A closed ring of points on a circle about the axis, (n, 2) float, um, its sides within 0.05 um of it."""
    sides = max(16, ceil(pi / acos(1 - min(_ROUNDING_UM / radius_um, 1.0))))
    turn = 2 * np.pi / sides * (np.arange(sides + 1) % sides)
    return radius_um * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def disc(radius_um: float) -> Polygon:
    """A disc about the axis, its outline as ``circle`` has it."""
    return Polygon(circle(radius_um))
