"""One pin from its machine file to a verdict.

The verdict is decided before any error correction: every character, ring cell and shape must be right as read, under
the nominal strike, at the intended rotation, handedness and tone, and every land deep enough. What correction would
make of the same reading stands beside it.
"""

from dataclasses import dataclass, replace

import numpy as np
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from engrave.base.errors import InputError
from engrave.code.alphabet import symbol_of
from engrave.code.decode import Candidate, Decoding, decode_symbols
from engrave.code.mark import Mark
from engrave.code.profiles import Profile
from engrave.code.ring import ring_symbols
from engrave.code.shapes import SHAPE_NAMES, shape_symbols
from engrave.code.soft import SoftDecoding
from engrave.job import NOMINAL, Job
from engrave.job.setup import Setup
from engrave.layout import Layout, engraving_of, lay_out
from engrave.reading import Reader, Reading, measure_lands, reader_for
from engrave.strike import Condition, Impression, strike
from engrave.tips import Tip
from engrave.verify.compare import Measured, check_depths, compare_reading, measured_lands
from engrave.verify.cut import check_cut
from engrave.verify.naming import pin_of
from engrave.verify.physics import focus_band_um
from engrave.verify.weighed import weighed
from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.limits import check_delays
from toolpaths.model import Polylines, Toolpath
from toolpaths.quantise import quantise
from toolpaths.readers.drawn import Z
from toolpaths.readers.gcode import read_gcode
from toolpaths.readers.lbrn2 import read_lbrn2
from toolpaths.readers.ovf import read_ovf
from toolpaths.removal import cut
from toolpaths.safety import check_paths, check_program
from toolpaths.surface import HeightMap

CHECK_SCHEMA = "pin-engrave/check/1"

