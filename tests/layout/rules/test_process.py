"""Rules of cut, machine, slope, proud edges, and of what is to be known, on both sides of limits reckoned by hand."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engrave.layout import Track
from engrave.tips import ChiselTip, FlatTip, SphericalTip
from toolpaths.findings import Finding, Severity
from toolpaths.surface import disc

Judge = Callable[..., list[Finding]]


# --- L110, L111 kerf --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kerf_um", "told_of"), [(11.11, False), (13.09, False), (11.09, True), (13.11, True)])
def test_l110_kerf_and_crater(judge: Judge, kerf_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    assert [finding.severity for finding in judge("L110", kerf_um=kerf_um)] == [Severity.WARNING] * told_of


@pytest.mark.parametrize("key", ["stroke_um", "tooth_um"])
@pytest.mark.parametrize(
    ("polarity", "kerf_um", "refused"),
    [("raised", 20.0, False), ("raised", 20.1, True), ("recessed", 10.0, False), ("recessed", 10.1, True)],
)
def test_l111_kerf_and_land_or_groove(judge: Judge, key: str, polarity: str, kerf_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L111", sizes={key: 10.0, "polarity": polarity}, kerf_um=kerf_um, crater_um=kerf_um)
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused


def test_l111_sparks_leave_a_land_of_any_width_but_want_a_groove_to_go_into(judge: Judge) -> None:
    wide = {"kerf_um": 34.8, "crater_um": 34.8, "wall_um": 0.0, "recipe": None, "finer": "a thinner rod"}
    assert judge("L111", sizes={"stroke_um": 10.0}, **wide) == []
    (finding,) = judge("L111", sizes={"stroke_um": 34.0, "tooth_um": 35.0, "polarity": "recessed"}, **wide)
    assert (finding.value, finding.limit) == (34.8, 34.0)
    assert "a thinner rod" in finding.remedy


@pytest.mark.parametrize(("land_um", "refused"), [(18.0, False), (17.9, True)])
def test_l111_an_electrode_has_no_groove_narrower_than_its_cutter(
    judge: Judge,
    land_um: float,
    refused: bool,  # noqa: FBT001 - a column
) -> None:
    # A cutter of 30 um, electrodes 6 um smaller than the cut on each side: a land of 18 um.
    sinker = {"kerf_um": 28.0, "crater_um": 28.0, "wall_um": 0.0, "recipe": None, "ridge_um": 18.0}
    found = judge("L111", sizes={"stroke_um": land_um, "tooth_um": 20.0}, **sinker)
    assert [(finding.severity, finding.limit) for finding in found] == [(Severity.ERROR, 18.0)] * refused


# --- L128 a rod's level end: opening times slope against 0.4 of the relief --------------------------------------------


@pytest.mark.parametrize(("opening_um", "told_of"), [(13.3, False), (13.4, True)])
def test_l128_level_end_on_a_slope(judge: Judge, opening_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # At 600 um of 1000 um the slope is 0.6 / 0.8 = 0.75; 0.4 of 25 um is 10 um, 13.33 um of an opening.
    found = judge("L128", recipe=None, level_um=opening_um)
    assert [(finding.severity, finding.limit) for finding in found] == [(Severity.WARNING, 10.0)] * told_of
    assert [finding.value for finding in found] == [pytest.approx(0.75 * opening_um, rel=1e-3)] * told_of


def test_l128_is_silent_on_a_flat_and_where_the_floor_follows_the_tip(judge: Judge) -> None:
    assert judge("L128", recipe=None, level_um=500.0, tip=FlatTip(edge_radius_um=900.0)) == []
    assert judge("L128") == []


def test_nothing_is_told_of_a_beam_where_sparks_cut(judge: Judge) -> None:
    findings = judge(
        "",
        sizes={"stroke_um": 5.0, "height_um": 20.0, "column_pitch_um": 20.0},
        tip=SphericalTip(radius_um=640.0, edge_radius_um=590.0),
        kerf_um=34.8,
        crater_um=30.0,
        wall_um=0.0,
        recipe=None,
        finer="a thinner rod",
        level_um=34.8,
    )
    told = " ".join(f"{finding.place} {finding.message} {finding.remedy}" for finding in findings)
    assert not re.search(r"spot|beam|pulse|threshold|focus|laser", told), told
    assert "a thinner rod" in told


# --- L116 step: ten to a stroke ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "step_um", "place"),
    [
        ({}, 1.39, None),
        ({}, 1.41, "characters"),
        ({"tooth_um": 12.0}, 1.19, None),
        ({"tooth_um": 12.0}, 1.21, "teeth"),
        ({}, None, None),
    ],
)
def test_l116_step_and_stroke(judge: Judge, sizes: dict[str, Any], step_um: float | None, place: str | None) -> None:
    found = judge("L116", sizes=sizes, step_um=step_um)
    assert [(finding.severity, finding.place) for finding in found] == ([(Severity.WARNING, place)] if place else [])


def test_l116_a_galvo_of_16_bits_over_110_mm(judge: Judge) -> None:
    # 110 mm / 2^16 = 1.678 um, 8.34 to a stroke of 14 um.
    (finding,) = judge("L116", step_um=110_000.0 / 2**16)
    assert finding.value == pytest.approx(8.34, abs=0.005)
    assert judge("L116", step_um=110_000.0 / 2**20) == []


# --- L120 slope and fluence -------------------------------------------------------------------------------------------
# Depth goes as ln^2(F cos / Fth), ln(F / Fth) = 2.033: 0.6 of it is left at cos = exp(-2.033 (1 - sqrt 0.6)) = 0.6325,
# where 600 um lie on a radius of 600 / sqrt(1 - 0.6325^2) = 774.6 um. Nothing is left at cos = exp(-2.033) = 0.131,
# on 605.2 um.


@pytest.mark.parametrize(
    ("radius_um", "severity"),
    [(780.0, None), (769.0, Severity.WARNING), (607.0, Severity.WARNING), (604.0, Severity.ERROR)],
)
def test_l120_slope_and_fluence(judge: Judge, radius_um: float, severity: Severity | None) -> None:
    found = judge("L120", tip=SphericalTip(radius_um=radius_um, edge_radius_um=radius_um - 0.5))
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    assert [finding.limit for finding in found] == [0.6] * len(found)


def test_l120_tells_the_share(judge: Judge) -> None:
    # A tip of 700 um: cos = sqrt(1 - (6/7)^2) = 0.5151, share (1 + ln 0.5151 / 2.033)^2 = 0.4545.
    (finding,) = judge("L120", tip=SphericalTip(radius_um=700.0, edge_radius_um=690.0))
    assert finding.value == pytest.approx(0.4545, abs=0.003)


def test_l120_where_the_process_is_no_laser(judge: Judge) -> None:
    assert judge("L120", tip=SphericalTip(radius_um=604.0, edge_radius_um=603.5), recipe=None) == []


# --- L122 focus: the spot grows by 0.05 at 91.5 sqrt(1.05^2 - 1) = 29.3 um --------------------------------------------


@pytest.mark.parametrize(("relief_um", "told_of"), [(58.3, False), (58.9, True)])
def test_l122_focus_on_a_flat(judge: Judge, relief_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # The focus is kept half a relief below the face, the floor lies as far below it.
    found = judge("L122", tip=FlatTip(edge_radius_um=900.0), relief_um=relief_um)
    assert [(finding.severity, finding.limit) for finding in found] == [(Severity.WARNING, 0.05)] * told_of


@pytest.mark.parametrize(("relief_um", "told_of"), [(38.2, False), (38.8, True)])
def test_l122_focus_on_a_sphere(judge: Judge, relief_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # At 600 um a pass cuts (1 + ln 0.8 / 2.033)^2 = 0.7926 of its depth at the apex, where the floor is deeper by that:
    # 29.3 um below the focus for a relief of 29.3 / (1.2617 - 0.5) = 38.47 um.
    assert len(judge("L122", relief_um=relief_um)) == told_of


# --- L117 rim, L118 taper, L119 edges of the tip ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field_um", "taper_to_um", "refused"),
    [
        (817.0, None, False),
        (812.0, None, True),
        (760.0, 860.0, False),
        (717.0, 817.0, False),
        (712.0, 812.0, True),
    ],
)
def test_l117_rim(judge: Judge, field_um: float, taper_to_um: float | None, refused: bool) -> None:  # noqa: FBT001 - a column
    # The largest patch ends at 814.9 um.
    taper_to = None if taper_to_um is None else disc(taper_to_um)
    found = judge("L117", field=disc(field_um), taper_to=taper_to)
    assert [(finding.severity, finding.limit) for finding in found] == [(Severity.ERROR, 814.9)] * refused
    assert [finding.value for finding in found] == [pytest.approx(812.5, abs=0.2)] * refused


def test_l117_where_the_field_ends_with_the_tip(judge: Judge) -> None:
    tip = SphericalTip(radius_um=1000.0, edge_radius_um=700.0)
    assert judge("L117", tip=tip, field=disc(700.0)) == []
    assert len(judge("L117", tip=tip, field=disc(690.0))) == 1


@pytest.mark.parametrize(("relief_um", "told_of"), [(33.2, False), (33.5, True)])
def test_l118_taper(judge: Judge, relief_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # One in three over 100 um.
    found = judge("L118", field=disc(700.0), taper_to=disc(800.0), relief_um=relief_um)
    assert [(finding.severity, finding.limit) for finding in found] == [(Severity.WARNING, 0.333)] * told_of


def test_l118_sides_that_end_with_the_tip_are_no_taper(judge: Judge) -> None:
    tip = ChiselTip(length_x_um=1800.0, width_y_um=700.0, edge_round_um=60.0)
    field, taper_to = (tip.boundary.intersection(disc(radius_um)) for radius_um in (600.0, 700.0))
    assert judge("L118", tip=tip, field=field, taper_to=taper_to) == []
    assert len(judge("L118", tip=tip, field=field, taper_to=taper_to, relief_um=33.9)) == 1


@pytest.mark.parametrize(("round_um", "told_of"), [(49.0, True), (51.0, False)])
def test_l119_a_chisels_edges(judge: Judge, round_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    tip = ChiselTip(length_x_um=1800.0, width_y_um=1400.0, edge_round_um=round_um)
    found = [each for each in judge("L119", tip=tip, largest_patch_um=400.0) if each.place == "tip"]
    assert [(finding.severity, finding.value) for finding in found] == [(Severity.WARNING, round_um)] * told_of


@pytest.mark.parametrize(
    ("edge_um", "patch_um", "told_of"),
    [
        # A face that has fallen by 30 degrees at its edge has 60 to turn to the shank: asin(0.5) on 1000 um.
        (499.0, 499.0, True),
        (501.0, 501.0, False),
        # It matters only where the patch gets there.
        (499.0, 498.0, False),
    ],
)
def test_l119_the_edge_of_the_face(judge: Judge, edge_um: float, patch_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    tip = SphericalTip(radius_um=1000.0, edge_radius_um=edge_um)
    found = judge("L119", tip=tip, largest_patch_um=patch_um, field=disc(edge_um))
    assert [(finding.place, finding.unit) for finding in found] == [("edge of the tip", "deg")] * told_of
    assert [finding.value for finding in found] == [pytest.approx(60.1, abs=0.05)] * told_of


def test_l119_a_flat_ends_in_a_right_angle(judge: Judge) -> None:
    (finding,) = judge("L119", tip=FlatTip(edge_radius_um=900.0), largest_patch_um=900.0)
    assert finding.value == 90.0


def test_proud_edges_of_a_recessed_mark_are_the_tips_own(judge: Judge) -> None:
    sizes, field = {"polarity": "recessed"}, disc(650.0)
    for number in ("L117", "L118"):
        assert judge(number, sizes=sizes, field=field, taper_to=disc(700.0), relief_um=40.0) == []


# --- L123 to L127: what is to be known --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        ((), None),
        # Where the pin sits is no matter of its form.
        (("runout", "clocking_tolerance"), None),
        (("radius",), "the tip was not measured: radius is a prior"),
        (("runout", "radius", "edge_radius"), "the tip was not measured: edge_radius, radius are priors"),
    ],
)
def test_l123_a_tip_that_was_not_measured(judge: Judge, priors: tuple[str, ...], words: str | None) -> None:
    found = judge("L123", tip_priors=priors)
    assert [(finding.message, finding.severity) for finding in found] == ([(words, "warning")] if words else [])


@pytest.mark.parametrize(
    ("polarity", "words"),
    [
        ("raised", ("raised on the face", "mirror image", "stand sunk and read from left to right")),
        ("recessed", ("sunk into the face", "mirror image", "stand raised and read from left to right")),
    ],
)
def test_l124_how_the_mark_is_cut_and_read(judge: Judge, polarity: str, words: tuple[str, ...]) -> None:
    (finding,) = judge("L124", sizes={"polarity": polarity})
    assert finding.severity is Severity.INFO
    assert [word for word in words if word not in finding.message] == []
    assert "25 um, is measured along the axis" in finding.message


@pytest.mark.parametrize(
    ("datum", "tolerance_rad", "words"),
    [
        (None, None, "states no clocking datum"),
        ("the flat on the shank", None, "clocked to the pin's datum, the flat on the shank"),
        ("the flat on the shank", math.radians(2.0), "the flat on the shank, within 2 degrees"),
    ],
)
def test_l126_clocking(judge: Judge, datum: str | None, tolerance_rad: float | None, words: str) -> None:
    (finding,) = judge("L126", clocking_datum=datum, clocking_tolerance_rad=tolerance_rad)
    assert finding.severity is Severity.INFO
    assert words in finding.message


def symbols(count: int) -> set[tuple[int, int]]:
    """A cell of so many symbols of profile A: three mark cells, then nine symbols of five cells, on each track."""
    return {(number // 9, 3 + 5 * (number % 9)) for number in range(count)}


@pytest.mark.parametrize(
    ("gone", "severity", "whole"),
    [
        (set(), None, 18),
        # Mark cells carry no symbol.
        ({(0, 0), (1, 2)}, Severity.INFO, 18),
        ({(0, 3), (0, 7)}, Severity.INFO, 17),
        ({(0, 7), (0, 8)}, Severity.INFO, 16),
        (symbols(10), Severity.INFO, 8),
        (symbols(11), Severity.WARNING, 7),
    ],
)
def test_l127_a_partial_ring(judge: Judge, gone: set[tuple[int, int]], severity: Severity | None, whole: int) -> None:
    found = judge("L127", gone=gone)
    assert [(finding.severity, finding.value, finding.limit) for finding in found] == (
        [] if severity is None else [(severity, float(whole), 8.0)]
    )
    assert all(f"room for {96 - len(gone)} of 96 teeth" in finding.message for finding in found)


def test_l127_the_six_symbols_of_a_small_ring_are_all_needed(judge: Judge) -> None:
    sizes = {"tracks": (Track(inner_um=435.0, outer_um=510.0),)}
    assert judge("L127", sizes=sizes, profile="S") == []
    (finding,) = judge("L127", sizes=sizes, profile="S", gone={(0, 2)})
    assert (finding.severity, finding.value, finding.limit) == (Severity.WARNING, 5.0, 6.0)


# --- all of them ------------------------------------------------------------------------------------------------------


def test_every_finding_that_weighs_says_what_to_do(judge: Judge) -> None:
    findings = judge(
        "",
        sizes={"stroke_um": 5.0, "height_um": 20.0, "column_pitch_um": 20.0},
        gone=symbols(11),
        tip=SphericalTip(radius_um=640.0, edge_radius_um=590.0),
        field=disc(560.0),
        taper_to=disc(585.0),
        relief_um=10.0,
        kerf_um=15.0,
        step_um=2.0,
        tip_priors=("radius",),
    )
    numbers = [finding.number for finding in findings]
    assert numbers == sorted(numbers)
    expected = {"L101", "L102", "L103", "L104", "L107", "L108", "L109", "L110", "L111", "L116", "L117", "L118"}
    assert expected | {"L120", "L121", "L123", "L124", "L126", "L127"} <= set(numbers)
    weighing = [finding for finding in findings if finding.severity is not Severity.INFO]
    assert [finding for finding in weighing if not (finding.remedy and finding.place and finding.message)] == []
    # A remedy is called for only where something is wrong, and every figure has its limit.
    assert [each for each in weighing if (each.value is None) != (each.limit is None) and each.number != "L108"] == []


def test_the_page_lists_every_rule_and_no_other() -> None:
    root = Path(__file__).parents[3]
    sources = [path.read_text(encoding="utf-8") for path in (root / "engrave" / "layout" / "rules").glob("*.py")]
    told = {number for source in sources for number in re.findall(r'"(L\d{3})"', source)}
    page = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (L\d{3}) \|", page, flags=re.MULTILINE)) == told
    assert told == {f"L{number}" for number in range(101, 129)}
