"""The marks on record that the known symbols of a reading fit, found by the code's algebra.

Six known symbols determine a codeword, so that few codes have to be looked up. With some known symbols taken for
misread the rest still determines it, or the missing ones are tried: so the near misses are found too, as many as are
needed before what all other marks can weigh together is bounded.
"""

from collections.abc import Mapping
from functools import cache
from itertools import combinations
from math import comb, exp, prod

import numpy as np
from numpy.typing import NDArray

from engrave.code.codeword import codewords_of
from engrave.code.decode import Options
from engrave.code.field import PRODUCT, SIZE, SYMBOL_BITS, SymbolArray
from engrave.code.judging import LEAST_POSTERIOR
from engrave.code.ordered import Floats
from engrave.code.profiles import Profile
from engrave.code.reedsolomon import DIMENSION, fill
from engrave.code.written import writing_of, written_of
from engrave.registry.index import IndexCodes, without_repeats
from engrave.registry.scan import Codes, Doubles, Looked, exact_evidence

Known = Mapping[int, tuple[int, ...]]
# A few dozen numbers are handled faster without numpy.
Likelihoods = list[list[float]]

# So many codewords are tried at most, 32^3: with more it takes as long as to weigh a million marks.
_MOST_WORDS = SIZE**3
# What the marks that were not looked at can have of the probability, at most, for the answer to be given.
_MOST_UNLOOKED = 0.01
_ANYTHING = tuple(range(SIZE))
_PLACES = SYMBOL_BITS * np.arange(DIMENSION, dtype=np.uint32)[::-1]


def known_symbols(options: Options, profile: Profile) -> Known:
    """The positions of which something is known, and the symbols each may be, ascending.

    Raises ValueError where there is not an entry for each carried position, or a symbol is none of 0 to 31.
    """
    if len(options) != profile.carried:
        raise ValueError(f"a reading has {profile.carried} symbols in profile {profile.name}, not {len(options)}")
    if any(not 0 <= choice < SIZE for choices in options for choice in choices):
        raise ValueError("a symbol of the reading is not one of 0 to 31")
    choices = ((position, tuple(sorted(set(given)))) for position, given in enumerate(options))
    return {position: symbols for position, symbols in choices if 0 < len(symbols) < SIZE}


def fitting(codes: IndexCodes, options: Options, profile: Profile) -> IndexCodes | None:
    """The marks on record, ascending, that every known symbol of a reading fits.

    ``codes`` : (n,) uint32 ascending permuted ids; ``options`` : the symbols that each carried position may be, none
    where it is lost, as ``engrave.code.decode`` has them. With fewer than six known symbols, those that are missing are
    tried. None where that would be more than 32^3 codewords: then the marks are to be ranked. Raises ValueError on
    another shape or other symbols.
    """
    known = known_symbols(options, profile)
    if _word_count(known, misread=0) > _MOST_WORDS:
        return None
    return _on_record(codes, _determined(known, profile, misread=0))


def by_algebra(
    codes: IndexCodes, known: Known, evidence: Floats, marks: float, profile: Profile, *, ours: float
) -> Looked | None:
    """The marks on record that every known symbol fits, and the near misses that may weigh anything.

    ``known`` : as of ``known_symbols``; ``evidence`` : (carried, 32) of written symbols, ``marks`` that of the mark
    cells; ``ours`` : the probability that the reading is of a mark of this code at all. None where no mark fits, where
    it would take too many codewords, and where the marks not looked at could have more than a hundredth of the
    probability, or could decide whether one is identified: then all are to be weighed.
    """
    likelihoods = _by_symbol(evidence, profile)
    contradicted = _contradicted(known, likelihoods, marks)
    best = exp(marks) * prod(
        max(likelihoods[position][choice] for choice in choices) for position, choices in known.items()
    )
    misread = _enough_misread(known, contradicted, best=best, on_record=len(codes), ours=ours)
    if misread is None:
        return None
    found = _on_record(codes, _determined(known, profile, misread=misread)).astype(np.int64)
    words = codewords_of(found)
    fits = _allowed(known, profile)[np.arange(profile.carried), words[:, : profile.carried]].all(axis=1)
    if not fits.any():
        return None
    first = np.zeros(len(found), dtype=np.intp)
    exact = exact_evidence(written_of(words, profile), evidence[None], np.array([marks]), first)
    order = np.argsort(-exact, kind="stable")
    weights = np.exp(exact[order])
    looked = Looked(
        codes=found[order],
        ways=first,
        evidence=exact[order],
        weights=weights,
        total=float(weights.sum()),
        greatest=float(weights[0]),
        unlooked=_unlooked(known, contradicted, misread=misread),
        fitting=int(fits.sum()),
        symbols=tuple(known),
        misread=misread,
    )
    return looked if _settled(looked, on_record=len(codes), ours=ours) else None


def _settled(looked: Looked, *, on_record: int, ours: float) -> bool:
    """Whether the marks not looked at change neither posteriors by much nor whether the best is identified."""
    least, most = (
        ours * looked.greatest / on_record / every
        for every in (
            looked.every(on_record, ours=ours),
            looked.every(on_record, ours=ours, all_others=False),
        )
    )
    same = (least >= LEAST_POSTERIOR) == (most >= LEAST_POSTERIOR)
    return same and looked.share_unlooked(on_record, ours=ours) <= _MOST_UNLOOKED


