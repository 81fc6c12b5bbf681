"""How exactly a scan lies on the design: turn, tilt, place, height, and where the form sits under the mark.

Least squares over the measured points themselves, turned as a rigid body into the pin's frame: no scan is resampled.
The mark's place and the form's are apart: the mark is found by its floors and lands, and how far the form's middle lies
beside it comes out, as far as the form tells (on a flat it cannot). A scale of all depths and a bend of the form are
fitted along, so that neither a mark that is too shallow nor a radius that is off draws the rest aside.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engrave.inspect.blueprint import Blueprint
from engrave.inspect.locate import Place
from toolpaths.surface import HeightMap, Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# x, y, turn, tilt about x and about y, height, form beside the mark in x and in y, scale of depths less one, bend.
_COUNT = 10
_STEPS = np.array([0.5, 0.5, 5e-4, 3e-4, 3e-4, 0.1, 1.0, 1.0, 0.02, 0.1])
# What is known beforehand, as standard deviations, so loosely that it only decides what nothing else does: the tilt of
# a sphere is known by how it distorts the mark, that of the form beside a mark on a flat by nothing.
_PRIOR = np.array([np.inf, np.inf, np.inf, np.radians(3.0), np.radians(3.0), np.inf, 50.0, 50.0, 0.3, 20.0])
# Rounds at each blur of the design; the walls of a rough place must still meet their own.
_LEVELS = ((8.0, 12, 20_000), (3.0, 6, 40_000), (1.0, 6, 80_000))
_LEAST_SPREAD_UM, _NORMAL_SPREAD = 0.2, 1.4826
_ROBUST_SPREADS = 3.0
_MOST_STEPS = np.array([15.0, 15.0, 0.03, 0.05, 0.05, 50.0, 40.0, 40.0, 0.3, 5.0])
# A step of less than this share of those by which slopes are told changes no figure.
_SETTLED = 0.02
_SEED = 20_260_722
_LEAST_POINTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """How the scan lies: its points turned and moved into the pin's frame, the mark's centre at the origin.

    parameters : (10,), the mark's centre in x and y from the rough place, its turn, the tilts about x and y, the
    height, the form's middle in the mark's frame, the scale of depths less one, the bend. x0_um, y0_um, z0_um : the
    rough place. radius_um : of the mark. correlation : of measured with designed depths, -1 to 1.
    """

    parameters: FloatArray
    x0_um: float
    y0_um: float
    z0_um: float
    radius_um: float
    correlation: float

    @property
    def centre_um(self) -> tuple[float, float]:
        """The mark's centre in the scan."""
        return self.x0_um + float(self.parameters[0]), self.y0_um + float(self.parameters[1])

    @property
    def turn_rad(self) -> float:
        """The mark's turn in the scan, anticlockwise, -pi to pi."""
        return float(np.angle(np.exp(1j * self.parameters[2])))

    @property
    def tilt_rad(self) -> float:
        """Between the pin's axis and the scan's."""
        return float(np.hypot(self.parameters[3], self.parameters[4]))

    @property
    def form_um(self) -> tuple[float, float]:
        """The form's middle beside the mark's centre, in the pin's frame."""
        return float(self.parameters[6]), float(self.parameters[7])

    @property
    def depth_scale(self) -> float:
        """Measured over designed depths."""
        return 1.0 + float(self.parameters[8])

    @property
    def bend_um(self) -> float:
        """How much higher the form stands at the mark's edge than designed, against its middle."""
        return float(self.parameters[9])


