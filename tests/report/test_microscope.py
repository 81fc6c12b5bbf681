"""The camera's pictures: brightness from geometry, symmetry, sampling, noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.report import photographed, ring_lit, side_lit
from engrave.report.microscope import ring_brightness
from toolpaths.surface import HeightMap, centred_grid

# The priors of engrave.report.microscope, on which the hand calculations below rest.
ROUGHNESS, DIFFUSE, AMBIENT = 0.30, 0.22, 0.03

Grey = NDArray[np.float32]


def _map(z_um: NDArray[np.float64], *, pixel_um: float = 2.0, frame: str = "reading") -> HeightMap:
    x0_um, y0_um = (-(count - 1) / 2 * pixel_um for count in z_um.shape[::-1])
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=x0_um, y0_um=y0_um, frame=frame)


def _plane(slope_x: float, slope_y: float, *, count: int = 101) -> HeightMap:
    axis = 2.0 * (np.arange(count) - count // 2)
    return _map(slope_x * axis[None, :] + slope_y * axis[:, None])


def _middle(grey: Grey) -> float:
    return float(grey[grey.shape[0] // 2, grey.shape[1] // 2])


def _lamp(grey: float) -> float:
    """The lamp's part of a brightness."""
    return (grey - AMBIENT) / (1.0 - AMBIENT)


def _mirror_slope(elevation_deg: float) -> float:
    """Slope whose normal bisects the camera's direction and the lamp's."""
    return math.tan(math.radians(90.0 - elevation_deg) / 2)


@pytest.mark.parametrize("elevation_deg", [35.0, 50.0, 70.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 135.0, 250.0])
def test_a_plane_under_one_lamp_has_the_brightness_of_the_formula(elevation_deg: float, azimuth_deg: float) -> None:
    zenith = math.radians(90.0 - elevation_deg)
    slope = _mirror_slope(elevation_deg)
    azimuth = math.radians(azimuth_deg)
    # A plane that falls towards the lamp leans towards it.
    mirror = _plane(-slope * math.cos(azimuth), -slope * math.sin(azimuth))
    lit = [
        _lamp(
            _middle(side_lit(surface, pixel_um=2.0, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg, blur_um=0.0))
        )
        for surface in (mirror, _plane(0.0, 0.0))
    ]
    # Mirror: n = h, so the lobe is 1 and nothing is masked. Level: n.h is the cosine of half the zenith angle.
    expected_mirror = DIFFUSE * math.cos(zenith / 2) + (1 - DIFFUSE)
    lobe = math.exp(-(math.tan(zenith / 2) ** 2) / ROUGHNESS**2) / math.cos(zenith / 2) ** 4
    expected_level = DIFFUSE * math.cos(zenith) + (1 - DIFFUSE) * lobe * math.cos(zenith / 2)
    assert lit[1] / lit[0] == pytest.approx(expected_level / expected_mirror, rel=2e-3)


def test_metal_that_looks_away_from_the_lamp_has_only_what_comes_from_all_around() -> None:
    away = _plane(1.5, 0.0)
    assert _middle(side_lit(away, pixel_um=2.0, azimuth_deg=0.0, elevation_deg=40.0)) == pytest.approx(
        AMBIENT, abs=1e-4
    )
    assert _middle(side_lit(away, pixel_um=2.0, azimuth_deg=180.0, elevation_deg=40.0)) > 0.25


@settings(max_examples=25, deadline=None)
@given(direction_deg=st.floats(0.0, 360.0), tilt_deg=st.floats(0.0, 75.0))
def test_under_the_ring_a_plane_looks_the_same_whichever_way_it_leans(direction_deg: float, tilt_deg: float) -> None:
    slope, direction = math.tan(math.radians(tilt_deg)), math.radians(direction_deg)
    leaning = _plane(slope * math.cos(direction), slope * math.sin(direction), count=41)
    grey = ring_lit(leaning, pixel_um=2.0, elevation_deg=45.0)
    straight = ring_lit(_plane(slope, 0.0, count=41), pixel_um=2.0, elevation_deg=45.0)
    assert _middle(grey) == pytest.approx(_middle(straight), abs=1e-4)


