"""The circle of a tray: its program split by nest, each nest taken back to the pin frame and held against the pin.

M501 no whole tray program; M502 other nests than the map's, or another order; M503 not the program of the map; M504 a
nest's section is not understood as a whole; M505 beam on in a rapid, at rest or at the end of a nest; M506 a travel
below the safe height; M507 outside the machine's envelope; M508 other moves than the pin's own program; M509 the pin's
own program or mark is not as the map says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engrave.base.config import parse_json
from engrave.base.errors import Collecting
from engrave.base.files import read_bytes, read_text, sha256_hex
from engrave.batch.folder import PINS, file_sha256
from engrave.batch.trays import MOST_PROGRAM_BYTES, PROGRAM
from engrave.code.mark import MARK_SCHEMA, mark_from_json
from engrave.report.trays import TrayMap, TrayPin
from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.fixture import Nest
from toolpaths.machine import Machine
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.program import Program
from toolpaths.readers.tray import Part, nest_program, tray_parts
from toolpaths.tray import ROUND_TRIP_UM, Placement, difference_um, placement_at, sparse, taken_back

TRAY_CHECK_SCHEMA = "pin-engrave/tray-check/1"
_MOST_MARK_BYTES = 1_000_000
# Files hold whole nanometres: a point on a limit may lie one of them beyond it.
_ROUNDING_UM = 1.5e-3
_AGAIN = "make the tray again from the batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayChecked:
    """What a tray's program came to: its nests in order, and the most that a point lies off its pin's own program."""

    nests: tuple[int, ...]
    worst_um: float
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """No finding is an error."""
        return not has_errors(self.findings)


def check_tray(program: Path, shown: TrayMap, machine: Machine, *, batch: Path) -> TrayChecked:
    """Hold a tray's program against its map and against the pins of a batch's folder, nest by nest.

    Points must agree within 1 nm: both files hold whole nanometres, and a turned point is off by half a lattice's
    diagonal, 0.87 nm, at most. Raises InputError where a pin's own files are missing or damaged.
    """
    findings: list[Finding] = []
    if file_sha256(program) != shown.program_sha256:
        findings.append(_error("M503", f"is not the program that the map tells of, {shown.program}", program.name))
    pins = {pin.nest: pin for pin in shown.pins}
    nests: list[int] = []
    worst_um = 0.0
    try:
        for section in _sections(program):
            nests.append(section.part.nest)
            pin = pins.get(nests[-1])
            if pin is not None:
                found, off_um = _nest_findings(section, pin, shown, machine, batch)
                findings += found
                worst_um = max(worst_um, off_um)
    except ToolpathError as error:
        findings.append(_error("M501", str(error), program.name))
    if nests != [pin.nest for pin in shown.pins]:
        message = f"{len(nests)} nests are marked and the map names {len(pins)}, or their order differs"
        findings.append(_error("M502", message, program.name))
    return TrayChecked(nests=tuple(nests), worst_um=worst_um, findings=tuple(findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A nest of the file, and the lines before the first one."""

    opening: Part
    part: Part

    def read(self, machine: Machine) -> Program:
        """What the controller does that runs this nest alone."""
        return read_gcode(nest_program(self.opening, self.part), machine)


def _sections(path: Path) -> Iterator[_Section]:
    with path.open("rb") as file:
        parts = tray_parts(file)
        opening = next(parts)
        for part in parts:
            yield _Section(opening=opening, part=part)


