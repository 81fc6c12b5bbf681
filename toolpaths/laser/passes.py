"""How often each step is run: rounds by the relief, zones of the face by its slope, and where the focus stands."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon

from toolpaths.errors import ToolpathError
from toolpaths.laser.ablation import pass_depth_um
from toolpaths.laser.recipe import Recipe, Step
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# More rounds than this, and more time than anyone has: the beam is far too weak.
MOST_CYCLES = 10_000
# Samples of the slope along the longer side of the field, at most; a kerf apart where that is enough.
_MOST_SLOPES = 400
# Ways in which the face may fall, in a half turn.
_WAYS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Rough passes that are run only where the face is steep: where the cosine of its slope is below ``cosine``.

    ``first`` is how many passes the zone has had before; ``cosine`` is infinite for all of the face.
    """

    cosine: float
    first: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rounds of the rough step over all of the region, and what its zones get beyond them, the least steep first.

    ``passes`` is what the steepest place gets of both, ``cosine`` the slope of the mark's steepest place.
    """

    cycles: int
    zones: tuple[Zone, ...]
    passes: int
    cosine: float


def focus_offset_um(relief_um: float) -> float:
    """Height of a focus that stays, over the uncut surface: in the middle of the relief, so below it."""
    return -relief_um / 2


def step_pass_um(recipe: Recipe, step: Step, *, relief_um: float, cosine: ArrayLike) -> FloatArray:
    """Depth of one pass of a step on a slope, with the spot at its largest; 0 for a step that only follows outlines."""
    if not step.angles_rad:
        return np.zeros_like(np.asarray(cosine, dtype=np.float64))
    defocus_um = step.focus_step_um / 2 if step.focus_step_um > 0 else focus_offset_um(relief_um)
    return pass_depth_um(recipe.process_of(step), recipe.beam_of(step), cosine=cosine, defocus_um=defocus_um)


def fixed_depth_um(recipe: Recipe, *, relief_um: float, cosine: ArrayLike) -> FloatArray:
    """What all steps but the rough one that takes the rest cut in the open floor, on a slope."""
    depth_um = np.zeros_like(np.asarray(cosine, dtype=np.float64))
    for step in recipe.fixed:
        depth_um = depth_um + step.passes * step.rounds * step_pass_um(recipe, step, relief_um=relief_um, cosine=cosine)
    return depth_um


def cycles_needed(*, surface: Surface, relief_um: float, recipe: Recipe, floor_xy_um: FloatArray) -> int:
    """The least number of whole rounds of the rough step whose floor is nowhere shallower than the relief.

    Reckoned for the steepest of the places ``floor_xy_um``, (n, 2), with the spot at its largest over the relief, for a
    feed that does not slow down on the slope, after what the other steps take off. Raises ToolpathError where that
    takes more than 10,000 rounds, and where the other steps alone reach the relief.
    """
    cosine, place = _steepest(surface, floor_xy_um)
    depth_um = float(step_pass_um(recipe, recipe.rough, relief_um=relief_um, cosine=cosine))
    fixed_um = float(fixed_depth_um(recipe, relief_um=relief_um, cosine=cosine))
    cycle_um = depth_um * recipe.rough.rounds
    if not fixed_um < relief_um:
        raise ToolpathError(
            f"plan: the steps of recipe {recipe.name!r} that have a number of passes cut {fixed_um:.3g} um at "
            f"({place[0]:.0f}, {place[1]:.0f}) um, so nothing of {relief_um:g} um is left to the rough step; give them "
            "fewer passes or more relief"
        )
    if not cycle_um * MOST_CYCLES >= relief_um - fixed_um:
        raise ToolpathError(
            f"plan: a cycle cuts {cycle_um:.3g} um at the slope of ({place[0]:.0f}, {place[1]:.0f}) um, so "
            f"{relief_um:g} um would take more than {MOST_CYCLES} cycles; raise the pulse energy or keep the mark "
            "where the tip is less steep"
        )
    return math.ceil((relief_um - fixed_um) / cycle_um)


def counted(*, surface: Surface, relief_um: float, recipe: Recipe, floor_xy_um: FloatArray, field: Polygon) -> Counts:
    """Rounds for all of the face, or for its least steep part and passes more for each zone that is steeper.

    A zone has as many passes as its steepest place needs, those of the last one all that the mark needs; zones are at
    most ``recipe.zones``, and neighbouring borders at least a kerf apart. Raises ToolpathError as ``cycles_needed``.
    """
    cycles = cycles_needed(surface=surface, relief_um=relief_um, recipe=recipe, floor_xy_um=floor_xy_um)
    steepest, _ = _steepest(surface, floor_xy_um)
    rough = recipe.rough
    whole = Counts(cycles=cycles, zones=(), passes=cycles * rough.rounds, cosine=steepest)
    if recipe.zones == 1:
        return whole
    wanted, steep, cosines = _wanted(surface, relief_um=relief_um, recipe=recipe, field=field, steepest=steepest)
    least, most = (max(0, math.ceil(limit)) for limit in (np.min(wanted), np.max(wanted)))
    borders = _borders(wanted, steep, least=least, most=most, recipe=recipe) if most > least else []
    zones = []
    if least % rough.rounds:
        done = least - least % rough.rounds
        zones.append(Zone(cosine=math.inf, first=done, passes=least - done))
    # The cosine at which so many passes are just enough, between samples of the face.
    order = np.argsort(wanted)
    for first, last in pairwise([*borders, most]):
        cosine = float(np.interp(first, wanted[order], cosines[order]))
        zones.append(Zone(cosine=cosine, first=first, passes=last - first))
    return Counts(cycles=least // rough.rounds, zones=tuple(zones), passes=most, cosine=steepest)


def _steepest(surface: Surface, floor_xy_um: FloatArray) -> tuple[float, list[float]]:
    """The least cosine at places, and which of them has it."""
    just_inside_um = floor_xy_um * (1 - 1e-9)
    cosines = surface.normal_cosine(just_inside_um[:, 0], just_inside_um[:, 1])
    steepest = int(np.argmin(cosines))
    return float(cosines[steepest]), floor_xy_um[steepest].tolist()


def lingering(angles_rad: tuple[float, ...], cosine: FloatArray) -> FloatArray:
    """By how much a round of hatches cuts deeper on a slope, since a feed kept in space lingers on lines that rise.

    A line turned by a from the way the face falls is longer by sqrt(1 + tan^2 cos^2 a): the mean over a hatch's angles,
    for the way to fall that makes it least.
    """
    if not angles_rad:
        return np.ones_like(cosine)
    squared = 1 / np.square(cosine) - 1
    ways_rad = np.linspace(0, np.pi, _WAYS, endpoint=False)
    along = np.square(np.cos(np.subtract.outer(ways_rad, np.array(angles_rad))))
    least = np.full_like(cosine, np.inf)
    for way in along:
        least = np.minimum(least, np.mean([np.sqrt(1 + squared * share) for share in way], axis=0))
    return least


def _wanted(
    surface: Surface, *, relief_um: float, recipe: Recipe, field: Polygon, steepest: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Passes that samples of the field need, how fast these grow along the face (1/um), and the cosines, (n,) each.

    No place gets more than the steepest of the mark needs.
    """
    left, low, right, high = field.bounds
    spacing_um = max(recipe.kerf_um, (right - left) / _MOST_SLOPES, (high - low) / _MOST_SLOPES)
    x_um, y_um = (
        np.linspace(begin, end, max(3, math.ceil((end - begin) / spacing_um) + 1))
        for begin, end in ((left, right), (low, high))
    )
    grid_x_um, grid_y_um = np.meshgrid(x_um, y_um)
    cosines = np.maximum(surface.normal_cosine(grid_x_um, grid_y_um), steepest)
    passes = _needed(recipe, relief_um=relief_um, cosine=cosines)
    along_y, along_x = np.gradient(passes, y_um, x_um)
    shapely.prepare(field)
    inside = np.isfinite(passes) & shapely.contains_xy(field, grid_x_um, grid_y_um)
    growing = np.nan_to_num(np.hypot(along_x, along_y))[inside]
    # The steepest place itself, which no sample need hit.
    last = np.array([steepest])
    wanted = np.append(passes[inside], _needed(recipe, relief_um=relief_um, cosine=last))
    return wanted, np.append(growing, 0.0), np.append(cosines[inside], last)


