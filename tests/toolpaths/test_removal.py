"""What toolpaths cut, against closed forms and against a pulse-by-pulse sum."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import Point, Polygon

from toolpaths import removal
from toolpaths.errors import ToolpathError
from toolpaths.laser.recipe import Ablation, Beam
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

PROCESS = Process(pulse_energy_j=0.35e-6, repetition_rate_hz=200e3, feed_um_s=200e3)
STEEL = Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)
BEAM = Beam(spot_radius_um=6, wavelength_um=1.03, beam_quality=1.2, line_spacing_um=4, ablation=STEEL)
RAYLEIGH_UM = math.pi * 36 / (1.2 * 1.03)
# ln(F0 / Fth) by hand: F0 = 2 x 0.35e-6 / (pi (6e-4)^2) J/cm2, Fth = 0.16 x 36^-0.19 J/cm2.
LOG_FLUENCE = math.log(0.7e-6 / (math.pi * 36e-8) / (0.16 * 36**-0.19))
CRATER_UM = 6 * math.sqrt(LOG_FLUENCE / 2)
VOLUME_UM3 = math.pi / 4 * 36 * 0.0135 * LOG_FLUENCE**2


@dataclass(frozen=True, slots=True)
class Ball:
    """A spherical tip; an infinite radius makes it flat."""

    nose_radius_um: float = math.inf
    edge_radius_um: float = 1e4

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return Point(0, 0).buffer(self.edge_radius_um, quad_segs=256)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.pi * self.edge_radius_um**2

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return 1 / self.nose_radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return math.pi * depth_um * (2 * self.nose_radius_um - depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.nose_radius_um - np.sqrt(self.nose_radius_um**2 - area_um2 / math.pi)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        if math.isinf(self.nose_radius_um):
            return np.where(np.hypot(x_um, y_um) <= self.edge_radius_um, 0.0, np.nan)
        return self.nose_radius_um * (self.normal_cosine(x_um, y_um) - 1)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        squared = (np.hypot(x_um, y_um) / self.nose_radius_um) ** 2
        inside = np.hypot(x_um, y_um) <= self.edge_radius_um
        return np.where(inside, np.sqrt(np.maximum(1 - squared, 0)), np.nan)


FLAT = Ball()


def one_operation(*paths: object, process: Process = PROCESS, repeats: int = 1) -> Toolpath:
    points = [np.array(path, dtype=np.float64) for path in paths]
    starts = np.cumsum([0, *(len(path) for path in points)])
    polylines = Polylines(points=np.concatenate(points), starts=starts)
    return Toolpath(
        blocks=(Block(repeats=repeats, operations=(Operation(name="test", process=process, paths=polylines),)),)
    )


def depth_um(toolpath: Toolpath, *, surface: Ball = FLAT, half_um: float = 60.0, pixel_um: float = 1.5) -> HeightMap:
    """The map of what was taken away."""
    result = cut(toolpath, surface=surface, beam_for=lambda _: BEAM, half_width_um=half_um, pixel_um=pixel_um)
    x_um, y_um = np.meshgrid(result.x_um(), result.y_um())
    return replace(result, z_um=surface.height_um(x_um, y_um) - result.z_um)


def line_profile_um(y_um: FloatArray, *, spot_um: float, log_fluence: float) -> FloatArray:
    """Depth beside a long line of one pulse each um: 8 d / (3 s w^2) (r^2 - y^2)^1.5, with r the crater's radius."""
    inside = np.maximum(spot_um**2 * log_fluence / 2 - y_um**2, 0)
    return 8 * 0.0135 / (3 * spot_um**2) * inside**1.5


@pytest.mark.parametrize("angle_deg", [0, 30, 45])
@pytest.mark.parametrize("offset_um", [0.0, 0.7])
def test_a_line_has_the_analytic_profile(angle_deg: float, offset_um: float) -> None:
    along = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    across = np.array([-along[1], along[0]])
    ends = [(*(offset_um * across + reach * along), 0.0) for reach in (-200, 200)]
    result = depth_um(one_operation(ends, repeats=10), pixel_um=0.5, half_um=30)
    x_um, y_um = np.meshgrid(result.x_um(), result.y_um())
    beside = x_um * across[0] + y_um * across[1] - offset_um
    expected = 10 * line_profile_um(beside, spot_um=6, log_fluence=LOG_FLUENCE)
    assert np.max(np.abs(result.z_um - expected)) < 0.015 * expected.max()


