"""``inspect`` on the command line: a finished pin's scan, a batch of them, a primer, and everything that is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from benchmarks.inspected_scans import Lie, disturbed, scanned
from engrave import api
from engrave.api.folders import job_at
from engrave.api.inspecting import inspect_batch
from engrave.code.mark import mark_from_json
from engrave.job.setup import prepare
from engrave.registry.chain import Stamp
from engrave.registry.issuing import issue
from engrave.registry.store import Block, create_registry, opened
from engrave.registry.terms import add_issuer, add_ranges
from engrave.verify import checker_for
from engrave.verify.check import engraved
from toolpaths.surface import HeightMap

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
STAMP = Stamp(actor="clerk", time="2026-11-22T08:00:00Z", tool="pin-engrave 0.1.0")
GRID = ("--spacing", "2um", "--unit", "um")


@pytest.fixture(scope="module")
def tip(pin_folder: Path) -> HeightMap:
    """The pin as its machine file cuts it."""
    checker = checker_for(prepare(job_at(pin_folder.parent.parent / "job.json")))
    found = engraved((pin_folder / "job.ngc").read_bytes(), checker).tip
    assert found is not None
    return found


@pytest.fixture(scope="module")
def scans(tip: HeightMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans of it, and one of it ground down by 15 um."""
    folder = tmp_path_factory.mktemp("scans")
    lies = [
        Lie(turn_rad=0.7, tilt_rad=(0.02, 0.01), off_um=(20.0, 30.0)),
        Lie(turn_rad=-2.0, tilt_rad=(-0.01, 0.03), off_um=(-9.0, 4.0)),
    ]
    for number, lie in enumerate(lies, start=1):
        rng = np.random.default_rng(number)
        z_um = disturbed(scanned(tip, lie, half_um=720.0, pixel_um=2.0), rng, pixel_um=2.0, noise_um=0.2, holes=0.05)
        np.save(folder / f"scan{number}.npy", z_um)
    np.save(folder / "ground.npy", np.minimum(z_um, np.nanmax(z_um) - 15.0))
    return folder


@pytest.mark.slow
def test_a_sound_pin_passes(call: Call, pin_folder: Path, scans: Path, tmp_path: Path, validators: Validators) -> None:
    page, mark = tmp_path / "page.html", pin_folder / "mark.json"
    told = call(
        "inspect", scans / "scan1.npy", *GRID, "--mark", mark, "--repeat", scans / "scan2.npy", "-o", page, "--json"
    )
    assert told.code == 0
    validators["pin-engrave/inspection/1"].validate(told.document)
    intended = json.loads(mark.read_text())
    assert told.document["verdict"] == "pass"
    assert told.document["reading"]["serial"] == intended["serial"]
    assert [entry["name"] for entry in told.document["uncertainty"]["repeats"]] == ["scan2.npy"]
    assert told.document["uncertainty"]["depth_um"] > 0
    assert not told.document["findings"]
    text = page.read_text()
    assert intended["characters"] in text
    # Offline: nothing is asked for, nothing runs.
    assert "<script" not in text
    # Pictures are base64, in which these four letters may stand by chance, and no colon.
    assert "http:" not in text
    assert "https:" not in text
    again = call("inspect", scans / "scan1.npy", *GRID, "--mark", mark)
    assert again.code == 0
    assert again.out.startswith("pass: ")
    assert "I612" in again.err


@pytest.mark.slow
def test_a_pin_that_is_ground_down_fails(call: Call, pin_folder: Path, scans: Path) -> None:
    told = call("inspect", scans / "ground.npy", *GRID, "--mark", pin_folder / "mark.json", "--uncertainty", "0.3um")
    assert told.code == 3
    assert told.out.startswith("fail: ")
    assert "I60" in told.err


@pytest.mark.slow
def test_a_batch_is_inspected_by_names(
    call: Call, pin_folder: Path, scans: Path, tmp_path: Path, validators: Validators
) -> None:
    made = pin_folder.parent.parent
    folder, pages = tmp_path / "scans", tmp_path / "pages"
    folder.mkdir()
    pages.mkdir()
    shutil.copy(scans / "scan1.npy", folder / f"{pin_folder.name}.npy")
    shutil.copy(scans / "scan2.npy", folder / f"{pin_folder.name}-2.npy")
    told = call("inspect", folder, "--batch", made, *GRID, "-o", pages, "--json")
    assert told.code == 0
    validators["pin-engrave/inspections/1"].validate(told.document)
    (pin,) = told.document["pins"]
    assert pin["scan"] == f"{pin_folder.name}.npy"
    assert len(pin["inspection"]["uncertainty"]["repeats"]) == 1
    assert [path.name for path in pages.iterdir()] == [f"{pin_folder.name}.html"]
    shutil.copy(scans / "scan1.npy", folder / "AAAAAAAA.npy")
    told = call("inspect", folder, "--batch", made, *GRID)
    assert told.code == 2
    assert "has no pin AAAAAAAA" in told.err


