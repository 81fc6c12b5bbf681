"""The outcome of a check as the document ``check.json``."""

import math
from collections.abc import Sequence
from typing import Any

from engrave.code.mark import Mark
from engrave.code.shapes import SHAPE_NAMES
from engrave.code.told import told_posterior
from engrave.job import Job, prior_notes
from engrave.job.setup import Setup
from engrave.layout.polygons import TOOTH
from engrave.verify.check import CHECK_SCHEMA, Checked, Struck
from engrave.verify.compare import Measured
from engrave.verify.naming import pin_of
from engrave.verify.timing import Times
from engrave.verify.weighed import CALIBRATED, likeliest_other, posterior_of
from toolpaths.edm.milling_recipe import Milling
from toolpaths.findings import Finding
from toolpaths.laser.recipe import Recipe

_DECIMALS = 3
_CHANCES = f"{CALIBRATED} No verdict rests on it."


def check_to_json(checked: Checked, setup: Setup) -> dict[str, Any]:
    """The JSON object of a check; figures of the simulation are rounded to a nanometre."""
    nominal = checked.nominal
    return {
        "schema": CHECK_SCHEMA,
        "verdict": "pass" if checked.passed else "fail",
        "intended": {"characters": checked.mark.characters, "id": checked.mark.id, "serial": checked.mark.serial},
        "reading": None if nominal is None else _reading(nominal, checked.mark, setup),
        "findings": [finding_to_json(finding) for finding in checked.findings],
        **lands_to_json(checked.measured),
        "conditions": {struck.name: condition_to_json(struck, checked.mark, setup) for struck in checked.struck},
        "file": checked.source.name,
        "format": checked.source.kind,
        "geometry_only": checked.source.geometry_only,
        "not_in_file": list(checked.source.not_in_file),
        "time": None if checked.times is None else _times_to_json(checked.times, setup),
        "priors": [
            {"of": name, "source": source}
            for name, source in (*prior_notes(checked.job), ("reading.posterior", _CHANCES))
        ],
    }


def _times_to_json(times: Times, setup: Setup) -> dict[str, Any]:
    """An estimate in milliseconds' steps, by the recipe's steps and by the file's operations."""
    kinds = _kinds_of_steps(setup.job)
    return {
        "total_s": _plain(times.total_s, _DECIMALS),
        "is_least": times.is_least,
        "steps": [
            {"step": step, "kind": None if step is None else kinds[step - 1], "total_s": _plain(total_s, _DECIMALS)}
            for step, total_s in times.by_step().items()
        ],
        "operations": [
            {
                "operation": operation.name,
                "step": step,
                "runs": operation.repeats,
                "total_s": _plain(operation.total_s, _DECIMALS),
                "mark_s": _plain(operation.mark_s, _DECIMALS),
                "jump_s": _plain(operation.jump_s, _DECIMALS),
                "wait_s": _plain(operation.wait_s, _DECIMALS),
            }
            for step, operation in times.operations
        ],
    }


def _kinds_of_steps(job: Job) -> list[str]:
    """What each step of the process is: of a laser's recipe its kind, of rods and electrodes which one it is."""
    process = job.process.value
    if isinstance(process, Recipe):
        return [step.kind for step in process.steps]
    if isinstance(process, Milling):
        return [f"rod of {rod.diameter_um:g} um" for rod in process.rods]
    return [f"electrode {stage.name}" for stage in process.stages]


def lands_to_json(measured: Sequence[Measured]) -> dict[str, list[dict[str, Any]]]:
    """How every land has printed: characters, teeth and shapes."""
    kinds: dict[str, list[dict[str, Any]]] = {"glyphs": [], "ring_cells": [], "shapes": []}
    for entry in measured:
        kind = "ring_cells" if entry.shows == TOOTH else "shapes" if entry.shows in SHAPE_NAMES else "glyphs"
        kinds[kind].append(land_to_json(entry))
    return kinds


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding as a JSON object; a figure that could not be measured is None."""
    return {
        "number": finding.number,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": finding.place,
        "value": _rounded(finding.value),
        "limit": _rounded(finding.limit),
        "unit": finding.unit,
        "remedy": finding.remedy,
    }


def _reading(struck: Struck, mark: Mark, setup: Setup) -> dict[str, Any]:
    """What was read: symbols as decided (``?`` where none was), and the pin that they name together."""
    reading, candidate = struck.reading, struck.identified
    located = pin_of(candidate.id, mark, setup) if candidate else None
    return {
        "found": reading.found,
        "characters": "".join(read.character or "?" for read in reading.characters),
        "ring": ["".join("?" if cell < 0 else str(cell) for cell in track) for track in reading.cells.tolist()],
        "shapes": [read.shape or "?" for read in reading.shapes],
        "mirrored": reading.mirrored,
        "inverted": reading.inverted,
        "rotation_deg": _plain(math.degrees(reading.rotation_rad), 2),
        "x_um": _plain(reading.x_um, 1),
        "y_um": _plain(reading.y_um, 1),
        "identified": candidate is not None,
        "check_bits": candidate.check_bits if candidate else 0,
        "id": candidate.id if candidate else None,
        "serial": located[2] if located else None,
        "maker": located[0] if located else None,
        "model": located[1] if located else None,
        "posterior": told_posterior(posterior_of(struck.soft, candidate.id)) if candidate else None,
        "runner_up": _runner_up(struck, mark, setup),
    }


def _runner_up(struck: Struck, mark: Mark, setup: Setup) -> dict[str, Any] | None:
    """The likeliest pin beside the one that is named."""
    candidate = struck.identified
    other = likeliest_other(struck.soft, candidate.id if candidate else None)
    if other is None:
        return None
    located = pin_of(other.id, mark, setup)
    return {
        "id": other.id,
        "characters": other.characters,
        "serial": located[2] if located else None,
        "posterior": told_posterior(other.posterior),
        "distance": _distance(other.codeword, candidate.codeword, setup.profile.carried) if candidate else None,
    }


def _distance(one: tuple[int, ...], other: tuple[int, ...], carried: int) -> int:
    """In how many of the carried symbols two code words differ."""
    pairs = zip(one[:carried], other[:carried], strict=True)
    return sum(mine != yours for mine, yours in pairs)


def land_to_json(entry: Measured) -> dict[str, Any]:
    """How one land has printed."""
    return {
        "place": entry.place,
        "shows": entry.shows,
        "depth_um": _rounded(entry.depth_um),
        "contrast": _rounded(entry.contrast),
        "printed_share": _rounded(entry.printed_share),
        "edge_width_um": _rounded(entry.edge_width_um),
        "limit_um": entry.limit_um,
    }


def _rounded(value: float | None) -> float | None:
    """A figure for JSON: None where there is none, or nothing could be measured."""
    return _plain(value, _DECIMALS) if value is not None and math.isfinite(value) else None


def _plain(value: float, decimals: int) -> float:
    """The value rounded, without the sign that nought may carry."""
    return round(value, decimals) + 0.0


def condition_to_json(struck: Struck, mark: Mark, setup: Setup) -> dict[str, Any]:
    """One strike and what was read of it."""
    return {
        "dent_um": round(struck.impression.dent_um, _DECIMALS),
        "contact_um": round(struck.impression.contact_um, 1),
        "pressure_over_yield": round(struck.impression.pressure, _DECIMALS),
        "reading": _reading(struck, mark, setup),
    }
