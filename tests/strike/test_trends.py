"""Which strikes print better and which worse: depth and extent of combs of lines, measured by simple means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.strike import Condition, Fouling, Gas, Impression, Primer, Wear, strike
from engrave.tips import SphericalTip
from toolpaths.surface import HeightMap, centred_grid

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BALL = SphericalTip(radius_um=1000.0, edge_radius_um=800.0)
PIXEL_UM = 6.0
RELIEF_UM = 25.0
MARK_UM = 560.0
PRIMER = Primer(
    description="test cup",
    thickness_um=500.0,
    yield_stress_pa=450e6,
    hardening_pa=150e6,
    reduced_modulus_pa=79e9,
    backing=0.5,
    backing_least=0.0,
    backing_most=1.0,
)
DENT = Condition(description="test", dent_um=250.0)
# 2.6 nm a round at this cup's hardness.
WEAR = Wear(rounds=0, coefficient=1e-3, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)
AXIS_UM = centred_grid(half_width_um=BALL.edge_radius_um, pixel_um=PIXEL_UM)
X_UM, Y_UM = np.meshgrid(AXIS_UM, AXIS_UM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """Lines along y; ``narrow_um`` is their width, raised lands or, recessed, grooves."""

    pitch_um: float = 126.0
    narrow_um: float = 24.0
    recessed: bool = False

    @property
    def place_um(self) -> FloatArray:
        """How far each sample lies behind the last line's beginning."""
        return np.mod(X_UM + PIXEL_UM / 2, self.pitch_um)

    @property
    def lands(self) -> BoolArray:
        """What was not cut."""
        found: BoolArray = (self.place_um < self.narrow_um) != self.recessed
        return found

    def middles(self, *, of_lands: bool) -> BoolArray:
        """The samples in the middle of lines, or in the middle between them."""
        narrow = of_lands != self.recessed
        middle_um = self.narrow_um / 2 if narrow else (self.narrow_um + self.pitch_um) / 2
        found: BoolArray = np.abs(self.place_um - middle_um) < PIXEL_UM
        return found

    def pin(self, *, blank: bool = False) -> HeightMap:
        """The tip, marked or as it was before."""
        depth_um = np.where(self.lands | blank, 0.0, RELIEF_UM)
        return HeightMap(
            z_um=BALL.height_um(X_UM, Y_UM) - depth_um,
            pixel_um=PIXEL_UM,
            x0_um=float(AXIS_UM[0]),
            y0_um=float(AXIS_UM[0]),
            frame="pin",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """How far floors stand above lands in the primer: their median, um, and the share of half the relief or more."""

    depth_um: float
    share: float


def struck(comb: Comb, condition: Condition = DENT, *, backing: float = 0.5, blank: bool = False) -> Impression:
    return strike(comb.pin(blank=blank), form=BALL, primer=replace(PRIMER, backing=backing), condition=condition)


def printed(comb: Comb, condition: Condition = DENT, *, backing: float = 0.5) -> Print:
    bare = replace(condition, wear=None, fouling=None)
    marked, blank = struck(comb, condition, backing=backing), struck(comb, bare, backing=backing, blank=True)
    # As the tip is seen, so that lands lie where they were cut.
    raised_um = (marked.surface.z_um - blank.surface.z_um)[:, ::-1]
    within = np.hypot(X_UM, Y_UM) < MARK_UM
    lands_um = float(np.median(raised_um[comb.middles(of_lands=True) & within]))
    floors_um = raised_um[comb.middles(of_lands=False) & within] - lands_um
    return Print(depth_um=float(np.median(floors_um)), share=float(np.mean(floors_um > RELIEF_UM / 2)))


def never_better(prints: Sequence[Print]) -> bool:
    """Whether no print is deeper or larger than the one before, to a hundredth of a micrometre and a sample or two."""
    return all(
        after.depth_um <= before.depth_um + 0.01 and after.share <= before.share + 0.005
        for before, after in pairwise(prints)
    )


def test_the_patch_grows_with_the_energy_and_ends_at_the_tips_edge() -> None:
    reached = [
        struck(Comb(), Condition(description="x", energy_j=energy)).contact_um
        for energy in (0.01, 0.03, 0.1, 0.2, 0.3, 0.5)
    ]
    assert all(before + 10.0 < after for before, after in pairwise(reached))
    assert reached[-1] <= 800.0 + PIXEL_UM


def test_the_patch_falls_with_hardness_at_one_energy() -> None:
    energy = Condition(description="x", energy_j=0.15)
    for conditions in (
        [replace(energy, cup_hardness=hardness) for hardness in (0.7, 0.85, 1.0, 1.2, 1.4)],
        [replace(DENT, cup_hardness=hardness) for hardness in (0.7, 0.85, 1.0, 1.2, 1.4)],
    ):
        reached = [struck(Comb(), condition).contact_um for condition in conditions]
        assert all(before - 5.0 > after for before, after in pairwise(reached))


def test_a_weak_strike_prints_less_of_the_mark() -> None:
    prints = [printed(Comb(), replace(DENT, dent_um=dent)) for dent in (250.0, 180.0, 120.0, 70.0, 30.0)]
    assert never_better(prints)
    assert prints[0].share > 0.95
    assert prints[-1].share < 0.3


def test_finer_lines_never_print_better() -> None:
    prints = [printed(Comb(pitch_um=pitch)) for pitch in (246.0, 126.0, 90.0, 66.0, 54.0, 42.0, 36.0)]
    assert never_better(prints)
    # The land fraction of the first is .1 and of the last .67, which takes 2 Y to begin: 1.8 is given.
    assert prints[0].depth_um == pytest.approx(RELIEF_UM, abs=0.01)
    assert prints[-1].depth_um < 0.01


@pytest.mark.parametrize("backing", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_recessed_lines_never_print_better_than_raised_ones(backing: float) -> None:
    raised, recessed = (
        printed(Comb(pitch_um=126.0, narrow_um=30.0, recessed=kind), backing=backing) for kind in (False, True)
    )
    assert recessed.depth_um < raised.depth_um
    assert recessed.share <= raised.share


def test_more_wear_never_prints_better_and_a_worn_out_mark_not_at_all() -> None:
    prints = [printed(Comb(), replace(DENT, wear=replace(WEAR, rounds=n))) for n in (0, 300, 1000, 2500, 5000, 20_000)]
    assert never_better(prints)
    assert prints[0] == printed(Comb())
    # 1000 rounds take K p L / 3 H each: p = 1.8 (450 + 150 x 0.2 x 0.636) MPa, 64 um of way.
    lost_um = 1000 * 1e-3 * 1.8 * (450 + 30 * 0.636) * 64 / (3 * 7000)
    assert prints[2].depth_um == pytest.approx(RELIEF_UM - lost_um, abs=0.05)
    assert prints[-1] == Print(depth_um=0.0, share=0.0)


@pytest.mark.parametrize("towards_deg", [0.0, 90.0, -135.0])
def test_a_tilt_that_moves_the_patch_off_the_mark_never_prints_better(towards_deg: float) -> None:
    dent = replace(DENT, tilt_towards_rad=math.radians(towards_deg))
    prints = [printed(Comb(), replace(dent, tilt_rad=math.radians(tilt))) for tilt in (0.0, 3.0, 6.0, 8.0, 10.0)]
    assert never_better(prints)
    assert prints[-1].share < prints[0].share - 0.03


def test_a_tilt_within_the_patch_prints_as_well() -> None:
    upright, tilted = (printed(Comb(), replace(DENT, dent_um=300.0, tilt_rad=tilt)) for tilt in (0.0, 0.02))
    assert tilted.share == upright.share == 1.0
    assert tilted.depth_um == pytest.approx(upright.depth_um, abs=0.01)


def test_more_residue_never_prints_better() -> None:
    prints = [
        printed(Comb(), replace(DENT, fouling=Fouling(depth_um=depth, correlation_um=40.0)))
        for depth in (0.01, 1.0, 3.0, 6.0, 12.0, 30.0)
    ]
    assert never_better(prints)
    assert prints[0].depth_um == pytest.approx(RELIEF_UM, abs=0.05)
    assert prints[1].depth_um == pytest.approx(RELIEF_UM - 1.0, abs=0.1)
    assert prints[-1].share < 0.5


def same(one: Impression, other: Impression) -> bool:
    return np.array_equal(one.surface.z_um, other.surface.z_um)


@pytest.mark.parametrize("pressure_yields", [0.5, 1.7, 2.6])
def test_gas_changes_nothing_below_prandtls_onset(pressure_yields: float) -> None:
    # Grooves of 30 um in 126: the middle of a groove has a land fraction of .617, which takes 1.83 Y; all else more.
    recessed = Comb(pitch_um=126.0, narrow_um=30.0, recessed=True)
    flow_pa = 450e6 + 150e6 * 0.2 * 0.636
    gas = Gas(pressure_pa=pressure_yields * flow_pa, x_um=12.0, y_um=0.0)
    before, after = struck(recessed, backing=1.0), struck(recessed, replace(DENT, backing=1.0, gas=gas), backing=1.0)
    assert same(before, after) == (pressure_yields < 1.83)


def test_a_blank_tip_sinks_no_deeper_than_its_dent_and_a_marked_one_does() -> None:
    assert struck(Comb(), blank=True).sunk_um == 0.0
    sunk = [struck(Comb(), replace(DENT, dent_um=dent)).sunk_um for dent in (30.0, 100.0, 200.0)]
    # All of the floors' volume, four fifths of the relief, shared with a rim that sinks as well.
    assert all(0.0 < one < 0.81 * RELIEF_UM for one in sunk)
    assert sunk == sorted(sunk)
