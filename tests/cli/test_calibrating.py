"""``calibrate``: words, documents, schemas and exit codes."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from engrave.base.errors import EngraveError, Exit
from engrave.cli.calibrating import calibrate

Call = Callable[..., Result]
PROJECT = Path(__file__).parents[2]
SCHEMAS = PROJECT / "docs" / "schemas"
EDM_JOB = PROJECT / "examples" / "job-edm.toml"


@pytest.fixture
def call() -> Call:
    """Run ``calibrate`` on these arguments; what it returns is the exit code, what it raises knows its own."""

    def called(*arguments: str | Path) -> Result:
        return CliRunner().invoke(calibrate, [str(argument) for argument in arguments], standalone_mode=False)

    return called


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def tampered(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """The object with a key more, and with each key less."""
    less = [{other: kept for other, kept in value.items() if other != key} for key in value]
    return [{**value, "stranger": 1}, *less]


def test_the_documents_fit_their_schemas_and_tampered_ones_do_not(
    call: Call, coupon_form: Path, rod_form: Path, gauge_table: Path, tmp_path: Path
) -> None:
    calls: dict[str, tuple[str | Path, ...]] = {
        "coupon": ("laser", "coupon", "-o", tmp_path / "coupon"),
        "calibration": ("laser", "fit", coupon_form),
        "rod-coupon": ("edm", "coupon", "--job", EDM_JOB, "-o", tmp_path / "rod"),
        "rod-calibration": ("edm", "fit", rod_form),
        "gauge": ("gauge", gauge_table),
    }
    for name, arguments in calls.items():
        told = call(*arguments, "--json", "--quiet")
        assert (told.return_value, told.stderr) == (Exit.DONE, "")
        document = json.loads(told.stdout)
        assert document["schema"] == f"pin-engrave/{name}/1"
        judge = validator(name)
        judge.validate(document)
        for wrong in tampered(document):
            assert not judge.is_valid(wrong)
        for key, inner in document.items():
            rows = inner if isinstance(inner, list) else [inner]
            for wrong in tampered(rows[0]) if rows and isinstance(rows[0], dict) and key != "files" else []:
                broken = copy.deepcopy(document)
                broken[key] = [wrong, *rows[1:]] if isinstance(inner, list) else wrong
                assert not judge.is_valid(broken), (name, key)


def test_a_poor_fit_has_a_document_too(call: Call, coupon_form: Path, tmp_path: Path) -> None:
    rough = tmp_path / "rough.csv"
    lines = coupon_form.read_text().splitlines()
    wild = [",".join([*line.split(",")[:3], str(float(line.split(",")[3]) * (0.7 + 0.6 * (place % 2))), ""])
            for place, line in enumerate(lines[1:])]  # fmt: skip
    rough.write_text("\n".join([lines[0], *wild]) + "\n")
    out = tmp_path / "p.toml"
    told = call("laser", "fit", rough, "-o", out, "--json")
    assert told.return_value == Exit.NO
    assert not out.exists()
    validator("calibration").validate(json.loads(told.stdout))
    assert "no process: diameters scatter by" in told.stderr


def test_a_fit_is_told_in_words_and_written(call: Call, coupon_form: Path, tmp_path: Path) -> None:
    out = tmp_path / "ours.toml"
    told = call("laser", "fit", coupon_form, "--out", out, "--name", "ours")
    assert told.return_value == Exit.DONE
    for words in ("spot radius: 6.", " um, 95 % from ", "threshold: 0.1", "incubation: 0.8", "diameters: ", "depths: "):
        assert words in told.stdout
    assert str(out) in told.stderr
    assert 'name = "ours"' in out.read_text()


def test_a_coupon_is_told_in_words(call: Call, tmp_path: Path) -> None:
    told = call("laser", "coupon", "--out", tmp_path / "c", "--rate", "500Hz")
    assert told.return_value == Exit.DONE
    assert told.stdout == "84 craters, 8 squares; beam on for 748 s at 500 Hz\n"
    assert "polished flat" in told.stderr


def test_a_rods_coupon_is_told_in_words(call: Call, tmp_path: Path) -> None:
    """By hand: half of and twice pi 20^2 / 4 / (.03 x 34.8) = 300.9 um; a coarse rod's are a quarter to all of 3 mm."""
    told = call("edm", "coupon", "--job", EDM_JOB, "--out", tmp_path / "fine")
    assert told.return_value == Exit.DONE
    assert told.stdout == "12 slots from 150 to 602 um, rod 2 of 20 um\n"
    assert "polished flat" in told.stderr
    told = call("edm", "coupon", "--job", EDM_JOB, "--out", tmp_path / "coarse", "--rod", "1")
    assert told.stdout == "12 slots from 750 to 3000 um, rod 1 of 80 um\n"


