"""What the notes for operators share: text wrapped, and the table of what has to be set by hand for each step."""

import textwrap
from collections.abc import Sequence

import numpy as np

from toolpaths.model import Process, Toolpath
from toolpaths.writers.nanometres import blocks_in_nanometres, millimetres

_WIDTH = 100
_INDENT = "   "


def wrapped(text: str) -> list[str]:
    """A paragraph as lines of at most 100 characters, the later ones set in where it begins with a number."""
    plain = " ".join(text.split())
    return textwrap.wrap(plain, _WIDTH, subsequent_indent=_INDENT if plain[:1].isdigit() else "")


def step_table(toolpath: Toolpath, *, heads: Sequence[str]) -> list[str]:
    """Two lines for each operation that has paths: its head, and below it what a marking program has to be told.

    Heads stand in the order of the operations, those without paths left out. Raises ToolpathError.
    """
    steps = [(block.repeats, *step) for block in blocks_in_nanometres(toolpath) for step in block.operations]
    lines: list[str] = []
    for head, (repeats, operation, paths) in zip(heads, steps, strict=True):
        z_um = paths.points[:, 2] / 1e3
        heights = f"z {z_um.min():.1f} to {z_um.max():.1f} um"
        lines += [f"{_INDENT}{head}", f"{_INDENT * 2}runs {repeats}, {figures(operation.process)}, {heights}"]
    return lines


def figures(process: Process) -> str:
    """A process in the units that marking programs ask for: uJ, kHz, mm/s, ps, um; what is not known left out."""
    known = [
        f"{process.pulse_energy_j * 1e6:.6g} uJ a pulse at the work",
        f"{process.repetition_rate_hz * 1e-3:.6g} kHz",
        f"{process.feed_um_s * 1e-3:.6g} mm/s",
    ]
    if process.pulse_width_s is not None:
        known.append(f"pulse {process.pulse_width_s * 1e12:.6g} ps")
    if process.spot_radius_um is not None:
        known.append(f"spot radius {process.spot_radius_um:.6g} um")
    if process.wavelength_um is not None:
        known.append(f"wavelength {process.wavelength_um:.6g} um")
    return ", ".join(known)


def extent_text(toolpath: Toolpath) -> str:
    """A sentence by which the operator sees that all came in, and at its size. Raises ToolpathError."""
    paths = [paths for block in blocks_in_nanometres(toolpath) for _, paths in block.operations]
    points = np.concatenate([path.points for path in paths])
    low, high = millimetres(points.min(axis=0)), millimetres(points.max(axis=0))
    return (
        f"The job's {sum(len(path.starts) - 1 for path in paths)} lines reach from x {low[0]:.3f} to {high[0]:.3f} mm "
        f"and from y {low[1]:.3f} to {high[1]:.3f} mm."
    )
