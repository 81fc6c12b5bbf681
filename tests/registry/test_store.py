"""Making and opening registries; issuers, blocks, ranges and pools; whatever may not be is refused."""

import multiprocessing
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.raw_registry import Raw, raw_registry
from engrave.base.errors import EngraveError, InputError, UnfinishedError
from engrave.code.ranges import Range
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.connection import (
    APPLICATION_ID,
    Registry,
    connected,
    reading,
    sqlite_journal,
    writing,
)
from engrave.registry.importing import import_terms
from engrave.registry.issuing import issue
from engrave.registry.migrations import upgrade
from engrave.registry.schema import STATES
from engrave.registry.store import (
    Block,
    Pool,
    create_registry,
    identity_of,
    opened,
    recorded_ranges,
)
from engrave.registry.terms import Terms, add_issuer, add_ranges

LAST_ID = 2**30 - 1
Given = tuple[list[Range], list[Pool]]


def serials(base: int, *, first: str = "AA0000", last: str = "AA0009", model: str = "P-1") -> Range:
    return Range(maker="Acme", model=model, template="AA9999", first=first, last=last, base=base)


def pool(first: int, last: int, *, model: str = "P-1") -> Pool:
    return Pool(maker="Acme", model=model, first_id=first, last_id=last)


@pytest.fixture
def empty(bare: str) -> Iterator[Registry]:
    with opened(bare) as registry:
        yield registry


def faults_of(error: pytest.ExceptionInfo[InputError]) -> tuple[str, ...]:
    return error.value.faults


def test_a_new_registry_has_its_tables_its_states_and_one_event(given: str, stamp: Stamp, raw: Raw) -> None:
    head = create_registry(given, identity="ab" * 16, stamp=stamp)
    names = {"blocks", "engravings", "events", "issuers", "keys", "marks", "models", "ranges", "readings", "states"}
    assert names <= set(raw.tables())
    assert raw.rows("SELECT seq, kind, actor, time, tool, hash FROM events") == [
        (1, "created", "clerk", "2026-11-22T08:00:00Z", "pin-engrave 0.1.0", head.hash)
    ]
    assert [name for (name,) in raw.rows("SELECT name FROM states ORDER BY rank")] == list(STATES)
    assert raw.rows("SELECT version, event FROM versions") == [(2, 1)]
    with opened(given) as registry, reading(registry) as connection:
        assert identity_of(connection) == head.hash


def test_two_registries_are_told_apart_by_their_identity(tmp_path: Path, stamp: Stamp) -> None:
    one = create_registry(str(tmp_path / "1.db"), identity="aa", stamp=stamp)
    other = create_registry(str(tmp_path / "2.db"), identity="bb", stamp=stamp)
    again = create_registry(str(tmp_path / "3.db"), identity="aa", stamp=stamp)
    assert one.hash != other.hash
    assert one.hash == again.hash


def test_a_database_with_tables_is_not_made_a_registry(given: str, stamp: Stamp, raw: Raw) -> None:
    raw.run("CREATE TABLE somebodys (x INTEGER)")
    with pytest.raises(InputError, match="there are tables in it already"):
        create_registry(given, identity="ab", stamp=stamp)
    assert raw.tables() == ["somebodys"]


def test_a_registry_is_not_made_twice(filled: str, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    with pytest.raises(InputError, match="there are tables in it already"):
        create_registry(filled, identity="ab", stamp=stamp)
    assert raw.dump() == before


def test_an_empty_database_is_no_registry(given: str, raw: Raw) -> None:
    raw.run("CREATE TABLE events (x INTEGER)")
    with (
        pytest.raises(InputError, match="there is no registry in it; `pin-engrave registry init` makes one"),
        opened(given),
    ):
        pass


@pytest.mark.parametrize(("version", "told"), [(3, "of version 3, newer than 2; update"), (9, "of version 9, newer")])
def test_a_newer_registry_is_refused(filled: str, raw: Raw, version: int, told: str) -> None:
    raw.run(f"INSERT INTO versions VALUES ({version}, 1)")  # noqa: S608 - a number of ours
    with pytest.raises(InputError, match=told), opened(filled):
        pass


def test_an_older_registry_is_to_be_upgraded_first(filled: str, raw: Raw) -> None:
    with raw.unguarded():
        raw.run("UPDATE versions SET version = 1")
    with (
        pytest.raises(InputError, match="of version 1; back it up, then `pin-engrave registry upgrade` it"),
        opened(filled),
    ):
        pass


def test_a_registry_without_a_version_is_refused(filled: str, raw: Raw) -> None:
    with raw.unguarded():
        raw.run("DELETE FROM versions")
    with pytest.raises(InputError, match="no version is on record"), opened(filled):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "",
        "  ",
        ":memory:",
        "a\0b",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://host/registry.db",
        "sqlite:///registry.db?mode=memory&uri=true",
        "mysql://host/registry",
        "://",
        "postgresql://host:port/registry",
        "postgresql://host/registry?port=x",
        "x" * 5_000,
        "no scheme at all://",
    ],
)
def test_an_address_that_names_no_database_of_ours_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: Stamp
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="registry"):
        create_registry(address, identity="ab", stamp=stamp)
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_never_shown() -> None:
    for address in ("postgresql://u:s3cret@/x?host=/nowhere", "postgresql:///x?host=/nowhere&user=u&password=s3cret"):
        with connected(address) as registry:
            assert "s3cret" not in registry.name
            with pytest.raises(UnfinishedError) as caught, reading(registry):
                pass
            assert "s3cret" not in str(caught.value)
    mistyped = ("postgresql:/u:s3cret@host/registry", "postgresql:///u:s3cret@host/registry", "u:s3cret@host")
    for address in ("postgresql://u:s3cret@host:port/registry", *mistyped):
        with pytest.raises(InputError) as refused, connected(address):
            pass
        assert "s3cret" not in str(refused.value)


