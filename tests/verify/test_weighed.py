"""The reader's decisions as likelihoods, and what check.json says of the pins they may be of."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from engrave.code.alphabet import ALPHABET, characters_of
from engrave.code.codeword import codeword_of
from engrave.code.decode import decode_symbols
from engrave.code.mark import make_mark
from engrave.code.ring import ring_cells
from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.reading import Reading
from engrave.reading.values import CharacterReading
from engrave.strike import Impression
from engrave.verify.check import Checked, Struck, symbols_of
from engrave.verify.document import check_to_json
from engrave.verify.weighed import likelihoods_of, weighed
from toolpaths.surface import HeightMap

PIN = 2076834
"""375-76834 of the example job: 499BNM4L."""


def character(decided: str | None, runner_up: str = "1") -> CharacterReading:
    return CharacterReading(
        place="", character=decided, score=0.9, runner_up=runner_up, runner_up_score=0.5, contrast_um=9.0
    )


def read(identifier: int = PIN) -> Reading:
    """A reading of a pin in which everything was decided, and rightly."""
    codeword = codeword_of(identifier)
    cells = ring_cells(codeword).astype(np.int8)
    return Reading(
        found=True,
        score=0.9,
        x_um=0.0,
        y_um=0.0,
        rotation_rad=0.0,
        mirrored=False,
        inverted=False,
        characters=tuple(map(character, characters_of(codeword[:8].tolist()))),
        cells=cells,
        cell_contrast_um=np.zeros(cells.shape),
        relief_um=10.0,
        contact_um=700.0,
    )


def test_likelihoods_by_hand() -> None:
    """A decided character .98, its runner-up .01, the other thirty .01; a tooth .92 to .02, a gap .08 to .98."""
    reading = read()
    cells = np.array(reading.cells)
    cells[1, 7] = -1
    characters = (character("Q", "0"), character(None, "N"), *reading.characters[2:])
    soft = likelihoods_of(replace(reading, characters=characters, cells=cells))
    first = dict(zip(ALPHABET, np.exp(soft.characters[0]).tolist(), strict=True))
    assert first == pytest.approx({c: {"Q": 0.98, "0": 0.01}.get(c, 0.01 / 30) for c in ALPHABET})
    assert np.ptp(soft.characters[1]) == 0
    assert soft.cells[0, 0] == pytest.approx(log(0.92 / 0.02))
    assert soft.cells[0, 3] == pytest.approx(log(0.08 / 0.98) if cells[0, 3] == 0 else log(0.92 / 0.02))
    assert soft.cells[1, 7] == 0


def test_measured_contrast_makes_nothing_more_certain() -> None:
    reading = read()
    proud = tuple(replace(each, score=1.0, runner_up_score=-1.0, contrast_um=99.0) for each in reading.characters)
    deep = replace(reading, characters=proud, cell_contrast_um=np.full(reading.cells.shape, 99.0))
    assert np.array_equal(likelihoods_of(deep).characters, likelihoods_of(reading).characters)
    assert np.array_equal(likelihoods_of(deep).cells, likelihoods_of(reading).cells)


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
                surface=surface,
                contact_um=700.0,
                pressure=2.0,
                dent_um=350.0,
                sunk_um=10.0,
                force_n=1400.0,
                energy_j=0.26,
            ),
        reading=reading,
        decoding=decode_symbols(symbols_of(reading)),
        soft=weighed(reading),
    )
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    document = check_to_json(Checked(mark=mark, job=setup.job, findings=(), struck=(struck,), measured=()), setup)
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
    document = told(replace(reading, cells=cells), setup)
    assert (document["identified"], document["id"], document["posterior"]) == (False, None, None)
    runner_up = document["runner_up"]
    assert isinstance(runner_up, dict)
    assert (runner_up["id"], runner_up["serial"]) == (PIN, "375-76834")
    assert runner_up["posterior"] == 0.999999
    assert runner_up["distance"] is None


def test_eight_characters_read_alone(setup: Setup) -> None:
    """By hand: eight times log2(32 x .98) bits less 30, times .01: the posterior is .897 (a hundredth less certain)."""
    reading = read()
    document = told(replace(reading, cells=np.full_like(reading.cells, -1)), setup)
    odds = (32 * 0.98) ** 8 / 2**30
    assert document["id"] == PIN
    assert document["posterior"] == pytest.approx(odds / (odds + 100), rel=1e-3)


def test_where_nothing_is_read_there_is_neither(setup: Setup) -> None:
    reading = read()
    nothing = replace(
        reading,
        found=False,
        characters=(character(None, ""),) * 8,
        cells=np.full_like(reading.cells, -1),
    )
    document = told(nothing, setup)
    assert (document["id"], document["posterior"], document["runner_up"]) == (None, None, None)