def points_of(scan: HeightMap) -> FloatArray:
    """What was measured, (n, 3) float, um, in the scan's coordinates."""
    rows, columns = np.nonzero(np.isfinite(scan.z_um))
    return np.column_stack([scan.x_um()[columns], scan.y_um()[rows], scan.z_um[rows, columns]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Measured points in the pin's frame: x_um, y_um, and how deep they lie below the form as it sits, (n,) each."""

    x_um: FloatArray
    y_um: FloatArray
    depth_um: FloatArray


def relief_of(points_um: FloatArray, lies: Lies, tip: Surface) -> Relief:
    """How deep measured points lie; NaN beyond the form's face."""
    x_um, y_um, z_um = _in_pin(points_um, lies.parameters, lies)
    return Relief(x_um=x_um, y_um=y_um, depth_um=_form_um(x_um, y_um, lies.parameters, tip, lies.radius_um) - z_um)


def registered(scan: HeightMap, place: Place, blueprint: Blueprint, tip: Surface) -> Lies | None:
    """The scan on the design, from a rough place; None where too few points are left to tell."""
    points_um = points_of(scan)
    near = np.hypot(points_um[:, 0] - place.x_um, points_um[:, 1] - place.y_um) <= blueprint.radius_um
    points_um = points_um[near]
    if len(points_um) < _LEAST_POINTS:
        return None
    points_um = points_um[np.random.default_rng(_SEED).permutation(len(points_um))]
    lies = Lies(
        parameters=np.array([0.0, 0.0, place.turn_rad, *[0.0] * (_COUNT - 3)]),
        x0_um=place.x_um,
        y0_um=place.y_um,
        z0_um=float(np.max(points_um[:, 2])),
        radius_um=blueprint.radius_um,
        correlation=0.0,
    )
    for sigma_um, rounds, most in _LEVELS:
        held = _Held(depth_um=_blurred(blueprint, sigma_um), grid=blueprint.grid, tip=tip)
        lies = _refined(points_um[:most], lies, held, rounds=rounds)
    return lies


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What points are held against: designed depths on their grid, and the form."""

    depth_um: FloatArray
    grid: HeightMap
    tip: Surface


def _in_pin(points_um: FloatArray, parameters: FloatArray, lies: Lies) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points of the scan, in the pin's frame."""
    x_um, y_um = points_um[:, 0] - lies.x0_um - parameters[0], points_um[:, 1] - lies.y0_um - parameters[1]
    z_um = points_um[:, 2] - lies.z0_um
    # Upright first: about y by the tilt towards x, then about x by that towards y.
    cosine, sine = np.cos(parameters[3]), np.sin(parameters[3])
    x_um, z_um = cosine * x_um - sine * z_um, sine * x_um + cosine * z_um
    cosine, sine = np.cos(parameters[4]), np.sin(parameters[4])
    y_um, z_um = cosine * y_um - sine * z_um, sine * y_um + cosine * z_um
    cosine, sine = np.cos(parameters[2]), np.sin(parameters[2])
    return cosine * x_um + sine * y_um, -sine * x_um + cosine * y_um, z_um - parameters[5]


def _form_um(x_um: FloatArray, y_um: FloatArray, parameters: FloatArray, tip: Surface, radius_um: float) -> FloatArray:
    bend_um = parameters[9] * (np.square(x_um) + np.square(y_um)) / radius_um**2
    heights_um: FloatArray = tip.height_um(x_um - parameters[6], y_um - parameters[7]) + bend_um
    return heights_um


def _blurred(blueprint: Blueprint, sigma_um: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(np.nan_to_num(blueprint.depth_um), sigma_um / blueprint.grid.pixel_um))


def _off_um(points_um: FloatArray, parameters: FloatArray, lies: Lies, held: _Held) -> tuple[FloatArray, FloatArray]:
    """Measured less designed heights of every point, NaN where there is no design, and the designed depths."""
    from scipy.ndimage import map_coordinates

    x_um, y_um, z_um = _in_pin(points_um, parameters, lies)
    grid = held.grid
    at = [(y_um - grid.y0_um) / grid.pixel_um, (x_um - grid.x0_um) / grid.pixel_um]
    depth_um = map_coordinates(held.depth_um, at, order=1, cval=np.nan)
    wanted_um = _form_um(x_um, y_um, parameters, held.tip, lies.radius_um) - (1 + parameters[8]) * depth_um
    return z_um - wanted_um, depth_um


def _refined(points_um: FloatArray, lies: Lies, held: _Held, *, rounds: int) -> Lies:
    """Gauss-Newton rounds with weights that fall for what does not fit; a step is never wide."""
    parameters = lies.parameters
    for _ in range(rounds):
        off_um, _ = _off_um(points_um, parameters, lies, held)
        changed = np.stack([_off_um(points_um, parameters + step, lies, held)[0] for step in np.diag(_STEPS)], axis=1)
        known = np.isfinite(off_um) & np.isfinite(changed).all(axis=1)
        if np.count_nonzero(known) < _LEAST_POINTS:
            break
        slopes = (changed[known] - off_um[known, None]) / _STEPS
        step = _step(off_um[known], slopes, parameters)
        parameters = parameters + np.clip(step, -_MOST_STEPS, _MOST_STEPS)
        if np.all(np.abs(step) <= _SETTLED * _STEPS):
            break
    off_um, depth_um = _off_um(points_um, parameters, lies, held)
    return replace(lies, parameters=parameters, correlation=_correlation(off_um, depth_um, 1 + parameters[8]))


def _step(off_um: FloatArray, slopes: FloatArray, parameters: FloatArray) -> FloatArray:
    """One step of weighted least squares with what is known beforehand."""
    spread_um = max(_NORMAL_SPREAD * float(np.median(np.abs(off_um - np.median(off_um)))), _LEAST_SPREAD_UM)
    middle_um = float(np.median(off_um))
    weight = 1 / (1 + np.square((off_um - middle_um) / (_ROBUST_SPREADS * spread_um))) / spread_um**2
    weighted = slopes * weight[:, None]
    matrix = weighted.T @ slopes + np.diag(1 / np.square(_PRIOR))
    # Of least squares, too: a scan of nothing but floor leaves place and turn open.
    step: FloatArray = np.linalg.lstsq(matrix, -(weighted.T @ off_um) - parameters / np.square(_PRIOR), rcond=None)[0]
    return step


def _correlation(off_um: FloatArray, depth_um: FloatArray, scale: float) -> float:
    known = np.isfinite(off_um)
    if not known.any():
        return 0.0
    designed_um = depth_um[known]
    measured_um = scale * designed_um - off_um[known]
    if np.ptp(designed_um) == 0 or np.ptp(measured_um) == 0:
        return 0.0
    return float(np.corrcoef(designed_um, measured_um)[0, 1])
