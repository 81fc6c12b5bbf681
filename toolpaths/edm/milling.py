"""Micro-milling by sparks, planned: layers on the tip's own surface, rod after rod, with the wear made up.

Each rod goes round the edge of what it may reach, and then over it to and fro, a layer deeper every time. Its end is
flat, so on a slope it goes no lower than the face under its upper edge allows: the floor that comes out is what a disc
as wide as the rod's reach can touch of the floor asked for. A finer rod runs only where the ones before it left
something. Nothing here knows of a polarity: lands that stand in a cleared field, and a face about grooves, are land.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.milling_events import Bench, Wear
from toolpaths.edm.milling_layers import Ground, Work, left_by, runs
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.milling_region import faults_of, is_recessed, touch_spot
from toolpaths.edm.model import Erosion, Event
from toolpaths.errors import ToolpathError
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one rod takes off, um3, and what wears off it, um, as predicted."""

    tool: int
    volume_um3: float
    worn_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MillingPlan:
    """What the machine is told, and what each rod in use takes off on the way."""

    erosion: Erosion
    taken: tuple[Taken, ...]


def plan_milling(
    *,
    land: MultiPolygon,
    field: Polygon,
    taper_to: Polygon | None,
    surface: Surface,
    relief_um: float,
    milling: Milling,
) -> Erosion:
    """What the machine is told to clear a field of the face but for the land: see ``milling_plan``."""
    return milling_plan(
        land=land, field=field, taper_to=taper_to, surface=surface, relief_um=relief_um, milling=milling
    ).erosion


def milling_plan(
    *,
    land: MultiPolygon,
    field: Polygon,
    taper_to: Polygon | None,
    surface: Surface,
    relief_um: float,
    milling: Milling,
) -> MillingPlan:
    """Clear a field of the face, but for the land, to a relief below the surface.

    Each rod in turn: a Change, and a layer after the other, the last one thinner where it must be and filled in two
    directions. Every path is entered from above, straight down over its start. Heights are the face's greatest under
    the rod, less the layer's depth, plus the front gap, less what has worn off by then; points are rounded to whole
    nanometres. A Dress stands wherever the rod's budget would not last to the next point; after every so many layers as
    the milling says, a TouchOff, where some of the face stays uncut: outside the field, or between the grooves of a
    recessed mark. Where ``taper_to`` is given, the outline grows from the field's at the relief to that at the face.

    land : pin frame, um; its outline is the edge of what stays. Land that covers the field's own border has grooves in
    it, which are all that is cut.
    Raises ToolpathError with every fault of the input, and where no rod fits, or none fits into one of the grooves.
    """
    ground = Ground(land=land, field=field, taper_to=taper_to, surface=surface, relief_um=relief_um, milling=milling)
    faults = list(
        faults_of(land=land, field=field, taper_to=taper_to, surface=surface, relief_um=relief_um, milling=milling)
    )
    if faults:
        raise ToolpathError("plan: " + "; ".join(faults))
    _require_cut(ground)
    works = [Work.of(ground, rod) for rod in milling.rods]
    events: list[Event] = []
    taken = []
    for tool in range(len(works)):
        told, tally = _rod_events(tool, works, ground)
        events += told
        taken += [tally] if told else []
    safe_z_um = round(_highest_um(ground) + milling.retract_um, 3)
    return MillingPlan(erosion=Erosion(events=tuple(events), safe_z_um=safe_z_um), taken=tuple(taken))


def _rod_events(tool: int, works: list[Work], ground: Ground) -> tuple[list[Event], Taken]:
    """All that one rod does, after the ones before it; nothing where they leave nothing that it reaches."""
    milling, work = ground.milling, works[tool]
    spot = touch_spot(
        land=ground.land,
        field=ground.field,
        taper_to=ground.taper_to,
        surface=ground.surface,
        milling=milling,
        rod=work.rod,
    )
    bench, wear = Bench(tool=tool, milling=milling, spot=spot), Wear()
    samples = ground.samples(work.rod)
    floor_um = left_by(works[:tool], ground=ground, samples=samples)
    events: list[Event] = []
    volume_um3, every = 0.0, milling.touch_off_layers
    for layers, (number, run) in enumerate(runs(work, ground=ground, samples=samples, floor_um=floor_um)):
        if layers == 0:
            events.append(bench.change())
        elif every and layers % every == 0 and (touch := bench.touch()):
            events += touch
            wear = wear.touched()
        told, wear = bench.events(f"rod {tool + 1} layer {number}", run, wear)
        events += told
        volume_um3 += float(run.volume_um3.sum())
    return events, Taken(tool=tool, volume_um3=volume_um3, worn_um=float(bench.lost_um(np.array(volume_um3))))


def _require_cut(ground: Ground) -> None:
    """Raise ToolpathError where no rod fits, or where none fits into one of the grooves."""
    opening_um, region = ground.milling.opening_um, ground.region(ground.milling.finest)
    if region.is_empty:
        raise ToolpathError(
            f"plan: an opening of {opening_um:g} um, the finest rod and its gaps, is nowhere between the land and the "
            "field's border; widen the gaps or take a finer rod"
        )
    if not is_recessed(land=ground.land, field=ground.field):
        return
    grooves = shapely.get_parts(shapely.difference(ground.field, ground.land))
    missed = [groove.centroid for groove in grooves if groove.area > 1.0 and not shapely.intersects(groove, region)]
    if missed:
        places = ", ".join(f"({round(middle.x)}, {round(middle.y)})" for middle in missed[:_MOST_NAMED])
        more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
        raise ToolpathError(
            f"plan: the finest rod and its gaps, {opening_um:g} um, do not fit into the groove"
            f"{'s' if len(missed) > 1 else ''} about {places}{more} um; widen the strokes or take a finer rod"
        )


def _highest_um(ground: Ground) -> float:
    """Greatest height of the face; the apex is at 0, whatever the face's samples say."""
    samples = ground.samples(ground.milling.rods[0])
    return max(0.0, float(ground.face_um(samples).max()))
