"""Sign-off of a finished folder: it is as its manifest says, the manifest is on record, and a person answers for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engrave.api.record import change_to_json, stamp_of
from engrave.base.errors import raise_faults
from engrave.batch.folder import MANIFEST
from engrave.batch.verifying import Examined, examine
from engrave.registry.citing import Made
from engrave.registry.connection import reading
from engrave.registry.signing import sign_off
from engrave.registry.store import opened


def signoff(given: str, folder: Path, *, meaning: str, actor: str | None = None) -> dict[str, Any]:
    """Take every pin of a folder to "signed off", with name, time and meaning: the pins, and how many are so from now.

    Raises InputError with every fault, and nothing is signed: a pin that did not pass, a file that is missing or was
    changed, a manifest that is not the one that was signed by a key, a pin that is not on record as engraved and
    verified with this very manifest.
    """
    stamp = stamp_of(actor)
    found = examine(folder, None)
    faults = [f"line {line} was skipped: {reason}" for line, reason in found.skipped]
    faults += [
        f"serial {serial!r} of ({maker}, {model}): did not pass its check" for maker, model, serial in _failed(found)
    ]
    faults = [f"{folder / MANIFEST}: {fault}" for fault in faults] + list(found.faults)
    if not found.pins:
        raise_faults(found.faults)
        faults.append(f"{folder / MANIFEST}: names no pins")
    with opened(given) as registry:
        pins = [entry.pin for entry in found.pins]
        made = [Made(pin=entry.pin, id=entry.id, passed=entry.passed) for entry in found.pins]
        _, signed = sign_off(
            registry, made, manifest=found.manifest_sha256, meaning=meaning, stamp=stamp, other_faults=faults
        )
        with reading(registry) as connection:
            return change_to_json("signed off", signed, connection, pins)


def _failed(found: Examined) -> Iterator[tuple[str, str, str]]:
    return (entry.pin for entry in found.failed)
