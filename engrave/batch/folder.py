"""The output folder: what it is bound to, what is whole in it, and its manifest.

While a run is under way ``.run.json`` says which input and job the folder belongs to; it goes when the manifest, which
says the same, has been written. A pin's folder appears whole, by one rename, or not at all.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.base.config import json_bytes, parse_json
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.base.files import read_bytes, read_text, remove_leftovers, sha256_hex, write_atomic
from engrave.base.version import tool_version

MANIFEST_SCHEMA = "pin-engrave/manifest/1"
RUN_SCHEMA = "pin-engrave/run/1"
MANIFEST, RUN, JOB, INDEX, PINS = "manifest.json", ".run.json", "job.json", "index.html", "pins"
_MOST_DOCUMENT_BYTES = 1_000_000_000
_MOST_FILE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a folder is made from; another input, job or version wants another folder."""

    input_sha256: str
    job_sha256: str
    tool_version: str

    def document(self, schema: str) -> dict[str, Any]:
        """The JSON object that records it."""
        return {
            "schema": schema,
            "tool": {"name": "pin-engrave", "version": self.tool_version},
            "input_sha256": self.input_sha256,
            "job_sha256": self.job_sha256,
        }


def binding_of(*, input_sha256: str, job_sha256: str) -> Binding:
    """The binding of this input and job to this version."""
    return Binding(input_sha256=input_sha256, job_sha256=job_sha256, tool_version=tool_version())


@contextmanager
def claimed(folder: Path, binding: Binding) -> Iterator[None]:
    """Hold the folder for one run: bound to the binding, locked against a second run, leftovers removed.

    Raises OccupiedError where the folder is another's, in use, or not empty and none of ours; UnfinishedError where it
    cannot be written.
    """
    require_ours(folder, binding)
    try:
        (folder / PINS).mkdir(parents=True, exist_ok=True)
        with (folder / RUN).open("a+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OccupiedError(f"{folder}: another run is at work in it; wait for it to end") from None
            lock.truncate(0)
            lock.write(json_bytes(binding.document(RUN_SCHEMA)))
            lock.flush()
            remove_leftovers(folder)
            yield
            (folder / RUN).unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, UnfinishedError):
            raise
        raise UnfinishedError(f"{folder}: cannot write: {(error.strerror or str(error)).lower()}") from error


def require_ours(folder: Path, binding: Binding) -> None:
    """Raise OccupiedError unless the folder is absent, empty, or bound to this very binding."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OccupiedError(f"{folder}: is a file; name a folder")
    for name, schema in ((MANIFEST, MANIFEST_SCHEMA), (RUN, RUN_SCHEMA)):
        path = folder / name
        if path.is_file() and path.stat().st_size > 0:
            _require_same(folder, read_document(path, schema), binding)
            return
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name != RUN)
    if foreign:
        raise OccupiedError(f"{folder}: holds {foreign[0]!r} and no batch of ours; name an empty or a new folder")


def _require_same(folder: Path, document: dict[str, Any], binding: Binding) -> None:
    recorded = document.get("input_sha256"), document.get("job_sha256")
    if recorded != (binding.input_sha256, binding.job_sha256):
        which = "serials" if recorded[0] != binding.input_sha256 else "job"
        raise OccupiedError(
            f"{folder}: belongs to other {which}; name another folder, or repeat with what it was begun"
        )
    version = document.get("tool", {}).get("version")
    if version != binding.tool_version:
        raise OccupiedError(
            f"{folder}: was made by version {version!r} and this is {binding.tool_version!r}; name another folder"
        )


def read_document(path: Path, schema: str) -> dict[str, Any]:
    """One of our JSON documents. Raises InputError."""
    return parse_json(read_text(path, most=_MOST_DOCUMENT_BYTES), origin=path.name, schema=schema)


def hashes_in(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a pin's folder, by name, sorted."""
    return {path.name: sha256_hex(read_bytes(path, most=_MOST_FILE_BYTES)) for path in sorted(folder.iterdir())}


def recorded_files(folder: Path) -> dict[str, dict[str, str]]:
    """The hashes that an existing manifest records for each pin, by characters; empty without a manifest."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    pins = read_document(path, MANIFEST_SCHEMA).get("pins", [])
    try:
        return {pin["characters"]: dict(pin["files"]) for pin in pins}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path.name}: its pins are not as this version writes them; name another folder") from error


def is_whole(folder: Path, recorded: dict[str, str] | None) -> bool:
    """Whether a pin's folder is there and, where a manifest records it, unchanged."""
    if not (folder / "check.json").is_file():
        return False
    return recorded is None or hashes_in(folder) == recorded


def write_manifest(
    folder: Path, binding: Binding, *, job_name: str, pins: Sequence[dict[str, Any]], skipped: Sequence[dict[str, Any]]
) -> None:
    """Write the manifest, last and whole."""
    document = {
        **binding.document(MANIFEST_SCHEMA),
        "job": job_name,
        "files": {name: sha256_hex((folder / name).read_bytes()) for name in (INDEX, JOB)},
        "pins": list(pins),
        "skipped": list(skipped),
    }
    write_atomic(folder / MANIFEST, json_bytes(document))


def load_check(folder: Path) -> dict[str, Any]:
    """A pin's ``check.json``. Raises InputError where it is damaged."""
    return json.loads((folder / "check.json").read_bytes())  # type: ignore[no-any-return]
