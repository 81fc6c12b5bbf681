"""Sign-off: a person answers, by name and meaning, for marks that a manifest says were engraved and verified."""

from collections.abc import Mapping, Sequence

from engrave.base.errors import raise_faults
from engrave.registry.becoming import named
from engrave.registry.chain import Addition, Stamp, append
from engrave.registry.citing import Made, manifests_of
from engrave.registry.connection import Registry, writing
from engrave.registry.issuing import VOID, Issued, current_marks
from engrave.registry.schema import STATES, steps

_SIGNED = STATES.index("signed off")


def sign_off(
    registry: Registry,
    made: Sequence[Made],
    *,
    manifest: str,
    meaning: str,
    stamp: Stamp,
    other_faults: Sequence[str] = (),
) -> tuple[tuple[Issued, ...], int]:
    """Take every mark of a manifest to "signed off"; those that are there or further are passed over.

    ``manifest`` is its SHA-256; ``other_faults`` speak against the folder. The marks, and how many took the step.
    Raises InputError with every fault, and nothing is signed: a pin that is not on record, void, replaced, not
    engraved, or verified by another manifest or none.
    """
    faults = list(other_faults)
    if not meaning.strip() or not meaning.isprintable():
        faults.append("meaning: is empty or cannot be printed; say what the signature means, such as 'released'")
    with writing(registry) as connection:
        known = current_marks(connection, [entry.pin for entry in made])
        verified = manifests_of(connection, [mark.id for mark in known.values()])
        faults += [fault for entry in made for fault in _faults(entry, known.get(entry.pin), verified, manifest)]
        raise_faults(faults)
        marks = tuple(known[entry.pin] for entry in made)
        rows = [{"mark": mark.id, "state": _SIGNED} for mark in marks if mark.state < _SIGNED]
        if rows:
            told = {"meaning": meaning.strip(), "manifest": manifest}
            append(connection, Addition(kind=STATES[_SIGNED], told=told, rows={steps: rows}), stamp)
    return marks, len(rows)


def _faults(made: Made, mark: Issued | None, verified: Mapping[int, str | None], manifest: str) -> list[str]:
    maker, model, serial = made.pin
    if mark is None:
        return [f"serial {serial!r} of ({maker}, {model}): is not on record; was the folder made with this registry?"]
    pin = named(mark)
    if mark.id != made.id:
        return [f"{pin}: its mark on record has id {mark.id}, the folder's has {made.id}; it was reissued since"]
    if mark.state == VOID:
        return [f"{pin}: its mark is void"]
    if mark.binding is None:
        return [f"{pin}: is not on record as engraved; repeat the batch with --registry"]
    found = verified.get(mark.id)
    if found is None:
        return [f"{pin}: is not on record as verified; repeat the batch with --registry"]
    return [] if found == manifest else [f"{pin}: was verified with another manifest, {found}"]
