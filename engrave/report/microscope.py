"""Plain grey pictures of a height map, as a camera on a stereo microscope would take them: what readers are given.

The metal is Cook and Torrance's (A reflectance model for computer graphics, ACM Trans. Graphics 1, 1982): a lobe of
microscopic facets (Beckmann) about the mirror direction, with their masking, and a diffuse share. The camera looks down
the axis. Every constant below is a prior, chosen by eye on simulated impressions and measured on no primer.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from toolpaths.surface import HeightMap

Grey = NDArray[np.float32]
_Reals = NDArray[np.floating[Any]]

# Root mean square slope of the facets: rough, struck metal; polished brass would have .05 to .1.
_ROUGHNESS = 0.30
# Of the brightest that a level lamp can make the metal, this much is diffuse, and this much comes from all around.
_DIFFUSE, _AMBIENT = 0.22, 0.03
# How wide a hollow is, for what its walls hide of the lamp: about a stroke at its mouth.
_HOLLOW_WIDTH_UM = 24.0
# What lies below the mean of its surroundings (Gaussian) lies in a hollow.
_SURROUNDINGS_UM = 30.0
# The surroundings are computed on a grid this many times coarser.
_COARSE = 8
# The lamp's brightness is tabulated by the tilt of the metal and interpolated; the ring is summed over half its round.
_TILTS_RAD = np.linspace(0.0, math.pi / 2, 1025)
_AZIMUTHS = 128
# The blur's kernel ends after so many standard deviations.
_TRUNCATE = 3.0
_NOTHING = 1e-6

# Where the lamps stand unless told: a ring held low enough that level metal is not the brightest, a gooseneck's lamp at
# the upper left, where the eye expects it: then what is sunk looks sunk.
RING_ELEVATION_DEG = 40.0
SIDE_AZIMUTH_DEG, SIDE_ELEVATION_DEG = 135.0, 50.0
# The blur of a numerical aperture of .1 (engrave.report.eyepiece), um.
BLUR_UM = 1.2


def ring_lit(
    surface: HeightMap, *, pixel_um: float, elevation_deg: float = RING_ELEVATION_DEG, blur_um: float = BLUR_UM
) -> Grey:
    """The surface under a ring light whose lamps stand ``elevation_deg`` above the level.

    surface : reading frame. pixel_um : a pixel of the camera; as many as fit into the map, about its middle.
    blur_um : standard deviation of the optics' blur.
    Gives (rows, columns) float in 0..1, row 0 at the top; 1 is the brightest tilt, 0 is where there is no surface.
    The brightness follows from the tilt of the metal and its depth below its surroundings alone. Raises ValueError.
    """
    _check(surface, pixel_um=pixel_um, elevation_deg=elevation_deg, blur_um=blur_um)
    light = ring_light(surface, elevation_deg=elevation_deg)
    return _averaged(optics_blurred(light, blur_um / surface.pixel_um), pixel_um / surface.pixel_um)


def side_lit(
    surface: HeightMap,
    *,
    pixel_um: float,
    azimuth_deg: float = SIDE_AZIMUTH_DEG,
    elevation_deg: float = SIDE_ELEVATION_DEG,
    blur_um: float = BLUR_UM,
) -> Grey:
    """The surface under one lamp, ``azimuth_deg`` counter-clockwise from the right: 135 is upper left.

    Without cast shadows, else as :func:`ring_lit`. Raises ValueError.
    """
    _check(surface, pixel_um=pixel_um, elevation_deg=elevation_deg, blur_um=blur_um, azimuth_deg=azimuth_deg)
    light = side_light(surface, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg)
    return _averaged(optics_blurred(light, blur_um / surface.pixel_um), pixel_um / surface.pixel_um)


def photographed(grey: Grey, rng: np.random.Generator, *, noise: float = 0.01) -> NDArray[np.uint8]:
    """What a camera makes of a picture in 0..1: noise and eight bits.

    noise : standard deviation at the brightest; half of its variance is the electronics', the same everywhere, and half
    is the light's, which grows with the brightness. Raises ValueError for a noise that is none.
    """
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise: {noise} is no standard deviation; give 0 or more, as a share of the brightest")
    spread = noise * np.sqrt(0.5 * (1.0 + grey))
    seen = grey + spread * rng.standard_normal(grey.shape, dtype=np.float32)
    return np.asarray(np.round(255.0 * np.clip(seen, 0.0, 1.0)), dtype=np.uint8)


def ring_light(surface: HeightMap, *, elevation_deg: float) -> Grey:
    """What :func:`ring_lit` sees before optics and camera, at the map's own samples; row 0 at the top."""
    slope_y, slope_x = _slopes(surface)
    light = ring_brightness(np.arctan(np.hypot(slope_x, slope_y)), elevation_deg=elevation_deg)
    return _with_shade(light, surface, elevation_deg)


