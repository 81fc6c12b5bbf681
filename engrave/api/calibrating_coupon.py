"""The coupon that a laser is calibrated on: machine file, map and form."""

import csv
import io
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, known_of
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, OccupiedError, raise_faults
from engrave.base.files import sha256_hex, write_folder_atomic
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.batch.machine_files import path_files
from engrave.job import Job
from engrave.report.coupon import coupon_svg
from toolpaths.errors import ToolpathError
from toolpaths.laser.coupon import RATE_HZ, Cell, Coupon, coupon_for
from toolpaths.writers.gcode import write_gcode

COUPON_SCHEMA = "pin-engrave/coupon/1"
# The map has the name that a drawing of the paths would have.
_NAMES = {"job.svg": "coupon-paths.svg"}


def laser_coupon(job: JobGiven, out: Path, *, rate_hz: float | None = None) -> dict[str, Any]:
    """Make the folder of a calibration coupon for a job's process and machine; ``pin-engrave/coupon/1``.

    The folder holds ``coupon.ngc``, or for a scanner the files that the job asks for, the map ``coupon.svg``, the form
    ``measurements.csv`` and ``coupon.json``. Raises InputError where the job has faults or its machine cannot make the
    coupon, OccupiedError where ``out`` is there.
    """
    if out.exists() or out.is_symlink():
        raise OccupiedError(f"{out}: is there already; name a new folder")
    faults: list[str] = []
    known = known_of(job, faults)
    raise_faults(faults)
    if known.job is None:
        raise InputError("the job cannot be read")
    return _write_coupon(known.job, out, rate_hz=RATE_HZ if rate_hz is None else rate_hz)


def _write_coupon(job: Job, out: Path, *, rate_hz: float) -> dict[str, Any]:
    machine, recipe = job.machine.value, job.laser.value
    title = f"Calibration coupon: {recipe.name} on {machine.name}"
    try:
        coupon = coupon_for(
            spot_radius_um=recipe.spot_radius_um, ablation=recipe.ablation, machine=machine, rate_hz=rate_hz
        )
        files = _machine_files(coupon, job, title=title)
    except ToolpathError as error:
        raise InputError([f"job {job.name!r}: {line}" for line in str(error).splitlines()]) from error
    made = {**files, "coupon.svg": coupon_svg(coupon, title=title), "measurements.csv": _form(coupon)}
    document = _coupon_document(job, coupon, made)
    write_folder_atomic(out, {**made, "coupon.json": json_bytes(document)})
    return document


def _machine_files(coupon: Coupon, job: Job, *, title: str) -> dict[str, bytes]:
    """The program of a stage, or what the job asks for of a scanner."""
    header = (
        f"{DISTRIBUTION} {tool_version()}",
        f"calibration coupon, machine {job.machine.name}, process {job.process.name}",
        "flat coupon, focus and z = 0 on its surface, origin in its middle, mm",
        "interlock, stop, key and shutter are hardware; this file is no safety function",
    )
    if not job.machine.value.is_galvo:
        return {"coupon.ngc": write_gcode(coupon.toolpath, job.machine.value, header=header)}
    files = path_files(coupon.toolpath, job, title=title, header=header)
    return {_NAMES.get(name, name.replace("job", "coupon")): data for name, data in files.items()}


def _form(coupon: Coupon) -> bytes:
    """The form to fill in: a line a cell, diameters and depths empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = ("cell", "energy_uJ", "pulses", "passes", "pitch_um", "hatch_um", "diameter_um", "depth_um")
    writer.writerow(names)
    for cell in coupon.cells:
        told = (f"{cell.pulse_energy_j * 1e6:.6g}", cell.pulses, cell.passes, cell.pitch_um, cell.hatch_um)
        writer.writerow([cell.name, *("" if value is None else value for value in told), "", ""])
    return text.getvalue().encode()


def _coupon_document(job: Job, coupon: Coupon, made: dict[str, bytes]) -> dict[str, Any]:
    recipe = job.laser.value
    return {
        "schema": COUPON_SCHEMA,
        "job": job.name,
        "machine": job.machine.name,
        "process": job.process.name,
        "believed": {
            "spot_radius_um": recipe.spot_radius_um,
            "threshold_j_cm2": recipe.ablation.threshold_j_cm2,
            "incubation": recipe.ablation.incubation,
        },
        "rate_hz": coupon.rate_hz,
        "lit_s": round(coupon.lit_s, 3),
        "crater_pitch_um": coupon.crater_pitch_um,
        "cells": [_cell_document(cell) for cell in coupon.cells],
        "files": {name: sha256_hex(data) for name, data in sorted(made.items())},
    }


def _cell_document(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.name,
        "kind": "crater" if cell.pulses is not None else "square",
        "x_um": cell.x_um,
        "y_um": cell.y_um,
        "pulse_energy_j": cell.pulse_energy_j,
        "pulses": cell.pulses,
        "path_um": cell.path_um,
        "passes": cell.passes,
        "pitch_um": cell.pitch_um,
        "hatch_um": cell.hatch_um,
        "side_um": cell.side_um,
    }
