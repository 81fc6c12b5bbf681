"""Trays: which pin lies in which nest, one program a tray, its map, and the circle back to each pin's own program."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from engrave.base.config import from_jsonable, json_bytes, parse_json, to_jsonable
from engrave.base.errors import InputError, UnfinishedError, raise_faults
from engrave.base.files import read_bytes, read_text, sha256_hex, whole_file
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch.folder import PINS, file_sha256, write_if_changed
from engrave.batch.pin import Workshop, drawn_pin
from engrave.code.mark import Mark
from engrave.job import Job
from engrave.report import layout_png
from engrave.report.trays import FirstArticle, Plate, PlateMark, Tool, TrayMap, TrayPin, first_article_html, tray_html
from toolpaths.errors import ToolpathError
from toolpaths.fixture import BLOCKED, EMPTY, MOST_NESTS, READY, Fixture, Nest
from toolpaths.machine import Machine
from toolpaths.model import Operation, Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.writers.tray import NestWork, write_tray

TRAY_SCHEMA = "pin-engrave/tray-map/1"
PROGRAM = "job.ngc"
_OPERATION = b"(operation "
MOST_PROGRAM_BYTES = 500_000_000
_MOST_MAP_BYTES = 10_000_000
_PICTURE_PX = 640


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayRow:
    """A pin in its nest; ``files`` are the SHA-256 of its folder's files by name."""

    nest: int
    mark: Mark
    files: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """One loading of the fixture: the ``number``-th of ``count``, its pins in the order in which they are marked.

    ``name`` is what its files' names begin with; ``left_out`` are nests that hold a pin which it passes over.
    """

    name: str
    number: int
    count: int
    rows: tuple[TrayRow, ...]
    left_out: tuple[int, ...] = ()

    @property
    def files(self) -> tuple[str, str, str, str]:
        """Program, map, map for people, first-article sheet."""
        return (f"{self.name}.ngc", f"{self.name}.json", f"{self.name}.html", f"{self.name}-first-article.html")


def trays_of(fixture: Fixture, pins: Sequence[tuple[Mark, dict[str, str]]]) -> tuple[Tray, ...]:
    """As many trays as the pins need, filled in their order along the fixture's travel; the last may be part full."""
    ready = fixture.in_state(READY)
    loads = [pins[first : first + len(ready)] for first in range(0, len(pins), len(ready))]
    return tuple(
        Tray(
            name=f"tray-{number:03d}",
            number=number,
            count=len(loads),
            rows=tuple(
                TrayRow(nest=nest, mark=mark, files=files) for nest, (mark, files) in zip(ready, load, strict=False)
            ),
        )
        for number, load in enumerate(loads, start=1)
    )


def make_tray(workshop: Workshop, tray: Tray, batch: Path, *, folder: Path | None = None) -> None:
    """Put the four files of a tray of a batch's pins into a folder; a program that is whole already is left alone.

    The map says the program's hash and is written after it. Raises InputError where a pin cannot be marked in its
    nest, UnfinishedError where a file cannot be written or a pin's program is not what it was.
    """
    program, told, page, sheet = ((folder or batch) / name for name in tray.files)
    if not _is_whole(program, told, tray, workshop):
        _write_program(program, tray, workshop, batch)
    shown = map_of(tray, workshop, program)
    write_if_changed(told, map_bytes(shown))
    write_if_changed(page, tray_html(shown))
    write_if_changed(sheet, first_article_html(_first_article(workshop, tray, shown)))


def _write_program(path: Path, tray: Tray, workshop: Workshop, batch: Path) -> None:
    job = workshop.setup.job
    works = _works(tray, batch, job.machine.value)
    with whole_file(path, replace=True) as temporary, temporary.open("wb") as out:
        try:
            write_tray(out, works, fixture_of(job), job.machine.value, header=_header(workshop, tray))
        except ToolpathError as error:
            raise InputError(f"job {job.name!r}: {tray.name}: {error}") from error


def fixture_of(job: Job) -> Fixture:
    """The job's fixture. Raises InputError where it has none."""
    if job.fixture is None:
        raise InputError(f"job {job.name!r}: has no fixture; a tray needs one")
    return job.fixture.value


