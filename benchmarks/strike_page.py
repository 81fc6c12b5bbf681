"""Writes docs/strike.md from the evidence, so that page and figures cannot part.

Usage: python benchmarks/strike_page.py docs/evidence/strike.json docs/strike.md
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
# Struck and read: what a simulated primer gives back

`make prove` strikes {pins} pins {draws} times under each of three kinds of strike and reads every impression blind,
from its height map alone: the reader is told the nominal geometry of the marks and nothing of the pin, of the strike,
or of how the mark lies. [strike.json](evidence/strike.json) names the commit, a hash of the sources, the seed ({seed})
and the scale ({scale:g}); `python benchmarks/strike_page.py docs/evidence/strike.json docs/strike.md` writes this page.

Everything here is simulated: the cut, the strike, the damage. The ranges that strikes are drawn from are priors, nearly
all of them (`pin-engrave show ensembles field`), and the mechanics are a cheap model ([physics.md](physics.md)). The
figures rank designs and readers; they do not say how often a mark is read in the field.

- **nominal**: the shipped nominal strike, the pin turned anyhow, up to 150 um beside the middle, on a rough cup.
- **field**: any pin, any gun, up to 2,500 rounds; weak to strong, leaning, worn, fouled, dragged, doubled, chipped.
- **tilting-barrel**: the same for a pistol of the 1911 pattern and a tip of the size of a .45's.

Draws are of the part of each ensemble that no reader was tuned on, every fifth of them, and with a kind of damage that
the tuning part does not have at all: pieces broken out of the face ("chips"). The ensembles were committed before the
reader was fitted to anything.
"""
KRIVOSTA = """\
All eight characters, tilting-barrel: **{ours}**. Krivosta (AFTE Journal 38(1), 2006) could read all eight in
{theirs}, of ten .45 pistols and ten rounds each. His is a sanity target, to see whether the ensemble is absurd; the
ensemble was not fitted to it, and agreement with it would prove nothing. Where the two intervals do not overlap, the
ensemble is harsher, or milder, than his cases were to his eye. Jointly, with the ring, which his marks did not have:
{joint}.
"""
CALIBRATION = """\
## How sure the reader is, and how often it is right

For each place that was seen the likeliest symbol, and how likely the reader takes it to be. The expected calibration
error is the mean distance between that and the share that is right, over fifteen bins of equal width.

"""


def page(document: dict[str, Any]) -> Iterator[str]:
    """The page, part by part."""
    results = document["results"]
    any_kind = next(iter(results.values()))
    draws = any_kind["impressions"] // any_kind["pins"]
    yield HEAD.format(pins=any_kind["pins"], draws=draws, seed=document["seed"], scale=document["scale"])
    yield _rates(results)
    barrel = results["tilting-barrel"]
    yield KRIVOSTA.format(
        ours=_share(barrel["carriers"]["all characters"]["right"]),
        theirs=_share(barrel["krivosta_all_eight"]),
        joint=_share(barrel["carriers"]["jointly"]["identified"]),
    )
    yield _table(
        "## By damage, identified jointly",
        ("kind", "damage", "identified"),
        (
            (kind, damage, _share(share))
            for kind, result in results.items()
            for damage, share in result["by_damage"].items()
        ),
    )
    yield 'A draw may have several; draws of "none of these" may still be weak, leaning or worn.\n'
    yield _table(
        "## By rounds fired",
        ("kind", "rounds", "all characters", "identified jointly"),
        (
            (kind, rounds, _share(share["all characters"]), _share(share["jointly"]))
            for kind, result in results.items()
            for rounds, share in result["by_rounds"].items()
        ),
    )
    yield (
        CALIBRATION
        + _table(
            "",
            ("kind", "symbols", "number", "expected calibration error"),
            (
                (kind, symbols, f"{error['symbols']:,}", f"{error['error']:.4f}")
                for kind, result in results.items()
                for symbols, error in result["calibration"].items()
            ),
        ).lstrip()
    )


def _rates(results: dict[str, Any]) -> str:
    return _table(
        "## What is read",
        ("strikes", "carrier", "right", "identified", "another pin"),
        (
            (
                f"{kind}, {result['tip']}",
                carrier,
                _share(rate["right"]),
                _share(rate["identified"]) if carrier in ("ring", "jointly") else "",
                str(rate["wrong"]["count"]),
            )
            for kind, result in results.items()
            for carrier, rate in result["carriers"].items()
        ),
    )


def _share(share: dict[str, Any]) -> str:
    least, most = share["wilson_95"]
    return f"{share['count']} of {share['of']} ({least:.3f} to {most:.3f})"


def _table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [title, "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


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
