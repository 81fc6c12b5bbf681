"""Figures that follow from a recipe, against hand calculation, and its warnings on both sides of their limits."""

import math
from dataclasses import replace
from typing import Any

import pytest

from toolpaths.findings import Severity
from toolpaths.laser.derived import derived, warnings_of
from toolpaths.laser.recipe import Ablation, Recipe, Step

ROUGH = Step(
    kind="rough",
    pulse_energy_j=0.35e-6,
    repetition_rate_hz=15e3,
    feed_um_s=15e3,
    hatch_um=4.0,
    angles_rad=(0.3, 1.3),
    contour="before",
    passes=0,
)
RECIPE = Recipe(
    name="steel",
    wavelength_um=1.03,
    beam_quality=1.2,
    spot_radius_um=6.0,
    kerf_um=12.1,
    chord_tolerance_um=5.0,
    ablation=Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135),
    steps=(ROUGH,),
)


def numbers(recipe: Recipe = RECIPE, **figures: Any) -> list[str]:  # noqa: ANN401 - any figure
    """Of the warnings about the recipe with other figures of its step."""
    changed = replace(recipe, steps=(replace(recipe.rough, **figures),))
    return [finding.number for finding in warnings_of(changed)]


def test_the_figures_are_those_reckoned_by_hand() -> None:
    """F0 = 2 x 0.35e-6 / (pi (6e-4)^2), N = 12 x 3, Fth = 0.16 x 36^-0.19, L = ln(F0 / Fth) = 2.0337.

    Crater 2 x 6 sqrt(L / 2); depth 0.0135 L; volume pi / 4 x 36 x 0.0135 L^2, of which one falls on 4 um2; half the
    depth at cos = exp(-L (1 - sqrt 1/2)), none at exp(-L); the spot is 5 % larger at 91.5 sqrt(1.05^2 - 1).
    """
    (figures,) = derived(RECIPE)
    assert (figures.pulses_along, figures.pulses_across) == (12.0, 3.0)
    wanted = {
        "fluence_j_cm2": 0.61894,
        "threshold_j_cm2": 0.08099,
        "crater_um": 12.1007,
        "pulse_depth_um": 0.027455,
        "pulse_volume_um3": 1.5787,
        "pass_depth_um": 0.39467,
        "efficiency": 0.61894 / (math.e**2 * 0.08099),
        "volume_um3_s": 23680.0,
        "half_slope_rad": math.radians(56.55),
        "end_slope_rad": math.radians(82.48),
        "focus_um": 29.3,
    }
    for name, value in wanted.items():
        assert getattr(figures, name) == pytest.approx(value, rel=1e-3), name


def test_an_outlines_depth_is_that_of_its_line() -> None:
    """Craters are paraboloids 27.45 nm deep and 6.0503 um in radius, 1 um apart: 4 / 3 of depth times radius."""
    outline = replace(ROUGH, kind="outline", angles_rad=(), passes=1)
    figures = derived(replace(RECIPE, steps=(ROUGH, outline)))[1]
    assert figures.pass_depth_um == pytest.approx(4 / 3 * 0.027455 * 6.0503, rel=1e-3)


def test_a_sound_recipe_has_no_warnings() -> None:
    assert warnings_of(RECIPE) == ()


@pytest.mark.parametrize(("energy_j", "told_of"), [(45.7e-9, True), (45.9e-9, False)])
def test_m401_threshold(energy_j: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # 0.08099 J/cm2 x pi (6e-4)^2 / 2 = 45.8 nJ.
    assert ("M401" in numbers(pulse_energy_j=energy_j)) == told_of


@pytest.mark.parametrize(("rate_hz", "told_of"), [(50e3, False), (50.1e3, True)])
def test_m402_heat(rate_hz: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    assert ("M402" in numbers(repetition_rate_hz=rate_hz, feed_um_s=rate_hz)) == told_of


@pytest.mark.parametrize(("feed_um_s", "told_of"), [(75e3, False), (90e3, True)])
def test_m403_scallops(feed_um_s: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # Pulses 5 um apart overlap 2.4 x 3 times: L = 1.728, half a crater 5.58 um; 6 um apart L = 1.693 and 5.52 um.
    assert ("M403" in numbers(feed_um_s=feed_um_s)) == told_of


@pytest.mark.parametrize(("feed_um_s", "told_of"), [(541.0, False), (539.0, True)])
def test_m404_overlap(feed_um_s: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # 12 x 15,000 / 540 x 3 = 1,000 pulses.
    assert ("M404" in numbers(feed_um_s=feed_um_s)) == told_of


@pytest.mark.parametrize(("focus_step_um", "told_of"), [(48.4, False), (48.8, True)])
def test_m405_focus(focus_step_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # 5 um of chord and half a step: the spot is 5 % larger 29.295 um off.
    assert ("M405" in numbers(focus_step_um=focus_step_um)) == told_of


@pytest.mark.parametrize(("level", "told_of"), [(0.92, True), (0.95, False)])
def test_m406_slope(level: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # Half the depth at 40.5 degrees: L = -ln(cos 40.5) / (1 - sqrt 1/2) = 0.935.
    assert ("M406" in numbers(pulse_energy_j=45.8e-9 * math.exp(level))) == told_of


@pytest.mark.parametrize(("kerf_um", "told_of"), [(11.11, False), (11.09, True)])
def test_m407_kerf(kerf_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    assert ("M407" in numbers(replace(RECIPE, kerf_um=kerf_um))) == told_of


@pytest.mark.parametrize(("share", "told_of"), [(0.40, True), (0.42, False), (3.55, False), (3.65, True)])
def test_m408_efficiency(share: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    energy_j = 45.797e-9 * math.e**2 * share
    found = numbers(replace(RECIPE, kerf_um=16.0), pulse_energy_j=energy_j)
    assert ("M408" in found) == told_of


def test_warnings_name_their_step_and_how_to_mend_it() -> None:
    fast = replace(ROUGH, kind="clean", repetition_rate_hz=100e3, feed_um_s=100e3, passes=1)
    (finding,) = warnings_of(replace(RECIPE, steps=(ROUGH, fast)))
    assert (finding.number, finding.severity, finding.place) == ("M402", Severity.WARNING, "steps.2 (clean)")
    assert finding.remedy
