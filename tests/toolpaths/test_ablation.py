"""The ablation model against hand calculation, numerical integration and its own definitions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from toolpaths.errors import ToolpathError
from toolpaths.laser.ablation import (
    crater_depth_um,
    crater_radius_um,
    crater_volume_um3,
    incubated_threshold_j_cm2,
    log_fluence,
    overlapping_pulses,
    pass_depth_um,
    peak_fluence_j_cm2,
    spot_radius_um,
)
from toolpaths.laser.recipe import Ablation, Beam
from toolpaths.model import Process

PROCESS = Process(pulse_energy_j=0.35e-6, repetition_rate_hz=200e3, feed_um_s=200e3)
STEEL = Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)
BEAM = Beam(spot_radius_um=6, wavelength_um=1.03, beam_quality=1.2, line_spacing_um=4, ablation=STEEL)

# By hand: F0 = 2 x 0.35e-6 J / (pi (6e-4 cm)^2), N = 12 x 3, Fth(36) = 0.16 x 36^-0.19, ln(F0 / Fth).
F0_J_CM2 = 0.61894
THRESHOLD_J_CM2 = 0.08099
LOG_FLUENCE = 2.03370


def test_fluence_threshold_and_their_ratio_are_those_reckoned_by_hand() -> None:
    assert float(peak_fluence_j_cm2(0.35e-6, 6.0)) == pytest.approx(F0_J_CM2, rel=1e-4)
    assert overlapping_pulses(PROCESS, BEAM) == pytest.approx(36)
    assert incubated_threshold_j_cm2(STEEL, 36) == pytest.approx(THRESHOLD_J_CM2, rel=1e-4)
    assert float(log_fluence(PROCESS, BEAM)) == pytest.approx(LOG_FLUENCE, abs=1e-4)


def test_pulses_far_apart_do_not_incubate() -> None:
    sparse = replace(PROCESS, feed_um_s=200e6)
    assert overlapping_pulses(sparse, BEAM) == 1


def test_a_crater_ends_where_the_gaussian_meets_the_threshold() -> None:
    radius = float(crater_radius_um(spot_um=6.0, log_fluence=LOG_FLUENCE))
    assert F0_J_CM2 * math.exp(-2 * radius**2 / 36) == pytest.approx(THRESHOLD_J_CM2, rel=1e-4)
    assert radius == pytest.approx(6.0503, abs=1e-3)
    edge = np.array([radius - 1e-3, radius + 1e-3])
    inside, outside = crater_depth_um(edge, spot_um=6.0, log_fluence=LOG_FLUENCE, penetration_um=0.0135)
    assert inside > 0
    assert outside == 0


def test_a_craters_volume_is_its_depth_integrated_over_the_plane() -> None:
    r_um = np.linspace(0, 8, 200_001)
    depth = crater_depth_um(r_um, spot_um=6.0, log_fluence=LOG_FLUENCE, penetration_um=0.0135)
    integral = np.trapezoid(2 * np.pi * r_um * depth, r_um)
    volume = crater_volume_um3(spot_um=6.0, log_fluence=LOG_FLUENCE, penetration_um=0.0135)
    assert float(volume) == pytest.approx(integral, rel=1e-6)
    assert float(volume) == pytest.approx(1.5787, rel=1e-3)


def test_below_the_threshold_nothing_is_cut() -> None:
    below = np.array([-3.0, -1e-9, 0.0])
    assert crater_radius_um(spot_um=6.0, log_fluence=below).tolist() == [0, 0, 0]
    assert crater_volume_um3(spot_um=6.0, log_fluence=below, penetration_um=0.0135).tolist() == [0, 0, 0]
    assert float(pass_depth_um(replace(PROCESS, pulse_energy_j=0.04e-6), BEAM)) == 0


def test_depth_a_pass_is_volume_a_pulse_over_area_a_pulse() -> None:
    # Lines 4 um apart, a pulse each um: 4 um2 a pulse.
    assert float(pass_depth_um(PROCESS, BEAM)) == pytest.approx(1.5787 / 4, rel=1e-3)


@pytest.mark.parametrize(("tip_radius_um", "share"), [(1000.0, 0.7487), (800.0, 0.5398)])
def test_a_slope_at_650_um_leaves_the_share_of_depth_reckoned_by_hand(tip_radius_um: float, share: float) -> None:
    cosine = math.sqrt(1 - (650 / tip_radius_um) ** 2)
    ratio = float(pass_depth_um(PROCESS, BEAM, cosine=cosine)) / float(pass_depth_um(PROCESS, BEAM))
    assert ratio == pytest.approx(share, abs=1e-3)


def test_the_spot_grows_by_root_two_at_the_rayleigh_length() -> None:
    rayleigh = math.pi * 36 / (1.2 * 1.03)
    grown = spot_radius_um(BEAM, np.array([0, rayleigh, -rayleigh]))
    assert grown == pytest.approx([6, 6 * math.sqrt(2), 6 * math.sqrt(2)])
    assert float(spot_radius_um(BEAM, 29.0)) == pytest.approx(6.3, abs=0.02)


def test_the_most_efficient_fluence_is_e_squared_thresholds() -> None:
    level = np.linspace(0.5, 4, 3501)
    volume_per_energy = crater_volume_um3(spot_um=6.0, log_fluence=level, penetration_um=0.0135) / np.exp(level)
    assert level[np.argmax(volume_per_energy)] == pytest.approx(2, abs=2e-3)


def test_faults_of_a_material_and_of_a_beam_are_reported() -> None:
    with pytest.raises(ToolpathError, match=r"threshold_j_cm2.*incubation"):
        Ablation(threshold_j_cm2=0, incubation=1.1, penetration_um=0.0135)
    with pytest.raises(ToolpathError, match=r"beam_quality.*line_spacing_um"):
        replace(BEAM, beam_quality=0.5, line_spacing_um=0)
