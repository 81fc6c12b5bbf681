"""A tip that sparks have cut, against the design: faults planted in heights drawn by shapely, each found by number."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from shapely.affinity import translate
from shapely.geometry import Polygon, box

from engrave.base.errors import InputError
from engrave.job import Job, load_job
from engrave.job.setup import prepare
from engrave.layout import Engraving, Land, Places
from engrave.tips import FlatTip, SphericalTip
from engrave.verify.discs import closed, greatest, least
from engrave.verify.eroded import check_eroded
from toolpaths.edm.milling import plan_milling
from toolpaths.edm.removal import milled
from toolpaths.findings import Finding
from toolpaths.surface import HeightMap, centred_grid, disc

FloatArray = NDArray[np.float64]

EXAMPLES = Path(__file__).parents[2] / "examples"
PIXEL_UM, RELIEF_UM, EDGE_UM = 1.5, 25.0, 150.0
# A rod of 20 um, gap 7.4 um; fine-cuw's last electrode has a gap of 5 um and an orbit of 1 um.
ROD_UM, CORNER_UM = 17.4, 6.0
# Lands of 18 um, 61 um apart; grooves as wide as an electrode's rib and its undersizes, 28 um.
BARS = (box(-61.3, -50.2, -43.3, 50.2), box(18.2, -50.2, 36.2, 50.2))
GROOVES = (box(-66.3, -50.2, -38.3, 50.2), box(13.2, -50.2, 41.2, 50.2))
Cut = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A design on a flat tip, the job that it is of, and the cut that its electrode should make."""

    job: Job
    places: Places
    engraving: Engraving
    tip: FlatTip | SphericalTip
    region: shapely.Geometry

    def heights(self, region: shapely.Geometry | None = None, *, relief_um: float = RELIEF_UM) -> HeightMap:
        """The tip with a region cut down: each height is the average over its pixel, by areas."""
        axis_um = centred_grid(half_width_um=EDGE_UM, pixel_um=PIXEL_UM)
        x_um, y_um = np.meshgrid(axis_um, axis_um)
        half_um = PIXEL_UM / 2
        squares = shapely.box(x_um - half_um, y_um - half_um, x_um + half_um, y_um + half_um)
        shares = shapely.area(shapely.intersection(squares, self.region if region is None else region)) / PIXEL_UM**2
        z_um = np.where(np.hypot(x_um, y_um) <= EDGE_UM, -relief_um * shares, np.nan)
        return HeightMap(z_um=z_um, pixel_um=PIXEL_UM, x0_um=axis_um[0], y0_um=axis_um[0], frame="pin")

    def check(self, cut: HeightMap) -> tuple[Finding, ...]:
        """What is found."""
        return check_eroded(cut, self.engraving, self.job, tip=self.tip, places=self.places)

    def numbers(self, cut: HeightMap) -> set[str]:
        """Numbers of what is found."""
        return {finding.number for finding in self.check(cut)}


def opened(region: shapely.Geometry, radius_um: float) -> shapely.Geometry:
    return shapely.buffer(shapely.buffer(region, -radius_um, quad_segs=64), radius_um, quad_segs=64)


def engraving_of(outlines: tuple[Polygon, ...], polarity: str) -> Engraving:
    lands = tuple(Land(place=f"bar {index}", shows="bar", outline=each) for index, each in enumerate(outlines))
    return Engraving(lands=lands, relief_um=RELIEF_UM, polarity=polarity, field=disc(EDGE_UM), taper_to=None)


@pytest.fixture(scope="module")
def raised() -> Case:
    job = load_job(EXAMPLES / "job-edm.toml")
    places = prepare(job).places
    field = disc(EDGE_UM)
    return Case(
        job=job,
        places=places,
        engraving=engraving_of(BARS, "raised"),
        tip=FlatTip(edge_radius_um=EDGE_UM),
        region=opened(shapely.difference(field, shapely.union_all(BARS)), ROD_UM),
    )


@pytest.fixture(scope="module")
def recessed(raised: Case) -> Case:
    return replace(
        raised,
        job=load_job(EXAMPLES / "job-sinker.toml"),
        engraving=engraving_of(GROOVES, "recessed"),
        region=opened(shapely.union_all(GROOVES), CORNER_UM),
    )


def test_what_the_electrode_makes_of_the_design_passes(raised: Case, recessed: Case) -> None:
    assert raised.check(raised.heights()) == ()
    assert recessed.check(recessed.heights()) == ()


