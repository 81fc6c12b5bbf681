"""A toolpath taken apart as an operator thinks of it: which step, which pass of it, and the way between its paths.

What tells passes apart is how their paths lie, not how a file names them: a machine file keeps no names, and must show
the same as the plan that it was written from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from engrave.report.drawing import FloatArray, IntArray
from engrave.verify.completing import step_with
from toolpaths.edm.model import Dress, Erosion
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Operation, Polylines, Toolpath

MOST_PASSES = 9
"""More are merged, first those of one step in one block, then those of one step."""

_CONTOUR, _CURVE = -1.0, -2.0
# Two lines are of one hatch where they lie this close to parallel; a path this much longer than its chord is a curve.
_PARALLEL_DEG, _STRAIGHT = 1.0, 1.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Paths of one kind, run one after the other.

    step : what it is a pass of. kind : how its paths lie. times : the least and the most times that one is run.
    points : (n, 3) float, um, pin frame. starts : (k + 1,) int, as in ``Polylines``. came_from : (k, 2) float, where
    the beam was, off, before each path; NaN before the first of all.
    """

    step: str
    kind: str
    times: tuple[int, int]
    points: FloatArray
    starts: IntArray
    came_from: FloatArray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def jumps(self) -> tuple[FloatArray, FloatArray]:
        """From where to where the beam jumps, (j, 2) float each, um: only where it has to move."""
        to = self.points[self.starts[:-1], :2]
        moved = np.isfinite(self.came_from[:, 0]) & np.any(self.came_from != to, axis=1)
        return self.came_from[moved], to[moved]

    @property
    def lit_um(self) -> float:
        """Length of its paths."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        steps[self.starts[1:-1] - 1] = 0.0
        return float(steps.sum())

    @property
    def jumps_um(self) -> float:
        """Length of its jumps, seen along the axis."""
        begin, end = self.jumps
        return float(np.hypot(*(end - begin).T).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """An operation with what it is a part of, and where the beam was before each of its paths."""

    block: int
    step: str
    times: int
    paths: Polylines
    came_from: FloatArray


def passes_of(toolpath: Toolpath, recipe: Recipe) -> tuple[Pass, ...]:
    """The passes in their order; the steps are the recipe's, told by energy, rate and feed."""
    names = _step_names(recipe)

    def step_of(operation: Operation) -> str:
        step = step_with(operation.process, recipe)
        return "of no known step" if step is None else names[step]

    runs = list(_runs(toolpath, step_of))
    return _few([(run, part) for run in runs for part in _parts(run)])


def passes_of_erosion(erosion: Erosion) -> tuple[Pass, ...]:
    """A pass an electrode, in the order in which they are first used, with how often each was dressed."""
    dressed = [event.tool for event in erosion.events if isinstance(event, Dress)]
    before = np.full((1, 2), np.nan)
    runs = []
    for event in erosion.eroding():
        came_from, before = _came_from(event.paths, before)
        often = dressed.count(event.tool)
        told = f", dressed {often_told(often)}" if often else ""
        step = f"electrode {event.tool + 1}{told}"
        runs.append(_Run(block=0, step=step, times=1, paths=event.paths, came_from=came_from))
    steps = dict.fromkeys(run.step for run in runs)
    return tuple(_joined([_whole(run, "layers") for run in runs if run.step == step]) for step in steps)


def often_told(often: int) -> str:
    """How often, in words."""
    return "once" if often == 1 else f"{often} times"


def _step_names(recipe: Recipe) -> tuple[str, ...]:
    """Steps by their place and their kind."""
    return tuple(f"step {place} ({step.kind})" for place, step in enumerate(recipe.steps, start=1))


def _runs(toolpath: Toolpath, step_of: Callable[[Operation], str]) -> Iterator[_Run]:
    """Every operation with paths, in order; a block that is run again begins where it has ended."""
    before = np.full((1, 2), np.nan)
    for number, block in enumerate(toolpath.blocks):
        operations = [operation for operation in block.operations if len(operation.paths)]
        if operations and block.repeats > 1:
            before = operations[-1].paths.points[-1:, :2]
        for operation in operations:
            came_from, before = _came_from(operation.paths, before)
            yield _Run(
                block=number,
                step=step_of(operation),
                times=block.repeats,
                paths=operation.paths,
                came_from=came_from,
            )


