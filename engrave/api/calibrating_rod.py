"""Calibration of an eroding rod: measurements of a coupon's slots to gaps and wear, and a process that has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engrave.api.calibrating import MOST_HALF_WIDTH, MOST_NOISE
from engrave.api.calibrating_process import Figure, WantedProcess, measured_figure, write_process
from engrave.api.calibrating_table import DIGITS, figure_document, measured_text
from engrave.base.config import build, parse_toml
from engrave.base.errors import InputError, raise_faults
from engrave.base.tables import Column, Row, Table, read_table
from engrave.job.shelves import MILLINGS
from toolpaths.edm.calibration import LEAST_SLOTS, RodFit, Slots, fit_slots
from toolpaths.edm.milling_recipe import Milling
from toolpaths.errors import ToolpathError
from toolpaths.laser.calibration import Estimate

ROD_CALIBRATION_SCHEMA = "pin-engrave/rod-calibration/1"
DEFAULT_MILLING = "wc-20"

# What a rod and a profilometer can have to do with, um: an angstrom to ten centimetres.
_LEAST_UM, _MOST_UM = 1e-4, 1e5
_SET = ("rod_um", "length_um")
_MEASURED = ("width_um", "start_depth_um", "end_depth_um")
_FAR = 4.0

_FloatArray = NDArray[np.float64]

_COLUMNS = (
    Column(field="slot"),
    Column(field="rod_um", required=True, filled=True),
    Column(field="sent_um", required=True, filled=True),
    Column(field="length_um", required=True, filled=True),
    *(Column(field=field, required=True) for field in _MEASURED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdmFit:
    """The outcome: whether a process can be made of it, ``pin-engrave/rod-calibration/1``, the process file's text."""

    good: bool
    document: dict[str, Any]
    process: str | None


def fit_edm(
    path: Path,
    *,
    out: Path | None = None,
    name: str | None = None,
    process: str | None = None,
    library: Path | None = None,
) -> EdmFit:
    """Side gap, front gap and wear ratio from the measured slots of one rod; and a process that has them.

    out : the process file, NAME.toml; one that is there keeps everything else that it says. A new one is made of
    ``process``, by name, the shipped one by default. name : what the process is called, the file's name by default.
    Raises InputError with every fault of the measurements, and where ``out`` is not, or cannot become, a process.
    """
    wanted = WantedProcess(out=out, name=name, process=process, library=library, default=DEFAULT_MILLING)
    text, digest = measured_text(path)
    table = read_table(text, _COLUMNS, origin=path.name)
    slots = _slots(table, origin=path.name)
    try:
        fit = fit_slots(slots)
    except ToolpathError as error:
        raise InputError([f"{path.name}: {line}" for line in str(error).splitlines()]) from error
    faults, notes = list(_fit_faults(fit)), [*_table_notes(table, slots), *_fit_notes(fit)]
    made: str | None = None
    if not faults:
        figures = _process_figures(fit, slots, measured=f"{path.name} (sha256 {digest})")
        made = write_process(wanted, figures, MILLINGS)
        notes += _process_notes(made, slots.rod_um)
    document = {
        "schema": ROD_CALIBRATION_SCHEMA,
        "measurements": {"name": path.name, "sha256": digest},
        "good": not faults,
        "faults": faults,
        "notes": notes,
        "rod_um": slots.rod_um,
        "figures": [figure_document(figure, estimate, unit) for figure, (estimate, unit) in _estimates(fit).items()],
        "widths": _kind_document(fit, widths=True),
        "depths": _kind_document(fit, widths=False),
        "limits": {"most_noise": MOST_NOISE, "most_half_width": MOST_HALF_WIDTH, "least_slots": LEAST_SLOTS},
        "process": out.name if out is not None and made is not None else None,
    }
    return EdmFit(good=not faults, document=document, process=made)


def _slots(table: Table, *, origin: str) -> Slots:
    """The slots that were measured. Raises InputError with every fault."""
    faults = [f"{origin}: line {row.line}: {fault}" for row in table.rows for fault in _row_faults(row)]
    rods_um = sorted({row.numbers["rod_um"] for row in table.rows})
    if len(rods_um) > 1:
        told = ", ".join(f"{rod_um:g}" for rod_um in rods_um)
        faults.append(f"{origin}: rods of {told} um: fit each rod by itself, from a file of its own")
    raise_faults(faults)
    rows = [row for row in table.rows if _is_measured(row)]

    def column(field: str) -> _FloatArray:
        return np.array([row.numbers.get(field, np.nan) for row in rows], dtype=np.float64)

    return Slots(
        names=tuple(row.texts.get("slot", f"line {row.line}") for row in rows),
        rod_um=rods_um[0],
        sent_um=column("sent_um"),
        length_um=column("length_um"),
        width_um=column("width_um"),
        start_depth_um=column("start_depth_um"),
        end_depth_um=column("end_depth_um"),
    )


