"""Making and opening a registry, and who may issue which ids for what."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select

from engrave.base.errors import InputError
from engrave.code.ranges import Range
from engrave.registry.chain import Addition, Head, Stamp, append
from engrave.registry.connection import APPLICATION_ID, Registry, connected, reading, writing
from engrave.registry.guards import create_guards
from engrave.registry.schema import STATES, VERSION, events, issuers, metadata, models, ranges, states, versions


def create_registry(given: str, *, identity: str, stamp: Stamp) -> Head:
    """Make the tables, the guards and the first event in an empty database; all or nothing.

    ``identity`` names the registry for good, and no two alike. Raises InputError where the database is not empty.
    """
    with connected(given, create=True) as registry, writing(registry) as connection:
        return begin_registry(connection, registry.name, identity=identity, stamp=stamp)


def begin_registry(connection: Connection, name: str, *, identity: str, stamp: Stamp) -> Head:
    """The same within the caller's transaction; ``name`` is the database's, for messages."""
    create_tables(connection, name)
    first = Addition(kind="created", told={"registry": identity}, rows={versions: [{"version": VERSION}]})
    return append(connection, first, stamp)


def create_tables(connection: Connection, name: str) -> None:
    """Empty tables with their guards. Raises InputError where there are tables in the database already."""
    if inspect(connection).get_table_names():
        raise InputError(f"registry {name}: there are tables in it already; give a new file or database")
    metadata.create_all(connection)
    connection.execute(insert(states), [{"rank": rank, "name": name} for rank, name in enumerate(STATES)])
    create_guards(connection)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


@contextmanager
def opened(given: str) -> Iterator[Registry]:
    """A registry of this version. Raises InputError where there is none, or one of another version."""
    with connected(given) as registry:
        with reading(registry) as connection:
            version = version_of(connection, registry.name)
        if version > VERSION:
            raise InputError(
                f"registry {registry.name}: of version {version}, newer than {VERSION}; update pin-engrave"
            )
        if version < VERSION:
            raise InputError(
                f"registry {registry.name}: of version {version}; back it up, then `pin-engrave registry upgrade` it"
            )
        yield registry


def version_of(connection: Connection, name: str) -> int:
    """The version of the tables. Raises InputError where there are none of ours, or nothing tells of it."""
    if not all(_stands(connection, table) for table in (events, versions)):
        raise InputError(f"registry {name}: there is no registry in it; `pin-engrave registry init` makes one")
    version = connection.execute(select(func.max(versions.c.version))).scalar()
    if version is None or version < 1:
        raise InputError(f"registry {name}: no version is on record in it; restore it from a backup")
    return int(version)


def _stands(connection: Connection, table: Table) -> bool:
    """Whether there is a table of that name that has our columns, in a file that says it is ours."""
    if connection.dialect.name == "sqlite":
        told = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if told != APPLICATION_ID:
            return False
    inspector = inspect(connection)
    if not inspector.has_table(table.name):
        return False
    return {column.name for column in table.columns} <= {column["name"] for column in inspector.get_columns(table.name)}


def identity_of(connection: Connection) -> str:
    """What names the registry for good: the hash of its first event, whose body is like no other's.

    Raises InputError where that event is gone.
    """
    found = connection.execute(select(events.c.hash).where(events.c.seq == 1)).scalar()
    if found is None:
        raise InputError(f"event 1: is not on record; {SEE_AUDIT}")
    return str(found)


def known_rank(rank: int | None, mark: int) -> int:
    """A mark's rank as it is on record. Raises InputError where there is none, or none that is known."""
    if rank is None or not 0 <= rank < len(STATES):
        raise InputError(f"mark {mark}: has no state that is known; {SEE_AUDIT}")
    return rank


SEE_AUDIT = "the record was altered: see `pin-engrave registry verify`"
"""How an error ends that only an altered record can lead to."""


def count_anew(connection: Connection) -> None:
    """Let the database count rows that came in bulk: PostgreSQL plans by what it knows, and reads all of each table."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE marks, steps, engravings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Ids from first to last that belong to one issuer."""

    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Ids for serials of a model that no range holds, and for replaced pins: given out one after the other."""

    maker: str
    model: str
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A range on record; ``range`` is None for a pool."""

    id: int
    issuer: str
    model_id: int
    maker: str
    model: str
    ids: tuple[int, int]
    range: Range | None

    @property
    def mode(self) -> str:
        """How it gives ids: one of ``MODES``."""
        if self.range is None:
            return "registry"
        return "template" if self.range.first is None and self.range.last is None else "range"


def next_id(connection: Connection, table: Table) -> int:
    """The number of a table's next row."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1


def recorded_ranges(connection: Connection) -> tuple[Recorded, ...]:
    """Every range on record, in the order in which they were added."""
    rows = connection.execute(
        select(ranges, issuers.c.name, models.c.maker, models.c.model.label("model_name"))
        .join(issuers, issuers.c.id == ranges.c.issuer)
        .join(models, models.c.id == ranges.c.model)
        .order_by(ranges.c.id)
    ).all()
    return tuple(
        Recorded(
            id=row.id,
            issuer=row.name,
            model_id=row.model,
            maker=row.maker,
            model=row.model_name,
            ids=(row.first_id, row.last_id),
            range=None if row.mode == "registry" else _range_of(row),
        )
        for row in rows
    )


def _range_of(row: Any) -> Range:  # noqa: ANN401 - a row of a query
    return Range(
        maker=row.maker,
        model=row.model_name,
        template=row.template,
        first=row.first or None,
        last=row.last or None,
        base=row.first_id,
    )
