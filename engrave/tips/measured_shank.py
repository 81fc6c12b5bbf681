"""A cylindrical shank in a scan: the datum that tilt and runout of a tip are told against."""

from dataclasses import dataclass
from math import pi, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError
from engrave.tips.measured_fit import (
    Estimate,
    Residual,
    reach_95,
    robust_fit,
    robust_sigma_um,
    sampled,
    spread,
)
from engrave.tips.measured_forms import leaning
from engrave.tips.measured_mesh import BoolArray, Direction, Facets
from engrave.tips.measured_scan import Scan

FloatArray = NDArray[np.float64]

# Facets that may belong to the shank: within 20 degrees of the first guess, then within 10 of the fitted axis.
_FIRST_SINE, _SECOND_SINE = sin(radians(20)), sin(radians(10))
_LEAST_FACETS = 24
_LEAST_LENGTH = 0.25
_LEAST_COVERED_RAD, _LEAST_COVERED_GIVEN_RAD = radians(150), radians(60)
_MOST_TAPER = tan(radians(3))
# Of the bow that a sphere of the shank's radius would have over the same length.
_MOST_BOW = 0.2
_ROUGHEST_UM, _ROUGHEST_SHARE = 5.0, 0.01
_GIVEN_TOLERANCE = 0.02
_NARROW, _DRAWS = 0.1, 300
_SEED = 20_260_106


@dataclass(frozen=True, slots=True, kw_only=True)
class Shank:
    """A fitted cylinder.

    axis : unit vector towards the tip, (3,). point_um : a point of the axis, (3,), its foot below the origin of the
    fit. frame : rows x, y, z of the fit's frame, origin_um its origin; estimate : leaning u, v, foot x, y and, where it
    was not given, radius in it.
    """

    axis: FloatArray
    point_um: FloatArray
    radius_um: float
    radius_95_um: float | None
    frame: FloatArray
    origin_um: FloatArray
    estimate: Estimate

    def distance_um(self, points_um: FloatArray) -> FloatArray:
        """Distance of points (n, 3) from the axis."""
        off = points_um - self.point_um
        return np.asarray(np.linalg.norm(off - np.outer(off @ self.axis, self.axis), axis=1))


def shank_of(scan: Scan, facets: Facets, direction: Direction, *, radius_um: float | None) -> Shank | None:
    """The shank, or None where none is in the scan.

    Raises InputError where its facets look inwards, or where a radius was given and no such cylinder is found.
    """
    found = _cylinder(scan, facets, direction.vector, radius_um) if scan.kind == "mesh" else None
    if found is None and radius_um is not None:
        raise InputError(
            f"{scan.name}: --shank-radius: no cylinder of {radius_um:g} um is found along {direction.told}; "
            "leave it out, or measure more of the shank"
        )
    return found


def _cylinder(scan: Scan, facets: Facets, guess: FloatArray, radius_um: float | None) -> Shank | None:
    along, sine = guess, _FIRST_SINE
    shank: Shank | None = None
    for _ in range(3):
        beside = np.abs(facets.mean_normal @ along) < sine
        if np.count_nonzero(beside) < _LEAST_FACETS:
            return None
        shank = _fitted(scan, facets, beside, along, radius_um)
        along, sine = shank.axis, _SECOND_SINE
    return shank if shank is not None and _is_shank(scan, facets, shank, given=radius_um is not None) else None


