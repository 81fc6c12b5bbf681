"""``registry``: the store of serials and codes, and what becomes of them."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import actor_option, json_option, print_json, quiet_option, tell

_registry_option = click.option(
    "--registry",
    "given",
    required=True,
    envvar="PIN_ENGRAVE_REGISTRY",
    show_envvar=True,
    metavar="URL",
    help="The registry: a file's path, or postgresql://user@host/database (the password from PGPASSWORD or .pgpass).",
)
_maker_option = click.option("--maker", required=True, help="The maker, as the registry's ranges name it.")
_model_option = click.option("--model", required=True, help="The model, as the registry's ranges name it.")
_reason_option = click.option("--reason", required=True, help="Why, in a few words; it stays on record.")
_file_option = click.option("-o", "--out", "path", type=click.Path(path_type=Path), required=True, help="The new file.")
_path_argument = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))


# More than twice the ten digits of the last id, so that one past it is told as such.
_MOST_BLOCK = 40


def _blocks_of(
    _ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    blocks = []
    for value in values:
        first, _, last = value.partition("-")
        if not (value.isascii() and first.isdecimal() and last.isdecimal() and len(value) <= _MOST_BLOCK):
            raise click.BadParameter(f"{value!r} is no block of ids; write FIRST-LAST, such as 0-999999")
        blocks.append((int(first), int(last)))
    return tuple(blocks)


@click.group(
    no_args_is_help=False,
    epilog="A password stands in no argument: PostgreSQL takes it from PGPASSWORD, ~/.pgpass or a service file.",
)
def registry() -> None:
    """Keep the record of what was issued, and what became of it."""


@registry.command("init")
@click.argument("given", metavar="URL")
@click.option("--issuer", help="An issuer to begin with; others come by `registry import`.")
@click.option(
    "--ids",
    multiple=True,
    callback=_blocks_of,
    metavar="FIRST-LAST",
    help="A block of ids that belongs to it; may be given repeatedly.",
)
@actor_option
@json_option
@quiet_option
def init(
    *, given: str, issuer: str | None, ids: tuple[tuple[int, int], ...], actor: str | None, as_json: bool, quiet: bool
) -> Exit:
    """Make a registry.

    URL is a new file, or postgresql://user@host/database of an empty database.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.init(given, issuer=issuer, ids=ids, actor=actor)
    if as_json:
        print_json(document)
    tell(f"{_shown(given)}: a new registry, head {_head(document)}", quiet=quiet or as_json)
    return Exit.DONE


@registry.command("import")
@_path_argument
@_registry_option
@click.option("--issuer", help="Whose ranges a job's are; a file of terms says it itself.")
@actor_option
@json_option
@quiet_option
def import_file(*, path: Path, given: str, issuer: str | None, actor: str | None, as_json: bool, quiet: bool) -> Exit:
    """Put on record what a file tells of.

    FILE is a .toml of an issuer's keys, blocks, ranges and pools, or a job, whose ranges are taken; a .csv of marks
    that exist elsewhere (serial, maker, model; if known id, issue, replaces, state, lot, profile, binding, characters;
    without a state they are allocated, without a profile A); or the .json that `registry export` wrote of another
    registry. What is on record already is passed over; where anything contradicts it, nothing is added.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.import_file(path, given, issuer=issuer, actor=actor)
    if as_json:
        print_json(document)
    counts = ", ".join(
        f"{document[name]} {name}" for name in ("issuers", "keys", "blocks", "ranges", "marks") if document[name]
    )
    known = document["passed_over"]
    told = f"; {known} marks were on record already" if known else ""
    tell(f"{document['file']}: added {counts or 'nothing'}{told}", quiet=quiet or as_json)
    return Exit.DONE


@registry.command("export")
@_registry_option
@_file_option
@click.option("--force", is_flag=True, help="Replace the file, if it is there.")
@quiet_option
def export(*, given: str, path: Path, force: bool, quiet: bool) -> Exit:
    """Write every mark to a .csv, or the whole registry but its log to a .json.

    It is one state of the registry, whoever is adding to it meanwhile. In the CSV, cells that a spreadsheet could take
    for a formula have an apostrophe before them, which `registry import` takes away again.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    count = record.export(given, path, replace=force)
    tell(f"{path}: {count} marks", quiet=quiet)
    return Exit.DONE


