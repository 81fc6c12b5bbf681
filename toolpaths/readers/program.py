"""What a machine file makes the machine do: every move in order, and what the reader found wrong with the file."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from toolpaths.findings import Finding, has_errors
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The m moves of a program in the order of their execution.

    begin_um, end_um : (m, 3) float, um. The first rapid comes from wherever the machine stood; its begin is its end.
    lit, rapid : (m,) bool; lit is the state of the gate during the move.
    feed_um_s : (m,) float; NaN where none was set, the machine's greatest for a rapid.
    pulse_energy_j, repetition_rate_hz : (m,) float; NaN where none was set.
    line : (m,) int, counted from 1.
    times : (m,) int, how often the move is run. A loop run n times appears as its first round, run once, and its
    second round, which stands for the n - 1 others.
    block : (m,) int; moves of one number stand in one loop, or between two loops.
    later_round : (m,) bool; the move belongs to a loop's second round.
    exposure : (m,) int; lit moves of one number follow each other without a command to the gate.
    lit_at_rest_lines : lines that leave the beam on the work while the machine stands still.
    lit_at_end : whether the gate is open after the last line.
    """

    begin_um: FloatArray
    end_um: FloatArray
    lit: BoolArray
    rapid: BoolArray
    feed_um_s: FloatArray
    pulse_energy_j: FloatArray
    repetition_rate_hz: FloatArray
    line: IntArray
    times: IntArray
    block: IntArray
    later_round: BoolArray
    exposure: IntArray
    lit_at_rest_lines: tuple[int, ...]
    lit_at_end: bool
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.line)

    @property
    def executable(self) -> bool:
        """Whether the whole file was understood; where it was not, the moves are no account of what would happen."""
        return not has_errors(self.findings)

    def toolpath(self) -> Toolpath:
        """What the beam does: lit moves joined to paths, neighbours of one process to an operation, loops to blocks."""
        lit = np.flatnonzero(self.lit)
        if lit.size == 0:
            return Toolpath(blocks=())
        run_starts = np.flatnonzero(
            np.diff(self.block[lit], prepend=-1).astype(bool)
            | np.diff(self.later_round[lit].astype(np.int64), prepend=-1).astype(bool)
        )
        runs = [(lit[first], self._run(moves)) for first, moves in _slices(run_starts, lit)]
        blocks: list[Block] = []
        for index, (move, operations) in enumerate(runs):
            times = int(self.times[move])
            if index and self.block[runs[index - 1][0]] == self.block[move] and self._same_beam(runs, index):
                blocks[-1] = Block(repeats=blocks[-1].repeats + times, operations=blocks[-1].operations)
            else:
                blocks.append(Block(repeats=times, operations=operations))
        return Toolpath(blocks=tuple(blocks))

    def _same_beam(self, runs: "list[tuple[np.int64, tuple[Operation, ...]]]", index: int) -> bool:
        """Whether two rounds of a loop put the same light on the same lines."""
        one, other = runs[index - 1][1], runs[index][1]
        return len(one) == len(other) and all(
            a.process == b.process
            and np.array_equal(a.paths.starts, b.paths.starts)
            and np.array_equal(a.paths.points, b.paths.points)
            for a, b in zip(one, other, strict=True)
        )

    def _run(self, moves: IntArray) -> tuple[Operation, ...]:
        """Operations of lit moves that run one after the other."""
        process = np.stack([self.pulse_energy_j, self.repetition_rate_hz, self.feed_um_s], axis=1)[moves]
        new_process = np.ones(len(moves), dtype=bool)
        new_process[1:] = np.any(process[1:] != process[:-1], axis=1)
        new_path = new_process.copy()
        new_path[1:] |= self.exposure[moves[1:]] != self.exposure[moves[:-1]]
        operations = []
        for first, members in _slices(np.flatnonzero(new_process), moves):
            path_starts = np.flatnonzero(new_path[first : first + len(members)])
            energy_j, rate_hz, feed_um_s = process[first].tolist()
            operations.append(
                Operation(
                    name=f"line {self.line[moves[first]]}",
                    process=Process(pulse_energy_j=energy_j, repetition_rate_hz=rate_hz, feed_um_s=feed_um_s),
                    paths=self._polylines(members, path_starts),
                )
            )
        return tuple(operations)

    def _polylines(self, moves: IntArray, path_starts: IntArray) -> Polylines:
        points = np.insert(self.end_um[moves], path_starts, self.begin_um[moves[path_starts]], axis=0)
        starts = np.append(path_starts + np.arange(len(path_starts)), len(points))
        return Polylines(points=points, starts=starts)


def _slices(starts: IntArray, members: IntArray) -> Iterator[tuple[int, IntArray]]:
    """The members from each start up to the next, each with the index of its first."""
    ends = np.append(starts[1:], len(members))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield start, members[start:end]
