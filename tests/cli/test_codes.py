"""``encode`` and ``decode`` against each other, over every serial that is shipped."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Call = Callable[..., Any]
PROJECT = Path(__file__).parent.parent.parent
with (PROJECT / "examples" / "serials.csv").open(newline="") as _file:
    ROWS = [(row["serial"], row["maker"], row["model"]) for row in csv.DictReader(_file)]
# What an examiner may think to see (docs/code-spec.md): each is read as the character beside it.
LOOK_ALIKES = {"1": "I", "0": "O", "B": "8", "6": "G"}


def _encoded(call: Call, serial: str, maker: str, model: str) -> dict[str, Any]:
    called = call("encode", serial, "--maker", maker, "--model", model, "--json")
    assert called.code == 0
    document: dict[str, Any] = called.document
    return document


def _only(document: dict[str, Any]) -> tuple[str, str, str]:
    (candidate,) = document["candidates"]
    return candidate["serial"], candidate["maker"], candidate["model"]


@pytest.mark.parametrize(("serial", "maker", "model"), ROWS)
def test_every_shipped_serial_comes_back(
    call: Call, serial: str, maker: str, model: str, validators: dict[str, Draft202012Validator]
) -> None:
    mark = _encoded(call, serial, maker, model)
    validators["pin-engrave/mark/1"].validate(mark)
    characters = mark["characters"]
    assert call("encode", serial, "--maker", maker, "--model", model).out == f"{characters[:4]} {characters[4:]}\n"
    whole = call("decode", characters, "--json")
    assert whole.code == 0
    validators["pin-engrave/decoding/1"].validate(whole.document)
    assert _only(whole.document) == (serial, maker, model)
    # Two characters lost leave six, any of which fit some code: a candidate, and no identification.
    lost = call("decode", f"??{characters[2:]}", "--json")
    assert lost.code == 3
    assert _only(lost.document) == (serial, maker, model)
    # With the ring of mark.json even all characters may be lost.
    ring = call("decode", "????????", "--ring", "/".join(mark["ring"]), "--json")
    assert ring.code == 0
    assert _only(ring.document) == (serial, maker, model)
    aliased = "".join(LOOK_ALIKES.get(character, character) for character in characters).lower()
    assert call("decode", aliased).out.startswith(f"identified: {characters[:4]} {characters[4:]}  id {mark['id']}  ")


def test_one_ring_track_alone_names_the_pin(call: Call) -> None:
    inner, outer = _encoded(call, *ROWS[9])["ring"]
    for ring in (f"{inner}/", f"/{outer}", f"{inner}/{'?' * 48}"):
        called = call("decode", "????????", "--ring", ring, "--json")
        assert called.code == 0
        assert _only(called.document) == ROWS[9]


def test_contradictory_input_names_nobody(call: Call) -> None:
    one, other = _encoded(call, *ROWS[0]), _encoded(call, *ROWS[10])
    called = call("decode", one["characters"], "--ring", "/".join(other["ring"]), "--json")
    assert called.code == 3
    assert called.document["contradictory"]
    assert not called.document["identified"]
    assert {candidate["serial"] for candidate in called.document["candidates"]} == {ROWS[0][0], ROWS[10][0]}
    told = call("decode", one["characters"], "--ring", "/".join(other["ring"]))
    assert "candidate: " in told.out
    assert "at least one is misread" in told.err


def test_too_little_says_how_much_more(call: Call) -> None:
    called = call("decode", "4?9?N???")
    assert (called.code, called.out) == (3, "")
    assert called.err == "3 more symbols are needed for a candidate\n"


def test_a_reading_and_a_job_at_fault_are_told_together(call: Call, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text("name = 3")
    called = call("decode", "499BNM4!", "--job", tmp_path / "job.toml", "--json")
    assert called.code == 2
    text = "\n".join(called.document["faults"])
    assert "'!' is no character of a mark" in text
    assert "job.toml: name: must be text, not 3" in text
    encoded = call("encode", "../x", "--maker", "Acme", "--model", "P9", "--job", tmp_path / "job.toml", "--json")
    assert "serial '../x'" in "\n".join(encoded.document["faults"])
