"""Export and import, JSON and CSV: the same record on the other side, or every fault and nothing added."""

import copy
import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

import engrave
from benchmarks.raw_registry import raw_registry
from engrave.base.errors import EngraveError, InputError
from engrave.code.codeword import codeword_of
from engrave.code.ranges import Range
from engrave.registry.audit import audit
from engrave.registry.chain import Stamp
from engrave.registry.connection import Registry, reading
from engrave.registry.documents import write_document
from engrave.registry.importing import Imported, import_document, import_sheet, import_terms
from engrave.registry.issuing import issue
from engrave.registry.sheets import guarded, unguarded, write_sheet
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import Terms
from engrave.registry.viewing import every_mark

Databases = Callable[[], AbstractContextManager[str]]
HOME = str(Path(str(engrave.__file__)).parent.parent)
STAMP = Stamp(actor="clerk", time="2026-11-22T08:00:00Z", tool="test")
HEADER = "serial,maker,model,id,issue,replaces,state,lot,profile,binding,characters"
TERMS = Terms(
    issuer="Acme",
    keys=("3d" * 32,),
    blocks=(Block(first_id=0, last_id=9999), Block(first_id=20_000, last_id=29_999)),
    ranges=(Range(maker="Acme", model="P-1", template="AA9999", first="AB0000", last="AB0999", base=1000),),
    pools=(Pool(maker="Acme", model="P-1", first_id=5000, last_id=5003),),
)


