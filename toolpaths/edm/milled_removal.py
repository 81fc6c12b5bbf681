"""The tip as rods that wear really mill it: from their paths, their sections, their gaps and their wear alone.

Nothing here knows what was meant, nor how the paths make up for wear. A rod's end is flat. With its end at z it takes
off everything above z - gap_front out to D / 2 + gap_side about its axis, and loses wear_ratio times the volume that it
takes off: over its section, so much of its length. Its true end is above the commanded one by all that has worn since
the rod was last changed, dressed or touched off.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import Change, Dress, Erode, Erosion, TouchOff
from toolpaths.edm.removal_floor import Trace, places_of
from toolpaths.edm.removal_walk import Walk
from toolpaths.edm.removal_wear import Samples, distance_um, step_um, worn_um
from toolpaths.errors import ToolpathError
from toolpaths.surface import HeightMap, Surface, centred_grid

FloatArray = NDArray[np.float64]

MOST_SAMPLES = 40_000_000
"""Samples of the grid, and places along all paths a pixel apart, are each refused above this."""


def milled(
    erosion: Erosion, *, milling: Milling, surface: Surface, half_width_um: float, pixel_um: float = 1.5
) -> HeightMap:
    """Mill a tip: the height map, pin frame, of what the rods leave of a surface; NaN outside its boundary.

    Heights are averages over a pixel. Wear is reckoned from the volume taken off. Raises ToolpathError for sizes that
    are none, for a rod that the process does not have, for a path that is not finite, and for work above
    ``MOST_SAMPLES``.
    """
    _check(erosion, milling, half_width_um=half_width_um, pixel_um=pixel_um)
    axis_um = centred_grid(half_width_um=half_width_um, pixel_um=pixel_um)
    face_um = surface.height_um(*np.meshgrid(axis_um, axis_um))
    floor_um = face_um
    for tool, events in _turns(erosion):
        work = _Work.of(tool, events, milling=milling, pixel_um=pixel_um, samples=len(axis_um))
        work.fill(surface, depth_um=face_um - floor_um)
        floor_um = work.floor_um(events, floor_um)
    return HeightMap(
        z_um=floor_um,
        pixel_um=pixel_um,
        x0_um=float(axis_um[0]),
        y0_um=float(axis_um[0]),
        frame="pin",
        provenance=(f"milled by rods that wear, pixels of {pixel_um:g} um",),
    )


def _check(erosion: Erosion, milling: Milling, *, half_width_um: float, pixel_um: float) -> None:
    """Raise ToolpathError with every fault."""
    faults = []
    if not (np.isfinite(half_width_um) and half_width_um > 0 and np.isfinite(pixel_um) and pixel_um > 0):
        raise ToolpathError(f"removal: half width {half_width_um!r} and pixel {pixel_um!r} um must be above 0")
    if (2 * half_width_um / pixel_um + 1) ** 2 > MOST_SAMPLES:
        faults.append(
            f"{half_width_um:g} um in pixels of {pixel_um:g} um is more than {MOST_SAMPLES} of them; use wider pixels"
        )
    path_um = 0.0
    for event in erosion.eroding():
        if not 0 <= event.tool < len(milling.rods):
            faults.append(f"{event.name}: rod {event.tool} is not among the {len(milling.rods)} of {milling.name!r}")
        if not np.all(np.isfinite(event.paths.points)):
            faults.append(f"{event.name}: a path has a coordinate that is no number")
        path_um += _length_um(event)
    if path_um / pixel_um > MOST_SAMPLES:
        faults.append(f"{path_um:.0f} um of paths are too long for pixels of {pixel_um:g} um; use wider pixels")
    if faults:
        raise ToolpathError("removal: " + "; ".join(faults))


def _length_um(event: Erode) -> float:
    """In the plane."""
    begin, end = event.paths.segments()
    return float(np.hypot(*(end - begin)[:, :2].T).sum())


_Event = Erode | Change | Dress | TouchOff


def _turns(erosion: Erosion) -> list[tuple[int, list[_Event]]]:
    """The events between two rods, in order, with the number of the rod that runs."""
    turns: list[tuple[int, list[_Event]]] = []
    for event in erosion.events:
        if not turns or turns[-1][0] != event.tool:
            turns.append((event.tool, []))
        turns[-1][1].append(event)
    return [turn for turn in turns if any(isinstance(event, Erode) and len(event.paths) for event in turn[1])]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One rod at work: samples of the surface for its wear, and where it has been."""

    milling: Milling
    tool: int
    reach_um: float
    pixel_um: float
    samples: Samples
    trace: Trace

    @classmethod
    def of(cls, tool: int, events: list[_Event], *, milling: Milling, pixel_um: float, samples: int) -> "_Work":
        reach_um = milling.reach_um(milling.rods[tool])
        path_um = sum(_length_um(event) for event in events if isinstance(event, Erode))
        distance = distance_um(reach_um=reach_um, path_um=path_um)
        return cls(
            milling=milling,
            tool=tool,
            reach_um=reach_um,
            pixel_um=pixel_um,
            samples=Samples.about(half_width_um=pixel_um * samples / 2, distance_um=distance),
            trace=Trace.over(samples, pixel_um=pixel_um, reach_um=reach_um),
        )

    def fill(self, surface: Surface, *, depth_um: FloatArray) -> None:
        """Give the samples their heights: the surface's, less the depth of what has been taken off so far."""
        x_um, y_um = self.samples.places_um()
        size = len(depth_um)
        column, row = (np.rint(value / self.pixel_um + (size - 1) / 2) for value in (x_um, y_um))
        inside = np.flatnonzero((column >= 0) & (column < size) & (row >= 0) & (row < size))
        nearest = (row[inside] * size + column[inside]).astype(np.int64)
        self.samples.floor_um[inside] = surface.height_um(x_um[inside], y_um[inside]) - depth_um.ravel()[nearest]

    def floor_um(self, events: list[_Event], floor_um: FloatArray) -> FloatArray:
        """What the rod leaves of a floor, (rows, columns)."""
        gap_um = self.milling.gap_front_um
        weight = self.milling.wear_ratio * self.samples.distance_um**2 / self.milling.rods[self.tool].section_um2
        start_um = 0.0
        for event in events:
            if not isinstance(event, Erode):
                start_um = 0.0
                continue
            if not len(event.paths):
                continue
            walk = Walk.of(event.paths, step_um=step_um(self.reach_um))
            worn = worn_um(
                walk,
                reach_um=self.reach_um,
                gap_front_um=gap_um,
                weight=weight,
                grid=self.samples,
                start_um=start_um,
            )
            start_um = float(worn[-1])
            self.trace.add(places_of(walk, worn, gap_front_um=gap_um, pixel_um=self.pixel_um))
        return self.trace.cut(floor_um)
