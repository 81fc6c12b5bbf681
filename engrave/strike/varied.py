"""The ways in which one named condition can be met: what it leaves open is drawn."""

from dataclasses import replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from engrave.strike.data import Condition, Primer

FloatArray = NDArray[np.float64]

_SEEDS = 2**31


def varied(condition: Condition, primer: Primer, *, count: int, seed: int) -> tuple[Condition, ...]:
    """So many conditions that differ in what a condition does not say of a strike.

    The cup's backing, from a triangle over the primer's range with its peak at the usual one, unless the condition
    states it; the directions in which the pin leans, stands off and turns, all round; the seed of everything random.
    The draws are stratified: even over both, in an order that no two of them share.
    """
    rng = np.random.default_rng(seed)
    backings = _triangular(primer, (rng.permutation(count) + 0.5) / count)
    towards = 2 * pi * (rng.permutation(count) + rng.random()) / count
    turns = 2 * pi * (rng.permutation(count) + rng.random()) / count
    off_um = float(np.hypot(condition.offset_x_um, condition.offset_y_um))
    return tuple(
        replace(
            condition,
            backing=float(backings[way]) if condition.backing is None else condition.backing,
            tilt_towards_rad=float(towards[way]),
            turn_rad=float(turns[way]),
            offset_x_um=off_um * float(np.cos(turns[way] - towards[way])),
            offset_y_um=off_um * float(np.sin(turns[way] - towards[way])),
            seed=int(rng.integers(_SEEDS)),
        )
        for way in range(count)
    )


def _triangular(primer: Primer, share: FloatArray) -> FloatArray:
    """The backing that this share of all cups stays below: the triangle's distribution, inverted."""
    least, usual, most = primer.backing_least, primer.backing, primer.backing_most
    if least == most:
        return np.full_like(share, usual)
    peak = (usual - least) / (most - least)
    below = least + np.sqrt(share * (most - least) * (usual - least))
    above = most - np.sqrt((1.0 - share) * (most - least) * (most - usual))
    return np.where(share < peak, below, above)
