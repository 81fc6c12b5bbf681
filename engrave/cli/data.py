"""``list``, ``show``, ``job`` and ``doctor``: what there is, where its numbers come from, and whether all is well."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit, InputError, OccupiedError
from engrave.cli.completion import complete_job, complete_kind, complete_name
from engrave.cli.health import examined
from engrave.cli.output import finding_line, json_option, print_json, quiet_option, tell

_library_option = click.option(
    "--library", type=click.Path(path_type=Path), help="A folder with pins, machines, processes and so on of your own."
)
# Longer lists of numbers are summarised, in words alone; --json tells all of them.
_MOST_NUMBERS = 24
# Chances beyond these are told by them: they are predictions, and none is certain.
_SURE, _HOPELESS = 0.9999, 0.0001


@click.command("list")
@click.argument("kind", required=False, shell_complete=complete_kind)
@_library_option
@json_option
def list_names(kind: str | None, library: Path | None, *, as_json: bool) -> Exit:
    """List pins, faces, machines, processes and so on.

    KIND is one of pins, faces, machines, processes, millings, sinkings, primers, conditions, ensembles, rules, formats,
    profiles, or one of them in the singular; without it all are listed.
    """
    from engrave import api  # noqa: PLC0415 - start-up
    from engrave.api.library import plural  # noqa: PLC0415 - start-up

    kinds = api.kinds() if kind is None else (plural(kind),)
    found = {name: api.names(name, library=library) for name in kinds}
    if as_json:
        print_json({"schema": "pin-engrave/names/1", "kinds": {name: list(names) for name, names in found.items()}})
    elif kind is not None:
        click.echo("\n".join(found[plural(kind)]))
    else:
        for name, names in found.items():
            click.echo(f"{name}: {', '.join(names)}")
    return Exit.DONE


@click.command()
@click.argument("kind", shell_complete=complete_kind)
@click.argument("name", shell_complete=complete_name)
@_library_option
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Draw it, too: a pin or a face, to this SVG file."
)
@json_option
def show(kind: str, name: str, library: Path | None, output: Path | None, *, as_json: bool) -> Exit:
    """Show one entry with the source of every number.

    KIND is one of those that `list` tells, such as pins; the singular will do.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    if output is not None:
        _require_new(output)
        api.write_file(output, api.picture(kind, name, suffix=output.suffix, library=library))
    document = api.show(kind, name, library=library)
    if as_json:
        print_json(document)
    else:
        _print_entry(document)
    if output is not None:
        tell(f"{output}: {document['kind']} {document['name']}", quiet=as_json)
    return Exit.DONE


def _print_entry(document: dict[str, Any]) -> None:
    click.echo(f"{document['kind']}: {document['name']}")
    for key, value in _flat(document["value"]):
        click.echo(f"  {key} = {_words(value)}")
    for number, figures in enumerate(document.get("derived", ()), start=1):
        for key, value in figures.items():
            if key != "kind":
                click.echo(f"  derived for steps.{number} ({figures['kind']}): {key} = {value:.4g}")
    for finding in document.get("findings", ()):
        click.echo("  " + finding_line(finding, remedy=True))
    for key, source in document["sources"].items():
        mark = "prior: " if source["prior"] else ""
        click.echo(f"  source of {key}: {mark}{source['text']}")


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys with dots in them and what stands there; nothing of what is null, which is of another form's entries."""
    for key, member in value.items():
        if isinstance(member, dict):
            yield from _flat(member, f"{prefix}{key}.")
        elif isinstance(member, list) and member and isinstance(member[0], dict):
            for number, entry in enumerate(member, start=1):
                yield from _flat(entry, f"{prefix}{key}.{number}.")
        elif member is not None:
            yield f"{prefix}{key}", member


def _words(value: object) -> str:
    """A value on a line of its own, or on further ones that stand in."""
    if isinstance(value, list):
        return _listed(value)
    return str(value).rstrip().replace("\n", "\n    ")


def _listed(value: list[Any]) -> str:
    """A list, or how many numbers it has and between which they lie."""
    rows = [row if isinstance(row, list) else [row] for row in value]
    entries = [entry for row in rows for entry in row]
    if len(entries) <= _MOST_NUMBERS or not all(isinstance(entry, (int, float)) for entry in entries):
        return str(value)
    count = f"{len(rows)} x {len(rows[0])}" if isinstance(value[0], list) else f"{len(entries)}"
    return f"{count} numbers, {min(entries):g} to {max(entries):g}"


