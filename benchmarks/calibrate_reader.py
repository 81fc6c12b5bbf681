"""Fit the reader's calibration to simulated impressions, and say on others how far its likelihoods can be believed.

Usage: python benchmarks/calibrate_reader.py [--write FILE] [--held-out] [--pins N] [--draws N] [--seed N]

Fitted by maximum likelihood on draws of the tuning part of an ensemble; judged on other pins and draws of that part,
or, where asked, on the part that is held out. Nothing is ever fitted to that one.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.impressions import example_setup, samples
from engrave.base.shares import wilson
from engrave.code.alphabet import symbol_of
from engrave.code.evidence import soft_reading
from engrave.code.profiles import PROFILE_A
from engrave.code.soft import decode_soft
from engrave.reading import Reader, reader_for
from engrave.reading.calibration import CALIBRATIONS, SHIPPED, Calibration
from engrave.reading.evidence import CellEvidence, CharacterEvidence
from engrave.strike import Part
from toolpaths.surface import HeightMap

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Cells = NDArray[np.int8]
PartName = Literal["tuning", "held-out"]
Source = Callable[[PartName, int, int], Iterator[tuple[HeightMap, str, Cells]]]
"""Part, how many and a seed, to impressions with their characters and cells: what this needs of an ensemble."""

BINS = 15
"""Bins of equal width of the confidence in the likeliest symbol."""
DRAWS_A_PIN = 8
_PENALTY = 0.02
# Drawn together by more than this, single symbols are believed too little by far.
_LEAST_TEMPERING = 0.85
_DECIMALS = 4
_CHARACTERS = ("character_scale", "character_lapse")
_CELLS = ("cell_level", "tooth_scale", "gap_scale", "cell_lapse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One impression: what was seen of it, None where no mark was found, and what it bears.

    symbols : (8,). cells : (tracks, sectors).
    """

    evidence: tuple[CharacterEvidence, CellEvidence] | None
    symbols: IntArray
    cells: Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """Likeliest symbols: how sure the reader is of each, whether it is right, and which impression it is of; (n,)."""

    confidence: FloatArray
    right: NDArray[np.bool_]
    case: IntArray

    def table(self) -> list[tuple[float, float, int]]:
        """Mean confidence, share that is right, and count of each bin that is not empty."""
        place = np.minimum((self.confidence * BINS).astype(np.int64), BINS - 1)
        return [
            (float(self.confidence[own].mean()), float(self.right[own].mean()), int(own.sum()))
            for own in (place == number for number in range(BINS))
            if own.any()
        ]

    def expected_calibration_error(self) -> float:
        """Mean distance of confidence and share, by the bins' counts."""
        return sum(abs(sure - right) * count for sure, right, count in self.table()) / max(self.confidence.size, 1)

    def dispersion(self) -> float:
        """How much more the number of wrong symbols of an impression scatters than that of independent ones."""
        count = int(self.case.max(initial=-1)) + 1
        surplus = np.bincount(self.case, weights=self.confidence - self.right, minlength=count)
        variance = float((self.confidence * (1.0 - self.confidence)).sum())
        return float(np.square(surplus).sum()) / variance if variance else 1.0


