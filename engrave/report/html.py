"""The QA report of a batch: one HTML file that opens offline, with every pin's marks, pictures, depths and findings.

The page is written as its pins come, one JSON block each, and its table from rows on disk: memory does not grow with
the batch. Its one script and its one style are let in by their hashes and nothing else is: no network, no other code.
The script shows texts as text alone; what must be seen without it stands in ``noscript``, escaped.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from string import Template
from typing import BinaryIO

from engrave.base.rows import Rows, rows_file
from engrave.report.markup import Markup, element, empty, joined
from engrave.report.page_data import COLUMNS, PAGE_SCHEMA, Outlines, PinRow, cells_of, pin_data, script_json
from engrave.report.view import SCALE_BAR_LABEL
from toolpaths.findings import Finding

PASS, FAIL = "pass", "fail"

STATEMENT = (
    "This is simulated evidence, and no approval. The machine files were read back, cut, struck and read in a computer "
    "model; nothing on this page was measured on a pin or a primer."
)

_FOLDER = "batch_page"
# One script, in the order in which one part needs another.
_SCRIPTS = ("dom.js", "store.js", "heights.js", "turning.js", "pictures.js", "table.js", "sheet.js", "pin.js",
            "printing.js", "start.js")  # fmt: skip
_SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the page says of the whole batch.

    facts : name and value of each thing about the job that a reader should know. conditions : name of each strike, and
    how hard it is. priors : name of each figure the result depends on that was not measured on the real thing, and what
    is known of it; sources : the same for every other figure. files : name and SHA-256 of each file beside the page;
    those whose hash stands elsewhere have none. skipped : line and reason of each row that was left out. radius_um : of
    the circle about the mark. dark : what is drawn dark in a layout. signing : the command that signs the batch off;
    empty where no registry knows it.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str], ...]
    priors: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[int, str], ...]
    radius_um: float
    dark: str
    signing: str


@dataclass(slots=True)
class _Written:
    """What the pins written so far come to."""

    pins: int = 0
    outlines: Outlines = field(default_factory=Outlines)
    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)


def index_html(rows: Iterable[PinRow], *, summary: Summary) -> bytes:
    """The page, UTF-8; the same input gives the same bytes."""
    out = BytesIO()
    write_page(out, rows, summary=summary)
    return out.getvalue()


def write_page(out: BinaryIO, rows: Iterable[PinRow], *, summary: Summary) -> None:
    """Write the page pin by pin; the same input gives the same bytes. Raises what the rows raise, and OSError."""
    script, style = _joined(_SCRIPTS), _joined(("page.css",))
    skeleton = Template(_part("page.html")).substitute(
        policy=_policy(script, style),
        title=element("title", None, summary.title).text,
        heading=element("h1", None, summary.title).text,
        statement=element("p", {"class": "statement"}, STATEMENT).text,
        style=style,
    )
    out.write(skeleton.encode())
    written = _Written()
    with rows_file() as file:
        table = Rows(file, _cells_of_written(out, rows, written))
        _write_batch(out, summary, written, table)
        _write_without_script(out, summary, written, table)
    out.write(f"\n<script>{script}</script>\n</body>\n</html>\n".encode())


def _cells_of_written(out: BinaryIO, rows: Iterable[PinRow], written: _Written) -> Iterator[tuple[str, ...]]:
    """Write each pin's block: the cells of its row in the table."""
    for row in rows:
        out.write(_block(f"pin-{written.pins}", script_json(pin_data(row, written.outlines))))
        cells = cells_of(row)
        _count(row, cells, written)
        yield cells


def _count(row: PinRow, cells: Sequence[str], written: _Written) -> None:
    written.pins += 1
    written.verdicts[cells[COLUMNS.index("verdict")]] += 1
    written.kinds.update({(finding.number, finding.severity.value) for finding in row.findings})
    for finding in row.findings:
        written.first.setdefault(finding.number, _sentence(finding))


def _sentence(finding: Finding) -> str:
    return finding.message if finding.message.endswith(".") else f"{finding.message}."


def _block(name: str, data: bytes) -> bytes:
    return b'<script type="application/json" id="%s">%s</script>\n' % (name.encode("ascii"), data)


