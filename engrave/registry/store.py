"""Making and opening a registry, and who may issue which ids for what."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.code.permutation import ID_COUNT
from engrave.code.ranges import Range, RangeTable, ids_of
from engrave.code.serials import normalise_name
from engrave.registry.chain import Addition, Head, Rows, Stamp, append, head_of
from engrave.registry.connection import APPLICATION_ID, Registry, connected, reading, writing
from engrave.registry.guards import create_guards
from engrave.registry.schema import STATES, VERSION, blocks, events, issuers, metadata, models, ranges, states, versions


def create_registry(given: str, *, identity: str, stamp: Stamp) -> Head:
    """Make the tables, the guards and the first event in an empty database; all or nothing.

    ``identity`` names the registry for good, and no two alike. Raises InputError where the database is not empty.
    """
    with connected(given, create=True) as registry, writing(registry) as connection:
        if inspect(connection).get_table_names():
            raise InputError(f"registry {registry.name}: there are tables in it already; give a new file or database")
        create_tables(connection)
        first = Addition(kind="created", told={"registry": identity}, rows={versions: [{"version": VERSION}]})
        return append(connection, first, stamp)


def create_tables(connection: Connection) -> None:
    """Empty tables with their guards."""
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
    if not {"events", "versions"} <= set(inspect(connection).get_table_names()):
        raise InputError(f"registry {name}: there is no registry in it; `pin-engrave registry init` makes one")
    version = connection.execute(select(func.max(versions.c.version))).scalar()
    if version is None or version < 1:
        raise InputError(f"registry {name}: no version is on record in it; restore it from a backup")
    return int(version)


def identity_of(connection: Connection) -> str:
    """What names the registry for good: the hash of its first event, whose body is like no other's."""
    return str(connection.execute(select(events.c.hash).where(events.c.seq == 1)).scalar_one())


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


def add_issuer(registry: Registry, name: str, owned: Sequence[Block], stamp: Stamp) -> Head:
    """Put an issuer with its blocks of ids on record, or give more blocks to one that is.

    Raises InputError with every fault: a block that is none, or that overlaps one on record.
    """
    name = normalise_name(name, kind="issuer")
    with writing(registry) as connection:
        known = connection.execute(select(issuers.c.id).where(issuers.c.name == name)).scalar()
        taken = [(row.first_id, row.last_id, row.name) for row in _owned(connection)]
        raise_faults(list(_block_faults(owned, taken)))
        number = known if known is not None else next_id(connection, issuers)
        start = next_id(connection, blocks)
        added: dict[Table, list[dict[str, Any]]] = {
            blocks: [
                {"id": start + place, "issuer": number, "first_id": block.first_id, "last_id": block.last_id}
                for place, block in enumerate(owned)
            ]
        }
        if known is None:
            added[issuers] = [{"id": number, "name": name}]
        return append(connection, Addition(kind="issuer", told={"issuer": name}, rows=added), stamp)


def _owned(connection: Connection) -> Sequence[Any]:
    return connection.execute(
        select(blocks.c.first_id, blocks.c.last_id, issuers.c.name).join(issuers, issuers.c.id == blocks.c.issuer)
    ).all()


