"""A rectangular tip with rounded edges, flat or cylindrical in front."""

from dataclasses import dataclass, field
from math import hypot, pi, sin

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips.outlines import TOLERANCE_UM, cosine, least_radius_um, sides_of, square_um2
from engrave.tips.sections import SectionTable

FloatArray = NDArray[np.float64]

EDGE_TURN_RAD = pi / 4.0
"""How far an edge's rounding has turned at the outline: beyond it lies the shank's side, which nobody engraves."""

# Depths tabulated, and the strips across the face at each.
_DEPTHS, _STRIPS = 513, 512
# Places along a quarter of the face at which its sharpest curvature is looked for.
_SEARCHED = 257


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiselTip:
    """A rectangle of ``length_x_um`` by ``width_y_um`` over all, its edges and corners rounded.

    Inside lies a core rectangle, smaller all round by ``edge_round_um`` sin 45 degrees. At a distance d outside the
    core the edge falls by rho - sqrt(rho^2 - d^2), rho the edge round: a cylinder along the sides and a ball at the
    corners, cut off where it has turned by 45 degrees; so the outline's corners are rounded too. ``front_radius_um``
    makes the front a cylinder along x, whose fall F - sqrt(F^2 - y^2) adds to the edge's. Without it the core is flat.
    """

    length_x_um: float
    width_y_um: float
    edge_round_um: float
    front_radius_um: float | None = None
    nose_radius_um: float = field(init=False, repr=False, compare=False)
    _table: SectionTable | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the sharpest curvature and, for a cylindrical front, tabulate the section."""
        front = self.front_radius_um
        object.__setattr__(self, "nose_radius_um", self.edge_round_um if front is None else self._sharpest_um())
        object.__setattr__(self, "_table", None if front is None else self._tabulated(front))

    @property
    def rim_um(self) -> float:
        """Width of the rounded rim, between core and outline."""
        return self.edge_round_um * sin(EDGE_TURN_RAD)

    @property
    def core_um(self) -> tuple[float, float]:
        """Half the core's length and half its width."""
        return self.length_x_um / 2.0 - self.rim_um, self.width_y_um / 2.0 - self.rim_um

    @property
    def edge_radius_um(self) -> float:
        """Distance of the outline's corners from the axis."""
        return hypot(*self.core_um) + self.rim_um

    @property
    def boundary(self) -> Polygon:
        """The rectangle with its corners rounded."""
        quarter = sides_of(self.rim_um) // 4
        turn = pi / 2.0 * (np.arange(4)[:, None] + np.linspace(0.0, 1.0, quarter + 1)[None, :])
        right, upper = np.array([1.0, -1.0, -1.0, 1.0])[:, None], np.array([1.0, 1.0, -1.0, -1.0])[:, None]
        half_x, half_y = self.core_um
        corners = [right * half_x + self.rim_um * np.cos(turn), upper * half_y + self.rim_um * np.sin(turn)]
        return Polygon(np.stack(corners, axis=-1).reshape(-1, 2))

    @property
    def face_area_um2(self) -> float:
        """Area within the outline."""
        return float(self._grown_um2(np.array(self.rim_um)))

    @property
    def mean_curvature_per_um(self) -> float:
        """Half the front's curvature; edges do not count, for they carry no membrane."""
        return 0.0 if self.front_radius_um is None else 0.5 / self.front_radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """The core grown by the distance at which the edge has fallen so far; tabulated for a cylindrical front."""
        if self._table is not None:
            return self._table.section_um2(depth_um)
        depth = np.clip(depth_um, 0.0, self.edge_round_um)
        grown = self._grown_um2(np.sqrt(depth * (2.0 * self.edge_round_um - depth)))
        return np.where(np.asarray(depth_um) < 0, 0.0, grown)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """The inverse: 0 up to the flat core's area, ``inf`` beyond where the edges have turned all the way."""
        if self._table is not None:
            return self._table.section_depth_um(area_um2)
        area = np.asarray(area_um2, dtype=np.float64)
        half_x, half_y = self.core_um
        flat, most = self._grown_um2(np.array([0.0, self.edge_round_um]))
        linear, more = 2.0 * (half_x + half_y), np.maximum(area - flat, 0.0)
        distance = more / (linear + np.sqrt(linear**2 + pi * more))
        rest = self.edge_round_um**2 - np.square(distance)
        depth = self.edge_round_um - np.sqrt(np.maximum(rest, 0.0))
        return np.where(area <= most, depth, np.inf)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Height z, NaN outside the outline."""
        square = self._beyond_square(x_um, y_um)
        edge = np.sqrt(np.maximum(self.edge_round_um**2 - square, 0.0)) - self.edge_round_um
        return np.where(self._inside(square), edge - self._front_fall(y_um), np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Cosine of the slope, NaN outside the outline."""
        within = self._inside(self._beyond_square(x_um, y_um))
        return np.where(within, cosine(*self._lean(x_um, y_um)), np.nan)

    def _inside(self, beyond_square: FloatArray) -> NDArray[np.bool_]:
        return beyond_square <= (self.rim_um + TOLERANCE_UM) ** 2

    def _grown_um2(self, distance_um: FloatArray) -> FloatArray:
        """Area of the core grown by a distance all round."""
        half_x, half_y = self.core_um
        return 4.0 * half_x * half_y + 4.0 * (half_x + half_y) * distance_um + pi * distance_um**2

    def _beyond(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How far points lie beyond the core along x and along y, with the side's sign."""
        half_x, half_y = self.core_um
        return x_um - np.clip(x_um, -half_x, half_x), y_um - np.clip(y_um, -half_y, half_y)

    def _beyond_square(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        return square_um2(*self._beyond(x_um, y_um))

    def _front_fall(self, y_um: FloatArray) -> FloatArray:
        if self.front_radius_um is None:
            return np.zeros_like(y_um)
        rest = np.maximum(self.front_radius_um**2 - np.square(y_um), 0.0)
        return np.asarray(self.front_radius_um - np.sqrt(rest))

    def _lean(self, x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How the fall grows along x and y: the edge's share and the front's."""
        beyond_x, beyond_y = self._beyond(x_um, y_um)
        root = np.sqrt(np.maximum(self.edge_round_um**2 - np.square(beyond_x) - np.square(beyond_y), TOLERANCE_UM**2))
        if self.front_radius_um is None:
            return beyond_x / root, beyond_y / root
        front = y_um / np.sqrt(np.maximum(self.front_radius_um**2 - np.square(y_um), TOLERANCE_UM**2))
        return beyond_x / root, beyond_y / root + front

    def _sharpest_um(self) -> float:
        """Least radius of curvature: looked for across the middle and along the rim of a quarter of the face."""
        half_x, half_y = self.core_um
        share = np.linspace(0.0, 1.0, _SEARCHED)
        across, rim = share * (half_y + self.rim_um), share * self.rim_um
        turned = rim[:, None] * np.stack([np.cos(share * pi / 2.0), np.sin(share * pi / 2.0)])[:, None, :]
        x_um = np.concatenate([np.zeros_like(across), (half_x + turned[0]).ravel()])
        y_um = np.concatenate([across, (half_y + turned[1]).ravel()])
        return least_radius_um(self._lean, x_um, y_um)

    def _tabulated(self, front_um: float) -> SectionTable:
        """The section of a cylindrical front: strips along x, as long as the depth left for the edge allows."""
        half_x, half_y = self.core_um
        widest = min(half_y + self.edge_round_um, front_um)
        most = self._front_fall(np.array(widest)) + self.edge_round_um
        depth = most * np.linspace(0.0, 1.0, _DEPTHS) ** 2
        reach = np.minimum(np.sqrt(depth * np.maximum(2.0 * front_um - depth, 0.0)), widest)
        reach = np.where(depth < front_um, reach, widest)
        y_um = reach[:, None] * ((np.arange(_STRIPS) + 0.5) / _STRIPS)[None, :]
        left = np.clip(depth[:, None] - self._front_fall(y_um), 0.0, self.edge_round_um)
        free = left * (2.0 * self.edge_round_um - left) - np.square(np.maximum(y_um - half_y, 0.0))
        long = np.where(free >= 0, half_x + np.sqrt(np.maximum(free, 0.0)), 0.0)
        return SectionTable.of(depth, 4.0 * reach * long.mean(axis=1), slope_um=0.0)