def test_a_file_that_is_not_there_is_not_made_by_opening(tmp_path: Path, stamp: Stamp) -> None:
    missing = tmp_path / "missing.db"
    with pytest.raises(InputError, match="there is no such file"), opened(str(missing)):
        pass
    assert not missing.exists()
    with pytest.raises(InputError, match="there is no folder"):
        create_registry(str(tmp_path / "nowhere" / "registry.db"), identity="ab", stamp=stamp)


def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, stamp: Stamp) -> None:
    text = tmp_path / "notes.txt"
    text.write_bytes(b"not a database at all, but long enough to be looked at " * 40)
    before = text.read_bytes()
    with pytest.raises(InputError, match="not a database"), opened(str(text)):
        pass
    with pytest.raises(InputError, match="not a database"):
        create_registry(str(text), identity="ab", stamp=stamp)
    assert text.read_bytes() == before


def test_an_sqlite_file_says_whose_it_is(tmp_path: Path, stamp: Stamp) -> None:
    create_registry(str(tmp_path / "r.db"), identity="ab", stamp=stamp)
    # Bytes 68 to 71 of the head of the file (sqlite.org/fileformat.html, "Application ID"): "PEng".
    assert (tmp_path / "r.db").read_bytes()[68:72] == b"PEng"
    assert int.from_bytes(b"PEng", "big") == APPLICATION_ID


# The write-ahead log's reset was mended in 3.51.3, and in 3.50.7 and 3.44.6 for the older lines (sqlite.org/wal.html).
@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 7, 0), "delete"),
        ((3, 40, 1), "delete"),
        ((3, 44, 5), "delete"),
        ((3, 44, 6), "wal"),
        ((3, 44, 99), "wal"),
        ((3, 45, 0), "delete"),
        ((3, 50, 6), "delete"),
        ((3, 50, 7), "wal"),
        ((3, 51, 0), "delete"),
        ((3, 51, 1), "delete"),
        ((3, 51, 2), "delete"),
        ((3, 51, 3), "wal"),
        ((3, 52, 0), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_the_journal_fits_the_library(version: tuple[int, int, int], journal: str) -> None:
    assert sqlite_journal(version) == (journal, {"wal": "FULL", "delete": "EXTRA"}[journal])


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 3)])
def test_the_settings_are_in_force(
    version: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: Stamp
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    path = str(tmp_path / "r.db")
    create_registry(path, identity="ab", stamp=stamp)
    journal, synchronous = {(3, 40, 1): ("delete", 3), (3, 51, 3): ("wal", 2)}[version]
    with opened(path) as registry, reading(registry) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema")
        }
    assert found == {
        "journal_mode": journal,
        "synchronous": synchronous,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
        "trusted_schema": 0,
    }


def test_postgresql_acknowledges_only_what_is_on_disk_and_reads_one_state(filled: str, raw: Raw, stamp: Stamp) -> None:
    if raw.is_file:
        return
    with opened(filled) as registry, reading(registry) as connection:
        names = ("transaction_isolation", "transaction_read_only")
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == ["repeatable read", "on"]
        before = connection.exec_driver_sql("SELECT count(*) FROM marks").scalar()
        issue(registry, [("Acme", "P-1", "AB0900")], stamp)
        assert connection.exec_driver_sql("SELECT count(*) FROM marks").scalar() == before


