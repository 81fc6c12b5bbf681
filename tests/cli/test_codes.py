"""``encode`` and ``decode`` against each other, over every serial that is shipped."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave.code.mark import Mark, make_mark
from engrave.code.profiles import PROFILES
from engrave.code.ranges import RangeTable
from engrave.job import load_job

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
PROJECT = Path(__file__).parent.parent.parent
with (PROJECT / "examples" / "serials.csv").open(newline="") as _file:
    ROWS = [(row["serial"], row["maker"], row["model"]) for row in csv.DictReader(_file)]
# What an examiner may think to see (docs/code-spec.md): each is read as the character beside it.
LOOK_ALIKES = {"1": "I", "0": "O", "B": "8", "6": "G"}
SECOND_MARK = "what is doubtful might be of a second mark on top of it; look again, or give more of the mark"


def _encoded(call: Call, serial: str, maker: str, model: str) -> dict[str, Any]:
    called = call("encode", serial, "--maker", maker, "--model", model, "--json")
    assert called.code == 0
    document: dict[str, Any] = called.document
    return document


def _mark_of(profile: str) -> Mark:
    """The mark of serial 375-76834 in a profile that the job has not."""
    return make_mark(
        serial="375-76834",
        maker="Borealis",
        model="Compact",
        ranges=RangeTable(load_job(None).ranges),
        profile=PROFILES[profile],
    )


def _best(document: dict[str, Any]) -> tuple[str, str, str]:
    candidate = document["candidates"][0]
    return candidate["serial"], candidate["maker"], candidate["model"]


def _decoded(call: Call, validators: Validators, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document, the document held against its schema and against what it says elsewhere in itself."""
    called = call("decode", *arguments, "--json")
    document: dict[str, Any] = called.document
    validators["pin-engrave/decoding/1"].validate(document)
    candidates = document["candidates"]
    assert document["identified"] == any(candidate["identified"] for candidate in candidates) == (called.code == 0)
    assert not (document["identified"] and document["contradictory"])
    posteriors = [candidate["posterior"] for candidate in candidates]
    assert posteriors == sorted(posteriors, reverse=True)
    assert sum(posteriors) + document["none_of_these"] == pytest.approx(1, abs=2e-5)
    assert document["not_ours"] <= document["none_of_these"]
    second = candidates[1] if len(candidates) > 1 else None
    keys = ("id", "characters", "posterior", "distance")
    assert document["runner_up"] == (None if second is None else {key: second[key] for key in keys})
    return called.code, document


@pytest.mark.parametrize(("serial", "maker", "model"), ROWS)
def test_every_shipped_serial_comes_back(
    call: Call, serial: str, maker: str, model: str, validators: Validators
) -> None:
    mark = _encoded(call, serial, maker, model)
    validators["pin-engrave/mark/1"].validate(mark)
    characters, ring = mark["characters"], "/".join(mark["ring"])
    assert call("encode", serial, "--maker", maker, "--model", model).out == f"{characters[:4]} {characters[4:]}\n"
    # Eight characters alone, or six: a candidate, and no identification.
    for typed, bits in ((characters, 10), (f"??{characters[2:]}", 0)):
        code, document = _decoded(call, validators, typed)
        assert (code, _best(document)) == (3, (serial, maker, model))
        (exact,) = document["exact"]["candidates"]
        assert (exact["id"], exact["check_bits"]) == (mark["id"], bits)
        assert exact["used"] == exact["agreeing"] == [place for place in range(8) if typed[place] != "?"]
    # With the ring of mark.json even all characters may be lost.
    for typed in (characters, "????????"):
        code, document = _decoded(call, validators, typed, "--ring", ring)
        assert (code, _best(document)) == (0, (serial, maker, model))
    aliased = "".join(LOOK_ALIKES.get(character, character) for character in characters).lower()
    told = call("decode", aliased, "--ring", ring).out
    assert told.startswith(
        f"identified: {characters[:4]} {characters[4:]}  id {mark['id']}  {serial} ({maker}, {model})"
    )
    assert "  used: characters 1-8; inner track 1-9; outer track 1-9\n" in told


