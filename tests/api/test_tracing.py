"""Tracing: what is suggested against a brute-force count, what is recorded before it, and who sees what."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from engrave.api.casefile import case_document, case_file
from engrave.api.tracing import Tracer, answer_to_json, trace
from engrave.base.errors import InputError, UnfinishedError, UnknownNameError
from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codes_of, codewords_of
from engrave.code.mark import Mark, make_mark
from engrave.code.ranges import Range, RangeTable
from engrave.registry.becoming import reissue, void
from engrave.registry.cases import case_entries
from engrave.registry.chain import Stamp, head_of
from engrave.registry.connection import reading
from engrave.registry.index import built_index, save_index
from engrave.registry.issuing import Claim, issue
from engrave.registry.lookup import MarkOnRecord, marks_on_record
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

MARKS = 300
STAMP = Stamp(actor="clerk", time="2026-11-22T08:00:00Z", tool="pin-engrave 0.1.0")
RANGE = Range(maker="Acme", model="P9", template="AA9999", first="AB0000", last="AB9999", base=0)
PINS = [("Acme", "P9", f"AB{number:04}") for number in range(MARKS)]
SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "schemas"
HOSTILE = "<img src=x onerror=alert(1)>"
Told = dict[str, Any]


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 300 marks."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    create_registry(str(path), identity="0123456789abcdef", stamp=STAMP)
    with opened(str(path)) as registry:
        add_issuer(registry, "Acme", [Block(first_id=0, last_id=99_999)], STAMP)
        pool = Pool(maker="Acme", model="P9", first_id=50_000, last_id=50_009)
        add_ranges(registry, "Acme", [RANGE], [pool], STAMP)
        claim = Claim(binding="ab" * 32, profile="A", fresh=True, folder="cd")
        issue(registry, PINS, STAMP, claim=claim, lots=["L7"] * MARKS)
    return path


@pytest.fixture
def registry(issued: Path, tmp_path: Path) -> str:
    """A copy of it."""
    return str(shutil.copy(issued, tmp_path / "registry.db"))


@pytest.fixture(scope="session")
def marks() -> list[Mark]:
    """The marks on record."""
    table = RangeTable([RANGE])
    return [make_mark(serial=serial, maker=maker, model=model, ranges=table) for maker, model, serial in PINS]


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def _events(registry: str) -> list[tuple[int, str, Told]]:
    with closing(sqlite3.connect(registry)) as connection:
        rows = connection.execute("SELECT seq, kind, body FROM events ORDER BY seq").fetchall()
    return [(seq, kind, json.loads(body)) for seq, kind, body in rows]


def _readings(registry: str) -> list[str]:
    with closing(sqlite3.connect(registry)) as connection:
        return [text for (text,) in connection.execute("SELECT characters FROM readings ORDER BY id")]


# What stands here is clause 11 of docs/code-spec.md, counted for every mark on record with nothing left out.
def _weight(characters: str, typed: Sequence[Sequence[str]]) -> float:
    """The likelihood ratio against noise of a mark's eight characters; each position's choices are equally likely."""
    return prod(
        1.0 if not choices else 32 * (0.98 / len(choices) if letter in choices else 0.02 / (32 - len(choices)))
        for letter, choices in zip(characters, typed, strict=True)
    )


def _posteriors(marks: Sequence[Mark], typed: Sequence[Sequence[str]]) -> dict[str, float]:
    weights = {mark.characters: _weight(mark.characters, typed) / MARKS for mark in marks}
    total = sum(weights.values())
    rest = max(0.0, 1 - (total - max(weights.values())))
    every = 0.01 * (total + rest) + 0.99
    return {characters: 0.01 * weight / every for characters, weight in weights.items()}


def _written(typed: Sequence[Sequence[str]]) -> str:
    return "".join("?" if not each else each[0] if len(each) == 1 else f"[{''.join(each)}]" for each in typed)


def _damaged(mark: Mark, generator: np.random.Generator, shares: Sequence[float]) -> list[list[str]]:
    """Characters read, lost, doubtful and wrong, with these shares."""
    typed = []
    for letter in mark.characters:
        other = ALPHABET[(ALPHABET.index(letter) + int(generator.integers(1, 32))) % 32]
        kind = generator.choice(4, p=shares)
        typed.append([[letter], [], sorted([letter, other]), [other]][kind])
    return typed


def test_candidates_are_those_of_a_brute_force_count(registry: str, marks: list[Mark]) -> None:
    generator = np.random.default_rng(3)
    ways = set()
    for trial in range(30):
        shares = (0.5, 0.3, 0.15, 0.05) if trial % 2 else (0.8, 0.2, 0, 0)
        typed = _damaged(marks[int(generator.integers(MARKS))], generator, shares)
        document = trace(_written(typed), registry=registry)
        expected = _posteriors(marks, typed)
        ways.add(document["found"]["how"])
        ranked = sorted(expected.values(), reverse=True)
        told = [candidate["posterior"] for candidate in document["candidates"]]
        assert len(told) == min(8, max(sum(each >= 1e-6 for each in ranked), 2 * (ranked[0] >= 1e-6))) or (
            # By algebra a runner-up may be among those that were not looked at.
            document["found"]["how"] == "algebra" and len(told) >= 1
        )
        slack = document["found"]["unlooked"] + 2e-6
        for candidate, best in zip(document["candidates"], ranked, strict=False):
            own = expected[candidate["characters"]]
            assert own == pytest.approx(best, rel=1e-3, abs=slack)
            assert candidate["posterior"] <= own + 1e-6
            assert candidate["posterior"] == pytest.approx(own, rel=1e-3, abs=slack)
    assert ways == {"algebra", "ranking"}


def test_a_pin_is_told_with_all_that_is_on_record_of_it(registry: str, marks: list[Mark]) -> None:
    mark = marks[3]
    document = trace(mark.characters, registry=registry, case=" C 1 ", reader="anna", actor="bert")
    _validator("tracing").validate(document)
    (candidate,) = document["candidates"]
    assert document["identified"]
    assert candidate["identified"]
    assert (candidate["id"], candidate["characters"]) == (mark.id, mark.characters)
    assert (candidate["serial"], candidate["maker"], candidate["model"]) == ("AB0003", "Acme", "P9")
    assert (candidate["state"], candidate["lot"], candidate["engraved_profile"]) == ("allocated", "L7", "A")
    assert (document["case"], document["reader"], document["marks_on_record"]) == ("C 1", "anna", MARKS)
    # log2 of 2^30 over 300
    assert document["registry_bits"] == pytest.approx(21.8, abs=0.05)
    with opened(registry) as store:
        _, new = reissue(store, PINS[3], "tip broken", STAMP)
        void(store, [PINS[4]], "lost", STAMP)
    replaced = trace(mark.characters, registry=registry)["candidates"][0]
    assert (replaced["state"], replaced["replaced_by"]["id"]) == ("void", new.id)
    successor = trace(replaced["replaced_by"]["characters"], registry=registry)["candidates"][0]
    assert (successor["serial"], successor["issue"], successor["replaces"]["id"]) == ("AB0003", 1, mark.id)
    assert trace(marks[4].characters, registry=registry)["candidates"][0]["state"] == "void"


def test_ring_shapes_and_any_rotation_lead_to_the_pin(registry: str, marks: list[Mark]) -> None:
    inner, outer = ("".join(map(str, track)) for track in marks[9].ring)
    turned = "/".join(track[-5:] + track[:-5] for track in (inner, outer))
    document = trace("????????", ring=turned, registry=registry, any_rotation=True)
    _validator("tracing").validate(document)
    assert document["identified"]
    assert document["candidates"][0]["serial"] == "AB0009"
    assert document["candidates"][0]["orientation"]["turn"] == 5
    assert document["search_bits"] == pytest.approx(7.6, abs=0.05)
    upright = trace("????????", ring=turned, registry=registry)
    assert not upright["identified"]
    assert trace("?" * 8, ring=f"{inner}/", registry=registry)["identified"]


def test_nothing_on_record_and_a_foreign_mark(tmp_path: Path, registry: str) -> None:
    empty = str(tmp_path / "empty.db")
    create_registry(empty, identity="e", stamp=STAMP)
    for address, count in ((empty, 0), (registry, MARKS)):
        document = trace("0H?KB4M3", registry=address)
        _validator("tracing").validate(document)
        assert (document["identified"], document["marks_on_record"]) == (False, count)
        assert document["none_of_these"] >= 0.9
        assert not any(candidate["identified"] for candidate in document["candidates"])
    assert len(_readings(empty)) == 1


def test_the_log_has_the_reading_before_the_answer(registry: str, marks: list[Mark]) -> None:
    before = len(_events(registry))
    typed = f" {marks[0].characters[:7].lower()}?\t"
    document = trace(typed, registry=registry, reader="anna")
    (first, kind, told), (second, answered, answer) = _events(registry)[before:]
    assert (kind, answered, second) == ("reading", "answered", first + 1)
    assert (told["reader"], told["reading"], told["case"]) == ("anna", 1, "unfiled")
    assert document["recorded"]["reading"]["seq"] == first
    assert document["recorded"]["answer"]["seq"] == second
    assert _readings(registry) == [typed]
    assert answer["reading"] == 1
    kept = answer["answer"]
    assert [each["id"] for each in kept["candidates"]] == [each["id"] for each in document["candidates"]]
    assert kept["marks_on_record"] == MARKS
    assert kept["head"] == document["recorded"]["reading"]


def test_the_reading_stays_on_record_where_the_look_up_fails(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        assert _readings(registry) == ["0H?KB4M3"]
        raise UnfinishedError("the look-up failed")

    monkeypatch.setattr("engrave.api.tracing.trace_codes", broken)
    with pytest.raises(UnfinishedError, match="look-up"):
        trace("0H?KB4M3", registry=registry, case="C 1")
    assert _readings(registry) == ["0H?KB4M3"]
    assert [kind for _, kind, _ in _events(registry)][-1] == "reading"
    (entry,) = case_document("C 1", registry=registry)["readings"]
    assert entry["answer"] is None


@pytest.mark.parametrize("step", ["record_reading", "record_answer"])
def test_without_a_record_there_is_no_suggestion(registry: str, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    looked: list[object] = []

    def full(*_given: object) -> None:
        raise UnfinishedError("the disk is full")

    def looking(*given: object, **_named: object) -> None:
        looked.append(given)

    monkeypatch.setattr(f"engrave.api.tracing.{step}", full)
    if step == "record_reading":
        monkeypatch.setattr("engrave.api.tracing.index_on_record", looking)
    with pytest.raises(UnfinishedError, match="disk"):
        trace("0H?KB4M3", registry=registry)
    assert looked == []


def test_a_registry_that_another_program_holds_gives_no_suggestion(
    registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engrave.registry.connection._BUSY_MS", 50)
    with closing(sqlite3.connect(registry)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnfinishedError, match="locked"):
            trace("0H?KB4M3", registry=registry)
    assert _readings(registry) == []


@pytest.mark.parametrize(
    "given",
    [
        {"characters": "0H?KB4M"},
        {"characters": "0H?KB4M!", "ring": "12/"},
        {"characters": "0H?KB4M3", "profile": "B"},
        {"characters": "0H?KB4M3", "case": ""},
        {"characters": "0H?KB4M3", "reader": "a\nb"},
        {"characters": "0H?KB4M3", "actor": " "},
        {"characters": "?" * 8 + " " * 2000},
    ],
)
def test_what_cannot_be_read_is_refused_before_it_is_recorded(registry: str, given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        trace(registry=registry, **given)
    assert _readings(registry) == []


def test_every_fault_is_told_at_once(registry: str) -> None:
    with pytest.raises(InputError) as raised:
        trace("0H?KB4M!", ring="12", profile="X", case="", reader="r" * 41, actor="", registry=registry)
    told = "\n".join(raised.value.faults)
    assert all(word in told for word in ("'!'", "profile", "case ''", "reader", "actor"))
    with pytest.raises(InputError) as raised:
        trace("0H?KB4M3", actor="", registry=registry)
    assert len(raised.value.faults) == 1


def test_a_second_reader_sees_nothing_of_the_first_until_his_own_entry_is_recorded(
    registry: str, marks: list[Mark], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = marks[20]
    first = trace(mark.characters, registry=registry, case="C 1", reader="anna")
    assert first["independent"]
    assert first["comparisons"] == []
    seen = []

    def watched(connection: Any, case: str) -> Any:  # noqa: ANN401 - passed on
        seen.append([kind for _, kind, _ in _events(registry)][-2:])
        return case_entries(connection, case)

    monkeypatch.setattr("engrave.api.tracing.case_entries", watched)
    with pytest.raises(InputError) as raised:
        trace("nonsense!", registry=registry, case="C 1", reader="bert")
    assert mark.characters not in str(raised.value)
    assert seen == []
    second = trace(f"{mark.characters[:6]}??", registry=registry, case="C 1", reader="bert")
    # Whatever is told of the first reader was read after bert's own reading and answer were on record.
    assert seen == [["reading", "answered"]]
    # His answer is what it would be in a case of his own.
    alone = trace(f"{mark.characters[:6]}??", registry=registry, case="C 2", reader="bert")
    assert (second["candidates"], second["found"]) == (alone["candidates"], alone["found"])
    (comparison,) = second["comparisons"]
    assert (comparison["one"]["reader"], comparison["other"]["reader"]) == ("bert", "anna")
    assert [each["place"] for each in comparison["differences"]] == ["character 7", "character 8"]
    assert comparison["same_best"] is True
    assert not trace(mark.characters, registry=registry, case="C 1", reader="Bert")["independent"]


def test_a_cache_that_names_what_is_not_on_record_names_no_pin(registry: str, marks: list[Mark]) -> None:
    foreign = make_mark(serial="AB9000", maker="Acme", model="P9", ranges=RangeTable([RANGE]))
    with opened(registry) as store, reading(store) as connection:
        head = head_of(connection)
    codes = codes_of(np.array([foreign.id, marks[0].id]))
    save_index(built_index([codes], head.hash, head.seq), Path(f"{registry}.index"))
    document = trace(foreign.characters, registry=registry)
    assert foreign.id not in [candidate["id"] for candidate in document["candidates"]]
    assert document["marks_on_record"] == MARKS


def test_a_registry_whose_marks_have_other_codes_names_no_pin(
    registry: str, marks: list[Mark], monkeypatch: pytest.MonkeyPatch
) -> None:
    def otherwise(*given: Any) -> dict[int, MarkOnRecord]:  # noqa: ANN401 - passed on
        return {key: replace(mark, code=mark.code ^ 1) for key, mark in marks_on_record(*given).items()}

    monkeypatch.setattr("engrave.api.tracing.marks_on_record", otherwise)
    with pytest.raises(InputError, match="registry verify"):
        trace(marks[0].characters, registry=registry)
    assert len(_readings(registry)) == 1


@pytest.fixture
def case(registry: str, marks: list[Mark]) -> str:
    """A registry with a case of three readers and a reading that was never answered."""
    characters = marks[20].characters
    ring = "/".join("".join(map(str, track)) for track in marks[20].ring)
    trace(characters, registry=registry, case=HOSTILE, reader="anna", actor="clerk")
    trace(f"{characters[:5]}???", ring=ring, registry=registry, case=HOSTILE, reader=HOSTILE, actor="clerk")
    trace("????????", ring=ring, registry=registry, case=HOSTILE, reader="carl", actor="clerk", any_rotation=True)
    trace(characters, registry=registry, case="other", reader="anna", actor="clerk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engrave.api.tracing.trace_codes", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            trace("????????", registry=registry, case=HOSTILE, reader="anna", actor="clerk")
    return registry


def _interrupted(*_given: object, **_named: object) -> Iterator[None]:
    raise KeyboardInterrupt


def test_the_case_file_has_all_of_it(case: str, marks: list[Mark]) -> None:
    document = case_document(HOSTILE, registry=case)
    _validator("case").validate(document)
    entries = document["readings"]
    assert [entry["reader"] for entry in entries] == ["anna", HOSTILE, "carl", "anna"]
    assert [entry["independent"] for entry in entries] == [True, True, True, False]
    assert [entry["answer"] is None for entry in entries] == [False, False, False, True]
    assert all(entry["event"]["intact"] for entry in entries)
    assert all(entry["answer"]["event"]["intact"] and entry["answer"]["repeated"] for entry in entries[:3])
    pairs = [(each["one"]["reading"], each["other"]["reading"]) for each in document["comparisons"]]
    assert pairs == [(1, 2), (1, 3), (2, 3)]
    assert [each["same_pin"] for each in document["comparisons"]] == [True, True, True]
    (pin,) = [each for each in document["pins"] if each["id"] == marks[20].id]
    assert (pin["serial"], [step["state"] for step in pin["steps"]]) == ("AB0020", ["allocated"])
    assert document["registry"]["head"]["seq"] == len(_events(case))
    with pytest.raises(UnknownNameError):
        case_document("nobody's", registry=case)


def test_answers_are_repeated_from_what_was_on_record_then(case: str) -> None:
    with opened(case) as store:
        issue(store, [("Acme", "P9", f"AB{number:04}") for number in range(1000, 1100)], STAMP)
    document = case_document(HOSTILE, registry=case)
    assert document["registry"]["marks"] == MARKS + 100
    answers = [entry["answer"] for entry in document["readings"][:3]]
    assert [(answer["marks_on_record"], answer["repeated"]) for answer in answers] == [(MARKS, True)] * 3


def test_an_answer_that_is_not_the_same_again_is_told(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def otherwise(*given: Any) -> Told:  # noqa: ANN401 - passed on
        told = answer_to_json(*given)
        return {**told, "candidates": [{**each, "posterior": 0.5} for each in told["candidates"]]}

    monkeypatch.setattr("engrave.api.casefile.answer_to_json", otherwise)
    document = case_document(HOSTILE, registry=case)
    assert [entry["answer"]["repeated"] for entry in document["readings"][:3]] == [False] * 3
    assert b"NOT THE SAME" in case_file(HOSTILE, registry=case)


def test_the_same_record_gives_the_same_bytes(case: str, tmp_path: Path) -> None:
    elsewhere = str(shutil.copy(case, tmp_path / "copy.db"))
    for suffix in (".html", ".json"):
        data = case_file(HOSTILE, registry=case, suffix=suffix)
        assert case_file(HOSTILE, registry=elsewhere, suffix=suffix) == data
        assert str(tmp_path).encode() not in data
    assert json.loads(case_file(HOSTILE, registry=case, suffix=".json")) == case_document(HOSTILE, registry=case)
    with pytest.raises(InputError, match=r"\.html or \.json"):
        case_file(HOSTILE, registry=case, suffix=".pdf")


def test_one_that_stays_open_answers_as_one_that_is_opened_anew(registry: str, tmp_path: Path) -> None:
    other = str(shutil.copy(registry, tmp_path / "other.db"))

    def told(answer: Told) -> Told:
        # Hashes hold the time.
        seqs = {name: answer["recorded"][name]["seq"] for name in ("reading", "answer")}
        return {**answer, "recorded": seqs, "head": answer["head"]["seq"]}

    with opened(registry) as store, opened(other) as second, Tracer(registry) as tracer:
        new, same = (issue(place, [("Acme", "P9", "AB9000")], STAMP)[0] for place in (store, second))
        assert new.id == same.id
        for typed in ("0H?KB4M3", "????????", _characters(new.id)):
            assert told(tracer.trace(typed, actor="anna")) == told(trace(typed, registry=other, actor="anna"))
        # What others add meanwhile is found, and what the log no longer holds is not taken from memory.
        later = issue(store, [("Acme", "P9", "AB9001")], STAMP)[0]
        found = tracer.trace(_characters(later.id), actor="anna")
        assert found["candidates"][0]["serial"] == "AB9001"
        assert found["marks_on_record"] == MARKS + 2
        shutil.copy(other, registry)
        assert tracer.trace(_characters(later.id), actor="anna")["marks_on_record"] == MARKS + 1


def _characters(identifier: int) -> str:
    """The characters of an id."""
    return characters_of(codewords_of(codes_of(np.array([identifier])))[0, :8].tolist())


def test_what_cannot_be_traced_opens_nothing(tmp_path: Path) -> None:
    with Tracer(str(tmp_path / "absent.db")) as tracer:
        with pytest.raises(InputError, match="positions in '!!'"):
            tracer.trace("!!", actor="anna")
        with pytest.raises(InputError, match="there is no such file"):
            tracer.trace("????????", actor="anna")
