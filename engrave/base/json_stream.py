"""A JSON object too large for memory, read member by member, and the elements of its lists one by one."""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NoReturn

from engrave.base.errors import InputError

_READ_BYTES = 1 << 16
_MOST_VALUE = 1 << 20
"""Characters that one value or element may have."""
_WHITE = " \t\r\n"


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a finite number")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


@dataclass(slots=True, kw_only=True)
class JsonStream:
    """Reads ``file`` from where it stands, once; ``origin`` is its name in messages. Raises InputError as it reads."""

    file: BinaryIO
    origin: str
    _text: str = field(default="", init=False)
    _at: int = field(default=0, init=False)
    _line: int = field(default=1, init=False)
    _bytes: Any = field(default_factory=codecs.getincrementaldecoder("utf-8-sig"), init=False)
    _ended: bool = field(default=False, init=False)

    def members(self) -> Iterator[str]:
        """The name of each member of the outermost object; its value must be read before the next is asked for."""
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
        else:
            while True:
                name = self.value()
                if not isinstance(name, str):
                    self._fail("the name of a member must be text")
                self._expect(":")
                yield name
                if self._either(",", "}") == "}":
                    break
        if self._peek():
            self._fail("something follows the end of the document")

    def elements(self) -> Iterator[Any]:
        """The elements of the list that follows."""
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._either(",", "]") == "]":
                return

    def value(self) -> Any:  # noqa: ANN401 - JSON is any of its types
        """The value that follows, whole: text, object, list, true, false or null; or a number in one of them."""
        start = self._peek()
        if not start or start not in '{["tfn':
            self._fail("not JSON: a value is missing" if not start else f"not JSON: {start!r} begins no value here")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._ended or len(self._text) - self._at > _MOST_VALUE:
                    self._fail(f"not JSON: {_reason(error)}")
                self._more()
            else:
                self._line += self._text.count("\n", self._at, end)
                self._at = end
                return value

    def _more(self) -> None:
        """Read on; what has been used is let go."""
        data = self.file.read(_READ_BYTES)
        self._ended = not data
        try:
            self._text = self._text[self._at :] + self._bytes.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.origin}: from line {self._line} on: is not UTF-8; save the file as UTF-8"
            ) from error
        self._at = 0

    def _peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _WHITE:
                self._line += self._text[self._at] == "\n"
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def _either(self, *wanted: str) -> str:
        found = self._peek()
        if found not in wanted or not found:
            what = f"found {found!r}" if found else "the file ends; it was cut off"
            self._fail(f"not JSON: expected {' or '.join(map(repr, wanted))}, {what}")
        self._at += 1
        return found

    def _expect(self, wanted: str) -> None:
        self._either(wanted)

    def _fail(self, told: str) -> NoReturn:
        raise InputError(f"{self.origin}: line {self._line}: {told}")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)
