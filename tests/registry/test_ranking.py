"""Tracing against plain loops over every mark on record, sums done by hand, and the decoder of readings alone."""

import tracemalloc
from dataclasses import replace
from math import exp, log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods
from engrave.code.codeword import codeword_of, id_of
from engrave.code.decode import Options
from engrave.code.evidence import Orientation, SoftReading, orientations, soft_reading, symbol_evidence
from engrave.code.judging import Prior
from engrave.code.permutation import permute, unpermute
from engrave.code.profiles import PROFILE_A, PROFILE_G, PROFILE_S, PROFILES, Profile
from engrave.code.ring import ring_cells, ring_symbols
from engrave.code.soft import decode_soft
from engrave.code.written import written_of
from engrave.registry.algebra import fitting
from engrave.registry.index import IndexCodes
from engrave.registry.ranking import Ranked, trace_codes
from engrave.registry.scan import rank

EVERY_PROFILE = list(PROFILES.values())
SEEDS = st.integers(0, 2**32 - 1)
UPRIGHT = (Orientation(),)
OURS = 0.01

Words = dict[int, list[int]]
Logarithms = NDArray[np.float64]


def record_of(count: int, seed: int = 1) -> tuple[IndexCodes, Words]:
    """The ascending permuted ids of a register, and the codeword of each, encoded one by one."""
    ids = np.random.default_rng(seed).choice(2**30, count, replace=False).tolist()
    words = {permute(identifier): codeword_of(identifier).tolist() for identifier in ids}
    return np.array(sorted(words), dtype=np.uint32), words


RECORD, WORDS = record_of(2000)
LARGE, LARGE_WORDS = record_of(10_000, seed=2)


def fits(word: list[int], options: Options) -> bool:
    return all(not choices or word[place] in choices for place, choices in enumerate(options))


def weighed(words: Words, reading: SoftReading, ways: tuple[Orientation, ...] = UPRIGHT) -> dict[int, list[float]]:
    """The evidence of every mark in every way, summed symbol by symbol."""
    evidence, marks = symbol_evidence(reading, ways)
    rows, of_marks = evidence.tolist(), marks.tolist()
    found = {}
    for code, word in words.items():
        written = written_of(np.array(word, dtype=np.uint8), reading.profile).tolist()
        found[code] = [
            sum(row[place][symbol] for place, symbol in enumerate(written)) + mark
            for row, mark in zip(rows, of_marks, strict=True)
        ]
    return found


def by_clause_11(evidence: dict[int, list[float]], ours: float = OURS) -> tuple[dict[int, float], float]:
    """The posterior of every mark, and that the reading is not ours."""
    equally = sum(map(len, evidence.values()))
    each = {code: sum(map(exp, values)) / equally for code, values in evidence.items()}
    greatest = max(exp(max(values)) / equally for values in evidence.values())
    total = sum(each.values())
    every = ours * (total + max(0.0, 1 - (total - greatest))) + 1 - ours
    return {code: ours * weight / every for code, weight in each.items()}, (1 - ours) / every


def characters_of_options(options: Options, p_wrong: float) -> SoftReading:
    return soft_reading(PROFILE_A, characters=choice_log_likelihoods(options[:8], p_wrong))


def with_lost(word: list[int], lost: tuple[int, ...]) -> Options:
    return (*(() if place in lost else (word[place],) for place in range(8)), *[()] * 18)


