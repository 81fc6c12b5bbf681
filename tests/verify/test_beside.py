"""Files beside the judged one: the same paths in every format agree, and each way of saying otherwise is found."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engrave.job import load_job
from engrave.job.setup import Setup, prepare
from engrave.job.shelves import MACHINES, PROCESSES
from engrave.verify.beside import MOST_OFF_UM, held_against
from engrave.verify.files import ReadFile, read_file
from toolpaths.model import Block, Delays, Operation, Polylines, Process, Toolpath
from toolpaths.readers.svg_document import MOST_BYTES
from toolpaths.writers.dxf import write_job_dxf
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.lbrn2 import write_lbrn2
from toolpaths.writers.ovf import write_ovf
from toolpaths.writers.svg import write_toolpath_svg

Change = Callable[[Toolpath], Toolpath]
DELAYS = Delays(laser_on_s=1e-5, laser_off_s=-2e-5, jump_s=1e-4, mark_s=2e-4, polygon_s=3e-5, jump_um_s=1e6)
MOST_ENERGY_J = 20e-6


def _setup(machine: str, judged: str) -> Setup:
    job = load_job(None)
    process = PROCESSES.load("fs-steel-fine")
    steps = tuple(replace(step, delays=DELAYS) for step in process.value.steps)
    process = replace(process, value=replace(process.value, steps=steps))
    return prepare(replace(job, process=process, machine=MACHINES.load(machine), formats=(judged,)))


@pytest.fixture(scope="module")
def stage() -> Setup:
    return _setup("stage", "ngc")


@pytest.fixture(scope="module")
def scanner() -> Setup:
    return _setup("galvo-20", "ovf")


@pytest.fixture(scope="module")
def toolpath(stage: Setup) -> Toolpath:
    """Two blocks as often, one of two operations, then two blocks run once, of all four steps, in focus."""
    recipe = stage.job.laser.value
    rough, finish, outline, clean = map(recipe.process_of, recipe.steps)

    def operation(name: str, process: Process, shift_um: float) -> Operation:
        plane = np.array([[0.0, 0], [100, 0], [100.1234, 50], [20, 50], [0, 0], [-30, 10], [-90, 10]]) + shift_um
        z_um = stage.tip.height_um(*plane.T) - 12.5
        return Operation(
            name=name,
            process=process,
            paths=Polylines(points=np.column_stack([plane, z_um]), starts=np.array([0, 5, 7])),
        )

    first = (operation("contour-015", rough, 0.0), operation("hatch-015", rough, 7.0))
    return Toolpath(
        blocks=(
            Block(repeats=3, operations=first),
            Block(repeats=3, operations=(operation("finish-hatch-045", finish, -80.0),)),
            Block(repeats=1, operations=(operation("outline-contour", outline, 100.0),)),
            Block(repeats=1, operations=(operation("clean-hatch-000", clean, -20.0),)),
        )
    )


def written(toolpath: Toolpath) -> dict[str, bytes]:
    """All files that may stand beside another."""
    return {
        "job.dxf": write_job_dxf(toolpath),
        "job-r12.dxf": write_job_dxf(toolpath, version="R12"),
        "job.svg": write_toolpath_svg(toolpath, title="t"),
        "job.lbrn2": write_lbrn2(toolpath, title="t", most_pulse_energy_j=MOST_ENERGY_J),
        "job.ovf": write_ovf(toolpath, name="t"),
    }


FILES = ("job.dxf", "job-r12.dxf", "job.svg", "job.lbrn2", "job.ovf")


def judged_on(setup: Setup, toolpath: Toolpath) -> ReadFile:
    """The judged file of a machine, read back."""
    if setup.job.machine_file == "job.ovf":
        return read_file(write_ovf(toolpath, name="t"), "job.ovf", setup)
    return read_file(write_gcode(toolpath, setup.job.machine.value, header=()), "job.ngc", setup)


@pytest.fixture(scope="module")
def by_stage(stage: Setup, toolpath: Toolpath) -> ReadFile:
    return judged_on(stage, toolpath)


def found(judged: ReadFile, files: dict[str, bytes], setup: Setup) -> set[tuple[str, str]]:
    """Numbers and places of the findings."""
    return {(finding.number, finding.place) for finding in held_against(judged, files, setup)}


def test_every_format_says_what_the_judged_one_says(
    by_stage: ReadFile, toolpath: Toolpath, stage: Setup, scanner: Setup
) -> None:
    assert by_stage.toolpath is not None
    assert found(by_stage, written(toolpath), stage) == set()
    assert found(judged_on(scanner, toolpath), written(toolpath), scanner) == set()


def _moved(toolpath: Toolpath, shift_um: tuple[float, float, float]) -> Toolpath:
    """The first operation's first path shifted as a whole."""
    block = toolpath.blocks[0]
    first = block.operations[0]
    points = first.paths.points.copy()
    points[:5] += shift_um
    operation = replace(first, paths=Polylines(points=points, starts=first.paths.starts))
    return Toolpath(
        blocks=(replace(block, operations=(operation, *block.operations[1:])), *toolpath.blocks[1:]),
    )


