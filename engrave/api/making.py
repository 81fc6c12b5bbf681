"""Serials in, a folder of machine files out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, PinName, known_of, mark_of, setup_of
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text_on, sha256_hex
from engrave.batch import (
    MOST_CSV_BYTES,
    BatchOutcome,
    Order,
    Orders,
    Progress,
    read_serials,
    require_free,
    run_batch,
    workshop_of,
)
from engrave.job.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    """Pins that can be made: which, by what, and the hash of what was given."""

    orders: Orders
    setup: Setup
    input_sha256: str


def plan(
    serials: Path,
    job: JobGiven,
    *,
    out: Path | None = None,
    formats: Sequence[str] | None = None,
    skip_bad: bool = False,
) -> Orders:
    """What ``batch`` would make of these rows, and the rows that it would skip; nothing is written.

    Raises as ``batch`` does, where ``out`` is given OccupiedError too.
    """
    ordered = _ordered(serials, job, formats, skip_bad=skip_bad)
    if out is not None:
        require_free(out, ordered.setup.job, input_sha256=ordered.input_sha256)
    return ordered.orders


def batch(
    serials: Path,
    out: Path,
    job: JobGiven,
    *,
    formats: Sequence[str] | None = None,
    workers: int = 1,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> BatchOutcome:
    """Make every pin of a CSV file into a folder; called again, it resumes.

    Raises InputError with every fault of the job, the formats and the rows (with ``skip_bad`` bad rows are passed over,
    unless all are bad), OccupiedError and UnfinishedError.
    """
    return _run(_ordered(serials, job, formats, skip_bad=skip_bad), out, workers=workers, progress=progress or _silent)


def make(
    serial: str, *, maker: str, model: str, out: Path, job: JobGiven, formats: Sequence[str] | None = None
) -> BatchOutcome:
    """Make one pin into a folder laid out as a batch's. Raises as ``batch``."""
    faults: list[str] = []
    known = known_of(job, faults, formats=formats)
    setup = setup_of(job, known, faults)
    mark = mark_of(PinName(serial=serial, maker=maker, model=model), known, faults)
    if setup is None or mark is None or faults:
        raise InputError(faults)
    order = Order(line=0, serial=mark.serial, maker=mark.maker, model=mark.model, lot="")
    named = f"{mark.serial}\n{mark.maker}\n{mark.model}"
    ordered = _Ordered(
        orders=Orders(good=((order, mark),), bad=()), setup=setup, input_sha256=sha256_hex(named.encode())
    )
    return _run(ordered, out, workers=1, progress=_silent)


def _silent(_done: int, _total: int, _characters: str) -> None:
    """No progress."""


def _run(ordered: _Ordered, out: Path, *, workers: int, progress: Progress) -> BatchOutcome:
    # Before the checker is made, which takes a second.
    require_free(out, ordered.setup.job, input_sha256=ordered.input_sha256)
    return run_batch(
        ordered.orders,
        workshop_of(ordered.setup),
        out,
        input_sha256=ordered.input_sha256,
        workers=workers,
        progress=progress,
    )


def _ordered(serials: Path, job: JobGiven, formats: Sequence[str] | None, *, skip_bad: bool) -> _Ordered:
    """Everything that was given, read and joined. Raises InputError with every fault in any of it."""
    faults: list[str] = []
    known = known_of(job, faults, formats=formats)
    setup = setup_of(job, known, faults)
    text, orders = "", Orders(good=(), bad=())
    with Collecting(faults):
        text = read_text_on(serials, most=MOST_CSV_BYTES, faults=faults)
        orders = read_serials(text, job=known.job, ranges=known.ranges, origin=serials.name)
    if faults or not skip_bad or not orders.good:
        raise_faults([*faults, *orders.faults])
    if setup is None:
        raise InputError(faults)
    return _Ordered(orders=orders, setup=setup, input_sha256=sha256_hex(text.encode()))


def plan_to_json(orders: Orders) -> dict[str, Any]:
    """A plan as the JSON object ``pin-engrave/plan/1``."""
    rows = [
        {
            "line": order.line,
            "serial": mark.serial,
            "maker": mark.maker,
            "model": mark.model,
            "characters": mark.characters,
        }
        for order, mark in orders.good
    ]
    return {"schema": "pin-engrave/plan/1", "pins": rows, "skipped": _skipped(orders.bad)}


def outcome_to_json(outcome: BatchOutcome) -> dict[str, Any]:
    """What a batch came to as the JSON object ``pin-engrave/outcome/1``."""
    return {
        "schema": "pin-engrave/outcome/1",
        "folder": str(outcome.folder),
        "verdict": "pass" if outcome.good else "fail",
        "made": outcome.made,
        "pins": [
            {
                "line": pin.order.line,
                "serial": pin.mark.serial,
                "maker": pin.mark.maker,
                "model": pin.mark.model,
                "characters": pin.mark.characters,
                "verdict": "pass" if pin.passed else "fail",
                "findings": list(pin.findings),
            }
            for pin in outcome.pins
        ],
        "skipped": _skipped(outcome.skipped),
    }


def _skipped(bad: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"line": line, "reason": reason} for line, reason in bad]
