"""The heights themselves: a binary file with an optional one of valid samples, or text in main.xml (record 3)."""

import re
from hashlib import md5

import numpy as np
from numpy.typing import NDArray

from engrave.base.x3p.archive import Archive, declared_size, find_member, quoted, read_member
from engrave.base.x3p.fields import Fields, number_of
from engrave.base.x3p.header import Header

_DTYPES = {"D": "<f8", "F": "<f4", "L": "<i4", "I": "<i2"}
_LINK, _LIST = "Record3/DataLink", "Record3/DataList"
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_MOST_NAMED = 3
FloatArray = NDArray[np.float64]


def read_heights_um(archive: Archive, fields: Fields, header: Header) -> FloatArray | None:
    """Heights by rising coordinates, (rows, columns) float, um, NaN for holes; None where there are faults."""
    numbers = _from_file(archive, fields, header) if fields.has(_LINK) else _from_text(fields, header)
    if numbers is None:
        return None
    # Damaged files hold numbers of any size; what overflows here is counted as beyond every surface later.
    with np.errstate(all="ignore"):
        heights_um = header.offset_um + header.factor_um * numbers
    grid = heights_um.reshape(header.rows, header.columns)
    grid = grid[::-1] if header.y.reversed else grid
    return grid[:, ::-1] if header.x.reversed else grid


def require_heights(archive: Archive, fields: Fields) -> None:
    """Add the faults of missing heights, for files whose header is faulty as well."""
    if fields.has(_LINK):
        _member(archive, fields, f"{_LINK}/PointDataLink")
    elif not fields.document.data:
        fields.fault("Record3", "neither a DataLink nor a DataList: no heights; export the surface again")


def check_md5(fields: Fields, path: str, data: bytes, *, stated: str) -> None:
    """Add a note where what a file states is not the MD5 of the data."""
    if _MD5.fullmatch(stated) is None:
        fields.note(path, f"{quoted(stated)} is no MD5; not compared" if stated else "missing: no MD5 to compare")
    elif stated.lower() != md5(data, usedforsecurity=False).hexdigest():
        fields.note(path, "not the MD5 of what is there: something was changed after it was written")


def _member(archive: Archive, fields: Fields, path: str) -> str | None:
    link = fields.text(path)
    member = find_member(archive, link, notes=fields.notes) if link else None
    if member is None:
        fields.fault(path, f"{quoted(link)} names no file in the zip; put it there, or correct the name")
    return member


def _from_file(archive: Archive, fields: Fields, header: Header) -> FloatArray | None:
    path = f"{_LINK}/PointDataLink"
    member = _member(archive, fields, path)
    if member is None:
        return None
    dtype = np.dtype(_DTYPES[header.data_type])
    samples = header.rows * header.columns
    needed, found = samples * dtype.itemsize, declared_size(archive, member)
    if found != needed:
        fields.fault(
            path,
            f"{quoted(member)} has {found} bytes, where {header.columns} x {header.rows} samples of type "
            f"{header.data_type} take {needed}; correct the size or the type, or get the whole file",
        )
        return None
    data = read_member(archive, member, most=needed)
    check_md5(fields, f"{_LINK}/MD5ChecksumPointData", data, stated=fields.text(f"{_LINK}/MD5ChecksumPointData"))
    with np.errstate(all="ignore"):
        numbers = np.frombuffer(data, dtype).astype(np.float64)
    numbers[_invalid(archive, fields, samples)] = np.nan
    return _without_infinities(fields, numbers)


def _without_infinities(fields: Fields, numbers: FloatArray) -> FloatArray:
    infinite = np.isinf(numbers)
    if infinite.any():
        fields.note("Record3", f"{np.count_nonzero(infinite)} heights are infinite; taken as holes")
        numbers[infinite] = np.nan
    return numbers


def _invalid(archive: Archive, fields: Fields, samples: int) -> NDArray[np.bool_]:
    """Samples that the file of valid points calls invalid: a bit each, the least significant first, or a byte each."""
    path = f"{_LINK}/ValidPointsLink"
    none = np.zeros(samples, dtype=np.bool_)
    if not fields.has(path):
        return none
    member = _member(archive, fields, path)
    if member is None:
        return none
    packed, found = (samples + 7) // 8, declared_size(archive, member)
    if found not in {packed, samples}:
        fields.fault(
            path, f"{quoted(member)} has {found} bytes, where {samples} bits take {packed}; get the whole file"
        )
        return none
    data = read_member(archive, member, most=found)
    check_md5(fields, f"{_LINK}/MD5ChecksumValidPoints", data, stated=fields.text(f"{_LINK}/MD5ChecksumValidPoints"))
    octets = np.frombuffer(data, np.uint8)
    if found == packed:
        return ~np.unpackbits(octets, count=samples, bitorder="little").astype(np.bool_)
    fields.note(path, "a byte to a sample, where the format has a bit")
    return ~octets.astype(np.bool_)


def _from_text(fields: Fields, header: Header) -> FloatArray | None:
    """One Datum to a sample, its last number the height; an empty one is a hole."""
    data, samples = fields.document.data, header.rows * header.columns
    if len(data) != samples:
        fields.fault(
            _LIST, f"{len(data)} heights, where {header.columns} x {header.rows} are needed; export the surface again"
        )
        return None
    numbers = [number_of(text.rpartition(";")[2].strip()) if text else np.nan for text in data]
    wrong = [index for index, number in enumerate(numbers) if number is None]
    if wrong:
        named = ", ".join(f"{index + 1} ({quoted(data[index])})" for index in wrong[:_MOST_NAMED])
        fields.fault(
            _LIST, f"{len(wrong)} heights are no numbers: {named}; correct them, or leave them empty for holes"
        )
        return None
    return np.array(numbers, dtype=np.float64)
