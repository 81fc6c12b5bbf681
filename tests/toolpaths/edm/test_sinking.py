"""Programs of sinking: depths, steps, orbits, wear, touches and locations."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, box

from engrave.base.shelf import Shelf
from engrave.job.shelves import MACHINES
from toolpaths.edm.electrode import Electrode, electrodes_for
from toolpaths.edm.electrode_region import polygons
from toolpaths.edm.model import Change, Erode, TouchOff
from toolpaths.edm.sinking import burns, plan_sinking, seconds
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.errors import ToolpathError
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.surface import Surface
from toolpaths.writers.edm_gcode import write_edm_gcode

Ball = Callable[..., Surface]

FINE: Sinking = Shelf(kind="sinkings", package="toolpaths.edm", folder="sinkings", cls=Sinking).load("fine-cuw").value
EVEN = replace(FINE, wear_ratio=0.0)
FIELD = box(-200, -150, 200, 150)
GROOVE = polygons(FIELD.difference(box(-100, -20, 100, 20)))
LAND = MultiPolygon([box(-40, -60, 40, 60)])


def made(surface: Surface, sinking: Sinking = EVEN, land: MultiPolygon = GROOVE) -> tuple[Electrode, ...]:
    return electrodes_for(land=land, field=FIELD, surface=surface, relief_um=40.0, sinking=sinking)


def erodes(surface: Surface, sinking: Sinking = EVEN, land: MultiPolygon = GROOVE) -> list[Erode]:
    electrodes = made(surface, sinking, land)
    return list(plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=sinking).eroding())


def test_depths_are_short_of_the_relief_by_gap_and_allowance(ball: Ball) -> None:
    """R = undersize - gap; without wear the rough one ends at -40 + 5 + 2, the finish at -40 + 5."""
    rough, finish = erodes(ball(radius_um=1e9))
    assert rough.paths.points[0].tolist() == [0, 0, 5]
    assert rough.paths.points[:, 2].min() == pytest.approx(-33)
    assert finish.paths.points[:, 2].min() == pytest.approx(-35, abs=1e-5)
    assert not rough.paths.points[:, :2].any()
    assert (rough.tool, finish.tool) == (0, 1)
    assert (rough.feed_um_s, finish.feed_um_s) == (20.0, 10.0)
    assert rough.generator == FINE.stages[0].generator


def test_steps_of_the_plunge_follow_each_other_and_are_no_longer_than_the_flush(ball: Ball) -> None:
    rough, _ = erodes(ball(radius_um=1e9))
    paths = list(rough.paths)
    assert len(paths) == math.ceil(38 / 5)
    assert all(len(path) == 2 for path in paths)
    lengths = [float(path[0, 2] - path[1, 2]) for path in paths]
    assert max(lengths) <= 5
    np.testing.assert_array_equal([path[1] for path in paths[:-1]], [path[0] for path in paths[1:]])


@pytest.mark.parametrize(("orbit", "reach"), [("circle", 1.0), ("square", math.sqrt(2))])
def test_the_orbit_goes_all_the_way_round_and_back_to_the_middle(orbit: str, reach: float, ball: Ball) -> None:
    sinking = replace(EVEN, stages=(EVEN.stages[0], replace(EVEN.finest, orbit=orbit)))
    path = list(erodes(ball(radius_um=1e9), sinking)[1].paths)[-1]
    assert path[0, :2].tolist() == path[-1, :2].tolist() == [0, 0]
    assert np.hypot(*path[:, :2].T).max() == pytest.approx(reach)
    hull = shapely.MultiPoint(path[:, :2]).convex_hull
    assert hull.area == pytest.approx(math.pi if orbit == "circle" else 4.0, rel=0.04)
    assert np.ptp(path[:, 2]) < 1e-5


def test_wide_orbits_leave_no_island(ball: Ball) -> None:
    """Rings lie no further apart than the sparks reach: 30 um with a gap of 5 takes three."""
    finish = replace(EVEN.finest, undersize_um=35.0)
    sinking = replace(EVEN, stages=(finish,))
    (electrode,) = made(ball(radius_um=1e9), sinking, LAND)
    erosion = plan_sinking([electrode], surface=ball(radius_um=1e9), relief_um=40.0, sinking=sinking)
    (erode,) = erosion.eroding()
    path = list(erode.paths)[-1]
    swept = shapely.union_all([shapely.LineString(path[:, :2]).buffer(5.0), shapely.Point(0, 0).buffer(5.0)])
    assert shapely.Point(0, 0).buffer(34.75).difference(swept).area < 0.01
    assert len(np.unique(np.round(np.hypot(*path[:, :2].T), 6))) == 4


def test_wear_is_made_up_for_all_along(ball: Ball) -> None:
    """A single stage without an orbit, by small steps: the electrode loses nu dV / S for what it takes."""
    stage = replace(FINE.finest, undersize_um=5.0, orbit="none")
    sinking = replace(FINE, stages=(stage,), wear_ratio=0.2)
    (erode,) = erodes(ball(radius_um=1e9), sinking)
    cut_um2 = 200 * 40 - (4 - math.pi) * 25
    end_um2 = 190 * 30
    worn_um, floor_um = 0.0, 0.0
    for z_um in np.linspace(erode.paths.points[0, 2], erode.paths.points[-1, 2], 2001):
        reached_um = max(floor_um, -(z_um + worn_um - 5.0))
        worn_um += 0.2 * cut_um2 * (reached_um - floor_um) / end_um2
        floor_um = reached_um
    assert floor_um == pytest.approx(40.0, abs=0.02)


def test_a_finish_wears_only_by_what_the_rough_one_left(ball: Ball) -> None:
    """Volumes by hand: rough 196 x 36 um to 38 um, finish the rest of 200 x 40 um to 40 um; corners left out."""
    rough, finish = burns(made(ball(radius_um=1e9), FINE), surface=ball(radius_um=1e9))
    assert rough.removed_um3 == pytest.approx(196 * 36 * 38, rel=0.005)
    assert rough.removed_um3 + finish.removed_um3 == pytest.approx(200 * 40 * 40, rel=0.005)
    worn_um = float(finish.worn_um(np.array(finish.removed_um3), FINE))
    assert worn_um == pytest.approx(0.05 * finish.removed_um3 / (188 * 28), rel=0.001)
    total_s = seconds(made(ball(radius_um=1e9), FINE), surface=ball(radius_um=1e9), sinking=FINE)
    assert total_s == pytest.approx(200 * 40 * 40 / (0.002e9 / 60), rel=0.005)


def test_on_a_curved_tip_the_orbit_is_lifted_by_what_the_surface_rises(ball: Ball) -> None:
    """At the groove's far end, 94 um out on a sphere of 500 um, and 1 um on."""
    surface = ball(radius_um=500.0, edge_radius_um=400.0)
    finish = erodes(surface)[1]
    plunge, orbit = list(finish.paths)[-2:]
    rise = math.hypot(94, 14) / math.sqrt(500**2 - 94**2 - 14**2)
    assert orbit[0, 2] - plunge[-1, 2] == pytest.approx(rise, rel=0.02)


