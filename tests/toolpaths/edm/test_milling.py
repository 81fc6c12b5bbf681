"""Milling planned on plates and balls: where rods go, what a rod that wears leaves, and when it is dressed and touched.

The floor is judged by a simulation of its own: a rod in small steps over a grid of the face, each step taking all that
lies above its end and making it shorter by the wear ratio times the volume over the area of the end.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon, box

from toolpaths.edm.milling import milling_plan, plan_milling
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.model import Change, Dress, Erode, Erosion, Setting, TouchOff
from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]

COARSE = Rod(diameter_um=80.0, layer_um=2.0, stepover_um=56.0, feed_um_s=50.0, budget_um=1000.0)
FINE = Rod(diameter_um=20.0, layer_um=1.0, stepover_um=14.0, feed_um_s=200.0, budget_um=300.0)
MILLING = Milling(
    name="bench",
    rods=(COARSE, FINE),
    gap_side_um=7.4,
    gap_front_um=5.0,
    wear_ratio=0.03,
    compensation="combined",
    touch_off_layers=5,
    retract_um=100.0,
    removal_um3_s=3250.0,
    chord_tolerance_um=0.1,
    calibrated=False,
    generator=(Setting(name="open voltage", output=0, value=80.0, unit="V"),),
)
ONE = replace(MILLING, rods=(FINE,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A spherical face with an edge, or with an infinite radius a flat one; written out here: no tip is trusted."""

    nose_radius_um: float = 1000.0
    edge_radius_um: float = 500.0
    mean_curvature_per_um: float = 0.0
    face_area_um2: float = 1.0

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return Point(0, 0).buffer(self.edge_radius_um, quad_segs=64)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Not needed by any plan of milling."""
        return depth_um

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Not needed by any plan of milling."""
        return area_um2

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Sphere through the origin, below it."""
        square = x_um**2 + y_um**2
        if math.isinf(self.nose_radius_um):
            height = np.zeros_like(square)
        else:
            height = np.sqrt(self.nose_radius_um**2 - np.minimum(square, self.nose_radius_um**2)) - self.nose_radius_um
        return np.where(square <= self.edge_radius_um**2, height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Of a sphere."""
        square = x_um**2 + y_um**2
        return np.where(
            square <= self.edge_radius_um**2, np.sqrt(1 - np.minimum(square / self.nose_radius_um**2, 1)), np.nan
        )


FLAT = Ball(nose_radius_um=math.inf)
# A square field with a bar and a block in it: a groove of 36 um between them, and open floor on their other sides.
FIELD = box(-200, -200, 200, 200)
LAND = MultiPolygon([box(-60, -100, -20, 100), box(16, -40, 80, 60)])
JOB: dict[str, Any] = {"land": LAND, "field": FIELD, "taper_to": None, "surface": FLAT, "relief_um": 10.0}


