"""How well glyphs stay apart, and how much metal they leave standing: measures on sampled ink."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fonts.errors import FontError
from fonts.strokes import FloatArray

MaskArray = NDArray[np.bool_]

PIXEL_UM = 2.5


def rasterise(
    geometry: BaseGeometry, *, half_width_um: float, half_height_um: float, pixel_um: float = PIXEL_UM
) -> MaskArray:
    """Which samples the ink covers: (rows, columns) bool, row 0 the lowest, one sample on the origin."""
    columns = int(np.ceil(half_width_um / pixel_um))
    rows = int(np.ceil(half_height_um / pixel_um))
    x_um, y_um = np.meshgrid(pixel_um * np.arange(-columns, columns + 1), pixel_um * np.arange(-rows, rows + 1))
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
    shapes = {mask.shape for mask in (*inks, *covers)}
    if len(shapes) != 1 or not all(mask.any() for mask in inks):
        raise FontError("the masks must be of one shape, and every ink must hold a sample")
    rows, columns = shapes.pop()
    # Room for the shift on every side, so that the circular correlation never wraps ink onto itself.
    size = (rows + 2 * most_shift_px, columns + 2 * most_shift_px)
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
