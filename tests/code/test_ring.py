"""The ring's cells: there and back, what a loss costs, and that no turned, mirrored or negative ring is a ring."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code.codeword import codeword_of
from engrave.code.reedsolomon import encode, fill
from engrave.code.ring import ring_cells, ring_symbols

Cells = NDArray[np.int8]
IDS = st.integers(0, 2**30 - 1)


def cells_of(codeword: NDArray[np.uint8]) -> Cells:
    return ring_cells(codeword).astype(np.int8)


def whole_symbols(cells: Cells) -> list[int]:
    return [symbol for symbol in ring_symbols(cells) if symbol is not None]


@settings(deadline=None, max_examples=100)
@given(identifier=IDS, lost=st.sets(st.tuples(st.integers(0, 1), st.integers(0, 47)), max_size=30))
def test_a_lost_cell_costs_its_symbol_and_no_other(identifier: int, lost: set[tuple[int, int]]) -> None:
    codeword = codeword_of(identifier)
    cells = cells_of(codeword)
    for track, sector in lost:
        cells[track, sector] = -1
    gone = {9 * track + (sector - 3) // 5 for track, sector in lost if sector >= 3}
    expected = tuple(None if place in gone else int(codeword[8 + place]) for place in range(18))
    assert ring_symbols(cells) == expected


@settings(deadline=None, max_examples=50)
@given(identifier=IDS, track=st.integers(0, 1), sector=st.integers(3, 47))
def test_a_wrong_cell_makes_its_own_symbol_wrong(identifier: int, track: int, sector: int) -> None:
    cells = cells_of(codeword_of(identifier))
    right = ring_symbols(cells)
    cells[track, sector] ^= 1
    wrong = ring_symbols(cells)
    assert [place for place in range(18) if right[place] != wrong[place]] == [9 * track + (sector - 3) // 5]


def test_the_mark_cells_are_those_of_the_specification() -> None:
    cells = ring_cells(codeword_of(123))
    assert cells.shape == (2, 48)
    assert cells[:, :3].tolist() == [[True, True, True], [True, True, False]]


def test_the_word_of_zeros_shows_the_mask() -> None:
    cells = ring_cells(np.zeros(32, dtype=np.uint8))[:, 3:].astype(int)
    assert ["".join(map(str, track)) for track in cells.tolist()] == [
        "010101000111111110111000101001110100011111010",
        "111101101101001110000101001000111001110101011",
    ]


def test_other_shapes_and_values_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        ring_symbols(np.zeros((2, 47), dtype=np.int8))
    with pytest.raises(ValueError, match="-1 for lost"):
        ring_symbols(np.full((2, 48), 2, dtype=np.int8))


def test_a_negative_ring_fits_no_codeword_in_seven_symbols() -> None:
    """Any seven symbols of a negative ring contradict: 2,000 words, seven symbols each at random."""
    generator = np.random.default_rng(20)
    words = encode(generator.integers(0, 32, (2000, 6), dtype=np.uint8))
    symbols = np.zeros((2000, 32), dtype=np.uint8)
    for row, word in enumerate(words):
        symbols[row, 8:26] = whole_symbols(1 - cells_of(word))
    known = np.zeros((2000, 32), dtype=np.bool_)
    known[:, 8:26] = generator.random((2000, 18)).argsort(axis=1) < 7
    assert not fill(symbols, known).consistent.any()


def disturbances() -> Iterator[tuple[bool, bool, int]]:
    """Mirrored or not, negative or not, turned by so many sectors: all but nothing."""
    for mirrored in (False, True):
        for negative in (False, True):
            yield from ((mirrored, negative, turn) for turn in range(48) if mirrored or negative or turn)


def disturbed(cells: Cells, mirrored: bool, negative: bool, turn: int) -> Cells:  # noqa: FBT001 - the tuple above
    cells = cells[:, ::-1] if mirrored else cells
    return np.roll(1 - cells if negative else cells, turn, axis=1)


# Both maps are affine over GF(2): 31 words span the image of all 2^30.
SPANNING_WORDS = encode(
    np.array(
        [[0] * 6, *([1 << bit if place == at else 0 for place in range(6)] for at in range(6) for bit in range(5))]
    ).astype(np.uint8)
)


def words_that_still_read(disturbance: tuple[bool, bool, int], positions: list[int]) -> int | None:
    """Binary logarithm of how many of the 2^30 words, so disturbed, fit a codeword at these positions; None for none.

    The syndrome of a disturbed ring is an affine function of the 30 message bits; this counts its zeros by elimination.
    """
    symbols = np.zeros((31, 32), dtype=np.uint8)
    for row, word in enumerate(SPANNING_WORDS):
        symbols[row, 8:26] = whole_symbols(disturbed(cells_of(word), *disturbance))
    known = np.zeros((31, 32), dtype=np.bool_)
    known[:, positions] = True
    differences = (fill(symbols, known).codewords ^ symbols)[:, positions]
    syndromes = (differences[:, :, None] >> np.arange(5) & 1).reshape(31, -1)
    constant, linear = syndromes[0], syndromes[1:] ^ syndromes[0]
    equations = [int("".join(map(str, row)), 2) for row in np.vstack([linear, constant]).T]
    pivots: list[int] = []
    for equation in equations:
        rest = equation
        for pivot in pivots:
            rest = min(rest, rest ^ pivot)
        if rest == 1:
            return None
        if rest:
            pivots = sorted([*pivots, rest], reverse=True)
    return 30 - len(pivots)


def test_no_ring_disturbed_is_a_ring() -> None:
    """Of all 2^30 words, under all 191 disturbances, mark cells left aside."""
    whole = list(range(8, 26))
    assert [found for each in disturbances() if (found := words_that_still_read(each, whole)) is not None] == []


def test_the_count_sees_what_is_undisturbed() -> None:
    assert words_that_still_read((False, False, 0), list(range(8, 26))) == 30


def test_eight_symbols_of_a_turned_ring_seldom_fit() -> None:
    """Without a mask, runs of a ring turned by one symbol would fit for every word; at most 1 in 128 do."""
    runs = [list(range(8, 16)), list(range(9, 17)), list(range(17, 25)), list(range(18, 26))]
    turns = [(False, False, turn) for turn in (5, 10, 15, 43, 38, 33, 1, 47, 24)]
    counts = [words_that_still_read(turn, run) for turn in turns for run in runs]
    assert max(count for count in counts if count is not None) <= 30 - 7
