"""A typeface: glyphs, shapes and the ring's tooth, and their outlines at any height and stroke.

Em units: a full-height skeleton spans y = 0 (foot) to 1 (head), and x = 0 to the glyph's advance. An outline is the
skeleton scaled by (height - stroke) and thickened by a round pen, so that the ink of a full-height glyph is exactly as
high as was asked for, and its cell (advance wide, 1 high) is centred on the origin.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import shapely

from fonts.errors import FontError
from fonts.glyph import Glyph
from fonts.glyphtable import glyph_line, key_faults, read_glyph, read_glyphs, toml_paragraph
from fonts.strokes import FloatArray

__all__ = [
    "Glyph",
    "Typeface",
    "load_face",
    "load_typeface",
    "shipped_typeface",
    "shipped_typefaces",
    "typeface_to_toml",
]

MOST_FACE_BYTES = 4_000_000
"""The largest face file that is read; Anvil's has 4 kB, an alphabet in contours some 60."""

_SUFFIX = ".toml"
_FACE_TEXTS = ("name", "licence", "notes", "source")
_FACE_KEYS = (*_FACE_TEXTS, "glyphs")
_OPTIONAL_KEYS = ("shapes", "tooth")
_TOOTH_PROBE_UM = (2.0, 1.0)  # depth and width at which a tooth is measured when it is read
_SAME_UM = 1e-9
# Round ends of plain teeth are drawn with this many chords a quarter turn: the sagitta on 10 um is 0.013 um.
_QUARTER_CHORDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeface:
    """Glyphs by character, with who may use them (licence), what they are for (notes) and where they come from.

    ``shapes`` are geometric shapes by letter, apart from the alphabet; a face may have none. ``tooth`` is the tooth of
    a ring, its foot (y = 0) towards the ring's centre; without one, teeth are plain radial strokes.
    """

    name: str
    licence: str
    notes: str
    source: str
    glyphs: Mapping[str, Glyph]
    shapes: Mapping[str, Glyph] = field(default_factory=dict)
    tooth: Glyph | None = None

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

    def tooth_outline(self, *, depth_um: float, width_um: float) -> shapely.Polygon | shapely.MultiPolygon:
        """Ink of the ring's tooth, um, about its cell's centre, the direction away from the ring's centre being +y.

        It reaches exactly from -depth / 2 to depth / 2. The width is the pen's; a tooth that has a drawing of its own
        may be wider (see its bounds). Without a drawing it is a straight stroke with round ends. Raises FontError
        unless 0 < width < depth.
        """
        if self.tooth is not None:
            return self.tooth.outline(height_um=depth_um, stroke_um=width_um)
        if not 0.0 < width_um < depth_um < math.inf:
            raise FontError(
                f"tooth {width_um:g} um wide, track {depth_um:g} um deep: "
                "the width must be more than 0 and less than the depth"
            )
        reach_um = (depth_um - width_um) / 2
        middle = shapely.LineString([(0.0, -reach_um), (0.0, reach_um)])
        return shapely.Polygon(middle.buffer(width_um / 2, quad_segs=_QUARTER_CHORDS))


def load_typeface(text: str, *, origin: str) -> Typeface:
    """A typeface from the text of its TOML file; ``origin`` names the file in messages.

    Raises FontError with every fault found, one a line, each with its glyph and stroke, row or contour.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and lists nested as deep are no TOMLDecodeError.
        raise FontError(f"{origin}: not TOML: {error}") from error
    faults = key_faults(table, _FACE_KEYS, optional=_OPTIONAL_KEYS)
    faults += [
        f"{key}: must be text that says something" for key in _FACE_TEXTS if key in table and not _text(table[key])
    ]
    glyphs = read_glyphs(table["glyphs"], faults, key="glyphs", kind="glyph") if "glyphs" in table else {}
    shapes = read_glyphs(table["shapes"], faults, key="shapes", kind="shape") if "shapes" in table else {}
    tooth = _tooth(table["tooth"], faults) if "tooth" in table else None
    if faults:
        raise FontError("\n".join(f"{origin}: {fault}" for fault in faults))
    name, licence, notes, source = (_text(table[key]) for key in _FACE_TEXTS)
    return Typeface(name=name, licence=licence, notes=notes, source=source, glyphs=glyphs, shapes=shapes, tooth=tooth)


def load_face(path: Path) -> Typeface:
    """A typeface from a file of the user's own. Raises FontError where it cannot be read, or with every fault."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_FACE_BYTES + 1)
    except OSError as error:
        raise FontError(f"{path.name}: cannot read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MOST_FACE_BYTES:
        raise FontError(f"{path.name}: is larger than {MOST_FACE_BYTES} bytes; a face has some thousands")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FontError(f"{path.name}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    return load_typeface(text, origin=path.name)


def typeface_to_toml(typeface: Typeface) -> str:
    """The text of a face's file, which ``load_typeface`` reads back to an equal typeface."""
    lines = [f"{key} = {toml_paragraph(getattr(typeface, key))}" for key in _FACE_TEXTS]
    if typeface.tooth is not None:
        lines.append(glyph_line("tooth", typeface.tooth))
    lines += ["", "[glyphs]", *(glyph_line(key, glyph) for key, glyph in typeface.glyphs.items())]
    if typeface.shapes:
        lines += ["", "[shapes]", *(glyph_line(key, glyph) for key, glyph in typeface.shapes.items())]
    return "\n".join(lines) + "\n"


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


def _tooth(table: object, faults: list[str]) -> Glyph | None:
    tooth, found = read_glyph("tooth", table)
    if tooth is not None:
        depth_um, width_um = _TOOTH_PROBE_UM
        _, foot_um, _, head_um = tooth.outline(height_um=depth_um, stroke_um=width_um).bounds
        if max(abs(foot_um + depth_um / 2), abs(head_um - depth_um / 2)) > _SAME_UM:
            found.append("must reach from y = 0 to y = 1, so that it is exactly as deep as its track")
    faults += [f"tooth: {fault}" for fault in found]
    return tooth


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
