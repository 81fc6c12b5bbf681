"""Whether a mark can be milled, told before anything is made, and what it takes: time, rods, volumes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.compensation import worn_um
from toolpaths.edm.milling import MillingPlan
from toolpaths.edm.milling_recipe import Milling, Rod
from toolpaths.edm.milling_region import is_recessed, touch_spot
from toolpaths.edm.milling_tracks import reachable
from toolpaths.findings import Finding, Severity
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Uncut slivers narrower than this come from drawing round with straight lines.
_SLIVER_UM = 0.15
# What is no further than this from the cut borders on it; what is smaller than this is nothing but rounding.
_BORDER_UM = 1.0
_LEAST_UM2 = 1.0
# An opening's width is found to this.
_WIDTH_UM = 0.1
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RodUse:
    """What one rod takes off and loses, and the way it goes with the spark on; predicted."""

    tool: int
    volume_um3: float
    worn_um: float
    path_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a plan takes: seconds with the spark on, and the use of each rod.

    Moves across, touches and stops to dress are not in ``time_s``.
    """

    time_s: float
    rods: tuple[RodUse, ...]

    @property
    def volume_um3(self) -> float:
        """Everything that is removed, um3."""
        return sum(rod.volume_um3 for rod in self.rods)


def estimate(plan: MillingPlan, *, milling: Milling) -> Estimate:
    """What a plan takes.

    The time of each rod is the greater of two: its path at full feed, and its volume at the generator's removal rate.
    """
    uses, time_s = [], 0.0
    for taken in plan.taken:
        path_um = 0.0
        for event in plan.erosion.eroding():
            if event.tool == taken.tool:
                begin, end = event.paths.segments()
                path_um += float(np.linalg.norm(end - begin, axis=1).sum())
        feed_s = path_um / milling.rods[taken.tool].feed_um_s
        time_s += max(feed_s, taken.volume_um3 / milling.removal_um3_s)
        uses.append(
            RodUse(tool=taken.tool, volume_um3=taken.volume_um3, worn_um=taken.worn_um, path_um=round(path_um, 3))
        )
    return Estimate(time_s=time_s, rods=tuple(uses))


def milling_findings(
    *,
    land: MultiPolygon,
    field: Polygon,
    relief_um: float,
    surface: Surface,
    milling: Milling,
    taper_to: Polygon | None = None,
) -> tuple[Finding, ...]:
    """Everything that stands against a mark's being milled so, or is to be known before it is.

    E501 an opening between lands that the finest rod does not go through, E502 a stroke cut into the face that it does
    not go into (errors). E503 the radius that inner corners come out with, E504 how much of each rod is used up, E505
    the machine time, E508 the volume that each rod takes (for the record). E506 a rod's budget that does not last for
    one layer, E507 gaps and wear that were never measured, E509 no uncut place to touch (warnings). Volumes are the
    floor's area, seen along the axis, times the relief.
    """
    uses = _uses(land=land, field=field, relief_um=relief_um, milling=milling)
    return (
        *_openings(land=land, field=field, milling=milling),
        _corner(milling),
        *_consumption(uses, relief_um=relief_um, milling=milling),
        _time(uses, milling),
        *_uncalibrated(milling),
        *_untouched(land=land, field=field if taper_to is None else taper_to, surface=surface, milling=milling),
    )


def _openings(*, land: MultiPolygon, field: Polygon, milling: Milling) -> Iterator[Finding]:
    """Parts of the floor that the finest rod does not reach, each with the width that would have to be there."""
    floor = shapely.difference(field, land)
    recessed = is_recessed(land=land, field=field)
    parts = [part for part in shapely.get_parts(missed(floor, milling=milling)) if isinstance(part, Polygon)]
    for part in sorted(parts, key=lambda part: -part.area)[:_MOST_NAMED]:
        width_um = opening_um(floor, part, most_um=milling.opening_um)
        rod_um = width_um - 2 * milling.gap_side_um
        middle = part.representative_point()
        instead = f"a rod of {math.floor(rod_um * 10) / 10:g} um or less would go through; " if rod_um > 1 else ""
        what = "stroke" if recessed else "opening"
        yield Finding(
            number="E502" if recessed else "E501",
            severity=Severity.ERROR,
            message=(
                f"{what} of {width_um:.1f} um is narrower than the finest rod of {milling.finest.diameter_um:g} um "
                f"and a gap of {milling.gap_side_um:g} um to either side"
            ),
            place=f"({round(middle.x)}, {round(middle.y)}) um",
            value=round(width_um, 2),
            limit=milling.opening_um,
            unit="um",
            remedy=f"{instead}or make it {milling.opening_um:g} um wide",
        )


def missed(floor: shapely.Geometry, *, milling: Milling) -> shapely.Geometry:
    """Parts of the floor that the finest rod and its gaps leave, but for what any round rod leaves in corners.

    A corner's rest borders on the cut in one place and is smaller than a square of the opening: what stays in a corner
    of 22 degrees or more. A closed gap, and a passage with cut at both of its ends, count however small.
    """
    reach_um = milling.opening_um / 2
    region = reachable(land=MultiPolygon(), field=floor, reach_um=reach_um)
    left = shapely.difference(floor, shapely.buffer(region, reach_um + _SLIVER_UM, quad_segs=16))
    cut = shapely.buffer(region, reach_um + _BORDER_UM)
    parts = [
        part
        for part in shapely.get_parts(left)
        if part.area >= milling.opening_um**2
        or (part.area >= _LEAST_UM2 and (not part.intersects(cut) or _borders(part, cut) > 1))
    ]
    return shapely.union_all(parts) if parts else MultiPolygon()


