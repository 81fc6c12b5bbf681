"""What starting costs, as far as imports decide it, and that what stands in two places says the same."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from engrave.cli.main import COMMANDS

PROJECT = Path(__file__).parent.parent.parent
Start = Callable[..., Any]

_LISTING = """
import json, sys
from engrave.cli.main import run
run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_MAY = {f"engrave{name}" for name in ("", ".base", ".base.errors", ".base.threads", ".base.version", ".cli")}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_next_to_nothing(start: Start, option: str) -> None:
    ended = start(option, code=_LISTING)
    modules = set(json.loads(ended.stderr.splitlines()[-1]))
    assert ended.stdout.startswith(b"Usage: pin-engrave" if option == "--help" else b"pin-engrave ")
    heavy = {"numpy", "pydantic", "scipy", "ezdxf", "shapely", "rich", "PIL", "fonts", "toolpaths"}
    assert not heavy & {name.partition(".")[0] for name in modules}
    ours = {name for name in modules if name.partition(".")[0] == "engrave"}
    assert {name for name in ours if name not in _MAY and not name.startswith("engrave.cli.")} == set()


def test_the_helps_in_the_lazy_table_are_the_commands_own() -> None:
    for name, (module, function, text) in COMMANDS.items():
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command)
        assert (command.name, (command.help or "").split("\n\n")[0].replace("\n", " ").strip()) == (name, text)


def _commands() -> dict[str, click.Command]:
    commands: dict[str, click.Command] = {}
    for name, (module, function, _) in COMMANDS.items():
        command = getattr(import_module(module), function)
        parts = {f"{name} {sub}": entry for sub, entry in getattr(command, "commands", {}).items()}
        commands |= parts or {name: command}
    return commands


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_command_stands_in_the_readme(name: str) -> None:
    readme = (PROJECT / "README.md").read_text()
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", readme), f"README.md does not mention `{name}`"


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_option_has_a_help(name: str) -> None:
    options = [entry for entry in _commands()[name].params if isinstance(entry, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_a_reader_that_goes_away_is_no_traceback(start: Start) -> None:
    code = """
import os, sys
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 1)
from engrave.cli import main
main()
"""
    for arguments in (("list", "--json"), ("decode", "x", "--json")):
        ended = start(*arguments, code=code)
        assert ended.returncode in {1, 2}
        assert b"Traceback" not in ended.stderr
        assert b"BrokenPipe" not in ended.stderr


def test_a_terminal_without_the_letters_gets_escapes(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "\N{GREEK SMALL LETTER MU}.toml").touch()
    latin = {"PYTHONIOENCODING": "latin-1"}
    ended = start("list", "pins", "--library", tmp_path, environment=latin)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"\\u03bc\n" in ended.stdout
    document = start("list", "pins", "--library", tmp_path, "--json", environment=latin)
    assert "\N{GREEK SMALL LETTER MU}" in json.loads(document.stdout.decode())["kinds"]["pins"]
