"""Faces from font files, against FreeType (another reader of fonts), against known strokes, and against damage."""

import math
import struct
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageFont
from shapely.affinity import translate

from fonts.damage import confusion
from fonts.errors import FontError
from fonts.opentype import MOST_FONT_BYTES, Mode, typeface_from_file
from fonts.separation import rasterise
from fonts.strokes import ink
from fonts.typeface import load_typeface, typeface_to_toml

CHARACTERS = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
PIXELS = 1000  # an em, for FreeType
HEIGHT_UM = 175.0

Fonts = Callable[[str], Path]
Contours = list[tuple[tuple[float, float], ...]]
ContoursOf = Callable[[Sequence[Sequence[tuple[float, float]]], float], Contours]
FontOf = Callable[..., bytes]

# Known strokes, font units: a pen of 80 on lines from 40 to 660 makes capitals that are 700 high.
STEM = 80.0
KNOWN: dict[str, list[list[tuple[float, float]]]] = {
    "H": [[(100, 40), (100, 660)], [(500, 40), (500, 660)], [(100, 350), (500, 350)]],
    "L": [[(100, 660), (100, 40), (450, 40)]],
    "T": [[(60, 660), (540, 660)], [(300, 660), (300, 40)]],
    "X": [[(100, 40), (500, 660)], [(100, 660), (500, 40)]],
    "E": [[(450, 660), (100, 660), (100, 40), (450, 40)], [(100, 350), (400, 350)]],
    "I": [[(300, 40), (300, 660)]],
    "-": [[(100, 350), (400, 350)]],
}


def written(data: bytes, folder: Path, name: str = "font.ttf") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def freetype(path: Path, character: str) -> np.ndarray[Any, Any]:
    """The glyph as FreeType draws it: coverage 0 to 1, cropped to its ink, row 0 the topmost."""
    font = ImageFont.truetype(str(path), PIXELS, layout_engine=ImageFont.Layout.BASIC)
    mask = font.getmask(character, mode="L")
    image = Image.frombytes("L", mask.size, bytes(mask))
    box = image.getbbox()
    assert box is not None
    return np.asarray(image.crop(box), dtype=np.float64) / 255.0


@pytest.mark.parametrize("style", ["DejaVuSans", "DejaVuSerif-Bold", "DejaVuSansMono-Oblique"])
def test_outlines_cover_what_freetype_draws(style: str, dejavu: Fonts) -> None:
    path = dejavu(style)
    face = typeface_from_file(path, CHARACTERS, mode="outline")
    assert "".join(face.glyphs) == CHARACTERS
    capitals_px = freetype(path, "H").shape[0]
    for character in CHARACTERS:
        judge = freetype(path, character)
        outline = face.outline(character, height_um=HEIGHT_UM, stroke_um=20.0)
        west, south, east, north = outline.bounds
        assert outline.is_valid
        assert (south, north) == pytest.approx((-HEIGHT_UM / 2, HEIGHT_UM / 2), abs=1e-6)
        assert east - west == pytest.approx(judge.shape[1] / capitals_px * HEIGHT_UM, abs=0.003 * HEIGHT_UM)
        # Both stretched to the same frame, sampled at FreeType's pixels; antialiased edges count by their share.
        rows, columns = judge.shape
        x_um, y_um = np.meshgrid(
            west + (np.arange(columns) + 0.5) * (east - west) / columns,
            north - (np.arange(rows) + 0.5) * (north - south) / rows,
        )
        shapely.prepare(outline)
        ours = shapely.contains_xy(outline, x_um, y_um)
        assert np.abs(ours - judge).sum() < 0.02 * judge.sum(), character
        # The area, without the half pixels of sampling.
        pixel_um2 = (east - west) * (north - south) / (rows * columns)
        assert outline.area == pytest.approx(judge.sum() * pixel_um2, rel=0.01)


