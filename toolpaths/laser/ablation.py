"""The logarithmic ablation model for ultrashort pulses with a Gaussian spot, in closed form.

Sources: J. M. Liu, Opt. Lett. 7 (1982) 196 for the crater's diameter; B. Neuenschwander et al., Proc. SPIE 8243 (2012)
824307 for depth and volume; Y. Jee, M. F. Becker and R. M. Walser, J. Opt. Soc. Am. B 5 (1988) 648 for incubation.

Everything is vectorised: where a parameter takes an array, the result has its shape. ``log_fluence`` is
ln(F0 / Fth), the peak fluence over the threshold; at 0 and below nothing is removed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolpaths.laser.recipe import Ablation, Beam
from toolpaths.model import Process

FloatArray = NDArray[np.float64]

_CM2_PER_UM2 = 1e-8


def _array(value: ArrayLike) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


def peak_fluence_j_cm2(pulse_energy_j: float, spot_radius_um: ArrayLike) -> FloatArray:
    """Fluence in the middle of a Gaussian spot of 1/e^2 radius w: F0 = 2 E / (pi w^2)."""
    return 2 * pulse_energy_j / (np.pi * _array(spot_radius_um) ** 2 * _CM2_PER_UM2)


def overlapping_pulses(process: Process, beam: Beam) -> float:
    """How many pulses of one pass overlap a point, N = (2 w0 f / v) (2 w0 / spacing), and at least 1.

    The choice of N is a prior: it counts the pulses of one pass within the 1/e^2 diameter, along the line and across
    neighbouring lines, and takes a contour, which has lines on one side only, as if it lay inside a hatch.
    """
    diameter_um = 2 * beam.spot_radius_um
    along = diameter_um * process.repetition_rate_hz / process.feed_um_s
    return max(1.0, along * diameter_um / beam.line_spacing_um)


def incubated_threshold_j_cm2(ablation: Ablation, pulses: float) -> float:
    """Threshold under N overlapping pulses: Fth(N) = Fth(1) N^(S - 1)."""
    return float(ablation.threshold_j_cm2 * pulses ** (ablation.incubation - 1))


def spot_radius_um(beam: Beam, defocus_um: ArrayLike) -> FloatArray:
    """1/e^2 radius at a distance from the focus: w0 sqrt(1 + (z / zR)^2), with zR = pi w0^2 / (M^2 lambda)."""
    rayleigh_um = np.pi * beam.spot_radius_um**2 / (beam.beam_quality * beam.wavelength_um)
    return beam.spot_radius_um * np.hypot(1.0, _array(defocus_um) / rayleigh_um)


def log_fluence(process: Process, beam: Beam, *, cosine: ArrayLike = 1.0, defocus_um: ArrayLike = 0.0) -> FloatArray:
    """ln(F0 cosine / Fth(N)): on a slope the pulse spreads over a surface larger by 1 / cosine."""
    threshold = incubated_threshold_j_cm2(beam.ablation, overlapping_pulses(process, beam))
    fluence = peak_fluence_j_cm2(process.pulse_energy_j, spot_radius_um(beam, defocus_um))
    with np.errstate(divide="ignore"):  # upright walls get nothing: -inf
        return np.log(fluence * _array(cosine) / threshold)


def crater_radius_um(*, spot_um: ArrayLike, log_fluence: ArrayLike) -> FloatArray:
    """Radius at which the fluence meets the threshold, from D^2 = 2 w^2 ln(F0 / Fth); 0 below the threshold."""
    return _array(spot_um) * np.sqrt(np.maximum(_array(log_fluence), 0) / 2)


def crater_depth_um(
    r_um: ArrayLike, *, spot_um: ArrayLike, log_fluence: ArrayLike, penetration_um: float
) -> FloatArray:
    """Depth one pulse removes at a distance from its middle: d ln(F(r) / Fth), a paraboloid; 0 outside the crater."""
    spots_off = _array(r_um) / _array(spot_um)
    return penetration_um * np.maximum(_array(log_fluence) - 2 * spots_off**2, 0)


def crater_volume_um3(*, spot_um: ArrayLike, log_fluence: ArrayLike, penetration_um: float) -> FloatArray:
    """Volume one pulse removes: (pi / 4) w^2 d ln^2(F0 / Fth); 0 below the threshold."""
    return _array(np.pi / 4 * penetration_um * _array(spot_um) ** 2 * np.maximum(_array(log_fluence), 0) ** 2)


def pass_depth_um(process: Process, beam: Beam, *, cosine: ArrayLike = 1.0, defocus_um: ArrayLike = 0.0) -> FloatArray:
    """Depth of one pass in the middle of a hatch: volume of a pulse x rate / (feed x line spacing).

    On a slope this is the depth for a feed along the level line, or one kept in the plane; a controller that keeps
    its feed in space lingers on rising lines and cuts deeper. The loss is taken along the axis, without the factor
    1 / cosine between a depth along the normal and one along the axis: a prior, on the shallow side.
    """
    volume_um3 = crater_volume_um3(
        spot_um=spot_radius_um(beam, defocus_um),
        log_fluence=log_fluence(process, beam, cosine=cosine, defocus_um=defocus_um),
        penetration_um=beam.ablation.penetration_um,
    )
    return volume_um3 * process.repetition_rate_hz / (process.feed_um_s * beam.line_spacing_um)
