"""Measured depths to the penetration, with its 95 % interval; spot, threshold and incubation come from the diameters.

Of craters on one spot the depth is N d ln(F0 / Fth(N)), of a cleared square the volume of a pulse over the area that
each has to itself, (pi / 4) w0^2 d ln^2(F0 / Fth(N)) passes / (pitch hatch) (B. Neuenschwander et al., Proc. SPIE 8243
(2012) 824307), as in ``toolpaths.laser.ablation``. Depths do not move the other three figures: what the depth of a hole
means is less certain than what its width does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.laser.ablation import crater_depth_um, crater_radius_um, crater_volume_um3
from toolpaths.laser.calibration import (
    CONFIDENCE,
    FIGURES,
    LEAST_LOG_FLUENCE,
    Craters,
    Estimate,
    Fitted,
    Widths,
    named,
    of_logarithm,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_DEPTHS = 4
MOST_DEPTH_TO_DIAMETER = 0.5
"""Deeper holes are left out: their walls reflect and shade, and a pulse no longer removes what it does from a flat. A
choice."""
# No depth is known better than to a millionth; figures without any scatter would leave nothing to weigh by.
_LEAST_NOISE = 1e-6
# Step for derivatives of the depths by difference.
_STEP = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares:
    """Cleared squares, each (n,): pulses ``pitch_um`` apart along lines ``hatch_um`` apart, ``passes`` times."""

    names: tuple[str, ...]
    pulse_energy_j: FloatArray
    passes: FloatArray
    pitch_um: FloatArray
    hatch_um: FloatArray
    depth_um: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Depths:
    """What the depths tell; ``steep`` were too deep for their width, ``shallow`` too close to the threshold."""

    penetration_um: Estimate
    noise: float
    degrees_of_freedom: int
    used: tuple[str, ...]
    residuals: FloatArray
    steep: tuple[str, ...]
    shallow: tuple[str, ...]


def fit_depths(craters: Craters, squares: Squares, widths: Widths) -> Depths | None:
    """The penetration from the depths of craters and of squares; None where too few can be used.

    The doubt of the other three figures goes into its interval: with their covariance C and the depths' slopes J the
    errors of ln(depth) have the covariance s^2 + J C J', and ln d is the mean of least variance under it. Its degrees
    of freedom are those of Welch and Satterthwaite.
    """
    from scipy.stats import t

    measured = _Measured.of(craters, squares, widths)
    if np.count_nonzero(measured.used) < LEAST_DEPTHS:
        return None
    figures = np.array(
        [np.log(widths.spot_radius_um.value), np.log(widths.threshold_j_cm2.value), widths.incubation.value]
    )
    offs = np.log(measured.depth_um[measured.used]) - measured.ln_depths(figures)
    slopes = np.stack(
        [
            (measured.ln_depths(figures + step) - measured.ln_depths(figures - step)) / (2 * _STEP)
            for step in _STEP * np.eye(FIGURES)
        ],
        axis=1,
    )
    noise, freedom = _noise(offs, slopes)
    ones = np.ones_like(offs)
    weights = np.linalg.solve(noise**2 * np.eye(len(offs)) + slopes @ widths.covariance @ slopes.T, ones)
    weights = weights / weights.sum()
    own = float(noise**2 * np.sum(weights**2))
    lent = float(weights @ slopes @ widths.covariance @ slopes.T @ weights)
    total_df = (own + lent) ** 2 / (own**2 / freedom + lent**2 / widths.degrees_of_freedom)
    middle = float(weights @ offs)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, total_df) * np.sqrt(own + lent))
    return Depths(
        penetration_um=of_logarithm(middle, reach),
        noise=noise,
        degrees_of_freedom=freedom,
        used=named(measured.names, measured.used),
        residuals=offs - middle,
        steep=named(measured.names, measured.steep),
        shallow=named(measured.names, measured.shallow),
    )


def _noise(offs: FloatArray, slopes: FloatArray) -> tuple[float, int]:
    """Standard deviation of a depth's own error and its degrees of freedom.

    What the other figures' errors could have done to the depths is taken out first, where enough depths are left.
    """
    ones = np.ones((len(offs), 1))
    for table in (np.hstack([ones, slopes]), ones):
        freedom = len(offs) - int(np.linalg.matrix_rank(table))
        if freedom >= LEAST_DEPTHS - 1:
            break
    rest = offs - table @ np.linalg.lstsq(table, offs, rcond=None)[0]
    return max(float(np.sqrt(np.sum(rest**2) / freedom)), _LEAST_NOISE), freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Depths of craters, and of squares behind them."""

    craters: Craters
    squares: Squares
    names: tuple[str, ...]
    depth_um: FloatArray
    used: BoolArray
    steep: BoolArray
    shallow: BoolArray

    @classmethod
    def of(cls, craters: Craters, squares: Squares, widths: Widths) -> "_Measured":
        beam = Fitted(
            ln_spot=float(np.log(widths.spot_radius_um.value)),
            ln_threshold=float(np.log(widths.threshold_j_cm2.value)),
            incubation=widths.incubation.value,
        )
        depth_um = np.concatenate([craters.depth_um, squares.depth_um])
        log = np.concatenate(
            [
                beam.log_fluence(craters.pulse_energy_j, craters.pulses),
                beam.log_fluence(squares.pulse_energy_j, _overlapping(beam.spot_um, squares)),
            ]
        )
        there = np.nan_to_num(depth_um) > 0
        shallow = there & (log < LEAST_LOG_FLUENCE)
        fitted_um = 2 * crater_radius_um(spot_um=beam.spot_um, log_fluence=log)
        most_um = MOST_DEPTH_TO_DIAMETER * fitted_um
        # A square is as wide as it was drawn: its depth is no hole's.
        most_um[len(craters.names) :] = np.inf
        steep = there & ~shallow & (np.nan_to_num(depth_um) > most_um)
        return cls(
            craters=craters,
            squares=squares,
            names=craters.names + squares.names,
            depth_um=depth_um,
            used=there & ~shallow & ~steep,
            steep=steep,
            shallow=shallow,
        )

    def ln_depths(self, figures: FloatArray) -> FloatArray:
        """ln(depth) of those used, for a penetration of 1 um."""
        beam = Fitted(ln_spot=figures[0], ln_threshold=figures[1], incubation=figures[2])
        depth_um = np.concatenate([_hole_um(beam, self.craters), _floor_um(beam, self.squares)])
        return np.asarray(np.log(depth_um[self.used]), dtype=np.float64)


def _hole_um(beam: Fitted, craters: Craters) -> FloatArray:
    """Depth in the middle of a crater for a penetration of 1 um: every pulse removes the same."""
    log = beam.log_fluence(craters.pulse_energy_j, craters.pulses)
    return craters.pulses * crater_depth_um(0.0, spot_um=beam.spot_um, log_fluence=log, penetration_um=1.0)


def _floor_um(beam: Fitted, squares: Squares) -> FloatArray:
    """Depth of a square for a penetration of 1 um: volume of a pulse over the area that it has to itself."""
    log = beam.log_fluence(squares.pulse_energy_j, _overlapping(beam.spot_um, squares))
    volume_um3 = crater_volume_um3(spot_um=beam.spot_um, log_fluence=log, penetration_um=1.0)
    return squares.passes * volume_um3 / (squares.pitch_um * squares.hatch_um)


def _overlapping(spot_um: float, squares: Squares) -> FloatArray:
    """Pulses of one pass that overlap a point, as ``toolpaths.laser.ablation.overlapping_pulses`` counts them."""
    return np.maximum(1.0, (2 * spot_um) ** 2 / (squares.pitch_um * squares.hatch_um))