def random_reading(profile: Profile, generator: np.random.Generator, steps: float = 0.0) -> SoftReading:
    """Noise of any strength; with ``steps`` the values are multiples of them, so that many marks are alike."""

    def noise(*shape: int) -> Logarithms:
        values = generator.normal(0, generator.uniform(0.1, 4), shape) * (generator.random(shape[0]) < 0.7)[:, None]
        return np.round(values / steps) * steps if steps else values

    return soft_reading(
        profile,
        characters=noise(8, 32),
        cells=noise(profile.tracks, profile.sectors) if profile.tracks else None,
        shapes=noise(profile.shapes, 32) if profile.shapes else None,
    )


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, profile=st.sampled_from(EVERY_PROFILE), most=st.integers(1, 60), steps=st.sampled_from([0.0, 0.5]))
def test_ranking_is_that_of_a_plain_loop(seed: int, profile: Profile, most: int, steps: float) -> None:
    reading = random_reading(profile, np.random.default_rng(seed), steps)
    expected = {code: values[0] for code, values in weighed(WORDS, reading).items()}
    evidence, marks = symbol_evidence(reading, UPRIGHT)
    found = rank(RECORD, evidence, marks, profile, most=most)
    order = sorted(expected, key=lambda code: (-expected[code], code))[:most]
    assert found.codes.tolist() == order
    assert found.evidence == pytest.approx([expected[code] for code in order], abs=1e-9)
    assert found.total == pytest.approx(sum(map(exp, expected.values())), rel=1e-4)


def test_ranking_goes_over_many_chunks_and_several_ways() -> None:
    codes, words = record_of(40_000, seed=3)
    reading = random_reading(PROFILE_S, np.random.default_rng(4), 0.25)
    ways = orientations(PROFILE_S)[5:8]
    evidence, marks = symbol_evidence(reading, ways)
    expected = weighed(words, reading, ways)
    pairs = sorted((-value, code, way) for code, values in expected.items() for way, value in enumerate(values))[:25]
    found = rank(codes, evidence, marks, PROFILE_S, most=25)
    assert list(zip(found.codes.tolist(), found.ways.tolist(), strict=True)) == [(code, way) for _, code, way in pairs]
    assert found.total == pytest.approx(sum(exp(value) for values in expected.values() for value in values), rel=1e-4)


def test_memory_does_not_grow_with_the_record() -> None:
    """Four bytes a mark are 2.4 MB here; 16,384 marks at a time take about 1 MB, whatever the profile."""
    codes = np.unique(np.random.default_rng(9).integers(0, 2**30, 600_000).astype(np.uint32))
    evidence, marks = symbol_evidence(random_reading(PROFILE_A, np.random.default_rng(10)), UPRIGHT)
    rank(codes[:100], evidence, marks, PROFILE_A, most=8)
    tracemalloc.start()
    try:
        rank(codes, evidence, marks, PROFILE_A, most=8)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6e6


def test_near_ties_that_single_precision_cannot_tell_are_told() -> None:
    """Two marks of which the one that stands second in order is better by 2^-20, far from zero."""
    evidence = np.zeros((1, 26, 32), dtype=np.float32)
    first, second = (WORDS[int(code)] for code in RECORD[:2])
    evidence[0, :6] = -30
    evidence[0, range(6), first[:6]] = -20
    evidence[0, range(6), second[:6]] = -20
    place = next(place for place in range(6) if first[place] != second[place])
    evidence[0, place, second[place]] = np.float32(-20 + 2**-18)
    found = rank(RECORD, evidence, np.zeros(1), PROFILE_A, most=2)
    assert found.codes.tolist() == [int(RECORD[1]), int(RECORD[0])]
    assert found.evidence[0] - found.evidence[1] == 2**-18


def test_sums_in_another_order_are_alike() -> None:
    """Two marks have the same values at other places: in float32 their sums differ, but the lesser code leads."""
    first, second = (written_of(np.array(WORDS[int(code)], dtype=np.uint8), PROFILE_A) for code in RECORD[[3, 90]])
    apart = np.flatnonzero(first != second)
    for seed in range(20):
        generator = np.random.default_rng(seed)
        evidence = np.full((1, 26, 32), -30, dtype=np.float32)
        # Far from both, so that sums are large.
        evidence[0, range(26), generator.integers(0, 32, 26)] = 0
        values = generator.uniform(-25, -15, 26).astype(np.float32)
        evidence[0, range(26), first] = values
        values[apart] = values[generator.permutation(apart)]
        evidence[0, apart, second[apart]] = values[apart]
        assert rank(RECORD, evidence, np.zeros(1), PROFILE_A, most=1).codes.tolist() == [int(RECORD[3])]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=SEEDS, profile=st.sampled_from(EVERY_PROFILE))
