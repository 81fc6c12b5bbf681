"""Soft decoding against sums over all codewords that are left, hand calculation, and marks laid every way."""

from itertools import product
from math import comb, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code import judging
from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods
from engrave.code.codeword import codeword_of
from engrave.code.evidence import Orientation, SoftReading, orientations, soft_reading, symbol_evidence
from engrave.code.judging import Prior, judge
from engrave.code.ordered import candidates, generator_rows
from engrave.code.permutation import permute
from engrave.code.profiles import PROFILE_A, PROFILE_D, PROFILE_G, PROFILE_S, PROFILES, Profile
from engrave.code.reedsolomon import encode
from engrave.code.soft import decode_blind, decode_soft
from engrave.code.written import bits_of, written_of

IDS = st.integers(0, 2**30 - 1)
EVERY_PROFILE = list(PROFILES.values())
RINGS = [PROFILE_A, PROFILE_D, PROFILE_S]
PIN = 37_576_834

Cells = NDArray[np.int8]
Logarithms = NDArray[np.float64]


def cells_of(identifier: int, profile: Profile) -> Cells:
    """Mark cells, then the bits of the symbols as they are written."""
    written = written_of(codeword_of(identifier), profile)[profile.characters :]
    data = bits_of(written).reshape(profile.tracks, -1)
    return np.concatenate([np.array(profile.mark_cells), data], axis=1).astype(np.int8)


def characters_read(identifier: int, positions: range, *, p_wrong: float = 1e-6) -> Logarithms:
    codeword = codeword_of(identifier).tolist()
    return choice_log_likelihoods([(codeword[p],) if p in positions else () for p in range(8)], p_wrong)


def shapes_read(identifier: int, places: range, *, p_wrong: float = 1e-6) -> Logarithms:
    written = written_of(codeword_of(identifier), PROFILE_G)[8:].tolist()
    return choice_log_likelihoods([(written[p],) if p in places else () for p in range(12)], p_wrong)


def ring_reading(identifier: int, profile: Profile, *, lost: slice = slice(0)) -> SoftReading:
    cells = cells_of(identifier, profile)
    cells[:, lost] = -1
    return soft_reading(profile, cells=cell_log_likelihoods(cells, 0.02, 0.08))


def laid(cells: Logarithms, way: Orientation) -> Logarithms:
    """The mark mirrored about twelve o'clock, then turned clockwise, then with gaps for teeth."""
    if way.mirrored:
        cells = np.concatenate([cells[:, :1], cells[:, :0:-1]], axis=1)
    return np.roll(cells, way.turn, axis=1) * (-1 if way.negative else 1)


@pytest.mark.parametrize("profile", EVERY_PROFILE, ids=lambda profile: profile.name)
def test_the_binary_image_spans_what_is_written(profile: Profile) -> None:
    generator = np.random.default_rng(1)
    messages = generator.integers(0, 2, (50, 30), dtype=np.uint8)
    rows = generator_rows(profile)
    images = np.bitwise_xor.reduce(messages[:, :, None] * rows, axis=1)[:, : profile.carried]
    symbols = (messages.reshape(50, 6, 5) @ np.array([16, 8, 4, 2, 1])).astype(np.uint8)
    zero = written_of(np.zeros(32, dtype=np.uint8), profile)
    assert np.array_equal(images ^ zero, written_of(encode(symbols), profile))


@settings(deadline=None, max_examples=20)
@given(identifier=IDS, profile=st.sampled_from([PROFILE_A, PROFILE_D]), start=st.integers(0, 31))
def test_a_ring_is_read_and_the_next_best_stands_far_behind(identifier: int, profile: Profile, start: int) -> None:
    decoding = decode_soft(ring_reading(identifier, profile, lost=slice(start, start + 8)))
    assert decoding.candidates[0].id == identifier
    assert decoding.runner_up is not None
    assert decoding.runner_up.distance >= 8


def by_enumeration(reading: SoftReading, words: NDArray[np.uint8]) -> Logarithms:
    """The log-likelihood of each word, cell by cell and character by character, from the likelihoods as given."""
    profile = reading.profile
    total = reading.characters[np.arange(8), words[:, :8]].sum(axis=1)
    bits = bits_of(written_of(words, profile)[:, 8:]).reshape(len(words), profile.tracks, -1)
    data = reading.cells[:, len(profile.mark_cells[0]) :]
    ratios: Logarithms = total + (bits * data).sum(axis=(1, 2))
    return ratios