def _nest_findings(
    section: _Section, pin: TrayPin, shown: TrayMap, machine: Machine, batch: Path
) -> tuple[list[Finding], float]:
    """Findings of one nest, and how far its points are off the pin's own program."""
    place = f"nest {pin.nest}"
    program = section.read(machine)
    if not program.executable:
        first = program.findings[0]
        return [_error("M504", f"{first.number} {first.message}, {first.place} of the nest", place)], 0.0
    findings = [*_beam_findings(program, place), *_travel_findings(program, shown, machine, place)]
    folder = batch / PINS / pin.characters
    data = read_bytes(folder / PROGRAM, most=MOST_PROGRAM_BYTES)
    findings += _pin_findings(folder, pin, sha256_hex(data), place)
    own = sparse(read_gcode(data, machine).toolpath())
    difference = difference_um(own, taken_back(program.toolpath(), _placement(pin, shown)))
    if isinstance(difference, str):
        return [*findings, _error("M508", f"{difference}: not the moves of {pin.characters}'s own program", place)], 0.0
    if difference > ROUND_TRIP_UM:
        message = "a point lies off the pin's own program, taken back to the pin frame"
        findings.append(_error("M508", message, place, value=difference, limit=ROUND_TRIP_UM, unit="um"))
    return findings, difference


def _placement(pin: TrayPin, shown: TrayMap) -> Placement:
    found = Nest(
        nest=pin.nest,
        dx_um=pin.dx_um,
        dy_um=pin.dy_um,
        dz_um=pin.dz_um,
        tilt_x_rad=pin.tilt_x_rad,
        tilt_y_rad=pin.tilt_y_rad,
        clocking_rad=pin.clocking_rad,
    )
    return placement_at((pin.x_um, pin.y_um, shown.fixture.tip_height_um), found)


def _beam_findings(program: Program, place: str) -> Iterator[Finding]:
    if bool(np.any(program.lit & program.rapid)):
        yield _error("M505", "the beam is on in a rapid", place)
    if program.lit_at_rest_lines or program.lit_at_end:
        yield _error("M505", "the beam is on while the machine stands still, or when the nest ends", place)


def _travel_findings(program: Program, shown: TrayMap, machine: Machine, place: str) -> Iterator[Finding]:
    """A nest is come to and left at the safe height, and down and up stand over the pin."""
    safe_um, end = shown.fixture.safe_height_um, program.end_um
    if len(end) < 2:  # noqa: PLR2004 - down and up
        yield _error("M506", "the nest is not come to and left at all", place)
        return
    above = np.abs(end[[0, -1], 2] - safe_um) <= _ROUNDING_UM
    upright = np.all(end[0, :2] == end[1, :2]) and np.all(end[-1, :2] == program.begin_um[-1, :2])
    if not (bool(above.all()) and bool(upright)):
        yield _error("M506", "the nest is not come to and left upright, at the safe height", place)
    low, high = (np.array(corner) for corner in machine.envelope_um())
    beyond_um = float(np.max(np.maximum(low - end, end - high)))
    if beyond_um > _ROUNDING_UM:
        message = f"a move leaves the envelope of machine {machine.name}; the value is how far"
        yield _error("M507", message, place, value=beyond_um, limit=0.0, unit="um")


def _pin_findings(folder: Path, pin: TrayPin, program_sha256: str, place: str) -> Iterator[Finding]:
    if program_sha256 != pin.files.get(PROGRAM):
        yield _error("M509", f"{PROGRAM} of {pin.characters} is not the one that the map tells of", place)
    told: list[str] = []
    with Collecting(told):
        path = folder / "mark.json"
        document = parse_json(read_text(path, most=_MOST_MARK_BYTES), origin=path.name, schema=MARK_SCHEMA)
        mark = mark_from_json(document, origin=path.name)
        named = (mark.characters, mark.serial, mark.maker, mark.model)
        if named != (pin.characters, pin.serial, pin.maker, pin.model):
            told.append(f"mark.json is of {mark.characters}, serial {mark.serial}, and the map says {pin.serial}")
    yield from (_error("M509", fault, place) for fault in told)


def _error(
    number: str, message: str, place: str, *, value: float | None = None, limit: float | None = None, unit: str = ""
) -> Finding:
    return Finding(
        number=number,
        severity=Severity.ERROR,
        message=message,
        place=place,
        value=value,
        limit=limit,
        unit=unit,
        remedy=_AGAIN,
    )
