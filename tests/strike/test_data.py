"""Primers, conditions and ensembles as data: what is shipped loads, and what is wrong is told all at once."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engrave.base.errors import InputError
from engrave.base.shelf import Shelf
from engrave.strike import (
    CONDITIONS,
    ENSEMBLES,
    PRIMERS,
    Chips,
    Condition,
    Drag,
    Fouling,
    Gas,
    Second,
    Texture,
    Wear,
    blow_of,
)
from engrave.tips import FlatTip, SphericalTip

DRAG = Drag(length_um=60.0, towards_rad=0.0, rise_um=20.0)
GAS = Gas(pressure_pa=145e6, x_um=0.0, y_um=0.0)
SECOND = Second(x_um=12.0, y_um=0.0, turn_rad=0.0, depth_share=0.9)
WEAR = Wear(rounds=10, coefficient=1e-3, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)
FOULING = Fouling(depth_um=5.0, correlation_um=40.0)
CHIPS = Chips(count=5, radius_um=25.0, within_um=600.0)
TEXTURE = Texture(rms_um=1.0, correlation_um=10.0, ironed=0.3, grain_scatter=0.2, grain_um=20.0)
CONDITION = Condition(description="x", dent_um=350.0)
BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)
FLAT = FlatTip(edge_radius_um=900.0)


@pytest.mark.parametrize("shelf", [PRIMERS, CONDITIONS, ENSEMBLES], ids=lambda shelf: shelf.kind)
def test_everything_shipped_loads_and_says_where_its_figures_come_from(shelf: Shelf[Any]) -> None:
    for name in shelf.names():
        entry = shelf.load(name)
        assert entry.value.description
        assert entry.sources
        assert all(len(source.text) > 6 for source in entry.sources.values())


def test_what_is_shipped() -> None:
    assert PRIMERS.names() == ("brass-cup", "copper-cup", "nickel-plated-brass-cup")
    assert {"nominal", "weak", "hard", "tilted", "off-centre", "dragged", "doubled"} < set(CONDITIONS.names())
    assert {"worn", "fouled", "rough", "chipped", "strong"} < set(CONDITIONS.names())
    assert ENSEMBLES.names() == ("field", "tilting-barrel")


def test_units_become_the_programs_own() -> None:
    tilted = CONDITIONS.load("tilted").value
    assert tilted.tilt_rad == pytest.approx(2 * math.pi / 180)
    dragged = CONDITIONS.load("dragged").value.drag
    assert dragged is not None
    assert (dragged.length_um, dragged.rise_um) == (60.0, 20.0)
    assert dragged.towards_rad == pytest.approx(math.pi / 2)
    assert ENSEMBLES.load("field").value.gas_pressure_pa == (145e6, 241e6)
    assert CONDITIONS.load("worn").value.wear == replace(WEAR, rounds=2500)


def test_copper_hardens_by_the_slope_of_johnson_and_cooks_curve() -> None:
    # 90 + 292 e^0.31 MPa at a strain of 0.3, from a central difference.
    def stress_mpa(strain: float) -> float:
        return float(90 + 292 * strain**0.31)

    cup = PRIMERS.load("copper-cup").value
    assert cup.yield_stress_pa == pytest.approx(stress_mpa(0.3) * 1e6, rel=2e-3)
    slope_mpa = (stress_mpa(0.301) - stress_mpa(0.299)) / 0.002
    assert cup.hardening_pa == pytest.approx(slope_mpa * 1e6, rel=2e-3)


@pytest.mark.parametrize(
    ("make", "faults"),
    [
        (lambda: replace(DRAG, length_um=0.0, rise_um=-1.0), ["length: 0 must be", "rise: -1 must not be"]),
        (lambda: replace(DRAG, length_um=1000.1), ["length: 1000.1 um is longer than 1000 um"]),
        (lambda: replace(SECOND, depth_share=0.0), ["depth_share: 0 must be positive"]),
        (lambda: replace(GAS, pressure_pa=-1.0), ["pressure: -1 must be positive"]),
        (
            lambda: replace(WEAR, rounds=-1, coefficient=-1.0, hardness_pa=0.0, slip_um=-2.0, rounding=math.nan),
            ["hardness: 0", "rounds: -1", "coefficient: -1", "slip: -2", "rounding: nan"],
        ),
        (lambda: replace(FOULING, depth_um=0.0, correlation_um=-3.0), ["depth: 0", "correlation: -3"]),
        (lambda: replace(CHIPS, count=0, radius_um=0.0, within_um=0.0), ["count: 0", "radius: 0", "within: 0"]),
        (lambda: replace(CHIPS, count=1001), ["count: 1001 is more than 1000"]),
        (
            lambda: replace(TEXTURE, rms_um=-1.0, ironed=1.1, grain_um=0.0),
            ["rms: -1", "grain: 0", "ironed: 1.1 must be at most 1"],
        ),
        (lambda: replace(CONDITION, energy_j=0.3), ["dent: give either the dent's depth or the strike's energy"]),
        (lambda: Condition(description="x"), ["dent: give either the dent's depth or the strike's energy"]),
        (
            lambda: replace(
                CONDITION, dent_um=-1.0, energy_j=0.0, cup_hardness=0.0, backing=1.1, tilt_rad=-0.1, seed=-1
            ),
            ["dent: -1", "energy: 0", "cup_hardness: 0", "dent: give either", "backing: 1.1", "tilt: -0.1", "seed: -1"],
        ),
        (lambda: replace(CONDITION, tilt_rad=0.1746), ["tilt: 0.1746 rad must be from 0 to 0.175 rad, 10 degrees"]),
        (
            lambda: replace(ENSEMBLES.load("field").value, dent_um=(2.0, 1.0)),
            ["dent: [2.0, 1.0] must be the least and"],
        ),
        (
            lambda: replace(ENSEMBLES.load("field").value, rounds=(1.0,), drag_chance=1.1, tilt_rad=(0.0, math.inf)),
            ["tilt: [0.0, inf]", "drag_chance: 1.1 must be from 0 to 1", "rounds: [1.0] must be"],
        ),
        (
            lambda: replace(ENSEMBLES.load("field").value, wear_coefficient=(0.0, 1.0)),
            ["wear_coefficient: 0 must be positive"],
        ),
    ],
)
def test_every_fault_is_told_at_once(make: Callable[[], object], faults: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert len(caught.value.faults) == len(faults)
    assert all(found.startswith(fault) for found, fault in zip(caught.value.faults, faults, strict=True))


def test_what_is_just_within_its_bounds_is_taken() -> None:
    assert replace(CONDITION, tilt_rad=math.pi / 18, backing=1.0).tilt_rad == math.pi / 18
    assert replace(CHIPS, count=1000).count == 1000
    assert replace(DRAG, length_um=1000.0, rise_um=0.0).rise_um == 0.0
    assert replace(WEAR, rounds=0, slip_um=0.0).rounds == 0


def test_the_same_energy_makes_less_of_a_dent_in_a_harder_or_better_backed_cup() -> None:
    primer = PRIMERS.load("brass-cup").value
    usual, _ = blow_of(BALL, primer, CONDITION)
    for other in (replace(CONDITION, cup_hardness=1.3), replace(CONDITION, backing=0.8)):
        actual, dent_um = blow_of(BALL, primer, other)
        assert dent_um < 350.0
        assert actual.energy_j(dent_um) == pytest.approx(usual.energy_j(350.0), rel=1e-9)
    for other in (replace(CONDITION, cup_hardness=0.8), replace(CONDITION, backing=0.2)):
        assert blow_of(BALL, primer, other)[1] > 350.0
    assert blow_of(BALL, primer, CONDITION)[1] == 350.0


def test_a_stated_energy_is_spent_and_one_beyond_the_cup_refused() -> None:
    primer = PRIMERS.load("brass-cup").value
    usual, _ = blow_of(BALL, primer, CONDITION)
    stated = Condition(description="x", energy_j=usual.energy_j(350.0))
    assert blow_of(BALL, primer, stated)[1] == pytest.approx(350.0)
    with pytest.raises(InputError, match="strike: 3 J is not between"):
        blow_of(BALL, primer, replace(stated, energy_j=3.0))


def test_a_cup_that_gives_way_is_dented_no_deeper_than_cups_are_high() -> None:
    primer = PRIMERS.load("brass-cup").value
    # A twentieth of the usual backing bears a twentieth of the force of a flat.
    assert blow_of(FLAT, primer, replace(CONDITION, backing=0.025))[1] == pytest.approx(1000.0)
    assert blow_of(FLAT, primer, replace(CONDITION, backing=0.25))[1] == pytest.approx(700.0)
    assert blow_of(FLAT, primer, replace(CONDITION, backing=0.0))[1] == 350.0


@pytest.mark.parametrize(
    ("value", "changes", "fault"),
    [
        (CONDITION, {"dent_um": 1000.1}, "dent: 1000.1 um must be at most 1000 um"),
        (CONDITION, {"offset_x_um": math.inf}, "offset_x: inf um must be at most 2500 um"),
        (CONDITION, {"offset_y_um": -2500.1}, "offset_y: -2500.1 um must be at most"),
        (SECOND, {"depth_share": 1.01}, "depth_share: 1.01 must be at most 1"),
        (SECOND, {"x_um": 1e300}, "x: 1e.300 um must be at most 1000 um"),
        (GAS, {"y_um": math.nan}, "y: nan um must be at most 1000 um"),
        (FOULING, {"correlation_um": 500.1}, "correlation: 500.1 um must be at most 500 um"),
        (TEXTURE, {"grain_um": 501.0}, "grain: 501 um must be at most 500 um"),
        (TEXTURE, {"correlation_um": 501.0}, "correlation: 501 um must be at most 500 um"),
    ],
)
def test_lengths_beyond_a_primer_are_refused(
    value: Any,  # noqa: ANN401 - each row its own
    changes: dict[str, float],
    fault: str,
) -> None:
    with pytest.raises(InputError, match=fault):
        replace(value, **changes)


def test_lengths_at_their_limits_are_taken() -> None:
    assert replace(CONDITION, dent_um=1000.0, offset_x_um=-2500.0).offset_x_um == -2500.0
    assert replace(SECOND, depth_share=1.0, x_um=1000.0).depth_share == 1.0


def test_a_dent_deeper_than_its_ball_is_refused() -> None:
    primer = PRIMERS.load("brass-cup").value
    small = SphericalTip(radius_um=800.0, edge_radius_um=700.0)
    assert blow_of(small, primer, replace(CONDITION, dent_um=800.0))[1] == 800.0
    with pytest.raises(InputError, match="a dent of 801 um is more than the 800 um"):
        blow_of(small, primer, replace(CONDITION, dent_um=801.0))
