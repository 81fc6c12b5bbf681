"""What all commands share: options, and how results and progress are printed."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
quiet_option = click.option("--quiet", is_flag=True, help="No progress and no messages.")
verbose_option = click.option("--verbose", is_flag=True, help="Every finding, warnings and remedies too.")
job_option = click.option(
    "--job",
    "job_path",
    type=click.Path(path_type=Path),
    help="The job; without it the shipped example (see `pin-engrave job init`).",
)

registry_option = click.option(
    "--registry",
    "registry_address",
    envvar="PIN_ENGRAVE_REGISTRY",
    show_envvar=True,
    metavar="URL",
    help="The registry: a file's path, or postgresql://user@host/database (the password from PGPASSWORD or .pgpass).",
)
actor_option = click.option("--actor", help="Who puts it on record; without it the login name.")


def print_json(document: object) -> None:
    """One document on standard output, in UTF-8 whatever the locale."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # A name that is not UTF-8 comes as lone surrogates; written as \udcff they are JSON's own escapes.
    click.echo(text.encode(errors="backslashreplace"), nl=False)


def tell(message: str, *, quiet: bool) -> None:
    """A message for people, on standard error."""
    if not quiet:
        click.echo(message, err=True)


def tell_findings(findings: tuple[dict[str, Any], ...] | list[dict[str, Any]], *, verbose: bool, quiet: bool) -> None:
    """Errors, or with ``verbose`` every finding and its remedy, for people."""
    for finding in findings:
        if verbose or finding["severity"] == "error":
            tell("  " + finding_line(finding, remedy=verbose), quiet=quiet)


def finding_line(finding: dict[str, Any], *, remedy: bool) -> str:
    """One finding as a line of text."""
    named = (("", finding["value"]), ("limit ", finding["limit"]))
    texts = [f"{name}{value:g} {finding['unit']}".rstrip() for name, value in named if value is not None]
    figures = f" ({', '.join(texts)})" if texts else ""
    place = f"{finding['place']}: " if finding["place"] else ""
    text = f"{finding['number']} {finding['severity']}: {place}{finding['message']}{figures}"
    return f"{text}; {finding['remedy']}" if remedy and finding["remedy"] else text


def worker_count() -> int:
    """As many workers as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error with the time left; silent when asked, or where no terminal shows it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total, _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=f"{label} {name}")
