"""The registry as a production system calls it: made, filled, signed off, and every fault told at once."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from engrave.api import record, signing
from engrave.base.errors import EngraveError, InputError, OccupiedError
from engrave.registry.becoming import advance
from engrave.registry.issuing import Claim, issue
from engrave.registry.store import opened

PROJECT = Path(__file__).parent.parent.parent
WHOSE = {"maker": "Borealis", "model": "Compact"}
PIN = ("Borealis", "Compact", "375-76834")


@pytest.fixture
def given(tmp_path: Path) -> str:
    """A registry with the example's terms."""
    address = str(tmp_path / "registry.db")
    record.init(address, actor="anna")
    record.import_file(PROJECT / "examples" / "registry.toml", address, actor="anna")
    return address


def test_a_registry_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    for wrong in ([(5, 4)], [(0, 9), (9, 12)], [(0, 2**30)]):
        with pytest.raises(InputError):
            record.init(address, issuer="Acme", ids=wrong, actor="anna")
        assert list(tmp_path.iterdir()) == []
    for half in ({"issuer": "Acme"}, {"ids": [(0, 1)]}):
        with pytest.raises(InputError, match="go together"):
            record.init(address, actor="anna", **half)
    status = record.init(address, issuer="Acme", ids=[(0, 9), (20, 29)], actor="anna", identity="ab")
    assert status["issuers"] == [
        {"name": "Acme", "blocks": [{"first_id": 0, "last_id": 9}, {"first_id": 20, "last_id": 29}], "keys": []}
    ]
    assert status["head"]["seq"] == 2
    data = Path(address).read_bytes()
    with pytest.raises(OccupiedError):
        record.init(address, actor="anna")
    assert Path(address).read_bytes() == data
    with pytest.raises(EngraveError, match="no folder"):
        record.init(str(tmp_path / "absent" / "registry.db"), actor="anna")


def test_two_registries_have_names_of_their_own(tmp_path: Path) -> None:
    names = {record.init(str(tmp_path / f"{number}.db"), actor="anna")["registry"] for number in range(3)}
    assert len(names) == 3


def test_the_ranges_of_a_job_are_taken_for_an_issuer(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    record.init(address, issuer="All", ids=[(0, 99_999_999)], actor="anna")
    job = PROJECT / "examples" / "job.toml"
    with pytest.raises(InputError, match="give --issuer NAME"):
        record.import_file(job, address, actor="anna")
    with pytest.raises(InputError, match="issuer 'Nobody': is not on record"):
        record.import_file(job, address, issuer="Nobody", actor="anna")
    assert record.import_file(job, address, issuer="All", actor="anna")["ranges"] == 5
    assert record.import_file(job, address, issuer="All", actor="anna")["ranges"] == 0
    spent = {(entry["maker"], entry["model"]): entry["left"] for entry in record.status(address)["ranges"]}
    # P00001 to P99999.
    assert spent["Acme", "P45"] == 99_999


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("issuer = ", "not TOML"),
        ('issuer = "A"\ncolour = 1', "colour: unknown key"),
        ('issuer = "A"', "has no keys, blocks, ranges or pools"),
        ('issuer = 3\n[[blocks]]\nfirst_id = 1\nlast_id = "2"', "issuer: must be text"),
        ('issuer = 3\n[[blocks]]\nfirst_id = 1\nlast_id = "2"', "blocks[0].last_id: must be a whole number"),
        ("[[blocks]]\nfirst_id = 1\nlast_id = 2", "does not say whose these are"),
        (
            'issuer = "A"\n[[pools]]\nmaker = "x"\nmodel = "y"\nfirst_id = 1\nlast_id = 2',
            "is given no block of ids here",
        ),
    ],
)
def test_a_broken_file_of_terms(given: str, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "terms.toml").write_text(text)
    head = record.status(given)["head"]
    with pytest.raises(InputError) as caught:
        record.import_file(tmp_path / "terms.toml", given, actor="anna")
    assert told in "\n".join(caught.value.faults)
    assert record.status(given)["head"] == head


