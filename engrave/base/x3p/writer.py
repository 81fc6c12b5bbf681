"""A topography to the bytes of an X3P file, as ISO 25178-72:2017 and its amendment of 2020 both have it."""

import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import md5
from html import escape
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from engrave.base.errors import raise_faults
from engrave.base.x3p.fields import collapsed
from engrave.base.x3p.model import Topography

# Newer revision strings are refused by readers in use; both public schemas accept this one.
REVISION = "ISO5436 - 2000"
NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"
MAIN, CHECKSUM, POINTS = "main.xml", "md5checksum.hex", "bindata/data.bin"
DataType = Literal["D", "F"]

_DTYPES = {"D": "<f8", "F": "<f4"}
_UM_PER_M = 1e6
_MODE = 0o100644
_UNIX = 3
_LEVEL = 6
# The clock of zip begins and ends here.
_ZIP_YEARS = range(1980, 2108)
# What XML 1.0 (clause 2.2) has no way to write.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GREATEST_OFFSET = timedelta(hours=14)


def write_x3p(topography: Topography, *, data_type: DataType = "D") -> bytes:
    """The file, equal for equal values: heights as float64 (``"D"``) or float32 (``"F"``) in metres.

    The times inside the zip are the topography's own date. Raises InputError, with all faults: a date is missing, or a
    text cannot be written as it stands.
    """
    raise_faults(_faults(topography, data_type))
    points = (topography.heights_um / _UM_PER_M).astype(_DTYPES[data_type]).tobytes()
    main = _document(topography, data_type, _md5(points)).encode()
    checksum = f"{_md5(main)} *{MAIN}\n".encode("ascii")
    stamp = _zip_time(topography.date)
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, data in ((MAIN, main), (CHECKSUM, checksum), (POINTS, points)):
            archive.writestr(_entry(name, stamp), data, compresslevel=_LEVEL)
    return file.getvalue()


def _md5(data: bytes) -> str:
    # The format asks for it; it finds accidents and protects against nobody.
    return md5(data, usedforsecurity=False).hexdigest()


def _zip_time(date: datetime | None) -> tuple[int, int, int, int, int, int]:
    if date is None or date.year not in _ZIP_YEARS:
        return (_ZIP_YEARS.start, 1, 1, 0, 0, 0)
    return (date.year, date.month, date.day, date.hour, date.minute, date.second)


def _entry(name: str, stamp: tuple[int, int, int, int, int, int]) -> ZipInfo:
    entry = ZipInfo(name, stamp)
    entry.create_system = _UNIX
    entry.external_attr = _MODE << 16
    entry.compress_type = ZIP_DEFLATED
    return entry


def _faults(topography: Topography, data_type: str) -> list[str]:
    faults = [] if data_type in _DTYPES else [f"data_type: {data_type!r}; use D (float64) or F (float32)"]
    for name, date in (("date", topography.date), ("calibration_date", topography.calibration_date)):
        faults += _date_faults(name, date)
    instrument, probing = topography.instrument, topography.probing
    for name, text in (
        ("instrument.manufacturer", instrument.manufacturer),
        ("instrument.model", instrument.model),
        ("instrument.serial", instrument.serial),
        ("instrument.version", instrument.version),
        ("probing.identification", probing.identification),
    ):
        faults += _token_faults(name, text) if text else [f"{name}: is empty; name it, or write 'not available'"]
    if probing.type not in {"Contacting", "NonContacting", "Software"}:
        faults.append(f"probing.type: {probing.type!r}; use Contacting, NonContacting or Software")
    return [*faults, *_token_faults("creator", topography.creator), *_text_faults("comment", topography.comment)]


def _date_faults(name: str, date: datetime | None) -> list[str]:
    if date is None:
        return [f"{name}: is missing, and the format requires it; give a date and time"]
    offset = date.utcoffset()
    if offset is not None and (abs(offset) > _GREATEST_OFFSET or offset % timedelta(minutes=1)):
        return [f"{name}: a time zone of {offset} cannot be written; use whole minutes, 14 hours at most"]
    return []