@pytest.mark.parametrize("seed", range(6))
def test_the_best_and_its_odds_are_those_of_all_words_left(seed: int) -> None:
    """Four characters are certain, two anything: of the 1,024 words left the best is found, all with the right odds."""
    generator = np.random.default_rng(seed)
    truth = codeword_of(int(generator.integers(2**30)))
    characters = generator.normal(0, 1.5, (8, 32))
    characters[:4] = -np.inf
    characters[np.arange(4), truth[:4]] = 0
    bits = bits_of(written_of(truth, PROFILE_A)[8:]).reshape(2, 45)
    cells = np.zeros((2, 48))
    cells[:, 3:12] = np.where(bits, 1, -1)[:, :9] * 0.6 + generator.normal(0, 0.8, (2, 9))
    reading = soft_reading(PROFILE_A, characters=characters, cells=cells)
    messages = np.tile(truth[:6], (1024, 1))
    messages[:, 4], messages[:, 5] = np.divmod(np.arange(1024), 32)
    words = encode(messages)
    exact = by_enumeration(reading, words)
    by_word = dict(zip(map(tuple, words.tolist()), exact.tolist(), strict=True))
    best, *others = decode_soft(reading).candidates
    assert by_word[best.codeword] == exact.max()
    assert others
    for other in others:
        behind = exact.max() - by_word[other.codeword]
        assert np.log(best.posterior / other.posterior) == pytest.approx(behind, abs=1e-3)
        assert best.evidence_bits - other.evidence_bits == pytest.approx(behind / np.log(2), abs=1e-3)


def test_the_posterior_of_eight_characters_by_hand() -> None:
    """40 bits of evidence for one of 2^30: odds of 2^10, times .01 for ours, against 1."""
    reading = soft_reading(PROFILE_A, characters=characters_read(PIN, range(8), p_wrong=1e-12))
    decoding = decode_soft(reading)
    best = decoding.candidates[0]
    assert best.id == PIN
    assert best.evidence_bits == pytest.approx(40, abs=1e-5)
    assert best.posterior == pytest.approx(10.24 / 11.24, rel=1e-5)
    assert decoding.not_ours == pytest.approx(0.99 / 11.24, rel=1e-5)
    assert decoding.none_of_these == pytest.approx(1 / 11.24, rel=1e-4)
    assert best.check_bits == 10
    assert decoding.identified is None
    # With a million pins on record, 1,073.7 times the odds, and .9999 is passed; not with a fifth more.
    known = np.arange(permute(PIN), permute(PIN) + 1_200_000, dtype=np.int64)
    assert decode_soft(reading, Prior(registered=known)).identified is None
    known = known[: 10**6]
    registered = decode_soft(reading, Prior(registered=known))
    odds = 10.24 * 2**30 / 10**6
    assert registered.candidates[0].posterior == pytest.approx(odds / (odds + 1), rel=1e-6)
    assert registered.registry_bits == pytest.approx(log2(2**30 / 10**6))
    assert registered.identified is not None


def test_who_is_not_on_record_is_no_candidate() -> None:
    reading = ring_reading(PIN, PROFILE_A)
    others = np.array([permute(PIN) - 1, permute(PIN) + 1], dtype=np.int64)
    assert decode_soft(reading, Prior(registered=others)).candidates == ()
    assert decode_soft(reading, Prior(registered=np.append(others, permute(PIN))[[0, 2, 1]])).identified is not None


@pytest.mark.parametrize(
    ("positions", "checked"), [(range(6), 0), (range(7), 5), (range(8), 10), (range(2, 8), 0), (range(5), 0)]
)
def test_check_bits_of_characters_are_five_for_each_beyond_six(positions: range, checked: int) -> None:
    characters = characters_read(PIN, positions)
    best = decode_soft(soft_reading(PROFILE_A, characters=characters), Prior(ours=0.5)).candidates[0]
    assert best.check_bits == checked
    if len(positions) >= 6:
        assert best.id == PIN
        assert best.used == tuple(positions)


def test_check_bits_pay_for_wrong_cells_and_for_the_search() -> None:
    """90 cells with two wrong: 60 bits less log2(1 + 90 + 4005); all 192 ways tried: 7.58 less."""
    cells = cells_of(PIN, PROFILE_A)
    cells[0, 20] ^= 1
    cells[1, 31] ^= 1
    reading = soft_reading(PROFILE_A, cells=cell_log_likelihoods(cells, 0.02, 0.08))
    decided = int((reading.cells[:, 3:] != 0).sum())
    paid = log2(1 + decided + comb(decided, 2))
    assert decode_soft(reading).candidates[0].check_bits == int(decided - 30 - paid)
    blind = decode_blind(reading)
    assert blind.candidates[0].check_bits == int(decided - 30 - paid - log2(192))
    assert blind.search_bits == log2(192)


