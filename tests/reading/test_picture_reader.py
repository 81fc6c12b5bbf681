"""Pictures of impressions read back: every symbol, place, turn, hand and pixel is known from how they were made."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from engrave.base.errors import InputError
from engrave.code.evidence import soft_reading
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILE_A
from engrave.code.soft import decode_soft
from engrave.layout import Places
from engrave.reading import LOST
from engrave.reading.picture import Grey, Picture
from engrave.reading.picture_reader import PictureReader, PictureReading, picture_reader_for
from engrave.report.microscope import photographed, ring_lit, side_lit
from engrave.strike import CONDITIONS
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]
_SEED = 20_261_122
_MADE_UM = 1.5
_SIDE_PX = 1100


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """An impression and what it bears."""

    mark: Mark
    surface: HeightMap

    @property
    def cells(self) -> Cells:
        """The ring, (tracks, sectors)."""
        return np.array([[int(cell) for cell in track] for track in self.mark.ring], dtype=np.int8)


@pytest.fixture(scope="session")
def picture_reader(places: Places, face: Typeface) -> PictureReader:
    return picture_reader_for(places, face)


@pytest.fixture(scope="session")
def strike_of(
    mark_outlines: Callable[[str, Cells], object], impress: Callable[..., HeightMap]
) -> Callable[..., Struck]:
    """An impression of the mark of an id; everything else goes to ``impress``."""

    def made(identifier: int, **how: object) -> Struck:
        mark = mark_with_id(identifier=identifier, serial="AAA0001", maker="Acme", model="P9")
        cells = np.array([[int(cell) for cell in track] for track in mark.ring], dtype=np.int8)
        return Struck(mark=mark, surface=impress(mark_outlines(mark.characters, cells), **how))

    return made


@pytest.fixture(scope="session")
def nominal(strike_of: Callable[..., Struck]) -> Struck:
    return strike_of(123_456_789)


@pytest.fixture(scope="session")
def ring_picture(nominal: Struck) -> Grey:
    return ring_lit(nominal.surface, pixel_um=_MADE_UM)


def _moved(grey: Grey, *, matrix: NDArray[np.float64], shift_px: tuple[float, float] = (0.0, 0.0)) -> Grey:
    """The picture after ``matrix`` about its middle, in x to the right and y up, then a shift to the right and up.

    It is as bright beyond its old border as at its corner: the cup goes on.
    """
    flip = np.array([[0.0, -1.0], [1.0, 0.0]])  # from (x, y up) to (row, column)
    backwards = flip @ np.linalg.inv(matrix) @ flip.T
    middle = (np.array(grey.shape) - 1) / 2
    target = np.full(2, (_SIDE_PX - 1) / 2) + flip @ np.array(shift_px)
    moved = affine_transform(
        grey,
        backwards,
        offset=middle - backwards @ target,
        output_shape=(_SIDE_PX, _SIDE_PX),
        order=1,
        cval=float(grey[0, 0]),
    )
    return np.clip(moved, 0.0, 1.0).astype(np.float32)


def _turned(angle_rad: float, *, enlarged: float = 1.0) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return enlarged * np.array([[cosine, -sine], [sine, cosine]])


def _named(found: PictureReading) -> tuple[int, ...] | None:
    """The codeword that soft decoding identifies from the reading's own likelihoods."""
    reading = soft_reading(
        PROFILE_A, characters=found.reading.character_log_likelihoods, cells=found.reading.cell_log_ratios
    )
    best = decode_soft(reading).identified
    return None if best is None else tuple(best.codeword)


def _text(found: PictureReading) -> str:
    return "".join(read.character or "?" for read in found.reading.characters)


def _wrong_cells(found: PictureReading, truth: Cells) -> int:
    return int(((found.reading.cells != truth) & (found.reading.cells != LOST)).sum())


def test_ring_lit_picture_of_unknown_size_place_and_turn(
    picture_reader: PictureReader, nominal: Struck, ring_picture: Grey
) -> None:
    # Enlarged by 5/6, pixels of 1.5 um become 1.8 um. The mark's middle goes 60 px to the right and 45 px down.
    grey = _moved(ring_picture, matrix=_turned(2.3, enlarged=5 / 6), shift_px=(60.0, -45.0))
    noisy = photographed(grey, np.random.default_rng(_SEED)) / np.float32(255)
    found = picture_reader.read(Picture(grey=noisy))
    reading = found.reading
    assert reading.found
    assert not reading.mirrored
    assert _text(found) == nominal.mark.characters
    assert _wrong_cells(found, nominal.cells) == 0
    assert _named(found) == nominal.mark.codeword
    assert found.um_per_px == pytest.approx(1.8, rel=0.02)
    assert reading.rotation_rad == pytest.approx(2.3, abs=0.01)
    place_px = np.array([reading.x_um, reading.y_um]) / found.um_per_px
    assert place_px == pytest.approx([60.0, -45.0], abs=3.0)


