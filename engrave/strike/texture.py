"""Surface texture: random roughness of a stated size, and the figures of a measured one.

The model is a stationary, isotropic Gaussian field whose autocorrelation is Gaussian, too:
``C(d) = rms^2 exp(-(d / correlation)^2)``, so that the correlation length is where it has fallen to 1/e. Real surfaces
are rougher at short distances than this (and often run in one direction); a primer, which metal has flowed over and
lacquer covers, is smooth there.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

# ISO 16610-61:2015: the Gaussian weighting function exp(-pi (d / (alpha cutoff))^2) passes half of a wave of length
# ``cutoff``, which makes its standard deviation alpha cutoff / sqrt(2 pi), 0.187 of the cutoff.
_ALPHA = math.sqrt(math.log(2.0) / math.pi)
_SIGMA_PER_CUTOFF = _ALPHA / math.sqrt(2.0 * math.pi)
_FILTER_SIGMAS = 4.0
# The field is made on a ring longer than the map by this many correlation lengths, and the rest is cut off: what is
# left at the seam is exp(-16).
_SEAM_LENGTHS = 4.0
# Waves that carry less than this share of the strongest one's variance are left out; all of them together matter less
# than the rounding of float32.
_LEAST_SHARE = 1e-8
_DIRECTIONS = 180
_LEAST_SAMPLES = 16
_LEAST_FOUND = 0.1
# What was not measured weighs nothing; a sample is filtered where at least this much of the window was measured.
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TextureFigures:
    """What is left of a topography above a cutoff.

    rms_um : root of the mean square height (Sq of ISO 25178-2).
    correlation_um : distance at which the autocorrelation falls to 1/e in the direction where it falls fastest: across
        the striae where there are any. (Sal of ISO 25178-2 is the same at 0.2.)
    across_rad : that direction, from x towards y, 0 to pi.
    along_um : the same distance at right angles to it; ``inf`` where it lies beyond half the map.
    samples : how many heights the figures rest on.
    """

    rms_um: float
    correlation_um: float
    across_rad: float
    along_um: float
    samples: int


def texture_um(
    shape: tuple[int, int], *, pixel_um: float, rms_um: float, correlation_um: float, rng: np.random.Generator
) -> Float32Array:
    """Random roughness, (rows, columns) float32, um: of mean zero and of ``rms_um`` over many such maps.

    Any one map departs from both as a sample does from what it is drawn from; opposite edges have nothing in common.
    Made of waves whose variances are the discrete Fourier transform of the autocorrelation on the map's own samples
    (circulant embedding; Dietrich and Newsam, SIAM J. Sci. Comput. 18, 1997), of which only the long ones are drawn
    where the correlation spans many samples. Raises ValueError with every fault: a size that is not positive, or a
    correlation longer than the map.
    """
    _require_texture(shape, pixel_um=pixel_um, rms_um=rms_um, correlation_um=correlation_um)
    from scipy.fft import ifft, irfft

    length = correlation_um / pixel_um
    down, across = (_wave_variances(size, length) for size in shape)
    kept = _kept(across[: across.size // 2 + 1])
    rows = _kept(down[: down.size // 2 + 1])
    up = np.concatenate([np.arange(rows), np.arange(max(rows, down.size - rows + 1), down.size)])
    amplitudes = np.sqrt(down[up, None] * across[None, :kept])
    waves = np.zeros((down.size, kept), dtype=np.complex64)
    waves[up] = _complex_noise((up.size, kept), rng) * amplitudes.astype(np.float32)
    # The inverse transform takes the real part of waves that are their own mirror images, half of their variance.
    waves[:, 0] *= np.float32(math.sqrt(2.0))
    if 2 * (kept - 1) == across.size:
        waves[:, -1] *= np.float32(math.sqrt(2.0))
    scale = rms_um * math.sqrt(down.size * across.size)
    columns = ifft(waves, axis=0)[: shape[0]] * np.float32(scale)
    field: Float32Array = irfft(columns, n=across.size, axis=1)[:, : shape[1]]
    return np.ascontiguousarray(field)


def _require_texture(shape: tuple[int, int], *, pixel_um: float, rms_um: float, correlation_um: float) -> None:
    faults = [f"shape: {shape}; give rows and columns, one or more of each"] if min(shape) < 1 else []
    faults += [
        f"{name}: {value!r} must be a positive length in um"
        for name, value in (("pixel_um", pixel_um), ("correlation_um", correlation_um))
        if not 0 < value < math.inf
    ]
    if not 0 <= rms_um < math.inf:
        faults.append(f"rms_um: {rms_um!r} must be a length in um, 0 or more")
    if not faults and correlation_um > max(shape) * pixel_um:
        faults.append(f"correlation_um: {correlation_um:g} is longer than the map, {max(shape) * pixel_um:g} um")
    if faults:
        raise ValueError("texture: " + "; ".join(faults))


def _wave_variances(size: int, length: float) -> FloatArray:
    """Variance of each wave on a ring that holds ``size`` samples, of mean 1; ``length`` is in samples."""
    from scipy.fft import fft, next_fast_len

    count = next_fast_len(size + math.ceil(_SEAM_LENGTHS * length), real=True)
    lag = np.arange(count)
    # Rounding makes the weakest waves a little negative.
    variances: FloatArray = np.maximum(fft(np.exp(-((np.minimum(lag, count - lag) / length) ** 2))).real, 0.0)
    relative: FloatArray = variances / variances.mean()
    return relative


def _kept(variances: FloatArray) -> int:
    """How many of these, from the longest wave on, are worth drawing."""
    return int(np.flatnonzero(variances >= _LEAST_SHARE * variances[0])[-1]) + 1


def _complex_noise(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.complex64]:
    """Circular normal numbers of variance 1."""
    parts = rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(math.sqrt(0.5))
    return parts.view(np.complex64)[..., 0]


def high_passed_um(z_um: FloatArray, *, pixel_um: float, cutoff_um: float) -> FloatArray:
    """The topography without its form (least-squares quadratic) and without what is longer than the cutoff.

    z_um : (rows, columns) float, um, NaN where nothing was measured; so is the answer. The filter is the areal Gaussian
    of ISO 16610-61; beside holes and edges its weights are those of what was measured. ``inf`` takes only the form
    away. Raises ValueError where a size is not positive, or fewer than 16 heights were measured.
    """
    heights_um = np.asarray(z_um, dtype=np.float64)
    found = np.isfinite(heights_um)
    _require_topography(heights_um, found, pixel_um=pixel_um, cutoff_um=cutoff_um)
    flat_um = heights_um - _form_um(heights_um, found)
    if math.isinf(cutoff_um):
        return flat_um
    return flat_um - _low_passed(flat_um, found, sigma=_SIGMA_PER_CUTOFF * cutoff_um / pixel_um)


def _require_topography(z_um: FloatArray, found: BoolArray, *, pixel_um: float, cutoff_um: float) -> None:
    faults = []
    if z_um.ndim != 2:  # noqa: PLR2004 - rows and columns
        faults.append(f"z_um: its shape is {z_um.shape}; give rows and columns")
    elif np.count_nonzero(found) < _LEAST_SAMPLES:
        faults.append(f"z_um: {np.count_nonzero(found)} heights were measured; give {_LEAST_SAMPLES} or more")
    if not 0 < pixel_um < math.inf:
        faults.append(f"pixel_um: {pixel_um!r} must be a positive length in um")
    elif not cutoff_um >= 2.0 * pixel_um:
        faults.append(f"cutoff_um: {cutoff_um!r}; give two samples or more, {2 * pixel_um:g} um")
    if faults:
        raise ValueError("texture: " + "; ".join(faults))


def _form_um(z_um: FloatArray, found: BoolArray) -> FloatArray:
    """The quadratic that lies nearest to what was measured."""
    y, x = (np.linspace(-1.0, 1.0, size) for size in z_um.shape)
    terms = [np.multiply.outer(y**down, x**across) for down, across in _QUADRATIC]
    columns = np.column_stack([term[found] for term in terms])
    # Of the least norm where a map is too narrow for all six.
    weights = np.linalg.lstsq(columns.T @ columns, columns.T @ z_um[found], rcond=None)[0]
    form: FloatArray = np.tensordot(weights, np.array(terms), axes=1)
    return form


_QUADRATIC = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))


def _low_passed(z_um: FloatArray, found: BoolArray, *, sigma: float) -> FloatArray:
    """Weighted mean of what was measured; ``sigma`` is in samples."""
    from scipy.ndimage import gaussian_filter

    sums, weights = (
        gaussian_filter(values, sigma, mode="constant", truncate=_FILTER_SIGMAS)
        for values in (np.where(found, z_um, 0.0), found.astype(np.float64))
    )
    return np.where(found & (weights > _LEAST_WEIGHT), sums / np.maximum(weights, _LEAST_WEIGHT), np.nan)


def texture_figures(z_um: FloatArray, *, pixel_um: float, cutoff_um: float) -> TextureFigures:
    """Size and correlation of a measured topography above the cutoff, as ``high_passed_um`` leaves it.

    Raises ValueError as that does, and where the remaining heights are all equal.
    """
    rough_um = high_passed_um(z_um, pixel_um=pixel_um, cutoff_um=cutoff_um)
    found = np.isfinite(rough_um)
    centred_um = np.where(found, rough_um - rough_um[found].mean(), 0.0)
    mean_square = float(np.square(centred_um[found]).mean())
    if not mean_square > _rounding_um2(z_um):
        raise ValueError("texture: all heights above the cutoff are equal; there is no texture to measure")
    lengths = _decay_lengths(_autocorrelation(centred_um, found)) * pixel_um
    fastest = int(np.argmin(lengths))
    return TextureFigures(
        rms_um=math.sqrt(mean_square),
        correlation_um=float(lengths[fastest]),
        across_rad=math.pi * fastest / _DIRECTIONS,
        along_um=float(lengths[(fastest + _DIRECTIONS // 2) % _DIRECTIONS]),
        samples=int(np.count_nonzero(found)),
    )


def _rounding_um2(z_um: FloatArray) -> float:
    """Mean square that rounding leaves of heights that are all form."""
    return float((1e-12 * np.nanmax(np.abs(z_um))) ** 2)


def _autocorrelation(z: FloatArray, found: BoolArray) -> FloatArray:
    """Mean product of pairs that were both measured over the mean square, at lags (0.., -half..half); NaN where few.

    z : (rows, columns), mean zero, 0 where not measured. The answer's column 0 is the lag of minus half the columns.
    """
    from scipy.fft import irfft2, next_fast_len, rfft2

    rows, columns = z.shape[0] // 2 + 1, z.shape[1] // 2
    size = [next_fast_len(count + count // 2 + 1, real=True) for count in z.shape]
    products, pairs = (irfft2(np.square(np.abs(rfft2(part, s=size))), s=size) for part in (z, found.astype(np.float64)))
    lag_x = np.arange(-columns, columns + 1)
    sums, counts = (values[:rows][:, lag_x] for values in (products, np.round(pairs)))
    few = counts < _LEAST_FOUND * counts[0, columns]
    means = np.where(few, np.nan, sums / np.maximum(counts, 1.0))
    correlation: FloatArray = means / means[0, columns]
    return correlation


def _decay_lengths(correlation: FloatArray) -> FloatArray:
    """Lag in samples at which each direction first falls to 1/e, (directions,) from x to y; inf where none does."""
    from scipy.ndimage import map_coordinates

    columns = correlation.shape[1] // 2
    radius = np.arange(0.0, max(correlation.shape) + 0.25, 0.25)
    angle = np.pi * np.arange(_DIRECTIONS)[:, None] / _DIRECTIONS
    places = [radius * np.sin(angle), columns + radius * np.cos(angle)]
    along = map_coordinates(correlation, places, order=1, mode="constant", cval=np.nan)
    below = along <= math.exp(-1.0)
    first = np.argmax(below, axis=1)
    row = np.arange(_DIRECTIONS)
    before, after = along[row, first - 1], along[row, first]
    with np.errstate(invalid="ignore", divide="ignore"):
        crossed = radius[first] - 0.25 * (math.exp(-1.0) - after) / (before - after)
    # What lies beyond a gap in the correlations is not known.
    known = np.array([np.isfinite(line[: end + 1]).all() for line, end in zip(along, first, strict=True)])
    return np.where(below.any(axis=1) & known, crossed, np.inf)
