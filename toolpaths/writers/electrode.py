"""An electrode for those who make it: STL and 3MF of the body, DXF of its outline at every depth. Millimetres.

All three are posed as the electrode is milled unless asked otherwise: end face up, reading as the mark in a primer.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.electrode import MILLING, Electrode, posed
from toolpaths.edm.electrode_mesh import Cover
from toolpaths.edm.electrode_region import enclosed, polygons
from toolpaths.errors import ToolpathError
from toolpaths.writers.dxf import fixed_meta_data
from toolpaths.writers.mesh_files import package_3mf, stl_bytes
from toolpaths.writers.mesh_solid import Solid
from toolpaths.writers.nanometres import NM_PER_UM, millimetres

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BASE_LAYER = "BASE"
_MILLIMETRES, _METRIC = 4, 1  # $INSUNITS, $MEASUREMENT
_LEAST_AREA_UM2 = 0.01
MOST_LEVELS = 24
"""Outlines of a curved end face in a drawing: whoever wants it finer takes the mesh."""


def write_electrode_stl(electrode: Electrode, *, pose: str = MILLING) -> bytes:
    """Binary STL in millimetres. Raises ToolpathError for an unknown pose."""
    return stl_bytes(_solid(electrode, pose), header=f"binary STL of an EDM electrode; unit millimetre; {pose} pose")


def write_electrode_3mf(electrode: Electrode, *, pose: str = MILLING) -> bytes:
    """3MF in millimetres. Raises ToolpathError for an unknown pose."""
    return package_3mf(_solid(electrode, pose), name=f"electrode {electrode.name}, {pose} pose")


def _solid(electrode: Electrode, pose: str) -> Solid:
    mesh = posed(electrode, pose)
    return Solid(vertices_nm=np.rint(mesh.vertices_um * NM_PER_UM).astype(np.int64), triangles=mesh.triangles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Where an electrode, as it is milled, is solid at a depth below the highest place of its end face."""

    name: str
    depth_um: float
    outline: MultiPolygon


def layers(electrode: Electrode, *, step_um: float) -> tuple[Layer, ...]:
    """Outlines at every step of depth, as the electrode is milled: x mirrored by the turn, the end face on top.

    The end face of a flat tip's electrode is one layer, that of a curved one as many as its height has steps. Below
    the lowest place of the end face the outline stays the same down to the base, which is the last layer.
    step_um : the least step; a multiple of it where there would be more than ``MOST_LEVELS`` steps.
    Raises ToolpathError for a step that is not a finite number above 0.
    """
    if not (math.isfinite(step_um) and step_um > 0):
        raise ToolpathError(f"electrode: the step of its layers, {step_um!r} um, must be a finite number above 0")
    cover = electrode.cover
    lowest_nm, highest_nm = int(cover.heights_nm.min()), int(cover.heights_nm.max())
    high_um = (highest_nm - lowest_nm) / NM_PER_UM
    step_um *= max(1, math.ceil(high_um / (step_um * MOST_LEVELS)))
    depths_um = [*(step_um * number for number in range(1, math.ceil(high_um / step_um))), high_um]
    base_um = electrode.base_z_um - electrode.lowest_um
    found = [
        Layer(
            name=_name(depth_um),
            depth_um=depth_um,
            outline=_turned(_below(cover, lowest_nm + round(depth_um * NM_PER_UM))),
        )
        for depth_um in depths_um
    ]
    base = Layer(
        name=f"{BASE_LAYER}_{_name(base_um)}", depth_um=base_um, outline=_turned(MultiPolygon([electrode.base]))
    )
    return (*found, base)


def _name(depth_um: float) -> str:
    return f"DEPTH_{depth_um:06.1f}UM".replace(".", "P")


def _turned(outline: MultiPolygon) -> MultiPolygon:
    """As seen with the end face towards the viewer."""
    return polygons(shapely.transform(outline, lambda points: points * np.array([-1.0, 1.0])))