def test_outlines_do_not_change_with_the_stroke_and_have_no_skeleton(dejavu: Fonts) -> None:
    face = typeface_from_file(dejavu("DejaVuSans"), "AB", mode="outline")
    thin, fat = (face.outline("B", height_um=150.0, stroke_um=stroke_um) for stroke_um in (5.0, 40.0))
    assert thin.wkb == fat.wkb
    assert [len(part.interiors) for part in thin.geoms] == [2]  # a B has two counters
    assert face.glyph("B").cell_width_um(height_um=150.0, stroke_um=20.0) == pytest.approx(
        thin.bounds[2] - thin.bounds[0], abs=0.05
    )
    with pytest.raises(FontError, match="drawn by contours"):
        face.skeleton("A", height_um=150.0, stroke_um=20.0)
    with pytest.raises(FontError, match="less than the height"):
        face.outline("A", height_um=150.0, stroke_um=150.0)


@pytest.mark.parametrize(
    ("style", "mean", "most"),
    [
        ("DejaVuSans", 0.12, 0.2),
        ("DejaVuSansMono", 0.12, 0.2),
        ("DejaVuSans-ExtraLight", 0.12, 0.2),
        ("DejaVuSans-Bold", 0.17, 0.5),  # its 4 has a foot shorter than its stroke is wide, which goes as a spur
    ],
)
def test_skeletons_drawn_again_cover_the_font_they_came_from(
    style: str, mean: float, most: float, dejavu: Fonts
) -> None:
    path = dejavu(style)
    face = typeface_from_file(path, CHARACTERS)
    solid = typeface_from_file(path, CHARACTERS, mode="outline")
    stem = float(face.notes.split("own was ")[1].split(" ")[0])
    shares = []
    for character in CHARACTERS:
        drawn = face.outline(character, height_um=HEIGHT_UM, stroke_um=stem * HEIGHT_UM)
        own = solid.outline(character, height_um=HEIGHT_UM, stroke_um=20.0)
        assert (drawn.bounds[1], drawn.bounds[3]) == pytest.approx((-HEIGHT_UM / 2, HEIGHT_UM / 2), abs=1e-6)
        # Cells are as wide as what is drawn, so that the two need not stand over one another.
        least = min(translate(drawn, x_um).symmetric_difference(own).area for x_um in np.arange(-15.0, 15.1, 2.5))
        shares.append(least / own.area)
        assert len(drawn.geoms) == len(own.geoms), character
        # No counter is lost and none is made.
        assert sum(len(part.interiors) for part in drawn.geoms) == sum(len(part.interiors) for part in own.geoms)
    # The font's strokes are not of one width and end square; a round pen of one width misses that much.
    assert np.mean(shares) < mean
    assert max(shares) < most


@pytest.mark.parametrize("compact", [False, True], ids=["TrueType", "CFF"])
def test_known_strokes_come_back(compact: bool, font_of: FontOf, contours_of: ContoursOf, tmp_path: Path) -> None:  # noqa: FBT001 - a table's column
    data = font_of({character: contours_of(lines, STEM) for character, lines in KNOWN.items()}, compact=compact)
    face = typeface_from_file(written(data, tmp_path), "".join(KNOWN))
    for character, lines in KNOWN.items():
        found = face.skeleton(character, height_um=700.0, stroke_um=STEM)
        points = np.array([point for line in lines for point in line])
        middle = np.array([(points[:, 0].min() + points[:, 0].max()) / 2, 350.0])
        known = shapely.segmentize(shapely.MultiLineString([np.array(line) - middle for line in lines]), 2.0)
        drawn = shapely.segmentize(shapely.MultiLineString(list(found)), 2.0)
        assert len(found) == len(lines), character
        assert shapely.hausdorff_distance(known, drawn) < 0.12 * STEM, character
        outline = face.outline(character, height_um=700.0, stroke_um=STEM)
        original = ink(tuple(np.array(line) - middle for line in lines), stroke_um=STEM)
        assert outline.symmetric_difference(original).area < 0.04 * original.area, character


