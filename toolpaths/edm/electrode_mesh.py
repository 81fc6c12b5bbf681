"""An electrode as a closed mesh: ribs whose end follows the tip's surface, on a flat base.

A region is cut by a square grid, so fine that flat facets follow the surface. Outline and cells that it crosses are
noded together once, in whole nanometres, and each piece is triangulated by itself (constrained Delaunay); whole cells
are halved. Neighbours share their nodes, so that their triangles fit. The body
is put together face by face, ribs growing out of the base, and needs no union of solids.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.electrode_region import enclosed
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NM_PER_UM = 1000.0
# A rib of any process is wider than this: finer cells follow nothing that is machined.
_LEAST_PITCH_UM = 4.0
_FINER = 2**-0.5
# Keys of places are one number, x and y side by side: each within a metre.
_KEY = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """A closed body.

    vertices_um : (n, 3) float, um, each a whole number of nanometres. triangles : (m, 3) int, indices of vertices,
    anticlockwise as seen from outside.
    """

    vertices_um: FloatArray
    triangles: IntArray

    def __post_init__(self) -> None:
        """Take private, read-only copies."""
        vertices_um, triangles = np.array(self.vertices_um, dtype=np.float64), np.array(self.triangles, dtype=np.int64)
        vertices_um.setflags(write=False)
        triangles.setflags(write=False)
        object.__setattr__(self, "vertices_um", vertices_um)
        object.__setattr__(self, "triangles", triangles)

    def turned(self) -> "Mesh":
        """The same body turned by 180 degrees about the y axis: turned, not mirrored."""
        # Zeros are added so that none is negative: they would change a file's bytes and nothing else.
        return Mesh(vertices_um=self.vertices_um * np.array([-1.0, 1.0, -1.0]) + 0.0, triangles=self.triangles)

    @property
    def volume_um3(self) -> float:
        """Volume by the divergence theorem: the signed tetrahedra from the first vertex to every facet."""
        corners = (self.vertices_um - self.vertices_um[0])[self.triangles]
        return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A region in triangles, with the surface over it.

    places_nm : (n, 2) int. heights_nm : (n,) int, the surface there. triangles : (m, 3) int, anticlockwise from above.
    rim : (k, 2) int, the directed edges of the outline, the region to their left. off_um : how far the surface lies
    from a triangle at most, at the middles of edges and facets.
    """

    places_nm: IntArray
    heights_nm: IntArray
    triangles: IntArray
    rim: IntArray
    off_um: float

    @property
    def region(self) -> MultiPolygon:
        """The region, its outline exactly that of the triangles."""
        return enclosed(self.places_nm[self.rim] / NM_PER_UM)


def cover_of(region: MultiPolygon, *, surface: Surface, tolerance_um: float) -> Cover:
    """Triangles over a region, fine enough for the surface to lie within the tolerance of them.

    Cells get no finer than 4 um: of a rougher surface ``off_um`` says how far it lies off.
    Raises ToolpathError where the surface has no height within the region.
    """
    # Over a square cell of a sphere a chord of its diagonal lies d^2 / (8 R) off, with d^2 twice the pitch squared.
    radius_um = surface.nose_radius_um
    pitch_um = np.inf if np.isinf(radius_um) else max(_LEAST_PITCH_UM, float(np.sqrt(4 * radius_um * tolerance_um)))
    while _squares_off_um(region, surface, pitch_um) > tolerance_um and pitch_um > _LEAST_PITCH_UM:
        pitch_um = _finer_um(pitch_um, region)
    while True:
        cover = _cover(region, surface, pitch_um)
        if cover.off_um <= tolerance_um or pitch_um <= _LEAST_PITCH_UM:
            return cover
        pitch_um = _finer_um(pitch_um, region)


def _finer_um(pitch_um: float, region: MultiPolygon) -> float:
    low_x, low_y, high_x, high_y = region.bounds
    return max(_LEAST_PITCH_UM, min(pitch_um * _FINER, max(high_x - low_x, high_y - low_y) / 8))


def _squares_off_um(region: MultiPolygon, surface: Surface, pitch_um: float) -> float:
    """How far the surface lies from whole cells over the region, as two triangles each: quicker than cutting them."""
    if np.isinf(pitch_um):
        return 0.0
    pitch_nm = int(pitch_um * NM_PER_UM)
    lower_nm, _ = _cells_nm(region, pitch_nm)
    shapely.prepare(region)
    inside = shapely.contains_xy(region, *((lower_nm + pitch_nm / 2) / NM_PER_UM).T)
    corners_um = _halves(lower_nm[inside], pitch_nm) / NM_PER_UM
    return (
        _off_um(surface, corners_um, surface.height_um(corners_um[..., 0], corners_um[..., 1])) if inside.any() else 0.0
    )


