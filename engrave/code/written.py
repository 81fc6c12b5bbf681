"""What is written on the pin for each symbol: itself in characters, multiplied and masked on ring and shapes.

On tracks and shapes the symbol c of position p is written as (c times alpha^(6 p)) xor mask. The mask alone cannot tell
a ring from its negative: 31, 31, ... is a codeword, and adding it turns every cell over. The factors prevent that.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2s

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import EXP, INVERSE, ORDER, PRODUCT, SYMBOL_BITS, SymbolArray
from engrave.code.profiles import Profile

BIT_VALUES: SymbolArray = (1 << np.arange(SYMBOL_BITS)[::-1]).astype(np.uint8)
"""(5,) what the bits of a symbol are worth, the most significant first."""

_TRACKS_LABEL, _SHAPES_LABEL = "pin-engrave ring ", "pin-engrave shapes "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Writing:
    """The ``factors`` and ``masks`` of a profile's carried symbols, each (carried,) uint8; 1 and 0 for characters."""

    factors: SymbolArray
    masks: SymbolArray


@cache
def writing_of(profile: Profile) -> Writing:
    """How the profile writes its symbols."""
    positions = np.arange(profile.carried)
    factors = EXP[6 * positions % ORDER].copy()
    factors[: profile.characters] = 1
    masks = np.zeros(profile.carried, dtype=np.uint8)
    masks[profile.characters :] = _masks(profile)
    for values in (factors, masks):
        values.flags.writeable = False
    return Writing(factors=factors, masks=masks)


def _masks(profile: Profile) -> SymbolArray:
    """BLAKE2s (RFC 7693) of a text that names the profile, as symbols."""
    count = profile.carried - profile.characters
    label = (_SHAPES_LABEL if profile.shapes else _TRACKS_LABEL) + profile.name
    digest = blake2s(label.encode(), digest_size=-(-count * SYMBOL_BITS // 8)).digest()
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))[: count * SYMBOL_BITS]
    masks: SymbolArray = bits.reshape(count, SYMBOL_BITS) @ BIT_VALUES
    return masks


def written_of(codewords: SymbolArray, profile: Profile) -> SymbolArray:
    """Codewords, (..., 32) uint8 or the carried part of them, as they are written: (..., carried) uint8."""
    writing = writing_of(profile)
    written: SymbolArray = PRODUCT[codewords[..., : profile.carried], writing.factors] ^ writing.masks
    return written


def symbols_of(written: SymbolArray, profile: Profile) -> SymbolArray:
    """What was written, (..., carried) uint8, as symbols of the codeword."""
    writing = writing_of(profile)
    symbols: SymbolArray = PRODUCT[written ^ writing.masks, INVERSE[writing.factors]]
    return symbols


def bits_of(symbols: SymbolArray) -> NDArray[np.bool_]:
    """Symbols, (...) uint8, as bits: (..., 5) bool, the most significant first."""
    bits: NDArray[np.bool_] = (symbols[..., None] & BIT_VALUES) > 0
    return bits
