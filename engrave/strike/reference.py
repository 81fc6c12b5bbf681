"""Contact problems with known answers: what a contact solver is measured against.

Micrometres, newtons, pascals and joules, as everywhere here. A rigid body presses a half-space of reduced modulus E*;
1/E* = (1 - nu1^2)/E1 + (1 - nu2^2)/E2 makes two elastic bodies of them. "Johnson" is K. L. Johnson, Contact Mechanics,
Cambridge University Press 1985. A displacement is positive into the half-space and zero far away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import raise_faults
from engrave.base.units import JOULES_A_N_UM, NEWTONS_A_PA_UM2
from engrave.strike.mechanics import PRANDTL

FloatArray = NDArray[np.float64]

# Prandtl's punch presses with (2 + pi) k on its own area, k the yield stress in shear (L. Prandtl, Nachr. Ges. Wiss.
# Goettingen (1920) 74; R. Hill, The Mathematical Theory of Plasticity (1950), chapter IX).
PRANDTL_SHEAR = 2.0 + np.pi
# In yield stresses Y of a tensile test: k = Y / sqrt(3) by von Mises, which the fill law uses, k = Y / 2 by Tresca.
PRANDTL_MISES = PRANDTL
PRANDTL_TRESCA = PRANDTL_SHEAR / 2.0
# Mean pressure over Y under a fully plastic sphere: D. Tabor, The Hardness of Metals (1951), chapter IV; Johnson 6.3.
SPHERE_PLASTIC_LEAST, SPHERE_PLASTIC_MOST = 2.8, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hertz:
    """A rigid paraboloid z = -r^2 / 2R on an elastic half-space: H. Hertz, J. reine angew. Math. 92 (1882) 156.

    approach_um : how far the apex stands below the undeformed surface. Formulas as in Johnson, 3.4 and 4.2.
    """

    nose_radius_um: float
    reduced_modulus_pa: float
    approach_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        _require_positive(
            nose_radius=self.nose_radius_um, reduced_modulus=self.reduced_modulus_pa, approach=self.approach_um
        )

    @classmethod
    def under_force(cls, force_n: float, *, nose_radius_um: float, reduced_modulus_pa: float) -> "Hertz":
        """The contact under a force: a^3 = 3 F R / 4 E* (Johnson 4.22). Raises InputError."""
        _require_positive(force=force_n, nose_radius=nose_radius_um, reduced_modulus=reduced_modulus_pa)
        cube = 0.75 * force_n * nose_radius_um / (reduced_modulus_pa * NEWTONS_A_PA_UM2)
        approach = float(np.cbrt(cube)) ** 2 / nose_radius_um
        return cls(nose_radius_um=nose_radius_um, reduced_modulus_pa=reduced_modulus_pa, approach_um=approach)

    @property
    def contact_radius_um(self) -> float:
        """Radius of the contact, a = sqrt(R d) (Johnson 4.23)."""
        return float(np.sqrt(self.nose_radius_um * self.approach_um))

    @property
    def force_n(self) -> float:
        """Force F = 4 E* a^3 / 3 R (Johnson 4.22)."""
        return 4.0 / 3.0 * self.reduced_modulus_pa * self.contact_radius_um * self.approach_um * NEWTONS_A_PA_UM2

    @property
    def peak_pressure_pa(self) -> float:
        """Peak pressure p0 = 2 E* a / pi R, which is 3 F / 2 pi a^2 (Johnson 4.24)."""
        return 2.0 * self.reduced_modulus_pa * self.contact_radius_um / (np.pi * self.nose_radius_um)

    @property
    def energy_j(self) -> float:
        """Work W = 8/15 E* sqrt(R) d^(5/2), the integral of the force over the approach: 2/5 F d."""
        return 0.4 * self.force_n * self.approach_um * JOULES_A_N_UM

    def pressure_pa(self, radius_um: FloatArray) -> FloatArray:
        """Pressure p = p0 sqrt(1 - r^2 / a^2), 0 outside the contact (Johnson 3.39)."""
        inside = np.maximum(1.0 - np.square(radius_um / self.contact_radius_um), 0.0)
        return self.peak_pressure_pa * np.sqrt(inside)

    def displacement_um(self, radius_um: FloatArray) -> FloatArray:
        """Sinking of the half-space's surface (Johnson 3.41a inside, 3.42a outside)."""
        contact = self.contact_radius_um
        share = contact / np.maximum(radius_um, contact)
        # With p0 = 2 E* a / pi R both lines lose the pressure; inside, asin(1) = pi / 2 and the root is 0.
        around = (2.0 * contact**2 - np.square(radius_um)) * np.arcsin(share)
        root = radius_um * contact * np.sqrt(1.0 - np.square(share))
        sunk: FloatArray = (around + root) / (np.pi * self.nose_radius_um)
        return sunk


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatPunch:
    """A rigid flat-ended cylinder pressed into an elastic half-space: Johnson 3.4 (b), after Boussinesq (1885)."""

    radius_um: float
    reduced_modulus_pa: float
    approach_um: float

    def __post_init__(self) -> None:
        """Check the figures. Raises InputError with every fault."""
        _require_positive(radius=self.radius_um, reduced_modulus=self.reduced_modulus_pa, approach=self.approach_um)

    @classmethod
    def under_force(cls, force_n: float, *, radius_um: float, reduced_modulus_pa: float) -> "FlatPunch":
        """The contact under a force: d = F / 2 a E* (Johnson 3.36). Raises InputError."""
        _require_positive(force=force_n, radius=radius_um, reduced_modulus=reduced_modulus_pa)
        approach = force_n / (2.0 * radius_um * reduced_modulus_pa * NEWTONS_A_PA_UM2)
        return cls(radius_um=radius_um, reduced_modulus_pa=reduced_modulus_pa, approach_um=approach)

    @property
    def force_n(self) -> float:
        """Force F = 2 a E* d (Johnson 3.36)."""
        return 2.0 * self.radius_um * self.reduced_modulus_pa * self.approach_um * NEWTONS_A_PA_UM2

    @property
    def energy_j(self) -> float:
        """Work W = F d / 2: the force grows with the approach."""
        return 0.5 * self.force_n * self.approach_um * JOULES_A_N_UM

    def pressure_pa(self, radius_um: FloatArray) -> FloatArray:
        """Pressure p = E* d / (pi sqrt(a^2 - r^2)): infinite at the edge, 0 outside it (Johnson 3.34)."""
        inside = self.radius_um**2 - np.square(radius_um)
        with np.errstate(divide="ignore"):
            rising = self.reduced_modulus_pa * self.approach_um / (np.pi * np.sqrt(np.maximum(inside, 0.0)))
        return np.where(inside >= 0.0, rising, 0.0)

    def displacement_um(self, radius_um: FloatArray) -> FloatArray:
        """Sinking: d under the punch, (2 d / pi) asin(a / r) outside it (Johnson 3.37)."""
        share = self.radius_um / np.maximum(radius_um, self.radius_um)
        sunk: FloatArray = 2.0 * self.approach_um / np.pi * np.arcsin(share)
        return sunk


