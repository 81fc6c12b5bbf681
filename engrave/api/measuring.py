"""Measured tips: a scan of a pin to its figures, and to a profile of the library."""

from dataclasses import dataclass
from math import degrees
from pathlib import Path
from typing import Any

from engrave.base.errors import EngraveError, InputError, OccupiedError
from engrave.base.files import whole_file
from engrave.tips.measured import (
    LEAST_COVERED_SHARE,
    LEAST_KEPT_SHARE,
    POOREST_PATCH_RMS_UM,
    POOREST_RMS_UM,
    Fitted,
    fit_scan,
)
from engrave.tips.measured_profile import profile_text
from engrave.tips.measured_scan import load_scan
from engrave.tips.measured_told import Told, Untold

PIN_FIT_SCHEMA = "pin-engrave/pin-fit/1"
_UM_DECIMALS, _DEGREE_DECIMALS, _UNIT_DECIMALS, _SHARE_DECIMALS = 4, 5, 7, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFit:
    """The outcome: whether a profile can be made of the fit, the JSON object ``pin-engrave/pin-fit/1``, the profile."""

    good: bool
    document: dict[str, Any]
    profile: str | None


def fit_pin(
    path: Path,
    *,
    unit: str | None = None,
    model: str = "auto",
    towards: str | None = None,
    shank_radius_um: float | None = None,
    step_um: float | None = None,
    out: Path | None = None,
) -> PinFit:
    """Fit a measured tip, STL, PLY or X3P, and write its profile to ``out`` where the fit is good enough.

    unit : what a mesh is in, mm, um or inch; an X3P file says it itself. The other arguments are those of
    ``engrave.tips.measured.fit_scan``. Raises InputError where the scan is damaged or no tip, and where ``out`` cannot
    be a profile; OccupiedError where something stands there.
    """
    if out is not None:
        _check_out(out)
    scan = load_scan(path, unit=unit)
    fitted = fit_scan(scan, model=model, towards=towards, shank_radius_um=shank_radius_um, step_um=step_um)
    profile, faults = None, fitted.faults
    if not faults:
        try:
            profile = profile_text(fitted)
        except EngraveError as error:
            faults = error.faults
    if profile is not None and out is not None:
        with whole_file(out) as temporary:
            temporary.write_text(profile, encoding="utf-8")
    document = _document(fitted, faults, out=out if profile is not None else None)
    return PinFit(good=profile is not None, document=document, profile=profile)


def _check_out(out: Path) -> None:
    """Before anything is computed. Raises InputError, OccupiedError."""
    if out.suffix != ".toml" or not out.stem:
        raise InputError(f"--out: {out}: a profile is a file NAME.toml; give it that ending")
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}; make it first")
    if out.exists() or out.is_symlink():
        raise OccupiedError(f"{out}: is there already; name a new file")


def _document(fitted: Fitted, faults: tuple[str, ...], *, out: Path | None) -> dict[str, Any]:
    lie = fitted.lie
    return {
        "schema": PIN_FIT_SCHEMA,
        "scan": {
            "name": fitted.scan.name,
            "sha256": fitted.scan.sha256,
            "kind": fitted.scan.kind,
            "notes": list(fitted.scan.notes),
        },
        "model": fitted.model,
        "form": fitted.form,
        "good": not faults,
        "faults": list(faults),
        "figures": [_figure(name, told) for name, told in fitted.figures.items()],
        "datum": fitted.datum,
        "shank_radius": None if fitted.shank is None else _figure("radius_um", fitted.shank),
        "apex_um": _vector(fitted.apex_um.tolist(), _UM_DECIMALS),
        "apex_within_95_um": round(fitted.apex_95_um, _UM_DECIMALS),
        "axis": _vector(fitted.frame[2].tolist(), _UNIT_DECIMALS),
        "x_axis": _vector(fitted.frame[0].tolist(), _UNIT_DECIMALS),
        "tilt": _evaluated("tilt_rad", fitted.tilt),
        "runout": _evaluated("runout_um", fitted.runout),
        "residuals": {
            "points": lie.points,
            "rms_um": round(lie.rms_um, _UM_DECIMALS),
            "largest_um": round(lie.largest_um, _UM_DECIMALS),
            "patch_rms_um": round(lie.patch_rms_um, _UM_DECIMALS),
            "kept_share": round(lie.kept_share, _SHARE_DECIMALS),
            "covered_share": round(lie.reach.covered, _SHARE_DECIMALS),
        },
        "limits": {
            "most_rms_um": POOREST_RMS_UM,
            "most_patch_rms_um": POOREST_PATCH_RMS_UM,
            "least_kept_share": LEAST_KEPT_SHARE,
            "least_covered_share": LEAST_COVERED_SHARE,
        },
        "profile": None if out is None else out.name,
    }


def _figure(name: str, told: Told) -> dict[str, Any]:
    """A figure under its name, in um or degrees, with its interval."""
    angle = name.endswith("_rad")
    decimals = _DEGREE_DECIMALS if angle else _UM_DECIMALS
    value, within = (
        None if number is None else round(degrees(number) if angle else number, decimals)
        for number in (told.value, told.within_95)
    )
    bare = name.removesuffix("_rad").removesuffix("_um")
    return {"name": bare, "value": value, "within_95": within, "unit": "deg" if angle else "um"}


def _evaluated(name: str, told: Told | Untold) -> dict[str, Any]:
    if isinstance(told, Untold):
        return {"evaluated": False, "reason": told.reason, "figure": None}
    return {"evaluated": True, "reason": "", "figure": _figure(name, told)}


def _vector(numbers: list[float], decimals: int) -> list[float]:
    return [round(number, decimals) + 0.0 for number in numbers]
