"""Guards in the database itself: rows are added and never changed, whatever program writes.

SQLite: triggers. REPLACE removes a row without asking the triggers that guard against deletion, hence one before each
insertion, which refuses a key that is there. Its checks read a text up to the first NUL alone, hence one that
refuses those; PostgreSQL has no such text. PostgreSQL: triggers and exclusion constraints.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Table, Text, UniqueConstraint, text

from engrave.registry.schema import metadata


def create_guards(connection: Connection) -> None:
    """Create every guard in a database that has the tables."""
    for statement in _sqlite().values() if connection.dialect.name == "sqlite" else _postgresql():
        connection.execute(text(statement))


def drop_guards(connection: Connection) -> None:
    """Drop every guard, for a migration that makes them again in the same transaction."""
    sqlite = connection.dialect.name == "sqlite"
    for name, table in standing(connection):
        if sqlite:
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        elif name.endswith(_APART):
            connection.execute(text(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"'))
        else:
            connection.execute(text(f'DROP TRIGGER "{name}" ON "{table}"'))
    if not sqlite:
        for name in _functions():
            connection.execute(text(f"DROP FUNCTION IF EXISTS {name}()"))


def standing(connection: Connection) -> dict[tuple[str, str], str]:
    """The guards that a database has, by name and table, each with what it does as the database tells it."""
    query = _STANDING[connection.dialect.name]
    rows = connection.execute(text(query))
    return {(name, table): body for name, table, body in rows if table in metadata.tables}


def expected(connection: Connection) -> dict[tuple[str, str], str]:
    """The guards that it should have, as ``standing`` tells of them."""
    if connection.dialect.name == "sqlite":
        return _sqlite()
    bodies = _functions()
    found = {}
    for name, table, kind, function in _postgresql_triggers():
        found[name, table] = f"O {_TRIGGER_TYPES[kind]} {bodies[function]}"
    for table in _BLOCKS_OF_IDS:
        found[f"{table}{_APART}", table] = "EXCLUDE USING gist (int8range(first_id, last_id, '[]'::text) WITH &&)"
    return found


_APART = "_apart"

# What a trigger is for, and PostgreSQL's number for it (src/include/catalog/pg_trigger.h: row 1, before 2, insert 4,
# delete 8, update 16, truncate 32).
_TRIGGER_TYPES = {
    "BEFORE UPDATE OR DELETE ON {} FOR EACH ROW": 27,
    "BEFORE TRUNCATE ON {} FOR EACH STATEMENT": 34,
    "BEFORE INSERT ON {} FOR EACH ROW": 7,
}
_CHANGE, _TRUNCATE, _INSERT = _TRIGGER_TYPES

_STANDING = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": (
        "SELECT t.tgname, c.relname,"
        " concat(t.tgenabled, ' ', t.tgtype, ' ', t.tgattr, t.tgqual, p.prosrc)"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        " UNION ALL SELECT k.conname, c.relname, pg_get_constraintdef(k.oid)"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " WHERE k.contype = 'x' AND c.relnamespace = current_schema()::regnamespace"
    ),
}


# Conditions on a new row under which it is refused, by table: SQL that both databases understand, and the reason.
_REFUSALS = {
    "events": (
        (
            "NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM events)"
            " OR NEW.previous <> COALESCE((SELECT hash FROM events WHERE seq = NEW.seq - 1), '" + "0" * 64 + "')",
            "an event follows the last one",
        ),
    ),
    "ranges": (
        (
            (
                "NOT EXISTS (SELECT 1 FROM blocks WHERE issuer = NEW.issuer"
                " AND first_id <= NEW.first_id AND last_id >= NEW.last_id)"
            ),
            "a range lies in a block of its issuer",
        ),
    ),
    "marks": (
        (
            (
                "NOT EXISTS (SELECT 1 FROM ranges WHERE id = NEW.range AND model = NEW.model"
                " AND NEW.id BETWEEN first_id AND last_id)"
            ),
            "a mark lies in a range of its model",
        ),
        (
            (
                "NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM marks WHERE id = NEW.replaces"
                " AND model = NEW.model AND serial = NEW.serial AND issue = NEW.issue - 1)"
            ),
            "a mark replaces the one issued before it for the same serial",
        ),
    ),
    "steps": (
        (
            "EXISTS (SELECT 1 FROM steps WHERE mark = NEW.mark AND state >= NEW.state)",
            "states go forward only",
        ),
    ),
}
_BLOCKS_OF_IDS = ("blocks", "ranges")
_OVERLAP = "ids overlap those of another row"


def _sqlite() -> dict[tuple[str, str], str]:
    found = {}
    for table in metadata.sorted_tables:
        name = table.name
        triggers = [(f"no_{order.lower()}", order, "1", "rows are never changed") for order in ("UPDATE", "DELETE")]
        triggers.append(("no_replace", "INSERT", _standing_already(table), "on record already"))
        if condition := _with_nul(table):
            triggers.append(("no_nul", "INSERT", condition, "text holds no NUL"))
        triggers += [
            (f"refusal_{index}", "INSERT", condition, reason)
            for index, (condition, reason) in enumerate(_refusals_of(name))
        ]
        for suffix, order, condition, reason in triggers:
            found[f"{name}_{suffix}", name] = (
                f"CREATE TRIGGER {name}_{suffix} BEFORE {order} ON {name} WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, 'pin-engrave: {name}: {reason}'); END"
            )
    return found


def _refusals_of(name: str) -> Iterator[tuple[str, str]]:
    yield from _REFUSALS.get(name, ())
    if name in _BLOCKS_OF_IDS:
        yield (
            f"EXISTS (SELECT 1 FROM {name} WHERE first_id <= NEW.last_id AND last_id >= NEW.first_id)",  # noqa: S608 - ours
            _OVERLAP,
        )


def _with_nul(table: Table) -> str:
    """Whether a text of the new row has a NUL in it; empty where the table has no text."""
    names = (column.name for column in table.columns if isinstance(column.type, Text))
    return " OR ".join(f"instr(NEW.{name}, char(0)) > 0" for name in names)


def _standing_already(table: Table) -> str:
    """Whether a row with one of the new row's unique keys is there."""
    groups = [list(table.primary_key.columns)]
    groups += [list(entry.columns) for entry in table.constraints if isinstance(entry, UniqueConstraint)]
    alike = (" AND ".join(f"{column.name} = NEW.{column.name}" for column in group) for group in groups)
    # Separate look-ups: each uses its own index.
    queries = (f"SELECT 1 FROM {table.name} WHERE {condition}" for condition in alike)  # noqa: S608 - our own names
    return " OR ".join(sorted(f"EXISTS ({query})" for query in queries))


