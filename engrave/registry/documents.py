"""A registry as one JSON document: everything that was issued and to whom, without the log of who did it when.

Records stand one a line, so that a document of any size is written and read in bounded memory.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection

from engrave.base.config import from_jsonable, parse_json
from engrave.base.errors import Collecting, InputError
from engrave.base.json_stream import JsonStream
from engrave.code.permutation import ID_COUNT
from engrave.code.profiles import PROFILES
from engrave.code.ranges import Range, ids_of
from engrave.code.serials import normalise_name, normalise_serial
from engrave.registry.chain import Head
from engrave.registry.schema import LONGEST_LOT, STATES
from engrave.registry.staging import Arrival
from engrave.registry.store import Block, Pool, Recorded, identity_of
from engrave.registry.terms import Terms, written_range
from engrave.registry.viewing import Issuer, Kept, every_mark, status_of

EXPORT_SCHEMA = "pin-engrave/registry-export/1"
_MOST_FAULTS = 1000
_MEMBERS = ("schema", "registry", "head", "issuers", "ranges", "marks")
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    registry: str
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    name: str
    blocks: tuple[Block, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A range or a pool as the document has it."""

    issuer: str
    maker: str
    model: str
    mode: str
    template: str
    first: str
    last: str
    first_id: int
    last_id: int

    def pool(self) -> Pool:
        """The pool, where its mode is that."""
        return Pool(maker=self.maker, model=self.model, first_id=self.first_id, last_id=self.last_id)

    def range(self, place: str) -> Range:
        """The range. Raises InputError where its mode or its last id does not fit the rest."""
        entry = Range(
            maker=self.maker,
            model=self.model,
            template=self.template,
            first=self.first or None,
            last=self.last or None,
            base=self.first_id,
        )
        written, ids = written_range(entry), ids_of(entry)
        if written["mode"] != self.mode:
            raise InputError(f"{place}: mode is {self.mode!r}; by its ends it is {written['mode']!r}")
        if ids != (self.first_id, self.last_id):
            raise InputError(f"{place}: last_id is {self.last_id}; by its serials it is {ids[1]}")
        return entry


def write_document(connection: Connection, path: Path) -> int:
    """Write the registry as it is in this transaction; how many marks there are."""
    status = status_of(connection)
    head = {
        "schema": EXPORT_SCHEMA,
        "registry": identity_of(connection),
        "head": {"seq": status.head.seq, "hash": status.head.hash},
    }
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(json.dumps(head, indent=2)[:-2])
        _write_list(file, "issuers", map(_issuer_told, status.issuers))
        _write_list(file, "ranges", (_range_told(entry.range) for entry in status.ranges))
        count = _write_list(file, "marks", map(_mark_told, every_mark(connection)))
        file.write("\n}\n")
    return count


