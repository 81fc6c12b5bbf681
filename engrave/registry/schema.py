"""The tables. All of them are append-only, and every row names the event that added it.

What a row means never changes, so there is no column for a current state: a mark's state is its furthest step, its
replacement the mark that names it. Integers and text only, so that a row reads the same from any database.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy.schema import UniqueConstraint

from engrave.code.alphabet import ALPHABET
from engrave.code.permutation import ID_COUNT
from engrave.code.reedsolomon import LENGTH
from engrave.code.serials import LONGEST_NAME, LONGEST_SERIAL

VERSION = 2
"""Of the tables. A registry of an older version is upgraded by ``migrations``; a newer one is refused."""

STATES = ("planned", "allocated", "rendered", "verified", "signed off", "marked", "void")
"""What may become of a mark, in the only order in which it may; a step may leave some out."""

MODES = ("range", "template", "registry")
"""How a range gives a serial its id: its place from first to last, its place in the template, or the next free."""

HASH_LENGTH = 64

LONGEST_LOT = 200
"""Characters of a lot, all of them printable."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _number() -> BigInteger:
    """64 bits; SQLite's strict tables know them as INTEGER alone."""
    return BigInteger().with_variant(Integer, "sqlite")


def _key(name: str = "id") -> Column[int]:
    return Column(name, _number(), primary_key=True, autoincrement=False)


def _of(name: str, target: str, *, key: bool = False, unique: bool = False, optional: bool = False) -> Column[int]:
    """A column that refers to another table's key."""
    return Column(
        name,
        _number(),
        ForeignKey(target),
        primary_key=key,
        autoincrement=False,
        nullable=optional,
        unique=unique or None,
    )


def _event() -> Column[int]:
    return _of("event", "events.seq")


def _text(name: str, *, unique: bool = False) -> Column[str]:
    return Column(name, Text, nullable=False, unique=unique)


def _written(name: str, allowed: str, least: int, most: int) -> tuple[CheckConstraint, CheckConstraint]:
    """Checks that a column holds ``least`` to ``most`` of the allowed characters, hyphen last, for either database."""
    length = f"length({name}) BETWEEN {least} AND {most}"
    sqlite = CheckConstraint(f"{length} AND {name} NOT GLOB '*[^{allowed}]*'", name=f"{name}_written")
    postgresql = CheckConstraint(f"{name} ~ '^[{allowed}]{{{least},{most}}}$'", name=f"{name}_written")
    return sqlite.ddl_if(dialect="sqlite"), postgresql.ddl_if(dialect="postgresql")


def _named(name: str) -> CheckConstraint:
    return CheckConstraint(f"length({name}) BETWEEN 1 AND {LONGEST_NAME}", name=f"{name}_length")


def _ids() -> tuple[Column[int], Column[int], CheckConstraint]:
    """A block of ids, both ends included."""
    within = f"0 <= first_id AND first_id <= last_id AND last_id < {ID_COUNT}"
    return (
        Column("first_id", _number(), nullable=False),
        Column("last_id", _number(), nullable=False),
        CheckConstraint(within, name="ids_within"),
    )


_HEX = "0123456789abcdef"

events = Table(
    "events",
    metadata,
    _key("seq"),
    _text("kind"),
    _text("actor"),
    _text("time"),
    _text("tool"),
    _text("body"),
    _text("previous", unique=True),
    _text("hash", unique=True),
    *_written("previous", _HEX, HASH_LENGTH, HASH_LENGTH),
    *_written("hash", _HEX, HASH_LENGTH, HASH_LENGTH),
    CheckConstraint("seq >= 1", name="seq_counts"),
    sqlite_strict=True,
)

versions = Table("versions", metadata, _key("version"), _event(), sqlite_strict=True)

issuers = Table("issuers", metadata, _key(), _text("name", unique=True), _event(), _named("name"), sqlite_strict=True)

blocks = Table("blocks", metadata, _key(), _of("issuer", "issuers.id"), *_ids(), _event(), sqlite_strict=True)

models = Table(
    "models",
    metadata,
    _key(),
    _text("maker"),
    _text("model"),
    _event(),
    UniqueConstraint("maker", "model"),
    _named("maker"),
    _named("model"),
    sqlite_strict=True,
)

ranges = Table(
    "ranges",
    metadata,
    _key(),
    _of("issuer", "issuers.id"),
    _of("model", "models.id"),
    _text("mode"),
    _text("template"),
    _text("first"),
    _text("last"),
    *_ids(),
    _event(),
    CheckConstraint(f"mode IN {MODES}", name="mode_known"),
    CheckConstraint("(mode = 'registry') = (template = '' AND first = '' AND last = '')", name="mode_fits"),
    sqlite_strict=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    _of("issuer", "issuers.id"),
    _text("public", unique=True),
    _event(),
    *_written("id", _HEX, HASH_LENGTH, HASH_LENGTH),
    *_written("public", _HEX, HASH_LENGTH, HASH_LENGTH),
    sqlite_strict=True,
)

states = Table("states", metadata, _key("rank"), _text("name", unique=True), sqlite_strict=True)

marks = Table(
    "marks",
    metadata,
    _key(),
    Column("code", _number(), nullable=False, unique=True),
    _text("codeword", unique=True),
    _of("range", "ranges.id"),
    _of("model", "models.id"),
    _text("serial"),
    Column("issue", _number(), nullable=False),
    _of("replaces", "marks.id", unique=True, optional=True),
    _event(),
    UniqueConstraint("model", "serial", "issue"),
    *_written("codeword", ALPHABET, LENGTH, LENGTH),
    *_written("serial", "0-9A-Z-", 1, LONGEST_SERIAL),
    CheckConstraint(f"id BETWEEN 0 AND {ID_COUNT - 1}", name="id_within"),
    CheckConstraint(f"code BETWEEN 0 AND {ID_COUNT - 1}", name="code_within"),
    CheckConstraint("(issue = 0) = (replaces IS NULL) AND issue >= 0", name="issue_replaces"),
    sqlite_strict=True,
)

steps = Table(
    "steps",
    metadata,
    _of("mark", "marks.id", key=True),
    _of("state", "states.rank", key=True),
    _event(),
    sqlite_strict=True,
)

engravings = Table(
    "engravings",
    metadata,
    _of("mark", "marks.id", key=True),
    _text("binding"),
    _text("profile"),
    _text("lot"),
    _event(),
    # Names the folder until its manifest is written. Since version 2.
    Column("folder", Text, nullable=False, server_default=""),
    *_written("binding", _HEX, HASH_LENGTH, HASH_LENGTH),
    CheckConstraint("length(profile) = 1", name="profile_letter"),
    sqlite_strict=True,
)

readings = Table(
    "readings",
    metadata,
    _key(),
    _text("case_name"),
    _text("reader"),
    _text("profile"),
    _text("characters"),
    _text("ring"),
    _text("shapes"),
    Column("any_rotation", _number(), nullable=False),
    _event(),
    _named("case_name"),
    _named("reader"),
    CheckConstraint("length(profile) = 1", name="profile_letter"),
    CheckConstraint("any_rotation IN (0, 1)", name="any_rotation_yes_or_no"),
    sqlite_strict=True,
)
"""What readers typed, to the letter, before anything was suggested to them. Since version 2."""

for _table in (marks, steps, engravings, readings):
    Index(None, _table.c.event)

GROWING = (versions, issuers, blocks, models, ranges, keys, marks, steps, engravings, readings)
"""Every table whose rows belong to events, so ordered that each stands after those it refers to."""
