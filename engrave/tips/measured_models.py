"""Which form a face has: every model is begun from the points themselves, fitted, and held against the others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import radians
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.tips.measured_fit import Estimate, robust_fit, robust_sigma_um, robust_start, sampled
from engrave.tips.measured_forms import CONE, ELLIPSE, FLAT, SPHERE, Form, revolved_form

FloatArray = NDArray[np.float64]

SHAPES = ("flat", "sphere", "cone", "ellipse", "revolved")
"""Models that are forms, the simplest first."""

_LEAST_POINTS: Mapping[str, int] = MappingProxyType(
    {"flat": 12, "sphere": 16, "cone": 60, "ellipse": 60, "revolved": 150}
)
_LEAST_ANY = 12
_KNOTS = 12
# A free profile would follow the rim, too, which need not be turned about the same axis.
_PROFILE_SHARE = 0.95
# A simpler form is chosen where the best one is no more than this much nearer to the points.
_NEARER, _NEARER_UM = 1.05, 0.02
# Models are compared by this share of the points, the nearest: outliers and rounded rims do not choose.
_COMPARED_SHARE = 0.8
_COMPARED_POINTS, _START_POINTS = 800, 300
_HOLLOW_UM = 5.0
_DRAWS, _SEED = 300, 20_260_107
_START_ANGLES, _START_NOSES = (radians(25), radians(45), radians(65)), (0.2, 0.6)
# Beyond it a radius of curvature is no tip's, and the start of a fit needs some number.
_FLATTEST_PER_UM = 1e-5
_FARTHEST_POLE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A form with its parameters, in the frame of the points that it was fitted to."""

    form: Form
    estimate: Estimate


def fit_form(name: str, points: FloatArray, *, origin: str) -> Fit:
    """The best fit of one model to points (n, 3), in a frame whose z is roughly the axis.

    ``origin`` is what messages call the scan. Raises InputError where the points are too few or the face is hollow.
    """
    if len(points) < _LEAST_POINTS[name]:
        raise InputError(f"{origin}: {len(points)} points on the face; a {name} needs {_LEAST_POINTS[name]} at least")
    base = _robust_sphere(points)
    _refuse_hollow(base, points, origin=origin)
    fit = _fitted(name, base, points)
    unsound = _unsound(fit, points)
    if unsound:
        raise InputError(f"{origin}: {unsound}; choose another --model")
    return fit


def _fitted(name: str, base: FloatArray, points: FloatArray) -> Fit:
    form, start = _begun(name, base, points)
    if name == "revolved":
        points = points[np.hypot(points[:, 0] - start[2], points[:, 1] - start[3]) <= form.knots_um[-1]]
    estimate = robust_fit(form.residual, start, points)
    return Fit(form=form, estimate=_long_way_first(estimate) if name == "ellipse" else estimate)


def _unsound(fit: Fit, points: FloatArray) -> str:
    """Why the form is none that a tip could have; empty where it is."""
    parameters = fit.estimate.parameters
    if not np.isfinite(parameters).all() or not np.isfinite(fit.estimate.covariance).all():
        return f"no {fit.form.name} lies near the points"
    flattest = {"sphere": parameters[3:4], "ellipse": parameters[6:8]}.get(fit.form.name)
    if flattest is not None and float(flattest.min()) <= _FLATTEST_PER_UM:
        return f"the face is too flat for a {fit.form.name}: its radius would be beyond {1e-3 / _FLATTEST_PER_UM:g} mm"
    pole = fit.form.pole(parameters)
    if np.hypot(pole[0], pole[1]) > _FARTHEST_POLE * float(np.hypot(points[:, 0], points[:, 1]).max()):
        return f"the pole of the {fit.form.name} would lie far outside the face"
    return ""


def _long_way_first(estimate: Estimate) -> Estimate:
    """A biconic whose x has the lesser curvature: otherwise its axes are exchanged, by a quarter turn."""
    if estimate.parameters[6] <= estimate.parameters[7]:
        return estimate
    order = np.array([0, 1, 2, 3, 4, 5, 7, 6])
    parameters = estimate.parameters[order]
    parameters[5] += np.pi / 2
    return replace(estimate, parameters=parameters, covariance=estimate.covariance[np.ix_(order, order)])


def choose_form(points: FloatArray, *, origin: str) -> Fit:
    """The simplest form that is about as near to the points as the best. Raises InputError as ``fit_form`` does."""
    if len(points) < _LEAST_ANY:
        raise InputError(
            f"{origin}: {len(points)} points on the face, which is what lies within 75 degrees of "
            f"the axis; a tip needs {_LEAST_ANY} at least"
        )
    base = _robust_sphere(points)
    _refuse_hollow(base, points, origin=origin)
    few = sampled(points, _COMPARED_POINTS)
    misses: dict[str, float] = {}
    for name in SHAPES:
        if len(points) >= _LEAST_POINTS[name]:
            form, start = _begun(name, base, points)
            misses[name] = _miss_um(form.residual(robust_start(form.residual, start, few), few))
    best = min(misses.values())
    # The simplest of those that are near enough, then the others, the nearest first.
    order = sorted(misses, key=lambda name: misses[name] if misses[name] > _NEARER * best + _NEARER_UM else -1.0)
    for name in order:
        fit = _fitted(name, base, points)
        if not _unsound(fit, points):
            return fit
    raise InputError(f"{origin}: no form that a tip could have lies near the points; measure it again")


