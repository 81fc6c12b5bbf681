"""Likelihoods of cells and choices: by hand, and on both sides of every boundary."""

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods, empty_runs

Cells = NDArray[np.int8]


def ring(*tracks: str) -> Cells:
    return np.array([[{"1": 1, "0": 0, "?": -1}[cell] for cell in track] for track in tracks]).astype(np.int8)


def runs(*tracks: str) -> str:
    return "".join("x" if lost else "." for lost in empty_runs(ring(*tracks)).tolist())


def test_the_ratios_are_those_of_a_z_channel() -> None:
    """P(tooth read | tooth) = .9 against .02, P(gap read | tooth) = .1 against .98."""
    ratios = cell_log_likelihoods(ring("10?1", "1110"), 0.02, 0.1)
    tooth, gap = log(0.9 / 0.02), log(0.1 / 0.98)
    assert ratios == pytest.approx(np.array([[tooth, gap, 0, tooth], [tooth, tooth, tooth, gap]]))
    assert tooth > -gap > 0


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        (("1000110", "1000110"), "......."),  # three sectors
        (("1000010", "1000010"), ".xxxx.."),  # four, eight cells
        (("1000010", "100001?"), ".xxxx.."),
        (("1000010", "1000?10"), "......."),  # four sectors, but seven cells that were read
        (("10000010", "100?0010"), ".xxxxx.."),
        (("1000010", "1001010"), "......."),  # a tooth on the other track
        (("0001100", "0001100"), "xxx..xx"),  # around twelve o'clock
        (("0001110", "0001110"), "xxx...x"),
        (("0001111", "0001111"), "......."),
        (("100000001", "?????????"), "........."),  # seven sectors of one track
        (("1000000001", "??????????"), ".xxxxxxxx."),
        (("100001000011", "100001000011"), ".xxxx.xxxx.."),
        (("0000000", "0000000"), "xxxxxxx"),
        (("???????", "???????"), "xxxxxxx"),
    ],
)
def test_long_empty_runs_are_lost(tracks: tuple[str, ...], expected: str) -> None:
    assert runs(*tracks) == expected


def test_cells_in_a_run_say_nothing() -> None:
    ratios = cell_log_likelihoods(ring("1000010", "1000010"), 0.01, 0.1)
    assert (ratios[:, 1:5] == 0).all()
    assert (ratios[:, [0, 5, 6]] != 0).all()


def test_no_tracks_no_ratios() -> None:
    assert cell_log_likelihoods(np.zeros((0, 0), dtype=np.int8), 0.01, 0.1).shape == (0, 0)


@pytest.mark.parametrize(("false", "missed"), [(0, 0.1), (0.1, 0), (0.5, 0.1), (0.1, 0.5), (-0.1, 0.1), (0.1, 1)])
def test_impossible_probabilities_are_refused(false: float, missed: float) -> None:
    with pytest.raises(ValueError, match=r"above 0 and below 0\.5"):
        cell_log_likelihoods(ring("10"), false, missed)


def test_other_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="-1 for lost"):
        cell_log_likelihoods(np.full((2, 4), 2, dtype=np.int8), 0.1, 0.1)


def test_choices_share_what_is_not_wrong() -> None:
    likelihoods = np.exp(choice_log_likelihoods([(3,), (4, 9), (), tuple(range(32))], 0.1))
    assert likelihoods.sum(axis=1) == pytest.approx(1)
    assert likelihoods[0, 3] == pytest.approx(0.9)
    assert likelihoods[0, 4] == pytest.approx(0.1 / 31)
    assert likelihoods[1, [4, 9]] == pytest.approx(0.45)
    assert likelihoods[1, 0] == pytest.approx(0.1 / 30)
    assert likelihoods[2:] == pytest.approx(1 / 32)


def test_other_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 31"):
        choice_log_likelihoods([(32,)], 0.1)
    with pytest.raises(ValueError, match="p_wrong is 0"):
        choice_log_likelihoods([(1,)], 0)
    with pytest.raises(ValueError, match="p_wrong is 1"):
        choice_log_likelihoods([(1,)], 1)
