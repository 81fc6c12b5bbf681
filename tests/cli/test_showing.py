"""``list`` and ``show`` as people type them: singular kinds, pictures, long lists."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.api.measuring import fit_pin

Call = Callable[..., Any]
SINGULAR = {
    "conditions": "condition",
    "ensembles": "ensemble",
    "faces": "face",
    "fixtures": "fixture",
    "formats": "format",
    "machines": "machine",
    "millings": "milling",
    "pins": "pin",
    "primers": "primer",
    "processes": "process",
    "profiles": "profile",
    "rules": "rule",
    "sinkings": "sinking",
}
_SVG = "{http://www.w3.org/2000/svg}svg"


def test_a_kind_may_be_named_in_the_singular(call: Call, validators: dict[str, Draft202012Validator]) -> None:
    assert set(SINGULAR) == set(api.kinds())
    for kind, one in SINGULAR.items():
        assert call("list", one).out == call("list", kind).out
        listed = call("list", one, "--json").document
        validators["pin-engrave/names/1"].validate(listed)
        name = listed["kinds"][kind][0]
        shown = call("show", one, name, "--json")
        assert shown.document == call("show", kind, name, "--json").document
        assert shown.document["kind"] == kind
        validators["pin-engrave/entry/1"].validate(shown.document)


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [("pin", "chisel-1.8x0.7", "chisel.svg"), ("pins", "worn-1.0", "worn.SVG"), ("face", "rivet", "rivet.svg")],
)
def test_pins_and_faces_are_drawn(call: Call, tmp_path: Path, kind: str, name: str, file: str) -> None:
    out = tmp_path / file
    drawn = call("show", kind, name, "-o", out)
    assert drawn.code == 0
    assert drawn.out == call("show", kind, name).out
    assert drawn.err == f"{out}: {kind.removesuffix('s')}s {name}\n"
    picture = out.read_text()
    assert ET.fromstring(picture).tag == _SVG  # noqa: S314 - our own drawing
    assert name in picture.lower()
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_with_json_there_is_one_document_and_no_word_beside_it(call: Call, tmp_path: Path) -> None:
    called = call("show", "pin", "flat-1.8", "-o", tmp_path / "flat.svg", "--json")
    assert (called.code, called.err, called.document["name"]) == (0, "", "flat-1.8")
    assert (tmp_path / "flat.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pin", "flat-1.8", "-o", "{}/a.png"), ("--output: .png: a picture is drawn as .svg",)),
        (("pin", "flat-1.8", "-o", "{}/a"), ("--output: no ending: a picture is drawn as .svg",)),
        (("face", "rivet", "-o", "{}/mine.svg"), ("mine.svg: is there already; name a new file",)),
        (("face", "rivet", "-o", "{}/none/a.svg"), ("there is no folder",)),
        (("process", "fs-steel", "-o", "{}/a.svg"), ("processes are not drawn; pins and faces are",)),
        (("rules", "XX", "-o", "{}/a.pdf"), ("'XX' is not among the rules", "rules are not drawn", ".pdf")),
        (("pinz", "flat-1.8", "-o", "{}/a.svg"), ("'pinz' is not a kind; known: conditions,",)),
        (("pin", "flat-9", "-o", "{}/a.gif"), ("'flat-9' is not among the pins", ".gif")),
        (("pin", "../flat-1.8", "-o", "{}/a.svg"), ("is not among the pins",)),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    call: Call, tmp_path: Path, arguments: tuple[str, ...], told: tuple[str, ...]
) -> None:
    (tmp_path / "mine.svg").write_text("mine")
    called = call("show", *(argument.replace("{}", str(tmp_path)) for argument in arguments))
    assert (called.code, called.out) == (2, "")
    for part in told:
        assert part in called.err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("mine.svg", "mine")]


def test_the_heights_of_a_measured_pin_are_summarised_in_words(call: Call, scan: Path, tmp_path: Path) -> None:
    (tmp_path / "pins").mkdir()
    fit_pin(scan, unit="mm", model="measured", out=tmp_path / "pins" / "ball.toml")
    document = call("show", "pin", "ball", "--library", tmp_path, "--json").document
    rows = document["value"]["heights_um"]
    least, most = min(map(min, rows)), max(map(max, rows))
    told = call("show", "pin", "ball", "--library", tmp_path, "-o", tmp_path / "ball.svg")
    assert f"  heights_um = {len(rows)} x {len(rows[0])} numbers, {least:g} to {most:g}\n" in told.out
    # The words of a source are as long as they are; no figure makes a line longer than that.
    assert all(len(line) < 130 for line in told.out.splitlines() if "source of" not in line)
    assert ET.fromstring((tmp_path / "ball.svg").read_text()).tag == _SVG  # noqa: S314 - our own drawing


def test_lists_that_are_short_stand_whole_and_clauses_line_by_line(call: Call) -> None:
    assert "\n  rows" not in call("show", "pin", "worn-1.0").out
    assert "\n  profile_r_um = [0.0, 50.0, 100.0," in call("show", "pin", "worn-1.0").out
    told = call("show", "rule", "NJ").out
    assert "\n  clauses.1.number = NJ-1\n" in told
    assert "\n  clauses.5.number = NJ-5\n" in told
    assert "{" not in told
    lines = call("show", "face", "rivet").out.splitlines()
    assert all(line.startswith("  ") for line in lines[1:])


def test_what_follows_from_a_process_is_shown_with_it(call: Call, validators: dict[str, Draft202012Validator]) -> None:
    shown = call("show", "process", "fs-steel-fine", "--json").document
    validators["pin-engrave/entry/1"].validate(shown)
    assert [step["kind"] for step in shown["derived"]] == [step["kind"] for step in shown["value"]["steps"]]
    # docs/laser.md: the depth of a rough pass on a level, and its crater.
    assert shown["derived"][0]["pass_depth_um"] == pytest.approx(0.395, abs=5e-4)
    assert shown["derived"][0]["crater_um"] == pytest.approx(12.10, abs=5e-3)
    assert [finding["number"] for finding in shown["findings"]] == ["M406"]
    words = call("show", "process", "fs-steel-fine").out
    assert "derived for steps.1 (rough): crater_um = 12.1" in words
    assert "M406 info: steps.4 (clean)" in words
    assert "derived" not in call("show", "pin", "sphere-1.0", "--json").document
