"""The registry: what was issued, to whom, and what became of it. Every function opens it, does one thing, closes it.

``given`` is a registry's address: a file's path, ``sqlite:///PATH`` or ``postgresql://USER@HOST/DATABASE``. A password
stands in none of them: PostgreSQL takes it from PGPASSWORD, ``.pgpass`` or a service file. ``actor`` is who answers for
an addition; without it the login name. What is answered are the JSON objects that ``docs/schemas`` describes.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engrave.base.clock import actor_of, utc_now
from engrave.base.config import MOST_CONFIG_BYTES, build, parse_toml
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import read_text, whole_file
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.code.alphabet import characters_of
from engrave.code.codeword import codes_of, codewords_of
from engrave.code.ranges import Range, normalised_pin
from engrave.registry import becoming, copying, importing, migrations
from engrave.registry.audit import Audit
from engrave.registry.audit import audit as audited
from engrave.registry.chain import Head, Stamp, canonical, head_of
from engrave.registry.connection import reading, shown_address
from engrave.registry.documents import write_document
from engrave.registry.importing import Imported
from engrave.registry.issuing import Pin, current_marks
from engrave.registry.schema import STATES, VERSION
from engrave.registry.sheets import write_sheet
from engrave.registry.store import Block, Pool, identity_of, opened
from engrave.registry.terms import Terms, key_id, written_range
from engrave.registry.viewing import CHARACTERS, History, Issuer, Spent, every_mark, histories, status_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATUS_SCHEMA = "pin-engrave/registry-status/1"
AUDIT_SCHEMA = "pin-engrave/registry-audit/1"
IMPORT_SCHEMA = "pin-engrave/registry-import/1"
CHANGE_SCHEMA = "pin-engrave/registry-change/1"
PIN_SCHEMA = "pin-engrave/registry-pin/1"

_IDENTITY_BYTES = 16
_SHEETS, _TERMS, _DOCUMENTS = (".csv", ".tsv", ".txt"), (".toml",), (".json",)
# Keys that a job has and a file of terms has not.
_OF_JOBS = frozenset({"pin", "process", "machine", "layout", "limits"})


def stamp_of(actor: str | None) -> Stamp:
    """Who adds to the record, now, with this version. Raises InputError where there is no login name."""
    return Stamp(actor=actor_of(actor), time=utc_now(), tool=f"{DISTRIBUTION} {tool_version()}")


def shown(given: str) -> str:
    """A registry's address as it may be shown: without a password. Raises InputError where it is none."""
    return shown_address(given)


def init(
    given: str,
    *,
    issuer: str | None = None,
    ids: Sequence[tuple[int, int]] = (),
    actor: str | None = None,
    identity: str | None = None,
) -> dict[str, Any]:
    """Make a registry, with an issuer and its blocks of ids where they are given; its status.

    ``identity`` names it for good; without it, it is random. Raises InputError with every fault, OccupiedError where
    the file is there, UnfinishedError; nothing is left behind then.
    """
    if (issuer is None) != (not ids):
        raise InputError("issuer: --issuer NAME and --ids FIRST-LAST go together")
    blocks = tuple(Block(first_id=first, last_id=last) for first, last in ids)
    terms = () if issuer is None else (Terms(issuer=issuer, blocks=blocks),)
    named = secrets.token_hex(_IDENTITY_BYTES) if identity is None else identity
    importing.found(given, identity=named, terms=terms, stamp=stamp_of(actor))
    return status(given)


