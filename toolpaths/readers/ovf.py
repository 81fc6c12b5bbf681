"""Open Vector Format read back as a controller would run it: planes in order, repeats counted, parameters by key.

Findings: M361 file too large; M362 no such file, or never finished; M363 position outside the file; M364 bytes named
twice; M365 message cut short; M366 field in the wrong wire type, or two kinds of data in a block; M367 counts that
disagree; M368 too many planes, blocks or fields; M369 parameters missing; M370 coordinate; M371 coordinates that make
no lines; M372 kind of block that is not followed; M373 repeats; M374 figure of the parameters; M375 parameters that are
not followed (warning); M376 plane turned or placed otherwise; M377 nothing to be marked (warning);
M378 pause (note); M380 further findings.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from toolpaths.findings import Finding, Severity, has_errors
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers import drawn
from toolpaths.readers.drawn import Drawn, error
from toolpaths.readers.ovf_job import PAUSE, Job, Marking, VectorBlock, WorkPlane, parse_job
from toolpaths.readers.ovf_wire import BrokenError

# As much as is read of a program: a pin of a thousand glyphs, written in lines of 24 bytes, has 1.6 million bytes.
MOST_BYTES = 32_000_000
# As many runs as the planner may ask for.
MOST_RUNS = 10_000
MOST_FINDINGS = 50
# A metre: no unit by which a pin could be meant.
_MOST_MM = 1000.0
_UM_PER_MM = 1000.0
_MOST_SKY_WRITING = 3
_NEAR = "give millimetres about the apex of one pin, within a metre"
_FIGURE = "write finite figures in the format's units"
_SPOT, _WAVELENGTH = "spot_radius_in_um", "wavelength_in_um"
_FOCUS_SHIFT, _JUMP_SPEED, _MODE = "laser_focus_shift_in_mm", "jump_speed_in_mm_s", "marking_mode"
_WAITS = (
    "jump_delay_in_us",
    "laser_off_delay_in_us",
    "laser_on_delay_in_us",
    "mark_delay_in_us",
    "polygon_delay_in_us",
)
_MAY_BE_NEGATIVE = (_FOCUS_SHIFT, "laser_off_delay_in_us", "laser_on_delay_in_us")
_UNFOLLOWED = (
    "laser_pulses_per_burst",
    "wobble_frequency_in_hz",
    "wobble_length_in_mm",
    "wobble_width_in_mm",
    "wobble_mode",
)


def read_ovf(data: bytes) -> Drawn:
    """The job as a toolpath: a block for each work plane, an operation for each run of blocks with equal parameters.

    Pulse energy is power over repetition rate. A figure of 0 is one that the format does not tell from one left out,
    save for focus shift, delays and sky-writing: they count as said where any of the delays, the jump speed or the
    sky-writing mode is there, the jump speed NaN where it is not. Heights are the plane's, the points' and the focus
    shift together. Never raises; time and memory grow with the file, within the limits above.
    """
    if len(data) > MOST_BYTES:
        message = f"{len(data)} bytes, of which at most {MOST_BYTES} are read"
        return Drawn.refused(error("M361", message, remedy="one pin a file; repeat planes"))
    try:
        job = parse_job(data)
    except BrokenError as fault:
        return Drawn.refused(fault.finding)
    runs = [run for plane in job.planes for run in _runs(plane)]
    findings = _limited([*_plane_findings(job), *_used_findings(job, runs), *_point_findings(job)])
    if has_errors(findings):
        return Drawn.refused(*findings)
    if not runs:
        return Drawn(toolpath=Toolpath(blocks=()), says=frozenset(), findings=(*findings, _NOTHING))
    toolpath = Toolpath(blocks=tuple(block for plane in job.planes for block in _blocks(plane, job)))
    return Drawn(toolpath=toolpath, says=_says(toolpath, job, runs), findings=findings)


_NOTHING = Finding(
    number="M377",
    severity=Severity.WARNING,
    message="the job holds no vector: nothing would be marked",
    remedy="see that the file was written whole",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Neighbouring vector blocks of a plane that make one operation, each of them run ``times`` times by itself."""

    plane: WorkPlane
    blocks: tuple[VectorBlock, ...]
    key: int
    part: int
    times: int


def _runs(plane: WorkPlane) -> list[_Run]:
    """Blocks that mark something, those of equal keys together; one that is repeated by itself stands alone."""

    def likeness(entry: tuple[int, VectorBlock]) -> tuple[int, int, int, int]:
        index, block = entry
        return block.marking_key, block.part_key, block.repeats + 1, index if block.repeats else -1

    marking = enumerate(block for block in plane.blocks if len(block.points))
    return [
        _Run(plane=plane, blocks=tuple(block for _, block in group), key=key, part=part, times=times)
        for (key, part, times, _), group in groupby(marking, key=likeness)
    ]


