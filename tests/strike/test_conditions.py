"""How a strike's condition shows in its impression: mirrored, tilted, off centre, doubled, dragged, rough, drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.strike import (
    CONDITIONS,
    ENSEMBLES,
    Chips,
    Condition,
    Drag,
    Gas,
    Impression,
    Primer,
    Second,
    Texture,
    Wear,
    strike,
)
from engrave.tips import FlatTip, SphericalTip
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=800.0)
FLAT = FlatTip(edge_radius_um=400.0)
PIXEL_UM = 5.0
RELIEF_UM = 25.0
PRIMER = Primer(
    description="test cup",
    thickness_um=500.0,
    yield_stress_pa=450e6,
    hardening_pa=0.0,
    reduced_modulus_pa=79e9,
    backing=0.5,
    backing_least=0.0,
    backing_most=1.0,
)
DENT = Condition(description="test", dent_um=250.0)
# a^2 = 0.925 (2 x 1000 x 250 - 250^2).
PATCH_UM = math.sqrt(0.925 * 437_500)
TEXTURE = Texture(rms_um=1.0, correlation_um=15.0, ironed=0.25, grain_scatter=0.2, grain_um=20.0)


def axis_of(samples: int) -> FloatArray:
    return PIXEL_UM * (np.arange(samples, dtype=np.float64) - (samples - 1) / 2)


def pin(form: SphericalTip | FlatTip = BALL, *, samples: int = 321, blank: bool = False) -> HeightMap:
    """A tip with a mark of no symmetry: lines of two kinds, crossing."""
    axis = axis_of(samples)
    x_um, y_um = np.meshgrid(axis, axis)
    lines = (np.mod(x_um - 11.0, 140.0) < 25.0) | ((np.mod(y_um + 0.2 * x_um + 31.0, 170.0) < 25.0) & (x_um > 40.0))
    return HeightMap(
        z_um=form.height_um(x_um, y_um) - np.where(lines | blank, 0.0, RELIEF_UM),
        pixel_um=PIXEL_UM,
        x0_um=float(axis[0]),
        y0_um=float(axis[0]),
        frame="pin",
    )


def struck(tip: HeightMap, condition: Condition = DENT, *, form: SphericalTip | FlatTip = BALL) -> Impression:
    return strike(tip, form=form, primer=PRIMER, condition=condition)


def coordinates(surface: HeightMap) -> tuple[FloatArray, FloatArray]:
    x_um, y_um = np.meshgrid(surface.x_um(), surface.y_um())
    return x_um, y_um


def mirrored(condition: Condition) -> Condition:
    """The same strike seen in a mirror that swaps left and right."""
    return replace(
        condition,
        tilt_towards_rad=math.pi - condition.tilt_towards_rad,
        turn_rad=-condition.turn_rad,
        offset_x_um=-condition.offset_x_um,
        drag=condition.drag and replace(condition.drag, towards_rad=math.pi - condition.drag.towards_rad),
        second=condition.second
        and replace(condition.second, x_um=-condition.second.x_um, turn_rad=-condition.second.turn_rad),
        gas=condition.gas and replace(condition.gas, x_um=-condition.gas.x_um),
    )


MIRRORED = {
    "plain": DENT,
    "tilted": replace(DENT, tilt_rad=0.03, tilt_towards_rad=0.6),
    "off centre and turned": replace(DENT, offset_x_um=150.0, offset_y_um=-90.0, turn_rad=0.3),
    "dragged": replace(DENT, drag=Drag(length_um=60.0, towards_rad=0.4, rise_um=20.0)),
    "doubled": replace(DENT, second=Second(x_um=35.0, y_um=-20.0, turn_rad=0.05, depth_share=0.97)),
    "gas": replace(DENT, gas=Gas(pressure_pa=700e6, x_um=15.0, y_um=5.0)),
    "worn": replace(
        DENT, wear=Wear(rounds=2500, coefficient=1e-3, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)
    ),
}


@pytest.mark.parametrize("samples", [321, 322], ids=["odd", "even"])
@pytest.mark.parametrize("name", MIRRORED)
def test_a_mirrored_pin_under_a_mirrored_strike_leaves_the_mirrored_dent(name: str, samples: int) -> None:
    tip, condition = pin(samples=samples), MIRRORED[name]
    one = struck(tip, condition)
    other = struck(replace(tip, z_um=tip.z_um[:, ::-1]), mirrored(condition))
    assert other.sunk_um == pytest.approx(one.sunk_um, abs=0.01)
    assert other.surface.x0_um == pytest.approx(-one.surface.x_um()[-1], abs=1e-9)
    assert other.surface.y0_um == one.surface.y0_um
    off_um = np.abs(other.surface.z_um[:, ::-1] - one.surface.z_um)
    # One sample more or less of the patch's edge may differ; all else is the same within a hundredth of the relief.
    assert np.percentile(off_um, 99.7) < 0.01 * RELIEF_UM
    assert np.abs(other.surface.z_um - one.surface.z_um).max() > 0.5 * RELIEF_UM


@pytest.mark.parametrize("tilt_deg", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("towards_deg", [0.0, 120.0])
def test_a_tilt_moves_the_dent_by_the_sine_and_leaves_it_round(tilt_deg: float, towards_deg: float) -> None:
    condition = replace(DENT, tilt_rad=math.radians(tilt_deg), tilt_towards_rad=math.radians(towards_deg))
    result = struck(pin(blank=True), condition)
    z_um = result.surface.z_um
    x_um, y_um = coordinates(result.surface)
    bottom = z_um < z_um.min() + 5.0
    # Read from the front: what lies to the right on the pin lies to the left here. 35 um at 2 degrees.
    away_um = 1000.0 * math.sin(math.radians(tilt_deg))
    assert -x_um[bottom].mean() == pytest.approx(away_um * math.cos(math.radians(towards_deg)), abs=0.5)
    assert y_um[bottom].mean() == pytest.approx(away_um * math.sin(math.radians(towards_deg)), abs=0.5)
    patch = z_um < -30.0
    spreads = np.linalg.eigvalsh(np.cov(x_um[patch], y_um[patch]))
    assert spreads[1] / spreads[0] == pytest.approx(1.0, abs=0.02)
    # A circle of the sphere through the cup's level: its middle lies by cos(asin(a / R)) of that beside the axis.
    middle_um = math.hypot(float(x_um[patch].mean()), float(y_um[patch].mean()))
    assert middle_um == pytest.approx(away_um * math.sqrt(1 - 0.614**2), abs=0.5)


@pytest.mark.parametrize("dent_um", [60.0, 250.0, 300.0])
@pytest.mark.parametrize("tilt_rad", [0.0, 0.05])
@pytest.mark.parametrize("tip", [pin(), pin(blank=True)], ids=["marked", "blank"])
def test_the_patch_has_the_area_of_force_over_hardness(dent_um: float, tilt_rad: float, tip: HeightMap) -> None:
    result = struck(tip, replace(DENT, dent_um=dent_um, tilt_rad=tilt_rad))
    fitted_um2 = math.pi * 0.925 * (2000.0 * dent_um - dent_um**2)
    assert math.pi * result.contact_um**2 == pytest.approx(fitted_um2, rel=0.01)
    assert result.force_n == pytest.approx(1.8 * 450e6 * fitted_um2 * 1e-12, rel=1e-9)


def test_a_patch_that_reaches_the_edge_covers_the_tip() -> None:
    # kappa (2 R D - D^2) = 0.8^2 mm2 at D = 0.445 mm.
    result = struck(pin(blank=True), replace(DENT, dent_um=500.0))
    assert result.contact_um == pytest.approx(800.0, abs=PIXEL_UM)


def test_a_flat_prints_its_tilt() -> None:
    condition = replace(DENT, tilt_rad=math.radians(0.5), tilt_towards_rad=0.0)
    surface = struck(pin(FLAT, samples=165, blank=True), condition, form=FLAT).surface
    x_um, y_um = coordinates(surface)
    inside = np.hypot(x_um, y_um) < 350.0
    columns = np.column_stack([x_um[inside], y_um[inside], np.ones(np.count_nonzero(inside))])
    slopes = np.linalg.lstsq(columns, surface.z_um[inside], rcond=None)[0]
    # Deeper to the right on the pin is deeper to the left here. Of the tip's area 1.5 % bears nothing, on the shallow
    # side, and the metal below springs back the less: by 1/30 of the slope.
    assert slopes[:2] == pytest.approx([math.tan(math.radians(0.5)), 0.0], abs=4e-4)


def test_an_offset_moves_the_dent_and_changes_nothing_in_it() -> None:
    middle, beside = struck(pin()), struck(pin(), replace(DENT, offset_x_um=150.0, offset_y_um=-90.5))
    assert np.array_equal(middle.surface.z_um, beside.surface.z_um)
    assert beside.surface.x0_um - middle.surface.x0_um == pytest.approx(-150.0)
    assert beside.surface.y0_um - middle.surface.y0_um == pytest.approx(-90.5)


def test_a_quarter_turn_turns_the_dent() -> None:
    plain, turned = struck(pin()), struck(pin(), replace(DENT, turn_rad=math.pi / 2))
    # Counter-clockwise on the pin, with rows upwards; mirrored on the primer, clockwise there.
    off_um = np.abs(turned.surface.z_um - np.rot90(plain.surface.z_um))
    assert np.percentile(off_um, 99.7) < 0.01 * RELIEF_UM


def test_a_second_strike_leaves_the_deeper_of_two_dents() -> None:
    backed = replace(DENT, backing=1.0)
    second = Second(x_um=40.0, y_um=-25.0, turn_rad=0.0, depth_share=1.0)
    first, both = struck(pin(), backed).surface.z_um, struck(pin(), replace(backed, second=second)).surface.z_um
    assert np.all(both <= first)
    # Moved by eight samples to the left, as it is read, and five down.
    moved = np.full_like(first, np.inf)
    moved[:-5, :-8] = first[5:, 8:]
    x_um, y_um = np.meshgrid(axis_of(321), axis_of(321))
    inside = np.hypot(x_um, y_um) < 500.0
    off_um = np.abs(both - np.minimum(first, moved))[inside]
    # But where the metal was rounded beside a land, by a quarter of the relief and more, the tip itself is met.
    assert np.median(off_um) < 0.01
    assert np.mean(off_um < 0.05) > 0.7
    assert off_um.max() <= RELIEF_UM


@pytest.mark.parametrize("depth_share", [0.5, 0.8])
def test_a_shallow_second_strike_in_the_same_place_leaves_the_first(depth_share: float) -> None:
    second = Second(x_um=0.0, y_um=0.0, turn_rad=0.0, depth_share=depth_share)
    first, both = struck(pin()), struck(pin(), replace(DENT, second=second))
    assert np.array_equal(first.surface.z_um, both.surface.z_um)


def test_a_drag_scrapes_towards_its_side_and_nowhere_else() -> None:
    drag = Drag(length_um=60.0, towards_rad=0.0, rise_um=20.0)
    plain, scraped = struck(pin(blank=True)), struck(pin(blank=True), replace(DENT, drag=drag))
    cut_um = plain.surface.z_um - scraped.surface.z_um
    x_um, _ = coordinates(plain.surface)
    assert cut_um.min() >= 0.0
    assert cut_um.max() > 5.0
    # To the right on the pin is to the left here.
    assert np.average(x_um, weights=cut_um) < -300.0


def test_roughness_is_whole_beside_the_dent_and_ironed_in_it() -> None:
    rough = replace(DENT, texture=replace(TEXTURE, grain_scatter=0.0), seed=4)
    plain, textured = struck(pin(blank=True)), struck(pin(blank=True), rough)
    added_um = textured.surface.z_um - plain.surface.z_um
    r_um = np.hypot(*coordinates(plain.surface))
    # Some 2,000 independent places of 15 um in the square's corners: three deviations are 5 %.
    assert added_um[r_um > PATCH_UM + 20.0].std() == pytest.approx(1.0, rel=0.05)
    assert added_um[r_um < PATCH_UM - 20.0].std() == pytest.approx(0.25, rel=0.05)


def test_what_is_random_comes_from_the_seed_alone() -> None:
    rough = replace(DENT, texture=TEXTURE, seed=4)
    one, again, other = (struck(pin(), condition) for condition in (rough, rough, replace(rough, seed=5)))
    assert one.surface.z_um.tobytes() == again.surface.z_um.tobytes()
    assert not np.array_equal(one.surface.z_um, other.surface.z_um)


def test_one_kind_of_chance_does_not_move_another() -> None:
    rough = replace(DENT, texture=replace(TEXTURE, grain_scatter=0.0), seed=4)
    chips = Chips(count=5, radius_um=25.0, within_um=200.0)
    added_um = [
        struck(pin(), replace(rough, chips=given)).surface.z_um
        - struck(pin(), replace(DENT, chips=given, seed=4)).surface.z_um
        for given in (None, chips)
    ]
    assert np.abs(added_um[0] - added_um[1]).max() < 0.003


@pytest.mark.parametrize("name", CONDITIONS.names())
def test_every_shipped_condition_leaves_a_whole_surface_the_same_twice(name: str) -> None:
    condition = CONDITIONS.load(name).value
    one, again = struck(pin(), condition), struck(pin(), condition)
    assert np.all(np.isfinite(one.surface.z_um))
    assert one.surface.z_um.tobytes() == again.surface.z_um.tobytes()


@pytest.mark.parametrize("index", range(4))
def test_any_draw_leaves_a_whole_surface_of_a_sphere_and_of_a_flat(index: int) -> None:
    condition = ENSEMBLES.load("field").value.draw(index, seed=1, primer=PRIMER)
    for form, samples in ((BALL, 321), (FLAT, 165)):
        result = struck(pin(form, samples=samples), condition, form=form)
        assert np.all(np.isfinite(result.surface.z_um))
        assert 0.0 < result.contact_um <= form.edge_radius_um + PIXEL_UM
