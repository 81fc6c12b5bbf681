"""The document of strikes, of trials made by hand: counts, intervals, ages, damage and priors as they were put in."""

from typing import Any

import pytest

from engrave.base.config import Source
from engrave.base.shelf import Sourced
from engrave.code.mark import Mark, mark_with_id
from engrave.job import load_job
from engrave.job.setup import prepare
from engrave.strike import ENSEMBLES, Chips, Condition, Drag, Fouling, Second, Wear
from engrave.verify import Checker, checker_for
from engrave.verify.strikes import Sampled, strike_to_json
from engrave.verify.trials import Carried, Trial

MARK = mark_with_id(identifier=2_076_834, serial="375-76834", maker="Borealis", model="Compact")
OTHER = 77
DRAG = Drag(length_um=60.0, towards_rad=0.0, rise_um=20.0)
SECOND = Second(x_um=1.0, y_um=0.0, turn_rad=0.0, depth_share=0.9)
FOULING = Fouling(depth_um=3.0, correlation_um=40.0)
CHIPS = Chips(count=3, radius_um=20.0, within_um=600.0)


def worn(rounds: int) -> Wear:
    return Wear(rounds=rounds, coefficient=1e-3, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)


def trial(index: int, condition: Condition, *, right: bool, named: int | None, mark: Mark = MARK) -> Trial:
    """A strike in which all carriers were right or none, and what they say together."""
    ring = Carried(right=right, identified=None)
    return Trial(
        index=index,
        condition=condition,
        dent_um=350.04,
        contact_um=700.06,
        characters=mark.characters if right else "????????",
        wrong_cells=0 if right else 2,
        lost_cells=0 if right else 94,
        carriers=(ring, ring, ring, Carried(right=right, identified=named)),
    )


TRIALS = (
    trial(0, Condition(description="new", dent_um=350.0, wear=worn(0)), right=True, named=MARK.id),
    trial(1, Condition(description="", dent_um=350.0, wear=worn(9), drag=DRAG), right=True, named=MARK.id),
    trial(2, Condition(description="", dent_um=350.0, second=SECOND, chips=CHIPS), right=False, named=OTHER),
    trial(3, Condition(description="", dent_um=350.0, wear=worn(4), fouling=FOULING), right=False, named=None),
)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return checker_for(prepare(load_job(None)))


@pytest.fixture(scope="module")
def document(checker: Checker) -> dict[str, Any]:
    sampled = Sampled(ensemble=ENSEMBLES.load("field"), seed=5, trials=TRIALS)
    return strike_to_json([], sampled, MARK, checker, conditions=())


def test_counts_are_told_with_their_intervals(document: dict[str, Any]) -> None:
    """2 and 1 of 4: Wilson's intervals by his formula, by hand."""
    ensemble = document["ensemble"]
    assert (ensemble["name"], ensemble["seed"], ensemble["samples"]) == ("field", 5, 4)
    jointly = ensemble["carriers"]["jointly"]
    assert jointly["right"] == jointly["identified"] == {"count": 2, "of": 4, "wilson_95": [0.15, 0.85]}
    assert jointly["wrong"] == {"count": 1, "of": 4, "wilson_95": [0.0456, 0.6994]}
    assert ensemble["carriers"]["ring"]["identified"]["count"] == 0


def test_ages_are_told_without_those_that_nobody_has(document: dict[str, Any]) -> None:
    """From 0 to 9 rounds in five classes of two: 0 and the pin without wear, 4, and 9."""
    ages = [
        (aged["least_rounds"], aged["most_rounds"], aged["carriers"]["jointly"]["right"]["of"])
        for aged in document["ensemble"]["by_rounds"]
    ]
    assert ages == [(0, 1, 2), (4, 5, 1), (8, 9, 1)]


def test_each_draw_is_told_with_its_damage_and_whom_it_names(document: dict[str, Any]) -> None:
    draws = document["ensemble"]["draws"]
    assert [draw["damage"] for draw in draws] == [[], ["drag"], ["second", "chips"], ["fouling"]]
    assert [draw["rounds"] for draw in draws] == [0, 9, 0, 4]
    assert [(draw["identified"], draw["wrong"]) for draw in draws] == [
        (True, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert (draws[0]["dent_um"], draws[0]["contact_um"]) == (350.0, 700.1)
    assert (draws[3]["characters"], draws[3]["wrong_cells"], draws[3]["lost_cells"]) == ("????????", 2, 94)
    assert draws[0]["right"] == ["all characters", "characters, filled", "ring", "jointly"]
    assert draws[2]["right"] == []


def test_what_the_ensemble_rests_on_is_told(document: dict[str, Any]) -> None:
    priors = {prior["of"] for prior in document["ensemble"]["priors"]}
    assert {"dent", "tilt", "wear_coefficient", "chips_chance"} <= priors


def test_priors_of_conditions_are_told_and_what_is_known_is_not(checker: Checker) -> None:
    own = Sourced(
        name="mine",
        value=Condition(description="", dent_um=300.0, tilt_rad=0.01),
        sources={"dent": Source(text="measured", prior=False), "tilt": Source(text="guessed", prior=True)},
    )
    document = strike_to_json([], None, MARK, checker, conditions=(own, *checker.setup.job.conditions))
    assert document["ensemble"] is None
    named = [prior["of"] for prior in document["priors"]]
    assert {"of": "mine: tilt", "source": "guessed"} in document["priors"]
    assert "mine: dent" not in named
    assert len(named) == len(set(named))