def _came_from(paths: Polylines, before: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where the beam is before each path, (k, 2), and after the last, (1, 2)."""
    ends = paths.points[paths.starts[1:] - 1, :2]
    return np.concatenate([before, ends[:-1]]), ends[-1:]


def _parts(run: _Run) -> list[Pass]:
    """The run, split where its paths begin to lie otherwise; whole where that is more than anybody looks at."""
    kinds = _kinds(run.paths)
    turned = np.abs(np.diff(kinds))
    # A hatch at 0 and one at 180 degrees are the same.
    both_straight = (kinds[1:] >= 0) & (kinds[:-1] >= 0)
    turned = np.where(both_straight, np.minimum(turned, 180.0 - turned), turned)
    other = np.where(both_straight, turned > _PARALLEL_DEG, kinds[1:] != kinds[:-1])
    cuts = [0, *(np.flatnonzero(other) + 1).tolist(), len(kinds)]
    if len(cuts) > MOST_PASSES + 1:
        return [_whole(run, "paths")]
    return [_part(run, first, last, _named(float(np.median(kinds[first:last])))) for first, last in pairwise(cuts)]


def _kinds(paths: Polylines) -> FloatArray:
    """How each path lies, (k,) float: closed, curved, or the direction of a straight one, 0 to 180 degrees."""
    begin, end = paths.points[paths.starts[:-1], :2], paths.points[paths.starts[1:] - 1, :2]
    steps = np.hypot(*np.diff(paths.points[:, :2], axis=0, append=paths.points[-1:, :2]).T)
    steps[paths.starts[1:] - 1] = 0.0
    length = np.add.reduceat(steps, paths.starts[:-1])
    chord = np.hypot(*(end - begin).T)
    degrees = np.degrees(np.arctan2(end[:, 1] - begin[:, 1], end[:, 0] - begin[:, 0])) % 180.0
    straight = np.where(length <= chord * _STRAIGHT, degrees, _CURVE)
    return np.where(np.all(begin == end, axis=1), _CONTOUR, straight)


def _named(kind: float) -> str:
    if kind == _CONTOUR:
        return "contours"
    return "curves" if kind < 0 else f"hatch at {round(kind) % 180} degrees"


def _whole(run: _Run, kind: str) -> Pass:
    return _part(run, 0, len(run.paths), kind)


def _part(run: _Run, first: int, last: int, kind: str) -> Pass:
    starts = run.paths.starts[first : last + 1]
    return Pass(
        step=run.step,
        kind=kind,
        times=(run.times, run.times),
        points=run.paths.points[starts[0] : starts[-1]],
        starts=starts - starts[0],
        came_from=run.came_from[first:last],
    )


def _few(found: Sequence[tuple[_Run, Pass]]) -> tuple[Pass, ...]:
    """The passes, merged as far as there are too many of them."""
    if len(found) <= MOST_PASSES:
        return tuple(part for _, part in found)
    grouped = groupby(found, key=lambda entry: (entry[0].block, entry[0].step))
    by_block = [_joined([part for _, part in members]) for _, members in grouped]
    if len(by_block) <= MOST_PASSES:
        return tuple(by_block)
    steps = dict.fromkeys(part.step for part in by_block)
    return tuple(_joined([part for part in by_block if part.step == step]) for step in steps)


def _joined(parts: Sequence[Pass]) -> Pass:
    """Several passes of one step as one."""
    offsets = np.cumsum([0, *(len(part.points) for part in parts)])
    starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    return Pass(
        step=parts[0].step,
        kind=parts[0].kind if len({part.kind for part in parts}) == 1 else "contours, hatches and curves",
        times=(min(part.times[0] for part in parts), max(part.times[1] for part in parts)),
        points=np.concatenate([part.points for part in parts]),
        starts=np.concatenate([*starts, offsets[-1:]]),
        came_from=np.concatenate([part.came_from for part in parts]),
    )
