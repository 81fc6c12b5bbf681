"""From the tables of an older version to those of this one: in one transaction, with every guard made again."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from engrave.base.errors import InputError
from engrave.registry.chain import Addition, Head, Stamp, append, head_of
from engrave.registry.connection import connected, writing
from engrave.registry.guards import create_guards, drop_guards
from engrave.registry.schema import VERSION, metadata, readings, versions
from engrave.registry.store import version_of


def upgrade(given: str, stamp: Stamp) -> tuple[int, Head]:
    """Bring a registry to this version; one that has it is left alone. The version that it had, and the log's head.

    Raises InputError where there is no registry, or one that is newer; nothing is changed unless all is.
    """
    with connected(given) as registry, writing(registry) as connection:
        version = version_of(connection, registry.name)
        if version > VERSION:
            raise InputError(
                f"registry {registry.name}: of version {version}, newer than {VERSION}; update pin-engrave"
            )
        if version == VERSION:
            return version, head_of(connection)
        drop_guards(connection)
        for number in range(version, VERSION):
            _STEPS[number](connection)
        create_guards(connection)
        told = Addition(kind="upgraded", told={"from": version}, rows={versions: [{"version": VERSION}]})
        return version, append(connection, told, stamp)


def _to_2(connection: Connection) -> None:
    """Readings, and which folder a pin was engraved in; what was engraved before names none."""
    metadata.create_all(connection, tables=[readings])
    connection.execute(text("ALTER TABLE engravings ADD COLUMN folder TEXT DEFAULT '' NOT NULL"))


_STEPS: Mapping[int, Callable[[Connection], None]] = {1: _to_2}
"""What takes the tables of a version to those of the next."""
