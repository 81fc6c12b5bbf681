"""What can still be read of a damaged mark, and that no wrong pin is named.

Usage: python benchmarks/survival.py --json FILE [--trials 2000] [--proof 0.001] [--profiles DASG]

The table: for each row so many random marks are damaged and decoded. "First" is the share in which the right pin comes
first, with the lower bound of its 95 % interval; "named" the share in which it is identified; "wrong" counts other pins
identified. Seed 0. Damage of the table:

- an arc, begun at a random sector, vanishes and is known to be lost; "unmarked": it is read as gaps, without a sign;
- graded: every cell is read as +1 or -1 plus Gaussian noise, of which the share in per cent falls on the wrong side;
  hard: that share of cells is read the wrong way round, a tooth or a gap alike;
- a shape, which profile G has in place of cells, is read as any other with that probability, graded or hard, and an arc
  of shapes that is gone is seen to be gone;
- a doubtful character is one of two; blind: the mark lies in an unknown way, one of all ways.

The proof: readings damaged in ways that the decoder's likelihoods know nothing of, a million at 1, and a hundred
thousand each of foreign marks, of noise and of two marks on top of each other, of which either is right. The exit code
is 3 where a bound is missed, a wrong pin is named or a foreign reading accepted.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, timed, write_json
from engrave.code.channel import cell_log_likelihoods, choice_log_likelihoods
from engrave.code.evidence import (
    Orientation,
    SoftReading,
    orientations,
    soft_reading,
    symbol_evidence,
)
from engrave.code.judging import Prior, judge
from engrave.code.permutation import permute
from engrave.code.profiles import SPECIFIED_PROFILES, Profile
from engrave.code.reedsolomon import DIMENSION, encode
from engrave.code.ring import LOST, ring_cells
from engrave.code.soft import decode_blind, decode_soft
from engrave.code.written import written_of

SCHEMA = "pin-engrave/survival/1"
SEED = 0
TRIALS = 2_000
SLACK = 0.02
BATCH = 64
CHARACTERS = 8
READINGS = 1_000_000
FOREIGN = 100_000
WILSON_Z = 1.959964
P_WRONG_CHARACTER = 0.01
P_MISSED_UNMARKED = 0.02
UPRIGHT = (Orientation(),)
# Where a reading's best posterior fell, and how often it was right: the reliability curve.
EDGES = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 0.9999, 1.0)
LIBRARIES = ("numpy", "pin-engrave")

Generator = np.random.Generator
Symbols = NDArray[np.uint8]
Cells = NDArray[np.int8]
Ratios = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of damage; ``required`` is what profile D must reach."""

    arc: float
    error: float
    graded: bool = True
    unmarked: bool = False
    blind: bool = False
    lost: int = 8
    doubtful: int = 0
    required: float | None = None

    @property
    def name(self) -> str:
        """What happens to the mark."""
        rest = "ring alone" if self.lost == CHARACTERS else f"{self.lost} characters lost, {self.doubtful} doubtful"
        kind = "unmarked" if self.unmarked else "graded" if self.graded else "hard"
        return f"{'blind, ' if self.blind else ''}{rest}, arc {self.arc:.0%}, cells {self.error:.0%}, {kind}"


ROWS = (
    Row(arc=1 / 3, error=0.05, required=1.00),
    Row(arc=0.5, error=0.05, required=1.00),
    Row(arc=0.5, error=0.10, required=0.94),
    Row(arc=1 / 3, error=0.05, graded=False),
    Row(arc=0.5, error=0.05, graded=False),
    Row(arc=0.5, error=0.10, graded=False),
    Row(arc=0.75, error=0.01, lost=4, doubtful=2, required=0.99),
    Row(arc=0.75, error=0.01, lost=4, doubtful=2, graded=False),
    Row(arc=0.25, error=0.05, lost=2, doubtful=2),
    Row(arc=0.5, error=0.05, lost=2, doubtful=1),
    Row(arc=0.25, error=0.01, graded=False, unmarked=True, required=1.00),
    Row(arc=1 / 3, error=0.01, graded=False, unmarked=True, required=1.00),
    Row(arc=0.5, error=0.01, graded=False, unmarked=True, required=1.00),
    Row(arc=0.5, error=0.01, blind=True, required=0.93),
    Row(arc=1 / 3, error=0.05, blind=True, required=0.93),
    Row(arc=0.5, error=0.01, blind=True, graded=False),
    Row(arc=1 / 3, error=0.05, blind=True, graded=False),
)
JOINT, TURNED = ROWS[6], ROWS[14]


