r"""Templates of serial numbers: ``AAA9999`` and the like, each a numbering of the serials it matches.

``A`` stands for any letter, ``9`` for any digit, every other character for itself; a backslash before a character makes
it stand for itself (``\A99`` matches A00 to A99). Serials are numbered in mixed radix, the leftmost place the most
significant, so that their order is that of the text.
"""

from dataclasses import dataclass
from functools import reduce

from engrave.base.errors import InputError
from engrave.code.serials import LONGEST_SERIAL, SERIAL_CHARACTERS, SERIAL_RULE

_WILDCARDS = {"A": ("A", "Z"), "9": ("0", "9")}
_ESCAPE = "\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed template: for each place of the serial the first and the last character it may have."""

    places: tuple[tuple[str, str], ...]

    @property
    def capacity(self) -> int:
        """How many serials match."""
        return reduce(lambda count, place: count * _radix(place), self.places, 1)

    @property
    def first(self) -> str:
        """The first serial, number 0."""
        return "".join(low for low, _ in self.places)

    @property
    def last(self) -> str:
        """The last serial, number ``capacity`` - 1."""
        return "".join(high for _, high in self.places)

    def matches(self, serial: str) -> bool:
        """Whether a normalised serial matches."""
        return len(serial) == len(self.places) and all(
            low <= character <= high for character, (low, high) in zip(serial, self.places, strict=True)
        )

    def index(self, serial: str) -> int:
        """The number of a serial that matches, 0 to ``capacity`` - 1."""
        number = 0
        for character, place in zip(serial, self.places, strict=True):
            number = number * _radix(place) + ord(character) - ord(place[0])
        return number

    def serial(self, index: int) -> str:
        """The serial of that number, 0 to ``capacity`` - 1."""
        characters: list[str] = []
        for place in reversed(self.places):
            index, digit = divmod(index, _radix(place))
            characters.append(chr(ord(place[0]) + digit))
        return "".join(reversed(characters))


def _radix(place: tuple[str, str]) -> int:
    return ord(place[1]) - ord(place[0]) + 1


def parse_template(text: str) -> Template:
    """Parse a template. Raises InputError with every fault: nothing variable, characters no serial may have, length."""
    places: list[tuple[str, str]] = []
    faults: list[str] = []
    characters = iter(text)
    for character in characters:
        escaped = character == _ESCAPE
        literal = next(characters, "") if escaped else character
        if escaped and not literal:
            faults.append(f"template {text!r} ends in a backslash; put the character it makes literal after it")
        elif not escaped and literal in _WILDCARDS:
            places.append(_WILDCARDS[literal])
        else:
            places.append((literal, literal))
            if literal not in SERIAL_CHARACTERS:
                faults.append(f"template {text!r}: {literal!r} is not allowed; {SERIAL_RULE}, capitals only")
    if all(low == high for low, high in places):
        faults.append(f"template {text!r} has nothing variable; write A for any letter and 9 for any digit")
    if len(places) > LONGEST_SERIAL:
        faults.append(f"template {text!r} has {len(places)} places; a serial has {LONGEST_SERIAL} at most")
    if faults:
        raise InputError(faults)
    return Template(places=tuple(places))


def first_common(one: Template, other: Template, *, first: str, last: str) -> str | None:
    """The first serial, in the order of the text, that matches both templates and lies from ``first`` to ``last``.

    None where there is none. ``first`` and ``last`` have the templates' length.
    """
    if len(one.places) != len(other.places):
        return None
    pairs = zip(one.places, other.places, strict=True)
    places = [(max(low, other_low), min(high, other_high)) for (low, high), (other_low, other_high) in pairs]
    if any(low > high for low, high in places):
        return None
    serial = _at_or_after(places, first)
    return serial if serial is not None and serial <= last else None


def _at_or_after(places: list[tuple[str, str]], text: str) -> str | None:
    """The first text whose characters lie within their places and that is not before ``text``."""
    lows = "".join(low for low, _ in places)
    for position, (low, high) in enumerate(places):
        if text[position] < low:
            return text[:position] + lows[position:]
        if text[position] > high:
            return _after(places, text[:position], lows)
    return text


def _after(places: list[tuple[str, str]], prefix: str, lows: str) -> str | None:
    """The first text within its places whose beginning comes after ``prefix``, itself within its places."""
    for position in reversed(range(len(prefix))):
        if prefix[position] < places[position][1]:
            return prefix[:position] + chr(ord(prefix[position]) + 1) + lows[position + 1 :]
    return None
