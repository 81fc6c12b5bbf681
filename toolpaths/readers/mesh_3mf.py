"""3MF as triangles: a zip with limits on everything, its one model by expat, no entity ever expanded."""

import io
import struct
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from toolpaths.readers.mesh_parts import (
    BODIES,
    DAMAGED,
    ELSEWHERE,
    EMPTY,
    MOST_TRIANGLES,
    TOO_LARGE,
    FloatArray,
    Triangles,
    fault,
    moved,
    quoted,
    require_count,
    scaled,
)

_MOST_MEMBERS = 256
_MEMBER_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
# A triangle and its half of a vertex take 80 bytes of XML.
_MOST_MODEL_BYTES = 250_000_000
_MOST_RELATIONS_BYTES = 100_000
# A closed body has half as many vertices as triangles.
_MOST_ELEMENTS = 3 * MOST_TRIANGLES // 2 + 10_000
_MOST_LINKS = 8
_RELATIONS = "_rels/.rels"
_MODEL_TYPE = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
# Core specification 1.3, clause 3.4: the unit of a model without one is the millimetre.
_UNITS_UM: Mapping[str, float] = {
    "micron": 1.0,
    "millimeter": 1e3,
    "centimeter": 1e4,
    "inch": 25_400.0,
    "foot": 304_800.0,
    "meter": 1e6,
}
_TRANSFORM_NUMBERS = 12
# What zipfile raises for damaged and for hostile files; RuntimeError stands for an unknown method or a password.
_DAMAGE = (BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, OverflowError, IndexError)