def _cells_nm(region: MultiPolygon, pitch_nm: int) -> tuple[IntArray, int]:
    """Lower left corners of all square cells over a region's box, row after row, (n, 2) int, and how many a row has."""
    low_x, low_y, high_x, high_y = (value * NM_PER_UM / pitch_nm for value in region.bounds)
    column, row = np.meshgrid(
        np.arange(np.floor(low_x), np.ceil(high_x)).astype(np.int64),
        np.arange(np.floor(low_y), np.ceil(high_y)).astype(np.int64),
    )
    return pitch_nm * np.stack([column.ravel(), row.ravel()], axis=1), column.shape[1]


def _cover(region: MultiPolygon, surface: Surface, pitch_um: float) -> Cover:
    corners_nm = _corners_nm(region, pitch_um)
    flat_nm = corners_nm.reshape(-1, 2)
    _, first, index = np.unique(flat_nm[:, 0] * _KEY + flat_nm[:, 1], return_index=True, return_inverse=True)
    places_nm, triangles = flat_nm[first], index.reshape(-1, 3)
    places_um = places_nm / NM_PER_UM
    heights_um = surface.height_um(places_um[:, 0], places_um[:, 1])
    if not np.all(np.isfinite(heights_um)):
        raise ToolpathError("electrode: reaches beyond the tip's boundary; keep the field inside it")
    return Cover(
        places_nm=places_nm,
        heights_nm=np.rint(heights_um * NM_PER_UM).astype(np.int64),
        triangles=triangles,
        rim=_rim(triangles, len(places_nm)),
        off_um=_off_um(surface, places_um[triangles], heights_um[triangles]),
    )


def _corners_nm(region: MultiPolygon, pitch_um: float) -> IntArray:
    """Corners of triangles over the region, none wider than a cell, (m, 3, 2) int, nm."""
    if np.isinf(pitch_um):
        noded = shapely.union_all([shapely.boundary(region)], grid_size=1 / NM_PER_UM)
        cells = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
        shapely.prepare(region)
        return _triangulated(cells[shapely.contains(region, shapely.point_on_surface(cells))])
    pitch_nm = int(pitch_um * NM_PER_UM)
    lower_nm, columns = _cells_nm(region, pitch_nm)
    lower_um, upper_um = lower_nm / NM_PER_UM, (lower_nm + pitch_nm) / NM_PER_UM
    boxes = np.asarray(shapely.box(*lower_um.T, *upper_um.T), dtype=np.object_)
    outline = shapely.boundary(region)
    shapely.prepare(outline)
    shapely.prepare(region)
    # A hair wider, so that no outline that is rounded to a nanometre gets into a cell that is taken for whole.
    crossed = np.asarray(shapely.dwithin(outline, boxes, 2 / NM_PER_UM), dtype=np.bool_)
    whole = ~crossed & shapely.contains_xy(region, *((lower_um + upper_um) / 2).T)
    noded = shapely.union_all([outline, *shapely.boundary(boxes[crossed]).tolist()], grid_size=1 / NM_PER_UM)
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(parts)
    # What the crossed cells enclose is no cell: whole ones lie there.
    cell = np.floor(shapely.get_coordinates(inner) * NM_PER_UM / pitch_nm) - lower_nm[0] // pitch_nm
    own = crossed[(cell[:, 1] * columns + cell[:, 0]).astype(np.int64)]
    pieces = parts[own & shapely.contains(region, inner)]
    return np.concatenate([_triangulated(pieces), _halves(lower_nm[whole], pitch_nm)])


def _halves(lower_nm: IntArray, pitch_nm: int) -> IntArray:
    """Square cells by their lower left corners as two triangles each."""
    halves = pitch_nm * np.array([[(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 1), (0, 1)]])
    corners: IntArray = (lower_nm[:, None, None] + halves).reshape(-1, 3, 2)
    return corners


def _triangulated(cells: NDArray[np.object_]) -> IntArray:
    """Corners of all triangles, (m, 3, 2) int, nm, anticlockwise, in an order that does not hang on the library."""
    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(cells))
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    nm = np.rint(corners * NM_PER_UM).astype(np.int64)
    one, other = nm[:, 1] - nm[:, 0], nm[:, 2] - nm[:, 0]
    doubled = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    nm[doubled < 0] = nm[doubled < 0][:, ::-1]
    key = nm[:, :, 0] * _KEY + nm[:, :, 1]
    turn = (key.argmin(axis=1)[:, None] + np.arange(3)) % 3
    nm, key = np.take_along_axis(nm, turn[:, :, None], axis=1), np.take_along_axis(key, turn, axis=1)
    return nm[np.lexsort(key.T[::-1])]


def _rim(triangles: IntArray, size: int) -> IntArray:
    """Directed edges that belong to one triangle alone. Raises ToolpathError where an outline meets itself."""
    edges = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    alone = edges[~np.isin(edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0])]
    if len(np.unique(alone[:, 0])) < len(alone):
        raise ToolpathError("electrode: two of its parts touch in a point; widen the strokes or spaces there")
    return alone


