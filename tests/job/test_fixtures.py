"""Fixtures on their shelf, the probe table beside one, and the job that asks for one."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from engrave.base.errors import InputError, UnknownNameError
from engrave.job import example_job_text, job_from_json, job_to_json, load_job, prior_notes
from engrave.job.fixtures import FIXTURES, read_probe_table
from toolpaths.fixture import EMPTY, READY, Nest

HEADER = "nest,dx [um],dy [um],dz [um],tilt_x [deg],tilt_y [deg],clocking [deg]"
PLATE = """
name = "duo"
rows = 1
columns = 2
column_pitch = "10mm"
row_pitch = "10mm"
first_x = "10mm"
first_y = "10mm"
tip_height = "3mm"
safe_height = "8mm"
max_offset = "0.3mm"
max_tilt = "1deg"
max_clocking = "180deg"
fiducials = [{ name = "A", x = "0mm", y = "0mm" }, { name = "B", x = "30mm", y = "0mm" }]

[sources]
"fiducials.x" = "drawing"
"fiducials.y" = "drawing"
"""
NUMBERS = (
    *("rows", "columns", "column_pitch", "row_pitch", "first_x", "first_y", "tip_height", "safe_height"),
    *("max_offset", "max_tilt", "max_clocking"),
)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A job with a plate of two nests of the user's own, and its probe table where one is given."""

    def written(*, table: str | None = None, plate: str = PLATE, **changes: str) -> Path:
        fixtures = tmp_path / "library" / "fixtures"
        fixtures.mkdir(parents=True, exist_ok=True)
        (fixtures / "duo.toml").write_text(plate + "".join(f'{key} = "drawing"\n' for key in NUMBERS))
        if table is not None:
            (fixtures / "duo.csv").write_text(table)
        values = {"machine": "tray-stage", "fixture": "duo", **changes}
        text = example_job_text().replace('machine = "stage"', f'machine = "{values["machine"]}"')
        path = tmp_path / "job.toml"
        path.write_text(f'library = "library"\nfixture = "{values["fixture"]}"\n{text}')
        return path

    return written


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        load_job(path)
    return raised.value.faults


def test_the_shipped_fixture_holds_a_hundred_pins_and_its_machine_holds_it(write: Write) -> None:
    job = load_job(write(fixture="tray-10x10"))
    assert job.fixture is not None
    plate = job.fixture.value
    assert len(plate.in_state(READY)) == 100
    assert (plate.nominal_um(1), plate.nominal_um(100)) == (
        (10_000.0, 10_000.0, 3000.0),
        (100_000.0, 100_000.0, 3000.0),
    )
    assert any(name == "tray-10x10: column_pitch" for name, _ in prior_notes(job))


def test_a_table_is_read_in_the_units_of_its_header() -> None:
    header = "nest;dz [mm];dx [um];dy [nm];tilt_y [rad];tilt_x [deg];clocking [deg];state"
    one, other = read_probe_table(f"{header}\n2;0.1;-5;250;0.001;-0.5;90;\n1;;;;;;;empty\n", origin="t.csv")
    assert (one.nest, one.dx_um, one.dy_um, one.dz_um, one.tilt_y_rad) == (2, -5.0, 0.25, 100.0, 0.001)
    assert one.tilt_x_rad == pytest.approx(-0.0087266463)
    assert one.clocking_rad == pytest.approx(math.pi / 2)
    assert (one.state, other) == (READY, Nest(nest=1, state=EMPTY))


def test_the_table_beside_a_fixture_goes_into_the_job_and_its_document(write: Write) -> None:
    job = load_job(write(table=f"{HEADER}\n1,1,2,3,0.1,0.2,0.3\n2,0,0,0,0,0,0\n"))
    assert job.fixture is not None
    assert job.fixture.value.found(1).dz_um == 3.0
    assert job_from_json(job_to_json(job), origin="job.json") == job