def test_two_bits_wrong_among_ninety_make_two_symbols_overruled() -> None:
    cells = cells_of(PIN, PROFILE_A)
    cells[0, 20] ^= 1
    cells[1, 31] ^= 1
    best = decode_soft(soft_reading(PROFILE_A, cells=cell_log_likelihoods(cells, 0.02, 0.08))).candidates[0]
    assert best.id == PIN
    assert best.overruled == (8 + (20 - 3) // 5, 17 + (31 - 3) // 5)
    assert best.identified


def test_two_carriers_that_name_two_pins_identify_neither() -> None:
    cells = cell_log_likelihoods(cells_of(PIN, PROFILE_A), 0.02, 0.08)
    reading = soft_reading(PROFILE_A, characters=characters_read(PIN + 1, range(8), p_wrong=0.05), cells=cells)
    decoding = decode_soft(reading)
    assert decoding.identified is None
    best = decoding.candidates[0]
    assert best.id == PIN
    assert best.posterior > 0.999
    assert dict(best.carrier_bits)["characters"] < -3.3


def test_one_character_misread_is_overruled_in_sight_and_names_nobody() -> None:
    codeword = codeword_of(PIN).tolist()
    typed = [(symbol,) for symbol in codeword[:8]]
    typed[3] = (codeword[3] ^ 1,)
    cells = cell_log_likelihoods(cells_of(PIN, PROFILE_A), 0.02, 0.08)
    reading = soft_reading(PROFILE_A, characters=choice_log_likelihoods(typed, 0.05), cells=cells)
    best = decode_soft(reading).candidates[0]
    assert (best.id, best.overruled, best.identified) == (PIN, (3,), False)
    assert best.posterior > 0.9999
    assert best.check_bits > 10


def test_a_character_that_was_only_thought_likelier_does_not_hinder() -> None:
    """Nine times as likely as the right one it is not overruled; eleven times it is."""
    codeword = codeword_of(PIN)
    cells = cell_log_likelihoods(cells_of(PIN, PROFILE_A), 0.02, 0.08)
    for times, identified in ((9, True), (11, False)):
        characters = np.zeros((8, 32))
        characters[3, codeword[3] ^ 1] = np.log(times)
        reading = soft_reading(PROFILE_A, characters=characters, cells=cells)
        assert decode_soft(reading).candidates[0].id == PIN
        assert (decode_soft(reading).identified is not None) == identified


@pytest.mark.parametrize(("wrong", "identified"), [(5, True), (6, False)])
def test_more_than_an_eighth_of_a_track_contradicting_names_nobody(wrong: int, identified: bool) -> None:  # noqa: FBT001
    """Of 45 cells of the inner track, 5 are less than an eighth and 6 are more."""
    cells = np.where(cells_of(PIN, PROFILE_A) == 1, 3.0, -3.0)
    cells[0, 4 : 4 + 7 * wrong : 7] *= -1
    best = decode_soft(soft_reading(PROFILE_A, cells=cells)).candidates[0]
    assert best.id == PIN
    assert best.posterior > 0.9999
    assert best.identified == identified


@pytest.mark.parametrize("profile", EVERY_PROFILE, ids=lambda profile: profile.name)
def test_nothing_read_gives_no_candidate(profile: Profile) -> None:
    for decoding in (decode_soft(soft_reading(profile)), decode_blind(soft_reading(profile))):
        assert decoding.candidates == ()
        assert decoding.none_of_these == 1
        assert decoding.not_ours == pytest.approx(0.99, rel=1e-6)
        assert decoding.runner_up is None


@settings(deadline=None, max_examples=12)
@given(identifier=IDS, profile=st.sampled_from([PROFILE_A, PROFILE_D]), data=st.data())
def test_a_ring_laid_any_way_is_found_and_so_is_the_way(identifier: int, profile: Profile, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from(orientations(profile)))
    cells = ring_reading(identifier, profile, lost=slice(10, 20)).cells
    decoding = decode_blind(soft_reading(profile, cells=laid(cells, way)))
    assert decoding.identified is not None
    assert decoding.identified.id == identifier
    assert decoding.identified.orientation == way


def test_a_small_ring_alone_names_nobody_and_with_its_characters_does_whichever_way_it_lies() -> None:
    way = Orientation(turn=11, mirrored=True, negative=True)
    cells = laid(ring_reading(PIN, PROFILE_S).cells, way)
    assert decode_blind(soft_reading(PROFILE_S, cells=cells)).identified is None
    decoding = decode_blind(soft_reading(PROFILE_S, characters=characters_read(PIN, range(8)), cells=cells))
    assert decoding.identified is not None
    assert (decoding.identified.id, decoding.identified.orientation) == (PIN, way)


def test_mark_cells_do_not_help_to_name_a_pin() -> None:
    """Somebody's ring that begins as ours do and says no more adds nothing to eight characters: odds of 2^10 / 99."""
    cells = np.zeros((2, 64))
    cells[:, :4] = 8.0 * (2 * np.array(PROFILE_D.mark_cells) - 1)
    best = decode_soft(soft_reading(PROFILE_D, characters=characters_read(PIN, range(8), p_wrong=1e-12), cells=cells))
    assert best.candidates[0].id == PIN
    assert best.candidates[0].posterior == pytest.approx(10.24 / 11.24, rel=1e-5)


@settings(deadline=None, max_examples=12)
@given(identifier=IDS, turn=st.integers(0, 11), first=st.integers(0, 1))
def test_eleven_shapes_turned_name_the_pin(identifier: int, turn: int, first: int) -> None:
    shapes = np.roll(shapes_read(identifier, range(first, first + 11)), turn, axis=0)
    decoding = decode_blind(soft_reading(PROFILE_G, shapes=shapes))
    assert decoding.candidates[0].id == identifier
    assert decoding.candidates[0].orientation == Orientation(turn=turn)
    assert decoding.candidates[0].check_bits == 55 - 30 - 4
    assert decode_soft(soft_reading(PROFILE_G, shapes=np.roll(shapes, -turn, axis=0))).candidates[0].id == identifier


def test_the_ways_a_mark_may_lie() -> None:
    assert [len(orientations(profile)) for profile in EVERY_PROFILE] == [192, 256, 128, 12]
    assert all(orientations(profile)[0] == Orientation() for profile in EVERY_PROFILE)


@pytest.mark.parametrize("profile", RINGS, ids=lambda profile: profile.name)
def test_mark_cells_speak_for_the_way_the_mark_lies(profile: Profile) -> None:
    ways = orientations(profile)
    reading = ring_reading(PIN, profile)
    _, marks = symbol_evidence(reading, ways)
    # What they say of the ways is relative, and on the whole nothing.
    assert np.exp(marks).mean() == pytest.approx(1)
    assert marks[0] == marks.max() > 0
    expected = np.array(profile.mark_cells)
    for way in (5, 40):
        turned = reading.cells[:, (np.arange(expected.shape[1]) + ways[way].turn) % profile.sectors]
        if ways[way].mirrored:
            turned = reading.cells[:, (-np.arange(expected.shape[1]) + ways[way].turn) % profile.sectors]
        likelihoods = [
            2 / (1 + np.exp(-ratios * (2 * expected - 1)))
            for ratios in (reading.cells[:, : expected.shape[1]], turned * (-1 if ways[way].negative else 1))
        ]
        assert marks[0] - marks[way] == pytest.approx(np.log(likelihoods[0]).sum() - np.log(likelihoods[1]).sum())
    assert symbol_evidence(reading, ways[3:4])[1].tolist() == [0]


def test_many_at_once_are_judged_as_one_by_one() -> None:
    generator = np.random.default_rng(2)
    readings = []
    for _ in range(20):
        cells = cell_log_likelihoods(cells_of(int(generator.integers(2**30)), PROFILE_A), 0.1, 0.2)
        cells[generator.random(cells.shape) < generator.uniform(0.3, 0.8)] = 0
        readings.append(soft_reading(PROFILE_A, cells=cells + generator.normal(0, 0.3, cells.shape)))
    evidence, marks = zip(*(symbol_evidence(reading, (Orientation(),)) for reading in readings), strict=True)
    verdicts = judge(np.concatenate(evidence), np.concatenate(marks), PROFILE_A, Prior(ours=0.5))
    for row, reading in enumerate(readings):
        decoding = decode_soft(reading, Prior(ours=0.5))
        assert verdicts.identified[row] == (decoding.identified is not None)
        if decoding.candidates:
            best = decoding.candidates[0]
            assert verdicts.codes[row] == permute(best.id)
            assert verdicts.posteriors[row] == pytest.approx(best.posterior, rel=1e-5)
            assert verdicts.check_bits[row] == best.check_bits
    assert 0 < verdicts.identified.sum() < 20


def test_what_is_no_codeword_is_never_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def corrupted(evidence: NDArray[np.float32], profile: Profile, *, bases: int) -> NDArray[np.uint8]:
        return candidates(evidence, profile, bases=bases) ^ np.array([0] * 25 + [1], dtype=np.uint8)

    monkeypatch.setattr(judging, "candidates", corrupted)
    with pytest.raises(ArithmeticError, match="no codeword"):
        decode_soft(ring_reading(PIN, PROFILE_A))


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        ("characters", np.zeros((8, 31)), "characters have the shape"),
        ("cells", np.zeros((2, 47)), "cells have the shape"),
        ("shapes", np.zeros((12, 32)), "shapes have the shape"),
        ("characters", np.full((8, 32), np.nan), "not a number"),
        ("characters", np.full((8, 32), np.inf), "infinite"),
        ("characters", np.full((8, 32), -np.inf), "impossible"),
        ("cells", np.full((2, 48), -np.inf), "cells"),
    ],
)
def test_other_readings_are_refused(part: str, values: Logarithms, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        soft_reading(PROFILE_A, **{part: values})


@pytest.mark.parametrize("ours", [0, 1, -0.1, 1.1])
def test_other_priors_are_refused(ours: float) -> None:
    with pytest.raises(ValueError, match="ours is"):
        Prior(ours=ours)


@pytest.mark.parametrize("registered", [[], [3, 2], [2, 2], [[1], [2]]])
def test_other_registers_are_refused(registered: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        Prior(registered=np.array(registered, dtype=np.int64))


def test_trying_every_way_divides_the_odds() -> None:
    """The same reading, twelve o'clock known or not: the odds differ by 192 ways, of which mark cells prefer one."""
    reading = ring_reading(PIN, PROFILE_A, lost=slice(10, 30))
    upright, blind = decode_soft(reading), decode_blind(reading)
    odds = [decoding.candidates[0].posterior / decoding.not_ours for decoding in (upright, blind)]
    assert upright.candidates[0].id == blind.candidates[0].id == PIN
    _, preferred = symbol_evidence(reading, orientations(PROFILE_A))
    assert odds[0] / odds[1] == pytest.approx(192 / np.exp(preferred[0]), rel=1e-6)
    assert 1 < odds[0] / odds[1] < 192


def test_much_weak_evidence_is_probable_and_has_no_check_bits() -> None:
    """Cells at odds of e^1.05, just less than three to one: none of them counts as read."""
    weak, strong = (np.where(cells_of(PIN, PROFILE_D) == 1, ratio, -ratio) for ratio in (1.05, 1.15))
    for cells, identified in ((weak, False), (strong, True)):
        best = decode_soft(soft_reading(PROFILE_D, cells=cells)).candidates[0]
        assert best.id == PIN
        assert best.posterior > 0.9999
        assert best.check_bits == (90 if identified else 0)
        assert best.identified == identified


def test_a_track_that_few_but_certain_cells_speak_against_names_nobody() -> None:
    """Five cells of 45, fewer than an eighth, but at odds of e^8 each."""
    for against, identified in ((3.0, True), (8.0, False)):
        cells = np.where(cells_of(PIN, PROFILE_A) == 1, 3.0, -3.0)
        cells[0, 4:39:7] *= -against / 3
        reading = soft_reading(PROFILE_A, characters=characters_read(PIN, range(8)), cells=cells)
        best = decode_soft(reading).candidates[0]
        assert best.id == PIN
        assert (dict(best.carrier_bits)["inner track"] > 0) == identified
        assert best.identified == identified


@pytest.mark.parametrize(
    ("symbols", "gaps", "signs"), [(3, 4, 0), (3, 4, 1), (4, 5, 2), (5, 2, 3), (0, 9, 2), (2, 9, 5)]
)
def test_bits_against_two_marks_are_those_of_all_ways_two_marks_may_look(symbols: int, gaps: int, signs: int) -> None:
    """Each character shows the one mark, both or the other; each gap stays or is filled: all of these, counted."""
    looks = product(*([(0, 1, None)] * symbols + [(0, 1)] * gaps))
    as_clean = sum(None not in look and look.count(1) <= signs for look in looks)
    expected = int(-log2(as_clean / (3**symbols * 2**gaps)) + 1e-9)
    codeword = codeword_of(PIN).tolist()
    typed: list[tuple[int, ...]] = [(symbol,) if place < symbols else () for place, symbol in enumerate(codeword[:8])]
    doubtful = min(signs, symbols)
    typed[:doubtful] = [(symbol, symbol ^ 1) for symbol in codeword[:doubtful]]
    cells = np.where(cells_of(PIN, PROFILE_A) == 1, 6.0, 0.0)
    places = [place for place in np.argwhere(cells == 0).tolist() if place[1] >= 3][:gaps]
    for number, (track, sector) in enumerate(places):
        cells[track, sector] = 2.0 if number < signs - doubtful else -2.0
    reading = soft_reading(PROFILE_A, characters=choice_log_likelihoods(typed, 1e-3), cells=cells)
    best = decode_soft(reading).candidates[0]
    assert best.id == PIN
    assert (best.second_mark_signs, best.single_bits) == (signs, expected)


@pytest.mark.parametrize(("read_as", "identified"), [(0, True), (1, False)])
def test_three_teeth_gone_are_damage_and_three_too_many_a_second_mark(read_as: int, identified: bool) -> None:  # noqa: FBT001
    cells = cells_of(PIN, PROFILE_S)
    changed = np.flatnonzero(cells[0, 2:] != read_as)[[1, 5, 9]] + 2
    cells[0, changed] = read_as
    ratios = np.where(cells == 1, 2.0, -2.0)
    best = decode_soft(soft_reading(PROFILE_S, characters=characters_read(PIN, range(7)), cells=ratios)).candidates[0]
    assert best.id == PIN
    assert best.posterior >= 0.9999
    assert best.check_bits >= 10
    assert best.second_mark_signs == (0 if identified else 3)
    assert best.identified == identified


@pytest.mark.parametrize(("gaps", "identified"), [(11, False), (12, True)])
def test_one_gap_filled_needs_twelve_gaps_beside_eight_characters(gaps: int, identified: bool) -> None:  # noqa: FBT001
    """8 log2(3) = 12.68 bits; 11 gaps less log2(1 + 19) leave 19.36, and 12 less log2(1 + 20) leave 20.29."""
    cells = np.where(cells_of(PIN, PROFILE_S) == 1, 3.0, -3.0)
    empty = np.flatnonzero(cells[0, 2:] < 0) + 2
    cells[0, empty[gaps:]] = 0
    cells[0, empty[0]] = 3.0
    best = decode_soft(soft_reading(PROFILE_S, characters=characters_read(PIN, range(8)), cells=cells)).candidates[0]
    assert best.id == PIN
    assert best.posterior >= 0.9999
    assert best.single_bits == (20 if identified else 19)
    assert best.identified == identified


@pytest.mark.parametrize(("rival", "signs"), [(0.34, 1), (0.32, 0)])
@pytest.mark.parametrize(("places", "single_bits"), [(7, 19), (8, 21)])
def test_a_shape_that_may_be_another_needs_sixteen_places(
    rival: float, signs: int, places: int, single_bits: int
) -> None:
    """One sign of 15: 15 log2(3) - log2(16) = 19.8 bits; of 16: 25.4 - log2(17) = 21.3. A third is the limit."""
    shapes = shapes_read(PIN, range(8))
    shapes[3] = -12
    written = int(written_of(codeword_of(PIN), PROFILE_G)[8 + 3])
    shapes[3, written], shapes[3, written ^ 4] = 0, np.log(rival)
    reading = soft_reading(PROFILE_G, characters=characters_read(PIN, range(places)), shapes=shapes)
    best = decode_soft(reading).candidates[0]
    assert (best.id, best.second_mark_signs) == (PIN, signs)
    assert best.posterior >= 0.9999
    assert best.check_bits >= 10
    if signs:
        assert best.single_bits == single_bits
    assert best.identified == (not signs or places == 8)


@settings(deadline=None, max_examples=20)
@given(pair=st.tuples(IDS, IDS).filter(lambda ids: ids[0] != ids[1]), profile=st.sampled_from([PROFILE_A, PROFILE_D]))
def test_a_ring_with_another_on_it_names_nobody(pair: tuple[int, int], profile: Profile) -> None:
    cells = np.maximum(*(cells_of(identifier, profile) for identifier in pair))
    reading = soft_reading(
        profile, characters=characters_read(pair[0], range(8)), cells=cell_log_likelihoods(cells, 0.02, 0.08)
    )
    assert decode_soft(reading).identified is None
