"""Exact decoding: what the known symbols of a reading say, with nothing corrected silently."""

from dataclasses import dataclass
from itertools import product
from math import ceil, log2, prod

import numpy as np

from engrave.base.errors import InputError
from engrave.code.alphabet import characters_of
from engrave.code.codeword import id_of
from engrave.code.field import SIZE, SYMBOL_BITS, SymbolArray
from engrave.code.profiles import PROFILE_A, Profile
from engrave.code.reedsolomon import DIMENSION, LENGTH, fill

Symbols = tuple[int | None, ...]
"""An entry for each carried position, 26 in profile A: a symbol, or None where it is lost."""

Options = tuple[tuple[int, ...], ...]
"""An entry for each carried position: the symbols it may be, one where it is certain, none where it is lost."""

MOST_COMBINATIONS = 4096
CHECK_BITS_TO_IDENTIFY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One codeword that a reading may be of.

    ``used`` are the known positions it was derived from, ``agreeing`` and ``overruled`` all known positions by whether
    they fit it. ``check_bits`` are five for every agreeing symbol beyond the six that any codeword fits, less the
    binary logarithm of the combinations tried.
    """

    id: int
    characters: str
    codeword: tuple[int, ...]
    used: tuple[int, ...]
    agreeing: tuple[int, ...]
    overruled: tuple[int, ...]
    check_bits: int
    identified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """What a reading says.

    ``candidates``, best first. ``contradictory``: the known symbols are not of one codeword. ``missing_symbols``: how
    many more symbols a candidate would need; zero where six or more are known.
    """

    candidates: tuple[Candidate, ...]
    contradictory: bool
    known_symbols: int
    missing_symbols: int

    @property
    def identified(self) -> Candidate | None:
        """The candidate that is identified, if one is."""
        return next((candidate for candidate in self.candidates if candidate.identified), None)


def decode_symbols(symbols: Symbols, profile: Profile = PROFILE_A) -> Decoding:
    """Decode a reading whose symbols are known or lost.

    Raises ValueError unless it has an entry, None or 0 to 31, for each symbol that the profile carries.
    """
    return decode_options(tuple(() if symbol is None else (symbol,) for symbol in symbols), profile)


def decode_options(options: Options, profile: Profile = PROFILE_A) -> Decoding:
    """Decode a reading, some symbols of which may be doubtful.

    All known symbols must form one codeword. Where they do not, each carrier is decoded alone and what is consistent in
    itself is a candidate, none of them identified. Identified is a sole codeword that every known symbol fits, with ten
    check bits or more. Raises ValueError on another shape, InputError where there are too many combinations.
    """
    known = _known(options)
    found = _fitting(options, profile)
    derived = dict.fromkeys(found, known) if found else _by_carrier(options, profile)
    sole = bool(found) and len(derived) == 1
    candidates = [_candidate(codeword, used, options, profile, sole=sole) for codeword, used in derived.items()]
    return Decoding(
        candidates=tuple(sorted(candidates, key=lambda candidate: (-len(candidate.agreeing), candidate.codeword))),
        contradictory=len(known) >= DIMENSION and not found,
        known_symbols=len(known),
        missing_symbols=max(0, DIMENSION - len(known)),
    )


def expand(options: Options, profile: Profile = PROFILE_A) -> SymbolArray:
    """Every combination of the doubtful symbols: (n, 32) uint8 in codeword positions, 0 where nothing is known.

    Raises ValueError on another shape, InputError where there are more than 4096 combinations.
    """
    if len(options) != profile.carried:
        parts = ", ".join(f"{len(positions)} of {name}" for name, positions in profile.carriers.items())
        raise ValueError(f"a reading has {profile.carried} symbols, {parts}, not {len(options)}")
    if any(not 0 <= choice < SIZE for choices in options for choice in choices):
        raise ValueError("a symbol of the reading is not one of 0 to 31")
    count = _combinations(options)
    if count > MOST_COMBINATIONS:
        raise InputError(
            f"the doubtful characters allow {count} combinations; {MOST_COMBINATIONS} at most are tried: "
            "narrow the choices, or give the most doubtful as lost with '?'"
        )
    words = np.zeros((count, LENGTH), dtype=np.uint8)
    words[:, : profile.carried] = list(product(*(choices or (0,) for choices in options)))
    return words


def _combinations(options: Options) -> int:
    return prod(len(choices) for choices in options if choices)


def _known(options: Options) -> tuple[int, ...]:
    return tuple(position for position, choices in enumerate(options) if choices)


def _fitting(options: Options, profile: Profile) -> list[tuple[int, ...]]:
    """The codewords that fit every known symbol; none where fewer than six are known."""
    words = expand(options, profile)
    known = np.zeros(words.shape, dtype=np.bool_)
    known[:, _known(options)] = True
    if int(known[0].sum()) < DIMENSION:
        return []
    filled = fill(words, known)
    return [tuple(codeword) for codeword in filled.codewords[filled.consistent].tolist()]


def _by_carrier(options: Options, profile: Profile) -> dict[tuple[int, ...], tuple[int, ...]]:
    """The codewords of carriers that are consistent in themselves, and the known positions each was derived from."""
    derived: dict[tuple[int, ...], tuple[int, ...]] = {}
    for positions in profile.carriers.values():
        alone = tuple(choices if position in positions else () for position, choices in enumerate(options))
        for codeword in _fitting(alone, profile):
            derived[codeword] = derived.get(codeword, ()) + _known(alone)
    return derived


def _candidate(
    codeword: tuple[int, ...], used: tuple[int, ...], options: Options, profile: Profile, *, sole: bool
) -> Candidate:
    agreeing = tuple(position for position in _known(options) if codeword[position] in options[position])
    overruled = tuple(position for position in _known(options) if position not in agreeing)
    spent = ceil(log2(_combinations(options)))
    check_bits = max(0, SYMBOL_BITS * (len(agreeing) - DIMENSION) - spent)
    return Candidate(
        id=id_of(np.array(codeword, dtype=np.uint8)),
        characters=characters_of(codeword[: profile.characters]),
        codeword=codeword,
        used=used,
        agreeing=agreeing,
        overruled=overruled,
        check_bits=check_bits,
        identified=sole and check_bits >= CHECK_BITS_TO_IDENTIFY,
    )