def test_across_it_clears_the_apex_with_its_lowest_place(ball: Ball) -> None:
    surface = ball(radius_um=500.0, edge_radius_um=400.0)
    erosion = plan_sinking(made(surface), surface=surface, relief_um=40.0, sinking=EVEN)
    sag = 500 - math.sqrt(500**2 - 95**2 - 15**2)
    assert erosion.safe_z_um == pytest.approx(100 + sag, abs=0.5)


@pytest.mark.parametrize("land", [GROOVE, LAND], ids=["recessed", "raised"])
@pytest.mark.parametrize("radius_um", [1e9, 600.0])
def test_a_later_electrode_touches_what_is_uncut(land: MultiPolygon, radius_um: float, ball: Ball) -> None:
    """By brute force: moved aside and lowered, it first meets the face, and where the rough one has not cut."""
    surface = ball(radius_um=radius_um, edge_radius_um=400.0)
    rough, finish = made(surface, EVEN, land)
    events = plan_sinking([rough, finish], surface=surface, relief_um=40.0, sinking=EVEN).events
    first, later = (event for event in events if isinstance(event, TouchOff))
    assert (first.x_um, first.y_um, first.z_um) == (0.0, 0.0, 0.0)
    places = np.random.default_rng(3).uniform(-200, 200, (200_000, 2))
    places = places[shapely.contains_xy(finish.region, *places.T)]
    moved = places + np.array([later.x_um, later.y_um])
    cut = shapely.contains_xy(rough.burnt, *moved.T)
    there = surface.height_um(*moved.T) - np.where(cut, 38.0, 0.0)
    room = later.z_um + surface.height_um(*places.T) - there
    assert room.min() == pytest.approx(0.0, abs=0.2)
    assert room.min() > -1e-3
    assert not cut[room.argmin()]
    assert np.hypot(later.x_um, later.y_um) < 100


def test_without_uncut_face_there_is_nothing_to_touch(ball: Ball) -> None:
    surface = ball(radius_um=1e9, edge_radius_um=200.0)
    electrodes = electrodes_for(
        land=MultiPolygon([box(-10, -4, 10, 4)]), field=surface.boundary, surface=surface, relief_um=40.0, sinking=EVEN
    )
    with pytest.raises(ToolpathError, match="finds no uncut face to touch; end the field further in"):
        plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=EVEN)


def test_each_electrode_is_put_in_once_and_touches_at_every_location(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    electrodes = made(surface)
    locations = ((0.0, 0.0), (5000.0, 0.0), (5000.0, -4000.0))
    erosion = plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=EVEN, locations=locations)
    assert [type(event) for event in erosion.events] == 2 * [Change, *(3 * [TouchOff, Erode])]
    one, other = (list(erosion.eroding())[place].paths.points for place in (3, 5))
    np.testing.assert_allclose(other - one, np.broadcast_to([5000.0, -4000.0, 0.0], one.shape), atol=1e-9)


def test_the_program_reads_back_from_g_code(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    machine = MACHINES.load("edm-stage").value
    erosion = plan_sinking(made(surface, FINE), surface=surface, relief_um=40.0, sinking=FINE)
    read = read_edm_gcode(write_edm_gcode(erosion, machine, header=()), machine).erosion
    assert [type(event) for event in read.events] == [type(event) for event in erosion.events]
    for one, other in zip(erosion.eroding(), read.eroding(), strict=True):
        np.testing.assert_allclose(other.paths.points, one.paths.points, atol=1e-3)


def test_every_fault_at_once(ball: Ball) -> None:
    surface = ball(radius_um=1e9)
    electrodes = made(surface)
    with pytest.raises(ToolpathError) as caught:
        plan_sinking(electrodes[::-1], surface=surface, relief_um=30.0, sinking=EVEN, locations=())
    for part in ("in their order: rough, finish", "made for another relief than 30 um", "no location"):
        assert part in str(caught.value)
    for locations, fault in ((((0.0, math.nan),), "not finite"), (((1.0, 2.0), (1.0, 2.0)), "the same")):
        with pytest.raises(ToolpathError, match=fault):
            plan_sinking(electrodes, surface=surface, relief_um=40.0, sinking=EVEN, locations=locations)
