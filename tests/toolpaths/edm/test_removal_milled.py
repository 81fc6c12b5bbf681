"""What rods leave: held against closed forms and against a simulation that goes step by step, sharing nothing."""

import math
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, TouchOff
from toolpaths.edm.removal import milled
from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines
from toolpaths.surface import HeightMap, Surface

Floats = NDArray[np.float64]

SIDE_UM, FRONT_UM = 2.5, 3.0


def face(*, slope: float = 0.0, radius_um: float = math.inf, half_um: float = 1000.0) -> Surface:
    """The heights of a flat, a slope along x, or a sphere; square. Nothing else of a surface is asked for."""

    def height_um(x_um: Floats, y_um: Floats) -> Floats:
        z_um = slope * x_um
        if math.isfinite(radius_um):
            z_um = z_um + np.sqrt(radius_um**2 - x_um**2 - y_um**2) - radius_um
        inside = (np.abs(x_um) <= half_um) & (np.abs(y_um) <= half_um)
        found: Floats = np.where(inside, z_um, np.nan)
        return found

    return cast("Surface", SimpleNamespace(height_um=height_um))


def milling(*diameters_um: float, wear_ratio: float = 0.04) -> Milling:
    """Rods of 20 um where none is named."""
    rods = tuple(
        Rod(diameter_um=width, layer_um=1.0, stepover_um=0.7 * width, feed_um_s=100.0, budget_um=1e6)
        for width in diameters_um or (20.0,)
    )
    return Milling(
        name="try",
        rods=rods,
        gap_side_um=SIDE_UM,
        gap_front_um=FRONT_UM,
        wear_ratio=wear_ratio,
        compensation="none",
        touch_off_layers=0,
        retract_um=100.0,
        removal_um3_s=100.0,
        chord_tolerance_um=0.1,
        calibrated=True,
        generator=(),
    )


def run(*paths: Sequence[tuple[float, float, float]], tool: int = 0) -> Erode:
    """Paths of points."""
    points = np.array([point for path in paths for point in path], dtype=np.float64).reshape(-1, 3)
    starts = np.cumsum([0, *[len(path) for path in paths]])
    return Erode(name="run", tool=tool, feed_um_s=1.0, generator=(), paths=Polylines(points=points, starts=starts))


def erosion(*events: Event) -> Erosion:
    """As a program."""
    return Erosion(events=tuple(events), safe_z_um=100.0)


def at(heights: HeightMap, x_um: float, y_um: float) -> float:
    """Height at the nearest sample."""
    column, row = (
        round((value - low) / heights.pixel_um) for value, low in ((x_um, heights.x0_um), (y_um, heights.y0_um))
    )
    return float(heights.z_um[row, column])


def stepwise(
    events: Sequence[Event], *, recipe: Milling, surface: Surface, half_um: float, pixel_um: float, step_um: float
) -> tuple[Floats, Floats]:
    """Coordinates, and the floor that is left when the rod goes on a step, wears by what it took off, and goes on."""
    axis = np.arange(-half_um, half_um + pixel_um / 2, pixel_um)
    x_um, y_um = np.meshgrid(axis, axis)
    floor = surface.height_um(x_um, y_um)
    worn = 0.0
    for event in events:
        if not isinstance(event, Erode):
            worn = 0.0
            continue
        rod = recipe.rods[event.tool]
        reach, section = rod.diameter_um / 2 + recipe.gap_side_um, math.pi * rod.diameter_um**2 / 4
        for path in event.paths:
            places = [path[:1]]
            for begin, end in pairwise(path):
                count = max(1, math.ceil(float(np.linalg.norm(end - begin)) / step_um))
                places.append(begin + np.arange(1, count + 1)[:, None] / count * (end - begin))
            for x, y, z in np.concatenate(places).tolist():
                low = [max(0, int((value - reach + half_um) / pixel_um) - 1) for value in (x, y)]
                high = [int((value + reach + half_um) / pixel_um) + 2 for value in (x, y)]
                window = slice(low[1], high[1]), slice(low[0], high[0])
                part = floor[window]
                above = ((x_um[window] - x) ** 2 + (y_um[window] - y) ** 2 <= reach**2) & (
                    part > z - recipe.gap_front_um + worn
                )
                volume = float((part[above] - (z - recipe.gap_front_um + worn)).sum()) * pixel_um**2
                # Its end comes to rest where what is still to be taken off is what it has not yet worn by.
                area = float(np.count_nonzero(above)) * pixel_um**2
                worn += recipe.wear_ratio * volume / (section + recipe.wear_ratio * area)
                part[above] = np.minimum(part[above], z - recipe.gap_front_um + worn)
    return axis, floor


