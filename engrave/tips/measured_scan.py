"""Measured tips as they come: meshes (STL, PLY) and topographies (X3P), each as triangles in micrometres."""

import logging
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from math import ceil, sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.files import read_bytes, sha256_hex
from engrave.base.x3p import Topography, read_x3p

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNITS_UM: Mapping[str, float] = MappingProxyType({"mm": 1000.0, "um": 1.0, "inch": 25400.0})
"""What a mesh's coordinates may be in, and how many micrometres that is."""
MESH_SUFFIXES = (".stl", ".ply")
MAP_SUFFIXES = (".x3p",)

_MOST_BYTES = 250_000_000
_MOST_FACETS = 2_000_000
# A map of more samples is averaged over blocks: a tip's shape needs no more.
_MOST_SAMPLES = 120_000
_SMALLEST_UM, _LARGEST_UM = 50.0, 200_000.0
# A surface shares nearly every edge between two facets; the polygons of a soup share none.
_LEAST_SHARED_EDGES = 0.5
_STL_HEADER_BYTES, _STL_FACET_BYTES = 84, 50
# Single precision, which binary STL has, keeps 24 bits.
_SINGLE_PRECISION = 2.0**-24
_COARSE_UM = 0.05
_CORNERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A measured surface as triangles, their corners anticlockwise as seen from outside.

    vertices_um : (n, 3) float, in the file's own coordinates, um. facets : (m, 3) int, indices of vertices.
    name, sha256 : of the file. notes : what is odd about it, one sentence each.
    """

    name: str
    sha256: str
    kind: Literal["mesh", "map"]
    vertices_um: FloatArray
    facets: IntArray
    notes: tuple[str, ...] = ()


def load_scan(path: Path, *, unit: str | None = None) -> Scan:
    """The file at ``path``; ``unit`` (mm, um or inch) is what a mesh's coordinates are in, and is never guessed.

    Raises InputError where it cannot be opened, is damaged, out of measure, or no surface.
    """
    suffix = path.suffix.lower()
    if suffix not in (*MESH_SUFFIXES, *MAP_SUFFIXES):
        kinds = ", ".join((*MESH_SUFFIXES, *MAP_SUFFIXES))
        raise InputError(f"{path}: is neither a mesh nor a topography that is read; give one of {kinds}")
    if suffix in MAP_SUFFIXES and unit is not None:
        raise InputError(f"--unit: {path} is an X3P file, which is in metres; leave it out")
    if suffix in MESH_SUFFIXES and unit not in UNITS_UM:
        given = "missing" if unit is None else f"{unit!r} is not known"
        raise InputError(f"--unit: {given}; {path} does not say its unit: give one of {', '.join(UNITS_UM)}")
    data = read_bytes(path, most=_MOST_BYTES)
    if suffix in MAP_SUFFIXES:
        return _scan_of_map(data, path)
    return _scan_of_mesh(data, path, suffix=suffix, factor=UNITS_UM[unit or ""])


def scan_of_topography(topography: Topography, *, name: str, sha256: str, notes: tuple[str, ...] = ()) -> Scan:
    """A topography as triangles between neighbouring samples. Raises InputError where too little was measured."""
    heights_um, pixel_x_um, pixel_y_um, step = _averaged(topography)
    rows, columns = heights_um.shape
    x_um = topography.x0_um + topography.pixel_x_um * (step - 1) / 2 + pixel_x_um * np.arange(columns)
    y_um = topography.y0_um + topography.pixel_y_um * (step - 1) / 2 + pixel_y_um * np.arange(rows)
    grid_x, grid_y = np.meshgrid(x_um, y_um)
    vertices_um = np.stack([grid_x.ravel(), grid_y.ravel(), heights_um.ravel()], axis=1)
    number = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns)
    lower_left, lower_right = number[:-1, :-1].ravel(), number[:-1, 1:].ravel()
    upper_left, upper_right = number[1:, :-1].ravel(), number[1:, 1:].ravel()
    facets = np.concatenate(
        [
            np.stack([lower_left, lower_right, upper_right], axis=1),
            np.stack([lower_left, upper_right, upper_left], axis=1),
        ]
    )
    facets = facets[np.isfinite(heights_um.ravel()[facets]).all(axis=1)]
    if not facets.size:
        raise InputError(f"{name}: no four neighbouring samples were measured; give a map of a tip")
    averaged = (f"{name}: averaged over {step} by {step} samples, {pixel_x_um:g} um apart then",) if step > 1 else ()
    scan = Scan(name=name, sha256=sha256, kind="map", vertices_um=vertices_um, facets=facets, notes=(*notes, *averaged))
    return _bounded(_compacted(scan), remedy="look at the increments in its main.xml")


def _averaged(topography: Topography) -> tuple[FloatArray, float, float, int]:
    """Heights averaged over whole blocks where there are too many, and how far apart they are then."""
    heights_um = topography.heights_um
    step = ceil(sqrt(heights_um.size / _MOST_SAMPLES))
    rows, columns = (length // step for length in heights_um.shape)
    if step == 1 or not rows or not columns:
        return heights_um, topography.pixel_x_um, topography.pixel_y_um, 1
    cut_um = heights_um[: rows * step, : columns * step].reshape(rows, step, columns, step)
    blocks = cut_um.swapaxes(1, 2).reshape(rows, columns, step * step)
    measured = np.isfinite(blocks)
    count = measured.sum(axis=2)
    mean = np.where(measured, blocks, 0.0).sum(axis=2) / np.maximum(count, 1)
    # A block with holes would have its mean where its middle is not.
    mean[count < step * step] = np.nan
    return mean, topography.pixel_x_um * step, topography.pixel_y_um * step, step


def _scan_of_map(data: bytes, path: Path) -> Scan:
    topography, notes = read_x3p(data, name=str(path))
    return scan_of_topography(topography, name=path.name, sha256=sha256_hex(data), notes=notes)


def _scan_of_mesh(data: bytes, path: Path, *, suffix: str, factor: float) -> Scan:
    _check_whole(data, path, suffix=suffix)
    vertices, facets = _mesh(data, path, suffix=suffix)
    beyond = int(np.count_nonzero(~np.isfinite(vertices).all(axis=1)))
    if beyond:
        raise InputError(f"{path}: {beyond} of {len(vertices)} corners are no finite numbers; export the mesh again")
    merged, number = np.unique(vertices, axis=0, return_inverse=True)
    scan = Scan(
        name=path.name,
        sha256=sha256_hex(data),
        kind="mesh",
        vertices_um=merged * factor,
        facets=number.reshape(-1)[facets].astype(np.int64),
        notes=_coarseness(merged * factor, path, suffix=suffix),
    )
    scan = _bounded(_compacted(scan), remedy="is --unit right?")
    _check_surface(scan, path)
    return scan


def _coarseness(vertices_um: FloatArray, path: Path, *, suffix: str) -> tuple[str, ...]:
    step_um = float(np.abs(vertices_um).max(initial=0.0)) * _SINGLE_PRECISION
    if suffix != ".stl" or step_um < _COARSE_UM:
        return ()
    return (f"{path.name}: lies so far from its origin that single precision rounds it to {step_um:.2g} um",)


def _check_whole(data: bytes, path: Path, *, suffix: str) -> None:
    """Sizes and ends that the files state themselves, before a library allocates by them. Raises InputError."""
    if suffix == ".ply":
        _check_ply(data, path)
        return
    counted = struct.unpack_from("<I", data, _STL_HEADER_BYTES - 4)[0] if len(data) >= _STL_HEADER_BYTES else None
    if counted is not None and len(data) == _STL_HEADER_BYTES + counted * _STL_FACET_BYTES:
        stated = counted
    elif data[:5].lower() == b"solid" and b"facet" in data[:4096].lower():
        if b"endsolid" not in data[-4096:].lower():
            raise InputError(f"{path}: text STL without its end ('endsolid'); it was cut off: export it again")
        stated = data.lower().count(b"endfacet")
    else:
        told = f"says {counted} facets, which are not its {len(data)} bytes" if counted is not None else "too short"
        raise InputError(f"{path}: no STL, or one that was cut off ({told}); export it again")
    if not stated:
        raise InputError(f"{path}: holds no facets; export the tip's surface as triangles")
    if stated > _MOST_FACETS:
        raise InputError(f"{path}: {stated} facets, where {_MOST_FACETS} are the most that are read; decimate it")


def _check_ply(data: bytes, path: Path) -> None:
    header, end, _ = data[:65536].partition(b"end_header")
    if not header.startswith(b"ply") or not end:
        raise InputError(f"{path}: no PLY file: it does not begin with 'ply' and a header; export it again")
    counts = {}
    for line in header.splitlines():
        words = line.split()
        if len(words) == _CORNERS and words[0] == b"element":
            # A count of more digits is beyond every file.
            counts[words[1]] = int(words[2]) if words[2].isdigit() and len(words[2]) < 12 else _MOST_BYTES  # noqa: PLR2004 - as said
    if not counts.get(b"vertex") or not counts.get(b"face"):
        raise InputError(f"{path}: a PLY file without vertices or faces; export the tip's surface as triangles")
    if sum(counts.values()) * _CORNERS > len(data):
        raise InputError(f"{path}: its header says more elements than its {len(data)} bytes hold; export it again")
    if counts[b"face"] > _MOST_FACETS:
        raise InputError(f"{path}: {counts[b'face']} faces, where {_MOST_FACETS} are the most; decimate it")


def _mesh(data: bytes, path: Path, *, suffix: str) -> tuple[FloatArray, IntArray]:
    """Corners and triangles as the library reads them. Raises InputError where it cannot."""
    import trimesh

    # Without a handler its log of what it tried would go to the terminal.
    logger = logging.getLogger("trimesh")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    try:
        # A damaged file makes the library raise nearly anything, and numpy warn of what the numbers show, too.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mesh = trimesh.load_mesh(BytesIO(data), file_type=suffix.removeprefix("."), process=False)
            vertices = np.asarray(mesh.vertices, dtype=np.float64)
            facets = np.asarray(mesh.faces, dtype=np.int64)
    except Exception as error:
        told = f"{type(error).__name__}: {str(error)[:100]}"
        raise InputError(f"{path}: cannot be read as a mesh ({told}); export it again") from error
    if vertices.ndim != 2 or vertices.shape[1:] != (3,) or facets.shape[1:] != (3,) or not facets.size:  # noqa: PLR2004 - rows
        raise InputError(f"{path}: holds no triangles; export the tip's surface as triangles")
    if facets.min() < 0 or facets.max() >= len(vertices):
        raise InputError(f"{path}: a face names a vertex that is not there; export it again")
    return vertices, facets


def _compacted(scan: Scan) -> Scan:
    """Without facets of no area, and without vertices of no facet."""
    corners = scan.vertices_um[scan.facets]
    double_area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    facets = scan.facets[double_area > 0]
    used, number = np.unique(facets, return_inverse=True)
    return Scan(
        name=scan.name,
        sha256=scan.sha256,
        kind=scan.kind,
        vertices_um=scan.vertices_um[used],
        facets=number.reshape(-1, _CORNERS),
        notes=scan.notes,
    )


def _bounded(scan: Scan, *, remedy: str) -> Scan:
    if not len(scan.facets):
        raise InputError(f"{scan.name}: no facet has an area; export it again")
    extent_um = float(np.ptp(scan.vertices_um, axis=0).max())
    if not _SMALLEST_UM <= extent_um <= _LARGEST_UM:
        raise InputError(
            f"{scan.name}: {extent_um:.3g} um across, where {_SMALLEST_UM:g} um to {_LARGEST_UM / 1000:g} mm are "
            f"expected of a tip and its shank; {remedy}"
        )
    return scan


def _check_surface(scan: Scan, path: Path) -> None:
    """Raise InputError where the facets hang together nowhere."""
    pairs = np.sort(scan.facets[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    _, counts = np.unique(pairs[:, 0] * np.int64(len(scan.vertices_um)) + pairs[:, 1], return_counts=True)
    shared = float(np.count_nonzero(counts > 1)) / len(counts)
    if shared < _LEAST_SHARED_EDGES:
        raise InputError(
            f"{path}: only {shared:.0%} of the edges join two facets: loose polygons and no surface; "
            "export a mesh whose facets share their corners"
        )
