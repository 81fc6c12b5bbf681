"""The cached index of a registry: the permuted ids of all marks on record, sorted, four bytes a mark.

It is a copy that can be made again from the registry at any time. So a file that is missing, damaged, cut short or of
another registry is no error: it is no index, and ``load_index`` answers None. The file, all numbers little-endian:

    8 bytes     the text ``pinindex``
    uint32      version, 1
    uint32      CRC-32 (ISO 3309) of the header with these four bytes zero
    uint64      how many codes
    int64       the last event of the registry that they take in
    uint32      CRC-32 of the codes as they stand in the file
    28 bytes    unkeyed BLAKE2s (RFC 7693) of the registry's id
    uint32 ...  the codes, ascending, none twice
"""

import mmap
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engrave.base.files import write_atomic
from engrave.code.permutation import ID_COUNT

IndexCodes = NDArray[np.uint32]

_MAGIC = b"pinindex"
_VERSION = 1
_DIGEST_BYTES = 28
_HEADER = struct.Struct(f"<8sIIQqI{_DIGEST_BYTES}s")
_CODE = np.dtype("<u4")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeIndex:
    """``codes`` : (n,) uint32, the permuted ids on record, ascending, none twice; read-only.

    ``registry`` : the id of the registry they are of. ``last_event`` : the number of the last of its events that they
    take in.
    """

    codes: IndexCodes
    registry: str
    last_event: int

    def __post_init__(self) -> None:
        """Refuse what is no ascending list of permuted ids. Raises ValueError."""
        codes = self.codes
        if codes.ndim != 1 or codes.dtype != np.uint32:
            raise ValueError(f"codes are {codes.dtype} of the shape {codes.shape}; give a list of uint32")
        if not (codes[1:] > codes[:-1]).all() or (len(codes) and int(codes[-1]) >= ID_COUNT):
            raise ValueError(f"codes must be permuted ids, 0 to {ID_COUNT - 1}, ascending, none twice")
        codes.flags.writeable = False


def built_index(chunks: Iterable[Sequence[int] | NDArray[np.integer]], registry: str, last_event: int) -> CodeIndex:
    """An index of the permuted ids in the chunks, in any order; one that comes twice stands once.

    Beside the chunk at hand it takes four bytes a code and what a growing array needs, an eighth more.
    Raises ValueError for what is no permuted id.
    """
    gathered = bytearray()
    for chunk in chunks:
        gathered += _checked(chunk).tobytes()
    codes = np.frombuffer(gathered, dtype=np.uint32)
    codes.sort()
    return CodeIndex(codes=without_repeats(codes), registry=registry, last_event=last_event)


def merged(index: CodeIndex, new_codes: Sequence[int] | NDArray[np.integer], last_event: int) -> CodeIndex:
    """The index with more codes, in any order, complete up to a later event; those it has already change nothing.

    Raises ValueError for what is no permuted id, and for an event before the index's own.
    """
    if last_event < index.last_event:
        raise ValueError(f"last_event is {last_event}, but the index takes in event {index.last_event} already")
    new = without_repeats(np.sort(_checked(new_codes)))
    places = np.searchsorted(index.codes, new)
    known = np.zeros(len(new), dtype=np.bool_)
    inside = places < len(index.codes)
    known[inside] = index.codes[places[inside]] == new[inside]
    codes = np.insert(index.codes, places[~known], new[~known])
    return CodeIndex(codes=codes, registry=index.registry, last_event=last_event)


def _checked(codes: Sequence[int] | NDArray[np.integer]) -> IndexCodes:
    given = np.asarray(codes)
    if given.size == 0:
        return np.zeros(0, dtype=np.uint32)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(f"codes are {given.dtype} of the shape {given.shape}; give a list of integers")
    if int(given.min()) < 0 or int(given.max()) >= ID_COUNT:
        raise ValueError(f"codes reach from {given.min()} to {given.max()}; permuted ids are 0 to {ID_COUNT - 1}")
    return given.astype(np.uint32)


def without_repeats(ascending: IndexCodes) -> IndexCodes:
    """Ascending codes, each once."""
    first = np.ones(len(ascending), dtype=np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return ascending if first.all() else ascending[first]


def save_index(index: CodeIndex, path: Path) -> None:
    """Put the index at ``path``, whole or not at all. Raises UnfinishedError where it cannot be written."""
    codes = index.codes.astype(_CODE, copy=False)
    head = (len(codes), index.last_event, crc32(codes.data), _digest(index.registry))
    header = _HEADER.pack(_MAGIC, _VERSION, crc32(_HEADER.pack(_MAGIC, _VERSION, 0, *head)), *head)
    write_atomic(path, b"".join((header, codes.data)))


def load_index(path: Path, registry: str) -> CodeIndex | None:
    """The index at ``path``, its codes mapped from the file and not copied.

    None where there is none, where it is of another registry or version, and where a single byte of it is not as it was
    written: then it is to be made again.
    """
    with suppress(OSError, ValueError), path.open("rb") as file:
        # A mapping outlives its file; an empty file cannot be mapped, which is a ValueError.
        return _read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), registry)
    return None


def _read(data: mmap.mmap, registry: str) -> CodeIndex | None:
    if len(data) < _HEADER.size:
        return None
    magic, version, checksum, *head = _HEADER.unpack_from(data)
    count, last_event, codes_checksum, digest = head
    if (magic, version, digest) != (_MAGIC, _VERSION, _digest(registry)):
        return None
    if checksum != crc32(_HEADER.pack(magic, version, 0, *head)):
        return None
    if len(data) != _HEADER.size + count * _CODE.itemsize:
        return None
    stored = np.frombuffer(data, dtype=_CODE, offset=_HEADER.size)
    if crc32(stored.data) != codes_checksum:
        return None
    return CodeIndex(codes=stored.astype(np.uint32, copy=False), registry=registry, last_event=last_event)


def _digest(registry: str) -> bytes:
    return blake2s(registry.encode(), digest_size=_DIGEST_BYTES).digest()
