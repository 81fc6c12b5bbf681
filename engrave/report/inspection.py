"""The first-article page of a measured pin: verdict, pictures of what was measured, every land, every finding.

One file that opens offline: pictures stand in it, it has no script and asks for nothing. Every text is escaped as it is
put in. It says what the JSON object ``pin-engrave/inspection/1`` says.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.inspect.measure import DeviationMap
from engrave.report.heights import colours_of
from engrave.report.markup import Markup, element, empty, joined, row, table
from engrave.report.png import encoded

FloatArray = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Document = Mapping[str, Any]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# Blue for what is missing, white, and orange for what is too much: told apart by every kind of eye, and in print by
# their darkness and by the figures beside them.
_DIVERGING = np.array([(5, 48, 97), (67, 147, 195), (247, 247, 247), (224, 130, 20), (127, 59, 8)], dtype=np.float64)
_NOT_JUDGED, _NOTHING = (190, 190, 190), (255, 255, 255)
# Deviations beyond so many times the limit have the colour of the scale's end.
_SCALE_LIMITS = 2.0
_LEGEND_PX = (512, 14)
_WORDS = {"pass": "PASS", "fail": "FAIL", "undecided": "NOT DECIDED"}
_KINDS = (("glyphs", "Characters"), ("shapes", "Shapes"), ("ring_cells", "Ring cells"))


def inspection_html(document: Document, deviations: DeviationMap | None) -> bytes:
    """The page of an inspection, UTF-8; without pictures where the scan does not lie on the design."""
    intended = document["intended"]
    title = f"First-article inspection: {intended['characters']}, serial {intended['serial']}"
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        Markup(f"<style>\n{files('engrave.report').joinpath('inspection.css').read_text(encoding='utf-8')}</style>"),
    )
    parts = (
        element("h1", None, title),
        element("p", {"class": f"verdict {document['verdict']}"}, _WORDS[document["verdict"]]),
        _facts(_summary(document)),
        element("div", {"class": "pictures"}, *_pictures(document, deviations)),
        element("h2", None, "Findings"),
        _findings(document["findings"]),
        *(part for key, name in _KINDS for part in _lands(document[key], name)),
        element("h2", None, "How it was measured"),
        _facts(_method(document)),
        element("h2", None, "What it rests on that was not measured"),
        element(
            "ul", None, *(element("li", None, f"{prior['of']}: {prior['source']}") for prior in document["priors"])
        ),
        element(
            "div",
            {"class": "signatures"},
            *(element("div", None, f"{who}: name, date, signature") for who in ("Inspector", "Approved")),
        ),
    )
    page = element(
        "html",
        {"lang": "en"},
        Markup("\n"),
        head,
        Markup("\n"),
        element("body", None, element("main", None, joined(parts))),
        Markup("\n"),
    )
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _summary(document: Document) -> Iterable[tuple[str, str | Markup]]:
    intended, reading, scan = document["intended"], document["reading"], document["scan"]
    intended_words = element("span", None, f"id {intended['id']}, serial {intended['serial']}")
    yield "Intended", joined((_code(intended["characters"]), intended_words), " ")
    yield "Reads as", _code(reading["characters"]) if reading["found"] else "no mark is found"
    named = f"{reading['serial'] or 'no serial of this job'} (id {reading['id']})"
    yield "Names", named if reading["identified"] else "no pin"
    yield "Scan", f"{scan['name']}, SHA-256 {scan['sha256']}"
    yield "Uncertainty (k = 2)", _uncertainty(document["uncertainty"])


def _uncertainty(told: Document) -> str:
    if told["depth_um"] is None:
        return f"{told['how']}"
    return f"depths and heights {told['depth_um']:.3f} um, widths {told['width_um']:.3f} um: {told['how']}"


def _findings(findings: Sequence[Document]) -> Markup:
    if not findings:
        return element("p", None, "None.")
    rows = [
        row(
            _cell(finding["number"]),
            _cell(finding["severity"]),
            _cell(finding["place"]),
            _cell(finding["message"]),
            _cell(_figure(finding["value"], finding["unit"]), number=True),
            _cell(_figure(finding["limit"], finding["unit"]), number=True),
            _cell(finding["remedy"]),
        )
        for finding in findings
    ]
    columns = ("Number", "Severity", "Place", "Finding", "Found", "Limit", "What to do")
    return table(columns, rows, caption="Every finding")


def _pictures(document: Document, deviations: DeviationMap | None) -> Iterable[Markup]:
    if deviations is None:
        return
    most_um = _SCALE_LIMITS * document["limits"]["burr_um"]
    deepest_um = 5 * np.ceil(np.nanmax(deviations.depth_um, initial=5.0) / 5)
    ramp = np.linspace(0, 1, _LEGEND_PX[0])[None, :].repeat(_LEGEND_PX[1], axis=0)
    yield _picture(
        "Deviation map",
        _diverging(deviations.off_um, most_um, measured=np.isfinite(deviations.depth_um)),
        _diverging(most_um * (2 * ramp - 1), most_um, measured=np.ones_like(ramp, dtype=np.bool_)),
        "Measured less designed heights, off the walls: seen from in front of the tip, so the mark is mirrored. Grey: "
        "walls, not judged. White without a scan. Heights beyond the scale have the colour of its end.",
        ends=(f"{-most_um:g} um: material missing", "0", f"+{most_um:g} um: too much"),
    )
    yield _picture(
        "Measured depth",
        colours_of(-deviations.depth_um, -float(deepest_um), 0.0),
        colours_of(-deepest_um * (1 - ramp), -float(deepest_um), 0.0),
        "Depth below the form of the tip, along its axis; seen from in front of the tip, mirrored.",
        ends=(f"{deepest_um:g} um deep", f"{deepest_um / 2:g} um", "0: the face"),
    )


def _diverging(off_um: FloatArray, most_um: float, *, measured: NDArray[np.bool_]) -> Pixels:
    """Deviations as colours, (rows, columns, 3)."""
    place = np.clip(off_um / most_um, -1.0, 1.0)
    judged = np.isfinite(place)
    anchors = np.linspace(-1, 1, len(_DIVERGING))
    colours = np.stack([np.interp(np.where(judged, place, 0.0), anchors, channel) for channel in _DIVERGING.T], axis=-1)
    beside = np.where(measured[..., None], np.array(_NOT_JUDGED), np.array(_NOTHING))
    return np.asarray(np.round(np.where(judged[..., None], colours, beside)), dtype=np.uint8)


def _picture(title: str, pixels: Pixels, legend: Pixels, told: str, *, ends: Sequence[str]) -> Markup:
    # Row 0 has the least y, and a picture's first row is its uppermost.
    return element(
        "figure",
        None,
        element("h2", None, title),
        empty("img", {"alt": told, "src": _data(pixels[::-1]), "class": "map"}),
        element(
            "div",
            {"class": "legend"},
            empty("img", {"alt": f"scale from {ends[0]} to {ends[-1]}", "src": _data(legend)}),
            element("div", {"class": "ends"}, *(element("span", None, end) for end in ends)),
        ),
        element("figcaption", None, told),
    )


def _data(pixels: Pixels) -> str:
    return f"data:image/png;base64,{b64encode(encoded(np.ascontiguousarray(pixels))).decode('ascii')}"


def _lands(lands: Sequence[Document], name: str) -> Iterable[Markup]:
    if not lands:
        return
    yield element("h2", None, name)
    rows = [
        row(
            _cell(land["place"]),
            _cell(_code(land["shows"])),
            _cell(_figure(land["depth_um"]), number=True),
            _cell(_figure(land["designed_depth_um"]), number=True),
            _cell(f"{_figure(land['low_um'])} to {_figure(land['high_um'])}", number=True),
            _cell(_WORDS[land["depth"]]),
            _cell(_figure(land["width_um"]), number=True),
            _cell(_figure(land["off_um"]), number=True),
            _cell(_WORDS[land["width"]]),
            _cell(_share(land["standing_share"]), number=True),
            _cell(_share(land["seen_share"]), number=True),
        )
        for land in lands
    ]
    columns = (
        *("Place", "Shows", "Depth", "Designed", "Allowed", "Verdict"),
        *("Width at half depth", "Off on each side", "Verdict", "Stands", "Measured"),
    )
    yield table(columns, rows, caption="Lengths in um, depths along the axis from the crest to the floor beside it")


def _method(document: Document) -> Iterable[tuple[str, str | Markup]]:
    scan, limits, lies = document["scan"], document["limits"], document["lies"]
    yield "Samples", f"{scan['samples']}, of which {scan['holes']} holes and {scan['spikes']} spikes taken out"
    yield "Apart", f"{scan['pixel_um']:g} um ({scan['kind']})"
    if scan["notes"]:
        yield "Notes", "; ".join(scan["notes"])
    if lies is not None:
        yield "Laid on the design", f"correlation {lies['correlation']:.4f}, {lies['least_correlation']:g} at the least"
        yield "Mark in the scan", f"turned by {lies['turn_deg']:g} degrees, at ({lies['x_um']:g}, {lies['y_um']:g}) um"
        yield "Tilt taken out", f"{lies['tilt_deg']:g} degrees"
        yield "Form's middle", f"({lies['form_x_um']:g}, {lies['form_y_um']:g}) um beside the mark's"
        yield "Form's bend", f"{lies['bend_um']:g} um at the mark's edge, against the nominal form"
        yield "Depths together", f"{lies['depth_scale']:.4f} of the designed ones"
    yield "Depth limits", f"designed depth within {limits['depth_share']:.0%}"
    yield "Width limits", f"{limits['width_um']:g} um on each side"
    yield "Burr limit", f"{limits['burr_um']:g} um; the same for material that is missing"
    yield "Decision rule", "ISO 14253-1: the uncertainty narrows the limits for a pass and widens them for a fail"
    for repeat in document["uncertainty"]["repeats"]:
        yield "Repeated", f"{repeat['name']}, SHA-256 {repeat['sha256']}"


def _figure(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:.2f} {unit}".rstrip()


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _code(text: str) -> Markup:
    return element("span", {"class": "characters"}, text)


def _facts(facts: Iterable[tuple[str, str | Markup]]) -> Markup:
    return element(
        "dl", None, *(joined((element("dt", None, name), element("dd", None, value)), "") for name, value in facts)
    )


def _cell(child: str | Markup, *, number: bool = False) -> Markup:
    return element("td", {"class": "number"} if number else None, child)
