"""What RapidOCR and Tesseract read of simulated impressions, beside our own reader on the same impressions.

Usage: python benchmarks/ocr.py --json docs/evidence/ocr.json [--steps tune nominal field nominal-pictures ...]

Neither program is a dependency. Tesseract 5 comes with the system (Debian: tesseract-ocr). RapidOCR goes into a folder
of its own, models and all, and needs no network after that:

    pip install --target FOLDER rapidocr-onnxruntime==1.4.4
    PYTHONPATH=FOLDER OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/ocr.py --json FILE

The primer is turned upright first, by the pose that it was struck with: the programs are given that, our readers are
not. Pictures of 1.5 um a pixel are taken of it and cut into two lines of four characters, or into eight cells. How a
program likes its pictures best is tried on tuning pins, one preparation for each program and rendering; all else is
measured on other pins. Both are told which characters there may be, and their answers are folded as an examiner's are
(0 for O). Of a line those characters are right that stand in the longest common subsequence.

Every step is kept in the file with the commit that it was run at; the order is tune, nominal, field. Two more,
nominal-pictures and field-pictures, give the same pictures to our reader of pictures, which takes some seconds for
each, and need neither program. Exit status: 0, 2 where a program or a step is missing.
"""

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, write_json
from benchmarks.impressions import example_setup
from benchmarks.ocr_pictures import (
    PIXEL_UM,
    RENDERINGS,
    SEED,
    Grey,
    Preparation,
    Shot,
    by_ring,
    field,
    nominal,
    photograph,
    prepared,
)
from engrave.base.shares import wilson
from engrave.code.alphabet import ALIASES, ALPHABET, symbol_of
from engrave.layout import Places
from engrave.reading import reader_for
from engrave.reading.picture import Picture
from engrave.reading.picture_reader import picture_reader_for
from engrave.strike import Part

SCHEMA = "pin-engrave/ocr/1"
LIBRARIES = ("numpy", "onnxruntime", "opencv-python", "pillow", "pin-engrave")
TOLD = ALPHABET + "".join(ALIASES)
# Of the example job: two rows of four.
COLUMNS, ROWS = 4, 2
CHARACTERS = COLUMNS * ROWS
# Held-out: pins under the nominal strike; pins and draws of the ensemble. Tuning: fewer of the same.
NOMINAL_PINS, FIELD_PINS, FIELD_DRAWS = 50, 20, 5
TUNING_PINS, TUNING_FIELD_PINS, TUNING_FIELD_DRAWS = 8, 4, 3
AT_ONCE = 10
# Elevations of the ring light that are tried on tuning pins, degrees.
ELEVATIONS_DEG = (30.0, 40.0, 50.0, 60.0, 70.0)


