"""The public permutation of the 30-bit ids: neighbouring ids get codes that look nothing alike. It hides nothing.

An eight-round Feistel network on two halves of 15 bits (Luby and Rackoff, SIAM J. Comput. 17(2), 1988), the round
function being BLAKE2s (RFC 7693).
"""

from functools import cache
from hashlib import blake2s

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

ID_BITS = 30
ID_COUNT = 1 << ID_BITS

_HALF_BITS = ID_BITS // 2
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 8
_PERSONALISATION = b"pinmarkA"


def _round(number: int, half: int) -> int:
    digest = blake2s(bytes([number]) + half.to_bytes(2, "big"), digest_size=2, person=_PERSONALISATION).digest()
    return int.from_bytes(digest, "big") & _HALF_MASK


def _require_id(value: int) -> None:
    if not 0 <= value < ID_COUNT:
        raise ValueError(f"{value} is no id; ids are 0 to {ID_COUNT - 1}")


def permute(identifier: int) -> int:
    """The permuted id, 0 to 2^30 - 1. Raises ValueError outside that."""
    _require_id(identifier)
    left, right = identifier >> _HALF_BITS, identifier & _HALF_MASK
    for number in range(_ROUNDS):
        left, right = right, left ^ _round(number, right)
    return left << _HALF_BITS | right


def unpermute(permuted: int) -> int:
    """The id that ``permute`` turns into this. Raises ValueError outside 0 to 2^30 - 1."""
    _require_id(permuted)
    left, right = permuted >> _HALF_BITS, permuted & _HALF_MASK
    for number in reversed(range(_ROUNDS)):
        left, right = right ^ _round(number, left), left
    return left << _HALF_BITS | right


def permute_all(identifiers: Ids) -> Ids:
    """The permuted ids of many: (n,) int64. Raises ValueError where one is none."""
    left, right = _halves(identifiers)
    for number in range(_ROUNDS):
        left, right = right, left ^ _rounds()[number, right]
    return left << _HALF_BITS | right


def _halves(values: Ids) -> tuple[Ids, Ids]:
    if values.size:
        _require_id(int(values.min()))
        _require_id(int(values.max()))
    return values >> _HALF_BITS, values & _HALF_MASK


@cache
def _rounds() -> Ids:
    """Every round's answer to every half, (8, 32768): a third of a second to make, then a look-up."""
    return np.array([[_round(number, half) for half in range(1 << _HALF_BITS)] for number in range(_ROUNDS)])