def _text_faults(name: str, text: str) -> list[str]:
    found = _UNWRITABLE.search(text)
    return [f"{name}: XML cannot hold the character {found[0]!r}; leave it out"] if found else []


def _token_faults(name: str, text: str) -> list[str]:
    """A token of XML Schema is one line without spaces at its ends or two together: readers would change others."""
    if text != collapsed(text):
        return [f"{name}: {text[:40]!r} has needless spaces or line ends; write it in one line with single spaces"]
    return _text_faults(name, text)


def _metres(value_um: float) -> str:
    """The shortest decimal of the micrometres, its point moved: reading it back gives the same float."""
    metres = Decimal(repr(float(value_um))).scaleb(-6)
    return format(metres, "E") if metres else "0"


def _element(name: str, text: str) -> str:
    # A carriage return would be read as a line feed if it stood as it is.
    return f"<{name}>{escape(text, quote=False).replace(chr(13), '&#13;')}</{name}>"


def _axis(name: str, *, kind: str, data_type: str, increment: str, offset: str) -> str:
    return (
        f"      <{name}>{_element('AxisType', kind)}{_element('DataType', data_type)}"
        f"{_element('Increment', increment)}{_element('Offset', offset)}</{name}>\n"
    )


def _document(topography: Topography, data_type: str, points_md5: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<p:ISO5436_2 xmlns:p="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE} {NAMESPACE}/ISO5436_2.xsd">\n'
        f"{_record_1(topography, data_type)}{_record_2(topography)}{_record_3(topography, points_md5)}"
        f"  <Record4>{_element('ChecksumFile', CHECKSUM)}</Record4>\n"
        "</p:ISO5436_2>\n"
    )


def _record_1(topography: Topography, data_type: str) -> str:
    step_x, from_x = _metres(topography.pixel_x_um), _metres(topography.x0_um)
    step_y, from_y = _metres(topography.pixel_y_um), _metres(topography.y0_um)
    return (
        "  <Record1>\n"
        f"    {_element('Revision', REVISION)}\n"
        f"    {_element('FeatureType', 'SUR')}\n"
        "    <Axes>\n"
        f"{_axis('CX', kind='I', data_type='D', increment=step_x, offset=from_x)}"
        f"{_axis('CY', kind='I', data_type='D', increment=step_y, offset=from_y)}"
        f"{_axis('CZ', kind='A', data_type=data_type, increment='1', offset='0')}"
        "    </Axes>\n"
        "  </Record1>\n"
    )


def _record_2(topography: Topography) -> str:
    instrument, probing = topography.instrument, topography.probing
    creator = f"    {_element('Creator', topography.creator)}\n" if topography.creator else ""
    comment = f"    {_element('Comment', topography.comment)}\n" if topography.comment else ""
    return (
        "  <Record2>\n"
        f"    {_element('Date', _date_text(topography.date))}\n"
        f"{creator}"
        f"    <Instrument>{_element('Manufacturer', instrument.manufacturer)}{_element('Model', instrument.model)}"
        f"{_element('Serial', instrument.serial)}{_element('Version', instrument.version)}</Instrument>\n"
        f"    {_element('CalibrationDate', _date_text(topography.calibration_date))}\n"
        f"    <ProbingSystem>{_element('Type', probing.type)}"
        f"{_element('Identification', probing.identification)}</ProbingSystem>\n"
        f"{comment}"
        "  </Record2>\n"
    )


def _date_text(date: datetime | None) -> str:
    return "" if date is None else date.isoformat()


def _record_3(topography: Topography, points_md5: str) -> str:
    rows, columns = topography.heights_um.shape
    return (
        "  <Record3>\n"
        f"    <MatrixDimension>{_element('SizeX', str(columns))}{_element('SizeY', str(rows))}"
        f"{_element('SizeZ', '1')}</MatrixDimension>\n"
        f"    <DataLink>{_element('PointDataLink', POINTS)}"
        f"{_element('MD5ChecksumPointData', points_md5)}</DataLink>\n"
        "  </Record3>\n"
    )
