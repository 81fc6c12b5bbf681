"""Scans of pins as they come: topographies (X3P, SDF), meshes (STL, PLY) and plain grids of heights (CSV, NPY).

Each becomes heights over a square grid, x to the right, y up, z towards the viewer, about the scan's own middle. How
the pin lies in it is not asked, but for where it looks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_bytes, sha256_hex
from engrave.base.x3p import read_x3p
from engrave.inspect.grids import Grid, grid_of_csv, grid_of_npy, grid_of_sdf
from engrave.inspect.rasters import rasterised
from engrave.tips.measured_scan import MAP_SUFFIXES, MESH_SUFFIXES, UNITS_UM, load_scan
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

PLAIN_SUFFIXES = (".csv", ".npy")
"""Grids that say neither how far their samples are apart nor their unit."""
SDF_SUFFIXES = (".sdf",)
SCAN_SUFFIXES = (*MAP_SUFFIXES, *SDF_SUFFIXES, *MESH_SUFFIXES, *PLAIN_SUFFIXES)

MOST_SAMPLES = 40_000_000
COARSEST_UM = 4.0
"""Samples further apart than this cannot show strokes of 14 um."""
_MOST_BYTES = 600_000_000
_SMALLEST_UM, _LARGEST_UM = 50.0, 20_000.0
_SQUARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scan: its file's name and SHA-256, its kind, its heights about the middle of the grid, and notes on it."""

    name: str
    sha256: str
    kind: str
    surface: HeightMap
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is said of a scan beside its file; None and False where nothing is.

    spacing_um : between samples of a plain grid, or of those that a mesh is looked at by. unit : of a mesh's
    coordinates or a plain grid's heights. towards : where the tip points in a mesh. top_first : the first row of a grid
    is the uppermost.
    """

    spacing_um: float | None = None
    unit: str | None = None
    towards: str | None = None
    top_first: bool = False


def load_pin_scan(path: Path, given: Given) -> Scan:
    """The scan at ``path``. Raises InputError with every fault of the file and of what was said of it."""
    suffix = path.suffix.lower()
    raise_faults(_said_faults(path, suffix, given))
    if suffix in MESH_SUFFIXES:
        return _mesh(path, given)
    data = read_bytes(path, most=_MOST_BYTES)
    grid, kind = _grid(data, path, suffix, given)
    faults: list[str] = []
    with Collecting(faults, prefix=f"{path}: "):
        return Scan(
            name=path.name,
            sha256=sha256_hex(data),
            kind=kind,
            surface=_square(grid, top_first=given.top_first),
            notes=grid.notes,
        )
    raise InputError(faults)


def _said_faults(path: Path, suffix: str, given: Given) -> list[str]:
    """Everything that is said and should not be, or is not and should."""
    if suffix not in SCAN_SUFFIXES:
        return [f"{path}: is no scan that is read; give one of {', '.join(SCAN_SUFFIXES)}"]
    faults = []
    plain, mesh = suffix in PLAIN_SUFFIXES, suffix in MESH_SUFFIXES
    if plain and given.spacing_um is None:
        faults.append(f"--spacing: missing; {path} does not say how far its samples are apart: give such as 1um")
    if not plain and not mesh and given.spacing_um is not None:
        faults.append(f"--spacing: {path} says itself how far its samples are apart; leave it out")
    if given.spacing_um is not None and not 0 < given.spacing_um <= COARSEST_UM:
        faults.append(f"--spacing: {given.spacing_um:g} um; give more than 0 and {COARSEST_UM:g} um at most")
    if (plain or mesh) and given.unit not in UNITS_UM:
        told = "missing" if given.unit is None else f"{given.unit!r} is not known"
        faults.append(f"--unit: {told}; {path} does not say its unit: give one of {', '.join(UNITS_UM)}")
    if not plain and not mesh and given.unit is not None:
        faults.append(f"--unit: {path} says its unit itself; leave it out")
    if given.towards is not None and not mesh:
        faults.append(f"--towards: {path} is no mesh, its heights look at the viewer; leave it out")
    if given.top_first and mesh:
        faults.append(f"--top-first: {path} is a mesh and has no rows; leave it out")
    return faults


def _grid(data: bytes, path: Path, suffix: str, given: Given) -> tuple[Grid, str]:
    """The heights of a file, in um."""
    if suffix in MAP_SUFFIXES:
        topography, notes = read_x3p(data, name=str(path))
        steps = (topography.pixel_x_um, topography.pixel_y_um)
        return Grid(z_um=topography.heights_um, step_x_um=steps[0], step_y_um=steps[1], notes=notes), "x3p"
    if suffix in SDF_SUFFIXES:
        return grid_of_sdf(data, name=str(path)), "sdf"
    reader, kind = (grid_of_csv, "csv") if suffix == ".csv" else (grid_of_npy, "npy")
    return reader(data, name=str(path), step_um=given.spacing_um or 0.0, factor=UNITS_UM[given.unit or ""]), kind


def _square(grid: Grid, *, top_first: bool) -> HeightMap:
    """Heights on a square grid about their middle. Raises InputError where they cannot be a pin's."""
    rows, columns = grid.z_um.shape
    step_um = min(grid.step_x_um, grid.step_y_um)
    across_um = (columns * grid.step_x_um, rows * grid.step_y_um)
    faults = []
    if max(grid.step_x_um, grid.step_y_um) > COARSEST_UM:
        apart = f"{grid.step_x_um:g} by {grid.step_y_um:g} um"
        faults.append(f"samples {apart} apart are too coarse for a mark; measure it at {COARSEST_UM:g} um or finer")
    if min(across_um) < _SMALLEST_UM or max(across_um) > _LARGEST_UM:
        size = f"{across_um[0]:.4g} by {across_um[1]:.4g} um"
        faults.append(f"{size} across, where {_SMALLEST_UM:g} um to {_LARGEST_UM / 1000:g} mm are expected of a tip")
    if across_um[0] * across_um[1] / step_um**2 > MOST_SAMPLES:
        faults.append(f"more than {MOST_SAMPLES // 1_000_000} million samples; cut the scan to the mark")
    if not np.isfinite(grid.z_um).any():
        faults.append("no sample has a height; measure it again")
    raise_faults(faults)
    z_um = grid.z_um[::-1] if top_first else grid.z_um
    if abs(grid.step_x_um - grid.step_y_um) > _SQUARE * step_um:
        z_um = _resampled(z_um, grid, step_um)
    first_um = [-step_um * (size - 1) / 2 for size in z_um.shape]
    return HeightMap(z_um=z_um, pixel_um=step_um, x0_um=first_um[1], y0_um=first_um[0], frame="pin")


