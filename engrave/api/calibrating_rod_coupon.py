"""The coupon that an eroding rod is calibrated on: machine file, map and form."""

import csv
import io
import math
from pathlib import Path
from typing import Any

from engrave.api.given import JobGiven, known_of
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, OccupiedError, raise_faults
from engrave.base.files import sha256_hex, write_folder_atomic
from engrave.base.version import DISTRIBUTION, tool_version
from engrave.job import Job
from engrave.report.rod_coupon import rod_coupon_svg
from engrave.tips import FlatTip
from toolpaths.edm.coupon import RodCoupon, decay_um, rod_coupon
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.model import TouchOff
from toolpaths.edm.safety import check_erosion
from toolpaths.errors import ToolpathError
from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.writers.edm_gcode import write_edm_gcode

ROD_COUPON_SCHEMA = "pin-engrave/rod-coupon/1"
FORM_COLUMNS = ("slot", "rod_um", "sent_um", "length_um", "width_um", "start_depth_um", "end_depth_um")


def edm_coupon(job: JobGiven, out: Path, *, rod: int | None = None) -> dict[str, Any]:
    """Make the folder of a calibration coupon for a rod of a job's process; ``pin-engrave/rod-coupon/1``.

    rod : counted from 1 as the process lists them, the finest without it. The folder holds ``coupon.ngc``, the map
    ``coupon.svg``, the form ``measurements.csv`` and ``coupon.json``. Raises InputError where the job has faults, does
    not mill by sparks or has no such rod, or its machine cannot make the coupon; OccupiedError where ``out`` is there.
    """
    if out.exists() or out.is_symlink():
        raise OccupiedError(f"{out}: is there already; name a new folder")
    faults: list[str] = []
    known = known_of(job, faults)
    raise_faults(faults)
    if known.job is None:
        raise InputError("the job cannot be read")
    milling = known.job.milling.value
    count = len(milling.rods)
    if rod is not None and not 1 <= rod <= count:
        raise InputError(f"--rod: process {milling.name!r} has rods 1 to {count}, the coarsest first; {rod} is none")
    return _write_coupon(known.job, out, rod=count - 1 if rod is None else rod - 1)


def _write_coupon(job: Job, out: Path, *, rod: int) -> dict[str, Any]:
    milling, machine = job.milling.value, job.machine.value
    coupon = rod_coupon(milling, rod=rod)
    try:
        program = write_edm_gcode(coupon.erosion, machine, header=_header(job, rod=rod))
        faults = _faults(program, coupon, milling, machine)
    except ToolpathError as error:
        faults = str(error).splitlines()
    raise_faults([f"job {job.name!r}: the coupon of rod {rod + 1}: {fault}" for fault in faults])
    title = f"Calibration coupon: rod {rod + 1} ({coupon.rod_um:g} um) of {milling.name} on {machine.name}"
    made = {
        "coupon.ngc": program,
        "coupon.svg": rod_coupon_svg(coupon, width_um=_width_um(milling, rod), title=title),
        "measurements.csv": _form(coupon),
    }
    document = _document(job, coupon, made)
    write_folder_atomic(out, {**made, "coupon.json": json_bytes(document)})
    return document


def _header(job: Job, *, rod: int) -> tuple[str, ...]:
    milling = job.milling.value
    told = () if milling.calibrated else ("not calibrated: slots are laid out for gaps and wear that are priors",)
    return (
        f"{DISTRIBUTION} {tool_version()}",
        f"calibration coupon, machine {job.machine.name}, process {milling.name}, rod {rod + 1} of {len(milling.rods)}",
        *told,
        "flat coupon, z = 0 on its surface, origin in its middle, mm; the rod touches the face before every slot",
        "this file is no safety function: stop, flushing and fire watch are the machine's own",
    )


def _faults(program: bytes, coupon: RodCoupon, milling: Milling, machine: Machine) -> list[str]:
    """What is wrong with the program as it reads, on a flat that is larger than the coupon."""
    reach_um = max(math.hypot(abs(slot.x_um) + slot.length_um, slot.y_um) for slot in coupon.slots)
    flat = FlatTip(edge_radius_um=reach_um + coupon.room_um)
    read = read_edm_gcode(program, machine)
    findings = check_erosion(
        read,
        machine,
        surface=flat,
        deepest_um=[max(slot.sent_um for slot in coupon.slots)] * len(milling.rods),
        reach_um=[milling.reach_um(rod) for rod in milling.rods],
    )
    return [_sentence(found) for found in (*read.findings, *findings) if found.severity is Severity.ERROR]


def _sentence(found: Finding) -> str:
    value = "" if found.value is None else f" ({found.value:g} {found.unit})"
    return f"{found.number}: {found.message}{value}; {found.remedy}"


def _width_um(milling: Milling, rod: int) -> float:
    return 2 * milling.reach_um(milling.rods[rod])


def _form(coupon: RodCoupon) -> bytes:
    """The form to fill in: a line a slot, width and depths empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FORM_COLUMNS)
    for slot in coupon.slots:
        writer.writerow([slot.name, f"{coupon.rod_um:g}", f"{slot.sent_um:g}", f"{slot.length_um:g}", "", "", ""])
    return text.getvalue().encode()


def _document(job: Job, coupon: RodCoupon, made: dict[str, bytes]) -> dict[str, Any]:
    milling = job.milling.value
    touches = (event for event in coupon.erosion.events if isinstance(event, TouchOff))
    decay = decay_um(milling, rod=coupon.rod)
    return {
        "schema": ROD_COUPON_SCHEMA,
        "job": job.name,
        "machine": job.machine.name,
        "process": job.process.name,
        "calibrated": milling.calibrated,
        "rod": coupon.rod + 1,
        "rod_um": coupon.rod_um,
        "believed": {
            "gap_side_um": milling.gap_side_um,
            "gap_front_um": milling.gap_front_um,
            "wear_ratio": milling.wear_ratio,
            "width_um": _width_um(milling, coupon.rod),
            "decay_um": round(decay, 3) if math.isfinite(decay) else None,
        },
        "room_um": coupon.room_um,
        "slots": [
            {
                "name": slot.name,
                "x_um": slot.x_um,
                "y_um": slot.y_um,
                "length_um": slot.length_um,
                "sent_um": slot.sent_um,
                "touch_x_um": touch.x_um,
                "touch_y_um": touch.y_um,
            }
            for slot, touch in zip(coupon.slots, touches, strict=True)
        ],
        "files": {name: sha256_hex(data) for name, data in sorted(made.items())},
    }
