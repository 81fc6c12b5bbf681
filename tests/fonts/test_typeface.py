"""Typefaces as files: what is read, and how every fault is named at once."""

import pytest

from fonts.errors import FontError
from fonts.typeface import load_typeface, shipped_typeface, shipped_typefaces

HEAD = 'name = "Test"\nlicence = "CC0-1.0"\nnotes = "two strokes"\nsource = "a test"\n'


def faults(text: str) -> list[str]:
    with pytest.raises(FontError) as caught:
        load_typeface(text, origin="face.toml")
    return str(caught.value).splitlines()


def one_glyph(table: str) -> str:
    return f"{HEAD}[glyphs]\nA = {table}\n"


def test_a_sound_file_is_read_whole() -> None:
    face = load_typeface(
        one_glyph('{ advance = 1, strokes = ["0,0 .5,1 1,0", "0.2,0.4 0.8,0.4"] }'), origin="face.toml"
    )
    assert (face.name, face.licence, face.notes, face.source) == ("Test", "CC0-1.0", "two strokes", "a test")
    assert tuple(face.glyphs) == ("A",)
    first, second = face.glyphs["A"].strokes
    assert [(corner.x, corner.y, corner.radius) for corner in first.corners] == [(0, 0, 0), (0.5, 1, 0), (1, 0, 0)]
    assert len(second.corners) == 2


def test_every_fault_is_named_at_once_with_glyph_and_stroke() -> None:
    text = f"""{HEAD.replace('"CC0-1.0"', "3")}colour = "red"
[glyphs]
A = {{ advance = 0.8, strokes = ["0,0 0.9,1", "0,0", "0;0 0,1"] }}
BC = {{ advance = -1, strokes = [] }}
D = {{ advance = 0.8, strokes = ["0,0~0.1 0,1~0.9 0.5,1", "0,0 0,0"] }}
E = {{ strokes = ["0,0 0,1"], width = 3 }}
F = 7
"""
    found = faults(text)
    expected = [
        "face.toml: colour: unknown key",
        "face.toml: licence: must be text",
        "face.toml: glyph A: stroke 1: 0.9,1 lies outside the cell, which is 0.8 wide and 1 high",
        "face.toml: glyph A: stroke 2: a stroke needs at least two points",
        "face.toml: glyph A: stroke 3: '0;0' is no corner",
        "face.toml: glyph BC: the key must be one character",
        "face.toml: glyph BC: advance: -1 is no width",
        "face.toml: glyph BC: strokes: must be a list of texts",
        "face.toml: glyph D: stroke 1: 0,0~0.1 is an end",
        "face.toml: glyph D: stroke 2: 0,0 is followed by the same point again",
        "face.toml: glyph E: advance: missing",
        "face.toml: glyph E: width: unknown key",
        "face.toml: glyph F: must be a table",
    ]
    assert len(found) == len(expected)
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('{ advance = 0.8, strokes = ["0,0 0,1~0.9 0.5,1"] }', "needs 0.900 of a leg 0.500 long"),
        ('{ advance = 0.8, strokes = ["0,0 0,1~0.3 0.5,1~0.3 0.5,0"] }', "needs 0.600 of a leg 0.500 long"),
        ('{ advance = 0.8, strokes = ["0,0 0,1~0.1 0,0.5"] }', "0,1~0.1 turns straight back"),
        ('{ advance = 0.8, strokes = ["0,0 0,1.01"] }', "0,1.01 lies outside the cell"),
        ('{ advance = 0.8, strokes = ["0,0 -0.1,1"] }', "'-0.1,1' is no corner"),
        ('{ advance = 0.8, strokes = ["0,0 nan,1"] }', "'nan,1' is no corner"),
        ('{ advance = 0.8, strokes = ["0,0 0,1", 4] }', "strokes: must be a list of texts"),
        ('{ advance = true, strokes = ["0,0 0,1"] }', "advance: True is no width"),
        ('{ advance = inf, strokes = ["0,0 0,1"] }', "advance: inf is no width"),
        ("{ advance = 0.8 }", "strokes: missing"),
    ],
)
def test_a_fault_says_what_and_where(table: str, fault: str) -> None:
    (line,) = faults(one_glyph(table))
    assert line.startswith("face.toml: glyph A: ")
    assert fault in line


@pytest.mark.parametrize("radius", ["0.5", "0.50"])
def test_a_rounding_may_take_a_leg_to_its_end(radius: str) -> None:
    load_typeface(one_glyph(f'{{ advance = 0.8, strokes = ["0,0 0,1~{radius} 0.5,1"] }}'), origin="face.toml")


def test_a_file_without_glyphs_is_refused() -> None:
    assert faults(HEAD) == ["face.toml: glyphs: missing"]
    assert faults(f"{HEAD}[glyphs]\n") == ["face.toml: glyphs: a typeface needs at least one"]
    assert faults(f"{HEAD}glyphs = 3\n") == ["face.toml: glyphs: must be tables, one a character, such as [glyphs.A]"]


def test_shapes_are_read_apart_from_the_glyphs() -> None:
    text = one_glyph('{ advance = 1, strokes = ["0,0 0,1"] }')
    face = load_typeface(f'{text}[shapes]\na = {{ advance = 0.5, strokes = ["0,0 0.5,1"] }}\n', origin="face.toml")
    assert (tuple(face.glyphs), tuple(face.shapes)) == (("A",), ("a",))
    assert face.shape("a").advance == 0.5
    with pytest.raises(FontError, match="Test: no shape 'b'; it has a"):
        face.shape("b")
    with pytest.raises(FontError, match="Test: no glyph 'a'; it has A"):
        face.glyph("a")
    with pytest.raises(FontError, match="it has no shapes"):
        load_typeface(text, origin="face.toml").shape("a")


def test_faults_of_shapes_say_that_they_are_shapes() -> None:
    text = one_glyph('{ advance = 1, strokes = ["0,0"] }')
    found = faults(f'{text}[shapes]\na = {{ advance = 1, strokes = ["0,0"] }}\n')
    assert [fault.split(": ")[1] for fault in found] == ["glyph A", "shape a"]
    sound = one_glyph('{ advance = 1, strokes = ["0,0 0,1"] }')
    assert faults(f"{sound}[shapes]\n") == ["face.toml: shapes: a typeface needs at least one"]
    assert faults(f"shapes = 3\n{sound}") == ["face.toml: shapes: must be tables, one a character, such as [shapes.A]"]


def test_a_file_that_is_no_toml_says_where() -> None:
    (line,) = faults("name = \n")
    assert line.startswith("face.toml: not TOML: ")
    assert "line 1" in line


def test_unknown_names_are_answered_with_those_that_exist() -> None:
    assert shipped_typefaces() == ("anvil",)
    with pytest.raises(FontError, match="choose one of: anvil"):
        shipped_typeface("../anvil")
    with pytest.raises(FontError, match="no glyph '8'; it has 012345679ABCDEFHJKLMNPQRSTUVWXYZ"):
        shipped_typeface("anvil").outline("8", height_um=175.0, stroke_um=20.0)
