"""The database refuses by itself what may not be, whatever program asks: here one with none of our settings."""

import re
from collections.abc import Iterable

import pytest

from benchmarks.raw_registry import Raw
from engrave.registry.audit import audit
from engrave.registry.connection import ConflictError, Registry, writing
from engrave.registry.guards import expected, standing

HASH = "f" * 64
# Of every table a key on record in the fixture's registry, and a column that might be wanted otherwise.
ON_RECORD = {
    "events": ("seq = 2", "actor = 'somebody'"),
    "versions": ("version = 2", "event = 3"),
    "issuers": ("id = 1", "name = 'Bolt'"),
    "blocks": ("id = 1", "last_id = 20000"),
    "models": ("id = 1", "model = 'P-2'"),
    "ranges": ("id = 1", "last_id = 2999"),
    "states": ("rank = 6", "name = 'alive'"),
    "marks": ("id = 1001", "serial = 'AB0009'"),
    "steps": ("mark = 1003 AND state = 6", "state = 5"),
    "engravings": ("mark = 1001", "lot = 'L-2'"),
}
UNFILLED = ("keys", "readings")
FILLING = {
    "keys": f"INSERT INTO keys (id, issuer, public, event) VALUES ('{HASH}', 1, '{HASH}', 6)",  # noqa: S608 - a hash of ours
    "readings": (
        "INSERT INTO readings (id, case_name, reader, profile, characters, ring, shapes, any_rotation, event)"
        " VALUES (1, 'c', 'r', 'A', 'AAAAAAAA', '', '', 0, 6)"
    ),
}
# A whole row for the table of marks, which nothing forbids but what a test changes in it.
MARK = {
    "id": "1700",
    "code": "77",
    "codeword": "'012345679ABCDEFH012345679ABCDEFH'",
    "range": "1",
    "model": "1",
    "serial": "'AB0700'",
    "issue": "0",
    "replaces": "NULL",
    "event": "6",
}


def inserted(changes: dict[str, str]) -> str:
    row = {**MARK, **changes}
    return f"INSERT INTO marks ({', '.join(row)}) VALUES ({', '.join(row.values())})"  # noqa: S608 - rows made here


@pytest.fixture
def everything(filled: str, raw: Raw) -> Raw:  # noqa: ARG001 - it fills what ``raw`` looks at
    for statement in FILLING.values():
        raw.run(statement)
    return raw


def refused(raw: Raw, statements: Iterable[str], match: str = "") -> None:
    """Every statement is refused with such words, and nothing is changed by any."""
    before = raw.dump()
    wrongly = []
    for statement in statements:
        try:
            raw.run(statement)
        except raw.refusals as error:
            if not re.search(match, str(error)):
                wrongly.append((statement, str(error)))
        else:
            wrongly.append((statement, "was taken"))
    assert wrongly == []
    assert raw.dump() == before


def test_every_table_is_guarded(registry: Registry, raw: Raw) -> None:
    tables = set(raw.tables())
    assert tables == {*ON_RECORD, *UNFILLED}
    with writing(registry) as connection:
        found = standing(connection)
        assert found == expected(connection)
    assert {table for _, table in found} == tables


def test_no_row_is_ever_changed_or_deleted(everything: Raw) -> None:
    for table in (*ON_RECORD, *UNFILLED):
        where, change = ON_RECORD.get(table, ("1 = 1", "event = 5"))
        tried = [f"{verb} {table} SET {change} WHERE {where}" for verb in ("UPDATE", "update")]
        tried += [f"DELETE FROM {table} WHERE {where}", f"delete from {table}"]  # noqa: S608 - names of ours, as below
        if everything.is_file:
            tried += [f"UPDATE OR {word} {table} SET {change} WHERE {where}" for word in ("REPLACE", "IGNORE")]  # noqa: S608
        else:
            tried += [f"INSERT INTO {table} SELECT * FROM {table} WHERE {where} {_upsert(table, change)}"]  # noqa: S608
        refused(everything, tried, f"pin-engrave: {table}: rows are never changed|follows the last one|forward only")
        if not everything.is_file:
            refused(everything, [f"TRUNCATE {table} CASCADE"], "pin-engrave: .*: rows are never changed")


def _upsert(table: str, change: str) -> str:
    keys = {"versions": "version", "states": "rank", "steps": "mark, state", "engravings": "mark", "events": "seq"}
    return f"ON CONFLICT ({keys.get(table, 'id')}) DO UPDATE SET {change}"


