"""Giving pins their codes, and what becomes of them: issued, engraved in one folder, step by step forward, replaced."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.code.alphabet import characters_of
from engrave.code.codeword import codes_of, codewords_of
from engrave.code.ranges import OutsideRangesError, RangeTable
from engrave.registry.chain import Addition, Rows, Stamp, append, head_of
from engrave.registry.connection import Registry, reading, writing
from engrave.registry.schema import LONGEST_LOT, STATES, engravings, marks, models, steps
from engrave.registry.store import Recorded, count_anew, known_rank, recorded_ranges

ALLOCATED, VOID = STATES.index("allocated"), STATES.index("void")

Pin = tuple[str, str, str]
"""Maker, model and serial, normalised."""

_CHUNK = 5_000
# Of new marks: from so many on the database counts anew, which takes PostgreSQL 3 ms then and 45 ms for 50,000.
_MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A mark on record.

    ``issue`` counts from 0, once more for every replacement; ``replaces`` is the id of the mark it replaces, ``state``
    the rank of its furthest step, ``binding`` the hash of the input and job that it was engraved by, or None, and
    ``folder`` what names the folder.
    """

    id: int
    code: int
    maker: str
    model: str
    serial: str
    issue: int
    replaces: int | None
    state: int
    binding: str | None
    folder: str
    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The folder that pins are to be engraved in: the hash of what it is made from, and a name that no other has.

    ``fresh``: it was not finished before, so that no pin of it may have been engraved in a folder of another name.
    """

    binding: str
    profile: str
    fresh: bool
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What ``issue`` would come to now: a mark for each pin, and what speaks against pins, by pin."""

    marks: Mapping[Pin, Issued]
    faults: Mapping[Pin, Sequence[str]]
    added: Sequence["New"]


def issue(
    registry: Registry,
    pins: Sequence[Pin],
    stamp: Stamp,
    *,
    claim: Claim | None = None,
    lots: Sequence[str] = (),
) -> tuple[Issued, ...]:
    """The mark of every pin, in one transaction: the one on record, or a new one, ids given out in the pins' order.

    With a claim, the pins are put on record as engraved by it, each with its lot where ``lots`` are given, one for each
    pin. The marks are as they are on record then. Raises InputError with every fault (a serial in no range, a pool
    that is used up, a pin that is void or engraved elsewhere, a lot that cannot be printed), and as ``writing`` does.
    """
    faults = list(_lot_faults(pins, lots, claim))
    with writing(registry) as connection:
        foreseen = _foreseen(connection, pins, claim)
        raise_faults([*faults, *(fault for found in foreseen.faults.values() for fault in found)])
        wanted = tuple(foreseen.marks[pin] for pin in pins)
        claimed = [] if claim is None else _claim_rows(wanted, claim, lots)
        if foreseen.added or claimed:
            rows = {**mark_rows(foreseen.added), engravings: claimed}
            told = {} if claim is None else {"binding": claim.binding}
            append(connection, Addition(kind="allocated", told=told, rows=rows), stamp)
        if len(foreseen.added) >= _MANY:
            count_anew(connection)
    return wanted if claim is None else tuple(_as_claimed(mark, claim) for mark in wanted)


def _lot_faults(pins: Sequence[Pin], lots: Sequence[str], claim: Claim | None) -> Iterator[str]:
    if lots and claim is None:
        yield "lots: are those of pins that are engraved; give a claim, too"
    if lots and len(lots) != len(pins):
        yield f"lots: {len(lots)} for {len(pins)} pins; give one for each, or none"
    for (maker, model, serial), lot in zip(pins, lots, strict=False):
        if not lot.isprintable() or len(lot) > LONGEST_LOT:
            yield f"serial {serial!r} of ({maker}, {model}): its lot must be {LONGEST_LOT} printable characters at most"


