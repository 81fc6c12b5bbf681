"""A coupon's folder, its form filled in, and the process that comes of it."""

import csv
import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.proof_calibration import Planted, example_coupon, measured
from engrave import api
from engrave.api.calibrating_process import process_text
from engrave.base.errors import InputError, OccupiedError, UnknownNameError
from engrave.job.shelves import MACHINES, PROCESSES
from toolpaths.quantise import quantise
from toolpaths.readers.drawn import Drawn
from toolpaths.readers.dxf import read_dxf
from toolpaths.readers.ovf import read_ovf

TRUTH = Planted(spot_um=6.6, threshold_j_cm2=0.2, incubation=0.86, penetration_um=0.011)
HEAD = "cell,energy_uJ,pulses,passes,pitch_um,hatch_um,diameter_um,depth_um\n"


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    """The example coupon's form as an operator would fill it in, 3 % off."""
    craters, squares = measured(example_coupon(), TRUTH, np.random.default_rng(4), noise=0.03)
    filled = [
        [
            name,
            f"{energy * 1e6:.6g}",
            f"{pulses:.0f}",
            "",
            "",
            "",
            f"{diameter:.4g}",
            f"{depth:.4g}" if depth > 0 else "",
        ]
        for name, energy, pulses, diameter, depth in zip(
            craters.names, craters.pulse_energy_j, craters.pulses, craters.diameter_um, craters.depth_um, strict=True
        )
    ]
    filled += [
        [name, f"{energy * 1e6:.6g}", "", f"{passes:.0f}", f"{pitch}", f"{hatch}", "", f"{depth:.4g}"]
        for name, energy, passes, pitch, hatch, depth in zip(
            squares.names,
            squares.pulse_energy_j,
            squares.passes,
            squares.pitch_um,
            squares.hatch_um,
            squares.depth_um,
            strict=True,
        )
    ]
    return filled


@pytest.fixture
def form(rows: list[list[str]], tmp_path: Path) -> Callable[..., Path]:
    """The form as a file, with some columns blotted out or cells changed."""

    def write(*, change: Callable[[list[str]], list[str]] = list, delimiter: str = ",") -> Path:
        path = tmp_path / "coupon.csv"
        lines = [HEAD.strip().split(","), *map(change, rows)]
        path.write_text("\n".join(delimiter.join(line) for line in lines) + "\n")
        return path

    return write


def test_the_planted_figures_come_back_within_their_intervals(form: Callable[..., Path]) -> None:
    fitted = api.fit_laser(form())
    assert fitted.good
    figures = {figure["name"]: figure for figure in fitted.document["figures"]}
    planted = {"spot_radius": 6.6, "threshold": 0.2, "incubation": 0.86, "penetration": 0.011}
    for name, value in planted.items():
        assert figures[name]["low"] < value < figures[name]["high"], name
        assert figures[name]["half_width"] < 0.05
    assert fitted.process is None
    assert any("not measured" in note for note in fitted.document["notes"]) is False
    assert fitted.document["craters"]["unseen"][:3] == ["A1", "A2", "A3"]


def test_decimal_commas_and_semicolons_say_the_same(form: Callable[..., Path]) -> None:
    plain = api.fit_laser(form()).document["figures"]
    german = form(change=lambda cells: [cell.replace(".", ",") for cell in cells], delimiter=";")
    assert api.fit_laser(german).document["figures"] == plain


