"""A signed folder with a registry, altered everywhere: verification names what was altered."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.api import RegistryGiven
from engrave.api.signing import signoff
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, OccupiedError
from engrave.batch import Workshop
from engrave.code.mark import Mark, mark_to_json
from engrave.registry.chain import Stamp
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

PROJECT = Path(__file__).parent.parent.parent
STAMP = Stamp(actor="clerk", time="2026-01-31T12:00:00Z", tool="test")
POOL = Pool(maker="Acme", model="P9", first_id=900_000_000, last_id=900_000_099)
CSV = "serial,maker,model\nAAA0001,Acme,P9\nAAA0002,Acme,P9\nAAA0003,Acme,P9\n"
CHECK: dict[str, object] = {
    "verdict": "pass",
    "reading": None,
    "findings": [],
    "glyphs": [],
    "ring_cells": [],
    "priors": [{"of": "cup: thickness", "source": "guessed"}, {"of": "a: b", "source": "c"}],
}
FILES = ("job.ngc", "layout.svg", "pin.svg", "impression.png", "views.json")


class Shop:
    """A registry, a key, and a folder of three pins of a few bytes, one of which did not pass."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home / "out"
        self.registry, self.key, self.public = (
            str(home / name) for name in ("registry.db", "shop.pem", "shop.pub.pem")
        )
        create_registry(self.registry, identity="a test", stamp=STAMP)
        with opened(self.registry) as registry:
            add_issuer(registry, "All", [Block(first_id=0, last_id=2**30 - 1)], STAMP)
            add_ranges(registry, "All", api.load_job(None).ranges, [POOL], STAMP)
        (home / "serials.csv").write_text(CSV)
        api.make_key(self.key, Path(self.public))

    def make(self, _workshop: Workshop, mark: Mark) -> tuple[dict[str, bytes], None]:
        """Stand in for ``make_pin``."""
        files = {name: f"{name} of {mark.characters}\n".encode() for name in FILES}
        check = {**CHECK, "verdict": "fail" if mark.serial == "AAA0002" else "pass"}
        return {**files, "mark.json": json_bytes(mark_to_json(mark)), "check.json": json_bytes(check)}, None

    def batch(self, *, sign: str | None, recorded: bool = True) -> api.BatchOutcome:
        """Run it."""
        given = RegistryGiven(address=self.registry, actor="clerk") if recorded else None
        return api.batch(self.home / "serials.csv", self.folder, None, formats=("ngc",), registry=given, sign=sign)

    def verify(self) -> api.Verified:
        """With the public key, and the registry."""
        return api.verify(self.folder, key=self.public, registry=self.registry)

    def names(self) -> list[str]:
        """Every file of the folder."""
        return [str(path.relative_to(self.folder)) for path in sorted(self.folder.rglob("*")) if path.is_file()]

    def manifest(self) -> dict[str, Any]:
        """As it stands."""
        document: dict[str, Any] = json.loads((self.folder / "manifest.json").read_bytes())
        return document


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path)
    monkeypatch.setattr("engrave.batch.making.make_pin", made.make)
    monkeypatch.setattr("engrave.batch.run.write_index", lambda out, *_rest: out.write(b"page"))
    return made


@pytest.fixture
def signed(shop: Shop) -> Shop:
    shop.batch(sign=shop.key)
    return shop


def _validated(document: dict[str, Any]) -> dict[str, Any]:
    schema = json.loads((PROJECT / "docs" / "schemas" / "verify.schema.json").read_text())
    Draft202012Validator(schema).validate(document)
    return document


