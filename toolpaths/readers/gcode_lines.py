"""A whole RS-274 file as a table, one row a line: plain motion lines in one sweep, all others word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from toolpaths.machine import Machine
from toolpaths.readers.gcode_words import NUMBER, Fault, Statement, parse_line

FloatArray = NDArray[np.float64]

MOST_BYTES = 32_000_000
MOST_LINES = 1_000_000

_LINE = re.compile(
    rf"^(?:(?:G0?([01]) ?)?X({NUMBER}) ?(?:Y({NUMBER}))? ?(?:Z({NUMBER}))?"
    rf"|(?:G0?([01]) ?)?Y({NUMBER}) ?(?:Z({NUMBER}))?|(?:G0?([01]) ?)?Z({NUMBER})|(.*))$",
    re.MULTILINE,
)
NO_MOTION_WORD = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRows:
    """Rows of a loop's body, the first and the one after the last, and how often they run."""

    first: int
    stop: int
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """A fault and the line it stands on."""

    line: int
    fault: Fault


@dataclass(slots=True, kw_only=True)
class Table:
    """Rows of a file up to its M2, while they are gathered; NaN where a line does not name the value.

    motion : (n,) int, the G0 or G1 named, -1 for none. axes : (n, 3) float, in the file's unit. feed : (n,) float, in
    the file's unit a minute. um_per_unit, energy_uj, rate_khz : (n,) float. gate : (n,) int, the M word, 0 for none.
    mode_rows : the first row that names each required mode.
    """

    motion: NDArray[np.int64]
    axes: FloatArray
    feed: FloatArray
    um_per_unit: FloatArray
    energy_uj: FloatArray
    rate_khz: FloatArray
    gate: NDArray[np.int64]
    rows: int
    mode_rows: dict[int, int] = field(default_factory=dict)
    loops: list[LoopRows] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)


def tabulate(data: bytes, machine: Machine) -> Table:
    """The file's lines as rows, with every fault of its text. Never raises."""
    count = data.count(b"\n") + 1
    if len(data) > MOST_BYTES or count > MOST_LINES:
        table = _empty(0)
        message = f"the file has {len(data)} bytes and {count} lines"
        remedy = f"at most {MOST_BYTES} bytes and {MOST_LINES} lines are read"
        table.faults.append(LineFault(line=1, fault=Fault(number="M101", message=message, remedy=remedy)))
        return table
    found = _LINE.findall(data.decode("ascii", errors="replace"))
    table = _plain(found)
    statements = _statements([row[9] for row in found], machine)
    _fill(table, statements)
    _find_loops(table, statements)
    _find_end(table, statements)
    return table


def _empty(rows: int) -> Table:
    def unnamed() -> FloatArray:
        return np.full(rows, np.nan)

    return Table(
        motion=np.full(rows, NO_MOTION_WORD),
        axes=np.full((rows, 3), np.nan),
        feed=unnamed(),
        um_per_unit=unnamed(),
        energy_uj=unnamed(),
        rate_khz=unnamed(),
        gate=np.zeros(rows, dtype=np.int64),
        rows=rows,
    )


def _plain(found: Sequence[tuple[str, ...]]) -> Table:
    """Rows of the lines that hold nothing but G0 or G1 and axes."""
    table = _empty(len(found))
    g_x, x, y_x, z_x, g_y, y, z_y, g_z, z, _ = zip(*found, strict=True)
    for column in (g_x, g_y, g_z):
        named = [index for index, text in enumerate(column) if text]
        table.motion[named] = [int(column[index]) for index in named]
    for axis, columns in enumerate(((x,), (y_x, y), (z_x, z_y, z))):
        for column in columns:
            named = [index for index, text in enumerate(column) if text]
            table.axes[named, axis] = [float(column[index]) for index in named]
    return table


def _statements(lines: Sequence[str], machine: Machine) -> dict[int, Statement]:
    """What the other lines say, by row; lines that are spelled alike are read once."""
    known: dict[str, Statement] = {}
    statements = {}
    for row, line in enumerate(lines):
        if line:
            if line not in known:
                known[line] = parse_line(line, machine)
            statements[row] = known[line]
    return statements


def _fill(table: Table, statements: dict[int, Statement]) -> None:
    for row, statement in statements.items():
        table.faults.extend(LineFault(line=row + 1, fault=fault) for fault in statement.faults)
        if statement.gate is not None:
            table.gate[row] = statement.gate
        if statement.motion is not None:
            table.motion[row] = statement.motion
        for axis, value in enumerate(statement.axes):
            if value is not None:
                table.axes[row, axis] = value
        for name in ("feed", "um_per_unit", "energy_uj", "rate_khz"):
            value = getattr(statement, name)
            if value is not None:
                getattr(table, name)[row] = value
        for mode in statement.modes:
            table.mode_rows.setdefault(mode, row)


def _find_loops(table: Table, statements: dict[int, Statement]) -> None:
    """Pair the loops' lines. A loop in a loop, one without an end, a label used twice: faults, run once."""
    opened: tuple[int, int, int] | None = None
    used: set[int] = set()
    for row, statement in statements.items():
        loop = statement.loop
        if loop is None:
            continue
        if loop.repeats is not None:
            message = "" if loop.label not in used else f"the loop's label o{loop.label} is used twice"
            if opened is not None:
                message = f"a loop begins inside loop o{opened[0]}"
            elif not message:
                opened = (loop.label, row, loop.repeats)
            used.add(loop.label)
        elif opened is None or loop.label != opened[0]:
            message = f"o{loop.label} ends a loop that is not open"
        else:
            message = ""
            table.loops.append(LoopRows(first=opened[1] + 1, stop=row, repeats=opened[2]))
            opened = None
        if message:
            table.faults.append(_loop_fault(row, message))
    if opened is not None:
        table.faults.append(_loop_fault(opened[1], f"the loop o{opened[0]} has no end"))


def _loop_fault(row: int, message: str) -> LineFault:
    return LineFault(line=row + 1, fault=Fault(number="M112", message=message, remedy="write each loop by itself"))


def _find_end(table: Table, statements: dict[int, Statement]) -> None:
    """Cut the table after its M2; report where there is none, where it stands in a loop, what comes after it."""
    end = next((row for row, statement in statements.items() if statement.ends), None)
    if end is None:
        fault = Fault(number="M110", message="the program does not end with M2", remedy="end it with M2")
        table.faults.append(LineFault(line=table.rows, fault=fault))
        return
    if any(loop.first <= end < loop.stop for loop in table.loops):
        table.faults.append(_loop_fault(end, "M2 stands inside a loop"))
    after = np.flatnonzero(np.any(np.isfinite(table.axes[end + 1 :]), axis=1)) + end + 1
    more = [*after[:1].tolist(), *(row for row, statement in statements.items() if row > end and not statement.blank)]
    if more:
        fault = Fault(number="M111", message="there is text after M2", remedy="remove it")
        table.faults.append(LineFault(line=min(more) + 1, fault=fault))
    table.rows = end + 1
    table.loops = [loop for loop in table.loops if loop.stop <= end]
