"""Ed25519 keys (RFC 8032): in a file that only its owner may read, or in the operating system's key store.

A key is named by where it lies and never given itself: not in an argument, a job, a log or an error. In a file a
private key is PKCS 8 and a public one SubjectPublicKeyInfo (RFC 8410), both PEM, as OpenSSL writes and reads them.
"""

import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from engrave.base.errors import InputError, OccupiedError
from engrave.base.files import read_bytes, sha256_hex, write_new

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PrivateKey: TypeAlias = Ed25519PrivateKey
    PublicKey: TypeAlias = Ed25519PublicKey
else:
    PrivateKey = PublicKey = object

KEYRING = "keyring:"
_SERVICE = "pin-engrave"
_PRIVATE_MODE, _PUBLIC_MODE = 0o600, 0o644
_MOST_KEY_BYTES = 10_000
_KEY_ID_DIGITS = 16


def new_key() -> PrivateKey:
    """A new key, from the operating system's own randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - start-up

    return Ed25519PrivateKey.generate()


def key_id(key: PublicKey) -> str:
    """The first 16 digits of the SHA-256 of the key's 32 bytes."""
    return sha256_hex(key.public_bytes_raw())[:_KEY_ID_DIGITS]


def private_pem(key: PrivateKey) -> bytes:
    """PKCS 8, PEM, not encrypted."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - start-up
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo, PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - start-up

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def keep_key(key: PrivateKey, given: str) -> None:
    """Put a new private key where ``given`` says, readable by its owner alone: a file, or ``keyring:NAME``.

    Raises OccupiedError where one is there already, InputError where it cannot lie there, UnfinishedError where it
    cannot be written.
    """
    if given.startswith(KEYRING):
        store, name = _key_store(), _name_in(given)
        if store.get(name) is not None:
            raise OccupiedError(f"{given}: is there already; name a new key")
        store.put(name, private_pem(key).decode("ascii"))
        return
    write_new(Path(given), private_pem(key), mode=_PRIVATE_MODE)


def write_public_key(path: Path, key: PublicKey) -> None:
    """Put a public key into a new file. Raises as ``keep_key``."""
    write_new(path, public_pem(key), mode=_PUBLIC_MODE)


def load_private_key(given: str) -> PrivateKey:
    """The private key in a file, or at ``keyring:NAME``.

    Raises InputError where it is missing, no Ed25519 key, encrypted, or in a file that others may read.
    """
    if given.startswith(KEYRING):
        found = _key_store().get(_name_in(given))
        if found is None:
            raise InputError(f"{given}: the key store has no such key; `pin-engrave key new {given}` makes one")
        return _private(found.encode(), given)
    path = Path(given)
    data = read_bytes(path, most=_MOST_KEY_BYTES)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"{path}: others than its owner may read the key or write it; chmod 600 it, or make a new one")
    return _private(data, given)


def load_public_key(given: str) -> PublicKey:
    """The public key in a file, or that of a private one in a file or at ``keyring:NAME``. Raises InputError."""
    if given.startswith(KEYRING):
        return load_private_key(given).public_key()
    data = read_bytes(Path(given), most=_MOST_KEY_BYTES)
    return load_private_key(given).public_key() if b"PRIVATE KEY" in data else _public(data, given)


def _private(data: bytes, given: str) -> PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - start-up
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - start-up
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - start-up

    try:
        key = load_pem_private_key(data, password=None)
    except TypeError as error:
        raise InputError(f"{given}: the key is encrypted; give one that is not, or keep it in the key store") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        # What the library says may quote the file.
        raise InputError(f"{given}: is no private key in PEM; `pin-engrave key new` makes one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{given}: is a key of another kind; only Ed25519 signs here")
    return key


def _public(data: bytes, given: str) -> PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - start-up
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - start-up
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - start-up

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{given}: is no public key in PEM; `pin-engrave key show` prints one") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{given}: is a key of another kind; only Ed25519 signs here")
    return key


class _KeyStore:
    """The operating system's key store."""

    def __init__(self) -> None:
        try:
            import keyring  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise InputError(f"{KEYRING}NAME needs pin-engrave[keyring]; install it, or keep the key in a file") from (
                error
            )
        self._keyring = keyring

    def get(self, name: str) -> str | None:
        """What is kept under a name."""
        from keyring.errors import KeyringError  # noqa: PLC0415 - an extra

        try:
            return self._keyring.get_password(_SERVICE, name)
        except KeyringError as error:
            raise _closed(error) from error

    def put(self, name: str, text: str) -> None:
        """Keep it."""
        from keyring.errors import KeyringError  # noqa: PLC0415 - an extra

        try:
            self._keyring.set_password(_SERVICE, name, text)
        except KeyringError as error:
            raise _closed(error) from error


def _key_store() -> _KeyStore:
    return _KeyStore()


def _closed(error: Exception) -> InputError:
    return InputError(f"{KEYRING}NAME: the key store cannot be used here: {error}; keep the key in a file")


def _name_in(given: str) -> str:
    name = given.removeprefix(KEYRING)
    if not name or not name.isprintable():
        raise InputError(f"{given!r}: names no key; write {KEYRING}NAME")
    return name
