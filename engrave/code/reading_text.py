"""What an examiner types: characters as ``0H?K B4[M3][N:.7 H:.3]``, cells as ``10?``, shapes as ``a0 c? ?``."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engrave.base.errors import InputError
from engrave.code.alphabet import ALPHABET, symbol_of
from engrave.code.decode import Options
from engrave.code.priors import P_WRONG_CHARACTER
from engrave.code.profiles import PROFILE_A, Profile
from engrave.code.ring import LOST, CellReadings, ring_symbols
from engrave.code.shapes import ORIENTATIONS, SHAPE_NAMES, SHAPES, shape_symbols

_LOST = "?"
_POSITION = re.compile(r"\[(?P<choices>[^\[\]]*)\]|(?P<single>\S)")
_CELLS = {"1": 1, "0": 0, _LOST: LOST}
# Nine decimals are more than anybody can mean; they keep sums exact.
_PROBABILITY = re.compile(r"[0-9]{1,3}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}")
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The symbols that a character may be: one where it is certain, none where it is lost.

    ``probabilities`` : of each symbol, as typed, or None where none were typed.
    """

    symbols: tuple[int, ...]
    probabilities: tuple[Decimal, ...] | None = None

    @property
    def left(self) -> Decimal:
        """What typed probabilities leave for all other symbols together; nothing where none were typed."""
        return _ONE - sum(self.probabilities) if self.probabilities else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParsedReading:
    """What a text names.

    ``characters`` : the choices of each position. ``cells`` : (tracks, sectors) int8, 1 a tooth, 0 a gap, -1 lost.
    ``shapes`` : the values that each shape may have, none where it is lost.
    """

    characters: tuple[Choices, ...]
    cells: CellReadings
    shapes: tuple[tuple[int, ...], ...]


def parse_reading(characters: str, ring: str = "", shapes: str = "", profile: Profile = PROFILE_A) -> Options:
    """A typed reading as the choices for each symbol. Raises InputError as ``parse_typed``, which has the syntax."""
    return exact_options(parse_typed(characters, ring, shapes, profile), profile)


def parse_typed(characters: str, ring: str = "", shapes: str = "", profile: Profile = PROFILE_A) -> ParsedReading:
    """What a typed reading names.

    ``characters``: eight positions, white space ignored; a character, ``?`` where it is lost, or the few it may be in
    square brackets, ``[NH]``, or with the probability of each, ``[N:.7 H:.2]``, white space between them: what these
    leave of 1 is that of all others. ``ring``: ``1``, ``0`` or ``?`` a cell from sector 0 on, tracks from the inside
    with ``/`` between them; a track left empty, or the whole ring, is lost. ``shapes``: their names clockwise from
    twelve o'clock, white space between them; ``?`` is a lost shape, ``c?`` a shape whose orientation is lost; nothing
    at all: all are lost. Raises InputError with every fault and its column.
    """
    faults: list[str] = []
    choices = _characters(characters, faults)
    cells = _ring(ring, profile, faults)
    values = _shapes(shapes, profile, faults)
    if faults:
        raise InputError(faults)
    return ParsedReading(characters=tuple(choices), cells=cells, shapes=tuple(values))


def exact_options(parsed: ParsedReading, profile: Profile, *, most_left: float = P_WRONG_CHARACTER) -> Options:
    """The choices for each symbol, as exact decoding takes them.

    It knows no probabilities: a character whose choices leave more than ``most_left`` to all others is lost.
    """
    of_characters = (() if float(choices.left) > most_left else choices.symbols for choices in parsed.characters)
    of_ring = (() if symbol is None else (symbol,) for symbol in ring_symbols(parsed.cells, profile))
    return (*of_characters, *of_ring, *shape_symbols(parsed.shapes, profile))


def _characters(text: str, faults: list[str]) -> list[Choices]:
    positions: list[Choices] = []
    for match in _POSITION.finditer(text):
        column = match.start() + 1
        choices = match["choices"]
        if choices is None:
            single = "" if match["single"] == _LOST else match["single"]
            positions.append(Choices(symbols=_symbols(single, column, faults)))
        elif ":" in choices:
            positions.append(_weighed(match[0], column, faults))
        else:
            positions.append(Choices(symbols=_symbols(choices, column + 1, faults)))
            if not choices.strip():
                faults.append(
                    f"characters, column {column}: {match[0]!r} holds no choice; write '?' for a lost character"
                )
    if len(positions) != PROFILE_A.characters:
        faults.append(
            f"characters: {len(positions)} positions in {text!r}; give {PROFILE_A.characters}, '?' for each lost one"
        )
    return positions


def _symbols(text: str, column: int, faults: list[str]) -> tuple[int, ...]:
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


def _weighed(text: str, column: int, faults: list[str]) -> Choices:
    """Choices with probabilities, brackets included."""
    found: list[str] = []
    given: dict[int, Decimal] = {}
    for match in re.finditer(r"[^\s\[\]]+", text):
        weight = _weight(match[0], given)
        if isinstance(weight, str):
            found.append(f"characters, column {column + match.start()}: {match[0]!r} {weight}")
        else:
            symbol, probability = weight
            given[symbol] = probability
    total = sum(given.values(), Decimal(0))
    if not found and total > _ONE:
        found.append(f"characters, column {column}: {text!r}: the probabilities add up to {total}, which is above 1")
    faults += found
    return Choices(symbols=tuple(given), probabilities=tuple(given.values()))


def _weight(typed: str, given: Collection[int]) -> tuple[int, Decimal] | str:
    """The symbol and the probability of one choice beside those before it, or what is wrong with it."""
    character, colon, number = typed.partition(":")
    if not colon:
        return "has no probability; give every choice one, such as '[N:.7 H:.3]', or none"
    if len(character) != 1:
        return "is no choice; write one character, ':' and its probability, white space between choices"
    symbol = symbol_of(character)
    if symbol is None:
        return _what_else(character)
    if symbol in given:
        return f"gives {ALPHABET[symbol]!r} a second time"
    return _wrong_probability(number) or (symbol, Decimal(number))


def _wrong_probability(number: str) -> str:
    """What is wrong with it; nothing where nothing is."""
    if not number:
        return "lacks its probability behind the ':'"
    if not _PROBABILITY.fullmatch(number):
        return f"gives {number!r}, which is no probability; write a decimal number such as .7, nine decimals at most"
    if Decimal(number) > _ONE:
        return "gives a probability above 1"
    return "" if Decimal(number) else "gives the probability 0; leave the choice out"


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
