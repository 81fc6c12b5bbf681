"""docs/api.md names all that is public, and its program runs."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engrave import api

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([A-Za-z_]+)` \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def text(project: Path) -> str:
    """The document."""
    return (project / "docs" / "api.md").read_text(encoding="utf-8")


def program(text: str) -> str:
    """The examples as one program, each line where it stands in the document, so that a fault is found there."""
    lines = [""] * (text.count("\n") + 1)
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        for number, line in enumerate(block[1].splitlines(), start=first):
            lines[number] = line
    return "\n".join(lines) + "\n"


def run(source: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a program in a folder."""
    (folder / "api.py").write_text(source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "api.py"],
        cwd=folder, env=dict(environment), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


def test_every_public_name_has_a_sentence(text: str) -> None:
    table = text.split("\n## All names\n", 1)[1]
    rows = _ROW.findall(table)
    assert [name for name, _ in rows] == list(api.__all__)
    assert [name for name, told in rows if not (told[0].isupper() or told[0] == "`") or not told.endswith(".")] == []


def test_every_public_name_is_there() -> None:
    assert [name for name in api.__all__ if getattr(api, name) is None] == []


def test_the_quick_examples(text: str, tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    quick = program(text.split("\n## A batch\n", 1)[0])
    assert "api.encode" in quick
    done = run(quick, tmp_path, shell_environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_all_examples(text: str, tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    done = run(program(text), tmp_path, shell_environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {"out", "kept", "cut.svg", "tip.svg", "case.html", "copy.db", "outcome.json"} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_the_examples_can_fail(tmp_path: Path, shell_environment: Mapping[str, str]) -> None:
    text = "# A\n\n```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n"
    done = run(program(text), tmp_path, shell_environment)
    assert done.returncode == 1
    assert "line 8" in done.stderr
