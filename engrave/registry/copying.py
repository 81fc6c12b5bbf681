"""A registry copied whole, event by event and row by row: backup while it is in use, and restoring it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Table, insert, inspect, select

from engrave.base.errors import InputError, UnfinishedError
from engrave.base.files import whole_file
from engrave.registry.audit import Audit, audit
from engrave.registry.chain import Stamp, head_of
from engrave.registry.connection import Registry, connected, reading, registry_url, writing
from engrave.registry.migrations import upgrade
from engrave.registry.schema import GROWING, VERSION, events
from engrave.registry.store import count_anew, create_tables, version_of

_AT_ONCE = 10_000
# Whoever "upgrades" the scratch copy by which a backup of an older version is audited.
_NOBODY = Stamp(actor="backup", time="1970-01-01T00:00:00Z", tool="backup")


def backup(given: str, path: Path) -> Audit:
    """Copy a registry into a new SQLite file: its state at one moment of use.

    The audit of the copy, which was sound. Raises InputError where the registry is not sound (the file is not made),
    or lies on a server and is of an older version; OccupiedError where something stands at ``path``, UnfinishedError
    where it cannot be written.
    """
    with connected(given) as registry:
        with reading(registry) as connection:
            version = _readable_version(connection, registry)
        if version < VERSION and not registry.is_file:
            raise InputError(f"registry {registry.name}: of version {version}; save it with pg_dump before the upgrade")
        with whole_file(path) as temporary:
            if registry.is_file:
                _copy_file(registry, temporary)
            else:
                _copy_rows(registry, str(temporary))
                with closing(sqlite3.connect(temporary)) as copy:
                    _without_log(copy)
            return _audited(temporary, registry.name, version)


def restore(path: Path, given: str) -> Audit:
    """Make a registry of a backup, in a new file or an empty database; the audit of what was made.

    Raises InputError where the backup is not sound or there is something in the target, or where an older version is to
    go to a server; OccupiedError where the file is there. Nothing is made then.
    """
    url = registry_url(given)
    with connected(str(path)) as source:
        with reading(source) as connection:
            version = _readable_version(connection, source)
        if url.get_backend_name() == "sqlite":
            with whole_file(Path(url.database or "")) as temporary:
                _copy_file(source, temporary)
                return _audited(temporary, source.name, version)
        if version < VERSION:
            raise InputError(
                f"registry {source.name}: of version {version}; restore it to a file, upgrade that, and back it up anew"
            )
        _require_sound(audit(source), source.name)
        _copy_rows(source, given)
    with connected(given) as target:
        found = audit(target)
    _require_sound(found, target.name)
    return found


def _readable_version(connection: Connection, registry: Registry) -> int:
    version = version_of(connection, registry.name)
    if version > VERSION:
        raise InputError(f"registry {registry.name}: of version {version}, newer than {VERSION}; update pin-engrave")
    return version


def _audited(copy: Path, name: str, version: int) -> Audit:
    """The audit of a copied file; one of an older version is audited as it will be after an upgrade."""
    if version == VERSION:
        return _sound(copy, name)
    scratch = copy.with_name(f"{copy.name}-upgraded")
    with connected(str(copy)) as older:
        _copy_file(older, scratch)
    upgrade(str(scratch), _NOBODY)
    upgraded = _sound(scratch, name)
    with connected(str(copy)) as older, reading(older) as connection:
        head = head_of(connection)
    return replace(upgraded, events=head.seq, head=head)


def _sound(copy: Path, name: str) -> Audit:
    with connected(str(copy)) as registry:
        found = audit(registry)
    _require_sound(found, name)
    return found


def _require_sound(found: Audit, name: str) -> None:
    if not found.sound:
        told = f"registry {name}: is not sound, and a copy of it would not be either; see `pin-engrave registry verify`"
        raise InputError([told, *found.faults])


def _copy_file(registry: Registry, path: Path) -> None:
    """By SQLite's own backup, in one step: no writer comes between two pages."""
    source = registry.engine.raw_connection()
    try:
        target = sqlite3.connect(path)
        try:
            driver = source.driver_connection
            if not isinstance(driver, sqlite3.Connection):
                raise TypeError("SQLite's own driver is needed")
            driver.backup(target)
            _without_log(target)
        finally:
            target.close()
    except sqlite3.DatabaseError as error:
        raise UnfinishedError(f"registry {registry.name}: {error}; mend that and repeat the command") from error
    finally:
        source.close()


def _without_log(copy: sqlite3.Connection) -> None:
    """With a write-ahead log it could not be opened where its folder is read-only, as on an archive's medium."""
    copy.execute("PRAGMA journal_mode = delete")


def _copy_rows(registry: Registry, given: str) -> None:
    """Every row of every table into an empty database, in one transaction, past its guards."""
    with reading(registry) as source, connected(given, create=True) as target, writing(target) as connection:
        create_tables(connection, target.name)
        present = set(inspect(source).get_table_names())
        for table in (events, *GROWING):
            if table.name in present:
                _copy_table(source, connection, table)
        count_anew(connection)


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    # In the order in which they came: a mark stands after the one that it replaces, a step after the one before it.
    order = [column for name in ("event", "issue") if (column := table.columns.get(name)) is not None]
    query = select(table).order_by(*order, *table.primary_key.columns)
    rows = source.execution_options(yield_per=_AT_ONCE).execute(query).mappings()
    while part := [dict(row) for row in islice(rows, _AT_ONCE)]:
        target.execute(insert(table), part)
