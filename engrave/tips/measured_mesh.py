"""Which facets of a scan are the tip's face: where the tip points, what looks that way, and what hangs together."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, radians
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.tips.measured_scan import Scan

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TOWARDS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "x": (1.0, 0.0, 0.0),
        "-x": (-1.0, 0.0, 0.0),
        "y": (0.0, 1.0, 0.0),
        "-y": (0.0, -1.0, 0.0),
        "z": (0.0, 0.0, 1.0),
        "-z": (0.0, 0.0, -1.0),
    }
)
"""Where a tip may point in its file."""

# Normals are averaged over cells of this size: noise of 1 um between points 10 um apart turns a facet by 6 degrees.
_CELL_UM = 40.0
# A face ends where it is as steep as this against the axis; what is steeper is flank or shank.
_STEEPEST = cos(radians(75))
# An open scan's facets point on average where the tip does; of a closed mesh nothing remains but rounding.
_LEAST_OPEN_SHARE = 0.01
# A direction this near to one of the file's own axes is taken to be that axis.
_SNAP = cos(radians(10))
_LEAST_PART = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What is known of each facet: middle (m, 3) um, unit normal (m, 3), the same averaged around it, area (m,) um2."""

    middle_um: FloatArray
    normal: FloatArray
    mean_normal: FloatArray
    area_um2: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A unit vector towards which the tip points, and how it was found, as a sentence part."""

    vector: FloatArray
    told: str


def facets_of(scan: Scan) -> Facets:
    """Middles, normals and areas of a scan's facets."""
    corners = scan.vertices_um[scan.facets]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(doubled, axis=1)
    middle_um = corners.mean(axis=1)
    return Facets(
        middle_um=middle_um,
        normal=doubled / length[:, None],
        mean_normal=_averaged(middle_um, doubled),
        area_um2=length / 2,
    )


def _averaged(middle_um: FloatArray, doubled: FloatArray) -> FloatArray:
    """Normals averaged by area over cubic cells. A facet larger than a cell is alone in its own."""
    cells = np.floor((middle_um - middle_um.min(axis=0)) / _CELL_UM).astype(np.int64)
    spans = cells.max(axis=0) + 1
    _, number = np.unique((cells[:, 0] * spans[1] + cells[:, 1]) * spans[2] + cells[:, 2], return_inverse=True)
    number = number.reshape(-1)
    sums = np.stack([np.bincount(number, weights=doubled[:, axis]) for axis in range(3)], axis=1)
    lengths = np.linalg.norm(sums, axis=1)
    # Facets back to back cancel each other; each is then taken by itself.
    mean = sums[number] / np.maximum(lengths, 1e-300)[number, None]
    own = doubled / np.linalg.norm(doubled, axis=1)[:, None]
    total = np.bincount(number, weights=np.linalg.norm(doubled, axis=1))
    return np.asarray(np.where((lengths > 0.1 * total)[number, None], mean, own))


def direction_of(scan: Scan, facets: Facets, *, towards: str | None) -> Direction:
    """Where the tip points: as given, z for a map, else as the facets of an open scan look, else z."""
    if towards is not None:
        return Direction(vector=np.array(TOWARDS[towards]), told=f"the file's {towards}, as given")
    if scan.kind == "map":
        return Direction(vector=np.array(TOWARDS["z"]), told="the map's z")
    total = facets.area_um2 @ facets.normal
    length = float(np.linalg.norm(total))
    if length < _LEAST_OPEN_SHARE * float(facets.area_um2.sum()):
        return Direction(
            vector=np.array(TOWARDS["z"]), told="the file's z (the mesh is closed, so nothing says where it points)"
        )
    vector = total / length
    name, own = max(TOWARDS.items(), key=lambda entry: float(vector @ np.array(entry[1])))
    if float(vector @ np.array(own)) > _SNAP:
        return Direction(vector=np.array(own), told=f"the file's {name}, the nearest to where the facets look")
    return Direction(vector=vector, told="where the facets look on average")


def face_of(scan: Scan, facets: Facets, axis: FloatArray, *, beside_shank: BoolArray | None) -> BoolArray:
    """Facets of the face: they look along the axis, lie not beside the shank, and hang together in front.

    Raises InputError where there are none, with the reason.
    """
    forward = facets.mean_normal @ axis > _STEEPEST
    if scan.kind == "mesh":
        forward &= facets.normal @ axis > 0
    share = float(facets.area_um2[facets.mean_normal @ axis > 0].sum() / facets.area_um2.sum())
    if not forward.any():
        steep = f"{share:.0%} of the area looks that way at all, and none of it within 75 degrees"
        raise InputError(
            f"{scan.name}: no face: {steep}; turn the tip towards z or say where it points (--towards), and see that "
            "the facets look outwards"
        )
    if beside_shank is not None:
        forward &= ~beside_shank
    return _front_part(scan, facets, forward, axis)


def _front_part(scan: Scan, facets: Facets, forward: BoolArray, axis: FloatArray) -> BoolArray:
    """The foremost of the large connected parts, and whatever lies no lower than its lowest facet.

    So a shoulder behind the tip is left out, and the islands of a scan with gaps are kept.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    chosen = np.flatnonzero(forward)
    if not chosen.size:
        raise InputError(f"{scan.name}: no face is left in front of the shank; is it a tip's end?")
    corners = scan.facets[chosen]
    vertices = len(scan.vertices_um)
    first, second = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]]]).T
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(vertices, vertices))
    _, labels = np.unique(connected_components(graph, directed=False)[1][corners[:, 0]], return_inverse=True)
    area = np.bincount(labels, weights=facets.area_um2[chosen])
    height_um = facets.middle_um[chosen] @ axis
    mean_um = np.bincount(labels, weights=facets.area_um2[chosen] * height_um) / area
    large = area >= _LEAST_PART * area.sum()
    if not large.any():
        raise InputError(f"{scan.name}: the face is in {len(area)} pieces, none a tenth of it; mend the mesh")
    front = int(np.flatnonzero(large)[np.argmax(mean_um[large])])
    kept = height_um >= height_um[labels == front].min()
    mask = np.zeros(len(facets.area_um2), dtype=np.bool_)
    mask[chosen[kept]] = True
    return mask


def vertices_of(scan: Scan, mask: BoolArray) -> FloatArray:
    """The vertices of these facets, each once, (n, 3) float, um: what was measured, the facets only join it."""
    return np.asarray(scan.vertices_um[np.unique(scan.facets[mask])])