def wilson_lower(successes: int, trials: int) -> float:
    """The lower end of the 95 % interval of E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, for a share."""
    share, z2 = successes / trials, WILSON_Z**2
    middle = share + z2 / (2 * trials)
    reach = WILSON_Z * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, (middle - reach) / (1 + z2 / trials))


def survival(row: Row, profile: Profile, *, trials: int, seed: tuple[int, ...]) -> dict[str, Any]:
    """How many of so many damaged marks come first, are identified, and are taken for another."""
    generator = np.random.default_rng(seed)
    codewords = encode(generator.integers(0, 32, (trials, DIMENSION), dtype=np.uint8))
    readings = (_damaged(row, profile, codeword, generator) for codeword in codewords)
    judged = _blind(readings) if row.blind else _upright(readings, profile, Prior())
    first = named = wrong = 0
    for code, (answer, _, identified) in zip(_codes(codewords), judged, strict=True):
        first += answer == code
        named += identified and answer == code
        wrong += identified and answer != code
    return {
        "first": first / trials,
        "first_at_least": wilson_lower(first, trials),
        "named": named / trials,
        "wrong": wrong,
    }


def _codes(codewords: Symbols) -> list[int]:
    """The permuted ids, which name the marks."""
    powers = 32 ** np.arange(DIMENSION)[::-1]
    codes: list[int] = (codewords[:, :DIMENSION].astype(np.int64) @ powers).tolist()
    return codes


def _upright(readings: Iterator[SoftReading], profile: Profile, prior: Prior) -> Iterator[tuple[int, float, bool]]:
    """The best permuted id of each reading, its posterior, and whether it is identified: many at once."""
    waiting: list[SoftReading] = []
    for reading in readings:
        waiting.append(reading)
        if len(waiting) == BATCH:
            yield from _judged(waiting, profile, prior)
            waiting = []
    if waiting:
        yield from _judged(waiting, profile, prior)


def _judged(readings: list[SoftReading], profile: Profile, prior: Prior) -> Iterator[tuple[int, float, bool]]:
    evidence, marks = zip(*(symbol_evidence(reading, UPRIGHT) for reading in readings), strict=True)
    verdicts = judge(np.concatenate(evidence), np.concatenate(marks), profile, prior)
    columns = (verdicts.codes, verdicts.posteriors, verdicts.identified)
    return zip(*(column.tolist() for column in columns), strict=True)


def _blind(readings: Iterator[SoftReading]) -> Iterator[tuple[int, float, bool]]:
    for reading in readings:
        candidates = decode_blind(reading).candidates
        best = candidates[0] if candidates else None
        yield (permute(best.id), best.posterior, best.identified) if best else (-1, 0.0, False)


def _damaged(row: Row, profile: Profile, codeword: Symbols, generator: Generator) -> SoftReading:
    """One reading of a mark, as the module's text says."""
    way = orientations(profile)[int(generator.integers(len(orientations(profile))))] if row.blind else Orientation()
    gone = (np.arange(profile.turns) - generator.integers(profile.turns)) % profile.turns < round(
        row.arc * profile.turns
    )
    parts: dict[str, Ratios] = {"characters": _characters(row, codeword, generator)}
    if profile.shapes:
        written = written_of(codeword, profile)[profile.characters :]
        misread = generator.random(profile.shapes) < row.error
        seen = written ^ np.where(misread, generator.integers(1, 32, profile.shapes), 0).astype(np.uint8)
        read = [() if lost else (int(value),) for value, lost in zip(seen, gone, strict=True)]
        parts["shapes"] = np.roll(choice_log_likelihoods(read, row.error), way.turn, axis=0)
    else:
        parts["cells"] = _laid(_cells(row, ring_cells(codeword, profile), gone, generator), way)
    return soft_reading(profile, **parts)


def _characters(row: Row, codeword: Symbols, generator: Generator) -> Ratios:
    order = generator.permutation(CHARACTERS).tolist()
    lost, doubtful = set(order[: row.lost]), set(order[row.lost : row.lost + row.doubtful])
    choices: list[tuple[int, ...]] = []
    for place, symbol in enumerate(codeword[:CHARACTERS].tolist()):
        other = symbol ^ int(generator.integers(1, 32))
        choices.append(() if place in lost else (symbol, other) if place in doubtful else (symbol,))
    return choice_log_likelihoods(choices, P_WRONG_CHARACTER)