def _enough_misread(known: Known, contradicted: Doubles, *, best: float, on_record: int, ours: float) -> int | None:
    """How many known symbols to take for misread; None where too many codewords are to be tried.

    ``best`` : the likelihood, over that of noise, that a mark has which all known symbols fit.
    """
    for misread in range(len(known)):
        if _word_count(known, misread=misread) > _MOST_WORDS:
            return None
        others = _unlooked(known, contradicted, misread=misread)
        if ours * others <= _MOST_UNLOOKED * (ours * (best + others) + (1 - ours) * on_record):
            return misread
    return None


def _word_count(known: Known, *, misread: int) -> int:
    """How many codewords are to be tried, at most."""
    missing = max(0, DIMENSION - len(known) + misread)
    return comb(len(known), misread) * prod(map(len, known.values())) * (1 << SYMBOL_BITS * missing)


def _determined(known: Known, profile: Profile, *, misread: int) -> IndexCodes:
    """The codes of all codewords that the known symbols fit, but for so many of them; some may come twice."""
    # Without the ring, or with the ring lost, there is less to fill.
    inside = all(position < profile.characters for position in known)
    width = profile.characters if inside else profile.carried
    lost = [position for position in range(width) if position not in known]
    words, masks = [], []
    for taken in combinations(known, misread):
        given = {position: choices for position, choices in known.items() if position not in taken}
        for position in (*taken, *lost)[: max(0, DIMENSION - len(given))]:
            given[position] = _ANYTHING
        words.append(_combined(given, width))
        masks.append([position in given for position in range(width)])
    mask = np.repeat(np.array(masks), [len(part) for part in words], axis=0)
    filled = fill(np.concatenate(words), mask)
    message = filled.codewords[filled.consistent, :DIMENSION].astype(np.uint32)
    codes: IndexCodes = (message << _PLACES).sum(axis=1, dtype=np.uint32)
    return codes


def _combined(given: Known, width: int) -> SymbolArray:
    """Every combination of the symbols given: (n, width), 0 where none is."""
    count = prod(map(len, given.values()))
    words = np.zeros((count, width), dtype=np.uint8)
    words[:] = [given[position][0] if position in given else 0 for position in range(width)]
    apart = 1
    for position, choices in given.items():
        if len(choices) > 1:
            # All that stand before this place turn once through their combinations for each of its choices.
            words[:, position] = np.tile(
                np.repeat(np.array(choices, dtype=np.uint8), apart), count // apart // len(choices)
            )
            apart *= len(choices)
    return words


def _on_record(codes: IndexCodes, wanted: IndexCodes) -> IndexCodes:
    """Those of the wanted codes that are on record, ascending, none twice."""
    if not len(codes) or not len(wanted):
        return wanted[:0]
    # In order they are found several times as fast; and in another type numpy would copy the record.
    ascending = np.sort(wanted)
    places = np.searchsorted(codes, ascending)
    return without_repeats(ascending[codes.take(places, mode="clip") == ascending])


def _allowed(known: Known, profile: Profile) -> NDArray[np.bool_]:
    """(carried, 32) which symbols each position may be."""
    allowed = np.ones((profile.carried, SIZE), dtype=np.bool_)
    for position, choices in known.items():
        allowed[position] = False
        allowed[position, list(choices)] = True
    return allowed


@cache
def _written_values(profile: Profile) -> Codes:
    """(carried, 32) what is written for each symbol."""
    writing = writing_of(profile)
    every = np.arange(SIZE)
    written: Codes = (PRODUCT[writing.factors[:, None], every] ^ writing.masks[:, None]).astype(np.int64)
    return written


def _by_symbol(evidence: Floats, profile: Profile) -> Likelihoods:
    """The likelihoods, over those of noise, of the symbols of the codeword: 32 for each position carried."""
    by_symbol = np.take_along_axis(evidence, _written_values(profile), axis=1)
    likelihoods: Likelihoods = np.exp(by_symbol, dtype=np.float64).tolist()
    return likelihoods


def _contradicted(known: Known, likelihoods: Likelihoods, marks: float) -> Doubles:
    """Bounds of the likelihoods, over those of noise, of the codewords that j known symbols contradict: [j], summed.

    The likelihoods of the agreeing symbols, each summed over its choices, times the greatest of each contradicting one,
    summed over all sets of j, are the coefficients of a product of linear terms. If six symbols agree they determine
    the codeword; if fewer, every further symbol up to six may be any of 32.
    """
    coefficients = [1.0]
    for position, choices in known.items():
        row = likelihoods[position]
        agreeing = sum(row[choice] for choice in choices)
        contradicting = max(value for symbol, value in enumerate(row) if symbol not in choices)
        pairs = zip([*coefficients, 0.0], [0.0, *coefficients], strict=True)
        coefficients = [agreeing * same + contradicting * fewer for same, fewer in pairs]
    freely = float(SIZE) ** np.maximum(0, DIMENSION - len(known) + np.arange(len(known) + 1))
    beyond = exp(marks) * prod(max(row) for position, row in enumerate(likelihoods) if position not in known)
    bounds: Doubles = beyond * freely * coefficients
    return bounds


def _unlooked(known: Known, contradicted: Doubles, *, misread: int) -> float:
    """The bound of all codewords that more than so many known symbols contradict, if another fits all of them.

    Every other agrees with that one in five symbols at most. So it is contradicted by all known symbols but five, and
    those that are doubtful, or by more.
    """
    doubtful = sum(len(choices) > 1 for choices in known.values())
    least = max(misread + 1, len(known) - (DIMENSION - 1) - doubtful)
    return float(contradicted[least:].sum())
