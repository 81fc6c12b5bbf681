"""The codes and the pins of the marks on record: an index kept beside the registry, and what is told of a mark.

The index is a cache of the registry's own rows. It is brought up to date by what was added since, which is little work
as nothing on record ever changes, and it is bound to the event log: a cache of another registry, of one that was
restored from a backup, or one that is damaged, is not used but made again. Where it cannot be written a trace works
without, only slower.
"""

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from engrave.base.errors import UnfinishedError
from engrave.registry.chain import head_of
from engrave.registry.connection import Registry
from engrave.registry.index import CodeIndex, IndexCodes, built_index, load_index, merged, save_index
from engrave.registry.schema import STATES, engravings, events, marks, models, steps
from engrave.registry.store import identity_of, known_rank

_SUFFIX = ".index"
_FOLDER = "pin-engrave"
_CHUNK = 50_000
# The file is written again when more than one code in a thousand is not in it: four bytes a mark, every time.
_WORTH_WRITING = 1000
# Where the file has the number of its last event (``engrave.registry.index`` has the layout).
_LAST_EVENT = struct.Struct("<24xq")


def codes_on_record(registry: Registry, connection: Connection) -> IndexCodes:
    """(n,) uint32 : the permuted ids of all marks that the transaction sees, ascending."""
    return index_on_record(registry, connection).codes


def index_on_record(
    registry: Registry, connection: Connection, *, held: CodeIndex | None = None, afresh: bool = False
) -> CodeIndex:
    """The index of all marks that the transaction sees, its cache brought up to date.

    ``held``: an index that this function gave before, which is taken for the cache if it is of this log still.
    ``afresh``: read from the registry alone, whatever the cache says.
    """
    place = cache_place(registry, connection)
    kept = None if afresh else _of_this_log(connection, held)
    if kept is None and place is not None and not afresh:
        kept = _kept(connection, place)
    head = head_of(connection)
    if kept is None:
        index = built_index(_codes(connection, after=0), head.hash, head.seq)
    else:
        newer = built_index(_codes(connection, after=kept.last_event), head.hash, head.seq).codes
        if not len(newer):
            return kept
        codes = merged(kept, newer, head.seq).codes
        index = CodeIndex(codes=codes, registry=head.hash, last_event=head.seq)
        if len(newer) * _WORTH_WRITING <= len(kept.codes):
            return index
    if place is not None:
        with suppress(UnfinishedError, OSError):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            save_index(index, place)
    return index


def codes_as_of(codes: IndexCodes, connection: Connection, event: int) -> IndexCodes:
    """Of all codes on record, those that were after an event: what a trace was answered from can be looked at again."""
    later = built_index(_codes(connection, after=event), "", 0).codes
    return np.setdiff1d(codes, later, assume_unique=True)


def cache_place(registry: Registry, connection: Connection) -> Path | None:
    """Where the index is kept: beside an SQLite file, otherwise in the user's folder for caches; None without one."""
    if registry.is_file:
        return Path(f"{registry.name}{_SUFFIX}")
    folder = _cache_folder()
    return None if folder is None else folder / _FOLDER / f"{identity_of(connection)}{_SUFFIX}"


def _cache_folder() -> Path | None:
    """As the XDG Base Directory Specification has it, and as macOS has it; None for a user without a home."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given
    with suppress(RuntimeError):
        return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return None


def _kept(connection: Connection, place: Path) -> CodeIndex | None:
    """The index in the cache, if it is of this very log: it carries the hash of the last event that it takes in."""
    with suppress(OSError, struct.error), place.open("rb") as file:
        (last,) = _LAST_EVENT.unpack(file.read(_LAST_EVENT.size))
        of_event = _hash_of(connection, last)
        return None if of_event is None else load_index(place, of_event)
    return None


def _of_this_log(connection: Connection, held: CodeIndex | None) -> CodeIndex | None:
    return held if held is not None and _hash_of(connection, held.last_event) == held.registry else None


def _hash_of(connection: Connection, event: int) -> str | None:
    found: str | None = connection.execute(select(events.c.hash).where(events.c.seq == event)).scalar()
    return found


def _codes(connection: Connection, *, after: int) -> Iterator[Sequence[int]]:
    """The codes of the marks that came after an event, all of them after event 0; some thousands at a time."""
    query = select(marks.c.code).execution_options(yield_per=_CHUNK)
    # Without the condition the table is read from end to end, which is faster than by way of the index of events.
    return connection.execute(query.where(marks.c.event > after) if after else query).scalars().partitions()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMark:
    """A mark that another one replaces or is replaced by."""

    id: int
    characters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkOnRecord:
    """What the record tells of a mark; ``lot`` and ``profile`` are None until it is engraved, ``lot`` also without one.

    ``state`` : one of ``STATES``. ``issue`` : how often the pin had been replaced when the mark was given.
    """

    id: int
    code: int
    characters: str
    serial: str
    maker: str
    model: str
    state: str
    issue: int
    replaces: OtherMark | None
    replaced_by: OtherMark | None
    profile: str | None
    lot: str | None


# Made once: their columns take two thousandths of a second.
_BEFORE, _AFTER = marks.alias(), marks.alias()


def marks_on_record(connection: Connection, ids: Sequence[int], *, characters: int = 8) -> dict[int, MarkOnRecord]:
    """The marks with these ids, of those that are on record. Raises InputError where one was altered."""
    state = select(func.max(steps.c.state)).where(steps.c.mark == marks.c.id).scalar_subquery()
    query = (
        select(
            marks,
            models.c.maker,
            models.c.model.label("model_name"),
            state.label("state"),
            engravings.c.profile,
            engravings.c.lot,
            _BEFORE.c.codeword.label("before"),
            _AFTER.c.id.label("after_id"),
            _AFTER.c.codeword.label("after"),
        )
        .join(models, models.c.id == marks.c.model)
        .outerjoin(engravings, engravings.c.mark == marks.c.id)
        .outerjoin(_BEFORE, _BEFORE.c.id == marks.c.replaces)
        .outerjoin(_AFTER, _AFTER.c.replaces == marks.c.id)
        .where(marks.c.id.in_(ids))
    )
    return {
        row.id: MarkOnRecord(
            id=row.id,
            code=row.code,
            characters=row.codeword[:characters],
            serial=row.serial,
            maker=row.maker,
            model=row.model_name,
            state=STATES[known_rank(row.state, row.id)],
            issue=row.issue,
            replaces=None if row.replaces is None else OtherMark(id=row.replaces, characters=row.before[:characters]),
            replaced_by=None if row.after_id is None else OtherMark(id=row.after_id, characters=row.after[:characters]),
            profile=row.profile,
            lot=row.lot or None,
        )
        for row in connection.execute(query)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """When a mark took a step: the state that it reached, the time, and the number of the event."""

    state: str
    time: str
    event: int


def steps_on_record(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Step, ...]]:
    """What became of the marks with these ids, step by step."""
    query = (
        select(steps.c.mark, steps.c.state, steps.c.event, events.c.time)
        .join(events, events.c.seq == steps.c.event)
        .where(steps.c.mark.in_(ids))
        .order_by(steps.c.mark, steps.c.state)
    )
    found: dict[int, tuple[Step, ...]] = {}
    for row in connection.execute(query):
        step = Step(state=STATES[known_rank(row.state, row.mark)], time=row.time, event=row.event)
        found[row.mark] = (*found.get(row.mark, ()), step)
    return found
