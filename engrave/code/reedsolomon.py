"""The mother code: Reed-Solomon [31, 6] over GF(32), extended by one parity symbol to [32, 6] with distance 27.

A codeword is a polynomial of degree five or less, evaluated at all 32 elements of the field: at alpha^30 for symbol 0,
at alpha^29 for symbol 1 and so on to alpha^0 for symbol 30, and at zero for symbol 31. The first 31 symbols are a word
of the code whose generator polynomial has the roots alpha^1 ... alpha^25, and the value at zero is their sum. So any
six symbols determine the word, and both encoding and filling erasures are Lagrange's interpolation. Source: MacWilliams
and Sloane, The Theory of Error-Correcting Codes, chapter 10.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import EXP, INVERSE, PRODUCT, SIZE, SymbolArray

LENGTH = 32
DIMENSION = 6

_POINTS: SymbolArray = np.concatenate([EXP[::-1], np.zeros(1, dtype=np.uint8)])


def _interpolation(positions: NDArray[np.intp]) -> SymbolArray:
    """What each of six symbols, at distinct positions (n, 6), contributes to the whole word: (n, 6, 32)."""
    nodes = _POINTS[positions]
    distances = _POINTS ^ nodes[:, :, None]
    weights = np.ones((len(positions), DIMENSION, LENGTH), dtype=np.uint8)
    for own in range(DIMENSION):
        for other in range(DIMENSION):
            if own != other:
                weights[:, own] = PRODUCT[weights[:, own], distances[:, other]]
    at_own_node = np.take_along_axis(weights, positions[:, :, None], axis=2)
    return PRODUCT[weights, INVERSE[at_own_node]]


def _combined(symbols: SymbolArray, contributions: SymbolArray) -> SymbolArray:
    words: SymbolArray = np.bitwise_xor.reduce(PRODUCT[symbols[:, :, None], contributions], axis=1)
    return words


_GENERATOR = _interpolation(np.arange(DIMENSION, dtype=np.intp)[None, :])
_VALUES = np.arange(SIZE, dtype=np.uint8)
# Up to so many patterns of erasures a table for each is worth its making, if that many words share it.
_MOST_TABLES = 256
_WORDS_A_TABLE = 16


def _require_symbols(symbols: SymbolArray, width: range) -> None:
    if symbols.ndim != 2 or symbols.shape[1] not in width:  # noqa: PLR2004 - rows and columns
        shown = width.start if len(width) == 1 else f"{width.start} to {width.stop - 1}"
        raise ValueError(f"symbols have the shape {symbols.shape}; give an array of shape (n, {shown})")
    if symbols.size and int(symbols.max()) >= SIZE:
        raise ValueError(f"symbols reach {int(symbols.max())}; symbols of GF(32) are 0 to 31")


@cache
def _pairs() -> NDArray[np.uint64]:
    """What each pair of neighbouring message symbols makes of the word: (3, 1024, 4), eight symbols in each number."""
    single = PRODUCT[_VALUES[:, None], _GENERATOR[0][:, None, :]]
    pairs = single[0::2, :, None] ^ single[1::2, None, :]
    packed: NDArray[np.uint64] = pairs.reshape(DIMENSION // 2, SIZE * SIZE, LENGTH).view(np.uint64)
    return packed


def encode(messages: SymbolArray) -> SymbolArray:
    """The codewords of messages: (n, 6) uint8 to (n, 32) uint8, message first. Raises ValueError on other shapes."""
    _require_symbols(messages, range(DIMENSION, DIMENSION + 1))
    first, second, third = _pairs()
    pairs = messages[:, 0::2].astype(np.intp) * SIZE + messages[:, 1::2]
    packed = first[pairs[:, 0]]
    packed ^= second[pairs[:, 1]]
    packed ^= third[pairs[:, 2]]
    words: SymbolArray = packed.view(np.uint8)
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Words with their erasures filled.

    ``codewords`` : as wide as the symbols that were given, through the first six known symbols of each row.
    ``consistent`` : (n,) bool, whether every known symbol of the row lies on that codeword; where it is False the row's
    codeword means nothing.
    """

    codewords: SymbolArray
    consistent: NDArray[np.bool_]


def fill(symbols: SymbolArray, known: NDArray[np.bool_]) -> Filled:
    """Fill erasures: (n, width) uint8 symbols, right where ``known``, (n, width) bool, says so.

    The columns are the positions from 0 on, 6 to 32 of them. Nothing is corrected: six known symbols determine the
    codeword, and all the known ones are compared with it. Raises ValueError where a row has fewer than six known
    symbols, and on other shapes.
    """
    _require_symbols(symbols, range(DIMENSION, LENGTH + 1))
    if known.shape != symbols.shape:
        raise ValueError(f"known has the shape {known.shape}; it must be that of the symbols, {symbols.shape}")
    patterns, pattern = _patterns(known)
    if len(patterns) and int(patterns.sum(axis=1).min()) < DIMENSION:
        raise ValueError(f"a word has fewer than {DIMENSION} known symbols; {DIMENSION} determine it")
    positions = np.argsort(~patterns, axis=1, kind="stable")[:, :DIMENSION]
    read = np.take_along_axis(symbols, positions[pattern], axis=1)
    width = symbols.shape[1]
    if len(patterns) <= min(_MOST_TABLES, len(symbols) // _WORDS_A_TABLE):
        codewords = _looked_up(read, pattern, _interpolation(positions)[:, :, :width])
    else:
        codewords = _combined(read, _interpolation(positions[pattern])[:, :, :width])
    return Filled(codewords=codewords, consistent=((codewords == symbols) | ~known).all(axis=1))


def _patterns(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The different rows, and which of them each row is."""
    packed = np.zeros((len(known), 4), dtype=np.uint8)
    bits = np.packbits(known, axis=1)
    packed[:, : bits.shape[1]] = bits
    _, firsts, which = np.unique(packed.view(np.uint32)[:, 0], return_index=True, return_inverse=True)
    return known[firsts], which


def _looked_up(read: SymbolArray, pattern: NDArray[np.intp], contributions: SymbolArray) -> SymbolArray:
    """``_combined`` for few patterns, (p, 6, width): by a table of every symbol's products, eight in each number."""
    width = contributions.shape[2]
    table = np.zeros((*contributions.shape[:2], SIZE, -(-width // 8) * 8), dtype=np.uint8)
    table[..., :width] = PRODUCT[_VALUES[:, None], contributions[:, :, None, :]]
    rows = table.view(np.uint64).reshape(-1, table.shape[3] // 8)
    start = pattern * (DIMENSION * SIZE)
    packed = rows[start + read[:, 0]]
    for place in range(1, DIMENSION):
        packed ^= rows[start + (place * SIZE) + read[:, place]]
    words: SymbolArray = packed.view(np.uint8)[:, :width]
    return words
