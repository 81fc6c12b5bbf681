"""From a reading to the marks on record that it may be of, ranked.

Where some mark on record fits every known symbol and what all others can weigh is small, the code's algebra finds the
answer by looking up a few codes; otherwise every mark is weighed. Posteriors are those of clause 11 of
``docs/code-spec.md``, the ids on record being those that may be. The rule by which a mark is identified is that of
``engrave.code.judging``.
"""

from dataclasses import dataclass
from math import log, log2

import numpy as np

from engrave.code.alphabet import characters_of
from engrave.code.codeword import codewords_of
from engrave.code.decode import Options
from engrave.code.evidence import Logarithms, Orientation, SoftReading, orientations, symbol_evidence
from engrave.code.judging import Prior, by_carrier, check_bits, compared, identified, two_marks
from engrave.code.ordered import Floats, best_evidence
from engrave.code.permutation import ID_COUNT, unpermute
from engrave.code.profiles import Profile
from engrave.code.soft import LEAST_REPORTED, MOST_REPORTED
from engrave.code.written import written_of
from engrave.registry.algebra import by_algebra, known_symbols
from engrave.registry.index import IndexCodes
from engrave.registry.scan import Codes, Looked, rank

_OURS = Prior().ours
_NATS_A_BIT = log(2)
_UPRIGHT = (Orientation(),)
# Blind: in so many ways, the most promising, all marks are weighed, and in all ways so many marks.
_WAYS_WEIGHED = 6
_MARKS_TURNED = 256
_FIRST_BASES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedMark:
    """A mark on record that a reading may be of; the numbers as in ``engrave.code.soft.SoftCandidate``.

    ``code`` : the permuted id. ``posterior`` : by an algebraic answer it may be too small, by what ``Ranked.unlooked``
    says; it is never too great.
    """

    code: int
    id: int
    characters: str
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
class Ranked:
    """The marks on record that a reading may be of, the best first, and how they were found.

    None where not even the best has a posterior of 1e-6; the runner-up however little it has, where one was looked at;
    more only with 1e-6. ``none_of_these`` : the probability that the reading is of none of them; ``not_ours``, a part
    of that, that it is foreign or noise. ``on_record`` : how many marks there are; ``fitting`` : how many of them fit
    every known symbol, None where that was not asked. ``how`` : ``algebra`` or ``ranking``. ``symbols`` : the codeword
    positions whose symbols the algebra took as known; ``misread`` : how many of them it allowed to be misread;
    ``unlooked`` : the most that the marks it did not look at can have of the probability, 0 where all were weighed.
    """

    marks: tuple[RankedMark, ...]
    none_of_these: float
    not_ours: float
    search_bits: float
    registry_bits: float
    on_record: int
    how: str
    fitting: int | None = None
    symbols: tuple[int, ...] = ()
    misread: int = 0
    unlooked: float = 0.0

    @property
    def identified(self) -> RankedMark | None:
        """The mark that is identified, if one is."""
        return next((mark for mark in self.marks if mark.identified), None)

    @property
    def runner_up(self) -> RankedMark | None:
        """The second best, if there is one; its ``distance`` says how far it is from the best."""
        return self.marks[1] if len(self.marks) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PriorOfRecord(Prior):
    """The prior of a register of so many marks, without a copy of them all."""

    on_record: int

    @property
    def registry_bits(self) -> float:
        """As of ``Prior``; a register of no mark narrows nothing."""
        return log2(ID_COUNT / self.on_record) if self.on_record else 0.0


def trace_codes(
    codes: IndexCodes,
    options: Options,
    reading: SoftReading,
    *,
    blind: bool = False,
    ours: float = _OURS,
    most: int = MOST_REPORTED,
) -> Ranked:
    """Trace a reading to the marks on record: the best ``most`` at most.

    ``codes`` : (n,) uint32 ascending permuted ids. ``options`` and ``reading`` : the same reading, as symbols that are
    known, and as likelihoods. ``blind`` : ring or shapes may lie any way; the options then say nothing, and all marks
    are weighed. ``ours`` : the probability that the reading is of a mark of this code at all.
    Raises ValueError where the two are not of one profile, where ``ours`` is no probability and ``most`` below one.
    """
    prior = _PriorOfRecord(ours=ours, on_record=len(codes))
    if most < 1:
        raise ValueError(f"most is {most}; ask for one mark at least")
    profile = reading.profile
    known = known_symbols(options, profile)
    ways = orientations(profile) if blind else _UPRIGHT
    if not len(codes):
        return _of_none(prior, ways=len(ways))
    evidence, marks = symbol_evidence(reading, ways)
    if blind:
        looked = _blind(codes, evidence, marks, profile, most=most)
    else:
        of_marks = float(marks[0])
        looked = by_algebra(codes, known, evidence[0], of_marks, profile, ours=ours) or _upright(
            codes, evidence, marks, profile, most=most
        )
    return _ranked(looked, evidence, ways, prior, profile=profile, most=most)


def _of_none(prior: _PriorOfRecord, *, ways: int) -> Ranked:
    return Ranked(
        marks=(),
        none_of_these=1.0,
        not_ours=1.0 - prior.ours,
        search_bits=log2(ways),
        registry_bits=prior.registry_bits,
        on_record=prior.on_record,
        how="ranking",
    )


