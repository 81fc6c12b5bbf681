"""Planned slots under a rod that wears: what a simulation from the volume balance alone makes of them.

The slot is as wide as the rod and its gaps, so the floor is a function of the place along it alone. The simulation is
written out here and knows nothing of the planner: at every place the rod's end takes what it lies below the floor, and
gets shorter meanwhile by the wear ratio times the volume over the area of its end.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.milling import plan_milling
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.model import Change, Dress, Erode, Erosion, TouchOff

FloatArray = NDArray[np.float64]

# What the figures below were found with: a path of 2,950 um, a rod of 20 um that wears by 4 %, and a cut 26 um wide,
# for which the depth falls to 1 / e in 302 um; 80 layers of half a micrometre.
LENGTH_UM, WIDTH_UM, DIAMETER_UM, WEAR, RELIEF_UM = 2950.0, 26.0, 20.0, 0.04, 40.0
REACH_UM = WIDTH_UM / 2
# The slot's round ends are spread over its length.
CUT_UM = LENGTH_UM + math.pi * REACH_UM**2 / WIDTH_UM
COLUMNS = 600
STEP_UM = CUT_UM / COLUMNS

ROD = Rod(diameter_um=DIAMETER_UM, layer_um=0.5, stepover_um=14.0, feed_um_s=100.0, budget_um=1e6)
MILLING = Milling(
    name="slot",
    rods=(ROD,),
    gap_side_um=3.0,
    gap_front_um=4.0,
    wear_ratio=WEAR,
    compensation="combined",
    touch_off_layers=0,
    retract_um=100.0,
    removal_um3_s=3250.0,
    chord_tolerance_um=0.1,
    calibrated=False,
    generator=(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A flat face, 4 by 1 mm."""

    edge_radius_um: float = 2100.0
    nose_radius_um: float = math.inf
    mean_curvature_per_um: float = 0.0
    face_area_um2: float = 4e6

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return shapely.box(-2000, -500, 2000, 500)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.full_like(depth_um, np.inf)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.full_like(area_um2, np.inf)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Flat."""
        return np.where((np.abs(x_um) <= 2000) & (np.abs(y_um) <= 500), 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Flat."""
        return np.where((np.abs(x_um) <= 2000) & (np.abs(y_um) <= 500), 1.0, np.nan)


def slot(milling: Milling) -> Erosion:
    """The middle of the rod goes from -1,475 to 1,475 um along x."""
    field = shapely.box(-1900, -200, 1900, 200)
    groove = shapely.LineString([(-LENGTH_UM / 2, 0), (LENGTH_UM / 2, 0)]).buffer(REACH_UM, quad_segs=64)
    return plan_milling(
        land=MultiPolygon([Polygon(field.exterior, [groove.exterior])]),
        field=field,
        taper_to=None,
        surface=Plate(),
        relief_um=RELIEF_UM,
        milling=milling,
    )


@cache
def planned(*, assumed: float, compensation: str, touch_off_layers: int = 0) -> Erosion:
    return slot(replace(MILLING, wear_ratio=assumed, compensation=compensation, touch_off_layers=touch_off_layers))


def commanded(path: FloatArray) -> Iterator[tuple[float, float]]:
    """Places along the slot, and heights, no more than a step apart."""
    for begin, end in pairwise(path):
        count = max(1, math.ceil(abs(end[0] - begin[0]) / LENGTH_UM * COLUMNS))
        for part in range(1, count + 1):
            x_um, _, z_um = begin + (end - begin) * part / count
            yield float(x_um), float(z_um)


def depths_um(erosion: Erosion, *, wear: float) -> FloatArray:
    """Depth of the slot in columns of a step each, (n,) float, um."""
    end_area_um2 = math.pi * DIAMETER_UM**2 / 4
    floor = [0.0] * COLUMNS
    shorter_um = 0.0
    share = wear * WIDTH_UM * STEP_UM / end_area_um2
    for event in erosion.events:
        if isinstance(event, (Change, Dress, TouchOff)):
            shorter_um = 0.0
            continue
        assert isinstance(event, Erode)
        for path in event.paths:
            for x_um, z_um in commanded(path):
                column = min(int((x_um / LENGTH_UM + 0.5) * COLUMNS), COLUMNS - 1)
                # The end rises while it takes the column off: lowest where as much has worn as its height took.
                below_um = floor[column] - (z_um + shorter_um - MILLING.gap_front_um)
                taken_um = max(0.0, below_um) / (1 + share)
                floor[column] -= taken_um
                shorter_um += share * taken_um
    return -np.array(floor)


