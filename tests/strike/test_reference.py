"""The reference solutions against hand calculation, other integrations, and one another."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad

from engrave.base.errors import InputError
from engrave.strike.reference import (
    PRANDTL_MISES,
    PRANDTL_SHEAR,
    PRANDTL_TRESCA,
    SPHERE_PLASTIC_LEAST,
    SPHERE_PLASTIC_MOST,
    FlatPunch,
    Hertz,
    love_patch_um,
    plastic_area_um2,
    touching_fraction,
)

# The sphere of the hand calculation: E* = 1e11 Pa, R = 1.2 mm, a = 0.4 mm.
SPHERE = Hertz(nose_radius_um=1200.0, reduced_modulus_pa=1e11, approach_um=400.0**2 / 1200.0)
PUNCH = FlatPunch(radius_um=300.0, reduced_modulus_pa=79e9, approach_um=5.0)


def at(value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(value, dtype=np.float64)


def love_um(x_um: float, y_um: float, *, half_side_um: float = 50.0) -> float:
    patch = love_patch_um(at(x_um), at(y_um), half_side_um=half_side_um, pressure_pa=1e9, reduced_modulus_pa=1e11)
    return float(patch)


def test_the_sphere_by_hand() -> None:
    # F = 4 x 1e11 x (0.4e-3)^3 / (3 x 1.2e-3) = 7111.1 N; p0 = 2 x 1e11 x 0.4 / (pi x 1.2) = 21.2207 GPa.
    assert SPHERE.contact_radius_um == pytest.approx(400.0)
    assert SPHERE.force_n == pytest.approx(7111.11, abs=0.01)
    assert SPHERE.approach_um == pytest.approx(133.333, abs=0.001)
    assert SPHERE.peak_pressure_pa == pytest.approx(21.2207e9, rel=1e-5)
    # p0 = 3 F / 2 pi a^2, the other way to write it.
    assert SPHERE.peak_pressure_pa == pytest.approx(1.5 * SPHERE.force_n / (math.pi * 400e-6**2))
    # W = 8/15 x 1e11 x sqrt(1.2e-3) x (133.33e-6)^2.5 = 0.37926 J.
    assert SPHERE.energy_j == pytest.approx(8 / 15 * 1e11 * math.sqrt(1.2e-3) * (4e-4 / 3) ** 2.5)
    assert SPHERE.energy_j == pytest.approx(0.37926, abs=1e-5)


def test_the_sphere_presses_with_its_force_and_costs_its_energy() -> None:
    force_n, _ = quad(lambda r: 2 * math.pi * r * 1e-12 * float(SPHERE.pressure_pa(at(r))), 0.0, 400.0)
    assert force_n == pytest.approx(SPHERE.force_n, rel=1e-6)

    def at_approach(approach_um: float) -> float:
        return Hertz(nose_radius_um=1200.0, reduced_modulus_pa=1e11, approach_um=approach_um).force_n

    work_j, _ = quad(at_approach, 1e-9, SPHERE.approach_um)
    assert work_j * 1e-6 == pytest.approx(SPHERE.energy_j, rel=1e-6)


def test_under_the_sphere_the_surface_follows_it_and_outside_it_lies_clear() -> None:
    radius_um = np.linspace(0.0, 2000.0, 401)
    clearance_um = SPHERE.displacement_um(radius_um) - (SPHERE.approach_um - radius_um**2 / 2400.0)
    assert clearance_um[radius_um <= 400.0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.diff(clearance_um[radius_um >= 400.0]) > 0)
    assert np.all(SPHERE.pressure_pa(radius_um)[radius_um >= 400.0] == 0.0)


@pytest.mark.parametrize("body", [SPHERE, PUNCH], ids=["sphere", "punch"])
def test_far_away_only_the_force_is_felt(body: Hertz | FlatPunch) -> None:
    # Boussinesq: u = F / (pi E* r).
    felt_um = body.force_n / (math.pi * body.reduced_modulus_pa * 0.04) * 1e6
    assert float(body.displacement_um(at(40_000.0))) == pytest.approx(felt_um, rel=1e-4)


def test_the_sphere_beside_its_patch_is_the_sum_of_its_pressures() -> None:
    def felt(angle: float, radius_um: float) -> float:
        distance_um = math.hypot(600.0 - radius_um * math.cos(angle), radius_um * math.sin(angle))
        return float(SPHERE.pressure_pa(at(radius_um))) * radius_um / (math.pi * 1e11 * distance_um)

    summed_um, _ = dblquad(felt, 0.0, 400.0, 0.0, 2 * math.pi, epsabs=1e-4)
    assert float(SPHERE.displacement_um(at(600.0))) == pytest.approx(summed_um, rel=1e-5)


@given(
    nose_um=st.floats(1.0, 1e5),
    modulus_pa=st.floats(1e6, 1e12),
    approach_um=st.floats(1e-3, 1e3),
)
def test_force_and_approach_are_inverse(nose_um: float, modulus_pa: float, approach_um: float) -> None:
    sphere = Hertz(nose_radius_um=nose_um, reduced_modulus_pa=modulus_pa, approach_um=approach_um)
    again = Hertz.under_force(sphere.force_n, nose_radius_um=nose_um, reduced_modulus_pa=modulus_pa)
    assert again.approach_um == pytest.approx(approach_um, rel=1e-9)
    punch = FlatPunch(radius_um=nose_um, reduced_modulus_pa=modulus_pa, approach_um=approach_um)
    pressed = FlatPunch.under_force(punch.force_n, radius_um=nose_um, reduced_modulus_pa=modulus_pa)
    assert pressed.approach_um == pytest.approx(approach_um, rel=1e-9)


def test_the_punch_by_hand() -> None:
    # F = 2 x 300e-6 x 79e9 x 5e-6 = 237 N; W = F d / 2; in the middle p = F / 2 pi a^2, half the mean.
    assert PUNCH.force_n == pytest.approx(237.0)
    assert PUNCH.energy_j == pytest.approx(237.0 * 5e-6 / 2)
    assert float(PUNCH.pressure_pa(at(0.0))) == pytest.approx(237.0 / (2 * math.pi * 300e-6**2))
    assert float(PUNCH.pressure_pa(at(300.0))) == math.inf
    assert float(PUNCH.pressure_pa(at(300.1))) == 0.0


def test_the_punch_presses_with_its_force_and_the_surface_leaves_its_edge() -> None:
    # With r = a sin t the edge's infinity goes away.
    def ring_n(angle: float) -> float:
        radius_um = 300.0 * math.sin(angle)
        return 2e-12 * math.pi * radius_um * 300.0 * math.cos(angle) * float(PUNCH.pressure_pa(at(radius_um)))

    force_n, _ = quad(ring_n, 0.0, math.pi / 2)
    assert force_n == pytest.approx(237.0, rel=1e-6)
    assert PUNCH.displacement_um(np.array([0.0, 299.0, 300.0])) == pytest.approx(5.0)
    # asin(1/2) = pi / 6: a third of the approach at twice the radius.
    assert float(PUNCH.displacement_um(at(600.0))) == pytest.approx(5.0 / 3)


def test_the_patch_by_hand() -> None:
    # u0 = (8 b p / pi E*) ln(1 + sqrt 2) = 1.12220 um with b = 50 um and p / E* = 0.01; half of it at a corner, since
    # four such squares about their corner are a square of twice the side.
    middle_um = 8 * 50.0 * 0.01 / math.pi * math.log(1 + math.sqrt(2))
    assert middle_um == pytest.approx(1.12220, abs=1e-5)
    assert love_um(0.0, 0.0) == pytest.approx(middle_um)
    assert love_um(50.0, -50.0) == pytest.approx(middle_um / 2)
    # p A / pi E* r, far away.
    assert love_um(30_000.0, 40_000.0) == pytest.approx(100.0**2 * 0.01 / (math.pi * 50_000.0), rel=1e-5)


@pytest.mark.parametrize("place", [(80.0, 0.0), (-60.0, 75.0), (50.0, 90.0)])
def test_the_patch_beside_itself_is_the_sum_of_its_pressures(place: tuple[float, float]) -> None:
    x_um, y_um = place
    summed, _ = dblquad(lambda y, x: 1 / math.hypot(x_um - x, y_um - y), -50.0, 50.0, -50.0, 50.0)
    assert love_um(x_um, y_um) == pytest.approx(0.01 / math.pi * summed, rel=1e-6)


@given(x_um=st.floats(-500.0, 500.0), y_um=st.floats(-500.0, 500.0))
def test_four_patches_are_one_of_twice_the_side_and_all_sides_are_alike(x_um: float, y_um: float) -> None:
    whole = love_um(x_um, y_um, half_side_um=100.0)
    quarters = [love_um(x_um + right, y_um + up) for right in (-50.0, 50.0) for up in (-50.0, 50.0)]
    assert sum(quarters) == pytest.approx(whole, rel=1e-9)
    assert love_um(-x_um, y_um, half_side_um=100.0) == pytest.approx(whole, rel=1e-9)
    assert love_um(y_um, x_um, half_side_um=100.0) == pytest.approx(whole, rel=1e-9)


def test_plastic_limits() -> None:
    assert plastic_area_um2(900.0, hardness_pa=1.2e9) == pytest.approx(0.75e6)
    assert pytest.approx(5.1416, abs=1e-4) == PRANDTL_SHEAR
    assert pytest.approx(2.5708, abs=1e-4) == PRANDTL_TRESCA
    # (2 + pi) / sqrt 3, which the fill law rounds to 2.97.
    assert pytest.approx(2.9685, abs=1e-4) == PRANDTL_MISES
    assert SPHERE_PLASTIC_LEAST < PRANDTL_MISES < SPHERE_PLASTIC_MOST


def test_a_rough_surface_under_its_own_hardness_touches_on_half_of_itself() -> None:
    assert touching_fraction(1.0) == pytest.approx(0.5)
    assert touching_fraction(1e-6) == pytest.approx(1e-6, rel=1e-5)
    # Nine times the hardness for nine tenths.
    assert touching_fraction(9.0) == pytest.approx(0.9)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.inf, math.nan])
def test_figures_that_are_not_positive_are_all_named(wrong: float) -> None:
    with pytest.raises(InputError) as caught:
        Hertz(nose_radius_um=wrong, reduced_modulus_pa=wrong, approach_um=wrong)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["nose_radius", "reduced_modulus", "approach"]
    with pytest.raises(InputError, match="radius"):
        FlatPunch(radius_um=wrong, reduced_modulus_pa=1e11, approach_um=1.0)
    with pytest.raises(InputError, match="half_side"):
        love_um(0.0, 0.0, half_side_um=wrong)
    with pytest.raises(InputError, match="hardness"):
        plastic_area_um2(1.0, hardness_pa=wrong)
    with pytest.raises(InputError, match="force"):
        Hertz.under_force(wrong, nose_radius_um=1.0, reduced_modulus_pa=1.0)
    with pytest.raises(InputError, match="force"):
        FlatPunch.under_force(wrong, radius_um=1.0, reduced_modulus_pa=1.0)
