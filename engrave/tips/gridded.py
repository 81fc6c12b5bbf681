"""A tip as it was measured: heights on a regular grid, joined by a smooth surface."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.outlines import TOLERANCE_UM, cosine, least_radius_um, mean_curvature_per_um
from engrave.tips.sections import SectionTable

if TYPE_CHECKING:
    from scipy.interpolate import RectBivariateSpline

FloatArray = NDArray[np.float64]

# For the section: depths tabulated, sides of the outline at the least, and points from the axis to each side.
_DEPTHS, _SIDES, _POINTS = 513, 512, 128
# Successive sides take their points at fractions of this apart, so that no two rings of points coincide.
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
# A surface that leaves the outline with less slope than this (3 degrees) is level there: nothing is taken to follow,
# or, where it leaves most of the outline so, an endless flat.
_LEVEL_SLOPE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class GriddedTip:
    """A bicubic spline through heights sampled ``step_um`` apart, cut off at ``boundary``.

    ``heights_um`` has its row of least y first, x runs fastest; the middle sample lies on the axis, and the highest
    sample inside the boundary is the apex: its height becomes 0. Samples outside the boundary only guide the spline.
    """

    step_um: float
    heights_um: tuple[tuple[float, ...], ...]
    boundary: Polygon
    nose_radius_um: float = field(init=False, repr=False, compare=False)
    mean_curvature_per_um: float = field(init=False, repr=False, compare=False)
    _spline: "RectBivariateSpline" = field(init=False, repr=False, compare=False)
    _allowed: Polygon = field(init=False, repr=False, compare=False)
    _table: SectionTable = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the spline, find the curvatures and tabulate the section."""
        from scipy.interpolate import RectBivariateSpline

        samples = np.array(self.heights_um, dtype=np.float64)
        x_um, y_um = (self.step_um * (np.arange(count) - (count - 1) / 2.0) for count in samples.shape[::-1])
        across, up = np.meshgrid(x_um, y_um)
        held = shapely.contains_xy(self.boundary, across, up)
        samples -= samples[held].max()
        allowed = self.boundary.buffer(TOLERANCE_UM, join_style="mitre")
        shapely.prepare(allowed)
        object.__setattr__(self, "_spline", RectBivariateSpline(x_um, y_um, samples.T))
        object.__setattr__(self, "_allowed", allowed)
        object.__setattr__(self, "nose_radius_um", least_radius_um(self._lean, across[held], up[held]))
        fine = self._outline()
        object.__setattr__(self, "mean_curvature_per_um", mean_curvature_per_um(fine, self._lean))
        object.__setattr__(self, "_table", self._tabulated(fine))

    @property
    def edge_radius_um(self) -> float:
        """Distance of the outline's farthest corner from the axis."""
        return float(np.hypot(*np.asarray(self.boundary.exterior.coords)[:, :2].T).max())

    @property
    def face_area_um2(self) -> float:
        """Area within the outline."""
        return float(self.boundary.area)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area above a depth by the table; beyond the outline each direction goes on with its last slope."""
        return self._table.section_um2(depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Depth at which the section has an area, by the table."""
        return self._table.section_depth_um(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z of the spline, NaN outside the outline."""
        return np.where(shapely.intersects_xy(self._allowed, x_um, y_um), self._spline.ev(x_um, y_um), np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the spline's slope, NaN outside the outline."""
        within = shapely.intersects_xy(self._allowed, x_um, y_um)
        return np.where(within, cosine(*self._lean(x_um, y_um)), np.nan)

    def _lean(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        return -self._spline.ev(x_um, y_um, dx=1), -self._spline.ev(x_um, y_um, dy=1)

    def _outline(self) -> Polygon:
        """The boundary with its sides cut short."""
        return self.boundary.segmentize(self.boundary.length / _SIDES)

    def _tabulated(self, outline: Polygon) -> SectionTable:
        """The section: triangles from the axis to the outline's sides, counted by points, and what follows outside."""
        ring = np.asarray(outline.exterior.coords)[:, :2]
        start, middle = ring[:-1], (ring[:-1] + ring[1:]) / 2.0
        way = 1.0 if outline.exterior.is_ccw else -1.0
        fans_um2 = way / 2.0 * (start[:, 0] * ring[1:, 1] - start[:, 1] * ring[1:, 0])
        stagger = (np.arange(len(middle)) * _GOLDEN) % 1.0
        share = (np.arange(_POINTS) + stagger[:, None]) / _POINTS
        weight = share / share.sum(axis=1, keepdims=True) * fans_um2[:, None]
        depth = -self._spline.ev(share * middle[:, 0, None], share * middle[:, 1, None])
        rim_um, slope = self._rim(middle)
        grid = max(0.0, float(rim_um.max())) * np.linspace(0.0, 1.0, _DEPTHS) ** 2
        area = _counted(depth, weight, grid)
        level = slope < _LEVEL_SLOPE
        flat = fans_um2[level].sum() > fans_um2.sum() / 2.0
        level_um = max(0.0, float(rim_um[level].min())) if flat else float("inf")
        farther = np.maximum(grid[:, None] - rim_um, 0.0) / np.where(level, np.inf, slope)
        reach = 1.0 + farther / np.hypot(middle[:, 0], middle[:, 1])
        area += ((reach**2 - 1.0) * fans_um2).sum(axis=1)
        known = grid <= level_um
        # Between the last depth known and the level one nothing more is claimed.
        slope_um = 0.0 if flat else None
        return SectionTable.of(grid[known], area[known], slope_um=slope_um, level_um=level_um)

    def _rim(self, middle: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Depth at points of the outline, and how steeply the surface falls there, straight away from the axis."""
        x_um, y_um = middle[:, 0], middle[:, 1]
        falls_x, falls_y = self._lean(x_um, y_um)
        return -self._spline.ev(x_um, y_um), (falls_x * x_um + falls_y * y_um) / np.hypot(x_um, y_um)


def _counted(depth_um: FloatArray, weight_um2: FloatArray, grid_um: FloatArray) -> FloatArray:
    """Weight of all points no deeper than each depth of the grid."""
    order = np.argsort(depth_um, axis=None, kind="stable")
    total = np.append(0.0, np.cumsum(weight_um2.ravel()[order]))
    return np.asarray(total[np.searchsorted(depth_um.ravel()[order], grid_um, side="right")])
