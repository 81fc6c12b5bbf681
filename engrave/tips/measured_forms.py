"""The forms that a measured tip is held against: signed distances of points, and the pole and axis of each form.

Points come in a frame whose z is roughly the form's axis and whose origin lies in the middle of the face. A form's
parameters begin where that frame's own values would be zero, so that a start is easy to give.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Under the root of a biconic, far outside of which no point of a tip lies.
_LEAST_ROOT = 1e-3
_SHARPEST_PER_UM = 0.05
# Heights become distances by the slope, up to this one; else an endlessly steep form would lie near every point.
_STEEPEST_SQUARE = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a form: its name with the unit, and how it follows from the parameters."""

    name: str
    of: Callable[[FloatArray], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of surface.

    residual : (parameters, points (n, 3)) -> signed distances (n,), positive outside.
    axis : parameters -> unit vector (3,); pole : parameters -> the point (3,) where the surface is square to the axis.
    own_axis : False for a sphere, whose axis and pole are the frame's. knots_um : radii of a revolved form's knots.
    x_axis : parameters -> unit vector (3,) of the form's x, for forms that are not round.
    """

    name: str
    residual: Callable[[FloatArray, FloatArray], FloatArray]
    axis: Callable[[FloatArray], FloatArray]
    pole: Callable[[FloatArray], FloatArray]
    figures: tuple[Figure, ...]
    own_axis: bool = True
    x_axis: Callable[[FloatArray], FloatArray] | None = None
    knots_um: FloatArray = field(default_factory=lambda: np.zeros(0))


def leaning(u: float, v: float) -> FloatArray:
    """Rows: the x, y and z of a frame whose z leans by (u, v), as (u, v, 1), turned there the shortest way."""
    z = np.array([u, v, 1.0]) / np.sqrt(1.0 + u * u + v * v)
    x = np.array([1.0 - z[0] ** 2 / (1 + z[2]), -z[0] * z[1] / (1 + z[2]), -z[0]])
    y = np.array([-z[0] * z[1] / (1 + z[2]), 1.0 - z[1] ** 2 / (1 + z[2]), -z[1]])
    return np.stack([x, y, z])


def _up(_parameters: FloatArray) -> FloatArray:
    return np.array([0.0, 0.0, 1.0])


def _leant(parameters: FloatArray) -> FloatArray:
    return np.asarray(leaning(parameters[0], parameters[1])[2])


def _flat_residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
    """Plane with the normal (u, v, 1) through (0, 0, c). Parameters u, v, c."""
    u, v, height = parameters
    return np.asarray((points @ np.array([u, v, 1.0]) - height) / np.sqrt(1 + u * u + v * v))


def _flat_pole(parameters: FloatArray) -> FloatArray:
    return np.array([0.0, 0.0, parameters[2]])


def _sphere_residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
    """Sphere by the point (0, 0, c) on it, its normal (u, v, 1) there and its curvature, which may pass zero.

    The distance |p - centre| - R, written so that it stays exact where R grows beyond all bounds.
    """
    u, v, height, curvature = parameters
    from_anchor = points - np.array([0.0, 0.0, height])
    outward = from_anchor @ leaning(u, v)[2]
    square = np.einsum("ij,ij->i", from_anchor, from_anchor)
    root = np.sqrt(np.maximum(1 + curvature**2 * square + 2 * curvature * outward, 0.0))
    return np.asarray((curvature * square + 2 * outward) / (1 + root))


def _sphere_radius(parameters: FloatArray) -> float:
    return 1 / float(parameters[3]) if parameters[3] else float("inf")


def _sphere_pole(parameters: FloatArray) -> FloatArray:
    """Where the height along the frame's z is greatest."""
    u, v, height, curvature = parameters
    return np.asarray(np.array([0.0, 0.0, height]) + (np.array([0.0, 0.0, 1.0]) - leaning(u, v)[2]) / curvature)


def _cone_residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
    """Spherical nose that a cone continues without a kink. Parameters u, v, pole x, y, z, half-angle, nose radius."""
    u, v, half_angle, nose_um = parameters[0], parameters[1], float(parameters[5]), float(abs(parameters[6]))
    local = (points - parameters[2:5]) @ leaning(u, v).T
    radius_um = np.hypot(local[:, 0], local[:, 1])
    above_um = local[:, 2] + nose_um
    to_nose = np.hypot(radius_um, above_um) - nose_um
    to_flank = radius_um * cos(half_angle) + above_um * sin(half_angle) - nose_um
    return np.where(np.arctan2(radius_um, above_um) > pi / 2 - half_angle, to_flank, to_nose)


def _biconic_residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
    """Biconic z = -(x^2/Rx + y^2/Ry) / (1 + sqrt(1 - x^2/Rx^2 - y^2/Ry^2)); distance to first order, by the slope.

    Parameters u, v, pole x, y, z, turn of the form's x, curvature in x, curvature in y.
    """
    local = (points - parameters[2:5]) @ _biconic_frame(parameters).T
    x_um, y_um, (in_x, in_y) = local[:, 0], local[:, 1], np.clip(parameters[6:8], -_SHARPEST_PER_UM, _SHARPEST_PER_UM)
    root = np.sqrt(np.maximum(1 - (in_x * x_um) ** 2 - (in_y * y_um) ** 2, _LEAST_ROOT))
    drop = in_x * x_um**2 + in_y * y_um**2
    # d drop / dx = 2 k x, d root / dx = -k^2 x / root.
    slope_x = (2 * in_x * x_um + drop * in_x**2 * x_um / (root * (1 + root))) / (1 + root)
    slope_y = (2 * in_y * y_um + drop * in_y**2 * y_um / (root * (1 + root))) / (1 + root)
    return np.asarray(
        (local[:, 2] + drop / (1 + root)) / np.sqrt(1 + np.minimum(slope_x**2 + slope_y**2, _STEEPEST_SQUARE))
    )


def _biconic_frame(parameters: FloatArray) -> FloatArray:
    turn = parameters[5]
    turned = np.array([[np.cos(turn), np.sin(turn), 0.0], [-np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(turned @ leaning(parameters[0], parameters[1]))


def _part(first: int, last: int) -> Callable[[FloatArray], FloatArray]:
    return lambda parameters: np.asarray(parameters[first:last])


FLAT = Form(name="flat", residual=_flat_residual, axis=_leant, pole=_flat_pole, figures=())
SPHERE = Form(
    name="sphere",
    residual=_sphere_residual,
    axis=_up,
    pole=_sphere_pole,
    figures=(Figure(name="radius_um", of=_sphere_radius),),
    own_axis=False,
)
CONE = Form(
    name="cone",
    residual=_cone_residual,
    axis=_leant,
    pole=_part(2, 5),
    figures=(
        Figure(name="nose_radius_um", of=lambda parameters: float(abs(parameters[6]))),
        Figure(name="half_angle_rad", of=lambda parameters: float(parameters[5])),
    ),
)
ELLIPSE = Form(
    name="ellipse",
    residual=_biconic_residual,
    axis=_leant,
    pole=_part(2, 5),
    figures=(
        Figure(name="radius_x_um", of=lambda parameters: 1 / float(parameters[6])),
        Figure(name="radius_y_um", of=lambda parameters: 1 / float(parameters[7])),
    ),
    x_axis=lambda parameters: _biconic_frame(parameters)[0],
)


def revolved_form(knots_um: FloatArray) -> Form:
    """A profile turned about its axis: a cubic spline through heights at these radii, level on the axis.

    Parameters u, v, pole x, pole y, then a height for every knot.
    """

    def residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
        local = (points - np.array([parameters[2], parameters[3], 0.0])) @ leaning(parameters[0], parameters[1]).T
        profile = profile_of(knots_um, parameters[4:])
        radius_um = np.hypot(local[:, 0], local[:, 1])
        return np.asarray(
            (local[:, 2] - profile(radius_um)) / np.sqrt(1 + np.minimum(profile(radius_um, 1) ** 2, _STEEPEST_SQUARE))
        )

    def pole(parameters: FloatArray) -> FloatArray:
        # The frame leans about its foot at height zero, and the profile's first height is measured along it.
        foot = np.array([parameters[2], parameters[3], 0.0])
        return np.asarray(foot + parameters[4] * leaning(parameters[0], parameters[1])[2])

    return Form(name="revolved", residual=residual, axis=_leant, pole=pole, figures=(), knots_um=knots_um)


def profile_of(knots_um: FloatArray, heights_um: FloatArray) -> Callable[..., FloatArray]:
    """The spline of a revolved form: (radius, derivative=0) -> height or slope."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(knots_um, heights_um, bc_type=((1, np.array(0.0)), "not-a-knot"))
    return lambda radius_um, derivative=0: np.asarray(spline(radius_um, derivative))
