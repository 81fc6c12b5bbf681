"""A rod's coupon as a folder, its form filled in, and the process that comes of it."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.proof_rods import Rod, cut
from engrave import api
from engrave.api.calibrating_process import process_text
from engrave.base.errors import InputError, OccupiedError, UnknownNameError
from engrave.job import load_job
from engrave.job.shelves import MILLINGS
from engrave.tips import FlatTip
from toolpaths.edm.removal import milled
from toolpaths.readers.edm_gcode import read_edm_gcode

EXAMPLES = Path(__file__).parents[2] / "examples"
JOB = EXAMPLES / "job-edm.toml"
TRUTH = Rod(diameter_um=20.0, gap_side_um=6.5, gap_front_um=8.1, wear_ratio=0.034)
FILES = ["coupon.json", "coupon.ngc", "coupon.svg", "measurements.csv"]
HEAD = "slot,rod_um,sent_um,length_um,width_um,start_depth_um,end_depth_um\n"


def filled_in(path: Path, *, noise: float, seed: int = 4) -> None:
    """Write the folder's form as an operator would fill it in, by a balance of volumes."""
    rng = np.random.default_rng(seed)
    lines = list(csv.DictReader(io.StringIO(path.read_text())))
    for line in lines:
        begin_um, end_um = cut(TRUTH, sent_um=float(line["sent_um"]), length_um=float(line["length_um"]))
        width_um = TRUTH.diameter_um + 2 * TRUTH.gap_side_um
        figures = np.array([width_um, begin_um, end_um]) * (1 + noise * rng.standard_normal(3))
        for name, value in zip(("width_um", "start_depth_um", "end_depth_um"), figures, strict=True):
            line[name] = f"{value:.4g}"
    path.write_text(HEAD + "".join(",".join(line.values()) + "\n" for line in lines))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A coupon's folder, its form filled in 3 % off."""
    made = tmp_path_factory.mktemp("rods") / "coupon"
    api.edm_coupon(JOB, made)
    filled_in(made / "measurements.csv", noise=0.03)
    return made