def _fitted(scan: Scan, facets: Facets, beside: BoolArray, along: FloatArray, radius_um: float | None) -> Shank:
    normals, weights = facets.mean_normal[beside], facets.area_um2[beside]
    axis = np.linalg.eigh((normals * weights[:, None]).T @ normals)[1][:, 0]
    axis = axis if axis @ along > 0 else -axis
    frame = frame_about(axis)
    points_um = _broad_vertices(scan, facets, beside)
    origin_um = points_um.mean(axis=0)
    local = (points_um - origin_um) @ frame.T
    circle = _circle(local[:, :2], radius_um)
    start = np.array([0.0, 0.0, *circle]) if radius_um is None else np.array([0.0, 0.0, *circle[:2]])
    estimate = robust_fit(_residual(radius_um), start, local)
    u, v, x, y = estimate.parameters[:4]
    fitted_um = float(estimate.parameters[4]) if radius_um is None else radius_um
    reach = reach_95(estimate) * float(np.sqrt(estimate.covariance[4, 4])) if radius_um is None else None
    return Shank(
        axis=leaning(u, v)[2] @ frame,
        point_um=origin_um + np.array([x, y, 0.0]) @ frame,
        radius_um=fitted_um,
        radius_95_um=reach,
        frame=frame,
        origin_um=origin_um,
        estimate=estimate,
    )


def _broad_vertices(scan: Scan, facets: Facets, beside: BoolArray) -> FloatArray:
    """Vertices of these facets, but for those of narrow ones: a drawn shank has few, long ones, its roundings many."""
    corners = scan.facets[beside].reshape(-1)
    area_um2 = np.bincount(corners, weights=np.repeat(facets.area_um2[beside], 3), minlength=len(scan.vertices_um))
    order = np.argsort(area_um2)
    whole = np.cumsum(area_um2[order])
    typical_um2 = area_um2[order[np.searchsorted(whole, whole[-1] / 2)]]
    return np.asarray(scan.vertices_um[area_um2 > _NARROW * typical_um2])


def _residual(radius_um: float | None) -> Residual:
    def residual(parameters: FloatArray, points: FloatArray) -> FloatArray:
        local = (points - np.array([parameters[2], parameters[3], 0.0])) @ leaning(parameters[0], parameters[1]).T
        return np.asarray(np.hypot(local[:, 0], local[:, 1]) - (parameters[4] if radius_um is None else radius_um))

    return residual


def frame_about(axis: FloatArray) -> FloatArray:
    """Rows x, y, z of a right-handed frame with this z; its x is the file's x seen along the axis, or else y."""
    near = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])  # noqa: PLR2004 - not along it
    x = near - (near @ axis) * axis
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(axis, x), axis])


def _circle(points: FloatArray, radius_um: float | None) -> FloatArray:
    """Centre and radius of the circle that lies nearest to half of the points: the best of many through three each."""
    generator = np.random.default_rng(_SEED)
    a, b, c = (points[generator.integers(len(points), size=_DRAWS)] for _ in range(3))
    # |p|^2 = 2 p.centre + const, differences of it.
    matrix = 2 * np.stack([b - a, c - a], axis=1)
    right = np.stack([(b**2 - a**2).sum(axis=1), (c**2 - a**2).sum(axis=1)], axis=1)
    sound = np.abs(np.linalg.det(matrix)) > 1e-6 * np.ptp(points, axis=0).max() ** 2
    if not sound.any():
        return np.array([*points.mean(axis=0), np.ptp(points, axis=0).max() / 2])
    centres = np.linalg.solve(matrix[sound], right[sound][:, :, None])[:, :, 0]
    radii = np.linalg.norm(a[sound] - centres, axis=1)
    if radius_um is not None:
        radii[:] = radius_um
    few = sampled(points, 500)
    misses = np.median(np.abs(np.linalg.norm(few[None] - centres[:, None], axis=2) - radii[:, None]), axis=1)
    best = int(np.argmin(misses))
    return np.array([*centres[best], radii[best]])


