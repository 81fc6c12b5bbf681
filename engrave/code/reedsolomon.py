"""The mother code: Reed-Solomon [31, 6] over GF(32), extended by one parity symbol to [32, 6] with distance 27.

A codeword is a polynomial of degree five or less, evaluated at all 32 elements of the field: at alpha^30 for symbol 0,
at alpha^29 for symbol 1 and so on to alpha^0 for symbol 30, and at zero for symbol 31. The first 31 symbols are a word
of the code whose generator polynomial has the roots alpha^1 ... alpha^25, and the value at zero is their sum. So any
six symbols determine the word, and both encoding and filling erasures are Lagrange's interpolation. Source: MacWilliams
and Sloane, The Theory of Error-Correcting Codes, chapter 10.
"""

from dataclasses import dataclass

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


def _require_symbols(symbols: SymbolArray, width: int) -> None:
    if symbols.ndim != 2 or symbols.shape[1] != width:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"symbols have the shape {symbols.shape}; give an array of shape (n, {width})")
    if symbols.size and int(symbols.max()) >= SIZE:
        raise ValueError(f"symbols reach {int(symbols.max())}; symbols of GF(32) are 0 to 31")


def encode(messages: SymbolArray) -> SymbolArray:
    """The codewords of messages: (n, 6) uint8 to (n, 32) uint8, message first. Raises ValueError on other shapes."""
    _require_symbols(messages, DIMENSION)
    return _combined(messages, _GENERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Words with their erasures filled.

    ``codewords`` : (n, 32) uint8, through the first six known symbols of each row. ``consistent`` : (n,) bool, whether
    every known symbol of the row lies on that codeword; where it is False the row's codeword means nothing.
    """

    codewords: SymbolArray
    consistent: NDArray[np.bool_]


def fill(symbols: SymbolArray, known: NDArray[np.bool_]) -> Filled:
    """Fill erasures: (n, 32) uint8 symbols, right where ``known``, (n, 32) bool, says so.

    Nothing is corrected: six known symbols determine the codeword, and all the known ones are compared with it.
    Raises ValueError where a row has fewer than six known symbols, and on other shapes.
    """
    _require_symbols(symbols, LENGTH)
    if known.shape != symbols.shape:
        raise ValueError(f"known has the shape {known.shape}; it must be that of the symbols, {symbols.shape}")
    if len(known) and int(known.sum(axis=1).min()) < DIMENSION:
        raise ValueError(f"a word has fewer than {DIMENSION} known symbols; {DIMENSION} determine it")
    positions = np.argsort(~known, axis=1, kind="stable")[:, :DIMENSION]
    codewords = _combined(np.take_along_axis(symbols, positions, axis=1), _interpolation(positions))
    consistent = ((codewords == symbols) | ~known).all(axis=1)
    return Filled(codewords=codewords, consistent=consistent)
