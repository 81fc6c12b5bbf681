"""Calibration: measurements of a coupon to the figures of a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.api.calibrating_process import Figure, WantedProcess, measured_figure, own_spots, write_process
from engrave.api.calibrating_table import DIGITS, digits, figure_document, measured_text
from engrave.base.errors import InputError, raise_faults
from engrave.base.tables import Column, Row, Table, read_table
from engrave.job.shelves import PROCESSES
from toolpaths.errors import ToolpathError
from toolpaths.laser.calibration import LEAST_LOG_FLUENCE, Craters, Estimate, Widths, fit_widths
from toolpaths.laser.calibration_depths import LEAST_DEPTHS, MOST_DEPTH_TO_DIAMETER, Depths, Squares, fit_depths

CALIBRATION_SCHEMA = "pin-engrave/calibration/1"
DEFAULT_PROCESS = "fs-steel"

MOST_NOISE = 0.10
"""Diameters or depths that scatter by more than this share about the fit make no process. A choice."""
MOST_HALF_WIDTH = 0.10
"""No figure goes into a process that is known less well than within this share of itself. A choice."""
# What a laser on a bench and a microscope can have to do with: a picojoule to a joule, an angstrom to a centimetre.
_LEAST_UM, _MOST_UM = 1e-4, 1e4
_RANGES = {
    "energy_j": (1e-12, 1.0, "J"),
    "pitch_um": (_LEAST_UM, _MOST_UM, "um"),
    "hatch_um": (_LEAST_UM, _MOST_UM, "um"),
}
_LEAST_P = 0.001
_FAR = 4.0

_FloatArray = NDArray[np.float64]

_COUPON_COLUMNS = (
    Column(field="cell"),
    Column(field="energy_j", required=True, filled=True),
    Column(field="pulses", whole=True),
    Column(field="passes", whole=True),
    Column(field="pitch_um"),
    Column(field="hatch_um"),
    Column(field="diameter_um", required=True),
    Column(field="depth_um"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserFit:
    """The outcome: whether a process can be made of it, ``pin-engrave/calibration/1``, and the process file's text."""

    good: bool
    document: dict[str, Any]
    process: str | None


def fit_laser(
    path: Path,
    *,
    out: Path | None = None,
    name: str | None = None,
    process: str | None = None,
    library: Path | None = None,
) -> LaserFit:
    """Spot, threshold, incubation and penetration from a coupon's measurements; and a process that has them.

    out : the process file, NAME.toml; one that is there keeps everything else that it says. A new one is made of
    ``process``, by name, the shipped one by default. name : what the process is called, the file's name by default.
    Raises InputError with every fault of the measurements, and where ``out`` is not, or cannot become, a process.
    """
    wanted = WantedProcess(out=out, name=name, process=process, library=library, default=DEFAULT_PROCESS)
    text, digest = measured_text(path)
    craters, squares, noted = _measured(read_table(text, _COUPON_COLUMNS, origin=path.name), origin=path.name)
    try:
        widths = fit_widths(craters)
        depths = fit_depths(craters, squares, widths)
    except ToolpathError as error:
        raise InputError([f"{path.name}: {line}" for line in str(error).splitlines()]) from error
    faults, notes = _fit_faults(widths, depths), [*noted, *_fit_notes(widths, depths)]
    made: str | None = None
    if not faults:
        figures = _process_figures(widths, depths, craters, measured=f"{path.name} (sha256 {digest})")
        made = write_process(wanted, figures, PROCESSES)
        notes += [
            f"{place} of the process states a spot of its own, which goes before this one"
            for place in own_spots(made or "")
        ]
    document = {
        "schema": CALIBRATION_SCHEMA,
        "measurements": {"name": path.name, "sha256": digest},
        "good": not faults,
        "faults": faults,
        "notes": notes,
        "figures": _figures(widths, depths),
        "craters": _craters_document(craters, widths),
        "depths": _depths_document(depths),
        "limits": {
            "most_noise": MOST_NOISE,
            "most_half_width": MOST_HALF_WIDTH,
            "least_log_fluence": LEAST_LOG_FLUENCE,
            "most_depth_to_diameter": MOST_DEPTH_TO_DIAMETER,
        },
        "process": out.name if out is not None and made is not None else None,
    }
    return LaserFit(good=not faults, document=document, process=made)