def test_no_row_is_replaced(everything: Raw) -> None:
    for table in (*ON_RECORD, *UNFILLED):
        where, _ = ON_RECORD.get(table, ("1 = 1", ""))
        copy = f"INTO {table} SELECT * FROM {table} WHERE {where}"  # noqa: S608 - as above
        refused(everything, [f"INSERT {copy}"])
        if everything.is_file:
            words = ("OR REPLACE", "OR IGNORE", "OR ABORT", "OR FAIL", "OR ROLLBACK")
            tried = [f"INSERT {word} {copy}" for word in words]
            tried += [f"REPLACE {copy}", f"INSERT {copy} ON CONFLICT DO NOTHING"]
            refused(everything, tried, f"pin-engrave: {table}: ")


@pytest.mark.parametrize("recursive", [False, True])
def test_no_unique_key_of_a_mark_is_rebound(filled: str, raw: Raw, *, recursive: bool) -> None:  # noqa: ARG001 - as above
    changes = (
        {"id": "1001"},
        {"code": "(SELECT code FROM marks WHERE id = 1001)"},
        {"codeword": "(SELECT codeword FROM marks WHERE id = 1001)"},
        {"serial": "'AB0001'"},
        {"replaces": "1003", "issue": "1", "serial": "'AB0003'", "id": "5002", "range": "2"},
    )
    for plain in map(inserted, changes):
        refused(raw, [plain, f"{plain} ON CONFLICT (id) DO UPDATE SET serial = 'AB0888'"])
        if raw.is_file:
            raw.run(f"PRAGMA recursive_triggers = {'ON' if recursive else 'OFF'}")
            words = ("INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE")
            refused(raw, [plain.replace("INSERT", word, 1) for word in words])
        else:
            before = raw.dump()
            raw.run(f"{plain} ON CONFLICT DO NOTHING")
            assert raw.dump() == before


NO_MARKS = (
    {"codeword": "'012345679abcdefh012345679abcdefh'"},
    {"codeword": "'012345679ABCDEFH012345679ABCDEF'"},
    {"codeword": "'012345679ABCDEFH012345679ABCDEFH9'"},
    {"codeword": "'012345679ABCDEFH012345679ABCDEF '"},
    {"codeword": "'012345679ABCDEFH012345679ABCDEF-'"},
    {"codeword": "'Ä12345679ABCDEFH012345679ABCDEFH'"},
    {"codeword": "'012345679ABCDEFH012345679ABCDEF\n'"},
    {"codeword": "'abc'"},
    {"codeword": "''"},
    {"codeword": "NULL"},
    {"serial": "'abc'"},
    {"serial": "'AB 1'"},
    {"serial": "'AB_1'"},
    {"serial": "'AB0001\n'"},
    {"serial": "'É'"},
    {"serial": "'٣'"},
    {"serial": "''"},
    {"serial": "'A23456789012345678901'"},
    {"serial": "NULL"},
    {"id": "-1"},
    {"id": "1073741824"},
    {"id": "1000.5"},
    {"id": "'abc'"},
    {"code": "-1"},
    {"code": "1073741824"},
    {"code": "1e40"},
    {"code": "'abc'"},
    {"code": "NULL"},
    {"issue": "-1"},
    {"issue": "1"},
    {"issue": "1", "replaces": "1001"},
    {"issue": "0", "replaces": "1001"},
    {"issue": "2", "replaces": "1003", "serial": "'AB0003'"},
    {"model": "2"},
    {"range": "2"},
    {"range": "9"},
    {"id": "999"},
    {"id": "2000"},
    {"event": "NULL"},
    {"event": "'x'"},
)


def test_a_mark_that_is_none_is_refused(filled: str, raw: Raw) -> None:  # noqa: ARG001 - as above
    refused(raw, map(inserted, NO_MARKS))


def test_sqlite_refuses_blobs_and_text_behind_a_nul(filled: str, raw: Raw) -> None:  # noqa: ARG001 - as above
    if not raw.is_file:
        return
    word = "012345679ABCDEFH012345679ABCDEFH"
    refused(raw, [inserted({"codeword": f"x'{word.encode().hex()}'"}), inserted({"serial": "x'4142'"})])
    # Its checks read a text up to the first NUL.
    tried = [
        inserted({"codeword": f"'{word}' || char(0) || 'x'"}),
        inserted({"serial": "'AB0700' || char(0)"}),
        "INSERT INTO issuers VALUES (2, 'Bolt' || char(0) || 'x', 6)",
    ]
    refused(raw, tried, "text holds no NUL")


