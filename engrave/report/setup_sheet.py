"""Setup sheets of electrodes as a page: a sheet an electrode, made for A4, with the electrode drawn as it is milled.

Every text is escaped as it is put in; the page holds no script and asks for nothing beyond itself.
"""

import math
from collections.abc import Iterator, Sequence
from importlib.resources import files

import numpy as np
import shapely

from engrave.report.markup import Markup, element, empty, joined
from toolpaths.edm.electrode import Electrode
from toolpaths.edm.electrode_touch import Place
from toolpaths.edm.setup_sheet import CheckPoint, SetupSheet

STATEMENT = (
    "Gaps and wear of this process were not measured on this machine. Burn a trial, measure it, and enter your own "
    "figures before a pin is sunk."
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_INK, _SOLID, _BASE, _BURNT = "#111111", "#8c8c8c", "#ececec", "#111111"
_WIDTH_MM = 46
# The height of the type and the thickness of lines, over the width of a drawing.
_TYPE, _LINE = 1 / 28, 1 / 400
_MM3_PER_UM3 = 1e-9
_UM_PER_MM = 1000.0


def setup_sheets_html(sheets: Sequence[SetupSheet], electrodes: Sequence[Electrode]) -> bytes:
    """The page of a job's sheets, each with its electrode, UTF-8; the same input gives the same bytes."""
    title = f"Setup sheets: {sheets[0].job}"
    head = element(
        "head",
        None,
        empty("meta", {"charset": "utf-8"}),
        empty("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        empty("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        Markup(f"<style>\n{_style()}</style>"),
    )
    parts = [_sheet(sheet, electrode) for sheet, electrode in zip(sheets, electrodes, strict=True)]
    body = element("body", None, joined((Markup(""), *parts, Markup(""))))
    page = element("html", {"lang": "en"}, Markup("\n"), head, Markup("\n"), body, Markup("\n"))
    return f"<!DOCTYPE html>\n{page.text}\n".encode()


def _style() -> str:
    return files("engrave.report").joinpath("setup_sheet.css").read_text(encoding="utf-8")


def _sheet(sheet: SetupSheet, electrode: Electrode) -> Markup:
    known = (
        []
        if sheet.calibrated
        else [element("p", {"class": "statement"}, element("b", None, "Not calibrated. "), STATEMENT)]
    )
    return element(
        "section",
        None,
        joined(
            (
                Markup(""),
                element("h1", None, f"Electrode {sheet.electrode}"),
                *known,
                element("div", {"class": "columns"}, _facts(_order(sheet)), _facts(_making(sheet))),
                element(
                    "div",
                    {"class": "columns"},
                    _drawing(electrode, milled=True),
                    _drawing(electrode, milled=False),
                ),
                element("h2", None, "Burning; places from the apex of each tip"),
                element("div", {"class": "columns"}, _facts(_gaps(sheet)), _facts(_burning(sheet))),
                element("div", {"class": "columns"}, _checks(sheet), element("div", None, joined(_generator(sheet)))),
                *_locations(sheet),
                element("div", {"class": "signatures"}, *(element("div", None, line) for line in _LINES)),
                Markup(""),
            )
        ),
    )


_LINES = ("Electrode measured: name, date", "Mark measured: name, date")


def _order(sheet: SetupSheet) -> Iterator[tuple[str, str | Markup]]:
    yield "Job", element("bdi", None, sheet.job)
    yield "Code", element("span", {"class": "characters"}, sheet.code)
    yield "SHA-256 of the job", element("span", {"class": "hash"}, sheet.job_sha256)
    yield "Workpiece", element("bdi", None, sheet.workpiece)
    yield "Process", sheet.process
    yield "Stage", f"{sheet.stage}, tool {sheet.tool} of the program"
    yield "Quantity", f"{sheet.quantity}"


def _making(sheet: SetupSheet) -> Iterator[tuple[str, str | Markup]]:
    yield "Material", sheet.material
    yield "Blank", " x ".join(f"{side / _UM_PER_MM:g}" for side in sheet.blank_um) + " mm"
    yield "Holder", sheet.holder
    yield "Datum", sheet.datum
    yield "Witness", sheet.witness
    yield "From mill to machine", f"turn by 180 degrees about {sheet.flip_axis}; never mirror"


def _gaps(sheet: SetupSheet) -> Iterator[tuple[str, str | Markup]]:
    orbit = "none" if sheet.orbit == "none" else f"{sheet.orbit}, {_um(sheet.orbit_um)}"
    yield "Undersize", f"{_um(sheet.undersize_um)} a side"
    yield "Gap", f"side {_um(sheet.gap_side_um)}, front {_um(sheet.gap_front_um)}"
    yield "Orbit", orbit
    yield "Least inner radius", _um(sheet.corner_radius_um)
    yield "Frontal area", f"{sheet.frontal_area_um2 / _UM_PER_MM**2:.4f} mm2"
    yield "Burn area", f"{sheet.burn_area_um2 / _UM_PER_MM**2:.4f} mm2"
    yield "Volume of the ribs", f"{sheet.rib_volume_um3 * _MM3_PER_UM3:.5f} mm3"
    yield "Finish", f"Ra {_um(sheet.finish_ra_um)}"


def _burning(sheet: SetupSheet) -> Iterator[tuple[str, str | Markup]]:
    yield "Touch at X, Y, Z", _place(sheet.touch_um)
    yield "Start X, Y, Z", _place(sheet.start_um)
    yield "End X, Y, Z", _place(sheet.end_um)
    yield "Depth", _um(sheet.depth_um)
    yield "Wear made up for", _um(sheet.wear_um)
    yield "Polarity", f"electrode {sheet.polarity}"
    yield "Flush", sheet.flush
    yield "Jump", f"after each {_um(sheet.flush_step_um)}, to {_um(sheet.jump_um)} above the face"
    yield "Time of the sparks", f"{sheet.time_s / 60:.1f} min a location"


def _place(place: Place) -> str:
    return ", ".join(f"{value:.3f}" for value in place) + " um"


def _um(value: float) -> str:
    return f"{value:g} um"


def _generator(sheet: SetupSheet) -> Iterator[Markup]:
    yield element("h2", None, "Generator")
    if not sheet.generator:
        yield element("p", None, "By the shop's own technology.")
        return
    rows = [(setting.name, f"{setting.value:g} {setting.unit}", f"{setting.output}") for setting in sheet.generator]
    yield _table(("Setting", "Value", "Output"), rows)


def _locations(sheet: SetupSheet) -> Iterator[Markup]:
    if len(sheet.locations_um) > 1:
        yield element("h2", None, "Locations")
        rows = [(f"{number}", f"{x:.3f}", f"{y:.3f}") for number, (x, y) in enumerate(sheet.locations_um, start=1)]
        yield _table(("Number", "X, um", "Y, um"), rows)


def _checks(sheet: SetupSheet) -> Markup:
    rows = [_check(point) for point in sheet.check_points]
    table = _table(("Measure at", "X, um", "Y, um", "Z meant, um", "Z found, um"), rows)
    words = "On the tip after this stage, from the apex; seen from in front x is right, y up."
    return element("div", None, element("h2", None, "Check points"), element("p", None, words), table)


def _check(point: CheckPoint) -> tuple[str, ...]:
    return (point.name, f"{point.x_um:.1f}", f"{point.y_um:.1f}", f"{point.z_um:.2f}", "")


def _facts(facts: Iterator[tuple[str, str | Markup]]) -> Markup:
    pairs = (joined((element("dt", None, name), element("dd", None, value)), "") for name, value in facts)
    return element("dl", None, joined((Markup(""), *pairs, Markup(""))))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    heads = element("tr", None, *(element("th", {"scope": "col"}, column) for column in columns))
    body = (element("tr", None, *(element("td", None, cell) for cell in row)) for row in rows)
    return element("table", None, element("thead", None, heads), element("tbody", None, joined(body)))


def _drawing(electrode: Electrode, *, milled: bool) -> Markup:
    """The electrode from its end face, as it is milled; or over the tip, seen through from its back."""
    low_x, low_y, high_x, high_y = electrode.base.bounds
    type_um, line_um = (high_x - low_x) * _TYPE, (high_x - low_x) * _LINE
    side = -1.0 if milled else 1.0
    box = (low_x - type_um, -high_y - type_um, high_x - low_x + 2 * type_um, high_y - low_y + 5 * type_um)
    words = "as it is milled, end face up" if milled else "as it burns, seen through from above, over the tip"
    svg = element(
        "svg",
        {
            "width": f"{_WIDTH_MM}mm",
            "height": f"{_WIDTH_MM * box[3] / box[2]:.2f}mm",
            "viewBox": " ".join(f"{value:.3f}" for value in box),
            "role": "img",
            "aria-label": f"Electrode {electrode.name} {words}",
        },
        _shape(electrode.base, side, {"fill": _BASE, "stroke": _INK, "stroke-width": f"{line_um:.3f}"}),
        _shape(
            electrode.region,
            side,
            {"fill": _SOLID if milled else "none", "stroke": _INK, "stroke-width": f"{line_um / 2:.3f}"},
        ),
        *([] if milled else [_shape(electrode.burnt, side, {"fill": _SOLID, "fill-opacity": "0.6"})]),
        *_axes(low_x, high_y, type_um, line_um, milled=milled),
        _bar(high_x, -low_y + 1.2 * type_um, type_um),
    )
    return element("figure", None, svg, element("figcaption", None, words[0].upper() + words[1:]))


def _shape(region: shapely.Geometry, side: float, look: dict[str, str]) -> Markup:
    """Rings of a region, x times ``side``, y up."""
    rings = []
    for ring in shapely.get_rings(shapely.get_parts(region)):
        points = shapely.get_coordinates(ring)[:-1] * np.array([side, -1.0])
        rings.append("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points.tolist()) + "Z")
    return empty("path", {"d": "".join(rings), "fill-rule": "evenodd"} | look)


def _axes(low_x: float, high_y: float, type_um: float, line_um: float, *, milled: bool) -> Iterator[Markup]:
    """Arrows of the pin frame's x and y in a lower corner of the base; x points left as it is milled."""
    side = -1 if milled else 1
    x, y = (-low_x - type_um) if milled else (low_x + type_um), high_y - type_um
    look = {"stroke": _INK, "stroke-width": f"{2 * line_um:.3f}", "fill": "none"}
    long, head = 3 * type_um, 0.5 * type_um
    tip, top, half = x + side * long, y - long, head / 2
    lines = (
        ((x, y), (tip, y)),
        ((tip - side * head, y - half), (tip, y), (tip - side * head, y + half)),
        ((x, y), (x, top)),
        ((x - half, top + head), (x, top), (x + half, top + head)),
    )
    path = "".join("M" + "L".join(f"{across:.2f} {upward:.2f}" for across, upward in line) for line in lines)
    yield empty("path", {"d": path} | look)
    yield _words("x", tip + side * 0.6 * type_um, y + 0.3 * type_um, type_um)
    yield _words("y", x, top - 0.4 * type_um, type_um)


def _bar(high_x: float, y: float, type_um: float) -> Markup:
    """A bar of a round length, about a quarter of the drawing."""
    long = 10 ** math.floor(math.log10(high_x / 2))
    bar = empty(
        "rect",
        {"x": f"{-high_x:.2f}", "y": f"{y:.2f}", "width": f"{long:.2f}", "height": f"{type_um / 3:.2f}", "fill": _INK},
    )
    return joined((bar, _words(f"{long:g} um", -high_x + long / 2, y + 1.6 * type_um, type_um)))


def _words(text: str, x: float, y: float, size: float) -> Markup:
    look = {"x": f"{x:.2f}", "y": f"{y:.2f}", "font-size": f"{size:.2f}", "text-anchor": "middle", "fill": _INK}
    return element("text", look, text)
