"""The zip around an X3P file, as it comes: read into memory with a limit on everything, never unpacked to disk."""

import io
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from engrave.base.errors import InputError

MOST_MEMBERS = 4096
_MEMBER_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
# What operating systems add when somebody packs a folder by hand, beside the folders themselves.
_LITTER = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini", "._")
# What zipfile raises for damaged and for hostile files; RuntimeError stands for an unknown method or a password.
_DAMAGE = (BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, OverflowError, IndexError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened zip; ``prefix`` is the folder inside it that holds main.xml, empty or ending in a slash."""

    name: str
    zip_file: ZipFile
    members: dict[str, ZipInfo]
    prefix: str


def quoted(text: str) -> str:
    """Text from a file, safe and short enough for a message."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - half a line


def open_archive(data: bytes, *, name: str, notes: list[str]) -> Archive:
    """The members by name, and the folder of main.xml. Raises InputError where there is no such zip, or no main.xml."""
    # Every member has its mark in the directory, so this bounds the work before any of it is done.
    if data.count(_MEMBER_MARK) > MOST_MEMBERS:
        raise InputError(f"{name}: a zip of more than {MOST_MEMBERS} members; an X3P file has about four")
    try:
        zip_file = ZipFile(io.BytesIO(data))
    except _DAMAGE as error:
        raise InputError(
            f"{name}: no zip file, or a damaged one ({quoted(str(error))}); get the file again from where it came from"
        ) from error
    # is_dir would stumble over a member without a name.
    infos = [info for info in zip_file.infolist() if not _is_litter(info.filename)]
    members = {info.filename.replace("\\", "/"): info for info in infos}
    if len(members) < len(infos):
        raise InputError(f"{name}: two members of one name; which is meant cannot be told: keep one")
    return Archive(name=name, zip_file=zip_file, members=members, prefix=_prefix(members, name=name, notes=notes))


def _is_litter(member: str) -> bool:
    lower = member.replace("\\", "/").lower()
    return lower.endswith("/") or lower.startswith(_LITTER[0]) or lower.rpartition("/")[2].startswith(_LITTER[1:])


def _prefix(members: Iterable[str], *, name: str, notes: list[str]) -> str:
    folders = [member.rpartition("/")[:2] for member in members if member.rpartition("/")[2].lower() == "main.xml"]
    prefixes = sorted({"".join(folder) for folder in folders}, key=lambda prefix: (prefix.count("/"), prefix))
    if not prefixes:
        raise InputError(f"{name}: a zip without main.xml, which every X3P file has; give an X3P file")
    if len(prefixes) > 1 and prefixes[0].count("/") == prefixes[1].count("/"):
        raise InputError(f"{name}: more than one main.xml; which is meant cannot be told: keep one")
    if prefixes[0]:
        notes.append(f"zip: everything lies in the folder {quoted(prefixes[0])}, where it should lie at the top")
    return prefixes[0]


def find_member(archive: Archive, link: str, *, notes: list[str]) -> str | None:
    """The member that a link names, beside main.xml; None where there is none."""
    wanted = archive.prefix + link.strip().replace("\\", "/").removeprefix("./")
    if wanted in archive.members:
        return wanted
    like = [member for member in archive.members if member.lower() == wanted.lower()]
    if len(like) != 1:
        return None
    notes.append(f"zip: {quoted(link)} is called {quoted(like[0])} there")
    return like[0]


def declared_size(archive: Archive, member: str) -> int:
    """Bytes that the member says it unpacks to; more are never unpacked."""
    return archive.members[member].file_size


def read_member(archive: Archive, member: str, *, most: int) -> bytes:
    """The unpacked member. Raises InputError where it is damaged, encrypted, or larger than ``most`` bytes."""
    info, where = archive.members[member], f"{archive.name}: {quoted(member)}"
    if info.flag_bits & _ENCRYPTED:
        raise InputError(f"{where}: encrypted; save it without a password")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise InputError(f"{where}: packed by method {info.compress_type}; pack it with deflate")
    if info.file_size > most:
        raise InputError(f"{where}: unpacks to {info.file_size} bytes, where {most} are the most that are read")
    try:
        with archive.zip_file.open(info) as file:
            data = file.read(most + 1)
            # The check sum is compared only at the end of the member.
            at_end = not file.read(1)
    except _DAMAGE as error:
        raise InputError(
            f"{where}: cannot be unpacked ({quoted(str(error))}); get the file again from where it came from"
        ) from error
    if len(data) != info.file_size or not at_end:
        raise InputError(f"{where}: {len(data)} bytes of {info.file_size}; get the file again from where it came from")
    return data
