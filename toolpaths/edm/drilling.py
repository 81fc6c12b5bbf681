"""A mark of dots: blind holes drilled by sparks, peck by peck."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from toolpaths.edm.compensation import lowered_um, worn_um
from toolpaths.edm.milling_recipe import NONE, Milling
from toolpaths.edm.milling_region import Spot, touch_spot
from toolpaths.edm.milling_tracks import uphill_um
from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, TouchOff
from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# A rod is drawn out for flushing whenever it has gone down by half its diameter. A choice.
_PECK_DIAMETERS = 0.5
# Places under the rod at which the face is looked at: all of equal area.
_UNDER = 256
_GOLDEN_RAD = np.pi * (3 - np.sqrt(5))
_OUTLINE_UM = 0.1


def plan_drilling(*, places_um: FloatArray, depth_um: float, surface: Surface, milling: Milling) -> Erosion:
    """Holes as wide as the finest rod and its gaps, to a depth below the highest place of the face over each.

    places_um : (n, 2), pin frame, um, drilled in this order. Each peck is a path, entered from above, straight down.
    A peck is lowered by what has worn off, volume by volume, unless the milling makes up for nothing; the rod touches
    the uncut face after as many holes as the milling says for layers, and is dressed before a hole that its budget
    would not last for. Raises ToolpathError with every fault of the input.
    """
    _require_holes(places_um, depth_um=depth_um, surface=surface, milling=milling)
    rod, tool = milling.finest, len(milling.rods) - 1
    face_um = uphill_um(places_um, surface=surface, reach_um=milling.reach_um(rod))
    pecks_um = _pecks_um(depth_um, peck_um=rod.diameter_um * _PECK_DIAMETERS)
    volume_um3 = _volumes_um3(places_um, face_um[:, None] - pecks_um, surface=surface, milling=milling)
    lost_um = worn_um(np.diff(volume_um3, axis=1), wear_ratio=milling.wear_ratio, diameter_um=rod.diameter_um)
    spot = _spot(places_um, surface=surface, milling=milling)
    events: list[Event] = [Change(tool=tool)]
    unknown_um = undressed_um = 0.0
    for number, hole_um in enumerate(lost_um):
        if undressed_um + hole_um.sum() > rod.budget_um:
            events.append(Dress(tool=tool))
            unknown_um = undressed_um = 0.0
        elif spot and milling.touch_off_layers and number and number % milling.touch_off_layers == 0:
            events.append(TouchOff(tool=tool, x_um=spot.x_um, y_um=spot.y_um, z_um=spot.z_um))
            unknown_um = 0.0
        lowered = np.zeros(len(hole_um)) if milling.compensation == NONE else unknown_um + lowered_um(hole_um, "linear")
        ends_um = face_um[number] - pecks_um[1:] + milling.gap_front_um - lowered
        events.append(_hole(number, places_um[number], face_um[number], ends_um, milling=milling))
        unknown_um, undressed_um = unknown_um + hole_um.sum(), undressed_um + hole_um.sum()
    return Erosion(events=tuple(events), safe_z_um=round(max(0.0, float(face_um.max())) + milling.retract_um, 3))


def _require_holes(places_um: FloatArray, *, depth_um: float, surface: Surface, milling: Milling) -> None:
    faults = []
    if places_um.ndim != 2 or places_um.shape[1:] != (2,) or len(places_um) == 0:  # noqa: PLR2004 - x and y
        raise ToolpathError("drilling: give the places of the holes as rows of x and y")
    if not 0 < depth_um < np.inf:
        faults.append(f"the depth, {depth_um!r} um, must be a finite number above 0")
    reach_um = milling.reach_um(milling.finest)
    inside = shapely.buffer(surface.boundary, _OUTLINE_UM - reach_um)
    outside = np.flatnonzero(~shapely.covers(inside, shapely.points(places_um)))
    if outside.size:
        x_um, y_um = places_um[outside[0]].tolist()
        faults.append(f"{outside.size} holes leave the face, the first at ({x_um:.1f}, {y_um:.1f}) um")
    one_um = worn_um(
        np.array(np.pi * reach_um**2 * depth_um),
        wear_ratio=milling.wear_ratio,
        diameter_um=milling.finest.diameter_um,
    )
    if one_um > milling.finest.budget_um:
        faults.append(f"one hole wears {one_um:.3g} um off the rod, more than its budget, {milling.finest.budget_um:g}")
    if faults:
        raise ToolpathError("drilling: " + "; ".join(faults))


def _pecks_um(depth_um: float, *, peck_um: float) -> FloatArray:
    """Depth before the first peck and after each one, (n + 1,) float, um: equal pecks, none longer than asked."""
    return np.linspace(0.0, depth_um, max(1, int(np.ceil(depth_um / peck_um - 1e-9))) + 1)


def _volumes_um3(places_um: FloatArray, floor_um: FloatArray, *, surface: Surface, milling: Milling) -> FloatArray:
    """What lies above each floor within the reach of each place, (n, k) float, um3; floors (n, k) float, um."""
    reach_um = milling.reach_um(milling.finest)
    number = np.arange(_UNDER) + 0.5
    radius, turn = reach_um * np.sqrt(number / _UNDER), number * _GOLDEN_RAD
    under = places_um[:, None] + radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    heights = surface.height_um(under[..., 0], under[..., 1])
    heights = np.where(np.isnan(heights), -np.inf, heights)
    above: FloatArray = np.maximum(heights[:, None] - floor_um[..., None], 0.0).mean(axis=2)
    return np.pi * reach_um**2 * above


def _spot(places_um: FloatArray, *, surface: Surface, milling: Milling) -> Spot | None:
    """An uncut place between or beside the holes."""
    holes = shapely.union_all(shapely.buffer(shapely.points(places_um), milling.reach_um(milling.finest)))
    left = shapely.difference(surface.boundary, holes)
    land = MultiPolygon([part for part in shapely.get_parts(left) if isinstance(part, Polygon)])
    return touch_spot(
        land=land, field=surface.boundary, taper_to=None, surface=surface, milling=milling, rod=milling.finest
    )


def _hole(number: int, place_um: FloatArray, face_um: float, ends_um: FloatArray, *, milling: Milling) -> Erode:
    """One hole: a path a peck."""
    tool = len(milling.rods) - 1
    points = np.empty((len(ends_um), 2, 3))
    points[..., :2] = place_um
    points[:, 0, 2], points[:, 1, 2] = face_um + milling.gap_front_um, ends_um
    return Erode(
        name=f"hole {number + 1}",
        tool=tool,
        feed_um_s=milling.rods[tool].feed_um_s,
        generator=milling.generator,
        paths=Polylines(points=np.round(points.reshape(-1, 3), 3) + 0.0, starts=2 * np.arange(len(ends_um) + 1)),
    )
