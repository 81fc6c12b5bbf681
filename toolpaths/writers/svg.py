"""SVG of a toolpath in millimetres, y up as in the pin frame, one group an operation: for eyes and for shops."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from toolpaths.model import Operation, Process, Toolpath
from toolpaths.writers.nanometres import NmPolylines, blocks_in_nanometres, millimetres

_STROKE_MM = 0.002
_MARGIN_NM = 50_000
_COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")


def write_toolpath_svg(toolpath: Toolpath, *, title: str) -> bytes:
    """Each operation of the toolpath once, drawn with lines of 2 um (not the width of the cut), in whole nanometres.

    A group carries the operation's name, how often its block is run, and its process. Raises ToolpathError.
    """
    blocks = blocks_in_nanometres(toolpath)
    steps = [(block.repeats, operation, paths) for block in blocks for operation, paths in block.operations]
    lines = _head([paths for _, _, paths in steps], title)
    colours: dict[tuple[Process, int], str] = {}
    for place, (repeats, operation, paths) in enumerate(steps, start=1):
        kind = (operation.process, repeats)
        colour = colours.setdefault(kind, _COLOURS[len(colours) % len(_COLOURS)])
        lines += [
            f'<g id="operation-{place}" stroke="{colour}" data-repeats="{repeats}" {_data(operation)}>',
            f"<title>{_text(operation.name)}</title>",
            f'<path d="{_path_data(paths)}"/>',
            "</g>",
        ]
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def _data(operation: Operation) -> str:
    """Attributes with the operation's name and process."""
    process = operation.process
    figures = {
        "pulse-energy-uj": process.pulse_energy_j * 1e6,
        "repetition-rate-khz": process.repetition_rate_hz * 1e-3,
        "feed-mm-s": process.feed_um_s * 1e-3,
    }
    words = [f'data-{name}="{figure:.6f}"' for name, figure in figures.items()]
    return " ".join([f"data-name={_attribute(operation.name)}", *words])


def _head(paths: Sequence[NmPolylines], title: str) -> list[str]:
    """The page: a view box about everything drawn and the apex, in millimetres."""
    points = np.concatenate([np.zeros((1, 2), dtype=np.int64), *(path.points[:, :2] for path in paths)])
    points = points * np.array([1, -1])
    low, high = points.min(axis=0) - _MARGIN_NM, points.max(axis=0) + _MARGIN_NM
    x_mm, y_mm = millimetres(low).tolist()
    width_mm, height_mm = millimetres(high - low).tolist()
    size = f'width="{width_mm:.6f}mm" height="{height_mm:.6f}mm"'
    box = f'viewBox="{x_mm:.6f} {y_mm:.6f} {width_mm:.6f} {height_mm:.6f}"'
    stroke = f'fill="none" stroke-width="{_STROKE_MM}" stroke-linecap="round" stroke-linejoin="round"'
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" {size} {box} {stroke}>',
        f"<title>{_text(title)}</title>",
    ]


def _path_data(paths: NmPolylines) -> str:
    """Moves and lines, y turned down as SVG has it, formatted in one go."""
    xy = millimetres(paths.points[:, :2] * np.array([1, -1]))
    template = " ".join(["M%.6f %.6f" if starts else "L%.6f %.6f" for starts in paths.first().tolist()])
    return template % tuple(xy.ravel().tolist())


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(character for character in text if character.isprintable() or character == " ")


def _text(text: str) -> str:
    return escape(_printable(text))


def _attribute(text: str) -> str:
    return quoteattr(_printable(text))
