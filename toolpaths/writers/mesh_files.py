"""Any closed body in whole nanometres as binary STL and as 3MF, in millimetres: equal bytes for equal bodies."""

import io
import struct
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.writers.mesh_solid import Solid
from toolpaths.writers.nanometres import millimetres

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_STL_HEADER_BYTES = 80
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


def stl_bytes(solid: Solid, *, header: str) -> bytes:
    """Binary STL, 50 bytes a triangle. Raises ToolpathError for a header that is no ASCII of 80 bytes at most.

    The header must not begin with ``solid``, by which readers tell the text form.
    """
    if not header.isascii() or len(header) > _STL_HEADER_BYTES or header.startswith("solid"):
        raise ToolpathError(f"STL: the header {header!r} must be 80 bytes of ASCII at most, and not begin with 'solid'")
    corners = solid.vertices_nm[solid.triangles]
    facets = np.zeros(len(corners), dtype=_STL_FACET)
    facets["normal"] = _normals(corners)
    facets["corners"] = millimetres(corners)
    return header.encode("ascii").ljust(_STL_HEADER_BYTES) + struct.pack("<I", len(facets)) + facets.tobytes()


def package_3mf(solid: Solid, *, name: str) -> bytes:
    """3MF by the core specification 1.3, to six decimals; its zip has its files in one order and one date.

    Raises ToolpathError for a name that would have to be escaped in XML.
    """
    if not name.isascii() or not name.isprintable() or set(name) & set('<>&"'):
        raise ToolpathError(f"3MF: the name {name!r} must be plain ASCII without <, >, & and quotes")
    model = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<model unit="millimeter" xml:lang="en-US" xmlns="{_CORE_3MF}">\n'
        f'<resources>\n<object id="1" type="model" name="{name}">\n<mesh>\n<vertices>\n'
        + _lines('<vertex x="%.6f" y="%.6f" z="%.6f"/>\n', millimetres(solid.vertices_nm))
        + "</vertices>\n<triangles>\n"
        + _lines('<triangle v1="%d" v2="%d" v3="%d"/>\n', solid.triangles)
        + "</triangles>\n</mesh>\n</object>\n</resources>\n"
        '<build>\n<item objectid="1"/>\n</build>\n</model>\n'
    )
    members = (("[Content_Types].xml", _TYPES_3MF), ("_rels/.rels", _RELATIONS_3MF), (_MODEL_3MF, model))
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for member, text in members:
            entry = ZipInfo(member, _ZIP_DATE)
            entry.create_system = _ZIP_UNIX
            entry.external_attr = _ZIP_MODE << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, text.encode(), compresslevel=_ZIP_LEVEL)
    return file.getvalue()


def _normals(corners_nm: IntArray) -> FloatArray:
    """Unit normals, (m, 3); zero where a triangle has no area."""
    one, other = corners_nm[:, 1] - corners_nm[:, 0], corners_nm[:, 2] - corners_nm[:, 0]
    doubled = np.cross(one, other).astype(np.float64)
    length = np.sqrt((doubled**2).sum(axis=1))[:, None]
    # Zeros are added so that none is negative: they would change the bytes and nothing else.
    normals: FloatArray = doubled / np.where(length > 0, length, 1.0) + 0.0
    return normals


def _lines(template: str, rows: FloatArray | IntArray) -> str:
    return template * len(rows) % tuple(rows.ravel().tolist())