def love_corner_um(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """The term x asinh(y/|x|) + y asinh(x/|y|), the indefinite double integral of 1 / r; 0 on the axes' crossing.

    Its differences over the corners of a rectangle give what a uniform pressure on it does (see ``love_patch_um``).
    """
    across, along = np.abs(x_um), np.abs(y_um)
    # What stands before the inverse is 0 where the divisor is: any divisor will do there.
    first = x_um * np.arcsinh(y_um / np.where(across > 0.0, across, 1.0))
    second = y_um * np.arcsinh(x_um / np.where(along > 0.0, along, 1.0))
    summed: FloatArray = first + second
    return summed


def love_patch_um(
    x_um: FloatArray, y_um: FloatArray, *, half_side_um: float, pressure_pa: float, reduced_modulus_pa: float
) -> FloatArray:
    """Sinking of the surface anywhere under a uniform pressure on a square about the origin.

    A. E. H. Love, Phil. Trans. R. Soc. A 228 (1929) 377, as Johnson 3.25. In the middle of the square it is
    (8 b p / pi E*) ln(1 + sqrt 2), b half the side. Raises InputError.
    """
    _require_positive(half_side=half_side_um, reduced_modulus=reduced_modulus_pa)
    left, right = x_um - half_side_um, x_um + half_side_um
    below, above = y_um - half_side_um, y_um + half_side_um
    corners = (
        love_corner_um(right, above)
        - love_corner_um(right, below)
        - love_corner_um(left, above)
        + love_corner_um(left, below)
    )
    return pressure_pa / (np.pi * reduced_modulus_pa) * corners


def disc_sinking_um(
    radius_um: FloatArray, *, contact_um: float, pressure_pa: float, reduced_modulus_pa: float
) -> FloatArray:
    """How far a half-space sinks under a uniform pressure on a disc; radius_um : any shape, from the disc's middle.

    K. L. Johnson, Contact Mechanics, 3.29: u = 4 p a E(r/a) / (pi E*) inside, and
    u = 4 p r [E(a/r) - (1 - a^2/r^2) K(a/r)] / (pi E*) outside; E and K take the modulus, scipy's take its square.
    """
    from scipy.special import ellipe, ellipk

    _require_positive(contact=contact_um, pressure=pressure_pa, reduced_modulus=reduced_modulus_pa)
    scale = 4.0 * pressure_pa / (np.pi * reduced_modulus_pa)
    ratio = np.square(np.minimum(radius_um / contact_um, 1.0))
    inside = scale * contact_um * ellipe(ratio)
    far = np.square(contact_um / np.maximum(radius_um, contact_um))
    outside = scale * radius_um * (ellipe(far) - (1.0 - far) * ellipk(np.minimum(far, 1.0 - 1e-12)))
    return np.where(radius_um <= contact_um, inside, outside)


def plastic_area_um2(force_n: float, *, hardness_pa: float) -> float:
    """Area A = F / H: where every contact yields, area is force over hardness (Bowden and Tabor, Johnson 13.2)."""
    _require_positive(hardness=hardness_pa)
    return force_n / (hardness_pa * NEWTONS_A_PA_UM2)


def touching_fraction(pressure_over_hardness: float) -> float:
    """Share of a rough surface in contact when all of it is pressed plastically: p/H / (1 + p/H), .5 at p = H.

    J. Pullen and J. B. P. Williamson, Proc. R. Soc. A 327 (1972) 159: what is displaced rises elsewhere, so that full
    contact is never reached. A cap on the pressure alone gives p / H instead; it moves no volume.
    """
    return pressure_over_hardness / (1.0 + pressure_over_hardness)


def _require_positive(**values: float) -> None:
    """Raise InputError with every value that is not a positive finite number."""
    raise_faults(
        [
            f"{name}: {value:g} must be positive and finite"
            for name, value in values.items()
            if not (value > 0.0 and np.isfinite(value))
        ]
    )
