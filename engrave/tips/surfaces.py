"""Tip surfaces: height and slope anywhere on the tip, satisfying ``toolpaths.surface.Surface``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.tips.library import Pin

FloatArray = NDArray[np.float64]


def _inside(square_um2: FloatArray, edge_radius_um: float) -> NDArray[np.bool_]:
    """Within the edge, by the squared distance from the axis; a nanometre is allowed, as in machine files."""
    return square_um2 <= (edge_radius_um + 1e-3) ** 2


def _square_um2(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    return np.asarray(np.square(x_um) + np.square(y_um))


@dataclass(frozen=True, slots=True, kw_only=True)
class SphericalTip:
    """A spherical cap of ``radius_um``, cut off at ``edge_radius_um`` from the axis."""

    radius_um: float
    edge_radius_um: float

    @property
    def nose_radius_um(self) -> float:
        """Least radius of curvature: the sphere's."""
        return self.radius_um

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z = sqrt(R^2 - r^2) - R, NaN outside the edge."""
        square = _square_um2(x_um, y_um)
        height = np.sqrt(np.maximum(self.radius_um**2 - square, 0.0)) - self.radius_um
        return np.where(_inside(square, self.edge_radius_um), height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine sqrt(1 - (r/R)^2) of the slope, NaN outside the edge."""
        square = _square_um2(x_um, y_um)
        cosine = np.sqrt(np.maximum(1.0 - square / self.radius_um**2, 0.0))
        return np.where(_inside(square, self.edge_radius_um), cosine, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatTip:
    """A flat disc of ``edge_radius_um``, square to the axis."""

    edge_radius_um: float

    @property
    def nose_radius_um(self) -> float:
        """Infinite: a flat has no curvature."""
        return float("inf")

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Zero on the flat, NaN outside the edge."""
        return np.where(_inside(_square_um2(x_um, y_um), self.edge_radius_um), 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """One on the flat, NaN outside the edge."""
        return np.where(_inside(_square_um2(x_um, y_um), self.edge_radius_um), 1.0, np.nan)


Tip = SphericalTip | FlatTip


def tip_of(pin: Pin) -> Tip:
    """The surface that a pin profile describes."""
    if pin.radius_um is None:
        return FlatTip(edge_radius_um=pin.edge_radius_um)
    return SphericalTip(radius_um=pin.radius_um, edge_radius_um=pin.edge_radius_um)
