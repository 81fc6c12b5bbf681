"""A cone that ends in a ball."""

from dataclasses import dataclass
from math import cos, pi, sin, tan

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.outlines import inside, square_um2
from toolpaths.surface import disc

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConicalTip:
    """A ball of ``nose_radius_um`` that goes over into a cone without a kink, cut off at ``edge_radius_um``.

    ``half_angle_rad`` lies between the flank and the axis. The flank begins where the ball leans as it does: at the
    radius R cos(half angle), R (1 - sin(half angle)) below the apex.
    """

    nose_radius_um: float
    half_angle_rad: float
    edge_radius_um: float

    @property
    def boundary(self) -> Polygon:
        """A disc of the edge radius."""
        return disc(self.edge_radius_um)

    @property
    def face_area_um2(self) -> float:
        """Area within the edge."""
        return pi * self.edge_radius_um**2

    @property
    def mean_curvature_per_um(self) -> float:
        """cos(half angle) / edge radius: the flank's normal has that horizontal part all round the edge."""
        return cos(self.half_angle_rad) / self.edge_radius_um

    @property
    def flank_radius_um(self) -> float:
        """Where the flank begins, from the axis."""
        return self.nose_radius_um * cos(self.half_angle_rad)

    @property
    def flank_depth_um(self) -> float:
        """Where the flank begins, below the apex."""
        return self.nose_radius_um * (1.0 - sin(self.half_angle_rad))

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """On the ball pi (2 R D - D^2), on the flank pi r^2, which goes on for ever."""
        depth = np.maximum(depth_um, 0.0)
        ball = pi * depth * (2.0 * self.nose_radius_um - depth)
        flank = pi * (self.flank_radius_um + (depth - self.flank_depth_um) * tan(self.half_angle_rad)) ** 2
        return np.where(depth <= self.flank_depth_um, ball, flank)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth R - sqrt(R^2 - A / pi) on the ball, by the flank's angle beyond it."""
        square = np.maximum(area_um2, 0.0) / pi
        ball = self.nose_radius_um - np.sqrt(np.maximum(self.nose_radius_um**2 - square, 0.0))
        flank = self.flank_depth_um + (np.sqrt(square) - self.flank_radius_um) / tan(self.half_angle_rad)
        return np.where(square <= self.flank_radius_um**2, ball, flank)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z: the ball's, then falling by the flank's angle; NaN outside the edge."""
        square = square_um2(x_um, y_um)
        ball = np.sqrt(np.maximum(self.nose_radius_um**2 - square, 0.0)) - self.nose_radius_um
        flank = -self.flank_depth_um - (np.sqrt(square) - self.flank_radius_um) / tan(self.half_angle_rad)
        height = np.where(square <= self.flank_radius_um**2, ball, flank)
        return np.where(inside(square, self.edge_radius_um), height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the slope: sqrt(1 - (r/R)^2) on the ball, sin(half angle) on the flank; NaN outside the edge."""
        square = square_um2(x_um, y_um)
        ball = np.sqrt(np.maximum(1.0 - square / self.nose_radius_um**2, 0.0))
        values = np.where(square <= self.flank_radius_um**2, ball, sin(self.half_angle_rad))
        return np.where(inside(square, self.edge_radius_um), values, np.nan)