def test_kinds_of_files_and_registries_that_are_none(given: str, tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("serial,maker,model\n375-76834,Borealis,Compact\n")
    for call, told in (
        (lambda: record.import_file(tmp_path / "marks.xlsx", given, actor="a"), "is no .toml, .csv or .json"),
        (lambda: record.import_file(tmp_path / "absent.csv", given, actor="a"), "cannot read"),
        (lambda: record.import_file(tmp_path / "absent.json", given, actor="a"), "cannot read"),
        (lambda: record.import_file(tmp_path / "absent.toml", given, actor="a"), "cannot read"),
        (lambda: record.import_file(tmp_path / "marks.csv", given, issuer="A", actor="a"), "with a .toml file alone"),
        (lambda: record.import_file(tmp_path / "marks.csv", given, actor=" "), "actor ''"),
        (lambda: record.import_file(tmp_path / "marks.csv", str(tmp_path / "absent.db"), actor="a"), "no such file"),
        (lambda: record.import_file(tmp_path / "marks.csv", str(tmp_path / "marks.csv"), actor="a"), "not a database"),
        (lambda: record.export(given, tmp_path / "out.pdf"), "is no .csv or .json"),
        (lambda: record.verify(given, expect="12"), "give SEQ:HASH"),
        (lambda: record.status("mysql://a/b"), "'mysql' is not served"),
    ):
        with pytest.raises(InputError, match=told):
            call()


def test_an_export_replaces_nothing_unasked(given: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(OccupiedError):
        record.export(given, out)
    assert out.read_text() == "mine"
    assert record.export(given, out, replace=True) == 0
    assert out.read_text().startswith("serial,")
    with pytest.raises(InputError):
        record.export(given, tmp_path / "absent" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OccupiedError):
        record.export(given, tmp_path / "folder.csv", replace=True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM steps",
        "UPDATE engravings SET lot = CAST(x'ff41' AS TEXT)",
        "UPDATE models SET maker = CAST(x'ff41' AS TEXT)",
    ],
)
@pytest.mark.parametrize("name", ["out.csv", "out.json"])
def test_an_altered_record_is_not_exported(given: str, tmp_path: Path, damage: str, name: str) -> None:
    claim = Claim(binding="ab" * 32, profile="A", fresh=True)
    with opened(given) as registry:
        issue(registry, [PIN], record.stamp_of("anna"), claim=claim)
    with closing(sqlite3.connect(given, isolation_level=None)) as plain:
        for (trigger,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            plain.execute(f"DROP TRIGGER {trigger}")
        plain.execute(damage)
    with pytest.raises(InputError, match="registry verify"):
        record.export(given, tmp_path / name)
    assert not (tmp_path / name).exists()
    assert not record.verify(given)["sound"]
    if damage.startswith("DELETE"):
        with pytest.raises(InputError, match="has no state"):
            record.history(given, "375-76834", **WHOSE)


def test_a_life_in_full(given: str) -> None:
    with opened(given) as registry:
        issue(registry, [PIN], record.stamp_of("anna"), claim=Claim(binding="ab" * 32, profile="A", fresh=True))
    assert record.marked(given, ["375-76834", " 375-76834 "], actor="bert", **WHOSE)["changed"] == 1
    assert record.marked(given, ["375-76834"], actor="bert", **WHOSE)["changed"] == 0
    again = record.reissue(given, "375-76834", reason="tip broken", actor="carl", **WHOSE)
    assert [(pin["id"], pin["replaces"], pin["state"]) for pin in again["pins"]] == [
        (2_900_000, 2_076_834, "allocated")
    ]
    told = record.history(given, "375-76834", **WHOSE)
    assert [(mark["id"], mark["state"]) for mark in told["marks"]] == [(2_076_834, "void"), (2_900_000, "allocated")]
    assert [(event["kind"], event["state"], event["actor"]) for event in told["marks"][0]["events"]] == [
        ("allocated", "allocated", "anna"), ("marked", "marked", "bert"), ("reissued", "void", "carl"),
    ]  # fmt: skip
    assert told["marks"][0]["events"][2]["told"] == [{"name": "reason", "value": "tip broken"}]
    ended = record.void(given, ["375-76834"], reason="lost", actor="dora", **WHOSE)
    assert (ended["changed"], ended["pins"][0]["state"]) == (1, "void")
    assert record.void(given, ["375-76834"], reason="lost", actor="dora", **WHOSE)["changed"] == 0
    with pytest.raises(InputError, match="is void"):
        record.marked(given, ["375-76834"], actor="bert", **WHOSE)
    status = record.status(given)
    assert status["marks"] == 2
    assert [(entry["spent"], entry["left"]) for entry in status["ranges"]] == [(1, 499_999), (1, 99_999)]
    kept = record.verify(given)["head"]
    expected = f"{kept['seq']}:{kept['hash']}"
    assert record.verify(given, expect=expected)["sound"]
    assert not record.verify(given, expect=f"{kept['seq'] + 1}:{kept['hash']}")["sound"]
    assert not record.verify(given, expect=f"{kept['seq']}:{'0' * 64}")["sound"]


def test_faults_of_several_pins_are_told_together(given: str) -> None:
    with pytest.raises(InputError) as caught:
        record.void(given, ["../x", "", "375-00001"], reason="lost", actor="anna", **WHOSE)
    assert len(caught.value.faults) >= 2
    for reason in ("", " ", "a\nb"):
        with pytest.raises(InputError):
            record.void(given, ["375-00001"], reason=reason, actor="anna", **WHOSE)
    with pytest.raises(InputError) as caught:
        record.void(given, ["375-00001", "375-00002"], reason="lost", actor="anna", **WHOSE)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="is not on record"):
        record.history(given, "375-00001", **WHOSE)
    with pytest.raises(InputError, match="none is given"):
        record.marked(given, [], actor="anna", **WHOSE)


Folder = tuple[str, Path, dict[str, Any]]


@pytest.fixture
def folder(given: str, tmp_path: Path) -> Folder:
    """A finished folder as a batch leaves it, its pin on record as engraved and verified with its manifest."""
    path = tmp_path / "out"
    (path / "pins" / "499BNM4L").mkdir(parents=True)
    (path / "pins" / "499BNM4L" / "job.ngc").write_bytes(b"M2\n")
    (path / "job.json").write_bytes(b"{}\n")
    manifest = {
        "schema": "pin-engrave/manifest/1",
        "files": {"job.json": sha256(b"{}\n").hexdigest()},
        "pins": [
            {
                "serial": "375-76834",
                "maker": "Borealis",
                "model": "Compact",
                "characters": "499BNM4L",
                "id": 2_076_834,
                "verdict": "pass",
                "files": {"job.ngc": sha256(b"M2\n").hexdigest()},
            }
        ],
        "skipped": [],
    }
    _put(given, path, manifest)
    return given, path, manifest


def _put(given: str, path: Path, manifest: dict[str, Any]) -> None:
    data = json.dumps(manifest).encode()
    (path / "manifest.json").write_bytes(data)
    with opened(given) as registry:
        claim = Claim(binding="ab" * 32, profile="A", fresh=False)
        (mark,) = issue(registry, [PIN], record.stamp_of("anna"), claim=claim)
        advance(registry, [mark.id], "verified", {"manifest": sha256(data).hexdigest()}, record.stamp_of("anna"))


def test_a_folder_is_signed_off_by_name_time_and_meaning(folder: Folder) -> None:
    given, path, _ = folder
    signed = signing.signoff(given, path, meaning="reviewed and released", actor="Dora Q")
    assert (signed["changed"], signed["pins"][0]["state"]) == (1, "signed off")
    event = record.history(given, "375-76834", **WHOSE)["marks"][0]["events"][-1]
    assert (event["kind"], event["actor"]) == ("signed off", "Dora Q")
    assert event["time"].endswith("Z")
    assert {entry["name"]: entry["value"] for entry in event["told"]} == {
        "meaning": "reviewed and released",
        "manifest": sha256((path / "manifest.json").read_bytes()).hexdigest(),
    }
    assert signing.signoff(given, path, meaning="again", actor="Dora Q")["changed"] == 0


def test_a_folder_that_is_not_as_recorded_is_not_signed_off(folder: Folder) -> None:
    given, path, manifest = folder
    (path / "pins" / "499BNM4L" / "job.ngc").write_bytes(b"M3\n")
    (path / "job.json").unlink()
    manifest["pins"][0]["verdict"] = "fail"
    manifest["skipped"] = [{"line": 7, "reason": "no serial"}]
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError) as caught:
        signing.signoff(given, path, meaning="", actor="Dora Q")
    text = "\n".join(caught.value.faults)
    for part in (
        "meaning: is empty",
        "job.ngc was changed since",
        "job.json is missing",
        "did not pass its check",
        "line 7 was skipped: no serial",
        "was verified with another manifest",
    ):
        assert part in text
    assert record.history(given, "375-76834", **WHOSE)["marks"][0]["state"] == "verified"


