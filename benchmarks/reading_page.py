"""Writes docs/reading.md and its picture from the evidence, so that page and figures cannot part.

Usage: python benchmarks/reading_page.py docs/evidence docs
"""

import argparse
import json
import sys
from collections.abc import Iterator
from math import floor, log10
from pathlib import Path
from typing import Any

# Last, so that an installed pin-engrave is described rather than the checkout.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from engrave.base.shares import wilson

PICTURE = "images/reliability.svg"

HEAD = """\
# How far a reading can be believed

A reading is decoded softly: every character, cell and shape with a likelihood, all weighed together. What comes out is
a list of pins with posteriors, and at most one that is **identified**. The rules stand in clause 11 of
[code-spec.md](code-spec.md). This page says what they were tried on. `python benchmarks/reading_page.py docs/evidence
docs` writes it from [survival.json](evidence/survival.json) and [reading.json](evidence/reading.json), which name the
commit, a hash of the sources, the seed and the scale.

All of it is simulation. No worn primer has been read here, and no figure below says how worn primers are in the field.
"""
SURVIVAL = """\
## What survives

`python benchmarks/survival.py --json FILE` damages random marks and decodes them, with the seed {seed} and {trials:,}
of them for each row and profile. **First** is the share in which the right pin heads the list, with the lower end of
its 95 % interval (Wilson); **identified** is the share in which the rule names it. Other pins identified, in all rows
together: {wrong}. The reader knows here how often it is wrong: this shows the reach of the code, and not what becomes
of bad estimates.

- An arc, begun anywhere, is gone and known to be; "unmarked": it is read as gaps, and nobody says so.
- "Graded": cells are +1 or -1 plus Gaussian noise, of which the given share falls on the wrong side; "hard": that share
  of cells is read the wrong way round. The shapes of G, which stand in the ring's place, are taken for any other.
- A doubtful character is one of two; "blind": turned, mirrored and negative in an unknown way.

"At least" is what is asked of profile D; the lower bound may be .02 less.
"""
NAMED = """\
To come first is not to be named. Ten check bits and a posterior of .9999 want about fifty bits in all, and where a ring
is half gone, or S has no characters, there are no fifty: the list is then right, and says that it is not enough.

The rule against two marks costs most where characters or shapes are doubtful and little else is left. In G it asks for
sixteen places read where one is doubtful, and for eighteen where two are; in S, with eight characters of which one is
doubtful, for twelve gaps. A place that is left out as lost is no sign of a second mark.
"""
DAMAGE = """\
## Readings of another kind

`make prove` decodes {damaged:,} damaged readings, a quarter of them in each profile, and {foreign:,} each of three
kinds that may name nobody. `benchmarks/readings.py` makes them, and what it does is not what the likelihoods suppose.
They take every cell and every character for independent of its neighbours, with errors as frequent as the reader says.
There, instead:

- loss lies somewhere on the primer and takes ring and characters alike: two arcs with soft edges, a fade from one side,
  three blotches; two more add metal, where no tooth was;
- sound cells are misread in both directions at rates that each reading draws for itself, up to 8 %, on top of noise
  that neighbours share; in one reading of twenty a stretch of the ring is counted off by a sector;
- a worn character is taken for one that looks like it (N/H, P/F, 2/Z and 35 such pairs more), a shape for itself
  turned or for its twin; some are doubted between two, both of which may be wrong;
- what the reader thinks of its errors is drawn apart from them: f from .002 to .15, m from .002 to .3, characters from
  .001 to .2; in half of the readings cells are graded instead, with a noise that is guessed; and in half of them
  every cell's ratio is off by a random factor besides, of two where it is off by one standard deviation;
- it notices some of the loss, more or less of it, and takes the rest for gaps; and up to 5 % of cells and characters it
  claims to know for certain, right or wrong.

How hard that is was chosen by us so that the best candidate is wrong in about a fifth.
"""
REFUSED = """\
**Foreign** marks have our geometry and mark cells: ring or shapes under another mask with characters of ours; our code
times other factors; our symbols in another order; random symbols; patterns that repeat. A maker who used our code and
mask under another permutation would make marks of ours, of other pins: nothing on the mark could tell, only the
register. **Noise** is likelihoods of any strength, strong in patches. **Overlaid** are two marks of ours: a tooth where
either has one; of two characters or shapes the one, the other or both. Half of the foreign and overlaid ones are
damaged as above, but less. The best candidate of an overlay is often one of the two that struck. In an earlier
simulation it was even identified, in 9 of 10,000; the rule against two marks (clause 11.9) came after that. That it was
one of the two is no excuse: who reads one name looks for one gun.

The first run at this scale accepted one foreign mark. Its characters were eight times the same, which is how a codeword
may begin, its ring was empty and began with our mark cells, and three cells that the reader was certain of agreed
by chance. Mark cells counted as evidence for a pin then, and do not any more (clause 11.2). What stands above was run
after that, with the same seed.
"""
CURVE = """\
## Reliability

![Odds given and odds found](images/reliability.svg)

The best candidates of the damaged readings, sorted by the odds that their posteriors gave them. Beside that, how many
were right, with 95 % intervals (Wilson).
"""
BELIEVED = """\
The posteriors promise too little: they suppose that one reading in a hundred is of a mark of ours at all (clause 11.3),
and here every one is. The broken line is where that alone would put them, and what was found lies on it or above,
though these readers misjudge their errors. The prior was not fitted to this test and stays: it costs readings not
named, and covers readers worse than these. What a posterior is worth hangs on the likelihoods that went in: a reader
who is surer of wrong cells than any here gets posteriors that nothing on this page covers.
"""


