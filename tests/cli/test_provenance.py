"""``key``, ``--sign`` and ``verify`` as a user meets them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.base.config import json_bytes
from engrave.base.errors import Exit
from engrave.batch import Workshop
from engrave.code.mark import Mark, mark_to_json

Call = Callable[..., Any]
CSV = "serial,maker,model\nAAA0001,Acme,P9\nAAA0002,Acme,P9\n"
CHECK: dict[str, Any] = {
    "verdict": "pass",
    "reading": None,
    "findings": [],
    "glyphs": [],
    "ring_cells": [],
    "priors": [],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> Path:
    """A signed folder, with pins of a few bytes."""

    def make(_workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        files = dict.fromkeys(("job.ngc", "layout.svg", "pin.svg"), b"x")
        return {**files, "mark.json": json_bytes(mark_to_json(mark)), "check.json": json_bytes(CHECK)}, None

    monkeypatch.setattr("engrave.batch.making.make_pin", make)
    monkeypatch.setattr("engrave.batch.run.write_index", lambda out, *_rest: out.write(b"page"))
    (tmp_path / "serials.csv").write_text(CSV)
    made = call("key", "new", str(tmp_path / "shop.pem"))
    assert made.code == Exit.DONE
    signed = call(*_batch(tmp_path), "--sign", str(tmp_path / "shop.pem"))
    assert signed.code == Exit.DONE, signed.err
    return tmp_path


def _batch(home: Path) -> tuple[str, ...]:
    return ("batch", str(home / "serials.csv"), "--out", str(home / "out"), "--formats", "ngc", "--workers", "1")


def test_a_folder_is_verified_with_the_public_key_alone(
    call: Call, home: Path, validators: dict[str, Draft202012Validator]
) -> None:
    (home / "shop.pem").unlink()
    arguments = ("verify", str(home / "out"), "--key", str(home / "shop.pub.pem"))
    found = call(*arguments, "--json")
    assert found.code == Exit.DONE
    document = json.loads(found.out)
    validators["pin-engrave/verify/1"].validate(document)
    assert (document["sound"], document["signature"]["checked"]) == (True, True)
    told = call(*arguments).err
    assert f"signed by key {document['signature']['key_id']}" in told
    assert "which was not checked: give --key" in call("verify", str(home / "out")).err


def test_every_fault_is_told_and_the_exit_code_is_3(call: Call, home: Path) -> None:
    out = home / "out"
    first, second = sorted((out / "pins").iterdir())
    (first / "job.ngc").write_bytes(b"y")
    (second / "pin.svg").unlink()
    (out / "notes.txt").write_text("seen")
    found = call("verify", str(out), "--key", str(home / "shop.pub.pem"))
    assert found.code == Exit.NO
    for part in (f"{first / 'job.ngc'} was changed", f"{second / 'pin.svg'} is missing", "2 faults", "notes.txt"):
        assert part in found.err
    assert call("verify", str(out), "--quiet").err == ""


def test_no_secret_is_printed_anywhere(call: Call, home: Path) -> None:
    secret = (home / "shop.pem").read_text().splitlines()[1]
    for arguments in (
        ("key", "show", str(home / "shop.pem"), "--json"),
        ("key", "new", str(home / "shop.pem")),
        ("key", "new", str(home / "other.pem"), "--json"),
        (*_batch(home), "--sign", str(home / "shop.pem"), "--json"),
        ("verify", str(home / "out"), "--key", str(home / "shop.pem"), "--json"),
    ):
        called = call(*arguments)
        assert secret not in called.out + called.err
        assert "PRIVATE" not in called.out + called.err
    whole = b"".join(path.read_bytes() for path in (home / "out").rglob("*") if path.is_file())
    assert secret.encode() not in whole
    assert "PRIVATE" in (home / "other.pem").read_text()


@pytest.mark.parametrize("place", ["", "/", "."])
def test_a_place_that_names_no_file_is_refused(call: Call, place: str) -> None:
    refused = call("key", "new", place)
    assert (refused.code, "names no file" in refused.err) == (Exit.WRONG_INPUT, True)


def test_another_key_is_refused_and_the_signature_stays(call: Call, home: Path) -> None:
    before = (home / "out" / "manifest.json.sig").read_bytes()
    api.make_key(str(home / "other.pem"), home / "other.pub.pem")
    refused = call(*_batch(home), "--sign", str(home / "other.pem"))
    assert refused.code == Exit.WRONG_INPUT
    assert "is signed by key" in refused.err
    assert call("verify", str(home / "out"), "--key", str(home / "other.pub.pem")).code == Exit.NO
    assert (home / "out" / "manifest.json.sig").read_bytes() == before