def _below(cover: Cover, level_nm: int) -> MultiPolygon:
    """Where the end face lies at a level or below it: inside its outline there, and the lines of that level."""
    heights_nm, corners = cover.heights_nm, cover.triangles
    corners = np.take_along_axis(corners, np.argsort(heights_nm[corners], axis=1), axis=1)
    low, middle, high = heights_nm[corners].T
    corners, middle = corners[(low <= level_nm) & (level_nm < high)], middle[(low <= level_nm) & (level_nm < high)]
    other = np.where(middle > level_nm, corners[:, 0], corners[:, 1])
    to = np.where(middle > level_nm, corners[:, 1], corners[:, 2])
    lines = np.stack([_at(cover, corners[:, 0], corners[:, 2], level_nm), _at(cover, other, to, level_nm)], axis=1)
    rim = np.take_along_axis(cover.rim, np.argsort(heights_nm[cover.rim], axis=1), axis=1)
    rim = rim[heights_nm[rim[:, 0]] <= level_nm]
    ends = np.where(
        (heights_nm[rim[:, 1]] <= level_nm)[:, None],
        cover.places_nm[rim[:, 1]],
        _at(cover, rim[:, 0], rim[:, 1], level_nm),
    )
    edges = np.concatenate([lines, np.stack([cover.places_nm[rim[:, 0]], ends], axis=1)])
    edges = edges[np.any(edges[:, 0] != edges[:, 1], axis=1)]
    outline = polygons(shapely.simplify(enclosed(edges / NM_PER_UM), 1 / NM_PER_UM))
    return MultiPolygon([part for part in outline.geoms if part.area >= _LEAST_AREA_UM2])


def _at(cover: Cover, low: IntArray, high: IntArray, level_nm: int) -> IntArray:
    """Where edges from low to high corners cross a level, (k, 2) int, nm; their low ends where they are level."""
    rise = cover.heights_nm[high] - cover.heights_nm[low]
    share = np.where(rise > 0, (level_nm - cover.heights_nm[low]) / np.maximum(rise, 1), 0.0)[:, None]
    places: IntArray = np.rint(cover.places_nm[low] + share * (cover.places_nm[high] - cover.places_nm[low])).astype(
        np.int64
    )
    return places


def write_electrode_dxf(electrode: Electrode, *, step_um: float) -> bytes:
    """DXF R2000 in millimetres: a layer a depth, as ``layers`` has them, closed LWPOLYLINEs at their elevation.

    z is 0 at the highest place of the end face, negative below it. Raises ToolpathError as ``layers``.
    """
    from ezdxf.document import Drawing  # 300 ms that other formats need not pay

    with fixed_meta_data():
        doc = Drawing.new("R2000")
        doc.header["$INSUNITS"] = _MILLIMETRES
        doc.header["$MEASUREMENT"] = _METRIC
        for number, layer in enumerate(layers(electrode, step_um=step_um)):
            doc.layers.add(layer.name, color=1 + number % 6)
            elevation_mm = float(millimetres(np.array(-round(layer.depth_um * NM_PER_UM))))
            for ring in _rings(layer.outline):
                attributes = {"layer": layer.name, "elevation": elevation_mm}
                doc.modelspace().add_lwpolyline(ring.tolist(), close=True, dxfattribs=attributes)
        low, high = _extents(electrode.base)
        doc.modelspace().reset_extents(low, high)
        doc.header["$EXTMIN"], doc.header["$EXTMAX"] = low, high
        stream = StringIO()
        doc.write(stream)
    return stream.getvalue().encode("ascii")


def _rings(outline: MultiPolygon) -> Iterator[FloatArray]:
    """Every ring of an outline, its last point left out, mm to the nanometre."""
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        yield millimetres(np.rint(shapely.get_coordinates(ring)[:-1] * NM_PER_UM).astype(np.int64))


def _extents(base: Polygon) -> tuple[list[float], list[float]]:
    """Corners of the box about the base, which is the widest: it lies about the origin."""
    low_x, low_y, high_x, high_y = (value / 1000 for value in base.bounds)
    return [low_x, low_y, 0.0], [high_x, high_y, 0.0]
