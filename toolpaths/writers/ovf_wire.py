"""Protocol buffers as bytes: tags, numbers and lengths after https://protobuf.dev/programming-guides/encoding.

The encoding is written out here, since the libraries for protocol buffers do not promise equal bytes from version to
version, and would be asked for tens of thousands of messages of one shape.
"""

import struct

LARGEST = 2**64 - 1
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first; a negative number as its 64-bit complement."""
    value &= LARGEST
    pieces = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)


def tag(number: int, wire: int) -> bytes:
    """What a field begins with: its number and its wire type."""
    return varint(number << 3 | wire)


def integer(number: int, value: int) -> bytes:
    """A field of any whole number type that is not zigzag."""
    return tag(number, _VARINT) + varint(value)


def packed_integers(number: int, values: list[int]) -> bytes:
    """A repeated field of whole numbers, as version 3 packs them."""
    return field(number, b"".join(map(varint, values)))


def float32(number: int, value: float) -> bytes:
    """A float field. Raises OverflowError beyond 32 bits."""
    return tag(number, _FIXED32) + struct.pack("<f", value)


def float64(number: int, value: float) -> bytes:
    """A double field."""
    return tag(number, _FIXED64) + struct.pack("<d", value)


def field(number: int, value: bytes) -> bytes:
    """A message, or packed figures, as a field."""
    return tag(number, _LENGTH) + delimited(value)


def text(number: int, value: str) -> bytes:
    """A string field."""
    return field(number, value.encode())


def delimited(message: bytes) -> bytes:
    """A message behind its length."""
    return varint(len(message)) + message
