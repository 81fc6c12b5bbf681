"""What a fitted form tells: apex and axis, figures with their intervals, tilt and runout against the datum."""

from dataclasses import dataclass
from math import acos, degrees, radians

import numpy as np
from numpy.typing import NDArray

from engrave.tips.measured_fit import reach_95, robust_sigma_um, spread
from engrave.tips.measured_forms import leaning, profile_of
from engrave.tips.measured_grid import form_heights_um
from engrave.tips.measured_mesh import vertices_of
from engrave.tips.measured_models import Fit
from engrave.tips.measured_parts import Parts
from engrave.tips.measured_reach import Reach, ellipse_edges_um, facet_samples, outline_centre_um
from engrave.tips.measured_shank import lean_covariance, place_covariance

FloatArray = NDArray[np.float64]

# Facets whose corners lie nearer to the form than this belong to it, however little noise there is.
_LEAST_NEAR_UM = 1.0
# The edge of a sphere or an ellipse stays this far inside its radius.
_MOST_OF_RADIUS = 0.97
# A form whose axis is known no better has none, as far as the data go.
_VAGUEST_RAD = radians(1)
_PROFILE_POINTS = 61
# The highest place is looked for with differences over this.
_CLIMBS, _CLIMB_UM, _CLIMBED_UM = 12, 2.0, 1e-4
# Not further than this from the pole: beyond, the form has no top, or another than the tip's.
_FARTHEST_UM, _LEVEL_PER_UM = 300.0, 1e-6
_STENCIL = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A figure, and how far its 95 % interval reaches either way: None where that cannot be told."""

    value: float
    within_95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Why a figure is not evaluated."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the pin frame lies in the fit's: rows x, y, z, and its origin. samples_um : (n, 3) of the face, about it.

    apex_um : the apex, which is the origin but for an ellipse's: where that is highest along the datum.
    """

    frame: FloatArray
    origin_um: FloatArray
    apex_um: FloatArray
    samples_um: FloatArray


def placed(parts: Parts, fit: Fit, *, as_measured: bool) -> Place:
    """The pin frame of a form; of a measured surface the datum's, unless it is a flat without a shank."""
    own_axis = not as_measured or (fit.form.name == "flat" and parts.shank is None)
    samples = _samples(parts, fit)
    frame = _frame(fit, own_axis=own_axis, turned=not as_measured)
    apex = fit.form.pole(fit.estimate.parameters)
    if fit.form.name == "flat":
        across = (samples - apex) @ frame.T
        apex = apex + outline_centre_um(across[:, :2]) @ frame[:2]
    elif as_measured:
        apex = _highest(fit, fit.estimate.parameters)
    highest = apex if fit.form.name == "flat" or as_measured else _apex(fit, fit.estimate.parameters)
    return Place(frame=frame, origin_um=apex, apex_um=highest, samples_um=(samples - apex) @ frame.T)


def _samples(parts: Parts, fit: Fit) -> FloatArray:
    """Points spread over those facets of the face that follow the form with every corner."""
    parameters = fit.estimate.parameters
    distance_um = fit.form.residual(parameters, parts.local_um(vertices_of(parts.scan, parts.face)))
    near_um = max(4 * robust_sigma_um(distance_um), _LEAST_NEAR_UM)
    corners = parts.scan.vertices_um[parts.scan.facets[parts.face]]
    missed = np.abs(fit.form.residual(parameters, parts.local_um(corners.reshape(-1, 3)))).reshape(-1, 3)
    following = parts.face.copy()
    following[parts.face] = (missed <= near_um).all(axis=1)
    chosen = following if following.any() else parts.face
    return parts.local_um(facet_samples(parts.scan, parts.facets, chosen))


def _frame(fit: Fit, *, own_axis: bool, turned: bool) -> FloatArray:
    """Rows x, y, z; the fit frame's own x unless the form has one."""
    if not own_axis:
        return np.eye(3)
    axis = fit.form.axis(fit.estimate.parameters)
    if fit.form.x_axis is None or not turned:
        return leaning(axis[0] / axis[2], axis[1] / axis[2])
    x = fit.form.x_axis(fit.estimate.parameters)
    x = x if x[0] > 0 else -x
    return np.stack([x, np.cross(axis, x), axis])


def _highest(fit: Fit, parameters: FloatArray) -> FloatArray:
    """Where the form is highest along the fit's z, by Newton's method; the pole where that is not nearby."""
    pole = fit.form.pole(parameters)
    if not fit.form.own_axis:
        return pole
    place = pole[:2]
    for _ in range(_CLIMBS):
        height = form_heights_um(fit.form, parameters, place + _STENCIL * _CLIMB_UM)
        rise = np.array([height[1] - height[2], height[3] - height[4]]) / (2 * _CLIMB_UM)
        bend = np.array([height[1] + height[2], height[3] + height[4]]) - 2 * height[0]
        twist = (height[5] - height[6] - height[7] + height[8]) / 4
        curvature = np.array([[bend[0], twist], [twist, bend[1]]]) / _CLIMB_UM**2
        if np.linalg.eigvalsh(curvature)[-1] > -_LEVEL_PER_UM:
            return pole
        move = np.linalg.solve(curvature, rise)
        place = place - move
        if np.hypot(*(place - pole[:2])) > _FARTHEST_UM:
            return pole
        if np.hypot(*move) < _CLIMBED_UM:
            break
    return np.array([*place, float(form_heights_um(fit.form, parameters, place[None])[0])])