def of_ensemble(ensemble: str) -> Source:
    """Impressions of the shipped ensemble of this name."""

    def drawn(part: PartName, count: int, seed: int) -> Iterator[tuple[HeightMap, str, Cells]]:
        pins = -(-count // DRAWS_A_PIN)
        for sample in samples(Part(part), pins=pins, draws=DRAWS_A_PIN, seed=seed, ensemble=ensemble):
            cells = np.array([[int(cell) for cell in track] for track in sample.mark.ring], dtype=np.int8)
            yield sample.surface, sample.mark.characters, cells

    return drawn


def collected(impressions: Iterable[tuple[HeightMap, str, Cells]], reader: Reader) -> list[Case]:
    """Every impression looked at."""
    return [
        Case(
            evidence=reader.evidence(surface),
            symbols=np.array([symbol_of(character) for character in characters], dtype=np.int64),
            cells=cells,
        )
        for surface, characters, cells in impressions
    ]


def fitted(cases: Sequence[Case], start: Calibration) -> Calibration:
    """The calibration under which the cases are likeliest, its temperings by how their errors scatter."""
    plain = replace(start, character_tempering=1.0, cell_tempering=1.0)
    plain = _maximised(plain, _CHARACTERS, lambda calibration: _loss(believed_characters(cases, calibration)[1]))
    plain = _maximised(plain, _CELLS, lambda calibration: _loss(believed_cells(cases, calibration)[1]))
    return replace(
        plain,
        character_tempering=_tempering(believed_characters(cases, plain)[0]),
        cell_tempering=_tempering(believed_cells(cases, plain)[0]),
    )


def _tempering(believed: Believed) -> float:
    return round(float(np.clip(1.0 / believed.dispersion(), _LEAST_TEMPERING, 1.0)), _DECIMALS)


def _loss(probabilities: FloatArray) -> float:
    """Mean of what was there, in nats."""
    return float(-np.log(probabilities).mean())


def _maximised(start: Calibration, names: Sequence[str], loss: Callable[[Calibration], float]) -> Calibration:
    """The calibration with these parameters at the least loss, drawn a little towards where they were."""
    first = np.concatenate([np.atleast_1d(getattr(start, name)) for name in names])

    def with_parameters(parameters: FloatArray) -> Calibration:
        values: dict[str, Any] = {}
        at = 0
        for name in names:
            own = getattr(start, name)
            length = len(own) if isinstance(own, tuple) else 1
            part = [round(float(value), _DECIMALS) for value in parameters[at : at + length]]
            values[name] = tuple(part) if isinstance(own, tuple) else part[0]
            at += length
        return replace(start, **values)

    def penalised(parameters: FloatArray) -> float:
        return loss(with_parameters(parameters)) + 1e-3 * _PENALTY * float(np.square(parameters - first).sum())

    found = minimize(penalised, first, method="L-BFGS-B", options={"eps": 0.01, "maxiter": 200})
    return with_parameters(found.x)


def believed_characters(cases: Sequence[Case], calibration: Calibration) -> tuple[Believed, FloatArray]:
    """The likeliest of the 32 at every place that was seen, and the probability of what was there."""
    parts = []
    for number, case in enumerate(cases):
        if case.evidence is None:
            continue
        seen = case.evidence[0].seen
        parts.append((number, _shares(calibration.characters(case.evidence[0])[seen]), case.symbols[seen]))
    return _believed(parts)


def believed_cells(cases: Sequence[Case], calibration: Calibration) -> tuple[Believed, FloatArray]:
    """The likelier of tooth and gap at every cell that was seen, and the probability of what was there."""
    parts = []
    for number, case in enumerate(cases):
        if case.evidence is None:
            continue
        marks = len(PROFILE_A.mark_cells[0])
        seen = case.evidence[1].seen[:, marks:]
        ratios = calibration.cells(case.evidence[1])[:, marks:][seen]
        shares = _shares(np.stack([np.zeros_like(ratios), ratios], axis=1))
        parts.append((number, shares, case.cells[:, marks:][seen].astype(np.int64)))
    return _believed(parts)


def believed_ring_symbols(cases: Sequence[Case], calibration: Calibration) -> tuple[Believed, FloatArray]:
    """The likeliest of the 32 values of every five cells of which something was seen, and that of what was there."""
    bits = (np.arange(32)[:, None] >> np.arange(5)) & 1
    parts = []
    for number, case in enumerate(cases):
        if case.evidence is None:
            continue
        marks = len(PROFILE_A.mark_cells[0])
        ratios = calibration.cells(case.evidence[1])[:, marks:].reshape(-1, 5)
        cells = case.cells[:, marks:].reshape(-1, 5)
        seen = (ratios != 0).any(axis=1)
        parts.append((number, _shares((ratios @ bits.T)[seen]), (cells[seen] @ (1 << np.arange(5))).astype(np.int64)))
    return _believed(parts)


def _shares(logarithms: FloatArray) -> FloatArray:
    """Likelihoods that add to 1, row by row."""
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _believed(parts: Sequence[tuple[int, FloatArray, IntArray]]) -> tuple[Believed, FloatArray]:
    shares = np.concatenate([part[1] for part in parts])
    truth = np.concatenate([part[2] for part in parts])
    case = np.repeat([part[0] for part in parts], [len(part[2]) for part in parts])
    right = shares.argmax(axis=1) == truth
    believed = Believed(confidence=shares.max(axis=1), right=right, case=case.astype(np.int64))
    return believed, shares[np.arange(len(truth)), truth]


def identified(cases: Sequence[Case], calibration: Calibration) -> tuple[int, int]:
    """How many cases joint decoding names, and how many of these wrongly."""
    named = wrong = 0
    for case in cases:
        if case.evidence is None:
            continue
        characters, cells = case.evidence
        reading = soft_reading(PROFILE_A, characters=calibration.characters(characters), cells=calibration.cells(cells))
        best = decode_soft(reading).identified
        if best is not None:
            named += 1
            wrong += list(best.codeword[: PROFILE_A.characters]) != case.symbols.tolist()
    return named, wrong


def report(cases: Sequence[Case], calibration: Calibration) -> None:
    """Print reliability by carrier, and what joint decoding makes of it."""
    found = sum(case.evidence is not None for case in cases)
    print(f"impressions {len(cases)}, mark found in {found}")
    carriers = {
        "characters": believed_characters,
        "ring symbols": believed_ring_symbols,
        "cells": believed_cells,
    }
    for name, of in carriers.items():
        believed, probabilities = of(cases, calibration)
        print(
            f"{name}: n {believed.right.size}, right {believed.right.mean():.4f}, "
            f"expected calibration error {believed.expected_calibration_error():.4f} ({BINS} bins of equal width), "
            f"{_loss(probabilities):.4f} nats, dispersion {believed.dispersion():.2f}"
        )
        for sure, right, count in believed.table():
            print(f"    believed {sure:.3f}  right {right:.3f}  n {count}")
    named, wrong = identified(cases, calibration)
    low, high = wilson(named, len(cases))
    print(f"identified {named} of {len(cases)} ({low:.3f} to {high:.3f}), wrongly {wrong}")


def as_toml(calibration: Calibration, *, source: str) -> str:
    """The data file: every number with its source, a prior, since no struck primer was read."""
    names = [field.name for field in fields(calibration)]
    values = {name: getattr(calibration, name) for name in names}
    lines = [f"{name} = {json.dumps(values[name])}" for name in names]
    stated = f"{{ text = {json.dumps(source)}, prior = true }}"
    sources = [f"{name} = {stated}" for name in names if name != "description"]
    return "\n".join([*lines, "", "[sources]", *sources, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit or judge. The exit code is 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="fit, and write the calibration's file here")
    parser.add_argument("--held-out", action="store_true", help="judge on what no reader was tuned on")
    parser.add_argument("--ensemble", default="field")
    parser.add_argument("--count", type=int, default=400, help="impressions to fit to, and as many to judge by")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)

    source, setup = of_ensemble(given.ensemble), example_setup()
    calibration = CALIBRATIONS.load(SHIPPED).value
    reader = reader_for(setup.places, setup.typeface)
    if given.write:
        calibration = fitted(collected(source("tuning", given.count, given.seed), reader), calibration)
        text = (
            f"fitted by benchmarks/calibrate_reader.py to {given.count} impressions of the tuning part of ensemble "
            f"{given.ensemble}, seed {given.seed}; all simulated"
        )
        given.write.write_text(as_toml(calibration, source=text), encoding="utf-8")
    part: PartName = "held-out" if given.held_out else "tuning"
    report(collected(source(part, given.count, given.seed + 1), reader), calibration)
    return 0


if __name__ == "__main__":
    sys.exit(main())
