"""Keys by which folders are signed: making one, and showing what may be shown of it."""

from pathlib import Path
from typing import Any

from engrave.base.errors import OccupiedError
from engrave.provenance import keep_key, key_id, load_public_key, new_key, public_pem, write_public_key

KEY_SCHEMA = "pin-engrave/key/1"
_KEYRING = "keyring:"


def make_key(given: str, public: Path) -> dict[str, Any]:
    """Make a key: the private one where ``given`` says (a new file, or ``keyring:NAME``), the public one in a new file.

    Raises OccupiedError where there is one already, InputError and UnfinishedError where it cannot be put there; then
    there is neither.
    """
    if public.exists() or public.is_symlink():
        raise OccupiedError(f"{public}: is there already; name a new file")
    key = new_key()
    # The public one first: alone it is of no use, and a private one without it would be taken for whole.
    write_public_key(public, key.public_key())
    try:
        keep_key(key, given)
    except BaseException:
        public.unlink(missing_ok=True)
        raise
    return show_key(str(public))


def show_key(given: str) -> dict[str, Any]:
    """Id and public key of a key, private or public, as the JSON object ``pin-engrave/key/1``. Raises InputError."""
    key = load_public_key(given)
    return {
        "schema": KEY_SCHEMA,
        "algorithm": "Ed25519",
        "key_id": key_id(key),
        "public_key": public_pem(key).decode("ascii"),
    }
