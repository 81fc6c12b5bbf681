"""Verification of a finished folder: its files, its signature, and what the registry says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.batch.verifying import Examined, examine
from engrave.provenance import load_public_key

VERIFY_SCHEMA = "pin-engrave/verify/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found. faults : each names its file, row or event. unnamed : files that the manifest does not name.

    document : all of it as the JSON object ``pin-engrave/verify/1``.
    """

    sound: bool
    faults: tuple[str, ...]
    unnamed: tuple[str, ...]
    document: dict[str, Any]


def verify(folder: Path, *, key: str | None = None, registry: str | None = None) -> Verified:
    """Hold every file of a finished folder against its manifest, and that against signature and record.

    key : where the public key lies by which the folder must be signed. registry : the address of the registry that gave
    the codes; its whole log is audited, and each pin must be on record as made by this very manifest. Raises InputError
    where there is no manifest, or key and registry are none.
    """
    public = None if key is None else load_public_key(key)
    found = examine(folder, public)
    record = None if registry is None else _on_record(found, registry)
    faults = (*found.faults, *(record or ()))
    return Verified(
        sound=not faults,
        faults=faults,
        unnamed=found.unnamed,
        document=_to_json(folder, found, faults, registry=record is not None),
    )


def _on_record(found: Examined, given: str) -> Sequence[str]:
    from engrave.registry.audit import audit  # noqa: PLC0415 - start-up
    from engrave.registry.citing import Made, uncited  # noqa: PLC0415 - start-up
    from engrave.registry.connection import reading  # noqa: PLC0415 - start-up
    from engrave.registry.store import opened  # noqa: PLC0415 - start-up

    made = [Made(pin=entry.pin, id=entry.id, passed=entry.passed) for entry in found.pins]
    with opened(given) as registry:
        faults = list(audit(registry).faults)
        with reading(registry) as connection:
            faults += uncited(connection, made, found.manifest_sha256)
        return [f"registry {registry.name}: {fault}" for fault in faults]


def _to_json(folder: Path, found: Examined, faults: Sequence[str], *, registry: bool) -> dict[str, Any]:
    signature = found.signature
    return {
        "schema": VERIFY_SCHEMA,
        "folder": str(folder),
        "sound": not faults,
        "manifest_sha256": found.manifest_sha256,
        "pins": len(found.pins),
        "files": found.files,
        "signature": None
        if signature is None
        else {
            "algorithm": signature.algorithm,
            "key_id": signature.key_id,
            "checked": found.signature_checked,
        },
        "registry_checked": registry,
        "faults": list(faults),
        "unnamed": list(found.unnamed),
    }