def test_a_stem_alone_has_a_cell_and_stands_in_its_middle(
    font_of: FontOf, contours_of: ContoursOf, tmp_path: Path
) -> None:
    data = font_of({"H": contours_of(KNOWN["H"], STEM), "I": contours_of(KNOWN["I"], STEM)})
    west, _, east, _ = (
        typeface_from_file(written(data, tmp_path), "I").outline("I", height_um=150.0, stroke_um=20.0).bounds
    )
    assert (west, east) == pytest.approx((-10.0, 10.0), abs=0.1)


def test_overlapping_contours_are_one_ink_and_reversed_ones_are_counters(font_of: FontOf, tmp_path: Path) -> None:
    """A variable font leaves its parts overlapping; by the nonzero rule the overlap is ink."""
    upright = ((0.0, 0.0), (0.0, 700.0), (100.0, 700.0), (100.0, 0.0))  # clockwise
    lying = ((0.0, 300.0), (0.0, 400.0), (400.0, 400.0), (400.0, 300.0))
    box = ((0.0, 0.0), (0.0, 700.0), (400.0, 700.0), (400.0, 0.0))
    hole = ((100.0, 100.0), (300.0, 100.0), (300.0, 600.0), (100.0, 600.0))  # anticlockwise
    data = font_of({"H": [box, hole], "A": [upright, lying]})
    face = typeface_from_file(written(data, tmp_path), "HA", mode="outline")
    # At 700 um an em unit is a font unit: 100 x 700 + 400 x 100 - 100 x 100, and 400 x 700 - 200 x 500.
    assert face.outline("A", height_um=700.0, stroke_um=1.0).area == pytest.approx(100_000.0, rel=1e-3)
    assert face.outline("H", height_um=700.0, stroke_um=1.0).area == pytest.approx(180_000.0, rel=1e-3)


def test_name_licence_and_source_come_from_the_name_table(dejavu: Fonts) -> None:
    path = dejavu("DejaVuSans")
    face = typeface_from_file(path, "A")
    judge = ImageFont.truetype(str(path), 10).getname()
    assert judge == ("DejaVu Sans", "Book")
    assert face.name == "DejaVu Sans"
    assert face.licence.startswith("Fonts are (c) Bitstream (see below). DejaVu changes are in public domain.")
    assert "http://dejavu.sourceforge.net/wiki/index.php/License" in face.licence
    assert face.source.startswith("DejaVuSans.ttf, SHA-256 ")
    assert "Copyright (c) 2003 by Bitstream" in face.source
    assert typeface_from_file(path, "A", name="Mine").name == "Mine"


def test_a_font_that_states_no_licence_is_not_given_one(
    font_of: FontOf, contours_of: ContoursOf, tmp_path: Path
) -> None:
    data = font_of({"H": contours_of(KNOWN["H"], STEM)}, names={"familyName": "Bare\x07", "styleName": "Regular"})
    face = typeface_from_file(written(data, tmp_path), "H")
    assert face.licence.startswith("The font states no licence")
    assert face.name == "Bare"


@pytest.mark.parametrize("mode", ["skeleton", "outline"])
def test_an_imported_face_is_kept_as_a_file_of_ours(mode: Mode, dejavu: Fonts) -> None:
    face = typeface_from_file(dejavu("DejaVuSerif"), CHARACTERS + 'aä"\\.', mode=mode)
    assert load_typeface(typeface_to_toml(face), origin="face.toml") == face


def test_a_skeleton_can_be_worn_and_read(dejavu: Fonts) -> None:
    face = typeface_from_file(dejavu("DejaVuSansMono"), "EFX")
    skeletons = [face.skeleton(character, height_um=150.0, stroke_um=20.0) for character in face.glyphs]
    counts = confusion(skeletons, height_um=150.0, stroke_um=20.0, trials=10, seed=0)
    assert counts.trace() > 20


def test_every_missing_character_is_named_at_once(dejavu: Fonts) -> None:
    with pytest.raises(FontError, match=r"DejaVuSans\.ttf: has no glyph for 漢字; leave them out"):
        typeface_from_file(dejavu("DejaVuSans"), "A漢B字")
    with pytest.raises(FontError, match=r"no ink in the glyph for ' ', '\\xa0'"):
        typeface_from_file(dejavu("DejaVuSans"), "A \xa0")


