"""Recipes of sinking: the electrodes made for a mark, how far their sparks reach, how they wear, how they are made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from toolpaths.edm.model import Setting
from toolpaths.edm.recipe_faults import generator_faults, not_positive, raise_all

NONE, CIRCLE, SQUARE = ORBITS = ("none", "circle", "square")
POSITIVE, NEGATIVE = POLARITIES = ("positive", "negative")

# Electrodes of a recipe: each takes up what the coarser one leaves, and none known has more than three.
MOST_STAGES = 8


def _unknown(owner: object, name: str, known: tuple[str, ...]) -> Iterator[str]:
    value = getattr(owner, name)
    if value not in known:
        yield f"{name}: {value!r} is not known; use one of {', '.join(known)}"


def _empty(owner: object, *names: str) -> Iterator[str]:
    yield from (f"{name}: is empty; say it in words" for name in names if not getattr(owner, name).strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is done with one electrode.

    ``undersize_um`` is how much smaller than the cut the electrode is on every side, ``gap_um`` how far beyond its
    sides the sparks of this stage reach. What is left between the two is the radius of the orbit: half the side of the
    square for a ``square`` one. Without an orbit it is an allowance that stays for the next stage. ``feed_um_s`` is
    the greatest speed that the servo may run, ``finish_ra_um`` the roughness Ra to be expected, ``generator`` the
    shop's settings, sent as numbers.
    """

    name: str
    undersize_um: float
    gap_um: float
    orbit: str
    feed_um_s: float
    finish_ra_um: float
    generator: tuple[Setting, ...]

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = [
            *_empty(self, "name"),
            *not_positive(self, "undersize_um", "gap_um", "feed_um_s", "finish_ra_um"),
            *_unknown(self, "orbit", ORBITS),
            *self._size_faults(),
            *generator_faults(self.generator),
        ]
        raise_all(f"stage {self.name!r}", faults)

    def _size_faults(self) -> Iterator[str]:
        if self.undersize_um < self.gap_um:
            yield f"undersize_um: {self.undersize_um:g} is less than the gap, {self.gap_um:g}: it would cut too much"
        elif self.orbit in {CIRCLE, SQUARE} and self.undersize_um == self.gap_um:
            yield f"orbit: {self.orbit!r} has no radius, since undersize and gap are equal; write {NONE!r}"

    @property
    def orbit_um(self) -> float:
        """Radius of a circular orbit, half the side of a square one; 0 without an orbit."""
        return 0.0 if self.orbit == NONE else self.undersize_um - self.gap_um

    @property
    def allowance_um(self) -> float:
        """What this stage leaves on walls and floor for the next one; 0 with an orbit."""
        return self.undersize_um - self.gap_um - self.orbit_um

    @property
    def corner_radius_um(self) -> float:
        """Radius that is left in an inner corner; of a square orbit in corners that lie along its sides."""
        return self.gap_um + (self.orbit_um if self.orbit == CIRCLE else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinking:
    """One way to sink a mark, with one electrode a stage, the roughest first; each finer one takes what is left.

    ``gap_front_um`` is how far beyond an electrode's end face material goes. ``wear_ratio`` is the volume that an
    electrode loses for each volume that it removes, ``budget_um`` the length that may wear off its end before it is
    spent. ``least_rib_um`` is the least width that may stand alone on an electrode, ``least_wall_um`` that of a wall
    between two of its grooves, ``slenderness`` how many times as high as wide either may be, ``cutter_um`` the diameter
    of what mills the electrode. Its base is ``base_height_um`` thick, reaches ``base_margin_um`` beyond the field and
    keeps ``clearance_um`` above the face when the electrode is all the way in. ``material``, ``holder``, ``datum`` and
    ``flush`` are told to the shop as they stand; ``flush_step_um`` is the depth eroded between two jumps that flush,
    ``polarity`` the electrode's. ``retract_um`` is how far above the face moves across and jumps go,
    ``chord_tolerance_um`` how far facets and straight moves may lie from the curve they stand for, ``removal_um3_s``
    what the generator removes in a second. ``calibrated`` says that gaps and wear were measured on the shop's own
    machine.
    """

    name: str
    stages: tuple[Stage, ...]
    gap_front_um: float
    wear_ratio: float
    budget_um: float
    least_rib_um: float
    least_wall_um: float
    slenderness: float
    cutter_um: float
    base_height_um: float
    base_margin_um: float
    clearance_um: float
    blank_x_um: float
    blank_y_um: float
    blank_z_um: float
    material: str
    holder: str
    datum: str
    flush: str
    flush_step_um: float
    polarity: str
    retract_um: float
    chord_tolerance_um: float
    removal_um3_s: float
    calibrated: bool

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        positive = (
            *("gap_front_um", "budget_um", "least_rib_um", "least_wall_um", "slenderness", "cutter_um"),
            *("base_height_um", "base_margin_um", "clearance_um", "blank_x_um", "blank_y_um", "blank_z_um"),
            *("flush_step_um", "retract_um", "chord_tolerance_um", "removal_um3_s"),
        )
        faults = [
            *not_positive(self, *positive),
            *_empty(self, "material", "holder", "datum", "flush"),
            *_unknown(self, "polarity", POLARITIES),
            *self._reach_faults(),
            *self._stage_faults(),
        ]
        raise_all(f"sinking {self.name!r}", faults)

    def _reach_faults(self) -> Iterator[str]:
        if not 0 <= self.wear_ratio < 1:
            yield f"wear_ratio: {self.wear_ratio!r} must be at least 0, for no wear, and less than 1"
        for name, burns in (("retract_um", "moves across"), ("clearance_um", "the base")):
            value = getattr(self, name)
            if math.isfinite(value) and value <= self.gap_front_um:
                yield f"{name}: {value:g} must be more than the front gap, {self.gap_front_um:g}: {burns} would burn"

    def _stage_faults(self) -> Iterator[str]:
        if not 1 <= len(self.stages) <= MOST_STAGES:
            yield f"stages: {len(self.stages)} of them, must be 1 to {MOST_STAGES}"
            return
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            yield "stages: two have the same name; electrodes are told apart by it"
        for number, (rough, fine) in enumerate(pairwise(self.stages), start=2):
            if fine.undersize_um > rough.undersize_um:
                before = f"is more than that of the stage before it, {rough.undersize_um:g}"
                yield f"stages.{number}.undersize_um: {fine.undersize_um:g} {before}; list the roughest stage first"
        if self.stages[-1].allowance_um > 0:
            left = f"leaves {self.stages[-1].allowance_um:g} um everywhere, and none comes after it"
            yield f"stages.{len(self.stages)}: {left}; give it an orbit, or an undersize equal to its gap"

    @property
    def finest(self) -> Stage:
        """The stage that leaves the mark as it is meant."""
        return self.stages[-1]

    @property
    def undersize_um(self) -> float:
        """The undersize of the roughest electrode, the greatest."""
        return max(stage.undersize_um for stage in self.stages)

    @property
    def opening_um(self) -> float:
        """Least width of a groove of the pin that every electrode's rib can go into."""
        return self.least_rib_um + 2 * self.undersize_um

    @property
    def space_um(self) -> float:
        """Least width of an opening between lands that stand in a cleared field: an electrode's wall goes there."""
        return self.least_wall_um + 2 * self.undersize_um

    @property
    def ridge_um(self) -> float:
        """Least width of land between two cuts: the cutter must go into every electrode's groove over it; 0 for any."""
        return max(0.0, self.cutter_um - 2 * min(stage.undersize_um for stage in self.stages))
