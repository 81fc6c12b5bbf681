"""A mark by sparks, from the job to the reading: milled by rods that wear, and sunk by electrodes made for it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from engrave.base.errors import InputError
from engrave.batch.erosion_files import plan_erosion
from engrave.batch.pin import Workshop, drawn_pin, make_pin, workshop_for
from engrave.code.mark import Mark, make_mark
from engrave.job import load_job
from engrave.job.bench import fit_job
from engrave.job.setup import prepare
from engrave.job.shelves import load_process
from engrave.layout.fitting import Fit
from engrave.layout.places import RAISED, RECESSED
from engrave.tips import PINS
from engrave.verify import Checked, check_pin, check_to_json, checker_for, electrode_files
from engrave.verify.check import struck_under
from engrave.verify.eroded import check_eroded
from toolpaths.edm.model import Erode, Erosion
from toolpaths.findings import Severity
from toolpaths.model import Polylines
from toolpaths.readers.edm_gcode import read_edm_gcode
from toolpaths.writers.edm_gcode import write_edm_gcode

PROJECT = Path(__file__).parent.parent.parent
EXAMPLES, SCHEMAS = PROJECT / "examples", PROJECT / "docs" / "schemas"
SERIAL, OTHER, MAKER, MODEL = "AAA0001", "AAA0002", "Acme", "P9"

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A pin as a batch makes it."""

    workshop: Workshop
    mark: Mark
    files: Mapping[str, bytes]
    checked: Checked

    @property
    def electrodes(self) -> dict[str, bytes]:
        """What the check needs beside the program."""
        return {name: self.files[name] for name in electrode_files(self.workshop.setup.job)}

    def check(self, program: bytes, mark: Mark | None = None) -> Checked:
        """Another program in its place."""
        return check_pin(program, mark or self.mark, self.workshop.checker, electrodes=self.electrodes)

    def changed(self, change: Callable[[Erode], Erode | None]) -> bytes:
        """The program with some of its runs changed or left out."""
        machine = self.workshop.setup.job.machine.value
        read = read_edm_gcode(self.files["job.ngc"], machine)
        events = [change(event) if isinstance(event, Erode) else event for event in read.erosion.events]
        kept = tuple(event for event in events if event is not None)
        return write_edm_gcode(Erosion(events=kept, safe_z_um=read.erosion.safe_z_um), machine, header=())


def made(example: str) -> Made:
    job = load_job(EXAMPLES / example)
    nominal = tuple(entry for entry in job.conditions if entry.name == "nominal")
    workshop = workshop_for(replace(job, conditions=nominal))
    mark = make_mark(serial=SERIAL, maker=MAKER, model=MODEL, ranges=workshop.setup.ranges)
    files, checked = make_pin(workshop, mark)
    return Made(workshop=workshop, mark=mark, files=files, checked=checked)


@pytest.fixture(scope="module")
def milled() -> Made:
    return made("job-edm.toml")


@pytest.fixture(scope="module")
def sunk() -> Made:
    return made("job-sinker.toml")


def errors(checked: Checked) -> set[str]:
    return {finding.number for finding in checked.findings if finding.severity.value == "error"}


def moved(event: Erode, by: Callable[[Any], Any]) -> Erode:
    return replace(event, paths=Polylines(points=by(event.paths.points), starts=event.paths.starts))


@pytest.mark.parametrize("way", ["milled", "sunk"])
def test_the_pin_passes_and_reads_as_its_own_serial(way: str, request: pytest.FixtureRequest) -> None:
    pin: Made = request.getfixturevalue(way)
    assert errors(pin.checked) == set()
    document = json.loads(pin.files["check.json"])
    assert document["verdict"] == "pass"
    assert document["reading"]["serial"] == SERIAL
    assert document["reading"]["characters"] == pin.mark.characters
    assert document["time"]["total_s"] > 0
    assert document["time"]["is_least"] is True
    assert "gaps" in document["not_in_file"]


@pytest.mark.parametrize("way", ["milled", "sunk"])
def test_a_check_of_the_files_gives_the_same_document(way: str, request: pytest.FixtureRequest) -> None:
    pin: Made = request.getfixturevalue(way)
    again = check_to_json(pin.check(pin.files["job.ngc"]), pin.workshop.setup)
    assert json.loads(json.dumps(again)) == json.loads(pin.files["check.json"])


@pytest.mark.parametrize("way", ["milled", "sunk"])
def test_the_header_says_that_nothing_was_calibrated(way: str, request: pytest.FixtureRequest) -> None:
    pin: Made = request.getfixturevalue(way)
    assert b"(not calibrated: gaps and wear are priors" in pin.files["job.ngc"]


def test_the_setup_sheets_fit_their_schema(sunk: Made) -> None:
    schema = json.loads((SCHEMAS / "setup-sheet.schema.json").read_text())
    document = json.loads(sunk.files["setup-sheet.json"])
    Draft202012Validator(schema).validate(document)
    assert [sheet["stage"] for sheet in document["sheets"]] == ["rough", "finish"]
    assert {sheet["code"] for sheet in document["sheets"]} == {sunk.mark.characters}
    assert {sheet["job_sha256"] for sheet in document["sheets"]} == {sunk.workshop.job_sha256}


