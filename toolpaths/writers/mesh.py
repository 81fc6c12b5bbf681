"""The engraved tip as a mesh: binary STL, 3MF and GLB, each a closed solid, equal bytes for equal heights.

All three are written here rather than by a library: in whole nanometres, with no date, name or order of a library's
choosing in them.
"""

import json
import struct

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap
from toolpaths.writers.mesh_files import package_3mf, stl_bytes
from toolpaths.writers.mesh_solid import BASE_UM, TOLERANCE_UM, solid_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KINDS = ("stl", "3mf", "glb")

_STL_HEADER = "binary STL of an engraved tip; unit millimetre; pin frame, z towards the primer"
_NM_PER_M = 1e9
_GLB_MAGIC, _GLB_VERSION = 0x46546C67, 2
_GLB_JSON, _GLB_BINARY = 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_INT = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963

_NOTES = {
    "stl": (
        "STL carries no unit: choose millimetres when the program asks, and no scaling.",
        "x right, y up, z towards the primer, the tip seen from in front.",
    ),
    "3mf": (
        "The unit, millimetre, stands in the file; nothing has to be chosen.",
        "x right, y up, z towards the primer, the tip seen from in front.",
    ),
    "glb": (
        "glTF is in metres: a program that takes a unit for millimetres shows a body of 0.002; scale it by 1000.",
        "As glTF has it, y is up and the front looks along +z: a viewer opens on the tip as seen from in front.",
        "Programs with z up turn it, so that the tip points towards their front, -y.",
    ),
}
_NOTE = (
    "This is the tip as the toolpath cuts it, by simulation: to look at, to measure against, to print enlarged.",
    "Nothing in it is to be marked by a laser: it says no speed, no energy, no order.",
    "Do not mirror it. From in front the characters read mirrored; in the primer they read right.",
    "It came in right if it is as wide as the tip's face, some 0.5 to 3 mm; a thousand times more or less is the unit.",
    "Only the face with its relief is the tip's; the straight wall and the flat base below it close the body.",
)


def write_stl(heights: HeightMap, *, base_um: float = BASE_UM, tolerance_um: float = TOLERANCE_UM) -> bytes:
    """Binary STL in millimetres, the header of 80 bytes always the same: 50 bytes a triangle.

    heights : pin frame, NaN outside the boundary. base_um : the base below the lowest place of the surface.
    tolerance_um : how far a sample may lie from the facet that stands for it.
    Raises ToolpathError as ``mesh_solid.solid_of``.
    """
    return stl_bytes(solid_of(heights, base_um=base_um, tolerance_um=tolerance_um), header=_STL_HEADER)


def write_3mf(heights: HeightMap, *, base_um: float = BASE_UM, tolerance_um: float = TOLERANCE_UM) -> bytes:
    """3MF by the core specification 1.3, in millimetres to six decimals; parameters and errors as ``write_stl``.

    The zip has its files in one order and one date, 1980-01-01.
    """
    return package_3mf(solid_of(heights, base_um=base_um, tolerance_um=tolerance_um), name="engraved tip")


def write_glb(heights: HeightMap, *, base_um: float = BASE_UM, tolerance_um: float = TOLERANCE_UM) -> bytes:
    """Binary glTF 2.0, in metres, coordinates as in the pin frame; parameters and errors as ``write_stl``.

    glTF has y up, and the front of a thing looks along +z (clause 3.4): so does the pin frame, seen from in front.
    Without normals, as here, facets are shown flat (clause 3.7.2.1).
    """
    solid = solid_of(heights, base_um=base_um, tolerance_um=tolerance_um)
    vertices = (solid.vertices_nm / _NM_PER_M).astype("<f4")
    indices = solid.triangles.astype("<u4")
    document = json.dumps(_gltf(vertices, indices), separators=(",", ":"), sort_keys=True).encode("ascii")
    text = document.ljust(-(-len(document) // 4) * 4)
    binary = vertices.tobytes() + indices.tobytes()
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        (
            struct.pack("<III", _GLB_MAGIC, _GLB_VERSION, total),
            struct.pack("<II", len(text), _GLB_JSON),
            text,
            struct.pack("<II", len(binary), _GLB_BINARY),
            binary,
        )
    )


def import_note(kind: str) -> str:
    """What an operator must know to load such a file: plain text, a sentence or two a line.

    Raises ToolpathError for a kind that is not in ``KINDS``.
    """
    if kind not in _NOTES:
        raise ToolpathError(f"mesh: kind {kind!r} is not known; use one of {', '.join(KINDS)}")
    return "\n".join((*_NOTES[kind], *_NOTE)) + "\n"


def _gltf(vertices: NDArray[np.float32], indices: NDArray[np.uint32]) -> dict[str, object]:
    """The document of one mesh whose vertices and indices follow each other in the binary chunk."""
    return {
        "asset": {"version": "2.0", "generator": "pin-engrave"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "engraved tip"}],
        "meshes": [{"name": "engraved tip", "primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": _FLOAT,
                "count": len(vertices),
                "type": "VEC3",
                "min": vertices.min(axis=0).tolist(),
                "max": vertices.max(axis=0).tolist(),
            },
            {"bufferView": 1, "componentType": _UNSIGNED_INT, "count": indices.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": vertices.nbytes, "target": _ARRAY_BUFFER},
            {
                "buffer": 0,
                "byteOffset": vertices.nbytes,
                "byteLength": indices.nbytes,
                "target": _ELEMENT_ARRAY_BUFFER,
            },
        ],
        "buffers": [{"byteLength": vertices.nbytes + indices.nbytes}],
    }
