"""The machine files beside the one that a pin is judged by, read back and held against it.

M434 other paths; M435 points elsewhere; M436 other numbers or turns of runs; M437 another process; warning: M438 a file
that is longer than its reader takes. What else a reader finds wrong with such a file keeps its own number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engrave.job.setup import Setup
from engrave.verify.completing import completed, filled, step_with
from engrave.verify.files import ReadFile, drawing
from engrave.verify.formats import Source, drawing_source, kind_of
from toolpaths.findings import Finding, Severity
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Delays, Process, Toolpath

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_OFF_UM = 0.1
# What rounding in a file may change of a figure: a share of it, or for some the last digit that a format has.
_SHARE = 1e-6
_LAST_DIGIT: Mapping[str, float] = {
    "pulse_energy_j": 1e-12,  # G-code: millionths of a microjoule
    "repetition_rate_hz": 0.5,  # Open Vector Format: whole hertz
    "feed_um_s": 1e-3,
    "pulse_width_s": 0.5e-15,  # Open Vector Format: whole femtoseconds
    "spot_radius_um": 0.0,
    "wavelength_um": 0.0,
}
_DELAYS = ("laser_on_s", "laser_off_s", "jump_s", "mark_s", "polygon_s", "jump_um_s", "sky_writing")
# A reader's limit of size: DXF, SVG, lbrn2, OVF.
_TOO_LONG = frozenset({"M301", "M321", "M341", "M361"})
_AGAIN = "make the pin again; do not use the file"


def held_against(judged: ReadFile, others: Mapping[str, bytes], setup: Setup) -> tuple[Finding, ...]:
    """Every way in which one of the other files, by name, says anything else than the judged one.

    They must have the same paths in the same order, points within ``MOST_OFF_UM``, and every figure that both say.
    Nothing is compared where the judged one could not be understood.
    """
    if judged.toolpath is None:
        return ()
    recipe = setup.job.laser.value
    own = _Flat.of(_with_recipe(judged.toolpath, recipe), judged.source)
    return tuple(finding for name, data in others.items() for finding in _findings(own, name, data, setup))


def _findings(own: "_Flat", name: str, data: bytes, setup: Setup) -> Iterator[Finding]:
    machine = setup.job.machine.value
    read = drawing(data, kind_of(name), machine)
    toolpath, gaps = completed(read, setup.job, setup.tip) if read.readable else (None, ())
    if toolpath is None:
        errors = [finding for finding in (*read.findings, *gaps) if finding.severity is Severity.ERROR]
        yield from (_of_file(finding, name) for finding in errors)
        return
    other = _Flat.of(toolpath, drawing_source(name, read.says, waits=machine.is_galvo))
    if not np.array_equal(own.starts, other.starts):
        message = (
            f"{len(other.starts) - 1} paths, and the judged file has {len(own.starts) - 1}, or other points in them"
        )
        yield _error("M434", message, name)
        return
    axes = 3 if own.source.has_heights and other.source.has_heights else 2
    off_um = float(np.abs(own.points[:, :axes] - other.points[:, :axes]).max(initial=0.0))
    if not off_um <= MOST_OFF_UM:
        message = "a point lies elsewhere than in the judged file; the value is how far along an axis"
        yield _error("M435", message, name, value=off_um, limit=MOST_OFF_UM, unit="um")
    yield from _run_findings(own, other)
    yield from _process_findings(own, other)


def _of_file(finding: Finding, name: str) -> Finding:
    """A reader's finding with the file's name; a file that is only too long for us is no wrong one."""
    if finding.number not in _TOO_LONG:
        return replace(finding, place=f"{name}: {finding.place}" if finding.place else name)
    return Finding(
        number="M438",
        severity=Severity.WARNING,
        message=f"has not been read back: {finding.message}",
        place=name,
        remedy="look at it in the shop's own program before it is used",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flat:
    """A toolpath as one list of paths: points (n, 3), starts (k + 1,), and of each path its runs, block, operation.

    block : counted anew wherever runs of what follows do not take turns with those of what stands before.
    """

    source: Source
    points: FloatArray
    starts: IntArray
    runs: IntArray
    block: IntArray
    operation: IntArray
    processes: tuple[Process, ...]

    @classmethod
    def of(cls, toolpath: Toolpath, source: Source) -> "_Flat":
        """The paths in the order of the file."""
        blocks = [(index, block, each) for index, block in enumerate(toolpath.blocks) for each in block.operations]
        counts = np.array([len(operation.paths) for _, _, operation in blocks])
        sizes = np.concatenate([np.diff(operation.paths.starts) for _, _, operation in blocks])
        return cls(
            source=source,
            points=np.concatenate([operation.paths.points for _, _, operation in blocks]),
            starts=np.append(0, np.cumsum(sizes)),
            runs=np.repeat([block.repeats for _, block, _ in blocks], counts),
            block=np.repeat([index for index, _, _ in blocks], counts),
            operation=np.repeat(np.arange(len(blocks)), counts),
            processes=tuple(operation.process for _, _, operation in blocks),
        )

    def begins(self) -> NDArray[np.bool_]:
        """(k - 1,) bool: the next path takes no turns with this one. Paths run once have none to take."""
        other = np.diff(self.block) != 0
        once = (self.runs[1:] == 1) & (self.runs[:-1] == 1)
        begins: NDArray[np.bool_] = other & ~once
        return begins


def _run_findings(own: _Flat, other: _Flat) -> Iterator[Finding]:
    wrong = np.flatnonzero(own.runs != other.runs)
    if wrong.size:
        first = wrong[0]
        message = f"path {first + 1} is run {other.runs[first]} times, and {own.runs[first]} times in the judged file"
        yield _error("M436", message, other.source.name)
    elif own.source.keeps_rounds and other.source.keeps_rounds and not np.array_equal(own.begins(), other.begins()):
        yield _error("M436", "other operations take turns than in the judged file", other.source.name)


def _process_findings(own: _Flat, other: _Flat) -> Iterator[Finding]:
    """One for each figure that differs, at the first path."""
    pairs, first = np.unique(np.stack([own.operation, other.operation], axis=1), axis=0, return_index=True)
    told: set[str] = set()
    for (mine, yours), path in sorted(
        zip(map(tuple, pairs.tolist()), first.tolist(), strict=True), key=lambda each: each[1]
    ):
        for figure in _differing(own.processes[mine], other.processes[yours]):
            if figure not in told:
                told.add(figure)
                message = f"path {path + 1} has another {figure.replace('_', ' ')} than in the judged file"
                yield _error("M437", message, other.source.name)


def _differing(mine: Process, yours: Process) -> Iterator[str]:
    """Names of the figures that both say, and differently."""
    for name, last_digit in _LAST_DIGIT.items():
        one, other = getattr(mine, name), getattr(yours, name)
        if one is not None and other is not None and not _close(one, other, last_digit):
            yield name
    if mine.delays is not None and yours.delays is not None and not _same_delays(mine.delays, yours.delays):
        yield "delays"


def _same_delays(mine: Delays, yours: Delays) -> bool:
    return all(_close(getattr(mine, name), getattr(yours, name), 0.0) for name in _DELAYS)


def _close(one: float, other: float, last_digit: float) -> bool:
    """Whether two figures are one, but for rounding; never true of what is no number."""
    return abs(one - other) <= max(last_digit, _SHARE * abs(one)) * (1 + _SHARE)


def _with_recipe(toolpath: Toolpath, recipe: Recipe) -> Toolpath:
    """The toolpath with what the step of the same energy, rate and feed says besides."""

    def whole(process: Process) -> Process:
        step = step_with(process, recipe)
        return process if step is None else filled(process, recipe.process_of(recipe.steps[step]))

    return Toolpath(
        blocks=tuple(
            replace(block, operations=tuple(replace(each, process=whole(each.process)) for each in block.operations))
            for block in toolpath.blocks
        )
    )


def _error(
    number: str, message: str, place: str, *, value: float | None = None, limit: float | None = None, unit: str = ""
) -> Finding:
    return Finding(
        number=number,
        severity=Severity.ERROR,
        message=message,
        place=place,
        value=value,
        limit=limit,
        unit=unit,
        remedy=_AGAIN,
    )