def rings(radius_um: float, *, turns: int, z_um: float, sides: int = 60) -> list[tuple[float, float, float]]:
    """A circle run round and round."""
    angle = np.linspace(0, 2 * math.pi * turns, sides * turns + 1)
    return [(radius_um * math.cos(a), radius_um * math.sin(a), z_um) for a in angle.tolist()]


def hatch(*, half_um: float, pitch_um: float, heights: Floats) -> list[tuple[float, float, float]]:
    """To and fro over a square, at heights[line]."""
    path = []
    for line, z_um in enumerate(heights.tolist()):
        y_um, sign = -half_um + line * pitch_um, 1 if line % 2 == 0 else -1
        path += [(-sign * half_um, y_um, z_um), (sign * half_um, y_um, z_um)]
    return path


def _range(heights: Floats) -> Floats:
    """Of the heights within a square of 3 um about every sample half a micrometre apart."""
    found: Floats = maximum_filter(heights, 7) - minimum_filter(heights, 7)
    return found


def assert_like_stepwise(
    events: Sequence[Event], *, recipe: Milling, surface: Surface, half_um: float, within_um: float = 0.1
) -> None:
    """Where the floor is level, or as steep as the face, forty-nine in fifty samples agree, and their mean."""
    fine_um = 0.5
    axis, expected = stepwise(events, recipe=recipe, surface=surface, half_um=half_um, pixel_um=fine_um, step_um=0.25)
    found = milled(erosion(*events), milling=recipe, surface=surface, half_width_um=half_um, pixel_um=2 * fine_um)
    assert np.allclose(found.x_um(), axis[::2])
    depth = surface.height_um(*np.meshgrid(axis, axis)) - expected
    even = np.minimum(_range(depth), _range(expected)) < 0.15
    even[:6], even[-6:], even[:, :6], even[:, -6:] = False, False, False, False
    cut = (even & (depth > 0.2))[::2, ::2]
    off_um = (found.z_um - expected[::2, ::2])[cut]
    assert off_um.size > 1000
    assert np.quantile(np.abs(off_um), 0.98) < within_um
    assert abs(off_um.mean()) < within_um / 3


def test_crossing_lines_of_a_worn_rod_are_as_step_by_step() -> None:
    """Uncompensated, over its own path, deep enough that it wears by micrometres."""
    line = hatch(half_um=30.0, pitch_um=14.0, heights=np.full(5, -4.0))
    events: list[Event] = [Change(tool=0), run([(-30.0, -30.0, 20.0), *line]), run(line[::-1])]
    assert_like_stepwise(events, recipe=milling(), surface=face(), half_um=60.0)


def test_a_slope_cleared_in_layers_is_as_step_by_step() -> None:
    """Along the slope and back: the rod goes down over samples as it runs downhill."""
    reach, slope = 12.5, 0.3
    events: list[Event] = []
    for layer in range(1, 5):
        points = [
            (x, y, slope * (x + reach) + 0.5 - layer)
            for x, y, _ in hatch(half_um=28.0, pitch_um=14.0, heights=np.zeros(5))
        ]
        events.append(run(points if layer % 2 else points[::-1]))
    assert_like_stepwise(events, recipe=milling(), surface=face(slope=slope), half_um=60.0)