def _measured(table: Table, *, origin: str) -> tuple[Craters, Squares, list[str]]:
    """Craters, squares and notes. Raises InputError with every fault."""
    faults = [f"{origin}: line {row.line}: {fault}" for row in table.rows for fault in _row_faults(row)]
    raise_faults(faults)
    rows = [row for row in table.rows if {"diameter_um", "depth_um"} & row.numbers.keys()]
    holes = [row for row in rows if "pulses" in row.numbers]
    cleared = [row for row in rows if "passes" in row.numbers and "depth_um" in row.numbers]
    empty = len(table.rows) - len(rows)
    notes = [f"{empty} rows have neither a diameter nor a depth: they were not measured"] if empty else []
    craters = Craters(
        names=_names(holes),
        pulse_energy_j=_numbers(holes, "energy_j"),
        pulses=_numbers(holes, "pulses"),
        diameter_um=_numbers(holes, "diameter_um"),
        depth_um=_numbers(holes, "depth_um"),
    )
    squares = Squares(
        names=_names(cleared),
        pulse_energy_j=_numbers(cleared, "energy_j"),
        passes=_numbers(cleared, "passes"),
        pitch_um=_numbers(cleared, "pitch_um"),
        hatch_um=_numbers(cleared, "hatch_um"),
        depth_um=_numbers(cleared, "depth_um"),
    )
    return craters, squares, notes


def _row_faults(row: Row) -> list[str]:
    """What a row says that cannot be."""
    faults = [
        f"{field.rpartition('_')[0]}: must be from {least:g} to {most:g} {unit}"
        for field, (least, most, unit) in _RANGES.items()
        if field in row.numbers and not least <= row.numbers[field] <= most
    ]
    faults += [
        f"{field.rpartition('_')[0]}: must be 0, where nothing is seen, or from {_LEAST_UM:g} to {_MOST_UM:g} um; "
        "leave it empty where it was not measured"
        for field in ("diameter_um", "depth_um")
        if row.numbers.get(field, 0.0) != 0 and not _LEAST_UM <= row.numbers[field] <= _MOST_UM
    ]
    if ("pulses" in row.numbers) == ("passes" in row.numbers):
        faults.append("give pulses for a crater, or passes for a cleared square, and not both")
    if "passes" in row.numbers and "depth_um" in row.numbers and not {"pitch_um", "hatch_um"} <= row.numbers.keys():
        faults.append("a cleared square needs pitch and hatch")
    return faults


def _names(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.texts.get("cell", f"line {row.line}") for row in rows)


def _numbers(rows: Sequence[Row], field: str) -> _FloatArray:
    return np.array([row.numbers.get(field, np.nan) for row in rows], dtype=np.float64)


def _estimates(widths: Widths, depths: Depths | None) -> dict[str, Estimate]:
    found = {
        "spot_radius_um": widths.spot_radius_um,
        "threshold_j_cm2": widths.threshold_j_cm2,
        "incubation": widths.incubation,
    }
    return found if depths is None else {**found, "penetration_um": depths.penetration_um}


def _fit_faults(widths: Widths, depths: Depths | None) -> list[str]:
    """Why no process can be made of it."""
    faults = [
        f"{what} scatter by {noise:.1%} about the fit; {MOST_NOISE:.0%} is the limit"
        for what, noise in (("diameters", widths.noise), ("depths", depths.noise if depths else 0.0))
        if noise > MOST_NOISE
    ]
    faults += [
        f"{_NAMES[field]} is known within {estimate.half_width:.1%}; {MOST_HALF_WIDTH:.0%} is the limit: measure more"
        for field, estimate in _estimates(widths, depths).items()
        if estimate.half_width > MOST_HALF_WIDTH
    ]
    if widths.incubation.value > 1:
        faults.append(
            f"incubation comes out as {widths.incubation.value:.3f}: above 1 pulses would harden the material"
        )
    if widths.contradicting:
        faults.append(
            f"no crater is seen at {', '.join(widths.contradicting)}, where the others say that there is one: look "
            "again, and leave them out where they were not engraved"
        )
    return faults


