"""What an operator has beside a tray: the map of which pin lies where, and the sheet for the first pin marked.

Both are one HTML file that opens offline and holds no script; both say nothing of date, host or place.
"""

import math
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from engrave.report.markup import Markup, element, empty, joined

_STATEMENT = (
    "What is asked comes from the job. Nothing here was measured until this sheet is filled in by hand and signed."
)
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# Drawing units a column's pitch, and the share of it that a nest's frame takes.
_PITCH = 100.0
_FRAME = 0.86
_STYLE = """
svg.tray { width: 100%; max-width: 1180px; height: auto; }
svg.tray text { font-family: ui-monospace, monospace; stroke: none; fill: var(--ink); text-anchor: middle; }
svg.tray .nest { fill: var(--paper); stroke: var(--rule); stroke-width: 1.5; }
svg.tray .pin { stroke: var(--ink); stroke-width: 2; }
svg.tray .start { stroke-width: 6; }
svg.tray .free, svg.tray .empty, svg.tray .left-out { stroke-dasharray: 6 5; }
svg.tray .blocked { fill: var(--shade); }
svg.tray .travel { fill: none; stroke: var(--doubt); stroke-width: 3; opacity: .55; }
svg.tray .mark { stroke: var(--bad); stroke-width: 2.5; fill: none; }
svg.tray .number { font-size: 15px; }
svg.tray .name { font-size: 22px; font-weight: bold; }
.places td, .places th { padding: .1rem .4rem; white-space: nowrap; }
.places td.said { white-space: normal; overflow-wrap: anywhere; max-width: 18rem; }
.done { min-width: 3.5rem; }
.fill td.blank { min-width: 9rem; }
.fill td, .fill th { height: 2.1rem; }
.sign { display: grid; grid-template-columns: max-content 1fr; gap: 1.1rem 1rem; max-width: 34rem; margin-top: 1rem; }
.sign span { border-bottom: 1px solid var(--ink); }
.sheet img { width: 340px; height: auto; border: 1px solid var(--rule); }
@media print { @page { size: A4 portrait; } svg.tray { max-height: 150mm; } .sheet img { width: 70mm; } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What made a document."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateMark:
    """A fiducial of the plate, tray frame."""

    name: str
    x_um: float
    y_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A fixture as a map tells of it; ``probed``: whether the places in it are measured."""

    name: str
    rows: int
    columns: int
    column_pitch_um: float
    row_pitch_um: float
    first_x_um: float
    first_y_um: float
    tip_height_um: float
    safe_height_um: float
    order: str
    probed: bool
    fiducials: tuple[PlateMark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayPin:
    """A pin in its nest: the nest's nominal place, how far from it the pin was found, its files' SHA-256 by name."""

    nest: int
    row: int
    column: int
    characters: str
    serial: str
    maker: str
    model: str
    x_um: float
    y_um: float
    dx_um: float
    dy_um: float
    dz_um: float
    tilt_x_rad: float
    tilt_y_rad: float
    clocking_rad: float
    files: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayMap:
    """Which pin lies where: the document ``pin-engrave/tray-map/1``; pins in the order of marking.

    Of the other nests ``free`` hold a pin of no order, ``left_out`` one that this program passes over.
    """

    tool: Tool
    job: str
    job_sha256: str
    tray: int
    trays: int
    program: str
    program_sha256: str
    machine: str
    fixture: Plate
    pins: tuple[TrayPin, ...]
    free: tuple[int, ...]
    left_out: tuple[int, ...]
    empty: tuple[int, ...]
    blocked: tuple[int, ...]

    @property
    def title(self) -> str:
        """What the pages are headed by."""
        return f"Tray {self.tray} of {self.trays}: job {self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstArticle:
    """The first pin that a tray's program marks: facts about it, and by feature what it must come out as."""

    map: TrayMap
    pin: TrayPin
    layout_png: bytes
    facts: tuple[tuple[str, str], ...]
    asked: tuple[tuple[str, str], ...]


def tray_html(tray: TrayMap) -> bytes:
    """The map: a drawing and a table with a column to tick; the same input gives the same bytes."""
    plate = tray.fixture
    where = "as the probe table says" if plate.probed else "nominal: no probe table was given"
    facts = (
        ("Program", f"{tray.program}, SHA-256 {tray.program_sha256}"),
        ("Machine", tray.machine),
        ("Fixture", f"{plate.name}: {plate.rows} rows of {plate.columns}; places {where}"),
        ("Pins", f"{len(tray.pins)}, of them first nest {tray.pins[0].nest}, last nest {tray.pins[-1].nest}"),
        *((name.capitalize(), _numbers(nests)) for name, nests in _others(tray)),
        ("Work offset", "G54 at the fixture's origin; the fiducials stand where they are drawn"),
        ("Before the start", f"raise Z to {plate.safe_height_um / 1e3:g} mm or above"),
    )
    body = (
        element("h1", None, tray.title),
        _facts(facts),
        element("h2", None, "Seen from above"),
        _drawing(tray),
        element("p", {"class": "quiet"}, "The thick frame is marked first; the line is the way of the beam."),
        element("h2", None, "In the order of marking"),
        _places(tray),
    )
    return _page(tray.title, body)


def first_article_html(sheet: FirstArticle) -> bytes:
    """The sheet: the first pin's picture, what is asked of it, and blanks to be filled in and signed."""
    pin, tray = sheet.pin, sheet.map
    title = f"First article: {tray.title}"
    facts = (
        ("Pin", f"{_spaced(pin.characters)}, serial {pin.serial} ({pin.maker}, {pin.model})"),
        ("Nest", f"{pin.nest} of fixture {tray.fixture.name}"),
        ("Program", f"{tray.program}, SHA-256 {tray.program_sha256}"),
        *sheet.facts,
    )
    source = f"data:image/png;base64,{b64encode(sheet.layout_png).decode('ascii')}"
    picture = empty("img", {"src": source, "alt": f"Layout {_spaced(pin.characters)}, as it reads in the primer"})
    lines = [
        _row(
            element("th", {"scope": "row"}, name),
            element("td", None, asked),
            *(element("td", {"class": "blank"}) for _ in range(3)),
        )
        for name, asked in sheet.asked
    ]
    blanks = ("Decision: accepted / rejected", "Remarks", "Measured by, date", "Released by, date", "Signature")
    signed = [part for name in blanks for part in (element("strong", None, name), element("span"))]
    body = (
        element("h1", None, title),
        element("p", {"class": "statement"}, _STATEMENT),
        _facts(facts),
        element("h2", None, "As it reads in the primer"),
        element("div", {"class": "sheet"}, picture),
        element("h2", None, "Asked and measured"),
        _table(("Feature", "Asked", "Measured", "By which instrument", "Good, yes or no"), lines, name="fill"),
        element("div", {"class": "sign"}, *signed),
    )
    return _page(title, body)


def _page(title: str, body: Iterable[Markup]) -> bytes:
    style = files("engrave.report").joinpath("page.css").read_text(encoding="utf-8")
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        empty("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", None, title),
        Markup(f"<style>\n{style}{_STYLE}</style>"),
    )
    page = element("html", {"lang": "en"}, Markup("\n"), head, Markup("\n"), element("body", None, joined(body)))
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _facts(facts: Iterable[tuple[str, str]]) -> Markup:
    parts = [part for name, value in facts for part in (element("dt", None, name), element("dd", None, value))]
    return element("dl", {"class": "facts"}, joined(parts))


