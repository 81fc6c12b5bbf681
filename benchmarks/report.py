"""Writes docs/benchmarks.md from the JSON of a run, so that page and figures cannot part.

Usage: python benchmarks/report.py docs/benchmarks.json docs/benchmarks.md

What other readers make of our pictures comes from ``docs/evidence/ocr.json``, or from the file after ``--readers``.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# So many of the characters that a program confuses are named.
_WORST = 8
_READERS_JSON = Path(__file__).resolve().parent.parent / "docs" / "evidence" / "ocr.json"

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
Cutting the tip, striking it and reading it are most of a pin. All of it runs in one thread, as it does in the commands.
"""
READERS = """\
## Other readers on the same pictures

`python benchmarks/ocr.py` cuts marks and strikes them in simulation, takes pictures of the impressions, and gives them
to two programs that read print. They are told the pose of the mark, which characters there may be, and where each line
or each character lies; their answers are folded as an examiner's are, and of a line those characters count that stand
in the longest common subsequence. Ours is told nothing of where the mark lies and works from heights, which say more
than a picture, or from the same pictures where the row says so; where it does not find the mark it gives nothing.
"Decided" leaves out what it is not sure of, "likeliest" takes the best of 32. Wrong cells are those read as something
else; the rest are empty answers. Intervals are of 95 % (Wilson), as if every cell were a case of its own.

Under the nominal strike ours is above both in every rendering but one: RapidOCR reads the heights as whole as ours.
On the damaged marks RapidOCR, which is shown where each line lies, gets more cells right by the line of heights than
ours, which finds nothing in a fifth of the impressions; of those that it gives, many are wrong, of ours none where it
decides.
"""
NOMINAL = "Nominal strike: {impressions} pins, {cells:,} cells"
FIELD = "Ensemble `field`, held-out draws: {impressions} strikes, {cells:,} cells"
CONFUSED = """\
What the programs took for what, cell by cell, under the nominal strike: the eight characters that fared worst, all in
the JSON. "Nothing" is an empty answer.
"""
PREPARED = """\
How the pictures were prepared: whatever read best on tuning pins ({nominal} nominal strikes, {field} of the ensemble;
cells and lines counted together), which are none of the pins above. Levelled is divided by the brightness of the metal
about the mark; height and margin are of a character.
"""
LAMP = """\
The elevation of the ring light, on the {nominal} nominal tuning strikes: cells right, cell by cell and by the line.
Held low, the light leaves the strokes dark in level metal; held high, it lights their floors and leaves two dark edges.
"""
OTHERS = """\
## Other runners

- `python benchmarks/cluster.py --pins 24 --runs 3` makes one batch on local processes and on a Dask cluster on
  loopback, with one worker and with two, prints pins a second from the first pin to the last and the ratio to one local
  worker, and ends with 3 where the bytes differ. Two workers want two idle processors.
  [A night's batch](scale.md) has the figures, and where the time of a pin under three conditions goes, what bounds it
  and what would double it.
- `python benchmarks/hatch.py` is the hatch alone; `python benchmarks/travel.py` orders a hatch for the least travel
  beside vpype's `linesort` (`docs/evidence/travel.json`). Both end with 1 where ours falls behind what it should keep.
- `python benchmarks/wall.py` prints the tables of [laser.md](laser.md), `python benchmarks/specimen.py` draws the sheet
  of [face.md](face.md).
- `python benchmarks/removal.py` times the simulated cut of the example pin on 1025 x 1025 samples, by pass, by step and
  whole, and ends with 1 where it takes more than 100 ms an operation.
- `make prove` runs the long proofs, a million words, readings and inputs, all damaged, and registries with kills by
  the hundred, and writes evidence to `docs/evidence/`. What is committed there was run at the scale that it names; it
  names, too, its seed, the commit, a hash of the sources, and whether those were the same when it ended.
- `python benchmarks/layout_speed.py` times a job's set-up on every shipped pin, and a pin's layout beside shapely glyph
  by glyph (`docs/evidence/layout-speed.json`); `python benchmarks/faces.py` compares faces ([face.md](face.md)), and
  `python benchmarks/layout_page.py` makes [layout.md](layout.md).
- `python benchmarks/tracing.py` looks readings up among a million and ten million marks, beside SQLite's LIKE;
  `python benchmarks/registry_speed.py` issues codes, beside the database driver alone; `python benchmarks/survival.py`
  and `python benchmarks/reading_page.py` make [reading.md](reading.md).
"""


def page(document: dict[str, Any], readers: dict[str, Any]) -> Iterator[str]:
    """The blocks of the page, of a run of the benchmarks and of one with other readers."""
    results = document["results"]
    yield HEAD
    yield _how_to_read(document["machine"], results["batch"])
    yield _start_up(results["start_up"])
    yield PEERS
    yield from _peers(results)
    yield _stages(results["stages"])
    yield STAGES
    yield _batches(results["batch"])
    yield from _readers(readers)
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