def test_lines_across_a_slope_are_as_step_by_step() -> None:
    """Every line cuts lower than the one before, or higher."""
    slope = -0.4
    events: list[Event] = []
    for layer in range(1, 4):
        points = [
            (y, x, slope * y + 0.4 * 12.5 - layer)
            for x, y, _ in hatch(half_um=28.0, pitch_um=14.0, heights=np.zeros(5))
        ]
        events.append(run(points if layer % 2 else points[::-1]))
    assert_like_stepwise(events, recipe=milling(), surface=face(slope=slope), half_um=60.0)


def test_rings_on_a_sphere_with_two_rods_are_as_step_by_step() -> None:
    """A coarse rod, then a fine one that also finds what it left."""
    surface = face(radius_um=300.0)
    coarse = [run(rings(15.0, turns=2, z_um=-2.0 - layer), tool=0) for layer in range(2)]
    fine = [
        run(rings(20.0, turns=1, z_um=-3.0 - layer), rings(34.0, turns=1, z_um=-4.0 - layer), tool=1)
        for layer in range(3)
    ]
    events: list[Event] = [Change(tool=0), *coarse, Change(tool=1), *fine]
    assert_like_stepwise(events, recipe=milling(30.0, 14.0), surface=surface, half_um=60.0)


def slot(*, depth_um: float, length_um: float) -> Erode:
    """Down at its beginning, and along x."""
    begin, end = -length_um / 2, length_um / 2
    return run([(begin, 0.0, 20.0), (begin, 0.0, FRONT_UM - depth_um), (end, 0.0, FRONT_UM - depth_um)])


def plunged_um(sent_um: float, *, wear_ratio: float) -> float:
    """Depth of a hole: what is sent, less the wear by the hole's own volume, nu (D + 2 g)^2 / D^2 of its depth."""
    return sent_um / (1 + wear_ratio * (1 + 2 * SIDE_UM / 20.0) ** 2)


def test_a_slot_is_as_wide_as_the_rod_and_its_gaps_and_decays_as_the_rod_wears() -> None:
    """Depth falls as exp(-s / lambda), lambda = S_e / (nu w)."""
    found = milled(
        erosion(Change(tool=0), slot(depth_um=10.0, length_um=400.0)),
        milling=milling(),
        surface=face(),
        half_width_um=240.0,
        pixel_um=1.0,
    )
    width_um, section_um2 = 25.0, math.pi * 100
    decay_um = section_um2 / (0.04 * width_um)
    begin_um = plunged_um(10.0, wear_ratio=0.04)
    for way_um in (0.0, 60.0, 150.0, 380.0):
        # The rod takes off what lies before it, so that it is half a disc's area ahead of its axis.
        ahead_um = way_um - 200.0
        assert -at(found, ahead_um, 0.0) == pytest.approx(begin_um * math.exp(-way_um / decay_um), abs=0.35)
    across = found.z_um[:, round(-found.x0_um)]
    assert across.sum() / across.min() == pytest.approx(width_um, abs=0.3)


@pytest.mark.parametrize("wear_ratio", [0.0, 0.03, 0.5])
def test_a_hole_is_as_deep_as_its_volume_lets_the_rod_be(wear_ratio: float) -> None:
    """A fixed point of depth and wear."""
    found = milled(
        erosion(run([(0.0, 0.0, 50.0), (0.0, 0.0, FRONT_UM - 8.0)])),
        milling=milling(wear_ratio=wear_ratio),
        surface=face(),
        half_width_um=30.0,
        pixel_um=0.5,
    )
    assert -at(found, 0.0, 0.0) == pytest.approx(plunged_um(8.0, wear_ratio=wear_ratio), abs=0.03)
    assert -float(found.z_um.sum()) * 0.25 == pytest.approx(
        math.pi * 12.5**2 * plunged_um(8.0, wear_ratio=wear_ratio), rel=0.005
    )


