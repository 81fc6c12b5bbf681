"""job.json: the job whole, and nothing that contradicts itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engrave.base.config import json_bytes, parse_json
from engrave.base.errors import InputError
from engrave.code.ranges import Range
from engrave.job import Job, job_from_json, job_to_json, load_job
from engrave.job.resolve import JOB_SCHEMA
from engrave.tips import PINS


@pytest.fixture(scope="module")
def example() -> Job:
    return load_job(None)


@pytest.fixture
def document(example: Job) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json_bytes(job_to_json(example)))
    return parsed


@pytest.mark.parametrize("pin", PINS.names())
def test_a_job_comes_back_whole(example: Job, pin: str) -> None:
    job = replace(example, pin=PINS.load(pin))
    text = json_bytes(job_to_json(job)).decode()
    again = job_from_json(parse_json(text, origin="job.json", schema=JOB_SCHEMA), origin="job.json")
    assert again == job
    assert json_bytes(job_to_json(again)).decode() == text


def test_ranges_are_written_with_both_ends(example: Job) -> None:
    job = replace(example, ranges=(Range(maker="M", model="X", template="K99", base=7),))
    (written,) = job_to_json(job)["ranges"]
    assert written == {"maker": "M", "model": "X", "template": "K99", "first": "K00", "last": "K99", "base": 7}
    assert job_from_json(job_to_json(job), origin="job.json") == job


def test_the_document_holds_values_with_their_sources(document: dict[str, Any]) -> None:
    assert document["schema"] == "pin-engrave/job/1"
    assert document["relief_um"] == 25.0
    # Figures of other forms than the pin's are there and say nothing.
    assert {key: value for key, value in document["pin"]["value"].items() if value is not None} == {
        "description": "Polished hemispherical tip, radius 1.0 mm, on a pin of 1.8 mm",
        "shape": "sphere",
        "edge_radius_um": 900.0,
        "radius_um": 1000.0,
    }
    assert document["primer"]["sources"]["backing"]["prior"] is True
    # Neither layout nor codeword: the document is the same for every pin.
    assert "characters" not in json.dumps(document)


def test_a_newer_document_is_refused(document: dict[str, Any]) -> None:
    document["schema"] = "pin-engrave/job/2"
    with pytest.raises(InputError, match=r"is newer than 'pin-engrave/job/1', the newest this version reads; update"):
        parse_json(json.dumps(document), origin="job.json", schema=JOB_SCHEMA)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        place: Any = document
        for step in parents:
            place = place[int(step) if step.isdecimal() else step]
        if value is None:
            del place[last]
        else:
            place[int(last) if last.isdecimal() else last] = value

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_set("relief_um", -1.0), "relief: -1 um must be positive"),
        (_set("relief_um", "25um"), "relief_um: must be a number, not '25um'"),
        (_set("relief_um", None), "relief_um: missing"),
        (_set("colour", "red"), "colour: unknown key"),
        (_set("layout.face", "arial"), "layout.face: 'arial' is not known"),
        (_set("layout.profile", "Z"), "layout.profile: 'Z' is not known"),
        (_set("layout.stroke_um", 500.0), "layout.stroke: 500 um is no less than the height"),
        (_set("formats", ["svg"]), "formats: 'ngc' is not among them"),
        (_set("formats.1", "hpgl"), "formats: 'hpgl': machine 'stage' takes"),
        (_set("conditions", []), "conditions: must name 'nominal'"),
        (_set("pin.value.edge_radius_um", 2000.0), "pin.value.edge_radius: 2000 um must be less than the radius"),
        (_set("process.value.kerf_um", 0.0), "process.value: recipe 'fs-steel': kerf_um: 0.0 must be"),
        (_set("primer.sources.backing.text", ""), "primer.sources.backing.text: is empty"),
        (_set("ranges.1.base", 1), "ranges"),
    ],
)
def test_an_edited_document_is_refused(
    document: dict[str, Any], change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    change(document)
    with pytest.raises(InputError) as caught:
        job_from_json(document, origin="job.json")
    assert any(found.startswith(f"job.json: {fault}") for found in caught.value.faults), caught.value.faults
