"""What a registered scan measures: depth and width of every land, the map of deviations, what stands up or is missing.

Depth is local: how far the floor beside a land lies below its crest, along the pin's axis, so that neither a tilt left
over nor a form that is a little off comes into it. Width is by area: how much more stands within half of that depth
than should, for each um of outline.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engrave.inspect.blueprint import Blueprint
from engrave.inspect.register import Relief
from engrave.layout import Land

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

MAP_UM = 2.0
"""Between samples of the map of deviations."""
LEAST_PATCH_UM2 = 25.0
"""What stands up or is missing is a patch from this area on: less is noise."""
# The floor beside a land, as far from it as this; and a wall on either side of the outline.
_BESIDE_UM, _WALL_UM = 45.0, 14.0
# Fewer samples than this make no median.
_LEAST_SAMPLES = 12
# A land of less than this share of its depth is not there: it has no width.
_FORMED = 0.3
# The height of a patch is this quantile of its samples, which noise raises less than their greatest.
_TOP = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One land: its place, what it shows, and what was measured of it against what was designed.

    depth_um : of the floor beside it below its crest; NaN where too little was measured. width_um : mean width at half
    depth. off_um : how much wider than designed on each side. standing_share : part of its crest that stands higher
    than half the designed depth. seen_share : part of its crest that was measured.
    """

    place: str
    shows: str
    depth_um: float
    designed_depth_um: float
    width_um: float
    designed_width_um: float
    off_um: float
    standing_share: float
    seen_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Material too much (positive) or too little: how high, over which area, where (pin frame), nearest to which land.

    ground : "land", "floor", or "wall", where it stands above the face beside a land.
    """

    height_um: float
    area_um2: float
    x_um: float
    y_um: float
    ground: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Measured points within the mark, (n,) each: depth, and what the design says of the same places.

    apart_um, owner, crest, floor, designed_um : as in ``Blueprint``.
    """

    x_um: FloatArray
    y_um: FloatArray
    depth_um: FloatArray
    designed_um: FloatArray
    apart_um: FloatArray
    owner: IntArray
    crest: BoolArray
    floor: BoolArray
    point_um2: float


def samples_of(relief: Relief, blueprint: Blueprint, *, pixel_um: float) -> Samples:
    """The points within the mark beside the design; depths are counted from the crests' median level."""
    near = np.isfinite(relief.depth_um) & (np.hypot(relief.x_um, relief.y_um) <= blueprint.radius_um)
    x_um, y_um, depth_um = relief.x_um[near], relief.y_um[near], relief.depth_um[near]
    grid = blueprint.grid
    row = np.rint((y_um - grid.y0_um) / grid.pixel_um).astype(np.intp)
    column = np.rint((x_um - grid.x0_um) / grid.pixel_um).astype(np.intp)
    crest, designed_um = blueprint.crest[row, column], blueprint.depth_um[row, column]
    level_um = float(np.median(depth_um[crest])) if np.count_nonzero(crest) >= _LEAST_SAMPLES else 0.0
    return Samples(
        x_um=x_um,
        y_um=y_um,
        depth_um=depth_um - level_um,
        designed_um=designed_um,
        apart_um=blueprint.apart_um[row, column],
        owner=blueprint.owner[row, column],
        crest=crest,
        floor=blueprint.floor[row, column],
        point_um2=pixel_um**2,
    )


def measured_lands(samples: Samples, blueprint: Blueprint) -> tuple[Measured, ...]:
    """Every land of the design, in its order."""
    lands = blueprint.engraving.lands
    # Sorted once, so that a land is a slice.
    order = np.argsort(samples.owner, kind="stable")
    ends = np.searchsorted(samples.owner[order], np.arange(len(lands) + 1))
    core_um2, near_um2 = (
        np.bincount(blueprint.owner[where], minlength=len(lands)) * blueprint.grid.pixel_um**2
        for where in (blueprint.drawn & _own(blueprint, recessed=blueprint.recessed), blueprint.apart_um <= _WALL_UM)
    )
    return tuple(
        _measured(
            samples,
            order[ends[index] : ends[index + 1]],
            land,
            areas_um2=(float(core_um2[index]), float(near_um2[index])),
            recessed=blueprint.recessed,
        )
        for index, land in enumerate(lands)
    )


def _own(of: Blueprint | Samples, *, recessed: bool) -> BoolArray:
    """Samples of lands themselves, off their walls."""
    return of.floor if recessed else of.crest


def _measured(
    samples: Samples, mine: NDArray[np.intp], land: Land, *, areas_um2: tuple[float, float], recessed: bool
) -> Measured:
    """One land, of the points nearest to it; areas_um2 : of its core, and of it with its walls, as designed."""
    depth_um, designed_um, apart_um = samples.depth_um[mine], samples.designed_um[mine], samples.apart_um[mine]
    beside = apart_um <= _BESIDE_UM
    crest, floor = samples.crest[mine] & beside, samples.floor[mine] & beside
    own = floor if recessed else crest
    deep_um, wanted_um = (_median(values, floor) - _median(values, crest) for values in (depth_um, designed_um))
    near = apart_um <= _WALL_UM
    # Each point stands for as much as the area that was to be measured gives it: holes and slopes cancel.
    point_um2 = areas_um2[1] / max(1, int(near.sum()))
    is_formed = deep_um >= _FORMED * wanted_um
    inside_um2, drawn_um2 = (
        float((near & ((values < half_um) != recessed)).sum()) * point_um2
        for values, half_um in ((depth_um, deep_um / 2), (designed_um, wanted_um / 2))
    )
    length_um = land.outline.length
    standing = (depth_um[own] < wanted_um / 2) != recessed
    return Measured(
        place=land.place,
        shows=land.shows,
        depth_um=deep_um,
        designed_depth_um=wanted_um,
        width_um=2 * inside_um2 / length_um if is_formed else np.nan,
        designed_width_um=2 * drawn_um2 / length_um,
        off_um=(inside_um2 - drawn_um2) / length_um if is_formed else np.nan,
        standing_share=float(np.mean(standing)) if own.any() else np.nan,
        seen_share=min(1.0, np.count_nonzero(own) * samples.point_um2 / areas_um2[0]) if areas_um2[0] else 0.0,
    )