def test_what_fits_is_what_a_plain_loop_finds(data: st.DataObject, seed: int, profile: Profile) -> None:
    generator = np.random.default_rng(seed)
    word = WORDS[int(generator.choice(RECORD))]
    known = data.draw(st.sets(st.integers(0, profile.carried - 1), min_size=3, max_size=9))
    doubtful = data.draw(st.sets(st.sampled_from(sorted(known)), max_size=2)) if len(known) > 4 else set()
    options = tuple(
        () if place not in known else (word[place], *generator.integers(0, 32, 2 * (place in doubtful)).tolist())
        for place in range(profile.carried)
    )
    found = fitting(RECORD, options, profile)
    assert found is not None
    assert found.tolist() == [code for code in RECORD.tolist() if fits(WORDS[code], options)]


def test_four_lost_characters_of_ten_thousand_marks() -> None:
    for lost in ((0, 1, 2, 3), (4, 5, 6, 7), (0, 2, 5, 7)):
        options = with_lost(LARGE_WORDS[int(LARGE[123])], lost)
        found = fitting(LARGE, options, PROFILE_A)
        assert found is not None
        assert found.tolist() == [code for code in LARGE.tolist() if fits(LARGE_WORDS[code], options)]


def test_what_fits_ends_where_too_much_is_lost() -> None:
    word = WORDS[int(RECORD[9])]
    assert fitting(RECORD, with_lost(word, (0, 1, 2, 3, 4)), PROFILE_A) is not None
    assert fitting(RECORD, with_lost(word, (0, 1, 2, 3, 4, 5)), PROFILE_A) is None
    assert fitting(RECORD[:0], with_lost(word, (0,)), PROFILE_A) is not None


def test_every_symbol_doubtful_alike_is_lost() -> None:
    word = WORDS[int(RECORD[9])]
    options = (*with_lost(word, ())[:7], tuple(range(32)), *[()] * 18)
    found = fitting(RECORD, options, PROFILE_A)
    assert found is not None
    assert found.tolist() == [int(RECORD[9])]


def check_against_clause_11(found: Ranked, expected: dict[int, float], alien: float) -> None:
    order = sorted(expected, key=lambda code: (-expected[code], code))
    assert [mark.code for mark in found.marks] == order[: len(found.marks)]
    for mark in found.marks:
        if found.how == "ranking":
            assert mark.posterior == pytest.approx(expected[mark.code], rel=1e-4)
        else:
            assert mark.posterior <= expected[mark.code] * (1 + 1e-9)
            assert mark.posterior >= expected[mark.code] * (1 - found.unlooked - 1e-9)
    assert found.none_of_these + sum(mark.posterior for mark in found.marks) == pytest.approx(1)
    assert found.not_ours == pytest.approx(alien, rel=max(1e-4, 1.01 * found.unlooked))


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS, lost=st.sets(st.integers(0, 7), max_size=8), wrong=st.booleans(), p_wrong=st.floats(1e-4, 0.1))
def test_posteriors_are_those_of_clause_11(seed: int, lost: set[int], *, wrong: bool, p_wrong: float) -> None:
    word = list(WORDS[int(np.random.default_rng(seed).choice(RECORD))])
    word[seed % 8] ^= wrong
    options = with_lost(word, tuple(lost))
    reading = characters_of_options(options, p_wrong)
    check_against_clause_11(trace_codes(RECORD, options, reading), *by_clause_11(weighed(WORDS, reading)))


@settings(deadline=None, max_examples=25)
@given(data=st.data(), seed=SEEDS, profile=st.sampled_from([PROFILE_A, PROFILE_S]), worn=st.integers(0, 40))
def test_posteriors_of_worn_rings_are_those_of_clause_11(
    data: st.DataObject, seed: int, profile: Profile, worn: int
) -> None:
    generator = np.random.default_rng(seed)
    word = codeword_of(unpermute(int(generator.choice(RECORD))))
    cells = ring_cells(word, profile).astype(np.int8)
    cells[:, :worn] = -1
    cells[generator.random(cells.shape) < 0.02 * data.draw(st.integers(0, 2))] ^= 1
    cells[cells < -1] = -1
    known = data.draw(st.sets(st.integers(0, 7)))
    characters = [
        (symbol, *[symbol ^ 3] * (place == 5)) if place in known else ()
        for place, symbol in enumerate(word[:8].tolist())
    ]
    ring = [() if symbol is None else (symbol,) for symbol in ring_symbols(cells, profile)]
    reading = soft_reading(
        profile,
        characters=choice_log_likelihoods(characters, 0.02),
        cells=cell_log_likelihoods(cells, 0.02, 0.08),
    )
    found = trace_codes(RECORD, (*characters, *ring), reading)
    check_against_clause_11(found, *by_clause_11(weighed(WORDS, reading)))


