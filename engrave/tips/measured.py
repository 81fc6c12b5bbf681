"""A tip as it was measured: its form by least squares, where its apex lies, how it leans and runs out, how surely.

The datum is a cylindrical shank, where one is in the scan, else a map's z. A sphere has no axis of its own: its apex is
where its height along the datum is greatest. Every other form has one, and its apex is its pole, where the surface is
square to that axis; a flat's is the middle of its outline. Tilt lies between the form's axis and the datum, runout is
the apex' distance from the shank's axis.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from engrave.base.errors import InputError, raise_faults
from engrave.tips.measured_fit import robust_sigma_um
from engrave.tips.measured_grid import Grid, gridded
from engrave.tips.measured_mesh import TOWARDS, vertices_of
from engrave.tips.measured_models import SHAPES, Fit, choose_form, fit_form
from engrave.tips.measured_parts import Parts, taken_apart
from engrave.tips.measured_reach import Reach, facet_samples, patch_rms_um, reach_of
from engrave.tips.measured_scan import Scan
from engrave.tips.measured_told import (
    Place,
    Told,
    Untold,
    apex_95_um,
    datum_of,
    figures_of,
    placed,
    profile_points,
    runout_of,
    tilt_of,
)

FloatArray = NDArray[np.float64]

MODELS = ("auto", *SHAPES, "measured")
"""What can be asked for: the first chooses among the forms."""
POOREST_RMS_UM = 5.0
"""A fit with a greater root mean square makes no profile."""
POOREST_PATCH_RMS_UM = 2.0
"""Nor does one whose residuals, averaged over patches, are greater: they are no noise then but another form."""
LEAST_KEPT_SHARE, LEAST_COVERED_SHARE = 0.7, 0.5
"""Nor does one that less of the face follows, or of whose face less was measured."""

_LEAST_MIDDLE_SHARE = 0.5
_DEFAULT_STEP_UM = 25.0
_STEP_LIMITS_UM = (5.0, 200.0)
# A gridded surface leaves out what is steeper than this: from step to step it would fall by twice the step.
_GRIDDED_COSINE = cos(radians(60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """How the points lie about the form: within four robust standard deviations they are kept, beyond it outliers.

    rms_um, largest_um : of the kept. patch_rms_um : of the means over patches, less what noise leaves in them.
    reach : how far the face reaches, and how much of it was measured.
    """

    rms_um: float
    largest_um: float
    patch_rms_um: float
    kept_share: float
    reach: Reach
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was found. Vectors are in the file's own frame, lengths in um, angles in rad.

    model : a form's name, or ``"measured"``; form : the form that was fitted, below a measured surface too.
    frame : rows x, y, z of the pin frame in the file's, origin_um its origin. figures : radii, angles, edges by name.
    knots_um : radius and height, (n, 2), of a revolved form. grid : of a measured surface.
    faults : why no profile should be made of it.
    """

    scan: Scan
    model: str
    form: str
    figures: dict[str, Told]
    frame: FloatArray
    origin_um: FloatArray
    apex_um: FloatArray
    apex_95_um: float
    datum: str
    shank: Told | None
    tilt: Told | Untold
    runout: Told | Untold
    lie: Lie
    knots_um: tuple[tuple[float, float], ...]
    grid: Grid | None
    faults: tuple[str, ...]


def fit_scan(
    scan: Scan,
    *,
    model: str = "auto",
    towards: str | None = None,
    shank_radius_um: float | None = None,
    step_um: float | None = None,
) -> Fitted:
    """Fit a scan with a form, or with the simplest that will do (``auto``), or as it is (``measured``).

    towards : where the tip points in the file (x, -x, ... -z), found by itself where it can be. shank_radius_um : the
    shank's radius where it is known. step_um : of a measured surface's grid, 25 um by default.
    Raises InputError where the scan is no tip, or what was given does not go together.
    """
    _check_given(model=model, towards=towards, shank_radius_um=shank_radius_um, step_um=step_um)
    parts = taken_apart(scan, towards=towards, shank_radius_um=shank_radius_um)
    points = parts.local_um(vertices_of(scan, parts.face))
    if model in ("auto", "measured"):
        fit = choose_form(points, origin=scan.name)
    else:
        fit = fit_form(model, points, origin=scan.name)
    if model == "measured":
        return _as_measured(parts, fit, step_um=step_um or _DEFAULT_STEP_UM)
    place = placed(parts, fit, as_measured=False)
    distance_um = np.asarray(fit.form.residual(fit.estimate.parameters, points))
    across_um = (points - place.origin_um) @ place.frame[:2].T
    lie = _lie(across_um, distance_um, reach_of(place.samples_um[:, :2]))
    return _fitted(parts, fit, place, lie, grid=None)


