"""Serials in, a folder of machine files out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, Known, known_of, setup_of
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text_on, sha256_hex
from engrave.batch import (
    MOST_CSV_BYTES,
    BatchOutcome,
    Naming,
    Order,
    Orders,
    Progress,
    Record,
    binding_for,
    named_by,
    read_serials,
    require_free,
    run_batch,
    scheduler_address,
    silent,
    workshop_of,
)
from engrave.code.mark import Mark
from engrave.code.ranges import normalised_pin
from engrave.job.setup import Setup
from engrave.provenance import PrivateKey, load_private_key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    """Pins that can be made: which, by what, and the hash of what was given."""

    orders: Orders
    setup: Setup
    input_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryGiven:
    """The registry that gives the codes, by its address, and who asks it: the login name where None."""

    address: str
    actor: str | None = None


def plan(
    serials: Path,
    job: JobGiven,
    *,
    out: Path | None = None,
    formats: Sequence[str] | None = None,
    skip_bad: bool = False,
    registry: RegistryGiven | None = None,
    sign: str | None = None,
) -> Orders:
    """What ``batch`` would make of these rows, and the rows that it would skip; nothing is written.

    Raises as ``batch`` does, where ``out`` is given OccupiedError too.
    """
    if sign is not None:
        load_private_key(sign)
    with _recorded(registry) as record:
        ordered = _ordered(serials, job, formats, skip_bad=skip_bad, record=record, out=out)
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
    registry: RegistryGiven | None = None,
    scheduler: str | None = None,
    sign: str | None = None,
) -> BatchOutcome:
    """Make every pin of a CSV file into a folder; called again, it resumes.

    With a registry it gives the codes, each pin's for good, before work begins, and learns what came of them. With the
    address of a Dask ``scheduler`` its cluster makes the pins, and ``workers`` processes here the trays. The manifest
    is signed by the private key that ``sign`` names: a file, or ``keyring:NAME``.

    Raises InputError with every fault of the job, the formats and the rows (with ``skip_bad`` bad rows are passed over,
    unless all are bad), or where the cluster or the key is none for us; OccupiedError and UnfinishedError;
    KeyboardInterrupt, which says how many pins there are.
    """
    if scheduler is not None:
        scheduler_address(scheduler)
    key = None if sign is None else load_private_key(sign)
    with _recorded(registry) as record:
        ordered = _ordered(serials, job, formats, skip_bad=skip_bad, record=record, out=out)
        progress = progress or silent
        return _run(ordered, out, workers=workers, progress=progress, record=record, scheduler=scheduler, key=key)


def make(
    serial: str,
    *,
    maker: str,
    model: str,
    out: Path,
    job: JobGiven,
    formats: Sequence[str] | None = None,
    registry: RegistryGiven | None = None,
    sign: str | None = None,
) -> BatchOutcome:
    """Make one pin into a folder laid out as a batch's, and sign it as ``batch``. Raises as ``batch``."""
    key = None if sign is None else load_private_key(sign)
    with _recorded(registry) as record:
        faults: list[str] = []
        known = _bound(known_of(job, faults, formats=formats), record, faults)
        setup = setup_of(job, known, faults)
        pin: tuple[str, str, str] | None = None
        with Collecting(faults):
            pin = normalised_pin(maker, model, serial)
        if pin is None:
            raise InputError(faults)
        order = Order(line=0, serial=pin[2], maker=pin[0], model=pin[1], lot="")
        input_sha256 = sha256_hex(f"{order.serial}\n{order.maker}\n{order.model}".encode())
        naming = _naming(known, record, out, input_sha256)
        answer = naming([order])[0] if naming is not None else ()
        if not isinstance(answer, Mark):
            raise InputError([*faults, *answer])
        if setup is None or faults:
            raise InputError(faults)
        orders = Orders(good=((order, answer),), bad=())
        ordered = _Ordered(orders=orders, setup=setup, input_sha256=input_sha256)
        return _run(ordered, out, workers=1, progress=silent, record=record, key=key)


@contextmanager
def _recorded(given: RegistryGiven | None) -> Iterator[Record | None]:
    """The registry opened, if one was given."""
    if given is None:
        yield None
        return
    from engrave.api.record import stamp_of  # noqa: PLC0415 - start-up
    from engrave.registry.connection import reading  # noqa: PLC0415 - start-up
    from engrave.registry.store import identity_of, opened  # noqa: PLC0415 - start-up

    stamp = stamp_of(given.actor)
    with opened(given.address) as registry:
        with reading(registry) as connection:
            identity = identity_of(connection)
        yield Record(registry=registry, identity=identity, stamp=stamp)


def _bound(known: Known, record: Record | None, faults: list[str]) -> Known:
    """The job as one whose codes the registry gives; what speaks against that goes on the list."""
    if record is not None and known.job is not None:
        with Collecting(faults):
            return replace(known, job=record.bound(known.job))
    return known


def _naming(known: Known, record: Record | None, out: Path | None, input_sha256: str) -> Naming | None:
    """How pins get their marks: from the registry, or by the job's ranges; None where the job's faults forbid it."""
    if record is None:
        return named_by(known.ranges, known.profile) if known.ranges is not None else None
    if known.job is None:
        return None
    binding = binding_for(known.job, input_sha256=input_sha256)
    return record.naming(known.job, out, binding)


def _run(
    ordered: _Ordered,
    out: Path,
    *,
    workers: int,
    progress: Progress,
    record: Record | None,
    scheduler: str | None = None,
    key: PrivateKey | None = None,
) -> BatchOutcome:
    # Before the checker is made, which takes a second.
    require_free(out, ordered.setup.job, input_sha256=ordered.input_sha256)
    return run_batch(
        ordered.orders,
        workshop_of(ordered.setup),
        out,
        input_sha256=ordered.input_sha256,
        workers=workers,
        progress=progress,
        record=record,
        scheduler=scheduler,
        key=key,
    )


def _ordered(
    serials: Path,
    job: JobGiven,
    formats: Sequence[str] | None,
    *,
    skip_bad: bool,
    record: Record | None,
    out: Path | None,
) -> _Ordered:
    """Everything that was given, read and joined. Raises InputError with every fault in any of it."""
    faults: list[str] = []
    known = _bound(known_of(job, faults, formats=formats), record, faults)
    setup = setup_of(job, known, faults)
    text, orders = "", Orders(good=(), bad=())
    with Collecting(faults):
        text = read_text_on(serials, most=MOST_CSV_BYTES, faults=faults)
        naming = _naming(known, record, out, sha256_hex(text.encode()))
        orders = read_serials(text, job=known.job, ranges=known.ranges, origin=serials.name, naming=naming)
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