def _needed(recipe: Recipe, *, relief_um: float, cosine: FloatArray) -> FloatArray:
    """Rough passes that a slope needs, as a real number."""
    rough_um = _kept_feed_um(recipe, recipe.rough, relief_um=relief_um, cosine=cosine)
    fixed_um = [
        step.passes * step.rounds * _kept_feed_um(recipe, step, relief_um=relief_um, cosine=cosine)
        for step in recipe.fixed
    ]
    left_um: FloatArray = relief_um - np.sum([np.zeros_like(cosine), *fixed_um], axis=0)
    return left_um / rough_um


def _kept_feed_um(recipe: Recipe, step: Step, *, relief_um: float, cosine: FloatArray) -> FloatArray:
    """Depth of one pass of a step where the feed along the path is kept."""
    return step_pass_um(recipe, step, relief_um=relief_um, cosine=cosine) * lingering(step.angles_rad, cosine)


def _borders(wanted: FloatArray, steep: FloatArray, *, least: int, most: int, recipe: Recipe) -> list[int]:
    """Passes at which the next zone begins: so far apart that a zone is a kerf wide, and no more zones than asked."""
    step = math.ceil((most - least) / (recipe.zones - 1))
    borders = [least]
    for passes in range(least + 1, most):
        if passes - borders[-1] < step:
            continue
        between = (wanted >= borders[-1]) & (wanted <= passes)
        width_um = (passes - borders[-1]) / max(float(np.max(steep[between], initial=0.0)), 1e-12)
        if width_um >= recipe.kerf_um:
            borders.append(passes)
    return borders


def focus_runs(
    repeats: int, *, begin_um: float, end_um: float, step_um: float, relief_um: float
) -> list[tuple[int, float]]:
    """Repeats and the height of their focus over the uncut surface, as the floor goes from one depth to another.

    With a step of 0 all stay in the middle of the relief; no repeats are no run. Else the focus lies in the middle of
    the step that the middle of a round falls into.
    """
    if step_um == 0:
        return [(repeats, focus_offset_um(relief_um))] if repeats else []
    middle_um = begin_um + (np.arange(repeats) + 0.5) / repeats * (end_um - begin_um)
    steps, counts = np.unique(np.floor(middle_um / step_um), return_counts=True)
    return [(count, -(step + 0.5) * step_um) for step, count in zip(steps.tolist(), counts.tolist(), strict=True)]
