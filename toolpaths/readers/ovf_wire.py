"""Protocol buffers taken apart, within limits: a message is the byte range it lies in, and nothing is copied.

After https://protobuf.dev/programming-guides/encoding. Fields of unknown number are passed over; a known field in
another wire type is a fault. A file's tables may name each byte once: whatever goes round in circles or names one large
message many times uses up its bytes and ends.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding
from toolpaths.readers.drawn import error

Span = tuple[int, int]

# Ten for each vector block of the most that are read, and some seconds' work.
MOST_FIELDS = 1_000_000
_MOST_VARINT_BYTES = 10
_SEVEN_BITS = 0x7F
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class BrokenError(Exception):
    """The file cannot be followed any further; ``finding`` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def broken(number: str, message: str, *, place: str, remedy: str = "write the file anew") -> NoReturn:
    """Raise BrokenError with an error of that number."""
    raise BrokenError(error(number, message, place=place, remedy=remedy))


class Kind(Enum):
    """What a field holds, and the wire types it may come in: lists come packed, or one by one."""

    INTEGER = (_VARINT,)
    FLOAT = (_FIXED32,)
    DOUBLE = (_FIXED64,)
    BYTES = (_LENGTH,)
    FLOATS = (_LENGTH, _FIXED32)
    INTEGERS = (_LENGTH, _VARINT)

    def __init__(self, *wires: int) -> None:
        self.wires = wires


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Known fields by number: the last value of single numbers, every range of all else."""

    integers: dict[int, int] = field(default_factory=dict)
    reals: dict[int, float] = field(default_factory=dict)
    spans: dict[int, list[Span]] = field(default_factory=dict)

    def signed(self, number: int) -> int:
        """A field of type int32: the low 32 bits as a signed number, 0 where it is absent."""
        low = self.integers.get(number, 0) & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low


class Wire:
    """A file's bytes, and how much of the limits is used up."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._bytes_left = len(data)
        self._fields_left = MOST_FIELDS

    def position(self, at: int, *, place: str) -> int:
        """The eight bytes at ``at`` as a position within the file."""
        self._require_inside(at, place=place)
        if at + 8 > len(self.data):
            broken("M365", "the file ends within a position", place=place)
        self._use(8, place=place)
        (found,) = struct.unpack_from("<q", self.data, at)
        return int(found)

    def delimited(self, at: int, *, place: str) -> Span:
        """Range of the message that stands behind its length at ``at``."""
        self._require_inside(at, place=place)
        size, begin = self._varint(at, len(self.data), place)
        if size > len(self.data) - begin:
            broken("M365", f"a message of {size} bytes does not fit into the file", place=place)
        self._use(begin - at + size, place=place)
        return begin, begin + size

    def message(self, spans: list[Span], kinds: Mapping[int, Kind], *, place: str) -> Message:
        """The known fields of a message; one that comes in several pieces is joined."""
        found = Message()
        for begin, end in spans:
            at = begin
            while at < end:
                at = self._field(at, end, kinds, found, place)
        return found

    def _field(self, at: int, end: int, kinds: Mapping[int, Kind], found: Message, place: str) -> int:
        """Take in the field at ``at``; where it ends."""
        tag, start = self._varint(at, end, place)
        number, wire = tag >> 3, tag & 7
        value, start, stop = self._extent(number, wire, start, end, place)
        kind = kinds.get(number)
        if kind is None:
            return stop
        if wire not in kind.wires:
            broken("M366", f"field {number} comes as wire type {wire}, which it cannot have", place=place)
        if kind is Kind.INTEGER:
            found.integers[number] = value
        elif kind is Kind.FLOAT:
            found.reals[number] = struct.unpack_from("<f", self.data, start)[0]
        elif kind is Kind.DOUBLE:
            found.reals[number] = struct.unpack_from("<d", self.data, start)[0]
        else:
            found.spans.setdefault(number, []).append((start, stop))
        return stop

    def _extent(self, number: int, wire: int, start: int, end: int, place: str) -> tuple[int, int, int]:
        """Value, of a varint, and range of a field whose tag ends at ``start``."""
        self._fields_left -= 1
        if self._fields_left < 0:
            remedy = "pack lists of figures, as version 3 of protocol buffers does"
            broken("M368", f"more than {MOST_FIELDS} fields in the file", place=place, remedy=remedy)
        value, stop = 0, start
        if wire == _LENGTH:
            size, start = self._varint(start, end, place)
            stop = start + size
        elif wire == _VARINT:
            value, stop = self._varint(start, end, place)
        elif wire in (_FIXED32, _FIXED64):
            stop = start + (4 if wire == _FIXED32 else 8)
        else:
            broken("M366", f"wire type {wire} of field {number} is not used by the format", place=place)
        if stop > end or number == 0:
            broken("M365", f"field {number} does not end within its message", place=place)
        return value, start, stop

    def end_of_field(self, begin: int, end: int, *, place: str) -> int:
        """Where the first field of a message ends; ``end`` where there is none."""
        if begin == end:
            return end
        tag, start = self._varint(begin, end, place)
        return self._extent(tag >> 3, tag & 7, start, end, place)[2]

    def text(self, spans: list[Span]) -> str:
        """The last of a string field's values, what is no UTF-8 replaced."""
        begin, end = spans[-1] if spans else (0, 0)
        return self.data[begin:end].decode("utf-8", errors="replace")

    def floats(self, spans: list[Span], *, place: str) -> NDArray[np.float32]:
        """All figures of a list of floats."""
        if any((end - begin) % 4 for begin, end in spans):
            broken("M365", "a list of floats ends within one", place=place)
        return self._list(spans, np.dtype("<f4"))

    def integers(self, spans: list[Span], *, most: int, place: str) -> list[int]:
        """All numbers of a list of int64; more than ``most`` are a fault."""
        raw = self._list(spans, np.dtype(np.uint8))
        is_last = raw <= _SEVEN_BITS
        if (count := np.count_nonzero(is_last)) > most:
            broken("M368", f"{count} entries in a table; at most {most} are read", place=place)
        last = np.flatnonzero(is_last)
        sizes = np.diff(last, prepend=-1)
        if (last[-1] + 1 if last.size else 0) != raw.size or np.any(sizes > _MOST_VARINT_BYTES):
            broken("M365", "a number does not end where it must", place=place)
        places = np.arange(raw.size) - np.repeat(last - sizes + 1, sizes)
        bits = (raw & _SEVEN_BITS).astype(np.uint64) << (7 * places).astype(np.uint64)
        found = np.add.reduceat(bits, last - sizes + 1) if last.size else bits
        return [int(number) for number in found.astype(np.int64)]

    def _list(self, spans: list[Span], dtype: np.dtype[Any]) -> NDArray[Any]:
        """A list's values, without a copy where it comes in one piece."""
        if len(spans) == 1:
            ((begin, end),) = spans
            return np.frombuffer(self.data, dtype=dtype, count=(end - begin) // dtype.itemsize, offset=begin)
        return np.frombuffer(b"".join([self.data[begin:end] for begin, end in spans]), dtype=dtype)

    def _varint(self, at: int, end: int, place: str) -> tuple[int, int]:
        if at < end and (first := self.data[at]) <= _SEVEN_BITS:
            return first, at + 1
        value = 0
        for shift in range(0, 7 * _MOST_VARINT_BYTES, 7):
            if at >= end:
                break
            byte = self.data[at]
            at += 1
            value |= (byte & _SEVEN_BITS) << shift
            if byte <= _SEVEN_BITS:
                return value & 0xFFFFFFFFFFFFFFFF, at
        return broken("M365", "a number does not end where it must", place=place)

    def _require_inside(self, at: int, *, place: str) -> None:
        if not 0 <= at < len(self.data):
            broken("M363", f"position {at} lies outside the file of {len(self.data)} bytes", place=place)

    def _use(self, count: int, *, place: str) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            broken("M364", "the tables name the same bytes more than once", place=place)
