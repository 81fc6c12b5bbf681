"""A pin's tip as SVG: its face with lines of equal depth, and two sections through the apex, all to one scale."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from engrave.report.markup import Markup, element, empty, joined, legible
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# Depths of the lines below the apex, um: the first of these steps that gives no more than so many lines.
_STEPS_UM = (5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0)
_MOST_LINES = 12
_DIRECTIONS = 360
_RAY_SAMPLES = 400
_MARGIN, _TEXT = 0.12, 0.035
# Width of an average character over the height of its type, on the safe side for common sans-serif faces.
_ADVANCE = 0.58
_GREYS = {"face": "#f2f2f2", "usable": "#111111", "line": "#777777", "ink": "#111111", "paper": "#ffffff"}
_BAR_UM = 200.0


def tip_svg(tip: Surface, *, usable: Polygon, title: str, notes: Sequence[str]) -> bytes:
    """The drawing, at real size: face from in front, sections along x below it and along y beside it.

    usable : the part of the face that may carry lands, pin frame, drawn as a broken line.
    """
    left_um, low_um, right_um, high_um = tip.boundary.bounds
    reach_um = max(right_um, high_um)
    depth_um = max(-float(np.nanmin(_along(tip, angle)[1])) for angle in np.linspace(0, np.pi, 8, endpoint=False))
    step_um = next((step for step in _STEPS_UM if depth_um / step <= _MOST_LINES), _STEPS_UM[-1])
    margin_um, text_um = _MARGIN * reach_um, 2 * reach_um * _TEXT
    beside_um = depth_um + 2 * margin_um
    left, top = left_um - margin_um, -high_um - margin_um - 2.2 * text_um
    width = right_um - left_um + margin_um + beside_um
    lines = [
        f"a line every {step_um:g} um below the apex; sections along x below, along y beside",
        "broken: what of the face may carry lands",
        *map(legible, notes),
    ]
    lines = [part for line in lines for part in textwrap.wrap(line, int((width - 2 * text_um) / (_ADVANCE * text_um)))]
    below = beside_um - low_um + 1.4 * text_um
    height = below - top + (len(lines) + 1.0) * 1.4 * text_um
    root = element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{width / 1000:.6f}mm",
            "height": f"{height / 1000:.6f}mm",
            "viewBox": f"{left:.3f} {top:.3f} {width:.3f} {height:.3f}",
            "role": "img",
        },
        joined(
            (
                Markup(""),
                element("title", None, title),
                element("desc", None, "; ".join(lines)),
                empty(
                    "rect",
                    {
                        "x": f"{left:.3f}",
                        "y": f"{top:.3f}",
                        "width": f"{width:.3f}",
                        "height": f"{height:.3f}",
                        "fill": _GREYS["paper"],
                    },
                ),
                _text(legible(title), left + text_um, top + 1.5 * text_um, 1.2 * text_um),
                _path(_outline(tip.boundary), fill=_GREYS["face"], stroke=_GREYS["ink"], width_um=reach_um / 150),
                *_contours(tip, depth_um, step_um),
                _path(_outline(usable), stroke=_GREYS["usable"], width_um=reach_um / 200, dashes_um=reach_um / 25),
                _section(tip, angle=0.0, y_um=margin_um - low_um),
                _section(tip, angle=np.pi / 2, y_um=right_um + margin_um),
                empty(
                    "rect",
                    {
                        "x": f"{left + text_um:.3f}",
                        "y": f"{below - 0.6 * text_um:.3f}",
                        "width": f"{_BAR_UM:.3f}",
                        "height": f"{0.4 * text_um:.3f}",
                        "fill": _GREYS["ink"],
                    },
                ),
                _text(
                    f"{_BAR_UM:g} um",
                    left + 1.5 * text_um + _BAR_UM,
                    below,
                    text_um,
                ),
                *(
                    _text(line, left + text_um, below + (number + 1) * 1.4 * text_um, text_um)
                    for number, line in enumerate(lines)
                ),
                Markup(""),
            )
        ),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root.text}\n'.encode()


def _along(tip: Surface, angle: float) -> tuple[FloatArray, FloatArray]:
    """Distances from the axis in one direction and heights there, (n,) each, as far as the face goes."""
    r_um = np.linspace(0.0, tip.edge_radius_um, _RAY_SAMPLES)
    z_um = tip.height_um(r_um * np.cos(angle), r_um * np.sin(angle))
    there = np.isfinite(z_um)
    return r_um[there], z_um[there]


def _contours(tip: Surface, depth_um: float, step_um: float) -> Iterator[Markup]:
    """Lines of equal depth, joined from ray to ray; broken where a ray leaves the face before."""
    angles = np.linspace(0.0, 2 * np.pi, _DIRECTIONS + 1)
    rays = [_along(tip, angle) for angle in angles]
    for level_um in np.arange(step_um, depth_um, step_um):
        radii = np.array(
            [np.interp(level_um, -z_um, r_um, left=np.nan, right=np.nan) for r_um, z_um in rays], dtype=np.float64
        )
        points = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
        runs = np.split(points, np.flatnonzero(~np.isfinite(radii)))
        parts = " ".join(_line(run[np.isfinite(run[:, 0])]) for run in runs if np.isfinite(run[:, 0]).sum() > 1)
        if parts:
            yield _path(parts, stroke=_GREYS["line"], width_um=tip.edge_radius_um / 400)


def _section(tip: Surface, *, angle: float, y_um: float) -> Markup:
    """The section along x below the face, or along y to its right, the apex outermost from the face's middle."""
    there, back = _along(tip, angle), _along(tip, angle + np.pi)
    along = np.concatenate([-back[0][::-1], there[0][1:]])
    depth = -np.concatenate([back[1][::-1], there[1][1:]])
    # Drawing coordinates have y downwards: a section along x lies below, its apex uppermost.
    points = np.column_stack([along, -(y_um + depth)] if angle == 0.0 else [y_um + depth, along])
    return _path(_line(points), stroke=_GREYS["ink"], width_um=tip.edge_radius_um / 120)


def _outline(polygon: Polygon) -> str:
    return " ".join(_line(shapely.get_coordinates(ring)[:-1]) + "Z" for ring in shapely.get_rings(polygon))


def _line(points: FloatArray) -> str:
    rounded = np.round(points, 2) + 0.0
    return "M" + " ".join(["%.2f,%.2f"] * len(rounded)) % tuple(rounded.ravel())


def _path(data: str, *, stroke: str, width_um: float, fill: str = "none", dashes_um: float = 0.0) -> Markup:
    look = {"d": data, "transform": "scale(1 -1)", "fill": fill, "stroke": stroke, "stroke-width": f"{width_um:.2f}"}
    return empty("path", look | ({"stroke-dasharray": f"{dashes_um:.1f}"} if dashes_um else {}))


def _text(text: str, x_um: float, y_um: float, size_um: float) -> Markup:
    place = {"x": f"{x_um:.2f}", "y": f"{y_um:.2f}", "font-size": f"{size_um:.2f}"}
    return element("text", place | {"font-family": "sans-serif", "fill": _GREYS["ink"]}, text)
