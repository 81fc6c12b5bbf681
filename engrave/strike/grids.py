"""Smooth fields on coarser grids: means over squares of samples, and back.

The squares lie evenly about the middle of the grid, so that a mirrored field has mirrored means.
"""

import numpy as np
from numpy.typing import NDArray

from engrave.strike.squares import interpolated as stretched_over

SingleArray = NDArray[np.float32]


def block_means(values: NDArray[np.floating] | NDArray[np.bool_], factor: int) -> SingleArray:
    """Means over squares of ``factor`` samples; the outermost over those samples that are there.

    factor : odd, as only then squares lie evenly about the middle of any number of samples.
    """
    sums = values
    for axis, length in enumerate(values.shape):
        beside = _beside(length, factor)
        borders = np.arange(-beside, length + beside + 1, factor).clip(0, length)
        sums = np.add.reduceat(sums, borders[:-1], axis=axis, dtype=np.float32)
        counts = np.diff(borders).astype(np.float32)
        sums /= counts[:, np.newaxis] if axis == 0 else counts
    return sums.astype(np.float32, copy=False)


def _beside(length: int, factor: int) -> int:
    """How many samples the outermost squares lack on either side of a line of this length."""
    squares = -(-length // factor)
    if (squares * factor - length) % 2:
        squares += 1
    return (squares * factor - length) // 2


def interpolated(coarse: SingleArray, factor: int, shape: tuple[int, int]) -> SingleArray:
    """Means over squares of samples as samples again, linear between the squares' middles; of this shape."""
    over = (
        slice(beside, beside + length)
        for length, beside in zip(shape, (_beside(length, factor) for length in shape), strict=True)
    )
    return stretched_over(coarse, factor)[tuple(over)]


def smoothed(values: NDArray[np.bool_], *, factor: int, sigma_um: float, pixel_um: float) -> SingleArray:
    """A Gaussian mean on squares of ``factor`` samples, an odd number; nothing beyond the border."""
    from scipy.ndimage import gaussian_filter

    mean: SingleArray = gaussian_filter(
        block_means(values, factor), sigma_um / (factor * pixel_um), truncate=3.0, mode="constant"
    )
    return mean
