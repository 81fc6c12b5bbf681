"""Where a tip touches the primer and how far the metal fills the relief: closed forms, each with its source.

The figures marked "fitted" were fitted to finite-element runs of a 0.5 mm cup struck by spherical pins (plane-strain
cells for the fill law). They rank designs; they are not metrology. Backing is a prior with a range.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.units import JOULES_A_N_UM, NEWTONS_A_PA_UM2
from engrave.strike.data import MOST_DENT_UM

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
# Tabor's representative strain of a dent over a / R.
REPRESENTATIVE_STRAIN = 0.2
_GAUSS_NODES = 24
_DEPTH_UM = 1e-9


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


def fill_fraction(land_fraction: NDArray[np.floating], *, pressure: float) -> FloatArray:
    """How far the metal fills the relief between lands, 0 to 1, at a mean pressure ``pressure`` = p/Y.

    phi = clip((p/Y - 2.97 A) / (2.97 A s), 0, 1); where there is no land nothing keeps the floor away.
    """
    spread = np.interp(land_fraction, _SPREAD_FRACTION, _SPREAD)
    onset = PRANDTL * np.maximum(land_fraction, 1e-6)
    filled: FloatArray = np.clip((pressure - onset) / (onset * spread), 0.0, 1.0)
    return filled


def flow_stress_pa(contact_um: float, *, nose_radius_um: float, yield_stress_pa: float, hardening_pa: float) -> float:
    """Yield stress of the metal about a dent: at Tabor's representative strain 0.2 a / R, none under a flat.

    D. Tabor, The Hardness of Metals (1951).
    """
    return yield_stress_pa + hardening_pa * REPRESENTATIVE_STRAIN * contact_um / nose_radius_um


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A tip of one size and a cup: how force and work grow with the dent. Depths um, forces N, work J.

    ``backing`` as in ``Primer``.
    """

    nose_radius_um: float
    edge_radius_um: float
    thickness_um: float
    yield_stress_pa: float
    hardening_pa: float
    backing: float

    @property
    def pressure(self) -> float:
        """Mean pressure over flow stress."""
        return pressure_ratio(thickness_um=self.thickness_um, nose_radius_um=self.nose_radius_um, backing=self.backing)

    @property
    def most_um(self) -> float:
        """The deepest dent that these formulas know: a hemisphere's radius, and never beyond the cup."""
        return min(self.nose_radius_um, MOST_DENT_UM)

    def contact_um(self, dent_um: float) -> float:
        """Radius of the patch."""
        return contact_radius_um(
            dent_um, nose_radius_um=self.nose_radius_um, edge_radius_um=self.edge_radius_um, backing=self.backing
        )

    def growing_um(self, dent_um: float) -> float:
        """The part of a dent in which the patch still grows; beyond it, all of the tip touches."""
        reached = float(
            dent_touching_um(np.array(self.edge_radius_um), nose_radius_um=self.nose_radius_um, backing=self.backing)
        )
        return min(reached, dent_um)

    def mean_pressure_pa(self, dent_um: float) -> float:
        """Mean pressure in the patch: the hardness that the cup shows to this tip."""
        return self.pressure * flow_stress_pa(
            self.contact_um(dent_um),
            nose_radius_um=self.nose_radius_um,
            yield_stress_pa=self.yield_stress_pa,
            hardening_pa=self.hardening_pa,
        )

    def force_n(self, dent_um: float) -> float:
        """Force at a dent: mean pressure times the patch."""
        return self.mean_pressure_pa(dent_um) * np.pi * self.contact_um(dent_um) ** 2 * NEWTONS_A_PA_UM2

    def energy_j(self, dent_um: float) -> float:
        """Work up to a dent: the integral of the force over the depth, exact to rounding (Gauss, in two parts)."""
        whole_um = self.growing_um(dent_um)
        parts = (self._work_um2(0.0, whole_um), self._work_um2(whole_um, dent_um))
        return sum(parts) * JOULES_A_N_UM

    def dent_of_force_um(self, force_n: float) -> float:
        """The dent at which the force is reached. Raises InputError where none takes it; a flat's is one for all."""
        return self._inverted(self.force_n, force_n, unit="N")

    def dent_of_energy_um(self, energy_j: float) -> float:
        """The dent at which the work is spent. Raises InputError where none is deep enough."""
        return self._inverted(self.energy_j, energy_j, unit="J")

    def _work_um2(self, from_um: float, to_um: float) -> float:
        """Force integrated over a part of the depth, N um."""
        nodes, weights = np.polynomial.legendre.leggauss(_GAUSS_NODES)
        half_um = (to_um - from_um) / 2.0
        forces = [self.force_n(from_um + half_um * (1.0 + node)) for node in nodes.tolist()]
        return float(np.dot(weights, forces)) * half_um

    def _inverted(self, grows: Callable[[float], float], wanted: float, *, unit: str) -> float:
        from scipy.optimize import brentq

        least, most = grows(0.0), grows(self.most_um)
        if not least < wanted <= most:
            raise InputError(
                f"strike: {wanted:g} {unit} is not between the {least:.4g} and {most:.4g} {unit} that dents of up to "
                f"{self.most_um:g} um take; give a figure between them, or a primer with another backing"
            )
        return float(brentq(lambda dent_um: grows(dent_um) - wanted, 0.0, self.most_um, xtol=_DEPTH_UM))