def _borders(part: shapely.Geometry, cut: shapely.Geometry) -> int:
    """In how many places a part of the floor borders on what is cut."""
    places = shapely.get_parts(shapely.intersection(part, cut))
    return int(np.count_nonzero(shapely.area(places) >= _LEAST_UM2))


def opening_um(floor: shapely.Geometry, part: Polygon, *, most_um: float) -> float:
    """Width of the narrowest disc that does not reach all of a part of the floor: the opening that the part is.

    The widest disc in the floor that still goes everywhere there, found by halving; 0 to ``most_um``.
    """
    near = shapely.intersection(floor, shapely.buffer(part, 2 * most_um))
    low, high = 0.0, most_um
    while high - low > _WIDTH_UM / 2:
        middle = (low + high) / 2
        opened = shapely.buffer(shapely.buffer(near, -middle / 2, quad_segs=16), middle / 2 + _SLIVER_UM, quad_segs=16)
        left = shapely.area(shapely.difference(part, opened))
        low, high = (middle, high) if left < part.area / 2 else (low, middle)
    return (low + high) / 2


def _corner(milling: Milling) -> Finding:
    return Finding(
        number="E503",
        severity=Severity.INFO,
        message="inner corners come out round",
        value=milling.opening_um / 2,
        unit="um",
        remedy="a finer rod, or sparks that reach less far",
    )


def _uses(*, land: MultiPolygon, field: Polygon, relief_um: float, milling: Milling) -> list[tuple[Rod, float, float]]:
    """Each rod with the volume it takes, um3, and the largest area that it goes over in a layer, um2."""
    uses: list[tuple[Rod, float, float]] = []
    done: shapely.Geometry = MultiPolygon()
    for rod in milling.rods:
        reach_um = milling.reach_um(rod)
        swept = shapely.buffer(reachable(land=land, field=field, reach_um=reach_um), reach_um, quad_segs=16)
        area_um2 = shapely.area(shapely.difference(swept, done))
        uses.append((rod, area_um2 * relief_um, area_um2))
        done = shapely.union(done, swept)
    return uses


def _consumption(uses: list[tuple[Rod, float, float]], *, relief_um: float, milling: Milling) -> Iterator[Finding]:
    """Length that each rod loses, its volume, and whether its budget lasts for a layer."""
    for rod, volume_um3, area_um2 in uses:
        place = f"rod of {rod.diameter_um:g} um"
        ratio = {"wear_ratio": milling.wear_ratio, "diameter_um": rod.diameter_um}
        lost_um = float(worn_um(np.array(volume_um3), **ratio))
        layer_um = float(worn_um(np.array(area_um2 * min(rod.layer_um, relief_um)), **ratio))
        yield Finding(
            number="E504",
            severity=Severity.INFO,
            message=f"{lost_um:.0f} um wear off, {math.ceil(lost_um / rod.budget_um - 1e-9)} budgets of the rod",
            place=place,
            value=round(lost_um, 1),
            limit=rod.budget_um,
            unit="um",
        )
        yield Finding(
            number="E508",
            severity=Severity.INFO,
            message="volume that the rod takes off",
            place=place,
            value=round(volume_um3 * 1e-9, 6),
            unit="mm3",
        )
        if layer_um > rod.budget_um:
            yield Finding(
                number="E506",
                severity=Severity.WARNING,
                message="the rod must be dressed in the middle of a layer, where a step may stay",
                place=place,
                value=round(layer_um, 1),
                limit=rod.budget_um,
                unit="um",
                remedy=f"layers of {rod.layer_um * rod.budget_um / layer_um:.2g} um, or a coarser rod before it",
            )


def _time(uses: list[tuple[Rod, float, float]], milling: Milling) -> Finding:
    seconds = sum(volume_um3 for _, volume_um3, _ in uses) / milling.removal_um3_s
    return Finding(
        number="E505",
        severity=Severity.INFO,
        message="machine time at the generator's removal rate, without moves across, touches and dressing",
        value=round(seconds / 60, 1),
        unit="min",
        remedy="a smaller field, a shallower relief, or a generator setting that removes more",
    )


def _uncalibrated(milling: Milling) -> Iterator[Finding]:
    if not milling.calibrated:
        yield Finding(
            number="E507",
            severity=Severity.WARNING,
            message="not calibrated: gaps and wear ratio were not measured on this machine",
            place=milling.name,
            remedy="cut the coupon, measure it and enter what it says",
        )


def _untouched(*, land: MultiPolygon, field: Polygon, surface: Surface, milling: Milling) -> Iterator[Finding]:
    """Where touches are wanted and the whole face is cut, so that only a land's crest could be touched."""
    for rod in milling.rods if milling.touch_off_layers else ():
        if touch_spot(land=land, field=field, taper_to=None, surface=surface, milling=milling, rod=rod) is None:
            yield Finding(
                number="E509",
                severity=Severity.WARNING,
                message="no uncut place to touch: the wear is made up from the wear ratio alone",
                place=f"rod of {rod.diameter_um:g} um",
                remedy="end the field further in, so that a rim of the face is left",
            )
