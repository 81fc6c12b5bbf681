"""Writes docs/benchmarks.md from the JSON of a run, so that page and figures cannot part.

Usage: python benchmarks/report.py docs/benchmarks.json docs/benchmarks.md
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
# Benchmarks

`make bench` runs all of this in one go and writes `docs/benchmarks.json` with every raw figure, the commit, a hash of
the sources and the versions of the libraries; `python benchmarks/report.py docs/benchmarks.json docs/benchmarks.md`
then writes this page from it. `python benchmarks/run.py --quick --json FILE` tries whether it all still runs.
"""
START_UP = "The limit is 150 ms for `--help` and `--version`.\n"
PEERS = """\
## Against other programs, on the same input

"Ratio" is how many times as long as our median; "single runs" is the least and the greatest of the runs, in the same
measure: where they lie far apart the ratio is no more than an order of magnitude. Results are compared before times
are: the lengths of the hatches within 1e-4, code words symbol by symbol, the number of LINE entities in both drawings.
"""
HATCH = """\
Every peer is given the same lines and polygons; shapely is called as vectorised as it allows, once for all glyphs.
"""
FILL = """\
Every word has lost symbols of its own. The peers filled {words:,} words, and reedsolo encoded as many; their times are
scaled up.
"""
EIGHT = """\
The part of a mark that people read. Ours makes all 32 symbols to encode. galois and reedsolo use a Reed-Solomon code
[8, 6] of their own over the same field; each must give back what it made. Slow peers do {words:,} words, and their time
is scaled up.
"""
TRACE = """\
A reading is looked up among random marks on record. "Two lost" of eight characters: the whole answer with its
posteriors, the marks that fit by algebra alone, and the same marks by SQLite's LIKE on an indexed column, which finds
them fast where what is lost stands at the end. Weighed are all marks, by the eight characters, with the ring, and lying
in an unknown way. The registry itself, which records what was typed and what was answered, takes longer than either.
"""

ENCODE = "galois runs compiled loops. It encodes the 31 symbols that both share; ours has one more.\n"
DXF = """\
The peer is ezdxf itself, an entity object a path. Ours has ezdxf write the document and formats the entities in one
go.
"""
GCODE = """\
LinuxCNC's interpreter is compiled. With the loop, as shipped, it must run every round as the machine must, while our
reader takes a loop as two rounds and a number. Its start and the printing of every call are in its time.
"""
STAGES = """\
Cutting the tip, striking it and reading it are most of a pin. They use several threads where they transform and
correlate, and a thread that waits for a busy processor counts as CPU: on a loaded machine these rows swell more than
the others.
"""
OTHERS = """\
## Other runners

- `python benchmarks/hatch.py` is the hatch alone, `python benchmarks/wall.py` prints the tables of
  [laser.md](laser.md), `python benchmarks/specimen.py` draws the sheet of [face.md](face.md).
- `make prove` runs the long proofs, a million words, readings and inputs, all damaged, and registries with kills by
  the hundred, and writes evidence to `docs/evidence/`. What is committed there was run at the scale that it names; it
  names, too, its seed, the commit, a hash of the sources, and whether those were the same when it ended.
- `python benchmarks/tracing.py` looks readings up among a million and ten million marks, beside SQLite's LIKE;
  `python benchmarks/registry_speed.py` issues codes, beside the database driver alone; `python benchmarks/survival.py`
  and `python benchmarks/reading_page.py` make [reading.md](reading.md).
"""


def page(document: dict[str, Any]) -> Iterator[str]:
    """The blocks of the page."""
    results = document["results"]
    yield HEAD
    yield _how_to_read(document["machine"], results["batch"])
    yield _start_up(results["start_up"])
    yield PEERS
    yield from _peers(results)
    yield _stages(results["stages"])
    yield STAGES
    yield _batches(results["batch"])
    yield OTHERS


def _ms(timing: dict[str, Any]) -> str:
    return f"{timing['median_s'] * 1e3:,.1f}"


