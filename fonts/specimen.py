"""A specimen sheet of a face as SVG: glyphs and shapes at the nominal stroke, worn thin and swollen, and the tooth."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from fonts.damage import STROKE_FACTORS
from fonts.glyph import Glyph
from fonts.strokes import ink
from fonts.typeface import Typeface

COLUMNS = 16
_GAP = 0.3  # between cells, of the height
_MOST_NOTE_LINES = 6
_LETTERS_A_LINE = 200
_TEXT = 0.13  # height of the sheet's own text, of the height
_LINE = 1.5  # from one line of text to the next, of the text's height


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """A row of the sheet: what it shows and, in cells of equal width, the ink of each, um."""

    title: str
    inks: tuple[BaseGeometry, ...]


def specimen_svg(
    typeface: Typeface, *, height_um: float, stroke_um: float, figures: Mapping[str, str] | None = None
) -> bytes:
    """The sheet as SVG, one unit a micrometre; equal faces and sizes give equal bytes.

    figures : measures of the face to be printed on the sheet, by their name, as they shall read.
    Thin and fat glyphs keep their place and take the pen at .6 and 1.5 of the stroke; ink that no pen draws loses or
    gains as much at its edges. Raises FontError unless 0 < 1.5 stroke < height.
    """
    bands = _bands(typeface, height_um=height_um, stroke_um=stroke_um)
    text_um = _TEXT * height_um
    cell_um = (1.0 + _GAP) * height_um
    column_um = max(cell_um, *(2 * _reach_um(band, side=0) + _GAP * height_um / 2 for band in bands))
    width_um = (COLUMNS + 1) * column_um
    head = _head(typeface, figures or {}, height_um=height_um, stroke_um=stroke_um)
    y_um = _LINE * text_um * (len(head) + 1)
    body = _texts(head, x_um=cell_um / 2, y_um=2 * text_um, size_um=text_um)
    for band in bands:
        body.append(_text(band.title, x_um=cell_um / 2, y_um=y_um + text_um, size_um=text_um))
        row_um = max(cell_um, 2 * _reach_um(band, side=1) + _GAP * height_um)
        middle_um = y_um + 2 * text_um + row_um / 2
        body += [
            _path(one, x_um=cell_um / 2 + (number + 0.5) * column_um, y_um=middle_um)
            for number, one in enumerate(band.inks)
        ]
        y_um = middle_um + row_um / 2
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'width="{_number(width_um)}" height="{_number(y_um)}" viewBox="0 0 {_number(width_um)} {_number(y_um)}">'
    )
    title = f"<title>{_safe(typeface.name)}</title>"
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([opening, title, paper, *body, "</svg>", ""]).encode("utf-8")


def _bands(typeface: Typeface, *, height_um: float, stroke_um: float) -> list[_Band]:
    """All rows, in lines of COLUMNS glyphs."""
    thin, fat = STROKE_FACTORS
    factors = ((1.0, "nominal"), (thin, f"thin, x {thin:g}"), (fat, f"fat, x {fat:g}"))
    bands = []
    for kind, glyphs in (("glyphs", typeface.glyphs), ("shapes", typeface.shapes)):
        for characters in _lines(tuple(glyphs)):
            for factor, name in factors:
                inks = [_worn(glyphs[one], factor, height_um=height_um, stroke_um=stroke_um) for one in characters]
                bands.append(_Band(title=f"{kind} {''.join(characters)}: {name}", inks=tuple(inks)))
    tooth = typeface.tooth_outline(depth_um=height_um, width_um=stroke_um)
    kind = "as drawn" if typeface.tooth else "a plain stroke"
    bands.append(_Band(title=f"tooth, {kind}, the ring's centre below", inks=(tooth,)))
    return bands


def _worn(glyph: Glyph, factor: float, *, height_um: float, stroke_um: float) -> BaseGeometry:
    if glyph.contours:
        area: BaseGeometry = glyph.outline(height_um=height_um, stroke_um=stroke_um)
        return area if factor == 1.0 else area.buffer((factor - 1.0) * stroke_um / 2)
    return ink(glyph.skeleton(height_um=height_um, stroke_um=stroke_um), stroke_um=factor * stroke_um)


def _head(typeface: Typeface, figures: Mapping[str, str], *, height_um: float, stroke_um: float) -> list[str]:
    """The sheet's opening lines: what face, at what size, whose, and what was measured."""
    return [
        f"{typeface.name}: {len(typeface.glyphs)} glyphs, {height_um:g} um high, stroke {stroke_um:g} um",
        *_paragraph(f"Licence: {typeface.licence}"),
        *_paragraph(f"Source: {typeface.source}"),
        *_paragraph(typeface.notes),
        *(f"{name}: {figure}" for name, figure in figures.items()),
    ]


def _paragraph(text: str) -> list[str]:
    """Lines of a readable length, and a sign where some were left off."""
    lines = textwrap.wrap(text, _LETTERS_A_LINE) or [""]
    return lines if len(lines) <= _MOST_NOTE_LINES else [*lines[: _MOST_NOTE_LINES - 1], "[...]"]


def _lines(characters: Sequence[str]) -> list[Sequence[str]]:
    return [characters[start : start + COLUMNS] for start in range(0, len(characters), COLUMNS)]


def _reach_um(band: _Band, *, side: int) -> float:
    """The farthest that ink of the band reaches from its cell's middle: along x for side 0, along y for 1."""
    return max((abs(edge) for one in band.inks if not one.is_empty for edge in one.bounds[side::2]), default=0.0)


def _texts(lines: Iterable[str], *, x_um: float, y_um: float, size_um: float) -> list[str]:
    return [
        _text(line, x_um=x_um, y_um=y_um + number * _LINE * size_um, size_um=size_um)
        for number, line in enumerate(lines)
    ]


def _text(line: str, *, x_um: float, y_um: float, size_um: float) -> str:
    place = f'x="{_number(x_um)}" y="{_number(y_um)}" font-size="{_number(size_um)}"'
    return f'<text {place} font-family="sans-serif" fill="#444">{_safe(line)}</text>'


def _path(area: BaseGeometry, *, x_um: float, y_um: float) -> str:
    """One path for one glyph, y down; what lies inside an even number of its rings is blank."""
    rings = []
    for part in shapely.get_parts(translate(area, x_um, -y_um)):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)[:-1] * (1.0, -1.0)
            rings.append("M" + " ".join(f"{_number(x)},{_number(y)}" for x, y in points.tolist()) + "Z")
    return f'<path fill-rule="evenodd" d="{"".join(rings)}"/>'


def _safe(text: str) -> str:
    """Text that XML can hold; XML 1.0 knows no control characters."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))


def _number(value: float) -> str:
    """A hundredth of a micrometre, finer than any outline here; no sign before zero."""
    return f"{value:z.2f}"
