"""How long a pin takes on its machine, by operation and by step of the recipe."""

import math
from dataclasses import dataclass, replace

from engrave.job import Job
from engrave.verify.completing import step_with
from toolpaths.duration import OperationTime, estimate
from toolpaths.laser.recipe import Recipe
from toolpaths.machine import Machine
from toolpaths.model import Block, Delays, Operation, Process, Toolpath


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """An estimate, s; loading the pin and bringing it into focus are not in it.

    operations : each with the number of its step in the recipe, from 1, or None where it is no step's.
    is_least : a scanner's delays are not known, so that jumps are reckoned at its greatest speed and without waiting.
    """

    operations: tuple[tuple[int | None, OperationTime], ...]
    is_least: bool

    @property
    def total_s(self) -> float:
        """All of it, s."""
        return math.fsum(operation.total_s for _, operation in self.operations)

    def by_step(self) -> dict[int | None, float]:
        """Seconds of each step that there is, in the order of first use."""
        seconds: dict[int | None, float] = {}
        for step, operation in self.operations:
            seconds[step] = seconds.get(step, 0.0) + operation.total_s
        return seconds


def times_of(toolpath: Toolpath, job: Job) -> Times:
    """How long the job's machine takes. Raises ToolpathError where an operation has no feed."""
    machine, recipe = job.machine.value, job.laser.value
    laid = [operation for _, operation in toolpath.operations() if len(operation.paths)]
    steps = [step_with(operation.process, recipe) for operation in laid]
    is_least = False
    if machine.is_galvo:
        is_least = any(_delays(operation.process, recipe) is None for operation in laid)
        toolpath = Toolpath(blocks=tuple(_waiting(block, recipe, machine) for block in toolpath.blocks))
    numbers = [None if step is None else step + 1 for step in steps]
    operations = estimate(toolpath, machine).operations
    return Times(operations=tuple(zip(numbers, operations, strict=True)), is_least=is_least)


def _delays(process: Process, recipe: Recipe) -> Delays | None:
    """A scanner's delays, as the file or else the recipe says; None where neither says a speed of jumps."""
    step = step_with(process, recipe)
    delays = process.delays or (None if step is None else recipe.steps[step].delays)
    return delays if delays is not None and 0 < delays.jump_um_s < math.inf else None


def _waiting(block: Block, recipe: Recipe, machine: Machine) -> Block:
    """The block with delays for every operation: none, and the fastest jumps, where they are not known."""
    none = Delays(
        laser_on_s=0.0,
        laser_off_s=0.0,
        jump_s=0.0,
        mark_s=0.0,
        polygon_s=0.0,
        jump_um_s=machine.scanner.max_jump_um_s,
    )

    def waiting(operation: Operation) -> Operation:
        delays = _delays(operation.process, recipe) or none
        return replace(operation, process=replace(operation.process, delays=delays))

    return replace(block, operations=tuple(map(waiting, block.operations)))