def _others(tray: TrayMap) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The nests that are not marked, by what they are called."""
    return (("free", tray.free), ("left out", tray.left_out), ("empty", tray.empty), ("blocked", tray.blocked))


def _drawing(tray: TrayMap) -> Markup:
    plate = tray.fixture
    scale = _PITCH / plate.column_pitch_um
    width, height = _PITCH * _FRAME, plate.row_pitch_um * scale * _FRAME
    centres = {nest: _centre(plate, nest, scale) for nest in range(1, plate.rows * plate.columns + 1)}
    marks = [(mark.name, mark.x_um * scale, -mark.y_um * scale) for mark in plate.fiducials]
    xs = [x for x, _ in centres.values()] + [x for _, x, _ in marks]
    ys = [y for _, y in centres.values()] + [y for _, _, y in marks]
    left, top = min(xs) - width, min(ys) - height
    box = " ".join(_fixed(value) for value in (left, top, max(xs) + width - left, max(ys) + height - top))
    pins = {pin.nest: pin for pin in tray.pins}
    way = " ".join(f"{_fixed(x)},{_fixed(y)}" for x, y in (centres[pin.nest] for pin in tray.pins))
    kinds = {nest: name for name, nests in _others(tray) for nest in nests}
    start = tray.pins[0].nest
    frames = (
        _nest(nest, centres[nest], (width, height), pins.get(nest), kinds.get(nest, ""), start=nest == start)
        for nest in centres
    )
    label = f"Map of {len(pins)} pins in {plate.rows} rows of {plate.columns} nests"
    # The way lies under the nests, so that it shows between them and crosses no text.
    parts = (empty("polyline", {"class": "travel", "points": way}), *frames, *(_fiducial(*mark) for mark in marks))
    return element("svg", {"class": "tray", "viewBox": box, "role": "img", "aria-label": label}, joined(parts))


def _centre(plate: Plate, nest: int, scale: float) -> tuple[float, float]:
    row, column = divmod(nest - 1, plate.columns)
    x_um = plate.first_x_um + column * plate.column_pitch_um
    y_um = plate.first_y_um + row * plate.row_pitch_um
    return x_um * scale, -y_um * scale


def _nest(
    nest: int, centre: tuple[float, float], size: tuple[float, float], pin: TrayPin | None, kind: str, *, start: bool
) -> Markup:
    (x, y), (width, height) = centre, size
    frame = empty(
        "rect",
        {
            "class": " ".join(["nest", kind.replace(" ", "-") or "pin", *(["start"] if start else [])]),
            "x": _fixed(x - width / 2),
            "y": _fixed(y - height / 2),
            "width": _fixed(width),
            "height": _fixed(height),
            "rx": "6",
        },
    )
    words = [_text("number", x, y - height / 2 + 16, f"{nest}")]
    if pin is None:
        words.append(_text("number", x, y + 14, kind))
    else:
        words += [_text("name", x, y + 6, pin.characters[:4]), _text("name", x, y + 31, pin.characters[4:])]
    return element("g", None, frame, *words)


def _fiducial(name: str, x: float, y: float) -> Markup:
    cross = f"M{_fixed(x - 16)} {_fixed(y)}h32M{_fixed(x)} {_fixed(y - 16)}v32"
    ring = empty("circle", {"class": "mark", "cx": _fixed(x), "cy": _fixed(y), "r": "9"})
    return element("g", None, empty("path", {"class": "mark", "d": cross}), ring, _text("name", x + 26, y + 26, name))


def _text(name: str, x: float, y: float, text: str) -> Markup:
    return element("text", {"class": name, "x": _fixed(x), "y": _fixed(y)}, text)


def _places(tray: TrayMap) -> Markup:
    columns = (
        *("Order", "Nest", "Characters", "Serial", "Maker, model", "dx, um", "dy, um", "dz, um"),
        *("Tilt x, deg", "Tilt y, deg", "Clocking, deg", "Done"),
    )
    lines = [_row(*_place(order, pin)) for order, pin in enumerate(tray.pins, start=1)]
    return element("div", {"class": "scroll"}, _table(columns, lines, name="places"))


def _place(order: int, pin: TrayPin) -> Iterator[Markup]:
    for value in (order, pin.nest):
        yield element("td", {"class": "number"}, f"{value}")
    yield element("td", {"class": "characters"}, _spaced(pin.characters))
    yield element("td", {"class": "said"}, element("bdi", None, pin.serial))
    yield element("td", {"class": "said"}, element("bdi", None, f"{pin.maker}, {pin.model}"))
    for value_um in (pin.dx_um, pin.dy_um, pin.dz_um):
        yield element("td", {"class": "number"}, f"{value_um:.1f}")
    for value_rad in (pin.tilt_x_rad, pin.tilt_y_rad, pin.clocking_rad):
        yield element("td", {"class": "number"}, f"{math.degrees(value_rad):.3f}")
    yield element("td", {"class": "done"})


def _table(columns: Iterable[str], lines: Iterable[Markup], *, name: str) -> Markup:
    heads = (element("th", {"scope": "col"}, column) for column in columns)
    parts = (element("thead", None, element("tr", None, *heads)), element("tbody", None, joined(lines)))
    return element("table", {"class": name}, *parts)


def _row(*cells: Markup) -> Markup:
    return element("tr", None, *cells)


def _numbers(nests: tuple[int, ...]) -> str:
    return ", ".join(map(str, nests)) or "none"


def _spaced(characters: str) -> str:
    return f"{characters[:4]} {characters[4:]}"


def _fixed(value: float) -> str:
    """Two decimals, never a negative zero."""
    return f"{round(value, 2) + 0.0:.2f}"
