"""Rules of stroke, height, relief and aspect on both sides of their limits, which are reckoned by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from engrave.layout import Track
from engrave.layout.places import ShapeCircle
from toolpaths.findings import Finding, Severity

Judge = Callable[..., list[Finding]]


def apart(gap_um: float) -> tuple[Track, Track]:
    return Track(inner_um=435.0, outer_um=510.0), Track(inner_um=510.0 + gap_um, outer_um=600.0)


def test_a_sound_layout_has_nothing_but_what_is_to_be_known(judge: Judge) -> None:
    assert [(finding.number, finding.severity) for finding in judge("")] == [("L124", "info"), ("L126", "info")]


# --- L101 stroke at half relief, 15 to 25 um: the crest and two walls of 3.06 um --------------------------------------


@pytest.mark.parametrize(("key", "place"), [("stroke_um", "characters"), ("tooth_um", "teeth")])
@pytest.mark.parametrize(
    ("crest_um", "limit_um"), [(8.87, 15.0), (8.89, None), (18.87, None), (18.89, 25.0)], ids=["thin", "", " ", "thick"]
)
def test_l101_stroke(judge: Judge, key: str, place: str, crest_um: float, limit_um: float | None) -> None:
    found = judge("L101", sizes={key: crest_um})
    if limit_um is None:
        assert found == []
        return
    (finding,) = found
    assert (finding.severity, finding.place, finding.limit) == (Severity.WARNING, place, limit_um)
    assert finding.value == pytest.approx(crest_um + 6.12)
    assert finding.remedy == f"make the crest {limit_um - 6.12:.1f} um wide"


def test_l101_where_no_crest_would_help(judge: Judge) -> None:
    assert {finding.remedy for finding in judge("L101", wall_um=13.0)} == {"use a finer spot"}


@pytest.mark.parametrize(("crest_um", "told_of"), [(21.0, True), (21.2, False), (60.0, False)])
def test_l101_grooves_narrow_downwards_and_may_be_wide(judge: Judge, crest_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # 15 + 2 x 3.06 = 21.12 um at the face.
    found = judge("L101", sizes={"polarity": "recessed", "stroke_um": crest_um, "tooth_um": 30.0})
    assert [finding.remedy for finding in found] == ["make the crest 21.1 um wide"] * told_of


# --- L102, L103 height ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height_um", "refused"), [(149.9, True), (150.0, False)])
def test_l102_height(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column of a table
    found = judge("L102", sizes={"height_um": height_um})
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.ERROR, "characters")] * refused


@pytest.mark.parametrize(("height_um", "refused"), [(149.9, True), (150.0, False)])
def test_l102_shapes(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column of a table
    found = judge("L102", sizes=shapes(height_um=height_um), profile="G")
    assert [finding.place for finding in found] == ["shapes"] * refused


def shapes(*, height_um: float) -> dict[str, Any]:
    return {"tracks": (), "tooth_um": None, "shapes": ShapeCircle(height_um=height_um, radius_um=520.0)}


@pytest.mark.parametrize(("height_um", "refused"), [(120.6, True), (120.8, False)])
def test_l103_stroke_for_its_height(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    # 14 + 2 x 3.06 = 20.12 um is a sixth of 120.72 um.
    found = judge("L103", sizes={"height_um": height_um})
    assert [finding.severity for finding in found] == [Severity.ERROR] * refused


@pytest.mark.parametrize(("height_um", "refused"), [(83.9, True), (84.1, False)])
def test_l103_a_groove_is_widest_at_the_face(judge: Judge, height_um: float, refused: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L103", sizes={"polarity": "recessed", "height_um": height_um})
    assert [finding.limit for finding in found] == [pytest.approx(height_um / 6, abs=1e-3)] * refused


# --- L109 relief ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relief_um", "limit_um"), [(20.0, None), (19.9, 20.0), (15.0, 20.0), (14.9, 15.0), (3.0, 15.0)]
)
def test_l109_relief(judge: Judge, relief_um: float, limit_um: float | None) -> None:
    found = judge("L109", relief_um=relief_um)
    expected = [] if limit_um is None else [(Severity.WARNING, relief_um, limit_um)]
    assert [(finding.severity, finding.value, finding.limit) for finding in found] == expected


@pytest.mark.parametrize(
    ("along", "words"),
    [
        # The mark ends at 600 um on a radius of 1000: the cosine there is 0.8.
        ("axis", "the relief along the axis (along the normal 12.0 um at the steepest place)"),
        ("normal", "the relief along the normal (along the axis 18.8 um at the steepest place)"),
    ],
)
def test_l109_says_what_the_relief_is_measured_along(judge: Judge, along: str, words: str) -> None:
    (finding,) = judge("L109", relief_um=15.0, relief_along=along)
    assert finding.message.startswith(words)


# --- L115 aspect: 1.5 for what stands, 2 for what is cut --------------------------------------------------------------


@pytest.mark.parametrize(
    ("relief_um", "sizes", "place"),
    [
        # Lands are 20.12 um wide at half relief: 30.18 um high at the most.
        (30.1, {"tracks": apart(20.0)}, None),
        (30.3, {"tracks": apart(20.0)}, "characters"),
        (30.3, {"tracks": apart(20.0), "stroke_um": 15.0}, "teeth"),
        # 15 um between the tracks: 30 um deep at the most.
        (29.9, {}, None),
        (30.1, {}, "ring tracks 1 and 2"),
    ],
)
def test_l115_aspect(judge: Judge, relief_um: float, sizes: dict[str, Any], place: str | None) -> None:
    found = judge("L115", sizes=sizes, relief_um=relief_um)
    assert [(finding.severity, finding.place) for finding in found] == ([(Severity.WARNING, place)] if place else [])


@pytest.mark.parametrize(("relief_um", "told_of"), [(15.6, False), (15.9, True)])
def test_l115_grooves_are_deep_and_ridges_slender(judge: Judge, relief_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    # A groove of 14 - 6.12 = 7.88 um at half relief may be 15.76 um deep; a ridge of 15 um, 22.5 um high.
    found = judge("L115", sizes={"polarity": "recessed"}, relief_um=relief_um)
    assert [finding.limit for finding in found] == [2.0] * told_of
    ridges = [finding.place for finding in judge("L115", sizes={"polarity": "recessed"}, relief_um=22.6)]
    assert "ring tracks 1 and 2" in ridges


def test_l115_counts_the_relief_along_the_axis(judge: Judge) -> None:
    # 25 um along the normal are 31.25 um along the axis where the cosine is 0.8.
    found = judge("L115", relief_along="normal")
    assert [finding.value for finding in found] == [
        pytest.approx(31.25 / 20.12, abs=1e-3),
        pytest.approx(31.25 / 15, abs=1e-3),
    ]


# --- L121 apparent size: 20 minutes of arc at 60 times and 250 mm are 0.0058178 x 250 / 60 mm = 24.24 um --------------


@pytest.mark.parametrize(("height_um", "told_of"), [(24.2, True), (24.3, False)])
def test_l121_apparent_size(judge: Judge, height_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L121", sizes={"height_um": height_um})
    assert [(finding.place, finding.limit) for finding in found] == [("characters", 20.0)] * told_of
    assert [finding.value for finding in found] == [pytest.approx(19.97, abs=0.01)] * told_of


@pytest.mark.parametrize(("height_um", "told_of"), [(24.2, True), (24.3, False)])
def test_l121_apparent_size_of_shapes(judge: Judge, height_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    found = judge("L121", sizes=shapes(height_um=height_um), profile="G")
    assert [finding.place for finding in found] == ["shapes"] * told_of
