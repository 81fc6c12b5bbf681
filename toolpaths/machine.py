"""Machine profiles: what a LinuxCNC stage with a gated laser, a galvo scanner, or a machine that erodes can do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from toolpaths.errors import ToolpathError

STAGE, GALVO, EDM = "linuxcnc", "galvo", "edm"
CONTROLLERS = (STAGE, GALVO, EDM)
FORMATS = ("ngc", "dxf", "dxf-r12", "svg", "lbrn2", "ovf")
GCODE = "ngc"
# LinuxCNC has this many synchronised digital and analog outputs unless it is configured otherwise
# (num_dio, num_aio of the motion module: 64 at most).
_MOST_OUTPUTS = 64
# Scanner protocols carry 16 bits (XY2-100), 18 or 20 (SL2-100) an axis; cards reckon with no more than 24.
_LEAST_BITS, _MOST_BITS = 8, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What only a stage under LinuxCNC has; see ``Machine``."""

    resolution_um: float
    acceleration_um_s2: float
    gate_latency_s: float
    gate_jitter_s: float
    gate_output: int
    energy_output: int
    rate_output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """What only a galvo scanner has; see ``Machine``."""

    field_um: float
    bits: int
    focal_length_um: float
    delay_step_s: float
    max_jump_um_s: float
    tracking_lag_s: float

    @property
    def step_um(self) -> float:
        """The least step of the spot over the work: the field in 2^bits parts."""
        return math.ldexp(self.field_um, -self.bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eroder:
    """What only a LinuxCNC machine with a spark generator has; see ``Machine``."""

    resolution_um: float
    acceleration_um_s2: float
    spark_output: int
    probe_feed_um_s: float
    max_rapid_um_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that marks the pin: a stage under LinuxCNC that carries it under a fixed beam, a galvo, or an eroder.

    The envelope is in the program's coordinates: the pin frame with its origin at the tip's apex, where the operator
    sets work offset G54, or which he puts in the middle of the scanner's field. ``max_feed_um_s`` is the greatest speed
    with the beam or the spark on, ``max_pulse_energy_j`` the most that one pulse or discharge may have. ``formats`` are
    the files that the machine's shop loads.

    Only a stage (controller ``linuxcnc``) has these: ``gate_output`` is the P of M62/M63/M65 that opens the beam;
    ``energy_output`` and ``rate_output`` are the E of M67 that take the pulse energy in uJ and the repetition rate in
    kHz. ``resolution_um`` is the smallest step of an axis. The gate answers ``gate_latency_s`` late, give or take
    ``gate_jitter_s``.

    Only a scanner (controller ``galvo``) has these: ``field_um``, the side of the square that its lens of
    ``focal_length_um`` gives, in ``2 ** bits`` steps; ``delay_step_s``, of which its delays are whole multiples; its
    greatest speed in a jump; and ``tracking_lag_s``, by which the mirrors follow their command.

    Only a machine that erodes (controller ``edm``, run by LinuxCNC) has these: ``spark_output``, the P of M64/M65 that
    switches its generator; ``probe_feed_um_s``, at which the electrode touches the face; ``max_rapid_um_s``. Resolution
    and acceleration it has like a stage.
    """

    name: str
    controller: str
    formats: tuple[str, ...]
    envelope_x_min_um: float
    envelope_x_max_um: float
    envelope_y_min_um: float
    envelope_y_max_um: float
    envelope_z_min_um: float
    envelope_z_max_um: float
    max_feed_um_s: float
    max_pulse_energy_j: float
    resolution_um: float | None = None
    acceleration_um_s2: float | None = None
    gate_latency_s: float | None = None
    gate_jitter_s: float | None = None
    gate_output: int | None = None
    energy_output: int | None = None
    rate_output: int | None = None
    field_um: float | None = None
    bits: int | None = None
    focal_length_um: float | None = None
    delay_step_s: float | None = None
    max_jump_um_s: float | None = None
    tracking_lag_s: float | None = None
    spark_output: int | None = None
    probe_feed_um_s: float | None = None
    max_rapid_um_s: float | None = None

    def __post_init__(self) -> None:
        """Check the figures against one another. Raises ToolpathError with every fault."""
        faults = [
            *_name_faults(self),
            *_part_faults(self),
            *_number_faults(self),
            *_envelope_faults(self),
            *_output_faults(self),
        ]
        if faults:
            raise ToolpathError("; ".join(faults))

    @property
    def is_galvo(self) -> bool:
        """Whether mirrors move the beam; else a stage moves the pin, and runs G-code."""
        return self.controller == GALVO

    @property
    def stage(self) -> Stage:
        """The stage's figures. Raises ToolpathError where the machine is a scanner."""
        return Stage(**_part(self, Stage))

    @property
    def scanner(self) -> Scanner:
        """The scanner's figures. Raises ToolpathError where the machine is a stage."""
        return Scanner(**_part(self, Scanner))

    @property
    def eroder(self) -> Eroder:
        """The figures of a machine that erodes. Raises ToolpathError where the machine is another."""
        return Eroder(**_part(self, Eroder))

    @property
    def step_um(self) -> float:
        """The smallest step in the plane, um: of an axis, or of the scanner's field."""
        if self.is_galvo:
            return self.scanner.step_um
        return self.eroder.resolution_um if self.controller == EDM else self.stage.resolution_um

    def envelope_um(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Least and greatest x, y, z that the program may name, um."""
        return (
            (self.envelope_x_min_um, self.envelope_y_min_um, self.envelope_z_min_um),
            (self.envelope_x_max_um, self.envelope_y_max_um, self.envelope_z_max_um),
        )


_Part = Stage | Scanner | Eroder
_PARTS: dict[str, type[_Part]] = {STAGE: Stage, GALVO: Scanner, EDM: Eroder}
_KINDS = {STAGE: "a stage under LinuxCNC", GALVO: "a galvo scanner", EDM: "a machine that erodes"}
_UNITS = ("_um_s2", "_um_s", "_um", "_s", "_j")


def _part(machine: Machine, part: type[_Part]) -> dict[str, Any]:
    """Values of the part's fields. Raises ToolpathError where the machine is of another kind."""
    if _PARTS[machine.controller] is not part:
        wanted = next(controller for controller, known in _PARTS.items() if known is part)
        raise ToolpathError(
            f"machine {machine.name!r} is {_KINDS[machine.controller]}; this is for {_KINDS[wanted]} alone"
        )
    return {field.name: getattr(machine, field.name) for field in fields(part)}


def _key(field_name: str) -> str:
    """A field's key in a machine file: its name without the unit."""
    return next((field_name.removesuffix(unit) for unit in _UNITS if field_name.endswith(unit)), field_name)


def _name_faults(machine: Machine) -> Iterator[str]:
    if machine.controller not in CONTROLLERS:
        yield f"controller: {machine.controller!r} is not known; use one of {', '.join(CONTROLLERS)}"
    unknown = [name for name in machine.formats if name not in FORMATS]
    if unknown or not machine.formats:
        yield f"formats: {', '.join(unknown) or 'none given'}; list one or more of {', '.join(FORMATS)}"
    foreign = [name for name in machine.formats if name in FORMATS and name != GCODE]
    if machine.controller == EDM and foreign:
        yield f"formats: {', '.join(foreign)}: are a laser's; a machine that erodes runs {GCODE}"
    if machine.controller == GALVO and GCODE in machine.formats:
        yield f"formats: {GCODE}: a galvo scanner runs no G-code; only controllers {STAGE} and {EDM} do"


def _part_faults(machine: Machine) -> Iterator[str]:
    """Figures that the controller needs and does not have, and those that belong to the other one."""
    if machine.controller not in CONTROLLERS:
        return
    needed = [field.name for field in fields(_PARTS[machine.controller])]
    owners: dict[str, list[str]] = {}
    for controller, part in _PARTS.items():
        for field in fields(part):
            owners.setdefault(field.name, []).append(controller)
    for name, controllers in owners.items():
        given = getattr(machine, name) is not None
        if name in needed and not given:
            yield f"{_key(name)}: missing; controller {machine.controller} needs it"
        elif name not in needed and given:
            theirs = " or ".join(controllers)
            yield f"{_key(name)}: belongs to controller {theirs}, not to {machine.controller}; remove it"


def _number_faults(machine: Machine) -> Iterator[str]:
    positive = (
        *("max_feed_um_s", "max_pulse_energy_j", "resolution_um", "acceleration_um_s2"),
        *("field_um", "focal_length_um", "delay_step_s", "max_jump_um_s", "probe_feed_um_s", "max_rapid_um_s"),
    )
    for name in positive:
        value = getattr(machine, name)
        if value is not None and not 0 < value < math.inf:
            yield f"{_key(name)}: {value:g} must be positive"
    for name in ("gate_latency_s", "gate_jitter_s", "tracking_lag_s"):
        value = getattr(machine, name)
        if value is not None and not 0 <= value < math.inf:
            yield f"{_key(name)}: {value:g} must not be negative"
    if machine.bits is not None and not _LEAST_BITS <= machine.bits <= _MOST_BITS:
        yield f"bits: {machine.bits} must be {_LEAST_BITS} to {_MOST_BITS}"


def _envelope_faults(machine: Machine) -> Iterator[str]:
    for axis, low, high in zip("xyz", *machine.envelope_um(), strict=True):
        if not (-math.inf < low <= 0.0 <= high < math.inf and low < high):
            yield (
                f"envelope_{axis}_min: {low:g} um must be less than envelope_{axis}_max, {high:g} um, "
                "with the apex (0) between"
            )
        if axis != "z" and machine.field_um is not None and max(-low, high) > machine.field_um / 2:
            yield f"envelope_{axis}_min: {low:g} to {high:g} um leaves the field of {machine.field_um:g} um about 0"


def _output_faults(machine: Machine) -> Iterator[str]:
    for key in ("gate_output", "energy_output", "rate_output", "spark_output"):
        value = getattr(machine, key)
        if value is not None and not 0 <= value < _MOST_OUTPUTS:
            yield f"{key}: {value} is no output; LinuxCNC counts them from 0 to {_MOST_OUTPUTS - 1}"
    if machine.energy_output is not None and machine.energy_output == machine.rate_output:
        yield "rate_output: the same analog output as energy_output; give each its own"
