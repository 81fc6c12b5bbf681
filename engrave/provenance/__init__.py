"""Who answers for a folder: keys, and the signature over its manifest."""

from engrave.provenance.keys import (
    PrivateKey,
    PublicKey,
    keep_key,
    key_id,
    load_private_key,
    load_public_key,
    new_key,
    private_pem,
    public_pem,
    write_public_key,
)
from engrave.provenance.signature import SIGNATURE_SCHEMA, Signature, is_good, read_signature, signature_of

__all__ = [
    "SIGNATURE_SCHEMA",
    "PrivateKey",
    "PublicKey",
    "Signature",
    "is_good",
    "keep_key",
    "key_id",
    "load_private_key",
    "load_public_key",
    "new_key",
    "private_pem",
    "public_pem",
    "read_signature",
    "signature_of",
    "write_public_key",
]