def _with_process(toolpath: Toolpath, change: Callable[[Process], Process]) -> Toolpath:
    """Another process of the last operation."""
    last = toolpath.blocks[-1]
    (operation,) = last.operations
    changed = replace(operation, process=change(operation.process))
    return Toolpath(blocks=(*toolpath.blocks[:-1], replace(last, operations=(changed,))))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("off_um", "numbers"), [(MOST_OFF_UM - 0.002, set()), (MOST_OFF_UM + 0.002, {"M435"})])
def test_a_point_may_lie_a_tenth_of_a_micrometre_off(  # noqa: PLR0917 - fixtures
    name: str, off_um: float, numbers: set[str], by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    moved = written(_moved(toolpath, (0.0, off_um, 0.0)))[name]
    assert found(by_stage, {name: moved}, stage) == {(number, name) for number in numbers}


def test_heights_are_compared_where_both_say_them(by_stage: ReadFile, toolpath: Toolpath, stage: Setup) -> None:
    sunk = written(_moved(toolpath, (0.0, 0.0, -0.2)))
    files = {name for number, name in found(by_stage, sunk, stage) if number == "M435"}
    assert files == {"job.dxf", "job-r12.dxf", "job.ovf"}


def test_another_number_of_runs_is_found_in_every_format(by_stage: ReadFile, toolpath: Toolpath, stage: Setup) -> None:
    more = Toolpath(blocks=(replace(toolpath.blocks[0], repeats=4), *toolpath.blocks[1:]))
    assert found(by_stage, written(more), stage) == {("M436", name) for name in FILES}


def test_other_operations_that_take_turns_are_found_where_the_format_keeps_turns(
    by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    """Each line of the first block by itself, as often: lbrn2 runs all passes of a layer anyway."""
    first, second = toolpath.blocks[0].operations
    apart = (Block(repeats=3, operations=(first,)), Block(repeats=3, operations=(second,)), *toolpath.blocks[1:])
    assert found(by_stage, written(Toolpath(blocks=apart)), stage) == {
        ("M436", name) for name in FILES if name != "job.lbrn2"
    }


def test_blocks_run_once_take_no_turns(by_stage: ReadFile, toolpath: Toolpath, stage: Setup) -> None:
    third, fourth = toolpath.blocks[2:]
    joined = Block(repeats=1, operations=(*third.operations, *fourth.operations))
    assert found(by_stage, written(Toolpath(blocks=(*toolpath.blocks[:2], joined))), stage) == set()


def test_other_paths_are_found_in_every_format(by_stage: ReadFile, toolpath: Toolpath, stage: Setup) -> None:
    fewer = Toolpath(blocks=toolpath.blocks[:-1])
    assert found(by_stage, written(fewer), stage) == {("M434", name) for name in FILES}


def test_another_order_is_found_in_every_format(by_stage: ReadFile, toolpath: Toolpath, stage: Setup) -> None:
    """The two last blocks, run once each, change places."""
    blocks = toolpath.blocks
    other = Toolpath(blocks=(*blocks[:2], blocks[3], blocks[2]))
    assert {name for _, name in found(by_stage, written(other), stage)} == set(FILES)


FIGURES: dict[str, tuple[Change, set[str]]] = {
    "energy": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, pulse_energy_j=one.pulse_energy_j * 1.01)),
        {"job.svg", "job.lbrn2", "job.ovf"},
    ),
    "rate": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, repetition_rate_hz=15_002.0)),
        {"job.svg", "job.lbrn2", "job.ovf"},
    ),
    "feed": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, feed_um_s=30_001.0)),
        {"job.svg", "job.lbrn2", "job.ovf"},
    ),
    "pulse width": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, pulse_width_s=202e-15)),
        {"job.svg", "job.lbrn2", "job.ovf"},
    ),
    "spot": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, spot_radius_um=6.01)),
        {"job.svg", "job.ovf"},
    ),
    "wavelength": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, wavelength_um=1.031)),
        {"job.svg", "job.ovf"},
    ),
    "delays": (
        lambda toolpath: _with_process(toolpath, lambda one: replace(one, delays=replace(DELAYS, mark_s=3e-4))),
        {"job.ovf"},
    ),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_another_figure_is_found_where_the_format_says_it(
    figure: str, by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    change, files = FIGURES[figure]
    findings = held_against(by_stage, written(change(toolpath)), stage)
    assert {(finding.number, finding.place) for finding in findings} == {("M437", name) for name in files}
    assert all(figure.rsplit(maxsplit=1)[-1] in finding.message for finding in findings)


def test_a_layer_renamed_to_another_step_is_another_process(
    by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    data = write_job_dxf(toolpath).replace(b"OP02_hatch-015_X3", b"OP02_clean-hatch-000_X3")
    assert found(by_stage, {"job.dxf": data}, stage) == {("M437", "job.dxf")}


def test_a_layer_of_an_unknown_name_and_a_broken_file_are_told_with_the_files_name(
    by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    data = write_job_dxf(toolpath).replace(b"OP02_hatch-015_X3", b"OP02_hatch-016_X3")
    assert found(by_stage, {"job.dxf": data}, stage) == {("M430", "job.dxf: OP02_hatch-016_X3")}
    files = written(toolpath)
    broken = {name: data[: len(data) // 2] for name, data in files.items()}
    findings = held_against(by_stage, broken, stage)
    assert all(finding.severity == "error" for finding in findings)
    assert {name for name in FILES if any(finding.place.startswith(name) for finding in findings)} == set(FILES)


def test_a_file_that_is_too_long_for_its_reader_is_no_wrong_one(
    by_stage: ReadFile, toolpath: Toolpath, stage: Setup
) -> None:
    long = written(toolpath)["job.svg"] + b" " * MOST_BYTES
    (finding,) = held_against(by_stage, {"job.svg": long}, stage)
    assert (finding.number, finding.severity, finding.place) == ("M438", "warning", "job.svg")


def test_nothing_is_held_against_a_judged_file_that_was_not_understood(stage: Setup, toolpath: Toolpath) -> None:
    judged = read_file(b"nonsense", "job.ngc", stage)
    assert held_against(judged, written(toolpath), stage) == ()


def test_gcode_is_not_for_a_scanner(scanner: Setup, stage: Setup, toolpath: Toolpath) -> None:
    read = read_file(write_gcode(toolpath, stage.job.machine.value, header=()), "job.ngc", scanner)
    assert (read.toolpath, read.run) == (None, None)
    assert [finding.number for finding in read.findings] == ["M432"]
