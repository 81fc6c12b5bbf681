"""From electrodes to what the machine does: touch off, plunge in steps that flush, orbit, stage after stage.

An electrode of undersize u whose sparks reach g beyond it orbits by R = u - g, so that it takes away what is meant;
along the axis it stops a front gap short of the relief. Without an orbit it stops short on walls and floor by the same,
u - g, which the next stage takes. The sums are those of LinuxCNC's documentation of sinkers, per stage.

An electrode wears off its end: of each volume V that it removes it loses ``wear_ratio`` V, spread over its end face.
It is sent as much lower, so that its true end is where the plan wants it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon

from toolpaths.edm.electrode import Electrode
from toolpaths.edm.electrode_region import plunged_region
from toolpaths.edm.electrode_touch import Place, touch_place
from toolpaths.edm.model import Change, Erode, Erosion, Event, TouchOff
from toolpaths.edm.sinking_recipe import CIRCLE, SQUARE, Sinking
from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
Location = tuple[float, float]

_DIRECTIONS = 32
_SAME_UM = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """What one electrode does at one location.

    before, before_um : what the stage before it has taken away, seen along the axis, and how deep. plunge_um3,
    orbit_um3 : volume that it removes on its way down, and on its orbit. lift_um : how far it goes up before it orbits.
    """

    electrode: Electrode
    before: MultiPolygon
    before_um: float
    plunge_um3: float
    orbit_um3: float
    lift_um: float

    @property
    def removed_um3(self) -> float:
        """Volume that it removes."""
        return self.plunge_um3 + self.orbit_um3

    def touch_um(self, surface: Surface) -> Place:
        """Where its datum is when it touches the face, relative to the apex. Raises ToolpathError without a place."""
        return touch_place(self.electrode, before=self.before, before_um=self.before_um, surface=surface)

    def worn_um(self, removed_um3: FloatArray, sinking: Sinking) -> FloatArray:
        """Length that has worn off its end when it has removed a volume."""
        worn: FloatArray = sinking.wear_ratio * removed_um3 / self.electrode.frontal_area_um2
        return worn

    def removed_at_um3(self, depth_um: FloatArray) -> FloatArray:
        """Volume that it has removed on its way down to a depth: a rim about the earlier cut, then all of it."""
        area_um2 = plunged_region(self.electrode.region, self.electrode.stage).area
        rim_um2 = max(area_um2 - self.before.area, 0.0)
        removed: FloatArray = rim_um2 * depth_um + (area_um2 - rim_um2) * np.maximum(depth_um - self.before_um, 0.0)
        return removed


def burns(electrodes: Sequence[Electrode], *, surface: Surface) -> tuple[Burn, ...]:
    """What each of the electrodes removes, in their order, each after the one before it."""
    found: list[Burn] = []
    before, before_um = MultiPolygon(), 0.0
    for electrode in electrodes:
        depth_um = electrode.depth_um
        bare = Burn(
            electrode=electrode,
            before=before,
            before_um=before_um,
            plunge_um3=0.0,
            orbit_um3=0.0,
            lift_um=_lift_um(electrode, surface),
        )
        plunge_um3 = float(bare.removed_at_um3(np.array(depth_um)))
        taken_um3 = min(before.area, electrode.burn_area_um2) * min(before_um, depth_um)
        orbit_um3 = max(electrode.burn_area_um2 * depth_um - taken_um3 - plunge_um3, 0.0)
        found.append(replace(bare, plunge_um3=plunge_um3, orbit_um3=orbit_um3))
        before, before_um = electrode.burnt, depth_um
    return tuple(found)


def plan_sinking(
    electrodes: Sequence[Electrode],
    *,
    surface: Surface,
    relief_um: float,
    sinking: Sinking,
    locations: Sequence[Location] = ((0.0, 0.0),),
) -> Erosion:
    """Sink electrodes, one a stage and in the order of the stages, at each of the locations.

    Each electrode is put in once, and touches the face before it erodes at a location: the first in its place, a later
    one beside it, on what is still uncut (``electrode_touch``). A path is a step of the plunge, from where the end
    was to ``flush_step_um`` deeper; between two the electrode jumps up. The last path of a stage is its orbit: out in
    rings no further apart than the sparks reach to either side, and back to the middle, so that it is drawn out
    straight. On a curved tip it goes up for that as far as the surface rises within the orbit: moved aside an end face
    would else cut too deep.

    locations : (x, y) of the apex of each tip, um.
    Raises ToolpathError with every fault, and where a later electrode finds no place to touch.
    """
    faults = list(_faults(electrodes, relief_um=relief_um, sinking=sinking, locations=locations))
    if faults:
        raise ToolpathError("sinking: " + "; ".join(faults))
    stages = burns(electrodes, surface=surface)
    # An electrode's end is as deep as the face is: on its way across it must clear the apex by all of that.
    safe_z_um = sinking.retract_um - min(electrode.lowest_um for electrode in electrodes)
    events: list[Event] = []
    for burn in stages:
        tool = burn.electrode.number
        touch_x, touch_y, touch_z = burn.touch_um(surface)
        events.append(Change(tool=tool))
        for x_um, y_um in locations:
            events.append(TouchOff(tool=tool, x_um=x_um + touch_x, y_um=y_um + touch_y, z_um=touch_z))
            events.append(_erode(burn, x_um=x_um, y_um=y_um, sinking=sinking))
    return Erosion(events=tuple(events), safe_z_um=safe_z_um)


def seconds(electrodes: Sequence[Electrode], *, surface: Surface, sinking: Sinking) -> float:
    """How long the sparks take at one location: what is removed, by what the generator removes in a second."""
    return sum(burn.removed_um3 for burn in burns(electrodes, surface=surface)) / sinking.removal_um3_s


def _erode(burn: Burn, *, x_um: float, y_um: float, sinking: Sinking) -> Erode:
    stage = burn.electrode.stage
    paths = [path + np.array([x_um, y_um, 0.0]) for path in (*_plunge(burn, sinking), *_orbit(burn, sinking))]
    starts = np.concatenate([[0], np.cumsum([len(path) for path in paths])])
    return Erode(
        name=stage.name,
        tool=burn.electrode.number,
        feed_um_s=stage.feed_um_s,
        generator=stage.generator,
        paths=Polylines(points=np.concatenate(paths), starts=starts),
    )


def _plunge(burn: Burn, sinking: Sinking) -> Iterator[FloatArray]:
    """Straight down, a path a step; the first begins where sparks begin, a front gap above the face."""
    depth_um = burn.electrode.depth_um
    steps = math.ceil(depth_um / sinking.flush_step_um - _SAME_UM)
    reached_um = np.linspace(0.0, depth_um, steps + 1)
    z_um = sinking.gap_front_um - reached_um - burn.worn_um(burn.removed_at_um3(reached_um), sinking)
    points = np.column_stack([np.zeros((steps + 1, 2)), z_um])
    yield from (points[step : step + 2] for step in range(steps))


def _orbit(burn: Burn, sinking: Sinking) -> Iterator[FloatArray]:
    """Out from the middle and back to it; the further along, the lower by what has worn off."""
    stage = burn.electrode.stage
    if stage.orbit_um == 0:
        return
    rings = math.ceil(stage.orbit_um / (2 * stage.gap_um))
    radii_um = stage.orbit_um * np.arange(1, rings + 1) / rings
    ring = _circle(stage.orbit_um, sinking.chord_tolerance_um) if stage.orbit == CIRCLE else _SQUARE_RING
    xy_um = np.concatenate([np.zeros((1, 2)), *(radius_um * ring for radius_um in radii_um), np.zeros((1, 2))])
    along_um = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy_um, axis=0).T))])
    removed_um3 = burn.plunge_um3 + burn.orbit_um3 * along_um / along_um[-1]
    level_um = sinking.gap_front_um - burn.electrode.depth_um + burn.lift_um
    yield np.column_stack([xy_um, level_um - burn.worn_um(removed_um3, sinking)])


# Once about a square of half side 1, from the middle of a side.
_SQUARE_RING = np.array([(1, 0), (1, 1), (-1, 1), (-1, -1), (1, -1), (1, 0)], dtype=np.float64)


def _circle(radius_um: float, tolerance_um: float) -> FloatArray:
    """Once about a circle of radius 1, its sides within the tolerance of the radius: (n + 1, 2)."""
    sides = max(16, math.ceil(math.pi / math.acos(1 - min(tolerance_um / radius_um, 1.0))))
    turn = 2 * np.pi * (np.arange(sides + 1) % sides) / sides
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _lift_um(electrode: Electrode, surface: Surface) -> float:
    """How far the surface rises at most from a corner of the end face's triangles to where the orbit moves it."""
    stage = electrode.stage
    if stage.orbit_um == 0:
        return 0.0
    places = electrode.cover.places_nm / 1000
    turn = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if stage.orbit == SQUARE:
        ring /= np.abs(ring).max(axis=1, keepdims=True)
    moved = places[:, None] + stage.orbit_um * ring
    rise_um = surface.height_um(moved[..., 0], moved[..., 1]) - surface.height_um(*places.T)[:, None]
    return max(float(np.nanmax(rise_um)), 0.0)


def _faults(
    electrodes: Sequence[Electrode], *, relief_um: float, sinking: Sinking, locations: Sequence[Location]
) -> Iterator[str]:
    stages = tuple(electrode.stage for electrode in electrodes)
    if stages != sinking.stages:
        names = ", ".join(stage.name for stage in sinking.stages)
        yield f"give one electrode a stage of {sinking.name!r} in their order: {names}"
    wrong = [electrode.name for electrode in electrodes if electrode.relief_um != relief_um]
    if wrong:
        yield f"{', '.join(wrong)}: made for another relief than {relief_um:g} um"
    if not locations:
        yield "there is no location to sink at"
    elif not np.all(np.isfinite(locations)):
        yield "a location is not finite"
    elif len(set(locations)) < len(locations):
        yield "two locations are the same"
