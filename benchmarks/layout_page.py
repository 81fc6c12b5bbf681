"""Writes docs/layout.md from the evidence, so that page and figures cannot part.

Usage: python benchmarks/layout_page.py docs/evidence/layout.json docs/layout.md
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
# Fitting a mark to a pin

A job states the sizes of its mark, in `[layout]`, or has them found: `[fit]`, or neither. `pin-engrave job fit` shows
what would be found, the best layout of each profile of the code, and writes the job with the first. The search has no
randomness and takes about a second of CPU; one solution serves a batch, and `job.json` keeps it.

## What is searched

Profile (A, D, S, G), rows (4-4, 3-3-2, 2-2-2-2, 8), width of strokes and teeth (16 to 20 um at half relief), height of
the characters, the gaps between columns, rows, ring and tracks, depth of the tracks or height of the shapes. A coarse
grid comes first; from the best two orders of rows each size is then moved as long as that helps, by smaller and smaller
steps. Nothing is tried that

- stands closer than the relief, the kerf, or both walls and 8 um of floor, teeth 16 um more than the relief; that has
  characters below 150 um, or strokes of more than a sixth of their height;
- leaves the part of the face that may be engraved: its boundary less the pin's runout (25 um where the profile says
  nothing, a prior), or less a kerf where that is more;
- lies deeper than the nominal strike forms lands at half of the backing that the job assumes.

Thin strokes sink where a cup is badly backed; on flats and chisels, which have no curvature to press with, that decides
what prints. On a face that is not round a ring keeps the cells that have room. Where nothing
fits, the job is refused, and each profile's reasons are told.

## What is predicted

For each of the job's conditions the strike is met in twelve ways: the cup's backing drawn from the primer's triangle,
the pin leaning and turned all round, in strata. Each way gives the patch by the strike's own law, on the tip's own
surface, and so how far each place of the face goes in; the fill law gives how far metal rises between lands. From the
relief that prints and from the size of a land follows how likely its symbol is read (a table of the damage model for
characters, an exponential in a tooth's length), from all symbols how many bits of the code word are known. Forty-four
are needed: thirty for the id, fourteen for a posterior of .9999. The chance of having them is taken as normal, with a
spread of the symbols' own and one of 8 % that they share. The worst condition counts; where chances are all 1 or 0 the
margin, in spreads, still ranks.

A drag is met by what it did to 51 random layouts of two spheres and an ellipse, each struck six times (60 um along, 20
um up). Towards the edge of a curved face the pin scrapes the dent's wall away; what stands there is lost on that side.
Where a mark was found, its characters read as well as ever, teeth and shapes a sixth less. Two more things limit the
margin: whether a smeared text still tells its place (43 of 48 at 160 um, 72 of 72 above 170 um), and whether teeth are
misread over narrow floors (marks of D, floors of 35 um, 28 of 35; of A, 40 um and more, 82 of 88). The reader has
become better at finding smeared marks since, so that these limits now err towards caution.

The table and the other constants are priors (`engrave/layout/prediction.py` names each). Left out are second strikes,
wear, chips, fouling and roughness; they are in the full simulation below.
"""
PLACEMENT = """\
## Nothing overlaps, nothing leaves the face

`make prove`, at scale {scale:g}: {jobs:,} random jobs, of tips of five forms and sizes from .45 to 1 mm, kerfs of 8 to
16 um and reliefs of 15 to 30 um; {laid_out:,} had a layout that fits, {overlapping_or_outside} of them with a land that
overlaps, comes nearer than the gap or leaves the usable face (95 %: at most {most_share_95:.1e} of all).
"""
IDENTIFICATION = """\
## Held against the full simulation

For six pins: the layout found, the example job's scaled up or down until it just fits, and {rivals} random ones that
fit. Each is planned, cut, struck and read blind, with samples of 2.5 um. The random ones are met once under each of two
conditions, dragged and weak. The best three of them, by the least number identified, by all, and then by what is
predicted of them, are met with the others under {conditions}, by marks and in ways that are new: that finds each
layout's worst condition, and the best random one. Last, that one and the fixed one are held against the layout found,
each under its own worst condition, by new marks again: mark by mark the same pin and the same cup. Whether the marks
that only one of the two was identified by speak for it is asked of an exact two-sided sign test (McNemar), at 5 %:
where they do not, the two tie within what so many marks can show. A tie is not counted as beaten. "By one alone" are
the marks of which the layout found was identified and this one was not, and the other way round.

Counts are of marks identified as themselves; [layout.json](evidence/layout.json) has seed, commit and every figure.

| pin | layout | rows, height um, tracks um | at worst | identified | 95 % | the layout found | by one alone | margin |
|---|---|---|---|---|---|---|---|---|
"""


