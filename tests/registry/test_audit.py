"""Whatever is altered in a registry is found, by whatever power; and what is sound is called sound."""

import json
import random
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from benchmarks.raw_registry import Raw, raw_registry
from engrave.base.errors import EngraveError
from engrave.code.ranges import Range
from engrave.registry.audit import Audit, audit
from engrave.registry.becoming import advance
from engrave.registry.chain import Head, Stamp
from engrave.registry.connection import Registry
from engrave.registry.issuing import issue
from engrave.registry.store import Block, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

COLUMNS = ("seq", "kind", "actor", "time", "tool", "body", "previous", "hash")
TABLES = ("versions", "issuers", "blocks", "models", "ranges", "marks", "steps", "engravings")
KEYS = {"versions": "version", "steps": "mark, state", "engravings": "mark"}


def one_line(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def event_hash(row: dict[str, Any]) -> str:
    """As the documents describe it, written here once more."""
    text = one_line(["pin-engrave/event/1", *(row[name] for name in COLUMNS[:-1])])
    return sha256(text.encode("ascii")).hexdigest()


def all_events(raw: Raw) -> list[dict[str, Any]]:
    rows = raw.rows(f"SELECT {', '.join(COLUMNS)} FROM events ORDER BY seq")  # noqa: S608 - columns of ours
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def quoted(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def put(raw: Raw, table: str, column: str, value: object, where: str) -> None:
    raw.run(f"UPDATE {table} SET {column} = {quoted(value)} WHERE {where}")  # noqa: S608 - a test's own


def test_the_hashes_and_digests_are_those_described(registry: Registry, raw: Raw) -> None:
    previous = "0" * 64
    for row in all_events(raw):
        assert row["previous"] == previous
        assert row["hash"] == event_hash(row)
        previous = row["hash"]
        told = json.loads(row["body"])["rows"]
        added = [name for name in TABLES if raw.one(f"SELECT count(*) FROM {name} WHERE event = {row['seq']}")]  # noqa: S608 - as above
        assert sorted(told) == sorted(added)
        for name, digest in told.items():
            query = f"SELECT {', '.join(digest['columns'])} FROM {name} WHERE event = {row['seq']}"  # noqa: S608 - as above
            rows = raw.rows(f"{query} ORDER BY {KEYS.get(name, 'id')}")
            assert digest["count"] == len(rows)
            assert digest["sha256"] == sha256("".join(f"{one_line(list(row))}\n" for row in rows).encode()).hexdigest()
    found = audit(registry)
    assert found == Audit(faults=(), events=6, marks=6, head=Head(seq=6, hash=previous))
    assert found.sound


def altered_everywhere(registry: Registry, raw: Raw, stride: int) -> tuple[int, list[str]]:
    """Alter single characters of every text of every event, ``stride`` apart; how many, and those not found."""
    tried, unseen, place = 0, [], 0
    with raw.unguarded():
        for row in all_events(raw):
            for column in COLUMNS[1:]:
                text = row[column]
                for index in range(len(text)):
                    place += 1
                    if place % stride:
                        continue
                    other = "0" if text[index] != "0" else "1"
                    put(raw, "events", column, f"{text[:index]}{other}{text[index + 1 :]}", f"seq = {row['seq']}")
                    found = audit(registry)
                    tried += 1
                    if not any(fault.startswith(f"event {row['seq']}:") for fault in found.faults):
                        unseen.append(f"{row['seq']} {column} {index}")
                put(raw, "events", column, text, f"seq = {row['seq']}")
    return tried, unseen


def test_altered_characters_of_events_are_found(registry: Registry, raw: Raw) -> None:
    tried, unseen = altered_everywhere(registry, raw, 37)
    assert tried > 80
    assert unseen == []
    assert audit(registry).sound


@pytest.mark.slow
@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_altered_character_of_every_event_is_found(registry: Registry, raw: Raw, stride: int) -> None:
    tried, unseen = altered_everywhere(registry, raw, stride)
    assert tried > 3000 // stride
    assert unseen == []
    assert audit(registry).sound


@pytest.mark.parametrize(
    "text", ["", "é", "\U0001f4a5", "x" * 100_000, "[" * 100_000, "{}", "null", "1e999", '{"rows":1}']
)
@pytest.mark.parametrize("column", ["body", "actor"])
def test_texts_of_any_kind_are_found(registry: Registry, raw: Raw, column: str, text: str) -> None:
    with raw.unguarded():
        put(raw, "events", column, text, "seq = 4")
    assert any(fault.startswith("event 4: was altered") for fault in audit(registry).faults)


@pytest.mark.parametrize("seq", [1, 3, 6])
@pytest.mark.parametrize("other", [0, 7, 99, -3])
def test_an_altered_number_of_an_event_is_found(registry: Registry, raw: Raw, seq: int, other: int) -> None:
    try:
        with raw.unguarded():
            put(raw, "events", "seq", other, f"seq = {seq}")
    except raw.refusals:
        # PostgreSQL's checks hold for its owner, too.
        assert other < 1
        return
    assert not audit(registry).sound


CHECKED = {
    "blocks first_id",
    "engravings profile",
    "marks issue",
    "marks replaces",
    *(f"ranges {name}" for name in ("mode", "template", "first", "last", "first_id", "last_id")),
}


def other_values(registry: Registry, raw: Raw, most: int) -> tuple[int, list[str], set[str]]:
    """Alter each value of some rows of every table; how many, those not found, and those that a check forbids."""
    tried, unseen, refused = 0, [], set()
    for table in (*TABLES, "states"):
        names = _columns(raw, table)
        keys = [name for name in names if name in KEYS.get(table, "rank" if table == "states" else "id").split(", ")]
        for row in raw.rows(f"SELECT * FROM {table}")[:most]:  # noqa: S608 - tables of ours
            values = dict(zip(names, row, strict=True))
            for name in names:
                other = _other(values[name])
                where = " AND ".join(f"{key} = {quoted(values[key])}" for key in keys)
                changed = " AND ".join(f"{key} = {quoted(other if key == name else values[key])}" for key in keys)
                tried += 1
                try:
                    put(raw, table, name, other, where)
                except raw.refusals:
                    refused.add(f"{table} {name}")
                    continue
                if not any(table in fault or fault.startswith("mark ") for fault in audit(registry).faults):
                    unseen.append(f"{table} {name} {where}")
                back = "NULL" if values[name] is None else quoted(values[name])
                raw.run(f"UPDATE {table} SET {name} = {back} WHERE {changed}")  # noqa: S608 - as above
    return tried, unseen, refused


@pytest.mark.parametrize("most", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_altered_values_of_every_table_are_found(registry: Registry, raw: Raw, most: int) -> None:
    with raw.unguarded():
        tried, unseen, refused = other_values(registry, raw, most)
    assert tried > (40 if most == 1 else 140)
    assert unseen == []
    # A check holds for PostgreSQL's owner, too: an empty block, a mode without its serials, two letters.
    assert refused <= (set() if raw.is_file else CHECKED)
    assert audit(registry).sound


def _columns(raw: Raw, table: str) -> list[str]:
    return [column[0] for column in raw.connection.execute(f"SELECT * FROM {table}").description]  # noqa: S608 - as above


def _other(value: object) -> object:
    if value is None:
        return 1001
    if isinstance(value, int):
        return value + 1_000_000
    text = str(value)
    return f"{text[:-1]}{'0' if text[-1:] != '0' else '1'}" if text else "x"


@pytest.mark.parametrize("table", TABLES)
def test_deleted_rows_are_found(registry: Registry, raw: Raw, table: str) -> None:
    with raw.unguarded():
        raw.run(f"DELETE FROM {table}")  # noqa: S608 - as above
    faults = audit(registry).faults
    assert any(f"rows of {table} that it added were altered, added or removed" in fault for fault in faults)


@pytest.mark.parametrize("seq", [1, 2, 5, 6])
def test_a_deleted_event_is_found(registry: Registry, raw: Raw, seq: int) -> None:
    with raw.unguarded():
        raw.run(f"DELETE FROM events WHERE seq = {seq}")  # noqa: S608 - a number of ours
    assert not audit(registry).sound


def test_events_that_changed_places_are_found(registry: Registry, raw: Raw) -> None:
    with raw.unguarded():
        for here, there in ((4, 99), (6, 4), (99, 6)):
            put(raw, "events", "seq", there, f"seq = {here}")
    faults = audit(registry).faults
    assert "event 4: does not continue the event before it" in faults
    assert "event 6: was altered: its hash is of another text" in faults


def test_a_row_added_without_an_event_is_found(registry: Registry, raw: Raw) -> None:
    raw.run("INSERT INTO steps VALUES (1001, 2, 3)")
    assert audit(registry).faults == ("event 3: rows of steps that it added were altered, added or removed",)


def test_rows_of_events_that_never_were_are_found(registry: Registry, raw: Raw) -> None:
    with raw.unguarded():
        raw.run("INSERT INTO steps VALUES (1001, 2, 0)")
        raw.run("INSERT INTO steps VALUES (1001, 3, 77)")
    faults = audit(registry).faults
    assert "steps: a row names event 0, which is not on record" in faults
    assert "steps: a row names event 77, which is not on record" in faults


def test_a_log_that_was_cut_off_is_found_by_a_head_that_was_kept(registry: Registry, raw: Raw, stamp: Stamp) -> None:
    kept = audit(registry).head
    issue(registry, [("Acme", "P-1", "AB0777")], stamp)
    later = audit(registry, kept=kept)
    assert later.sound
    assert audit(registry, kept=later.head).sound
    with raw.unguarded():
        for table in ("steps", "marks"):
            raw.run(f"DELETE FROM {table} WHERE event = 7")  # noqa: S608 - as above
        raw.run("DELETE FROM events WHERE seq = 7")
    # Without it a shorter log is a log.
    assert audit(registry).sound
    assert audit(registry, kept=kept).sound
    told = "the log ends at event 6, before event 7 that was kept; it was cut off"
    assert audit(registry, kept=later.head).faults == (told,)
    issue(registry, [("Acme", "P-1", "AB0778")], stamp)
    told = "event 7: is not the one whose hash was kept; the log was rewritten"
    assert audit(registry, kept=later.head).faults == (told,)


def test_a_log_forged_throughout_is_found_by_a_head_that_was_kept(registry: Registry, raw: Raw) -> None:
    kept = audit(registry).head
    previous = "0" * 64
    with raw.unguarded():
        for row in all_events(raw):
            row |= {"actor": "forger", "previous": previous}
            previous = event_hash(row)
            put(raw, "events", "actor", "forger", f"seq = {row['seq']}")
            put(raw, "events", "previous", row["previous"], f"seq = {row['seq']}")
            put(raw, "events", "hash", previous, f"seq = {row['seq']}")
    assert audit(registry).sound
    assert audit(registry, kept=kept).faults == ("event 6: is not the one whose hash was kept; the log was rewritten",)


def test_a_codeword_forged_with_its_digest_is_found(registry: Registry, raw: Raw, stamp: Stamp) -> None:
    found = issue(registry, [("Acme", "P-1", "AB0700")], stamp)
    codeword = raw.one("SELECT codeword FROM marks WHERE id = 1700")
    forged = codeword[:-1] + ("0" if codeword[-1] != "0" else "1")
    with raw.unguarded():
        put(raw, "marks", "codeword", forged, "id = 1700")
        columns = ["id", "code", "codeword", "range", "model", "serial", "issue", "replaces"]
        line = one_line([1700, found[0].code, forged, 1, 1, "AB0700", 0, None])
        row = all_events(raw)[6]
        body = json.loads(row["body"])
        body["rows"]["marks"] = {"columns": columns, "count": 1, "sha256": sha256(f"{line}\n".encode()).hexdigest()}
        row["body"] = one_line(body)
        put(raw, "events", "body", row["body"], "seq = 7")
        put(raw, "events", "hash", event_hash(row), "seq = 7")
    assert audit(registry).faults == ("mark 1700: its codeword is not that of its id",)


def test_every_missing_guard_is_found(registry: Registry, raw: Raw) -> None:
    if raw.is_file:
        guards = raw.rows("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    else:
        query = "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        guards = raw.rows(query)
    assert len(guards) > 25
    for name, table, statement in guards:
        raw.run(f"DROP TRIGGER {name}" + ("" if raw.is_file else f" ON {table}"))
        told = f"{table}: the guard {name} is missing or was altered; rows could be changed unseen"
        assert audit(registry).faults == (told,)
        raw.run(statement)
    assert audit(registry).sound


ALTERED_SQLITE = (
    (
        "DROP TRIGGER marks_no_update",
        "CREATE TRIGGER marks_no_update BEFORE UPDATE ON marks WHEN 0 BEGIN SELECT RAISE(ABORT, 'pin-engrave'); END",
    ),
    ("CREATE TRIGGER more AFTER INSERT ON marks BEGIN INSERT INTO issuers VALUES (9, 'x', 1); END",),
    (
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'BETWEEN 32 AND 32', 'BETWEEN 31 AND 32') WHERE name = 'marks'",
        "PRAGMA writable_schema = RESET",
    ),
    ("ALTER TABLE marks ADD COLUMN more TEXT",),
)
ALTERED_POSTGRESQL = (
    ("ALTER TABLE marks DISABLE TRIGGER marks_no_change",),
    ("ALTER TABLE marks DISABLE TRIGGER ALL",),
    ("ALTER TABLE marks ENABLE REPLICA TRIGGER marks_no_change",),
    (
        "DROP TRIGGER marks_no_change ON marks",
        (
            "CREATE TRIGGER marks_no_change BEFORE UPDATE OF event OR DELETE ON marks FOR EACH ROW"
            " EXECUTE FUNCTION pin_engrave_unchanged()"
        ),
    ),
    (
        "DROP TRIGGER marks_no_change ON marks",
        (
            "CREATE TRIGGER marks_no_change BEFORE UPDATE OR DELETE ON marks FOR EACH ROW WHEN (OLD.id = 7)"
            " EXECUTE FUNCTION pin_engrave_unchanged()"
        ),
    ),
    (
        (
            "CREATE OR REPLACE FUNCTION pin_engrave_unchanged() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$"
        ),
    ),
    ("ALTER TABLE ranges DROP CONSTRAINT ranges_apart",),
    ("ALTER TABLE marks DROP CONSTRAINT uq_marks_codeword",),
    ("ALTER TABLE marks DROP CONSTRAINT ck_marks_codeword_written",),
    ("ALTER TABLE steps DROP CONSTRAINT pk_steps",),
    ("ALTER TABLE steps DROP CONSTRAINT fk_steps_mark",),
    (
        "ALTER TABLE marks DROP CONSTRAINT ck_marks_id_within",
        "ALTER TABLE marks ADD CONSTRAINT ck_marks_id_within CHECK (true) NOT VALID",
    ),
)


@pytest.mark.parametrize("number", range(len(ALTERED_POSTGRESQL)))
def test_a_guard_or_constraint_that_was_weakened_is_found(registry: Registry, raw: Raw, number: int) -> None:
    # SQLite has fewer ways to weaken one: they come round again.
    statements = ALTERED_SQLITE[number % len(ALTERED_SQLITE)] if raw.is_file else ALTERED_POSTGRESQL[number]
    assert audit(registry).sound
    for statement in statements:
        raw.run(statement)
    faults = audit(registry).faults
    assert faults
    assert all("missing or was altered" in fault for fault in faults)


def test_of_many_faults_some_are_told_and_everything_is_counted(
    registry: Registry, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engrave.registry.audit._MOST_FAULTS", 3)
    kept = audit(registry).head
    with raw.unguarded():
        raw.run("UPDATE events SET actor = 'forger'")
    found = audit(registry)
    assert len(found.faults) == 3
    assert (found.events, found.marks, found.head) == (6, 6, kept)


def test_faults_can_be_printed(registry: Registry, raw: Raw) -> None:
    with raw.unguarded():
        put(raw, "states", "name", "\x1b[31mred\n\x07", "rank = 0")
        if raw.is_file:
            raw.run("UPDATE states SET name = CAST(x'ff41' AS TEXT) WHERE rank = 1")
    faults = audit(registry).faults
    assert any(fault.startswith("states:") for fault in faults)
    assert all(fault.isprintable() and fault.encode() for fault in faults)


# Flipping bytes of the file itself: SQLite's alone.


def _logical(path: Path) -> list[Any]:
    """All that a file says to whoever reads it with SQL, down to the types."""
    with raw_registry(str(path)) as raw:
        raw.connection.text_factory = bytes
        found: list[Any] = raw.rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
        for (name,) in raw.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
            found.append(raw.rows(f'SELECT * FROM "{name.decode()}" ORDER BY 1, 2'))  # noqa: S608 - its own tables
        return found


def _verdict(path: Path) -> str:
    try:
        with opened(str(path)) as registry:
            return "sound" if audit(registry).sound else "found"
    except EngraveError:
        return "refused"


def flipped(original: Path, places: list[tuple[int, int]]) -> dict[str, int]:
    """Flip bytes of a copy, one at a time; how many were found, refused, and without any effect on what it says."""
    data = original.read_bytes()
    logical = _logical(original)
    path = original.with_name("flipped.db")
    counts = {"found": 0, "refused": 0, "sound": 0}
    for place, mask in places:
        changed = bytearray(data)
        changed[place] ^= mask
        path.write_bytes(changed)
        verdict = _verdict(path)
        counts[verdict] += 1
        if verdict == "sound":
            assert _logical(path) == logical, f"byte {place} xor {mask:#x} is not found"
        for suffix in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    return counts


@pytest.fixture
def file(tmp_path: Path, stamp: Stamp, request: pytest.FixtureRequest) -> Path:
    """A registry in a file, of a few events."""
    make = request.getfixturevalue("fill")
    path = tmp_path / "registry.db"
    make(str(path))
    with opened(str(path)) as registry:
        advance(registry, [1001], "rendered", {"manifest": "ef" * 32}, stamp)
    return path


def _pages_of_events(path: Path) -> list[int]:
    """The pages, counted from 0, that hold the text of an event or its hash."""
    data = path.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    with sqlite3.connect(path) as connection:
        hashes = [value.encode() for (value,) in connection.execute("SELECT hash FROM events")]
    connection.close()
    pages = [data[start : start + size] for start in range(0, len(data), size)]
    return [number for number, page in enumerate(pages) if any(value in page for value in hashes)]


@pytest.mark.slow
def test_flipped_bytes_of_the_file_are_found(file: Path) -> None:
    generator = random.Random(5)  # noqa: S311 - seeded
    size = file.stat().st_size
    places = [(generator.randrange(size), 1 << generator.randrange(8)) for _ in range(50)]
    pages = _pages_of_events(file)
    assert len(pages) >= 3
    places += [
        (4096 * generator.choice(pages) + generator.randrange(4096), generator.randrange(1, 256)) for _ in range(60)
    ]
    # The head of the file, and the heads of the pages that hold events.
    places += [(place, 1 << generator.randrange(8)) for place in range(16, 72)]
    places += [(4096 * page + place, 1 << generator.randrange(8)) for page in pages for place in range(8)]
    counts = flipped(file, places)
    assert counts["found"] > 30


@pytest.mark.slow
@pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_byte_of_a_page_of_events_matters_or_is_unused(file: Path, stride: int) -> None:
    generator = random.Random(6)  # noqa: S311 - seeded
    first, *others = _pages_of_events(file)
    places = [(4096 * first + place, 1 << generator.randrange(8)) for place in range(0, 4096, stride)]
    places += [
        (4096 * generator.choice(others) + generator.randrange(4096), generator.randrange(1, 256))
        for _ in range(1000 // stride)
    ]
    counts = flipped(file, places)
    assert counts["found"] > 1000 // stride


def test_a_file_that_was_cut_off_is_found(file: Path) -> None:
    data = file.read_bytes()
    for length in (0, 1, 99, 100, 4096, len(data) // 2, len(data) - 4096, len(data) - 1):
        file.write_bytes(data[:length])
        assert _verdict(file) in ("found", "refused"), length
    file.write_bytes(data)
    assert _verdict(file) == "sound"


# The peak of a process of its own: ``getrusage`` would count what its parent had when it was made.
MEASURED = """
import sys
from pathlib import Path
from engrave.registry.audit import audit
from engrave.registry.store import opened
with opened(sys.argv[1]) as registry:
    found = audit(registry)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(found.sound, found.marks, peak.split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's record of a process's memory")
@pytest.mark.slow
def test_an_audit_needs_bounded_memory(given: str, stamp: Stamp) -> None:
    create_registry(given, identity="ab", stamp=stamp)
    serials = Range(maker="Acme", model="P-1", template="999999", first="000000", last="199999", base=0)
    used = []
    with opened(given) as registry:
        add_issuer(registry, "Acme", [Block(first_id=0, last_id=199_999)], stamp)
        add_ranges(registry, "Acme", [serials], [], stamp)
        for first, last in ((0, 30_000), (30_000, 100_000)):
            # All of them in one event: it must not be held in memory either.
            issue(registry, [("Acme", "P-1", f"{number:06}") for number in range(first, last)], stamp)
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, given], capture_output=True, text=True, check=True, timeout=600
            )
            sound, count, kilobytes = done.stdout.split()
            assert (sound, int(count)) == ("True", last)
            used.append(int(kilobytes))
    # 70,000 marks with their steps as Python's objects alone would be far above that.
    assert used[1] - used[0] < 25_000, used
