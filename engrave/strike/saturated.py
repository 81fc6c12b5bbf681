"""Pressures between nothing and a cap that press an elastic half-space onto a rigid body: the problem without units.

Found are pressures 0 <= p <= cap on samples: where p is between them the surface lies on the body, where p = 0 it is
clear of it, and where p is at the cap the body has gone deeper than elasticity alone takes the surface. That is a
quadratic programme, solved by projected conjugate gradients (I. A. Polonsky and L. M. Keer, Wear 231 (1999) 206) with
the cap of A. Almqvist et al., Tribology International 40 (2007) 574. Pressure is uniform over each sample and sinks the
surface by Love's formula. Lengths are in samples, pressures in E*.

Convolution is by FFT on a window that repeats: distances are taken the shorter way round, which is exact between
samples at most half a window apart. The window is the load's own, without padding, unless a larger one is asked for.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.strike.reference import love_corner_um

SingleArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

# Root mean square of what is left to close, as a share of how far the surface sinks at its deepest.
TOLERANCE = 5e-5
_MOST_ITERATIONS = 500
# A first guess: this share of the pressure that would sink each sample by its height, were it alone.
_FIRST_SHARE = 0.05
# A sample alone sinks by this many of its sides under p = E*: Love's patch, 4 ln(1 + sqrt 2) / pi.
_OWN_SINKING = 4.0 * np.log1p(np.sqrt(2.0)) / np.pi
_MOST_SHIFTS = 80
_SHIFT_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is pressed, and how far or how hard.

    heights, cap : (rows, columns) float32; the cap is 0 where there is no tip. Given is either ``total``, the sum of
    the pressures, or ``level``, the approach.
    """

    heights: SingleArray
    cap: SingleArray
    total: float | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Pressures in E*, sinking and approach in samples."""

    pressure: SingleArray
    sunk: SingleArray
    level: float
    iterations: int


def solve(load: Load, *, window: tuple[int, int] | None = None) -> Solution:
    """Projected conjugate gradients, begun anew whenever a sample meets or leaves a bound.

    window : (rows, columns), no smaller than the load; its own unless given. What lies outside the load is empty.
    Raises InputError where they do not settle.
    """
    window = window or fast_shape(load.heights.shape)
    guess = (load.heights + np.float32(load.level or 0.0)) * np.float32(_FIRST_SHARE / _OWN_SINKING)
    pressure = _bounded(load, guess, among=load.cap > 0)
    sunk = convolved(pressure, window)
    direction = np.zeros_like(pressure)
    before = inf
    for iteration in range(_MOST_ITERATIONS):
        gap = sunk - load.heights
        free = (pressure > 0) & (pressure < load.cap)
        level = _level(load, gap, pressure, free)
        gap -= np.float32(level)
        stuck = (load.cap > 0) & np.where(gap < 0, pressure <= 0, (gap > 0) & (pressure >= load.cap))
        if _is_closed(gap, free | stuck, pressure, deepest=float(sunk.max())):
            return Solution(pressure=pressure, sunk=sunk, level=level, iterations=iteration)
        open_gap = np.where(free, gap, np.float32(0))
        size = float(np.vdot(open_gap, open_gap))
        direction = open_gap + np.float32(size / before if before else 0.0) * np.where(free, direction, np.float32(0))
        answer = convolved(direction, window)
        step = np.float32(_step(open_gap, direction, answer))
        moved = pressure - step * direction
        moved[stuck] = pressure[stuck] - step * gap[stuck]
        within = not stuck.any() and bool(np.all((moved >= 0) & (moved <= load.cap)))
        before = size if within else inf
        if within:
            pressure, sunk = moved, sunk - step * answer
        else:
            pressure = _bounded(load, moved, among=free | stuck)
            sunk = convolved(pressure, window)
    raise InputError(
        f"contact: not settled after {_MOST_ITERATIONS} iterations; give the tip with fewer samples, or a hardness "
        "nearer to the mean pressure"
    )


def _level(load: Load, gap: SingleArray, pressure: SingleArray, free: BoolArray) -> float:
    """The approach: as given, or what free samples ask for, or between those that press and those that wait."""
    if load.level is not None:
        return load.level
    if free.any():
        return float(gap[free].mean(dtype=np.float64))
    pressing, waiting = gap[pressure > 0], gap[(pressure <= 0) & (load.cap > 0)]
    return 0.5 * (float(pressing.max()) + float(waiting.min())) if waiting.size else float(pressing.max())


def _is_closed(gap: SingleArray, open_samples: BoolArray, pressure: SingleArray, *, deepest: float) -> bool:
    """Whether what is left to close is small beside how far the surface has sunk."""
    left = gap[open_samples]
    pressed = max(int(np.count_nonzero(pressure)), 1)
    return float(np.vdot(left, left)) <= pressed * (TOLERANCE * deepest) ** 2


def _step(open_gap: SingleArray, direction: SingleArray, answer: SingleArray) -> float:
    """How far to go along a direction; with no sample free, as far as closes a sample that is alone."""
    curvature = float(np.vdot(answer, direction))
    return float(np.vdot(open_gap, direction)) / curvature if curvature > 0.0 else 1.0 / _OWN_SINKING


def _bounded(load: Load, pressure: SingleArray, *, among: BoolArray) -> SingleArray:
    """Pressures brought within their bounds, and ``among`` some samples shifted alike until the force is met."""
    bounded: SingleArray = np.clip(pressure, np.float32(0), load.cap)
    if load.total is not None:
        rest = float(bounded[~among].sum(dtype=np.float64))
        bounded[among] = _shifted(pressure[among], load.cap[among], total=load.total - rest)
    return bounded


def _shifted(pressure: SingleArray, cap: SingleArray, *, total: float) -> SingleArray:
    """clip(p + c, 0, cap) with the shift c that gives the sum ``total``: Newton's steps inside a narrowing bracket.

    The sum is piecewise linear in the shift and never falls; its slope is the number of samples between the bounds.
    """
    highest = float(cap.max())
    low = -float(pressure.max())
    high = (highest if isfinite(highest) else total / pressure.size) - float(pressure.min())
    shift = min(max(0.0, low), high)
    clipped = pressure
    for _ in range(_MOST_SHIFTS):
        clipped = np.clip(pressure + np.float32(shift), np.float32(0), cap)
        short = total - float(clipped.sum(dtype=np.float64))
        if abs(short) <= _SHIFT_TOLERANCE * total:
            break
        low, high = (shift, high) if short > 0.0 else (low, shift)
        between = int(np.count_nonzero((clipped > 0) & (clipped < cap)))
        step = shift + short / between if between else low
        shift = step if low < step < high else 0.5 * (low + high)
    return clipped


def fast_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """The next shape, no smaller, that transforms fast."""
    from scipy.fft import next_fast_len

    rows, columns = shape
    return int(next_fast_len(rows, real=True)), int(next_fast_len(columns, real=True))


def convolved(pressure: SingleArray, window: tuple[int, int]) -> SingleArray:
    """Sinking under pressures, both in samples, on a window that may be larger than the pressures' own.

    Axis by axis, so that rows which hold nothing, or which nobody asks for, are not transformed.
    """
    from scipy.fft import fft, ifft, irfft, rfft

    rows, columns = pressure.shape
    transformed = fft(rfft(pressure, n=window[1], axis=1), n=window[0], axis=0, overwrite_x=True)
    transformed *= _spectrum(window)
    by_row = ifft(transformed, axis=0, overwrite_x=True)[:rows]
    sunk: SingleArray = irfft(by_row, n=window[1], axis=1, overwrite_x=True)[:, :columns]
    return sunk


# What was transformed once serves all tips of a batch; a few sizes at a time, some megabytes each.
@lru_cache(maxsize=6)
def _spectrum(window: tuple[int, int]) -> SingleArray:
    """Transform of the sinking about one sample under p = E*, distances taken the shorter way round a window."""
    from scipy.fft import rfft2

    rows, columns = window
    down = np.arange(rows // 2 + 2, dtype=np.float64) - 0.5
    right = np.arange(columns // 2 + 2, dtype=np.float64) - 0.5
    corners = love_corner_um(right[np.newaxis, :], down[:, np.newaxis])
    patches = np.diff(np.diff(corners, axis=0), axis=1) / np.pi
    row, column = np.arange(rows), np.arange(columns)
    nearer = np.ix_(np.minimum(row, rows - row), np.minimum(column, columns - column))
    # Even in both directions, so that its transform is real.
    spectrum: SingleArray = rfft2(patches[nearer], workers=1).real.astype(np.float32)
    spectrum.setflags(write=False)
    return spectrum
