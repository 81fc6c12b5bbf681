"""How long a pin takes: by hand, on a stage and on a scanner, with delays and without."""

from dataclasses import replace

import numpy as np
import pytest

from engrave.job import Job, load_job
from engrave.job.shelves import MACHINES, PROCESSES
from engrave.verify.timing import times_of
from toolpaths.errors import ToolpathError
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import UNSAID

DELAYS = Delays(laser_on_s=0, laser_off_s=0, jump_s=1e-3, mark_s=2e-3, polygon_s=4e-3, jump_um_s=1e6)
OTHER = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e3, feed_um_s=3e4)


@pytest.fixture(scope="module")
def job() -> Job:
    return replace(load_job(None), process=PROCESSES.load("fs-steel-fine"))


def _on(machine: str, job: Job) -> Job:
    return replace(job, machine=MACHINES.load(machine), formats=("ngc",) if machine == "stage" else ("ovf",))


def _toolpath(job: Job, *, runs: int, delays: Delays | None = None) -> Toolpath:
    """Two lines of 300 um, 400 um apart, by the rough step; then one of 150 um, by the quick step, 250 um away."""
    recipe = job.laser.value
    rough, clean = recipe.process_of(recipe.steps[0]), recipe.process_of(recipe.steps[3])
    lines = np.array([[0.0, 0, 0], [300, 0, 0], [300, 400, 0], [0, 400, 0]])
    last = np.array([[150.0, 200, 0], [150, 50, 0]])
    first = Operation(
        name="a", process=replace(rough, delays=delays), paths=Polylines(points=lines, starts=np.array([0, 2, 4]))
    )
    second = Operation(
        name="b", process=replace(clean, delays=delays), paths=Polylines(points=last, starts=np.array([0, 2]))
    )
    return Toolpath(blocks=(Block(repeats=runs, operations=(first,)), Block(repeats=1, operations=(second,))))


def test_a_stage_starts_and_stops_every_line(job: Job) -> None:
    """20 m/s2: 15 mm/s after 0.75 ms, 30 mm/s after 1.5 ms, and 400 um from rest to rest below 200 mm/s by 2 sqrt(s/a).

    Run twice: lines of (20 + 0.75) ms, three jumps of 400 um (the way back is as long) of 8.944 ms. The quick step:
    5 + 1.5 ms, after a jump of 250 um, 7.071 ms.
    """
    times = times_of(_toolpath(job, runs=2), _on("stage", job))
    rough_s, clean_s = 4 * 20.75e-3 + 3 * 2 * (400 / 20e6) ** 0.5, 6.5e-3 + 2 * (250 / 20e6) ** 0.5
    assert times.by_step() == {1: pytest.approx(rough_s), 4: pytest.approx(clean_s)}
    assert times.total_s == pytest.approx(rough_s + clean_s)
    assert not times.is_least


def test_a_scanner_waits_as_its_delays_say(job: Job) -> None:
    """Lines of 20 ms, jumps of 0.4 ms and 0.25 ms at 1 m/s, 1 ms after each jump and 2 ms after each line."""
    times = times_of(_toolpath(job, runs=2, delays=DELAYS), _on("galvo-20", job))
    assert times.by_step() == {
        1: pytest.approx(4 * 20e-3 + 3 * 0.4e-3 + 3 * 1e-3 + 4 * 2e-3),
        4: pytest.approx(5e-3 + 0.25e-3 + 1e-3 + 2e-3),
    }
    assert not times.is_least


def test_delays_that_the_file_leaves_out_are_the_recipes(job: Job) -> None:
    recipe = job.laser.value
    steps = tuple(replace(step, delays=DELAYS) for step in recipe.steps)
    waiting = replace(job, process=replace(job.laser, value=replace(recipe, steps=steps)))
    given = times_of(_toolpath(job, runs=2, delays=DELAYS), _on("galvo-20", job))
    assert times_of(_toolpath(job, runs=2), _on("galvo-20", waiting)) == given


def test_without_delays_the_time_is_a_least_one(job: Job) -> None:
    """Jumps at the greatest speed that the scanner has, 8 m/s, and no waiting."""
    times = times_of(_toolpath(job, runs=1), _on("galvo-20", job))
    assert times.is_least
    assert times.total_s == pytest.approx(2 * 20e-3 + 5e-3 + 400 / 8e6 + 250 / 8e6)


def test_a_process_of_no_step_is_told_as_such(job: Job) -> None:
    toolpath = _toolpath(job, runs=1)
    own = replace(toolpath.blocks[0].operations[0], process=OTHER)
    times = times_of(Toolpath(blocks=(Block(repeats=1, operations=(own,)),)), _on("stage", job))
    assert [step for step, _ in times.operations] == [None]


def test_a_path_without_a_feed_has_no_time(job: Job) -> None:
    toolpath = _toolpath(job, runs=1)
    own = replace(toolpath.blocks[0].operations[0], process=UNSAID)
    with pytest.raises(ToolpathError, match="feed"):
        times_of(Toolpath(blocks=(Block(repeats=1, operations=(own,)),)), _on("stage", job))
