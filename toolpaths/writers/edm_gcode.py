"""RS-274 of a program that erodes, for LinuxCNC: straight moves, the spark switched between them, stops for the rod.

The spark burns along the paths alone. To the next path the electrode goes straight up to the safe height, across, and
down by a rapid to a little above the path's first point; the rest of the way, still without spark, is fed. What the
generator is told goes to analog outputs (M67), a comment naming each number and its unit. A new or dressed electrode is
waited for (M0); where it touches the face (G38.2) the work offset is set so that its end is what touched (G10 L20).

Dialect: https://linuxcnc.org/docs/html/gcode/g-code.html (G38.2, G10 L20) and .../m-code.html (M0, M64 to M67).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from toolpaths.edm.model import Change, Dress, Erode, Erosion, Event, Setting, TouchOff
from toolpaths.errors import ToolpathError
from toolpaths.machine import Eroder, Machine
from toolpaths.writers.gcode import as_comments
from toolpaths.writers.nanometres import in_nanometres, millimetres

IntArray = NDArray[np.int64]

APPROACH_UM = 50.0
"""A rapid ends so far above the first point of a path, and above the face where the electrode is to touch it."""
PROBE_BELOW_UM = 100.0
"""So far below the height that the face should have, touching is given up."""

_MODES = "G21 G90 G17 G94 G40 G49 G54 G61"


def write_edm_gcode(erosion: Erosion, machine: Machine, *, header: Sequence[str]) -> bytes:
    """The program of an erosion on a machine: ASCII, one nanometre fine, spark off first and last.

    ``header`` lines stand at the top as comments. Raises ToolpathError with every fault: an erosion that does nothing,
    a figure that is not finite or too small for the file; and where the machine does not erode.
    """
    eroder = machine.eroder
    _check(erosion)
    safe = _mm(erosion.safe_z_um)
    lines = [comment for text in header for comment in as_comments(text)]
    lines += [_MODES, f"M65 P{eroder.spark_output}", f"G0 Z{safe}"]
    for event in erosion.events:
        lines += _event(event, eroder, safe)
    outputs = sorted({setting.output for event in erosion.eroding() for setting in event.generator})
    lines += [f"M67 E{output} Q0" for output in outputs]
    # M67 takes effect with a motion.
    lines += [f"G0 Z{_mm(erosion.safe_z_um + 1.0)}", f"M65 P{eroder.spark_output}", "M2", ""]
    return "\n".join(lines).encode("ascii")


def _check(erosion: Erosion) -> None:
    """Raise ToolpathError with every fault that would not show in the file."""
    faults = []
    if not any(len(event.paths) for event in erosion.eroding()):
        faults.append("nothing is eroded: the program has no path")
    for event in erosion.eroding():
        figures = (event.feed_um_s, *(setting.value for setting in event.generator))
        if not (np.all(np.isfinite(figures)) and _decimal(event.feed_um_s * 60e-3) != "0" and event.feed_um_s > 0):
            faults.append(f"{event.name}: feed and settings must be finite, the feed 1e-6 mm/min at least")
        if len(event.paths) and float(event.paths.points[:, 2].max()) > erosion.safe_z_um:
            faults.append(f"{event.name}: a path goes above the safe height, {erosion.safe_z_um:g} um")
    if not np.isfinite(erosion.safe_z_um):
        faults.append("the safe height is no number")
    if faults:
        raise ToolpathError("\n".join(faults))


def _event(event: Event, eroder: Eroder, safe: str) -> Iterator[str]:
    if isinstance(event, Erode):
        yield from _erode(event, eroder, safe)
    elif isinstance(event, TouchOff):
        yield from _touch(event, eroder, safe)
    else:
        words = {Change: "put in electrode", Dress: "dress electrode"}
        yield f"({words[type(event)]} {event.tool + 1})"
        yield "M0"


def _touch(event: TouchOff, eroder: Eroder, safe: str) -> Iterator[str]:
    yield f"(touch off electrode {event.tool + 1})"
    yield f"G0 X{_mm(event.x_um)} Y{_mm(event.y_um)}"
    yield f"G0 Z{_mm(event.z_um + APPROACH_UM)}"
    yield f"G38.2 Z{_mm(event.z_um - PROBE_BELOW_UM)} F{_decimal(eroder.probe_feed_um_s * 60e-3)}"
    yield f"G10 L20 P1 Z{_mm(event.z_um)}"
    yield f"G0 Z{safe}"


def _erode(event: Erode, eroder: Eroder, safe: str) -> Iterator[str]:
    if not len(event.paths):
        return
    yield from as_comments(f"electrode {event.tool + 1}: {event.name}")
    for setting in event.generator:
        yield from _setting(setting)
    yield f"F{_decimal(event.feed_um_s * 60e-3)}"
    yield _motion(event, spark=eroder.spark_output, safe=safe)


def _setting(setting: Setting) -> Iterator[str]:
    yield from as_comments(f"{setting.name} in {setting.unit}" if setting.unit else setting.name)
    yield f"M67 E{setting.output} Q{_decimal(setting.value)}"


def _motion(event: Erode, *, spark: int, safe: str) -> str:
    """All paths as one piece of text, formatted in one go."""
    paths = in_nanometres(event.paths)
    points = paths.points
    first, last = paths.first(), paths.last()
    # A first point is named three times: across, down by a rapid, and the rest of the way.
    named = np.ones(points.shape, dtype=bool)
    named[1:] = points[1:] != points[:-1]
    named |= first[:, np.newaxis]
    above = points[first].copy()
    above[:, 2] += round(APPROACH_UM * 1000)
    approach = f"G0 X%.6f Y%.6f\nG0 Z%.6f\nG1 Z%.6f\nM64 P{spark}"
    table = [f"G1 {' '.join(f'{axis}%.6f' for bit, axis in enumerate('XYZ') if code >> bit & 1)}" for code in range(8)]
    ends = f"\nM65 P{spark}\nG0 Z{safe}"
    codes = named @ np.array([1, 2, 4])
    rows = [
        approach if begins else table[code] + ends if stops else table[code]
        for begins, stops, code in zip(first.tolist(), last.tolist(), codes.tolist(), strict=True)
    ]
    return "\n".join(rows) % tuple(millimetres(_values(points, named, first, above)).tolist())


def _values(points: IntArray, named: NDArray[np.bool_], first: NDArray[np.bool_], above: IntArray) -> IntArray:
    """Coordinates in the order in which the text names them: of a first point x, y, the height above it, z."""
    widths = np.where(first, 4, named.sum(axis=1))
    ends = np.cumsum(widths)
    values = np.empty(ends[-1], dtype=np.int64)
    begins = (ends - widths)[first]
    for place, column in enumerate((points[first, 0], points[first, 1], above[:, 2], points[first, 2])):
        values[begins + place] = column
    rest = np.ones(len(values), dtype=bool)
    rest[(begins[:, np.newaxis] + np.arange(4)).ravel()] = False
    further = ~first
    values[rest] = points[further][named[further]]
    return values


def _mm(value_um: float) -> str:
    return f"{float(millimetres(np.array([round(value_um * 1000)]))[0]):.6f}"


def _decimal(value: float) -> str:
    """Fixed decimals without an exponent, trailing zeros dropped."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
