"""Binary glTF 2.0 as triangles: one mesh, in the file's own binary chunk, every size checked against its bytes."""

import json
import struct
from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from toolpaths.readers.mesh_parts import (
    BODIES,
    DAMAGED,
    ELSEWHERE,
    EMPTY,
    MOST_TRIANGLES,
    MOST_VERTICES,
    TOO_LARGE,
    TRUNCATED,
    FloatArray,
    IntArray,
    Triangles,
    fault,
    moved,
    quoted,
    require_count,
    scaled,
)

_UM_PER_M = 1e6
_MAGIC, _VERSION = 0x46546C67, 2
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_HEAD_BYTES, _CHUNK_HEAD_BYTES = 12, 8
# Ours has 600 bytes.
_MOST_JSON_BYTES = 1_000_000
_MOST_NODES = 1000
_MOST_DEPTH = 32
_MOST_PRIMITIVES = 100
_TRIANGLES = 4
_FLOAT = 5126
_INDEX_TYPES: Mapping[int, str] = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_MOST_STRIDE = 252
_REMEDY = "export the tip alone as one plain mesh in one .glb file, without compression or extensions"


def triangles_of_glb(data: bytes) -> Triangles:
    """The triangles of the one mesh in a GLB file's scene, moved as its nodes say. Raises NotReadError."""
    text, binary = _chunks(data)
    document = _document(text)
    extensions = _list(document, "extensionsRequired")
    if extensions:
        raise fault(ELSEWHERE, f"needs extensions, {quoted(str(extensions))}, of which none is read", remedy=_REMEDY)
    mesh, matrix = _instance(document)
    primitives = _list(_item(document, "meshes", mesh), "primitives")
    if not 1 <= len(primitives) <= _MOST_PRIMITIVES:
        raise fault(EMPTY if not primitives else TOO_LARGE, f"a mesh of {len(primitives)} primitives", place="meshes")
    parts = [_primitive(_mapping(part, "primitives"), document, binary) for part in primitives]
    vertices = np.concatenate([part[0] for part in parts])
    before = np.cumsum([0, *(len(part[0]) for part in parts)])
    corners = np.concatenate([part[1] + first for part, first in zip(parts, before[:-1].tolist(), strict=True)])
    require_count(len(corners), most=MOST_TRIANGLES, what="triangles")
    return Triangles(vertices_um=scaled(moved(vertices, matrix), _UM_PER_M), corners=corners)


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """The JSON chunk and the binary one."""
    if len(data) < _HEAD_BYTES or struct.unpack_from("<I", data)[0] != _MAGIC:
        raise fault(DAMAGED, "no GLB file: it does not begin with 'glTF'", remedy=_REMEDY)
    _, version, length = struct.unpack_from("<III", data)
    if version != _VERSION:
        raise fault(DAMAGED, f"glTF of version {version}, where 2 is read", remedy=_REMEDY)
    if length != len(data):
        raise fault(
            TRUNCATED,
            "another length than the file says: it was cut off",
            value=float(len(data)),
            limit=float(length),
            unit="bytes",
        )
    text, rest = _chunk(data, _HEAD_BYTES, kind=_JSON)
    if len(text) > _MOST_JSON_BYTES:
        raise fault(
            TOO_LARGE,
            "a description larger than is read",
            value=float(len(text)),
            limit=float(_MOST_JSON_BYTES),
            unit="bytes",
            remedy=_REMEDY,
        )
    binary, _ = _chunk(data, rest, kind=_BINARY) if rest < len(data) else (b"", rest)
    return text, binary


def _chunk(data: bytes, place: int, *, kind: int) -> tuple[bytes, int]:
    """A chunk that must be of one kind, and where the next begins."""
    begin = place + _CHUNK_HEAD_BYTES
    if begin > len(data):
        raise fault(TRUNCATED, "a chunk is cut off")
    length, found = struct.unpack_from("<II", data, place)
    if found != kind:
        raise fault(DAMAGED, f"a chunk of kind {found:#x} where {kind:#x} should stand")
    if begin + length > len(data):
        raise fault(TRUNCATED, f"a chunk says {length} bytes, of which {len(data) - begin} are there")
    return data[begin : begin + length], begin + length


def _document(text: bytes) -> dict[str, object]:
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise fault(DAMAGED, f"its description is no JSON ({quoted(str(error))})", remedy=_REMEDY) from error
    return _mapping(document, "document")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise fault(DAMAGED, "not the object that should stand here", place=where, remedy=_REMEDY)
    return value


def _list(owner: Mapping[str, object], key: str) -> list[object]:
    value = owner.get(key, [])
    if not isinstance(value, list):
        raise fault(DAMAGED, "not the list that should stand here", place=key, remedy=_REMEDY)
    return value


def _whole(owner: Mapping[str, object], key: str, default: int | None = None) -> int:
    """A whole number, 0 or more."""
    value = owner.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise fault(DAMAGED, "not the whole number, 0 or more, that should stand here", place=key, remedy=_REMEDY)
    return value


def _item(document: Mapping[str, object], key: str, index: int) -> dict[str, object]:
    items = _list(document, key)
    if index >= len(items):
        raise fault(DAMAGED, f"number {quoted(str(index))} of {len(items)} is asked for", place=key, remedy=_REMEDY)
    return _mapping(items[index], key)


