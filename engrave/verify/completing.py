"""What a drawing or a scanner's file does not say of its paths, taken from the job.

M430 an operation of a name that the job's process does not know; M431 a file that does not say how often its paths
are run.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from engrave.job import Job
from engrave.verify.physics import focus_band_um
from toolpaths.findings import Finding, Severity
from toolpaths.laser.laying import labels
from toolpaths.laser.recipe import NONE, SAME_PROCESS, Recipe, Step
from toolpaths.model import Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import REPEATS, Drawn, Z
from toolpaths.surface import Surface

_LAYER = re.compile(r"OP[0-9]+_(.+)_X[0-9]+(?:_NEXT)?", re.IGNORECASE)
# Layers of DXF R12 have at most this many letters: a name may have lost its end.
_LONGEST_LAYER = 31
_TAPER = re.compile(r"taper-[0-9]+")
_MOST_FINDINGS = 20


def completed(read: Drawn, job: Job, tip: Surface) -> tuple[Toolpath | None, tuple[Finding, ...]]:
    """The paths with every figure and every height that the job gives them; None where the job cannot, and why.

    Energy, rate and feed are those of the step that an operation's own name tells; a file that says all three is not
    asked for a name. Heights are where the operator has to keep the focus.
    """
    findings = [*_unsaid_runs(read)]
    recipe = job.laser.value
    found: dict[str, Step] = {}
    for name in dict.fromkeys(each.name for _, each in read.toolpath.operations() if not _is_whole(each.process)):
        step = step_named(name, recipe)
        if step is not None:
            found[name] = step
        elif len(findings) < _MOST_FINDINGS:
            findings.append(_unknown(name, job))
    if findings:
        return None, tuple(findings)
    focus_um = None if Z in read.says else focus_band_um(job)[0]

    def whole(operation: Operation) -> Operation:
        step = found.get(operation.name) if not _is_whole(operation.process) else None
        process = operation.process if step is None else filled(operation.process, recipe.process_of(step))
        paths = operation.paths if focus_um is None else _in_focus(operation.paths, tip, focus_um)
        return replace(operation, process=process, paths=paths)

    blocks = tuple(replace(block, operations=tuple(map(whole, block.operations))) for block in read.toolpath.blocks)
    return Toolpath(blocks=blocks), ()


def _is_whole(process: Process) -> bool:
    """Whether the file says the three figures by which machine files tell steps."""
    return all(map(math.isfinite, (process.pulse_energy_j, process.repetition_rate_hz, process.feed_um_s)))


def filled(process: Process, of_step: Process) -> Process:
    """The process, what it does not say as the step's has it."""

    def figure(own: float, other: float) -> float:
        return other if math.isnan(own) else own

    return Process(
        pulse_energy_j=figure(process.pulse_energy_j, of_step.pulse_energy_j),
        repetition_rate_hz=figure(process.repetition_rate_hz, of_step.repetition_rate_hz),
        feed_um_s=figure(process.feed_um_s, of_step.feed_um_s),
        pulse_width_s=of_step.pulse_width_s if process.pulse_width_s is None else process.pulse_width_s,
        spot_radius_um=of_step.spot_radius_um if process.spot_radius_um is None else process.spot_radius_um,
        wavelength_um=of_step.wavelength_um if process.wavelength_um is None else process.wavelength_um,
        delays=of_step.delays if process.delays is None else process.delays,
    )


def step_named(name: str, recipe: Recipe) -> Step | None:
    """The step that the operation of this name belongs to, as planning names operations; None where none has it.

    A layer of a DXF has its place and its runs about the name, and in R12 capitals and perhaps not the name's end;
    a name without its end counts where what is left is of one step alone.
    """
    layer = _LAYER.fullmatch(name)
    plain = (layer[1] if layer else name).lower()
    known = _names(recipe)
    if plain in known:
        return known[plain]
    if _TAPER.fullmatch(plain):
        return recipe.rough
    if layer is None or len(name) < _LONGEST_LAYER:
        return None
    begun = {id(step): step for known_name, step in known.items() if known_name.startswith(plain)}
    return next(iter(begun.values())) if len(begun) == 1 else None


def _names(recipe: Recipe) -> Mapping[str, Step]:
    """Names of all operations that the recipe's steps may make, tapers apart."""
    names: dict[str, Step] = {}
    for step, label in zip(recipe.steps, labels(recipe), strict=True):
        for angle_rad in step.angles_rad:
            degrees = f"{round(math.degrees(angle_rad)):03d}"
            names[f"{label}hatch-{degrees}"] = step
            if step.contour != NONE:
                names[f"{label}contour-{degrees}"] = step
        if not step.angles_rad:
            names[f"{label}contour"] = step
    return names


def step_with(process: Process, recipe: Recipe) -> int | None:
    """Which step, from 0, has this energy, rate and feed to a millionth; None where none has."""
    for index, step in enumerate(recipe.steps):
        own = recipe.process_of(step)
        pairs = (
            (own.pulse_energy_j, process.pulse_energy_j),
            (own.repetition_rate_hz, process.repetition_rate_hz),
            (own.feed_um_s, process.feed_um_s),
        )
        if all(math.isclose(one, other, rel_tol=SAME_PROCESS) for one, other in pairs):
            return index
    return None


def _in_focus(paths: Polylines, tip: Surface, focus_um: float) -> Polylines:
    """Paths without heights, put where the operator has to keep the focus; outside the face at its apex."""
    x_um, y_um, _ = paths.points.T
    z_um = np.nan_to_num(tip.height_um(x_um, y_um)) + focus_um
    return Polylines(points=np.column_stack([x_um, y_um, z_um]), starts=paths.starts)


def _unsaid_runs(read: Drawn) -> Iterator[Finding]:
    if REPEATS not in read.says:
        yield Finding(
            number="M431",
            severity=Severity.ERROR,
            message="the file does not say how often its paths are run, and job.json does not either",
            place="file",
            remedy="check a job's own file, with its layers or groups as they were written",
        )


def _unknown(name: str, job: Job) -> Finding:
    return Finding(
        number="M430",
        severity=Severity.ERROR,
        message=f"the file gives no process, and process {job.process.name!r} has no operation of this name",
        place=name[:80],
        remedy=f"name it as the job does: {', '.join(_names(job.laser.value))[:200]}",
    )
