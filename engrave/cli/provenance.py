"""``verify`` and ``key``: is a folder as it was made, and by whose key."""

from pathlib import Path

import click

from engrave.base.errors import Exit
from engrave.cli.output import json_option, print_json, quiet_option, registry_option, tell


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--key", metavar="PUBLIC.pem", help="The public key by which the folder must be signed; without it none is checked."
)
@registry_option
@json_option
@quiet_option
def verify(*, folder: Path, key: str | None, registry_address: str | None, as_json: bool, quiet: bool) -> Exit:
    """Hold a finished folder against its manifest, signature and record.

    Every file is hashed again. With --key the manifest must be signed by that key; with --registry the whole record is
    audited, and each pin must be on it as made by this manifest. Faults are told one a line; exit code 3 where there is
    one.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    found = api.verify(folder, key=key, registry=registry_address)
    document = found.document
    if as_json:
        print_json(document)
    for fault in found.faults:
        tell(f"fault: {fault}", quiet=quiet, level="error", event="fault")
    for name in found.unnamed:
        tell(f"not named by the manifest, and not looked at: {name}", quiet=quiet)
    count = len(found.faults)
    state = "as its manifest says" if found.sound else f"{count} fault{'s' if count > 1 else ''}"
    pins = f"{document['pins']} pin{'' if document['pins'] == 1 else 's'}"
    tell(f"{folder}: {state}; {document['files']} files of {pins}{_signed(document)}", quiet=quiet)
    return Exit.DONE if found.sound else Exit.NO


def _signed(document: dict[str, object]) -> str:
    signature = document["signature"]
    if not isinstance(signature, dict):
        return ", not signed"
    checked = "" if signature["checked"] else ", which was not checked: give --key"
    return f", signed by key {signature['key_id']}{checked}"


@click.group()
def key() -> None:
    """Make a key by which folders are signed, or show one."""


@key.command("new")
@click.argument("place")
@click.option(
    "--public", type=click.Path(path_type=Path), help="File for the public key; without it PLACE with .pub.pem."
)
@json_option
@quiet_option
def new(*, place: str, public: Path | None, as_json: bool, quiet: bool) -> Exit:
    """Make a key.

    PLACE is a new file, which its owner alone can read, or keyring:NAME for the operating system's key store. Keep it,
    and give the public key to whoever verifies folders.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    if public is None and place.startswith("keyring:"):
        raise click.UsageError("--public says where the public key of a key in the key store is to go; give it")
    if not (place.startswith("keyring:") or Path(place).name):
        raise click.UsageError(f"PLACE: {place!r} names no file; give one, or keyring:NAME")
    where = public or Path(place).with_suffix(".pub.pem")
    document = api.make_key(place, where)
    if as_json:
        print_json(document)
    tell(f"key {document['key_id']}: private in {place}, public in {where}", quiet=quiet or as_json)
    return Exit.DONE


@key.command("show")
@click.argument("place")
@json_option
def show(*, place: str, as_json: bool) -> Exit:
    """Print the public key of a key, private or public; PLACE is a file or keyring:NAME."""
    from engrave import api  # noqa: PLC0415 - start-up

    document = api.show_key(place)
    if as_json:
        print_json(document)
    else:
        click.echo(f"key {document['key_id']}\n{document['public_key']}", nl=False)
    return Exit.DONE
