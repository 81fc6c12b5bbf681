"""Tip surfaces against plane geometry, and the shipped pins."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.tips import PINS, FlatTip, Pin, SphericalTip, tip_of

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)
FLAT = FlatTip(edge_radius_um=900.0)


def height_um(tip: SphericalTip | FlatTip, x_um: float, y_um: float = 0.0) -> float:
    return float(tip.height_um(np.array(x_um), np.array(y_um)))


@pytest.mark.parametrize(("r_um", "fall_um"), [(0.0, 0.0), (450.0, 110.0), (650.0, 240.0)])
def test_the_fall_of_a_sphere_of_a_millimetre_as_published(r_um: float, fall_um: float) -> None:
    # Quoted to two decimals of a millimetre: 0.11 mm at r = 0.45 and 0.24 mm at r = 0.65.
    assert round(-height_um(BALL, r_um) / 1000, 2) == fall_um / 1000


@pytest.mark.parametrize(
    ("r_um", "height", "cosine"), [(600.0, -200.0, 0.8), (800.0, -400.0, 0.6), (280.0, -40.0, 0.96)]
)
def test_pythagorean_places(r_um: float, height: float, cosine: float) -> None:
    # 600-800-1000 and 280-960-1000 are right-angled.
    for x_um, y_um in ((r_um, 0.0), (0.0, -r_um), (-0.6 * r_um, 0.8 * r_um)):
        assert height_um(BALL, x_um, y_um) == pytest.approx(height, abs=1e-9)
        assert float(BALL.normal_cosine(np.array(x_um), np.array(y_um))) == pytest.approx(cosine, abs=1e-12)


@given(r_um=st.floats(1.0, 880.0), turn=st.floats(0.0, 6.28))
def test_the_cosine_is_that_of_the_heights_slope(r_um: float, turn: float) -> None:
    along = np.array([r_um - 0.5, r_um + 0.5])
    heights = BALL.height_um(along * math.cos(turn), along * math.sin(turn))
    slope = float(heights[1] - heights[0])
    cosine = float(BALL.normal_cosine(np.array(r_um * math.cos(turn)), np.array(r_um * math.sin(turn))))
    assert 1.0 / math.hypot(1.0, slope) == pytest.approx(cosine, rel=1e-5)


@pytest.mark.parametrize("tip", [BALL, FLAT], ids=["sphere", "flat"])
def test_there_is_nothing_beyond_the_edge(tip: SphericalTip | FlatTip) -> None:
    # A nanometre is allowed, which is how finely files are written.
    x_um = np.array([899.0, 900.0, 900.0009, 900.002, 901.0])
    for values in (tip.height_um(x_um, np.zeros(5)), tip.normal_cosine(np.zeros(5), x_um)):
        assert np.isfinite(values).tolist() == [True, True, True, False, False]
    assert tip.edge_radius_um == 900.0


def test_a_flat_is_flat() -> None:
    axis = np.linspace(-600.0, 600.0, 7)
    x_um, y_um = np.meshgrid(axis, axis)
    assert np.all(FLAT.height_um(x_um, y_um) == 0.0)
    assert np.all(FLAT.normal_cosine(x_um, y_um) == 1.0)
    assert math.isinf(FLAT.nose_radius_um)
    assert BALL.nose_radius_um == 1000.0


UNKNOWN = "shape: 'pyramid' is not known; use one of sphere, flat, ellipse, cone, chisel, revolved, measured"

# --- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tip"),
    [
        ("sphere-1.0", BALL),
        ("sphere-0.8", SphericalTip(radius_um=800.0, edge_radius_um=700.0)),
        ("flat-1.8", FLAT),
    ],
)
def test_the_shipped_pins_are_what_their_names_say(name: str, tip: SphericalTip | FlatTip) -> None:
    entry = PINS.load(name)
    assert tip_of(entry.value) == tip
    # No maker's drawing stands behind any of them.
    assert entry.sources
    assert all(source.prior and len(source.text) > 20 for source in entry.sources.values())


def test_no_other_pin_is_shipped() -> None:
    assert PINS.names() == (
        "chisel-1.8x0.7",
        "cone-0.8",
        "ellipse-1.6x0.9",
        "flat-1.8",
        "sphere-0.8",
        "sphere-1.0",
        "sphere-1.2",
        "worn-1.0",
    )


@pytest.mark.parametrize(
    ("shape", "radius_um", "edge_um", "faults"),
    [
        ("pyramid", None, 900.0, [UNKNOWN]),
        ("flat", 1000.0, 900.0, ["radius: a flat tip has none; remove it or write shape = 'sphere'"]),
        ("sphere", None, 900.0, ["radius: missing; a spherical tip needs its radius"]),
        ("sphere", 900.0, 900.0, ["edge_radius: 900 um must be less than the radius, 900 um"]),
        ("sphere", -5.0, 900.0, ["edge_radius: 900 um must be less than the radius, -5 um"]),
        ("flat", None, 0.0, ["edge_radius: 0 um must be positive"]),
        (
            "flat",
            10.0,
            -1.0,
            ["edge_radius: -1 um must be positive", "radius: a flat tip has none; remove it or write shape = 'sphere'"],
        ),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(
    shape: str, radius_um: float | None, edge_um: float, faults: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        Pin(description="x", shape=shape, radius_um=radius_um, edge_radius_um=edge_um)
    assert list(caught.value.faults) == faults


def test_an_edge_just_inside_the_sphere_is_taken() -> None:
    pin = Pin(description="x", shape="sphere", radius_um=900.0, edge_radius_um=899.9)
    assert tip_of(pin) == SphericalTip(radius_um=900.0, edge_radius_um=899.9)
