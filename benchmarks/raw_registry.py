"""A registry's database as another program sees it: plain SQL, none of our settings, whatever power its owner has."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A connection that commits each statement; ``refusals`` is what it raises where a constraint or guard refuses."""

    connection: Any
    is_file: bool

    @property
    def refusals(self) -> type[Exception]:
        """Raised where a constraint, a guard or a type refuses a row."""
        return sqlite3.DatabaseError if self.is_file else psycopg.DatabaseError

    def run(self, statement: str) -> None:
        """Execute a statement."""
        self.connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return [tuple(row) for row in self.connection.execute(query).fetchall()]

    def one(self, query: str) -> Any:  # noqa: ANN401 - whatever the column holds
        """The single value of a query."""
        ((value,),) = self.rows(query)
        return value

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table's rows, ordered."""
        return {name: sorted(self.rows(f'SELECT * FROM "{name}"'), key=repr) for name in self.tables()}  # noqa: S608

    def tables(self) -> list[str]:
        """The names of the tables."""
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            if self.is_file
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        return [name for (name,) in self.rows(query)]

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Every guard out of the way meanwhile, foreign keys and checks too, as far as a database lets its owner."""
        if not self.is_file:
            self.run("SET session_replication_role = replica")
            try:
                yield
            finally:
                self.run("SET session_replication_role = origin")
            return
        triggers = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        self.run("PRAGMA ignore_check_constraints = ON")
        for name, _ in triggers:
            self.run(f"DROP TRIGGER {name}")
        try:
            yield
        finally:
            for _, statement in triggers:
                self.run(statement)
            self.run("PRAGMA ignore_check_constraints = OFF")


@contextmanager
def raw_registry(given: str) -> Iterator[Raw]:
    """A raw connection to a registry's database: a file's path, or a PostgreSQL URL."""
    is_file = "://" not in given
    connection: Any
    if is_file:
        connection = sqlite3.connect(given, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
    else:
        connection = psycopg.connect(given, autocommit=True)
    try:
        yield Raw(connection=connection, is_file=is_file)
    finally:
        connection.close()


def restore(given: str, dump: str) -> None:
    """Fill an empty database from its own program's dump."""
    with raw_registry(given) as raw:
        if raw.is_file:
            raw.connection.executescript(dump)
        else:
            # What psql itself would take, newer dumps begin and end with such a line.
            raw.run(re.sub(r"^\\.*$", "", dump, flags=re.MULTILINE))