def test_a_rods_fit_is_told_in_words_and_written(call: Call, rod_form: Path, tmp_path: Path) -> None:
    out = tmp_path / "ours.toml"
    told = call("edm", "fit", rod_form, "--out", out, "--name", "mine", "--process", "wc-20")
    assert told.return_value == Exit.DONE
    for words in ("gap side: 6.", "gap front: ", " um, 95 % from ", "wear ratio: 0.03", "12 widths: ", "24 depths: "):
        assert words in told.stdout
    assert str(out) in told.stderr
    assert 'name = "mine"' in out.read_text()
    assert "calibrated = true" in out.read_text()


def test_a_poor_fit_of_a_rod_is_no(call: Call, rod_form: Path, tmp_path: Path) -> None:
    rough = tmp_path / "rough.csv"
    head, *lines = (line.split(",") for line in rod_form.read_text().splitlines())
    wild = [[*line[:5], str(float(line[5]) * (0.7 + 0.6 * (place % 2))), line[6]] for place, line in enumerate(lines)]
    rough.write_text("".join(",".join(line) + "\n" for line in [head, *wild]))
    out = tmp_path / "p.toml"
    told = call("edm", "fit", rough, "-o", out, "--json")
    assert told.return_value == Exit.NO
    assert not out.exists()
    validator("rod-calibration").validate(json.loads(told.stdout))
    assert "no process: depths scatter by" in told.stderr


def test_a_gauge_is_told_in_words(call: Call, gauge_table: Path, tmp_path: Path) -> None:
    """And one whose parts are alike tells nothing of them."""
    told = call("gauge", gauge_table)
    assert told.return_value == Exit.DONE
    for words in ("10 parts, 3 operators, 3 repeats", "repeatability: sigma", " um, 95 % from", "GRR: ", "ndc: "):
        assert words in told.stdout
    poor = tmp_path / "poor.csv"
    alike = [";".join([*line.split(";")[:2], line[-3:]]) for line in gauge_table.read_text().splitlines()[1:]]
    poor.write_text("part;operator;value\n" + "\n".join(alike) + "\n")
    told = call("gauge", poor)
    assert told.return_value == Exit.NO
    assert "30% is the limit" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("laser", "coupon", "-o", "{}/c", "--rate", "1000"), "has no unit"),
        (("laser", "coupon", "-o", "{}/c", "--rate", "1MHz"), "lower the rate"),
        (("laser", "coupon"), "Missing parameter: out"),
        (("laser", "coupon", "-o", "{}"), "is there already"),
        (("laser", "coupon", "-o", "{}/c", "--job", "{}/absent.toml"), "absent.toml"),
        (("laser", "fit", "{}/absent.csv"), "cannot read"),
        (("laser", "fit", "{}/absent.csv", "-o", "{}/p.txt"), "NAME.toml"),
        (("laser", "fit", "{}/empty.csv"), "is empty"),
        (("edm", "coupon", "-o", "{}/c"), "milling by sparks"),
        (("edm", "coupon", "-o", "{}/c", "--rod", "none"), "not a valid integer"),
        (("edm", "coupon"), "Missing parameter: out"),
        (("edm", "coupon", "-o", "{}"), "is there already"),
        (("edm", "fit", "{}/absent.csv"), "cannot read"),
        (("edm", "fit", "{}/absent.csv", "-o", "{}/p.txt"), "NAME.toml"),
        (("edm", "fit", "{}/empty.csv"), "is empty"),
        (("gauge", "{}/empty.csv"), "is empty"),
        (("gauge", "{}"), "cannot read"),
    ],
)
def test_wrong_input_is_refused(call: Call, tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    (tmp_path / "empty.csv").touch()
    told = call(*(argument.format(tmp_path) for argument in arguments))
    assert reason in str(told.exception) or reason in told.output
    if isinstance(told.exception, EngraveError):
        assert told.exception.exit_code == Exit.WRONG_INPUT
