"""What an examiner types: characters such as ``0H?K B4[M3]3``, cells as ``1``, ``0``, ``?``, shapes as ``a0 c? ?``."""

import re

import numpy as np

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, symbol_of
from engrave.code.decode import Options
from engrave.code.profiles import PROFILE_A, Profile
from engrave.code.ring import LOST, CellReadings, ring_symbols
from engrave.code.shapes import ORIENTATIONS, SHAPE_NAMES, SHAPES, shape_symbols

_LOST = "?"
_POSITION = re.compile(r"\[(?P<choices>[^\[\]]*)\]|(?P<single>\S)")
_CELLS = {"1": 1, "0": 0, _LOST: LOST}


def parse_reading(characters: str, ring: str = "", shapes: str = "", profile: Profile = PROFILE_A) -> Options:
    """A typed reading as the choices for each symbol.

    ``characters``: eight positions, white space ignored; a character, ``?`` where it is lost, or the few it may be in
    square brackets. ``ring``: ``1``, ``0`` or ``?`` a cell from sector 0 on, tracks from the inside with ``/`` between
    them; a track left empty, or the whole ring, is lost. ``shapes``: their names clockwise from twelve o'clock, white
    space between them; ``?`` is a lost shape, ``c?`` a shape whose orientation is lost; nothing at all: all are lost.
    Raises InputError with every fault and its column.
    """
    faults: list[str] = []
    choices = _characters(characters, faults)
    cells = _ring(ring, profile, faults)
    values = _shapes(shapes, profile, faults)
    if faults:
        raise InputError(faults)
    of_ring = (() if symbol is None else (symbol,) for symbol in ring_symbols(cells, profile))
    return (*choices, *of_ring, *shape_symbols(values, profile))


def _characters(text: str, faults: list[str]) -> list[tuple[int, ...]]:
    positions: list[tuple[int, ...]] = []
    for match in _POSITION.finditer(text):
        column = match.start() + 1
        choices = match["choices"]
        if choices is None:
            positions.append(_choices("" if match["single"] == _LOST else match["single"], column, faults))
        elif ":" in choices:
            faults.append(
                f"characters, column {column}: {match[0]!r}: probabilities are not supported; "
                "give the choices alone, such as '[NH]'"
            )
            positions.append(())
        else:
            positions.append(_choices(choices, column + 1, faults))
            if not choices.strip():
                faults.append(
                    f"characters, column {column}: {match[0]!r} holds no choice; write '?' for a lost character"
                )
    if len(positions) != PROFILE_A.characters:
        faults.append(
            f"characters: {len(positions)} positions in {text!r}; give {PROFILE_A.characters}, '?' for each lost one"
        )
    return positions


def _choices(text: str, column: int, faults: list[str]) -> tuple[int, ...]:
    """The distinct symbols of some characters, in their order; white space is ignored."""
    symbols: dict[int, None] = {}
    for offset, character in enumerate(text):
        symbol = symbol_of(character)
        if symbol is not None:
            symbols[symbol] = None
        elif not character.isspace():
            faults.append(f"characters, column {column + offset}: {character!r} {_what_else(character)}")
    return tuple(symbols)


def _what_else(character: str) -> str:
    if character in "[]":
        return "has no partner; write choices as '[NH]'"
    if character == _LOST:
        return "cannot stand among choices; a lost character is '?' alone"
    return f"is no character of a mark; they are {ALPHABET}, and '?' where one is lost"


def _ring(text: str, profile: Profile, faults: list[str]) -> CellReadings:
    cells = np.full((profile.tracks, profile.sectors), LOST, dtype=np.int8)
    if not text.strip():
        return cells
    tracks = text.split("/")
    names = _track_names(profile)
    if len(tracks) != profile.tracks:
        faults.append(f"ring: {len(tracks)} tracks; {_give_tracks(names)}")
        return cells
    column = 1
    for row, (name, track) in enumerate(zip(names, tracks, strict=True)):
        values = _track(track, name, column, profile, faults)
        if len(values) == profile.sectors:
            cells[row] = values
        column += len(track) + 1
    return cells


def _track_names(profile: Profile) -> tuple[str, ...]:
    return tuple(profile.carriers)[1 : 1 + profile.tracks]


def _give_tracks(names: tuple[str, ...]) -> str:
    if not names:
        return "this profile has none, leave it out"
    if len(names) == 1:
        return "this profile has a single one, give it without '/'"
    return "give the inner track, '/', and the outer track, an unread one left empty"


def _track(text: str, name: str, column: int, profile: Profile, faults: list[str]) -> list[int]:
    """The cells of one track, white space ignored; an empty one has none."""
    typed = [(column + offset, character) for offset, character in enumerate(text) if not character.isspace()]
    place_name = "ring" if name == "ring" else f"ring, {name}"
    faults.extend(
        f"{place_name}, column {place}: {character!r} is no cell; write 1 for a tooth, 0 for a gap, ? for a lost cell"
        for place, character in typed
        if character not in _CELLS
    )
    if typed and len(typed) != profile.sectors:
        faults.append(f"{place_name}: {len(typed)} cells; give {profile.sectors}, or none where the track is lost")
    return [_CELLS.get(character, LOST) for _, character in typed]


def _shapes(text: str, profile: Profile, faults: list[str]) -> list[tuple[int, ...]]:
    """The values that each shape may have; all lost where nothing is typed."""
    typed = list(re.finditer(r"\S+", text))
    if not typed:
        return [()] * profile.shapes
    if not profile.shapes:
        faults.append(f"shapes: {text!r}; this profile has none, leave them out")
        return []
    if len(typed) != profile.shapes:
        faults.append(f"shapes: {len(typed)} in {text!r}; give {profile.shapes}, '?' for each lost one")
        return [()] * profile.shapes
    return [_shape(match[0], match.start() + 1, faults) for match in typed]


def _shape(name: str, column: int, faults: list[str]) -> tuple[int, ...]:
    if name == _LOST:
        return ()
    allowed = [name[:-1] + turns for turns in ORIENTATIONS] if name.endswith(_LOST) else [name]
    if any(each not in SHAPE_NAMES for each in allowed):
        faults.append(
            f"shapes, column {column}: {name!r} is no shape; write one of {SHAPES} and 0 to 3 quarter turns, "
            "'c?' where the turns are lost, '?' where all is"
        )
        return ()
    return tuple(SHAPE_NAMES.index(each) for each in allowed)
