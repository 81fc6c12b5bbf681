"""The job's values: as a person writes them (``Ordered``) and as the program uses them (``Job``)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, TypeVar

from engrave.base.config import OneOf, key_of
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.shelf import Sourced
from engrave.code.ranges import Range
from engrave.layout import LayoutSettings
from engrave.layout.fitting import Fit
from engrave.layout.packs import Pack
from engrave.strike import Condition, Primer
from engrave.tips import Pin
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.fixture import Fixture
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import Machine

NOMINAL = "nominal"
# Which way the relief is counted: along the pin's axis, or along the face's own normal.
AXIAL, NORMAL = "axis", "normal"
DIRECTIONS = (AXIAL, NORMAL)
# Files that are no machine's: records of the simulation and meshes of the engraved pin, to be had with any.
RECORDS = ("x3p", "stl", "3mf", "glb")
# Files of the electrodes of a sinker, for whoever makes them.
ELECTRODES = ("electrode-stl", "electrode-3mf", "electrode-dxf")
# Walls are about 4 um wide from a tenth to nine tenths: coarser pixels would decide the verdict by their own size.
MOST_PIXEL_UM = 1.5
_MOST_NAME = 64
# What each process is, in words.
PROCESS_WORDS: Mapping[type, str] = {Recipe: "a laser's", Milling: "milling by sparks", Sinking: "sinking by sparks"}
# In a document a process is told by what one of its kind alone has.
TOLD_BY = OneOf(told_by=(("rods", Milling), ("stages", Sinking)), else_=Recipe)
_P = TypeVar("_P", Recipe, Milling, Sinking)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a checked pin must keep to.

    character_depth_um, tooth_depth_um : least printed depth under the nominal strike. contrast : least depth over the
    noise of its surroundings. printed_share : least share of a land that prints deeper than half its relief.
    edge_width_um : most that a tenth and nine tenths of the depth may lie apart along a land's outline. crest_um : most
    that outlines may lie off their place, on average along a land. focus_um : most that the beam's focus may leave the
    surface it should follow.
    """

    character_depth_um: float
    tooth_depth_um: float
    contrast: float
    crest_um: float
    focus_um: float
    printed_share: float = 0.75
    edge_width_um: float = 16.0

    def __post_init__(self) -> None:
        """Check the signs. Raises InputError with every fault."""
        raise_faults(
            [
                f"{key_of(field.name)}: {getattr(self, field.name):g} must be positive"
                for field in fields(self)
                if getattr(self, field.name) <= 0
            ]
            + ([] if self.printed_share <= 1 else [f"printed_share: {self.printed_share:g} must be at most 1"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The part of a job that is checked for itself, whatever is wrong elsewhere in its file; see ``Ordered``."""

    name: str
    conditions: tuple[str, ...]
    formats: tuple[str, ...]
    relief_um: float
    pixel_um: float
    relief_along: str = AXIAL
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check each figure. Raises InputError with every fault."""
        faults = []
        if not (self.name.strip() and self.name.isprintable() and len(self.name) <= _MOST_NAME):
            faults.append(f"name: {self.name[:_MOST_NAME]!r} must be 1 to {_MOST_NAME} printable characters")
        if self.relief_um <= 0:
            faults.append(f"relief: {self.relief_um:g} um must be positive")
        if not 0 < self.pixel_um <= MOST_PIXEL_UM:
            faults.append(f"pixel: {self.pixel_um:g} um must be positive and at most {MOST_PIXEL_UM:g} um")
        if self.relief_along not in DIRECTIONS:
            faults.append(f"relief_along: {self.relief_along!r} is not known; use one of {', '.join(DIRECTIONS)}")
        if NOMINAL not in self.conditions:
            faults.append(f"conditions: must name {NOMINAL!r}, since the verdict is given under it")
        for key, names in (("conditions", self.conditions), ("formats", self.formats), ("rules", self.rules)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                faults.append(f"{key}: {', '.join(map(repr, twice))}: named more than once")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A job file: names of pins, processes and so on, and the numbers that are the job's own.

    Either ``layout`` gives the sizes of the mark, or they are searched for, as ``fit`` says or as it would by default.
    ``process`` is a laser's, a milling or a sinking by sparks. ``library``, where given, is a folder beside the job
    file with the user's own pins, machines, processes, millings, sinkings, primers, conditions, faces, rules and
    fixtures; an entry there goes before the shipped one of the same name. ``fixture``, where given, asks for one
    program a tray of pins. ``rules`` names rule packs whose clauses are told beside the design rules.
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
    limits: Limits
    ranges: tuple[Range, ...]
    layout: LayoutSettings | None = None
    fit: Fit | None = None
    relief_along: str = AXIAL
    rules: tuple[str, ...] = ()
    library: str | None = None
    fixture: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the library. Raises InputError with every fault."""
        faults: list[str] = []
        with Collecting(faults):
            _check(self, self.conditions)
        if self.layout is not None and self.fit is not None:
            faults.append("layout: write either [layout], with sizes, or [fit], to have them found, and not both")
        raise_faults(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with everything it names resolved, the ends of its ranges among it.

    ``process`` is a laser's or one of two by sparks; ``laser``, ``milling`` and ``sinking`` are for code that serves
    one of them alone. ``fit`` is what the search was asked for that found ``layout``, or None where the sizes were
    given. ``face_text`` is the file of a face of the user's own. ``registry`` names the registry that gives the codes,
    or is None where the ranges do. ``fixture`` holds the pins of a tray, its probe table in it; None where pins are
    marked one by one.
    """

    name: str
    pin: Sourced[Pin]
    process: Sourced[Annotated[Recipe | Milling | Sinking, TOLD_BY]]
    machine: Sourced[Machine]
    primer: Sourced[Primer]
    conditions: tuple[Sourced[Condition], ...]
    formats: tuple[str, ...]
    relief_um: float
    pixel_um: float
    layout: LayoutSettings
    limits: Limits
    ranges: tuple[Range, ...]
    fit: Fit | None = None
    relief_along: str = AXIAL
    rules: tuple[Sourced[Pack], ...] = ()
    face_text: str | None = None
    registry: str | None = None
    fixture: Sourced[Fixture] | None = None

    def __post_init__(self) -> None:
        """Check the job's own figures, as for ``Ordered``. Raises InputError with every fault."""
        _check(self, tuple(condition.name for condition in self.conditions))
        # A template that is none is told where the ranges are checked against one another.
        with Collecting([]):
            object.__setattr__(self, "ranges", tuple(entry.with_ends() for entry in self.ranges))

    @property
    def is_erosion(self) -> bool:
        """Whether the pin is cut by sparks, not by a laser."""
        return not isinstance(self.process.value, Recipe)

    @property
    def laser(self) -> Sourced[Recipe]:
        """The laser's process. Raises InputError where the job erodes."""
        return self._only(Recipe, "a laser")

    @property
    def milling(self) -> Sourced[Milling]:
        """The process of milling by sparks. Raises InputError where the job has another."""
        return self._only(Milling, "milling by sparks")

    @property
    def sinking(self) -> Sourced[Sinking]:
        """The process of sinking by sparks. Raises InputError where the job has another."""
        return self._only(Sinking, "sinking by sparks")

    def _only(self, cls: type[_P], wanted: str) -> Sourced[_P]:
        """The process, of that class. Raises InputError."""
        process = self.process
        if not isinstance(process.value, cls):
            found = PROCESS_WORDS[type(process.value)]
            raise InputError(
                f"job {self.name!r}: process {process.name!r} is {found}; this is for {wanted} alone, name such a one"
            )
        return Sourced(name=process.name, value=process.value, sources=process.sources)

    @property
    def machine_file(self) -> str:
        """The name of the file that a pin is judged by: a stage's G-code, or the scanner's file that says most."""
        if not self.machine.value.is_galvo:
            return "job.ngc"
        return "job.ovf" if "ovf" in self.formats else "job.lbrn2"

    @property
    def nominal(self) -> Condition:
        """The condition that the verdict is given under."""
        return next(condition.value for condition in self.conditions if condition.name == NOMINAL)


def _check(job: Ordered | Job, conditions: tuple[str, ...]) -> None:
    """Raise InputError with every fault of what is the job's own."""
    faults: list[str] = []
    with Collecting(faults):
        Figures(
            name=job.name,
            conditions=conditions,
            formats=job.formats,
            relief_um=job.relief_um,
            pixel_um=job.pixel_um,
            relief_along=job.relief_along,
            rules=tuple(entry if isinstance(entry, str) else entry.name for entry in job.rules),
        )
    if not job.ranges:
        faults.append("ranges: there is none; add a [[ranges]] table for the serials to be engraved")
    raise_faults(faults)
