"""Tips that are no plain sphere: heights, slopes, joins, outlines and curvatures against hand-made geometry."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import Polygon

from engrave.tips import (
    PINS,
    ChiselTip,
    ConicalTip,
    EllipticalTip,
    FlatTip,
    GriddedTip,
    RevolvedTip,
    SphericalTip,
    Tip,
    tip_of,
)
from engrave.tips.outlines import mean_curvature_per_um

FloatArray = NDArray[np.float64]

RADII_UM = tuple(50.0 * step for step in range(15))
OVAL = Polygon([(-500.0, -300.0), (500.0, -300.0), (600.0, 0.0), (500.0, 300.0), (-500.0, 300.0), (-550.0, 100.0)])


def gridded(height: Callable[[FloatArray, FloatArray], FloatArray], outline: Polygon, half_um: float) -> GriddedTip:
    axis = np.arange(-half_um, half_um + 1.0, 25.0)
    rows = height(*np.meshgrid(axis, axis)).tolist()
    return GriddedTip(step_um=25.0, heights_um=tuple(tuple(row) for row in rows), boundary=outline)


def ball(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(1000.0**2 - x_um**2 - y_um**2) - 1000.0)


TIPS: dict[str, Tip] = {
    "sphere": SphericalTip(radius_um=1000.0, edge_radius_um=700.0),
    "flat": FlatTip(edge_radius_um=700.0),
    "ellipse": EllipticalTip(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=800.0, edge_y_um=450.0),
    "cone": ConicalTip(nose_radius_um=800.0, half_angle_rad=math.radians(60.0), edge_radius_um=800.0),
    "chisel": ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=60.0),
    "front": ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=60.0, front_radius_um=1000.0),
    "revolved": RevolvedTip(profile_r_um=RADII_UM, profile_z_um=tuple(-(r**2) / 2000.0 for r in RADII_UM)),
    "gridded": gridded(ball, OVAL, 700.0),
}
EVERY = pytest.mark.parametrize("name", TIPS)


def height_um(tip: Tip, x_um: float, y_um: float = 0.0) -> float:
    return float(tip.height_um(np.array(x_um), np.array(y_um)))


def cosine_at(tip: Tip, x_um: float, y_um: float = 0.0) -> float:
    return float(tip.normal_cosine(np.array(x_um), np.array(y_um)))


# --- what every form must hold ----------------------------------------------------------------------------------------


@EVERY
def test_the_apex_is_level_and_nothing_stands_above_it(name: str) -> None:
    tip = TIPS[name]
    x_um, y_um = np.meshgrid(np.linspace(-900.0, 900.0, 181), np.linspace(-800.0, 800.0, 161))
    assert height_um(tip, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert cosine_at(tip, 0.0) == pytest.approx(1.0, abs=1e-9)
    assert np.nanmax(tip.height_um(x_um, y_um)) <= 1e-9
    assert np.nanmin(tip.normal_cosine(x_um, y_um)) > 0
    assert tip.height_um(x_um, y_um).shape == tip.normal_cosine(x_um, y_um).shape == x_um.shape


@EVERY
@settings(max_examples=60)
@given(x_um=st.floats(-990.0, 990.0), y_um=st.floats(-990.0, 990.0))
def test_the_surface_is_there_exactly_inside_its_boundary(name: str, x_um: float, y_um: float) -> None:
    # Straight sides may run 0.05 um inside a round edge; nearer than that either answer is right.
    tip, place = TIPS[name], shapely.Point(x_um, y_um)
    there = math.isfinite(height_um(tip, x_um, y_um))
    assert there == math.isfinite(cosine_at(tip, x_um, y_um))
    if tip.boundary.exterior.distance(place) > 0.06:
        assert there == bool(tip.boundary.contains(place))


@EVERY
@settings(max_examples=40)
@given(turn=st.floats(0.0, 6.28))
def test_the_boundary_is_found_on_both_sides(name: str, turn: float) -> None:
    tip = TIPS[name]
    ray = shapely.LineString([(0.0, 0.0), (2000.0 * math.cos(turn), 2000.0 * math.sin(turn))])
    reach = tip.boundary.intersection(ray).length
    for factor, there in (((reach - 0.01) / reach, True), ((reach + 0.2) / reach, False)):
        x_um, y_um = factor * reach * math.cos(turn), factor * reach * math.sin(turn)
        assert math.isfinite(height_um(tip, x_um, y_um)) == there


@EVERY
def test_edge_radius_and_area_are_those_of_the_boundary(name: str) -> None:
    tip = TIPS[name]
    corners = np.asarray(tip.boundary.exterior.coords)
    assert np.hypot(corners[:, 0], corners[:, 1]).max() == pytest.approx(tip.edge_radius_um, abs=0.06)
    assert tip.boundary.is_valid
    lost = tip.face_area_um2 - tip.boundary.area
    assert -1e-6 <= lost <= 0.05 * tip.boundary.length


@EVERY
@settings(max_examples=60)
@given(share=st.floats(0.02, 0.98), turn=st.floats(0.0, 6.28))
def test_the_cosine_is_that_of_the_heights_slopes(name: str, share: float, turn: float) -> None:
    tip = TIPS[name]
    ray = shapely.LineString([(0.0, 0.0), (2000.0 * math.cos(turn), 2000.0 * math.sin(turn))])
    reach = share * tip.boundary.intersection(ray).length
    x_um, y_um, half = reach * math.cos(turn), reach * math.sin(turn), 1e-3
    along_x = (height_um(tip, x_um + half, y_um) - height_um(tip, x_um - half, y_um)) / (2 * half)
    along_y = (height_um(tip, x_um, y_um + half) - height_um(tip, x_um, y_um - half)) / (2 * half)
    assert cosine_at(tip, x_um, y_um) == pytest.approx(1.0 / math.hypot(1.0, along_x, along_y), abs=2e-5)


@EVERY
def test_a_tip_is_a_value(name: str) -> None:
    tip = TIPS[name]
    again = pickle.loads(pickle.dumps(tip))  # noqa: S301 - our own bytes, as between worker processes
    assert again == tip
    assert hash(again) == hash(tip)
    assert height_um(again, 123.0, 45.0) == height_um(tip, 123.0, 45.0)


# --- ellipse ----------------------------------------------------------------------------------------------------------


def test_an_ellipse_of_equal_radii_is_a_sphere() -> None:
    even = EllipticalTip(radius_x_um=1000.0, radius_y_um=1000.0, edge_x_um=700.0, edge_y_um=700.0)
    sphere = SphericalTip(radius_um=1000.0, edge_radius_um=700.0)
    x_um, y_um = np.meshgrid(np.linspace(-720.0, 720.0, 49), np.linspace(-720.0, 720.0, 49))
    np.testing.assert_allclose(even.height_um(x_um, y_um), sphere.height_um(x_um, y_um), atol=1e-9)
    np.testing.assert_allclose(even.normal_cosine(x_um, y_um), sphere.normal_cosine(x_um, y_um), atol=1e-12)
    depth = np.array([0.0, 1.0, 300.0, 1000.0, 1500.0])
    np.testing.assert_allclose(even.section_um2(depth), sphere.section_um2(depth), rtol=1e-12)
    assert even.mean_curvature_per_um == pytest.approx(1e-3, rel=1e-9)
    assert even.nose_radius_um == pytest.approx(1000.0, rel=1e-6)


def test_each_axis_of_an_ellipse_is_a_circle_of_its_radius() -> None:
    # 960-1280-1600 and 360-810-886: z = sqrt(R^2 - r^2) - R.
    wide = EllipticalTip(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=1000.0, edge_y_um=600.0)
    assert height_um(wide, 960.0) == pytest.approx(-320.0, abs=1e-9)
    assert height_um(wide, 0.0, 540.0) == pytest.approx(-180.0, abs=1e-9)
    assert cosine_at(wide, 960.0) == pytest.approx(0.8, abs=1e-12)
    assert cosine_at(wide, 0.0, -540.0) == pytest.approx(0.8, abs=1e-12)


def test_an_ellipse_is_sharpest_across_its_ends() -> None:
    # At (800, 0), s = sqrt(3) / 2, the curvature across is (2 s / Ry + Rx (1 - s) / Ry^2) / (1 + s), by hand.
    s = math.sqrt(0.75)
    across = (2.0 * s / 900.0 + 1600.0 * (1.0 - s) / 900.0**2) / (1.0 + s)
    assert TIPS["ellipse"].nose_radius_um == pytest.approx(1.0 / across, rel=1e-6)


def test_a_small_face_of_an_ellipse_has_the_apexs_mean_curvature() -> None:
    tip = EllipticalTip(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=16.0, edge_y_um=9.0)
    assert tip.mean_curvature_per_um == pytest.approx((1.0 / 1600.0 + 1.0 / 900.0) / 2.0, rel=1e-4)


# --- cone -------------------------------------------------------------------------------------------------------------


def test_a_cone_by_plane_geometry() -> None:
    # A ball of 800 between flanks 60 degrees from the axis: they touch it 400 from the axis, 800 (1 - sin 60) deep,
    # and meet 800 / sin 60 below... above the ball's centre.
    cone = TIPS["cone"]
    deep_um = 800.0 * (1.0 - math.sqrt(0.75))
    assert height_um(cone, 400.0) == pytest.approx(-deep_um, abs=1e-9)
    assert height_um(cone, 0.0, -700.0) == pytest.approx(-deep_um - 300.0 / math.sqrt(3.0), abs=1e-9)
    assert cosine_at(cone, 700.0) == pytest.approx(math.sqrt(0.75), abs=1e-12)
    assert height_um(cone, 240.0, 0.0) == pytest.approx(math.sqrt(800.0**2 - 240.0**2) - 800.0, abs=1e-9)
    # Distance of the flank's line from the ball's centre is the radius, wherever on the flank it is taken.
    peak_um = height_um(cone, 700.0) + 700.0 / math.tan(math.radians(60.0)) + 800.0
    assert peak_um * math.sin(math.radians(60.0)) == pytest.approx(800.0, abs=1e-9)


def test_the_mean_curvature_of_a_cone_by_rings() -> None:
    # (k1 + k2) / 2 dA over its horizontal projection: 1/R on the nose, cos(half angle) / (2 r) on the flank.
    nose, flank = math.pi * 400.0**2 / 800.0, math.pi * 0.5 * (800.0 - 400.0)
    assert TIPS["cone"].mean_curvature_per_um == pytest.approx((nose + flank) / (math.pi * 800.0**2), rel=1e-12)


# --- chisel -----------------------------------------------------------------------------------------------------------


def test_a_chisel_by_plane_geometry() -> None:
    # An edge round of 60 turned by 45 degrees is 60 sin 45 wide and falls 60 (1 - cos 45).
    chisel, rim_um, fall_um = TIPS["chisel"], 60.0 * math.sqrt(0.5), 60.0 * (1.0 - math.sqrt(0.5))
    assert height_um(chisel, 850.0, 300.0) == 0.0
    assert height_um(chisel, 900.0, 100.0) == pytest.approx(-fall_um, abs=1e-9)
    assert height_um(chisel, -100.0, -350.0) == pytest.approx(-fall_um, abs=1e-9)
    assert cosine_at(chisel, 900.0, 0.0) == pytest.approx(math.sqrt(0.5), abs=1e-12)
    # Half way to the outline along a corner's diagonal, the corner being a ball.
    step = rim_um / 2.0 * math.sqrt(0.5)
    deep = height_um(chisel, 900.0 - rim_um + step, 350.0 - rim_um + step)
    assert deep == pytest.approx(math.sqrt(60.0**2 - (rim_um / 2.0) ** 2) - 60.0, abs=1e-9)
    # The outline's corners are rounded by the rim's width.
    assert math.isnan(height_um(chisel, 899.0, 349.0))
    assert chisel.face_area_um2 == pytest.approx(1800.0 * 700.0 - (4.0 - math.pi) * rim_um**2)
    assert (chisel.nose_radius_um, chisel.mean_curvature_per_um) == (60.0, 0.0)


def test_a_cylindrical_front_falls_across_and_not_along() -> None:
    front = TIPS["front"]
    assert height_um(front, 850.0, 0.0) == 0.0
    assert height_um(front, -500.0, 280.0) == pytest.approx(-40.0, abs=1e-9)
    assert cosine_at(front, 0.0, 280.0) == pytest.approx(0.96, abs=1e-12)
    # At the edge of the long side both falls add.
    edge_um = 60.0 * (1.0 - math.sqrt(0.5)) + 1000.0 - math.sqrt(1000.0**2 - 350.0**2)
    assert height_um(front, 0.0, 350.0) == pytest.approx(-edge_um, abs=1e-9)
    assert front.mean_curvature_per_um == pytest.approx(0.5 / 1000.0)


# --- joins ------------------------------------------------------------------------------------------------------------

JOINS = [
    ("cone", (400.0, 0.0), (1.0, 0.0)),
    ("chisel", (900.0 - 60.0 * math.sqrt(0.5), 100.0), (1.0, 0.0)),
    ("chisel", (-300.0, 350.0 - 60.0 * math.sqrt(0.5)), (0.0, 1.0)),
    ("front", (-300.0, -350.0 + 60.0 * math.sqrt(0.5)), (0.0, 1.0)),
    ("front", (900.0 - 60.0 * math.sqrt(0.5), 320.0), (1.0, 0.0)),
    ("revolved", (300.0, 0.0), (1.0, 0.0)),
    ("gridded", (250.0, 130.0), (1.0, 0.0)),
]


@pytest.mark.parametrize(("name", "place", "way"), JOINS)
def test_joins_are_continuous_in_height_and_slope(
    name: str, place: tuple[float, float], way: tuple[float, float]
) -> None:
    tip, half = TIPS[name], 1e-4
    heights = [height_um(tip, place[0] + s * half * way[0], place[1] + s * half * way[1]) for s in (-2, -1, 0, 1, 2)]
    before, after = (heights[1] - heights[0]) / half, (heights[4] - heights[3]) / half
    assert heights[1] == pytest.approx(heights[3], abs=3.0 * half)
    assert before == pytest.approx(after, abs=1e-4)
    cosines = [cosine_at(tip, place[0] + s * half * way[0], place[1] + s * half * way[1]) for s in (-1, 1)]
    assert cosines[0] == pytest.approx(cosines[1], abs=1e-4)


# --- revolved ---------------------------------------------------------------------------------------------------------


def test_a_profile_of_a_paraboloid_gives_the_paraboloid() -> None:
    # z = -r^2 / 2000 is straight over r^2: slope r / 1000, the least radius of curvature 1000 at the apex.
    tip = TIPS["revolved"]
    x_um = np.array([0.0, 12.5, 77.0, 333.3, 699.9])
    np.testing.assert_allclose(tip.height_um(x_um, 0.0 * x_um), -(x_um**2) / 2000.0, atol=1e-9)
    np.testing.assert_allclose(tip.normal_cosine(0.0 * x_um, x_um), 1 / np.hypot(1, x_um / 1000), atol=1e-12)
    assert tip.nose_radius_um == pytest.approx(1000.0, rel=1e-5)
    assert tip.mean_curvature_per_um == pytest.approx(math.sin(math.atan(0.7)) / 700.0, rel=1e-12)


def test_a_sphere_by_points_is_nearly_the_sphere() -> None:
    tip = RevolvedTip(profile_r_um=RADII_UM, profile_z_um=tuple(math.sqrt(1e6 - r * r) - 1e3 for r in RADII_UM))
    x_um = np.linspace(0.0, 700.0, 701)
    assert np.abs(tip.height_um(x_um, 0.0 * x_um) - ball(x_um, 0.0 * x_um)).max() < 0.1
    assert tip.mean_curvature_per_um == pytest.approx(1e-3, rel=5e-3)


@settings(max_examples=40)
@given(
    steps=st.lists(st.tuples(st.floats(5.0, 100.0), st.just(0.0) | st.floats(0.001, 40.0)), min_size=2, max_size=8),
    share=st.floats(0.0, 1.0),
)
def test_a_profile_passes_its_points_and_never_rises(steps: list[tuple[float, float]], share: float) -> None:
    radii, falls = (np.append(0.0, np.cumsum(values)) for values in zip(*steps, strict=True))
    tip = RevolvedTip(profile_r_um=tuple(radii.tolist()), profile_z_um=tuple((-falls).tolist()))
    np.testing.assert_allclose(tip.height_um(radii, 0.0 * radii), -falls, atol=1e-8)
    x_um = np.sort(np.append(radii, share * radii[-1]))
    assert np.all(np.diff(tip.height_um(x_um, 0.0 * x_um)) <= 1e-8)


# --- gridded ----------------------------------------------------------------------------------------------------------


def test_a_grid_of_25_um_reproduces_a_sphere() -> None:
    tip = gridded(ball, shapely.Point(0.0, 0.0).buffer(600.0, quad_segs=64), 700.0)
    x_um, y_um = np.meshgrid(np.linspace(-600.0, 600.0, 173), np.linspace(-600.0, 600.0, 173))
    heights, cosines = tip.height_um(x_um, y_um), tip.normal_cosine(x_um, y_um)
    true = np.where(np.isfinite(heights), np.hypot(x_um, y_um), 0.0)
    assert np.nanmax(np.abs(heights - (np.sqrt(1e6 - true**2) - 1e3))) < 0.05
    assert np.nanmax(np.abs(cosines - np.sqrt(1.0 - true**2 / 1e6))) < 1e-4
    assert np.isfinite(heights).mean() > 0.7
    assert tip.mean_curvature_per_um == pytest.approx(1e-3, rel=1e-5)
    assert tip.nose_radius_um == pytest.approx(1000.0, rel=0.01)
    assert tip.edge_radius_um == pytest.approx(600.0)


def test_rows_run_along_y_and_columns_along_x() -> None:
    # Radii of 1000 along x and 2000 along y; the highest sample becomes 0.
    tip = gridded(lambda x, y: 7.0 - x**2 / 2000.0 - y**2 / 4000.0, OVAL, 700.0)
    assert height_um(tip, 200.0, 0.0) == pytest.approx(-20.0, abs=1e-9)
    assert height_um(tip, 0.0, 200.0) == pytest.approx(-10.0, abs=1e-9)
    assert tip.boundary == OVAL
    assert tip.face_area_um2 == OVAL.area


def test_a_grid_may_be_longer_than_it_is_wide() -> None:
    x_um, y_um = np.meshgrid(np.arange(-600.0, 601.0, 25.0), np.arange(-300.0, 301.0, 25.0))
    rows = (-(x_um**2) / 2000.0 - y_um**2 / 4000.0).tolist()
    tip = GriddedTip(
        step_um=25.0, heights_um=tuple(map(tuple, rows)), boundary=shapely.box(-550.0, -250.0, 550.0, 250.0)
    )
    assert height_um(tip, 500.0, 200.0) == pytest.approx(-135.0, abs=1e-9)


# --- the sharpest curvature -------------------------------------------------------------------------------------------


def sharpest_per_um(tip: Tip, x_um: FloatArray, y_um: FloatArray) -> float:
    """Greatest principal curvature at the points, from second differences of heights 0.2 um apart."""
    step = 0.2
    near = {(i, j): tip.height_um(x_um + i * step, y_um + j * step) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    along_x, along_y = ((near[way] - near[-way[0], -way[1]]) / (2 * step) for way in ((1, 0), (0, 1)))
    bend_x, bend_y = ((near[way] + near[-way[0], -way[1]] - 2 * near[0, 0]) / step**2 for way in ((1, 0), (0, 1)))
    twist = (near[1, 1] + near[-1, -1] - near[1, -1] - near[-1, 1]) / (4 * step**2)
    first = np.stack([1 + along_x**2, along_x * along_y, along_x * along_y, 1 + along_y**2], axis=-1)
    second = np.stack([bend_x, twist, twist, bend_y], axis=-1) / np.sqrt(1 + along_x**2 + along_y**2)[:, None]
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    shape = np.linalg.solve(first[known].reshape(-1, 2, 2), second[known].reshape(-1, 2, 2))
    return float(np.abs(np.linalg.eigvals(shape)).max())


@pytest.mark.parametrize(("name", "half_x", "half_y"), [("ellipse", 800, 450), ("front", 900, 350)])
def test_the_nose_radius_is_the_least_on_the_face(name: str, half_x: int, half_y: int) -> None:
    tip = TIPS[name]
    # Coarse over a quarter of the face, fine in its outermost corner, where a chisel is sharpest.
    coarse = np.meshgrid(np.linspace(1.0, half_x, 90), np.linspace(1.0, half_y, 70))
    corner = np.meshgrid(np.linspace(half_x - 45.0, half_x, 90), np.linspace(half_y - 45.0, half_y, 90))
    x_um, y_um = (np.concatenate([coarse[axis].ravel(), corner[axis].ravel()]) for axis in (0, 1))
    assert tip.nose_radius_um == pytest.approx(1.0 / sharpest_per_um(tip, x_um, y_um), rel=0.02)


# --- curvature from the outline ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("outline", [OVAL, OVAL.reverse(), shapely.box(100.0, 50.0, 300.0, 150.0)])
def test_the_integral_round_any_outline_of_a_sphere_is_its_curvature(outline: Polygon) -> None:
    def lean(x_um: FloatArray, y_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        root = np.sqrt(1250.0**2 - x_um**2 - y_um**2)
        return x_um / root, y_um / root

    assert mean_curvature_per_um(outline, lean) == pytest.approx(1.0 / 1250.0, rel=1e-12)


def test_the_integral_on_a_level_face_is_nothing() -> None:
    assert mean_curvature_per_um(OVAL, lambda x, y: (0.0 * x, 0.0 * y)) == 0.0


# --- the shipped ones -------------------------------------------------------------------------------------------------

SHIPPED: dict[str, Any] = {
    "ellipse-1.6x0.9": (EllipticalTip, (1600.0, 900.0)),
    "chisel-1.8x0.7": (ChiselTip, (1800.0, 700.0)),
    "cone-0.8": (ConicalTip, (1600.0, 1600.0)),
    "worn-1.0": (RevolvedTip, (1700.0, 1700.0)),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_pins_have_the_form_and_size_of_their_names(name: str) -> None:
    entry, (kind, size) = PINS.load(name), SHIPPED[name]
    tip = tip_of(entry.value)
    assert isinstance(tip, kind)
    left, low, right, high = tip.boundary.bounds
    assert (right - left, high - low) == pytest.approx(size, abs=0.2)
    assert all(source.prior and len(source.text) > 20 for source in entry.sources.values())


def test_the_worn_pin_is_a_sphere_that_lost_its_nose() -> None:
    # 20 um below the old apex lies the new one, and beyond the shoulder the sphere of 1 mm goes on.
    worn = tip_of(PINS.load("worn-1.0").value)
    x_um = np.array([500.0, 600.0, 700.0, 800.0])
    np.testing.assert_allclose(worn.height_um(x_um, 0.0 * x_um), ball(x_um, 0.0 * x_um) + 20.0, atol=2.0)
    assert -1.0 < height_um(worn, 120.0) < ball(np.array(120.0), np.array(0.0)) + 8.0
    assert worn.section_um2(np.array(1.0)) > 8.0 * TIPS["sphere"].section_um2(np.array(1.0))
