"""The page of previews, read by the standard library's HTML parser: whole in itself, text as text."""

from html.parser import HTMLParser

import numpy as np
import pytest

from engrave.layout import Engraving, Layout
from engrave.report.drawing import Drawing
from engrave.report.page_html import page_of
from engrave.report.pictures import picture_view
from engrave.report.view import layout_view, pin_view
from toolpaths.surface import disc

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://x")',
    "</title><script>alert(1)</script>",
    "\x00\u202e",
    "",
)


class _Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


def _views(layout: Layout, engraving: Engraving, title: str) -> dict[str, Drawing]:
    pixels = np.zeros((80, 80), dtype=np.uint8)
    return {
        "layout": layout_view(layout, title=title),
        "pin": pin_view(engraving, title=title, boundary=disc(900.0)),
        "impression": picture_view(pixels, title=title, notes=("n",), pixel_um=10.0),
    }


def test_the_page_needs_nothing_beside_it(layout: Layout, engraving: Engraving) -> None:
    page = _Page(page_of(_views(layout, engraving, "t"), title="t"))
    policies = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes and tag == "meta"]
    assert policies == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "xlink:href", "src"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,"))


def test_every_view_has_its_section_and_no_id_stands_twice(layout: Layout, engraving: Engraving) -> None:
    page = _Page(page_of(_views(layout, engraving, "t"), title="t"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == ["layout", "pin", "impression"]
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["#layout", "#pin", "#impression"]
    assert [tag for tag, _ in page.tags].count("svg") == 3
    assert {"layout-lands", "pin-lands", "layout-scale-bar", "impression-picture"} <= set(ids)


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_words_stay_words(layout: Layout, engraving: Engraving, title: str) -> None:
    page = _Page(page_of(_views(layout, engraving, title), title=title))
    plain = _Page(page_of(_views(layout, engraving, "x" * bool(title)), title="x"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    if title.isprintable():
        assert title in "".join(page.texts)


def test_the_page_follows_the_dark_and_drawings_keep_white_paper(layout: Layout, engraving: Engraving) -> None:
    data = page_of(_views(layout, engraving, "t"), title="t").decode()
    assert "prefers-color-scheme: dark" in data
    grounds = [
        attributes
        for tag, attributes in _Page(data.encode()).tags
        if tag == "rect" and attributes.get("fill") == "#ffffff"
    ]
    assert len(grounds) == 3


def test_the_same_drawings_give_the_same_bytes(layout: Layout, engraving: Engraving) -> None:
    assert page_of(_views(layout, engraving, "t"), title="t") == page_of(_views(layout, engraving, "t"), title="t")
