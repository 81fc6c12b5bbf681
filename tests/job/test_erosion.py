"""Jobs that cut by sparks: found on three shelves, held against machine and formats, written and read back, fitted."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engrave.base.config import json_bytes
from engrave.base.errors import InputError, UnknownNameError
from engrave.job import Job, job_from_json, job_to_json, load_job
from engrave.job.bench import fit_job, widths_of
from engrave.job.setup import prepare
from engrave.job.shelves import MILLINGS, SINKINGS, load_process
from engrave.layout.fitting import Fit
from engrave.tips import PINS
from toolpaths.edm.milling_recipe import Milling
from toolpaths.edm.sinking_recipe import Sinking
from toolpaths.findings import Finding, Severity

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("job-edm.toml", "job-sinker.toml")
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def edm() -> Job:
    return load_job(EXAMPLES / "job-edm.toml")


@pytest.fixture(scope="module")
def sinker() -> Job:
    return load_job(EXAMPLES / "job-sinker.toml")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an example with texts in it replaced, each of which must be there once."""

    def written(name: str, *changes: tuple[str, str]) -> Path:
        text = (EXAMPLES / name).read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "job.toml"
        path.write_text(text)
        return path

    return written


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_job(path)
    return caught.value.faults


def errors(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.number for finding in findings if finding.severity is Severity.ERROR]


# --- shelves ----------------------------------------------------------------------------------------------------------


def test_a_process_is_found_on_each_of_three_shelves(edm: Job, sinker: Job) -> None:
    assert isinstance(edm.process.value, Milling)
    assert edm.process == edm.milling == MILLINGS.load("wc-20")
    assert isinstance(sinker.process.value, Sinking)
    assert sinker.process == sinker.sinking == SINKINGS.load("fine-cuw")
    assert edm.is_erosion
    assert sinker.is_erosion
    laser = load_job(None)
    assert not laser.is_erosion
    assert laser.laser == laser.process


def test_an_unknown_process_is_told_with_all_that_are_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_process("wc-99")
    (fault,) = caught.value.faults
    assert fault.startswith("'wc-99' is not among the processes; known: processes: ")
    assert {"fs-steel", "wc-20", "fine-cuw"} <= set(fault.replace(";", ",").replace(":", ",").split(", ")), fault


def test_a_name_on_two_shelves_is_refused_with_both(write: Write, tmp_path: Path) -> None:
    own = tmp_path / "mine" / "processes"
    own.mkdir(parents=True)
    (own / "wc-20.toml").write_text('name = "wc-20"\n')
    path = write(
        "job-edm.toml",
        ('# library = "library"    # a folder', 'library = "mine"    # a folder'),
    )
    (fault,) = faults_of(path)
    assert (
        fault == "job.toml: process: 'wc-20' stands among the processes and millings; rename the file in your library"
    )


def test_code_for_one_process_says_what_the_job_has_instead(edm: Job, sinker: Job) -> None:
    with pytest.raises(InputError, match=r"process 'wc-20' is milling by sparks; this is for a laser alone"):
        _ = edm.laser
    with pytest.raises(
        InputError, match=r"process 'fine-cuw' is sinking by sparks; this is for milling by sparks alone"
    ):
        _ = sinker.milling
    with pytest.raises(InputError, match=r"process 'fs-steel' is a laser's; this is for sinking by sparks alone"):
        _ = load_job(None).sinking


# --- machine and formats ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "machine", "fault"),
    [
        (
            "job-edm.toml",
            "stage",
            (
                "'stage' cannot run process 'wc-20', which is milling by sparks; name a machine with a spark generator "
                "(controller 'edm'), or another process"
            ),
        ),
        (
            "job-sinker.toml",
            "tray-stage",
            (
                "'tray-stage' cannot run process 'fine-cuw', which is sinking by sparks; name a machine with a spark "
                "generator (controller 'edm'), or another process"
            ),
        ),
    ],
)
def test_sparks_need_a_generator(write: Write, name: str, machine: str, fault: str) -> None:
    assert f"job.toml: machine: {fault}" in faults_of(write(name, ('machine = "edm-stage"', f'machine = "{machine}"')))


def test_a_tray_is_for_lasers(write: Write) -> None:
    path = write("job-edm.toml", ("rules = []\n", 'rules = []\nfixture = "tray-10x10"\n'))
    with pytest.raises(InputError, match="fixture: process 'wc-20' erodes, and trays are for lasers alone"):
        load_job(path)


def test_a_generator_is_no_laser(write: Write) -> None:
    path = write("job-edm.toml", ('process = "wc-20"', 'process = "fs-steel"'))
    assert faults_of(path) == (
        (
            "job.toml: machine: 'edm-stage' cannot run process 'fs-steel', which is a laser's; name a laser's machine, "
            "or another process"
        ),
    )