def test_a_laser_job_is_refused(raised: Case) -> None:
    with pytest.raises(InputError, match="is a laser's"):
        replace(raised, job=load_job(None)).check(raised.heights())


@pytest.mark.parametrize(("high_um", "numbers"), [(0.9, set()), (3.0, {"C304"})])
def test_a_patch_of_floor_that_stands_high(raised: Case, high_um: float, numbers: set[str]) -> None:
    cut = raised.heights()
    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    patch = (np.abs(x_um + 12.0) < 6.0) & (np.abs(y_um - 20.0) < 6.0)
    found = raised.check(replace(cut, z_um=cut.z_um + np.where(patch, high_um, 0.0)))
    assert {finding.number for finding in found} == numbers
    assert [(finding.value, finding.limit) for finding in found] == [(22.0, 25.0)] * len(numbers)


@pytest.mark.parametrize(
    ("relief_um", "numbers"),
    [(24.2, set()), (25.8, set()), (23.8, {"C301", "C304"}), (26.2, {"C301", "C307"})],
)
def test_a_floor_that_is_off_its_depth_everywhere(raised: Case, relief_um: float, numbers: set[str]) -> None:
    """Walls that are wrong by more than their place are no floor's fault, so that nothing else is told."""
    assert raised.numbers(raised.heights(relief_um=relief_um)) - {"C308"} == numbers


def test_a_land_that_is_nicked_and_one_that_is_gone(raised: Case) -> None:
    nicked = raised.heights(shapely.union(raised.region, box(-45.3, -4.0, -40.0, 4.0)))
    assert "C305" not in raised.numbers(nicked)
    nicked = raised.heights(shapely.union(raised.region, box(-53.3, -4.0, -40.0, 4.0)))
    (found,) = [finding for finding in raised.check(nicked) if finding.number == "C305"]
    assert (found.place, found.value) == ("bar 0", 25.0)
    gone = raised.check(raised.heights(shapely.union(raised.region, BARS[1])))
    assert {(finding.number, finding.place) for finding in gone} >= {("C305", "bar 1"), ("C302", "bar 1")}


@pytest.mark.parametrize(("by_um", "told_of"), [(0.0, False), (3.0, True), (-3.0, True)])
def test_a_shift(raised: Case, recessed: Case, by_um: float, told_of: bool) -> None:  # noqa: FBT001 - a column
    for case in (raised, recessed):
        cut = case.heights(translate(case.region, by_um, 0.0) if case is recessed else _shifted(case, by_um))
        found = {(finding.number, finding.place) for finding in case.check(cut)}
        assert (("C306", "bar 0") in found) == told_of
        assert (("C306", "bar 1") in found) == told_of


def _shifted(case: Case, by_um: float) -> shapely.Geometry:
    """The field stays where the tip is: its lands move."""
    bars = translate(shapely.union_all(BARS), by_um, 0.0)
    return opened(shapely.difference(case.engraving.field, bars), ROD_UM)


@pytest.mark.parametrize(("more_um", "number"), [(0.7, None), (-0.7, None), (1.4, "C302"), (-1.4, "C302")])
def test_a_side_gap_that_is_not_the_recipes(recessed: Case, more_um: float, number: str | None) -> None:
    found = recessed.check(recessed.heights(shapely.buffer(recessed.region, more_um)))
    widths = {finding.place: finding.value for finding in found if finding.number == "C302"}
    assert set(widths) == (set() if number is None else {"bar 0", "bar 1"})
    assert list(widths.values()) == [pytest.approx(more_um, abs=0.2)] * len(widths)


def test_a_rib_that_is_missing(recessed: Case) -> None:
    found = recessed.check(recessed.heights(opened(GROOVES[0], CORNER_UM)))
    # Half of the floor there should be is not there.
    assert {finding.number for finding in found} == {"C301", "C302", "C304", "C306", "C308"}
    assert {finding.place for finding in found if finding.number in {"C302", "C306"}} == {"bar 1"}


def test_the_face_beside_the_grooves(recessed: Case) -> None:
    (found,) = recessed.check(recessed.heights(shapely.union(recessed.region, box(-20.0, 0.0, -10.0, 10.0))))
    assert found.number == "C305"
    assert found.place.startswith("face at (")


def test_a_wall_that_stands_before_its_place(raised: Case) -> None:
    """Five micrometres of a wall's length of 30 um: no land is wide on average, and yet it is told."""
    left = raised.heights(shapely.difference(raised.region, box(36.0, -15.0, 41.2, 15.0)))
    assert raised.numbers(left) - {"C302", "C306"} == {"C308"}


