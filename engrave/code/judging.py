"""What candidates are worth: posteriors, check bits, and the rule by which a pin is identified.

Prior model. A reading is of one of our marks with the probability ``ours``; then every id, or every registered id, is
as probable as any other, and so is every way the mark may lie. Otherwise it is foreign or noise: every pattern as
probable as any other. All codewords that the search did not list are together given the weight that chance would give
them, that of the noise model, less what the listed ones beside the best have of it already.
"""

from dataclasses import dataclass
from functools import cache
from math import lgamma, log, log2

import numpy as np
from numpy.typing import NDArray

from engrave.code.field import SYMBOL_BITS, SymbolArray
from engrave.code.ordered import Floats, bit_ratios, candidates
from engrave.code.permutation import ID_BITS, ID_COUNT
from engrave.code.profiles import Profile
from engrave.code.reedsolomon import DIMENSION
from engrave.code.written import bits_of, written_of

Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]
Bits = NDArray[np.bool_]

LEAST_POSTERIOR = 0.9999
LEAST_CHECK_BITS = 10
LEAST_SINGLE_BITS = 20
BASES = 8
# A bit counts as read where one value is three times as likely as the other.
_READ = log(3)
# Ten to one: so much less likely than noise a carrier, or than another symbol a symbol, and the candidate overrules it.
_OVERRULED = log(10)
_MOST_CONTRADICTED = 1 / 8
# Of two marks on each other a character shows the one, the other, or both: alone each is seen in one of three.
_ALONE_BITS = log2(3)
_WHOLE = ("characters", "shapes")
_PLACES = SYMBOL_BITS * np.arange(DIMENSION)[::-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """What is taken for granted before a reading.

    ``ours`` : the probability that a reading is of a mark of this code at all; 0.01 is a prior of our own choice, with
    which a random pattern passes at most once in a million. ``registered`` : (n,) int64, the permuted ids of all marks
    on record, ascending, or None where every id may be.
    """

    ours: float = 0.01
    registered: Codes | None = None

    def __post_init__(self) -> None:
        """Refuse what is no probability and no ascending list. Raises ValueError."""
        if not 0 < self.ours < 1:
            raise ValueError(f"ours is {self.ours}; give a probability above 0 and below 1")
        known = self.registered
        if known is not None and (known.ndim != 1 or not len(known) or not (np.diff(known) > 0).all()):
            raise ValueError("registered must be a list of permuted ids, one at least, ascending, none twice")

    @property
    def registry_bits(self) -> float:
        """By how many bits the register narrows the ids: log2 of 2^30 over their number."""
        return 0.0 if self.registered is None else log2(ID_COUNT / len(self.registered))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listed:
    """Candidates of n readings, k each: ``words`` (n, k, carried) as written, ``codes`` (n, k) permuted ids.

    ``evidence`` (n, k), natural logarithms; minus infinity for one that is in its row already.
    """

    words: SymbolArray
    codes: Codes
    evidence: Doubles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """The best candidate of each of n readings: arrays of n rows.

    ``codes`` are permuted ids, ``none`` the probability that the reading is of none of the listed candidates.
    """

    codes: Codes
    posteriors: Doubles
    none: Doubles
    check_bits: NDArray[np.int64]
    identified: Bits


def listed(evidence: Floats, marks: Doubles, profile: Profile, also: SymbolArray | None = None) -> Listed:
    """The candidates for (n, carried, 32) evidence, exact likelihoods beside them; ``marks`` (n,) is added to each.

    ``also`` : (m, 32) codewords that are candidates of every row, beside those that the search finds.
    """
    words = candidates(evidence, profile, bases=BASES)
    if also is not None:
        more = np.broadcast_to(written_of(also, profile), (len(words), len(also), profile.carried))
        words = np.concatenate([words, more], axis=1)
    count, kept, carried = words.shape
    rows = np.arange(count)[:, None, None]
    exact = evidence[rows, np.arange(carried), words].sum(axis=2, dtype=np.float64) + marks[:, None]
    codes: Codes = (words[:, :, :DIMENSION].astype(np.int64) << _PLACES).sum(axis=2)
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)
    repeated = np.zeros((count, kept), dtype=np.bool_)
    np.put_along_axis(repeated[:, :], order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return Listed(words=words, codes=codes, evidence=np.where(repeated, -np.inf, exact))


def posteriors(found: Listed, prior: Prior, *, ways: int) -> tuple[Doubles, Doubles]:
    """(n, k) of every candidate, and (n,) that the reading is not of our code at all."""
    weights = np.exp(found.evidence) / ways
    if prior.registered is None:
        weights /= ID_COUNT
    else:
        place = np.minimum(np.searchsorted(prior.registered, found.codes), len(prior.registered) - 1)
        weights *= (prior.registered[place] == found.codes) / len(prior.registered)
    total = weights.sum(axis=1)
    unlisted = np.maximum(0.0, 1.0 - (total - weights.max(axis=1)))
    every = prior.ours * (total + unlisted) + 1 - prior.ours
    return prior.ours * weights / every[:, None], (1 - prior.ours) / every


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One candidate each of n readings beside what was read.

    ``words`` (n, carried) uint8, as written. ``own`` (n, carried), the evidence for its symbols, ``other`` that for the
    likeliest of all others. ``read`` (n, carried, 5), which bits were read, ``wrong`` which of these contradict it.
    """

    words: SymbolArray
    own: Floats
    other: Floats
    read: Bits
    wrong: Bits


def compared(evidence: Floats, words: SymbolArray) -> Compared:
    """(n, carried, 32) evidence and one candidate each, (n, carried), as written."""
    ratios = bit_ratios(evidence)
    read: Bits = np.abs(ratios) >= _READ
    places = words[:, :, None].astype(np.intp)
    others = evidence.copy()
    np.put_along_axis(others, places, -np.inf, axis=2)
    return Compared(
        words=words,
        own=np.take_along_axis(evidence, places, axis=2)[:, :, 0],
        other=others.max(axis=2),
        read=read,
        wrong=read & ((ratios > 0) != bits_of(words)),
    )


def check_bits(seen: Compared, *, ways: int) -> NDArray[np.int64]:
    """(n,) the independent check bits of each candidate, by counting.

    Of all patterns of the n bits that were read, those that differ from one of the 2^30 codewords, in one of the ways
    tried, in no more bits than this one does are the share 2^-check_bits, rounded down; never fewer than none.
    """
    counts, errors = (part.sum(axis=(1, 2)) for part in (seen.read, seen.wrong))
    return _whole(counts - ID_BITS - _log2_ball(seen.words.shape[1] * SYMBOL_BITS)[counts, errors] - log2(ways))


def _whole(bits: Doubles) -> NDArray[np.int64]:
    """Rounded down, with a hair more, so that whole bits stay whole; never fewer than none."""
    whole: NDArray[np.int64] = np.maximum(0, np.floor(bits + 1e-9)).astype(np.int64)
    return whole


@cache
def _log2_ball(longest: int) -> Doubles:
    """[n, w]: the binary logarithm of how many patterns differ from one of n bits in w bits at most."""
    table = np.zeros((longest + 1, longest + 1))
    for length in range(longest + 1):
        chosen = np.arange(length + 1)
        terms = [lgamma(length + 1) - lgamma(w + 1) - lgamma(length - w + 1) for w in chosen.tolist()]
        table[length, : length + 1] = np.logaddexp.accumulate(terms) / log(2)
    return table


def by_carrier(seen: Compared, profile: Profile) -> Doubles:
    """(n, carriers) the evidence that each carrier gives for each candidate."""
    own = seen.own.astype(np.float64)
    return np.stack([own[:, list(positions)].sum(axis=1) for positions in profile.carriers.values()], axis=1)


def overrules(seen: Compared, profile: Profile) -> Bits:
    """(n,) whether each candidate overrules what was read.

    That is: a carrier on which it is ten times less likely than noise, a character or a shape where another is ten
    times as likely, or a track on which more than one in eight of the cells that were read contradict it.
    """
    behind = seen.other - seen.own >= _OVERRULED
    read, wrong = (part.sum(axis=2) for part in (seen.read, seen.wrong))
    found: Bits = np.logical_or.reduce(by_carrier(seen, profile) <= -_OVERRULED, axis=1)
    for name, positions in profile.carriers.items():
        places = slice(positions.start, positions.stop)
        if name in _WHOLE:
            found |= behind[:, places].any(axis=1)
        else:
            found |= wrong[:, places].sum(axis=1) > _MOST_CONTRADICTED * read[:, places].sum(axis=1)
    return found


def two_marks(seen: Compared, profile: Profile) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Signs that a second mark lies on that of each candidate, and the bits that speak against one: (n,) each.

    Damage takes teeth away; a second mark adds some, and makes characters ambiguous. A sign is a gap of the candidate
    read as a tooth, or a character or a shape that was read where another is more than a third as likely as its own.
    Two random marks on each other show no more signs than that, and nowhere the second alone, with a probability of
    2^-bits, rounded down; never fewer than none.
    """
    whole = _whole_places(profile)
    found = whole & (np.maximum(seen.own, seen.other) >= _READ)
    signs: NDArray[np.int64] = (found & (seen.other > seen.own - _READ)).sum(axis=1)
    gaps = ~whole[:, None] & ~bits_of(seen.words)
    signs += (seen.wrong & gaps).sum(axis=(1, 2))
    symbols, cells = found.sum(axis=1), (seen.read & gaps).sum(axis=(1, 2))
    ball = _log2_ball(seen.words.shape[1] * SYMBOL_BITS)[symbols + cells, signs]
    return signs, _whole(_ALONE_BITS * symbols + cells - ball)


@cache
def _whole_places(profile: Profile) -> Bits:
    """(carried,) which positions are characters or shapes."""
    return np.isin(np.arange(profile.carried), [p for name in _WHOLE for p in profile.carriers.get(name, ())])


def identified(seen: Compared, profile: Profile, prior: Prior, *, posterior: Doubles, ways: int) -> Bits:
    """(n,) the rule, for each candidate.

    Probable enough, with check bits enough, nothing overruled, and without a sign of a second mark, or with bits enough
    against one.
    """
    signs, single_bits = two_marks(seen, profile)
    alone = (signs == 0) | (single_bits >= LEAST_SINGLE_BITS)
    checked = check_bits(seen, ways=ways) + prior.registry_bits >= LEAST_CHECK_BITS
    named: Bits = (posterior >= LEAST_POSTERIOR) & checked & alone & ~overrules(seen, profile)
    return named


def judge(evidence: Floats, marks: Doubles, profile: Profile, prior: Prior) -> Verdicts:
    """Decode n readings whose direction is known, all at once: the numbers of ``decode_soft`` without its list."""
    found = listed(evidence, marks, profile)
    probable, _ = posteriors(found, prior, ways=1)
    each = np.arange(len(evidence))
    best = probable.argmax(axis=1)
    seen, probability = compared(evidence, found.words[each, best]), probable[each, best]
    return Verdicts(
        codes=found.codes[each, best],
        posteriors=probability,
        none=np.maximum(0.0, 1 - probable.sum(axis=1)),
        check_bits=check_bits(seen, ways=1),
        identified=identified(seen, profile, prior, posterior=probability, ways=1),
    )
