"""Registries on both databases: every test that asks for ``given`` or ``filled`` runs on SQLite and on PostgreSQL."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from benchmarks.postgres_server import programs, throwaway
from benchmarks.raw_registry import Raw, raw_registry
from engrave.code.ranges import Range
from engrave.registry.becoming import reissue
from engrave.registry.chain import Stamp
from engrave.registry.connection import Registry
from engrave.registry.issuing import Claim, issue
from engrave.registry.store import Block, Pool, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges

_WITH_STRATEGIES = 150_000

Databases = Callable[..., AbstractContextManager[str]]
"""Makes a database; ``template`` is the address of one to begin with."""

STAMP = Stamp(actor="clerk", time="2026-11-22T08:00:00Z", tool="pin-engrave 0.1.0")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """Fresh PostgreSQL databases: on the server that PIN_ENGRAVE_POSTGRES names, or on one of our own."""
    server = os.environ.get("PIN_ENGRAVE_POSTGRES")
    if server is not None:
        yield partial(_database, server)
        return
    binaries = programs()
    if binaries is None:
        message = "PostgreSQL is not installed; these tests need a server"
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with throwaway(binaries, durable=False) as running:
        yield partial(_database, running.url("postgres"))


@contextmanager
def _database(server: str, *, template: str | None = None) -> Iterator[str]:
    name = f"pin_engrave_test_{uuid.uuid4().hex}"
    like = "" if template is None else f" TEMPLATE {template.partition('?')[0].rpartition('/')[2]}"
    with psycopg.connect(server, autocommit=True) as connection:
        # Twice as fast for a small database; version 15 brought the other way, and made it the usual one.
        like += " STRATEGY FILE_COPY" if connection.info.server_version >= _WITH_STRATEGIES else ""
        connection.execute(f"CREATE DATABASE {name}{like}")
    try:
        # The database is what stands between the last solidus and the options.
        address, mark, options = server.partition("?")
        yield f"{address.rpartition('/')[0]}/{name}{mark}{options}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def stamp() -> Stamp:
    """Whoever adds to the record in a test."""
    return STAMP


@pytest.fixture(params=["sqlite", "postgresql"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, or of a copy of the registry that the test asks for."""
    wanted = next((name for name in _MAKERS if name in request.fixturenames), None)
    if request.param == "sqlite":
        path = tmp_path / "registry.db"
        if wanted is not None:
            shutil.copyfile(request.getfixturevalue("_sqlite_templates")[wanted], path)
        yield str(path)
        return
    databases: Databases = request.getfixturevalue("postgresql")
    templates = request.getfixturevalue("_postgresql_templates")
    with databases(template=None if wanted is None else templates[wanted]) as url:
        yield url


@pytest.fixture(scope="session")
def _sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("templates")
    made = {name: str(folder / f"{name}.db") for name in _MAKERS}
    for name, path in made.items():
        _MAKERS[name](path)
    return made


@pytest.fixture(scope="session")
def _postgresql_templates(postgresql: Databases) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        made = {name: stack.enter_context(postgresql()) for name in _MAKERS}
        for name, url in made.items():
            _MAKERS[name](url)
        yield made


@pytest.fixture
def bare(given: str) -> str:
    """The address of a registry in which one issuer has the ids 100 to 199."""
    return given


@pytest.fixture
def filled(given: str) -> str:
    """The address of a registry: 1,000 serials of a range at id 1000 on, a pool of four, six events, six marks."""
    return given


@pytest.fixture
def fill() -> Callable[[str], None]:
    """Make such a registry at an address."""
    return _fill


@pytest.fixture
def registry(filled: str) -> Iterator[Registry]:
    """The same, open."""
    with opened(filled) as found:
        yield found


@pytest.fixture
def raw(given: str) -> Iterator[Raw]:
    """Another program's connection to the same database."""
    with raw_registry(given) as found:
        yield found


def _bare(given: str) -> None:
    """Make the registry of ``bare``."""
    create_registry(given, identity="00112233445566778899aabbccddeeff", stamp=STAMP)
    with opened(given) as registry:
        add_issuer(registry, "Acme", [Block(first_id=100, last_id=199)], STAMP)


def _fill(given: str) -> None:
    """Make the registry of ``filled``."""
    create_registry(given, identity="00112233445566778899aabbccddeeff", stamp=STAMP)
    serials = Range(maker="Acme", model="P-1", template="AA9999", first="AB0000", last="AB0999", base=1000)
    pool = Pool(maker="Acme", model="P-1", first_id=5000, last_id=5003)
    with opened(given) as registry:
        add_issuer(registry, "Acme", [Block(first_id=0, last_id=9999)], STAMP)
        add_ranges(registry, "Acme", [serials], [pool], STAMP)
        pins = [("Acme", "P-1", serial) for serial in ("AB0003", "AB0001", "X-1", "AB0002")]
        issue(registry, pins, STAMP, claim=Claim(binding="ab" * 32, profile="A", fresh=True, folder="cd"))
        reissue(registry, pins[0], "tip broken", STAMP)
        issue(registry, [("Acme", "P-1", "AB0500")], STAMP)


_MAKERS = {"bare": _bare, "filled": _fill}
