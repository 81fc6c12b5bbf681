"""Marks that arrive from a file, gathered on disk before any of them is judged, so that no file is too large."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from typing import Any

from engrave.registry.schema import STATES

CHUNK = 50_000
_STAGED = 10_000
_MOST_FAULTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mark as a file tells of it.

    ``place`` counts its line, or its place in the document, from 1. ``id`` is None where the file leaves it open.
    ``issue`` and ``replaces`` are as on record; ``states`` the ranks it has reached, as digits that ascend.
    ``binding`` is empty where the file names none, ``engraved`` says whether it was engraved all the same;
    ``characters`` is empty where the file does not tell them.
    """

    place: int
    maker: str
    model: str
    serial: str
    id: int | None
    issue: int
    replaces: int | None
    states: str
    engraved: bool
    binding: str
    profile: str
    lot: str
    characters: str

    @property
    def pin(self) -> tuple[str, str, str]:
        """Maker, model and serial."""
        return self.maker, self.model, self.serial

    @property
    def state(self) -> int:
        """The rank of its furthest state."""
        return int(self.states[-1])

    @property
    def named(self) -> str:
        """The pin as messages name it."""
        return f"serial {self.serial!r} of ({self.maker}, {self.model})"


_COLUMNS = tuple(field.name for field in fields(Arrival))
_VALUES = attrgetter(*_COLUMNS)

if len(STATES) > 10:  # noqa: PLR2004 - digits
    raise RuntimeError("states are staged as digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """Arrivals in a database of their own that vanishes with it; ``unit`` is what a place counts: lines or marks."""

    connection: sqlite3.Connection
    origin: str
    unit: str

    def where(self, arrival: Arrival) -> str:
        """Its place, as messages begin."""
        return f"{self.origin}: {self.unit} {arrival.place}"

    def add(self, arrivals: Iterable[Arrival]) -> int:
        """Take these in; how many there were."""
        stream, count = iter(arrivals), 0
        marks = ", ".join("?" * len(_COLUMNS))
        while rows := [_VALUES(arrival) for arrival in islice(stream, _STAGED)]:
            self.connection.executemany(f"INSERT INTO arrivals VALUES ({marks})", rows)  # noqa: S608 - our own
            count += len(rows)
        return count

    def chunks(self, size: int = CHUNK) -> Iterator[Sequence[Arrival]]:
        """All of them, a few at a time: a replaced mark before the one that replaces it.

        First those with an id, so that a pool gives the others none that one of them has; none of both in one chunk.
        """
        for identified in ("NOT NULL", "NULL"):
            query = f"SELECT * FROM arrivals WHERE id IS {identified} ORDER BY issue, place"  # noqa: S608 - our own
            with closing(self.connection.execute(query)) as cursor:
                while rows := cursor.fetchmany(size):
                    yield [_arrival(row) for row in rows]

    def index(self) -> None:
        """Make look-ups by id quick, once everything is in."""
        self.connection.execute("CREATE INDEX by_id ON arrivals (id)")
        self.connection.execute("CREATE INDEX by_pin ON arrivals (model, maker, serial, issue)")
        self.connection.execute("CREATE INDEX by_replaced ON arrivals (replaces)")

    def with_id(self, identifier: int) -> Arrival | None:
        """The first that has this id."""
        query = "SELECT * FROM arrivals WHERE id = ? ORDER BY place LIMIT 1"
        row = self.connection.execute(query, (identifier,)).fetchone()
        return None if row is None else _arrival(row)

    def last_id(self, first: int, last: int) -> int:
        """The greatest of their ids between these two; -1 where there is none."""
        query = "SELECT coalesce(max(id), -1) FROM arrivals WHERE id BETWEEN ? AND ?"
        (found,) = self.connection.execute(query, (first, last)).fetchone()
        return int(found)

    def faults(self) -> Iterator[str]:
        """Where they contradict one another."""
        for keys, told in _TWICE:
            condition = " AND ".join(f"b.{key} = a.{key}" for key in keys)
            query = (
                f"SELECT a.*, (SELECT min(b.place) FROM arrivals b WHERE {condition}) AS first"  # noqa: S608 - our own
                f" FROM arrivals a WHERE first < a.place ORDER BY a.place LIMIT {_MOST_FAULTS}"
            )
            for *row, first in self.connection.execute(query):
                arrival = _arrival(row)
                what = arrival.named if "serial" in keys else f"{keys[0]} {getattr(arrival, keys[0])}"
                yield f"{self.where(arrival)}: {what} {told} {self.unit} {first} already"


_TWICE = (
    (("id",), "stands in"),
    (("model", "maker", "serial", "issue"), "stands in"),
    (("replaces",), "is replaced in"),
)


def _arrival(row: Sequence[Any]) -> Arrival:
    values = dict(zip(_COLUMNS, row, strict=True))
    # SQLite keeps a truth value as a number.
    values["engraved"] = bool(values["engraved"])
    return Arrival(**values)


@contextmanager
def staging(origin: str, *, unit: str) -> Iterator[Staging]:
    """An empty staging of a file's marks, kept in a temporary file that has no name."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute(
            "CREATE TABLE arrivals (place INTEGER, maker TEXT, model TEXT, serial TEXT, id INTEGER, issue INTEGER,"
            " replaces INTEGER, states TEXT, engraved INTEGER, binding TEXT, profile TEXT, lot TEXT, characters TEXT)"
        )
        connection.execute("BEGIN")
        yield Staging(connection=connection, origin=origin, unit=unit)
