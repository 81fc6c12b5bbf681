"""A mark for a galvo scanner, from the job to the reading: by the files that a scanner's program loads."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from engrave import api
from engrave.base.errors import InputError
from engrave.batch.machine_files import machine_files
from engrave.batch.pin import drawn_pin, plan_pin, workshop_for
from engrave.code.mark import Mark, make_mark
from engrave.job import Job, load_job
from engrave.job.setup import Setup, prepare
from engrave.job.shelves import MACHINES
from engrave.verify import Checked, check_pin, check_to_json, checker_for
from engrave.verify.check import engraved
from toolpaths.model import Block, Operation, Polylines, Toolpath
from toolpaths.writers.gcode import write_gcode
from toolpaths.writers.ovf import write_ovf

SERIAL, MAKER, MODEL = "375-76834", "Borealis", "Compact"
FloatArray = NDArray[np.float64]
DRAWINGS = ("dxf", "dxf-r12", "svg")


def job_for(machine: str, formats: tuple[str, ...]) -> Job:
    job = load_job(None)
    nominal = tuple(entry for entry in job.conditions if entry.name == "nominal")
    return replace(job, machine=MACHINES.load(machine), formats=formats, conditions=nominal)


@pytest.fixture(scope="module")
def setup() -> Setup:
    return prepare(job_for("galvo-20", ("ovf",)))


@pytest.fixture(scope="module")
def mark(setup: Setup) -> Mark:
    return make_mark(serial=SERIAL, maker=MAKER, model=MODEL, ranges=setup.ranges)


@pytest.fixture(scope="module")
def toolpath(setup: Setup, mark: Mark) -> Toolpath:
    return plan_pin(setup, mark).toolpath


def checked(toolpath: Toolpath, setup: Setup, mark: Mark) -> Checked:
    return check_pin(write_ovf(toolpath, name="a mark"), mark, checker_for(setup))


def changed(toolpath: Toolpath, points: Callable[[FloatArray], FloatArray]) -> Toolpath:
    def operation(one: Operation) -> Operation:
        return replace(one, paths=Polylines(points=points(one.paths.points), starts=one.paths.starts))

    return Toolpath(
        blocks=tuple(replace(block, operations=tuple(map(operation, block.operations))) for block in toolpath.blocks)
    )


@pytest.mark.slow
def test_a_scanner_of_20_bits_engraves_the_serial(toolpath: Toolpath, setup: Setup, mark: Mark) -> None:
    found = checked(toolpath, setup, mark)
    assert found.passed, [finding for finding in found.findings if finding.severity == "error"]
    assert found.nominal is not None
    assert found.nominal.identified is not None
    assert found.nominal.identified.id == mark.id
    told = check_to_json(found, setup)["not_in_file"]
    assert "spot_radius" not in told
    assert "ablation" in told


@pytest.mark.slow
def test_a_scanner_of_16_bits_over_110_mm_is_too_coarse_for_a_hatch_of_4_um(mark: Mark) -> None:
    """Steps of 1.68 um lay the lines 2, 3, 2, 3 steps apart: the floor comes out in ridges and grooves."""
    setup = prepare(job_for("galvo-16", ("lbrn2",)))
    planned = plan_pin(setup, mark)
    files = machine_files(planned.toolpath, _outlines(setup, mark), setup.job, title="t", header=())
    found = check_pin(files["job.lbrn2"], mark, checker_for(setup))
    assert not found.passed
    assert {"M422", "C304", "C307"} <= {finding.number for finding in found.findings}
    assert "heights" in check_to_json(found, setup)["not_in_file"]


def _outlines(setup: Setup, mark: Mark) -> list[shapely.Polygon]:
    _, engraving = drawn_pin(setup, mark)
    return [part for land in engraving.lands for part in shapely.get_parts(land.outline).tolist()]


@pytest.mark.slow
def test_stage_and_scanner_cut_the_same_tip(toolpath: Toolpath, setup: Setup) -> None:
    """Off the walls, where a step of .1 um decides, within .1 um root mean square."""
    stage = prepare(job_for("stage", ("ngc",)))
    by_stage = engraved(write_gcode(toolpath, stage.job.machine.value, header=()), checker_for(stage)).tip
    by_scanner = engraved(write_ovf(toolpath, name="t"), checker_for(setup)).tip
    assert by_stage is not None
    assert by_scanner is not None
    walls = np.hypot(*np.gradient(by_stage.z_um, by_stage.pixel_um)) > 1.5
    off_um = (by_scanner.z_um - by_stage.z_um)[~walls & np.isfinite(by_stage.z_um)]
    assert np.sqrt(np.mean(np.square(off_um))) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        ("scaled", {"C301", "C302", "C303", "C304", "C305", "C306", "C307", "C308", "M208"}),
        ("mirrored", {"R402", "R403", "R404", "R405", "R406", "R407", "R408", "R409"}),
        ("half of the rounds", {"C304", "C305", "S501", "S502", "S503"}),
        ("out of focus", {"M214"}),
    ],
)
def test_a_planted_fault_is_found(toolpath: Toolpath, setup: Setup, mark: Mark, fault: str, numbers: set[str]) -> None:
    planted = {
        "scaled": lambda: changed(toolpath, lambda points: points * np.array([1.02, 1.02, 1.0])),
        "mirrored": lambda: changed(toolpath, lambda points: points * np.array([-1.0, 1.0, 1.0])),
        "half of the rounds": lambda: Toolpath(
            blocks=tuple(Block(repeats=block.repeats // 2, operations=block.operations) for block in toolpath.blocks)
        ),
        "out of focus": lambda: changed(toolpath, lambda points: points + np.array([0.0, 0.0, 40.0])),
    }
    found = checked(planted[fault](), setup, mark)
    assert not found.passed
    assert numbers & {finding.number for finding in found.findings if finding.severity == "error"}


def test_a_broken_file_is_a_finding_and_no_tip(toolpath: Toolpath, setup: Setup) -> None:
    data = write_ovf(toolpath, name="t")
    for broken in (b"", b"G21", data[: len(data) // 2]):
        made = engraved(broken, checker_for(setup))
        assert made.tip is None
        assert made.findings


@pytest.mark.slow
def test_the_folder_holds_every_format_and_is_checked_again(tmp_path: Path) -> None:
    text = api.example_job_text().replace('machine = "stage"', 'machine = "galvo-20"')
    formats = '["dxf", "dxf-r12", "svg", "ovf", "stl", "3mf", "glb"]'
    (tmp_path / "job.toml").write_text(text.replace('["ngc", "dxf", "svg"]', formats))
    outcome = api.make(SERIAL, maker=MAKER, model=MODEL, out=tmp_path / "out", job=tmp_path / "job.toml")
    assert outcome.good
    (folder,) = (tmp_path / "out" / "pins").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "check.json", "layout.svg", "mark.json", "pin.svg", "impression.png", "import-notes.txt", "views.json",
        "job.dxf", "outline.dxf", "job-r12.dxf", "outline-r12.dxf", "job.svg", "job.ovf", "pin.stl", "pin.3mf",
        "pin.glb",
    }  # fmt: skip
    assert all(one.passed for one in api.check(tmp_path / "out"))
    notes = (folder / "import-notes.txt").read_text()
    assert all(name in notes for name in (*DRAWINGS, "ovf", "stl", "3mf", "glb"))


def test_every_format_that_cannot_carry_it_is_told() -> None:
    with pytest.raises(InputError) as caught:
        machine_files(Toolpath(blocks=()), [], job_for("stage", ("ngc", "dxf", "svg")), title="t", header=())
    names = ("job.ngc", "job.dxf", "outline.dxf", "job.svg", "import-notes.txt")
    assert [fault.split(": ")[1] for fault in caught.value.faults] == list(names)


def test_a_workshop_for_a_scanner_is_made_as_any(setup: Setup) -> None:
    assert workshop_for(setup.job).setup.job.machine_file == "job.ovf"
