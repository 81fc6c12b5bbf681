"""The tip as sparks leave it, against the design: floors, lands, outlines and walls, place by place.

What is held against it is not the design as drawn but what the electrode can make of it. A rod is round and its end
flat: it takes off all out to its radius and side gap, so on a slope it goes no lower than the floor under its uphill
edge. What such a rod can touch of the design without cutting into it is the design closed by a level disc. An electrode
that is sunk has the tip's own form, and rounds inner corners alone. No path is looked at, and nothing of the planner.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from engrave.job import Job
from engrave.layout import Engraving, Land, Places
from engrave.layout.places import RECESSED
from engrave.verify.design import Sampled, sampled, samples_within
from engrave.verify.discs import closed, greatest, least
from engrave.verify.everywhere import patch
from engrave.verify.physics import CREST_LEVEL_UM, SEARCH_UM
from engrave.verify.window import covered_by
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.findings import Finding, Severity
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A floor may lie off its depth by this, beside the stairs that paths leave on a slope.
FLOOR_UM = 1.0
# A wall may stand off its place by this anywhere.
WALL_UM = 2.0
# Uncut floor no further than this from a wall's allowed place is the wall's fault, else the floor's.
_AT_WALL_UM = 4.0
# What departs is reported from this area on: a square of two pixels a side is noise of the sampling.
_LEAST_AREA_UM2 = 25.0
# Samples within so many pixels lie beside one another, corner to corner, too; points a side that stand for a pixel.
_BESIDE, _FINER = 1.5, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """What the finest electrode can do.

    reach_um : from a rod's axis to what it leaves; 0 for an electrode that is sunk. corner_um : radius left in an inner
    corner. stair_um : distance of paths, or of an orbit, over which the floor climbs in stairs on a slope. beside_um :
    how far an electrode that is sunk sparks beside its edge, down to where that edge is: too deep uphill of it.
    """

    reach_um: float
    corner_um: float
    stair_um: float
    beside_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ideal:
    """What the electrode can make of the design, on the samples of a cut, (rows, columns).

    depth_um : below the tip as it was; 0 where nothing is cut. half_um : half of the depth of the floor beside a
    sample, where a wall's place is judged. slope : of the tip. floor : samples whose floor is judged. standing :
    samples that no design cuts. stands : share of a sample's square that is left standing at that depth.
    """

    depth_um: FloatArray
    half_um: FloatArray
    slope: FloatArray
    floor: BoolArray
    standing: BoolArray
    stands: FloatArray


def cutting_of(job: Job) -> Cutting:
    """What the job's finest electrode can do. Raises InputError where the job is a laser's."""
    process = job.process.value
    if isinstance(process, Sinking):
        fine = process.stages[-1]
        beside_um = fine.gap_um + fine.orbit_um
        return Cutting(reach_um=0.0, corner_um=fine.corner_radius_um, stair_um=fine.orbit_um, beside_um=beside_um)
    milling = job.milling.value
    reach_um = milling.reach_um(milling.finest)
    return Cutting(reach_um=reach_um, corner_um=reach_um, stair_um=milling.finest.stepover_um, beside_um=0.0)


def check_eroded(
    cut: HeightMap, engraving: Engraving, job: Job, *, tip: Surface, places: Places
) -> tuple[Finding, ...]:
    """Every way in which the tip as sparks leave it departs from the design.

    places : of the mark, whose floor is judged as a whole, too. Raises InputError where the job is a laser's.
    """
    cutting = cutting_of(job)
    compared = sampled(cut, engraving, tip=tip)
    ideal = ideal_of(compared, engraving, tip=tip, cutting=cutting)
    return (
        *_whole_floor(compared, ideal, cutting, within_um=places.outer_radius_um),
        *_floor(compared, ideal, cutting),
        *_untouched(compared, ideal, engraving),
        *(finding for land in engraving.lands for finding in _outline(compared, ideal, land, engraving, job)),
    )


def ideal_of(compared: Sampled, engraving: Engraving, *, tip: Surface, cutting: Cutting) -> Ideal:
    """What the electrode can make of the design on the samples of a cut."""
    x_um, y_um = compared.xy_um()
    face_um = tip.height_um(x_um, y_um)
    region = cleared(engraving)
    reached = shapely.buffer(shapely.buffer(region, -cutting.corner_um), cutting.corner_um)
    cut_into = samples_within(compared.cut, _polygons(reached))
    depth_um = np.where(cut_into, engraving.relief_um, 0.0)
    if cutting.reach_um > 0:
        depth_um = face_um - closed(face_um - depth_um, radius_um=cutting.reach_um, pixel_um=compared.pixel_um)
    depth_um = np.nan_to_num(depth_um)
    foot_um = greatest(depth_um, radius_um=_BESIDE * compared.pixel_um, pixel_um=compared.pixel_um)
    cosine = tip.normal_cosine(x_um, y_um)
    slope = np.nan_to_num(np.sqrt(1 / np.square(cosine) - 1))
    border_um = 0.0 if engraving.polarity == RECESSED else 2 * max(cutting.corner_um, cutting.reach_um)
    inner = samples_within(compared.cut, _polygons(shapely.buffer(engraving.field, -border_um)))
    outside = engraving.field if engraving.taper_to is None else engraving.taper_to
    beyond = ~samples_within(compared.cut, outside) & np.isfinite(face_um)
    lands = compared.owner >= 0
    standing = ~lands & np.isfinite(face_um) if engraving.polarity == RECESSED else lands | beyond
    half_um = np.maximum(foot_um, engraving.relief_um / 2) / 2
    stands = np.where(depth_um < half_um, 1.0, 0.0)
    parted = _parted(compared, cut_into) & (foot_um >= engraving.relief_um / 2)
    stands[parted] = 1 - _covered(reached, x_um[parted], y_um[parted], pixel_um=compared.pixel_um)
    return Ideal(
        depth_um=depth_um,
        half_um=half_um,
        slope=slope,
        floor=cut_into & inner & np.isfinite(face_um),
        standing=standing,
        stands=stands,
    )


def _parted(compared: Sampled, cut_into: BoolArray) -> BoolArray:
    """Samples through whose square, or one beside it, the edge of the cut goes."""
    sides = cut_into.astype(np.float64)
    beside = {"radius_um": _BESIDE * compared.pixel_um, "pixel_um": compared.pixel_um}
    parted: BoolArray = greatest(sides, **beside) != least(sides, **beside)
    return parted


def _covered(area: shapely.Geometry, x_um: FloatArray, y_um: FloatArray, *, pixel_um: float) -> FloatArray:
    """Share of the square about each point, (n,), that lies in an area: by ``_FINER`` points a side."""
    offsets_um = ((np.arange(_FINER) + 0.5) / _FINER - 0.5) * pixel_um
    shapely.prepare(area)
    inside = [shapely.contains_xy(area, x_um + right, y_um + up) for right in offsets_um for up in offsets_um]
    share: FloatArray = np.mean(np.asarray(inside, dtype=np.float64), axis=0)
    return share


def cleared(engraving: Engraving) -> shapely.Geometry:
    """What the design cuts down to its relief, pin frame."""
    land = engraving.land()
    return land if engraving.polarity == RECESSED else shapely.difference(engraving.field, land)


def _polygons(geometry: shapely.Geometry) -> MultiPolygon:
    return MultiPolygon([part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)])


def _whole_floor(compared: Sampled, ideal: Ideal, cutting: Cutting, *, within_um: float) -> Iterator[Finding]:
    """The floor of the mark as a whole: clear of walls, by its median."""
    walls = least(ideal.depth_um, radius_um=WALL_UM + compared.pixel_um, pixel_um=compared.pixel_um)
    open_floor = ideal.floor & (walls > CREST_LEVEL_UM) & (np.hypot(*compared.xy_um()) <= within_um)
    if not open_floor.any():
        yield Finding(
            number="C303",
            severity=Severity.WARNING,
            message="how deep the floor is cannot be judged: the electrode reaches none of it",
            place="floor",
            remedy="set the lands further apart, widen the strokes, or use a thinner electrode",
        )
        return
    wanted_um = float(np.median(ideal.depth_um[open_floor]))
    off_um = float(np.median((compared.depth_um - ideal.depth_um)[open_floor]))
    stairs_um = float(np.median(ideal.slope[open_floor])) * cutting.stair_um / 2
    allowed_um = FLOOR_UM + (0.0 if off_um > 0 else stairs_um)
    if not abs(off_um) <= allowed_um:
        yield Finding(
            number="C301",
            severity=Severity.ERROR,
            message=f"the floor is {'deeper' if off_um > 0 else 'shallower'} than the job's relief",
            place="floor",
            value=round(wanted_um + off_um, 3),
            limit=round(wanted_um + float(np.copysign(allowed_um, off_um)), 3),
            unit="um",
            remedy="look for a layer that is missing or repeated, and hold wear and gaps against the coupon",
        )


def _floor(compared: Sampled, ideal: Ideal, cutting: Cutting) -> Iterator[Finding]:
    """Floor and walls everywhere: between the least and the greatest depth that the ideal has near by."""
    blur_um = WALL_UM + compared.pixel_um
    lowest = least(ideal.depth_um, radius_um=blur_um, pixel_um=compared.pixel_um)
    highest = greatest(ideal.depth_um, radius_um=blur_um, pixel_um=compared.pixel_um)
    high = ideal.floor & ~(
        compared.depth_um >= lowest - FLOOR_UM - ideal.slope * (cutting.stair_um + compared.pixel_um)
    )
    edge = least(ideal.depth_um, radius_um=blur_um + cutting.beside_um, pixel_um=compared.pixel_um) <= CREST_LEVEL_UM
    aside_um = compared.pixel_um + np.where(edge, cutting.beside_um, 0.0)
    deep = ideal.floor & (compared.depth_um > highest + FLOOR_UM + ideal.slope * aside_um)
    further = blur_um + _AT_WALL_UM
    by_wall = least(ideal.depth_um, radius_um=further, pixel_um=compared.pixel_um) <= CREST_LEVEL_UM
    for number, wrong, message in (
        ("C304", high & ~by_wall, "floor stands too high: part of it is not cleared to its depth"),
        ("C307", deep, "floor is cut too deep"),
        ("C308", high & by_wall, f"a wall stands more than {WALL_UM:g} um before its place"),
    ):
        yield from patch(compared, ideal.depth_um, wrong, number=number, message=message)


def _untouched(compared: Sampled, ideal: Ideal, engraving: Engraving) -> Iterator[Finding]:
    """What must stand as it was: the cores of raised lands, the face beyond the field and about grooves."""
    from scipy.ndimage import distance_transform_edt

    inside_um = distance_transform_edt(ideal.standing) * compared.pixel_um
    # Nothing that a wall in its allowed place could reach into, nor its share of a pixel.
    core = inside_um >= WALL_UM + _BESIDE * compared.pixel_um
    cut_into = ideal.standing & core & ~(compared.depth_um <= CREST_LEVEL_UM)
    owners = np.where(compared.owner < 0, -1, compared.owner)
    for index in np.unique(owners[cut_into]).tolist():
        mine = cut_into & (owners == index)
        if index < 0 and np.count_nonzero(mine) * compared.pixel_um**2 < _LEAST_AREA_UM2:
            continue
        depths_um = compared.depth_um[mine]
        worst = int(np.argmax(depths_um))
        x_um, y_um = (values[mine][worst] for values in compared.xy_um())
        land = engraving.lands[index] if index >= 0 else None
        yield Finding(
            number="C305",
            severity=Severity.ERROR,
            message=f"{'the face' if land is None else repr(land.shows)} is cut into, {len(depths_um)} samples of it",
            place=f"face at ({x_um:.0f}, {y_um:.0f}) um of the pin frame" if land is None else land.place,
            value=round(float(depths_um[worst]), 3),
            limit=CREST_LEVEL_UM,
            unit="um",
            remedy="look for a path too near to it or too low over it, and compare the program's mark with mark.json",
        )


def _stands(compared: Sampled, ideal: Ideal, rows: slice, columns: slice) -> FloatArray:
    """Share of each sample's square that stands: where a wall goes through it, by how deep it is on average."""
    depth_um, half_um = np.nan_to_num(compared.depth_um[rows, columns]), ideal.half_um[rows, columns]
    wall = (ideal.stands[rows, columns] > 0) & (ideal.stands[rows, columns] < 1)
    return np.where(wall, np.clip(1 - depth_um / (2 * half_um), 0.0, 1.0), np.where(depth_um < half_um, 1.0, 0.0))


