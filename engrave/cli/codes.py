"""``encode`` and ``decode``: serials to characters and back."""

from pathlib import Path
from typing import Any

import click

from engrave.base.errors import Exit
from engrave.cli.output import job_option, json_option, print_json


@click.command()
@click.argument("serial")
@click.option("--maker", required=True, help="The maker, as the job's ranges name it.")
@click.option("--model", required=True, help="The model, as the job's ranges name it.")
@job_option
@json_option
def encode(serial: str, maker: str, model: str, job_path: Path | None, *, as_json: bool) -> Exit:
    """Print the eight characters of a serial."""
    from engrave import api  # noqa: PLC0415 - start-up

    mark = api.encode(serial, maker=maker, model=model, job=job_path)
    if as_json:
        print_json(api.mark_to_json(mark))
    else:
        click.echo(_spaced(mark.characters))
    return Exit.DONE


@click.command()
@click.argument("characters")
@click.option("--ring", default="", help="Cells as 1, 0 or ?, clockwise from the start; inner track, '/', outer track.")
@job_option
@json_option
def decode(characters: str, ring: str, job_path: Path | None, *, as_json: bool) -> Exit:
    """Turn a reading into the pins it may be of.

    CHARACTERS are the eight as read: ? for one that is lost, [NH] for one that is doubtful. Nothing is corrected: a
    pin is identified where every symbol given fits one code with ten check bits to spare; else candidates are listed
    and the exit code is 3.
    """
    from engrave import api  # noqa: PLC0415 - start-up

    document = api.decode(characters, ring=ring, job=job_path)
    if as_json:
        print_json(document)
    else:
        _print_decoding(document)
    return Exit.DONE if document["identified"] else Exit.NO


def _print_decoding(document: dict[str, Any]) -> None:
    for candidate in document["candidates"]:
        pin = f"{candidate['serial']} ({candidate['maker']}, {candidate['model']})"
        named = pin if candidate["serial"] is not None else "no serial of this job's ranges"
        state = "identified" if candidate["identified"] else "candidate"
        code = f"{_spaced(candidate['characters'])}  id {candidate['id']}"
        click.echo(f"{state}: {code}  {named}  {candidate['check_bits']} check bits")
    if document["contradictory"]:
        click.echo("the symbols given are not of one code: at least one is misread", err=True)
    if document["missing_symbols"]:
        click.echo(f"{document['missing_symbols']} more symbols are needed for a candidate", err=True)


def _spaced(characters: str) -> str:
    """As they stand on the pin, four a row."""
    return f"{characters[:4]} {characters[4:]}"