def _as_claimed(mark: Issued, claim: Claim) -> Issued:
    return mark if mark.binding is not None else replace(mark, binding=claim.binding, folder=claim.folder)


def foresee(registry: Registry, pins: Sequence[Pin], claim: Claim | None = None) -> Foreseen:
    """What ``issue`` would come to now; nothing is written, so that another call may be given a pool's ids before."""
    with reading(registry) as connection:
        return _foreseen(connection, pins, claim)


def _foreseen(connection: Connection, pins: Sequence[Pin], claim: Claim | None) -> Foreseen:
    known = current_marks(connection, pins)
    faults = {pin: list(_refusals(mark, claim)) for pin, mark in known.items()}
    missing = list(dict.fromkeys(pin for pin in pins if pin not in known))
    added = new_marks(connection, [(pin, None) for pin in missing], faults)
    return Foreseen(
        marks={**known, **{(mark.maker, mark.model, mark.serial): mark for mark, _ in added}},
        faults={pin: faults[pin] for pin in dict.fromkeys(pins) if faults.get(pin)},
        added=added,
    )


def current_marks(connection: Connection, pins: Iterable[Pin]) -> dict[Pin, Issued]:
    """The newest mark of every pin that has one."""
    found: dict[Pin, Issued] = {}
    serials: dict[tuple[str, str], list[str]] = {}
    for maker, model, serial in pins:
        serials.setdefault((maker, model), []).append(serial)
    for (maker, model), wanted in serials.items():
        stream = iter(wanted)
        while chunk := list(islice(stream, _CHUNK)):
            condition = (models.c.maker == maker) & (models.c.model == model) & marks.c.serial.in_(chunk)
            for mark in marks_where(connection, condition):
                found[maker, model, mark.serial] = mark
    return found


def marks_where(connection: Connection, condition: Any) -> Iterator[Issued]:  # noqa: ANN401 - an SQL expression
    """The marks that fit a condition on ``marks`` and ``models``; of one pin's the newest last.

    Raises InputError where the record was altered.
    """
    state = select(func.max(steps.c.state)).where(steps.c.mark == marks.c.id).scalar_subquery()
    query = (
        select(
            marks,
            models.c.maker,
            models.c.model.label("model_name"),
            state.label("state"),
            engravings.c.binding,
            engravings.c.folder,
        )
        .join(models, models.c.id == marks.c.model)
        .outerjoin(engravings, engravings.c.mark == marks.c.id)
        .where(condition)
        .order_by(marks.c.issue, marks.c.id)
    )
    for row in connection.execute(query):
        yield Issued(
            id=row.id,
            code=row.code,
            maker=row.maker,
            model=row.model_name,
            serial=row.serial,
            issue=row.issue,
            replaces=row.replaces,
            state=known_rank(row.state, row.id),
            binding=row.binding,
            folder=row.folder or "",
            event=row.event,
        )


def _refusals(mark: Issued, claim: Claim | None) -> Iterator[str]:
    pin = f"serial {mark.serial!r} of ({mark.maker}, {mark.model})"
    if mark.state == VOID:
        yield f"{pin}: its mark is void; `pin-engrave registry reissue` gives it a new one"
    elif claim is not None and mark.binding is not None:
        if mark.binding != claim.binding:
            yield f"{pin}: was engraved by another input or job; void and reissue it to engrave it again"
        elif claim.fresh and not (claim.folder and mark.folder == claim.folder):
            yield f"{pin}: was engraved in another folder; name that folder to resume it, or reissue the pin"


def _claim_rows(wanted: Sequence[Issued], claim: Claim, lots: Sequence[str]) -> list[dict[str, Any]]:
    told = lots or [""] * len(wanted)
    rows = {
        mark.id: {
            "mark": mark.id,
            "binding": claim.binding,
            "profile": claim.profile,
            "lot": lot,
            "folder": claim.folder,
        }
        for mark, lot in zip(wanted, told, strict=True)
        if mark.binding is None
    }
    return list(rows.values())


