"""The QA report of a batch, from what stands in its folder: ``index.html``, and its table as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engrave.base.config import parse_json
from engrave.base.durations import Duration
from engrave.base.errors import InputError, UnfinishedError
from engrave.base.files import read_bytes, sha256_hex
from engrave.base.version import tool_version
from engrave.batch.folder import CHECK, MANIFEST, PINS
from engrave.batch.pin import VIEWS
from engrave.code.mark import MARK_SCHEMA, Mark, mark_from_json
from engrave.job import Job
from engrave.job.setup import Setup
from engrave.layout import Places, lay_out
from engrave.layout.places import RAISED
from engrave.report import Depth, PinRow, StrikeRow, Summary, write_page
from engrave.report.page_data import COLUMNS, cells_of
from engrave.report.pin_views import VIEWS_SCHEMA
from engrave.strike import Condition
from engrave.verify.check import CHECK_SCHEMA
from toolpaths.findings import Finding, Severity

MARK = "mark.json"
_MOST_BYTES = 100_000_000
_LANDS = ("glyphs", "ring_cells", "shapes")
_SIGNING = "pin-engrave registry signoff FOLDER --meaning 'reviewed and released' --registry REGISTRY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the manifest of a finished folder records, or will.

    pins : its objects, each a pin with the hashes of its files; they are read more than once. files : hashes of those
    beside the page. skipped : its objects, line and reason.
    """

    pins: Iterable[Mapping[str, Any]]
    files: Mapping[str, str]
    skipped: Sequence[Mapping[str, Any]]


def write_index(out: BinaryIO, folder: Path, recorded: Recorded, setup: Setup) -> None:
    """Write ``index.html`` over the finished folders of these pins.

    Raises InputError where a file that it is made from is missing, damaged, or not the one that is recorded.
    """
    write_page(out, page_rows(folder, recorded, setup), summary=page_summary(folder, recorded, setup))


def table_csv(folder: Path, recorded: Recorded, setup: Setup) -> bytes:
    """The table of the page as CSV: UTF-8, a header, no cell that a spreadsheet takes for a formula (CWE-1236)."""
    from engrave.registry.sheets import guarded  # noqa: PLC0415 - start-up

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in page_rows(folder, recorded, setup):
        writer.writerow([guarded(cell) for cell in cells_of(row)])
    return text.getvalue().encode()


def time_in(check: Mapping[str, Any]) -> Duration | None:
    """How long a pin takes by its ``check.json``; None where that does not say."""
    time = check.get("time")
    return Duration(seconds=time["total_s"], at_least=time["is_least"]) if time else None