def _cells(row: Row, teeth: NDArray[np.bool_], gone: NDArray[np.bool_], generator: Generator) -> Ratios:
    """The log-likelihood ratios of the cells as they were engraved."""
    if row.graded:
        noise = 1 / NormalDist().inv_cdf(1 - row.error)
        levels = np.where(teeth, 1.0, -1.0) + generator.normal(0, noise, teeth.shape)
        return np.where(gone, 0.0, 2 * levels / noise**2)
    left = teeth & ~(gone & row.unmarked)
    read = (left ^ (generator.random(teeth.shape) < row.error)).astype(np.int8)
    if row.unmarked:
        return cell_log_likelihoods(read, row.error, P_MISSED_UNMARKED)
    ratio = np.log((1 - row.error) / row.error)
    return np.where(gone, 0.0, np.where(read == 1, ratio, -ratio))


def _laid(ratios: Ratios, way: Orientation) -> Ratios:
    """Mirrored about twelve o'clock, then turned clockwise, then with gaps for teeth."""
    if way.mirrored:
        ratios = np.roll(ratios[:, ::-1], 1, axis=1)
    return np.roll(ratios, way.turn, axis=1) * (-1 if way.negative else 1)


# The proof. Nothing below is known to the likelihoods: what a reader believes of its errors is drawn apart from them.


def proof(*, scale: float) -> dict[str, Any]:
    """Damaged, foreign, noisy and overlaid readings, and how many were identified, rightly or not."""
    kinds: dict[str, tuple[int, Maker]] = {
        "damaged": (READINGS, _worn),
        "foreign": (FOREIGN, _foreign),
        "noise": (FOREIGN, _noise),
        "overlaid": (FOREIGN, _overlaid),
    }
    return {
        name: _proved(maker, max(4, round(count * scale)), seed=(SEED, 1000 + number))
        for number, (name, (count, maker)) in enumerate(kinds.items())
    }


Maker = Callable[[Profile, Generator], tuple[list[int], SoftReading]]


def _proved(maker: Maker, readings: int, *, seed: tuple[int, ...]) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    named = wrong = 0
    seen, right = np.zeros(len(EDGES) - 1, dtype=np.int64), np.zeros(len(EDGES) - 1, dtype=np.int64)
    for number, profile in enumerate(SPECIFIED_PROFILES.values()):
        share = len(range(number, readings, len(SPECIFIED_PROFILES)))
        truths: list[list[int]] = []

        def made(
            profile: Profile = profile, share: int = share, truths: list[list[int]] = truths
        ) -> Iterator[SoftReading]:
            for _ in range(share):
                truth, reading = maker(profile, generator)
                truths.append(truth)
                yield reading

        # Truths are taken with the readings, a batch ahead of the answers.
        for place, (code, posterior, identified) in enumerate(_upright(made(), profile, Prior())):
            named += identified
            wrong += identified and code not in truths[place]
            step = min(int(np.searchsorted(EDGES, posterior, side="right")), len(EDGES) - 1) - 1
            seen[step] += 1
            right[step] += code in truths[place]
    curve = [
        {"from": low, "to": high, "readings": int(count), "right": int(good)}
        for low, high, count, good in zip(EDGES[:-1], EDGES[1:], seen, right, strict=True)
    ]
    return {"readings": readings, "identified": named, "wrong": wrong, "posteriors": curve}


def _worn(profile: Profile, generator: Generator) -> tuple[list[int], SoftReading]:
    """A mark with worn, smeared, shifted and dirty parts, read by somebody who misjudges the errors."""
    codeword = encode(generator.integers(0, 32, (1, DIMENSION), dtype=np.uint8))[0]
    parts: dict[str, Ratios] = {"characters": _misread(codeword[:8], 1.0, generator)}
    if profile.shapes:
        parts["shapes"] = _misread(written_of(codeword, profile)[8:], 1.0, generator)
    else:
        parts["cells"] = _believed(_ruined(ring_cells(codeword, profile), generator), generator)
    return _codes(codeword[None]), soft_reading(profile, **parts)