def test_a_folder_that_nobody_touched_is_sound(signed: Shop) -> None:
    found = signed.verify()
    assert (found.sound, found.faults, found.unnamed) == (True, (), ())
    document = _validated(found.document)
    assert (document["pins"], document["files"]) == (3, len(signed.names()) - 2)
    assert document["signature"]["checked"]
    schema = json.loads((PROJECT / "docs" / "schemas" / "signature.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads((signed.folder / "manifest.json.sig").read_bytes()))
    assert signed.manifest()["priors"] == [
        {"of": "a: b", "source": "c"},
        {"of": "cup: thickness", "source": "guessed"},
    ]


def test_one_byte_of_any_file_changed_is_named(signed: Shop) -> None:
    for name in signed.names():
        path = signed.folder / name
        whole = path.read_bytes()
        for place in sorted({0, len(whole) // 2, len(whole) - 1}):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            found = signed.verify()
            assert not found.sound
            assert any(str(path) in fault for fault in found.faults), (name, place, found.faults)
        path.write_bytes(whole)
    assert signed.verify().sound


def test_any_file_taken_away_is_named(signed: Shop) -> None:
    for name in signed.names():
        path = signed.folder / name
        whole = path.read_bytes()
        path.unlink()
        if name == "manifest.json":
            with pytest.raises(InputError, match=r"has no manifest\.json"):
                signed.verify()
        else:
            found = signed.verify()
            assert any(f"{path} is missing" in fault for fault in found.faults), (name, found.faults)
        path.write_bytes(whole)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["pins"].pop(1),
        lambda manifest: manifest["pins"].reverse(),
        lambda manifest: manifest["pins"].append(manifest["pins"][0]),
        lambda manifest: manifest["pins"][1].update(verdict="pass"),
        lambda manifest: manifest["pins"][1].update(serial="AAA0009"),
        lambda manifest: manifest["priors"].pop(),
        lambda manifest: manifest.update(job_sha256="0" * 64),
    ],
)
def test_a_manifest_that_was_rewritten_is_not_the_signed_one(signed: Shop, change: Change) -> None:
    document = signed.manifest()
    change(document)
    path = signed.folder / "manifest.json"
    path.write_bytes(json_bytes(document))
    for key, registry in ((signed.public, None), (None, signed.registry)):
        found = api.verify(signed.folder, key=key, registry=registry)
        # Without the key, too: the signature's own document names the hash.
        assert f"{path} is not the one that was signed; put it back as it was made" in found.faults
    assert any("by another manifest" in fault for fault in found.faults)


def test_a_row_removed_leaves_a_folder_that_no_row_names(signed: Shop) -> None:
    document = signed.manifest()
    row = document["pins"].pop(1)
    (signed.folder / "manifest.json").write_bytes(json_bytes(document))
    (signed.folder / "manifest.json.sig").unlink()
    found = api.verify(signed.folder)
    assert [fault for fault in found.faults if str(signed.folder / "pins" / row["characters"]) in fault] != []


def test_a_manifest_signed_anew_by_another_key_is_found(signed: Shop) -> None:
    """Whoever can write the folder can sign it, but not with the key that its reader knows."""
    document = signed.manifest()
    document["pins"][1]["verdict"] = "pass"
    (signed.folder / "manifest.json").write_bytes(json_bytes(document))
    other = api.make_key(str(signed.home / "forger.pem"), signed.home / "forger.pub.pem")
    from engrave.batch.folder import file_sha256  # noqa: PLC0415 - the forger's own
    from engrave.provenance import load_private_key, signature_of  # noqa: PLC0415 - the forger's own

    forged = signature_of(
        file_sha256(signed.folder / "manifest.json"), load_private_key(str(signed.home / "forger.pem"))
    )
    (signed.folder / "manifest.json.sig").write_bytes(forged)
    assert api.verify(signed.folder).sound
    assert any(other["key_id"] in fault for fault in api.verify(signed.folder, key=signed.public).faults)
    assert any("did not pass" in fault or "as verified" in fault for fault in signed.verify().faults)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'forger' WHERE seq = (SELECT max(seq) FROM events)",
        "reorder",
        "UPDATE events SET body = replace(body, 'manifest', 'manifesto')",
        "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
        "UPDATE marks SET serial = 'AAA0007' WHERE serial = 'AAA0001'",
    ],
)
def test_a_record_that_was_altered_is_named(signed: Shop, statement: str) -> None:
    with sqlite3.connect(signed.registry) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        if statement == "reorder":
            for one, other in ((4, 999), (5, 4), (999, 5)):
                connection.execute("UPDATE events SET seq = ? WHERE seq = ?", (other, one))
        else:
            connection.execute(statement)
    found = signed.verify()
    told = [fault for fault in found.faults if "event" in fault or "serial" in fault]
    assert told
    assert all(fault.startswith(f"registry {signed.registry}: ") for fault in found.faults)
    assert api.verify(signed.folder, key=signed.public).sound


