"""Both ways of decoding a typed reading, and the one verdict that they come to.

Soft decoding weighs everything and names a pin or does not. Exact decoding weighs nothing and can be followed by hand:
these symbols, those that they give, those that agree. It explains, and it can forbid; it does not name a pin by itself.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from engrave.code.decode import MOST_COMBINATIONS, Decoding, Options, decode_options
from engrave.code.field import SymbolArray
from engrave.code.judging import Prior
from engrave.code.profiles import Profile
from engrave.code.soft import SoftCandidate, SoftDecoding, decode_blind, decode_soft
from engrave.code.typed import TypedReading


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedDecoding:
    """A reading decoded both ways.

    ``soft`` : everything weighed together. ``named`` : the one pin that is identified, None where none is. ``exact`` :
    what the symbols say with nothing weighed, the mark lying as the likeliest candidate has it; None where there are
    too many combinations. ``left_out`` : positions that the identified pin overrules, which ``exact`` was not given.
    """

    reading: TypedReading
    soft: SoftDecoding
    named: SoftCandidate | None
    exact: Decoding | None
    left_out: tuple[int, ...]


def decode_typed(reading: TypedReading, prior: Prior | None = None, *, any_rotation: bool = False) -> CombinedDecoding:
    """Decode a typed reading, softly and exactly; ``any_rotation`` tries every way in which it may have been typed.

    A pin is identified where soft decoding identifies it (``docs/code-spec.md``, clause 11.6), unless exact decoding
    identifies another (10.5). Where it overrules cells, exact decoding is given the symbols of the others, so that the
    two never disagree about a pin that is identified.
    """
    if any_rotation:
        soft = decode_blind(reading.soft, prior)
        options = _blind_options(reading, soft)
        exact = _exact(options, reading.profile)
    else:
        options = reading.options
        exact = _exact(options, reading.profile)
        # What follows from the symbols by themselves is weighed whether the soft search comes upon it or not.
        listed = exact if reading.every_choice == options else _exact(reading.every_choice, reading.profile)
        soft = decode_soft(reading.soft, prior, also=_codewords(listed))
    named = soft.identified
    if named is not None and exact is not None and exact.identified is not None and exact.identified.id != named.id:
        named = None
    left_out: tuple[int, ...] = ()
    if named is not None:
        word = named.codeword
        left_out = tuple(place for place, choices in enumerate(options) if choices and word[place] not in choices)
    if left_out:
        kept = tuple(() if place in left_out else choices for place, choices in enumerate(options))
        exact = _exact(kept, reading.profile)
    return CombinedDecoding(reading=reading, soft=soft, named=named, exact=exact, left_out=left_out)


def _codewords(exact: Decoding | None) -> SymbolArray | None:
    if exact is None or not exact.candidates:
        return None
    return np.array([candidate.codeword for candidate in exact.candidates], dtype=np.uint8)


def _blind_options(reading: TypedReading, soft: SoftDecoding) -> Options:
    if soft.candidates:
        return reading.options_if(soft.candidates[0].orientation)
    # Nobody knows where ring or shapes begin: the characters alone say something.
    count = reading.profile.characters
    return reading.options[:count] + ((),) * (reading.profile.carried - count)


def _exact(options: Options, profile: Profile) -> Decoding | None:
    if prod(len(choices) for choices in options if choices) > MOST_COMBINATIONS:
        return None
    return decode_options(options, profile)
