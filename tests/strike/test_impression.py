"""What a struck primer looks like: symmetry, depth, where it ends; on tips made here."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.strike import CONDITIONS, PRIMERS, Condition, Primer, strike
from engrave.strike.reference import disc_sinking_um
from engrave.tips import FlatTip, SphericalTip
from toolpaths.surface import HeightMap, centred_grid

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Tip = SphericalTip | FlatTip
Relief = Callable[[FloatArray, FloatArray], FloatArray]

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=900.0)
FLAT = FlatTip(edge_radius_um=400.0)
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
DENT = Condition(description="test", dent_um=350.0)
PIXEL_UM = 4.0
# a^2 = (0.70 + 0.45 / 2) (2 x 1000 x 350 - 350^2): the patch of that dent.
PATCH_UM = math.sqrt(0.925 * 577_500)
# How far to both sides of a land the metal's rounding reaches: a parabola of radius 5 um falls by 25 um in 15.8 um.
ROUNDED_UM = 16.0


def lines(x_um: FloatArray, _y_um: FloatArray) -> FloatArray:
    """Lands 24 um wide, 120 um apart, floors 25 um deep; seen from the left other than from the right."""
    return np.where(is_land(x_um), 0.0, 25.0)


def is_land(x_um: FloatArray) -> BoolArray:
    return np.mod(x_um - 10.0, 120.0) < 24.0


def is_open_floor(x_um: FloatArray) -> BoolArray:
    """Floors between ``lines`` so far from them that metal need not bend."""
    return np.abs(np.mod(x_um - 10.0 - 24.0, 120.0) - 48.0) < 48.0 - ROUNDED_UM - PIXEL_UM


def pin(tip: Tip, relief: Relief, *, pixel_um: float = PIXEL_UM) -> HeightMap:
    axis = centred_grid(half_width_um=tip.edge_radius_um, pixel_um=pixel_um)
    x_um, y_um = np.meshgrid(axis, axis)
    return HeightMap(
        z_um=tip.height_um(x_um, y_um) - relief(x_um, y_um),
        pixel_um=pixel_um,
        x0_um=float(axis[0]),
        y0_um=float(axis[0]),
        frame="pin",
        provenance=("made by hand",),
    )


def smooth(x_um: FloatArray, _y_um: FloatArray) -> FloatArray:
    return np.zeros_like(x_um)


def struck(tip: Tip, relief: Relief, *, primer: Primer = PRIMER, condition: Condition = DENT) -> HeightMap:
    return strike(pin(tip, relief), form=tip, primer=primer, condition=condition).surface


def printed_um(tip: Tip, relief: Relief, *, primer: Primer = PRIMER, condition: Condition = DENT) -> FloatArray:
    """How much higher the primer stands than under a smooth tip, in the pin frame."""
    marked, plain = (struck(tip, kind, primer=primer, condition=condition) for kind in (relief, smooth))
    difference: FloatArray = (marked.z_um - plain.z_um)[:, ::-1]
    return difference


def grid(tip: Tip) -> tuple[FloatArray, FloatArray, FloatArray]:
    axis = centred_grid(half_width_um=tip.edge_radius_um, pixel_um=PIXEL_UM)
    x_um, y_um = np.meshgrid(axis, axis)
    return x_um, y_um, np.hypot(x_um, y_um)


def travelled_um(r_um: FloatArray) -> FloatArray:
    """How far the dent went on after it touched at a radius, from 350 um in the middle to 0 at the patch's edge.

    The ball's overlap with a half-space that a uniform 1.8 Y on the patch presses (Johnson 3.29).
    """
    sinking_um = disc_sinking_um(r_um, contact_um=PATCH_UM, pressure_pa=1.8 * 450e6, reduced_modulus_pa=79e9)
    clear_um = 1000.0 - np.sqrt(1000.0**2 - np.square(r_um)) + sinking_um
    at = np.array([0.0, PATCH_UM])
    ends_um = 1000.0 - np.sqrt(1000.0**2 - at**2)
    ends_um += disc_sinking_um(at, contact_um=PATCH_UM, pressure_pa=1.8 * 450e6, reduced_modulus_pa=79e9)
    travelled: FloatArray = 350.0 * (ends_um[1] - clear_um) / (ends_um[1] - ends_um[0])
    return travelled


def radius_of_travel_um(travel_um: float) -> float:
    r_um = np.linspace(0.0, PATCH_UM, 2000)
    return float(np.interp(-travel_um, -travelled_um(r_um), r_um))


def test_a_smooth_sphere_leaves_its_own_form_and_springs_back() -> None:
    surface = struck(BALL, smooth)
    middle = surface.z_um.shape[0] // 2
    # p = 1.8 Y on the disc: 2 p a / E* in the middle, 4 p a / (pi E*) at its edge.
    scale_um = 1.8 * 450e6 * PATCH_UM / 79e9
    assert surface.z_um[middle, middle] == pytest.approx(-350.0 + 2 * scale_um, abs=5e-3)
    at_edge = np.interp(PATCH_UM, surface.x_um(), surface.z_um[middle])
    fall_um = 1000.0 - math.sqrt(1000.0**2 - PATCH_UM**2)
    assert at_edge == pytest.approx(-350.0 + fall_um + 4 / math.pi * scale_um, abs=1.0)


@pytest.mark.parametrize("pixel_um", [4.0, 5.0, 5.3])
def test_a_smooth_sphere_leaves_a_round_dent(pixel_um: float) -> None:
    surface = strike(pin(BALL, smooth, pixel_um=pixel_um), form=BALL, primer=PRIMER, condition=DENT).surface
    r_um = np.hypot(*np.meshgrid(surface.x_um(), surface.y_um()))
    for turned in (surface.z_um.T, surface.z_um[::-1], surface.z_um[::-1, ::-1]):
        off_um = np.abs(surface.z_um - turned)
        assert off_um[r_um < PATCH_UM - 2 * pixel_um].max() < 0.1
        # On the patch's very edge one sample more or less may be in it.
        assert off_um.max() < 1.0


def test_the_primer_is_deepest_in_the_middle_and_comes_back_to_its_level_far_away() -> None:
    surface = struck(BALL, smooth)
    row = surface.z_um[surface.z_um.shape[0] // 2]
    outwards = row[len(row) // 2 :]
    assert np.all(np.diff(outwards[: int(PATCH_UM / PIXEL_UM)]) > 0)
    assert abs(outwards[-1]) < 60.0 < abs(row.min())


def test_lands_are_deeper_than_floors_by_the_relief_inside_the_patch() -> None:
    x_um, _, r_um = grid(BALL)
    marked = strike(pin(BALL, lines), form=BALL, primer=PRIMER, condition=DENT)
    printed = printed_um(BALL, lines)
    formed = r_um < radius_of_travel_um(1.73 * 25.0) - PIXEL_UM
    assert printed[formed & is_open_floor(x_um)] == pytest.approx(25.0 - marked.sunk_um, abs=0.01)
    assert printed[is_land(x_um) & (r_um < PATCH_UM - PIXEL_UM)] == pytest.approx(-marked.sunk_um, abs=0.01)


def test_metal_is_rounded_beside_a_land_by_its_least_radius() -> None:
    x_um, y_um, _ = grid(BALL)
    row = printed_um(BALL, lines)[np.abs(y_um[:, 0]).argmin()]
    place = np.flatnonzero(np.isclose(x_um[0], -84.0))[0]
    assert np.all(is_land(x_um[0, place - 3 : place]))
    # A parabola of radius 5 um, 16 um from its top to the land's last sample: 25 - (16 - d)^2 / 10 at d = 4, 8, 12, 16.
    assert row[place : place + 4] - row[place - 1] == pytest.approx([10.6, 18.6, 23.4, 25.0], abs=0.01)


@pytest.mark.parametrize("relief", [lines, lambda x_um, _y_um: 25.0 - lines(x_um, _y_um)], ids=["raised", "recessed"])
@pytest.mark.parametrize("tip", [BALL, FLAT], ids=["sphere", "flat"])
@pytest.mark.parametrize("backing", [0.1, 0.5, 1.0])
def test_what_rises_was_displaced_a_mark_does_not_change_the_dents_volume(
    tip: Tip, relief: Relief, backing: float
) -> None:
    primer = replace(PRIMER, backing=backing)
    marked, plain = (
        strike(pin(tip, kind), form=tip, primer=primer, condition=replace(DENT, dent_um=250.0))
        for kind in (relief, smooth)
    )
    assert marked.energy_j == plain.energy_j
    assert marked.surface.z_um.sum() == pytest.approx(plain.surface.z_um.sum(), rel=1e-5)
    risen = marked.surface.z_um - plain.surface.z_um
    # Recessed marks do not print at low pressure: all that is left is rounding.
    assert risen[risen > 0].sum() == pytest.approx(-risen[risen < 0].sum(), rel=1e-2, abs=0.1)


def test_nothing_is_printed_outside_the_patch() -> None:
    x_um, _, r_um = grid(BALL)
    printed = printed_um(BALL, lines)
    assert np.all(printed[r_um > PATCH_UM + PIXEL_UM] <= 0.001)
    # The free surface sinks with the lands beside it, and less farther out, whatever stands there.
    beside = (r_um > PATCH_UM + PIXEL_UM) & (r_um < PATCH_UM + 3 * PIXEL_UM)
    assert printed[beside].min() == pytest.approx(printed[is_land(x_um)].min(), abs=1.0)
    assert np.any(printed[(r_um < PATCH_UM - PIXEL_UM) & (r_um > PATCH_UM - 24.0)] > printed[beside].max())


def test_the_rim_of_the_patch_is_half_formed_where_it_was_touched_half_the_travel_ago() -> None:
    x_um, _, r_um = grid(BALL)
    marked = strike(pin(BALL, lines), form=BALL, primer=PRIMER, condition=DENT)
    ring = np.abs(r_um - radius_of_travel_um(1.73 * 25.0 / 2)) < PIXEL_UM / 2
    printed = printed_um(BALL, lines)[ring & is_open_floor(x_um)] + marked.sunk_um
    assert printed.mean() == pytest.approx(12.5, abs=0.5)


def test_a_mirrored_tip_prints_a_mirrored_primer() -> None:
    tip = pin(BALL, lines)
    turned = replace(tip, z_um=tip.z_um[:, ::-1])
    one, other = (strike(each, form=BALL, primer=PRIMER, condition=DENT).surface for each in (tip, turned))
    off_um = np.abs(one.z_um[:, ::-1] - other.z_um)
    _, _, r_um = grid(BALL)
    assert off_um[r_um < PATCH_UM - 2 * PIXEL_UM].max() < 0.1
    # On the patch's very edge one sample more or less may be in it.
    assert off_um.max() < 1.0
    assert np.abs(one.z_um - other.z_um).max() > 20.0


def test_what_stands_on_the_left_of_the_tip_reads_on_the_right() -> None:
    def one_floor_on_the_left(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        floor = (np.abs(x_um + 200.0) < 150.0) & (np.abs(y_um) < 150.0)
        return np.where(floor & ~(np.abs(x_um + 200.0) < 10.0), 25.0, 0.0)

    marked, plain = (struck(BALL, kind) for kind in (one_floor_on_the_left, smooth))
    rows, columns = np.nonzero(marked.z_um - plain.z_um > 1.0)
    assert marked.frame == "reading"
    assert 40.0 < marked.x_um()[columns].min() < marked.x_um()[columns].max() < 360.0
    assert np.abs(marked.y_um()[rows]).max() < 160.0


def test_floors_that_slope_print_their_slope() -> None:
    def sloping(x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        return lines(x_um, y_um) * (1.0 + x_um / 3600.0)

    x_um, _, r_um = grid(BALL)
    sunk_um = strike(pin(BALL, sloping), form=BALL, primer=PRIMER, condition=DENT).sunk_um
    well_inside = (r_um < 300.0) & is_open_floor(x_um)
    printed = printed_um(BALL, sloping)[well_inside] + sunk_um
    assert printed == pytest.approx((25.0 * (1.0 + x_um / 3600.0))[well_inside], abs=0.01)


def flat_mark(backing: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Printed heights over the lands, and where."""
    primer = replace(PRIMER, backing=backing)
    x_um, _, r_um = grid(FLAT)
    sunk_um = strike(pin(FLAT, lines), form=FLAT, primer=primer, condition=DENT).sunk_um
    return printed_um(FLAT, lines, primer=primer) + sunk_um, x_um, r_um


