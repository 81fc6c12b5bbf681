"""What carriers say of a pin, and the rates over many trials, against counts made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from engrave.base.shares import wilson
from engrave.code.alphabet import ALPHABET, symbol_of
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import PROFILE_A
from engrave.reading import CharacterReading, Reading
from engrave.strike import Condition, Wear
from engrave.verify.trials import Carried, Trial, by_rounds, carried, carriers_of, rates

CARRIERS = carriers_of(PROFILE_A)
MARK = mark_with_id(identifier=2_076_834, serial="375-76834", maker="Borealis", model="Compact")
OTHER = mark_with_id(identifier=77, serial="X", maker="Borealis", model="Compact")


def reading(mark: Mark = MARK, *, lost: int = 0, ring: bool = True) -> Reading:
    """A reading of a mark, its first characters lost, its ring seen or not; certain of what it saw."""
    cells = np.array([[int(cell) for cell in track] for track in mark.ring], dtype=np.int8)
    logs = np.full((8, len(ALPHABET)), -9.0)
    for place, character in enumerate(mark.characters):
        logs[place, symbol_of(character) or 0] = 0.0
    logs[:lost] = 0.0
    return Reading(
        found=True,
        score=0.9,
        x_um=0.0,
        y_um=0.0,
        rotation_rad=0.0,
        mirrored=False,
        scale=1.0,
        aspect=1.0,
        aspect_axis_rad=0.0,
        inverted=False,
        characters=tuple(
            CharacterReading(
                place=str(place),
                character=None if place < lost else character,
                score=0.9,
                runner_up="A",
                runner_up_score=0.1,
                contrast_um=20.0,
            )
            for place, character in enumerate(mark.characters)
        ),
        cells=cells if ring else np.full_like(cells, -1),
        cell_contrast_um=np.zeros(cells.shape),
        shapes=(),
        shape_log_likelihoods=np.zeros((0, 32)),
        character_log_likelihoods=logs,
        cell_log_ratios=np.where(cells == 1, 5.0, -5.0) * float(ring),
        relief_um=20.0,
        contact_um=700.0,
    )


def says(found: Reading) -> dict[str, tuple[bool, int | None]]:
    return {
        carrier: (said.right, said.identified)
        for carrier, said in zip(CARRIERS, carried(found, MARK, polarity="raised"), strict=True)
    }


def test_a_whole_reading_is_right_by_every_carrier() -> None:
    assert says(reading()) == {
        "all characters": (True, None),
        "characters, filled": (True, None),
        "ring": (True, MARK.id),
        "jointly": (True, MARK.id),
    }


@pytest.mark.parametrize(("lost", "filled"), [(1, True), (2, True), (3, False), (8, False)])
def test_two_characters_can_be_filled_and_no_third(lost: int, filled: bool) -> None:  # noqa: FBT001 - a table's column
    said = says(reading(lost=lost, ring=False))
    assert said["all characters"] == (False, None)
    assert said["characters, filled"] == (filled, None)
    assert said["ring"] == (False, None)


def test_one_wrong_character_of_eight_fills_nothing() -> None:
    found = reading(ring=False)
    first = replace(found.characters[0], character="A" if found.characters[0].character != "A" else "B")
    assert says(replace(found, characters=(first, *found.characters[1:])))["characters, filled"] == (False, None)


def test_the_ring_alone_is_enough() -> None:
    said = says(reading(lost=8))
    assert said["ring"] == said["jointly"] == (True, MARK.id)
    assert not said["all characters"][0]


def test_what_is_not_seen_as_it_should_be_says_nothing() -> None:
    sound = reading()
    for found in (replace(sound, found=False), replace(sound, mirrored=True), replace(sound, inverted=True)):
        assert set(says(found).values()) == {(False, None)}


def test_another_pins_mark_is_another_pin() -> None:
    said = says(reading(OTHER))
    assert said["jointly"] == (False, OTHER.id)
    assert said["all characters"] == (False, None)


def trial(index: int, *, rounds: int, right: tuple[bool, ...], named: int | None) -> Trial:
    wear = Wear(rounds=rounds, coefficient=1e-3, hardness_pa=7e9, slip_um=14.0, drag_um=50.0, rounding=1.0)
    return Trial(
        index=index,
        condition=Condition(description="by hand", dent_um=350.0, wear=wear),
        dent_um=350.0,
        contact_um=700.0,
        characters="????????",
        wrong_cells=0,
        lost_cells=0,
        carriers=tuple(
            Carried(right=own, identified=named if carrier == "jointly" else None)
            for carrier, own in zip(CARRIERS, right, strict=True)
        ),
    )


TRIALS = (
    trial(0, rounds=0, right=(True, True, True, True), named=MARK.id),
    trial(1, rounds=400, right=(False, True, True, True), named=MARK.id),
    trial(2, rounds=1600, right=(False, False, False, False), named=OTHER.id),
    trial(3, rounds=1999, right=(False, False, True, True), named=None),
)


def test_rates_are_counts_with_wilsons_interval() -> None:
    found = {entry.carrier: entry for entry in rates(TRIALS, MARK)}
    assert [found[carrier].right.count for carrier in CARRIERS] == [1, 2, 3, 3]
    joint = found["jointly"]
    assert (joint.identified.count, joint.wrong.count, joint.identified.trials) == (2, 1, 4)
    assert (joint.identified.least, joint.identified.most) == wilson(2, 4)


def test_legibility_against_rounds_fired() -> None:
    # 0 to 1999 in five classes of 400.
    aged = by_rounds(TRIALS, MARK)
    assert [(entry.least_rounds, entry.most_rounds) for entry in aged] == [(0, 399), (400, 799), (1600, 1999)]
    assert [entry.rates[-1].identified.count for entry in aged] == [1, 1, 0]
    assert [entry.rates[-1].identified.trials for entry in aged] == [1, 1, 2]


def test_new_pins_have_no_age() -> None:
    assert by_rounds([trial(0, rounds=5, right=(True,) * 4, named=None)], MARK) == ()
    assert by_rounds([], MARK) == ()


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_the_interval_is_wilsons(successes: int, trials: int, expected: tuple[float, float]) -> None:
    assert wilson(successes, trials) == pytest.approx(expected, abs=5e-5)
