"""Marks and their documents."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.mark import Mark, make_mark, mark_from_json, mark_to_json
from engrave.code.ranges import OutsideRangesError, Range, RangeTable

TABLE = RangeTable(
    (Range(maker="Acme", model="P-1", template="999-99999", first="300-00000", last="399-99999", base=30_000_000),)
)


def a_mark(serial: str = "375-76834") -> Mark:
    return make_mark(serial=serial, maker="Acme", model="P-1", ranges=TABLE)


def document() -> dict[str, Any]:
    return dict(json.loads(json.dumps(mark_to_json(a_mark()))))


def faults_of(changed: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        mark_from_json(changed)
    return "\n".join(caught.value.faults)


@settings(deadline=None, max_examples=30)
@given(number=st.integers(0, 9_999_999))
def test_a_document_gives_its_mark_back(number: int) -> None:
    mark = a_mark(f"3{number // 100_000:02d}-{number % 100_000:05d}")
    assert mark.id == 30_000_000 + number
    assert mark_from_json(json.loads(json.dumps(mark_to_json(mark)))) == mark


def test_the_document_holds_what_the_specification_lists() -> None:
    assert list(document()) == [
        "schema",
        "serial",
        "maker",
        "model",
        "id",
        "profile",
        "key_id",
        "codeword",
        "characters",
        "ring",
        "shapes",
    ]
    assert document()["schema"] == "pin-engrave/mark/1"
    assert document()["key_id"] is None


def test_a_serial_is_normalised_before_it_is_marked() -> None:
    mark = make_mark(serial=" 375-76834\n", maker="Acme ", model="P-1", ranges=TABLE)
    assert mark == a_mark()
    assert (mark.serial, mark.maker) == ("375-76834", "Acme")


def test_a_serial_outside_every_range_has_no_mark() -> None:
    with pytest.raises(OutsideRangesError, match="300-00000 to 399-99999"):
        a_mark("475-76834")


def other_symbol(values: list[int]) -> list[int]:
    return [*values[:31], values[31] ^ 1]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "characters",
            "QSP9FRDM",
            "characters disagrees with the id 37576834: it is 'QSP9FRDM' and should be 'QSP9FRDN'",
        ),
        ("characters", "QSP9 FRDN", "characters disagrees"),
        ("ring", document()["ring"][::-1], "ring disagrees"),
        ("ring", document()["ring"][:1], "ring disagrees"),
        ("codeword", other_symbol(document()["codeword"]), "codeword disagrees"),
        ("shapes", ["F"], "shapes disagrees"),
        ("id", 2**30, "id 1073741824 is not 0 to 1073741823"),
        ("id", -1, "id -1 is not"),
        ("id", "37576834", "id:"),
        ("id", 37576834.5, "id:"),
        ("codeword", [True] * 32, "codeword[0]"),
        ("key_id", "k1", "key_id"),
        ("profile", "B", "profile 'B' is not known; known are A"),
        ("serial", "375-7683a", "serial is '375-7683a', which is written '375-7683A'"),
        ("serial", "../x", "'.' at position 1"),
        ("maker", "Acme ", "maker is 'Acme ', which is written 'Acme'"),
        ("schema", "pin-engrave/mark/2", "newer than 'pin-engrave/mark/1', the newest this version reads; update"),
        ("schema", "pin-engrave/mark/0", "a mark's is 'pin-engrave/mark/1'"),
        ("schema", "pin-engrave/check/2", "a mark's is 'pin-engrave/mark/1'"),
        ("schema", None, "schema is None"),
        ("colour", "red", "colour"),
    ],
)
def test_a_tampered_document_is_refused(key: str, value: object, message: str) -> None:
    assert message in faults_of({**document(), key: value})


def test_another_id_disagrees_with_everything_at_once() -> None:
    text = faults_of({**document(), "id": 37_576_835})
    assert all(f"{part} disagrees with the id 37576835" in text for part in ("codeword", "characters", "ring"))


@pytest.mark.parametrize("key", [key for key in document() if key != "schema"])
def test_a_missing_part_is_named(key: str) -> None:
    changed = document()
    del changed[key]
    assert f"mark.json: {key}: missing" in faults_of(changed)


def test_the_origin_stands_in_every_fault() -> None:
    with pytest.raises(InputError) as caught:
        mark_from_json({**document(), "id": 1, "serial": "?"}, origin="pins/x/mark.json")
    assert len(caught.value.faults) == 4
    assert all(fault.startswith("pins/x/mark.json: ") for fault in caught.value.faults)