def test_a_pin_that_was_replaced_since_is_on_record_all_the_same(signed: Shop) -> None:
    from engrave.api import record  # noqa: PLC0415 - loads a database's library

    record.reissue(signed.registry, "AAA0001", reason="broken", actor="anna", maker="Acme", model="P9")
    assert signed.verify().sound


def test_another_registry_knows_nothing_of_it(signed: Shop) -> None:
    (signed.home / "elsewhere").mkdir()
    other = Shop(signed.home / "elsewhere")
    found = api.verify(signed.folder, registry=other.registry)
    assert [fault for fault in found.faults if "has no mark" in fault] == list(found.faults)
    assert len(found.faults) == 3


def test_what_nobody_named_is_told_and_not_looked_at(signed: Shop) -> None:
    (signed.folder / "notes.txt").write_text("seen")
    first = signed.folder / "pins" / signed.manifest()["pins"][0]["characters"]
    (first / "scan.x3p").write_text("x")
    found = signed.verify()
    assert (found.sound, found.unnamed) == (True, (str(first / "scan.x3p"), str(signed.folder / "notes.txt")))
    (signed.folder / "pins" / "ZZZZZZZZ").mkdir()
    assert "ZZZZZZZZ" in "".join(signed.verify().faults)


@pytest.mark.parametrize(
    "row",
    [
        {"characters": "../../etc"},
        {"characters": ""},
        {"characters": 3},
        {"files": {"../../../etc/passwd": "0" * 64}},
        {"files": None},
        {"id": "x"},
        {"serial": "\0"},
    ],
)
def test_no_row_leads_out_of_the_folder(signed: Shop, row: Mapping[str, object]) -> None:
    document = signed.manifest()
    document["pins"][0].update(row)
    (signed.folder / "manifest.json").write_text(json.dumps(document))
    found = signed.verify()
    assert any("manifest.json" in fault for fault in found.faults)
    assert not any("passwd" in fault and "changed" in fault for fault in found.faults)


def test_a_folder_without_signature(shop: Shop) -> None:
    shop.batch(sign=None)
    assert not (shop.folder / "manifest.json.sig").exists()
    found = api.verify(shop.folder)
    assert found.sound
    assert _validated(found.document)["signature"] is None
    assert any("is not signed" in fault for fault in api.verify(shop.folder, key=shop.public).faults)
    with pytest.raises(InputError, match="no public key"):
        api.verify(shop.folder, key=str(shop.home / "serials.csv"))


def test_a_finished_folder_is_signed_by_the_same_command_and_by_one_key_alone(shop: Shop) -> None:
    shop.batch(sign=None)
    before = (shop.folder / "manifest.json").read_bytes()
    assert shop.batch(sign=shop.key).made == 0
    signature = (shop.folder / "manifest.json.sig").read_bytes()
    assert (shop.folder / "manifest.json").read_bytes() == before
    for sign in (shop.key, None):
        assert shop.batch(sign=sign).made == 0
        assert (shop.folder / "manifest.json.sig").read_bytes() == signature
    other = api.make_key(str(shop.home / "other.pem"), shop.home / "other.pub.pem")
    with pytest.raises(OccupiedError, match="is signed by key") as caught:
        shop.batch(sign=str(shop.home / "other.pem"))
    assert other["key_id"] not in str(caught.value)
    assert (shop.folder / "manifest.json.sig").read_bytes() == signature


def test_what_is_missing_from_a_signed_folder_is_made_with_its_key_alone(signed: Shop) -> None:
    before = {name: (signed.folder / name).read_bytes() for name in signed.names()}
    lost = next(name for name in before if name.endswith("job.ngc"))
    (signed.folder / lost).unlink()
    with pytest.raises(OccupiedError, match="repeat with key"):
        signed.batch(sign=None)
    assert not (signed.folder / lost).exists()
    assert signed.batch(sign=signed.key).made == 1
    assert {name: (signed.folder / name).read_bytes() for name in signed.names()} == before


def _alter_consistently(shop: Shop) -> None:
    """Change a file, and the manifest to agree with it."""
    document = shop.manifest()
    row = document["pins"][0]
    (shop.folder / "pins" / row["characters"] / "job.ngc").write_bytes(b"altered\n")
    row["files"]["job.ngc"] = sha256(b"altered\n").hexdigest()
    (shop.folder / "manifest.json").write_bytes(json_bytes(document))