@registry.command("backup")
@_registry_option
@_file_option
@json_option
@quiet_option
def backup(*, given: str, path: Path, as_json: bool, quiet: bool) -> Exit:
    """Copy a registry, while it is in use, into a new file.

    The copy is a registry itself, with the same events and the same head. It is verified before it gets its name.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    return _print_copied(record.backup(given, path), str(path), as_json=as_json, quiet=quiet)


@registry.command("restore")
@_path_argument
@_registry_option
@json_option
@quiet_option
def restore(*, path: Path, given: str, as_json: bool, quiet: bool) -> Exit:
    """Make a registry of a backup, in a new file or an empty database."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    return _print_copied(record.restore(path, given), _shown(given), as_json=as_json, quiet=quiet)


def _print_copied(document: dict[str, Any], name: str, *, as_json: bool, quiet: bool) -> Exit:
    if as_json:
        print_json(document)
    told = f"{name}: {document['marks']} marks, {document['events']} events, head {_head(document)}"
    tell(told, quiet=quiet or as_json)
    return Exit.DONE


@registry.command("upgrade")
@_registry_option
@actor_option
@json_option
@quiet_option
def upgrade(*, given: str, actor: str | None, as_json: bool, quiet: bool) -> Exit:
    """Bring a registry of an older version to this one; back it up first."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.upgrade(given, actor=actor)
    if as_json:
        print_json(document)
    tell(f"{_shown(given)}: of version {document['version']}, head {_head(document)}", quiet=quiet or as_json)
    return Exit.DONE


@registry.command("verify")
@_registry_option
@click.option("--expect", metavar="SEQ:HASH", help="A head that was kept elsewhere; the log must still hold it.")
@json_option
def verify(*, given: str, expect: str | None, as_json: bool) -> Exit:
    """Compute the whole record again: hashes, rows, codes, guards.

    The head is printed as SEQ:HASH. Keep it elsewhere, and give it as --expect some day: then a log that was cut off
    or rewritten is found, too. Exit code 3 where anything is not as it was recorded.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.verify(given, expect=expect)
    if as_json:
        print_json(document)
    else:
        state = "sound" if document["sound"] else "NOT SOUND"
        click.echo(f"{state}: {document['events']} events, {document['marks']} marks")
        for fault in document["faults"]:
            click.echo(f"  {fault}")
        click.echo(f"head {_head(document)}")
    return Exit.DONE if document["sound"] else Exit.NO


@registry.command("status")
@_registry_option
@json_option
def status(*, given: str, as_json: bool) -> Exit:
    """Show issuers, ranges with what is left of them, and marks by state."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.status(given)
    if as_json:
        print_json(document)
        return Exit.DONE
    click.echo(f"registry of version {document['version']}, {document['marks']} marks")
    for issuer in document["issuers"]:
        click.echo(f"issuer {issuer['name']}: ids {', '.join(map(_ids, issuer['blocks'])) or 'none'}")
        for key in issuer["keys"]:
            click.echo(f"  key {key['public']}, id {key['id']}")
    for entry in document["ranges"]:
        click.echo(f"{_range(entry)}: {entry['spent']} spent, {entry['left']} left")
    for state in document["states"]:
        if state["marks"]:
            click.echo(f"{state['state']}: {state['marks']}")
    click.echo(f"head {_head(document)}")
    return Exit.DONE


def _range(entry: dict[str, Any]) -> str:
    written = f"{entry['template']} {entry['first'] or 'first'} to {entry['last'] or 'last'}"
    text = "pool" if entry["mode"] == "registry" else written if entry["mode"] == "range" else entry["template"]
    return f"{entry['maker']}, {entry['model']}: {text}, ids {_ids(entry)}"


def _ids(entry: dict[str, Any]) -> str:
    return f"{entry['first_id']}-{entry['last_id']}"


@registry.command("show")
@click.argument("serial")
@_maker_option
@_model_option
@_registry_option
@json_option
def show(*, serial: str, maker: str, model: str, given: str, as_json: bool) -> Exit:
    """Show the history of one pin: its marks, and who did what when."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.history(given, serial, maker=maker, model=model)
    if as_json:
        print_json(document)
        return Exit.DONE
    click.echo(f"{document['serial']} ({document['maker']}, {document['model']})")
    for mark in document["marks"]:
        made = "" if mark["engraving"] is None else ", ".join(["", *_engraving(mark["engraving"])])
        replaces = "" if mark["replaces"] is None else f", replaces id {mark['replaces']}"
        click.echo(f"{_spaced(mark)}  id {mark['id']}  {mark['state']}{made}{replaces}")
        for event in mark["events"]:
            click.echo(f"  {_event(event)}")
    return Exit.DONE


