"""The rules that the face was drawn to, at the height and stroke it was drawn for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from fonts.damage import confusion
from fonts.separation import MaskArray, Separation, land_fraction, rasterise, separation, uncovered
from fonts.strokes import FloatArray, ink
from fonts.typeface import shipped_typeface

FACE = shipped_typeface("anvil")
CHARACTERS = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
HEIGHT_UM = 175.0
STROKE_UM = 20.0
MOST_SHIFT_PX = 7  # 17.5 um of 2.5 um pixels: a tenth of the height

every_glyph = pytest.mark.parametrize("character", CHARACTERS)


DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def apart() -> Separation:
    return separation(FACE, CHARACTERS, height_um=HEIGHT_UM, stroke_um=STROKE_UM)


@pytest.fixture(scope="module")
def evidence() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "evidence" / "faces.json").read_text(encoding="utf-8"))
    return document


def masks() -> list[MaskArray]:
    skeletons = [FACE.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM) for character in CHARACTERS]
    return [rasterise(ink(lines, stroke_um=STROKE_UM), half_width_um=90.0, half_height_um=105.0) for lines in skeletons]


def land_of(character: str) -> tuple[float, float]:
    """Mean over the glyph's ink, and the greatest anywhere."""
    outline = FACE.outline(character, height_um=HEIGHT_UM, stroke_um=STROKE_UM)
    mask = rasterise(outline, half_width_um=180.0, half_height_um=180.0)
    land = land_fraction(mask, sigma_um=30.0)
    return float(land[mask].mean()), float(land.max())


def worn_share(*, stroke_um: float, trials: int, seed: int) -> float:
    """How many worn characters of 150 um are read right, 0 to 1."""
    skeletons = [FACE.skeleton(character, height_um=150.0, stroke_um=stroke_um) for character in CHARACTERS]
    counts = confusion(skeletons, height_um=150.0, stroke_um=stroke_um, trials=trials, seed=seed)
    return float(np.trace(counts) / counts.sum())


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
    mean, most = land_of(character)
    assert mean <= 0.30
    assert most <= 0.445


def test_no_glyph_is_a_subset_of_another(apart: Separation) -> None:
    assert apart.subsets == ()
    assert too_close(apart.equal, 0.15) == []


def test_any_two_differ_by_8_percent_when_one_is_thin_and_the_other_swollen(apart: Separation) -> None:
    """OCR-B's own rule asks for 7."""
    assert too_close(apart.thin_in_swollen, 0.08) == []


@pytest.mark.parametrize("stroke_um", [20.0, 25.0])
def test_worn_characters_are_read_right(stroke_um: float) -> None:
    assert worn_share(stroke_um=stroke_um, trials=6, seed=7) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("stroke_um", [20.0, 25.0])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (1, 2))])
def test_worn_characters_are_read_right_in_40_trials_each(stroke_um: float, seed: int) -> None:
    assert worn_share(stroke_um=stroke_um, trials=40, seed=seed) >= 0.94


@pytest.mark.parametrize(
    ("rows", "columns", "own", "others"),
    [(1, -1, 0.095, 0.28), (-1, 1, 0.095, 0.20), (-1, -1, 0.085, 0.20)],
    ids=["left-right", "upside down", "turned by half"],
)
def test_mirrored_or_turned_no_glyph_reads_as_one_of_the_face(
    rows: int, columns: int, own: float, others: float
) -> None:
    nominal = masks()
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


def test_the_page_states_the_land_of_every_glyph() -> None:
    cells = [cell.strip() for cell in (DOCS / "face.md").read_text(encoding="utf-8").split("|")]
    for character in CHARACTERS:
        stated = cells[cells.index(character) + 1 : cells.index(character) + 3]
        assert stated == [f"{value:.3f}".lstrip("0") for value in land_of(character)], character


def test_the_page_states_what_the_faces_gave(evidence: dict[str, Any]) -> None:
    lines = (DOCS / "face.md").read_text(encoding="utf-8").splitlines()
    for name, face in evidence["faces"].items():
        worn = " | ".join(
            f"{one['share']:.3f} ({one['wilson_95'][0]:.3f} to {one['wilson_95'][1]:.3f})"
            for one in face["by_stroke_um"].values()
        )
        first, second = face["closest"]
        pair = f"{100 * face['least_apart']:.1f} %, {first} in {second}"
        assert f"| {name} | {worn} | {pair} | {len(face['subsets'])} |" in lines
    for name, face in evidence["harness"].items():
        assert f"| {name} | {face['recorded']:.3f} | {face['share']:.3f} |" in lines


def test_the_harness_gives_what_it_gave_before(evidence: dict[str, Any]) -> None:
    for name in ("Hershey futural", "OCR-B"):
        assert abs(evidence["harness"][name]["share"] - evidence["harness"][name]["recorded"]) <= 0.02


def test_the_face_is_read_better_than_any_beside_it(evidence: dict[str, Any], apart: Separation) -> None:
    assert evidence["characters"] == CHARACTERS
    ours = evidence["faces"]["Anvil"]
    # The evidence is of this drawing.
    assert ours["least_apart"] == pytest.approx(apart.least, abs=0.002)
    assert tuple(ours["closest"]) == apart.worst
    for stroke_um, result in ours["by_stroke_um"].items():
        least, _ = result["wilson_95"]
        assert least >= 0.93
        others = [face["by_stroke_um"][stroke_um] for name, face in evidence["faces"].items() if name != "Anvil"]
        assert len(others) >= 3
        assert all(least > other["wilson_95"][1] for other in others)
