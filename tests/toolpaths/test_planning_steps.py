"""Steps, zones and a focus that follows the floor: what is planned, and what it cuts."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon, box

from toolpaths.errors import ToolpathError
from toolpaths.fill import hatch
from toolpaths.laser.ablation import crater_radius_um, crater_volume_um3, log_fluence, pass_depth_um
from toolpaths.laser.passes import focus_runs, lingering
from toolpaths.laser.planning import plan
from toolpaths.laser.recipe import Ablation, Beam, Recipe, Step
from toolpaths.laser.slopes import steep_hatch, steep_paths
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.removal import MOST_STAGES, cut
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]

ROUGH = Step(
    kind="rough",
    pulse_energy_j=0.35e-6,
    repetition_rate_hz=15e3,
    feed_um_s=15e3,
    hatch_um=4.0,
    angles_rad=(math.radians(15), math.radians(75), math.radians(135)),
    contour="before",
    passes=0,
)
FINISH = replace(ROUGH, kind="finish", pulse_energy_j=0.2e-6, angles_rad=(0.0, math.pi / 2), contour="after", passes=2)
OUTLINE = replace(ROUGH, kind="outline", pulse_energy_j=0.3e-6, angles_rad=(), passes=2)
CLEAN = replace(ROUGH, kind="clean", pulse_energy_j=0.1e-6, angles_rad=(0.0,), contour="none", passes=1, order="rows")
STEEL = Ablation(threshold_j_cm2=0.16, incubation=0.81, penetration_um=0.0135)
RECIPE = Recipe(
    name="steel",
    wavelength_um=1.03,
    beam_quality=1.2,
    spot_radius_um=6.0,
    kerf_um=12.1,
    chord_tolerance_um=5.0,
    ablation=STEEL,
    steps=(ROUGH,),
)
# By hand: ln(F0 / Fth) is 2.0337 and 1.4741 for 0.35 and 0.2 uJ: depths go with its square, 0.39467 um at 0.35 uJ.
PASS_UM, FINISH_UM = 0.39467, 0.39467 * (1.4741 / 2.0337) ** 2
BLOCK = MultiPolygon([box(-50, -50, 50, 50)])


@dataclass(frozen=True, slots=True)
class Ball:
    """A spherical tip; an infinite radius makes it flat."""

    nose_radius_um: float
    edge_radius_um: float = 150.0

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


FLAT = Ball(math.inf)
ROUND = Ball(800.0, 640.0)


def planned(
    *steps: Step,
    land: MultiPolygon = BLOCK,
    surface: Ball = FLAT,
    relief_um: float = 20.0,
    recipe: Recipe = RECIPE,
    reach_um: float = 100.0,
) -> Toolpath:
    return plan(
        land=land,
        field=Point(0, 0).buffer(surface.edge_radius_um, quad_segs=256),
        taper_to=None,
        surface=surface,
        relief_um=relief_um,
        recipe=replace(recipe, steps=steps) if steps else recipe,
        floor_xy_um=np.array([(0.0, 0.0), (reach_um, 0.0)]),
    )


def named(toolpath: Toolpath) -> list[tuple[int, list[str]]]:
    return [(block.repeats, [operation.name for operation in block.operations]) for block in toolpath.blocks]


def test_steps_follow_one_another_as_written() -> None:
    """The finish takes 4 x 0.2074 um, the clean pass 0.02: 19.16 um are left, 17 rounds of 1.184 um (16.2)."""
    rough = [name for angle in ("015", "075", "135") for name in (f"contour-{angle}", f"hatch-{angle}")]
    assert named(planned(OUTLINE, ROUGH, FINISH, CLEAN)) == [
        (2, ["outline-contour"]),
        (17, rough),
        (2, ["finish-hatch-000", "finish-contour-000", "finish-hatch-090", "finish-contour-090"]),
        (1, ["clean-hatch-000"]),
    ]


def test_steps_of_one_kind_are_numbered() -> None:
    again = replace(FINISH, pulse_energy_j=0.15e-6)
    names = {name for _, block in named(planned(ROUGH, FINISH, again)) for name in block}
    assert {"finish-1-hatch-000", "finish-2-hatch-000"} < names


def test_every_operation_has_its_steps_process() -> None:
    recipe = replace(RECIPE, steps=(ROUGH, replace(FINISH, spot_radius_um=5.0)), pulse_width_s=2e-13)
    for _, operation in planned(recipe=recipe).operations():
        finish = operation.name.startswith("finish")
        assert operation.process == recipe.process_of(recipe.steps[finish])
        assert operation.process.spot_radius_um == (5.0 if finish else 6.0)


@pytest.mark.parametrize(("more_um", "rounds"), [(-0.01, 5), (0.01, 6)])
def test_the_rough_step_takes_what_the_others_leave(more_um: float, rounds: int) -> None:
    # Half the relief out of focus, 3.4 um, moves no depth by a thousandth.
    relief_um = 5 * 3 * PASS_UM + 4 * FINISH_UM
    found = planned(FINISH, ROUGH, relief_um=relief_um + more_um).blocks[1].repeats
    assert found == rounds


def test_steps_that_leave_nothing_to_the_rough_one_are_refused() -> None:
    planned(FINISH, ROUGH, relief_um=4 * FINISH_UM * 1.01)
    with pytest.raises(ToolpathError, match=r"so nothing of 0\.82"):
        planned(FINISH, ROUGH, relief_um=round(4 * FINISH_UM * 0.99, 3))


def test_orders_of_a_hatch() -> None:
    """The same lines: row by row from one side, there and back, and with less travel."""
    lines = {}
    for order in ("rows", "serpentine", "shortest"):
        (block,) = planned(replace(ROUGH, order=order, angles_rad=(0.0,), contour="none")).blocks
        begin, end = block.operations[0].paths.segments()
        lines[order] = np.stack([begin, end], axis=1)
    ways = {order: segments[:, 1, 0] - segments[:, 0, 0] for order, segments in lines.items()}
    assert np.all(ways["rows"] > 0)
    assert np.all(np.diff(lines["rows"][:, 0, 1]) >= 0)
    assert 0.4 < np.mean(ways["serpentine"] > 0) < 0.6
    travel = {order: np.linalg.norm(found[1:, 0] - found[:-1, 1], axis=1).sum() for order, found in lines.items()}
    assert travel["shortest"] < travel["serpentine"] < travel["rows"]
    plain = [np.sort(np.sort(found[:, :, 0], axis=1) + 1e4 * found[:, :1, 1], axis=0) for found in lines.values()]
    assert np.array_equal(plain[0], plain[1])
    assert np.array_equal(plain[0], plain[2])


@pytest.mark.parametrize("shift_um", [0.0, 1.3, 2.0, 37.9])
def test_the_outermost_lines_lie_as_far_from_both_sides(shift_um: float) -> None:
    wide = Ball(math.inf, 400.0)
    toolpath = plan(
        land=MultiPolygon(),
        field=box(-100, -61.0 + shift_um, 100, 58.4 + shift_um),
        taper_to=None,
        surface=wide,
        relief_um=20.0,
        recipe=replace(RECIPE, steps=(replace(ROUGH, angles_rad=(0.0,), contour="none"),)),
        floor_xy_um=np.array([(0.0, 0.0)]),
    )
    across = toolpath.blocks[0].operations[0].paths.points[:, 1] - shift_um
    assert across.min() + 61.0 == pytest.approx(58.4 - across.max(), abs=0.11)


# --- closed forms -----------------------------------------------------------------------------------------------------


def one_pulse(times: int) -> tuple[Toolpath, Beam]:
    """So many pulses on one place; no incubation, so that their number does not matter."""
    beam = Beam(
        spot_radius_um=6.0,
        wavelength_um=1.03,
        beam_quality=1.2,
        line_spacing_um=4.0,
        ablation=replace(STEEL, incubation=1),
    )
    process = Process(pulse_energy_j=0.35e-6, repetition_rate_hz=15e3, feed_um_s=15.0)
    paths = Polylines(points=np.array([(-5e-4, 0, 0), (5e-4, 0, 0)]), starts=np.array([0, 2]))
    operation = Operation(name="pulse", process=process, paths=paths)
    return Toolpath(blocks=(Block(repeats=times, operations=(operation,)),)), beam


def test_a_craters_diameter_and_volume_are_the_closed_forms() -> None:
    """By hand: ln(0.61894 / 0.16) = 1.35280, D = 12 sqrt(L / 2) = 9.869 um, V = pi / 4 36 0.0135 L^2 = 0.69855 um3."""
    toolpath, beam = one_pulse(1000)
    made = cut(toolpath, surface=FLAT, beam_for=lambda _: beam, half_width_um=12.0, pixel_um=0.25)
    depth_um = -made.z_um
    assert depth_um.sum() * 0.25**2 / 1000 == pytest.approx(0.69855, rel=0.01)
    x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
    square = x_um**2 + y_um**2
    core = square < 4.0**2
    slope, level = np.polyfit(square[core], depth_um[core], 1)
    assert 2 * math.sqrt(-level / slope) == pytest.approx(9.869, rel=0.01)
    # And the closed forms themselves.
    log = float(log_fluence(toolpath.blocks[0].operations[0].process, beam))
    assert 2 * float(crater_radius_um(spot_um=6.0, log_fluence=log)) == pytest.approx(9.869, rel=1e-3)
    volume_um3 = float(crater_volume_um3(spot_um=6.0, log_fluence=log, penetration_um=0.0135))
    assert volume_um3 == pytest.approx(0.69855, rel=1e-3)


@pytest.mark.parametrize("step", [ROUGH, FINISH, CLEAN], ids=lambda step: step.kind)
def test_depth_a_pass_is_the_closed_form(step: Step) -> None:
    """Every step alone, in focus, over an open floor."""
    lines = hatch(box(-60, -60, 60, 60), pitch_um=step.hatch_um, angle_rad=0.7)
    points = np.column_stack([lines.segments_um.reshape(-1, 2), np.zeros(2 * len(lines.rows))])
    paths = Polylines(points=points, starts=np.arange(0, len(points) + 1, 2))
    operation = Operation(name="hatch", process=RECIPE.process_of(step), paths=paths)
    toolpath = Toolpath(blocks=(Block(repeats=100, operations=(operation,)),))
    recipe = replace(RECIPE, steps=(ROUGH, *(() if step is ROUGH else (step,))))
    made = cut(toolpath, surface=FLAT, beam_for=recipe.beam_for, half_width_um=40.0, pixel_um=1.0)
    closed_um = float(pass_depth_um(RECIPE.process_of(step), RECIPE.beam_of(step)))
    assert -made.z_um.mean() / 100 == pytest.approx(closed_um, rel=0.01)


def test_steps_add_up_each_with_its_own_beam() -> None:
    recipe = replace(RECIPE, steps=(ROUGH, replace(FINISH, spot_radius_um=4.0), CLEAN))
    toolpath = planned(recipe=recipe, land=MultiPolygon())
    both = cut(toolpath, surface=FLAT, beam_for=recipe.beam_for, half_width_um=60.0, pixel_um=1.5).z_um
    alone = [
        cut(Toolpath(blocks=(block,)), surface=FLAT, beam_for=recipe.beam_for, half_width_um=60.0, pixel_um=1.5).z_um
        for block in toolpath.blocks
    ]
    assert both == pytest.approx(np.sum(alone, axis=0), abs=2e-3)


# --- focus ------------------------------------------------------------------------------------------------------------


def test_a_focus_that_stays_is_in_the_middle_of_the_relief() -> None:
    assert focus_runs(17, begin_um=0.0, end_um=20.0, step_um=0.0, relief_um=20.0) == [(17, -10.0)]
    assert focus_runs(0, begin_um=0.0, end_um=20.0, step_um=0.0, relief_um=20.0) == []


@pytest.mark.parametrize(("repeats", "step_um"), [(17, 5.0), (3, 10.0), (100, 0.7), (1, 30.0)])
def test_a_focus_that_follows_is_never_further_from_the_floor_than_half_a_step_and_half_a_round(
    repeats: int, step_um: float
) -> None:
    runs = focus_runs(repeats, begin_um=2.0, end_um=62.0, step_um=step_um, relief_um=62.0)
    assert sum(count for count, _ in runs) == repeats
    offsets_um = np.repeat([offset for _, offset in runs], [count for count, _ in runs])
    middle_um = 2.0 + 60.0 * (np.arange(repeats) + 0.5) / repeats
    assert np.abs(offsets_um + middle_um).max() <= step_um / 2 + 1e-9
    steps = offsets_um / step_um - 0.5
    assert np.abs(steps - np.rint(steps)).max() < 1e-9


def floor_um(toolpath: Toolpath, recipe: Recipe) -> float:
    made = cut(toolpath, surface=FLAT, beam_for=recipe.beam_for, half_width_um=40.0, pixel_um=2.0)
    return float(-made.z_um.mean())


def test_a_deep_floor_is_followed_down() -> None:
    """On 119 um a focus that stays is 59.5 um off at both ends; the model counts it as so far off all along."""
    still, following = (replace(RECIPE, steps=(replace(ROUGH, focus_step_um=step_um),)) for step_um in (0.0, 10.0))
    toolpath = planned(recipe=following, land=MultiPolygon(), relief_um=119.0)
    heights_um = [float(block.operations[0].paths.points[0, 2]) for block in toolpath.blocks]
    assert heights_um == [-5.0 - 10.0 * number for number in range(12)]
    rounds = sum(block.repeats for block in toolpath.blocks)
    # In focus to half a step, 5 um: what is cut is the closed form, and 119 um take 100.5 rounds.
    assert rounds == 101
    assert floor_um(toolpath, following) == pytest.approx(rounds * 3 * PASS_UM, rel=0.01)
    stays = planned(recipe=still, land=MultiPolygon(), relief_um=119.0)
    # The spot's square grows by 1 + (59.5 / 91.5)^2 = 1.4228, and ln(F0 / Fth) falls by the logarithm of it, 0.3527:
    # a pass cuts (1.6810 / 2.0337)^2 1.4228 = 0.9721 of its depth in focus, so that 103.4 rounds are needed.
    assert stays.blocks[0].repeats == 104


def test_paths_that_a_file_tells_in_one_block_are_cut_as_in_several() -> None:
    following = replace(RECIPE, steps=(replace(ROUGH, focus_step_um=10.0),))
    toolpath = planned(recipe=following, land=MultiPolygon(), relief_um=60.0)
    flat = tuple(operation for block in toolpath.blocks for operation in block.operations * block.repeats)
    paths = Polylines(
        points=np.concatenate([operation.paths.points for operation in flat]),
        starts=np.append(0, np.cumsum(np.concatenate([np.diff(operation.paths.starts) for operation in flat]))),
    )
    one = Operation(name="all", process=flat[0].process, paths=paths)
    joined = Toolpath(blocks=(Block(repeats=1, operations=(one,)),))
    assert floor_um(joined, following) == pytest.approx(floor_um(toolpath, following), rel=1e-4)


@pytest.mark.parametrize(("count", "refused"), [(MOST_STAGES, False), (MOST_STAGES + 1, True)])
def test_a_focus_that_jumps_about_without_end_is_refused(count: int, refused: bool) -> None:  # noqa: FBT001 - a column
    heights_um = np.repeat(np.arange(count) % 2 * 5.0, 2)
    points = np.column_stack([np.tile([-1.0, 1.0], count), np.zeros(2 * count), heights_um])
    paths = Polylines(points=points, starts=np.arange(0, 2 * count + 1, 2))
    operation = Operation(name="jumps", process=RECIPE.process_of(ROUGH), paths=paths)
    toolpath = Toolpath(blocks=(Block(repeats=1, operations=(operation,)),))

    def made() -> HeightMap:
        return cut(toolpath, surface=FLAT, beam_for=RECIPE.beam_for, half_width_um=10.0, pixel_um=2.0)

    if refused:
        with pytest.raises(ToolpathError, match="changes its height"):
            made()
    else:
        assert np.isfinite(made().z_um).all()


# --- zones ------------------------------------------------------------------------------------------------------------


def test_lingering_is_the_mean_lengthening_of_a_hatchs_lines() -> None:
    """45 degrees steep: lines along the fall are longer by sqrt 2, level ones by nothing."""
    cosine = np.array([1.0, math.sqrt(0.5)])
    # The least over all ways to fall, looked for every 7.5 degrees.
    assert lingering((0.3,), cosine) == pytest.approx([1.0, 1.0], rel=3e-3)
    assert lingering((0.0, math.pi / 2), cosine)[1] == pytest.approx(
        min((1 + math.sqrt(2)) / 2, math.sqrt(1.5)), rel=1e-3
    )
    assert lingering((), cosine).tolist() == [1.0, 1.0]


def test_steep_parts_of_lines_end_where_the_slope_is_met() -> None:
    cosine = math.sqrt(1 - (300 / 800) ** 2)
    lines = hatch(Point(0, 0).buffer(500, quad_segs=64), pitch_um=20.0, angle_rad=0.4)
    steep = steep_hatch(lines, surface=ROUND, cosine=cosine, least_um=12.1)
    ends_um = np.hypot(*steep.segments_um.reshape(-1, 2).T)
    assert np.all((np.abs(ends_um - 300) < 0.05) | (ends_um > 499))
    # A ring of 300 to 500 um, every 20 um of it.
    length_um = np.linalg.norm(steep.segments_um[:, 1] - steep.segments_um[:, 0], axis=1).sum()
    assert length_um * 20 == pytest.approx(math.pi * (500**2 - 300**2), rel=0.005)
    assert np.all(np.diff(steep.rows) >= 0)


def test_short_gaps_between_steep_parts_are_closed_and_short_parts_left_out() -> None:
    cosine = math.sqrt(1 - (300 / 800) ** 2)

    def parts(y_um: float, reach_um: float) -> list[float]:
        path = np.array([(-reach_um, y_um), (reach_um, y_um)])
        return [
            float(part[-1, 0] - part[0, 0])
            for part in steep_paths((path,), surface=ROUND, cosine=cosine, least_um=12.1)
        ]

    # A chord 299.9 um from the middle is level over 2 sqrt(300^2 - 299.9^2) = 15.5 um, one at 299.99 over 4.9 um.
    assert parts(299.9, 100.0) == pytest.approx([92.25] * 2, abs=0.5)
    assert parts(299.99, 100.0) == pytest.approx([200.0])
    # Beyond 300 um from the middle lie 20 um of each end, or 8.
    assert parts(0.0, 320.0) == pytest.approx([20.0, 20.0], abs=0.01)
    assert parts(0.0, 308.0) == []


def nearest_um(operation: Operation) -> float:
    """How near to the axis an operation comes."""
    ends = np.stack(operation.paths.segments(), axis=1)[:, :, :2]
    return float(shapely.distance(shapely.linestrings(ends), Point(0, 0)).min())


def test_zones_have_a_border_at_least_a_kerf_apart_and_no_more_of_them_than_asked() -> None:
    for asked in (2, 5, 64):
        toolpath = planned(land=MultiPolygon(), surface=ROUND, recipe=replace(RECIPE, zones=asked), reach_um=600.0)
        inner_um = sorted({round(nearest_um(operation)) for _, operation in toolpath.operations()})
        borders_um = [radius for radius in inner_um if 2 < radius < 600]
        assert 1 <= len(borders_um) <= asked - 1
        assert min(np.diff([*borders_um, 640]), default=99) >= 11


def by_radius(toolpath: Toolpath) -> FloatArray:
    """Mean depth in rings of 20 um, out to 580 um."""
    made = cut(toolpath, surface=ROUND, beam_for=RECIPE.beam_for, half_width_um=640.0, pixel_um=3.0)
    x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
    depth_um, radius_um = ROUND.height_um(x_um, y_um) - made.z_um, np.hypot(x_um, y_um)
    return np.array([depth_um[(radius_um >= r) & (radius_um < r + 20)].mean() for r in range(0, 580, 20)])


def test_zones_even_the_floor_of_a_sphere_of_800_um_to_a_pass() -> None:
    even, uneven = (
        by_radius(planned(land=MultiPolygon(), surface=ROUND, recipe=replace(RECIPE, zones=zones), reach_um=600.0))
        for zones in (64, 1)
    )
    assert np.ptp(uneven) > 5.0
    # In the outermost ring a kerf's width is three passes.
    assert np.ptp(even[:-1]) < PASS_UM
    assert np.ptp(even) < 1.5 * PASS_UM
    assert even.min() > 20.0 * 0.995


def test_zones_of_a_flat_are_one() -> None:
    """20 um are 50.7 passes: 51, which are 17 rounds; 20.2 um are 51.2, and one pass more than 17 rounds."""
    zoned = replace(RECIPE, zones=8)
    assert [count for count, _ in named(planned(recipe=zoned))] == [17]
    assert [(count, len(names)) for count, names in named(planned(recipe=zoned, relief_um=20.2))] == [(17, 6), (1, 2)]


def test_walls_stay_where_they_are_drawn_whatever_the_zones() -> None:
    """A bar of land across the borders of zones: its crest is as wide with zones as without."""
    bar = MultiPolygon([box(-500, -30, 500, 30)])
    widths = []
    for zones in (1, 16):
        recipe = replace(RECIPE, zones=zones)
        toolpath = planned(land=bar, surface=ROUND, recipe=recipe, reach_um=600.0)
        made = cut(toolpath, surface=ROUND, beam_for=RECIPE.beam_for, half_width_um=560.0, pixel_um=2.0)
        x_um, y_um = np.meshgrid(made.x_um(), made.y_um())
        crest = ROUND.height_um(x_um, y_um) - made.z_um < 1.0
        near = (np.abs(x_um) < 480) & (np.abs(y_um) < 50)
        widths.append(
            np.array([(crest & near)[:, np.abs(x_um[0] - x) < 60].sum() * 4 / 120 for x in range(-420, 421, 60)])
        )
    assert widths[1] == pytest.approx(widths[0], abs=0.6)
    for _, operation in toolpath.operations():
        begin, end = operation.paths.segments()
        lines = shapely.linestrings(np.stack([begin, end], axis=1)[:, :, :2])
        assert shapely.distance(bar, lines).min() > 6.05 - 0.06


def test_passes_of_all_angles_take_turns_over_the_zones() -> None:
    """At the steepest place every angle has been run as often as any other, to one."""
    toolpath = planned(land=MultiPolygon(), surface=ROUND, recipe=replace(RECIPE, zones=64), reach_um=600.0)
    runs: dict[str, int] = {}
    for repeats, operation in toolpath.operations():
        reach_um = float(np.hypot(*operation.paths.points[:, :2].T).max())
        if "hatch" in operation.name and reach_um > 600:
            runs[operation.name] = runs.get(operation.name, 0) + repeats
    assert len(runs) == 3
    assert max(runs.values()) - min(runs.values()) <= 1


def test_a_plan_is_the_same_twice() -> None:
    steps: tuple[Any, ...] = (replace(ROUGH, order="shortest"), FINISH, OUTLINE, CLEAN)
    recipe = replace(RECIPE, zones=8, steps=steps)
    one, other = (planned(surface=ROUND, recipe=recipe, reach_um=600.0) for _ in range(2))
    for (_, first), (_, second) in zip(one.operations(), other.operations(), strict=True):
        assert first.name == second.name
        assert np.array_equal(first.paths.points, second.paths.points)
