"""RS-274 as LinuxCNC runs it: modal words held from line to line, outputs queued for the next motion, loops counted.

Nothing here comes from a writer. What is not on the list of known words is a finding, and the program then counts as
not executable. Findings of the text are M101 to M119:

M101 file too large; M102 not ASCII; M103 line too long; M104 no words; M105 no plain decimal; M106 word twice;
M107 word not allowed; M108 inches; M109 motion or feed before the modes it needs; M110 no M2; M111 text after M2;
M112 loop; M113 loop that leaves another state each time; M114 comment; M115 motion from or to an unknown place;
M116 parameter or axis missing; M117 output not in the machine profile; M118 feed not positive; M119 axis without G0
or G1; M199 further faults.

Outputs: https://linuxcnc.org/docs/html/gcode/m-code.html. M62, M63 and M67 wait for the next motion and M64, M65 act
at once, when the motion before them has ended; a motion of no length is none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, Severity
from toolpaths.machine import Machine
from toolpaths.readers.gcode_lines import NO_MOTION_WORD, LineFault, Table, tabulate
from toolpaths.readers.gcode_words import REQUIRED_MODES, Fault
from toolpaths.readers.program import Program

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_FINDINGS = 50
_UM_PER_MM = 1000.0
_QUEUED_ON, _QUEUED_OFF, _ON, _OFF = 62, 63, 64, 65


def read_gcode(data: bytes, machine: Machine) -> Program:
    """What the program makes the machine do, and every fault of its text. Never raises; time grows with the size."""
    table = tabulate(data, machine)
    schedule = _schedule(table)
    state = _modal_state(table, schedule.row)
    gate = _Gate.of(table.gate[schedule.row], state.travels)
    faults = [
        *table.faults,
        *_mode_faults(table),
        *_place_faults(state, schedule.row),
        *_loop_faults(schedule, state, gate),
    ]
    moves = np.flatnonzero(state.moves & ~(state.rapid & ~state.travels))
    energy_uj = _held(table.energy_uj[schedule.row])
    rate_khz = _held(table.rate_khz[schedule.row])
    return Program(
        begin_um=state.begin_um[moves],
        end_um=state.end_um[moves],
        lit=gate.during()[moves],
        rapid=state.rapid[moves],
        feed_um_s=np.where(state.rapid, machine.max_feed_um_s, state.feed_um_s)[moves],
        pulse_energy_j=energy_uj[moves] / 1e6,
        repetition_rate_hz=rate_khz[moves] * 1e3,
        line=schedule.row[moves] + 1,
        times=schedule.times[moves],
        block=schedule.block[moves],
        later_round=schedule.later_round[moves],
        exposure=np.cumsum(gate.command != 0)[moves],
        lit_at_rest_lines=tuple(sorted(set((schedule.row[gate.lit_at_rest()] + 1).tolist()))),
        lit_at_end=gate.at_end(),
        findings=_findings(faults),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schedule:
    """Rows in the order of their execution, (e,) each; a loop's body stands once, or twice where it runs oftener."""

    row: IntArray
    times: IntArray
    block: IntArray
    later_round: BoolArray


def _schedule(table: Table) -> _Schedule:
    pieces: list[tuple[int, int, int, int, bool]] = []
    place = 0
    for index, loop in enumerate(table.loops):
        pieces.append((place, loop.first, 1, 2 * index, False))
        pieces.append((loop.first, loop.stop, 1, 2 * index + 1, False))
        if loop.repeats > 1:
            pieces.append((loop.first, loop.stop, loop.repeats - 1, 2 * index + 1, True))
        place = loop.stop
    pieces.append((place, table.rows, 1, 2 * len(table.loops), False))
    lengths = [stop - first for first, stop, *_ in pieces]
    return _Schedule(
        row=np.concatenate([np.arange(first, stop) for first, stop, *_ in pieces]),
        times=np.repeat([times for _, _, times, _, _ in pieces], lengths),
        block=np.repeat([block for _, _, _, block, _ in pieces], lengths),
        later_round=np.repeat([later for _, _, _, _, later in pieces], lengths),
    )


def _last_named(named: BoolArray) -> IntArray:
    """Index of the last True up to each place, -1 before the first."""
    return np.maximum.accumulate(np.where(named, np.arange(len(named)), -1)) if len(named) else np.zeros(0, np.int64)