def _postgresql() -> Iterator[str]:
    for function, body in _functions().items():
        yield f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
    for name, table, kind, function in _postgresql_triggers():
        yield f"CREATE TRIGGER {name} {kind.format(table)} EXECUTE FUNCTION {function}()"
    for name in _BLOCKS_OF_IDS:
        yield (
            f"ALTER TABLE {name} ADD CONSTRAINT {name}{_APART} EXCLUDE USING gist"
            " (int8range(first_id, last_id, '[]') WITH &&)"
        )


def _postgresql_triggers() -> Iterator[tuple[str, str, str, str]]:
    """Name, table, what for, and function of every trigger."""
    for table in metadata.sorted_tables:
        name = table.name
        yield f"{name}_no_change", name, _CHANGE, _UNCHANGED
        yield f"{name}_no_truncate", name, _TRUNCATE, _UNCHANGED
    for name in _REFUSALS:
        yield f"{name}_refusals", name, _INSERT, f"pin_engrave_{name}"


_UNCHANGED = "pin_engrave_unchanged"


def _functions() -> dict[str, str]:
    """The body of every trigger function."""
    state = "USING ERRCODE = 'integrity_constraint_violation'"
    unchanged = f" BEGIN RAISE EXCEPTION 'pin-engrave: %: rows are never changed', TG_TABLE_NAME {state}; END "
    bodies = {_UNCHANGED: unchanged}
    for name, refusals in _REFUSALS.items():
        tests = " ".join(
            f"IF {condition} THEN RAISE EXCEPTION 'pin-engrave: {name}: {reason}' {state}; END IF;"
            for condition, reason in refusals
        )
        bodies[f"pin_engrave_{name}"] = f" BEGIN {tests} RETURN NEW; END "
    return bodies
