"""Machine profiles: what a LinuxCNC stage with a gated laser, or a galvo scanner, can do, as its owner states it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from toolpaths.errors import ToolpathError

STAGE, GALVO = "linuxcnc", "galvo"
CONTROLLERS = (STAGE, GALVO)
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
class Machine:
    """A machine that marks the pin: a stage under LinuxCNC that carries it under a fixed beam, or a galvo scanner.

    The envelope is in the program's coordinates: the pin frame with its origin at the tip's apex, where the operator
    sets work offset G54, or which he puts in the middle of the scanner's field. ``max_feed_um_s`` is the greatest speed
    with the beam on. ``formats`` are the files that the machine's shop loads.

    Only a stage (controller ``linuxcnc``) has these: ``gate_output`` is the P of M62/M63/M65 that opens the beam;
    ``energy_output`` and ``rate_output`` are the E of M67 that take the pulse energy in uJ and the repetition rate in
    kHz. ``resolution_um`` is the smallest step of an axis. The gate answers ``gate_latency_s`` late, give or take
    ``gate_jitter_s``.

    Only a scanner (controller ``galvo``) has these: ``field_um``, the side of the square that its lens of
    ``focal_length_um`` gives, in ``2 ** bits`` steps; ``delay_step_s``, of which its delays are whole multiples; its
    greatest speed in a jump; and ``tracking_lag_s``, by which the mirrors follow their command.
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
    def step_um(self) -> float:
        """The smallest step in the plane, um: of an axis, or of the scanner's field."""
        return self.scanner.step_um if self.is_galvo else self.stage.resolution_um

    def envelope_um(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Least and greatest x, y, z that the program may name, um."""
        return (
            (self.envelope_x_min_um, self.envelope_y_min_um, self.envelope_z_min_um),
            (self.envelope_x_max_um, self.envelope_y_max_um, self.envelope_z_max_um),
        )


_PARTS: dict[str, type[Stage | Scanner]] = {STAGE: Stage, GALVO: Scanner}
_KINDS = {STAGE: "a stage under LinuxCNC", GALVO: "a galvo scanner"}
_UNITS = ("_um_s2", "_um_s", "_um", "_s", "_j")


def _part(machine: Machine, part: type[Stage | Scanner]) -> dict[str, Any]:
    """Values of the part's fields. Raises ToolpathError where the machine is of the other kind."""
    if _PARTS[machine.controller] is not part:
        wanted = STAGE if part is Stage else GALVO
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
    if machine.controller == GALVO and GCODE in machine.formats:
        yield f"formats: {GCODE}: a galvo scanner runs no G-code; only controller {STAGE} does"


def _part_faults(machine: Machine) -> Iterator[str]:
    """Figures that the controller needs and does not have, and those that belong to the other one."""
    if machine.controller not in CONTROLLERS:
        return
    for controller, part in _PARTS.items():
        for field in fields(part):
            given = getattr(machine, field.name) is not None
            if controller == machine.controller and not given:
                yield f"{_key(field.name)}: missing; controller {controller} needs it"
            elif controller != machine.controller and given:
                yield f"{_key(field.name)}: belongs to controller {controller}, not to {machine.controller}; remove it"


def _number_faults(machine: Machine) -> Iterator[str]:
    positive = (
        *("max_feed_um_s", "max_pulse_energy_j", "resolution_um", "acceleration_um_s2"),
        *("field_um", "focal_length_um", "delay_step_s", "max_jump_um_s"),
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
    for key in ("gate_output", "energy_output", "rate_output"):
        value = getattr(machine, key)
        if value is not None and not 0 <= value < _MOST_OUTPUTS:
            yield f"{key}: {value} is no output; LinuxCNC counts them from 0 to {_MOST_OUTPUTS - 1}"
    if machine.energy_output is not None and machine.energy_output == machine.rate_output:
        yield "rate_output: the same analog output as energy_output; give each its own"