def _check_given(*, model: str, towards: str | None, shank_radius_um: float | None, step_um: float | None) -> None:
    faults = []
    if model not in MODELS:
        faults.append(f"--model: {model!r} is not known; use one of {', '.join(MODELS)}")
    if towards is not None and towards not in TOWARDS:
        faults.append(f"--towards: {towards!r} is not known; use one of {', '.join(TOWARDS)}")
    if shank_radius_um is not None and not shank_radius_um > 0:
        faults.append(f"--shank-radius: {shank_radius_um:g} um must be positive")
    if step_um is not None and model != "measured":
        faults.append("--step: goes with --model measured; leave it out")
    if step_um is not None and not _STEP_LIMITS_UM[0] <= step_um <= _STEP_LIMITS_UM[1]:
        faults.append(f"--step: {step_um:g} um; give {_STEP_LIMITS_UM[0]:g} to {_STEP_LIMITS_UM[1]:g} um")
    raise_faults(faults)


def _as_measured(parts: Parts, fit: Fit, *, step_um: float) -> Fitted:
    """The face on a grid, as far as it is not too steep for one."""
    place = placed(parts, fit, as_measured=True)
    axis = place.frame[2] @ parts.frame
    level = parts.face & (parts.facets.mean_normal @ axis > _GRIDDED_COSINE)
    # Beside a rim the mean is of both sides; a facet of a wall is steep by itself.
    level &= parts.facets.normal @ axis > _GRIDDED_COSINE
    if not level.any():
        raise InputError(f"{parts.scan.name}: the face is steeper than 60 degrees everywhere; a grid cannot hold it")
    samples = parts.local_um(facet_samples(parts.scan, parts.facets, level))
    reach = reach_of(((samples - place.origin_um) @ place.frame.T)[:, :2])
    _check_middle(parts, reach)
    points = (parts.local_um(vertices_of(parts.scan, level)) - place.origin_um) @ place.frame.T
    grid = gridded(
        fit,
        points_um=points,
        turn=place.frame,
        shift_um=place.origin_um,
        sector_um=reach.sector_um,
        step_um=step_um,
    )
    return _fitted(parts, fit, place, _lie(points[:, :2], grid.missed_um, reach), grid=grid)


def _lie(across_um: FloatArray, distance_um: FloatArray, reach: Reach) -> Lie:
    near = np.abs(distance_um) <= 4 * robust_sigma_um(distance_um)
    return Lie(
        rms_um=float(np.sqrt(np.mean(distance_um[near] ** 2))),
        largest_um=float(np.abs(distance_um[near]).max()),
        patch_rms_um=patch_rms_um(across_um[near], distance_um[near]),
        kept_share=float(np.mean(near)),
        reach=reach,
        points=int(np.count_nonzero(near)),
    )


def _check_middle(parts: Parts, reach: Reach) -> None:
    if reach.middle_covered < _LEAST_MIDDLE_SHARE:
        raise InputError(
            f"{parts.scan.name}: a hole in the middle: only {reach.middle_covered:.0%} of the inner quarter of the "
            "face was measured, and the apex lies there; measure it again, or say where the tip points (--towards)"
        )


def _fitted(parts: Parts, fit: Fit, place: Place, lie: Lie, *, grid: Grid | None) -> Fitted:
    reach = lie.reach
    _check_middle(parts, reach)
    return Fitted(
        scan=parts.scan,
        model=fit.form.name if grid is None else "measured",
        form=fit.form.name,
        figures=figures_of(fit, reach) if grid is None else {},
        frame=place.frame @ parts.frame,
        origin_um=parts.origin_um + place.origin_um @ parts.frame,
        apex_um=parts.origin_um + place.apex_um @ parts.frame,
        apex_95_um=apex_95_um(fit),
        datum=datum_of(parts),
        shank=None if parts.shank is None else Told(value=parts.shank.radius_um, within_95=parts.shank.radius_95_um),
        tilt=tilt_of(parts, fit),
        runout=runout_of(parts, fit, place.apex_um),
        lie=lie,
        knots_um=profile_points(fit, reach) if grid is None and fit.form.name == "revolved" else (),
        grid=grid,
        faults=tuple(_faults(lie)),
    )


def _faults(lie: Lie) -> Iterator[str]:
    other = "the face has another form (--model auto, or measured), or is no tip's"
    if lie.rms_um > POOREST_RMS_UM:
        limit = f"where {POOREST_RMS_UM:g} um is the limit"
        yield f"the points lie {lie.rms_um:.3g} um (rms) from the form, {limit}: {other}"
    elif lie.patch_rms_um > POOREST_PATCH_RMS_UM:
        limit = f"where {POOREST_PATCH_RMS_UM:g} um is the limit"
        yield f"whole patches lie {lie.patch_rms_um:.2g} um (rms) from the form, {limit}: {other}"
    if lie.kept_share < LEAST_KEPT_SHARE:
        limit = f"where {LEAST_KEPT_SHARE:.0%} is the limit"
        yield f"only {lie.kept_share:.0%} of the points follow the form, {limit}: {other}"
    if lie.reach.covered < LEAST_COVERED_SHARE:
        yield (
            f"only {lie.reach.covered:.0%} of the face was measured, where {LEAST_COVERED_SHARE:.0%} is the limit; "
            "measure more of it"
        )
