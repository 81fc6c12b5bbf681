"""The ring: symbols of the codeword as sectors on one or two tracks, the inner track first.

Each track begins with its mark cells; its symbols follow, five cells each, most significant bit first, as ``written``
says.
"""

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import SYMBOL_BITS, SymbolArray
from engrave.code.profiles import PROFILE_A, Profile
from engrave.code.written import BIT_VALUES, bits_of, symbols_of, written_of

LOST = -1

CellReadings = NDArray[np.int8]
"""(tracks, sectors) int8: 1 a tooth, 0 a gap, -1 lost."""


def ring_cells(codeword: SymbolArray, profile: Profile = PROFILE_A) -> NDArray[np.bool_]:
    """The cells of a codeword, (32,) uint8: (tracks, sectors) bool, a tooth where True; (2, 48) in profile A."""
    if not profile.tracks:
        return np.zeros((0, 0), dtype=np.bool_)
    data = bits_of(written_of(codeword, profile)[_positions(profile)]).reshape(profile.tracks, -1)
    return np.concatenate([np.array(profile.mark_cells, dtype=np.bool_), data], axis=1)


def ring_symbols(cells: CellReadings, profile: Profile = PROFILE_A) -> tuple[int | None, ...]:
    """The symbols of the ring from (tracks, sectors) int8 readings of 1, 0 and -1 for lost; 18 in profile A.

    A symbol with a lost cell is lost. Mark cells are not looked at. Raises ValueError on another shape or other values.
    """
    if cells.shape != (profile.tracks, profile.sectors):
        raise ValueError(f"cells have the shape {cells.shape}; the ring's is {(profile.tracks, profile.sectors)}")
    if not np.isin(cells, (0, 1, LOST)).all():
        raise ValueError("cells are 1 for a tooth, 0 for a gap and -1 for lost; other values were given")
    if not profile.tracks:
        return ()
    data = cells[:, len(profile.mark_cells[0]) :].reshape(-1, SYMBOL_BITS)
    lost = (data == LOST).any(axis=1)
    written = np.zeros(profile.carried, dtype=np.uint8)
    written[_positions(profile)] = np.where(lost[:, None], 0, data) @ BIT_VALUES
    symbols = symbols_of(written, profile)[_positions(profile)]
    return tuple(None if gone else int(symbol) for gone, symbol in zip(lost, symbols, strict=True))


def _positions(profile: Profile) -> slice:
    return slice(profile.characters, profile.characters + profile.tracks * profile.symbols_per_track)
