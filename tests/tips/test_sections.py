"""Areas above a depth: against formulas, against counted pixels, and back again."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.tips import ChiselTip, ConicalTip, EllipticalTip, FlatTip, GriddedTip, RevolvedTip, SphericalTip, Tip
from engrave.tips.sections import SectionTable

FloatArray = NDArray[np.float64]

RADII_UM = tuple(50.0 * step for step in range(15))
AXIS_UM = np.arange(-700.0, 701.0, 25.0)


def sampled(heights_um: FloatArray, half_x_um: float, half_y_um: float) -> GriddedTip:
    rows = tuple(tuple(row) for row in heights_um.tolist())
    outline = shapely.box(-half_x_um, -half_y_um, half_x_um, half_y_um)
    return GriddedTip(step_um=25.0, heights_um=rows, boundary=outline)


ACROSS, UP = np.meshgrid(AXIS_UM, AXIS_UM)
TIPS: dict[str, Tip] = {
    "sphere": SphericalTip(radius_um=1000.0, edge_radius_um=700.0),
    "ellipse": EllipticalTip(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=800.0, edge_y_um=450.0),
    "cone": ConicalTip(nose_radius_um=800.0, half_angle_rad=math.radians(60.0), edge_radius_um=800.0),
    "chisel": ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=60.0),
    "front": ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=60.0, front_radius_um=1000.0),
    "revolved": RevolvedTip(profile_r_um=RADII_UM, profile_z_um=tuple(-(r**2) / 2000.0 for r in RADII_UM)),
    "gridded": sampled(-(ACROSS**2) / 2000.0 - UP**2 / 4000.0, 600.0, 600.0),
}
EVERY = pytest.mark.parametrize("name", TIPS)


def section_um2(tip: Tip, depth_um: float) -> float:
    return float(tip.section_um2(np.array(depth_um)))


def depth_um(tip: Tip, area_um2: float) -> float:
    return float(tip.section_depth_um(np.array(area_um2)))


@EVERY
@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_a_section_is_the_area_that_is_counted(name: str, share: float) -> None:
    # As deep as the shallowest place of the outline at most, so that all of the section lies on the face.
    tip = TIPS[name]
    ring = shapely.segmentize(tip.boundary.buffer(-1e-3), 2.0).exterior
    shallowest = -np.nanmax(tip.height_um(*np.asarray(ring.coords)[:, :2].T))
    across, up = np.meshgrid(np.arange(-899.0, 900.0, 2.0), np.arange(-899.0, 900.0, 2.0))
    counted = 4.0 * np.count_nonzero(tip.height_um(across, up) >= -share * shallowest)
    assert section_um2(tip, share * shallowest) == pytest.approx(counted, rel=0.015)


@EVERY
@settings(max_examples=60)
@given(share=st.floats(0.0, 1.0))
def test_the_depth_of_a_section_is_the_depth(name: str, share: float) -> None:
    tip = TIPS[name]
    deepest = {"chisel": 59.0, "front": 110.0, "sphere": 990.0, "ellipse": 890.0}.get(name, 700.0)
    deep = share * deepest
    assert depth_um(tip, section_um2(tip, deep)) == pytest.approx(deep, abs=1e-6)


@EVERY
def test_sections_grow_with_depth_and_vanish_above_the_apex(name: str) -> None:
    tip = TIPS[name]
    areas = tip.section_um2(np.linspace(-10.0, 1200.0, 500))
    assert np.all(np.diff(areas) >= 0)
    assert section_um2(tip, -0.001) == 0.0
    assert depth_um(tip, 0.0) == 0.0
    assert areas.shape == (500,)


def test_a_spheres_cap_and_where_it_ends() -> None:
    tip = TIPS["sphere"]
    # A cap 200 deep has a rim of radius 600.
    assert section_um2(tip, 200.0) == pytest.approx(math.pi * 600.0**2)
    assert depth_um(tip, math.pi * 600.0**2) == pytest.approx(200.0)
    assert section_um2(tip, 1200.0) == pytest.approx(math.pi * 1e6)
    assert depth_um(tip, math.pi * 1e6 * 0.999999) == pytest.approx(999.0, abs=0.01)
    assert depth_um(tip, math.pi * 1e6 * 1.000001) == math.inf


def test_a_flat_touches_all_at_once() -> None:
    flat = FlatTip(edge_radius_um=900.0)
    assert flat.section_um2(np.array([-1e-9, 0.0, 5.0])).tolist() == [0.0, math.inf, math.inf]
    assert flat.section_depth_um(np.array([0.0, 1.0, 1e9])).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("deep", [0.01, 0.1, 1.0])
def test_a_shallow_ellipse_as_its_paraboloid(deep: float) -> None:
    assert section_um2(TIPS["ellipse"], deep) == pytest.approx(2 * math.pi * deep * math.sqrt(1600 * 900), rel=1e-3)


def test_an_ellipse_ends_where_its_lesser_radius_does() -> None:
    tip = TIPS["ellipse"]
    most = section_um2(tip, 900.0)
    assert section_um2(tip, 901.0) == most
    assert depth_um(tip, most) == pytest.approx(900.0)
    assert depth_um(tip, 1.000001 * most) == math.inf


def test_a_cone_goes_on_beyond_its_edge() -> None:
    # From the tangent point (400 from the axis) the flank falls 1 / sqrt(3) for each um outwards.
    tip, joint = TIPS["cone"], 800.0 * (1.0 - math.sqrt(0.75))
    for radius in (400.0, 600.0, 800.0, 5000.0):
        deep = joint + (radius - 400.0) / math.sqrt(3.0)
        assert section_um2(tip, deep) == pytest.approx(math.pi * radius**2, rel=1e-12)
        assert depth_um(tip, math.pi * radius**2) == pytest.approx(deep, rel=1e-12)


def test_a_chisel_touches_with_its_core_at_once() -> None:
    tip = TIPS["chisel"]
    long, wide = 1800.0 - 60.0 * math.sqrt(2.0), 700.0 - 60.0 * math.sqrt(2.0)
    assert section_um2(tip, 0.0) == pytest.approx(long * wide)
    assert depth_um(tip, 0.9 * long * wide) == 0.0
    # 12 deep on a round of 60 lies 36 outside the core (36-48-60).
    assert section_um2(tip, 12.0) == pytest.approx(long * wide + 72.0 * (long + wide) + math.pi * 36.0**2)
    # At the outline it has turned by 45 degrees; all of the round is 60 wide.
    assert section_um2(tip, 60.0 * (1.0 - math.sqrt(0.5))) == pytest.approx(tip.face_area_um2)
    most = long * wide + 120.0 * (long + wide) + math.pi * 60.0**2
    assert section_um2(tip, 500.0) == pytest.approx(most)
    assert depth_um(tip, 1.000001 * most) == math.inf


def test_a_cylindrical_front_touches_in_a_strip() -> None:
    # 40 deep on a cylinder of 1000 the strip is 560 wide (280-960-1000) and ends 40 deep in both edge rounds.
    tip = TIPS["front"]
    shallow = 2.0 * math.sqrt(2.0 * 1000.0 * 0.5) * (1800.0 - 60.0 * math.sqrt(2.0))
    assert section_um2(tip, 0.5) == pytest.approx(shallow, rel=0.01)
    assert 560.0 * (1800.0 - 60.0 * math.sqrt(2.0)) < section_um2(tip, 40.0) < 560.0 * 1825.0
    assert depth_um(tip, 1800.0 * 800.0) == math.inf


def test_a_measured_dome_goes_on_with_its_last_slope() -> None:
    # A paraboloid of radius 1000 known on a square: within it pi r^2, beyond it more than the square holds.
    tip = sampled(-(ACROSS**2 + UP**2) / 2000.0, 500.0, 500.0)
    assert section_um2(tip, 100.0) == pytest.approx(math.pi * 2000.0 * 100.0, rel=2e-3)
    # 160 deep: r = 566, a little outside the sides' middles, inside the corners.
    assert section_um2(tip, 160.0) == pytest.approx(math.pi * 2000.0 * 160.0, rel=1e-2)
    assert section_um2(tip, 400.0) > 1.3 * tip.face_area_um2


def test_a_measured_flat_is_a_flat() -> None:
    tip = sampled(0.0 * ACROSS, 500.0, 500.0)
    assert tip.section_um2(np.array([-1.0, 0.0, 1.0])).tolist() == [0.0, math.inf, math.inf]
    assert tip.section_depth_um(np.array([0.0, 1.0, 1e9])).tolist() == [0.0, 0.0, 0.0]
    assert (tip.mean_curvature_per_um, tip.nose_radius_um) == (0.0, math.inf)


def test_a_measured_ridge_ends_where_its_outline_leaves_it_level() -> None:
    # A cylinder along x: 5 deep the strip is 200 wide, and no longer than what was measured.
    tip = sampled(-(UP**2) / 2000.0, 500.0, 500.0)
    assert section_um2(tip, 5.0) == pytest.approx(1000.0 * 200.0, rel=0.01)
    assert depth_um(tip, 1000.0 * 100.0) == pytest.approx(1.25, rel=0.02)


def test_a_measured_flat_of_slight_tilt_and_noise_is_a_flat() -> None:
    rng = np.random.default_rng(5)
    tip = sampled(0.01 * ACROSS + rng.normal(0.0, 0.1, ACROSS.shape), 500.0, 500.0)
    # Across 1 mm it falls 10 um: from there on, at the latest, it is all flat.
    assert section_um2(tip, 12.0) == math.inf
    assert depth_um(tip, 1e9) < 12.0


def test_a_level_front_of_a_profile_touches_at_once() -> None:
    tip = RevolvedTip(profile_r_um=(0.0, 200.0, 400.0), profile_z_um=(0.0, 0.0, -100.0))
    assert section_um2(tip, 0.0) == pytest.approx(math.pi * 200.0**2)
    assert depth_um(tip, math.pi * 150.0**2) == 0.0
    assert section_um2(tip, 100.0) == pytest.approx(math.pi * 400.0**2)
    assert section_um2(tip, 150.0) > 1.1 * math.pi * 400.0**2


def test_of_equal_depths_the_table_keeps_the_greatest_area() -> None:
    table = SectionTable.of(np.array([0.0, 1.0, 1.0, 3.0]), np.array([0.0, 2.0, 4.0, 8.0]))
    assert table.section_um2(np.array([0.5, 1.0, 2.0, 4.0])).tolist() == [2.0, 4.0, 6.0, 10.0]
    assert table.section_depth_um(np.array([2.0, 6.0, 10.0])).tolist() == [0.5, 2.0, 4.0]
