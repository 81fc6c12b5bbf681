"""Typefaces as files: what is read, and how every fault is named at once."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from fonts.errors import FontError
from fonts.glyph import Contour, Glyph, dots_advance
from fonts.strokes import Corner, Stroke
from fonts.typeface import (
    MOST_FACE_BYTES,
    Typeface,
    load_face,
    load_typeface,
    shipped_typeface,
    shipped_typefaces,
    typeface_to_toml,
)

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
    assert shipped_typefaces() == ("anvil", "rivet")
    with pytest.raises(FontError, match="choose one of: anvil, rivet"):
        shipped_typeface("../anvil")
    with pytest.raises(FontError, match="no glyph '8'; it has 012345679ABCDEFHJKLMNPQRSTUVWXYZ"):
        shipped_typeface("anvil").outline("8", height_um=175.0, stroke_um=20.0)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ('{ dots = ["#.x", "..", "#.."] }', ["row 1: '#.x' may hold only # for a dot", "row 2: '..' is 2 wide"]),
        ('{ dots = ["...", "..."] }', ["dots: there is no #"]),
        ('{ dots = ["###"] }', ["dots: 2 to 64 rows are needed"]),
        ('{ dots = ["", ""] }', ["dots: 2 to 64 rows are needed", "dots: there is no #"]),
        ("{ dots = [] }", ["dots: must be a list of texts"]),
        ('{ dots = ["#", "#"], advance = 1 }', ["advance: unknown key; the keys are dots"]),
        ('{ dots = ["#", "#"], strokes = ["0,0 0,1"] }', ["advance: missing", "dots: unknown key"]),
        ('{ advance = 1, contours = ["0,0 1,0"] }', ["contour 1: a contour needs at least three points"]),
        ('{ advance = 1, contours = ["0,0 1,1 1,0 0,1"] }', ["contour 1: the contour crosses or touches itself"]),
        (
            '{ advance = 1, contours = ["0,0 2,0 1,1", "0,0 1,0~0.1 1,1"] }',
            ["contour 1: 2,0 lies", "contour 2: '1,0~0.1'"],
        ),
        ('{ advance = 1, contours = ["0,0 1,0 1,1", "0,0 1,0 1,1"] }', ["contours: cover one another"]),
        ("{ advance = 1" + 400 * "0" + ', strokes = ["0,0 0,1"] }', ["advance: 1000"]),
        ('{ advance = 1, strokes = ["0,0 0,1~1' + 400 * "0" + ' 1,1"] }', ["stroke 1: 0,1~1000"]),
    ],
)
def test_faults_of_dots_and_contours_say_which_row_or_contour(table: str, found: list[str]) -> None:
    lines = faults(one_glyph(table))
    assert len(lines) == len(found)
    for line, beginning in zip(lines, found, strict=True):
        assert line.startswith(f"face.toml: glyph A: {beginning}")


@pytest.mark.parametrize("text", ["a = " + 5000 * "9", "a = " + 3000 * "["])
def test_numbers_and_lists_without_end_are_refused(text: str) -> None:
    (line,) = faults(text)
    assert line.startswith("face.toml: not TOML: ")


def test_a_glyph_has_one_form() -> None:
    line = Stroke(corners=(Corner(x=0.0, y=0.0), Corner(x=0.0, y=1.0)))
    with pytest.raises(FontError, match="only one of them"):
        Glyph(character="A", advance=1.0)
    with pytest.raises(FontError, match="only one of them"):
        Glyph(character="A", advance=1.0, strokes=(line,), dots=("#", "#"))


def test_contours_are_ink_as_they_are_and_holes_where_they_lie_in_another() -> None:
    face = load_typeface(
        one_glyph('{ advance = 0.5, contours = ["0,0 0.5,0 0.5,1 0,1", "0.1,0.2 0.4,0.2 0.4,0.8 0.1,0.8"] }'),
        origin="t",
    )
    outline = face.outline("A", height_um=100.0, stroke_um=20.0)
    assert outline.bounds == pytest.approx((-25.0, -50.0, 25.0, 50.0))
    assert outline.area == pytest.approx(50 * 100 - 30 * 60)
    assert face.glyph("A").cell_width_um(height_um=100.0, stroke_um=20.0) == pytest.approx(50.0)


# The ring's tooth.


def plain_tooth(angle_rad: float, inner_um: float, outer_um: float, width_um: float) -> shapely.Geometry:
    """A radial stroke with round ends between two radii, written out: GEOS's buffer of 16 chords a quarter."""
    direction = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    ends = np.outer([inner_um + width_um / 2, outer_um - width_um / 2], direction)
    return shapely.LineString(ends).buffer(width_um / 2, quad_segs=16)


@pytest.mark.parametrize("angle_rad", [np.pi / 2, 0.0, 1.0, -2.5])
@pytest.mark.parametrize(("inner_um", "outer_um", "width_um"), [(435.0, 510.0, 20.0), (400.0, 470.0, 31.7)])
def test_without_a_drawing_a_tooth_is_a_radial_stroke(
    angle_rad: float, inner_um: float, outer_um: float, width_um: float
) -> None:
    tooth = shipped_typeface("anvil").tooth_outline(depth_um=outer_um - inner_um, width_um=width_um)
    placed = translate(
        rotate(tooth, angle_rad - np.pi / 2, origin=(0, 0), use_radians=True),
        np.cos(angle_rad) * (inner_um + outer_um) / 2,
        np.sin(angle_rad) * (inner_um + outer_um) / 2,
    )
    known = plain_tooth(angle_rad, inner_um, outer_um, width_um)
    assert shapely.hausdorff_distance(placed, known) < 1e-6
    assert placed.symmetric_difference(known).area < 1e-4


