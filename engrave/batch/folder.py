"""The output folder: what it is bound to, what is whole in it, and its manifest.

While a run is under way ``.run.json`` says which input and job the folder belongs to, and ``.run.lock`` is locked; both
go when the manifest, which says the same, has been written. A pin's folder appears whole, by one rename, or not at all.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from engrave.base.config import json_bytes, parse_json
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.base.files import (
    TEMPORARY_PREFIX,
    read_text,
    remove_leftovers,
    sha256_hex,
    write_atomic,
)
from engrave.base.version import DISTRIBUTION, tool_version

MANIFEST_SCHEMA = "pin-engrave/manifest/1"
RUN_SCHEMA = "pin-engrave/run/1"
MANIFEST, RUN, LOCK, JOB, INDEX, PINS = "manifest.json", ".run.json", ".run.lock", "job.json", "index.html", "pins"
CHECK = "check.json"
_MOST_DOCUMENT_BYTES = 1_000_000_000
_LOCK_MODE = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a folder is made from; another input, job or version wants another folder."""

    input_sha256: str
    job_sha256: str
    tool_version: str

    @property
    def sha256(self) -> str:
        """Input and job in one hash, as the registry knows them."""
        return sha256_hex(f"{self.input_sha256}\n{self.job_sha256}\n".encode())

    def document(self, schema: str) -> dict[str, Any]:
        """The JSON object that records it."""
        return {
            "schema": schema,
            "tool": {"name": DISTRIBUTION, "version": self.tool_version},
            "input_sha256": self.input_sha256,
            "job_sha256": self.job_sha256,
        }


def binding_of(*, input_sha256: str, job_sha256: str) -> Binding:
    """The binding of this input and job to this version."""
    return Binding(input_sha256=input_sha256, job_sha256=job_sha256, tool_version=tool_version())


@contextmanager
def claimed(folder: Path, binding: Binding) -> Iterator[str]:
    """Hold the folder for one run: bound to the binding, locked against a second run, leftovers removed.

    Gives the name that the folder bears until it is finished, and no other folder. Raises OccupiedError where the
    folder is another's, UnfinishedError where it is in use or cannot be written.
    """
    require_ours(folder, binding)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    try:
        # Once more, now that no other run can bind it.
        require_ours(folder, binding)
        remove_leftovers(folder)
        name = name_of(folder) or secrets.token_hex(16)
        write_if_changed(folder / RUN, json_bytes({**binding.document(RUN_SCHEMA), "folder": name}))
        with _writing(folder):
            (folder / PINS).mkdir(exist_ok=True)
        yield name
        with _writing(folder):
            (folder / RUN).unlink(missing_ok=True)
    finally:
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)
        os.close(lock)


def name_of(folder: Path) -> str:
    """The name that an unfinished folder bears; empty where nothing was begun in it.

    Raises InputError where the document that says so is damaged.
    """
    if not (folder / RUN).is_file():
        return ""
    return str(_document(folder, RUN, RUN_SCHEMA).get("folder", ""))


def is_finished(folder: Path) -> bool:
    """Whether a batch was finished in it, be it damaged since or not."""
    return (folder / MANIFEST).is_file()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, UnfinishedError):
            raise
        reason = (error.strerror or str(error)).lower()
        raise UnfinishedError(f"{folder}: cannot write: {reason}; mend that and repeat the command") from error


def _locked(folder: Path) -> int:
    """A descriptor that holds the folder's lock until it is closed. Raises UnfinishedError where another run has it."""
    while True:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, _LOCK_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UnfinishedError(f"{folder}: another run is at work in it; wait for it to end, and repeat") from None
        # The run before may have removed the file after we opened it: then the lock is on a file that is gone.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), (folder / LOCK).stat()):
                return descriptor
        os.close(descriptor)


def require_ours(folder: Path, binding: Binding) -> None:
    """Raise OccupiedError unless the folder is absent, empty, or bound to this very binding.

    Raises InputError where the document that says so is damaged.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise OccupiedError(f"{folder}: is a file; name a folder")
    for name, schema in ((MANIFEST, MANIFEST_SCHEMA), (RUN, RUN_SCHEMA)):
        if (folder / name).is_file():
            _require_same(folder, name, _document(folder, name, schema), binding)
            return
    foreign = sorted(
        entry.name for entry in folder.iterdir() if entry.name != LOCK and not entry.name.startswith(TEMPORARY_PREFIX)
    )
    if foreign:
        raise OccupiedError(f"{folder}: holds {foreign[0]!r} and no batch of ours; name an empty or a new folder")


def _document(folder: Path, name: str, schema: str) -> dict[str, Any]:
    try:
        return parse_json(read_text(folder / name, most=_MOST_DOCUMENT_BYTES), origin=f"{folder / name}", schema=schema)
    except InputError as error:
        raise InputError([f"{fault}; {_DAMAGED}" for fault in error.faults]) from error


_DAMAGED = "put the document back as it was made, or name another folder"


def _require_same(folder: Path, name: str, document: Mapping[str, Any], binding: Binding) -> None:
    expected = binding.document(str(document["schema"]))
    for key, what in (("input_sha256", "serials"), ("job_sha256", "job")):
        if not isinstance(document.get(key), str):
            raise InputError(f"{folder / name}: {key} is not as this version writes it; {_DAMAGED}")
        if document[key] != expected[key]:
            raise OccupiedError(
                f"{folder}: belongs to other {what}; name another folder, or repeat with what it was begun"
            )
    if document.get("tool") != expected["tool"]:
        made_by, this = document.get("tool"), expected["tool"]
        raise OccupiedError(f"{folder}: was made by {made_by!r} and this is {this!r}; name another folder")


def write_if_changed(path: Path, data: bytes) -> None:
    """Put a file on disk, whole or not at all; one that holds these bytes already is left alone."""
    with suppress(OSError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    write_atomic(path, data)


def hashes_in(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """SHA-256 of those of the files that are there, by name, sorted. What else lies in the folder is not ours."""
    found = sorted(name for name in names if (folder / name).is_file())
    return {name: file_sha256(folder / name) for name in found}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, however large: a tray's program is larger than all else. Raises InputError."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {(error.strerror or str(error)).lower()}") from error


def recorded_files(folder: Path) -> dict[str, dict[str, str]]:
    """The hashes that the manifest records for each pin, by characters; empty without a manifest. Raises InputError."""
    if not (folder / MANIFEST).is_file():
        return {}
    pins = _document(folder, MANIFEST, MANIFEST_SCHEMA).get("pins")
    try:
        return {str(pin["characters"]): dict(pin["files"]) for pin in pins or ()}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / MANIFEST}: its pins are not as this version writes them; {_DAMAGED}") from error


def manifest_bytes(
    folder: Path,
    binding: Binding,
    *,
    job_name: str,
    pins: Sequence[dict[str, Any]],
    skipped: Sequence[dict[str, Any]],
    trays: Sequence[str] = (),
) -> bytes:
    """The manifest of what stands in the folder now; ``trays`` are the names of the trays' files."""
    return json_bytes(
        {
            **binding.document(MANIFEST_SCHEMA),
            "job": job_name,
            "files": hashes_in(folder, (INDEX, JOB, *trays)),
            "pins": list(pins),
            "skipped": list(skipped),
        }
    )


def load_check(folder: Path) -> dict[str, Any] | None:
    """A pin's ``check.json``; None where it is absent or damaged."""
    try:
        document = json.loads((folder / CHECK).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document.get("verdict") in {"pass", "fail"} else None