def around(field: Polygon, grooves: shapely.Geometry) -> MultiPolygon:
    """The land about grooves."""
    parts = shapely.get_parts(shapely.difference(field, grooves))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def steps(path: FloatArray, length_um: float) -> Iterator[FloatArray]:
    """Points of a path, no further apart than a length, its first one first."""
    yield path[0]
    for begin, end in pairwise(path):
        count = max(1, math.ceil(float(np.hypot(*(end - begin)[:2])) / length_um))
        for part in range(1, count + 1):
            yield begin + (end - begin) * part / count


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Heights on a grid after a program."""

    x_um: FloatArray
    y_um: FloatArray
    z_um: FloatArray


def eroded(erosion: Erosion, milling: Milling, surface: Ball, *, half_um: float, pixel_um: float = 2.0) -> Cut:
    """What a program leaves, step by step. The grid is turned, so that no edge runs along it."""
    turn = 0.3
    axis = np.arange(-1.42 * half_um, 1.42 * half_um, pixel_um)
    u, v = np.meshgrid(axis, axis)
    x_um, y_um = u * math.cos(turn) - v * math.sin(turn), u * math.sin(turn) + v * math.cos(turn)
    z_um = surface.height_um(x_um, y_um)
    z_um[np.isnan(z_um)] = -1e9
    shorter_um = 0.0
    for event in erosion.events:
        if not isinstance(event, Erode):
            shorter_um = 0.0
            continue
        rod = milling.rods[event.tool]
        reach_um, end_um2 = rod.diameter_um / 2 + milling.gap_side_um, math.pi * rod.diameter_um**2 / 4
        for path in event.paths:
            for x, y, z in steps(path, reach_um / 5):
                cu, cv = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
                first = [max(0, math.ceil((c - reach_um - axis[0]) / pixel_um)) for c in (cv, cu)]
                last = [math.floor((c + reach_um - axis[0]) / pixel_um) + 1 for c in (cv, cu)]
                window = (slice(first[0], last[0]), slice(first[1], last[1]))
                under = (u[window] - cu) ** 2 + (v[window] - cv) ** 2 <= reach_um**2
                floor = z_um[window]
                taken = np.where(under, np.maximum(floor - (z + shorter_um - milling.gap_front_um), 0.0), 0.0)
                z_um[window] = floor - taken
                shorter_um += milling.wear_ratio * float(taken.sum()) * pixel_um**2 / end_um2
    return Cut(x_um=x_um.ravel(), y_um=y_um.ravel(), z_um=z_um.ravel())


def inside(cut: Cut, region: shapely.Geometry) -> NDArray[np.bool_]:
    shapely.prepare(region)
    found: NDArray[np.bool_] = shapely.contains_xy(region, cut.x_um, cut.y_um)
    return found


@pytest.mark.parametrize("compensation", ["linear", "combined"])
def test_a_flat_floor_comes_out_at_the_relief_and_walls_where_they_were_drawn(compensation: str) -> None:
    milling = replace(MILLING, compensation=compensation)
    cut = eroded(plan_milling(**JOB, milling=milling), milling, FLAT, half_um=200)
    floor = shapely.difference(FIELD, LAND)
    reached = floor.buffer(-17.4).buffer(17.4)
    depth_um = -cut.z_um
    # The step of the simulation leaves scallops of a tenth of a micrometre, its grid is 2 um wide.
    assert np.all(np.abs(depth_um[inside(cut, reached.buffer(-1))] - 10.0) < 0.5)
    assert np.all(depth_um[inside(cut, shapely.difference(box(-250, -250, 250, 250), reached.buffer(0.2)))] == 0.0)


def test_a_ball_is_cut_to_what_a_flat_end_can_reach() -> None:
    """Where the floor is open to all sides a disc fits anywhere on the outside of a ball, and the floor follows it."""
    ball = Ball(nose_radius_um=1000.0)
    milling = replace(ONE, touch_off_layers=0)
    erosion = plan_milling(
        land=MultiPolygon(), field=Point(0, 0).buffer(150), taper_to=None, surface=ball, relief_um=5.0, milling=milling
    )
    cut = eroded(erosion, milling, ball, half_um=150)
    open_floor = inside(cut, Point(0, 0).buffer(150 - 2 * 17.4))
    error_um = cut.z_um[open_floor] - (ball.height_um(cut.x_um, cut.y_um)[open_floor] - 5.0)
    assert error_um.min() > -0.5
    assert error_um.max() < 1.0


def test_heights_follow_the_greatest_height_under_the_rod() -> None:
    ball = Ball(nose_radius_um=1000.0)
    milling = replace(ONE, wear_ratio=0.0, touch_off_layers=0)
    erosion = plan_milling(
        land=MultiPolygon(), field=Point(0, 0).buffer(300), taper_to=None, surface=ball, relief_um=3.0, milling=milling
    )
    for layer, event in enumerate(erosion.eroding(), start=1):
        points = event.paths.points
        inner_um = np.maximum(np.hypot(points[:, 0], points[:, 1]) - 17.4, 0.0)
        highest_um = np.sqrt(1000.0**2 - inner_um**2) - 1000.0
        cutting = np.ones(len(points), dtype=bool)
        cutting[event.paths.starts[:-1]] = False
        assert np.allclose(points[cutting, 2], (highest_um - layer + 5.0)[cutting], atol=0.02)
        assert np.allclose(points[~cutting, 2], (highest_um + 5.0)[~cutting], atol=0.02)


def test_paths_run_on_the_offset_of_the_land() -> None:
    """Against shapely: the middle stays away by the rod's radius and gap, and gets as near as that."""
    floor = shapely.difference(FIELD, LAND)
    for tool, reach_um in ((0, 47.4), (1, 17.4)):
        events = [event for event in plan_milling(**JOB, milling=MILLING).eroding() if event.tool == tool]
        lines = shapely.union_all([shapely.LineString(path[:, :2]) for event in events for path in event.paths])
        assert lines.distance(shapely.union(LAND, FIELD.exterior)) == pytest.approx(reach_um, abs=0.08)
        assert floor.buffer(-reach_um + 0.1, quad_segs=64).covers(lines)