def side_light(surface: HeightMap, *, azimuth_deg: float, elevation_deg: float) -> Grey:
    """What :func:`side_lit` sees before optics and camera, at the map's own samples; row 0 at the top."""
    slope_y, slope_x = _slopes(surface)
    light = side_brightness(slope_x, slope_y, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg)
    return _with_shade(light, surface, elevation_deg)


def ring_brightness(tilt_rad: _Reals, *, elevation_deg: float) -> Grey:
    """Brightness of metal tilted by ``tilt_rad``, any shape, under a ring light; 1 is the brightest tilt there is.

    The ring is a circle of lamps: the reflection of one, averaged over half the round.
    """
    zenith_rad = math.radians(90.0 - elevation_deg)
    azimuths_rad = (np.arange(_AZIMUTHS) + 0.5) * (math.pi / _AZIMUTHS)
    towards = np.sin(_TILTS_RAD)[:, None] * np.cos(azimuths_rad)
    table = _reflected(np.cos(_TILTS_RAD)[:, None], towards, zenith_rad).mean(axis=1)
    return np.asarray(np.interp(tilt_rad, _TILTS_RAD, table / table.max()), dtype=np.float32)


def side_brightness(slope_x: _Reals, slope_y: _Reals, *, azimuth_deg: float, elevation_deg: float) -> Grey:
    """Brightness of metal of these slopes, any shape, under one lamp; 1 is the brightest slope there is."""
    azimuth_rad, zenith_rad = math.radians(azimuth_deg), math.radians(90.0 - elevation_deg)
    upright = 1.0 / np.sqrt(1.0 + np.square(slope_x) + np.square(slope_y))
    towards = -(slope_x * math.cos(azimuth_rad) + slope_y * math.sin(azimuth_rad)) * upright
    brightest = float(_reflected(np.cos(_TILTS_RAD), np.sin(_TILTS_RAD), zenith_rad).max())
    return np.asarray(_reflected(upright, towards, zenith_rad) / brightest, dtype=np.float32)


def with_ambient(light: Grey) -> Grey:
    """The lamp's light and what comes from all around."""
    return np.asarray(_AMBIENT + (1.0 - _AMBIENT) * light, dtype=np.float32)


def optics_blurred(light: Grey, sigma_px: float) -> Grey:
    """What passes the optics, in 0..1; black where the light is NaN."""
    from scipy.ndimage import gaussian_filter

    seen = np.clip(np.nan_to_num(light), 0.0, 1.0)
    return gaussian_filter(seen, sigma_px, truncate=_TRUNCATE, mode="nearest") if sigma_px > 0 else seen


def _reflected(upright: _Reals, towards: _Reals, zenith_rad: float) -> _Reals:
    """Light that reaches the camera from a lamp so far from the axis, of which the mirror direction gives about 1.

    upright, towards : the normal's parts along the axis and, in the level, towards the lamp.
    """
    half_rad = zenith_rad / 2
    lamp = np.maximum(upright * math.cos(zenith_rad) + towards * math.sin(zenith_rad), 0.0)
    facet = np.maximum(upright * math.cos(half_rad) + towards * math.sin(half_rad), 1e-3)
    seen = np.maximum(upright, 1e-3)
    squared = np.square(facet)
    lobe = np.exp((1.0 - 1.0 / squared) / _ROUGHNESS**2) / np.square(squared)
    # Of a groove of facets, what is neither hidden from the lamp nor from the camera.
    unmasked = np.minimum(1.0, 2.0 * facet * np.minimum(seen, lamp) / math.cos(half_rad))
    return np.asarray(_DIFFUSE * lamp + (1.0 - _DIFFUSE) * lobe * unmasked * math.cos(half_rad) / seen)


