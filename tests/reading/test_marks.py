"""Marks that are there: every symbol of a full print, wherever it lies; and what a partial print still says.

Each test draws its own marks from the seed it names.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from shapely.geometry.base import BaseGeometry

from engrave.layout import Places
from engrave.reading import LOST, Reader, Reading, read_impression
from engrave.strike import Condition
from engrave.tips import FlatTip
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]
Draw = Callable[[np.random.Generator], tuple[str, Cells]]
Outline = Callable[[str, Cells], Sequence[BaseGeometry]]
Impress = Callable[..., HeightMap]
Impression = Callable[..., tuple[str, Cells, HeightMap]]
Roughen = Callable[[HeightMap, np.random.Generator, float], HeightMap]


def characters_of(reading: Reading) -> str:
    return "".join(character.character or "." for character in reading.characters)


def wrong_symbols(reading: Reading, characters: str, cells: Cells) -> int:
    """Symbols that were decided, and wrongly."""
    text = sum(read not in {".", meant} for read, meant in zip(characters_of(reading), characters, strict=True))
    return text + int(((reading.cells != LOST) & (reading.cells != cells)).sum())


def assert_read(reading: Reading, characters: str, cells: Cells) -> None:
    assert reading.found
    assert characters_of(reading) == characters
    np.testing.assert_array_equal(reading.cells, cells)


def turned_and_moved(surface: HeightMap, *, turn_rad: float, x_um: float, y_um: float) -> HeightMap:
    """The picture turned counter-clockwise about the origin, then moved: what is at p was at R(-turn)(p - move)."""
    at_x, at_y = np.meshgrid(surface.x_um() - x_um, surface.y_um() - y_um)
    from_x = np.cos(turn_rad) * at_x + np.sin(turn_rad) * at_y
    from_y = -np.sin(turn_rad) * at_x + np.cos(turn_rad) * at_y
    at = np.stack([(from_y - surface.y0_um) / surface.pixel_um, (from_x - surface.x0_um) / surface.pixel_um])
    return replace(surface, z_um=map_coordinates(surface.z_um, at, order=1, cval=np.nan))


def angle_between(one_rad: float, other_rad: float) -> float:
    return float(abs(np.angle(np.exp(1j * (one_rad - other_rad)))))


@pytest.mark.slow
def test_every_symbol_of_ten_nominal_marks(reader: Reader, random_impression: Impression) -> None:
    rng = np.random.default_rng(101)
    for _ in range(10):
        characters, cells, surface = random_impression(rng)
        reading = reader.read(surface)
        assert_read(reading, characters, cells)
        assert not reading.mirrored
        assert not reading.inverted
        assert np.hypot(reading.x_um, reading.y_um) < 1.0
        assert angle_between(reading.rotation_rad, 0.0) < np.radians(0.1)
        assert reading.relief_um == pytest.approx(25.0, rel=0.1)


@pytest.mark.parametrize("characters", ["11111111", "00000000", "NNNNNNNN", "YYYYYYYY"])
def test_texts_unlike_the_mean_or_alike_upside_down(
    characters: str, reader: Reader, random_mark: Draw, mark_outlines: Outline, impress: Impress
) -> None:
    _, cells = random_mark(np.random.default_rng(117))
    reading = reader.read(impress(mark_outlines(characters, cells), turn_rad=0.4))
    assert_read(reading, characters, cells)
    assert not reading.mirrored
    assert angle_between(reading.rotation_rad, 0.4) < np.radians(0.1)


def test_any_turn_and_offset_of_the_picture(reader: Reader, random_impression: Impression) -> None:
    rng = np.random.default_rng(102)
    characters, cells, surface = random_impression(rng)
    for turn_rad in rng.uniform(-np.pi, np.pi, 4):
        distance_um, direction_rad = rng.uniform(0.0, 150.0), rng.uniform(0.0, 2 * np.pi)
        x_um, y_um = distance_um * np.cos(direction_rad), distance_um * np.sin(direction_rad)
        reading = reader.read(turned_and_moved(surface, turn_rad=turn_rad, x_um=x_um, y_um=y_um))
        assert_read(reading, characters, cells)
        assert np.hypot(reading.x_um - x_um, reading.y_um - y_um) < 1.5
        assert angle_between(reading.rotation_rad, turn_rad) < np.radians(0.15)


def test_a_quarter_turn_by_rot90_has_the_right_sign(reader: Reader, random_impression: Impression) -> None:
    characters, cells, surface = random_impression(np.random.default_rng(103))
    # Rows run upwards, so that numpy's quarter turn takes (x, y) to (y, -x): clockwise.
    reading = reader.read(replace(surface, z_um=np.rot90(surface.z_um)))
    assert_read(reading, characters, cells)
    assert reading.rotation_rad == pytest.approx(-np.pi / 2, abs=np.radians(0.1))


def test_a_mark_beside_the_middle_of_the_dent(reader: Reader, random_impression: Impression) -> None:
    characters, cells, surface = random_impression(np.random.default_rng(104), shift_um=(45.0, -35.0), turn_rad=2.5)
    reading = reader.read(surface)
    assert_read(reading, characters, cells)
    assert (reading.x_um, reading.y_um) == pytest.approx((45.0, -35.0), abs=1.0)


def test_a_flat_tip(reader: Reader, random_impression: Impression) -> None:
    tip = FlatTip(edge_radius_um=750.0)
    characters, cells, surface = random_impression(np.random.default_rng(105), tip=tip)
    assert_read(reader.read(surface), characters, cells)


def test_a_mirrored_picture_says_so(reader: Reader, random_impression: Impression) -> None:
    rng = np.random.default_rng(106)
    for _ in range(3):
        characters, cells, surface = random_impression(rng, turn_rad=0.7)
        reading = reader.read(replace(surface, z_um=surface.z_um[:, ::-1]))
        assert reading.mirrored
        assert not reading.inverted
        assert_read(reading, characters, cells)


def test_exchanged_tone_says_so(reader: Reader, impress: Impress, random_impression: Impression) -> None:
    smooth = impress([])
    rng = np.random.default_rng(107)
    for _ in range(3):
        characters, cells, surface = random_impression(rng)
        reading = reader.read(replace(surface, z_um=2.0 * smooth.z_um - surface.z_um))
        assert reading.inverted
        assert not reading.mirrored
        assert_read(reading, characters, cells)
        assert all(character.contrast_um < 0 for character in reading.characters)


def test_noise_of_a_share_of_the_relief(reader: Reader, random_impression: Impression, roughened: Roughen) -> None:
    rng = np.random.default_rng(108)
    for share in (0.05, 0.10, 0.15, 0.15):
        characters, cells, surface = random_impression(rng)
        assert_read(reader.read(roughened(surface, rng, share * 25.0)), characters, cells)


@pytest.mark.slow
def test_heavy_noise_decides_nothing_wrongly(reader: Reader, random_impression: Impression, roughened: Roughen) -> None:
    rng = np.random.default_rng(109)
    characters, cells, surface = random_impression(rng)
    for share in (0.3, 0.4, 0.6):
        assert wrong_symbols(reader.read(roughened(surface, rng, share * 25.0)), characters, cells) == 0


def test_a_ring_turned_by_one_sector_is_read_as_turned(
    reader: Reader, random_mark: Draw, mark_outlines: Outline, impress: Impress
) -> None:
    rng = np.random.default_rng(110)
    for step in (1, -1):
        characters, cells = random_mark(rng)
        turned = np.roll(cells, step, axis=1)
        reading = reader.read(impress(mark_outlines(characters, turned)))
        assert_read(reading, characters, turned)
        assert angle_between(reading.rotation_rad, 0.0) < np.radians(0.1)


@pytest.mark.parametrize("track", [0, 1])
def test_a_lost_track_shows_no_teeth(
    track: int, reader: Reader, random_mark: Draw, mark_outlines: Outline, impress: Impress
) -> None:
    characters, cells = random_mark(np.random.default_rng(111))
    without = cells.copy()
    without[track] = 0
    reading = reader.read(impress(mark_outlines(characters, without)))
    assert characters_of(reading) == characters
    np.testing.assert_array_equal(reading.cells[1 - track], cells[1 - track])
    assert not (reading.cells[track] == 1).any()


def test_a_weak_strike_beside_the_middle_erases_and_decides_nothing_wrongly(
    reader: Reader, random_impression: Impression
) -> None:
    rng = np.random.default_rng(112)
    for dent_um, least_lost in ((270.0, 1), (200.0, 20), (150.0, 50), (120.0, 70)):
        condition = Condition(description="weaker than weak", dent_um=dent_um)
        characters, cells, surface = random_impression(rng, condition=condition, shift_um=(60.0, 30.0), turn_rad=1.0)
        reading = reader.read(surface)
        assert reading.found
        assert wrong_symbols(reading, characters, cells) == 0
        assert int((reading.cells == LOST).sum()) >= least_lost


@pytest.mark.slow
def test_a_text_cut_off_by_the_patch_is_not_taken_for_its_neighbour(
    reader: Reader, random_impression: Impression
) -> None:
    rng = np.random.default_rng(113)
    for _ in range(4):
        condition = Condition(description="hardly any", dent_um=float(rng.uniform(60.0, 120.0)))
        characters, cells, surface = random_impression(rng, condition=condition, turn_rad=float(rng.uniform(-3, 3)))
        assert wrong_symbols(reader.read(surface), characters, cells) == 0


def test_holes_in_the_map_erase_what_they_hide(reader: Reader, random_impression: Impression) -> None:
    rng = np.random.default_rng(114)
    characters, cells, surface = random_impression(rng)
    z_um = surface.z_um.copy()
    z_um[rng.random(z_um.shape) < 0.002] = np.nan
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    # Over the second character of the first row, and over the ring at nine o'clock, sector 36.
    z_um[(np.abs(x_um + 87.5) < 60.0) & (np.abs(y_um - 107.5) < 80.0)] = np.nan
    z_um[(x_um < -420.0) & (np.abs(y_um) < 20.0)] = np.nan
    reading = reader.read(replace(surface, z_um=z_um))
    assert reading.characters[1].character is None
    assert (reading.cells[:, 36] == LOST).all()
    assert wrong_symbols(reading, characters, cells) == 0
    assert characters_of(reading).count(".") == 1
    assert int((reading.cells == LOST).sum()) <= 8


def test_the_sampling_of_the_picture_does_not_matter(
    places: Places, face: Typeface, random_impression: Impression
) -> None:
    characters, cells, surface = random_impression(np.random.default_rng(115))
    fine = replace(
        surface,
        z_um=np.repeat(np.repeat(surface.z_um, 3, axis=0), 3, axis=1),
        pixel_um=2.5 / 3,
        x0_um=surface.x0_um - 2.5 / 3,
        y0_um=surface.y0_um - 2.5 / 3,
    )
    reading = read_impression(fine, places, face)
    assert_read(reading, characters, cells)
    assert np.hypot(reading.x_um, reading.y_um) < 0.5


def test_a_map_in_the_pin_frame_and_one_too_coarse_are_refused(reader: Reader) -> None:
    plain = HeightMap(z_um=np.zeros((300, 300)), pixel_um=5.2, x0_um=-780.0, y0_um=-780.0, frame="reading")
    assert not reader.read(plain).found
    with pytest.raises(ValueError, match=r"reading frame.*5\.3 um are too coarse.*5\.2 um or finer"):
        reader.read(replace(plain, pixel_um=5.3, frame="pin"))


def test_two_readings_of_one_map_are_equal(reader: Reader, random_impression: Impression) -> None:
    _, _, surface = random_impression(np.random.default_rng(116))
    one, other = reader.read(surface), reader.read(surface)
    assert one.characters == other.characters
    np.testing.assert_array_equal(one.cell_contrast_um, other.cell_contrast_um)