def test_characters_and_one_ring_track_name_the_pin(call: Call, validators: Validators) -> None:
    mark = _encoded(call, *ROWS[9])
    inner, outer = mark["ring"]
    for ring in (f"{inner}/", f"/{outer}", f"{inner}/{'?' * 48}"):
        code, document = _decoded(call, validators, mark["characters"], "--ring", ring)
        assert (code, _best(document)) == (0, ROWS[9])
        # A track alone has 15 check bits and a posterior of .996, by clause 11.4.
        code, document = _decoded(call, validators, "????????", "--ring", ring)
        assert (code, _best(document)) == (3, ROWS[9])
        assert document["candidates"][0]["check_bits"] == 15


def test_probabilities_steer_the_ranking(call: Call, validators: Validators) -> None:
    """Five characters are sure and two possible for the sixth: two codes, by hand 7 to 2 in odds."""
    for weights, first, then in (("[4:.7 5:.2]", "499BNM4L", "599BNM"), ("[4:.2 5:.7]", "599BNM", "499BNM4L")):
        code, document = _decoded(call, validators, f"{weights}99BNM??")
        best, second = document["candidates"][:2]
        assert code == 3
        assert best["characters"].startswith(first)
        assert second["characters"].startswith(then)
        assert best["posterior"] / second["posterior"] == pytest.approx(3.5, rel=1e-3)
        # A tenth is left to all others: exact decoding takes the character as lost.
        assert document["exact"]["missing_symbols"] == 1


def test_a_misread_cell_is_overruled_and_told(call: Call, validators: Validators) -> None:
    mark = _encoded(call, *ROWS[0])
    inner, outer = mark["ring"]
    sector = inner.index("1", 3)
    ring = f"{inner[:sector]}0{inner[sector + 1 :]}/{outer}"
    code, document = _decoded(call, validators, mark["characters"], "--ring", ring)
    place = 8 + (sector - 3) // 5
    assert (code, _best(document)) == (0, ROWS[0])
    assert document["candidates"][0]["overruled"] == document["exact"]["left_out"] == [place]
    told = call("decode", mark["characters"], "--ring", ring)
    assert f"  overruled: inner track {place - 7}\n" in told.out
    assert f"exact without inner track {place - 7}: " in told.out
    assert "misread" not in told.err


@pytest.mark.parametrize("profile", ["A", "D", "S"])
def test_any_rotation(call: Call, validators: Validators, profile: str) -> None:
    mark = _mark_of(profile)
    turned = "/".join(track[7:] + track[:7] for track in mark.ring)
    sectors = len(mark.ring[0])
    options = ("--ring", turned, "--profile", profile)
    code, document = _decoded(call, validators, mark.characters, *options, "--any-rotation")
    assert (code, _best(document)) == (0, ("375-76834", "Borealis", "Compact"))
    assert document["candidates"][0]["orientation"] == {"turn": sectors - 7, "mirrored": False, "negative": False}
    # 4 ways of hand and tone in every direction (clause 7).
    assert document["search_bits"] == {"A": 7.6, "D": 8.0, "S": 7.0}[profile]
    # All symbols agree: five bits for each beyond six, less the bits of the search, rounded up.
    (exact,) = document["exact"]["candidates"]
    assert exact["check_bits"] == {"A": 5 * 20 - 8, "D": 5 * 26 - 8, "S": 5 * 8 - 7}[profile]
    told = call("decode", mark.characters, *options, "--any-rotation")
    assert f"  lies: turned by {sectors - 7}\n" in told.out
    mirrored = "/".join(track[0] + track[:0:-1] for track in mark.ring)
    told = call("decode", mark.characters, "--ring", mirrored, "--profile", profile, "--any-rotation")
    assert "  lies: mirrored" in told.out
    # As if it stood upright it contradicts itself.
    code, document = _decoded(call, validators, mark.characters, *options)
    assert (code, document["contradictory"]) == (3, True)


