"""What an examiner types: characters such as ``0H?K B4[M3]3`` and a ring as ``1``, ``0``, ``?`` a cell."""

import re

import numpy as np

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, symbol_of
from engrave.code.decode import Options
from engrave.code.profiles import PROFILE_A
from engrave.code.ring import LOST, CellReadings, ring_symbols

_LOST = "?"
_POSITION = re.compile(r"\[(?P<choices>[^\[\]]*)\]|(?P<single>\S)")
_CELLS = {"1": 1, "0": 0, _LOST: LOST}
_TRACK_NAMES = tuple(PROFILE_A.carriers)[1:]


def parse_reading(characters: str, ring: str = "") -> Options:
    """A typed reading as the choices for each symbol.

    ``characters``: eight positions, white space ignored; a character, ``?`` where it is lost, or the few it may be in
    square brackets. ``ring``: ``1``, ``0`` or ``?`` a cell from sector 0 on, the inner track, ``/``, the outer track; a
    track left empty, or the whole ring, is lost. Raises InputError with every fault and its column.
    """
    faults: list[str] = []
    choices = _characters(characters, faults)
    cells = _ring(ring, faults)
    if faults:
        raise InputError(faults)
    return (*choices, *(() if symbol is None else (symbol,) for symbol in ring_symbols(cells)))


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


def _ring(text: str, faults: list[str]) -> CellReadings:
    cells = np.full((PROFILE_A.tracks, PROFILE_A.sectors), LOST, dtype=np.int8)
    tracks = text.split("/")
    if text.strip() and len(tracks) != PROFILE_A.tracks:
        faults.append(
            f"ring: {len(tracks)} tracks; give the inner track, '/', and the outer track, an unread one left empty"
        )
        return cells
    column = 1
    for row, (name, track) in enumerate(zip(_TRACK_NAMES, tracks, strict=False)):
        values = _track(track, name, column, faults)
        if len(values) == PROFILE_A.sectors:
            cells[row] = values
        column += len(track) + 1
    return cells


def _track(text: str, name: str, column: int, faults: list[str]) -> list[int]:
    """The cells of one track, white space ignored; an empty one has none."""
    typed = [(column + offset, character) for offset, character in enumerate(text) if not character.isspace()]
    faults.extend(
        f"ring, {name}, column {place}: {character!r} is no cell; write 1 for a tooth, 0 for a gap, ? for a lost cell"
        for place, character in typed
        if character not in _CELLS
    )
    if typed and len(typed) != PROFILE_A.sectors:
        faults.append(f"ring, {name}: {len(typed)} cells; give {PROFILE_A.sectors}, or none where the track is lost")
    return [_CELLS.get(character, LOST) for _, character in typed]
