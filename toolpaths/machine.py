"""Machine profiles: what a LinuxCNC stage with a gated laser can do, as its configuration states it."""

import math
from dataclasses import dataclass

from toolpaths.errors import ToolpathError

CONTROLLERS = ("linuxcnc",)
FORMATS = ("ngc", "dxf", "svg")
# LinuxCNC has this many synchronised digital and analog outputs unless it is configured otherwise
# (num_dio, num_aio of the motion module: 64 at most).
_MOST_OUTPUTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A stage under LinuxCNC that carries the pin under a fixed, gated laser beam.

    The envelope is in the program's coordinates: the pin frame with its origin at the tip's apex, where the operator
    sets work offset G54. ``gate_output`` is the P of M62/M63/M65 that opens the beam; ``energy_output`` and
    ``rate_output`` are the E of M67 that take the pulse energy in uJ and the repetition rate in kHz.
    ``resolution_um`` is the smallest step of an axis. The gate answers ``gate_latency_s`` late, give or take
    ``gate_jitter_s``. ``formats`` are the files that the machine's shop loads.
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
    resolution_um: float
    max_feed_um_s: float
    acceleration_um_s2: float
    gate_latency_s: float
    gate_jitter_s: float
    max_pulse_energy_j: float
    gate_output: int
    energy_output: int
    rate_output: int

    def __post_init__(self) -> None:
        """Check the figures against one another. Raises ToolpathError with every fault."""
        faults = [*_name_faults(self), *_number_faults(self), *_envelope_faults(self), *_output_faults(self)]
        if faults:
            raise ToolpathError("; ".join(faults))

    def envelope_um(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Least and greatest x, y, z that the program may name, um."""
        return (
            (self.envelope_x_min_um, self.envelope_y_min_um, self.envelope_z_min_um),
            (self.envelope_x_max_um, self.envelope_y_max_um, self.envelope_z_max_um),
        )


def _name_faults(machine: Machine) -> list[str]:
    faults = []
    if machine.controller not in CONTROLLERS:
        faults.append(f"controller: {machine.controller!r} is not known; use one of {', '.join(CONTROLLERS)}")
    unknown = [name for name in machine.formats if name not in FORMATS]
    if unknown or not machine.formats:
        faults.append(f"formats: {', '.join(unknown) or 'none given'}; list one or more of {', '.join(FORMATS)}")
    return faults


def _number_faults(machine: Machine) -> list[str]:
    positive = {
        "resolution": machine.resolution_um,
        "max_feed": machine.max_feed_um_s,
        "acceleration": machine.acceleration_um_s2,
        "max_pulse_energy": machine.max_pulse_energy_j,
    }
    not_negative = {"gate_latency": machine.gate_latency_s, "gate_jitter": machine.gate_jitter_s}
    faults = [f"{key}: {value:g} must be positive" for key, value in positive.items() if not 0 < value < math.inf]
    faults += [
        f"{key}: {value:g} must not be negative" for key, value in not_negative.items() if not 0 <= value < math.inf
    ]
    return faults


def _envelope_faults(machine: Machine) -> list[str]:
    return [
        f"envelope_{axis}_min: {low:g} um must be less than envelope_{axis}_max, {high:g} um, with the apex (0) between"
        for axis, low, high in zip("xyz", *machine.envelope_um(), strict=True)
        if not (-math.inf < low <= 0.0 <= high < math.inf and low < high)
    ]


def _output_faults(machine: Machine) -> list[str]:
    outputs = {
        "gate_output": machine.gate_output,
        "energy_output": machine.energy_output,
        "rate_output": machine.rate_output,
    }
    faults = [
        f"{key}: {value} is no output; LinuxCNC counts them from 0 to {_MOST_OUTPUTS - 1}"
        for key, value in outputs.items()
        if not 0 <= value < _MOST_OUTPUTS
    ]
    if machine.energy_output == machine.rate_output:
        faults.append("rate_output: the same analog output as energy_output; give each its own")
    return faults
