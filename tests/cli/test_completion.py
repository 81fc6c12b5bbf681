"""The shells' scripts, run by the shells themselves."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engrave
from engrave import api
from engrave.cli.main import COMMANDS

Call = Callable[..., Any]
PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which ``pin-engrave`` is the code under test."""
    import sys  # noqa: PLC0415 - for the script alone

    folder = tmp_path_factory.mktemp("bin")
    script = folder / "pin-engrave"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -c "from engrave.cli import main; main()" "$@"\n')
    script.chmod(0o755)
    home = str(Path(str(engrave.__file__)).parent.parent)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": home}


@pytest.fixture
def completed(require_program: Callable[[str], str], environment: dict[str, str]) -> Callable[..., list[str]]:
    """What bash offers for the last of these words, once it has read the script that we print."""
    bash = require_program("bash")

    def offered(*words: str, folder: Path = PROJECT) -> list[str]:
        line = " ".join(map(shlex.quote, words))
        script = f"""
eval "$(pin-engrave completion bash)"
complete -p pin-engrave > /dev/null || exit 9
compopt() {{ printf "%s\\n" "compopt $1 $2"; }}
COMP_WORDS=({line})
COMP_CWORD={len(words) - 1}
_pin_engrave_completion pin-engrave
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(
            [bash, "--norc", "-c", script],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        assert done.stderr == ""
        return [text for text in done.stdout.splitlines() if text]

    return offered


def test_commands_and_options(completed: Callable[..., list[str]]) -> None:
    assert completed("pin-engrave", "") == list(COMMANDS)
    assert completed("pin-engrave", "re") == ["report", "read", "registry"]
    assert completed("pin-engrave", "registry", "re") == ["reissue", "restore"]
    assert "--log-format" in completed("pin-engrave", "--")
    assert completed("pin-engrave", "batch", "--wo") == ["--workers"]
    assert completed("pin-engrave", "completion", "") == ["bash", "zsh", "fish"]


def test_names_of_pins_and_the_like(completed: Callable[..., list[str]], tmp_path: Path) -> None:
    assert completed("pin-engrave", "show", "pins", "") == list(api.names("pins"))
    assert completed("pin-engrave", "show", "pin", "sphere-1") == ["sphere-1.0", "sphere-1.2"]
    assert completed("pin-engrave", "list", "p") == ["pins", "primers", "processes", "profiles"]
    assert completed("pin-engrave", "strike", "x", "--conditions", "nominal,ti") == ["nominal,tilted"]
    assert completed("pin-engrave", "batch", "--formats", "ngc,lb") == ["ngc,lbrn2"]
    (tmp_path / "own" / "pins").mkdir(parents=True)
    (tmp_path / "own" / "pins" / "mine.toml").touch()
    assert completed("pin-engrave", "show", "--library", str(tmp_path / "own"), "pins", "m") == ["mine"]
    assert completed("pin-engrave", "show", "nothing", "") == []


def test_names_of_jobs(completed: Callable[..., list[str]], tmp_path: Path) -> None:
    for name in ("night.toml", "day.toml", "serials.csv"):
        (tmp_path / name).touch()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "two.toml").touch()
    assert completed("pin-engrave", "batch", "--job", "", folder=tmp_path) == ["day.toml", "night.toml"]
    assert completed("pin-engrave", "job", "check", "n", folder=tmp_path) == ["night.toml"]
    assert completed("pin-engrave", "batch", "--job", "jobs/", folder=tmp_path) == ["jobs/two.toml"]
    assert completed("pin-engrave", "batch", "--job", "./d", folder=tmp_path) == ["./day.toml"]
    # No job begins so: bash goes on with files of its own accord.
    assert completed("pin-engrave", "batch", "--job", "jo", folder=tmp_path) == ["compopt -o default"]
    assert completed("pin-engrave", "batch", "--job", "absent/x", folder=tmp_path) == ["compopt -o default"]
    assert completed("pin-engrave", "batch", "s", folder=tmp_path) == ["compopt -o default"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_are_what_their_shells_take(shell: str, call: Call, require_program: Callable[[str], str]) -> None:
    script = call("completion", shell)
    assert (script.code, script.err) == (0, "")
    assert f"_PIN_ENGRAVE_COMPLETE={shell}_complete" in script.out
    subprocess.run([require_program(shell), "-n"], input=script.out, text=True, check=True, timeout=60)


@pytest.mark.parametrize("log", ["text", "json"])
@pytest.mark.parametrize(("shell", "code"), [("bash_complete", 0), ("bash_nonsense", 1), ("tcsh_complete", 1)])
def test_what_the_script_asks_ends_with_the_shells_code(
    environment: dict[str, str], shell: str, code: int, log: str
) -> None:
    asked = {"_PIN_ENGRAVE_COMPLETE": shell, "COMP_WORDS": "pin-engrave sh", "COMP_CWORD": "1"}
    # A structured log would stand between the letters that somebody types.
    asked["PIN_ENGRAVE_LOG_FORMAT"] = log
    done = subprocess.run(
        ["/usr/bin/env", "pin-engrave"], env=environment | asked, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"plain,show\n" if code == 0 else b"", b"")
