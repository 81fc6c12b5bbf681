"""Measured slots to the figures of an eroding rod: side gap, front gap and wear ratio, with 95 % intervals.

A slot is cut in one pass by a rod of diameter D whose end is sent a depth c below the touched face, without
compensation. With w = D + 2 g_side its width, S = pi D^2 / 4 the rod's section and nu the wear ratio by volume:

- plunging to the start, the rod loses nu (w / D)^2 of the depth that it makes, so that the slot begins
  d0 = (c + g_front) / (1 + nu (w / D)^2) deep;
- along the slot it loses nu w d / S for each length, so that it leaves d0 exp(-s nu w / S) at its front after a way s:
  the floor below the rod's axis was left by its front before, so that the last depth stands at the far rim alone.

Both follow from the balance of volumes alone. Widths and depths are measured with relative errors, each kind with its
own. The width's logarithm has a mean with Student's t; front gap and wear ratio are fitted to the logarithms of all
depths at once by nonlinear least squares (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis, 1988, 2.3), and
what is not known of the width is carried into both.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.laser.calibration import CONFIDENCE, Estimate, named, of_logarithm

FloatArray = NDArray[np.float64]

LEAST_SLOTS = 6
"""Fewer leave too little to tell the scatter from. A choice."""
_FIGURES = 2
_MOST_LOG = 50.0
_STEP = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Slots of one rod, each (n,): what was set, and what was measured (NaN where it was not).

    ``sent_um`` is how far below the touched face the rod's end was sent. Depths are of the floor below the face, in the
    middle of its width: within half a width of where the slot begins, and close before its far rim.
    """

    names: tuple[str, ...]
    rod_um: float
    sent_um: FloatArray
    length_um: FloatArray
    width_um: FloatArray
    start_depth_um: FloatArray
    end_depth_um: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RodFit:
    """What the slots tell; noise is the relative standard deviation about the fit, with its degrees of freedom.

    ``residuals`` are ln(measured / fitted) by name, of widths and of depths: ``S3 end`` and so on.
    """

    gap_side_um: Estimate
    gap_front_um: Estimate
    wear_ratio: Estimate
    width_noise: float
    width_freedom: int
    depth_noise: float
    depth_freedom: int
    names: tuple[str, ...]
    residuals: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Depths:
    """All depths in one row: (m,) each, 0 long where a slot begins."""

    names: tuple[str, ...]
    rod_um: float
    sent_um: FloatArray
    along_um: FloatArray
    ln_depth: FloatArray

    def ln_fitted(self, ln_front: float, ln_wear: float, ln_width: float) -> FloatArray:
        """Logarithms of the depths by the model."""
        front_um, wear, width_um = np.exp([ln_front, ln_wear, ln_width]).tolist()
        begin = np.log((self.sent_um + front_um) / (1 + wear * (width_um / self.rod_um) ** 2))
        return np.asarray(begin - self.along_um * wear * width_um / (math.pi * self.rod_um**2 / 4))


