"""The rules that the face was drawn to, at the height and stroke it was drawn for."""

import numpy as np
import pytest
import shapely

from fonts.separation import MaskArray, land_fraction, rasterise, uncovered
from fonts.strokes import FloatArray, ink
from fonts.typeface import shipped_typeface

FACE = shipped_typeface("anvil")
CHARACTERS = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
HEIGHT_UM = 175.0
STROKE_UM = 20.0
MOST_SHIFT_PX = 7  # 17.5 um of 2.5 um pixels: a tenth of the height

every_glyph = pytest.mark.parametrize("character", CHARACTERS)


def masks(*, stroke_um: float) -> list[MaskArray]:
    """The skeletons of the nominal size restroked: a worn or a swollen glyph keeps the place of its strokes."""
    skeletons = [FACE.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM) for character in CHARACTERS]
    return [rasterise(ink(lines, stroke_um=stroke_um), half_width_um=90.0, half_height_um=105.0) for lines in skeletons]


def too_close(outside: FloatArray, least: float) -> list[str]:
    return [f"{CHARACTERS[i]} in {CHARACTERS[j]}: {outside[i, j]:.3f}" for i, j in np.argwhere(outside < least)]


def test_the_face_has_the_alphabet_and_no_more() -> None:
    assert "".join(FACE.glyphs) == CHARACTERS


@every_glyph
@pytest.mark.parametrize(("height_um", "stroke_um"), [(175.0, 20.0), (150.0, 12.0), (211.7, 30.1)])
def test_ink_is_as_high_as_asked_and_centred(character: str, height_um: float, stroke_um: float) -> None:
    outline = FACE.outline(character, height_um=height_um, stroke_um=stroke_um)
    west, south, east, north = outline.bounds
    assert outline.is_valid
    assert (south, north) == pytest.approx((-height_um / 2, height_um / 2), abs=1e-9)
    assert west == pytest.approx(-east, abs=1e-9)


@every_glyph
@pytest.mark.parametrize("stroke_um", [12.0, 17.3, 20.0, 30.0])
def test_outline_is_clean(character: str, stroke_um: float) -> None:
    outline = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=stroke_um)
    assert outline.is_valid
    for polygon in outline.geoms:
        ring = shapely.get_coordinates(polygon.exterior)
        assert polygon.exterior.is_ccw
        assert np.hypot(*np.diff(ring, axis=0).T).min() > 1e-6


@every_glyph
def test_wide_enough(character: str) -> None:
    west, _, east, _ = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM).bounds
    assert 0.75 <= (east - west) / HEIGHT_UM <= 0.85


@every_glyph
def test_stroke_is_constant(character: str) -> None:
    outline = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    lines = FACE.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    edge = shapely.points(shapely.get_coordinates(outline))
    distance = shapely.distance(shapely.MultiLineString(list(lines)), edge)
    assert distance.max() == pytest.approx(STROKE_UM / 2, abs=1e-9)
    assert distance.min() >= STROKE_UM / 2 - 0.05


@every_glyph
@pytest.mark.parametrize("stroke_um", [12.0, 20.0, 30.0])
def test_no_counter_is_closed(character: str, stroke_um: float) -> None:
    outline = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=stroke_um)
    assert all(not polygon.interiors for polygon in outline.geoms)


@every_glyph
def test_gaps_are_a_stroke_or_more(character: str) -> None:
    # Ink swollen by half a stroke on every side bridges whatever is narrower: no part may join, no counter close.
    lines = FACE.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    nominal, bridged = (ink(lines, stroke_um=stroke_um) for stroke_um in (STROKE_UM, 2 * STROKE_UM - 0.01))
    assert len(bridged.geoms) == len(nominal.geoms)
    assert all(not polygon.interiors for polygon in bridged.geoms)


@every_glyph
def test_local_land(character: str) -> None:
    outline = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    mask = rasterise(outline, half_width_um=180.0, half_height_um=180.0)
    land = land_fraction(mask, sigma_um=30.0)
    assert land[mask].mean() <= 0.30
    assert land.max() <= 0.45


def test_no_glyph_is_a_subset_of_another() -> None:
    nominal = masks(stroke_um=STROKE_UM)
    outside = uncovered(nominal, nominal, most_shift_px=MOST_SHIFT_PX) + np.eye(len(CHARACTERS))
    assert too_close(outside, 0.15) == []


def test_any_two_differ_by_7_percent_when_one_is_thin_and_the_other_swollen() -> None:
    thin, swollen = masks(stroke_um=0.6 * STROKE_UM), masks(stroke_um=1.5 * STROKE_UM)
    outside = uncovered(thin, swollen, most_shift_px=MOST_SHIFT_PX) + np.eye(len(CHARACTERS))
    assert too_close(outside, 0.07) == []


@pytest.mark.parametrize(
    ("rows", "columns", "own", "others"),
    [(1, -1, 0.09, 0.18), (-1, 1, 0.09, 0.18), (-1, -1, 0.07, 0.18)],
    ids=["left-right", "upside down", "turned by half"],
)
def test_mirrored_or_turned_no_glyph_reads_as_one_of_the_face(
    rows: int, columns: int, own: float, others: float
) -> None:
    nominal = masks(stroke_um=STROKE_UM)
    turned = [mask[::rows, ::columns] for mask in nominal]
    # Two shapes look alike where each hides under the other.
    apart = np.maximum(
        uncovered(turned, nominal, most_shift_px=MOST_SHIFT_PX),
        uncovered(nominal, turned, most_shift_px=MOST_SHIFT_PX).T,
    )
    assert too_close(apart, own) == []
    assert too_close(apart + np.eye(len(CHARACTERS)), others) == []


@every_glyph
def test_outlines_are_the_same_every_time(character: str) -> None:
    first, second = (
        shipped_typeface("anvil").outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM).wkb for _ in range(2)
    )
    assert first == second
