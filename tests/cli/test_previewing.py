"""``preview`` of finished folders, machine files and serials, in every format."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engrave.code.mark import make_mark, mark_to_json
from engrave.code.profiles import PROFILES
from engrave.code.ranges import RangeTable
from engrave.job import load_job

Call = Callable[..., Any]
WHOSE = ("--maker", "Borealis", "--model", "Compact")


@pytest.fixture
def batch(made: Path, tmp_path: Path) -> Path:
    """A finished batch of one's own."""
    return shutil.copytree(made, tmp_path / "out")


@pytest.fixture
def pin(batch: Path) -> Path:
    (folder,) = (batch / "pins").iterdir()
    return folder


def test_a_folder_shows_what_its_machine_file_holds(call: Call, pin: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    for named in (pin, pin / "mark.json"):
        called = call("preview", named, "-o", target, "--view", "toolpath")
        assert (called.code, called.err) == (0, f"{target}: toolpath\n")
        assert "read back from job.ngc" in target.read_text()
    (pin / "job.ngc").unlink()
    assert call("preview", pin, "-o", target, "--view", "toolpath").code == 0
    assert "planned now, no machine file read" in target.read_text()


def test_a_machine_file_alone_names_its_pin(call: Call, pin: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    assert call("preview", "--from", pin / "job.ngc", "-o", one, "--view", "toolpath").code == 0
    assert call("preview", pin, "-o", two, "--view", "toolpath").code == 0
    assert one.read_bytes() == two.read_bytes()


def test_a_serial_with_a_machine_file_is_cut_by_the_file(call: Call, pin: Path, job_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    arguments = ("preview", "375-76834", *WHOSE, "--from", pin / "job.ngc", "-o", target, "--view", "toolpath")
    assert call(*arguments, "--job", job_file).code == 0
    assert "read back from job.ngc" in target.read_text()


def test_the_folders_own_job_is_taken_and_not_the_example(call: Call, batch: Path, pin: Path, tmp_path: Path) -> None:
    document = json.loads((batch / "job.json").read_bytes())
    document["relief_um"] = 24.0
    (batch / "job.json").write_text(json.dumps(document))
    target = tmp_path / "a.svg"
    assert call("preview", pin, "-o", target, "--view", "pin").code == 0
    assert "land, 24 um above the field" in target.read_text()
    (batch / "job.json").write_text("{}")
    called = call("preview", pin, "-o", target, "--view", "pin")
    assert called.code == 2
    assert "job.json: has no 'schema'" in called.err


def test_a_pdf_and_a_page_hold_the_views_that_are_asked_for(call: Call, pin: Path, tmp_path: Path) -> None:
    views = ("--view", "layout", "--view", "pin")
    page, pdf = tmp_path / "a.html", tmp_path / "a.pdf"
    assert call("preview", pin, "-o", page, *views).code == 0
    assert [f'<section id="{name}"' in page.read_text() for name in ("layout", "pin", "tip")] == [True, True, False]
    pytest.importorskip("reportlab")
    assert call("preview", pin, "-o", pdf, *views).code == 0
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_without_reportlab_a_pdf_names_the_extra(
    call: Call, pin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("reportlab", "reportlab.pdfbase.pdfmetrics", "reportlab.pdfbase.ttfonts", "reportlab.pdfgen.canvas"):
        monkeypatch.setitem(sys.modules, name, None)
    called = call("preview", pin, "-o", tmp_path / "a.pdf", "--view", "layout")
    assert called.code == 2
    assert "pin-engrave[pdf]" in called.err
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "a.svg", "--view", "inside"), "--view: 'inside' is not among layout, pin, tip, toolpath"),
        (("-o", "a.png", "--view", "pin", "--view", "tip"), "holds one view, and 2 are asked for"),
        (("-o", "a.glb", "--view", "pin"), "holds the engraved tip"),
        (("-o", "a.svg", "--from", "absent.ngc"), "--from: absent.ngc is no file"),
        (("-o", "a.svg", "--from", "mark.json"), "the ending .json is of no file that can be checked"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    call: Call, pin: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(pin)
    called = call("preview", pin, *arguments)
    assert called.code == 2
    assert told in called.err
    assert not list(pin.glob("a.*"))


def test_a_batchs_folder_is_no_pins(call: Call, batch: Path, tmp_path: Path) -> None:
    called = call("preview", batch, "-o", tmp_path / "a.svg")
    assert called.code == 2
    assert f"{batch}: no mark.json; name the folder of one pin" in called.err


def test_a_damaged_machine_file_is_told_with_its_findings(call: Call, pin: Path, tmp_path: Path) -> None:
    (pin / "job.ngc").write_text("G21 G90 G17 G94\nG1 X1e999 F1\nM2\n")
    called = call("preview", pin, "-o", tmp_path / "a.svg", "--view", "toolpath")
    assert called.code == 2
    assert "job.ngc: holds no toolpath that can be drawn" in called.err
    assert "job.ngc: M" in called.err
    # The layout is the mark's.
    assert call("preview", pin, "-o", tmp_path / "a.svg", "--view", "layout").code == 0


def test_a_mark_of_another_profile_is_refused(call: Call, pin: Path, tmp_path: Path) -> None:
    whose = {"serial": "375-76834", "maker": "Borealis", "model": "Compact"}
    mark = make_mark(**whose, ranges=RangeTable(load_job(None).ranges), profile=PROFILES["D"])
    (pin / "mark.json").write_text(json.dumps(mark_to_json(mark)))
    called = call("preview", pin, "-o", tmp_path / "a.svg")
    assert called.code == 2
    assert "mark.json: profile 'D' is not the job's, 'A'" in called.err


@pytest.mark.slow
def test_every_view_is_drawn_in_every_format(call: Call, pin: Path, tmp_path: Path) -> None:
    for view in ("cut", "impression", "depth", "microscope"):
        target = tmp_path / f"{view}.png"
        assert call("preview", pin, "-o", target, "--view", view).code == 0
        assert target.read_bytes().startswith(b"\x89PNG")
    for suffix, begins in (("html", b"<!DOCTYPE html>"), ("pdf", b"%PDF-"), ("glb", b"glTF")):
        assert call("preview", pin, "-o", tmp_path / f"all.{suffix}").code == 0
        assert (tmp_path / f"all.{suffix}").read_bytes().startswith(begins)
