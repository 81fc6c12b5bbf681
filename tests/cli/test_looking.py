"""``check`` and ``preview`` over one real pin; every document of theirs and of ``make`` against its schema."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Call = Callable[..., Any]
WHOSE = ("--maker", "Borealis", "--model", "Compact")


@pytest.fixture(scope="session")
def alone(made: Path, pin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three files that a check needs, in a folder of their own."""
    folder = tmp_path_factory.mktemp("alone") / "pin"
    folder.mkdir()
    for path in (pin_folder / "job.ngc", pin_folder / "mark.json", made / "job.json"):
        shutil.copy(path, folder)
    return folder


def test_check_of_three_files_alone_is_the_batchs_own(
    call: Call, alone: Path, pin_folder: Path, validators: dict[str, Draft202012Validator]
) -> None:
    called = call("check", alone, "--json")
    assert called.code == 0
    assert called.err == ""
    validators["pin-engrave/checks/1"].validate(called.document)
    (pin,) = called.document["pins"]
    assert called.document["verdict"] == "pass"
    assert pin["folder"] == "pin"
    assert pin["check"] == json.loads((pin_folder / "check.json").read_bytes())


@pytest.mark.slow
def test_a_program_with_anothers_mark_fails_and_reads_the_programs(call: Call, alone: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(alone, tmp_path / "pin")
    encoded = call("encode", "AAA0001", "--maker", "Acme", "--model", "P9", "--json")
    (folder / "mark.json").write_text(encoded.out)
    called = call("check", folder, "--json")
    assert called.code == 3
    (pin,) = called.document["pins"]
    assert pin["check"]["verdict"] == "fail"
    assert pin["check"]["intended"]["serial"] == "AAA0001"
    assert pin["check"]["reading"]["serial"] == "375-76834"
    assert "R409" in {finding["number"] for finding in pin["check"]["findings"]}
    assert "R409 error: mark: the reading names another pin: 499BNM4L, serial 375-76834" in called.err


HOSTILE_PROGRAMS = {
    "nothing": b"",
    "text": b"hello",
    "binary": bytes(range(256)) * 4,
    "percent signs": b"%\n%\n",
    "end alone": b"G21 G90 G17 G94\nM2\n",
    "numbers": b"G21 G90 G17 G94\nG1 X1e999 F1\nM2\n",
}


@pytest.mark.parametrize("name", HOSTILE_PROGRAMS)
def test_a_hostile_program_fails_with_findings(
    call: Call, alone: Path, tmp_path: Path, name: str, validators: dict[str, Draft202012Validator]
) -> None:
    folder = shutil.copytree(alone, tmp_path / "pin")
    (folder / "job.ngc").write_bytes(HOSTILE_PROGRAMS[name])
    called = call("check", folder, "--json", "--quiet")
    assert called.code == 3
    assert called.err == ""
    validators["pin-engrave/checks/1"].validate(called.document)
    (pin,) = called.document["pins"]
    assert pin["check"]["findings"]


def test_check_names_every_file_that_is_missing_or_damaged(call: Call, made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "out")
    (pin,) = (folder / "pins").iterdir()
    (pin / "job.ngc").unlink()
    mark = json.loads((pin / "mark.json").read_bytes())
    (pin / "mark.json").write_text(json.dumps({**mark, "id": mark["id"] + 1}))
    (folder / "job.json").write_text("{}")
    (folder / "pins" / "stranger").mkdir()
    called = call("check", folder)
    assert called.code == 2
    for text in (
        "no job.ngc",
        "mark.json: characters disagrees with the id 2076835",
        "job.json: has no 'schema'",
        "stranger/mark.json: cannot",
    ):
        assert text in called.err
    shutil.rmtree(pin)
    called = call("check", folder)
    assert f"{pin}: is not there, and manifest.json names it" in called.err


def test_files_of_a_finished_folder_fit_their_schemas(
    made: Path, pin_folder: Path, validators: dict[str, Draft202012Validator]
) -> None:
    names = ("mark.json", "check.json", "views.json")
    written = [made / "manifest.json", made / "job.json", *(pin_folder / name for name in names)]
    assert set(written) == {*made.rglob("*.json")}
    for path in written:
        document = json.loads(path.read_bytes())
        assert document["schema"] == f"pin-engrave/{path.stem}/{2 if path.stem == 'manifest' else 1}"
        validators[document["schema"]].validate(document)


def test_make_again_redoes_nothing_and_tells_so(
    call: Call, made: Path, job_file: Path, validators: dict[str, Draft202012Validator]
) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [made, *made.rglob("*")]}
    called = call("make", "375-76834", *WHOSE, "--out", made, "--job", job_file, "--json")
    assert called.code == 0
    validators["pin-engrave/outcome/1"].validate(called.document)
    assert (called.document["made"], called.document["verdict"]) == (0, "pass")
    assert "1 of 1 pins pass, 0 made now, 0 rows skipped" in called.err
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [made, *made.rglob("*")]} == before
    quiet = call("make", "375-76834", *WHOSE, "--out", made, "--job", job_file, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    verbose = call("make", "375-76834", *WHOSE, "--out", made, "--job", job_file, "--verbose")
    assert verbose.err.startswith("pass 499BNM4L 375-76834 (Borealis, Compact)\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("375-76835", *WHOSE),
        ("375-76834", *WHOSE, "--formats", "ngc"),
    ],
)
def test_another_serial_or_job_into_the_same_folder_is_refused(
    call: Call, made: Path, job_file: Path, arguments: tuple[str, ...]
) -> None:
    called = call("make", *arguments, "--out", made, "--job", job_file, "--json")
    assert called.code == 2
    assert called.document["slug"] == "occupied"


