"""``report``: the page again from a finished folder alone, and its table; what was changed since is not told."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def batch(made: Path, tmp_path: Path) -> Path:
    """A copy of a finished folder of one real pin."""
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def pin(batch: Path) -> Path:
    (folder,) = (batch / "pins").iterdir()
    return folder


def test_the_page_made_again_has_the_same_bytes(call: Call, batch: Path, tmp_path: Path) -> None:
    page = (batch / "index.html").read_bytes()
    (batch / "index.html").unlink()
    called = call("report", batch)
    assert (called.code, called.out) == (0, "")
    assert called.err == f"{batch / 'index.html'}: 1 of 1 pins pass\n"
    assert (batch / "index.html").read_bytes() == page
    assert call("report", batch, "-o", tmp_path / "other.html", "--quiet").code == 0
    assert (tmp_path / "other.html").read_bytes() == page


def test_what_a_report_is_made_from_is_enough(call: Call, batch: Path, pin: Path, tmp_path: Path) -> None:
    """Machine files and pictures may have gone elsewhere; their hashes are those of the manifest."""
    for path in (*batch.iterdir(), *pin.iterdir()):
        if path.is_file() and path.name not in {"manifest.json", "job.json", "mark.json", "check.json", "views.json"}:
            path.unlink()
    assert call("report", batch, "-o", tmp_path / "page.html").code == 0
    manifest = json.loads((batch / "manifest.json").read_bytes())
    page = (tmp_path / "page.html").read_text()
    assert all(digest in page for digest in manifest["pins"][0]["files"].values())
    assert manifest["files"]["job.json"] in page


def test_the_table_alone_is_written_where_only_it_is_asked_for(call: Call, batch: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in batch.rglob("*")}
    called = call("report", batch, "--csv", tmp_path / "pins.csv")
    assert (called.code, called.err) == (0, f"{tmp_path / 'pins.csv'}: 1 of 1 pins pass\n")
    assert {path: path.stat().st_mtime_ns for path in batch.rglob("*")} == before
    with (tmp_path / "pins.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    manifest = json.loads((batch / "manifest.json").read_bytes())
    check = json.loads((batch / "pins" / row["characters"] / "check.json").read_bytes())
    for name in ("serial", "maker", "model", "lot", "characters", "verdict"):
        assert row[name] == manifest["pins"][0][name]
    assert (row["line"], row["id"]) == (str(manifest["pins"][0]["line"]), str(manifest["pins"][0]["id"]))
    assert (row["reads"], row["names"]) == (row["characters"], "375-76834")
    assert (row["errors"], row["warnings"], row["findings"]) == ("0", "0", "")
    assert (row["tip"], row["profile"]) == ("sphere-1.0", "A")
    lands = [*check["glyphs"], *check["ring_cells"]]
    assert float(row["shallowest_um"]) == min(land["depth_um"] for land in lands)
    assert float(row["time_s"]) == check["time"]["total_s"]


def test_both_are_written_where_both_are_asked_for(call: Call, batch: Path, tmp_path: Path) -> None:
    assert call("report", batch, "-o", tmp_path / "page.html", "--csv", tmp_path / "pins.csv").code == 0
    assert (tmp_path / "page.html").read_bytes() == (batch / "index.html").read_bytes()
    assert (tmp_path / "pins.csv").is_file()


def _blocks(page: Path) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page.read_text())
    return {name: json.loads(text) for name, text in found}


def _put_on_record(batch: Path, pin: Path, check: dict[str, Any]) -> None:
    """Another check in the place of the one that was made."""
    (pin / "check.json").write_text(json.dumps(check))
    manifest = json.loads((batch / "manifest.json").read_bytes())
    manifest["pins"][0]["files"]["check.json"] = sha256((pin / "check.json").read_bytes()).hexdigest()
    (batch / "manifest.json").write_text(json.dumps(manifest))


def test_what_was_read_under_each_condition_is_told(call: Call, batch: Path, pin: Path, tmp_path: Path) -> None:
    check = json.loads((pin / "check.json").read_bytes())
    nominal = check["conditions"]["nominal"]
    reading = nominal["reading"]
    other = reading["runner_up"]["characters"]
    flipped = {"0": "1", "1": "0"}
    inner, outer = reading["ring"]
    doubtful = [f"{flipped[inner[0]]}?{inner[2:]}", outer[:-1] + flipped[outer[-1]]]
    lost = {**reading, "found": False, "identified": False, "serial": None, "posterior": None, "runner_up": None}
    strange = {**reading, "serial": None, "maker": None, "model": None, "posterior": 0.25}
    check["conditions"] = {
        "nominal": nominal,
        "doubtful": {**nominal, "reading": {**reading, "ring": doubtful}},
        "lost": {**nominal, "reading": lost},
        "strange": {**nominal, "reading": {**strange, "runner_up": {**reading["runner_up"], "posterior": 0.0}}},
    }
    _put_on_record(batch, pin, check)
    assert call("report", batch, "-o", tmp_path / "page.html").code == 0
    told = {name: rest for name, _, _, _, *rest in _blocks(tmp_path / "page.html")["pin-0"]["strikes"]}
    characters, whom = check["intended"]["characters"], "375-76834 (Borealis, Compact)"
    assert told["nominal"][:3] == [characters, 0, whom]
    assert told["doubtful"][:3] == [characters, 3, whom]
    assert told["lost"] == ["", None, "", "", ""]
    assert told["strange"] == [characters, 0, "no serial of this job", "0.250000", f"{other}, below 0.000001"]


def test_a_pin_that_could_not_be_simulated_has_a_card_all_the_same(
    call: Call, batch: Path, pin: Path, tmp_path: Path
) -> None:
    check = json.loads((pin / "check.json").read_bytes())
    bare: dict[str, Any] = {
        "reading": None,
        "glyphs": [],
        "ring_cells": [],
        "shapes": [],
        "conditions": {},
        "time": None,
    }
    _put_on_record(batch, pin, {**check, **bare, "verdict": "fail"})
    manifest = json.loads((batch / "manifest.json").read_bytes())
    del manifest["pins"][0]["files"]["views.json"]
    (batch / "manifest.json").write_text(json.dumps(manifest))
    assert call("report", batch, "-o", tmp_path / "page.html").code == 0
    blocks = _blocks(tmp_path / "page.html")
    row = dict(zip(blocks["batch"]["columns"], blocks["batch"]["rows"][0], strict=True))
    assert (row["verdict"], row["reads"], row["shallowest_um"], row["time_s"]) == ("fail", "", "", "")
    assert (blocks["pin-0"]["views"], blocks["pin-0"]["depths"], blocks["pin-0"]["strikes"]) == (None, [], [])
    assert len(blocks["pin-0"]["lands"]) > 8


@pytest.mark.parametrize("name", ["check.json", "mark.json", "views.json"])
def test_a_document_that_was_changed_is_not_told_as_the_one_on_record(
    call: Call, batch: Path, pin: Path, name: str
) -> None:
    (pin / name).write_bytes((pin / name).read_bytes().replace(b"375-76834", b"375-76835") + b"\n")
    page = (batch / "index.html").read_bytes()
    called = call("report", batch)
    assert called.code == 1
    assert f"{name}: is not the file that is on record" in called.err
    assert (batch / "index.html").read_bytes() == page


def test_a_page_that_is_not_the_one_on_record_is_not_put_in_its_place(call: Call, batch: Path, tmp_path: Path) -> None:
    manifest = json.loads((batch / "manifest.json").read_bytes())
    manifest["files"]["index.html"] = "0" * 64
    (batch / "manifest.json").write_text(json.dumps(manifest))
    called = call("report", batch)
    assert called.code == 2
    assert "manifest.json records another page" in called.err
    assert sorted(path.name for path in batch.iterdir()) == ["index.html", "job.json", "manifest.json", "pins"]
    assert call("report", batch, "-o", tmp_path / "page.html").code == 0


def test_another_job_and_a_damaged_manifest_are_refused(call: Call, batch: Path) -> None:
    job = (batch / "job.json").read_bytes()
    (batch / "job.json").write_bytes(job.replace(b'"relief_um": 25', b'"relief_um": 26'))
    called = call("report", batch)
    assert called.code == 2
    assert "is not the job that manifest.json records" in called.err
    (batch / "job.json").write_bytes(job)
    whole = json.loads((batch / "manifest.json").read_bytes())
    changes: tuple[dict[str, Any], ...] = (
        {"pins": 3},
        {"pins": [{}]},
        {"files": None},
        {"skipped": [{"line": 1}]},
        {"schema": "other/1"},
    )
    for change in changes:
        (batch / "manifest.json").write_text(json.dumps({**whole, **change}))
        assert call("report", batch).code == 2
    entry = {key: value for key, value in whole["pins"][0].items() if key != "lot"}
    (batch / "manifest.json").write_text(json.dumps({**whole, "pins": [entry]}))
    assert "a pin lacks lot" in call("report", batch).err


def test_a_folder_without_a_finished_batch_is_told(call: Call, tmp_path: Path) -> None:
    called = call("report", tmp_path)
    assert called.code == 2
    assert "has no manifest.json; name the folder of a batch that is finished" in called.err
    assert call("report", tmp_path / "absent").code == 2


def test_outputs_without_a_folder_are_told_at_once(call: Call, batch: Path, tmp_path: Path) -> None:
    called = call("report", batch, "-o", tmp_path / "a" / "page.html", "--csv", tmp_path / "b" / "pins.csv")
    assert called.code == 2
    assert f"--output: there is no folder {tmp_path / 'a'}" in called.err
    assert f"--csv: there is no folder {tmp_path / 'b'}" in called.err
