"""Write the manual page from the commands themselves, to standard output.

Usage: python docs/man/page.py > docs/man/pin-engrave.1     (make man)

The same commands give the same bytes: the page bears neither a date nor a version.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from inspect import cleandoc

import click

from engrave.base.errors import Exit
from engrave.cli.main import cli

NAME = "pin-engrave"
_WIDTH = 100
_ESCAPED = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "~": r"\(ti", "^": r"\(ha", '"': r"\(dq"}
)
_MEANINGS = {
    Exit.DONE: "Done, and the answer is yes.",
    Exit.UNFINISHED: "Could not finish; safe to repeat.",
    Exit.WRONG_INPUT: "Wrong usage or input; all faults are told, and nothing was made.",
    Exit.NO: "Done, and the answer is no: a check failed, rows were skipped, a reading identifies nobody.",
    Exit.INTERRUPTED: "Interrupted; the same command goes on.",
}
_FURTHER_VARIABLES = {
    "PGPASSWORD": "The password of a registry on PostgreSQL, which no argument takes; ~/.pgpass will do, too.",
    "OPENBLAS_NUM_THREADS": "Threads of linear algebra in each process; one without it.",
}


def page() -> Iterator[str]:
    """The lines of the page."""
    context = click.Context(cli, info_name=NAME)
    about = (cli.help or "").strip().rstrip(".")
    yield f'.TH {NAME.upper()} 1 "" "{NAME}" "User Commands"'
    yield ".nh"  # a name that is parted by a hyphen cannot be typed
    yield ".ad l"
    yield ".SH NAME"
    yield f"{_escaped(NAME)} \\- {_escaped(about[0].lower() + about[1:])}"
    yield ".SH SYNOPSIS"
    yield f".B {_escaped(NAME)}"
    yield _escaped(" ".join(cli.collect_usage_pieces(context)))
    yield ".SH DESCRIPTION"
    yield from _text(
        "Results go to standard output, progress and messages to standard error. Commands that take --json print one "
        "document with a versioned schema. Lengths need their unit, such as 150um."
    )
    yield ".SH OPTIONS"
    yield from _options(cli, context)
    yield ".SH COMMANDS"
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            yield from _command(command, click.Context(command, info_name=name, parent=context))
    yield ".SH EXIT STATUS"
    for code, meaning in _MEANINGS.items():
        yield from _item(str(int(code)), meaning)
    yield ".SH ENVIRONMENT"
    for variable, meaning in sorted((_variables(cli, context) | _FURTHER_VARIABLES).items()):
        yield from _item(variable, meaning)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command with its options, or a group with its commands."""
    yield f'.SS "{_escaped(" ".join([context.command_path, *command.collect_usage_pieces(context)]))}"'
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        yield from _text(paragraph)
        yield ".PP"
    if command.epilog:
        yield from _text(command.epilog)
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            if member is not None:
                yield from _command(member, click.Context(member, info_name=name, parent=context))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            yield from _item(*record)


def _variables(command: click.Command, context: click.Context) -> dict[str, str]:
    """Environment variables that stand for options, with the options' helps."""
    found = {
        parameter.envvar: f"Stands for {parameter.opts[0]}: {parameter.help}"
        for parameter in command.params
        if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str)
    }
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            found |= _variables(member, context) if member is not None else {}
    return found


def _item(term: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_escaped(term)}\\fR"
    yield from _text(text)


def _text(text: str) -> Iterator[str]:
    """A paragraph; no line of it is taken for a request."""
    words = re.sub(r"\s+", " ", text).strip()
    for line in textwrap.wrap(words, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _escaped(line)


def _escaped(text: str) -> str:
    escaped = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text.translate(_ESCAPED))
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
