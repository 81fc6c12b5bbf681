"""The documents of the project, and a shell in which their commands run."""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import engrave

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The top folder."""
    return PROJECT


@pytest.fixture(scope="session")
def documents() -> tuple[Path, ...]:
    """Every Markdown file that is shipped."""
    return tuple(sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")]))


@pytest.fixture(scope="session")
def shell_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment in which ``pin-engrave`` is the code under test, installed or not."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "pin-engrave"
    script.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P -c "from engrave.cli import main; main()" "$@"\n', encoding="utf-8"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    home = str(Path(engrave.__file__ or "").parent.parent)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": home}