def test_writers_see_what_was_committed_before_them_whatever_the_server_says(filled: str, raw: Raw) -> None:
    if raw.is_file:
        return
    name = raw.one("SELECT current_database()")
    raw.run(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    raw.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with opened(filled) as registry, writing(registry) as connection:
        names = ("transaction_isolation", "synchronous_commit")
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == ["read committed", "on"]


@pytest.mark.slow
def test_two_processes_that_make_one_registry_at_once_make_it_once(given: str, raw: Raw) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_make, args=(given, f"{number:02}")) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert raw.rows("SELECT seq, kind FROM events") == [(1, "created")]


def _make(given: str, identity: str) -> None:
    with suppress(EngraveError):
        create_registry(given, identity=identity, stamp=Stamp(actor="a", time="t", tool="x"))


@pytest.mark.parametrize(
    ("first", "last", "free"),
    [
        (0, 99, True),
        (0, 100, False),
        (99, 100, False),
        (100, 100, False),
        (120, 130, False),
        (0, LAST_ID, False),
        (199, 199, False),
        (199, 200, False),
        (200, LAST_ID, True),
    ],
)
def test_blocks_never_share_an_id(empty: Registry, stamp: Stamp, first: int, last: int, free: bool) -> None:  # noqa: FBT001 - a column of the table
    block = Block(first_id=first, last_id=last)
    for issuer in ("Bolt Works", "Acme"):
        if free:
            add_issuer(empty, issuer, [block], stamp)
            free = False
        else:
            with pytest.raises(InputError, match=rf"blocks\[0\] of issuer .*: {first}-{last} overlaps "):
                add_issuer(empty, issuer, [block], stamp)


def test_every_fault_of_blocks_is_told_at_once(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    before = raw.dump()
    owned = [(-1, 5), (7, 6), (5, LAST_ID + 1), (150, 250), (300, 400), (400, 500)]
    with pytest.raises(InputError) as caught:
        add_issuer(empty, "Bolt Works", [Block(first_id=first, last_id=last) for first, last in owned], stamp)
    beginnings = [fault.split(";")[0] for fault in faults_of(caught)]
    assert beginnings == [
        "blocks[0] of issuer 'Bolt Works': -1-5 is no block",
        "blocks[1] of issuer 'Bolt Works': 7-6 is no block",
        f"blocks[2] of issuer 'Bolt Works': 5-{LAST_ID + 1} is no block",
        "blocks[3] of issuer 'Bolt Works': 150-250 overlaps 100-199 of issuer 'Acme'",
        "blocks[5] of issuer 'Bolt Works': 400-500 overlaps 300-400 of blocks[4] of issuer 'Bolt Works'",
    ]
    assert raw.dump() == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "Ac\nme", "Acmé"])
def test_an_issuers_name_is_checked(empty: Registry, stamp: Stamp, name: str) -> None:
    with pytest.raises(InputError, match="issuer"):
        add_issuer(empty, name, [Block(first_id=0, last_id=1)], stamp)
    with pytest.raises(InputError, match="is given no block"):
        add_issuer(empty, "Bolt Works", [], stamp)


