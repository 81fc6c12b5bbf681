"""Who owns which ids and keys, and what ids are for, several issuers at once: put on record whole, or not at all."""

import re
import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, select

from engrave.base.errors import Collecting, raise_faults
from engrave.code.permutation import ID_COUNT
from engrave.code.ranges import Range, RangeTable, ids_of
from engrave.code.serials import normalise_name
from engrave.registry.chain import Addition, Head, Stamp, append, head_of
from engrave.registry.connection import Registry, writing
from engrave.registry.schema import HASH_LENGTH, blocks, issuers, keys, models, ranges
from engrave.registry.store import Block, Pool, Recorded, next_id, recorded_ranges

Ids = tuple[int, int]

_KEY = re.compile(f"[0-9a-f]{{{HASH_LENGTH}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one issuer may issue: blocks of ids that are its own, and in them ranges of serials and pools.

    ``keys`` : its public Ed25519 keys (RFC 8032: 32 bytes), in hexadecimal digits.
    """

    issuer: str
    keys: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    ranges: tuple[Range, ...] = ()
    pools: tuple[Pool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A range, or a pool where ``range`` is None, its names as they are kept."""

    place: str
    issuer: str
    maker: str
    model: str
    ids: Ids
    range: Range | None


def _letter(entry: _Entry | Recorded) -> tuple[Any, ...]:
    """What makes two the same: with both ends, since a range may be written with or without them."""
    written = entry.range.with_ends() if entry.range is not None else None
    return entry.issuer, entry.maker, entry.model, entry.ids, written


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What is on record; ``keys`` with their issuers."""

    issuers: Mapping[str, int]
    keys: Mapping[str, str]
    blocks: Sequence[tuple[Ids, str]]
    ranges: Sequence[Recorded]


def settle(
    connection: Connection, given: Sequence[Terms], told: Mapping[str, Any], stamp: Stamp, faults: list[str]
) -> Counter[str]:
    """Put on record what is not there yet, within the caller's transaction: how many issuers, keys, blocks and ranges.

    Every fault goes on the list, and then nothing is added: a block that is none or overlaps another one, ids outside
    the issuer's blocks, ids or serials that belong to another range, a key that is none or belongs to another issuer.
    """
    found: list[str] = []
    standing = _standing(connection)
    named = [terms for entry in given if (terms := _named(entry, found)) is not None]
    new = _New(
        issuers=[name for name in dict.fromkeys(terms.issuer for terms in named) if name not in standing.issuers],
        keys=_new_keys(named, standing, found),
        blocks=_new_blocks(named, standing, found),
        entries=_new_entries(named, standing, found),
    )
    found += _unknown(named, new, standing)
    _hold(new.entries, [*standing.blocks, *new.blocks], standing, found)
    found += _serial_faults(new.entries, standing)
    faults.extend(found)
    if found or not (new.issuers or new.keys or new.blocks or new.entries):
        return Counter()
    append(connection, Addition(kind="terms", told=told, rows=_rows(connection, new, standing)), stamp)
    return Counter(issuers=len(new.issuers), keys=len(new.keys), blocks=len(new.blocks), ranges=len(new.entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """What is not on record yet; keys and blocks with their issuers."""

    issuers: Sequence[str]
    keys: Mapping[str, str]
    blocks: Sequence[tuple[Ids, str]]
    entries: Sequence[_Entry]


def add_issuer(registry: Registry, name: str, owned: Sequence[Block], stamp: Stamp) -> Head:
    """Put an issuer with its blocks of ids on record, or give more blocks to one that is; the head of the log then.

    Raises InputError with every fault, as ``settle`` has them.
    """
    return _settled(registry, Terms(issuer=name, blocks=tuple(owned)), stamp)[0]


def add_ranges(
    registry: Registry, issuer: str, given: Sequence[Range], pools: Sequence[Pool], stamp: Stamp
) -> tuple[Head, int]:
    """Put ranges of serials and pools of ids on record; those that are there already are passed over.

    The head of the log then, and how many were added. Raises InputError with every fault, as ``settle`` has them.
    """
    head, counts = _settled(registry, Terms(issuer=issuer, ranges=tuple(given), pools=tuple(pools)), stamp)
    return head, counts["ranges"]


def _settled(registry: Registry, terms: Terms, stamp: Stamp) -> tuple[Head, Counter[str]]:
    faults: list[str] = []
    with writing(registry) as connection:
        counts = settle(connection, [terms], {}, stamp, faults)
        raise_faults(faults)
        return head_of(connection), counts


def _standing(connection: Connection) -> _Standing:
    owned = select(blocks.c.first_id, blocks.c.last_id, issuers.c.name).join(issuers, issuers.c.id == blocks.c.issuer)
    held = select(keys.c.public, issuers.c.name).join(issuers, issuers.c.id == keys.c.issuer)
    return _Standing(
        issuers={row.name: row.id for row in connection.execute(select(issuers))},
        keys={row.public: row.name for row in connection.execute(held)},
        blocks=[((row.first_id, row.last_id), row.name) for row in connection.execute(owned)],
        ranges=recorded_ranges(connection),
    )


def _named(terms: Terms, faults: list[str]) -> Terms | None:
    with Collecting(faults):
        return replace(terms, issuer=normalise_name(terms.issuer, kind="issuer"))
    return None


def _unknown(named: Sequence[Terms], new: _New, standing: _Standing) -> Iterator[str]:
    """Newcomers that are given no block, which may be names that are misspelt."""
    on_record = ", ".join(sorted(standing.issuers)) or "none"
    for name in new.issuers:
        if not any(terms.blocks for terms in named if terms.issuer == name):
            yield f"issuer {name!r}: is not on record and is given no block of ids here; on record: {on_record}"


def _new_keys(given: Sequence[Terms], standing: _Standing, faults: list[str]) -> dict[str, str]:
    """Keys that are not on record, with their issuers."""
    added: dict[str, str] = {}
    for terms in given:
        for index, written in enumerate(terms.keys):
            place, public = f"keys[{index}] of issuer {terms.issuer!r}", written.strip().lower()
            owner = standing.keys.get(public) or added.get(public)
            if not _KEY.fullmatch(public):
                told = reprlib.repr(written)
                faults.append(f"{place}: {told} is no Ed25519 public key; give its {HASH_LENGTH} hexadecimal digits")
            elif owner is None:
                added[public] = terms.issuer
            elif owner != terms.issuer:
                faults.append(f"{place}: {public} is a key of issuer {owner!r}; no two may have the same")
    return added


def key_id(public: str) -> str:
    """What names a public key: the SHA-256 of its bytes."""
    return sha256(bytes.fromhex(public)).hexdigest()


def _new_blocks(given: Sequence[Terms], standing: _Standing, faults: list[str]) -> list[tuple[Ids, str]]:
    """Blocks that are not on record, with their issuers."""
    taken = [(ids, f"of issuer {name!r}") for ids, name in standing.blocks]
    added: list[tuple[Ids, str]] = []
    for terms in given:
        for index, block in enumerate(terms.blocks):
            ids = (block.first_id, block.last_id)
            place = f"blocks[{index}] of issuer {terms.issuer!r}"
            if (ids, terms.issuer) in standing.blocks:
                continue
            if not _are_ids(ids):
                faults.append(f"{place}: {ids[0]}-{ids[1]} is no block; {_GIVE_IDS}")
                continue
            faults += [
                f"{place}: {ids[0]}-{ids[1]} overlaps {first}-{last} {other}; no id may belong to two blocks"
                for (first, last), other in taken
                if ids[0] <= last and ids[1] >= first
            ]
            taken.append((ids, f"of {place}"))
            added.append((ids, terms.issuer))
    return added


_GIVE_IDS = f"give a first and a last id from 0 to {ID_COUNT - 1}"


def _are_ids(ids: Ids) -> bool:
    return 0 <= ids[0] <= ids[1] < ID_COUNT


def _new_entries(given: Sequence[Terms], standing: _Standing, faults: list[str]) -> list[_Entry]:
    """Ranges and pools that are not on record, each sound by itself."""
    known = set(map(_letter, standing.ranges))
    entries = [entry for terms in given for entry in (*_ranges(terms, faults), *_pools(terms, faults))]
    return [entry for entry in entries if _letter(entry) not in known]


def _ranges(terms: Terms, faults: list[str]) -> Iterator[_Entry]:
    found: list[str] = []
    with Collecting(found):
        RangeTable(terms.ranges)
    faults.extend(found)
    for index, kept in enumerate(() if found else [entry.normalised() for entry in terms.ranges]):
        place = f"ranges[{index}] ({kept.maker}, {kept.model})"
        yield _Entry(place=place, issuer=terms.issuer, maker=kept.maker, model=kept.model, ids=ids_of(kept), range=kept)


def _pools(terms: Terms, faults: list[str]) -> Iterator[_Entry]:
    for index, pool in enumerate(terms.pools):
        place, ids = f"pools[{index}] ({pool.maker}, {pool.model})", (pool.first_id, pool.last_id)
        if not _are_ids(ids):
            faults.append(f"{place}: {ids[0]}-{ids[1]} are no ids; {_GIVE_IDS}")
        with Collecting(faults, prefix=f"{place}: "):
            maker, model = normalise_name(pool.maker, kind="maker"), normalise_name(pool.model, kind="model")
            if _are_ids(ids):
                yield _Entry(place=place, issuer=terms.issuer, maker=maker, model=model, ids=ids, range=None)


def _hold(entries: Sequence[_Entry], owned: Sequence[tuple[Ids, str]], standing: _Standing, faults: list[str]) -> None:
    """Hold the ids of new ranges and pools against blocks, against those on record, and against one another."""
    taken = [(entry.ids, f"({entry.maker}, {entry.model}) on record") for entry in standing.ranges]
    for entry in entries:
        first, last = entry.ids
        own = [ids for ids, name in owned if name == entry.issuer]
        # That an issuer has no blocks at all is told once, of the issuer.
        if own and not any(start <= first and last <= end for start, end in own):
            told = ", ".join(f"{start}-{end}" for start, end in own)
            faults.append(
                f"{entry.place}: ids {first}-{last} lie in no block of issuer {entry.issuer!r}; it owns {told}"
            )
        faults += [
            f"{entry.place}: ids {first}-{last} overlap {start}-{end} of {other}; choose a base of its own"
            for (start, end), other in taken
            if first <= end and last >= start
        ]
        taken.append((entry.ids, entry.place))


def _serial_faults(entries: Sequence[_Entry], standing: _Standing) -> Iterator[str]:
    """Serials that belong to two ranges, each told as on record, or by its place in what was given."""
    on_record = [(entry.range, f"one on record ({entry.maker}, {entry.model})") for entry in standing.ranges]
    new = [(entry.range, entry.place) for entry in entries]
    named = [(entry, name) for entry, name in (*on_record, *new) if entry is not None]
    found: list[str] = []
    with Collecting(found):
        RangeTable([entry for entry, _ in named])
    if not found:
        return
    places = {f"ranges[{index}] ({entry.maker}, {entry.model})": name for index, (entry, name) in enumerate(named)}
    written = re.compile("|".join(map(re.escape, places)))
    # Ids have been judged, those of pools among them. A name may hold any text, hence the whole beginning.
    judged = tuple(f"{place}: ids " for place in places)
    yield from (written.sub(lambda at: places[at[0]], fault) for fault in found if not fault.startswith(judged))


def _rows(connection: Connection, new: _New, standing: _Standing) -> Mapping[Table, list[dict[str, Any]]]:
    start = next_id(connection, issuers)
    numbers = {**standing.issuers, **{name: start + place for place, name in enumerate(new.issuers)}}
    pairs = {(row.maker, row.model): row.id for row in connection.execute(select(models))}
    fresh = [pair for pair in dict.fromkeys((entry.maker, entry.model) for entry in new.entries) if pair not in pairs]
    first_model = next_id(connection, models)
    pairs |= {pair: first_model + place for place, pair in enumerate(fresh)}
    first_block, first_range = next_id(connection, blocks), next_id(connection, ranges)
    return {
        issuers: [{"id": numbers[name], "name": name} for name in new.issuers],
        keys: [{"id": key_id(public), "issuer": numbers[name], "public": public} for public, name in new.keys.items()],
        blocks: [
            {"id": first_block + place, "issuer": numbers[name], "first_id": first, "last_id": last}
            for place, ((first, last), name) in enumerate(new.blocks)
        ],
        models: [{"id": pairs[pair], "maker": pair[0], "model": pair[1]} for pair in fresh],
        ranges: [
            {
                "id": first_range + place,
                "issuer": numbers[entry.issuer],
                "model": pairs[entry.maker, entry.model],
                **written_range(entry.range),
                "first_id": entry.ids[0],
                "last_id": entry.ids[1],
            }
            for place, entry in enumerate(new.entries)
        ],
    }


def written_range(entry: Range | None) -> dict[str, str]:
    """Mode, template and ends as the table holds them."""
    if entry is None:
        return {"mode": "registry", "template": "", "first": "", "last": ""}
    mode = "template" if entry.first is None and entry.last is None else "range"
    return {"mode": mode, "template": entry.template, "first": entry.first or "", "last": entry.last or ""}