def _upright(codes: IndexCodes, evidence: Floats, marks: Logarithms, profile: Profile, *, most: int) -> Looked:
    """All marks weighed in the one way."""
    weighed = rank(codes, evidence, marks, profile, most=most)
    weights = np.exp(weighed.evidence)
    return Looked(
        codes=weighed.codes,
        ways=weighed.ways,
        evidence=weighed.evidence,
        weights=weights,
        total=weighed.total,
        greatest=float(weights[0]),
    )


def _blind(codes: IndexCodes, evidence: Floats, marks: Logarithms, profile: Profile, *, most: int) -> Looked:
    """All marks weighed in the most promising ways, and in all ways those that lead there or by their characters.

    All marks in all ways would take 192 times as long as in one.
    """
    looks = [best_evidence(evidence, profile, basis=basis) for basis in range(_FIRST_BASES)]
    promising = np.argsort(-(np.max(looks, axis=0) + marks), kind="stable")[:_WAYS_WEIGHED]
    kept = max(most, _MARKS_TURNED)
    weighed = rank(codes, evidence[promising], marks[promising], profile, most=kept)
    upright = np.zeros_like(evidence[:1])
    upright[:, : profile.characters] = evidence[:1, : profile.characters]
    leading = rank(codes, upright, np.zeros(1), profile, most=kept)
    turned = np.unique(np.concatenate([weighed.codes, leading.codes]))
    every_way = _in_every_way(turned, evidence, marks, profile)
    likelihoods = np.exp(every_way)
    weights = likelihoods.sum(axis=0)
    order = np.argsort(-weights, kind="stable")
    likeliest = every_way.argmax(axis=0)[order]
    return Looked(
        codes=turned[order],
        ways=likeliest,
        evidence=every_way[likeliest, order],
        weights=weights[order],
        total=weighed.total + float(np.delete(likelihoods, promising, axis=0).sum()),
        greatest=float(likelihoods.max()),
    )


def _in_every_way(codes: Codes, evidence: Floats, marks: Logarithms, profile: Profile) -> Logarithms:
    """(ways, k) the exact evidence of each."""
    words = written_of(codewords_of(codes), profile)
    exact: Logarithms = evidence[:, np.arange(profile.carried), words].sum(axis=2, dtype=np.float64) + marks[:, None]
    return exact


def _ranked(
    looked: Looked,
    evidence: Floats,
    ways: tuple[Orientation, ...],
    prior: _PriorOfRecord,
    *,
    profile: Profile,
    most: int,
) -> Ranked:
    equally = prior.on_record * len(ways)
    every = looked.every(equally, ours=prior.ours)
    posteriors = prior.ours * looked.weights[:most] / equally / every
    enough = posteriors >= LEAST_REPORTED
    # The runner-up is told however improbable it is.
    enough[1:2] = enough[:1]
    posteriors = posteriors[enough]
    return Ranked(
        marks=_marks(looked, posteriors, evidence, ways, prior, profile=profile),
        none_of_these=max(0.0, 1.0 - float(posteriors.sum())),
        not_ours=(1.0 - prior.ours) / every,
        search_bits=log2(len(ways)),
        registry_bits=prior.registry_bits,
        on_record=prior.on_record,
        how="ranking" if looked.fitting is None else "algebra",
        fitting=looked.fitting,
        symbols=looked.symbols,
        misread=looked.misread,
        unlooked=looked.share_unlooked(equally, ours=prior.ours),
    )


def _marks(
    looked: Looked,
    posteriors: Logarithms,
    evidence: Floats,
    ways: tuple[Orientation, ...],
    prior: Prior,
    *,
    profile: Profile,
) -> tuple[RankedMark, ...]:
    """The first of those looked at, as many as there are posteriors."""
    if not len(posteriors):
        return ()
    codes, way = looked.codes[: len(posteriors)], looked.ways[: len(posteriors)]
    codewords = codewords_of(codes)
    words = written_of(codewords, profile)
    seen = compared(evidence[way], words)
    carriers = by_carrier(seen, profile) / _NATS_A_BIT
    checked = check_bits(seen, ways=len(ways))
    signs, single_bits = two_marks(seen, profile)
    named = identified(seen, profile, prior, posterior=posteriors, ways=len(ways))
    bits, ahead = seen.own / _NATS_A_BIT, (seen.other - seen.own) / _NATS_A_BIT
    return tuple(
        RankedMark(
            code=code,
            id=unpermute(code),
            characters=characters_of(codewords[row, : profile.characters].tolist()),
            posterior=float(posteriors[row]),
            evidence_bits=float(looked.evidence[row] / _NATS_A_BIT),
            carrier_bits=tuple(zip(profile.carriers, carriers[row].tolist(), strict=True)),
            check_bits=int(checked[row]),
            second_mark_signs=int(signs[row]),
            single_bits=int(single_bits[row]),
            used=tuple(np.flatnonzero((bits[row] >= 1) & (ahead[row] < 1)).tolist()),
            overruled=tuple(np.flatnonzero(ahead[row] >= 1).tolist()),
            distance=int((words[row] != words[0]).sum()),
            orientation=ways[way[row]],
            identified=bool(named[row]),
        )
        for row, code in enumerate(codes.tolist())
    )
