"""What a file does not say, taken from the job by the names of its operations, and never guessed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engrave.base.errors import InputError
from engrave.job import Job, load_job
from engrave.job.shelves import PROCESSES
from engrave.tips import Tip, tip_of
from engrave.verify.completing import completed, step_named, step_with
from engrave.verify.formats import KINDS, drawing_source, kind_of
from toolpaths.laser.recipe import Recipe
from toolpaths.model import Block, Operation, Polylines, Process, Toolpath
from toolpaths.readers.drawn import ORDER, REPEATS, SAYABLE, UNSAID, Drawn, Z
from toolpaths.readers.dxf import read_dxf
from toolpaths.writers.dxf import Version, write_job_dxf

ROUGH, FINISH, OUTLINE, CLEAN = range(4)


@pytest.fixture(scope="module")
def fine() -> Recipe:
    """A recipe of four steps, of 15, 75, 135; 45, 105, 165; no; and 0 degrees."""
    return PROCESSES.load("fs-steel-fine").value


@pytest.fixture(scope="module")
def job() -> Job:
    return replace(load_job(None), process=PROCESSES.load("fs-steel-fine"))


@pytest.fixture(scope="module")
def tip(job: Job) -> Tip:
    return tip_of(job.pin.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_told_by_the_ending_however_it_is_written(kind: str) -> None:
    assert kind_of(f"a.b.{kind.upper()}") == kind


@pytest.mark.parametrize(("name", "shown"), [("job.pdf", r"ending \.pdf"), ("job", "without an ending")])
def test_another_ending_is_an_input_error_that_names_the_known_ones(name: str, shown: str) -> None:
    with pytest.raises(InputError, match=f"{shown}.*known endings are .ngc, .dxf, .svg, .lbrn2, .ovf, .stl, .3mf, .gl"):
        kind_of(name)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("hatch-015", ROUGH),
        ("contour-135", ROUGH),
        ("taper-1", ROUGH),
        ("finish-hatch-165", FINISH),
        ("outline-contour", OUTLINE),
        ("clean-hatch-000", CLEAN),
        ("OP01_contour-015_X27", ROUGH),
        ("OP12_OUTLINE-CONTOUR_X2_NEXT", OUTLINE),
        # 31 letters: the last one of the name is gone, and what is left is of the finish alone.
        ("OP10_FINISH-CONTOUR-04_X27_NEXT", FINISH),
        ("hatch-016", None),
        ("clean-contour-000", None),
        ("outline-contour-015", None),
        ("HATCH", None),
        ("OP01_HATCH_X27", None),
        ("taper-", None),
        ("LAND", None),
        ("", None),
    ],
)
def test_a_name_tells_its_step_or_nothing(name: str, step: int | None, fine: Recipe) -> None:
    assert step_named(name, fine) is (None if step is None else fine.steps[step])


def test_a_name_cut_short_that_two_steps_may_have_had_tells_nothing(fine: Recipe) -> None:
    """Of two finishes both begin with ``finish-``, and only the number tells them apart."""
    finish = fine.steps[FINISH]
    twice = replace(fine, steps=(fine.steps[ROUGH], finish, replace(finish, pulse_energy_j=0.15e-6)))
    short, whole = f"OP10_FINISH-_X{'1' * 17}", "OP10_FINISH-2-CONTOU_X1000_NEXT"
    assert (len(short), len(whole)) == (31, 31)
    assert step_named(short, twice) is None
    assert step_named(whole, twice) is twice.steps[2]


def test_a_process_is_of_the_step_with_its_figures_to_a_millionth(fine: Recipe) -> None:
    process = fine.process_of(fine.steps[FINISH])
    assert step_with(process, fine) == FINISH
    assert step_with(replace(process, feed_um_s=process.feed_um_s * (1 + 0.9e-6)), fine) == FINISH
    assert step_with(replace(process, feed_um_s=process.feed_um_s * (1 + 1.1e-6)), fine) is None
    assert step_with(UNSAID, fine) is None


def _operation(name: str, process: Process = UNSAID, *, z_um: float = 0.0) -> Operation:
    points = np.array([[0.0, 0.0, z_um], [100.0, 0.0, z_um], [300.0, 400.0, z_um]])
    return Operation(name=name, process=process, paths=Polylines(points=points, starts=np.array([0, 3])))


def _drawn(*operations: Operation, says: frozenset[str] = frozenset({ORDER, REPEATS, Z})) -> Drawn:
    return Drawn(toolpath=Toolpath(blocks=(Block(repeats=3, operations=operations),)), says=says, findings=())


def test_a_drawings_process_is_the_jobs(job: Job, tip: Tip, fine: Recipe) -> None:
    toolpath, findings = completed(_drawn(_operation("hatch-015"), _operation("clean-hatch-000")), job, tip)
    assert findings == ()
    assert toolpath is not None
    assert [operation.process for _, operation in toolpath.operations()] == [
        fine.process_of(fine.steps[ROUGH]),
        fine.process_of(fine.steps[CLEAN]),
    ]
    assert [repeats for repeats, _ in toolpath.operations()] == [3, 3]


def test_what_a_file_says_goes_before_the_job(job: Job, tip: Tip) -> None:
    """15 mm/s stands in the recipe, 16 in the file, and the energy in the recipe alone."""
    said = replace(UNSAID, feed_um_s=16_000.0, spot_radius_um=7.0)
    toolpath, _ = completed(_drawn(_operation("hatch-015", said)), job, tip)
    assert toolpath is not None
    ((_, operation),) = toolpath.operations()
    assert (operation.process.feed_um_s, operation.process.spot_radius_um) == (16_000.0, 7.0)
    assert operation.process.pulse_energy_j == pytest.approx(0.35e-6)
    assert operation.process.wavelength_um == pytest.approx(1.03)


def test_a_file_with_its_own_process_is_not_asked_for_names(job: Job, tip: Tip) -> None:
    own = Process(pulse_energy_j=1e-6, repetition_rate_hz=1e4, feed_um_s=1e4)
    toolpath, findings = completed(_drawn(_operation("parameters 1", own)), job, tip)
    assert findings == ()
    assert toolpath is not None
    assert [operation.process for _, operation in toolpath.operations()] == [own]


def test_names_that_the_recipe_does_not_know_are_told_each_once(job: Job, tip: Tip) -> None:
    read = _drawn(_operation("LAND"), _operation("hatch-015"), _operation("LAND"), _operation("hatch-016"))
    toolpath, findings = completed(read, job, tip)
    assert toolpath is None
    assert [(finding.number, finding.place) for finding in findings] == [("M430", "LAND"), ("M430", "hatch-016")]


def test_a_file_that_says_no_runs_is_not_run_once(job: Job, tip: Tip) -> None:
    toolpath, findings = completed(_drawn(_operation("hatch-015"), says=frozenset({Z})), job, tip)
    assert toolpath is None
    assert [finding.number for finding in findings] == ["M431"]


def test_heights_that_a_file_does_not_say_are_in_the_middle_of_the_relief(job: Job, tip: Tip) -> None:
    """The example's ball of 1 mm falls by 1000 - sqrt(1000^2 - r^2) at r; half of a relief of 25 um is 12.5 um."""
    assert (job.relief_um, job.pin.value.radius_um) == (25.0, 1000.0)
    toolpath, _ = completed(_drawn(_operation("hatch-015"), says=frozenset({REPEATS})), job, tip)
    assert toolpath is not None
    ((_, operation),) = toolpath.operations()
    fall_um = [1000 - math.sqrt(1000**2 - radius_um**2) for radius_um in (0, 100, 500)]
    assert operation.paths.points[:, 2] == pytest.approx([-12.5 - fall for fall in fall_um])
    kept, _ = completed(_drawn(_operation("hatch-015", z_um=7.0)), job, tip)
    assert kept is not None
    ((_, operation),) = kept.operations()
    assert operation.paths.points[:, 2] == pytest.approx([7.0, 7.0, 7.0])


