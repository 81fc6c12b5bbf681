"""Rules of where the mark stands on its tip and whether the strike forms it, upright and leaning."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import shapely

from engrave.layout.places import ShapeCircle
from engrave.layout.rules import edge_margin_um
from engrave.strike import Condition
from engrave.tips import EllipticalTip, FlatTip, SphericalTip
from toolpaths.findings import Finding, Severity

Judge = Callable[..., list[Finding]]


def dent(dent_um: float) -> Condition:
    return Condition(description="x", dent_um=dent_um)


# --- L107 edge of the tip, 25 um beyond the ring's 600 ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("edge_um", "words"),
    [
        (625.0, None),
        (624.8, "the ring is too close to the tip's edge"),
        (600.0, "the ring is too close to the tip's edge"),
        (599.8, "the ring reaches beyond the tip"),
    ],
)
def test_l107_edge(judge: Judge, edge_um: float, words: str | None) -> None:
    found = judge("L107", tip=SphericalTip(radius_um=1000.0, edge_radius_um=edge_um))
    assert [(finding.message, finding.place) for finding in found] == ([(words, "ring track 2")] if words else [])
    assert [finding.value for finding in found] == [pytest.approx(edge_um - 600.0, abs=0.11)] * len(found)


@pytest.mark.parametrize(
    ("grounds", "edge_um", "refused"),
    [
        ({"runout_um": 40.0}, 639.8, True),
        ({"runout_um": 40.0}, 640.0, False),
        # A cut must fit round the mark even where the pin runs true.
        ({"runout_um": 0.0}, 611.9, True),
        ({"runout_um": 0.0}, 612.1, False),
        ({"kerf_um": 30.0}, 629.8, True),
        ({"kerf_um": 30.0}, 630.0, False),
    ],
)
def test_l107_keeps_the_runout_and_the_cut(
    judge: Judge,
    grounds: dict[str, Any],
    edge_um: float,
    refused: bool,  # noqa: FBT001 - a column of a table
) -> None:
    found = judge("L107", tip=SphericalTip(radius_um=1000.0, edge_radius_um=edge_um), **grounds)
    assert len(found) == refused


def test_the_margin_at_the_edge() -> None:
    assert edge_margin_um(runout_um=None, kerf_um=12.1) == 25.0
    assert edge_margin_um(runout_um=40.0, kerf_um=12.1) == 40.0
    assert edge_margin_um(runout_um=0.0, kerf_um=12.1) == 12.1
    assert edge_margin_um(runout_um=None, kerf_um=30.0) == 30.0


@pytest.mark.parametrize(("edge_y_um", "found"), [(218.5, ["characters"]), (219.0, [])])
def test_l107_on_a_tip_that_is_no_disc(judge: Judge, edge_y_um: float, found: list[str]) -> None:
    # Bars reach (97, 192.5). The outline over x = 97 is at .99418 of its height and falls by 0.026 a um:
    # (0.99418 x 218.8 - 192.5) cos(0.026) = 25 um.
    tip = EllipticalTip(radius_x_um=5000.0, radius_y_um=1000.0, edge_x_um=900.0, edge_y_um=edge_y_um)
    every_tooth = {(track, sector) for track in range(2) for sector in range(48)}
    told = judge("L107", tip=tip, sizes={"column_pitch_um": 60.0}, gone=every_tooth)
    assert [finding.place for finding in told] == found


def test_l107_characters_and_shapes(judge: Judge) -> None:
    # The farthest corner of a bar is at 331.2 um; squares of 150 um about 520 um reach hypot(595, 75) = 599.7 um.
    sizes = {"tracks": (), "tooth_um": None, "shapes": ShapeCircle(height_um=150.0, radius_um=520.0)}
    for edge_um, places in ((624.9, []), (624.4, ["ring of shapes"]), (330.0, ["characters", "ring of shapes"])):
        tip = SphericalTip(radius_um=1000.0, edge_radius_um=edge_um)
        assert [finding.place for finding in judge("L107", tip=tip, sizes=sizes, profile="G")] == places


class Lopsided(FlatTip):
    """A flat that reaches further to the right, as the tip is seen from in front."""

    @property
    def boundary(self) -> shapely.Polygon:
        """Not symmetric about the axis."""
        return shapely.box(-300.0, -300.0, 400.0, 300.0)


def test_l107_sees_the_mark_as_it_is_cut(judge: Judge) -> None:
    # As read, the left characters reach to -262.5 - 107 = -369.5, the right ones to 269.5; on the tip it is mirrored.
    glyph = shapely.box(-107.0, -50.0, 7.0, 50.0)
    tip, every_tooth = Lopsided(edge_radius_um=500.0), {(track, sector) for track in range(2) for sector in range(48)}
    assert judge("L107", tip=tip, glyph=glyph, gone=every_tooth) == []
    turned = shapely.box(-7.0, -50.0, 107.0, 50.0)
    assert [each.place for each in judge("L107", tip=tip, glyph=turned, gone=every_tooth)] == ["characters"]


# --- L108 all must be formed: touched, and 1.73 reliefs of travel -----------------------------------------------------


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
    found = judge("L108", nominal=dent(dent_um))
    place = "ring track 2 (525 to 600 um)"
    assert [(finding.severity, finding.place) for finding in found] == ([] if severity is None else [(severity, place)])
    assert all(finding.limit == dent_um for finding in found)


@pytest.mark.parametrize(("dent_um", "refused"), [(357.0, True), (357.3, False)])
def test_l108_takes_the_relief_along_the_axis(judge: Judge, dent_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # 25 um along the normal are 31.25 um along the axis at 600 um: 303.07 + 1.73 x 31.25 = 357.13.
    assert len(judge("L108", nominal=dent(dent_um), relief_along="normal")) == refused


@pytest.mark.parametrize(("dent_um", "refused"), [(113.1, True), (113.4, False)])
def test_l108_characters(judge: Judge, dent_um: float, refused: bool) -> None:  # noqa: FBT001 - a column of a table
    # The farthest corner, 331.19 um out: 1000 - sqrt(1e6 - 331.19^2 / 0.8125) = 69.96 at half backing, + 43.25.
    found = [each for each in judge("L108", nominal=dent(dent_um)) if each.severity is Severity.ERROR]
    assert ("characters" in {finding.place for finding in found}) == refused


def test_l108_says_what_dent_it_takes(judge: Judge) -> None:
    # R = 0.8 mm at a backing of 0.25: 800 - sqrt(640000 - 360000 / 0.8125) = 356.24, + 43.25; the patch then ends at
    # sqrt(0.8125 (2 x 800 x 350 - 350^2)) = 596.2 um.
    (finding,) = judge("L108", tip=SphericalTip(radius_um=800.0, edge_radius_um=700.0))
    assert finding.severity is Severity.ERROR
    assert finding.value == pytest.approx(399.5, abs=0.06)
    assert "needs a dent of 399 um, and the patch ends at 596 um" in finding.message


def test_l108_where_no_dent_is_enough(judge: Judge) -> None:
    found = judge("L108", tip=SphericalTip(radius_um=640.0, edge_radius_um=630.0))
    assert [finding.place for finding in found] == ["ring track 1 (435 to 510 um)", "ring track 2 (525 to 600 um)"]
    assert found[1].value is None
    assert "no dent does" in found[1].message
    assert "inf" not in found[1].message


def test_l108_a_flat_touches_everywhere_at_once(judge: Judge) -> None:
    flat = FlatTip(edge_radius_um=900.0)
    assert judge("L108", tip=flat, nominal=dent(43.3)) == []
    shallow = judge("L108", tip=flat, nominal=dent(43.2))
    assert [finding.severity for finding in shallow] == [Severity.ERROR] * 3


# --- L114 tilt allowance, 1.5 degrees ---------------------------------------------------------------------------------


def leaning_dent_um(tilt_deg: float) -> float:
    """The dent that forms 600 um on R = 1 mm when the pin leans: what lies at asin(0.6) + tilt from the axis.

    It is touched where the patch, (2 R D - D^2) (0.70 + 0.45 x 0.5), ends there; 1.73 reliefs of travel follow.
    """
    radius_um = 1000.0 * math.sin(math.asin(0.6) + math.radians(tilt_deg))
    return 1000.0 - math.sqrt(1e6 - radius_um**2 / 0.925) + 1.73 * 25.0


@pytest.mark.parametrize(("tilt_deg", "told_of"), [(1.35, True), (1.65, False)])
def test_l114_tilt_on_a_sphere(judge: Judge, tilt_deg: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L114", nominal=dent(leaning_dent_um(tilt_deg)))
    assert [(finding.severity, finding.limit, finding.unit) for finding in found] == [
        (Severity.WARNING, 1.5, "deg")
    ] * told_of
    assert [finding.value for finding in found] == [pytest.approx(tilt_deg, abs=0.1)] * told_of


@pytest.mark.parametrize(("dent_um", "told_of"), [(82.2, True), (82.9, False)])
def test_l114_tilt_on_a_flat(judge: Judge, dent_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # From the edge at 900 to the mark's at 600 on the other side: 1500 sin(1.5 deg) = 39.27, + 43.25.
    found = judge("L114", tip=FlatTip(edge_radius_um=900.0), nominal=dent(dent_um))
    assert len(found) == told_of


def test_l114_counts_only_the_teeth_that_are_there(judge: Judge) -> None:
    every_tooth = {(track, sector) for track in range(2) for sector in range(48)}
    condition = dent(leaning_dent_um(1.0))
    assert judge("L114", nominal=condition)
    assert judge("L114", nominal=condition, gone=every_tooth) == []


def test_l114_says_nothing_where_the_mark_is_not_formed_upright(judge: Judge) -> None:
    assert judge("L114", nominal=dent(leaning_dent_um(-0.5))) == []
    assert judge("L108", nominal=dent(leaning_dent_um(-0.5)))


def test_l114_without_travel_left(judge: Judge) -> None:
    assert judge("L114", nominal=dent(20.0)) == []
