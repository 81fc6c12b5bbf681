"""The event log: each event holds the hash of the one before it and a digest of every row that it added."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from engrave.base.errors import raise_faults
from engrave.registry.schema import GROWING, HASH_LENGTH, events

START = "0" * HASH_LENGTH
"""What the first event gives as the hash of the one before it."""

_LABEL = "pin-engrave/event/1"
_MOST_INSERTED = 10_000

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who adds to the record, when (UTC, ISO 8601) and with which version of the tool.

    Raises InputError where one is empty or cannot be printed: not every database could hold it.
    """

    actor: str
    time: str
    tool: str

    def __post_init__(self) -> None:
        """Check all three."""
        given = (("actor", self.actor), ("time", self.time), ("tool", self.tool))
        raise_faults(
            [
                f"{name} {text!a}: is empty or cannot be printed; give it in a few words"
                for name, text in given
                if not text.strip() or not text.isprintable()
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last event: its number and hash. Whoever keeps it can tell later whether the log was rewritten."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What an event adds: its kind, what is told of it, and rows by table, without their ``event``."""

    kind: str
    told: Mapping[str, Any]
    rows: Mapping[Table, Rows] = field(default_factory=dict)


def head_of(connection: Connection) -> Head:
    """The head of the log; number 0 and ``START`` where there is no event yet."""
    last = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    return Head(seq=last.seq, hash=last.hash) if last else Head(seq=0, hash=START)


def append(connection: Connection, addition: Addition, stamp: Stamp) -> Head:
    """Add an event with its rows, within the caller's transaction; the head that it makes."""
    head = head_of(connection)
    body = canonical({**addition.told, "rows": digests(addition.rows)})
    entry: dict[str, Any] = {
        "seq": head.seq + 1,
        "kind": addition.kind,
        "actor": stamp.actor,
        "time": stamp.time,
        "tool": stamp.tool,
        "body": body,
        "previous": head.hash,
    }
    entry["hash"] = event_hash(entry)
    connection.execute(insert(events), [entry])
    for table in GROWING:
        rows = addition.rows.get(table, ())
        for start in range(0, len(rows), _MOST_INSERTED):
            connection.execute(
                insert(table), [{**row, "event": entry["seq"]} for row in rows[start : start + _MOST_INSERTED]]
            )
    return Head(seq=head.seq + 1, hash=entry["hash"])


def event_hash(entry: Mapping[str, Any]) -> str:
    """The hash of an event: SHA-256 over a label and every other column of it, as one line of JSON."""
    names = ("seq", "kind", "actor", "time", "tool", "body", "previous")
    return sha256(canonical([_LABEL, *(entry[name] for name in names)]).encode()).hexdigest()


def digests(rows: Mapping[Table, Rows]) -> dict[str, Any]:
    """For every table its columns, how many rows are added, and the digest of them, ascending by key."""
    return {
        table.name: Digest(columns_of(table)).over(sorted(added, key=_key_of(table))).told()
        for table, added in rows.items()
        if added
    }


def columns_of(table: Table) -> tuple[str, ...]:
    """The columns that a digest covers: all but the event itself."""
    return tuple(column.name for column in table.columns if column.name != "event")


def _key_of(table: Table) -> Any:  # noqa: ANN401 - a sort key of whatever types the key has
    names = [column.name for column in table.primary_key.columns]
    return lambda row: [row[name] for name in names]


class Digest:
    """A digest over rows as they come."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = tuple(columns)
        self.count = 0
        self._sum = sha256()

    def over(self, rows: Iterable[Mapping[str, Any]]) -> "Digest":
        """Take these rows in."""
        for row in rows:
            self.count += 1
            self._sum.update((canonical([row[name] for name in self.columns]) + "\n").encode())
        return self

    def told(self) -> dict[str, Any]:
        """As it stands in an event's body."""
        return {"columns": list(self.columns), "count": self.count, "sha256": self._sum.hexdigest()}


def canonical(document: object) -> str:
    """One line of JSON, ASCII, keys sorted, no white space."""
    return _ENCODER.encode(document)


# Made once: for the digest of a row that is half the time.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def all_events(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every event in order, a thousand in memory at a time."""
    query = select(events).order_by(events.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": 1000}).mappings():
        yield dict(row)
