"""Profile G's ring of twelve geometric shapes: one symbol each, eight shapes in four orientations.

A shape's value is 4 times its number plus its quarter turns clockwise. In text it is a letter from ``a`` to ``h`` and a
digit from 0 to 3: ``c2`` is shape 2, turned by half.
"""

from collections.abc import Sequence

import numpy as np

from engrave.code.field import SymbolArray
from engrave.code.profiles import PROFILE_G, Profile
from engrave.code.written import symbols_of, written_of

SHAPES = "abcdefgh"
ORIENTATIONS = "0123"
SHAPE_NAMES = tuple(shape + quarter_turns for shape in SHAPES for quarter_turns in ORIENTATIONS)
"""(32,) the name of each value."""


def ring_shapes(codeword: SymbolArray, profile: Profile = PROFILE_G) -> tuple[str, ...]:
    """The shapes of a codeword, (32,) uint8, clockwise from twelve o'clock; none in a profile that has none."""
    values = written_of(codeword, profile)[_positions(profile)]
    return tuple(SHAPE_NAMES[value] for value in values)


def shape_symbols(values: Sequence[Sequence[int]], profile: Profile = PROFILE_G) -> tuple[tuple[int, ...], ...]:
    """The symbols that each shape may be, from the values it may have.

    Raises ValueError on another number of shapes.
    """
    if len(values) != profile.shapes:
        raise ValueError(f"{len(values)} shapes; the profile has {profile.shapes}")
    written = np.zeros((len(SHAPE_NAMES), profile.carried), dtype=np.uint8)
    written[:] = np.arange(len(SHAPE_NAMES), dtype=np.uint8)[:, None]
    symbols = symbols_of(written, profile)[:, _positions(profile)]
    return tuple(tuple(int(symbols[value, place]) for value in allowed) for place, allowed in enumerate(values))


def _positions(profile: Profile) -> slice:
    return slice(profile.carried - profile.shapes, profile.carried)
