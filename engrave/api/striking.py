"""One pin under the strikes that are asked for: what each leaves in a primer, and how often that is enough."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engrave.api.folders import PinFolder, job_at, pins_in
from engrave.base.errors import Collecting, InputError, raise_faults
from engrave.base.files import write_folder_atomic
from engrave.base.shelf import Sourced
from engrave.batch import Progress, silent
from engrave.batch.strikes import struck_often
from engrave.code.mark import Mark
from engrave.job import Job
from engrave.job.setup import prepare
from engrave.report import height_png, impression_x3p, microscope_png
from engrave.strike import CONDITIONS, ENSEMBLES, Condition, Ensemble, drawn
from engrave.verify import Checker, checker_for, electrode_files
from engrave.verify.check import engraved, require_profile
from engrave.verify.strikes import Outcome, Sampled, outcome_under, strike_to_json
from toolpaths.findings import Severity
from toolpaths.surface import HeightMap

MOST_SAMPLES = 100_000
DEFAULT_ENSEMBLE = "field"
_MAGNIFICATIONS = (25.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strikes:
    """The outcome: the JSON object ``pin-engrave/strike/1``, and whether every named condition identifies the pin."""

    identified: bool
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What there is to strike and how."""

    tip: HeightMap
    mark: Mark
    checker: Checker
    conditions: tuple[Sourced[Condition], ...]
    ensemble: Sourced[Ensemble] | None


