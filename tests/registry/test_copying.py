"""Backup and restore: the copy is the same record, whoever is adding to it, and a file is whole or not there."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

import engrave
from benchmarks.raw_registry import Raw, raw_registry
from engrave.base.errors import EngraveError, InputError, OccupiedError
from engrave.registry.audit import Audit, audit
from engrave.registry.chain import Stamp
from engrave.registry.copying import backup, restore
from engrave.registry.issuing import issue
from engrave.registry.migrations import upgrade
from engrave.registry.store import opened

Databases = Callable[[], AbstractContextManager[str]]
HOME = str(Path(str(engrave.__file__)).parent.parent)
OLDER = Path(__file__).parent.parent / "data" / "registry_v1_sqlite.sql"

_ISSUING = """
import sys
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import opened
stamp = Stamp(actor="other", time="2026-11-22T09:00:00Z", tool="test")
with opened(sys.argv[1]) as registry:
    for number in range(100, 220):
        issue(registry, [("Acme", "P-1", f"AB{number:04}")], stamp)
        print(f"AB{number:04}", flush=True)
"""
_BACKING_UP = """
import sys
from pathlib import Path
from engrave.registry.copying import backup
print("started", flush=True)
backup(sys.argv[1], Path(sys.argv[2]))
"""


def started(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": HOME},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty place to restore to."""
    if request.param == "sqlite":
        yield str(tmp_path / "restored.db")
        return
    databases: Databases = request.getfixturevalue("postgresql")
    with databases() as url:
        yield url


def audited(given: str) -> Audit:
    with opened(given) as registry:
        return audit(registry)


def dumped(given: str) -> object:
    with raw_registry(given) as raw:
        return raw.dump()