@pytest.mark.parametrize(
    ("name", "formats", "fault"),
    [
        ("job-edm.toml", ("ngc", "stl", "3mf", "glb", "x3p"), None),
        ("job-edm.toml", ("ngc", "dxf"), "'dxf': machine 'edm-stage' takes ngc, x3p, stl, 3mf, glb"),
        ("job-edm.toml", ("x3p",), "'ngc' is not among them, and it is the file that every check reads; add it"),
        (
            "job-edm.toml",
            ("ngc", "electrode-stl"),
            "'electrode-stl': machine 'edm-stage' takes ngc, x3p, stl, 3mf, glb",
        ),
        ("job-sinker.toml", ("ngc", "electrode-3mf", "electrode-stl", "glb"), None),
        (
            "job-sinker.toml",
            ("ngc", "stl"),
            "'electrode-stl' is not among them, and a sunk pin is checked by its electrodes; add it",
        ),
    ],
)
def test_formats_suit_the_process(write: Write, name: str, formats: tuple[str, ...], fault: str | None) -> None:
    given = next(line for line in (EXAMPLES / name).read_text("utf-8").splitlines() if line.startswith("formats"))
    named = ", ".join(f'"{each}"' for each in formats)
    path = write(name, (given, f"formats = [{named}]"))
    if fault is None:
        assert load_job(path).formats == formats
    else:
        assert faults_of(path) == (f"job.toml: formats: {fault}",)


# --- the document -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_job_by_sparks_comes_back_whole(name: str) -> None:
    job = load_job(EXAMPLES / name)
    data = json_bytes(job_to_json(job))
    again = job_from_json(json.loads(data), origin="job.json")
    assert again == job
    assert type(again.process.value) is type(job.process.value)
    assert json_bytes(job_to_json(again)) == data


def test_faults_of_a_process_are_told_of_the_kind_that_it_is(edm: Job) -> None:
    document: dict[str, Any] = json.loads(json_bytes(job_to_json(edm)))
    value = document["process"]["value"]
    value["rods"][0]["diameter_um"], value["wear_ratio"] = "thick", None
    with pytest.raises(InputError) as caught:
        job_from_json(document, origin="job.json")
    assert set(caught.value.faults) == {
        "job.json: process.value.rods[0].diameter_um: must be a number, not 'thick'",
        "job.json: process.value.wear_ratio: must be a number, not None",
    }


def test_a_document_whose_machine_cannot_run_its_process_is_refused(edm: Job) -> None:
    document = job_to_json(replace(edm, machine=load_job(None).machine))
    with pytest.raises(InputError, match=r"job\.json: machine: 'stage' cannot run process 'wc-20'"):
        job_from_json(document, origin="job.json")


# --- widths, rules, the search ----------------------------------------------------------------------------------------


def test_a_rod_cuts_its_diameter_and_two_gaps_with_upright_walls() -> None:
    widths = widths_of(MILLINGS.load("wc-20").value)
    # 20 + 2 x 7.4; level for its whole width.
    assert (widths.kerf_um, widths.crater_um, widths.level_um) == pytest.approx((34.8, 34.8, 34.8))
    assert (widths.wall_um, widths.ridge_um) == (0.0, 0.0)


def test_an_electrode_cuts_by_its_ribs_and_between_lands_by_its_walls() -> None:
    fine = SINKINGS.load("fine-cuw").value
    uneven = replace(fine, least_rib_um=10.0)
    # A rib of 10 or a wall of 12, 8 um smaller on each side; a land as wide as the cutter, 30, less 2 x 6.
    assert widths_of(uneven, polarity="recessed").kerf_um == pytest.approx(26.0)
    assert widths_of(uneven, polarity="raised").kerf_um == pytest.approx(28.0)
    assert widths_of(fine).ridge_um == pytest.approx(18.0)
    assert (widths_of(fine).wall_um, widths_of(fine).level_um) == (0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_jobs_by_sparks_keep_to_every_rule(name: str) -> None:
    setup = prepare(load_job(EXAMPLES / name))
    setup.require_sound()
    told = {finding.number for finding in setup.rules}
    assert told == {"L123", "L124", "L126"} | ({"L128"} if name == "job-edm.toml" else set())


def test_a_profile_that_leaves_no_opening_for_the_rod_is_refused(write: Write) -> None:
    """Lands 34 um apart, and a rod that cuts 34.8 um."""
    path = write("job-edm.toml", ('inner = "582um"', 'inner = "580um"'))
    found = [finding for finding in prepare(load_job(path)).rules if finding.severity is Severity.ERROR]
    assert [(finding.number, finding.value, finding.limit) for finding in found] == [("L104", 34.0, 34.8)]
    assert "a thinner rod" in found[0].remedy


def test_a_profile_that_has_no_room_on_the_tip_says_why(edm: Job) -> None:
    """128 teeth with openings of 34.8 um take a ring that a sphere of 1 mm has no room for."""
    with pytest.raises(InputError, match=r"^no layout fits this pin: profile D: .* only 0 cells of the ring have room"):
        fit_job(replace(edm, pin=PINS.load("sphere-1.0")), Fit(profiles=("D",)))


def test_the_search_draws_no_stroke_that_cannot_be_cut(edm: Job, sinker: Job) -> None:
    pin = PINS.load("flat-1.8")
    for job, polarity, least_um in ((edm, "recessed", 35.0), (sinker, "recessed", 28.0), (sinker, "raised", 18.0)):
        best, *_ = fit_job(replace(job, pin=pin), Fit(profiles=("S",), polarity=polarity))
        assert best.settings.stroke_um >= least_um


@pytest.mark.parametrize("process", ["wc-20", "fine-cuw"])
def test_a_layout_is_found_for_sparks_and_is_sound(edm: Job, process: str) -> None:
    job = replace(edm, process=load_process(process), pin=PINS.load("flat-1.8"))
    fit = Fit(profiles=("A",))
    best, *_ = fit_job(job, fit)
    setup = prepare(replace(job, layout=best.settings))
    assert errors(setup.rules) == []
    # The usual stroke of 20 um at half relief is one of 20 um at the crest, between upright walls.
    assert best.settings.stroke_um in {18.0, 20.0}
