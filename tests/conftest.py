"""Fixtures for all tests: the programs and libraries that nobody here wrote, and that judge what we write."""

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# For ``benchmarks``, which is not installed; last, so that everything else is what is installed.
sys.path.append(str(Path(__file__).resolve().parent.parent))

settings.register_profile("project", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("project")

_FOREIGN = Path(__file__).parent / "foreign"
_JUDGES = Path(__file__).parent / "judges"
_FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))


def _absent(what: str) -> None:
    """Skip, or fail where the run has said that every foreign judge must be there."""
    message = f"{what} is not installed; this test needs it as a judge"
    if os.environ.get("PIN_ENGRAVE_REQUIRE_FOREIGN") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """Give the path of a foreign program; skip the test where it is absent (fail if PIN_ENGRAVE_REQUIRE_FOREIGN=1)."""

    def path_of(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            _absent(name)
        return path or name

    return path_of


@pytest.fixture(scope="session")
def node_judge(require_program: Callable[[str], str]) -> Callable[[str, bytes], Any]:
    """Give what a reader for Node, ``tests/judges/NAME.mjs``, says of a file; skip or fail as for any foreign judge."""

    def says(name: str, data: bytes) -> Any:  # noqa: ANN401 - whatever its JSON holds
        node = require_program("node")
        if not (_JUDGES / "node_modules" / name).is_dir():
            _absent(f"{name} (npm ci in tests/judges)")
        script = str(_JUDGES / f"{name}.mjs")
        done = subprocess.run([node, script], input=data, capture_output=True, check=True, cwd=_JUDGES, timeout=60)
        return json.loads(done.stdout)

    return says


@pytest.fixture(scope="session")
def require_module() -> Callable[[str], Any]:
    """Give a foreign library; skip the test where it is absent (fail if PIN_ENGRAVE_REQUIRE_FOREIGN=1)."""

    def module_of(name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ImportError:
            _absent(name)
            raise

    return module_of


@pytest.fixture(scope="session")
def dejavu() -> Callable[[str], Path]:
    """Give the file of a DejaVu font; skip the test where it is absent (fail if PIN_ENGRAVE_REQUIRE_FOREIGN=1)."""

    def path_of(style: str) -> Path:
        for folder in _FONTS:
            for path in sorted(folder.rglob(f"{style}.ttf")) if folder.is_dir() else ():
                return path
        _absent(f"{style}.ttf (Debian's fonts-dejavu-core)")
        raise FileNotFoundError(style)

    return path_of


@pytest.fixture(scope="session")
def rs274_canon() -> ModuleType:
    """Give the module ``tests/foreign/rs274_canon.py``, loaded by path since tests are no package."""
    name = "rs274_canon"
    specification = importlib.util.spec_from_file_location(name, _FOREIGN / f"{name}.py")
    if specification is None or specification.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def linuxcnc_exactly(tmp_path: Path) -> Callable[[bytes], list[list[Any]]]:
    """Run a program through LinuxCNC's Python module ``gcode``: canonical calls in mm, to the last digit."""
    python = "/usr/bin/python3"  # the system's, for which Debian builds the module
    if not Path(python).is_file() or subprocess.run([python, "-c", "import gcode"], check=False).returncode != 0:
        _absent("Python module gcode (Debian's linuxcnc-uspace)")

    def calls_of(program: bytes) -> list[list[Any]]:
        (tmp_path / "program.ngc").write_bytes(program)
        (tmp_path / "gcode.var").write_text("")
        command = [python, str(_FOREIGN / "linuxcnc_gcode.py"), str(tmp_path / "program.ngc")]
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        calls = json.loads(done.stdout)
        if isinstance(calls, dict):
            raise TypeError(calls["refused"])
        return [list(call) for call in calls]

    return calls_of


@pytest.fixture
def linuxcnc_beam_moves(
    require_program: Callable[[str], str],
    rs274_canon: ModuleType,
    tmp_path: Path,
) -> Callable[..., Any]:
    """Run a program through LinuxCNC's interpreter: (bytes, gate=0, analog=(0, 1)) -> BeamMoves."""
    interpreter = require_program("rs274")

    def moves_of(program: bytes, *, gate: int = 0, analog: tuple[int, ...] = (0, 1)) -> object:
        calls = rs274_canon.canonical_calls(program, interpreter=interpreter, folder=tmp_path)
        return rs274_canon.beam_moves(calls, gate=gate, analog=analog)

    return moves_of