def _is_whole(program: Path, told: Path, tray: Tray, workshop: Workshop) -> bool:
    """Whether the map on disk is of these pins and of the program beside it."""
    if not (program.is_file() and told.is_file()):
        return False
    return told.read_bytes() == map_bytes(map_of(tray, workshop, program))


def _works(tray: Tray, batch: Path, machine: Machine) -> Iterator[NestWork]:
    for row in tray.rows:
        path = batch / PINS / row.mark.characters / PROGRAM
        yield NestWork(nest=row.nest, title=_title(row.mark), toolpath=toolpath_at(path, machine, row.files))


def toolpath_at(path: Path, machine: Machine, files: Mapping[str, str]) -> Toolpath:
    """What a pin's own program does. Raises UnfinishedError where it is not the one that ``files`` tells of."""
    data = read_bytes(path, most=MOST_PROGRAM_BYTES)
    program = read_gcode(data, machine)
    if files.get(PROGRAM) != sha256_hex(data) or not program.executable:
        raise UnfinishedError(f"{path}: has been changed since it was checked; repeat the command that made it")
    return _named(program.toolpath(), data)


def _named(toolpath: Toolpath, data: bytes) -> Toolpath:
    """The operations by the comments before them: the line of a pin's own program says nothing in a tray's."""
    lines = data.split(b"\n")
    begun = [number for number, line in enumerate(lines, start=1) if line.startswith(_OPERATION)]
    names = [lines[number - 1].removeprefix(_OPERATION).removesuffix(b")").decode("ascii") for number in begun]

    def named(operation: Operation) -> Operation:
        place = bisect_right(begun, int(operation.name.removeprefix("line "))) - 1
        return replace(operation, name=names[place]) if place >= 0 else operation

    blocks = (replace(block, operations=tuple(map(named, block.operations))) for block in toolpath.blocks)
    return Toolpath(blocks=tuple(blocks))


def _title(mark: Mark) -> str:
    return f"{mark.characters[:4]} {mark.characters[4:]}"


def _header(workshop: Workshop, tray: Tray) -> Sequence[str]:
    job = workshop.setup.job
    fixture = fixture_of(job)
    marks = "; ".join(f"{mark.name} X{mark.x_um / 1e3:.3f} Y{mark.y_um / 1e3:.3f}" for mark in fixture.fiducials)
    return (
        f"{DISTRIBUTION} {tool_version()}",
        f"tray {tray.number} of {tray.count}, {len(tray.rows)} pins, fixture {fixture.name}",
        f"job {job.name} {workshop.job_sha256}",
        f"machine {job.machine.name}, process {job.process.name}, pin {job.pin.name}",
        f"tray frame, mm: G54 at the fixture's origin, z towards the primer; fiducials {marks}",
        f"before the start raise Z to {fixture.safe_height_um / 1e3:g} mm or above; every travel is at that height",
        "interlock, stop, key and shutter are hardware; this file is no safety function",
        *(
            f"map {row.nest}: {_title(row.mark)} {row.mark.serial}, {row.mark.maker}, {row.mark.model}"
            for row in tray.rows
        ),
    )


def map_of(tray: Tray, workshop: Workshop, program: Path) -> TrayMap:
    """The map of a tray whose program is on disk."""
    job = workshop.setup.job
    fixture = fixture_of(job)
    used = {row.nest for row in tray.rows} | set(tray.left_out)
    return TrayMap(
        tool=Tool(name=DISTRIBUTION, version=tool_version()),
        job=job.name,
        job_sha256=workshop.job_sha256,
        tray=tray.number,
        trays=tray.count,
        program=program.name,
        program_sha256=file_sha256(program),
        machine=job.machine.name,
        fixture=_plate(fixture),
        pins=tuple(_tray_pin(row, fixture) for row in tray.rows),
        free=tuple(sorted(set(fixture.in_state(READY)) - used)),
        left_out=tuple(sorted(tray.left_out)),
        empty=tuple(sorted(set(fixture.in_state(EMPTY)) - used)),
        blocked=tuple(sorted(set(fixture.in_state(BLOCKED)) - used)),
    )


