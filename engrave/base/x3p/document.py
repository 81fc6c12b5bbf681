"""main.xml to plain text by path.

Entities are declared in a document type and nowhere else. Expat calls us where one begins, and we refuse the document
there and then: no entity is ever expanded, in the file or from outside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from engrave.base.errors import InputError
from engrave.base.x3p.archive import quoted

_MOST_ELEMENTS = 10_000
_MOST_DEPTH = 32
_ENCODINGS = {"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"}
_DATUM = "Record3/DataList/Datum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The root's name and namespace; text and unit by path below it (``Record1/Axes/CX/Increment``); the data list."""

    root: str
    namespace: str
    texts: Mapping[str, str]
    units: Mapping[str, str]
    data: tuple[str, ...]
    repeated: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Builder:
    """What expat's calls fill while one document is parsed."""

    name: str
    root: str = ""
    namespace: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    repeated: dict[str, None] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    elements: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        prefix, _, local = tag.rpartition(":")
        if not self.root:
            self.root, self.namespace = local, attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
            return
        self.path.append(local)
        self.pieces.clear()
        where = "/".join(self.path)
        self.elements += where != _DATUM
        if self.elements > _MOST_ELEMENTS or len(self.path) > _MOST_DEPTH:
            raise InputError(
                f"{self.name}: more than {_MOST_ELEMENTS} elements, or more than {_MOST_DEPTH} in one another; "
                "no X3P file needs so many"
            )
        unit = next((text for key, text in attributes.items() if key.lower() in {"unit", "units"}), None)
        if unit is not None:
            self.units.setdefault(where, unit)

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def end(self, _tag: str) -> None:
        if not self.path:
            return
        where, text = "/".join(self.path), "".join(self.pieces)
        self.path.pop()
        self.pieces.clear()
        if where == _DATUM:
            self.data.append(text.strip())
        elif where in self.texts:
            self.repeated[where] = None
        else:
            self.texts[where] = text

    def refuse_type(self, *_declaration: object) -> None:
        raise InputError(
            f"{self.name}: has a document type (<!DOCTYPE ...>), which could declare entities; remove that line"
        )

    def check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        # Others would be looked up among Python's codecs by whatever name the file gives.
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise InputError(f"{self.name}: encoding {quoted(encoding)} is not read; save it as UTF-8")


def parse_document(data: bytes, *, name: str) -> Document:
    """The document. Raises InputError where it is no well-formed XML, declares a document type or is out of measure."""
    builder = _Builder(name=name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = builder.check_encoding
    parser.StartDoctypeDeclHandler = builder.refuse_type
    parser.EntityDeclHandler = builder.refuse_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(_without_needless_space(data), True)  # noqa: FBT003 - expat takes it by position only
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: no well-formed XML ({quoted(str(error))}); correct it there") from error
    return Document(
        root=builder.root,
        namespace=builder.namespace,
        texts=builder.texts,
        units=builder.units,
        data=tuple(builder.data),
        repeated=tuple(builder.repeated),
    )


def _without_needless_space(data: bytes) -> bytes:
    """White space before the XML declaration is an error that hand-edited files have."""
    return re.sub(rb"\A[ \t\r\n]+(?=<)", b"", data)