def test_mirrored_photograph_is_seen_as_mirrored(
    picture_reader: PictureReader, nominal: Struck, ring_picture: Grey
) -> None:
    found = picture_reader.read(Picture(grey=ring_picture[:, ::-1], um_per_px=_MADE_UM))
    assert found.reading.found
    assert found.reading.mirrored
    assert _text(found) == nominal.mark.characters


def test_negative_is_read_in_the_other_tone(picture_reader: PictureReader, nominal: Struck, ring_picture: Grey) -> None:
    found = picture_reader.read(Picture(grey=0.15 / (0.15 + ring_picture), um_per_px=_MADE_UM))
    assert found.reading.found
    assert found.reading.inverted
    assert _text(found) == nominal.mark.characters


def test_tilted_view_gives_its_ellipse(picture_reader: PictureReader, nominal: Struck, ring_picture: Grey) -> None:
    # 4 % longer along the direction of 0.6 rad.
    axis = _turned(0.6)
    stretch = axis @ np.diag([1.02, 1.02 / 1.04]) @ axis.T
    found = picture_reader.read(Picture(grey=_moved(ring_picture, matrix=stretch), um_per_px=_MADE_UM))
    assert _text(found) == nominal.mark.characters
    assert found.reading.aspect == pytest.approx(1.04, abs=0.012)
    assert found.reading.aspect_axis_rad == pytest.approx(0.6, abs=0.2)


def test_one_lamp(picture_reader: PictureReader, nominal: Struck) -> None:
    grey = side_lit(nominal.surface, pixel_um=_MADE_UM)
    found = picture_reader.read(Picture(grey=grey, um_per_px=_MADE_UM))
    assert _wrong_cells(found, nominal.cells) == 0
    assert _named(found) == nominal.mark.codeword


def test_what_was_not_in_contact_is_erased(picture_reader: PictureReader, strike_of: Callable[..., Struck]) -> None:
    # On a sphere of 1000 um a dent of 170 um reaches to 558 um; the outer track ends at 600 um.
    shallow = replace(CONDITIONS.load("weak").value, dent_um=170.0)
    struck = strike_of(987_654_321, condition=shallow)
    found = picture_reader.read(Picture(grey=ring_lit(struck.surface, pixel_um=_MADE_UM), um_per_px=_MADE_UM))
    assert found.reading.found
    assert _wrong_cells(found, struck.cells) == 0
    assert (found.reading.cells[1] == LOST).mean() > 0.5
    assert _named(found) in {None, struck.mark.codeword}


def test_pictures_without_a_mark(picture_reader: PictureReader, impress: Callable[..., HeightMap]) -> None:
    rng = np.random.default_rng(_SEED)
    blank = ring_lit(impress([]), pixel_um=_MADE_UM)
    noise = rng.random((400, 400), dtype=np.float32)
    level = np.full((300, 300), 0.5, dtype=np.float32)
    for grey in (blank, noise, level):
        found = picture_reader.read(Picture(grey=grey, um_per_px=2.0))
        assert not found.reading.found
        assert not found.reading.character_log_likelihoods.any()
        assert not found.reading.cell_log_ratios.any()
        assert _named(found) is None


def test_every_fault_of_a_picture_is_told() -> None:
    with pytest.raises(InputError) as raised:
        Picture(grey=np.full((64, 64), 2.0, dtype=np.float32), um_per_px=-1.0, least_um_per_px=float("nan"))
    assert len(raised.value.faults) == 3


def test_a_range_of_sizes_must_have_its_ends_in_order() -> None:
    grey = np.full((64, 64), 0.5, dtype=np.float32)
    Picture(grey=grey, least_um_per_px=2.0, most_um_per_px=2.0)
    with pytest.raises(InputError, match="least_um_per_px"):
        Picture(grey=grey, least_um_per_px=2.1, most_um_per_px=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("identifier", range(5, 2**30, 2**30 // 10))
def test_ten_pins_under_ring_light(
    picture_reader: PictureReader, strike_of: Callable[..., Struck], identifier: int
) -> None:
    struck = strike_of(identifier)
    rng = np.random.default_rng([_SEED, identifier])
    grey = ring_lit(struck.surface, pixel_um=_MADE_UM)
    grey = _moved(grey, matrix=_turned(rng.uniform(-np.pi, np.pi), enlarged=rng.uniform(0.75, 1.0)))
    found = picture_reader.read(Picture(grey=photographed(grey, rng) / np.float32(255)))
    assert _text(found) == struck.mark.characters
    assert _named(found) == struck.mark.codeword
