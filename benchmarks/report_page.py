"""How long the QA page of a thousand pins takes to write, how large it is, and how much memory it wants.

    python -m benchmarks.report_page FOLDER [--pins 1000] [--out evidence.json]

FOLDER is a finished batch of real pins. Its pins are multiplied: every mark is a true one of the job's ranges, and the
heights, pictures and depths are those of the real pins, in turn. Seconds are of CPU and by the clock, of one process.
``tests/browser`` opens the same page in Chromium.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.common import commit, machine, write_json
from engrave.api import reporting
from engrave.api.folders import job_at
from engrave.base.config import json_bytes
from engrave.base.files import sha256_hex
from engrave.code.mark import Mark, make_mark, mark_to_json
from engrave.code.profiles import profile_by_name
from engrave.job.setup import Setup, prepare
from engrave.layout import lay_out

MOST_BYTES = 60_000_000
MOST_S = 60.0
_MADE = ("mark.json", "check.json", "views.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """One real pin: its object in the manifest, its check, its heights and picture."""

    entry: dict[str, Any]
    check: dict[str, Any]
    views: bytes


def multiplied(source: Path, out: Path, *, count: int) -> None:
    """A finished folder of so many pins made of those of another, but for the machine files, which are only named."""
    manifest = json.loads((source / "manifest.json").read_bytes())
    setup = prepare(job_at(source / "job.json"))
    real = cycle([_real(source, entry) for entry in manifest["pins"]])
    pins = [
        _written(out / "pins" / mark.characters, mark, pin, setup, line=line)
        for line, (mark, pin) in enumerate(zip(_marks(setup, count), real, strict=False), start=2)
    ]
    (out / "job.json").write_bytes((source / "job.json").read_bytes())
    files = {"job.json": manifest["files"]["job.json"]}
    (out / "manifest.json").write_bytes(json_bytes({**manifest, "files": files, "pins": pins}))


def _real(source: Path, entry: dict[str, Any]) -> Real:
    folder = source / "pins" / entry["characters"]
    return Real(
        entry=entry,
        check=json.loads((folder / "check.json").read_bytes()),
        views=(folder / "views.json").read_bytes(),
    )


def _marks(setup: Setup, count: int) -> Iterator[Mark]:
    """Marks of the job's first range, in its order."""
    profile = profile_by_name(setup.job.layout.profile)
    for number in range(1, count + 1):
        yield make_mark(serial=f"AAA{number:04d}", maker="Acme", model="P9", ranges=setup.ranges, profile=profile)


def _written(folder: Path, mark: Mark, real: Real, setup: Setup, *, line: int) -> dict[str, Any]:
    """The documents of one pin, and its object in the manifest."""
    folder.mkdir(parents=True)
    documents = (json_bytes(mark_to_json(mark)), json_bytes(_check(mark, real.check, setup)), real.views)
    files = dict(real.entry["files"])
    for name, data in zip(_MADE, documents, strict=True):
        (folder / name).write_bytes(data)
        files[name] = sha256_hex(data)
    named = {"serial": mark.serial, "maker": mark.maker, "model": mark.model, "characters": mark.characters}
    return {**real.entry, "line": line, **named, "id": mark.id, "files": files}


def _check(mark: Mark, check: Mapping[str, Any], setup: Setup) -> dict[str, Any]:
    """A real pin's check as that of another mark, read as that pin was: what was right is right."""
    layout = lay_out(setup.places, setup.shapes, characters=mark.characters, ring=mark.ring, shapes=mark.shapes)
    teeth = zip(layout.teeth, cycle(check["ring_cells"]), strict=False)
    conditions = {
        name: {**entry, "reading": _reading(mark, entry["reading"])} for name, entry in check["conditions"].items()
    }
    return {
        **check,
        "intended": {"characters": mark.characters, "id": mark.id, "serial": mark.serial},
        "reading": _reading(mark, check["reading"]),
        "glyphs": [{**cell, "shows": shows} for cell, shows in zip(check["glyphs"], mark.characters, strict=True)],
        "ring_cells": [{**cell, "place": land.place} for land, cell in teeth],
        "conditions": conditions,
    }


def _reading(mark: Mark, reading: Mapping[str, Any]) -> dict[str, Any]:
    named = {"id": mark.id, "serial": mark.serial, "maker": mark.maker, "model": mark.model}
    return {**reading, "characters": mark.characters, "ring": list(mark.ring), **named}


def measured(source: Path, *, count: int) -> dict[str, Any]:
    """Time, memory and size of the page of so many pins, as a JSON object."""
    import resource  # noqa: PLC0415 - of Unix alone

    with TemporaryDirectory() as folder:
        batch = Path(folder) / "batch"
        batch.mkdir()
        multiplied(source, batch, count=count)
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        reporting.report(batch, page=batch / "index.html")
        clock_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
        size = (batch / "index.html").stat().st_size
    return {
        "pins": count,
        "clock_s": round(clock_s, 2),
        "cpu_s": round(cpu_s, 2),
        "bytes": size,
        "bytes_a_pin": round(size / count),
        "most_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "holds": size <= MOST_BYTES and clock_s <= MOST_S,
    }


def main() -> None:
    """Measure, print, and write the evidence where asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pins", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    figures = measured(arguments.folder, count=arguments.pins)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if arguments.out is not None:
        about = {"machine": machine(("numpy", "pillow", "shapely", "segno")), "commit": commit()}
        write_json(arguments.out, {**figures, **about})


if __name__ == "__main__":
    main()
