"""Readings on record: kept to the letter, answered once, and compared with other readers' afterwards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.raw_registry import Raw
from engrave.api.casefile import case_document
from engrave.api.tracing import trace
from engrave.base.errors import InputError
from engrave.registry.audit import audit
from engrave.registry.cases import (
    LONGEST_TEXT,
    UNFILED,
    Comparison,
    Entry,
    Typed,
    case_entries,
    case_name,
    checked,
    compare,
    compared_with_others,
    independent_pairs,
    record_answer,
    record_reading,
)
from engrave.registry.chain import Stamp, head_of
from engrave.registry.connection import ConflictError, Registry, reading
from engrave.registry.lookup import marks_on_record
from engrave.registry.schema import events
from engrave.registry.store import opened

HOSTILE = "<img src=x onerror=alert(1)>"


def _typed(characters: str = "0H?K B4M3", **other: Any) -> Typed:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "case": "C 1",
        "reader": "anna",
        "profile": "A",
        "ring": "",
        "shapes": "",
        "any_rotation": False,
    }
    return Typed(characters=characters, **{**fields, **other})


def _answer(*ids: int, identified: bool = False) -> dict[str, Any]:
    return {"candidates": [{"id": each, "identified": identified and not place} for place, each in enumerate(ids)]}


def _entries(registry: Registry, case: str = "C 1") -> tuple[Entry, ...]:
    with reading(registry) as connection:
        return case_entries(connection, case)


def test_a_reading_is_kept_to_the_letter_with_its_answer(registry: Registry, stamp: Stamp) -> None:
    typed = _typed(" 0h?k\t[b8]4[M:.7 N:.2]3\n", ring=f"{'1?0' * 16} /", reader=HOSTILE, any_rotation=True)
    with reading(registry) as connection:
        before = head_of(connection).seq
    number, head = record_reading(registry, typed, stamp)
    assert (number, head.seq) == (1, before + 1)
    (entry,) = _entries(registry)
    assert entry.typed == typed
    assert entry.answer is None
    later = record_answer(registry, number, _answer(7, 8, identified=True), stamp)
    (entry,) = _entries(registry)
    assert entry.answer is not None
    assert (entry.event.seq, entry.event.hash, entry.answer.event.hash) == (head.seq, head.hash, later.hash)
    assert (entry.answer.identified, entry.answer.best) == (7, 7)
    assert entry.event.intact
    assert entry.answer.event.intact
    assert (entry.event.actor, entry.event.time) == (stamp.actor, stamp.time)
    assert audit(registry).sound
    with reading(registry) as connection:
        kinds = connection.execute(select(events.c.kind).where(events.c.seq > before).order_by(events.c.seq)).scalars()
        assert list(kinds) == ["reading", "answered"]


def test_each_reading_has_its_own_answer_and_case(registry: Registry, stamp: Stamp) -> None:
    numbers = [record_reading(registry, _typed(case=case), stamp)[0] for case in ("one", "two", "one", "one")]
    assert numbers == [1, 2, 3, 4]
    for number in (4, 1, 2):
        record_answer(registry, number, _answer(number * 10), stamp)
    one, two = _entries(registry, "one"), _entries(registry, "two")
    assert [(entry.id, entry.answer and entry.answer.best) for entry in one] == [(1, 10), (3, None), (4, 40)]
    assert [(entry.id, entry.answer and entry.answer.best) for entry in two] == [(2, 20)]
    assert _entries(registry, "ONE") == ()


def test_an_altered_row_is_found(registry: Registry, stamp: Stamp, monkeypatch: pytest.MonkeyPatch) -> None:
    record_reading(registry, _typed("0H?K B4M3"), stamp)
    # Guards keep rows from being changed; so this is how a changed one would be read.
    monkeypatch.setattr("engrave.registry.cases._row", lambda number, _: {"id": number, **_other_row()})
    (entry,) = _entries(registry)
    assert not entry.event.intact


def _other_row() -> dict[str, Any]:
    texts = {"case_name": "C 1", "reader": "anna", "profile": "A", "characters": "0H?K B4M4", "ring": "", "shapes": ""}
    return {**texts, "any_rotation": 0}


def test_a_name_the_database_refuses_puts_nothing_on_record(registry: Registry, stamp: Stamp) -> None:
    with pytest.raises(ConflictError):
        record_reading(registry, _typed(case=""), stamp)
    assert _entries(registry, "") == ()
    assert audit(registry).sound


@pytest.mark.parametrize(
    ("given", "kept"), [(" Anna ", "Anna"), ("Jose\u0301", "Jos\u00e9"), (HOSTILE, HOSTILE), ("x" * 40, "x" * 40)]
)
def test_names_are_kept_in_one_form(given: str, kept: str) -> None:
    assert case_name(given, kind="reader") == kept


def test_every_fault_of_a_reading_is_told() -> None:
    bad = _typed("?" * (LONGEST_TEXT + 1), case=" ", reader="a\u202eb", ring="1" * 3000)
    with pytest.raises(InputError) as raised:
        checked(bad)
    assert [fault.split(":")[0].split(" ")[0] for fault in raised.value.faults] == [
        "characters",
        "ring",
        "case",
        "reader",
    ]
    assert checked(_typed("?" * LONGEST_TEXT, case=" a ")).case == "a"


def _compared(one: Typed, other: Typed) -> Comparison:
    stamp: Any = None
    entries = (
        Entry(id=each, typed=typed, event=stamp, independent=True, answer=None)
        for each, typed in enumerate((one, other))
    )
    return compare(*entries)


def _told(comparison: Comparison) -> list[tuple[str, str, str, bool]]:
    return [(each.place, each.one, each.other, each.contradiction) for each in comparison.differences]


def test_characters_are_compared_symbol_by_symbol() -> None:
    found = _compared(_typed("0H?K B4M3"), _typed("oH7[KX] [B8]4N[3:.7 5:.20]"))
    # O is read as 0, and 8 as B, so that two of the eight differ in writing alone.
    assert _told(found) == [
        ("character 3", "?", "7", False),
        ("character 4", "K", "[KX]", False),
        ("character 7", "M", "N", True),
        ("character 8", "3", "[3:0.7 5:0.2]", False),
    ]
    assert found.compared == ("characters",)
    assert (found.same_pin, found.same_best) == (None, None)
    assert _told(_compared(_typed("0H[N H]KB4M3"), _typed("0h[HN]K b4m3"))) == []


def test_cells_are_compared_where_both_read_the_track() -> None:
    lost = "?" * 48
    one = _typed(ring=f"1{lost[1:]}/{lost}")
    other = _typed(ring=f"0{lost[2:]}1/{lost[1:]}0")
    found = _compared(one, other)
    assert _told(found) == [
        ("inner track, sector 0", "1", "0", True),
        ("inner track, sector 47", "?", "1", False),
        ("outer track", "not read", "1 cell", False),
    ]
    assert found.compared == ("characters", "inner track", "outer track")
    turned = _compared(one, _typed(ring=other.ring, any_rotation=True))
    assert (turned.compared, turned.differences) == (("characters",), ())
    assert _compared(_typed(ring=lost + "/"), _typed()).compared == ("characters",)


def test_shapes_are_compared_and_other_profiles_are_not() -> None:
    some = "a0 b1 c? ? " + "? " * 8
    found = _compared(
        _typed(profile="G", shapes=some), _typed(profile="G", shapes=some.replace("b1", "b2").replace("c?", "c3"))
    )
    assert _told(found) == [("shape 2", "b1", "b2", True), ("shape 3", "c?", "c3", False)]
    assert found.compared == ("characters", "shapes")
    mixed = _compared(_typed(profile="G", shapes=some), _typed(ring="1" * 48 + "/"))
    assert (mixed.compared, mixed.differences) == (("characters",), ())


def test_only_first_readings_are_independent(registry: Registry, stamp: Stamp) -> None:
    for reader in ("anna", "bert d", "Anna", "bert  D", "carl"):
        record_reading(registry, _typed(reader=reader), stamp)
    entries = _entries(registry)
    assert [entry.independent for entry in entries] == [True, True, False, False, True]
    assert [(one.id, other.id) for one, other in independent_pairs(entries)] == [(1, 2), (1, 5), (2, 5)]
    # Anna's second reading is held against the first of the others, and not against her own.
    assert [(each.one.id, each.other.id) for each in compared_with_others(entries, 3)] == [(3, 2), (3, 5)]
    for _ in range(2):
        record_reading(registry, _typed(case=UNFILED), stamp)
    assert [entry.independent for entry in _entries(registry, UNFILED)] == [False, False]


@pytest.mark.parametrize(
    ("answers", "same_pin", "same_best"),
    [
        ((_answer(7, identified=True), _answer(7, 8, identified=True)), True, True),
        ((_answer(7, identified=True), _answer(8, identified=True)), False, False),
        ((_answer(7, identified=True), _answer(7, 8)), None, True),
        ((_answer(7, 8), _answer(8, 7)), None, False),
        ((_answer(7, identified=True), _answer()), None, None),
    ],
)
def test_what_two_readings_lead_to(
    registry: Registry,
    stamp: Stamp,
    *,
    answers: Sequence[Mapping[str, Any]],
    same_pin: bool | None,
    same_best: bool | None,
) -> None:
    for reader, told in zip(("anna", "bert"), answers, strict=True):
        number, _ = record_reading(registry, _typed(reader=reader), stamp)
        record_answer(registry, number, told, stamp)
    (found,) = compared_with_others(_entries(registry), 2)
    assert (found.same_pin, found.same_best) == (same_pin, same_best)


def test_a_trace_and_its_case_file_on_either_database(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with opened(filled) as registry, reading(registry) as connection:
        (mark,) = marks_on_record(connection, [1001]).values()
    for reader in ("anna", "bert"):
        document = trace(mark.characters, registry=filled, case="C 1", reader=reader)
        (candidate,) = document["candidates"]
        assert (candidate["identified"], candidate["serial"], document["marks_on_record"]) == (True, "AB0001", 6)
    assert document["comparisons"][0]["same_pin"] is True
    told = case_document("C 1", registry=filled)
    assert [entry["answer"]["repeated"] for entry in told["readings"]] == [True, True]
    assert all(entry["event"]["intact"] and entry["answer"]["event"]["intact"] for entry in told["readings"])
    assert [pin["serial"] for pin in told["pins"]] == ["AB0001"]
    with opened(filled) as registry:
        assert audit(registry).sound


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ("UPDATE events SET body = '{}' WHERE kind = 'reading'", ""),
        ("UPDATE events SET body = '{' WHERE kind = 'reading'", ""),
        ("UPDATE events SET body = '[]' WHERE kind = 'answered'", "event 8: its body cannot be read"),
        ("UPDATE events SET body = '{\"reading\":1}' WHERE kind = 'answered'", "event 8: holds no answer"),
        (
            'UPDATE events SET body = \'{"reading":1,"answer":{"candidates":[]}}\' WHERE kind = \'answered\'',
            "event 8: holds no whole answer",
        ),
        ("UPDATE readings SET profile = 'Q'", "reading 1: is of no profile"),
        ("UPDATE readings SET characters = '!!'", "characters, column 1"),
        ("DELETE FROM steps", "has no state that is known"),
        ("DELETE FROM events WHERE seq = 1", "event 1: is not on record"),
    ],
)
def test_an_altered_case_is_told_in_words(filled: str, raw: Raw, altered: str, told: str) -> None:
    with opened(filled) as registry, reading(registry) as connection:
        (mark,) = marks_on_record(connection, [1001]).values()
    trace(mark.characters, registry=filled, case="C 1", reader="anna", actor="anna")
    with raw.unguarded():
        raw.run(altered)
    if not told:
        (entry,) = case_document("C 1", registry=filled)["readings"]
        assert not entry["event"]["intact"]
        return
    with pytest.raises(InputError) as caught:
        case_document("C 1", registry=filled)
    assert told in caught.value.faults[0]
