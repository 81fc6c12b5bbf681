"""``strike`` and ``read``: one pin under named and drawn conditions, and primers read from files alone."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from engrave import api
from engrave.api import striking
from engrave.batch import simulated_impression
from engrave.cli.output import finding_line
from engrave.job import load_job
from engrave.job.setup import prepare
from engrave.report import impression_x3p, ring_lit
from toolpaths.surface import HeightMap

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
NAMED = ("--conditions", "nominal,worn")


@pytest.fixture(scope="module")
def struck(pin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[api.Strikes, Path]:
    """One pin under two conditions and four draws, with its pictures and topographies."""
    out = tmp_path_factory.mktemp("struck") / "out"
    return api.strike(pin_folder, conditions=("nominal", "dragged"), samples=4, seed=7, out=out), out


@pytest.mark.slow
def test_the_document_tells_every_condition_and_every_draw(
    struck: tuple[api.Strikes, Path], validators: Validators
) -> None:
    outcome, _ = struck
    document = outcome.document
    validators["pin-engrave/strike/1"].validate(document)
    assert list(document["conditions"]) == ["nominal", "dragged"]
    nominal = document["conditions"]["nominal"]
    assert nominal["reading"]["characters"] == document["intended"]["characters"] == "499BNM4L"
    assert nominal["carriers"]["jointly"] == {"right": True, "identified": True, "wrong": False}
    assert (len(nominal["glyphs"]), nominal["findings"]) == (8, [])
    assert nominal["dent_um"] == 350.0
    # What scrapes across a mark spoils some of it, and its lands are named.
    dragged = document["conditions"]["dragged"]
    assert {finding["number"] for finding in dragged["findings"]} >= {"S502"}
    assert all(finding["place"] for finding in dragged["findings"])
    ensemble = document["ensemble"]
    assert [draw["index"] for draw in ensemble["draws"]] == [0, 1, 2, 3]
    right = sum("all characters" in draw["right"] for draw in ensemble["draws"])
    assert ensemble["carriers"]["all characters"]["right"]["count"] == right
    assert ensemble["carriers"]["jointly"]["wrong"]["count"] == 0
    assert any(prior["of"] == "dragged: drag.length" for prior in document["priors"])


@pytest.mark.slow
def test_its_files_can_be_looked_at_and_read(struck: tuple[api.Strikes, Path], call: Call, job_file: Path) -> None:
    _, out = struck
    kinds = ("-25x.png", "-60x.png", "-heights.png", ".x3p")
    names = {f"{name}{kind}" for name in ("nominal", "dragged") for kind in kinds}
    assert {path.name for path in out.iterdir()} == names
    for path in out.glob("*.png"):
        with Image.open(path) as picture:
            assert min(picture.size) > 300
    read = call("read", out / "nominal.x3p", "--job", job_file)
    assert read.code == 0
    assert 'read: "499B NM4L" --ring ' in read.out
    assert "identified: 499B NM4L" in read.out
    assert "375-76834 (Borealis, Compact)" in read.out


@pytest.mark.slow
def test_what_is_read_can_be_typed(struck: tuple[api.Strikes, Path], call: Call, validators: Validators) -> None:
    _, out = struck
    seen = call("read", out / "nominal.x3p", "--json")
    assert seen.code == 0
    validators["pin-engrave/reading/1"].validate(seen.document)
    reading = seen.document["reading"]
    typed = call("decode", reading["characters"], "--ring", "/".join(reading["ring"]), "--json")
    assert typed.code == 0
    assert typed.document["candidates"][0]["id"] == seen.document["candidates"][0]["id"]
    assert abs(reading["x_um"]) < 1.0
    assert abs(reading["scale"] - 1.0) < 0.005


@pytest.mark.exhaustive
def test_the_same_strikes_are_the_same_bytes_on_any_number_of_workers(
    struck: tuple[api.Strikes, Path], pin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, out = struck
    again = api.strike(pin_folder, conditions=("nominal", "dragged"), samples=4, seed=7, out=tmp_path / "again")
    assert again.document == outcome.document
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == {
        path.name: path.read_bytes() for path in out.iterdir()
    }
    # Two tasks of two draws each, by two workers.
    monkeypatch.setattr("engrave.batch.strikes._AT_ONCE", 2)
    shared = api.strike(pin_folder, conditions=("nominal", "dragged"), samples=4, seed=7, workers=2)
    assert shared.document == outcome.document


@pytest.mark.slow
def test_draws_do_not_depend_on_how_many_there_are(struck: tuple[api.Strikes, Path], pin_folder: Path) -> None:
    outcome, _ = struck
    fewer = api.strike(pin_folder, conditions=(), samples=2, seed=7)
    assert fewer.document["ensemble"]["draws"] == outcome.document["ensemble"]["draws"][:2]


@pytest.mark.slow
def test_people_are_told_depths_and_rates(call: Call, pin_folder: Path) -> None:
    told = call("strike", pin_folder, *NAMED, "--samples", "1", "--workers", "1")
    assert told.code == 0
    assert told.out.startswith("499BNM4L 375-76834; simulated")
    assert "nominal: dent 350 um, patch 731 um" in told.out
    assert "reads 499BNM4L, identifies the pin" in told.out
    assert "um deep" in told.out
    assert "1 draws of 'field', seed 0; with 95 % intervals:" in told.out
    assert "jointly: right " in told.out


@pytest.mark.slow
def test_no_identification_is_no(call: Call, pin_folder: Path, tmp_path: Path) -> None:
    """A strike a quarter as deep as nominal leaves hardly anything: exit code 3, and every land beyond a limit."""
    folder = tmp_path / "pin"
    shutil.copytree(pin_folder, folder)
    job = (pin_folder.parent.parent / "job.json").read_text()
    (folder / "job.json").write_text(job.replace('"dent_um": 350.0', '"dent_um": 60.0'))
    struck = call("strike", folder, "--verbose")
    assert struck.code == 3
    assert "identifies nobody" in struck.out
    assert "beyond the job's limits" in struck.out
    assert "S501" in struck.err
    assert call("strike", folder, "--quiet").err == ""


def test_every_fault_is_told_at_once(call: Call, tmp_path: Path, validators: Validators) -> None:
    found = call(
        "strike", tmp_path / "absent", "--conditions", "nominal,sideways", "--samples", "-1", "--ensemble", "moon",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert found.code == 2
    validators["pin-engrave/error/1"].validate(found.document)
    told = "\n".join(found.document["faults"])
    for word in ("absent", "'sideways'", "--samples: -1", "'moon'", "--out"):
        assert word in told
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_cannot_be_simulated_is_a_fault(call: Call, pin_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pin"
    shutil.copytree(pin_folder, folder)
    shutil.copy(pin_folder.parent.parent / "job.json", folder)
    (folder / "job.ngc").write_text("G1 X1 Y1\n")
    found = call("strike", folder, "--out", tmp_path / "out")
    assert found.code == 2
    assert "job.ngc: M2" in found.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_batch_is_no_pin(call: Call, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "two")
    (one,) = (tmp_path / "two" / "pins").iterdir()
    shutil.copytree(one, one.with_name("AAAAAAAA"))
    found = call("strike", tmp_path / "two")
    assert found.code == 2
    assert "holds 2 pins; name the folder of one" in found.err


@pytest.mark.slow
def test_draws_have_a_limit(call: Call, pin_folder: Path) -> None:
    found = call("strike", pin_folder, "--samples", str(striking.MOST_SAMPLES + 1))
    assert found.code == 2
    assert f"from 0 to {striking.MOST_SAMPLES}" in found.err


@pytest.mark.slow
def test_a_picture_without_a_mark_names_nobody(call: Call, tmp_path: Path, validators: Validators) -> None:
    grey = np.random.default_rng(5).integers(0, 256, (500, 500), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "noise.png")
    seen = call("read", tmp_path / "noise.png", "--um-per-px", "2", "--json")
    assert seen.code == 3
    validators["pin-engrave/reading/1"].validate(seen.document)
    assert not seen.document["reading"]["found"]
    assert "no mark of this job's kind" in call("read", tmp_path / "noise.png", "--um-per-px", "2").out


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("primer.gif", b"GIF89a", "is neither a topography nor a picture that is read"),
        ("primer.png", b"no picture", "is no picture that can be read"),
        ("primer.x3p", b"no zip", "primer.x3p"),
        ("absent.x3p", None, "absent.x3p"),
    ],
)
def test_what_cannot_be_read_is_told(call: Call, tmp_path: Path, name: str, data: bytes | None, fault: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    found = call("read", tmp_path / name)
    assert found.code == 2
    assert fault in found.err


@pytest.mark.parametrize(("name", "size"), [("primer.x3p", "2"), ("primer.png", "0"), ("primer.png", "-1")])
def test_the_size_of_a_pixel_is_for_pictures_and_is_one(call: Call, tmp_path: Path, name: str, size: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    found = call("read", tmp_path / name, "--um-per-px", size)
    assert found.code == 2
    assert "--um-per-px" in found.err


def test_findings_are_told_with_their_condition() -> None:
    finding = {
        "number": "S503", "severity": "error", "place": "worn, character 1", "message": "'A' prints in part",
        "value": 0.5, "limit": 0.75, "unit": "", "remedy": "look",
    }  # fmt: skip
    assert finding_line(finding, remedy=False).startswith("S503 error: worn, character 1: 'A' prints in part (0.5")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--seed", "3"), "--seed: nothing is drawn; say how often with --samples"),
        (("--ensemble", "field"), "--ensemble: nothing is drawn"),
        (("--conditions", ","), "--conditions: names none"),
        (("--conditions", ",", "--samples", "1", "--out", "new"), "--out: holds named conditions, and none is named"),
        (("--conditions", "bogus"), "'bogus' is not among the conditions; known: chipped"),
    ],
)
def test_no_option_is_passed_over(call: Call, pin_folder: Path, options: tuple[str, ...], fault: str) -> None:
    found = call("strike", pin_folder, *options)
    assert found.code == 2
    assert fault in found.err


@pytest.fixture
def ring_picture(pin_folder: Path) -> Image.Image:
    """A grey picture of the pin's nominal impression under a ring light."""
    outcome = simulated_impression(prepare(load_job(None)), api.load_mark(pin_folder / "mark.json"))
    return Image.fromarray((ring_lit(outcome, pixel_um=2.0) * 255.0).astype(np.uint8))


