"""Recipes of micro-milling by sparks: the rods, how far their sparks reach, how they wear, and what makes up for it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from toolpaths.edm.model import Setting
from toolpaths.edm.recipe_faults import generator_faults, not_positive, raise_all

NONE, UNIFORM, LINEAR, COMBINED = COMPENSATIONS = ("none", "uniform", "linear", "combined")

# Rods of a recipe: each takes up what the coarser ones leave, and none known has more than three.
MOST_RODS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rod:
    """A round electrode with a flat end.

    ``layer_um`` is the depth that it takes off in one layer, ``stepover_um`` the distance of neighbouring paths,
    ``feed_um_s`` the greatest speed the servo may run at, ``budget_um`` the length that may wear off before the rod is
    dressed.
    """

    diameter_um: float
    layer_um: float
    stepover_um: float
    feed_um_s: float
    budget_um: float

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = [*not_positive(self, "diameter_um", "layer_um", "stepover_um", "feed_um_s", "budget_um")]
        if self.stepover_um > self.diameter_um:
            faults.append(
                f"stepover_um: {self.stepover_um:g} is more than the diameter, {self.diameter_um:g}: ridges could stay"
            )
        raise_all(f"rod of {self.diameter_um:g} um", faults)

    @property
    def section_um2(self) -> float:
        """Area of the rod's end, um2."""
        return math.pi * self.diameter_um**2 / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Milling:
    """One way to clear a floor with rods, the coarsest first; each finer one takes what the one before cannot reach.

    ``gap_side_um`` and ``gap_front_um`` are how far beyond the rod's side and end material goes. ``wear_ratio`` is the
    volume that the rod loses for each volume that it removes. ``compensation`` is how the loss is made up: ``none``,
    ``uniform`` (a whole layer is sent lower by what it wears off), ``linear`` (the path slopes down as the rod wears)
    or ``combined`` (linear, with direction and start of the paths alternating by layers as uniform has them).
    ``touch_off_layers`` is after how many layers the rod's end is found anew by touching the face; 0 is never.
    ``retract_um`` is how far above the face moves across are made, ``removal_um3_s`` what the generator removes in a
    second, ``chord_tolerance_um`` how far a straight move may lie from the curve it follows. ``calibrated`` says that
    gaps and wear were measured on the shop's own machine. ``generator`` are the shop's settings, sent as numbers.
    """

    name: str
    rods: tuple[Rod, ...]
    gap_side_um: float
    gap_front_um: float
    wear_ratio: float
    compensation: str
    touch_off_layers: int
    retract_um: float
    removal_um3_s: float
    chord_tolerance_um: float
    calibrated: bool
    generator: tuple[Setting, ...]

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = [
            *not_positive(self, "gap_side_um", "gap_front_um", "retract_um", "removal_um3_s", "chord_tolerance_um"),
            *self._wear_faults(),
            *self._rod_faults(),
            *generator_faults(self.generator),
        ]
        raise_all(f"milling {self.name!r}", faults)

    def _wear_faults(self) -> Iterator[str]:
        if not 0 <= self.wear_ratio < 1:
            yield f"wear_ratio: {self.wear_ratio!r} must be at least 0, for no wear, and less than 1"
        if self.compensation not in COMPENSATIONS:
            yield f"compensation: {self.compensation!r} is not known; use one of {', '.join(COMPENSATIONS)}"
        if self.touch_off_layers < 0:
            yield f"touch_off_layers: {self.touch_off_layers} must be 0, for never, or above"
        if math.isfinite(self.retract_um) and self.retract_um <= self.gap_front_um:
            reach = f"must be more than the front gap, {self.gap_front_um:g}, or moves across would burn the face"
            yield f"retract_um: {self.retract_um:g} {reach}"

    def _rod_faults(self) -> Iterator[str]:
        if not 1 <= len(self.rods) <= MOST_RODS:
            yield f"rods: {len(self.rods)} of them, must be 1 to {MOST_RODS}"
        for number, (coarse, fine) in enumerate(pairwise(self.rods), start=2):
            if fine.diameter_um >= coarse.diameter_um:
                before = f"must be less than that of the rod before it, {coarse.diameter_um:g}"
                yield f"rods.{number}.diameter_um: {fine.diameter_um:g} {before}; list the coarsest rod first"

    @property
    def finest(self) -> Rod:
        """The rod that cuts the least openings."""
        return self.rods[-1]

    @property
    def opening_um(self) -> float:
        """Least width of an opening that can be cut: the finest rod and the gap to either side of it."""
        return self.finest.diameter_um + 2 * self.gap_side_um

    def reach_um(self, rod: Rod) -> float:
        """How far from its axis a rod removes material: its radius and the side gap."""
        return rod.diameter_um / 2 + self.gap_side_um
