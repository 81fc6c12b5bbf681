"""The manual page is what the commands say, and what readers of such pages take."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engrave.cli.main import COMMANDS

_PAGE = "docs/man/pin-engrave.1"
_DATE = re.compile(r"\b(?:19|20)[0-9]{2}-[0-9]{2}|\b(?:19|20)[0-9]{2}\b")


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    """The page that is shipped."""
    return (project / _PAGE).read_text(encoding="ascii")


def test_it_is_what_the_commands_say(project: Path, page: str, shell_environment: Mapping[str, str]) -> None:
    made = subprocess.run(
        [sys.executable, "-P", str(project / "docs" / "man" / "page.py")],
        env={**shell_environment, "COLUMNS": "40"},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert made.stdout == page, f"{_PAGE} is old: `make man`"


def test_it_names_every_command_and_exit_code_and_no_date(page: str) -> None:
    text = page.replace("\\-", "-")
    assert set(re.findall(r'^\.SS "pin-engrave ([a-z]+)', text, re.MULTILINE)) == set(COMMANDS)
    codes = re.findall(r"^\\fB([0-9]+)\\fR$", text.split(".SH EXIT STATUS\n")[1], re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "130"]
    assert _DATE.findall(text) == []
    for variable in ("PIN_ENGRAVE_REGISTRY", "PIN_ENGRAVE_LOG_FORMAT", "PGPASSWORD"):
        assert f"\n\\fB{variable}\\fR\n" in text


@pytest.mark.parametrize(
    "judge",
    [
        ("groff", "-man", "-ww", "-Tutf8", "-z"),
        ("man", "--local-file", "--warnings=w", "--encoding=UTF-8", "--pager=cat"),
        ("mandoc", "-T", "lint", "-W", "error"),
    ],
    ids=lambda judge: str(judge[0]),
)
def test_readers_take_it_without_a_warning(
    project: Path,
    judge: tuple[str, ...],
    shell_environment: Mapping[str, str],
    require_program: Callable[[str], str],
) -> None:
    command = [require_program(judge[0]), *judge[1:], str(project / _PAGE)]
    done = subprocess.run(
        command, env={**shell_environment, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    if judge[0] == "man":
        assert "pin-engrave batch [OPTIONS] SERIALS" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)


def test_the_readers_would_warn(tmp_path: Path, require_program: Callable[[str], str]) -> None:
    groff = require_program("groff")
    bad = tmp_path / "bad.1"
    bad.write_text(".TH X 1\n.SH NAME\n\\fBx \\[nonsense] \n")
    done = subprocess.run([groff, "-man", "-ww", "-Tutf8", "-z", str(bad)], capture_output=True, text=True, check=False)
    assert "nonsense" in done.stderr


def test_the_wheel_brings_it_where_man_looks(project: Path) -> None:
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert settings["targets"]["wheel"]["shared-data"] == {_PAGE: "share/man/man1/pin-engrave.1"}
