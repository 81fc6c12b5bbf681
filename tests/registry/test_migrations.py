"""A registry of version 1, as its own database dumped it, becomes one of this version: whole and guarded, or not."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from benchmarks.raw_registry import Raw, restore
from engrave.base.errors import InputError
from engrave.registry import migrations
from engrave.registry.audit import audit
from engrave.registry.chain import Head, Stamp
from engrave.registry.connection import writing
from engrave.registry.guards import expected, standing
from engrave.registry.issuing import Claim, issue
from engrave.registry.migrations import upgrade
from engrave.registry.store import opened

DATA = Path(__file__).parent.parent / "data"
# The head of both dumps, as they were made.
KEPT = Head(seq=9, hash="0949b73b905a45d188c732db42f60cc3403a1d78cbdf78a966bcef5bc287c2d2")
SHAPE = {
    True: "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name",
    False: (
        "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal UNION ALL"
        " SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c"
        " ON c.oid = k.conrelid UNION ALL SELECT table_name::text, column_name::text, data_type::text"
        " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2, 3"
    ),
}


@pytest.fixture
def old(given: str, raw: Raw) -> str:
    restore(given, (DATA / f"registry_v1_{'sqlite' if raw.is_file else 'postgresql'}.sql").read_text())
    return given


def whole(raw: Raw) -> tuple[Any, ...]:
    return raw.dump(), raw.rows(SHAPE[raw.is_file])


def test_an_old_registry_is_upgraded(old: str, raw: Raw, stamp: Stamp) -> None:
    before = raw.dump()
    version, head = upgrade(old, stamp)
    assert (version, head.seq) == (1, 10)
    after = raw.dump()
    assert raw.rows("SELECT seq, kind, actor, previous, hash FROM events WHERE seq = 10") == [
        (10, "upgraded", "clerk", KEPT.hash, head.hash)
    ]
    assert after.pop("versions") == [(1, 1), (2, 10)]
    assert len(after.pop("events")) == 10
    assert after.pop("readings") == []
    # What was engraved before names no folder.
    assert after.pop("engravings") == [(*row, "") for row in before["engravings"]]
    assert after == {name: rows for name, rows in before.items() if name in after}
    assert set(before["events"]) <= set(raw.rows("SELECT * FROM events"))


def test_an_upgraded_registry_is_sound_and_as_guarded_as_a_new_one(old: str, raw: Raw, stamp: Stamp) -> None:
    upgrade(old, stamp)
    with opened(old) as registry:
        found = audit(registry, kept=KEPT)
        assert (found.faults, found.events, found.marks) == ((), 10, raw.one("SELECT count(*) FROM marks"))
        with writing(registry) as connection:
            assert standing(connection) == expected(connection)
    for table in raw.tables():
        if table != "readings" and raw.one(f"SELECT count(*) FROM {table}"):  # noqa: S608 - our own tables
            for statement in (f"UPDATE {table} SET event = 1", f"DELETE FROM {table}"):  # noqa: S608 - as above
                if not (table in ("events", "states") and "event =" in statement):
                    with pytest.raises(raw.refusals, match="rows are never changed"):
                        raw.run(statement)
    with pytest.raises(raw.refusals):
        raw.run("INSERT INTO steps VALUES (0, 1, 10)")


def test_what_an_old_registry_lacked_is_watched_from_then_on(old: str, raw: Raw, stamp: Stamp) -> None:
    upgrade(old, stamp)
    with raw.unguarded():
        raw.run("UPDATE engravings SET folder = 'ff' WHERE mark = 3")
    with opened(old) as registry:
        assert audit(registry).faults == ("event 4: rows of engravings that it added were altered, added or removed",)


def test_the_log_goes_on(old: str, raw: Raw, stamp: Stamp) -> None:
    _, head = upgrade(old, stamp)
    ((maker, model),) = raw.rows("SELECT maker, model FROM models")
    claim = Claim(binding="cd" * 32, profile="A", fresh=True, folder="x")
    with opened(old) as registry:
        assert issue(registry, [(maker, model, "NEW-1")], stamp, claim=claim)[0].event == 11
        found = audit(registry, kept=head)
        assert (found.faults, found.events) == ((), 11)


def test_an_upgrade_is_repeated_without_harm(old: str, raw: Raw, stamp: Stamp) -> None:
    _, head = upgrade(old, stamp)
    before = whole(raw)
    assert upgrade(old, stamp) == (2, head)
    assert whole(raw) == before


def test_a_new_registry_needs_none(filled: str, raw: Raw, stamp: Stamp) -> None:
    before = whole(raw)
    version, head = upgrade(filled, stamp)
    assert (version, head.seq) == (2, 6)
    assert whole(raw) == before


@pytest.mark.parametrize("name", ["drop_guards", "create_guards", "append"])
def test_an_error_in_the_middle_leaves_the_old_registry_whole(
    old: str, raw: Raw, stamp: Stamp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = whole(raw)
    done = getattr(migrations, name)

    def failing(*arguments: object) -> None:
        done(*arguments)
        raise KeyError(name)

    with monkeypatch.context() as patch:
        patch.setattr(migrations, name, failing)
        with pytest.raises(KeyError, match=name):
            upgrade(old, stamp)
    assert whole(raw) == before
    assert upgrade(old, stamp)[1].seq == 10


@pytest.mark.parametrize("name", ["create_guards", "append"])
def test_a_kill_in_the_middle_leaves_the_old_registry_whole(old: str, raw: Raw, stamp: Stamp, name: str) -> None:
    before = whole(raw)
    worker = multiprocessing.get_context("spawn").Process(target=_killed, args=(old, stamp, name))
    worker.start()
    worker.join(120)
    assert worker.exitcode == -signal.SIGKILL
    assert whole(raw) == before
    assert upgrade(old, stamp)[1].seq == 10
    with opened(old) as registry:
        assert audit(registry, kept=KEPT).sound


def _killed(old: str, stamp: Stamp, name: str) -> None:
    done = getattr(migrations, name)

    def killing(*arguments: object) -> None:
        done(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(migrations, name, killing)
    upgrade(old, stamp)


@pytest.mark.slow
def test_two_upgrades_at_once_are_one(old: str, raw: Raw, stamp: Stamp) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=upgrade, args=(old, stamp)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert raw.one("SELECT count(*) FROM events") == 10


def test_a_newer_registry_and_another_database_are_left_alone(old: str, raw: Raw, stamp: Stamp) -> None:
    raw.run("INSERT INTO versions VALUES (3, 1)")
    before = whole(raw)
    with pytest.raises(InputError, match="newer than 2; update pin-engrave"):
        upgrade(old, stamp)
    assert whole(raw) == before
    with raw.unguarded():
        raw.run("DELETE FROM versions")
    with pytest.raises(InputError, match="no version is on record"):
        upgrade(old, stamp)
    raw.run("DROP TABLE versions")
    with pytest.raises(InputError, match="there is no registry in it"):
        upgrade(old, stamp)
