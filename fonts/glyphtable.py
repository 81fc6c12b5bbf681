"""Glyphs from the tables of a face's TOML file, with every fault, and back to a table."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fonts.glyph import Contour, Glyph, dots_advance
from fonts.pathtext import contour_text, dots_faults, number_text, parse_contour, parse_stroke, stroke_text

if TYPE_CHECKING:
    from fonts.strokes import Stroke

_MOST_ADVANCE = 100.0
_EXAMPLES = {
    "strokes": '["0,0 0,1 0.78,1"]',
    "contours": '["0,0 0.78,0 0.78,1 0,1"]',
    "dots": '["##", "#.", "##"]',
}
_FORMS = tuple(_EXAMPLES)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def read_glyphs(tables: object, faults: list[str], *, key: str, kind: str) -> dict[str, Glyph]:
    """Glyphs by character, as far as they are sound; what is wrong with them is put on the list."""
    if not isinstance(tables, dict):
        faults.append(f"{key}: must be tables, one a character, such as [{key}.A]")
        return {}
    glyphs: dict[str, Glyph] = {}
    for character, table in tables.items():
        glyph, found = read_glyph(character, table)
        if len(character) != 1:
            found.insert(0, "the key must be one character")
        faults += [f"{kind} {character}: {fault}" for fault in found]
        if glyph is not None:
            glyphs[character] = glyph
    if not tables:
        faults.append(f"{key}: a typeface needs at least one")
    return glyphs


def read_glyph(name: str, table: object) -> tuple[Glyph | None, list[str]]:
    """The glyph of a table, or None with everything that is wrong with it."""
    if not isinstance(table, dict):
        return None, ["must be a table with advance and strokes, advance and contours, or dots alone"]
    form = next((form for form in _FORMS if form in table), "strokes")
    faults = key_faults(table, ("dots",) if form == "dots" else ("advance", form))
    advance, texts = table.get("advance"), table.get(form)
    if form != "dots" and "advance" in table and not _is_length(advance):
        faults.append(
            f"advance: {advance!r} is no width; write a number of em units above 0, such as 0.78,"
            f" and no more than {_MOST_ADVANCE:g}"
        )
    if form in table and not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
        faults.append(f"{form}: must be a list of texts, such as {_EXAMPLES[form]}")
    if faults:
        return None, faults
    return _dots(name, table["dots"]) if form == "dots" else _drawn(name, form, table)


def glyph_line(key: str, glyph: Glyph) -> str:
    """One line of TOML that ``read_glyph`` reads back to the same glyph, without its end."""
    texts = (*map(stroke_text, glyph.strokes), *glyph.dots, *map(contour_text, glyph.contours))
    form = next(form for form in _FORMS if getattr(glyph, form))
    entries = [] if glyph.dots else [f"advance = {number_text(glyph.advance)}"]
    entries.append(f"{form} = [{', '.join(map(toml_text, texts))}]")
    return f"{key if _BARE_KEY.fullmatch(key) else toml_text(key)} = {{ {', '.join(entries)} }}"


def toml_text(text: str) -> str:
    """A TOML basic string."""
    return '"' + "".join(map(_escaped, text)) + '"'


def toml_paragraph(text: str) -> str:
    """A TOML string that keeps its lines, if it has more than one."""
    lines = ["".join(map(_escaped, line)) for line in text.split("\n")]
    return '"""\n' + "\n".join(lines) + '"""' if len(lines) > 1 else toml_text(text)


def key_faults(table: Mapping[str, object], keys: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> list[str]:
    """What is missing from the table, and what it holds beside the keys."""
    known = (*keys, *optional)
    missing = [f"{key}: missing" for key in keys if key not in table]
    unknown = [f"{key}: unknown key; the keys are {', '.join(known)}" for key in table if key not in known]
    return missing + unknown


def _dots(name: str, rows: list[str]) -> tuple[Glyph | None, list[str]]:
    faults = dots_faults(rows)
    if faults:
        return None, faults
    return Glyph(character=name, advance=dots_advance(rows), dots=tuple(rows)), []


def _drawn(name: str, form: str, table: Mapping[str, Any]) -> tuple[Glyph | None, list[str]]:
    advance = float(table["advance"])
    strokes: list[Stroke] = []
    contours: list[Contour] = []
    faults: list[str] = []
    for number, text in enumerate(table[form], start=1):
        if form == "strokes":
            stroke, found = parse_stroke(text, advance=advance)
            strokes += [] if stroke is None else [stroke]
        else:
            contour, found = parse_contour(text, advance=advance)
            contours += [] if contour is None else [contour]
        faults += [f"{form.removesuffix('s')} {number}: {fault}" for fault in found]
    if faults:
        return None, faults
    glyph = Glyph(character=name, advance=advance, strokes=tuple(strokes), contours=tuple(contours))
    if contours and glyph.outline(height_um=2.0, stroke_um=1.0).is_empty:
        return None, ["contours: cover one another, so that no ink is left; what lies inside two is blank"]
    return glyph, []


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _is_length(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 < value <= _MOST_ADVANCE
