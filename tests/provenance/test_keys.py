"""Keys: where they lie, who may read them, and what is said of one that is none."""

import errno
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from engrave.api import make_key
from engrave.base.errors import InputError, OccupiedError, UnfinishedError
from engrave.provenance import (
    keep_key,
    key_id,
    load_private_key,
    load_public_key,
    new_key,
    private_pem,
    public_pem,
    write_public_key,
)


def test_a_key_comes_back_and_its_owner_alone_may_read_it(tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "shop.pem"
    keep_key(key, str(path))
    write_public_key(tmp_path / "shop.pub.pem", key.public_key())
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_private_key(str(path)).private_bytes_raw() == key.private_bytes_raw()
    for name in ("shop.pem", "shop.pub.pem"):
        assert key_id(load_public_key(str(tmp_path / name))) == key_id(key.public_key())


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "shop.pem"
    path.write_text("mine")
    with pytest.raises(OccupiedError, match="is there already"):
        keep_key(new_key(), str(path))
    assert path.read_text() == "mine"
    with pytest.raises(InputError, match="there is no folder"):
        keep_key(new_key(), str(tmp_path / "nowhere" / "shop.pem"))
    with pytest.raises(UnfinishedError, match="cannot write"):
        keep_key(new_key(), str(tmp_path / ("x" * 300)))


@pytest.mark.parametrize("broken", [1, 2, 3, 4])
def test_a_key_that_cannot_be_kept_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    calls = count(1)

    def full(_descriptor: int) -> None:
        if next(calls) == broken:
            raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("engrave.base.files.os.fsync", full)
    with pytest.raises(UnfinishedError, match="the disk is full"):
        make_key(str(tmp_path / "shop.pem"), tmp_path / "shop.pub.pem")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "shop.pem"
    keep_key(new_key(), str(path))
    path.chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        load_private_key(str(path))
    path.chmod(0o400)
    load_private_key(str(path))


def test_openssl_reads_our_keys_and_we_read_its(tmp_path: Path, require_program: Callable[[str], str]) -> None:
    openssl = require_program("openssl")

    def run(words: str) -> str:
        done = subprocess.run([openssl, *words.split()], cwd=tmp_path, capture_output=True, check=True, text=True)
        return done.stdout

    key = new_key()
    keep_key(key, str(tmp_path / "ours.pem"))
    assert run("pkey -in ours.pem -pubout") == public_pem(key.public_key()).decode()
    run("genpkey -algorithm ed25519 -out theirs.pem")
    (tmp_path / "theirs.pem").chmod(0o600)
    (tmp_path / "theirs.pub.pem").write_text(run("pkey -in theirs.pem -pubout"))
    theirs = load_private_key(str(tmp_path / "theirs.pem")).public_key()
    assert key_id(load_public_key(str(tmp_path / "theirs.pub.pem"))) == key_id(theirs)


def broken() -> dict[str, tuple[bytes, str]]:
    """What is no private key for us, and what is said of it."""
    key, rsa = new_key(), generate_private_key(65537, 2048)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    other = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = private_pem(key)
    return {
        "encrypted": (encrypted, "is encrypted"),
        "rsa": (other, "another kind"),
        "truncated": (pem[:60], "no private key"),
        "empty": (b"", "no private key"),
        "bytes": (bytes(range(256)), "no private key"),
        "public": (public_pem(key.public_key()), "no private key"),
        "large": (pem * 200, "larger than"),
    }


@pytest.mark.parametrize("name", list(broken()))
def test_a_private_key_that_is_none_is_said_without_a_word_of_it(tmp_path: Path, name: str) -> None:
    data, told = broken()[name]
    path = tmp_path / "shop.pem"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(InputError, match=told) as caught:
        load_private_key(str(path))
    inner = data.split(b"\n")[1:2]
    assert not any(line and line.decode(errors="replace") in str(caught.value) for line in inner)


def test_a_public_key_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "shop.pub.pem"
    rsa = generate_private_key(65537, 2048).public_key()
    for data, told in (
        (b"", "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
        (rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "another kind"),
    ):
        path.write_bytes(data)
        with pytest.raises(InputError, match=told):
            load_public_key(str(path))
    with pytest.raises(InputError, match="cannot read"):
        load_public_key(str(tmp_path / "absent"))


class Store:
    """A key store in memory, as the library's own backends are."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        """What is kept."""
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        """Keep it."""
        self.kept[service, name] = password


def test_a_key_in_the_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring  # noqa: PLC0415 - where it is absent the other tests run all the same

    store = Store()
    monkeypatch.setattr(keyring, "get_password", store.get_password)
    monkeypatch.setattr(keyring, "set_password", store.set_password)
    key = new_key()
    keep_key(key, "keyring:shop")
    assert list(store.kept) == [("pin-engrave", "shop")]
    assert load_private_key("keyring:shop").private_bytes_raw() == key.private_bytes_raw()
    assert key_id(load_public_key("keyring:shop")) == key_id(key.public_key())
    with pytest.raises(OccupiedError, match="is there already"):
        keep_key(new_key(), "keyring:shop")
    with pytest.raises(InputError, match="has no such key"):
        load_private_key("keyring:other")
    with pytest.raises(InputError, match="names no key"):
        load_private_key("keyring:")


def test_a_key_store_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring  # noqa: PLC0415 - as above
    from keyring.backends.fail import Keyring  # noqa: PLC0415 - as above

    # What the library takes where the system has no key store.
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(InputError, match="keep the key in a file"):
            load_private_key("keyring:shop")
        with pytest.raises(InputError, match="keep the key in a file"):
            keep_key(new_key(), "keyring:shop")
    finally:
        keyring.set_keyring(before)
    absent: Any = None
    monkeypatch.setitem(sys.modules, "keyring", absent)
    with pytest.raises(InputError, match=r"pin-engrave\[keyring\]"):
        load_private_key("keyring:shop")
