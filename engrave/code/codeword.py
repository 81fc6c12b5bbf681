"""From a 30-bit id to its codeword and back."""

import numpy as np

from engrave.code.field import SYMBOL_BITS, SymbolArray
from engrave.code.permutation import Ids, permute, permute_all, unpermute
from engrave.code.reedsolomon import DIMENSION, encode

_SHIFTS = tuple(SYMBOL_BITS * place for place in reversed(range(DIMENSION)))
_SYMBOL_MASK = (1 << SYMBOL_BITS) - 1
# From so many ids on, the tables of ``permute_all`` are made sooner than the ids are permuted one by one.
_WORTH_TABLES = 30_000


def codeword_of(identifier: int) -> SymbolArray:
    """The codeword of an id: (32,) uint8; its first six symbols are the permuted id, most significant first.

    Raises ValueError where the id is not 0 to 2^30 - 1.
    """
    permuted = permute(identifier)
    message = np.array([[permuted >> shift & _SYMBOL_MASK for shift in _SHIFTS]], dtype=np.uint8)
    codeword: SymbolArray = encode(message)[0]
    return codeword


def codes_of(identifiers: Ids) -> Ids:
    """The permuted ids of many, (n,) int64: the first six symbols of each codeword as one number.

    Raises ValueError where one is no id.
    """
    if len(identifiers) >= _WORTH_TABLES:
        return permute_all(identifiers)
    return np.array([permute(identifier) for identifier in identifiers.tolist()], dtype=np.int64)


def codewords_of(codes: Ids) -> SymbolArray:
    """The codewords of permuted ids: (n, 32) uint8."""
    return encode((codes[:, None] >> np.array(_SHIFTS) & _SYMBOL_MASK).astype(np.uint8))


def id_of(codeword: SymbolArray) -> int:
    """The id of a codeword, (32,) uint8, which is taken to be one."""
    symbols = zip(codeword[:DIMENSION].tolist(), _SHIFTS, strict=True)
    return unpermute(sum(symbol << shift for symbol, shift in symbols))
