"""The area of a surface above a depth, tabulated for forms that have no formula for it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SectionTable:
    """Areas at depths below the apex, straight between them, going on beyond the last with one slope.

    depth_um, area_um2 : (n,) float, both rising.
    slope_um : area gained for each um of depth beyond the table, um2 / um; 0 where nothing follows.
    level_um : the depth from which on the area is infinite: the surface goes on level there; ``inf`` where it never is.
    """

    depth_um: FloatArray
    area_um2: FloatArray
    slope_um: float
    level_um: float = float("inf")

    @classmethod
    def of(
        cls,
        depth_um: FloatArray,
        area_um2: FloatArray,
        *,
        slope_um: float | None = None,
        level_um: float = float("inf"),
    ) -> "SectionTable":
        """A table from areas at depths that do not fall; of equal depths the last counts. Without a slope, its last.

        A single depth is that of a level surface, when no slope is given either.
        """
        steps = np.append(np.diff(depth_um) > 0, True)
        depth, area = depth_um[steps], np.maximum.accumulate(area_um2[steps])
        gains = np.insert(np.diff(area) > 0, 0, True)
        if slope_um is None and depth.size == 1:
            return cls(depth_um=depth, area_um2=area, slope_um=0.0, level_um=float(depth[0]))
        last = float((area[-1] - area[-2]) / (depth[-1] - depth[-2])) if slope_um is None else slope_um
        return cls(depth_um=depth[gains], area_um2=area[gains], slope_um=last, level_um=level_um)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Area less than a depth below the apex, um2; 0 above the apex."""
        depth = np.asarray(depth_um, dtype=np.float64)
        beyond = np.maximum(depth - self.depth_um[-1], 0.0) * self.slope_um
        area = np.where(depth < 0, 0.0, np.interp(depth, self.depth_um, self.area_um2) + beyond)
        return np.where(depth >= self.level_um, np.inf, area)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Least depth at which the section has an area, um; ``inf`` where no depth has it."""
        area = np.asarray(area_um2, dtype=np.float64)
        over = area - self.area_um2[-1]
        beyond = np.maximum(over, 0.0) / self.slope_um if self.slope_um > 0 else np.where(over > 0, np.inf, 0.0)
        return np.minimum(np.interp(area, self.area_um2, self.depth_um) + beyond, self.level_um)
