"""The reader's likelihoods, and what check.json says of the pins they may be of."""

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codeword_of
from engrave.code.decode import decode_symbols
from engrave.code.mark import make_mark
from engrave.code.profiles import PROFILE_A
from engrave.code.ring import ring_cells
from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.reading import Reading
from engrave.reading.values import CharacterReading
from engrave.strike import Impression
from engrave.verify.check import Checked, Struck, symbols_of
from engrave.verify.document import check_to_json
from engrave.verify.formats import program_source
from engrave.verify.weighed import likelihoods_of, weighed
from toolpaths.surface import HeightMap

Cells = NDArray[np.int8]

PIN = 2076834
"""375-76834 of the example job: 499BNM4L."""


def character(decided: str | None, runner_up: str = "1") -> CharacterReading:
    return CharacterReading(
        place="", character=decided, score=0.9, runner_up=runner_up, runner_up_score=0.5, contrast_um=9.0
    )


def likelihoods(decided: str | None) -> list[float]:
    """By hand: a character that was read .98, the other thirty-one .02 together; of a lost one nothing is known."""
    return [log(0.98 if symbol == decided else 0.02 / 31) if decided else 0.0 for symbol in ALPHABET]


def ratio(cell: int) -> float:
    """By hand: a tooth .92 to .02, a gap .08 to .98."""
    return {1: log(0.92 / 0.02), 0: log(0.08 / 0.98), -1: 0.0}[cell]


def written(reading: Reading) -> list[str | None]:
    """The characters of a reading."""
    return [each.character for each in reading.characters]


def with_symbols(reading: Reading, characters: Sequence[str | None], cells: Cells) -> Reading:
    """The reading with these symbols, each as likely as the hand has it."""
    return replace(
        reading,
        characters=tuple(map(character, characters)),
        cells=cells,
        character_log_likelihoods=np.array([likelihoods(each) for each in characters]),
        cell_log_ratios=np.array([[ratio(int(cell)) for cell in track] for track in cells]),
    )


def read(identifier: int = PIN) -> Reading:
    """A reading of a pin in which everything was decided, and rightly."""
    codeword = codeword_of(identifier)
    cells = ring_cells(codeword).astype(np.int8)
    blank = Reading(
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
        characters=(),
        cells=cells,
        cell_contrast_um=np.zeros(cells.shape),
        shapes=(),
        shape_log_likelihoods=np.zeros((0, 32)),
        character_log_likelihoods=np.zeros((8, 32)),
        cell_log_ratios=np.zeros(cells.shape),
        relief_um=10.0,
        contact_um=700.0,
    )
    return with_symbols(blank, characters_of(codeword[:8].tolist()), cells)


def test_the_readers_likelihoods_are_what_is_weighed() -> None:
    reading = read()
    soft = likelihoods_of(reading, PROFILE_A)
    np.testing.assert_array_equal(soft.characters, reading.character_log_likelihoods)
    np.testing.assert_array_equal(soft.cells, reading.cell_log_ratios)


def test_what_was_decided_makes_nothing_more_certain() -> None:
    reading = read()
    other = replace(
        reading,
        characters=(character("Q", "0"),) * 8,
        cells=1 - reading.cells,
        cell_contrast_um=np.full(reading.cells.shape, 99.0),
    )
    assert weighed(other, PROFILE_A) == weighed(reading, PROFILE_A)


def test_a_doubtful_character_is_overruled_by_the_rest() -> None:
    """One place says three to one for another character: all is named, and no verdict was asked."""
    reading = read()
    doubtful = reading.character_log_likelihoods.copy()
    doubtful[2] = np.log(0.25 / 31)
    doubtful[2, [ALPHABET.index("Q"), codeword_of(PIN)[2]]] = np.log([0.5625, 0.1875])
    decoding = weighed(replace(reading, character_log_likelihoods=doubtful), PROFILE_A)
    assert decoding.identified is not None
    assert decoding.identified.id == PIN
    assert decoding.identified.overruled == (2,)


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(load_job(None))


def told(reading: Reading, setup: Setup) -> dict[str, object]:
    """The reading in check.json, of the nominal strike."""
    surface = HeightMap(z_um=np.zeros((2, 2)), pixel_um=1.0, x0_um=0.0, y0_um=0.0, frame="reading")
    struck = Struck(
        name="nominal",
        condition=setup.job.conditions[0].value,
        impression=Impression(
            surface=surface, contact_um=700.0, pressure=2.0, dent_um=300.0, sunk_um=0.0, force_n=900.0, energy_j=0.3
        ),
        reading=reading,
        decoding=decode_symbols(symbols_of(reading, PROFILE_A), PROFILE_A),
        soft=weighed(reading, PROFILE_A),
    )
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    checked = Checked(
        mark=mark,
        job=setup.job,
        source=program_source("job.ngc"),
        findings=(),
        struck=(struck,),
        measured=(),
        times=None,
    )
    document = check_to_json(checked, setup)
    assert any(prior["of"] == "reading.posterior" for prior in document["priors"])
    assert document["verdict"] == "pass"
    shown: dict[str, object] = document["reading"]
    return shown


def test_a_sound_reading_has_a_posterior_and_a_runner_up_far_behind(setup: Setup) -> None:
    document = told(read(), setup)
    assert (document["id"], document["posterior"]) == (PIN, 0.999999)
    runner_up = document["runner_up"]
    assert isinstance(runner_up, dict)
    assert runner_up["id"] != PIN
    assert runner_up["posterior"] == 0
    # No two words of the 26 carried symbols differ in fewer than 21.
    assert 21 <= runner_up["distance"] <= 26


def test_a_worn_reading_names_nobody_and_tells_the_likeliest(setup: Setup) -> None:
    """One tooth read as a gap: exact decoding names nobody, and soft decoding's best is no identification here."""
    reading = read()
    cells = np.array(reading.cells)
    cells[0, 3 + int(np.argmax(cells[0, 3:]))] = 0
    document = told(with_symbols(reading, written(reading), cells), setup)
    assert (document["identified"], document["id"], document["posterior"]) == (False, None, None)
    runner_up = document["runner_up"]
    assert isinstance(runner_up, dict)
    assert (runner_up["id"], runner_up["serial"]) == (PIN, "375-76834")
    assert runner_up["posterior"] == 0.999999
    assert runner_up["distance"] is None


def test_eight_characters_read_alone(setup: Setup) -> None:
    """By hand: eight times log2(32 x .98) bits less 30, times .01: the posterior is .897 (a hundredth less certain)."""
    reading = read()
    document = told(with_symbols(reading, written(reading), np.full_like(reading.cells, -1)), setup)
    odds = (32 * 0.98) ** 8 / 2**30
    assert document["id"] == PIN
    assert document["posterior"] == pytest.approx(odds / (odds + 100), rel=1e-3)


def test_where_nothing_is_read_there_is_neither(setup: Setup) -> None:
    reading = read()
    nothing = with_symbols(reading, (None,) * 8, np.full_like(reading.cells, -1))
    document = told(replace(nothing, found=False), setup)
    assert (document["id"], document["posterior"], document["runner_up"]) == (None, None, None)
