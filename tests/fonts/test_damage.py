"""Damage takes away what it says and leaves the rest, and the reader is right where nothing can be mistaken."""

import numpy as np
import pytest

from fonts.damage import confusion, wear
from fonts.strokes import FloatArray

Skeleton = tuple[FloatArray, ...]

HEIGHT_UM = 150.0
STROKE_UM = 20.0
STEM: Skeleton = (np.array([[0.0, -65.0], [0.0, 65.0]]),)
BAR: Skeleton = (np.array([[-65.0, 0.0], [65.0, 0.0]]),)


def read(*skeletons: Skeleton, trials: int, seed: int) -> list[list[int]]:
    counts = confusion(skeletons, height_um=HEIGHT_UM, stroke_um=STROKE_UM, trials=trials, seed=seed)
    return [[int(count) for count in row] for row in counts]


def test_a_stem_and_a_bar_are_never_confused() -> None:
    assert read(STEM, BAR, trials=20, seed=0) == [[20, 0], [0, 20]]


def test_twins_are_read_as_the_first() -> None:
    assert read(STEM, STEM, trials=6, seed=0) == [[6, 0], [6, 0]]


def test_a_shape_within_another_is_told_by_what_is_missing_only() -> None:
    """A half stem is all there is of a stem whose other half is gone, so some stems are read as the half."""
    half: Skeleton = (np.array([[0.0, 0.0], [0.0, 65.0]]),)
    (stems, half_stems), _ = read(STEM, half, trials=60, seed=0)
    assert 0 < half_stems < stems


def test_equal_seeds_wear_alike() -> None:
    assert read(STEM, BAR, trials=3, seed=5) == read(STEM, BAR, trials=3, seed=5)
    first, same, other = (
        wear(STEM, height_um=HEIGHT_UM, stroke_um=STROKE_UM, fade=True, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.image, same.image)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("fade", [True, False])
def test_ink_stands_only_where_the_damage_left_it(fade: bool) -> None:  # noqa: FBT001 - a table's column
    block: Skeleton = tuple(np.array([[-75.0, y], [75.0, y]]) for y in np.arange(-75.0, 76.0, 10.0))
    rng = np.random.default_rng(3)
    lost = []
    for _ in range(12):
        worn = wear(block, height_um=HEIGHT_UM, stroke_um=40.0, fade=fade, rng=rng)
        # 225 x 250 um of 2.5 um, one sample on the centre.
        assert worn.image.shape == worn.undamaged.shape == (101, 91)
        rows, columns = np.ogrid[-50:51, -45:46]
        inside = (np.abs(rows) < 20) & (np.abs(columns) < 20)  # 50 um from the centre: within the block, shifted or not
        lost.append(float(np.mean(~worn.undamaged[inside])))
        assert worn.image[inside & worn.undamaged].mean() > worn.image[inside & ~worn.undamaged].mean() + 0.2
        # The noise is .09; blur takes some of the rest at the edges of the damage.
        assert 0.6 < worn.image[inside & worn.undamaged].mean() < 1.1
    # A fade takes less than half of the middle and more than nothing; spots of 20-37 um take a part of it.
    assert 0.05 < np.mean(lost) < 0.6


def test_a_worn_stroke_is_0_6_to_1_5_of_what_it_was_and_stays_near_its_place() -> None:
    rng = np.random.default_rng(8)
    columns_um = 2.5 * np.arange(-45, 46)
    widths_um, places_um = [], []
    for _ in range(40):
        worn = wear(STEM, height_um=HEIGHT_UM, stroke_um=STROKE_UM, fade=False, rng=rng)
        # Rows of the stem, 20 um or more from its ends and from all damage: a blur spreads ink there and takes none.
        inner = np.abs(np.arange(-50, 51)) <= 15
        damaged = ~(inner & worn.undamaged.all(axis=1))
        rows = worn.image[np.convolve(damaged, np.ones(17), mode="same") == 0]
        if len(rows) >= 5:
            near = np.abs(columns_um) <= 60.0
            widths_um.append(2.5 * rows.sum(axis=1).mean())
            places_um.append(float((rows[:, near] * columns_um[near]).sum() / rows[:, near].sum()))
    # 12 to 30 um, and what the noise adds to a sum over 91 samples: some 4 um for five rows.
    assert 12.0 - 5.0 < min(widths_um) < 18.0
    assert 24.0 < max(widths_um) < 30.0 + 5.0
    # Shifted by up to 7.5 um; a turn about the centre leaves the middle where it is.
    assert 3.0 < np.abs(places_um).max() < 7.5 + 4.0


def test_a_class_may_be_drawn_larger_than_the_canvas() -> None:
    wide: Skeleton = (np.array([[-300.0, 0.0], [300.0, 0.0]]),)
    assert read(STEM, wide, trials=4, seed=2) == [[4, 0], [0, 4]]