def map_bytes(shown: TrayMap) -> bytes:
    """A map as the JSON object ``pin-engrave/tray-map/1``: no date, host or path."""
    return json_bytes({"schema": TRAY_SCHEMA, **to_jsonable(shown)})


def load_map(path: Path) -> TrayMap:
    """The map in a file. Raises InputError with every fault."""
    document = parse_json(read_text(path, most=_MOST_MAP_BYTES), origin=str(path), schema=TRAY_SCHEMA)
    values = {key: value for key, value in document.items() if key != "schema"}
    shown = from_jsonable(TrayMap, values, origin=str(path))
    raise_faults([f"{path}: {fault}" for fault in _map_faults(shown)])
    return shown


def _map_faults(shown: TrayMap) -> Iterator[str]:
    """What a map that was made here never has."""
    plate, nests = shown.fixture, [pin.nest for pin in shown.pins]
    if not shown.pins:
        yield "pins: there is none; a tray holds one or more"
    if not 1 <= plate.rows * plate.columns <= MOST_NESTS or min(plate.rows, plate.columns) < 1:
        yield f"fixture: rows and columns must be 1 or more, and {MOST_NESTS} nests at most"
    elif not all(1 <= nest <= plate.rows * plate.columns for nest in nests) or len(set(nests)) < len(nests):
        yield f"pins: a nest stands there twice, or is none of 1 to {plate.rows * plate.columns}"
    if not (plate.column_pitch_um > 0 and plate.row_pitch_um > 0):
        yield "fixture: column_pitch_um and row_pitch_um must be positive"


def _plate(fixture: Fixture) -> Plate:
    names = {field.name for field in fields(Plate)} - {"fiducials"}
    marks = tuple(PlateMark(name=mark.name, x_um=mark.x_um, y_um=mark.y_um) for mark in fixture.fiducials)
    return Plate(fiducials=marks, **{name: getattr(fixture, name) for name in sorted(names)})


_FOUND = tuple(field.name for field in fields(Nest) if field.name not in {"nest", "state"})


def _tray_pin(row: TrayRow, fixture: Fixture) -> TrayPin:
    found, (x_um, y_um, _) = fixture.found(row.nest), fixture.nominal_um(row.nest)
    line, column = fixture.row_and_column(row.nest)
    return TrayPin(
        nest=row.nest,
        row=line,
        column=column,
        characters=row.mark.characters,
        serial=row.mark.serial,
        maker=row.mark.maker,
        model=row.mark.model,
        x_um=x_um,
        y_um=y_um,
        files=dict(sorted(row.files.items())),
        **{name: getattr(found, name) for name in _FOUND},
    )


def _first_article(workshop: Workshop, tray: Tray, shown: TrayMap) -> FirstArticle:
    """The first pin that the tray's program marks, and what it must come out as."""
    job, first = workshop.setup.job, tray.rows[0]
    layout, _ = drawn_pin(workshop.setup, first.mark)
    limits = job.limits
    return FirstArticle(
        map=shown,
        pin=shown.pins[0],
        layout_png=layout_png(layout, title=_title(first.mark), width_px=_PICTURE_PX),
        facts=(
            ("Process", job.process.name),
            ("Machine", job.machine.name),
            ("Kind of pin", job.pin.name),
            ("Program of this pin, SHA-256", first.files[PROGRAM]),
        ),
        asked=(
            ("Characters, read under the microscope", f"as pictured: {_title(first.mark)}"),
            ("Relief, land to floor", f"{job.relief_um:g} um"),
            ("Height of a character", f"{job.layout.height_um:g} um"),
            ("Stroke at the crest", f"{job.layout.stroke_um:g} um"),
            ("Outline off its place, on average", f"at most {limits.crest_um:g} um"),
            ("Edge, a tenth to nine tenths", f"at most {limits.edge_width_um:g} um"),
            ("Printed depth of every character, nominal strike", f"at least {limits.character_depth_um:g} um"),
            ("Printed depth of every tooth, nominal strike", f"at least {limits.tooth_depth_um:g} um"),
            ("Clocking of the mark to the datum", f"{job.pin.value.clocking_datum or 'no datum on this pin'}"),
        ),
    )