def _outline(compared: Sampled, ideal: Ideal, land: Land, engraving: Engraving, job: Job) -> Iterator[Finding]:
    """One land's outline, half way down: its width and its place, both by area for each um of its length."""
    limit_um = job.limits.crest_um
    rows, columns, near = covered_by(compared.cut, land.outline.buffer(SEARCH_UM))
    more = (_stands(compared, ideal, rows, columns) - ideal.stands[rows, columns])[near]
    per_um = compared.pixel_um**2 / land.outline.length
    standing_um = float(more.sum()) * per_um
    recessed = engraving.polarity == RECESSED
    name = f"the {'groove' if recessed else 'land'} of {land.shows!r}"
    wide_um = -standing_um if recessed else standing_um
    if not abs(wide_um) <= limit_um:
        yield Finding(
            number="C302",
            severity=Severity.ERROR,
            message=f"{name} is {'wide' if wide_um > 0 else 'narrow'} on each side",
            place=land.place,
            value=round(wide_um, 3),
            limit=float(np.copysign(limit_um, wide_um)),
            unit="um",
            remedy="hold the side gap and the electrode's size against the coupon, and the mark against mark.json",
        )
    off_um = float(np.abs(more).sum()) * per_um
    if off_um > limit_um:
        yield Finding(
            number="C306",
            severity=Severity.ERROR,
            message=f"{name} lies elsewhere than drawn",
            place=land.place,
            value=round(off_um, 3),
            limit=limit_um,
            unit="um",
            remedy="compare the program's mark with mark.json, and look for a shift, a turn or a change of scale",
        )
