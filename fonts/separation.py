"""How well glyphs stay apart, and how much metal they leave standing: measures on sampled ink.

Damage takes away and a strong strike swells, so what counts of two glyphs is the part of the one, thinned, that cannot
be hidden under the other, swollen (the rule that OCR-B was drawn to: 7 % of the area or more).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fonts.errors import FontError
from fonts.strokes import FloatArray
from fonts.typeface import Typeface

MaskArray = NDArray[np.bool_]
Skeleton = tuple[FloatArray, ...]

PIXEL_UM = 2.5
THINNED = 0.6
SWOLLEN = 1.5
SUBSET_SHARE = 0.05
"""Of a glyph's area: what may stay outside another, at equal strokes, for the one to count as a subset of the other.

It is about what one end of a stroke covers, so that a longer foot alone does not tell two glyphs apart.
"""
_SHIFTED = 0.1  # of the height: how far a glyph is shifted to hide it under another
_FINE_UM = 1.25  # 7 % of a glyph is some 200 samples of 2.5 um, too few: the figure moved by a tenth with the grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How far the glyphs of a face stay apart, every one against every other.

    ``thin_in_swollen`` and ``equal`` are (n, n) float, 0..1: the part of the row's glyph that no shift of up to a tenth
    of the height hides under the column's. In the first the row is thinned to THINNED of its stroke and the column
    swollen to SWOLLEN of it, in the second both are as they are. The diagonals are infinite.
    """

    characters: tuple[str, ...]
    thin_in_swollen: FloatArray
    equal: FloatArray

    @property
    def least(self) -> float:
        """The least part of one glyph, thinned, that stays outside another, swollen."""
        return float(self.thin_in_swollen.min())

    @property
    def worst(self) -> tuple[str, str]:
        """The pair of that figure: the first hides most under the second."""
        ((first, second, _),) = self.closest(1)
        return first, second

    def closest(self, count: int) -> list[tuple[str, str, float]]:
        """The pairs that are hardest to tell apart, thin in swollen, closest first, each with its figure."""
        pairs = len(self.characters) * (len(self.characters) - 1)
        order = np.argsort(self.thin_in_swollen, axis=None, kind="stable")[: min(count, pairs)]
        rows, columns = np.unravel_index(order, self.thin_in_swollen.shape)
        return [
            (self.characters[row], self.characters[column], float(self.thin_in_swollen[row, column]))
            for row, column in zip(rows, columns, strict=True)
        ]

    @property
    def subsets(self) -> tuple[tuple[str, str], ...]:
        """The pairs of which the first is the second with a piece missing: less than SUBSET_SHARE of it is its own."""
        pairs = np.argwhere(self.equal < SUBSET_SHARE)
        return tuple((self.characters[row], self.characters[column]) for row, column in pairs)


def separation(typeface: Typeface, characters: Sequence[str], *, height_um: float, stroke_um: float) -> Separation:
    """How far the glyphs of some characters stay apart at a height and a stroke.

    Raises FontError where the face lacks a character, for fewer than two of them, and unless 0 < stroke < height.
    """
    skeletons = [typeface.skeleton(character, height_um=height_um, stroke_um=stroke_um) for character in characters]
    return separation_of(skeletons, tuple(characters), height_um=height_um, stroke_um=stroke_um)


def separation_of(
    skeletons: Sequence[Skeleton], characters: tuple[str, ...], *, height_um: float, stroke_um: float
) -> Separation:
    """The same for skeletons, polylines (n, 2), um, about the origin. Raises FontError for fewer than two."""
    if len(skeletons) < 2:  # noqa: PLR2004 - a pair
        raise FontError("there is nothing to compare: name two characters or more")
    most_um = max(float(np.abs(line).max()) for skeleton in skeletons for line in skeleton)
    half_um = most_um + SWOLLEN * stroke_um / 2 + _FINE_UM
    distances = [
        distance_um(skeleton, half_width_um=half_um, half_height_um=half_um, pixel_um=_FINE_UM)
        for skeleton in skeletons
    ]
    thin, nominal, swollen = (
        [distance <= factor * stroke_um / 2 for distance in distances] for factor in (THINNED, 1.0, SWOLLEN)
    )
    shift_px = round(_SHIFTED * height_um / _FINE_UM)
    itself = np.where(np.eye(len(skeletons), dtype=np.bool_), np.inf, 0.0)
    return Separation(
        characters=characters,
        thin_in_swollen=uncovered(thin, swollen, most_shift_px=shift_px) + itself,
        equal=uncovered(nominal, nominal, most_shift_px=shift_px) + itself,
    )