def _off_um(surface: Surface, places_um: FloatArray, heights_um: FloatArray) -> float:
    """How far the surface lies from its triangles at most, square to it, of (m, 3, 2) places and (m, 3) heights."""
    middle = np.concatenate([(places_um + np.roll(places_um, 1, axis=1)) / 2, places_um.mean(axis=1)[:, None]], axis=1)
    chord = np.concatenate([(heights_um + np.roll(heights_um, 1, axis=1)) / 2, heights_um.mean(axis=1)[:, None]], 1)
    x_um, y_um = middle[..., 0], middle[..., 1]
    return float(np.nanmax(np.abs(surface.height_um(x_um, y_um) - chord) * surface.normal_cosine(x_um, y_um)))


def ribs_of(cover: Cover, *, depth_um: float) -> Mesh:
    """The ribs alone: the region between the surface and the same surface moved up by a depth."""
    count = len(cover.places_nm)
    depth_nm = round(depth_um * NM_PER_UM)
    low = np.column_stack([cover.places_nm, cover.heights_nm])
    begin, end = cover.rim.T
    return _mesh(
        np.concatenate([low, low + np.array([0, 0, depth_nm])]),
        [cover.triangles[:, ::-1], cover.triangles + count, *_walls(begin, end, begin + count, end + count)],
    )


def body_of(cover: Cover, *, base: Polygon, base_z_um: float, base_top_um: float) -> Mesh:
    """Ribs from the surface up to the base's underside, and the base: one closed body.

    base : convex outline of the base, corners in whole nanometres, the region inside it.
    """
    ring_nm = np.rint(shapely.get_coordinates(shapely.orient_polygons(base).exterior)[:-1] * NM_PER_UM).astype(np.int64)
    foot, corner = np.unique(cover.rim), np.arange(len(ring_nm))
    under_nm, top_nm = round(base_z_um * NM_PER_UM), round(base_top_um * NM_PER_UM)
    foot_at = np.zeros(len(cover.places_nm), dtype=np.int64)
    foot_at[foot] = len(cover.places_nm) + np.arange(len(foot))
    under_at = len(cover.places_nm) + len(foot) + corner
    top_at = under_at + len(corner)
    places_nm = np.concatenate([cover.places_nm, cover.places_nm[foot], ring_nm, ring_nm])
    sizes = (len(foot) + len(corner), len(corner))
    heights_nm = np.concatenate([cover.heights_nm, np.repeat([under_nm, top_nm], sizes)])
    begin, end = cover.rim.T
    after = np.roll(corner, -1)
    return _mesh(
        np.column_stack([places_nm, heights_nm]),
        [
            cover.triangles[:, ::-1],
            *_walls(begin, end, foot_at[begin], foot_at[end]),
            _underside(places_nm, np.concatenate([foot_at[foot], under_at]), cover, ring_nm),
            *_walls(under_at[corner], under_at[after], top_at[corner], top_at[after]),
            _indices(_triangulated(np.array([Polygon(ring_nm / NM_PER_UM)])), places_nm, top_at),
        ],
    )


def _walls(begin: IntArray, end: IntArray, above_begin: IntArray, above_end: IntArray) -> list[IntArray]:
    """Two triangles an edge that has the body to its left; those above it are the same places, higher up."""
    return [np.stack([begin, end, above_end], axis=1), np.stack([begin, above_end, above_begin], axis=1)]


def _underside(places_nm: IntArray, candidates: IntArray, cover: Cover, ring_nm: IntArray) -> IntArray:
    """Triangles of the base less the ribs, seen from below."""
    ring = np.stack([ring_nm, np.roll(ring_nm, -1, axis=0)], axis=1)
    edges = np.concatenate([cover.places_nm[cover.rim], ring]) / NM_PER_UM
    corners = _triangulated(np.array([enclosed(edges)]))
    return _indices(corners, places_nm, candidates)[:, ::-1]


def _indices(corners_nm: IntArray, places_nm: IntArray, candidates: IntArray) -> IntArray:
    """Which of the candidates (indices of places) each corner is."""
    keys = places_nm[candidates, 0] * _KEY + places_nm[candidates, 1]
    order = np.argsort(keys)
    wanted = corners_nm[..., 0] * _KEY + corners_nm[..., 1]
    return candidates[order[np.searchsorted(keys, wanted, sorter=order)]]


def _mesh(vertices_nm: IntArray, faces: list[IntArray]) -> Mesh:
    """The mesh. Raises ToolpathError where it is not closed: each edge belongs to two triangles, once each way."""
    triangles = np.concatenate(faces)
    edges = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    forward = np.sort(edges[:, 0] * len(vertices_nm) + edges[:, 1])
    backward = np.sort(edges[:, 1] * len(vertices_nm) + edges[:, 0])
    if np.any(forward[1:] == forward[:-1]) or not np.array_equal(forward, backward):
        raise ToolpathError("electrode: its outline is too intricate for a closed mesh; simplify the land")
    return Mesh(vertices_um=vertices_nm / NM_PER_UM, triangles=triangles)