def _is_shank(scan: Scan, facets: Facets, shank: Shank, *, given: bool) -> bool:
    """Whether enough of the cylinder is there, straight and round enough. Raises InputError where it looks inwards."""
    beside = np.abs(facets.mean_normal @ shank.axis) < _SECOND_SINE
    off_um = facets.middle_um - shank.point_um
    along_um = off_um @ shank.axis
    across = off_um - np.outer(along_um, shank.axis)
    # The middles of coarse facets lie inside the circle of their corners.
    beside &= np.abs(np.linalg.norm(across, axis=1) / shank.radius_um - 1) < _GIVEN_TOLERANCE + _slack(facets, shank)
    if np.count_nonzero(beside) < _LEAST_FACETS or not _covers(across[beside] @ shank.frame[:2].T, given=given):
        return False
    points_um = _broad_vertices(scan, facets, beside)
    residual_um = shank.distance_um(points_um) - shank.radius_um
    if robust_sigma_um(residual_um) > max(_ROUGHEST_UM, _ROUGHEST_SHARE * shank.radius_um):
        return False
    if not _is_straight((points_um - shank.point_um) @ shank.axis, residual_um, shank.radius_um):
        return False
    outwards = np.einsum("ij,ij->i", facets.normal[beside], across[beside])
    if float(facets.area_um2[beside] @ outwards) < 0:
        raise InputError(
            f"{scan.name}: the facets look inwards; turn them round (flip the normals) and export it again"
        )
    return True


def _slack(facets: Facets, shank: Shank) -> FloatArray:
    """How far inside the circle a facet's middle may lie, as a share of the radius: half its breadth's sagitta."""
    return np.minimum(facets.area_um2 / (2 * shank.radius_um**2), 0.1)


def _covers(across: FloatArray, *, given: bool) -> bool:
    """Whether it is seen from enough sides. Coarse facets are wide, so the gaps between them count, not the facets."""
    angles = np.sort(np.arctan2(across[:, 1], across[:, 0]))
    gaps = np.diff(angles, append=angles[0] + 2 * pi)
    return float(2 * pi - gaps[gaps > radians(30)].sum()) >= (_LEAST_COVERED_GIVEN_RAD if given else _LEAST_COVERED_RAD)


def _is_straight(along_um: FloatArray, residual_um: FloatArray, radius_um: float) -> bool:
    """Long enough, neither tapered nor bowed: what the band about a sphere's equator is not."""
    least, most = np.quantile(along_um, [0.01, 0.99])
    half_um = (most - least) / 2
    if 2 * half_um < _LEAST_LENGTH * radius_um:
        return False
    place = (along_um - (least + most) / 2) / half_um
    near = np.abs(residual_um) <= 4 * robust_sigma_um(residual_um)
    front, back, middle = near & (place > 0), near & (place < 0), near & (np.abs(place) < 1 / 3)
    if front.any() and back.any():
        taper = (residual_um[front].mean() - residual_um[back].mean()) / half_um
        if abs(taper) > _MOST_TAPER:
            return False
    ends = near & ~middle
    if not middle.any() or not ends.any():
        return True
    # The mean of place^2 over the outer parts less that over the middle third is 0.44.
    sphere_um = 0.44 * half_um**2 / (2 * radius_um)
    bow_um = abs(float(residual_um[middle].mean()) - float(residual_um[ends].mean()))
    allowed_um: float = max(_MOST_BOW * sphere_um, 0.1)
    return bow_um < allowed_um


def lean_covariance(shank: Shank, frame: FloatArray) -> FloatArray:
    """Covariance (2, 2) of the axis' direction, across it, in the x and y of a frame, rad^2."""
    covariance = spread(lambda parameters: frame[:2] @ (leaning(*parameters[:2])[2] @ shank.frame), shank.estimate)
    return np.asarray(covariance)


def place_covariance(shank: Shank, at_um: FloatArray, frame: FloatArray) -> FloatArray:
    """Covariance (2, 2) of where the axis passes beside a point, in the x and y of a frame, um^2."""

    def passing(parameters: FloatArray) -> FloatArray:
        axis = leaning(*parameters[:2])[2] @ shank.frame
        foot = shank.origin_um + np.array([*parameters[2:4], 0.0]) @ shank.frame
        return np.asarray(frame[:2] @ (foot + ((at_um - foot) @ axis) * axis))

    return np.asarray(spread(passing, shank.estimate))
