"""What is planned, painted and cut, against what was asked to stay."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from toolpaths.errors import ToolpathError
from toolpaths.laser.passes import focus_offset_um
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Ablation, Recipe, Step
from toolpaths.laser.region import lit_region, uncut_gaps
from toolpaths.model import Toolpath
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

RECIPE = Recipe(
    name="steel",
    wavelength_um=1.03,
    beam_quality=1.2,
    spot_radius_um=6,
    kerf_um=12.1,
    chord_tolerance_um=5,
    ablation=Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135),
    steps=(
        Step(
            kind="rough",
            pulse_energy_j=0.35e-6,
            repetition_rate_hz=200e3,
            feed_um_s=200e3,
            hatch_um=4,
            angles_rad=(math.radians(15), math.radians(75), math.radians(135)),
            contour="before",
            passes=0,
        ),
    ),
)


def stepped(recipe: Recipe = RECIPE, **figures: object) -> Recipe:
    """The recipe with other figures of its one step."""
    return replace(recipe, steps=(replace(recipe.rough, **figures),))  # type: ignore[arg-type]


# By hand, from fluence and threshold: ln(F0 / Fth) = 2.0337, so 0.3947 um a pass and craters 6.050 um in radius.
PASS_UM = 0.39467
CRATER_UM = 6.0503


@dataclass(frozen=True, slots=True)
class Ball:
    """A spherical tip; an infinite radius makes it flat."""

    nose_radius_um: float
    edge_radius_um: float = 700.0

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return Point(0, 0).buffer(self.edge_radius_um, quad_segs=256)

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return math.pi * self.edge_radius_um**2

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return 1 / self.nose_radius_um

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return math.pi * depth_um * (2 * self.nose_radius_um - depth_um)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return self.nose_radius_um - np.sqrt(self.nose_radius_um**2 - area_um2 / math.pi)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        if math.isinf(self.nose_radius_um):
            return np.where(np.hypot(x_um, y_um) <= self.edge_radius_um, 0.0, np.nan)
        return self.nose_radius_um * (self.normal_cosine(x_um, y_um) - 1)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        radius_um = np.hypot(x_um, y_um)
        squared = np.minimum(radius_um / self.nose_radius_um, 1) ** 2
        return np.where(radius_um <= self.edge_radius_um, np.sqrt(1 - squared), np.nan)


SPHERE = Ball(1000.0)
FLAT = Ball(math.inf)
SMALL = Ball(math.inf, 150.0)


def less(whole: BaseGeometry, part: BaseGeometry) -> Polygon:
    rest = whole.difference(part)
    assert isinstance(rest, Polygon)
    return rest


def letter_f(x_um: float, y_um: float) -> Polygon:
    skeleton = shapely.MultiLineString(
        [
            [(x_um, y_um), (x_um, y_um + 150)],
            [(x_um, y_um + 150), (x_um + 90, y_um + 150)],
            [(x_um, y_um + 75), (x_um + 70, y_um + 75)],
        ]
    )
    outline = skeleton.buffer(12.5)
    assert isinstance(outline, Polygon)
    return outline


def tooth(turn: float) -> Polygon:
    arc = turn + np.linspace(0, 2 * np.pi / 48, 9)
    inner, outer = (r * np.stack([np.cos(arc), np.sin(arc)], 1) for r in (525, 600))
    return Polygon(np.concatenate([inner, outer[::-1]]))


# Eight letters, a loop with a counter, and a ring of teeth.
MARK = MultiPolygon(
    [
        *(letter_f(-330 + 170 * column, row) for column in range(4) for row in (30, -220)),
        less(Point(0, 330).buffer(60), Point(0, 330).buffer(35)),
        *(tooth(2 * np.pi * index / 24) for index in range(24)),
    ]
)
BLOCK = MultiPolygon([box(-50, -50, 50, 50)])


def disc(radius_um: float) -> Polygon:
    return Point(0, 0).buffer(radius_um, quad_segs=256)


def planned(
    land: MultiPolygon = MARK,
    surface: Ball = SPHERE,
    recipe: Recipe = RECIPE,
    *,
    field_um: float | None = None,
    relief_um: float = 20.0,
    taper_to_um: float | None = None,
) -> Toolpath:
    field = surface.edge_radius_um if field_um is None else field_um
    return plan(
        land=land,
        field=disc(field),
        taper_to=None if taper_to_um is None else disc(taper_to_um),
        surface=surface,
        relief_um=relief_um,
        recipe=recipe,
        floor_xy_um=np.array([(0.0, 0.0), (0.0, min(650.0, field))]),
    )


def painted(toolpath: Toolpath) -> BaseGeometry:
    """Everything lit, as wide as the crater of the physics."""
    ends = [np.stack(operation.paths.segments(), axis=1) for _, operation in toolpath.operations()]
    return shapely.union_all(shapely.buffer(shapely.linestrings(np.concatenate(ends)[:, :, :2]), CRATER_UM))


@pytest.mark.parametrize("surface", [SPHERE, FLAT])
def test_what_is_lit_paints_the_field_less_the_land(surface: Ball) -> None:
    wrong = painted(planned(surface=surface)).symmetric_difference(disc(700).difference(MARK))
    assert wrong.area < 0.003 * MARK.area


@pytest.mark.parametrize("kerf_um", [9.1, 15.1])
def test_a_kerf_off_by_3_um_does_not_paint_it(kerf_um: float) -> None:
    painting = painted(planned(recipe=replace(RECIPE, kerf_um=kerf_um)))
    assert painting.symmetric_difference(disc(700).difference(MARK)).area > 0.05 * MARK.area


def test_nothing_is_lit_nearer_to_the_land_or_the_edge_than_half_the_kerf() -> None:
    for _, operation in planned().operations():
        begin, end = operation.paths.segments()
        lines = shapely.linestrings(np.stack([begin, end], axis=1)[:, :, :2])
        assert shapely.distance(MARK, lines).min() > 6.05 - 0.06
        assert np.hypot(*operation.paths.points[:, :2].T).max() <= 700 - 6.05 + 1e-3


@pytest.mark.parametrize("surface", [SPHERE, FLAT, Ball(800.0)])
def test_straight_pieces_follow_the_surface_within_the_chord_tolerance(surface: Ball) -> None:
    share = np.linspace(0, 1, 11)[:, None, None]
    for _, operation in planned(surface=surface).operations():
        begin, end = operation.paths.segments()
        along = begin + share * (end - begin)
        off = along[:, :, 2] - surface.height_um(along[:, :, 0], along[:, :, 1]) + 10.0
        assert np.abs(off).max() <= 5.0 + 2e-3
        assert np.abs(off[[0, -1]]).max() <= 2e-3


def test_pieces_are_not_cut_finer_than_the_tolerance_asks() -> None:
    flat, ball, fine = (
        sum(len(operation.paths.points) for _, operation in planned(surface=surface, recipe=recipe).operations())
        for surface, recipe in ((FLAT, RECIPE), (SPHERE, RECIPE), (SPHERE, replace(RECIPE, chord_tolerance_um=0.5)))
    )
    assert flat < ball < 1.5 * flat < fine


def test_points_are_whole_nanometres() -> None:
    for _, operation in planned().operations():
        nanometres = operation.paths.points * 1e3
        assert np.abs(nanometres - np.rint(nanometres)).max() < 1e-6
        assert not np.any(np.signbit(operation.paths.points) & (operation.paths.points == 0))


def test_a_pass_is_a_contour_and_then_a_hatch_and_a_cycle_all_angles() -> None:
    (block,) = planned().blocks
    assert [operation.name for operation in block.operations] == [
        "contour-015", "hatch-015", "contour-075", "hatch-075", "contour-135", "hatch-135",
    ]  # fmt: skip
    (bare,) = planned(recipe=stepped(contour="none")).blocks
    assert [operation.name for operation in bare.operations] == ["hatch-015", "hatch-075", "hatch-135"]


def test_the_hatch_runs_along_its_angle() -> None:
    (block,) = planned(BLOCK, SMALL).blocks
    for operation, angle in zip(block.operations[1::2], RECIPE.rough.angles_rad, strict=True):
        begin, end = operation.paths.segments()
        across = (end - begin)[:, :2] @ [-math.sin(angle), math.cos(angle)]
        assert np.abs(across).max() < 2e-3


@pytest.mark.parametrize(("surface", "share"), [(FLAT, 1.0), (SPHERE, 0.748), (Ball(800.0), 0.539)])
def test_cycles_are_the_fewest_that_reach_the_relief_on_the_slope(surface: Ball, share: float) -> None:
    (block,) = planned(surface=surface).blocks
    cycle_um = 3 * PASS_UM * share
    assert (block.repeats - 1) * cycle_um < 20 * 1.005
    assert block.repeats * cycle_um > 20 * 0.995


def test_cycles_step_at_the_relief_of_a_whole_number_of_them() -> None:
    assert planned(BLOCK, SMALL, relief_um=5 * 3 * PASS_UM * 0.999).blocks[0].repeats == 5
    assert planned(BLOCK, SMALL, relief_um=5 * 3 * PASS_UM * 1.001).blocks[0].repeats == 6


def test_a_taper_paints_on_to_its_end_with_fewer_passes_each_step() -> None:
    toolpath = planned(field_um=640.0, taper_to_um=690.0)
    main, *taper = toolpath.blocks
    assert [block.operations[0].name for block in taper] == [f"taper-{step + 1}" for step in range(len(taper))]
    assert len(taper) == 4
    passes = [3 * main.repeats, *(block.repeats for block in taper), 0]
    assert max(np.diff(passes)) < 0
    assert max(-np.diff(passes)) <= 3 * main.repeats / len(taper)
    wrong = painted(toolpath).symmetric_difference(disc(690).difference(MARK))
    # The last ring ends up to a pitch short of the taper's end.
    assert wrong.difference(disc(690).difference(disc(685.9))).area < 0.003 * MARK.area


def taken_um(toolpath: Toolpath, surface: Ball, *, pixel_um: float = 1.5) -> HeightMap:
    half_um = surface.edge_radius_um + 5
    result = cut(toolpath, surface=surface, beam_for=RECIPE.beam_for, half_width_um=half_um, pixel_um=pixel_um)
    x_um, y_um = np.meshgrid(result.x_um(), result.y_um())
    return replace(result, z_um=np.nan_to_num(surface.height_um(x_um, y_um) - result.z_um))


def test_a_taper_leaves_no_step_at_its_end() -> None:
    taken = taken_um(planned(BLOCK, SMALL, field_um=90.0, taper_to_um=148.0), SMALL)
    profile = taken.z_um[len(taken.z_um) // 2]
    radius = taken.x_um()
    by_radius = [profile[np.abs(radius - r) < 3].mean() for r in range(80, 145, 8)]
    assert by_radius[0] > 20
    assert by_radius[-1] < 5
    assert np.diff(by_radius).max() < 0.5


@pytest.mark.parametrize("surface", [SPHERE, FLAT])
def test_the_crest_has_the_outlines_area_and_the_floor_the_relief(surface: Ball) -> None:
    taken = taken_um(planned(surface=surface), surface)
    x_um, y_um = np.meshgrid(taken.x_um(), taken.y_um())
    radius = np.hypot(x_um, y_um)
    crest = (taken.z_um < 0.2) & (radius < 680)
    assert crest.sum() * 1.5**2 == pytest.approx(MARK.area, rel=0.02)
    shapely.prepare(MARK)
    open_floor = ~shapely.contains_xy(MARK.buffer(15), x_um, y_um) & (radius < 650)
    assert taken.z_um[open_floor].mean() >= 20
    # What lies below is the ripple of the hatch.
    assert taken.z_um[open_floor].min() > 20 * 0.97


def wall_um(recipe: Recipe) -> tuple[float, float]:
    """Of a straight wall: where half the relief is reached, outside the outline, and the width from 10 to 90 %."""
    taken = taken_um(planned(BLOCK, SMALL, recipe), SMALL, pixel_um=0.5)
    profile = taken.z_um[np.abs(taken.y_um()) < 30].mean(axis=0)
    outside = taken.x_um() - 50
    wall = np.flatnonzero((outside > -10) & (outside < 14))
    rising = wall[: int(np.argmax(profile[wall])) + 1]
    low, half, high = np.interp([2.0, 10.0, 18.0], profile[rising], outside[rising])
    return float(half), float(high - low)


def test_the_wall_stands_where_it_was_drawn_and_a_missing_contour_moves_it() -> None:
    half, width = wall_um(RECIPE)
    assert half == pytest.approx(3.1, abs=0.3)
    assert width == pytest.approx(4.0, abs=0.4)
    half_bare, width_bare = wall_um(stepped(contour="none"))
    # Half a hatch's depth is reached where the hatch ends, half a kerf from the outline.
    assert half_bare == pytest.approx(6.05, abs=0.3)
    assert width_bare > width + 2


@pytest.mark.parametrize("error_um", [-3.0, 3.0])
def test_a_kerf_off_by_3_um_moves_the_wall_by_half_of_it(error_um: float) -> None:
    half, _ = wall_um(replace(RECIPE, kerf_um=12.1 + error_um))
    assert half - wall_um(RECIPE)[0] == pytest.approx(error_um / 2, abs=0.2)


def test_gaps_narrower_than_the_kerf_are_named_and_wider_ones_are_not() -> None:
    def gap(width_um: float) -> float:
        pair = MultiPolygon([box(-60, -50, -width_um / 2, 50), box(width_um / 2, -50, 60, 50)])
        return float(uncut_gaps(land=pair, field=disc(150), kerf_um=12.1).area)

    assert gap(12.5) == 0
    # The gap of 11.6 um x 100 um, less what the tool reaches into its two mouths.
    assert 0.8 * 1160 < gap(11.6) < 1160


def test_a_narrow_gap_is_as_deep_as_the_open_floor() -> None:
    pair = MultiPolygon([box(-60, -50, -7, 50), box(7, -50, 60, 50)])
    taken = taken_um(planned(pair, SMALL), SMALL)
    middle = len(taken.z_um) // 2
    assert taken.z_um[middle - 10 : middle + 10, middle].min() > 20


def test_corners_are_no_gaps() -> None:
    assert uncut_gaps(land=MARK, field=disc(700), kerf_um=12.1).is_empty


def test_slivers_of_the_lit_region_are_dropped() -> None:
    # A diamond of 0.2 um stays of the middle of a hole 12.3 um wide: its boundary is less than 1 um.
    land = MultiPolygon([less(box(-50, -50, 50, 50), box(-6.15, -6.15, 6.15, 6.15))])
    assert len(lit_region(land=land, field=disc(150), kerf_um=12.1).geoms) == 1
    wider = MultiPolygon([less(box(-50, -50, 50, 50), box(-7, -7, 7, 7))])
    assert len(lit_region(land=wider, field=disc(150), kerf_um=12.1).geoms) == 2


def test_the_focus_lies_in_the_middle_of_the_relief() -> None:
    assert focus_offset_um(20.0) == -10.0


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(ToolpathError) as caught:
        plan(
            land=MARK,
            field=disc(300),
            taper_to=disc(290),
            surface=SPHERE,
            relief_um=math.nan,
            recipe=RECIPE,
            floor_xy_um=np.array([(650.0, 0.0)]),
        )
    for fault in (
        "relief",
        "the mark reaches 350 um beyond",
        "the taper ends within",
        "the land reaches 300 um beyond",
    ):
        assert fault in str(caught.value)


def test_land_that_is_no_polygon_is_refused() -> None:
    bow_tie = MultiPolygon([Polygon([(0, 0), (50, 50), (50, 0), (0, 50)])])
    with pytest.raises(ToolpathError, match="no valid set of polygons"):
        planned(bow_tie)


def test_a_field_the_kerf_does_not_fit_into_is_refused() -> None:
    with pytest.raises(ToolpathError, match="fits nowhere"):
        planned(MultiPolygon([disc(145)]), SMALL)


def test_a_beam_too_weak_for_the_slope_is_refused() -> None:
    weak = stepped(pulse_energy_j=0.0595e-6)
    planned(BLOCK, SMALL, weak)
    with pytest.raises(ToolpathError, match=r"slope of \(0, 650\) um.*pulse energy"):
        planned(recipe=weak)


def test_a_taper_needs_room() -> None:
    with pytest.raises(ToolpathError, match="no room"):
        planned(BLOCK, SMALL, field_um=140.0, taper_to_um=149.0)


def test_an_empty_land_clears_the_whole_field() -> None:
    wrong = painted(planned(MultiPolygon(), SMALL)).symmetric_difference(disc(150))
    assert wrong.area < 0.001 * disc(150).area


def test_lines_of_land_too_thin_to_see_are_still_kept() -> None:
    thin = MultiPolygon([LineString([(-40, 0), (40, 0)]).buffer(1.0)])
    for _, operation in planned(thin, SMALL).operations():
        begin, end = operation.paths.segments()
        lines = shapely.linestrings(np.stack([begin, end], axis=1)[:, :, :2])
        assert shapely.distance(thin, lines).min() > 6.05 - 0.06
