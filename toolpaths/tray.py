"""A pin's toolpath in its nest and back: clocking, tilt and shift as one rigid motion, and what a tray may not ask.

The motion of a point p of the pin frame: shift + Ry(tilt_y) Rx(tilt_x) Rz(clocking) p, right-handed turns about the
tray's axes through the apex, which is the pin frame's origin.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from toolpaths.errors import ToolpathError
from toolpaths.fixture import READY, Fixture, Nest
from toolpaths.machine import Machine
from toolpaths.model import Block, Operation, Polylines, Toolpath

FloatArray = NDArray[np.float64]

# Files hold whole nanometres, and a turned path is rounded to them again: neighbours further apart than a lattice's
# diagonal, sqrt(3) nm, can never fall on one point, nearer ones may.
_LATTICE_DIAGONAL_UM = 1.74e-3
# Half that diagonal is what the rounding can move a point by; the rest is the arithmetic of coordinates of 0.1 m.
ROUND_TRIP_UM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The rigid motion from the pin frame to the tray frame: rotation (3, 3), determinant 1; shift (3,), um."""

    rotation: FloatArray
    shift_um: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.rotation.setflags(write=False)
        self.shift_um.setflags(write=False)

    def to_tray(self, points_um: FloatArray) -> FloatArray:
        """(n, 3) points of the pin frame, in the tray frame."""
        turned_um: FloatArray = points_um @ self.rotation.T
        return turned_um + self.shift_um

    def to_pin(self, points_um: FloatArray) -> FloatArray:
        """(n, 3) points of the tray frame, in the pin frame: the inverse."""
        turned_um: FloatArray = (points_um - self.shift_um) @ self.rotation
        return turned_um


def placement_of(fixture: Fixture, nest: int) -> Placement:
    """Where the pin in a nest stands, as probed."""
    return placement_at(fixture.nominal_um(nest), fixture.found(nest))


def placement_at(nominal_um: tuple[float, float, float], found: Nest) -> Placement:
    """Where a pin stands whose apex should be at ``nominal_um`` of the tray frame and was found as told."""
    return Placement(
        rotation=rotation_of(tilt_x_rad=found.tilt_x_rad, tilt_y_rad=found.tilt_y_rad, clocking_rad=found.clocking_rad),
        shift_um=np.add(nominal_um, (found.dx_um, found.dy_um, found.dz_um)),
    )


def rotation_of(*, tilt_x_rad: float, tilt_y_rad: float, clocking_rad: float) -> FloatArray:
    """(3, 3): first the turn about the pin's axis, then about the tray's x, then about its y."""
    (cos_x, sin_x), (cos_y, sin_y), (cos_z, sin_z) = (
        (math.cos(angle), math.sin(angle)) for angle in (tilt_x_rad, tilt_y_rad, clocking_rad)
    )
    about_x = np.array([(1.0, 0.0, 0.0), (0.0, cos_x, -sin_x), (0.0, sin_x, cos_x)])
    about_y = np.array([(cos_y, 0.0, sin_y), (0.0, 1.0, 0.0), (-sin_y, 0.0, cos_y)])
    about_z = np.array([(cos_z, -sin_z, 0.0), (sin_z, cos_z, 0.0), (0.0, 0.0, 1.0)])
    whole: FloatArray = about_y @ about_x @ about_z
    return whole


def placed(toolpath: Toolpath, placement: Placement) -> Toolpath:
    """A pin's toolpath in its nest; make it ``sparse`` first where it is to be written."""
    return _mapped(toolpath, lambda paths: replace(paths, points=placement.to_tray(paths.points)))


def taken_back(toolpath: Toolpath, placement: Placement) -> Toolpath:
    """The inverse of ``placed``."""
    return _mapped(toolpath, lambda paths: replace(paths, points=placement.to_pin(paths.points)))


def sparse(toolpath: Toolpath) -> Toolpath:
    """The toolpath without points that might fall on their predecessor when they are turned and rounded.

    What is left out lies within 1.74 nm of what stays; a path that is no longer than that is left out as a whole.
    """
    return _mapped(toolpath, _sparse_paths)


def _mapped(toolpath: Toolpath, change: Callable[[Polylines], Polylines]) -> Toolpath:
    return Toolpath(
        blocks=tuple(
            Block(
                repeats=block.repeats,
                operations=tuple(
                    Operation(name=entry.name, process=entry.process, paths=change(entry.paths))
                    for entry in block.operations
                ),
            )
            for block in toolpath.blocks
        )
    )


