"""Means over squares, and back: sums, straight fields, mirrored fields."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engrave.strike.grids import block_means, interpolated, smoothed

sizes = st.integers(1, 40)
odd = st.integers(0, 6).map(lambda half: 2 * half + 1)


@given(rows=sizes, columns=sizes, factor=odd, seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_mirrored_field_has_mirrored_means(rows: int, columns: int, factor: int, seed: int) -> None:
    field = np.random.default_rng(seed).normal(size=(rows, columns))
    means = block_means(field, factor)
    for flip in (np.s_[::-1], np.s_[:, ::-1]):
        assert block_means(field[flip], factor)[flip] == pytest.approx(means, abs=1e-5)
        assert interpolated(means[flip], factor, field.shape)[flip] == pytest.approx(
            interpolated(means, factor, field.shape), abs=1e-5
        )


@given(rows=sizes, columns=sizes, factor=odd)
@settings(max_examples=60, deadline=None)
def test_means_of_one_value_are_that_value_and_so_is_what_they_are_stretched_to(
    rows: int, columns: int, factor: int
) -> None:
    means = block_means(np.full((rows, columns), 2.5), factor)
    assert np.all(means == 2.5)
    again = interpolated(means, factor, (rows, columns))
    assert again.shape == (rows, columns)
    assert np.all(again == 2.5)


def test_means_by_hand() -> None:
    # Seven samples in squares of three: one, three, three would not be even; two, three, two is.
    found = block_means(np.arange(7.0)[np.newaxis], 3)
    assert found.tolist() == [[0.5, 3.0, 5.5]]
    assert block_means(np.array([[True, False], [True, True]]), 1).tolist() == [[1.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("size", [45, 46, 47, 48])
@pytest.mark.parametrize("factor", [1, 3, 5])
def test_a_plane_comes_back_as_it_was_inside(size: int, factor: int) -> None:
    y, x = np.mgrid[0.0:size, 0.0 : size + 3]
    plane = 3.0 * x - 2.0 * y
    found = interpolated(block_means(plane, factor), factor, plane.shape)
    inside = np.s_[2 * factor : -2 * factor, 2 * factor : -2 * factor]
    assert found[inside] == pytest.approx(plane[inside], abs=1e-3)


@pytest.mark.parametrize("factor", [1, 3])
def test_a_smoothed_half_plane_is_the_normal_distribution(factor: int) -> None:
    # Land to the left of the middle, sigma 30 um: .1587 of a mean at 30 um beyond the edge is land.
    land = np.broadcast_to(np.arange(200) < 100, (200, 200))
    share = interpolated(smoothed(land, factor=factor, sigma_um=30.0, pixel_um=2.0), factor, land.shape)[100]
    assert share[[84, 99, 100, 115]] == pytest.approx([0.8486, 0.5133, 0.4867, 0.1514], abs=0.004)
