"""Sign-off of a finished folder: it is as its manifest says, the manifest is on record, and a person answers for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engrave.api.record import change_to_json, stamp_of
from engrave.base.config import parse_json
from engrave.base.errors import InputError
from engrave.base.files import read_bytes, sha256_hex
from engrave.batch.folder import MANIFEST, MANIFEST_SCHEMA, PINS, hashes_in
from engrave.code.ranges import normalised_pin
from engrave.registry.connection import reading
from engrave.registry.signing import Made, sign_off
from engrave.registry.store import opened

_MOST_BYTES = 1_000_000_000


def signoff(given: str, folder: Path, *, meaning: str, actor: str | None = None) -> dict[str, Any]:
    """Take every pin of a folder to "signed off", with name, time and meaning: the pins, and how many are so from now.

    Raises InputError with every fault, and nothing is signed: a pin that did not pass, a file that is missing or was
    changed, a pin that is not on record as engraved and verified with this very manifest.
    """
    stamp = stamp_of(actor)
    data = read_bytes(folder / MANIFEST, most=_MOST_BYTES)
    origin = str(folder / MANIFEST)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{origin}: byte {error.start} is not UTF-8; put the document back as it was made") from error
    document = parse_json(text, origin=origin, schema=MANIFEST_SCHEMA)
    faults: list[str] = []
    try:
        made = [_made(pin) for pin in document["pins"]]
        faults += [f"{origin}: {fault}" for fault in _faults(folder, document)]
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{origin}: is not as this version writes it; put the document back as it was made") from error
    if not made:
        faults.append(f"{origin}: names no pins")
    with opened(given) as registry:
        pins = [entry.pin for entry in made]
        _, signed = sign_off(
            registry, made, manifest=sha256_hex(data), meaning=meaning, stamp=stamp, other_faults=faults
        )
        with reading(registry) as connection:
            return change_to_json("signed off", signed, connection, pins)


def _made(pin: Mapping[str, Any]) -> Made:
    return Made(pin=normalised_pin(pin["maker"], pin["model"], pin["serial"]), id=int(pin["id"]))


def _faults(folder: Path, document: Mapping[str, Any]) -> Iterator[str]:
    """Rows that were skipped, pins that did not pass, files that are not as the manifest records them."""
    for row in document["skipped"]:
        yield f"line {row['line']} was skipped: {row['reason']}"
    yield from _changed(folder, document["files"])
    for pin in document["pins"]:
        if pin["verdict"] != "pass":
            yield f"serial {pin['serial']!r} of ({pin['maker']}, {pin['model']}): did not pass its check"
        yield from _changed(folder / PINS / str(pin["characters"]), pin["files"])


def _changed(folder: Path, recorded: Mapping[str, str]) -> Iterator[str]:
    found = hashes_in(folder, sorted(recorded))
    for name, digest in recorded.items():
        if found.get(name) != digest:
            state = "was changed since" if name in found else "is missing"
            yield f"{folder / name} {state}; put it back as it was made"
