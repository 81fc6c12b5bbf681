"""How well worn characters of several faces are told apart: Anvil beside Hershey's single strokes, OCR-B and DIN 1451.

Usage: python benchmarks/faces.py --fonts FOLDER [--json docs/evidence/faces.json] [--seeds 5] [--trials 40]

The other faces are no part of this project. FOLDER is searched for their files and those that are absent are left out,
with a word. Debian's packages hold all of them; nothing need be installed:

    apt-get download hershey-fonts-data fonts-ocr-b fonts-opendin fonts-osifont fonts-routed-gothic
    for package in *.deb; do dpkg -x "$package" FOLDER; done

Two things are measured. The harness first: 36 characters at 150 um, a stroke of 25 um, as they were when this damage
was first tried on faces, with the outcome of then beside ours. There every glyph's outline was an em high, which is the
height less the stroke, and was thinned to centre lines after that, so that ink drawn along them is lower than 150 um by
the font's own stroke; Hershey's lines have none and lose nothing. Then the comparison: the 32 characters of the
alphabet, the ink of every glyph of every face exactly 150 um high, strokes of 20 and 25 um; and, at 175 um and
20 um, how much of the closest pair differs and which glyphs are subsets of others.

Exit status: 0, 2 where FOLDER holds none of the faces, 3 where the harness misses an outcome by more than .02.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Last, so that an installed pin-engrave is measured rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit, machine, write_json
from engrave.base.shares import wilson
from fonts.damage import confusion
from fonts.medial import centre_lines
from fonts.opentype import typeface_from_file
from fonts.separation import Skeleton, separation_of
from fonts.typeface import shipped_typeface

SCHEMA = "pin-engrave/faces/1"
HEIGHT_UM = 150.0
STROKES_UM = (20.0, 25.0)
HARNESS_STROKE_UM = 25.0
HARNESS_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CHARACTERS = "012345679ABCDEFHJKLMNPQRSTUVWXYZ"
SEPARATION_HEIGHT_UM = 175.0
SEPARATION_STROKE_UM = 20.0
CLOSE = 0.02
ASKED = 0.93
OURS = "Anvil"
LIBRARIES = ("fonttools", "numpy", "pin-engrave", "scipy", "shapely")
_HERSHEY_FIRST = " "  # a .jhf file holds the characters of ASCII in order
_HERSHEY_ORIGIN = ord("R")
_HERSHEY_LIFT = (ord(" "), ord("R"))
_HERSHEY_HEAD = 8  # number (5), count of pairs (3); the first pair is the left and the right edge

Skeletons = dict[str, Skeleton]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A face that comes from elsewhere: its file, how its lines are had, and what the harness gave of it before."""

    file: str
    read: Callable[[Path, str], Skeletons]
    recorded: float | None