def test_the_ring_is_the_mean_of_lamps_all_round() -> None:
    slopes = (0.0, 0.3, 0.8)
    lamps, rings = [], []
    for slope in slopes:
        plane = _plane(slope, 0.0, count=41)
        round_deg = np.arange(0.5, 360.0, 4.0)
        lit = [_middle(side_lit(plane, pixel_um=2.0, azimuth_deg=azimuth, elevation_deg=40.0)) for azimuth in round_deg]
        lamps.append(_lamp(float(np.mean(lit))))
        rings.append(_lamp(_middle(ring_lit(plane, pixel_um=2.0, elevation_deg=40.0))))
    assert np.allclose(np.array(rings) / rings[0], np.array(lamps) / lamps[0], rtol=2e-3)


@pytest.mark.parametrize(("elevation_deg", "brightest_deg"), [(80.0, 0.0), (30.0, 30.0), (10.0, 40.0)])
def test_a_wall_is_brightest_where_it_bisects_camera_and_lamp(elevation_deg: float, brightest_deg: float) -> None:
    """Of a high ring level metal, of a low one metal tilted by half the lamp's angle from the axis."""
    tilts_deg = np.linspace(0.0, 89.0, 179)
    bright = ring_brightness(np.radians(tilts_deg), elevation_deg=elevation_deg)
    assert bright.max() == pytest.approx(1.0, abs=1e-3)
    assert tilts_deg[int(bright.argmax())] == pytest.approx(brightest_deg, abs=5.0)


def _rough(seed: int, shape: tuple[int, int] = (96, 96)) -> HeightMap:
    return _map(np.random.default_rng(seed).normal(0.0, 2.0, shape))


def test_the_ring_picture_turns_and_mirrors_with_the_map() -> None:
    surface = _rough(1)
    grey = ring_lit(surface, pixel_um=2.0)
    turned = ring_lit(_map(np.rot90(surface.z_um)), pixel_um=2.0)
    # The picture's rows run down and the map's up, so that the picture turns the other way round.
    assert np.allclose(turned, np.rot90(grey, -1), atol=1e-5)
    assert np.allclose(ring_lit(_map(surface.z_um[:, ::-1]), pixel_um=2.0), grey[:, ::-1], atol=1e-5)
    assert not np.allclose(grey, grey[:, ::-1], atol=0.1)


def test_the_side_light_mirrors_with_the_map_and_its_lamp() -> None:
    surface = _rough(2)
    grey = side_lit(surface, pixel_um=2.0, azimuth_deg=30.0)
    mirrored = side_lit(_map(surface.z_um[:, ::-1]), pixel_um=2.0, azimuth_deg=150.0)
    assert np.allclose(mirrored, grey[:, ::-1], atol=1e-5)


def _pit(x_um: float, y_um: float, *, depth_um: float = 20.0, half_um: float = 200.0) -> HeightMap:
    axis = centred_grid(half_width_um=half_um, pixel_um=2.0)
    x, y = np.meshgrid(axis, axis)
    return _map(-depth_um * np.clip((24.0 - np.hypot(x - x_um, y - y_um)) / 8.0, 0.0, 1.0))


@pytest.mark.parametrize("pixel_um", [1.0, 2.0, 3.1, 4.0])
def test_a_pit_is_dark_and_stands_where_it_is(pixel_um: float) -> None:
    grey = ring_lit(_pit(60.0, 100.0), pixel_um=pixel_um)
    assert grey.dtype == np.float32
    assert grey.shape == (math.floor(402 / pixel_um),) * 2
    dark = np.maximum(_middle(grey) - 0.1 - grey, 0.0)
    rows, columns = np.indices(grey.shape)
    middle = (grey.shape[0] - 1) / 2
    assert (dark * columns).sum() / dark.sum() == pytest.approx(middle + 60.0 / pixel_um, abs=0.3)
    assert (dark * rows).sum() / dark.sum() == pytest.approx(middle - 100.0 / pixel_um, abs=0.3)
    floor = grey[round(middle - 100.0 / pixel_um), round(middle + 60.0 / pixel_um)]
    assert floor < _middle(grey) - 0.3


def test_the_upper_left_wall_of_a_pit_is_dark_under_the_side_light() -> None:
    grey = side_lit(_pit(0.0, 0.0), pixel_um=2.0)
    offset = round(20.0 / math.sqrt(2.0) / 2.0)
    assert grey[100 - offset, 100 - offset] + 0.15 < grey[100 + offset, 100 + offset]


