"""Opening a registry, and its transactions: one writer at a time, readers see one state."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from engrave.base.errors import EngraveError, InputError, UnfinishedError

APPLICATION_ID = 0x50456E67
"""What SQLite writes into the head of a registry file, so that no other program's file is taken for one."""

_BUSY_MS = 60_000
_SQLITE, _POSTGRESQL = "sqlite", "postgresql"
_IN_MEMORY = ":memory:"
_SECRETS = ("password", "sslpassword")
_SERVER = "write postgresql://user@host/database"
_DRIVERS = {_SQLITE: "sqlite+pysqlite", _POSTGRESQL: "postgresql+psycopg"}
_WRITING = "pin_engrave_writing"
# The write-ahead log of SQLite 3.7.0 to 3.51.2 may corrupt a database when it is reset; mended in 3.51.3, and in the
# older lines from 3.50.7 and 3.44.6 on (sqlite.org/wal.html, "the WAL-reset bug").
_WAL_MENDED = (((3, 44, 6), (3, 45)), ((3, 50, 7), (3, 51)), ((3, 51, 3), (10_000,)))


class ConflictError(EngraveError, ValueError):
    """What was to be added contradicts what is on record. Look at the record; nothing was added."""

    slug = "conflict"
    exit_code = InputError.exit_code


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registry:
    """An open registry; ``name`` is its address without a password."""

    engine: Engine
    name: str

    @property
    def is_file(self) -> bool:
        """Whether it is an SQLite file."""
        return self.engine.dialect.name == _SQLITE


def registry_url(given: str) -> URL:
    """The address of a registry: a file's path, ``sqlite:///PATH`` or ``postgresql://USER@HOST/DATABASE``.

    Raises InputError for anything else.
    """
    if "://" not in given:
        if _may_hold_password(given):
            raise InputError(f"registry: {_SERVER}; a file's path with ':' and '@' in it as sqlite:///PATH")
        if not given.strip() or "\0" in given or given == _IN_MEMORY:
            raise InputError(f"registry {given!r}: give the path of a file, or postgresql://user@host/database")
        return URL.create(_DRIVERS[_SQLITE], database=given)
    try:
        url = make_url(given)
        kind = url.get_backend_name()
    except (exc.ArgumentError, ValueError) as error:
        # The text itself may hold a password, and is not shown.
        raise InputError(f"registry: the address is no URL; {_SERVER}") from error
    if kind not in _DRIVERS:
        raise InputError(f"registry: {kind!r} is not served; give a file's path, or postgresql://user@host/database")
    if kind == _POSTGRESQL and _may_hold_password(url.database or ""):
        raise InputError(f"registry: the address has ':' and '@' in its database's name; {_SERVER}")
    if kind == _SQLITE and (url.database in (None, "", _IN_MEMORY) or url.host or url.query):
        raise InputError("registry: the URL names no file alone; write sqlite:///registry.db, or the path")
    return url.set(drivername=_DRIVERS[kind])


def _may_hold_password(text: str) -> bool:
    """Whether it looks like a server's address that was mistyped: it is not to be shown."""
    before, at, _ = text.partition("@")
    return bool(at) and ":" in before


@contextmanager
def connected(given: str, *, create: bool = False) -> Iterator[Registry]:
    """A registry's database, whatever is in it; an SQLite file must be there unless it is to be created.

    Raises InputError where the address is no database of ours or its driver is missing, UnfinishedError where it
    cannot be reached.
    """
    url = registry_url(given)
    if url.get_backend_name() == _SQLITE:
        _require_file(Path(url.database or ""), create=create)
    try:
        engine = _engine(url)
    except ImportError as error:
        raise InputError("registry: PostgreSQL needs its driver; install pin-engrave[postgres]") from error
    try:
        yield Registry(engine=engine, name=_shown(url))
    finally:
        engine.dispose()


def shown_address(given: str) -> str:
    """An address without a password that was put there all the same. Raises InputError as ``registry_url``."""
    return _shown(registry_url(given))


