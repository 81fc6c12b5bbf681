"""Contours of a font's glyph as polygons: curves to chords, components put in place, all of it bounded.

Only for ``fonts.opentype``: importing it needs fontTools.
"""

from typing import Any

import numpy as np
from fontTools.misc.psCharStrings import T2OutlineExtractor
from fontTools.pens.basePen import BasePen

from fonts.errors import FontError
from fonts.strokes import FloatArray

MOST_POINTS = 4_000
_MOST_COMPONENTS = 256
_MOST_PROGRAM = 200_000  # bytes or words of all the subroutines that one glyph runs
_LEAST_EM, _MOST_EM = 16, 16_384  # the standard's bounds for head.unitsPerEm
_CHORDS_AN_EM = 5_000  # chords lie within this part of an em of their curve
_MOST_CHORDS = 64

Point = tuple[float, float]


def flattened(glyph_set: Any, name: str, *, per_em: int) -> list[FloatArray]:  # noqa: ANN401 - fontTools' glyph sets have no common type
    """The contours of a glyph, each (n, 2) float, font units, not closed. Raises FontError where it is too large."""
    if not _LEAST_EM <= per_em <= _MOST_EM:
        raise FontError(f"the font is damaged: it has {per_em} units an em")
    pen = _ContourPen(glyph_set, tolerance=per_em / _CHORDS_AN_EM)
    programs = getattr(glyph_set, "charStrings", None)
    if programs is None:
        glyph_set[name].draw(pen)
    else:
        program = programs[name]
        program.outlineExtractor = _BoundedExtractor
        program.draw(pen, glyph_set.blender)
    return [np.array(contour, dtype=np.float64) for contour in pen.contours if len(contour) > 2]  # noqa: PLR2004 - a triangle


class _BoundedExtractor(T2OutlineExtractor):  # type: ignore[misc] # fontTools states no types here
    """Runs a charstring, and gives up on one whose subroutines call each other without end."""

    ran = 0

    def execute(self, charString: Any, **given: Any) -> None:  # noqa: ANN401, N803 - fontTools' own signature
        self.ran += len(charString.bytecode or charString.program or ()) + 1
        if self.ran > _MOST_PROGRAM:
            raise FontError("the font is damaged: a glyph runs more instructions than a drawing needs")
        super().execute(charString, **given)


class _ContourPen(BasePen):  # type: ignore[misc] # fontTools states no types here
    """Collects contours as lists of points."""

    skipMissingComponents = False  # noqa: N815 - fontTools' name

    def __init__(self, glyph_set: Any, *, tolerance: float) -> None:  # noqa: ANN401 - as above
        super().__init__(glyph_set)
        self.contours: list[list[Point]] = []
        self._tolerance = tolerance
        self._points = 0
        self._components = 0

    def addComponent(self, glyphName: str, transformation: Any) -> None:  # noqa: ANN401, N802, N803 - fontTools' names
        self._components += 1
        if self._components > _MOST_COMPONENTS:
            raise FontError(f"the glyph {glyphName} is put together from more than {_MOST_COMPONENTS} parts")
        super().addComponent(glyphName, transformation)

    def _moveTo(self, pt: Point) -> None:  # noqa: N802 - fontTools' name
        self.contours.append([])
        self._add([pt])

    def _lineTo(self, pt: Point) -> None:  # noqa: N802 - fontTools' name
        self._add([pt])

    def _curveToOne(self, pt1: Point, pt2: Point, pt3: Point) -> None:  # noqa: N802 - fontTools' name
        begin, one, two, end = (np.array(point) for point in (self._getCurrentPoint(), pt1, pt2, pt3))
        # A chord is off by no more than an eighth of the second derivative, 6 times the greater second difference.
        bend = 0.75 * max(np.hypot(*(begin - 2 * one + two)), np.hypot(*(one - 2 * two + end)))
        t = self._steps(bend)
        self._add((1 - t) ** 3 * begin + 3 * t * (1 - t) ** 2 * one + 3 * t**2 * (1 - t) * two + t**3 * end)

    def _qCurveToOne(self, pt1: Point, pt2: Point) -> None:  # noqa: N802 - fontTools' name
        begin, one, end = (np.array(point) for point in (self._getCurrentPoint(), pt1, pt2))
        t = self._steps(0.25 * np.hypot(*(begin - 2 * one + end)))
        self._add((1 - t) ** 2 * begin + 2 * t * (1 - t) * one + t**2 * end)

    def _steps(self, bend: float) -> FloatArray:
        """Ends of the chords, (n, 1), as parts of the curve."""
        count = int(np.clip(np.ceil(np.sqrt(bend / self._tolerance)), 1, _MOST_CHORDS))
        steps: FloatArray = (np.arange(1, count + 1) / count)[:, None]
        return steps

    def _add(self, points: Any) -> None:  # noqa: ANN401 - points or an array of them
        self._points += len(points)
        if self._points > MOST_POINTS:
            raise FontError(f"a glyph has more than {MOST_POINTS} points; take a plainer font")
        self.contours[-1] += [(float(x), float(y)) for x, y in points]
