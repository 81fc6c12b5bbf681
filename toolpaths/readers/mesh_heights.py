"""What of a closed body is seen along the axis, as heights on a grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.readers.mesh_body import Body
from toolpaths.readers.mesh_parts import EMPTY, TANGLED, TOO_LARGE, UNDERCUT, fault
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NM_PER_UM = 1000.0
# 5 mm in samples 1.5 um apart.
_MOST_SAMPLES = 12_000_000
# Rows that triangles cross and samples that they cover, counted for each: a surface without folds covers each once.
_MOST_CROSSED = 20_000_000
_MOST_COVERED = 60_000_000
_CHUNK = 2_000_000
# A sample so near a triangle's side, in pixels, belongs to it.
_SIDE = 1e-6
# Two surfaces over one place, further apart than this.
_FOLD_UM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Samples at whole multiples of the pixel: the first column and row, and how many."""

    pixel_um: float
    first: tuple[int, int]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spans:
    """Pieces of rows inside triangles: owner (k,), row (k,), first column and number of columns."""

    owner: IntArray
    row: IntArray
    column: IntArray
    count: IntArray


def heights_of(body: Body, *, pixel_um: float) -> tuple[HeightMap, tuple[Finding, ...]]:
    """The highest surface over each place, pin frame; NaN where there is none.

    Samples lie at whole multiples of ``pixel_um``, on the sides of triangles too.
    Raises NotReadError where nothing looks towards the primer, for too many samples, and for triangles that cover
    each other too often.
    """
    places = body.vertices_nm[body.corners]
    (ax, ay), (bx, by), (cx, cy) = (places[:, k, :2].T for k in range(3))
    upward = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0
    if not upward.any():
        raise fault(EMPTY, "no facet looks towards +z: there is no surface that a primer could meet", place="body")
    return _sampled(places[upward] / _NM_PER_UM, pixel_um)


def _sampled(places_um: FloatArray, pixel_um: float) -> tuple[HeightMap, tuple[Finding, ...]]:
    """Triangles (m, 3, 3) row by row."""
    low, high = places_um.min(axis=(0, 1))[:2], places_um.max(axis=(0, 1))[:2]
    first = np.ceil(low / pixel_um - _SIDE).astype(np.int64)
    size = np.maximum(np.floor(high / pixel_um + _SIDE).astype(np.int64) - first + 1, 0)
    grid = _Grid(pixel_um=pixel_um, first=(int(first[0]), int(first[1])), size=(int(size[0]), int(size[1])))
    if grid.size[0] * grid.size[1] > _MOST_SAMPLES:
        raise fault(
            TOO_LARGE,
            f"more samples than are taken, {pixel_um:g} um apart",
            value=float(grid.size[0] * grid.size[1]),
            limit=float(_MOST_SAMPLES),
            remedy="use wider pixels",
        )
    highest = np.full(grid.size[0] * grid.size[1], -np.inf)
    lowest = np.full(highest.size, np.inf)
    for spans in _spans(places_um, grid):
        place, z_um = _covered(spans, places_um, grid)
        np.maximum.at(highest, place, z_um)
        np.minimum.at(lowest, place, z_um)
    reached = highest >= lowest
    if not reached.any():
        raise fault(EMPTY, f"the surface meets no sample of a grid of {pixel_um:g} um", place="body")
    folded = int(np.count_nonzero((highest[reached] - lowest[reached]) > _FOLD_UM))
    heights = HeightMap(
        z_um=np.where(reached, highest, np.nan).reshape(grid.size[1], grid.size[0]),
        pixel_um=pixel_um,
        x0_um=grid.first[0] * pixel_um,
        y0_um=grid.first[1] * pixel_um,
        frame="pin",
        provenance=(f"sampled from a mesh every {pixel_um:g} um",),
    )
    return heights, (_undercut(folded),) if folded else ()


def _undercut(samples: int) -> Finding:
    return Finding(
        number=UNDERCUT,
        severity=Severity.WARNING,
        message="the surface is undercut or folded: over these samples only its highest part was taken",
        place="body",
        value=float(samples),
        limit=0.0,
        unit="samples",
        remedy="look whether this is a tip seen from in front; a laser cuts no undercut",
    )


