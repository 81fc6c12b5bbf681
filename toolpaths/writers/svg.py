"""SVG of a toolpath in millimetres, y up as in the pin frame, one group an operation: for eyes and for shops."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from toolpaths.model import Operation, Process, Toolpath
from toolpaths.writers.import_notes import extent_text, step_table, wrapped
from toolpaths.writers.nanometres import NmPolylines, blocks_in_nanometres, millimetres

_STROKE_MM = 0.002
_MARGIN_NM = 50_000
_COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")


def write_toolpath_svg(toolpath: Toolpath, *, title: str) -> bytes:
    """Each operation of the toolpath once, drawn with lines of 2 um (not the width of the cut), in whole nanometres.

    A group carries the operation's name, its place in the order, the number of its block (the runs of a block
    interleave its operations), how often that is run, and its process. Heights are not in the file. Raises
    ToolpathError.
    """
    blocks = blocks_in_nanometres(toolpath)
    steps = [
        (number, block.repeats, *step) for number, block in enumerate(blocks, start=1) for step in block.operations
    ]
    lines = _head([paths for *_, paths in steps], title)
    colours: dict[tuple[Process, int], str] = {}
    for place, (number, repeats, operation, paths) in enumerate(steps, start=1):
        kind = (operation.process, repeats)
        colour = colours.setdefault(kind, _COLOURS[len(colours) % len(_COLOURS)])
        run = f'data-block="{number}" data-repeats="{repeats}"'
        lines += [
            f'<g id="operation-{place}" stroke="{colour}" {run} {_data(operation)}>',
            f"<title>{_text(operation.name)}</title>",
            f'<path d="{_path_data(paths)}"/>',
            "</g>",
        ]
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def import_note(toolpath: Toolpath) -> str:
    """For the operator, beside ``job.svg``: how to load it, what to set by hand, and how to measure it.

    Raises ToolpathError.
    """
    count = sum(bool(len(operation.paths)) for _, operation in toolpath.operations())
    table = step_table(toolpath, heads=[f"group operation-{place}" for place in range(1, count + 1)])
    lines = ["SVG: how to load job.svg", ""]
    lines += [line for paragraph in (*_LOADING_NOTES, extent_text(toolpath)) for line in wrapped(paragraph)]
    lines += ["", *wrapped("Set by hand, group by group in the order of their numbers:"), "", *table, ""]
    return "\n".join([*lines, *wrapped(_RUNNING_NOTE)]) + "\n"


_LOADING_NOTES = (
    (
        "1. The page is sized in millimetres, one unit of the drawing is one millimetre. Load it at 100 %, whatever "
        "the program's own dots an inch are. No mirroring: the mark is mirrored already, as the tip needs it."
    ),
    (
        "2. Turn OFF whatever joins, closes, fills, smooths, simplifies or sorts lines. Lines are drawn 2 um wide to "
        "be seen; that is not the width of the cut."
    ),
    (
        "3. 0,0 of the drawing is the tip's apex. Most programs place the page's corner or the drawing's middle "
        "instead: move the drawing by its coordinates below, never by eye."
    ),
    "4. There is no square to measure by: everything in the file is marked. Measure the drawing as a whole.",
)
_RUNNING_NOTE = (
    "Groups of one data-block are run in turn, each once, and that as often as is said. Programs for marking read "
    "neither the figures nor the runs from an SVG; heights (z) and delays are not in it at all, focus by hand on the z "
    "above."
)


def _data(operation: Operation) -> str:
    """Attributes with the operation's name and what is known of its process."""
    words = [f'data-{name}="{figure:.12g}"' for name, figure in _figures(operation.process).items()]
    return " ".join([f"data-name={_attribute(operation.name)}", *words])


def _figures(process: Process) -> dict[str, float]:
    """Figures by the name of their attribute, which ends with the unit."""
    figures = {
        "pulse-energy-uj": process.pulse_energy_j * 1e6,
        "repetition-rate-khz": process.repetition_rate_hz * 1e-3,
        "feed-mm-s": process.feed_um_s * 1e-3,
    }
    if process.pulse_width_s is not None:
        figures["pulse-width-ps"] = process.pulse_width_s * 1e12
    if process.spot_radius_um is not None:
        figures["spot-radius-um"] = process.spot_radius_um
    if process.wavelength_um is not None:
        figures["wavelength-um"] = process.wavelength_um
    return figures


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
