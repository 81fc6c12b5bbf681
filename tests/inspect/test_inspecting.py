"""Scans of a pin cut in simulation, as they may lie, sound and with faults planted: what is found and measured."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.inspected_scans import Lie, beside_form, disturbed, scanned
from benchmarks.proof_inspection import FAULTS, MOST_OFF_UM, Pin, cut_for, planted, ruled_um
from engrave.base.errors import InputError
from engrave.inspect import (
    Given,
    Inspected,
    Scan,
    Verdict,
    given_uncertainty,
    inspect_scan,
    inspection_to_json,
    inspector_for,
    load_pin_scan,
)
from engrave.layout.polygons import TOOTH
from toolpaths.surface import HeightMap

pytestmark = pytest.mark.slow

LIE = Lie(turn_rad=2.0, tilt_rad=(0.03, -0.035), off_um=(37.0, -30.0))


def scan_at(tip: HeightMap, *, lie: Lie = LIE, seed: int = 1, clean: bool = False) -> Scan:
    """A scan with noise, holes over a tenth and spikes, or clean."""
    pixel_um = 2.0
    z_um = scanned(tip, lie, half_um=720.0, pixel_um=pixel_um)
    if not clean:
        rng = np.random.default_rng(seed)
        z_um = disturbed(z_um, rng, pixel_um=pixel_um, noise_um=0.3, holes=0.1, spikes=1e-4)
    first_um = -pixel_um * (len(z_um) - 1) / 2
    surface = HeightMap(z_um=z_um, pixel_um=pixel_um, x0_um=first_um, y0_um=first_um, frame="pin")
    return Scan(name="scan.npy", sha256="0" * 64, kind="npy", surface=surface)


def numbers(outcome: Inspected) -> set[str]:
    """Of all findings but that no uncertainty was given."""
    return {finding.number for finding in outcome.findings} - {"I612"}


@pytest.fixture(scope="module")
def pin() -> Pin:
    return cut_for(3, seed=11)


@pytest.fixture(scope="module")
def sound(pin: Pin) -> Inspected:
    return inspect_scan(scan_at(pin.tip), pin.inspector)


def test_a_sound_pin_passes_and_is_told_without_uncertainty(sound: Inspected, pin: Pin) -> None:
    assert sound.verdict is Verdict.PASS
    assert [finding.number for finding in sound.findings] == ["I612"]
    assert sound.identified is not None
    assert sound.identified.id == pin.inspector.mark.id
    assert sound.laid.cleaned.spikes > 0
    assert sound.laid.cleaned.holes == np.count_nonzero(np.isnan(sound.scan.surface.z_um))


def test_the_scan_is_laid_where_the_pin_lies(sound: Inspected) -> None:
    lies = sound.laid.lies
    assert lies is not None
    assert lies.turn_rad == pytest.approx(LIE.turn_rad, abs=1e-3)
    assert lies.centre_um == pytest.approx(LIE.off_um, abs=1.0)
    # Of a sphere a tilt is told apart from a form beside the mark only by what it does to the mark.
    assert np.degrees(lies.tilt_rad) == pytest.approx(np.degrees(np.hypot(*LIE.tilt_rad)), abs=0.15)
    assert lies.depth_scale == pytest.approx(1.0, abs=0.02)


def test_depths_are_those_of_a_ruler(sound: Inspected, pin: Pin) -> None:
    measured = {land.measured.place: land.measured.depth_um for land in sound.lands}
    assert len(measured) == len(pin.lands)
    for land in pin.lands:
        # Between teeth that stand close there is no floor that the ruler takes for clear.
        if land.shows != TOOTH:
            assert measured[land.place] == pytest.approx(ruled_um(pin, land), abs=0.3)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_measured(pin: Pin, name: str) -> None:
    fault = planted(name, pin, np.random.default_rng(5))
    outcome = inspect_scan(scan_at(fault.tip, seed=2), pin.inspector)
    assert outcome.verdict is Verdict.FAIL
    mine = [finding for finding in outcome.findings if finding.number == fault.number]
    if name in ("shallow", "missing"):
        depths_um = {land.measured.place: land.measured.depth_um for land in outcome.lands}
        for place, true_um in zip(fault.places, fault.true_um, strict=True):
            assert place in {finding.place for finding in mine}
            assert depths_um[place] == pytest.approx(true_um, abs=MOST_OFF_UM)
    else:
        (burr,) = mine
        assert burr.value == pytest.approx(fault.true_um[0], abs=MOST_OFF_UM)
    allowed = {"shallow": {"I601"}, "missing": {"I602", "R405", "R406"}}.get(name, {"I603"})
    assert numbers(outcome) <= allowed


def test_what_is_missing_from_a_land_is_found(pin: Pin) -> None:
    land = next(land for land in pin.lands if land.shows != TOOTH)
    middle = land.outline.representative_point()
    x_um, y_um = np.meshgrid(pin.tip.x_um() - middle.x, pin.tip.y_um() - middle.y)
    chipped = pin.with_depth(pin.depth_um + np.where(np.hypot(x_um, y_um) < 15, 8.0, 0.0))
    outcome = inspect_scan(scan_at(chipped), pin.inspector)
    assert "I606" in numbers(outcome)
    worst = min(finding.value or 0.0 for finding in outcome.findings if finding.number == "I606")
    assert worst == pytest.approx(-8.0, abs=MOST_OFF_UM)


def test_a_mark_beside_the_middle_of_its_form_is_measured_all_the_same(pin: Pin) -> None:
    moved = beside_form(pin.tip, pin.face_um, x_um=40.0, y_um=-25.0)
    outcome = inspect_scan(scan_at(moved), pin.inspector)
    assert outcome.verdict is Verdict.PASS
    assert outcome.laid.lies is not None
    assert outcome.laid.lies.form_um == pytest.approx((40.0, -25.0), abs=5.0)


def test_another_pins_scan_is_told_by_the_reading(pin: Pin) -> None:
    other = cut_for(4, seed=11)
    outcome = inspect_scan(scan_at(other.tip), pin.inspector)
    assert outcome.verdict is Verdict.FAIL
    (finding,) = [finding for finding in outcome.findings if finding.number == "I609"]
    assert other.inspector.mark.characters in finding.message
    assert outcome.lands == ()
    assert inspection_to_json(outcome, pin.inspector.setup)["reading"]["id"] == other.inspector.mark.id


def test_a_mirrored_scan_is_said_to_be_mirrored(pin: Pin) -> None:
    scan = scan_at(pin.tip, clean=True)
    mirrored = replace(scan, surface=replace(scan.surface, z_um=scan.surface.z_um[::-1]))
    outcome = inspect_scan(mirrored, pin.inspector)
    assert {"R402", "I611"} <= numbers(outcome)
    assert outcome.verdict is Verdict.FAIL


def test_an_uncertainty_wider_than_the_limits_decides_nothing(pin: Pin) -> None:
    outcome = inspect_scan(scan_at(pin.tip), pin.inspector, uncertainty=given_uncertainty(4.0))
    assert outcome.verdict is Verdict.UNDECIDED
    assert numbers(outcome) == {"I607"}


def test_repeats_tell_the_uncertainty(pin: Pin) -> None:
    again = scan_at(pin.tip, lie=Lie(turn_rad=-1.0, tilt_rad=(-0.02, 0.01), off_um=(5.0, 12.0)), seed=9)
    outcome = inspect_scan(scan_at(pin.tip), pin.inspector, repeats=[again])
    assert outcome.verdict is Verdict.PASS
    assert outcome.uncertainty.depth_um is not None
    assert 0.0 < outcome.uncertainty.depth_um < 0.5
    empty = replace(again, surface=replace(again.surface, z_um=np.zeros_like(again.surface.z_um)))
    with pytest.raises(InputError, match="--repeat"):
        inspect_scan(scan_at(pin.tip), pin.inspector, repeats=[empty])


@pytest.mark.parametrize("heights", ["flat", "few"])
def test_what_is_no_pin_lies_on_no_design(pin: Pin, heights: str) -> None:
    z_um = np.full((300, 300), 5.0)
    if heights == "few":
        z_um[20:] = np.nan
    surface = HeightMap(z_um=z_um, pixel_um=2.0, x0_um=-300.0, y0_um=-300.0, frame="pin")
    outcome = inspect_scan(Scan(name="s", sha256="0" * 64, kind="npy", surface=surface), pin.inspector)
    assert outcome.verdict is Verdict.FAIL
    assert {"I610", "I611"} <= numbers(outcome)


@pytest.mark.parametrize("name", ["x3p/csafe-logo.x3p", "x3p/sample-land.x3p"])
def test_surfaces_of_others_are_measured_and_refused_with_a_reason(pin: Pin, name: str) -> None:
    path = Path(os.environ.get("PIN_ENGRAVE_FOREIGN_DATA", "")) / name
    if not path.is_file():
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads surfaces")
        pytest.skip("PIN_ENGRAVE_FOREIGN_DATA names no folder of foreign files; this test reads surfaces")
    scan = load_pin_scan(path, Given())
    outcome = inspect_scan(scan, pin.inspector)
    assert outcome.verdict is Verdict.FAIL
    assert {"I610", "I611"} <= numbers(outcome)


def test_a_mark_of_another_profile_is_refused(pin: Pin) -> None:
    with pytest.raises(InputError, match="profile"):
        inspector_for(replace(pin.inspector.mark, profile="S"), pin.inspector.checker)