def test_a_flat_prints_only_when_backed() -> None:
    printed, _, _ = flat_mark(0.0)
    assert np.all(printed == 0.0)
    printed, x_um, r_um = flat_mark(0.5)
    assert printed[is_open_floor(x_um) & (r_um < 390.0)] == pytest.approx(25.0, abs=0.01)


def test_what_is_beyond_the_tips_edge_holds_no_metal_up() -> None:
    # Beside a land 24 um wide the land fraction is 0.31 at most: p = 0.92 x 1.18 Y fills it, and 1.17 Y is given. Were
    # what is beyond the edge taken for land, the fraction would be above 0.5, which takes 1.49 Y to begin.
    printed, x_um, r_um = flat_mark(0.45)
    at_the_edge = is_open_floor(x_um) & (r_um > 380.0) & (r_um < 400.0)
    assert printed[at_the_edge] == pytest.approx(25.0, abs=0.01)


def test_wide_lands_do_not_sink_where_thin_ones_do() -> None:
    def wide(x_um: FloatArray, _y_um: FloatArray) -> FloatArray:
        return np.where(np.mod(x_um, 120.0) < 90.0, 0.0, 25.0)

    # A = 0.75 needs p = 2.2 Y; a cup backed by half gives 1.8.
    assert printed_um(BALL, wide).max() < 2.0
    assert printed_um(BALL, wide, primer=replace(PRIMER, backing=1.0)).max() > 2.0


