"""From what a layer's pieces take off to what the machine is told: lowered paths, dressings and touches."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.compensation import lowered_um, worn_um
from toolpaths.edm.milling_recipe import NONE, Milling
from toolpaths.edm.milling_region import Spot
from toolpaths.edm.model import Change, Dress, Erode, Event, TouchOff
from toolpaths.errors import ToolpathError
from toolpaths.model import Polylines

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Paths of a rod through one layer, and what each piece of them takes off.

    xy_um : (n, 2) float; face_um : (n,) float, the greatest height of the face under the rod; end_um : (n,) float,
    where the end of an unworn rod goes; begins : (n,) bool, true at the first point of each path; volume_um3 : (n,)
    float, what the piece that ends at each point takes off, for the first of a path going down there.
    """

    xy_um: FloatArray
    face_um: FloatArray
    end_um: FloatArray
    begins: BoolArray
    volume_um3: FloatArray

    def part(self, begin: int, stop: int) -> "Run":
        """Points ``begin`` to ``stop``; where that is in the middle of a path, it begins with the point before."""
        first = begin if self.begins[begin] else begin - 1
        begins, volume_um3 = self.begins[first:stop].copy(), self.volume_um3[first:stop].copy()
        volume_um3[: begin - first] = 0.0
        begins[0] = True
        return Run(
            xy_um=self.xy_um[first:stop],
            face_um=self.face_um[first:stop],
            end_um=self.end_um[first:stop],
            begins=begins,
            volume_um3=volume_um3,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """What has worn off a rod, as predicted: since its end was last known, and since it was last dressed, um."""

    unknown_um: float = 0.0
    undressed_um: float = 0.0

    def more(self, lost_um: float) -> "Wear":
        """After so much more."""
        return Wear(unknown_um=self.unknown_um + lost_um, undressed_um=self.undressed_um + lost_um)

    def touched(self) -> "Wear":
        """After the rod's end was found anew."""
        return replace(self, unknown_um=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One rod in a milling, and where it may touch the face; None where no place is left uncut."""

    tool: int
    milling: Milling
    spot: Spot | None

    def change(self) -> Change:
        """Put the rod in."""
        return Change(tool=self.tool)

    def touch(self) -> list[Event]:
        """Find its end, where there is a place for that."""
        if self.spot is None:
            return []
        return [TouchOff(tool=self.tool, x_um=self.spot.x_um, y_um=self.spot.y_um, z_um=self.spot.z_um)]

    def lost_um(self, volume_um3: FloatArray) -> FloatArray:
        """What wears off for each volume."""
        rod = self.milling.rods[self.tool]
        return worn_um(volume_um3, wear_ratio=self.milling.wear_ratio, diameter_um=rod.diameter_um)

    def events(self, name: str, run: Run, wear: Wear) -> tuple[list[Event], Wear]:
        """A run, with a dressing wherever the rod's budget would not last to the next point, and the wear after it.

        Raises ToolpathError where a freshly dressed rod does not last for a single piece.
        """
        events: list[Event] = []
        budget_um = self.milling.rods[self.tool].budget_um
        total_um = np.cumsum(self.lost_um(run.volume_um3))
        begin = 0
        while begin < len(total_um):
            before_um = total_um[begin - 1] if begin else 0.0
            last_um = before_um + budget_um - wear.undressed_um
            stop = int(np.searchsorted(total_um, last_um, side="right"))
            if stop > begin:
                part = run.part(begin, stop)
                events.append(self._erode(name, part, wear))
                wear = wear.more(float(total_um[stop - 1] - before_um))
            elif wear.undressed_um == 0:
                self._refuse(float(total_um[begin] - before_um))
            if stop < len(total_um):
                events.append(Dress(tool=self.tool))
                wear = Wear()
            begin = max(begin, stop)
        return events, wear

    def _refuse(self, lost_um: float) -> None:
        budget_um = self.milling.rods[self.tool].budget_um
        raise ToolpathError(
            f"plan: rod {self.tool + 1} loses {lost_um:.3g} um in one piece of its path, more than its budget, "
            f"{budget_um:g} um; give it a larger budget or thinner layers"
        )

    def _erode(self, name: str, run: Run, wear: Wear) -> Erode:
        """Paths with the wear made up, each entered from above: straight down from where the first spark jumps."""
        milling = self.milling
        lowered = 0.0 if milling.compensation == NONE else wear.unknown_um
        z_um = run.end_um - lowered - lowered_um(self.lost_um(run.volume_um3), milling.compensation)
        owner = np.repeat(np.arange(len(z_um)), 1 + run.begins)
        above = np.diff(owner, append=-1) == 0
        heights_um = np.where(above, run.face_um[owner] + milling.gap_front_um, z_um[owner])
        points = np.round(np.column_stack([run.xy_um[owner], heights_um]), 3) + 0.0
        return Erode(
            name=name,
            tool=self.tool,
            feed_um_s=milling.rods[self.tool].feed_um_s,
            generator=milling.generator,
            paths=Polylines(points=points, starts=np.append(np.flatnonzero(above), len(points))),
        )
