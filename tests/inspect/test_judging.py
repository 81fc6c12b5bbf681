"""Figures against limits by ISO 14253-1, the uncertainty from repeats, and what is said of lands and patches."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engrave.base.errors import InputError
from engrave.inspect import NOT_GIVEN, Limits, Verdict, given_uncertainty
from engrave.inspect.judging import (
    judged,
    judged_lands,
    land_findings,
    patch_findings,
    repeated_uncertainty,
    said_uncertainty,
    verdict_of,
)
from engrave.inspect.measure import Measured, Patch
from toolpaths.findings import Finding

LAND = Measured(
    place="character 1 (row 1, column 1)",
    shows="A",
    depth_um=30.0,
    designed_depth_um=30.0,
    width_um=20.0,
    designed_width_um=20.0,
    off_um=0.0,
    standing_share=1.0,
    seen_share=0.9,
)
PATCH = Patch(height_um=5.0, area_um2=100.0, x_um=10.0, y_um=20.0, ground="floor", place=LAND.place)


@pytest.mark.parametrize(
    ("value", "uncertainty", "verdict"),
    [
        # Limits 10 to 20: with 0.5 proved within from 10.5 to 19.5, beyond below 9.5 and above 20.5.
        (10.0, None, "pass"),
        (9.999, None, "fail"),
        (20.0, None, "pass"),
        (20.001, None, "fail"),
        (10.5, 0.5, "pass"),
        (10.499, 0.5, "undecided"),
        (9.5, 0.5, "undecided"),
        (9.499, 0.5, "fail"),
        (19.5, 0.5, "pass"),
        (19.501, 0.5, "undecided"),
        (20.5, 0.5, "undecided"),
        (20.501, 0.5, "fail"),
        (float("nan"), None, "undecided"),
        # An uncertainty wider than the limits proves nothing within them.
        (15.0, 6.0, "undecided"),
    ],
)
def test_the_uncertainty_narrows_what_passes_and_widens_what_fails(
    value: float, uncertainty: float | None, verdict: str
) -> None:
    assert judged(value, 10.0, 20.0, uncertainty) == verdict


def _numbers(findings: list[Finding]) -> list[str]:
    return [finding.number for finding in findings]


def _said(land: Measured, uncertainty_um: float | None = None) -> list[Finding]:
    uncertainty = NOT_GIVEN if uncertainty_um is None else given_uncertainty(uncertainty_um)
    limits = Limits()
    return list(land_findings(judged_lands([land], limits, uncertainty), limits))


@pytest.mark.parametrize(
    ("changes", "uncertainty_um", "numbers"),
    [
        ({}, None, []),
        ({"depth_um": 27.0}, None, []),
        ({"depth_um": 26.9}, None, ["I601"]),
        ({"depth_um": 33.1}, None, ["I601"]),
        ({"depth_um": 26.9}, 0.3, ["I607"]),
        ({"depth_um": 26.6}, 0.3, ["I601"]),
        ({"depth_um": 8.9}, None, ["I602"]),
        ({"off_um": 2.0}, None, []),
        ({"off_um": -2.1}, None, ["I604"]),
        ({"off_um": -2.1}, 0.3, ["I607"]),
        ({"standing_share": 0.8}, None, ["I605"]),
        ({"seen_share": 0.2, "depth_um": 10.0}, None, ["I608"]),
        ({"depth_um": float("nan"), "off_um": float("nan")}, None, ["I608"]),
    ],
)
def test_what_is_said_of_a_land(changes: dict[str, Any], uncertainty_um: float | None, numbers: list[str]) -> None:
    assert _numbers(_said(replace(LAND, **changes), uncertainty_um)) == numbers


def test_verdicts() -> None:
    assert verdict_of([]) is Verdict.PASS
    assert verdict_of(list(said_uncertainty(NOT_GIVEN))) is Verdict.PASS
    assert verdict_of(_said(replace(LAND, depth_um=26.9), 0.3)) is Verdict.UNDECIDED
    assert verdict_of(_said(replace(LAND, seen_share=0.1))) is Verdict.UNDECIDED
    assert verdict_of([*_said(replace(LAND, seen_share=0.1)), *_said(replace(LAND, depth_um=3.0))]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("height_um", "uncertainty_um", "numbers"),
    [
        (5.0, None, ["I603"]),
        (-5.0, None, ["I606"]),
        (2.9, None, []),
        (2.9, 0.3, ["I607"]),
        (3.2, 0.3, ["I607"]),
        (3.4, 0.3, ["I603"]),
    ],
)
def test_what_is_said_of_a_patch(height_um: float, uncertainty_um: float | None, numbers: list[str]) -> None:
    uncertainty = NOT_GIVEN if uncertainty_um is None else given_uncertainty(uncertainty_um)
    patch = replace(PATCH, height_um=height_um)
    assert _numbers(list(patch_findings([patch], (), Limits(), uncertainty))) == numbers


def test_a_land_that_is_missing_is_told_once() -> None:
    limits = Limits()
    lands = judged_lands([replace(LAND, depth_um=0.0)], limits, NOT_GIVEN)
    patch = replace(PATCH, height_um=-30.0, ground="land")
    assert _numbers(list(land_findings(lands, limits))) == ["I602"]
    assert not list(patch_findings([patch], lands, limits, NOT_GIVEN))


def test_the_uncertainty_of_repeats_is_twice_their_pooled_spread() -> None:
    # Spreads by hand: 30.0, 30.2 has s^2 = 0.02; 20.0, 20.4 has 0.08; pooled 0.05. Widths 0, 0.1: s^2 = 0.005, twice.
    one = [LAND, replace(LAND, depth_um=20.0)]
    other = [replace(LAND, depth_um=30.2, off_um=0.1), replace(LAND, depth_um=20.4, off_um=0.1)]
    # A land that one scan does not show is left out.
    lost = replace(LAND, depth_um=float("nan"), off_um=float("nan"))
    found = repeated_uncertainty([[*one, LAND], [*other, lost]])
    assert found.depth_um == pytest.approx(2 * np.sqrt(0.05))
    assert found.width_um == pytest.approx(2 * np.sqrt(0.005))
    assert "2 scans" in found.how


def test_every_limit_that_is_none_is_told() -> None:
    with pytest.raises(InputError) as caught:
        Limits(depth_share=0.8, width_um=-1.0, burr_um=float("nan"), standing_share=0.0)
    assert len(caught.value.faults) == 4
