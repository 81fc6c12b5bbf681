"""A thousand coupons measured with noise, and how often the planted figures lie inside their 95 % intervals.

Every seed has a beam and a material of its own, up to a fifth off what the coupon was laid out for. Craters and squares
come from the model's formulas written out here; every measured diameter and depth is off by 3 %, normally distributed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.base.shares import wilson
from engrave.job.shelves import MACHINES, PROCESSES
from toolpaths.laser.calibration import Craters, Estimate, fit_widths
from toolpaths.laser.calibration_depths import Squares, fit_depths
from toolpaths.laser.coupon import Coupon, coupon_for

RUNS = 1_000
NOISE = 0.03
CONFIDENCE = 0.95
LEAST_SHARE, MOST_SHARE = 0.93, 0.97
MOST_HALF_WIDTH = 0.05
FIGURES = ("spot_radius_um", "threshold_j_cm2", "incubation", "penetration_um")
_PROCESS, _MACHINE = "fs-steel", "stage"
_CM2_PER_UM2 = 1e-8

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A beam and a material."""

    spot_um: float
    threshold_j_cm2: float
    incubation: float
    penetration_um: float

    def log_fluence(self, energy_j: Floats, pulses: Floats) -> Floats:
        """ln(F0 / Fth(N)), 0 below the threshold."""
        fluence = 2 * energy_j / (np.pi * self.spot_um**2 * _CM2_PER_UM2)
        return np.maximum(np.log(fluence / (self.threshold_j_cm2 * pulses ** (self.incubation - 1))), 0.0)

    @property
    def figures(self) -> tuple[float, ...]:
        """In the order of ``FIGURES``."""
        return self.spot_um, self.threshold_j_cm2, self.incubation, self.penetration_um


def example_coupon() -> Coupon:
    """The coupon of the shipped process on the shipped stage."""
    recipe = PROCESSES.load(_PROCESS).value
    return coupon_for(
        spot_radius_um=recipe.spot_radius_um, ablation=recipe.ablation, machine=MACHINES.load(_MACHINE).value
    )


def planted(rng: np.random.Generator) -> Planted:
    """Up to a fifth off the figures that the coupon is laid out for; incubation between 0.75 and 0.95."""
    recipe = PROCESSES.load(_PROCESS).value
    spot, threshold, penetration = rng.uniform(0.8, 1.2, 3).tolist()
    return Planted(
        spot_um=recipe.spot_radius_um * spot,
        threshold_j_cm2=recipe.ablation.threshold_j_cm2 * threshold,
        incubation=float(rng.uniform(0.75, 0.95)),
        penetration_um=recipe.ablation.penetration_um * penetration,
    )


def measured(coupon: Coupon, truth: Planted, rng: np.random.Generator, *, noise: float) -> tuple[Craters, Squares]:
    """What a microscope would find on the coupon: 0 where there is no crater, a depth where there is one."""
    holes = [cell for cell in coupon.cells if cell.pulses is not None]
    energy, pulses = (np.array([getattr(cell, name) for cell in holes], float) for name in ("pulse_energy_j", "pulses"))
    log = truth.log_fluence(energy, pulses)
    depth = pulses * truth.penetration_um * log * _errors(rng, len(holes), noise)
    craters = Craters(
        names=tuple(cell.name for cell in holes),
        pulse_energy_j=energy,
        pulses=pulses,
        diameter_um=truth.spot_um * np.sqrt(2 * log) * _errors(rng, len(holes), noise),
        depth_um=np.where(log > 0, depth, np.nan),
    )
    cleared = [cell for cell in coupon.cells if cell.passes is not None]
    energy, passes, pitch, hatch = (
        np.array([getattr(cell, name) for cell in cleared], float)
        for name in ("pulse_energy_j", "passes", "pitch_um", "hatch_um")
    )
    overlapping = np.maximum(1.0, 4 * truth.spot_um**2 / (pitch * hatch))
    volume = np.pi / 4 * truth.penetration_um * truth.spot_um**2 * truth.log_fluence(energy, overlapping) ** 2
    squares = Squares(
        names=tuple(cell.name for cell in cleared),
        pulse_energy_j=energy,
        passes=passes,
        pitch_um=pitch,
        hatch_um=hatch,
        depth_um=passes * volume / (pitch * hatch) * _errors(rng, len(cleared), noise),
    )
    return craters, squares


def _errors(rng: np.random.Generator, count: int, noise: float) -> Floats:
    return 1 + noise * rng.standard_normal(count)


def calibrated(runs: int, *, seed: int) -> dict[str, Any]:
    """So many coupons, of the seeds from ``seed`` on; how often each figure lies inside its interval, and how wide."""
    coupon = example_coupon()
    inside, widths = np.zeros((runs, len(FIGURES)), dtype=bool), np.zeros((runs, len(FIGURES)))
    for run in range(runs):
        rng = np.random.default_rng(seed + run)
        truth = planted(rng)
        estimates = _estimates(*measured(coupon, truth, rng, noise=NOISE))
        inside[run] = [
            estimate.low <= value <= estimate.high for estimate, value in zip(estimates, truth.figures, strict=True)
        ]
        widths[run] = [estimate.half_width for estimate in estimates]
    figures = {
        name: told(inside[:, place], widths[:, place], most_half_width=MOST_HALF_WIDTH)
        for place, name in enumerate(FIGURES)
    }
    return {
        "holds": all(told["holds"] for told in figures.values()),
        "runs": runs,
        "seeds": [seed, seed + runs - 1],
        "noise": NOISE,
        "figures": figures,
    }


def _estimates(craters: Craters, squares: Squares) -> tuple[Estimate, ...]:
    widths = fit_widths(craters)
    depths = fit_depths(craters, squares, widths)
    if depths is None:
        raise RuntimeError("the coupon gives too few depths: it was laid out for others")
    return widths.spot_radius_um, widths.threshold_j_cm2, widths.incubation, depths.penetration_um


def told(inside: NDArray[np.bool_], half_widths: Floats, *, most_half_width: float) -> dict[str, Any]:
    """How often one figure lay inside its interval, (runs,), and how wide that was.

    Of a thousand runs 930 to 970; of fewer, as many as a true share of 95 % leaves likely.
    """
    runs, times = len(inside), int(inside.sum())
    low, high = wilson(times, runs)
    covers = LEAST_SHARE <= times / runs <= MOST_SHARE if runs >= RUNS else low <= CONFIDENCE <= high
    widest = float(half_widths.max())
    return {
        "holds": covers and widest <= most_half_width,
        "inside": times,
        "share_95": [round(low, 4), round(high, 4)],
        "widest_half_width": round(widest, 5),
        "mean_half_width": round(float(half_widths.mean()), 5),
    }
