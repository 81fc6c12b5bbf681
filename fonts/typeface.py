"""A typeface: glyphs as stroke skeletons, and their outlines at any height and stroke.

Em units: a full-height skeleton spans y = 0 (foot) to 1 (head), and x = 0 to the glyph's advance. An outline is the
skeleton scaled by (height - stroke) and thickened by a round pen, so that the ink of a full-height glyph is exactly as
high as was asked for, and its cell (advance wide, 1 high) is centred on the origin.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType

import numpy as np
import shapely

from fonts.errors import FontError
from fonts.pathtext import parse_stroke
from fonts.strokes import FloatArray, Stroke, ink

_SUFFIX = ".toml"
_FACE_TEXTS = ("name", "licence", "notes", "source")
_FACE_KEYS = (*_FACE_TEXTS, "glyphs")
_OPTIONAL_KEYS = ("shapes",)
_GLYPH_KEYS = ("advance", "strokes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """One character, or one shape by its letter: the width of its cell and its skeleton, em units."""

    character: str
    advance: float
    strokes: tuple[Stroke, ...]

    def cell_width_um(self, *, height_um: float, stroke_um: float) -> float:
        """Width of the cell with the stroke's two halves, um: what the ink of a glyph that fills its cell measures."""
        return self.advance * _em_um(height_um, stroke_um) + stroke_um

    def skeleton(self, *, height_um: float, stroke_um: float) -> tuple[FloatArray, ...]:
        """The strokes as polylines, each (n, 2) float, um, about the cell's centre.

        Raises FontError unless 0 < stroke < height.
        """
        scale_um = _em_um(height_um, stroke_um)
        centre = np.array([self.advance / 2, 0.5]) * scale_um
        return tuple(stroke.polyline(scale_um=scale_um) - centre for stroke in self.strokes)

    def outline(self, *, height_um: float, stroke_um: float) -> shapely.MultiPolygon:
        """The ink, um, about the cell's centre, with round ends and joins; valid, outer rings anticlockwise.

        Within 2 x CHORD_TOLERANCE_UM of the true curve, and exact in height and width. Raises FontError unless
        0 < stroke < height.
        """
        return ink(self.skeleton(height_um=height_um, stroke_um=stroke_um), stroke_um=stroke_um)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeface:
    """Glyphs by character, with who may use them (licence), what they are for (notes) and where they come from.

    ``shapes`` are geometric shapes by letter, apart from the alphabet; a face may have none.
    """

    name: str
    licence: str
    notes: str
    source: str
    glyphs: Mapping[str, Glyph]
    shapes: Mapping[str, Glyph] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take private, read-only copies of the glyphs and the shapes."""
        object.__setattr__(self, "glyphs", MappingProxyType(dict(self.glyphs)))
        object.__setattr__(self, "shapes", MappingProxyType(dict(self.shapes)))

    def glyph(self, character: str) -> Glyph:
        """The glyph of a character. Raises FontError where the face has none."""
        try:
            return self.glyphs[character]
        except KeyError:
            raise FontError(f"typeface {self.name}: no glyph {character!r}; it has {''.join(self.glyphs)}") from None

    def shape(self, letter: str) -> Glyph:
        """The shape of a letter. Raises FontError where the face has none."""
        try:
            return self.shapes[letter]
        except KeyError:
            known = f"it has {''.join(self.shapes)}" if self.shapes else "it has no shapes"
            raise FontError(f"typeface {self.name}: no shape {letter!r}; {known}") from None

    def skeleton(self, character: str, *, height_um: float, stroke_um: float) -> tuple[FloatArray, ...]:
        """Polylines of a character's strokes, each (n, 2) float, um, as ``Glyph.skeleton``."""
        return self.glyph(character).skeleton(height_um=height_um, stroke_um=stroke_um)

    def outline(self, character: str, *, height_um: float, stroke_um: float) -> shapely.MultiPolygon:
        """Ink of a character, um, as ``Glyph.outline``."""
        return self.glyph(character).outline(height_um=height_um, stroke_um=stroke_um)


