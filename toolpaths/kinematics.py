"""How a stage with limited acceleration gets along straight lines: runs, run-up and time.

In exact-path mode (G61) a stage follows corners as they are drawn, so it stops at every one that is not nearly
straight. Between two stops its speed is a trapezoid, or a triangle where the way is too short.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# A corner sharper than this stops the stage in exact-path mode. Assumed; the planner's own limit depends on its cycle.
STOPPING_TURN_COSINE = float(np.cos(np.deg2rad(5.0)))
_LEAST_LENGTH_UM = 1e-9


def turn_cosine(begin_um: FloatArray, end_um: FloatArray) -> FloatArray:
    """Cosine of the turn from each move into the next one, (m - 1,) float, of moves (m, d); 0 at one of no length."""
    step = end_um - begin_um
    length = np.linalg.norm(step, axis=1)
    direction = step / np.maximum(length, _LEAST_LENGTH_UM)[:, np.newaxis]
    cosine: FloatArray = np.sum(direction[1:] * direction[:-1], axis=1)
    return cosine


def straight_runs(begin_um: FloatArray, end_um: FloatArray, *, breaks: BoolArray) -> IntArray:
    """The moves at which the stage starts from rest, (r,) int: the first, those after a corner, those after a break.

    begin_um, end_um : (m, d) float, um, moves in order. breaks : (m - 1,) bool, a stop before move i + 1 for another
    reason than its direction.
    """
    if len(begin_um) == 0:
        return np.zeros(0, dtype=np.int64)
    stops = np.ones(len(begin_um), dtype=bool)
    stops[1:] = (turn_cosine(begin_um, end_um) < STOPPING_TURN_COSINE) | breaks
    return np.flatnonzero(stops)


def slow_um(length_um: FloatArray, *, speed_um_s: FloatArray, acceleration_um_s2: float) -> FloatArray:
    """Length of each run below its speed, (r,) float: v^2 / 2a to reach it and as much to stop, or all of the run."""
    return np.minimum(np.square(speed_um_s) / acceleration_um_s2, length_um)


def trapezoid_s(length_um: FloatArray, *, speed_um_s: FloatArray | float, acceleration_um_s2: float) -> FloatArray:
    """Time of each run from rest to rest, (r,) float: L / v + v / a where v is reached, else 2 sqrt(L / a)."""
    speed = np.broadcast_to(np.asarray(speed_um_s, dtype=np.float64), length_um.shape)
    reached = length_um >= np.square(speed) / acceleration_um_s2
    return np.where(
        reached, length_um / speed + speed / acceleration_um_s2, 2 * np.sqrt(length_um / acceleration_um_s2)
    )
