"""Who owns which ids and what they are for, several issuers at once: put on record whole, or not at all."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Table, select

from engrave.base.errors import Collecting
from engrave.code.permutation import ID_COUNT
from engrave.code.ranges import Range, RangeTable, ids_of
from engrave.code.serials import normalise_name
from engrave.registry.chain import Addition, Stamp, append
from engrave.registry.schema import blocks, issuers, models, ranges
from engrave.registry.store import Block, Pool, Recorded, next_id, recorded_ranges

Ids = tuple[int, int]

_PLACE = re.compile(r"ranges\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one issuer may issue: blocks of ids that are its own, and in them ranges of serials and pools."""

    issuer: str
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

    @property
    def letter(self) -> tuple[Any, ...]:
        """What makes it the same as one on record."""
        return self.issuer, self.maker, self.model, self.ids, self.range


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What is on record."""

    issuers: Mapping[str, int]
    blocks: Sequence[tuple[Ids, str]]
    ranges: Sequence[Recorded]


def settle(
    connection: Connection, given: Sequence[Terms], told: Mapping[str, Any], stamp: Stamp, faults: list[str]
) -> Counter[str]:
    """Put on record what is not there yet, within the caller's transaction; how many issuers, blocks and ranges.

    Every fault goes on the list, and then nothing is added: a block that is none or overlaps one of another issuer,
    ids outside the issuer's blocks, ids or serials that belong to another range.
    """
    found: list[str] = []
    standing = _standing(connection)
    named = [terms for entry in given if (terms := _named(entry, found)) is not None]
    own = _new_blocks(named, standing, found)
    entries = _new_entries(named, standing, found)
    _hold(entries, [*standing.blocks, *own], standing, found)
    newcomers = [name for name in dict.fromkeys(terms.issuer for terms in named) if name not in standing.issuers]
    known = {*standing.issuers, *(name for _, name in own)}
    on_record = ", ".join(sorted(standing.issuers)) or "none"
    found += [
        f"issuer {name!r}: is not on record and is given no block of ids here; on record: {on_record}"
        for name in newcomers
        if name not in known
    ]
    faults.extend(found)
    if found or not (newcomers or own or entries):
        return Counter()
    rows = _rows(connection, newcomers, own, entries, standing)
    append(connection, Addition(kind="terms", told=told, rows=rows), stamp)
    return Counter(issuers=len(newcomers), blocks=len(own), ranges=len(entries))


def _standing(connection: Connection) -> _Standing:
    owned = select(blocks.c.first_id, blocks.c.last_id, issuers.c.name).join(issuers, issuers.c.id == blocks.c.issuer)
    return _Standing(
        issuers={row.name: row.id for row in connection.execute(select(issuers))},
        blocks=[((row.first_id, row.last_id), row.name) for row in connection.execute(owned)],
        ranges=recorded_ranges(connection),
    )


def _named(terms: Terms, faults: list[str]) -> Terms | None:
    with Collecting(faults):
        return replace(terms, issuer=normalise_name(terms.issuer, kind="issuer"))
    return None


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
    known = {(entry.issuer, entry.maker, entry.model, entry.ids, entry.range) for entry in standing.ranges}
    entries = [entry for terms in given for entry in (*_ranges(terms, faults), *_pools(terms, faults))]
    return [entry for entry in entries if entry.letter not in known]


def _ranges(terms: Terms, faults: list[str]) -> Iterator[_Entry]:
    found: list[str] = []
    with Collecting(found):
        RangeTable(terms.ranges)
    faults.extend(found)
    for index, entry in enumerate(() if found else terms.ranges):
        ends = {name: text.strip().upper() for name in ("first", "last") if (text := getattr(entry, name)) is not None}
        kept = replace(entry, maker=entry.maker.strip(), model=entry.model.strip(), **ends)
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
    """Hold new ranges and pools against the blocks, against what is on record, and against one another."""
    taken = [(entry.ids, f"({entry.maker}, {entry.model}) on record") for entry in standing.ranges]
    for entry in entries:
        first, last = entry.ids
        own = [ids for ids, name in owned if name == entry.issuer]
        if not any(start <= first and last <= end for start, end in own):
            told = ", ".join(f"{start}-{end}" for start, end in own) or "none"
            faults.append(f"{entry.place}: ids {first}-{last} lie in no block of issuer {entry.issuer!r}; its: {told}")
        faults += [
            f"{entry.place}: ids {first}-{last} overlap {start}-{end} of {other}; choose a base of its own"
            for (start, end), other in taken
            if first <= end and last >= start
        ]
        taken.append((entry.ids, entry.place))
    serial_faults: list[str] = []
    with Collecting(serial_faults):
        RangeTable(
            [entry.range for entry in standing.ranges if entry.range is not None]
            + [entry.range for entry in entries if entry.range is not None]
        )
    places = ["one on record" for entry in standing.ranges if entry.range is not None]
    places += [entry.place.partition(" ")[0] for entry in entries if entry.range is not None]
    # Ids have been judged above, those of pools among them.
    faults += [
        _PLACE.sub(lambda found: places[int(found[1])], fault) for fault in serial_faults if ": ids " not in fault
    ]


def _rows(
    connection: Connection,
    newcomers: Sequence[str],
    own: Sequence[tuple[Ids, str]],
    entries: Sequence[_Entry],
    standing: _Standing,
) -> Mapping[Table, list[dict[str, Any]]]:
    start = next_id(connection, issuers)
    numbers = {**standing.issuers, **{name: start + place for place, name in enumerate(newcomers)}}
    pairs = {(row.maker, row.model): row.id for row in connection.execute(select(models))}
    fresh = [pair for pair in dict.fromkeys((entry.maker, entry.model) for entry in entries) if pair not in pairs]
    first_model = next_id(connection, models)
    pairs |= {pair: first_model + place for place, pair in enumerate(fresh)}
    first_block, first_range = next_id(connection, blocks), next_id(connection, ranges)
    return {
        issuers: [{"id": numbers[name], "name": name} for name in newcomers],
        blocks: [
            {"id": first_block + place, "issuer": numbers[name], "first_id": first, "last_id": last}
            for place, ((first, last), name) in enumerate(own)
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
            for place, entry in enumerate(entries)
        ],
    }


def written_range(entry: Range | None) -> dict[str, str]:
    """Mode, template and ends as the table holds them."""
    if entry is None:
        return {"mode": "registry", "template": "", "first": "", "last": ""}
    mode = "template" if entry.first is None and entry.last is None else "range"
    return {"mode": mode, "template": entry.template, "first": entry.first or "", "last": entry.last or ""}