def _how_to_read(machine: dict[str, Any], batch: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {text}" for name, text in machine["libraries"].items() if name != "pin-engrave")
    loads = [row["load_average_before"] for row in batch.values()]
    return (
        "**How to read it.** Times are CPU time, all threads counted, medians of seven runs (eleven for start-up) "
        f"after one that is not counted. The machine has {machine['cores']} processors, and other programs wanted them "
        f"too: the load average was {min(loads):.1f} to {max(loads):.1f}.\nRatios of programs that run in one "
        "thread hardly feel that. What a pin costs in all, and pins a second by the clock, do.\n"
        f"Python {machine['python']}, {libraries}.\n"
    )


def _start_up(commands: dict[str, Any]) -> str:
    rows = "".join(f"| `{name}` | {_ms(timing)} |\n" for name, timing in commands.items())
    return f"## Start-up\n\n| command | CPU, ms |\n|---|---|\n{rows}\n{START_UP}"


def _peers(results: dict[str, Any]) -> Iterator[str]:
    hatch, codec, dxf = results["hatch"], results["codec"], results["dxf_writing"]
    yield _table(f"hatch of {hatch['glyphs']:,} glyphs at 4 um, {hatch['segments']:,} segments", hatch["times"])
    yield HATCH
    yield _table(f"encode {codec['words']:,} words", codec["encode"])
    yield ENCODE
    yield _table(f"fill 18 erasures in each of {codec['words']:,} words", codec["fill"])
    yield FILL.format(words=codec["slow_words"])
    yield _table(f"eight characters of each of {codec['words']:,} words", codec["encode_eight_characters"])
    yield _table("two of the eight filled", codec["fill_two_characters"])
    yield EIGHT.format(words=codec["slow_words"])
    yield _traces(results["trace"])
    yield TRACE
    yield _table(f"write `job.dxf`, {dxf['bytes'] / 1e6:.1f} MB", dxf["times"])
    yield DXF
    for name, read in results["gcode_reading"].items():
        yield _table(f"read `job.ngc`, {name}: {read['moves']:,} moves run", read["times"])
    yield GCODE


def _traces(records: list[dict[str, Any]]) -> str:
    """Each way to look a reading up, a column for each number of marks on record."""
    timed: dict[str, list[str]] = {}
    for record in records:
        groups = {f"two lost, {name}": times for name, times in record["two lost characters"].items()}
        groups |= {"all marks weighed": record["all weighed"], "the index's file": record["file"]["times"]}
        for group, times in groups.items():
            for name, timing in times.items():
                timed.setdefault(f"{group}: {name}", []).append(_ms(timing))
        for name, mib in record["file"]["peak_mib"].items():
            timed.setdefault(f"peak memory, MiB: {name}", []).append(f"{mib:g}")
    sizes = " | ".join(f"{record['marks']:,} marks" for record in records)
    rows = "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in timed.items())
    return f"| trace, CPU in ms | {sizes} |\n|---|{'---|' * len(records)}\n{rows}"


def _table(title: str, times: dict[str, Any]) -> str:
    ours_s = times["pin-engrave"]["median_s"]
    rows = "".join(
        f"| {name} | {_ms(timing)} | {timing['ratio']:g} | "
        f"{min(timing['raw_s']) / ours_s:.2f} to {max(timing['raw_s']) / ours_s:.2f} |\n"
        for name, timing in times.items()
    )
    return f"| {title} | CPU, ms | ratio | single runs |\n|---|---|---|---|\n{rows}"


def _stages(profile: dict[str, Any]) -> str:
    rows = "".join(f"| {name} | {_ms(stage)} | {stage['share']:.1%} |\n" for name, stage in profile["stages"].items())
    return (
        f"## Where one pin's time goes\n\nMedians of {profile['pins']} pins of the example job, the stages of "
        f"`make_pin` one by one: {profile['sum_of_medians_s']:.2f} s of CPU. `make_pin` itself took "
        f"{profile['make_pin_s']:.2f} s.\n\n| stage | CPU, ms | share |\n|---|---|---|\n{rows}"
    )


def _batches(batch: dict[str, Any]) -> str:
    rows = "".join(
        f"| {workers} | {row['passed']} of {row['pins']} | {row['clock_s']:.0f} | {row['pins_a_second']:.2f} | "
        f"{row['load_average_before']:.1f} |\n"
        for workers, row in batch.items()
    )
    alone = batch["1"]
    return (
        "## Pins a second\n\nThe 24 serials of `examples/serials.csv` by the clock, everything included: rules, files, "
        "checks, report, manifest.\n\n| workers | pins that pass | seconds | pins a second | load average before |\n"
        f"|---|---|---|---|---|\n{rows}\nWith one worker, {alone['cpu_s']:.0f} s of the {alone['clock_s']:.0f} s were "
        "CPU time of the process. A load average above zero before the start is somebody else's work on the same "
        "processors:\nfigures by the clock hold for that moment only.\n"
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=Path)
    parser.add_argument("markdown", type=Path)
    options = parser.parse_args()
    document = json.loads(options.json.read_text(encoding="utf-8"))
    options.markdown.write_text("\n".join(page(document)), encoding="utf-8")


if __name__ == "__main__":
    main()
