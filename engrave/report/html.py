"""The QA report of a batch: one HTML file that opens offline, with a row and its pictures a pin.

Every text is escaped as it is put in; the page holds no script and asks for nothing beyond itself.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import quote

from engrave.report.markup import Markup, element, empty, joined
from engrave.report.png import THUMBNAIL_PX, thumbnail_png
from engrave.report.view import SCALE_BAR_LABEL
from toolpaths.findings import Finding, Severity

PASS, FAIL = "pass", "fail"

STATEMENT = (
    "This is simulated evidence, and no approval. The machine files were read back, cut, struck and read in a computer "
    "model; nothing on this page was measured on a pin or a primer."
)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# A sign, a word and a border tell a verdict; colour only repeats it.
_VERDICTS = {PASS: ("\N{CHECK MARK}", "good"), FAIL: ("\N{MULTIPLICATION SIGN}", "bad")}
_OTHER_VERDICT = ("?", "doubt")
_ROW_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The least depth found in one cell of the impression: None where nothing was printed."""

    place: str
    shows: str
    depth_um: float | None
    limit_um: float

    @property
    def low(self) -> bool:
        """Whether the cell misses its limit."""
        return self.depth_um is None or not self.depth_um >= self.limit_um  # NaN misses it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRow:
    """What the report says of one pin.

    verdict : ``pass`` or ``fail``; any other word is shown as it is and counted as neither.
    reading : the eight characters read back, ``?`` for a lost one; reading_serial : the serial they name, or empty.
    layout_png, impression_png : pictures, shrunk for the page where they are wide; None where there is none.
    files : names of the files in ``pins/<characters>/``. time : how long the pin takes, in words; empty for not known.
    """

    serial: str
    maker: str
    model: str
    characters: str
    verdict: str
    reading: str
    reading_serial: str
    findings: tuple[Finding, ...]
    depths: tuple[Depth, ...]
    layout_png: bytes | None
    impression_png: bytes | None
    files: tuple[str, ...]
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the report says of the whole batch.

    facts : name and value of each thing about the job that a reader should know.
    priors : name of each figure the result depends on that was not measured on the real thing, and what is known of it.
    files : names of the files beside the page.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    priors: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


def index_html(rows: Sequence[PinRow], *, summary: Summary) -> bytes:
    """The page, UTF-8; the same input gives the same bytes."""
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        empty("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", None, summary.title),
        Markup(f"<style>\n{_style()}</style>"),
    )
    body = element(
        "body",
        None,
        joined((_heading(summary, rows), _finding_counts(rows), _pins(rows), _priors(summary))),
    )
    page = element("html", {"lang": "en"}, Markup("\n"), head, Markup("\n"), body, Markup("\n"))
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _style() -> str:
    return files("engrave.report").joinpath("page.css").read_text(encoding="utf-8")


def _heading(summary: Summary, rows: Sequence[PinRow]) -> Markup:
    verdicts = Counter(row.verdict for row in rows)
    others = sorted(set(verdicts) - {PASS, FAIL})
    counts = [("Pins", f"{len(rows)}")] + [(word.capitalize(), f"{verdicts[word]}") for word in (PASS, FAIL, *others)]
    facts = [
        part
        for name, value in (*counts, *summary.facts)
        for part in (element("dt", None, name), element("dd", None, value))
    ]
    return joined(
        (
            element("h1", None, summary.title),
            element("p", {"class": "statement"}, STATEMENT),
            element("h2", None, "Summary"),
            element("dl", {"class": "facts"}, joined(facts)),
            *([_links(summary.files, folder="")] if summary.files else []),
        )
    )


def _finding_counts(rows: Sequence[PinRow]) -> Markup:
    """How many pins each kind of finding concerns."""
    pins = Counter(kind for row in rows for kind in {(finding.number, finding.severity) for finding in row.findings})
    heading = element("h2", None, "Findings by number")
    if not pins:
        return joined((heading, element("p", None, "No finding on any pin.")))
    body = [
        _table_row(
            element("th", {"scope": "row"}, number),
            element("td", None, _severity(severity)),
            element("td", {"class": "number"}, f"{count}"),
        )
        for (number, severity), count in sorted(pins.items())
    ]
    return joined((heading, _table(("Number", "Severity", "Pins"), body, caption="Pins that each kind concerns")))


def _priors(summary: Summary) -> Markup:
    heading = element("h2", None, "What this result rests on that was not measured")
    if not summary.priors:
        return joined((heading, element("p", None, "No prior was named.")))
    body = [
        _table_row(element("th", {"scope": "row"}, name), element("td", None, known)) for name, known in summary.priors
    ]
    caption = "Priors: figures that were recalled, chosen or assumed. Measure your own, and the result is yours."
    return joined((heading, _table(("Figure", "What is known of it"), body, caption=caption)))


def _pins(rows: Sequence[PinRow]) -> Markup:
    columns = ("Pin", "Verdict, reading, files", "Layout and impression", "Findings", "Least depth by cell")
    caption = f"One row a pin. Pictures are in the reading frame; each bar is {SCALE_BAR_LABEL}."
    table = _table(columns, [_pin(row) for row in rows], caption=caption, name="pins")
    region = {"class": "scroll", "role": "region", "aria-label": "Pins", "tabindex": "0"}
    return joined((element("h2", None, "Pins"), element("div", region, table)))