def test_a_line_on_the_working_grid_has_the_right_area_and_width() -> None:
    result = depth_um(one_operation([(-200, 0.4, 0), (200, 0.4, 0)]))
    profile = result.z_um.mean(axis=1)
    y_um = result.y_um()
    area = profile.sum() * 1.5
    assert area == pytest.approx(VOLUME_UM3, rel=2e-3)
    middle = (profile * y_um).sum() / profile.sum()
    assert middle == pytest.approx(0.4, abs=0.01)
    # The variance of (r^2 - y^2)^1.5 is r^2 / 6.
    assert (profile * (y_um - middle) ** 2).sum() / profile.sum() == pytest.approx(CRATER_UM**2 / 6, rel=0.01)


def test_one_pulse_makes_the_crater_of_the_closed_form() -> None:
    slow = replace(PROCESS, repetition_rate_hz=1e3, feed_um_s=1.0)
    pulses = 12 * 1e3 * 3  # what overlaps at this crawl, by the definition of N
    log_fluence = math.log(0.7e-6 / (math.pi * 36e-8) / (0.16 * pulses**-0.19))
    # A path of 1 nm at a pulse a nm, 1000 times.
    result = depth_um(one_operation([(0, 0, 0), (0.001, 0, 0)], process=slow, repeats=1000), half_um=20, pixel_um=0.25)
    volume = result.z_um.sum() * 0.25**2
    assert volume == pytest.approx(1000 * math.pi / 4 * 36 * 0.0135 * log_fluence**2, rel=2e-3)
    diameter = 2 * math.sqrt((result.z_um > 1e-3 * result.z_um.max()).sum() * 0.25**2 / math.pi)
    assert diameter == pytest.approx(2 * 6 * math.sqrt(log_fluence / 2), abs=0.3)
    assert result.z_um.max() == pytest.approx(1000 * 0.0135 * log_fluence, rel=0.01)


def test_a_hatch_is_as_deep_as_the_closed_form() -> None:
    lines = [[(-200, y, 0), (200, y, 0)] for y in np.arange(-150, 150, 4.0)]
    result = depth_um(one_operation(*lines, repeats=10))
    middle = np.hypot(*np.meshgrid(result.x_um(), result.y_um())) < 45
    assert result.z_um[middle].mean() == pytest.approx(10 * VOLUME_UM3 / 4, rel=0.005)
    # Between lines 4 um apart the analytic profiles leave a ripple of 4.3 % either way.
    assert np.ptp(result.z_um[middle]) < 0.1 * result.z_um[middle].mean()


def level_circles(radius_um: float, tip_radius_um: float) -> Toolpath:
    """Circles about a radius, 4 um apart, as a hatch that is level everywhere."""
    turn = np.linspace(0, 2 * np.pi, 721)
    radii = radius_um + 4.0 * np.arange(-8, 9)
    height = np.sqrt(tip_radius_um**2 - radii**2) - tip_radius_um
    circles = [
        np.stack([r * np.cos(turn), r * np.sin(turn), np.full(turn.size, z)], 1)
        for r, z in zip(radii, height, strict=True)
    ]
    return one_operation(*circles, repeats=10)


def test_a_slope_costs_depth_by_its_cosine() -> None:
    ball = Ball(nose_radius_um=1000, edge_radius_um=700)
    result = depth_um(level_circles(650, 1000), surface=ball, half_um=720)
    radius = np.hypot(*np.meshgrid(result.x_um(), result.y_um()))
    floor = result.z_um[np.abs(radius - 650) < 6].mean()
    steeper = LOG_FLUENCE + 0.5 * math.log(1 - 0.65**2)
    assert floor == pytest.approx(10 * VOLUME_UM3 / 4 * (steeper / LOG_FLUENCE) ** 2, rel=0.01)
    assert 0.73 < floor / (10 * VOLUME_UM3 / 4) < 0.76


