"""Robust least squares: what a cloud of points with noise and outliers says of a few parameters, and how surely."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Residual = Callable[[FloatArray, FloatArray], FloatArray]
"""(parameters, points (n, 3) um) -> signed distances (n,) um, positive outside."""

# Median absolute deviation to standard deviation, of a normal distribution.
_MAD_TO_SIGMA = 1.4826
# Points further off than this many standard deviations are outliers.
_OUTLIER_SIGMAS = 4.0
# Below this, rounding of the file's numbers passes for noise.
_LEAST_SIGMA_UM = 0.02
_ROBUST_POINTS, _FINAL_POINTS = 1_000, 12_000
# The start need only be near; the end must not stop in the flat valley of a form whose axis is hard to tell.
_ROBUST_TOLERANCE, _FINAL_TOLERANCE = 1e-5, 1e-13
# Rounds end early where the scale of the residuals, or what is kept, no longer changes.
_ROBUST_ROUNDS, _TRIM_ROUNDS, _SETTLED = 8, 6, 0.95
_SEED = 20_260_105
_UNMOVED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Parameters, their covariance, and how the points lie about them.

    sigma_um : robust standard deviation of the points that were kept. kept_share : share of points within 4 of it.
    """

    parameters: FloatArray
    covariance: FloatArray
    sigma_um: float
    rms_um: float
    kept_share: float
    points: int

    @property
    def outlier_um(self) -> float:
        """Distance beyond which a point is an outlier."""
        return _OUTLIER_SIGMAS * self.sigma_um


def robust_sigma_um(residual_um: FloatArray) -> float:
    """Standard deviation by the median of the absolute residuals, which up to half of the points cannot spoil."""
    return max(_MAD_TO_SIGMA * float(np.median(np.abs(residual_um))), _LEAST_SIGMA_UM)


def sampled(points: FloatArray, most: int) -> FloatArray:
    """At most so many of the points, drawn without regard to place, always the same."""
    if len(points) <= most:
        return points
    return np.asarray(points[np.random.default_rng(_SEED).choice(len(points), most, replace=False)])


# A step of the search may lead anywhere; where it ends is looked at.
@np.errstate(all="ignore")
def robust_start(residual: Residual, start: FloatArray, points: FloatArray) -> FloatArray:
    """Parameters that outliers have little weight in: soft L1 loss, its scale from the residuals, in rounds."""
    from scipy.optimize import least_squares

    few = sampled(points, _ROBUST_POINTS)
    parameters, last_um = start, np.inf
    for _ in range(_ROBUST_ROUNDS):
        scale_um = robust_sigma_um(residual(parameters, few))
        if scale_um > _SETTLED * last_um:
            break
        last_um = scale_um
        solved = least_squares(
            residual,
            parameters,
            args=(few,),
            loss="soft_l1",
            f_scale=scale_um,
            x_scale="jac",
            ftol=_ROBUST_TOLERANCE,
            max_nfev=30,
        )
        parameters = np.asarray(solved.x)
    return parameters


@np.errstate(all="ignore")
def robust_fit(residual: Residual, start: FloatArray, points: FloatArray) -> Estimate:
    """Soft L1 first, then plain least squares on what lies within 4 standard deviations, in rounds.

    The covariance is s^2 (J^T J)^-1 with s from the residuals: it holds where the noise of the points is independent.
    """
    from scipy.optimize import least_squares

    many = sampled(points, _FINAL_POINTS)
    parameters = robust_start(residual, start, points)
    near = np.zeros(len(many), dtype=np.bool_)
    for _ in range(_TRIM_ROUNDS):
        distance = residual(parameters, many)
        before, near = near, np.abs(distance) <= _OUTLIER_SIGMAS * robust_sigma_um(distance)
        if np.array_equal(before, near):
            break
        kept = many[near]
        solved = least_squares(
            residual, parameters, args=(kept,), x_scale="jac", ftol=_FINAL_TOLERANCE, xtol=_FINAL_TOLERANCE, max_nfev=60
        )
        parameters = np.asarray(solved.x)
    slopes = np.asarray(solved.jac, dtype=np.float64)
    remaining = np.asarray(residual(parameters, kept))
    square = float(np.sum(remaining**2)) / max(len(kept) - len(parameters), 1)
    return Estimate(
        parameters=parameters,
        covariance=square * _inverse(slopes),
        sigma_um=robust_sigma_um(residual(parameters, many)),
        rms_um=float(np.sqrt(np.mean(remaining**2))),
        kept_share=len(kept) / len(many),
        points=len(kept),
    )


def _inverse(slopes: FloatArray) -> FloatArray:
    """(J^T J)^-1, by columns of one length: radians and curvatures differ by many powers of ten."""
    norm = np.linalg.norm(slopes, axis=0)
    # What moves no point at all is not known at all: its interval comes out beyond every bound, but finite.
    length = np.maximum(norm, _UNMOVED)
    even = np.linalg.pinv((slopes / length).T @ (slopes / length), rcond=1e-13, hermitian=True)
    even[norm < _UNMOVED, norm < _UNMOVED] = 1.0
    return np.asarray(even / np.outer(length, length))


@np.errstate(all="ignore")
def spread(derived: Callable[[FloatArray], FloatArray], estimate: Estimate) -> FloatArray:
    """Covariance of figures that follow from the parameters: their derivatives by central differences."""
    parameters = estimate.parameters
    deviations = np.sqrt(np.maximum(np.diag(estimate.covariance), 0.0))
    steps = np.maximum(deviations, 1e-7 * np.maximum(np.abs(parameters), 1e-6))
    columns = [
        (derived(parameters + step) - derived(parameters - step)) / (2 * size)
        for size, step in zip(steps, np.diag(steps), strict=True)
    ]
    slope = np.stack(columns, axis=1)
    return np.asarray(slope @ estimate.covariance @ slope.T)


def reach_95(estimate: Estimate) -> float:
    """How many standard deviations a 95 % interval reaches either way, by Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(max(estimate.points - len(estimate.parameters), 1), 0.975))
