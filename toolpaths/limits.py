"""What a scanner allows of jumps and delays, held against a toolpath; the rest is told by ``toolpaths.safety``.

M428 jump speed above the machine's; warning: M429 delays that are no whole number of the scanner's clocks.
"""

from collections.abc import Iterator

import numpy as np

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine, Scanner
from toolpaths.model import Delays, Operation, Toolpath

_ROUNDING = 1e-9
# A delay this close to a whole number of clocks is one.
_CLOCK_ROUNDING = 1e-6


def check_delays(toolpath: Toolpath, machine: Machine) -> tuple[Finding, ...]:
    """What of each operation's delays a scanner cannot do. Delays that a file does not say are passed over.

    Raises ToolpathError where the machine is no scanner.
    """
    scanner = machine.scanner
    told = [
        _delay_findings(operation, operation.process.delays, scanner, name=machine.name)
        for _, operation in toolpath.operations()
        if operation.process.delays is not None
    ]
    return tuple(finding for found in told for finding in found)


def _delay_findings(operation: Operation, delays: Delays, scanner: Scanner, *, name: str) -> Iterator[Finding]:
    if delays.jump_um_s > scanner.max_jump_um_s * (1 + _ROUNDING):
        yield Finding(
            number="M428",
            severity=Severity.ERROR,
            message=f"the jump speed is above what machine {name} allows",
            place=operation.name,
            value=delays.jump_um_s,
            limit=scanner.max_jump_um_s,
            unit="um/s",
            remedy="lower it",
        )
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