def main() -> None:
    """Measure, print, write, and exit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    options = parser.parse_args()
    sources = {name: file for name, source in SOURCES.items() if (file := _found(options.fonts, source.file))}
    for name in SOURCES.keys() - sources.keys():
        print(f"{name}: {SOURCES[name].file} is not in the folder; left out", file=sys.stderr)
    if not sources:
        raise SystemExit(2)
    seeds = range(options.seeds)
    harness = {
        name: harness_of(SOURCES[name], file, seeds=seeds, trials=options.trials)
        for name, file in sources.items()
        if SOURCES[name].recorded is not None
    }
    faces = {OURS: anvil()} | {name: SOURCES[name].read(file, CHARACTERS) for name, file in sources.items()}
    compared = {name: compared_of(lines, seeds=seeds, trials=options.trials) for name, lines in faces.items()}
    print_all(harness, compared)
    if options.json:
        document = {
            "schema": SCHEMA,
            **commit(),
            "machine": machine(LIBRARIES),
            "height_um": HEIGHT_UM,
            "trials": options.trials,
            "seeds": options.seeds,
            "harness_characters": HARNESS_CHARACTERS,
            "harness": harness,
            "characters": CHARACTERS,
            "faces": compared,
            "absent": sorted(SOURCES.keys() - sources.keys()),
        }
        write_json(options.json, document)
    held = [result["reproduced"] for name, result in harness.items() if name in HARNESS]
    raise SystemExit(0 if all(held) else 3)


def hershey(path: Path, characters: str) -> Skeletons:
    """Single strokes of a file in James Hurt's format, in its units, y up.

    A record is the glyph's number (5 columns), how many pairs of letters follow (3), the left and the right edge, then
    the points, as letters away from R; the pair " R" lifts the pen. Long records go over several lines.
    """
    records: list[str] = []
    begun = ""
    for line in path.read_text(encoding="ascii").splitlines():
        begun += line
        if len(begun) >= _HERSHEY_HEAD + 2 * int(begun[5:_HERSHEY_HEAD] or 0):
            records, begun = [*records, begun], ""
    return {character: _hershey_lines(records[ord(character) - ord(_HERSHEY_FIRST)]) for character in characters}


def thinned(path: Path, characters: str) -> Skeletons:
    """Centre lines of a font's strokes, after each glyph's outline was made as high as the em of the harness, um."""
    face = typeface_from_file(path, characters, mode="outline")
    em_um = HEIGHT_UM - HARNESS_STROKE_UM
    return {
        character: centre_lines(face.outline(character, height_um=em_um, stroke_um=HARNESS_STROKE_UM))
        for character in characters
    }


SOURCES: Mapping[str, Source] = {
    "Hershey futural": Source(file="futural.jhf", read=hershey, recorded=0.871),
    "OCR-B": Source(file="OCRB.otf", read=thinned, recorded=0.776),
    "OSP-DIN, condensed DIN 1451": Source(file="OSP-DIN.ttf", read=thinned, recorded=0.462),
    "osifont, ISO 3098": Source(file="osifont.ttf", read=thinned, recorded=0.767),
    "Routed Gothic": Source(file="routed-gothic.ttf", read=thinned, recorded=0.733),
}
# The two that the harness is held to.
HARNESS = ("Hershey futural", "OCR-B")


def anvil() -> Skeletons:
    """Ours, in em."""
    face = shipped_typeface("anvil")
    return {
        character: face.skeleton(character, height_um=HEIGHT_UM, stroke_um=STROKES_UM[0]) for character in CHARACTERS
    }


def harness_of(source: Source, path: Path, *, seeds: Sequence[int], trials: int) -> dict[str, Any]:
    """A face under the conditions of the first trial, with its outcome of then."""
    lines = source.read(path, HARNESS_CHARACTERS)
    em_um = HEIGHT_UM - HARNESS_STROKE_UM
    # What was thinned has its size already; single strokes are brought to the em.
    sized = [centred(one, em_um if source.read is hershey else None) for one in lines.values()]
    result = accuracy(sized, stroke_um=HARNESS_STROKE_UM, seeds=seeds, trials=trials)
    recorded = source.recorded
    reproduced = recorded is not None and abs(result["share"] - recorded) <= CLOSE
    return {"recorded": recorded, **result, "reproduced": reproduced}


def compared_of(lines: Skeletons, *, seeds: Sequence[int], trials: int) -> dict[str, Any]:
    """A face with all its ink exactly as high as asked: worn characters told apart, and how close its glyphs are."""
    worn = {
        f"{stroke_um:g}": accuracy(
            [centred(one, HEIGHT_UM - stroke_um) for one in lines.values()],
            stroke_um=stroke_um,
            seeds=seeds,
            trials=trials,
        )
        for stroke_um in STROKES_UM
    }
    apart = separation_of(
        [centred(one, SEPARATION_HEIGHT_UM - SEPARATION_STROKE_UM) for one in lines.values()],
        tuple(lines),
        height_um=SEPARATION_HEIGHT_UM,
        stroke_um=SEPARATION_STROKE_UM,
    )
    return {
        "by_stroke_um": worn,
        "least_apart": round(apart.least, 4),
        "closest": list(apart.worst),
        "subsets": [f"{one} in {other}" for one, other in apart.subsets],
    }


def accuracy(skeletons: Sequence[Skeleton], *, stroke_um: float, seeds: Sequence[int], trials: int) -> dict[str, Any]:
    """Worn characters read right, all seeds together with Wilson's interval of 95 %, and each seed's share."""
    counts = [
        confusion(skeletons, height_um=HEIGHT_UM, stroke_um=stroke_um, trials=trials, seed=seed) for seed in seeds
    ]
    right, of = int(sum(np.trace(one) for one in counts)), int(sum(one.sum() for one in counts))
    return {
        "right": right,
        "of": of,
        "share": round(right / of, 4),
        "wilson_95": [round(bound, 4) for bound in wilson(right, of)],
        "by_seed": [round(float(np.trace(one) / one.sum()), 4) for one in counts],
    }


def centred(lines: Skeleton, height_um: float | None) -> Skeleton:
    """Lines about the centre of their box, at this height; None leaves them as large as they are."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 1.0 if height_um is None else height_um / (high[1] - low[1])
    return tuple((line - (low + high) / 2) * scale for line in lines)


def print_all(harness: Mapping[str, Any], compared: Mapping[str, Any]) -> None:
    """One line for each face of either part."""
    print(f"harness: {len(HARNESS_CHARACTERS)} characters, {HEIGHT_UM:g} um, stroke {HARNESS_STROKE_UM:g} um")
    for name, result in harness.items():
        print(f"  {name:30} {result['share']:.3f}, recorded {result['recorded']:.3f}; by seed {result['by_seed']}")
    print(f"compared: {len(CHARACTERS)} characters, ink {HEIGHT_UM:g} um high")
    for name, result in compared.items():
        worn = "  ".join(
            f"{stroke} um {one['share']:.3f} [{one['wilson_95'][0]:.3f}, {one['wilson_95'][1]:.3f}]"
            for stroke, one in result["by_stroke_um"].items()
        )
        first, second = result["closest"]
        print(f"  {name:30} {worn}  {first} in {second} {100 * result['least_apart']:.1f} %")
        print(f"  {'':30} subsets: {', '.join(result['subsets']) or 'none'}")


def _found(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.rglob(name))), None)


def _hershey_lines(record: str) -> Skeleton:
    letters = np.array([ord(letter) for letter in record[_HERSHEY_HEAD + 2 :]], dtype=np.int64).reshape(-1, 2)
    lifted = np.flatnonzero((letters == _HERSHEY_LIFT).all(axis=1))
    lines = np.split((letters - _HERSHEY_ORIGIN) * (1.0, -1.0), np.unique([*lifted, *(lifted + 1)]))
    return tuple(lines[::2])


if __name__ == "__main__":
    main()
