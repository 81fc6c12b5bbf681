"""Where a rod's middle goes: round what it may reach, and to and fro over it, no deeper than its flat end fits."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.errors import ToolpathError
from toolpaths.fill import hatch
from toolpaths.order import chained, serpentine
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# An opening just as wide as the rod and its gaps leaves a line for the middle: so much is given away to find it.
_SLACK_UM = 0.01
_QUARTER_SEGMENTS = 32
_SIMPLIFY_UM = 0.05
_LEAST_LENGTH_UM = 1.0
# Lines of a hatch are joined, without lifting the rod, where the way is at most this many stepovers.
_LINK = 2.0
# Places at which the footprint is looked at: on its rim, and up the slope from its middle.
_RIM, _UPHILL = 16, 6
_GRADIENT_UM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Paths of one rod, all in one row of points, with the height of its end where it runs along the face.

    xy_um : (n, 2) float; z_um : (n,) float, um; begins : (n,) bool, true at the first point of each path.
    """

    xy_um: FloatArray
    z_um: FloatArray
    begins: BoolArray

    @property
    def count(self) -> int:
        """Number of points; each stands for the piece that ends there, the first of a path for going down there."""
        return len(self.z_um)

    @property
    def before(self) -> IntArray:
        """Where the piece that ends at each point begins, (n,) int; itself for the first of a path."""
        return np.arange(self.count) - ~self.begins

    def reversed(self) -> "Track":
        """The same paths run from the last to the first, and each of them backwards."""
        ends = np.roll(self.begins, -1)
        return Track(xy_um=self.xy_um[::-1], z_um=self.z_um[::-1], begins=ends[::-1])


def reachable(*, land: shapely.Geometry, field: shapely.Geometry, reach_um: float) -> MultiPolygon:
    """Where a rod's middle may go: within the field, and as far from the land and the field's edge as it reaches."""
    floor = shapely.difference(field, land)
    inside = shapely.buffer(floor, _SLACK_UM - reach_um, quad_segs=_QUARTER_SEGMENTS)
    parts = shapely.get_parts(shapely.simplify(inside, _SIMPLIFY_UM))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and part.length > _LEAST_LENGTH_UM])


def contours(region: MultiPolygon) -> list[FloatArray]:
    """The region's edges, (n, 2) float each, in an order with little travel: two halves of each ring.

    Both halves run from one end of the ring to the other. So all of them run backwards cut a groove that is hardly
    wider than the rod, whose two sides are one, from its other end.
    """
    rings = chained([shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(region))])
    return [half for ring in rings for half in _halves(ring)]


def _halves(ring: FloatArray) -> tuple[FloatArray, FloatArray]:
    corners = ring[:-1]
    longer = int(np.argmax(np.ptp(corners, axis=0)))
    corners = np.roll(corners, -int(np.argmin(corners[:, longer])), axis=0)
    furthest = int(np.argmax(np.hypot(*(corners - corners[0]).T)))
    return corners[: furthest + 1], np.concatenate([corners[:1], corners[furthest:][::-1]])


def filling(region: MultiPolygon, *, stepover_um: float, angle_rad: float) -> list[FloatArray]:
    """Parallel lines over a region, to and fro, joined where the way from one to the next stays in it."""
    segments_um = serpentine(hatch(region, pitch_um=stepover_um, angle_rad=angle_rad, least_length_um=_LEAST_LENGTH_UM))
    if len(segments_um) == 0:
        return []
    links = np.stack([segments_um[:-1, 1], segments_um[1:, 0]], axis=1)
    near = np.hypot(*(links[:, 1] - links[:, 0]).T) <= _LINK * stepover_um
    room = shapely.buffer(region, _SLACK_UM)
    shapely.prepare(room)
    near[near] = shapely.covers(room, shapely.linestrings(links[near]))
    return list(np.split(segments_um.reshape(-1, 2), 2 * (np.flatnonzero(~near) + 1)))


def ring_paths(*, field: Polygon, beyond_um: float, within: Polygon, keep_out: shapely.Geometry) -> list[FloatArray]:
    """The field's outline moved outwards, or what of it lies within a polygon and away from what must be kept."""
    around = shapely.buffer(field, beyond_um, join_style="mitre").exterior
    lines = shapely.difference(shapely.intersection(around, within), keep_out)
    parts = shapely.get_parts(shapely.line_merge(lines) if lines.geom_type == "MultiLineString" else lines)
    return [shapely.get_coordinates(part) for part in parts if part.length > _LEAST_LENGTH_UM]


