"""The contact solver against known answers, and what must hold on any tip."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.contact import TIPS, Tip
from engrave.base.errors import InputError
from engrave.strike.contact import COARSE_SAMPLES, Contact, press, press_coarsely, press_to
from engrave.strike.reference import FlatPunch, Hertz, love_patch_um
from engrave.strike.squares import interpolated, summed
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

MODULUS_PA = 1e11
NOSE_UM = 1200.0
SPHERE = Hertz(nose_radius_um=NOSE_UM, reduced_modulus_pa=MODULUS_PA, approach_um=400.0**2 / NOSE_UM)
# A patch of 800 um in a window twice as wide, and a little more.
WINDOW_UM = 1640.0


def tip(z_um: FloatArray, *, pixel_um: float = 10.0) -> HeightMap:
    return HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=0.0, y0_um=0.0, frame="pin")


def axes(samples: int, *, window_um: float = WINDOW_UM) -> tuple[FloatArray, FloatArray, float]:
    pixel_um = window_um / samples
    axis = (np.arange(samples, dtype=np.float64) - (samples - 1) / 2) * pixel_um
    x_um, y_um = np.meshgrid(axis, axis)
    return x_um, y_um, pixel_um


def paraboloid(samples: int, *, off_um: float = 0.0) -> HeightMap:
    x_um, y_um, pixel_um = axes(samples)
    return tip(-((x_um - off_um) ** 2 + y_um**2) / (2 * NOSE_UM), pixel_um=pixel_um)


def square(side: int, window: int, *, rows: int | None = None) -> FloatArray:
    """A flat square of so many samples in the middle of nothing."""
    z_um = np.full((rows or window, window), np.nan)
    top, left = ((length - side) // 2 for length in z_um.shape)
    z_um[top : top + side, left : left + side] = 0.0
    return z_um


def bumpy(seed: int, samples: int = 48) -> HeightMap:
    """A dome with bumps, another for each seed, in the middle half of its window; not symmetric."""
    generator = np.random.default_rng(seed)
    x_um, y_um, pixel_um = axes(samples, window_um=480.0)
    bumps = sum(
        8.0 * np.exp(-((x_um - x) ** 2 + (y_um - y) ** 2) / 400.0) for x, y in generator.uniform(-80.0, 80.0, (6, 2))
    )
    z_um = bumps - (x_um**2 + y_um**2) / 2000.0 + generator.uniform(-0.05, 0.05) * x_um
    return tip(np.where(np.maximum(abs(x_um), abs(y_um)) <= 115.0, z_um, np.nan), pixel_um=pixel_um)


@pytest.mark.parametrize("off_um", [0.0, 3.7])
@pytest.mark.parametrize("samples", [191, 192, 255, 256])
def test_a_paraboloid_is_pressed_as_hertz_says(samples: int, off_um: float) -> None:
    found = press(paraboloid(samples, off_um=off_um), force_n=SPHERE.force_n, reduced_modulus_pa=MODULUS_PA)
    x_um, y_um, _ = axes(samples)
    radius_um = np.hypot(x_um - off_um, y_um)
    assert found.approach_um == pytest.approx(SPHERE.approach_um, rel=5e-4)
    assert found.force_n == pytest.approx(SPHERE.force_n, rel=1e-5)
    assert found.area_um2 == pytest.approx(math.pi * 400.0**2, rel=1e-2)
    assert found.pressure_pa.max() == pytest.approx(SPHERE.peak_pressure_pa, rel=1e-2)
    assert found.elastic_energy_j == pytest.approx(SPHERE.energy_j, rel=1e-2)
    # Everywhere in the window, beyond the half that the patch fits, too.
    assert found.displacement_um == pytest.approx(SPHERE.displacement_um(radius_um), abs=1e-3 * SPHERE.approach_um)
    inside = radius_um < 390.0
    expected_pa = SPHERE.pressure_pa(radius_um)
    assert found.pressure_pa[inside] == pytest.approx(expected_pa[inside], abs=1e-2 * SPHERE.peak_pressure_pa)


@pytest.mark.parametrize("samples", [127, 128])
def test_the_force_of_an_approach_is_hertzs(samples: int) -> None:
    found = press_to(paraboloid(samples), approach_um=SPHERE.approach_um, reduced_modulus_pa=MODULUS_PA)
    assert found.force_n == pytest.approx(SPHERE.force_n, rel=1e-2)
    assert found.approach_um == SPHERE.approach_um


@pytest.mark.parametrize("samples", [255, 256])
def test_a_flat_punch_is_pressed_as_boussinesq_says(samples: int) -> None:
    x_um, y_um, pixel_um = axes(samples)
    radius_um = np.hypot(x_um, y_um)
    punch = FlatPunch(radius_um=400.0, reduced_modulus_pa=MODULUS_PA, approach_um=5.0)
    flat = tip(np.where(radius_um <= 400.0, 0.0, np.nan), pixel_um=pixel_um)
    found = press(flat, force_n=punch.force_n, reduced_modulus_pa=MODULUS_PA)
    assert found.approach_um == pytest.approx(5.0, rel=1e-2)
    assert found.area_um2 == pytest.approx(math.pi * 400.0**2, rel=1e-2)
    assert found.elastic_energy_j == pytest.approx(punch.energy_j, rel=1e-2)
    inside, outside = radius_um < 250.0, radius_um > 450.0
    assert found.pressure_pa[inside] == pytest.approx(punch.pressure_pa(radius_um[inside]), rel=1e-2)
    assert found.displacement_um[outside] == pytest.approx(punch.displacement_um(radius_um[outside]), rel=1e-2)
    again = press_to(flat, approach_um=5.0, reduced_modulus_pa=MODULUS_PA)
    assert again.force_n == pytest.approx(punch.force_n, rel=1e-2)


@pytest.mark.parametrize(("side", "window"), [(31, 63), (32, 65), (31, 64), (32, 64)])
def test_a_square_pressed_at_its_hardness_sinks_as_love_says(side: int, window: int) -> None:
    pixel_um, hardness_pa = 10.0, 1e9
    force_n = hardness_pa * (side * pixel_um * 1e-6) ** 2
    found = press(
        tip(square(side, window)), force_n=0.999999 * force_n, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa
    )
    place_um = pixel_um * (np.arange(window, dtype=np.float64) - (window - side) // 2 - (side - 1) / 2)
    x_um, y_um = np.meshgrid(place_um, place_um)
    expected_um = love_patch_um(
        x_um, y_um, half_side_um=side * pixel_um / 2, pressure_pa=hardness_pa, reduced_modulus_pa=MODULUS_PA
    )
    assert found.displacement_um == pytest.approx(expected_um, rel=1e-3)
    # (8 b p / pi E*) ln(1 + sqrt 2) in the middle.
    middle_um = 8 * side * pixel_um / 2 * 0.01 / math.pi * math.log(1 + math.sqrt(2))
    assert found.displacement_um.max() == pytest.approx(middle_um, rel=1e-2)


@pytest.mark.parametrize("samples", [127, 128])
def test_where_all_yields_area_is_force_over_hardness(samples: int) -> None:
    # p0 would be 21 GPa: at 1.2 GPa all but the rim yields. 900 N / 1.2 GPa = 0.75 mm2 needs a patch of 977 um.
    x_um, y_um, pixel_um = axes(samples, window_um=2000.0)
    found = press(
        tip(-(x_um**2 + y_um**2) / (2 * NOSE_UM), pixel_um=pixel_um),
        force_n=900.0,
        reduced_modulus_pa=MODULUS_PA,
        hardness_pa=1.2e9,
    )
    assert found.area_um2 == pytest.approx(0.75e6, rel=1e-2)
    assert found.pressure_pa.max() <= 1.2e9 * (1 + 1e-6)
    # a^2 / 2 R, and what a uniform pressure on a disc sinks its edge by: 4 p a / pi E*.
    radius_um = math.sqrt(0.75e6 / math.pi)
    expected_um = radius_um**2 / (2 * NOSE_UM) + 4 * 0.012 * radius_um / math.pi
    assert found.approach_um == pytest.approx(expected_um, rel=1e-2)


@pytest.mark.parametrize("samples", [63, 64])
def test_the_work_of_the_approach_is_the_energy_that_is_stored(samples: int) -> None:
    body = bumpy(5, samples)
    first_um = -float(np.nanmax(body.z_um))
    last_um = first_um + 15.0
    # Gauss and Legendre, twelve places; the force begins with the power 3/2.
    places, weights = np.polynomial.legendre.leggauss(12)
    approaches = first_um + 7.5 * (places + 1.0)
    forces = [
        press_to(body, approach_um=float(approach), reduced_modulus_pa=MODULUS_PA).force_n for approach in approaches
    ]
    work_j = 7.5 * float(np.dot(weights, forces)) * 1e-6
    stored_j = press_to(body, approach_um=last_um, reduced_modulus_pa=MODULUS_PA).elastic_energy_j
    assert work_j == pytest.approx(stored_j, rel=1e-2)


@pytest.mark.parametrize("hardness_pa", [2e9, math.inf])
@pytest.mark.parametrize("samples", [47, 48])
def test_a_mirrored_tip_is_pressed_mirrored(samples: int, hardness_pa: float) -> None:
    body = bumpy(3, samples)
    force_n = 40.0
    one = press(body, force_n=force_n, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa)
    for turned in (np.fliplr, np.flipud, np.transpose):
        other = press(
            replace(body, z_um=turned(body.z_um)),
            force_n=force_n,
            reduced_modulus_pa=MODULUS_PA,
            hardness_pa=hardness_pa,
        )
        assert other.approach_um == pytest.approx(one.approach_um, rel=1e-3)
        assert other.displacement_um == pytest.approx(turned(one.displacement_um), rel=1e-2)
        close = np.abs(other.pressure_pa - turned(one.pressure_pa)) <= 0.01 * one.pressure_pa.max()
        assert np.all(close)


@given(seed=st.integers(0, 10_000), force_n=st.floats(1.0, 40.0), yields=st.booleans())
def test_the_surface_lies_on_the_tip_or_clear_of_it_or_is_at_its_hardness(
    seed: int, force_n: float, *, yields: bool
) -> None:
    body = bumpy(seed)
    hardness_pa = 3e9 if yields else math.inf
    found = press(body, force_n=force_n, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa)
    assert found.force_n == pytest.approx(force_n, rel=1e-5)
    assert np.all(found.pressure_pa >= 0.0)
    assert np.all(found.pressure_pa <= hardness_pa * (1 + 1e-6))
    assert np.array_equal(found.touching, found.pressure_pa > 0.0)
    there = np.isfinite(body.z_um)
    assert not found.touching[~there].any()
    clearance_um = found.displacement_um[there] - (body.z_um[there] + found.approach_um)
    pressure_pa = found.pressure_pa[there]
    # The solver stops at 5e-5 of the deepest sinking, root mean square; single samples may be off by more.
    off_um = 2e-3 * found.displacement_um.max()
    at_hardness = pressure_pa >= hardness_pa * (1 - 1e-6)
    assert np.all(clearance_um[pressure_pa <= 0.0] >= -off_um)
    assert np.all(clearance_um[at_hardness] <= off_um)
    assert np.all(np.abs(clearance_um[(pressure_pa > 0.0) & ~at_hardness]) <= off_um)


@given(seed=st.integers(0, 10_000), force_n=st.floats(2.0, 40.0), yields=st.booleans())
def test_force_and_approach_are_inverse(seed: int, force_n: float, *, yields: bool) -> None:
    body, hardness_pa = bumpy(seed), 3e9 if yields else math.inf
    pressed = press(body, force_n=force_n, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa)
    again = press_to(body, approach_um=pressed.approach_um, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa)
    assert again.force_n == pytest.approx(force_n, rel=1e-2)


@given(seed=st.integers(0, 10_000), force_n=st.floats(2.0, 30.0))
def test_a_greater_force_goes_deeper_and_a_harder_metal_less_deep(seed: int, force_n: float) -> None:
    def found(force: float, hardness_pa: float) -> Contact:
        return press(bumpy(seed), force_n=force, reduced_modulus_pa=MODULUS_PA, hardness_pa=hardness_pa)

    one, more, harder = found(force_n, 3e9), found(1.2 * force_n, 3e9), found(force_n, 4e9)
    assert more.approach_um > one.approach_um > harder.approach_um * (1 - 1e-3)
    assert more.area_um2 >= one.area_um2
    assert harder.area_um2 <= one.area_um2


@given(scale=st.floats(0.01, 100.0), stiffer=st.floats(0.01, 100.0))
def test_lengths_and_pressures_scale(scale: float, stiffer: float) -> None:
    body = bumpy(7)
    larger = replace(body, z_um=scale * body.z_um, pixel_um=scale * body.pixel_um)
    one = press(body, force_n=20.0, reduced_modulus_pa=MODULUS_PA, hardness_pa=5e9)
    other = press(
        larger,
        force_n=20.0 * stiffer * scale**2,
        reduced_modulus_pa=stiffer * MODULUS_PA,
        hardness_pa=stiffer * 5e9,
    )
    assert other.approach_um == pytest.approx(scale * one.approach_um, rel=1e-3)
    assert other.area_um2 == pytest.approx(scale**2 * one.area_um2, rel=1e-2)


def test_a_tilted_plane_prints_a_plane() -> None:
    z_um = square(25, 64)
    z_um = z_um + 0.002 * np.arange(64)
    found = press(tip(z_um), force_n=50.0, reduced_modulus_pa=MODULUS_PA)
    there = np.isfinite(z_um)
    assert np.all(found.touching[there])
    assert found.displacement_um[there] == pytest.approx(z_um[there] + found.approach_um, rel=1e-3)
    # The side that reaches farther presses harder.
    assert found.pressure_pa[:, 43].sum() > 1.5 * found.pressure_pa[:, 20].sum()


@pytest.mark.parametrize(("window", "most"), [(64, 33), (63, 32), (65, 33)])
@pytest.mark.parametrize("control", ["force", "approach"])
def test_a_patch_must_fit_half_the_window(window: int, most: int, control: str) -> None:
    def found(side: int, size: int) -> Contact:
        if control == "force":
            return press(tip(square(side, size)), force_n=100.0, reduced_modulus_pa=MODULUS_PA)
        return press_to(tip(square(side, size)), approach_um=3.0, reduced_modulus_pa=MODULUS_PA)

    # Just small enough, it is as in a window three times as large; one sample more is refused.
    fitting, spacious = found(most, window), found(most, 3 * window)
    assert fitting.approach_um == pytest.approx(spacious.approach_um, rel=1e-3)
    assert fitting.force_n == pytest.approx(spacious.force_n, rel=1e-3)
    assert fitting.displacement_um.max() == pytest.approx(spacious.displacement_um.max(), rel=1e-3)
    with pytest.raises(InputError, match=f"the patch spans {most + 1} of the window's {window} rows.*empty samples"):
        found(most + 1, window)


def test_rows_and_columns_have_windows_of_their_own() -> None:
    low = square(20, 64, rows=40)
    assert press(tip(low), force_n=50.0, reduced_modulus_pa=MODULUS_PA).touching.sum() == 400
    with pytest.raises(InputError, match="of the window's 36 rows"):
        press(tip(square(20, 64, rows=36)), force_n=50.0, reduced_modulus_pa=MODULUS_PA)
    with pytest.raises(InputError, match="of the window's 36 columns"):
        press(tip(square(20, 64, rows=36).T), force_n=50.0, reduced_modulus_pa=MODULUS_PA)


@pytest.mark.parametrize(("drop_um", "touches"), [(6.0, False), (3.2, False), (2.5, True), (1.0, True)])
def test_what_touches_too_far_out_is_not_overlooked(drop_um: float, *, touches: bool) -> None:
    # Three quarters of a window from a square there is an island. The shorter way round, where the solver takes it to
    # be, the square sinks the surface below an island 2.5 um lower; where it is, it does not.
    z_um = np.full((64, 64), np.nan)
    z_um[24:40, 44:60] = 0.0
    z_um[30:34, 2:6] = -drop_um
    spacious = press(tip(np.pad(z_um, 64, constant_values=np.nan)), force_n=60.0, reduced_modulus_pa=MODULUS_PA)
    assert bool(spacious.touching[64:-64, 64:84].any()) is touches
    if touches:
        with pytest.raises(InputError, match="window: the "):
            press(tip(z_um), force_n=60.0, reduced_modulus_pa=MODULUS_PA)
    else:
        found = press(tip(z_um), force_n=60.0, reduced_modulus_pa=MODULUS_PA)
        assert found.approach_um == pytest.approx(spacious.approach_um, rel=1e-3)


def test_a_tip_that_does_not_reach_the_primer_presses_nothing() -> None:
    found = press_to(paraboloid(64), approach_um=-1.0, reduced_modulus_pa=MODULUS_PA)
    assert found.force_n == found.area_um2 == found.elastic_energy_j == 0.0
    assert not found.displacement_um.any()


@pytest.mark.parametrize(("share", "bears"), [(0.9999, True), (1.0001, False)])
@pytest.mark.parametrize("pressing", [press, press_coarsely])
def test_a_tip_bears_no_more_than_its_hardness(share: float, pressing: type, *, bears: bool) -> None:
    # 16 x 16 samples of 10 um at 1 GPa bear 25.6 N.
    flat = tip(square(16, 64))
    if bears:
        pressing(flat, force_n=25.6 * share, reduced_modulus_pa=MODULUS_PA, hardness_pa=1e9)
    else:
        with pytest.raises(InputError, match=r"0\.0256 mm2, which bear 25\.6 N"):
            pressing(flat, force_n=25.6 * share, reduced_modulus_pa=MODULUS_PA, hardness_pa=1e9)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan])
def test_wrong_figures_are_all_named(wrong: float) -> None:
    empty = tip(np.full((8, 8), np.nan))
    for pressing in (press, press_coarsely):
        with pytest.raises(InputError) as caught:
            pressing(empty, force_n=wrong, reduced_modulus_pa=wrong, hardness_pa=wrong)
        assert [fault.split(":")[0] for fault in caught.value.faults] == ["force", "reduced_modulus", "hardness", "tip"]
    with pytest.raises(InputError, match="approach"):
        press_to(paraboloid(16), approach_um=math.nan, reduced_modulus_pa=MODULUS_PA)
    with pytest.raises(InputError, match="finite"):
        press(paraboloid(16), force_n=math.inf, reduced_modulus_pa=MODULUS_PA)


def test_an_impression_is_no_tip() -> None:
    with pytest.raises(ValueError, match="pin frame, not the reading frame"):
        press(replace(paraboloid(16), frame="reading"), force_n=1.0, reduced_modulus_pa=MODULUS_PA)


def test_what_was_found_cannot_be_changed() -> None:
    found = press(bumpy(1), force_n=5.0, reduced_modulus_pa=MODULUS_PA)
    with pytest.raises(ValueError, match="read-only"):
        found.pressure_pa[0, 0] = 1.0


def compare_coarse(case: Tip, *, samples: int) -> None:
    body = case.height_map(samples)
    force = {"force_n": case.force_n, "reduced_modulus_pa": 79e9, "hardness_pa": 1.2e9}
    full, coarse = press(body, **force), press_coarsely(body, **force)
    off_um = (coarse.displacement_um - full.displacement_um)[full.touching]
    assert math.sqrt(float(np.mean(np.square(off_um)))) <= 0.05
    assert coarse.approach_um == pytest.approx(full.approach_um, rel=1e-2, abs=0.05)
    assert coarse.area_um2 == pytest.approx(full.area_um2, rel=1e-2)
    assert np.count_nonzero(coarse.touching != full.touching) <= 0.02 * np.count_nonzero(full.touching)


@pytest.mark.parametrize("case", TIPS, ids=lambda case: case.name)
def test_the_coarse_field_is_the_full_solve(case: Tip) -> None:
    compare_coarse(case, samples=512)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1023, 1024])
@pytest.mark.parametrize("case", TIPS, ids=lambda case: case.name)
def test_the_coarse_field_is_the_full_solve_at_full_size(case: Tip, samples: int) -> None:
    compare_coarse(case, samples=samples)


def test_the_coarse_field_of_a_paraboloid_is_hertzs() -> None:
    # 511 samples in 256 / 2 squares: four to each.
    found = press_coarsely(paraboloid(511), force_n=SPHERE.force_n, reduced_modulus_pa=MODULUS_PA)
    assert found.field.pixel_um == pytest.approx(4 * found.pixel_um)
    assert found.approach_um == pytest.approx(SPHERE.approach_um, rel=2e-3)
    assert found.area_um2 == pytest.approx(math.pi * 400.0**2, rel=1e-2)


def test_a_small_tip_is_solved_as_it_is() -> None:
    # Heights on 123 of 256 samples: twice that fits the coarse field's window.
    body = bumpy(2, COARSE_SAMPLES)
    full = press(body, force_n=20.0, reduced_modulus_pa=MODULUS_PA, hardness_pa=3e9)
    coarse = press_coarsely(body, force_n=20.0, reduced_modulus_pa=MODULUS_PA, hardness_pa=3e9)
    assert coarse.field.pixel_um == body.pixel_um
    assert coarse.displacement_um == pytest.approx(full.displacement_um, abs=1e-3 * full.displacement_um.max())
    assert coarse.approach_um == pytest.approx(full.approach_um, abs=1e-3 * full.displacement_um.max())
    assert coarse.area_um2 == pytest.approx(full.area_um2, rel=1e-2)
    assert np.array_equal(coarse.touching, coarse.field.touching)


@pytest.mark.parametrize("margin", [0, 7, 300])
def test_empty_samples_about_a_tip_change_nothing(margin: int) -> None:
    # Nearly all of the tip touches. The full solve is given the margin that the coarse field makes itself.
    x_um, y_um, pixel_um = axes(300, window_um=900.0)
    z_um = -(x_um**2 + y_um**2) / 2000.0 + 8.0 * (np.sin(x_um / 40.0) > 0)
    force = {"force_n": 500.0, "reduced_modulus_pa": 79e9, "hardness_pa": 0.81e9}
    # The first square that holds some of the tip begins at 7 - 7 % 3 samples.
    full = press(tip(np.pad(z_um, 300, constant_values=np.nan), pixel_um=pixel_um), **force)
    found = press_coarsely(tip(np.pad(z_um, margin, constant_values=np.nan), pixel_um=pixel_um), **force)
    inside = slice(margin, margin + 300)
    assert found.displacement_um.shape == found.touching.shape == (300 + 2 * margin, 300 + 2 * margin)
    assert found.displacement_um.dtype == np.float32
    assert found.touching.sum() == found.touching[inside, inside].sum()
    assert 0.75 < found.area_um2 / 0.81e6 < 1.0
    assert found.area_um2 == pytest.approx(full.area_um2, rel=1e-2)
    assert found.approach_um == pytest.approx(full.approach_um, rel=5e-3)
    off_um = (found.displacement_um[inside, inside] - full.displacement_um[300:600, 300:600])[
        full.touching[300:600, 300:600]
    ]
    assert math.sqrt(float(np.mean(np.square(off_um)))) <= 0.05
    assert found.field.force_n == pytest.approx(500.0, rel=1e-5)
    assert found.field.touching.shape == tuple(-(-size // 3) for size in found.touching.shape)


def test_far_from_the_tip_too_the_surface_sinks_as_hertz_says() -> None:
    x_um, y_um, pixel_um = axes(600, window_um=4000.0)
    radius_um = np.hypot(x_um - 700.0, y_um + 300.0)
    cap = tip(np.where(radius_um < 450.0, -(radius_um**2) / (2 * NOSE_UM), np.nan), pixel_um=pixel_um)
    found = press_coarsely(cap, force_n=SPHERE.force_n, reduced_modulus_pa=MODULUS_PA)
    # To the far corner, 3.5 mm away; every ninth sample, since elliptic integrals take their time.
    some = (slice(4, None, 9),) * 2
    expected_um, clear = SPHERE.displacement_um(radius_um[some]), radius_um[some] > 500.0
    assert clear.sum() > 3000
    assert found.displacement_um[some][clear] == pytest.approx(expected_um[clear], rel=2e-3)
    # At the rim of the patch, where the surface turns away, squares of 13 um show.
    assert found.displacement_um[some] == pytest.approx(expected_um, abs=1e-2 * SPHERE.approach_um)
    assert found.approach_um == pytest.approx(SPHERE.approach_um, rel=2e-3)


def test_all_of_a_tip_may_touch_without_a_margin() -> None:
    # A square punch at its hardness, all of the grid: Love's patch, which no window of its own would hold.
    side_um, pixel_um, hardness_pa = 900.0, 3.0, 1e9
    force_n = 0.9999 * hardness_pa * (side_um * 1e-6) ** 2
    found = press_coarsely(
        tip(np.zeros((300, 300)), pixel_um=pixel_um),
        force_n=force_n,
        reduced_modulus_pa=MODULUS_PA,
        hardness_pa=hardness_pa,
    )
    place_um = pixel_um * (np.arange(300, dtype=np.float64) - 149.5)
    expected_um = love_patch_um(
        *np.meshgrid(place_um, place_um),
        half_side_um=side_um / 2,
        pressure_pa=hardness_pa,
        reduced_modulus_pa=MODULUS_PA,
    )
    assert found.touching.all()
    # Linear between squares: the steep rim is level from the middle of the last square outwards.
    assert found.displacement_um[9:-9, 9:-9] == pytest.approx(expected_um[9:-9, 9:-9], rel=2e-3)
    with pytest.raises(InputError, match="surround the tip"):
        press(tip(np.zeros((300, 300))), force_n=1.0, reduced_modulus_pa=MODULUS_PA)


@pytest.mark.parametrize("share", [0.9, 0.99, 0.999, 0.9999, 0.99999])
@pytest.mark.parametrize("nose_um", [NOSE_UM, math.inf])
def test_close_to_all_that_a_tip_bears_it_settles(share: float, nose_um: float) -> None:
    x_um, y_um, pixel_um = axes(300, window_um=900.0)
    radius_um = np.hypot(x_um, y_um)
    z_um = np.where(radius_um < 440.0, -(radius_um**2) / (2 * nose_um) + 20.0 * (np.sin(x_um / 15.0) > 0), np.nan)
    all_um2 = float(np.isfinite(z_um).sum()) * pixel_um**2
    found = press_coarsely(
        tip(z_um, pixel_um=pixel_um),
        force_n=share * all_um2 * 1e-12 * 0.81e9,
        reduced_modulus_pa=79e9,
        hardness_pa=0.81e9,
    )
    # Not less can bear it; and close to all of it, all of it.
    assert share * 0.9999 <= found.area_um2 / all_um2 <= 1.0
    assert found.field.force_n == pytest.approx(share * all_um2 * 1e-12 * 0.81e9, rel=1e-5)
    assert found.field.iterations < 60


def test_a_tip_need_be_neither_square_nor_whole_squares_of_samples() -> None:
    whole = paraboloid(521)
    cut = replace(whole, z_um=whole.z_um[5:518, :], y0_um=0.0)
    found = press_coarsely(cut, force_n=SPHERE.force_n, reduced_modulus_pa=MODULUS_PA)
    assert found.touching.shape == found.displacement_um.shape == (513, 521)
    assert found.field.touching.shape == (103, 105)
    assert found.approach_um == pytest.approx(SPHERE.approach_um, rel=3e-3)
    # The patch is 25 coarse samples in radius: half of one would be 4 % of the area.
    assert found.area_um2 == pytest.approx(math.pi * 400.0**2, rel=2e-2)


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_between_the_middles_of_squares_a_plane_is_a_plane(factor: int) -> None:
    # Means of a plane over squares, interpolated, are the plane: but for half a square at the edges, where it is level.
    row, column = np.meshgrid(np.arange(6 * factor), np.arange(5 * factor), indexing="ij")
    plane = (2.0 * row - 3.0 * column).astype(np.float32)
    means = summed(plane, factor, dtype=np.float32) / np.float32(factor**2)
    inside = (slice(factor // 2, -(factor // 2)),) * 2
    assert interpolated(means, factor)[inside] == pytest.approx(plane[inside], abs=1e-4)
    assert interpolated(means, factor)[0, 0] == means[0, 0]
