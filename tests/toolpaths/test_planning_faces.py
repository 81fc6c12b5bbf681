"""Plans on faces that are not round, and of grooves that are cut into a face."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from toolpaths.errors import ToolpathError
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Ablation, Recipe, Step
from toolpaths.laser.region import lit_region, uncut_gaps
from toolpaths.model import Toolpath
from toolpaths.removal import cut
from toolpaths.surface import Surface

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
# By hand: ln(F0 / Fth) = 2.0337, so 0.3947 um a pass and craters 6.050 um in radius.
PASS_UM, CRATER_UM = 0.39467, 6.0503


@dataclass(frozen=True, slots=True, kw_only=True)
class Edged:
    """A level core about which the face falls: by ``fall_um`` of the distance from it. Written out for these tests."""

    core: Polygon
    rim_um: float
    nose_radius_um: float
    half_angle_rad: float | None = None

    @property
    def boundary(self) -> Polygon:
        """See toolpaths.surface.Surface."""
        return self.core.buffer(self.rim_um, quad_segs=64)

    @property
    def edge_radius_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return float(np.max(np.hypot(*shapely.get_coordinates(self.boundary).T)))

    @property
    def face_area_um2(self) -> float:
        """See toolpaths.surface.Surface."""
        return self.boundary.area

    @property
    def mean_curvature_per_um(self) -> float:
        """See toolpaths.surface.Surface."""
        return 0.0

    def section_um2(self, depth_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.full_like(depth_um, self.core.area)

    def section_depth_um(self, area_um2: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        return np.zeros_like(area_um2)

    def height_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """A quarter round, and beyond its slope a flank where there is a half angle."""
        away = self._away_um(x_um, y_um)
        join = self._join_um()
        quarter = np.sqrt(self.nose_radius_um**2 - np.minimum(away, join) ** 2) - self.nose_radius_um
        flank = 0.0 if self.half_angle_rad is None else np.maximum(away - join, 0.0) / math.tan(self.half_angle_rad)
        return np.where(away <= self.rim_um + 1e-3, quarter - flank, np.nan)

    def normal_cosine(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        """See toolpaths.surface.Surface."""
        away = self._away_um(x_um, y_um)
        leans = np.minimum(away, self._join_um()) / self.nose_radius_um
        return np.where(away <= self.rim_um + 1e-3, np.sqrt(1 - leans**2), np.nan)

    def _join_um(self) -> float:
        angle = self.half_angle_rad
        return self.rim_um + 1.0 if angle is None else self.nose_radius_um * math.cos(angle)

    def _away_um(self, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
        left, low, right, high = self.core.bounds
        across = np.maximum(np.maximum(left - x_um, x_um - right), 0.0)
        along = np.maximum(np.maximum(low - y_um, y_um - high), 0.0)
        return np.hypot(across, along)


# 400 um by 160 um over all, its edges rounded by 45 degrees of 30 um.
RIM_UM = 30.0 * math.sin(math.pi / 4)
CHISEL = Edged(core=box(RIM_UM - 200, RIM_UM - 80, 200 - RIM_UM, 80 - RIM_UM), rim_um=RIM_UM, nose_radius_um=30.0)
# A ball of 100 um that goes over into flanks of 45 degrees at 70.7 um: the core is a speck.
CONE = Edged(core=box(-1e-6, -1e-6, 1e-6, 1e-6), rim_um=200.0, nose_radius_um=100.0, half_angle_rad=math.pi / 4)
PLATE = Edged(core=box(-200, -200, 200, 200), rim_um=0.1, nose_radius_um=100.0)


def letter_f(stroke_um: float) -> MultiPolygon:
    skeleton = shapely.MultiLineString([[(-40, -75), (-40, 75)], [(-40, 75), (50, 75)], [(-40, 0), (30, 0)]])
    return MultiPolygon(shapely.get_parts(skeleton.buffer(stroke_um / 2)).tolist())


def less(whole: BaseGeometry, part: BaseGeometry) -> MultiPolygon:
    return MultiPolygon([piece for piece in shapely.get_parts(whole.difference(part)) if isinstance(piece, Polygon)])


def planned(
    surface: Surface,
    *,
    land: MultiPolygon | None = None,
    field: Polygon | None = None,
    taper_to: Polygon | None = None,
    recipe: Recipe = RECIPE,
    floor: tuple[tuple[float, float], ...] = ((0.0, 0.0),),
    relief_um: float = 20.0,
) -> Toolpath:
    return plan(
        land=MultiPolygon() if land is None else land,
        field=surface.boundary if field is None else field,
        taper_to=taper_to,
        surface=surface,
        relief_um=relief_um,
        recipe=recipe,
        floor_xy_um=np.array(floor),
    )


def lit(toolpath: Toolpath) -> MultiLineString:
    ends = [np.stack(operation.paths.segments(), axis=1)[:, :, :2] for _, operation in toolpath.operations()]
    return MultiLineString(np.concatenate(ends).tolist())


def painted(toolpath: Toolpath) -> BaseGeometry:
    """Everything lit, as wide as a crater."""
    return shapely.union_all(shapely.buffer(shapely.get_parts(lit(toolpath)), CRATER_UM))


# --- faces ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tolerance_um", [5.0, 0.5])
@pytest.mark.parametrize("surface", [CHISEL, CONE], ids=["chisel", "cone"])
def test_straight_pieces_follow_edges_and_joins_within_the_chord_tolerance(surface: Edged, tolerance_um: float) -> None:
    recipe = replace(RECIPE, chord_tolerance_um=tolerance_um)
    share = np.linspace(0, 1, 101)[:, None, None]
    worst = 0.0
    for _, operation in planned(surface, recipe=recipe).operations():
        begin, end = operation.paths.segments()
        along = begin + share * (end - begin)
        off = along[:, :, 2] - surface.height_um(along[:, :, 0], along[:, :, 1]) + 10.0
        assert np.abs(off[[0, -1]]).max() <= 2e-3
        worst = max(worst, float(np.abs(off).max()))
    # The tolerance is used and kept.
    assert 0.3 * tolerance_um < worst <= tolerance_um + 2e-3


@pytest.mark.parametrize("surface", [CHISEL, CONE], ids=["chisel", "cone"])
def test_all_of_the_face_is_painted_and_nothing_else(surface: Edged) -> None:
    toolpath = planned(surface)
    assert all(np.all(np.isfinite(operation.paths.points)) for _, operation in toolpath.operations())
    assert painted(toolpath).symmetric_difference(surface.boundary).area < 0.003 * surface.boundary.area
    assert surface.boundary.exterior.distance(lit(toolpath)) == pytest.approx(6.05, abs=0.06)


def test_cycles_are_counted_where_the_mark_is_steepest() -> None:
    # On the core a cycle takes 3 x 0.3947 um: 17 for 20 um. 12 um beyond it the edge leans by asin(12 / 30), its cosine
    # is 0.9165, and a pass takes (1 + ln 0.9165 / 2.0337)^2 of that: 0.916, so 19.
    outermost = (200 - RIM_UM + 12.0, 10.0)
    assert planned(CHISEL).blocks[0].repeats == 17
    assert planned(CHISEL, floor=((0.0, 0.0), outermost, (100.0, 0.0))).blocks[0].repeats == 19
    # Points on the boundary itself have a slope, 45 degrees here: (1 + ln 0.7071 / 2.0337)^2 = 0.688, so 25.
    assert planned(CHISEL, floor=((200.0, 0.0),)).blocks[0].repeats == 25


def field_and_taper(surface: Edged, *, field_um: float, taper_um: float) -> tuple[Polygon, Polygon]:
    parts = [surface.boundary.intersection(Point(0, 0).buffer(radius, quad_segs=64)) for radius in (field_um, taper_um)]
    inner, outer = parts
    assert isinstance(inner, Polygon)
    assert isinstance(outer, Polygon)
    return inner, outer


def test_a_taper_runs_only_where_there_is_face() -> None:
    field, taper_to = field_and_taper(CHISEL, field_um=120.0, taper_um=170.0)
    toolpath = planned(CHISEL, field=field, taper_to=taper_to)
    main, *taper = toolpath.blocks
    assert [block.operations[0].name for block in taper] == [f"taper-{step}" for step in range(1, len(taper) + 1)]
    assert len(taper) == 4
    passes = [3 * main.repeats, *(block.repeats for block in taper), 0]
    assert max(np.diff(passes)) < 0
    curves = lit(Toolpath(blocks=tuple(taper)))
    # Pieces of circles about the axis a hatch apart, in the two ends of the face and nowhere else.
    radii = np.hypot(*shapely.get_coordinates(curves).T)
    assert radii.min() > 117.5
    assert radii.max() < 164.1
    assert np.ptp((radii - 117.95) % 4.0) < 0.2 or np.ptp((radii - 115.95) % 4.0) < 0.2
    assert CHISEL.boundary.exterior.distance(curves) > 6.05 - 0.11
    cleared = painted(toolpath)
    # The last curve ends up to a pitch short of the taper's end.
    shorter = CHISEL.boundary.intersection(Point(0, 0).buffer(165.9, quad_segs=64))
    assert shorter.difference(cleared).area < 0.003 * shorter.area
    assert cleared.difference(taper_to).area < 0.003 * shorter.area


def test_a_taper_along_the_face_falls_outwards() -> None:
    field, taper_to = field_and_taper(CHISEL, field_um=100.0, taper_um=160.0)
    toolpath = planned(CHISEL, field=field, taper_to=taper_to)
    taken = cut(toolpath, surface=CHISEL, beam_for=RECIPE.beam_for, half_width_um=205.0, pixel_um=1.5)
    depth_um = -taken.z_um[len(taken.z_um) // 2]
    by_place = [depth_um[np.abs(taken.x_um() - x) < 3].mean() for x in range(88, 156, 8)]
    assert by_place[0] > 20
    assert by_place[-1] < 6
    assert np.diff(by_place).max() < 0.5


def test_land_too_near_to_the_taper_is_refused_and_land_at_the_side_is_not() -> None:
    field, taper_to = field_and_taper(CHISEL, field_um=120.0, taper_um=170.0)
    at_the_side = MultiPolygon([box(-20, 40, 20, 58)])
    assert planned(CHISEL, land=at_the_side, field=field, taper_to=taper_to).blocks
    at_the_end = MultiPolygon([box(80, -20, 110, 20)])
    # Its corners lie at hypot(110, 20) = 111.8 um, 8.2 um from the field's end.
    with pytest.raises(ToolpathError, match=r"within 8\.\d+ um of the taper"):
        planned(CHISEL, land=at_the_end, field=field, taper_to=taper_to)
    assert planned(CHISEL, land=at_the_end, field=field).blocks


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"field": box(-150, -90, 150, 70)}, "the field reaches 10 um beyond the tip's boundary"),
        ({"field": Polygon()}, "the field is no valid polygon"),
        ({"field": box(-50, -50, 50, 50), "taper_to": box(-100, -82, 100, 80)}, "the taper reaches 2 um beyond"),
        ({"field": box(-50, -50, 50, 50), "taper_to": box(-40, -40, 40, 40)}, "the taper ends within the field"),
        ({"floor": ((0.0, 80.0), (0.0, 85.0))}, "the mark reaches 5 um beyond the field"),
        ({"floor": ()}, "the mark has no outline"),
        ({"land": MultiPolygon([box(150, -10, 210, 10)])}, r"the land reaches 1[01]\S* um beyond the field"),
    ],
)
def test_what_lies_beyond_the_face_is_refused(asked: dict[str, object], fault: str) -> None:
    with pytest.raises(ToolpathError, match=fault):
        planned(CHISEL, **asked)  # type: ignore[arg-type]


def test_a_boundary_that_its_surface_does_not_reach_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Boasting(Edged):
        @property
        def boundary(self) -> Polygon:
            return self.core.buffer(self.rim_um + 20.0)

    boasting = Boasting(core=CHISEL.core, rim_um=CHISEL.rim_um, nose_radius_um=30.0)
    with pytest.raises(ToolpathError, match="the tip has no height at"):
        planned(boasting)


# --- grooves ----------------------------------------------------------------------------------------------------------


def groove_share(stroke_um: float) -> float:
    """Depth in the middle of a groove over that of an open floor, from the profile of one line, by hand.

    A line is (r^2 - y^2)^1.5 deep at y, its area 3 pi r^4 / 8; lines lie 4 um apart between the two contours.
    """
    aside = stroke_um / 2 - CRATER_UM
    place = np.linspace(-CRATER_UM, CRATER_UM, 20_001)
    line = (CRATER_UM**2 - place**2) ** 1.5 / (3 * math.pi * CRATER_UM**4 / 8)
    hatch = float(line[np.abs(place) <= aside].sum() * (place[1] - place[0]))
    contour = float(np.interp(aside, place, line, right=0.0))
    return hatch + 4 * 2 * contour


@pytest.mark.parametrize(("stroke_um", "share"), [(14.0, 1.35), (20.0, 1.38), (26.0, 1.00)])
def test_a_recessed_letter_is_cut_as_deep_as_its_contours_and_hatch_make_it(stroke_um: float, share: float) -> None:
    letter = letter_f(stroke_um)
    field = box(-120, -120, 120, 120)
    toolpath = planned(PLATE, land=less(field, letter), field=field)
    assert toolpath.blocks[0].repeats == 17
    taken = cut(toolpath, surface=PLATE, beam_for=RECIPE.beam_for, half_width_um=130.0, pixel_um=0.75)
    x_um, y_um = np.meshgrid(taken.x_um(), taken.y_um())
    depth_um = -taken.z_um
    assert groove_share(stroke_um) == pytest.approx(share, abs=0.01)
    # The middle of the stem, clear of its end and of the arms.
    stem = (np.abs(x_um + 40) < 0.8) & (np.abs(np.abs(y_um) - 37.5) < 15)
    assert depth_um[stem].mean() == pytest.approx(17 * 3 * PASS_UM * share, rel=0.03)
    assert depth_um[stem].min() > 20.0 * 0.9
    # The face about it is not touched, and the groove is as wide as it was drawn.
    shapely.prepare(letter)
    beside = ~shapely.contains_xy(letter.buffer(1.5), x_um, y_um)
    assert depth_um[beside].max() < 0.05
    groove_um2 = np.count_nonzero(depth_um > 0.2) * 0.75**2
    assert (groove_um2 - letter.area) / letter.length == pytest.approx(0.0, abs=0.3)


def test_grooves_narrower_than_the_kerf_are_named() -> None:
    field = box(-120, -120, 120, 120)
    wide, narrow = LineString([(-80, 0), (80, 0)]).buffer(7), LineString([(-80, 50), (60, 50)]).buffer(6)
    with pytest.raises(ToolpathError, match=r"12\.1 um, does not fit into the groove about \(-10, 50\) um"):
        planned(PLATE, land=less(field, wide.union(narrow)), field=field)
    with pytest.raises(ToolpathError, match="fits nowhere"):
        planned(PLATE, land=less(field, narrow), field=field)
    assert planned(PLATE, land=less(field, wide), field=field).blocks
    many = shapely.union_all([wide, *(LineString([(-80, y), (80, y)]).buffer(5) for y in (-100, -80, -60, -40, -20))])
    with pytest.raises(ToolpathError, match=r"the grooves about .* and 2 more um"):
        planned(PLATE, land=less(field, many), field=field)


def test_a_counter_too_small_for_the_kerf_is_left_in_a_raised_mark() -> None:
    """It is a matter for the design rules: the land stands in a field that is cut."""
    eye = less(box(-30, -30, 30, 30), box(-5, -5, 5, 5))
    toolpath = planned(PLATE, land=eye, field=box(-120, -120, 120, 120))
    assert not lit(toolpath).intersects(box(-5, -5, 5, 5))


def test_lit_region_and_gaps_of_a_polygonal_field() -> None:
    field = box(-100, -40, 100, 40)
    assert lit_region(land=MultiPolygon(), field=field, kerf_um=12.0).equals_exact(
        MultiPolygon([box(-94, -34, 94, 34)]), 0.1, normalize=True
    )
    # A bar 8 um from the field's side leaves a gap of 8 um by 100 um.
    bar = MultiPolygon([box(-50, 10, 50, 32)])
    assert uncut_gaps(land=bar, field=field, kerf_um=12.0).area == pytest.approx(800, rel=0.2)
    assert uncut_gaps(land=MultiPolygon([box(-50, 10, 50, 27.5)]), field=field, kerf_um=12.0).is_empty
