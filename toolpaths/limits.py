"""What a machine allows, held against a toolpath: for files that hold geometry and process but no program.

M425 outside the envelope; M426 feed above the machine's; M427 pulse energy above the machine's; M428 jump speed above
the machine's; warning: M429 delays that are no whole number of the scanner's clocks.
"""

from collections.abc import Iterator

import numpy as np

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.model import Delays, Operation, Toolpath

# Files hold whole nanometres: a point on a limit may lie one of them beyond it.
_ROUNDING_UM = 1.5e-3
_ROUNDING = 1e-9
# A delay this close to a whole number of clocks is one.
_CLOCK_ROUNDING = 1e-6


def check_limits(toolpath: Toolpath, machine: Machine) -> tuple[Finding, ...]:
    """Every limit of the machine that an operation goes beyond. Figures that a file does not say are passed over."""
    found: list[Finding] = []
    for _, operation in toolpath.operations():
        found.extend(_operation_findings(operation, machine))
    return tuple(found)


def _operation_findings(operation: Operation, machine: Machine) -> Iterator[Finding]:
    process = operation.process
    low, high = (np.array(corner) for corner in machine.envelope_um())
    points = operation.paths.points
    beyond_um = float(np.max(np.maximum(low - points, points - high), initial=0.0))
    named = f"machine {machine.name}"
    if beyond_um > _ROUNDING_UM:
        message = f"a path leaves the envelope of {named}; the value is how far"
        yield _error("M425", message, operation, value=beyond_um, limit=0.0, unit="um", remedy="check units and origin")
    if process.feed_um_s > machine.max_feed_um_s * (1 + _ROUNDING):
        message, limit = f"the feed is above what {named} allows", machine.max_feed_um_s
        yield _error("M426", message, operation, value=process.feed_um_s, limit=limit, unit="um/s", remedy="lower it")
    if process.pulse_energy_j > machine.max_pulse_energy_j * (1 + _ROUNDING):
        message, limit = f"the pulse energy is above what {named} allows", machine.max_pulse_energy_j
        yield _error("M427", message, operation, value=process.pulse_energy_j, limit=limit, unit="J", remedy="lower it")
    if machine.is_galvo and process.delays is not None:
        yield from _delay_findings(operation, process.delays, machine)


def _delay_findings(operation: Operation, delays: Delays, machine: Machine) -> Iterator[Finding]:
    scanner = machine.scanner
    if delays.jump_um_s > scanner.max_jump_um_s * (1 + _ROUNDING):
        message = f"the jump speed is above what machine {machine.name} allows"
        limit = scanner.max_jump_um_s
        yield _error("M428", message, operation, value=delays.jump_um_s, limit=limit, unit="um/s", remedy="lower it")
    clocks = np.array([delays.jump_s, delays.mark_s, delays.polygon_s]) / scanner.delay_step_s
    off = np.abs(clocks - np.rint(clocks))
    if np.any(off > _CLOCK_ROUNDING):
        yield Finding(
            number="M429",
            severity=Severity.WARNING,
            message="jump, mark or polygon delays are no whole number of the scanner's clocks and will be rounded",
            place=operation.name,
            value=float(np.max(off)) * scanner.delay_step_s,
            limit=0.0,
            unit="s",
            remedy=f"state delays in whole multiples of {scanner.delay_step_s * 1e6:g} us",
        )


def _error(
    number: str, message: str, operation: Operation, *, value: float, limit: float, unit: str, remedy: str
) -> Finding:
    return Finding(
        number=number,
        severity=Severity.ERROR,
        message=message,
        place=operation.name,
        value=value,
        limit=limit,
        unit=unit,
        remedy=remedy,
    )