def test_more_blocks_for_an_issuer_on_record(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    add_issuer(empty, " Acme ", [Block(first_id=300, last_id=399), Block(first_id=200, last_id=200)], stamp)
    assert raw.rows("SELECT id, name FROM issuers") == [(1, "Acme")]
    assert raw.rows("SELECT issuer, first_id, last_id FROM blocks ORDER BY first_id") == [
        (1, 100, 199),
        (1, 200, 200),
        (1, 300, 399),
    ]


def test_ranges_and_pools_on_record(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    whole = Range(maker="Acme", model="P-2", template="Z9", base=120)
    head, added = add_ranges(empty, "Acme", [serials(100), whole], [pool(110, 119), pool(130, 130, model="P-3")], stamp)
    assert (head.seq, added) == (3, 4)
    columns = "mode, template, first, last, first_id, last_id"
    assert raw.rows(f"SELECT {columns} FROM ranges ORDER BY id") == [  # noqa: S608 - columns of ours
        ("range", "AA9999", "AA0000", "AA0009", 100, 109),
        ("template", "Z9", "", "", 120, 129),
        ("registry", "", "", "", 110, 119),
        ("registry", "", "", "", 130, 130),
    ]
    with reading(empty) as connection:
        found = recorded_ranges(connection)
    assert [entry.mode for entry in found] == ["range", "template", "registry", "registry"]
    assert [entry.ids for entry in found] == [(100, 109), (120, 129), (110, 119), (130, 130)]
    assert found[0].range == serials(100)
    assert found[1].range == whole


def test_ranges_that_are_there_to_the_letter_are_passed_over(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    given: Given = ([serials(100)], [pool(110, 119)])
    first, _ = add_ranges(empty, "Acme", given[0], given[1], stamp)
    before = raw.dump()
    typed = Range(maker=" Acme", model="P-1 ", template="AA9999", first=" aa0000", last="AA0009 ", base=100)
    both: Sequence[Given] = (given, ([typed], []))
    for entries in both:
        assert add_ranges(empty, "Acme", entries[0], entries[1], stamp) == (first, 0)
    assert raw.dump() == before


@pytest.mark.parametrize(
    ("base", "fault"),
    [(99, "lie in no block"), (100, ""), (190, ""), (191, "lie in no block"), (0, "lie in no block")],
)
def test_a_range_lies_in_a_block_of_its_issuer(empty: Registry, stamp: Stamp, base: int, fault: str) -> None:
    tried: Sequence[Given] = (([serials(base)], []), ([], [pool(base, base + 9, model="P-9")]))
    for entries in tried:
        if fault:
            with pytest.raises(InputError, match=f"ids {base}-{base + 9} {fault} of issuer 'Acme'; it owns 100-199"):
                add_ranges(empty, "Acme", entries[0], entries[1], stamp)
    if not fault:
        assert add_ranges(empty, "Acme", [serials(base)], [], stamp)[1] == 1


@pytest.mark.parametrize(("base", "free"), [(130, True), (131, False), (149, False), (150, True)])
def test_ranges_and_pools_never_share_an_id(empty: Registry, stamp: Stamp, base: int, free: bool) -> None:  # noqa: FBT001 - as above
    add_ranges(empty, "Acme", [serials(140)], [], stamp)
    tried: Sequence[Given] = (([], [pool(base, base + 9)]), ([serials(base, model="P-2")], []))
    for entries in tried:
        if free:
            assert add_ranges(empty, "Acme", entries[0], entries[1], stamp)[1] == 1
            free = False
        else:
            with pytest.raises(InputError, match=f"ids {base}-{base + 9} overlap "):
                add_ranges(empty, "Acme", entries[0], entries[1], stamp)


def test_serials_belong_to_one_range(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    add_ranges(empty, "Acme", [serials(100)], [], stamp)
    before = raw.dump()
    with pytest.raises(InputError, match="serial 'AA0009' is also in"):
        add_ranges(empty, "Acme", [serials(120, first="AA0009", last="AA0012")], [], stamp)
    assert raw.dump() == before
    with pytest.raises(InputError) as caught:
        add_ranges(empty, "Acme", [serials(120, first="AA0009", last="AA0012")], [], stamp)
    assert faults_of(caught) == (
        "ranges[0] (Acme, P-1): serial 'AA0009' is also in one on record (Acme, P-1); part the two ranges",
    )
    assert add_ranges(empty, "Acme", [serials(120, first="AA0010", last="AA0012")], [], stamp)[1] == 1


def test_a_name_cannot_hide_that_serials_overlap(empty: Registry, stamp: Stamp) -> None:
    odd = [
        Range(maker="A: ids B", model="P", template="AA9999", first="AA0000", last="AA0009", base=base)
        for base in (100, 120)
    ]
    add_ranges(empty, "Acme", odd[:1], [], stamp)
    with pytest.raises(InputError, match="is also in"):
        add_ranges(empty, "Acme", odd[1:], [], stamp)
    odd = [
        Range(maker="ranges[9]", model="P", template="AA9999", first="AA0000", last="AA0009", base=base)
        for base in (140, 150)
    ]
    with pytest.raises(InputError, match=r"ranges\[1\] \(ranges\[9\], P\): serial 'AA0000' is also in ranges\[0\]"):
        add_ranges(empty, "Acme", odd, [], stamp)


def test_a_range_is_the_same_with_its_ends_written_out(empty: Registry, stamp: Stamp) -> None:
    whole = Range(maker="Acme", model="P-2", template="Z9", base=120)
    assert add_ranges(empty, "Acme", [whole], [], stamp)[1] == 1
    written = Range(maker="Acme", model="P-2", template="Z9", first="Z0", last="Z9", base=120)
    assert add_ranges(empty, "Acme", [written], [], stamp)[1] == 0


def test_every_fault_of_ranges_is_told_at_once(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    add_ranges(empty, "Acme", [serials(100)], [], stamp)
    before = raw.dump()
    with pytest.raises(InputError) as caught:
        add_ranges(
            empty,
            "Acme",
            [serials(105, model="P-2"), serials(120), serials(195, model="P-4")],
            [pool(125, 130), pool(0, 3)],
            stamp,
        )
    told = "\n".join(faults_of(caught))
    assert "ids 105-114 overlap 100-109" in told
    assert "serial 'AA0000' is also in" in told
    assert "ids 195-204 lie in no block" in told
    assert "ids 125-130 overlap 120-129" in told
    assert "ids 0-3 lie in no block" in told
    assert len(faults_of(caught)) == 5
    with pytest.raises(InputError) as worse:
        add_ranges(empty, "Acme", [serials(-1)], [pool(5, 4), pool(0, LAST_ID + 1, model="")], stamp)
    assert len(faults_of(worse)) == 4, faults_of(worse)
    with pytest.raises(InputError, match=r"issuer 'Nobody': is not on record .*; on record: Acme\n"):
        add_ranges(empty, "Nobody", [serials(150)], [], stamp)
    assert raw.dump() == before


@pytest.mark.parametrize("field", ["actor", "time", "tool"])
@pytest.mark.parametrize("text", ["", " ", "a\0b", "a\nb", "\udc80"])
def test_a_stamp_that_no_database_could_hold_is_refused(field: str, text: str) -> None:
    with pytest.raises(InputError, match=f"{field} .*cannot be printed"):
        Stamp(**{"actor": "a", "time": "t", "tool": "x", field: text})


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, stamp: Stamp) -> None:
    path = tmp_path / "r.db"
    create_registry(str(path), identity="ab", stamp=stamp)
    with raw_registry(str(path)) as other:
        other.run("BEGIN EXCLUSIVE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("engrave.registry.connection._BUSY_MS", 50)
            with pytest.raises(UnfinishedError, match="locked"), opened(str(path)):
                pass


def test_who_reads_cannot_write(filled: str, raw: Raw) -> None:
    before = raw.dump()
    refused = pytest.raises(EngraveError, match=r"read-?only")
    with opened(filled) as registry:
        with refused, reading(registry) as connection:
            connection.exec_driver_sql("CREATE TABLE somebodys (x INTEGER)")
        # The same connection may write again, and then no longer.
        with writing(registry) as connection:
            connection.exec_driver_sql("CREATE TABLE ours (x INTEGER)")
        with refused, reading(registry) as connection:
            connection.exec_driver_sql("INSERT INTO ours VALUES (1)")
        with writing(registry) as connection:
            connection.exec_driver_sql("DROP TABLE ours")
    assert raw.dump() == before


KEYS = ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "3d" * 32)
"""The first is that of RFC 8032, 7.1, test 1."""
# From coreutils: xxd -r -p | sha256sum
KEY_ID = "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"


def test_keys_are_on_record_once_with_their_ids(empty: Registry, stamp: Stamp, raw: Raw) -> None:
    typed = f" {KEYS[0].upper()} "
    first = import_terms(empty, [Terms(issuer="Acme", keys=(KEYS[0], typed))], {}, stamp)
    assert (first.keys, first.head.seq) == (1, 3)
    assert raw.rows("SELECT id, public, issuer, event FROM keys") == [(KEY_ID, KEYS[0], 1, 3)]
    assert import_terms(empty, [Terms(issuer="Acme", keys=(typed,))], {}, stamp).keys == 0
    assert audit(empty).sound
    other = Terms(issuer="Bolt Works", blocks=(Block(first_id=0, last_id=9),), keys=(KEYS[1], KEYS[0], "ab", "x" * 64))
    before = raw.dump()
    with pytest.raises(InputError) as caught:
        import_terms(empty, [other], {}, stamp)
    assert [fault.split(";")[0] for fault in faults_of(caught)] == [
        f"keys[1] of issuer 'Bolt Works': {KEYS[0]} is a key of issuer 'Acme'",
        "keys[2] of issuer 'Bolt Works': 'ab' is no Ed25519 public key",
        "keys[3] of issuer 'Bolt Works': 'xxxxxxxxxxxx...xxxxxxxxxxxxx' is no Ed25519 public key",
    ]
    assert raw.dump() == before


def test_another_programs_tables_of_the_same_names_are_no_registry(given: str, raw: Raw, stamp: Stamp) -> None:
    raw.run("CREATE TABLE events (happened TEXT)")
    raw.run("CREATE TABLE versions (version TEXT)")
    with pytest.raises(InputError, match="there is no registry in it"), opened(given):
        pass
    with pytest.raises(InputError, match="there is no registry in it"):
        upgrade(given, stamp)
    assert sorted(raw.tables()) == ["events", "versions"]
