"""GF(32): five-bit symbols, addition by exclusive or, multiplication modulo x^5 + x^2 + 1."""

import numpy as np
from numpy.typing import NDArray

Symbol = np.uint8
SymbolArray = NDArray[np.uint8]

SIZE = 32
ORDER = SIZE - 1
SYMBOL_BITS = 5
_PRIMITIVE_POLYNOMIAL = 0b100101


def _read_only(values: SymbolArray) -> SymbolArray:
    values.flags.writeable = False
    return values


def _powers() -> list[int]:
    powers = [1]
    while len(powers) < ORDER:
        doubled = powers[-1] << 1
        powers.append(doubled ^ _PRIMITIVE_POLYNOMIAL if doubled & SIZE else doubled)
    return powers


def _logarithms(powers: SymbolArray) -> SymbolArray:
    logarithms = np.zeros(SIZE, dtype=np.uint8)
    logarithms[powers] = np.arange(ORDER, dtype=np.uint8)
    return logarithms


def _products(powers: SymbolArray, logarithms: SymbolArray) -> SymbolArray:
    products: SymbolArray = powers[(logarithms[:, None] + logarithms[None, :]) % ORDER]
    products[0, :] = 0
    products[:, 0] = 0
    return products


EXP = _read_only(np.array(_powers(), dtype=np.uint8))
"""(31,) powers of the generator 2: ``EXP[i]`` is alpha^i."""

LOG = _read_only(_logarithms(EXP))
"""(32,) logarithms to the base alpha; zero has none, and ``LOG[0]`` holds 0 only to fill the place."""

PRODUCT = _read_only(_products(EXP, LOG))
"""(32, 32) the multiplication table."""

INVERSE = _read_only(np.concatenate([np.zeros(1, dtype=np.uint8), EXP[-LOG[1:].astype(np.intp) % ORDER]]))
"""(32,) reciprocals; zero has none, and ``INVERSE[0]`` holds 0 only to fill the place."""
