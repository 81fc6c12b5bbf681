"""``api.strike`` on one pin: whose conditions it takes, what it says of a wrong pin, and what it refuses."""

import json
import os
from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import pytest

from engrave import api
from engrave.base.config import json_bytes
from engrave.base.errors import InputError, UnfinishedError
from engrave.base.shelf import Sourced
from engrave.batch.pin import job_document, plan_pin
from engrave.code.mark import make_mark, mark_to_json, mark_with_id
from engrave.job import NOMINAL, Job, load_job
from engrave.job.setup import prepare
from engrave.strike import CONDITIONS, Condition
from toolpaths.writers.gcode import write_gcode

pytestmark = pytest.mark.slow

UNLIT = b"G21 G90 G17 G94 G40 G49 G54 G61\nM2\n"
MOVED = Condition(
    description="The ordinary strike, turned and beside the middle",
    dent_um=350.0,
    turn_rad=0.3,
    offset_x_um=60.0,
    offset_y_um=-40.0,
)


def job_with(*own: Sourced[Condition]) -> Job:
    """The example job with its nominal condition and others."""
    job = load_job(None)
    return replace(job, conditions=(*(entry for entry in job.conditions if entry.name == NOMINAL), *own))


def written(folder: Path, job: Job) -> Path:
    """What a strike needs of a finished pin, 375-76834 of this job."""
    setup = prepare(job)
    mark = make_mark(serial="375-76834", maker="Borealis", model="Compact", ranges=setup.ranges)
    folder.mkdir()
    (folder / "job.json").write_bytes(job_document(job))
    (folder / "mark.json").write_bytes(json_bytes(mark_to_json(mark)))
    (folder / "job.ngc").write_bytes(write_gcode(plan_pin(setup, mark).toolpath, job.machine.value, header=()))
    return folder


def copied(pin: Path, folder: Path, **changed: bytes) -> Path:
    """The same pin elsewhere, with other bytes in some of its files: job, mark or program."""
    names = {"job": "job.json", "mark": "mark.json", "program": "job.ngc"}
    folder.mkdir()
    for key, name in names.items():
        (folder / name).write_bytes(changed.get(key, (pin / name).read_bytes()))
    return folder


@pytest.fixture(scope="module")
def pin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    moved = Sourced(name="tilted", value=MOVED, sources={})
    return written(tmp_path_factory.mktemp("pins") / "pin", job_with(moved))


@pytest.fixture(scope="module")
def outcome(pin: Path) -> api.Strikes:
    """Under the job's conditions: the nominal one, and one of its own that bears a shipped one's name."""
    before = sorted(path.name for path in pin.iterdir())
    struck = api.strike(pin)
    assert sorted(path.name for path in pin.iterdir()) == before
    return struck


def test_without_names_the_jobs_own_conditions_are_struck(outcome: api.Strikes) -> None:
    assert list(outcome.document["conditions"]) == [NOMINAL, "tilted"]
    assert outcome.document["ensemble"] is None
    assert outcome.identified
    assert CONDITIONS.load("tilted").value.description != MOVED.description
    assert outcome.document["conditions"]["tilted"]["description"] == MOVED.description


def test_a_mark_that_was_moved_is_looked_for_where_it_lies(outcome: api.Strikes) -> None:
    """Turned and offset in the pin frame, so mirrored in the primer; each land prints as deep as it did."""
    reading = outcome.document["conditions"]["tilted"]["reading"]
    assert (reading["x_um"], reading["y_um"]) == pytest.approx((-60.0, -40.0), abs=1.5)
    assert reading["rotation_deg"] == pytest.approx(-0.3 * 180.0 / pi, abs=0.2)
    for kind in ("glyphs", "ring_cells"):
        still, moved = (outcome.document["conditions"][name][kind] for name in (NOMINAL, "tilted"))
        assert [land["place"] for land in moved] == [land["place"] for land in still]
        assert [land["depth_um"] for land in moved] == pytest.approx([land["depth_um"] for land in still], rel=0.05)
        assert min(land["printed_share"] for land in moved) > 0.95


def test_every_prior_is_told_once_and_so_is_the_calibration(outcome: api.Strikes) -> None:
    priors = outcome.document["priors"]
    assert len({(prior["of"], prior["source"]) for prior in priors}) == len(priors)
    named = [prior["of"] for prior in priors]
    assert named.count("nominal: dent") == 1
    assert named.count("reading.posterior") == 1


