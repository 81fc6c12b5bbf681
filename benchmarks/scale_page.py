# ruff: noqa: E501 - lines of a page are as long as its tables want them
"""Writes docs/scale.md from the evidence, so that page and figures cannot part.

Usage: python benchmarks/scale_page.py docs/evidence docs/scale.md
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HEAD = """\
# A night's batch

What becomes of a batch whose processes are killed, of a cluster that loses a worker, and of memory and processors as
pins come by the thousand. Every figure is from `docs/evidence/`, where scale, seed, commit and machine stand; this page is
written from it by `python benchmarks/scale_page.py docs/evidence docs/scale.md`. A scale of 1 is what `make prove` runs.
"""
KILLS = """\
## Killed, and begun again

`python benchmarks/prove.py --scale 1 --only batch`, here at scale {scale:g}. The batch is made by the command with two
workers and a registry. A kill (SIGKILL) waits until a seeded number of pins is there, then for a seeded moment, and takes
the run itself or any other of its processes; a tenth of the kills come after the last pin. The same command is begun again
until nothing is left to do. Then every file is held against those of a run that nobody disturbed, and the registry is
audited and asked by plain SQL.

| registry | pins | kills | of the run | of another process | files other, missing, more | left over | codes twice | audit faults |
|---|---|---|---|---|---|---|---|---|
"""
CLUSTER = """\

## A cluster that loses a worker

`python benchmarks/prove.py --scale 1 --only cluster`, here at scale {scale:g}: scheduler and three workers of one thread on
loopback, the registry on PostgreSQL; in each trial one worker is killed (SIGKILL) while pins are made.
"""
SPEED = """\

## One worker, and two

`python benchmarks/cluster.py --pins {pins} --runs {runs} --json docs/evidence/cluster-speed.json`, load average before {load_average_before:.1f}:
{pins} pins of the example job from the first to the last, the least of {runs} runs each, all of the same bytes: {same_bytes}.
Two processors are all that this machine has.

| workers | pins a second | times one local worker |
|---|---|---|
"""
MEMORY = """\

## Memory, processors, pins a second

`python benchmarks/prove.py --scale 1 --only scale`, here at scale {scale:g}: {made[pins]} pins of the example job with three
conditions, checked on 1201 x 1201 samples of 1.5 um, G-code alone, by two workers; load average at the end {made[load_average]:g}.

| | found | asked |
|---|---|---|
| memory of all processes after a tenth of the pins, MB (PSS) | {made[memory_mb_after_a_tenth]:g} | |
| the same at the end | {made[memory_mb_at_the_end]:g}, {made_more:+.1%} | at most +10 % |
| memory of the run itself with {rows[rows][0]:,} rows and with {rows[rows][1]:,}, report and manifest included, MB | {rows[memory_mb][0]:g} and \
{rows[memory_mb][1]:g}, {rows_more:+.1%} | at most +10 % |
| processors busy while pins are made | {made[processors_busy]:.0%} | at least 90 % |
| pins a second, checked | {made[pins_a_second]:.2f} | at least 2, of 512 x 512 samples |
| pins a second, machine file and pictures alone | {unchecked[pins_a_second]:.1f} | at least 10 |
| a checked pin, in FFTs of 1024 x 1024 ({fft_ms:.1f} ms) of one processor | {made[ffts_a_pin]:,} | |
| the same without a check | {unchecked[ffts_a_pin]:,} | |

The many rows are those of a batch of which all but {rows[made_anew]} pins are there, with links to one real pin's files.

A check wants samples of at most 1.5 um, since the walls it judges are 4 um wide ([laser.md](laser.md)), and the whole of the
tip, since the strike does: on the example's tip that is 5.5 times as many samples as 512 x 512. At that rate a sample the figure
above comes to {per_sample:.1f} pins a second of 512 x 512.

## Where the time of a pin goes

CPU of one pin of the example job, stage by stage, medians of {pins}: {total_s:.2f} s in all, {make_pin_s:.2f} s in `make_pin` itself.

| stage | CPU, ms | share |
|---|---|---|
"""
BOUND = """
What bounds it is memory traffic over arrays of 1201 x 1201 and of the reader's patches: no stage has more than a third, and
transforms, distance maps and gathers take about as much each. It would double with two more processors, which is what
`--scheduler` is for; with half the conditions, each of which is a strike and a reading of its own; or with samples of 2.1 um,
which would no longer judge the walls.
"""


def page(evidence: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """The page, part by part; a proof whose evidence is not there has none."""
    yield HEAD
    if "batch" in evidence:
        yield from _kills(evidence["batch"])
    if "cluster" in evidence:
        yield from _cluster(evidence["cluster"])
    if "cluster-speed" in evidence:
        yield from _speed(evidence["cluster-speed"])
    if "scale" in evidence:
        yield from _memory(evidence["scale"])


def _kills(document: dict[str, Any]) -> Iterator[str]:
    rows = [
        f"| {name} | {one['pins']} | {one['kills']} | {one['kills_of']['the run']} | {one['kills_of']['another process']} | "
        f"{one['files_other']}, {one['files_missing']}, {one['files_more']} | {one['files_left_over']} | {one['codes_twice']} | "
        f"{one['audit_faults']} |"
        for name, one in document["results"].items()
    ]
    yield KILLS.format(**document) + "\n".join(rows) + "\n"


def _cluster(document: dict[str, Any]) -> Iterator[str]:
    yield CLUSTER.format(**document)
    for name, one in document["results"].items():
        plain = {key: value for key, value in one.items() if isinstance(value, int | float) and key != "holds"}
        yield f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in plain.items()) + ".\n"


def _speed(document: dict[str, Any]) -> Iterator[str]:
    rows = [f"| {name} | {way['pins_a_second']:.2f} | {way['ratio']:.2f} |" for name, way in document["ways"].items()]
    told = {**document, "same_bytes": "yes" if document["same_bytes"] else "NO"}
    yield SPEED.format(**told) + "\n".join(rows) + "\n"


_SAMPLES, _ASKED_SAMPLES = 1201**2, 512**2


def _memory(document: dict[str, Any]) -> Iterator[str]:
    results = document["results"]
    made, one = results["made"], results["one pin"]
    yield MEMORY.format(
        scale=document["scale"],
        made=made,
        made_more=made["memory_more"],
        rows=results["rows"],
        rows_more=results["rows"]["memory_more"],
        unchecked=results["unchecked"],
        fft_ms=results["fft"]["seconds"] * 1000,
        per_sample=made["pins_a_second"] * _SAMPLES / _ASKED_SAMPLES,
        pins=one["pins"],
        total_s=one["sum_of_medians_s"],
        make_pin_s=one["make_pin_s"],
    ) + "\n".join(_stage(name, told) for name, told in one["stages"].items())
    yield BOUND


def _stage(name: str, told: Mapping[str, Any]) -> str:
    return f"| {name} | {told['median_s'] * 1000:.0f} | {told['share']:.0%} |"


def evidence_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The evidence of these proofs, as far as it is there."""
    names = ("batch", "cluster", "cluster-speed", "scale")
    return {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in names
        if (folder / f"{name}.json").is_file()
    }


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("page", type=Path)
    options = parser.parse_args()
    options.page.write_text("\n".join(page(evidence_in(options.evidence))), encoding="utf-8")


if __name__ == "__main__":
    main()