@pytest.fixture
def other(given: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty registry on the other kind of database."""
    if given.startswith("postgresql"):
        create_registry(str(tmp_path / "other.db"), identity="02" * 16, stamp=STAMP)
        yield str(tmp_path / "other.db")
        return
    databases: Databases = request.getfixturevalue("postgresql")
    with databases() as url:
        create_registry(url, identity="02" * 16, stamp=STAMP)
        yield url


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Registry]:
    """A registry on SQLite with terms, and no mark."""
    create_registry(str(tmp_path / "settled.db"), identity="01" * 16, stamp=STAMP)
    with opened(str(tmp_path / "settled.db")) as registry:
        import_terms(registry, [TERMS], {}, STAMP)
        yield registry


def as_json(registry: Registry, path: Path) -> dict[str, Any]:
    with reading(registry) as connection:
        write_document(connection, path)
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def as_csv(registry: Registry, path: Path) -> bytes:
    with reading(registry) as connection:
        write_sheet(every_mark(connection), path)
    return path.read_bytes()


def sheet(registry: Registry, folder: Path, text: str | bytes, *, at_once: int = 50_000) -> Imported:
    path = folder / "marks.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_sheet(registry, path, STAMP, at_once=at_once)


def faults_of(registry: Registry, folder: Path, text: str | bytes) -> list[str]:
    """The faults of a sheet, which adds nothing."""
    with raw_registry(registry.name) as raw:
        before = raw.dump()
    with pytest.raises(InputError) as caught:
        sheet(registry, folder, text)
    with raw_registry(registry.name) as raw:
        assert raw.dump() == before
    return list(caught.value.faults)


def test_an_export_taken_in_elsewhere_is_the_same(registry: Registry, other: str, tmp_path: Path) -> None:
    document = as_json(registry, tmp_path / "one.json")
    assert [(mark["serial"], mark["issue"], mark["replaces"]) for mark in document["marks"]] == [
        ("AB0001", 0, None), ("AB0002", 0, None), ("AB0003", 0, None), ("AB0500", 0, None), ("X-1", 0, None),
        ("AB0003", 1, 1003),
    ]  # fmt: skip
    assert document["marks"][2]["states"] == ["allocated", "void"]
    for mark in document["marks"]:
        letters = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
        assert mark["characters"] == "".join(letters[symbol] for symbol in codeword_of(mark["id"]).tolist()[:8])
    with opened(other) as target:
        found = import_document(target, tmp_path / "one.json", STAMP)
        assert (found.issuers, found.blocks, found.ranges, found.marks, found.passed_over) == (1, 1, 2, 6, 0)
        again = as_json(target, tmp_path / "two.json")
        assert [again[name] for name in ("issuers", "ranges", "marks")] == [
            document[name] for name in ("issuers", "ranges", "marks")
        ]
        assert as_csv(target, tmp_path / "two.csv") == as_csv(registry, tmp_path / "one.csv")
        assert audit(target).sound
        repeated = import_document(target, tmp_path / "one.json", STAMP)
        assert (repeated.marks, repeated.passed_over, repeated.head) == (0, 6, found.head)
        back = import_document(registry, tmp_path / "two.json", STAMP)
        assert (back.marks, back.passed_over) == (0, 6)
        sheet(target, tmp_path, as_csv(registry, tmp_path / "one.csv"))


def test_the_same_registry_gives_the_same_bytes(registry: Registry, tmp_path: Path) -> None:
    as_json(registry, tmp_path / "one.json")
    as_json(registry, tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_csv_export_is_taken_in_as_it_was(registry: Registry, other: str, tmp_path: Path) -> None:
    text = as_csv(registry, tmp_path / "one.csv")
    with opened(other) as target:
        import_terms(target, [TERMS], {}, STAMP)
        # A mark that replaces another may stand before it, and in an earlier transaction's rows.
        head, *rows = text.decode().splitlines(keepends=True)
        assert sheet(target, tmp_path, head + "".join(reversed(rows)), at_once=2).marks == 6
        assert as_csv(target, tmp_path / "two.csv") == text
        assert audit(target).sound


def test_later_states_are_added_and_earlier_ones_passed_over(settled: Registry, tmp_path: Path) -> None:
    head = "serial,maker,model,state,lot\n"
    sheet(settled, tmp_path, head + "AB0001,Acme,P-1,verified,7\n")
    assert sheet(settled, tmp_path, head + "AB0001,Acme,P-1,allocated,\n").passed_over == 1
    assert as_csv(settled, tmp_path / "one.csv").decode().split(",")[16] == "verified"
    sheet(settled, tmp_path, head + "AB0001,Acme,P-1,void,\n")
    assert as_csv(settled, tmp_path / "one.csv").decode().split(",")[16:18] == ["void", "7"]
    assert audit(settled).sound


def test_every_fault_of_a_sheet_with_its_place(settled: Registry, tmp_path: Path) -> None:
    rows = (
        "\N{ZERO WIDTH NO-BREAK SPACE}Serial;maker;model;id;state;lot;binding",
        "AB0001;Acme;P-1;1001;allocated;;",
        "../x;Acme;P-1;;;;",
        "",
        "AB0002;;P-1;-5;engraved;a\x07b;zz",
        "AB0003;Acme;P-1",
        "AB0004;Acme;P-1;1005;;;",
        "AB0006;Acme;P-9;;;;",
        "AB0001;Acme;P-1;;;;",
        "AB0007;Acme;P-1;20000;;;",
        "AB0009;Acme;P-1;1073741824;;" + "x" * 201 + ";",
    )
    faults = faults_of(settled, tmp_path, "\r\n".join(rows))
    for part in (
        "marks.csv: line 3, column 1: serial '../x': '.' at position 1",
        "marks.csv: line 5, column 2: maker '' has 0 characters",
        "marks.csv: line 5, column 4 (id): '-5' is no whole number",
        "marks.csv: line 5, column 5 (state): 'engraved' is not known",
        "marks.csv: line 5, column 6 (lot): holds a character that cannot be printed",
        "marks.csv: line 5, column 7 (binding): 'zz' is no SHA-256",
        "marks.csv: line 6: 3 cells and the header names 7",
        "marks.csv: line 7: id 1005 is that of serial 'AB0005' of (Acme, P-1), by its range",
        "marks.csv: line 8: serial 'AB0006' of (Acme, P-9) is in no range",
        "marks.csv: line 9: serial 'AB0001' of (Acme, P-1) stands in line 2 already",
        "marks.csv: line 10: id 20000 lies in no range on record of (Acme, P-1)",
        "marks.csv: line 11, column 6 (lot): 201 characters",
    ):
        assert any(fault.startswith(part) for fault in faults), (part, faults)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("AB0001,Acme,P-1,5001,0,,allocated,,,,", "serial 'AB0001' of (Acme, P-1) is on record with id 1001, not 5001"),
        ("AB0400,Acme,P-1,5000,0,,allocated,,,,", "id 5000 is on record for serial 'X-1'"),
        ("AB0001,Acme,P-1,1001,0,,allocated,L9,,,", "is on record with lot 'L1'; the file says 'L9'"),
        (f"AB0001,Acme,P-1,1001,0,,allocated,L1,A,{'0' * 64},", "is on record as engraved by"),
        ("AB0001,Acme,P-1,1001,0,,allocated,,,,00000000", "characters '00000000' are not those of id 1001"),
        ("X-2,Acme,P-1,,0,,allocated,,,,499BNM4L", "characters '499BNM4L' without an id"),
        ("AB0001,Acme,P-1,1001,1,5000,allocated,,,,", "is on record as issue 0, replacing None"),
        ("AB0001,Acme,P-1,5001,1,1001,allocated,,,,", "it replaces id 1001, which is not void"),
        ("AB0001,Acme,P-1,5001,1,1002,allocated,,,,", "neither on record nor in the file"),
        ("AB0001,Acme,P-1,5001,2,1001,allocated,,,,", "which is not the issue before it"),
        ("AB0001,Acme,P-1,5001,0,1001,allocated,,,,", "is issue 1 or more"),
        ("AB0001,Acme,P-1,,1,1001,allocated,,,,", "needs its own id"),
        ("AB0001,Acme,P-1,5001,1,,allocated,,,,", "give its id in column 'replaces'"),
        ("AB0001,Acme,P-1,1001,0,,allocated,,Q,,", "'Q' is not known; known are A, D, S, G"),
    ],
)
def test_what_contradicts_the_record_is_refused(settled: Registry, tmp_path: Path, row: str, told: str) -> None:
    sheet(settled, tmp_path, "serial,maker,model,lot,state\nAB0001,Acme,P-1,L1,verified\nX-1,Acme,P-1,,\n")
    (fault,) = faults_of(settled, tmp_path, f"{HEADER}\n{row}\n")
    assert told in fault


def test_ids_and_replaced_marks_stand_once_in_a_sheet(settled: Registry, tmp_path: Path) -> None:
    rows = (
        "X-1,Acme,P-1,5000,0,,void,,,,", "X-2,Acme,P-1,5000,0,,,,,,", "X-1,Acme,P-1,5001,1,5000,void,,,,",
        "X-1,Acme,P-1,5002,1,5000,,,,,",
    )  # fmt: skip
    faults = faults_of(settled, tmp_path, "\n".join((HEADER, *rows)))
    assert "marks.csv: line 3: id 5000 stands in line 2 already" in faults
    assert "marks.csv: line 5: replaces 5000 is replaced in line 4 already" in faults


def test_a_pool_gives_ids_after_those_that_the_sheet_names(settled: Registry, tmp_path: Path) -> None:
    sheet(settled, tmp_path, "serial,maker,model,id\nX-1,Acme,P-1,\nX-2,Acme,P-1,5001\nX-3,Acme,P-1,\n")
    lines = as_csv(settled, tmp_path / "one.csv").decode().splitlines()[1:]
    assert [tuple(line.split(",")[:4:3]) for line in lines] == [("X-2", "5001"), ("X-1", "5002"), ("X-3", "5003")]
    faults = faults_of(settled, tmp_path, "serial,maker,model\nX-4,Acme,P-1\n")
    assert faults == [
        "marks.csv: 1 serials of (Acme, P-1) need an id of its pool, which has 0 left; add one to the registry's ranges"
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"serial,maker,model\n", "no rows below the header"),
        (b"serial,maker\nAB0001,Acme\n", "no column 'model'"),
        (b"serial,maker,model,serial\nAB0001,Acme,P-1,1\n", "'serial' stands there twice"),
        (b"serial,maker,model,colour\nAB0001,Acme,P-1,red\n", "'colour' is not known"),
        (b'serial,maker,model\n"AB0001,Acme,P-1\n', "line 2: unexpected end of data"),
        (b"serial,maker,model\nAB0001,Ac\0me,P-1\n", "line 2: holds a NUL"),
        ("serial,maker,model\nAB0001,Acm\xe9,P-1\n".encode("latin-1"), "line 2, byte 11: is not UTF-8"),
        ("serial,maker,model\nAB0001,Acme,P-1\n".encode("utf-16"), "line 1: holds a NUL"),
        (b"serial,maker,model\n" + b"A" * 200_000 + b",Acme,P-1\n", "line 2: longer than 100000 bytes"),
        (b'serial,maker,model\n"' + b"A\n" * 200_000, "line 2: field larger than field limit"),
        (b"serial,maker,model\nAB0001,Acme,P-1\r\rAB0002,Acme,P-1\n", "line 2"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "line 1, byte 1: is not UTF-8"),
    ],
)
def test_a_broken_sheet(settled: Registry, tmp_path: Path, data: bytes, told: str) -> None:
    assert any(told in fault for fault in faults_of(settled, tmp_path, data))


def test_a_thousand_faults_are_enough(settled: Registry, tmp_path: Path) -> None:
    faults = faults_of(settled, tmp_path, "serial,maker,model\n" + ",,\n../x,Acme,P-1\n" * 2000)
    assert 1000 <= len(faults) <= 1004
    assert "was not read; mend these first" in faults[-1]


@generated(st.text())
def test_guarding_a_cell_can_be_undone_and_leaves_no_formula(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


_NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
_LOTS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)


@settings(max_examples=8)
@generated(maker=_NAMES, model=_NAMES, lots=st.lists(_LOTS, min_size=1, max_size=6), seed=st.integers(0, 9))
def test_whatever_is_named_comes_back_from_csv_and_json(
    tmp_path_factory: pytest.TempPathFactory, maker: str, model: str, lots: list[str], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("named")
    terms = Terms(
        issuer="=cmd",
        blocks=(Block(first_id=0, last_id=99),),
        pools=(Pool(maker=maker, model=model, first_id=seed, last_id=50),),
    )
    places = []
    for name in ("one", "two", "three"):
        create_registry(str(folder / f"{name}.db"), identity=name, stamp=STAMP)
        places.append(str(folder / f"{name}.db"))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    writer.writerow(("serial", "maker", "model", "lot", "state"))
    for number, lot in enumerate(lots):
        writer.writerow([guarded(cell) for cell in (f"-{number}", maker, model, lot, "marked")])
    with opened(places[0]) as one, opened(places[1]) as two, opened(places[2]) as three:
        for registry in (one, two):
            import_terms(registry, [terms], {}, STAMP)
        sheet(one, folder, buffer.getvalue())
        text = as_csv(one, folder / "one.csv")
        # Python's own reader sees a table of the very cells, but for the guard.
        rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
        assert [unguarded(row["lot"]) for row in rows] == lots
        assert {(unguarded(row["maker"]), unguarded(row["model"])) for row in rows} == {(maker, model)}
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())
        sheet(two, folder, text)
        assert as_csv(two, folder / "two.csv") == text
        as_json(one, folder / "one.json")
        import_document(three, folder / "one.json", STAMP)
        assert as_csv(three, folder / "three.csv") == text


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An export of a small registry."""
    folder = tmp_path_factory.mktemp("exported")
    create_registry(str(folder / "registry.db"), identity="03" * 16, stamp=STAMP)
    with opened(str(folder / "registry.db")) as registry:
        import_terms(registry, [TERMS], {}, STAMP)
        head = "serial,maker,model,lot,state\n"
        sheet(registry, folder, head + "AB0001,Acme,P-1,L1,verified\nX-1,Acme,P-1,,void\n")
        return as_json(registry, folder / "one.json")


def refused(registry: Registry, path: Path, data: bytes) -> list[str]:
    """The faults of a document, which adds nothing."""
    path.write_bytes(data)
    with raw_registry(registry.name) as raw:
        before = raw.dump()
    with pytest.raises(EngraveError) as caught:
        import_document(registry, path, STAMP)
    with raw_registry(registry.name) as raw:
        assert raw.dump() == before
    return list(caught.value.faults)


def _tampered(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """The value with one thing wrong: a key more, a key less, another type, somewhere in it."""
    if isinstance(value, dict):
        yield {**value, "stranger": 1}
        for key in value:
            yield {other: kept for other, kept in value.items() if other != key}
            for wrong in _tampered(value[key]):
                yield {**value, key: wrong}
    elif isinstance(value, list):
        yield {"0": value}
        for index, entry in enumerate(value):
            for wrong in _tampered(entry):
                yield [*value[:index], wrong, *value[index + 1 :]]
    else:
        yield [value]
        yield {"a": value}
        yield 1.5
        yield True


def test_a_tampered_document_is_refused_whole(tmp_path: Path, exported: dict[str, Any]) -> None:
    create_registry(str(tmp_path / "empty.db"), identity="04" * 16, stamp=STAMP)
    with opened(str(tmp_path / "empty.db")) as registry:
        count = 0
        for wrong in _tampered(exported):
            faults = refused(registry, tmp_path / "wrong.json", json.dumps(wrong).encode())
            assert all(fault.startswith("wrong.json: ") for fault in faults), faults
            count += 1
        assert count > 200


def test_a_broken_document_is_refused_whole(tmp_path: Path, exported: dict[str, Any]) -> None:
    data = json.dumps(exported, indent=1).encode()
    create_registry(str(tmp_path / "empty.db"), identity="04" * 16, stamp=STAMP)
    with opened(str(tmp_path / "empty.db")) as registry:
        broken = [data[:length] for length in range(0, len(data) - 2, 61)]
        broken += [data + b"x", b"[" * 100_000, b'{"schema":' + b"[" * 100_000, data.replace(b"Acme", b"Ac\xffme", 1)]
        broken += [data.replace(b"Acme", b"Ac\0me", 1), b"\0" * 1000, b'{"schema": "' + b"x" * 3_000_000]
        broken += [data.replace(b'"id": 1001', b'"id": 1e400'), data.replace(b'"id": 1001', b'"id": NaN')]
        broken += [data.replace(b'"id": 1001', b'"id": ' + b"9" * 5000)]
        for wrong in broken:
            faults = refused(registry, tmp_path / "wrong.json", wrong)
            assert all(fault.startswith("wrong.json: ") for fault in faults), faults
        (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(exported).encode())
        assert import_document(registry, tmp_path / "bom.json", STAMP).marks == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "pin-engrave/registry-export/2"}, "newer than 'pin-engrave/registry-export/1'"),
        ({"schema": "pin-engrave/mark/1"}, "another kind"),
        ({"issuers": []}, "issuer 'Acme': is not on record and is given no block"),
        ({"ranges": []}, "id 1001 lies in no range on record of (Acme, P-1)"),
    ],
)
def test_what_a_document_must_say(tmp_path: Path, exported: dict[str, Any], change: dict[str, Any], told: str) -> None:
    create_registry(str(tmp_path / "empty.db"), identity="04" * 16, stamp=STAMP)
    with opened(str(tmp_path / "empty.db")) as registry:
        faults = refused(registry, tmp_path / "wrong.json", json.dumps({**exported, **change}).encode())
        assert any(told in fault for fault in faults), faults


