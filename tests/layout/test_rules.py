"""Every design rule on both sides of its limit, the limits reckoned by hand on a bar of 14 x 175 um for a glyph."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from engrave.layout import Grounds, LandShapes, Places, Track, check_layout
from engrave.strike import Condition, Primer
from engrave.tips import FlatTip, SphericalTip
from toolpaths.findings import Finding, Severity

BAR = shapely.box(-7.0, -87.5, 7.0, 87.5)
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
SOUND = Grounds(
    tip=SphericalTip(radius_um=1000.0, edge_radius_um=900.0),
    relief_um=25.0,
    kerf_um=12.1,
    crater_um=12.1,
    wall_um=3.06,
    primer=PRIMER,
    nominal=Condition(description="test", dent_um=350.0),
)

Judge = Callable[..., list[Finding]]


@pytest.fixture(scope="module")
def judge(places_with: Callable[..., Places]) -> Judge:
    """Judge the default sizes with changes to them, to the grounds, and to the one glyph."""

    def judged(
        *,
        sizes: dict[str, Any] | None = None,
        glyph: BaseGeometry = BAR,
        **grounds: Any,  # noqa: ANN401 - any of its fields
    ) -> list[Finding]:
        shapes = LandShapes(glyphs={"I": glyph}, teeth=())
        return list(check_layout(places_with(**(sizes or {})), shapes, replace(SOUND, **grounds)))

    return judged


def told(findings: list[Finding], number: str) -> list[Finding]:
    return [finding for finding in findings if finding.number == number]


def test_a_sound_layout_has_no_findings(judge: Judge) -> None:
    assert judge() == []


# --- L101 stroke at half relief, 15 to 25 um: the crest and two walls of 3.06 um --------------------------------------


@pytest.mark.parametrize(("key", "place"), [("stroke_um", "characters"), ("tooth_um", "teeth")])
@pytest.mark.parametrize(
    ("crest_um", "limit_um"), [(8.87, 15.0), (8.89, None), (18.87, None), (18.89, 25.0)], ids=["thin", "", " ", "thick"]
)
def test_l101_stroke(judge: Judge, key: str, place: str, crest_um: float, limit_um: float | None) -> None:
    found = told(judge(sizes={key: crest_um}), "L101")
    if limit_um is None:
        assert found == []
        return
    (finding,) = found
    assert (finding.severity, finding.place, finding.limit) == (Severity.WARNING, place, limit_um)
    assert finding.value == pytest.approx(crest_um + 6.12)
    assert finding.remedy == f"make the crest {limit_um - 6.12:.1f} um wide"


def test_l101_where_no_crest_would_help(judge: Judge) -> None:
    remedies = {finding.remedy for finding in told(judge(wall_um=13.0), "L101")}
    assert remedies == {"use a finer spot"}


# --- L102, L103 height ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height_um", "refused"), [(149.9, True), (150.0, False)])
def test_l102_height(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column of a table
    found = told(judge(sizes={"height_um": height_um}), "L102")
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused


@pytest.mark.parametrize(("height_um", "refused"), [(120.6, True), (120.8, False)])
def test_l103_stroke_for_its_height(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # 14 + 2 x 3.06 = 20.12 um is a sixth of 120.72 um.
    found = told(judge(sizes={"height_um": height_um}), "L103")
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused


# --- L104 gaps: the kerf 12.1, the relief 25, or walls and floor 2 x 3.06 + 8 = 14.12 ---------------------------------


def tracks(gap_um: float) -> tuple[Track, Track]:
    return Track(inner_um=435.0, outer_um=510.0), Track(inner_um=510.0 + gap_um, outer_um=600.0)


@pytest.mark.parametrize(
    ("sizes", "grounds", "place"),
    [
        ({"column_pitch_um": 38.9}, {}, "columns of characters"),
        ({"column_pitch_um": 39.1}, {}, None),
        ({"row_pitch_um": 199.9}, {}, "rows of characters"),
        ({"row_pitch_um": 200.1}, {}, None),
        # Inner ends of 48 teeth w wide, at 435 + w/2: 2 (435 + w/2) sin(3.75 deg) - w = 25 for w = 34.13.
        ({"tooth_um": 34.2}, {}, "teeth of ring track 1"),
        ({"tooth_um": 34.0}, {}, None),
        ({"tracks": tracks(14.1)}, {}, "ring tracks 1 and 2"),
        ({"tracks": tracks(14.2)}, {}, None),
        # A wide kerf bounds them all.
        ({"tracks": tracks(15.9)}, {"kerf_um": 16.0}, "ring tracks 1 and 2"),
        ({"tracks": tracks(16.1)}, {"kerf_um": 16.0}, None),
        ({"row_pitch_um": 204.9, "tracks": tracks(31.0)}, {"kerf_um": 30.0}, "rows of characters"),
        ({"row_pitch_um": 205.1, "tracks": tracks(31.0)}, {"kerf_um": 30.0}, None),
        # Deep relief wants wide gaps, but not between the ends of teeth.
        ({}, {"relief_um": 35.1}, "rows of characters"),
        ({}, {"relief_um": 34.9}, None),
    ],
)
def test_l104_gaps(judge: Judge, sizes: dict[str, Any], grounds: dict[str, Any], place: str | None) -> None:
    found = told(judge(sizes=sizes, **grounds), "L104")
    assert [(finding.place, finding.severity) for finding in found] == ([(place, Severity.ERROR)] if place else [])


@pytest.mark.parametrize(("inner_um", "refused"), [(356.0, True), (356.4, False)])
def test_l105_ring_and_characters(judge: Judge, inner_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # The farthest corner of a bar stands at (262.5 + 7, 105 + 87.5): 331.19 um from the centre; 25 um must be left.
    sizes = {"tracks": (Track(inner_um=inner_um, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))}
    found = told(judge(sizes=sizes), "L105")
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused
    assert all("begin the inner track at 356 um" in finding.remedy for finding in found)


# --- L106 land fraction: for a rectangle under a Gaussian window it is a product of two closed forms ------------------


def mean_share(length_um: float, sigma_um: float = 30.0) -> float:
    """Mean, over a segment, of the Gaussian's share that falls on it: the double integral of the Gaussian over L."""
    ratio = length_um / sigma_um
    return math.erf(ratio / math.sqrt(2)) - math.sqrt(2 / math.pi) / ratio * (1 - math.exp(-(ratio**2) / 2))


