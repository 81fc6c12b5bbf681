"""Where a tip touches the primer and how far the metal fills the relief: closed forms, each with its source.

The figures marked "fitted" were fitted to finite-element runs of a 0.5 mm cup struck by spherical pins (plane-strain
cells for the fill law). They rank designs; they are not metrology. For a tip that is no sphere the laws are carried
over by its sections and its mean curvature, and are priors. Backing is a prior with a range.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isclose, pi, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.base.units import JOULES_A_N_UM, NEWTONS_A_PA_UM2
from engrave.strike.data import MOST_DENT_UM
from engrave.strike.outline import reach_um
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
Radius = TypeVar("Radius", float, FloatArray)

# Prandtl's rigid flat punch: a land sinks once the mean pressure is (2 + pi)/sqrt(3) Y = 2.97 Y on its own area.
PRANDTL = (2.0 + np.pi) / np.sqrt(3.0)
# Mean pressure over yield stress at which a fully backed cup supports the pin (fitted).
BACKED_PRESSURE = 2.6
# The patch's area over the tip's section at the dent's depth, SUNK + BACKED b (fitted to three rows, where the section
# is a sphere's, pi (2 R D - D^2)): an unsupported cup sinks in.
SUNK, BACKED = 0.70, 0.45
# A floor has met the metal once the dent has gone on by this many reliefs after the land touched (fitted, 1.5 to 2).
TRAVEL_RELIEFS = 1.73
# Spread s of the fill law against the land fraction (fitted): thin lands sink at once, wide ones slowly.
_SPREAD_FRACTION = (0.33, 0.50, 0.67)
_SPREAD = (0.18, 0.60, 1.20)
# Tabor's representative strain of a dent over a / R.
REPRESENTATIVE_STRAIN = 0.2
# Nodes and weights of Gauss's quadrature from -1 to 1.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_DEPTH_UM = 1e-9
# Sections that differ by less than this share are one.
_ROUNDING = 1e-12
# A section that stops growing above this share of the deepest dent does so in earnest, and not at a sphere's equator.
_SHORT = 0.99


def pressure_ratio(*, thickness_um: float, mean_curvature_per_um: float, backing: float) -> float:
    """Mean contact pressure over yield stress, p/Y = m + b (2.6 - m), with the membrane's share m = 2 t H.

    H is the mean curvature (k1 + k2) / 2, 1 / R for a sphere: a membrane that yields under the tension t Y carries
    t Y (k1 + k2) (P. S. Laplace, 1806). A flat or hollow tip has no membrane share and prints only as far as the cup
    is backed.
    """
    membrane = min(max(2.0 * thickness_um * mean_curvature_per_um, 0.0), BACKED_PRESSURE)
    return membrane + backing * (BACKED_PRESSURE - membrane)


def contact_area_um2(dent_um: FloatArray, *, face: Surface, backing: float) -> FloatArray:
    """Area of the contact patch at dent depths: 0.70 + 0.45 b of the tip's section there, never beyond its face.

    What of the front is level touches at once: the share is of what the section has grown by since. Once all of the tip
    has gone in to its upright side, all of the face touches.
    """
    level_um2 = _level_um2(face)
    if not np.isfinite(level_um2):
        return np.full(np.shape(dent_um), face.face_area_um2)
    grown_um2 = patch_over_section(backing) * (face.section_um2(dent_um) - level_um2)
    patch_um2 = np.minimum(level_um2 + grown_um2, face.face_area_um2)
    return np.where(dent_um >= _whole_um(face, backing), face.face_area_um2, patch_um2)


def contact_radius_um(dent_um: float, *, face: Surface, backing: float) -> float:
    """Radius of the disc with the area of the contact patch at a dent depth; a flat touches all at once."""
    radius_um = sqrt(float(contact_area_um2(np.array(dent_um), face=face, backing=backing)) / pi)
    # All of a round face ends at its edge, and not a rounding error beside it.
    return face.edge_radius_um if isclose(radius_um, face.edge_radius_um, rel_tol=_ROUNDING) else radius_um


def patch_reach_um(dent_um: float, *, face: Surface, backing: float) -> float:
    """Greatest distance from the axis of the patch at a dent depth; the radius of a round tip's patch.

    The patch is what of the face lies nearest to the apex's height, as much as the patch's area takes; once that is all
    of the face, it reaches as far as its edge.
    """
    if _whole_um(face, backing) <= dent_um:
        return face.edge_radius_um
    area_um2 = float(contact_area_um2(np.array(dent_um), face=face, backing=backing))
    reach = reach_um(face, share=area_um2 / face.face_area_um2)
    return contact_radius_um(dent_um, face=face, backing=backing) if reach is None else reach


def dent_touching_um(depth_um: FloatArray, *, face: Surface, backing: float) -> FloatArray:
    """Dent depths at which points so far below the apex touch, ``inf`` if they never do: the patch's law inverted.

    depth_um : any shape; NaN, beyond the face, never touches.
    """
    level_um2 = _level_um2(face)
    there_um = np.nan_to_num(depth_um, nan=0.0)
    if not np.isfinite(level_um2):
        dents_um = np.zeros(np.shape(depth_um))
    else:
        grown_um2 = (face.section_um2(there_um) - level_um2) / patch_over_section(backing)
        dents_um = _dent_um(level_um2 + grown_um2, face)
    return np.where(np.isnan(depth_um), inf, dents_um)


def patch_over_section(backing: float) -> float:
    """Area of a patch over the tip's section at the dent's depth: below 1 the cup sinks in, above it piles up."""
    return SUNK + BACKED * backing


def _level_um2(face: Surface) -> float:
    """Area of the front that is level with the apex: 0 for a dome, ``inf`` for a flat."""
    return float(face.section_um2(np.array(0.0)))


def _whole_um(face: Surface, backing: float) -> float:
    """The dent from which on all of the face touches, ``inf`` if none does."""
    level_um2 = _level_um2(face)
    if not np.isfinite(level_um2):
        return 0.0
    grown_um2 = (face.face_area_um2 - level_um2) / patch_over_section(backing)
    return float(_dent_um(np.array(level_um2 + grown_um2), face))


def _dent_um(section_um2: FloatArray, face: Surface) -> FloatArray:
    """The dent at which the tip has a section.

    Where the section stops growing while dents go on, at an upright side, there is no more of the tip to come: all of
    it is in, whatever the patch's share of the section.
    """
    most_um2 = (1.0 - _ROUNDING) * face.section_um2(np.array(MOST_DENT_UM))
    last_um = float(face.section_depth_um(most_um2))
    ends_um = last_um if last_um < _SHORT * _most_um(face) else inf
    return np.minimum(face.section_depth_um(section_um2), ends_um)


def _most_um(face: Surface) -> float:
    """See ``Blow.most_um``."""
    sphere_um = 1.0 / face.mean_curvature_per_um if face.mean_curvature_per_um > 0 else inf
    whole_um = float(face.section_depth_um(np.array(face.face_area_um2)))
    return min(max(sphere_um, whole_um), MOST_DENT_UM)


def fill_fraction(land_fraction: NDArray[np.floating], *, pressure: float | FloatArray) -> FloatArray:
    """How far the metal fills the relief between lands, 0 to 1, at a mean pressure ``pressure`` = p/Y.

    phi = clip((p/Y - 2.97 A) / (2.97 A s), 0, 1); where there is no land nothing keeps the floor away.
    """
    spread = np.interp(land_fraction, _SPREAD_FRACTION, _SPREAD)
    onset = PRANDTL * np.maximum(land_fraction, 1e-6)
    filled: FloatArray = np.clip((pressure - onset) / (onset * spread), 0.0, 1.0)
    return filled


def flow_stress_pa(
    contact_um: Radius, *, mean_curvature_per_um: float, yield_stress_pa: float, hardening_pa: float
) -> Radius:
    """Yield stress of the metal about a dent: at Tabor's representative strain 0.2 a / R, none under a flat.

    1 / R is the tip's mean curvature. D. Tabor, The Hardness of Metals (1951), for spheres; for others a prior.
    """
    return yield_stress_pa + hardening_pa * REPRESENTATIVE_STRAIN * max(mean_curvature_per_um, 0.0) * contact_um


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A tip and a cup: how force and work grow with the dent. Depths um, forces N, work J.

    ``face`` is the tip's own surface, upright; ``backing`` as in ``Primer``.
    """

    face: Surface
    thickness_um: float
    yield_stress_pa: float
    hardening_pa: float
    backing: float

    @property
    def pressure(self) -> float:
        """Mean pressure over flow stress."""
        return pressure_ratio(
            thickness_um=self.thickness_um,
            mean_curvature_per_um=self.face.mean_curvature_per_um,
            backing=self.backing,
        )

    @property
    def most_um(self) -> float:
        """The deepest dent that these formulas are asked for, never beyond the cup.

        The radius of a sphere as curved as the tip is on average, a hemisphere's; or the depth at which all of the face
        has gone in, where that is deeper.
        """
        return _most_um(self.face)

    def contact_area_um2(self, dent_um: float) -> float:
        """Area of the patch."""
        return float(contact_area_um2(np.array(dent_um), face=self.face, backing=self.backing))

    def contact_um(self, dent_um: float) -> float:
        """Radius of the disc with the area of the patch."""
        return contact_radius_um(dent_um, face=self.face, backing=self.backing)

    def growing_um(self, dent_um: float) -> float:
        """The part of a dent in which the patch still grows; beyond it, all of the tip touches."""
        return min(_whole_um(self.face, self.backing), dent_um)

    def mean_pressure_pa(self, dent_um: float) -> float:
        """Mean pressure in the patch: the hardness that the cup shows to this tip."""
        return self._pressure_pa(self.contact_um(dent_um))

    def force_n(self, dent_um: float) -> float:
        """Force at a dent: mean pressure times the patch."""
        return float(self._forces_n(np.array(dent_um)))

    def energy_j(self, dent_um: float) -> float:
        """Work up to a dent: the integral of the force over the depth, by Gauss, while the patch grows and beyond.

        Exact to rounding for spheres and flats without hardening.
        """
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
        half_um = (to_um - from_um) / 2.0
        return float(np.dot(_WEIGHTS, self._forces_n(from_um + half_um * (1.0 + _NODES)))) * half_um

    def _forces_n(self, dents_um: FloatArray) -> FloatArray:
        area_um2 = contact_area_um2(dents_um, face=self.face, backing=self.backing)
        return self._pressure_pa(np.sqrt(area_um2 / pi)) * area_um2 * NEWTONS_A_PA_UM2

    def _pressure_pa(self, contact_um: Radius) -> Radius:
        return self.pressure * flow_stress_pa(
            contact_um,
            mean_curvature_per_um=self.face.mean_curvature_per_um,
            yield_stress_pa=self.yield_stress_pa,
            hardening_pa=self.hardening_pa,
        )

    def _inverted(self, grows: Callable[[float], float], wanted: float, *, unit: str) -> float:
        from scipy.optimize import brentq

        least, most = grows(0.0), grows(self.most_um)
        if not least < wanted <= most:
            raise InputError(
                f"strike: {wanted:g} {unit} is not between the {least:.4g} and {most:.4g} {unit} that dents of up to "
                f"{self.most_um:g} um take; give a figure between them, or a primer with another backing"
            )
        return float(brentq(lambda dent_um: grows(dent_um) - wanted, 0.0, self.most_um, xtol=_DEPTH_UM))
