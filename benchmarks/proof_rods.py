"""A thousand rods calibrated on a coupon of slots, and how often their planted figures lie inside the 95 % intervals.

Every seed has gaps and a wear of its own, up to a fifth off what the coupon was laid out for. Slots are cut by the
balance of volumes, a plunge and then step by step along the way, with no formula of the fit's; every measured width and
depth is off by 3 %, normally distributed.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.proof_calibration import told
from engrave.job.shelves import MILLINGS
from toolpaths.edm.calibration import Slots, fit_slots
from toolpaths.edm.coupon import RodCoupon, rod_coupon

RUNS = 1_000
NOISE = 0.03
MOST_HALF_WIDTH = 0.10
FIGURES = ("gap_side_um", "gap_front_um", "wear_ratio")
_PROCESS, _ROD = "wc-20", 1
# Steps of the cut: the depth of a slot is right to a ten-thousandth.
_DOWN_UM, _ALONG_UM = 0.002, 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rod:
    """A rod as it is."""

    diameter_um: float
    gap_side_um: float
    gap_front_um: float
    wear_ratio: float

    @property
    def figures(self) -> tuple[float, ...]:
        """In the order of ``FIGURES``."""
        return self.gap_side_um, self.gap_front_um, self.wear_ratio


def cut(rod: Rod, *, sent_um: float, length_um: float) -> tuple[float, float]:
    """Depths where a slot begins and where it ends: what is removed wears the rod by its share, and so on."""
    section_um2 = math.pi * rod.diameter_um**2 / 4
    width_um = rod.diameter_um + 2 * rod.gap_side_um
    hole_um2 = math.pi * width_um**2 / 4
    depth_um = worn_um = 0.0
    # Down until the end, less what has worn, is at the depth sent to; the spark reaches a front gap further.
    while sent_um + rod.gap_front_um - worn_um > depth_um:
        depth_um += _DOWN_UM
        worn_um += rod.wear_ratio * hole_um2 * _DOWN_UM / section_um2
    begin_um = depth_um
    for step_um in np.diff(np.linspace(0.0, length_um, math.ceil(length_um / _ALONG_UM) + 1)).tolist():
        depth_um = sent_um + rod.gap_front_um - worn_um
        worn_um += rod.wear_ratio * width_um * depth_um * step_um / section_um2
    return begin_um, sent_um + rod.gap_front_um - worn_um


def measured(coupon: RodCoupon, rod: Rod, rng: np.random.Generator, *, noise: float) -> Slots:
    """What a profilometer would find on the coupon."""
    depths = np.array([cut(rod, sent_um=slot.sent_um, length_um=slot.length_um) for slot in coupon.slots])
    count = len(coupon.slots)
    begin, end, width = 1 + noise * rng.standard_normal((3, count))
    return Slots(
        names=tuple(slot.name for slot in coupon.slots),
        rod_um=rod.diameter_um,
        sent_um=np.array([slot.sent_um for slot in coupon.slots]),
        length_um=np.array([slot.length_um for slot in coupon.slots]),
        width_um=(rod.diameter_um + 2 * rod.gap_side_um) * width,
        start_depth_um=depths[:, 0] * begin,
        end_depth_um=depths[:, 1] * end,
    )


def planted(coupon: RodCoupon, rng: np.random.Generator) -> Rod:
    """Up to a fifth off the figures that the coupon is laid out for."""
    milling = MILLINGS.load(_PROCESS).value
    side, front, wear = rng.uniform(0.8, 1.2, 3).tolist()
    return Rod(
        diameter_um=coupon.rod_um,
        gap_side_um=milling.gap_side_um * side,
        gap_front_um=milling.gap_front_um * front,
        wear_ratio=milling.wear_ratio * wear,
    )


def example_coupon() -> RodCoupon:
    """The coupon of the shipped process's finest rod."""
    return rod_coupon(MILLINGS.load(_PROCESS).value, rod=_ROD)


def calibrated_rods(runs: int, *, seed: int) -> dict[str, Any]:
    """So many coupons, of the seeds from ``seed`` on; how often each figure lies inside its interval, and how wide."""
    coupon = example_coupon()
    inside, widths = np.zeros((runs, len(FIGURES)), dtype=bool), np.zeros((runs, len(FIGURES)))
    for run in range(runs):
        rng = np.random.default_rng(seed + run)
        rod = planted(coupon, rng)
        fit = fit_slots(measured(coupon, rod, rng, noise=NOISE))
        estimates = fit.gap_side_um, fit.gap_front_um, fit.wear_ratio
        inside[run] = [
            estimate.low <= value <= estimate.high for estimate, value in zip(estimates, rod.figures, strict=True)
        ]
        widths[run] = [estimate.half_width for estimate in estimates]
    figures = {
        name: told(inside[:, place], widths[:, place], most_half_width=MOST_HALF_WIDTH)
        for place, name in enumerate(FIGURES)
    }
    return {
        "holds": all(figure["holds"] for figure in figures.values()),
        "runs": runs,
        "seeds": [seed, seed + runs - 1],
        "noise": NOISE,
        "figures": figures,
    }