def page(document: dict[str, Any]) -> Iterator[str]:
    """The page, part by part."""
    results = document["results"]
    yield HEAD
    yield PLACEMENT.format(scale=document["scale"], **results["placement"])
    tips = {name: result for name, result in results.items() if name != "placement"}
    compared = [result for result in tips.values() if "found" in result]
    rivals = max((result["random"] for result in compared), default=0)
    conditions = ", ".join(compared[0]["conditions"]) if compared else ""
    table = IDENTIFICATION.format(rivals=rivals, conditions=conditions)
    yield table + "\n".join(line for name, result in tips.items() for line in _rows(name, result)) + "\n"
    yield _verdicts(compared)
    yield from _limits({name: result for name, result in tips.items() if "found" in result})
    yield _correlations(tips)


def _rows(name: str, result: dict[str, Any]) -> Iterator[str]:
    if "refused" in result:
        yield f"| {name} | refused: {'; '.join(result['refused'])} | | | | | | | |"
        return
    yield _row(name, "found", result["found"], None)
    against = result["against"]
    if result["fixed"] is not None:
        yield _row("", "fixed, scaled", result["fixed"], against["fixed"])
    for one in result["best_of_random"]:
        if "worst" in one:
            yield _row("", "best random", one, against["random"])


def _row(name: str, kind: str, told: dict[str, Any], against: dict[str, Any] | None) -> str:
    rows = "-".join(map(str, told["rows"]))
    tracks = "; ".join(f"{inner:.0f}-{outer:.0f}" for inner, outer in told["tracks_um"])
    least, most = told["worst_wilson_95"]
    sizes = f"{rows}, {told['height_um']:.0f}" + (f", {tracks}" if tracks else "")
    verdict = "| |" if against is None else f"{against['verdict']} | {against['only_found']}, {against['only_other']} |"
    return (
        f"| {name} | {kind}, {told['profile']} | {sizes} | {told['worst_condition']} | "
        f"{told['worst']} of {told['worst_of']} | {least:.2f}-{most:.2f} | {verdict} {told['predicted_margin']:.1f} |"
    )


def _verdicts(compared: list[dict[str, Any]]) -> str:
    """How often the layout found beats what it is held against, ties with it and loses."""
    counts = Counter(one["verdict"] for result in compared for one in result["against"].values())
    told = ", ".join(f"{verdict} {count} times" for verdict, count in sorted(counts.items()))
    return f"\nOf {counts.total()} comparisons the layout found {told or 'has none'}.\n"


def _limits(tips: dict[str, Any]) -> Iterator[str]:
    """Where these marks cannot tell layouts apart, and where the layout found was identified less often."""
    best = [name for name, result in tips.items() if all(one["worst"] == one["worst_of"] for one in _met(result))]
    alike = [
        name
        for name, result in tips.items()
        if name not in best and not any(one["only_found"] + one["only_other"] for one in result["against"].values())
    ]
    less = [name for name, result in tips.items() if result["found"]["worst"] < max(o["worst"] for o in _met(result))]
    if best:
        yield f"\nAll that were met are identified by every mark, so that none can be better: {', '.join(best)}."
    if alike:
        yield (
            f"\nThe very same marks fail whichever the layout, so that pin and cups decide and not the sizes: "
            f"{', '.join(alike)}."
        )
    if less:
        yield (
            f"\nIdentified in fewer marks than one of the others, by less than noise allows for: {', '.join(less)}. "
            "What the search expects there of a drag is not what the simulation shows; see the rank correlations."
        )


def _met(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The layouts that were held against one another."""
    others = [one for one in (result["fixed"], *result["best_of_random"]) if one is not None and "worst" in one]
    return [result["found"], *others]


def _correlations(tips: dict[str, Any]) -> str:
    told = [
        f"{name} {result['rank_correlation']:.2f}"
        for name, result in tips.items()
        if result.get("rank_correlation") is not None
    ]
    wrong = sum(result.get("wrong", 0) for result in tips.values())
    return (
        "\nRank correlation (Spearman) over the random layouts of the predicted margin with the number identified in "
        f"their few ways: {', '.join(told) or 'none'}. Readings that named a wrong pin, in all of this: {wrong}.\n"
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("page", type=Path)
    options = parser.parse_args()
    document = json.loads(options.evidence.read_text(encoding="utf-8"))
    options.page.write_text("\n".join(page(document)), encoding="utf-8")


if __name__ == "__main__":
    main()