@pytest.fixture
def form(folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """The form as a file, with its lines or its text changed."""

    def write(*, change: Callable[[list[str]], list[str]] = list, text: Callable[[str], str] = str) -> Path:
        head, *lines = (folder / "measurements.csv").read_text().splitlines()
        path = tmp_path / "slots.csv"
        path.write_text(text("\n".join([head, *(",".join(change(line.split(","))) for line in lines)]) + "\n"))
        return path

    return write


def test_a_coupon_is_a_whole_folder(tmp_path: Path) -> None:
    document = api.edm_coupon(JOB, tmp_path / "coupon")
    folder = tmp_path / "coupon"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert json.loads((folder / "coupon.json").read_bytes()) == document
    assert (document["rod"], document["rod_um"], document["calibrated"]) == (2, 20.0, False)
    slots = {slot["name"]: slot for slot in document["slots"]}
    program = (folder / "coupon.ngc").read_text()
    for row in csv.DictReader(io.StringIO((folder / "measurements.csv").read_text())):
        slot = slots.pop(row["slot"])
        assert float(row["rod_um"]) == 20.0
        assert (float(row["sent_um"]), float(row["length_um"])) == (slot["sent_um"], slot["length_um"])
        assert [row[name] for name in ("width_um", "start_depth_um", "end_depth_um")] == ["", "", ""]
        assert f"(electrode 2: {row['slot']})" in program
        assert f"G0 X{slot['touch_x_um'] / 1000:.6f} Y{slot['touch_y_um'] / 1000:.6f}" in program
    assert slots == {}
    assert "(not calibrated: slots are laid out for gaps and wear that are priors)" in program
    with pytest.raises(OccupiedError):
        api.edm_coupon(JOB, folder)


def test_the_program_cuts_every_slot_once_at_its_depth(tmp_path: Path) -> None:
    """Read with a pattern of its own: between spark on and spark off, down to the depth and along by the length."""
    document = api.edm_coupon(JOB, tmp_path / "coupon")
    program = (tmp_path / "coupon" / "coupon.ngc").read_text()
    cuts = re.findall(r"G0 X(\S+) Y(\S+)\n.*\n.*\nM64 P0\nG1 Z(\S+)\nG1 X(\S+)\nM65 P0", program)
    found = [[float(figure) * 1000 for figure in cut] for cut in cuts]
    wanted = [
        [slot["x_um"], slot["y_um"], -slot["sent_um"], slot["x_um"] + slot["length_um"]] for slot in document["slots"]
    ]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert program.count("G38.2") == len(wanted) == 12


def _bounds(data: str) -> NDArray[np.float64]:
    """Least and greatest x and y of a path, y up: (2, 2)."""
    points = np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", data), dtype=np.float64)
    return np.array([points.min(axis=0), points.max(axis=0)])


def test_the_map_shows_every_slot_and_touch_in_its_place(tmp_path: Path) -> None:
    """By hand: a slot of the axis' way and the width, y turned; the rod's ring where it touches."""
    document = api.edm_coupon(JOB, tmp_path / "coupon")
    root = ET.parse(tmp_path / "coupon" / "coupon.svg").getroot()  # noqa: S314 - our own drawing
    name = "{http://www.w3.org/2000/svg}"
    outlines = {
        (group.get("id", "").rstrip("-0123456789"), path.findtext(f"{name}title") or number): _bounds(path.get("d", ""))
        for number, group in enumerate(root.iter(f"{name}g"))
        for path in group.iter(f"{name}path")
    }
    rings = np.array([bounds.mean(axis=0) for (kind, _), bounds in outlines.items() if kind == "touch"])
    words = [text.text for text in root.iter(f"{name}text")]
    for slot in document["slots"]:
        bounds = outlines["slot", f"{slot['name']}: {slot['length_um']:g} um long, sent {slot['sent_um']:g} um"]
        begin, end = slot["x_um"] - 17.4, slot["x_um"] + slot["length_um"] + 17.4
        wanted = [[begin, slot["y_um"] - 17.4], [end, slot["y_um"] + 17.4]]
        np.testing.assert_allclose(bounds, wanted, atol=2e-3)
        assert np.hypot(*(rings - [slot["touch_x_um"], slot["touch_y_um"]]).T).min() < 2e-3
        assert {slot["name"], f"{slot['length_um']:g} um", f"sent {slot['sent_um']:g} um"} <= set(words)
    left, top, width, height = map(float, root.get("viewBox", "").split())
    for text in root.iter(f"{name}text"):
        assert left <= float(text.get("x", "")) <= left + width
        assert top <= float(text.get("y", "")) <= top + height
    assert any("shortest slots lie at the left" in (text or "") for text in words)
    assert "200 um" in words


def test_every_rod_of_the_shipped_processes_has_a_coupon_that_its_machine_takes(tmp_path: Path) -> None:
    document = api.edm_coupon(JOB, tmp_path / "coarse", rod=1)
    assert (document["rod"], document["rod_um"]) == (1, 80.0)
    job = load_job(JOB)
    fine = replace(job, process=MILLINGS.load("wc-15-fine"))
    assert api.edm_coupon(fine, tmp_path / "fine")["rod_um"] == 15.0


@pytest.mark.parametrize("rod", [0, 3, -1])
def test_a_rod_that_the_process_lacks_is_refused(tmp_path: Path, rod: int) -> None:
    with pytest.raises(InputError, match="rods 1 to 2"):
        api.edm_coupon(JOB, tmp_path / "coupon", rod=rod)
    assert not (tmp_path / "coupon").exists()


def test_jobs_of_other_processes_are_refused(tmp_path: Path) -> None:
    for job in (None, EXAMPLES / "job-sinker.toml"):
        with pytest.raises(InputError, match="milling by sparks"):
            api.edm_coupon(job, tmp_path / "coupon")


def test_a_coupon_that_the_machine_cannot_make_is_refused(tmp_path: Path) -> None:
    """The least y of a slot is -105 um: an envelope that ends before it, and one that ends there."""
    job = load_job(JOB)
    for least_um, fits in ((-104.9, False), (-105.0, True)):
        machine = replace(job.machine, value=replace(job.machine.value, envelope_y_min_um=least_um))
        small = replace(job, machine=machine)
        if fits:
            api.edm_coupon(small, tmp_path / "coupon")
        else:
            with pytest.raises(InputError, match=r"M457.*outside the envelope"):
                api.edm_coupon(small, tmp_path / "coupon")
            assert not (tmp_path / "coupon").exists()


def test_a_calibrated_process_is_not_called_a_prior(tmp_path: Path) -> None:
    job = load_job(JOB)
    known = replace(job, process=replace(job.process, value=replace(job.milling.value, calibrated=True)))
    assert api.edm_coupon(known, tmp_path / "coupon")["calibrated"]
    assert "not calibrated" not in (tmp_path / "coupon" / "coupon.ngc").read_text()


def test_a_rod_that_is_believed_not_to_wear_has_no_length_of_decay(tmp_path: Path) -> None:
    job = load_job(JOB)
    lasting = replace(job, process=replace(job.process, value=replace(job.milling.value, wear_ratio=0.0)))
    document = api.edm_coupon(lasting, tmp_path / "coupon")
    assert document["believed"]["decay_um"] is None
    assert json.loads((tmp_path / "coupon" / "coupon.json").read_bytes()) == document


def test_the_same_job_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        api.edm_coupon(JOB, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_planted_figures_come_back_within_their_intervals(folder: Path) -> None:
    fitted = api.fit_edm(folder / "measurements.csv")
    assert fitted.good
    assert fitted.process is None
    figures = {figure["name"]: figure for figure in fitted.document["figures"]}
    for name, value in {"gap_side": 6.5, "gap_front": 8.1, "wear_ratio": 0.034}.items():
        assert figures[name]["low"] < value < figures[name]["high"], name
        assert figures[name]["half_width"] < 0.06
    assert (fitted.document["widths"]["used"], fitted.document["depths"]["used"]) == (12, 24)
    assert fitted.document["notes"] == []


def test_a_coupon_that_is_milled_and_measured_gives_the_rod_it_was_milled_with(tmp_path: Path) -> None:
    """The program as it reads, milled by the simulation of worn rods, which knows nothing of the fit.

    Pixels of 2 um: the mean over a pixel close before the far rim is not quite the last depth. Walls are as deep as the
    floor is half a width from the axis, where the rod arrives later by that: by hand, e^(-16.5 / 280) of the middle.
    """
    document = api.edm_coupon(JOB, tmp_path / "coupon")
    job = load_job(JOB)
    program = (tmp_path / "coupon" / "coupon.ngc").read_bytes()
    worn = replace(job.milling.value, gap_side_um=6.5, gap_front_um=8.1, wear_ratio=0.034)
    pixel_um = 2.0
    left = milled(
        read_edm_gcode(program, job.machine.value).erosion,
        milling=worn,
        surface=FlatTip(edge_radius_um=1400.0),
        half_width_um=1140.0,
        pixel_um=pixel_um,
    )
    x_um, y_um, depth_um = left.x_um(), left.y_um(), -left.z_um
    lines = [HEAD]
    for slot in document["slots"]:
        row = int(np.argmin(np.abs(y_um - slot["y_um"])))
        across = depth_um[row - 15 : row + 16, int(np.argmin(np.abs(x_um - slot["x_um"] - slot["length_um"] / 2)))]
        start, end = (
            depth_um[row, int(np.argmin(np.abs(x_um - place_um)))]
            for place_um in (slot["x_um"], slot["x_um"] + slot["length_um"] + 33.0 / 2 - 2.0)
        )
        wall_um = across.max() * np.exp(-16.5 / 280.0)
        width_um = pixel_um * float(np.minimum(across / wall_um, 1.0).sum())
        cells = (20, slot["sent_um"], slot["length_um"], width_um, start, end)
        lines.append(",".join([slot["name"], *(f"{figure:.5g}" for figure in cells)]) + "\n")
    path = tmp_path / "measured.csv"
    path.write_text("".join(lines))
    figures = {figure["name"]: figure["value"] for figure in api.fit_edm(path).document["figures"]}
    assert figures == pytest.approx({"gap_side": 6.5, "gap_front": 8.1, "wear_ratio": 0.034}, rel=0.01)


def test_a_process_is_made_and_drops_its_priors(form: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "millings").mkdir()
    out = tmp_path / "millings" / "ours.toml"
    fitted = api.fit_edm(form(), out=out)
    assert out.read_text() == fitted.process
    entry = MILLINGS.load("ours", tmp_path)
    figures = {figure["name"]: figure["value"] for figure in fitted.document["figures"]}
    assert entry.value.name == "ours"
    assert entry.value.calibrated
    assert entry.value.gap_side_um == pytest.approx(figures["gap_side"], rel=1e-3)
    assert entry.value.gap_front_um == pytest.approx(figures["gap_front"], rel=1e-3)
    assert entry.value.wear_ratio == pytest.approx(figures["wear_ratio"], rel=1e-3)
    digest = fitted.document["measurements"]["sha256"]
    for key in ("gap_side", "gap_front", "wear_ratio"):
        source = entry.sources[key]
        assert not source.prior
        for words in ("slots.csv", digest, "12 widths and 24 depths", "a rod of 20 um", "95 % interval"):
            assert words in source.text
    before, after = tomllib.loads(process_text("wc-20", None, MILLINGS)), tomllib.loads(out.read_text())
    changed = {"name", "gap_side", "gap_front", "wear_ratio", "calibrated", "sources"}
    assert {key: after[key] for key in after if key not in changed} == {
        key: before[key] for key in before if key not in changed
    }
    kept = {key: source for key, source in before["sources"].items() if key not in changed}
    assert {key: after["sources"][key] for key in kept} == kept


def test_a_process_that_is_there_keeps_its_comments(form: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    out.write_text(f"# kept\n{process_text('wc-20', None, MILLINGS)}".replace('"100um"\n', '"120um" # ours\n'))
    assert api.fit_edm(form(), out=out).good
    assert out.read_text().startswith("# kept\n")
    assert 'retract = "120um" # ours\n' in out.read_text()
    once = out.read_text()
    assert api.fit_edm(form(), out=out).process == once


def test_a_new_process_may_begin_with_another_one(form: Callable[..., Path], tmp_path: Path) -> None:
    """The rod of 20 um that was measured is none of those of wc-15-fine, and a note says so."""
    fitted = api.fit_edm(form(), out=tmp_path / "p.toml", name="ours", process="wc-15-fine")
    table = tomllib.loads((tmp_path / "p.toml").read_text())
    assert (table["name"], table["rods"][0]["diameter"]) == ("ours", "15um")
    assert any("has rods of 15 um, and one of 20 um was measured" in note for note in fitted.document["notes"])
    with pytest.raises(UnknownNameError, match="wc-20"):
        api.fit_edm(form(), out=tmp_path / "q.toml", process="fs-steel")


def test_a_laser_process_is_left_alone(form: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "laser.toml"
    shipped = Path(__file__).parents[2] / "toolpaths" / "laser" / "recipes" / "fs-steel.toml"
    out.write_text(shipped.read_text())
    with pytest.raises(InputError, match="no line of its own for gap_side"):
        api.fit_edm(form(), out=out)
    assert out.read_text() == shipped.read_text()


@pytest.mark.parametrize(("noise", "words"), [(0.03, None), (0.16, "scatter by")])
def test_measurements_that_scatter_too_much_make_no_process(
    folder: Path, noise: float, words: str | None, tmp_path: Path
) -> None:
    path, out = tmp_path / "m.csv", tmp_path / "p.toml"
    path.write_text((folder / "measurements.csv").read_text())
    filled_in(path, noise=noise)
    fitted = api.fit_edm(path, out=out)
    assert fitted.good is (words is None)
    assert out.exists() is fitted.good
    assert fitted.document["process"] == ("p.toml" if fitted.good else None)
    assert words is None or words in fitted.document["faults"][0]


@pytest.mark.parametrize(("off", "good"), [(0.0338, True), (0.0348, False)])
def test_no_figure_may_be_known_less_well_than_within_a_tenth(
    form: Callable[..., Path], off: float, *, good: bool
) -> None:
    """Six widths of 33 um, by turns a share up and down.

    By hand: their logarithms scatter by share sqrt(6 / 5), their mean by that over sqrt(6); Student's t of five degrees
    is 2.571. So the gap of 6.5 um is known within 33 share sqrt(1 / 5) 2.571 / (2 x 6.5) = 2.919 share: 10 % is .0343.
    """
    turns = iter([1 + off, 1 - off] * 6)

    def change(cells: list[str]) -> list[str]:
        width = f"{33 * next(turns):.5f}" if int(cells[0][1:]) <= 6 else ""
        return [*cells[:4], width, *cells[5:]]

    fitted = api.fit_edm(form(change=change))
    side = next(figure for figure in fitted.document["figures"] if figure["name"] == "gap_side")
    assert side["half_width"] == pytest.approx(2.919 * off, rel=5e-3)
    assert fitted.good is good
    assert good or any("side gap is known within" in fault for fault in fitted.document["faults"])


def test_a_far_depth_is_pointed_out(form: Callable[..., Path]) -> None:
    fitted = api.fit_edm(form(change=lambda cells: [*cells[:6], "9" if cells[0] == "S3" else cells[6]]))
    assert fitted.document["depths"]["largest"]["place"] == "S3 end"
    assert any(note == "far from the fit; measure again: S3 end" for note in fitted.document["notes"])


def test_what_was_not_measured_is_told(form: Callable[..., Path]) -> None:
    fitted = api.fit_edm(form(change=lambda cells: cells if int(cells[0][1:]) <= 10 else [*cells[:4], "", "", ""]))
    assert any(note.startswith("2 rows have neither") for note in fitted.document["notes"])
    assert fitted.document["widths"]["used"] == 10


def test_decimal_commas_and_other_units_say_the_same(form: Callable[..., Path]) -> None:
    plain = api.fit_edm(form()).document["figures"]
    german = form(
        text=lambda text: text.replace(",", ";").replace(".", ",").replace("start_depth_um", "Start depth [um]")
    )
    assert api.fit_edm(german).document["figures"] == plain


def test_every_fault_of_the_form_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(HEAD + "S1,20,3,150,33,-1,5\nS2,20,-3,150,33,8,5\nS3,20,3,0,33,8,0\nS4,80,0,150,33,8,5\n")
    with pytest.raises(InputError) as error:
        api.fit_edm(path)
    assert [fault.split(": ")[1] for fault in error.value.faults] == [
        "line 2", "line 3", "line 4", "line 4", "rods of 20, 80 um",
    ]  # fmt: skip
    path.write_text("slot,rod_um\nS1,20\n")
    with pytest.raises(InputError, match="no column 'sent_um', 'length_um', 'width_um', 'start_depth_um'"):
        api.fit_edm(path)


def test_an_empty_form_is_told_to_be_measured(tmp_path: Path) -> None:
    api.edm_coupon(JOB, tmp_path / "coupon")
    with pytest.raises(InputError, match="0 widths; measure 6 at least"):
        api.fit_edm(tmp_path / "coupon" / "measurements.csv")


def test_what_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    with pytest.raises(InputError, match=r"NAME\.toml"):
        api.fit_edm(absent, out=tmp_path / "p.txt")
    with pytest.raises(InputError, match="--process: goes with --out"):
        api.fit_edm(absent, process="x")
    with pytest.raises(InputError, match="cannot read"):
        api.fit_edm(absent)
