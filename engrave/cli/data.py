"""``list``, ``show``, ``job`` and ``doctor``: what there is, where its numbers come from, and whether all is well."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit, InputError, OccupiedError
from engrave.cli.health import examined
from engrave.cli.output import finding_line, json_option, print_json, quiet_option, tell

_library_option = click.option(
    "--library", type=click.Path(path_type=Path), help="A folder with pins, machines, processes and so on of your own."
)


@click.command("list")
@click.argument("kind", required=False)
@_library_option
@json_option
def list_names(kind: str | None, library: Path | None, *, as_json: bool) -> Exit:
    """List pins, faces, machines, processes and so on.

    KIND is one of pins, faces, machines, processes, primers, conditions, formats, profiles; without it all are listed.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    found = {name: api.names(name, library=library) for name in (api.kinds() if kind is None else (kind,))}
    if as_json:
        print_json({"schema": "pin-engrave/names/1", "kinds": {name: list(names) for name, names in found.items()}})
    elif kind is not None:
        click.echo("\n".join(found[kind]))
    else:
        for name, names in found.items():
            click.echo(f"{name}: {', '.join(names)}")
    return Exit.DONE


@click.command()
@click.argument("kind")
@click.argument("name")
@_library_option
@json_option
def show(kind: str, name: str, library: Path | None, *, as_json: bool) -> Exit:
    """Show one entry with the source of every number."""
    from engrave import api  # noqa: PLC0415 - start-up

    document = api.show(kind, name, library=library)
    if as_json:
        print_json(document)
    else:
        _print_entry(document)
    return Exit.DONE


def _print_entry(document: dict[str, Any]) -> None:
    click.echo(f"{document['kind']}: {document['name']}")
    for key, value in _flat(document["value"]):
        click.echo(f"  {key} = {value}")
    for key, source in document["sources"].items():
        mark = "prior: " if source["prior"] else ""
        click.echo(f"  source of {key}: {mark}{source['text']}")


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, member in value.items():
        pairs += _flat(member, f"{prefix}{key}.") if isinstance(member, dict) else [(f"{prefix}{key}", member)]
    return pairs


@click.group(no_args_is_help=False)
def job() -> None:
    """Begin a job, or hold it against the design rules."""


@job.command("init")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@quiet_option
def job_init(path: Path | None, *, quiet: bool) -> Exit:
    """Write a commented job to start from: to PATH, or to standard output."""
    from engrave import api  # noqa: PLC0415 - start-up

    if path is None:
        click.echo(api.example_job_text(), nl=False)
        return Exit.DONE
    if path.exists():
        raise OccupiedError(f"{path}: is there already; name a new file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another file")
    api.write_file(path, api.example_job_text().encode())
    tell(f"{path}: a job to start from", quiet=quiet)
    return Exit.DONE


@job.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@json_option
def job_check(path: Path, *, as_json: bool) -> Exit:
    """Hold a job against the design rules without engraving."""
    from engrave import api  # noqa: PLC0415 - start-up

    document = api.job_rules(path)
    if as_json:
        print_json(document)
    else:
        click.echo(f"{document['verdict']}: job {document['job']}, {len(document['findings'])} findings")
        for finding in document["findings"]:
            click.echo("  " + finding_line(finding, remedy=True))
    return Exit.DONE if document["verdict"] == "pass" else Exit.NO


@click.command()
@json_option
def doctor(*, as_json: bool) -> Exit:
    """Say what is installed and whether it is sound."""
    document = examined()
    if as_json:
        print_json(document)
    else:
        _print_state(document)
    return Exit.DONE if document["sound"] else Exit.NO


def _print_state(document: dict[str, Any]) -> None:
    click.echo(f"pin-engrave {document['version']} on Python {document['python']}")
    for package in document["packages"]:
        place = package["found_at"] or "nowhere"
        foreign = f"NOT OURS: found at {place}; install pin-engrave into an environment of its own"
        click.echo(f"  {package['name']}: {'ours' if package['ours'] else foreign}")
    for library in document["libraries"]:
        click.echo(f"  {library['name']} {library['version'] or 'MISSING'}")
