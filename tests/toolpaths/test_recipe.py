"""Recipes: every fault at once, limits on both sides, and which beam belongs to which process."""

import math
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpaths.errors import ToolpathError
from toolpaths.laser.recipe import MOST_PASSES, MOST_STEPS, MOST_ZONES, Ablation, Beam, Recipe, Step
from toolpaths.model import Delays, Process

STEEL = Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)
ROUGH = Step(
    kind="rough",
    pulse_energy_j=0.35e-6,
    repetition_rate_hz=15e3,
    feed_um_s=15e3,
    hatch_um=4.0,
    angles_rad=(math.radians(15), math.radians(75), math.radians(135)),
    contour="before",
    passes=0,
)
FINISH = replace(ROUGH, kind="finish", pulse_energy_j=0.2e-6, hatch_um=3.0, passes=2, spot_radius_um=5.0)
OUTLINE = replace(ROUGH, kind="outline", pulse_energy_j=0.3e-6, angles_rad=(), passes=1)
RECIPE = Recipe(
    name="steel",
    wavelength_um=1.03,
    beam_quality=1.2,
    spot_radius_um=6.0,
    kerf_um=12.1,
    chord_tolerance_um=5.0,
    ablation=STEEL,
    steps=(ROUGH, FINISH, OUTLINE),
)
ROUGH_BEAM = Beam(spot_radius_um=6.0, wavelength_um=1.03, beam_quality=1.2, line_spacing_um=4.0, ablation=STEEL)


def test_the_process_of_a_step_carries_all_its_figures() -> None:
    delays = Delays(laser_on_s=0, laser_off_s=0, jump_s=1e-4, mark_s=1e-4, polygon_s=1e-5, jump_um_s=1e6)
    own = replace(FINISH, delays=delays, wavelength_um=0.515)
    process = replace(RECIPE, steps=(ROUGH, own), pulse_width_s=2e-13).process_of(own)
    assert process == Process(
        pulse_energy_j=0.2e-6,
        repetition_rate_hz=15e3,
        feed_um_s=15e3,
        pulse_width_s=2e-13,
        spot_radius_um=5.0,
        wavelength_um=0.515,
        delays=delays,
    )
    assert RECIPE.process_of(ROUGH).spot_radius_um == 6.0
    assert RECIPE.process_of(ROUGH).pulse_width_s is None


def test_each_process_has_the_beam_of_its_step() -> None:
    assert RECIPE.beam_for(RECIPE.process_of(ROUGH)) == ROUGH_BEAM
    assert RECIPE.beam_for(RECIPE.process_of(FINISH)) == replace(ROUGH_BEAM, spot_radius_um=5.0, line_spacing_um=3.0)


@given(
    number=st.integers(0, 2),
    off=st.tuples(*[st.floats(-0.9e-6, 0.9e-6)] * 3),
)
def test_a_step_is_found_by_energy_rate_and_feed_alone(number: int, off: tuple[float, float, float]) -> None:
    """As a program of six digits gives them."""
    step = RECIPE.steps[number]
    read = Process(
        pulse_energy_j=step.pulse_energy_j * (1 + off[0]),
        repetition_rate_hz=step.repetition_rate_hz * (1 + off[1]),
        feed_um_s=step.feed_um_s * (1 + off[2]),
    )
    assert RECIPE.step_of(read) is step


@pytest.mark.parametrize("name", ["pulse_energy_j", "repetition_rate_hz", "feed_um_s"])
@pytest.mark.parametrize("factor", [1 + 2e-6, 1 - 2e-6, 3.0, math.nan])
def test_an_unknown_process_takes_the_rough_beam(name: str, factor: float) -> None:
    figures: dict[str, Any] = {name: getattr(FINISH, name) * factor}
    read = replace(Process(pulse_energy_j=0.2e-6, repetition_rate_hz=15e3, feed_um_s=15e3), **figures)
    assert RECIPE.beam_for(read) == ROUGH_BEAM


def test_what_a_process_says_goes_before_the_recipe() -> None:
    read = replace(RECIPE.process_of(FINISH), spot_radius_um=7.0, wavelength_um=0.343)
    assert RECIPE.beam_for(read) == replace(ROUGH_BEAM, spot_radius_um=7.0, wavelength_um=0.343, line_spacing_um=3.0)
    with pytest.raises(ToolpathError, match="spot_radius_um"):
        RECIPE.beam_for(replace(read, spot_radius_um=0.0))


def test_all_faults_of_a_recipe_are_reported_at_once() -> None:
    with pytest.raises(ToolpathError) as caught:
        replace(RECIPE, beam_quality=0.9, kerf_um=math.nan, zones=0, pulse_width_s=0.0, steps=(FINISH,))
    for name in ("'steel'", "beam_quality", "kerf_um", "zones", "pulse_width_s", "0 of them have passes = 0"):
        assert name in str(caught.value)