def test_a_merge_stops_on_any_conflict(given: str, tmp_path: Path, exported: dict[str, Any], stamp: Stamp) -> None:
    create_registry(given, identity="05" * 16, stamp=stamp)
    path = tmp_path / "one.json"
    path.write_text(json.dumps(exported))
    with opened(given) as registry:
        import_terms(registry, [TERMS], {}, stamp)
        issue(registry, [("Acme", "P-1", "Y-1")], stamp)
        with raw_registry(given) as raw:
            before = raw.dump()
        with pytest.raises(InputError, match="id 5000 is on record for serial 'Y-1'"):
            import_document(registry, path, stamp)
        with raw_registry(given) as raw:
            assert raw.dump() == before
    block = {**exported, "issuers": [{"name": "Other", "keys": [], "blocks": [{"first_id": 9000, "last_id": 9500}]}]}
    block |= {"ranges": [], "marks": []}
    path.write_text(json.dumps(block))
    with opened(given) as registry, pytest.raises(InputError, match="9000-9500 overlaps 0-9999 of issuer 'Acme'"):
        import_document(registry, path, stamp)


_IMPORTING = """
import sys
from pathlib import Path
from engrave.registry.chain import Stamp
from engrave.registry.importing import import_sheet
from engrave.registry.store import opened
print("started", flush=True)
with opened(sys.argv[1]) as registry:
    import_sheet(registry, Path(sys.argv[2]), Stamp(actor="a", time="t", tool="t"), at_once=40)
"""


