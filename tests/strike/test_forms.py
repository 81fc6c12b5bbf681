"""Strikes with tips that are no spheres: sections, contact by Hertz's elliptic integrals, outlines of any form."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ellipe, ellipk
from shapely import Polygon

from engrave.strike import Blow, Condition, Impression, Primer, dent_touching_um, patch_reach_um, strike
from engrave.strike.contact import press, press_coarsely
from engrave.tips import ChiselTip, ConicalTip, EllipticalTip, FlatTip, GriddedTip, RevolvedTip, SphericalTip
from toolpaths.surface import HeightMap, Surface, centred_grid, disc

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Relief = Callable[[FloatArray, FloatArray], FloatArray]

MODULUS_PA = 79e9
PRIMER = Primer(
    description="test cup",
    thickness_um=500.0,
    yield_stress_pa=450e6,
    hardening_pa=0.0,
    reduced_modulus_pa=MODULUS_PA,
    backing=0.5,
    backing_least=0.0,
    backing_most=1.0,
)
DENT = Condition(description="test", dent_um=250.0)
PIXEL_UM = 4.0
# (0.70 + 0.45 b) at a backing of a half.
KAPPA = 0.925


@dataclass(frozen=True, slots=True, kw_only=True)
class Bowl:
    """A paraboloid z = -x^2 / 2 Rx - y^2 / 2 Ry within an ellipse; infinite radii make it a ridge or a plate."""

    radius_x_um: float
    radius_y_um: float
    edge_x_um: float
    edge_y_um: float

    @property
    def edge_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return max(self.edge_x_um, self.edge_y_um)

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return shapely.affinity.scale(disc(1000.0), self.edge_x_um / 1e3, self.edge_y_um / 1e3, origin=(0.0, 0.0))

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.pi * self.edge_x_um * self.edge_y_um

    @property
    def nose_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return min(self.radius_x_um, self.radius_y_um)

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface; at the apex."""
        return (1 / self.radius_x_um + 1 / self.radius_y_um) / 2

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """An ellipse with the semi-axes sqrt(2 Rx d) and sqrt(2 Ry d)."""
        return 2 * math.pi * math.sqrt(self.radius_x_um * self.radius_y_um) * np.asarray(depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """The same backwards."""
        return np.asarray(area_um2) / (2 * math.pi * math.sqrt(self.radius_x_um * self.radius_y_um))

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        height = -np.square(x_um) / (2 * self.radius_x_um) - np.square(y_um) / (2 * self.radius_y_um)
        inside = np.square(x_um / (self.edge_x_um + 1e-3)) + np.square(y_um / (self.edge_y_um + 1e-3)) <= 1
        return np.where(inside, height, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        slope = np.hypot(np.asarray(x_um) / self.radius_x_um, np.asarray(y_um) / self.radius_y_um)
        return np.where(np.isfinite(self.height_um(x_um, y_um)), 1 / np.hypot(1.0, slope), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """Two planes that fall by ``slope`` from a ridge along x, in a rectangle; with no slope a flat rectangle."""

    length_um: float
    width_um: float
    slope: float = 0.0

    @property
    def edge_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.hypot(self.length_um, self.width_um) / 2

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return shapely.box(-self.length_um / 2, -self.width_um / 2, self.length_um / 2, self.width_um / 2)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.length_um * self.width_um

    @property
    def nose_radius_um(self) -> float:
        """See toolpaths.surface.Surface; of no use here."""
        return math.inf

    @property
    def mean_curvature_per_um(self) -> float:
        """Half of the integral of the normal's outward part round the outline, over the area."""
        outward = self.slope / math.hypot(1.0, self.slope)
        return outward * 2 * self.length_um / (2 * self.face_area_um2)

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """The ridge's length times the width at a depth."""
        depth = np.asarray(depth_um, dtype=np.float64)
        return 2 * self.length_um * depth / self.slope if self.slope else np.full_like(depth, math.inf)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """The same backwards."""
        return np.asarray(area_um2) * self.slope / (2 * self.length_um) if self.slope else np.zeros_like(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        inside = (np.abs(x_um) <= self.length_um / 2 + 1e-3) & (np.abs(y_um) <= self.width_um / 2 + 1e-3)
        return np.where(inside, -self.slope * np.abs(y_um), np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.where(np.isfinite(self.height_um(x_um, y_um)), 1 / math.hypot(1.0, self.slope), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled:
    """A sphere that knows its sections from a table alone."""

    sphere: SphericalTip

    @property
    def edge_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.sphere.edge_radius_um

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return disc(self.sphere.edge_radius_um)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.pi * self.sphere.edge_radius_um**2

    @property
    def nose_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.sphere.radius_um

    @property
    def mean_curvature_per_um(self) -> float:
        """Half of (1 / A) times the outline times the normal's outward part, edge / R."""
        edge_um = self.sphere.edge_radius_um
        return 2 * math.pi * edge_um * (edge_um / self.sphere.radius_um) / (2 * self.face_area_um2)

    def _table(self) -> tuple[FloatArray, FloatArray]:
        radius_um = np.linspace(0.0, self.sphere.radius_um, 20_001)
        return self.sphere.radius_um - np.sqrt(self.sphere.radius_um**2 - radius_um**2), np.pi * radius_um**2

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """Between the table's rows."""
        return np.interp(depth_um, *self._table())

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """Between the table's rows, the other way."""
        depths_um, areas_um2 = self._table()
        return np.interp(area_um2, areas_um2, depths_um, right=math.inf)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.sphere.height_um(x_um, y_um)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.sphere.normal_cosine(x_um, y_um)


BOWL = Bowl(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=800.0, edge_y_um=600.0)
# Twice as long as wide, its patch cut off at the long sides.
LONG_BOWL = Bowl(radius_x_um=3000.0, radius_y_um=900.0, edge_x_um=800.0, edge_y_um=400.0)
PLATE = Roof(length_um=1400.0, width_um=500.0)
ROOF = Roof(length_um=1200.0, width_um=700.0, slope=0.5)
BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)
FLAT = FlatTip(edge_radius_um=400.0)
ELLIPSE = EllipticalTip(radius_x_um=1600.0, radius_y_um=900.0, edge_x_um=800.0, edge_y_um=450.0)
CONE = ConicalTip(nose_radius_um=800.0, half_angle_rad=math.radians(50.0), edge_radius_um=800.0)
CHISEL = ChiselTip(length_x_um=1400.0, width_y_um=600.0, edge_round_um=50.0)
ROUND_CHISEL = ChiselTip(length_x_um=1400.0, width_y_um=600.0, edge_round_um=50.0, front_radius_um=1000.0)
_RADII_UM = np.linspace(0.0, 900.0, 46)
TURNED = RevolvedTip(
    profile_r_um=tuple(_RADII_UM.tolist()),
    profile_z_um=tuple((np.sqrt(1000.0**2 - _RADII_UM**2) - 1000.0).tolist()),
)


def sampled_ball() -> GriddedTip:
    """The ball by its heights on a grid; beyond its equator they only guide the spline."""
    axis = np.linspace(-960.0, 960.0, 97)
    square = np.minimum(np.square(axis)[:, np.newaxis] + np.square(axis), 990.0**2)
    heights_um = np.sqrt(1000.0**2 - square) - 1000.0
    return GriddedTip(step_um=20.0, heights_um=tuple(map(tuple, heights_um.tolist())), boundary=disc(900.0))


FORMS: dict[str, Surface] = {
    "bowl": BOWL, "long bowl": LONG_BOWL, "plate": PLATE, "roof": ROOF, "ball": BALL, "flat": FLAT,
    "tabled": Tabled(sphere=BALL), "ellipse": ELLIPSE, "cone": CONE, "chisel": CHISEL, "round chisel": ROUND_CHISEL,
    "turned": TURNED, "sampled": sampled_ball(),
}  # fmt: skip
every_form = pytest.mark.parametrize("face", FORMS.values(), ids=FORMS.keys())


def blow(face: Surface, **changes: float) -> Blow:
    given = {"thickness_um": 500.0, "yield_stress_pa": 450e6, "hardening_pa": 0.0, "backing": 0.5} | changes
    return Blow(face=face, **given)


def grid(form: Surface, *, pixel_um: float = PIXEL_UM) -> tuple[FloatArray, FloatArray]:
    axis = centred_grid(half_width_um=form.edge_radius_um, pixel_um=pixel_um)
    x_um, y_um = np.meshgrid(axis, axis)
    return x_um, y_um


def pin(form: Surface, relief: Relief, *, pixel_um: float = PIXEL_UM) -> HeightMap:
    x_um, y_um = grid(form, pixel_um=pixel_um)
    return HeightMap(
        z_um=form.height_um(x_um, y_um) - relief(x_um, y_um),
        pixel_um=pixel_um,
        x0_um=float(x_um[0, 0]),
        y0_um=float(y_um[0, 0]),
        frame="pin",
    )


def smooth(x_um: FloatArray, _y_um: FloatArray) -> FloatArray:
    return np.zeros_like(x_um)


def lines(x_um: FloatArray, _y_um: FloatArray) -> FloatArray:
    """Lands 24 um wide, 120 um apart, floors 25 um deep; seen from the left other than from the right."""
    return np.where(np.mod(x_um - 10.0, 120.0) < 24.0, 0.0, 25.0)


def struck(
    form: Surface, relief: Relief = smooth, *, pixel_um: float = PIXEL_UM, condition: Condition = DENT
) -> Impression:
    return strike(pin(form, relief, pixel_um=pixel_um), form=form, primer=PRIMER, condition=condition)


def in_pin_frame(impression: Impression) -> FloatArray:
    return impression.surface.z_um[:, ::-1]


# --- the closed forms -------------------------------------------------------------------------------------------------


def test_the_patch_of_an_ellipse_by_hand() -> None:
    # 0.925 x 2 pi sqrt(1600 x 900) x 100 um2; p/Y = m + 0.5 (2.6 - m), m = 500 (1 / 1600 + 1 / 900) = 0.868.
    assert blow(BOWL).contact_area_um2(100.0) == pytest.approx(KAPPA * 2 * math.pi * 1200.0 * 100.0)
    assert blow(BOWL).pressure == pytest.approx(1.7340, abs=1e-4)
    # Hardening by 0.2 a x (k1 + k2) / 2: a = sqrt(222000) um, mean curvature 0.868 / 1000 per um.
    assert blow(BOWL, hardening_pa=150e6).mean_pressure_pa(100.0) == pytest.approx(
        1.7340 * (450e6 + 150e6 * 0.2 * math.sqrt(222_000) * 0.868e-3), rel=1e-4
    )


def test_a_ridge_bears_half_of_what_a_sphere_of_its_radius_does() -> None:
    """Laplace: one curved direction carries t Y / R, two carry 2 t Y / R."""
    ridge = Bowl(radius_x_um=1e12, radius_y_um=1000.0, edge_x_um=500.0, edge_y_um=500.0)
    assert blow(ridge, backing=0.0).pressure == pytest.approx(0.5 * blow(BALL, backing=0.0).pressure, rel=1e-6)


def test_a_hollow_face_has_no_membrane() -> None:
    hollow = Bowl(radius_x_um=-1000.0, radius_y_um=-1000.0, edge_x_um=500.0, edge_y_um=500.0)
    assert blow(hollow).pressure == pytest.approx(1.3)


@pytest.mark.parametrize("face", [BOWL, ROOF, BALL], ids=["bowl", "roof", "ball"])
@pytest.mark.parametrize("backing", [0.0, 0.5, 1.0])
def test_a_point_touches_once_the_patch_is_as_large_as_what_lies_above_it(face: Surface, backing: float) -> None:
    depths_um = np.array([0.0, 1.0, 40.0, 140.0])
    dents_um = dent_touching_um(depths_um, face=face, backing=backing)
    sections_um2 = face.section_um2(depths_um)
    assert (0.70 + 0.45 * backing) * face.section_um2(dents_um) == pytest.approx(sections_um2, rel=1e-9, abs=1e-6)
    assert dents_um.shape == depths_um.shape


def test_what_is_beyond_the_face_never_touches() -> None:
    assert dent_touching_um(np.array([[math.nan, 0.0]]), face=PLATE, backing=0.5).tolist() == [[math.inf, 0.0]]


@every_form
@given(dent_um=st.floats(0.5, 700.0), backing=st.floats(0.0, 1.0), hardening_pa=st.floats(0.0, 300e6))
@settings(max_examples=8)
def test_energy_and_dent_are_inverse_on_all_forms(
    face: Surface, dent_um: float, backing: float, hardening_pa: float
) -> None:
    one = blow(face, backing=max(backing, 0.01), hardening_pa=hardening_pa)
    assert one.dent_of_energy_um(one.energy_j(dent_um)) == pytest.approx(dent_um, rel=1e-6)


@every_form
def test_the_work_is_the_area_below_the_force(face: Surface) -> None:
    one = blow(face, hardening_pa=150e6)
    depths_um = np.linspace(0.0, 300.0, 2001)
    forces_n = [one.force_n(depth) for depth in depths_um.tolist()]
    assert one.energy_j(300.0) == pytest.approx(float(np.trapezoid(forces_n, depths_um)) * 1e-6, rel=1e-4)


@every_form
def test_deeper_never_touches_less_reaches_less_nor_beyond_the_face(face: Surface) -> None:
    dents_um = [1.0, 30.0, 100.0, 240.0, 400.0, 800.0]
    areas_um2 = [blow(face).contact_area_um2(dent) for dent in dents_um]
    reaches_um = [patch_reach_um(dent, face=face, backing=0.5) for dent in dents_um]
    assert areas_um2 == sorted(areas_um2)
    assert areas_um2[-1] <= face.face_area_um2
    assert reaches_um == sorted(reaches_um)
    assert reaches_um[-1] <= face.edge_radius_um


def test_the_deepest_dent_of_each_form() -> None:
    # Never beyond the cup; a sphere's radius, and its like: 2 / (1 / 600 + 1 / 400) = 480 um.
    assert blow(PLATE).most_um == blow(FLAT).most_um == blow(BALL).most_um == 1000.0
    small = Bowl(radius_x_um=600.0, radius_y_um=400.0, edge_x_um=200.0, edge_y_um=200.0)
    assert blow(small).most_um == pytest.approx(480.0)
    # All of a long nose may go in: section 2 pi 489.9 um x d = pi 800^2 um2 at 653 um.
    assert blow(replace(small, edge_x_um=800.0, edge_y_um=800.0)).most_um == pytest.approx(653.2, abs=0.1)


def test_how_far_the_patch_of_an_ellipse_reaches() -> None:
    # The section at d has the semi-axis sqrt(2 x 1600 d); its level is at d = 0.925 D.
    reach_um = patch_reach_um(100.0, face=BOWL, backing=0.5)
    assert reach_um == pytest.approx(math.sqrt(2 * 1600 * 92.5), rel=1e-3)


def test_a_patch_that_the_outline_cuts_off_reaches_farther_along_it() -> None:
    # At 0.925 x 100 um the section is an ellipse of 745 um by 408, of which 400 is there.
    def part(level_um: float) -> float:
        axes_um = math.sqrt(2 * 3000 * level_um) / 1000, math.sqrt(2 * 900 * level_um) / 1000
        section = shapely.affinity.scale(disc(1000.0), *axes_um, origin=(0.0, 0.0))
        return float(shapely.intersection(section, LONG_BOWL.boundary).area)

    wanted_um2 = KAPPA * 2 * math.pi * math.sqrt(3000 * 900) * 100.0
    levels_um = np.linspace(92.5, 107.0, 300)
    level_um = float(np.interp(wanted_um2, [part(level) for level in levels_um.tolist()], levels_um))
    assert level_um > 93.0
    assert patch_reach_um(100.0, face=LONG_BOWL, backing=0.5) == pytest.approx(math.sqrt(6000 * level_um), rel=1e-3)
    assert patch_reach_um(120.0, face=LONG_BOWL, backing=0.5) == 800.0


def test_how_far_the_patch_of_a_roof_reaches() -> None:
    # A strip of 1200 um, 0.925 x 4 x 100 um wide: its corner.
    assert patch_reach_um(100.0, face=ROOF, backing=0.5) == pytest.approx(math.hypot(600.0, 185.0), rel=1e-3)


@pytest.mark.parametrize("face", [BALL, Tabled(sphere=BALL)], ids=["sphere", "table"])
@pytest.mark.parametrize("dent_um", [0.5, 350.0, 640.0, 660.0, 1000.0])
def test_a_round_patch_reaches_as_far_as_its_radius(face: Surface, dent_um: float) -> None:
    assert patch_reach_um(dent_um, face=face, backing=0.5) == blow(face).contact_um(dent_um)


@pytest.mark.parametrize("face", [CHISEL, ROUND_CHISEL], ids=["flat", "cylinder"])
@pytest.mark.parametrize("backing", [0.0, 0.1, 0.5, 1.0])
def test_all_of_a_chisel_touches_soon_after_it_is_in(face: ChiselTip, backing: float) -> None:
    # The rounded edge has fallen by 50 um x (1 - cos 45 degrees), the cylinder by 46 um, and the cup gives way besides.
    fallen_um = 50.0 * (1 - math.sqrt(0.5)) + (46.0 if face.front_radius_um else 0.0)
    whole_um = blow(face, backing=backing).growing_um(1000.0)
    assert 0.5 * fallen_um < whole_um < fallen_um + 50.0
    assert patch_reach_um(whole_um + 0.1, face=face, backing=backing) == face.edge_radius_um
    depths_um = np.linspace(0.0, fallen_um, 20)
    dents_um = dent_touching_um(depths_um, face=face, backing=backing)
    assert np.all(np.diff(dents_um) >= 0)
    assert dents_um.max() <= fallen_um + 50.0


def test_a_chisels_level_front_touches_at_once_as_a_flat_does() -> None:
    # Its core: 1400 - 2 x 50 sin 45 degrees long and so much wide.
    core_um2 = (1400.0 - 100 * math.sqrt(0.5)) * (600.0 - 100 * math.sqrt(0.5))
    assert blow(CHISEL, backing=0.0).contact_area_um2(0.0) == pytest.approx(core_um2)
    assert dent_touching_um(np.array(0.0), face=CHISEL, backing=0.0) == 0.0
    assert blow(CHISEL, backing=0.0).pressure == 0.0
    # A cylinder in front is curved one way: 500 um x (1 / 1000 um).
    assert blow(ROUND_CHISEL, backing=0.0).pressure == pytest.approx(0.5)


# --- the contact ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EllipticHertz:
    """A paraboloid with two radii on a half-space, from the contact's semi-axes a along x and b along y, a > b.

    K. L. Johnson, Contact Mechanics (1985), 4.26 a to c, with the eccentricity e and the complete elliptic integrals
    K(e), E(e): 1 / 2 Rx = (p0 / E*) b / (e^2 a^2) (K - E), 1 / 2 Ry = (p0 / E*) b / (e^2 a^2) (E a^2 / b^2 - K),
    approach (p0 / E*) b K, force 2 pi a b p0 / 3.
    """

    a_um: float
    b_um: float
    peak_pa: float

    @property
    def eccentric(self) -> float:
        """The square of e, which SciPy's integrals take."""
        return 1 - (self.b_um / self.a_um) ** 2

    @property
    def radii_um(self) -> tuple[float, float]:
        """Rx and Ry."""
        scale = self.peak_pa / MODULUS_PA * self.b_um / (self.eccentric * self.a_um**2)
        big_k, big_e = float(ellipk(self.eccentric)), float(ellipe(self.eccentric))
        ratio = (self.a_um / self.b_um) ** 2
        return 1 / (2 * scale * (big_k - big_e)), 1 / (2 * scale * (ratio * big_e - big_k))

    @property
    def approach_um(self) -> float:
        """How far the apex stands below the undeformed surface."""
        return self.peak_pa / MODULUS_PA * self.b_um * float(ellipk(self.eccentric))

    @property
    def force_n(self) -> float:
        """The ellipsoid of pressures."""
        return 2 / 3 * math.pi * self.a_um * self.b_um * self.peak_pa * 1e-12


@pytest.mark.parametrize("b_um", [150.0, 75.0])
@pytest.mark.parametrize("samples", [127, 128])
def test_two_curvatures_press_an_ellipse_as_hertz_has_it(b_um: float, samples: int) -> None:
    hertz = EllipticHertz(a_um=250.0, b_um=b_um, peak_pa=5e9)
    radius_x_um, radius_y_um = hertz.radii_um
    assert radius_x_um > radius_y_um
    axis = (np.arange(samples) - (samples - 1) / 2) * 9.0
    x_um, y_um = np.meshgrid(axis, axis)
    z_um = -np.square(x_um) / (2 * radius_x_um) - np.square(y_um) / (2 * radius_y_um)
    tip = HeightMap(z_um=z_um, pixel_um=9.0, x0_um=float(axis[0]), y0_um=float(axis[0]), frame="pin")
    found = press(tip, force_n=hertz.force_n, reduced_modulus_pa=MODULUS_PA)
    assert found.approach_um == pytest.approx(hertz.approach_um, rel=2e-3)
    assert found.area_um2 == pytest.approx(math.pi * 250.0 * b_um, rel=0.03)
    assert found.pressure_pa.max() == pytest.approx(5e9, rel=0.01)
    # Moments of a pressure that is an ellipsoid over the contact: a^2 / 5, b^2 / 5.
    total = found.pressure_pa.sum()
    assert (found.pressure_pa * x_um**2).sum() / total == pytest.approx(250.0**2 / 5, rel=5e-3)
    assert (found.pressure_pa * y_um**2).sum() / total == pytest.approx(b_um**2 / 5, rel=5e-3)


def test_the_coarse_field_finds_the_same_ellipse() -> None:
    hertz = EllipticHertz(a_um=250.0, b_um=100.0, peak_pa=5e9)
    radius_x_um, radius_y_um = hertz.radii_um
    bowl = Bowl(radius_x_um=radius_x_um, radius_y_um=radius_y_um, edge_x_um=500.0, edge_y_um=250.0)
    found = press_coarsely(pin(bowl, smooth, pixel_um=2.0), force_n=hertz.force_n, reduced_modulus_pa=MODULUS_PA)
    assert found.approach_um == pytest.approx(hertz.approach_um, rel=5e-3)
    assert found.area_um2 == pytest.approx(math.pi * 250.0 * 100.0, rel=0.02)
    rows, columns = np.nonzero(found.touching)
    assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(2.5, rel=0.03)


def test_an_ellipsoid_that_yields_all_over_touches_force_over_hardness() -> None:
    found = press_coarsely(pin(BOWL, smooth), force_n=500.0, reduced_modulus_pa=MODULUS_PA, hardness_pa=800e6)
    # 500 N / 800 MPa in mm2.
    assert found.area_um2 == pytest.approx(0.625e6, rel=5e-3)


def test_a_rectangle_at_its_hardness_sinks_the_middle_as_boussinesq_has_it() -> None:
    # 4 p / (pi E*) (b asinh(a / b) + a asinh(b / a)) for half sides a and b: point loads over a rectangle.
    found = press_coarsely(
        pin(PLATE, smooth), force_n=0.9999 * 600e6 * 0.702e-6, reduced_modulus_pa=MODULUS_PA, hardness_pa=600e6
    )
    # 351 by 125 samples of 4 um.
    half_x, half_y = 702.0, 250.0
    sunk_um = (half_y * math.asinh(half_x / half_y) + half_x * math.asinh(half_y / half_x)) * 4 * 600e6 / MODULUS_PA
    middle = found.displacement_um.shape[0] // 2
    assert found.displacement_um[middle, middle] == pytest.approx(sunk_um / math.pi, rel=0.01)


# --- the strike -------------------------------------------------------------------------------------------------------


def test_a_sphere_known_from_a_table_strikes_as_a_sphere() -> None:
    for condition in (DENT, replace(DENT, dent_um=350.0, tilt_rad=math.radians(2.0), turn_rad=0.3)):
        known, tabled = (struck(face, lines, condition=condition) for face in (BALL, Tabled(sphere=BALL)))
        assert tabled.force_n == pytest.approx(known.force_n, rel=1e-6)
        assert tabled.energy_j == pytest.approx(known.energy_j, rel=1e-6)
        off_um = np.abs(tabled.surface.z_um - known.surface.z_um)
        # One sample more or less of the patch's edge.
        assert np.mean(off_um > 0.002) < 1e-4


@pytest.mark.parametrize("face", [TURNED, sampled_ball()], ids=["turned", "sampled"])
def test_a_sphere_given_by_points_strikes_as_a_sphere(face: Surface) -> None:
    known, given = (strike(pin(BALL, lines), form=form, primer=PRIMER, condition=DENT) for form in (BALL, face))
    assert given.force_n == pytest.approx(known.force_n, rel=2e-3)
    assert given.contact_um == pytest.approx(known.contact_um, rel=1e-3)
    inside = np.hypot(*grid(BALL)) < known.contact_um - 2 * PIXEL_UM
    assert np.abs(in_pin_frame(given) - in_pin_frame(known))[inside].max() < 0.2


@pytest.mark.parametrize("form", [BOWL, LONG_BOWL, PLATE, ROOF, ELLIPSE], ids=lambda form: type(form).__name__)
def test_a_turn_by_a_quarter_turns_the_impression(form: Surface) -> None:
    upright, turned = (
        in_pin_frame(struck(form, lines, condition=replace(DENT, turn_rad=turn_rad))) for turn_rad in (0.0, math.pi / 2)
    )
    off_um = np.abs(np.rot90(upright, -1) - turned)
    # A sample of an edge may fall on either side.
    assert np.mean(off_um > 0.1) < 5e-3
    assert np.abs(upright - turned).max() > 20.0


@pytest.mark.parametrize("form", [BOWL, PLATE, ROOF], ids=["bowl", "plate", "roof"])
def test_a_mirrored_tip_of_any_form_prints_a_mirrored_primer(form: Surface) -> None:
    tip = pin(form, lines)
    one, other = (
        strike(each, form=form, primer=PRIMER, condition=DENT).surface.z_um
        for each in (tip, replace(tip, z_um=tip.z_um[:, ::-1]))
    )
    off_um = np.abs(one[:, ::-1] - other)
    assert np.mean(off_um > 0.1) < 2e-3
    assert np.abs(one - other).max() > 20.0


@pytest.mark.parametrize("relief", [lines, lambda x_um, _y_um: 25.0 - lines(x_um, _y_um)], ids=["raised", "recessed"])
@pytest.mark.parametrize("form", [BOWL, LONG_BOWL, PLATE, ROOF], ids=["bowl", "long bowl", "plate", "roof"])
def test_volume_is_conserved_under_any_form(form: Surface, relief: Relief) -> None:
    marked, plain = (struck(form, kind) for kind in (relief, smooth))
    assert marked.surface.z_um.sum() == pytest.approx(plain.surface.z_um.sum(), rel=1e-5)
    assert marked.energy_j == plain.energy_j


def test_a_flat_rectangle_prints_all_of_its_face_and_nothing_beside_it() -> None:
    x_um, y_um = grid(PLATE)
    marked, plain = struck(PLATE, lines), struck(PLATE, smooth)
    inside = np.isfinite(PLATE.height_um(x_um, y_um))
    # 1400 um x 500 um as a disc.
    assert plain.contact_um == pytest.approx(math.sqrt(0.7e6 / math.pi), rel=0.01)
    printed_um = in_pin_frame(marked) - in_pin_frame(plain) + marked.sunk_um
    # p = 1.3 Y fills where the lands' share is below 1.3 / (2.97 (1 + s)): floors far enough from a land for its bend.
    open_floor = np.abs(np.mod(x_um - 34.0, 120.0) - 48.0) < 28.0
    assert printed_um[inside & open_floor] == pytest.approx(25.0, abs=0.01)
    assert np.all(in_pin_frame(marked)[~inside] - in_pin_frame(plain)[~inside] <= 0.002)
    assert np.all(np.isfinite(marked.surface.z_um))


@pytest.mark.parametrize(
    "form", [BOWL, LONG_BOWL, PLATE, ROOF, ELLIPSE, CONE, CHISEL, ROUND_CHISEL], ids=lambda form: type(form).__name__
)
def test_the_patch_is_as_large_as_the_closed_form_and_the_dent_as_deep(form: Surface) -> None:
    result = struck(form)
    one = blow(form)
    # Of a chisel the last per cent or two of the edge is in, too.
    assert result.contact_um == pytest.approx(one.contact_um(250.0), rel=0.015)
    sprung_um = np.nanmax(-result.surface.z_um)
    # Spring-back is at most 2 p a / E* of a disc as long as the face.
    most_um = 2 * one.mean_pressure_pa(250.0) * form.edge_radius_um / MODULUS_PA
    assert 250.0 - most_um < sprung_um < 250.0


@pytest.mark.parametrize("form", [BOWL, ROOF], ids=["bowl", "roof"])
def test_the_free_surface_begins_where_the_patch_ends_and_rises_to_the_cups_level(form: Surface) -> None:
    z_um = in_pin_frame(struck(form, condition=replace(DENT, dent_um=120.0)))
    middle = z_um.shape[0] // 2
    column = z_um[middle:, middle]
    # Across the roof's ridge, and the bowl's shorter axis: nowhere a step, ever higher, below the cup's level.
    assert np.abs(np.diff(column)).max() < 3.0
    assert np.all(np.diff(column) > -0.01)
    assert -30.0 < column[-1] <= 0.0


def test_a_leaning_plate_digs_in_with_one_edge_first() -> None:
    # Leaning by 3 degrees along its length, its ends are 73 um apart in depth; a dent of 30 um reaches 573 um along it.
    lean = replace(DENT, dent_um=30.0, tilt_rad=math.radians(3.0))
    shallow = struck(PLATE, condition=lean)
    x_um, y_um = grid(PLATE)
    reached = 30.0 / math.tan(math.radians(3.0))
    assert shallow.contact_um == pytest.approx(math.sqrt(reached * 500.0 / math.pi), rel=0.05)
    z_um = in_pin_frame(shallow)
    assert z_um.max() < 3.0
    inside = np.isfinite(PLATE.height_um(x_um, y_um))
    deepest = np.unravel_index(z_um.argmin(), z_um.shape)
    assert x_um[deepest] > 650.0
    assert np.abs(z_um[inside & (x_um < 700.0 - reached - 150.0)]).max() < 15.0
    # A dent of 250 um takes all of it in.
    deep = struck(PLATE, condition=replace(lean, dent_um=250.0))
    assert deep.contact_um == pytest.approx(math.sqrt(0.7e6 / math.pi), rel=0.01)


def test_a_dome_that_leans_rolls_and_has_the_same_patch() -> None:
    for dent_um in (120.0, 500.0):
        upright, leaning = (
            struck(ELLIPSE, condition=replace(DENT, dent_um=dent_um, tilt_rad=tilt_rad)) for tilt_rad in (0.0, 0.03)
        )
        assert leaning.contact_um == pytest.approx(upright.contact_um, rel=0.01)
        assert leaning.force_n == upright.force_n


def test_a_face_four_times_as_long_as_wide_is_struck_as_any_other() -> None:
    strip = Roof(length_um=1600.0, width_um=300.0)
    result = struck(strip, lines, pixel_um=3.0)
    assert result.contact_um == pytest.approx(math.sqrt(0.48e6 / math.pi), rel=0.01)
    assert np.all(np.isfinite(result.surface.z_um))