def test_a_table_alone_may_stand_beside_a_shipped_fixture(tmp_path: Path) -> None:
    (tmp_path / "fixtures").mkdir()
    rows = [f"{nest},0,0,{nest},0,0,0" for nest in range(1, 101)]
    (tmp_path / "fixtures" / "tray-10x10.csv").write_text("\n".join([HEADER, *rows]))
    assert FIXTURES.load("tray-10x10", tmp_path).value.found(57).dz_um == 57.0
    assert not FIXTURES.load("tray-10x10").value.probed


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["t.csv: is empty"]),
        ("nest,dx [um]\n1,2\n", ["no column 'dy_um'", "'dz_um'", "'tilt_x_rad'", "'tilt_y_rad'", "'clocking_rad'"]),
        (
            "nest [um],dx,dx [um],dy [deg],dz [um],tilt_x [um],tilt_y [deg],clocking [deg],height\n",
            [
                "column 1: nest has no unit",
                "column 2: dx needs its unit",
                "column 4: dy needs its unit",
                "column 6: tilt_x needs its unit",
                "column 9: 'height' is not known",
                "column 'dx_um' stands there twice",
            ],
        ),
        (
            f"{HEADER}\n1,1,2,3,0,0\nx,1,2,3,0,0,0\n0,1,2,3,0,0,0\n3,1um,,nan,1e999,0,0\n",
            [
                "line 2: 6 cells and the header names 7",
                "line 3: nest 'x' is no number",
                "line 4: nest '0' is no number",
                "line 5, column 2 (dx): '1um': the unit stands in the header",
                "line 5, column 3 (dy): is empty",
                "line 5, column 4 (dz): 'nan'",
                "line 5, column 5 (tilt_x): ",
            ],
        ),
        (f'{HEADER}\n"1,2\n', ["look for a quote that is not closed"]),
    ],
)
def test_every_fault_of_a_table_is_told_at_once(text: str, faults: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        read_probe_table(text, origin="t.csv")
    assert len(raised.value.faults) == len(faults)
    assert all(part in fault for part, fault in zip(faults, raised.value.faults, strict=True))


def test_nests_missing_doubled_and_beyond_limits_are_told_with_the_jobs_other_faults(write: Write) -> None:
    path = write(table=f"{HEADER}\n1,301,0,0,0,0,0\n1,0,0,0,0,0,0\n3,0,0,0,2,0,0\n")
    path.write_text(path.read_text().replace('primer = "brass-cup"', 'primer = "none"'))
    told = faults_of(path)
    for part in (
        "primer: 'none'",
        "nest 3: is none of",
        "nest 1: stands in",
        "nest 2: missing",
        "nest 1: dx 301",
        "nest 3: a tilt",
    ):
        assert sum(part in fault for fault in told) == 1, part
    assert all(fault.startswith("job.toml: fixture: duo.csv: nest") for fault in told if "nest " in fault)


def test_faults_of_a_plate_are_told_one_by_one(write: Write) -> None:
    told = faults_of(write(plate=PLATE.replace('"10mm"', '"-1mm"').replace("rows = 1", "rows = 0")))
    assert [fault.partition("toml: ")[2].split(": ")[:3] for fault in told] == [
        ["fixture", "fixtures/duo.toml", key] for key in ("rows", "column_pitch", "row_pitch", "nests")
    ]


def test_a_machine_that_does_not_hold_the_tray_is_refused(write: Write) -> None:
    told = faults_of(write(machine="stage"))
    assert [fault.split("needs ")[1][0] for fault in told] == ["x", "y", "z"]
    document = job_to_json(load_job(write()))
    document["machine"] = job_to_json(load_job(None))["machine"]
    with pytest.raises(InputError, match="the tray needs x"):
        job_from_json(document, origin="job.json")


def test_a_tilt_that_the_focus_does_not_carry_is_refused(write: Write) -> None:
    """The example's tip ends at 0.9 mm radius and its focus may leave it by 10 um: 0.637 deg, less than max_tilt."""
    job = load_job(write(table=f"{HEADER}\n1,0,0,0,0.6,0,0\n2,0,0,0,0,0,0\n"))
    assert job.limits.focus_um == 10.0
    told = faults_of(write(table=f"{HEADER}\n1,0,0,0,0.9,0,0\n2,0,0,0,0,0,0\n"))
    assert len(told) == 1
    assert "nest 1: its tilt of 0.9 deg rises" in told[0]


def test_an_unknown_fixture_is_told_with_those_that_are_known(write: Write) -> None:
    assert "fixture: 'trio' is not among the fixtures; known: duo, tray-10x10" in faults_of(write(fixture="trio"))[0]
    with pytest.raises(UnknownNameError):
        FIXTURES.load("trio")
