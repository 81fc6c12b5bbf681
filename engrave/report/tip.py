"""A pin's tip: its face with lines of equal depth and what is engraved, and two sections through the apex."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
from shapely import Polygon

from engrave.layout.polygons import Land
from engrave.report.drawing import INK, QUIET, Areas, Drawing, FloatArray, Lines, Part, Shape, Stroke, lines_of
from engrave.report.frame import RULER_BELOW, RULER_LEFT, Extent, framed, rulers
from engrave.report.markup import legible
from engrave.report.svg import ADVANCE, svg_of
from engrave.report.view import clocking_mark, lands_of
from toolpaths.surface import Surface

# Depths of the lines below the apex, um: the first of these steps that gives no more than so many lines.
_STEPS_UM = (5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0)
_MOST_LINES = 12
_DIRECTIONS = 360
_RAY_SAMPLES = 400
# Room around the face, and the height of the type, in radii of the face.
_MARGIN, _TEXT = 0.12, 0.07
_FACE = "#f2f2f2"


def tip_svg(tip: Surface, *, usable: Polygon, title: str, notes: Sequence[str]) -> bytes:
    """The drawing of ``tip_view`` at real size."""
    return svg_of(tip_view(tip, usable=usable, title=title, notes=notes))


def tip_view(
    tip: Surface, *, usable: Polygon, title: str, notes: Sequence[str], lands: tuple[Land, ...] = ()
) -> Drawing:
    """The face from in front, sections along x below it and along y beside it, all to one scale.

    usable : the part of the face that may carry lands, pin frame, drawn as a broken line. lands : those that it
    carries, pin frame.
    """
    left_um, low_um, right_um, high_um = tip.boundary.bounds
    reach_um = max(right_um, high_um)
    depth_um = max(-float(np.nanmin(_along(tip, angle)[1])) for angle in np.linspace(0, np.pi, 8, endpoint=False))
    step_um = next((step for step in _STEPS_UM if depth_um / step <= _MOST_LINES), _STEPS_UM[-1])
    margin_um, text_um = _MARGIN * reach_um, reach_um * _TEXT
    face = Extent(
        left_um=left_um - margin_um,
        low_um=low_um - margin_um,
        width_um=right_um - left_um + 2 * margin_um,
        height_um=high_um - low_um + 2 * margin_um,
    )
    ruler_um = RULER_BELOW * text_um
    extent = Extent(
        left_um=face.left_um - RULER_LEFT * text_um,
        low_um=face.low_um - ruler_um - depth_um - 2 * margin_um,
        width_um=RULER_LEFT * text_um + face.width_um + depth_um + 2 * margin_um,
        height_um=face.height_um + ruler_um + depth_um + 2 * margin_um,
    )
    lines = [
        *(
            ["as it is cut, seen from in front of the tip (mirrored); dark: the mark, triangle: its top"]
            if lands
            else []
        ),
        f"a line every {step_um:g} um below the apex; sections along x below, along y beside",
        "broken: what of the face may carry lands",
        *map(legible, notes),
    ]
    letters = int((extent.width_um - 2 * text_um) / (ADVANCE * text_um))
    shapes: tuple[Shape, ...] = (
        Areas(
            name="face",
            parts=(Part(outline=tip.boundary),),
            fill=_FACE,
            stroke=Stroke(colour=INK, width_um=reach_um / 150),
        ),
        *([lands_of(lands), clocking_mark(face.top_um, margin_um=margin_um)] if lands else []),
        *_contours(tip, depth_um, step_um),
        Areas(
            name="usable",
            parts=(Part(outline=usable),),
            stroke=Stroke(colour=INK, width_um=reach_um / 200, dashes_um=(reach_um / 25, reach_um / 25)),
        ),
        _section(tip, angle=0.0, at_um=face.low_um - ruler_um - margin_um),
        _section(tip, angle=np.pi / 2, at_um=face.right_um + margin_um),
        *rulers(face, text_um),
    )
    return framed(
        shapes,
        extent,
        title=title,
        notes=[part for line in lines for part in textwrap.wrap(line, letters)],
        text_share=text_um / extent.width_um,
    )


def _along(tip: Surface, angle: float) -> tuple[FloatArray, FloatArray]:
    """Distances from the axis in one direction and heights there, (n,) each, as far as the face goes."""
    r_um = np.linspace(0.0, tip.edge_radius_um, _RAY_SAMPLES)
    z_um = tip.height_um(r_um * np.cos(angle), r_um * np.sin(angle))
    there = np.isfinite(z_um)
    return r_um[there], z_um[there]


def _contours(tip: Surface, depth_um: float, step_um: float) -> Iterator[Lines]:
    """Lines of equal depth, joined from ray to ray; broken where a ray leaves the face before."""
    angles = np.linspace(0.0, 2 * np.pi, _DIRECTIONS + 1)
    rays = [_along(tip, angle) for angle in angles]
    stroke = Stroke(colour=QUIET, width_um=tip.edge_radius_um / 400)
    for level_um in np.arange(step_um, depth_um, step_um):
        radii = np.array(
            [np.interp(level_um, -z_um, r_um, left=np.nan, right=np.nan) for r_um, z_um in rays], dtype=np.float64
        )
        points = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
        runs = [run[np.isfinite(run[:, 0])] for run in np.split(points, np.flatnonzero(~np.isfinite(radii)))]
        runs = [run for run in runs if len(run) > 1]
        if runs:
            told = f"{level_um:g} um below the apex"
            yield lines_of(runs, name=f"contour-{level_um:g}", stroke=stroke, hint=told)


def _section(tip: Surface, *, angle: float, at_um: float) -> Lines:
    """The section along x with its apex at the height ``at_um``, or along y with it at that x, outermost both."""
    there, back = _along(tip, angle), _along(tip, angle + np.pi)
    along = np.concatenate([-back[0][::-1], there[0][1:]])
    z_um = np.concatenate([back[1][::-1], there[1][1:]])
    level = angle == 0.0
    points = np.column_stack([along, at_um + z_um] if level else [at_um - z_um, along])
    stroke = Stroke(colour=INK, width_um=tip.edge_radius_um / 120)
    return lines_of([points], name=f"section-{'x' if level else 'y'}", stroke=stroke)
