"""A tip turned from a profile: points from the apex outwards, joined smoothly."""

from dataclasses import dataclass, field
from math import hypot, pi
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.outlines import cosine, inside, square_um2
from engrave.tips.sections import SectionTable
from toolpaths.surface import disc

if TYPE_CHECKING:
    from scipy.interpolate import PPoly

FloatArray = NDArray[np.float64]

# Places between two points at which the section is tabulated and the sharpest curvature looked for.
_BETWEEN = 64
_LEVEL_PER_UM = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RevolvedTip:
    """A profile turned about the axis; its last point is the edge.

    ``profile_r_um`` rises from 0, ``profile_z_um`` falls from 0. Between the points runs the monotone cubic of Fritsch
    and Carlson with Butland's slopes (PCHIP): one slope at every point, no overshoot. It is laid over the square of the
    radius, in which a dome is nearly straight: the apex is level, and a paraboloid comes out whole.
    """

    profile_r_um: tuple[float, ...]
    profile_z_um: tuple[float, ...]
    _curve: "PPoly" = field(init=False, repr=False, compare=False)
    _slope: "PPoly" = field(init=False, repr=False, compare=False)
    _table: SectionTable = field(init=False, repr=False, compare=False)
    nose_radius_um: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the curve, tabulate the section and find the sharpest curvature."""
        from scipy.interpolate import PchipInterpolator

        radii, heights = np.array(self.profile_r_um), np.array(self.profile_z_um)
        curve = PchipInterpolator(radii**2, heights)
        share = np.arange(_BETWEEN) / _BETWEEN
        places = np.append((radii[:-1, None] + np.diff(radii)[:, None] * share).ravel(), radii[-1])
        object.__setattr__(self, "_curve", curve)
        object.__setattr__(self, "_slope", curve.derivative())
        object.__setattr__(self, "_table", SectionTable.of(-curve(places**2), pi * places**2))
        object.__setattr__(self, "nose_radius_um", self._sharpest_um((places[:-1] + places[1:]) / 2.0))

    @property
    def edge_radius_um(self) -> float:
        """Radius of the profile's last point."""
        return self.profile_r_um[-1]

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
        """Sine of the slope at the edge over the edge radius: the normal has that horizontal part all round it."""
        slope = float(self._slope_at(np.array(self.edge_radius_um**2)))
        return -slope / hypot(1.0, slope) / self.edge_radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area pi r^2 at the radius where the profile lies so deep; beyond the edge it grows as it did at last."""
        return self._table.section_um2(depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth of the profile at the radius of that area; 0 on a level front."""
        return self._table.section_depth_um(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z of the curve, NaN outside the edge."""
        square = square_um2(x_um, y_um)
        height = self._curve(np.minimum(square, self.edge_radius_um**2))
        return np.where(inside(square, self.edge_radius_um), height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the curve's slope, NaN outside the edge."""
        square = square_um2(x_um, y_um)
        slope = self._slope_at(np.minimum(square, self.edge_radius_um**2))
        return np.where(inside(square, self.edge_radius_um), cosine(slope, np.zeros_like(slope)), np.nan)

    def _slope_at(self, square: FloatArray) -> FloatArray:
        """Rise with the radius, at squared radii."""
        return np.asarray(2.0 * np.sqrt(square) * self._slope(square))

    def _sharpest_um(self, r_um: FloatArray) -> float:
        """Least of both radii of curvature, along the profile and round the axis; ``inf`` for a level front."""
        square = r_um**2
        slope = self._slope_at(square)
        bend = 2.0 * self._slope(square) + 4.0 * square * self._slope.derivative()(square)
        steep = np.sqrt(1.0 + slope**2)
        sharpest = float(np.max(np.maximum(np.abs(bend) / steep**3, np.abs(slope) / (r_um * steep))))
        return 1.0 / sharpest if sharpest > _LEVEL_PER_UM else float("inf")
