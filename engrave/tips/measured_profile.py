"""A fitted tip as a pin profile: the TOML text of a ``Pin``, every figure with the scan as its source."""

import json
from collections.abc import Mapping
from dataclasses import fields
from math import degrees, radians
from typing import Any

from engrave.base.config import key_of
from engrave.tips.library import Pin
from engrave.tips.measured import Fitted
from engrave.tips.measured_told import Told

# A nanometre, and a millionth of a degree: far below what any scan knows.
_LENGTH_DECIMALS, _ANGLE_DECIMALS = 3, 6
_WORDS: Mapping[str, str] = {
    "sphere": "a sphere",
    "flat": "a flat",
    "cone": "a cone with a ball nose",
    "ellipse": "a biconic",
    "revolved": "a turned profile",
    "measured": "its surface as it was measured",
}


def pin_of(fitted: Fitted) -> Pin:
    """The pin that a fit describes, rounded as its profile is. Raises InputError where no pin can have the figures."""
    return Pin(description=_description(fitted), shape=fitted.model, **_figures(fitted))


def profile_text(fitted: Fitted) -> str:
    """The profile of the pin: a file for the folder ``pins`` of a library. Raises InputError as ``pin_of`` does."""
    pin = pin_of(fitted)
    stated = {field.name: getattr(pin, field.name) for field in fields(pin) if getattr(pin, field.name) is not None}
    lines = [*_comments(fitted), *(f"{key_of(name)} = {_toml(name, value)}" for name, value in stated.items())]
    lines += ["", "[sources]"]
    lines += [f"{key_of(name)} = {_quoted(_source(fitted, name))}" for name in stated if name.endswith(("_um", "_rad"))]
    return "\n".join(lines) + "\n"


def _description(fitted: Fitted) -> str:
    return f"A measured tip, {_WORDS[fitted.model]}, from {fitted.scan.name}"


def _figures(fitted: Fitted) -> dict[str, Any]:
    figures: dict[str, Any] = {name: _rounded(name, told.value) for name, told in fitted.figures.items()}
    if fitted.model == "revolved":
        del figures["edge_radius_um"]
        radii_um, heights_um = zip(*fitted.knots_um, strict=True)
        figures["profile_r_um"] = _rounded_all(radii_um)
        figures["profile_z_um"] = _rounded_all(heights_um)
    if fitted.grid is not None:
        figures["step_um"] = float(fitted.grid.step_um)
        figures["heights_um"] = tuple(_rounded_all(row) for row in fitted.grid.heights_um.tolist())
        figures["outline_x_um"] = _rounded_all(fitted.grid.outline_um[:, 0].tolist())
        figures["outline_y_um"] = _rounded_all(fitted.grid.outline_um[:, 1].tolist())
    if isinstance(fitted.runout, Told):
        figures["runout_um"] = _rounded("runout_um", fitted.runout.value)
    return figures


def _rounded(name: str, value: float) -> float:
    if name.endswith("_rad"):
        return radians(round(degrees(value), _ANGLE_DECIMALS))
    # No minus before a zero.
    return round(value, _LENGTH_DECIMALS) + 0.0


def _rounded_all(values_um: Any) -> tuple[float, ...]:  # noqa: ANN401 - numbers in a row
    return tuple(_rounded("_um", value) for value in values_um)


def _toml(name: str, value: object) -> str:
    """A value as TOML: text quoted, quantities with their unit, rows of a grid a line each."""
    if isinstance(value, tuple):
        apart = ",\n  " if value and isinstance(value[0], tuple) else ", "
        return f"[{apart.join(_toml(name, member) for member in value)}]"
    if not isinstance(value, float):
        return _quoted(str(value))
    if name.endswith("_rad"):
        return f'"{degrees(value):.{_ANGLE_DECIMALS}f}deg"'
    return f'"{value:.{_LENGTH_DECIMALS}f}um"'


def _quoted(text: str) -> str:
    """A basic string: as JSON has it, but TOML wants the delete character escaped and knows no lone surrogates."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comments(fitted: Fitted) -> list[str]:
    apex, axis, x_axis = (
        ", ".join(f"{round(number, decimals) + 0.0:.{decimals}f}" for number in vector.tolist())
        for vector, decimals in ((fitted.apex_um, 2), (fitted.frame[2], 5), (fitted.frame[0], 5))
    )
    tilt = fitted.tilt
    told = f"{degrees(tilt.value):.3f} degrees" if isinstance(tilt, Told) else f"not evaluated: {tilt.reason}"
    return [
        f"# In the scan's own frame: apex at {apex} um, axis {axis}, x of the pin {x_axis}.",
        f"# Tilt against the datum: {told}.",
        "",
    ]


def _source(fitted: Fitted, name: str) -> str:
    scan = f"{fitted.scan.name} (sha256 {fitted.scan.sha256})"
    if name == "step_um":
        return "The grid that the scan was averaged to."
    if name == "runout_um":
        within = fitted.runout.within_95 if isinstance(fitted.runout, Told) else None
        return f"Distance of the apex from the shank's axis in {scan}{_within(name, within)}."
    if name.startswith(("edge_", "outline_")):
        return f"How far the face reaches in {scan}."
    told = fitted.figures.get(name)
    told_within = _within(name, told.within_95 if told is not None else None)
    verb = "Averaged locally from" if fitted.grid is not None else "Fitted to"
    return f"{verb} {scan}, rms {fitted.lie.rms_um:.2g} um{told_within}."


def _within(name: str, within: float | None) -> str:
    if within is None:
        return ""
    told = f"{degrees(within):.2g} degrees" if name.endswith("_rad") else f"{within:.2g} um"
    return f", within {told} (95 %, for independent noise)"