def apex_95_um(fit: Fit) -> float:
    """How far the 95 % interval of the apex reaches; of a flat along its normal alone, since its middle has none."""
    return reaching(fit, spread(lambda changed: _apex(fit, changed), fit.estimate))


def _apex(fit: Fit, parameters: FloatArray) -> FloatArray:
    """The apex by the parameters: the pole, but for an ellipse."""
    return _highest(fit, parameters) if fit.form.name == "ellipse" else fit.form.pole(parameters)


def figures_of(fit: Fit, reach: Reach) -> dict[str, Told]:
    """The form's figures with their intervals, and how far its face reaches, by the names that a pin profile has."""
    parameters = fit.estimate.parameters
    values = np.array([figure.of(parameters) for figure in fit.form.figures])
    told: dict[str, Told] = {}
    if len(values):
        covariance = spread(lambda changed: np.array([figure.of(changed) for figure in fit.form.figures]), fit.estimate)
        reach_um = reach_95(fit.estimate) * np.sqrt(np.diag(covariance))
        names = (figure.name for figure in fit.form.figures)
        told = {
            name: Told(value=float(value), within_95=float(within))
            for name, value, within in zip(names, values, reach_um, strict=True)
        }
    if fit.form.name == "ellipse":
        edges = zip(("x", "y"), ellipse_edges_um(reach.sector_um), strict=True)
        for axis, edge_um in edges:
            most_um = _MOST_OF_RADIUS * told[f"radius_{axis}_um"].value
            told[f"edge_{axis}_um"] = Told(value=min(edge_um, most_um))
    else:
        told["edge_radius_um"] = Told(value=_round_edge_um(fit, reach))
    return told


def _round_edge_um(fit: Fit, reach: Reach) -> float:
    """How far a round face reaches, inside its sphere's radius and no farther than its profile is known."""
    limits_um = [reach.edge_um]
    if fit.form.name == "sphere":
        limits_um.append(_MOST_OF_RADIUS / float(fit.estimate.parameters[3]))
    if len(fit.form.knots_um):
        limits_um.append(float(fit.form.knots_um[-1]))
    return min(limits_um)


def reaching(fit: Fit, covariance: FloatArray) -> float:
    """How far a 95 % interval reaches either way, in the worst direction of a covariance."""
    return reach_95(fit.estimate) * float(np.sqrt(max(np.linalg.eigvalsh(covariance)[-1], 0.0)))


def profile_points(fit: Fit, reach: Reach) -> tuple[tuple[float, float], ...]:
    """Radius and height of a revolved form, dense enough for any smooth curve through them; heights never rise."""
    knots_um = fit.form.knots_um
    radius_um = np.linspace(0.0, _round_edge_um(fit, reach), _PROFILE_POINTS)
    height_um = profile_of(knots_um, fit.estimate.parameters[4:])(radius_um)
    falling_um = np.minimum.accumulate(height_um - height_um[0])
    return tuple(zip(radius_um.tolist(), falling_um.tolist(), strict=True))


def datum_of(parts: Parts) -> str:
    """What tilt and runout are told against, in words."""
    if parts.shank is not None:
        return (
            f"the axis of the shank, a cylinder of {parts.shank.radius_um:.1f} um; the tip points towards it from there"
        )
    return f"{parts.direction.told}; no shank is in the scan"


def tilt_of(parts: Parts, fit: Fit) -> Told | Untold:
    """Angle between the form's axis and the datum."""
    if not fit.form.own_axis:
        return Untold(reason=f"a {fit.form.name} has none")
    if parts.shank is None and parts.scan.kind == "mesh":
        return Untold(reason="no shank and no other datum is in the scan")
    covariance = spread(lambda changed: fit.form.axis(changed)[:2], fit.estimate)
    if parts.shank is not None:
        covariance = covariance + lean_covariance(parts.shank, parts.frame)
    within = reaching(fit, covariance)
    if within > _VAGUEST_RAD:
        return Untold(reason=f"the face hardly shows an axis: it is known within {degrees(within):.1f} degrees only")
    axis = fit.form.axis(fit.estimate.parameters)
    return Told(value=acos(min(float(axis[2]), 1.0)), within_95=within)


def runout_of(parts: Parts, fit: Fit, apex_um: FloatArray) -> Told | Untold:
    """Distance of the apex from the shank's axis. Of a flat it rests on its outline, which has no interval."""
    if parts.shank is None:
        return Untold(reason="no shank is in the scan")
    place_um = parts.origin_um + apex_um @ parts.frame
    value = float(parts.shank.distance_um(place_um[None])[0])
    if fit.form.name == "flat":
        return Told(value=value)
    covariance = spread(lambda changed: _apex(fit, changed)[:2], fit.estimate)
    return Told(value=value, within_95=reaching(fit, covariance + place_covariance(parts.shank, place_um, parts.frame)))