def track_of(paths: list[FloatArray], *, surface: Surface, milling: Milling, rod: Rod) -> Track | None:
    """Paths in pieces short enough for the surface and for the slope, with heights; None where there is no path.

    Raises ToolpathError where the surface has no height.
    """
    if not paths:
        return None
    points = np.concatenate(paths)
    begins = np.zeros(len(points), dtype=bool)
    begins[np.cumsum([0, *[len(path) for path in paths[:-1]]])] = True
    xy_um, begins = _subdivided(points, begins, surface=surface, milling=milling, rod=rod)
    return Track(xy_um=xy_um, z_um=uphill_um(xy_um, surface=surface, reach_um=milling.reach_um(rod)), begins=begins)


def _subdivided(
    points: FloatArray, begins: BoolArray, *, surface: Surface, milling: Milling, rod: Rod
) -> tuple[FloatArray, BoolArray]:
    """The points of paths with so many between them that every piece is short enough, and which begin a path."""
    steps = np.diff(points, axis=0, prepend=points[:1])
    steps[begins] = 0.0
    cosine = surface.normal_cosine(points[:, 0], points[:, 1])
    _require_face(points, cosine)
    longest_um = _longest_um(np.minimum(cosine, np.roll(cosine, 1)), surface=surface, milling=milling, rod=rod)
    count = np.maximum(1, np.ceil(np.hypot(*steps.T) / longest_um)).astype(np.int64)
    owner = np.repeat(np.arange(len(points)), count)
    left = np.cumsum(count)[owner] - 1 - np.arange(owner.size)
    return points[owner] - (left / count[owner])[:, None] * steps[owner], begins[owner]


def _longest_um(cosine: FloatArray, *, surface: Surface, milling: Milling, rod: Rod) -> FloatArray:
    """Greatest length of a piece: two reaches; less where the face bends, or where the wear on the way is uneven.

    Over a length L a chord lies off by L^2 / 8 times the second derivative, at most 1 / (R cos^3). Along a piece the
    rod is lowered evenly, though it may cut in one half of it alone: off by at most a fourth of what a full cut wears.
    """
    reach_um, tolerance_um = milling.reach_um(rod), milling.chord_tolerance_um
    bend_um = np.sqrt(8 * tolerance_um * max(surface.nose_radius_um, 1.0) * cosine**3)
    wears = milling.wear_ratio * 2 * reach_um * rod.layer_um / rod.section_um2
    return np.minimum(bend_um, min(2 * reach_um, 4 * tolerance_um / wears if wears > 0 else math.inf))


def uphill_um(xy_um: FloatArray, *, surface: Surface, reach_um: float) -> FloatArray:
    """Greatest height of the face within a reach of places, (n,) float, um.

    Looked at in the middle, on the rim, and on the way from the middle up the slope: on a smooth tip the greatest lies
    at one of these.
    """
    turn = 2 * np.pi / _RIM * np.arange(_RIM)
    rim = reach_um * np.column_stack([np.cos(turn), np.sin(turn)])
    around = np.vstack([np.zeros((1, 2)), rim, _GRADIENT_UM * np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])])
    places = xy_um + around[:, None]
    heights = surface.height_um(places[..., 0], places[..., 1])
    _require_face(xy_um, heights[0])
    rise = np.nan_to_num(np.column_stack([heights[-4] - heights[-3], heights[-2] - heights[-1]]))
    steep = np.hypot(*rise.T)
    up = rise / np.where(steep > 0, steep, 1.0)[:, None]
    shares = reach_um * np.linspace(0, 1, _UPHILL + 1)[1:, None, None]
    places = xy_um + shares * up
    uphill = surface.height_um(places[..., 0], places[..., 1])
    highest: FloatArray = np.fmax(np.fmax.reduce(heights, axis=0), np.fmax.reduce(uphill, axis=0))
    return highest


def _require_face(xy_um: FloatArray, values: FloatArray) -> None:
    nowhere = np.flatnonzero(~np.isfinite(values))
    if nowhere.size:
        x_um, y_um = xy_um[nowhere[0]].tolist()
        raise ToolpathError(
            f"plan: the tip has no height at ({x_um:.1f}, {y_um:.1f}) um, where its boundary says there is face "
            f"({nowhere.size} points of the paths); correct the tip's boundary"
        )