@click.group(no_args_is_help=False)
def job() -> None:
    """Begin a job, fit it to its pin, or hold it against the design rules."""


@job.command("init")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@quiet_option
def job_init(path: Path | None, *, quiet: bool) -> Exit:
    """Write a commented job to start from: to PATH, or to standard output."""
    from engrave import api  # noqa: PLC0415 - start-up

    if path is None:
        click.echo(api.example_job_text(), nl=False)
        return Exit.DONE
    _require_new(path)
    api.write_file(path, api.example_job_text().encode())
    tell(f"{path}: a job to start from", quiet=quiet)
    return Exit.DONE


def _require_new(path: Path) -> None:
    """Raise OccupiedError where there is such a file, InputError where there is no folder for it."""
    if path.exists():
        raise OccupiedError(f"{path}: is there already; name a new file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another file")


@job.command("fit")
@click.argument("path", type=click.Path(path_type=Path), required=False, shell_complete=complete_job)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write the job with the best layout to this new file."
)
@json_option
@quiet_option
def job_fit(path: Path | None, output: Path | None, *, as_json: bool, quiet: bool) -> Exit:
    """Find the layout that suits a job's pin best.

    PATH is a job file, whose own layout is left aside; without it the shipped example. Of each profile the best layout
    is told, ranked by the least chance of identification over the job's conditions. The chances are predictions. What
    the design rules say is told of the first; exit code 3: they forbid it.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    if output is not None:
        _require_new(output)
    outcome = api.fit(path)
    document = api.fit_to_json(outcome)
    if output is not None:  # first: whoever reads what is printed may stop reading
        api.write_file(output, outcome.job_text.encode())
    if as_json:
        print_json(document)
    else:
        _print_fit(document)
    if output is not None:
        tell(f"{output}: the job with profile {document['layouts'][0]['layout']['profile']}", quiet=quiet)
    return Exit.DONE if outcome.sound else Exit.NO


def _print_fit(document: dict[str, Any]) -> None:
    click.echo(f"job {document['job']}, pin {document['pin']}: chance of identification, predicted to rank layouts")
    for number, entry in enumerate(document["layouts"], start=1):
        layout = entry["layout"]
        polarity = "" if layout["polarity"] == "raised" else f", {layout['polarity']}"
        click.echo(
            f"{number}. profile {layout['profile']}{polarity}: {_chance(entry['chance'])} at worst "
            f"(margin {entry['margin']:.1f}); {'; '.join(_sizes(entry))}"
        )
    for finding in document["findings"]:
        click.echo("  " + finding_line(finding, remedy=True))


def _chance(chance: float) -> str:
    if chance > _SURE:
        return f"above {_SURE}"
    return f"{chance:.4f}" if chance >= _HOPELESS else f"below {_HOPELESS}"


def _sizes(entry: dict[str, Any]) -> Iterator[str]:
    """Rows, characters, and ring or shapes of a layout."""
    layout = entry["layout"]
    yield f"rows {'-'.join(map(str, layout['rows']))}"
    pitches = f"{layout['column_pitch_um']:g} x {layout['row_pitch_um']:g}"
    yield f"characters of {layout['height_um']:g} um, {pitches} um apart"
    if layout["tracks"]:
        radii = " and ".join(f"{track['inner_um']:g} to {track['outer_um']:g}" for track in layout["tracks"])
        yield f"ring of {radii} um, {entry['cells']} cells"
    if layout["shapes"]:
        yield f"shapes of {layout['shapes']['height_um']:g} um at {layout['shapes']['radius_um']:g} um"


@job.command("check")
@click.argument("path", type=click.Path(path_type=Path), shell_complete=complete_job)
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
        for pack in document["packs"]:
            click.echo(f"{pack['name']}: {pack['description']}. {pack['stand']}")
            for clause in pack["clauses"]:
                click.echo(f"  {clause['number']} ({clause['citation']}): {clause['asks']}")
                click.echo(f"    {clause['words']}. Evidence: {clause['evidence']}")
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
    for part in document["optional"]:
        lacking = f"not installed; `{part['install']}` would give {part['gives']}"
        click.echo(f"  {part['library']} {part['version'] or lacking}")
