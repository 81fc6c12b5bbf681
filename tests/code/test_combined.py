"""One verdict from two ways of decoding: exact decoding explains it, and never says the opposite."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codeword_of
from engrave.code.combined import decode_typed
from engrave.code.judging import Prior
from engrave.code.permutation import permute
from engrave.code.profiles import PROFILE_A, PROFILE_D, PROFILE_G, PROFILE_S, Profile
from engrave.code.reedsolomon import fill
from engrave.code.ring import ring_cells
from engrave.code.shapes import ring_shapes
from engrave.code.typed import typed_reading
from engrave.code.written import bits_of, written_of

IDS = st.integers(0, 2**30 - 1)
LOST = "????????"


def characters(identifier: int) -> str:
    return characters_of(codeword_of(identifier)[:8].tolist())


def tracks(identifier: int, profile: Profile = PROFILE_A) -> list[list[str]]:
    return [["01"[cell] for cell in track] for track in ring_cells(codeword_of(identifier), profile).tolist()]


def joined(typed: list[list[str]]) -> str:
    return "/".join(map("".join, typed))


def test_eight_characters_alone_are_a_candidate_and_no_identification() -> None:
    """Exact decoding has its ten check bits; the posterior, .897 by hand, is what forbids.

    Eight times log2(32 x .98) bits less 30 are odds of 871; times .01 against .99 and the .01 of all others.
    """
    decoded = decode_typed(typed_reading(characters(5)))
    assert decoded.named is None
    assert decoded.exact is not None
    assert decoded.exact.identified is not None
    assert decoded.exact.identified.id == decoded.soft.candidates[0].id == 5
    odds = (32 * 0.98) ** 8 / 2**30
    assert decoded.soft.candidates[0].posterior == pytest.approx(odds / (odds + 100), rel=1e-3)


def test_with_a_register_eight_characters_are_enough() -> None:
    reading = typed_reading(characters(5))
    registered = np.unique(np.array([permute(identifier) for identifier in range(1000)], dtype=np.int64))
    decoded = decode_typed(reading, Prior(registered=registered))
    assert decoded.named is not None
    assert decoded.named.id == 5


@settings(deadline=None, max_examples=25)
@given(identifier=IDS, profile=st.sampled_from([PROFILE_A, PROFILE_D]), data=st.data())
def test_single_teeth_lost_are_overruled_named_and_left_out(
    identifier: int, profile: Profile, data: st.DataObject
) -> None:
    typed = tracks(identifier, profile)
    per_track = profile.symbols_per_track
    marks = len(profile.mark_cells[0])
    teeth = [(t, s) for t in range(2) for s in range(marks, profile.sectors) if typed[t][s] == "1"]
    wrong = data.draw(st.lists(st.sampled_from(teeth), min_size=1, max_size=2, unique=True))
    for track, sector in wrong:
        typed[track][sector] = "0"
    decoded = decode_typed(typed_reading(characters(identifier), joined(typed), profile=profile))
    assert decoded.named is not None
    assert decoded.named.id == identifier
    places = {8 + track * per_track + (sector - marks) // 5 for track, sector in wrong}
    assert set(decoded.left_out) == places
    assert decoded.exact is not None
    assert not decoded.exact.contradictory
    assert [candidate.id for candidate in decoded.exact.candidates] == [identifier]
    assert set(decoded.exact.candidates[0].used) == set(range(profile.carried)) - places


@settings(deadline=None, max_examples=25)
@given(identifier=IDS, place=st.integers(0, 7), step=st.integers(1, 31))
def test_one_wrong_character_is_never_corrected(identifier: int, place: int, step: int) -> None:
    wrong = codeword_of(identifier)[:8]
    wrong[place] = (int(wrong[place]) + step) % 32
    for ring in ("", joined(tracks(identifier))):
        decoded = decode_typed(typed_reading(characters_of(wrong.tolist()), ring))
        assert decoded.named is None
        assert decoded.exact is not None
        assert decoded.exact.contradictory
        assert decoded.left_out == ()


@settings(deadline=None, max_examples=15)
@given(
    identifier=IDS,
    profile=st.sampled_from([PROFILE_A, PROFILE_D, PROFILE_S]),
    turn=st.integers(0, 31),
    mirrored=st.booleans(),
)
def test_a_mark_typed_from_anywhere_is_named_and_explained(
    identifier: int, profile: Profile, turn: int, *, mirrored: bool
) -> None:
    typed = [
        [track[((-place if mirrored else place) + turn) % len(track)] for place in range(len(track))]
        for track in tracks(identifier, profile)
    ]
    decoded = decode_typed(typed_reading(characters(identifier), joined(typed), profile=profile), any_rotation=True)
    assert decoded.named is not None
    assert decoded.named.id == identifier
    assert decoded.exact is not None
    assert not decoded.exact.contradictory
    assert decoded.exact.candidates[0].used == tuple(range(profile.carried))


def test_shapes_typed_from_anywhere_are_explained() -> None:
    shapes = ring_shapes(codeword_of(77))
    typed = " ".join(shapes[5:] + shapes[:5])
    decoded = decode_typed(typed_reading(characters(77), shapes=typed, profile=PROFILE_G), any_rotation=True)
    assert decoded.named is not None
    assert decoded.named.id == 77
    assert decoded.exact is not None
    assert decoded.exact.candidates[0].agreeing == tuple(range(20))


def test_of_a_ring_that_lies_nobody_knows_how_the_characters_alone_are_exact() -> None:
    decoded = decode_typed(typed_reading("12??????", "1" * 10 + "?" * 38 + "/"), any_rotation=True)
    assert decoded.soft.candidates == ()
    assert decoded.exact is not None
    assert (decoded.exact.known_symbols, decoded.exact.missing_symbols) == (2, 4)


def test_too_many_combinations_leave_soft_decoding() -> None:
    """Eight characters of three choices each, 6,561 combinations, and the ring."""
    codeword = codeword_of(9)
    doubtful = "".join(f"[{characters_of([int(s), (int(s) + 1) % 32, (int(s) + 2) % 32])}]" for s in codeword[:8])
    decoded = decode_typed(typed_reading(doubtful, joined(tracks(9))))
    assert decoded.exact is None
    assert decoded.soft.candidates[0].id == 9
    seven = decode_typed(typed_reading(f"{doubtful[:-5]}?", joined(tracks(9))))
    assert seven.exact is not None


def _near_words() -> tuple[NDArray[np.uint8], list[int]]:
    """A word that is zero in five symbols of the ring and, as written, has three more of a single bit; those eight."""
    generator = np.random.default_rng(1)
    known = np.zeros((1, 32), dtype=np.bool_)
    while True:
        places = generator.choice(np.arange(8, 26), 6, replace=False)
        known[:] = False
        known[0, places] = True
        word = np.zeros((1, 32), dtype=np.uint8)
        word[0, places[0]] = generator.integers(1, 32)
        word = fill(word, known).codewords
        changes = written_of(word, PROFILE_A) ^ written_of(np.zeros_like(word), PROFILE_A)
        flips = bits_of(changes[0]).sum(axis=1)
        single = [int(place) for place in np.flatnonzero(flips == 1) if place >= 8]
        if len(single) >= 3:
            return word[0], sorted([*map(int, places[1:]), *single[:3]])


def test_where_the_two_name_different_pins_nobody_is_identified() -> None:
    """Eight whole symbols of the ring are another pin's by three misread cells; ten lack a cell and are the pin's."""
    step, whole = _near_words()
    true = codeword_of(123)
    other = true ^ step
    typed = tracks(123)
    false = ring_cells(other, PROFILE_A).tolist()
    wrong = 0
    for place in range(8, 26):
        track, first = (place - 8) // 9, 3 + 5 * ((place - 8) % 9)
        if place in whole:
            shown = ["01"[cell] for cell in false[track][first : first + 5]]
            wrong += sum(one != two for one, two in zip(shown, typed[track][first : first + 5], strict=True))
            typed[track][first : first + 5] = shown
        else:
            typed[track][first] = "?"
    assert wrong == 3
    decoded = decode_typed(typed_reading(LOST, joined(typed)))
    assert decoded.soft.identified is not None
    assert decoded.soft.identified.id == 123
    assert decoded.exact is not None
    assert decoded.exact.identified is not None
    assert decoded.exact.identified.codeword == tuple(other.tolist())
    assert decoded.named is None
    assert decoded.left_out == ()


RING = st.text("01?", min_size=48, max_size=48)


@settings(deadline=None, max_examples=40)
@given(text=st.text("?0123NHBQXZ", min_size=8, max_size=8), inner=RING, outer=RING, turned=st.booleans())
def test_no_verdict_and_its_opposite(text: str, inner: str, outer: str, *, turned: bool) -> None:
    decoded = decode_typed(typed_reading(text, f"{inner}/{outer}"), any_rotation=turned)
    assert decoded.exact is not None
    if decoded.named is not None:
        assert not decoded.exact.contradictory
    else:
        assert decoded.left_out == ()


@pytest.mark.parametrize(
    ("typed", "given"), [("[NH]", (0.5, 0.5)), ("[N:.7 H:.3]", (0.7, 0.3)), ("[N:.5 H:.2]", (0.5, 0.2))]
)
def test_every_choice_that_was_typed_is_weighed(typed: str, given: tuple[float, float]) -> None:
    """Five certain characters and two choices: two codewords, whose posteriors are as their probabilities.

    The words are found by filling what is lost, with no soft search.
    """
    known = np.array([True] * 6 + [False] * 26)
    words = []
    for choice in "NH":
        symbols = np.zeros((1, 32), dtype=np.uint8)
        symbols[0, :6] = [ALPHABET.index(character) for character in f"499B{choice}M"]
        words.append(characters_of(fill(symbols, known[None]).codewords[0, :8].tolist()))
    found = {
        candidate.characters: candidate.posterior
        for candidate in decode_typed(typed_reading(f"499B{typed}M??")).soft.candidates
    }
    assert found[words[0]] / found[words[1]] == pytest.approx(given[0] / given[1], rel=1e-6)


def test_the_word_of_a_whole_ring_is_weighed_beside_eight_characters_of_another() -> None:
    ring = "/".join("".join(track) for track in tracks(2_076_834))
    found = decode_typed(typed_reading("00000000", ring))
    assert {candidate.id for candidate in found.soft.candidates} >= {2_076_834}
    assert found.named is None