def test_what_was_asked_for_must_make_sense(dejavu: Fonts) -> None:
    path = dejavu("DejaVuSans")
    with pytest.raises(FontError, match="no characters were asked for"):
        typeface_from_file(path, "")
    with pytest.raises(FontError, match="mode 'bold' is not known"):
        typeface_from_file(path, "A", mode="bold")  # type: ignore[arg-type] # as a caller without types may
    assert tuple(typeface_from_file(path, "ABA").glyphs) == ("A", "B")


def test_without_fonttools_the_message_says_what_to_install(
    font_of: FontOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(font_of({}), tmp_path)
    monkeypatch.setitem(sys.modules, "fontTools.ttLib", None)
    with pytest.raises(FontError, match=r"pip install 'pin-engrave\[opentype\]'"):
        typeface_from_file(path, "A")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is no TrueType or OpenType font"),
        (b"wOF2" + bytes(100), "is no TrueType or OpenType font"),
        (b"ttcf" + bytes(100), "is no TrueType or OpenType font"),
        (b"\x00\x01\x00\x00", "the font is damaged"),
        (b"OTTO" + b"\xff" * 100, "the font is damaged"),
    ],
)
def test_a_file_that_is_no_font_is_refused(data: bytes, fault: str, tmp_path: Path) -> None:
    with pytest.raises(FontError, match=f"^font.ttf: {fault}"):
        typeface_from_file(written(data, tmp_path), "A")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"none\.ttf: cannot read: no such file"):
        typeface_from_file(tmp_path / "none.ttf", "A")
    with pytest.raises(FontError, match="cannot read: is a directory"):
        typeface_from_file(tmp_path, "A")
    with pytest.raises(FontError, match="is larger than"):
        typeface_from_file(written(b"\x00\x01\x00\x00" + bytes(MOST_FONT_BYTES), tmp_path), "A")


def with_table(data: bytes, tag: bytes, table: bytes) -> bytes:
    """The font with other bytes for a table, put at its end."""
    changed = bytearray(data)
    for at in range(12, 12 + 16 * int.from_bytes(data[4:6]), 16):
        if data[at : at + 4] == tag:
            changed[at + 8 : at + 16] = struct.pack(">II", len(data), len(table))
    return bytes(changed) + table


def cmap(subtable: bytes) -> bytes:
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + subtable


GROUP_BOMB = cmap(struct.pack(">HHIII", 12, 0, 28, 0, 1) + struct.pack(">III", 0, 0xFFFFFFFF, 0))
SEGMENTS = 4000
SEGMENT_BOMB = cmap(
    struct.pack(">HHHHHHH", 4, 16 + 8 * SEGMENTS, 0, 2 * SEGMENTS, 0, 0, 0)
    + b"\xff\xff" * SEGMENTS
    + b"\0\0"
    + b"\0\0" * 3 * SEGMENTS
)
NAME_BOMB = struct.pack(">HHH", 0, 5000, 6) + struct.pack(">HHHHHH", 3, 1, 0x409, 1, 0xFFFF, 0) * 5000 + bytes(0x10000)


@pytest.mark.parametrize(
    ("tag", "table", "fault"),
    [
        (b"cmap", GROUP_BOMB, "cmap names more characters"),
        (b"cmap", SEGMENT_BOMB, "cmap names more characters"),
        (b"name", NAME_BOMB, "more text than a font can have"),
        (b"cmap", b"", "damaged|no glyph"),
        (b"head", bytes(54), "damaged"),
    ],
)
def test_a_table_that_would_fill_the_memory_is_refused(
    *, tag: bytes, table: bytes, fault: str, font_of: FontOf, contours_of: ContoursOf, tmp_path: Path
) -> None:
    data = with_table(font_of({"H": contours_of(KNOWN["H"], STEM)}), tag, table)
    with pytest.raises(FontError, match=fault):
        typeface_from_file(written(data, tmp_path), "H")


