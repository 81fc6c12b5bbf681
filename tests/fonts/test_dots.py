"""The dot face: what a drill can make of it, and how far its glyphs stand apart."""

from itertools import product

import numpy as np
import pytest

from fonts.damage import confusion
from fonts.glyph import dot_centres
from fonts.separation import rasterise, uncovered
from fonts.strokes import ink
from fonts.typeface import load_typeface, shipped_typeface

FACE = shipped_typeface("rivet")
CHARACTERS = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
ROWS, COLUMNS = 7, 5
# What the face's notes say of how far dots stand apart, um: height, dot, gap.
STATED = [(150.0, 18.0, 4.0), (175.0, 20.0, 5.8)]

Dots = frozenset[tuple[int, int]]

every_glyph = pytest.mark.parametrize("character", CHARACTERS)


def dots_of(character: str) -> Dots:
    rows = FACE.glyph(character).dots
    return frozenset((x, y) for y, row in enumerate(rows) for x, sign in enumerate(row) if sign == "#")


def shifted(dots: Dots, right: int, down: int) -> Dots:
    return frozenset((x + right, y + down) for x, y in dots)


def fewest_outside(dots: Dots, others: Dots) -> int:
    """Dots outside the others at the shift, of up to a dot each way, that hides most."""
    return min(len(shifted(dots, *shift) - others) for shift in product((-1, 0, 1), repeat=2))


def test_the_face_has_the_alphabet_in_five_by_seven() -> None:
    assert "".join(FACE.glyphs) == CHARACTERS
    assert {tuple(map(len, glyph.dots)) for glyph in FACE.glyphs.values()} == {(COLUMNS,) * ROWS}


@every_glyph
@pytest.mark.parametrize(("height_um", "dot_um", "gap_um"), STATED)
def test_dots_are_discs_that_stand_apart(character: str, height_um: float, dot_um: float, gap_um: float) -> None:
    outline = FACE.outline(character, height_um=height_um, stroke_um=dot_um)
    assert len(outline.geoms) == len(dots_of(character))
    assert all(part.area == pytest.approx(np.pi * dot_um**2 / 4, rel=0.005) for part in outline.geoms)
    _, south, _, north = outline.bounds
    assert (south, north) == pytest.approx((-height_um / 2, height_um / 2), abs=1e-9)
    wide = FACE.glyph(character).cell_width_um(height_um=height_um, stroke_um=dot_um)
    assert wide == pytest.approx(4 * (height_um - dot_um) / 6 + dot_um)
    # Swollen by less than the gap they are apart still, by more they touch where dots are neighbours.
    lines = FACE.skeleton(character, height_um=height_um, stroke_um=dot_um)
    assert len(ink(lines, stroke_um=dot_um + 0.95 * gap_um).geoms) == len(lines)
    assert len(ink(lines, stroke_um=dot_um + 1.05 * gap_um).geoms) < len(lines)


def test_dots_stand_where_their_rows_say() -> None:
    text = 'name = "T"\nlicence = "x"\nnotes = "x"\nsource = "x"\n[glyphs]\nA = { dots = ["#.", "..", ".#"] }\n'
    face = load_typeface(text, origin="t")
    # Three rows: half an em apart; 120 um high with dots of 20: an em of 100.
    assert [point.tolist() for point in face.skeleton("A", height_um=120.0, stroke_um=20.0)] == [
        [[-25.0, 50.0]],
        [[25.0, -50.0]],
    ]
    assert dot_centres(("#.", "..", ".#")).tolist() == [[0.0, 1.0], [0.5, 0.0]]


def test_no_glyph_is_another_with_dots_missing() -> None:
    inside = [
        f"{one} in {other}: {fewest_outside(dots_of(one), dots_of(other))}"
        for one, other in product(CHARACTERS, repeat=2)
        if one != other and fewest_outside(dots_of(one), dots_of(other)) < 2
    ]
    assert inside == []


@pytest.mark.parametrize(("across", "down"), [(True, False), (False, True), (True, True)])
def test_mirrored_or_turned_no_glyph_is_one_of_the_face(*, across: bool, down: bool) -> None:
    alike = []
    for one, other in product(CHARACTERS, repeat=2):
        turned = frozenset((COLUMNS - 1 - x if across else x, ROWS - 1 - y if down else y) for x, y in dots_of(one))
        differing = min(len(shifted(turned, *shift) ^ dots_of(other)) for shift in product((-1, 0, 1), repeat=2))
        alike += [f"{one} as {other}: {differing}"] if differing < 2 else []
    assert alike == []


def test_any_two_differ_by_7_percent_when_one_is_thin_and_the_other_swollen() -> None:
    skeletons = [FACE.skeleton(character, height_um=150.0, stroke_um=18.0) for character in CHARACTERS]
    thin, fat = (
        [rasterise(ink(lines, stroke_um=factor * 18.0), half_width_um=75.0, half_height_um=90.0) for lines in skeletons]
        for factor in (0.6, 1.5)
    )
    outside = uncovered(thin, fat, most_shift_px=6) + np.eye(len(CHARACTERS))
    assert outside.min() >= 0.07


def test_worn_it_is_read_as_other_dot_faces_are() -> None:
    # Other dots of 5 x 7 got .851 in this damage, 36 characters at 150 um with dots of 25 um, which merge; here 18 um.
    skeletons = [FACE.skeleton(character, height_um=150.0, stroke_um=18.0) for character in CHARACTERS]
    counts = confusion(skeletons, height_um=150.0, stroke_um=18.0, trials=10, seed=0)
    assert counts.trace() / counts.sum() > 0.8