def distance_um(
    skeleton: Skeleton, *, half_width_um: float, half_height_um: float, pixel_um: float = PIXEL_UM
) -> FloatArray:
    """Distance of every sample from the nearest stroke: (rows, columns) float, um, in the frame of ``rasterise``.

    What is at most half a stroke away is ink: one skeleton under several strokes is sampled once.
    """
    x_um, y_um = _samples_um(half_width_um, half_height_um, pixel_um)
    # A polyline of one point is a dot of the pen, and so is a line that begins and ends there.
    strokes = shapely.MultiLineString([line if len(line) > 1 else np.repeat(line, 2, axis=0) for line in skeleton])
    return np.asarray(shapely.distance(strokes, shapely.points(x_um, y_um)))


def rasterise(
    geometry: BaseGeometry, *, half_width_um: float, half_height_um: float, pixel_um: float = PIXEL_UM
) -> MaskArray:
    """Which samples the ink covers: (rows, columns) bool, row 0 the lowest, one sample on the origin."""
    x_um, y_um = _samples_um(half_width_um, half_height_um, pixel_um)
    shapely.prepare(geometry)
    return np.asarray(shapely.contains_xy(geometry, x_um, y_um))


def turned(skeleton: Sequence[FloatArray], quarter_turns: int, *, mirrored: bool = False) -> tuple[FloatArray, ...]:
    """A skeleton, polylines (n, 2), turned clockwise about the origin; mirrored left to right before, if asked."""
    x_sign = -1.0 if mirrored else 1.0
    clockwise = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarter_turns % 4)
    return tuple((line * (x_sign, 1.0)) @ clockwise for line in skeleton)


def uncovered(inks: Sequence[MaskArray], covers: Sequence[MaskArray], *, most_shift_px: int) -> FloatArray:
    """Least part of each ink that lies outside each cover, over every shift of up to ``most_shift_px`` in x and y.

    Answers (len(inks), len(covers)) float in 0..1; 0 means that some shift hides the ink under the cover: its glyph is
    a subset of the other. Masks are all of one shape. Raises FontError where they are not, or where an ink is empty.
    """
    from scipy.fft import next_fast_len

    shapes = {mask.shape for mask in (*inks, *covers)}
    if len(shapes) != 1 or not all(mask.any() for mask in inks):
        raise FontError("the masks must be of one shape, and every ink must hold a sample")
    rows, columns = shapes.pop()
    # Room for the shift on every side, so that the circular correlation never wraps ink onto itself.
    size = (next_fast_len(rows + 2 * most_shift_px), next_fast_len(columns + 2 * most_shift_px, real=True))
    shifts = np.arange(-most_shift_px, most_shift_px + 1)
    covers_hat = np.fft.rfft2(np.array(covers, dtype=np.float64), s=size)
    least = np.empty((len(inks), len(covers)))
    for row, mask in enumerate(inks):
        ink_hat = np.fft.rfft2(mask.astype(np.float64), s=size)
        covered = np.fft.irfft2(covers_hat * np.conj(ink_hat), s=size)[:, shifts[:, None], shifts[None, :]]
        # Counts of samples are whole numbers; rounding takes the transform's noise away.
        least[row] = 1.0 - np.rint(covered.max(axis=(1, 2))) / mask.sum()
    return least


def land_fraction(mask: MaskArray, *, sigma_um: float, pixel_um: float = PIXEL_UM) -> FloatArray:
    """Part of its neighbourhood that stands as land, at every sample: the mask under a Gaussian window.

    Same shape as the mask, 0..1. What lies outside the mask's frame counts as floor.
    """
    from scipy.ndimage import gaussian_filter

    fraction: FloatArray = gaussian_filter(mask.astype(np.float64), sigma=sigma_um / pixel_um, mode="constant")
    return fraction


def _samples_um(half_width_um: float, half_height_um: float, pixel_um: float) -> tuple[FloatArray, FloatArray]:
    columns = int(np.ceil(half_width_um / pixel_um))
    rows = int(np.ceil(half_height_um / pixel_um))
    x_um, y_um = np.meshgrid(pixel_um * np.arange(-columns, columns + 1), pixel_um * np.arange(-rows, rows + 1))
    return x_um, y_um
