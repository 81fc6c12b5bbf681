"""Where cells stand, by hand, and sizes that contradict one another."""

import math
from collections.abc import Callable

import pytest

from engrave.base.errors import InputError
from engrave.code.profiles import profile_by_name
from engrave.layout import LayoutSettings, Places, Track, plan_places


def test_characters_stand_in_two_rows_of_four_about_the_centre(places: Places) -> None:
    # Columns 175 um apart: -1.5, -0.5, 0.5 and 1.5 pitches; rows 210 um apart, the first above.
    columns = [-262.5, -87.5, 87.5, 262.5]
    expected = [(x, 105.0) for x in columns] + [(x, -105.0) for x in columns]
    assert [(place.x_um, place.y_um) for place in places.characters] == expected
    assert places.characters[0].name == "character 1 (row 1, column 1)"
    assert places.characters[7].name == "character 8 (row 2, column 4)"


def test_teeth_begin_at_twelve_and_go_clockwise(places: Places) -> None:
    assert len(places.teeth) == 96
    assert places.sectors == 48
    directions = {
        (place.track, place.sector): (math.cos(place.angle_rad), math.sin(place.angle_rad)) for place in places.teeth
    }
    for track in (0, 1):
        for sector, (x, y) in {0: (0, 1), 12: (1, 0), 24: (0, -1), 36: (-1, 0)}.items():
            assert directions[track, sector] == pytest.approx((x, y), abs=1e-12)
        # Half past one lies to the right of twelve and above three.
        assert directions[track, 6] == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))
    assert [place.track for place in places.teeth] == [0] * 48 + [1] * 48
    assert places.teeth[0].name == "ring track 1, sector 0"
    assert places.teeth[95].name == "ring track 2, sector 47"
    names = [place.name for place in places.teeth] + [place.name for place in places.characters]
    assert len(set(names)) == len(names) == 104


def test_the_mark_ends_at_its_outer_track(places: Places) -> None:
    assert places.outer_radius_um == 600.0


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"height_um": 0.0}, ["height: 0 um must be positive", "stroke: 14 um is no less than the height, 0 um"]),
        ({"stroke_um": 175.0}, ["stroke: 175 um is no less than the height, 175 um"]),
        (
            {"row_pitch_um": -1.0, "tooth_um": 0.0},
            ["row_pitch: -1 um must be positive", "tooth: 0 um must be positive"],
        ),
        ({"tracks": ()}, ["tracks: missing; teeth need tracks to stand on"]),
        ({"tracks": (Track(inner_um=0.0, outer_um=50.0),)}, ["tracks: each needs 0 < inner < outer"]),
        ({"tracks": (Track(inner_um=50.0, outer_um=40.0),)}, ["tracks: each needs 0 < inner < outer"]),
        (
            {"tracks": (Track(inner_um=400.0, outer_um=500.0), Track(inner_um=499.0, outer_um=600.0))},
            ["tracks: each needs 0 < inner < outer, innermost first, none overlapping the next"],
        ),
        (
            {"tracks": (Track(inner_um=435.0, outer_um=449.0), Track(inner_um=525.0, outer_um=530.0))},
            [
                "tracks[0]: 14 um deep; a tooth of 14 um needs more",
                "tracks[1]: 5 um deep; a tooth of 14 um needs more",
            ],
        ),
    ],
)
def test_sizes_that_contradict_one_another_are_all_told(
    settings_with: Callable[..., LayoutSettings], changes: dict[str, object], faults: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        settings_with(**changes)
    assert len(caught.value.faults) == len(faults)
    for found, fault in zip(caught.value.faults, faults, strict=True):
        assert found.startswith(fault)


def test_sizes_just_inside_their_bounds_are_taken(settings_with: Callable[..., LayoutSettings]) -> None:
    settings_with(stroke_um=174.9)
    settings_with(tracks=(Track(inner_um=0.1, outer_um=14.2), Track(inner_um=14.3, outer_um=28.4)))


def test_a_profile_needs_its_number_of_tracks(settings_with: Callable[..., LayoutSettings]) -> None:
    one = settings_with(tracks=(Track(inner_um=435.0, outer_um=510.0),))
    with pytest.raises(InputError, match=r"layout\.tracks: profile A has 2 tracks, not 1"):
        plan_places(profile_by_name("A"), one)