@pytest.mark.parametrize("event", [Change(tool=0), Dress(tool=0), TouchOff(tool=0, x_um=0.0, y_um=0.0, z_um=0.0), None])
def test_a_touch_makes_up_for_the_wear_so_far(event: Event | None) -> None:
    """A second hole is as deep as the first after it, and shallower by the first one's wear without."""
    holes = [run([(x, 0.0, 50.0), (x, 0.0, FRONT_UM - 8.0)]) for x in (-30.0, 30.0)]
    events = [holes[0], holes[1]] if event is None else [holes[0], event, holes[1]]
    found = milled(erosion(*events), milling=milling(), surface=face(), half_width_um=60.0, pixel_um=1.0)
    first_um = plunged_um(8.0, wear_ratio=0.04)
    second_um = first_um if event else plunged_um(8.0 - (8.0 - first_um), wear_ratio=0.04)
    assert -at(found, -30.0, 0.0) == pytest.approx(first_um, abs=0.03)
    assert -at(found, 30.0, 0.0) == pytest.approx(second_um, abs=0.04)


def test_worn_length_is_the_wear_ratio_times_the_volume() -> None:
    """The hole drilled at the end of a program tells what has worn until then: the volume of all that is gone."""
    path = hatch(half_um=40.0, pitch_um=14.0, heights=np.linspace(-1.0, -3.0, 6))
    hole = [(80.0, 80.0, 30.0), (80.0, 80.0, FRONT_UM - 20.0)]
    found = milled(erosion(run(path, hole)), milling=milling(), surface=face(), half_width_um=110.0, pixel_um=0.5)
    section_um2 = math.pi * 100
    removed_um3 = -float(found.z_um.sum()) * 0.25
    worn_um = 20.0 + at(found, 80.0, 80.0)
    assert worn_um == pytest.approx(0.04 * removed_um3 / section_um2, rel=0.01)


@pytest.mark.parametrize(("pixel_um", "within_um"), [(1.0, 0.16), (0.5, 0.06)])
def test_an_unworn_rod_leaves_the_opening_of_a_sphere_by_its_end(pixel_um: float, within_um: float) -> None:
    """Kept above the face under all of it, the flat end leaves at each place the lowest height it had over it."""
    radius_um, reach_um, depth_um = 300.0, 12.5, 5.0
    axis_um = np.arange(-60.0, 60.1, 0.5)
    paths = []
    for y_um in axis_um.tolist():
        inner_um = np.maximum(np.hypot(axis_um, y_um) - reach_um, 0.0)
        z_um = np.sqrt(radius_um**2 - inner_um**2) - radius_um - depth_um + FRONT_UM
        paths.append([(x, y_um, z) for x, z in zip(axis_um.tolist(), z_um.tolist(), strict=True)])
    found = milled(
        erosion(run(*paths)),
        milling=milling(wear_ratio=0.0),
        surface=face(radius_um=radius_um),
        half_width_um=40.0,
        pixel_um=pixel_um,
    )
    away_um = np.hypot(*np.meshgrid(found.x_um(), found.y_um()))
    # Of all places of the end over a sample the lowest is the one furthest out, whose uphill edge is over it. Places
    # are half a micrometre apart, and each stands for its pixel, on slopes up to 0.13.
    expected = np.sqrt(radius_um**2 - away_um**2) - radius_um - depth_um
    assert np.abs(found.z_um - expected)[away_um < 40.0].max() < within_um


@pytest.mark.parametrize("pixel_um", [0.5, 0.75, 1.5])
def test_pixels_of_other_sizes_change_little(pixel_um: float) -> None:
    """Volume and depth of a slot that is slanting on the grid."""
    events = [run([(-40.0, -30.0, 20.0), (-40.0, -30.0, -4.0), (40.0, 30.0, -4.0)])]
    one, other = (
        milled(erosion(*events), milling=milling(), surface=face(), half_width_um=60.0, pixel_um=size)
        for size in (1.0, pixel_um)
    )
    assert other.z_um.sum() * pixel_um**2 == pytest.approx(one.z_um.sum(), rel=0.003)
    assert at(other, 15.0, 11.25) == pytest.approx(at(one, 15.0, 11.0), abs=0.03)