def bar_with_share(share: float) -> float:
    """Width of a bar 175 um high whose mean land fraction is this."""
    low, high = 1.0, 300.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_share(middle) * mean_share(175.0) < share else (low, middle)
    return high


@pytest.mark.parametrize(
    ("share", "backing", "severity"),
    [
        (0.285, 0.5, None),
        (0.315, 0.5, Severity.WARNING),
        # p / 2.97 Y, with p = 1 + 1.6 b on R = 1 mm: 0.606 at half backing, 0.337 without any.
        (0.58, 0.5, Severity.WARNING),
        (0.63, 0.5, Severity.ERROR),
        (0.325, 0.0, Severity.WARNING),
        (0.350, 0.0, Severity.ERROR),
    ],
)
def test_l106_land_fraction(judge: Judge, share: float, backing: float, severity: Severity | None) -> None:
    half_um = bar_with_share(share) / 2
    bar = shapely.box(-half_um, -87.5, half_um, 87.5)
    found = told(judge(glyph=bar, wall_um=0.0, primer=replace(PRIMER, backing=backing)), "L106")
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    for finding in found:
        assert finding.place == "glyph I"
        assert finding.value == pytest.approx(share, abs=0.01)


def test_l106_on_a_flat_that_is_hardly_backed(judge: Judge) -> None:
    # No membrane: p = 2.6 b = 0.39 Y bears a fraction of 0.131, less than a stroke's own 0.2.
    flat = judge(tip=FlatTip(edge_radius_um=900.0), primer=replace(PRIMER, backing=0.15))
    assert [finding.severity for finding in told(flat, "L106")] == [Severity.ERROR]
    backed = judge(tip=FlatTip(edge_radius_um=900.0), primer=replace(PRIMER, backing=0.5))
    assert told(backed, "L106") == []


# --- L107 edge of the tip, 25 um beyond the ring's 600 ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("edge_um", "words"),
    [
        (625.0, None),
        (624.9, "the ring is too close to the edge of the tip"),
        (600.0, "the ring is too close to the edge of the tip"),
        (599.9, "the ring reaches beyond the tip"),
    ],
)
def test_l107_edge(judge: Judge, edge_um: float, words: str | None) -> None:
    found = told(judge(tip=SphericalTip(radius_um=1000.0, edge_radius_um=edge_um)), "L107")
    assert [(finding.message, finding.place) for finding in found] == ([(words, "ring track 2")] if words else [])


# --- L108 the track must be formed: touched, and 1.73 reliefs of travel -----------------------------------------------


@pytest.mark.parametrize(
    ("dent_um", "severity"),
    [
        # Least backing, a^2 = 0.7 (2RD - D^2): 600 um touched at 1000 - sqrt(1e6 - 360000 / 0.7) = 303.07, + 43.25.
        (346.4, None),
        (346.2, Severity.WARNING),
        # Half the assumed backing, 0.25: a^2 = 0.8125 (...): 1000 - sqrt(1e6 - 360000 / 0.8125) = 253.73, + 43.25.
        (297.1, Severity.WARNING),
        (296.9, Severity.ERROR),
    ],
)
def test_l108_formed(judge: Judge, dent_um: float, severity: Severity | None) -> None:
    found = told(judge(nominal=Condition(description="x", dent_um=dent_um)), "L108")
    place = "ring track 2 (525 to 600 um)"
    assert [(finding.severity, finding.place) for finding in found] == ([] if severity is None else [(severity, place)])
    assert all(finding.limit == dent_um for finding in found)


