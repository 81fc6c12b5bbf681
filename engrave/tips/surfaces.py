"""Tip surfaces: height, slope, outline and section of a tip, satisfying ``toolpaths.surface.Surface``."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.chisel import ChiselTip
from engrave.tips.conical import ConicalTip
from engrave.tips.elliptical import EllipticalTip
from engrave.tips.forms import outline_of
from engrave.tips.gridded import GriddedTip
from engrave.tips.library import Pin
from engrave.tips.outlines import inside, square_um2
from engrave.tips.revolved import RevolvedTip
from toolpaths.surface import disc

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SphericalTip:
    """A spherical cap of ``radius_um``, cut off at ``edge_radius_um`` from the axis."""

    radius_um: float
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
    def nose_radius_um(self) -> float:
        """Least radius of curvature: the sphere's."""
        return self.radius_um

    @property
    def mean_curvature_per_um(self) -> float:
        """1 / R, as everywhere on the sphere."""
        return 1.0 / self.radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area pi (2 R D - D^2), D at most R."""
        depth = np.clip(depth_um, 0.0, self.radius_um)
        return np.asarray(pi * (2.0 * self.radius_um * depth - depth**2))

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth R - sqrt(R^2 - A / pi), ``inf`` beyond the sphere's greatest circle."""
        rest = self.radius_um**2 - np.asarray(area_um2) / pi
        return np.where(rest >= 0, self.radius_um - np.sqrt(np.maximum(rest, 0.0)), np.inf)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z = sqrt(R^2 - r^2) - R, NaN outside the edge."""
        square = square_um2(x_um, y_um)
        height = np.sqrt(np.maximum(self.radius_um**2 - square, 0.0)) - self.radius_um
        return np.where(inside(square, self.edge_radius_um), height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine sqrt(1 - (r/R)^2) of the slope, NaN outside the edge."""
        square = square_um2(x_um, y_um)
        cosine = np.sqrt(np.maximum(1.0 - square / self.radius_um**2, 0.0))
        return np.where(inside(square, self.edge_radius_um), cosine, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatTip:
    """A flat disc of ``edge_radius_um``, square to the axis."""

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
    def nose_radius_um(self) -> float:
        """Infinite: a flat has no curvature."""
        return float("inf")

    @property
    def mean_curvature_per_um(self) -> float:
        """None: a flat has no curvature."""
        return 0.0

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Infinite from depth 0 on."""
        return np.where(np.asarray(depth_um) >= 0, np.inf, 0.0)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Zero for every area."""
        return np.zeros(np.shape(area_um2))

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Zero on the flat, NaN outside the edge."""
        return np.where(inside(square_um2(x_um, y_um), self.edge_radius_um), 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """One on the flat, NaN outside the edge."""
        return np.where(inside(square_um2(x_um, y_um), self.edge_radius_um), 1.0, np.nan)


Tip = SphericalTip | FlatTip | EllipticalTip | ConicalTip | ChiselTip | RevolvedTip | GriddedTip

# The fields of a profile are those of its surface, but for a measured tip's outline.
_TIPS: dict[str, Callable[..., Tip]] = {
    "sphere": SphericalTip,
    "flat": FlatTip,
    "ellipse": EllipticalTip,
    "cone": ConicalTip,
    "chisel": ChiselTip,
    "revolved": RevolvedTip,
}


def tip_of(pin: Pin) -> Tip:
    """The surface that a pin profile describes."""
    figures: dict[str, Any] = {name: getattr(pin, name) for name in pin.figures()}
    if pin.shape == "measured":
        outline = outline_of(figures.pop("outline_x_um"), figures.pop("outline_y_um"))
        return GriddedTip(boundary=outline, **figures)
    return _TIPS[pin.shape](**figures)
