"""What becomes of marks on record: steps forward, a void, and a new mark for a pin that is replaced."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from engrave.base.errors import InputError, raise_faults
from engrave.registry.chain import Addition, Stamp, append
from engrave.registry.connection import Registry, reading, writing
from engrave.registry.issuing import VOID, Issued, Pin, current_marks, mark_rows, marks_where, new_marks
from engrave.registry.schema import STATES, marks, steps

_CHUNK = 5_000


def advance(registry: Registry, ids: Sequence[int], state: str, told: Mapping[str, Any], stamp: Stamp) -> int:
    """Take marks a step forward, to ``state``; those that are there already or further are passed over.

    How many took it; ``told`` goes into the event. Raises InputError where one is not on record, or is void.
    """
    rank = STATES.index(state)
    with writing(registry) as connection:
        known = _by_id(connection, ids)
        faults = [f"mark {identifier}: is not on record" for identifier in ids if identifier not in known]
        faults += [
            f"{named(mark)}: its mark is void, and cannot be {state}"
            for mark in known.values()
            if mark.state == VOID and rank < VOID
        ]
        raise_faults(faults)
        return _step(connection, known.values(), rank, told, stamp)


def _step(connection: Connection, found: Iterable[Issued], rank: int, told: Mapping[str, Any], stamp: Stamp) -> int:
    """Put on record that these marks are of that rank now, but for those that are already; how many."""
    rows = [{"mark": identifier, "state": rank} for identifier in {mark.id for mark in found if mark.state < rank}]
    if rows:
        append(connection, Addition(kind=STATES[rank], told=told, rows={steps: rows}), stamp)
    return len(rows)


def _by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Issued]:
    found: dict[int, Issued] = {}
    for start in range(0, len(ids), _CHUNK):
        condition = marks.c.id.in_(ids[start : start + _CHUNK])
        found |= {mark.id: mark for mark in marks_where(connection, condition)}
    return found


def void(registry: Registry, pins: Sequence[Pin], reason: str, stamp: Stamp) -> tuple[Issued, ...]:
    """End the marks of pins that were spoilt, lost or retired, for good; those void already are passed over.

    The marks as they were. Raises InputError where a pin is not on record, or no reason is given.
    """
    told = {"reason": _said(reason)}
    with writing(registry) as connection:
        found = _required(connection, pins)
        _step(connection, found, VOID, told, stamp)
    return found


def reissue(registry: Registry, pin: Pin, reason: str, stamp: Stamp) -> tuple[Issued, Issued]:
    """A new mark for a pin that is replaced, out of its model's pool; the old one is void from then on.

    The old mark and the new one, which names it. Raises InputError where the pin is not on record, there is no reason,
    or the model's pool has no id left.
    """
    told = {"reason": _said(reason)}
    with writing(registry) as connection:
        old = _required(connection, [pin])[0]
        faults: dict[Pin, list[str]] = {}
        added = new_marks(connection, [(pin, old)], faults)
        raise_faults(faults[pin])
        rows = mark_rows(added)
        if old.state < VOID:
            rows = {**rows, steps: [{"mark": old.id, "state": VOID}, *rows[steps]]}
        append(connection, Addition(kind="reissued", told=told, rows=rows), stamp)
    return old, added[0][0]


def current(registry: Registry, pins: Sequence[Pin]) -> tuple[Issued, ...]:
    """The newest mark of each pin. Raises InputError where one is not on record."""
    with reading(registry) as connection:
        return _required(connection, pins)


def _required(connection: Connection, pins: Sequence[Pin]) -> tuple[Issued, ...]:
    known = current_marks(connection, pins)
    raise_faults([f"serial {pin[2]!r} of ({pin[0]}, {pin[1]}): is not on record" for pin in pins if pin not in known])
    return tuple(known[pin] for pin in pins)


def named(mark: Issued) -> str:
    """A pin as messages name it."""
    return f"serial {mark.serial!r} of ({mark.maker}, {mark.model})"


def _said(reason: str) -> str:
    if not reason.strip() or not reason.isprintable():
        raise InputError("reason: is empty or cannot be printed; say in a few words why")
    return reason.strip()