@pytest.mark.slow
def test_an_import_that_is_killed_is_sound_and_is_repeated(given: str, tmp_path: Path, stamp: Stamp) -> None:
    create_registry(given, identity="06" * 16, stamp=stamp)
    with opened(given) as registry:
        import_terms(registry, [TERMS], {}, stamp)
    path = tmp_path / "marks.csv"
    path.write_text("serial,maker,model\n" + "".join(f"AB{number:04},Acme,P-1\n" for number in range(1000)))
    chance = random.Random(0)  # noqa: S311 - when to kill, no secret
    partly = 0
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _IMPORTING, given, str(path)],
            env={**os.environ, "PYTHONPATH": HOME},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.1, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with opened(given) as registry:
            found = audit(registry)
        assert found.sound
        partly += 0 < found.marks < 1000
        assert found.marks % 40 == 0
    with opened(given) as registry:
        done = import_sheet(registry, path, stamp)
        assert done.marks + done.passed_over == 1000
        assert audit(registry).marks == 1000
        assert audit(registry).sound


def test_terms_are_added_once_and_all_faults_told_together(given: str, stamp: Stamp) -> None:
    create_registry(given, identity="07" * 16, stamp=stamp)
    with opened(given) as registry:
        first = import_terms(registry, [TERMS], {}, stamp)
        assert (first.issuers, first.keys, first.blocks, first.ranges) == (1, 1, 2, 2)
        again = import_terms(registry, [TERMS], {}, stamp)
        assert (again.issuers, again.keys, again.blocks, again.ranges, again.head) == (0, 0, 0, 0, first.head)
        wrong = Terms(
            issuer="Borealis",
            blocks=(Block(first_id=5, last_id=4), Block(first_id=9999, last_id=10_000)),
            ranges=(Range(maker="Acme", model="P-1", template="AA9999", first="AB0000", last="AB9999", base=30_000),),
            pools=(
                Pool(maker="", model="x", first_id=5000, last_id=5000),
                Pool(maker="A", model="x", first_id=-1, last_id=0),
            ),
        )
        with pytest.raises(InputError) as caught:
            import_terms(registry, [wrong], {}, stamp)
        text = "\n".join(caught.value.faults)
        for part in (
            "blocks[0] of issuer 'Borealis': 5-4 is no block",
            "blocks[1] of issuer 'Borealis': 9999-10000 overlaps 0-9999 of issuer 'Acme'",
            "ranges[0] (Acme, P-1): ids 30000-39999 lie in no block of issuer 'Borealis'",
            "ranges[0] (Acme, P-1): serial 'AB0000' is also in one on record (Acme, P-1)",
            "pools[0] (, x): maker '' has 0 characters",
            "pools[1] (A, x): -1-0 are no ids",
        ):
            assert part in text
        assert audit(registry).head == first.head


@pytest.mark.parametrize("wrong", ["\ud800", "3SJ2\0R9M6", "3SJ2\nR9M6"])
def test_characters_that_cannot_be_printed_are_told(tmp_path: Path, exported: dict[str, Any], wrong: str) -> None:
    create_registry(str(tmp_path / "empty.db"), identity="04" * 16, stamp=STAMP)
    exported = copy.deepcopy(exported)
    exported["marks"][1]["characters"] = wrong
    with opened(str(tmp_path / "empty.db")) as registry:
        faults = refused(registry, tmp_path / "wrong.json", json.dumps(exported).encode())
    assert faults == ["wrong.json: mark 2: characters: hold one that cannot be printed"]
