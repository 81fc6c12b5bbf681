"""How far from the axis a patch reaches that is some share of a face, whatever the face's form."""

import numpy as np
from numpy.typing import NDArray

from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]

# The face is seen along so many directions, in so many samples each. A multiple of 8, so that the axes and the
# diagonals are among them.
_DIRECTIONS = 360
_SAMPLES = 192
_HALVINGS = 40
# Reaches that differ by less are one, as a nanometre is at a tip's edge.
_ROUND_UM = 2e-3


def reach_um(face: Surface, *, share: float) -> float | None:
    """Greatest distance from the axis of the share of a face that lies nearest to the apex's height.

    ``None`` where it is as far in all directions: of a disc, the share alone tells the radius.
    """
    if share >= 1.0:
        return face.edge_radius_um
    turn = 2.0 * np.pi / _DIRECTIONS * np.arange(_DIRECTIONS)
    across, up = np.cos(turn)[:, np.newaxis], np.sin(turn)[:, np.newaxis]
    outermost_um = _outermost_um(face, across, up)
    # Rings of one width, each sample in the middle of its own.
    radius_um = outermost_um * (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    depth_um = -face.height_um(radius_um * across, radius_um * up)
    level_um = _level_um(depth_um, area=radius_um * outermost_um, share=share)
    reaches_um = _crossing_um(face, across, up, outermost_um, level_um=level_um)
    return None if np.ptp(reaches_um) < _ROUND_UM else float(reaches_um.max())


def _outermost_um(face: Surface, across: FloatArray, up: FloatArray) -> FloatArray:
    """Where the face ends in each direction; it is taken to be seen whole from the axis."""
    inside_um, outside_um = np.zeros_like(across), np.full_like(across, face.edge_radius_um)
    for _ in range(_HALVINGS):
        middle_um = (inside_um + outside_um) / 2.0
        there = np.isfinite(face.height_um(middle_um * across, middle_um * up))
        inside_um, outside_um = np.where(there, middle_um, inside_um), np.where(there, outside_um, middle_um)
    return inside_um


def _level_um(depth_um: FloatArray, *, area: FloatArray, share: float) -> float:
    """The depth below the apex that a share of the face does not exceed."""
    order = np.argsort(depth_um, axis=None)
    below = np.cumsum(area.ravel()[order])
    return float(np.interp(share * below[-1], below - area.ravel()[order] / 2.0, depth_um.ravel()[order]))


def _crossing_um(
    face: Surface, across: FloatArray, up: FloatArray, outermost_um: FloatArray, *, level_um: float
) -> FloatArray:
    """The farthest place in each direction that is no deeper than a level, below the apex."""
    sample_um = outermost_um * (np.arange(_SAMPLES + 1) / _SAMPLES)
    reached = -face.height_um(sample_um * across, sample_um * up) <= level_um
    farthest = _SAMPLES - np.argmax(reached[:, ::-1], axis=1, keepdims=True)
    # The apex itself is as deep as any level, but for rounding.
    farthest = np.where(reached.any(axis=1, keepdims=True), farthest, 0)
    inside_um = np.take_along_axis(sample_um, farthest, axis=1)
    outside_um = np.take_along_axis(sample_um, np.minimum(farthest + 1, _SAMPLES), axis=1)
    for _ in range(_HALVINGS):
        middle_um = (inside_um + outside_um) / 2.0
        reached = -face.height_um(middle_um * across, middle_um * up) <= level_um
        inside_um, outside_um = np.where(reached, middle_um, inside_um), np.where(reached, outside_um, middle_um)
    return inside_um
