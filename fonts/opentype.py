"""A typeface from an OpenType or TrueType file (ISO/IEC 14496-22), read by fontTools, an optional dependency.

Glyphs are scaled so that the font's capitals are an em high, and lose their side bearings: cells are as wide as what is
drawn. What reaches below the base line or above the capitals, as round letters and tails do, is brought within the cell
by a scaling of that glyph's height.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from fonts.errors import FontError
from fonts.glyph import Glyph
from fonts.medial import centre_lines, pen_width
from fonts.strokes import Corner, FloatArray, Stroke
from fonts.typeface import Typeface
from fonts.winding import filled

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

Mode = Literal["skeleton", "outline"]

MOST_FONT_BYTES = 32_000_000
_MOST_CMAP_CODES = 2_000_000  # Unicode has 1,114,112 places, and a font two or three tables of them
_MOST_NAME_BYTES = 4_000_000
_MOST_NAME_SIGNS = 8_000
_SIGNATURES = (b"\x00\x01\x00\x00", b"true", b"OTTO")
_MICROSOFT, _ENGLISH_US = 3, 0x409
_CAPITAL = "H"
_LEVEL = 0.05  # what ends this near the base line or the capitals' height is meant to end there
_SPOT = 0.005  # half of the stroke that stands for a spot, em
_LEAST_ADVANCE = 0.01
_DIGITS = 4  # of an em: 0.02 um at 175 um
_FLAT = 1e-6
_OUTLINE_NOTES = "Outlines of a font, scaled to the height asked for; the stroke asked for changes nothing."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Font:
    """What is taken from a file: ink in font units by character, height of the capitals, and the name table's texts."""

    inks: Mapping[str, shapely.MultiPolygon]
    capitals: float
    names: Mapping[int, str]


