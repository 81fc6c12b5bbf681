"""Where a text block may lie: the coarse search over places and turns."""

import numpy as np
from numpy.typing import NDArray

from engrave.reading.field import COARSE_UM, Coarse
from engrave.reading.pose import Pose
from engrave.reading.templates import Templates

FloatArray = NDArray[np.float64]

# Deep pits must not outshout a text block: depths are cut at this many times their own spread.
_CLIP_SPREADS = 4.0
# A quiet place must not win by having little energy of its own.
_LEAST_ENERGY_SHARE = 0.25
# Two candidates are the same where they are as near as this.
_SAME_UM = 40.0
_SAME_TURNS = 2


def candidates(coarse: Coarse, templates: Templates, *, most: int) -> tuple[Pose, ...]:
    """The likeliest places and turns of a text block, best first, turns within half a circle; either tone."""
    score = _scores(coarse.depth_um, templates)
    turns = len(templates.turns_rad)
    height, width = coarse.depth_um.shape
    y_index, x_index = np.mgrid[:height, :width]
    poses: list[Pose] = []
    for _ in range(most):
        turn, row, column = np.unravel_index(int(np.argmax(score)), score.shape)
        poses.append(
            Pose(
                x_um=coarse.x0_um + COARSE_UM * float(column),
                y_um=coarse.y0_um + COARSE_UM * float(row),
                rotation_rad=float(templates.turns_rad[turn]),
                mirrored=False,
            )
        )
        near = np.hypot(y_index - row, x_index - column) * COARSE_UM < _SAME_UM
        alike = (np.arange(-_SAME_TURNS, _SAME_TURNS + 1) + turn) % turns
        score[np.ix_(alike)] = np.where(near, 0.0, score[alike])
    return tuple(poses)


def _scores(depth_um: FloatArray, templates: Templates) -> FloatArray:
    """|Normalised correlation| of every turn's kernel about every coarse place, (turns, rows, columns)."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    seen = depth_um[depth_um != 0]
    limit_um = _CLIP_SPREADS * float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 0.0
    image = np.clip(depth_um, -limit_um, limit_um).astype(np.float32)
    kernel = templates.kernels.shape[1]
    half = kernel // 2
    # The picture's border is padded with the kernel's half, so that no sum wraps round.
    shape = tuple(next_fast_len(length + half, real=True) for length in image.shape)
    image_hat = rfft2(image, shape)
    line = np.arange(-half, half + 1)
    disc = (np.hypot(line[:, None], line) <= half).astype(np.float32)
    energy = irfft2(rfft2(np.square(image), shape) * np.conj(rfft2(disc, shape)), shape)
    sums = irfft2(image_hat[None] * np.conj(rfft2(templates.kernels, shape)), shape)
    floor = max(_LEAST_ENERGY_SHARE * float(energy.max()), 1e-12)
    score = np.abs(sums) / np.sqrt(np.maximum(energy, floor))
    centred: FloatArray = np.roll(score, (half, half), axis=(1, 2))[:, : image.shape[0], : image.shape[1]]
    return centred
