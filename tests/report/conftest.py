"""A mark drawn by hand: an F, an O with a counter, an island in a counter, and four teeth on two tracks."""

import pytest
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from engrave.code.profiles import profile_by_name
from engrave.layout import Engraving, Land, Layout, LayoutSettings, Places, Track, engraving_of, plan_places
from engrave.tips import FlatTip

EDGE_RADIUS_UM = 900.0


@pytest.fixture(scope="session")
def places() -> Places:
    settings = LayoutSettings(
        profile="A",
        face="none",
        height_um=175.0,
        stroke_um=14.0,
        column_pitch_um=175.0,
        row_pitch_um=215.0,
        tooth_um=14.0,
        tracks=(Track(inner_um=435.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0)),
    )
    return plan_places(profile_by_name("A"), settings)


@pytest.fixture(scope="session")
def letter_f() -> BaseGeometry:
    """Stem on the left from x = -300 to -280, y = 20 to 195; bars at the top and in the middle."""
    stem = shapely.box(-300.0, 20.0, -280.0, 195.0)
    bars = [shapely.box(-300.0, 175.0, -200.0, 195.0), shapely.box(-300.0, 100.0, -230.0, 120.0)]
    return shapely.union_all([stem, *bars])


@pytest.fixture(scope="session")
def layout(places: Places, letter_f: BaseGeometry) -> Layout:
    ring = shapely.box(100.0, -195.0, 240.0, -20.0) - shapely.box(120.0, -175.0, 220.0, -40.0)
    island = shapely.box(150.1234, -130.5678, 190.0, -90.0)
    characters = (
        Land(place="character 1 (row 1, column 1)", shows="F", outline=letter_f),
        Land(place="character 8 (row 2, column 4)", shows="0", outline=ring | island),
    )
    teeth = tuple(
        Land(
            place=f"ring track {track}, sector {sector}",
            shows="tooth",
            outline=affinity.rotate(shapely.box(-7.0, inner_um, 7.0, inner_um + 75.0), -7.5 * sector, origin=(0, 0)),
        )
        for track, sector, inner_um in ((1, 0, 435.0), (1, 5, 435.0), (2, 0, 525.0), (2, 30, 525.0))
    )
    return Layout(places=places, characters=characters, teeth=teeth)


@pytest.fixture(scope="session")
def engraving(layout: Layout) -> Engraving:
    return engraving_of(layout, relief_um=25.0, tip=FlatTip(edge_radius_um=EDGE_RADIUS_UM), largest_patch_um=560.0)
