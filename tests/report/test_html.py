"""The QA page as a file: read by the standard library's HTML parser and JSON reader; ``tests/browser`` opens it."""

import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import replace
from functools import reduce
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from svgelements import Path as SvgPath

from engrave.layout import Layout
from engrave.report import Depth, PinRow, StrikeRow, Summary, index_html
from engrave.report.page_data import COLUMNS, cells_of
from toolpaths.findings import Finding, Severity

HOSTILE = "<img src=x onerror=alert(1)>\"'</td></script><script>alert(2)</script><!--</noscript>"


class _Page(HTMLParser):
    """Tags, attributes, text and blocks of JSON of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.comments: list[str] = []
        self.raw: dict[str, str] = {}
        self._inside = ""
        self.feed(data.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = dict(attrs).get("id") or tag if tag in {"script", "style"} else ""

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside] = self.raw.get(self._inside, "") + data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def values(self, tag: str, name: str) -> list[str]:
        return [value for found, key, value in self.attributes if (found, key) == (tag, name)]

    def block(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.raw[name])
        return document


FINDINGS = (
    Finding(
        number="S203",
        severity=Severity.ERROR,
        message="too shallow to read",
        place="character 3 (row 1, column 3)",
        value=3.25,
        limit=12.0,
        unit="MPa",
        remedy="raise engraving.relief",
    ),
    Finding(number="L108", severity=Severity.WARNING, message="the track is late", value=0.0, limit=None, unit="um"),
    Finding(number="M401", severity=Severity.INFO, message="power is not in the file", place="job.dxf"),
)

SUMMARY = Summary(
    title="Batch of pins",
    facts=(("Relief", "25 um"),),
    conditions=(("nominal", "dent 350 um"),),
    priors=(("primer.backing", "0.5, believed between 0 and 1"),),
    sources=(("tip.radius", "a drawing"),),
    files=(("job.json", "ab" * 32), ("manifest.json", "")),
    skipped=((4, "serial: empty"),),
    radius_um=600.0,
    dark="land, raised on the pin",
    signing="pin-engrave registry signoff FOLDER --meaning 'reviewed and released'",
)
STRIKE = StrikeRow(
    condition="nominal",
    dent_um=350.0,
    contact_um=731.0,
    pressure=1.8,
    characters="0H5KB4M3",
    ring_wrong=0,
    names="375-76834 (Example Arms, P9)",
    posterior="0.999999",
    runner_up="K66E5CNM, 1e-06",
)


@pytest.fixture(scope="module")
def row(layout: Layout) -> PinRow:
    return PinRow(
        line=2,
        serial="375-76834",
        maker="Example Arms",
        model="P9",
        lot="7",
        characters="0H5KB4M3",
        ring=("1" * 48, "0" * 48),
        id=11,
        tip="sphere-1.0",
        profile="A",
        verdict="pass",
        reading="0H5KB4M3",
        reading_serial="375-76834",
        findings=FINDINGS,
        depths=(
            Depth(place="character 1 (row 1, column 1)", shows="F", depth_um=21.25, limit_um=12.0, contrast=9.5),
            Depth(place="character 8 (row 2, column 4)", shows="0", depth_um=11.99, limit_um=12.0),
        ),
        strikes=(STRIKE,),
        layout=layout,
        views={"schema": "pin-engrave/views/1"},
        files=(("mark.json", "01" * 32), ("job.ngc", "cd" * 32)),
        time_s=2472.0,
        time="at least 41 min 12 s",
    )


def test_the_page_asks_for_nothing_and_runs_one_script_known_by_its_hash(row: PinRow) -> None:
    data = index_html([row], summary=SUMMARY)
    page = _Page(data)
    written_by_us = re.sub(rb"http://www\.w3\.org/2000/svg", b"", data)
    assert not re.search(
        rb"https?:|javascript:|@import|url\(|\beval\b|\.innerHTML|outerHTML|insertAdjacent", written_by_us
    )
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not any(name.startswith("on") or name == "style" for _, name, _ in page.attributes)
    assert page.tags.count("style") == 1
    assert Counter(page.values("script", "type")) == {"application/json": 2}
    assert page.tags.count("script") == 3
    (policy,) = [text for text in page.values("meta", "content") if "default-src" in text]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for name, inline in (("script-src", page.raw["script"]), ("style-src", page.raw["style"])):
        digest = b64encode(sha256(inline.encode()).digest()).decode()
        assert rules.pop(name) == f"'sha256-{digest}'"
    assert rules == {
        "default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert page.values("html", "lang") == ["en"]


def test_a_pins_block_holds_everything_of_it(row: PinRow, layout: Layout) -> None:
    page = _Page(index_html([row], summary=SUMMARY))
    pin, batch = page.block("pin-0"), page.block("batch")
    assert pin["findings"][0] == [
        "S203", "error", "too shallow to read", "character 3 (row 1, column 3)", 3.25, 12.0, "MPa",
        "raise engraving.relief",
    ]  # fmt: skip
    assert [finding[4] for finding in pin["findings"]] == [3.25, 0.0, None]
    assert pin["files"] == [["mark.json", "01" * 32], ["job.ngc", "cd" * 32]]
    assert pin["strikes"] == [
        ["nominal", 350.0, 731.0, 1.8, "0H5KB4M3", 0, "375-76834 (Example Arms, P9)", "0.999999", "K66E5CNM, 1e-06"]
    ]
    assert pin["time"] == "at least 41 min 12 s"
    assert pin["ring"] == ["1" * 48, "0" * 48]
    assert len(pin["lands"]) == len(layout.lands)
    named = [(*batch["outlines"][land][:2], *rest) for land, *rest in pin["depths"]]
    assert named == [
        ("character 1 (row 1, column 1)", "F", 21.25, 12.0, 9.5, None, None, False),
        ("character 8 (row 2, column 4)", "0", 11.99, 12.0, None, None, None, True),
    ]


def test_outlines_are_those_of_the_layout_told_once_a_batch(row: PinRow, layout: Layout) -> None:
    """An SVG reader of others takes the paths; the symmetric difference is what rounding to 0.1 um leaves."""
    page = _Page(index_html([row, row], summary=SUMMARY))
    outlines = page.block("batch")["outlines"]
    assert len(outlines) == len(layout.lands)
    assert page.block("pin-0")["lands"] == page.block("pin-1")["lands"]
    for land in layout.lands:
        (path,) = [path for place, shows, path in outlines if (place, shows) == (land.place, land.shows)]
        rings = [
            shapely.Polygon([(segment.end.x, -segment.end.y) for segment in subpath])
            for subpath in SvgPath(path).as_subpaths()
        ]
        # Filled even-odd.
        drawn = reduce(lambda one, other: one ^ other, rings, land.outline.difference(land.outline))
        assert shapely.area(drawn ^ land.outline) < 0.1 * shapely.length(land.outline)


def test_the_table_counts_and_names_what_filters_ask_for(row: PinRow) -> None:
    rows = [row, row, replace(row, verdict="fail", findings=FINDINGS[:1]), replace(row, verdict="interrupted")]
    batch = _Page(index_html(rows, summary=SUMMARY)).block("batch")
    assert batch["counts"] == [
        ["Pins", "4"], ["Pass", "2"], ["Fail", "1"], ["Interrupted", "1"], ["Skipped rows", "1"],
    ]  # fmt: skip
    assert batch["kinds"] == [
        ["S203", "error", 4, "too shallow to read."],
        ["L108", "warning", 3, "the track is late."],
        ["M401", "info", 3, "power is not in the file."],
    ]
    first = dict(zip(batch["columns"], batch["rows"][0], strict=True))
    assert first == {
        "line": "2", "serial": "375-76834", "maker": "Example Arms", "model": "P9", "lot": "7",
        "characters": "0H5KB4M3", "id": "11", "tip": "sphere-1.0", "profile": "A", "verdict": "pass",
        "reads": "0H5KB4M3", "names": "375-76834", "errors": "1", "warnings": "1", "findings": "L108 M401 S203",
        "shallowest": "character 8 (row 2, column 4): 0", "shallowest_um": "11.990", "limit_um": "12.000",
        "time_s": "2472.000",
    }  # fmt: skip
    assert batch["files"] == [["job.json", "ab" * 32], ["manifest.json", ""]]
    assert batch["priors"] == [["primer.backing", "0.5, believed between 0 and 1"]]
    assert batch["signing"] == SUMMARY.signing


def test_without_its_script_the_page_tells_the_summary_and_each_verdict(row: PinRow) -> None:
    failed = replace(row, serial="375-76835", verdict="fail", reading="0H?KB4M3")
    page = _Page(index_html([row, failed], summary=SUMMARY))
    shown = page.text[page.text.index("This page needs its script") :]
    for text in ("Relief", "25 um", "375-76834", "pass", "375-76835", "fail", "0H?KB4M3", "S203"):
        assert text in shown
    assert "simulated evidence, and no approval" in page.text
    assert not re.search("certif|complian", page.text, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("depth_um", "low"),
    [(12.0, False), (11.999, True), (12.001, False), (None, True), (float("nan"), True), (0.0, True)],
)
def test_a_depth_is_low_below_its_limit_and_where_there_is_none(depth_um: float | None, low: bool) -> None:  # noqa: FBT001 - a table of cases
    assert Depth(place="x", shows="F", depth_um=depth_um, limit_um=12.0).low is low


def test_the_shallowest_land_is_the_one_that_printed_least_over_its_limit(row: PinRow) -> None:
    def shallowest(*depths: Depth) -> list[str]:
        cells = dict(zip(COLUMNS, cells_of(replace(row, depths=depths)), strict=True))
        return [cells[name] for name in ("shallowest", "shallowest_um", "limit_um")]

    deep = Depth(place="a", shows="A", depth_um=20.0, limit_um=12.0)
    strict = Depth(place="b", shows="B", depth_um=21.0, limit_um=14.0)
    assert shallowest(deep, strict) == ["b: B", "21.000", "14.000"]
    assert shallowest(deep, replace(deep, place="c", depth_um=None)) == ["c: A", "", "12.000"]
    assert shallowest() == ["", "", ""]


def _page_of(row: PinRow, text: str) -> bytes:
    findings = tuple(
        replace(finding, number=text, message=text, place=text, unit=text, remedy=text) for finding in row.findings
    )
    depths = tuple(replace(depth, place=text, shows=text) for depth in row.depths)
    hostile = replace(
        row,
        serial=text,
        maker=text,
        model=text,
        lot=text,
        characters=text,
        ring=(text,),
        tip=text,
        profile=text,
        verdict=text,
        reading=text,
        reading_serial=text,
        findings=findings,
        depths=depths,
        strikes=(replace(STRIKE, condition=text, characters=text, names=text, posterior=text, runner_up=text),),
        views={"schema": text, "tip": {"data": text}},
        files=((text, text),),
        time=text,
    )
    pairs = ((text, text),)
    summary = Summary(
        title=text,
        facts=pairs,
        conditions=pairs,
        priors=pairs,
        sources=pairs,
        files=pairs,
        skipped=((1, text),),
        radius_um=600.0,
        dark=text,
        signing=text,
    )
    return index_html([hostile], summary=summary)


def test_hostile_text_everywhere_stays_text(row: PinRow) -> None:
    data = _page_of(row, HOSTILE)
    hostile, plain = _Page(data), _Page(_page_of(row, "x"))
    assert Counter(hostile.tags) == Counter(plain.tags)
    assert [(tag, name) for tag, name, _ in hostile.attributes] == [(tag, name) for tag, name, _ in plain.attributes]
    assert not hostile.comments
    assert HOSTILE in hostile.text
    assert hostile.block("pin-0")["views"]["tip"]["data"] == HOSTILE
    assert set(hostile.block("batch")["rows"][0]) > {HOSTILE}
    assert _page_of(row, "\ud800\x00")


@settings(max_examples=25)
@given(text=st.text(min_size=1, max_size=40))
def test_any_text_leaves_the_page_as_it_is(row: PinRow, text: str) -> None:
    page, plain = _Page(_page_of(row, text)), _Page(_page_of(row, "x"))
    assert Counter(page.tags) == Counter(plain.tags)
    assert page.raw["script"] == plain.raw["script"]
    for name in ("pin-0", "batch"):
        assert re.fullmatch("[ -;=-~]*", page.raw[name])  # printable ASCII without <
        assert page.block(name)


def test_a_page_without_pins_and_pictures_says_so(row: PinRow) -> None:
    batch = _Page(index_html([], summary=replace(SUMMARY, skipped=()))).block("batch")
    assert batch["counts"] == [["Pins", "0"], ["Pass", "0"], ["Fail", "0"]]
    assert (batch["rows"], batch["kinds"], batch["outlines"]) == ([], [], [])
    bare = replace(row, views=None, findings=(), depths=(), strikes=(), time_s=None, time="")
    pin = _Page(index_html([bare], summary=SUMMARY)).block("pin-0")
    assert (pin["views"], pin["findings"], pin["depths"], pin["strikes"], pin["time"]) == (None, [], [], [], "")


def test_the_code_of_the_traveller_is_read_by_others(row: PinRow, require_module: Any) -> None:  # noqa: ANN401 - a foreign library
    zxing = require_module("zxingcpp")
    # Short and long, with a character beyond Latin-1.
    for maker, model in (("Example Arms", "P9"), ("M" * 40, "Mk II"), ("Łucznik", "P-64 =1+1")):
        named = replace(row, maker=maker, model=model)
        code = _Page(index_html([named], summary=SUMMARY)).block("pin-0")["code"]
        size = code["size"]
        bits = np.unpackbits(np.frombuffer(b64decode(code["bits"]), np.uint8))[: size**2].reshape(size, size)
        picture = np.kron(np.pad(1 - bits, 4, constant_values=1) * 255, np.ones((4, 4))).astype(np.uint8)
        (found,) = zxing.read_barcodes(picture)
        assert found.format == zxing.BarcodeFormat.QRCode
        assert found.text == f"{maker}|{model}|375-76834|0H5KB4M3"


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour by WCAG 2."""
    channels = np.array([int(colour[start : start + 2], 16) / 255.0 for start in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_text_stands_out_from_its_ground_in_light_dark_and_print(row: PinRow) -> None:
    """WCAG 2 AA: a contrast of 4.5 to 1."""
    style = _Page(index_html([row], summary=SUMMARY)).raw["style"]
    schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{([^}]*)\}", style)]
    assert len(schemes) == 3
    for scheme in schemes:
        for ground in ("paper", "shade"):
            for name in ("ink", "quiet", "good", "bad", "doubt", "link"):
                light, dark = sorted((_luminance(scheme[ground]), _luminance(scheme[name])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, name)


def test_figures_on_depth_tiles_stand_out_from_their_colour(row: PinRow) -> None:
    script = _Page(index_html([row], summary=SUMMARY)).raw["script"]
    (line,) = re.findall(r"const VIRIDIS = \[(.*?)\];", script)
    (first_light,) = re.findall(r"const FIRST_LIGHT_STEP = (\d+);", script)
    for step, colour in enumerate(re.findall("#[0-9a-f]{6}", line)):
        ink = "#000000" if step >= int(first_light) else "#ffffff"
        light, dark = sorted((_luminance(colour), _luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour
