"""One pin from its machine file, or a mesh of it, to a verdict.

The verdict is decided before any error correction: every character, ring cell and shape must be right as read, under
the nominal strike, at the intended rotation, handedness and tone, and every land deep enough. What correction would
make of the same reading stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

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
from engrave.layout import Engraving, Layout, engraving_of, lay_out
from engrave.reading import Reader, Reading, measure_lands, reader_for
from engrave.strike import Condition, Impression, strike
from engrave.verify.beside import held_against
from engrave.verify.compare import Measured, check_depths, compare_reading, measured_lands
from engrave.verify.cut import check_cut
from engrave.verify.eroded import check_eroded
from engrave.verify.erosion import Eroding, eroded, feasible, times_of_eroding
from engrave.verify.files import ReadFile, read_file
from engrave.verify.formats import Source
from engrave.verify.naming import pin_of
from engrave.verify.timing import Times, times_of
from engrave.verify.weighed import weighed
from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.removal import cut
from toolpaths.surface import HeightMap

CHECK_SCHEMA = "pin-engrave/check/1"


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
    """The outcome for one pin.

    source : the file that was checked. struck is empty, and tip and times are None, where that could not be simulated;
    a mesh has no times either.
    """

    mark: Mark
    job: Job
    source: Source
    findings: tuple[Finding, ...]
    struck: tuple[Struck, ...]
    measured: tuple[Measured, ...]
    times: Times | None
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
    """What a file makes of a tip: the tip, or None where it cannot be simulated, and what there is to say."""

    file: ReadFile
    tip: HeightMap | None
    findings: tuple[Finding, ...]


def engraved(
    program_bytes: bytes,
    checker: Checker,
    *,
    name: str | None = None,
    electrodes: Mapping[str, bytes] = MappingProxyType({}),
) -> Engraved:
    """Read a machine file as its machine would, and cut the job's tip by it; a mesh of the tip is the tip.

    name : of the file, whose ending says what it is; without it that of the job's own machine file. electrodes : meshes
    of those that a job needs which sinks them. Raises InputError where the ending is not known.
    """
    setup = checker.setup
    job = setup.job
    file = read_file(program_bytes, name or job.machine_file, setup, electrodes=electrodes)
    if file.eroding is not None:
        return _eroded(file, file.eroding, setup)
    if file.run is None:
        return Engraved(file=file, tip=file.heights, findings=file.findings)
    try:
        tip = cut(
            file.run,
            surface=setup.tip,
            beam_for=job.laser.value.beam_for,
            half_width_um=setup.tip.edge_radius_um,
            pixel_um=job.pixel_um,
        )
    except ToolpathError as error:
        return Engraved(file=file, tip=None, findings=(*file.findings, _not_simulated(str(error))))
    return Engraved(file=file, tip=tip, findings=file.findings)


def _eroded(file: ReadFile, eroding: Eroding, setup: Setup) -> Engraved:
    """The tip as sparks leave it."""
    try:
        return Engraved(file=file, tip=eroded(eroding, setup), findings=file.findings)
    except ToolpathError as error:
        return Engraved(file=file, tip=None, findings=(*file.findings, _not_simulated(str(error))))


def check_pin(
    program_bytes: bytes,
    mark: Mark,
    checker: Checker,
    *,
    name: str | None = None,
    beside: Mapping[str, bytes] = MappingProxyType({}),
    electrodes: Mapping[str, bytes] = MappingProxyType({}),
) -> Checked:
    """Read a machine file, cut and strike the pin, read the primer, and compare with the mark.

    name, electrodes : as for ``engraved``. beside : drawings and scanner's files by name, which must say the same as
    the machine file. Raises InputError where the mark is of another profile than the job, or an ending is not known.
    """
    job = checker.setup.job
    require_profile(mark, checker)
    made = engraved(program_bytes, checker, name=name, electrodes=electrodes)
    made = replace(made, findings=(*made.findings, *held_against(made.file, beside, checker.setup)))
    if made.tip is None:
        return Checked(
            mark=mark, job=job, source=made.file.source, findings=made.findings, struck=(), measured=(), times=None
        )
    struck = tuple(struck_under(made.tip, checker, name=entry.name, condition=entry.value) for entry in job.conditions)
    return _judged(made, made.tip, mark, checker, struck)


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


def _judged(made: Engraved, tip: HeightMap, mark: Mark, checker: Checker, struck: tuple[Struck, ...]) -> Checked:
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
        *made.findings,
        *feasible(engraving, setup),
        *_against_design(tip, engraving, setup),
        *check_depths(measured, setup.job),
        *compare_reading(nominal.reading, mark, setup.places),
        *_identity(nominal, mark, setup),
    )
    return Checked(
        mark=mark,
        job=setup.job,
        source=made.file.source,
        findings=findings,
        struck=struck,
        measured=measured,
        times=_times(made.file, tip, setup),
        tip=tip,
    )


def _against_design(tip: HeightMap, engraving: Engraving, setup: Setup) -> tuple[Finding, ...]:
    """Every way in which the tip departs from the design that its process can make."""
    judge = check_eroded if setup.job.is_erosion else check_cut
    return judge(tip, engraving, setup.job, tip=setup.tip, places=setup.places)


def _times(file: ReadFile, tip: HeightMap, setup: Setup) -> Times | None:
    """How long the machine takes by a file; None for a mesh."""
    if file.eroding is not None:
        return times_of_eroding(file.eroding, tip, setup)
    return None if file.toolpath is None else times_of(file.toolpath, setup.job)


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
