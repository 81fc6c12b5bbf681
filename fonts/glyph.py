"""A glyph: strokes, dots or contours in em units, and its ink at any height and stroke."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from fonts.errors import FontError
from fonts.strokes import FloatArray, Stroke, clean, ink

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

DOT = "#"
BLANK = "."

Point = tuple[float, float]
Contour = tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """One character, or one shape by its letter: the width of its cell and its drawing, em units.

    The drawing has one of three forms. ``strokes`` are paths of a round pen. ``dots`` are rows of text, the topmost
    first, with ``#`` where the pen is set down once; a row is 1 / (rows - 1) from the next, and so is a column.
    ``contours`` bound the ink itself, which is what lies inside an odd number of them; no pen widens it.
    Raises FontError unless it has exactly one form.
    """

    character: str
    advance: float
    strokes: tuple[Stroke, ...] = ()
    dots: tuple[str, ...] = ()
    contours: tuple[Contour, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is one drawing."""
        if sum(map(bool, (self.strokes, self.dots, self.contours))) != 1:
            raise FontError(f"glyph {self.character}: needs strokes, or dots, or contours, and only one of them")

    def cell_width_um(self, *, height_um: float, stroke_um: float) -> float:
        """Width of the cell with the pen's two halves, um: what the ink of a glyph that fills its cell measures."""
        pen_um = 0.0 if self.contours else stroke_um
        return self.advance * self._em_um(height_um, stroke_um) + pen_um

    def skeleton(self, *, height_um: float, stroke_um: float) -> tuple[FloatArray, ...]:
        """What the pen follows, as polylines, each (n, 2) float, um, about the cell's centre; a dot is a single point.

        Raises FontError unless 0 < stroke < height, and where the glyph has contours, which no pen follows.
        """
        if self.contours:
            raise FontError(f"glyph {self.character}: is drawn by contours; a skeleton takes a face of strokes or dots")
        scale_um = self._em_um(height_um, stroke_um)
        centre = np.array([self.advance / 2, 0.5]) * scale_um
        lines = [stroke.polyline(scale_um=scale_um) for stroke in self.strokes]
        dots = dot_centres(self.dots)[:, None, :] * scale_um
        return tuple(line - centre for line in (*lines, *dots))

    def outline(self, *, height_um: float, stroke_um: float) -> shapely.MultiPolygon:
        """The ink, um, about the cell's centre; valid, outer rings anticlockwise.

        Strokes have round ends and joins, dots are discs as wide as the stroke. Within 2 x CHORD_TOLERANCE_UM of the
        true curve, and exact in height and width. Contours are scaled to the height, and the stroke changes nothing.
        Raises FontError unless 0 < stroke < height.
        """
        if not self.contours:
            return ink(self.skeleton(height_um=height_um, stroke_um=stroke_um), stroke_um=stroke_um)
        centre = np.array([self.advance / 2, 0.5])
        scale_um = self._em_um(height_um, stroke_um)
        area: BaseGeometry = shapely.MultiPolygon()
        for contour in self.contours:
            area = area.symmetric_difference(shapely.Polygon((np.array(contour) - centre) * scale_um))
        return clean(area)

    def _em_um(self, height_um: float, stroke_um: float) -> float:
        if not 0.0 < stroke_um < height_um < math.inf:
            raise FontError(
                f"stroke {stroke_um:g} um, height {height_um:g} um: "
                "the stroke must be more than 0 and less than the height"
            )
        return height_um if self.contours else height_um - stroke_um


def dot_centres(rows: tuple[str, ...]) -> FloatArray:
    """Centres of the dots, (n, 2) float, em units, from the top row on and from left to right."""
    places = [
        (column, len(rows) - 1 - row)
        for row, text in enumerate(rows)
        for column, sign in enumerate(text)
        if sign == DOT
    ]
    return np.array(places, dtype=np.float64).reshape(-1, 2) / max(len(rows) - 1, 1)


def dots_advance(rows: Sequence[str]) -> float:
    """Width of a cell of dots, em units, between the centres of its first and its last column."""
    return (len(rows[0]) - 1) / (len(rows) - 1)