@pytest.mark.parametrize("lost", ["", "pins/{}/layout.svg"])
def test_what_was_altered_since_is_not_signed_anew(signed: Shop, lost: str) -> None:
    _alter_consistently(signed)
    if lost:
        (signed.folder / lost.format(signed.manifest()["pins"][2]["characters"])).unlink()
    before = {name: (signed.folder / name).read_bytes() for name in signed.names()}
    with pytest.raises(OccupiedError, match="is not the one that was signed"):
        signed.batch(sign=signed.key)
    assert {name: (signed.folder / name).read_bytes() for name in signed.names()} == before
    assert not signed.verify().sound


def test_what_a_record_contradicts_is_not_signed(shop: Shop) -> None:
    shop.batch(sign=None)
    _alter_consistently(shop)
    with pytest.raises(InputError, match="is on record by another manifest") as caught:
        shop.batch(sign=shop.key)
    assert len(caught.value.faults) == len(shop.manifest()["pins"])
    assert not (shop.folder / "manifest.json.sig").exists()


def test_a_run_that_was_broken_off_after_signing_leaves_no_signature_of_what_was(
    signed: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: (signed.folder / name).read_bytes() for name in signed.names()}
    (signed.folder / next(name for name in before if name.endswith("job.ngc"))).unlink()

    def broken(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engrave.batch.making.make_pin", broken)
        with pytest.raises(KeyboardInterrupt):
            signed.batch(sign=signed.key)
    assert not (signed.folder / "manifest.json.sig").exists()
    assert signed.batch(sign=signed.key).made == 1
    assert {name: (signed.folder / name).read_bytes() for name in signed.names()} == before


def test_a_number_that_is_none_is_no_fault_of_ours(signed: Shop) -> None:
    path = signed.folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"id": ', b'"id": 1e999, "was": ', 1))
    assert any("pins are not as this version writes them" in fault for fault in signed.verify().faults)


def test_a_file_that_cannot_be_read_is_one_fault_among_others(signed: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (signed.folder / "pins" / row["characters"] for row in signed.manifest()["pins"][:2])
    (second / "job.ngc").write_bytes(b"altered\n")

    def hashed(path: Path) -> str:
        if path == first / "job.ngc":
            raise InputError(f"{path}: cannot read: permission denied")
        return sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr("engrave.batch.folder.file_sha256", hashed)
    assert [fault.removeprefix(str(signed.folder / "pins")) for fault in signed.verify().faults] == [
        f"/{first.name}/job.ngc: cannot read: permission denied",
        f"/{second.name}/job.ngc was changed since; put it back as it was made",
    ]


def test_a_folder_whose_signature_is_broken_is_not_signed_off(signed: Shop) -> None:
    # The one that did not pass is no reason here.
    faults = r"is not the one that was signed"
    document = signed.manifest()
    (signed.folder / "manifest.json").write_bytes(json_bytes({**document, "job": "another"}))
    with pytest.raises(InputError, match=faults):
        signoff(signed.registry, signed.folder, meaning="released", actor="Dora Q")


def test_a_folder_of_version_1_is_read_by_all_and_left_alone(shop: Shop) -> None:
    shop.batch(sign=None, recorded=False)
    path = shop.folder / "manifest.json"
    older = shop.manifest()
    del older["priors"]
    older["schema"] = "pin-engrave/manifest/1"
    schema = json.loads((PROJECT / "docs" / "schemas" / "manifest-1.schema.json").read_text())
    Draft202012Validator(schema).validate(older)
    path.write_bytes(json_bytes(older))
    assert shop.batch(sign=None, recorded=False).made == 0
    assert path.read_bytes() == json_bytes(older)
    assert shop.batch(sign=shop.key, recorded=False).made == 0
    assert api.verify(shop.folder, key=shop.public).sound
    # It stays of its version when a pin is made anew: a record may cite its hash.
    lost = shop.folder / "pins" / older["pins"][0]["characters"] / "job.ngc"
    lost.unlink()
    assert shop.batch(sign=shop.key, recorded=False).made == 1
    assert path.read_bytes() == json_bytes(older)
    assert api.verify(shop.folder, key=shop.public).sound
    path.write_bytes(json_bytes({**older, "schema": "pin-engrave/manifest/3"}))
    assert any("newer" in fault for fault in api.verify(shop.folder).faults)