def _shown(url: URL) -> str:
    kind = url.get_backend_name()
    if kind == _SQLITE:
        return url.database or ""
    return url.set(drivername=kind).difference_update_query(_SECRETS).render_as_string(hide_password=True)


def _require_file(path: Path, *, create: bool) -> None:
    try:
        is_there, has_folder = path.is_file(), path.parent.is_dir()
    except OSError as error:
        raise InputError(f"registry: cannot look for its file: {(error.strerror or str(error)).lower()}") from error
    if not create and not is_there:
        raise InputError(f"registry {path}: there is no such file; `pin-engrave registry init` makes one")
    if not has_folder:
        raise InputError(f"registry {path}: there is no folder {path.parent}; make it first")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == _POSTGRESQL:
        try:
            engine = create_engine(url)
            engine.dialect.create_connect_args(url)
        except (exc.ArgumentError, ValueError) as error:
            raise InputError(f"registry: the address names no server ({error}); {_SERVER}") from error
        return engine
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_journal(version: tuple[int, ...]) -> tuple[str, str]:
    """Journal mode and synchronous setting that are safe with this version of the SQLite library."""
    mended = any(first <= version < end for first, end in _WAL_MENDED)
    return ("wal", "FULL") if mended else ("delete", "EXTRA")


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # SQLAlchemy sends BEGIN itself (``_begin_sqlite``); the driver would send it late and never IMMEDIATE.
    connection.isolation_level = None
    # Text that was damaged is still read, so that an audit can tell where it is.
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    _, synchronous = sqlite_journal(sqlite3.sqlite_version_info)
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        f"synchronous = {synchronous}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get(_WRITING, False):
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("PRAGMA query_only = OFF")
    # The mode stands in the file's head: only who may write can set it, and a reader works with whichever stands there.
    journal, _ = sqlite_journal(sqlite3.sqlite_version_info)
    connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing(registry: Registry) -> Iterator[Connection]:
    """A transaction that sees everything and that no other writer runs beside; committed whole or not at all.

    Raises ConflictError where a constraint or guard of the database refuses a row, UnfinishedError where it cannot
    write.
    """
    with _told(registry), registry.engine.connect() as plain:
        # Each statement must see what was committed before the lock was had, whatever the server's own setting.
        isolation = {} if registry.is_file else {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
        connection = plain.execution_options(**{_WRITING: True}, **isolation)
        with connection.begin():
            if not registry.is_file:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO on")
                if connection.exec_driver_sql("SELECT to_regclass('events')").scalar() is not None:
                    connection.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
            yield connection


@contextmanager
def reading(registry: Registry) -> Iterator[Connection]:
    """A transaction that sees one state of the registry throughout, and that the database lets write nothing."""
    with _told(registry), registry.engine.connect() as plain:
        options = {} if registry.is_file else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = plain.execution_options(**options)
        with connection.begin():
            yield connection


@contextmanager
def _told(registry: Registry) -> Iterator[None]:
    """What the database says, as errors of ours."""
    try:
        yield
    except exc.IntegrityError as error:
        raise ConflictError(f"registry {registry.name}: {_reason(error)}; nothing was added") from error
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise UnfinishedError(
            f"registry {registry.name}: {_reason(error)}; mend that and repeat the command"
        ) from error
    except exc.DataError as error:
        raise InputError(f"registry {registry.name}: {_reason(error)}; correct what was given") from error
    except exc.DatabaseError as error:
        raise InputError(f"registry {registry.name}: {_reason(error)}; give the address of a registry") from error
    except UnicodeDecodeError as error:
        # The driver itself fails so where a damaged name stands in the database's message.
        raise InputError(f"registry {registry.name}: the file is damaged; restore it from a backup") from error


def _reason(error: exc.DBAPIError) -> str:
    """The database's own words, on one line and without the statement."""
    return " ".join(str(error.orig).split())
