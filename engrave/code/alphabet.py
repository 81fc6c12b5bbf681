"""The 32 characters a symbol is written with, and the look-alikes that are read as one of them."""

from collections.abc import Iterable

ALPHABET = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
"""The character of symbol s is ``ALPHABET[s]``."""

ALIASES = {"I": "1", "O": "0", "8": "B", "G": "6"}
"""Characters that no mark carries, and what an examiner who thinks to see one has seen."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_VALUES |= {alias: _VALUES[character] for alias, character in ALIASES.items()}
_VALUES |= {character.lower(): value for character, value in _VALUES.items()}


def symbol_of(character: str) -> int | None:
    """The symbol of one character, look-alikes and lower case allowed; None where it is not one of the alphabet."""
    return _VALUES.get(character)


def characters_of(symbols: Iterable[int]) -> str:
    """Symbols as characters, without a space."""
    return "".join(ALPHABET[symbol] for symbol in symbols)


def displayed(characters: str) -> str:
    """Eight characters as people are shown them, two rows of four: ``XXXX XXXX``."""
    return f"{characters[:4]} {characters[4:]}"
