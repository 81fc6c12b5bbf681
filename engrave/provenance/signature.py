"""The signature over a manifest: a small document beside it.

What is signed is the hash of the manifest behind a line that says what for, so that a signature serves nothing else and
the manifest need not be in memory: ``pin-engrave/manifest``, the 64 digits of its SHA-256, each with a line end.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from pathlib import Path

from engrave.base.config import from_jsonable, json_bytes, parse_json, to_jsonable
from engrave.base.errors import InputError
from engrave.base.files import read_bytes
from engrave.provenance.keys import PrivateKey, PublicKey, key_id

SIGNATURE_SCHEMA = "pin-engrave/signature/1"
ALGORITHM = "Ed25519"
_MOST_BYTES = 10_000
_FOR = b"pin-engrave/manifest\n"
_DAMAGED = "put it back as it was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What ``manifest.json.sig`` says. key_id : 16 hexadecimal digits. signature : 64 bytes, in base 64."""

    algorithm: str
    key_id: str
    manifest_sha256: str
    signature: str


def signed_message(manifest_sha256: str) -> bytes:
    """What is signed for a manifest of this hash."""
    return _FOR + manifest_sha256.encode("ascii") + b"\n"


def signature_of(manifest_sha256: str, key: PrivateKey) -> bytes:
    """The document, the same bytes each time (Ed25519 uses no randomness)."""
    return _document(
        Signature(
            algorithm=ALGORITHM,
            key_id=key_id(key.public_key()),
            manifest_sha256=manifest_sha256,
            signature=b64encode(key.sign(signed_message(manifest_sha256))).decode("ascii"),
        )
    )


def _document(signature: Signature) -> bytes:
    return json_bytes({"schema": SIGNATURE_SCHEMA, **to_jsonable(signature)})


def read_signature(path: Path) -> Signature:
    """The signature in a file. Raises InputError where one byte of it is not as it was written."""
    data = read_bytes(path, most=_MOST_BYTES)
    document = parse_json(data.decode("utf-8", errors="replace"), origin=str(path), schema=SIGNATURE_SCHEMA)
    values = {name: value for name, value in document.items() if name != "schema"}
    found = from_jsonable(Signature, values, origin=str(path))
    if found.algorithm != ALGORITHM:
        raise InputError(f"{path}: algorithm is {found.algorithm!r}, and only {ALGORITHM} is read; {_DAMAGED}")
    # Neither JSON nor base 64 has one spelling alone: what is spelt otherwise was altered since.
    try:
        same = b64encode(b64decode(found.signature, validate=True)).decode("ascii") == found.signature
    except (Base64Error, ValueError) as error:
        raise InputError(f"{path}: signature is not base 64; {_DAMAGED}") from error
    if not same or data != _document(found):
        raise InputError(f"{path}: was altered since it was written; {_DAMAGED}")
    return found


def is_good(signature: Signature, key: PublicKey) -> bool:
    """Whether this key signed the hash that it names."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - start-up

    try:
        key.verify(b64decode(signature.signature), signed_message(signature.manifest_sha256))
    except InvalidSignature:
        return False
    return signature.key_id == key_id(key)