@dataclass(slots=True, kw_only=True)
class _Object:
    """An object while it is read: its mesh, or the links to other objects that it is made of."""

    vertices: "array[float]" = field(default_factory=lambda: array("d"))
    corners: "array[int]" = field(default_factory=lambda: array("q"))
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Model:
    """What expat's calls fill while a model is parsed. items : object and transform of each thing to build."""

    unit: str = "millimeter"
    objects: dict[str, _Object] = field(default_factory=dict)
    items: list[tuple[str, str]] = field(default_factory=list)
    current: _Object = field(default_factory=_Object)
    elements: int = 0

    def start(self, tag: str, values: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > _MOST_ELEMENTS:
            raise fault(
                TOO_LARGE,
                "the model has more elements than are read",
                limit=float(_MOST_ELEMENTS),
                remedy="export the tip alone, decimated",
            )
        local = tag.rpartition(" ")[2]
        if local == "vertex":
            self.current.vertices.extend((float(values["x"]), float(values["y"]), float(values["z"])))
        elif local == "triangle":
            self.current.corners.extend((int(values["v1"]), int(values["v2"]), int(values["v3"])))
        else:
            self._structure(local, values)

    def _structure(self, tag: str, values: dict[str, str]) -> None:
        if tag == "model":
            self.unit = values.get("unit", "millimeter").strip()
            if values.get("requiredextensions", "").strip():
                raise fault(
                    ELSEWHERE,
                    f"the model needs extensions, {quoted(values['requiredextensions'])}, where only the core "
                    "specification is read",
                    remedy="export plain 3MF: one object with its mesh",
                )
        elif tag == "object":
            self.current = self.objects.setdefault(values["id"], _Object())
        elif tag == "component":
            self.current.links.append((values["objectid"], values.get("transform", "")))
        elif tag == "item":
            self.items.append((values["objectid"], values.get("transform", "")))


@dataclass(slots=True, kw_only=True)
class _Relations:
    """Where the model lies, by the package's relationships."""

    target: str = ""

    def start(self, tag: str, values: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] == "Relationship" and values.get("Type", "") == _MODEL_TYPE:
            self.target = values.get("Target", "").lstrip("/")


def triangles_of_3mf(data: bytes) -> Triangles:
    """The triangles of the one mesh that a 3MF file builds, moved as it says. Raises NotReadError."""
    # Every member has its mark in the directory, so this bounds the work before any of it is done.
    if data.count(_MEMBER_MARK) > _MOST_MEMBERS:
        raise fault(TOO_LARGE, f"a zip of more than {_MOST_MEMBERS} members, where a 3MF file has about three")
    try:
        archive = ZipFile(io.BytesIO(data))
    except _DAMAGE as error:
        raise fault(DAMAGED, f"no zip file, or a damaged one ({quoted(str(error))}), which 3MF is") from error
    model = _parsed_model(_member(archive, _model_name(archive), most=_MOST_MODEL_BYTES))
    found, matrix = _built(model)
    if model.unit not in _UNITS_UM:
        raise fault(DAMAGED, f"the unit {quoted(model.unit)} is none that 3MF knows", remedy="export it in millimetres")
    require_count(len(found.corners) // 3, most=MOST_TRIANGLES, what="triangles")
    vertices = moved(np.array(found.vertices).reshape(-1, 3), matrix)
    return Triangles(
        vertices_um=scaled(vertices, _UNITS_UM[model.unit]),
        corners=np.array(found.corners, dtype=np.int64).reshape(-1, 3),
    )


def _model_name(archive: ZipFile) -> str:
    names = archive.namelist()
    relations = _Relations()
    if _RELATIONS in names:
        _parse(_member(archive, _RELATIONS, most=_MOST_RELATIONS_BYTES), relations, where=_RELATIONS)
    if relations.target in names:
        return relations.target
    models = [name for name in names if name.lower().endswith(".model")]
    if len(models) != 1:
        raise fault(EMPTY, f"a zip in which {len(models)} models could be the 3MF model, where one is expected")
    return models[0]


def _member(archive: ZipFile, name: str, *, most: int) -> bytes:
    """One file of the zip, unpacked. Raises NotReadError where it is damaged, or larger than it may be."""
    info, where = archive.getinfo(name), quoted(name)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise fault(DAMAGED, "encrypted, or packed by another method than deflate", place=where)
    if info.file_size > most:
        raise fault(
            TOO_LARGE,
            "unpacks to more than is read",
            place=where,
            value=float(info.file_size),
            limit=float(most),
            unit="bytes",
            remedy="decimate the mesh; a pin's tip needs no more",
        )
    try:
        with archive.open(info) as file:
            # Never more than it says; the check sum is compared at its end.
            data = file.read(info.file_size + 1)
    except _DAMAGE as error:
        raise fault(DAMAGED, f"cannot be unpacked ({quoted(str(error))})", place=where) from error
    if len(data) != info.file_size:
        raise fault(DAMAGED, f"{len(data)} bytes of {info.file_size}", place=where)
    return data


def _parsed_model(data: bytes) -> _Model:
    model = _Model()
    _parse(data, model, where="model")
    return model


def _parse(data: bytes, builder: _Model | _Relations, *, where: str) -> None:
    """Let expat call a builder. Raises NotReadError for XML that is damaged or declares a document type.

    Entities are declared there and nowhere else, so none is ever expanded, in the file or from outside. Expat keeps no
    more of elements in one another than their names.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = builder.start
    try:
        parser.Parse(data, True)  # noqa: FBT003 - its last argument, final, has no name
    except expat.ExpatError as error:
        raise fault(DAMAGED, f"no well-formed XML ({quoted(str(error))})", place=where) from error
    except KeyError as error:
        raise fault(DAMAGED, f"an element without its attribute {error}", place=where) from error
    except (ValueError, OverflowError) as error:
        raise fault(DAMAGED, f"an attribute that should be a number ({quoted(str(error))})", place=where) from error


def _refuse_document_type(*_: object) -> None:
    raise fault(ELSEWHERE, "XML with a document type, which 3MF forbids (core specification, clause 2.3.2)")


def _built(model: _Model) -> tuple[_Object, FloatArray]:
    """The object with the mesh that is built, and its matrix (4, 4), through links with one object each."""
    links, matrix = model.items, np.eye(4)
    for _ in range(_MOST_LINKS):
        if not links:
            raise fault(EMPTY, "the model builds nothing")
        if len(links) > 1:
            raise fault(
                BODIES, f"the model builds {len(links)} bodies", value=float(len(links)), limit=1.0, place="build"
            )
        name, transform = links[0]
        if name not in model.objects:
            raise fault(DAMAGED, f"object {quoted(name)} is to be built, and is not there", place="build")
        with np.errstate(all="ignore"):
            matrix = matrix @ _matrix(transform)
        found = model.objects[name]
        if found.corners:
            return found, matrix
        links = found.links
    raise fault(DAMAGED, f"more than {_MOST_LINKS} objects that are made of each other", place="build")


def _matrix(transform: str) -> FloatArray:
    """Twelve numbers, four rows of three that act on rows from the right (clause 3.3), as (4, 4) for columns."""
    if not transform.strip():
        return np.eye(4)
    try:
        numbers = np.array([float(word) for word in transform.split()])
    except ValueError as error:
        raise fault(DAMAGED, "a transform with words that are no numbers", place="build") from error
    if numbers.size != _TRANSFORM_NUMBERS:
        raise fault(DAMAGED, f"a transform of {numbers.size} numbers, where it has twelve", place="build")
    matrix = np.eye(4)
    matrix[:3] = numbers.reshape(4, 3).T
    return matrix