def test_the_same_path_backwards_leaves_the_mirrored_slot() -> None:
    """Worn towards the other end."""
    there = slot(depth_um=6.0, length_um=80.0)
    back = run([(-x, y, z) for x, y, z in there.paths.points.tolist()])
    one, other = (
        milled(erosion(event), milling=milling(), surface=face(), half_width_um=60.0, pixel_um=1.0)
        for event in (there, back)
    )
    assert np.abs(one.z_um - other.z_um[:, ::-1]).max() < 0.02


def test_the_end_takes_off_what_stands_above_its_gap_and_nothing_else() -> None:
    """On both sides of touching; over the boundary there stays nothing."""
    for height_um, depth_um in ((FRONT_UM + 0.01, 0.0), (FRONT_UM, 0.0), (FRONT_UM - 0.2, 0.2)):
        found = milled(
            erosion(run([(25.0, 0.0, height_um), (60.0, 0.0, height_um)])),
            milling=milling(wear_ratio=0.0),
            surface=face(half_um=40.0),
            half_width_um=50.0,
            pixel_um=1.0,
        )
        assert float(np.nanmin(found.z_um)) == pytest.approx(-depth_um, abs=1e-6)
        assert np.isnan(found.z_um[:, :10]).all()
        assert np.isfinite(at(found, 40.0, 0.0))


def test_a_program_without_paths_leaves_the_face() -> None:
    """No event, none that cuts, and one with no path."""
    surface = face(radius_um=300.0)
    for events in ([], [Change(tool=0), Dress(tool=0)], [run()]):
        found = milled(erosion(*events), milling=milling(), surface=surface, half_width_um=20.0, pixel_um=1.0)
        assert np.array_equal(found.z_um, surface.height_um(*np.meshgrid(found.x_um(), found.y_um())))


def test_what_cannot_be_cut_is_refused_with_all_faults() -> None:
    """Sizes, rods, numbers."""
    recipe, surface = milling(), face()
    for half_width_um, pixel_um in ((0.0, 1.0), (10.0, 0.0), (math.nan, 1.0), (10.0, math.inf)):
        with pytest.raises(ToolpathError, match="must be above 0"):
            milled(erosion(), milling=recipe, surface=surface, half_width_um=half_width_um, pixel_um=pixel_um)
    with pytest.raises(ToolpathError, match="use wider pixels"):
        milled(erosion(), milling=recipe, surface=surface, half_width_um=1000.0, pixel_um=0.01)
    wrong = [run([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)], tool=1), run([(0.0, 0.0, math.nan), (1.0, 0.0, 0.0)])]
    with pytest.raises(ToolpathError, match=r"rod 1 is not among.*no number"):
        milled(erosion(*wrong), milling=recipe, surface=surface, half_width_um=10.0, pixel_um=1.0)
    far = run([(0.0, 0.0, 0.0), (1e8, 0.0, 0.0)])
    with pytest.raises(ToolpathError, match="too long"):
        milled(erosion(far), milling=recipe, surface=surface, half_width_um=10.0, pixel_um=1.0)


@pytest.mark.parametrize("sides", [24, 240])
def test_wide_rings_wear_the_rod_by_what_lies_under_them(sides: int) -> None:
    """Of a curve in many short pieces no more is taken off than lies within reach of it, wherever it is begun."""
    ring = rings(150.0, turns=1, z_um=FRONT_UM - 2.0, sides=sides)
    begun = [ring[(place + sides // 12) % sides] for place in range(sides + 1)]
    hole = [(0.0, 0.0, 30.0), (0.0, 0.0, FRONT_UM - 20.0)]
    found = milled(
        erosion(run(ring), run(begun), run(hole)),
        milling=milling(wear_ratio=0.02),
        surface=face(),
        half_width_um=170.0,
        pixel_um=1.0,
    )
    removed_um3 = -float(found.z_um.sum())
    assert 20.0 + at(found, 0.0, 0.0) == pytest.approx(0.02 * removed_um3 / (math.pi * 100), rel=0.003)
