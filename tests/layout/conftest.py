"""The sizes of the default mark, written out here, and the shipped face."""

from collections.abc import Callable
from typing import Any

import pytest

from engrave.code.profiles import profile_by_name
from engrave.layout import LandShapes, LayoutSettings, Places, Track, land_shapes, plan_places
from fonts.typeface import shipped_typeface

DEFAULT: dict[str, Any] = {
    "profile": "A",
    "face": "anvil",
    "height_um": 175.0,
    "stroke_um": 14.0,
    "column_pitch_um": 175.0,
    "row_pitch_um": 210.0,
    "tooth_um": 14.0,
    "tracks": (Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0)),
}


@pytest.fixture(scope="session")
def settings_with() -> Callable[..., LayoutSettings]:
    return lambda **changes: LayoutSettings(**{**DEFAULT, **changes})


@pytest.fixture(scope="session")
def places_with(settings_with: Callable[..., LayoutSettings]) -> Callable[..., Places]:
    return lambda **changes: plan_places(profile_by_name("A"), settings_with(**changes))


@pytest.fixture(scope="session")
def places(places_with: Callable[..., Places]) -> Places:
    return places_with()


@pytest.fixture(scope="session")
def shapes(places: Places) -> LandShapes:
    return land_shapes(places, shipped_typeface("anvil"))