def test_a_tooth_is_drawn_upright_with_its_foot_towards_the_centre() -> None:
    text = one_glyph('{ advance = 1, strokes = ["0,0 0,1"] }')
    face = load_typeface(f'tooth = {{ advance = 0.4, strokes = ["0.2,0 0.2,1", "0,0 0.4,0"] }}\n{text}', origin="t")
    tooth = face.tooth_outline(depth_um=75.0, width_um=20.0)
    # 0.4 of an em of 55 um, and the pen; the foot's bar lies at the lower end.
    assert tooth.bounds == pytest.approx((-21.0, -37.5, 21.0, 37.5))
    assert tooth.centroid.y < -3.0


def test_a_tooth_must_be_as_deep_as_its_track() -> None:
    text = one_glyph('{ advance = 1, strokes = ["0,0 0,1"] }')
    short = 'tooth = { advance = 0.4, strokes = ["0.2,0 0.2,0.9"] }'
    assert faults(f"{short}\n{text}") == [
        "face.toml: tooth: must reach from y = 0 to y = 1, so that it is exactly as deep as its track"
    ]
    assert faults(f"tooth = 3\n{text}")[0].startswith("face.toml: tooth: must be a table")


@pytest.mark.parametrize(
    ("depth_um", "width_um"), [(20.0, 20.0), (75.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)]
)
def test_a_tooth_must_be_deeper_than_wide(depth_um: float, width_um: float) -> None:
    with pytest.raises(FontError, match="less than the depth"):
        shipped_typeface("anvil").tooth_outline(depth_um=depth_um, width_um=width_um)


# Faces as files.


def test_a_face_of_the_users_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(one_glyph('{ dots = ["#", "#"] }'), encoding="utf-8")
    assert load_face(path).name == "Test"
    path.write_text(HEAD, encoding="utf-8")
    with pytest.raises(FontError, match=r"mine\.toml: glyphs: missing"):
        load_face(path)
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(FontError, match=r"mine\.toml: byte 9 is not UTF-8"):
        load_face(path)
    path.write_bytes(b"#" * (MOST_FACE_BYTES + 1))
    with pytest.raises(FontError, match="is larger than"):
        load_face(path)
    with pytest.raises(FontError, match=r"none\.toml: cannot read: no such file"):
        load_face(tmp_path / "none.toml")


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda text: text == text.strip() != "")
NUMBERS = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0, 1e-9, 0.1, 1 / 3]))


@st.composite
def glyphs(draw: st.DrawFn, character: str) -> Glyph:
    form = draw(st.sampled_from(["strokes", "dots", "contours"]))
    if form == "dots":
        width = draw(st.integers(1, 5))
        rows = tuple(draw(st.lists(st.text("#.", min_size=width, max_size=width), min_size=2, max_size=7)))
        rows = ("#" * width, *rows[1:])
        return Glyph(character=character, advance=dots_advance(rows), dots=rows)
    if form == "contours":
        x, y = draw(st.floats(0.01, 1.0)), draw(st.floats(0.01, 1.0))
        contour: Contour = ((0.0, 0.0), (x, 0.0), (x, y), (0.0, y))
        return Glyph(character=character, advance=1.0, contours=(contour,))
    points = draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=5, unique=True))
    corners = [Corner(x=x, y=y) for x, y in points]
    if draw(st.booleans()):
        corners = [Corner(x=0.0, y=0.0), Corner(x=0.0, y=1.0, radius=draw(st.floats(1e-3, 0.5))), Corner(x=1.0, y=1.0)]
    advance = draw(st.floats(1.0, 3.0))
    legs = np.hypot(*np.diff([(corner.x, corner.y) for corner in corners], axis=0).T)
    if legs.min() == 0.0:
        corners = [Corner(x=0.0, y=0.0), Corner(x=1.0, y=1.0)]
    return Glyph(character=character, advance=advance, strokes=(Stroke(corners=tuple(corners)),))


@st.composite
def typefaces(draw: st.DrawFn) -> Typeface:
    signs = st.characters(codec="utf-8")
    names = draw(st.lists(signs, min_size=1, max_size=4, unique=True))
    letters = draw(st.lists(signs, max_size=2, unique=True))
    tooth = Glyph(character="tooth", advance=0.0, dots=("#", "#", "#")) if draw(st.booleans()) else None
    return Typeface(
        name=draw(TEXTS),
        licence=draw(TEXTS),
        notes=draw(TEXTS),
        source=draw(TEXTS),
        glyphs={name: draw(glyphs(name)) for name in names},
        shapes={name: draw(glyphs(name)) for name in letters},
        tooth=tooth,
    )


@settings(deadline=None, max_examples=60)
@given(face=typefaces())
def test_a_face_written_as_toml_is_read_back_equal(face: Typeface) -> None:
    assert load_typeface(typeface_to_toml(face), origin="face.toml") == face


@pytest.mark.parametrize("name", ["anvil", "rivet"])
def test_shipped_faces_are_read_back_equal(name: str) -> None:
    face = shipped_typeface(name)
    assert load_typeface(typeface_to_toml(face), origin="face.toml") == face
