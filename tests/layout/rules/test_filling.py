"""Rules of land fraction and of recessed marks: for a rectangle under a Gaussian window, a product of closed forms."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely

from engrave.code.profiles import PROFILE_A
from engrave.layout import land_shapes, plan_places
from engrave.layout.places import LayoutSettings, ShapeCircle
from engrave.strike import Primer
from engrave.tips import FlatTip
from fonts.separation import land_fraction, rasterise
from fonts.typeface import shipped_typeface
from toolpaths.findings import Finding, Severity

Judge = Callable[..., list[Finding]]

PRIMER = Primer(
    description="test cup",
    thickness_um=500.0,
    yield_stress_pa=450e6,
    reduced_modulus_pa=79e9,
    backing=0.5,
    backing_least=0.0,
    backing_most=1.0,
)


def mean_share(length_um: float, sigma_um: float = 30.0) -> float:
    """Mean, over a segment, of the Gaussian's share that falls on it: the double integral of the Gaussian over L."""
    ratio = length_um / sigma_um
    return math.erf(ratio / math.sqrt(2)) - math.sqrt(2 / math.pi) / ratio * (1 - math.exp(-(ratio**2) / 2))


def bar_with_share(share: float) -> shapely.Polygon:
    """A bar 175 um high whose mean land fraction is this."""
    low, high = 1.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_share(middle) * mean_share(175.0) < share else (low, middle)
    return shapely.box(-high / 2, -87.5, high / 2, 87.5)


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
    found = judge("L106", glyph=bar_with_share(share), wall_um=0.0, primer=replace(PRIMER, backing=backing))
    found = [finding for finding in found if finding.place == "glyph I"]
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    for finding in found:
        assert finding.value == pytest.approx(share, abs=0.01)


def test_l106_on_a_flat_that_is_hardly_backed(judge: Judge) -> None:
    # No membrane: p = 2.6 b = 0.39 Y bears a fraction of 0.131, less than a stroke's own 0.2.
    flat = judge("L106", tip=FlatTip(edge_radius_um=900.0), primer=replace(PRIMER, backing=0.15))
    assert {finding.severity for finding in flat} == {Severity.ERROR}
    assert "glyph I" in {finding.place for finding in flat}
    assert judge("L106", tip=FlatTip(edge_radius_um=900.0), primer=replace(PRIMER, backing=0.5)) == []


def test_l106_on_a_shape(judge: Judge) -> None:
    # A square of 100 um is on average .734^2 = .54 land to itself.
    sizes = {"tracks": (), "tooth_um": None, "shapes": ShapeCircle(height_um=100.0, radius_um=520.0)}
    (finding,) = judge("L106", sizes=sizes, profile="G", wall_um=0.0)
    assert (finding.place, finding.severity) == ("shape a", Severity.WARNING)
    assert finding.value == pytest.approx(mean_share(100.0) ** 2, abs=0.01)


def drawn_share(settings: LayoutSettings, *, wall_um: float) -> float:
    """Land fraction about the tooth at three o'clock of the inner track, counted on a drawing of the whole ring."""
    places = plan_places(PROFILE_A, settings)
    outlines = land_shapes(places, replace(shipped_typeface("anvil"), glyphs={})).teeth
    (tooth,) = [
        outline for place, outline in zip(places.teeth, outlines, strict=True) if (place.track, place.sector) == (0, 12)
    ]
    middle = tooth.centroid
    ring = shapely.transform(shapely.union_all(outlines).buffer(wall_um), lambda xy: xy - (middle.x, middle.y))
    mine = shapely.transform(tooth.buffer(wall_um), lambda xy: xy - (middle.x, middle.y))
    frame = {"half_width_um": 200.0, "half_height_um": 200.0, "pixel_um": 1.0}
    fraction = land_fraction(rasterise(ring, **frame), sigma_um=30.0, pixel_um=1.0)
    return float(np.mean(fraction[rasterise(mine, **frame)]))