def import_file(path: Path, given: str, *, issuer: str | None = None, actor: str | None = None) -> dict[str, Any]:
    """Put on record what a file tells of, by its kind: what was added. What is there already is passed over.

    ``.toml``: an issuer's keys, blocks, ranges and pools, or a job's ranges (then ``issuer`` says whose). ``.csv``:
    marks that exist elsewhere. ``.json``: an export of another registry. Raises InputError with every fault.
    """
    kind = path.suffix.lower()
    if kind not in (*_TERMS, *_SHEETS, *_DOCUMENTS):
        raise InputError(f"{path}: is no .toml, .csv or .json; name it by what it is")
    if issuer is not None and kind not in _TERMS:
        raise InputError(f"{path}: --issuer goes with a .toml file alone; a mark's issuer is that of its range")
    stamp = stamp_of(actor)
    with opened(given) as registry:
        if kind in _TERMS:
            told = importing.import_terms(registry, [terms_of(path, issuer)], {}, stamp)
        elif kind in _SHEETS:
            told = importing.import_sheet(registry, path, stamp)
        else:
            told = importing.import_document(registry, path, stamp)
    return _import_to_json(path, told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """A public Ed25519 key, in hexadecimal digits."""

    public: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _TermsFile:
    """A TOML file of what an issuer may issue."""

    issuer: str | None = None
    keys: tuple[_Key, ...] = ()
    blocks: tuple[Block, ...] = ()
    ranges: tuple[Range, ...] = ()
    pools: tuple[Pool, ...] = ()


def terms_of(path: Path, issuer: str | None) -> Terms:
    """What a TOML file says of an issuer; of a job, its ranges alone. Raises InputError with every fault."""
    origin = path.name
    table = parse_toml(read_text(path, most=MOST_CONFIG_BYTES), origin=origin)
    if _OF_JOBS & table.keys():
        table = {"ranges": table.get("ranges", [])}
    told = build(_TermsFile, table, origin=origin)
    if issuer is not None and told.issuer not in {None, issuer}:
        raise InputError(f"{origin}: issuer is {told.issuer!r} and --issuer says {issuer!r}; mend one of them")
    name = told.issuer if issuer is None else issuer
    if name is None:
        raise InputError(f'{origin}: does not say whose these are; add issuer = "NAME", or give --issuer NAME')
    if not (told.keys or told.blocks or told.ranges or told.pools):
        raise InputError(f"{origin}: has no keys, blocks, ranges or pools")
    keys = tuple(key.public for key in told.keys)
    return Terms(issuer=name, keys=keys, blocks=told.blocks, ranges=told.ranges, pools=told.pools)


def export(given: str, path: Path, *, replace: bool = False) -> int:
    """Write every mark to a ``.csv`` file, or the whole registry but its log to a ``.json`` file; how many marks.

    One state of the registry, whoever is adding to it meanwhile. Raises InputError, OccupiedError where the file is
    there and not to be replaced, UnfinishedError.
    """
    kind = path.suffix.lower()
    if kind not in {".csv", ".json"}:
        raise InputError(f"{path}: is no .csv or .json; name it by what it is to be")
    try:
        with opened(given) as registry, whole_file(path, replace=replace) as temporary, reading(registry) as connection:
            if kind == ".csv":
                return write_sheet(every_mark(connection), temporary)
            return write_document(connection, temporary)
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: a text on record was altered; see `pin-engrave registry verify`") from error


def backup(given: str, path: Path) -> dict[str, Any]:
    """Copy a registry in use into a new SQLite file; the audit of the copy. Raises as ``engrave.registry.copying``."""
    return _audit_to_json(copying.backup(given, path))


def restore(path: Path, given: str) -> dict[str, Any]:
    """Make a registry of a backup; the audit of what was made. Raises as ``engrave.registry.copying``."""
    return _audit_to_json(copying.restore(path, given))


def upgrade(given: str, *, actor: str | None = None) -> dict[str, Any]:
    """Bring a registry to this version; its status then. Raises InputError where there is none, or a newer one."""
    migrations.upgrade(given, stamp_of(actor))
    return status(given)


def verify(given: str, *, expect: str | None = None) -> dict[str, Any]:
    """Compute the whole record again: the audit. ``expect`` is a head that was kept, ``SEQ:HASH``.

    Raises InputError where there is no registry, or ``expect`` is none.
    """
    kept = None if expect is None else _head_of(expect)
    with opened(given) as registry:
        return _audit_to_json(audited(registry, kept=kept))


def _head_of(text: str) -> Head:
    number, _, told = text.strip().partition(":")
    if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS and _HASH.fullmatch(told)):
        raise InputError(f"--expect {text[:100]!r}: is no head; give SEQ:HASH as `registry verify` printed it")
    return Head(seq=int(number), hash=told)


# Of the greatest number that an event can have, 2^63 - 1.
_MOST_DIGITS = 19
_HASH = re.compile("[0-9a-f]{64}")


def void(
    given: str, serials: Sequence[str], *, maker: str, model: str, reason: str, actor: str | None = None
) -> dict[str, Any]:
    """End the marks of pins for good: the marks, and how many ended now. Raises InputError with every fault."""
    pins = _pins(serials, maker, model)
    stamp = stamp_of(actor)
    with opened(given) as registry:
        before = becoming.void(registry, pins, reason, stamp)
        changed = sum(STATES[mark.state] != "void" for mark in before)
        with reading(registry) as connection:
            return change_to_json("void", changed, connection, pins)


def marked(given: str, serials: Sequence[str], *, maker: str, model: str, actor: str | None = None) -> dict[str, Any]:
    """Put on record that pins were engraved in fact. Raises InputError where one is not on record, or void."""
    pins = _pins(serials, maker, model)
    stamp = stamp_of(actor)
    with opened(given) as registry:
        found = becoming.current(registry, pins)
        changed = becoming.advance(registry, [mark.id for mark in found], "marked", {}, stamp)
        with reading(registry) as connection:
            return change_to_json("marked", changed, connection, pins)


def reissue(
    given: str, serial: str, *, maker: str, model: str, reason: str, actor: str | None = None
) -> dict[str, Any]:
    """A new mark for a pin that is replaced; the old one is void from then on. Raises InputError."""
    (pin,) = pins = _pins([serial], maker, model)
    stamp = stamp_of(actor)
    with opened(given) as registry:
        becoming.reissue(registry, pin, reason, stamp)
        with reading(registry) as connection:
            return change_to_json("reissued", 1, connection, pins)


