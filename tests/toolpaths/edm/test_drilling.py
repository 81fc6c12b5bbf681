"""Holes drilled peck by peck: depths by hand, wear made up, touches and dressings."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import Point, Polygon

from toolpaths.edm.drilling import plan_drilling
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.model import Change, Dress, Erode, TouchOff
from toolpaths.errors import ToolpathError

FloatArray = NDArray[np.float64]

MILLING = Milling(
    name="dots",
    rods=(Rod(diameter_um=20.0, layer_um=1.0, stepover_um=14.0, feed_um_s=100.0, budget_um=10.0),),
    gap_side_um=5.0,
    gap_front_um=4.0,
    wear_ratio=0.04,
    compensation="combined",
    touch_off_layers=2,
    retract_um=50.0,
    removal_um3_s=3250.0,
    chord_tolerance_um=0.1,
    calibrated=False,
    generator=(),
)
# 25 um of hole, 30 um wide, wears 0.04 (30 / 20)^2 25 um = 2.25 um off.
LOST_UM = 2.25
PLACES_UM = np.array([(-100.0, 0.0), (0.0, 0.0), (100.0, 0.0), (200.0, 0.0), (0.0, 100.0)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A face that rises along x."""

    rise: float = 0.0
    edge_radius_um: float = 400.0
    nose_radius_um: float = math.inf
    mean_curvature_per_um: float = 0.0
    face_area_um2: float = 1.0

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return Point(0, 0).buffer(self.edge_radius_um, quad_segs=64)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Not needed here."""
        return depth_um

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Not needed here."""
        return area_um2

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """A plane through the origin."""
        return np.where(np.hypot(x_um, y_um) <= self.edge_radius_um, self.rise * x_um, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Of the plane."""
        return np.full_like(x_um + y_um, 1 / math.hypot(1, self.rise))


def test_pecks_events_and_the_wear_that_is_made_up() -> None:
    erosion = plan_drilling(places_um=PLACES_UM, depth_um=25.0, surface=Plane(), milling=MILLING)
    kinds = [type(event) for event in erosion.events]
    assert kinds == [Change, Erode, Erode, TouchOff, Erode, Erode, Dress, Erode]
    assert erosion.safe_z_um == 50.0
    # Since the end was last known: nothing, one hole, none, one, none. The budget is 10 um, four holes wear 9 um.
    for event, place, before in zip(erosion.eroding(), PLACES_UM, (0, 1, 0, 1, 0), strict=True):
        points = event.paths.points.reshape(-1, 2, 3)
        assert len(points) == 3
        assert np.all(points[..., :2] == place)
        assert np.all(points[:, 0, 2] == 4.0)
        wanted = [4.0 - share * (25.0 + LOST_UM) - before * LOST_UM for share in (1 / 3, 2 / 3, 1)]
        assert points[:, 1, 2] == pytest.approx(wanted, abs=0.002)


def test_nothing_is_made_up_where_the_milling_says_so() -> None:
    milling = replace(MILLING, compensation="none", touch_off_layers=0)
    erosion = plan_drilling(places_um=PLACES_UM, depth_um=25.0, surface=Plane(), milling=milling)
    assert all(event.paths.points[-1, 2] == 4.0 - 25.0 for event in erosion.eroding())
    assert not any(isinstance(event, TouchOff) for event in erosion.events)


def test_touches_are_between_the_holes() -> None:
    erosion = plan_drilling(places_um=PLACES_UM, depth_um=25.0, surface=Plane(), milling=MILLING)
    touch = next(event for event in erosion.events if isinstance(event, TouchOff))
    away_um = np.hypot(*(PLACES_UM - (touch.x_um, touch.y_um)).T)
    assert away_um.min() > 15.0 + 15.0


def test_on_a_slope_a_hole_begins_at_its_upper_edge() -> None:
    """A slope of 0.2 over a reach of 15 um: 3 um up; the hole takes 3 um less than its depth times its area."""
    erosion = plan_drilling(places_um=PLACES_UM[:1], depth_um=25.0, surface=Plane(rise=0.2), milling=MILLING)
    (event,) = erosion.eroding()
    assert event.paths.points[0, 2] == pytest.approx(-20.0 + 3.0 + 4.0, abs=0.001)
    assert event.paths.points[-1, 2] == pytest.approx(-17.0 + 4.0 - 25.0 - LOST_UM * 22 / 25, abs=0.02)


def test_faults_are_told_at_once() -> None:
    with pytest.raises(ToolpathError) as caught:
        plan_drilling(places_um=np.array([(390.0, 0.0)]), depth_um=200.0, surface=Plane(), milling=MILLING)
    assert "1 holes leave the face" in str(caught.value)
    assert "more than its budget" in str(caught.value)
    for places_um in (np.empty((0, 2)), np.zeros((2, 3))):
        with pytest.raises(ToolpathError, match="rows of x and y"):
            plan_drilling(places_um=places_um, depth_um=25.0, surface=Plane(), milling=MILLING)
    with pytest.raises(ToolpathError, match="depth"):
        plan_drilling(places_um=PLACES_UM, depth_um=-1.0, surface=Plane(), milling=MILLING)