@pytest.mark.parametrize("blur_um", [4.0, 10.0])
def test_the_blur_widens_what_is_seen_by_its_variance(blur_um: float) -> None:
    sharp, blurred = (ring_lit(_pit(0.0, 0.0), pixel_um=2.0, blur_um=sigma_um) for sigma_um in (0.0, blur_um))
    variances = []
    for grey in (sharp, blurred):
        lost = (grey[0, 0] - grey).astype(np.float64)
        x_um = 2.0 * (np.arange(grey.shape[1]) - grey.shape[1] // 2)
        variances.append(float((lost * x_um**2).sum() / lost.sum()))
    # The kernel ends at three standard deviations, which takes 2.7 % of its variance.
    assert variances[1] - variances[0] == pytest.approx(blur_um**2, rel=0.04)


@pytest.mark.parametrize("light", ["ring", "side"])
def test_missing_samples_are_black_and_spread_to_their_neighbours_only(light: str) -> None:
    lit = ring_lit if light == "ring" else side_lit
    whole = _rough(3)
    z_um = whole.z_um.copy()
    z_um[40:60, 30:50] = np.nan
    grey, expected = lit(_map(z_um), pixel_um=2.0, blur_um=0.0), lit(whole, pixel_um=2.0, blur_um=0.0)
    assert np.all(grey[36:56, 30:50] == 0.0)
    assert np.count_nonzero(grey == 0.0) <= 22 * 22
    # Farther away only the surroundings' mean differs, that is the shade.
    assert np.abs(grey - expected)[:10].max() < 0.1
    assert np.all(lit(_map(np.full((9, 9), np.nan)), pixel_um=2.0) == 0.0)


def test_a_picture_is_the_same_every_time() -> None:
    assert np.array_equal(ring_lit(_rough(4), pixel_um=3.0), ring_lit(_rough(4), pixel_um=3.0))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"elevation_deg": 0.0}, "elevation"),
        ({"elevation_deg": 90.0}, "elevation"),
        ({"elevation_deg": math.nan}, "elevation"),
        ({"pixel_um": 0.0}, "pixel_um"),
        ({"pixel_um": math.inf}, "pixel_um"),
        ({"pixel_um": 1000.0}, "larger than"),
        ({"blur_um": -1.0}, "blur_um"),
    ],
)
def test_what_no_microscope_has_is_refused(changed: dict[str, float], match: str) -> None:
    for lit in (ring_lit, side_lit):
        with pytest.raises(ValueError, match=match):
            lit(_rough(5), **{"pixel_um": 2.0, **changed})


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)reading frame.*pixel_um.*azimuth"):
        side_lit(_map(np.zeros((9, 9)), frame="pin"), pixel_um=-1.0, azimuth_deg=math.inf)
    with pytest.raises(ValueError, match="reading frame"):
        ring_lit(_map(np.zeros((9, 9)), frame="pin"), pixel_um=1.0)
    with pytest.raises(ValueError, match="no samples"):
        ring_lit(_map(np.zeros((0, 9))), pixel_um=1.0)


def test_the_camera_adds_the_noise_that_is_asked_for() -> None:
    for level in (0.0, 0.5):
        grey = np.full((400, 400), 0.25 + level, dtype=np.float32)
        seen = photographed(grey, np.random.default_rng(6), noise=0.04).astype(np.float64) / 255.0
        assert seen.mean() == pytest.approx(0.25 + level, abs=1e-3)
        # Rounding to eight bits adds 1/12 of a step squared.
        variance = 0.04**2 * 0.5 * (1.25 + level) + (1 / 255) ** 2 / 12
        assert seen.std() == pytest.approx(math.sqrt(variance), rel=0.02)


def test_without_noise_the_camera_only_rounds() -> None:
    grey = np.array([[0.0, 0.5, 1.0, 128 / 255]], dtype=np.float32)
    assert photographed(grey, np.random.default_rng(0), noise=0.0).tolist() == [[0, 128, 255, 128]]
    assert photographed(grey, np.random.default_rng(0)).dtype == np.uint8


def test_the_noise_is_the_generator_s() -> None:
    grey = np.full((9, 9), 0.5, dtype=np.float32)
    first, again, other = (photographed(grey, np.random.default_rng(seed), noise=0.1) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_a_noise_that_is_none_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="noise"):
        photographed(np.zeros((2, 2), dtype=np.float32), np.random.default_rng(0), noise=noise)