def test_a_process_is_made_and_drops_its_priors(form: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    out = tmp_path / "processes" / "ours.toml"
    fitted = api.fit_laser(form(), out=out)
    assert out.read_text() == fitted.process
    entry = PROCESSES.load("ours", tmp_path)
    figures = {figure["name"]: figure["value"] for figure in fitted.document["figures"]}
    assert entry.value.name == "ours"
    assert entry.value.spot_radius_um == pytest.approx(figures["spot_radius"], rel=1e-3)
    assert entry.value.ablation.threshold_j_cm2 == pytest.approx(figures["threshold"], rel=1e-3)
    assert entry.value.ablation.incubation == pytest.approx(figures["incubation"], rel=1e-3)
    assert entry.value.ablation.penetration_um == pytest.approx(figures["penetration"], rel=1e-3)
    digest = fitted.document["measurements"]["sha256"]
    for key in ("spot_radius", "ablation.threshold", "ablation.incubation", "ablation.penetration"):
        source = entry.sources[key]
        assert not source.prior
        assert "coupon.csv" in source.text
        assert digest in source.text
        assert "95 % interval" in source.text
        assert "craters of 7 numbers of pulses" in source.text
    before = tomllib.loads(process_text("fs-steel", None, PROCESSES))
    after = tomllib.loads(out.read_text())
    changed = {"name", "spot_radius", "ablation", "sources"}
    assert {key: after[key] for key in after if key not in changed} == {
        key: before[key] for key in before if key not in changed
    }
    assert sum(source.prior for source in entry.sources.values()) == sum(
        source.get("prior", False) for source in before["sources"].values()
    ) - 4  # fmt: skip


def test_a_process_that_is_there_keeps_its_comments(form: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    text = process_text("fs-steel", None, PROCESSES)
    out.write_text(f"# kept\n{text}".replace('wavelength = "1030nm"', 'wavelength = "1035nm" # ours'))
    assert api.fit_laser(form(), out=out, name="ours").good
    assert out.read_text().startswith("# kept\n")
    assert 'wavelength = "1035nm" # ours\n' in out.read_text()
    assert tomllib.loads(out.read_text())["name"] == "ours"
    once = out.read_text()
    assert api.fit_laser(form(), out=out, name="ours").process == once


def test_without_depths_the_penetration_stays_as_it_was(form: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    fitted = api.fit_laser(form(change=lambda cells: [*cells[:-1], ""]), out=out)
    assert fitted.document["depths"] is None
    assert any("penetration is not evaluated" in note for note in fitted.document["notes"])
    table = tomllib.loads(out.read_text())
    assert table["ablation"]["penetration"] == "13.5nm"
    assert table["sources"]["ablation.penetration"]["prior"]


@pytest.mark.parametrize(("noise", "good"), [(0.08, True), (0.13, False)])
def test_measurements_that_scatter_too_much_make_no_process(*, noise: float, good: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    lines = [HEAD]
    for _ in range(10):
        for energy in (0.12, 0.2, 0.35, 0.6, 0.9):
            for pulses in (1, 10, 100):
                threshold = 0.2 * pulses**-0.14 * np.pi * 6.6**2 * 1e-2 / 2
                diameter = 6.6 * np.sqrt(2 * np.log(energy / threshold)) if energy > threshold else 0
                lines.append(f",{energy},{pulses},,,,{diameter * (1 + noise * rng.standard_normal()):.4f},\n")
    path = tmp_path / "m.csv"
    path.write_text("".join(lines))
    out = tmp_path / "p.toml"
    fitted = api.fit_laser(path, out=out)
    assert fitted.good is good
    assert out.exists() is good
    assert fitted.document["process"] == ("p.toml" if good else None)
    assert good or "10% is the limit" in fitted.document["faults"][0]


def test_a_crater_that_is_missing_among_others_is_a_fault(form: Callable[..., Path]) -> None:
    fitted = api.fit_laser(form(change=lambda cells: [*cells[:6], "0" if cells[0] == "B9" else cells[6], cells[7]]))
    assert not fitted.good
    assert fitted.document["craters"]["contradicting"] == ["B9"]
    assert any("B9" in fault for fault in fitted.document["faults"])


def test_a_far_crater_is_pointed_out(form: Callable[..., Path]) -> None:
    fitted = api.fit_laser(form(change=lambda cells: [*cells[:6], "21" if cells[0] == "C10" else cells[6], cells[7]]))
    assert any(note == "far from the fit; measure again: C10" for note in fitted.document["notes"])
    assert fitted.document["craters"]["largest"]["cell"] == "C10"


def test_every_fault_of_the_form_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(HEAD + "A1,-1,1,,,,5,\nA2,1,1,2,,,5,\nA3,1,,,,,5,\nQ1,1,,5,,,,3\nA4,1,1,,,,-5,-1\n")
    with pytest.raises(InputError) as error:
        api.fit_laser(path)
    assert [fault.split(": ")[1] for fault in error.value.faults] == [f"line {line}" for line in (2, 3, 4, 5, 6, 6)]


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ("1e-6,1,1e-4", True),
        ("0.9e-6,1,1e-4", False),
        ("1e6,1,10000", True),
        ("1.1e6,1,10000", False),
        ("1,1,10001", False),
        ("1,1,0.9e-4", False),
        ("1,1,0", True),
    ],
)
def test_figures_beyond_any_bench_are_refused(tmp_path: Path, row: str, *, good: bool) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"energy_uJ,pulses,diameter_um\n{row}\n")
    with pytest.raises(InputError) as error:
        api.fit_laser(path)
    assert good == any("craters can be used" in fault for fault in error.value.faults)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = [", "not TOML"),
        ("a = 1\n", "has no line of its own for name"),
        ('name = "x"\n', "has no line of its own for spot_radius"),
    ],
)
def test_a_file_that_is_no_process_is_left_alone(
    form: Callable[..., Path], tmp_path: Path, text: str, reason: str
) -> None:
    out = tmp_path / "mine.toml"
    out.write_text(text)
    with pytest.raises(InputError, match=reason):
        api.fit_laser(form(), out=out)
    assert out.read_text() == text