def _is_measured(row: Row) -> bool:
    return any(field in row.numbers for field in _MEASURED)


def _row_faults(row: Row) -> Iterator[str]:
    """What a row says that cannot be."""
    for column in _COLUMNS[1:]:
        field, value = column.field, row.numbers.get(column.field)
        zero = field == "sent_um" and value == 0
        if value is not None and not zero and not _LEAST_UM <= value <= _MOST_UM:
            remedy = "; leave it empty where it was not measured" if field in _MEASURED else ""
            yield f"{column.name}: must be from {_LEAST_UM:g} to {_MOST_UM:g} um{remedy}"


def _estimates(fit: RodFit) -> dict[str, tuple[Estimate, str]]:
    """The figures, by the process file's keys, with their units."""
    return {
        "gap_side": (fit.gap_side_um, "um"),
        "gap_front": (fit.gap_front_um, "um"),
        "wear_ratio": (fit.wear_ratio, ""),
    }


def _words(figure: str) -> str:
    return {"gap_side": "side gap", "gap_front": "front gap"}.get(figure, "wear ratio")


def _fit_faults(fit: RodFit) -> Iterator[str]:
    """Why no process can be made of it."""
    for what, noise in (("widths", fit.width_noise), ("depths", fit.depth_noise)):
        if noise > MOST_NOISE:
            yield f"{what} scatter by {noise:.1%} about the fit; {MOST_NOISE:.0%} is the limit"
    for figure, (estimate, _) in _estimates(fit).items():
        if estimate.half_width > MOST_HALF_WIDTH:
            known = f"{_words(figure)} is known within {estimate.half_width:.1%}; {MOST_HALF_WIDTH:.0%} is the limit"
            yield f"{known}: measure more, or better"
    if fit.wear_ratio.value >= 1:
        yield f"wear ratio comes out as {fit.wear_ratio.value:.3g}: the rod would lose more than it removes"


def _table_notes(table: Table, slots: Slots) -> Iterator[str]:
    empty = len(table.rows) - len(slots.names)
    if empty:
        yield f"{empty} rows have neither a width nor a depth: they were not measured"


def _fit_notes(fit: RodFit) -> Iterator[str]:
    """What the reader of the figures should know."""
    widths = fit.width_freedom + 1
    noise = np.repeat([fit.width_noise, fit.depth_noise], [widths, len(fit.names) - widths])
    far = [name for name, is_far in zip(fit.names, np.abs(fit.residuals) > _FAR * noise, strict=True) if is_far]
    if far:
        yield f"far from the fit; measure again: {', '.join(far)}"


def _process_notes(made: str | None, rod_um: float) -> Iterator[str]:
    """Where the process has no rod like the one that was measured."""
    if made is None:
        return
    table = parse_toml(made, origin="")
    table.pop("sources", None)
    rods_um = [rod.diameter_um for rod in build(Milling, table, origin="").rods]
    if not any(np.isclose(rod_um, known_um) for known_um in rods_um):
        told = ", ".join(f"{known_um:g}" for known_um in rods_um)
        yield f"the process has rods of {told} um, and one of {rod_um:g} um was measured: state the rods that you use"


def _kind_document(fit: RodFit, *, widths: bool) -> dict[str, Any]:
    count = fit.width_freedom + 1
    kind = slice(0, count) if widths else slice(count, None)
    names, residuals = fit.names[kind], fit.residuals[kind]
    worst = int(np.argmax(np.abs(residuals)))
    return {
        "used": len(names),
        "noise": round(fit.width_noise if widths else fit.depth_noise, DIGITS),
        "degrees_of_freedom": fit.width_freedom if widths else fit.depth_freedom,
        "largest": {"place": names[worst], "residual": round(float(residuals[worst]), DIGITS)},
    }


def _process_figures(fit: RodFit, slots: Slots, *, measured: str) -> dict[str, Figure]:
    """What goes into the process file, by its keys."""
    widths = fit.width_freedom + 1
    basis = f"fitted to {measured}: {widths} widths and {len(fit.names) - widths} depths of slots cut by a rod of "
    figures = {
        figure: measured_figure(estimate, unit, f"{basis}{slots.rod_um:g} um")
        for figure, (estimate, unit) in _estimates(fit).items()
    }
    return {**figures, "calibrated": Figure(value="true", source=None)}
