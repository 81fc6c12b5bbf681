"""Exact decoding: what is identified, what is only listed, and what is never said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.base.errors import InputError
from engrave.code.codeword import codeword_of
from engrave.code.decode import Options, Symbols, decode_options, decode_symbols, expand
from engrave.code.profiles import PROFILES, Profile
from engrave.code.reedsolomon import encode

IDS = st.integers(0, 2**30 - 1)
POSITIONS = st.sets(st.integers(0, 25), max_size=26)


def symbols_of(identifier: int) -> list[int]:
    return [int(symbol) for symbol in codeword_of(identifier)[:26]]


def with_known(identifier: int, known: set[int]) -> Symbols:
    return tuple(symbol if place in known else None for place, symbol in enumerate(symbols_of(identifier)))


@settings(deadline=None, max_examples=150)
@given(identifier=IDS, known=POSITIONS)
def test_erasures_alone_never_name_another(identifier: int, known: set[int]) -> None:
    decoding = decode_symbols(with_known(identifier, known))
    assert not decoding.contradictory
    assert decoding.known_symbols == len(known)
    assert decoding.missing_symbols == max(0, 6 - len(known))
    assert [candidate.id for candidate in decoding.candidates] == ([identifier] if len(known) >= 6 else [])
    assert (decoding.identified is not None) == (len(known) >= 8)
    for candidate in decoding.candidates:
        assert candidate.check_bits == 5 * (len(known) - 6)
        assert candidate.used == candidate.agreeing == tuple(sorted(known))
        assert candidate.overruled == ()


@settings(deadline=None, max_examples=100)
@given(identifier=IDS, known=POSITIONS.filter(lambda known: len(known) >= 7), data=st.data())
def test_up_to_n_less_6_wrong_symbols_identify_nobody(identifier: int, known: set[int], data: st.DataObject) -> None:
    wrong = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1, max_size=len(known) - 6))
    symbols = list(with_known(identifier, known))
    for place in wrong:
        symbols[place] = symbols_of(identifier)[place] ^ data.draw(st.integers(1, 31))
    decoding = decode_symbols(tuple(symbols))
    assert decoding.contradictory
    assert decoding.identified is None
    for candidate in decoding.candidates:
        assert candidate.overruled
        assert set(candidate.agreeing) | set(candidate.overruled) == known
        assert all(candidate.codeword[place] == symbols[place] for place in candidate.agreeing)
        assert all(candidate.codeword[place] != symbols[place] for place in candidate.overruled)


def test_random_symbols_are_identified_as_seldom_as_ten_check_bits_say() -> None:
    """Eight random characters: 1 in 1024 by the code's own numbers; 3,000 tries expect 2.9."""
    characters = np.random.default_rng(30).integers(0, 32, (3000, 8)).tolist()
    decodings = [decode_symbols((*symbols, *(None,) * 18)) for symbols in characters]
    assert sum(decoding.identified is not None for decoding in decodings) <= 12


def test_a_wrong_character_leaves_the_tracks_as_witnesses() -> None:
    symbols = symbols_of(99)
    symbols[2] ^= 4
    decoding = decode_symbols(tuple(symbols))
    (candidate,) = decoding.candidates
    assert decoding.contradictory
    assert candidate.id == 99
    assert candidate.used == tuple(range(8, 26))
    assert candidate.overruled == (2,)
    assert candidate.check_bits == 95
    assert not candidate.identified


def test_two_marks_in_one_reading_are_both_listed() -> None:
    symbols = (*symbols_of(7)[:8], *symbols_of(8)[8:])
    decoding = decode_symbols(symbols)
    assert [candidate.id for candidate in decoding.candidates] == [8, 7]
    assert decoding.candidates[0].used == tuple(range(8, 26))
    assert decoding.candidates[1].used == tuple(range(8))
    assert decoding.identified is None


