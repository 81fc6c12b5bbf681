"""Findings of milling against hand calculation, on both sides of every limit."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon, box

from toolpaths.edm.feasibility import estimate, milling_findings
from toolpaths.edm.milling import milling_plan
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.findings import Finding, Severity

FloatArray = NDArray[np.float64]

FINE = Rod(diameter_um=20.0, layer_um=1.0, stepover_um=14.0, feed_um_s=200.0, budget_um=300.0)
MILLING = Milling(
    name="bench",
    rods=(FINE,),
    gap_side_um=7.4,
    gap_front_um=5.0,
    wear_ratio=0.03,
    compensation="combined",
    touch_off_layers=5,
    retract_um=100.0,
    removal_um3_s=3250.0,
    chord_tolerance_um=0.1,
    calibrated=False,
    generator=(),
)
FIELD = box(-200, -100, 200, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A flat face."""

    edge_radius_um: float = 500.0
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
        """Flat."""
        return np.where(np.hypot(x_um, y_um) <= self.edge_radius_um, 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """Flat."""
        return np.where(np.hypot(x_um, y_um) <= self.edge_radius_um, 1.0, np.nan)


def found(land: MultiPolygon, milling: Milling = MILLING, field: Polygon = FIELD) -> dict[str, list[Finding]]:
    findings = milling_findings(land=land, field=field, relief_um=10.0, surface=Disc(), milling=milling)
    return {number: [f for f in findings if f.number == number] for number in {f.number for f in findings}}


def teeth(apart_um: float) -> MultiPolygon:
    return MultiPolygon([box(-40, -30, 0, 30), box(apart_um, -30, apart_um + 40, 30)])


def groove(width_um: float) -> MultiPolygon:
    return MultiPolygon([Polygon(FIELD.exterior, [box(-60, -width_um / 2, 60, width_um / 2).exterior])])


def test_teeth_must_stand_a_rod_and_its_gaps_apart() -> None:
    """20 um and twice 7.4 um: 34.8 um."""
    assert "E501" not in found(teeth(34.9))
    (finding,) = found(teeth(30.0))["E501"]
    assert finding.severity is Severity.ERROR
    assert finding.value == pytest.approx(30.0, abs=0.1)
    assert finding.limit == pytest.approx(34.8)
    assert finding.unit == "um"
    assert finding.place == "(15, 0) um"
    # What is left for a rod between the gaps is 15.2 um.
    assert "a rod of 15." in finding.remedy
    assert "34.8 um wide" in finding.remedy


def test_a_closed_gap_counts_however_small() -> None:
    """A square of 10 um within a land, far less than a square of the opening."""
    closed = MultiPolygon([Polygon(box(-40, -40, 40, 40).exterior, [box(-5, -5, 5, 5).exterior])])
    (finding,) = found(closed)["E501"]
    assert finding.value == pytest.approx(10.0, abs=0.2)


def test_no_rod_is_named_where_the_gaps_alone_fill_the_opening() -> None:
    (finding,) = found(teeth(14.0))["E501"]
    assert "rod" not in finding.remedy


def test_a_stroke_must_be_wider_than_the_rod_and_its_gaps() -> None:
    assert "E502" not in found(groove(34.9))
    narrow = found(groove(30.0))
    assert "E501" not in narrow
    (finding,) = narrow["E502"]
    assert finding.value == pytest.approx(30.0, abs=0.1)
    # A rod of 15 um and gaps of 5 um go through 25 um.
    fine = replace(MILLING, rods=(replace(FINE, diameter_um=15.0),), gap_side_um=5.0)
    assert "E502" not in found(groove(30.0), fine)
    assert "E502" in found(groove(24.5), fine)


def test_corners_and_calibration_are_told() -> None:
    told = found(teeth(60.0))
    assert told["E503"][0].value == pytest.approx(17.4)
    assert told["E507"][0].severity is Severity.WARNING
    assert "E507" not in found(teeth(60.0), replace(MILLING, calibrated=True))


def test_consumption_volume_and_time_by_hand() -> None:
    """The field is 400 by 200 um but for its corners, the land 80 by 60 um, the relief 10 um."""
    area_um2 = 400 * 200 - (4 - math.pi) * 17.4**2 - 2 * 40 * 60
    told = found(teeth(60.0))
    assert told["E508"][0].value == pytest.approx(area_um2 * 10 * 1e-9, rel=0.002)
    assert told["E504"][0].value == pytest.approx(0.03 * area_um2 * 10 / (math.pi * 100), rel=0.002)
    assert told["E505"][0].value == pytest.approx(area_um2 * 10 / 3250 / 60, rel=0.02)


def test_a_layer_should_not_outlast_a_budget() -> None:
    """A layer wears 7.1 um off."""
    assert "E506" not in found(teeth(60.0), replace(MILLING, rods=(replace(FINE, budget_um=7.3),)))
    assert "E506" in found(teeth(60.0), replace(MILLING, rods=(replace(FINE, budget_um=6.9),)))


def test_a_face_that_is_all_cut_leaves_nothing_to_touch() -> None:
    assert "E509" not in found(teeth(60.0))
    assert "E509" in found(teeth(60.0), field=Disc().boundary)
    assert "E509" not in found(teeth(60.0), replace(MILLING, touch_off_layers=0), field=Disc().boundary)


def test_an_estimate_agrees_with_the_volume_that_is_there() -> None:
    coarse = Rod(diameter_um=80.0, layer_um=2.0, stepover_um=56.0, feed_um_s=50.0, budget_um=1000.0)
    milling = replace(MILLING, rods=(coarse, FINE))
    land = teeth(60.0)
    plan = milling_plan(land=land, field=FIELD, taper_to=None, surface=Disc(), relief_um=10.0, milling=milling)
    told = estimate(plan, milling=milling)
    reached = shapely.difference(FIELD, land).buffer(-17.4, quad_segs=64).buffer(17.4, quad_segs=64)
    assert told.volume_um3 == pytest.approx(reached.area * 10, rel=0.01)
    for use, diameter_um in zip(told.rods, (80.0, 20.0), strict=True):
        assert use.worn_um == pytest.approx(0.03 * use.volume_um3 / (math.pi * diameter_um**2 / 4), rel=1e-9)
        assert use.path_um > use.volume_um3 / 100 / 10
    assert told.time_s >= told.volume_um3 / 3250
