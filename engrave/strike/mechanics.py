"""Where a tip touches the primer and how far the metal fills the relief: closed forms, each with its source.

The figures marked "fitted" were fitted to finite-element runs of a 0.5 mm cup struck by spherical pins (plane-strain
cells for the fill law). They rank designs; they are not metrology. Backing is a prior with a range.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Prandtl's rigid flat punch: a land sinks once the mean pressure is (2 + pi)/sqrt(3) Y = 2.97 Y on its own area.
PRANDTL = (2.0 + np.pi) / np.sqrt(3.0)
# Mean pressure over yield stress at which a fully backed cup supports the pin (fitted).
BACKED_PRESSURE = 2.6
# Contact radius a^2 = (SUNK + BACKED b)(2 R D - D^2) (fitted to three rows): an unsupported cup sinks in.
SUNK, BACKED = 0.70, 0.45
# A floor has met the metal once the dent has gone on by this many reliefs after the land touched (fitted, 1.5 to 2).
TRAVEL_RELIEFS = 1.73
# Spread s of the fill law against the land fraction (fitted): thin lands sink at once, wide ones slowly.
_SPREAD_FRACTION = (0.33, 0.50, 0.67)
_SPREAD = (0.18, 0.60, 1.20)


def pressure_ratio(*, thickness_um: float, nose_radius_um: float, backing: float) -> float:
    """Mean contact pressure over yield stress, p/Y = m + b (2.6 - m), with the membrane's share m = 2 t / R.

    A flat tip (infinite radius) has no membrane share and prints only as far as the cup is backed.
    """
    membrane = min(2.0 * thickness_um / nose_radius_um, BACKED_PRESSURE)
    return membrane + backing * (BACKED_PRESSURE - membrane)


def contact_radius_um(dent_um: float, *, nose_radius_um: float, edge_radius_um: float, backing: float) -> float:
    """Radius of the contact patch at a dent depth: never beyond the tip's edge; a flat touches all at once."""
    if not np.isfinite(nose_radius_um):
        return edge_radius_um
    depth = min(dent_um, nose_radius_um)
    square = (SUNK + BACKED * backing) * (2.0 * nose_radius_um * depth - depth**2)
    return float(min(np.sqrt(square), edge_radius_um))


def dent_touching_um(radius_um: FloatArray, *, nose_radius_um: float, backing: float) -> FloatArray:
    """Dent depth at which the tip's surface touches at a radius, inf if it never does: the contact radius, inverted."""
    if not np.isfinite(nose_radius_um):
        return np.zeros_like(radius_um)
    rest = nose_radius_um**2 - np.square(radius_um) / (SUNK + BACKED * backing)
    return np.where(rest >= 0, nose_radius_um - np.sqrt(np.maximum(rest, 0.0)), np.inf)


def fill_fraction(land_fraction: FloatArray, *, pressure: float) -> FloatArray:
    """How far the metal fills the relief between lands, 0 to 1, at a mean pressure ``pressure`` = p/Y.

    phi = clip((p/Y - 2.97 A) / (2.97 A s), 0, 1); where there is no land nothing keeps the floor away.
    """
    spread = np.interp(land_fraction, _SPREAD_FRACTION, _SPREAD)
    onset = PRANDTL * np.maximum(land_fraction, 1e-6)
    filled: FloatArray = np.clip((pressure - onset) / (onset * spread), 0.0, 1.0)
    return filled


def spring_back_um(radius_um: FloatArray, *, contact_um: float, pressure_pa: float, modulus_pa: float) -> FloatArray:
    """Elastic rise of the surface when a uniform pressure over a disc is taken off.

    K. L. Johnson, Contact Mechanics, 3.29: u = 4 p a E(r/a) / (pi E*) inside, and
    u = 4 p r [E(a/r) - (1 - a^2/r^2) K(a/r)] / (pi E*) outside; E and K take the modulus, scipy's take its square.
    """
    from scipy.special import ellipe, ellipk

    scale = 4.0 * pressure_pa / (np.pi * modulus_pa)
    ratio = np.square(np.minimum(radius_um / contact_um, 1.0))
    inside = scale * contact_um * ellipe(ratio)
    far = np.square(contact_um / np.maximum(radius_um, contact_um))
    outside = scale * radius_um * (ellipe(far) - (1.0 - far) * ellipk(np.minimum(far, 1.0 - 1e-12)))
    return np.where(radius_um <= contact_um, inside, outside)