def test_a_backup_and_what_is_restored_of_it_are_the_same_record(filled: str, target: str, tmp_path: Path) -> None:
    original = audited(filled)
    kept = tmp_path / "kept.db"
    assert backup(filled, kept) == original
    assert dumped(str(kept)) == dumped(filled)
    # SQLite's own judgement, by the module alone.
    with closing(sqlite3.connect(f"file:{kept}?mode=ro", uri=True)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        assert plain.execute("SELECT count(*), max(seq) FROM marks, events").fetchone()[1] == original.head.seq
    assert restore(kept, target) == original
    assert dumped(target) == dumped(filled)
    # What was restored goes on where the original was.
    with opened(target) as registry:
        issue(registry, [("Acme", "P-1", "AB0777")], Stamp(actor="a", time="t", tool="t"))
    assert audited(target).sound
    assert audited(target).marks == original.marks + 1


def test_the_sqlite_program_reads_a_backup(filled: str, tmp_path: Path, require_program: Callable[[str], str]) -> None:
    program = require_program("sqlite3")
    kept = tmp_path / "kept.db"
    backup(filled, kept)
    query = "PRAGMA integrity_check; SELECT serial, issue FROM marks ORDER BY id;"
    done = subprocess.run([program, str(kept), query], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ok", "AB0001|0", "AB0002|0", "AB0003|0", "AB0500|0", "X-1|0", "AB0003|1"]


def test_a_backup_while_another_process_issues(filled: str, tmp_path: Path) -> None:
    process = started(_ISSUING, filled)
    assert process.stdout is not None
    before = [process.stdout.readline().strip() for _ in range(10)]
    try:
        found = backup(filled, tmp_path / "kept.db")
    finally:
        rest = process.communicate()[0].split()
    assert process.returncode == 0
    assert len(before) + len(rest) == 120
    assert found.sound
    assert audited(filled).sound
    with closing(sqlite3.connect(tmp_path / "kept.db")) as plain:
        kept = {serial for (serial,) in plain.execute("SELECT serial FROM marks")}
    assert set(before) <= kept
    # One moment: those in the copy are the first that were issued, without a gap.
    everything = [*before, *rest]
    inside = [serial in kept for serial in everything]
    assert inside == sorted(inside, reverse=True)


def test_a_backup_that_is_killed_leaves_no_file_of_that_name(filled: str, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    place.mkdir()
    whole = 0
    for delay_s in (0.0, 0.02, 0.1, 60.0):
        process = started(_BACKING_UP, filled, str(place / "kept.db"))
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(timeout=delay_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if (place / "kept.db").exists():
            assert audited(str(place / "kept.db")).sound
            (place / "kept.db").unlink()
            whole += 1
    assert whole >= 1


def test_nothing_is_overwritten(filled: str, target: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"
    kept.write_bytes(b"mine")
    with pytest.raises(OccupiedError, match="is there already"):
        backup(filled, kept)
    assert kept.read_bytes() == b"mine"
    backup(filled, tmp_path / "other.db")
    restore(tmp_path / "other.db", target)
    before = dumped(target)
    with pytest.raises(EngraveError, match="already"):
        restore(tmp_path / "other.db", target)
    assert dumped(target) == before
    with pytest.raises(InputError, match="no folder"):
        backup(filled, tmp_path / "absent" / "kept.db")


def test_a_record_that_is_not_sound_is_not_copied(filled: str, target: str, raw: Raw, tmp_path: Path) -> None:
    backup(filled, tmp_path / "good.db")
    with raw.unguarded():
        raw.run("UPDATE events SET actor = 'nobody' WHERE seq = 3")
    with pytest.raises(InputError, match="event 3: was altered"):
        backup(filled, tmp_path / "kept.db")
    with raw_registry(str(tmp_path / "good.db")) as copy, copy.unguarded():
        copy.run("UPDATE marks SET serial = 'AB0009' WHERE serial = 'AB0500'")
    with pytest.raises(InputError, match="rows of marks that it added were altered"):
        restore(tmp_path / "good.db", target)
    assert sorted(path.name for path in tmp_path.iterdir() if "-" not in path.name and path.name != "registry.db") == [
        "good.db"
    ]
    if target.startswith("postgresql"):
        with raw_registry(target) as empty:
            assert empty.tables() == []


@pytest.mark.parametrize("damage", ["empty", "text", "head", "middle", "cut", "foreign"])
def test_a_damaged_file_is_refused(damage: str, target: str, tmp_path: Path, stamp: Stamp) -> None:
    path = tmp_path / "kept.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(OLDER.read_text())
    upgrade(str(path), stamp)
    data = path.read_bytes()
    middle = len(data) // 2
    made = {
        "empty": b"",
        "text": b"serial,maker,model\n" * 500,
        "head": b"\xff" * 200 + data[200:],
        "middle": data[:middle] + bytes(4096) + data[middle + 4096 :],
        "cut": data[:middle],
        "foreign": b"",
    }
    path.write_bytes(made[damage])
    if damage == "foreign":
        with closing(sqlite3.connect(path)) as plain:
            plain.execute("CREATE TABLE events (a)")
    with pytest.raises(EngraveError):
        restore(path, target)
    assert not (tmp_path / "restored.db").exists()


def test_an_older_version_is_copied_as_it_is(tmp_path: Path, stamp: Stamp) -> None:
    older, kept = tmp_path / "older.db", tmp_path / "kept.db"
    with closing(sqlite3.connect(older)) as plain:
        plain.executescript(OLDER.read_text())
    found = backup(str(older), kept)
    assert found.sound
    assert dumped(str(kept)) == dumped(str(older))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert restore(kept, str(tmp_path / "again.db")) == found
    assert dumped(str(tmp_path / "again.db")) == dumped(str(older))
    upgrade(str(tmp_path / "again.db"), stamp)
    assert audited(str(tmp_path / "again.db")).events == found.events + 1


def test_an_older_version_that_is_not_sound_is_not_copied(tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    with closing(sqlite3.connect(older)) as plain:
        plain.executescript(OLDER.read_text())
    with raw_registry(str(older)) as raw, raw.unguarded():
        raw.run("UPDATE events SET actor = 'nobody' WHERE seq = 2")
    with pytest.raises(InputError, match="event 2: was altered"):
        backup(str(older), tmp_path / "kept.db")
    assert not (tmp_path / "kept.db").exists()


def test_a_copy_needs_no_write_ahead_log(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    with opened(filled) as registry:
        issue(registry, [("Acme", "P-1", "AB0900")], Stamp(actor="a", time="t", tool="x"))
    backup(filled, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", str(tmp_path / "again.db"))
    # Bytes 18 and 19 are 1 with a rollback journal, and 2 with a write-ahead log (sqlite.org/fileformat.html, 1.3.3).
    assert [(tmp_path / name).read_bytes()[18:20] for name in ("copy.db", "again.db")] == [b"\1\1"] * 2
