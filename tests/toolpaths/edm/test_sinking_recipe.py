"""Recipes of sinking: the shelf, every fault at once, limits on both sides."""

import math
from dataclasses import replace
from typing import Any

import pytest

from engrave.base.shelf import Shelf
from toolpaths.edm.model import Setting
from toolpaths.edm.sinking_recipe import MOST_STAGES, Sinking, Stage
from toolpaths.errors import ToolpathError

SHELF: Shelf[Sinking] = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking)
FINE = SHELF.load("fine-cuw").value
STAGE = FINE.finest


def test_the_shelf_has_a_fine_and_an_ordinary_process_neither_calibrated() -> None:
    assert SHELF.names() == ("fine-cuw", "plain-graphite")
    for name in SHELF.names():
        entry = SHELF.load(name)
        assert not entry.value.calibrated
        assert entry.value.name == name
        assert [stage.name for stage in entry.value.stages] == ["rough", "finish"]
        assert all(source.prior for source in entry.sources.values())


def test_only_the_fine_one_goes_into_strokes_of_30_um() -> None:
    """Rib = w - 2 (g + R), with rough electrodes of 8 and 30 um undersize: 14 um, and none at all."""
    plain = SHELF.load("plain-graphite").value
    assert FINE.finest.gap_um <= 5
    assert {stage.gap_um for stage in plain.stages} == {16.0, 25.0}
    assert FINE.opening_um == 12 + 2 * 8
    assert plain.opening_um == 50 + 2 * 30
    assert FINE.opening_um <= 30 < plain.opening_um
    assert FINE.space_um == 28
    # Over the narrowest land the finish electrode's groove is as wide as the cutter.
    assert FINE.ridge_um + 2 * 6 == FINE.cutter_um


def test_orbit_allowance_and_corner_follow_from_undersize_and_gap() -> None:
    rough, finish = FINE.stages
    assert (rough.orbit_um, rough.allowance_um, rough.corner_radius_um) == (0.0, 2.0, 6.0)
    assert (finish.orbit_um, finish.allowance_um, finish.corner_radius_um) == (1.0, 0.0, 6.0)
    assert replace(finish, orbit="square").corner_radius_um == 5.0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": " "}, "name: is empty"),
        ({"undersize_um": math.nan}, "undersize_um: nan must be a finite number above 0"),
        ({"gap_um": 0.0}, "gap_um: 0.0 must be"),
        ({"feed_um_s": -1.0}, "feed_um_s: -1.0 must be"),
        ({"finish_ra_um": math.inf}, "finish_ra_um: inf must be"),
        ({"orbit": "star"}, "orbit: 'star' is not known; use one of none, circle, square"),
        ({"undersize_um": 4.999}, "undersize_um: 4.999 is less than the gap, 5"),
        ({"undersize_um": 5.0}, "orbit: 'circle' has no radius"),
        ({"generator": (Setting(name="", output=0, value=1.0, unit="V"),)}, r"generator\.1\.name: is empty"),
        (
            {"generator": (Setting(name="a", output=64, value=1.0, unit="V"),)},
            r"generator\.1\.output: 64 must be 0 to 63",
        ),
        ({"generator": (Setting(name="a", output=0, value=math.nan, unit="V"),)}, r"generator\.1\.value: nan"),
        ({"generator": (STAGE.generator[0], STAGE.generator[0])}, "same name; generator: two settings go to the same"),
    ],
)
def test_a_stage_says_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ToolpathError, match=fault):
        replace(STAGE, **change)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"wear_ratio": 1.0}, "wear_ratio: 1.0 must be at least 0"),
        ({"wear_ratio": math.nan}, "wear_ratio: nan must be at least 0"),
        ({"polarity": "plus"}, "polarity: 'plus' is not known; use one of positive, negative"),
        ({"holder": ""}, "holder: is empty"),
        ({"retract_um": 5.0}, "retract_um: 5 must be more than the front gap, 5: moves across would burn"),
        ({"clearance_um": 5.0}, "clearance_um: 5 must be more than the front gap, 5: the base would burn"),
        ({"blank_z_um": 0.0}, "blank_z_um: 0.0 must be"),
        ({"stages": ()}, "stages: 0 of them, must be 1 to 8"),
        ({"stages": (STAGE,) * (MOST_STAGES + 1)}, "stages: 9 of them"),
        ({"stages": (STAGE, STAGE)}, "stages: two have the same name"),
        ({"stages": FINE.stages[::-1]}, "stages.2.undersize_um: 8 is more than that of the stage before it, 6"),
        ({"stages": FINE.stages[:1]}, "stages.1: leaves 2 um everywhere, and none comes after it"),
    ],
)
def test_a_process_says_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ToolpathError, match=fault):
        replace(FINE, **change)


def test_every_fault_at_once() -> None:
    with pytest.raises(ToolpathError) as caught:
        replace(FINE, wear_ratio=-0.1, cutter_um=0.0, polarity="", datum="", stages=())
    for part in ("wear_ratio", "cutter_um", "polarity", "datum", "stages"):
        assert f"{part}: " in str(caught.value)


def test_the_limits_themselves_are_allowed() -> None:
    assert replace(FINE, wear_ratio=0.0, retract_um=5.001, clearance_um=5.001).wear_ratio == 0
    assert replace(STAGE, orbit="none", undersize_um=5.0).allowance_um == 0
    many = tuple(replace(STAGE, name=f"{number}") for number in range(MOST_STAGES))
    assert len(replace(FINE, stages=many).stages) == MOST_STAGES
    wide = replace(FINE, cutter_um=1.0)
    assert wide.ridge_um == 0
    assert isinstance(wide.finest, Stage)
