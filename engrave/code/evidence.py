"""A soft reading, and the evidence it gives for every symbol under every way the mark may lie.

Evidence is a log-likelihood less that of the noise model: that the symbol, or the cell, were any one with the same
probability. What is lost gives none; in bits, a symbol read for certain gives five, and a cell one.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import SIZE, SYMBOL_BITS
from engrave.code.profiles import Profile
from engrave.code.written import bits_of

Logarithms = NDArray[np.float64]

_BITS = bits_of(np.arange(SIZE, dtype=np.uint8)).astype(np.float64)
# However sure a reader is, a symbol is thought wrong with 1e-13: evidence stays finite.
_LEAST = -30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoftReading:
    """What was seen of a mark, as natural log-likelihoods.

    ``characters`` : (8, 32) of each symbol at each position. ``cells`` : (tracks, sectors) the log-likelihood ratio of
    a tooth against a gap, positive for a tooth, 0 where lost. ``shapes`` : (shapes, 32) of each value 4 * shape +
    quarter turns. A lost character or shape has all its 32 values alike; a constant added to a row changes nothing.
    """

    profile: Profile
    characters: Logarithms
    cells: Logarithms
    shapes: Logarithms


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """How a mark lies: mirrored left to right, or not, then turned clockwise by so many sectors or shapes.

    ``negative``: teeth were seen as gaps and gaps as teeth.
    """

    turn: int = 0
    mirrored: bool = False
    negative: bool = False


def soft_reading(
    profile: Profile,
    *,
    characters: Logarithms | None = None,
    cells: Logarithms | None = None,
    shapes: Logarithms | None = None,
) -> SoftReading:
    """A soft reading; what is not given is lost. Raises ValueError on other shapes, NaN and impossible rows."""
    parts = {
        "characters": (characters, (profile.characters, SIZE)),
        "cells": (cells, (profile.tracks, profile.sectors)),
        "shapes": (shapes, (profile.shapes, SIZE)),
    }
    checked = {name: _checked(name, values, shape) for name, (values, shape) in parts.items()}
    if not np.isfinite(checked["cells"]).all():
        raise ValueError("cells: a ratio is infinite; no reading of a cell is that certain")
    return SoftReading(profile=profile, **checked)


def _checked(name: str, values: Logarithms | None, shape: tuple[int, int]) -> Logarithms:
    if values is None:
        return np.zeros(shape)
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} have the shape {array.shape}; the profile's is {shape}")
    if np.isnan(array).any() or (array == np.inf).any():
        raise ValueError(f"{name}: a log-likelihood is not a number, or infinite")
    if not np.isfinite(array).any(axis=1).all():
        raise ValueError(f"{name}: a row says that every value is impossible")
    return array


@cache
def orientations(profile: Profile) -> tuple[Orientation, ...]:
    """Every way a mark may lie, as it was engraved the first.

    A ring may be turned, mirrored and negative. Shapes may be turned: mirrored they are no shapes, and they have no
    tone.
    """
    both = (False, True) if profile.tracks else (False,)
    return tuple(
        Orientation(turn=turn, mirrored=mirrored, negative=negative)
        for negative in both
        for mirrored in both
        for turn in range(profile.turns)
    )


def symbol_evidence(reading: SoftReading, ways: tuple[Orientation, ...]) -> tuple[NDArray[np.float32], Logarithms]:
    """For each way the mark may lie, the evidence for symbols and for the way itself.

    (n, carried, 32) for each symbol as it is written, and (n,) for the way by the mark cells, over the mean of all ways
    given. They tell how a mark lies and not whether it is ours: anybody's ring may begin so, and whoever knows where
    twelve o'clock is knows it from them. With one way alone they say nothing.
    """
    profile = reading.profile
    evidence = np.zeros((len(ways), profile.carried, SIZE), dtype=np.float32)
    evidence[:, : profile.characters] = _normalised(reading.characters)
    if profile.shapes:
        turns = np.array([way.turn for way in ways])[:, None]
        places = (np.arange(profile.shapes) + turns) % profile.shapes
        evidence[:, -profile.shapes :] = _normalised(reading.shapes)[places]
    if not profile.tracks:
        return evidence, np.zeros(len(ways))
    cells = _laid(reading.cells, ways)
    marks = len(profile.mark_cells[0])
    teeth, gaps = _cell_evidence(cells)
    shape = (len(ways), profile.tracks * profile.symbols_per_track, SYMBOL_BITS)
    data = [part[:, :, marks:].reshape(shape) for part in (teeth, gaps)]
    evidence[:, profile.characters :] = data[0] @ _BITS.T + data[1] @ (1 - _BITS).T
    of_marks = np.where(np.array(profile.mark_cells) == 1, teeth[:, :, :marks], gaps[:, :, :marks])
    ways_seen = of_marks.sum(axis=(1, 2))
    most = ways_seen.max()
    return evidence, ways_seen - most - np.log(np.exp(ways_seen - most).mean())


def _laid(cells: Logarithms, ways: tuple[Orientation, ...]) -> Logarithms:
    """The cells as they would have been engraved: (n, tracks, sectors)."""
    sectors = cells.shape[1]
    hands = np.array([-1 if way.mirrored else 1 for way in ways])[:, None]
    turns = np.array([way.turn for way in ways])[:, None]
    tones = np.array([-1.0 if way.negative else 1.0 for way in ways])
    laid = cells[:, (hands * np.arange(sectors) + turns) % sectors]
    turned: Logarithms = laid.transpose(1, 0, 2) * tones[:, None, None]
    return turned


def _cell_evidence(ratios: Logarithms) -> tuple[Logarithms, Logarithms]:
    """For a tooth and for a gap: the logarithm of twice the probability that the ratio gives it."""
    teeth: Logarithms = np.log(2) - np.logaddexp(0, -ratios)
    return np.maximum(teeth, _LEAST), np.maximum(teeth - ratios, _LEAST)


def _normalised(log_likelihoods: Logarithms) -> Logarithms:
    """Each row less the logarithm of its mean likelihood."""
    relative = log_likelihoods - log_likelihoods.max(axis=1, keepdims=True, initial=-np.inf)
    mean = np.log(np.exp(relative).mean(axis=1, keepdims=True))
    normalised: Logarithms = np.maximum(relative - mean, _LEAST)
    return normalised