def test_shapes(call: Call, validators: Validators) -> None:
    """The worked example of docs/code-spec.md has the shapes and the characters of another job: no serial here."""
    shapes = "a1 d3 c1 c2 d0 f3 g0 h1 a0 d3 b3 g1"
    code, document = _decoded(call, validators, "QSP9 FRDN", "--shapes", shapes, "--profile", "G")
    assert code == 0
    assert document["candidates"][0]["id"] == 37576834
    assert document["carriers"][-1] == {"name": "shapes", "first": 8, "last": 19}
    damaged = "? d3 c1 ? d0 f3 g0 h1 a0 d3 b3 g1"
    code, document = _decoded(call, validators, "?SP9 ???N", "--shapes", damaged, "--profile", "G")
    assert (code, document["candidates"][0]["id"]) == (0, 37576834)
    assert "no serial of this job's ranges" in call("decode", "QSP9FRDN").out


def test_contradictory_input_names_nobody(call: Call, validators: Validators) -> None:
    one, other = _encoded(call, *ROWS[0]), _encoded(call, *ROWS[10])
    code, document = _decoded(call, validators, one["characters"], "--ring", "/".join(other["ring"]))
    assert (code, document["contradictory"]) == (3, True)
    assert {candidate["serial"] for candidate in document["exact"]["candidates"]} == {ROWS[0][0], ROWS[10][0]}
    told = call("decode", one["characters"], "--ring", "/".join(other["ring"]))
    assert "identified" not in told.out
    assert "against characters 1-8" in told.out
    assert "at least one is misread" in told.err


def test_too_little_says_how_much_more(call: Call) -> None:
    called = call("decode", "4?9?N???")
    assert (called.code, called.out) == (3, "none of these: 1.000000, no mark of this code: 0.990000\n")
    assert called.err == "exact: 3 more symbols are needed to give a code\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("499BNM4L",), "not identified: that takes a posterior of 0.9999; give more of the mark\n"),
        (
            ("?SP9???N", "--shapes", "? d? c1 ? d0 f3 g0 h1 a0 d3 b3 g1", "--profile", "G"),
            f"not identified: {SECOND_MARK}\n",
        ),
        (
            ("QSP9FRDH", "--shapes", "a1 d3 c1 c2 d0 f3 g0 h1 a0 d3 b3 g1", "--profile", "G"),
            "not identified: too much of the reading speaks against the candidate; look again",
        ),
        (("[0123][0123][0123][0123][0123][0123][0123]?",), "exact: the doubtful symbols allow too many combinations\n"),
    ],
)
def test_what_lacks_is_told(call: Call, arguments: tuple[str, ...], told: str) -> None:
    called = call("decode", *arguments)
    assert called.code == 3
    assert told in called.err


def test_many_exact_codes_are_counted(call: Call, validators: Validators) -> None:
    _, document = _decoded(call, validators, "[0123][0123]0000??")
    assert len(document["exact"]["candidates"]) == 16
    assert "exact: 8 more, which --json lists\n" in call("decode", "[0123][0123]0000??").out


def test_another_profile_is_refused_beside_other_faults(call: Call) -> None:
    called = call("decode", "499BNM4#", "--profile", "Z", "--json")
    assert called.code == 2
    profile, character = called.document["faults"]
    assert profile == "profile: there is none called 'Z'; choose one of A, D, S, G"
    assert "column 8: '#'" in character


def test_a_reading_and_a_job_at_fault_are_told_together(call: Call, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text("name = 3")
    called = call("decode", "499BNM4!", "--ring", "1", "--job", tmp_path / "job.toml", "--json")
    assert called.code == 2
    text = "\n".join(called.document["faults"])
    assert "'!' is no character of a mark" in text
    assert "ring: 1 tracks" in text
    assert "job.toml: name: must be text, not 3" in text
    encoded = call("encode", "../x", "--maker", "Acme", "--model", "P9", "--job", tmp_path / "job.toml", "--json")
    assert "serial '../x'" in "\n".join(encoded.document["faults"])
