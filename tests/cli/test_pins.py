"""``pin fit``: words, documents and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from engrave.base.errors import EngraveError, Exit
from engrave.cli.pins import pin

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Run ``pin`` on these arguments; what it returns is the exit code, what it raises knows its own."""

    def called(*arguments: str | Path) -> Result:
        return CliRunner().invoke(pin, [str(argument) for argument in arguments], standalone_mode=False)

    return called


@pytest.fixture(scope="module")
def capsule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ball of 0.8 mm on a shank, by another library, in millimetres."""
    path = tmp_path_factory.mktemp("scans") / "capsule.stl"
    trimesh.creation.capsule(height=4.0, radius=0.8, count=[32, 24]).export(path)
    return path


def test_a_fit_is_told_in_words_and_written(call: Call, capsule: Path, tmp_path: Path) -> None:
    out = tmp_path / "ours.toml"
    told = call("fit", capsule, "--unit", "mm", "--shank-radius", "0.8mm", "--out", out)
    assert told.return_value == Exit.DONE
    assert told.stdout.startswith("capsule.stl: sphere\n  radius: 800.0")
    for words in ("tilt: not evaluated: a sphere has none", "datum: the axis of the shank", "95 % interval", "rms"):
        assert words in told.stdout
    assert str(out) in told.stderr
    assert 'shape = "sphere"' in out.read_text()


def test_the_document_fits_its_schema(call: Call, capsule: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "pin-fit.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for model in ("auto", "flat", "measured"):
        told = call("fit", capsule, "--unit", "mm", "--model", model, "--json", "--quiet")
        validator.validate(json.loads(told.stdout))
        assert told.return_value == (Exit.NO if model == "flat" else Exit.DONE)
        assert told.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--unit: missing"),
        (("--unit", "cm"), "'cm' is not known"),
        (("--unit", "mm", "--model", "bullet"), "--model"),
        (("--unit", "mm", "--step", "25um"), "--step: goes with"),
        (("--unit", "mm", "--model", "measured", "--step", "1um"), "--step"),
        (("--unit", "mm", "--shank-radius", "3mm"), "no cylinder of 3000 um"),
        (("--unit", "mm", "--towards", "up"), "--towards"),
        (("--unit", "mm", "--out", "pin.txt"), "NAME.toml"),
    ],
)
def test_wrong_input_is_refused(call: Call, capsule: Path, arguments: tuple[str, ...], reason: str) -> None:
    told = call("fit", capsule, *arguments)
    assert isinstance(told.exception, EngraveError)
    assert told.exception.exit_code == Exit.WRONG_INPUT
    assert reason in str(told.exception)


def test_a_bare_number_is_no_length(call: Call, capsule: Path) -> None:
    told = call("fit", capsule, "--unit", "mm", "--shank-radius", "0.8")
    assert "has no unit" in str(told.exception)


def test_a_poor_fit_is_no(call: Call, capsule: Path, tmp_path: Path) -> None:
    out = tmp_path / "pin.toml"
    told = call("fit", capsule, "--unit", "mm", "--model", "flat", "--out", out)
    assert told.return_value == Exit.NO
    assert "no profile: the points lie" in told.stderr
    assert not out.exists()


def test_the_tip_points_where_it_is_said_to(call: Call, capsule: Path) -> None:
    told = call("fit", capsule, "--unit", "mm", "--towards", "-z", "--json")
    assert np.allclose(json.loads(told.stdout)["axis"], [0, 0, -1], atol=1e-5)