@pytest.mark.parametrize("version", ["R2000", "R12"])
def test_every_operation_of_a_plan_is_known_by_its_layer(version: Version, job: Job, tip: Tip, fine: Recipe) -> None:
    """Names as planning gives them, through the longest tail that a layer may have."""
    named = {"contour-015": ROUGH, "finish-contour-045": FINISH, "outline-contour": OUTLINE, "clean-hatch-000": CLEAN}
    blocks = [
        Block(repeats=1000, operations=(replace(_operation(name), process=fine.process_of(fine.steps[step])),))
        for name, step in named.items()
    ]
    read = read_dxf(write_job_dxf(Toolpath(blocks=tuple(blocks)), version=version))
    toolpath, findings = completed(read, job, tip)
    assert findings == ()
    assert toolpath is not None
    found = [step_with(operation.process, fine) for _, operation in toolpath.operations()]
    assert found == list(named.values())


def test_a_source_tells_what_the_file_leaves_out() -> None:
    drawing = drawing_source("a.dxf", frozenset({ORDER, REPEATS, Z}), waits=False)
    assert drawing.geometry_only
    assert {"pulse_energy", "feed", "repetition_rate"} <= set(drawing.not_in_file)
    assert not {"heights", "repeats", "delays"} & set(drawing.not_in_file)
    whole = drawing_source("a.ovf", SAYABLE, waits=True)
    assert not whole.geometry_only
    assert whole.not_in_file == ("beam_quality", "hatch", "ablation", "tip", "primer", "conditions")
    assert "delays" in drawing_source("a.ovf", SAYABLE - {"delays"}, waits=True).not_in_file
    assert not drawing_source("a.lbrn2", None, waits=True).geometry_only