def _stages(runs: list[_Run]) -> list[list[_Run]]:
    """Runs that are repeated only together, and each of those that are repeated by themselves."""
    numbered = groupby(enumerate(runs), key=lambda entry: entry[0] if entry[1].times > 1 else -1)
    return [[run for _, run in group] for _, group in numbered]


def _blocks(plane: WorkPlane, job: Job) -> tuple[Block, ...]:
    """A plane as one block; where some of its vector blocks are repeated by themselves, every run of it written out."""
    blocks = tuple(
        Block(repeats=stage[0].times, operations=tuple(_operation(run, job) for run in stage))
        for stage in _stages(_runs(plane))
    )
    times = plane.repeats + 1
    if len(blocks) == 1:
        return (Block(repeats=blocks[0].repeats * times, operations=blocks[0].operations),)
    return blocks * times


def _operation(run: _Run, job: Job) -> Operation:
    marking = job.markings[run.key]
    process = _process(marking.figures, job.parts.get(run.part, {}))
    return Operation(name=marking.name or f"parameters {run.key}", process=process, paths=_paths(run, marking))


def _paths(run: _Run, marking: Marking) -> Polylines:
    pieces = []
    for _, group in groupby(run.blocks, key=lambda block: block.points.shape[1]):
        points = np.concatenate([block.points for block in group]).astype(np.float64)
        pieces.append(np.pad(points, ((0, 0), (0, 3 - points.shape[1]))))
    origin_mm = [shift or 0.0 for shift in run.plane.position]
    origin_mm[2] += marking.figures.get(_FOCUS_SHIFT, 0.0)
    lengths = [2 if block.is_hatch else len(block.points) for block in run.blocks]
    paths = [len(block.points) // 2 if block.is_hatch else 1 for block in run.blocks]
    starts = np.append(0, np.cumsum(np.repeat(lengths, paths)))
    return Polylines(points=(np.concatenate(pieces) + np.array(origin_mm)) * _UM_PER_MM, starts=starts)


def _process(figures: Mapping[str, float], extras: Mapping[str, float]) -> Process:
    """The figures in our units; 0, which the format does not tell from nothing said, is nothing said."""
    rate_hz = figures.get("repetition_rate_in_hz") or math.nan
    pulse_fs = figures.get("pulse_duration_in_fs")
    return Process(
        pulse_energy_j=(figures.get("laser_power_in_w") or math.nan) / rate_hz,
        repetition_rate_hz=rate_hz,
        feed_um_s=(figures.get("laser_speed_in_mm_per_s") or math.nan) * _UM_PER_MM,
        pulse_width_s=pulse_fs / 1e15 if pulse_fs else None,
        spot_radius_um=extras.get(_SPOT) or None,
        wavelength_um=extras.get(_WAVELENGTH) or None,
        delays=_delays(figures),
    )


def _delays(figures: Mapping[str, float]) -> Delays | None:
    if not any(name in figures for name in (*_WAITS, _JUMP_SPEED, _MODE)):
        return None
    jump_s, laser_off_s, laser_on_s, mark_s, polygon_s = (figures.get(name, 0.0) / 1e6 for name in _WAITS)
    return Delays(
        laser_on_s=laser_on_s,
        laser_off_s=laser_off_s,
        jump_s=jump_s,
        mark_s=mark_s,
        polygon_s=polygon_s,
        jump_um_s=(figures.get(_JUMP_SPEED) or math.nan) * _UM_PER_MM,
        sky_writing=int(figures.get(_MODE, 0)),
    )


def _says(toolpath: Toolpath, job: Job, runs: list[_Run]) -> frozenset[str]:
    """What every operation of the file carries."""
    processes = [operation.process for _, operation in toolpath.operations()]
    said = {
        drawn.REPEATS: True,
        drawn.ORDER: True,
        drawn.Z: all(_says_height(run, job) for run in runs),
        drawn.PULSE_ENERGY: all(process.pulse_energy_j > 0 for process in processes),
        drawn.REPETITION_RATE: all(process.repetition_rate_hz > 0 for process in processes),
        drawn.FEED: all(process.feed_um_s > 0 for process in processes),
        drawn.PULSE_WIDTH: all(process.pulse_width_s for process in processes),
        drawn.SPOT_RADIUS: all(process.spot_radius_um for process in processes),
        drawn.WAVELENGTH: all(process.wavelength_um for process in processes),
        drawn.DELAYS: all(process.delays and process.delays.jump_um_s > 0 for process in processes),
    }
    return frozenset(name for name, carried in said.items() if carried)


def _says_height(run: _Run, job: Job) -> bool:
    said = run.plane.position[2] is not None or _FOCUS_SHIFT in job.markings[run.key].figures
    return said or all(block.points.shape[1] == 3 for block in run.blocks)  # noqa: PLR2004 - x, y and z


def _plane_findings(job: Job) -> Iterator[Finding]:
    """Of planes: where they stand, how often they are run, what in them is not followed."""
    written_out = 0
    for plane in job.planes:
        if plane.moved:
            message = f"the plane {plane.moved}"
            yield error("M376", message, place=plane.place, remedy="write planes shifted only, if at all")
        if not all(abs(shift or 0.0) <= _MOST_MM for shift in plane.position):
            yield error("M370", f"the plane stands at {plane.position} mm", place=plane.place, remedy=_NEAR)
        stages = _stages(_runs(plane))
        times = plane.repeats + 1
        alone = max((stage[0].times for stage in stages), default=1)
        if times * alone > MOST_RUNS:
            message = f"marked {times * alone} times, of which at most {MOST_RUNS} are read"
            yield error("M373", message, place=plane.place, remedy="repeat less often")
        elif len(stages) > 1 and (written_out := written_out + len(stages) * times) > MOST_RUNS:
            message = f"repeated blocks in repeated planes: more than {MOST_RUNS} when written out"
            yield error("M373", message, place=plane.place, remedy="repeat planes or blocks, not both")
        yield from _kind_findings(plane)


def _kind_findings(plane: WorkPlane) -> Iterator[Finding]:
    for block in plane.blocks:
        if block.other == PAUSE:
            message = "a pause, which is left aside"
            yield Finding(number="M378", severity=Severity.INFO, message=message, place=block.place)
        elif block.other:
            remedy = "write lines or hatches, two- or three-dimensional"
            yield error("M372", f"{block.other}: a kind that is not followed", place=block.place, remedy=remedy)


def _used_findings(job: Job, runs: list[_Run]) -> Iterator[Finding]:
    """Of the marking parameters and parts that blocks name, each once."""
    for key, run in {run.key: run for run in reversed(runs)}.items():
        marking = job.markings.get(key)
        if marking is None:
            message = f"there are no marking parameters {key}"
            yield error("M369", message, place=run.blocks[0].place, remedy="write the job's parameters with the job")
        else:
            yield from _marking_findings(marking, place=f"marking parameters {key}")
    for key in sorted({run.part for run in runs}):
        extras = job.parts.get(key, {})
        for name in (_SPOT, _WAVELENGTH):
            yield from _figure_findings(name, extras.get(name, 0.0), place=f"part {key}")


def _marking_findings(marking: Marking, *, place: str) -> Iterator[Finding]:
    figures = marking.figures
    for name, figure in figures.items():
        yield from _figure_findings(name, figure, place=place)
    if figures.get(_MODE, 0) > _MOST_SKY_WRITING:
        yield error("M374", f"{_MODE}: {figures[_MODE]:g} is none of 0, 1, 2 and 3", place=place, remedy=_FIGURE)
    if not abs(figures.get(_FOCUS_SHIFT, 0.0)) <= _MOST_MM:
        yield error("M370", f"{_FOCUS_SHIFT}: {figures[_FOCUS_SHIFT]:g}", place=place, remedy=_NEAR)
    unfollowed = [name for name in _UNFOLLOWED if figures.get(name)] + ["power gradient"] * marking.has_power_gradient
    if unfollowed:
        yield Finding(
            number="M375",
            severity=Severity.WARNING,
            message=f"not followed: {', '.join(unfollowed)}",
            place=place,
            remedy="what is marked differs from what is reckoned here; leave these out",
        )


def _figure_findings(name: str, figure: float, *, place: str) -> Iterator[Finding]:
    if not math.isfinite(figure) or (figure < 0 and name not in _MAY_BE_NEGATIVE):
        yield error("M374", f"{name}: {figure:g} is no figure that it can have", place=place, remedy=_FIGURE)


def _point_findings(job: Job) -> Iterator[Finding]:
    """Blocks with a coordinate that is not finite or lies too far out."""
    blocks = [block for plane in job.planes for block in plane.blocks if len(block.points)]
    if not blocks:
        return
    flat = np.concatenate([block.points.ravel() for block in blocks])
    bad = np.flatnonzero(~(np.abs(flat) <= _MOST_MM))
    ends = np.cumsum([block.points.size for block in blocks])
    owners, first = np.unique(np.searchsorted(ends, bad, side="right"), return_index=True)
    for owner, index in zip(owners[: MOST_FINDINGS + 1].tolist(), first.tolist(), strict=False):
        message = f"a coordinate is {flat[bad[index]]:g} mm"
        yield error("M370", message, place=blocks[owner].place, remedy=_NEAR)


def _limited(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first fifty, and one that tells of the others: an error where there is one among them."""
    every = list(findings)
    if len(every) <= MOST_FINDINGS:
        return tuple(every)
    rest = every[MOST_FINDINGS:]
    more = Finding(
        number="M380",
        severity=Severity.ERROR if has_errors(tuple(rest)) else Severity.WARNING,
        message=f"{len(rest)} further findings; mend those listed first",
        value=float(len(rest)),
    )
    return (*every[:MOST_FINDINGS], more)
