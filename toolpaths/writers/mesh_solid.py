"""A cut tip as a closed solid: its surface on top, walls down from the rim, a flat base."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString

from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap
from toolpaths.writers.mesh_triangles import triangles_over
from toolpaths.writers.nanometres import NM_PER_UM

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BASE_UM = 200.0
"""How far the base lies below the lowest place of the surface: to close the body, and no claim about the pin."""
TOLERANCE_UM = 0.25
"""How far a sample may lie from the triangle that stands for it: on a hatched floor that makes 0.07 um rms."""

# Ten times as wide as any tip; below it every nanometre is exact in the single floats of STL and glTF.
_MOST_UM = 8000.0
_MOST_SAMPLES = 2_000_000
# A thin corner of the outline may fall into crumbs on a grid; more than this share of the samples is no crumb.
_MOST_CRUMBS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """A closed body in the pin frame.

    vertices_nm : (n, 3) int, nm. triangles : (m, 3) int, indices of vertices, anticlockwise as seen from outside.
    """

    vertices_nm: IntArray
    triangles: IntArray


def solid_of(heights: HeightMap, *, base_um: float = BASE_UM, tolerance_um: float = TOLERANCE_UM) -> Solid:
    """The closed body under a height map, by ``mesh_triangles.triangles_over``: walls from its rim, a flat base.

    base_um : how far the base lies below the lowest place of the surface. tolerance_um : how far a sample that is no
    corner may lie from its triangle; 0 leaves out only what changes nothing.
    Heights and places are rounded to whole nanometres. Samples that no triangle reaches, and those at which two parts
    of the surface would touch in a single point, are left out: else walls would meet in an edge of four facets.
    Raises ToolpathError for a map in another frame, too many samples, heights out of measure, a base that is not
    below the surface, a negative tolerance, and a surface that is not in one piece.
    """
    _check(heights, base_um, tolerance_um)
    known, top = _surface(heights.z_um, tolerance_um)
    rim = _rim(top, known)
    kept = np.zeros(known.shape, dtype=np.bool_)
    kept.ravel()[top] = True
    numbers = np.cumsum(kept.ravel()) - 1
    top_nm = _vertices_nm(heights, kept)
    foot = np.unique(rim)
    foot_nm = top_nm[numbers[foot]]
    foot_nm[:, 2] = top_nm[:, 2].min() - round(base_um * NM_PER_UM)
    feet = np.zeros(kept.size, dtype=np.int64)
    feet[foot] = len(top_nm) + np.arange(foot.size)
    begin, end = numbers[rim[:, 0]], numbers[rim[:, 1]]
    low_begin, low_end = feet[rim[:, 0]], feet[rim[:, 1]]
    walls = [np.stack([begin, low_begin, low_end], axis=1), np.stack([begin, low_end, end], axis=1)]
    base = feet[_base(rim, known.shape[1])]
    return Solid(
        vertices_nm=np.concatenate([top_nm, foot_nm]),
        triangles=np.concatenate([numbers[top], *walls, base]),
    )


def _check(heights: HeightMap, base_um: float, tolerance_um: float) -> None:
    if heights.frame != "pin":
        raise ToolpathError(f"mesh: give the tip in the pin frame, not the {heights.frame} frame")
    if heights.z_um.size > _MOST_SAMPLES:
        raise ToolpathError(f"mesh: {heights.z_um.size} samples, where {_MOST_SAMPLES} are the most; use wider pixels")
    if not 0 < base_um <= _MOST_UM:
        raise ToolpathError(f"mesh: the base must lie 0 to {_MOST_UM:g} um below the surface, not {base_um:g} um")
    if not 0 <= tolerance_um < np.inf:
        raise ToolpathError(f"mesh: the tolerance must be 0 or above, not {tolerance_um:g} um")
    ends_um = np.array([*heights.x_um()[[0, -1]], *heights.y_um()[[0, -1]]]) if heights.z_um.size else np.zeros(1)
    known_um = heights.z_um[np.isfinite(heights.z_um)]
    furthest_um = max(float(np.abs(ends_um).max()), float(np.abs(known_um).max(initial=0.0)))
    if not furthest_um <= _MOST_UM:
        raise ToolpathError(f"mesh: reaches {furthest_um:g} um from the apex, where {_MOST_UM:g} um are the most")


def _surface(z_um: FloatArray, tolerance_um: float) -> tuple[BoolArray, IntArray]:
    """The samples in use, and the triangles over them (m, 3), by their place in the flattened map."""
    known = np.isfinite(z_um)
    while True:
        top = triangles_over(np.where(known, z_um, np.nan), tolerance_um=tolerance_um)
        if not len(top):
            raise ToolpathError("mesh: no three neighbouring samples have a height: there is no surface")
        # Where two parts touch in a point, the rim leaves that point twice.
        leaving = np.bincount(_rim(top, known)[:, 0], minlength=known.size)
        if leaving.max() < 2:  # noqa: PLR2004 - twice
            return known, _largest_piece(top, known.size)
        known = known & (leaving < 2).reshape(known.shape)  # noqa: PLR2004 - twice


def _rim(triangles: IntArray, known: BoolArray) -> IntArray:
    """Directed edges that belong to one triangle alone, (k, 2): the surface to the left of them."""
    padded = np.pad(known, 1)
    around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).all(axis=(2, 3)).ravel()
    edges = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    # A sample with all its neighbours lies inside.
    edges = edges[~around[edges].any(axis=1)]
    forward = edges[:, 0] * known.size + edges[:, 1]
    backward = edges[:, 1] * known.size + edges[:, 0]
    alone: IntArray = edges[~np.isin(forward, backward)]
    return alone


def _largest_piece(triangles: IntArray, size: int) -> IntArray:
    """The triangles of the piece that has nearly all of them. Raises ToolpathError where no piece has."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    begin, end = triangles[:, :2].ravel(), triangles[:, 1:].ravel()
    joined = coo_array((np.ones(begin.size, dtype=np.int8), (begin, end)), shape=(size, size)).tocsr()
    piece = connected_components(joined, directed=False)[1][triangles[:, 0]]
    count = np.bincount(piece)
    largest = int(count.argmax())
    if count[largest] < (1 - _MOST_CRUMBS) * len(triangles):
        pieces = np.count_nonzero(count)
        raise ToolpathError(f"mesh: the surface is in {pieces} pieces; a tip is one: fill the gaps in its heights")
    whole: IntArray = triangles[piece == largest]
    return whole


def _base(rim: IntArray, columns: int) -> IntArray:
    """Triangles over what the rim encloses, looking down, (m, 3), by place; every point of the rim is a corner."""
    ends = np.stack([rim % columns, rim // columns], axis=-1)
    area = shapely.build_area(MultiLineString(list(ends.astype(np.float64))))
    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(area))
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    column, row = np.rint(corners).astype(np.int64).transpose(2, 0, 1)
    one, other = (np.stack([column[:, k] - column[:, 0], row[:, k] - row[:, 0]]) for k in (1, 2))
    upward = one[0] * other[1] - one[1] * other[0] > 0
    place = row * columns + column
    place[upward] = place[upward][:, ::-1]
    # The library may give them in any order, and begin each anywhere.
    first = place.argmin(axis=1)[:, None]
    place = np.take_along_axis(place, (first + np.arange(3)) % 3, axis=1)
    return place[np.lexsort(place.T[::-1])]


def _vertices_nm(heights: HeightMap, kept: BoolArray) -> IntArray:
    rows, columns = np.nonzero(kept)
    place_um = np.stack([heights.x_um()[columns], heights.y_um()[rows], heights.z_um[kept]], axis=1)
    return np.rint(place_um * NM_PER_UM).astype(np.int64)