def test_an_exact_wear_ratio_gives_the_depth_all_along() -> None:
    for compensation in ("linear", "combined"):
        depth_um = depths_um(planned(assumed=WEAR, compensation=compensation), wear=WEAR)
        assert np.all(np.abs(depth_um[3:-3] - RELIEF_UM) < 0.5)


def test_without_compensation_next_to_nothing_is_cut() -> None:
    assert depths_um(planned(assumed=WEAR, compensation="none"), wear=WEAR).mean() == pytest.approx(3.7, rel=0.03)


def test_uniform_compensation_is_right_on_the_whole_and_off_along_the_path() -> None:
    depth_um = depths_um(planned(assumed=WEAR, compensation="uniform"), wear=WEAR)
    assert depth_um.min() == pytest.approx(38.0, rel=0.03)
    assert depth_um.max() == pytest.approx(42.9, rel=0.03)


@pytest.mark.parametrize(
    ("assumed", "touch_off_layers", "mean_um"),
    [(0.8 * WEAR, 0, 32.7), (1.2 * WEAR, 0, 47.3), (0.8 * WEAR, 5, 36.0), (0.8 * WEAR, 1, 38.5)],
)
def test_a_wear_ratio_that_is_off_shows_and_touching_helps(
    assumed: float, touch_off_layers: int, mean_um: float
) -> None:
    erosion = planned(assumed=assumed, compensation="combined", touch_off_layers=touch_off_layers)
    assert depths_um(erosion, wear=WEAR).mean() == pytest.approx(mean_um, rel=0.03)
    touches = [event for event in erosion.events if isinstance(event, TouchOff)]
    assert len(touches) == {0: 0, 5: 15, 1: 79}[touch_off_layers]


def test_direction_and_start_alternate_where_the_compensation_asks_for_it() -> None:
    for compensation, alternates in (("none", False), ("linear", False), ("uniform", True), ("combined", True)):
        events = list(planned(assumed=WEAR, compensation=compensation).eroding())
        starts = [next(iter(event.paths))[0, 0] for event in events]
        ways = [np.sign(next(iter(event.paths))[-1, 0] - start) for event, start in zip(events, starts, strict=True)]
        assert ways == ([1, -1] * 40 if alternates else [1] * 80), compensation
        assert np.allclose(np.abs(starts), LENGTH_UM / 2, atol=0.1)


def test_no_commanded_height_is_below_the_compensated_floor() -> None:
    """The lowest is the relief, less what all the volume of the slot wears off, and the two feeds are never added."""
    volume_um3 = (LENGTH_UM * WIDTH_UM + math.pi * REACH_UM**2) * RELIEF_UM
    worn_um = WEAR * volume_um3 / (math.pi * DIAMETER_UM**2 / 4)
    for compensation in ("uniform", "linear", "combined"):
        lowest_um = min(
            event.paths.points[:, 2].min() for event in planned(assumed=WEAR, compensation=compensation).eroding()
        )
        assert lowest_um == pytest.approx(MILLING.gap_front_um - RELIEF_UM - worn_um, rel=0.005)


def test_a_rod_is_dressed_before_its_budget_runs_out_and_the_floor_stays() -> None:
    milling = replace(MILLING, rods=(replace(ROD, budget_um=37.0, layer_um=2.0),))
    erosion = slot(milling)
    dresses = sum(isinstance(event, Dress) for event in erosion.events)
    volume_um3 = (LENGTH_UM * WIDTH_UM + math.pi * REACH_UM**2) * RELIEF_UM
    needed = WEAR * volume_um3 / (math.pi * DIAMETER_UM**2 / 4) / 37.0
    assert needed - 1 <= dresses <= needed * 1.1
    assert min(event.paths.points[:, 2].min() for event in erosion.eroding()) > -RELIEF_UM + 4.0 - 37.0 - 1e-6
    depth_um = depths_um(erosion, wear=WEAR)
    assert np.all(np.abs(depth_um[3:-3] - RELIEF_UM) < 0.5)
