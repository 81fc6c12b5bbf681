"""The output folder: what it is bound to, what is whole in it, and its manifest.

While a run is under way ``.run.json`` says which input and job the folder belongs to, ``.run.pins`` what is made, and
``.run.lock`` is locked; all go when the manifest, which says the same, has been written. A pin's folder appears whole,
by one rename, or not at all.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from engrave.base.config import json_bytes, json_pieces, parse_json, require_schema
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.base.files import (
    TEMPORARY_PREFIX,
    make_folder,
    read_text,
    remove_leftovers,
    sha256_hex,
    write_atomic,
    writing,
)
from engrave.base.json_stream import JsonStream
from engrave.base.version import DISTRIBUTION, tool_version

MANIFEST_SCHEMA = "pin-engrave/manifest/2"
# Version 1 did not say which priors the checks rest on.
_OLDER_MANIFEST = "pin-engrave/manifest/1"
RUN_SCHEMA = "pin-engrave/run/1"
MANIFEST, RUN, LOCK, JOB, INDEX, PINS = "manifest.json", ".run.json", ".run.lock", "job.json", "index.html", "pins"
SIGNATURE, JOURNAL = "manifest.json.sig", ".run.pins"
CHECK = "check.json"
_MOST_DOCUMENT_BYTES = 1_000_000
_ROWS = "pins"
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
    with writing(folder):
        make_folder(folder)
        lock = _locked(folder)
    try:
        # Once more, now that no other run can bind it.
        require_ours(folder, binding)
        remove_leftovers(folder)
        name = name_of(folder) or secrets.token_hex(16)
        write_if_changed(folder / RUN, json_bytes({**binding.document(RUN_SCHEMA), "folder": name}))
        with writing(folder):
            (folder / PINS).mkdir(exist_ok=True)
        yield name
        if not _is_there(folder, lock):
            raise UnfinishedError(f"{folder}: was removed or replaced while the batch was made; repeat the command")
        with writing(folder):
            (folder / JOURNAL).unlink(missing_ok=True)
            (folder / RUN).unlink(missing_ok=True)
    finally:
        with suppress(OSError):
            if _is_there(folder, lock):
                (folder / LOCK).unlink()
        os.close(lock)


def name_of(folder: Path) -> str:
    """The name that an unfinished folder bears; empty where nothing was begun in it.

    Raises InputError where the document that says so is damaged.
    """
    if not (folder / RUN).is_file():
        return ""
    return str(_run_document(folder).get("folder", ""))


def is_finished(folder: Path) -> bool:
    """Whether a batch was finished in it, be it damaged since or not."""
    return (folder / MANIFEST).is_file()


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
        if _is_there(folder, descriptor):
            return descriptor
        os.close(descriptor)


def _is_there(folder: Path, lock: int) -> bool:
    """Whether the folder's lock is the file that we hold: the folder may have been removed and begun anew by others."""
    try:
        return os.path.samestat(os.fstat(lock), (folder / LOCK).stat())
    except FileNotFoundError:
        return False


def require_ours(folder: Path, binding: Binding) -> None:
    """Raise OccupiedError unless the folder is absent, empty, or bound to this very binding.

    Raises InputError where the document that says so is damaged.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise OccupiedError(f"{folder}: is a file; name a folder")
    if (folder / MANIFEST).is_file():
        _require_same(folder, MANIFEST, read_manifest(folder, lambda _pin: None), binding)
        return
    if (folder / RUN).is_file():
        _require_same(folder, RUN, _run_document(folder), binding)
        return
    foreign = sorted(
        entry.name for entry in folder.iterdir() if entry.name != LOCK and not entry.name.startswith(TEMPORARY_PREFIX)
    )
    if foreign:
        raise OccupiedError(f"{folder}: holds {foreign[0]!r} and no batch of ours; name an empty or a new folder")


def _run_document(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    try:
        return parse_json(read_text(path, most=_MOST_DOCUMENT_BYTES), origin=str(path), schema=RUN_SCHEMA)
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


def recorded_files(folder: Path) -> dict[str, str]:
    """One hash over the files of each pin that the manifest records, by characters; empty without a manifest.

    It is ``hash_of`` the hashes of the pin's files. Raises InputError where the manifest is damaged.
    """
    if not (folder / MANIFEST).is_file():
        return {}
    found: dict[str, str] = {}

    def take(pin: Mapping[str, Any]) -> None:
        found[str(pin["characters"])] = hash_of(pin["files"])

    read_manifest(folder, take)
    return found


def hash_of(files: Mapping[str, str]) -> str:
    """One hash over the hashes of files, by name."""
    return sha256_hex(json_bytes(dict(sorted(files.items()))))


def read_manifest(folder: Path, take: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """The manifest without its pins, each of which is handed over as it is read: they may be more than memory holds.

    One of version 1 is given as if it were of version 2, ``schema`` apart, with the ``priors`` None: it did not tell
    them. Raises InputError where it is missing or damaged, or what takes a pin finds it to be none.
    """
    path, document = folder / MANIFEST, dict[str, Any]()
    try:
        with path.open("rb") as file:
            stream = JsonStream(file=file, origin=str(path))
            for name in stream.members():
                if name == _ROWS:
                    for pin in stream.elements():
                        _taken(pin, take, path)
                else:
                    document[name] = stream.value()
        older = document.get("schema") == _OLDER_MANIFEST
        require_schema(document, origin=str(path), schema=_OLDER_MANIFEST if older else MANIFEST_SCHEMA)
    except OSError as error:
        raise InputError(f"{path}: cannot read: {(error.strerror or str(error)).lower()}") from error
    except InputError as error:
        raise InputError([f"{fault}; {_DAMAGED}" for fault in error.faults]) from error
    return {"priors": None, **document} if older else document


def tells_priors(folder: Path) -> bool:
    """Whether the manifest does, or is going to: one of version 1 stays so, since records cite its hash.

    Raises InputError where it is damaged.
    """
    return not is_finished(folder) or read_manifest(folder, lambda _pin: None)["priors"] is not None


def _taken(pin: Any, take: Callable[[Mapping[str, Any]], None], path: Path) -> None:  # noqa: ANN401 - any JSON
    try:
        take(pin)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its pins are not as this version writes them") from error


def manifest_pieces(
    folder: Path,
    binding: Binding,
    *,
    job_name: str,
    priors: Sequence[tuple[str, str]] | None,
    pins: Iterable[Mapping[str, Any]],
    skipped: Sequence[Mapping[str, Any]],
    trays: Sequence[str] = (),
) -> Iterator[bytes]:
    """The manifest of what stands in the folder now, piece by piece.

    priors : name and source of each figure that the checks rest on and that was not measured on the real thing; None
    for a manifest of version 1, which does not tell them. trays : the names of the trays' files.
    """
    told = {} if priors is None else {"priors": [{"of": of, "source": source} for of, source in priors]}
    document = {
        **binding.document(_OLDER_MANIFEST if priors is None else MANIFEST_SCHEMA),
        "job": job_name,
        **told,
        "files": hashes_in(folder, (INDEX, JOB, *trays)),
        _ROWS: [],
        "skipped": list(skipped),
    }
    return json_pieces(document, _ROWS, pins)


def load_check(folder: Path) -> dict[str, Any] | None:
    """A pin's ``check.json``; None where it is absent or damaged."""
    try:
        document = json.loads((folder / CHECK).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document.get("verdict") in {"pass", "fail"} else None
