"""XML that a stranger wrote, as a stream of events: no entities, nothing opened, bounded depth and count.

A document type is refused as a whole, since nothing that a drawing needs stands in one, and entities that grow without
end or name files of this machine stand nowhere else (https://docs.python.org/3/library/xml.html#xml-security).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Never
from xml.parsers import expat

from toolpaths.errors import ToolpathError

# One long token is looked at again with every chunk, so they are not small; few events fit into one, so not large.
_CHUNK_BYTES = 1 << 20


class Start(NamedTuple):
    """An element begins: its name as written, prefix and all, its attributes, and its line, counted from 1."""

    name: str
    attributes: Mapping[str, str]
    line: int


class End(NamedTuple):
    """An element ends."""

    name: str


class Text(NamedTuple):
    """Everything between two tags, unless it is white space only."""

    text: str


Event = Start | End | Text


class XmlRefusedError(ToolpathError):
    """Not XML that is read here; ``line`` says where, counted from 1, and ``remedy`` what to do."""

    def __init__(self, message: str, *, line: int, remedy: str) -> None:
        super().__init__(f"{message} (line {line}); {remedy}")
        self.message = message
        self.line = line
        self.remedy = remedy


def events(data: bytes, *, most_depth: int, most_elements: int) -> Iterator[Event]:
    """What stands in the document, in order; at most ``most_depth`` elements in each other, ``most_elements`` in all.

    Memory is that of the longest text between two tags, time grows with the size. Raises XmlRefusedError, from within
    the iteration, where the document is not well formed, has a document type, or is beyond those limits.
    """
    parser = expat.ParserCreate()
    collector = _Collector(parser, most_depth=most_depth, most_elements=most_elements)
    for begin in range(0, len(data), _CHUNK_BYTES):
        _parse(parser, data[begin : begin + _CHUNK_BYTES], last=False)
        yield from collector.take()
    _parse(parser, b"", last=True)
    yield from collector.take()


def _parse(parser: expat.XMLParserType, data: bytes, *, last: bool) -> None:
    try:
        parser.Parse(data, last)
    except expat.ExpatError as error:
        message = f"not well-formed XML: {expat.ErrorString(error.code)}"
        remedy = "export the file again, it may have been cut off"
        raise XmlRefusedError(message, line=error.lineno, remedy=remedy) from error
    except (LookupError, ValueError) as error:
        # An encoding that is unknown, or that is no text.
        if isinstance(error, XmlRefusedError):
            raise
        message = "the XML's encoding is not known"
        raise XmlRefusedError(message, line=parser.CurrentLineNumber, remedy="save the file as UTF-8") from error


class _Collector:
    """What expat's calls fill between two chunks of the document."""

    def __init__(self, parser: expat.XMLParserType, *, most_depth: int, most_elements: int) -> None:
        self._parser = parser
        self._most_depth = most_depth
        self._most_elements = most_elements
        self._depth = 0
        self._elements = 0
        self._events: list[Event] = []
        self._text: list[str] = []
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._document_type

    def take(self) -> list[Event]:
        """The events since the last call."""
        taken, self._events = self._events, []
        return taken

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._depth += 1
        self._elements += 1
        if self._depth > self._most_depth:
            self._refuse(f"more than {self._most_depth} elements in each other", "take groups apart")
        if self._elements > self._most_elements:
            self._refuse(f"more than {self._most_elements} elements", "split the file")
        self._events.append(Start(name, attributes, self._parser.CurrentLineNumber))

    def _end(self, name: str) -> None:
        self._flush()
        self._depth -= 1
        self._events.append(End(name))

    def _flush(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            if not text.isspace():
                self._events.append(Text(text))

    def _document_type(self, _name: str, _system: str | None, _public: str | None, _internal: int) -> None:
        self._refuse("a document type (DOCTYPE)", "save the file without one")

    def _refuse(self, message: str, remedy: str) -> Never:
        raise XmlRefusedError(message, line=self._parser.CurrentLineNumber, remedy=remedy)