VIEWS = [("layout", "svg"), ("layout", "png"), ("pin", "svg"), ("pin", "png"), ("tip", "svg"), ("layout", "html")]


@pytest.mark.parametrize("drawn", [*VIEWS, pytest.param(("impression", "png"), marks=pytest.mark.slow)])
def test_preview_of_a_mark_and_of_its_serial_are_one(
    call: Call, pin_folder: Path, job_file: Path, tmp_path: Path, drawn: tuple[str, str]
) -> None:
    view, suffix = drawn
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    assert call("preview", pin_folder / "mark.json", "-o", one, "--view", view, "--job", job_file).code == 0
    assert call("preview", "375-76834", *WHOSE, "-o", two, "--view", view, "--job", job_file).code == 0
    assert one.read_bytes() == two.read_bytes()
    begins = {"svg": b"<svg", "png": b"\x89PNG\r\n\x1a\n", "html": b"<!DOCTYPE html>"}[suffix]
    assert begins in one.read_bytes()[:200]
    if drawn in {("layout", "svg"), ("pin", "svg")}:
        assert one.read_bytes() == (pin_folder / f"{view}.svg").read_bytes()


def test_preview_names_every_fault_at_once(call: Call, tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text("name = 3")
    called = call("preview", "../x", *WHOSE, "-o", tmp_path / "absent" / "a.gif", "--job", job)
    assert called.code == 2
    absent = f"--output: {tmp_path / 'absent'} is no folder; make it, or name another file"
    for text in (
        "'.gif': a preview is drawn as .svg, .png, .pdf, .html, .glb",
        absent,
        "job.toml: name",
        "serial '../x'",
    ):
        assert text in called.err
    assert [path.name for path in tmp_path.iterdir()] == ["job.toml"]


def test_preview_replaces_an_older_picture(
    call: Call, job_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("picture.svg").write_text("older")
    # A name without a folder stands for one in the current folder.
    assert call("preview", "375-76834", *WHOSE, "-o", "picture.svg", "--job", job_file).code == 0
    assert "<svg" in Path("picture.svg").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["picture.svg"]
    assert "an older picture" in " ".join(call("preview", "--help").out.split())