def _misread(symbols: Symbols, keep: float, generator: Generator) -> Ratios:
    """Some symbols lost, some taken for another; the belief in what was read has nothing to do with either."""
    lost, wrong = generator.uniform(0, 1), generator.uniform(0, 0.5) ** 2 * keep
    choices: list[tuple[int, ...]] = []
    for symbol in symbols.tolist():
        fate = generator.random(2)
        # Confusion takes a few bits, as a smeared letter resembles some and not all others.
        seen = symbol ^ (1 << int(generator.integers(5))) if fate[1] < wrong else symbol
        other = seen ^ int(generator.integers(1, 32))
        choices.append(() if fate[0] < lost else (seen, other) if fate[0] > 0.9 else (seen,))  # noqa: PLR2004 - a tenth
    return choice_log_likelihoods(choices, float(generator.uniform(0.001, 0.2)))


def _ruined(teeth: NDArray[np.bool_], generator: Generator) -> Cells:
    """Teeth smeared away in blotches, dirt read as teeth, a stretch slipped by a sector, a part out of sight."""
    tracks, sectors = teeth.shape
    cells = teeth.astype(np.int8)
    places = np.arange(sectors)
    for kind, most in (("smear", 4), ("dirt", 3), ("slip", 1), ("hidden", 2)):
        for _ in range(int(generator.integers(most + 1))):
            length = 1 + int(generator.integers(sectors // 3 if kind != "dirt" else 4))
            there = (places - generator.integers(sectors)) % sectors < length
            hit = np.flatnonzero(generator.random(tracks) < 0.8)  # noqa: PLR2004 - mostly both tracks
            for track in hit.tolist():
                slipped = np.roll(cells[track], 1)
                new = {"smear": np.zeros_like(slipped), "dirt": np.ones_like(slipped), "slip": slipped}
                cells[track, there] = new.get(kind, np.full_like(slipped, LOST))[there]
    flipped = (generator.random(cells.shape) < generator.uniform(0, 0.25) ** 2 * 4) & (cells != LOST)
    cells[flipped] ^= 1
    return cells


def _believed(cells: Cells, generator: Generator) -> Ratios:
    """What a reader makes of the cells: a Z-channel of its own choice, blurred in half of the readings."""
    false, missed = generator.uniform(0.002, 0.15), generator.uniform(0.002, 0.3)
    ratios = cell_log_likelihoods(cells, float(false), float(missed))
    blur = np.exp(generator.normal(0, 0.7, cells.shape)) if generator.random() < 0.5 else 1.0  # noqa: PLR2004 - half
    return ratios * blur


def _foreign(profile: Profile, generator: Generator) -> tuple[list[int], SoftReading]:
    """Another maker's mark: cells of any density or of a repeated pattern, any characters, any shapes."""
    characters = generator.integers(0, 32, 8, dtype=np.uint8)
    parts: dict[str, Ratios] = {"characters": _misread(characters, 0.0, generator)}
    if profile.shapes:
        parts["shapes"] = _misread(generator.integers(0, 32, profile.shapes, dtype=np.uint8), 0.0, generator)
    else:
        shape = (profile.tracks, profile.sectors)
        cells = (generator.random(shape) < generator.uniform(0.2, 0.8)).astype(np.int8)
        if generator.random() < 0.2:  # noqa: PLR2004 - a fifth
            period = int(generator.integers(2, 17))
            cells = np.tile(cells[:, :period], profile.sectors)[:, : profile.sectors]
        parts["cells"] = _believed(cells, generator)
    return [], soft_reading(profile, **parts)


def _noise(profile: Profile, generator: Generator) -> tuple[list[int], SoftReading]:
    """No mark at all: likelihoods of any strength, strong in patches."""
    strength = generator.uniform(0, 8)
    parts = {
        "characters": generator.normal(0, strength, (8, 32)) * generator.random((8, 1)),
        "cells": generator.normal(0, strength, (profile.tracks, profile.sectors)),
        "shapes": generator.normal(0, strength, (profile.shapes, 32)) * generator.random((profile.shapes, 1)),
    }
    return [], soft_reading(profile, **parts)


def _overlaid(profile: Profile, generator: Generator) -> tuple[list[int], SoftReading]:
    """Two marks, one on the other: a tooth where either has one; of two characters or shapes one is seen, or both."""
    pair = encode(generator.integers(0, 32, (2, DIMENSION), dtype=np.uint8))
    parts = {"characters": _either(pair[:, :8], generator)}
    if profile.shapes:
        parts["shapes"] = _either(written_of(pair, profile)[:, 8:], generator)
    else:
        both = (ring_cells(pair[0], profile) | ring_cells(pair[1], profile)).astype(np.int8)
        parts["cells"] = _believed(both, generator)
    return _codes(pair), soft_reading(profile, **parts)


def _either(pair: Symbols, generator: Generator) -> Ratios:
    """Of each place the first, the second, or both as choices, each as often."""
    choices: list[tuple[int, ...]] = []
    for one, other in pair.T.tolist():
        fate = generator.random(2)
        seen = (one, other)[round(fate[0])]
        choices.append((one, other) if fate[1] < 1 / 3 else (seen,))
    return choice_log_likelihoods(choices, float(generator.uniform(0.001, 0.2)))


def speed(*, repeats: int) -> dict[str, Any]:
    """CPU seconds of one decoding, upright and blind, of a worn mark of each profile; the middle of so many."""
    results: dict[str, Any] = {}
    for name, profile in SPECIFIED_PROFILES.items():
        generator = np.random.default_rng((SEED, 2000))
        codeword = encode(generator.integers(0, 32, (1, DIMENSION), dtype=np.uint8))[0]
        joint = _damaged(JOINT, profile, codeword, generator)
        turned = _damaged(TURNED, profile, codeword, generator)
        upright, _ = timed(partial(decode_soft, joint), repeats=10 * repeats)
        blind, _ = timed(partial(decode_blind, turned), repeats=repeats)
        results[name] = {"soft_s": round(upright.median_s, 6), "blind_s": round(blind.median_s, 6)}
    return results


def table(profiles: str, *, trials: int) -> dict[str, Any]:
    """Every row for every profile, printed as it comes."""
    results: dict[str, Any] = {}
    for name in profiles:
        print(f"\nprofile {name:56} first  (at least)  named  wrong")
        results[name] = {}
        for number, row in enumerate(ROWS):
            profile = SPECIFIED_PROFILES[name]
            result = survival(row, profile, trials=trials, seed=(SEED, number, ord(name)))
            if row.required is not None and name == "D":
                result |= {"required": row.required, "holds": result["first_at_least"] >= row.required - SLACK}
            results[name][row.name] = result
            print(
                f"  {row.name:62} {result['first']:.4f} ({result['first_at_least']:.4f})"
                f"  {result['named']:.4f}  {result['wrong']}  {'' if result.get('holds', True) else 'MISSED'}",
                flush=True,
            )
    return results


def main() -> int:
    """Run the table, the proof and the clock, print them, and write the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the document goes")
    parser.add_argument("--trials", type=int, default=TRIALS, help="marks for each row")
    parser.add_argument("--proof", type=float, default=0.001, help="1 for a million damaged readings; 0 for none")
    parser.add_argument("--profiles", default="DASG", help="letters of the profiles in the table")
    options = parser.parse_args()
    if options.trials < 1 or not 0 <= options.proof <= 1 or not set(options.profiles) <= set(SPECIFIED_PROFILES):
        parser.error("--trials must be 1 or more, --proof 0 to 1, --profiles letters of D, A, S and G")
    rows = table(options.profiles, trials=options.trials)
    proved = proof(scale=options.proof) if options.proof else {}
    for name, result in proved.items():
        print(f"{name:10} {result['readings']} readings, {result['identified']} identified, {result['wrong']} wrongly")
    clocks = speed(repeats=11)
    for name, clock in clocks.items():
        print(f"profile {name}: soft {clock['soft_s'] * 1e3:.2f} ms CPU, blind {clock['blind_s'] * 1e3:.1f} ms CPU")
    measured = [result for by_row in rows.values() for result in by_row.values()]
    sound = all(result.get("holds", True) for result in measured) and not any(r["wrong"] for r in measured)
    sound = sound and not any(result["wrong"] for result in proved.values())
    document = {"schema": SCHEMA, **commit(), "machine": machine(LIBRARIES), "seed": SEED, "trials": options.trials}
    results = {"holds": sound, "table": rows, "proof": proved, "speed": clocks}
    write_json(options.json, {**document, **results})
    return 0 if sound else 3


if __name__ == "__main__":
    sys.exit(main())
