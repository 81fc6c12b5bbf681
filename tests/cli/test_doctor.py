"""``doctor`` answers where the rest cannot even be imported."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave.cli.health import LIBRARIES, OPTIONAL

PROJECT = Path(__file__).parent.parent.parent
Start = Callable[..., Any]


@pytest.mark.parametrize("name", ["fonts", "toolpaths"])
@pytest.mark.parametrize("shape", ["package", "module"])
def test_a_foreign_package_is_named(
    start: Start, tmp_path: Path, name: str, shape: str, validators: dict[str, Draft202012Validator]
) -> None:
    foreign = tmp_path / name / "__init__.py" if shape == "package" else tmp_path / f"{name}.py"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise RuntimeError('imported')\n")
    ended = start("doctor", "--json", path=str(tmp_path))
    document = json.loads(ended.stdout)
    validators["pin-engrave/doctor/1"].validate(document)
    assert ended.returncode == 3
    assert not document["sound"]
    (found,) = [entry for entry in document["packages"] if not entry["ours"]]
    place = tmp_path / name if shape == "package" else foreign
    assert (found["name"], found["found_at"]) == (name, str(place))
    told = start("doctor", path=str(tmp_path))
    assert told.returncode == 3
    assert b"NOT OURS" in told.stdout


def test_other_commands_send_to_the_doctor(start: Start, tmp_path: Path) -> None:
    (tmp_path / "fonts.py").write_text("")
    ended = start("list", "--json", path=str(tmp_path))
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["slug"] == "installation"
    assert b"pin-engrave doctor" in ended.stderr
    assert b"Traceback" not in ended.stderr


_LACKING = """
import importlib.metadata as metadata
real = metadata.version
def version(name):
    if name in {lacking}:
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.version = version
from engrave.cli import main
main()
"""


def test_a_missing_library_is_named(start: Start) -> None:
    ended = start("doctor", code=_LACKING.format(lacking={"rich"}))
    assert ended.returncode == 3
    assert b"rich MISSING" in ended.stdout


def test_a_missing_part_is_told_with_what_it_would_give_and_is_no_fault(
    start: Start, validators: dict[str, Draft202012Validator]
) -> None:
    code = _LACKING.format(lacking={"reportlab", "psycopg", "fonttools", "distributed", "keyring"})
    ended = start("doctor", "--json", code=code)
    document = json.loads(ended.stdout)
    validators["pin-engrave/doctor/1"].validate(document)
    assert (ended.returncode, document["sound"]) == (0, True)
    found = {part["library"]: (part["version"], part["install"]) for part in document["optional"]}
    assert found == {
        "distributed": (None, "pip install 'pin-engrave[cluster]'"),
        "keyring": (None, "pip install 'pin-engrave[keyring]'"),
        "reportlab": (None, "pip install 'pin-engrave[pdf]'"),
        "psycopg": (None, "pip install 'pin-engrave[postgres]'"),
        "fonttools": (None, "pip install 'pin-engrave[opentype]'"),
    }
    told = start("doctor", code=code)
    assert told.returncode == 0
    assert b"reportlab not installed; `pip install 'pin-engrave[pdf]'` would give `preview -o FILE.pdf`" in told.stdout


def test_a_part_that_is_there_is_told_with_its_version(start: Start) -> None:
    parts = json.loads(start("doctor", "--json").stdout)["optional"]
    there = [part for part in parts if part["library"] == "fonttools"]  # a requirement of the tests
    assert [(part["version"] is None, part["install"]) for part in there] == [(False, None)]


def test_every_extra_but_the_tests_is_looked_for() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    del extras["test"]
    named = {extra: {re.split(r"[^A-Za-z0-9_.-]", entry)[0] for entry in entries} for extra, entries in extras.items()}
    assert {part.extra for part in OPTIONAL} == set(named)
    assert all(part.library in named[part.extra] for part in OPTIONAL)


def test_every_library_that_is_required_is_looked_for() -> None:
    required = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert list(LIBRARIES) == sorted(re.split(r"[^A-Za-z0-9_.-]", entry)[0] for entry in required)
