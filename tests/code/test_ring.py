"""Cells and shapes: there and back, what a loss costs, and that what is turned, mirrored or negative is no ring."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engrave.code.codeword import codeword_of
from engrave.code.profiles import PROFILE_A, PROFILE_D, PROFILE_G, PROFILE_S, Profile
from engrave.code.reedsolomon import encode, fill
from engrave.code.ring import ring_cells, ring_symbols
from engrave.code.shapes import SHAPE_NAMES, ring_shapes, shape_symbols

Cells = NDArray[np.int8]
IDS = st.integers(0, 2**30 - 1)
HALF_TURN_ID = 919_446_426


def cells_of(codeword: NDArray[np.uint8], profile: Profile = PROFILE_A) -> Cells:
    return ring_cells(codeword, profile).astype(np.int8)


def whole_symbols(cells: Cells, profile: Profile = PROFILE_A) -> list[int]:
    return [symbol for symbol in ring_symbols(cells, profile) if symbol is not None]


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


@pytest.mark.parametrize(("profile", "most"), [(PROFILE_A, 6), (PROFILE_D, 7)], ids=["A", "D"])
def test_a_negative_ring_fits_no_codeword_in_more_symbols(profile: Profile, most: int) -> None:
    """Any seven symbols of a negative ring contradict, or eight where position 31 is among them: 2,000 words."""
    generator = np.random.default_rng(20)
    words = encode(generator.integers(0, 32, (2000, 6), dtype=np.uint8))
    ring = slice(8, profile.carried)
    symbols = np.zeros((2000, 32), dtype=np.uint8)
    for row, word in enumerate(words):
        symbols[row, ring] = whole_symbols(1 - cells_of(word, profile), profile)
    known = np.zeros((2000, 32), dtype=np.bool_)
    known[:, ring] = generator.random((2000, profile.carried - 8)).argsort(axis=1) < most + 1
    assert not fill(symbols, known).consistent.any()


def disturbances(sectors: int) -> Iterator[tuple[bool, bool, int]]:
    """Mirrored or not, negative or not, turned by so many sectors: all but nothing."""
    for mirrored in (False, True):
        for negative in (False, True):
            yield from ((mirrored, negative, turn) for turn in range(sectors) if mirrored or negative or turn)


def disturbed(cells: Cells, mirrored: bool, negative: bool, turn: int) -> Cells:  # noqa: FBT001 - the tuple above
    cells = cells[:, ::-1] if mirrored else cells
    return np.roll(1 - cells if negative else cells, turn, axis=1)


# Both maps are affine over GF(2): 31 words span the image of all 2^30.
SPANNING_WORDS = encode(
    np.array(
        [[0] * 6, *([1 << bit if place == at else 0 for place in range(6)] for at in range(6) for bit in range(5))]
    ).astype(np.uint8)
)


def rings_that_still_read(
    disturbance: tuple[bool, bool, int], positions: list[int], profile: Profile = PROFILE_A
) -> int | None:
    """Binary logarithm of how many of the 2^30 words, so disturbed, fit a codeword at these positions.

    None where none does.
    """
    symbols = np.zeros((31, 32), dtype=np.uint8)
    for row, word in enumerate(SPANNING_WORDS):
        cells = disturbed(cells_of(word, profile), *disturbance)
        symbols[row, 8 : profile.carried] = whole_symbols(cells, profile)
    return words_that_fit(symbols, positions)


def words_that_fit(symbols: NDArray[np.uint8], positions: list[int]) -> int | None:
    """The same from the disturbed symbols of the spanning words, (31, 32).

    The syndrome of a disturbed word is an affine function of the 30 message bits; this counts its zeros by elimination.
    """
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


@pytest.mark.parametrize("profile", [PROFILE_A, PROFILE_D], ids=["A", "D"])
def test_no_ring_disturbed_is_a_ring(profile: Profile) -> None:
    """Of all 2^30 words, under all 191 or 255 disturbances, mark cells left aside."""
    whole = list(range(8, profile.carried))
    readable = [rings_that_still_read(each, whole, profile) for each in disturbances(profile.sectors)]
    assert len(readable) == 4 * profile.sectors - 1
    assert {count for count in readable if count is not None} == set()


def test_the_count_sees_what_is_undisturbed() -> None:
    assert rings_that_still_read((False, False, 0), list(range(8, 26))) == 30


def test_a_small_ring_disturbed_is_always_a_ring() -> None:
    """Six symbols have no check: profile S needs its characters to know how it lies."""
    assert rings_that_still_read((False, False, 5), list(range(8, 14)), PROFILE_S) == 30


def test_eight_symbols_of_a_turned_ring_seldom_fit() -> None:
    """Without a mask, runs of a ring turned by one symbol would fit for every word; at most 1 in 128 do."""
    runs = [list(range(8, 16)), list(range(9, 17)), list(range(17, 25)), list(range(18, 26))]
    turns = [(False, False, turn) for turn in (5, 10, 15, 43, 38, 33, 1, 47, 24)]
    counts = [rings_that_still_read(turn, run) for turn in turns for run in runs]
    assert max(count for count in counts if count is not None) <= 30 - 7


def shapes_of(symbols: NDArray[np.uint8], turn: int) -> list[int]:
    """The symbols that the shapes of a codeword show when they are turned clockwise by so many places."""
    values = [(SHAPE_NAMES.index(name),) for name in np.roll(ring_shapes(symbols), turn).tolist()]
    return [symbol for (symbol,) in shape_symbols(values)]


def test_no_shapes_turned_are_shapes_but_one_ring_that_is_its_own_half_turn() -> None:
    """Of all 2^30 words and all eleven turns."""
    found: dict[int, int] = {}
    for turn in range(1, 12):
        symbols = np.zeros((31, 32), dtype=np.uint8)
        for row, word in enumerate(SPANNING_WORDS):
            symbols[row, 8:20] = shapes_of(word, turn)
        count = words_that_fit(symbols, list(range(8, 20)))
        if count is not None:
            found[turn] = count
    assert found == {6: 0}


def test_the_ring_that_is_its_own_half_turn() -> None:
    shapes = ring_shapes(codeword_of(HALF_TURN_ID))
    assert shapes[:6] == shapes[6:]


@settings(deadline=None, max_examples=50)
@given(identifier=IDS)
def test_shapes_there_and_back(identifier: int) -> None:
    codeword = codeword_of(identifier)
    assert shapes_of(codeword, 0) == codeword[8:20].tolist()
    assert ring_cells(codeword, PROFILE_G).shape == (0, 0)
    assert ring_symbols(np.zeros((0, 0), dtype=np.int8), PROFILE_G) == ()
    assert ring_shapes(codeword, PROFILE_A) == ()


def test_a_shape_of_lost_orientation_is_one_of_four_symbols() -> None:
    codeword = codeword_of(5)
    shape = ring_shapes(codeword)[2][0]
    values = [(), (), tuple(4 * "abcdefgh".index(shape) + turn for turn in range(4)), *[()] * 9]
    symbols = shape_symbols(values)
    assert int(codeword[10]) in symbols[2]
    assert len(set(symbols[2])) == 4
    assert symbols[:2] == ((), ())


def test_another_number_of_shapes_is_refused() -> None:
    with pytest.raises(ValueError, match="11 shapes; the profile has 12"):
        shape_symbols([()] * 11)