def load_typeface(text: str, *, origin: str) -> Typeface:
    """A typeface from the text of its TOML file; ``origin`` names the file in messages.

    Raises FontError with every fault found, one a line, each with its glyph and stroke.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FontError(f"{origin}: not TOML: {error}") from error
    faults = _key_faults(table, _FACE_KEYS, optional=_OPTIONAL_KEYS)
    faults += [
        f"{key}: must be text that says something" for key in _FACE_TEXTS if key in table and not _text(table[key])
    ]
    glyphs = _glyphs(table["glyphs"], faults, key="glyphs", kind="glyph") if "glyphs" in table else {}
    shapes = _glyphs(table["shapes"], faults, key="shapes", kind="shape") if "shapes" in table else {}
    if faults:
        raise FontError("\n".join(f"{origin}: {fault}" for fault in faults))
    name, licence, notes, source = (_text(table[key]) for key in _FACE_TEXTS)
    return Typeface(name=name, licence=licence, notes=notes, source=source, glyphs=glyphs, shapes=shapes)


def shipped_typefaces() -> tuple[str, ...]:
    """Names of the typefaces that come with the package, sorted."""
    entries = resources.files("fonts").joinpath("faces").iterdir()
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in entries if entry.name.endswith(_SUFFIX)))


def shipped_typeface(name: str) -> Typeface:
    """A typeface that comes with the package. Raises FontError where there is none of that name."""
    known = shipped_typefaces()
    if name not in known:
        raise FontError(f"no typeface {name!r} is shipped; choose one of: {', '.join(known)}")
    file = resources.files("fonts").joinpath("faces", f"{name}{_SUFFIX}")
    return load_typeface(file.read_text(encoding="utf-8"), origin=file.name)


def _glyphs(tables: object, faults: list[str], *, key: str, kind: str) -> dict[str, Glyph]:
    if not isinstance(tables, dict):
        faults.append(f"{key}: must be tables, one a character, such as [{key}.A]")
        return {}
    glyphs: dict[str, Glyph] = {}
    for character, table in tables.items():
        glyph, found = _glyph(character, table)
        faults += [f"{kind} {character}: {fault}" for fault in found]
        if glyph is not None:
            glyphs[character] = glyph
    if not tables:
        faults.append(f"{key}: a typeface needs at least one")
    return glyphs


def _glyph(character: str, table: object) -> tuple[Glyph | None, list[str]]:
    if not isinstance(table, dict):
        return None, ["must be a table with advance and strokes"]
    faults = _key_faults(table, _GLYPH_KEYS)
    if len(character) != 1:
        faults.append("the key must be one character")
    advance, texts = table.get("advance"), table.get("strokes")
    if "advance" in table and not _is_length(advance):
        faults.append(f"advance: {advance!r} is no width; write a number of em units above 0, such as 0.78")
    if "strokes" in table and not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
        faults.append('strokes: must be a list of texts, such as ["0,0 0,1 0.78,1"]')
    if faults:
        return None, faults
    strokes: list[Stroke] = []
    for number, text in enumerate(table["strokes"], start=1):
        stroke, found = parse_stroke(text, advance=float(table["advance"]))
        faults += [f"stroke {number}: {fault}" for fault in found]
        strokes += [] if stroke is None else [stroke]
    glyph = Glyph(character=character, advance=float(table["advance"]), strokes=tuple(strokes))
    return (None if faults else glyph), faults


def _key_faults(table: Mapping[str, object], keys: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> list[str]:
    known = (*keys, *optional)
    missing = [f"{key}: missing" for key in keys if key not in table]
    unknown = [f"{key}: unknown key; the keys are {', '.join(known)}" for key in table if key not in known]
    return missing + unknown


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_length(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 < value < math.inf


def _em_um(height_um: float, stroke_um: float) -> float:
    if not 0.0 < stroke_um < height_um < math.inf:
        raise FontError(
            f"stroke {stroke_um:g} um, height {height_um:g} um: the stroke must be more than 0 and less than the height"
        )
    return height_um - stroke_um
