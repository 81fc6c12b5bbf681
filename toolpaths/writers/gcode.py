"""RS-274 for LinuxCNC: lines only, the beam gated in step with the motion, repeats as one counted loop.

Dialect: https://linuxcnc.org/docs/html/gcode/m-code.html (M62 to M67) and .../o-code.html (repeat).
"""

import re
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from toolpaths.errors import ToolpathError
from toolpaths.machine import Machine, Stage
from toolpaths.model import Process, Toolpath
from toolpaths.writers.nanometres import IntArray, NmBlock, NmPolylines, blocks_in_nanometres, millimetres

# LinuxCNC reads at most 255 characters of a line; parentheses and the line's end stand inside that.
_COMMENT_CHARACTERS = 200
# Comments that make LinuxCNC do something: (MSG, ...), (LOGOPEN, ...), (PROBECLOSE) and so on.
_ACTIVE_COMMENT = re.compile(r"\s*(\w+\s*,|LOGCLOSE|PROBECLOSE)", re.IGNORECASE)

# Millimetres, absolute, XY plane, feed per minute, no radius or length compensation, work offset 1, exact path.
_MODES = "G21 G90 G17 G94 G40 G49 G54 G61"


def write_gcode(toolpath: Toolpath, machine: Machine, *, header: Sequence[str]) -> bytes:
    """The program that runs ``toolpath`` on ``machine``: ASCII, one nanometre fine, beam off first and last.

    ``header`` lines stand at the top as comments, characters that a comment cannot hold replaced. Raises ToolpathError
    with every fault: an empty toolpath, a figure that is not finite, one too small for the file to carry; and where the
    machine is a scanner.
    """
    blocks = blocks_in_nanometres(toolpath)
    _check_figures(blocks)
    stage = machine.stage
    gate, energy, rate = stage.gate_output, stage.energy_output, stage.rate_output
    lines = [comment for text in header for comment in as_comments(text)]
    lines += [_MODES, f"M65 P{gate}"]
    for label, block in enumerate(blocks, start=1):
        lines += _block_lines(block, label, stage)
    # M63 and M67 take effect with a motion: without the last rapid the beam would stand lit until the M65.
    lines += [f"M67 E{energy} Q0", f"M67 E{rate} Q0", _park(blocks), f"M65 P{gate}", "M2", ""]
    return "\n".join(lines).encode("ascii")


def _block_lines(block: NmBlock, label: int, stage: Stage) -> Iterator[str]:
    """A block's operations, in a loop where it is run more than once."""
    if block.repeats > 1:
        yield f"o{label} repeat [{block.repeats}]"
    for operation, paths in block.operations:
        yield from as_comments(f"operation {operation.name}")
        yield from _process_lines(operation.process, stage)
        yield _motion(paths, stage.gate_output)
    if block.repeats > 1:
        yield f"o{label} endrepeat"


def _process_lines(process: Process, stage: Stage) -> tuple[str, str, str]:
    """Feed, energy and rate, stated anew in each operation, for a loop's second round."""
    feed, energy, rate = _figures(process)
    return f"F{feed}", f"M67 E{stage.energy_output} Q{energy}", f"M67 E{stage.rate_output} Q{rate}"


def _figures(process: Process) -> tuple[str, str, str]:
    """Feed in mm/min, energy in uJ, rate in kHz."""
    return (
        _decimal(process.feed_um_s * 60e-3),
        _decimal(process.pulse_energy_j * 1e6),
        _decimal(process.repetition_rate_hz * 1e-3),
    )


def _decimal(value: float) -> str:
    """Fixed decimals without an exponent, trailing zeros dropped."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _check_figures(blocks: Sequence[NmBlock]) -> None:
    """Raise ToolpathError where six decimals would round a figure to nothing."""
    faults = [
        f"{operation.name}: feed, energy or repetition rate is below the least that the file can carry "
        "(1e-6 mm/min, 1e-6 uJ, 1e-6 kHz)"
        for block in blocks
        for operation, _ in block.operations
        if "0" in _figures(operation.process)
    ]
    if faults:
        raise ToolpathError("\n".join(faults))


def _motion(paths: NmPolylines, gate: int) -> str:
    """All paths of an operation as one piece of text, formatted in one go: to the start unlit, along the path lit."""
    points = paths.points
    first, last = paths.first(), paths.last()
    second = np.zeros_like(first)
    second[1:] = first[:-1]
    named = np.ones(points.shape, dtype=bool)
    named[1:] = points[1:] != points[:-1]
    named |= (first | second)[:, np.newaxis]
    table = _templates(gate)
    role = np.where(first, 0, np.where(second, 1, 2))
    codes = role * 16 + last * 8 + named @ np.array([1, 2, 4])
    template = "\n".join([table[code] for code in codes.tolist()])
    return template % tuple(millimetres(points)[named].tolist())


def _templates(gate: int) -> list[str]:
    """Text of a point by role (start, second, further), whether it ends its path, and which axes it names."""
    table = []
    for role in range(3):
        for ends in (False, True):
            for axes in range(8):
                words = " ".join(f"{axis}%.6f" for bit, axis in enumerate("XYZ") if axes >> bit & 1)
                text = (f"G0 {words}\nM62 P{gate}", f"G1 {words}", words)[role]
                table.append(f"{text}\nM63 P{gate}" if ends else text)
    return table


def _park(blocks: Sequence[NmBlock]) -> str:
    """A rapid back to the first point that is not the last one, so that there is a motion."""
    last: IntArray = blocks[-1].operations[-1][1].points[-1]
    first_paths = blocks[0].operations[0][1].points
    other = first_paths[np.argmax(np.any(first_paths != last, axis=1))]
    x_mm, y_mm, z_mm = millimetres(other).tolist()
    return f"G0 X{x_mm:.6f} Y{y_mm:.6f} Z{z_mm:.6f}"


def as_comments(text: str) -> list[str]:
    """Text as comments that the controller ignores: ASCII, no parentheses, none of the words it acts on, wrapped."""
    plain = "".join(character if " " <= character <= "~" else " " if character.isspace() else "?" for character in text)
    plain = plain.translate({ord("("): "[", ord(")"): "]"})
    return [
        f"(- {piece})" if _ACTIVE_COMMENT.match(piece) else f"({piece})"
        for piece in textwrap.wrap(plain, _COMMENT_CHARACTERS)
    ]