def _held(values: FloatArray) -> FloatArray:
    """Each value held until the next one that is named; NaN before the first."""
    last = _last_named(np.isfinite(values))
    return np.where(last >= 0, values[last], np.nan)


def _before(values: FloatArray) -> FloatArray:
    """The values as they stood before each row, (e, ...) float; NaN before the first."""
    shifted = np.full_like(values, np.nan)
    shifted[1:] = values[:-1]
    return shifted


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Modal state row by row in order of execution; ``moves`` marks rows that name a place to go to."""

    begin_um: FloatArray
    end_um: FloatArray
    feed_um_s: FloatArray
    um_per_unit: FloatArray
    motion: IntArray
    moves: BoolArray
    rapid: BoolArray
    travels: BoolArray
    unguided: BoolArray
    from_nowhere: BoolArray


def _modal_state(table: Table, row: IntArray) -> _State:
    named_unit = _held(table.um_per_unit[row])
    unit = np.nan_to_num(named_unit, nan=_UM_PER_MM)
    # LinuxCNC takes F before the units of the same line.
    feed_unit = np.nan_to_num(_before(named_unit), nan=_UM_PER_MM)
    last_motion = _last_named(table.motion[row] != NO_MOTION_WORD)
    motion = np.where(last_motion >= 0, table.motion[row][last_motion], NO_MOTION_WORD)
    axes = table.axes[row] * unit[:, np.newaxis]
    names_axis = np.any(np.isfinite(axes), axis=1)
    unguided = names_axis & (motion == NO_MOTION_WORD)
    axes[unguided] = np.nan
    place = np.stack([_held(axes[:, axis]) for axis in range(3)], axis=1)
    before = _before(place)
    asks = names_axis & ~unguided
    known = np.all(np.isfinite(place), axis=1)
    begin_known = np.all(np.isfinite(before), axis=1)
    rapid = motion == 0
    begin = np.where(begin_known[:, np.newaxis], before, place)
    return _State(
        begin_um=begin,
        end_um=place,
        feed_um_s=_held(table.feed[row] * feed_unit) / 60.0,
        um_per_unit=named_unit,
        motion=motion,
        moves=asks & known,
        rapid=rapid,
        travels=asks & known & (~begin_known | np.any(begin != place, axis=1)),
        unguided=unguided,
        from_nowhere=asks & (~known | (~begin_known & ~rapid)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """Commands to the gate and when they act, over the e rows in order of execution.

    Times are counted in half rows: a row's immediate command acts at 2 i, the motion on it begins at 2 i + 1.
    """

    command: IntArray
    act_at: IntArray
    opens: BoolArray

    @classmethod
    def of(cls, command: IntArray, travels: BoolArray) -> "_Gate":
        """From the M words, (e,) int, and the rows whose motion takes queued commands along, (e,) bool."""
        rows = np.flatnonzero(command)
        words = command[rows]
        travelling = np.flatnonzero(travels)
        following = np.searchsorted(travelling, rows)
        never = len(command) + 1
        carrier = np.append(travelling, never)[following]
        queued = (words == _QUEUED_ON) | (words == _QUEUED_OFF)
        act_at = np.where(queued, 2 * carrier + 1, 2 * rows)
        order = np.argsort(act_at, kind="stable")
        opens = (words == _QUEUED_ON) | (words == _ON)
        return cls(command=command, act_at=act_at[order], opens=opens[order])

    def _open_at(self, times: IntArray) -> BoolArray:
        """Whether the gate stands open just after each time."""
        last = np.searchsorted(self.act_at, times, side="right") - 1
        if not len(self.opens):
            return np.zeros(len(times), dtype=bool)
        return (last >= 0) & self.opens[last]

    def during(self) -> BoolArray:
        """Whether the gate is open during the motion of each row, (e,) bool."""
        return self._open_at(2 * np.arange(len(self.command)) + 1)

    def lit_at_rest(self) -> IntArray:
        """Rows at which the machine stands still with the beam on: opened at once, or closed only there."""
        rows = np.arange(len(self.command))
        late = (self.command == _OFF) & self._open_at(2 * rows - 1)
        return np.flatnonzero((self.command == _ON) | late)

    def at_end(self) -> bool:
        """Whether the gate is open after the last row; what is still queued then never acts."""
        return bool(self._open_at(np.array([2 * len(self.command)]))[0])

    def after(self, row: int) -> tuple[bool, int]:
        """State after a row: open or not, and the command still queued (0 for none)."""
        is_open = bool(self._open_at(np.array([2 * row + 1]))[0])
        queue = np.flatnonzero((self.command == _QUEUED_ON) | (self.command == _QUEUED_OFF))
        last = queue[queue <= row][-1:]
        if not last.size or self._acted(int(last[0]), row):
            return is_open, 0
        return is_open, int(self.command[last[0]])

    def _acted(self, queued_row: int, row: int) -> bool:
        """Whether a queued command has been carried out by the motion of ``row`` or one before it."""
        return bool(np.any((self.act_at > 2 * queued_row) & (self.act_at <= 2 * row + 1) & (self.act_at % 2 == 1)))


def _mode_faults(table: Table) -> list[LineFault]:
    """Motion before every mode it rests on was named, and a feed before its unit was."""
    moving = np.flatnonzero(np.any(np.isfinite(table.axes[: table.rows]), axis=1))
    faults = []
    if moving.size:
        first = int(moving[0])
        missing = [f"G{mode}" for mode in REQUIRED_MODES if table.mode_rows.get(mode, table.rows) > first]
        if missing:
            message = f"motion before {', '.join(missing)}"
            faults.append(_line_fault(first, "M109", message, "name every mode before the first motion"))
    fed = np.flatnonzero(np.isfinite(table.feed[: table.rows]))
    united = np.flatnonzero(np.isfinite(table.um_per_unit[: table.rows]))
    if fed.size and (not united.size or fed[0] <= united[0]):
        message = "a feed before its unit, or on the same line"
        faults.append(_line_fault(int(fed[0]), "M109", message, "name G21 on a line before F"))
    return faults


def _place_faults(state: _State, row: IntArray) -> list[LineFault]:
    unguided = sorted(set(row[state.unguided].tolist()))
    nowhere = sorted(set(row[state.from_nowhere].tolist()))
    return [
        *(_line_fault(line, "M119", "an axis without G0 or G1 in force", "name G0 or G1") for line in unguided),
        *(
            _line_fault(line, "M115", "a motion from or to an unknown place", "begin with a G0 that names X, Y and Z")
            for line in nowhere
        ),
    ]


def _loop_faults(schedule: _Schedule, state: _State, gate: _Gate) -> list[LineFault]:
    """Loops whose second round does not leave the state of the first: a third might then differ."""
    faults = []
    for block in np.unique(schedule.block[schedule.later_round]).tolist():
        rows = np.flatnonzero(schedule.block == block)
        later = schedule.later_round[rows]
        one, two = int(rows[~later][-1]), int(rows[later][-1])
        if not _same_state(state, one, two) or gate.after(one) != gate.after(two):
            message = "the second round of a loop leaves another state than the first"
            faults.append(_line_fault(int(schedule.row[two]), "M113", message, "begin the loop with what it rests on"))
    return faults


def _same_state(state: _State, one: int, two: int) -> bool:
    figures = (state.end_um, state.feed_um_s, state.um_per_unit)
    same = all(np.array_equal(figure[one], figure[two], equal_nan=True) for figure in figures)
    return same and bool(state.motion[one] == state.motion[two])


def _line_fault(row: int, number: str, message: str, remedy: str) -> LineFault:
    return LineFault(line=row + 1, fault=Fault(number=number, message=message, remedy=remedy))


def _findings(faults: list[LineFault]) -> tuple[Finding, ...]:
    """Faults in the order of the lines, the first fifty by themselves."""
    ordered = sorted(faults, key=lambda entry: (entry.line, entry.fault.number))
    findings = [
        Finding(
            number=entry.fault.number,
            severity=Severity.ERROR,
            message=entry.fault.message,
            place=f"line {entry.line}",
            remedy=entry.fault.remedy,
        )
        for entry in ordered[:MOST_FINDINGS]
    ]
    if len(ordered) > MOST_FINDINGS:
        more = len(ordered) - MOST_FINDINGS
        message = f"{more} further faults; mend those listed first"
        findings.append(Finding(number="M199", severity=Severity.ERROR, message=message, value=float(more)))
    return tuple(findings)