def test_the_row_of_these_tests_is_taken_as_it_stands(filled: str, raw: Raw) -> None:  # noqa: ARG001 - as above
    raw.run(inserted({}))
    assert raw.one("SELECT count(*) FROM marks") == 7


# An at sign stands for a hash that is none on record.
REFUSED = (
    "INSERT INTO blocks VALUES (2, 1, 9999, 10000, 6)",
    "INSERT INTO blocks VALUES (2, 1, 0, 0, 6)",
    "INSERT INTO blocks VALUES (2, 1, 10001, 10000, 6)",
    "INSERT INTO blocks VALUES (2, 1, -1, -1, 6)",
    "INSERT INTO blocks VALUES (2, 1, 10000, 1073741824, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', '', '', '', 1999, 1999, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', '', '', '', 2000, 5000, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', '', '', '', 5004, 10000, 6)",
    "INSERT INTO ranges VALUES (3, 2, 1, 'registry', '', '', '', 5004, 5005, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', 'A9', '', '', 5004, 5005, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'range', '', '', '', 5004, 5005, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'other', 'A9', '', '', 5004, 5005, 6)",
    "INSERT INTO steps VALUES (1001, 0, 6)",
    "INSERT INTO steps VALUES (1001, 1, 6)",
    "INSERT INTO steps VALUES (1003, 5, 6)",
    "INSERT INTO issuers VALUES (2, '', 6)",
    "INSERT INTO issuers VALUES (2, 'Acme', 6)",
    "INSERT INTO issuers VALUES (2, substr('@', 1, 41), 6)",
    "INSERT INTO keys VALUES (upper('@'), 1, '@', 6)",
    "INSERT INTO keys VALUES ('@', 1, substr('@', 2), 6)",
    "INSERT INTO events VALUES (9, 'k', 'a', 't', 'x', '', (SELECT hash FROM events WHERE seq = 6), '@')",
    "INSERT INTO events VALUES (7, 'k', 'a', 't', 'x', '', '@', '@')",
    "INSERT INTO events VALUES (0, 'k', 'a', 't', 'x', '', '@', '@')",
    "INSERT INTO events VALUES (7, 'k', 'a', 't', 'x', '', (SELECT hash FROM events WHERE seq = 6), 'abc')",
)
TAKEN = (
    "INSERT INTO blocks VALUES (2, 1, 10000, 10000, 6)",
    "INSERT INTO blocks VALUES (2, 1, 10000, 1073741823, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', '', '', '', 2000, 4999, 6)",
    "INSERT INTO ranges VALUES (3, 1, 1, 'registry', '', '', '', 5004, 9999, 6)",
    "INSERT INTO steps VALUES (1001, 2, 6)",
    "INSERT INTO issuers VALUES (2, substr('@', 1, 40), 6)",
    "INSERT INTO events VALUES (7, 'k', 'a', 't', 'x', '', (SELECT hash FROM events WHERE seq = 6), '@')",
)


def test_what_other_tables_take(filled: str, raw: Raw) -> None:  # noqa: ARG001 - as above
    refused(raw, (statement.replace("@", HASH) for statement in REFUSED))
    for statement in TAKEN:
        raw.run("BEGIN")
        raw.run(statement.replace("@", HASH))
        raw.run("ROLLBACK")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO steps VALUES (1700, 2, 6)",
        "INSERT INTO steps VALUES (1001, 9, 6)",
        "INSERT INTO issuers VALUES (2, 'Bolt', 99)",
        (
            "INSERT INTO engravings (mark, binding, profile, lot, event)"
            " SELECT 1700, hash, 'A', '', 6 FROM events WHERE seq = 1"
        ),
    ],
)
def test_what_refers_to_nothing_is_refused_or_found(registry: Registry, raw: Raw, statement: str) -> None:
    with pytest.raises(ConflictError), writing(registry) as connection:
        connection.exec_driver_sql(statement)
    if raw.is_file:
        # SQLite heeds foreign keys only where a program asks for it; the audit finds what others left.
        raw.run(statement)
        assert any("refers to a row" in fault for fault in audit(registry).faults)
    else:
        refused(raw, [statement])


def test_guards_follow_the_event_that_a_row_names(registry: Registry, raw: Raw) -> None:
    # Nothing forbids a raw program to add a row to an old event: the audit finds it.
    raw.run("INSERT INTO steps VALUES (1001, 2, 4)")
    assert "event 4: rows of steps that it added were altered, added or removed" in audit(registry).faults
