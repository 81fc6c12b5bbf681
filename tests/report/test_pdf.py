"""The PDF, opened by PDFium: scale, words, pages, bytes."""

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely

from engrave.base.errors import InputError
from engrave.layout import Engraving, Layout
from engrave.report.drawing import Drawing
from engrave.report.pdf import pdf_of, scale_of
from engrave.report.pictures import picture_view
from engrave.report.tip import tip_view
from engrave.report.view import layout_view, pin_view
from engrave.tips import SphericalTip
from toolpaths.surface import disc

EDGE_RADIUS_UM = 900.0
MM_PER_POINT = 25.4 / 72
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("x")',
    "(a) Tj ET (b",
    "\\)",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
)

Open = Callable[[bytes], Any]


@pytest.fixture
def opened(require_module: Callable[[str], Any]) -> Open:
    """A document of PDFium's."""
    document: Open = require_module("pypdfium2").PdfDocument
    return document


def _views(layout: Layout, engraving: Engraving, title: str = "t") -> tuple[Drawing, ...]:
    tip = SphericalTip(radius_um=1000.0, edge_radius_um=EDGE_RADIUS_UM)
    return (
        layout_view(layout, title=title),
        pin_view(engraving, title=title, boundary=disc(EDGE_RADIUS_UM)),
        tip_view(tip, usable=disc(850.0), title=title, notes=["a note"], lands=engraving.lands),
    )


def _words(page: Any) -> str:  # noqa: ANN401 - PDFium's
    text: str = page.get_textpage().get_text_bounded()
    return text


def test_the_bar_measures_what_the_page_says_and_the_lands_with_it(
    layout: Layout, engraving: Engraving, opened: Open
) -> None:
    document = opened(pdf_of(_views(layout, engraving), title="t"))
    assert len(document) == 3
    left, low, right, high = shapely.total_bounds([land.outline for land in layout.lands])
    for page in document:
        assert page.get_size() == pytest.approx((210 / MM_PER_POINT, 297 / MM_PER_POINT), abs=0.01)
        found = re.search(r"Drawn (\d+) : 1.*200 um measure ([\d.]+) mm", _words(page))
        assert found is not None
        scale, bar_mm = int(found[1]), float(found[2])
        assert bar_mm == pytest.approx(0.2 * scale)
        bounds = [shape.get_bounds() for shape in page.get_objects()]
        widths_mm = [(end - begin) * MM_PER_POINT for begin, _, end, _ in bounds]
        assert any(width == pytest.approx(bar_mm, rel=0.001) for width in widths_mm)
        sizes_mm = [
            (width, (top - base) * MM_PER_POINT) for width, (_, base, _, top) in zip(widths_mm, bounds, strict=True)
        ]
        lands_mm = ((right - left) * scale / 1000, (high - low) * scale / 1000)
        assert any(size == pytest.approx(lands_mm, rel=0.001) for size in sizes_mm)
        for begin, base, end, top in bounds:
            assert 0 <= begin <= end <= page.get_width()
            assert 0 <= base <= top <= page.get_height()


def test_a_page_is_as_large_as_the_paper_allows(layout: Layout) -> None:
    view = layout_view(layout, title="t")
    scale = scale_of(view)
    assert scale * view.width_um <= 186_000
    assert 1.35 * scale * view.width_um > 186_000


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_words_are_shown_as_they_are(layout: Layout, title: str, opened: Open) -> None:
    page = opened(pdf_of([layout_view(layout, title=title)], title=title))[0]
    assert title in _words(page)


@pytest.mark.parametrize("title", ["\x00\u202e\ud800", "\u4e2d\u6587 \U0001f600", "W" * 3000, ""])
def test_any_title_gives_a_page(layout: Layout, title: str, opened: Open) -> None:
    document = opened(pdf_of([layout_view(layout, title=title)], title=title))
    assert "as it reads in the primer" in _words(document[0])


def test_nothing_in_it_can_be_run_or_followed(layout: Layout, engraving: Engraving) -> None:
    data = pdf_of(_views(layout, engraving, title="<script>"), title="<script>")
    for word in (b"/JavaScript", b"/JS", b"/OpenAction", b"/URI", b"/Launch", b"/EmbeddedFile"):
        assert word not in data


def test_a_picture_is_upright_and_to_scale(opened: Open) -> None:
    pixels = np.full((100, 200), 255, dtype=np.uint8)
    pixels[:50, :100] = 0  # dark upper left
    view = picture_view(pixels, title="", notes=(), pixel_um=10.0)
    page = opened(pdf_of([view], title=""))[0]
    (image,) = (shape for shape in page.get_objects() if shape.type == 3)
    left, low, right, high = image.get_bounds()
    assert (right - left) * MM_PER_POINT == pytest.approx(2.0 * scale_of(view), rel=0.001)
    grey = np.asarray(page.render(scale=1).to_pil().convert("L"))
    rows = [int(page.get_height() - (high - share * (high - low))) for share in (0.25, 0.75)]
    columns = [int(left + share * (right - left)) for share in (0.25, 0.75)]
    assert [[bool(grey[row, column] < 128) for column in columns] for row in rows] == [[True, False], [False, False]]


def test_the_same_drawings_give_the_same_bytes(layout: Layout, engraving: Engraving) -> None:
    views = _views(layout, engraving)
    assert pdf_of(views, title="t") == pdf_of(views, title="t")


def test_without_reportlab_the_extra_is_named(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("reportlab", "reportlab.pdfbase.pdfmetrics", "reportlab.pdfbase.ttfonts", "reportlab.pdfgen.canvas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"pin-engrave\[pdf\]"):
        pdf_of([layout_view(layout, title="t")], title="t")
