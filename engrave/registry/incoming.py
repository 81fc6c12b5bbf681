"""Marks that exist elsewhere, held against the record and added to it: what is there already is passed over."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select

from engrave.base.errors import Collecting
from engrave.code.alphabet import characters_of
from engrave.code.codeword import codes_of, codewords_of
from engrave.code.ranges import OutsideRangesError, RangeTable
from engrave.registry.chain import Addition, Rows, Stamp, append, canonical, head_of
from engrave.registry.issuing import VOID, Issued, New, Pin, current_marks, mark_rows, marks_where, new_marks
from engrave.registry.schema import engravings, marks, steps
from engrave.registry.staging import Arrival, Staging
from engrave.registry.store import Recorded, recorded_ranges
from engrave.registry.viewing import CHARACTERS

_LOOKED_UP = 5_000
_BINDING_LABEL = "pin-engrave/imported/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """An arrival and the mark on record that it is, if any; ``range`` holds the id of a new one, if that is known.

    ``engraved`` : whether it is on record by what it was engraved.
    """

    arrival: Arrival
    standing: Issued | None
    range: Recorded | None
    engraved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What is on record of the arrivals of one chunk; ``told`` are the ids that the file itself gives them."""

    ranges: Sequence[Recorded]
    table: RangeTable
    by_pin: Mapping[Pin, Issued]
    by_id: Mapping[int, Issued]
    engravings: Mapping[int, tuple[str, str, str]]
    told: Collection[int]

    def range_of(self, identifier: int) -> Recorded | None:
        """The range or pool that an id is of; ``ranges`` ascend."""
        place = bisect_right(self.ranges, identifier, key=lambda entry: entry.ids[0]) - 1
        found = self.ranges[place] if place >= 0 else None
        return found if found is not None and identifier <= found.ids[1] else None


def judge(connection: Connection, chunk: Sequence[Arrival], staged: Staging, faults: list[str]) -> list[_Judged]:
    """Hold arrivals against the record and one another; contradictions go on the list."""
    ranges = sorted(recorded_ranges(connection), key=lambda entry: entry.ids)
    table = RangeTable([entry.range for entry in ranges if entry.range is not None])
    by_pin = current_marks(connection, [arrival.pin for arrival in chunk])
    pools = {(entry.maker, entry.model) for entry in ranges if entry.range is None}
    known = []
    for arrival in chunk:
        with Collecting(faults, prefix=f"{staged.where(arrival)}: "):
            known.append(_identified(arrival, by_pin.get(arrival.pin), table, pools))
    wanted = {number for entry in known for number in (entry.id, entry.replaces) if number is not None}
    record = _Record(
        ranges=ranges,
        table=table,
        by_pin=by_pin,
        by_id=_marks_of(connection, wanted),
        engravings=_engravings_of(connection, wanted),
        told={arrival.id for arrival in chunk if arrival.id is not None},
    )
    faults += _misspelt(known, staged)
    return [_judged(arrival, record, staged, faults) for arrival in known]


def _misspelt(chunk: Sequence[Arrival], staged: Staging) -> Iterator[str]:
    """Arrivals whose characters are not those of their id, or would be given another mark's by a pool."""
    told = [arrival for arrival in chunk if arrival.characters]
    known = [arrival for arrival in told if arrival.id is not None]
    codes = codes_of(np.array([arrival.id for arrival in known], dtype=np.int64))
    for arrival, codeword in zip(known, codewords_of(codes).tolist(), strict=True):
        expected = characters_of(codeword[:CHARACTERS])
        if arrival.characters != expected:
            where = staged.where(arrival)
            yield f"{where}: characters {arrival.characters!r} are not those of id {arrival.id}, {expected!r}"
    for arrival in told:
        if arrival.id is None:
            yield f"{staged.where(arrival)}: characters {arrival.characters!r} without an id; `decode` tells their id"


def _identified(
    arrival: Arrival, standing: Issued | None, table: RangeTable, pools: Collection[tuple[str, str]]
) -> Arrival:
    """The arrival with its id, if the record or a range knows it; a pool's is not given out yet. Raises InputError."""
    if arrival.id is not None:
        return arrival
    if standing is not None:
        return replace(arrival, id=standing.id, issue=standing.issue, replaces=standing.replaces)
    try:
        return replace(arrival, id=table.identify(*arrival.pin))
    except OutsideRangesError:
        if (arrival.maker, arrival.model) not in pools:
            raise
    return arrival


def _marks_of(connection: Connection, ids: Iterable[int]) -> dict[int, Issued]:
    return {mark.id: mark for part in _parts(ids) for mark in marks_where(connection, marks.c.id.in_(part))}


