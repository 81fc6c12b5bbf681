"""Fit the picture reader's calibration, and say how many pins it names from pictures beside the reader of height maps.

Usage: python benchmarks/picture_reading.py [--write FILE] [--held-out] [--count N] [--seed N]

Every impression is rendered under a ring light, every fourth under one lamp too, at a random size of pixel and turned
anyhow, with a camera's noise. Fitted on draws of the tuning part of the ensemble alone; judged on others, of the part
held out where asked. The reader is not told the pixel where it is judged.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import rotate

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.calibrate_reader import DRAWS_A_PIN, Case, as_toml, fitted, report
from benchmarks.impressions import Sample, cut_pin, example_setup, random_mark, samples
from engrave.base.shares import wilson
from engrave.code.alphabet import symbol_of
from engrave.code.evidence import soft_reading
from engrave.code.profiles import PROFILE_A
from engrave.code.soft import decode_soft
from engrave.reading import Reader, Reading, reader_for
from engrave.reading.calibration import Calibration
from engrave.reading.picture import Grey, Picture
from engrave.reading.picture_reader import PictureReader, picture_reader_for
from engrave.report.microscope import photographed, ring_lit, side_lit
from engrave.strike import CONDITIONS, Part, strike

LEAST_UM_PER_PX, MOST_UM_PER_PX = 1.3, 2.2
NOMINAL_PINS = 10
_SIDE_LIT_EVERY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture of an impression, in eight bits, as a share of white."""

    sample: Sample
    light: str
    grey: Grey
    um_per_px: float


def shots(drawn: Iterable[Sample], *, seed: int, sides: bool = True) -> Iterator[Shot]:
    """Pictures of impressions."""
    for number, sample in enumerate(drawn):
        rng = np.random.default_rng([seed, number])
        um_per_px, turn_deg = rng.uniform(LEAST_UM_PER_PX, MOST_UM_PER_PX), rng.uniform(0.0, 360.0)
        lights = {"ring": ring_lit, "side": side_lit} if sides and number % _SIDE_LIT_EVERY == 0 else {"ring": ring_lit}
        for light, lit in lights.items():
            level = lit(sample.surface, pixel_um=um_per_px)
            turned = rotate(level, turn_deg, mode="reflect", order=1, reshape=False)
            seen = photographed(np.clip(turned, 0.0, 1.0).astype(np.float32), rng)
            yield Shot(sample=sample, light=light, grey=seen / np.float32(255), um_per_px=um_per_px)


def nominal_samples(*, pins: int, seed: int) -> Iterator[Sample]:
    """One nominal impression of each of so many pins."""
    setup = example_setup()
    condition, primer = CONDITIONS.load("nominal").value, setup.job.primer.value
    for number in range(pins):
        mark = random_mark(Part.TUNING, number, seed=seed)
        surface = strike(cut_pin(setup, mark), form=setup.tip, primer=primer, condition=condition).surface
        yield Sample(surface=surface, mark=mark, condition=condition, index=number)


def case_of(shot: Shot, reader: PictureReader, *, um_per_px: float | None) -> Case:
    """What the reader sees in one picture, and what is there."""
    mark = shot.sample.mark
    return Case(
        evidence=reader.evidence(Picture(grey=shot.grey, um_per_px=um_per_px)),
        symbols=np.array([symbol_of(character) for character in mark.characters], dtype=np.int64),
        cells=np.array([[int(cell) for cell in track] for track in mark.ring], dtype=np.int8),
    )


def outcome(reading: Reading, sample: Sample) -> str:
    """What joint decoding makes of a reading."""
    if not reading.found:
        return "no mark found"
    likely = soft_reading(PROFILE_A, characters=reading.character_log_likelihoods, cells=reading.cell_log_ratios)
    best = decode_soft(likely).identified
    if best is None:
        return "not identified"
    return "identified" if tuple(best.codeword) == tuple(sample.mark.codeword) else "WRONG PIN"


def calibrated(reader: PictureReader, *, count: int, seed: int) -> Calibration:
    """Fitted to the tuning part alone, pixels known."""
    drawn = samples(Part.TUNING, pins=-(-count // DRAWS_A_PIN), draws=DRAWS_A_PIN, seed=seed)
    cases = [case_of(shot, reader, um_per_px=shot.um_per_px) for shot in shots(drawn, seed=seed)]
    return fitted(cases, reader.calibration)


def judge(name: str, judged: Iterable[Sample], reader: PictureReader, heights: Reader, *, seed: int) -> None:
    """Print what is identified from pictures whose pixel is not told, from height maps beside, and how sure."""
    tally: dict[str, Counter[str]] = {"height map": Counter(), "ring": Counter(), "side": Counter()}
    taken_s, cases = [], []
    for shot in shots(judged, seed=seed):
        start = time.process_time()
        found = reader.read(Picture(grey=shot.grey))
        taken_s.append(time.process_time() - start)
        tally[shot.light][outcome(found.reading, shot.sample)] += 1
        cases.append(case_of(shot, reader, um_per_px=shot.um_per_px))
        if shot.light == "ring":
            tally["height map"][outcome(heights.read(shot.sample.surface), shot.sample)] += 1
    print(f"{name}: {np.median(taken_s):.2f} s of CPU a picture at the median, {max(taken_s):.2f} s at most")
    for source, own in tally.items():
        if total := own.total():
            low, high = wilson(own["identified"], total)
            print(f"  {source}: {dict(own)}, {own['identified']} of {total} ({low:.3f} to {high:.3f})")
    report(cases, reader.calibration)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit or judge. The exit code is 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="fit, and write the calibration's file here")
    parser.add_argument("--held-out", action="store_true", help="judge on what no reader was tuned on")
    parser.add_argument("--count", type=int, default=160, help="impressions to fit to, or to judge by")
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args(arguments)
    setup = example_setup()
    reader = picture_reader_for(setup.places, setup.typeface)
    if given.write:
        calibration = calibrated(reader, count=given.count, seed=given.seed)
        text = (
            f"fitted by benchmarks/picture_reading.py to pictures of {given.count} impressions of the tuning part of"
            f" ensemble field, seed {given.seed}; all simulated"
        )
        given.write.write_text(as_toml(calibration, source=text), encoding="utf-8")
        reader = replace(reader, calibration=calibration)
    heights = reader_for(setup.places, setup.typeface)
    part, seed = Part.HELD_OUT if given.held_out else Part.TUNING, given.seed + 1
    judge("nominal", nominal_samples(pins=NOMINAL_PINS, seed=seed), reader, heights, seed=seed)
    drawn = samples(part, pins=-(-given.count // DRAWS_A_PIN), draws=DRAWS_A_PIN, seed=seed)
    judge(f"ensemble, {part.value}", drawn, reader, heights, seed=seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