def _pins(serials: Sequence[str], maker: str, model: str) -> list[tuple[str, str, str]]:
    """Each pin once, normalised. Raises InputError with every fault."""
    faults: list[str] = []
    pins: dict[tuple[str, str, str], None] = {}
    for serial in serials:
        with Collecting(faults):
            pins[normalised_pin(maker, model, serial)] = None
    raise_faults(list(dict.fromkeys(faults)))
    if not pins:
        raise InputError("serial: none is given; name one at least")
    return list(pins)


def status(given: str) -> dict[str, Any]:
    """How a registry stands: issuers, ranges with what is spent and left, marks by state, the log's head."""
    with opened(given) as registry, reading(registry) as connection:
        found = status_of(connection)
        identity = identity_of(connection)
    return {
        "schema": STATUS_SCHEMA,
        "registry": identity,
        "version": VERSION,
        "head": head_to_json(found.head),
        "marks": sum(found.states.values()),
        "states": [{"state": name, "marks": count} for name, count in found.states.items()],
        "issuers": [_issuer_to_json(entry) for entry in found.issuers],
        "ranges": [_spent_to_json(entry) for entry in found.ranges],
    }


def _issuer_to_json(entry: Issuer) -> dict[str, Any]:
    return {
        "name": entry.name,
        "blocks": [{"first_id": first, "last_id": last} for first, last in entry.blocks],
        "keys": [{"id": key_id(public), "public": public} for public in entry.keys],
    }


def _spent_to_json(entry: Spent) -> dict[str, Any]:
    told = entry.range
    return {
        "issuer": told.issuer,
        "maker": told.maker,
        "model": told.model,
        **written_range(told.range),
        "first_id": told.ids[0],
        "last_id": told.ids[1],
        "spent": entry.spent,
        "left": entry.left,
    }


def history(given: str, serial: str, *, maker: str, model: str) -> dict[str, Any]:
    """Every mark that a pin has had, with its events. Raises InputError where it is not on record."""
    (pin,) = _pins([serial], maker, model)
    with opened(given) as registry, reading(registry) as connection:
        found = histories(connection, pin)
    if not found:
        raise InputError(f"serial {pin[2]!r} of ({pin[0]}, {pin[1]}): is not on record")
    return {
        "schema": PIN_SCHEMA,
        "serial": pin[2],
        "maker": pin[0],
        "model": pin[1],
        "marks": [_history_to_json(entry) for entry in found],
    }


def _history_to_json(entry: History) -> dict[str, Any]:
    mark = entry.mark
    binding, profile, lot = mark.engraving or ("", "", "")
    engraving = {"binding": binding, "profile": profile, "lot": lot}
    return {
        "id": mark.id,
        "characters": mark.characters,
        "issue": mark.issue,
        "replaces": mark.replaces,
        "state": STATES[mark.states[-1]],
        "engraving": None if mark.engraving is None else engraving,
        "events": [
            {
                "seq": event.seq,
                "kind": event.kind,
                "state": event.state,
                "time": event.time,
                "actor": event.actor,
                "tool": event.tool,
                "told": [
                    {"name": name, "value": value if isinstance(value, str) else canonical(value)}
                    for name, value in event.told.items()
                ],
            }
            for event in entry.events
        ],
    }


def change_to_json(change: str, changed: int, connection: "Connection", pins: Sequence[Pin]) -> dict[str, Any]:
    """What became of pins: the newest mark of each, and how many of them changed."""
    found = current_marks(connection, pins)
    codewords = codewords_of(codes_of(np.array([found[pin].id for pin in pins], dtype=np.int64)))
    return {
        "schema": CHANGE_SCHEMA,
        "change": change,
        "changed": changed,
        "pins": [
            {
                "serial": pin[2],
                "maker": pin[0],
                "model": pin[1],
                "id": found[pin].id,
                "characters": characters_of(codeword[:CHARACTERS]),
                "replaces": found[pin].replaces,
                "state": STATES[found[pin].state],
            }
            for pin, codeword in zip(pins, codewords.tolist(), strict=True)
        ],
        "head": head_to_json(head_of(connection)),
    }


def _import_to_json(path: Path, told: Imported) -> dict[str, Any]:
    return {
        "schema": IMPORT_SCHEMA,
        "file": path.name,
        "issuers": told.issuers,
        "keys": told.keys,
        "blocks": told.blocks,
        "ranges": told.ranges,
        "marks": told.marks,
        "passed_over": told.passed_over,
        "head": head_to_json(told.head),
    }


def _audit_to_json(found: Audit) -> dict[str, Any]:
    return {
        "schema": AUDIT_SCHEMA,
        "sound": found.sound,
        "faults": list(found.faults),
        "events": found.events,
        "marks": found.marks,
        "head": head_to_json(found.head),
    }


def head_to_json(head: Head) -> dict[str, Any]:
    """The head of the log."""
    return {"seq": head.seq, "hash": head.hash}
