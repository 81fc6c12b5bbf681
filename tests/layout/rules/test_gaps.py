"""Rules of gaps, clearance, counters: the kerf 12.1, the relief 25, or walls and floor 2 x 3.06 + 8 = 14.12 um."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from engrave.layout import Track
from engrave.layout.places import ShapeCircle
from toolpaths.findings import Finding, Severity

Judge = Callable[..., list[Finding]]


def tracks(gap_um: float) -> tuple[Track, Track]:
    return Track(inner_um=435.0, outer_um=510.0), Track(inner_um=510.0 + gap_um, outer_um=600.0)


@pytest.mark.parametrize(
    ("sizes", "grounds", "place"),
    [
        ({"column_pitch_um": 38.9}, {}, "columns of characters"),
        ({"column_pitch_um": 39.1}, {}, None),
        ({"row_pitch_um": 199.9}, {}, "rows of characters"),
        ({"row_pitch_um": 200.1}, {}, None),
        # Rows of other lengths stand half a pitch aside: boxes 14 um wide are then 38.8 / 2 + ... apart in height only.
        ({"rows": (3, 3, 2), "row_pitch_um": 199.9, "column_pitch_um": 77.0}, {}, "rows of characters"),
        ({"rows": (3, 3, 2), "row_pitch_um": 200.1, "column_pitch_um": 77.0}, {}, None),
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
        # 28 um along the normal are 35 um along the axis at the mark's edge, where the cosine is 0.8.
        ({}, {"relief_um": 28.1, "relief_along": "normal"}, "rows of characters"),
        ({}, {"relief_um": 27.9, "relief_along": "normal"}, None),
        # Between grooves a ridge must stand: 15 um, or as wide as it is high.
        ({"polarity": "recessed", "tracks": tracks(14.9)}, {}, "ring tracks 1 and 2"),
        ({"polarity": "recessed", "tracks": tracks(15.1)}, {}, None),
        ({"polarity": "recessed"}, {"relief_um": 35.1}, "rows of characters"),
        ({"polarity": "recessed"}, {"relief_um": 34.9, "kerf_um": 40.0}, None),
    ],
)
def test_l104_gaps(judge: Judge, sizes: dict[str, Any], grounds: dict[str, Any], place: str | None) -> None:
    found = judge("L104", sizes=sizes, **grounds)
    assert [(finding.place, finding.severity) for finding in found] == ([(place, Severity.ERROR)] if place else [])


def test_l104_teeth_that_are_not_there_have_no_gaps(judge: Judge) -> None:
    every_second = {(track, sector) for track in range(2) for sector in range(0, 48, 2)}
    assert len(judge("L104", sizes={"tooth_um": 34.2})) == 1
    assert judge("L104", sizes={"tooth_um": 34.2}, gone=every_second) == []


@pytest.mark.parametrize(("radius_um", "refused"), [(402.9, True), (403.5, False)])
def test_l104_shapes(judge: Judge, radius_um: float, refused: bool) -> None:  # noqa: FBT001 - a column of a table
    # Inner corners of squares of 150 um, 30 degrees apart: 2 ((r - 75) sin 15 - 75 cos 15) = 25 at r = 403.2 um.
    sizes = {"tracks": (), "tooth_um": None, "shapes": ShapeCircle(height_um=150.0, radius_um=radius_um)}
    found = judge("L104", sizes=sizes, profile="G")
    assert [finding.place for finding in found] == ["shapes of the ring"] * refused


# A tooth stands at 37.5 degrees; with this pitch the farthest corner of a bar does, too: 192.5 / tan(37.5) = 250.87 um.
CORNER = {"column_pitch_um": (250.87 - 7.0) / 1.5}


@pytest.mark.parametrize(("inner_um", "refused"), [(341.0, True), (341.5, False)])
def test_l105_ring_and_characters(judge: Judge, inner_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # The corner is 316.21 um from the centre; 25 um must be left.
    ring = (Track(inner_um=inner_um, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
    found = judge("L105", sizes={"tracks": ring, **CORNER})
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.ERROR, "ring track 1")] * refused
    assert all("move ring track 1 outwards by 0.2 um or more" in finding.remedy for finding in found)


def test_l105_teeth_that_are_not_there_are_in_nobodys_way(judge: Judge) -> None:
    ring = (Track(inner_um=341.0, outer_um=510.0), Track(inner_um=525.0, outer_um=600.0))
    # 37.5 degrees is sector 7; the other three corners are met by sectors 17, 31 and 41.
    gone = {(0, sector) for sector in (7, 17, 31, 41)}
    assert judge("L105", sizes={"tracks": ring, **CORNER}, gone=gone) == []


@pytest.mark.parametrize(("radius_um", "refused"), [(369.3, True), (369.7, False)])
def test_l105_shapes_and_characters(judge: Judge, radius_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # Dots of 14 um reach 1.5 x 175 + 7 = 269.5 um aside; the square at three o'clock begins at r - 75.
    circle = ShapeCircle(height_um=150.0, radius_um=radius_um)
    sizes = {"tracks": (), "tooth_um": None, "shapes": circle, "row_pitch_um": 2.0}
    found = judge("L105", sizes=sizes, profile="G", glyph=shapely.box(-7.0, -7.0, 7.0, 7.0))
    assert [finding.place for finding in found] == ["ring of shapes"] * refused


# --- L112 the cut fits, L113 a floor is left --------------------------------------------------------------------------


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


def necked(width_um: float) -> BaseGeometry:
    """A frame about two gaps of 24 um that a neck joins, 10 um long: less of it than half a square of the cut stays."""
    rooms = shapely.union(shapely.box(-29.0, -12.0, -5.0, 12.0), shapely.box(5.0, -12.0, 29.0, 12.0))
    neck = shapely.box(-5.0, -width_um / 2, 5.0, width_um / 2)
    return shapely.difference(shapely.box(-43.0, -26.0, 43.0, 26.0), shapely.union(rooms, neck))


@pytest.mark.parametrize(
    ("glyph", "refused"),
    [
        (necked(12.5), False),
        (necked(9.0), True),
        (slot(12.5), False),
        (slot(11.5), True),
        (ringed(12.5), False),
        (ringed(11.0), True),
        (corner(35.0), False),
        (corner(26.0), False),
        (corner(14.0), True),
    ],
    ids=[
        "neck",
        "narrow neck",
        "slot",
        "narrow slot",
        "counter",
        "narrow counter",
        "corner",
        "sharp corner",
        "needle's eye",
    ],
)
def test_l112_the_cut_fits_into_the_glyphs_gaps(judge: Judge, glyph: BaseGeometry, refused: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L112", glyph=glyph)
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.ERROR, "glyph I")] * refused


@pytest.mark.parametrize(
    ("glyph", "width_um"),
    [(slot(13.6), 13.6), (slot(14.6), None), (ringed(13.6), 13.6), (ringed(14.6), None)],
    ids=["narrow slot", "slot", "narrow counter", "counter"],
)
def test_l113_a_floor_is_left_in_the_glyphs_gaps(judge: Judge, glyph: BaseGeometry, width_um: float | None) -> None:
    found = judge("L113", glyph=glyph)
    assert [(finding.severity, finding.place, finding.limit) for finding in found] == (
        [] if width_um is None else [(Severity.WARNING, "glyph I", 14.12)]
    )
    # Drawing round tools with straight sides costs some tenths.
    assert [finding.value for finding in found] == ([] if width_um is None else [pytest.approx(width_um, abs=0.4)])


def test_l113_says_nothing_more_where_not_even_the_cut_fits(judge: Judge) -> None:
    assert judge("L113", glyph=slot(11.5)) == []


def test_gaps_within_a_groove_are_none(judge: Judge) -> None:
    for number in ("L112", "L113"):
        assert judge(number, glyph=slot(5.0), sizes={"polarity": "recessed"}) == []