@pytest.mark.parametrize("backing", [0.0, 0.5, 1.0])
def test_a_deeper_dent_touches_no_less(backing: float) -> None:
    primer = replace(PRIMER, backing=backing)
    tip = pin(BALL, lines, pixel_um=20.0)
    patches = [
        strike(tip, form=BALL, primer=primer, condition=replace(DENT, dent_um=dent)).contact_um
        for dent in (5.0, 100.0, 270.0, 350.0, 500.0, 900.0, 1000.0)
    ]
    assert patches == sorted(patches)
    assert patches[-1] <= 900.0


@pytest.mark.parametrize("tip", [BALL, FLAT], ids=["sphere", "flat"])
@pytest.mark.parametrize("dent_um", [1.0, 350.0, 1000.0])
def test_beyond_the_tips_edge_the_primer_is_a_surface_all_the_same(tip: Tip, dent_um: float) -> None:
    tipped = pin(tip, lines, pixel_um=20.0)
    assert np.isnan(tipped.z_um[0, 0])
    surface = strike(tipped, form=tip, primer=PRIMER, condition=replace(DENT, dent_um=dent_um)).surface
    assert np.all(np.isfinite(surface.z_um))
    assert surface.z_um.shape == tipped.z_um.shape


def test_texture_below_a_tenth_of_a_micrometre_is_no_mark() -> None:
    def texture(depth_um: float) -> Relief:
        return lambda x_um, y_um: lines(x_um, y_um) * (depth_um / 25.0)

    assert printed_um(BALL, texture(0.09)).max() <= 0.0011
    printed = printed_um(BALL, texture(0.11))
    assert printed.max() - printed.min() > 0.1