def fit_slots(slots: Slots) -> RodFit:
    """Side gap, front gap and wear ratio. Raises ToolpathError with every fault of the measurements."""
    _require(slots)
    from scipy.optimize import least_squares
    from scipy.stats import t

    wide = np.isfinite(slots.width_um)
    ln_widths = np.log(slots.width_um[wide])
    ln_width, width_freedom = float(ln_widths.mean()), len(ln_widths) - 1
    width_noise = float(ln_widths.std(ddof=1))
    width_error = width_noise / math.sqrt(len(ln_widths))
    depths = _depths(slots)

    def off(figures: FloatArray, width: float = ln_width) -> FloatArray:
        ln_front, ln_wear = figures.tolist()
        return depths.ln_fitted(ln_front, ln_wear, width) - depths.ln_depth

    found = least_squares(off, np.log(_start(slots)), method="lm", xtol=1e-12)
    slopes = np.asarray(found.jac)
    if not (found.success and np.all(np.abs(found.x) < _MOST_LOG) and np.linalg.matrix_rank(slopes) == _FIGURES):
        raise ToolpathError("the depths do not follow the model: slots must get shallower along their way; check them")
    freedom = len(depths.ln_depth) - _FIGURES
    noise = float(np.sqrt(np.sum(off(found.x) ** 2) / freedom))
    normal = np.linalg.inv(slopes.T @ slopes)
    # How the two move with the width, which is known by itself: the depths only know its product with the wear.
    by_width = (off(found.x, ln_width + _STEP) - off(found.x, ln_width - _STEP)) / (2 * _STEP)
    moved = -normal @ slopes.T @ by_width
    errors = np.sqrt(np.diag(normal) * noise**2 + (moved * width_error) ** 2)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * errors
    width = of_logarithm(ln_width, float(t.ppf(0.5 + CONFIDENCE / 2, width_freedom)) * width_error)
    return RodFit(
        gap_side_um=Estimate(
            value=(width.value - slots.rod_um) / 2,
            low=(width.low - slots.rod_um) / 2,
            high=(width.high - slots.rod_um) / 2,
        ),
        gap_front_um=of_logarithm(float(found.x[0]), float(reach[0])),
        wear_ratio=of_logarithm(float(found.x[1]), float(reach[1])),
        width_noise=width_noise,
        width_freedom=width_freedom,
        depth_noise=noise,
        depth_freedom=freedom,
        names=(*(f"{name} width" for name in named(slots.names, wide)), *depths.names),
        residuals=np.concatenate([ln_widths - ln_width, -off(found.x)]),
    )


def _depths(slots: Slots) -> _Depths:
    begins, ends = np.isfinite(slots.start_depth_um), np.isfinite(slots.end_depth_um)
    return _Depths(
        names=(
            *(f"{name} start" for name in named(slots.names, begins)),
            *(f"{name} end" for name in named(slots.names, ends)),
        ),
        rod_um=slots.rod_um,
        sent_um=np.concatenate([slots.sent_um[begins], slots.sent_um[ends]]),
        along_um=np.concatenate([np.zeros(np.count_nonzero(begins)), slots.length_um[ends]]),
        ln_depth=np.log(np.concatenate([slots.start_depth_um[begins], slots.end_depth_um[ends]])),
    )


def _start(slots: Slots) -> FloatArray:
    """Where to begin: the mean excess of the depths at the start, and the mean decay along the way."""
    both = np.isfinite(slots.start_depth_um) & np.isfinite(slots.end_depth_um)
    front_um = float(np.nanmedian(slots.start_depth_um - slots.sent_um))
    width_um = float(np.nanmedian(slots.width_um))
    decay = np.log(slots.start_depth_um[both] / slots.end_depth_um[both]) / slots.length_um[both]
    wear = float(np.median(decay)) * math.pi * slots.rod_um**2 / 4 / width_um
    return np.maximum([front_um, wear], [0.1, 1e-4])


def _require(slots: Slots) -> None:
    """Raise ToolpathError with every reason why the three figures cannot be told from these slots."""
    faults = []
    both = np.isfinite(slots.start_depth_um) & np.isfinite(slots.end_depth_um)
    for what, count in (("widths", np.isfinite(slots.width_um)), ("slots with both depths", both)):
        if np.count_nonzero(count) < LEAST_SLOTS:
            faults.append(f"{np.count_nonzero(count)} {what}; measure {LEAST_SLOTS} at least")
    for what, values in (
        ("width", slots.width_um),
        ("depth at the start", slots.start_depth_um),
        ("depth at the end", slots.end_depth_um),
    ):
        wrong = named(slots.names, np.nan_to_num(values, nan=1.0) <= 0)
        faults += [f"{name}: {what} must be above 0; leave the cell empty where it was not measured" for name in wrong]
    narrow = named(slots.names, np.nan_to_num(slots.width_um, nan=np.inf) <= slots.rod_um)
    faults += [f"{name}: no wider than the rod, {slots.rod_um:g} um; check it and the rod" for name in narrow]
    if len(np.unique(slots.length_um[both])) < 2:  # noqa: PLR2004 - one length cannot tell a decay from an offset
        faults.append("the slots have all one length; wear needs slots of two lengths at least")
    if faults:
        raise ToolpathError("\n".join(faults))
