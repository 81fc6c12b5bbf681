"""What a reader of a drawing or machine file gives back: the paths, what the file says of the process, and findings."""

import math
from dataclasses import dataclass
from typing import Self

from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.model import Process, Toolpath

Z = "z"
REPEATS = "repeats"
PULSE_ENERGY = "pulse_energy"
REPETITION_RATE = "repetition_rate"
FEED = "feed"
PULSE_WIDTH = "pulse_width"
SPOT_RADIUS = "spot_radius"
WAVELENGTH = "wavelength"
DELAYS = "delays"
ORDER = "order"
SAYABLE = frozenset(
    {Z, REPEATS, PULSE_ENERGY, REPETITION_RATE, FEED, PULSE_WIDTH, SPOT_RADIUS, WAVELENGTH, DELAYS, ORDER}
)

# The process of a file that carries geometry only.
UNSAID = Process(pulse_energy_j=math.nan, repetition_rate_hz=math.nan, feed_um_s=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A file as read, by code that shares nothing with the writers.

    toolpath : paths in the file's order, operations named as the file names them (layer, cut setting, block); in each
    Process what the file does not say is NaN (energy, rate, feed) or None (all others).
    says : names out of ``SAYABLE``, what the file carries. Without ``z`` every height is 0, without ``repeats`` every
    block runs once, without ``order`` operations stand as they happen to stand in the file.
    findings : what is wrong with the file or needs to be known. A file that could not be understood has an error among
    them and an empty toolpath.

    Raises ToolpathError where ``says`` holds a name that is not in ``SAYABLE``.
    """

    toolpath: Toolpath
    says: frozenset[str]
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        """Refuse names that nobody would look for."""
        if unknown := sorted(self.says - SAYABLE):
            raise ToolpathError(f"a file cannot say {', '.join(unknown)}; known are {', '.join(sorted(SAYABLE))}")

    @classmethod
    def refused(cls, *findings: Finding) -> Self:
        """A file that is not to be trusted: no toolpath, nothing said, and the errors that say why.

        Raises ToolpathError where there is no error among the findings.
        """
        if not has_errors(findings):
            raise ToolpathError("a file is refused for an error; none was given")
        return cls(toolpath=Toolpath(blocks=()), says=frozenset(), findings=findings)

    @property
    def readable(self) -> bool:
        """Whether the whole file was understood; where it was not, the paths are no account of what would be marked."""
        return not has_errors(self.findings)


def error(number: str, message: str, *, place: str = "", remedy: str = "") -> Finding:
    """An error of the file's text, for a Drawn that is refused."""
    return Finding(number=number, severity=Severity.ERROR, message=message, place=place, remedy=remedy)


def note(number: str, message: str, *, place: str = "", remedy: str = "") -> Finding:
    """A warning: the file was read, and this wants a look."""
    return Finding(number=number, severity=Severity.WARNING, message=message, place=place, remedy=remedy)


class UnreadableError(ToolpathError):
    """Raised inside a reader where nothing further can be made of the file; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding
