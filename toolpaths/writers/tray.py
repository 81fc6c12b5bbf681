"""One LinuxCNC program for a tray: a section a nest, each complete in itself, so that it can be started at any.

A section is the pin's own program, placed, between a travel at the safe height and the rise back to it; it names
every axis, feed, energy and rate that it rests on. Only one pin is held in memory at a time.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from toolpaths.errors import ToolpathError
from toolpaths.fixture import Fixture
from toolpaths.machine import Machine
from toolpaths.model import Toolpath
from toolpaths.tray import placed, placement_of, require_within, sparse
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.nanometres import blocks_in_nanometres, millimetres

# The loops' labels: nest and block by three digits each.
_BLOCKS_A_NEST = 1000
_LABEL = re.compile(rb"^o([0-9]+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NestWork:
    """A pin to be marked: its nest, what the program says of it in one line, its toolpath in the pin frame."""

    nest: int
    title: str
    toolpath: Toolpath


def write_tray(
    out: BinaryIO, works: Iterable[NestWork], fixture: Fixture, machine: Machine, *, header: Sequence[str]
) -> None:
    """Write the program, nest by nest in the order given; the same input gives the same bytes.

    Raises ToolpathError, naming the nest, where a pin cannot be written or leaves the machine's envelope.
    """
    begun = False
    for work in works:
        toolpath = placed(sparse(work.toolpath), placement_of(fixture, work.nest))
        require_within(toolpath, machine, nest=work.nest)
        try:
            if not begun:
                opening, _ = _opening_and_body(write_gcode(toolpath, machine, header=header), machine)
                out.write(opening)
            out.write(_section(work, toolpath, machine, safe_um=fixture.safe_height_um))
        except ToolpathError as error:
            raise ToolpathError(f"nest {work.nest}: {error}") from error
        begun = True
    if not begun:
        raise ToolpathError("the tray holds no pin: nothing would be marked")
    out.write(b"M2\n")


def section_begin(nest: int, title: str) -> str:
    """The comment that a nest's section begins with."""
    return f"nest {nest}: {title}"


def section_end(nest: int) -> str:
    """The comment that it ends with."""
    return f"end of nest {nest}"


def _section(work: NestWork, toolpath: Toolpath, machine: Machine, *, safe_um: float) -> bytes:
    """The lines of a nest, its toolpath in the tray frame."""
    blocks = blocks_in_nanometres(toolpath)
    if len(blocks) >= _BLOCKS_A_NEST:
        raise ToolpathError(f"{len(blocks)} blocks; a section has fewer than {_BLOCKS_A_NEST}")
    program = write_gcode(toolpath, machine, header=[section_begin(work.nest, work.title)])
    _, body = _opening_and_body(program, machine)
    x_mm, y_mm, _ = millimetres(blocks[0].operations[0][1].points[0]).tolist()
    safe_mm = f"{safe_um / 1e3:.6f}"
    stage = machine.stage
    lines = [
        *_comments_of(program),
        f"G0 X{x_mm:.6f} Y{y_mm:.6f} Z{safe_mm}".encode(),
        _labelled(body, work.nest),
        # The gate's last word and these take effect with the rise.
        f"M67 E{stage.energy_output} Q0".encode(),
        f"M67 E{stage.rate_output} Q0".encode(),
        f"G0 Z{safe_mm}".encode(),
        f"M65 P{stage.gate_output}".encode(),
        f"({section_end(work.nest)})".encode(),
        b"",
    ]
    return b"\n".join(lines)


def _opening_and_body(program: bytes, machine: Machine) -> tuple[bytes, bytes]:
    """A pin's program up to its first closed gate, and from there to where it turns the laser's energy down."""
    closed = f"\nM65 P{machine.stage.gate_output}\n".encode()
    down = f"\nM67 E{machine.stage.energy_output} Q0\n".encode()
    begin = program.index(closed) + len(closed)
    return program[:begin], program[begin : program.rindex(down)]


def _comments_of(program: bytes) -> Iterator[bytes]:
    for line in program.split(b"\n"):
        if not line.startswith(b"("):
            return
        yield line


def _labelled(body: bytes, nest: int) -> bytes:
    """The loops' labels made the nest's own: a label may stand only once in a file."""
    return _LABEL.sub(lambda match: b"o%d " % (nest * _BLOCKS_A_NEST + int(match[1])), body)
