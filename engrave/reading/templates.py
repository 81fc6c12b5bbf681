"""What a mark looks like before one is seen: glyph images and kernels, from nominal sizes and the face alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.code.alphabet import ALPHABET
from engrave.layout import Places
from engrave.reading.field import BACKGROUND_SIGMA_UM, COARSE_UM
from fonts.separation import rasterise
from fonts.typeface import Typeface

Image32 = NDArray[np.float32]
FloatArray = NDArray[np.float64]

TEMPLATE_UM = 2.5
"""Pixel of the glyph images."""
WALL_UM = 3.4
"""How much wider than its crest a land prints on each side at half its relief: half of a 10-90 % wall of 6.8 um, which
a beam of 6 um radius leaves (simulated; a prior for other processes)."""

# The walls' own slope and what sampling adds to it.
_BLUR_UM = 3.5
# A window shows a character and this much around it, but not the ink of the next character.
_MARGIN_UM = 20.0
_GRID_UM = 5.0
# The coarse search: the text block looks much the same after half a turn, so that half a circle is enough.
_COARSE_BLUR_UM = 8.0
_COARSE_TURNS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """Images of the nominal mark.

    glyphs : (characters, rows, columns), 0 for floor, 1 for land, less the background that reading takes off, too;
    ``half_width_um`` and ``half_height_um`` say how far they reach from the cell's centre. kernels : (turns, n, n), the
    mean glyph at every place of a character, at each of ``turns_rad``, on the coarse grid.
    """

    characters: str
    glyphs: Image32
    half_width_um: float
    half_height_um: float
    kernels: Image32
    turns_rad: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.glyphs, self.kernels, self.turns_rad):
            array.setflags(write=False)


def templates_of(geometry: Places, typeface: Typeface) -> Templates:
    """The images of a profile's nominal geometry. Raises FontError where the face lacks a character of the alphabet."""
    settings = geometry.settings
    pad_um = 3.0 * BACKGROUND_SIGMA_UM
    half_width_um = _on_grid(min(settings.column_pitch_um / 2, settings.height_um / 2 + _MARGIN_UM))
    half_height_um = _on_grid(min(settings.row_pitch_um / 2, settings.height_um / 2 + _MARGIN_UM))
    wide = np.stack(
        [
            rasterise(
                typeface.outline(character, height_um=settings.height_um, stroke_um=settings.stroke_um).buffer(WALL_UM),
                half_width_um=half_width_um + pad_um,
                half_height_um=half_height_um + pad_um,
                pixel_um=TEMPLATE_UM,
            )
            for character in ALPHABET
        ]
    ).astype(np.float64)
    detail = _blurred(wide, _BLUR_UM) - _blurred(wide, BACKGROUND_SIGMA_UM)
    cut = round(pad_um / TEMPLATE_UM)
    glyphs = detail[:, cut:-cut, cut:-cut]
    turns_rad = np.arange(_COARSE_TURNS) * np.pi / _COARSE_TURNS
    return Templates(
        characters=ALPHABET,
        glyphs=glyphs.astype(np.float32),
        half_width_um=half_width_um,
        half_height_um=half_height_um,
        kernels=_kernels(_block(geometry, glyphs.mean(axis=0)), turns_rad),
        turns_rad=turns_rad,
    )


def _on_grid(length_um: float) -> float:
    return float(np.floor(length_um / _GRID_UM) * _GRID_UM)


def _blurred(images: FloatArray, sigma_um: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    sigma = sigma_um / TEMPLATE_UM
    blurred: FloatArray = gaussian_filter(images, (0.0, sigma, sigma), mode="constant", truncate=3.0)
    return blurred


def _block(geometry: Places, glyph: FloatArray) -> FloatArray:
    """The glyph at every place, on a square about the mark's centre that any turn keeps inside."""
    places = np.array([(place.x_um, place.y_um) for place in geometry.characters])
    corner_um = (np.array(glyph.shape[::-1]) - 1) / 2 * TEMPLATE_UM
    half = int(np.ceil(np.hypot(*(np.abs(places).max(axis=0) + corner_um)) / TEMPLATE_UM)) + 1
    block = np.zeros((2 * half + 1, 2 * half + 1))
    for x_um, y_um in places:
        row, column = (
            half + round((at - reach) / TEMPLATE_UM) for at, reach in zip((y_um, x_um), corner_um[::-1], strict=True)
        )
        block[row : row + glyph.shape[0], column : column + glyph.shape[1]] += glyph - glyph.mean()
    return block


def _kernels(block: FloatArray, turns_rad: FloatArray) -> Image32:
    """The block at every turn on the coarse grid, each of zero mean and unit energy."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    middle = block.shape[0] // 2
    soft = gaussian_filter(block, _COARSE_BLUR_UM / TEMPLATE_UM)
    half = int(middle * TEMPLATE_UM / COARSE_UM)
    line = np.arange(-half, half + 1) * COARSE_UM / TEMPLATE_UM
    x, y = np.meshgrid(line, line)
    cosine, sine = np.cos(turns_rad)[:, None, None], np.sin(turns_rad)[:, None, None]
    at = np.stack([middle - sine * x + cosine * y, middle + cosine * x + sine * y])
    kernels = map_coordinates(soft, at, order=1, mode="constant", prefilter=False)
    kernels -= kernels.mean(axis=(1, 2), keepdims=True)
    kernels /= np.sqrt(np.square(kernels).sum(axis=(1, 2), keepdims=True))
    single: Image32 = kernels.astype(np.float32)
    return single
