"""Every mark on record weighed: the exact evidence of each, summed, and the best of them.

A symbol that is written is linear in the bits of the permuted id, but for its mask. So the permuted id is cut into
halves of 15 bits, and what each makes of the symbols is looked up: three symbols in 15 bits, four such triples in an
integer. The first two triples are the halves themselves. The evidence of a triple is looked up by its 15 bits.
"""

from dataclasses import dataclass
from functools import cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from engrave.code.codeword import codewords_of
from engrave.code.field import SIZE, SYMBOL_BITS, SymbolArray
from engrave.code.ordered import Floats, generator_rows
from engrave.code.permutation import ID_BITS
from engrave.code.profiles import Profile
from engrave.code.written import writing_of, written_of
from engrave.registry.index import IndexCodes

Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]

_HALF_BITS = ID_BITS // 2
_HALF = (1 << _HALF_BITS) - 1
_TRIPLE = 3
_TRIPLES_A_NUMBER = 4
_HALVES = 2
# Small enough for the second cache of a core, with the tables; measured flat from 8,192 to 65,536.
_MARKS_AT_A_TIME = 16_384
# A sum of float32 of one sign is wrong by less than this share of it: 40 roundings of 2^-24 each.
_ROUNDING = 2.5e-6
_CROWD = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighed:
    """The best (mark, way) pairs and the sum of all.

    ``codes`` (k,) permuted ids and ``ways`` (k,) the rows of the evidence they were weighed by. ``evidence`` (k,) in
    natural logarithms, exact and falling; where alike, the lesser code stands first, then the earlier way. ``total`` :
    the sum of exp(evidence) over all marks and ways.
    """

    codes: Codes
    ways: NDArray[np.intp]
    evidence: Doubles
    total: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tables:
    """For one way: the most evidence there can be, and by how much less every value of a triple gives."""

    most: float
    triples: dict[int, Floats]


def exact_evidence(words: SymbolArray, evidence: Floats, marks: Doubles, ways: NDArray[np.intp]) -> Doubles:
    """(m,) the evidence of one word each, (m, carried) as written, by the rows ``ways`` (m,) of the evidence."""
    places = np.arange(words.shape[1])
    symbols = evidence[ways[:, None], places, words]
    exact: Doubles = symbols.sum(axis=1, dtype=np.float64) + marks[ways]
    return exact


def rank(codes: IndexCodes, evidence: Floats, marks: Doubles, profile: Profile, *, most: int) -> Weighed:
    """Weigh all marks on record in all ways: the ``most`` best pairs, and the sum.

    ``codes`` : (n,) uint32 ascending permuted ids. ``evidence`` : (ways, carried, 32) of written symbols and ``marks``
    : (ways,) of mark cells, as ``engrave.code.evidence.symbol_evidence`` gives them. The order is exact. The sum is
    right to one part in 10^5 where the best mark is near to what was read, in 10^3 where none is. Memory beside the
    codes does not grow with their number.
    """
    tables = [_tables(way, mark) for way, mark in zip(evidence, marks.tolist(), strict=True)]
    live = sorted({triple for table in tables for triple in table.triples})
    best = _none()
    total = 0.0
    for start in range(0, len(codes), _MARKS_AT_A_TIME):
        chunk = codes[start : start + _MARKS_AT_A_TIME].astype(np.int64)
        values = _values(chunk, live, profile)
        for way, table in enumerate(tables):
            behind = _behind(table, values, len(chunk))
            lead = _lead(behind, best, table, most)
            best = _merged(best, _exact(chunk[lead], way, evidence, marks, profile), most)
            total += exp(table.most) * float(np.exp(behind, out=behind).sum(dtype=np.float64))
    return Weighed(
        codes=best.codes,
        ways=best.ways,
        evidence=best.evidence,
        total=max(total, float(np.exp(best.evidence).sum())),
    )