def _fit_notes(widths: Widths, depths: Depths | None) -> list[str]:
    """What the reader of the figures should know."""
    notes = []
    if widths.unseen:
        notes.append(f"{len(widths.unseen)} places without a crater are held against the fit, and not fitted")
    if widths.faint:
        notes.append(f"too close to the threshold, left out: {', '.join(widths.faint)}")
    far = [name for name, rest in zip(widths.used, widths.residuals, strict=True) if abs(rest) > _FAR * widths.noise]
    if far:
        notes.append(f"far from the fit; measure again: {', '.join(far)}")
    if widths.incubation_p is not None and widths.incubation_p < _LEAST_P:
        notes.append(
            "the residuals go with the number of pulses: incubation does not follow N^(S-1) here, and the intervals "
            "are too narrow; fit the numbers of pulses that the process uses"
        )
    if depths is None:
        notes.append(f"penetration is not evaluated: fewer than {LEAST_DEPTHS} depths can be used")
    elif depths.steep:
        notes.append(f"too deep for their width, left out of the depths: {', '.join(depths.steep)}")
    return notes


_NAMES = {
    "spot_radius_um": "spot radius",
    "threshold_j_cm2": "threshold",
    "incubation": "incubation",
    "penetration_um": "penetration",
}
_UNITS = {"spot_radius_um": "um", "threshold_j_cm2": "J/cm2", "incubation": "", "penetration_um": "um"}


def _figures(widths: Widths, depths: Depths | None) -> list[dict[str, Any]]:
    return [
        figure_document(_NAMES[field].replace(" ", "_"), estimate, _UNITS[field])
        for field, estimate in _estimates(widths, depths).items()
    ]


def _craters_document(craters: Craters, widths: Widths) -> dict[str, Any]:
    chosen = np.isin(np.array(craters.names, dtype=object), np.array(widths.used, dtype=object))
    worst = int(np.argmax(np.abs(widths.residuals)))
    return {
        "used": len(widths.used),
        "numbers_of_pulses": len(np.unique(craters.pulses[chosen])),
        "unseen": list(widths.unseen),
        "contradicting": list(widths.contradicting),
        "faint": list(widths.faint),
        "noise": round(widths.noise, DIGITS),
        "degrees_of_freedom": widths.degrees_of_freedom,
        "largest": {"cell": widths.used[worst], "residual": round(float(widths.residuals[worst]), DIGITS)},
        "incubation_p": None if widths.incubation_p is None else digits(widths.incubation_p),
    }


def _depths_document(depths: Depths | None) -> dict[str, Any] | None:
    if depths is None:
        return None
    worst = int(np.argmax(np.abs(depths.residuals)))
    return {
        "used": len(depths.used),
        "steep": list(depths.steep),
        "shallow": list(depths.shallow),
        "noise": round(depths.noise, DIGITS),
        "degrees_of_freedom": depths.degrees_of_freedom,
        "largest": {"cell": depths.used[worst], "residual": round(float(depths.residuals[worst]), DIGITS)},
    }


def _process_figures(widths: Widths, depths: Depths | None, craters: Craters, *, measured: str) -> dict[str, Figure]:
    """What goes into the process file, by its keys."""
    numbers = _craters_document(craters, widths)["numbers_of_pulses"]
    basis = f"fitted to {measured}: {len(widths.used)} craters of {numbers} numbers of pulses"
    spot, threshold, incubation = widths.spot_radius_um, widths.threshold_j_cm2, widths.incubation
    figures = {
        "spot_radius": measured_figure(spot, "um", basis),
        "ablation.threshold": measured_figure(threshold, "J/cm2", basis),
        "ablation.incubation": measured_figure(incubation, "", basis),
    }
    if depths is not None:
        nm = Estimate(
            value=depths.penetration_um.value * 1000,
            low=depths.penetration_um.low * 1000,
            high=depths.penetration_um.high * 1000,
        )
        figures["ablation.penetration"] = measured_figure(nm, "nm", f"{basis}, {len(depths.used)} depths")
    return figures
