"""Characters, and what the profile says."""

import string

import pytest

from engrave.base.errors import UnknownNameError
from engrave.code.alphabet import ALPHABET, characters_of, displayed, symbol_of
from engrave.code.profiles import PROFILES, Profile, profile_by_name


def test_every_capital_digit_and_small_letter_is_read() -> None:
    for character in string.ascii_uppercase + string.digits:
        symbol = symbol_of(character)
        assert symbol is not None
        assert symbol == symbol_of(character.lower())
        assert ALPHABET[symbol] == {"I": "1", "O": "0", "8": "B", "G": "6"}.get(character, character)


@pytest.mark.parametrize("character", ["?", "-", " ", "", "É", "\u0131", "Ａ", "00"])  # noqa: RUF001 - look-alikes meant
def test_anything_else_is_no_symbol(character: str) -> None:
    assert symbol_of(character) is None


def test_32_characters_for_32_symbols() -> None:
    assert len(set(ALPHABET)) == 32
    assert characters_of(range(32)) == ALPHABET
    assert displayed("QSP9FRDN") == "QSP9 FRDN"


def test_profile_a() -> None:
    profile = profile_by_name("A")
    assert {name: (positions[0], positions[-1]) for name, positions in profile.carriers.items()} == {
        "characters": (0, 7),
        "inner track": (8, 16),
        "outer track": (17, 25),
    }
    assert len(profile.mark_cells[0]) + 5 * profile.symbols_per_track == profile.sectors == 48


@pytest.mark.parametrize(
    ("name", "carriers", "turns"),
    [
        ("A", {"characters": 8, "inner track": 9, "outer track": 9}, 48),
        ("D", {"characters": 8, "inner track": 12, "outer track": 12}, 64),
        ("S", {"characters": 8, "ring": 6}, 32),
        ("G", {"characters": 8, "shapes": 12}, 12),
    ],
)
def test_what_each_profile_carries(name: str, carriers: dict[str, int], turns: int) -> None:
    profile = PROFILES[name]
    assert profile.name == name
    assert {carrier: len(positions) for carrier, positions in profile.carriers.items()} == carriers
    assert [position for positions in profile.carriers.values() for position in positions] == [*range(profile.carried)]
    assert profile.carried == sum(carriers.values()) <= 32
    assert profile.turns == turns
    assert_cells_fill_the_tracks(profile)


def assert_cells_fill_the_tracks(profile: Profile) -> None:
    assert len(profile.mark_cells) == profile.tracks
    for marks in profile.mark_cells:
        assert len(marks) + 5 * profile.symbols_per_track == profile.sectors


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="no profile 'B'; choose one of A, D, S, G"):
        profile_by_name("B")