def test_a_pin_that_is_replaced_void_or_unknown_is_not_signed_off(folder: Folder) -> None:
    given, path, manifest = folder
    record.reissue(given, "375-76834", reason="broken", actor="anna", **WHOSE)
    with pytest.raises(InputError, match="it was reissued since"):
        signing.signoff(given, path, meaning="released", actor="Dora Q")
    record.void(given, ["375-76834"], reason="lost", actor="anna", **WHOSE)
    manifest["pins"][0]["id"] = 2_900_000
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="its mark is void"):
        signing.signoff(given, path, meaning="released", actor="Dora Q")
    manifest["pins"][0]["serial"] = "375-00001"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="is not on record"):
        signing.signoff(given, path, meaning="released", actor="Dora Q")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "pin-engrave/manifest/1"}', '{"schema": "pin-engrave/manifest/9"}', "\udcff"]
)
def test_a_manifest_that_is_none(folder: Folder, text: str) -> None:
    given, path, _ = folder
    (path / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"manifest\.json"):
        signing.signoff(given, path, meaning="released", actor="Dora Q")
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        signing.signoff(given, path / "absent", meaning="released", actor="Dora Q")


def test_an_older_registry_asks_to_be_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript((PROJECT / "tests" / "data" / "registry_v1_sqlite.sql").read_text())
    with pytest.raises(InputError, match="of version 1; back it up"):
        record.status(str(path))
    record.backup(str(path), tmp_path / "kept.db")
    assert record.upgrade(str(path), actor="anna")["version"] == 2
    assert record.verify(str(path))["sound"]
    with pytest.raises(InputError, match="of version 1"):
        record.status(str(tmp_path / "kept.db"))
    with pytest.raises(InputError, match="no such file"):
        record.upgrade(str(tmp_path / "absent.db"), actor="anna")


