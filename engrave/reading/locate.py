"""Where a text block may lie: the coarse search over places and turns.

Eight cells vote, each with the glyph-like thing that is seen in it, whatever it is: a generalised Hough transform
(Ballard, Pattern Recognition 13(2), 1981). One image of a mean text would miss texts of unusual letters.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.field import COARSE_UM, Coarse
from engrave.reading.pose import Pose
from engrave.reading.templates import Image32, Templates

FloatArray = NDArray[np.float64]

# Deep pits must not outshout a text block: depths are cut at this many times their own spread.
_CLIP_SPREADS = 4.0
# A quiet place must not win by having little energy of its own.
_LEAST_ENERGY_SHARE = 0.25
_NEXT_TO_NOTHING = 1e-12
# Turns of the block between two turns of the kernels.
_TURNS_A_KERNEL = 2
# Two candidates are the same where they are as near as this.
_SAME_UM = 40.0
_SAME_TURNS = 2


def candidates(coarse: Coarse, geometry: Places, templates: Templates, *, most: int) -> tuple[Pose, ...]:
    """The likeliest places and turns of a text block, best first, turns within half a circle; either tone."""
    depth_um, first_row, first_column = _cropped(coarse.depth_um)
    turns_rad, score = _scores(depth_um, geometry, templates)
    turns, height, width = score.shape
    y_index, x_index = np.mgrid[:height, :width]
    poses: list[Pose] = []
    for _ in range(most):
        turn, row, column = np.unravel_index(int(np.argmax(score)), score.shape)
        poses.append(
            Pose(
                x_um=float(coarse.x0_um + COARSE_UM * (first_column + column)),
                y_um=float(coarse.y0_um + COARSE_UM * (first_row + row)),
                rotation_rad=float(turns_rad[turn]),
                mirrored=False,
            )
        )
        near = np.hypot(y_index - row, x_index - column) * COARSE_UM < _SAME_UM
        alike = (np.arange(-_SAME_TURNS, _SAME_TURNS + 1) + turn) % turns
        score[np.ix_(alike)] = np.where(near, 0.0, score[alike])
    return tuple(poses)


def _cropped(depth_um: FloatArray) -> tuple[FloatArray, int, int]:
    """The part of the picture where there is anything, and its first row and column; all of it where nothing is."""
    rows, columns = (np.flatnonzero(depth_um.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return depth_um, 0, 0
    return depth_um[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], int(rows[0]), int(columns[0])


def _scores(depth_um: FloatArray, geometry: Places, templates: Templates) -> tuple[FloatArray, Image32]:
    """Turns of a block within half a circle, (turns,), and the votes for each about every coarse place."""
    places = np.array([(place.x_um, place.y_um) for place in geometry.characters]) / COARSE_UM
    steps = (np.arange(_TURNS_A_KERNEL) + 0.5) / _TURNS_A_KERNEL - 0.5
    turns_rad = templates.turns_rad[:, None] + steps * np.pi / len(templates.turns_rad)
    score = np.empty((*turns_rad.shape, *depth_um.shape), dtype=np.float32)
    for kernel, votes in enumerate(_votes(depth_um, templates)):
        for step, turn_rad in enumerate(turns_rad[kernel]):
            cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
            offsets = np.rint(places @ np.array([[cosine, sine], [-sine, cosine]])).astype(np.intp)
            score[kernel, step] = _gathered(votes, offsets).max(axis=0)
    return turns_rad.ravel(), score.reshape(-1, *depth_um.shape)


def _votes(depth_um: FloatArray, templates: Templates) -> Iterator[Image32]:
    """For each turn of the kernels how much each coarse place looks like any of them, (tones, rows, columns)."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    seen = depth_um[depth_um != 0]
    limit_um = _CLIP_SPREADS * float(np.sqrt(np.mean(np.square(seen)))) if seen.size else 0.0
    image = np.clip(depth_um, -limit_um, limit_um).astype(np.float32)
    rows, columns = image.shape
    half = templates.kernels.shape[-1] // 2
    # The picture's border is padded with the kernel's half, so that no sum wraps round.
    shape = tuple(next_fast_len(length + half, real=True) for length in image.shape)
    image_hat = rfft2(image, shape)
    line = np.arange(-half, half + 1)
    disc = (np.hypot(line[:, None], line) <= half).astype(np.float32)
    energy = irfft2(rfft2(np.square(image), shape) * np.conj(rfft2(disc, shape)), shape)
    scale = 1.0 / np.sqrt(np.maximum(energy, max(_LEAST_ENERGY_SHARE * float(energy.max()), _NEXT_TO_NOTHING)))
    for kernels in templates.kernels:
        fits = irfft2(image_hat * np.conj(rfft2(kernels, shape)), shape)
        both: Image32 = (np.stack([fits.max(axis=0), -fits.min(axis=0)]) * scale).astype(np.float32)
        yield np.roll(both, (half, half), axis=(1, 2))[:, :rows, :columns]


def _gathered(votes: Image32, offsets: NDArray[np.intp]) -> Image32:
    """The votes of all cells about every coarse place, none from beyond the picture; offsets : (cells, 2), x and y."""
    rows, columns = votes.shape[1:]
    margin = int(np.abs(offsets).max())
    wide = np.pad(votes, ((0, 0), (margin, margin), (margin, margin)))
    total = np.zeros_like(votes)
    for column, row in offsets + margin:
        total += wide[:, row : row + rows, column : column + columns]
    return total
