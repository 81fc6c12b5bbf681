"""What is on record, for those who look: the whole in figures, every mark in turn, one pin with its history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import loads
from typing import Any

from sqlalchemy import Connection, func, select

from engrave.code.profiles import PROFILE_A
from engrave.registry.chain import Head, head_of
from engrave.registry.issuing import Pin
from engrave.registry.schema import STATES, blocks, engravings, events, issuers, keys, marks, models, steps
from engrave.registry.store import Recorded, known_rank, recorded_ranges

_AT_ONCE = 10_000
CHARACTERS = PROFILE_A.characters
"""How many symbols of a codeword are written as characters, in every profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A mark as it is on record; ``states`` are the ranks it has reached, ``engraving`` binding, profile and lot."""

    id: int
    maker: str
    model: str
    serial: str
    characters: str
    issue: int
    replaces: int | None
    states: tuple[int, ...]
    engraving: tuple[str, str, str] | None


def every_mark(connection: Connection) -> Iterator[Kept]:
    """Every mark, ascending by id, in bounded memory. Raises InputError where the record was altered."""
    streaming = connection.execution_options(yield_per=_AT_ONCE)
    found = streaming.execute(_marks().order_by(marks.c.id))
    reached = streaming.execute(select(steps.c.mark, steps.c.state).order_by(steps.c.mark, steps.c.state))
    step = next(reached, None)
    for row in found:
        ranks: list[int] = []
        while step is not None and step.mark == row.id:
            ranks.append(step.state)
            step = next(reached, None)
        yield _kept(row, ranks)


def _marks() -> Any:  # noqa: ANN401 - a query
    return (
        select(marks, models.c.maker, models.c.model.label("model_name"), *_ENGRAVING)
        .join(models, models.c.id == marks.c.model)
        .outerjoin(engravings, engravings.c.mark == marks.c.id)
    )


_ENGRAVING = (engravings.c.binding, engravings.c.profile, engravings.c.lot)


def _kept(row: Any, ranks: Sequence[int]) -> Kept:  # noqa: ANN401 - a row of a query
    known_rank(max(ranks, default=None), row.id)
    return Kept(
        id=row.id,
        maker=row.maker,
        model=row.model_name,
        serial=row.serial,
        characters=row.codeword[:CHARACTERS],
        issue=row.issue,
        replaces=row.replaces,
        states=tuple(ranks),
        engraving=None if row.binding is None else (row.binding, row.profile, row.lot),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A range with how many of its codes were given out, and how many it can still give."""

    range: Recorded
    spent: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuer with its blocks of ids and its public keys."""

    name: str
    blocks: tuple[tuple[int, int], ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A registry in figures: issuers, ranges, marks by the state that they are in, the log's head."""

    issuers: tuple[Issuer, ...]
    ranges: tuple[Spent, ...]
    states: Mapping[str, int]
    head: Head


def status_of(connection: Connection) -> Status:
    """How things stand."""
    furthest = select(func.max(steps.c.state).label("state")).group_by(steps.c.mark).subquery()
    counted = select(furthest.c.state, func.count().label("marks")).group_by(furthest.c.state)
    found: dict[int, int] = {row.state: row.marks for row in connection.execute(counted)}
    return Status(
        issuers=tuple(_issuers(connection)),
        ranges=tuple(_spent(connection)),
        states={name: found.get(rank, 0) for rank, name in enumerate(STATES)},
        head=head_of(connection),
    )


def _issuers(connection: Connection) -> Iterator[Issuer]:
    owned: dict[int, list[tuple[int, int]]] = {}
    for row in connection.execute(select(blocks).order_by(blocks.c.first_id)):
        owned.setdefault(row.issuer, []).append((row.first_id, row.last_id))
    held: dict[int, list[str]] = {}
    for row in connection.execute(select(keys).order_by(keys.c.event, keys.c.id)):
        held.setdefault(row.issuer, []).append(row.public)
    for row in connection.execute(select(issuers).order_by(issuers.c.id)):
        yield Issuer(name=row.name, blocks=tuple(owned.get(row.id, ())), keys=tuple(held.get(row.id, ())))


def _spent(connection: Connection) -> Iterator[Spent]:
    query = select(marks.c.range, func.count(), func.max(marks.c.id)).group_by(marks.c.range)
    used = {number: (count, last) for number, count, last in connection.execute(query)}
    for entry in recorded_ranges(connection):
        first, last = entry.ids
        count, greatest = used.get(entry.id, (0, first - 1))
        # A pool gives the id after its greatest; a range the id of whatever serial is asked for.
        left = last - greatest if entry.range is None else last - first + 1 - count
        yield Spent(range=entry, spent=count, left=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of a mark's life: the state it led to, if any, and what was told of it, without digests of rows."""

    seq: int
    kind: str
    state: str | None
    actor: str
    time: str
    tool: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A mark with its events, the first one first."""

    mark: Kept
    events: tuple[Happening, ...]


def histories(connection: Connection, pin: Pin) -> tuple[History, ...]:
    """Every mark that a pin has had, the first one first; none where it is not on record."""
    maker, model, serial = pin
    condition = (models.c.maker == maker) & (models.c.model == model) & (marks.c.serial == serial)
    return tuple(
        _history(connection, row) for row in connection.execute(_marks().where(condition).order_by(marks.c.issue)).all()
    )


def _history(connection: Connection, row: Any) -> History:  # noqa: ANN401 - a row of a query
    query = select(steps.c.state, steps.c.event).where(steps.c.mark == row.id).order_by(steps.c.state)
    reached = [(step.state, step.event) for step in connection.execute(query)]
    engraved = select(engravings.c.event).where(engravings.c.mark == row.id)
    numbers = {event for _, event in reached} | {row.event, *connection.execute(engraved).scalars()}
    told = connection.execute(select(events).where(events.c.seq.in_(numbers)).order_by(events.c.seq)).all()
    states: dict[int, list[int]] = {}
    for state, event in reached:
        states.setdefault(event, []).append(state)
    return History(
        mark=_kept(row, [state for state, _ in reached]),
        events=tuple(_happening(event, max(states.get(event.seq, ()), default=None)) for event in told),
    )


def _happening(event: Any, rank: int | None) -> Happening:  # noqa: ANN401 - a row of a query
    told = told_of(event.body)
    return Happening(
        seq=event.seq,
        kind=event.kind,
        state=None if rank is None else STATES[rank],
        actor=event.actor,
        time=event.time,
        tool=event.tool,
        told=told,
    )


def told_of(body: str) -> dict[str, Any]:
    """What an event tells beside the digests of its rows; nothing where its body was damaged."""
    try:
        told = loads(body)
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in told.items() if name != "rows"} if isinstance(told, dict) else {}
