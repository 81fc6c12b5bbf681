"""Likelihoods: the map from evidence by hand, its floors, and what impressions give by the shipped calibration."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codeword_of
from engrave.code.evidence import soft_reading
from engrave.code.profiles import PROFILE_A
from engrave.code.ring import ring_cells
from engrave.code.soft import decode_soft
from engrave.reading import Reader, Reading
from engrave.reading.calibration import (
    CALIBRATIONS,
    LEAST_CELL_LAPSE,
    LEAST_CHARACTER_LAPSE,
    SHIPPED,
    Calibration,
)
from engrave.reading.evidence import CellEvidence, CharacterEvidence, cell_evidence
from engrave.reading.ring import CellView
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]
FloatArray = NDArray[np.float64]
Draw = Callable[[np.random.Generator], tuple[str, Cells]]
Outline = Callable[[str, Cells], Sequence[BaseGeometry]]
Impress = Callable[..., HeightMap]
Roughen = Callable[[HeightMap, np.random.Generator, float], HeightMap]

PLAIN = Calibration(
    description="by hand",
    character_scale=(log(2.0), 0.0, 0.0, 0.0, 0.0),
    character_lapse=(-log(9.0), 0.0),
    character_tempering=1.0,
    shape_tempering=1.0,
    cell_level=(0.0, 2.0, 2.0),
    tooth_scale=(0.0, 0.0, 0.0, 0.0, 0.0),
    gap_scale=(0.0, 0.0, 0.0, 0.0, 0.0),
    cell_lapse=-log(9.0),
    cell_tempering=1.0,
)
SHIPPED_CALIBRATION = CALIBRATIONS.load(SHIPPED).value


def character_seen(misfit: FloatArray) -> CharacterEvidence:
    places = len(misfit)
    return CharacterEvidence(misfit=misfit, quality=np.zeros((places, 4)), seen=np.ones(places, dtype=np.bool_))


def cells_seen(level: FloatArray, share: FloatArray) -> CellEvidence:
    return CellEvidence(
        level=level, share=share, quality=np.zeros((*level.shape, 5)), seen=np.ones(level.shape, dtype=np.bool_)
    )


def test_characters_by_hand() -> None:
    """A quarter against half of the variance unexplained, at two samples: odds 4 to 2; one in ten says nothing."""
    evidence = character_seen(np.log([[0.25, 0.5]]))
    np.testing.assert_allclose(np.exp(PLAIN.characters(evidence)), [[0.1 + 0.9 * 4 / 3, 0.1 + 0.9 * 2 / 3]])
    tempered = replace(PLAIN, character_tempering=0.5)
    np.testing.assert_allclose(
        np.exp(tempered.characters(evidence)),
        [[0.1 + 1.8 * 2 / (2 + 2**0.5), 0.1 + 1.8 * 2**0.5 / (2 + 2**0.5)]],
    )


def test_shapes_by_hand() -> None:
    """As characters, but of half as many samples: odds 2 to the root of 2."""
    evidence = character_seen(np.log([[0.25, 0.5]]))
    halved = replace(PLAIN, shape_tempering=0.5)
    np.testing.assert_allclose(
        np.exp(halved.shapes(evidence)),
        [[0.1 + 1.8 * 2 / (2 + 2**0.5), 0.1 + 1.8 * 2**0.5 / (2 + 2**0.5)]],
    )
    np.testing.assert_allclose(np.exp(halved.characters(evidence)), [[0.1 + 0.9 * 4 / 3, 0.1 + 0.9 * 2 / 3]])


def test_cells_by_hand() -> None:
    """Level and share at a tooth's: log-odds 2, of which one in ten says nothing; at a gap's the opposite."""
    ratios = PLAIN.cells(cells_seen(np.array([[1.0, 0.0, 0.5]]), np.array([[1.0, 0.0, 0.5]])))
    tooth = 0.05 + 0.9 / (1 + exp(-2.0))
    np.testing.assert_allclose(ratios, [[log(tooth / (1 - tooth)), -log(tooth / (1 - tooth)), 0.0]], atol=1e-12)


def test_what_is_not_seen_says_nothing() -> None:
    evidence = replace(character_seen(np.log([[0.01, 0.9], [0.01, 0.9]])), seen=np.array([True, False]))
    rows = PLAIN.characters(evidence)
    assert rows[0, 0] > rows[0, 1]
    np.testing.assert_array_equal(rows[1], 0.0)
    cells = replace(cells_seen(np.ones((1, 2)), np.ones((1, 2))), seen=np.array([[False, True]]))
    np.testing.assert_array_equal(PLAIN.cells(cells) == 0, [[True, False]])


@given(
    misfit=arrays(np.float64, (3, 32), elements=st.floats(-5.0, 0.0)),
    quality=arrays(np.float64, (3, 4), elements=st.floats(-5.0, 3.0)),
)
def test_no_character_is_ever_impossible(misfit: FloatArray, quality: FloatArray) -> None:
    rows = SHIPPED_CALIBRATION.characters(
        CharacterEvidence(misfit=misfit, quality=quality, seen=np.ones(3, dtype=np.bool_))
    )
    likelihoods = np.exp(rows)
    np.testing.assert_allclose(likelihoods.mean(axis=1), 1.0)
    assert likelihoods.min() >= LEAST_CHARACTER_LAPSE * (1 - 1e-9)
    for place in range(3):
        assert likelihoods[place, misfit[place].argmin()] == pytest.approx(likelihoods[place].max())


@given(
    level=arrays(np.float64, (2, 8), elements=st.floats(-0.5, 1.5)),
    share=arrays(np.float64, (2, 8), elements=st.floats(0.0, 1.0)),
    quality=arrays(np.float64, (2, 8, 5), elements=st.floats(0.0, 1.0)),
)
def test_no_cell_is_ever_certain(level: FloatArray, share: FloatArray, quality: FloatArray) -> None:
    ratios = SHIPPED_CALIBRATION.cells(
        CellEvidence(level=level, share=share, quality=quality, seen=np.ones((2, 8), dtype=np.bool_))
    )
    most = log((1 - LEAST_CELL_LAPSE / 2) / (LEAST_CELL_LAPSE / 2))
    assert np.abs(ratios).max() <= most * (1 + 1e-9)


def test_a_calibration_with_too_few_figures_and_a_tempering_of_nought() -> None:
    with pytest.raises(InputError) as raised:
        replace(PLAIN, cell_level=(1.0,), cell_tempering=0.0)
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["cell_level", "cell_tempering"]
    assert replace(PLAIN, cell_tempering=1.0).cell_tempering == 1.0


def view_of(levels: FloatArray) -> CellView:
    return CellView(lines_um=np.repeat(levels[:, :, None], 20, axis=2), present=np.ones(levels.shape, dtype=np.bool_))


FITTING = CharacterEvidence(
    misfit=np.full((8, 32), -3.0), quality=np.tile([-3.0, 0.0, 0.0, -3.0], (8, 1)), seen=np.ones(8, dtype=np.bool_)
)


def test_levels_are_in_depths_of_the_tracks_own_teeth() -> None:
    levels = np.stack([np.tile([20.0, 0.0], 24), np.tile([10.0, 0.0], 24)])
    levels[0, 5] = 12.0
    evidence = cell_evidence(view_of(levels), FITTING, relief_um=20.0)
    np.testing.assert_allclose(evidence.level[:, :5], np.tile([1.0, 0.0, 1.0, 0.0, 1.0], (2, 1)))
    assert evidence.level[0, 5] == pytest.approx(0.6)
    assert evidence.seen.all()
    # 0.6 is as doubtful as 4 x 0.6 x 0.4; six of its fourteen neighbours of two tracks and seven sectors are gaps.
    assert evidence.quality[0, 5, 0] == pytest.approx(0.96 / 14)
    assert evidence.quality[0, 30, 0] == 0.0
    assert evidence.quality[0, 30, 1] == pytest.approx(0.96 / 48)
    # A mean misfit of -3 is three quarters of the way to none.
    np.testing.assert_allclose(evidence.quality[:, :, 4], 0.25)
    unseen = replace(FITTING, seen=np.zeros(8, dtype=np.bool_))
    assert cell_evidence(view_of(levels), unseen, relief_um=20.0).quality[0, 0, 4] == 1.0


def test_a_stretch_without_teeth_is_bare_and_a_track_without_any_is_not_seen() -> None:
    levels = np.tile([20.0, 0.0], (2, 24))
    levels[0, 20:34] = 0.0
    levels[1] = 0.0
    evidence = cell_evidence(view_of(levels), FITTING, relief_um=20.0)
    assert evidence.quality[0, 27, 2] == 1.0
    assert evidence.quality[0, 10, 2] == 0.0
    assert evidence.seen[0].all()
    assert not evidence.seen[1].any()


@pytest.fixture(scope="module")
def pin_impression(mark_outlines: Outline, impress: Impress) -> tuple[int, HeightMap]:
    """A pin with a codeword for its mark, so that it can be identified."""
    identifier = 123_456_789
    codeword = codeword_of(identifier)
    cells = ring_cells(codeword).astype(np.int8)
    return identifier, impress(mark_outlines(characters_of(codeword[:8].tolist()), cells), turn_rad=1.1)


def joint(reading: Reading) -> int | None:
    best = decode_soft(
        soft_reading(PROFILE_A, characters=reading.character_log_likelihoods, cells=reading.cell_log_ratios)
    ).identified
    return best.id if best else None


def test_a_nominal_impression_is_nearly_certain_of_every_symbol(
    reader: Reader, pin_impression: tuple[int, HeightMap]
) -> None:
    identifier, surface = pin_impression
    reading = reader.read(surface)
    codeword = codeword_of(identifier)
    assert [ALPHABET[symbol] for symbol in reading.character_log_likelihoods.argmax(axis=1)] == [
        ALPHABET[symbol] for symbol in codeword[:8]
    ]
    assert (reading.character_log_likelihoods.max(axis=1) > log(32 * 0.97)).all()
    np.testing.assert_array_equal(reading.cell_log_ratios > 0, ring_cells(codeword) == 1)
    assert (np.abs(reading.cell_log_ratios) > log(9.0)).mean() > 0.95
    assert joint(reading) == identifier


def test_what_a_hole_hides_says_nothing_and_the_rest_is_enough(
    reader: Reader, pin_impression: tuple[int, HeightMap], roughened: Roughen
) -> None:
    identifier, surface = pin_impression
    rough = roughened(surface, np.random.default_rng(501), 2.0)
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    z_um = np.where((x_um > 0.0) & (y_um > -50.0), np.nan, rough.z_um)
    reading = reader.read(replace(rough, z_um=z_um))
    lost = np.ptp(reading.character_log_likelihoods, axis=1) == 0
    assert 1 <= lost.sum() <= 4
    assert all(character.character is None for character in np.array(reading.characters)[lost])
    assert (reading.cell_log_ratios[np.isnan(reading.cell_contrast_um)] == 0).all()
    assert (reading.cell_log_ratios == 0).any()
    assert joint(reading) == identifier


def test_nothing_found_says_nothing(reader: Reader, impress: Impress) -> None:
    reading = reader.read(impress([]))
    assert not reading.found
    assert not reading.character_log_likelihoods.any()
    assert not reading.cell_log_ratios.any()
    assert joint(reading) is None