def _engravings_of(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    found: dict[int, tuple[str, str, str]] = {}
    for part in _parts(ids):
        for row in connection.execute(select(engravings).where(engravings.c.mark.in_(part))):
            found[row.mark] = (row.binding, row.profile, row.lot)
    return found


def _parts(ids: Iterable[int]) -> list[list[int]]:
    every = sorted(ids)
    return [every[start : start + _LOOKED_UP] for start in range(0, len(every), _LOOKED_UP)]


def _judged(arrival: Arrival, record: _Record, staged: Staging, faults: list[str]) -> _Judged:
    found: list[str] = []
    standing = None if arrival.id is None else record.by_id.get(arrival.id)
    place = None
    if standing is not None:
        found += _differences(arrival, standing, record)
    else:
        place = _place_of(arrival, record, found)
        found += _newcomer_faults(arrival, record, staged)
    faults += [f"{staged.where(arrival)}: {fault}" for fault in found]
    engraved = arrival.id in record.engravings
    return _Judged(arrival=arrival, standing=standing, range=place, engraved=engraved)


def _differences(arrival: Arrival, standing: Issued, record: _Record) -> list[str]:
    """Where an arrival contradicts the mark on record that has its id."""
    if arrival.pin != (standing.maker, standing.model, standing.serial):
        other = f"serial {standing.serial!r} of ({standing.maker}, {standing.model})"
        return [f"id {arrival.id} is on record for {other}, not for {arrival.named}"]
    if (arrival.issue, arrival.replaces) != (standing.issue, standing.replaces):
        told = f"issue {standing.issue}, replacing {standing.replaces}"
        return [f"{arrival.named} is on record as {told}; the file says {arrival.issue} and {arrival.replaces}"]
    engraved = record.engravings.get(standing.id)
    if engraved is None or not arrival.engraved:
        return []
    binding, profile, lot = engraved
    if arrival.binding and (arrival.binding, arrival.profile) != (binding, profile):
        return [f"{arrival.named} is on record as engraved by {binding}, profile {profile}; the file says other"]
    if arrival.lot and arrival.lot != lot:
        return [f"{arrival.named} is on record with lot {lot!r}; the file says {arrival.lot!r}"]
    return []


def _place_of(arrival: Arrival, record: _Record, found: list[str]) -> Recorded | None:
    """The range of a new mark's id, which must give it this very id."""
    if arrival.id is None:
        return None
    place = record.range_of(arrival.id)
    if place is None or (place.maker, place.model) != (arrival.maker, arrival.model):
        found.append(f"id {arrival.id} lies in no range on record of ({arrival.maker}, {arrival.model})")
    elif place.range is not None and arrival.id in record.told and record.table.locate(arrival.id) != arrival.pin:
        maker, model, serial = record.table.locate(arrival.id) or ("", "", "")
        found.append(f"id {arrival.id} is that of serial {serial!r} of ({maker}, {model}), by its range")
    else:
        return place
    return None


def _newcomer_faults(arrival: Arrival, record: _Record, staged: Staging) -> list[str]:
    """Where a mark that is not on record contradicts its pin's others."""
    newest = record.by_pin.get(arrival.pin)
    if arrival.replaces is None:
        return [] if newest is None else [f"{arrival.named} is on record with id {newest.id}, not {arrival.id}"]
    if newest is not None and newest.issue >= arrival.issue:
        return [f"{arrival.named} is on record with id {newest.id} as issue {newest.issue} already"]
    replaced = _replaced(arrival.replaces, record, staged)
    if replaced is None:
        return [f"it replaces id {arrival.replaces}, which is neither on record nor in the file"]
    pin, issue, void = replaced
    if (pin, issue) != (arrival.pin, arrival.issue - 1):
        return [f"it replaces id {arrival.replaces}, which is not the issue before it of {arrival.named}"]
    return [] if void else [f"it replaces id {arrival.replaces}, which is not void"]


def _replaced(identifier: int, record: _Record, staged: Staging) -> tuple[Pin, int, bool] | None:
    """Pin, issue, and whether it is void, of a mark on record or in the file."""
    on_record, in_file = record.by_id.get(identifier), staged.with_id(identifier)
    void = (on_record is not None and on_record.state == VOID) or (in_file is not None and in_file.state == VOID)
    if on_record is not None:
        return (on_record.maker, on_record.model, on_record.serial), on_record.issue, void
    return None if in_file is None else (in_file.pin, in_file.issue, void)


def take_in(
    connection: Connection, chunk: Sequence[Arrival], staged: Staging, told: Mapping[str, Any], stamp: Stamp
) -> tuple[int, list[str]]:
    """Add what is not on record, within the caller's transaction; how many marks are new, and the faults.

    Where there are faults nothing is added.
    """
    faults: list[str] = []
    judged = judge(connection, chunk, staged, faults)
    new = [] if faults else _new(connection, judged, faults)
    if faults:
        return 0, faults
    rows = _rows(judged, new)
    if any(rows.values()):
        append(connection, Addition(kind="imported", told=told, rows=rows), stamp)
    return len(new), []


def _new(connection: Connection, judged: Sequence[_Judged], faults: list[str]) -> list[tuple[Arrival, New]]:
    """The marks that are to be added, those without an id with the next of their pool."""
    event = head_of(connection).seq + 1
    missing = [entry.arrival for entry in judged if entry.standing is None and entry.range is None]
    known = [(entry.arrival, entry.range) for entry in judged if entry.standing is None and entry.range is not None]
    codes = codes_of(np.array([arrival.id for arrival, _ in known], dtype=np.int64)).tolist()
    identified = [
        (arrival, (_issued(arrival, code, event), place)) for (arrival, place), code in zip(known, codes, strict=True)
    ]
    refused: dict[Pin, list[str]] = {}
    pooled = new_marks(connection, [(arrival.pin, None) for arrival in missing], refused)
    faults += [fault for told in refused.values() for fault in told]
    return [*identified, *zip(missing, pooled, strict=False)]


def _issued(arrival: Arrival, code: int, event: int) -> Issued:
    """The mark of an arrival that has an id."""
    return Issued(
        id=arrival.id or 0,
        code=code,
        maker=arrival.maker,
        model=arrival.model,
        serial=arrival.serial,
        issue=arrival.issue,
        replaces=arrival.replaces,
        state=arrival.state,
        binding=None,
        folder="",
        event=event,
    )


def _rows(judged: Sequence[_Judged], new: Sequence[tuple[Arrival, New]]) -> Mapping[Table, Rows]:
    """What new marks add to the tables, and what the file knows further of marks on record."""
    standing = [(entry, entry.standing) for entry in judged if entry.standing is not None]
    further = [
        {"mark": mark.id, "state": int(rank)}
        for entry, mark in standing
        for rank in entry.arrival.states
        if int(rank) > mark.state
    ]
    first = [{"mark": mark.id, "state": int(rank)} for arrival, (mark, _) in new for rank in arrival.states]
    made = [(entry.arrival, mark.id) for entry, mark in standing if not entry.engraved]
    made += [(arrival, mark.id) for arrival, (mark, _) in new]
    return {
        marks: mark_rows([mark for _, mark in new]).get(marks, []),
        steps: [*first, *further],
        engravings: [_engraving(arrival, number) for arrival, number in made if arrival.engraved],
    }


def _engraving(arrival: Arrival, number: int) -> dict[str, Any]:
    return {
        "mark": number,
        "binding": arrival.binding or _binding_of(arrival),
        "profile": arrival.profile,
        "lot": arrival.lot,
        "folder": "",
    }


def _binding_of(arrival: Arrival) -> str:
    """What stands for the unknown input of a mark that was engraved elsewhere: no folder is ever bound to it."""
    named = [_BINDING_LABEL, *arrival.pin, arrival.issue]
    return sha256(canonical(named).encode()).hexdigest()


def check_all(connection: Connection, staged: Staging) -> list[str]:
    """Every fault of the staged marks, against one another and against the record."""
    faults = list(staged.faults())
    needed: Counter[tuple[str, str]] = Counter()
    for chunk in staged.chunks():
        for entry in judge(connection, chunk, staged, faults):
            if entry.standing is None and entry.arrival.id is None:
                needed[entry.arrival.maker, entry.arrival.model] += 1
    for (maker, model), count in needed.items():
        left = sum(
            _left(connection, entry, staged)
            for entry in recorded_ranges(connection)
            if entry.range is None and (entry.maker, entry.model) == (maker, model)
        )
        if left < count:
            faults.append(
                f"{staged.origin}: {count} serials of ({maker}, {model}) need an id of its pool, which has {left} left;"
                " add one to the registry's ranges"
            )
    return faults


def _left(connection: Connection, pool: Recorded, staged: Staging) -> int:
    first, last = pool.ids
    spent = connection.execute(select(func.max(marks.c.id)).where(marks.c.id.between(first, last))).scalar()
    return last - max(first - 1, -1 if spent is None else int(spent), staged.last_id(first, last))