def test_lines_that_cannot_be_told_are_not_touched(form: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    tricky = process_text("fs-steel", None, PROCESSES).replace('name = "fs-steel"', 'name = """\nfs-steel"""')
    out.write_text(tricky)
    with pytest.raises(InputError, match="laid out in a way"):
        api.fit_laser(form(), out=out)
    assert out.read_text() == tricky


def test_what_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    for out, error, reason in (
        (tmp_path / "p.txt", InputError, "NAME.toml"),
        (tmp_path / "no" / "p.toml", InputError, "there is no folder"),
    ):
        with pytest.raises(error, match=reason):
            api.fit_laser(absent, out=out)
    (tmp_path / "d.toml").mkdir()
    with pytest.raises(OccupiedError):
        api.fit_laser(absent, out=tmp_path / "d.toml")
    with pytest.raises(InputError, match="--name: goes with --out"):
        api.fit_laser(absent, name="x")
    with pytest.raises(InputError, match="cannot read"):
        api.fit_laser(absent)


def test_an_unknown_process_is_named(form: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="fs-steel"):
        api.fit_laser(form(), out=tmp_path / "p.toml", process="nothing")


def test_a_coupon_is_a_whole_folder(tmp_path: Path) -> None:
    document = api.laser_coupon(None, tmp_path / "coupon")
    folder = tmp_path / "coupon"
    assert sorted(path.name for path in folder.iterdir()) == [
        "coupon.json", "coupon.ngc", "coupon.svg", "measurements.csv",
    ]  # fmt: skip
    assert json.loads((folder / "coupon.json").read_bytes()) == document
    cells = {cell["name"]: cell for cell in document["cells"]}
    for row in csv.DictReader(io.StringIO((folder / "measurements.csv").read_text())):
        cell = cells.pop(row["cell"])
        assert float(row["energy_uJ"]) == pytest.approx(cell["pulse_energy_j"] * 1e6, rel=1e-9)
        assert (row["pulses"] or None) == (str(cell["pulses"]) if cell["pulses"] else None)
        assert (row["diameter_um"], row["depth_um"]) == ("", "")
        assert f"operation {row['cell']})" in (folder / "coupon.ngc").read_text()
        assert f"{row['cell']}: {row['energy_uJ']} uJ" in (folder / "coupon.svg").read_text()
    assert cells == {}
    with pytest.raises(OccupiedError):
        api.laser_coupon(None, folder)


def job_on(machine: str, formats: str, folder: Path) -> Path:
    """The shipped example for another machine."""
    text = (Path(__file__).parent.parent.parent / "examples" / "job.toml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("machine =", "formats ="))]
    path = folder / "job.toml"
    path.write_text("\n".join([f'machine = "{machine}"', f"formats = {formats}", *lines]))
    return path


@pytest.mark.parametrize(("name", "read"), [("coupon.ovf", read_ovf), ("coupon.dxf", read_dxf)])
def test_a_scanner_fires_as_many_pulses_as_the_form_says(
    tmp_path: Path, name: str, read: Callable[[bytes], Drawn]
) -> None:
    """One pulse's period a run, so many runs, on the scanner's own steps: what the file says, read back."""
    job = job_on("galvo-20", '["ovf", "dxf"]', tmp_path)
    document = api.laser_coupon(job, tmp_path / "coupon")
    drawn = read((tmp_path / "coupon" / name).read_bytes())
    assert drawn.toolpath is not None
    stepped = quantise(drawn.toolpath, MACHINES.load("galvo-20").value).toolpath
    pulses: dict[tuple[int, int], float] = {}
    for repeats, operation in stepped.operations():
        for begin, end in operation.paths:
            middle = (begin + end)[:2] / 2
            place = (round((middle[0] + 3) / 10), round((middle[1] + 3) / 10))
            runs = float(np.linalg.norm(end - begin)) / document["cells"][0]["path_um"]
            pulses[place] = pulses.get(place, 0.0) + repeats * runs
    for cell in document["cells"]:
        if cell["kind"] == "crater":
            told = pulses[round((cell["x_um"] + 3) / 10), round((cell["y_um"] + 3) / 10)]
            # A step's own rounding to whole nanometres is a hundredth of a path.
            assert told == pytest.approx(cell["pulses"], rel=0.02), cell["name"]


def test_a_scanner_of_coarse_steps_or_too_slow_a_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"moves in steps of 1\.67847 um"):
        api.laser_coupon(job_on("galvo-16", '["lbrn2"]', tmp_path), tmp_path / "coupon")
    with pytest.raises(InputError, match=r"runs at 168 um/s or faster.*raise the rate to 800 Hz"):
        api.laser_coupon(job_on("galvo-20", '["ovf"]', tmp_path), tmp_path / "coupon", rate_hz=799.0)
    assert not (tmp_path / "coupon").exists()
    api.laser_coupon(job_on("galvo-20", '["ovf"]', tmp_path), tmp_path / "coupon", rate_hz=800.0)


def test_an_empty_form_is_told_to_be_measured(tmp_path: Path) -> None:
    api.laser_coupon(None, tmp_path / "coupon")
    with pytest.raises(InputError, match="0 craters can be used"):
        api.fit_laser(tmp_path / "coupon" / "measurements.csv")


def test_the_same_job_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        api.laser_coupon(None, tmp_path / name, rate_hz=799.0)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_coupon_that_the_machine_cannot_make_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lower the rate"):
        api.laser_coupon(None, tmp_path / "coupon", rate_hz=1e6)
    assert not (tmp_path / "coupon").exists()


GAUGE = "part,operator,repeat,value_um\n" + "".join(
    f"P{part},{operator},{repeat},{10 * part + 0.1 * place + 0.2 * repeat + 0.05 * ((part * repeat) % 3)}\n"
    for part in range(1, 6)
    for place, operator in enumerate(("Ann", "Bob"))
    for repeat in (1, 2, 3)
)


def test_a_gauge_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "gauge.csv"
    path.write_text(GAUGE)
    judged = api.judge_gauge(path)
    assert judged.good
    document = judged.document
    assert (document["parts"][0], document["operators"], document["repeats"]) == ("P1", ["Ann", "Bob"], 3)
    assert document["unit"] == "um"
    assert document["ndc"] >= 5
    assert document["grr_share"]["low"] < document["grr_share"]["value"] < document["grr_share"]["high"]


def test_a_poor_gauge_is_no(tmp_path: Path) -> None:
    path = tmp_path / "gauge.csv"
    rng = np.random.default_rng(0)
    lines = [f"P{part},{who},{rng.normal():.4f}\n" for part in range(4) for who in "AB" for _ in range(2)]
    path.write_text("part,operator,value\n" + "".join(lines))
    judged = api.judge_gauge(path)
    assert not judged.good
    assert len(judged.document["faults"]) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("P1,Ann,1,", "P1,Ann,2,"), "repeat '2' of this part and operator is in line"),
        (("P1,Ann,1,", "P9,Ann,1,"), "part 'P9', operator 'Bob': 0 values and others have 3"),
        (("operator", "who"), "no column 'operator'"),
        (("Ann", "Bob"), "1 operators"),
    ],
)
def test_a_study_out_of_balance_is_refused(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    path = tmp_path / "gauge.csv"
    text = GAUGE.replace(*change)
    path.write_text(text.replace(",1,", ",,").replace(",2,", ",,").replace(",3,", ",,") if change[1] == "Bob" else text)
    with pytest.raises(InputError, match=reason):
        api.judge_gauge(path)