def typeface_from_file(path: Path, characters: str, *, mode: Mode = "skeleton", name: str | None = None) -> Typeface:
    """A typeface of these characters from a TTF or OTF file; a variable font in its default design.

    mode : ``skeleton`` draws each glyph by the centre lines of its strokes, whatever their width was; ``outline`` keeps
    the ink as it is, which then no longer changes with the stroke.

    Licence, source and, where none is given, the name are those that the font's name table states. Raises FontError
    where fontTools is missing, the file cannot be read or is no such font, or lacks characters; all of them are named.
    """
    if mode not in ("skeleton", "outline"):
        raise FontError(f"mode {mode!r} is not known; use skeleton or outline")
    if not characters:
        raise FontError("no characters were asked for; name those that the face shall have")
    data = _read(path)
    font = _opened(data, tuple(dict.fromkeys(characters)), origin=path.name)
    if mode == "skeleton":
        glyphs, notes = _skeleton_glyphs(font)
    else:
        glyphs, notes = {one: _outline_glyph(one, ink, font.capitals) for one, ink in font.inks.items()}, _OUTLINE_NOTES
    return Typeface(
        name=name or font.names.get(4) or font.names.get(1) or path.stem,
        licence=_licence(font.names),
        notes=notes,
        source=_source(path, data, font.names),
        glyphs=glyphs,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_FONT_BYTES + 1)
    except OSError as error:
        raise FontError(f"{path.name}: cannot read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MOST_FONT_BYTES:
        raise FontError(f"{path.name}: is larger than {MOST_FONT_BYTES} bytes; take a font with fewer characters")
    if data[:4] not in _SIGNATURES:
        raise FontError(
            f"{path.name}: is no TrueType or OpenType font; "
            "save a collection (.ttc) or a web font (.woff) as .ttf or .otf"
        )
    return data


def _opened(data: bytes, characters: tuple[str, ...], *, origin: str) -> _Font:
    try:
        import fontTools.ttLib  # noqa: F401 - only to tell that it is there
    except ImportError as error:
        raise FontError(
            "reading fonts needs fontTools, which is not installed; run: pip install 'pin-engrave[opentype]'"
        ) from error
    try:
        return _taken(data, characters)
    except FontError as error:
        raise FontError("\n".join(f"{origin}: {line}" for line in str(error).splitlines())) from error
    except Exception as error:
        # fontTools lets through whatever a damaged table makes its parsers raise.
        raise FontError(f"{origin}: the font is damaged: {type(error).__name__}: {str(error)[:200]}") from error


def _taken(data: bytes, characters: tuple[str, ...]) -> _Font:
    from fontTools.ttLib import TTFont

    with TTFont(BytesIO(data), lazy=True) as font:
        _refuse_bombs(font)
        codes: dict[int, str] = font.getBestCmap() or {}
        missing = [character for character in characters if ord(character) not in codes]
        if missing:
            raise FontError(f"has no glyph for {''.join(missing)}; leave them out, or take another font")
        wanted = dict.fromkeys((*characters, *(_CAPITAL if ord(_CAPITAL) in codes else "")))
        inks = _inks(font, {character: codes[ord(character)] for character in wanted})
        empty = [character for character in characters if inks[character].is_empty]
        if empty:
            raise FontError(f"has no ink in the glyph for {', '.join(map(repr, empty))}; leave them out")
        measured = [_CAPITAL] if _CAPITAL in inks and not inks[_CAPITAL].is_empty else characters
        capitals = max(inks[character].bounds[3] for character in measured)
        if capitals <= 0.0:
            raise FontError("nothing of these characters stands above the base line; add a capital or a digit")
        return _Font(
            inks={character: inks[character] for character in characters}, capitals=capitals, names=_names(font)
        )


def _refuse_bombs(font: "TTFont") -> None:
    """Raise FontError for tables of a few bytes that would fill the memory; real fonts stay far below these sizes."""
    cmap = font.reader["cmap"] if "cmap" in font else b""
    offsets = {int.from_bytes(cmap[at + 4 : at + 8]) for at in range(4, 4 + 8 * int.from_bytes(cmap[2:4]), 8)}
    if sum(_codes(cmap[offset:]) for offset in offsets) > _MOST_CMAP_CODES:
        raise FontError("the font is damaged: cmap names more characters than there are")
    name = font.reader["name"] if "name" in font else b""
    numbers = _numbers(name[6 : 6 + 12 * int.from_bytes(name[2:4])], ">u2")
    if numbers[4::6].sum() > _MOST_NAME_BYTES:
        raise FontError("the font is damaged: its name table states more text than a font can have")


def _codes(subtable: bytes) -> int:
    """Character codes that a subtable of cmap spells out, for the kinds that state them as runs."""
    kind = int.from_bytes(subtable[:2])
    if kind == 4:  # noqa: PLR2004 - the format's number: segments of 16 bits, all their ends first, then the starts
        size = int.from_bytes(subtable[6:8])
        ends, starts = _numbers(subtable[14 : 14 + size], ">u2"), _numbers(subtable[16 + size : 16 + 2 * size], ">u2")
        count = min(len(ends), len(starts))
        return int(np.maximum(ends[:count] - starts[:count] + 1, 0).sum())
    if kind in (12, 13):
        numbers = _numbers(subtable[16 : 16 + 12 * int.from_bytes(subtable[12:16])], ">u4")
        groups = numbers[: len(numbers) // 3 * 3].reshape(-1, 3)
        return int(np.maximum(groups[:, 1] - groups[:, 0] + 1, 0).sum())
    return 0


def _numbers(data: bytes, kind: str) -> NDArray[np.int64]:
    """Unsigned numbers, as many as are whole."""
    size = np.dtype(kind).itemsize
    return np.frombuffer(data[: len(data) // size * size], dtype=kind).astype(np.int64)


def _inks(font: "TTFont", names: Mapping[str, str]) -> dict[str, shapely.MultiPolygon]:
    """Ink by character, font units."""
    from fonts.flatten import flattened  # noqa: PLC0415 - it needs fontTools

    per_em = int(font["head"].unitsPerEm)
    glyph_set = font.getGlyphSet()
    return {character: filled(flattened(glyph_set, name, per_em=per_em)) for character, name in names.items()}


def _names(font: "TTFont") -> dict[int, str]:
    """Texts of the name table by their number, in English where there is a choice."""
    if "name" not in font:
        return {}
    texts: dict[int, str] = {}
    records = sorted(
        font["name"].names, key=lambda record: (record.platformID == _MICROSOFT, record.langID == _ENGLISH_US)
    )
    for record in records:
        text = _printable(record.toUnicode(errors="replace"))
        if text:
            texts[int(record.nameID)] = text
    return texts


def _printable(text: str) -> str:
    """The text without signs that no reader sees, its lines kept."""
    lines = "\n".join(text[:_MOST_NAME_SIGNS].splitlines())
    return "".join(sign for sign in lines if sign == "\n" or not unicodedata.category(sign).startswith("C")).strip()


def _licence(names: Mapping[int, str]) -> str:
    """What the font says of its licence; its copyright where it names none."""
    stated = _paragraphs(names, (13, 14))
    if stated:
        return stated
    return "The font states no licence; ask its maker before you use it. " + names.get(
        0, "It states no copyright either."
    )


def _source(path: Path, data: bytes, names: Mapping[int, str]) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return _paragraphs({-1: f"{path.name}, SHA-256 {digest}", **names}, (-1, 5, 0, 9, 8, 11))


def _paragraphs(names: Mapping[int, str], numbers: Iterable[int]) -> str:
    return "\n".join(dict.fromkeys(names[number] for number in numbers if number in names))


def _skeleton_glyphs(font: _Font) -> tuple[dict[str, Glyph], str]:
    """Centre lines, so scaled that a pen as wide as the font's gives back the font's own sizes; and what to note."""
    lines = {character: centre_lines(ink) for character, ink in font.inks.items()}
    stem = pen_width(list(font.inks.values()), list(lines.values())) / font.capitals
    notes = (
        "Centre lines of a font's strokes, drawn by a round pen of whatever width is asked for; "
        f"the font's own was {stem:.3f} of the height of its capitals."
    )
    return {character: _skeleton_glyph(character, own, font.capitals, stem) for character, own in lines.items()}, notes


def _skeleton_glyph(character: str, lines: Iterable[FloatArray], capitals: float, stem: float) -> Glyph:
    shifted = [(_stroked(line / capitals) - (0.0, stem / 2)) / (1.0 - stem) for line in lines]
    placed, advance = _in_cell(shifted)
    strokes = [Stroke(corners=tuple(Corner(x=x, y=y) for x, y in _distinct(line).tolist())) for line in placed]
    return Glyph(character=character, advance=advance, strokes=tuple(strokes))


def _outline_glyph(character: str, ink: shapely.MultiPolygon, capitals: float) -> Glyph:
    rings = [ring for polygon in ink.geoms for ring in (polygon.exterior, *polygon.interiors)]
    placed, advance = _in_cell([shapely.get_coordinates(ring)[:-1] / capitals for ring in rings])
    contours = tuple(tuple((x, y) for x, y in _distinct(ring).tolist()) for ring in placed)
    return Glyph(character=character, advance=advance, contours=contours)


def _stroked(line: FloatArray) -> FloatArray:
    """A spot, which is one point, as a stroke too short to show."""
    return line if len(line) > 1 else line + np.array([(-_SPOT, 0.0), (_SPOT, 0.0)])


def _in_cell(lines: list[FloatArray]) -> tuple[list[FloatArray], float]:
    """Lines moved to x = 0 and within 0 <= y <= 1, and the width of their cell; decimals that a file can hold."""
    everything = np.concatenate(lines)
    (west, low), (east, high) = everything.min(axis=0), everything.max(axis=0)
    foot = 0.0 if low < _LEVEL else low
    head = max(1.0 if high > 1.0 - _LEVEL else high, foot)
    stretch = (head - foot) / (high - low) if high - low > _FLAT else 1.0
    advance = max(round(float(east - west), _DIGITS), _LEAST_ADVANCE)
    begin = (advance - (east - west)) / 2
    placed = [
        np.column_stack([begin + line[:, 0] - west, foot + stretch * (line[:, 1] - low)]).round(_DIGITS)
        for line in lines
    ]
    return [np.clip(line, 0.0, (advance, 1.0)) for line in placed], advance


def _distinct(line: FloatArray) -> FloatArray:
    """The line without points that repeat the one before."""
    moved = np.any(np.diff(line, axis=0) != 0.0, axis=1)
    kept: FloatArray = line[np.concatenate([[True], moved])]
    return kept