def test_the_finer_rod_goes_only_where_the_coarser_one_could_not() -> None:
    plan = milling_plan(**JOB, milling=MILLING)
    reached = shapely.difference(FIELD, LAND).buffer(-47.4).buffer(47.4)
    left = shapely.difference(shapely.difference(FIELD, LAND).buffer(-17.4).buffer(17.4), reached)
    coarse, fine = plan.taken
    assert coarse.volume_um3 == pytest.approx(reached.area * 10.0, rel=0.01)
    assert fine.volume_um3 == pytest.approx(left.area * 10.0, rel=0.03)
    # Pieces are two reaches long at the most, and one more is kept to either side of where it cuts.
    near = left.buffer(17.4 + 2 * 34.8)
    for event in plan.erosion.eroding():
        if event.tool == 1:
            assert all(near.intersects(shapely.LineString(path[:, :2])) for path in event.paths)


def test_rods_follow_each_other_and_the_generator_is_told() -> None:
    erosion = plan_milling(**JOB, milling=MILLING)
    changes = [index for index, event in enumerate(erosion.events) if isinstance(event, Change)]
    assert changes[0] == 0
    assert [erosion.events[index] for index in changes] == [Change(tool=0), Change(tool=1)]
    for event in erosion.eroding():
        assert event.generator == MILLING.generator
        assert event.feed_um_s == MILLING.rods[event.tool].feed_um_s
        # Every path goes straight down first, from where no spark has jumped yet.
        begins = event.paths.starts[:-1]
        assert np.array_equal(event.paths.points[begins, :2], event.paths.points[begins + 1, :2])
        assert np.all(event.paths.points[begins, 2] == 5.0)
    assert erosion.safe_z_um == 100.0


def test_the_last_layer_is_as_thin_as_it_must_be() -> None:
    milling = replace(ONE, wear_ratio=0.0, rods=(replace(FINE, layer_um=0.8),))
    erosion = plan_milling(**{**JOB, "relief_um": 2.0}, milling=milling)
    assert [round(5.0 - event.paths.points[:, 2].min(), 3) for event in erosion.eroding()] == [0.8, 1.6, 2.0]
    exact = plan_milling(**{**JOB, "relief_um": 2.4}, milling=milling)
    assert [round(5.0 - event.paths.points[:, 2].min(), 3) for event in exact.eroding()] == [0.8, 1.6, 2.4]


def test_touches_are_outside_the_field_and_every_few_layers() -> None:
    erosion = plan_milling(**JOB, milling=ONE)
    kinds = [type(event) for event in erosion.events if not isinstance(event, Dress)]
    touches = [event for event in erosion.events if isinstance(event, TouchOff)]
    assert kinds.count(TouchOff) == 1
    for touch in touches:
        assert FIELD.distance(Point(touch.x_um, touch.y_um)) > 10 + 7.4
        assert math.hypot(touch.x_um, touch.y_um) < 500 - 10
        assert touch.z_um == 0.0


def test_a_recessed_mark_is_touched_between_its_grooves_and_a_raised_one_never_on_its_crest() -> None:
    face = FLAT.boundary
    groove = box(-100, -18, 100, 18)
    recessed = plan_milling(
        land=around(face, groove),
        field=face,
        taper_to=None,
        surface=FLAT,
        relief_um=10.0,
        milling=ONE,
    )
    (touch,) = [event for event in recessed.events if isinstance(event, TouchOff)]
    assert groove.distance(Point(touch.x_um, touch.y_um)) > 10 + 7.4
    raised = plan_milling(
        land=MultiPolygon([box(-150, -150, 150, 150)]),
        field=face,
        taper_to=None,
        surface=FLAT,
        relief_um=10.0,
        milling=MILLING,
    )
    assert not any(isinstance(event, TouchOff) for event in raised.events)