def test_encoding_needs_no_database() -> None:
    code = """
import sys
from engrave.cli.main import run
assert run(["encode", "375-76834", "--maker", "Borealis", "--model", "Compact"]) == 0
assert run(["registry", "--help"]) == 0
assert "sqlalchemy" not in sys.modules
assert "engrave.registry" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert (done.returncode, done.stderr) == (0, "")


def test_nobody_who_can_be_named(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    with pytest.raises(InputError, match="--actor NAME"):
        record.void(given, ["375-76834"], reason="lost", **WHOSE)


def test_keys_of_an_issuer_are_imported_shown_and_carried_on(given: str, tmp_path: Path) -> None:
    # RFC 8032, 7.1, test 1; its hash by coreutils' sha256sum.
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    key = {"id": "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9", "public": public}
    name = record.status(given)["issuers"][0]["name"]
    (tmp_path / "keys.toml").write_text(f'issuer = "{name}"\n[[keys]]\npublic = "{public}"\n')
    added = record.import_file(tmp_path / "keys.toml", given, actor="anna")
    assert (added["keys"], added["issuers"], added["head"]["seq"]) == (1, 0, 3)
    assert record.import_file(tmp_path / "keys.toml", given, actor="anna")["keys"] == 0
    record.export(given, tmp_path / "one.json")
    record.backup(given, tmp_path / "copy.db")
    other = str(tmp_path / "other.db")
    record.init(other, actor="anna")
    assert record.import_file(tmp_path / "one.json", other, actor="anna")["keys"] == 1
    for address in (given, other, str(tmp_path / "copy.db")):
        assert record.status(address)["issuers"][0]["keys"] == [key]
        assert record.verify(address)["sound"]
    (tmp_path / "keys.toml").write_text(f'issuer = "{name}"\n[[keys]]\npublic = "{public[1:]}"\n')
    with pytest.raises(InputError, match="is no Ed25519 public key; give its 64 hexadecimal digits"):
        record.import_file(tmp_path / "keys.toml", given, actor="anna")


@pytest.mark.parametrize("text", ["first_id = " + "1" * 5000, "a = " + "[" * 5000])
def test_terms_that_no_reader_of_toml_takes_are_told(given: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "terms.toml").write_text(text)
    with pytest.raises(InputError, match=r"terms\.toml: not TOML: "):
        record.import_file(tmp_path / "terms.toml", given, actor="anna")


def test_a_head_of_thousands_of_digits_is_none(given: str) -> None:
    for number, told in (("9" * 19, "before event 9999999999999999999"), ("9" * 20, ""), ("9" * 5000, "")):
        if told:
            assert told in record.verify(given, expect=f"{number}:{'a' * 64}")["faults"][0]
        else:
            with pytest.raises(InputError, match="is no head"):
                record.verify(given, expect=f"{number}:{'a' * 64}")
