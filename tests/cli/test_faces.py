"""``face import``: a font becomes a face that jobs find, or is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.base.errors import Exit
from engrave.code.alphabet import ALPHABET

Call = Callable[..., Any]


@pytest.mark.parametrize("mode", ["skeleton", "outline"])
def test_a_font_that_many_have_becomes_a_face(
    call: Call, dejavu: Callable[[str], Path], tmp_path: Path, validators: dict[str, Draft202012Validator], mode: str
) -> None:
    (tmp_path / "library" / "faces").mkdir(parents=True)
    out = tmp_path / "library" / "faces" / "sans.toml"
    called = call("face", "import", dejavu("DejaVuSans"), "--mode", mode, "-o", out, "--json")
    assert called.code == Exit.DONE
    document = called.document
    validators["pin-engrave/face-import/1"].validate(document)
    assert (document["name"], set(document["glyphs"])) == ("sans", set(ALPHABET))
    assert "DejaVu changes are in public domain" in document["licence"]
    assert "DejaVuSans.ttf, SHA-256 " in document["source"]
    library = ("--library", tmp_path / "library")
    assert call("list", "faces", *library).out.split() == ["anvil", "rivet", "sans"]
    shown = call("show", "face", "sans", *library, "-o", tmp_path / "sans.svg")
    assert shown.code == Exit.DONE
    assert "\n  licence = Fonts are (c) Bitstream" in shown.out
    example = api.example_job_text().replace('face = "anvil"', 'face = "sans"')
    (tmp_path / "job.toml").write_text(f'library = "library"\n{example}')
    # Its letters are wider than the shipped ones: the layout of those does not suit it, and a rule says so.
    checked = call("job", "check", tmp_path / "job.toml", "--json")
    assert checked.code == Exit.NO
    assert "L104" in {finding["number"] for finding in checked.document["findings"]}


def test_it_is_told_in_words(call: Call, font: Path, tmp_path: Path) -> None:
    out = tmp_path / "staves.toml"
    told = call("face", "import", font, "-o", out)
    assert (told.code, told.out) == (Exit.DONE, "")
    assert told.err == f"{out}: 32 glyphs; licence: CC0-1.0\n"
    again = call("face", "import", font, "-o", tmp_path / "again.toml", "--quiet")
    assert (again.code, again.out, again.err) == (Exit.DONE, "", "")
    assert (tmp_path / "again.toml").read_text() == out.read_text().replace('"staves"', '"again"')


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("font", "a.toml", "bold"), ("--mode: 'bold' is not known; use one of skeleton, outline",)),
        (("font", "a.ttf", "outline"), ("--out: a.ttf: a face is a .toml file",)),
        (("font", "none/a.toml", "outline"), ("is no folder; make it, or name another file",)),
        (("font", "taken.toml", "outline"), ("taken.toml: is there already; name a new file",)),
        (("taken.toml", "a.toml", "outline"), ("taken.toml: is no TrueType or OpenType font",)),
        (("empty.ttf", "a.toml", "outline"), ("empty.ttf: is no TrueType or OpenType font",)),
        (("cut.ttf", "a.toml", "skeleton"), ("cut.ttf: the font is damaged",)),
        (("absent.ttf", "a.toml", "outline"), ("absent.ttf: cannot read: no such file",)),
        ((".", "a.toml", "outline"), ("cannot read: is a directory",)),
        (("absent.ttf", "none/a.ttf", "bold"), ("--mode: 'bold'", "a.ttf: a face", "is no folder", "absent.ttf")),
    ],
)
def test_what_is_no_font_is_refused_and_nothing_is_written(
    call: Call, font: Path, tmp_path: Path, given: tuple[str, str, str], told: tuple[str, ...]
) -> None:
    (tmp_path / "taken.toml").write_text("mine")
    (tmp_path / "empty.ttf").touch()
    (tmp_path / "cut.ttf").write_bytes(font.read_bytes()[:600])
    before = sorted(tmp_path.iterdir())
    source, out, mode = given
    path = font if source == "font" else tmp_path / source
    called = call("face", "import", path, "--mode", mode, "--out", tmp_path / out, "--json")
    assert called.code == Exit.WRONG_INPUT
    for part in told:
        assert any(part in fault for fault in called.document["faults"]), part
    assert len(called.document["faults"]) == len(told)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "taken.toml").read_text() == "mine"