def test_the_program_of_another_pin_names_that_pin(milled: Made) -> None:
    other = make_mark(serial=OTHER, maker=MAKER, model=MODEL, ranges=milled.workshop.setup.ranges)
    checked = milled.check(milled.files["job.ngc"], other)
    assert "R409" in errors(checked)
    assert checked.nominal is not None
    assert checked.nominal.identified is not None
    assert checked.nominal.identified.id == milled.mark.id


@pytest.mark.parametrize("tip", ["flat-1.8", "chisel-1.8x0.7"])
@pytest.mark.parametrize("polarity", [RAISED, RECESSED])
def test_floors_and_walls_are_right_on_other_tips(tip: str, polarity: str) -> None:
    """Raised lands by rods of 80 and 20 um; strokes of 30 um by one of 15 um."""
    job = load_job(EXAMPLES / "job-edm.toml")
    job = replace(job, pin=PINS.load(tip))
    fitted = fit_job(job, Fit(face=job.layout.face, polarity=RAISED))
    job = replace(job, layout=next(found.settings for found in fitted if found.settings.profile == "A"))
    if polarity == RECESSED:
        layout = replace(job.layout, polarity=RECESSED, stroke_um=30.0, tooth_um=30.0)
        job = replace(job, layout=layout, process=load_process("wc-15-fine"))
    setup = prepare(job)
    mark = make_mark(serial=SERIAL, maker=MAKER, model=MODEL, ranges=setup.ranges)
    _, engraving = drawn_pin(setup, mark)
    cut = plan_erosion(setup, engraving).tip(setup)
    assert check_eroded(cut, engraving, setup.job, tip=setup.tip, places=setup.places) == ()
    if polarity == RECESSED:
        # The strike says of what was really cut what the design rule said before.
        assert "L125" in {rule.number for rule in setup.rules if rule.severity is Severity.ERROR}
        outcome = struck_under(cut, checker_for(setup), name="nominal", condition=setup.job.nominal)
        assert not outcome.reading.found


def test_layers_that_are_missing_leave_the_floor_high(milled: Made) -> None:
    """A layer is 1 um of a floor that may be off by more: it takes two of them to be an error."""
    events = read_edm_gcode(milled.files["job.ngc"], _machine(milled)).erosion.eroding()
    missing = list(dict.fromkeys(event.name for event in events))[-2:]
    checked = milled.check(milled.changed(lambda event: None if event.name in missing else event))
    assert errors(checked) == {"C304", "C308"}


def test_a_mark_that_is_shifted_or_scaled_is_found(milled: Made) -> None:
    by = np.array([3.0, 0.0, 0.0])
    assert errors(milled.check(milled.changed(lambda event: moved(event, lambda points: points + by)))) & {
        "C305",
        "C306",
    }
    wider = np.array([1.01, 1.01, 1.0])
    assert errors(milled.check(milled.changed(lambda event: moved(event, lambda points: points * wider)))) & {"C306"}


def test_a_program_that_goes_too_deep_is_found(milled: Made) -> None:
    by = np.array([0.0, 0.0, -4.0])
    assert "C307" in errors(milled.check(milled.changed(lambda event: moved(event, lambda points: points + by))))


def test_a_process_that_wears_more_than_was_believed_is_found(milled: Made) -> None:
    """The paths make up for a wear of 3 %; with half as much again the floor comes out high."""
    setup = milled.workshop.setup
    milling = setup.job.milling
    worn = replace(milling, value=replace(milling.value, wear_ratio=1.5 * milling.value.wear_ratio))
    harder = replace(setup, job=replace(setup.job, process=worn))
    checker = replace(milled.workshop.checker, setup=harder)
    checked = check_pin(milled.files["job.ngc"], milled.mark, checker)
    assert errors(checked) & {"C301", "C304"}


def test_the_electrodes_of_another_pin_are_found(sunk: Made) -> None:
    other = make_mark(serial=OTHER, maker=MAKER, model=MODEL, ranges=sunk.workshop.setup.ranges)
    files, _ = make_pin(sunk.workshop, other)
    swapped = {name: files[name] for name in sunk.electrodes}
    checked = check_pin(sunk.files["job.ngc"], sunk.mark, sunk.workshop.checker, electrodes=swapped)
    assert "R409" in errors(checked)


def test_an_electrode_that_is_missing_or_damaged_is_told(sunk: Made) -> None:
    name = next(iter(sunk.electrodes))
    rest = {other: data for other, data in sunk.electrodes.items() if other != name}
    program, checker = sunk.files["job.ngc"], sunk.workshop.checker
    assert "M463" in errors(check_pin(program, sunk.mark, checker, electrodes=rest))
    damaged = check_pin(program, sunk.mark, checker, electrodes={**rest, name: sunk.electrodes[name][:1000]})
    assert damaged.tip is None
    assert errors(damaged)


def test_a_drawing_is_refused_where_sparks_are_asked_for(milled: Made) -> None:
    with pytest.raises(InputError, match="erodes"):
        check_pin(b"", milled.mark, milled.workshop.checker, name="job.dxf")


def test_a_program_that_cannot_be_read_is_told_and_not_simulated(milled: Made) -> None:
    checked = milled.check(milled.files["job.ngc"].replace(b"G90", b"G91"))
    assert checked.tip is None
    assert {"M472", "M451"} <= errors(checked)


def _machine(pin: Made) -> Any:  # noqa: ANN401 - a fixture's value
    return pin.workshop.setup.job.machine.value
