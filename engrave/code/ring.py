"""Profile A's ring: 18 symbols of the codeword as 48 sectors on two tracks, the inner track first.

Sectors 0 to 2 of each track are mark cells; nine symbols follow, five cells each, most significant bit first. Each
symbol is multiplied by alpha^(6 p), p being its position in the codeword, and then masked. The mask alone cannot tell a
ring from its negative: 31, 31, ... is a codeword, and adding it turns every cell over. After that multiplication the
negative of a ring agrees with no codeword in more than six symbols.
"""

from hashlib import blake2s

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import EXP, INVERSE, ORDER, PRODUCT, SYMBOL_BITS, SymbolArray
from engrave.code.profiles import PROFILE_A

LOST = -1

CellReadings = NDArray[np.int8]
"""(2, 48) int8: 1 a tooth, 0 a gap, -1 lost."""

_MARK_CELLS = np.array(PROFILE_A.mark_cells, dtype=np.uint8)
_TRACKS, _MARKS = _MARK_CELLS.shape
_SYMBOLS = PROFILE_A.symbols_per_track
_POSITIONS = PROFILE_A.characters + np.arange(_TRACKS * _SYMBOLS)
_FACTORS = EXP[6 * _POSITIONS % ORDER]
_BIT_VALUES = 1 << np.arange(SYMBOL_BITS)[::-1]

_MASK_LABEL = b"pin-engrave ring A"


def _mask() -> SymbolArray:
    digest = blake2s(_MASK_LABEL, digest_size=12).digest()
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
    return bits[: _TRACKS * _SYMBOLS * SYMBOL_BITS].reshape(_TRACKS, -1)


_MASK = _mask()


def ring_cells(codeword: SymbolArray) -> NDArray[np.bool_]:
    """The cells of a codeword, (32,) uint8: (2, 48) bool, a tooth where True."""
    symbols = PRODUCT[codeword[_POSITIONS], _FACTORS]
    bits = (symbols[:, None] & _BIT_VALUES > 0).astype(np.uint8).reshape(_TRACKS, -1)
    return np.concatenate([_MARK_CELLS, bits ^ _MASK], axis=1).astype(np.bool_)


def ring_symbols(cells: CellReadings) -> tuple[int | None, ...]:
    """The 18 symbols of the ring, codeword positions 8 to 25: from (2, 48) int8 readings of 1, 0 and -1 for lost.

    A symbol with a lost cell is lost. Mark cells are not looked at. Raises ValueError on another shape or other values.
    """
    if cells.shape != (_TRACKS, PROFILE_A.sectors):
        raise ValueError(f"cells have the shape {cells.shape}; the ring's is {(_TRACKS, PROFILE_A.sectors)}")
    if not np.isin(cells, (0, 1, LOST)).all():
        raise ValueError("cells are 1 for a tooth, 0 for a gap and -1 for lost; other values were given")
    data = cells[:, _MARKS:].reshape(-1, SYMBOL_BITS)
    lost = (data == LOST).any(axis=1)
    bits = np.where(lost[:, None], 0, data) ^ _MASK.reshape(-1, SYMBOL_BITS)
    symbols = PRODUCT[bits @ _BIT_VALUES, INVERSE[_FACTORS]]
    return tuple(None if gone else int(symbol) for gone, symbol in zip(lost, symbols, strict=True))