def page(survival: dict[str, Any], reading: dict[str, Any]) -> Iterator[str]:
    """The blocks of the page."""
    rows = [result for by_row in survival["table"].values() for result in by_row.values()]
    wrong = sum(row["wrong"] for row in rows)
    yield HEAD
    yield SURVIVAL.format(trials=survival["trials"], seed=survival["seed"], wrong=wrong or "none")
    yield survival_table(survival)
    yield NAMED
    yield _speed(survival["speed"])
    results = reading["results"]
    yield DAMAGE.format(damaged=results["damaged"]["readings"], foreign=results["foreign"]["readings"])
    yield _run(reading)
    yield outcome_table(results)
    yield REFUSED
    yield CURVE
    yield reliability_table(results["damaged"]["reliability"])
    yield _sure(results["damaged"])
    yield BELIEVED


def survival_table(survival: dict[str, Any]) -> str:
    """A row for each kind of damage, two columns a profile."""
    names = list(survival["table"])
    lines = [
        f"| damage | at least | {' | '.join(f'{name}: first | identified' for name in names)} |",
        f"|---|---|{'---|---|' * len(names)}",
    ]
    for damage in survival["table"][names[0]]:
        cells = [survival["table"][name][damage] for name in names]
        required = next((f"{cell['required']:.2f}" for cell in cells if "required" in cell), "")
        figures = [f"{cell['first']:.3f} (>= {cell['first_at_least']:.3f}) | {cell['named']:.3f}" for cell in cells]
        lines.append(f"| {damage} | {required} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def _speed(clocks: dict[str, Any]) -> str:
    figures = "; ".join(
        f"{name} {clock['soft_s'] * 1e3:.1f} and {clock['blind_s'] * 1e3:.0f} ms" for name, clock in clocks.items()
    )
    return f"CPU time of one decoding, the direction known and unknown, medians: {figures}.\n"


def _run(reading: dict[str, Any]) -> str:
    scale = "at full scale" if reading["scale"] == 1 else f"at {reading['scale']:g} of full scale"
    return f"What is committed was run {scale}, seed {reading['seed']}, in {reading['clock_s'] / 60:.0f} minutes.\n"


def outcome_table(results: dict[str, Any]) -> str:
    """A row for each kind of reading and profile."""
    lines = [
        "| readings | profile | number | best is right | identified | of these wrongly | of all at most (95 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, result in results.items():
        for name, row in {"all": result, **result["by_profile"]}.items():
            best = f"{row['best_is_right'] / row['readings']:.1%}" if kind in ("damaged", "overlaid") else ""
            bad = row["wrong"] if kind == "damaged" else row["identified"]
            most = wilson(bad, row["readings"])[1]
            lines.append(
                f"| {kind} | {name} | {row['readings']:,} | {best} | {row['identified']:,} | {bad} | {most:.1e} |"
            )
    return "\n".join(lines) + "\n"


def reliability_table(curves: dict[str, Any]) -> str:
    """A row for each class of odds: of all profiles, and the right ones of each."""
    names = [name for name in curves if name != "all"]
    by_class = {name: {row["odds"]: row for row in rows} for name, rows in curves.items()}
    lines = [
        f"| log10 of the odds | mean posterior | readings | right | 95 % interval | {' | '.join(names)} |",
        f"|---|---|---|---|---|{'---|' * len(names)}",
    ]
    for odds, row in by_class["all"].items():
        low, high = row["wilson_95"]
        each = [by_class[name].get(odds) for name in names]
        shares = [f"{digits(one['share'])} of {one['readings']:,}" if one else "" for one in each]
        lines.append(
            f"| {odds} | {digits(row['mean_posterior'])} | {row['readings']:,} | {digits(row['share'])} | "
            f"{digits(low)} to {digits(high)} | {' | '.join(shares)} |"
        )
    return "\n".join(lines) + "\n"


def digits(share: float) -> str:
    """A share, with two digits more than it has nines or leading zeros."""
    left = min(share, 1 - share)
    # Rounding leaves an upper bound of one a hair below it.
    if left < ROUNDING:
        return f"{share:.0f}"
    if left < LEAST_TOLD:
        return f"> {1 - LEAST_TOLD}" if share > left else f"< {LEAST_TOLD}"
    return f"{share:.{max(3, 1 - floor(log10(left)))}f}"


def _sure(damaged: dict[str, Any]) -> str:
    sure = damaged["odds_from_10000"]
    return (
        f"Of the {sure['of']:,} best candidates with odds of 10,000 or more {sure['wrong'] or 'none'} were wrong:\n"
        f"at most {sure['wilson_95'][1]:.1e} of them (95 %), where the posteriors promise 1e-4 or less.\n"
    )


# The picture: odds given to the right, odds found upwards, both as decimal logarithms.
LEAST, MOST, LOWEST, HIGHEST = -7.0, 9.0, -1.5, 6.5
WIDTH, HEIGHT, MARGIN = 760, 470, 60
COLOURS = {"all": "#111111", "A": "#0072b2", "D": "#009e73", "S": "#d55e00", "G": "#cc79a7"}
PRIOR_SHIFT = 2.0
LEGEND = ("line: found as given", "broken: were every reading taken for ours", "arrow: none was wrong; odds at least")

LEAST_TOLD, ROUNDING = 1e-9, 1e-14

Point = tuple[float, float]


def picture(curves: dict[str, Any]) -> str:
    """The curve as SVG: points with bars, and arrows where none was wrong."""
    marks = [
        mark for number, (name, rows) in enumerate(curves.items()) for mark in _points(rows, COLOURS[name], number)
    ]
    frame = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_axes(),
        _line((LOWEST, LOWEST), (HIGHEST, HIGHEST), "#888888"),
        _line((LOWEST - PRIOR_SHIFT, LOWEST), (HIGHEST - PRIOR_SHIFT, HIGHEST), "#888888", "5 4"),
        *_legend(list(curves)),
    ]
    return "\n".join([*frame, *marks, "</svg>"]) + "\n"


def _x(value: float) -> float:
    return round(MARGIN + (value - LEAST) / (MOST - LEAST) * (WIDTH - 2 * MARGIN), 1)


def _y(value: float) -> float:
    kept = min(max(value, LOWEST), HIGHEST)
    return round(HEIGHT - MARGIN - (kept - LOWEST) / (HIGHEST - LOWEST) * (HEIGHT - 2 * MARGIN), 1)


def _line(start: Point, end: Point, colour: str, dashes: str = "none") -> str:
    (x0, y0), (x1, y1) = ((_x(x), _y(y)) for x, y in (start, end))
    return f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{colour}" stroke-dasharray="{dashes}"/>'


def _axes() -> Iterator[str]:
    for value in range(-6, 9, 2):
        yield _line((value, LOWEST), (value, HIGHEST), "#e4e4e4")
        yield f'<text x="{_x(value)}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{value}</text>'
    for value in range(-1, 7):
        yield _line((LEAST, value), (MOST, value), "#e4e4e4")
        yield f'<text x="{MARGIN - 8}" y="{_y(value) + 4}" text-anchor="end">{value}</text>'
    middle = HEIGHT / 2
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT - 18}" text-anchor="middle">odds given, log10</text>'
    yield f'<text x="20" y="{middle}" text-anchor="middle" transform="rotate(-90 20 {middle})">odds found, log10</text>'