def test_algebra_answers_what_a_plain_loop_answers_with_every_near_miss_on_record() -> None:
    """The worst there can be: of six known symbols all 186 misread once and all 14,415 misread twice are on record."""
    word = WORDS[int(RECORD[77])]
    near = {tuple(word[:6])}
    for _ in range(2):
        near |= {(*old[:p], s, *old[p + 1 :]) for old in near for p in range(6) for s in range(32)}
    assert len(near) == 1 + 186 + 14_415
    codes = sorted(sum(symbol << 25 - 5 * place for place, symbol in enumerate(message)) for message in near)
    words = {code: codeword_of(unpermute(code)).tolist() for code in codes}
    options = with_lost(word, (6, 7))
    for p_wrong, how, misread in (
        (1e-4, "algebra", 0),
        (2e-3, "algebra", 1),
        (0.05, "algebra", 2),
        (0.2, "ranking", 0),
    ):
        reading = characters_of_options(options, p_wrong)
        found = trace_codes(np.array(codes, dtype=np.uint32), options, reading)
        assert (found.how, found.misread) == (how, misread)
        assert found.unlooked <= 0.01
        check_against_clause_11(found, *by_clause_11(weighed(words, reading)))


def test_algebra_expects_near_misses_among_doubtful_symbols() -> None:
    """Two codewords share five symbols at most; where two others are doubtful one symbol alone may tell them apart."""
    code = int(RECORD[40])
    near = code ^ 1
    words = {**WORDS, near: codeword_of(unpermute(near)).tolist()}
    word, other = words[code][:8], words[near][:8]
    assert sum(a != b for a, b in zip(word, other, strict=True)) == 3
    options = (*((a,) for a in word[:6]), *zip(word[6:], other[6:], strict=True), *[()] * 18)
    reading = characters_of_options(options, 0.02)
    found = trace_codes(np.array(sorted(words), dtype=np.uint32), options, reading)
    assert [mark.code for mark in found.marks] == [code, near]
    check_against_clause_11(found, *by_clause_11(weighed(words, reading)))


def test_where_the_bound_would_decide_who_is_identified_all_marks_are_weighed() -> None:
    """One character lost, one in fifty wrong: marks not looked at could have 0.0003, and have nothing."""
    options = with_lost(WORDS[int(RECORD[3])], (2,))
    found = trace_codes(RECORD, options, characters_of_options(options, 0.02))
    assert found.how == "ranking"
    assert found.identified is not None
    less_sure = trace_codes(RECORD, options, characters_of_options(options, 0.02), ours=1e-6)
    assert (less_sure.how, less_sure.identified) == ("algebra", None)


def test_where_chance_covers_the_rest_algebra_and_ranking_agree_to_the_last_digit() -> None:
    """With T + U below 1 + B clause 11 gives all that was not looked at the same weight."""
    codes = np.unique(np.random.default_rng(5).integers(0, 2**30, 300_000).astype(np.uint32))
    word = codeword_of(unpermute(int(codes[4]))).tolist()
    options = with_lost(word, ())
    reading = characters_of_options(options, 0.005)
    algebra = trace_codes(codes, options, reading)
    ranking = trace_codes(codes, ((),) * 26, reading)
    assert (algebra.how, ranking.how) == ("algebra", "ranking")
    assert algebra.marks[0].code == ranking.marks[0].code == int(codes[4])
    assert algebra.marks[0].posterior == pytest.approx(ranking.marks[0].posterior, rel=1e-12)
    assert algebra.not_ours == pytest.approx(ranking.not_ours, rel=1e-12)
    assert (algebra.fitting, algebra.symbols, algebra.misread) == (1, tuple(range(8)), 0)
    assert (ranking.fitting, ranking.symbols, ranking.unlooked) == (None, (), 0.0)