def _median(values: FloatArray, where: BoolArray) -> float:
    return float(np.median(values[where])) if np.count_nonzero(where) >= _LEAST_SAMPLES else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationMap:
    """Measured less designed heights on a grid about the mark's centre, pin frame, (rows, columns), row 0 least y.

    off_um : NaN where nothing was measured and on walls. depth_um : measured depths, walls included. excess_um :
    heights over the ground there, the floor's own depth taken as it was measured. crest, floor : squares that hold
    nothing else.
    """

    axis_um: FloatArray
    off_um: FloatArray
    depth_um: FloatArray
    excess_um: FloatArray
    crest: BoolArray
    floor: BoolArray


def deviation_map(samples: Samples, blueprint: Blueprint) -> DeviationMap:
    """Means over squares of ``MAP_UM``."""
    count = int(np.ceil(blueprint.radius_um / MAP_UM))
    axis_um = MAP_UM * np.arange(-count, count + 1, dtype=np.float64)
    row, column = (np.rint(places / MAP_UM).astype(np.intp) + count for places in (samples.y_um, samples.x_um))
    cell, size = row * len(axis_um) + column, len(axis_um) ** 2
    judged = samples.crest | samples.floor
    ground_um = _floor_scale(samples) * samples.designed_um

    def mean(values: FloatArray, where: BoolArray) -> FloatArray:
        number = np.bincount(cell[where], minlength=size)
        total = np.bincount(cell[where], weights=values[where], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (total / number).reshape(len(axis_um), -1)

    def alone(where: BoolArray) -> BoolArray:
        of, beside = np.bincount(cell[where], minlength=size), np.bincount(cell[~where], minlength=size)
        return np.asarray((of > 0) & (beside == 0)).reshape(len(axis_um), -1)

    floor, depth_um = alone(samples.floor), mean(samples.depth_um, np.ones_like(judged))
    return DeviationMap(
        axis_um=axis_um,
        off_um=mean(samples.designed_um - samples.depth_um, judged),
        depth_um=depth_um,
        # On a wall nothing but what rises over the face is material too much.
        excess_um=np.where(floor, mean(ground_um - samples.depth_um, samples.floor), -depth_um),
        crest=alone(samples.crest),
        floor=floor,
    )


def _floor_scale(samples: Samples) -> float:
    """How deep all floors together are against the design, so that a shallow mark is no burr everywhere."""
    floor = samples.floor & (samples.designed_um > 0)
    return float(np.median(samples.depth_um[floor] / samples.designed_um[floor])) if floor.any() else 1.0


def patches_of(deviations: DeviationMap, blueprint: Blueprint, *, limit_um: float) -> tuple[Patch, ...]:
    """Every patch that stands over its ground, or lies under it, by more than the limit; the greatest first.

    Of a recessed mark only the face is looked at: the floors of grooves are rough, their hatch is a few short lines.
    """
    judged = deviations.crest if blueprint.recessed else deviations.crest | deviations.floor
    wall = ~deviations.crest & ~deviations.floor
    found = [
        *_patches(deviations, blueprint, (deviations.excess_um > limit_um) & (judged | wall), sign=1),
        *_patches(
            deviations,
            blueprint,
            (deviations.excess_um < -limit_um) & judged,
            sign=-1,
        ),
    ]
    return tuple(sorted(found, key=lambda patch: -abs(patch.height_um)))


def _patches(deviations: DeviationMap, blueprint: Blueprint, wrong: BoolArray, *, sign: int) -> list[Patch]:
    from scipy.ndimage import find_objects, label

    labels, _ = label(wrong, structure=np.ones((3, 3), dtype=np.int64))
    least = int(np.ceil(LEAST_PATCH_UM2 / MAP_UM**2))
    sizes = np.bincount(labels.ravel())
    patches, grid = [], blueprint.grid
    for number, box in enumerate(find_objects(labels), start=1):
        if sizes[number] < least or box is None:
            continue
        rows, columns = np.nonzero(labels[box] == number)
        cells = (rows + box[0].start, columns + box[1].start)
        excess_um = sign * deviations.excess_um[cells]
        top = int(np.argmax(excess_um))
        x_um, y_um = deviations.axis_um[cells[1][top]], deviations.axis_um[cells[0][top]]
        row, column = (
            round((value - first_um) / grid.pixel_um) for value, first_um in ((y_um, grid.y0_um), (x_um, grid.x0_um))
        )
        crest, floor = (int(mask[cells].sum()) for mask in (deviations.crest, deviations.floor))
        owner = int(blueprint.owner[row, column])
        patches.append(
            Patch(
                height_um=sign * float(np.quantile(excess_um, _TOP)),
                area_um2=float(sizes[number]) * MAP_UM**2,
                x_um=float(x_um),
                y_um=float(y_um),
                ground="land" if crest >= max(floor, 1) else "floor" if floor else "wall",
                place=blueprint.engraving.lands[owner].place if owner >= 0 else "",
            )
        )
    return patches
