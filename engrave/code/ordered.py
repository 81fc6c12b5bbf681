"""Ordered-statistics decoding: the codewords nearest to soft bits, many readings at once.

The code is linear over GF(2) too, 30 information bits in all that a mark carries. The 30 most reliable independent bits
determine a codeword; it and all that differ from it in one or two of the 30 are candidates (order 2). Source: M.
Fossorier and S. Lin, IEEE Trans. Inf. Theory 41 (1995) 1379. Where bits are about equally reliable that order says
little, so that it is shuffled and the search repeated: W. Jin and M. Fossorier, IEEE Trans. Inf. Theory 53 (2007) 105.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import SIZE, SYMBOL_BITS, SymbolArray
from engrave.code.permutation import ID_BITS
from engrave.code.profiles import Profile
from engrave.code.reedsolomon import DIMENSION, encode
from engrave.code.written import BIT_VALUES, bits_of, writing_of, written_of

Floats = NDArray[np.float32]
Rows = NDArray[np.uint64]
Indices = NDArray[np.intp]

_WORD_BYTES = 32
_BITS_OF_VALUES = bits_of(np.arange(SIZE, dtype=np.uint8)).astype(np.float32)
_SIGNS = 1 - 2 * _BITS_OF_VALUES
# Flipping none, one or two of the basis: pairs of 31 rows, the first of which flips nothing.
_FIRST, _SECOND = (np.concatenate([np.zeros(1, dtype=np.intp), pair]) for pair in np.triu_indices(ID_BITS + 1, k=1))
_KEPT = 48
_SHUFFLE_SEED = 5
_LEAST_SHARE = 0.4


@cache
def generator_rows(profile: Profile) -> SymbolArray:
    """The GF(2) image: (30, 32) uint8, what each bit of the message changes in the symbols as they are written.

    Row k belongs to the k-th most significant bit of the permuted id. Places beyond the carried symbols are zero.
    """
    messages = np.zeros((ID_BITS, DIMENSION), dtype=np.uint8)
    bits = np.arange(ID_BITS)
    messages[bits, bits // SYMBOL_BITS] = BIT_VALUES[bits % SYMBOL_BITS]
    rows = np.zeros((ID_BITS, _WORD_BYTES), dtype=np.uint8)
    rows[:, : profile.carried] = written_of(encode(messages), profile) ^ writing_of(profile).masks
    rows.flags.writeable = False
    return rows


@cache
def _shuffles(profile: Profile, bases: int) -> Floats:
    """(bases, bits) factors for the reliabilities: ones first, then fixed pseudo-random ones."""
    generator = np.random.default_rng(_SHUFFLE_SEED)
    factors = generator.uniform(_LEAST_SHARE, 1.0, (bases, profile.carried * SYMBOL_BITS)).astype(np.float32)
    factors[0] = 1
    return factors


def bit_ratios(evidence: Floats) -> Floats:
    """Log-likelihood ratios of bits, positive where 1: (n, carried, 32) of symbols to (n, carried, 5)."""
    likelihoods = np.exp(evidence)
    ratios: Floats = np.log(likelihoods @ _BITS_OF_VALUES) - np.log(likelihoods @ (1 - _BITS_OF_VALUES))
    return ratios


def candidates(evidence: Floats, profile: Profile, *, bases: int) -> SymbolArray:
    """The likeliest codewords by their bits, as written: (n, bases * 48, carried) uint8, some of them repeated.

    ``evidence`` : (n, carried, 32) float32, finite log-likelihoods of the written symbols.
    """
    count = len(evidence)
    ratios = bit_ratios(evidence).reshape(count, -1)
    repeated = np.repeat(ratios, bases, axis=0)
    reliability = np.abs(repeated) * np.tile(_shuffles(profile, bases), (count, 1))
    rows, pivots = _systematic(np.argsort(-reliability, axis=1), profile)
    base = _nearest(rows, pivots, repeated, profile)
    scores = _sums(rows, base, repeated, profile)[:, _FIRST, _SECOND]
    best = np.argpartition(-scores, _KEPT, axis=1)[:, :_KEPT]
    words = base[:, None] ^ _flips(rows, best)
    return _symbols(words, profile).reshape(count, bases * _KEPT, profile.carried)


def best_evidence(evidence: Floats, profile: Profile, *, basis: int) -> Floats:
    """(n,) the evidence, bit by bit, for the likeliest codeword that one of the bases finds."""
    ratios = bit_ratios(evidence).reshape(len(evidence), -1)
    reliability = np.abs(ratios) * _shuffles(profile, basis + 1)[basis]
    rows, pivots = _systematic(np.argsort(-reliability, axis=1), profile)
    sums = _sums(rows, _nearest(rows, pivots, ratios, profile), ratios, profile)
    # A bit's evidence is ln 2 - ln(1 + exp(-r)) where it agrees with the ratio r: half of r, and a part even in r.
    even = np.log(np.float32(2)) - np.logaddexp(0, -np.abs(ratios)) - np.abs(ratios) / 2
    best: Floats = sums.max(axis=(1, 2)) + even.sum(axis=1)
    return best


def _systematic(order: Indices, profile: Profile) -> tuple[Rows, Indices]:
    """Gauss-Jordan elimination towards the first 30 independent bits of each order, (n, bits).

    (n, 30, 4) rows, each the only one with its own bit set, and (n, 30) which bit that is.
    """
    count = len(order)
    rows = np.repeat(generator_rows(profile).view(np.uint64)[None], count, axis=0)
    symbols = rows.view(np.uint8)
    each = np.arange(count)
    free = np.ones((count, ID_BITS), dtype=np.bool_)
    pivots = np.zeros((count, ID_BITS), dtype=np.intp)
    for place in range(order.shape[1]):
        bit = order[:, place]
        values = BIT_VALUES[bit % SYMBOL_BITS]
        set_bits = (symbols[each, :, bit // SYMBOL_BITS] & values[:, None]) > 0
        eligible = set_bits & free
        chosen = eligible.argmax(axis=1)
        found = eligible[each, chosen]
        set_bits[each, chosen] = False
        set_bits &= found[:, None]
        rows ^= set_bits[:, :, None] * rows[each, chosen][:, None, :]
        pivots[each[found], chosen[found]] = bit[found]
        free[each[found], chosen[found]] = False
        if place >= ID_BITS - 1 and not free.any():
            break
    return rows, pivots


def _nearest(rows: Rows, pivots: Indices, ratios: Floats, profile: Profile) -> Rows:
    """(n, 4) the codeword through the hard decisions at the pivots."""
    masks = np.zeros(_WORD_BYTES, dtype=np.uint8)
    masks[: profile.carried] = writing_of(profile).masks
    masked = bits_of(masks[: profile.carried]).reshape(-1)
    decided = np.take_along_axis(ratios, pivots, axis=1) > 0
    flipped = (decided ^ masked[pivots])[:, :, None] * rows
    nearest: Rows = np.bitwise_xor.reduce(flipped, axis=1) ^ masks.view(np.uint64)
    return nearest


def _sums(rows: Rows, base: Rows, ratios: Floats, profile: Profile) -> Floats:
    """(n, 31, 31) half the sums of ratios with the signs of the codewords, for all pairs of flips.

    Flip 0 changes nothing, and on the diagonal two flips undo each other.
    """
    count = len(rows)
    by_symbol = ratios.reshape(count, profile.carried, SYMBOL_BITS)
    # Symbols that are lost in all readings add nothing.
    live = by_symbol.any(axis=(0, 2))
    signs = np.empty((count, ID_BITS + 1, int(live.sum()) * SYMBOL_BITS), dtype=np.float32)
    signs[:, 0] = 1
    signs[:, 1:] = _SIGNS[_symbols(rows, profile)[:, :, live]].reshape(count, ID_BITS, -1)
    agreement = (-0.5 * _SIGNS[_symbols(base, profile)[:, live]] * by_symbol[:, live]).reshape(count, 1, -1)
    sums: Floats = (signs * agreement) @ signs.transpose(0, 2, 1)
    return sums


def _flips(rows: Rows, chosen: Indices) -> Rows:
    """What the chosen flips, (n, k), change in the words: (n, k, 4)."""
    with_none = np.concatenate([np.zeros_like(rows[:, :1]), rows], axis=1)
    each = np.arange(len(rows))[:, None]
    flips: Rows = with_none[each, _FIRST[chosen]] ^ with_none[each, _SECOND[chosen]]
    return flips


def _symbols(words: Rows, profile: Profile) -> SymbolArray:
    """Packed words, (..., 4), as their carried symbols, (..., carried)."""
    return np.ascontiguousarray(words).view(np.uint8)[..., : profile.carried]