def _resampled(z_um: FloatArray, grid: Grid, step_um: float) -> FloatArray:
    """Linear between samples, at the finer of two steps along both; nothing beside a hole."""
    from scipy.ndimage import map_coordinates

    steps = (grid.step_y_um, grid.step_x_um)
    axes = [
        np.arange(int((size - 1) * step / step_um) + 1) * step_um / step
        for size, step in zip(z_um.shape, steps, strict=True)
    ]
    at = np.meshgrid(*axes, indexing="ij")
    known = np.isfinite(z_um)
    heights_um: FloatArray = map_coordinates(np.where(known, z_um, 0.0), at, order=1, mode="nearest")
    whole = map_coordinates(known.astype(np.float64), at, order=1, mode="nearest") > 1 - _SQUARE
    return np.where(whole, heights_um, np.nan)


def _mesh(path: Path, given: Given) -> Scan:
    """A mesh as it is seen from where its tip points."""
    scan = load_scan(path, unit=given.unit)
    surface, told = rasterised(scan, towards=given.towards, step_um=given.spacing_um)
    faults: list[str] = []
    with Collecting(faults, prefix=f"{path}: "):
        grid = Grid(z_um=surface, step_x_um=told.step_um, step_y_um=told.step_um, notes=(*scan.notes, told.note))
        return Scan(
            name=scan.name,
            sha256=scan.sha256,
            kind=path.suffix.lower().removeprefix("."),
            surface=_square(grid, top_first=False),
            notes=grid.notes,
        )
    raise InputError(faults)