Faults = dict[Pin, list[str]]

New = tuple[Issued, Recorded]
"""A mark that is not on record yet, and the range that its id is of."""


def new_marks(connection: Connection, wanted: Sequence[tuple[Pin, Issued | None]], faults: Faults) -> list[New]:
    """A new mark for each pin; beside it stands the mark that it replaces, if any. Faults go to those of the pin."""
    if not wanted:
        return []
    known = recorded_ranges(connection)
    table = RangeTable([entry.range for entry in known if entry.range is not None])
    by_model: dict[tuple[str, str], list[Recorded]] = {}
    for entry in sorted(known, key=lambda entry: entry.ids):
        by_model.setdefault((entry.maker, entry.model), []).append(entry)
    pools: dict[tuple[str, str], Iterator[tuple[int, Recorded]]] = {}
    given: list[tuple[Pin, Issued | None, int, Recorded]] = []
    for pin, replaced in wanted:
        own = by_model.get(pin[:2], [])
        free = pools.setdefault(pin[:2], _free(connection, own))
        with Collecting(faults.setdefault(pin, [])):
            given.append((pin, replaced, *_place(pin, replaced, table, own, free)))
    codes = codes_of(np.array([identifier for _, _, identifier, _ in given], dtype=np.int64)).tolist()
    event = head_of(connection).seq + 1
    return [
        (
            Issued(
                id=identifier,
                code=code,
                maker=pin[0],
                model=pin[1],
                serial=pin[2],
                issue=0 if replaced is None else replaced.issue + 1,
                replaces=None if replaced is None else replaced.id,
                state=ALLOCATED,
                binding=None,
                folder="",
                event=event,
            ),
            entry,
        )
        for (pin, replaced, identifier, entry), code in zip(given, codes, strict=True)
    ]


def _place(
    pin: Pin,
    replaced: Issued | None,
    table: RangeTable,
    own: Sequence[Recorded],
    free: Iterator[tuple[int, Recorded]],
) -> tuple[int, Recorded]:
    """The id of a pin: by its range, or, where none holds it or that id is spent, the next of a pool.

    Raises InputError.
    """
    if replaced is None:
        try:
            identifier = table.identify(*pin)
        except OutsideRangesError:
            if not any(entry.range is None for entry in own):
                raise
        else:
            return identifier, own[bisect_right(own, identifier, key=lambda entry: entry.ids[0]) - 1]
    found = next(free, None)
    if found is None:
        maker, model, serial = pin
        state = "is used up" if any(entry.range is None for entry in own) else "is missing"
        raise InputError(
            f"serial {serial!r} of ({maker}, {model}): the pool of ids for it {state}; add one to the registry's ranges"
        )
    return found


def _free(connection: Connection, own: Sequence[Recorded]) -> Iterator[tuple[int, Recorded]]:
    """The ids that the pools have left, in order."""
    for pool in own:
        if pool.range is None:
            first, last = pool.ids
            spent = connection.execute(select(func.max(marks.c.id)).where(marks.c.id.between(first, last))).scalar()
            for identifier in range(first if spent is None else spent + 1, last + 1):
                yield identifier, pool


def mark_rows(added: Sequence[New]) -> Mapping[Any, Rows]:
    """What new marks add to the tables."""
    if not added:
        return {}
    codewords = codewords_of(np.array([mark.code for mark, _ in added], dtype=np.int64)).tolist()
    return {
        marks: [
            {
                "id": mark.id,
                "code": mark.code,
                "codeword": characters_of(codeword),
                "range": entry.id,
                "model": entry.model_id,
                "serial": mark.serial,
                "issue": mark.issue,
                "replaces": mark.replaces,
            }
            for (mark, entry), codeword in zip(added, codewords, strict=True)
        ],
        steps: [{"mark": mark.id, "state": mark.state} for mark, _ in added],
    }
