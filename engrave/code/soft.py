"""Soft joint decoding: everything that was seen, weighed together, and the pins that it may be of, ranked.

``decode_soft`` takes the direction of the mark as known, ``decode_blind`` tries every one. The prior model and the rule
for naming a pin stand in ``judging``. Nothing is corrected silently: what was overruled is listed.
"""

from dataclasses import dataclass
from math import log, log2

import numpy as np
from numpy.typing import NDArray

from engrave.code.alphabet import characters_of
from engrave.code.codeword import codeword_of, id_of
from engrave.code.evidence import Orientation, SoftReading, orientations, symbol_evidence
from engrave.code.field import SymbolArray
from engrave.code.judging import (
    Listed,
    Prior,
    by_carrier,
    check_bits,
    compared,
    identified,
    listed,
    posteriors,
    two_marks,
)
from engrave.code.ordered import Floats, best_evidence
from engrave.code.profiles import Profile
from engrave.code.reedsolomon import DIMENSION, LENGTH, encode
from engrave.code.written import symbols_of

MOST_REPORTED = 8
LEAST_REPORTED = 1e-6
_UPRIGHT = (Orientation(),)
# How many of the ways a mark may lie are searched in depth, after a first look at all of them.
_WAYS_IN_DEPTH = 6
_FIRST_BASES = 2
_NATS_A_BIT = log(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftCandidate:
    """One pin that a reading may be of.

    ``posterior``, by the prior model of ``judging``. ``evidence_bits`` : the binary logarithm of how much likelier the
    reading is with this codeword than with noise; chance finds about 30 among all codewords. ``carrier_bits`` : the
    same for each carrier. ``used`` : the codeword positions whose own likeliest symbol is its, with a bit of
    evidence or more; ``overruled`` : those where another symbol alone would be twice as likely. Those in neither are
    lost or of no weight. ``distance`` : in how many carried symbols it differs from the best. ``second_mark_signs`` :
    the gaps that were read as teeth, and the characters and shapes that might well be another; ``single_bits`` : what
    speaks against a second mark on top of this one, which counts where there are such signs.
    """

    id: int
    characters: str
    codeword: tuple[int, ...]
    posterior: float
    evidence_bits: float
    carrier_bits: tuple[tuple[str, float], ...]
    check_bits: int
    second_mark_signs: int
    single_bits: int
    used: tuple[int, ...]
    overruled: tuple[int, ...]
    distance: int
    orientation: Orientation
    identified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDecoding:
    """What a reading says: eight candidates at most, the best first.

    None where not even the best has a posterior of 1e-6; the runner-up however little it has; more only with 1e-6.
    ``none_of_these`` : the probability that the reading is of none of them; ``not_ours``, a part of that, that it is
    foreign or noise. ``search_bits`` : what trying every direction took from the check bits. ``registry_bits`` : what
    the register adds to them.
    """

    candidates: tuple[SoftCandidate, ...]
    none_of_these: float
    not_ours: float
    search_bits: float
    registry_bits: float

    @property
    def identified(self) -> SoftCandidate | None:
        """The candidate that is identified, if one is."""
        return next((candidate for candidate in self.candidates if candidate.identified), None)

    @property
    def runner_up(self) -> SoftCandidate | None:
        """The second best, if there is one; its ``distance`` says how far it is from the best."""
        return self.candidates[1] if len(self.candidates) > 1 else None


def decode_soft(reading: SoftReading, prior: Prior | None = None, *, also: SymbolArray | None = None) -> SoftDecoding:
    """Decode a reading whose twelve o'clock, hand and tone are known.

    A pin is identified with a posterior of 0.9999 or more, ten check bits or more (``registry_bits`` counted in), and
    where it overrules nothing: no carrier, character or shape ten to one, no more than an eighth of a track's cells.
    Where there are signs that a second mark lies on it, twenty bits must speak against that. ``also`` : (m, 32)
    codewords that are weighed, too: a search by the likeliest bits can miss one that a doubtful symbol allows.
    """
    evidence, marks = symbol_evidence(reading, _UPRIGHT)
    found = _in_one_row(listed(evidence, marks, reading.profile, also))
    return _decoding(found, evidence, _UPRIGHT, reading.profile, prior or Prior(), ways=1)


def decode_blind(reading: SoftReading, prior: Prior | None = None) -> SoftDecoding:
    """Decode a reading whose ring or shapes may be turned, mirrored and negative; characters are taken as they stand.

    The check bits are fewer by the binary logarithm of the number of ways tried, and the posterior is less accordingly.
    """
    ways = orientations(reading.profile)
    evidence, marks = symbol_evidence(reading, ways)
    looks = [best_evidence(evidence, reading.profile, basis=basis) for basis in range(_FIRST_BASES)]
    promising = np.argsort(-(np.max(looks, axis=0) + marks), kind="stable")[:_WAYS_IN_DEPTH]
    searched = tuple(ways[index] for index in promising)
    found = _in_one_row(listed(evidence[promising], marks[promising], reading.profile))
    return _decoding(found, evidence[promising], searched, reading.profile, prior or Prior(), ways=len(ways))


def _decoding(
    found: Listed, evidence: Floats, searched: tuple[Orientation, ...], profile: Profile, prior: Prior, *, ways: int
) -> SoftDecoding:
    probable, alien = posteriors(found, prior, ways=ways)
    chosen, totals = _ranked(found, probable[0])
    way = chosen * len(searched) // len(found.codes[0])
    words = found.words[0, chosen]
    seen = compared(evidence[way], words)
    carriers = by_carrier(seen, profile)
    checked = check_bits(seen, ways=ways)
    signs, single_bits = two_marks(seen, profile)
    named = identified(seen, profile, prior, posterior=totals, ways=ways)
    bits, ahead = seen.own / _NATS_A_BIT, (seen.other - seen.own) / _NATS_A_BIT
    codewords = _reencoded(words, profile)
    return SoftDecoding(
        candidates=tuple(
            SoftCandidate(
                id=id_of(codeword),
                characters=characters_of(codeword[: profile.characters].tolist()),
                codeword=tuple(codeword.tolist()),
                posterior=float(totals[row]),
                evidence_bits=float(found.evidence[0, chosen[row]] / _NATS_A_BIT),
                carrier_bits=tuple(zip(profile.carriers, (carriers[row] / _NATS_A_BIT).tolist(), strict=True)),
                check_bits=int(checked[row]),
                second_mark_signs=int(signs[row]),
                single_bits=int(single_bits[row]),
                used=tuple(np.flatnonzero((bits[row] >= 1) & (ahead[row] < 1)).tolist()),
                overruled=tuple(np.flatnonzero(ahead[row] >= 1).tolist()),
                distance=int((words[row] != words[0]).sum()),
                orientation=searched[way[row]],
                identified=bool(named[row]),
            )
            for row, codeword in enumerate(codewords)
        ),
        none_of_these=max(0.0, 1.0 - float(totals.sum())),
        not_ours=float(alien[0]),
        search_bits=log2(ways),
        registry_bits=prior.registry_bits,
    )


def _in_one_row(found: Listed) -> Listed:
    """The candidates of all ways as those of one reading."""
    return Listed(
        words=found.words.reshape(1, -1, found.words.shape[2]),
        codes=found.codes.reshape(1, -1),
        evidence=found.evidence.reshape(1, -1),
    )


def _ranked(found: Listed, probable: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which candidates to report, and their posteriors, all ways added.

    Each codeword stands once, in its likeliest direction.
    """
    order = np.argsort(-found.evidence[0], kind="stable")
    _, firsts, group = np.unique(found.codes[0, order], return_index=True, return_inverse=True)
    totals = np.bincount(group, weights=probable[order]).astype(np.float64)
    best = np.lexsort((firsts, -totals))[:MOST_REPORTED]
    enough = totals[best] >= LEAST_REPORTED
    # The runner-up is told however improbable it is.
    enough[1] = enough[0]
    best = best[enough]
    return order[firsts[best]], totals[best]


def _reencoded(words: SymbolArray, profile: Profile) -> SymbolArray:
    """The codewords of what is written, (n, 32), each encoded again from its id and compared.

    Raises ArithmeticError where one differs: the search has listed what is no codeword.
    """
    symbols = symbols_of(words, profile)
    codewords = encode(symbols[:, :DIMENSION])
    again = np.array([codeword_of(id_of(codeword)) for codeword in codewords], dtype=np.uint8).reshape(-1, LENGTH)
    if not (np.array_equal(codewords, again) and np.array_equal(codewords[:, : profile.carried], symbols)):
        raise ArithmeticError("soft decoding has listed a word that is no codeword; report this as a fault")
    return codewords
