"""What is predicted of a layout: by hand where a figure can be worked out, and that it goes the right way elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engrave.code.profiles import profile_by_name
from engrave.layout import LayoutSettings, Places, Track, plan_places
from engrave.layout.prediction import Ways, predict, ways_of
from engrave.strike import CONDITIONS, PRIMERS
from engrave.strike.varied import varied
from engrave.tips import FlatTip, SphericalTip

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)
FLAT = FlatTip(edge_radius_um=900.0)
PRIMER = PRIMERS.load("brass-cup").value
NOMINAL = CONDITIONS.load("nominal").value
A = profile_by_name("A")


def ways(tip: SphericalTip | FlatTip, *names: str) -> Ways:
    return ways_of(tip, PRIMER, [varied(CONDITIONS.load(name).value, PRIMER, count=6, seed=0) for name in names])


def test_the_middle_of_an_upright_dome_goes_in_by_the_dent_and_the_patch_ends_where_it_ends() -> None:
    # R = 1 mm, dent 350 um, b = .5: a^2 = .925 (2 R D - D^2), so a = 730.9 um, where the tip lies 317.6 um lower.
    met = ways_of(BALL, PRIMER, [[replace(NOMINAL, backing=0.5)]])
    at_um = np.array([0.0, 730.9, 650.0])
    heights_um = BALL.height_um(at_um, np.zeros(3))
    middle, edge, inside = met.reached_um(at_um, np.zeros(3), heights_um)[0]
    assert middle == pytest.approx(350.0, abs=3.0)
    # Heights are ranked on some eight hundred samples of the face: 6 um of radius, 6 um of height there.
    assert edge == pytest.approx(0.0, abs=8.0)
    assert edge < inside < middle


def test_a_flat_goes_in_all_over_by_the_dent() -> None:
    met = ways_of(FLAT, PRIMER, [[replace(NOMINAL, backing=PRIMER.backing)]])
    at_um = np.array([0.0, 500.0, 899.0])
    assert met.reached_um(at_um, np.zeros(3), np.zeros(3))[0] == pytest.approx([350.0] * 3)


def test_a_leaning_pin_goes_deeper_on_the_side_it_leans_to() -> None:
    leaning = replace(NOMINAL, backing=0.5, tilt_rad=np.deg2rad(2.0), tilt_towards_rad=0.0)
    met = ways_of(BALL, PRIMER, [[leaning], [replace(leaning, turn_rad=np.pi / 2)]])
    sides_um = np.array([-500.0, 500.0])
    heights_um = BALL.height_um(sides_um, np.zeros(2))
    left, right = met.reached_um(sides_um, np.zeros(2), heights_um)[0]
    assert right > left + 20.0
    # A pin turned by a quarter beforehand leans to what was its -y.
    low, high = met.reached_um(np.zeros(2), sides_um, heights_um)[1]
    assert low > high + 20.0


def test_a_mark_beyond_the_patch_names_nobody_and_one_within_it_does(
    settings_with: Callable[..., LayoutSettings],
) -> None:
    places = plan_places(A, settings_with())
    sound = predict(places, A, BALL, ways(BALL, "nominal", "weak"), relief_um=25.0, wall_um=3.0)
    assert sound.chance > 0.999
    assert len(sound.by_condition) == 2
    far = plan_places(A, settings_with(column_pitch_um=2000.0, row_pitch_um=2000.0, tracks=_tracks(2000.0)))
    nothing = predict(far, A, BALL, ways(BALL, "nominal"), relief_um=25.0, wall_um=3.0)
    assert nothing.chance < 1e-3
    # What is left is what a reader guesses from a land that is not there: some hundredths of each symbol.
    assert nothing.bits < 3.0


def _tracks(inner_um: float) -> tuple[Track, ...]:
    return (
        Track(inner_um=inner_um, outer_um=inner_um + 75.0),
        Track(inner_um=inner_um + 90.0, outer_um=inner_um + 165.0),
    )


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"height_um": 150.0}, {"height_um": 175.0}),
        ({"tracks": _tracks(600.0)}, {"tracks": _tracks(435.0)}),
        (
            {"tracks": (Track(inner_um=435.0, outer_um=465.0), Track(inner_um=525.0, outer_um=555.0))},
            {"tracks": _tracks(435.0)},
        ),
        ({"stroke_um": 45.0}, {"stroke_um": 14.0}),
    ],
    ids=["low characters", "far tracks", "short teeth", "wide strokes"],
)
def test_the_margin_goes_the_way_that_the_print_goes(
    settings_with: Callable[..., LayoutSettings], worse: dict[str, object], better: dict[str, object]
) -> None:
    met = ways(BALL, "weak")
    low, high = (
        predict(plan_places(A, settings_with(**change)), A, BALL, met, relief_um=25.0, wall_um=3.0).margin
        for change in (worse, better)
    )
    assert low < high - 0.05


def test_a_flat_prints_as_far_as_its_cup_is_backed(places: Places) -> None:
    # A flat has no membrane share: p/Y = 2.6 b. Characters need about 2.97 x .29 = .85, so b = .33.
    for backing, sinks in ((0.2, False), (0.5, True)):
        met = ways_of(FLAT, PRIMER, [[replace(NOMINAL, backing=backing)]])
        said = predict(places, A, FLAT, met, relief_um=25.0, wall_um=3.0)
        assert (said.chance > 0.99) == sinks
