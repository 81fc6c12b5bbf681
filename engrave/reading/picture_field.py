"""From a picture to a field in which a mark can be looked for as in a height map: brightness stands for height.

It is the logarithm of the brightness, so that light that falls off over the primer is but a slow background. Depths of
such a field are in nepers of darkness and not in um. Where walls are brighter than what lies around them, they are
heaps: the tone of a match tells the two apart.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engrave.reading.field import BACKGROUND_SIGMA_UM, COARSE_UM, Coarse, Field, Form
from engrave.reading.picture import Picture
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

WORKING_UM = 2.5
"""Pixel that pictures are brought to: glyph images have no finer one."""

# What lies this far below the brightest is black: a logarithm would make much of a camera's noise there.
_BRIGHT_PERCENTILE, _DARKEST_SHARE = 99.0, 0.08
_SPARSE = 4
_BLOCK = round(COARSE_UM / WORKING_UM)
_LEAST_BLOCKS = 8
_LEVEL = Form(bend=0.0, slope_x=0.0, slope_y=0.0, level=0.0, base_um=0.0)


def field_of_picture(picture: Picture, um_per_px: float) -> Field | None:
    """The picture's field if a pixel is so large, the origin in its middle; None where it is too small to look at.

    All of the picture is inside.
    """
    light = log_light(picture, um_per_px, pixel_um=WORKING_UM, block=_BLOCK)
    if min(light.shape) < _LEAST_BLOCKS * _BLOCK:
        return None
    blocks = light.reshape(light.shape[0] // _BLOCK, _BLOCK, light.shape[1] // _BLOCK, _BLOCK).mean(axis=(1, 3))
    background = _smoothed(blocks)
    x0_um, y0_um = (-(length - 1) / 2 * WORKING_UM for length in light.shape[::-1])
    coarse_shift_um = (COARSE_UM - WORKING_UM) / 2
    coarse = Coarse(
        x0_um=x0_um + coarse_shift_um,
        y0_um=y0_um + coarse_shift_um,
        depth_um=background - blocks,
        background_um=background,
        inside_um=_to_border_um(blocks.shape),
    )
    surface = HeightMap(z_um=light, pixel_um=WORKING_UM, x0_um=x0_um, y0_um=y0_um, frame="reading")
    return Field(surface=surface, form=_LEVEL, coarse=coarse, contact_um=_radius_um(coarse.inside_um))


def bounded(field: Field, beyond_um: FloatArray) -> Field:
    """The field where only what lies within an edge is inside. beyond_um : distance inside it on the coarse grid."""
    inside_um = np.minimum(field.coarse.inside_um, beyond_um)
    return replace(field, coarse=replace(field.coarse, inside_um=inside_um), contact_um=_radius_um(inside_um))


def log_light(picture: Picture, um_per_px: float, *, pixel_um: float, block: int) -> FloatArray:
    """Logarithm of the grey about the picture's middle in pixels of this size, row 0 the lowest.

    As many as it holds, in whole blocks of ``block`` each way; empty where it holds none.
    """
    per_px = um_per_px / pixel_um
    rows, columns = (int(length * per_px / block) * block for length in picture.grey.shape)
    if not (rows and columns):
        return np.zeros((0, 0))
    height, width = picture.grey.shape
    left, top = (width - columns / per_px) / 2, (height - rows / per_px) / 2
    image = Image.fromarray(np.ascontiguousarray(picture.grey, dtype=np.float32))
    box = (max(left, 0.0), max(top, 0.0), min(width - left, width), min(height - top, height))
    grey = np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR, box=box))
    bright = float(np.percentile(picture.grey[::_SPARSE, ::_SPARSE], _BRIGHT_PERCENTILE))
    darkest = np.float32(max(_DARKEST_SHARE * bright, 1e-3))
    light: FloatArray = np.log(np.maximum(grey, 0.0) + darkest)[::-1].astype(np.float64)
    return light


def _smoothed(blocks: FloatArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    smooth: FloatArray = gaussian_filter(blocks, BACKGROUND_SIGMA_UM / COARSE_UM, mode="nearest")
    return smooth


def _to_border_um(shape: tuple[int, ...]) -> FloatArray:
    """Distance of every coarse place to the first one beyond the picture's border."""
    row, column = (COARSE_UM * np.minimum(np.arange(length), np.arange(length)[::-1]) for length in shape)
    return np.minimum(row[:, None], column).astype(np.float64) + COARSE_UM


def _radius_um(inside_um: FloatArray) -> float:
    return float(np.sqrt(np.count_nonzero(inside_um > 0) / np.pi) * COARSE_UM)
