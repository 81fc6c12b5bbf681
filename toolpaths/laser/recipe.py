"""Recipes: what the beam is, what it does to the material, and the steps that lay its paths."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from toolpaths.errors import ToolpathError
from toolpaths.model import Delays, Process

ROUGH, FINISH, OUTLINE, CLEAN = KINDS = ("rough", "finish", "outline", "clean")
NONE, BEFORE, AFTER = CONTOURS = ("none", "before", "after")
ROWS, SERPENTINE, SHORTEST = ORDERS = ("rows", "serpentine", "shortest")

# Passes of a step in one round: more would cut through any firing pin, and a typing error would fill a disk.
MOST_PASSES = 10_000
# Steps of a recipe: each is an operation, or several, of the file, and none known has more than five.
MOST_STEPS = 16
# Parts of the face with passes of their own: each costs a block, and beyond this they are narrower than a cut.
MOST_ZONES = 64
# A file carries six digits or more of energy, rate and feed; processes no further apart are one.
SAME_PROCESS = 1e-6


def _not_positive(owner: object, *names: str) -> list[str]:
    """A sentence for each of these attributes that is not a finite number above zero; None is left alone."""
    return [
        f"{name}: {value!r} must be a finite number above 0"
        for name, value in ((name, getattr(owner, name)) for name in names)
        if value is not None and not (math.isfinite(value) and value > 0)
    ]


def _unknown(name: str, value: str, known: tuple[str, ...]) -> list[str]:
    return [] if value in known else [f"{name}: {value!r} is not known; use one of {', '.join(known)}"]


def _raise_all(owner: str, faults: list[str]) -> None:
    if faults:
        raise ToolpathError(f"{owner}: " + "; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """How a material answers ultrashort pulses.

    ``threshold_j_cm2`` is the fluence above which one pulse removes anything, ``incubation`` the exponent S by which
    the threshold falls under N overlapping pulses, N^(S - 1) (Jee, Becker and Walser 1988), and ``penetration_um``
    the depth removed for each e-fold of fluence over the threshold.
    """

    threshold_j_cm2: float
    incubation: float
    penetration_um: float

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = _not_positive(self, "threshold_j_cm2", "incubation", "penetration_um")
        if self.incubation > 1:
            faults.append(f"incubation: {self.incubation!r} must not be above 1, which means no incubation")
        _raise_all("ablation", faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """What decides the shape of a crater: all that a simulation may know of a recipe.

    ``line_spacing_um`` is how far neighbouring lines of one pass lie apart; with the spot and the feed it says how
    many pulses overlap, and so how far incubation has lowered the threshold.
    """

    spot_radius_um: float
    wavelength_um: float
    beam_quality: float
    line_spacing_um: float
    ablation: Ablation

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        _raise_all("beam", _beam_faults(self) + _not_positive(self, "line_spacing_um"))


def _beam_faults(owner: "Beam | Recipe") -> list[str]:
    faults = _not_positive(owner, "spot_radius_um", "wavelength_um", "beam_quality")
    if owner.beam_quality < 1:
        faults.append(f"beam_quality: {owner.beam_quality!r} must be at least 1, the value of an ideal beam")
    return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done with one setting of the beam.

    ``kind`` names what it is for: ``rough`` takes off most of the relief, ``finish`` smooths the floor, ``outline``
    follows the boundary alone, ``clean`` takes off what the others threw up. ``hatch_um`` is the distance of
    neighbouring lines, ``angles_rad`` the directions of the hatch, one pass each, in the order of a round. ``contour``
    says whether each pass follows the boundary, too, ``before`` its hatch or ``after`` it. ``passes`` is how many
    rounds of all angles are run; 0 is as many as the relief still needs. ``order`` is the order of a hatch's lines:
    ``rows`` one after the other and all from the same side, ``serpentine`` with every second one backwards,
    ``shortest`` for the least travel. With a ``focus_step_um`` above 0 the focus follows the floor down by so much at a
    time; else it stays in the middle of the relief. Spot, wavelength and pulse width are the recipe's where they are
    None.
    """

    kind: str
    pulse_energy_j: float
    repetition_rate_hz: float
    feed_um_s: float
    hatch_um: float
    angles_rad: tuple[float, ...]
    contour: str
    passes: int
    order: str = SERPENTINE
    focus_step_um: float = 0.0
    spot_radius_um: float | None = None
    wavelength_um: float | None = None
    pulse_width_s: float | None = None
    delays: Delays | None = None

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = [
            *_not_positive(self, "pulse_energy_j", "repetition_rate_hz", "feed_um_s", "hatch_um"),
            *_not_positive(self, "spot_radius_um", "wavelength_um", "pulse_width_s"),
            *_unknown("kind", self.kind, KINDS),
            *_unknown("contour", self.contour, CONTOURS),
            *_unknown("order", self.order, ORDERS),
            *self._laying_faults(),
        ]
        if not (math.isfinite(self.focus_step_um) and self.focus_step_um >= 0):
            faults.append(f"focus_step_um: {self.focus_step_um!r} must be 0, for a focus that stays, or above")
        _raise_all(f"step {self.kind!r}", faults)

    def _laying_faults(self) -> Iterator[str]:
        if not 0 <= self.passes <= MOST_PASSES:
            yield f"passes: {self.passes} must be 0 to {MOST_PASSES}"
        if self.passes == 0 and self.kind != ROUGH:
            yield "passes: 0 leaves their number to the relief, which only a rough step may; give a number"
        if self.kind != OUTLINE:
            yield from _angle_faults(self.angles_rad)
            return
        if self.angles_rad:
            yield "angles_rad: an outline has no hatch; leave the list empty"
        if self.contour == NONE:
            yield "contour: an outline is nothing but contours; write 'before' or 'after'"

    @property
    def rounds(self) -> int:
        """Passes of one round: one a hatch angle, and one for a step that only follows the boundary."""
        return max(1, len(self.angles_rad))

    @property
    def contours(self) -> int:
        """How often one round follows the boundary."""
        return 0 if self.contour == NONE else self.rounds