def priors_in(check: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Name and source of every prior that a ``check.json`` names."""
    return tuple((entry["of"], entry["source"]) for entry in check.get("priors", ()))


def _figures(checks: Iterator[dict[str, Any]]) -> tuple[Duration | None, tuple[tuple[str, str], ...]]:
    """The time of all pins together, None where one is not known, and every prior that a check names."""
    times: list[Duration | None] = []
    priors: dict[tuple[str, str], None] = {}
    for check in checks:
        times.append(time_in(check))
        priors.update(dict.fromkeys(priors_in(check)))
    return Duration.of_all(times), tuple(priors)


def page_summary(folder: Path, recorded: Recorded, setup: Setup) -> Summary:
    """What the page says of the whole batch; raises as ``write_index``."""
    times, priors = _figures(_document(folder, pin, CHECK, CHECK_SCHEMA) for pin in recorded.pins)
    job = setup.job
    facts = [
        ("Job", job.name),
        ("Tip", f"{job.pin.name}: {job.pin.value.description}"),
        ("Process", job.process.name),
        ("Machine", job.machine.name),
        ("Primer", f"{job.primer.name}: {job.primer.value.description}"),
        ("Relief", f"{job.relief_um:g} um"),
        ("Profile and face", f"{job.layout.profile}, {job.layout.face}"),
        ("Made by", f"pin-engrave {tool_version()}"),
    ]
    if times is not None:
        facts.append(("Machine time", f"{times.told()} for all pins, estimated, without loading and focusing"))
    return Summary(
        title=f"Batch of job {job.name}",
        facts=tuple(facts),
        conditions=tuple((entry.name, _blow(entry.value)) for entry in job.conditions),
        priors=priors,
        sources=_sources(job),
        # The manifest holds the hash of this page, so this page cannot hold the manifest's.
        files=(*recorded.files.items(), (MANIFEST, "")),
        skipped=tuple((row["line"], row["reason"]) for row in recorded.skipped),
        radius_um=round(float(np.hypot(*setup.places.outline_um().T).max()), 1),
        dark="land, raised on the pin" if job.layout.polarity == RAISED else "cut into the pin",
        signing=_SIGNING if job.registry is not None else "",
    )


def _sources(job: Job) -> tuple[tuple[str, str], ...]:
    """Name and source of every figure of the job that is no prior."""
    shelved = (job.pin, job.process, job.machine, job.primer, *job.conditions)
    return tuple(
        (f"{entry.name}: {key}", source.text)
        for entry in shelved
        for key, source in entry.sources.items()
        if not source.prior
    )


def _blow(condition: Condition) -> str:
    """How hard a condition strikes, as it was given."""
    return f"{condition.energy_j:g} J" if condition.dent_um is None else f"dent {condition.dent_um:g} um"


def page_rows(folder: Path, recorded: Recorded, setup: Setup) -> Iterator[PinRow]:
    """What the page says of each pin, one at a time; raises as ``write_index``."""
    return (_row(folder, pin, setup) for pin in recorded.pins)


def _row(folder: Path, pin: Mapping[str, Any], setup: Setup) -> PinRow:
    place = folder / PINS / str(pin["characters"])
    mark = mark_from_json(_document(folder, pin, MARK, MARK_SCHEMA), origin=str(place / MARK))
    if mark.characters != pin["characters"]:
        raise InputError(f"{place / MARK}: is the mark of {mark.characters}; put each pin back into its own folder")
    check = _document(folder, pin, CHECK, CHECK_SCHEMA)
    reading, time = check["reading"] or {}, time_in(check)
    return PinRow(
        line=pin["line"],
        serial=mark.serial,
        maker=mark.maker,
        model=mark.model,
        lot=pin["lot"],
        characters=mark.characters,
        ring=mark.ring,
        id=mark.id,
        tip=setup.job.pin.name,
        profile=mark.profile,
        verdict=check["verdict"],
        reading=reading.get("characters") or "",
        reading_serial=reading.get("serial") or "",
        findings=tuple(_finding(entry) for entry in check["findings"]),
        depths=tuple(_depth(entry) for kind in _LANDS for entry in check[kind]),
        strikes=tuple(_strike(name, entry, mark, setup) for name, entry in check["conditions"].items()),
        layout=lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes),
        views=_document(folder, pin, VIEWS, VIEWS_SCHEMA) if VIEWS in pin["files"] else None,
        files=tuple(pin["files"].items()),
        time_s=None if time is None else time.seconds,
        time="" if time is None else time.told(),
    )


def _document(folder: Path, pin: Mapping[str, Any], name: str, schema: str) -> dict[str, Any]:
    """A document of a pin's folder, as it is recorded. Raises InputError, and UnfinishedError where it was changed."""
    path = folder / PINS / str(pin["characters"]) / name
    data = read_bytes(path, most=_MOST_BYTES)
    if sha256_hex(data) != pin["files"].get(name):
        raise UnfinishedError(f"{path}: is not the file that is on record; put it back, or repeat the batch's command")
    try:
        return parse_json(data.decode(), origin=str(path), schema=schema)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; put the document back as it was made") from error


def _depth(entry: Mapping[str, Any]) -> Depth:
    return Depth(
        place=entry["place"],
        shows=entry["shows"],
        depth_um=entry["depth_um"],
        limit_um=entry["limit_um"],
        contrast=entry["contrast"],
        share=entry["printed_share"],
        edge_um=entry["edge_width_um"],
    )


def _strike(name: str, entry: Mapping[str, Any], mark: Mark, setup: Setup) -> StrikeRow:
    reading = entry["reading"]
    other = reading["runner_up"]
    return StrikeRow(
        condition=name,
        dent_um=entry["dent_um"],
        contact_um=entry["contact_um"],
        pressure=entry["pressure_over_yield"],
        characters=reading["characters"] if reading["found"] else "",
        ring_wrong=_wrong(reading["ring"], mark.ring, setup.places) if reading["found"] else None,
        names=_named(reading),
        posterior="" if reading["posterior"] is None else _chance(reading["posterior"]),
        runner_up="" if other is None else f"{other['characters']}, {_chance(other['posterior'])}",
    )


def _chance(told: float) -> str:
    """A posterior as a document tells it, rounded down to six decimals: there 0 is no certainty."""
    return f"{told:.6f}" if told > 0 else "below 0.000001"


def _named(reading: Mapping[str, Any]) -> str:
    """The pin that a reading names, in words; empty for none."""
    if not reading["identified"]:
        return ""
    if reading["serial"] is None:
        return "no serial of this job"
    return f"{reading['serial']} ({reading['maker']}, {reading['model']})"


def _wrong(read: Sequence[str], intended: Sequence[str], places: Places) -> int:
    """Cells that have a place on the tip and were read otherwise, or not at all."""
    return sum(read[place.track][place.sector] != intended[place.track][place.sector] for place in places.teeth)


def _finding(entry: Mapping[str, Any]) -> Finding:
    return Finding(**{**entry, "severity": Severity(entry["severity"])})