def _sparse_paths(paths: Polylines) -> Polylines:
    points, owner = paths.points, np.repeat(np.arange(len(paths)), np.diff(paths.starts))
    while True:
        near = np.zeros(len(points), dtype=bool)
        near[1:] = np.linalg.norm(np.diff(points, axis=0), axis=1) <= _LATTICE_DIAGONAL_UM
        near[1:] &= owner[1:] == owner[:-1]
        if not near.any():
            break
        # Of a run of near points the first alone, since the next may be far enough from the one before it.
        drop = near.copy()
        drop[1:] &= ~near[:-1]
        points, owner = points[~drop], owner[~drop]
    whole = np.bincount(owner, minlength=len(paths))[owner] > 1
    points, owner = points[whole], owner[whole]
    counts = np.bincount(owner, minlength=len(paths))
    return Polylines(points=points, starts=np.concatenate([[0], np.cumsum(counts[counts > 0])]))


def difference_um(one: Toolpath, other: Toolpath) -> float | str:
    """The greatest distance between points of two toolpaths, or in words what else differs."""
    if [block.repeats for block in one.blocks] != [block.repeats for block in other.blocks]:
        return "the passes differ in number"
    pairs = list(zip(one.blocks, other.blocks, strict=True))
    if any(len(a.operations) != len(b.operations) for a, b in pairs):
        return "the operations differ in number"
    worst_um = 0.0
    for a, b in ((a, b) for mine, theirs in pairs for a, b in zip(mine.operations, theirs.operations, strict=True)):
        if a.process != b.process:
            return f"energy, repetition rate or feed differ from {a.name}"
        if not np.array_equal(a.paths.starts, b.paths.starts):
            return f"the paths differ in number or in their points from {a.name}"
        distances_um = np.linalg.norm(a.paths.points - b.paths.points, axis=1)
        worst_um = max(worst_um, float(np.max(distances_um, initial=0.0)))
    return worst_um


def tray_faults(fixture: Fixture, machine: Machine, *, reach_um: float, focus_tolerance_um: float) -> Iterator[str]:
    """Why a machine or a process cannot take this fixture; nothing where they can.

    ``reach_um`` is how far from its axis a pin is marked. The focus follows a tilted tip, so the tolerance is not used
    up by it; still a tilt whose rise over that reach is more than ``focus_tolerance_um`` is refused: a pin stays
    within the tolerance then even if the tilt's sign should be wrong in one of two places, and the beam meets the
    tip as the recipe has it.
    """
    if machine.is_galvo:
        yield f"machine {machine.name!r} is a galvo scanner; a tray is one G-code program, for a stage under LinuxCNC"
        return
    yield from _envelope_faults(fixture, machine, reach_um)
    for nest in fixture.in_state(READY):
        rise_um = reach_um * math.sin(fixture.found(nest).tilt_rad)
        if rise_um > focus_tolerance_um:
            yield (
                f"nest {nest}: its tilt of {math.degrees(fixture.found(nest).tilt_rad):.3g} deg rises {rise_um:.3g} um "
                f"over the tip, more than the focus tolerance of {focus_tolerance_um:g} um; seat the pin again"
            )


def _envelope_faults(fixture: Fixture, machine: Machine, reach_um: float) -> Iterator[str]:
    low, high = (np.array(corner) for corner in machine.envelope_um())
    margin = np.array([reach_um, reach_um, 0.0])
    shifts = [placement_of(fixture, nest).shift_um for nest in fixture.in_state(READY)]
    least, most = np.min(shifts, axis=0) - margin, np.max(shifts, axis=0) + margin
    most[2] = max(most[2], fixture.safe_height_um)
    for axis, name in enumerate("xyz"):
        if least[axis] < low[axis] or most[axis] > high[axis]:
            yield (
                f"the tray needs {name} {least[axis] / 1e3:g} to {most[axis] / 1e3:g} mm and machine {machine.name!r} "
                f"has {low[axis] / 1e3:g} to {high[axis] / 1e3:g} mm; use a machine with more travel"
            )


def require_within(toolpath: Toolpath, machine: Machine, *, nest: int) -> None:
    """Raise ToolpathError where a placed toolpath leaves the machine's envelope."""
    low, high = (np.array(corner) for corner in machine.envelope_um())
    for _, operation in toolpath.operations():
        points = operation.paths.points
        beyond_um = float(np.max(np.maximum(low - points, points - high), initial=0.0))
        if beyond_um > 0:
            raise ToolpathError(
                f"nest {nest}: {operation.name} leaves the envelope of machine {machine.name!r} by {beyond_um:g} um"
            )