def _instance(document: Mapping[str, object]) -> tuple[int, FloatArray]:
    """The one mesh in the scene, and the matrix (4, 4) that its nodes make."""
    scene = _item(document, "scenes", _whole(document, "scene", 0))
    waiting = [(node, np.eye(4), 0) for node in _list(scene, "nodes")]
    found: list[tuple[int, FloatArray]] = []
    seen = 0
    while waiting:
        number, matrix, depth = waiting.pop()
        seen += 1
        # Nodes that lead back to themselves end here, too.
        if seen > _MOST_NODES or depth > _MOST_DEPTH or len(waiting) > _MOST_NODES:
            raise fault(TOO_LARGE, f"more than {_MOST_NODES} nodes, or {_MOST_DEPTH} below each other", remedy=_REMEDY)
        node = _item(document, "nodes", _whole({"nodes": number}, "nodes"))
        with np.errstate(all="ignore"):
            own = matrix @ _node_matrix(node)
        if "mesh" in node:
            found.append((_whole(node, "mesh"), own))
        waiting += [(child, own, depth + 1) for child in _list(node, "children")]
    if len(found) != 1:
        number_of = BODIES if found else EMPTY
        raise fault(number_of, f"the scene shows {len(found)} meshes, where one tip is expected", remedy=_REMEDY)
    return found[0]


def _node_matrix(node: Mapping[str, object]) -> FloatArray:
    """The node's own matrix, or translation times rotation times scale (clause 3.5.3)."""
    if "matrix" in node:
        return _numbers(node, "matrix", 16, ()).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = _numbers(node, "rotation", 4, (0.0, 0.0, 0.0, 1.0))
    with np.errstate(all="ignore"):
        turn = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        matrix[:3, :3] = turn * _numbers(node, "scale", 3, (1.0, 1.0, 1.0))
    matrix[:3, 3] = _numbers(node, "translation", 3, (0.0, 0.0, 0.0))
    return matrix


def _numbers(node: Mapping[str, object], key: str, count: int, default: tuple[float, ...]) -> FloatArray:
    values = _list(node, key) if key in node else list(default)
    try:
        numbers = np.array([float(value) for value in values if isinstance(value, int | float)])
    except OverflowError as error:
        raise fault(DAMAGED, "a number beyond every measure", place=key, remedy=_REMEDY) from error
    if numbers.size != count or len(values) != count:
        raise fault(DAMAGED, f"not the {count} numbers that should stand here", place=key, remedy=_REMEDY)
    return numbers


def _primitive(
    primitive: Mapping[str, object], document: Mapping[str, object], binary: bytes
) -> tuple[FloatArray, IntArray]:
    """Vertices (n, 3) in metres and corners (m, 3) of one primitive."""
    if _whole(primitive, "mode", _TRIANGLES) != _TRIANGLES:
        raise fault(DAMAGED, "drawn as points, lines or strips, where triangles are read", remedy=_REMEDY)
    attributes = _mapping(primitive.get("attributes", {}), "attributes")
    position = _item(document, "accessors", _whole(attributes, "POSITION"))
    if position.get("type") != "VEC3" or position.get("componentType") != _FLOAT:
        raise fault(DAMAGED, "positions that are not three single floats each", place="accessors", remedy=_REMEDY)
    vertices = _values(position, document, binary, kind="<f4", width=3, most=MOST_VERTICES, what="vertices")
    if "indices" not in primitive:
        indices: FloatArray | IntArray = np.arange(len(vertices), dtype=np.int64)
    else:
        accessor = _item(document, "accessors", _whole(primitive, "indices"))
        kind = _INDEX_TYPES.get(_whole(accessor, "componentType"))
        if accessor.get("type") != "SCALAR" or kind is None:
            raise fault(DAMAGED, "indices of a type that glTF does not have", place="accessors", remedy=_REMEDY)
        most = 3 * MOST_TRIANGLES
        indices = _values(accessor, document, binary, kind=kind, width=1, most=most, what="indices")[:, 0]
    if indices.size % 3:
        raise fault(DAMAGED, f"{indices.size} indices, which are no whole triangles", remedy=_REMEDY)
    return vertices.astype(np.float64), indices.astype(np.int64).reshape(-1, 3)


def _values(
    accessor: Mapping[str, object],
    document: Mapping[str, object],
    binary: bytes,
    *,
    kind: str,
    width: int,
    most: int,
    what: str,
) -> FloatArray | IntArray:
    """What an accessor reaches, (count, width), after its sizes have been held against the bytes that are there."""
    count = _whole(accessor, "count")
    require_count(count, most=most, what=what)
    if "sparse" in accessor or "bufferView" not in accessor:
        raise fault(ELSEWHERE, f"{what} that are sparse, or not in the file", place="accessors", remedy=_REMEDY)
    view = _item(document, "bufferViews", _whole(accessor, "bufferView"))
    held = _item(document, "buffers", _whole(view, "buffer"))
    if _whole(view, "buffer") != 0 or "uri" in held:
        raise fault(ELSEWHERE, f"{what} in another file than this one; nothing else is opened", remedy=_REMEDY)
    size = np.dtype(kind).itemsize * width
    step = _whole(view, "byteStride", size)
    if not size <= step <= _MOST_STRIDE:
        raise fault(DAMAGED, f"{what} {quoted(str(step))} bytes apart", place="bufferViews", remedy=_REMEDY)
    begin, within = _whole(view, "byteOffset", 0), _whole(accessor, "byteOffset", 0)
    needed = within + (count - 1) * step + size
    if needed > _whole(view, "byteLength") or begin + needed > len(binary):
        raise fault(TRUNCATED, f"the {count} {what} reach beyond the bytes that are there", place="accessors")
    flat = np.frombuffer(binary, dtype=np.uint8, count=needed - within, offset=begin + within)
    rows = np.lib.stride_tricks.as_strided(flat, shape=(count, size), strides=(step, 1), writeable=False)
    return np.ascontiguousarray(rows).view(kind)