def test_everything_that_is_wrong_is_told_at_once(call: Call, tmp_path: Path) -> None:
    told = call("inspect", tmp_path / "scan.csv", "--mark", tmp_path / "mark.json", "--json")
    assert told.code == 2
    for part in ("--spacing: missing", "--unit: missing", "mark.json", "job.json"):
        assert any(part in fault for fault in told.document["faults"]), part
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--mark: missing"),
        (("--mark", "mark.json", "--reading", "AAAA"), "--reading: goes with --primer"),
        (("--mark", "mark.json", "-o", "page.txt"), "NAME.html"),
        (("--mark", "mark.json", "-o", "nowhere/page.html"), "is no folder"),
        (("--mark", "mark.json", "--uncertainty", "0.3"), "no unit"),
        (("--mark", "mark.json", "--depth-tolerance", "0.1"), "write it as 10%"),
        (("--mark", "mark.json", "--depth-tolerance", "80%"), "--depth-tolerance"),
        (("--mark", "mark.json", "--uncertainty", "1um", "--gauge", "g.json"), "give one of them"),
        (("--mark", "mark.json", "--gauge", "g.json"), "g.json: cannot read"),
        (("--batch", "nowhere", "--mark", "mark.json"), "--mark: does not go with --batch"),
        (("--batch", "nowhere"), "name the folder of a finished batch"),
        (("--primer",), "--reading: missing"),
        (("--primer", "--unit", "um"), "--unit: is of pins"),
    ],
)
def test_wrong_usage(call: Call, tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    told = call("inspect", tmp_path / "scan.x3p", *arguments)
    assert told.code == 2
    assert reason in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"schema": "pin-engrave/gauge/1", "unit": "N", "components": []}, "is no length"),
        ({"schema": "pin-engrave/gauge/1", "unit": "um", "components": []}, "tells no spread"),
        ({"schema": "pin-engrave/gauge/2"}, "newer"),
    ],
)
def test_a_gauge_that_tells_nothing(call: Call, tmp_path: Path, document: dict[str, Any], reason: str) -> None:
    gauge = tmp_path / "gauge.json"
    gauge.write_text(json.dumps(document))
    told = call("inspect", tmp_path / "scan.x3p", "--mark", tmp_path / "mark.json", "--gauge", gauge)
    assert told.code == 2
    assert reason in told.err


def test_a_gauge_study_tells_the_uncertainty(tmp_path: Path) -> None:
    from engrave.api.inspecting import _gauge  # noqa: PLC0415 - a part of its own

    gauge = tmp_path / "gauge.json"
    components = [{"name": "part", "sigma": 9.0}, {"name": "gauge", "sigma": 0.00015}]
    gauge.write_text(json.dumps({"schema": "pin-engrave/gauge/1", "unit": "mm", "components": components}))
    found = _gauge(gauge)
    assert found.depth_um == pytest.approx(0.3)
    assert found.width_um == pytest.approx(0.3)


@pytest.mark.slow
def test_a_primer_is_read_by_the_examiner_first(
    call: Call, pin_folder: Path, tmp_path: Path, validators: Validators
) -> None:
    job = job_at(pin_folder.parent.parent / "job.json")
    mark = mark_from_json(json.loads((pin_folder / "mark.json").read_text()), origin="mark.json")
    registry = str(tmp_path / "registry.db")
    create_registry(registry, identity="0123456789abcdef", stamp=STAMP)
    own = next(entry for entry in job.ranges if (entry.maker, entry.model) == (mark.maker, mark.model))
    with opened(registry) as store:
        add_issuer(store, "Maker", [Block(first_id=0, last_id=2**30 - 1)], STAMP)
        add_ranges(store, "Maker", [own], [], STAMP)
        issue(store, [(mark.maker, mark.model, mark.serial)], STAMP)
    picture = pin_folder / "impression.png"
    typed = mark.characters[:6] + "??"
    told = call(
        "inspect", "--primer", picture, "--registry", registry, "--actor", "anna", "--case", "C1", "--reading", typed,
        "--json",
    )  # fmt: skip
    document = told.document
    validators["pin-engrave/inspection-of-primer/1"].validate(document)
    assert document["examiner"]["typed"]["characters"] == typed
    assert document["examiner"]["recorded"]["reading"]["seq"] < document["examiner"]["recorded"]["answer"]["seq"]
    if document["scan"] is not None:
        assert document["examiner"]["recorded"]["answer"]["seq"] < document["scan"]["recorded"]["reading"]["seq"]
        assert len(document["scan"]["comparisons"]) == 1
    assert told.code == (0 if document["examiner"]["candidates"][0]["identified"] else 3)
    # What cannot be opened leaves nothing on record.
    before = call("case", "C1", "--registry", registry, "-o", tmp_path / "case.json").code
    missing = call(
        "inspect", "--primer", tmp_path / "none.x3p", "--registry", registry, "--actor", "anna", "--case", "C2",
        "--reading", typed,
    )  # fmt: skip
    assert (before, missing.code) == (0, 2)
    assert call("case", "C2", "--registry", registry, "-o", tmp_path / "case.json").code == 2


def test_the_python_surface_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        inspect_batch(tmp_path / "none", tmp_path)
    assert api.VIEWS