def test_l108_says_what_dent_it_takes(judge: Judge) -> None:
    # R = 0.8 mm at a backing of 0.25: 800 - sqrt(640000 - 360000 / 0.8125) = 356.24, + 43.25; the patch then ends at
    # sqrt(0.8125 (2 x 800 x 350 - 350^2)) = 596.2 um.
    (finding,) = told(judge(tip=SphericalTip(radius_um=800.0, edge_radius_um=700.0)), "L108")
    assert finding.severity is Severity.ERROR
    assert finding.value == pytest.approx(399.5, abs=0.06)
    assert "needs a dent of 399 um, and the patch ends at 596 um" in finding.message


def test_l108_where_no_dent_is_enough(judge: Judge) -> None:
    found = told(judge(tip=SphericalTip(radius_um=640.0, edge_radius_um=630.0)), "L108")
    assert [finding.place for finding in found] == ["ring track 1 (435 to 510 um)", "ring track 2 (525 to 600 um)"]
    assert found[1].value is None
    assert "no dent does" in found[1].message
    assert "inf" not in found[1].message


def test_l108_a_flat_touches_everywhere_at_once(judge: Judge) -> None:
    flat = FlatTip(edge_radius_um=900.0)
    assert told(judge(tip=flat, nominal=Condition(description="x", dent_um=43.3)), "L108") == []
    shallow = told(judge(tip=flat, nominal=Condition(description="x", dent_um=43.2)), "L108")
    assert [finding.severity for finding in shallow] == [Severity.ERROR] * 2


# --- L109 relief ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relief_um", "limit_um"), [(20.0, None), (19.9, 20.0), (15.0, 20.0), (14.9, 15.0), (3.0, 15.0)]
)
def test_l109_relief(judge: Judge, relief_um: float, limit_um: float | None) -> None:
    found = told(judge(relief_um=relief_um), "L109")
    expected = [] if limit_um is None else [(Severity.WARNING, relief_um, limit_um)]
    assert [(finding.severity, finding.value, finding.limit) for finding in found] == expected


# --- L110, L111, L112 kerf --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kerf_um", "told_of"), [(11.2, False), (13.0, False), (11.0, True), (13.2, True)])
def test_l110_kerf_and_crater(judge: Judge, kerf_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    assert [finding.severity for finding in told(judge(kerf_um=kerf_um), "L110")] == [Severity.WARNING] * told_of


@pytest.mark.parametrize(("key", "least_um"), [("stroke_um", 10.0), ("tooth_um", 10.0)])
@pytest.mark.parametrize(("kerf_um", "refused"), [(20.0, False), (20.1, True)])
def test_l111_kerf_and_land(judge: Judge, key: str, least_um: float, kerf_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    found = told(judge(sizes={key: least_um}, kerf_um=kerf_um, crater_um=kerf_um), "L111")
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused


def slot(width_um: float) -> BaseGeometry:
    """Two uprights and a foot: a gap of this width and 80 um deep, open at the top."""
    half_um = width_um / 2
    outside = shapely.box(-half_um - 14.0, -40.0, half_um + 14.0, 54.0)
    return outside - shapely.box(-half_um, -26.0, half_um, 54.0)


def ringed(width_um: float) -> BaseGeometry:
    """A frame about a closed square gap."""
    half_um = width_um / 2
    return shapely.box(-half_um - 14.0, -half_um - 14.0, half_um + 14.0, half_um + 14.0) - shapely.box(
        -half_um, -half_um, half_um, half_um
    )


def corner(degrees: float) -> BaseGeometry:
    """Two strokes that meet in a sharp inner corner."""
    turn = math.radians(degrees)
    reach = 120.0
    between = shapely.Polygon([(0, 0), (reach, 0), (reach * math.cos(turn), reach * math.sin(turn))])
    return (
        shapely.buffer(shapely.LineString([(reach, 0), (0, 0)]), 14.0, cap_style="flat").union(
            shapely.LineString([(0, 0), (reach * math.cos(turn), reach * math.sin(turn))]).buffer(
                14.0, cap_style="flat"
            )
        )
        - between
    )


@pytest.mark.parametrize(
    ("glyph", "refused"),
    [
        (slot(12.5), False),
        (slot(11.5), True),
        (ringed(12.5), False),
        (ringed(11.0), True),
        (corner(35.0), False),
        (corner(26.0), False),
        (corner(14.0), True),
    ],
    ids=["slot", "narrow slot", "counter", "narrow counter", "corner", "sharp corner", "needle's eye"],
)
def test_l112_the_cut_fits_into_the_glyphs_gaps(judge: Judge, glyph: BaseGeometry, refused: bool) -> None:  # noqa: FBT001 - a column
    found = told(judge(glyph=glyph), "L112")
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.ERROR, "glyph I")] * refused


def test_every_finding_says_what_to_do(judge: Judge) -> None:
    findings = judge(
        sizes={"stroke_um": 5.0, "height_um": 100.0, "column_pitch_um": 20.0, "tracks": tracks(5.0)},
        glyph=ringed(11.0),
        tip=SphericalTip(radius_um=640.0, edge_radius_um=590.0),
        relief_um=10.0,
        kerf_um=15.0,
    )
    assert {"L101", "L102", "L104", "L107", "L108", "L109", "L110", "L111", "L112"} <= {
        each.number for each in findings
    }
    assert [finding for finding in findings if not (finding.remedy and finding.place and finding.message)] == []
