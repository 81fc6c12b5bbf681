"""``check FILE``: any of a pin's files, its ending, what is missing beside it, and how long the pin takes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Call = Callable[..., Any]


@pytest.fixture(scope="session")
def by_file(made: Path, pin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pin's drawings with mark.json and job.json beside them, and no program."""
    folder = tmp_path_factory.mktemp("file") / "pin"
    folder.mkdir()
    for path in (pin_folder / "job.dxf", pin_folder / "job.svg", pin_folder / "mark.json", made / "job.json"):
        shutil.copy(path, folder)
    return folder


def test_a_drawing_in_a_batchs_folder_is_checked_alone(
    call: Call, pin_folder: Path, validators: dict[str, Draft202012Validator]
) -> None:
    called = call("check", pin_folder / "job.dxf", "--json")
    assert (called.code, called.err) == (0, "")
    validators["pin-engrave/checks/1"].validate(called.document)
    (pin,) = called.document["pins"]
    own = json.loads((pin_folder / "check.json").read_bytes())
    check = pin["check"]
    assert (check["file"], check["format"], check["geometry_only"]) == ("job.dxf", "dxf", True)
    assert (own["file"], own["format"], own["geometry_only"]) == ("job.ngc", "ngc", False)
    assert check["reading"] == own["reading"]
    assert {"pulse_energy", "repetition_rate", "feed"} <= set(check["not_in_file"])
    assert check["time"]["total_s"] == own["time"]["total_s"]


@pytest.mark.slow
def test_a_check_says_what_it_took_from_the_job_and_how_long_the_pin_takes(call: Call, by_file: Path) -> None:
    called = call("check", by_file / "job.dxf")
    said = "pass: 499BNM4L 375-76834; reads 499BNM4L, names 375-76834"
    assert called.out == f"{said}; geometry only, process from job.json; takes 1 h 19 min\n"
    assert call("check", by_file / "job.svg").out == f"{said}; takes 1 h 19 min\n"


PLANTED: dict[str, tuple[str, bytes, bytes, str]] = {
    "layer renamed": ("job.dxf", b"OP02_hatch-015_X27", b"OP02_stipple_X27", "M430 error: OP02_stipple_X27"),
    "layer missing": ("job.dxf", b"OP02_hatch-015_X27", b"OP07_hatch-015_X27", "M314 error"),
    "in inches": ("job.dxf", b"$INSUNITS\n 70\n4\n", b"$INSUNITS\n 70\n1\n", "M307 error"),
    "without runs": ("job.svg", b"data-repeats", b"data-passes", "M431 error"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_ends_with_3_and_its_number(call: Call, by_file: Path, tmp_path: Path, fault: str) -> None:
    folder = shutil.copytree(by_file, tmp_path / "pin")
    name, before, after, told = PLANTED[fault]
    data = (folder / name).read_bytes()
    assert before in data
    (folder / name).write_bytes(data.replace(before, after))
    called = call("check", folder / name)
    assert called.code == 3
    assert told in called.err
    assert called.out.startswith("fail: 499BNM4L 375-76834; reads nothing")


@pytest.mark.parametrize("name", ["a.dxf", "a.svg", "a.lbrn2", "a.ovf", "a.ngc", "a.stl", "a.3mf", "a.glb", "a.GLB"])
@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 4], ids=["nothing", "text", "binary"])
def test_a_broken_file_of_any_kind_fails_with_findings(  # noqa: PLR0917 - fixtures
    call: Call, by_file: Path, tmp_path: Path, validators: dict[str, Draft202012Validator], name: str, data: bytes
) -> None:
    for beside in ("mark.json", "job.json"):
        shutil.copy(by_file / beside, tmp_path)
    (tmp_path / name).write_bytes(data)
    called = call("check", tmp_path / name, "--json", "--quiet")
    assert (called.code, called.err) == (3, "")
    validators["pin-engrave/checks/1"].validate(called.document)
    (pin,) = called.document["pins"]
    assert pin["check"]["file"] == name
    assert any(finding["severity"] == "error" for finding in pin["check"]["findings"])


def test_an_unknown_ending_and_what_is_missing_beside_it_are_told_at_once(call: Call, tmp_path: Path) -> None:
    (tmp_path / "job.pdf").write_bytes(b"%PDF")
    called = call("check", tmp_path / "job.pdf")
    assert called.code == 2
    for text in ("the ending .pdf", "known endings are .ngc, .dxf", "mark.json: cannot", "no job.json beside"):
        assert text in called.err


def test_a_file_that_is_not_there_is_an_input_error(call: Call, by_file: Path) -> None:
    called = call("check", by_file / "absent.dxf")
    assert called.code == 2
    assert "name the folder of a pin or of a batch, or a pin's file" in called.err


def test_make_and_its_report_tell_the_machine_time(call: Call, made: Path, job_file: Path) -> None:
    whose = ("--maker", "Borealis", "--model", "Compact")
    called = call("make", "375-76834", *whose, "--out", made, "--job", job_file)
    assert called.code == 0
    assert "machine time of the pins that pass, estimated: 1 h 19 min" in called.err
    page = (made / "index.html").read_text()
    assert '"time":"1 h 19 min"' in page
    assert "1 h 19 min for all pins, estimated" in page


def test_strike_takes_a_drawing_as_well(call: Call, by_file: Path) -> None:
    called = call("strike", by_file / "job.dxf", "--conditions", "weak", "--json")
    assert called.code in {0, 3}
    assert called.document["schema"] == "pin-engrave/strike/1"