def test_all_faults_of_a_step_are_reported_at_once() -> None:
    faulty: dict[str, Any] = {
        "kind": "polish",
        "feed_um_s": 0.0,
        "contour": "around",
        "order": "random",
        "angles_rad": (),
        "passes": 0,
        "focus_step_um": -1.0,
        "spot_radius_um": math.inf,
    }
    with pytest.raises(ToolpathError) as caught:
        replace(ROUGH, **faulty)
    for name in faulty:
        assert name in str(caught.value)


@pytest.mark.parametrize("angles_deg", [(180.0,), (-1.0, 60.0), (15.0, 15.2), (math.nan,), ()])
def test_hatch_angles_must_be_in_a_half_turn_and_differ(angles_deg: tuple[float, ...]) -> None:
    with pytest.raises(ToolpathError, match="angles"):
        replace(ROUGH, angles_rad=tuple(math.radians(angle) for angle in angles_deg))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"passes": 0}, "only a rough step"),
        ({"passes": MOST_PASSES + 1}, "must be 0 to"),
        ({"passes": -1}, "must be 0 to"),
        ({"angles_rad": (0.1,)}, "no hatch"),
        ({"contour": "none"}, "nothing but contours"),
    ],
)
def test_what_an_outline_may_not_be(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ToolpathError, match=fault):
        replace(OUTLINE, **change)
    assert replace(OUTLINE, passes=MOST_PASSES).contours == 1


@pytest.mark.parametrize(("zones", "sound"), [(0, False), (1, True), (MOST_ZONES, True), (MOST_ZONES + 1, False)])
def test_zones_have_limits(zones: int, sound: bool) -> None:  # noqa: FBT001 - a column
    if sound:
        assert replace(RECIPE, zones=zones).zones == zones
    else:
        with pytest.raises(ToolpathError, match="zones"):
            replace(RECIPE, zones=zones)


def test_steps_have_a_limit() -> None:
    many = tuple(replace(FINISH, pulse_energy_j=1e-7 + number * 1e-9) for number in range(MOST_STEPS))
    assert len(replace(RECIPE, steps=(ROUGH, *many[1:])).steps) == MOST_STEPS
    with pytest.raises(ToolpathError, match=f"more than {MOST_STEPS}"):
        replace(RECIPE, steps=(ROUGH, *many))


def test_one_step_takes_what_the_relief_needs() -> None:
    other = replace(ROUGH, pulse_energy_j=0.3e-6)
    with pytest.raises(ToolpathError, match="2 of them"):
        replace(RECIPE, steps=(ROUGH, other))
    kept = replace(RECIPE, steps=(replace(other, passes=3), ROUGH))
    assert kept.rough is ROUGH
    assert kept.fixed == (replace(other, passes=3),)


def test_lines_must_not_be_further_apart_than_the_kerf() -> None:
    replace(RECIPE, steps=(replace(ROUGH, hatch_um=12.1),))
    with pytest.raises(ToolpathError, match=r"steps\.1\.hatch_um.*ridges"):
        replace(RECIPE, steps=(replace(ROUGH, hatch_um=12.2),))


def test_steps_that_no_file_could_tell_apart_are_refused() -> None:
    same = replace(ROUGH, kind="finish", passes=1)
    replace(RECIPE, steps=(ROUGH, same))
    replace(RECIPE, steps=(ROUGH, replace(same, hatch_um=3.0, feed_um_s=15.001e3)))
    for figure in ("hatch_um", "spot_radius_um", "wavelength_um"):
        with pytest.raises(ToolpathError, match=r"steps\.2: has the energy, rate and feed of step 1"):
            replace(RECIPE, steps=(ROUGH, replace(same, **{figure: 3.0})))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fs-steel", "fs-steel-fine"])
def test_the_shipped_recipes_have_a_source_for_every_number_and_the_computed_kerf(name: str) -> None:
    data = tomllib.loads(files("toolpaths.laser").joinpath(f"recipes/{name}.toml").read_text("utf-8"))
    sources = data.pop("sources")
    numbers = data.keys() - {"name", "ablation", "steps"}
    numbers |= {f"ablation.{key}" for key in data["ablation"]}
    numbers |= {f"steps.{key}" for step in data["steps"] for key in step if key not in {"kind", "contour", "order"}}
    assert set(sources) == numbers
    assert all(source["text"] and source["prior"] is True for source in sources.values())
    # By hand: ln(F0 / Fth) = 2.0337 of the rough step.
    assert data["kerf"] == f"{2 * 6 * math.sqrt(2.0337 / 2):.1f}um"


def test_the_fine_recipe_has_every_kind_of_step_and_of_order() -> None:
    data = tomllib.loads(files("toolpaths.laser").joinpath("recipes/fs-steel-fine.toml").read_text("utf-8"))
    assert [step["kind"] for step in data["steps"]] == ["rough", "finish", "outline", "clean"]
    assert {step.get("order") for step in data["steps"]} >= {"rows", "serpentine", "shortest"}