def _with_shade(light: Grey, surface: HeightMap, elevation_deg: float) -> Grey:
    """The light less what walls hide from the floor of a hollow, row 0 at the top.

    Of a lamp that goes round, the walls of a long slot hide whatever lies within an angle of the slot's normal.
    """
    z_um = surface.z_um.astype(np.float32)
    depth_um = np.maximum(_surroundings(z_um, surface.pixel_um) - z_um, 0.0)
    clear_um = np.float32(math.tan(math.radians(elevation_deg)) * _HOLLOW_WIDTH_UM / 2)
    seen = np.arcsin(clear_um / np.maximum(depth_um, clear_um)) * np.float32(2.0 / math.pi)
    return with_ambient(light * seen)[::-1]


def _surroundings(z_um: Grey, pixel_um: float) -> Grey:
    """The heights without what is finer than a hollow's surroundings, continued where there is no surface."""
    from scipy.ndimage import gaussian_filter

    valid = np.isfinite(z_um)
    size = (z_um.shape[1], z_um.shape[0])
    coarse = (max(1, size[0] // _COARSE), max(1, size[1] // _COARSE))
    sigma = _SURROUNDINGS_UM / pixel_um / _COARSE
    sums, weights = (
        gaussian_filter(np.asarray(Image.fromarray(values).resize(coarse, Image.Resampling.BOX)), sigma, mode="nearest")
        for values in (np.where(valid, z_um, np.float32(0.0)), valid.astype(np.float32))
    )
    mean_um = Image.fromarray(sums / np.maximum(weights, _NOTHING))
    return np.asarray(mean_um.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def _slopes(surface: HeightMap) -> tuple[Grey, Grey]:
    """Slopes along y and x, NaN where a neighbour is missing; 0 along an axis with a single sample."""
    z_um = surface.z_um.astype(np.float32)
    step = np.float32(surface.pixel_um)
    along = [np.gradient(z_um, step, axis=axis) if z_um.shape[axis] > 1 else np.zeros_like(z_um) for axis in (0, 1)]
    return along[0], along[1]


def resampled(picture: Grey, box: tuple[float, float, float, float], size: tuple[int, int]) -> Grey:
    """Columns by rows of ``size`` from a box (left, top, right, bottom) in old pixels: averaged, or interpolated."""
    finer = box[2] - box[0] < size[0]
    kind = Image.Resampling.BILINEAR if finer else Image.Resampling.BOX
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size, kind, box=box), dtype=np.float32)


def _averaged(picture: Grey, step: float) -> Grey:
    """As many pixels of ``step`` old ones as the picture holds, about its middle."""
    if step == 1:
        return picture
    height, width = picture.shape
    rows, columns = math.floor(height / step + _NOTHING), math.floor(width / step + _NOTHING)
    if not (rows and columns):
        raise ValueError("pixel_um: a pixel is larger than the height map; give a smaller one")
    left, top = max((width - columns * step) / 2, 0.0), max((height - rows * step) / 2, 0.0)
    return resampled(picture, (left, top, width - left, height - top), (columns, rows))


def _check(
    surface: HeightMap, *, pixel_um: float, elevation_deg: float, blur_um: float, azimuth_deg: float = 0.0
) -> None:
    """Raise ValueError with every fault."""
    faults = []
    if surface.frame != "reading":
        faults.append(f"impression: give it in the reading frame, not the {surface.frame} frame")
    if surface.z_um.size == 0:
        faults.append("impression: the height map has no samples; nothing to show")
    if not (math.isfinite(pixel_um) and pixel_um > 0):
        faults.append(f"pixel_um: {pixel_um} is no size; give the camera's pixel on the primer, more than 0 um")
    if not 0 < elevation_deg < 90:  # noqa: PLR2004 - level and upright
        faults.append(f"elevation_deg: {elevation_deg} is not between 0 (level) and 90 (upright)")
    if not (math.isfinite(blur_um) and blur_um >= 0):
        faults.append(f"blur_um: {blur_um} is no standard deviation; give 0 um or more")
    if not math.isfinite(azimuth_deg):
        faults.append(f"azimuth_deg: {azimuth_deg} is no direction; give degrees counter-clockwise from the right")
    if faults:
        raise ValueError("\n".join(faults))