def strike(
    path: Path,
    *,
    conditions: Sequence[str] | None = None,
    samples: int = 0,
    seed: int | None = None,
    ensemble: str | None = None,
    workers: int = 1,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Strikes:
    """Strike a finished pin, from its machine file, mark.json and job.json alone.

    conditions : names, those of the job where none are given; a job's own condition goes before a shipped one of its
    name. samples : draws of the ensemble besides, from ``seed``. out : a folder that is not there yet, for pictures and
    X3P files of every condition. Raises InputError with every fault; a machine file that cannot be simulated is one.
    """
    faults: list[str] = []
    pin = _pin(path, faults)
    faults += _draw_faults(samples, seed=seed, ensemble=ensemble)
    job: Job | None = None
    if pin is not None:
        with Collecting(faults):
            job = job_at(pin.job)
    chosen = _conditions(conditions, job, faults)
    none_named = conditions is not None and not conditions
    if out is not None:
        faults += _place_faults(out, chosen, none_named=none_named)
    if none_named and not samples:
        faults.append("--conditions: names none; name at least one, or ask for draws with --samples")
    ranges: Sourced[Ensemble] | None = None
    with Collecting(faults, prefix="--ensemble: "):
        ranges = ENSEMBLES.load(ensemble or DEFAULT_ENSEMBLE)
    ready: _Ready | None = None
    if pin is not None and job is not None:
        with Collecting(faults):
            ready = _ready(pin, job, chosen, ranges if samples else None)
    raise_faults(faults)
    if ready is None:
        raise InputError(f"{path}: no pin to strike")
    return _struck(ready, samples=samples, seed=seed or 0, workers=workers, out=out, progress=progress or silent)


def _draw_faults(samples: int, *, seed: int | None, ensemble: str | None) -> Iterator[str]:
    if not 0 <= samples <= MOST_SAMPLES:
        yield f"--samples: {samples} must be from 0 to {MOST_SAMPLES}"
    if seed is not None and seed < 0:
        yield f"--seed: {seed} must not be negative"
    for option, given in (("--seed", seed), ("--ensemble", ensemble)):
        if given is not None and samples == 0:
            yield f"{option}: nothing is drawn; say how often with --samples"


def _place_faults(out: Path, chosen: Sequence[Sourced[Condition]], *, none_named: bool) -> Iterator[str]:
    """What is wrong with a folder that is to be made, told before hours are spent on what would go into it."""
    if out.exists():
        yield f"--out: {out} is there already; name a folder that is not, so that nothing is overwritten"
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        yield f"--out: nothing can be written below {above}; name another folder"
    if none_named:
        yield "--out: holds named conditions, and none is named; leave it out"
    # A job's own names can be anything: some would lead out of the folder, or nowhere.
    for entry in chosen:
        if "/" in entry.name or not entry.name.isprintable():
            yield f"condition {entry.name!r}: names no file; rename it"


def _pin(path: Path, faults: list[str]) -> PinFolder | None:
    """The one pin in a folder; that there are more is a fault."""
    found = list(pins_in(path, set(), faults))
    if len(found) > 1:
        faults.append(f"{path}: holds {len(found)} pins; name the folder of one, such as {found[0].folder}")
    return found[0] if found else None


def _conditions(names: Sequence[str] | None, job: Job | None, faults: list[str]) -> tuple[Sourced[Condition], ...]:
    """The conditions of these names, as the job has them or as they are shipped."""
    own: Mapping[str, Sourced[Condition]] = {entry.name: entry for entry in job.conditions} if job else {}
    if names is None:
        return tuple(own.values())
    found: list[Sourced[Condition]] = []
    for name in dict.fromkeys(names):
        if name in own:
            found.append(own[name])
        elif name in CONDITIONS.names():
            found.append(CONDITIONS.load(name))
        else:
            known = ", ".join(sorted({*own, *CONDITIONS.names()}))
            faults.append(f"--conditions: {name!r} is not among the conditions; known: {known}")
    return tuple(found)


def _ready(
    pin: PinFolder, job: Job, conditions: tuple[Sourced[Condition], ...], ensemble: Sourced[Ensemble] | None
) -> _Ready:
    """Cut the tip. Raises InputError where the parts do not fit together or the machine file cannot be simulated."""
    checker = checker_for(prepare(job))
    require_profile(pin.mark, checker)
    made = engraved(
        pin.program(), checker, name=pin.file.name, electrodes=pin.files(electrode_files(checker.setup.job))
    )
    if made.tip is None:
        raise InputError(
            [
                f"{pin.file}: {finding.number} {finding.place or 'program'}: {finding.message}"
                for finding in made.findings
                if finding.severity is Severity.ERROR
            ]
        )
    return _Ready(tip=made.tip, mark=pin.mark, checker=checker, conditions=conditions, ensemble=ensemble)


def _identified(outcome: Outcome, mark: Mark) -> bool:
    return outcome.carriers[-1].identified == mark.id


def _struck(ready: _Ready, *, samples: int, seed: int, workers: int, out: Path | None, progress: Progress) -> Strikes:
    total = len(ready.conditions) + samples
    outcomes: list[Outcome] = []
    for condition in ready.conditions:
        outcomes.append(outcome_under(ready.tip, ready.mark, ready.checker, condition))
        progress(len(outcomes), total, condition.name, _identified(outcomes[-1], ready.mark))
    sampled: Sampled | None = None
    if ready.ensemble is not None:
        primer = ready.checker.setup.job.primer.value
        draws = tuple(drawn(ready.ensemble.value, primer=primer, samples=samples, seed=seed))
        trials = struck_often(
            ready.tip,
            ready.mark,
            ready.checker,
            draws,
            workers=workers,
            progress=lambda done, _total, name, passed: progress(len(outcomes) + done, total, name, passed),
        )
        sampled = Sampled(ensemble=ready.ensemble, seed=seed, trials=trials)
    if out is not None:
        write_folder_atomic(out, _files(outcomes, ready.mark))
    return Strikes(
        identified=all(_identified(entry, ready.mark) for entry in outcomes),
        document=strike_to_json(outcomes, sampled, ready.mark, ready.checker, conditions=ready.conditions),
    )


def _files(outcomes: Sequence[Outcome], mark: Mark) -> dict[str, bytes]:
    """The height map, its picture, and the view under a microscope, of every condition, by file name."""
    files: dict[str, bytes] = {}
    for entry in outcomes:
        name, surface = entry.struck.name, entry.struck.impression.surface
        title = f"{mark.characters[:4]} {mark.characters[4:]} - {entry.struck.condition.description.lower()}"
        files[f"{name}.x3p"] = impression_x3p(surface)
        files[f"{name}-heights.png"] = height_png(surface, title=title)
        for magnification in _MAGNIFICATIONS:
            picture = microscope_png(surface, title=title, magnification=magnification)
            files[f"{name}-{magnification:g}x.png"] = picture
    return files