def full_reading(identifier: int) -> tuple[Options, SoftReading]:
    """All of a mark of profile A, every cell twenty times as likely as not."""
    word = codeword_of(identifier)
    cells = np.where(ring_cells(word), log(20), -log(20))
    options = tuple((symbol,) for symbol in word[:26].tolist())
    return options, soft_reading(PROFILE_A, characters=choice_log_likelihoods(options[:8], 0.02), cells=cells)


def test_ring_and_characters_without_doubt_are_found_by_algebra_and_identified() -> None:
    code = int(RECORD[500])
    options, reading = full_reading(unpermute(code))
    found = trace_codes(RECORD, options, reading)
    assert (found.how, found.fitting, found.symbols, found.misread) == ("algebra", 1, tuple(range(26)), 0)
    named = found.identified
    assert named is not None
    assert (named.code, named.id, named.orientation) == (code, unpermute(code), Orientation())
    assert (named.used, named.overruled) == (tuple(range(26)), ())
    # 130 bits were read and all agree.
    assert named.check_bits == 100
    assert found.registry_bits == log2(2**30 / 2000)


def test_it_agrees_with_the_decoder_of_readings_where_that_lists_every_mark() -> None:
    cells = np.full((2, 48), -1, dtype=np.int8)
    word = codeword_of(37_576_834)
    cells[:, 3:20] = ring_cells(word)[:, 3:20]
    reading = soft_reading(PROFILE_A, cells=cell_log_likelihoods(cells, 0.02, 0.08))
    listed = decode_soft(reading, Prior(ours=0.99)).candidates
    codes = np.array(sorted(permute(candidate.id) for candidate in listed), dtype=np.uint32)
    assert len(codes) == 8
    expected = decode_soft(reading, Prior(registered=codes.astype(np.int64)))
    found = trace_codes(codes, ((),) * 26, reading)
    assert len(found.marks) == len(expected.candidates) == 8
    by_id = {candidate.id: candidate for candidate in expected.candidates}
    assert found.none_of_these == pytest.approx(expected.none_of_these, rel=1e-4)
    assert found.not_ours == pytest.approx(expected.not_ours, rel=1e-4)
    assert found.registry_bits == expected.registry_bits
    for mark in found.marks:
        candidate = by_id[mark.id]
        assert mark.posterior == pytest.approx(candidate.posterior, rel=1e-4)
        for name in (
            "characters",
            "evidence_bits",
            "carrier_bits",
            "check_bits",
            "second_mark_signs",
            "single_bits",
            "used",
            "overruled",
            "distance",
            "identified",
        ):
            assert getattr(mark, name) == getattr(candidate, name), name


def test_the_register_adds_to_the_check_bits_and_no_more() -> None:
    """Seven characters have five check bits; ten are reached with 2^25 marks on record or fewer."""
    word = WORDS[int(RECORD[3])]
    options = with_lost(word, (2,))
    found = trace_codes(RECORD, options, characters_of_options(options, 1e-6))
    assert found.marks[0].check_bits == 5
    assert found.marks[0].identified
    worse = trace_codes(RECORD, options, characters_of_options(options, 1e-6), ours=1e-6)
    assert worse.marks[0].posterior < 0.9999
    assert worse.identified is None


def test_a_mark_that_overrules_a_character_is_not_identified() -> None:
    code = int(RECORD[500])
    options, right = full_reading(unpermute(code))
    wrong = ((options[0][0] ^ 1,), *options[1:])
    reading = replace(right, characters=choice_log_likelihoods(wrong[:8], 0.02))
    found = trace_codes(RECORD, wrong, reading)
    assert found.how == "ranking"
    assert found.marks[0].code == code
    assert found.marks[0].posterior > 0.9999
    assert found.marks[0].overruled == (0,)
    assert found.identified is None


