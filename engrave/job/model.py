"""The job's values: as a person writes them (``Ordered``) and as the program uses them (``Job``)."""

from dataclasses import dataclass, fields

from engrave.base.shelf import Sourced
from engrave.code.ranges import Range
from engrave.layout import LayoutSettings
from engrave.strike import Condition, Primer
from engrave.tips import Pin
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import Machine

NOMINAL = "nominal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a checked pin must keep to.

    character_depth_um, tooth_depth_um : least printed depth under the nominal strike. contrast : least depth over the
    noise of its surroundings. crest_um : most that outlines may lie off their place, on average along a land.
    focus_um : most that the beam's focus may leave the surface it should follow.
    """

    character_depth_um: float
    tooth_depth_um: float
    contrast: float
    crest_um: float
    focus_um: float

    def __post_init__(self) -> None:
        """Check the signs. Raises ValueError with every fault."""
        faults = [
            f"{field.name.removesuffix('_um')}: {getattr(self, field.name):g} must be positive"
            for field in fields(self)
            if getattr(self, field.name) <= 0
        ]
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A job file: names of pins, processes and so on, and the numbers that are the job's own.

    ``library``, where given, is a folder beside the job file with the user's own pins, machines, processes, primers
    and conditions; an entry there goes before the shipped one of the same name.
    """

    name: str
    pin: str
    process: str
    machine: str
    primer: str
    conditions: tuple[str, ...]
    formats: tuple[str, ...]
    relief_um: float
    pixel_um: float
    layout: LayoutSettings
    limits: Limits
    ranges: tuple[Range, ...]
    library: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the library. Raises ValueError with every fault."""
        faults = []
        if self.relief_um <= 0:
            faults.append(f"relief: {self.relief_um:g} um must be positive")
        if not 0 < self.pixel_um <= MOST_PIXEL_UM:
            faults.append(f"pixel: {self.pixel_um:g} um must be positive and at most {MOST_PIXEL_UM:g} um")
        if NOMINAL not in self.conditions:
            faults.append(f"conditions: must name {NOMINAL!r}, since the verdict is given under it")
        if len(set(self.conditions)) != len(self.conditions):
            faults.append("conditions: names one twice")
        if not self.ranges:
            faults.append("ranges: there is none; add a [[ranges]] table for the serials to be engraved")
        if faults:
            raise ValueError("; ".join(faults))


# Walls are about 7 um wide from a tenth to nine tenths: coarser pixels would decide the verdict by their own size.
MOST_PIXEL_UM = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with everything it names resolved."""

    name: str
    pin: Sourced[Pin]
    process: Sourced[Recipe]
    machine: Sourced[Machine]
    primer: Sourced[Primer]
    conditions: tuple[Sourced[Condition], ...]
    formats: tuple[str, ...]
    relief_um: float
    pixel_um: float
    layout: LayoutSettings
    limits: Limits
    ranges: tuple[Range, ...]

    @property
    def nominal(self) -> Condition:
        """The condition that the verdict is given under."""
        return next(condition.value for condition in self.conditions if condition.name == NOMINAL)
