"""Whether a finished folder is as its manifest says, and the manifest as it was signed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engrave.base.errors import Collecting, InputError
from engrave.batch.folder import (
    JOURNAL,
    LOCK,
    MANIFEST,
    PINS,
    RUN,
    SIGNATURE,
    file_sha256,
    hashes_in,
    read_manifest,
)
from engrave.code.ranges import normalised_pin
from engrave.provenance import PublicKey, Signature, is_good, key_id, read_signature

_NO_NAMES = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPin:
    """A pin as a manifest names it: maker, model and serial, the id of its mark, and whether it passed its check."""

    pin: tuple[str, str, str]
    id: int
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found. faults : each with its place. unnamed : what else lies in the folder. signature : None for none.

    signature_checked : whether a key was given to check it by.
    """

    manifest_sha256: str
    pins: tuple[ManifestPin, ...]
    files: int
    failed: tuple[ManifestPin, ...]
    skipped: tuple[tuple[int, str], ...]
    faults: tuple[str, ...]
    unnamed: tuple[str, ...]
    signature: Signature | None
    signature_checked: bool


def examine(folder: Path, key: PublicKey | None) -> Examined:
    """Hash every file that the manifest names, and check the signature, by ``key`` where there is one.

    With a key there must be a signature, by that very key. Raises InputError where there is no manifest at all.
    """
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder}: has no {MANIFEST}; name the folder of a batch that is finished")
    seen = _Seen(folder=folder)
    document: dict[str, Any] = {}
    try:
        document = read_manifest(folder, seen.take)
    except InputError as error:
        seen.faults += error.faults
    digest = file_sha256(folder / MANIFEST)
    skipped = tuple(seen.beside(document)) if document else ()
    if document:
        seen.look_for_others(document)
    signature = _signature(folder, digest, key, seen.faults)
    return Examined(
        manifest_sha256=digest,
        pins=tuple(seen.pins),
        files=seen.files,
        failed=tuple(pin for pin in seen.pins if not pin.passed),
        skipped=skipped,
        faults=tuple(seen.faults),
        unnamed=tuple(seen.unnamed),
        signature=signature,
        signature_checked=key is not None and signature is not None,
    )


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What is found as the rows of a manifest go by."""

    folder: Path
    pins: list[ManifestPin] = field(default_factory=list)
    files: int = 0
    faults: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def take(self, row: Mapping[str, Any]) -> None:
        """One pin."""
        characters, files = _file_name(row["characters"]), dict(row["files"])
        if characters in self._names:
            self.faults.append(f"{self.folder / MANIFEST}: names {characters} twice; {_AS_MADE}")
        self._names.add(characters)
        pin = normalised_pin(row["maker"], row["model"], row["serial"])
        self.pins.append(ManifestPin(pin=pin, id=int(row["id"]), passed=row["verdict"] == "pass"))
        place = self.folder / PINS / characters
        self._hold(place, files)
        if place.is_dir():
            self.unnamed += sorted(str(entry) for entry in place.iterdir() if entry.name not in files)

    def _hold(self, place: Path, recorded: Mapping[str, str]) -> None:
        """Hold the files in a folder against their hashes."""
        self.files += len(recorded)
        for name, digest in {_file_name(name): digest for name, digest in recorded.items()}.items():
            # What cannot be read is a fault of its own, and the others are looked at all the same.
            with Collecting(self.faults):
                found = hashes_in(place, [name]).get(name)
                if found != digest:
                    state = "is missing" if found is None else "was changed since"
                    self.faults.append(f"{place / name} {state}; put it back as it was made")

    def beside(self, document: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        """What the manifest says beside its pins: its files are held against it, and rows that were skipped given."""
        try:
            self._hold(self.folder, dict(document["files"]))
            yield from [(int(row["line"]), str(row["reason"])) for row in document["skipped"]]
        except InputError as error:
            self.faults += error.faults
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            self.faults.append(f"{self.folder / MANIFEST}: is not as this version writes it; {_AS_MADE}")

    def look_for_others(self, document: Mapping[str, Any]) -> None:
        """A pin's folder that no row names is a fault; anything else that none names may be there."""
        pins = self.folder / PINS
        for entry in sorted(pins.iterdir()) if pins.is_dir() else ():
            if entry.name not in self._names:
                self.faults.append(f"{entry}: no row of {MANIFEST} names it; was a row removed, or a folder added?")
        if (self.folder / RUN).exists():
            self.faults.append(f"{self.folder / RUN}: a run is at work, or was broken off; repeat the batch's command")
        known = {MANIFEST, SIGNATURE, PINS, RUN, JOURNAL, LOCK, *dict(document.get("files") or {})}
        self.unnamed += sorted(str(entry) for entry in self.folder.iterdir() if entry.name not in known)


_AS_MADE = "put the document back as it was made"


def _file_name(name: object) -> str:
    """A name that stays in its folder. Raises ValueError for any other."""
    if not isinstance(name, str) or name in _NO_NAMES or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no file's name")
    return name


def _signature(folder: Path, digest: str, key: PublicKey | None, faults: list[str]) -> Signature | None:
    path = folder / SIGNATURE
    if not path.exists():
        if key is not None:
            faults.append(f"{path} is missing: the manifest is not signed, or its signature was taken away")
        return None
    try:
        found = read_signature(path)
    except InputError as error:
        faults += error.faults
        return None
    if found.manifest_sha256 != digest:
        faults.append(f"{folder / MANIFEST} is not the one that was signed; put it back as it was made")
    if key is not None and found.key_id != key_id(key):
        faults.append(f"{path}: is by key {found.key_id}, and the key that was given is {key_id(key)}")
    elif key is not None and not is_good(found, key):
        faults.append(f"{path}: the signature is not by key {found.key_id}; it was altered")
    return found
