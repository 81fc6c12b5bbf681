"""X3P as it comes: whatever can be understood is read with notes on what is odd, the rest refused with reasons."""

from pathlib import Path

import numpy as np

from engrave.base.errors import Collecting, InputError
from engrave.base.files import read_bytes
from engrave.base.x3p.archive import Archive, declared_size, find_member, open_archive, quoted, read_member
from engrave.base.x3p.document import parse_document
from engrave.base.x3p.fields import Fields, collapsed
from engrave.base.x3p.header import MOST_SAMPLES, Header, Step, read_header
from engrave.base.x3p.heights import FloatArray, check_md5, read_heights_um, require_heights
from engrave.base.x3p.model import NOT_AVAILABLE, Instrument, Probing, ProbingType, Topography
from engrave.base.x3p.writer import CHECKSUM, MAIN

# The largest grid as float64, not packed at all, and as much again for what else may lie in the zip.
MOST_FILE_BYTES = 2 * 8 * MOST_SAMPLES
_MOST_XML_BYTES = 64 * 2**20
_MOST_CHECKSUM_BYTES = 4096
_PROBING: dict[str, ProbingType] = {
    "contacting": "Contacting",
    "noncontacting": "NonContacting",
    "software": "Software",
}


def load_x3p(path: Path) -> tuple[Topography, tuple[str, ...]]:
    """The file at ``path``, as read_x3p reads it. Raises InputError also where it cannot be opened."""
    return read_x3p(read_bytes(path, most=MOST_FILE_BYTES), name=str(path))


def read_x3p(data: bytes, *, name: str) -> tuple[Topography, tuple[str, ...]]:
    """The topography, and a note on everything in the file that is not as the format has it.

    ``name`` is what messages call the file. Nothing is unpacked to disk, sizes are limited before anything is
    allocated, and XML with a document type is refused. Raises InputError, with all faults that can be told at once.
    """
    notes: list[str] = []
    archive = open_archive(data, name=name, notes=notes)
    with archive.zip_file:
        return _topography(archive, notes), tuple(notes)


def _topography(archive: Archive, notes: list[str]) -> Topography:
    # It is there, in whatever case it is spelled: the folder of the archive was found by it.
    main = find_member(archive, MAIN, notes=notes) or MAIN
    text = read_member(archive, main, most=_MOST_XML_BYTES)
    where = f"{archive.name}: {MAIN}"
    fields = Fields(document=parse_document(text, name=where), where=where, notes=notes)
    _check_main(archive, fields, text)
    header = read_header(fields)
    heights_um = None
    with Collecting(fields.faults):
        if header is None:
            require_heights(archive, fields)
        else:
            heights_um = read_heights_um(archive, fields, header)
    if header is None or heights_um is None or fields.faults:
        raise InputError(fields.faults)
    try:
        return _assembled(fields, header, heights_um)
    except InputError as error:
        raise InputError([f"{archive.name}: {fault}" for fault in error.faults]) from error


def _assembled(fields: Fields, header: Header, heights_um: FloatArray) -> Topography:
    if np.isnan(heights_um).all():
        fields.notes.append("heights: holes everywhere, nothing was measured")
    if not fields.has("Record2"):
        fields.note("Record2", "missing: nothing is said of who measured what, when and how")
    has_record = fields.has("Record2")
    return Topography(
        heights_um=heights_um,
        pixel_x_um=header.x.pixel_um,
        pixel_y_um=header.y.pixel_um,
        x0_um=_least_um(header.x, header.columns),
        y0_um=_least_um(header.y, header.rows),
        date=fields.date("Record2/Date") if has_record else None,
        calibration_date=fields.date("Record2/CalibrationDate") if has_record else None,
        instrument=_instrument(fields) if has_record else Instrument(),
        probing=_probing(fields) if has_record else Probing(),
        creator=collapsed(fields.text("Record2/Creator")),
        comment=fields.document.texts.get("Record2/Comment", ""),
    )


def _least_um(step: Step, samples: int) -> float:
    return step.offset_um - (samples - 1) * step.pixel_um if step.reversed else step.offset_um


def _instrument(fields: Fields) -> Instrument:
    manufacturer, model, serial, version = (
        fields.line(f"Record2/Instrument/{name}", absent=NOT_AVAILABLE)
        for name in ("Manufacturer", "Model", "Serial", "Version")
    )
    return Instrument(manufacturer=manufacturer, model=model, serial=serial, version=version)


def _probing(fields: Fields) -> Probing:
    path = "Record2/ProbingSystem"
    stated = fields.text(f"{path}/Type")
    kind = _PROBING.get(stated.lower(), "Software")
    if stated != kind:
        fields.note(f"{path}/Type", f"{quoted(stated)}; taken as {kind!r}")
    return Probing(type=kind, identification=fields.line(f"{path}/Identification", absent=NOT_AVAILABLE))


def _check_main(archive: Archive, fields: Fields, text: bytes) -> None:
    """The MD5 of main.xml stands in a file that record 4 names."""
    path = "Record4/ChecksumFile"
    if not fields.text(path):
        fields.note(path, f"missing; taken as {CHECKSUM!r}")
    member = find_member(archive, fields.text(path) or CHECKSUM, notes=fields.notes)
    stated = b""
    if member is not None and declared_size(archive, member) <= _MOST_CHECKSUM_BYTES:
        stated = read_member(archive, member, most=_MOST_CHECKSUM_BYTES)
    words = stated.decode("latin-1").split()
    check_md5(fields, path, text, stated=words[0].lstrip("\\") if words else "")
