"""Primers without a mark of this kind, blank, noisy, dragged over, or bearing somebody else's: they name nobody."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely import affinity
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from engrave.reading import LOST, Reader, Reading
from fonts.typeface import Typeface
from toolpaths.surface import HeightMap

Impress = Callable[..., HeightMap]
Roughen = Callable[[HeightMap, np.random.Generator, float], HeightMap]
Outlines = list[BaseGeometry]


def assert_nobody(reading: Reading) -> None:
    assert not reading.found
    assert len(reading.characters) == 8
    assert all(character.character is None for character in reading.characters)
    assert (reading.cells == LOST).all()


def teeth(rng: np.random.Generator, sectors: int, inner_um: float, outer_um: float) -> Outlines:
    """A ring of round-ended teeth at half of the sectors."""
    angles = 2 * np.pi * np.flatnonzero(rng.random(sectors) < 0.5) / sectors
    rays = [np.outer([inner_um + 7.0, outer_um - 7.0], [np.cos(angle), np.sin(angle)]) for angle in angles]
    return [LineString(ray).buffer(7.0) for ray in rays]


def text(
    rng: np.random.Generator, face: Typeface, spots: Sequence[tuple[float, float]], *, height_um: float
) -> Outlines:
    """Random characters at these places."""
    glyphs = rng.choice(list(face.glyphs), len(spots))
    return [
        affinity.translate(face.outline(str(glyph), height_um=height_um, stroke_um=14.0), x_um, y_um)
        for glyph, (x_um, y_um) in zip(glyphs, spots, strict=True)
    ]


def block(columns: int, rows: int, pitch_um: float, row_pitch_um: float) -> list[tuple[float, float]]:
    return [
        ((column - (columns - 1) / 2) * pitch_um, (row - (rows - 1) / 2) * row_pitch_um)
        for row in range(rows)
        for column in range(columns)
    ]


def foreign_marks(rng: np.random.Generator, face: Typeface) -> Iterator[tuple[str, Outlines]]:
    """Marks of other systems, by name."""
    dots: Outlines = [
        Point(x, y).buffer(12.0) for x in range(-280, 281, 40) for y in range(-200, 201, 40) if rng.random() < 0.5
    ]
    yield "dots", dots
    yield "gear of another pitch", teeth(rng, 60, 435.0, 510.0) + teeth(rng, 36, 525.0, 600.0)
    yield "its own ring without text", teeth(rng, 48, 435.0, 510.0) + teeth(rng, 48, 525.0, 600.0)
    yield "one line of eight", text(rng, face, block(8, 1, 175.0, 0.0), height_um=175.0)
    yield "three rows of four", text(rng, face, block(4, 3, 175.0, 215.0), height_um=175.0)
    three_rows = text(rng, face, block(4, 3, 175.0, 215.0), height_um=175.0)
    yield "three rows of four in our outer track", three_rows + teeth(rng, 48, 525.0, 600.0)
    yield "two rows of three", text(rng, face, block(3, 2, 175.0, 215.0), height_um=175.0)
    yield "two rows of four, smaller", text(rng, face, block(4, 2, 150.0, 185.0), height_um=150.0)
    yield "two rows of four, wider apart", text(rng, face, block(4, 2, 190.0, 215.0), height_um=175.0)
    yield "our text without a ring", text(rng, face, block(4, 2, 175.0, 215.0), height_um=175.0)
    scribbles: Outlines = [
        LineString(rng.uniform(-75.0, 75.0, (5, 2)) + np.array(spot)).buffer(7.0) for spot in block(4, 2, 175.0, 215.0)
    ]
    yield "scribbles in our places, with a ring", scribbles + teeth(rng, 48, 435.0, 510.0)
    drag: Outlines = [
        LineString([(-600, y), (600, y + 15)]).buffer(rng.uniform(3, 10)) for y in rng.uniform(-600, 600, 25)
    ]
    yield "drag lines", drag


@pytest.mark.slow
@pytest.mark.parametrize("seed", [201, pytest.param(202, marks=pytest.mark.exhaustive)])
def test_marks_of_other_systems(seed: int, reader: Reader, face: Typeface, impress: Impress) -> None:
    found = [
        name
        for name, outlines in foreign_marks(np.random.default_rng(seed), face)
        if reader.read(impress(outlines)).found
    ]
    assert found == []


@pytest.mark.slow
def test_blank_impressions(reader: Reader, impress: Impress, roughened: Roughen) -> None:
    rng = np.random.default_rng(203)
    smooth = impress([])
    assert_nobody(reader.read(smooth))
    assert_nobody(reader.read(impress([], relief_um=0.0)))
    for sigma_um in (0.1, 4.0):
        assert_nobody(reader.read(roughened(smooth, rng, sigma_um)))


@pytest.mark.slow
def test_noise_on_a_plane(reader: Reader) -> None:
    rng = np.random.default_rng(204)
    for correlation_px in (1.0, 3.0, 8.0):
        z_um = gaussian_filter(rng.standard_normal((600, 600)), correlation_px)
        assert_nobody(reader.read(plane(10.0 * z_um / z_um.std())))


@pytest.mark.slow
def test_maps_with_next_to_nothing_in_them(reader: Reader) -> None:
    for z_um in (np.full((600, 600), np.nan), np.zeros((600, 600)), np.zeros((10, 10)), np.zeros((1, 1))):
        assert_nobody(reader.read(plane(z_um)))


def plane(z_um: NDArray[np.float64]) -> HeightMap:
    return HeightMap(z_um=z_um, pixel_um=2.5, x0_um=-750.0, y0_um=-750.0, frame="reading")