def _readers(document: dict[str, Any]) -> Iterator[str]:
    steps = document["steps"]
    yield READERS
    for title, step in ((NOMINAL, "nominal"), (FIELD, "field")):
        pictures = steps.get(f"{step}-pictures", {}).get("results", {})
        yield _read(title, steps[step]["results"], pictures)
    yield CONFUSED
    yield _confused(steps["nominal"]["results"]["programs"])
    tuned = steps["tune"]["results"]
    nominal, field = tuned["nominal_pins"], tuned["field_pins"] * tuned["field_draws_a_pin"]
    yield PREPARED.format(nominal=nominal, field=field)
    yield _prepared(tuned["preparations"])
    yield LAMP.format(nominal=nominal)
    yield _lamp(tuned["ring_elevation_deg"])


def _read(title: str, results: dict[str, Any], pictures: dict[str, Any]) -> str:
    """What everybody read of the impressions of one step, and our reader of pictures where that was run."""
    ours, versions = {**results["pin-engrave"], **pictures}, results["versions"]
    one = ours["heights, decided"]
    heading = title.format(impressions=one["impressions"], cells=one["of"])
    rows = [
        f"| {program} {versions[program]}, {rendering} | {_share(of['cell by cell'])} | {_wrong(of['cell by cell'])} "
        f"| {_share(of['line'])} |\n"
        for program, renderings in results["programs"].items()
        for rendering, of in renderings.items()
    ]
    rows += [f"| pin-engrave, {name}, blind | {_share(of)} | {_wrong(of)} | | |\n" for name, of in ours.items()]
    columns = "cell by cell | all eight | wrong cells | by the line | all eight"
    return f"| {heading} | {columns} |\n|---|---|---|---|---|---|\n{''.join(rows)}"


def _wrong(counted: dict[str, Any]) -> int:
    """Cells for which something else was given; an empty answer is none."""
    wrong: int = counted["of"] - counted["right"] - counted["nothing"]
    return wrong


def _share(counted: dict[str, Any]) -> str:
    """Two columns: the share of cells with its interval, and how many marks are right as a whole."""
    low, high = counted["interval"]
    share = counted["right"] / counted["of"]
    return f"{share:.3f} ({low:.3f} to {high:.3f}) | {counted['all_eight']} of {counted['impressions']}"


def _confused(programs: dict[str, Any]) -> str:
    rows = []
    for program, renderings in programs.items():
        for rendering, of in renderings.items():
            confusions = of["cell by cell"]["confusions"]
            worst = sorted(confusions.items(), key=lambda item: -sum(item[1]["taken_for"].values()))
            told = "; ".join(_taken(own, confusion) for own, confusion in worst[:_WORST]) or "none"
            rows.append(f"| {program}, {rendering} | {told} |\n")
    return f"| program and picture | character: taken for, of how often it stood |\n|---|---|\n{''.join(rows)}"


def _taken(own: str, confusion: dict[str, Any]) -> str:
    for_what = ", ".join(f"{said or 'nothing'} {count}" for said, count in confusion["taken_for"].items())
    return f"{own}: {for_what}, of {confusion['stood']}"


def _prepared(programs: dict[str, Any]) -> str:
    rows = []
    for program, renderings in programs.items():
        for rendering, found in renderings.items():
            of = found["chosen"]
            levelled, inverted = ("yes" if of[name] else "no" for name in ("levelled", "inverted"))
            rows.append(
                f"| {program}, {rendering} | {levelled} | {of['blur_um']:g} | {of['cap_px']} | {of['margin']:.0%} | "
                f"{inverted} | {found['right']} of {found['of']} |\n"
            )
    return (
        "| program and picture | levelled | blur, um | height, px | margin | light on dark | right |\n"
        f"|---|---|---|---|---|---|---|\n{''.join(rows)}"
    )


def _lamp(programs: dict[str, Any]) -> str:
    elevations = list(next(iter(programs.values())))
    rows = "".join(
        f"| {program} | "
        + " | ".join(f"{of['cell by cell']['right']}, {of['line']['right']}" for of in by_elevation.values())
        + " |\n"
        for program, by_elevation in programs.items()
    )
    cells = next(iter(next(iter(programs.values())).values()))["line"]["of"]
    heads = " | ".join(f"{elevation} degrees" for elevation in elevations)
    return f"| right of {cells} | {heads} |\n|---|{'---|' * len(elevations)}\n{rows}"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=Path)
    parser.add_argument("markdown", type=Path)
    parser.add_argument("--readers", type=Path, default=_READERS_JSON)
    options = parser.parse_args()
    document, readers = (json.loads(path.read_text(encoding="utf-8")) for path in (options.json, options.readers))
    options.markdown.write_text("\n".join(page(document, readers)), encoding="utf-8")


if __name__ == "__main__":
    main()
