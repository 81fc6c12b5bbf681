"""The mother code against reedsolo and galois, and the distance it promises."""

from importlib import import_module
from itertools import combinations

import numpy as np
import pytest
import reedsolo
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code.reedsolomon import encode, fill

LENGTH = 32


def slow_product(one: int, other: int) -> int:
    """Multiplication in GF(32) by shift and add, modulo x^5 + x^2 + 1."""
    product = 0
    for bit in range(5):
        if other >> bit & 1:
            product ^= one << bit
    for bit in range(8, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


TABLE = np.array([[slow_product(one, other) for other in range(32)] for one in range(32)], dtype=np.uint8)
RECIPROCAL = np.array([0, *(TABLE[one].tolist().index(1) for one in range(1, 32))], dtype=np.uint8)


def random_words(count: int, *, seed: int) -> NDArray[np.uint8]:
    return encode(np.random.default_rng(seed).integers(0, 32, (count, 6), dtype=np.uint8))


def random_subsets(count: int, size: int, *, seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((count, LENGTH)).argsort(axis=1) < size


def all_invertible(matrices: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each matrix (n, 6, 6) over GF(32) is regular, by elimination with this file's own table."""
    work = matrices.copy()
    regular = np.ones(len(work), dtype=np.bool_)
    rows = np.arange(len(work))
    for step in range(6):
        pivot = step + (work[:, step:, step] != 0).argmax(axis=1)
        work[rows, pivot], work[:, step] = work[:, step].copy(), work[rows, pivot]
        regular &= work[:, step, step] != 0
        scale = TABLE[work[:, step + 1 :, step], RECIPROCAL[work[:, step, step]][:, None]]
        work[:, step + 1 :] ^= TABLE[scale[:, :, None], work[:, step, None, :]]
    return regular


def test_500_words_are_those_of_reedsolo() -> None:
    codec = reedsolo.RSCodec(25, nsize=31, fcr=1, prim=0x25, generator=2, c_exp=5)
    words = random_words(500, seed=1)
    for word in words.tolist():
        assert list(codec.encode(bytes(word[:6]))) == word[:31]


@pytest.mark.slow
def test_500_words_are_those_of_galois() -> None:
    galois = import_module("galois")  # here, because importing it takes seconds
    code = galois.ReedSolomon(31, 6, field=galois.GF(2**5), alpha=2, c=1)
    words = random_words(500, seed=2)
    assert np.array_equal(np.asarray(code.encode(words[:, :6])), words[:, :31])


def test_the_last_symbol_makes_the_sum_zero() -> None:
    assert not np.bitwise_xor.reduce(random_words(200, seed=3), axis=1).any()


def test_encoding_is_linear_over_the_field() -> None:
    one, other = random_words(100, seed=4), random_words(100, seed=5)
    assert np.array_equal(encode((one ^ other)[:, :6]), one ^ other)
    assert np.array_equal(encode(TABLE[7][one[:, :6]]), TABLE[7][one])


def generator_columns() -> NDArray[np.uint8]:
    """(32, 6): what each position takes of the message."""
    return encode(np.eye(6, dtype=np.uint8)).T.copy()


def test_any_six_positions_at_all_determine_the_word() -> None:
    """All 906,192 choices: with the Singleton bound this is the proof that the distance is 27."""
    positions = np.array(list(combinations(range(LENGTH), 6)))
    columns = generator_columns()
    assert len(positions) == 906_192
    assert all(all_invertible(columns[part]).all() for part in np.array_split(positions, 30))


def test_the_oracle_sees_a_singular_matrix() -> None:
    singular = generator_columns()[[[0, 1, 2, 3, 4, 4]]]
    assert not all_invertible(singular).any()


def test_words_through_five_zeros_weigh_27_exactly() -> None:
    """A word of an MDS code [32, 6] with five zeros at chosen places and one other symbol has no further zero."""
    known = random_subsets(3000, 6, seed=7)
    first = known.argmax(axis=1)
    symbols = np.zeros((3000, LENGTH), dtype=np.uint8)
    symbols[np.arange(3000), first] = 1 + np.arange(3000) % 31
    weights = (fill(symbols, known).codewords != 0).sum(axis=1)
    assert set(weights.tolist()) == {27}


def test_no_two_of_many_words_agree_in_more_than_five_symbols() -> None:
    words = np.unique(random_words(1000, seed=8), axis=0)
    agreements = (words[:, None] == words[None, :]).sum(axis=2)
    np.fill_diagonal(agreements, 0)
    assert agreements.max() <= 5


def test_10000_words_are_filled_from_any_six_to_thirty_two_symbols() -> None:
    words = random_words(10_000, seed=9)
    generator = np.random.default_rng(10)
    sizes = generator.integers(6, 33, 10_000)
    known = generator.random((10_000, LENGTH)).argsort(axis=1) < sizes[:, None]
    filled = fill(np.where(known, words, 0), known)
    assert filled.consistent.all()
    assert np.array_equal(filled.codewords, words)


@pytest.mark.parametrize("width", [6, 7, 8, 14, 26, 31, 32])
@pytest.mark.parametrize("count", [1, 15, 600, 3000])
def test_a_part_of_the_word_is_filled_alone(width: int, count: int) -> None:
    """Few patterns and many, by table and without: always the same words."""
    words = random_words(count, seed=17)[:, :width]
    generator = np.random.default_rng(18)
    patterns = generator.random((5, width)).argsort(axis=1) < generator.integers(6, width + 1, (5, 1))
    known = patterns[generator.integers(0, 5, count)]
    filled = fill(np.where(known, words, 31 - words), known)
    assert filled.consistent.all()
    assert np.array_equal(filled.codewords, words)


def test_few_patterns_and_many_agree_on_what_contradicts() -> None:
    generator = np.random.default_rng(19)
    symbols = generator.integers(0, 32, (6400, 8), dtype=np.uint8)
    known = generator.random((6400, 8)).argsort(axis=1) < 7
    together = fill(symbols, known)
    alone = [fill(symbols[row : row + 1], known[row : row + 1]) for row in range(0, 6400, 20)]
    assert [bool(each.consistent[0]) for each in alone] == together.consistent[::20].tolist()
    assert np.array_equal(np.concatenate([each.codewords for each in alone]), together.codewords[::20])
    assert 140 < together.consistent.sum() < 260  # 200 expected, of a deviation of 14


def test_erasures_are_filled_as_reedsolo_fills_them() -> None:
    codec = reedsolo.RSCodec(25, nsize=31, fcr=1, prim=0x25, generator=2, c_exp=5)
    words = random_words(60, seed=11)
    generator = np.random.default_rng(12)
    for word in words:
        lost = generator.permutation(31)[: generator.integers(1, 26)]
        known = np.ones(LENGTH, dtype=np.bool_)
        known[[*lost, 31]] = False
        damaged = np.where(known, word, 0)
        theirs = codec.decode(bytes(damaged[:31].tolist()), erase_pos=lost.tolist(), only_erasures=True)[1]
        assert list(theirs) == fill(damaged[None], known[None]).codewords[0, :31].tolist()


@settings(deadline=None, max_examples=60)
@given(
    message=st.lists(st.integers(0, 31), min_size=6, max_size=6),
    positions=st.lists(st.integers(0, 31), min_size=7, max_size=32, unique=True),
    data=st.data(),
)
def test_up_to_n_less_6_wrong_symbols_always_contradict(
    message: list[int], positions: list[int], data: st.DataObject
) -> None:
    word = encode(np.array([message], dtype=np.uint8))
    wrong = data.draw(st.integers(1, len(positions) - 6))
    damaged = word.copy()
    for position in positions[:wrong]:
        damaged[0, position] ^= data.draw(st.integers(1, 31))
    known = np.zeros((1, LENGTH), dtype=np.bool_)
    known[0, positions] = True
    assert not fill(damaged, known).consistent[0]


def test_random_symbols_pass_as_often_as_their_check_bits_say() -> None:
    """Eight random symbols are of one codeword once in 2^10: 39 of 40,000 expected, with a deviation of 6.2."""
    symbols = np.random.default_rng(13).integers(0, 32, (40_000, LENGTH), dtype=np.uint8)
    passed = int(fill(symbols, random_subsets(40_000, 8, seed=14)).consistent.sum())
    assert 10 < passed < 70


def test_wrong_shapes_and_values_are_refused() -> None:
    word = random_words(1, seed=15)
    five = random_subsets(1, 5, seed=16)
    with pytest.raises(ValueError, match=r"\(n, 6\)"):
        encode(word)
    with pytest.raises(ValueError, match="0 to 31"):
        encode(np.full((1, 6), 32, dtype=np.uint8))
    with pytest.raises(ValueError, match="fewer than 6"):
        fill(word, five)
    with pytest.raises(ValueError, match="shape"):
        fill(word, five[:, :31])
    with pytest.raises(ValueError, match=r"\(n, 6 to 32\)"):
        fill(word[:, :5], five[:, :5])
    assert fill(word, random_subsets(1, 6, seed=16)).consistent.all()
    assert fill(word[:0], five[:0]).codewords.shape == (0, 32)
    assert encode(np.zeros((0, 6), dtype=np.uint8)).shape == (0, 32)
