"""What a machine file must hold to before anyone runs it: numbered invariants over the moves that a reader found.

This is a check of a file and no safety function: interlock, stop, key switch and shutter are hardware.

M201 not understood as a whole; M202 nothing is lit; M203 beam on in a rapid; M204 feed move without a feed;
M205 beam on at the end; M206 beam on at rest; M207 outside the envelope; M208 lit outside the keep-in zone;
M209 not finite; M210 feed above the machine's; M211 lit without a pulse energy; M212 pulse energy above the
machine's; M213 lit without a repetition rate; M214 out of focus; warnings: M215 gate jitter, M216 gate latency,
M217 feed not reached, M218 step of the axes.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from toolpaths.findings import Finding, Severity
from toolpaths.kinematics import slow_um, straight_runs
from toolpaths.machine import Machine, Stage
from toolpaths.model import Toolpath
from toolpaths.readers.program import Program
from toolpaths.surface import Surface

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# A quarter of 4 um, a usual distance of hatch lines: what the machine adds beyond it is a finding. A choice.
MOST_PLACEMENT_ERROR_UM = 1.0
# A sixteenth of it for the axes' step, which shifts neighbouring lines against each other. A choice.
MOST_STEP_ERROR_UM = 0.25
# Share of the lit length that may run below its feed: there the pulses lie closer than planned. A choice.
MOST_SLOW_SHARE = 0.1
# Files hold whole nanometres: a point on a limit may lie one of them beyond it.
_ROUNDING_UM = 1.5e-3
_ROUNDING = 1e-9
_AXIS = shapely.Point(0.0, 0.0)
# Parts of a move between samples of its focus: even, so that its middle, where a chord errs most, is one of them.
_SAMPLE_UM = 20.0
_LEAST_SAMPLES, _MOST_SAMPLES = 2, 16


def check_program(
    program: Program,
    machine: Machine,
    *,
    surface: Surface,
    focus_offset_um: float,
    focus_tolerance_um: float,
) -> tuple[Finding, ...]:
    """Every invariant that the program breaks, one finding a kind: first line, number of moves, worst value, limit.

    Lit moves must stay within the surface's boundary, the keep-in zone, and their z within ``focus_tolerance_um`` of
    the surface's height plus ``focus_offset_um``, along the whole move. The reader's own findings are not repeated.
    Raises ToolpathError where the machine is no stage.
    """
    judge = _Judge(program=program)
    beyond_um = _beyond_um(program, surface.boundary)
    return (
        *_text_findings(program),
        *_beam_findings(judge),
        *_place_findings(judge, machine, beyond_um),
        *_process_findings(judge, machine),
        *_focus_findings(judge, surface, beyond_um, focus_offset_um, focus_tolerance_um),
        *_machine_findings(judge, machine.stage),
    )


def check_paths(
    toolpath: Toolpath,
    machine: Machine,
    *,
    surface: Surface,
    focus_offset_um: float,
    focus_tolerance_um: float,
) -> tuple[Finding, ...]:
    """The same of paths that no program tells the rest of, as in a scanner's file: one finding a kind.

    Places are operations, counted from 1 in the order of the file. What a machine does between paths is its own affair.
    """
    program = _lit_moves(toolpath)
    judge = _Judge(program=program, counted="operation")
    beyond_um = _beyond_um(program, surface.boundary)
    return (
        *_text_findings(program),
        *_beam_findings(judge),
        *_place_findings(judge, machine, beyond_um),
        *_process_findings(judge, machine),
        *_focus_findings(judge, surface, beyond_um, focus_offset_um, focus_tolerance_um),
    )


def _lit_moves(toolpath: Toolpath) -> Program:
    """The straight pieces of a toolpath as moves, each standing on the "line" that is its operation's number."""
    operations = list(toolpath.operations())
    segments = [operation.paths.segments() for _, operation in operations]
    counts = np.array([len(begin) for begin, _ in segments], dtype=np.int64)
    begins, ends = zip(*segments, strict=True) if segments else ((np.empty((0, 3)),), (np.empty((0, 3)),))
    figures = np.array(
        [
            (each.process.feed_um_s, each.process.pulse_energy_j, each.process.repetition_rate_hz)
            for _, each in operations
        ]
    ).reshape(-1, 3)
    owner = np.repeat(np.arange(len(operations)), counts)
    feed_um_s, energy_j, rate_hz = figures[owner].T
    moves = len(owner)
    return Program(
        begin_um=np.concatenate(begins),
        end_um=np.concatenate(ends),
        lit=np.ones(moves, dtype=bool),
        rapid=np.zeros(moves, dtype=bool),
        feed_um_s=feed_um_s,
        pulse_energy_j=energy_j,
        repetition_rate_hz=rate_hz,
        line=owner + 1,
        times=np.array([repeats for repeats, _ in operations], dtype=np.int64)[owner],
        block=owner,
        later_round=np.zeros(moves, dtype=bool),
        exposure=np.arange(moves),
        lit_at_rest_lines=(),
        lit_at_end=False,
        findings=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Turns a mask over the moves into at most one finding. ``counted`` : what a move's ``line`` is the number of."""

    program: Program
    counted: str = "line"

    def where(
        self,
        bad: BoolArray,
        number: str,
        message: str,
        *,
        remedy: str,
        worst: FloatArray | None = None,
        limit: float | None = None,
        unit: str = "",
        severity: Severity = Severity.ERROR,
    ) -> list[Finding]:
        """One finding where any move is bad; ``worst`` holds the figure of each move, the greatest is told."""
        moves = np.flatnonzero(bad)
        if moves.size == 0:
            return []
        return [
            Finding(
                number=number,
                severity=severity,
                message=f"{message} ({moves.size} move{'s' if moves.size > 1 else ''})",
                place=f"{self.counted} {self.program.line[moves].min()}",
                value=None if worst is None else float(np.max(worst[moves])),
                limit=limit,
                unit=unit,
                remedy=remedy,
            )
        ]


def _text_findings(program: Program) -> list[Finding]:
    found = []
    if not program.executable:
        message = "the program was not understood as a whole; its moves are no account of what it would do"
        found.append(_error("M201", message, remedy="mend the findings M1xx"))
    if not program.lit.any():
        found.append(_error("M202", "no move is lit: the program marks nothing", remedy="open the gate with M62"))
    if program.lit_at_end:
        found.append(_error("M205", "the beam is on when the program ends", remedy="end with M63, a motion and M65"))
    return found


def _error(number: str, message: str, *, remedy: str, place: str = "") -> Finding:
    return Finding(number=number, severity=Severity.ERROR, message=message, place=place, remedy=remedy)


def _beam_findings(judge: _Judge) -> list[Finding]:
    program = judge.program
    still = program.lit & np.all(program.begin_um == program.end_um, axis=1)
    found = judge.where(
        program.lit & program.rapid, "M203", "the beam is on in a rapid", remedy="close the gate with M63 before G0"
    )
    found += judge.where(still, "M206", "a lit move has no length", remedy="remove the move")
    if program.lit_at_rest_lines:
        count = len(program.lit_at_rest_lines)
        message = f"the beam is on while the machine stands still ({count} line{'s' if count > 1 else ''})"
        remedy = "open with M62, close with M63, and let a motion follow"
        found.append(_error("M206", message, remedy=remedy, place=f"line {program.lit_at_rest_lines[0]}"))
    return found


def _beyond_um(program: Program, boundary: Polygon) -> FloatArray:
    """How far each lit move goes beyond an outline, (moves,) um, at its ends and in its middle; 0 within a rounding.

    Moves that are not lit have 0, those that are not finite NaN.
    """
    lit = np.flatnonzero(program.lit)
    begin, end = program.begin_um[lit, :2], program.end_um[lit, :2]
    known = np.all(np.isfinite(begin) & np.isfinite(end), axis=1)
    places = np.concatenate([begin[known], end[known], begin[known] / 2 + end[known] / 2])
    # Most moves lie within a circle inside the outline: a distance is quickly had, a place among many sides is not.
    inner_um = boundary.exterior.distance(_AXIS) if boundary.contains(_AXIS) else 0.0
    unsure = np.flatnonzero(np.hypot(*places.T) > inner_um)
    shapely.prepare(boundary)
    outside = unsure[~shapely.contains_xy(boundary, *places[unsure].T)]
    away = shapely.distance(boundary, shapely.points(places[outside]))
    beyond = np.zeros(len(places))
    beyond[outside] = np.where(away > _ROUNDING_UM, away, 0.0)
    worst = np.zeros(len(program))
    worst[lit] = np.nan
    worst[lit[known]] = np.max(beyond.reshape(3, -1), axis=0)
    return worst


def _place_findings(judge: _Judge, machine: Machine, beyond_um: FloatArray) -> list[Finding]:
    program = judge.program
    finite = np.all(np.isfinite(program.begin_um) & np.isfinite(program.end_um), axis=1)
    low, high = (np.array(corner) for corner in machine.envelope_um())
    beyond = np.max(np.maximum(low - program.end_um, program.end_um - high), axis=1)
    found = judge.where(~finite, "M209", "a coordinate is not finite", remedy="write the program again")
    found += judge.where(
        finite & (beyond > _ROUNDING_UM),
        "M207",
        f"a move ends outside the envelope of machine {machine.name}; the value is how far",
        worst=beyond,
        limit=0.0,
        unit="um",
        remedy="check units, work offset and machine profile",
    )
    found += judge.where(
        finite & (beyond_um > 0),
        "M208",
        "the beam is on outside the tip's keep-in zone; the value is how far",
        worst=beyond_um,
        limit=0.0,
        unit="um",
        remedy="check units, work offset and the tip's outline",
    )
    return found


def _process_findings(judge: _Judge, machine: Machine) -> list[Finding]:
    program = judge.program
    fed = program.feed_um_s > 0
    energetic = program.pulse_energy_j > 0
    found = judge.where(~program.rapid & ~fed, "M204", "a feed move without a feed", remedy="set F before the first G1")
    found += judge.where(
        fed & (program.feed_um_s > machine.max_feed_um_s * (1 + _ROUNDING)),
        "M210",
        f"the feed is above what machine {machine.name} allows",
        worst=program.feed_um_s,
        limit=machine.max_feed_um_s,
        unit="um/s",
        remedy="lower the feed in the recipe, or correct the machine profile",
    )
    found += judge.where(
        program.lit & ~energetic,
        "M211",
        "the beam is on without a positive pulse energy",
        remedy="set the energy by M67 before M62",
    )
    found += judge.where(
        energetic & (program.pulse_energy_j > machine.max_pulse_energy_j * (1 + _ROUNDING)),
        "M212",
        f"the pulse energy is above what machine {machine.name} allows",
        worst=program.pulse_energy_j,
        limit=machine.max_pulse_energy_j,
        unit="J",
        remedy="lower the pulse energy in the recipe, or correct the machine profile",
    )
    found += judge.where(
        program.lit & ~(program.repetition_rate_hz > 0),
        "M213",
        "the beam is on without a positive repetition rate",
        remedy="set the rate by M67 before M62",
    )
    return found


def _focus_findings(
    judge: _Judge, surface: Surface, beyond_um: FloatArray, offset_um: float, tolerance_um: float
) -> list[Finding]:
    """Sampled along each lit move: a chord between two points in focus may leave the focus between them."""
    program = judge.program
    # Elsewhere there is no surface; those moves are findings already.
    on_tip = np.flatnonzero(program.lit & (beyond_um == 0))
    if on_tip.size == 0:
        return []
    begin, end = program.begin_um[on_tip], program.end_um[on_tip]
    length = np.linalg.norm(end[:, :2] - begin[:, :2], axis=1)
    pieces = np.clip(2 * np.ceil(length / (2 * _SAMPLE_UM)), _LEAST_SAMPLES, _MOST_SAMPLES).astype(np.int64)
    move, fraction = _samples(pieces)
    points = begin[move] + fraction[:, np.newaxis] * (end - begin)[move]
    height = surface.height_um(points[:, 0], points[:, 1])
    # A rounding beyond the edge has no height of its own.
    away = np.nan_to_num(np.abs(points[:, 2] - height - offset_um), nan=0.0)
    worst = np.zeros(len(program))
    np.maximum.at(worst, on_tip[move], away)
    return judge.where(
        worst > tolerance_um,
        "M214",
        "a lit move leaves the focus: its z is not the tip's height plus the focus offset",
        worst=worst,
        limit=tolerance_um,
        unit="um",
        remedy="check the sign of Z, the tip's radius and the work offset",
    )


def _samples(pieces: NDArray[np.int64]) -> tuple[NDArray[np.int64], FloatArray]:
    """Moves and fractions along them: both ends and the joints of ``pieces`` equal parts of each."""
    move = np.repeat(np.arange(len(pieces)), pieces + 1)
    first = np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    return move, (np.arange(len(move)) - first) / pieces[move]


def _machine_findings(judge: _Judge, stage: Stage) -> list[Finding]:
    """What the machine itself adds to the plan: warnings, since the file is not at fault."""
    program = judge.program
    feed = np.where(program.lit & ~program.rapid, np.nan_to_num(program.feed_um_s), 0.0)
    found = []
    for number, name, seconds in (
        ("M215", "jitter", stage.gate_jitter_s),
        ("M216", "latency", stage.gate_latency_s),
    ):
        found += judge.where(
            feed * seconds > MOST_PLACEMENT_ERROR_UM,
            number,
            f"the gate's {name} of {seconds * 1e6:g} us moves the ends of lit lines",
            worst=feed * seconds,
            limit=MOST_PLACEMENT_ERROR_UM,
            unit="um",
            remedy="lower the feed, or gate the beam in hardware",
            severity=Severity.WARNING,
        )
    steps = program.end_um / stage.resolution_um
    off_step = np.max(np.abs(steps - np.rint(steps)), axis=1, initial=0.0) * stage.resolution_um
    found += judge.where(
        program.lit & (off_step > MOST_STEP_ERROR_UM),
        "M218",
        f"the axes' step of {stage.resolution_um:g} um moves lit points",
        worst=off_step,
        limit=MOST_STEP_ERROR_UM,
        unit="um",
        remedy="use a stage with a finer step",
        severity=Severity.WARNING,
    )
    return found + _run_up_findings(judge, stage)


def _run_up_findings(judge: _Judge, stage: Stage) -> list[Finding]:
    """Lit length below the feed: v^2 / 2a to reach it and as much to stop, at each end of a straight run."""
    program = judge.program
    moves = np.flatnonzero(program.lit & ~program.rapid & (program.feed_um_s > 0))
    begin, end = program.begin_um[moves], program.end_um[moves]
    length = np.linalg.norm(end - begin, axis=1)
    if length.sum() == 0:
        return []
    runs = straight_runs(begin, end, breaks=np.diff(program.exposure[moves]) != 0)
    run_length = np.add.reduceat(length, runs)
    times = program.times[moves[runs]]
    speed = program.feed_um_s[moves[runs]]
    slow_length = slow_um(run_length, speed_um_s=speed, acceleration_um_s2=stage.acceleration_um_s2)
    share = float(np.sum(times * slow_length) / np.sum(times * run_length))
    slow = np.zeros(len(program), dtype=bool)
    slow[moves[runs]] = share > MOST_SLOW_SHARE
    return judge.where(
        slow,
        "M217",
        "part of the lit length is run below its feed, where pulses lie closer than planned; the value is its share",
        worst=np.full(len(program), share),
        limit=MOST_SLOW_SHARE,
        unit="1",
        remedy="lower the feed, or run in and out with the beam off",
        severity=Severity.WARNING,
    )
