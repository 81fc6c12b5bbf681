"""The mark: everything a pin carries, and its document ``mark.json``."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np

from engrave.base.config import from_jsonable
from engrave.base.errors import InputError
from engrave.code.alphabet import characters_of
from engrave.code.codeword import codeword_of
from engrave.code.permutation import ID_COUNT
from engrave.code.profiles import PROFILE_A, PROFILES, Profile
from engrave.code.ranges import RangeTable, normalised_pin
from engrave.code.ring import ring_cells
from engrave.code.shapes import ring_shapes

_SCHEMA_NAME = "pin-engrave/mark/"
_SCHEMA_NUMBER = "1"
MARK_SCHEMA = _SCHEMA_NAME + _SCHEMA_NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One pin's mark.

    ``key_id`` is None: the public permutation. ``codeword`` has 32 symbols; ``characters`` eight characters without a
    space; ``ring`` a string of '0' and '1' for each track, innermost first; ``shapes`` their names, clockwise. A
    profile without a ring or without shapes has them empty.
    """

    serial: str
    maker: str
    model: str
    id: int
    profile: str
    key_id: None
    codeword: tuple[int, ...]
    characters: str
    ring: tuple[str, ...]
    shapes: tuple[str, ...]


def make_mark(*, serial: str, maker: str, model: str, ranges: RangeTable, profile: Profile = PROFILE_A) -> Mark:
    """The mark of a serial. Raises InputError where it is malformed, or outside every range (OutsideRangesError)."""
    maker, model, serial = normalised_pin(maker, model, serial)
    identifier = ranges.identify(maker, model, serial)
    return mark_with_id(identifier=identifier, serial=serial, maker=maker, model=model, profile=profile)


def mark_with_id(*, identifier: int, serial: str, maker: str, model: str, profile: Profile = PROFILE_A) -> Mark:
    """The mark of a pin, its names normalised, whose id is known. Raises ValueError where the id is none."""
    codeword = codeword_of(identifier)
    symbols = tuple(codeword.tolist())
    tracks = np.where(ring_cells(codeword, profile), "1", "0")
    return Mark(
        serial=serial,
        maker=maker,
        model=model,
        id=identifier,
        profile=profile.name,
        key_id=None,
        codeword=symbols,
        characters=characters_of(symbols[: profile.characters]),
        ring=tuple("".join(track) for track in tracks.tolist()),
        shapes=ring_shapes(codeword, profile),
    )


def mark_to_json(mark: Mark) -> dict[str, object]:
    """The mark as the JSON object that ``mark_from_json`` reads."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(mark).items()}
    return {"schema": MARK_SCHEMA, **values}


def mark_from_json(document: Mapping[str, object], *, origin: str = "mark.json") -> Mark:
    """The mark of a JSON object, encoded again from its id and compared with it in every part.

    Raises InputError with every fault: another or a newer schema, unknown or missing keys, parts that disagree.
    """
    _require_schema(document.get("schema"), origin=origin)
    values = {name: value for name, value in document.items() if name != "schema"}
    mark = from_jsonable(Mark, values, origin=origin)
    faults = [f"{origin}: {fault}" for fault in _disagreements(mark)]
    if faults:
        raise InputError(faults)
    return mark


def _require_schema(schema: object, *, origin: str) -> None:
    if schema == MARK_SCHEMA:
        return
    number = schema.removeprefix(_SCHEMA_NAME) if isinstance(schema, str) else ""
    if number.isdecimal() and number.isascii() and int(number) > int(_SCHEMA_NUMBER):
        raise InputError(
            f"{origin}: schema {schema!r} is newer than {MARK_SCHEMA!r}, the newest this version reads; "
            "update pin-engrave"
        )
    raise InputError(f"{origin}: schema is {schema!r}; a mark's is {MARK_SCHEMA!r}")


def _disagreements(mark: Mark) -> Iterator[str]:
    try:
        pin = normalised_pin(mark.maker, mark.model, mark.serial)
    except InputError as error:
        yield from error.faults
    else:
        for name, expected in zip(("maker", "model", "serial"), pin, strict=True):
            if getattr(mark, name) != expected:
                yield f"{name} is {getattr(mark, name)!r}, which is written {expected!r}"
    profile = PROFILES.get(mark.profile)
    if profile is None:
        yield f"profile {mark.profile!r} is not known; known are {', '.join(PROFILES)}"
        return
    if not 0 <= mark.id < ID_COUNT:
        yield f"id {mark.id} is not 0 to {ID_COUNT - 1}"
        return
    encoded = mark_with_id(identifier=mark.id, serial=mark.serial, maker=mark.maker, model=mark.model, profile=profile)
    for name in [field.name for field in fields(Mark)]:
        given, expected = getattr(mark, name), getattr(encoded, name)
        if given != expected:
            yield f"{name} disagrees with the id {mark.id}: it is {given!r} and should be {expected!r}"
