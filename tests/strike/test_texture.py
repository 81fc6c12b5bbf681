"""Roughness that is made has the size asked for; roughness that was made is found again."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from engrave.strike.texture import high_passed_um, texture_figures, texture_um

FloatArray = NDArray[np.float64]


def made(seed: int, *, shape: tuple[int, int] = (300, 311), rms_um: float = 1.0, length_um: float = 12.0) -> FloatArray:
    rng = np.random.default_rng(seed)
    field = texture_um(shape, pixel_um=2.0, rms_um=rms_um, correlation_um=length_um, rng=rng)
    return field.astype(np.float64)


@pytest.mark.parametrize("shape", [(300, 311), (311, 300), (256, 256), (1, 400), (400, 1)])
def test_a_map_has_the_shape_and_the_size_asked_for(shape: tuple[int, int]) -> None:
    fields = np.array([made(seed, shape=shape, rms_um=0.8) for seed in range(8)])
    assert fields.shape == (8, *shape)
    # A correlation length of 6 samples leaves some hundred independent places a map, in a line some dozens.
    assert np.sqrt(np.square(fields).mean()) == pytest.approx(0.8, rel=0.15 if min(shape) == 1 else 0.04)


def test_the_autocorrelation_is_the_gaussian_that_was_asked_for() -> None:
    fields = [made(seed) for seed in range(12)]
    for lag in (1, 3, 6, 9):
        along = np.mean([(field[:, lag:] * field[:, :-lag]).mean() for field in fields])
        down = np.mean([(field[lag:] * field[:-lag]).mean() for field in fields])
        expected = math.exp(-((2.0 * lag / 12.0) ** 2))
        assert along == pytest.approx(expected, abs=0.05)
        assert down == pytest.approx(expected, abs=0.05)


def test_opposite_edges_have_nothing_in_common() -> None:
    fields = [made(seed) for seed in range(40)]
    product = np.mean([(field[:, 0] * field[:, -1]).mean() for field in fields])
    # 40 maps of some 50 independent places on an edge.
    assert abs(product) < 4 / math.sqrt(40 * 50)


def test_a_seed_gives_one_map() -> None:
    assert np.array_equal(made(3), made(3))
    assert not np.array_equal(made(3), made(4))


@settings(deadline=None, max_examples=8)
@given(rms_um=st.floats(0.05, 5.0), length_um=st.floats(6.0, 20.0), seed=st.integers(0, 2**31))
def test_what_was_made_is_measured(rms_um: float, length_um: float, seed: int) -> None:
    figures = texture_figures(
        made(seed, shape=(400, 410), rms_um=rms_um, length_um=length_um), pixel_um=2.0, cutoff_um=math.inf
    )
    assert figures.rms_um == pytest.approx(rms_um, rel=0.15)
    assert figures.correlation_um == pytest.approx(length_um, rel=0.25)
    assert figures.correlation_um <= figures.along_um


def test_form_does_not_count() -> None:
    y, x = np.mgrid[:400, :410] * 2.0
    form_um = 40.0 + 0.03 * x - 0.01 * y + 1e-4 * x * x - 2e-4 * x * y
    rough_um = made(5, shape=(400, 410))
    plain = texture_figures(rough_um, pixel_um=2.0, cutoff_um=math.inf)
    bent = texture_figures(rough_um + form_um, pixel_um=2.0, cutoff_um=math.inf)
    assert bent.rms_um == pytest.approx(plain.rms_um, rel=1e-6)
    assert bent.correlation_um == pytest.approx(plain.correlation_um, rel=1e-6)


def test_striae_are_told_by_their_direction() -> None:
    rng = np.random.default_rng(1)
    lines = gaussian_filter(rng.standard_normal(400), 3.0)
    # Striae along y, so that heights change fastest along x.
    figures = texture_figures(np.tile(lines, (380, 1)), pixel_um=2.0, cutoff_um=math.inf)
    assert math.degrees(figures.across_rad) == pytest.approx(0.0, abs=10.0) or math.degrees(
        figures.across_rad
    ) == pytest.approx(180.0, abs=10.0)
    assert figures.along_um > 20 * figures.correlation_um


@pytest.mark.parametrize(("length_um", "passes"), [(80.0, 0.5), (20.0, 1.0), (1600.0, 0.0)])
def test_the_filter_passes_half_of_a_wave_as_long_as_its_cutoff(length_um: float, passes: float) -> None:
    # ISO 16610-61: the Gaussian's cutoff is where half of the amplitude passes.
    wave = np.sin(2 * np.pi * np.arange(800) * 2.0 / length_um)
    left = high_passed_um(np.tile(wave, (200, 1)), pixel_um=2.0, cutoff_um=80.0)[60:-60, 200:-200]
    assert math.sqrt(2.0) * left.std() == pytest.approx(passes, abs=0.02)


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ({"pixel_um": 0.0}, "pixel_um: 0.0 must be"),
        ({"rms_um": -1.0}, "rms_um: -1.0 must be"),
        ({"correlation_um": math.nan}, "correlation_um: nan must be"),
        ({"correlation_um": 1e6}, "longer than the map"),
    ],
)
def test_sizes_that_are_none_are_refused(how: dict[str, float], fault: str) -> None:
    sizes = {"pixel_um": 1.0, "rms_um": 1.0, "correlation_um": 5.0, **how}
    with pytest.raises(ValueError, match=fault):
        texture_um((20, 20), rng=np.random.default_rng(0), **sizes)


def test_a_flat_has_no_texture() -> None:
    with pytest.raises(ValueError, match="no texture to measure"):
        texture_figures(np.zeros((30, 30)), pixel_um=1.0, cutoff_um=math.inf)
