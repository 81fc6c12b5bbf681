"""Log-likelihoods of what was seen: cells of the ring by a Z-channel, characters and shapes by the choices left."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import SIZE
from engrave.code.ring import LOST

LEAST_EMPTY_SECTORS = 4
LEAST_EMPTY_CELLS = 8


def cell_log_likelihoods(cells: NDArray[np.int8], p_false_tooth: float, p_missed_tooth: float) -> NDArray[np.float64]:
    """The log-likelihood ratio of a tooth against a gap for each cell: (tracks, sectors), positive for a tooth.

    ``cells`` : (tracks, sectors) int8, 1 a tooth, 0 a gap, -1 lost. ``p_false_tooth`` is the probability that a gap
    is read as a tooth, ``p_missed_tooth`` that a tooth is read as a gap. Damage takes teeth away and seldom makes
    one: a tooth is strong evidence, a gap weak. Lost cells and those of long empty runs (``empty_runs``) have the ratio
    zero.
    Raises ValueError on other values, and on probabilities that are not above 0 and below one half.
    """
    for name, value in (("p_false_tooth", p_false_tooth), ("p_missed_tooth", p_missed_tooth)):
        if not 0 < value < 0.5:  # noqa: PLR2004 - at one half a cell says nothing, above it the opposite
            raise ValueError(f"{name} is {value}; give a probability above 0 and below 0.5")
    if cells.ndim != 2 or not np.isin(cells, (0, 1, LOST)).all():  # noqa: PLR2004 - rows and columns
        raise ValueError("cells are a table of tracks and sectors: 1 for a tooth, 0 for a gap and -1 for lost")
    tooth = np.log((1 - p_missed_tooth) / p_false_tooth)
    gap = np.log(p_missed_tooth / (1 - p_false_tooth))
    ratios: NDArray[np.float64] = np.where(cells == 1, tooth, np.where(cells == 0, gap, 0.0))
    ratios[:, empty_runs(cells)] = 0.0
    return ratios


def empty_runs(cells: NDArray[np.int8]) -> NDArray[np.bool_]:
    """(sectors,) whether a sector is in a run, around the circle, that was probably never printed.

    Such a run has four sectors or more, none with a tooth, and at least eight cells that were read as gaps: where only
    one track was read, four empty sectors are too common to mean anything.
    """
    sectors = cells.shape[1]
    toothless: NDArray[np.bool_] = ~(cells == 1).any(axis=0)
    gaps = (cells == 0).sum(axis=0)
    if not sectors or toothless.all():
        return toothless
    # Begun right after a sector with a tooth, no run goes over the end.
    start = int(np.flatnonzero(~toothless)[0]) + 1
    turned = np.roll(toothless, -start)
    run = np.cumsum(~turned)
    lengths = np.bincount(run[turned], minlength=sectors + 1)
    read = np.bincount(run[turned], weights=np.roll(gaps, -start)[turned], minlength=sectors + 1)
    long = (lengths >= LEAST_EMPTY_SECTORS) & (read >= LEAST_EMPTY_CELLS)
    return np.roll(turned & long[run], start)


def choice_log_likelihoods(options: Sequence[Sequence[int]], p_wrong: float) -> NDArray[np.float64]:
    """The log-likelihoods of the 32 symbols where a reader gives a few choices for each place: (n, 32).

    The choices of a place share 1 - ``p_wrong``, all other symbols ``p_wrong``; without a choice the symbol is lost.
    Raises ValueError on symbols outside 0 to 31, and where ``p_wrong`` is not above 0 and below 1.
    """
    if not 0 < p_wrong < 1:
        raise ValueError(f"p_wrong is {p_wrong}; give a probability above 0 and below 1")
    if any(not 0 <= choice < SIZE for choices in options for choice in choices):
        raise ValueError("a choice is not one of the symbols 0 to 31")
    likelihoods = np.full((len(options), SIZE), 1 / SIZE)
    for row, choices in zip(likelihoods, map(set, options), strict=True):
        if 0 < len(choices) < SIZE:
            row[:] = p_wrong / (SIZE - len(choices))
            row[list(choices)] = (1 - p_wrong) / len(choices)
    logarithms: NDArray[np.float64] = np.log(likelihoods)
    return logarithms