def _part(name: str) -> str:
    return files("engrave.report").joinpath(_FOLDER, name).read_text(encoding="utf-8")


def _joined(names: Sequence[str]) -> str:
    return "\n" + "\n".join(_part(name) for name in names)


def _policy(script: str, style: str) -> str:
    """What the page may load and run: its own script and style, by their hashes (CSP 3), and pictures in it."""
    hashes = [b64encode(sha256(text.encode()).digest()).decode("ascii") for text in (script, style)]
    rules = (
        "default-src 'none'",
        f"script-src 'sha256-{hashes[0]}'",
        f"style-src 'sha256-{hashes[1]}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return empty("meta", {"http-equiv": "Content-Security-Policy", "content": "; ".join(rules)}).text


def _counts(summary: Summary, written: _Written) -> list[tuple[str, str]]:
    verdicts = written.verdicts
    others = sorted(set(verdicts) - {PASS, FAIL})
    skipped = len({line for line, _ in summary.skipped})
    counts = [("Pins", written.pins), *((word.capitalize(), verdicts[word]) for word in (PASS, FAIL, *others))]
    return [(name, f"{count}") for name, count in (*counts, *([("Skipped rows", skipped)] if skipped else []))]


def _kinds(written: _Written) -> list[tuple[str, str, int, str]]:
    """How many pins each kind of finding concerns, the gravest first, and what it says on the first of them."""
    found = sorted(written.kinds.items(), key=lambda entry: (_SEVERITIES.index(entry[0][1]), entry[0][0]))
    return [(number, severity, count, written.first[number]) for (number, severity), count in found]


def _batch(summary: Summary, written: _Written) -> dict[str, object]:
    return {
        "schema": PAGE_SCHEMA,
        "title": summary.title,
        "statement": STATEMENT,
        "counts": _counts(summary, written),
        "facts": summary.facts,
        "conditions": summary.conditions,
        "kinds": _kinds(written),
        "skipped": summary.skipped,
        "files": summary.files,
        "priors": summary.priors,
        "sources": summary.sources,
        "signing": summary.signing,
        "radius_um": summary.radius_um,
        "dark": summary.dark,
        "scale_bar": SCALE_BAR_LABEL,
        "outlines": written.outlines.entries,
        "columns": COLUMNS,
        "rows": [],
    }


def _write_batch(out: BinaryIO, summary: Summary, written: _Written, table: Rows) -> None:
    """The block of the whole batch; the rows are its last member."""
    before, hole, after = _block("batch", script_json(_batch(summary, written))).rpartition(b"]}")
    out.write(before)
    out.writelines((b"," if number else b"") + script_json(cells) for number, cells in enumerate(table))
    out.write(hole + after)


def _write_without_script(out: BinaryIO, summary: Summary, written: _Written, table: Rows) -> None:
    """What is seen where the script does not run: the summary, and each pin with its verdict."""
    # No text holds a "<" of its own: the first empty body is the table's.
    before, hole, after = _without_script(summary, written).text.partition("</tbody>")
    out.write(before.encode())
    places = [COLUMNS.index(name) for name in _SHOWN]
    for number, cells in enumerate(table):
        row = element("tr", None, *(element("td", None, element("bdi", None, cells[place])) for place in places))
        out.write(f"{chr(10) if number else ''}{row.text}".encode())
    out.write(f"{hole}{after}".encode())


_SHOWN = ("serial", "maker", "model", "characters", "verdict", "reads", "findings")


def _without_script(summary: Summary, written: _Written) -> Markup:
    """The same without its rows."""
    facts = [
        part
        for name, value in (*_counts(summary, written), *summary.facts)
        for part in (element("dt", None, name), element("dd", None, value))
    ]
    head = element("tr", None, *(element("th", {"scope": "col"}, name.capitalize()) for name in _SHOWN))
    return element(
        "noscript",
        None,
        joined(
            (
                Markup(""),
                element("p", None, "This page needs its script for pictures, depths and files; here is the rest."),
                element("dl", {"class": "facts"}, *facts),
                element("table", None, element("thead", None, head), element("tbody", None, Markup(""))),
                Markup(""),
            )
        ),
    )
