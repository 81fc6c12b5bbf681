"""A mesh seen from in front: for every sample of a grid the uppermost of the facets over it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults
from engrave.tips.measured_mesh import TOWARDS, direction_of, facets_of
from engrave.tips.measured_scan import Scan

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Samples are as far apart as the facets' corners, within these.
_FINEST_UM, _COARSEST_UM = 0.5, 2.0
_MOST_SAMPLES = 40_000_000
# Pairs of facet and sample that are looked at together.
_TOGETHER = 4_000_000
_ON_THE_EDGE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far the samples are apart, and what was done, as a sentence."""

    step_um: float
    note: str


def rasterised(scan: Scan, *, towards: str | None, step_um: float | None) -> tuple[FloatArray, Told]:
    """Heights of a mesh along where its tip points, (rows, columns), NaN beside it. Raises InputError."""
    if towards is not None and towards not in TOWARDS:
        raise InputError(f"--towards: {towards!r} is not known; use one of {', '.join(TOWARDS)}")
    facets = facets_of(scan)
    direction = direction_of(scan, facets, towards=towards)
    across = _across(direction.vector)
    corners_um = scan.vertices_um[scan.facets] @ np.stack([*across, direction.vector]).T
    if step_um is None:
        step_um = float(np.clip(np.sqrt(2 * np.median(facets.area_um2)), _FINEST_UM, _COARSEST_UM))
    low_um, high_um = corners_um[..., :2].min(axis=(0, 1)), corners_um[..., :2].max(axis=(0, 1))
    columns, rows = (int(size) + 1 for size in (high_um - low_um) / step_um)
    if columns * rows > _MOST_SAMPLES:
        raise_faults([f"{scan.name}: more than {_MOST_SAMPLES // 1_000_000} million samples of {step_um:g} um; cut it"])
    z_um = np.full(rows * columns, -np.inf)
    places = (corners_um - np.array([*low_um, 0.0])) / np.array([step_um, step_um, 1.0])
    for cell, height_um in _covered(places, rows=rows, columns=columns):
        np.maximum.at(z_um, cell, height_um)
    seen = np.where(np.isfinite(z_um), z_um, np.nan).reshape(rows, columns)
    note = f"{scan.name}: seen from {direction.told}, at samples {step_um:.3g} um apart"
    return seen, Told(step_um=step_um, note=note)


def _across(vector: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two directions across a third, right-handed with it; x and y themselves for z."""
    first = np.array([0.0, 1.0, 0.0]) if abs(vector[1]) < abs(vector[2]) else np.array([0.0, 0.0, 1.0])
    right = np.cross(first, vector)
    right /= np.linalg.norm(right)
    return right, np.cross(vector, right)


def _covered(places: FloatArray, *, rows: int, columns: int) -> Iterator[tuple[IntArray, FloatArray]]:
    """Samples under facets and the facets' heights there, many at a time; places : (facets, 3, 3), in samples."""
    first = np.ceil(places[..., :2].min(axis=1)).astype(np.int64)
    last = np.minimum(np.floor(places[..., :2].max(axis=1)), [columns - 1, rows - 1]).astype(np.int64)
    sides = np.maximum(last - first + 1, 0)
    count = sides.prod(axis=1)
    chosen = np.flatnonzero(count)
    begin = 0
    ends = np.cumsum(count[chosen])
    while begin < len(chosen):
        before = ends[begin - 1] if begin else 0
        # A facet that is larger than all that fits together is looked at alone.
        end = max(begin + 1, int(np.searchsorted(ends, before + _TOGETHER, side="right")))
        part = chosen[begin:end]
        owner = np.repeat(part, count[part])
        within = np.arange(len(owner)) - np.repeat(ends[begin:end] - count[part] - before, count[part])
        column = first[owner, 0] + within % sides[owner, 0]
        row = first[owner, 1] + within // sides[owner, 0]
        inside, height_um = _under(places[owner], column, row)
        yield (row * columns + column)[inside], height_um[inside]
        begin = end


def _under(places: FloatArray, column: IntArray, row: IntArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Whether each sample lies under its facet, and the facet's height there."""
    origin, one, other = places[:, 0], places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]
    x, y = column - origin[:, 0], row - origin[:, 1]
    doubled = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        along = (x * other[:, 1] - y * other[:, 0]) / doubled
        aside = (one[:, 0] * y - one[:, 1] * x) / doubled
        inside = (along >= -_ON_THE_EDGE) & (aside >= -_ON_THE_EDGE) & (along + aside <= 1 + _ON_THE_EDGE)
        height_um = origin[:, 2] + along * one[:, 2] + aside * other[:, 2]
    return inside, height_um