def test_a_glyph_of_parts_of_parts_without_end_is_refused(tmp_path: Path) -> None:
    """Thirty glyphs, each made of the one before twice: 2^29 parts of nothing."""
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", *(f"g{depth}" for depth in range(30))]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord("A"): "g29"})
    glyphs = {name: TTGlyphPen(None).glyph() for name in names[:2]}
    for before, name in pairwise(names[1:]):
        pen = TTGlyphPen(dict.fromkeys(names))
        pen.addComponent(before, (1, 0, 0, 1, 0, 0))
        pen.addComponent(before, (1, 0, 0, 1, 10, 0))
        glyphs[name] = pen.glyph()
    for glyph in glyphs.values():
        glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
    # Neither measured nor counted: that would take as long as what is to be refused.
    builder.setupGlyf(glyphs, calcGlyphBounds=False)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Bomb", "styleName": "Regular"})
    builder.setupPost()
    builder.font.recalcBBoxes = False
    file = BytesIO()
    builder.save(file)
    with pytest.raises(FontError, match="put together from more than 256 parts"):
        typeface_from_file(written(file.getvalue(), tmp_path), "A")


def test_a_program_that_calls_itself_without_end_is_refused(font_of: FontOf, tmp_path: Path) -> None:
    """Thirty subroutines, each calling the next twice, draw nothing and would run 2^30 times."""
    font = TTFont(BytesIO(font_of({"H": [((0.0, 0.0), (0.0, 700.0), (80.0, 700.0), (80.0, 0.0))]}, compact=True)))
    top = font["CFF "].cff.topDictIndex[0]
    routines = top.GlobalSubrs
    for number in range(30):
        call = [number + 1 - 107, "callgsubr"] * 2 if number < 29 else []
        routines.append(T2CharString(program=[*call, "return"]))
    top.CharStrings["u0048"].setProgram([600, -107, "callgsubr", "endchar"])
    font.recalcBBoxes = False  # that would run them
    file = BytesIO()
    font.save(file)
    with pytest.raises(FontError, match="more instructions than a drawing needs"):
        typeface_from_file(written(file.getvalue(), tmp_path), "H")


def test_a_scribble_is_refused(font_of: FontOf, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    scribble = tuple((float(x), float(y)) for x, y in rng.integers(0, 700, size=(600, 2)))
    crowd = tuple((float(x), float(x % 7)) for x in range(5000))
    data = font_of({"H": [scribble], "A": [crowd]})
    with pytest.raises(FontError, match="cross more than"):
        typeface_from_file(written(data, tmp_path), "H")
    with pytest.raises(FontError, match="more than 4000 points"):
        typeface_from_file(written(data, tmp_path), "A")


@pytest.mark.parametrize("number", range(40))
def test_damaged_fonts_are_refused_or_read(number: int, dejavu: Fonts, tmp_path: Path) -> None:
    rng = np.random.default_rng([5, number])
    data = bytearray(dejavu("DejaVuSansMono").read_bytes())
    directory = 12 + 16 * int.from_bytes(data[4:6])
    # Half of the damage goes where it tells: the directory and the tables at the beginning.
    reach = directory if number % 4 == 0 else 4000 if number % 4 == 1 else len(data)
    for at in rng.integers(4, reach, size=rng.integers(1, 400)):
        data[at] = rng.integers(256)
    if number % 4 == 3:
        del data[int(rng.integers(len(data))) :]
    try:
        face = typeface_from_file(written(bytes(data), tmp_path), "H0")
    except FontError as error:
        refused = str(error)
    else:
        refused = ""
        assert all(math.isfinite(glyph.advance) for glyph in face.glyphs.values())
        mask = rasterise(face.outline("H", height_um=150.0, stroke_um=20.0), half_width_um=500.0, half_height_um=90.0)
        assert mask.any()
    assert refused == "" or refused.startswith("font.ttf: ")
