"""Where a mark lies in a scan, and how it is turned: the design's pattern against the scan's, at every turn and place.

Both are taken through the same high pass, which leaves neither form nor tilt; for each turn one product of Fourier
transforms gives the correlation at all places. No centre of a circle, edge or shank is looked for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.inspect.blueprint import Blueprint
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

# Samples are brought to about this first.
_COARSE_UM = 10.0
# Wider than strokes and cells, narrower than what form and tilt do.
_PASS_UM = 60.0
# At the mark's edge a step of turns moves it by this share of a coarse sample.
_STEP_SHARE = 1.2
# Burrs and edges of the tip must not outshout a pattern: heights are cut at this many reliefs.
_CLIP_RELIEFS = 1.0
_LEAST_ENERGY_SHARE = 0.3
_ELSEWHERE_RAD = np.radians(6.0)
_NEXT_TO_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the mark's centre may lie in the scan, its turn there, anticlockwise, and the correlation, -1 to 1."""

    x_um: float
    y_um: float
    turn_rad: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coarse:
    """The scan's pattern: 0 where nothing was measured; row 0 has the least y."""

    pattern_um: FloatArray
    step_um: float
    x0_um: float
    y0_um: float


def places_of(scan: HeightMap, blueprint: Blueprint, *, most: int) -> tuple[Place, ...]:
    """The likeliest places of turns that differ, best first; none where next to nothing was measured."""
    coarse = _coarse(scan, limit_um=_CLIP_RELIEFS * blueprint.engraving.relief_um)
    if not coarse.pattern_um.any():
        return ()
    count = int(np.ceil(2 * np.pi * blueprint.radius_um / (_STEP_SHARE * coarse.step_um)))
    turns_rad = 2 * np.pi * np.arange(count) / count
    looked_at = _best_places(coarse, blueprint, turns_rad)
    found: list[Place] = []
    for index in np.argsort(-looked_at[:, 2]).tolist():
        turn_rad = float(turns_rad[index])
        if all(abs(np.angle(np.exp(1j * (turn_rad - other.turn_rad)))) > _ELSEWHERE_RAD for other in found):
            x_um, y_um, score = looked_at[index].tolist()
            found.append(Place(x_um=x_um, y_um=y_um, turn_rad=turn_rad, score=score))
        if len(found) == most:
            break
    return tuple(found)


def _best_places(coarse: _Coarse, blueprint: Blueprint, turns_rad: FloatArray) -> FloatArray:
    """For every turn the place of the best correlation, and that: (turns, 3)."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    pattern, disc = _pattern(blueprint, coarse.step_um)
    half = pattern.shape[0] // 2
    image = coarse.pattern_um.astype(np.float32)
    # The picture is padded with the pattern's half, so that no sum wraps round into another.
    shape = tuple(next_fast_len(length + 2 * half, real=True) for length in image.shape)
    image_hat, disc_hat = rfft2(image, shape), np.conj(rfft2(disc, shape))
    energy = irfft2(rfft2(np.square(image), shape) * disc_hat, shape)
    scale = 1 / np.sqrt(np.maximum(energy, max(_LEAST_ENERGY_SHARE * float(energy.max()), _NEXT_TO_NOTHING)))
    best = np.empty((len(turns_rad), 3))
    for index, turn_rad in enumerate(turns_rad.tolist()):
        turned = _turned(pattern, turn_rad) * disc
        score = irfft2(image_hat * np.conj(rfft2(turned, shape)), shape) * scale
        row, column = np.unravel_index(int(np.argmax(score)), shape)
        # The last samples of a transform stand for those before the first.
        first = [
            int(place) - size if place >= size - half else int(place)
            for place, size in zip((row, column), shape, strict=True)
        ]
        best[index] = (
            coarse.x0_um + coarse.step_um * (first[1] + half),
            coarse.y0_um + coarse.step_um * (first[0] + half),
            score[row, column] / np.sqrt(max(float(np.square(turned).sum()), _NEXT_TO_NOTHING)),
        )
    return best


def _coarse(scan: HeightMap, *, limit_um: float) -> _Coarse:
    """Means over squares of samples, through the high pass."""
    block = max(1, round(_COARSE_UM / scan.pixel_um))
    rows, columns = (max(1, size // block) for size in scan.z_um.shape)
    cut_um = scan.z_um[: rows * block, : columns * block]
    known = np.isfinite(cut_um)
    total, weight = (
        array.reshape(rows, cut_um.shape[0] // rows, columns, cut_um.shape[1] // columns).sum(axis=(1, 3))
        for array in (np.where(known, cut_um, 0.0), known.astype(np.float64))
    )
    mean_um = total / np.maximum(weight, 1.0)
    off_um = scan.pixel_um * (block - 1) / 2
    return _Coarse(
        pattern_um=_passed(mean_um, weight > 0, scan.pixel_um * block, limit_um=limit_um),
        step_um=scan.pixel_um * block,
        x0_um=scan.x0_um + off_um,
        y0_um=scan.y0_um + off_um,
    )


def _passed(z_um: FloatArray, known: NDArray[np.bool_], step_um: float, *, limit_um: float) -> FloatArray:
    """What is narrower than form; 0 where nothing is known. A normalised convolution: holes are not smeared in."""
    from scipy.ndimage import gaussian_filter

    weight = known.astype(np.float64)
    sigma = _PASS_UM / step_um
    mean_um = gaussian_filter(np.where(known, z_um, 0.0), sigma) / np.maximum(gaussian_filter(weight, sigma), 1e-6)
    return np.where(known, np.clip(z_um - mean_um, -limit_um, limit_um), 0.0)


def _pattern(blueprint: Blueprint, step_um: float) -> tuple[FloatArray, NDArray[np.float32]]:
    """The design's heights through the same, about the mark's centre, and the disc in which they are compared."""
    from scipy.ndimage import map_coordinates, uniform_filter

    grid = blueprint.grid
    half = int(blueprint.radius_um / step_um) + 1
    axis_um = step_um * np.arange(-half, half + 1)
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    known = np.isfinite(blueprint.depth_um)
    mean_um = uniform_filter(np.where(known, blueprint.depth_um, 0.0), max(1, round(step_um / grid.pixel_um)))
    at = [(y_um - grid.y0_um) / grid.pixel_um, (x_um - grid.x0_um) / grid.pixel_um]
    z_um = -map_coordinates(mean_um, at, order=1, mode="nearest")
    disc = np.hypot(x_um, y_um) <= blueprint.radius_um
    there = map_coordinates(known.astype(np.float64), at, order=0, mode="nearest") > 0
    limit_um = _CLIP_RELIEFS * blueprint.engraving.relief_um
    return _passed(z_um, there, step_um, limit_um=limit_um), disc.astype(np.float32)


def _turned(pattern: FloatArray, turn_rad: float) -> NDArray[np.float32]:
    """The pattern turned anticlockwise about its middle."""
    from scipy.ndimage import affine_transform

    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    # Rows are y: a place (y, x) of the turned pattern comes from the place turned back.
    back = np.array([[cosine, -sine], [sine, cosine]])
    middle = (np.array(pattern.shape) - 1) / 2
    turned: NDArray[np.float32] = affine_transform(
        pattern.astype(np.float32), back, offset=middle - back @ middle, order=1
    )
    return turned
