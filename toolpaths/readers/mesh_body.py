"""Whether the triangles of a file are one closed body of a tip's size, with its facets turned outwards."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.readers.mesh_parts import (
    BODIES,
    EMPTY,
    FRAME,
    NO_NUMBER,
    NO_VERTEX,
    OPEN,
    SOUP,
    TURNED,
    UNIT,
    Triangles,
    fault,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST_WIDTH_UM, MOST_WIDTH_UM = 200.0, 5000.0
"""A firing pin's tip is 0.5 to 3 mm wide; a file in micrometres or in inches read as millimetres lies far outside."""
# Of tip and shank; no pin is longer. Further than a metre away a coordinate is a mistake.
_MOST_LENGTH_UM, _FURTHEST_UM = 100_000.0, 1e6
_NM_PER_UM = 1000.0
# The polygons of a soup share no edges; a surface with holes shares most.
_MOST_LOOSE = 0.5
# The pin frame has the apex at its origin: relief may have taken so much of it, and so far may a tip be off its middle.
_MOST_APEX_UM = 50.0
_MOST_OFF_SHARE = 0.1
_GUESSES = (("micrometres", 1e-3), ("metres", 1e3), ("inches", 25.4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A closed body. vertices_nm : (n, 3) int, nm, no two alike. corners : (m, 3) int, no triangle without three."""

    vertices_nm: IntArray
    corners: IntArray


def body_of(triangles: Triangles, *, kind: str) -> Body:
    """The body that triangles make, its vertices in whole nanometres. Raises NotReadError where they make none."""
    used = _used(triangles)
    _check_size(used, kind)
    vertices_nm, number = _merged(np.rint(used * _NM_PER_UM).astype(np.int64))
    corners = number.reshape(-1, 3)
    a, b, c = corners.T
    # What has shrunk to a line leaves no gap.
    corners = corners[(a != b) & (b != c) & (c != a)]
    if not len(corners):
        raise fault(EMPTY, "no triangle has an area")
    _check_edges(corners, len(vertices_nm))
    _check_pieces(corners, len(vertices_nm))
    body = Body(vertices_nm=vertices_nm, corners=corners)
    if _volume(body) <= 0:
        raise fault(TURNED, "the body is inside out: its facets look inwards", remedy="turn all facets over")
    return body


def frame_findings(body: Body) -> Iterator[Finding]:
    """What hints that a file is not in the pin frame."""
    low_um, high_um = body.vertices_nm.min(axis=0) / _NM_PER_UM, body.vertices_nm.max(axis=0) / _NM_PER_UM
    off_um = float(np.abs(low_um + high_um)[:2].max() / 2)
    limits_um = (_MOST_APEX_UM, _MOST_OFF_SHARE * float((high_um - low_um)[:2].max()))
    told = (
        (abs(float(high_um[2])), limits_um[0], "the highest place does not lie at z = 0, where the apex should be"),
        (off_um, limits_um[1], "the middle of the body does not lie on the axis"),
    )
    for value_um, limit_um, message in told:
        if value_um > limit_um:
            yield Finding(
                number=FRAME,
                severity=Severity.WARNING,
                message=message,
                place="body",
                value=round(value_um, 3),
                limit=round(limit_um, 3),
                unit="um",
                remedy="put the apex at the origin and the axis along z, the tip towards +z",
            )


def _used(triangles: Triangles) -> FloatArray:
    """Every triangle's own vertices, (3 m, 3), um."""
    corners = triangles.corners
    if not len(corners):
        raise fault(EMPTY, "holds no triangles")
    if corners.min() < 0 or corners.max() >= len(triangles.vertices_um):
        raise fault(NO_VERTEX, f"a triangle names a vertex that is not among the {len(triangles.vertices_um)}")
    used = triangles.vertices_um[corners.ravel()]
    beyond = int(np.count_nonzero(~np.isfinite(used).all(axis=1)))
    if beyond:
        raise fault(NO_NUMBER, f"{beyond} of {len(used)} corners are no finite numbers", value=float(beyond), limit=0.0)
    return used


def _check_size(used_um: FloatArray, kind: str) -> None:
    """Raise NotReadError where nothing of this size is a tip."""
    low_um, high_um = used_um.min(axis=0), used_um.max(axis=0)
    furthest_um = float(np.maximum(-low_um, high_um).max())
    if furthest_um > _FURTHEST_UM:
        raise fault(
            UNIT,
            "reaches further from the origin than anything of a pin",
            place="body",
            value=furthest_um,
            limit=_FURTHEST_UM,
            unit="um",
            remedy="export the tip alone in millimetres, its apex at the origin",
        )
    extent_um = high_um - low_um
    width_um, length_um = float(extent_um[:2].max()), float(extent_um[2])
    if LEAST_WIDTH_UM <= width_um <= MOST_WIDTH_UM and length_um <= _MOST_LENGTH_UM:
        return
    assumed = " if its numbers are millimetres, as is assumed of STL" if kind == "stl" else ""
    fits = [name for name, factor in _GUESSES if LEAST_WIDTH_UM <= width_um * factor <= MOST_WIDTH_UM]
    guess = f"; it would be one in {' or in '.join(fits)}" if fits and kind == "stl" else ""
    raise fault(
        UNIT,
        f"no tip is {width_um / 1000:.4g} mm wide and {length_um / 1000:.4g} mm long{assumed}{guess}",
        place="body",
        value=width_um,
        limit=LEAST_WIDTH_UM if width_um < LEAST_WIDTH_UM else MOST_WIDTH_UM,
        unit="um",
        remedy="export the tip alone in millimetres",
    )


def _merged(places_nm: IntArray) -> tuple[IntArray, IntArray]:
    """The different places (n, 3) and, for each of those given, its number among them."""
    low = places_nm.min(axis=0)
    # The limits on width and length keep the three within 23, 23 and 27 bits: two of them fit one key.
    x, y, z = (places_nm - low).T
    span_y, span_z = int(y.max()) + 1, int(z.max()) + 1
    columns, column = np.unique(x * span_y + y, return_inverse=True)
    keys, number = np.unique(column * span_z + z, return_inverse=True)
    place = columns[keys // span_z]
    merged = np.stack([place // span_y, place % span_y, keys % span_z], axis=1) + low
    return merged, number.reshape(-1)


def _check_edges(corners: IntArray, count: int) -> None:
    """Raise NotReadError unless every edge joins two triangles that run along it in opposite directions."""
    begin, end = corners.ravel(), corners[:, [1, 2, 0]].ravel()
    forward = begin < end
    key = np.where(forward, begin * count + end, end * count + begin)
    order = np.argsort(key)
    key, sign = key[order], np.where(forward, 1, -1)[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    times = np.diff(first, append=key.size)
    loose, crowded = int(np.count_nonzero(times == 1)), int(np.count_nonzero(times > 2))  # noqa: PLR2004 - two a side
    if loose > _MOST_LOOSE * first.size:
        raise fault(
            SOUP,
            f"{loose} of {first.size} edges belong to one triangle alone: loose polygons and no body",
            value=float(loose),
            limit=0.0,
        )
    if loose or crowded:
        raise fault(
            OPEN,
            f"the body is not closed: {loose} edges belong to one triangle alone, {crowded} to more than two",
            value=float(loose + crowded),
            limit=0.0,
        )
    turned = int(np.count_nonzero(np.add.reduceat(sign, first)))
    if turned:
        raise fault(
            TURNED,
            f"at {turned} edges one facet looks outwards and the other inwards",
            value=float(turned),
            limit=0.0,
            remedy="turn all facets outwards",
        )


def _check_pieces(corners: IntArray, count: int) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    begin, end = corners[:, :2].ravel(), corners[:, 1:].ravel()
    joined = coo_array((np.ones(begin.size, dtype=np.int8), (begin, end)), shape=(count, count)).tocsr()
    pieces = int(np.unique(connected_components(joined, directed=False)[1][corners[:, 0]]).size)
    if pieces > 1:
        raise fault(BODIES, f"{pieces} bodies, where a tip is one", value=float(pieces), limit=1.0, place="body")


def _volume(body: Body) -> float:
    """Volume, nm3; below zero where facets look inwards."""
    places = (body.vertices_nm - body.vertices_nm.min(axis=0)).astype(np.float64)
    a, b, c = (places[body.corners[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum()) / 6
