"""STL, binary and text, as triangles. The unit is not in the file: millimetres are assumed."""

import re
import struct

import numpy as np

from toolpaths.readers.mesh_parts import (
    DAMAGED,
    EMPTY,
    MOST_TRIANGLES,
    TOO_LARGE,
    TRUNCATED,
    FloatArray,
    Triangles,
    fault,
    require_count,
    scaled,
)

_UM_PER_MM = 1000.0
_HEAD_BYTES = 84
_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
# Words of text take twenty times the memory of numbers while they are read.
_MOST_TEXT_BYTES = 40_000_000
_FRAME_LINES = re.compile(rb"(?im)^[ \t]*(?:end)?solid\b.*$")
_KEYWORDS = (b"facet normal", b"outer loop", b"endloop", b"endfacet", b"vertex")
_NUMBERS_A_FACET = 12


def triangles_of_stl(data: bytes) -> Triangles:
    """The triangles of an STL file, every one with three vertices of its own. Raises NotReadError."""
    said = struct.unpack_from("<I", data, _HEAD_BYTES - 4)[0] if len(data) >= _HEAD_BYTES else None
    if said is not None and len(data) == _HEAD_BYTES + said * _FACET.itemsize:
        require_count(said, most=MOST_TRIANGLES, what="triangles")
        corners = np.frombuffer(data, dtype=_FACET, offset=_HEAD_BYTES)["corners"].astype(np.float64)
    elif data[:512].lstrip()[:5].lower() == b"solid" and b"facet" in data[:4096].lower():
        corners = _text_corners(data)
    elif said is None:
        raise fault(TRUNCATED if data else DAMAGED, f"{len(data)} bytes are no STL file: a binary one begins with 84")
    else:
        raise fault(
            TRUNCATED,
            f"says that it has {said} triangles, which make {_HEAD_BYTES + said * _FACET.itemsize} bytes, "
            f"where it has {len(data)}: it was cut off, or is no STL file",
        )
    vertices_um = scaled(corners.reshape(-1, 3), _UM_PER_MM)
    return Triangles(vertices_um=vertices_um, corners=np.arange(len(vertices_um), dtype=np.int64).reshape(-1, 3))


def _text_corners(data: bytes) -> FloatArray:
    """(m, 3, 3) from a text STL: what is left without its keywords are twelve numbers a facet."""
    if len(data) > _MOST_TEXT_BYTES:
        raise fault(
            TOO_LARGE,
            "text STL larger than is read",
            value=float(len(data)),
            limit=float(_MOST_TEXT_BYTES),
            unit="bytes",
            remedy="save it as binary STL",
        )
    if b"endsolid" not in data[-4096:].lower():
        raise fault(TRUNCATED, "text STL without its end, 'endsolid': it was cut off")
    text = _FRAME_LINES.sub(b"", data).lower()
    facets = text.count(b"endfacet")
    text = b" ".join(text.split())
    for keyword in _KEYWORDS:
        text = text.replace(keyword, b"")
    words = text.split()
    if not facets or not words:
        raise fault(EMPTY, "holds no triangles")
    try:
        numbers = np.array(words).astype(np.float64)
    except (ValueError, UnicodeDecodeError) as error:
        raise fault(DAMAGED, "text STL with words that are neither its keywords nor numbers") from error
    if numbers.size != facets * _NUMBERS_A_FACET:
        raise fault(TRUNCATED, f"text STL of {facets} facets with {numbers.size} numbers, where each has twelve")
    return numbers.reshape(-1, 4, 3)[:, 1:]
