"""Fonts that nobody here made, and fonts made here from strokes that are known."""

import os
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import shapely
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))

Glyphs = dict[str, Sequence[tuple[tuple[float, float], ...]]]


@pytest.fixture(scope="session")
def dejavu() -> Callable[[str], Path]:
    """Give the file of a DejaVu font; skip the test where it is absent (fail if PIN_ENGRAVE_REQUIRE_FOREIGN=1)."""

    def path_of(style: str) -> Path:
        for folder in _FOLDERS:
            for path in sorted(folder.rglob(f"{style}.ttf")) if folder.is_dir() else ():
                return path
        message = f"{style}.ttf (Debian's fonts-dejavu-core) is not installed; this test reads it"
        if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
            pytest.fail(message)
        pytest.skip(message)

    return path_of


@pytest.fixture(scope="session")
def font_of() -> Callable[..., bytes]:
    """Make a font from contours by character, 1000 units an em; what lies to the right of a contour's way is ink."""

    def font(glyphs: Glyphs, *, names: dict[str, str] | None = None, compact: bool = False) -> bytes:
        builder = FontBuilder(1000, isTTF=not compact)
        glyph_names = {character: f"u{ord(character):04X}" for character in glyphs}
        builder.setupGlyphOrder([".notdef", *glyph_names.values()])
        builder.setupCharacterMap({ord(character): name for character, name in glyph_names.items()})
        drawn = {".notdef": _drawn([], compact=compact)}
        drawn |= {glyph_names[character]: _drawn(contours, compact=compact) for character, contours in glyphs.items()}
        if compact:
            builder.setupCFF("Made", {"FullName": "Made"}, drawn, {})
        else:
            builder.setupGlyf(drawn)
        builder.setupHorizontalMetrics(dict.fromkeys(drawn, (600, 0)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable(names or {"familyName": "Made", "styleName": "Regular"})
        builder.setupOS2()
        builder.setupPost()
        file = BytesIO()
        builder.save(file)
        return file.getvalue()

    return font


def _drawn(contours: Sequence[tuple[tuple[float, float], ...]], *, compact: bool) -> object:
    pen = T2CharStringPen(600, None) if compact else TTGlyphPen(None)
    for contour in contours:
        pen.moveTo(contour[0])
        for point in contour[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.getCharString() if compact else pen.glyph()


@pytest.fixture(scope="session")
def contours_of() -> Callable[[Sequence[Sequence[tuple[float, float]]], float], list[tuple[tuple[float, float], ...]]]:
    """Give the contours of strokes of a round pen, as GEOS buffers them; outer ones clockwise, as TrueType has them."""

    def contours(lines: Sequence[Sequence[tuple[float, float]]], width: float) -> list[tuple[tuple[float, float], ...]]:
        ink = shapely.union_all([shapely.LineString(line).buffer(width / 2, quad_segs=16) for line in lines])
        parts = [shapely.geometry.polygon.orient(part, sign=-1.0) for part in shapely.get_parts(ink)]
        rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
        return [tuple(map(tuple, np.rint(shapely.get_coordinates(ring))[:-1].tolist())) for ring in rings]

    return contours
