"""A tip with two different radii, along x and along y, on an elliptical outline."""

from dataclasses import dataclass, field
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.outlines import TOLERANCE_UM, cosine, least_radius_um, mean_curvature_per_um, sides_of

FloatArray = NDArray[np.float64]

# Directions and distances at which a quarter of the face is searched for its sharpest curvature.
_SEARCHED = 65
# Keeps the steepest point finite where an edge all but reaches its radius.
_LEAST_SQUARE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class EllipticalTip:
    """A biconic dome: a circle of ``radius_x_um`` along x, of ``radius_y_um`` along y, a sphere where they are equal.

    z = -u / (1 + s), u = x^2 / Rx + y^2 / Ry, s = sqrt(1 - x^2 / Rx^2 - y^2 / Ry^2): the biconic of optical design
    with both conic constants 0. The outline is the ellipse of the semi-axes ``edge_x_um`` and ``edge_y_um``.
    """

    radius_x_um: float
    radius_y_um: float
    edge_x_um: float
    edge_y_um: float
    boundary: Polygon = field(init=False, repr=False, compare=False)
    nose_radius_um: float = field(init=False, repr=False, compare=False)
    mean_curvature_per_um: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Draw the outline and find the curvatures once."""
        outline = Polygon(self._ellipse(sides_of(self.edge_radius_um)))
        share, turn = np.meshgrid(np.linspace(0.0, 1.0, _SEARCHED), np.linspace(0.0, pi / 2.0, _SEARCHED))
        x_um, y_um = share * self.edge_x_um * np.cos(turn), share * self.edge_y_um * np.sin(turn)
        object.__setattr__(self, "boundary", outline)
        object.__setattr__(self, "nose_radius_um", least_radius_um(self._lean, x_um, y_um))
        object.__setattr__(self, "mean_curvature_per_um", mean_curvature_per_um(outline, self._lean))

    @property
    def edge_radius_um(self) -> float:
        """The longer semi-axis of the outline."""
        return max(self.edge_x_um, self.edge_y_um)

    @property
    def face_area_um2(self) -> float:
        """Area of the ellipse."""
        return pi * self.edge_x_um * self.edge_y_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area pi sqrt(Rx Ry) (2 D - D^2 / h), h the radii's harmonic mean, D at most the lesser radius.

        In polar coordinates r^2 = 2 D / a - b D^2 / a^2, a = cos^2 / Rx + sin^2 / Ry, b = cos^2 / Rx^2 + sin^2 / Ry^2.
        """
        depth = np.clip(depth_um, 0.0, min(self.radius_x_um, self.radius_y_um))
        return np.asarray(pi * self._mean_um * (2.0 * depth - depth**2 / self._harmonic_um))

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth h (1 - sqrt(1 - A / (pi h sqrt(Rx Ry)))), ``inf`` beyond the depth at which the dome ends."""
        area = np.asarray(area_um2, dtype=np.float64)
        most = self.section_um2(np.array(np.inf))
        share = area / (pi * self._mean_um * self._harmonic_um)
        # Written so that small areas keep their digits.
        depth = self._harmonic_um * share / (1.0 + np.sqrt(np.maximum(1.0 - share, 0.0)))
        return np.where(area <= most, depth, np.inf)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z, NaN outside the outline."""
        fall = np.square(x_um) / self.radius_x_um + np.square(y_um) / self.radius_y_um
        return np.where(self._inside(x_um, y_um), -fall / (1.0 + self._root(x_um, y_um)), np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the slope, NaN outside the outline."""
        return np.where(self._inside(x_um, y_um), cosine(*self._lean(x_um, y_um)), np.nan)

    @property
    def _mean_um(self) -> float:
        return sqrt(self.radius_x_um * self.radius_y_um)

    @property
    def _harmonic_um(self) -> float:
        return 2.0 / (1.0 / self.radius_x_um + 1.0 / self.radius_y_um)

    def _ellipse(self, sides: int) -> FloatArray:
        turn = 2.0 * pi / sides * np.arange(sides)
        return np.stack([self.edge_x_um * np.cos(turn), self.edge_y_um * np.sin(turn)], axis=1)

    def _inside(self, x_um: FloatArray, y_um: FloatArray) -> NDArray[np.bool_]:
        along, across = self.edge_x_um + TOLERANCE_UM, self.edge_y_um + TOLERANCE_UM
        return np.square(x_um / along) + np.square(y_um / across) <= 1.0

    def _root(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        rest = 1.0 - np.square(x_um / self.radius_x_um) - np.square(y_um / self.radius_y_um)
        return np.asarray(np.sqrt(np.maximum(rest, _LEAST_SQUARE)))

    def _lean(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How the fall u / (1 + s) grows along x and y."""
        root = self._root(x_um, y_um)
        fall = (np.square(x_um) / self.radius_x_um + np.square(y_um) / self.radius_y_um) / (1.0 + root)
        falls_x, falls_y = (
            place / (radius * (1.0 + root)) * (2.0 + fall / (radius * root))
            for place, radius in ((x_um, self.radius_x_um), (y_um, self.radius_y_um))
        )
        return np.asarray(falls_x), np.asarray(falls_y)