def test_on_a_slope_a_touch_is_where_the_upper_edge_of_the_end_meets_the_face() -> None:
    ball = Ball(nose_radius_um=1000.0)
    erosion = plan_milling(**{**JOB, "surface": ball}, milling=ONE)
    touch = next(event for event in erosion.events if isinstance(event, TouchOff))
    inner_um = math.hypot(touch.x_um, touch.y_um) - 10.0
    assert touch.z_um == pytest.approx(math.sqrt(1000.0**2 - inner_um**2) - 1000.0, abs=0.01)


def test_a_taper_rises_from_the_relief_to_the_face() -> None:
    milling = replace(MILLING, touch_off_layers=0)
    field, taper_to = Point(0, 0).buffer(150, quad_segs=64), Point(0, 0).buffer(250, quad_segs=64)
    erosion = plan_milling(
        land=MultiPolygon([box(-40, -40, 40, 40)]),
        field=field,
        taper_to=taper_to,
        surface=FLAT,
        relief_um=20.0,
        milling=milling,
    )
    cut = eroded(erosion, milling, FLAT, half_um=260)
    radius_um = np.hypot(cut.x_um, cut.y_um)
    asked_um = np.clip(20.0 * (250 - radius_um) / 100, 0, 20)
    band = (radius_um > 152) & (radius_um < 262)
    # Steps of the finer rod are 1 um high; the coarser one's 2 um: never deeper than asked, never much above.
    assert np.all(-cut.z_um[band] <= asked_um[band] + 0.6)
    assert np.all(-cut.z_um[band] >= asked_um[band] - 2.6)
    assert np.all(cut.z_um[(radius_um > 250.2) & (radius_um < 300)] == 0)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ToolpathError) as caught:
        plan_milling(
            land=MultiPolygon([box(0, 0, 900, 10)]),
            field=box(-600, -10, 600, 10),
            taper_to=box(-1, -1, 1, 1),
            surface=FLAT,
            relief_um=math.nan,
            milling=ONE,
        )
    for what in ("relief", "field reaches beyond", "taper ends within", "land reaches beyond"):
        assert what in str(caught.value)


def test_openings_on_both_sides_of_what_fits() -> None:
    """20 um and twice 7.4 um: 34.8 um."""
    for width_um, fits in ((34.8, True), (34.7, False)):
        groove = box(-100, -width_um / 2, 100, width_um / 2)
        job = {**JOB, "land": around(FIELD, groove)}
        if fits:
            assert plan_milling(**job, milling=ONE).events
        else:
            with pytest.raises(ToolpathError, match=r"34\.8 um.*nowhere"):
                plan_milling(**job, milling=ONE)


def test_a_groove_that_no_rod_goes_into_is_refused_beside_one_that_does() -> None:
    grooves = MultiPolygon([box(-100, 50, 100, 90), box(-100, -90, 100, -60)])
    job = {**JOB, "land": around(FIELD, grooves)}
    with pytest.raises(ToolpathError, match=r"groove about \(0, -75\) um"):
        plan_milling(**job, milling=ONE)


def test_a_budget_that_does_not_last_for_a_piece_is_refused() -> None:
    with pytest.raises(ToolpathError, match="more than its budget"):
        plan_milling(**JOB, milling=replace(ONE, rods=(replace(FINE, budget_um=0.01),)))


def test_a_stroke_of_30_um_in_a_ball_is_cut_by_a_fine_rod() -> None:
    """15 um and twice 5 um. Along a stroke down the slope, the rod's upper edge gets to every place of its middle."""
    ball = Ball(nose_radius_um=1000.0)
    milling = replace(
        ONE, rods=(replace(FINE, diameter_um=15.0, stepover_um=10.0, budget_um=60.0),), gap_side_um=5.0, wear_ratio=0.03
    )
    groove, field = box(60, -15, 260, 15), Point(0, 0).buffer(350)
    erosion = plan_milling(
        land=around(field, groove), field=field, taper_to=None, surface=ball, relief_um=20.0, milling=milling
    )
    cut = eroded(erosion, milling, ball, half_um=280)
    face_um = ball.height_um(cut.x_um, cut.y_um)
    middle = inside(cut, box(62, -3, 230, 3))
    assert np.all(np.abs(face_um[middle] - cut.z_um[middle] - 20.0) < 0.8)
    assert np.all(
        cut.z_um[inside(cut, around(field, groove.buffer(0.3)))]
        == face_um[inside(cut, around(field, groove.buffer(0.3)))]
    )
    deepest_um = (face_um - cut.z_um)[inside(cut, groove)].max()
    assert deepest_um < 20.5
