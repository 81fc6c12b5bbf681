"""Recipes of milling: every fault at once, limits on both sides, and the shipped files."""

import math
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from toolpaths.edm.milling_recipe import COMPENSATIONS, MOST_RODS, Milling, Rod
from toolpaths.edm.model import Setting
from toolpaths.edm.recipe_faults import MOST_OUTPUTS
from toolpaths.errors import ToolpathError

ROD = Rod(diameter_um=20.0, layer_um=1.0, stepover_um=14.0, feed_um_s=100.0, budget_um=300.0)
VOLTAGE = Setting(name="open voltage", output=0, value=80.0, unit="V")
MILLING = Milling(
    name="bench",
    rods=(replace(ROD, diameter_um=80.0), ROD),
    gap_side_um=7.4,
    gap_front_um=5.0,
    wear_ratio=0.03,
    compensation="combined",
    touch_off_layers=5,
    retract_um=100.0,
    removal_um3_s=3250.0,
    chord_tolerance_um=0.1,
    calibrated=False,
    generator=(VOLTAGE,),
)


def test_what_follows_from_the_sizes() -> None:
    assert MILLING.finest is ROD
    assert MILLING.opening_um == pytest.approx(34.8)
    assert MILLING.reach_um(MILLING.rods[0]) == pytest.approx(47.4)
    assert ROD.section_um2 == pytest.approx(314.159, abs=1e-3)


def test_all_faults_of_a_milling_are_reported_at_once() -> None:
    faulty: dict[str, Any] = {
        "gap_side_um": 0.0,
        "gap_front_um": math.nan,
        "wear_ratio": 1.0,
        "compensation": "both",
        "touch_off_layers": -1,
        "retract_um": math.inf,
        "removal_um3_s": -1.0,
        "chord_tolerance_um": 0.0,
        "rods": (ROD, ROD),
        "generator": (VOLTAGE, replace(VOLTAGE, output=MOST_OUTPUTS, value=math.nan)),
    }
    with pytest.raises(ToolpathError) as caught:
        replace(MILLING, **faulty)
    assert "'bench'" in str(caught.value)
    for name in (*faulty, "rods.2.diameter_um", "generator.2.output", "generator.2.value", "the same name"):
        assert name in str(caught.value)


def test_all_faults_of_a_rod_are_reported_at_once() -> None:
    faulty: dict[str, Any] = {"layer_um": 0.0, "stepover_um": 20.1, "feed_um_s": math.inf, "budget_um": -1.0}
    with pytest.raises(ToolpathError) as caught:
        replace(ROD, **faulty)
    for name in ("20 um", *faulty):
        assert name in str(caught.value)
    assert replace(ROD, stepover_um=20.0).stepover_um == 20.0


@pytest.mark.parametrize(
    ("sound", "faulty", "what"),
    [
        ({"wear_ratio": 0.0}, {"wear_ratio": -1e-9}, "wear_ratio"),
        ({"wear_ratio": 0.999}, {"wear_ratio": math.nan}, "wear_ratio"),
        ({"retract_um": 5.1}, {"retract_um": 5.0}, "burn the face"),
        ({"touch_off_layers": 0}, {"touch_off_layers": -1}, "touch_off_layers"),
        ({"generator": ()}, {"generator": (VOLTAGE, replace(VOLTAGE, name="gap"))}, "the same output"),
        ({"rods": (ROD,)}, {"rods": ()}, "1 to"),
        (
            {"rods": tuple(replace(ROD, diameter_um=90.0 - n) for n in range(MOST_RODS))},
            {"rods": tuple(replace(ROD, diameter_um=90.0 - n) for n in range(MOST_RODS + 1))},
            "1 to",
        ),
        (
            {"generator": (replace(VOLTAGE, output=MOST_OUTPUTS - 1),)},
            {"generator": (replace(VOLTAGE, name=" "),)},
            "name",
        ),
    ],
)
def test_limits_on_both_sides(sound: dict[str, Any], faulty: dict[str, Any], what: str) -> None:
    replace(MILLING, **sound)
    with pytest.raises(ToolpathError, match=what):
        replace(MILLING, **faulty)


def test_every_compensation_is_known() -> None:
    assert [replace(MILLING, compensation=name).compensation for name in COMPENSATIONS] == list(COMPENSATIONS)


@pytest.mark.parametrize("name", ["wc-20", "wc-15-fine"])
def test_the_shipped_files_have_a_source_for_every_number_and_say_they_are_not_calibrated(name: str) -> None:
    data = tomllib.loads(files("toolpaths.edm").joinpath(f"millings/{name}.toml").read_text("utf-8"))
    sources = data.pop("sources")
    numbers = data.keys() - {"name", "compensation", "calibrated", "rods", "generator"}
    numbers |= {f"rods.{key}" for rod in data["rods"] for key in rod}
    numbers |= {f"generator.{key}" for setting in data["generator"] for key in setting if key not in {"name", "unit"}}
    assert set(sources) == numbers
    assert all(source["text"] and source["prior"] is True for source in sources.values())
    assert data["name"] == name
    assert data["calibrated"] is False