def test_an_empty_register_has_none_of_it() -> None:
    options, reading = full_reading(5)
    for blind in (False, True):
        found = trace_codes(RECORD[:0], options, reading, blind=blind)
        assert (found.marks, found.none_of_these, found.on_record, found.registry_bits) == ((), 1.0, 0, 0.0)
        assert found.not_ours == 0.99
        assert found.identified is found.runner_up is None


def test_a_register_of_one_mark() -> None:
    code = int(RECORD[0])
    options, reading = full_reading(unpermute(code))
    for known in (options, ((),) * 26):
        found = trace_codes(RECORD[:1], known, reading)
        assert [mark.code for mark in found.marks] == [code]
        assert found.runner_up is None
        assert found.registry_bits == 30
        assert found.identified is not None


def test_of_a_reading_of_nothing_all_marks_are_alike() -> None:
    """All weigh 1/2000, so that together they have what is ours: T + R is 1 + B."""
    found = trace_codes(RECORD, ((),) * 26, soft_reading(PROFILE_A), most=3)
    assert [mark.code for mark in found.marks] == RECORD[:3].tolist()
    posterior = 0.01 / 2000 / (0.01 * (1 + 1 / 2000) + 0.99)
    assert [mark.posterior for mark in found.marks] == pytest.approx([posterior] * 3, rel=1e-6)


@pytest.mark.parametrize("profile", [PROFILE_S, PROFILE_G], ids=lambda profile: profile.name)
def test_blind_every_way_of_every_mark_is_added(profile: Profile) -> None:
    """With few marks on record all are weighed in all ways."""
    few, words = RECORD[:60], {code: WORDS[code] for code in RECORD[:60].tolist()}
    reading = random_reading(profile, np.random.default_rng(6))
    ways = orientations(profile)
    expected = weighed(words, reading, ways)
    found = trace_codes(few, ((),) * profile.carried, reading, blind=True)
    check_against_clause_11(found, *by_clause_11(expected))
    assert found.search_bits == log2(len(ways))
    for mark in found.marks:
        assert ways[int(np.argmax(expected[mark.code]))] == mark.orientation
        assert mark.evidence_bits == pytest.approx(max(expected[mark.code]) / log(2))


@settings(deadline=None, max_examples=6)
@given(seed=SEEDS)
def test_blind_a_worn_mark_is_found_with_the_way_it_lies(seed: int) -> None:
    generator = np.random.default_rng(seed)
    code = int(generator.choice(LARGE))
    way = orientations(PROFILE_A)[int(generator.integers(192))]
    cells = ring_cells(codeword_of(unpermute(code))).astype(np.int8)
    cells[:, generator.integers(48) - np.arange(18)] = -1
    if way.mirrored:
        cells = np.concatenate([cells[:, :1], cells[:, :0:-1]], axis=1)
    ratios = np.roll(cell_log_likelihoods(cells, 0.02, 0.08), way.turn, axis=1) * (-1 if way.negative else 1)
    options = with_lost(LARGE_WORDS[code], (0, 1, 2, 3, 4, 5))
    reading = soft_reading(PROFILE_A, characters=choice_log_likelihoods(options[:8], 0.02), cells=ratios)
    found = trace_codes(LARGE, options, reading, blind=True)
    assert (found.how, found.marks[0].code, found.marks[0].orientation) == ("ranking", code, way)
    assert found.identified is not None


def test_the_candidates_are_encoded_as_their_ids_say() -> None:
    found = trace_codes(RECORD, ((),) * 26, random_reading(PROFILE_A, np.random.default_rng(8)))
    for mark in found.marks:
        assert id_of(codeword_of(mark.id)) == mark.id
        assert permute(mark.id) == mark.code
        assert mark.code in WORDS


@pytest.mark.parametrize(
    ("options", "ours", "most", "message"),
    [
        (((),) * 25, 0.01, 8, "26 symbols"),
        (((),) * 25 + ((32,),), 0.01, 8, "0 to 31"),
        (((),) * 26, 1.0, 8, "probability"),
        (((),) * 26, 0.01, 0, "one mark"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: Options, ours: float, most: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trace_codes(RECORD, options, soft_reading(PROFILE_A), ours=ours, most=most)