def _block_faults(owned: Sequence[Block], taken: list[tuple[int, int, str]]) -> Iterator[str]:
    if not owned:
        yield "issuer: give a block of ids at least"
    for block in owned:
        told = f"block {block.first_id}-{block.last_id}"
        if not 0 <= block.first_id <= block.last_id < ID_COUNT:
            yield f"{told}: is no block; give a first and a last id from 0 to {ID_COUNT - 1}"
        for first, last, other in taken:
            if block.first_id <= last and block.last_id >= first:
                yield f"{told}: overlaps {first}-{last} of issuer {other!r}; no id may belong to two"
        taken.append((block.first_id, block.last_id, "the same call"))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A range or a pool to be added, its names as they are kept."""

    place: str
    maker: str
    model: str
    ids: tuple[int, int]
    range: Range | None


def add_ranges(
    registry: Registry, issuer: str, given: Sequence[Range], pools: Sequence[Pool], stamp: Stamp
) -> tuple[Head, int]:
    """Put ranges of serials and pools of ids on record; those that are there already, to the letter, are passed over.

    The head, and how many were added. Raises InputError with every fault: an unknown issuer, ids outside its blocks,
    ids or serials that belong to another range.
    """
    with writing(registry) as connection:
        standing = recorded_ranges(connection)
        known = {_letter(entry) for entry in standing}
        wanted = [entry for entry in _wanted(given, pools) if _letter(entry) not in known]
        if not wanted:
            return head_of(connection), 0
        owner = connection.execute(select(issuers.c.id).where(issuers.c.name == issuer)).scalar()
        if owner is None:
            names = ", ".join(connection.execute(select(issuers.c.name).order_by(issuers.c.name)).scalars()) or "none"
            raise InputError(f"issuer {issuer!r} is not on record; on record: {names}")
        owned = [(row.first_id, row.last_id) for row in _owned(connection) if row.name == issuer]
        raise_faults(list(_faults(wanted, standing, owned, issuer)))
        rows = _range_rows(connection, wanted, owner)
        told = {"issuer": issuer}
        return append(connection, Addition(kind="ranges", told=told, rows=rows), stamp), len(wanted)


def _letter(entry: Recorded | _Wanted) -> tuple[Any, ...]:
    return entry.maker, entry.model, entry.ids, entry.range.with_ends() if entry.range is not None else None


def _wanted(given: Sequence[Range], pools: Sequence[Pool]) -> list[_Wanted]:
    """Everything given, checked by itself. Raises InputError with every fault."""
    faults: list[str] = []
    with Collecting(faults):
        RangeTable(given)
    wanted = []
    if not faults:
        for index, entry in enumerate(written.normalised() for written in given):
            place = f"ranges[{index}] ({entry.maker}, {entry.model})"
            wanted.append(_Wanted(place=place, maker=entry.maker, model=entry.model, ids=ids_of(entry), range=entry))
    for index, pool in enumerate(pools):
        place = f"pools[{index}] ({pool.maker}, {pool.model})"
        first, last = pool.first_id, pool.last_id
        if not 0 <= first <= last < ID_COUNT:
            faults.append(f"{place}: ids {first}-{last} are none; give a first and a last from 0 to {ID_COUNT - 1}")
        with Collecting(faults, prefix=f"{place}: "):
            maker, model = normalise_name(pool.maker, kind="maker"), normalise_name(pool.model, kind="model")
            wanted.append(_Wanted(place=place, maker=maker, model=model, ids=(first, last), range=None))
    raise_faults(faults)
    return wanted


def _faults(
    wanted: Sequence[_Wanted], standing: Sequence[Recorded], owned: Sequence[tuple[int, int]], issuer: str
) -> Iterator[str]:
    """Ids outside the issuer's blocks, ids and serials that belong to another range."""
    told_blocks = ", ".join(f"{first}-{last}" for first, last in owned)
    taken = [(entry.ids, f"({entry.maker}, {entry.model}) on record") for entry in standing]
    for entry in wanted:
        first, last = entry.ids
        if not any(start <= first and last <= end for start, end in owned):
            yield f"{entry.place}: ids {first}-{last} lie in no block of issuer {issuer!r}; it owns {told_blocks}"
        for (start, end), other in taken:
            if first <= end and last >= start:
                yield f"{entry.place}: ids {first}-{last} overlap {start}-{end} of {other}; choose a base of its own"
        taken.append((entry.ids, entry.place))
    yield from _serial_faults([*_arithmetic(wanted), *_arithmetic(standing)])


def _arithmetic(entries: Sequence[Recorded] | Sequence[_Wanted]) -> Iterator[Range]:
    return (entry.range for entry in entries if entry.range is not None)


def _serial_faults(every: Sequence[Range]) -> Iterator[str]:
    faults: list[str] = []
    with Collecting(faults):
        RangeTable(every)
    # Ids have been judged, pools among them. A name may hold any text, hence the whole beginning.
    judged = tuple(f"ranges[{index}] ({entry.maker}, {entry.model}): ids " for index, entry in enumerate(every))
    yield from (fault for fault in faults if not fault.startswith(judged))


def _range_rows(connection: Connection, wanted: Sequence[_Wanted], owner: int) -> Mapping[Table, Rows]:
    known = {(row.maker, row.model): row.id for row in connection.execute(select(models))}
    number, start = next_id(connection, models), next_id(connection, ranges)
    added: list[dict[str, Any]] = []
    for entry in wanted:
        if (entry.maker, entry.model) not in known:
            known[entry.maker, entry.model] = number + len(added)
            added.append({"id": number + len(added), "maker": entry.maker, "model": entry.model})
    return {
        models: added,
        ranges: [
            {
                "id": start + place,
                "issuer": owner,
                "model": known[entry.maker, entry.model],
                **_written(entry.range),
                "first_id": entry.ids[0],
                "last_id": entry.ids[1],
            }
            for place, entry in enumerate(wanted)
        ],
    }


def _written(entry: Range | None) -> dict[str, str]:
    if entry is None:
        return {"mode": "registry", "template": "", "first": "", "last": ""}
    mode = "template" if entry.first is None and entry.last is None else "range"
    return {"mode": mode, "template": entry.template, "first": entry.first or "", "last": entry.last or ""}