# One after another, each field of the first preparation takes these values, and the best stays.
VARIED: dict[str, tuple[Any, ...]] = {
    "margin": (0.05, 0.3, 0.6),
    "cap_px": (28, 56),
    "levelled": (False,),
    "blur_um": (3.0, 6.0),
    "inverted": (True,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program made of one impression: eight texts of its cells, two of its lines."""

    characters: str
    cells: tuple[str, ...]
    lines: tuple[str, ...]


class Program(Protocol):
    """A program that reads pictures."""

    name: str
    version: str

    def __call__(self, pictures: Sequence[Grey], *, alone: bool) -> list[str]:
        """The text of each picture; ``alone`` : of a single character."""


class RapidOCR:
    """PP-OCRv4's recogniser as RapidOCR ships it, without its search for text; it is shown what may be read only."""

    name = "RapidOCR"
    version = "1.4.4"

    def __init__(self) -> None:
        package: Any = importlib.import_module("rapidocr_onnxruntime")
        self._recogniser = package.RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1).text_rec
        decode = self._recogniser.postprocess_op
        told = {*TOLD, *TOLD.lower(), "blank"}
        allowed = np.array([character in told for character in decode.character])
        self._recogniser.postprocess_op = lambda shares, *rest, **named: decode(
            np.where(allowed, shares, 0.0), *rest, **named
        )

    def __call__(self, pictures: Sequence[Grey], *, alone: bool) -> list[str]:
        """It makes no difference between a line and a character."""
        del alone
        found, _ = self._recogniser([np.repeat(picture[:, :, np.newaxis], 3, axis=2) for picture in pictures])
        return [text for text, _ in found]


class Tesseract:
    """Tesseract's English model, told that a picture holds one line or one character."""

    name = "Tesseract"

    def __init__(self) -> None:
        self._program = shutil.which("tesseract") or ""
        self.version = self._run("--version").split()[1]

    def __call__(self, pictures: Sequence[Grey], *, alone: bool) -> list[str]:
        """One call of the program for all pictures."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.png" for number in range(len(pictures))]
            for path, picture in zip(paths, pictures, strict=True):
                Image.fromarray(picture).save(path, dpi=(300, 300))
            listed = Path(folder) / "all.txt"
            listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            mode = "10" if alone else "7"
            printed = self._run(str(listed), "stdout", "--psm", mode, "-c", f"tessedit_char_whitelist={TOLD}")
        # A form feed ends each page.
        return printed.split("\f")[: len(pictures)]

    def _run(self, *arguments: str) -> str:
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        done = subprocess.run(  # noqa: S603 - the program that was found, with our own arguments
            [self._program, *arguments], check=True, capture_output=True, text=True, env=environment
        )
        return done.stdout


def read(
    program: Program, pictures: Sequence[Grey], characters: Sequence[str], places: Places, preparation: Preparation
) -> list[Answer]:
    """What a program makes of the pictures of as many upright marks."""
    pairs = [prepared(picture, places, preparation) for picture in pictures]
    cells = program([cell for pair in pairs for cell in pair[0]], alone=True)
    lines = program([line for pair in pairs for line in pair[1]], alone=False)
    return [
        Answer(
            characters=own,
            cells=tuple(cells[CHARACTERS * number : CHARACTERS * (number + 1)]),
            lines=tuple(lines[ROWS * number : ROWS * (number + 1)]),
        )
        for number, own in enumerate(characters)
    ]


def symbols(text: str) -> list[int | None]:
    """A text as an examiner's is read, without blanks; None for what is no character of ours."""
    return [symbol_of(character) for character in "".join(text.split())]


def in_common(one: Sequence[int | None], other: Sequence[int | None]) -> int:
    """Length of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for own in one:
        before = list(lengths)
        for at, their in enumerate(other):
            lengths[at + 1] = before[at] + 1 if own == their else max(before[at + 1], lengths[at])
    return lengths[-1]


def counted(answers: Sequence[Answer]) -> dict[str, Any]:
    """How much is right, cell by cell and by the line, and what was taken for what in cells."""
    halves = [(answer.characters[:COLUMNS], answer.characters[COLUMNS:]) for answer in answers]
    lines = [
        in_common(symbols(own), symbols(text))
        for answer, rows in zip(answers, halves, strict=True)
        for own, text in zip(rows, answer.lines, strict=True)
    ]
    whole = [
        [symbols(text) for text in answer.lines] == [symbols(own) for own in rows]
        for answer, rows in zip(answers, halves, strict=True)
    ]
    return {
        "cell by cell": cells_counted([(answer.characters, answer.cells) for answer in answers]),
        "line": _shares(sum(lines), sum(whole), len(answers)),
    }


def cells_counted(answers: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    """How many of eight texts each are right, and what was taken for what."""
    taken: defaultdict[str, Counter[str]] = defaultdict(Counter)
    right = whole = nothing = 0
    for characters, texts in answers:
        hits = [symbols(text) == symbols(own) for own, text in zip(characters, texts, strict=True)]
        right, whole = right + sum(hits), whole + all(hits)
        for own, text, hit in zip(characters, texts, hits, strict=True):
            said = "".join(text.split())
            nothing += not said
            if not hit:
                taken[own][said] += 1
    stood = Counter("".join(characters for characters, _ in answers))
    confusions = {own: {"stood": stood[own], "taken_for": dict(taken[own].most_common())} for own in sorted(taken)}
    return {**_shares(right, whole, len(answers)), "nothing": nothing, "confusions": confusions}


def _shares(right: int, whole: int, impressions: int) -> dict[str, Any]:
    cells = CHARACTERS * impressions
    return {
        "right": right,
        "of": cells,
        "interval": [round(end, 4) for end in wilson(right, cells)],
        "all_eight": whole,
        "impressions": impressions,
        "all_eight_interval": [round(end, 4) for end in wilson(whole, impressions)],
    }


def tuned(program: Program, pictures: Sequence[Grey], characters: Sequence[str], places: Places) -> dict[str, Any]:
    """The preparation under which a program reads most of these, cells and lines together, and what else was tried."""

    def score(preparation: Preparation) -> int:
        result = counted(read(program, pictures, characters, places, preparation))
        return int(result["cell by cell"]["right"] + result["line"]["right"])

    best = Preparation()
    tried = {best: score(best)}
    for name, values in VARIED.items():
        for value in values:
            other = replace(best, **{name: value})
            tried[other] = score(other)
        best = max(tried, key=lambda preparation: tried[preparation])
    scores = [{**asdict(preparation), "right": right} for preparation, right in tried.items()]
    return {"chosen": asdict(best), "right": tried[best], "of": 2 * CHARACTERS * len(characters), "tried": scores}


def tune(programs: Sequence[Program]) -> dict[str, Any]:
    """Preparations by program and rendering, and how much depends on the elevation of the ring light."""
    places = example_setup().places
    usual = list(nominal(Part.TUNING, TUNING_PINS))
    shots = [*usual, *field(Part.TUNING, TUNING_FIELD_PINS, TUNING_FIELD_DRAWS)]
    characters = [shot.characters for shot in shots]
    chosen: dict[str, dict[str, Any]] = {program.name: {} for program in programs}
    for name, rendering in RENDERINGS.items():
        pictures = [photograph(rendering, shot) for shot in shots]
        for program in programs:
            chosen[program.name][name] = found = tuned(program, pictures, characters, places)
            print(f"{program.name}, {name}: {found['right']} of {found['of']} with {found['chosen']}", flush=True)
    lamp: dict[str, dict[str, Any]] = {program.name: {} for program in programs}
    for elevation_deg in ELEVATIONS_DEG:
        pictures = [photograph(by_ring(elevation_deg), shot) for shot in usual]
        for program in programs:
            preparation = Preparation(**chosen[program.name]["ring light"]["chosen"])
            result = counted(read(program, pictures, characters[: len(usual)], places, preparation))
            lamp[program.name][f"{elevation_deg:g}"] = result
    return {
        "nominal_pins": TUNING_PINS,
        "field_pins": TUNING_FIELD_PINS,
        "field_draws_a_pin": TUNING_FIELD_DRAWS,
        "preparations": chosen,
        "ring_elevation_deg": lamp,
    }


def measure(shots: Iterable[Shot], programs: Sequence[Program], preparations: dict[str, Any]) -> dict[str, Any]:
    """What every program reads of every rendering, and what our reader does of the heights themselves."""
    setup = example_setup()
    reader = reader_for(setup.places, setup.typeface)
    answers: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)
    decided: list[tuple[str, Sequence[str]]] = []
    likeliest: list[tuple[str, Sequence[str]]] = []
    for some in _by_number(shots, AT_ONCE):
        characters = [shot.characters for shot in some]
        for name, rendering in RENDERINGS.items():
            pictures = [photograph(rendering, shot) for shot in some]
            for program in programs:
                preparation = Preparation(**preparations[program.name][name]["chosen"])
                answers[program.name, name] += read(program, pictures, characters, setup.places, preparation)
        for shot in some:
            reading = reader.read(shot.surface)
            decided.append((shot.characters, [own.character or "" for own in reading.characters]))
            likeliest.append((shot.characters, _likeliest(reading.character_log_likelihoods)))
        print(f"{len(decided)} impressions", flush=True)
    return {
        "programs": {
            program.name: {name: counted(answers[program.name, name]) for name in RENDERINGS} for program in programs
        },
        "pin-engrave": {
            "heights, decided": cells_counted(decided),
            "heights, likeliest": cells_counted(likeliest),
        },
    }


def measure_pictures(shots: Iterable[Shot]) -> dict[str, Any]:
    """What our reader of pictures makes of every rendering; of where the mark lies it knows nothing."""
    setup = example_setup()
    reader = picture_reader_for(setup.places, setup.typeface)
    decided: defaultdict[str, list[tuple[str, Sequence[str]]]] = defaultdict(list)
    for shot in shots:
        for name, rendering in RENDERINGS.items():
            grey = photograph(rendering, shot).astype(np.float32) / 255.0
            reading = reader.read(Picture(grey=grey, um_per_px=PIXEL_UM)).reading
            decided[name].append((shot.characters, [own.character or "" for own in reading.characters]))
    return {f"pictures, {name}, decided": cells_counted(answers) for name, answers in decided.items()}


def _likeliest(logarithms: NDArray[np.float64]) -> list[str]:
    """The likeliest character of each place; nothing where all are alike."""
    return [ALPHABET[int(row.argmax())] if np.ptp(row) > 0 else "" for row in logarithms]


def _by_number(shots: Iterable[Shot], number: int) -> Iterator[list[Shot]]:
    rest = iter(shots)
    while some := list(islice(rest, number)):
        yield some


def missing_programs() -> list[str]:
    """What is not installed, and how to install it."""
    missing = []
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        missing.append("RapidOCR: pip install --target FOLDER rapidocr-onnxruntime==1.4.4, then PYTHONPATH=FOLDER")
    if shutil.which("tesseract") is None:
        missing.append("Tesseract: install tesseract-ocr")
    return missing


SHOTS: dict[str, Callable[[], Iterable[Shot]]] = {
    "nominal": lambda: nominal(Part.HELD_OUT, NOMINAL_PINS),
    "field": lambda: field(Part.HELD_OUT, FIELD_PINS, FIELD_DRAWS),
}
TUNE, PICTURES = "tune", "-pictures"
STEPS = (TUNE, *SHOTS, *(f"{name}{PICTURES}" for name in SHOTS))


def run(step: str, preparations: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The results of one step; of the preparations only where it needs them."""
    if step.endswith(PICTURES):
        return measure_pictures(SHOTS[step.removesuffix(PICTURES)]())
    programs: list[Program] = [RapidOCR(), Tesseract()]
    found = tune(programs) if step == TUNE else measure(SHOTS[step](), programs, preparations())
    return {"versions": {program.name: program.version for program in programs}, **found}


def main() -> int:
    """Read the command line, run the steps, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="the file; steps that are not run again stay in it")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=[TUNE, *SHOTS])
    options = parser.parse_args()
    document = json.loads(options.json.read_text(encoding="utf-8")) if options.json.exists() else {}
    steps = document.get("steps", {})
    missing = missing_programs() if any(not step.endswith(PICTURES) for step in options.steps) else []
    if set(SHOTS) & {*options.steps} and TUNE not in {*options.steps, *steps}:
        missing.append("preparations: run the step tune first")
    if missing:
        print("\n".join(f"missing: {line}" for line in missing))
        return 2
    for step in options.steps:
        stamp = commit()
        results = run(step, lambda: dict(steps[TUNE]["results"]["preparations"]))
        steps[step] = {**stamp, "machine": machine(LIBRARIES), "results": results}
        fixed = {"schema": SCHEMA, "seed": SEED, "pixel_um": PIXEL_UM, "told": TOLD}
        write_json(options.json, {**fixed, "steps": steps})
    return 0


if __name__ == "__main__":
    sys.exit(main())