@pytest.mark.parametrize("defocus_um", [-80.0, 40.0, 110.0])
def test_out_of_focus_a_line_is_wide_and_shallow(defocus_um: float) -> None:
    growth = math.hypot(1, defocus_um / RAYLEIGH_UM)
    log_fluence = LOG_FLUENCE - 2 * math.log(growth)
    result = depth_um(one_operation([(-200, 0, defocus_um), (200, 0, defocus_um)], repeats=10), pixel_um=0.5)
    expected = 10 * line_profile_um(result.y_um(), spot_um=6 * growth, log_fluence=log_fluence)
    profile = result.z_um[:, result.z_um.shape[1] // 2]
    assert np.max(np.abs(profile - expected)) < 0.03 * expected.max()
    assert profile.sum() == pytest.approx(expected.sum(), rel=5e-3)


def test_far_out_of_focus_nothing_is_cut() -> None:
    # The threshold is met where the spot has grown to sqrt(F0 / Fth).
    reach = RAYLEIGH_UM * math.sqrt(math.exp(LOG_FLUENCE) - 1)
    assert depth_um(one_operation([(-50, 0, -reach - 1), (50, 0, -reach - 1)])).z_um.max() == 0
    assert depth_um(one_operation([(-50, 0, -reach + 9), (50, 0, -reach + 9)], repeats=1000)).z_um.max() > 0


def test_half_the_energy_cuts_what_the_logarithm_leaves() -> None:
    lines = [[(-200, y, 0), (200, y, 0)] for y in np.arange(-150, 150, 4.0)]
    half = depth_um(one_operation(*lines, process=replace(PROCESS, pulse_energy_j=0.175e-6)))
    assert half.z_um.mean() == pytest.approx(
        VOLUME_UM3 / 4 * ((LOG_FLUENCE - math.log(2)) / LOG_FLUENCE) ** 2, rel=0.01
    )


def pulse_by_pulse_um(begin: FloatArray, end: FloatArray, ball: Ball, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    """Every pulse of a segment, one after the other, each with its own fluence and spot."""
    length = float(np.linalg.norm(end - begin))
    total = np.zeros_like(x_um)
    for place in np.arange(0.5, length):
        x, y, z = begin + (end - begin) * place / length
        here = np.array([x]), np.array([y])
        growth = math.hypot(1, (z - float(ball.height_um(*here)[0])) / RAYLEIGH_UM)
        level = LOG_FLUENCE + math.log(float(ball.normal_cosine(*here)[0])) - 2 * math.log(growth)
        distance = ((x_um - x) ** 2 + (y_um - y) ** 2) / (6 * growth) ** 2
        total += 0.0135 * np.maximum(level - 2 * distance, 0)
    return total


def test_lines_over_a_slope_out_of_focus_cut_what_their_pulses_cut() -> None:
    ball = Ball(nose_radius_um=150, edge_radius_um=120)
    generator = np.random.default_rng(7)
    begins = np.column_stack([generator.uniform(-80, 80, (12, 2)), generator.uniform(-60, 10, 12)])
    ends = begins + generator.uniform(-40, 40, (12, 3))
    segments = list(zip(begins, ends, strict=True))
    result = depth_um(one_operation(*segments), surface=ball, half_um=120, pixel_um=1.0)
    x_um, y_um = np.meshgrid(result.x_um(), result.y_um())
    expected = sum((pulse_by_pulse_um(*ends_of, ball, x_um, y_um) for ends_of in segments), np.zeros_like(x_um))
    on_tip = np.isfinite(result.z_um)
    assert expected.max() > 0.1
    assert result.z_um[on_tip].sum() == pytest.approx(expected[on_tip].sum(), rel=0.02)
    assert np.abs(result.z_um - expected)[on_tip].max() < 0.08 * expected.max()


def test_repeats_add_up_and_blocks_do_too() -> None:
    path = [(-40, -3, 0), (30, 20, 0)]
    once = depth_um(one_operation(path)).z_um
    thrice = depth_um(one_operation(path, repeats=3)).z_um
    both = depth_um(Toolpath(blocks=one_operation(path).blocks + one_operation(path, repeats=2).blocks)).z_um
    assert thrice == pytest.approx(3 * once, abs=1e-5)
    assert both == pytest.approx(thrice, abs=1e-5)


def test_a_map_shows_the_same_cut_however_much_lies_around_it() -> None:
    toolpath = one_operation([(-5000, 10, 0), (3000, 40, 0)], [(64, -30, -60), (64, 30, -60)], repeats=50)
    small, large = depth_um(toolpath), depth_um(toolpath, half_um=90)
    assert small.z_um == pytest.approx(large.z_um[20:-20, 20:-20], abs=0.02)
    assert large.z_um.max() > 10
    # The second line, well out of focus, lies outside the small map and reaches into it.
    assert small.z_um[len(small.z_um) // 2, -1] > 0.1


def test_the_map_ends_at_the_tips_edge() -> None:
    small = Ball(edge_radius_um=30)
    result = cut(
        one_operation([(-60, 0, 0), (60, 0, 0)]), surface=small, beam_for=lambda _: BEAM, half_width_um=40, pixel_um=1.0
    )
    radius = np.hypot(*np.meshgrid(result.x_um(), result.y_um()))
    assert np.array_equal(np.isnan(result.z_um), radius > 30)
    assert result.frame == "pin"
    assert (result.x0_um, result.y0_um, result.z_um.shape) == (-40, -40, (81, 81))


@dataclass(frozen=True, slots=True)
class Bar(Ball):
    """A flat bar 60 um by 20 um."""

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return shapely.box(-30.0, -10.0, 30.0, 10.0)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.where((np.abs(x_um) <= 30) & (np.abs(y_um) <= 10), 0.0, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.where((np.abs(x_um) <= 30) & (np.abs(y_um) <= 10), 1.0, np.nan)


def test_the_map_ends_at_the_boundary_of_a_tip_that_is_not_round() -> None:
    bar = Bar(edge_radius_um=math.hypot(30, 10))
    across = one_operation([(0.2, -60, 0), (0.2, 60, 0)], [(-60, 14, 0), (60, 14, 0)], repeats=10)
    result = cut(across, surface=bar, beam_for=lambda _: BEAM, half_width_um=40, pixel_um=0.5)
    x_um, y_um = np.meshgrid(result.x_um(), result.y_um())
    assert np.array_equal(np.isnan(result.z_um), (np.abs(x_um) > 30) | (np.abs(y_um) > 10))
    # The line across cuts as on any flat, but for the ends, where the half that lies beyond the face gives nothing.
    middle = np.abs(result.y_um()) < 3
    expected = 10 * line_profile_um(result.x_um() - 0.2, spot_um=6, log_fluence=LOG_FLUENCE)
    inside = np.abs(result.x_um()) <= 30
    profile = -result.z_um[middle][:, inside].mean(axis=0)
    assert np.max(np.abs(profile - expected[inside])) < 0.02 * expected.max()
    end = result.y_um() == 10.0
    assert -np.nanmin(result.z_um[end]) == pytest.approx(expected.max() / 2, rel=0.05)
    # The line beside the face, 4 um from it, cuts nothing: its pulses are left out, craters of 6 um and all.
    assert np.nanmax(-result.z_um[:, np.abs(x_um[0] - 20) < 5]) < 1e-6


def test_no_toolpath_leaves_the_surface() -> None:
    assert np.all(
        cut(Toolpath(blocks=()), surface=FLAT, beam_for=lambda _: BEAM, half_width_um=10, pixel_um=1.0).z_um == 0
    )


@pytest.mark.parametrize(
    ("path", "process", "message"),
    [
        ([(0, 0, 0), (math.nan, 0, 0)], PROCESS, "no number"),
        ([(0, 0, 0), (1, 0, 0)], replace(PROCESS, feed_um_s=0.0), "above 0"),
        ([(0, 0, 0), (1, 0, 0)], replace(PROCESS, pulse_energy_j=math.inf), "above 0"),
    ],
)
def test_what_cannot_be_cut_is_refused(path: list[tuple[float, ...]], process: Process, message: str) -> None:
    with pytest.raises(ToolpathError, match=message):
        depth_um(one_operation(path, process=process))


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    # 120 um in pixels of 1.5 um are 80 samples a line.
    monkeypatch.setattr(removal, "MOST_SAMPLES", 30_000)
    lines = [[(-60, 0, 0), (60, 0, 0)]] * 375
    depth_um(one_operation(*lines))
    with pytest.raises(ToolpathError, match="30080 samples"):
        depth_um(one_operation(*lines, lines[0]))
    with pytest.raises(ToolpathError, match="wider pixels"):
        depth_um(one_operation(*lines), half_um=200)
