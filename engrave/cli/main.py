"""The entry point: a lazy group of commands, and the one broad handler of errors.

Start-up is kept low by naming every command with its one-line help here; its module is imported when it is called.
"""

import io
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from engrave.base.errors import EngraveError, Exit
from engrave.base.threads import choose_one_thread
from engrave.cli.log import Level, Log, captured, current_log, log_for, log_format_option
from engrave.cli.output import print_json

# Name -> module, function, one-line help (a test holds the helps against the commands' own).
COMMANDS: dict[str, tuple[str, str, str]] = {
    "batch": ("engrave.cli.making", "batch", "Make a folder of machine files from a CSV of serials."),
    "make": ("engrave.cli.making", "make", "Make the machine files of one pin."),
    "encode": ("engrave.cli.codes", "encode", "Print the eight characters of a serial."),
    "decode": ("engrave.cli.codes", "decode", "Turn a reading into the pins it may be of."),
    "trace": (
        "engrave.cli.tracing",
        "trace",
        "Put a reading on record, then tell which marks on record it may be of.",
    ),
    "case": ("engrave.cli.tracing", "case", "Write the case file: all readings, answers and comparisons."),
    "preview": ("engrave.cli.looking", "preview", "Draw a mark: as it reads, as it is cut, as it prints."),
    "check": (
        "engrave.cli.looking",
        "check",
        "Read machine files back, cut and strike them in simulation, and read.",
    ),
    "report": ("engrave.cli.reporting", "report", "Write the QA page of a finished batch again, or its table."),
    "verify": (
        "engrave.cli.provenance",
        "verify",
        "Hold a finished folder against its manifest, signature and record.",
    ),
    "key": ("engrave.cli.provenance", "key", "Make a key by which folders are signed, or show one."),
    "strike": (
        "engrave.cli.striking",
        "strike",
        "Simulate strikes of a finished pin: depths, and how often it can be told by them.",
    ),
    "read": ("engrave.cli.seeing", "read", "Read a struck primer from a topography or a picture."),
    "inspect": ("engrave.cli.inspecting", "inspect", "Compare a measured pin with its design."),
    "list": ("engrave.cli.data", "list_names", "List pins, faces, machines, processes and so on."),
    "show": ("engrave.cli.data", "show", "Show one entry with the source of every number."),
    "registry": (
        "engrave.cli.registry",
        "registry",
        "Keep the record of what was issued, and what became of it.",
    ),
    "job": ("engrave.cli.data", "job", "Begin a job, fit it to its pin, or hold it against the design rules."),
    "pin": ("engrave.cli.pins", "pin", "Make a pin's profile from a scan of its tip."),
    "calibrate": (
        "engrave.cli.calibrating",
        "calibrate",
        "Calibrate a laser or an eroding rod on a coupon, or judge a gauge.",
    ),
    "tray": (
        "engrave.cli.trays",
        "tray",
        "Go on with a tray at a nest, place its pins by a probe table, check its program.",
    ),
    "face": ("engrave.cli.faces", "face", "Make a typeface from a font file."),
    "doctor": ("engrave.cli.data", "doctor", "Say what is installed and whether it is sound."),
    "completion": (
        "engrave.cli.completion",
        "completion",
        "Print the script by which a shell completes commands and names.",
    ),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for, and not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), function)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{function} is no command")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. An interruption goes up without the empty line that click puts on standard error."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            if not current_log().structured:
                raise
            raise click.Abort from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Commands that begin so, from the table, and the group's own options."""
        found = [
            CompletionItem(name, help=text) for name, (_, _, text) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return found + (click.Command.shell_complete(self, ctx, incomplete) if incomplete.startswith("-") else [])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands with the helps that stand here."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value and not ctx.resilient_parsing:
        from engrave.base.version import DISTRIBUTION, tool_version  # noqa: PLC0415 - start-up

        click.echo(f"{DISTRIBUTION} {tool_version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done and yes, 1 could not finish (safe to repeat), 2 wrong usage or input, "
    "3 done and no, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@log_format_option
def cli() -> None:
    """From a serial number to laser files for a firing-pin microstamp, checked by reading them back."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    _open_streams()
    choose_one_thread(os.environ)  # before a command imports numpy
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # Whoever supervises us sends it in place of Ctrl-C; it ends a batch as cleanly.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal's encoding lacks is escaped; a traceback would help nobody.
            stream.reconfigure(errors="backslashreplace")
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except OSError:
        # Whoever read our output is gone; without this Python would complain of it once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


def _open_streams() -> None:
    """Let standard streams that our caller has closed lead nowhere.

    Python has None in their place then, and the next file that is opened would get the descriptor: what a library says
    in a crash would stand in a machine file.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest one that is free, so this one
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def run(arguments: Sequence[str]) -> Exit:
    """Run the command line on these arguments; no exception leaves it."""
    log, arguments = log_for(arguments, os.environ)
    begun = time.monotonic()
    with captured(log):
        _begin(log, arguments)
        code = _run(arguments, log)
        log.put(
            "ended", level=_LEVELS.get(code, "error"), exit_code=int(code), seconds=round(time.monotonic() - begun, 3)
        )
    return code


_LEVELS: dict[Exit, Level] = {Exit.DONE: "info", Exit.NO: "warning"}


def _begin(log: Log, arguments: Sequence[str]) -> None:
    """Put on the log which command was called, and by which version; of its arguments nothing but the command."""
    if log.structured:
        from engrave.base.version import tool_version  # noqa: PLC0415 - start-up

        command = next((word for word in arguments if not word.startswith("-")), None)
        log.put("started", command=command if command in COMMANDS else None, version=tool_version())


_SAFE = "interrupted; nothing is half-written, and the same command goes on from here"


def _run(arguments: Sequence[str], log: Log) -> Exit:
    try:
        outcome = cli.main(args=list(arguments), prog_name="pin-engrave", standalone_mode=False, obj=log)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        # Click raises its own out of the interruption; where a batch was under way that says how far it had come.
        said = str(error if isinstance(error, KeyboardInterrupt) else error.__cause__ or "")
        return _failed(log, arguments, "interrupted", (said or _SAFE,), Exit.INTERRUPTED)
    except SystemExit as ended:
        # From click: with 0 where a shell's question was answered, else where the reader of our output has gone.
        return Exit.DONE if ended.code == 0 else Exit.UNFINISHED
    except Exception as error:  # noqa: BLE001 - the one place where nothing may pass
        return _failed(log, arguments, *_told(error), hint=_usage(error))
    return outcome if isinstance(outcome, Exit) else Exit.DONE


def _told(error: Exception) -> tuple[str, tuple[str, ...], Exit]:
    """Kind, faults and exit code of an error."""
    if isinstance(error, EngraveError):
        return error.slug, error.faults, error.exit_code
    if isinstance(error, click.ClickException):
        return "usage", (error.format_message(),), Exit.WRONG_INPUT
    if isinstance(error, MemoryError):
        return "unfinished", ("out of memory; use fewer workers or a coarser pixel",), Exit.UNFINISHED
    if isinstance(error, ImportError):
        where = f"{error}; `pin-engrave doctor` says what is missing or in the way"
        return "installation", (where,), Exit.UNFINISHED
    if isinstance(error, OSError):
        return "unfinished", (f"{error}; mend that and repeat the command",), Exit.UNFINISHED
    return "internal", (f"a fault of ours, please report it: {type(error).__name__}: {error}",), Exit.UNFINISHED


def _usage(error: Exception) -> str:
    """How the command is used, where it was used otherwise."""
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return ""
    return f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help'."


def _failed(
    log: Log, arguments: Sequence[str], slug: str, faults: Sequence[str], code: Exit, *, hint: str = ""
) -> Exit:
    for fault in faults:
        log.say(fault if log.structured else f"pin-engrave: {fault}", level="error", event="fault", slug=slug)
    if hint:
        log.say(hint, event="usage")
    if "--json" in arguments:
        try:
            print_json({"schema": "pin-engrave/error/1", "slug": slug, "exit_code": int(code), "faults": list(faults)})
        except OSError as error:
            log.say(f"pin-engrave: standard output: {error}", level="error", event="fault", slug="unfinished")
    return code
