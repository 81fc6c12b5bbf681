"""The circle closed from every format that a pin is written in, and what is planted in one of them found."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from engrave.batch.machine_files import meshes, names_of_paths
from engrave.batch.pin import Workshop, drawn_pin, make_pin, plan_pin, workshop_for
from engrave.code.mark import Mark, make_mark
from engrave.job import Job, load_job
from engrave.job.shelves import MACHINES
from engrave.verify import check_pin, check_to_json
from engrave.verify.check import engraved
from toolpaths.surface import HeightMap
from toolpaths.writers import dxf, lbrn2, ovf, svg
from toolpaths.writers.gcode import write_gcode

pytestmark = pytest.mark.slow

SERIAL, MAKER, MODEL = "375-76834", "Borealis", "Compact"
DRAWINGS = ("job.dxf", "job-r12.dxf", "job.svg", "job.lbrn2", "job.ovf")
MESHES = ("pin.stl", "pin.3mf", "pin.glb")
MOST_OFF_UM = 0.1
# Steeper than this it is a wall: a machine's step to either side of it decides the height.
WALL = 1.5


def job_for(machine: str, *formats: str) -> Job:
    job = load_job(None)
    nominal = tuple(entry for entry in job.conditions if entry.name == "nominal")
    return replace(job, machine=MACHINES.load(machine), formats=formats, conditions=nominal)


@pytest.fixture(scope="module")
def stage() -> Workshop:
    return workshop_for(job_for("stage", "ngc", "dxf", "dxf-r12", "svg", "stl", "3mf", "glb"))


@pytest.fixture(scope="module")
def scanner() -> Workshop:
    return workshop_for(job_for("galvo-20", "ovf", "dxf", "svg"))


@pytest.fixture(scope="module")
def mark(stage: Workshop) -> Mark:
    return make_mark(serial=SERIAL, maker=MAKER, model=MODEL, ranges=stage.setup.ranges)


@pytest.fixture(scope="module")
def files(stage: Workshop, mark: Mark) -> dict[str, bytes]:
    """One pin in every format."""
    toolpath, machine = plan_pin(stage.setup, mark).toolpath, stage.setup.job.machine.value
    return {
        "job.ngc": write_gcode(toolpath, machine, header=()),
        "job.dxf": dxf.write_job_dxf(toolpath),
        "job-r12.dxf": dxf.write_job_dxf(toolpath, version="R12"),
        "job.svg": svg.write_toolpath_svg(toolpath, title="t"),
        "job.lbrn2": lbrn2.write_lbrn2(toolpath, title="t", most_pulse_energy_j=machine.max_pulse_energy_j),
        "job.ovf": ovf.write_ovf(toolpath, name="t"),
    }


@pytest.fixture(scope="module")
def tip(files: dict[str, bytes], stage: Workshop) -> HeightMap:
    """The tip as the G-code cuts it."""
    found = engraved(files["job.ngc"], stage.checker).tip
    assert found is not None
    return found


def rms_off_walls_um(one: HeightMap, other: HeightMap) -> float:
    """How far two tips lie apart, root mean square, walls left out."""
    assert (one.pixel_um, one.x0_um, one.y0_um) == (other.pixel_um, other.x0_um, other.y0_um)
    assert np.array_equal(np.isnan(one.z_um), np.isnan(other.z_um))
    walls = np.hypot(*np.gradient(one.z_um, one.pixel_um)) > WALL
    off_um = (one.z_um - other.z_um)[~walls & np.isfinite(one.z_um)]
    return float(np.sqrt(np.mean(np.square(off_um))))


@pytest.mark.parametrize("name", ["job.ngc", *DRAWINGS])
def test_a_pin_passes_by_each_machine_file_alike(
    name: str, files: dict[str, bytes], stage: Workshop, mark: Mark, tip: HeightMap
) -> None:
    checked = check_pin(files[name], mark, stage.checker, name=name)
    document = check_to_json(checked, stage.setup)
    assert document["verdict"] == "pass", document["findings"]
    assert (document["file"], document["format"]) == (name, name.rpartition(".")[2])
    assert document["geometry_only"] == name.endswith(".dxf")
    assert ("heights" in document["not_in_file"]) == (name in {"job.svg", "job.lbrn2"})
    assert (document["reading"]["characters"], document["reading"]["serial"]) == (mark.characters, SERIAL)
    assert checked.tip is not None
    assert rms_off_walls_um(tip, checked.tip) < MOST_OFF_UM
    # The way is the same, but for heights that do not stand in the file: 79 minutes to a second.
    assert document["time"]["total_s"] == pytest.approx(4712.4, abs=1.0)


@pytest.mark.parametrize("name", ["job.ovf", "job.dxf", "job.svg", "job.lbrn2"])
def test_a_scanner_cuts_the_same_tip_by_each_file(
    name: str, files: dict[str, bytes], scanner: Workshop, tip: HeightMap
) -> None:
    cut = engraved(files[name], scanner.checker, name=name).tip
    assert cut is not None
    assert rms_off_walls_um(tip, cut) < MOST_OFF_UM


@pytest.fixture(scope="module")
def solids(tip: HeightMap, stage: Workshop) -> Mapping[str, bytes]:
    return meshes(tip, stage.setup.job)


@pytest.mark.parametrize("name", MESHES)
def test_a_pin_passes_by_each_mesh_of_it(
    name: str, solids: Mapping[str, bytes], stage: Workshop, mark: Mark, tip: HeightMap
) -> None:
    checked = check_pin(solids[name], mark, stage.checker, name=name)
    document = check_to_json(checked, stage.setup)
    assert document["verdict"] == "pass", document["findings"]
    assert (document["geometry_only"], document["time"]) == (True, None)
    assert document["reading"]["serial"] == SERIAL
    assert checked.tip is not None
    assert rms_off_walls_um(tip, checked.tip) < MOST_OFF_UM


def _scaled(text: bytes) -> bytes:
    """An SVG whose page says that it is a hundredth larger, as an export at 101 % does."""
    return re.sub(rb'(width|height)="([0-9.]+)mm"', lambda found: b'%s="%.6fmm"' % _larger(found), text, count=2)


def _larger(found: re.Match[bytes]) -> tuple[bytes, float]:
    return found[1], float(found[2]) * 1.01


PLANTED: dict[str, tuple[str, Callable[[bytes], bytes], set[str]]] = {
    "a layer of an unknown name": (
        "job.dxf",
        lambda data: data.replace(b"OP02_hatch-015_X27", b"OP02_hatch-016_X27"),
        {"M430"},
    ),
    "layers run half as often": ("job.dxf", lambda data: data.replace(b"_X27", b"_X13"), {"C301", "C304", "S501"}),
    "a drawing at 101 percent": ("job.svg", _scaled, {"C304", "C306", "M208"}),
    "a cut shifted by 20 um": (
        "job.lbrn2",
        lambda data: data.replace(b"<XForm>1 0 0 1 0 0<", b"<XForm>1 0 0 1 0.02 0<"),
        {"C302", "C304", "R410"},
    ),
    "some of its paths shifted by 20 um": (
        "job.lbrn2",
        lambda data: data.replace(b"<XForm>1 0 0 1 0 0<", b"<XForm>1 0 0 1 0.02 0<", 60),
        {"C302", "C305"},
    ),
    "a file cut short": ("job.ovf", lambda data: data[:-1000], {"M363"}),
    "a drawing without runs": ("job.svg", lambda data: data.replace(b" data-repeats=", b" data-r="), {"M431"}),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_planted_in_any_file_fails_with_its_number(
    fault: str, files: dict[str, bytes], stage: Workshop, mark: Mark
) -> None:
    name, plant, numbers = PLANTED[fault]
    planted = plant(files[name])
    assert planted != files[name]
    checked = check_pin(planted, mark, stage.checker, name=name)
    assert not checked.passed
    assert numbers <= {finding.number for finding in checked.findings if finding.severity == "error"}


def test_a_mesh_of_another_pin_reads_as_the_other_pin(solids: Mapping[str, bytes], stage: Workshop) -> None:
    other = make_mark(serial="AAA0001", maker="Acme", model="P9", ranges=stage.setup.ranges)
    checked = check_pin(solids["pin.glb"], other, stage.checker, name="pin.glb")
    assert not checked.passed
    assert {"R409", "C302"} <= {finding.number for finding in checked.findings}
    assert checked.nominal is not None
    assert checked.nominal.identified is not None
    assert checked.nominal.identified.characters != other.characters


@pytest.mark.parametrize(
    ("pixels", "place"), [(1.01, "wider than the tip"), (0.99, "narrower than the tip"), (1.0, "off the axis")]
)
def test_a_mesh_of_another_outline_is_refused(
    pixels: float, place: str, tip: HeightMap, stage: Workshop, mark: Mark
) -> None:
    """A hundredth larger or smaller, or 60 um to the right."""
    shift_um = 60.0 if place == "off the axis" else 0.0
    thin = replace(
        tip,
        z_um=tip.z_um[::4, ::4],
        pixel_um=4 * tip.pixel_um * pixels,
        x0_um=tip.x0_um * pixels + shift_um,
        y0_um=tip.y0_um * pixels,
    )
    checked = check_pin(meshes(thin, stage.setup.job)["pin.stl"], mark, stage.checker, name="pin.stl")
    assert checked.tip is None
    assert [finding.number for finding in checked.findings if finding.severity == "error"] == ["M433"]


def test_a_file_that_says_otherwise_does_not_leave_the_house(
    stage: Workshop, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer errs by a hundredth: the pin's own check finds it, though the judged file is sound."""
    sound = svg.write_toolpath_svg
    monkeypatch.setattr(svg, "write_toolpath_svg", lambda toolpath, title: _scaled(sound(toolpath, title=title)))
    job = replace(stage.setup.job, formats=("ngc", "dxf", "svg"))
    made, checked = make_pin(replace(stage, setup=replace(stage.setup, job=job)), mark)
    assert {"job.ngc", "job.dxf", "job.svg"} <= set(made)
    (finding,) = [finding for finding in checked.findings if finding.severity == "error"]
    assert (finding.number, finding.place) == ("M435", "job.svg")
    # A hundredth of some 900 um, the radius of the tip.
    assert finding.value == pytest.approx(9.0, abs=1.0)


def test_outlines_are_no_paths_of_a_beam(stage: Workshop, mark: Mark) -> None:
    _, engraving = drawn_pin(stage.setup, mark)
    outlines = [polygon for land in engraving.lands for polygon in getattr(land.outline, "geoms", [land.outline])]
    checked = check_pin(dxf.write_outline_dxf(outlines), mark, stage.checker, name="outline.dxf")
    assert {finding.number for finding in checked.findings} == {"M430", "M431"}
    assert "outline.dxf" not in names_of_paths(stage.setup.job)
