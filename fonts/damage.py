"""Seeded damage to sampled glyphs, and a reader that compares templates: how often a worn class reads as another.

A trial draws the glyph with another stroke, turned and shifted a little; takes away a side (even trials) or one to
three spots (odd trials); blurs it, and adds noise. The sizes are priors, set to look like worn marks and not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fonts.separation import PIXEL_UM, MaskArray, rasterise
from fonts.strokes import FloatArray, ink

Skeleton = tuple[FloatArray, ...]

STROKE_FACTORS = (0.6, 1.5)
_MOST_TURN_RAD = np.deg2rad(5.0)
_MOST_SHIFT_UM = 7.5
_FADE_EDGES = (0.0, 0.45)  # of half the height, from the centre
_FADE_UM = 6.0
_SPOTS = (1, 3)
_SPOT_RADII_UM = (20.0, 37.0)
_SPOT_EDGE_UM = 4.0
_BLURS_UM = (7.5, 20.0)
_NOISE = 0.09
_NOISE_UM = 5.0
# The reader: templates blurred by this much, tried in the middle and a step away in four directions, with this gain.
_TEMPLATE_BLUR_UM = 10.0
_STEP_UM = 7.5
_STEPS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
_GAINS = (0.5, 1.6)
_STANDS = 0.9  # what the damage left of a place for its residual to count
_MARGIN_UM = 37.5  # round a glyph of full height


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """A damaged glyph: its ink, about 0 to 1, and where it is known to be undamaged. Row 0 is the lowest."""

    image: FloatArray
    undamaged: MaskArray


def wear(skeleton: Skeleton, *, height_um: float, stroke_um: float, fade: bool, rng: np.random.Generator) -> Worn:
    """One damaged glyph: a side that fades, or else spots."""
    from scipy.ndimage import gaussian_filter

    turn_rad = rng.uniform(-_MOST_TURN_RAD, _MOST_TURN_RAD)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    shift_um = rng.uniform(-_MOST_SHIFT_UM, _MOST_SHIFT_UM, size=2)
    moved = tuple(line @ np.array([[cosine, sine], [-sine, cosine]]) + shift_um for line in skeleton)
    drawn = _sampled(moved, height_um=height_um, stroke_um=stroke_um * rng.uniform(*STROKE_FACTORS))
    left = _faded(drawn.shape, height_um, rng) if fade else _spotted(drawn.shape, height_um, rng)
    image = gaussian_filter(drawn * left, sigma=rng.uniform(*_BLURS_UM) / PIXEL_UM, mode="constant")
    noise = gaussian_filter(rng.standard_normal(drawn.shape), sigma=_NOISE_UM / PIXEL_UM, mode="wrap")
    return Worn(image=image + _NOISE / noise.std() * noise, undamaged=left > _STANDS)


def confusion(
    skeletons: Sequence[Skeleton], *, height_um: float, stroke_um: float, trials: int, seed: int
) -> NDArray[np.int64]:
    """How often each class, worn, is read as each: (classes, classes) int, rows what it was, ``trials`` in each row."""
    rng = np.random.default_rng(seed)
    templates = _templates(skeletons, height_um=height_um, stroke_um=stroke_um)
    counts = np.zeros((len(skeletons), len(skeletons)), dtype=np.int64)
    for number, skeleton in enumerate(skeletons):
        for trial in range(trials):
            worn = wear(skeleton, height_um=height_um, stroke_um=stroke_um, fade=trial % 2 == 0, rng=rng)
            counts[number, _read(worn, templates)] += 1
    return counts


def _read(worn: Worn, templates: FloatArray) -> int:
    """The class whose template leaves the least residual where nothing is damaged, at its best step and gain.

    templates : (classes, steps, rows, columns).
    """
    seen = worn.image[worn.undamaged]
    shown = templates[:, :, worn.undamaged]
    power = np.maximum((shown**2).sum(axis=-1), np.finfo(np.float64).tiny)
    common = shown @ seen
    gain = np.clip(common / power, *_GAINS)
    residual = gain**2 * power - 2 * gain * common
    return int(residual.min(axis=1).argmin())


def _templates(skeletons: Sequence[Skeleton], *, height_um: float, stroke_um: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    step = round(_STEP_UM / PIXEL_UM)
    nominal = np.array([_sampled(skeleton, height_um=height_um, stroke_um=stroke_um) for skeleton in skeletons])
    blurred = gaussian_filter(nominal, sigma=(0, _TEMPLATE_BLUR_UM / PIXEL_UM, _TEMPLATE_BLUR_UM / PIXEL_UM))
    # The margin is wider than a step and the blur's tail is faint there, so that rolling brings no ink round.
    return np.stack([np.roll(blurred, (step * up, step * right), axis=(1, 2)) for up, right in _STEPS], axis=1)


def _sampled(skeleton: Skeleton, *, height_um: float, stroke_um: float) -> FloatArray:
    half_um = height_um / 2 + _MARGIN_UM
    mask = rasterise(ink(skeleton, stroke_um=stroke_um), half_width_um=half_um, half_height_um=half_um)
    return mask.astype(np.float64)


def _faded(shape: tuple[int, ...], height_um: float, rng: np.random.Generator) -> FloatArray:
    """What is left beside a straight edge: 1 on the side of the centre, 0 beyond."""
    y_um, x_um = _grid_um(shape)
    angle_rad = rng.uniform(0.0, 2 * np.pi)
    edge_um = rng.uniform(*_FADE_EDGES) * height_um / 2
    beyond_um = x_um * np.cos(angle_rad) + y_um * np.sin(angle_rad) - edge_um
    return _logistic(-beyond_um / _FADE_UM)


def _spotted(shape: tuple[int, ...], height_um: float, rng: np.random.Generator) -> FloatArray:
    """What is left between round spots anywhere in the glyph's box."""
    y_um, x_um = _grid_um(shape)
    left = np.ones(shape)
    for _ in range(rng.integers(*_SPOTS, endpoint=True)):
        centre_x_um, centre_y_um = rng.uniform(-height_um / 2, height_um / 2, size=2)
        radius_um = rng.uniform(*_SPOT_RADII_UM)
        left *= _logistic((np.hypot(x_um - centre_x_um, y_um - centre_y_um) - radius_um) / _SPOT_EDGE_UM)
    return left


def _grid_um(shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    rows, columns = shape
    y_um, x_um = np.indices((rows, columns), dtype=np.float64)
    return PIXEL_UM * (y_um - rows // 2), PIXEL_UM * (x_um - columns // 2)


def _logistic(argument: FloatArray) -> FloatArray:
    result: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * argument))
    return result