def test_another_pins_program_identifies_another_pin(pin: Path, tmp_path: Path) -> None:
    other = mark_with_id(identifier=77, serial="AAA0078", maker="Acme", model="P9")
    folder = copied(pin, tmp_path / "other", mark=json_bytes(mark_to_json(other)))
    struck = api.strike(folder, conditions=["tilted"])
    assert not struck.identified
    told = struck.document["conditions"]["tilted"]
    assert told["description"] == MOVED.description, "the job's own goes before the shipped one"
    carriers = told["carriers"]
    nothing, wrong = ({"right": False, "identified": False, "wrong": is_wrong} for is_wrong in (False, True))
    assert carriers == {"all characters": nothing, "characters, filled": nothing, "ring": wrong, "jointly": wrong}


def faults_of(path: Path, **asked: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever the strike takes
    with pytest.raises(InputError) as caught:
        api.strike(path, **asked)
    return caught.value.faults


def test_faults_of_the_pin_and_of_what_was_asked_are_told_together(pin: Path, tmp_path: Path) -> None:
    unlit = copied(pin, tmp_path / "unlit", program=UNLIT)
    asked = {"conditions": ["sideways", "upside-down"], "samples": -1, "seed": -1, "ensemble": "moon", "out": unlit}
    told = faults_of(unlit, **asked)
    assert len(told) == 7
    for words in ("'sideways'", "'upside-down'", "--samples: -1", "--seed: -1", "'moon'", "--out", "job.ngc: M202"):
        assert sum(words in fault for fault in told) == 1, words


def test_a_damaged_job_and_a_mark_of_another_pin_are_told_together(pin: Path, tmp_path: Path) -> None:
    mark = {**json.loads((pin / "mark.json").read_bytes()), "characters": "AAAAAAAA"}
    told = faults_of(copied(pin, tmp_path / "damaged", mark=json_bytes(mark), program=b""), conditions=["sideways"])
    assert any("mark.json" in fault for fault in told)
    assert any("'sideways'" in fault for fault in told)
    job = {**json.loads((pin / "job.json").read_bytes()), "colour": "red"}
    told = faults_of(copied(pin, tmp_path / "job", job=json_bytes(job)), samples=-1)
    assert len(told) == 2
    assert "job.json: colour" in told[1]


def test_to_strike_nothing_is_a_fault(pin: Path, tmp_path: Path) -> None:
    unlit = copied(pin, tmp_path / "unlit", program=UNLIT)
    assert faults_of(unlit, conditions=[])[0].startswith("--conditions: names none")
    assert not any(fault.startswith("--conditions") for fault in faults_of(unlit, conditions=[], samples=1))


def test_a_blow_that_no_dent_takes_is_a_fault(pin: Path, tmp_path: Path) -> None:
    job = json.loads((pin / "job.json").read_bytes())
    job["conditions"][1]["value"] |= {"dent_um": None, "energy_j": 1e6}
    told = faults_of(copied(pin, tmp_path / "heavy", job=json_bytes(job)))
    assert len(told) == 1
    assert "1e+06" in told[0]


@pytest.mark.parametrize("name", ["../../escaped", "/etc/passwd", "a\0b", "a\nb"])
def test_a_condition_names_no_file_elsewhere(pin: Path, tmp_path: Path, name: str) -> None:
    """job.json may come from anywhere, and pictures are named after its conditions."""
    job = json.loads((pin / "job.json").read_bytes())
    job["conditions"][1]["name"] = name
    folder = copied(pin, tmp_path / "pin", job=json_bytes(job), program=UNLIT)
    assert faults_of(folder, out=tmp_path / "below" / "out")[0].startswith(f"condition {name!r}: ")
    assert not any(fault.startswith("condition") for fault in faults_of(folder))
    assert [path.name for path in tmp_path.iterdir()] == ["pin"]


def test_files_are_all_there_or_none(pin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the third file."""
    written_bytes = os.fsync
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        written_bytes(descriptor)

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setattr("engrave.api.striking._MAGNIFICATIONS", (25.0,))
    with pytest.raises(UnfinishedError, match="the disk is full"):
        api.strike(pin, conditions=[NOMINAL], out=tmp_path / "out")
    assert len(calls) >= 3
    assert list(tmp_path.iterdir()) == []