def test_an_electrode_that_reaches_no_floor(recessed: Case) -> None:
    narrow = tuple(box(x_um - 4.0, -50.0, x_um + 4.0, 50.0) for x_um in (-40.0, 40.0))
    case = replace(recessed, engraving=engraving_of(narrow, "recessed"))
    assert {finding.number for finding in case.check(case.heights(shapely.Polygon()))} == {"C303"}


def test_a_level_rod_on_a_slope_is_not_blamed_for_what_it_cannot_reach(raised: Case) -> None:
    """Planned and milled by the library, of which the check knows nothing, on a tip of 20 degrees."""
    tip = SphericalTip(radius_um=400.0, edge_radius_um=EDGE_UM)
    milling = replace(raised.job.milling.value, wear_ratio=0.0, compensation="none")
    engraving = raised.engraving
    erosion = plan_milling(
        land=engraving.standing(),
        field=engraving.field,
        taper_to=None,
        surface=tip,
        relief_um=RELIEF_UM,
        milling=milling,
    )
    cut = milled(erosion, milling=milling, surface=tip, half_width_um=EDGE_UM, pixel_um=PIXEL_UM)
    job = replace(raised.job, process=replace(raised.job.process, value=milling))
    case = replace(raised, job=job, tip=tip)
    assert case.check(cut) == ()
    flat = case.heights()
    assert case.numbers(replace(cut, z_um=cut.z_um - 2.0)) >= {"C301", "C307"}
    assert "C304" in case.numbers(replace(cut, z_um=np.where(flat.z_um < -1, cut.z_um + 8.0, cut.z_um)))


def test_a_field_that_ends_in_a_taper_and_the_face_beyond_it(raised: Case) -> None:
    milling = replace(raised.job.milling.value, wear_ratio=0.0, compensation="none")
    field, taper_to = box(-97.0, -87.0, 72.0, 87.0), box(-107.0, -97.0, 82.0, 97.0)
    engraving = replace(raised.engraving, field=field, taper_to=taper_to)
    erosion = plan_milling(
        land=engraving.standing(),
        field=field,
        taper_to=taper_to,
        surface=raised.tip,
        relief_um=RELIEF_UM,
        milling=milling,
    )
    cut = milled(erosion, milling=milling, surface=raised.tip, half_width_um=EDGE_UM, pixel_um=PIXEL_UM)
    case = replace(raised, engraving=engraving)
    assert case.check(cut) == ()
    x_um, y_um = np.meshgrid(cut.x_um(), cut.y_um())
    beyond = (np.abs(x_um - 112.0) < 8.0) & (np.abs(y_um) < 8.0)
    (found,) = case.check(replace(cut, z_um=cut.z_um - np.where(beyond, 3.0, 0.0)))
    assert (found.number, found.value) == ("C305", 3.0)


# --- discs ------------------------------------------------------------------------------------------------------------


def _footprint(radius: float) -> NDArray[np.bool_]:
    steps = np.arange(-int(radius), int(radius) + 1)
    across, up = np.meshgrid(steps, steps)
    footprint: NDArray[np.bool_] = np.hypot(across, up) <= radius
    return footprint


@given(seed=st.integers(0, 10_000), radius=st.floats(0.0, 6.0), rows=st.integers(1, 12))
def test_least_and_greatest_are_scipys(seed: int, radius: float, rows: int) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, 9))
    footprint = _footprint(radius)
    wanted = ndimage.maximum_filter(values, footprint=footprint, mode="constant", cval=-np.inf)
    assert np.array_equal(greatest(values, radius_um=2 * radius, pixel_um=2.0), wanted)
    wanted = ndimage.minimum_filter(values, footprint=footprint, mode="constant", cval=np.inf)
    assert np.array_equal(least(values, radius_um=2 * radius, pixel_um=2.0), wanted)


@given(seed=st.integers(0, 10_000), radius=st.floats(0.0, 4.0))
def test_a_closing_is_scipys_and_a_disc_may_hang_over_the_edge(seed: int, radius: float) -> None:
    values = np.random.default_rng(seed).normal(size=(8, 9))
    values[0, :3] = np.nan
    wide = np.pad(np.where(np.isnan(values), -1e9, values), 8, constant_values=-1e9)
    wanted = ndimage.grey_closing(wide, footprint=_footprint(radius))[8:-8, 8:-8]
    found = closed(values, radius_um=radius, pixel_um=1.0)
    there = np.isfinite(values)
    assert np.array_equal(found[there], wanted[there])
    assert np.array_equal(np.isfinite(found), there)
