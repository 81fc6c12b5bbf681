"""Is the record exact? Everything is computed again: hashes, chain, digests of rows, codewords, guards."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from json import loads
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, DefaultClause, Table, exc, select

from engrave.code.alphabet import characters_of
from engrave.code.codeword import codes_of, codewords_of
from engrave.code.permutation import ID_COUNT
from engrave.registry.chain import START, Digest, Head, all_events, columns_of, event_hash
from engrave.registry.connection import Registry, reading
from engrave.registry.guards import expected, standing
from engrave.registry.schema import GROWING, STATES, marks, states
from engrave.registry.shape import shape_faults

_CHUNK = 10_000
_MOST_FAULTS = 100
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found: every fault with its place, a hundred at most; how much there was, and the log's head."""

    faults: tuple[str, ...]
    events: int
    marks: int
    head: Head

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.faults


def audit(registry: Registry, *, kept: Head | None = None) -> Audit:
    """Compute the whole record again, in bounded memory.

    With ``kept``, a head that was kept elsewhere, a log that was cut off or rewritten since is found, too.
    """
    with reading(registry) as connection:
        log = _Log(connection, kept)
        found: list[str] = []
        try:
            found += islice(_database_faults(connection), _MOST_FAULTS)
            told = log.faults()
            found += islice(told, _MOST_FAULTS)
            # To the end all the same: the head and the counts are of the whole log.
            deque(told, maxlen=0)
            found += islice(_mark_faults(connection), _MOST_FAULTS)
        except (exc.OperationalError, exc.ProgrammingError):
            raise
        except exc.DatabaseError as error:
            found.append(f"the database is damaged: {error.orig}")
    return Audit(
        faults=tuple(map(_printable, found[:_MOST_FAULTS])), events=log.head.seq, marks=log.marks, head=log.head
    )


