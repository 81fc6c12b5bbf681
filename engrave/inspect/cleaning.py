"""What an instrument gets wrong at single samples: spikes are taken out and counted, holes are counted.

A spike is what stands out of, or sinks into, its surroundings on less than three samples either way: grey opening and
closing by a square of three leave slopes, walls, and whatever is broader as they are.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A spike rises over its surroundings by so much, and by so many times what noise does.
_LEAST_SPIKE_UM, _NOISES = 3.0, 8.0
_SIDE = 3
# On a wall the sharp corners of what was cut stand out as well: by less than this share of the height about them.
_AROUND, _WALL_SHARE = 5, 0.5
# Samples finer than half of this are averaged to about it.
_WORKING_UM = 1.0
# A small hole has what was measured within so many samples.
_SMALL = 6
# For that a hole is closed by the median of what was measured so far around it.
_REACH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A scan without its spikes; holes : samples without a height as it came; spikes : samples taken out since."""

    surface: HeightMap
    samples: int
    holes: int
    spikes: int


def cleaned(surface: HeightMap) -> Cleaned:
    """The scan with NaN where a spike was."""
    z_um = surface.z_um
    known = np.isfinite(z_um)
    spike = np.zeros_like(known)
    if known.any():
        whole_um = _closed(z_um, known)
        spike = known & (_peaks(whole_um, known) | _peaks(-whole_um, known))
    return Cleaned(
        surface=replace(surface, z_um=np.where(spike, np.nan, z_um)),
        samples=z_um.size,
        holes=int(z_um.size - known.sum()),
        spikes=int(spike.sum()),
    )


def _peaks(z_um: FloatArray, known: BoolArray) -> BoolArray:
    """Which samples stand out."""
    from scipy.ndimage import grey_opening, maximum_filter, minimum_filter

    base_um = grey_opening(z_um, size=(_SIDE, _SIDE))
    over_um = z_um - base_um
    least_um = max(_LEAST_SPIKE_UM, _NOISES * float(np.median(over_um[known])))
    peaks: BoolArray = over_um > least_um
    if peaks.any():
        around_um = maximum_filter(base_um, size=_AROUND) - minimum_filter(base_um, size=_AROUND)
        peaks &= over_um > least_um + _WALL_SHARE * around_um
    return peaks


def without_small_holes(surface: HeightMap) -> HeightMap:
    """The scan with its small holes closed, for those who look at whole pictures; wide ones stay."""
    from scipy.ndimage import distance_transform_edt

    known = np.isfinite(surface.z_um)
    if not known.any():
        return surface
    near = distance_transform_edt(~known) <= _SMALL
    return replace(surface, z_um=np.where(near, _closed(surface.z_um, known), np.nan))


def thinned(surface: HeightMap) -> HeightMap:
    """The scan averaged over squares of samples where it is finer than can be of use: about a micrometre apart then."""
    block = int(_WORKING_UM / surface.pixel_um)
    rows, columns = (size // max(block, 1) for size in surface.z_um.shape)
    if block < 2 or not rows or not columns:  # noqa: PLR2004 - two samples make a mean
        return surface
    cut_um = surface.z_um[: rows * block, : columns * block]
    known = np.isfinite(cut_um)
    total_um, count = (
        values.reshape(rows, block, columns, block).sum(axis=(1, 3))
        for values in (np.where(known, cut_um, 0.0), known.astype(np.float64))
    )
    off_um = surface.pixel_um * (block - 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return replace(
            surface,
            z_um=total_um / count,
            pixel_um=surface.pixel_um * block,
            x0_um=surface.x0_um + off_um,
            y0_um=surface.y0_um + off_um,
        )


def _closed(z_um: FloatArray, known: BoolArray) -> FloatArray:
    """The heights with holes closed: by the median around each, or by the nearest height where there is none around."""
    from scipy.ndimage import distance_transform_edt, maximum_filter

    if known.all():
        return z_um
    place = distance_transform_edt(~known, return_distances=False, return_indices=True)
    whole_um: FloatArray = z_um[tuple(place)]
    rows, columns = np.nonzero(~known & maximum_filter(known, size=2 * _REACH + 1))
    wide_um = np.pad(z_um, _REACH, constant_values=np.nan)
    side = range(2 * _REACH + 1)
    around_um = np.sort([wide_um[rows + down, columns + along] for down in side for along in side], axis=0)
    count = np.isfinite(around_um).sum(axis=0)
    whole_um[rows, columns] = around_um[(count - 1) // 2, np.arange(rows.size)]
    return whole_um