def _pin(row: PinRow) -> Markup:
    title = element(
        "th",
        {"scope": "row"},
        element("div", {"class": "serial"}, element("bdi", None, row.serial)),
        element("div", None, element("bdi", None, row.maker), " ", element("bdi", None, row.model)),
        element("div", {"class": "characters"}, _spaced(row.characters)),
    )
    links = _links(row.files, folder=f"pins/{_quoted(row.characters)}/")
    return _table_row(
        title,
        element("td", None, _verdict(row.verdict), *_reading(row), links),
        element("td", {"class": "pictures"}, *_pictures(row)),
        element("td", None, _findings(row.findings)),
        element("td", None, _depths(row.depths)),
    )


def _verdict(verdict: str) -> Markup:
    sign, name = _VERDICTS.get(verdict, _OTHER_VERDICT)
    shown = element("span", {"aria-hidden": "true"}, f"{sign} ")
    return element("span", {"class": f"verdict {name}"}, shown, verdict.upper())


def _reading(row: PinRow) -> Iterable[Markup]:
    agrees = row.reading == row.characters
    yield element("div", {"class": "characters" if agrees else "characters low"}, _spaced(row.reading))
    yield element("div", None, "read as intended" if agrees else f"read otherwise; intended {_spaced(row.characters)}")
    named = element("bdi", None, row.reading_serial) if row.reading_serial else "nobody"
    yield element("div", None, "names ", named)
    if row.time:
        yield element("div", {"class": "quiet"}, f"takes {row.time}")


def _pictures(row: PinRow) -> Iterable[Markup]:
    shown = _spaced(row.characters)
    for picture, alternative in (
        (row.layout_png, f"Layout of pin {row.serial}: {shown}, as it reads in the primer"),
        (row.impression_png, f"Simulated impression of pin {row.serial}, read back as {_spaced(row.reading)}"),
    ):
        if picture is None:
            yield element("span", {"class": "quiet"}, "no picture ")
        else:
            data = b64encode(thumbnail_png(picture)).decode("ascii")
            source = f"data:image/png;base64,{data}"
            yield empty("img", {"src": source, "alt": alternative, "width": f"{THUMBNAIL_PX}"})


def _depths(depths: Sequence[Depth]) -> Markup:
    if not depths:
        return element("span", {"class": "quiet"}, "not measured")
    body = [
        _table_row(
            _cell_name(depth),
            element("td", {"class": "number"}, "none" if depth.depth_um is None else f"{depth.depth_um:.2f}"),
            element("td", {"class": "number"}, f"{depth.limit_um:.2f}"),
            element("td", {"class": "low"} if depth.low else None, "LOW" if depth.low else "ok"),
        )
        for depth in depths
    ]
    return _table(("Cell", "Depth, um", "Limit, um", ""), body, name="depths")


def _cell_name(depth: Depth) -> Markup:
    place = element("span", {"class": "quiet"}, depth.place)
    return element("th", {"scope": "row"}, element("b", None, depth.shows), " ", place)


def _findings(findings: Sequence[Finding]) -> Markup:
    if not findings:
        return element("span", {"class": "quiet"}, "none")
    return element("ul", {"class": "findings"}, joined(_finding(finding) for finding in findings))


def _finding(finding: Finding) -> Markup:
    parts: list[str | Markup] = [element("strong", None, finding.number), " ", _severity(finding.severity)]
    if finding.place:
        parts.append(f", {finding.place}")
    parts.append(f": {_sentence(finding.message)}")
    unit = f" {finding.unit}" if finding.unit else ""
    figures = [
        f"{name} {value:g}{unit}"
        for name, value in (("value", finding.value), ("limit", finding.limit))
        if value is not None
    ]
    if figures:
        parts.append(f" ({', '.join(figures)})")
    if finding.remedy:
        remedy = f"Remedy: {_sentence(finding.remedy)}"
        parts += [empty("br"), element("span", {"class": "quiet"}, remedy)]
    return element("li", None, *parts)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _severity(severity: Severity) -> Markup:
    return element("span", {"class": f"severity {severity.value}"}, severity.value)


def _links(names: Sequence[str], *, folder: str) -> Markup:
    items = (element("li", None, element("a", {"href": f"{folder}{_quoted(name)}"}, name)) for name in names)
    return element("ul", {"class": "files"}, joined(items))


def _quoted(name: str) -> str:
    """One segment of a relative address, whatever the name holds."""
    return quote(name, safe="", errors="replace")


def _table(columns: Sequence[str], body: Iterable[Markup], *, caption: str = "", name: str = "") -> Markup:
    heads = (element("th", {"scope": "col"}, column) if column else element("td") for column in columns)
    parts = [
        *([element("caption", None, caption)] if caption else []),
        element("thead", None, element("tr", None, *heads)),
        element("tbody", None, joined((Markup(""), *body, Markup("")))),
    ]
    return element("table", {"class": name} if name else None, *parts)


def _table_row(*cells: Markup) -> Markup:
    return element("tr", None, *cells)


def _spaced(characters: str) -> str:
    """Characters as they stand on the pin, four a row: ``XXXX XXXX``."""
    return " ".join(characters[start : start + _ROW_LENGTH] for start in range(0, len(characters), _ROW_LENGTH))
