"""The outcome of an inspection as the document ``pin-engrave/inspection/1``."""

import math
from collections.abc import Sequence
from typing import Any

from engrave.code.shapes import SHAPE_NAMES
from engrave.inspect.inspecting import LEAST_CORRELATION, Inspected
from engrave.inspect.judging import COVERAGE, JudgedLand
from engrave.inspect.scan import Scan
from engrave.job import prior_notes
from engrave.job.setup import Setup
from engrave.layout.polygons import TOOTH
from engrave.verify.document import finding_to_json
from engrave.verify.naming import pin_of

INSPECTION_SCHEMA = "pin-engrave/inspection/1"
_UM_DECIMALS, _SHARE_DECIMALS, _DEGREE_DECIMALS = 3, 4, 3
_LIMITS = "What a measured pin is held against: a prior, until a maker says otherwise by the options of `inspect`."
_WALLS = "Walls of a laser as its process leaves them along a straight outline; floors by the closed form of its steps."


def inspection_to_json(inspected: Inspected, setup: Setup, *, repeats: Sequence[Scan] = ()) -> dict[str, Any]:
    """The JSON object of an inspection; lengths to a nanometre."""
    mark, clean = inspected.mark, inspected.laid.cleaned
    return {
        "schema": INSPECTION_SCHEMA,
        "verdict": inspected.verdict.value,
        "intended": {"characters": mark.characters, "id": mark.id, "serial": mark.serial},
        "scan": {
            **_file(inspected.scan),
            "kind": inspected.scan.kind,
            "notes": list(inspected.scan.notes),
            "pixel_um": _rounded(inspected.scan.surface.pixel_um, _UM_DECIMALS),
            "samples": clean.samples,
            "holes": clean.holes,
            "spikes": clean.spikes,
        },
        "reading": _reading(inspected, setup),
        "lies": _lies(inspected),
        "uncertainty": {
            "k": COVERAGE,
            "depth_um": _rounded(inspected.uncertainty.depth_um, _UM_DECIMALS),
            "width_um": _rounded(inspected.uncertainty.width_um, _UM_DECIMALS),
            "how": inspected.uncertainty.how,
            "repeats": [_file(scan) for scan in repeats],
        },
        "limits": {
            "depth_share": inspected.limits.depth_share,
            "width_um": inspected.limits.width_um,
            "burr_um": inspected.limits.burr_um,
            "standing_share": inspected.limits.standing_share,
        },
        **_lands(inspected.lands),
        "findings": [finding_to_json(finding) for finding in inspected.findings],
        "priors": [
            {"of": name, "source": source}
            for name, source in (*prior_notes(setup.job), ("limits", _LIMITS), ("designed_depth_um", _WALLS))
        ],
    }


def _file(scan: Scan) -> dict[str, Any]:
    return {"name": scan.name, "sha256": scan.sha256}


def _reading(inspected: Inspected, setup: Setup) -> dict[str, Any]:
    """What the pin reads as, and the pin that it names."""
    reading, candidate = inspected.reading, inspected.identified
    located = pin_of(candidate.id, inspected.mark, setup) if candidate else None
    return {
        "found": reading.found,
        "characters": "".join(read.character or "?" for read in reading.characters),
        "ring": ["".join("?" if cell < 0 else str(cell) for cell in track) for track in reading.cells.tolist()],
        "shapes": [read.shape or "?" for read in reading.shapes],
        "mirrored": reading.mirrored,
        "inverted": reading.inverted,
        "identified": candidate is not None,
        "check_bits": candidate.check_bits if candidate else 0,
        "id": candidate.id if candidate else None,
        "serial": located[2] if located else None,
        "maker": located[0] if located else None,
        "model": located[1] if located else None,
    }


def _lies(inspected: Inspected) -> dict[str, Any] | None:
    """How the scan lies on the design."""
    lies = inspected.laid.lies
    if lies is None:
        return None
    return {
        "fits": inspected.laid.fits,
        "correlation": _rounded(lies.correlation, _SHARE_DECIMALS),
        "least_correlation": LEAST_CORRELATION,
        "turn_deg": _rounded(math.degrees(lies.turn_rad), _DEGREE_DECIMALS),
        "tilt_deg": _rounded(math.degrees(lies.tilt_rad), _DEGREE_DECIMALS),
        "x_um": _rounded(lies.centre_um[0], _UM_DECIMALS),
        "y_um": _rounded(lies.centre_um[1], _UM_DECIMALS),
        "form_x_um": _rounded(lies.form_um[0], _UM_DECIMALS),
        "form_y_um": _rounded(lies.form_um[1], _UM_DECIMALS),
        "depth_scale": _rounded(lies.depth_scale, _SHARE_DECIMALS),
        "bend_um": _rounded(lies.bend_um, _UM_DECIMALS),
    }


def _lands(lands: Sequence[JudgedLand]) -> dict[str, list[dict[str, Any]]]:
    """Every land by its kind."""
    kinds: dict[str, list[dict[str, Any]]] = {"glyphs": [], "ring_cells": [], "shapes": []}
    for land in lands:
        shows = land.measured.shows
        kind = "ring_cells" if shows == TOOTH else "shapes" if shows in SHAPE_NAMES else "glyphs"
        kinds[kind].append(_land(land))
    return kinds


def _land(land: JudgedLand) -> dict[str, Any]:
    measured = land.measured
    low_um, high_um = land.depth_limits_um
    return {
        "place": measured.place,
        "shows": measured.shows,
        "depth_um": _rounded(measured.depth_um, _UM_DECIMALS),
        "designed_depth_um": _rounded(measured.designed_depth_um, _UM_DECIMALS),
        "low_um": _rounded(low_um, _UM_DECIMALS),
        "high_um": _rounded(high_um, _UM_DECIMALS),
        "depth": land.depth.value,
        "width_um": _rounded(measured.width_um, _UM_DECIMALS),
        "designed_width_um": _rounded(measured.designed_width_um, _UM_DECIMALS),
        "off_um": _rounded(measured.off_um, _UM_DECIMALS),
        "width": land.width.value,
        "standing_share": _rounded(measured.standing_share, _SHARE_DECIMALS),
        "seen_share": _rounded(measured.seen_share, _SHARE_DECIMALS),
    }


def _rounded(value: float | None, decimals: int) -> float | None:
    """A figure for JSON: None where there is none, or nothing could be measured; nought without a sign."""
    return round(float(value), decimals) + 0.0 if value is not None and math.isfinite(value) else None