def _printable(fault: str) -> str:
    """A damaged text may hold what no terminal takes."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in fault)


def _plain(row: Mapping[Any, Any]) -> _Row:
    """A row as it stands; a value of a type that no row has, which only damage makes, as other text than any."""
    return {
        str(name): value if value is None or type(value) in (int, str) else f"{type(value)} {value!r}"
        for name, value in row.items()
    }


class _Log:
    """One pass over the events, with the rows of every table beside it."""

    def __init__(self, connection: Connection, kept: Head | None) -> None:
        self.head = Head(seq=0, hash=START)
        self.marks = 0
        self._connection = connection
        self._kept = kept
        self._rows = {table: _Rows(connection, table) for table in GROWING}

    def faults(self) -> Iterator[str]:
        """The faults of the chain, of each event, and of the rows that it added."""
        for entry in map(_plain, all_events(self._connection)):
            place = f"event {entry['seq']}"
            if entry["seq"] != self.head.seq + 1:
                yield f"{place}: follows event {self.head.seq}; events between them are missing"
            if entry["previous"] != self.head.hash:
                yield f"{place}: does not continue the event before it"
            if entry["hash"] != event_hash(entry):
                yield f"{place}: was altered: its hash is of another text"
            self.head = Head(seq=entry["seq"], hash=entry["hash"])
            yield from self._row_faults(entry, place)
            if self._kept is not None and self._kept.seq == entry["seq"] and self._kept.hash != entry["hash"]:
                yield f"{place}: is not the one whose hash was kept; the log was rewritten"
        if self._kept is not None and self._kept.seq > self.head.seq:
            yield f"the log ends at event {self.head.seq}, before event {self._kept.seq} that was kept; it was cut off"
        for table, rows in self._rows.items():
            yield from (
                f"{table.name}: a row names event {event}, which is not on record" for event in rows.before(None)
            )

    def _row_faults(self, entry: _Row, place: str) -> Iterator[str]:
        told = _told_rows(entry["body"])
        if told is None:
            yield f"{place}: its body cannot be read"
            told = {}
        for table, rows in self._rows.items():
            for event in rows.before(entry["seq"]):
                yield f"{table.name}: a row names event {event}, which is not on record"
            claimed = told.get(table.name, Digest(columns_of(table)).told())
            later = _Later(table, claimed["columns"])
            digest = Digest(claimed["columns"]).over(map(later.seen, rows.of(entry["seq"]))).told()
            self.marks += digest["count"] if table is marks else 0
            if digest != claimed or later.altered:
                yield f"{place}: rows of {table.name} that it added were altered, added or removed"


class _Later:
    """The columns that a table has had only since an event was written: its rows hold there what the upgrade gave."""

    def __init__(self, table: Table, columns: Iterable[str]) -> None:
        self.altered = False
        names = set(columns_of(table)) - set(columns)
        self._given = {name: _default(table.c[name]) for name in sorted(names)}

    def seen(self, row: _Row) -> _Row:
        """Take note of a row, and pass it on."""
        self.altered |= any(row[name] != given for name, given in self._given.items())
        return row


def _default(column: Column[Any]) -> object:
    return column.server_default.arg if isinstance(column.server_default, DefaultClause) else None


def _told_rows(body: str) -> dict[str, _Row] | None:
    """What an event tells of the rows that it added, by table; None where it tells of none that can be read."""
    try:
        rows = loads(body)["rows"]
        return {name: {**told, "columns": list(map(str, told["columns"]))} for name, told in rows.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


class _Rows:
    """The rows of a table by event, read once from the first event to the last."""

    def __init__(self, connection: Connection, table: Table) -> None:
        query = select(table).order_by(table.c.event, *table.primary_key.columns)
        stream = connection.execute(query, execution_options={"yield_per": _CHUNK})
        self._rows = (defaultdict(lambda: None, _plain(row)) for row in stream.mappings())
        self._next: _Row | None = next(self._rows, None)

    def of(self, event: int) -> Iterator[_Row]:
        """The rows of this event, which follow next."""
        while self._next is not None and self._next["event"] == event:
            yield self._next
            self._next = next(self._rows, None)

    def before(self, event: int | None) -> Iterator[object]:
        """The event of each row that comes before the rows of this one, or of all that are left; they are passed."""
        while self._next is not None and (event is None or _is_before(self._next["event"], event)):
            yield self._next["event"]
            self._next = next(self._rows, None)


def _is_before(named: object, event: int) -> bool:
    """Whether a row's event comes before that one; what is no number can only be damage."""
    return not isinstance(named, int) or named < event


def _database_faults(connection: Connection) -> Iterator[str]:
    """What the database finds of itself, and guards that are missing or other than ours."""
    if connection.dialect.name == "sqlite":
        for (told,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if told != "ok":
                yield f"the database is damaged: {told}"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"{row[0]}: row {row[1]} refers to a row of {row[2]} that is not on record"
    found, wanted = standing(connection), expected(connection)
    for name, table in sorted({**found, **wanted}):
        if found.get((name, table)) != wanted.get((name, table)):
            yield f"{table}: the guard {name} is missing or was altered; rows could be changed unseen"
    yield from shape_faults(connection)
    ranks = {row.rank: row.name for row in connection.execute(select(states))}
    if ranks != dict(enumerate(STATES)):
        yield f"states: they are {ranks}; they should be {dict(enumerate(STATES))}"


def _mark_faults(connection: Connection) -> Iterator[str]:
    """Marks whose codeword is not that of their id."""
    query = select(marks.c.id, marks.c.code, marks.c.codeword).order_by(marks.c.id)
    for partition in connection.execute(query, execution_options={"yield_per": _CHUNK}).partitions():
        rows = [row for row in partition if 0 <= row.id < ID_COUNT]
        yield from (f"mark {row.id}: is no id" for row in partition if not 0 <= row.id < ID_COUNT)
        codes = codes_of(np.array([row.id for row in rows], dtype=np.int64))
        words = codewords_of(codes)
        for row, code, word in zip(rows, codes.tolist(), words.tolist(), strict=True):
            if row.code != code or row.codeword != characters_of(word):
                yield f"mark {row.id}: its codeword is not that of its id"
