"""What the record says of the manifests by which marks were made and verified."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from engrave.registry.issuing import Pin, marks_where
from engrave.registry.schema import STATES, events, marks, steps
from engrave.registry.viewing import told_of

_RENDERED, _VERIFIED = STATES.index("rendered"), STATES.index("verified")
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A pin that a manifest names, with the id of the mark that it was given, and whether it passed."""

    pin: Pin
    id: int
    passed: bool = True


def manifests_of(connection: Connection, ids: Sequence[int], state: int = _VERIFIED) -> dict[int, str | None]:
    """The manifest by which each mark came into a state; marks that never did are not there."""
    reached: dict[int, int] = {}
    for part in _parts(ids):
        query = select(steps.c.mark, steps.c.event).where(steps.c.mark.in_(part) & (steps.c.state == state))
        reached |= {row.mark: row.event for row in connection.execute(query)}
    bodies: dict[int, str | None] = {}
    for number in set(reached.values()):
        body = connection.execute(select(events.c.body).where(events.c.seq == number)).scalar()
        told = told_of(body or "").get("manifest")
        bodies[number] = told if isinstance(told, str) else None
    return {mark: bodies[number] for mark, number in reached.items()}


def made_otherwise(connection: Connection, ids: Sequence[int], manifest: str) -> dict[int, str]:
    """The manifest by which each mark is on record as rendered or verified, where it is another than this one."""
    reached = {**manifests_of(connection, ids, _RENDERED), **manifests_of(connection, ids, _VERIFIED)}
    return {mark: told for mark, told in reached.items() if told is not None and told != manifest}


def uncited(connection: Connection, made: Sequence[Made], manifest: str) -> Iterator[str]:
    """What speaks against the pins of a manifest of this hash being on record as made by it, a sentence each.

    A mark that was voided or replaced since is on record all the same.
    """
    ids = [entry.id for entry in made]
    known = {mark.id: mark for part in _parts(ids) for mark in marks_where(connection, marks.c.id.in_(part))}
    cited = {state: manifests_of(connection, ids, state) for state in (_RENDERED, _VERIFIED)}
    for entry in made:
        maker, model, serial = entry.pin
        told = f"serial {serial!r} of ({maker}, {model})"
        mark = known.get(entry.id)
        if mark is None or (mark.maker, mark.model, mark.serial) != entry.pin:
            yield f"{told}: the record has no mark of id {entry.id} for it"
            continue
        yield from (f"{told}: {fault}" for fault in _not_cited(entry, cited, manifest))


def _not_cited(entry: Made, cited: Mapping[int, Mapping[int, str | None]], manifest: str) -> Iterator[str]:
    state = _VERIFIED if entry.passed else _RENDERED
    found = cited[state].get(entry.id, "")
    if found == "":
        yield f"is not on record as {STATES[state]}"
    elif found != manifest:
        yield f"was {STATES[state]} by another manifest, {found}"
    if not entry.passed and entry.id in cited[_VERIFIED]:
        yield f"is on record as {STATES[_VERIFIED]}, and here it did not pass"


def _parts(ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """So many as a query takes."""
    for start in range(0, len(ids), _AT_ONCE):
        yield tuple(ids[start : start + _AT_ONCE])