def _write_list(file: TextIO, name: str, records: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    file.write(f',\n  "{name}": [')
    for record in records:
        file.write(("," if count else "") + "\n    " + json.dumps(record, ensure_ascii=False))
        count += 1
    file.write("\n  ]" if count else "]")
    return count


def _issuer_told(entry: Issuer) -> dict[str, Any]:
    blocks = [{"first_id": first, "last_id": last} for first, last in entry.blocks]
    return {"name": entry.name, "blocks": blocks, "keys": list(entry.keys)}


def _range_told(entry: Recorded) -> dict[str, Any]:
    first, last = entry.ids
    named = {"issuer": entry.issuer, "maker": entry.maker, "model": entry.model}
    return {**named, **written_range(entry.range), "first_id": first, "last_id": last}


def _mark_told(mark: Kept) -> dict[str, Any]:
    binding, profile, lot = mark.engraving or ("", "", "")
    engraving = {"binding": binding, "profile": profile, "lot": lot}
    return {
        "serial": mark.serial,
        "maker": mark.maker,
        "model": mark.model,
        "id": mark.id,
        "characters": mark.characters,
        "issue": mark.issue,
        "replaces": mark.replaces,
        "states": [STATES[rank] for rank in mark.states],
        "engraving": None if mark.engraving is None else engraving,
    }


class Document:
    """What such a document says, as it is read; faults go on the list."""

    def __init__(self, origin: str, faults: list[str]) -> None:
        self.origin = origin
        self.faults = faults
        self.source: dict[str, Any] = {}
        self._terms: dict[str, Terms] = {}

    @property
    def terms(self) -> tuple[Terms, ...]:
        """Issuers with what they own."""
        return tuple(self._terms.values())

    def read(self, path: Path, take: Callable[[Iterator[Arrival]], int]) -> None:
        """Read a file, and hand its marks to ``take``. Raises InputError where it cannot be read on."""
        try:
            with path.open("rb") as file:
                self._read(JsonStream(file=file, origin=self.origin), take)
        except OSError as error:
            raise InputError(f"{path}: cannot read: {(error.strerror or str(error)).lower()}") from error

    def _read(self, stream: JsonStream, take: Callable[[Iterator[Arrival]], int]) -> None:
        seen: list[str] = []
        for name in stream.members():
            if name in seen or name not in _MEMBERS or (not seen and name != "schema"):
                self._refuse_member(name, seen)
            seen.append(name)
            if name == "schema":
                parse_json(json.dumps({"schema": stream.value()}), origin=self.origin, schema=EXPORT_SCHEMA)
            elif name in {"registry", "head"}:
                self.source[name] = stream.value()
            elif name == "marks":
                take(self._arrivals(stream.elements()))
            else:
                for index, entry in enumerate(stream.elements()):
                    self._take_terms(name, entry, f"{self.origin}: {name}[{index}]")
        missing = [name for name in _MEMBERS if name not in seen]
        if missing:
            raise InputError(f"{self.origin}: has no {', '.join(map(repr, missing))}; it is no whole export")
        self._check_source()

    def _refuse_member(self, name: str, seen: list[str]) -> None:
        if name in seen:
            raise InputError(f"{self.origin}: {name[:40]!r} stands there twice")
        if not seen:
            raise InputError(f"{self.origin}: does not begin with its 'schema'; expected {EXPORT_SCHEMA!r}")
        raise InputError(f"{self.origin}: {name[:40]!r} is not known here; known are {', '.join(_MEMBERS)}")

    def _check_source(self) -> None:
        """The registry that it is of, and the head that this had."""
        with Collecting(self.faults):
            from_jsonable(_Source, self.source, origin=self.origin)

    def _take_terms(self, name: str, entry: object, place: str) -> None:
        if not isinstance(entry, dict):
            self.faults.append(f"{place}: must be an object")
            return
        with Collecting(self.faults):
            if name == "issuers":
                issuer = from_jsonable(_Issuer, entry, origin=place)
                self._add(Terms(issuer=issuer.name, keys=issuer.keys, blocks=issuer.blocks))
            else:
                told = from_jsonable(_Told, entry, origin=place)
                if told.mode == "registry":
                    self._add(Terms(issuer=told.issuer, pools=(told.pool(),)))
                else:
                    self._add(Terms(issuer=told.issuer, ranges=(told.range(place),)))

    def _add(self, more: Terms) -> None:
        old = self._terms.get(more.issuer, Terms(issuer=more.issuer))
        self._terms[more.issuer] = Terms(
            issuer=more.issuer,
            keys=(*old.keys, *more.keys),
            blocks=(*old.blocks, *more.blocks),
            ranges=(*old.ranges, *more.ranges),
            pools=(*old.pools, *more.pools),
        )

    def _arrivals(self, entries: Iterator[Any]) -> Iterator[Arrival]:
        for place, entry in enumerate(entries, start=1):
            if len(self.faults) >= _MOST_FAULTS:
                raise InputError([*self.faults, f"{self.origin}: from mark {place} on it was not read; mend these"])
            found = list(_mark_faults(entry))
            if found:
                self.faults += [f"{self.origin}: mark {place}: {fault}" for fault in found]
            else:
                yield _arrival(entry, place)


_MARK: Mapping[str, type | tuple[type, ...]] = {
    "serial": str,
    "maker": str,
    "model": str,
    "id": int,
    "characters": str,
    "issue": int,
    "replaces": (int, type(None)),
    "states": list,
    "engraving": (dict, type(None)),
}
_ENGRAVING = ("binding", "profile", "lot")


def _mark_faults(entry: object) -> Iterator[str]:
    """What is wrong with one mark of the document by itself."""
    if not isinstance(entry, dict) or entry.keys() != _MARK.keys():
        yield f"must be an object of {', '.join(_MARK)}"
        return
    wrong = [name for name, kind in _MARK.items() if not isinstance(entry[name], kind) or isinstance(entry[name], bool)]
    if wrong:
        yield f"{', '.join(wrong)}: of the wrong type"
        return
    faults: list[str] = []
    for name in ("maker", "model", "serial"):
        with Collecting(faults):
            text = entry[name]
            kept = normalise_serial(text) if name == "serial" else normalise_name(text, kind=name)
            if kept != text:
                faults.append(f"{name} {text!r} is written {kept!r}")
    yield from faults
    for name in ("id", "replaces"):
        if entry[name] is not None and not 0 <= entry[name] < ID_COUNT:
            yield f"{name} {entry[name]} is not 0 to {ID_COUNT - 1}"
    if not 0 <= entry["issue"] < ID_COUNT or (entry["issue"] == 0) != (entry["replaces"] is None):
        yield f"issue {entry['issue']} replacing {entry['replaces']}: issue 0 replaces none, every later one a mark"
    if not entry["characters"].isprintable():
        yield "characters: hold one that cannot be printed"
    yield from _state_faults(entry["states"])
    if entry["engraving"] is not None:
        yield from _engraving_faults(entry["engraving"])


def _state_faults(states: list[Any]) -> Iterator[str]:
    ranks = [STATES.index(name) if isinstance(name, str) and name in STATES else -1 for name in states]
    if not ranks or -1 in ranks or ranks != sorted(set(ranks)):
        yield f"states must be some of {', '.join(STATES)}, in this order"


def _engraving_faults(told: dict[str, Any]) -> Iterator[str]:
    if set(told) != set(_ENGRAVING) or not all(isinstance(value, str) for value in told.values()):
        yield f"engraving: must be an object of the texts {', '.join(_ENGRAVING)}"
        return
    if not _HASH.fullmatch(told["binding"]):
        yield "engraving: binding is no SHA-256 in 64 digits from 0 to f"
    if told["profile"] not in PROFILES:
        yield f"engraving: profile {told['profile'][:40]!r} is not known; known are {', '.join(PROFILES)}"
    if not told["lot"].isprintable() or len(told["lot"]) > LONGEST_LOT:
        yield f"engraving: lot must be {LONGEST_LOT} printable characters at most"


def _arrival(entry: Mapping[str, Any], place: int) -> Arrival:
    engraving = entry["engraving"] or dict.fromkeys(_ENGRAVING, "")
    return Arrival(
        place=place,
        maker=entry["maker"],
        model=entry["model"],
        serial=entry["serial"],
        id=entry["id"],
        issue=entry["issue"],
        replaces=entry["replaces"],
        states="".join(str(STATES.index(name)) for name in entry["states"]),
        engraved=entry["engraving"] is not None,
        binding=engraving["binding"],
        profile=engraving["profile"],
        lot=engraving["lot"],
        characters=entry["characters"],
    )
