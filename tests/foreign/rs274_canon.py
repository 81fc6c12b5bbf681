"""LinuxCNC's stand-alone interpreter as a judge: what its canonical calls make the beam do.

``rs274 -g`` interprets a program with the controller's own code and prints one canonical call a line, lengths with
four decimals of a millimetre (0.1 um). Loops are expanded. This module knows those calls and nothing of this project.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Half of the last digit printed, and a nanometre for the rounding of the file itself.
PRINT_TOLERANCE_UM = 0.051

_CALL = re.compile(r"^ *\d+ +N\S* +([A-Z_0-9]+)\((.*)\)$", re.MULTILINE)


class RefusedError(Exception):
    """The controller does not run this program; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamMoves:
    """Moves with the gate open, in order of execution: (m, 3) float, um; feed in um/s; values of analog outputs."""

    begin_um: FloatArray
    end_um: FloatArray
    feed_um_s: FloatArray
    outputs: FloatArray
    rapid: NDArray[np.bool_]
    lit_at_end: bool


def canonical_calls(program: bytes, *, interpreter: str, folder: Path) -> list[tuple[str, str]]:
    """Names and arguments of the canonical calls. Raises RefusedError where the controller refuses the program."""
    source, target = folder / "program.ngc", folder / "canonical.txt"
    source.write_bytes(program)
    done = subprocess.run(
        [interpreter, "-g", str(source), str(target)], cwd=folder, capture_output=True, check=False, timeout=120
    )
    if done.returncode != 0:
        raise RefusedError((done.stdout + done.stderr).decode(errors="replace"))
    return _CALL.findall(target.read_text())


def beam_moves(calls: list[tuple[str, str]], *, gate: int, analog: tuple[int, ...]) -> BeamMoves:
    """The moves that the gate output lights; ``outputs`` (m, len(analog)) holds the analog outputs' values."""
    place: tuple[float, ...] = (np.nan, np.nan, np.nan)
    feed, unit = np.nan, np.nan
    lit = False
    queued_gate: bool | None = None
    values = dict.fromkeys(analog, np.nan)
    queued_values: dict[int, float] = {}
    rows: list[tuple[float, ...]] = []
    rapids: list[bool] = []
    for name, text in calls:
        if name in ("STRAIGHT_FEED", "STRAIGHT_TRAVERSE"):
            target = tuple(float(number) * unit for number in text.split(",")[:3])
            lit = lit if queued_gate is None else queued_gate
            values |= queued_values
            queued_gate, queued_values = None, {}
            if lit:
                rows.append((*place, *target, feed, *values.values()))
                rapids.append(name == "STRAIGHT_TRAVERSE")
            place = target
        elif name in ("SET_MOTION_OUTPUT_BIT", "CLEAR_MOTION_OUTPUT_BIT") and int(text) == gate:
            queued_gate = name.startswith("SET")
        elif name in ("SET_AUX_OUTPUT_BIT", "CLEAR_AUX_OUTPUT_BIT") and int(text) == gate:
            lit = name.startswith("SET")
        elif name == "SET_MOTION_OUTPUT_VALUE":
            number, value = text.split(",")
            queued_values[int(number)] = float(value)
        elif name == "SET_FEED_RATE":
            feed = float(text) * unit / 60.0
        elif name == "USE_LENGTH_UNITS":
            unit = {"CANON_UNITS_MM": 1000.0, "CANON_UNITS_INCHES": 25400.0}[text]
    table = np.array(rows).reshape(-1, 7 + len(analog))
    return BeamMoves(
        begin_um=table[:, :3],
        end_um=table[:, 3:6],
        feed_um_s=table[:, 6],
        outputs=table[:, 7:],
        rapid=np.array(rapids, dtype=bool),
        lit_at_end=lit,
    )