def _spans(places_um: FloatArray, grid: _Grid) -> Iterator[_Spans]:
    """Where rows of the grid cross triangles, a chunk at a time."""
    a, b, c = (places_um[:, k, 1] / grid.pixel_um - grid.first[1] for k in range(3))
    lowest, highest = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    begin = np.maximum(np.ceil(lowest - _SIDE), 0).astype(np.int64)
    crossed = np.minimum(np.floor(highest + _SIDE), grid.size[1] - 1).astype(np.int64) - begin + 1
    crossed = np.maximum(crossed, 0)
    _require_plain(int(crossed.sum()), _MOST_CROSSED)
    covered = 0
    for chosen in _chunks(crossed):
        owner = np.repeat(np.arange(len(crossed))[chosen], crossed[chosen])
        row = begin[owner] + _counting(crossed[chosen])
        spans = _crossing(owner, row, places_um, grid)
        covered += int(spans.count.sum())
        _require_plain(covered, _MOST_COVERED)
        for part in _chunks(spans.count):
            yield _Spans(
                owner=spans.owner[part], row=spans.row[part], column=spans.column[part], count=spans.count[part]
            )


def _require_plain(value: int, most: int) -> None:
    if value > most:
        raise fault(
            TANGLED,
            "the triangles lie over each other so often that this is no surface",
            value=float(value),
            limit=float(most),
            place="body",
        )


def _chunks(counts: IntArray) -> Iterator[slice]:
    """Neighbours whose counts make about a chunk together."""
    cuts = np.flatnonzero(np.diff(np.cumsum(counts) // _CHUNK)) + 1
    for begin, end in pairwise([0, *cuts.tolist(), len(counts)]):
        if end > begin:
            yield slice(begin, end)


def _counting(counts: IntArray) -> IntArray:
    """0 .. count - 1 for each count, one after the other."""
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(before, counts)


def _crossing(owner: IntArray, row: IntArray, places_um: FloatArray, grid: _Grid) -> _Spans:
    """The columns between the two sides of its triangle that each row crosses."""
    corners = [places_um[owner, k, :2] / grid.pixel_um - grid.first for k in range(3)]
    heights = [corner[:, 1] for corner in corners]
    level = np.clip(row, np.minimum.reduce(heights), np.maximum.reduce(heights))
    left, right = np.full(len(owner), np.inf), np.full(len(owner), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        (x, y), (dx, rise) = corners[one].T, (corners[other] - corners[one]).T
        share = (level - y) / np.where(rise == 0, 1.0, rise)
        meets = (rise != 0) & (share >= -_SIDE) & (share <= 1 + _SIDE)
        place = x + np.clip(share, 0.0, 1.0) * dx
        left = np.where(meets, np.minimum(left, place), left)
        right = np.where(meets, np.maximum(right, place), right)
    met = right >= left
    begin = np.maximum(np.ceil(np.where(met, left, 0.0) - _SIDE), 0).astype(np.int64)
    end = np.minimum(np.floor(np.where(met, right, -1.0) + _SIDE), grid.size[0] - 1).astype(np.int64)
    return _Spans(owner=owner, row=row, column=begin, count=np.where(met, np.maximum(end - begin + 1, 0), 0))


def _covered(spans: _Spans, places_um: FloatArray, grid: _Grid) -> tuple[IntArray, FloatArray]:
    """Samples in the spans, by place in the flattened grid, and their heights on the planes of their triangles."""
    a, b, c = (places_um[spans.owner, k] for k in range(3))
    normal = np.cross(b - a, c - a)
    slope_x, slope_y = -normal[:, 0] / normal[:, 2], -normal[:, 1] / normal[:, 2]
    x_um, y_um = (spans.column + grid.first[0]) * grid.pixel_um, (spans.row + grid.first[1]) * grid.pixel_um
    first_um = a[:, 2] + slope_x * (x_um - a[:, 0]) + slope_y * (y_um - a[:, 1])
    low_um, high_um = (least(least(a[:, 2], b[:, 2]), c[:, 2]) for least in (np.minimum, np.maximum))
    along = _counting(spans.count)
    repeated = (np.repeat(each, spans.count) for each in (first_um, slope_x, low_um, high_um))
    first_um, slope_x, low_um, high_um = repeated
    # A sample a hair outside a steep triangle must not leave its heights.
    z_um = np.clip(first_um + slope_x * (along * grid.pixel_um), low_um, high_um)
    return np.repeat(spans.row * grid.size[0] + spans.column, spans.count) + along, z_um
