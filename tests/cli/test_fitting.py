"""``job fit``: what it tells, what it writes, and what it refuses."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.base.errors import Exit

Call = Callable[..., Any]


def _changed(path: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "job.toml").write_text(text)
    return folder / "job.toml"


def test_the_best_layouts_are_told_and_the_first_is_written(
    call: Call, fitting: Path, tmp_path: Path, validators: dict[str, Draft202012Validator]
) -> None:
    out, again = tmp_path / "fitted.toml", tmp_path / "again.toml"
    called = call("job", "fit", fitting, "-o", out, "--json", "--quiet")
    assert (called.code, called.err) == (Exit.DONE, "")
    document = called.document
    validators["pin-engrave/fit/1"].validate(document)
    told = call("job", "fit", fitting, "-o", again)
    assert told.code == Exit.DONE
    first, *lines = told.out.splitlines()
    assert first.startswith("job example, pin sphere-1.0: chance of identification, predicted")
    assert len(document["layouts"]) == 2
    for number, entry in enumerate(document["layouts"], start=1):
        line, layout = lines[number - 1], entry["layout"]
        assert line.startswith(f"{number}. profile {layout['profile']}: ")
        assert f"characters of {layout['height_um']:g} um" in line
        for track in layout["tracks"]:
            assert f"{track['inner_um']:g} to {track['outer_um']:g}" in line
    assert sum(line.startswith("  L") for line in lines) == len(document["findings"]) == len(lines) - 2
    best = document["layouts"][0]
    assert told.err == f"{again}: the job with profile {best['layout']['profile']}\n"
    # The same job gives the same bytes.
    assert out.read_bytes() == again.read_bytes()
    checked = call("job", "check", out, "--json")
    assert (checked.code, checked.document["verdict"]) == (Exit.DONE, "pass")
    assert checked.document["findings"] == document["findings"]
    written = tomllib.loads(out.read_text())
    assert "fit" not in written
    assert written["layout"]["height"] == f"{best['layout']['height_um']:g}um"
    assert {key: value for key, value in written.items() if key != "layout"} == {
        key: value for key, value in tomllib.loads(fitting.read_text()).items() if key != "fit"
    }


def test_a_layout_that_the_rules_forbid_is_told_and_is_no(call: Call, fitting: Path, tmp_path: Path) -> None:
    """Grooves hardly print: rule L125 forbids them here, and every size with them."""
    path = _changed(fitting, tmp_path, ('["A", "G"]', '["S"]\npolarity = "recessed"'))
    told = call("job", "fit", path)
    assert told.code == Exit.NO
    assert "\n1. profile S, recessed: " in told.out
    assert "  L125 error: " in told.out


def test_a_pin_that_carries_nothing_is_refused_with_reasons(call: Call, fitting: Path, tmp_path: Path) -> None:
    path = _changed(fitting, tmp_path, ('relief = "25um"', 'relief = "600um"'), ('["A", "G"]', '["S"]'))
    called = call("job", "fit", path, "-o", tmp_path / "fitted.toml", "--json")
    assert called.code == Exit.WRONG_INPUT
    (fault,) = called.document["faults"]
    assert fault.startswith("job.toml: fit: no layout fits this pin: profile S: ")
    assert fault in called.err
    assert not (tmp_path / "fitted.toml").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [("taken.toml", "taken.toml: is there already; name a new file"), ("none/new.toml", "there is no folder")],
)
def test_nothing_is_written_over_and_no_search_is_begun_for_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    (tmp_path / "taken.toml").write_text("mine")
    monkeypatch.setattr(api, "fit", lambda _: pytest.fail("searched"))
    called = call("job", "fit", "-o", tmp_path / name)
    assert (called.code, called.out) == (Exit.WRONG_INPUT, "")
    assert told in called.err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("taken.toml", "mine")]


@pytest.mark.parametrize(
    ("fit", "told"),
    [
        ("colour = 3", ("fit.colour: unknown key; known here: face, least_height, polarity, profiles",)),
        ("profiles = []", ("fit.profiles: name at least one of A, D, S, G",)),
        ('profiles = ["A", "Z"]', ("fit.profiles: 'Z' is not known; use A, D, S, G",)),
        ('profiles = "A"', ("fit.profiles: must be a list, not 'A'",)),
        ('face = "nobody"', ("fit.face: 'nobody' is not known; use one of anvil, rivet",)),
        ('polarity = "sunk"', ("fit.polarity: 'sunk' is not known; use one of raised, recessed",)),
        ('least_height = "-3um"', ("fit.least_height: -3 um is not above 0 and at most 260 um",)),
        ('least_height = "261um"', ("fit.least_height: 261 um is not above 0",)),
        ("least_height = 150", ("fit.least_height: 150 has no unit; write '150um'",)),
        (
            'profiles = ["Z"]\nface = "nobody"\ncolour = 3\n[layout]\nrows = []\npolarity = "sunk"',
            ("fit.profiles: 'Z'", "fit.colour: unknown key", "layout.height: missing"),
        ),
    ],
)
def test_every_fault_of_a_fit_is_told(
    call: Call, fitting: Path, tmp_path: Path, fit: str, told: tuple[str, ...]
) -> None:
    path = _changed(fitting, tmp_path, ('profiles = ["A", "G"]', fit))
    for command in ("fit", "check"):
        called = call("job", command, path, "--json")
        assert called.code == Exit.WRONG_INPUT
        assert all(any(part in fault for fault in called.document["faults"]) for part in told)


@pytest.mark.slow
def test_without_a_file_the_example_is_fitted(call: Call, validators: dict[str, Draft202012Validator]) -> None:
    called = call("job", "fit", "--json")
    assert called.code == Exit.DONE
    validators["pin-engrave/fit/1"].validate(called.document)
    assert [called.document[key] for key in ("job", "pin", "verdict")] == ["example", "sphere-1.0", "pass"]
    margins = [entry["margin"] for entry in called.document["layouts"]]
    assert margins == sorted(margins, reverse=True)
    assert {entry["layout"]["profile"] for entry in called.document["layouts"]} == {"A", "D", "S", "G"}
    assert all(entry["conditions"].keys() == {"nominal", "weak"} for entry in called.document["layouts"])
