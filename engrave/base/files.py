"""Files that are either whole or absent: temporary file, fsync, rename, fsync of the folder."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from engrave.base.errors import InputError, OccupiedError, UnfinishedError, raise_faults

TEMPORARY_PREFIX = ".unfinished-"
_FILE_MODE = 0o640


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, as 64 lower-case hexadecimal digits."""
    return sha256(data).hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, data: bytes, *, mode: int = _FILE_MODE) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and repeat the command"
    return f"{(error.strerror or str(error)).lower()}; mend that and repeat the command"


def write_atomic(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all.

    Raises UnfinishedError where it cannot be written; what stood at ``path`` before is then still there.
    """
    temporary = _beside(path)
    try:
        _write_synced(temporary, data)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise UnfinishedError(f"{path}: cannot write: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_new(path: Path, data: bytes, *, mode: int) -> None:
    """Put ``data`` into a new file, whole or not at all; it has its mode before it has a byte.

    Raises InputError where its folder is missing, OccupiedError where something stands at ``path``, UnfinishedError
    where it cannot be written.
    """
    with writing(path):
        _require_vacant(path, replace=False)
    temporary = _beside(path)
    try:
        with writing(path):
            _write_synced(temporary, data, mode=mode)
            _put(temporary, path, replace=False)
            _sync_new(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_new(path: Path) -> None:
    """Sync the folder of a file that is new, or there is none."""
    try:
        _sync_folder(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary name beside ``path``: the file that the block makes there is at ``path`` once the block has ended.

    For files that are too large for memory, or that a library writes. Files beside it whose names go on from the
    temporary one are removed. Raises InputError where its folder is missing, OccupiedError where something stands at
    ``path`` that is not to be replaced, UnfinishedError where it cannot be written.
    """
    with writing(path):
        _require_vacant(path, replace=replace)
    temporary = _beside(path)
    try:
        yield temporary
        _sync_file(temporary)
        _put(temporary, path, replace=replace)
        _sync_folder(path.parent)
    except UnfinishedError:
        raise
    except OSError as error:
        raise UnfinishedError(f"{path}: cannot write: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            for leftover in path.parent.glob(f"{temporary.name}*"):
                leftover.unlink(missing_ok=True)


def _put(temporary: Path, path: Path, *, replace: bool) -> None:
    """Give a file its name. Raises OccupiedError where somebody else was faster."""
    if not replace:
        _require_vacant(path, replace=False)
        try:
            # A rename would take the place of what another process put there since.
            os.link(temporary, path)
        except FileExistsError as error:
            raise OccupiedError(f"{path}: is there already; name a new file") from error
        except OSError:
            # Not every file system has hard links.
            _require_vacant(path, replace=False)
        else:
            return
    temporary.replace(path)


def _require_vacant(path: Path, *, replace: bool) -> None:
    if path.is_dir():
        raise OccupiedError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if not replace and (path.exists() or path.is_symlink()):
        raise OccupiedError(f"{path}: is there already; name a new file")


def _sync_file(path: Path) -> None:
    path.chmod(_FILE_MODE)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """What the block cannot write there is an UnfinishedError that says why."""
    try:
        yield
    except UnfinishedError:
        raise
    except OSError as error:
        raise UnfinishedError(f"{place}: cannot write: {_reason(error)}") from error


def write_folder_atomic(folder: Path, files: Mapping[str, bytes], *, parents: bool = True) -> None:
    """Make ``folder`` with these files in it, whole or not at all; an older folder of that name is replaced.

    Folders above it that are missing are made, unless ``parents`` is False: then they were there, and are gone.
    Raises UnfinishedError where it cannot be written.
    """
    temporary, older = _beside(folder), _beside(folder)
    try:
        if parents:
            make_folder(folder.parent)
        temporary.mkdir()
        for name, data in files.items():
            _write_synced(temporary / name, data)
        _sync_folder(temporary)
        # Set aside by a rename, since a folder half removed would pass for a whole one.
        if folder.exists():
            folder.rename(older)
        temporary.rename(folder)
        _sync_folder(folder.parent)
    except OSError as error:
        raise UnfinishedError(f"{folder}: cannot write: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            if older.exists() and not folder.exists():
                older.rename(folder)
        for leftover in (temporary, older):
            shutil.rmtree(leftover, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, so that a power cut takes none of them. Raises OSError."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _beside(path: Path) -> Path:
    """A new name in the same folder, marked as ours and unfinished."""
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")


def remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted run left below ``folder``: only entries that carry our temporary prefix.

    Raises UnfinishedError for one that cannot be removed.
    """
    for leftover in sorted(folder.rglob(f"{TEMPORARY_PREFIX}*")):
        try:
            _remove(leftover)
        except OSError as error:
            raise UnfinishedError(f"{leftover}: cannot remove: {_reason(error)}") from error


def _remove(leftover: Path) -> None:
    if not leftover.is_dir() or leftover.is_symlink():
        leftover.unlink(missing_ok=True)
        return
    # Whoever was writing it may be removing it, too; what is there after the first round will not go.
    shutil.rmtree(leftover, ignore_errors=True)
    if leftover.exists():
        shutil.rmtree(leftover)


def read_bytes(path: Path, *, most: int) -> bytes:
    """The whole file. Raises InputError where it is missing, unreadable or larger than ``most`` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > most:
        raise InputError(f"{path}: larger than {most} bytes, which no file of its kind should be")
    return data


def read_text(path: Path, *, most: int) -> str:
    """The whole file as UTF-8 text, a byte-order mark allowed. Raises InputError, also where it is not UTF-8."""
    faults: list[str] = []
    text = read_text_on(path, most=most, faults=faults)
    raise_faults(faults)
    return text


def read_text_on(path: Path, *, most: int, faults: list[str]) -> str:
    """The whole file as text even where it is not UTF-8: then with U+FFFD for what is not, and a fault on the list.

    So the rest of the file can be read for its other faults. Raises InputError where the file cannot be read at all.
    """
    data = read_bytes(path, most=most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        faults.append(f"{path}: line {line}, column {column}: byte {error.start} is not UTF-8; save the file as UTF-8")
        return data.decode("utf-8-sig", errors="replace")
