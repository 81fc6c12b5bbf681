"""Machine files beside other programs, on one pin's toolpath: DXF against ezdxf's entities, G-code against LinuxCNC."""

import shutil
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import ezdxf

from benchmarks.common import Timing, child_cpu_s, compared, timed
from toolpaths.machine import Machine
from toolpaths.model import Toolpath
from toolpaths.readers.gcode import read_gcode
from toolpaths.writers.dxf import write_job_dxf
from toolpaths.writers.gcode import write_gcode

_TWO_POINTS = 2


def dxf_writing(toolpath: Toolpath, *, repeats: int) -> dict[str, Any]:
    """Seconds for ``job.dxf``, and for the same lines and polylines as ezdxf entities."""
    ours, data = timed(lambda: write_job_dxf(toolpath), repeats=repeats)
    theirs, text = timed(lambda: _by_entities(toolpath), repeats=repeats)
    lines = [data.count(b"\n  0\nLINE\n"), text.count("\n  0\nLINE\n")]
    if lines[0] != lines[1]:
        raise ValueError(f"formats: {lines[0]} lines of ours and {lines[1]} of ezdxf's")
    return {
        "bytes": len(data),
        "lines": lines[0],
        "times": compared({"pin-engrave": ours, "ezdxf entities": theirs}, ours="pin-engrave"),
    }


def _by_entities(toolpath: Toolpath) -> str:

    document = ezdxf.new("R2000")  # type: ignore[attr-defined] # documented, though not exported in so many words
    space = document.modelspace()
    for place, (_, operation) in enumerate(toolpath.operations()):
        layer = {"layer": f"OP{place + 1:02d}"}
        for path in operation.paths:
            points = (path / 1000.0).tolist()
            if len(points) == _TWO_POINTS:
                space.add_line(points[0], points[1], dxfattribs=layer)
            else:
                space.add_polyline3d(points, dxfattribs=layer)
    stream = StringIO()
    document.write(stream)
    return stream.getvalue()


def gcode_reading(toolpath: Toolpath, machine: Machine, *, repeats: int) -> dict[str, Any]:
    """Seconds to read a program, and for LinuxCNC's interpreter to run it, with its loop and with one round of it.

    The reader takes a loop as two rounds and a number; the interpreter, as the machine must, runs every round.
    """
    once = Toolpath(blocks=tuple(replace(block, repeats=1) for block in toolpath.blocks))
    return {
        "one round": _read(once, machine, repeats=repeats),
        "as shipped, looped": _read(toolpath, machine, repeats=repeats),
    }


def _read(toolpath: Toolpath, machine: Machine, *, repeats: int) -> dict[str, Any]:
    program = write_gcode(toolpath, machine, header=())
    ours, read = timed(lambda: read_gcode(program, machine), repeats=repeats)
    timings = {"pin-engrave": ours}
    interpreter = shutil.which("rs274")
    if interpreter is not None:
        timings["LinuxCNC rs274"] = _interpreted(program, interpreter, repeats=repeats)
    return {
        "bytes": len(program),
        "moves": int(read.times.sum()),
        "times": compared(timings, ours="pin-engrave"),
    }


def _interpreted(program: bytes, interpreter: str, *, repeats: int) -> Timing:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "program.ngc").write_bytes(program)
        arguments = [interpreter, "-g", "program.ngc", "calls.txt"]
        return Timing(seconds=tuple(child_cpu_s(arguments, cwd=folder) for _ in range(repeats)))
