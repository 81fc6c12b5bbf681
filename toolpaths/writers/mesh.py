"""The engraved tip as a mesh: binary STL, 3MF and GLB, each a closed solid, equal bytes for equal heights.

All three are written here rather than by a library: in whole nanometres, with no date, name or order of a library's
choosing in them.
"""

import io
import json
import struct
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap
from toolpaths.writers.mesh_solid import BASE_UM, TOLERANCE_UM, solid_of
from toolpaths.writers.nanometres import millimetres

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KINDS = ("stl", "3mf", "glb")

_STL_HEADER = b"binary STL of an engraved tip; unit millimetre; pin frame, z towards the primer".ljust(80)
_STL_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])

_CORE_3MF = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_MODEL_3MF = "3D/3dmodel.model"
_TYPES_3MF = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>'
    "</Types>\n"
)
_RELATIONS_3MF = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rel0" Target="/{_MODEL_3MF}" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>'
    "</Relationships>\n"
)
# The first day that a zip can name; Unix; a file that everybody may read.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_ZIP_UNIX, _ZIP_MODE = 3, 0o100644
_ZIP_LEVEL = 6

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
    solid = solid_of(heights, base_um=base_um, tolerance_um=tolerance_um)
    corners = solid.vertices_nm[solid.triangles]
    facets = np.zeros(len(corners), dtype=_STL_FACET)
    facets["normal"] = _normals(corners)
    facets["corners"] = millimetres(corners)
    return _STL_HEADER + struct.pack("<I", len(facets)) + facets.tobytes()


def write_3mf(heights: HeightMap, *, base_um: float = BASE_UM, tolerance_um: float = TOLERANCE_UM) -> bytes:
    """3MF by the core specification 1.3, in millimetres to six decimals; parameters and errors as ``write_stl``.

    The zip has its files in one order and one date, 1980-01-01.
    """
    solid = solid_of(heights, base_um=base_um, tolerance_um=tolerance_um)
    model = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<model unit="millimeter" xml:lang="en-US" xmlns="{_CORE_3MF}">\n'
        '<resources>\n<object id="1" type="model" name="engraved tip">\n<mesh>\n<vertices>\n'
        + _lines('<vertex x="%.6f" y="%.6f" z="%.6f"/>\n', millimetres(solid.vertices_nm))
        + "</vertices>\n<triangles>\n"
        + _lines('<triangle v1="%d" v2="%d" v3="%d"/>\n', solid.triangles)
        + "</triangles>\n</mesh>\n</object>\n</resources>\n"
        '<build>\n<item objectid="1"/>\n</build>\n</model>\n'
    )
    members = (("[Content_Types].xml", _TYPES_3MF), ("_rels/.rels", _RELATIONS_3MF), (_MODEL_3MF, model))
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, text in members:
            entry = ZipInfo(name, _ZIP_DATE)
            entry.create_system = _ZIP_UNIX
            entry.external_attr = _ZIP_MODE << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, text.encode(), compresslevel=_ZIP_LEVEL)
    return file.getvalue()


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


def _normals(corners_nm: IntArray) -> FloatArray:
    """Unit normals, (m, 3). No triangle of a solid is without an area."""
    one, other = corners_nm[:, 1] - corners_nm[:, 0], corners_nm[:, 2] - corners_nm[:, 0]
    doubled = np.cross(one, other).astype(np.float64)
    # Zeros are added so that none is negative: they would change the bytes and nothing else.
    normals: FloatArray = doubled / np.sqrt((doubled**2).sum(axis=1))[:, None] + 0.0
    return normals


def _lines(template: str, rows: FloatArray | IntArray) -> str:
    return template * len(rows) % tuple(rows.ravel().tolist())


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
