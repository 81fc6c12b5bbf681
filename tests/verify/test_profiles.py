"""Readings of every profile held against their marks, made by hand: symbols, findings, carriers, documents."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import box

from engrave.code.alphabet import ALPHABET
from engrave.code.decode import decode_symbols
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILES
from engrave.code.shapes import SHAPE_NAMES
from engrave.layout import LayoutSettings, Places, Track, plan_places
from engrave.layout.places import ShapeCircle
from engrave.reading import LOST, CharacterReading, Reading, ShapeReading
from engrave.strike import Condition, Impression
from engrave.verify.check import symbols_of
from engrave.verify.compare import Measured, compare_reading
from engrave.verify.document import lands_to_json
from engrave.verify.trials import carried, carriers_of, rates, told
from engrave.verify.weighed import likelihoods_of, weighed
from toolpaths.surface import HeightMap

IDENTIFIER = 2_076_834
NARROW = box(-900.0, -350.0, 900.0, 350.0)
SURFACE = HeightMap(z_um=np.zeros((2, 2)), pixel_um=1.0, x0_um=0.0, y0_um=0.0, frame="reading")
IMPRESSION = Impression(
    surface=SURFACE, contact_um=700.0, pressure=2.0, dent_um=300.0, sunk_um=0.0, force_n=900.0, energy_j=0.3
)


def mark_of(profile: str, identifier: int = IDENTIFIER) -> Mark:
    return mark_with_id(
        identifier=identifier, serial="375-76834", maker="Borealis", model="Compact", profile=PROFILES[profile]
    )


def places_of(profile: str, *, narrow: bool = False, polarity: str = "raised") -> Places:
    own = PROFILES[profile]
    tracks = (Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
    settings = LayoutSettings(
        profile=profile,
        face="anvil",
        height_um=175.0,
        stroke_um=14.0,
        column_pitch_um=175.0,
        row_pitch_um=215.0,
        tooth_um=14.0 if own.tracks else None,
        tracks=tracks[: own.tracks],
        shapes=ShapeCircle(height_um=110.0, radius_um=530.0) if own.shapes else None,
        polarity=polarity,
    )
    return plan_places(own, settings, within=NARROW if narrow else None)


def character(place: str, decided: str) -> CharacterReading:
    return CharacterReading(
        place=place, character=decided, score=0.9, runner_up="1", runner_up_score=0.1, contrast_um=20.0
    )


def shape(place: str, decided: str | None) -> ShapeReading:
    return ShapeReading(place=place, shape=decided, score=0.9, runner_up="a0", runner_up_score=0.1, contrast_um=20.0)


def rows_of(symbols: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Certain of these."""
    rows = np.full((len(symbols), 32), -9.0)
    rows[np.arange(len(symbols)), symbols] = 0.0
    return rows


