"""From a 30-bit id to its codeword and back."""

import numpy as np

from engrave.code.field import SYMBOL_BITS, SymbolArray
from engrave.code.permutation import permute, unpermute
from engrave.code.reedsolomon import DIMENSION, encode

_SHIFTS = tuple(SYMBOL_BITS * place for place in reversed(range(DIMENSION)))
_SYMBOL_MASK = (1 << SYMBOL_BITS) - 1


def codeword_of(identifier: int) -> SymbolArray:
    """The codeword of an id: (32,) uint8; its first six symbols are the permuted id, most significant first.

    Raises ValueError where the id is not 0 to 2^30 - 1.
    """
    permuted = permute(identifier)
    message = np.array([[permuted >> shift & _SYMBOL_MASK for shift in _SHIFTS]], dtype=np.uint8)
    codeword: SymbolArray = encode(message)[0]
    return codeword


def id_of(codeword: SymbolArray) -> int:
    """The id of a codeword, (32,) uint8, which is taken to be one."""
    symbols = zip(codeword[:DIMENSION].tolist(), _SHIFTS, strict=True)
    return unpermute(sum(symbol << shift for symbol, shift in symbols))