def test_the_outcome_says_how_it_was_made_and_is_rounded_to_nanometres() -> None:
    result = strike(pin(BALL, lines), form=BALL, primer=PRIMER, condition=DENT)
    assert result.surface.provenance == ("made by hand", "struck: test, dent 350 um", "mirrored")
    # A = F / H: one sample of the patch's edge is a share of 4 / (pi a) of its area.
    assert result.contact_um == pytest.approx(PATCH_UM, rel=0.005)
    assert result.pressure == pytest.approx(1.8, abs=1e-12)
    assert np.array_equal(result.surface.z_um, np.round(result.surface.z_um, 3))


def test_a_primer_is_no_tip() -> None:
    with pytest.raises(ValueError, match="must be given in the pin frame, not the reading frame"):
        strike(replace(pin(FLAT, lines), frame="reading"), form=FLAT, primer=PRIMER, condition=DENT)


def test_the_shipped_primer_and_conditions() -> None:
    cup = PRIMERS.load("brass-cup")
    # 1/E* of brass (105 GPa, 0.35) on steel (210 GPa, 0.3).
    assert cup.value.reduced_modulus_pa == pytest.approx(1 / ((1 - 0.35**2) / 105e9 + (1 - 0.3**2) / 210e9), rel=5e-3)
    assert (cup.value.backing_least, cup.value.backing, cup.value.backing_most) == (0.0, 0.5, 1.0)
    assert cup.sources["backing"].prior
    assert CONDITIONS.load("nominal").value.dent_um == 350.0
    assert CONDITIONS.load("weak").value.dent_um == 270.0


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"thickness_um": 0.0}, ["thickness: 0 must be positive"]),
        (
            {"yield_stress_pa": -1.0, "reduced_modulus_pa": 0.0},
            ["yield_stress: -1 must be positive", "reduced_modulus: 0 must be positive"],
        ),
        (
            {"backing_least": 0.6},
            ["backing: 0.5, from 0.6 to 1: needs 0 <= backing_least <= backing <= backing_most <= 1"],
        ),
        (
            {"backing_most": 1.1},
            ["backing: 0.5, from 0 to 1.1: needs 0 <= backing_least <= backing <= backing_most <= 1"],
        ),
        ({"backing_least": -0.1}, ["backing: 0.5, from -0.1 to 1: needs 0 <= backing_least"]),
    ],
)
def test_a_primer_out_of_its_bounds_is_refused(changes: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(ValueError, match=r"positive|backing") as caught:
        replace(PRIMER, **changes)
    found = str(caught.value).splitlines()
    assert len(found) == len(faults)
    assert all(one.startswith(fault) for one, fault in zip(found, faults, strict=True))


def test_a_dent_must_be_deep() -> None:
    with pytest.raises(ValueError, match="dent: 0 must be positive"):
        Condition(description="x", dent_um=0.0)
