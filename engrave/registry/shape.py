"""Do the tables still stand as they were made, each with its constraints? What ``guards`` cannot see."""

from collections.abc import Iterator

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Constraint,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import CreateTable

from engrave.registry.schema import metadata


def shape_faults(connection: Connection) -> Iterator[str]:
    """Tables or constraints that are missing or other than ours.

    SQLite keeps every table's definition to the letter. PostgreSQL rewrites conditions, so that of a check only the
    name and that it was tried on every row are compared.
    """
    sqlite = connection.dialect.name == "sqlite"
    found = _sqlite_found(connection) if sqlite else _postgresql_found(connection)
    wanted = _sqlite_wanted(connection) if sqlite else _postgresql_wanted(connection)
    for table, name in sorted(wanted):
        if found.get((table, name)) != wanted[table, name]:
            yield f"{table}: {name} is missing or was altered; rows that break it could be added unseen"


_Parts = dict[tuple[str, str], str]
"""What each part of a table is, by table and the part's name."""

_DEFINITION = "its definition"


def _sqlite_found(connection: Connection) -> _Parts:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    return {(name, _DEFINITION): _parts(sql) for name, sql in rows}


def _sqlite_wanted(connection: Connection) -> _Parts:
    tables = metadata.sorted_tables
    return {
        (table.name, _DEFINITION): _parts(str(CreateTable(table).compile(dialect=connection.dialect)))
        for table in tables
    }


def _bare(definition: str) -> str:
    """Without what makes no difference and may change with the library that writes it."""
    return "".join(definition.replace('"', "").split())


def _parts(definition: str) -> str:
    """Columns and constraints in alphabetical order: a migration adds a column behind the others."""
    bare = _bare(definition)
    head, body, tail = bare[: bare.find("(")], bare[bare.find("(") + 1 : bare.rfind(")")], bare[bare.rfind(")") :]
    parts, depth = [""], 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return ",".join([head, *sorted(parts), tail])


def _postgresql_found(connection: Connection) -> _Parts:
    rows = connection.execute(
        text(
            "SELECT c.relname, k.conname, CASE k.contype WHEN 'c' THEN 'CHECK ' || k.convalidated"
            " ELSE pg_get_constraintdef(k.oid) END"
            " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE c.relnamespace = current_schema()::regnamespace"
        )
    )
    return {(table, name): _bare(definition) for table, name, definition in rows}


def _postgresql_wanted(connection: Connection) -> _Parts:
    naming = connection.dialect.identifier_preparer
    return {
        (table.name, str(naming.format_constraint(constraint))): _bare(_definition(constraint))
        for table in metadata.sorted_tables
        for constraint in table.constraints
    }


def _definition(constraint: Constraint) -> str:
    """A constraint as PostgreSQL tells of it (pg_get_constraintdef)."""
    if isinstance(constraint, CheckConstraint):
        return "CHECK true"
    if isinstance(constraint, ForeignKeyConstraint):
        element = constraint.elements[0]
        return f"FOREIGN KEY ({element.parent.name}) REFERENCES {element.column.table.name}({element.column.name})"
    if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
        kind = "PRIMARY KEY" if isinstance(constraint, PrimaryKeyConstraint) else "UNIQUE"
        return f"{kind} ({', '.join(column.name for column in constraint.columns)})"
    raise TypeError(constraint)
