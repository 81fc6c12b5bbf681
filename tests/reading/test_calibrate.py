"""The calibrator against known calibrations, and its figures by hand."""

import tomllib
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from benchmarks.calibrate_reader import (
    Believed,
    Case,
    as_toml,
    believed_cells,
    believed_characters,
    believed_ring_symbols,
    fitted,
    identified,
)
from engrave.base.config import build
from engrave.code.codeword import codeword_of
from engrave.code.ring import ring_cells
from engrave.reading.calibration import CALIBRATIONS, SHIPPED, Calibration
from engrave.reading.evidence import CellEvidence, CharacterEvidence

pytestmark = pytest.mark.slow

TRUE = Calibration(
    description="what the cases are drawn from",
    character_scale=(3.0, 0.0, 0.0, 0.0, 0.0),
    character_lapse=(-3.0, 0.0),
    character_tempering=1.0,
    shape_tempering=1.0,
    cell_level=(0.5, 4.0, 0.0),
    tooth_scale=(0.0, 0.0, 0.0, 0.0, 0.0),
    gap_scale=(0.0, 0.0, 0.0, 0.0, 0.0),
    cell_lapse=-6.0,
    cell_tempering=1.0,
)


def believed(confidence: Sequence[float], right: Sequence[bool], case: Sequence[int]) -> Believed:
    return Believed(confidence=np.array(confidence), right=np.array(right), case=np.array(case, dtype=np.int64))


def test_the_error_of_calibration_by_hand() -> None:
    """Two bins of two: .95 believed and half right, .5 believed and all right: (.45 + .5) / 2."""
    one = believed([0.96, 0.94, 0.5, 0.5], [True, False, True, True], [0, 0, 1, 1])
    assert one.table() == [(0.5, 1.0, 2), (pytest.approx(0.95), 0.5, 2)]
    assert one.expected_calibration_error() == pytest.approx(0.475)


def test_errors_that_come_together_scatter_more() -> None:
    """Of two impressions of two symbols believed to a half one is all wrong: surplus 1 and -1, variance 4 x .25."""
    together = believed([0.5] * 4, [True, True, False, False], [0, 0, 1, 1])
    apart = believed([0.5] * 4, [True, False, True, False], [0, 0, 1, 1])
    assert together.dispersion() == pytest.approx(2.0)
    assert apart.dispersion() == pytest.approx(0.0)


def drawn_cases(rng: np.random.Generator, count: int) -> list[Case]:
    """Evidence drawn at random, and symbols drawn by what the true calibration makes of it."""
    cases = []
    for _ in range(count):
        characters = CharacterEvidence(
            misfit=-np.abs(rng.normal(0.0, 0.3, (8, 32))), quality=np.zeros((8, 4)), seen=np.ones(8, dtype=np.bool_)
        )
        cells = CellEvidence(
            level=rng.uniform(-0.2, 1.2, (2, 48)),
            share=np.full((2, 48), 0.5),
            quality=np.zeros((2, 48, 5)),
            seen=np.ones((2, 48), dtype=np.bool_),
        )
        symbols = [rng.choice(32, p=np.exp(row) / np.exp(row).sum()) for row in TRUE.characters(characters)]
        teeth = rng.random((2, 48)) < 1 / (1 + np.exp(-TRUE.cells(cells)))
        cases.append(
            Case(evidence=(characters, cells), symbols=np.array(symbols, dtype=np.int64), cells=teeth.astype(np.int8))
        )
    return cases


def test_a_fit_comes_back_to_what_the_cases_were_drawn_from() -> None:
    start = replace(TRUE, character_scale=(2.0, 0.0, 0.0, 0.0, 0.0), cell_level=(0.0, 2.0, 0.0))
    rng = np.random.default_rng(601)
    found = fitted(drawn_cases(rng, 80), start)
    assert found.character_scale[0] == pytest.approx(3.0, abs=0.35)
    assert found.cell_level[:2] == pytest.approx((0.5, 4.0), abs=0.5)
    assert min(found.character_tempering, found.cell_tempering) >= 0.85
    fresh = drawn_cases(rng, 250)
    for of in (believed_characters, believed_ring_symbols, believed_cells):
        assert of(fresh, found)[0].expected_calibration_error() < 0.05


def certain_case(identifier: int, shown: int) -> Case:
    """A mark seen perfectly, which is said to be another's."""
    codeword = codeword_of(shown)
    misfit = np.full((8, 32), -0.1)
    misfit[np.arange(8), codeword[:8]] = -4.0
    cells = ring_cells(codeword).astype(np.float64)
    evidence = (
        CharacterEvidence(misfit=misfit, quality=np.zeros((8, 4)), seen=np.ones(8, dtype=np.bool_)),
        CellEvidence(level=cells, share=cells, quality=np.zeros((2, 48, 5)), seen=np.ones((2, 48), dtype=np.bool_)),
    )
    own = codeword_of(identifier)
    return Case(evidence=evidence, symbols=own[:8].astype(np.int64), cells=ring_cells(own).astype(np.int8))


def test_wrong_names_are_counted() -> None:
    calibration = replace(TRUE, cell_level=(0.0, 10.0, 0.0))
    unseen = Case(evidence=None, symbols=np.zeros(8, dtype=np.int64), cells=np.zeros((2, 48), dtype=np.int8))
    assert identified([certain_case(5, 5), certain_case(5, 6), unseen], calibration) == (2, 1)


def test_the_file_that_is_written_is_the_calibration() -> None:
    shipped = CALIBRATIONS.load(SHIPPED).value
    table = tomllib.loads(as_toml(shipped, source='a "source"'))
    sources = table.pop("sources")
    assert all(source == {"text": 'a "source"', "prior": True} for source in sources.values())
    assert set(sources) == {field.name for field in fields(Calibration)} - {"description"}
    assert build(Calibration, table, origin="written") == shipped
