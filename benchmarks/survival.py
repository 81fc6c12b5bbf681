"""What can still be read of a damaged mark.

Usage: python benchmarks/survival.py --json FILE [--trials 2000] [--profiles DASG]

The table: for each row so many random marks are damaged and decoded. "First" is the share in which the right pin comes
first, with the lower bound of its 95 % interval; "named" the share in which it is identified; "wrong" counts other pins
identified. Seed 0. Damage of the table:

- an arc, begun at a random sector, vanishes and is known to be lost; "unmarked": it is read as gaps, without a sign;
- graded: every cell is read as +1 or -1 plus Gaussian noise, of which the share in per cent falls on the wrong side;
  hard: that share of cells is read the wrong way round, a tooth or a gap alike;
- a shape, which profile G has in place of cells, is read as any other with that probability, graded or hard, and an arc
  of shapes that is gone is seen to be gone;
- a doubtful character is one of two; blind: the mark lies in an unknown way, one of all ways.

That table says how far the decoder reaches where its likelihoods are right. What it says where they are not is proved
by ``proof_reading``. The exit code is 3 where a bound is missed or a wrong pin is named.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, sources_sha256, timed, write_json
from engrave.base.shares import wilson
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
from engrave.code.profiles import PROFILES, Profile
from engrave.code.reedsolomon import DIMENSION, encode
from engrave.code.ring import ring_cells
from engrave.code.soft import decode_blind, decode_soft
from engrave.code.written import written_of

SCHEMA = "pin-engrave/survival/1"
SEED = 0
TRIALS = 2_000
SLACK = 0.02
BATCH = 64
CHARACTERS = 8
P_WRONG_CHARACTER = 0.01
P_MISSED_UNMARKED = 0.02
UPRIGHT = (Orientation(),)
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
        "first_at_least": wilson(first, trials)[0],
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


def speed(*, repeats: int) -> dict[str, Any]:
    """CPU seconds of one decoding, upright and blind, of a worn mark of each profile; the middle of so many."""
    results: dict[str, Any] = {}
    for name, profile in PROFILES.items():
        generator = np.random.default_rng((SEED, 2000))
        codeword = encode(generator.integers(0, 32, (1, DIMENSION), dtype=np.uint8))[0]
        joint = _damaged(JOINT, profile, codeword, generator)
        turned = _damaged(TURNED, profile, codeword, generator)
        upright, _ = timed(partial(decode_soft, joint), repeats=10 * repeats)
        blind, _ = timed(partial(decode_blind, turned), repeats=repeats)
        results[name] = {"soft_s": round(upright.median_s, 6), "blind_s": round(blind.median_s, 6)}
    return results


def table(profiles: str, *, trials: int) -> dict[str, Any]:
    """Every row for every profile, printed as it comes: each from a seed of its own, on as many processes as may be."""
    results: dict[str, Any] = {name: {} for name in profiles}
    tasks = [(name, number) for name in profiles for number in range(len(ROWS))]
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        for (name, number), result in zip(tasks, pool.map(partial(_row, trials=trials), tasks), strict=True):
            if number == 0:
                print(f"\nprofile {name:56} first  (at least)  named  wrong")
            results[name][ROWS[number].name] = result
            print(
                f"  {ROWS[number].name:62} {result['first']:.4f} ({result['first_at_least']:.4f})"
                f"  {result['named']:.4f}  {result['wrong']}  {'' if result.get('holds', True) else 'MISSED'}",
                flush=True,
            )
    return results


def _row(task: tuple[str, int], *, trials: int) -> dict[str, Any]:
    (name, number), row = task, ROWS[task[1]]
    result = survival(row, PROFILES[name], trials=trials, seed=(SEED, number, ord(name)))
    if row.required is not None and name == "D":
        result |= {"required": row.required, "holds": result["first_at_least"] >= row.required - SLACK}
    return result


def main() -> int:
    """Run the table and the clock, print them, and write the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the document goes")
    parser.add_argument("--trials", type=int, default=TRIALS, help="marks for each row")
    parser.add_argument("--profiles", default="DASG", help="letters of the profiles in the table")
    options = parser.parse_args()
    if options.trials < 1 or not set(options.profiles) <= set(PROFILES):
        parser.error("--trials must be 1 or more, --profiles letters of D, A, S and G")
    document = {"schema": SCHEMA, **commit(), "machine": machine(LIBRARIES), "seed": SEED, "trials": options.trials}
    clocks = speed(repeats=11)
    for name, clock in clocks.items():
        print(f"profile {name}: soft {clock['soft_s'] * 1e3:.2f} ms CPU, blind {clock['blind_s'] * 1e3:.1f} ms CPU")
    rows = table(options.profiles, trials=options.trials)
    measured = [result for by_row in rows.values() for result in by_row.values()]
    sound = all(result.get("holds", True) for result in measured) and not any(r["wrong"] for r in measured)
    write_json(
        options.json,
        {
            **document,
            "sources_same_at_end": sources_sha256() == document["sources_sha256"],
            "holds": sound,
            "table": rows,
            "speed": clocks,
        },
    )
    return 0 if sound else 3


if __name__ == "__main__":
    sys.exit(main())