# Findings after which a simulation would rest on figures that the program does not give.
NOT_TO_SIMULATE = frozenset({"M204", "M209", "M211", "M213"})
# What no machine file says, and what some say nothing of besides; it comes from job.json.
_NEVER_IN_FILE = ("beam_quality", "hatch", "ablation", "tip", "primer", "conditions")
_NOT_IN_FILE = {
    "job.ngc": ("spot_radius", "wavelength"),
    "job.lbrn2": ("spot_radius", "wavelength", "delays", "heights"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """What checking needs once a job: the setup and a reader that knows the profile's nominal geometry."""

    setup: Setup
    reader: Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """One condition's outcome: the strike's figures, what was read, and what decoding makes of it.

    ``decoding`` : exact. ``soft`` : everything weighed together, which no verdict asks.
    """

    name: str
    condition: Condition
    impression: Impression
    reading: Reading
    decoding: Decoding
    soft: SoftDecoding

    @property
    def identified(self) -> Candidate | None:
        """The candidate named by this reading, if it names one."""
        return self.decoding.identified


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The outcome for one pin. ``struck`` is empty, and ``tip`` None, where the machine file could not be simulated."""

    mark: Mark
    job: Job
    findings: tuple[Finding, ...]
    struck: tuple[Struck, ...]
    measured: tuple[Measured, ...]
    tip: HeightMap | None = None

    @property
    def passed(self) -> bool:
        """No finding is an error."""
        return not has_errors(self.findings)

    @property
    def nominal(self) -> Struck | None:
        """What the nominal strike gave."""
        return next((struck for struck in self.struck if struck.name == NOMINAL), None)


def checker_for(setup: Setup) -> Checker:
    """A checker for every pin of a job."""
    return Checker(setup=setup, reader=reader_for(setup.places, setup.typeface))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engraved:
    """What a machine file makes of a tip: the tip, or None where it cannot be simulated, and what there is to say."""

    tip: HeightMap | None
    findings: tuple[Finding, ...]


def not_in_file(job: Job) -> tuple[str, ...]:
    """What the job's machine file does not say, and the check takes from ``job.json``."""
    return (*_NOT_IN_FILE.get(job.machine_file, ()), *_NEVER_IN_FILE)


def engraved(program_bytes: bytes, checker: Checker) -> Engraved:
    """Read a machine file as its machine would, and cut the job's tip by it."""
    setup = checker.setup
    job = setup.job
    read = _scanned if job.machine.value.is_galvo else _run
    toolpath, findings = read(program_bytes, setup)
    if toolpath is None:
        return Engraved(tip=None, findings=findings)
    try:
        tip = cut(
            toolpath,
            surface=setup.tip,
            beam_for=job.process.value.beam_for,
            half_width_um=setup.tip.edge_radius_um,
            pixel_um=job.pixel_um,
        )
    except ToolpathError as error:
        return Engraved(tip=None, findings=(*findings, _not_simulated(str(error))))
    return Engraved(tip=tip, findings=findings)


def _run(program_bytes: bytes, setup: Setup) -> tuple[Toolpath | None, tuple[Finding, ...]]:
    """What a stage does by a program, or None where nobody can tell; and what there is to say."""
    machine = setup.job.machine.value
    program = read_gcode(program_bytes, machine)
    focus_um, tolerance_um = focus_band_um(setup.job)
    safety = check_program(
        program, machine, surface=setup.tip, focus_offset_um=focus_um, focus_tolerance_um=tolerance_um
    )
    toolpath = program.toolpath()
    known = program.executable and toolpath.blocks and not any(f.number in NOT_TO_SIMULATE for f in safety)
    return toolpath if known else None, (*program.findings, *safety)


def _scanned(job_bytes: bytes, setup: Setup) -> tuple[Toolpath | None, tuple[Finding, ...]]:
    """What a scanner does by its job file, on its own steps; as ``_run``."""
    machine = setup.job.machine.value
    if setup.job.machine_file == "job.ovf":
        drawn = read_ovf(job_bytes)
    else:
        drawn = read_lbrn2(job_bytes, most_pulse_energy_j=machine.max_pulse_energy_j)
    if not drawn.readable:
        return None, drawn.findings
    focus_um, tolerance_um = focus_band_um(setup.job)
    toolpath = drawn.toolpath if Z in drawn.says else _in_focus(drawn.toolpath, setup.tip, focus_um)
    safety = check_paths(
        toolpath, machine, surface=setup.tip, focus_offset_um=focus_um, focus_tolerance_um=tolerance_um
    )
    stepped = quantise(toolpath, machine)
    findings = (*drawn.findings, *safety, *check_delays(toolpath, machine), *stepped.findings)
    known = stepped.toolpath.blocks and not any(finding.number in NOT_TO_SIMULATE for finding in safety)
    return stepped.toolpath if known else None, findings


def _in_focus(toolpath: Toolpath, tip: Tip, focus_um: float) -> Toolpath:
    """Paths of a file without heights, put where the operator has to keep the focus; outside the face at its apex."""

    def lifted(paths: Polylines) -> Polylines:
        x_um, y_um, _ = paths.points.T
        z_um = np.nan_to_num(tip.height_um(x_um, y_um)) + focus_um
        return Polylines(points=np.column_stack([x_um, y_um, z_um]), starts=paths.starts)

    return Toolpath(
        blocks=tuple(
            replace(block, operations=tuple(replace(each, paths=lifted(each.paths)) for each in block.operations))
            for block in toolpath.blocks
        )
    )


def check_pin(program_bytes: bytes, mark: Mark, checker: Checker) -> Checked:
    """Read a machine file, cut and strike the pin, read the primer, and compare with the mark.

    Raises InputError where the mark is of another profile than the job.
    """
    job = checker.setup.job
    require_profile(mark, checker)
    made = engraved(program_bytes, checker)
    if made.tip is None:
        return Checked(mark=mark, job=job, findings=made.findings, struck=(), measured=())
    tip = made.tip
    struck = tuple(struck_under(tip, checker, name=entry.name, condition=entry.value) for entry in job.conditions)
    return _judged(tip, mark, checker, struck, made.findings)


def require_profile(mark: Mark, checker: Checker) -> None:
    """Raise InputError where the mark is of another profile than the job."""
    if mark.profile != checker.setup.profile.name:
        raise InputError(f"mark.json: profile {mark.profile!r} is not the job's, {checker.setup.profile.name!r}")


def _not_simulated(reason: str) -> Finding:
    return Finding(
        number="C300",
        severity=Severity.ERROR,
        message=f"the program cannot be simulated: {reason}",
        place="program",
        remedy="make the program again from the job",
    )


def struck_under(tip: HeightMap, checker: Checker, *, name: str, condition: Condition) -> Struck:
    """Strike a cut tip under one condition, read what it leaves, and decode that."""
    impression = strike(tip, form=checker.setup.tip, primer=checker.setup.job.primer.value, condition=condition)
    reading = checker.reader.read(impression.surface)
    profile = checker.setup.profile
    return Struck(
        name=name,
        condition=condition,
        impression=impression,
        reading=reading,
        decoding=decode_symbols(symbols_of(reading, profile), profile),
        soft=weighed(reading, profile),
    )


def symbols_of(reading: Reading, profile: Profile) -> tuple[int | None, ...]:
    """The codeword symbols that a reading decided, None where it did not; all None where no mark was found.

    A symbol of which a cell has no place on the tip is None, too.
    """
    if not reading.found:
        return (None,) * profile.carried
    characters = tuple(None if read.character is None else symbol_of(read.character) for read in reading.characters)
    values = [() if read.shape is None else (SHAPE_NAMES.index(read.shape),) for read in reading.shapes]
    shapes = tuple(choices[0] if choices else None for choices in shape_symbols(values, profile))
    return (*characters, *ring_symbols(reading.cells, profile), *shapes)


def _judged(
    tip: HeightMap, mark: Mark, checker: Checker, struck: tuple[Struck, ...], machine_findings: tuple[Finding, ...]
) -> Checked:
    """Only here is the mark looked at."""
    setup = checker.setup
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    engraving = engraving_of(
        layout,
        relief_um=setup.job.relief_um,
        tip=setup.tip,
        largest_patch_um=setup.largest_patch_um,
    )
    nominal = next(outcome for outcome in struck if outcome.name == NOMINAL)
    measured = measured_under(nominal, layout, setup.job)
    findings = (
        *machine_findings,
        *check_cut(tip, engraving, setup.job, tip=setup.tip, places=setup.places),
        *check_depths(measured, setup.job),
        *compare_reading(nominal.reading, mark, setup.places),
        *_identity(nominal, mark, setup),
    )
    return Checked(mark=mark, job=setup.job, findings=findings, struck=struck, measured=measured, tip=tip)


def measured_under(struck: Struck, layout: Layout, job: Job) -> tuple[Measured, ...]:
    """How each land of the design has printed, looked for where the condition has put it."""
    depths = measure_lands(
        struck.impression.surface,
        [(land.place, _put(land.outline, struck.condition)) for land in layout.lands],
        relief_um=job.relief_um,
        polarity=job.layout.polarity,
    )
    return measured_lands(depths, layout, job)


def _put(outline: BaseGeometry, condition: Condition) -> BaseGeometry:
    """An outline in the primer: the pin's turn and offset, mirrored into the reading frame. A lean moves nothing."""
    turned = affinity.rotate(outline, -condition.turn_rad, origin=(0.0, 0.0), use_radians=True)
    return affinity.translate(turned, -condition.offset_x_um, condition.offset_y_um)


def _identity(nominal: Struck, mark: Mark, setup: Setup) -> tuple[Finding, ...]:
    """A pin that names another pin, or none, fails by that alone."""
    candidate = nominal.identified
    named = pin_of(candidate.id, mark, setup) if candidate else None
    if candidate is not None and candidate.id == mark.id and named == (mark.maker, mark.model, mark.serial):
        return ()
    if candidate is None:
        message = "the reading names no pin"
    else:
        whose = f"serial {named[2]} ({named[0]}, {named[1]})" if named else "no serial of this job's ranges"
        message = f"the reading names another pin: {candidate.characters}, {whose}"
    return (
        Finding(
            number="R409",
            severity=Severity.ERROR,
            message=message,
            place="mark",
            remedy="compare the program with mark.json: they are not of one pin, or the program is damaged",
        ),
    )
