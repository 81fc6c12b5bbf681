"""Readings on record: what each reader of a case typed, what was answered, and where readers differ.

A reading is put on record before anything is looked up, and its answer before it is shown. So the record tells that
nobody was led by a suggestion, and what every suggestion was. A case is the examination of one mark; a reader's first
reading in it is independent of what the tool told him of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from json import loads
from typing import Any
from unicodedata import normalize

import numpy as np
from sqlalchemy import Connection, select

from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.code.alphabet import ALPHABET
from engrave.code.profiles import PROFILES, Profile
from engrave.code.reading_text import Choices, ParsedReading, parse_typed
from engrave.code.ring import LOST
from engrave.code.serials import LONGEST_NAME
from engrave.code.shapes import SHAPE_NAMES
from engrave.registry.chain import Addition, Head, Stamp, append, digests, event_hash
from engrave.registry.connection import Registry, writing
from engrave.registry.schema import events, readings
from engrave.registry.store import SEE_AUDIT, next_id

UNFILED = "unfiled"
"""The case of readings for which none was named. They are no examination of one mark, and are never compared."""

LONGEST_TEXT = 2000
"""Of characters, ring and shapes each, white space included."""

_READING, _ANSWERED = "reading", "answered"
_CELLS = {1: "1", 0: "0", LOST: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a reader typed, to the letter, in which case, and of what kind of mark."""

    case: str
    reader: str
    profile: str
    characters: str
    ring: str
    shapes: str
    any_rotation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event on record; ``intact`` : its hash and, of a reading, the digest of its row were computed again."""

    seq: int
    hash: str
    actor: str
    time: str
    tool: str
    intact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a reading, as it was put on record."""

    event: Event
    told: Mapping[str, Any]

    @property
    def identified(self) -> int | None:
        """The id of the mark that was identified, if one was."""
        return next((entry["id"] for entry in self.told["candidates"] if entry["identified"]), None)

    @property
    def best(self) -> int | None:
        """The id of the first candidate, if there was one."""
        return next((entry["id"] for entry in self.told["candidates"]), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A reading on record.

    ``independent`` : its reader's first in the case; no unfiled one is. ``answer`` : None where none was given.
    """

    id: int
    typed: Typed
    event: Event
    independent: bool
    answer: Answer | None


def case_name(text: str, *, kind: str) -> str:
    """A case's or a reader's name (``kind`` says which) without surrounding white space, in Unicode's form NFC.

    Raises InputError where it is not 1 to 40 printable characters.
    """
    name = normalize("NFC", text.strip())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"{kind} {name[:LONGEST_NAME]!r} has {len(name)} characters; give 1 to {LONGEST_NAME}")
    if not name.isprintable():
        raise InputError(f"{kind} {name!r}: holds a character that cannot be printed")
    return name


def checked(typed: Typed) -> Typed:
    """The same with its names as they are kept. Raises InputError with every fault of names and lengths."""
    faults = [
        f"{name}: {len(text)} characters; give {LONGEST_TEXT} at most"
        for name, text in (("characters", typed.characters), ("ring", typed.ring), ("shapes", typed.shapes))
        if len(text) > LONGEST_TEXT
    ]
    names: dict[str, str] = {}
    for kind in ("case", "reader"):
        with Collecting(faults):
            names[kind] = case_name(getattr(typed, kind), kind=kind)
    raise_faults(faults)
    return Typed(
        **names,
        profile=typed.profile,
        characters=typed.characters,
        ring=typed.ring,
        shapes=typed.shapes,
        any_rotation=typed.any_rotation,
    )


def record_reading(registry: Registry, typed: Typed, stamp: Stamp) -> tuple[int, Head]:
    """Put a reading on record, whole and committed; its number, and the event's head. Raises as ``writing`` does."""
    with writing(registry) as connection:
        number = next_id(connection, readings)
        row = _row(number, typed)
        told = {"case": typed.case, "reader": typed.reader, "reading": number}
        return number, append(connection, Addition(kind=_READING, told=told, rows={readings: [row]}), stamp)


def _row(number: int, typed: Typed) -> dict[str, Any]:
    return {
        "id": number,
        "case_name": typed.case,
        "reader": typed.reader,
        "profile": typed.profile,
        "characters": typed.characters,
        "ring": typed.ring,
        "shapes": typed.shapes,
        "any_rotation": int(typed.any_rotation),
    }


def record_answer(registry: Registry, number: int, told: Mapping[str, Any], stamp: Stamp) -> Head:
    """Put on record what is answered to a reading; the event's head. Raises as ``writing`` does."""
    with writing(registry) as connection:
        return append(connection, Addition(kind=_ANSWERED, told={"reading": number, "answer": told}), stamp)


def case_entries(connection: Connection, case: str) -> tuple[Entry, ...]:
    """Every reading of a case with its answer, in the order in which they were put on record.

    Raises InputError where one was altered so that it cannot be read.
    """
    query = select(readings, events).join(events, events.c.seq == readings.c.event).where(readings.c.case_name == case)
    rows = [row._mapping for row in connection.execute(query.order_by(readings.c.id))]  # noqa: SLF001 - SQLAlchemy's public name
    answers = _answers(connection, [(row[readings.c.id], row[readings.c.event]) for row in rows])
    seen: set[str] = set()
    found = []
    for row in rows:
        if row["profile"] not in PROFILES:
            raise InputError(f"reading {row[readings.c.id]}: is of no profile; {SEE_AUDIT}")
        typed = Typed(
            case=case,
            reader=row["reader"],
            profile=row["profile"],
            characters=row["characters"],
            ring=row["ring"],
            shapes=row["shapes"],
            any_rotation=bool(row["any_rotation"]),
        )
        number = row[readings.c.id]
        event = _event(row, rows_of={readings: [_row(number, typed)]})
        independent = case != UNFILED and _who(typed) not in seen
        seen.add(_who(typed))
        found.append(Entry(id=number, typed=typed, event=event, independent=independent, answer=answers.get(number)))
    return tuple(found)


def _who(typed: Typed) -> str:
    """A reader, however he writes capitals and blanks: nobody becomes a second reader by them."""
    return " ".join(typed.reader.split()).casefold()


def _event(row: Mapping[Any, Any], *, rows_of: Mapping[Any, Any]) -> Event:
    entry = {column.name: row[column] for column in events.columns}
    intact = event_hash(entry) == entry["hash"] and _told(entry).get("rows") == digests(rows_of)
    return Event(
        seq=entry["seq"],
        hash=entry["hash"],
        actor=entry["actor"],
        time=entry["time"],
        tool=entry["tool"],
        intact=intact,
    )


def _told(entry: Mapping[Any, Any]) -> dict[str, Any]:
    """What an event tells. Raises InputError where that was altered so that it cannot be read."""
    with suppress(ValueError, RecursionError):
        told = loads(entry["body"])
        if isinstance(told, dict):
            return told
    raise InputError(f"event {entry['seq']}: its body cannot be read; {SEE_AUDIT}")


def _answer(told: Mapping[str, Any], seq: int) -> Mapping[str, Any]:
    """The answer that an event tells of. Raises InputError where it is none."""
    answer = told.get("answer")
    candidates = answer.get("candidates") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(candidates, list) or not all(map(_is_candidate, candidates)):
        raise InputError(f"event {seq}: holds no answer; {SEE_AUDIT}")
    return answer


def _is_candidate(told: object) -> bool:
    return isinstance(told, dict) and told.keys() >= {"id", "identified"}


def _answers(connection: Connection, numbers: Sequence[tuple[int, int]]) -> dict[int, Answer]:
    """The answers to readings, which are given by number and event. The log is read until the last one is found."""
    wanted = {number for number, _ in numbers}
    found: dict[int, Answer] = {}
    if not wanted:
        return found
    query = select(events).where(events.c.kind == _ANSWERED, events.c.seq > min(event for _, event in numbers))
    with connection.execute(query.order_by(events.c.seq).execution_options(yield_per=100)) as stream:
        for row in stream:
            told = _told(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
            if told.get("reading") in wanted:
                event = _event(row._mapping, rows_of={})  # noqa: SLF001 - as above
                found.setdefault(told["reading"], Answer(event=event, told=_answer(told, row.seq)))
                if len(found) == len(wanted):
                    break
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two readings differ: what each has there, and whether both cannot be right."""

    place: str
    one: str
    other: str
    contradiction: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two readings of a case beside each other.

    ``compared`` : the carriers that could be, of those of which one of the two has read something. ``same_pin`` :
    whether both identify the same mark; None where not both identify one. ``same_best`` : the same of the first
    candidates.
    """

    one: Entry
    other: Entry
    compared: tuple[str, ...]
    differences: tuple[Difference, ...]
    same_pin: bool | None
    same_best: bool | None


def independent_pairs(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """The first readings of every two readers of a case, the earlier one first."""
    return combinations([entry for entry in entries if entry.independent], 2)


def compared_with_others(entries: Sequence[Entry], number: int) -> tuple[Comparison, ...]:
    """A reading of a case beside the first one of every other reader."""
    own = next(entry for entry in entries if entry.id == number)
    others = [entry for entry in entries if entry.independent and _who(entry.typed) != _who(own.typed)]
    return tuple(compare(own, other) for other in others)


def compare(one: Entry, other: Entry) -> Comparison:
    """Two readings symbol by symbol, as they were typed, and what they lead to.

    Ring and shapes can be held against each other where both were typed from the mark's own start and of one profile.
    """
    own, others = _parsed(one.typed), _parsed(other.typed)
    profile = PROFILES[one.typed.profile]
    laid_alike = one.typed.profile == other.typed.profile and not (one.typed.any_rotation or other.typed.any_rotation)
    carriers = (
        tuple(name for name in profile.carriers if name in _seen(own, profile) | _seen(others, profile))
        if laid_alike
        else ("characters",)
    )
    differences = [*_character_differences(own, others)]
    if laid_alike:
        differences += [*_cell_differences(own, others, profile), *_shape_differences(own, others)]
    answers = [entry.answer for entry in (one, other)]
    return Comparison(
        one=one,
        other=other,
        compared=carriers,
        differences=tuple(differences),
        same_pin=_same([None if answer is None else answer.identified for answer in answers]),
        same_best=_same([None if answer is None else answer.best for answer in answers]),
    )


def _seen(parsed: ParsedReading, profile: Profile) -> set[str]:
    """The carriers of which something was read, the characters always among them."""
    tracks = zip(tuple(profile.carriers)[1:], parsed.cells, strict=False)
    shapes = {"shapes"} if any(parsed.shapes) else set()
    return {"characters", *shapes, *(name for name, track in tracks if (track != LOST).any())}


def _same(ids: Sequence[int | None]) -> bool | None:
    return None if None in ids else ids[0] == ids[1]


def _parsed(typed: Typed) -> ParsedReading:
    return parse_typed(typed.characters, typed.ring, typed.shapes, PROFILES[typed.profile])


def _character_differences(own: ParsedReading, others: ParsedReading) -> Iterator[Difference]:
    for place, (one, other) in enumerate(zip(own.characters, others.characters, strict=True), start=1):
        if _shown(one) != _shown(other):
            apart = bool(one.symbols) and bool(other.symbols) and not set(one.symbols) & set(other.symbols)
            yield Difference(place=f"character {place}", one=_shown(one), other=_shown(other), contradiction=apart)


def _shown(choices: Choices) -> str:
    """A position as it may be typed."""
    letters = [ALPHABET[symbol] for symbol in choices.symbols]
    if choices.probabilities is not None:
        weighed = (
            f"{letter}:{share.normalize():f}" for letter, share in zip(letters, choices.probabilities, strict=True)
        )
        return f"[{' '.join(sorted(weighed))}]"
    return "?" if not letters else letters[0] if len(letters) == 1 else f"[{''.join(sorted(letters))}]"


def _cell_differences(own: ParsedReading, others: ParsedReading, profile: Profile) -> Iterator[Difference]:
    """Cell by cell; a track that only one of the two read at all is one difference."""
    names = tuple(profile.carriers)[1 : 1 + profile.tracks]
    for name, one, other in zip(names, own.cells, others.cells, strict=True):
        read = [int((track != LOST).sum()) for track in (one, other)]
        if 0 in read and any(read):
            texts = ["not read" if not count else f"{count} cell{'s' * (count > 1)}" for count in read]
            yield Difference(place=name, one=texts[0], other=texts[1], contradiction=False)
            continue
        for sector in np.flatnonzero(one != other).tolist():
            pair = int(one[sector]), int(other[sector])
            yield Difference(
                place=f"{name}, sector {sector}",
                one=_CELLS[pair[0]],
                other=_CELLS[pair[1]],
                contradiction=LOST not in pair,
            )


def _shape_differences(own: ParsedReading, others: ParsedReading) -> Iterator[Difference]:
    for place, (one, other) in enumerate(zip(own.shapes, others.shapes, strict=True), start=1):
        if one != other:
            apart = bool(one) and bool(other) and not set(one) & set(other)
            yield Difference(
                place=f"shape {place}", one=_shape_shown(one), other=_shape_shown(other), contradiction=apart
            )


def _shape_shown(values: Sequence[int]) -> str:
    if not values:
        return "?"
    return SHAPE_NAMES[values[0]] if len(values) == 1 else f"{SHAPE_NAMES[values[0]][0]}?"
