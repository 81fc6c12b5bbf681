"""``registry`` on the command line: what is printed, to whom, and what a caller may rely on."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
PROJECT = Path(__file__).parent.parent.parent
WHOSE = ("--maker", "Borealis", "--model", "Compact")
HEAD = r"\d+:[0-9a-f]{64}"


@pytest.fixture
def registry(call: Call, tmp_path: Path) -> Path:
    """A registry with the example's terms and two marks."""
    path = tmp_path / "registry.db"
    assert call("registry", "init", path, "--actor", "anna").code == 0
    terms = PROJECT / "examples" / "registry.toml"
    assert call("registry", "import", terms, "--registry", path, "--actor", "anna").code == 0
    (tmp_path / "marks.csv").write_text(
        "serial,maker,model,lot\n375-76834,Borealis,Compact,=1+1\n-1,Borealis,Compact,\n"
    )
    assert call("registry", "import", tmp_path / "marks.csv", "--registry", path, "--actor", "anna").code == 0
    return path


def test_making_and_filling_says_what_was_done(call: Call, tmp_path: Path) -> None:
    made = call("registry", "init", tmp_path / "registry.db", "--issuer", "Acme", "--ids", "0-9")
    assert (made.code, made.out) == (0, "")
    assert re.fullmatch(rf"{tmp_path}/registry\.db: a new registry, head 2:[0-9a-f]{{64}}\n", made.err)
    terms = PROJECT / "examples" / "registry.toml"
    at = ("--registry", tmp_path / "registry.db")
    added = call("registry", "import", terms, *at)
    assert added.err == "registry.toml: added 1 issuers, 1 blocks, 2 ranges\n"
    assert call("registry", "import", terms, *at).err == "registry.toml: added nothing\n"
    (tmp_path / "marks.csv").write_text("serial,maker,model\n375-76834,Borealis,Compact\n")
    assert call("registry", "import", tmp_path / "marks.csv", *at).err == "marks.csv: added 1 marks\n"
    again = call("registry", "import", tmp_path / "marks.csv", *at)
    assert again.err == "marks.csv: added nothing; 1 marks were on record already\n"


def test_the_registry_may_stand_in_the_environment(call: Call, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("registry", "status").code == 2
    monkeypatch.setenv("PIN_ENGRAVE_REGISTRY", str(registry))
    told = call("registry", "status")
    assert told.code == 0
    assert told.out.splitlines()[:5] == [
        "registry of version 2, 2 marks",
        "issuer Borealis: ids 2000000-2999999",
        "Borealis, Compact: 999-99999 375-00000 to 379-99999, ids 2000000-2499999: 1 spent, 499999 left",
        "Borealis, Compact: pool, ids 2900000-2999999: 1 spent, 99999 left",
        "allocated: 2",
    ]
    assert re.fullmatch(f"head {HEAD}", told.out.splitlines()[5])


def test_a_life_is_told_by_who_did_what_when(call: Call, registry: Path) -> None:
    at = ("--registry", registry)
    assert call("registry", "marked", "375-76834", *WHOSE, *at, "--actor", "bert").code == 0
    again = call("registry", "reissue", "375-76834", *WHOSE, "--reason", "tip broken", *at, "--actor", "carl")
    assert again.out == "SDZX P0A7  id 2900001  375-76834 (Borealis, Compact)  allocated  replaces id 2076834\n"
    assert re.fullmatch(f"1 reissued now, head {HEAD}\n", again.err)
    lines = call("registry", "show", "375-76834", *WHOSE, *at).out.splitlines()
    assert lines[:2] == [
        "375-76834 (Borealis, Compact)",
        "499B NM4L  id 2076834  void, profile A, lot =1+1",
    ]
    assert re.fullmatch(r"  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  event 4: marked by bert", lines[3])
    assert re.fullmatch(r"  \S+Z  event 5: reissued \(void\) by carl, reason 'tip broken'", lines[4])
    assert lines[5] == "SDZX P0A7  id 2900001  allocated, replaces id 2076834"
    ended = call("registry", "void", "375-76834", "-1", *WHOSE, "--reason", "lost", *at)
    assert ended.code == 2
    ended = call("registry", "void", *WHOSE, "--reason", "lost", *at, "--", "375-76834", "-1")
    assert ended.out.splitlines() == [
        "SDZX P0A7  id 2900001  375-76834 (Borealis, Compact)  void  replaces id 2076834",
        "XM51 C794  id 2900000  -1 (Borealis, Compact)  void",
    ]


def test_a_spreadsheet_finds_no_formula_in_an_export(call: Call, registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "marks-out.csv"
    assert call("registry", "export", "--registry", registry, "-o", out).err == f"{out}: 2 marks\n"
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["serial"], row["lot"], row["characters"]) for row in rows] == [
        ("375-76834", "'=1+1", "499BNM4L"),
        ("'-1", "", "XM51C794"),
    ]
    assert call("registry", "export", "--registry", registry, "-o", out).code == 2
    assert call("registry", "export", "--registry", registry, "-o", out, "--force").code == 0


def test_a_backup_is_kept_restored_and_held_against_the_head(call: Call, registry: Path, tmp_path: Path) -> None:
    verified = call("registry", "verify", "--registry", registry)
    assert verified.out.splitlines()[0] == "sound: 3 events, 2 marks"
    head = verified.out.splitlines()[1].removeprefix("head ")
    kept, again = tmp_path / "kept.db", tmp_path / "again.db"
    assert call("registry", "backup", "--registry", registry, "-o", kept).err == (
        f"{kept}: 2 marks, 3 events, head {head}\n"
    )
    assert call("registry", "restore", kept, "--registry", again).err == f"{again}: 2 marks, 3 events, head {head}\n"
    assert call("registry", "verify", "--registry", again, "--expect", head).code == 0
    short = call("registry", "verify", "--registry", again, "--expect", f"4:{'0' * 64}")
    assert (short.code, short.out.splitlines()[0]) == (3, "NOT SOUND: 3 events, 2 marks")
    assert "it was cut off" in short.out


def test_no_password_is_shown(call: Call) -> None:
    told = call("registry", "status", "--registry", "postgresql://anna:hunter2@/nowhere?host=/nonexistent")
    assert told.code in {1, 2}
    assert "hunter2" not in told.out + told.err


def test_a_key_is_shown(call: Call, registry: Path, tmp_path: Path) -> None:
    terms = tmp_path / "keys.toml"
    issuer = re.search("^issuer (.*): ids", call("registry", "status", "--registry", registry).out, re.MULTILINE)
    assert issuer is not None
    terms.write_text(f'issuer = "{issuer[1]}"\n[[keys]]\npublic = "{"AB" * 32}"\n')
    assert call("registry", "import", terms, "--registry", registry).err == "keys.toml: added 1 keys\n"
    assert f"  key {'ab' * 32}, id " in call("registry", "status", "--registry", registry).out


def test_what_was_made_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    made = {"head": {"seq": 1, "hash": "ab" * 32}}
    monkeypatch.setattr("engrave.api.record.init", lambda *_given, **_named: made)
    for address in ("postgresql://u:s3cret@host/r", "postgresql://u@host/r?password=s3cret"):
        told = call("registry", "init", address)
        assert (told.code, told.out) == (0, "")
        assert told.err.startswith("postgresql://u")
        assert "s3cret" not in told.err


def test_a_block_of_thousands_of_digits_is_told(call: Call, tmp_path: Path) -> None:
    told = call("registry", "init", tmp_path / "new.db", "--issuer", "Acme", "--ids", f"0-{'9' * 5000}")
    assert told.code == 2
    assert "is no block of ids" in told.err
