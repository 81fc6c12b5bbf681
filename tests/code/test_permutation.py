"""The public permutation: a bijection, and neighbours look nothing alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.code.codeword import codes_of, codeword_of, id_of
from engrave.code.permutation import permute, permute_all, unpermute

IDS = st.integers(0, 2**30 - 1)


@settings(deadline=None, max_examples=200)
@given(identifier=IDS)
def test_the_inverse_undoes_it_both_ways(identifier: int) -> None:
    assert unpermute(permute(identifier)) == identifier
    assert permute(unpermute(identifier)) == identifier


@settings(deadline=None, max_examples=50)
@given(identifiers=st.lists(IDS, max_size=20))
def test_many_at_once_are_as_one_by_one(identifiers: list[int]) -> None:
    assert permute_all(np.array(identifiers, dtype=np.int64)).tolist() == [permute(each) for each in identifiers]


@pytest.mark.parametrize("count", [29_999, 30_000])
def test_either_way_of_permuting_many_gives_the_same_codes(count: int) -> None:
    identifiers = np.arange(7, 7 + count, dtype=np.int64) * 31_337 % 2**30
    codes = codes_of(identifiers)
    for place in (0, 1, count // 2, count - 1):
        assert codes[place] == permute(int(identifiers[place]))


@settings(deadline=None, max_examples=100)
@given(identifier=IDS)
def test_a_codeword_gives_its_id_back(identifier: int) -> None:
    assert id_of(codeword_of(identifier)) == identifier


def test_neighbours_differ_in_seven_or_eight_characters() -> None:
    """Without structure each character agrees once in 32: at least seven differ in 97.6 % of pairs (binomial)."""
    words = np.array([codeword_of(identifier)[:8] for identifier in range(5_000_000, 5_001_001)])
    differing = (words[1:] != words[:-1]).sum(axis=1)
    assert (differing >= 7).mean() > 0.95
    assert differing.min() >= 3


@pytest.mark.parametrize("outside", [-1, 2**30])
def test_what_is_no_id_is_refused(outside: int) -> None:
    for function in (permute, unpermute, codeword_of):
        with pytest.raises(ValueError, match=f"{outside} is no id"):
            function(outside)
    with pytest.raises(ValueError, match=f"{outside} is no id"):
        permute_all(np.array([0, outside, 1], dtype=np.int64))