def _engraving(told: dict[str, Any]) -> list[str]:
    return [f"profile {told['profile']}", *([f"lot {told['lot']}"] if told["lot"] else [])]


def _event(event: dict[str, Any]) -> str:
    told = "".join(f", {entry['name']} {entry['value']!r}" for entry in event["told"])
    state = f" ({event['state']})" if event["state"] not in {None, event["kind"]} else ""
    return f"{event['time']}  event {event['seq']}: {event['kind']}{state} by {event['actor']}{told}"


@registry.command("void")
@click.argument("serials", metavar="SERIAL...", nargs=-1, required=True)
@_maker_option
@_model_option
@_reason_option
@_registry_option
@actor_option
@json_option
@quiet_option
def void(
    *,
    serials: tuple[str, ...],
    maker: str,
    model: str,
    reason: str,
    given: str,
    actor: str | None,
    as_json: bool,
    quiet: bool,
) -> Exit:
    """End the marks of pins that were spoilt, lost or retired, for good."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.void(given, serials, maker=maker, model=model, reason=reason, actor=actor)
    return _print_change(document, as_json=as_json, quiet=quiet)


@registry.command("reissue")
@click.argument("serial")
@_maker_option
@_model_option
@_reason_option
@_registry_option
@actor_option
@json_option
@quiet_option
def reissue(
    *,
    serial: str,
    maker: str,
    model: str,
    reason: str,
    given: str,
    actor: str | None,
    as_json: bool,
    quiet: bool,
) -> Exit:
    """Give a pin that is replaced a new mark; the old one is void.

    The new code comes out of a pool of the model, and names the old one. Codes are never used twice.
    """
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.reissue(given, serial, maker=maker, model=model, reason=reason, actor=actor)
    return _print_change(document, as_json=as_json, quiet=quiet)


@registry.command("signoff")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--meaning", required=True, help="What the signature means, such as 'reviewed and released'.")
@_registry_option
@actor_option
@json_option
@quiet_option
def signoff(*, folder: Path, meaning: str, given: str, actor: str | None, as_json: bool, quiet: bool) -> Exit:
    """Sign off the pins of a finished folder, with name, time and meaning.

    Every pin must have passed, every file be as the manifest says, and the registry know each pin as engraved and
    verified with this very manifest; otherwise nothing is signed.
    """
    from engrave.api import signing  # noqa: PLC0415 - start-up

    document = signing.signoff(given, folder, meaning=meaning, actor=actor)
    return _print_change(document, as_json=as_json, quiet=quiet)


@registry.command("marked")
@click.argument("serials", metavar="SERIAL...", nargs=-1, required=True)
@_maker_option
@_model_option
@_registry_option
@actor_option
@json_option
@quiet_option
def marked(
    *, serials: tuple[str, ...], maker: str, model: str, given: str, actor: str | None, as_json: bool, quiet: bool
) -> Exit:
    """Put on record that pins have been engraved in fact."""
    from engrave.api import record  # noqa: PLC0415 - start-up

    document = record.marked(given, serials, maker=maker, model=model, actor=actor)
    return _print_change(document, as_json=as_json, quiet=quiet)


def _print_change(document: dict[str, Any], *, as_json: bool, quiet: bool) -> Exit:
    if as_json:
        print_json(document)
        return Exit.DONE
    for pin in document["pins"]:
        replaces = "" if pin["replaces"] is None else f"  replaces id {pin['replaces']}"
        named = f"{pin['serial']} ({pin['maker']}, {pin['model']})"
        click.echo(f"{_spaced(pin)}  id {pin['id']}  {named}  {pin['state']}{replaces}")
    tell(f"{document['changed']} {document['change']} now, head {_head(document)}", quiet=quiet)
    return Exit.DONE


def _spaced(mark: dict[str, Any]) -> str:
    return f"{mark['characters'][:4]} {mark['characters'][4:]}"


def _head(document: dict[str, Any]) -> str:
    return f"{document['head']['seq']}:{document['head']['hash']}"


def _shown(given: str) -> str:
    from engrave.api import record  # noqa: PLC0415 - start-up

    return record.shown(given)
