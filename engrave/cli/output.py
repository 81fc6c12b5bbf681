"""What all commands share: options, and how results and progress are printed."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
quiet_option = click.option("--quiet", is_flag=True, help="No progress and no messages.")
verbose_option = click.option("--verbose", is_flag=True, help="Every finding, warnings and remedies too.")
job_option = click.option(
    "--job",
    "job_path",
    type=click.Path(path_type=Path),
    help="The job; without it the shipped example (see `pin-engrave job init`).",
)


def print_json(document: object) -> None:
    """One document on standard output."""
    from engrave.api import json_bytes  # noqa: PLC0415 - start-up

    click.echo(json_bytes(document).decode(), nl=False)


def tell(message: str, *, quiet: bool) -> None:
    """A message for people, on standard error."""
    if not quiet:
        click.echo(message, err=True)


def finding_line(finding: dict[str, Any], *, remedy: bool) -> str:
    """One finding as a line of text."""
    figures = ""
    if finding["value"] is not None and finding["limit"] is not None:
        figures = f" ({finding['value']:g} against {finding['limit']:g} {finding['unit']}".rstrip() + ")"
    text = f"{finding['number']} {finding['severity']}: {finding['place']}: {finding['message']}{figures}"
    return f"{text}; {finding['remedy']}" if remedy and finding["remedy"] else text


def worker_count() -> int:
    """As many workers as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error with rate and time left; silent when asked, or where no terminal shows it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total, _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=f"{label} {name}")
