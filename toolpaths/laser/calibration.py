"""Measured craters to a beam and a material: spot, threshold, incubation and penetration, with 95 % intervals.

The model is that of ``toolpaths.laser.ablation``: D^2 = 2 w0^2 ln(F0 / Fth(N)) (J. M. Liu, Opt. Lett. 7 (1982) 196),
F0 = 2 E / (pi w0^2), Fth(N) = Fth(1) N^(S - 1) (Y. Jee, M. F. Becker and R. M. Walser, J. Opt. Soc. Am. B 5 (1988)
648).

A diameter is measured with a relative error, so that ln D has the same error everywhere: all diameters, of all numbers
of pulses, are fitted at once by nonlinear least squares in ln D. Intervals come from the covariance at the solution and
Student's t with n - 3 degrees of freedom (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis, 1988, 2.3), those
of w0 and Fth on the logarithm.

Places where no crater was seen lie below the threshold. They say only that, and under a relative error they say it
without error: they are left out of the fit, and held against it afterwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.laser.ablation import crater_radius_um, peak_fluence_j_cm2

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CONFIDENCE = 0.95
LEAST_CRATERS = 8
LEAST_LOG_FLUENCE = 0.1
"""Craters closer to the threshold than this are left out: an energy off by 1 % would move their diameter by 5 % there.
A choice; it is made by what the fit predicts, not by what was measured, which would bias it."""
FIGURES = 3
"""That the diameters give: spot, threshold, incubation."""
# Below this the logarithm of ln(F0 / Fth) goes on as a straight line, so that the solver may pass through.
_LEAST_LOG = 1e-3
# Logarithms of spots in um and thresholds in J/cm2, and exponents, beyond e^50 are no beam's.
_MOST_LOG = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Craters:
    """Holes by pulses on one spot, each (n,): what was set, and what was measured (NaN where it was not).

    A ``diameter_um`` of 0 means that no crater was seen. ``names`` are the cells of the coupon.
    """

    names: tuple[str, ...]
    pulse_energy_j: FloatArray
    pulses: FloatArray
    diameter_um: FloatArray
    depth_um: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval as a share of the figure."""
        return (self.high - self.low) / (2 * abs(self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """What the diameters tell.

    ``noise`` is the relative standard deviation of a diameter about the fit, with ``degrees_of_freedom``. ``residuals``
    are ln(D / fitted) of the craters that were ``used``. ``faint`` were too close to the threshold. ``unseen`` are
    places without a crater, and ``contradicting`` those of them where the fit has one well above the threshold.
    ``incubation_p`` is how often chance alone would part the residuals by the number of pulses as much as here.
    """

    spot_radius_um: Estimate
    threshold_j_cm2: Estimate
    incubation: Estimate
    covariance: FloatArray
    noise: float
    degrees_of_freedom: int
    used: tuple[str, ...]
    residuals: FloatArray
    faint: tuple[str, ...]
    unseen: tuple[str, ...]
    contradicting: tuple[str, ...]
    incubation_p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The three figures of the diameters, as they are fitted: ln w0, ln Fth(1), S (w0 in um, Fth in J/cm2)."""

    ln_spot: float
    ln_threshold: float
    incubation: float

    @property
    def spot_um(self) -> float:
        """w0."""
        return float(np.exp(self.ln_spot))

    def log_fluence(self, pulse_energy_j: FloatArray, pulses: FloatArray) -> FloatArray:
        """ln(F0 / Fth(N))."""
        per_joule = float(peak_fluence_j_cm2(1.0, self.spot_um))
        return np.log(per_joule * pulse_energy_j) - self.ln_threshold - (self.incubation - 1) * np.log(pulses)


def fit_widths(craters: Craters) -> Widths:
    """Spot, threshold and incubation from the diameters.

    Raises ToolpathError with every fault where there are too few craters, energies or numbers of pulses.
    """
    seen = np.nan_to_num(craters.diameter_um) > 0
    _require(craters, seen)
    solved = _solved(craters, seen)
    # Once more without those that lie too close to the threshold, as the first fit has it.
    clear = seen & (solved.log_fluence(craters.pulse_energy_j, craters.pulses) >= LEAST_LOG_FLUENCE)
    if not np.array_equal(clear, seen):
        _require(craters, clear)
        solved = _solved(craters, clear)
    return _widths(craters, solved, used=clear, seen=seen)


def _require(craters: Craters, used: BoolArray) -> None:
    """Raise ToolpathError unless the three figures can be told from these craters."""
    energies = len(np.unique(craters.pulse_energy_j[used]))
    numbers = len(np.unique(craters.pulses[used]))
    faults = []
    if np.count_nonzero(used) < LEAST_CRATERS:
        faults.append(f"{np.count_nonzero(used)} craters can be used; measure {LEAST_CRATERS} at least")
    if energies < FIGURES:
        faults.append(f"their pulse energies are {energies}; measure craters of {FIGURES} energies at least")
    if numbers < 2:  # noqa: PLR2004 - a power law needs two points
        faults.append("they all have the same number of pulses; incubation needs craters of two numbers at least")
    if faults:
        raise ToolpathError("\n".join(faults))


def _solved(craters: Craters, used: BoolArray) -> Fitted:
    """Least squares in ln D. Raises ToolpathError where no beam makes such craters."""
    from scipy.optimize import least_squares

    energy, pulses = craters.pulse_energy_j[used], craters.pulses[used]
    ln_diameter = np.log(craters.diameter_um[used])

    def off(figures: FloatArray) -> FloatArray:
        log = Fitted(ln_spot=figures[0], ln_threshold=figures[1], incubation=figures[2]).log_fluence(energy, pulses)
        return np.asarray(figures[0] + 0.5 * (np.log(2) + _ln(log)) - ln_diameter)

    def slopes(figures: FloatArray) -> FloatArray:
        beam = Fitted(ln_spot=figures[0], ln_threshold=figures[1], incubation=figures[2])
        return _slopes(beam, energy, pulses)

    found = least_squares(off, _start(energy, pulses, np.exp(ln_diameter)), jac=slopes, method="lm", xtol=1e-12)
    ln_spot, ln_threshold, incubation = found.x.tolist()
    beam = Fitted(ln_spot=ln_spot, ln_threshold=ln_threshold, incubation=incubation)
    if not (
        found.success
        and np.all(np.abs(found.x) < _MOST_LOG)
        and np.linalg.matrix_rank(np.asarray(found.jac)) == FIGURES
    ):
        raise ToolpathError("the diameters do not follow the model: they must grow with the pulse energy; check them")
    return beam


def _ln(log_fluence: FloatArray) -> FloatArray:
    """The logarithm, which goes on as its tangent below a small value."""
    low = np.minimum(log_fluence, _LEAST_LOG)
    return np.log(np.maximum(log_fluence, _LEAST_LOG)) + (low - _LEAST_LOG) / _LEAST_LOG


def _slopes(beam: Fitted, energy: FloatArray, pulses: FloatArray) -> FloatArray:
    """Derivatives of ln D by ln w0, ln Fth(1) and S: (n, 3)."""
    half = 0.5 / np.maximum(beam.log_fluence(energy, pulses), _LEAST_LOG)
    return np.stack([1 - 2 * half, -half, -half * np.log(pulses)], axis=1)


def _start(energy: FloatArray, pulses: FloatArray, diameter: FloatArray) -> FloatArray:
    """Where to begin: D^2 is linear in ln E and ln N, each weighed by the relative error of D^2.

    Raises ToolpathError where the diameters do not grow with the energy.
    """
    table = np.stack([np.log(energy), np.ones_like(energy), -np.log(pulses)], axis=1)
    weights = 1 / diameter**2
    slope, offset, bend = np.linalg.lstsq(table * weights[:, np.newaxis], np.ones_like(diameter), rcond=None)[0]
    if not slope > 0:
        raise ToolpathError("the craters do not grow with the pulse energy; check energies and diameters")
    spot_um = np.sqrt(slope / 2)
    threshold_j = np.exp(-offset / slope)
    threshold_j_cm2 = float(peak_fluence_j_cm2(float(threshold_j), spot_um))
    return np.array([np.log(spot_um), np.log(threshold_j_cm2), 1 + bend / slope])


def _widths(craters: Craters, beam: Fitted, *, used: BoolArray, seen: BoolArray) -> Widths:
    from scipy.stats import t

    energy, pulses = craters.pulse_energy_j[used], craters.pulses[used]
    log = beam.log_fluence(energy, pulses)
    below = [name for name, value in zip(named(craters.names, used), log, strict=True) if value <= _LEAST_LOG]
    if below:
        raise ToolpathError(f"by the others there can be no crater at {', '.join(below)}; measure again, or leave out")
    fitted_um = 2 * crater_radius_um(spot_um=beam.spot_um, log_fluence=log)
    residuals = np.log(craters.diameter_um[used] / fitted_um)
    freedom = len(residuals) - FIGURES
    noise = float(np.sqrt(np.sum(residuals**2) / freedom))
    slopes = _slopes(beam, energy, pulses)
    covariance: FloatArray = noise**2 * np.asarray(np.linalg.inv(slopes.T @ slopes), dtype=np.float64)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * np.sqrt(np.diag(covariance))
    return Widths(
        spot_radius_um=of_logarithm(beam.ln_spot, reach[0]),
        threshold_j_cm2=of_logarithm(beam.ln_threshold, reach[1]),
        incubation=Estimate(
            value=beam.incubation,
            low=beam.incubation - float(reach[2]),
            high=beam.incubation + float(reach[2]),
        ),
        covariance=covariance,
        noise=noise,
        degrees_of_freedom=freedom,
        used=named(craters.names, used),
        residuals=residuals,
        faint=named(craters.names, seen & ~used),
        unseen=named(craters.names, craters.diameter_um == 0),
        contradicting=_contradicting(craters, beam, covariance),
        incubation_p=_parted(residuals, pulses),
    )


def of_logarithm(middle: float, reach: float) -> Estimate:
    """The figure whose logarithm is known within a reach."""
    # An interval wider than this is none; its ends would be no numbers.
    reach = min(reach, _MOST_LOG)
    low, value, high = np.exp([middle - reach, middle, middle + reach]).tolist()
    return Estimate(value=value, low=low, high=high)


def named(names: tuple[str, ...], chosen: BoolArray) -> tuple[str, ...]:
    """The names of those chosen."""
    return tuple(np.array(names, dtype=object)[chosen].tolist())


def _contradicting(craters: Craters, beam: Fitted, covariance: FloatArray) -> tuple[str, ...]:
    """Places without a crater that the fit has above the threshold, by more than the fit's own doubt of it."""
    log = beam.log_fluence(craters.pulse_energy_j, craters.pulses)
    slopes = np.stack([np.full_like(log, -2.0), np.full_like(log, -1.0), -np.log(craters.pulses)], axis=1)
    doubt = np.sqrt(np.einsum("ni,ij,nj->n", slopes, covariance, slopes))
    return named(craters.names, (craters.diameter_um == 0) & (log > np.maximum(LEAST_LOG_FLUENCE, 3 * doubt)))


def _parted(residuals: FloatArray, pulses: FloatArray) -> float | None:
    """Chance that the residuals' means differ so by the number of pulses: one-way analysis of variance.

    None where too few numbers have too few craters: two of the fitted figures have smoothed these means already.
    """
    from scipy.stats import f

    numbers, group, sizes = np.unique(pulses, return_inverse=True, return_counts=True)
    between_df, within_df = len(numbers) - 2, len(residuals) - len(numbers) - 1
    if between_df < 1 or within_df < 1:
        return None
    means = np.bincount(group, weights=residuals) / sizes
    between = float(np.sum(sizes * means**2))
    within = float(np.sum((residuals - means[group]) ** 2))
    return float(f.sf((between / between_df) / (within / within_df), between_df, within_df)) if within > 0 else None