def _tables(evidence: Floats, marks: float) -> _Tables:
    """Only triples of which something was seen have a table."""
    carried = len(evidence)
    padded = np.zeros((-(-carried // _TRIPLE) * _TRIPLE, SIZE))
    padded[:carried] = evidence
    most = padded.max(axis=1)
    padded -= most[:, None]
    triples = {}
    for triple, (first, second, third) in enumerate(padded.reshape(-1, _TRIPLE, SIZE)):
        if first.any() or second.any() or third.any():
            table = first[:, None, None] + second[:, None] + third
            triples[triple] = table.reshape(-1).astype(np.float32)
    return _Tables(most=float(most.sum()) + marks, triples=triples)


@cache
def _halves(profile: Profile) -> tuple[Codes, Codes]:
    """What the upper and the lower half of a permuted id make of the triples after the first two.

    (numbers, 32768) each, to be combined by exclusive or, four triples in a number, the first in its lowest bits.
    """
    rows = generator_rows(profile)[:, : profile.carried].astype(np.int64)
    upper, lower = (_doubled(_packed(part)) for part in (rows[:_HALF_BITS], rows[_HALF_BITS:]))
    upper ^= _packed(writing_of(profile).masks[None].astype(np.int64)).T
    return upper, lower


def _packed(symbols: Codes) -> Codes:
    """Words, (n, carried), without their first six symbols, as numbers: (n, numbers)."""
    beyond = symbols[:, _HALVES * _TRIPLE :]
    width = _TRIPLE * _TRIPLES_A_NUMBER
    padded = np.zeros((len(symbols), -(-beyond.shape[1] // width), _TRIPLES_A_NUMBER, _TRIPLE), dtype=np.int64)
    padded.reshape(len(symbols), -1)[:, : beyond.shape[1]] = beyond
    within = SYMBOL_BITS * np.arange(_TRIPLE)[::-1]
    packed: Codes = (padded << (_HALF_BITS * np.arange(_TRIPLES_A_NUMBER)[:, None] + within)).sum(axis=(2, 3))
    return packed


def _doubled(rows: Codes) -> Codes:
    """All sums of the rows, (15, numbers), the first row the most significant: (numbers, 32768)."""
    sums = np.zeros((1, rows.shape[1]), dtype=np.int64)
    for row in rows[::-1]:
        sums = np.concatenate([sums, sums ^ row])
    return np.ascontiguousarray(sums.T)


def _values(chunk: Codes, live: list[int], profile: Profile) -> dict[int, Codes]:
    """The values of the triples that are asked for: (m,) each, 0 to 32767."""
    halves = (chunk >> _HALF_BITS, chunk & _HALF)
    tables = _halves(profile)
    numbers: dict[int, Codes] = {}
    values: dict[int, Codes] = {}
    for triple in live:
        if triple < _HALVES:
            values[triple] = halves[triple]
            continue
        number, place = divmod(triple - _HALVES, _TRIPLES_A_NUMBER)
        if number not in numbers:
            upper, lower = (table[number].take(half, mode="clip") for table, half in zip(tables, halves, strict=True))
            numbers[number] = np.bitwise_xor(upper, lower, out=upper)
        values[triple] = (numbers[number] >> (_HALF_BITS * place)) & _HALF
    return values


def _behind(table: _Tables, values: dict[int, Codes], count: int) -> Floats:
    """(count,) by how much the evidence of each mark is less than the most there can be; never above 0."""
    behind = np.zeros(count, dtype=np.float32)
    for triple, lookup in table.triples.items():
        behind += lookup.take(values[triple], mode="clip")
    return behind


def _lead(behind: Floats, best: Weighed, table: _Tables, most: int) -> NDArray[np.intp]:
    """Those that may be among the best, all that rounding might have put behind included."""
    enough = len(best.codes) == most
    lead = np.flatnonzero(behind >= _less(float(best.evidence[-1]) - table.most)) if enough else np.arange(len(behind))
    if len(lead) > _CROWD * most:
        least = np.partition(behind[lead], len(lead) - most)[len(lead) - most]
        lead = lead[behind[lead] >= _less(float(least))]
    return lead


def _less(behind: float) -> float:
    return behind - 2 * _ROUNDING * (1 + abs(behind))


def _exact(chunk: Codes, way: int, evidence: Floats, marks: Doubles, profile: Profile) -> Weighed:
    ways = np.full(len(chunk), way)
    words = written_of(codewords_of(chunk), profile)
    return Weighed(codes=chunk, ways=ways, evidence=exact_evidence(words, evidence, marks, ways), total=0.0)


def _none() -> Weighed:
    return Weighed(codes=np.zeros(0, dtype=np.int64), ways=np.zeros(0, dtype=np.intp), evidence=np.zeros(0), total=0.0)


def _merged(best: Weighed, more: Weighed, most: int) -> Weighed:
    if not len(more.codes):
        return best
    codes = np.concatenate([best.codes, more.codes])
    ways = np.concatenate([best.ways, more.ways])
    evidence = np.concatenate([best.evidence, more.evidence])
    first = np.lexsort((ways, codes, -evidence))[:most]
    return Weighed(codes=codes[first], ways=ways[first], evidence=evidence[first], total=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """Marks that were looked at, and what they all weigh.

    ``codes`` (k,) permuted ids in falling order of ``weights`` (k,), the likelihood of each over that of noise, summed
    over the ways; ``ways`` (k,) the likeliest way of each and ``evidence`` (k,) its logarithm in that way. ``total`` :
    the weights of all that were looked at; ``greatest`` : that of one mark in one way; ``unlooked`` : a bound of the
    weights of all others. The rest as in ``engrave.registry.ranking.Ranked``.
    """

    codes: Codes
    ways: NDArray[np.intp]
    evidence: Doubles
    weights: Doubles
    total: float
    greatest: float
    unlooked: float = 0.0
    fitting: int | None = None
    symbols: tuple[int, ...] = ()
    misread: int = 0

    def every(self, equally: int, *, ours: float, all_others: bool = True) -> float:
        """The denominator of clause 11 of ``docs/code-spec.md``, where T + R is 1 + B, or T where that is more.

        ``equally`` : the marks on record times the ways. ``all_others`` : with the bound of all others in T.
        """
        total = self.total + self.unlooked * all_others
        return ours * max(total / equally, 1.0 + self.greatest / equally) + 1.0 - ours

    def share_unlooked(self, equally: int, *, ours: float) -> float:
        """The most that the marks not looked at can have of the probability."""
        return ours * self.unlooked / equally / self.every(equally, ours=ours)
