"""What all commands share: options, and how results and progress are printed."""

import json
import os
from pathlib import Path
from typing import Any

import click

from engrave.cli.completion import complete_job
from engrave.cli.log import Level, current_log

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
quiet_option = click.option("--quiet", is_flag=True, help="No progress and no messages.")
verbose_option = click.option("--verbose", is_flag=True, help="Every finding, warnings and remedies too.")
job_option = click.option(
    "--job",
    "job_path",
    type=click.Path(path_type=Path),
    shell_complete=complete_job,
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


def tell(message: str, *, quiet: bool, level: Level = "info", event: str = "message", **fields: object) -> None:
    """A message on standard error: its text, or where a structured log is asked for an event with these fields."""
    if not quiet:
        current_log().say(message, level=level, event=event, **fields)


def tell_findings(findings: tuple[dict[str, Any], ...] | list[dict[str, Any]], *, verbose: bool, quiet: bool) -> None:
    """Errors, or with ``verbose`` every finding and its remedy, for people."""
    for finding in findings:
        if verbose or finding["severity"] == "error":
            line = finding_line(finding, remedy=verbose)
            told = {key: finding[key] for key in ("number", "place", "value", "limit", "unit")}
            log = current_log()
            text = line if log.structured else f"  {line}"
            tell(text, quiet=quiet, level=_LEVELS.get(finding["severity"], "info"), event="finding", **told)


_LEVELS: dict[str, Level] = {"error": "error", "warning": "warning"}


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