def _legend(names: list[str]) -> Iterator[str]:
    x, y = MARGIN + 10, MARGIN - 24
    for number, name in enumerate(names):
        yield f'<circle cx="{x + 62 * number}" cy="{y}" r="3.5" fill="{COLOURS[name]}"/>'
        yield f'<text x="{x + 62 * number + 9}" y="{y + 4}">{name}</text>'
    for number, meaning in enumerate(LEGEND):
        yield f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - MARGIN - 50 + 16 * number}" text-anchor="end">{meaning}</text>'


def _points(rows: list[dict[str, Any]], colour: str, number: int) -> Iterator[str]:
    """Beside each other within their class; a class that is open to one side stands half a decade beyond."""
    for row in rows:
        given = _given(row["odds"]) + 0.13 * (number - 2)
        low, high = (_log_odds(value) for value in row["wilson_95"])
        found = _log_odds(row["share"])
        if found == float("inf"):
            # None was wrong: only from where on is known.
            x, y = _x(given), _y(low)
            yield f'<path d="M{x - 4} {y}h8M{x} {y}v-16m-4 6l4 -6l4 6" stroke="{colour}" fill="none"/>'
            continue
        yield _line((given, low), (given, high), colour)
        yield f'<circle cx="{_x(given)}" cy="{_y(found)}" r="3" fill="{colour}"/>'


def _given(odds: str) -> float:
    """The middle of a class from its name."""
    kind, *rest = odds.split()
    if kind == "below":
        return float(rest[0]) - 0.5
    return (float(rest[0]) if kind == "from" else float(kind)) + 0.5


def _log_odds(share: float) -> float:
    if share in (0.0, 1.0):
        return float("-inf") if share == 0 else float("inf")
    return log10(share / (1 - share))


def main() -> None:
    """Write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path, help="the folder with survival.json and reading.json")
    parser.add_argument("docs", type=Path, help="the folder for the page")
    options = parser.parse_args()
    survival, reading = (
        json.loads((options.evidence / f"{name}.json").read_text(encoding="utf-8")) for name in ("survival", "reading")
    )
    (options.docs / "reading.md").write_text("\n".join(page(survival, reading)), encoding="utf-8")
    curves = reading["results"]["damaged"]["reliability"]
    (options.docs / PICTURE).write_text(picture(curves), encoding="utf-8")


if __name__ == "__main__":
    main()
