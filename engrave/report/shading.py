"""How an impression looks: a height map as grey values, lit from the side and by a ring.

Every constant here was chosen by eye on simulated impressions; none is a measurement, and the picture is for people.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

# The picture covers the dent, and no more than this.
CROP_UM = 1500.0
NO_SURFACE = 255

# What is broader than this is form. Its slope is kept at a share, so that the dent is seen but does not drown the mark.
_FORM_SIGMA_UM = 70.0
_FORM_SHARE = 0.12
_MARK_SHARE = 0.50
# The side light stands upper left, where the eye expects it: then what is sunk looks sunk.
_LIGHT = np.array([-1.0, 1.0, 1.3]) / np.sqrt(1.0 + 1.0 + 1.3**2)
_AMBIENT, _SIDE, _RING = 0.02, 0.50, 0.25
# Deep metal sees less of the sky: it loses up to this share of its light, most of it over this depth.
_DEEP, _DEEP_UM = 0.45, 12.0
_BLACK, _WHITE = 12, 248
# The form is computed on a grid this many times coarser.
_COARSE = 8


def shaded(surface: HeightMap, *, width_px: int) -> tuple[Image.Image, float]:
    """The impression as a grey picture (y up becomes top up), and its scale in pixels a micrometre.

    Where there is no surface the picture is white.
    """
    z_um, weight = cropped(surface)
    height_px = max(1, round(width_px * z_um.shape[0] / z_um.shape[1]))
    size = (width_px, height_px)
    pixel_um = z_um.shape[1] * surface.pixel_um / width_px
    covered = resized(weight, size)
    sampled_um = ratio(resized(z_um * weight, size), covered)
    form_um = _form(sampled_um, covered, pixel_um=pixel_um)
    mark_um = np.where(covered > 0, sampled_um - form_um, 0.0)
    light = _light(mark_um, form_um, pixel_um=pixel_um)
    grey = np.clip(_BLACK + (_WHITE - _BLACK) * light, _BLACK, _WHITE)
    grey = np.where(covered > 0.5, grey, NO_SURFACE)  # noqa: PLR2004 - more than half the pixel
    return Image.fromarray(np.round(grey[::-1]).astype(np.uint8)), 1.0 / pixel_um


def cropped(surface: HeightMap) -> tuple[FloatArray, FloatArray]:
    """Heights about the origin, 0 where there are none, and 1 where there are; row 0 keeps the least y."""
    half_um = CROP_UM / 2
    rows = np.flatnonzero(np.abs(surface.y_um()) <= half_um)
    columns = np.flatnonzero(np.abs(surface.x_um()) <= half_um)
    if rows.size == 0 or columns.size == 0:
        raise ValueError("impression: the height map does not reach the middle of the dent; nothing to show")
    z_um = surface.z_um[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    valid = np.isfinite(z_um)
    return np.where(valid, z_um, 0.0), valid.astype(np.float64)


def resized(values: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Bilinear, averaging where the picture gets smaller; size is columns by rows."""
    picture = Image.fromarray(values.astype(np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR), dtype=np.float64)


def ratio(sums: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted sums over their weights; 0 where nothing weighs."""
    known = weights > 1e-6  # noqa: PLR2004 - single precision
    return np.where(known, sums / np.where(known, weights, 1.0), 0.0)


def _form(z_um: FloatArray, weight: FloatArray, *, pixel_um: float) -> FloatArray:
    """The heights without what is finer than the form, continued where there is no surface."""
    from scipy.ndimage import gaussian_filter

    size = (z_um.shape[1], z_um.shape[0])
    coarse = (max(1, size[0] // _COARSE), max(1, size[1] // _COARSE))
    sigma = _FORM_SIGMA_UM / pixel_um / _COARSE
    weights = gaussian_filter(resized(weight, coarse), sigma, mode="nearest")
    sums = gaussian_filter(resized(z_um * weight, coarse), sigma, mode="nearest")
    picture = Image.fromarray(ratio(sums, weights).astype(np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)


def _light(mark_um: FloatArray, form_um: FloatArray, *, pixel_um: float) -> FloatArray:
    """Brightness, about 0 to 1: Lambert's cosine for the side light, the slope for the ring, the depth for the sky."""
    slope_y, slope_x = (
        _MARK_SHARE * mark + _FORM_SHARE * form
        for mark, form in zip(_gradient(mark_um, pixel_um), _gradient(form_um, pixel_um), strict=True)
    )
    upright = 1.0 / np.sqrt(1.0 + np.square(slope_x) + np.square(slope_y))
    side = np.maximum(upright * (_LIGHT[2] - _LIGHT[0] * slope_x - _LIGHT[1] * slope_y), 0.0)
    sky = 1.0 - _DEEP * np.tanh(np.maximum(-mark_um, 0.0) / _DEEP_UM)
    return np.asarray((_AMBIENT + _SIDE * side / _LIGHT[2] + _RING * upright) * sky, dtype=np.float64)


def _gradient(z_um: FloatArray, pixel_um: float) -> tuple[FloatArray, FloatArray]:
    """Slopes along y and x; 0 along an axis with a single sample."""
    along = [np.gradient(z_um, pixel_um, axis=axis) if z_um.shape[axis] > 1 else np.zeros_like(z_um) for axis in (0, 1)]
    return along[0], along[1]
