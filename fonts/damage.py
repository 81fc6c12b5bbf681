"""Seeded damage to sampled glyphs, and a reader that compares templates: how often a worn class reads as another.

A trial draws the glyph with another stroke, turned and shifted a little; takes away a side (even trials) or one to
three spots (odd trials); blurs it, and adds noise. The sizes are priors, set to look like worn marks and not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fonts.separation import PIXEL_UM, MaskArray, Skeleton, distance_um
from fonts.strokes import FloatArray

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
# The canvas is as wide as the glyph is high, and this much wider and higher on every side: 225 x 250 um for 150 um.
_SIDE_UM = 37.5
_ABOVE_UM = 50.0
_REACH_UM = 20.0  # what a turn and a shift bring into the canvas from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """A damaged glyph: its ink, about 0 to 1, and where it is known to be undamaged. Row 0 is the lowest."""

    image: FloatArray
    undamaged: MaskArray


def wear(skeleton: Skeleton, *, height_um: float, stroke_um: float, fade: bool, rng: np.random.Generator) -> Worn:
    """One damaged glyph: a side that fades, or else spots."""
    around_um = _distance_around(skeleton, height_um)
    return _worn(around_um, height_um=height_um, stroke_um=stroke_um, fade=fade, rng=rng)


def confusion(
    skeletons: Sequence[Skeleton], *, height_um: float, stroke_um: float, trials: int, seed: int
) -> NDArray[np.int64]:
    """How often each class, worn, is read as each: (classes, classes) int, rows what it was, ``trials`` in each row.

    A class is its skeleton at the size it is read at: strokes as polylines, um, about the centre of the ink.
    """
    rng = np.random.default_rng(seed)
    around_um = [_distance_around(skeleton, height_um) for skeleton in skeletons]
    templates = _templates(around_um, stroke_um=stroke_um)
    counts = np.zeros((len(skeletons), len(skeletons)), dtype=np.int64)
    for number, field_um in enumerate(around_um):
        worn = [
            _worn(field_um, height_um=height_um, stroke_um=stroke_um, fade=trial % 2 == 0, rng=rng)
            for trial in range(trials)
        ]
        counts[number] = np.bincount(_read(worn, templates), minlength=len(skeletons))
    return counts


def _worn(around_um: FloatArray, *, height_um: float, stroke_um: float, fade: bool, rng: np.random.Generator) -> Worn:
    from scipy.ndimage import gaussian_filter

    stroke_um *= rng.uniform(*STROKE_FACTORS)
    turn_rad = rng.uniform(-_MOST_TURN_RAD, _MOST_TURN_RAD)
    shift_um = rng.uniform(-_MOST_SHIFT_UM, _MOST_SHIFT_UM, size=2)
    drawn = (_moved(around_um, turn_rad, shift_um) <= stroke_um / 2).astype(np.float64)
    left = _faded(drawn.shape, height_um, rng) if fade else _spotted(drawn.shape, height_um, rng)
    image = gaussian_filter(drawn * left, sigma=rng.uniform(*_BLURS_UM) / PIXEL_UM, mode="constant")
    noise = gaussian_filter(rng.standard_normal(drawn.shape), sigma=_NOISE_UM / PIXEL_UM, mode="wrap")
    return Worn(image=image + _NOISE / noise.std() * noise, undamaged=left > _STANDS)


def _read(worn: Sequence[Worn], templates: FloatArray) -> NDArray[np.intp]:
    """For each image the class whose template leaves the least residual where nothing is damaged, (images,).

    templates : (classes, steps, pixels). The best step and gain of each class count.
    """
    undamaged = np.array([one.undamaged.ravel() for one in worn], dtype=np.float64)
    seen = np.array([one.image.ravel() for one in worn]) * undamaged
    power = np.maximum(templates**2 @ undamaged.T, np.finfo(np.float64).tiny)
    common = templates @ seen.T
    gain = np.clip(common / power, *_GAINS)
    residual = gain**2 * power - 2 * gain * common
    classes: NDArray[np.intp] = residual.min(axis=1).argmin(axis=0)
    return classes


def _templates(around_um: Sequence[FloatArray], *, stroke_um: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    step, edge = round(_STEP_UM / PIXEL_UM), _reach_px()
    nominal = np.array([field_um[edge:-edge, edge:-edge] <= stroke_um / 2 for field_um in around_um], dtype=np.float64)
    blurred = gaussian_filter(nominal, sigma=(0, _TEMPLATE_BLUR_UM / PIXEL_UM, _TEMPLATE_BLUR_UM / PIXEL_UM))
    # The margin is wider than a step and the blur's tail is faint there, so that rolling brings no ink round.
    stepped = np.stack([np.roll(blurred, (step * up, step * right), axis=(1, 2)) for up, right in _STEPS], axis=1)
    return stepped.reshape(len(around_um), len(_STEPS), -1)


def _distance_around(skeleton: Skeleton, height_um: float) -> FloatArray:
    """Distance to the strokes on the canvas and as far beyond as a turn and a shift reach."""
    return distance_um(
        skeleton,
        half_width_um=height_um / 2 + _SIDE_UM + PIXEL_UM * _reach_px(),
        half_height_um=height_um / 2 + _ABOVE_UM + PIXEL_UM * _reach_px(),
    )


def _moved(around_um: FloatArray, turn_rad: float, shift_um: FloatArray) -> FloatArray:
    """The distances on the canvas of strokes that were turned anticlockwise about the origin, then shifted (x, y)."""
    from scipy.ndimage import affine_transform

    edge = _reach_px()
    canvas = np.array(around_um.shape) - 2 * edge
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    backwards = np.array([[cosine, -sine], [sine, cosine]])  # rows (y, x): a sample's place before the turn
    centre = np.array(around_um.shape) // 2
    offset = centre - backwards @ (canvas // 2 + shift_um[::-1] / PIXEL_UM)
    moved: FloatArray = affine_transform(
        around_um, backwards, offset=offset, output_shape=tuple(canvas), order=1, mode="nearest"
    )
    return moved


def _reach_px() -> int:
    return round(_REACH_UM / PIXEL_UM)


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