def doubtful(identifier: int, choices: dict[int, int], known: range) -> Options:
    """The symbols at ``known``; where ``choices`` says so, so many values, the right one among them."""
    symbols = symbols_of(identifier)
    return tuple(
        tuple(sorted({(symbols[place] + step) % 32 for step in range(choices.get(place, 1))})) if place in known else ()
        for place in range(26)
    )


@settings(deadline=None, max_examples=60)
@given(identifier=IDS, choices=st.dictionaries(st.integers(0, 7), st.integers(2, 4), max_size=4))
def test_doubtful_symbols_are_all_tried(identifier: int, choices: dict[int, int]) -> None:
    options = doubtful(identifier, choices, range(17))
    decoding = decode_options(options)
    combinations = len(expand(options))
    assert combinations == len({tuple(word) for word in expand(options).tolist()})
    assert decoding.identified is not None
    assert decoding.identified.id == identifier
    assert 2 ** (55 - decoding.identified.check_bits) >= combinations > 2 ** (54 - decoding.identified.check_bits)


def test_doubt_costs_check_bits() -> None:
    """Eight characters have ten check bits; one choice of two leaves nine, which is one too few."""
    certain, one_doubt = (decode_options(doubtful(5, choices, range(8))) for choices in ({}, {3: 2}))
    assert [candidate.check_bits for candidate in certain.candidates] == [10]
    assert [candidate.check_bits for candidate in one_doubt.candidates] == [9]
    assert certain.identified is not None
    assert one_doubt.identified is None


def test_doubt_without_checks_lists_every_combination() -> None:
    decoding = decode_options(doubtful(5, {0: 2, 1: 3}, range(6)))
    assert len(decoding.candidates) == 6
    assert 5 in {candidate.id for candidate in decoding.candidates}
    assert {candidate.check_bits for candidate in decoding.candidates} == {0}
    assert decoding.identified is None


def test_two_codewords_that_fit_everything_are_not_identified() -> None:
    """Two words alike in positions 0 to 4, either symbol possible in 5 to 16: 43 check bits each, and no verdict."""
    one = symbols_of(5)
    message = np.array([[*one[:5], one[5] ^ 1]], dtype=np.uint8)
    other = encode(message)[0].tolist()
    options = tuple(tuple({one[place], other[place]}) if place < 17 else () for place in range(26))
    decoding = decode_options(options)
    assert {candidate.codeword[:6] for candidate in decoding.candidates} == {tuple(one[:6]), tuple(other[:6])}
    assert [candidate.check_bits for candidate in decoding.candidates] == [43, 43]
    assert decoding.identified is None


def test_4096_combinations_are_tried_and_no_more() -> None:
    assert len(expand(doubtful(5, {0: 16, 1: 16, 2: 16}, range(26)))) == 4096
    with pytest.raises(InputError, match="4352 combinations; 4096 at most"):
        decode_options(doubtful(5, {0: 17, 1: 16, 2: 16}, range(26)))


def test_other_shapes_and_values_are_refused() -> None:
    with pytest.raises(ValueError, match="26 symbols"):
        decode_symbols((None,) * 25)
    with pytest.raises(ValueError, match="0 to 31"):
        decode_symbols((32, *(None,) * 25))
    with pytest.raises(ValueError, match="0 to 31"):
        decode_symbols((-1, *(None,) * 25))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_profile_is_decoded(profile: Profile) -> None:
    symbols = [int(symbol) for symbol in codeword_of(77)[: profile.carried]]
    decoding = decode_symbols(tuple(symbols), profile)
    assert decoding.identified is not None
    assert decoding.identified.id == 77
    assert decoding.identified.check_bits == 5 * (profile.carried - 6)
    symbols[0] ^= 1
    wrong = decode_symbols(tuple(symbols), profile)
    assert wrong.identified is None
    assert [candidate.overruled for candidate in wrong.candidates] == [(0,)]
    with pytest.raises(ValueError, match=f"a reading has {profile.carried} symbols, 8 of characters, "):
        decode_symbols(tuple(symbols[1:]), profile)