def _angle_faults(angles_rad: tuple[float, ...]) -> list[str]:
    if not angles_rad:
        return ["angles_rad: there must be at least one hatch angle"]
    if not all(0 <= angle < math.pi for angle in angles_rad):
        return ["angles_rad: every hatch angle must be at least 0 and less than 180 degrees"]
    degrees = sorted(round(math.degrees(angle)) for angle in angles_rad)
    if any(low == high for low, high in pairwise(degrees)):
        return ["angles_rad: hatch angles must differ by more than a degree, since passes are named by them"]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to clear a floor: steps in the order in which they are run.

    ``spot_radius_um`` is the radius at which the fluence has fallen to 1/e^2, ``pulse_width_s`` the length of a pulse,
    or None where it is not known. ``kerf_um`` is the full width that one line cuts at the surface: paths keep half of
    it from what must stay. ``chord_tolerance_um`` is how far a straight move may lie from the curved surface it
    follows. ``zones`` is into how many parts, by their slope, the face is split at most, each with as many rough passes
    as it needs; with 1 all of it gets as many as the steepest place of the mark.
    """

    name: str
    wavelength_um: float
    beam_quality: float
    spot_radius_um: float
    kerf_um: float
    chord_tolerance_um: float
    ablation: Ablation
    steps: tuple[Step, ...]
    pulse_width_s: float | None = None
    zones: int = 1

    def __post_init__(self) -> None:
        """Raise ToolpathError with every fault."""
        faults = _beam_faults(self) + _not_positive(self, "kerf_um", "chord_tolerance_um", "pulse_width_s")
        if not 1 <= self.zones <= MOST_ZONES:
            faults.append(f"zones: {self.zones} must be 1 to {MOST_ZONES}")
        _raise_all(f"recipe {self.name!r}", [*faults, *self._step_faults()])

    def _step_faults(self) -> Iterator[str]:
        if len(self.steps) > MOST_STEPS:
            yield f"steps: {len(self.steps)}, more than {MOST_STEPS}"
            return
        open_ended = sum(step.passes == 0 for step in self.steps)
        if open_ended != 1:
            yield f"steps: {open_ended} of them have passes = 0; exactly one, a rough one, takes what the relief needs"
        for number, step in enumerate(self.steps, start=1):
            if step.hatch_um > self.kerf_um:
                wide = f"{step.hatch_um:g} is more than the kerf, {self.kerf_um:g}"
                yield f"steps.{number}.hatch_um: {wide}: ridges would stay"
        for (one, first), (other, second) in combinations(enumerate(self.steps, start=1), 2):
            if _same(self.process_of(first), self.process_of(second)) and self.beam_of(first) != self.beam_of(second):
                yield (
                    f"steps.{other}: has the energy, rate and feed of step {one} but another hatch, spot or "
                    "wavelength; machine files tell steps by these three: let one differ"
                )

    @property
    def rough(self) -> Step:
        """The step whose rounds are counted by the relief."""
        return next(step for step in self.steps if step.passes == 0)

    @property
    def fixed(self) -> tuple[Step, ...]:
        """The other steps."""
        return tuple(step for step in self.steps if step.passes > 0)

    def process_of(self, step: Step) -> Process:
        """What the beam does along every path of a step."""
        return Process(
            pulse_energy_j=step.pulse_energy_j,
            repetition_rate_hz=step.repetition_rate_hz,
            feed_um_s=step.feed_um_s,
            pulse_width_s=self.pulse_width_s if step.pulse_width_s is None else step.pulse_width_s,
            spot_radius_um=self.spot_radius_um if step.spot_radius_um is None else step.spot_radius_um,
            wavelength_um=self.wavelength_um if step.wavelength_um is None else step.wavelength_um,
            delays=step.delays,
        )

    def beam_of(self, step: Step) -> Beam:
        """The part of a step that decides a crater; the kerf is not in it."""
        return Beam(
            spot_radius_um=self.spot_radius_um if step.spot_radius_um is None else step.spot_radius_um,
            wavelength_um=self.wavelength_um if step.wavelength_um is None else step.wavelength_um,
            beam_quality=self.beam_quality,
            line_spacing_um=step.hatch_um,
            ablation=self.ablation,
        )

    def step_of(self, process: Process) -> Step:
        """The step that has this energy, rate and feed, to a millionth; the rough one where none has."""
        return next((step for step in self.steps if _same(self.process_of(step), process)), self.rough)

    def beam_for(self, process: Process) -> Beam:
        """The beam of the step that a process belongs to; spot and wavelength as the process says, if it does.

        Raises ToolpathError where what it says is no spot or no wavelength.
        """
        beam = self.beam_of(self.step_of(process))
        return Beam(
            spot_radius_um=beam.spot_radius_um if process.spot_radius_um is None else process.spot_radius_um,
            wavelength_um=beam.wavelength_um if process.wavelength_um is None else process.wavelength_um,
            beam_quality=beam.beam_quality,
            line_spacing_um=beam.line_spacing_um,
            ablation=beam.ablation,
        )


def _same(one: Process, other: Process) -> bool:
    """Whether energy, rate and feed agree; never true of what a file does not say."""
    return all(
        math.isclose(first, second, rel_tol=SAME_PROCESS)
        for first, second in (
            (one.pulse_energy_j, other.pulse_energy_j),
            (one.repetition_rate_hz, other.repetition_rate_hz),
            (one.feed_um_s, other.feed_um_s),
        )
    )
