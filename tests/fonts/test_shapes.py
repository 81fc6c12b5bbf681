"""The rules that the eight shapes were drawn to, at the height and stroke they were drawn for.

An image of a shape is one of the eight ways in which it can be turned by quarter turns and mirrored.
"""

import numpy as np
import pytest

from fonts.damage import confusion
from fonts.separation import MaskArray, land_fraction, rasterise, turned, uncovered
from fonts.strokes import FloatArray, ink
from fonts.typeface import Glyph, shipped_typeface

FACE = shipped_typeface("anvil")
LETTERS = "abcdefgh"
HEIGHT_UM = 150.0
STROKE_UM = 20.0
MOST_SHIFT_PX = 6  # 15 um of 2.5 um pixels: a tenth of the height
IMAGES = [(letter, turns, mirrored) for letter in LETTERS for mirrored in (False, True) for turns in range(4)]

every_shape = pytest.mark.parametrize("letter", LETTERS)


def skeleton_of(shape: Glyph, turns: int = 0, *, mirrored: bool = False) -> tuple[FloatArray, ...]:
    return turned(shape.skeleton(height_um=HEIGHT_UM, stroke_um=STROKE_UM), turns, mirrored=mirrored)


def masks(images: list[tuple[str, int, bool]], *, stroke_um: float) -> list[MaskArray]:
    """Restroked: a worn or a swollen shape keeps the place of its strokes."""
    skeletons = [skeleton_of(FACE.shape(letter), turns, mirrored=mirrored) for letter, turns, mirrored in images]
    return [
        rasterise(ink(lines, stroke_um=stroke_um), half_width_um=100.0, half_height_um=100.0) for lines in skeletons
    ]


def too_close(*, ink_um: float, cover_um: float, least: float) -> list[str]:
    """Shapes that are hidden but for less than ``least`` under an image that is not the shape as it stands."""
    upright = [(letter, 0, False) for letter in LETTERS]
    outside = uncovered(
        masks(upright, stroke_um=ink_um), masks(IMAGES, stroke_um=cover_um), most_shift_px=MOST_SHIFT_PX
    )
    return [
        f"{LETTERS[i]} in {IMAGES[j]}: {outside[i, j]:.3f}"
        for i, j in np.argwhere(outside < least)
        if IMAGES[j] != upright[i]
    ]


def test_the_face_has_the_eight_shapes_and_no_more() -> None:
    assert "".join(FACE.shapes) == LETTERS


@every_shape
@pytest.mark.parametrize(("height_um", "stroke_um"), [(150.0, 20.0), (150.0, 12.0), (211.7, 30.1)])
def test_ink_is_as_high_as_asked_centred_and_no_wider(letter: str, height_um: float, stroke_um: float) -> None:
    outline = FACE.shape(letter).outline(height_um=height_um, stroke_um=stroke_um)
    west, south, east, north = outline.bounds
    assert outline.is_valid
    assert (south, north) == pytest.approx((-height_um / 2, height_um / 2), abs=1e-9)
    assert west == pytest.approx(-east, abs=1e-9)
    assert east <= height_um / 2 + 1e-9


@every_shape
@pytest.mark.parametrize("stroke_um", [12.0, 20.0, 30.0])
def test_a_shape_is_one_piece_without_a_closed_counter(letter: str, stroke_um: float) -> None:
    outline = FACE.shape(letter).outline(height_um=HEIGHT_UM, stroke_um=stroke_um)
    assert [len(polygon.interiors) for polygon in outline.geoms] == [0]


@every_shape
def test_gaps_are_a_stroke_or_more(letter: str) -> None:
    # Ink swollen by half a stroke on every side bridges whatever is narrower: no counter may close.
    bridged = ink(skeleton_of(FACE.shape(letter)), stroke_um=2 * STROKE_UM - 0.01)
    assert [len(polygon.interiors) for polygon in bridged.geoms] == [0]


@every_shape
def test_local_land(letter: str) -> None:
    outline = FACE.shape(letter).outline(height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    mask = rasterise(outline, half_width_um=180.0, half_height_um=180.0)
    land = land_fraction(mask, sigma_um=30.0)
    assert land[mask].mean() <= 0.30
    assert land.max() <= 0.45


def test_no_shape_is_a_subset_of_any_image_of_any_shape() -> None:
    assert too_close(ink_um=STROKE_UM, cover_um=STROKE_UM, least=0.18) == []


def test_images_differ_by_10_percent_when_one_is_thin_and_the_other_swollen() -> None:
    assert too_close(ink_um=0.6 * STROKE_UM, cover_um=1.5 * STROKE_UM, least=0.10) == []


def test_worn_shapes_are_read_as_what_they_are() -> None:
    """Of 32 classes, chance would read one in 32; the letters of the face are read in 95 % of the same trials."""
    skeletons = [skeleton_of(FACE.shape(letter), turns) for letter in LETTERS for turns in range(4)]
    counts = confusion(skeletons, height_um=HEIGHT_UM, stroke_um=STROKE_UM, trials=4, seed=1)
    assert np.trace(counts) >= 0.97 * counts.sum()
