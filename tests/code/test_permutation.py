"""The public permutation: a bijection, and neighbours look nothing alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.code.codeword import codeword_of, id_of
from engrave.code.permutation import permute, unpermute

IDS = st.integers(0, 2**30 - 1)


@settings(deadline=None, max_examples=200)
@given(identifier=IDS)
def test_the_inverse_undoes_it_both_ways(identifier: int) -> None:
    assert unpermute(permute(identifier)) == identifier
    assert permute(unpermute(identifier)) == identifier


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