@pytest.mark.slow
def test_every_kind_of_picture_is_read_alike(
    ring_picture: Image.Image, call: Call, tmp_path: Path, validators: Validators
) -> None:
    """Eight bits, sixteen in either order of bytes, colour, transparent: one brightness, one reading."""
    grey = np.asarray(ring_picture)
    deep = grey.astype(np.uint16) * 257
    clear = Image.merge("RGBA", [ring_picture] * 3 + [Image.new("L", ring_picture.size, 255)])
    ring_picture.save(tmp_path / "grey.png")
    ring_picture.convert("RGB").save(tmp_path / "colour.jpg", quality=95)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.frombytes("I;16B", ring_picture.size, deep.astype(">u2").tobytes()).save(tmp_path / "big-endian.tif")
    clear.save(tmp_path / "clear.png")
    for name in ("grey.png", "colour.jpg", "deep.png", "big-endian.tif", "clear.png"):
        seen = call("read", tmp_path / name, "--um-per-px", "2", "--json")
        assert seen.code == 0, name
        validators["pin-engrave/reading/1"].validate(seen.document)
        assert seen.document["candidates"][0]["characters"] == "499BNM4L"
        assert "simulated strikes" in seen.document["priors"][0]["source"]


@pytest.mark.parametrize(
    ("shape", "options", "fault"),
    [
        ((300, 300), ("--um-per-px", "500"), "over 30 mm wide"),
        ((1, 300), (), "1.png: picture: 300 x 1 pixels"),
    ],
)
def test_a_picture_of_no_size_is_refused_by_name(
    call: Call, tmp_path: Path, shape: tuple[int, int], options: tuple[str, ...], fault: str
) -> None:
    Image.new("L", shape[::-1], 90).save(tmp_path / "1.png")
    found = call("read", tmp_path / "1.png", *options)
    assert found.code == 2
    assert fault in found.err


def test_a_topography_that_is_next_to_nothing_names_nobody(call: Call, tmp_path: Path) -> None:
    for name, shape, pixel_um in (("line", (1, 3000), 1.5), ("speck", (500, 500), 1e-4)):
        surface = HeightMap(z_um=np.zeros(shape), pixel_um=pixel_um, x0_um=0.0, y0_um=0.0, frame="reading")
        (tmp_path / f"{name}.x3p").write_bytes(impression_x3p(surface))
        seen = call("read", tmp_path / f"{name}.x3p")
        assert (seen.code, "a fault of ours" in seen.err) == (3, False), seen.err
