"""The pose that suits what was matched: by least squares on the characters' best shifts, stretch included.

A stretch is believed as far as the characters bear it out: it is drawn towards none by its own uncertainty, needs
enough characters, and has bounds. The ring has no say: it may not vote on how far the mark is turned.
"""

import numpy as np
from numpy.typing import NDArray

from engrave.layout import Places
from engrave.reading.match import Match
from engrave.reading.pose import Pose

FloatArray = NDArray[np.float64]

MOST_SCALE = 1.06
"""A map's mark is no larger or smaller than its profile's by more than this factor: the map's pixels are known."""
MOST_ASPECT = 1.05
"""Nor is a circle's longer axis more than this of the shorter. Priors both; marks of other pitches are beyond them."""

# Fits below this do not steer the pose, nor do places that disagree with the others by many times their own scatter.
_LEAST_FIT = 0.35
_MOST_STRAY_UM = 8.0
_ROBUST_ROUNDS = 4
# Two characters say nothing of a turn, fewer than five nothing of an ellipse.
_LEAST_STEERING, _LEAST_FOR_ELLIPSE = 3, 5
# How much a stretch is thought to be before it is looked for, and how far a best shift is off at least, in steps.
_PRIOR_STRETCH = 0.03
_LEAST_SCATTER_STEPS = 0.12


def swept(found: Match) -> tuple[Pose, int]:
    """The pose moved by the one shift that suits all places best, and the tone under which it does."""
    support = _together(found)
    tone, shift = np.unravel_index(int(np.argmax(support)), support.shape)
    x_um, y_um = found.shifts_um[shift]
    return found.pose.moved(x_um=float(x_um), y_um=float(y_um), turn_rad=0.0), 1 - 2 * int(tone)


def best_together(found: Match) -> float:
    """How well all places fit under the one shift and tone that suit them best: the sum of their correlations."""
    return float(_together(found).max())


def _together(found: Match) -> FloatArray:
    """The sum of the places' best fits under each tone and shift, (2, shifts)."""
    return np.stack([(tone * found.fit).max(axis=1).sum(axis=0) for tone in (1, -1)])


def refined(found: Match, geometry: Places, tone: int) -> Pose:
    """The pose moved, turned and stretched so that the places' best shifts come to nought, in the robust mean."""
    shift, weight = _steering(found, tone)
    if not weight.any():
        return found.pose
    places = np.array([(place.x_um, place.y_um) for place in geometry.characters])
    least_um = _LEAST_SCATTER_STEPS * _step_um(found.shifts_um)
    scatter_um, kept = _MOST_STRAY_UM, weight
    for _ in range(_ROBUST_ROUNDS):
        move = _fitted(places, shift, kept, pose=found.pose, scatter_um=scatter_um)
        stray_um = np.hypot(*(shift - _design(places) @ move).T)
        near = stray_um < _MOST_STRAY_UM
        if np.count_nonzero(weight[near]) >= _LEAST_STEERING:
            scatter_um = max(float(np.sqrt(np.mean(np.square(stray_um[near & (weight > 0)])))), least_um)
        # Geman and McClure's weights: a place far off the rest loses its voice by degrees.
        kept = weight / np.square(1.0 + np.square(stray_um / (_MOST_STRAY_UM / 2)))
    x_um, y_um, turn_rad, scale, along, slant = move.tolist()
    pose = found.pose.moved(x_um=x_um, y_um=y_um, turn_rad=turn_rad)
    stretched = pose.stretched(scale=1.0 + scale, along=along, slant=slant)
    return stretched.bounded(most_scale=MOST_SCALE, most_aspect=MOST_ASPECT)


def _steering(found: Match, tone: int) -> tuple[FloatArray, FloatArray]:
    """The best shift of every place, (places, 2), um, and what it weighs, (places,)."""
    signed = tone * found.fit
    flat = signed.reshape(len(signed), -1)
    best = flat.max(axis=1)
    shift = np.array(
        [
            _peak(signed[place, index // signed.shape[2]], index % signed.shape[2], found.shifts_um)
            for place, index in enumerate(flat.argmax(axis=1))
        ]
    )
    return shift, np.where(found.inside & (best > _LEAST_FIT), best * best, 0.0)


def _step_um(shifts_um: FloatArray) -> float:
    return float(shifts_um[1, 0] - shifts_um[0, 0])


def _peak(fit: FloatArray, index: int, shifts_um: FloatArray) -> FloatArray:
    """The best shift of one glyph at one place, between the samples by parabolas through the neighbours."""
    side = round(np.sqrt(len(fit)))
    grid = fit.reshape(side, side)
    row, column = divmod(index, side)
    peak: FloatArray = shifts_um[index] + _step_um(shifts_um) * np.array(
        [_vertex(grid[row], column), _vertex(grid[:, column], row)]
    )
    return peak


def _vertex(line: FloatArray, index: int) -> float:
    if not 0 < index < len(line) - 1:
        return 0.0
    before, here, after = line[index - 1 : index + 2]
    curve = before - 2.0 * here + after
    return float(np.clip((before - after) / (2.0 * curve), -0.5, 0.5)) if curve < 0 else 0.0


def _design(places: FloatArray) -> FloatArray:
    """What each of shift x, shift y, turn, scale, along and slant does to every place, (places, 2, 6)."""
    x_um, y_um = places.T
    one, none = np.ones_like(x_um), np.zeros_like(x_um)
    to_x = np.stack([one, none, -y_um, x_um, x_um, y_um], axis=1)
    to_y = np.stack([none, one, x_um, y_um, -y_um, x_um], axis=1)
    return np.stack([to_x, to_y], axis=1)


def _fitted(places: FloatArray, shift: FloatArray, weight: FloatArray, *, pose: Pose, scatter_um: float) -> FloatArray:
    """Shift x, shift y, turn, scale, along and slant, (6,), that carry the places by their shifts.

    Only as many as the places that steer can bear, the others 0. A stretch is a priori near none in all, the pose's own
    included: least squares with ``scatter_um`` for the shifts and the prior's spread for the stretch.
    """
    steering = np.count_nonzero(weight)
    stretches = 0 if steering < _LEAST_STEERING else 1 if steering < _LEAST_FOR_ELLIPSE else 3
    count = 3 + stretches if stretches else 2
    centre = weight @ places / weight.sum()
    design = _design(places - centre)[:, :, :count] * np.sqrt(weight)[:, None, None] / scatter_um
    aim = shift * np.sqrt(weight)[:, None] / scatter_um
    scale, along, slant = pose.own_stretch()
    prior = np.eye(6)[3 : 3 + stretches, :count] / _PRIOR_STRETCH
    before = np.array([1.0 - scale, -along, -slant])[:stretches] / _PRIOR_STRETCH
    rows = np.concatenate([design.reshape(-1, count), prior])
    found = np.linalg.lstsq(rows, np.concatenate([aim.ravel(), before]))[0]
    move = np.zeros(6)
    move[:count] = found
    # About the frame's own origin instead of the places' centre.
    move[:2] -= _design(centre[None])[0, :, 2:] @ move[2:]
    return move