@pytest.mark.parametrize(("tooth_um", "told_of"), [(14.0, False), (16.0, False), (19.0, True), (24.0, True)])
def test_l106_teeth(judge: Judge, settings_with: Callable[..., LayoutSettings], tooth_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    share = drawn_share(settings_with(tooth_um=tooth_um), wall_um=3.06)
    assert (share > 0.3) == told_of
    found = [finding for finding in judge("L106", sizes={"tooth_um": tooth_um}) if finding.place == "ring track 1"]
    assert [finding.value for finding in found] == [pytest.approx(share, abs=0.01)] * told_of


def test_l106_teeth_that_are_not_there_are_no_land(judge: Judge) -> None:
    every_second = {(track, sector) for track in range(2) for sector in range(0, 48, 2)}
    assert judge("L106", sizes={"tooth_um": 24.0})
    assert judge("L106", sizes={"tooth_um": 24.0}, gone=every_second) == []


# --- L125 the verdict on a recessed mark ------------------------------------------------------------------------------
# Metal fills a groove by (p/Y - 2.97 A) / (2.97 A s), with p/Y = 1 + 1.6 b here. Half of it: at b = 0, A = 0.309 (s is
# 0.18 up to 0.33); at b = 0.5, p/Y = 1.8, A = 0.4765, where s = 0.18 + 0.42 (0.4765 - 0.33) / 0.17 = 0.542:
# 2.97 x 0.4765 x (1 + 0.271) = 1.799. So the groove's own share must be 0.691, or 0.5235.


@pytest.mark.parametrize(
    ("share", "severity", "words"),
    [
        (0.50, Severity.ERROR, "recessed characters, will not print: "),
        (0.515, Severity.ERROR, "recessed characters, will not print: "),
        (0.533, Severity.WARNING, "recessed characters, print only where the cup is backed: "),
        (0.68, Severity.WARNING, "recessed characters, print only where the cup is backed: "),
        (0.70, Severity.INFO, "recessed characters, print: "),
    ],
)
def test_l125_verdict_on_a_recessed_mark(judge: Judge, share: float, severity: Severity, words: str) -> None:
    found = judge("L125", sizes={"polarity": "recessed"}, glyph=bar_with_share(share), wall_um=0.0, primer=PRIMER)
    (finding,) = [finding for finding in found if finding.place == "characters"]
    assert (finding.severity, finding.limit) == (severity, 0.5)
    assert finding.message.startswith(words)
    told = float(finding.message.rpartition("where ")[2].split()[0])
    assert told == pytest.approx(1 - share, abs=0.011)


@pytest.mark.parametrize(
    ("backing", "fill"),
    # A = 0.5: 2.97 A = 1.4843, s = 0.6; p/Y = 1.48, 1.8, 2.6.
    [(0.3, 0.0), (0.5, (1.8 - 1.4843) / (1.4843 * 0.6)), (1.0, 1.0)],
)
def test_l125_tells_the_share_that_fills(judge: Judge, backing: float, fill: float) -> None:
    primer = replace(PRIMER, backing=backing)
    sizes = {"polarity": "recessed"}
    found = judge("L125", sizes=sizes, glyph=bar_with_share(0.5), wall_um=0.0, primer=primer)
    assert found[0].value == pytest.approx(fill, abs=0.03)


def test_l125_thin_strokes_and_teeth_do_not_print_recessed(judge: Judge) -> None:
    found = judge("L125", sizes={"polarity": "recessed"})
    assert [(finding.place, finding.severity, finding.value) for finding in found] == [
        (place, Severity.ERROR, 0.0) for place in ("characters", "ring track 1", "ring track 2")
    ]
    assert all("raise the mark" in finding.remedy for finding in found)
    # A tooth of 7.88 x 75 um at half relief has next to .9 of land about it, however many stand beside it.
    assert "0.9" in found[1].message.rpartition("where ")[2]


def test_l125_is_silent_of_raised_marks_and_l106_of_recessed_ones(judge: Judge) -> None:
    assert judge("L125") == []
    assert judge("L106", sizes={"polarity": "recessed"}, glyph=bar_with_share(0.63), wall_um=0.0) == []
