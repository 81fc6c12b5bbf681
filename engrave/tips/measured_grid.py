"""A measured face as heights on a grid: the fitted form, and on it what the form does not have, averaged locally."""

from dataclasses import dataclass
from math import ceil, pi

import numpy as np
from numpy.typing import NDArray

from engrave.tips.measured_forms import Form
from engrave.tips.measured_models import Fit
from engrave.tips.measured_reach import SECTORS

FloatArray = NDArray[np.float64]

# The local mean is over a bell of this many grid steps, standard deviation, about each place.
_BELL_STEPS = 1.2
_NEIGHBOURS = 64
_LOCAL_OUTLIER_SIGMAS = 3.0
_LEAST_SIGMA_UM = 0.02
# Newton's method along the axis ends when nothing moves by more than this.
_MOVE_UM, _ROUNDS = 1e-6, 30
_LEAST_SLOPE = 0.2
_DIFFERENCE_UM = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Heights ``step_um`` apart, the middle sample at the apex, row of least y first; the greatest inside is 0.

    outline_um : (72, 2) float, anticlockwise. missed_um : (n,) float, how far measured points lie from the surface.
    """

    step_um: float
    heights_um: FloatArray
    outline_um: FloatArray
    missed_um: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Face:
    """Measured points about the apex, the form's height above the plane across the axis, and where the face ends."""

    fit: Fit
    turn: FloatArray
    shift_um: FloatArray
    points_um: FloatArray
    residual_um: FloatArray
    bell_um: float
    sector_um: FloatArray

    def form_um(self, across_um: FloatArray) -> FloatArray:
        """Height of the form above points (n, 2)."""
        parameters = self.fit.estimate.parameters
        return form_heights_um(self.fit.form, parameters, across_um, turn=self.turn, shift_um=self.shift_um)

    def limit_um(self, across_um: FloatArray) -> FloatArray:
        """How far the face reaches in the direction of each point."""
        turn = (np.arctan2(across_um[:, 1], across_um[:, 0]) + pi) / (2 * pi) * SECTORS - 0.5
        return np.asarray(np.interp(turn, np.arange(SECTORS), self.sector_um, period=SECTORS))

    def surface_um(self, across_um: FloatArray) -> FloatArray:
        """Height of the averaged surface above points (n, 2), which goes on straight beyond the outline."""
        distance_um = np.hypot(across_um[:, 0], across_um[:, 1])
        limit_um = self.limit_um(across_um)
        beyond = distance_um > limit_um
        inner = across_um * np.where(beyond, limit_um / np.maximum(distance_um, 1e-9), 1.0)[:, None]
        height_um = self._averaged_um(inner)
        if beyond.any():
            back_um = 2 * self.bell_um
            farther = inner[beyond] * (1 - back_um / limit_um[beyond])[:, None]
            fall = (height_um[beyond] - self._averaged_um(farther)) / back_um
            height_um[beyond] += fall * (distance_um - limit_um)[beyond]
        return height_um

    def _averaged_um(self, across_um: FloatArray) -> FloatArray:
        """The form and the mean of the nearest residuals, by a bell about the place, local outliers left out."""
        from scipy.spatial import cKDTree

        neighbours = min(_NEIGHBOURS, len(self.points_um))
        away, index = map(np.asarray, cKDTree(self.points_um[:, :2]).query(across_um, k=neighbours))
        near = self.residual_um[index]
        # Relative to the nearest point: in a gap of the data the nearest ones count, however far they are.
        weight = np.exp(-(away**2 - away[:, :1] ** 2) / (2 * self.bell_um**2))
        middle = np.median(near, axis=1, keepdims=True)
        sigma = np.maximum(1.4826 * np.median(np.abs(near - middle), axis=1, keepdims=True), _LEAST_SIGMA_UM)
        weight = np.where(np.abs(near - middle) <= _LOCAL_OUTLIER_SIGMAS * sigma, weight, 0.0)
        # The median itself always stays, so some weight remains; far points may all have next to none.
        weight += 1e-12
        mean = (weight * near).sum(axis=1) / weight.sum(axis=1)
        return np.asarray(self.form_um(across_um) + mean)


def form_heights_um(
    form: Form,
    parameters: FloatArray,
    across_um: FloatArray,
    *,
    turn: FloatArray | None = None,
    shift_um: FloatArray | None = None,
) -> FloatArray:
    """Height of a form above points (n, 2), by Newton's method; point @ turn + shift is in the fit's frame."""
    turned = np.eye(3) if turn is None else turn
    shifted_um = np.zeros(3) if shift_um is None else shift_um

    def distance(height_um: FloatArray) -> FloatArray:
        return form.residual(parameters, np.column_stack([across_um, height_um]) @ turned + shifted_um)

    height_um = np.zeros(len(across_um))
    for _ in range(_ROUNDS):
        here = distance(height_um)
        slope = (distance(height_um + _DIFFERENCE_UM) - here) / _DIFFERENCE_UM
        move = here / np.maximum(slope, _LEAST_SLOPE)
        height_um = height_um - move
        if np.abs(move).max() < _MOVE_UM:
            break
    return height_um


def gridded(
    fit: Fit, *, points_um: FloatArray, turn: FloatArray, shift_um: FloatArray, sector_um: FloatArray, step_um: float
) -> Grid:
    """The face on a grid.

    points_um : (n, 3) measured points about the apex, z along the axis. turn, shift_um : point @ turn + shift is the
    point in the frame of the fit. sector_um : (72,) how far the face reaches in each direction.
    """
    sector_um = np.maximum(_smoothed(sector_um), step_um)
    form_um = form_heights_um(fit.form, fit.estimate.parameters, points_um[:, :2], turn=turn, shift_um=shift_um)
    face = _Face(
        fit=fit,
        turn=turn,
        shift_um=shift_um,
        points_um=points_um,
        residual_um=points_um[:, 2] - form_um,
        bell_um=_BELL_STEPS * step_um,
        sector_um=sector_um,
    )
    count = ceil(float(sector_um.max()) / step_um) + 1
    axis_um = step_um * np.arange(-count, count + 1, dtype=np.float64)
    x_um, y_um = np.meshgrid(axis_um, axis_um)
    nodes = np.column_stack([x_um.ravel(), y_um.ravel()])
    heights_um = face.surface_um(nodes)
    inside = np.hypot(nodes[:, 0], nodes[:, 1]) <= face.limit_um(nodes)
    top_um = float(heights_um[inside].max())
    return Grid(
        step_um=step_um,
        heights_um=(heights_um - top_um).reshape(x_um.shape),
        outline_um=_outline(sector_um),
        missed_um=points_um[:, 2] - face.surface_um(points_um[:, :2]),
    )


def _smoothed(sector_um: FloatArray) -> FloatArray:
    """The lesser of each direction and the median with its neighbours: lone samples stick out, gaps do not stay."""
    around = np.stack([np.roll(sector_um, shift) for shift in (-2, -1, 0, 1, 2)])
    return np.asarray(
        np.where(sector_um < 0.8 * np.median(around, axis=0), np.median(around, axis=0), around.min(axis=0))
    )


def _outline(sector_um: FloatArray) -> FloatArray:
    turn = (np.arange(SECTORS) + 0.5) / SECTORS * 2 * pi - pi
    return np.asarray(sector_um[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))