def _miss_um(residual_um: FloatArray) -> float:
    nearest = np.sort(np.abs(residual_um))[: max(int(_COMPARED_SHARE * len(residual_um)), 1)]
    miss_um = float(np.sqrt(np.mean(nearest**2)))
    return miss_um if np.isfinite(miss_um) else float("inf")


def _refuse_hollow(base: FloatArray, points: FloatArray, *, origin: str) -> None:
    across_um = float(np.quantile(np.hypot(points[:, 0], points[:, 1]), 0.9))
    if base[3] * across_um**2 / 2 < -_HOLLOW_UM:
        raise InputError(
            f"{origin}: the face is hollow: a cup, or a tip seen from inside; see that the facets look outwards and "
            "where it points (--towards)"
        )


def _begun(name: str, base: FloatArray, points: FloatArray) -> tuple[Form, FloatArray]:
    """The form and the parameters to begin with, by a robust sphere."""
    if name == "flat":
        return FLAT, _robust_plane(points)
    if name == "sphere":
        return SPHERE, base
    if name == "cone":
        return CONE, _cone_start(base, points)
    if name == "ellipse":
        return ELLIPSE, _biconic_start(base, points)
    pole = _pole_within(base, points)
    across_um = np.hypot(points[:, 0] - pole[0], points[:, 1] - pole[1])
    knots_um = np.linspace(0.0, _PROFILE_SHARE * float(np.quantile(across_um, 0.995)), _KNOTS)
    heights_um = pole[2] - max(float(base[3]), 0.0) * knots_um**2 / 2
    return revolved_form(knots_um), np.array([0.0, 0.0, pole[0], pole[1], *heights_um])


def _robust_plane(points: FloatArray) -> FloatArray:
    """Leaning and height of the plane nearest to half of the points, of many through three each."""
    generator = np.random.default_rng(_SEED)
    triples = points[generator.integers(len(points), size=(_DRAWS, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    # A face looks along z, roughly.
    sound = np.abs(normals[:, 2]) > 0.3 * np.maximum(lengths, 1e-12)
    if not sound.any():
        return np.array([0.0, 0.0, float(np.median(points[:, 2]))])
    normals = normals[sound] / normals[sound][:, 2:]
    heights = np.einsum("ij,ij->i", normals, triples[sound, 0])
    few = sampled(points, _START_POINTS)
    misses = np.median(np.abs(few @ normals.T - heights), axis=0)
    best = int(np.argmin(misses))
    return np.array([normals[best, 0], normals[best, 1], heights[best]])


def _robust_sphere(points: FloatArray) -> FloatArray:
    """A sphere that outliers do not draw, from the robust plane: its curvature may come out as nothing, or hollow."""
    return robust_start(SPHERE.residual, np.array([*_robust_plane(points), 0.0]), sampled(points, _COMPARED_POINTS))


def _pole_within(base: FloatArray, points: FloatArray) -> FloatArray:
    """The sphere's pole, or the middle of the points where the sphere is so flat that its pole lies outside them."""
    extent_um = float(np.quantile(np.hypot(points[:, 0], points[:, 1]), 0.9))
    if base[3] > _FLATTEST_PER_UM:
        pole = SPHERE.pole(base)
        if np.hypot(pole[0], pole[1]) < extent_um:
            return pole
    return np.array([0.0, 0.0, base[2]])


def _cone_start(base: FloatArray, points: FloatArray) -> FloatArray:
    """The best of several half-angles and noses, each improved on few points."""
    pole = _pole_within(base, points)
    few = sampled(points, _START_POINTS)
    extent_um = float(np.quantile(np.hypot(points[:, 0], points[:, 1]), 0.9))
    starts = [
        np.array([0.0, 0.0, *pole, angle, share * extent_um]) for angle in _START_ANGLES for share in _START_NOSES
    ]
    improved = [robust_start(CONE.residual, start, few) for start in starts]
    return min(improved, key=lambda parameters: robust_sigma_um(CONE.residual(parameters, few)))


def _biconic_start(base: FloatArray, points: FloatArray) -> FloatArray:
    """Pole and principal curvatures of a quadric through the residuals of the sphere, reweighted a few times."""
    x, y, z = sampled(points, _COMPARED_POINTS).T
    matrix = np.stack([np.ones_like(x), x, y, x * x / 2, x * y, y * y / 2], axis=1)
    scale = np.linalg.norm(matrix, axis=0)
    weight = np.ones_like(z)
    for _ in range(6):
        solved = np.linalg.lstsq(matrix / scale * weight[:, None], z * weight, rcond=None)[0] / scale
        miss = z - matrix @ solved
        weight = 1 / np.sqrt(1 + (miss / (2 * robust_sigma_um(miss))) ** 2)
    curvature = -np.array([[solved[3], solved[4]], [solved[4], solved[5]]])
    values, vectors = np.linalg.eigh(curvature)
    values = np.maximum(values, _FLATTEST_PER_UM)
    pole = _pole_within(base, points)
    place = vectors @ ((vectors.T @ solved[1:3]) / values)
    if np.hypot(*place) < np.quantile(np.hypot(x, y), 0.9):
        height = solved[0] + solved[1:3] @ place - place @ curvature @ place / 2
        pole = np.array([*place, height])
    # eigh sorts upwards: the first is the long way, the form's x.
    turn = float(np.arctan2(vectors[1, 0], vectors[0, 0]))
    return np.array([0.0, 0.0, *pole, turn, values[0], values[1]])