def read(mark: Mark, places: Places) -> Reading:
    """Everything that stands on the tip was read, and rightly."""
    present = places.present()
    ring = np.array([[int(cell) for cell in track] for track in mark.ring], dtype=np.int8).reshape(present.shape)
    return Reading(
        found=True,
        score=0.9,
        x_um=0.0,
        y_um=0.0,
        rotation_rad=0.0,
        mirrored=False,
        scale=1.0,
        aspect=1.0,
        aspect_axis_rad=0.0,
        inverted=places.settings.polarity == "recessed",
        characters=tuple(
            character(place.name, own) for place, own in zip(places.characters, mark.characters, strict=True)
        ),
        cells=np.where(present, ring, LOST).astype(np.int8),
        cell_contrast_um=np.zeros(ring.shape),
        shapes=tuple(shape(place.name, own) for place, own in zip(places.shapes, mark.shapes, strict=True)),
        character_log_likelihoods=rows_of([ALPHABET.index(own) for own in mark.characters]),
        cell_log_ratios=np.where(present, np.where(ring == 1, 5.0, -5.0), 0.0),
        shape_log_likelihoods=rows_of([SHAPE_NAMES.index(own) for own in mark.shapes]),
        relief_um=20.0,
        contact_um=700.0,
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_the_symbols_of_a_whole_reading_are_the_codewords(profile: str) -> None:
    mark, own = mark_of(profile), PROFILES[profile]
    reading = read(mark, places_of(profile))
    symbols = symbols_of(reading, own)
    assert symbols == mark.codeword[: own.carried]
    best = decode_symbols(symbols, own).identified
    assert best is not None
    assert best.id == IDENTIFIER
    # Five for each symbol beyond six.
    assert best.check_bits == 5 * (own.carried - 6)
    assert symbols_of(replace(reading, found=False), own) == (None,) * own.carried
    soft = weighed(reading, own).identified
    assert soft is not None
    assert soft.id == IDENTIFIER


def test_shapes_are_weighed_with_the_characters() -> None:
    reading = read(mark_of("G"), places_of("G"))
    soft = likelihoods_of(reading, PROFILES["G"])
    np.testing.assert_array_equal(soft.shapes, reading.shape_log_likelihoods)
    # Three characters make 15 bits; with twelve shapes there are 75, of which 30 are the id's.
    few = reading.character_log_likelihoods.copy()
    few[3:] = 0.0
    best = weighed(replace(reading, character_log_likelihoods=few), PROFILES["G"]).identified
    assert best is not None
    assert best.id == IDENTIFIER


@pytest.mark.parametrize("profile", ["A", "D", "S"])
def test_a_symbol_with_an_absent_cell_is_lost_to_exact_decoding_and_its_other_cells_are_weighed(profile: str) -> None:
    own, places = PROFILES[profile], places_of(profile, narrow=True)
    mark = mark_of(profile)
    reading = read(mark, places)
    symbols = symbols_of(reading, own)
    marks = len(own.mark_cells[0])
    whole = places.present()[:, marks:].reshape(-1, 5).all(axis=1)
    assert [symbol is not None for symbol in symbols[8:]] == whole.tolist()
    assert 0 < whole.sum() < whole.size
    assert all(symbol in (None, meant) for symbol, meant in zip(symbols, mark.codeword, strict=False))
    # A tooth or gap said for certain where there is a place, and nothing elsewhere.
    ratios = likelihoods_of(reading, own).cells
    np.testing.assert_array_equal(ratios != 0, places.present())
    assert weighed(reading, own).candidates[0].id == IDENTIFIER


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("polarity", ["raised", "recessed"])
def test_a_right_reading_has_no_findings(profile: str, polarity: str) -> None:
    places = places_of(profile, narrow=profile in {"A", "S"}, polarity=polarity)
    assert compare_reading(read(mark_of(profile), places), mark_of(profile), places) == ()


@pytest.mark.parametrize(("polarity", "words"), [("raised", "are recessed or floors"), ("recessed", "are raised")])
def test_the_wrong_tone_is_told_by_what_was_drawn(polarity: str, words: str) -> None:
    places = places_of("G", polarity=polarity)
    reading = read(mark_of("G"), places)
    (finding,) = compare_reading(replace(reading, inverted=not reading.inverted), mark_of("G"), places)
    assert finding.number == "R403"
    assert words in finding.message


def test_an_absent_cell_is_neither_lost_nor_wrong_and_a_present_one_may_be_either() -> None:
    places, mark = places_of("D", narrow=True), mark_of("D")
    reading = read(mark, places)
    cells = np.array(reading.cells)
    lost, wrong = (int(sector) for sector in np.flatnonzero(places.present()[1])[[2, 5]])
    cells[1, lost] = LOST
    cells[1, wrong] = 1 - cells[1, wrong]
    found = {one.number: one for one in compare_reading(replace(reading, cells=cells), mark, places)}
    assert set(found) == {"R407", "R408"}
    assert found["R407"].message == f"1 cells cannot be read: sectors {lost}"
    assert found["R408"].message == f"1 cells read otherwise than intended: sectors {wrong}"


def test_shapes_that_cannot_be_read_or_read_otherwise_are_named() -> None:
    places, mark = places_of("G"), mark_of("G")
    reading = read(mark, places)
    # A quarter turn more is another symbol.
    turned = mark.shapes[4][0] + str((int(mark.shapes[4][1]) + 1) % 4)
    shapes = list(reading.shapes)
    shapes[2], shapes[4] = shape("shape 2", None), shape("shape 4", turned)
    lost, wrong = compare_reading(replace(reading, shapes=tuple(shapes)), mark, places)
    assert (lost.number, lost.place, lost.message) == ("R411", "shape 2", f"shape {mark.shapes[2]!r} cannot be read")
    assert (wrong.number, wrong.place) == ("R412", "shape 4")
    assert wrong.message == f"shape {mark.shapes[4]!r} reads as {turned!r}"


@pytest.mark.parametrize(
    ("profile", "about"), [("A", ("ring",)), ("D", ("ring",)), ("S", ("ring",)), ("G", ("shapes",))]
)
def test_carriers_are_those_of_the_profile(profile: str, about: tuple[str, ...]) -> None:
    carriers = carriers_of(PROFILES[profile])
    assert carriers == ("all characters", "characters, filled", *about, "jointly")
    places, mark = places_of(profile), mark_of(profile)
    found = read(mark, places)
    said = dict(zip(carriers, carried(found, mark, polarity="raised"), strict=True))
    assert all(one.right for name, one in said.items() if not (profile == "S" and name == "ring"))
    assert said["jointly"].identified == IDENTIFIER
    # Six symbols of S have no check at all: alone they identify nobody.
    assert said[about[0]].identified == (None if profile == "S" else IDENTIFIER)
    assert not any(one.right for one in carried(found, mark, polarity="recessed"))


def test_a_recessed_reading_says_what_it_says_where_it_is_inverted() -> None:
    places, mark = places_of("A", polarity="recessed"), mark_of("A")
    found = read(mark, places)
    assert carried(found, mark, polarity="recessed")[-1].identified == IDENTIFIER
    assert carried(replace(found, inverted=False), mark, polarity="recessed")[-1].identified is None


def test_a_trial_counts_shapes_and_no_absent_cells() -> None:
    condition = Condition(description="by hand", dent_um=300.0)
    narrow, mark = places_of("A", narrow=True), mark_of("A")
    trial = told(IMPRESSION, read(mark, narrow), mark, narrow, index=0, condition=condition)
    assert (trial.wrong_cells, trial.lost_cells, trial.wrong_shapes, trial.lost_shapes) == (0, 0, 0, 0)
    places, mark = places_of("G"), mark_of("G")
    reading = read(mark, places)
    other = "a0" if mark.shapes[3] != "a0" else "b0"
    shapes = (shape("", None), shape("", None), reading.shapes[2], shape("", other), *reading.shapes[4:])
    trial = told(IMPRESSION, replace(reading, shapes=shapes), mark, places, index=0, condition=condition)
    assert (trial.wrong_cells, trial.lost_cells, trial.wrong_shapes, trial.lost_shapes) == (0, 0, 1, 2)
    assert [entry.carrier for entry in rates([trial], mark)] == list(carriers_of(PROFILES["G"]))


def test_lands_are_told_by_their_kind() -> None:
    lands = [
        Measured(
            place=shows, shows=shows, depth_um=9.0, contrast=5.0, printed_share=1.0, edge_width_um=5.0, limit_um=8.0
        )
        for shows in ("A", "tooth", "a0", "9")
    ]
    told_of = {kind: [entry["shows"] for entry in entries] for kind, entries in lands_to_json(lands).items()}
    assert told_of == {"glyphs": ["A", "9"], "ring_cells": ["tooth"], "shapes": ["a0"]}
