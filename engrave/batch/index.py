"""The QA report of a batch, from what stands in its folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engrave.base.durations import Duration
from engrave.base.errors import UnfinishedError
from engrave.base.version import tool_version
from engrave.batch.folder import CHECK, JOB, MANIFEST, load_check
from engrave.batch.pin import IMPRESSION, Workshop, file_names
from engrave.code.mark import Mark
from engrave.job import prior_notes
from engrave.layout import lay_out
from engrave.report import Depth, PinRow, Summary, index_html, layout_png
from engrave.strike import Condition
from toolpaths.findings import Finding, Severity

_THUMBNAIL_PX = 220


def index_page(pins: Path, marks: Sequence[Mark], workshop: Workshop, *, trays: Sequence[str] = ()) -> bytes:
    """``index.html`` over the finished folders of these marks; trays : names of the trays' files."""
    job = workshop.setup.job
    facts: tuple[tuple[str, str], ...] = (
        ("Job", job.name),
        ("Tip", f"{job.pin.name}: {job.pin.value.description}"),
        ("Process", job.process.name),
        ("Machine", job.machine.name),
        ("Primer", f"{job.primer.name}: {job.primer.value.description}"),
        ("Conditions", ", ".join(f"{entry.name} ({_blow(entry.value)})" for entry in job.conditions)),
        ("Relief", f"{job.relief_um:g} um"),
        ("Profile and face", f"{job.layout.profile}, {job.layout.face}"),
        ("Made by", f"pin-engrave {tool_version()}"),
    )
    rows: list[PinRow] = []
    times: list[Duration | None] = []
    for mark in marks:
        check = _check(pins / mark.characters)
        times.append(time_in(check))
        rows.append(_row(pins / mark.characters, mark, check, workshop))
    if (together := Duration.of_all(times)) is not None:
        told = f"{together.told()} for all pins, estimated, without loading and focusing"
        facts = (*facts, ("Machine time", told))
    beside = (JOB, MANIFEST, *trays)
    summary = Summary(title=f"Batch of job {job.name}", facts=facts, priors=prior_notes(job), files=beside)
    return index_html(rows, summary=summary)


def time_in(check: dict[str, Any]) -> Duration | None:
    """How long a pin takes by its ``check.json``; None where that does not say."""
    time = check.get("time")
    return Duration(seconds=time["total_s"], at_least=time["is_least"]) if time else None


def _blow(condition: Condition) -> str:
    """How hard a condition strikes, as it was given."""
    return f"{condition.energy_j:g} J" if condition.dent_um is None else f"dent {condition.dent_um:g} um"


def _check(folder: Path) -> dict[str, Any]:
    check = load_check(folder)
    if check is None:
        raise UnfinishedError(f"{folder / CHECK}: has been changed while the batch was made; repeat the command")
    return check


def _row(folder: Path, mark: Mark, check: dict[str, Any], workshop: Workshop) -> PinRow:
    setup = workshop.setup
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    reading = check["reading"] or {}
    impression, time = folder / IMPRESSION, time_in(check)
    return PinRow(
        serial=mark.serial,
        maker=mark.maker,
        model=mark.model,
        characters=mark.characters,
        verdict=check["verdict"],
        reading=reading.get("characters") or "",
        reading_serial=reading.get("serial") or "",
        findings=tuple(_finding(entry) for entry in check["findings"]),
        depths=_depths(check),
        layout_png=layout_png(layout, title="", width_px=_THUMBNAIL_PX),
        impression_png=impression.read_bytes() if impression.is_file() else None,
        files=tuple(name for name in sorted(file_names(setup.job)) if (folder / name).is_file()),
        time="" if time is None else time.told(),
    )


def _depths(check: dict[str, Any]) -> tuple[Depth, ...]:
    """Every character, and of each ring track the tooth that prints shallowest."""
    shallowest: dict[str, dict[str, Any]] = {}
    for cell in check["ring_cells"]:
        track = cell["place"].split(",")[0]
        if track not in shallowest or _depth(cell) < _depth(shallowest[track]):
            shallowest[track] = cell
    return tuple(
        Depth(place=cell["place"], shows=cell["shows"], depth_um=cell["depth_um"], limit_um=cell["limit_um"])
        for cell in [*check["glyphs"], *shallowest.values()]
    )


def _depth(cell: dict[str, Any]) -> float:
    return float("-inf") if cell["depth_um"] is None else float(cell["depth_um"])


def _finding(entry: dict[str, Any]) -> Finding:
    return Finding(**{**entry, "severity": Severity(entry["severity"])})
