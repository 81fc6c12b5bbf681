"""The QA page, read by the standard library's HTML parser."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engrave.layout import Layout
from engrave.report import Depth, PinRow, Summary, index_html, layout_png
from toolpaths.findings import Finding, Severity

HOSTILE = "<img src=x onerror=alert(1)>\"'</td><script>alert(2)</script><!--"


class _Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(data.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def values(self, tag: str, name: str) -> list[str]:
        return [value for found, key, value in self.attributes if (found, key) == (tag, name)]


def _picture(*, width_px: int = 40, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (width_px, width_px), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, format="PNG")
    return out.getvalue()


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
    priors=(("primer.backing", "0.5, believed between 0 and 1"),),
    files=("manifest.json",),
)


@pytest.fixture(scope="module")
def row() -> PinRow:
    return PinRow(
        serial="375-76834",
        maker="Example Arms",
        model="P9",
        characters="0H5KB4M3",
        verdict="pass",
        reading="0H5KB4M3",
        reading_serial="375-76834",
        findings=FINDINGS,
        depths=(
            Depth(place="row 1, column 1", shows="0", depth_um=21.25, limit_um=12.0),
            Depth(place="row 1, column 2", shows="H", depth_um=11.99, limit_um=12.0),
        ),
        layout_png=_picture(),
        impression_png=_picture(seed=1),
        files=("mark.json", "job.ngc"),
        time="at least 41 min 12 s",
    )


def test_the_page_asks_for_nothing_and_runs_nothing(row: PinRow) -> None:
    data = index_html([row], summary=SUMMARY)
    page = _Page(data)
    assert not re.search(rb"https?:|//[a-z]|javascript:|@import|url\(", data)
    assert "script" not in page.tags
    assert not {"link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    policies = page.values("meta", "content")
    assert any("default-src 'none'; img-src data:; style-src 'unsafe-inline'" in policy for policy in policies)
    assert all(source.startswith("data:image/png;base64,") for source in page.values("img", "src"))
    assert page.values("html", "lang") == ["en"]


def test_every_finding_is_shown_in_full(row: PinRow) -> None:
    text = _Page(index_html([row], summary=SUMMARY)).text
    for finding in FINDINGS:
        for part in (finding.number, finding.severity.value, finding.message, finding.place, finding.remedy):
            assert part in text
    assert "value 3.25 MPa, limit 12 MPa" in text
    assert re.search(r"L108\s*warning\s*1\b", text)
    assert "value 0 um" in text


def test_a_row_shows_pin_verdict_reading_depths_and_files(row: PinRow) -> None:
    failed = replace(row, serial="375-76835", verdict="fail", reading="0H?KB4M3", reading_serial="")
    page = _Page(index_html([row, failed], summary=SUMMARY))
    for text in ("375-76834", "Example Arms", "P9", "0H5K B4M3", "PASS", "375-76835", "FAIL", "0H?K B4M3", "nobody"):
        assert text in page.text
    for text in ("21.25", "11.99", "LOW", "12.00", "takes at least 41 min 12 s"):
        assert text in page.text
    assert page.values("a", "href")[1:3] == ["pins/0H5KB4M3/mark.json", "pins/0H5KB4M3/job.ngc"]
    assert len(page.values("img", "alt")) == 4
    assert all("375-7683" in alternative for alternative in page.values("img", "alt"))


def test_the_summary_counts_and_names_facts_and_priors(row: PinRow) -> None:
    rows = [row, row, replace(row, verdict="fail"), replace(row, verdict="interrupted")]
    text = _Page(index_html(rows, summary=SUMMARY)).text
    for name, count in (("Pins", 4), ("Pass", 2), ("Fail", 1), ("Interrupted", 1)):
        assert re.search(rf"{name}\s*{count}\b", text)
    for part in (
        "Relief",
        "25 um",
        "primer.backing",
        "0.5, believed between 0 and 1",
        "simulated evidence, and no approval",
    ):
        assert part in text
    assert not re.search("certif|complian", text, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("depth_um", "low"),
    [(12.0, False), (11.999, True), (12.001, False), (None, True), (float("nan"), True), (0.0, True)],
)
def test_a_depth_is_low_below_its_limit_and_where_there_is_none(depth_um: float | None, low: bool) -> None:  # noqa: FBT001 - a table of cases
    assert Depth(place="x", shows="F", depth_um=depth_um, limit_um=12.0).low is low


def _all_hostile(row: PinRow, text: str) -> tuple[PinRow, Summary]:
    findings = tuple(
        replace(finding, number=text, message=text, place=text, unit=text, remedy=text) for finding in row.findings
    )
    depths = tuple(replace(depth, place=text, shows=text) for depth in row.depths)
    hostile = replace(
        row,
        serial=text,
        maker=text,
        model=text,
        characters=text,
        verdict=text,
        reading=text,
        reading_serial=text,
        findings=findings,
        depths=depths,
        files=(text, text),
        time=text,
    )
    return hostile, Summary(title=text, facts=((text, text),), priors=((text, text),), files=(text,))


def test_hostile_text_everywhere_stays_text(row: PinRow) -> None:
    hostile, plain = _Page(_page_of(row, HOSTILE)), _Page(_page_of(row, "x"))
    assert Counter(hostile.tags) == Counter(plain.tags)
    assert [(tag, name) for tag, name, _ in hostile.attributes] == [(tag, name) for tag, name, _ in plain.attributes]
    assert not hostile.comments
    assert HOSTILE in hostile.text
    assert _page_of(row, "\ud800\x00")
    assert any(HOSTILE in alternative for alternative in hostile.values("img", "alt"))


@settings(max_examples=30)
@given(text=st.text(min_size=1, max_size=40))
def test_any_text_leaves_the_page_as_it_is(row: PinRow, text: str) -> None:
    page, plain = _Page(_page_of(row, text)), _Page(_page_of(row, "x"))
    assert Counter(page.tags) == Counter(plain.tags)
    assert all(":" not in target for target in page.values("a", "href"))


def _page_of(row: PinRow, text: str) -> bytes:
    hostile, summary = _all_hostile(row, text)
    return index_html([hostile], summary=summary)


def test_a_page_without_pins_findings_and_pictures_says_so(row: PinRow) -> None:
    text = _Page(index_html([], summary=replace(SUMMARY, priors=()))).text
    assert "No finding on any pin." in text
    assert "No prior was named." in text
    bare = replace(row, layout_png=None, impression_png=None, findings=(), depths=(), time="")
    page = _Page(index_html([bare], summary=SUMMARY))
    assert "no picture" in page.text
    assert "takes" not in page.text
    assert not page.values("img", "src")


def test_tables_have_headers_that_say_what_they_head(row: PinRow) -> None:
    page = _Page(index_html([row], summary=SUMMARY))
    assert page.tags.count("th") == len(page.values("th", "scope"))
    assert set(page.values("th", "scope")) == {"col", "row"}


def test_24_pins_with_pictures_that_hardly_compress_stay_below_3_mb(row: PinRow, layout: Layout) -> None:
    drawn = layout_png(layout, title="375-76834")
    heavy = replace(row, layout_png=drawn, impression_png=_picture(width_px=640))
    assert len(index_html([heavy] * 24, summary=SUMMARY)) < 3_000_000


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour by WCAG 2."""
    channels = np.array([int(colour[start : start + 2], 16) / 255.0 for start in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_text_stands_out_from_its_ground_in_light_dark_and_print(row: PinRow) -> None:
    """WCAG 2 AA: a contrast of 4.5 to 1."""
    style = index_html([row], summary=SUMMARY).decode()
    schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{([^}]*)\}", style)]
    assert len(schemes) == 3
    for scheme in schemes:
        for ground in ("paper", "shade"):
            for name in ("ink", "quiet", "good", "bad", "doubt", "link"):
                light, dark = sorted((_luminance(scheme[ground]), _luminance(scheme[name])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, name)
