"""Signatures, against the standard's own vectors and a program that nobody here wrote."""

import json
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.provenance import is_good, key_id, new_key, public_pem, read_signature, signature_of

MANIFEST = "ab" * 32
# RFC 8032, 7.1, TEST 2: secret key, public key, a message of one byte, signature.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"  # noqa: S105 - the standard's own
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNED = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_the_key_is_the_standards() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET))
    assert key.public_key().public_bytes_raw().hex() == PUBLIC
    assert key.sign(b"\x72").hex() == SIGNED
    # SHA-256 of those 32 bytes, by coreutils.
    assert key_id(key.public_key()) == "39f713d0a644253f"


def test_openssl_finds_the_signature_good_and_another_manifests_not(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    openssl, key = require_program("openssl"), new_key()
    (tmp_path / "key.pem").write_bytes(public_pem(key.public_key()))
    (tmp_path / "sig").write_bytes(b64decode(json.loads(signature_of(MANIFEST, key))["signature"]))
    for digest, good in ((MANIFEST, True), ("ac" * 32, False)):
        (tmp_path / "message").write_bytes(f"pin-engrave/manifest\n{digest}\n".encode())
        words = "pkeyutl -verify -pubin -inkey key.pem -rawin -in message -sigfile sig"
        done = subprocess.run([openssl, *words.split()], cwd=tmp_path, capture_output=True, check=False)
        assert (done.returncode == 0) is good, done.stdout + done.stderr


def test_the_same_key_gives_the_same_bytes_and_another_does_not() -> None:
    one, other = new_key(), new_key()
    assert signature_of(MANIFEST, one) == signature_of(MANIFEST, one) != signature_of(MANIFEST, other)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_what_a_key_signed_is_good_by_that_key_alone(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, other: bytes
) -> None:
    path = tmp_path_factory.mktemp("sig") / "manifest.json.sig"
    key, stranger = map(Ed25519PrivateKey.from_private_bytes, (seed, other))
    path.write_bytes(signature_of(MANIFEST, key))
    found = read_signature(path)
    assert (found.key_id, found.manifest_sha256) == (key_id(key.public_key()), MANIFEST)
    assert is_good(found, key.public_key())
    assert is_good(found, stranger.public_key()) is (seed == other)


def test_no_byte_of_a_signature_can_be_another(tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "manifest.json.sig"
    whole = signature_of(MANIFEST, key)

    def is_taken(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            found = read_signature(path)
        except InputError:
            return False
        # The hash is held against the manifest's own by whoever has that.
        return is_good(found, key.public_key()) and found.manifest_sha256 == MANIFEST

    assert is_taken(whole)
    others = (
        whole[:place] + bytes([byte]) + whole[place + 1 :] for place in range(len(whole)) for byte in b"0A \n\xff"
    )
    assert not any(is_taken(data) for data in others if data != whole)
    assert not any(is_taken(data) for data in (whole[:-1], whole + b"\n", b"\xef\xbb\xbf" + whole))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"schema": "pin-engrave/signature/1"}',
        '{"schema": "pin-engrave/signature/2"}',
        "\udcff",
        "[" * 999,
    ],
)
def test_a_signature_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json.sig"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"manifest\.json\.sig"):
        read_signature(path)
