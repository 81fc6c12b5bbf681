"""The README's tour is typed as it stands, in an empty folder, and says what the README says it says."""

import re
import subprocess
from collections.abc import Mapping
from doctest import ELLIPSIS, OutputChecker
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(text: str) -> list[tuple[str, str]]:
    """Every command of the console blocks, with what the text shows after it."""
    lines = "".join(_BLOCK.findall(text)).splitlines(keepends=True)
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def run(commands: list[tuple[str, str]], folder: Path, environment: Mapping[str, str]) -> None:
    """Run them in order. A command that is not followed by ``echo $?`` must exit with 0."""
    checker = OutputChecker()
    code = 0
    for index, (command, shown) in enumerate(commands):
        asked = command.strip() == "echo $?"
        done = subprocess.run(
            ["/bin/sh", "-c", f"(exit {code}); {command}" if asked else command],
            cwd=folder,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=600,
            text=True,
        )
        code = done.returncode
        assert checker.check_output(shown, done.stdout, ELLIPSIS), f"$ {command}{done.stdout}\nREADME says:\n{shown}"
        followed = index + 1 < len(commands) and commands[index + 1][0].strip() == "echo $?"
        assert code == 0 or followed, f"$ {command} exits with {code}: {done.stdout}"


def _require_installed() -> None:
    try:
        version("pin-engrave")
    except PackageNotFoundError:
        pytest.skip("pin-engrave is not installed, so that it cannot say its version")


@pytest.mark.slow
def test_the_quick_commands_of_the_tour(project: Path, tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    _require_installed()
    commands = steps((project / "README.md").read_text(encoding="utf-8"))
    first_batch = next(index for index, (command, _) in enumerate(commands) if command.startswith("pin-engrave batch"))
    dry_run = commands[first_batch]
    assert "--dry-run" in dry_run[0]
    run(commands[: first_batch + 1], tmp_path, shell_environment)
    assert (tmp_path / "layout.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_whole_tour(project: Path, tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    _require_installed()
    run(steps((project / "README.md").read_text(encoding="utf-8")), tmp_path, shell_environment)
    shown = _folder_shown(project)
    there = {str(path.relative_to(tmp_path / "run")) for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert {name for name in there if "CU32F769" not in name} == shown


def _folder_shown(project: Path) -> set[str]:
    """The files in the README's drawing of a batch's folder."""
    text = (project / "README.md").read_text(encoding="utf-8")
    drawing = text.split("    run/\n", 1)[1].split("\n\n", 1)[0]
    names = [line.split()[0] for line in drawing.splitlines()]
    pins = names.index("pins/499BNM4L/")
    return {*names[:pins], *(f"pins/499BNM4L/{name}" for name in names[pins + 1 :])}


def test_the_tour_can_fail(tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    with pytest.raises(AssertionError, match="README says"):
        run([("echo one\n", "two\n")], tmp_path, shell_environment)
    with pytest.raises(AssertionError, match="exits with 2"):
        run([("exit 2\n", "")], tmp_path, shell_environment)
    run([("exit 3\n", ""), ("echo $?\n", "3\n")], tmp_path, shell_environment)
